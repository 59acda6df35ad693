//! Patches of some types, and the models that are created.

use super::*;
use crate::model::{Options, Secrets};
use crate::schema::Catalogue;

fn patched(type_name: &str, desired: Json, recorded: Json, live: Json) -> Json {
    let resource_type = Catalogue::bundled().get(type_name).expect("a known type");
    let (options, secrets) = (Options::default(), Secrets::new("salt"));
    patch(&desired, Some(&recorded), &live, &Context::new(&resource_type, &options, &secrets))
}

#[test]
fn the_narrowest_path_is_written_and_nothing_undeclared_is_touched() {
    let found = patched(
        "AWS::Lambda::Function",
        json!({"Role": "r", "VpcConfig": {"Ipv6AllowedForDualStack": true}, "Timeout": 3}),
        json!({"Role": "r", "VpcConfig": {"Ipv6AllowedForDualStack": false}, "MemorySize": 256}),
        json!({"Role": "r", "VpcConfig": {"Ipv6AllowedForDualStack": false, "SubnetIds": []}, "MemorySize": 256,
               "EphemeralStorage": {"Size": 512}}),
    );
    let expected = json!([
        {"op": "replace", "path": "/VpcConfig/Ipv6AllowedForDualStack", "value": true},
        {"op": "add", "path": "/Timeout", "value": 3},
        {"op": "remove", "path": "/MemorySize"},
    ]);
    assert_eq!(found, expected);
}

#[test]
fn a_removed_queue_attribute_is_set_back_by_name() {
    let live = json!({"QueueName": "q", "DelaySeconds": 5, "VisibilityTimeout": 30});
    let found = patched(
        "AWS::SQS::Queue",
        json!({"QueueName": "q"}),
        json!({"QueueName": "q", "DelaySeconds": 5, "VisibilityTimeout": 30}),
        live,
    );
    assert_eq!(found, json!([{"op": "replace", "path": "/DelaySeconds", "value": 0}]));
}

#[test]
fn tags_are_replaced_whole_without_those_of_aws() {
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let found = patched(
        "AWS::SQS::Queue",
        json!({"Tags": [tag("a", "2")]}),
        json!({"Tags": [tag("a", "1"), tag("b", "1")]}),
        json!({"Tags": [tag("aws:x", "0"), tag("b", "1"), tag("foreign", "1"), tag("a", "1")]}),
    );
    let tags = json!([tag("a", "2"), tag("foreign", "1")]);
    assert_eq!(found, json!([{"op": "replace", "path": "/Tags", "value": tags}]));
}

#[test]
fn removals_go_from_the_end() {
    let rule = |id: &str| json!({"Id": id, "Arn": format!("arn:{id}")});
    let found = patched(
        "AWS::Events::Rule",
        json!({"Targets": [rule("b")]}),
        json!({"Targets": [rule("a"), rule("b"), rule("c")]}),
        json!({"Targets": [rule("a"), rule("b"), rule("c")]}),
    );
    let expected = json!([{"op": "remove", "path": "/Targets/2"}, {"op": "remove", "path": "/Targets/0"}]);
    assert_eq!(found, expected);
}

#[test]
fn what_a_read_hides_is_sent_again_with_every_update() {
    let source = json!({"SqsQueueParameters": {"BatchSize": 10}});
    let found = patched(
        "AWS::Pipes::Pipe",
        json!({"Name": "p", "RoleArn": "new", "SourceParameters": source}),
        json!({"Name": "p", "RoleArn": "old", "SourceParameters": source}),
        json!({"Name": "p", "RoleArn": "old"}),
    );
    let expected = json!([
        {"op": "replace", "path": "/RoleArn", "value": "new"},
        {"op": "add", "path": "/SourceParameters", "value": source},
    ]);
    assert_eq!(found, expected);
}

#[test]
fn what_is_hidden_and_fixed_is_not_sent_again() {
    // A position is required and can't be sent twice: the whole block stays as it is.
    let filters = json!({"Filters": [{"Pattern": "{}"}]});
    let stream = json!({"StartingPosition": "LATEST", "BatchSize": 1});
    let source = json!({"DynamoDBStreamParameters": stream, "FilterCriteria": filters});
    let found = patched(
        "AWS::Pipes::Pipe",
        json!({"Name": "p", "RoleArn": "new", "SourceParameters": source}),
        json!({"Name": "p", "RoleArn": "old", "SourceParameters": source}),
        json!({"Name": "p", "RoleArn": "old"}),
    );
    let expected = json!([
        {"op": "replace", "path": "/RoleArn", "value": "new"},
        {"op": "add", "path": "/SourceParameters", "value": {"FilterCriteria": filters}},
    ]);
    assert_eq!(found, expected);
}

