//! Colours, only where they are asked for.

/// Whether to colour, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paint {
    /// Whether ANSI colours are written at all.
    pub colour: bool,
}

/// What a mark at the beginning of a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Add,
    Remove,
    Change,
}

impl Mark {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::None => " ",
            Self::Add => "+",
            Self::Remove => "-",
            Self::Change => "~",
        }
    }
}

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn mark(self, mark: Mark) -> String {
        match mark {
            Mark::None => mark.text().to_owned(),
            Mark::Add => self.green(mark.text()),
            Mark::Remove => self.red(mark.text()),
            Mark::Change => self.yellow(mark.text()),
        }
    }

    /// What matters most.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// What comes.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What goes, what failed.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// What changes.
    #[must_use]
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// What may be overlooked.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.wrap("90", text)
    }
}
