//! Every bundled type that Cloud Control can make, from its create to its end, as a client drives it.

#[path = "common/generate/mod.rs"]
mod generate;

use bytes::Bytes;
use evstack::local::{Cloud, ManualClock, Options, Profile, Share, Time};
use evstack::schema::sample::Extent;
use evstack::schema::{Catalogue, ResourceType};
use generate::{Random, edit, is_typed, lacks, needs, visible};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn cloud(profile: Profile) -> Cloud {
    let clock = Arc::new(ManualClock::new(Time(1_795_000_000_000)));
    Cloud::open(None, Options { clock, profile, ..Options::default() }).expect("a cloud in memory opens")
}

/// One call; the error's name and message where it is refused.
fn call(cloud: &Cloud, operation: &str, input: &Json) -> Result<Json, String> {
    let request = http::Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
             SignedHeaders=host, Signature=00",
        )
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let response = cloud.handle(&request);
    let answer: Json = serde_json::from_slice(response.body()).expect("JSON comes back");
    if response.status() == 200 {
        return Ok(answer);
    }
    let name = answer["__type"].as_str().unwrap_or("").rsplit('#').next().unwrap_or("").to_owned();
    let message = answer["message"].as_str().or(answer["Message"].as_str()).unwrap_or("");
    Err(format!("{operation}: {name}: {message}"))
}

/// Begins a change and waits for its end: the identifier.
fn change(cloud: &Cloud, operation: &str, input: &Json) -> Result<String, String> {
    let begun = call(cloud, operation, input)?;
    let token = begun["ProgressEvent"]["RequestToken"].clone();
    for _ in 0..10 {
        let answer = call(cloud, "GetResourceRequestStatus", &json!({ "RequestToken": token }))?;
        let event = &answer["ProgressEvent"];
        match event["OperationStatus"].as_str() {
            Some("SUCCESS") => return Ok(event["Identifier"].as_str().unwrap_or("").to_owned()),
            Some("FAILED") => {
                return Err(format!("{operation}: {} {}", event["ErrorCode"], event["StatusMessage"]));
            }
            _ => {
                cloud.advance(std::time::Duration::from_secs(1)).expect("time goes on");
            }
        }
    }
    Err(format!("{operation} does not end"))
}

fn get(cloud: &Cloud, type_name: &str, identifier: &str) -> Result<Map<String, Json>, String> {
    let answer = call(cloud, "GetResource", &json!({"TypeName": type_name, "Identifier": identifier}))?;
    let text = answer["ResourceDescription"]["Properties"].as_str().unwrap_or("");
    serde_json::from_str(text).map_err(|error| format!("GetResource: {error}: {text}"))
}

/// The neighbours that the type needs, made.
fn neighbours(cloud: &Cloud, type_name: &str) -> Result<needs::Made, String> {
    let mut made = needs::Made::new();
    for (name, needed, properties) in needs::of(type_name) {
        let desired = needs::filled(properties, &made).to_string();
        let input = json!({"TypeName": needed, "DesiredState": desired});
        let identifier = change(cloud, "CreateResource", &input).map_err(|e| format!("its {name}: {e}"))?;
        let mut shown = get(cloud, needed, &identifier)?;
        shown.insert("$identifier".to_owned(), json!(identifier));
        made.insert(name.to_owned(), Json::Object(shown));
    }
    Ok(made)
}

/// A resource of a type under test.
struct Subject<'a> {
    cloud: &'a Cloud,
    kind: &'a ResourceType,
    name: &'a str,
    identifier: String,
    /// What was declared, hidden properties too.
    declared: Map<String, Json>,
    neighbours: needs::Made,
}

impl<'a> Subject<'a> {
    fn create(
        cloud: &'a Cloud,
        kind: &'a ResourceType,
        extent: Extent,
        random: &mut Random,
    ) -> Result<Self, String> {
        let name = kind.name.as_str();
        let made = neighbours(cloud, name)?;
        let mut declared = generate::resource(kind, extent, random).ok_or("no resource is generated")?;
        needs::complete(name, &made, &mut declared);
        let desired = Json::Object(declared.clone()).to_string();
        let input = json!({"TypeName": name, "DesiredState": desired});
        let identifier = change(cloud, "CreateResource", &input).map_err(|e| format!("{e} ({desired})"))?;
        if identifier.is_empty() {
            return Err("it has no identifier".to_owned());
        }
        Ok(Self { cloud, kind, name, identifier, declared, neighbours: made })
    }

