//! The report as Markdown; everything that came from the database or the operator is escaped.

use std::fmt::Write;

use super::checklist::Verdict;
use super::{Report, title_of};
use crate::domain::checklist::Step;
use crate::domain::forecast::Forecast;
use crate::domain::lease::clock;
use crate::domain::number::{counted, grouped};
use crate::domain::plan::Plan;
use crate::domain::run::{Outcome, RunRecord};
use crate::domain::text::{named, safe};

/// Characters of a value.
const WIDTH: usize = 400;
/// Characters of a line that names ids.
const LIST: usize = 4_000;

impl Report<'_> {
    /// As Markdown.
    #[allow(clippy::too_many_lines)] // one section after the other
    pub fn to_markdown(&self) -> String {
        let run = self.run;
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# Migration report: {}\n", escape(&run.database));
        let set = run.replica_set.as_deref().map_or_else(
            || "standalone".to_owned(),
            |set| format!("replica set {set}"),
        );
        let _ = writeln!(out, "- run: {} ({})", run.id, self.outcome_words());
        let _ = writeln!(
            out,
            "- where: {} · {} · database {}",
            escape(&run.host),
            escape(&set),
            escape(&run.database)
        );
        let _ = writeln!(
            out,
            "- who: {} · began {}",
            escape(&run.operator),
            clock(run.started)
        );
        let _ = writeln!(
            out,
            "- versions: ringfence {} · server {}",
            run.tool,
            escape(&run.server_version)
        );
        let _ = writeln!(out, "- plan: {}", run.plan_hash().unwrap_or("none yet"));
        let schema = run.plan.as_ref().and_then(|plan| plan.schema.as_ref());
        let _ = writeln!(out, "- schema: {}", escape(&schema_words(run)));
        for line in schema.iter().flat_map(|schema| &schema.says) {
            let _ = writeln!(out, "  - {}", escape(line));
        }
        if let Some(situation) = self.situation {
            let _ = writeln!(out, "- now: {}", escape(&situation.now));
        }
        let _ = writeln!(out, "\n## Found\n");
        for line in self.found() {
            let _ = writeln!(out, "- {}", escape_within(&line, LIST));
        }
        decided(&mut out, self);
        done(&mut out, self);
        let _ = writeln!(out, "\n## Proved\n");
        if run.equations.is_empty() {
            let _ = writeln!(out, "nothing yet");
        }
        for equation in &run.equations {
            let _ = writeln!(out, "- {}", named(equation));
        }
        if let Some(retired) = run.retired.as_ref().filter(|_| run.has_retired()) {
            let _ = writeln!(out, "- {} retired", retired.going());
            for line in retired.lines() {
                let _ = writeln!(out, "- {}", escape_within(&line, LIST));
            }
        }
        strays(&mut out, self);
        if let Some(block) = &run.write_block {
            let end = match block.released {
                Some(at) => format!("released {}", clock(at)),
                None => format!(
                    "they still are: release them with `ringfence unlock --write-block --confirm {}`",
                    named(&run.database)
                ),
            };
            let _ = writeln!(
                out,
                "- writes were blocked in the whole cluster {}; {end}",
                clock(block.since)
            );
        }
        if let Some(verdict) = &run.verdict {
            let _ = writeln!(
                out,
                "- application: {} ({})",
                verdict.word.word(),
                escape(&verdict.evidence)
            );
        }
        if let Some(forecast) = Forecast::of(run).filter(|it| it.took.is_some()) {
            let _ = writeln!(out, "- {}", named(&forecast.words()));
        }
        stillness(&mut out, self);
        if let Some(backup) = &run.backup {
            let _ = writeln!(
                out,
                "- backup: {} in {}, read back {}",
                counted(backup.documents, "document", "documents"),
                escape(&backup.path),
                clock(backup.verified)
            );
        }
        for lost in &self.lost_files {
            let _ = writeln!(out, "- {}", escape(lost));
        }
        if let Some(kept) = self.kept() {
            let _ = writeln!(out, "\n## Rolled back, with what was written since\n");
            for line in kept.lines() {
                let _ = writeln!(out, "- {}", escape_within(&line, LIST));
            }
        }
        let _ = writeln!(out, "\n## The guide's checklist\n");
        for line in self.checklist() {
            let mark = if line.verdict == Verdict::Done {
                "x"
            } else {
                " "
            };
            let _ = writeln!(
                out,
                "- [{mark}] {}: {}{}",
                line.guide,
                line.verdict.word(),
                if line.evidence.is_empty() {
                    String::new()
                } else {
                    format!(", {}", escape_within(&line.evidence, WIDTH))
                }
            );
        }
        let _ = writeln!(out, "\n## How to get back\n\n{}", named(&self.way_back()));
        let _ = writeln!(out, "\nThe log of the run is log.txt in its folder.");
        out
    }
}

