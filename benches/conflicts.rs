//! How quickly every pane answers with 120,000 users and 5,000 conflicts: a key is pressed, the state machine takes it, and the whole console
//! is drawn. Fails above 16 ms at the 99th percentile: a frame at 60 Hz. How many bookings there are changes nothing: a page of them is held.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::similar_names,
    clippy::print_stdout
)]

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use bson::{DateTime, oid::ObjectId, rawdoc};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ringfence::app::key::{Key, KeyCode};
use ringfence::app::message::Drawn;
use ringfence::app::panes::TABLE;
use ringfence::app::panes::conflicts::Conflicts;
use ringfence::app::panes::pane::PaneCommands;
use ringfence::app::shared::PaneId;
use ringfence::app::{Answer, Effect, Message, Model, Request, update};
use ringfence::command;
use ringfence::domain::blueprint::Blueprint;
use ringfence::domain::decision::Decisions;
use ringfence::domain::document_diff::BookingDiff;
use ringfence::domain::id::Id;
use ringfence::domain::mapping::{DEFAULT, Mapping};
use ringfence::domain::mapping_view::{MappingSource, MappingView};
use ringfence::domain::overview::Review;
use ringfence::domain::people::{BookingWords, Who};
use ringfence::domain::propose::Catalogue;
use ringfence::domain::reference::End;
use ringfence::domain::survey::Survey;
use ringfence::domain::view::{BusinessView, ClientLine, CustomerLine, DiffPage, Place};
use ringfence::store::spill;
use ringfence::ui;

const USERS: u32 = 120_000;
const CONFLICTS: u32 = 5_000;
const BUSINESSES: u32 = 200;

fn oid(kind: u8, n: u32) -> ObjectId {
    let mut bytes = [0x65, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// Every user books at one business; 4,000 of them share their e-mail with a neighbour, and 3,000 have no name.
fn survey() -> (Survey, HashMap<Id, String>) {
    let mut survey = Survey::new(
        "bench",
        Mapping::parse(DEFAULT).unwrap(),
        &spill::memory(56 << 20, Path::new(".")),
    );
    let mut labels = HashMap::new();
    for n in 0..BUSINESSES {
        survey.take_business(&rawdoc! { "_id": oid(1, n), "name": format!("Salon number {n}") });
    }
    for n in 0..BUSINESSES {
        let service = rawdoc! { "_id": oid(2, n), "businessId": oid(1, n) };
        for hop in survey.hops(End::Business) {
            survey.take_hop(End::Business, &hop, &service);
        }
    }
    for n in 0..USERS {
        let twin = n < 4_000 && n % 2 == 1;
        let email = format!("person{}@example.org", if twin { n - 1 } else { n });
        let name = if (4_000..7_000).contains(&n) {
            String::new()
        } else {
            format!("Given{} Family{}", n % 977, n % 1_259)
        };
        let at = DateTime::from_millis(i64::from(n));
        survey.take_user(&rawdoc! { "_id": oid(3, n), "name": name.as_str(), "email": email.as_str(), "createdAt": at });
        labels.insert(
            Id::object_id(oid(3, n).bytes()),
            format!("{name} <{email}>"),
        );
    }
    survey.close_users();
    for n in 0..USERS {
        survey.take_booking(&rawdoc! { "_id": oid(4, n), "userId": oid(3, n), "serviceId": oid(2, n / 2 % BUSINESSES) });
    }
    (survey, labels)
}

fn place() -> Place {
    Place {
        host: "127.0.0.1:27017".into(),
        replica_set_id: None,
        replica_set: Some("rs".into()),
        topology: "replica set of 1 node".into(),
        server_version: "6.0.5".into(),
        database: "bench".into(),
        uri_source: "bench".into(),
        user: None,
    }
}

/// Resident memory in KiB, now and at its highest.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or(0)
    };
    (field("VmRSS:"), field("VmHWM:"))
}

