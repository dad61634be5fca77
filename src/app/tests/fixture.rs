//! A console in a known state, and an engine that answers at once.

use bson::raw::cstr;
use bson::rawdoc;

use crate::app::key::{Key, KeyCode};
use crate::app::message::{Detail, Job};
use crate::app::shared::PaneId;
use crate::app::{Answer, Effect, Message, Model, Request};
use crate::command;
use crate::domain::checklist::{State, Step, StepStatus};
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::decision::Decision;
use crate::domain::document_diff::BookingDiff;
use crate::domain::evidence::Evidence;
use crate::domain::gate::{Destructive, Gate};
use crate::domain::id::Id;
use crate::domain::mapping::{DEFAULT, Mapping};
use crate::domain::mapping_view::{MappingSource, MappingView};
use crate::domain::overview::{BusinessRow, ConflictRow, Overview, Review};
use crate::domain::people::Who;
use crate::domain::profile::Profile;
use crate::domain::propose::Catalogue;
use crate::domain::run::{Note, Outcome};
use crate::domain::run_view::RunView;
use crate::domain::situation::{Seen, Situation, Standing};
use crate::domain::survivorship::{Candidate, Survivor};
use crate::domain::view::{
    BusinessView, ClientLine, CustomerLine, DiffPage, Place, Record, Source, Sources,
};

/// The database; its name opens gates.
pub const DATABASE: &str = "shop";
/// Steps that are done in [`ready`].
pub const DONE: usize = 8;

/// A report of four sections.
pub const REPORT: &str = "# Migration report: shop\n\n- run: 20261129-1 (under way)\n- who: ann@desk\n\n## Found\n\n- users: 397\n- bookings: 2,000\n\n## Proved\n\n- bookings 2,000 = linked 1,994 + quarantined 6\n\n## How to get back\n\nrename the originals back";

/// Where the console is.
pub fn place() -> Place {
    Place {
        host: "127.0.0.1:27017".into(),
        replica_set: None,
        replica_set_id: None,
        topology: "standalone".into(),
        server_version: "6.0.5".into(),
        database: DATABASE.into(),
        uri_source: "--uri".into(),
        user: None,
    }
}

/// The first `done` steps are done, the next one is ready.
pub fn statuses(done: usize) -> Vec<StepStatus> {
    let state = |at: usize| match at.cmp(&done) {
        std::cmp::Ordering::Less => State::Done,
        std::cmp::Ordering::Equal => State::Ready,
        std::cmp::Ordering::Greater => State::Pending,
    };
    Step::ALL
        .iter()
        .enumerate()
        .map(|(at, step)| StepStatus {
            step: *step,
            state: state(at),
            says: "says".into(),
        })
        .collect()
}

/// The same, with a situation.
pub fn standing(done: usize) -> Standing {
    let statuses = statuses(done);
    let situation = Situation::of(&Seen::default(), &statuses);
    Standing {
        statuses,
        situation,
    }
}

fn id(number: u8) -> Id {
    Id::object_id([number; 12])
}

fn conflict(code: Code, number: u8, decided: bool) -> ConflictRow {
    ConflictRow {
        key: ConflictKey {
            code,
            business: Some(id(number % 2)),
            subjects: vec![id(number), id(number + 100)],
        },
        units: 1,
        businesses: vec![id(number % 2)],
        business_names: format!("Salon {}", number % 2),
        decision: decided.then(|| Decision::new(code.suggestion())),
        asks: false,
    }
}

/// Four conflicts, the second one decided, or all of them.
pub fn review(decided: bool) -> Review {
    Review {
        rows: vec![
            conflict(Code::DuplicateEmail, 0, decided),
            conflict(Code::DuplicateEmail, 1, true),
            conflict(Code::MissingName, 2, decided),
            conflict(Code::MissingEmail, 3, decided),
        ],
        undo: 1,
        redo: 1,
        ..Review::default()
    }
}

/// Three businesses.
pub fn overview() -> Overview {
    let business = |number: u8| BusinessRow {
        id: id(number),
        name: format!("Salon {number}"),
        customers: 10 + u64::from(number),
        bookings: 30 - u64::from(number),
        conflicts: u64::from(number),
    };
    Overview {
        database: DATABASE.into(),
        businesses: (0..3).map(business).collect(),
        ..Overview::default()
    }
}

/// What stands at a gate.
pub fn gate(action: Destructive) -> Gate {
    Gate {
        action,
        host: "127.0.0.1:27017".into(),
        replica_set: None,
        database: DATABASE.into(),
        plan_hash: "abc".into(),
        now: String::new(),
        will_do: vec!["renames".into()],
        backup: Evidence::default(),
        proof: Vec::new(),
        writers: None,
        way_back: Evidence::default(),
        lost: Vec::new(),
        written: vec![],
        choices: vec![],
        missing: vec![],
    }
}

