//! The command line as data.

use crate::local::{Preset, Share};
use clap::{ArgAction, Args, Parser, Subcommand};

/// Event-driven systems on AWS, declared in one file.
#[derive(Debug, Parser)]
#[command(name = "evstack", version = env!("CARGO_PKG_VERSION"), disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what would change; change nothing
    Plan(PlanArgs),
    /// Show what would change, ask, and do it
    Apply(ApplyOrBackArgs),
    /// Take everything away, in reverse order
    Destroy(ApplyArgs),
    /// Find every mistake that can be known without a cloud
    Check(CheckArgs),
    /// Show what changed since the last apply though nobody applied anything; accept it, or set it back
    Drift(DriftArgs),
    /// Record an existing resource as what is declared; change nothing in the cloud
    Import(ImportArgs),
    /// Look at the recorded state, or change it alone
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Print the outputs of the last apply
    Output(OutputArgs),
    /// Explain a resource type, a kind or a diagnostic's code
    Explain(ExplainArgs),
    /// Write the stack in another tool's format
    Export(ExportArgs),
    /// Serve the local cloud
    Local(LocalArgs),
}

/// Where a stack lives, and its inputs.
#[derive(Debug, Clone, Args)]
pub(super) struct WhereArgs {
    /// Environment: `<stack>.<env>.yaml` beside the stack file says where it lives
    #[arg(long, env = "EVSTACK_ENV", default_value = "local", value_name = "NAME")]
    pub(super) env: String,
    /// Where to go instead of the environment's own cloud
    #[arg(long, value_name = "local|aws|URL", value_parser = cloud)]
    pub(super) cloud: Option<String>,
    /// A config value; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(super) config: Vec<(String, String)>,
    /// Print only errors, the line that sums up, and outputs; what is to be approved is shown whole
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Also say what is tried again while it works, and why
    #[arg(long, short, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

/// What a plan is about.
#[derive(Debug, Clone, Args)]
pub(super) struct WantedArgs {
    /// Only this address and what it needs; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(super) target: Vec<String>,
    /// All but this address and what needs it; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(super) exclude: Vec<String>,
    /// Replace this address though nothing asks for it; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(super) replace: Vec<String>,
    /// Whether to read what is there; `false` trusts the record
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    pub(super) refresh: bool,
    /// Look for what exists and isn't recorded, and take it over instead of creating it
    #[arg(long)]
    pub(super) adopt: bool,
    /// Delete or replace also what is protected because it holds data
    #[arg(long)]
    pub(super) allow_data_loss: bool,
    /// Don't wait until queues that say `drain` are empty before they go
    #[arg(long)]
    pub(super) skip_drain: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The stack file; `evstack.yaml` here or all of `stacks/` unless named
    pub(super) stack: Option<String>,
    #[command(flatten)]
    pub(super) place: WhereArgs,
    #[command(flatten)]
    pub(super) wanted: WantedArgs,
    /// Plan to take everything away
    #[arg(long)]
    pub(super) destroy: bool,
    /// Write the plan to a file, for `evstack apply FILE`
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<String>,
    /// Exit with 2 when something would change
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    /// As a comment on a pull request, in GitHub's Markdown and under its limit
    #[arg(long, conflicts_with = "json")]
    pub(super) markdown: bool,
    /// As one page of HTML, with a picture of what needs what
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    pub(super) html: bool,
    /// Show mistakes also as annotations of GitHub Actions, on stderr
    #[arg(long)]
    pub(super) github: bool,
    /// Print the IAM policy that applying it needs, instead of the plan; of a saved plan too
    #[arg(long, conflicts_with_all = ["markdown", "html"])]
    pub(super) permissions: bool,
}

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// The stack file; `apply` also takes a plan that `plan --out` wrote
    pub(super) stack: Option<String>,
    #[command(flatten)]
    pub(super) place: WhereArgs,
    #[command(flatten)]
    pub(super) wanted: WantedArgs,
    /// Don't ask
    #[arg(long, visible_alias = "auto-approve", short = 'y')]
    pub(super) yes: bool,
    /// As JSON lines
    #[arg(long)]
    pub(super) json: bool,
    /// Show mistakes also as annotations of GitHub Actions, on stderr
    #[arg(long)]
    pub(super) github: bool,
    /// How many operations at once
    #[arg(long, value_name = "N", default_value_t = 512, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) parallelism: u16,
}

#[derive(Debug, Args)]
pub(super) struct ApplyOrBackArgs {
    #[command(flatten)]
    pub(super) apply: ApplyArgs,
    /// If it fails, go back to what was recorded before it, by a plan that is shown and asked for;
    /// `--yes` agrees to that too
    #[arg(long)]
    pub(super) rollback: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The stack file; `evstack.yaml` here or all of `stacks/` unless named
    pub(super) stack: Option<String>,
    #[command(flatten)]
    pub(super) place: WhereArgs,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    /// As SARIF 2.1.0, for code scanning and editors
    #[arg(long, conflicts_with = "json")]
    pub(super) sarif: bool,
    /// Show mistakes also as annotations of GitHub Actions, on stderr
    #[arg(long)]
    pub(super) github: bool,
}

