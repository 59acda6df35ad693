//! The stable codes. A code is never reused and never changes its meaning.

use std::fmt;

/// A stable code such as `E0207`. The table below is the only place that makes one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    /// `E0207`.
    pub id: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What it means and what to do, for `evstack explain E0207`.
    pub explanation: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

macro_rules! codes {
    ($($name:ident = $id:literal $title:literal $explanation:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $name: Code = Code { id: $id, title: $title, explanation: $explanation };)*
        }
        const ALL: &[Code] = &[$(Code::$name),*];
    };
}

// E01xx: reading a file. E02xx: the language. E03xx: kinds and references. E04xx: what the schema
// refuses. E05xx: plan and apply. E06xx: state and environments. E07xx: what a cloud answered.
codes! {
    SYNTAX = "E0101" "the file isn't valid YAML, TOML or JSON"
        "Reading YAML stops at the place shown; TOML and JSON are read on where that is possible. YAML is read as YAML 1.2 with the core schema: `on`, `yes` and `no` are plain strings.";
    DUPLICATE_KEY = "E0102" "a key stands twice in one mapping"
        "Most parsers keep the last one and say nothing. Remove one of the two, or merge them.";
    TOO_DEEP = "E0103" "the file is nested too deeply"
        "A file may nest 64 levels deep, and files may include each other 64 levels deep.";
    TOO_LARGE = "E0104" "the file is too large"
        "A file may have 4 MiB, and 200,000 nodes and 16 MiB of text after its aliases are expanded.";
    UNREADABLE = "E0105" "a file can't be read"
        "The file named by `include`, `definition`, `detail`, `template` or `page` is looked for beside the file that names it. Files with structure are named `.yaml`, `.toml` or `.json`.";
    UNKNOWN_KEY = "E0201" "a key is not known here"
        "`evstack explain KIND` lists the keys of a kind.";
    WRONG_TYPE = "E0202" "a value has the wrong type"
        "The message says which type is expected.";
    MISSING_KEY = "E0203" "a required key is missing"
        "`evstack explain KIND` marks what is required.";
    BAD_NAME = "E0204" "a name isn't allowed"
        "Names are identifiers (`[A-Za-z][A-Za-z0-9_]*`); the stack's own name matches `[a-z][a-z0-9-]*`.";
    BAD_EXPRESSION = "E0205" "an expression can't be read or evaluated"
        "`${…}` is a CEL expression over addresses and `config`, `variables`, `event`, `aws`, `stack`. A literal `${` is written `$${`. An expression may have 4 KiB, loops and texts in it are bounded, and so is what all expressions of a stack make together. Where a field must be known at load, attributes of resources can't stand.";
    BAD_CONFIG = "E0206" "a config value doesn't fit its declaration"
        "Values come from the default, the overlay of the environment, `EVSTACK_CONFIG_<NAME>` and `--config name=value`, the last wins.";
    UNKNOWN_REFERENCE = "E0207" "a reference names nothing that is declared"
        "References are addresses (`queue.claims`); kinds' keys are plural, addresses singular. `config.x`, `variables.x`, `event.x` and `imports.x` must be declared, an imported stack applied.";
    UNKNOWN_ATTRIBUTE = "E0208" "a reference names an attribute that the type doesn't have"
        "Any property of the type's schema can be read by its CloudFormation name; `evstack explain KIND` lists a kind's own attributes besides.";
    DUPLICATE = "E0209" "something is declared twice"
        "An address may be declared once, in one file; so may a config, a variable, an output, and an environment. An alias belongs to one declaration.";
    INCLUDE_CYCLE = "E0210" "files include each other"
        "A fragment is included once, by one file.";
    BAD_VALUE = "E0211" "a value isn't one of those allowed"
        "The message says what is allowed.";
    UNSUPPORTED = "E0212" "something is not supported"
        "The message names it. Nothing pretends to work.";
    CYCLE = "E0301" "declarations depend on each other in a circle"
        "No order could create them. Each edge of the circle is shown; one of them must go.";
    WRONG_KIND = "E0302" "a reference names a thing of the wrong kind"
        "The message says which kinds fit.";
    NO_PERMISSION_KNOWN = "E0303" "the permissions of a state can't be known from the definition"
        "A role is made from exactly what the definition uses. Where a target is chosen at run time, say what is allowed with `grants: [{allow: [actions], on: [ARNs]}]`.";
    BAD_DEFINITION = "E0304" "a definition isn't a valid state machine"
        "The message names the state and the field.";
    BAD_PATTERN = "E0305" "an event pattern isn't valid"
        "EventBridge would refuse it; the message says which part.";
    NAME_CLASH = "E0306" "two resources would have the same identity"
        "Two declarations of one type have the same physical name. Give one of them another `name`.";
    UNKNOWN_TYPE = "E0401" "the resource type is not known"
        "The bundle holds every type of CloudFormation's registry of the day that `evstack --version` shows.";
    UNPROVISIONABLE_TYPE = "E0402" "Cloud Control can't manage the type"
        "The type has no create, read and delete handlers.";
    MISSING_PROPERTY = "E0403" "a required property is missing"
        "`evstack explain TYPE` marks what is required.";
    REFUSED_PROPERTY = "E0404" "the schema refuses a property"
        "The resource type's schema says what is allowed; `evstack explain TYPE` shows it. All properties of a resource together may have 262,144 characters, which is what Cloud Control takes.";
    COMPUTED_PROPERTY = "E0405" "a computed property can't be set"
        "The service decides the value; read it with `${address.Property}` instead.";
    TOO_LONG = "E0406" "a policy or a pattern is longer than its service takes"
        "Without white space IAM takes 10,240 characters of all inline policies of a role together (2,048 of a user, 5,120 of a group), 6,144 of a managed policy and 8,192 of a trust policy; EventBridge takes 4,096 of a pattern. No quota raises these.";
    OVER_QUOTA = "E0407" "something is longer than an account may have by default"
        "Service Quotas can raise it: a trust policy's 2,048 characters up to 8,192, an event pattern's 2,048 up to 4,096. The local cloud refuses a pattern above the default.";
    DEPRECATED_PROPERTY = "E0408" "a deprecated property is declared"
        "The registry says that the property is better not used any more; it works as before. What to use instead, the registry doesn't say: the service's own guide does.";
    PROTECTED = "E0501" "a protected resource would be deleted or replaced"
        "What a kind protects by default goes with `--allow-data-loss`; `protect: true` in the stack file must be edited away first.";
    STALE_PLAN = "E0502" "a saved plan no longer fits"
        "State or live changed since the plan was made. Plan again.";
    APPLY_FAILED = "E0503" "an operation failed"
        "The service's own words are shown, at the line of the stack file that they are about. What depends on it was not started; everything else was finished.";
    PROMISE_BROKEN = "E0504" "the service answered otherwise than the plan said"
        "A value that was known at plan time came out differently. What would have been built on it was not started. As a warning: an update is done, and a read after it shows something otherwise than it was asked for; what was evstack's stays so, and the next plan shows what is left to do.";
    UNKNOWN_TARGET = "E0505" "`--target`, `--exclude` or `--replace` names nothing"
        "Give an address as the plan prints it, such as `rule.analyseNewReviews`. What one flag asks for and another leaves out names nothing either.";
    NOT_APPROVED = "E0506" "nothing approved the plan"
        "Only `yes` approves. Without a terminal, pass `--yes`.";
    NOTHING_TO_IMPORT = "E0507" "what is to be taken over isn't there"
        "`options.import` names the identifier of a resource that exists; a read found none.";
    UNKNOWN_OUTPUT = "E0508" "no output has that name"
        "Outputs are declared under `outputs`, and known after `evstack apply`.";
    SECRET_OUTPUT = "E0509" "an output is secret"
        "Of a secret only a salted hash is kept, by which a change is noticed; nobody can read it back. Look it up where it comes from.";
    CANNOT_IMPORT = "E0510" "what is to be taken over can't become what is declared"
        "`options.import` names a resource whose create-only properties have other values. Declare those that it has, or let evstack create one of its own.";
    ALREADY_RECORDED = "E0511" "what is to be taken over is recorded already"
        "A resource belongs to one address of one state. `evstack state list` shows what is recorded; what was renamed keeps its record by `options: {aliases: […]}`, or by `evstack state mv`.";
    FOREIGN_OWNER = "E0512" "what is to be taken over or to go belongs to another stack"
        "evstack tags what it makes with `evstack:stack`, `evstack:env` and `evstack:address`. Two stacks that manage one resource undo each other's changes, so the tags are believed. `evstack import ADDRESS IDENTIFIER --force` takes it over all the same: let the other stack forget it first. What another stack took over since isn't deleted by this one: `evstack state rm ADDRESS` lets go of it.";
    AMBIGUOUS = "E0513" "what a declaration means can't be told"
        "`--adopt` takes over what is found without doubt. Of two resources that fit equally none is taken; `evstack import ADDRESS IDENTIFIER` says which one is meant.";
    RENAMED = "E0514" "a declaration looks renamed"
        "What goes and what comes are the same resource, or are declared alike. The same resource, by its identifier, keeps its record and isn't deleted. What only looks alike is deleted and created as the file says, unless `options: {aliases: […]}` or `evstack state mv` says that it is the same.";
    CANNOT_UPDATE = "E0515" "an update can't be asked for"
        "Cloud Control patches what a read shows, and holds the whole against the type's schema. Where the schema requires a property that no read shows, it must be sent with every update; where it is create-only too, it can't be. Such a resource stays as it was made: set the change back, or replace it with `--replace ADDRESS`.";
    NOT_DRAINED = "E0516" "a queue isn't empty after the time that it was given"
        "`options: {drain: 10m}` waits until a queue that goes is empty: first those who send to it go or turn away, then it is waited for, then its consumers and itself go. What is still in it after that time is said, and neither the queue nor its consumers were deleted. Run `evstack apply` (or `destroy`) again to go on waiting; a longer `drain` gives it more time, and `--skip-drain` lets it go with what is in it. Messages that nobody takes, those of a dead-letter queue for example, never leave by themselves.";
    EXCHANGED = "E0517" "names are exchanged, and none can go first"
        "One resource is to have the name of another, which is to have the first one's (or goes only after it): a new one is made before the old one goes, and two can't have a name at once. A chain of names is put in order by itself; an exchange takes two applies, by way of a third name. With `options: {deleteBeforeReplace: true}` on one of them that one goes first, with what is in it.";
    CANNOT_REVERT = "E0520" "what drifted can't be set back"
        "The record has a secret by its hash alone, and the stack file has another by now. `evstack apply` goes to what the stack file says.";
    IDLE_IGNORE = "E0521" "an entry of `drift.ignore` does nothing"
        "Its `until` is over, so that the drift is told again; or nothing that drifted fits it. Remove it, or give it another day.";
    NOT_RESTORED = "E0522" "something isn't as it was after a rollback"
        "`evstack apply --rollback` goes back to what was recorded before the apply that failed. Data that went with a resource, secrets of which only the hash is recorded, and identifiers that AWS makes up don't come back; what is protected, or may hold data by now, stays as it is. All of it is named before anything is done.";
    LOCKED = "E0601" "another run holds the state"
        "The message names the holder. A lock in a folder goes with its process, even when that is killed. State in S3 is held by a lease: once its holder has been silent for all of it, the next run takes it over.";
    BAD_STATE = "E0602" "the state can't be read"
        "The file is kept as it is. A state file of a later version needs a later evstack.";
    NO_ENVIRONMENT = "E0603" "the environment isn't declared"
        "Any environment but `local` needs a file `<stack>.<env>.yaml` beside the stack file.";
    WRONG_ACCOUNT = "E0604" "the credentials belong to another account"
        "Nothing was read or changed.";
    NO_STACK = "E0605" "no stack is found"
        "Without an argument, `evstack.yaml` (.toml, .json) here is taken, else every stack in `stacks/`.";
    DISK = "E0606" "a file can't be written"
        "Nothing acknowledged is lost: state is snapshot plus journal.";
    UNFINISHED = "E0607" "an earlier run left operations unfinished"
        "A run that was killed may have begun what nobody knows the end of. `evstack apply` looks into each such operation before it plans; a change of the record alone would forget it.";
    TAKEN_OVER = "E0608" "the state isn't surely this run's any more"
        "State in S3 is held by a lease that its holder renews. A run that was silent for longer than its lease (stopped, asleep, cut off) may have been taken for dead, and another may have picked up what it left; the message says whether that is known. Such a run begins nothing more. Run again.";
    BUCKET = "E0609" "the state's bucket can't be used"
        "The message has S3's own words. State in S3 needs a bucket that exists, conditional writes, and s3:GetObject, s3:PutObject and s3:DeleteObject on the prefix and s3:ListBucket on the bucket, for the credentials that the environment deploys with.";
    SEALED = "E0610" "the state is encrypted"
        "State at rest is encrypted where EVSTACK_STATE_PASSPHRASE is set, and can then only be read with the same passphrase: nobody can recover one that is lost. It has at least 16 characters. What can't be opened is left as it is.";
    OTHER_CLOUD = "E0611" "what is recorded is in another cloud"
        "A state remembers the cloud that its resources are in: the account and region of AWS, a local cloud's data folder, an endpoint's URL. Read in another one, all of them would seem gone: a plan would make them there once more, and a destroy would forget what still exists. The message names both. Set the environment's `cloud` back, use another environment for the other cloud, or let go of what is recorded with `evstack state rm`: it stays where it is. A state that records nothing goes to any cloud, so destroying there first is a way too.";
    CLOUD = "E0701" "the cloud refused a request"
        "The service's own words, with operation, type, code and request id.";
    UNREACHABLE = "E0702" "the cloud can't be reached"
        "The endpoint didn't answer. Whether an operation under way was done is asked at the next run.";
    LOCAL_BUSY = "E0703" "the local cloud's data is in use"
        "Another process holds it without serving it. Wait for it, or run `evstack local`, which serves everyone.";
    LOCAL_DATA = "E0704" "the local cloud's data can't be used"
        "`.evstack/local/data.sqlite` is damaged or of another version. Moved away, the local cloud starts empty.";
    LOCAL_SEED = "E0705" "the local cloud has another seed"
        "A data folder keeps the seed with which it was made: what it has invented follows from it. Another seed needs a folder of its own.";
}

/// Every code, in the order of the table.
#[must_use]
pub fn codes() -> &'static [Code] {
    ALL
}

/// The code of that id, whatever its case.
#[must_use]
pub fn code_named(id: &str) -> Option<Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}
