//! Questions to IAM over rows.

use super::*;
use crate::languages::iam_policy::{allow, assumed_by, policy};
use crate::local::services::resources::Origin;
use serde_json::{Value as Json, json};

const ACCOUNT: &str = "000000000000";
const ROLE: &str = "arn:aws:iam::000000000000:role/team/R";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

struct World(Resources);

impl World {
    fn new() -> Self {
        Self(Resources::new())
    }

    fn with(mut self, type_name: &str, identifier: &str, properties: Json) -> Self {
        let origin =
            Origin { by: String::new(), through: String::new(), request: String::new(), at: Time(0) };
        self.0.put(Resource {
            type_name: type_name.into(),
            identifier: identifier.into(),
            scope: Scope { account: ACCOUNT.into(), region: "us-east-1".into() },
            properties: properties.as_object().cloned().expect("an object"),
            created: origin.clone(),
            changed: origin,
        });
        self
    }

    fn with_role(self, more: Json) -> Self {
        let mut role = json!({"RoleName": "R", "Path": "/team/", "Arn": ROLE,
            "AssumeRolePolicyDocument": assumed_by("pipes.amazonaws.com")});
        for (name, value) in more.as_object().into_iter().flatten() {
            role[name] = value.clone();
        }
        self.with("AWS::IAM::Role", "R", role)
    }

    fn view(&self) -> View<'_> {
        View { resources: &self.0, now: Time(5_000), role_delay: Duration::from_secs(10) }
    }

    fn may(&self, action: &str, resource: &str) -> Verdict {
        let view = self.view();
        let who = Principal::RoleSession { role: ROLE.into(), session: session_arn(ROLE, "s") };
        let keys = Keys::new();
        view.session_may(view.role(ROLE).expect("a role"), &who, &Asked { action, resource, keys: &keys })
            .verdict
    }
}

fn inline(statements: Vec<Json>) -> Json {
    json!([{"PolicyName": "p", "PolicyDocument": policy(statements)}])
}

#[test]
fn a_role_is_found_by_its_whole_arn() {
    let world = World::new().with_role(json!({}));
    assert!(world.view().role(ROLE).is_some());
    for other in [
        "arn:aws:iam::000000000000:role/R",
        "arn:aws-cn:iam::000000000000:role/team/R",
        "arn:aws:iam::111111111111:role/team/R",
        "R",
        "",
    ] {
        assert!(world.view().role(other).is_none(), "{other}");
    }
}

#[test]
fn who_is_trusted_may_take_it_once_it_is_old_enough() {
    let world = World::new().with_role(json!({}));
    let view = world.view();
    let role = view.role(ROLE).expect("a role");
    let taken = |service: &str| {
        let who = Principal::Service(service.into());
        view.may_assume(role, &who, "sts:AssumeRole", &Keys::new(), &Own::none()).verdict
    };
    assert_eq!(taken("pipes.amazonaws.com"), Verdict::Allowed);
    assert_eq!(taken("events.amazonaws.com"), Verdict::Denied);
    assert!(view.too_new(role));
    assert!(!View { now: Time(10_000), ..view }.too_new(role));
    assert_eq!(session_arn(ROLE, "s"), "arn:aws:sts::000000000000:assumed-role/R/s");
}

#[test]
fn a_role_may_what_all_its_policies_say() {
    let send = || allow(&["sqs:SendMessage"], vec![QUEUE]);
    let nothing = World::new().with_role(json!({}));
    assert_eq!(nothing.may("sqs:SendMessage", QUEUE), Verdict::Denied);
    let own = World::new().with_role(json!({"Policies": inline(vec![send()])}));
    assert_eq!(own.may("sqs:SendMessage", QUEUE), Verdict::Allowed);
    assert_eq!(own.may("sqs:DeleteMessage", QUEUE), Verdict::Denied);

    let arn = "arn:aws:iam::000000000000:policy/m";
    let document = json!({"PolicyArn": arn, "PolicyDocument": policy(vec![send()])});
    let managed =
        |role: Json| World::new().with_role(role).with("AWS::IAM::ManagedPolicy", arn, document.clone());
    assert_eq!(managed(json!({"ManagedPolicyArns": [arn]})).may("sqs:SendMessage", QUEUE), Verdict::Allowed);
    assert_eq!(managed(json!({})).may("sqs:SendMessage", QUEUE), Verdict::Denied);
    let everything = inline(vec![allow(&["*"], vec!["*"])]);
    let bounded = managed(json!({"PermissionsBoundary": arn, "Policies": everything}));
    assert_eq!(bounded.may("sqs:SendMessage", QUEUE), Verdict::Allowed);
    assert_eq!(bounded.may("sqs:DeleteMessage", QUEUE), Verdict::Denied);
    let of_the_policy = World::new().with_role(json!({})).with(
        "AWS::IAM::Policy",
        "p",
        json!({"PolicyName": "p", "Roles": ["R"], "PolicyDocument": policy(vec![send()])}),
    );
    assert_eq!(of_the_policy.may("sqs:SendMessage", QUEUE), Verdict::Allowed);
}

