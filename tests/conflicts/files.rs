//! The decisions file, from staging to production.

use bson::doc;
use ringfence::domain::conflict::{Choice, Code};

use crate::case::Case;
use crate::world::{World, business, choose, id, key, somebody, surveyed, user, with};

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
        .chain([with(somebody(8), doc! { "email": "X@example.org" })])
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
        "1 decisions fit; 1 no longer do; 1 are unused; 1 conflicts have no answer",
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
