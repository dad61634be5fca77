//! Random messages: nothing panics, nothing destructive happens without the name typed at its gate, nothing is written before it is allowed,
//! and there is always a way out.

use proptest::prelude::*;

use super::fixture::{DATABASE, ENTER, ESC, answer, empty, review};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{Layer, LayerKind};
use crate::app::message::{Drawn, Job, ListArea, Lost, Mouse, Scrollable};
use crate::app::panes::TABLE;
use crate::app::{Answer, Effect, Message, Model, Request, begin, update};
use crate::command;
use crate::domain::checklist::{Progress, Step, Touch};
use crate::domain::ending::{Ended, Ending};

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Event {
    /// A key of the table, by its place among all keys.
    Key(usize),
    /// A character.
    Char(char),
    /// The database's name is typed.
    Name,
    /// Text is pasted.
    Paste(String),
    /// The oldest request is answered, well or badly.
    Answer(bool),
    /// Progress.
    Progress(u64),
    /// Somebody else writes.
    ForeignWrites,
    /// The engine's task ends.
    EngineEnded,
    /// A signal.
    Signal,
    /// The last drawing.
    Drawn(usize),
    /// The mouse.
    Mouse(Mouse),
    /// The operator's own editor ended.
    Edited(String),
    /// The server is lost, or back.
    Lost(bool),
}

/// Anything that may happen.
pub fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        30 => any::<usize>().prop_map(Event::Key),
        6 => any::<char>().prop_map(Event::Char),
        6 => Just(Event::Name),
        2 => "[a-z\r\n\t\u{1b}]{0,9}".prop_map(Event::Paste),
        20 => prop::bool::weighted(0.8).prop_map(Event::Answer),
        2 => any::<u64>().prop_map(Event::Progress),
        1 => Just(Event::ForeignWrites),
        1 => prop::bool::weighted(0.05).prop_map(|ends| if ends { Event::EngineEnded } else { Event::Name }),
        1 => prop::bool::weighted(0.1).prop_map(|comes| if comes { Event::Signal } else { Event::Name }),
        2 => (0_usize..40).prop_map(Event::Drawn),
        3 => (0_u16..90, 0_u16..30).prop_map(|(x, y)| Event::Mouse(Mouse::Click { x, y })),
        2 => any::<bool>().prop_map(|down| Event::Mouse(Mouse::Wheel { down })),
        1 => "[a-z\\n]{0,9}".prop_map(Event::Edited),
        1 => any::<bool>().prop_map(Event::Lost),
    ]
}

/// The console with an engine that holds back its answers.
pub struct World {
    /// The console.
    pub model: Model,
    pending: std::collections::VecDeque<Request>,
    keys: Vec<Key>,
    /// The last message was a yes to a question.
    yes: bool,
    out: bool,
}

fn failed<T>() -> Result<T, String> {
    Err("no".into())
}

fn badly() -> Ended {
    Ended {
        ending: Ending::Failed,
        says: "no".into(),
    }
}

/// What an engine says when it goes badly.
fn refused(request: Request) -> Answer {
    match request {
        Request::Standing => Answer::Standing(failed(), review(false), None),
        Request::Run { step, .. } => Answer::Ended(Job::Step(step), badly()),
        Request::RollBack(_) => Answer::Ended(Job::RollBack, badly()),
        Request::Strays(_) => Answer::Ended(Job::TakeIn, badly()),
        Request::Gate(_) => Answer::Gate(Box::new(failed())),
        Request::Decide(_) | Request::DecideAlike(_) | Request::Undo | Request::Redo => {
            Answer::Decided(failed(), review(false))
        }
        Request::TryOut(key, _) => Answer::TriedOut(key, failed()),
        Request::Labels => Answer::Labels(failed()),
        Request::Sources(_) => Answer::Sources(Box::new(failed())),
        Request::Detail(key) => Answer::Detail(Box::new(crate::app::message::Detail {
            key,
            records: failed(),
            preview: failed(),
        })),
        Request::Business(id) => Answer::Business(id, Box::new(failed())),
        Request::Clients => Answer::Clients(failed()),
        Request::Diffs(filter, from) => Answer::Diffs(filter, from, failed()),
        Request::Note(on, _) => Answer::Noted(on, failed()),
        Request::TakeNoteBack(on) => Answer::NoteTakenBack(on, failed()),
        Request::Schema { long } => Answer::Schema(long, Box::new(failed())),
        Request::Mapping => Answer::Mapping(Box::new(failed())),
        Request::SaveMapping { .. } => Answer::MappingSaved(failed()),
        Request::Report(personal) => Answer::Report(personal, failed()),
        Request::Export(_) => Answer::Exported(failed()),
    }
}

