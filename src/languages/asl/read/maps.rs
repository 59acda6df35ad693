//! Map states: their processor, and for distributed ones where items are read
//! from and results are written to.

use super::values::{amount, path_field, text};
use super::{Fields, Reader};
use crate::languages::asl::definition::{MapState, QueryLanguage, S3Access};
use crate::languages::asl::fields::Shape;
use crate::languages::asl::resource::Resource;
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::Value;

impl Reader {
    pub(super) fn map(
        &mut self,
        name: &str,
        fields: &Fields,
        language: QueryLanguage,
        at: &str,
        depth: usize,
    ) -> Option<MapState> {
        let key = if fields.contains_key("ItemProcessor") { "ItemProcessor" } else { "Iterator" };
        let here = pointer::child(at, key);
        let Some(processor) = fields.get(key) else {
            self.schema(at, format!("map `{name}` needs the field `ItemProcessor`"));
            return None;
        };
        let processor = processor.as_object()?;
        self.only(
            processor,
            &here,
            &["Comment", "StartAt", "States", "ProcessorConfig"],
            "a map's processor",
        );
        let config = processor.get("ProcessorConfig");
        let (distributed, execution_type) = self.processor_config(config, &here);
        if !distributed {
            for key in ["ItemReader", "ResultWriter", "ItemBatcher", "Label"] {
                if fields.contains_key(key) {
                    self.schema(
                        pointer::child(at, key),
                        format!(
                            "field `{key}` of map `{name}` needs a processor whose `Mode` is DISTRIBUTED"
                        ),
                    );
                }
            }
        }
        let processor = self.workflow(processor, &here, depth + 1);
        Some(MapState {
            processor: processor?,
            distributed,
            execution_type,
            items: fields.get("Items").cloned(),
            items_path: path_field(fields, "ItemsPath"),
            selector: fields.get("ItemSelector").or_else(|| fields.get("Parameters")).cloned(),
            reader: self.s3_access(fields, "ItemReader", language, at),
            writer: self.s3_access(fields, "ResultWriter", language, at),
            batcher: fields.get("ItemBatcher").cloned(),
            max_concurrency: amount(fields, "MaxConcurrency"),
            tolerated_failures: amount(fields, "ToleratedFailureCount"),
            tolerated_percentage: amount(fields, "ToleratedFailurePercentage"),
            label: text(fields, "Label"),
        })
    }

    fn processor_config(&mut self, config: Option<&Value>, processor: &str) -> (bool, Option<String>) {
        let here = pointer::child(processor, "ProcessorConfig");
        let Some(config) = config else {
            return (false, None);
        };
        let Some(config) = config.as_object() else {
            self.schema(here, "the value of field `ProcessorConfig` has to be an object");
            return (false, None);
        };
        self.only(config, &here, &["Mode", "ExecutionType"], "`ProcessorConfig`");
        let mode = text(config, "Mode");
        if let Some(mode) = &mode
            && !matches!(mode.as_str(), "INLINE" | "DISTRIBUTED")
            && !is_opaque(mode)
        {
            self.schema(
                pointer::child(&here, "Mode"),
                "the value of field `Mode` has to be INLINE or DISTRIBUTED",
            );
        }
        let distributed = mode.as_deref() == Some("DISTRIBUTED");
        let execution_type = text(config, "ExecutionType");
        match execution_type.as_deref() {
            Some("STANDARD" | "EXPRESS") => {}
            Some(other) if is_opaque(other) => {}
            Some(_) => self.schema(
                pointer::child(&here, "ExecutionType"),
                "the value of field `ExecutionType` has to be STANDARD or EXPRESS",
            ),
            None if distributed => {
                self.schema(
                    here,
                    "a distributed processor needs the field `ExecutionType`: STANDARD or EXPRESS",
                );
            }
            None => {}
        }
        (distributed, execution_type)
    }

    fn s3_access(
        &mut self,
        fields: &Fields,
        key: &str,
        language: QueryLanguage,
        at: &str,
    ) -> Option<S3Access> {
        let here = pointer::child(at, key);
        let access = fields.get(key)?.as_object()?;
        let (field, config) = match language {
            QueryLanguage::JsonPath => {
                ("Parameters", if key == "ItemReader" { "ReaderConfig" } else { "WriterConfig" })
            }
            QueryLanguage::Jsonata => {
                ("Arguments", if key == "ItemReader" { "ReaderConfig" } else { "WriterConfig" })
            }
        };
        self.only(access, &here, &["Resource", field, config], &format!("`{key}`"));
        if let Some(arguments) = access.get(field) {
            Shape::Template.check(
                field,
                arguments,
                language,
                &pointer::child(&here, field),
                &mut self.problems,
            );
        }
        let resource = match access.get("Resource").and_then(Value::as_str).map(Resource::parse) {
            Some(Ok(resource)) => Some(resource),
            Some(Err(message)) => {
                self.problems.push(Problem::new(
                    pointer::child(&here, "Resource"),
                    Kind::InvalidResource,
                    message,
                ));
                None
            }
            None if key == "ItemReader" => {
                self.schema(here.clone(), "field `Resource` is required");
                None
            }
            None => None,
        };
        Some(S3Access {
            pointer: here,
            resource,
            arguments: (field, access.get(field).cloned()),
            config: access.get(config).cloned(),
        })
    }
}
