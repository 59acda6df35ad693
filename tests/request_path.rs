//! Whatever a client sends to the local cloud, an answer comes back: the seconds of it that fit into
//! every run. `fuzz/` looks longer, with the same plays.

#[path = "../fuzz/play.rs"]
mod play;

use proptest::prelude::*;
use std::path::Path;

/// The seeds of the long run: the cases of Cloud Control and what stands in `fuzz/seeds`.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests/cases/cloudcontrol"), root.join("fuzz/seeds")];
    let mut seeds = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else {
                seeds.push(std::fs::read(path).expect("a seed"));
            }
        }
    }
    assert!(seeds.len() > 10, "only {} seeds", seeds.len());
    seeds
}

#[test]
fn seeds_are_answered() {
    seeds().iter().for_each(|seed| play::play(seed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Calls whose bodies are changed as trees.
    #[test]
    fn changed_calls_are_answered(
        seed in prop::sample::select(seeds()),
        changes in prop::collection::vec(any::<u8>(), 0..48),
    ) {
        play::play(&[seed, changes].concat());
    }

    /// Seeds with bytes overwritten and cut out.
    #[test]
    fn changed_bytes_are_answered(
        seed in prop::sample::select(seeds()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..20_usize), 1..6),
    ) {
        let mut input = seed;
        for (at, byte, cut) in edits {
            let at = at.index(input.len());
            input[at] = byte;
            let end = (at + cut).min(input.len());
            input.drain(at..end);
            if input.is_empty() {
                break;
            }
        }
        play::play(&input);
    }
}
