//! E-mails in another spelling than the usual one, e-mails of one mailbox, and letters that look alike.

use bson::doc;
use ringfence::domain::conflict::{Choice, Code};

use crate::conflicts::world::{
    World, applied, booking, business, choose, customer_of, finds_only, found, id, key, one,
    service, somebody, surveyed, user, with,
};

/// Spelled otherwise, and as it is looked up.
const SPELLED: [(&str, &str); 3] = [
    (" Ann@Example.org", "ann@example.org"),
    ("zoe\u{308}@EXAMPLE.org", "zo\u{eb}@example.org"),
    (
        "ann@XN--Bcher-Kva.example\u{a0}",
        "ann@xn--bcher-kva.example",
    ),
];

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn email_spelling() {
    for (email, usual) in SPELLED {
        let mut world = World::new();
        world.customer(with(somebody(3), doc! { "email": email }), 1);
        let conflict = key(Code::EmailSpelling, None, &[id(user(3))]);
        finds_only(&world, &conflict, 1).await;
        let case = applied(&world, vec![choose(&conflict, Choice::Keep)]).await;
        let kept = customer_of(&case, booking(3)).await;
        assert_eq!(kept.get_str("email").unwrap(), email);

        let before = world.seeded().await;
        let picture = before.picture().await;
        crate::conflicts::world::apply(&before, vec![choose(&conflict, Choice::Normalise)]).await;
        let made = customer_of(&before, booking(3)).await;
        assert_eq!(made.get_str("email").unwrap(), usual);
        // The old spelling stays in the link, and with the user.
        let link = one(
            &before,
            "_ringfence_links",
            made.get("_id").unwrap().clone(),
        )
        .await;
        let link = link.unwrap();
        let lost = link.get_array("lost").unwrap()[0].as_document().unwrap();
        let values = lost.get_document("values").unwrap();
        assert_eq!(values, &doc! { "email": email });
        let stays = one(&before, "User", user(3)).await.unwrap();
        assert_eq!(stays.get_str("email").unwrap(), email);
        before.roll_back(&[]).await.code(0).says(&["byte for byte"]);
        let now = crate::support::picture::but_runs(&before.picture().await);
        let differs = crate::support::picture::differences(&picture, &now, true);
        assert_eq!(differs, Vec::<String>::new());
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_merged_customer_takes_the_survivors_email_in_its_usual_spelling() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "ann@example.org" }), 1);
    let fuller = doc! { "email": "ANN@example.org", "city": "Bath" };
    world.customer(with(somebody(4), fuller), 1);
    let both = [id(user(3)), id(user(4))];
    let same = key(Code::DuplicateEmail, Some(business(1)), &both);
    let spelled = key(Code::EmailSpelling, None, &[id(user(4))]);
    let case = world.seeded().await;
    let expected = [(same.clone(), 1), (spelled.clone(), 1)];
    assert_eq!(found(&surveyed(&case).await), expected);
    for (choice, email) in [
        (Choice::Keep, "ANN@example.org"),
        (Choice::Normalise, "ann@example.org"),
    ] {
        let changes = vec![choose(&same, Choice::Merge), choose(&spelled, choice)];
        let case = applied(&world, changes).await;
        let customer = customer_of(&case, booking(3)).await;
        assert_eq!(customer.get_str("email").unwrap(), email);
        assert_eq!(customer_of(&case, booking(4)).await, customer);
    }
    // Kept apart, the first alone has an e-mail.
    let changes = vec![
        choose(&same, Choice::KeepApart),
        choose(&spelled, Choice::Normalise),
    ];
    let case = applied(&world, changes).await;
    let first = customer_of(&case, booking(4)).await;
    assert_eq!(first.get_str("email").unwrap(), "ann@example.org");
    assert!(!customer_of(&case, booking(3)).await.contains_key("email"));
}

#[tokio::test]
async fn a_user_of_several_businesses_whose_contact_stays_has_the_usual_spelling_at_each() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "Ann@example.org" }), 1);
    let second = world.book(user(3), service(2));
    let shared = key(Code::ContactShared, None, &[id(user(3))]);
    let spelled = key(Code::EmailSpelling, None, &[id(user(3))]);
    let changes = vec![
        choose(&shared, Choice::NameAndEmail),
        choose(&spelled, Choice::Normalise),
    ];
    let case = applied(&world, changes).await;
    for of in [booking(3), second] {
        let customer = customer_of(&case, of).await;
        assert_eq!(customer.get_str("email").unwrap(), "ann@example.org");
        let link = one(
            &case,
            "_ringfence_links",
            customer.get("_id").unwrap().clone(),
        )
        .await;
        let link = link.unwrap();
        let lost = link.get_array("lost").unwrap()[0].as_document().unwrap();
        let values = lost.get_document("values").unwrap();
        assert_eq!(values, &doc! { "email": "Ann@example.org" });
    }
}

