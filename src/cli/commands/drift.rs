//! `evstack drift [STACK]`: what changed outside; takes no lock, changes nothing.

use super::plan::whereabouts;
use crate::apply::peek;
use crate::cli::args::DriftArgs;
use crate::cli::session::Session;
use crate::cli::{Ended, cloud, terminal};
use crate::diff::ResourceDrift;
use crate::ops::plan::refused;
use crate::ops::{self, Failure};
use crate::render::{Paint, drift, json};
use crate::state::open_read;

pub(in crate::cli) async fn run(args: &DriftArgs) -> Result<Ended, Failure> {
    let sessions = Session::all(&args.place, args.stack.as_deref())?;
    let several = sessions.len() > 1;
    let mut documents = Vec::new();
    let mut differs = false;
    for session in &sessions {
        let connection = cloud::connect(session).await?;
        let request = session.request(connection.place.clone())?;
        let loaded = ops::load(&request, Box::new(session.loader()))?;
        let view = open_read(&session.state_folder(), &session.key(&loaded.stack.name))?;
        // An operation that a killed run left is no change from outside.
        let state = peek(&connection.provider, view.state).await.map_err(|fault| refused(&fault))?;
        let rows = ops::drift::look(&loaded, &state, &connection.provider).await?;
        differs |= !rows.iter().all(ResourceDrift::is_as_it_was);
        let at = whereabouts(&loaded, &connection);
        if args.json {
            documents.push(drift::document(&rows, &at));
        } else {
            let paint = Paint { colour: terminal::colours() };
            terminal::print(&drift::text(&rows, &at, args.place.quiet, paint))?;
        }
    }
    if args.json {
        let document = if several { json::plans(documents) } else { documents.pop().unwrap_or_default() };
        terminal::print_json(&document)?;
    }
    Ok(if differs { Ended::Differences } else { Ended::Done })
}
