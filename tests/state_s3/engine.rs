//! The state alone, without a cloud: the same promises as in a folder.

use crate::s3::{Asked, Fate, Line, S3, Served};
use evstack::diagnostics::Code;
use evstack::model::{Address, Recorded};
use evstack::schema::TypeName;
use evstack::state::{Entry, Holder, Key, Locked, State, Store, lock, open_read};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const LONG: Duration = Duration::from_secs(30);
pub const SHORT: Duration = Duration::from_millis(300);

pub fn key() -> Key {
    Key::new("shop", "prod")
}

pub fn who(command: &str) -> Holder {
    Holder { pid: 7, host: "here".to_owned(), since: "noon".to_owned(), command: command.to_owned() }
}

pub fn put(n: usize) -> Entry {
    let recorded = Recorded {
        address: Address::new(format!("queue.q{n}")),
        type_name: TypeName::new("AWS::SQS::Queue"),
        identifier: format!("id-{n}"),
        declared: json!({ "Name": n }),
        seen: json!({ "Name": n, "Arn": format!("arn-{n}") }),
        dependencies: vec![],
        predicted: [].into(),
        protection: evstack::model::Protection::ByDefault,
        retain_on_delete: false,
        drain: None,
        place: String::new(),
        doubts: evstack::model::Doubts::default(),
    };
    Entry::Put { recorded: Box::new(recorded) }
}

pub fn store(s3: &S3, lease: Duration, line: &Line) -> Store {
    Store::bucket(s3.bucket("team", lease, line))
}

pub fn quiet(s3: &S3) -> Store {
    store(s3, SHORT, &Line::default())
}

pub fn take(store: &Store, command: &str) -> Locked {
    take_of(store, &key(), command)
}

pub fn take_of(store: &Store, key: &Key, command: &str) -> Locked {
    lock(store, key, &who(command)).expect("it can be had")
}

pub fn read(store: &Store) -> State {
    open_read(store, &key()).expect("readable").state
}

/// What is said of a state, whatever part of a journal it was read from.
pub fn content(state: &State) -> State {
    State { segment: 0, ..state.clone() }
}

#[test]
fn what_one_machine_writes_another_reads_and_goes_on_with() {
    let served = Served::start();
    let here = Store::bucket(served.bucket(LONG));
    let none = open_read(&here, &key()).expect("readable");
    assert!(!none.exists);
    let mut locked = take(&here, "first");
    locked.append(put(1)).expect("written");
    assert_eq!(read(&Store::bucket(served.bucket(LONG))).resources.len(), 1, "durable before the end");
    locked.compact().expect("written");
    locked.append(put(2)).expect("written");
    let state = locked.snapshot();
    drop(locked);
    let there = Store::bucket(served.bucket(LONG));
    assert_eq!(content(&read(&there)), content(&state));
    let mut locked = take(&there, "second");
    locked.append(put(3)).expect("written");
    locked.compact().expect("written");
    drop(locked);
    let last = read(&here);
    assert_eq!((last.resources.len(), last.serial), (3, state.serial + 1));
    assert_eq!(last.lineage, state.lineage);
    // Nothing is written by a look.
    let before = open_read(&here, &key()).expect("readable").state;
    assert_eq!(before, last);
}

/// Two runs, the first of which folds in the middle: what was acknowledged after each change.
fn busy(s3: &S3, lease: Duration) -> Vec<State> {
    let mut states = vec![State::new("shop", "prod")];
    for run in 0..2 {
        let mut locked = take(&store(s3, lease, &Line::default()), "busy");
        for n in 0..4 {
            locked.append(put(run * 10 + n)).expect("written");
            states.push(content(&locked.snapshot()));
            if n == 1 {
                locked.compact().expect("written");
            }
        }
        if run == 1 {
            locked.compact().expect("written");
        }
    }
    states
}

