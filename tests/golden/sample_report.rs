//! What is said of the sample data: survey, status, verification, and the report after an apply and after a rollback.

use ringfence::demo::sample::{self, Size};

use crate::golden::kept::assert_kept;
use crate::golden::normal::volatile;
use crate::golden::stage::Stage;

/// Report, status and verification as they are said now, each with the name to keep it under.
async fn said(stage: &Stage, when: &str) -> Vec<(String, String)> {
    let folder = format!("report-{when}");
    stage
        .ringfence(&["report", "--format", "md,json", "--out", &folder])
        .await
        .code(0);
    let report = |kind: &str| {
        let path = stage.path(&format!("{folder}/report.{kind}"));
        std::fs::read_to_string(path).unwrap()
    };
    let status = stage.ringfence(&["status", "--json"]).await.code(0);
    let verified = stage.ringfence(&["verify", "--json"]).await;
    [
        ("report.md", report("md")),
        ("report.json", report("json")),
        ("status.json", status.json()),
        (
            "verify.json",
            format!("{}exit {}\n", verified.json(), verified.code),
        ),
    ]
    .into_iter()
    .map(|(name, text)| (format!("sample/{when}.{name}"), volatile(&text)))
    .collect()
}

#[tokio::test]
async fn what_is_said_of_the_sample_data_stays_as_it_was() {
    let stage = Stage::empty("golden_sample").await;
    sample::seed(&stage.database, 1, Size::Small, &|_, _| {})
        .await
        .unwrap();
    let survey = stage.ringfence(&["survey", "--json"]).await.code(2);
    let in_words = stage.ringfence(&["survey"]).await.code(2);
    let mut all = vec![
        ("sample/survey.json".to_owned(), survey.json()),
        ("sample/survey.txt".to_owned(), volatile(&in_words.out)),
    ];
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    stage.ringfence(&plan).await.code(0);
    let confirm = ["--confirm", "golden_sample"];
    let apply = [&["apply", "--plan", "plan.json"][..], &confirm].concat();
    let applied = stage.ringfence(&apply).await.code(0);
    all.push(("sample/apply.txt".to_owned(), volatile(&applied.err)));
    all.extend(said(&stage, "applied").await);
    let back = stage
        .ringfence(&[&["rollback"][..], &confirm].concat())
        .await
        .code(0);
    all.push(("sample/rollback.txt".to_owned(), volatile(&back.out)));
    all.extend(said(&stage, "rolled-back").await);
    assert_kept(&all);
}

#[test]
fn every_number_for_people_has_its_digits_in_groups() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/fixtures/sample");
    for name in [
        "survey.txt",
        "apply.txt",
        "rollback.txt",
        "applied.report.md",
        "rolled-back.report.md",
    ] {
        let text = std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
        let words = text.split(|c: char| c.is_whitespace() || "();|".contains(c));
        let bare = |it: &&str| {
            let digits = it.trim_end_matches([',', '.', ':']);
            digits.len() > 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let found: Vec<_> = words.filter(bare).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}
