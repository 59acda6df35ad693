//! (languages)
