//! The select loop: terminal events, answers of the engine, progress, signals and ticks in; effects out. One task owns the session, so the
//! screen never waits for the server.

use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::commands::about::Keymap;
use crate::app::log::Weight;
use crate::app::message::{Lost, TERMINAL_GONE};
use crate::app::{Answer, Effect, ExitReason, Message, Model, Request, begin, situation, update};
use crate::command;
use crate::domain::checklist::Progress;
use crate::domain::text::safe;
use crate::engine::retry::LONGEST;
use crate::engine::session::Session;
use crate::store::pulse::Pulse;
use crate::store::run_log;
use crate::store::throttle::Throttle;
use crate::terminal::{Screen, message_of};
use crate::ui::{self, Theme};
use crate::worker;

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(33);
/// Between a drawing and the one that shows what a key did: nobody waits for the next frame of what runs.
const AFTER_A_KEY: Duration = Duration::from_millis(8);
/// Between two ticks while something runs.
const TICK: Duration = Duration::from_millis(250);
/// Requests and answers on their way.
const QUEUE: usize = 64;

/// How the operator wants the console.
#[derive(Debug, Default)]
pub struct Settings {
    /// The name of the theme; `None` for the usual one.
    pub theme: Option<String>,
    /// Keys of commands that are others than usual: the command's word and its keys.
    pub keys: Vec<(String, String)>,
}

/// What is wrong with these settings, before anything is opened.
///
/// # Errors
/// A theme or a command that there is not, or a key that cannot be.
pub fn check(settings: &Settings) -> Result<Keymap, String> {
    if let Some(name) = &settings.theme
        && Theme::named(name).is_none()
    {
        return Err(format!(
            "there is no theme {}; there are {}. Nothing was changed",
            safe(name, 40),
            ui::names().join(", ")
        ));
    }
    let keys = settings
        .keys
        .iter()
        .map(|(word, keys)| (word.as_str(), keys.as_str()));
    command::keymap_with(keys).map_err(|why| format!("{why}. Nothing was changed"))
}

/// True where the terminal shows nothing but ASCII.
fn is_plain() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if set("TERM").is_some_and(|term| term == "dumb") {
        return true;
    }
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    locale.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}

/// The theme of that name as this terminal can show it.
fn theme_of(name: &str) -> Theme {
    let theme = Theme::named(name).unwrap_or_default();
    if is_plain() { theme.ascii() } else { theme }
}

/// Runs the console until the operator leaves, on a thread and a runtime of its own: a batch that keeps every thread of the engine busy
/// holds up neither its clock nor its keys. The engine stays on the runtime that calls this.
///
/// # Errors
/// The terminal's refusal.
pub async fn run_console(
    session: Session,
    settings: Settings,
    keys: Keymap,
) -> color_eyre::Result<ExitReason> {
    let lease = session.lease().clone(); // whoever drops the last one must be on the engine's runtime
    let engine = Handle::current();
    let console = tokio::task::spawn_blocking(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(show(session, &settings, keys, &engine))
    });
    let left = match console.await {
        Ok(left) => left,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(error.into()),
    };
    drop(lease);
    left
}

/// The select loop.
async fn show(
    session: Session,
    settings: &Settings,
    keys: Keymap,
    engine: &Handle,
) -> color_eyre::Result<ExitReason> {
    let lease = session.lease().clone();
    let mut model = Model::new(session.place().clone(), keys);
    model.shared.limits = session.throttle().limits();
    model.shared.themes = ui::names();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let usual = if plain { "mono" } else { "default" };
    model.shared.theme = settings.theme.clone().unwrap_or_else(|| usual.to_owned());
    let mut screen = Screen::enter()?;
    screen.take_mouse(model.shared.mouse)?;
    let size = screen.terminal.size()?;
    model.shared.size = (size.width, size.height);
    let mut outside = Outside::start(session, engine)?;
    let mut theme = (model.shared.theme.clone(), theme_of(&model.shared.theme));
    let began = Instant::now();
    let mut drawing = Drawing::new(began);
    update(&mut model, clock(began));
    for effect in begin(&mut model, true) {
        outside.carry_out(effect, &mut screen)?;
    }
    let mut odd_rows = ui::OddRows::default();
    loop {
        if drawing.is_due() {
            let began_to_draw = Instant::now();
            if theme.0 != model.shared.theme {
                theme = (model.shared.theme.clone(), theme_of(&model.shared.theme));
            }
            // A change of size that came together with a key may not have been handed on.
            if let Ok(size) = screen.terminal.size() {
                model.shared.size = (size.width, size.height);
            }
            let mut told = crate::app::message::Drawn::default();
            let shown = screen.draw(|frame| {
                told = ui::draw(frame, &model, theme.1);
                odd_rows.mark(frame.buffer_mut());
            });
            match shown {
                Ok(()) => {
                    update(&mut model, Message::Drawn(told));
                }
                Err(_) => outside.terminal_is_gone(),
            }
            drawing.took(began_to_draw.elapsed());
        }
        let message = outside.next(drawing.wake()).await;
        update(&mut model, clock(began));
        match message {
            Next::Message(message) => {
                drawing.shows(&message);
                if matches!(message, Message::Resized { .. }) {
                    screen.announce_keys();
                }
                for effect in update(&mut model, message) {
                    if matches!(effect, Effect::LeaveNow) {
                        if outside.engine.is_some() {
                            // What it writes at this moment may still be under way: the next session sees that we are gone, and ends it.
                            lease.abandon();
                        }
                        return Ok(model
                            .shared
                            .leaving
                            .clone()
                            .unwrap_or(ExitReason::Left(Vec::new())));
                    }
                    if let Effect::Edit(text) = effect {
                        let edited = outside.edit(&mut screen, &text)?;
                        update(&mut model, Message::Edited(edited));
                        continue;
                    }
                    outside.carry_out(effect, &mut screen)?;
                }
            }
            Next::Closed => {
                return Ok(model
                    .shared
                    .leaving
                    .clone()
                    .unwrap_or(ExitReason::Left(Vec::new())));
            }
            Next::TerminalGone => outside.terminal_is_gone(),
            Next::Tick => {
                // The clocks in the header go on; once a second is enough for them.
                let clocks = situation::clocks(&model.shared).is_some()
                    && drawing.drawn.elapsed() >= Duration::from_secs(1);
                drawing.dirty |= model.shared.running.is_some() || clocks;
            }
        }
    }
}

