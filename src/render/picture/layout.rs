//! Where the boxes of a graph stand, and how the lines between them run.
//!
//! Columns from left to right: what is needed stands left of what needs it. A line over several
//! columns gets a place of its own in each of them, so that it runs between the boxes and not through
//! them. All in whole pixels: the same graph, the same picture, on any machine.

use super::layer::layers;
use super::order::order;

/// Between two columns, where lines run.
const GAP: i64 = 56;
/// Between two boxes of a column.
const BETWEEN: i64 = 10;
/// What a line takes of a column that it only crosses.
const LINE: i64 = 4;
/// Places of lines in columns at most; past them lines run straight.
const LARGEST: usize = 20_000;
/// How often boxes move towards their neighbours.
const PASSES: usize = 4;

/// A box, by its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// From the left.
    pub x: i64,
    /// From above.
    pub y: i64,
    /// As it was given.
    pub width: i64,
    /// As it was given.
    pub height: i64,
}

/// A whole picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// In the order in which they were given.
    pub boxes: Vec<Placed>,
    /// For each line the points that it runs through, from the right edge of what is needed to the
    /// left edge of who needs it: two for each column, where it comes to it and where it leaves it, and
    /// one for the last.
    pub lines: Vec<Vec<(i64, i64)>>,
    /// All of it.
    pub width: i64,
    /// All of it.
    pub height: i64,
}

/// Lays out boxes of these sizes (width, height). In a pair, the first needs the second. Circles are
/// drawn too, with lines that lead back.
#[must_use]
pub fn layout(sizes: &[(i64, i64)], needs: &[(usize, usize)]) -> Layout {
    let mut column_of = layers(sizes.len(), needs);
    let mut heights: Vec<i64> = sizes.iter().map(|(_, height)| *height).collect();
    let count = column_of.iter().max().map_or(0, |last| last + 1);
    // Each line as the places that it goes through, the boxes at its ends with them.
    let crossed: usize = needs.iter().map(|(a, b)| column_of[*a].saturating_sub(column_of[*b] + 1)).sum();
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(needs.len());
    for (node, needed) in needs {
        let mut way = vec![*needed];
        if crossed <= LARGEST {
            for column in column_of[*needed] + 1..column_of[*node] {
                way.push(column_of.len());
                column_of.push(column);
                heights.push(LINE);
            }
        }
        way.push(*node);
        ways.push(way);
    }
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); count];
    column_of.iter().enumerate().for_each(|(place, column)| columns[*column].push(place));
    let steps: Vec<(usize, usize)> = ways
        .iter()
        .flat_map(|way| way.windows(2).map(|pair| (pair[0], pair[1])))
        .filter(|(from, to)| column_of[*from] + 1 == column_of[*to])
        .collect();
    order(&mut columns, &steps);

    let middles = middles(&columns, &heights, &steps);
    let widths: Vec<i64> = columns
        .iter()
        .map(|column| {
            column.iter().filter_map(|place| sizes.get(*place)).map(|size| size.0).max().unwrap_or(0)
        })
        .collect();
    let starts: Vec<i64> = widths
        .iter()
        .scan(0, |x, width| {
            let start = *x;
            *x += width + GAP;
            Some(start)
        })
        .collect();
    let boxes: Vec<Placed> = sizes
        .iter()
        .enumerate()
        .map(|(place, (width, height))| Placed {
            x: starts[column_of[place]],
            y: middles[place] - height / 2,
            width: *width,
            height: *height,
        })
        .collect();
    let lines = ways
        .iter()
        .map(|way| {
            let (first, last) = (boxes[way[0]], boxes[way[way.len() - 1]]);
            // Level to the end of the column first, so that no wider box beside it is run through.
            let end = |place: usize| starts[column_of[place]] + widths[column_of[place]];
            let mut points = vec![(first.x + first.width, middles[way[0]]), (end(way[0]), middles[way[0]])];
            for place in &way[1..way.len() - 1] {
                points.extend([(starts[column_of[*place]], middles[*place]), (end(*place), middles[*place])]);
            }
            points.push((last.x, middles[way[way.len() - 1]]));
            points
        })
        .collect();
    Layout {
        width: boxes.iter().map(|b| b.x + b.width).max().unwrap_or(0),
        height: heights
            .iter()
            .zip(&middles)
            .map(|(height, middle)| middle + height - height / 2)
            .max()
            .unwrap_or(0),
        boxes,
        lines,
    }
}

