//! State that is encrypted where it lies, in a folder and in a bucket alike.

use crate::common::Sandbox;
use crate::engine::{key, put, quiet, read, take, who};
use crate::s3::S3;
use evstack::diagnostics::{Code, Diagnostic};
use evstack::state::{Passphrase, Store, lock, open_read};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;

const GOOD: &str = "correct horse battery staple";

fn passphrase(text: &str) -> Passphrase {
    // Few rounds: it is not the key's strength that is tested.
    Passphrase::new(text).expect("long enough").with_iterations(10)
}

/// A folder or a bucket, and what lies in it.
enum Place {
    Folder(tempfile::TempDir),
    Bucket(S3),
}

impl Place {
    fn all() -> [Self; 2] {
        [Self::Folder(tempfile::tempdir().expect("a folder")), Self::Bucket(S3::new())]
    }

    fn plain(&self) -> Store {
        match self {
            Self::Folder(folder) => Store::folder(folder.path()),
            Self::Bucket(s3) => quiet(s3),
        }
    }

    fn sealed(&self, text: &str) -> Store {
        self.plain().sealed(passphrase(text))
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        match self {
            Self::Folder(folder) => fs::read_dir(folder.path())
                .expect("a folder")
                .flatten()
                .map(|e| (e.file_name().into_string().expect("UTF-8"), fs::read(e.path()).expect("a file")))
                .collect(),
            Self::Bucket(s3) => s3.objects(),
        }
    }

    /// Whether a word of the record can be read by anybody.
    fn shows(&self, word: &str) -> bool {
        let mut lying = self.files();
        lying.retain(|name, _| !name.ends_with(".lock"));
        lying.values().any(|body| String::from_utf8_lossy(body).contains(word))
    }
}

fn refused(store: &Store) -> Diagnostic {
    let looked = open_read(store, &key()).map(|_| ()).expect_err("refused");
    let held = lock(store, &key(), &who("x")).map(|_| ()).expect_err("refused");
    assert_eq!(looked, held);
    looked
}

#[test]
fn nobody_reads_it_without_the_passphrase_and_nothing_is_touched() {
    for place in Place::all() {
        let mut locked = take(&place.sealed(GOOD), "x");
        locked.append(put(1)).expect("written");
        locked.compact().expect("written");
        locked.append(put(2)).expect("written");
        locked.back_up().expect("written");
        let state = locked.snapshot();
        drop(locked);
        for word in ["queue", "id-1", "id-2", "declared", GOOD] {
            assert!(!place.shows(word), "{word}");
        }
        assert_eq!(read(&place.sealed(GOOD)).resources, state.resources);
        let mut before = place.files();
        let without = refused(&place.plain());
        assert_eq!(without.code, Code::SEALED);
        assert!(without.message.contains("EVSTACK_STATE_PASSPHRASE isn't set"), "{}", without.message);
        let wrong = refused(&place.sealed("another horse, another staple"));
        assert_eq!(wrong.code, Code::SEALED);
        assert!(wrong.message.contains("EVSTACK_STATE_PASSPHRASE doesn't open it"), "{}", wrong.message);
        let mut after = place.files();
        before.retain(|name, _| !name.ends_with(".lock"));
        after.retain(|name, _| !name.ends_with(".lock"));
        assert_eq!(before, after);
        // The right one goes on with it.
        take(&place.sealed(GOOD), "y").append(put(3)).expect("written");
        assert_eq!(read(&place.sealed(GOOD)).resources.len(), 3);
    }
}

#[test]
fn plain_state_is_read_and_becomes_encrypted_when_it_is_written() {
    for place in Place::all() {
        let mut locked = take(&place.plain(), "x");
        locked.append(put(1)).expect("written");
        locked.compact().expect("written");
        locked.append(put(2)).expect("written");
        drop(locked);
        assert!(place.shows("id-1") && place.shows("id-2"));
        assert_eq!(read(&place.sealed(GOOD)).resources.len(), 2);
        let mut locked = take(&place.sealed(GOOD), "y");
        locked.append(put(3)).expect("written");
        assert!(!place.shows("id-3"));
        assert_eq!(read(&place.sealed(GOOD)).resources.len(), 3);
        locked.compact().expect("written");
        drop(locked);
        assert!(!place.shows("id-1") && !place.shows("id-2"));
        assert_eq!(read(&place.sealed(GOOD)).resources.len(), 3);
    }
}

