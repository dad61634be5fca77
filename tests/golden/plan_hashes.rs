//! Plan hashes, and what the plans make of a database: customers with their ids, bookings, users, links and quarantine. A plan that was
//! made before a change of structure must still fit after it.

use std::fmt::Write;

use ringfence::demo::sample::{self, Size};

use crate::golden::kept::assert_kept;
use crate::golden::snapshot;
use crate::golden::stage::Stage;
use crate::golden::worlds::{self, World};

/// Plans with these further arguments; the hash.
async fn planned(stage: &Stage, arguments: &[&str]) -> String {
    let mut all = vec!["plan", "--out", "plan.json", "--json"];
    all.extend(arguments);
    let said = stage.ringfence(&all).await.code(0);
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let plan = std::fs::read_to_string(stage.path("plan.json")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(answer["hash"], plan["hash"]);
    plan["hash"].as_str().unwrap().to_owned()
}

/// The database that is left after an apply of `plan.json`.
async fn applied(stage: &Stage, arguments: &[&str]) -> String {
    let mut all = vec!["apply", "--plan", "plan.json", "--confirm", &stage.name];
    all.extend(arguments);
    stage.ringfence(&all).await.code(0);
    snapshot::content(&stage.database).await
}

/// Plans and applies one of the small databases under a fixed name, with these decisions.
async fn small(name: &str, world: World, decisions: &str) {
    let stage = Stage::empty(name).await;
    world.plant(&stage.database).await;
    let head = format!("version = 1\ndatabase = \"{name}\"\n");
    std::fs::write(stage.path("d.toml"), head + decisions).unwrap();
    let hash = planned(&stage, &["--defaults", "--decisions", "d.toml"]).await;
    let left = applied(&stage, &[]).await;
    assert_kept(&[(
        format!("applied/{name}.txt"),
        format!("plan {hash}\n{left}"),
    )]);
}

#[tokio::test]
async fn the_plan_of_the_sample_data_has_the_hash_that_it_always_had() {
    let mut found = String::new();
    for (seed, name) in [(1, "booking_demo"), (2, "golden_seed_2")] {
        let stage = Stage::empty(name).await;
        sample::seed(&stage.database, seed, Size::Small, &|_, _| {})
            .await
            .unwrap();
        let hash = planned(&stage, &["--defaults"]).await;
        writeln!(found, "seed {seed} as {name}: {hash}").unwrap();
    }
    assert_kept(&[("sample/plan-hashes.txt".to_owned(), found)]);
}

#[tokio::test]
async fn a_plan_that_merges_has_the_hash_and_leaves_what_it_always_did() {
    small("golden_merges", worlds::merges(), "").await;
}

#[tokio::test]
async fn a_plan_on_what_the_runs_of_0_1_were_made_on_has_the_hash_and_leaves_what_it_always_did() {
    small("golden_small", worlds::small(), "").await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_plan_with_single_answers_to_groups_has_the_hash_and_leaves_what_it_always_did() {
    let decisions = r#"
[policy]
missing-email = "keep"
same-phone = "merge"
contact-shared = "name-and-email"

[survivor]
rule = "newest"

[[decision]]
code = "duplicate-email"
business = "650000010b00000000000001"
subjects = ["650000030a00000000000003", "650000040a00000000000004"]
choice = "keep-apart"
note = "two people"

[[decision]]
code = "duplicate-email"
business = "650000020b00000000000002"
subjects = ["650000050a00000000000005", "650000060a00000000000006", "650000070a00000000000007"]
choice = "merge"
survivor = "oldest"
pick = { phone = "650000060a00000000000006" }
set = { city = "Rome" }
"#;
    small("golden_decided", worlds::merges(), decisions).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_plan_with_placeholders_quarantine_and_bookings_left_has_the_hash_and_leaves_what_it_always_did()
 {
    let decisions = r#"
[policy]
booking-without-user = "placeholder"
booking-without-business = "leave"

[[decision]]
code = "booking-without-user"
business = "650000020b00000000000002"
choice = "quarantine"

[[decision]]
code = "booking-without-user"
business = "650000010b00000000000001"
subjects = ["6500004e0a0000000000004e"]
choice = "leave"

[[decision]]
code = "booking-without-business"
subjects = ["650000030500000000000003"]
choice = "quarantine"
"#;
    small("golden_strays", worlds::strays(), decisions).await;
}

#[tokio::test]
async fn a_plan_over_customers_that_exist_and_bookings_with_links_has_the_hash_and_leaves_what_it_always_did()
 {
    small("golden_linked", worlds::linked(), "").await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_plan_that_gives_every_booking_a_new_link_has_the_hash_and_leaves_what_it_always_did() {
    let decisions = r#"
[policy]
already-linked = "relink"

[[decision]]
code = "customer-exists"
business = "650000010b00000000000001"
choice = "keep-beside"
"#;
    small("golden_relinked", worlds::linked(), decisions).await;
}

#[tokio::test]
async fn a_plan_over_another_mapping_and_ids_of_every_type_has_the_hash_and_leaves_what_it_always_did()
 {
    let stage = Stage::empty("golden_renamed").await;
    worlds::renamed().plant(&stage.database).await;
    std::fs::write(stage.path("m.toml"), worlds::RENAMED).unwrap();
    let config = ["--config", "m.toml"];
    let found = planned(&stage, &["--config", "m.toml", "--defaults"]).await;
    let left = applied(&stage, &config).await;
    assert_kept(&[(
        "applied/golden_renamed.txt".to_owned(),
        format!("plan {found}\n{left}"),
    )]);
}
