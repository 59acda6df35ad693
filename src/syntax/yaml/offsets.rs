//! Characters → bytes. The parser counts characters; spans count bytes.

/// Distance of two checkpoints, in characters.
const STRIDE: usize = 64;

/// For ASCII nothing is stored; else the byte offset of each [`STRIDE`]th character.
pub(super) struct Offsets<'a> {
    text: &'a str,
    checkpoints: Option<Vec<usize>>,
}

impl<'a> Offsets<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let checkpoints =
            (!text.is_ascii()).then(|| text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect());
        Self { text, checkpoints }
    }

    /// The byte offset of the character of that number; past the end is the end.
    pub(super) fn byte(&self, character: usize) -> usize {
        let Some(checkpoints) = &self.checkpoints else { return character.min(self.text.len()) };
        let Some(start) = checkpoints.get(character / STRIDE) else { return self.text.len() };
        let rest = &self.text[*start..];
        rest.char_indices().nth(character % STRIDE).map_or(self.text.len(), |(byte, _)| start + byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_found() {
        for text in ["plain".to_owned(), "ü€😀a".repeat(70), String::new()] {
            let offsets = Offsets::new(&text);
            for (n, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!(offsets.byte(n), byte);
            }
            assert_eq!(offsets.byte(text.chars().count()), text.len());
            assert_eq!(offsets.byte(usize::MAX), text.len());
        }
    }
}
