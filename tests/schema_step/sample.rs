//! The demo's own data with the schemas that `assets/` ships.

use ringfence::demo::sample::{self, Size};
use ringfence::demo::schemas;

use crate::support::case::Case;
use crate::support::picture::{self, Picture};

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

#[tokio::test]
async fn the_demos_application_is_taken_to_its_after_schema_and_back() {
    let case = Case::empty().await;
    sample::seed(&case.database, 1, Size::Small, &|_, _| {})
        .await
        .unwrap();
    let mapping = include_str!("../../assets/mapping.toml");
    let mapping = format!("{mapping}\n[schema]\nbefore = \"before.prisma\"\n");
    std::fs::write(case.path("ringfence.toml"), mapping).unwrap();
    std::fs::write(case.path("before.prisma"), schemas::BEFORE).unwrap();
    std::fs::write(case.path("after.prisma"), schemas::AFTER).unwrap();
    let before = case.picture().await;
    let plan = [
        "plan",
        "--defaults",
        "--after",
        "after.prisma",
        "--out",
        "plan.json",
    ];
    case.ringfence(&plan).await.code(0).says(&[
        "serviceId: converted to String @db.ObjectId",
        "Customer_businessId_email_idx",
    ]);
    case.apply(&[]).await.code(0);
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    case.roll_back(&[]).await.code(0);
    let differences = picture::differences(&own(&before), &own(&case.picture().await), true);
    assert!(differences.is_empty(), "{differences:#?}");
}
