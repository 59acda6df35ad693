//! Plain scalars by the type that the schema wants: `Version: 1.10` is the text `1.10` where the
//! property is a string.

use crate::schema::ResourceType;
use crate::syntax::{Entry, Node, NodeValue};

/// The node with numbers and booleans as text wherever the schema takes nothing but text.
pub(super) fn coerce(node: &Node, resource_type: &ResourceType) -> Node {
    walk(node, resource_type, &mut Vec::new())
}

fn walk(node: &Node, resource_type: &ResourceType, path: &mut Vec<String>) -> Node {
    let value = match &node.value {
        NodeValue::Object(entries) => NodeValue::Object(
            entries
                .iter()
                .map(|entry| {
                    path.push(entry.key.clone());
                    let value = walk(&entry.value, resource_type, path);
                    path.pop();
                    Entry { key: entry.key.clone(), key_span: entry.key_span, value }
                })
                .collect(),
        ),
        NodeValue::Array(items) => {
            path.push("*".to_owned());
            let items = items.iter().map(|item| walk(item, resource_type, path)).collect();
            path.pop();
            NodeValue::Array(items)
        }
        NodeValue::Number(_) | NodeValue::Bool(_) if wants_text(resource_type, path) => {
            let text = match (&node.raw, &node.value) {
                (Some(raw), _) => raw.to_string(),
                (None, NodeValue::Bool(b)) => b.to_string(),
                (None, NodeValue::Number(n)) => n.to_string(),
                _ => return node.clone(),
            };
            NodeValue::String(text)
        }
        _ => return node.clone(),
    };
    Node { span: node.span, value, raw: None }
}

fn wants_text(resource_type: &ResourceType, path: &[String]) -> bool {
    resource_type.property(path).is_some_and(|schema| schema["type"] == "string")
}
