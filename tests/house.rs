//! Holds the import table of the house against the imports of `src`.
//!
//! The table stands in the crate documentation (`src/lib.rs`): a room, and the rooms that it may
//! import. What isn't there isn't allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rows of the table in `src/lib.rs`: `//! | [`room`] | what for | `a` `b` |`.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string("src/lib.rs").expect("the map is there");
    let mut table = BTreeMap::new();
    for line in text.lines().filter(|l| l.starts_with("//! | [`")) {
        let cells: Vec<&str> = line.trim_start_matches("//! |").trim_end_matches('|').split('|').collect();
        let [room, _, imports] = cells.as_slice() else { panic!("three cells in {line}") };
        let names = |cell: &str| -> BTreeSet<String> {
            cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        let room = names(room).into_iter().next().expect("a room");
        table.insert(room, names(imports));
    }
    table
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every `crate::room` in code, comments left out.
fn imports(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for line in text.lines().map(str::trim_start).filter(|l| !l.starts_with("//")) {
        for piece in line.split("crate::").skip(1) {
            if let Some(group) = piece.strip_prefix('{') {
                let names = group.split([',', '}']).map(|p| p.trim().split("::").next().unwrap_or(""));
                rooms.extend(names.filter(|n| !n.is_empty()).map(str::to_owned));
            } else {
                let end =
                    piece.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(piece.len());
                rooms.insert(piece[..end].to_owned());
            }
        }
    }
    rooms
}

#[test]
fn every_room_imports_only_what_its_row_allows() {
    let table = table();
    assert!(table.len() > 15, "the table in src/lib.rs is read: {} rows", table.len());
    let mut wrong = Vec::new();
    for room in fs::read_dir("src").expect("src").flatten().map(|e| e.path()).filter(|p| p.is_dir()) {
        let name = room.file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
        let Some(allowed) = table.get(&name) else {
            wrong.push(format!("the room `{name}` has no row"));
            continue;
        };
        let mut paths = Vec::new();
        files(&room, &mut paths);
        for path in paths {
            let text = fs::read_to_string(&path).expect("a file");
            for import in imports(&text) {
                let known = Path::new("src").join(&import).is_dir();
                if known && import != name && !allowed.contains(&import) {
                    wrong.push(format!("{} imports `{import}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_of_the_table_is_there() {
    for room in table().keys() {
        assert!(Path::new("src").join(room).join("mod.rs").is_file(), "src/{room}/mod.rs");
    }
}

#[test]
fn every_file_says_its_purpose_and_stays_readable() {
    let mut paths = Vec::new();
    files(Path::new("src"), &mut paths);
    let mut wrong = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a file");
        if !text.starts_with("//!") {
            wrong.push(format!("{} doesn't begin with its purpose", path.display()));
        }
        if text.lines().count() > 700 {
            wrong.push(format!("{} has {} lines", path.display(), text.lines().count()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