/// When to draw, and what drawing cost; the latter is said to the log at the end.
struct Drawing {
    began: Instant,
    frames: u64,
    took: Duration,
    /// The end of the last drawing.
    drawn: Instant,
    /// Something changed since.
    dirty: bool,
    /// The least time until the next drawing.
    pause: Duration,
}

impl Drawing {
    fn new(began: Instant) -> Self {
        Self {
            began,
            frames: 0,
            took: Duration::ZERO,
            drawn: began,
            dirty: true,
            pause: Duration::ZERO,
        }
    }

    fn is_due(&self) -> bool {
        self.dirty && self.drawn.elapsed() >= self.pause
    }

    /// When to look again at the latest.
    fn wake(&self) -> Instant {
        if self.dirty {
            self.drawn + self.pause
        } else {
            Instant::now() + TICK
        }
    }

    fn shows(&mut self, message: &Message) {
        self.dirty = true;
        if matches!(message, Message::Key(_)) {
            self.pause = AFTER_A_KEY;
        }
    }

    fn took(&mut self, time: Duration) {
        self.frames += 1;
        self.took += time;
        self.drawn = Instant::now();
        self.dirty = false;
        self.pause = FRAME;
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        let (frames, took) = (self.frames, self.took.as_millis());
        let all = self.began.elapsed().as_millis();
        tracing::info!("the console drew {frames} frames in {took} ms of {all} ms");
    }
}

/// The time, for the state machine that has no clock.
fn clock(began: Instant) -> Message {
    Message::Now {
        since_start: began.elapsed(),
        clock: jiff::Zoned::now().strftime("%H:%M:%S").to_string(),
        wall: jiff::Timestamp::now().as_millisecond(),
    }
}

/// What woke the loop.
#[allow(clippy::large_enum_variant)] // one at a time, and never kept
enum Next {
    Message(Message),
    Tick,
    /// Nothing can be read from the terminal any more.
    TerminalGone,
    /// The engine closed, as it was asked to.
    Closed,
}

/// Everything outside the state machine.
struct Outside {
    /// None once the terminal is gone.
    events: Option<EventStream>,
    /// The terminal has gone, and the state machine has not been told.
    gone: bool,
    requests: Option<mpsc::Sender<(Request, CancellationToken)>>,
    answers: mpsc::Receiver<Answer>,
    progress: watch::Receiver<Progress>,
    cancel: CancellationToken,
    throttle: Throttle,
    /// What the server's pulse says.
    pulse: watch::Receiver<Option<Lost>>,
    engine: Option<JoinHandle<()>>,
    signals: Vec<(&'static str, Signal)>,
}

impl Outside {
    fn start(session: Session, runtime: &Handle) -> std::io::Result<Self> {
        let (requests, received) = mpsc::channel(QUEUE);
        let (answer, answers) = mpsc::channel(QUEUE);
        let (says, progress) = watch::channel(Progress::default());
        let (beat, pulse) = watch::channel(None);
        if let Ok(server) = session.pulse() {
            runtime.spawn(feel(server, beat));
        }
        let signals = [
            ("SIGINT", SignalKind::interrupt()),
            ("SIGTERM", SignalKind::terminate()),
            ("SIGHUP", SignalKind::hangup()),
        ];
        Ok(Self {
            events: Some(EventStream::new()),
            gone: false,
            requests: Some(requests),
            answers,
            progress,
            cancel: CancellationToken::new(),
            throttle: session.throttle().clone(),
            pulse,
            engine: Some(runtime.spawn(worker::serve(session, received, answer, says))),
            signals: signals
                .into_iter()
                .map(|(name, kind)| Ok((name, signal(kind)?)))
                .collect::<std::io::Result<_>>()?,
        })
    }