#[allow(clippy::too_many_lines)] // one script, in order
fn main() {
    let (survey, labels) = survey();
    let conflicts = survey.conflicts();
    assert_eq!(conflicts.len(), CONFLICTS as usize);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    let rows = survey.conflict_rows(&conflicts, &Decisions::default(), &blueprint.departures);
    let before = memory().0;
    let mut model = Model::new(place(), command::keymap());
    model.shared.size = (120, 40);
    model.shared.pane = Conflicts::ID;
    let review = |rows: Vec<_>| Review {
        rows,
        ..Review::default()
    };
    let overview = survey.overview(&conflicts, &Decisions::default(), &blueprint);
    let surveyed = Answer::Surveyed(overview, review(rows.clone()));
    update(&mut model, Message::Answer(surveyed));
    update(&mut model, Message::Answer(Answer::Labels(Ok(labels))));
    println!(
        "{USERS} users, {CONFLICTS} conflicts: {} KiB with the survey; the pane adds {} KiB",
        before,
        memory().0.saturating_sub(before)
    );
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let mut press = |what: &'static str,
                     model: &mut Model,
                     messages: Vec<Message>,
                     times: &mut Vec<(&'static str, Duration)>| {
        for message in messages {
            let started = Instant::now();
            update(model, message);
            terminal
                .draw(|frame| {
                    ui::draw(frame, model, ui::Theme::default());
                })
                .unwrap();
            times.push((what, started.elapsed()));
        }
    };
    let key = |c| Message::Key(Key::char(c));
    let plain = |code| Message::Key(Key::plain(code));
    let mut times = Vec::new();
    for _ in 0..20 {
        press(
            "scroll",
            &mut model,
            (0..40).map(|_| key('j')).collect(),
            &mut times,
        );
        press(
            "page",
            &mut model,
            (0..10).map(|_| plain(KeyCode::PageDown)).collect(),
            &mut times,
        );
        press(
            "end and home",
            &mut model,
            vec![key('G'), key('g')],
            &mut times,
        );
        press("next undecided", &mut model, vec![key('n')], &mut times);
        press(
            "only undecided",
            &mut model,
            vec![key('o'), key('o')],
            &mut times,
        );
        press(
            "sort",
            &mut model,
            (0..4).map(|_| key('s')).collect(),
            &mut times,
        );
        let search = "/given7 fam".chars().map(key).collect();
        press("search", &mut model, search, &mut times);
        press("search", &mut model, vec![plain(KeyCode::Esc)], &mut times);
        press(
            "filter by business",
            &mut model,
            "b".chars().chain("199".chars()).map(key).collect(),
            &mut times,
        );
        press(
            "filter by business",
            &mut model,
            vec![plain(KeyCode::Enter), key('F')],
            &mut times,
        );
        let decided = Message::Answer(Answer::Decided(Ok(1), review(rows.clone())));
        press("an answer kept", &mut model, vec![decided], &mut times);
    }
    let mut panes = Vec::new();
    for row in TABLE {
        fill(&mut model, row.id);
        for size in [(80, 24), (200, 60)] {
            let (width, height) = size;
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let mut of_pane = Vec::new();
            let keys = "jjjjjjjjjjkkkkJJKKGg".chars().map(key);
            let pages = (0..10).map(|_| plain(KeyCode::PageDown));
            let resized = Message::Resized { width, height };
            for message in std::iter::once(resized).chain(keys).chain(pages) {
                let started = Instant::now();
                update(&mut model, message);
                let mut told = Drawn::default();
                terminal
                    .draw(|frame| told = ui::draw(frame, &model, ui::Theme::default()))
                    .unwrap();
                update(&mut model, Message::Drawn(told));
                of_pane.push(started.elapsed());
            }
            panes.extend(of_pane.iter().map(|time| (row.title, *time)));
            report(&format!("{} at {width}×{height}", row.title), of_pane);
        }
    }
    times.extend(panes);
    let mut kinds: Vec<&str> = times.iter().map(|(what, _)| *what).collect();
    kinds.dedup();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let of: Vec<_> = times
            .iter()
            .filter(|(what, _)| *what == kind)
            .map(|(_, time)| *time)
            .collect();
        report(kind, of);
    }
    let worst = report(
        "everything",
        times.into_iter().map(|(_, time)| time).collect(),
    );
    println!("memory at its highest: {} KiB", memory().1);
    assert!(
        worst < Duration::from_millis(16),
        "a key takes {worst:?} at the 99th percentile"
    );
}

