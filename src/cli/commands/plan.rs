//! `evstack plan [STACK]`: reads live, takes no lock, changes nothing.

use crate::apply::{Outcome, peek, undecided};
use crate::cli::args::{PlanArgs, WantedArgs, WhereArgs};
use crate::cli::cloud::{self, Connection};
use crate::cli::session::Session;
use crate::cli::spelling::Spelling;
use crate::cli::{Ended, command_line, terminal};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, Desired, Json, Live, Value};
use crate::ops::plan::{Made, Wanted, plan, refused};
use crate::ops::rollback::{Failed, Leave, Restoration, Rollback, rollback};
use crate::ops::{self, DiskLoader, Failure, Loaded, Request, saved};
use crate::plan::{IamContext, PermissionContext, Permissions, Plan, SavedPlan, Sections};
use crate::render::plan::Whereabouts;
use crate::render::{Paint, Report, html, json, markdown, plan as text};
use crate::schema::Catalogue;
use crate::state::bucket::Location;
use crate::state::{State, private};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

pub(in crate::cli) async fn run(args: &PlanArgs) -> Result<Ended, Failure> {
    if let (true, Some(path)) = (args.permissions, &args.stack)
        && let Some(saved) = saved::read(Path::new(path))?
    {
        return permissions_of_file(args, &saved).await;
    }
    let sessions = Session::all(&args.place, args.stack.as_deref())?;
    if args.out.is_some() && sessions.len() != 1 {
        return Err(Diagnostic::error(Code::NO_STACK, "`--out` keeps the plan of one stack")
            .hint("name the stack: `evstack plan STACK --out FILE`")
            .into());
    }
    let wanted = wanted(&args.wanted, args.destroy)?;
    let several = sessions.len() > 1;
    let draws = args.markdown || args.html;
    let (mut documents, mut kept) = (Vec::new(), Vec::new());
    let (mut differs, mut refused) = (false, false);
    let mut permissions = Permissions::default();
    for session in &sessions {
        let planned = Planned::make(session, &wanted).await?;
        differs |= !planned.plan.is_empty();
        refused |= planned.is_refused();
        if args.github {
            terminal::annotate(&planned.loaded.warnings, &planned.loaded.sources);
            terminal::annotate(&planned.refusals, &planned.loaded.sources);
        }
        if args.json {
            documents.push(planned.json(args.permissions.then_some(&wanted)));
        } else {
            if !args.place.quiet {
                planned.narrate();
            }
            if args.permissions {
                planned.permit(&mut permissions, &wanted);
            } else if !draws {
                terminal::print(&planned.text(args.place.quiet))?;
            }
            terminal::show(&planned.refusals, &planned.loaded.sources);
        }
        if let Some(path) = args.out.as_ref().filter(|_| !planned.is_refused()) {
            planned.keep(Path::new(path), &wanted).map_err(|failure| planned.spelling.failure(failure))?;
            if !(args.json || draws || args.permissions || args.place.quiet) {
                let path = path.as_str();
                terminal::print(&format!(
                    "\nSaved the plan to: {path}\n\nTo perform exactly these actions, run the following command to apply:\n    evstack apply \"{path}\"\n"
                ))?;
            }
        }
        kept.push(planned);
    }
    if args.markdown {
        let shown = command_line::without(&["--markdown", "--github", "--quiet", "-q"]);
        terminal::print(&drawn(&kept, |reports| markdown::document(reports, &shown)))?;
    }
    if args.html {
        terminal::print(&drawn(&kept, html::page))?;
    }
    if args.permissions && !args.json {
        print_permissions(&permissions)?;
    }
    // The process is about to end: taking a large plan apart piece by piece helps nobody.
    std::mem::forget(kept);
    if args.json {
        let document = if several { json::plans(documents) } else { documents.pop().unwrap_or_default() };
        terminal::print_json(&document)?;
    }
    Ok(match (refused, differs && args.detailed_exitcode) {
        (true, _) => Ended::Failed,
        (false, true) => Ended::Differences,
        (false, false) => Ended::Done,
    })
}

