//! State is what its snapshot and any prefix of its journal say.

use super::*;
use crate::model::{Address, Place, Recorded};
use crate::schema::TypeName;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;

fn key() -> Key {
    Key::new("reviews", "local")
}

fn who() -> Holder {
    Holder { pid: 7, host: "here".to_owned(), since: "noon".to_owned(), command: "evstack apply".to_owned() }
}

fn declared(n: u64) -> Box<Declared> {
    Box::new(Declared {
        properties: json!({"Name": format!("q{n}"), "Nested": {"Kept": n}}),
        hash: "h".to_owned(),
        dependencies: vec![Address::new("queue.base")],
        predicted: [("Arn".to_owned(), format!("arn:{n}"))].into(),
        protection: crate::model::Protection::ByDefault,
        retain_on_delete: false,
        drain: None,
        place: "stack.yaml:1:1".to_owned(),
        undeclared: Vec::new(),
    })
}

fn operation(id: u64, verb: Verb, address: &str) -> Operation {
    Operation {
        id,
        verb,
        address: Address::new(address),
        type_name: TypeName::new("AWS::SQS::Queue"),
        identifier: (verb != Verb::Create).then(|| format!("id-{address}")),
        client_token: format!("t{id}"),
        began: 1_000,
        request_token: None,
        declared: (verb != Verb::Delete).then(|| declared(id)),
        deposes: false,
        leftover: false,
        undecided: false,
    }
}

fn begin(operation: Operation) -> Entry {
    Entry::Begin { operation: Box::new(operation) }
}

/// A run in which everything happens that a journal can say.
fn eventful() -> Vec<Entry> {
    let recorded =
        |id: &str| Ending::Recorded { identifier: id.to_owned(), seen: json!({"Arn": id}), in_part: false };
    vec![
        begin(operation(1, Verb::Create, "queue.a")),
        Entry::Requested { id: 1, request_token: "r1".to_owned(), identifier: Some("id-queue.a".to_owned()) },
        begin(operation(2, Verb::Create, "queue.b")),
        Entry::Ended { id: 1, ending: recorded("id-queue.a") },
        Entry::Retry { id: 2, client_token: "t2b".to_owned(), began: 1_001 },
        Entry::Ended {
            id: 2,
            ending: Ending::Failed {
                fault: "no".to_owned(),
                remnant: Some("left".to_owned()),
                in_part: false,
            },
        },
        begin(Operation {
            identifier: Some("left".to_owned()),
            leftover: true,
            ..operation(3, Verb::Delete, "queue.b")
        }),
        Entry::Ended { id: 3, ending: Ending::Deleted },
        begin(operation(4, Verb::Update, "queue.a")),
        Entry::Ended {
            id: 4,
            ending: Ending::Failed { fault: "half".to_owned(), remnant: None, in_part: true },
        },
        begin(Operation { deposes: true, ..operation(5, Verb::Create, "queue.a") }),
        Entry::Ended { id: 5, ending: recorded("id2-queue.a") },
        Entry::Put {
            recorded: Box::new(declared(9).recorded(
                Address::new("queue.c"),
                TypeName::new("AWS::SQS::Queue"),
                "c".to_owned(),
                json!({}),
            )),
        },
        Entry::Move { from: Address::new("queue.c"), to: Address::new("queue.d") },
        Entry::Forget { address: Address::new("queue.d") },
        Entry::Together {
            entries: vec![
                Entry::Put {
                    recorded: Box::new(declared(9).recorded(
                        Address::new("queue.e"),
                        TypeName::new("AWS::SQS::Queue"),
                        "e".to_owned(),
                        json!({}),
                    )),
                },
                begin(operation(5, Verb::Create, "queue.e")),
                Entry::Ended { id: 5, ending: recorded("id-queue.e") },
                Entry::Move { from: Address::new("queue.e"), to: Address::new("queue.f") },
                Entry::LetGo { address: Address::new("queue.f") },
            ],
        },
        taken_back("id-queue.a"),
        taken_back("id2-queue.a"),
        Entry::Outputs {
            outputs: vec![Output { name: "url".to_owned(), value: json!("https://x"), sensitive: false }],
        },
        begin(operation(6, Verb::Delete, "queue.a")),
    ]
}

fn taken_back(identifier: &str) -> Entry {
    let (address, type_name) = (Address::new("queue.a"), TypeName::new("AWS::SQS::Queue"));
    let recorded = declared(9).recorded(address, type_name, identifier.to_owned(), json!({}));
    Entry::TakeBack { recorded: Box::new(recorded) }
}