impl World {
    /// One that has just opened.
    pub fn opened() -> Self {
        let mut model = empty();
        let effects = begin(&mut model, true);
        let keys = command::table()
            .iter()
            .flat_map(|listed| listed.about.keys)
            .copied()
            .collect();
        let mut world = Self {
            model,
            pending: std::collections::VecDeque::new(),
            keys,
            yes: false,
            out: false,
        };
        world.carry_out(effects, false, false);
        world
    }

    fn take(&mut self, message: Message) {
        // Whether this message may open what is behind a gate.
        let typed = match self.model.shared.layers.last() {
            Some(Layer::Gate(open)) => open.typed.text() == DATABASE,
            _ => false,
        };
        let confirms = typed && matches!(message, Message::Key(key) if key == ENTER);
        self.yes = self.model.top() == Some(LayerKind::Question)
            && matches!(message, Message::Key(key) if key == Key::char('Y'));
        let allows = self.model.shared.may_write || confirms || self.yes;
        let effects = update(&mut self.model, message);
        self.carry_out(effects, confirms, allows);
    }

    fn carry_out(&mut self, effects: Vec<Effect>, confirms: bool, allows: bool) {
        for effect in effects {
            match effect {
                Effect::Ask(request) => {
                    match &request {
                        Request::RollBack(_) => assert!(confirms, "rolled back unasked"),
                        Request::Strays(_) => assert!(confirms, "decided unasked"),
                        Request::Run { step, confirmed } => {
                            assert!(confirmed.is_none() || confirms);
                            assert!(
                                step.touch() != Touch::Gate || confirmed.is_some(),
                                "{step:?}"
                            );
                            assert!(step.touch() != Touch::Aside || allows, "{step:?}");
                        }
                        Request::Note(..) | Request::TakeNoteBack(_) => assert!(allows),
                        Request::Standing
                        | Request::Gate(_)
                        | Request::Decide(_)
                        | Request::DecideAlike(_)
                        | Request::TryOut(..)
                        | Request::Undo
                        | Request::Redo
                        | Request::Labels
                        | Request::Sources(_)
                        | Request::Detail(_)
                        | Request::Business(_)
                        | Request::Clients
                        | Request::Diffs(..)
                        | Request::Schema { .. }
                        | Request::Mapping
                        | Request::Report(_)
                        | Request::Export(_) => {}
                        Request::SaveMapping { .. } => {
                            assert!(self.yes, "a file was written unasked");
                        }
                    }
                    self.pending.push_back(request);
                }
                Effect::Close | Effect::LeaveNow => self.out = true,
                Effect::Cancel
                | Effect::Pace(_)
                | Effect::Suspend
                | Effect::Copy(_)
                | Effect::Edit(_)
                | Effect::Mouse(_)
                | Effect::Log(..) => {}
            }
        }
    }

    fn answer(&mut self, well: bool) {
        let Some(request) = self.pending.pop_front() else {
            return;
        };
        let job = match &request {
            Request::Run { step, .. } => Some(Job::Step(*step)),
            Request::RollBack(_) => Some(Job::RollBack),
            Request::Strays(_) => Some(Job::TakeIn),
            Request::Schema { long: true } => Some(Job::Schema),
            _ => None,
        };
        if !well {
            return self.take(Message::Answer(refused(request)));
        }
        let said = answer(request).or_else(|| Some(Answer::Ended(job?, Ended::done("done"))));
        if job == Some(Job::Step(Step::Survey)) {
            let surveyed = Answer::Surveyed(super::fixture::overview(), review(false));
            self.take(Message::Answer(surveyed));
        }
        self.take(Message::Answer(said.unwrap()));
    }

