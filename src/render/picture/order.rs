//! Who stands above whom in a column, so that few lines cross: the barycentre heuristic (Sugiyama,
//! Tagawa, Toda 1981). Each node moves to the mean place of its neighbours, column by column, there
//! and back a few times; the best that was seen counts.

/// Times there and back.
const SWEEPS: usize = 6;
/// So many lines are swept; past them the given order stays.
const LARGEST: usize = 20_000;

/// Orders the nodes of each column. Lines join neighbouring columns only, (left, right).
pub(super) fn order(columns: &mut [Vec<usize>], lines: &[(usize, usize)]) {
    let count = columns.iter().flatten().max().map_or(0, |most| most + 1);
    if lines.len() > LARGEST {
        return;
    }
    let (mut left, mut right) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for (from, to) in lines {
        right[*from].push(*to);
        left[*to].push(*from);
    }
    let mut best = columns.to_vec();
    let mut fewest = crossings(columns, &right);
    for sweep in 0..SWEEPS * 2 {
        if fewest == 0 {
            break;
        }
        if sweep % 2 == 0 {
            (1..columns.len()).for_each(|at| settle(columns, at, at - 1, &left));
        } else {
            (1..columns.len()).rev().for_each(|at| settle(columns, at - 1, at, &right));
        }
        let now = crossings(columns, &right);
        if now < fewest {
            (best, fewest) = (columns.to_vec(), now);
        }
    }
    columns.clone_from_slice(&best);
}

/// Sorts one column by the mean place of each node's neighbours in another. Who has none keeps the
/// place.
fn settle(columns: &mut [Vec<usize>], at: usize, other: usize, neighbours: &[Vec<usize>]) {
    let mut place = vec![0usize; neighbours.len()];
    columns[other].iter().enumerate().for_each(|(at, node)| place[*node] = at);
    let mean = |(at, node): (usize, &usize)| {
        let found = &neighbours[*node];
        let sum: usize = found.iter().map(|neighbour| place[*neighbour]).sum();
        // In parts of a place, so that it is exact enough and the same on every machine.
        let mean = if found.is_empty() { at * 1024 } else { sum * 1024 / found.len() };
        (mean, *node)
    };
    let mut keyed: Vec<(usize, usize)> = columns[at].iter().enumerate().map(mean).collect();
    keyed.sort_by_key(|(mean, _)| *mean);
    columns[at] = keyed.into_iter().map(|(_, node)| node).collect();
}

/// How often lines cross, over all columns.
fn crossings(columns: &[Vec<usize>], right: &[Vec<usize>]) -> usize {
    let mut total = 0;
    for pair in columns.windows(2) {
        let mut place = vec![0usize; right.len()];
        pair[1].iter().enumerate().for_each(|(at, node)| place[*node] = at);
        // Ends in the order of their beginnings: each pair out of order is a crossing. Counted with a
        // tree of sums over the places.
        let mut sums = vec![0usize; pair[1].len() + 1];
        let mut seen = 0;
        for node in &pair[0] {
            let mut ends: Vec<usize> = right[*node].iter().map(|to| place[*to]).collect();
            ends.sort_unstable();
            for end in &ends {
                let (mut below, mut at) = (0, end + 1);
                while at > 0 {
                    below += sums[at];
                    at &= at - 1;
                }
                total += seen - below;
            }
            for end in ends {
                seen += 1;
                let mut at = end + 1;
                while at < sums.len() {
                    sums[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every pair of lines compared.
    fn naive(columns: &[Vec<usize>], lines: &[(usize, usize)]) -> usize {
        let place = |node: usize| {
            columns
                .iter()
                .enumerate()
                .find_map(|(x, c)| Some((x, c.iter().position(|n| *n == node)?)))
                .expect("placed")
        };
        let crosses = |a: &(usize, usize), b: &(usize, usize)| {
            let ((x, a1), (_, a2), (y, b1), (_, b2)) = (place(a.0), place(a.1), place(b.0), place(b.1));
            x == y && ((a1 < b1 && a2 > b2) || (a1 > b1 && a2 < b2))
        };
        lines.iter().enumerate().map(|(at, a)| lines[at + 1..].iter().filter(|b| crosses(a, b)).count()).sum()
    }

    proptest! {
        #[test]
        fn crossings_are_counted_and_never_become_more(lines in prop::collection::vec((0usize..6, 6usize..12), 0..20)) {
            let mut columns = vec![(0..6).collect::<Vec<_>>(), (6..12).collect()];
            let mut right = vec![Vec::new(); 12];
            lines.iter().for_each(|(from, to)| right[*from].push(*to));
            let before = naive(&columns, &lines);
            prop_assert_eq!(crossings(&columns, &right), before);
            order(&mut columns, &lines);
            prop_assert!(naive(&columns, &lines) <= before);
            let mut all: Vec<usize> = columns.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..12).collect::<Vec<_>>());
        }
    }

    #[test]
    fn two_lines_that_cross_are_untangled() {
        let mut columns = vec![vec![0, 1], vec![2, 3]];
        order(&mut columns, &[(0, 3), (1, 2)]);
        assert_eq!(naive(&columns, &[(0, 3), (1, 2)]), 0);
    }
}