#[derive(Debug, Args)]
pub(super) struct DriftArgs {
    /// The stack file; `evstack.yaml` here or all of `stacks/` unless named
    pub(super) stack: Option<String>,
    #[command(flatten)]
    pub(super) place: WhereArgs,
    /// Make the record say what is there: of these addresses, or of all that drifted
    #[arg(long, value_name = "ADDRESS", num_args = 0.., conflicts_with = "revert")]
    pub(super) accept: Option<Vec<String>>,
    /// Set back what was declared or is gone, to what the record says: of these addresses, or of all
    #[arg(long, value_name = "ADDRESS", num_args = 0..)]
    pub(super) revert: Option<Vec<String>>,
    /// Whether to look for what others added to buses, machines and queues of the stack
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    pub(super) foreign: bool,
    /// With `--revert`: set back also what nobody declared
    #[arg(long, requires = "revert", conflicts_with = "accept")]
    pub(super) undeclared: bool,
    /// With `--revert`: replace also what is protected because it holds data
    #[arg(long, requires = "revert", conflicts_with = "accept")]
    pub(super) allow_data_loss: bool,
    /// Don't ask
    #[arg(long, visible_alias = "auto-approve", short = 'y')]
    pub(super) yes: bool,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    /// As a comment on a pull request or an issue, in GitHub's Markdown and under its limit
    #[arg(long, conflicts_with_all = ["json", "accept", "revert"])]
    pub(super) markdown: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// List what is recorded
    List {
        /// Only addresses that begin with this
        prefix: Option<String>,
        #[command(flatten)]
        stack: StackArgs,
    },
    /// Show one recorded resource
    Show {
        /// As `state list` prints it
        address: String,
        #[command(flatten)]
        stack: StackArgs,
    },
    /// Record a resource and its parts under another address; the cloud isn't touched
    Mv {
        /// As `state list` prints it
        from: String,
        /// What it is called from now on
        to: String,
        #[command(flatten)]
        edit: EditArgs,
    },
    /// Let go of resources and their parts; they stay in the cloud
    Rm {
        /// As `state list` prints them
        #[arg(required = true, value_name = "ADDRESS")]
        addresses: Vec<String>,
        #[command(flatten)]
        edit: EditArgs,
    },
    /// Print the whole state, secrets as hashes
    Pull {
        #[command(flatten)]
        stack: StackArgs,
    },
    /// Put a state that was pulled in the place of the one that is there
    Push(PushArgs),
}

impl StateCommand {
    /// Whether JSON is asked for.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::List { stack, .. } | Self::Show { stack, .. } | Self::Pull { stack } => stack.json,
            Self::Mv { edit, .. } | Self::Rm { edit, .. } => edit.stack.json,
            Self::Push(args) => args.stack.json,
        }
    }
}

/// A change of the record alone.
#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// Only say what would be done
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) stack: StackArgs,
}

#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// What `state pull` wrote; `-` reads it from stdin
    pub(super) file: String,
    /// Also one of another lineage, of an earlier serial, or without operations that are unfinished
    #[arg(long)]
    pub(super) force: bool,
    /// Only say what would be done
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) stack: StackArgs,
}

#[derive(Debug, Args)]
pub(super) struct StackArgs {
    /// The stack file; `evstack.yaml` here or all of `stacks/` unless named
    #[arg(long)]
    pub(super) stack: Option<String>,
    #[command(flatten)]
    pub(super) place: WhereArgs,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// What it is declared as, a part too: `queue.orders.deadLetter`
    pub(super) address: String,
    /// Cloud Control's identifier of it; compound ones are joined with `|`
    pub(super) identifier: String,
    /// Take it over though its tags say that it belongs to another stack
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) stack: StackArgs,
}

#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// One output, as plain text
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) stack: StackArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// `AWS::Events::Rule`, `rule`, `options`, `E0207`; without a name, what there is
    pub(super) name: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The stack file; `evstack.yaml` here unless named
    pub(super) stack: Option<String>,
    #[command(flatten)]
    pub(super) place: WhereArgs,
    /// In which format
    #[arg(long, value_parser = ["cloudformation"])]
    pub(super) format: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum LocalCommand {
    /// List everything that exists in the local cloud, and who made it
    Inventory(InventoryArgs),
}

#[derive(Debug, Args)]
pub(super) struct InventoryArgs {
    /// Where its data lies, instead of `.evstack/local`
    #[arg(long, value_name = "FOLDER")]
    pub(super) data: Option<String>,
    /// As JSON, with all properties
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct LocalArgs {
    #[command(subcommand)]
    pub(super) command: Option<LocalCommand>,
    /// Where to listen; may be given several times
    #[arg(long, value_name = "PORT", default_value = "4566")]
    pub(super) port: Vec<u16>,
    /// Where its data lies, instead of `.evstack/local`
    #[arg(long, value_name = "FOLDER")]
    pub(super) data: Option<String>,
    /// On which address; anything but loopback lets others in
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) host: std::net::IpAddr,
    /// How it behaves: does everything at once, takes as long as AWS, or does all that can go wrong
    #[arg(long, value_name = "instant|aws|adversary", default_value = "instant", value_parser = profile)]
    pub(super) profile: Preset,
    /// Milliseconds that each operation takes, whatever its type
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(0..=86_400_000))]
    pub(super) latency: Option<u32>,
    /// The share of calls, and of operations, that are throttled: 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) throttle: Option<Share>,
    /// The share of operations that fail, half of them after they have done their work: 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) faults: Option<Share>,
    /// What all its choices follow from; kept by the data folder for ever
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

fn profile(text: &str) -> Result<Preset, String> {
    Preset::named(text).ok_or_else(|| "write `instant`, `aws` or `adversary`".to_owned())
}

fn share(text: &str) -> Result<Share, String> {
    let number: f64 = text.parse().map_err(|_| "write a number from 0 to 1".to_owned())?;
    Share::try_from(number)
}

fn cloud(text: &str) -> Result<String, String> {
    let url = text.starts_with("http://") || text.starts_with("https://");
    if url || matches!(text, "local" | "aws") {
        return Ok(text.to_owned());
    }
    Err("write `local`, `aws` or a URL".to_owned())
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