#[test]
fn what_hangs_on_an_unknown_text_is_unknown() {
    let aws = |name: &str| {
        World::new().with_role(json!({"ManagedPolicyArns": [format!("arn:aws:iam::aws:policy/{name}")]}))
    };
    assert_eq!(aws("AdministratorAccess").may("sqs:SendMessage", QUEUE), Verdict::Allowed);
    assert_eq!(aws("AmazonSQSFullAccess").may("s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Denied);
    assert_eq!(aws("ReadOnlyAccess").may("sqs:SendMessage", QUEUE), Verdict::Unknown);
    let boundary = World::new().with_role(json!({
        "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
        "Policies": inline(vec![allow(&["sqs:*"], vec!["*"])]),
    }));
    assert_eq!(boundary.may("sqs:SendMessage", QUEUE), Verdict::Unknown);
    assert_eq!(boundary.may("s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Denied);
}

#[test]
fn a_queue_and_a_bucket_have_a_say() {
    let statement = |effect: &str| {
        policy(vec![json!({"Effect": effect, "Principal": {"AWS": ROLE}, "Action": "*", "Resource": "*"})])
    };
    let queue = |effect: &str, own: Json| {
        World::new().with_role(json!({"Policies": own})).with(
            "AWS::SQS::QueueInlinePolicy",
            "q",
            json!({"Queue": "http://127.0.0.1:4566/000000000000/q", "PolicyDocument": statement(effect)}),
        )
    };
    assert_eq!(queue("Allow", json!([])).may("sqs:SendMessage", QUEUE), Verdict::Allowed);
    assert_eq!(queue("Allow", json!([])).may("sqs:SendMessage", &format!("{QUEUE}2")), Verdict::Denied);
    let everything = || inline(vec![allow(&["*"], vec!["*"])]);
    assert_eq!(queue("Deny", everything()).may("sqs:SendMessage", QUEUE), Verdict::Denied);
    let bucket = |policy: Json| {
        World::new()
            .with_role(json!({"Policies": everything()}))
            .with("AWS::S3::Bucket", "b", json!({"BucketName": "b"}))
            .with("AWS::S3::BucketPolicy", "b", json!({"Bucket": "b", "PolicyDocument": policy}))
    };
    assert_eq!(bucket(statement("Deny")).may("s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Denied);
    assert_eq!(bucket(statement("Allow")).may("s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Allowed);
}

#[test]
fn refusals_have_the_words_of_aws() {
    let world = World::new().with_role(json!({}));
    let view = world.view();
    let who = Principal::RoleSession { role: ROLE.into(), session: session_arn(ROLE, "s") };
    let keys = Keys::new();
    let asked = Asked { action: "sqs:SendMessage", resource: QUEUE, keys: &keys };
    let ruling = view.session_may(view.role(ROLE).expect("a role"), &who, &asked);
    assert_eq!(
        words::refusal(
            "arn:aws:sts::000000000000:assumed-role/R/s",
            "sqs:SendMessage",
            QUEUE,
            &ruling.decision
        ),
        "User: arn:aws:sts::000000000000:assumed-role/R/s is not authorized to perform: sqs:SendMessage on \
         resource: arn:aws:sqs:us-east-1:000000000000:q because no identity-based policy allows the \
         sqs:SendMessage action"
    );
}
