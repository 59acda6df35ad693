//! What a kind is, as data: its keys for reading and for `evstack explain`.

use super::expander::Expander;
use crate::spec::Declaration;

/// A friendly key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// As it is written.
    pub name: &'static str,
    /// What may stand there: `duration`, `target, or a list of them`.
    pub form: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it is shown; what isn't supported has an answer of its own, but isn't offered.
    pub shown: bool,
}

impl Field {
    /// A key that may be left out.
    pub(super) const fn optional(name: &'static str, form: &'static str, about: &'static str) -> Self {
        Self { name, form, about, required: false, shown: true }
    }

    /// A key that must be there.
    pub(super) const fn required(name: &'static str, form: &'static str, about: &'static str) -> Self {
        Self { name, form, about, required: true, shown: true }
    }

    /// A key that is understood, but refused with a hint.
    pub(super) const fn refused(name: &'static str) -> Self {
        Self { name, form: "", about: "", required: false, shown: false }
    }
}

/// A resource that a kind makes beside its main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The last piece of its address.
    pub name: &'static str,
    /// Its CloudFormation type.
    pub type_name: &'static str,
    /// When it is made and what for.
    pub about: &'static str,
}

/// One kind.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The key in a stack file: `rules`.
    pub key: &'static str,
    /// The first piece of an address: `rule`.
    pub singular: &'static str,
    /// One line.
    pub about: &'static str,
    /// The main resource's type; none for contracts and raw resources.
    pub type_name: Option<&'static str>,
    /// Its friendly keys, without those that every kind has.
    pub fields: &'static [Field],
    /// Its parts.
    pub parts: &'static [Part],
    /// Its own attributes beside the type's properties: name and meaning.
    pub attributes: &'static [(&'static str, &'static str)],
    /// Makes the resources of one declaration.
    pub(super) expand: fn(&mut Expander<'_>, &Declaration),
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key)
    }
}

/// The keys that every kind with a main resource has.
pub(super) const COMMON: &[Field] = &[
    Field::optional("name", "string", "the physical name, instead of `<stack>-<env>-<name>`"),
    Field::optional("description", "string", "a line for people, where the type has a description"),
    Field::optional("tags", "mapping of strings", "more tags"),
    Field::optional(
        "properties",
        "mapping",
        "CloudFormation properties, merged over the main resource verbatim",
    ),
    Field::optional("parts", "mapping of part to `{properties}`", "the same for its parts"),
    Field::optional(
        "options",
        "mapping",
        "how the engine treats it: protect, ignoreChanges, dependsOn, when, …",
    ),
];

/// Every kind, in the order in which a reader of a stack meets them.
#[must_use]
pub fn kinds() -> &'static [Kind] {
    const KINDS: &[Kind] = &[
        super::event::KIND,
        super::bus::KIND,
        super::rule::KIND,
        super::pipe::KIND,
        super::state_machine::KIND,
        super::table::KIND,
        super::queue::KIND,
        super::topic::KIND,
        super::api::KIND,
        super::email::KIND,
        super::schedule::KIND,
        super::destination::KIND,
        super::raw::KIND,
    ];
    KINDS
}

/// The kind of that name, plural or singular.
#[must_use]
pub fn kind_named(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|k| k.key == name || k.singular == name)
}

impl Kind {
    /// All keys that a declaration of it may have.
    pub fn all_fields(&self) -> impl Iterator<Item = &Field> {
        self.understood().filter(|field| field.shown)
    }

    /// The same with those that are refused with a hint.
    pub(super) fn understood(&self) -> impl Iterator<Item = &Field> {
        let common: &'static [Field] = if self.type_name.is_some() { COMMON } else { &[] };
        self.fields.iter().chain(common)
    }
}