#[test]
fn killed_after_any_change_in_the_bucket_all_that_was_acknowledged_is_there_and_nothing_else() {
    let s3 = S3::new();
    let states = busy(&s3, Duration::from_millis(90));
    let log = s3.log();
    assert!(log.len() > 20, "{}", log.len());
    let mut last = 0;
    for length in 0..=log.len() {
        let mut objects = BTreeMap::new();
        for (key, body) in &log[..length] {
            match body {
                Some(body) => objects.insert(key.clone(), body.clone()),
                None => objects.remove(key),
            };
        }
        let s3 = S3::with(objects);
        // Nobody lives who could be taken for dead.
        let store = store(&s3, Duration::from_millis(30), &Line::default());
        let state = content(&read(&store));
        let found = states.iter().position(|known| known.resources == state.resources);
        let found = found.unwrap_or_else(|| panic!("after {length} changes: {state:?}"));
        assert!(found >= last, "after {length} changes something is lost");
        last = found;
        // And it is gone on with.
        let mut locked = take(&store, "next");
        assert_eq!(locked.snapshot().resources, state.resources);
        locked.append(put(99)).expect("written");
        if length % 2 == 0 {
            locked.compact().expect("written");
        }
        drop(locked);
        let after = read(&store);
        assert_eq!(after.resources.len(), state.resources.len() + 1, "after {length} changes");
        assert_eq!(after.serial, state.serial + 1, "after {length} changes");
    }
    assert_eq!(last, states.len() - 1);
}

#[test]
fn whatever_is_lost_on_the_way_is_written_once() {
    for seed in 0..6_u64 {
        let s3 = S3::new();
        let mut random = seed;
        let mut troubles = BTreeMap::<String, usize>::new();
        s3.decide(move |asked: &Asked| {
            let fates = [
                Fate::Lost,
                Fate::Unheard,
                Fate::Refused(503, "SlowDown"),
                Fate::Refused(500, "InternalError"),
                Fate::Refused(409, "ConditionalRequestConflict"),
            ];
            random =
                random.wrapping_mul(6_364_136_223_846_793_005_u64).wrapping_add(1_442_695_040_888_963_407);
            let dice = (random >> 33) as usize % 16;
            // Never so often that patience ends.
            let in_a_row = troubles.entry(asked.key.clone()).or_default();
            let answered = dice >= fates.len() || *in_a_row >= 2;
            *in_a_row = if answered { 0 } else { *in_a_row + 1 };
            if answered { Fate::Answered } else { fates[dice].clone() }
        });
        s3.page(3);
        // Renewed seldom, so that what happens is what is asked for here.
        let states = busy(&s3, Duration::from_secs(3));
        s3.calm();
        let state = read(&quiet(&s3));
        assert_eq!(state.resources, states[states.len() - 1].resources, "seed {seed}");
        assert_eq!(state.serial, 2, "seed {seed}");
        let left: Vec<String> = s3.objects().into_keys().collect();
        assert_eq!(left, ["team/shop.prod.json", "team/shop.prod.lock"], "seed {seed}");
    }
}

#[test]
fn a_reader_in_the_midst_of_it_sees_every_moment_whole() {
    let s3 = S3::new();
    s3.page(2);
    let done = Arc::new(Mutex::new(false));
    let (writer, finished) = (s3.clone(), Arc::clone(&done));
    let writing = std::thread::spawn(move || {
        let mut locked = take(&store(&writer, LONG, &Line::default()), "writer");
        for n in 0..120 {
            locked.append(put(n)).expect("written");
            if n % 7 == 6 {
                locked.compact().expect("written");
            }
        }
        *finished.lock().expect("not poisoned") = true;
    });
    let reader = quiet(&s3);
    let (mut last, mut looks) = (0, 0);
    while !*done.lock().expect("not poisoned") {
        let seen = read(&reader).resources.len();
        assert!(seen >= last, "{seen} after {last}");
        (last, looks) = (seen, looks + 1);
    }
    writing.join().expect("no panic");
    assert!(looks > 10, "{looks}");
    assert_eq!(read(&reader).resources.len(), 120);
}

#[test]
fn a_bucket_that_falls_silent_ends_the_run_and_loses_nothing() {
    let s3 = S3::new();
    let line = Line::default();
    let locked = take(&store(&s3, SHORT, &line), "cut off");
    locked.append(put(1)).expect("written");
    line.cut();
    let refused = locked.append(put(2)).expect_err("nobody answers");
    assert_eq!(refused.code, Code::UNREACHABLE);
    assert!(refused.hints[0].contains("run again"), "{refused:?}");
    line.heal();
    // Later entries would build on the one that is missing.
    locked.append(put(3)).expect_err("for good");
    drop(locked);
    let next = take(&quiet(&s3), "next");
    assert_eq!(next.snapshot().resources.len(), 1);
    next.append(put(2)).expect("written");
}

