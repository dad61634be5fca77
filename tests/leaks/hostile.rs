//! Hostile text in every field that a verb prints: nothing that a terminal, a spreadsheet or a reader would obey leaves, and no line is forged.

use bson::{Document, doc};
use ringfence::domain::text;

use crate::leaks::traces::{self, LOG};
use crate::support::case::{Case, Ended};
use crate::support::{self, data};

/// Clears the screen, sets a colour by a C1 control, reorders, hides, tags, and begins a line of its own.
const HOSTILE: &str =
    "\u{1b}[2J\u{9b}31m\u{202e}x\u{200b}\u{e0041}\u{7}\r\nFORGED nothing wrong\u{2028}=1";

/// Fails where a trace holds what would be obeyed, or a line that was forged.
#[track_caller]
fn harmless(traces: &[(String, String)]) {
    for (place, trace) in traces {
        // Lines of data for programs; a spreadsheet's lines end as RFC 4180 says.
        if std::path::Path::new(place)
            .extension()
            .is_some_and(|it| it == "jsonl" && place != "journal.jsonl")
        {
            continue;
        }
        let trace = trace.replace("\r\n", "\n");
        for line in trace.lines() {
            let shown: String = line.chars().take(200).collect();
            assert!(text::named(line) == line, "{place}: {shown:?}");
        }
        let forged = trace
            .lines()
            .find(|line| line.trim_start().starts_with("FORGED"));
        assert!(forged.is_none(), "{place}: {forged:?}");
    }
}

async fn seeded() -> Case {
    let case = Case::empty().await;
    data::seed(&case.database).await;
    let set = async |name: &str, id, fields: Document| {
        let collection = case.database.collection::<Document>(name);
        let one = doc! { "_id": id };
        let set = doc! { "$set": fields };
        let updated = collection.update_one(one, set).await.unwrap();
        assert_eq!(updated.modified_count, 1);
    };
    set(
        "Business",
        data::id(data::BUSINESS, 0),
        doc! { "name": HOSTILE },
    )
    .await;
    for user in 12..20 {
        let fields =
            doc! { "name": format!("{HOSTILE}{user}"), "phone": HOSTILE, HOSTILE: HOSTILE };
        set("User", data::id(data::USER, user), fields).await;
    }
    set(
        "User",
        data::id(data::USER, 21),
        doc! { "email": format!("{HOSTILE}@example.org") },
    )
    .await;
    let users = case.database.collection::<Document>("User");
    let user = doc! { "_id": HOSTILE, "name": "Text id", "email": "t@example.org" };
    users.insert_one(user).await.unwrap();
    let bookings = case.database.collection::<Document>("Booking");
    for (at, user) in [(500, HOSTILE), (501, "gone\u{202e}\nFORGED")] {
        let booking = doc! { "_id": format!("{HOSTILE}{at}"), "userId": user, "serviceId": data::id(data::SERVICE, 0), "reference": format!("H-{at}"), "status": "open" };
        bookings.insert_one(booking).await.unwrap();
    }
    let broken = doc! { "_id": format!("{HOSTILE}b"), "userId": HOSTILE, "serviceId": HOSTILE, "reference": "H-9", "status": "open" };
    bookings.insert_one(broken).await.unwrap();
    let other = case
        .database
        .collection::<Document>(&format!("Extra{HOSTILE}"));
    other
        .insert_one(doc! { "_id": HOSTILE, "userId": HOSTILE, "bookingId": HOSTILE })
        .await
        .unwrap();
    other
        .insert_one(doc! { "userId": data::id(data::USER, 20) })
        .await
        .unwrap();
    let index = doc! { "createIndexes": "Booking", "indexes": [{ "key": { HOSTILE.replace('.', ""): 1 }, "name": format!("i{HOSTILE}") }] };
    data::run(&case.database, index).await;
    case
}

async fn said(case: &Case, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut all = vec!["--uri", &case.uri, "--watch-seconds", "0", "--log", LOG];
    all.extend(arguments);
    let ended = case.with_environment(variables, &all).await;
    harmless(&[
        ("out".to_owned(), ended.out.clone()),
        ("err".to_owned(), ended.err.clone()),
    ]);
    assert_ne!(ended.code, 101, "{arguments:?}: {ended:?}");
    ended
}