#[test]
fn what_is_taken_back_and_what_took_its_place_change_places() {
    let mut state = replayed(&eventful());
    let of = |state: &State| {
        let left: Vec<_> = state.leftovers.iter().map(|l| (l.identifier.clone(), l.why)).collect();
        (state.resources[&Address::new("queue.a")].identifier.clone(), left)
    };
    for _ in 0..2 {
        state.apply(&taken_back("id-queue.a"));
        let back = ("id-queue.a".to_owned(), vec![("id2-queue.a".to_owned(), Why::Replaced)]);
        assert_eq!(of(&state), back);
    }
}

fn replayed(entries: &[Entry]) -> State {
    let mut state = State::new("reviews", "local");
    for entry in entries {
        state.apply(entry);
    }
    state
}

fn same_content(a: &State, b: &State) -> bool {
    (&a.resources, &a.leftovers, &a.operations, &a.outputs)
        == (&b.resources, &b.leftovers, &b.operations, &b.outputs)
}

#[test]
fn the_eventful_run_leaves_what_it_should() {
    let state = replayed(&eventful());
    let a = &state.resources[&Address::new("queue.a")];
    assert_eq!(a.identifier, "id2-queue.a");
    assert_eq!(state.resources.len(), 1);
    let left: Vec<_> = state.leftovers.iter().map(|l| (l.identifier.as_str(), l.why)).collect();
    assert_eq!(left, [("id-queue.a", Why::Replaced)]);
    assert_eq!(state.operations.keys().copied().collect::<Vec<_>>(), [6]);
}

#[test]
fn an_update_that_failed_in_part_owns_what_was_and_what_was_sent() {
    let mut state = replayed(&eventful()[..4]);
    let recorded = state.resources.get_mut(&Address::new("queue.a")).expect("recorded");
    recorded.declared["Before"] = json!(true);
    for entry in &eventful()[8..10] {
        state.apply(entry);
    }
    let declared = &state.resources[&Address::new("queue.a")].declared;
    assert_eq!(*declared, json!({"Name": "q4", "Nested": {"Kept": 4}, "Before": true}));
}

#[test]
fn every_prefix_and_every_truncation_of_a_journal_reads_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let entries = eventful();
    let mut states = vec![];
    {
        let locked = lock(dir.path(), &key(), &who()).expect("free");
        states.push(locked.snapshot());
        for entry in &entries {
            locked.append(entry.clone()).expect("written");
            states.push(locked.snapshot());
        }
    }
    let paths = Paths::new(dir.path(), &key());
    let bytes = fs::read(&paths.journal).expect("a journal");
    let ends: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
    // One more than the entries: the first says that a run began.
    assert_eq!(ends.len(), entries.len() + 1);
    for length in 0..=bytes.len() {
        let read = journal::read(&bytes[..length], &Codec::plain()).expect("a torn tail is no damage");
        let whole = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(read.entries.len(), whole, "cut at byte {length}");
        assert_eq!(read.whole, whole.checked_sub(1).map_or(0, |i| ends[i]) as u64);
        let state = replayed(&read.entries.into_iter().map(|(_, e)| e).collect::<Vec<_>>());
        assert!(same_content(&state, &states[whole.saturating_sub(1)]), "cut at byte {length}");
    }
    // A cut journal is written on from its last whole line.
    fs::write(&paths.journal, &bytes[..ends[5] + 9]).expect("cut");
    let locked = lock(dir.path(), &key(), &who()).expect("free");
    assert!(same_content(&locked.snapshot(), &states[5]));
    locked.append(entries[5].clone()).expect("written");
    drop(locked);
    let view = open_read(dir.path(), &key()).expect("readable");
    assert!(view.exists && same_content(&view.state, &states[6]));
    assert_eq!(view.state.serial, 2);
}

#[test]
fn snapshot_plus_journal_is_the_same_wherever_the_journal_was_folded_and_wherever_that_was_killed() {
    for fold in 0..eventful().len() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut locked = lock(dir.path(), &key(), &who()).expect("free");
        let paths = Paths::new(dir.path(), &key());
        let mut unfolded = Vec::new();
        for (n, entry) in eventful().into_iter().enumerate() {
            if n == fold {
                unfolded = fs::read(&paths.journal).expect("a journal");
                locked.compact().expect("written");
            }
            locked.append(entry).expect("written");
        }
        let state = locked.snapshot();
        drop(locked);
        assert_eq!(open_read(dir.path(), &key()).expect("readable").state, state, "folded at {fold}");
        // Killed between the snapshot and the emptying of the journal: both have the entries.
        let rest = fs::read(&paths.journal).expect("a journal");
        fs::write(&paths.journal, [unfolded, rest].concat()).expect("written");
        assert_eq!(open_read(dir.path(), &key()).expect("readable").state, state, "killed at {fold}");
    }
}

