//! A name or an id, and the ARN that stands for it: the schemas' `relationshipRef`.
//!
//! Where a property refers to another type, a service may show the ARN of what was named by its id,
//! or the other way round. They are one where the ARN is what that type's template gives with this
//! id. The partition may be any; region and account have to be those of the resource's own ARN, as
//! far as it has one that says them: the same id elsewhere is another thing.

use crate::model::Json;
use crate::schema::Catalogue;

/// Whether one of two texts is the ARN of what the other names, at a place with this schema. `model`
/// is what is live of the resource.
pub(super) fn stands_for(property: &Json, wanted: &str, there: &str, model: &Json) -> bool {
    let (arn, id) = match (wanted.starts_with("arn:"), there.starts_with("arn:")) {
        (true, false) => (wanted, there),
        (false, true) => (there, wanted),
        _ => return false,
    };
    if id.is_empty() {
        return false;
    }
    let mut types = Vec::new();
    related(property, 0, &mut types);
    types.into_iter().any(|name| {
        let kind = Catalogue::bundled().get(name);
        let template = kind.as_ref().and_then(|kind| kind.arn_template.as_deref());
        template.is_some_and(|template| is_of(template, arn, id, own(model)))
    })
}

/// The types that a place refers to.
fn related<'p>(property: &'p Json, depth: usize, into: &mut Vec<&'p str>) {
    if let Some(name) = property.pointer("/relationshipRef/typeName").and_then(Json::as_str)
        && !into.contains(&name)
    {
        into.push(name);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if depth < 4 {
            let inner = property.get(key).and_then(Json::as_array).into_iter().flatten();
            inner.for_each(|alternative| related(alternative, depth + 1, into));
        }
    }
}

/// Region and account of the resource itself, from the ARN that a read shows.
fn own(model: &Json) -> Option<(&str, &str)> {
    let members = model.as_object()?.iter().filter(|(key, _)| key.ends_with("Arn") || key.ends_with("ARN"));
    let arns = members.filter_map(|(key, value)| Some((key, value.as_str()?)));
    // Its own comes before those of others: `Arn` before `RoleArn`.
    let (_, arn) = arns.min_by_key(|(key, _)| key.len())?;
    let mut parts = arn.split(':').skip(3);
    Some((parts.next()?, parts.next()?))
}

/// Whether a template with this id gives the ARN.
fn is_of(template: &str, arn: &str, id: &str, own: Option<(&str, &str)>) -> bool {
    let template: Vec<&str> = template.splitn(6, ':').collect();
    let arn: Vec<&str> = arn.splitn(6, ':').collect();
    let (["arn", _, service, region, account, resource], ["arn", partition, of, at, by, what]) =
        (&template[..], &arn[..])
    else {
        return false;
    };
    let fits = |wanted: &str, found: &str, own: &str| {
        if wanted.starts_with("${") {
            !found.is_empty() && (own.is_empty() || own == found)
        } else {
            wanted == found
        }
    };
    let (here, ours) = own.unwrap_or(("", ""));
    let (Some((before, rest)), true) = (resource.split_once("${"), partition.starts_with("aws")) else {
        return false;
    };
    let Some((_, after)) = rest.split_once('}') else { return false };
    if service != of || after.contains("${") || !fits(region, at, here) || !fits(account, by, ours) {
        return false;
    }
    let named = what.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    // An alias is named with what stands before it: `alias/x`.
    named.is_some_and(|name| name == id || (!before.is_empty() && id.strip_prefix(before) == Some(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff;
    use crate::model::{Options, Secrets, Value};
    use serde_json::json;

    #[test]
    fn an_id_is_its_arn_in_the_same_place() {
        let template = "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}";
        let key = "arn:aws:kms:eu-west-1:123456789012:key/abc";
        assert!(is_of(template, key, "abc", None) && is_of(template, key, "key/abc", None));
        assert!(is_of(template, key, "abc", Some(("eu-west-1", "123456789012"))));
        assert!(is_of(template, "arn:aws-cn:kms:eu-west-1:123456789012:key/abc", "abc", None));
        assert!(!is_of(template, key, "abc", Some(("eu-west-2", "123456789012"))));
        assert!(!is_of(template, key, "abc", Some(("eu-west-1", "210987654321"))));
        assert!(!is_of(template, key, "ab", None) && !is_of(template, key, "bc", None));
        assert!(!is_of(template, "arn:aws:sqs:eu-west-1:123456789012:key/abc", "abc", None));
        assert!(!is_of("arn:${Partition}:iam::${Account}:role/${Name}", key, "abc", None));
    }

    #[test]
    fn a_read_may_show_the_arn_of_what_a_property_names() {
        let kind = Catalogue::bundled().get("AWS::EC2::VPCEndpoint").expect("it exists");
        let (options, secrets) = (Options::default(), Secrets::new("salt"));
        let context = diff::Context::new(&kind, &options, &secrets);
        let endpoint = |subnets: &[&str]| json!({"SubnetIds": subnets, "ServiceName": "s"});
        let is_empty = |wanted: &str, there: &str| {
            let desired = Value::from(endpoint(&[wanted]));
            diff::diff(&desired, None, &endpoint(&[there]), &context).is_empty()
        };
        let arn = "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1";
        assert!(is_empty("subnet-1", arn) && is_empty(arn, "subnet-1"));
        assert!(!is_empty("subnet-2", arn) && !is_empty("subnet-1", &arn.replace("subnet/", "vpc/")));
    }

    #[test]
    fn the_bundle_keeps_what_properties_refer_to() {
        fn count(node: &Json) -> usize {
            match node {
                Json::Object(members) => {
                    usize::from(members.contains_key("relationshipRef"))
                        + members.values().map(count).sum::<usize>()
                }
                Json::Array(items) => items.iter().map(count).sum(),
                _ => 0,
            }
        }
        let catalogue = Catalogue::bundled();
        let counts: Vec<usize> = catalogue
            .type_names()
            .filter_map(|name| catalogue.get(name))
            .map(|kind| count(&kind.schema))
            .filter(|count| *count > 0)
            .collect();
        assert_eq!((counts.len(), counts.iter().sum::<usize>()), (24, 79));
    }
}