#[test]
fn a_hidden_property_that_goes_still_makes_an_update() {
    let found = patched(
        "AWS::Pipes::Pipe",
        json!({"Name": "p", "RoleArn": "r"}),
        json!({"Name": "p", "RoleArn": "r", "TargetParameters": {"InputTemplate": "x"}}),
        json!({"Name": "p", "RoleArn": "r"}),
    );
    assert_eq!(found, json!([{"op": "replace", "path": "/RoleArn", "value": "r"}]));
}

#[test]
fn an_update_that_only_makes_the_handler_look_takes_nothing_fixed_away() {
    let rule = |rule: Json| json!({"RuleSetName": "s", "Rule": rule});
    let was = |declared: Json| json!({"RuleSetName": "s", "Rule": declared, "After": "a"});
    let live = rule(json!({"Name": "n", "Enabled": true, "TlsPolicy": "Optional"}));
    let enabled = json!({"Enabled": true});
    let found = patched("AWS::SES::ReceiptRule", rule(enabled.clone()), was(enabled), live.clone());
    assert_eq!(found, json!([{"op": "replace", "path": "/Rule/Enabled", "value": true}]));
    // Nothing declared is there to be written: what is there below it.
    let found = patched("AWS::SES::ReceiptRule", rule(json!({})), was(json!({})), live);
    assert_eq!(found, json!([{"op": "replace", "path": "/Rule/Enabled", "value": true}]));
}

#[test]
fn what_no_read_shows_is_sent_again_even_if_it_is_empty() {
    let image = |name: &str| json!({"Name": "i", "Logging": {}, "Hooks": {}, "BaseImageArn": name});
    let found = patched("AWS::Lambda::MicrovmImage", image("b"), image("a"), json!({"Name": "i"}));
    let paths: Vec<&str> =
        found.as_array().expect("operations").iter().filter_map(|o| o["path"].as_str()).collect();
    assert!(["/Logging", "/Hooks", "/BaseImageArn"].iter().all(|path| paths.contains(path)), "{paths:?}");
}

#[test]
fn an_object_of_which_a_read_shows_nothing_is_there_as_it_was_sent() {
    let function = json!({"Role": "r", "Code": {"ZipFile": "x"}});
    let found = patched("AWS::Lambda::Function", function.clone(), function.clone(), json!({"Role": "r"}));
    assert_eq!(found, json!([]));
    let next = json!({"Role": "r", "Code": {"ZipFile": "y"}});
    let found = patched("AWS::Lambda::Function", next, function, json!({"Role": "r"}));
    assert_eq!(found, json!([{"op": "add", "path": "/Code", "value": {"ZipFile": "y"}}]));
}

#[test]
fn a_model_to_create_has_no_nulls_but_those_of_documents() {
    let rule = Catalogue::bundled().get("AWS::Events::Rule").expect("a known type");
    let desired = json!({"ScheduleExpression": null, "EventPattern": {"detail": {"x": [null]}}});
    assert_eq!(create_model(&desired, &rule), json!({"EventPattern": {"detail": {"x": [null]}}}));
}

#[test]
fn what_may_be_fixed_is_sent_again_only_where_the_model_needs_it() {
    let settings = json!({"DeploymentId": "d"});
    let image = |role: &str| json!({"ImagePipelineExecutionSettings": settings, "ExecutionRole": role});
    let found = patched("AWS::ImageBuilder::Image", image("b"), image("a"), json!({"ExecutionRole": "a"}));
    let expected = json!([
        {"op": "replace", "path": "/ExecutionRole", "value": "b"},
        {"op": "add", "path": "/ImagePipelineExecutionSettings", "value": settings},
    ]);
    assert_eq!(found, expected);
    let recipe = json!({"ExecutionRole": "a", "ImageRecipeArn": "r", "InfrastructureConfigurationArn": "i"});
    let mut wanted = image("b");
    wanted["ImageRecipeArn"] = json!("r");
    wanted["InfrastructureConfigurationArn"] = json!("i");
    let mut was = wanted.clone();
    was["ExecutionRole"] = json!("a");
    let found = patched("AWS::ImageBuilder::Image", wanted, was, recipe);
    assert_eq!(found, json!([{"op": "replace", "path": "/ExecutionRole", "value": "b"}]));
}

#[test]
fn what_an_update_must_have_and_cannot_say_is_known_before() {
    let kind = Catalogue::bundled().get("AWS::DocDB::GlobalCluster").expect("a known type");
    let (options, secrets) = (Options::default(), Secrets::new("salt"));
    let context = Context::new(&kind, &options, &secrets);
    let cluster = |protected: bool| json!({"GlobalClusterIdentifier": "g", "SourceDBClusterIdentifier": "s", "DeletionProtection": protected});
    let lost = |live: Json| unsayable(&cluster(true), Some(&cluster(false)), &live, &context);
    let live = json!({"GlobalClusterIdentifier": "g", "DeletionProtection": false});
    assert_eq!(lost(live.clone()), [["SourceDBClusterIdentifier"]]);
    // A read that shows the engine is enough.
    let mut shown = live;
    shown["Engine"] = json!("docdb");
    assert_eq!(lost(shown), [[""; 1]; 0]);
}