#[test]
fn the_second_writer_is_told_who_holds_it_and_a_reader_is_not_stopped() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = lock(dir.path(), &key(), &who()).expect("free");
    first.append(eventful().remove(0)).expect("written");
    let refused = lock(dir.path(), &key(), &who()).expect_err("held");
    assert_eq!(refused.code, Code::LOCKED);
    assert_eq!(
        refused.message,
        "the state of `reviews` in `local` is held by `evstack apply` (process 7 on here, since noon)"
    );
    let view = open_read(dir.path(), &key()).expect("readable");
    assert_eq!(view.state.operations.len(), 1);
    drop(first);
    lock(dir.path(), &key(), &who()).expect("free again");
}

#[test]
fn damage_and_later_versions_are_refused_and_kept() {
    let cases: &[(&str, &str, &str)] = &[
        ("json", "{", "EOF while parsing"),
        ("json", r#"{"version": 99}"#, "it is of version 99"),
        ("json", "[]", "it says no version"),
        ("journal", "nonsense\nmore\n", "line 1 is damaged"),
        ("journal", "nonsense\n", "line 1 is damaged"),
    ];
    for (file, text, words) in cases {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join(format!("reviews.local.{file}"));
        fs::write(&path, text).expect("written");
        for diagnostic in [
            open_read(dir.path(), &key()).map(|_| ()).expect_err("refused"),
            lock(dir.path(), &key(), &who()).map(|_| ()).expect_err("refused"),
        ] {
            assert_eq!(diagnostic.code, Code::BAD_STATE);
            assert!(diagnostic.message.contains(words), "{}", diagnostic.message);
        }
        assert_eq!(fs::read_to_string(&path).expect("kept"), *text);
    }
}

#[test]
fn a_journal_of_a_later_version_is_refused() {
    let run = |version| Entry::Run {
        version,
        evstack: "9".to_owned(),
        serial: 1,
        lineage: "l".to_owned(),
        salt: "s".to_owned(),
        stack: String::new(),
        env: String::new(),
        site: None,
    };
    let read = |entry: Entry| {
        let line = journal::line(1, &entry, &Codec::plain()).expect("plain");
        journal::read(&line, &Codec::plain())
    };
    assert!(read(run(1)).is_ok());
    let why = read(run(2)).expect_err("refused").why;
    assert!(why.contains("version 2"), "{why}");
}

#[test]
fn the_journal_of_another_state_is_refused() {
    let (dir, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let begun = |dir: &Path, key: &Key| {
        let mut locked = lock(dir, key, &who()).expect("free");
        locked.append(eventful().remove(0)).expect("written");
        locked.compact().expect("written");
        drop(locked);
        let locked = lock(dir, key, &who()).expect("free");
        locked.append(eventful().remove(1)).expect("written");
    };
    let strange = Key::new("bakery", "local");
    begun(dir.path(), &key());
    begun(other.path(), &key());
    begun(other.path(), &strange);
    for (name, words) in [
        ("bakery.local.journal", "it is of `bakery` in `local`, not of `reviews` in `local`"),
        ("reviews.local.journal", "their lineages differ"),
    ] {
        fs::copy(other.path().join(name), dir.path().join("reviews.local.journal")).expect("copied");
        for refused in [
            open_read(dir.path(), &key()).map(|_| ()).expect_err("refused"),
            lock(dir.path(), &key(), &who()).map(|_| ()).expect_err("refused"),
        ] {
            assert_eq!(refused.code, Code::BAD_STATE);
            assert!(refused.message.contains(words), "{}", refused.message);
        }
    }
}

#[test]
fn what_is_recorded_stays_in_its_cloud_and_nothing_goes_anywhere() {
    let site = |region: &str| {
        let place = Place {
            partition: "aws".to_owned(),
            region: region.to_owned(),
            account: "123456789012".to_owned(),
            base_url: None,
        };
        Site::of(&place, None)
    };
    let (here, there) = (site("eu-west-1"), site("us-east-1"));
    let dir = tempfile::tempdir().expect("a folder");
    let mut locked = lock(dir.path(), &key(), &who()).expect("free");
    locked.speak_to(&here).expect("nothing is recorded");
    locked.append(eventful().remove(0)).expect("written");
    drop(locked);
    // Also where a journal is all that there is, and something was only begun.
    locked = lock(dir.path(), &key(), &who()).expect("free");
    let refused = locked.speak_to(&there).expect_err("it is elsewhere");
    assert_eq!(refused.code, Code::OTHER_CLOUD);
    for words in ["account 123456789012 in eu-west-1", "account 123456789012 in us-east-1"] {
        assert!(refused.message.contains(words), "{}", refused.message);
    }
    // A change of the record alone doesn't know of any cloud.
    locked.append(eventful().remove(1)).expect("written");
    locked.compact().expect("written");
    let state = open_read(dir.path(), &key()).expect("readable").state;
    assert_eq!(state.site, Some(here));
    let empty = State { operations: BTreeMap::new(), resources: BTreeMap::new(), ..state };
    assert!(empty.leftovers.is_empty());
    empty.is_of_site(&there).expect("nothing is anywhere");
}

#[test]
fn a_snapshot_that_is_older_than_its_journal_is_not_guessed_at() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut locked = lock(dir.path(), &key(), &who()).expect("free");
    locked.append(eventful().remove(0)).expect("written");
    locked.compact().expect("written");
    locked.append(eventful().remove(1)).expect("written");
    drop(locked);
    fs::remove_file(dir.path().join("reviews.local.json")).expect("removed");
    let refused = open_read(dir.path(), &key()).expect_err("a gap");
    assert!(refused.message.contains("goes on at entry 3"), "{}", refused.message);
}

/// A disk that takes so many bytes and no more.
struct Small {
    room: usize,
    bytes: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl writer::Disk for Small {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Diagnostic> {
        let mut disk = self.bytes.lock().expect("not poisoned");
        let fits = bytes.len().min(self.room - disk.len());
        disk.extend_from_slice(&bytes[..fits]);
        let full = || unwritable(Path::new("x.journal"), &io::Error::from(io::ErrorKind::StorageFull));
        if fits < bytes.len() { Err(full()) } else { Ok(()) }
    }

    fn empty(&mut self) -> Result<(), Diagnostic> {
        self.bytes.lock().expect("not poisoned").clear();
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_acknowledged_is_lost() {
    let bytes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let disk = Small { room: 2_000, bytes: Arc::clone(&bytes) };
    let writer = Writer::start(disk, 0).expect("a thread");
    let shared = Shared::new(State::new("reviews", "local"), &writer, Codec::plain(), None);
    let mut kept = vec![];
    let mut refused = None;
    for entry in eventful() {
        match shared.append(entry.clone()).wait() {
            Ok(()) => kept.push(entry),
            Err(diagnostic) => refused = Some(diagnostic),
        }
    }
    let refused = refused.expect("the disk is small");
    assert_eq!(refused.code, Code::DISK);
    assert!(refused.hints[0].contains("free some space"), "{refused:?}");
    assert!(!kept.is_empty());
    let disk = bytes.lock().expect("not poisoned");
    let read = journal::read(&disk, &Codec::plain()).expect("whole");
    let entries: Vec<Entry> = read.entries.into_iter().skip(1).map(|(_, e)| e).collect();
    assert_eq!(entries, kept);
}

#[test]
fn a_pushed_state_must_descend_from_the_one_that_is_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut locked = lock(dir.path(), &key(), &who()).expect("free");
    locked.append(eventful().remove(0)).expect("written");
    let pulled = State::parse(&locked.snapshot().pretty()).expect("its own text");
    assert_eq!(pulled, locked.snapshot());
    let stranger = State { serial: 5, ..State::new("reviews", "local") };
    assert_eq!(locked.push(stranger.clone(), false).expect_err("a stranger").code, Code::BAD_STATE);
    locked.push(State { serial: 3, ..pulled.clone() }, false).expect("a later one");
    // Whoever pulled before that push is told, though the serial was theirs.
    assert_eq!(locked.push(State { serial: 3, ..pulled }, false).expect_err("late").code, Code::BAD_STATE);
    let other = State { env: "prod".to_owned(), ..stranger.clone() };
    assert_eq!(locked.push(other, true).expect_err("another stack's").code, Code::BAD_STATE);
    locked.push(stranger, true).expect("forced");
    locked.append(eventful().remove(1)).expect("written");
    drop(locked);
    assert_eq!(open_read(dir.path(), &key()).expect("readable").state.serial, 6);
}

#[test]
fn a_renamed_resource_keeps_its_dependents_and_a_slip_is_suggested() {
    let dir = tempfile::tempdir().expect("a folder");
    let locked = lock(dir.path(), &key(), &who()).expect("free");
    let put = |address: &str, dependencies: Vec<Address>| Entry::Put {
        recorded: Box::new(Recorded {
            dependencies,
            ..declared(1).recorded(
                Address::new(address),
                TypeName::new("AWS::SQS::Queue"),
                "i".to_owned(),
                json!({}),
            )
        }),
    };
    locked.append(put("queue.base", vec![])).expect("written");
    locked.append(put("queue.top", vec![Address::new("queue.base")])).expect("written");
    locked.rename(&"queue.base".into(), &"queue.ground".into()).expect("renamed");
    let state = locked.snapshot();
    assert_eq!(state.resources[&Address::new("queue.top")].dependencies, ["queue.ground".into()]);
    let refused = locked.forget(&["queue.grond".into()]).expect_err("unknown");
    assert_eq!(refused.hints[0], "did you mean `queue.ground`?");
    locked.forget(&["queue.ground".into()]).expect("forgotten");
}

#[test]
fn what_is_let_go_of_leaves_what_is_still_to_be_deleted_and_what_is_undecided() {
    let undecided = Entry::Undecided { id: 7 };
    let entries = [eventful(), vec![begin(operation(7, Verb::Create, "queue.a")), undecided]].concat();
    let (mut let_go, mut forgotten) = (replayed(&entries), replayed(&entries));
    let before = let_go.clone();
    let address = Address::new("queue.a");
    let_go.apply(&Entry::LetGo { address: address.clone() });
    assert!(let_go.resources.is_empty() && !before.resources.is_empty());
    assert_eq!((&let_go.leftovers, &let_go.operations), (&before.leftovers, &before.operations));
    forgotten.apply(&Entry::Forget { address });
    assert!(forgotten.resources.is_empty() && forgotten.leftovers.is_empty());
    assert_eq!(forgotten.operations.keys().copied().collect::<Vec<_>>(), [6]);
}

/// The state after each whole line of the journal.
fn lives(dir: &Path) -> Vec<State> {
    let bytes = fs::read(Paths::new(dir, &key()).journal).expect("a journal");
    let entries = journal::read(&bytes, &Codec::plain()).expect("whole").entries;
    let entries: Vec<Entry> = entries.into_iter().map(|(_, entry)| entry).collect();
    (0..=entries.len()).map(|killed| replayed(&entries[..killed])).collect()
}

#[test]
fn a_rename_and_a_removal_are_whole_or_not_done_wherever_they_are_killed() {
    let dir = tempfile::tempdir().expect("a folder");
    let locked = lock(dir.path(), &key(), &who()).expect("free");
    for address in ["queue.a", "queue.a.deadLetter", "queue.a.policy"] {
        let recorded = declared(1).recorded(
            Address::new(address),
            TypeName::new("AWS::SQS::Queue"),
            format!("id-{address}"),
            json!({}),
        );
        locked.append(Entry::Put { recorded: Box::new(recorded) }).expect("written");
    }
    let mut open = operation(1, Verb::Create, "queue.a.deadLetter");
    open.declared.as_mut().expect("of a create").dependencies = vec![Address::new("queue.a")];
    locked.append(begin(open)).expect("written");
    locked.append(Entry::Undecided { id: 1 }).expect("written");
    let before = lives(dir.path()).len();
    locked.rename(&"queue.a".into(), &"queue.b".into()).expect("renamed");
    let state = locked.snapshot();
    assert_eq!(state.operations[&1].address, "queue.b.deadLetter".into());
    let declared = state.operations[&1].declared.as_ref().expect("of a create");
    assert_eq!(declared.dependencies, ["queue.b".into()]);
    locked.forget(&["queue.b".into()]).expect("forgotten");
    drop(locked);
    let lives = lives(dir.path());
    assert!(lives.len() > before);
    for state in &lives[before - 1..] {
        let under = |owner: &str| {
            let owner = Address::new(owner);
            let all = state.resources.keys().chain(state.operations.values().map(|o| &o.address));
            all.filter(|address| address.is_or_belongs_to(&owner)).count()
        };
        assert!(matches!((under("queue.a"), under("queue.b")), (4, 0) | (0, 4) | (0, 0)), "{state:?}");
    }
}

#[test]
fn a_key_makes_a_file_name_of_any_cloud() {
    let at = |cloud: &str| Key { cloud: Some(cloud.to_owned()), ..Key::new("reviews", "prod") }.stem();
    assert_eq!(key().stem(), "reviews.local");
    assert_eq!(at("local"), "reviews.prod@local");
    assert_eq!(at("http://127.0.0.1:4566"), "reviews.prod@http-127.0.0.1-4566");
}
