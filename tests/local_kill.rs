//! The served local cloud, killed at any moment while clients create, update, delete and poll: what
//! was acknowledged is there, what was under way goes on, and nothing is there that nobody asked for.

mod common;

use common::{Sandbox, until};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Each works on resources of its own, so that what each expects can be said without the others.
const CLIENTS: usize = 4;
const TYPE: &str = "AWS::Logs::LogGroup";

/// What a client knows of one of its resources.
#[derive(Debug, Clone, Default)]
struct Known {
    /// As the last finished operation left it: its retention in days; none where it isn't there.
    ended: Option<u64>,
    /// What the operation makes of it that was sent last and isn't known to have ended: and whether
    /// it was acknowledged. That is then done after the restart; otherwise it is done or it isn't.
    sent: Option<(Option<u64>, bool)>,
}

type Memory = BTreeMap<String, Known>;

#[test]
fn killed_at_any_moment_it_loses_nothing() {
    let rounds = std::env::var("EVSTACK_KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let sandbox = Sandbox::new();
    let mut memory = vec![Memory::new(); CLIENTS];
    let mut counts = (0, 0);
    for round in 0..rounds {
        let mut served = sandbox.serve(&["--data", "cloud", "--latency", "4"]);
        let (killed, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let clients: Vec<_> = memory
            .iter()
            .enumerate()
            .map(|(number, known)| {
                let (killed, answers, known) = (Arc::clone(&killed), Arc::clone(&answers), known.clone());
                let address = served.url.trim_start_matches("http://").to_owned();
                let seed = round as u64 * 100 + number as u64;
                std::thread::spawn(move || {
                    let memory = work(&address, number, Random(seed), known, &answers);
                    // The socket ended: as it must when the server is killed, and only then.
                    until("it was killed", || killed.load(Ordering::SeqCst));
                    memory
                })
            })
            .collect();
        // The moment follows the round: from the very start to well under way.
        let moment = Random(round as u64).below(400);
        until("there is a load", || answers.load(Ordering::SeqCst) >= moment);
        served.kill();
        killed.store(true, Ordering::SeqCst);
        memory = clients.into_iter().map(|client| client.join().expect("no client panics")).collect();

        let served = sandbox.serve(&["--data", "cloud", "--latency", "4"]);
        until("what was under way has ended", || {
            served.page("/_evstack/inventory")["pending"].as_array().is_some_and(Vec::is_empty)
        });
        let mut there = there(&served.page("/_evstack/inventory"));
        for (name, known) in memory.iter_mut().flatten() {
            let is = there.remove(name).flatten();
            let allowed = match known.sent {
                None => vec![known.ended],
                Some((to, true)) => vec![to],
                Some((to, false)) => vec![known.ended, to],
            };
            assert!(allowed.contains(&is), "round {round}: {name} is {is:?}, known was {known:?}");
            match known.sent {
                Some((_, true)) => counts.0 += 1,
                Some((_, false)) => counts.1 += 1,
                None => {}
            }
            *known = Known { ended: is, sent: None };
        }
        assert!(there.is_empty(), "round {round}: nobody asked for {there:?}");
    }
    let total: usize = memory.iter().map(BTreeMap::len).sum();
    println!(
        "{rounds} rounds, {total} resources; killed under {} acknowledged and {} unanswered operations",
        counts.0, counts.1
    );
    assert!(counts.0 + counts.1 > rounds / 2, "the load was hardly there: {counts:?}");
}

/// What exists, by name: the retention.
fn there(inventory: &Json) -> BTreeMap<String, Option<u64>> {
    let resources = inventory["resources"].as_array().expect("resources");
    let one = |resource: &Json| {
        let name = resource["identifier"].as_str().expect("an identifier").to_owned();
        (name, resource["properties"]["RetentionInDays"].as_u64())
    };
    let all: BTreeMap<_, _> = resources.iter().map(one).collect();
    assert_eq!(all.len(), resources.len(), "nothing is there twice");
    all
}

/// One client: an operation on one of its resources after the other, each polled to its end, until
/// the server is gone.
fn work(address: &str, number: usize, mut random: Random, mut memory: Memory, answers: &AtomicU64) -> Memory {
    let Ok(mut stream) = TcpStream::connect(address) else { return memory };
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    loop {
        let name = format!("client-{number}-{}", random.below(12));
        let known = memory.entry(name.clone()).or_default();
        let days = [1, 3, 5, 7, 14, 30][usize::try_from(random.below(6)).expect("small")];
        let (operation, to, input) = match known.ended {
            None => {
                let desired = json!({ "LogGroupName": name, "RetentionInDays": days }).to_string();
                ("CreateResource", Some(days), json!({ "DesiredState": desired }))
            }
            Some(_) if random.below(3) == 0 => ("DeleteResource", None, json!({ "Identifier": name })),
            Some(_) => {
                let patch = json!([{ "op": "add", "path": "/RetentionInDays", "value": days }]).to_string();
                let input = json!({ "Identifier": name, "PatchDocument": patch });
                ("UpdateResource", Some(days), input)
            }
        };
        let mut input = input;
        input["TypeName"] = json!(TYPE);
        known.sent = Some((to, false));
        let Some(answer) = call(&mut stream, operation, &input) else { return memory };
        let token = answer["ProgressEvent"]["RequestToken"].clone();
        assert!(token.is_string(), "{operation} {input}: {answer}");
        known.sent = Some((to, true));
        loop {
            let asked = call(&mut stream, "GetResourceRequestStatus", &json!({ "RequestToken": token }));
            let Some(answer) = asked else { return memory };
            answers.fetch_add(1, Ordering::SeqCst);
            match answer["ProgressEvent"]["OperationStatus"].as_str() {
                Some("SUCCESS") => break,
                Some("IN_PROGRESS") => {}
                _ => panic!("{operation} {input}: {answer}"),
            }
        }
        *known = Known { ended: to, sent: None };
    }
}

/// A call on an open socket; none when the answer doesn't come whole.
fn call(stream: &mut TcpStream, operation: &str, input: &Json) -> Option<Json> {
    let body = input.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: CloudApiService.{operation}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, SignedHeaders=host, Signature=00\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        answer.extend_from_slice(&piece[..count]);
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end]).expect("a head is text");
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if answer.len() == end + 4 + length.expect("a length") {
            return Some(serde_json::from_slice(&answer[end + 4..]).expect("JSON"));
        }
    }
}

/// SplitMix64: the same choices in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
