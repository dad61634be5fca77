//! Files that a person reads: nothing in them hides or reorders text, and they read back to the same values.

use bson::{DateTime, doc};

use crate::mapping_check::init::{init, of};
use crate::support::case::Case;

/// Turns the text around; and a sign of the C1 set that moves a terminal's cursor.
const HOSTILE: &str = "\u{202e}x\u{9b}2J\u{200b}";

fn hides(text: &str) -> Option<char> {
    let plain = |c: char| matches!(c, '\n' | '\t');
    let range =
        |c: char| matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2066..=0x2069);
    text.chars()
        .find(|c| !plain(*c) && (c.is_control() || range(*c)))
}

async fn hostile() -> Case {
    let people = format!("people{HOSTILE}");
    let who = format!("who{HOSTILE}\"#");
    let people: &'static str = Box::leak(people.into_boxed_str());
    let users = (0..40_u32).map(|n| {
        let mut user = doc! { "_id": format!("user{n:04}{HOSTILE}"), "name": format!("P {n}"), "email": format!("p{}@example.com", n / 2), "createdAt": DateTime::from_millis(i64::from(n)) };
        if n < 3 {
            user.insert("passwordHash", "$2b$10$abcdefghijklmnopqrstuvabcdefghijklmnopqrstuvabcdefghijk");
        }
        user
    });
    let salons = (0..3).map(|n| doc! { "_id": format!("salon{n}"), "name": "S", "ownerId": format!("user{n:04}{HOSTILE}") });
    let bookings = (0..200_u32).map(|n| {
        let user = 3 + n % 37;
        doc! { "_id": format!("b{n}"), who.clone(): format!("user{user:04}{HOSTILE}"), "salonId": format!("salon{}", n % 3), "startTime": DateTime::from_millis(i64::from(n)), "status": "done" }
    });
    of(vec![
        (people, users.collect()),
        ("salons", salons.collect()),
        ("bookings", bookings.collect()),
    ])
    .await
}

#[tokio::test]
async fn mapping_plan_and_decisions_show_what_hides_and_read_back_to_the_same() {
    let case = hostile().await;
    init(&case).await;
    let read = |name: &str| std::fs::read_to_string(case.path(name)).unwrap();
    let mapping = read("ringfence.toml");
    assert_eq!(hides(&mapping), None, "{mapping}");
    assert!(mapping.contains("\\u202E"), "{mapping}");
    let planned = case
        .ringfence(&["plan", "--defaults", "--out", "plan.json"])
        .await
        .code(0);
    drop(planned);
    let plan = read("plan.json");
    assert_eq!(hides(&plan), None, "{plan}");
    assert!(plan.contains("\\u202e"), "{plan}");
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    // Decisions, with a text id that hides something, and with a comment of the operator's own.
    let decisions = |comment: &str| {
        let name = &case.name;
        format!(
            "# mine {comment}\nversion = 1\ndatabase = \"{name}\"\n\n[[decision]]\ncode = \"idle-user\"\nsubjects = ['\"user0001{HOSTILE}\"']\nchoice = \"keep\"\n"
        )
    };
    std::fs::write(case.path("one.toml"), decisions(HOSTILE)).unwrap();
    std::fs::write(case.path("two.toml"), decisions("too")).unwrap();
    let merge = [
        "decisions",
        "merge",
        "one.toml",
        "two.toml",
        "--out",
        "both.toml",
    ];
    case.ringfence(&merge).await.code(0);
    let both = read("both.toml");
    assert_eq!(hides(&both), None, "{both}");
    let shown: toml_edit::DocumentMut = both.parse().unwrap();
    let subject = shown["decision"][0]["subjects"][0].as_str();
    assert_eq!(subject, Some(format!("\"user0001{HOSTILE}\"").as_str()));
    assert!(both.contains("# mine \\u{202e}"), "{both}");
}
