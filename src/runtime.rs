//! The select loop: terminal events, answers of the engine, progress, signals and ticks in; effects out. One task owns the session, so the
//! screen never waits for the server.

use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream, KeyEventKind, KeyModifiers};
use futures_util::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::key::{Key, KeyCode};
use crate::app::message::{Lost, TERMINAL_GONE};
use crate::app::{Answer, Effect, ExitReason, Message, Model, Request, begin, update};
use crate::command;
use crate::domain::checklist::Progress;
use crate::engine::retry::LONGEST;
use crate::engine::session::Session;
use crate::store::pulse::Pulse;
use crate::store::throttle::Throttle;
use crate::terminal::Screen;
use crate::ui::{self, Theme};
use crate::worker;

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(33);
/// Between two ticks while something runs.
const TICK: Duration = Duration::from_millis(250);
/// Requests and answers on their way.
const QUEUE: usize = 64;

/// Runs the console until the operator leaves.
///
/// # Errors
/// The terminal's refusal.
pub async fn run_console(session: Session) -> color_eyre::Result<ExitReason> {
    let lease = session.lease().clone();
    let mut model = Model::new(session.place().clone(), command::keymap());
    model.shared.limits = session.throttle().limits();
    let mut screen = Screen::enter()?;
    let size = screen.terminal.size()?;
    model.shared.size = (size.width, size.height);
    let mut outside = Outside::start(session)?;
    let theme = Theme::new(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()));
    let began = Instant::now();
    let mut drawn = began.checked_sub(FRAME).unwrap_or(began);
    let mut dirty = true;
    let mut drawing = Drawing {
        began,
        frames: 0,
        took: Duration::ZERO,
    };
    update(&mut model, clock(began));
    for effect in begin(&mut model, true) {
        outside.carry_out(effect, &mut screen)?;
    }
    loop {
        if dirty && drawn.elapsed() >= FRAME {
            let began_to_draw = Instant::now();
            let mut scrollable = crate::app::message::Scrollable::default();
            match screen.draw(|frame| scrollable = ui::draw(frame, &model, theme)) {
                Ok(()) => {
                    update(&mut model, Message::Drawn(scrollable));
                }
                Err(_) => outside.terminal_is_gone(),
            }
            drawing.took(began_to_draw.elapsed());
            drawn = Instant::now();
            dirty = false;
        }
        let wake = if dirty {
            drawn + FRAME
        } else {
            Instant::now() + TICK
        };
        let message = outside.next(wake).await;
        update(&mut model, clock(began));
        match message {
            Next::Message(message) => {
                dirty = true;
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
            Next::Tick => dirty |= model.shared.running.is_some(),
        }
    }
}

/// What drawing cost; said to the log at the end.
struct Drawing {
    began: Instant,
    frames: u64,
    took: Duration,
}

impl Drawing {
    fn took(&mut self, time: Duration) {
        self.frames += 1;
        self.took += time;
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
    fn start(session: Session) -> std::io::Result<Self> {
        let (requests, received) = mpsc::channel(QUEUE);
        let (answer, answers) = mpsc::channel(QUEUE);
        let (says, progress) = watch::channel(Progress::default());
        let (beat, pulse) = watch::channel(None);
        if let Ok(server) = session.pulse() {
            tokio::spawn(feel(server, beat));
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
            engine: Some(tokio::spawn(worker::serve(session, received, answer, says))),
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
            Effect::Close => self.requests = None,
            Effect::LeaveNow => {}
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

fn message_of(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => {
            use crossterm::event::KeyCode as Code;
            let code = match key.code {
                Code::Char(c) => KeyCode::Char(c),
                Code::Enter => KeyCode::Enter,
                Code::Esc => KeyCode::Esc,
                Code::Tab => KeyCode::Tab,
                Code::BackTab => KeyCode::BackTab,
                Code::Up => KeyCode::Up,
                Code::Down => KeyCode::Down,
                Code::Left => KeyCode::Left,
                Code::Right => KeyCode::Right,
                Code::Home => KeyCode::Home,
                Code::End => KeyCode::End,
                Code::PageUp => KeyCode::PageUp,
                Code::PageDown => KeyCode::PageDown,
                Code::Backspace => KeyCode::Backspace,
                Code::Delete => KeyCode::Delete,
                _ => return None,
            };
            Some(Message::Key(Key {
                code,
                ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
                alt: key.modifiers.contains(KeyModifiers::ALT),
            }))
        }
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resized { width, height }),
        _ => None,
    }
}
