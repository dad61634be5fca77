//! Progress of the headless verbs, on standard error: a bar with rate and time left on a terminal, a line at the end in a pipe, and nothing
//! with `--json`. Whatever else is printed goes past the bar, never onto its line.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::place::PlaceArguments;
use super::{bar, following, output};
use crate::domain::ending::Ending;
use crate::engine::retry::LONGEST;
use crate::engine::session::Session;
use crate::engine::{Result, StepError, Watcher};
use crate::store::pulse::Pulse;

/// Between two drawings.
const TICK: Duration = Duration::from_millis(200);

/// The tasks that show a verb's progress, hear its signals and feel the server's pulse.
pub(super) struct Shown {
    verb: &'static str,
    began: Instant,
    says_end: bool,
    tasks: Vec<JoinHandle<()>>,
}

/// A watcher whose progress is shown, and that stops between batches on SIGINT, SIGTERM or SIGHUP. `verb` is named at the end in a pipe; a
/// verb that says what each of its steps did has none.
pub(super) fn watch<'s>(
    place: &PlaceArguments,
    session: impl Into<Option<&'s Session>>,
    verb: &'static str,
) -> (Watcher, Shown) {
    let watcher = Watcher::silent();
    let terminal = std::io::stderr().is_terminal();
    let mut tasks = vec![tokio::spawn(hear(watcher.clone()))];
    if terminal && !place.json {
        tasks.push(tokio::spawn(show(watcher.clone())));
    }
    if let Some(session) = session.into() {
        if let Ok(pulse) = session.pulse() {
            tasks.push(tokio::spawn(feel(pulse)));
        }
        if let Some(most) = place.max_lag {
            let throttle = session.throttle().clone();
            tasks.push(tokio::spawn(following::says_changes(throttle, most)));
        }
    }
    let shown = Shown {
        verb,
        began: Instant::now(),
        says_end: !terminal && !place.json && !verb.is_empty(),
        tasks,
    };
    (watcher, shown)
}

impl Shown {
    /// Takes the bar away, and says in a pipe how the verb ended.
    pub(super) fn end<T>(self, outcome: &Result<T>) {
        let ending = outcome.as_ref().err().map(StepError::ending);
        self.end_as(ending.unwrap_or(Ending::Done));
    }

    /// The same for an ending that is known.
    pub(super) fn end_as(self, ending: Ending) {
        if self.says_end {
            output::aside(&format!(
                "{}: {} after {:.1} s",
                self.verb,
                ending.word(),
                self.began.elapsed().as_secs_f64()
            ));
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        bar::clear();
    }
}

async fn hear(watcher: Watcher) {
    let mut signals = Signals::new();
    loop {
        signals.any().await;
        output::aside("stopping between two batches …");
        watcher.cancel.cancel();
    }
}

async fn show(watcher: Watcher) {
    let mut seen = watcher.progress.subscribe();
    let mut tick = tokio::time::interval(TICK);
    let mut stage = String::new();
    loop {
        tick.tick().await;
        let progress = seen.borrow_and_update().clone();
        if progress.doing.is_empty() {
            continue;
        }
        if stage != progress.doing && progress.total > 0 {
            bar::clear(); // a new stage has a rate of its own
        }
        stage.clone_from(&progress.doing);
        bar::show(&progress);
    }
}

/// Says when the server is lost, and when it answers again.
async fn feel(pulse: Pulse) {
    let mut lost = false;
    let mut answered = jiff::Zoned::now();
    loop {
        let beats = pulse.beats().await;
        if beats == lost {
            lost = !beats;
            output::aside(&if lost {
                let until = answered.saturating_add(LONGEST);
                format!(
                    "no answer from the primary since {}; tried until {}; what was written before is safe",
                    answered.strftime("%H:%M:%S"),
                    until.strftime("%H:%M:%S")
                )
            } else {
                "the primary answers again".to_owned()
            });
        }
        if beats {
            answered = jiff::Zoned::now();
        }
    }
}

/// The signals that ask us to stop.
struct Signals(Vec<tokio::signal::unix::Signal>);

impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        Self(
            kinds
                .into_iter()
                .filter_map(|kind| signal(kind).ok())
                .collect(),
        )
    }

    async fn any(&mut self) {
        let waiting = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(waiting).await;
    }
}