    /// Listens to the terminal no more. What runs still ends between two batches, and the engine closes in order.
    fn terminal_is_gone(&mut self) {
        self.gone = self.events.take().is_some();
    }

    /// Waits for something to happen, until `wake` at the latest.
    async fn next(&mut self, wake: Instant) -> Next {
        if std::mem::take(&mut self.gone) {
            return Next::Message(Message::Signal(TERMINAL_GONE));
        }
        let closing = self.requests.is_none();
        let Self {
            events,
            answers,
            progress,
            pulse,
            engine,
            signals,
            ..
        } = self;
        let signalled = futures_util::future::select_all(
            signals
                .iter_mut()
                .map(|(name, signal)| Box::pin(async { (*name, signal.recv().await) })),
        );
        tokio::select! {
            biased;
            event = event_of(events) => match event {
                Some(event) => message_of(event).map_or(Next::Tick, Next::Message),
                None => Next::TerminalGone,
            },
            Some(answer) = answers.recv() => Next::Message(Message::Answer(answer)),
            Ok(()) = progress.changed() => {
                Next::Message(Message::Progress(progress.borrow_and_update().clone()))
            }
            Ok(()) = pulse.changed() => {
                Next::Message(Message::Pulse(pulse.borrow_and_update().clone()))
            }
            ((name, _), _, _) = signalled => Next::Message(Message::Signal(name)),
            ended = ended(engine) => match ended {
                Ok(()) if closing => Next::Closed,
                Ok(()) => Next::Message(Message::EngineEnded("its task returned".to_owned())),
                Err(why) => Next::Message(Message::EngineEnded(why)),
            },
            () = tokio::time::sleep_until(wake.into()) => Next::Tick,
        }
    }

    /// Lets the operator's own editor change a text: the terminal is its own meanwhile, and what runs goes on.
    fn edit(
        &mut self,
        screen: &mut Screen,
        text: &str,
    ) -> color_eyre::Result<Result<String, String>> {
        let events = self.events.take(); // or both would read the keys
        drop(events);
        let edited = screen.edit(text)?;
        self.events = Some(EventStream::new());
        Ok(edited)
    }

    fn carry_out(&mut self, effect: Effect, screen: &mut Screen) -> color_eyre::Result<()> {
        match effect {
            Effect::Ask(request) => {
                if request.is_job() {
                    self.cancel = CancellationToken::new();
                }
                if let Some(requests) = &self.requests {
                    // The queue is longer than the requests that the state machine has under way at once.
                    let _ = requests.try_send((request, self.cancel.clone()));
                }
            }
            Effect::Cancel => self.cancel.cancel(),
            Effect::Pace(limits) => self.throttle.set(limits),
            Effect::Suspend => screen.suspend()?,
            Effect::Copy(text) => screen.copy(&text)?,
            Effect::Mouse(ours) => screen.take_mouse(ours)?,
            Effect::Log(weight, text) => run_log::write(
                match weight {
                    Weight::Info => "INFO",
                    Weight::Warning => "WARN",
                    Weight::Error => "ERROR",
                },
                &text,
            ),
            Effect::Close => self.requests = None,
            // An edited text is handed back where the effect is met.
            Effect::Edit(_) | Effect::LeaveNow => {}
        }
        Ok(())
    }
}

/// Feels the server's pulse until nobody listens, and says when it is lost and when it is back.
async fn feel(server: Pulse, beat: watch::Sender<Option<Lost>>) {
    let clock = |time: &jiff::Zoned| time.strftime("%H:%M:%S").to_string();
    let mut answered = jiff::Zoned::now();
    while !beat.is_closed() {
        let beats = server.beats().await;
        if beats {
            answered = jiff::Zoned::now();
        }
        beat.send_if_modified(|lost| {
            if beats != lost.is_some() {
                return false;
            }
            let until = answered.saturating_add(LONGEST);
            let (since, until) = (clock(&answered), clock(&until));
            *lost = (!beats).then_some(Lost { since, until });
            true
        });
    }
}

/// The next event of the terminal; `None` when it is gone, as after a hang-up. For ever once that was said.
async fn event_of(events: &mut Option<EventStream>) -> Option<Event> {
    let Some(stream) = events else {
        return std::future::pending().await;
    };
    match stream.next().await {
        Some(Ok(event)) => Some(event),
        Some(Err(_)) | None => None,
    }
}

/// Waits for the engine's task; for ever once it was seen to end.
async fn ended(engine: &mut Option<JoinHandle<()>>) -> Result<(), String> {
    let Some(task) = engine else {
        return std::future::pending().await;
    };
    let outcome = task.await;
    *engine = None;
    outcome.map_err(|error| error.to_string())
}