/// A journal's line as it must look, whatever its content.
fn line(sequence: u64, content: &str) -> String {
    let payload = format!("{sequence} {content}");
    let sum: String =
        Sha256::digest(payload.as_bytes())[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{sum} {payload}\n")
}

#[test]
fn an_entry_can_be_put_in_no_other_place_and_a_state_under_no_other_name() {
    let place = Place::Folder(tempfile::tempdir().expect("a folder"));
    let Place::Folder(folder) = &place else { return };
    let mut locked = take(&place.sealed(GOOD), "x");
    for n in 1..4 {
        locked.append(put(n)).expect("written");
    }
    let journal = folder.path().join("shop.prod.journal");
    let whole = fs::read_to_string(&journal).expect("a journal");
    let entries: Vec<&str> = whole.lines().filter_map(|line| line.splitn(3, ' ').nth(2)).collect();
    locked.compact().expect("written");
    drop(locked);
    let snapshot = folder.path().join("shop.prod.json");
    let sealed = fs::read_to_string(&snapshot).expect("a snapshot");
    fs::remove_file(&snapshot).expect("removed");
    // As it was; two in each other's place; one left out and the rest numbered anew; one left out.
    type Order<'a> = &'a [(u64, usize)];
    let cases: [(Order<'_>, Option<&str>); 4] = [
        (&[(1, 0), (2, 1), (3, 2), (4, 3)], None),
        (&[(1, 0), (2, 2), (3, 1), (4, 3)], Some("line 2: EVSTACK_STATE_PASSPHRASE doesn't open it")),
        (&[(1, 0), (2, 1), (3, 3)], Some("line 3: EVSTACK_STATE_PASSPHRASE doesn't open it")),
        (&[(1, 0), (2, 1), (4, 3)], Some("goes on at entry 4")),
    ];
    for (order, words) in cases {
        let text: String = order.iter().map(|(sequence, n)| line(*sequence, entries[*n])).collect();
        fs::write(&journal, text).expect("written");
        let seen = open_read(place.sealed(GOOD), &key());
        match (words, seen) {
            (None, seen) => assert_eq!(seen.expect("whole").state.resources.len(), 3),
            (Some(words), seen) => {
                let message = seen.expect_err("refused").message;
                assert!(message.contains(words), "{message}");
            }
        }
    }
    fs::write(&journal, "").expect("emptied");
    fs::write(folder.path().join("shop.test.json"), sealed).expect("written");
    let other = evstack::state::Key::new("shop", "test");
    assert_eq!(open_read(place.sealed(GOOD), &other).expect_err("another's").code, Code::SEALED);
}

#[test]
fn what_is_no_envelope_of_ours_is_refused() {
    let sealed = |iterations: &str, cipher: &str, body: &str| {
        format!(
            r#"{{"version": 1, "encrypted": {{"cipher": "{cipher}", "key": "PBKDF2-HMAC-SHA256",
               "iterations": {iterations}, "salt": "AAAA"}}, "sealed": "{body}"}}"#
        )
    };
    for (text, words) in [
        (sealed("4000000000", "AES-256-GCM", "AAAA"), "a way that this program doesn't know"),
        (sealed("0", "AES-256-GCM", "AAAA"), "a way that this program doesn't know"),
        (sealed("1", "ROT13", "AAAA"), "a way that this program doesn't know"),
        (sealed("1", "AES-256-GCM", "AAAA"), "damaged"),
        (sealed("1", "AES-256-GCM", "%"), "damaged"),
    ] {
        let place = Place::Bucket(S3::new());
        let Place::Bucket(s3) = &place else { return };
        s3.change("team/shop.prod.json", Some(text.into_bytes()));
        let refused = refused(&place.sealed(GOOD));
        assert!(refused.message.contains(words), "{}", refused.message);
    }
    assert_eq!(Passphrase::new("too short").expect_err("refused").code, Code::SEALED);
}

#[test]
fn the_program_takes_the_passphrase_from_its_environment_and_never_shows_it() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "evstack.yaml",
        "name: shop\nqueues: {orders: {}}\noutputs: {url: \"${queue.orders.QueueUrl}\"}\n",
    );
    let run = |arguments: &[&str], passphrase: &str| {
        let mut command = sandbox.command(arguments);
        command.env("EVSTACK_STATE_PASSPHRASE", passphrase);
        let run = crate::common::Run::of(command.output().expect("the program starts"));
        assert!(!run.stdout.contains(GOOD) && !run.stderr.contains(GOOD), "{}{}", run.stdout, run.stderr);
        run
    };
    assert_eq!(run(&["apply", "--yes"], GOOD).code, 0);
    let lies = sandbox.read(".evstack/state/shop.local.json");
    assert!(lies.contains("\"cipher\": \"AES-256-GCM\"") && lies.contains("600000"), "{lies}");
    assert!(!lies.contains("orders"), "{lies}");
    assert_eq!(run(&["plan", "--detailed-exitcode"], GOOD).code, 0);
    assert!(run(&["state", "pull"], GOOD).stdout.contains("queue.orders"), "plain, for those who may");
    assert!(sandbox.refused(&["plan"], "E0610").contains("isn't set"));
    assert!(run(&["plan"], "another passphrase of mine").stderr.contains("error[E0610]"));
    assert!(run(&["plan"], "short").stderr.contains("fewer than 16 characters"));
    sandbox.refused(&["state", "push", ".evstack/state/shop.local.json"], "E0602");
    assert_eq!(sandbox.read(".evstack/state/shop.local.json"), lies);
}
