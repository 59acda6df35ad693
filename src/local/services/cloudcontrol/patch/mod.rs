//! RFC 6902 patches on a live model, within bounds: a patch is a small program and a hostile one
//! must not eat the memory, the stack or the hour.
//!
//! The refusals' words are those of the Java library that Cloud Control passes on: `[REPLACE
//! Operation] noSuchPath in source, path provided : //Code` (pulumi/pulumi-aws-native issue 277).

use super::fault;
use crate::local::fault::Fault;
use json_patch::jsonptr::PointerBuf;
use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::Value as Json;

/// As deep as the JSON reader itself goes.
const DEEPEST: usize = 128;
/// All that `copy` and `move` operations of one patch may carry, as [`weight`] has it.
const CARRIED: usize = 1024 * 1024;
/// What a patched model may weigh: one patch after the other must not make it grow for ever. What a
/// client can send whole has 262,144 characters.
const HEAVIEST: usize = 4 * 1024 * 1024;
/// How many array items one patch may shift to make room or close gaps.
const SHIFTED: usize = 5_000_000;

/// Applies `document` to `model`, all of it or nothing.
pub(super) fn apply(document: &str, model: &Json) -> Result<Json, Fault> {
    Patch::parse(document)?.apply(model)
}

/// A patch document, understood.
struct Patch(json_patch::Patch);

impl Patch {
    /// Reads a document. A path may lack its first slash: the User Guide's own example does
    /// ("Updating a resource": `"path":"RetentionInDays"`).
    fn parse(document: &str) -> Result<Self, Fault> {
        let mut parsed: Json = serde_json::from_str(document)
            .map_err(|error| fault::invalid_request(format!("PatchDocument is not valid JSON: {error}")))?;
        let Json::Array(operations) = &mut parsed else { return Err(unusable("not an array")) };
        for operation in operations {
            let Json::Object(members) = operation else { return Err(unusable("not an object")) };
            let op = members.get("op").ok_or_else(|| unusable("missing 'op' field"))?;
            let needed: &[&str] = match op.as_str() {
                Some("add" | "replace" | "test") => &["path", "value"],
                Some("move" | "copy") => &["path", "from"],
                Some("remove") => &["path"],
                _ => {
                    let op = op.as_str().map_or_else(|| op.to_string(), str::to_owned);
                    return Err(fault::validation(format!("unknown / unsupported operation {op}")));
                }
            };
            for name in needed {
                let missing = || unusable(&format!("missing '{name}' field"));
                let member = members.get_mut(*name).ok_or_else(missing)?;
                if *name != "value" {
                    let Json::String(path) = member else {
                        return Err(unusable(&format!("non-text '{name}' field")));
                    };
                    if !path.is_empty() && !path.starts_with('/') {
                        path.insert(0, '/');
                    }
                }
            }
        }
        // What can still be wrong are escapes: `~2`.
        serde_json::from_value(parsed)
            .map(Self)
            .map_err(|error| fault::validation(format!("Invalid JSON Patch payload ({error})")))
    }

    fn apply(&self, model: &Json) -> Result<Json, Fault> {
        let mut patched = model.clone();
        let (mut carried, mut shifted) = (0_usize, 0_usize);
        for operation in &self.0.0 {
            let (place, value) = match operation {
                PatchOperation::Add(add) => (&add.path, Some(&add.value)),
                PatchOperation::Replace(replace) => (&replace.path, Some(&replace.value)),
                PatchOperation::Copy(copy) => (&copy.path, copy.from.resolve(&patched).ok()),
                PatchOperation::Move(mv) => (&mv.path, mv.from.resolve(&patched).ok()),
                PatchOperation::Remove(remove) => (&remove.path, None),
                PatchOperation::Test(test) => (&test.path, None),
            };
            if let Some(value) = value {
                if matches!(operation, PatchOperation::Copy(_) | PatchOperation::Move(_)) {
                    carried = carried.saturating_add(weight(value));
                }
                if carried > CARRIED || place.count() + depth(value) > DEEPEST {
                    return Err(too_large());
                }
            }
            let from = if let PatchOperation::Move(mv) = operation { behind(&mv.from, &patched) } else { 0 };
            let to = match operation {
                PatchOperation::Replace(_) | PatchOperation::Test(_) => 0,
                _ => behind(place, &patched),
            };
            shifted = shifted.saturating_add(from).saturating_add(to);
            if shifted > SHIFTED {
                return Err(fault::validation("PatchDocument shifts too many array items"));
            }
            json_patch::patch(&mut patched, std::slice::from_ref(operation))
                .map_err(|error| refusal(operation, &error.kind, &patched))?;
        }
        if weight(&patched) > HEAVIEST { Err(too_large()) } else { Ok(patched) }
    }
}

fn too_large() -> Fault {
    fault::validation("PatchDocument makes the model too large or too deep")
}

/// How many items stand at a place in an array and behind it; none where it is no such place.
fn behind(place: &PointerBuf, model: &Json) -> usize {
    let parent = place.parent().and_then(|parent| parent.resolve(model).ok());
    let (Some(Json::Array(items)), Some(last)) = (parent, place.last()) else { return 0 };
    let index = last.encoded().parse::<usize>().ok();
    index.map_or(0, |index| items.len().saturating_sub(index))
}

/// Why an operation can't be done on a model.
fn refusal(operation: &PatchOperation, kind: &PatchErrorKind, model: &Json) -> Fault {
    let (name, path): (&str, &PointerBuf) = match operation {
        PatchOperation::Add(add) => ("ADD", &add.path),
        PatchOperation::Replace(replace) => ("REPLACE", &replace.path),
        PatchOperation::Remove(remove) => ("REMOVE", &remove.path),
        PatchOperation::Test(test) => ("TEST", &test.path),
        PatchOperation::Copy(copy) => ("COPY", &copy.path),
        PatchOperation::Move(mv) => ("MOVE", &mv.path),
    };
    let from = match operation {
        PatchOperation::Copy(copy) => Some(&copy.from),
        PatchOperation::Move(mv) => Some(&mv.from),
        _ => None,
    };
    let no_such_path = |path: &PointerBuf| format!("noSuchPath in source, path provided : /{path}");
    let words = match (kind, from) {
        (PatchErrorKind::TestFailed, _) => "value mismatch".to_owned(),
        (PatchErrorKind::CannotMoveInsideItself, _) => "a value can't be moved into itself".to_owned(),
        (PatchErrorKind::InvalidFromPointer, Some(from)) => no_such_path(from),
        _ => match (path.parent().and_then(|parent| parent.resolve(model).ok()), path.last()) {
            (Some(Json::Array(items)), Some(index)) if index.encoded() != "-" => {
                let last = if name == "ADD" { items.len() } else { items.len().saturating_sub(1) };
                match index.decoded().parse::<usize>() {
                    Ok(_) => format!("index Out of bound, index is greater than {last}"),
                    Err(_) => "Object operation on array target".to_owned(),
                }
            }
            _ => no_such_path(path),
        },
    };
    fault::validation(format!("[{name} Operation] {words}"))
}

fn unusable(why: &str) -> Fault {
    fault::validation(format!("Invalid JSON Patch payload ({why})"))
}

/// About how many bytes of memory a value takes: its texts' and names' length, and a share for each
/// value in it. The depth is bounded, so this may recurse.
fn weight(value: &Json) -> usize {
    const EACH: usize = 16;
    let below: usize = match value {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(weight).sum(),
        Json::Object(members) => members.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        _ => 0,
    };
    EACH + below
}

/// How many arrays and objects stand in each other. What was read as JSON may be recursed into.
pub(super) fn depth(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
