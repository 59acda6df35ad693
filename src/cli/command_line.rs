//! The command line as others may see it: whoever waits for a lock reads it.

/// The arguments in one line, without config values: one of them may be a secret.
pub(super) fn shown(arguments: impl IntoIterator<Item = String>) -> String {
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
    shown.join(" ")
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
