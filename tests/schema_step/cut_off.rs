//! A cut-over and a rollback that end at any of their renames: the same command goes on, and the result is the same.

use bson::doc;
use ringfence::demo::server::{Server, Topology};

use crate::schema_step::world;
use crate::support;
use crate::support::case::Case;
use crate::support::picture::{self, Picture};

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

/// Has the server refuse every rename after so many, or none.
async fn refuse_renames(server: &Server, after: Option<i32>) {
    let client = mongodb::Client::with_uri_str(server.uri("admin"))
        .await
        .unwrap();
    let mode = match after {
        Some(count) => bson::bson!({ "skip": count }),
        None => bson::bson!("off"),
    };
    let data =
        doc! { "failCommands": ["renameCollection"], "errorCode": 20, "appName": "ringfence" };
    let mut command = doc! { "configureFailPoint": "failCommand", "mode": mode };
    if after.is_some() {
        command.insert("data", data);
    }
    client.database("admin").run_command(command).await.unwrap();
}

async fn cut_off_at(server: &Server, renames: i32) -> bool {
    let name = format!("cut{renames}");
    let case = world::seeded_in(Case::at(server.uri(&name), name).await).await;
    case.database.create_collection("rooms").await.unwrap();
    let before = case.picture().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    refuse_renames(server, Some(renames)).await;
    let first = case.apply(&[]).await;
    refuse_renames(server, None).await;
    let was_cut_off = first.code != 0;
    case.apply(&[]).await.code(0);
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    refuse_renames(server, Some(renames)).await;
    case.roll_back(&[]).await;
    refuse_renames(server, None).await;
    let open = ["status", "--json"];
    let status = case.ringfence(&open).await;
    if !status.out.contains("rolled-back") {
        case.roll_back(&[]).await;
    }
    let differences = picture::differences(&own(&before), &own(&case.picture().await), true);
    assert!(differences.is_empty(), "after {renames}: {differences:#?}");
    was_cut_off
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_same_command_goes_on_wherever_the_renames_ended() {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    let all: &[i32] = if support::full() {
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    } else {
        &[2, 6, 9, 13]
    };
    for renames in all {
        let was_cut_off = cut_off_at(&server, *renames).await;
        assert!(was_cut_off || *renames > 13, "{renames}");
    }
}
