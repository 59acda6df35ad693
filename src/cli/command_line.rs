//! The command line as others may see it: whoever waits for a lock reads it.

/// The arguments in one line, without config values: one of them may be a secret.
pub(super) fn shown(arguments: impl IntoIterator<Item = String>) -> String {
    words(arguments).join(" ")
}

/// The command that was typed, without these flags, for somebody to type it again.
pub(super) fn without(flags: &[&str]) -> String {
    let arguments = std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned());
    let words = words(arguments).into_iter().filter(|word| !flags.contains(&word.as_str()));
    std::iter::once("evstack".to_owned()).chain(words.map(quoted)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it for one.
pub(super) fn quoted(word: String) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@+%…".contains(c);
    match word.chars().all(plain) && !word.is_empty() {
        true => word,
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn words(arguments: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut shown = Vec::new();
    let mut value_follows = false;
    for argument in arguments {
        let config = if value_follows { Some(argument.as_str()) } else { argument.strip_prefix("--config=") };
        match config.map(|config| config.split_once('=').map_or("", |(name, _)| name)) {
            Some(name) if value_follows => shown.push(format!("{name}=…")),
            Some(name) => shown.push(format!("--config={name}=…")),
            None => shown.push(argument.clone()),
        }
        value_follows = !value_follows && argument == "--config";
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_values_are_not_shown() {
        for (given, expected) in [
            ("evstack apply a.yaml --yes", "evstack apply a.yaml --yes"),
            ("evstack apply --config token=x --yes", "evstack apply --config token=… --yes"),
            ("evstack apply --config=token=x=y", "evstack apply --config=token=…"),
            ("evstack apply --config --config --yes", "evstack apply --config =… --yes"),
        ] {
            assert_eq!(shown(given.split(' ').map(str::to_owned)), expected);
        }
    }
}
