//! Mistakes in the entries of followed collections: refused before a plan with the file's line, and nothing changed.

use bson::{Document, doc};
use ringfence::domain::mapping::DEFAULT;

use crate::mapping_check::world::{USERS, World, id};
use crate::support::case::Case;

/// The entry, a line each.
const ENTRY: [&str; 6] = [
    "[[follow]]",
    "collection = \"Payment\"",
    "where = { status = \"paid\" }",
    "user = \"userId\"",
    "business = \"businessId\"",
    "to = \"customerId\"",
];

fn payments(count: u32) -> Vec<Document> {
    let payment = |n: u32| {
        let user = 3 + n % (USERS - 3);
        doc! {
            "_id": id(b'p', n), "userId": id(b'u', user), "businessId": id(b'b', user % 3),
            "status": "paid", "memo": format!("memo {n}"), "amount": i64::from(n),
        }
    };
    (0..count).map(payment).collect()
}

async fn case_of(payments: Vec<Document>) -> Case {
    let mut world = World::clean();
    world.others.push(("Payment", payments));
    world.case().await
}

/// The mapping with the entry, one of its lines changed; and the number of that line.
fn with(at: usize, line: &str) -> (String, usize) {
    let mut entry = ENTRY.map(str::to_owned);
    line.clone_into(&mut entry[at]);
    let text = format!("{DEFAULT}\n{}\n", entry.join("\n"));
    let first = DEFAULT.lines().count() + 2;
    (text, first + at)
}

async fn plan(case: &Case, text: &str) -> crate::support::case::Ended {
    std::fs::write(case.path("ringfence.toml"), text).unwrap();
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan).await
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn no_mistake_in_an_entry_gets_as_far_as_a_plan() {
    let case = case_of(payments(60)).await;
    let before = case.picture().await;
    let mut wrong = Vec::new();
    for (at, line, says) in [
        (1, "collection = \"Paiment\"", "nearest: `Payment`"),
        (1, "collection = \"User\"", "collection of user too"),
        (1, "collection = \"Customer\"", "follow.0"),
        (2, "where = { status = \"payed\" }", "follow.0.where"),
        (2, "where = { stattus = \"paid\" }", "nearest: `status`"),
        (2, "wher = { status = \"paid\" }", "where"),
        (3, "user = \"userid\"", "nearest: `userId`"),
        (3, "user = \"businessId\"", "follow.0"),
        (3, "user = \"memo\"", "follow.0.user"),
        (3, "usr = \"userId\"", "user"),
        (3, "user = \"_id\"", "_id"),
        (4, "business = \"bussinessId\"", "nearest: `businessId`"),
        (4, "business = \"userId\"", "follow.0.business"),
        (4, "business = \"memo\"", "follow.0.business"),
        (4, "business = \"userId > User.shopId\"", "shopId"),
        (4, "business = { constant = \"one\" }", "follow.0.business"),
        (5, "to = \"userId\"", "in_place"),
        (5, "to = \"amount\"", "follow.0.to"),
        (5, "to = \"_id\"", "_id"),
        (5, "too = \"customerId\"", "to"),
        (5, "to = \"customerId\"\nin_place = true", "in_place"),
        (
            5,
            "to = \"customerId\"\ndrop = [\"userId\"]",
            "follow.0.drop",
        ),
        (5, "to = \"customerId\"\nseveral = \"lots\"", "several"),
    ] {
        let (text, number) = with(at, line);
        let ended = plan(&case, &text).await;
        let place = format!("ringfence.toml:{number}");
        let next = format!("ringfence.toml:{}", number + 1);
        let section = format!("ringfence.toml:{}", number - at);
        let placed = [&place, &next, &section]
            .into_iter()
            .any(|it| ended.err.contains(it));
        if ended.code != 1
            || !placed
            || !ended.err.contains(says)
            || case.path("plan.json").exists()
        {
            wrong.push(format!(
                "{line}: {} at {number}, {says}\n{}",
                ended.code, ended.err
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    case.assert_same(&before).await;
    let (text, _) = with(0, "[[follow]]");
    plan(&case, &text).await.code(0);
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_reference_of_an_entry_that_mostly_leads_nowhere_is_refused_until_its_number_is_accepted()
{
    let mut documents = payments(60);
    for document in &mut documents[..40] {
        document.insert("userId", id(b'u', 900));
    }
    let case = case_of(documents).await;
    let (text, number) = with(0, "[[follow]]");
    let says = [
        "follow.0.user: only 20 of 60 set values",
        "--accept mapping:follow.0.user=40",
        &format!("ringfence.toml:{}", number + 3),
    ];
    plan(&case, &text).await.code(1).says(&says);
    // The documents that then stay as they are have a number of their own.
    let accepted = [
        "plan",
        "--defaults",
        "--out",
        "plan.json",
        "--accept",
        "mapping:follow.0.user=40",
    ];
    let asked = case.ringfence(&accepted).await.code(2);
    asked.says(&["--accept Payment:booking-without-user=40"]);
    let number = ["--accept", "Payment:booking-without-user=40"];
    case.ringfence(&[&accepted[..], &number].concat())
        .await
        .code(0);
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
async fn entries_that_cannot_both_be_are_refused() {
    let case = case_of(payments(60)).await;
    let entry = ENTRY.join("\n");
    let twice = format!("{DEFAULT}\n{entry}\n{entry}\n");
    plan(&case, &twice)
        .await
        .code(1)
        .says(&["follow.1.user", "begins at the same field"]);
    let other = entry.replace("user = \"userId\"", "user = \"memo\"");
    let same = format!("{DEFAULT}\n{entry}\n{other}\n");
    plan(&case, &same)
        .await
        .code(1)
        .says(&["follow.1.to", "`customerId`"]);
    let member = entry
        .replace("Payment", "TeamMember")
        .replace("where = { status = \"paid\" }\n", "");
    let account = format!("{DEFAULT}\n{member}\n");
    plan(&case, &account)
        .await
        .code(1)
        .says(&["follow.0.user", "account holders"]);
}