async fn mailboxes(
    emails: [&str; 2],
) -> (World, Vec<(ringfence::domain::conflict::ConflictKey, u64)>) {
    let mut world = World::new();
    for (n, email) in (3..).zip(emails) {
        world.customer(with(somebody(n), doc! { "email": email }), 1);
    }
    let found = found(&surveyed(&world.seeded().await).await);
    (world, found)
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn same_mailbox() {
    let both = [id(user(3)), id(user(4))];
    let conflict = key(Code::SameMailbox, Some(business(1)), &both);
    for emails in [
        ["ann.smith@gmail.com", "annsmith+salon@googlemail.com"],
        ["ann@example.org", "ann+salon@example.org"],
        ["ann+a@example.org", "ann+b@example.org"],
    ] {
        let (_, found) = mailboxes(emails).await;
        assert_eq!(found, [(conflict.clone(), 1)], "{emails:?}");
    }
    // Dots are letters elsewhere, and so is a plus sign in front.
    for emails in [
        ["ann.smith@example.org", "annsmith@example.org"],
        ["+a@example.org", "+b@example.org"],
        ["ann@example.org", "ann@example.com"],
    ] {
        let (_, found) = mailboxes(emails).await;
        assert_eq!(found, [], "{emails:?}");
    }
    // Never a merge unless somebody says so.
    let (world, _) = mailboxes(["ann@example.org", "ann+salon@example.org"]).await;
    let case = world.seeded().await;
    case.plan().await;
    case.apply(&["--accept-unknown"]).await.code(0);
    let apart = customer_of(&case, booking(3)).await;
    assert_ne!(customer_of(&case, booking(4)).await, apart);
    let case = applied(&world, vec![choose(&conflict, Choice::Merge)]).await;
    let one = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(4)).await, one);
}

#[tokio::test]
async fn one_mailbox_at_two_businesses_is_no_conflict() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "ann@example.org" }), 1);
    world.customer(with(somebody(4), doc! { "email": "ann+x@example.org" }), 2);
    assert_eq!(found(&surveyed(&world.seeded().await).await), []);
}

#[tokio::test]
async fn letters_that_look_alike_are_unsafe_text_and_honest_ones_are_not() {
    let alike = [
        doc! { "name": "\u{410}nna Smith" },
        doc! { "email": "p\u{430}ul@example.org" },
        doc! { "email": "ann@\u{430}\u{440}\u{440}\u{4cf}\u{435}.example" },
        doc! { "company": "\u{39f}lymp" },
    ];
    for fields in alike {
        let mut world = World::new();
        world.customer(with(somebody(3), fields.clone()), 1);
        let conflict = key(Code::UnsafeText, None, &[id(user(3))]);
        finds_only(&world, &conflict, 1).await;
    }
    let honest = [
        doc! { "name": "\u{421}\u{430}\u{440}\u{430}" },
        doc! { "name": "Anna \u{418}\u{432}\u{430}\u{43d}\u{43e}\u{432}\u{430}", "city": "\u{6771}\u{4eac} Tower" },
        doc! { "email": "\u{430}\u{43d}\u{43d}\u{430}@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}" },
    ];
    let mut world = World::new();
    for (n, fields) in (3..).zip(honest) {
        world.customer(with(somebody(n), fields), 1);
    }
    assert_eq!(found(&surveyed(&world.seeded().await).await), []);
}

#[tokio::test]
async fn a_survey_says_how_many_emails_are_spelled_otherwise() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "Ann@example.org" }), 1);
    world.add(
        "User",
        with(somebody(4), doc! { "email": "Idle@example.org" }),
    );
    let case = world.seeded().await;
    let json = case.ringfence(&["--json", "survey"]).await.code(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let rows = json["conflicts"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["code"] == "email-spelling")
        .unwrap();
    assert_eq!(
        (&row["count"], &row["severity"]),
        (&1.into(), &"note".into())
    );
}
