//! A console in the middle of a migration that could be one: what the pictures of the panes show.

use std::collections::BTreeMap;

use crate::app::key::Key;
use crate::app::message::Detail;
use crate::app::model::Model;
use crate::app::panes::TABLE;
use crate::app::shared::PaneId;
use crate::app::tests::fixture;
use crate::app::{Answer, Effect, Message, Request, update};
use crate::domain::checklist::{State, Step, StepStatus};
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::Decision;
use crate::domain::departure::Departures;
use crate::domain::document_diff::{BookingDiff, Line, Mark};
use crate::domain::id::Id;
use crate::domain::overview::{BusinessRow, ConflictRow, Overview, Review};
use crate::domain::people::{BookingWords, Who};
use crate::domain::run::{Note, Outcome};
use crate::domain::run_view::{RunView, StepView};
use crate::domain::situation::{Seen, Situation, Standing};
use crate::domain::standstill::Standstill;
use crate::domain::view::{BusinessView, ClientLine, CustomerLine, DiffPage, Record};

/// 28 Nov 2026 18:55:02, in milliseconds since 1970.
pub const NOW: i64 = 1_795_892_102_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const PLAN: &str = "6af0030b";

const REPORT: &str = "# Migration report: shop\n\n- run: 20261128-181955-a3f1 (under way)\n- where: 127.0.0.1:27017 · replica set rs · database shop\n- who: ann@vm · began 2026-11-28 18:19:55 UTC\n- plan: 6af0030b\n\n## Found\n\n- users: 397\n- bookings: 2,000 at 12 businesses\n- conflicts: 95, all decided\n\n## Proved\n\n- bookings 2,000 = linked 1,994 + quarantined 6\n- pairs 372 = customers created 362 + adopted 3 + merged away 7 + skipped 0\n\n## The guide's checklist\n\n- [x] Create database backup: done, Back up\n- [ ] Restore database backup: not checked: the backup was read back, not restored\n\n## How to get back\n\n`ringfence --db shop rollback --confirm shop` renames the originals back, byte for byte, until they are deleted.";

fn id(number: u8) -> Id {
    Id::object_id([number; 12])
}

fn says(step: Step) -> &'static str {
    match step {
        Step::Survey => "397 users, 12 businesses, 2,000 bookings, 95 conflicts",
        Step::BackUp => "2,611 documents of 6 collections in backup-1, read back",
        Step::StopApplication => "QUIET: no foreign write from 18:49:52 to 18:49:55 (3 s)",
        Step::Document => "397 users, 2,000 bookings, 61 services in export",
        Step::Review => "plan 6af0030b over 95 conflicts",
        Step::CreateCustomers => "366 customers prepared (7 merged away), 373 links",
        Step::ReassignBookings => "1,994 bookings prepared, 6 quarantined",
        Step::Prove => "every prepared booking and customer is as planned",
        Step::Schema => "after the cut-over",
        _ => "",
    }
}

fn statuses(done: usize) -> Vec<StepStatus> {
    let each = Step::ALL.iter().enumerate();
    let of = |(at, step): (usize, &Step)| StepStatus {
        step: *step,
        state: match at.cmp(&done) {
            std::cmp::Ordering::Less => State::Done,
            std::cmp::Ordering::Equal => State::Ready,
            std::cmp::Ordering::Greater => State::Pending,
        },
        says: says(*step).to_owned(),
    };
    each.map(of).collect()
}