/// Shows a pane with as much in it as it ever holds.
fn fill(model: &mut Model, pane: PaneId) {
    let id = |kind: u8, n: u32| Id::object_id(oid(kind, n).bytes());
    let customer = |n: u32| CustomerLine {
        user: id(3, n),
        who: Who {
            name: format!("Given{n} Family{}", n % 1_259),
            email: format!("person{n}@example.org"),
        },
        bookings: 3,
        elsewhere: 1,
        becomes: "a customer",
    };
    let booking = |n: u32| BookingDiff {
        booking: id(4, n),
        business: Some(id(1, n % BUSINESSES)),
        business_name: format!("Salon number {}", n % BUSINESSES),
        customer: Some(id(5, n)),
        outcome: "to a customer".into(),
        words: BookingWords::default(),
        unusual: n.is_multiple_of(9),
        lines: vec![],
    };
    let client = |n: u32| ClientLine {
        application: format!("shop {n}"),
        driver: "mongo-rust-driver|Prisma".into(),
        user: "app".into(),
        host: format!("10.0.{}.{}", n / 250, n % 250),
        connections: 3,
        is_prisma: true,
    };
    let view = BusinessView {
        customers: (0..USERS / 10).map(customer).collect(),
        years: vec![(2024, 20_000), (2025, 40_000)],
        linked: 60_000,
        ..BusinessView::default()
    };
    let page = DiffPage {
        entries: (0..100).map(booking).collect(),
        more: true,
        looked: 100,
        reached: Some(id(4, 99)),
    };
    let sections = (0..20).map(|n| {
        format!(
            "## Section {n}\n\n{}",
            "- a line of the report\n".repeat(200)
        )
    });
    let text = sections.collect::<Vec<_>>().join("\n");
    for n in 0..2_000 {
        let line = format!("line {n}: something was done, and this says what came of it");
        model
            .shared
            .note_on_screen(ringfence::app::log::Weight::Info, &line);
    }
    model.go_to(pane);
    let mut asked = update(model, Message::Key(Key::char('k')));
    // What the pane asks for is answered at once.
    while let Some(effect) = asked.pop() {
        let Effect::Ask(request) = effect else {
            continue;
        };
        let answer = match request {
            Request::Business(id) => Answer::Business(id, Box::new(Ok(view.clone()))),
            Request::Diffs(filter, from) => Answer::Diffs(filter, from, Ok(page.clone())),
            Request::Clients => Answer::Clients(Ok((0..2_000).map(client).collect())),
            Request::Report(personal) => Answer::Report(personal, Ok(text.clone())),
            Request::Mapping => Answer::Mapping(Box::new(Ok(MappingView {
                text: DEFAULT.to_owned(),
                source: MappingSource::File,
                file: "ringfence.toml".to_owned(),
                in_file: Some(DEFAULT.to_owned()),
                refused: Vec::new(),
                warnings: Vec::new(),
                catalogue: Catalogue::default(),
                proposed: Ok(DEFAULT.to_owned()),
                locked: None,
            }))),
            _ => continue,
        };
        asked.extend(update(model, Message::Answer(answer)));
    }
    let enters = TABLE
        .iter()
        .any(|row| row.id == pane && row.title == "Businesses");
    if enters {
        update(model, Message::Key(Key::plain(KeyCode::Enter)));
    }
}

/// Prints median, 99th percentile and maximum; returns the 99th percentile.
fn report(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!(
        "{what:<20} {:>6} times  median {:>9.3?}  p99 {:>9.3?}  max {:>9.3?}",
        times.len(),
        at(50),
        at(99),
        times[times.len() - 1]
    );
    at(99)
}