    fn edit(&self, live: &Map<String, Json>, random: &mut Random) -> Option<edit::Edit> {
        if let Some((name, value)) = needs::change(self.name, &self.neighbours) {
            return edit::with(self.kind, live, &self.declared, &[name], &value);
        }
        edit::edit(self.kind, live, &self.declared, random, &|name| needs::decides(self.name, name))
    }

    fn get(&self) -> Result<Map<String, Json>, String> {
        get(self.cloud, self.name, &self.identifier)
    }

    /// The read shows what was declared and may be shown, and the identifier's properties.
    fn is_as_declared(&self) -> Result<Map<String, Json>, String> {
        let live = self.get()?;
        let shown = Json::Object(visible(self.kind, &self.declared));
        let whole = Json::Object(live.clone());
        if let Some(difference) = lacks(&shown, Some(&whole), "") {
            return Err(format!("the read differs: {difference}"));
        }
        let hidden = self.kind.primary_identifier.iter().any(|path| self.kind.is_write_only(path.names()));
        if !hidden && self.kind.identifier_from(&whole).as_deref() != Some(&self.identifier) {
            return Err(format!("the read of {} has another identifier: {whole}", self.identifier));
        }
        Ok(live)
    }

    fn is_listed(&self, live: &Map<String, Json>) -> Result<(), String> {
        let Some(handler) = &self.kind.handlers.list else { return Ok(()) };
        let mut model = Map::new();
        for name in handler.required() {
            let value = live.get(name).or_else(|| self.declared.get(name));
            let value = value.cloned().unwrap_or_else(|| json!("nothing-has-this"));
            model.insert(name.to_owned(), value);
        }
        let mut input = json!({"TypeName": self.name, "ResourceModel": Json::Object(model).to_string()});
        loop {
            let page = call(self.cloud, "ListResources", &input)?;
            let found = page["ResourceDescriptions"].as_array().into_iter().flatten();
            if found.into_iter().any(|one| one["Identifier"] == self.identifier.as_str()) {
                return Ok(());
            }
            match page.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => return Err(format!("it is not listed by {input}")),
            }
        }
    }

    /// Makes a change; the read shows that, and everything else as it was.
    fn update(&mut self, edit: edit::Edit, live: &Map<String, Json>) -> Result<Map<String, Json>, String> {
        let input = json!({
            "TypeName": self.name, "Identifier": self.identifier, "PatchDocument": edit.patch.to_string(),
        });
        change(self.cloud, "UpdateResource", &input).map_err(|e| format!("{e} ({})", edit.patch))?;
        self.declared = edit.declared;
        let expected = visible(self.kind, &edit.wanted);
        // What is never read back and can't be sent again is gone.
        let lost = |name: &str| self.kind.is_create_only(&[name]) && self.kind.is_write_only(&[name]);
        self.declared.retain(|name, _| !lost(name));
        let after = self.is_as_declared()?;
        match live.keys().find(|name| expected.contains_key(*name) && !after.contains_key(*name)) {
            Some(name) => Err(format!("the update lost {name}")),
            None => Ok(after),
        }
    }

    fn delete(&self) -> Result<(), String> {
        let input = json!({"TypeName": self.name, "Identifier": self.identifier});
        change(self.cloud, "DeleteResource", &input)?;
        match self.get() {
            Err(error) if error.contains("ResourceNotFoundException") => Ok(()),
            other => Err(format!("after the delete a read says {other:?}")),
        }
    }
}

/// From its create to its end; whether it was changed.
fn life(cloud: &Cloud, kind: &ResourceType) -> Result<bool, String> {
    let mut random = Random::new(1, kind.name.as_str());
    let mut subject = Subject::create(cloud, kind, Extent::Least, &mut random)?;
    let live = subject.is_as_declared()?;
    subject.is_listed(&live)?;
    let edit = kind.handlers.update.as_ref().and_then(|_| subject.edit(&live, &mut random));
    let changed = edit.is_some();
    if let Some(edit) = edit {
        subject.update(edit, &live)?;
    }
    subject.delete()?;
    Ok(changed)
}

/// Why a type that has an update handler can't be changed.
fn why_not(kind: &ResourceType, live: &Map<String, Json>) -> &'static str {
    let lost = |name: &String| kind.is_write_only(&[name]) && kind.is_create_only(&[name]);
    if kind.required.iter().any(lost) {
        // pulumi/pulumi-aws-native issue 1866.
        "a required property is in no read, and can't be sent again"
    } else if edit::updatable(kind, live).is_empty() {
        "all of it is fixed at the create"
    } else {
        "what can be changed has only one value"
    }
}