/// The run, as far as its proof.
pub fn run(notes: impl IntoIterator<Item = (String, Note)>) -> RunView {
    let step = |at: i64, took: i64, step: Step| {
        let started = NOW - (30 - at) * MINUTE;
        let view = StepView {
            state: State::Done,
            says: says(step).to_owned(),
            started,
            ended: started + took,
        };
        (step, view)
    };
    RunView {
        id: "20261128-181955-a3f1".into(),
        outcome: Outcome::Open,
        schema_waits: false,
        operator: "ann@vm".into(),
        started: NOW - 35 * MINUTE,
        plan: Some(PLAN.into()),
        standstill: Some(Standstill {
            since: NOW - 5 * MINUTE,
            until: None,
            own: 3_800,
        }),
        verdict: Some(("QUIET".into(), NOW - 5 * MINUTE)),
        backup: Some((2_611, NOW - 24 * MINUTE)),
        equations: vec![
            "bookings 2,000 = linked 1,994 + quarantined 6".into(),
            "pairs 372 = customers created 362 + adopted 3 + merged away 7 + skipped 0".into(),
        ],
        steps: [
            step(0, 300, Step::Survey),
            step(6, 140, Step::BackUp),
            step(25, 3_000, Step::StopApplication),
            step(26, 90, Step::Document),
            step(27, 20, Step::Review),
            step(28, 310, Step::CreateCustomers),
            step(28, 150, Step::ReassignBookings),
            step(29, 800, Step::Prove),
        ]
        .into(),
        expected: BTreeMap::from([
            (Step::CutOver, 100),
            (Step::CleanUsers, 300),
            (Step::Verify, 700),
        ]),
        left: Some(1_100),
        disk: Some(1 << 20),
        queries: (
            "// OLD: every business sees all users\nconst customers = await prisma.user.findMany({\n  where: { /* all users */ }\n})".into(),
            "// NEW: a business sees its own customers alone\nconst customers = await prisma.customer.findMany({\n  where: { businessId: business.id }\n})".into(),
        ),
        notes: notes.into_iter().collect(),
    }
}

fn standing(done: usize) -> Standing {
    let statuses = statuses(done);
    let seen = Seen {
        database: fixture::DATABASE.into(),
        run: Some(("20261128-181955-a3f1".into(), Outcome::Open)),
        prepared: true,
        held: true,
        view: Some(run([])),
        read: NOW,
        ..Seen::default()
    };
    let situation = Situation::of(&seen, &statuses);
    Standing {
        statuses,
        situation,
    }
}

const BUSINESSES: [(&str, u64, u64, u64); 7] = [
    ("Thai Garden Leipzig", 62, 319, 13),
    ("Hamam Salvador", 46, 253, 9),
    ("Foto فاس", 35, 180, 12),
    ("Giulia Massage", 29, 174, 9),
    ("Paws & Claws 成都", 28, 171, 6),
    ("Autohaus Łódź", 21, 122, 0),
    ("Yoga Cluj-Napoca", 14, 96, 1),
];

fn overview() -> Overview {
    let each = BUSINESSES.iter().zip(0_u8..);
    let business =
        |((name, customers, bookings, conflicts), at): (&(&str, u64, u64, u64), u8)| BusinessRow {
            id: id(at),
            name: (*name).into(),
            customers: *customers,
            bookings: *bookings,
            conflicts: *conflicts,
        };
    Overview {
        database: fixture::DATABASE.into(),
        users: 397,
        bookings: 2_000,
        services: 61,
        pairs: 372,
        businesses: each.map(business).collect(),
        ..Overview::default()
    }
}

fn review() -> Review {
    let conflict = |code: Code, number: u8, business: u8, decided: bool| ConflictRow {
        key: ConflictKey {
            code,
            business: Some(id(business)),
            subjects: vec![id(number), id(number + 1)],
        },
        units: 1,
        businesses: vec![id(business)],
        business_names: BUSINESSES[usize::from(business)].0.into(),
        decision: decided.then(|| Decision::new(code.suggestion())),
        asks: false,
    };
    Review {
        rows: vec![
            conflict(Code::DuplicateEmail, 20, 4, false),
            conflict(Code::DuplicateEmail, 22, 0, true),
            conflict(Code::DuplicateEmail, 24, 2, true),
            conflict(Code::MissingName, 26, 2, true),
            conflict(Code::MissingName, 28, 6, false),
            conflict(Code::MissingEmail, 30, 3, true),
        ],
        undo: 1,
        redo: 1,
        ..Review::default()
    }
}

fn person(name: &str) -> String {
    let mail = name.to_lowercase().replace([' ', '’'], ".");
    format!("{name} <{mail}@fastpost.example>")
}

fn record(title: &str, fields: &[(&str, &str)]) -> Record {
    let text = |(field, value): &(&str, &str)| ((*field).to_owned(), (*value).to_owned());
    Record {
        title: title.into(),
        fields: fields.iter().map(text).collect(),
        ids: vec![("_id".into(), "14".repeat(12))],
    }
}

