//! The decisions file, from staging to production.

use bson::oid::ObjectId;
use bson::{Document, doc};
use futures_util::TryStreamExt;
use ringfence::demo::sample::{self, Size};
use ringfence::domain::conflict::{Choice, Code, ConflictKey};
use ringfence::domain::decision::Alike;
use ringfence::domain::id::Id;

use crate::conflicts::world::{World, business, choose, id, key, somebody, surveyed, user, with};
use crate::support::case::Case;

#[tokio::test]
async fn a_broken_decisions_file_names_line_and_column_and_nothing_is_changed() {
    let case = World::new().seeded().await;
    let before = case.picture().await;
    let head = format!("version = 1\ndatabase = {:?}\n", case.name);
    let broken = [
        (
            "[policy]\nduplicate-email = \"marge\"\n",
            "line 4, column 19",
        ),
        ("[policy\n", "line 3, column"),
        (
            "[[decision]]\ncode = \"missing-name\"\nchoice = \"unknown-customer\"\nsubjects = [\"x\"]\n",
            "line 6, column 12",
        ),
        ("[survivor]\nrule = \"best\"\n", "line 4, column 8"),
    ];
    for (text, place) in broken {
        std::fs::write(case.path("broken.toml"), format!("{head}{text}")).unwrap();
        for verb in [
            &["plan", "--out", "p.json"][..],
            &["decisions", "check"],
            &["decisions", "show"],
        ] {
            let mut arguments = verb.to_vec();
            arguments.extend(["--decisions", "broken.toml"]);
            case.ringfence(&arguments).await.code(1).says(&[place]);
        }
    }
    assert!(!case.path("p.json").exists());
    case.assert_same(&before).await;
}

async fn checked(case: &Case, file: &str) -> (i32, serde_json::Value) {
    let ended = case
        .ringfence(&["decisions", "check", "--decisions", file, "--json"])
        .await;
    (ended.code, serde_json::from_str(&ended.out).unwrap())
}

#[tokio::test]
async fn decisions_made_on_staging_say_what_fits_production_and_what_does_not() {
    let pair = |a: u8, b: u8| {
        [
            with(somebody(a), doc! { "email": "x@example.org" }),
            with(somebody(b), doc! { "email": "x@example.org" }),
        ]
    };
    let mut staging = World::new();
    for person in pair(3, 4) {
        staging.customer(person, 1);
    }
    for person in pair(5, 6) {
        staging.customer(person, 2);
    }
    staging.customer(with(somebody(7), doc! { "name": "" }), 1);
    let case = staging.seeded().await;
    let mut session = surveyed(&case).await;
    let one = key(
        Code::DuplicateEmail,
        Some(business(1)),
        &[id(user(3)), id(user(4))],
    );
    let two = key(
        Code::DuplicateEmail,
        Some(business(2)),
        &[id(user(5)), id(user(6))],
    );
    let three = key(Code::MissingName, None, &[id(user(7))]);
    session
        .decide(vec![
            choose(&one, Choice::Merge),
            choose(&two, Choice::KeepApart),
            choose(&three, Choice::UnknownCustomer),
        ])
        .unwrap();
    let text = std::fs::read_to_string(session.decisions_path()).unwrap();

    // On production a third one has joined the first group, and user 7 has a name by now.
    let mut production = World::new();
    for person in pair(3, 4)
        .into_iter()
        .chain([with(somebody(8), doc! { "email": "x@example.org" })])
    {
        production.customer(person, 1);
    }
    for person in pair(5, 6) {
        production.customer(person, 2);
    }
    production.customer(somebody(7), 1);
    let case = production.seeded().await;
    let session = surveyed(&case).await;
    let text = text.replace(
        &format!("database = {:?}", staging_name(&text)),
        &format!("database = {:?}", case.name),
    );
    std::fs::write(case.path("d.toml"), text).unwrap();
    let (code, json) = checked(&case, "d.toml").await;
    let grown = key(
        Code::DuplicateEmail,
        Some(business(1)),
        &[id(user(3)), id(user(4)), id(user(8))],
    );
    let expected = serde_json::json!({
        "fit": [two.to_string()],
        "changed": [{ "decision": one.to_string(), "now": grown.to_string() }],
        "unused": [three.to_string()],
        "open": [grown.to_string()],
    });
    assert_eq!((code, json), (2, expected));
    drop(session);
    let words = case
        .ringfence(&["decisions", "check", "--decisions", "d.toml"])
        .await
        .code(2);
    words.says(&[
        "1 decision fits; 1 no longer does; 1 is unused; 1 conflict has no answer",
        "undecided again",
    ]);
    case.ringfence(&["plan", "--decisions", "d.toml", "--out", "p.json"])
        .await
        .code(2)
        .says(&["1 blocker is without an answer"]);
}

