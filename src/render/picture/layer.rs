//! Which column a node stands in: one to the right of all that it needs (longest-path layering), and
//! then as near as it can be to those who need it.

/// The column of each node, from 0. Nodes of a circle, and those behind one, come after the others:
/// what would lead back is ignored.
pub(super) fn layers(count: usize, needs: &[(usize, usize)]) -> Vec<usize> {
    let mut wanted_by: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut missing = vec![0usize; count];
    for (node, needed) in needs.iter().filter(|(a, b)| a != b) {
        wanted_by[*needed].push(*node);
        missing[*node] += 1;
    }
    let mut layers = vec![0usize; count];
    let mut order: Vec<usize> = (0..count).filter(|node| missing[*node] == 0).collect();
    let mut is_placed: Vec<bool> = missing.iter().map(|count| *count == 0).collect();
    let (mut next, mut unplaced) = (0, 0);
    loop {
        while let Some(node) = order.get(next).copied() {
            next += 1;
            for follower in &wanted_by[node] {
                if is_placed[*follower] {
                    continue;
                }
                layers[*follower] = layers[*follower].max(layers[node] + 1);
                missing[*follower] -= 1;
                if missing[*follower] == 0 {
                    is_placed[*follower] = true;
                    order.push(*follower);
                }
            }
        }
        // What is left is in a circle or behind one: the first of it breaks the circle.
        match (unplaced..count).find(|node| !is_placed[*node]) {
            Some(node) => {
                is_placed[node] = true;
                order.push(node);
                unplaced = node;
            }
            None => break,
        }
    }
    for node in order.into_iter().rev() {
        let nearest =
            wanted_by[node].iter().map(|follower| layers[*follower]).filter(|l| *l > layers[node]).min();
        if let Some(nearest) = nearest {
            layers[node] = nearest - 1;
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn needs_stand_to_the_left() {
        // 3 needs 2 needs 1; 3 needs 0, which moves next to it; 4 stands alone.
        assert_eq!(layers(5, &[(3, 2), (2, 1), (3, 0)]), [1, 0, 1, 2, 0]);
        assert_eq!(layers(0, &[]), Vec::<usize>::new());
        assert_eq!(layers(2, &[(0, 0), (1, 0)]), [0, 1]);
    }

    proptest! {
        #[test]
        fn without_a_circle_every_need_is_left_of_who_has_it(
            pairs in prop::collection::vec((0usize..30, 0usize..30), 0..80)
        ) {
            let needs: Vec<(usize, usize)> = pairs.iter().filter(|(a, b)| a > b).copied().collect();
            let layers = layers(30, &needs);
            prop_assert!(needs.iter().all(|(a, b)| layers[*a] > layers[*b]));
        }

        #[test]
        fn circles_end_too(pairs in prop::collection::vec((0usize..12, 0usize..12), 0..60)) {
            let layers = layers(12, &pairs);
            prop_assert!(layers.iter().all(|layer| *layer < 12));
        }
    }
}