fn detail(key: ConflictKey) -> Detail {
    let left = [
        ("bookings", "1, last 28 Sep 2023"),
        ("name", "\"Olivia Ramirez\""),
        ("email", "\"  olivia.ramirez320@fastpost.example\""),
        ("phone", "–"),
        ("address", "–"),
        ("createdAt", "2023-06-11T09:12:00.000Z"),
    ];
    let right = [
        ("bookings", "2, last 14 Dec 2024"),
        ("name", "\"Olivia Ramirez\""),
        ("email", "\"olivia.ramirez320@fastpost.example\""),
        ("phone", "\"+1 555 702 0002\""),
        ("address", "\"6 Oak Ridge, Łódź\""),
        ("createdAt", "2024-01-30T18:40:00.000Z"),
    ];
    Detail {
        key,
        records: Ok(vec![record("user", &left), record("user", &right)]),
        preview: Ok(Some(record("will be", &right))),
    }
}

fn booking(
    number: u8,
    (day, service): (i64, &str),
    (was, becomes): (&str, &str),
    outcome: &str,
) -> BookingDiff {
    let line = |mark, field: &str, value: &str| Line {
        mark,
        field: field.into(),
        value: value.into(),
    };
    let linked = outcome.starts_with("linked");
    let mut lines = vec![
        line(Mark::Same, "_id", &"60".repeat(12)),
        line(Mark::Removed, "userId", &"2f".repeat(12)),
        line(Mark::Same, "date", "2025-03-14T10:00:00.000Z"),
        line(Mark::Same, "status", "\"CONFIRMED\""),
        line(Mark::Same, "duration", "60"),
    ];
    if linked {
        lines.push(line(Mark::Added, "customerId", &"c4".repeat(12)));
    }
    BookingDiff {
        booking: id(number),
        business: Some(id(2)),
        business_name: "Foto فاس".into(),
        customer: linked.then(|| id(number + 50)),
        outcome: outcome.into(),
        words: BookingWords {
            when: Some(NOW - day * DAY),
            service: service.into(),
            was: was.into(),
            becomes: becomes.into(),
        },
        unusual: was != becomes,
        lines,
    }
}

fn page() -> DiffPage {
    DiffPage {
        entries: vec![
            booking(
                1,
                (2_100, "Oil change"),
                ("Γ. Παππάς", "Γ. Παππάς"),
                "linked",
            ),
            booking(
                2,
                (1_367, "Tyres"),
                ("Nino Beridze", "Nino Beridze"),
                "linked",
            ),
            booking(
                3,
                (624, "Portrait"),
                ("Agnieszka Kowalczyk", "Agnieszka Kowalczyk"),
                "linked",
            ),
            booking(
                4,
                (620, "Portrait"),
                ("(no such user)", "a new placeholder customer"),
                "linked",
            ),
            booking(5, (617, "(gone)"), ("–", "the quarantine"), "quarantined"),
        ],
        more: true,
        looked: 5,
        reached: Some(id(5)),
    }
}

fn business_view() -> BusinessView {
    let customer = |number: u8, name: &str, bookings, elsewhere, becomes| CustomerLine {
        user: id(number),
        who: Who {
            name: name.into(),
            email: format!("{}@fastpost.example", name.to_lowercase().replace(' ', ".")),
        },
        bookings,
        elsewhere,
        becomes,
    };
    BusinessView {
        customers: vec![
            customer(40, "Agnieszka Kowalczyk", 12, 1, "own customer"),
            customer(41, "Ελένη Παππά", 9, 0, "merged"),
            customer(42, "Nino Beridze", 7, 2, "own customer"),
            customer(43, "Noè De Luca", 4, 0, "adopted"),
        ],
        more: 31,
        years: vec![(2021, 8), (2022, 22), (2023, 47), (2024, 71), (2025, 32)],
        linked: 317,
        others: 2,
        elsewhere: vec![("Foto Durham".into(), 4), ("Hamam Salvador".into(), 2)],
        ..BusinessView::default()
    }
}

