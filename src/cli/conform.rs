//! `conform`: every document of every model against a schema. Only reads.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::place::PlaceArguments;
use super::{output, progress};
use crate::domain::number::{counted, grouped};
use crate::domain::text::safe;
use crate::engine::conform::{self, ConformOptions, Conformed};
use crate::engine::session::Session;
use crate::engine::{Result, StepError};
use crate::prisma::conformity::{Conformity, Finding, ModelConformity};

/// Arguments of `conform`.
#[derive(Debug, Args)]
pub struct ConformArguments {
    /// The schema: a file, or a folder of .prisma files
    #[arg(long, value_name = "F")]
    schema: PathBuf,
    /// A decisions file: a default that it leaves unwritten (under [schema]: "Model.field" = "leave") is advice
    #[arg(long, value_name = "F")]
    decisions: Option<PathBuf>,
    /// Every finding as a line of JSON, and nothing else on standard output
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(place: &PlaceArguments, arguments: ConformArguments) -> Result<ExitCode> {
    if arguments.all && place.json {
        return Err(StepError::NotReady(
            "--all and --json exclude each other: --all gives one line of JSON for every finding, --json one document with counts. Nothing was read"
                .to_owned(),
        ));
    }
    let (uri, uri_source) = super::address::find(place.uri.as_deref())?;
    let options = ConformOptions {
        uri,
        uri_source: uri_source.to_owned(),
        database: place.db.clone(),
        schema: arguments.schema,
        decisions: arguments.decisions,
        memory: place.memory,
        run_root: place.run_dir.clone(),
        personal: place.show_personal_data,
        all: arguments.all,
    };
    let (watcher, task) = progress::watch(place, None::<&Session>, "conform");
    let outcome = conform::conform(&options, &watcher).await;
    task.end(&outcome);
    let Conformed {
        database,
        conformity,
        lines,
    } = outcome?;
    if arguments.all {
        if let Some(mut lines) = lines {
            output::copy(&mut lines)?;
        }
        for note in &conformity.notes {
            output::aside(note);
        }
    } else if place.json {
        output::json(&conformity.to_json());
    } else {
        output::line(&words(&database, &conformity));
    }
    Ok(ExitCode::from(if conformity.holds() { 0 } else { 2 }))
}

/// What the errors are known from.
const SEEN_WITH: &str = "What a client does was seen with Prisma 4.6.1. Prisma 5 and 6 were not run; where they are known to differ, it says so.";

/// The answer for people.
fn words(database: &str, conformity: &Conformity) -> String {
    let mut parts = vec![format!(
        "{}: {} in {}\n\n{}",
        safe(database, 80),
        counted(conformity.documents(), "document", "documents"),
        counted(conformity.models.len() as u64, "model", "models"),
        models(conformity)
    )];
    let findings: Vec<_> = conformity
        .models
        .iter()
        .flat_map(|model| model.findings.iter().map(move |finding| (model, finding)))
        .collect();
    if !findings.is_empty() {
        let rows: Vec<_> = findings.iter().map(|(model, it)| row(model, it)).collect();
        let header = [
            "model",
            "field",
            "kind",
            "count",
            "",
            "the application sees",
        ];
        parts.push(output::table(&header, &[3], &rows));
        let details: Vec<_> = findings
            .iter()
            .map(|(model, it)| detail(model, it))
            .collect();
        parts.push(details.join("\n"));
        parts.push(SEEN_WITH.to_owned());
    }
    if !conformity.notes.is_empty() {
        let notes: Vec<_> = conformity
            .notes
            .iter()
            .map(|it| format!("note: {it}"))
            .collect();
        parts.push(notes.join("\n"));
    }
    parts.push(verdict(conformity));
    parts.join("\n\n")
}

fn models(conformity: &Conformity) -> String {
    let rows: Vec<_> = conformity
        .models
        .iter()
        .map(|model| {
            let wrong: u64 = model
                .findings
                .iter()
                .filter(|finding| !finding.advice)
                .map(|finding| finding.count)
                .sum();
            vec![
                safe(&model.name, 60),
                safe(&model.collection, 60),
                grouped(model.documents),
                grouped(wrong),
            ]
        })
        .collect();
    let header = ["model", "collection", "documents", "findings"];
    output::table(&header, &[2, 3], &rows)
}

fn row(model: &ModelConformity, finding: &Finding) -> Vec<String> {
    vec![
        safe(&model.name, 60),
        safe(&finding.fields.join(", "), 60),
        finding.kind.word().to_owned(),
        grouped(finding.count),
        if finding.advice { "advice" } else { "" }.to_owned(),
        finding.error.clone(),
    ]
}

fn detail(model: &ModelConformity, finding: &Finding) -> String {
    let samples = if finding.samples.is_empty() {
        String::new()
    } else {
        format!("\n  for example: {}", finding.samples.join(", "))
    };
    format!(
        "{}.{} {}{samples}\n  repair: {}",
        safe(&model.name, 60),
        safe(&finding.fields.join(", "), 120),
        finding.kind.word(),
        finding.repair
    )
}

fn verdict(conformity: &Conformity) -> String {
    let advice = conformity
        .models
        .iter()
        .flat_map(|model| &model.findings)
        .filter(|finding| finding.advice)
        .count();
    let advice = match advice {
        0 => String::new(),
        count => format!(" ({} as advice)", counted(count as u64, "line", "lines")),
    };
    if conformity.holds() {
        format!(
            "nothing wrong: every document of every model can be read as the schema says{advice}"
        )
    } else if conformity.incomplete {
        format!("not everything could be checked, see the notes{advice}")
    } else {
        format!("the documents are not as the schema says{advice}")
    }
}