/// How long writers stood still, or what was written meanwhile.
fn stillness(out: &mut String, report: &Report<'_>) {
    if let Some(writes) = report.writes() {
        let _ = writeln!(
            out,
            "- the application wrote since then: {}",
            escape(writes)
        );
    }
    if let Some(standstill) = report.standstill() {
        let _ = writeln!(out, "- {}", named(&standstill.words()));
    }
}

/// What an application wrote aside, and what was decided of it.
fn strays(out: &mut String, report: &Report<'_>) {
    for (name, documents) in &report.strays {
        let _ = writeln!(
            out,
            "- {} holds {}. An application wrote them under a name that was vacated; they are in no live collection",
            escape(name),
            counted(*documents, "document", "documents")
        );
    }
    for decided in &report.run.decided_strays {
        let _ = writeln!(out, "- {}", escape(decided));
    }
}

/// What the after-schema came to: what the plan says of it, until it was verified or taken back.
fn schema_words(run: &RunRecord) -> String {
    let schema = run.plan.as_ref().and_then(|plan| plan.schema.as_ref());
    let whole = schema.is_some_and(|schema| schema.left.is_empty());
    match run.outcome {
        Outcome::RolledBack | Outcome::Restored if schema.is_some() => {
            "what the after-schema asked was taken back with the migration".to_owned()
        }
        Outcome::Open | Outcome::Finished if whole && run.is_done(Step::Verify) => {
            "every document was read and is as the after-schema says".to_owned()
        }
        _ => Plan::schema_words(schema),
    }
}

fn decided(out: &mut String, report: &Report<'_>) {
    if report.run.decided.is_empty() && report.by_hand().is_empty() {
        let says = match report.run.plan {
            Some(_) => "No conflict was found, so nothing was to decide.",
            None => "nothing yet",
        };
        let _ = writeln!(out, "\n## Decided\n\n{says}");
        return;
    }
    let _ = writeln!(
        out,
        "\n## Decided\n\n| conflict | count | answer | found when |\n|---|---:|---|---|"
    );
    for line in &report.run.decided {
        let answers: Vec<_> = line
            .answers
            .iter()
            .map(|(answer, count)| format!("{answer}: {}", grouped(*count)))
            .collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            line.code,
            grouped(line.count),
            answers.join(", "),
            title_of(&line.code)
        );
    }
    for (what, values) in report.by_hand() {
        let _ = writeln!(
            out,
            "\nBy hand, {}: {}",
            escape(&what),
            escape(&values.join("; "))
        );
    }
}

fn done(out: &mut String, report: &Report<'_>) {
    let _ = writeln!(
        out,
        "\n## Done\n\n| | step | state | began | seconds | what came out |\n|---:|---|---|---|---:|---|"
    );
    for (step, state, says, started, ended) in report.steps() {
        let _ = writeln!(
            out,
            "| {} | {} | {state} | {} | {:.1} | {} |",
            step.number(),
            step.title(),
            clock(started),
            (ended - started) as f64 / 1000.0,
            escape(says)
        );
    }
    for (step, note) in &report.run.notes {
        let _ = writeln!(
            out,
            "\nNote on {step} ({}, {}): {}",
            escape(&note.by),
            clock(note.at),
            lines(&note.text)
        );
    }
}

/// Text that Markdown takes as text, line by line as it was typed.
fn lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(escape).collect();
    lines.join("  \n")
}

/// Text that Markdown takes as text, on one line.
fn escape(text: &str) -> String {
    escape_within(text, WIDTH)
}

fn escape_within(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(&text.replace('\n', " "), width).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_escapes_in_values_stay_text() {
        assert_eq!(escape("a|b <i>\u{1b}[1m"), "a\\|b \\<i\\>\\\\u{1b}\\[1m");
    }
}
