//! The models to copy, as the step “Update the schema” writes them: with them in a schema, every live customer can be read.

use std::fmt::Write as _;

use crate::support::case::Case;

/// The draft that the run left.
fn draft(case: &Case) -> String {
    let runs = std::fs::read_dir(case.path("ringfence-runs")).unwrap();
    let mut drafts = runs.filter_map(|run| {
        std::fs::read_to_string(run.unwrap().path().join("schema-changes.prisma")).ok()
    });
    let draft = drafts.next().expect("a run with a draft");
    assert_eq!(drafts.next(), None);
    draft
}

#[tokio::test]
async fn the_models_to_copy_make_a_schema_that_every_live_customer_conforms_to() {
    let case = Case::seeded().await;
    case.migrate().await;
    let draft = draft(&case);
    let mut schema =
        "datasource db {\n  provider = \"mongodb\"\n  url = env(\"U\")\n}\n".to_owned();
    for line in draft.lines() {
        let _ = writeln!(schema, "{line}");
        // The models that change hold only what comes; what stays stands in the operator's own schema.
        if line.starts_with("model ") && line != "model Customer {" {
            schema.push_str("  id String @id @map(\"_id\") @db.ObjectId\n");
        }
    }
    std::fs::write(case.path("next.prisma"), &schema).unwrap();
    let file = case.path("next.prisma");
    let checked = case
        .ringfence(&["conform", "--schema", file.to_str().unwrap(), "--json"])
        .await;
    let found: serde_json::Value = serde_json::from_str(&checked.out).expect(&checked.err);
    let models = found["models"].as_array().unwrap();
    let customers = models.iter().find(|it| it["name"] == "Customer").unwrap();
    assert!(customers["documents"].as_u64().unwrap() > 0);
    let wrong: Vec<_> = customers["findings"]
        .as_array()
        .unwrap()
        .iter()
        // A push makes the indexes that the schema names and the customers lack.
        .filter(|it| it["advice"] != true && it["kind"] != "index-missing")
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{schema}");
}