fn clients() -> Vec<ClientLine> {
    let client =
        |application: &str, driver: &str, user: &str, host: &str, connections| ClientLine {
            application: application.into(),
            driver: driver.into(),
            user: user.into(),
            host: host.into(),
            connections,
            is_prisma: driver.contains("Prisma"),
        };
    vec![
        client(
            "shop-api",
            "mongo-rust-driver|Prisma",
            "shop",
            "10.0.0.7",
            12,
        ),
        client("mongosh 2.3.1", "nodejs|mongosh", "ann", "10.0.0.4", 2),
        client("", "mongo-go-driver", "backup", "10.0.0.9", 1),
    ]
}

/// What an engine in this state says.
pub fn answer(request: Request) -> Option<Answer> {
    Some(match request {
        Request::Standing => Answer::Standing(Ok(standing(fixture::DONE)), review(), None),
        Request::Labels => Answer::Labels(Ok([
            (id(20), person("Olivia Ramirez")),
            (id(21), person("Olivia Ramirez")),
            (id(22), person("Noè De Luca")),
            (id(23), person("Noè de Luca")),
            (id(24), person("Agnieszka Kowalczyk")),
            (id(25), person("A. Kowalczyk")),
            (id(30), "Ελένη Παππά".to_owned()),
        ]
        .into())),
        Request::Detail(key) => Answer::Detail(Box::new(detail(key))),
        Request::Business(id) => Answer::Business(id, Box::new(Ok(business_view()))),
        Request::Clients => Answer::Clients(Ok(clients())),
        Request::Diffs(filter, from) => Answer::Diffs(filter, from, Ok(page())),
        Request::Report(personal) => Answer::Report(personal, Ok(REPORT.into())),
        request => return fixture::answer(request),
    })
}

fn settle(model: &mut Model, effects: Vec<Effect>) {
    fixture::settle_by(model, effects, answer);
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

/// Lets the focused pane ask for what it shows.
pub fn look(model: &mut Model) {
    let (width, height) = model.shared.size;
    let effects = update(model, Message::Resized { width, height });
    settle(model, effects);
}

/// A console that has surveyed and did nothing else.
pub fn surveyed() -> Model {
    let mut model = fixture::empty();
    let wall = Message::Now {
        since_start: std::time::Duration::from_secs(10),
        clock: "18:20:02".into(),
        wall: NOW,
    };
    update(&mut model, wall);
    let mut found = overview();
    found.accounts = 24;
    found.departures = Departures::of(found.bookings);
    let code = Code::BookingWithoutBusiness;
    found.departures.add(code, Choice::Quarantine, 6);
    let statuses = statuses(1);
    let situation = Situation::of(&Seen::default(), &statuses);
    let standing = Standing {
        statuses,
        situation,
    };
    let standing = Answer::Standing(Ok(standing), review(), None);
    for answer in [Answer::Surveyed(found, review()), standing] {
        update(&mut model, Message::Answer(answer));
    }
    model
}

/// A console before its cut-over.
pub fn midway() -> Model {
    let mut model = fixture::empty();
    let now = Message::Now {
        since_start: std::time::Duration::from_secs(2_000),
        clock: "18:55:02".into(),
        wall: NOW,
    };
    update(&mut model, now);
    model.shared.themes = super::super::names();
    model.shared.may_write = true;
    let standing = Answer::Standing(Ok(standing(fixture::DONE)), review(), None);
    for answer in [Answer::Surveyed(overview(), review()), standing] {
        let effects = update(&mut model, Message::Answer(answer));
        settle(&mut model, effects);
    }
    for pane in TABLE {
        model.go_to(pane.id);
        look(&mut model);
    }
    model.go_to(PaneId("overview"));
    model.panes.checklist.follow(&model.shared);
    model.shared.log = crate::app::log::Log::default();
    for (weight, text) in [
        (
            crate::app::log::Weight::Info,
            "Back up: 2,611 documents of 6 collections in backup-1, read back",
        ),
        (
            crate::app::log::Weight::Warning,
            "writing beside the live data is allowed",
        ),
        (
            crate::app::log::Weight::Info,
            "Prove: every prepared booking and customer is as planned",
        ),
    ] {
        model.shared.note_in_log(weight, text);
    }
    model.shared.said = None;
    model.shared.notice = None;
    model
}

/// The same with the focus on a pane.
pub fn with(pane: &'static str) -> Model {
    let mut model = midway();
    model.go_to(PaneId(pane));
    look(&mut model);
    model
}