/// One policy as it is attached; several, where one would be too long, as a list of them.
fn print_permissions(permissions: &Permissions) -> Result<(), Failure> {
    let mut documents = permissions.documents();
    match documents.len() {
        0 => {
            terminal::say("Nothing would be called, so no permissions are needed.");
            Ok(())
        }
        1 => terminal::print_json(&documents.pop().unwrap_or_default()),
        count => {
            terminal::say(&format!(
                "IAM takes 6,144 characters in a managed policy: these are {count} policies, to be attached together."
            ));
            terminal::print_json(&Json::Array(documents))
        }
    }
}

/// What carrying out a saved plan needs, if it still fits.
async fn permissions_of_file(args: &PlanArgs, file: &SavedPlan) -> Result<Ended, Failure> {
    if wanted(&args.wanted, args.destroy)? != Wanted::default()
        || args.place.cloud.is_some()
        || args.out.is_some()
        || args.detailed_exitcode
    {
        let message = "a saved plan is looked at as it was made, without other flags";
        return Err(Diagnostic::error(Code::STALE_PLAN, message)
            .hint("give the flags to `evstack plan --out FILE`")
            .into());
    }
    let Reopened { session, connection, request, loaded } = reopened(&args.place, file).await?;
    let wanted = Wanted::from_saved(&file.options);
    let view = session.view_of(&loaded.stack.name, &connection)?;
    let mut state = peek(&connection.provider, view.state).await.map_err(|fault| refused(&fault))?;
    state.adopt_salt(&file.salt);
    let planned = Planned::of(&session, &connection, request, loaded, state, &wanted).await?;
    saved::still_fits(file, &planned.saved(&wanted))?;
    if args.json {
        terminal::print_json(&planned.json(Some(&wanted)))?;
    } else {
        let mut permissions = Permissions::default();
        planned.permit(&mut permissions, &wanted);
        print_permissions(&permissions)?;
    }
    Ok(Ended::Done)
}

/// A saved plan's stack, from the sources in the file.
pub(super) struct Reopened {
    pub(super) session: Session,
    pub(super) connection: Connection,
    pub(super) request: Request,
    pub(super) loaded: Loaded,
}

/// Opens what a saved plan was made from, with today's credentials and secrets.
pub(super) async fn reopened(place: &WhereArgs, saved: &SavedPlan) -> Result<Reopened, Failure> {
    saved::same_config(saved, &place.config)?;
    let mut place = place.clone();
    place.env.clone_from(&saved.env);
    place.cloud.clone_from(&saved.cloud);
    let here = std::env::current_dir()
        .map_err(|error| terminal::unusable(&format!("there is no current folder: {error}")))?;
    let files = saved::files(saved, &DiskLoader::new(here))?;
    let session = Session::of_files(&place, &saved.root, &saved.stack, &files)?;
    let connection = cloud::connect(&session).await?;
    let today = session.request(connection.place.clone())?;
    let request = saved::request(saved, &connection.place, &today.inputs);
    let loaded = ops::load(&request, Box::new(files))?;
    Ok(Reopened { session, connection, request, loaded })
}