/// How far down the middle of each place is. Each column is drawn towards the neighbours of its
/// places, there and back, with its order and its distances kept.
fn middles(columns: &[Vec<usize>], heights: &[i64], steps: &[(usize, usize)]) -> Vec<i64> {
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); heights.len()];
    for (from, to) in steps {
        neighbours[*from].push(*to);
        neighbours[*to].push(*from);
    }
    let mut middles = vec![0i64; heights.len()];
    for column in columns {
        let mut y = 0;
        for place in column {
            middles[*place] = y + heights[*place] / 2;
            y += heights[*place] + BETWEEN;
        }
    }
    for pass in 0..PASSES {
        for at in 0..columns.len() {
            let at = if pass % 2 == 0 { at } else { columns.len() - 1 - at };
            settle(&columns[at], heights, &neighbours, &mut middles);
        }
    }
    let top = heights.iter().zip(&middles).map(|(height, middle)| middle - height / 2).min().unwrap_or(0);
    middles.iter_mut().for_each(|middle| *middle -= top);
    middles
}

/// Moves each place of a column to the mean of its neighbours, as near as order and distances let
/// it: places that would overlap move together, to the mean of what each of them wants.
fn settle(column: &[usize], heights: &[i64], neighbours: &[Vec<usize>], middles: &mut [i64]) {
    // How far each stands below the first when all stand close.
    let mut offset = 0;
    let mut groups: Vec<(i64, i64, usize)> = Vec::new();
    let mut offsets = Vec::with_capacity(column.len());
    for (at, place) in column.iter().enumerate() {
        if at > 0 {
            let above = heights[column[at - 1]];
            offset += above - above / 2 + BETWEEN + heights[*place] / 2;
        }
        offsets.push(offset);
        let found = &neighbours[*place];
        let wanted = match i64::try_from(found.len()) {
            Ok(count) if count > 0 => found.iter().map(|n| middles[*n]).sum::<i64>().div_euclid(count),
            _ => middles[*place],
        };
        let mut group = (wanted - offset, 1, 1);
        while let Some(above) =
            groups.last().filter(|above| above.0.div_euclid(above.1) >= group.0.div_euclid(group.1))
        {
            group = (above.0 + group.0, above.1 + group.1, above.2 + group.2);
            groups.pop();
        }
        groups.push(group);
    }
    let mut placed = column.iter().zip(offsets);
    for (sum, count, members) in groups {
        for (place, offset) in placed.by_ref().take(members) {
            middles[*place] = sum.div_euclid(count) + offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_chain_is_a_row() {
        let layout = layout(&[(100, 26), (80, 26), (60, 26)], &[(1, 0), (2, 1), (2, 0)]);
        let at: Vec<(i64, i64)> = layout.boxes.iter().map(|b| (b.x, b.y)).collect();
        assert_eq!(at.iter().map(|(x, _)| *x).collect::<Vec<_>>(), [0, 156, 292]);
        assert_eq!(layout.width, 352);
        // The long line passes the middle box.
        assert_eq!(layout.lines[2].len(), 5);
        let (middle, line) = (layout.boxes[1], layout.lines[2][2].1);
        assert!(line < middle.y || line > middle.y + middle.height, "{layout:?}");
    }

    proptest! {
        #[test]
        fn no_box_is_over_another_and_all_are_inside(
            sizes in prop::collection::vec((20i64..200, 20i64..40), 0..40),
            pairs in prop::collection::vec((0usize..40, 0usize..40), 0..120),
        ) {
            let needs: Vec<(usize, usize)> =
                pairs.into_iter().filter(|(a, b)| *a < sizes.len() && *b < sizes.len()).collect();
            let layout = layout(&sizes, &needs);
            prop_assert_eq!(&layout, &super::layout(&sizes, &needs));
            for (at, a) in layout.boxes.iter().enumerate() {
                prop_assert!(a.x >= 0 && a.y >= 0, "{a:?}");
                prop_assert!(a.x + a.width <= layout.width && a.y + a.height <= layout.height, "{a:?}");
                for b in &layout.boxes[at + 1..] {
                    let apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
                    prop_assert!(apart, "{a:?} {b:?}");
                }
            }
            prop_assert_eq!(layout.lines.len(), needs.len());
        }
    }
}