/// Three records of a conflict.
///
/// # Panics
/// Where the default mapping cannot be read.
pub fn sources(key: ConflictKey) -> Sources {
    let record = |id: &str, name: &str| Source {
        document: rawdoc! { "_id": id, "name": name, "email": "a@b.c" },
        candidate: Candidate {
            id: Id::string(id),
            filled: 2,
            created: 5,
            bookings: 1,
            deleted: false,
        },
    };
    Sources {
        key,
        role: *Mapping::parse(DEFAULT).unwrap().user,
        inherited: Survivor::MostComplete,
        records: vec![record("a", "Ann"), record("b", "Anne"), record("c", "Al")],
    }
}

/// Bookings, the last one without a customer.
pub fn page(more: bool) -> DiffPage {
    let booking = |number: u8| BookingDiff {
        booking: id(number),
        business: Some(id(0)),
        business_name: "Salon 0".into(),
        customer: (number != 2).then(|| id(number + 50)),
        outcome: "linked".into(),
        words: crate::domain::people::BookingWords::default(),
        unusual: number == 2,
        lines: vec![],
    };
    DiffPage {
        entries: (0..3).map(booking).collect(),
        more,
        looked: 3,
        reached: Some(id(2)),
    }
}

/// A run with these notes.
pub fn run(notes: impl IntoIterator<Item = (String, Note)>) -> RunView {
    RunView {
        id: "20261129-1".into(),
        outcome: Outcome::Open,
        operator: "ann@desk".into(),
        started: 0,
        plan: Some("6af0030b".into()),
        standstill: None,
        verdict: None,
        backup: Some((2_611, 0)),
        equations: vec!["bookings 2,000 = linked 1,994 + quarantined 6".into()],
        steps: std::collections::BTreeMap::new(),
        expected: std::collections::BTreeMap::new(),
        left: None,
        disk: None,
        queries: ("old".into(), "new".into()),
        schema_waits: false,
        notes: notes.into_iter().collect(),
    }
}

/// A business looked at closely, with two customers.
pub fn business_view() -> BusinessView {
    let customer = |number: u8| CustomerLine {
        user: id(number),
        who: Who {
            name: format!("Person {number}"),
            email: format!("p{number}@example.org"),
        },
        bookings: 3,
        elsewhere: 0,
        becomes: "a customer",
    };
    BusinessView {
        customers: (0..2).map(customer).collect(),
        years: vec![(2024, 2), (2025, 4)],
        linked: 6,
        ..BusinessView::default()
    }
}

/// What `init` proposes, with a required key left open.
pub const PROPOSED: &str = "version = 2\n\n[booking]\ncollection = \"Booking\" # 9 documents\n# user = \"clientId\" # 3 of 9 values are ids of User\nuser = \"\" # required: say which\ncustomer = \"customerId\"\n\n[customer]\ncollection = \"Customer\"\nbusiness = \"businessId\"\n";

/// The mapping that is built in, in a file, and what stands in the database.
pub fn mapping_view() -> MappingView {
    let mut profile = Profile::new(9);
    for number in 0..9 {
        let mut booking = rawdoc! { "_id": number, "userId": number };
        if number < 3 {
            booking.append(cstr!("clientId"), number);
        }
        profile.take(&booking);
    }
    let mut users = Profile::new(9);
    for number in 0..9 {
        users.take(&rawdoc! { "_id": number, "nickname": "x", "phone": "1" });
    }
    let mut seen = crate::domain::propose::Seen::default();
    for (name, profile) in [("Booking", profile), ("User", users)] {
        let seen_one = crate::domain::propose::SeenCollection {
            profile,
            references: Vec::new(),
        };
        seen.collections.insert(name.to_owned(), seen_one);
    }
    MappingView {
        text: DEFAULT.into(),
        source: MappingSource::File,
        file: "ringfence.toml".into(),
        in_file: Some(DEFAULT.into()),
        refused: vec![],
        warnings: vec![],
        catalogue: Catalogue::of(&seen),
        proposed: Ok(PROPOSED.into()),
        locked: None,
    }
}

/// A client that is connected.
pub fn client() -> ClientLine {
    ClientLine {
        application: "shop".into(),
        driver: "mongo-rust-driver|Prisma".into(),
        user: String::new(),
        host: "10.0.0.7".into(),
        connections: 3,
        is_prisma: true,
    }
}

/// What a message does, but for the lines that go into the log.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = crate::app::update(model, message);
    effects.retain(|effect| !matches!(effect, Effect::Log(..)));
    effects
}

