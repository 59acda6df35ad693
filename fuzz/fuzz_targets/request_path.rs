//! Whatever a client sends to the local cloud, an answer comes back. How to run it: CONTRIBUTING.md.

#![no_main]

#[path = "../play.rs"]
mod play;

libfuzzer_sys::fuzz_target!(|input: &[u8]| play::play(input));