#[tokio::test]
async fn no_verb_passes_on_what_a_terminal_or_a_spreadsheet_would_obey() {
    let case = seeded().await;
    let name = case.name.clone();
    let run = async |arguments: &[&str]| {
        said(&case, &[("USER", HOSTILE), ("LOGNAME", HOSTILE)], arguments).await
    };
    run(&["survey"]).await;
    run(&["--json", "survey"]).await;
    run(&["plan", "--defaults", "--out", "plan.json"])
        .await
        .code(0);
    run(&[
        "--show-personal-data",
        "--json",
        "plan",
        "--defaults",
        "--out",
        "plan.json",
    ])
    .await
    .code(0);
    let confirm = ["--confirm", &name];
    let apply = ["apply", "--plan", "plan.json", confirm[0], confirm[1]];
    run(&apply).await.code(0);
    for verb in ["status", "verify", "report"] {
        run(&[verb]).await.code(0);
        run(&["--json", verb]).await.code(0);
    }
    run(&["--show-personal-data", "report", "--out", "reports"])
        .await
        .code(0);
    // What the proof finds names documents.
    let live = case.database.collection::<Document>("Booking");
    let first = doc! { "_id": format!("{HOSTILE}500") };
    live.update_one(first.clone(), doc! { "$set": { "userId": HOSTILE } })
        .await
        .unwrap();
    live.delete_one(doc! { "_id": format!("{HOSTILE}501") })
        .await
        .unwrap();
    run(&["verify"]).await.code(2).says(&["\\u{202e}"]);
    run(&["--json", "verify"]).await.code(2);
    run(&["rollback", confirm[0], confirm[1]]).await;
    run(&["rollback", "--keep-new", confirm[0], confirm[1]]).await;
    run(&["export", "--out", "export"]).await.code(0);
    run(&["backup", "--out", "dump"]).await.code(0);
    run(&["unlock", confirm[0], confirm[1]]).await;
    run(&["purge", confirm[0], confirm[1]]).await;
    let ended = run(&["status"]).await;
    let mut traces = traces::of(&case, &ended).await;
    traces.retain(|(place, _)| place != "the run record"); // data, not words
    for entry in std::fs::read_dir(case.path("export")).unwrap() {
        let path = entry.unwrap().path();
        let content = std::fs::read(&path).unwrap();
        traces.push((
            path.display().to_string(),
            String::from_utf8(content).unwrap(),
        ));
    }
    harmless(&traces);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn hostile_arguments_and_files_of_the_operator_are_shown_and_not_obeyed() {
    let case = Case::seeded().await;
    let name = case.name.clone();
    let run = async |arguments: &[&str]| said(&case, &[], arguments).await;
    run(&["plan", "--defaults", "--out", "plan.json"])
        .await
        .code(0);
    let plan = std::fs::read_to_string(case.path("plan.json")).unwrap();
    std::fs::write(
        case.path("bad.json"),
        plan.replacen(&name, "x\\u001b[2J\\u202e\\nFORGED", 9),
    )
    .unwrap();
    let hostile = HOSTILE.replace('\n', "");
    for file in ["bad.json", &hostile, HOSTILE] {
        run(&["apply", "--confirm", &name, "--plan", file]).await;
        run(&["apply", "--confirm", HOSTILE, "--plan", file]).await;
        run(&["--config", file, "survey"]).await.code(1);
        run(&["survey", "--decisions", file]).await.code(1);
        run(&["restore", "--from", file]).await;
        run(&["backup", "--out", file]).await;
        run(&["--memory", file, "survey"]).await.code(1);
        run(&["apply", "--plan", "plan.json", "--through", file]).await;
        run(&[file]).await.code(1);
        run(&["--db", file, "survey"]).await.code(1);
        run(&[
            "--run-dir",
            file,
            "apply",
            "--plan",
            "plan.json",
            "--confirm",
            &name,
        ])
        .await;
    }
    for mapping in [
        "[booking]\ncollection = \"Book\\u001b[2J\\u202e\\nFORGED\"\n",
        "[booking]\ncollection = \"\u{202e}\u{9b}Booking\"\n",
        "[\u{1b}[2J\u{202e}]\n",
    ] {
        std::fs::write(case.path("map.toml"), mapping).unwrap();
        run(&["--config", "map.toml", "survey"]).await.code(1);
    }
    for decisions in [
        format!("{{ \u{1b}[2J\u{202e}\n\nFORGED {HOSTILE}"),
        format!("version = 1\ndatabase = \"{name}\"\n\n[[decision]]\ncode = \"\u{202e}\u{9b}\"\n"),
        "version = 1\ndatabase = \"x\\u001b\\u202e\\nFORGED\"\n".to_owned(),
    ] {
        std::fs::write(case.path("d.toml"), &decisions).unwrap();
        run(&["survey", "--decisions", "d.toml"]).await;
        run(&["decisions", "show", "--decisions", "d.toml"]).await;
        run(&["decisions", "check", "--decisions", "d.toml"]).await;
        run(&["decisions", "merge", "d.toml", "d.toml", "--out", "e.toml"]).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_hostile_dump_is_named_and_not_obeyed() {
    let case = Case::seeded().await;
    let hostile = "x\\u001b[2J\\u009b\\u202e\\nFORGED";
    case.ringfence(&["backup", "--out", "dump"]).await.code(0);
    let folder = case.path(&format!("dump/{}", case.name));
    let manifest = case.path("dump/ringfence-backup.json");
    let name = support::fresh_name();
    let other = Case::at(support::shared().uri(&name), name).await;
    let dump = case.path("dump").display().to_string();
    let whole = std::fs::read_to_string(&manifest).unwrap();
    let restore = async || {
        said(&other, &[], &["restore", "--from", &dump]).await;
        said(&other, &[], &["--json", "restore", "--from", &dump]).await;
        other.database.drop().await.unwrap();
    };
    // Each text value of the manifest in turn.
    for value in [
        case.name.as_str(),
        "Booking",
        "Booking.bson",
        "collection",
        "6.0",
        "sha256",
        "mongodb",
    ] {
        let changed = whole.replace(value, hostile);
        std::fs::write(&manifest, changed).unwrap();
        restore().await;
    }
    std::fs::remove_file(&manifest).unwrap();
    let metadata = folder.join("Booking.metadata.json");
    let whole = std::fs::read_to_string(&metadata).unwrap();
    for value in [
        "Booking",
        "collection",
        "Booking_userId_idx",
        "validator",
        "validationLevel",
        "moderate",
        "userId",
        "expiresAt",
    ] {
        std::fs::write(&metadata, whole.replace(value, hostile)).unwrap();
        restore().await;
    }
    std::fs::write(&metadata, format!("{{ \u{1b}[2J {HOSTILE}")).unwrap();
    restore().await;
    std::fs::write(&metadata, &whole).unwrap();
    for file in [
        "\u{1b}[2J\u{202e}\nFORGED.bson",
        "%1b%5b2J%e2%80%ae%0aFORGED.bson",
        "%1b%5b2J%e2%80%ae%0aFORGED.metadata.json",
        "\u{9b}\u{202e}.txt",
        "%\u{202e}.bson",
    ] {
        std::fs::copy(folder.join("Invoice.bson"), folder.join(file)).unwrap();
        restore().await;
        std::fs::remove_file(folder.join(file)).unwrap();
    }
    std::fs::write(
        folder.join("%1b%5b2J%e2%80%ae%0aFORGED.bson"),
        bson::rawdoc! { "_id": HOSTILE }.as_bytes(),
    )
    .unwrap();
    restore().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_by_its_place_and_not_quoted() {
    let case = Case::seeded().await;
    for text in [
        "version = 1\ndatabase = \"x\"\n[[decision]]\nset = { email = \"zelda.q@secret.example.net }\n",
        "version = \"zelda.q@secret.example.net\"\n",
        "version = 1\ndatabase = \"x\"\n[[decision]]\ncode = \"zelda.q@secret.example.net\"\n",
    ] {
        std::fs::write(case.path("d.toml"), text).unwrap();
        let ended = case.ringfence(&["survey", "--decisions", "d.toml"]).await;
        assert!(!format!("{ended:?}").contains("zelda"), "{ended:?}");
        ended.code(1).says(&["decisions", "line"]);
    }
    std::fs::write(
        case.path("p.json"),
        "{\"format\": 1, \"zelda.q@secret.example.net\": \"zelda.q@secret.example.net\" x",
    )
    .unwrap();
    let ended = case.ringfence(&["apply", "--plan", "p.json"]).await;
    assert!(!format!("{ended:?}").contains("zelda"), "{ended:?}");
    ended.code(1).says(&["the plan cannot be read", "line 1"]);
}