/// What an engine says to a request when all goes well. A job says nothing until it ends.
pub fn answer(request: Request) -> Option<Answer> {
    Some(match request {
        Request::Standing => Answer::Standing(Ok(standing(DONE)), review(false), None),
        Request::Run { .. } | Request::RollBack(_) | Request::Strays(_) => return None,
        Request::Gate(action) => Answer::Gate(Box::new(Ok(gate(action)))),
        Request::Decide(changes) => Answer::Decided(Ok(changes.len()), review(false)),
        Request::DecideAlike(_) => Answer::Decided(Ok(3), review(true)),
        Request::TryOut(key, _) => Answer::TriedOut(key, Ok(())),
        Request::Undo | Request::Redo => Answer::Decided(Ok(1), review(false)),
        Request::Labels => Answer::Labels(Ok([(id(0), "Ann <a@b.c>".to_owned())].into())),
        Request::Sources(key) => Answer::Sources(Box::new(Ok(sources(key)))),
        Request::Detail(key) => Answer::Detail(Box::new(Detail {
            key,
            records: Ok(vec![Record {
                title: "user".into(),
                fields: vec![],
                ids: vec![],
            }]),
            preview: Ok(None),
        })),
        Request::Business(id) => Answer::Business(id, Box::new(Ok(business_view()))),
        Request::Clients => Answer::Clients(Ok(vec![client(); 3])),
        Request::Diffs(filter, from) => Answer::Diffs(filter, from, Ok(page(true))),
        Request::Note(on, _) => Answer::Noted(on, Ok(())),
        Request::TakeNoteBack(on) => Answer::NoteTakenBack(on, Ok("the note is taken back".into())),
        Request::Schema { long } => {
            Answer::Schema(long, Box::new(Ok(super::schema::schema_view())))
        }
        Request::Mapping => Answer::Mapping(Box::new(Ok(mapping_view()))),
        Request::SaveMapping { .. } => Answer::MappingSaved(Ok("the mapping is saved".into())),
        Request::Report(personal) => Answer::Report(personal, Ok(REPORT.into())),
        Request::Export(_) => Answer::Exported(Ok(vec!["report.md".into()])),
    })
}

/// Answers what was asked, and what is asked then.
pub fn settle(model: &mut Model, effects: Vec<Effect>) {
    settle_by(model, effects, answer);
}

/// The same, with answers of one's own.
pub fn settle_by(model: &mut Model, effects: Vec<Effect>, answer: fn(Request) -> Option<Answer>) {
    let mut effects = std::collections::VecDeque::from(effects);
    while let Some(effect) = effects.pop_front() {
        if let Effect::Ask(request) = effect
            && let Some(answer) = answer(request)
        {
            effects.extend(update(model, Message::Answer(answer)));
        }
    }
}

/// Presses a key and answers what it asks for.
pub fn press(model: &mut Model, key: Key) {
    let effects = update(model, Message::Key(key));
    settle(model, effects);
}

/// Types characters.
pub fn typing(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, Key::char(c));
    }
}

/// A console that has just opened.
pub fn empty() -> Model {
    Model::new(place(), command::keymap())
}

/// A console with a survey, [`DONE`] steps done and the first bookings there; the checklist has the focus.
pub fn ready() -> Model {
    let mut model = empty();
    let standing = Answer::Standing(Ok(standing(DONE)), review(false), None);
    for answer in [Answer::Surveyed(overview(), review(false)), standing] {
        let effects = update(&mut model, Message::Answer(answer));
        settle(&mut model, effects);
    }
    for pane in crate::app::panes::TABLE {
        model.go_to(pane.id);
        look(&mut model);
    }
    model.go_to(PaneId("overview"));
    model.panes.checklist.follow(&model.shared);
    model.shared.themes = vec!["default".into(), "light".into()];
    model.shared.said = None;
    model.shared.log = crate::app::log::Log::default();
    model.shared.scrollable = crate::app::message::Scrollable {
        page: 2,
        furthest: 9,
        at: 0,
        detail: 9,
        list: None,
    };
    model
}

/// The same with the cut-over done.
pub fn cut_over() -> Model {
    let mut model = ready();
    let standing = standing(Step::CutOver as usize + 1);
    let answer = Answer::Standing(Ok(standing), review(false), None);
    update(&mut model, Message::Answer(answer));
    model
}

/// Lets the focused pane ask for what it shows.
pub fn look(model: &mut Model) {
    let (width, height) = model.shared.size;
    let effects = update(model, Message::Resized { width, height });
    settle(model, effects);
}

/// The same with the focus on a pane.
pub fn at(pane: &'static str) -> Model {
    let mut model = ready();
    model.go_to(PaneId(pane));
    look(&mut model);
    model
}

/// The same while a job runs.
pub fn running(mut model: Model) -> Model {
    let job = Job::Step(Step::BackUp);
    model.shared.running = Some(crate::app::progress::Running::new(
        job,
        std::time::Duration::ZERO,
    ));
    model
}

/// The same after the engine's task ended.
pub fn ended(mut model: Model) -> Model {
    update(&mut model, Message::EngineEnded("it stopped".into()));
    model
}

/// Enter.
pub const ENTER: Key = Key::plain(KeyCode::Enter);
/// Escape.
pub const ESC: Key = Key::plain(KeyCode::Esc);

/// What was asked for.
pub fn requests(effects: &[Effect]) -> Vec<&Request> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(request) => Some(request),
            Effect::Cancel
            | Effect::Pace(_)
            | Effect::Suspend
            | Effect::Copy(_)
            | Effect::Edit(_)
            | Effect::Mouse(_)
            | Effect::Log(..)
            | Effect::Close
            | Effect::LeaveNow => None,
        })
        .collect()
}