fn staging_name(text: &str) -> String {
    let line = text
        .lines()
        .find(|line| line.starts_with("database"))
        .unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn two_files_become_one_with_the_comments_of_both_or_say_where_they_differ() {
    let case = World::new().seeded().await;
    let file = |decisions: &str| format!("# kept\nversion = 1\ndatabase = \"shop\"\n\n{decisions}");
    let decision = |user: &str, choice: &str, comment: &str| {
        format!(
            "# {comment}\n[[decision]]\ncode = \"account-also-customer\"\nsubjects = ['\"{user}\"']\nchoice = \"{choice}\"\n\n"
        )
    };
    let write = |name: &str, text: String| std::fs::write(case.path(name), text).unwrap();
    write("a.toml", file(&decision("a", "skip", "by Ann")));
    write("b.toml", file(&decision("b", "create", "by Bob")));
    write("c.toml", file(&decision("a", "create", "by Cid")));
    let merge = async |files: [&str; 2], more: &[&str]| {
        let mut arguments = vec!["decisions", "merge", files[0], files[1], "--out", "m.toml"];
        arguments.extend(more);
        case.ringfence(&arguments).await
    };
    merge(["a.toml", "b.toml"], &[])
        .await
        .code(0)
        .says(&["2 decisions written"]);
    let merged = std::fs::read_to_string(case.path("m.toml")).unwrap();
    for comment in ["# kept", "# by Ann", "# by Bob"] {
        assert_eq!(merged.matches(comment).count(), 1, "{merged}");
    }
    std::fs::remove_file(case.path("m.toml")).unwrap();
    let differs = merge(["a.toml", "c.toml"], &[]).await.code(2);
    differs.says(&[
        "skip in the first, create in the second",
        "Nothing was written",
    ]);
    assert!(!case.path("m.toml").exists());
    merge(["a.toml", "c.toml"], &["--prefer", "second"])
        .await
        .code(0);
    let merged = std::fs::read_to_string(case.path("m.toml")).unwrap();
    assert!(merged.contains("choice = \"create\""), "{merged}");
    case.ringfence(&["decisions", "show", "--decisions", "m.toml"])
        .await
        .code(0)
        .says(&["account-also-customer of \"a\": create – create a customer too"]);
}

#[tokio::test]
async fn a_decisions_file_that_changed_under_the_console_is_not_written_over() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "name": "" }), 1);
    let case = world.seeded().await;
    let mut session = surveyed(&case).await;
    let conflict = key(Code::MissingName, None, &[id(user(3))]);
    session
        .decide(vec![choose(&conflict, Choice::UnknownCustomer)])
        .unwrap();
    let path = session.decisions_path();
    let theirs = std::fs::read_to_string(&path).unwrap() + "# a line of theirs\n";
    std::fs::write(&path, &theirs).unwrap();
    let refused = session.undo().unwrap_err().to_string();
    assert!(refused.contains("changed by something else"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
    assert!(session.decisions().is_decided(&conflict));
}

/// Every twentieth user gets another e-mail, name or password, and every twentieth booking goes or names somebody else.
async fn change_five_percent(case: &Case) -> usize {
    let users = case.database.collection::<Document>("User");
    let bookings = case.database.collection::<Document>("Booking");
    let ids = async |collection: &mongodb::Collection<Document>| {
        let all = collection
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .await
            .unwrap();
        let all: Vec<Document> = all.try_collect().await.unwrap();
        all.into_iter()
            .step_by(20)
            .map(|it| it.get("_id").unwrap().clone())
            .collect::<Vec<_>>()
    };
    let mut changed = 0;
    for (at, user) in ids(&users).await.into_iter().enumerate() {
        let change = [
            doc! { "$set": { "email": format!("changed{at}@example.org") } },
            doc! { "$set": { "name": "" } },
            doc! { "$set": { "hashedPassword": "x" } },
        ];
        users
            .update_one(doc! { "_id": user }, change[at % 3].clone())
            .await
            .unwrap();
        changed += 1;
    }
    for (at, booking) in ids(&bookings).await.into_iter().enumerate() {
        let which = doc! { "_id": booking };
        if at % 2 == 0 {
            bookings.delete_one(which).await.unwrap();
        } else {
            bookings
                .update_one(which, doc! { "$set": { "userId": user(250) } })
                .await
                .unwrap();
        }
        changed += 1;
    }
    changed
}

/// A further customer with the e-mail of a group.
async fn one_more(case: &Case, group: &ConflictKey) {
    assert_eq!(group.code, Code::DuplicateEmail);
    let oid = |id: &Id| ObjectId::from_bytes(id.as_object_id().unwrap());
    let users = case.database.collection::<Document>("User");
    let first = doc! { "_id": oid(&group.subjects[0]) };
    let mut another = users.find_one(first).await.unwrap().unwrap();
    another.insert("_id", user(251));
    users.insert_one(another).await.unwrap();
    let at = doc! { "businessId": oid(group.business.as_ref().unwrap()) };
    let services = case.database.collection::<Document>("Service");
    let service = services.find_one(at).await.unwrap().unwrap();
    let booking = doc! { "userId": user(251), "serviceId": service.get("_id").unwrap() };
    let bookings = case.database.collection::<Document>("Booking");
    bookings.insert_one(booking).await.unwrap();
}

#[tokio::test]
async fn a_file_made_on_the_sample_data_says_what_a_copy_with_five_percent_changed_keeps_of_it() {
    let staging = Case::empty().await;
    sample::seed(&staging.database, 1, Size::Small, &|_, _| {})
        .await
        .unwrap();
    let mut session = surveyed(&staging).await;
    let decided = session.decide_alike(&Alike::default()).unwrap();
    let text = std::fs::read_to_string(session.decisions_path()).unwrap();

    let production = Case::empty().await;
    sample::seed(&production.database, 1, Size::Small, &|_, _| {})
        .await
        .unwrap();
    let changed = change_five_percent(&production).await;
    assert!(changed > 100, "{changed}");
    one_more(&production, &crate::conflicts::world::found(&session)[0].0).await;
    let name = format!("database = {:?}", production.name);
    let text = text.replace(&format!("database = {:?}", staging.name), &name);
    std::fs::write(production.path("d.toml"), &text).unwrap();
    let (code, json) = checked(&production, "d.toml").await;
    let count = |what: &str| json[what].as_array().unwrap().len();
    assert_eq!(count("fit") + count("changed") + count("unused"), decided);
    for what in ["fit", "changed", "unused", "open"] {
        assert!(count(what) > 0, "{what}: {json:#}");
    }
    assert_eq!(code, 2);
    let found: Vec<String> = crate::conflicts::world::found(&surveyed(&production).await)
        .into_iter()
        .map(|(key, _)| key.to_string())
        .collect();
    assert_eq!(
        count("fit") + count("open"),
        found.len(),
        "every conflict is answered or open"
    );
    let words = production
        .ringfence(&["decisions", "check", "--decisions", "d.toml"])
        .await
        .code(2);
    println!("{changed} documents changed\n{}", words.out);
}
