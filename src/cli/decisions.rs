//! `decisions`: a decisions file held against a database, in words, or made one with another.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::place::PlaceArguments;
use super::{output, progress};
use crate::domain::conflict::{ConflictKey, Severity};
use crate::domain::decision::Decisions;
use crate::domain::decision_file::{self, DecisionFile};
use crate::domain::decision_match::{Match, merged};
use crate::domain::departure::Departures;
use crate::domain::mapping::{self, Mapping};
use crate::domain::number::{counted, grouped};
use crate::domain::text::{named, safe};
use crate::engine::decisions::read_text;
use crate::engine::mapping_file;
use crate::engine::session::Session;
use crate::engine::{Result, StepError};
use crate::store::private_file;

/// Lines of one kind that are shown; the rest is counted.
const SHOWN: usize = 50;

/// What to do with decisions.
#[derive(Debug, Subcommand)]
pub enum DecisionsVerb {
    /// Which decisions fit this database, which no longer do, what is new; exit 2 unless all is answered
    Check(DecisionsArguments),
    /// What a decisions file says, in words; names are masked unless --show-personal-data
    Show(ShowArguments),
    /// Make one file of two; exit 2 where they answer differently
    Merge(MergeArguments),
}

/// Which decisions file.
#[derive(Debug, Args)]
pub struct DecisionsArguments {
    /// Decisions file; else the one of the run folder
    #[arg(long, value_name = "F")]
    decisions: Option<PathBuf>,
}

/// Arguments of `decisions show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// Decisions file; else the one of the run folder
    #[arg(long, value_name = "F")]
    decisions: Option<PathBuf>,
    /// With the ids of businesses and users
    #[arg(long)]
    ids: bool,
}

/// Arguments of `decisions merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// The first file; its comments come first
    first: PathBuf,
    /// The second file
    second: PathBuf,
    /// Where the result goes
    #[arg(long, value_name = "F")]
    out: PathBuf,
    /// Which one holds where they answer differently
    #[arg(long, value_enum)]
    prefer: Option<Prefer>,
}

/// One of two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Prefer {
    /// The first.
    First,
    /// The second.
    Second,
}

pub(super) async fn run(place: &PlaceArguments, verb: DecisionsVerb) -> Result<ExitCode> {
    match verb {
        DecisionsVerb::Check(arguments) => check(place, arguments).await,
        DecisionsVerb::Show(arguments) => show(place, arguments).await,
        DecisionsVerb::Merge(arguments) => merge(place, &arguments),
    }
}