    /// Lets something happen.
    pub fn happen(&mut self, event: Event) {
        match event {
            Event::Key(at) => {
                let key = self.keys[at % self.keys.len()];
                self.take(Message::Key(key));
            }
            Event::Char(c) => self.take(Message::Key(Key::char(c))),
            Event::Name => {
                for c in DATABASE.chars() {
                    self.take(Message::Key(Key::char(c)));
                }
            }
            Event::Paste(text) => self.take(Message::Paste(text)),
            Event::Answer(well) => self.answer(well),
            Event::Progress(done) => self.take(Message::Progress(Progress {
                doing: "copying".into(),
                done,
                total: done / 2,
                slow: String::new(),
            })),
            Event::ForeignWrites => {
                self.take(Message::Answer(Answer::ForeignWrites("to Booking".into())));
            }
            Event::EngineEnded => {
                self.pending.clear();
                self.take(Message::EngineEnded("it stopped".into()));
            }
            Event::Signal => self.take(Message::Signal("SIGTERM")),
            Event::Drawn(rows) => self.take(Message::Drawn(Drawn {
                scrollable: Scrollable {
                    page: rows,
                    furthest: rows * 2,
                    at: rows,
                    detail: rows,
                    list: Some(ListArea {
                        y: 3,
                        width: 40,
                        height: 20,
                        ..ListArea::default()
                    }),
                },
                tabs: (0..TABLE.len())
                    .zip((0_u16..).step_by(9))
                    .map(|(at, x)| (x, x + 8, at))
                    .collect(),
            })),
            Event::Mouse(mouse) => self.take(Message::Mouse(mouse)),
            Event::Edited(text) => self.take(Message::Edited(Ok(text))),
            Event::Lost(lost) => self.take(Message::Pulse(lost.then(|| Lost {
                since: "01:00:00".into(),
                until: "01:01:00".into(),
            }))),
        }
    }

    /// Goes back with Esc, lets what runs end, and leaves.
    fn leaves(&mut self) -> bool {
        while self.model.shared.leaving.is_none() && self.model.shared.running.is_some() {
            if self.pending.is_empty() {
                return false; // a job that nobody does
            }
            self.answer(false);
        }
        for _ in 0..9 {
            if self.model.shared.leaving.is_none() && !self.model.shared.layers.is_empty() {
                self.take(Message::Key(ESC));
            }
        }
        self.out = false;
        if self.model.shared.leaving.is_some() {
            self.take(Message::Key(Key::ctrl('c')));
        } else {
            self.take(Message::Key(Key::char('q')));
            if !self.out {
                self.take(Message::Key(Key::char('Q')));
            }
        }
        self.out
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_never_do_harm_and_always_leave_a_way_out(
        events in prop::collection::vec(event(), 0..120),
    ) {
        let mut world = World::opened();
        for event in events {
            world.happen(event);
            let held = command::hints(&world.model);
            prop_assert!(!held.is_empty(), "no key is offered");
        }
        prop_assert!(world.leaves(), "no way out of {:?}", world.model);
    }
}

#[test]
fn a_gate_takes_more_than_enter() {
    let mut world = World::opened();
    world.answer(true);
    world.answer(true);
    for _ in 0..3 {
        world.answer(true);
    }
    world.model.panes.checklist.select(Step::CutOver);
    world.take(Message::Key(ENTER));
    while !world.pending.is_empty() {
        world.answer(true);
    }
    assert_eq!(world.model.top(), Some(LayerKind::Gate));
    for key in [
        ENTER,
        Key::char('y'),
        Key::char('Y'),
        Key::plain(KeyCode::Tab),
        ENTER,
    ] {
        world.take(Message::Key(key));
        assert!(world.model.shared.running.is_none());
    }
}