/// One document of all plans.
fn drawn(plans: &[Planned], draw: impl Fn(&[Report<'_>]) -> String) -> String {
    let unfinished: Vec<Vec<Address>> = plans.iter().map(|planned| undecided(&planned.state)).collect();
    let reports: Vec<Report<'_>> = plans
        .iter()
        .zip(&unfinished)
        .map(|(planned, unfinished)| Report {
            at: &planned.at,
            plan: &planned.plan,
            refusals: &planned.refusals,
            warnings: &planned.loaded.warnings,
            sources: &planned.loaded.sources,
            unfinished,
            sections: &planned.sections,
        })
        .collect();
    draw(&reports)
}

/// The flags as `ops` takes them.
pub(super) fn wanted(args: &WantedArgs, destroy: bool) -> Result<Wanted, Failure> {
    let addresses = |flag: &str, texts: &[String]| -> Result<Vec<Address>, Failure> {
        texts
            .iter()
            .map(|text| {
                if Address::is_valid(text) {
                    Ok(Address::new(text.as_str()))
                } else {
                    let message = format!("`{flag} {text}` isn't an address");
                    Err(Diagnostic::error(Code::UNKNOWN_TARGET, message)
                        .hint("write it as the plan prints it: `rule.analyseNewReviews`")
                        .into())
                }
            })
            .collect()
    };
    if args.adopt && destroy {
        return Err(Diagnostic::error(Code::UNSUPPORTED, "`--adopt` takes nothing over only to destroy it")
            .hint("what exists and isn't recorded is taken over by `evstack apply --adopt`; destroy it then")
            .into());
    }
    Ok(Wanted {
        targets: addresses("--target", &args.target)?,
        excludes: addresses("--exclude", &args.exclude)?,
        replace: addresses("--replace", &args.replace)?,
        destroy,
        allow_data_loss: args.allow_data_loss,
        refresh: args.refresh,
        adopt: args.adopt,
        skip_drain: args.skip_drain,
        restore: BTreeMap::new(),
    })
}

/// How many resources a note names.
const NAMED: usize = 10;

/// `` `queue.a`, `queue.b`, 3 more ``
fn named(addresses: &[Address]) -> String {
    let mut names: Vec<String> = addresses.iter().take(NAMED).map(|a| format!("`{a}`")).collect();
    if addresses.len() > NAMED {
        names.push(format!("{} more", addresses.len() - NAMED));
    }
    names.join(", ")
}

/// Says what an earlier run left unfinished, and of which of it a look couldn't tell how it ended.
pub(super) fn tell_unfinished(left: &[Address], undecided: &[Address]) {
    if !undecided.is_empty() {
        terminal::say(&format!(
            "note: an earlier run ended while it worked on {}, or still does: what is planned there may be \
             done already; the next apply finds out first",
            named(undecided)
        ));
    }
    let told: Vec<Address> = left.iter().filter(|address| !undecided.contains(address)).cloned().collect();
    if !told.is_empty() {
        terminal::say(&format!(
            "note: an earlier run ended while it worked on {}: how that ended is known, and the next apply \
             records it",
            named(&told)
        ));
    }
}

/// A plan, and all that it was made from.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) loaded: Loaded,
    pub(super) request: Request,
    pub(super) state: State,
    pub(super) live: BTreeMap<Address, Live>,
    /// Why it is shown only.
    pub(super) refusals: Diagnostics,
    sections: Sections,
    at: Whereabouts,
    /// The bucket that the state is in.
    bucket: Option<Location>,
    cloud: Option<String>,
    overlay: Option<String>,
    /// How the commands of its hints are typed.
    pub(super) spelling: Spelling,
    /// What an earlier run worked on when it ended, as the record has it.
    left: Vec<Address>,
}

impl Planned {
    async fn make(session: &Session, wanted: &Wanted) -> Result<Self, Failure> {
        let connection = cloud::connect(session).await?;
        let request = session.request(connection.place.clone())?;
        let loaded = ops::load(&request, Box::new(session.loader()))?;
        let view = session.view_of(&loaded.stack.name, &connection)?;
        let left = undecided(&view.state);
        // As the next apply will find it.
        let state = peek(&connection.provider, view.state).await.map_err(|fault| refused(&fault))?;
        let planned = Self::of(session, &connection, request, loaded, state, wanted).await?;
        Ok(Self { left, ..planned })
    }

    /// From a state that is already read (and perhaps locked).
    pub(super) async fn of(
        session: &Session,
        connection: &Connection,
        request: Request,
        mut loaded: Loaded,
        state: State,
        wanted: &Wanted,
    ) -> Result<Self, Failure> {
        let spelling = Spelling::new(&request, &loaded, session.override_name().as_deref());
        let made = plan(&loaded, &state, &connection.provider, wanted).await;
        let Made { plan, live, warnings, refusals } = made.map_err(|failure| spelling.failure(failure))?;
        loaded.warnings.extend(warnings);
        loaded.warnings.rewrite_hints(|hint| spelling.text(hint));
        let refusals = spelling.hints(refusals);
        let at = whereabouts(&loaded, connection, session);
        let sections = sections(&plan, &loaded, &state, connection);
        let (cloud, overlay) = (session.override_name(), session.overlay().map(str::to_owned));
        let (left, bucket) = (Vec::new(), session.store().location().cloned());
        Ok(Self {
            plan,
            loaded,
            request,
            state,
            live,
            refusals,
            sections,
            at,
            bucket,
            cloud,
            overlay,
            spelling,
            left,
        })
    }

    /// Of the same stack, what goes back to before this plan was carried out.
    pub(super) async fn back(
        self,
        connection: &Connection,
        outcome: &Outcome,
        now: &State,
        leave: Leave,
    ) -> Result<(Self, Restoration), Failure> {
        let Self { plan, loaded, request, state, at, bucket, cloud, overlay, spelling, .. } = self;
        let failed = Failed { plan: &plan, outcome, before: &state, now };
        let back = rollback(loaded, &failed, &connection.provider, leave).await?;
        let Rollback { mut loaded, state, plan, live, restoration } = back;
        loaded.warnings = Diagnostics::new();
        let sections = sections(&plan, &loaded, &state, connection);
        let (refusals, left) = (Diagnostics::new(), Vec::new());
        let back = Self {
            plan,
            loaded,
            request,
            state,
            live,
            refusals,
            sections,
            at,
            bucket,
            cloud,
            overlay,
            spelling,
            left,
        };
        Ok((back, restoration))
    }

    /// Whether it must not be carried out.
    pub(super) fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// What isn't the plan itself: warnings, unfinished operations.
    pub(super) fn narrate(&self) {
        terminal::show(&self.loaded.warnings, &self.loaded.sources);
        tell_unfinished(&self.left, &undecided(&self.state));
    }

    pub(super) fn text(&self, brief: bool) -> String {
        let paint = Paint { colour: terminal::colours() };
        if brief {
            return text::brief(&self.plan, paint);
        }
        text::plan(&self.plan, &self.sections, &self.at, paint)
    }

    /// Adds what applying it needs.
    fn permit(&self, permissions: &mut Permissions, wanted: &Wanted) {
        let recorded_type =
            |address: &Address| self.state.resources.get(address).map(|recorded| recorded.type_name.clone());
        let leftovers: Vec<_> = self
            .state
            .leftovers
            .iter()
            .map(|leftover| (leftover.type_name.clone(), leftover.identifier.clone()))
            .collect();
        let context = PermissionContext {
            catalogue: Catalogue::bundled(),
            place: &self.loaded.stack.place,
            refresh: wanted.refresh,
            adopt: wanted.adopt,
            recorded_type: &recorded_type,
            leftovers: &leftovers,
        };
        permissions.add(&self.plan, &context);
        if let Some(Location { bucket, prefix }) = &self.bucket {
            permissions.add_state(&self.loaded.stack.place.partition, bucket, prefix);
        }
    }

    /// With permissions, if it is told what was wanted.
    fn json(&self, permitted: Option<&Wanted>) -> Json {
        let mut extra = serde_json::Map::new();
        if let Some(wanted) = permitted {
            let mut permissions = Permissions::default();
            self.permit(&mut permissions, wanted);
            extra.insert("permissions".to_owned(), permissions.documents().into());
        }
        let findings: Vec<Json> = self
            .loaded
            .warnings
            .iter()
            .chain(&self.refusals)
            .map(|d| crate::diagnostics::render::json(d, &self.loaded.sources))
            .collect();
        extra.insert("findings".to_owned(), findings.into());
        extra.insert("unfinished".to_owned(), self.state.operations.len().into());
        let mut document = json::plan(&self.plan, &self.sections, &self.at, extra);
        if self.is_refused() {
            document["applyable"] = false.into();
            document["errored"] = true.into();
        }
        document
    }

    /// As a plan file has it.
    pub(super) fn saved(&self, wanted: &Wanted) -> SavedPlan {
        let (cloud, overlay) = (self.cloud.as_deref(), self.overlay.as_deref());
        saved::save(&self.plan, &self.loaded, &self.request, &self.state, wanted, cloud, overlay)
    }

    /// The outputs, where nothing that they read changes.
    pub(super) fn known_outputs(&self) -> Vec<(String, Value)> {
        let named = |name: &str| self.plan.outputs.iter().find(|o| o.name == name)?.after.clone();
        let outputs = self.loaded.resolved.outputs.iter();
        outputs.filter_map(|o| Some((o.name.clone(), named(&o.name)?))).collect()
    }

    fn keep(&self, path: &Path, wanted: &Wanted) -> Result<(), Failure> {
        let same = |name: &str| matches!((path.canonicalize(), Path::new(name).canonicalize()), (Ok(a), Ok(b)) if a == b);
        if self.loaded.sources.iter().any(|(_, source)| same(&source.name)) {
            let message = format!("`--out {}` would write the plan over a file of the stack", path.display());
            return Err(Diagnostic::error(Code::DISK, message)
                .hint("name both: `evstack plan STACK --out FILE`")
                .into());
        }
        // Its state is written by whoever ends what is unfinished, and the plan is stale before it is used.
        if !self.left.is_empty() {
            let message = "a plan can't be saved while operations of an earlier run are unfinished: the apply \
                           ends them first, and then no plan from before fits";
            return Err(Diagnostic::error(Code::UNFINISHED, message)
                .hint(
                    "run `evstack apply` on the stack: it ends them, and asks before it does anything else; \
                       then plan again",
                )
                .into());
        }
        if let Some(name) = self.loaded.stack.written_secrets().first() {
            let message =
                format!("config `{name}` is a secret, and a saved plan carries the file with its `default`");
            return Err(Diagnostic::error(Code::BAD_CONFIG, message)
                .hint(format!("give it from outside: `EVSTACK_CONFIG_{name}`, or the environment's file"))
                .into());
        }
        let write = || {
            let mut file = private().write(true).create(true).truncate(true).open(path)?;
            file.write_all(self.saved(wanted).write().as_bytes())
        };
        write().map_err(|error: std::io::Error| {
            Diagnostic::error(Code::DISK, format!("{} can't be written: {error}", path.display())).into()
        })
    }
}

/// What the plan means beyond its resources. What goes is looked for where it was declared.
fn sections(plan: &Plan, loaded: &Loaded, state: &State, connection: &Connection) -> Sections {
    let declared: OnceCell<HashMap<&Address, &Desired>> = OnceCell::new();
    let place_of = |address: &Address, pointer: &str| {
        let declared =
            declared.get_or_init(|| loaded.resolved.resources.iter().map(|d| (&d.address, d)).collect());
        if let Some(desired) = declared.get(address).filter(|_| !plan.destroy) {
            return Some(loaded.sources.place(desired.span_of(pointer)));
        }
        let recorded = state.resources.get(address)?;
        Some(recorded.place.clone()).filter(|place| !place.is_empty())
    };
    let context =
        IamContext { catalogue: Catalogue::bundled(), place: &loaded.stack.place, place_of: &place_of };
    Sections::of(plan, &context, connection.rate)
}

/// Where a plan looks, for its first line.
pub(super) fn whereabouts(loaded: &Loaded, connection: &Connection, session: &Session) -> Whereabouts {
    Whereabouts {
        stack: loaded.stack.name.clone(),
        env: loaded.stack.env.clone(),
        account: connection.place.account.clone(),
        region: connection.place.region.clone(),
        cloud: connection.shown.clone(),
        state: session.store().location().map(ToString::to_string),
    }
}