/// Those that don't live, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_type_lives() {
    let cloud = cloud(Profile::default());
    let (mut passed, mut changed) = (0, 0);
    let (mut failed, mut unchanged) = (BTreeMap::new(), BTreeMap::<&str, Vec<&str>>::new());
    for name in Catalogue::bundled().type_names() {
        let kind = Catalogue::bundled().get(name).expect("it exists");
        if !kind.is_provisionable() {
            continue;
        }
        match life(&cloud, &kind) {
            Ok(was_changed) => {
                passed += 1;
                changed += usize::from(was_changed);
                if !was_changed && kind.handlers.update.is_some() {
                    unchanged.entry(why_not(&kind, &Map::new())).or_default().push(name);
                }
            }
            Err(why) => {
                failed.insert(name, why);
            }
        }
    }
    println!(
        "{passed} types live; {changed} of them are changed too; these can't be, though they have a handler:"
    );
    for (why, names) in &unchanged {
        println!("{why}: {} ({})", names.len(), names.join(", "));
    }
    failed.retain(|name, _| !EXCEPTIONS.iter().any(|(exception, _)| exception == name));
    assert!(failed.is_empty(), "{}: {failed:#?}", failed.len());
    assert!(passed > 1700 && changed > 1500, "{passed} live, {changed} are changed");
}

/// A random resource: a read shows all of it that may be shown; after each change of a property, all
/// of the changed model, and nothing is lost.
fn random_life(cloud: &Cloud, kind: &ResourceType, seed: u64) -> Result<usize, String> {
    const CHANGES: usize = 4;
    let mut random = Random::new(seed, kind.name.as_str());
    let mut subject = Subject::create(cloud, kind, Extent::Some, &mut random)?;
    let mut live = subject.is_as_declared()?;
    let mut changes = 0;
    if kind.handlers.update.is_some() {
        let mut paths = edit::updatable(kind, &live);
        let first = random.below(paths.len());
        paths.rotate_left(first);
        for path in paths.iter().take(CHANGES) {
            let Some(edit) = edit::change(kind, &live, &subject.declared, path, &mut random) else {
                continue;
            };
            let expected = visible(kind, &edit.wanted);
            let patch = edit.patch.clone();
            let after = subject.update(edit, &live).map_err(|e| format!("{path:?}: {e}"))?;
            if let Some(difference) =
                lacks(&Json::Object(expected.clone()), Some(&Json::Object(after.clone())), "")
            {
                return Err(format!("after {patch}: {difference}"));
            }
            live = after;
            changes += 1;
        }
    }
    subject.delete()?;
    Ok(changes)
}

#[test]
fn random_resources_are_read_as_declared_and_changed() {
    let cloud = cloud(Profile::default());
    let (mut lived, mut changes, mut failed) = (0, 0, BTreeMap::new());
    let types = Catalogue::bundled().type_names().filter(|name| !is_typed(name)).enumerate();
    for (number, name) in types {
        let kind = Catalogue::bundled().get(name).expect("it exists");
        // Every second type for one seed, the others for another: seconds, not minutes.
        let seed = 7 + (number % 2) as u64;
        if !kind.is_provisionable() {
            continue;
        }
        match random_life(&cloud, &kind, seed) {
            Ok(number) => {
                lived += 1;
                changes += number;
            }
            Err(why) => {
                failed.insert(name, why);
            }
        }
    }
    println!("{lived} types live, with {changes} changes");
    assert!(failed.is_empty(), "{}: {failed:#?}", failed.len());
    assert!(lived > 1500 && changes > 3000, "{lived} {changes}");
}

/// Reads show more than was declared, but all that was: at once and after each change.
#[test]
fn what_nobody_declared_does_no_harm() {
    let half = Share::percent(50);
    let profile = Profile { invented: half, invented_after_update: half, ..Profile::default() };
    let cloud = cloud(profile);
    let (mut changes, mut failed) = (0, BTreeMap::new());
    for name in Catalogue::bundled().type_names().filter(|name| !is_typed(name)).step_by(8) {
        let kind = Catalogue::bundled().get(name).expect("it exists");
        if !kind.is_provisionable() {
            continue;
        }
        match random_life(&cloud, &kind, 9) {
            Ok(number) => changes += number,
            Err(why) => {
                failed.insert(name, why);
            }
        }
    }
    assert!(failed.is_empty(), "{}: {failed:#?}", failed.len());
    assert!(changes > 300, "{changes}");
}
