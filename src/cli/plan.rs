//! `plan`: survey and decisions become a plan.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::place::PlaceArguments;
use super::survey::{migrated, remarks, warn, warn_of_entries};
use super::{output, progress};
use crate::domain::accepted::Accepted;
use crate::domain::conflict::{Choice, Code};
use crate::domain::decision::Contact;
use crate::domain::departure::Departures;
use crate::domain::plan::Plan;
use crate::domain::retire::{RetireCounts, not_looked_into};
use crate::engine::after_schema::{AskedSchema, GivenSchema};
use crate::engine::decisions;
use crate::engine::fit::Said;
use crate::engine::session::Session;
use crate::engine::{Result, Watcher};

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Where the plan goes
    #[arg(long, value_name = "F")]
    out: PathBuf,
    /// Decisions file; else the one of the run folder, if there is one
    #[arg(long, value_name = "F")]
    decisions: Option<PathBuf>,
    /// Take the suggestion wherever nothing is decided; where more than 1 % of the bookings would leave the application, their number is asked for (--accept)
    #[arg(long)]
    defaults: bool,
    /// Make a customer, at this business (its id or its name), of every user without a password and without a booking
    #[arg(long, value_name = "BUSINESS")]
    assign_idle: Option<String>,
    /// Contact fields stay in the users, with null in them, instead of being removed
    #[arg(long)]
    null_contact: bool,
    /// Confirm how many bookings leave the application by the answers to one kind of conflict, such as booking-without-business=44; or how many values of a reference lead nowhere, such as mapping:booking.service=3
    #[arg(long, value_name = "CODE=N", value_parser = Accepted::argument)]
    accept: Vec<(Accepted, u64)>,
    /// The plan retires users who are customers and nothing else: `apply` takes them out of the users
    #[arg(long)]
    retire_users: bool,
    /// The schema of the new application, a file or a folder of .prisma files: the plan says what it asks of the data, and `apply` does it
    #[arg(long, value_name = "SCHEMA")]
    after: Option<PathBuf>,
}

pub(super) async fn run(place: &PlaceArguments, arguments: PlanArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    if let Some(path) = &arguments.decisions {
        let decisions = session.read_decisions(path)?;
        session.take_decisions(decisions);
    }
    if arguments.defaults {
        session.take_suggestions();
    }
    let mut decisions = session.decisions().clone();
    if arguments.null_contact {
        decisions.contact = Contact::Null;
    }
    if let Some(business) = arguments.assign_idle {
        decisions.assign = Some(business);
        decisions.policy.insert(Code::IdleUser, Choice::Assign);
    }
    session.take_decisions(decisions);
    session.accept(&arguments.accept);
    session.retire_users(arguments.retire_users);
    let (watcher, task) = progress::watch(place, &session, "plan");
    if let Some(migrated) = migrated(place, &mut session, &watcher).await? {
        task.end(&crate::engine::Result::Ok(()));
        return Ok(migrated);
    }
    let given = session.given_schema(arguments.after.as_deref())?;
    if given.is_some() && arguments.defaults {
        session.accept_schema();
    }
    let outcome = survey(&mut session, &arguments.accept, &watcher).await;
    let (outcome, asked) = match outcome {
        Ok(retiring) => match ask(&mut session, given.as_ref(), &watcher).await {
            Ok(asked) => (Ok(retiring), asked),
            Err(error) => (Err(error), None),
        },
        Err(error) => (Err(error), None),
    };
    task.end(&outcome);
    let retiring = outcome?;
    if let Some(asked) = &asked {
        if !place.json {
            for demand in &asked.demands {
                output::line(&demand.line());
            }
        }
        asked.require_answered()?;
    }
    session.require_numbers(&arguments.accept)?;
    session.require_decided()?;
    let plan = session.plan()?;
    decisions::write_plan(&arguments.out, &plan)?;
    if place.json {
        output::json(&json!({
            "plan": arguments.out, "hash": plan.hash, "pairs": plan.pairs, "bookings": plan.bookings, "retire": retiring,
            "leaving": plan.leaving.as_ref().map(Departures::to_json), "schema": asked.map(|asked| asked.to_json()),
        }));
    } else {
        output::line(&format!(
            "plan {} written to {}",
            plan.hash,
            output::path(&arguments.out)
        ));
        if let Some(departures) = &plan.leaving {
            output::line(&departures.words());
        }
        remarks(&session);
        output::line(&Plan::schema_words(plan.schema.as_ref()));
        if let Some(counts) = retiring {
            output::line(&format!("{} would retire", counts.going()));
            for line in counts.lines().into_iter().chain([not_looked_into()]) {
                output::line(&line);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the after-schema asks, once nothing else is open.
async fn ask(
    session: &mut Session,
    given: Option<&GivenSchema>,
    watcher: &Watcher,
) -> Result<Option<AskedSchema>> {
    let Some(given) = given else {
        return Ok(None);
    };
    session.require_decided()?;
    session.ask_schema(given, watcher).await.map(Some)
}

/// Surveys, and looks who would retire where that is asked for.
async fn survey(
    session: &mut Session,
    numbers: &[(Accepted, u64)],
    watcher: &Watcher,
) -> Result<Option<RetireCounts>> {
    session.check_mapping(Said::Now(numbers), watcher).await?;
    warn(session);
    session.survey(watcher).await?;
    warn_of_entries(session);
    session
        .require_nothing_refers_to_those_aside(watcher)
        .await?;
    if !session.retires_users() {
        return Ok(None);
    }
    session.require_decided()?;
    let counts = session.who_would_retire(watcher).await?;
    session.require_references_can_be_told()?;
    Ok(Some(counts))
}