#[test]
fn what_s3_refuses_is_said_with_the_way_out() {
    let refusals: &[(u16, &'static str, &str, &str)] = &[
        (404, "NoSuchBucket", "the state's bucket `states` doesn't exist", "aws s3 mb s3://states"),
        (404, "NotFound", "as S3 does: So says the test (NotFound)", "AWS_ENDPOINT_URL_S3"),
        (403, "AccessDenied", "is denied: So says the test (AccessDenied), request id R1", "s3:ListBucket"),
        (403, "RequestTimeTooSkewed", "So says the test", "clock"),
        (400, "ExpiredToken", "So says the test (ExpiredToken)", "deploys with"),
        (501, "NotImplemented", "can't do", "If-None-Match"),
    ];
    for (status, code, words, hint) in refusals.iter().copied() {
        let s3 = S3::new();
        s3.decide(move |_| Fate::Refused(status, code));
        let store = quiet(&s3);
        for refused in [
            open_read(&store, &key()).map(|_| ()).expect_err("refused"),
            lock(&store, &key(), &who("x")).map(|_| ()).expect_err("refused"),
        ] {
            assert_eq!(refused.code, Code::BUCKET, "{refused:?}");
            assert!(refused.message.contains(words), "{refused:?}");
            assert!(refused.hints.iter().any(|h| h.contains(hint)), "{refused:?}");
        }
        assert_eq!(s3.requests(), 2, "what can't be helped isn't asked again");
    }
}

#[test]
fn a_store_that_passes_over_conditions_is_refused() {
    let s3 = S3::new();
    s3.decide(|_| Fate::Unconditional);
    let refused = lock(quiet(&s3), &key(), &who("x")).expect_err("it can't tell two writers apart");
    assert_eq!(refused.code, Code::BUCKET);
    assert!(refused.message.contains("s3.test"), "{}", refused.message);
    assert!(s3.objects().keys().all(|key| key.ends_with(".lock")), "{:?}", s3.objects().keys());
}

#[test]
fn damage_is_refused_and_kept() {
    let strange = State::new("bakery", "prod").pretty();
    let cases: &[(&str, &str, &str)] = &[
        ("team/shop.prod.json", "{", "EOF while parsing"),
        ("team/shop.prod.json", r#"{"version": 99}"#, "it is of version 99"),
        ("team/shop.prod.json", &strange, "it is of `bakery` in `prod`, not of `shop` in `prod`"),
        ("team/shop.prod.journal/00000000000000000001", "nonsense", "isn't a part of a journal"),
        (
            "team/shop.prod.journal/00000000000000000001",
            "{\"segment\":2,\"token\":\"\",\"by\":\"\"}\n",
            "number 2",
        ),
        (
            "team/shop.prod.journal/00000000000000000001",
            "{\"segment\":1,\"token\":\"\",\"by\":\"\"}\nx",
            "damaged",
        ),
    ];
    for (key_, text, words) in cases {
        let s3 = S3::new();
        s3.change(key_, Some(text.as_bytes().to_vec()));
        for refused in [
            open_read(quiet(&s3), &key()).map(|_| ()).expect_err("refused"),
            lock(quiet(&s3), &key(), &who("x")).map(|_| ()).expect_err("refused"),
        ] {
            assert_eq!(refused.code, Code::BAD_STATE);
            assert!(refused.message.contains(words) && refused.message.contains(key_), "{}", refused.message);
            assert_eq!(refused.hints.len(), 1, "{refused:?}");
        }
        if key_.ends_with(".json") {
            s3.change("team/shop.prod.json.backup", Some(b"{}".to_vec()));
            let refused = open_read(quiet(&s3), &key()).map(|_| ()).expect_err("refused");
            let named = "s3://states/team/shop.prod.json.backup is the state before";
            assert!(refused.hints.iter().any(|hint| hint.contains(named)), "{refused:?}");
        }
        assert_eq!(s3.objects()[*key_], text.as_bytes());
    }
}

#[test]
fn a_part_that_was_cut_out_is_noticed() {
    let s3 = S3::new();
    let locked = take(&quiet(&s3), "x");
    for n in 0..3 {
        locked.append(put(n)).expect("written");
    }
    drop(locked);
    let middle = s3.objects().into_keys().filter(|key| key.contains(".journal/")).nth(2).expect("a part");
    s3.change(&middle, None);
    let refused = open_read(quiet(&s3), &key()).expect_err("a gap");
    assert!(refused.message.contains("goes on at entry"), "{}", refused.message);
}

#[test]
fn a_bucket_in_another_region_is_followed() {
    use bytes::Bytes;
    let s3 = S3::new();
    let inner = s3.clone();
    let hosts = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&hosts);
    let http_client = evstack::provider::in_process::http_client(move |request| {
        let host = request.uri().host().unwrap_or_default().to_owned();
        heard.lock().expect("not poisoned").push(host.clone());
        if host == "states.s3.eu-central-1.amazonaws.com" {
            // As a path, for the server of the tests.
            let (mut parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            parts.uri = format!("http://s3.test/states{path}").parse().expect("a URL");
            return inner.answer(&http::Request::from_parts(parts, body));
        }
        let mut moved =
            http::Response::new(Bytes::from_static(b"<Error><Code>PermanentRedirect</Code></Error>"));
        *moved.status_mut() = http::StatusCode::MOVED_PERMANENTLY;
        moved.headers_mut().insert("x-amz-bucket-region", "eu-central-1".parse().expect("a header"));
        Some(moved)
    });
    let store = Store::bucket(crate::s3::bucket("team", SHORT, None, http_client));
    let locked = take(&store, "x");
    locked.append(put(1)).expect("written");
    drop(locked);
    assert_eq!(read(&store).resources.len(), 1);
    let hosts = hosts.lock().expect("not poisoned");
    assert_eq!(hosts.iter().filter(|host| *host == "states.s3.us-east-1.amazonaws.com").count(), 1);
}

#[test]
fn an_endpoint_may_have_a_path_and_one_too_many_is_named() {
    let s3 = S3::new();
    let at = |endpoint: &str, before: &'static str| {
        let inner = s3.clone();
        let http_client = evstack::provider::in_process::http_client(move |request| {
            let (mut parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let path = path.strip_prefix(before).expect("under its path");
            parts.uri = format!("http://s3.test{path}").parse().expect("a URL");
            inner.answer(&http::Request::from_parts(parts, body))
        });
        Store::bucket(crate::s3::bucket("team", LONG, Some(endpoint.to_owned()), http_client))
    };
    let store = at("http://s3.test/storage/v1", "/storage/v1");
    let locked = take(&store, "x");
    locked.append(put(1)).expect("written");
    drop(locked);
    assert_eq!(read(&store).resources.len(), 1);
    let refused = open_read(at("http://s3.test/wrong", ""), &key()).expect_err("that is no bucket");
    assert_eq!(refused.code, Code::BUCKET);
    assert!(refused.message.contains("has no bucket `states` under `/wrong`"), "{refused:?}");
    assert!(refused.hints[0].contains("write `http://s3.test`"), "{refused:?}");
}

#[test]
fn a_journal_of_many_parts_is_folded_on_the_way() {
    let s3 = S3::new();
    let mut locked = take(&store(&s3, LONG, &Line::default()), "x");
    for n in 0..520 {
        locked.append(put(n)).expect("written");
        locked.compact_if_long().expect("written");
    }
    let parts = s3.objects().into_keys().filter(|key| key.contains(".journal/")).count();
    assert!(parts < 100, "{parts}");
    drop(locked);
    assert_eq!(read(&quiet(&s3)).resources.len(), 520);
}

#[test]
fn a_fence_is_an_empty_object_and_stays() {
    let served = Served::own();
    let s3 = served.own.clone().expect("our own");
    std::mem::forget(take(&store(&s3, Duration::from_millis(30), &Line::default()), "x"));
    s3.change("own/shop.prod.lock", s3.objects().remove("team/shop.prod.lock"));
    let bucket = || Store::bucket(served.bucket(SHORT));
    for run in 0..2 {
        let mut locked = take(&bucket(), "next");
        locked.append(put(run)).expect("written");
        locked.compact().expect("written");
    }
    let parts: Vec<_> =
        s3.objects().into_iter().filter(|(key, _)| key.starts_with("own/shop.prod.journal/")).collect();
    assert_eq!(parts, [("own/shop.prod.journal/00000000000000000001".to_owned(), vec![])]);
    assert_eq!(read(&bucket()).resources.len(), 2);
}
