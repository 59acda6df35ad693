//! Physical names: `<stack>-<env>-<name>[-<part>]` in kebab case.

use sha2::{Digest, Sha256};

/// The physical name of `pieces`, cut to `limit` characters. A cut name ends in six characters of
/// hash over the whole, so that two long names stay apart. `suffix` (`.fifo`) is always kept.
pub(super) fn physical(pieces: &[&str], limit: usize, suffix: &str) -> String {
    let whole = pieces.iter().map(|p| kebab(p)).collect::<Vec<_>>().join("-");
    let room = limit.saturating_sub(suffix.len());
    if whole.len() <= room {
        return format!("{whole}{suffix}");
    }
    let digest = Sha256::digest(whole.as_bytes());
    let hash: String = digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    let head: String = whole.chars().take(room.saturating_sub(hash.len() + 1)).collect();
    format!("{}-{hash}{suffix}", head.trim_end_matches('-'))
}

/// `analyseNewReviews` → `analyse-new-reviews`, `HTTPApi` → `http-api`.
pub(super) fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        if c.is_ascii_uppercase() {
            let after_lower = i > 0 && (chars[i - 1].is_ascii_lowercase() || chars[i - 1].is_ascii_digit());
            let before_lower = i > 0 && chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
            if (after_lower || before_lower) && !out.ends_with('-') {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
        } else if *c == '_' || *c == ' ' {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(*c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case() {
        assert_eq!(kebab("analyseNewReviews"), "analyse-new-reviews");
        assert_eq!(kebab("HTTPApi"), "http-api");
        assert_eq!(kebab("dead_letter2"), "dead-letter2");
    }

    #[test]
    fn a_long_name_is_cut_and_told_apart_by_its_hash() {
        let one = physical(&["reviews", "local", &"a".repeat(80)], 64, "");
        let other = physical(&["reviews", "local", &"a".repeat(81)], 64, "");
        assert_eq!(one.len(), 64);
        assert_eq!(other.len(), 64);
        assert_ne!(one, other);
    }

    #[test]
    fn fifo_is_kept() {
        assert_eq!(physical(&["reviews", "local", "claims"], 80, ".fifo"), "reviews-local-claims.fifo");
        assert!(physical(&["reviews", "local", &"a".repeat(90)], 80, ".fifo").ends_with(".fifo"));
    }
}