async fn check(place: &PlaceArguments, arguments: DecisionsArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    if let Some(path) = &arguments.decisions {
        let decisions = session.read_decisions(path)?;
        session.take_decisions(decisions);
    }
    let (watcher, task) = progress::watch(place, &session, "decisions");
    let outcome = session.survey(&watcher).await;
    task.end(&outcome);
    outcome?;
    let matched = session.match_decisions(session.decisions())?;
    if place.json {
        let keys = |keys: &[ConflictKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        let changed: Vec<_> = matched
            .changed
            .iter()
            .map(|(was, is)| json!({ "decision": was.to_string(), "now": is.to_string() }))
            .collect();
        output::json(&json!({
            "fit": keys(&matched.fits), "changed": changed,
            "unused": keys(&matched.unused), "open": keys(&matched.open),
        }));
    } else {
        output::line(&words(&matched, session.decisions()));
    }
    let asks = session.overview().map(|it| it.asks).unwrap_or_default();
    if !asks.is_empty() && !place.json {
        output::line(&format!(
            "\nMore than 1 % of the bookings leave the application by these answers, so their number has to be confirmed: {}",
            Departures::options(&asks)
        ));
    }
    let open = |key: &ConflictKey| key.code.severity() == Severity::Blocker;
    let fine = asks.is_empty() && matched.changed.is_empty() && !matched.open.iter().any(open);
    Ok(ExitCode::from(if fine { 0 } else { 2 }))
}

fn words(matched: &Match, decisions: &Decisions) -> String {
    let mut lines = vec![format!(
        "{}; {}; {} unused; {}.",
        counted(matched.fits.len() as u64, "decision fits", "decisions fit"),
        counted(
            matched.changed.len() as u64,
            "no longer does",
            "no longer do"
        ),
        counted(matched.unused.len() as u64, "is", "are"),
        counted(
            matched.open.len() as u64,
            "conflict has no answer",
            "conflicts have no answer"
        )
    )];
    let mut list = |title: &str, items: Vec<String>| {
        if items.is_empty() {
            return;
        }
        lines.push(format!("\n{title}"));
        let more = items.len().saturating_sub(SHOWN);
        lines.extend(items.into_iter().take(SHOWN).map(|it| format!("  - {it}")));
        if more > 0 {
            lines.push(format!("  … and {} more", grouped(more as u64)));
        }
    };
    let changed = matched.changed.iter().map(|(was, is)| {
        let answer = decisions.single.get(was).map_or("", |it| it.choice.word());
        let (was, is) = (safe(&was.to_string(), 400), safe(&is.to_string(), 400));
        format!("{was}: {answer}\n    is now {is}, which is undecided again")
    });
    list(
        "No longer fit, because the members of their conflict changed:",
        changed.collect(),
    );
    let names = |keys: &[ConflictKey]| {
        let safe = |key: &ConflictKey| safe(&key.to_string(), 400);
        keys.iter().map(safe).collect()
    };
    list(
        "Unused, because their conflict is gone (they do no harm):",
        names(&matched.unused),
    );
    list("Without an answer:", names(&matched.open));
    lines.join("\n")
}

fn role(place: &PlaceArguments) -> Result<Mapping> {
    match place.mapping_file() {
        Some(path) => mapping_file::read(&path),
        None => Ok(Mapping::parse(mapping::DEFAULT)?),
    }
}

/// The database that a decisions file is about, for the names; why there are none, where it cannot be reached.
async fn names(
    place: &PlaceArguments,
    decisions: &Decisions,
    database: &str,
) -> std::result::Result<Session, String> {
    let session = place.session().await.map_err(|error| error.to_string())?;
    let connected = &session.place().database;
    if connected != database {
        return Err(format!(
            "the file is for database {}, and the connection leads to {}",
            named(database),
            named(connected)
        ));
    }
    let keys = decisions.single.keys();
    match session.look_up_keys(keys).await {
        Ok(()) => Ok(session),
        Err(error) => Err(error.to_string()),
    }
}

async fn show(place: &PlaceArguments, arguments: ShowArguments) -> Result<ExitCode> {
    let path = match arguments.decisions {
        Some(path) => path,
        None => place.session().await?.decisions_path(),
    };
    let (database, decisions, _) = read(place, &path)?;
    let names = if place.json {
        Err(String::new())
    } else {
        names(place, &decisions, &database).await
    };
    if let Err(why) = &names
        && !place.json
    {
        output::aside(&format!("ids are shown instead of names: {why}"));
    }
    let words = |key: &ConflictKey| match &names {
        Ok(session) => session.key_words(key, place.show_personal_data),
        Err(_) => key.to_string(),
    };
    let mut lines = vec![format!("Decisions for database {database}")];
    for (code, choice) in &decisions.policy {
        let does = code.does(*choice);
        lines.push(format!("all of {code}: {} – {does}", choice.word()));
    }
    let rule = decisions.survivor;
    lines.push(format!("survivor: {} – {}", rule.word(), rule.says()));
    for (business, rule) in &decisions.survivor_at {
        lines.push(format!("survivor at business {business}: {}", rule.word()));
    }
    for (what, number) in &decisions.accepted {
        lines.push(format!("accepted: {what} = {number}"));
    }
    for (key, decision) in &decisions.single {
        let does = key.code.does(decision.choice);
        lines.push(format!(
            "{}: {} – {does}",
            words(key),
            decision.choice.word()
        ));
        if arguments.ids && names.is_ok() {
            lines.push(format!("    {key}"));
        }
        if let Some(rule) = decision.survivor {
            lines.push(format!("    survivor: {} – {}", rule.word(), rule.says()));
        }
        for (field, user) in &decision.pick {
            lines.push(format!("    {field}: as user {user} has it"));
        }
        for (field, text) in &decision.set {
            let shown = if place.show_personal_data {
                safe(text, 200)
            } else {
                crate::domain::text::mask(text)
            };
            lines.push(format!("    {field}: typed by hand, {shown}"));
        }
        if !decision.note.is_empty() {
            lines.push(format!(
                "    note: {}",
                safe(&decision.note.replace('\n', " "), 400)
            ));
        }
    }
    if place.json {
        let file = DecisionFile::new(&database, &decisions);
        output::json(&serde_json::to_value(file).map_err(crate::domain::plan::BadPlan::from)?);
    } else {
        let lines: Vec<_> = lines.iter().map(|line| safe(line, 800)).collect();
        output::line(&lines.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn read(place: &PlaceArguments, path: &Path) -> Result<(String, Decisions, String)> {
    let text = read_text(path)?;
    let file = DecisionFile::parse(&text)?;
    let decisions = file.decisions(&file.database, &role(place)?.user)?;
    Ok((file.database, decisions, text))
}

fn merge(place: &PlaceArguments, arguments: &MergeArguments) -> Result<ExitCode> {
    let (database, first, first_text) = read(place, &arguments.first)?;
    let (other, second, second_text) = read(place, &arguments.second)?;
    if database != other {
        return Err(StepError::NotReady(format!(
            "the first file is for database {database}, the second for {other}. Nothing was written; change the `database` line of one of them if both are meant for the same data"
        )));
    }
    let (mut all, differences) = merged(&first, &second);
    if arguments.prefer == Some(Prefer::Second) {
        (all, _) = merged(&second, &first);
    }
    if !differences.is_empty() && arguments.prefer.is_none() {
        return Err(StepError::Findings(format!(
            "the files answer {} differently. Nothing was written; make them agree, or say --prefer first or second:\n  - {}",
            if differences.len() == 1 {
                "one thing"
            } else {
                "several things"
            },
            differences.join("\n  - ")
        )));
    }
    let file = DecisionFile::new(&database, &all);
    let text = decision_file::text::update(&file, &[&first_text, &second_text], &|_| None);
    private_file::replace(&arguments.out, text.as_bytes()).map_err(|error| {
        error.with_truth("The merged decisions are written nowhere. Nothing else was changed")
    })?;
    if place.json {
        output::json(
            &json!({ "out": arguments.out, "decisions": all.single.len(), "differences": differences }),
        );
    } else {
        output::line(&format!(
            "{} written to {}",
            counted(all.single.len() as u64, "decision", "decisions"),
            output::path(&arguments.out)
        ));
    }
    Ok(ExitCode::SUCCESS)
}
