//! What a gate says of writers, backup and proof. A line has its mark only where it was checked just now, or proved and unchanged since.

use super::calendar;
use super::evidence::Evidence;
use super::lease::clock;
use super::number::counted;
use super::run::{Millis, Outcome, Verdict};
use super::run_view::RunView;

/// What a look for foreign writes came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing is watched now: nobody gave a verdict, a swap is half done, the server cannot show it, or the application is live.
    Unwatched,
    /// Nobody wrote since the verdict, as the server says now.
    Quiet,
    /// Nobody wrote since this moment, at which migrated data was proved.
    QuietSinceProof(Millis),
    /// Since this moment somebody wrote this.
    Written(Millis, String),
    /// The server does not show what was written since this moment.
    Blind(Millis),
}

impl Look {
    /// What was written, in words.
    pub fn written(&self) -> Option<&String> {
        match self {
            Self::Written(_, words) => Some(words),
            Self::Unwatched | Self::Quiet | Self::QuietSinceProof(_) | Self::Blind(_) => None,
        }
    }
}

/// The line about writers; `None` where no run is open.
pub fn of_writers(run: Option<&RunView>, look: &Look, now: Millis) -> Option<Evidence> {
    let run = run.filter(|run| run.outcome == Outcome::Open)?;
    let lately = |at: Millis| format!("{} ({})", time_of_day(at), calendar::span(now - at));
    let still = run.standstill;
    Some(match look {
        Look::Unwatched => match (still, still.and_then(|it| it.until)) {
            (_, Some(live)) => Evidence::said(format!(
                "you noted at {} that the application is live",
                lately(live)
            )),
            (Some(_), None) => Evidence::said("not watched at this moment"),
            (None, None) => Evidence::said("nobody has watched yet whether the application writes"),
        },
        Look::Quiet => match (still, &run.verdict) {
            (Some(still), Some((word, _))) if word != Verdict::Unknown.word() => {
                let (word, since) = (word.to_lowercase(), lately(still.since));
                Evidence::holds(format!("{word} since {since}; no write seen since"))
            }
            (_, Some((_, at))) => Evidence::said(format!(
                "the verdict is UNKNOWN; no write seen since {}",
                lately(*at)
            )),
            (_, None) => Evidence::said("nobody has watched yet whether the application writes"),
        },
        Look::QuietSinceProof(at) => {
            Evidence::holds(format!("no write seen since {}", lately(*at)))
        }
        Look::Written(at, words) => Evidence::said(format!(
            "the application wrote since {}: {words}",
            lately(*at)
        )),
        Look::Blind(at) => Evidence::said(format!(
            "not checked: the server does not show what was written since {}",
            lately(*at)
        )),
    })
}

/// The line about the backup, which holds unless something that the gate needs is missing.
pub fn of_backup(backup: Option<(u64, Millis, &str)>, complete: bool, now: Millis) -> Evidence {
    let Some((documents, read_back, path)) = backup else {
        return Evidence::said("none");
    };
    let says = format!(
        "{}, read back {}, in {path}",
        counted(documents, "document", "documents"),
        calendar::ago(now - read_back)
    );
    Evidence {
        holds: complete,
        says,
    }
}

/// The equations, line by line. What was written since they were proved is no part of them.
pub fn of_proof(equations: &[String], complete: bool, written: bool) -> Vec<Evidence> {
    if equations.is_empty() {
        return vec![Evidence::said("not checked yet")];
    }
    let mut lines = Vec::new();
    if written {
        lines.push(Evidence::said(
            "of what was there before the application wrote:",
        ));
    }
    let holds = complete && !written;
    lines.extend(equations.iter().map(|says| Evidence {
        holds,
        says: says.clone(),
    }));
    lines
}

/// The clock's time alone: a gate stands open for minutes.
fn time_of_day(at: Millis) -> String {
    let whole = clock(at);
    match whole.split_once(' ') {
        Some((_, time)) => time.to_owned(),
        None => whole,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::checklist::{State, Step};
    use crate::domain::run::{Note, RunRecord, StepRecord, VerdictRecord};

    const SECOND: Millis = 1_000;

    fn stopped(word: Verdict) -> RunRecord {
        let mut run = RunRecord::just_begun();
        let stop = StepRecord {
            state: State::Done,
            started: 10 * SECOND,
            ended: 13 * SECOND,
            says: String::new(),
        };
        run.steps.insert(Step::StopApplication.word().into(), stop);
        run.verdict = Some(VerdictRecord {
            word,
            evidence: String::new(),
            at: 13 * SECOND,
        });
        run
    }

    fn line(run: &RunRecord, look: &Look) -> String {
        let view = RunView::of(run);
        of_writers(Some(&view), look, 310 * SECOND).unwrap().words()
    }

    #[test]
    fn writers_have_a_mark_only_where_a_look_from_a_verdict_saw_nothing() {
        assert_eq!(
            line(&stopped(Verdict::Quiet), &Look::Quiet),
            "✓ quiet since 00:00:10 UTC (5 min); no write seen since"
        );
        assert_eq!(
            line(&stopped(Verdict::Blocked), &Look::Quiet),
            "✓ blocked since 00:00:10 UTC (5 min); no write seen since"
        );
        for (run, look) in [
            (RunRecord::just_begun(), Look::Unwatched),
            (stopped(Verdict::Unknown), Look::Quiet),
            (stopped(Verdict::Quiet), Look::Unwatched),
            (stopped(Verdict::Quiet), Look::Blind(SECOND)),
            (
                stopped(Verdict::Quiet),
                Look::Written(SECOND, "2 writes to Booking".into()),
            ),
        ] {
            let line = line(&run, &look);
            assert!(!line.contains('✓'), "{line}");
        }
    }

    #[test]
    fn an_application_that_was_noted_as_live_is_no_quiet_one() {
        let mut run = stopped(Verdict::Quiet);
        let note = Note {
            text: "deployed".into(),
            at: 100 * SECOND,
            by: "ann".into(),
        };
        run.notes.insert(Step::GoLive.word().into(), note);
        assert_eq!(
            line(&run, &Look::Unwatched),
            "you noted at 00:01:40 UTC (3 min) that the application is live"
        );
    }

    #[test]
    fn no_backup_and_no_proof_have_no_mark() {
        assert_eq!(of_backup(None, true, 0).words(), "none");
        let proof = of_proof(&[], true, false);
        assert_eq!(proof[0].words(), "not checked yet");
        let kept = of_backup(Some((1, 0, "/runs/a")), true, 310 * SECOND);
        assert_eq!(
            kept.words(),
            "✓ 1 document, read back 5 min ago, in /runs/a"
        );
    }

    #[test]
    fn a_proof_of_what_was_written_over_has_no_mark() {
        let lines = of_proof(&["bookings 2 = linked 2".into()], true, true);
        assert!(lines.iter().all(|line| !line.holds));
        assert!(of_proof(&["bookings 2 = linked 2".into()], true, false)[0].holds);
        assert!(!of_proof(&["bookings 2 = linked 2".into()], false, false)[0].holds);
    }
}
