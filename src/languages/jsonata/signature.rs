//! What a function takes: `<s-nn?:s>`.
//!
//! Source: docs.jsonata.org, "Function signature syntax".

use super::fault::{Fault, Outcome};
use super::value::{List, Value};

/// A function's parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Signature {
    parameters: Vec<Parameter>,
}

#[derive(Debug, Clone, PartialEq)]
struct Parameter {
    /// Letters of the types that it takes.
    takes: String,
    /// A list: what isn't one is made one.
    list: bool,
    /// What the list has to hold.
    holds: Option<char>,
    /// May be left out.
    optional: bool,
    /// One or more.
    many: bool,
    /// The context stands in for it.
    context: bool,
}

impl Signature {
    /// Reads one, from its `<` to its `>`.
    ///
    /// # Errors
    /// A code and a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, (&'static str, String)> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut rest = text.strip_prefix('<').unwrap_or(text).chars().peekable();
        while let Some(next) = rest.next() {
            let mut parameter = Parameter {
                takes: String::new(),
                list: false,
                holds: None,
                optional: false,
                many: false,
                context: false,
            };
            match next {
                ':' | '>' => break,
                's' | 'n' | 'b' | 'l' | 'o' => parameter.takes = format!("{next}m"),
                'a' => {
                    parameter.takes = "asnblfom".to_owned();
                    parameter.list = true;
                }
                'f' => parameter.takes = "f".to_owned(),
                'j' => parameter.takes = "asnblom".to_owned(),
                'x' => parameter.takes = "asnblfom".to_owned(),
                '-' | '?' | '+' => {
                    let Some(last) = parameters.last_mut() else { continue };
                    match next {
                        '-' => {
                            last.context = true;
                            last.optional = true;
                        }
                        '?' => last.optional = true,
                        _ => last.many = true,
                    }
                    continue;
                }
                '(' => {
                    let choice: String = rest.by_ref().take_while(|c| *c != ')').collect();
                    if choice.contains('<') {
                        return Err(("S0402", "a choice of types can't have types of its own".to_owned()));
                    }
                    parameter.takes = format!("{choice}m");
                }
                '<' => {
                    let Some(last) = parameters.last_mut() else {
                        return Err(("S0401", "only lists and functions have types of their own".to_owned()));
                    };
                    let mut open = 1usize;
                    let mut inner = String::new();
                    for c in rest.by_ref() {
                        open = if c == '<' { open + 1 } else { open - usize::from(c == '>') };
                        if open == 0 {
                            break;
                        }
                        inner.push(c);
                    }
                    if last.list {
                        last.holds = inner.chars().next();
                    } else if last.takes != "f" {
                        return Err(("S0401", "only lists and functions have types of their own".to_owned()));
                    }
                    continue;
                }
                _ => continue,
            }
            parameters.push(parameter);
        }
        Ok(Self { parameters })
    }

    /// The arguments as the function gets them: the context where one is missing, a list where one
    /// is needed.
    pub(super) fn fit(&self, given: Vec<Value>, context: &Value, name: &str) -> Outcome<Vec<Value>> {
        let letters: Vec<char> = given.iter().map(Value::letter).collect();
        let mut counts = vec![0usize; self.parameters.len()];
        let mut tries = 10_000usize;
        if !assign(&self.parameters, &letters, &mut counts, 0, 0, &mut tries) {
            return Err(self.misfit(&letters, name));
        }
        let mut fitted = Vec::with_capacity(given.len());
        let mut given = given.into_iter();
        for (parameter, count) in self.parameters.iter().zip(counts) {
            if count == 0 {
                if parameter.context && parameter.takes.contains(context.letter()) {
                    fitted.push(context.clone());
                } else if parameter.context {
                    let message = format!("the context isn't what {name} takes");
                    return Err(Fault::new("T0411", message));
                } else {
                    fitted.push(Value::Nothing);
                }
            }
            for (place, value) in given.by_ref().take(count).enumerate() {
                fitted.push(if parameter.list { listed(parameter, value, place, name)? } else { value });
            }
        }
        fitted.extend(given);
        Ok(fitted)
    }

    fn misfit(&self, letters: &[char], name: &str) -> Box<Fault> {
        // The first argument that nothing takes in its place.
        let place = letters.iter().zip(&self.parameters).position(|(l, p)| !p.takes.contains(*l));
        let place = place.unwrap_or(self.parameters.len().min(letters.len().saturating_sub(1)));
        Fault::new("T0410", format!("argument {} of {name} isn't what it takes", place + 1))
    }
}

/// Gives each parameter as many arguments as it can have with all of them placed.
fn assign(
    parameters: &[Parameter],
    letters: &[char],
    counts: &mut [usize],
    at: usize,
    from: usize,
    tries: &mut usize,
) -> bool {
    let Some(parameter) = parameters.get(at) else { return from == letters.len() };
    let fitting = letters[from..].iter().take_while(|letter| parameter.takes.contains(**letter)).count();
    let most = if parameter.many { fitting } else { fitting.min(1) };
    let least = usize::from(!parameter.optional);
    for count in (least..=most).rev() {
        let Some(fewer) = tries.checked_sub(1) else { return false };
        *tries = fewer;
        counts[at] = count;
        if assign(parameters, letters, counts, at + 1, from + count, tries) {
            return true;
        }
    }
    // A context that is missing altogether may be left out, too.
    false
}

fn listed(parameter: &Parameter, value: Value, place: usize, name: &str) -> Outcome<Value> {
    if matches!(value, Value::Nothing) {
        return Ok(value);
    }
    if let Some(holds) = parameter.holds {
        let fits = match &value {
            Value::List(list) => {
                let first = list.items.first().map(Value::letter);
                first.is_none_or(|first| first == holds && list.items.iter().all(|i| i.letter() == first))
            }
            other => other.letter() == holds,
        };
        if !fits {
            let kind = match holds {
                'n' => "numbers",
                's' => "strings",
                'o' => "objects",
                'b' => "booleans",
                _ => "another type",
            };
            let message = format!("argument {} of {name} has to be a list of {kind}", place + 1);
            return Err(Fault::new("T0412", message));
        }
    }
    Ok(if matches!(value, Value::List(_)) { value } else { Value::from(List::plain(vec![value])) })
}

#[cfg(test)]
mod tests {
    use super::Signature;

    #[test]
    fn the_parameters_are_read() {
        for (text, count) in
            [("<s-nn?:s>", 3), ("<a<n>:n>", 1), ("<(nsb)-:n>", 1), ("<s-f<s:o>n?:a<o>>", 3), ("<:n>", 0)]
        {
            assert_eq!(Signature::parse(text).expect("it is one").parameters.len(), count, "{text}");
        }
        assert!(Signature::parse("<s<n>:s>").is_err() && Signature::parse("<(sa<n>)>").is_err());
    }
}
