//! What a mapping says and what comes to nothing is said: a path of several that leads nowhere, an entry by which nothing changes, a new
//! reference under the name of a field that is always null. And members of arrays that cannot leave users are refused.

use bson::{Bson, doc};
use ringfence::domain::mapping::DEFAULT;

use crate::mapping_check::world::{World, id};
use crate::support::case::{Case, Ended};

/// The default mapping with a line more in one section.
fn with(section: &str, line: &str) -> String {
    let head = format!("[{section}]");
    let key = line.split(" = ").next().unwrap_or_default();
    let mut within = false;
    let mut lines = Vec::new();
    for old in DEFAULT.lines() {
        if old.starts_with('[') {
            within = old == head;
        }
        if !(within && old.split(" = ").next().map(str::trim) == Some(key)) {
            lines.push(old.to_owned());
        }
        if old == head {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

async fn plan(case: &Case, text: &str) -> Ended {
    std::fs::write(case.path("ringfence.toml"), text).unwrap();
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan).await
}

#[tokio::test]
async fn a_path_of_several_that_never_leads_anywhere_is_said_with_its_line() {
    let mut world = World::clean();
    for (at, booking) in world.bookings.iter_mut().enumerate() {
        let place = u32::try_from(at).unwrap();
        booking.insert("room", id(b'r', place % 4));
        booking.insert("branch", Bson::Null);
    }
    let rooms = (0..4).map(|n| doc! { "_id": id(b'r', n), "floor": 1, "owner": "nobody" });
    world.others.push(("Room", rooms.collect()));
    let case = world.case().await;
    for (path, says) in [
        ("branch", "`branch` is set in no document"),
        (
            "room > Room.owner",
            "`room > Room.owner` leads nowhere by any of its 400 set values",
        ),
        ("room", "`room` leads nowhere"),
    ] {
        let line = format!("business = [\"serviceId > Service.businessId\", \"{path}\"]");
        let ended = plan(&case, &with("booking", &line)).await.code(0);
        let warned = ended.err.lines().find(|it| it.contains(says));
        assert!(
            warned.is_some_and(|it| it.starts_with("warning: mapping ringfence.toml:")),
            "{path}: {}",
            ended.err
        );
    }
    // Of two that lead somewhere nothing is said.
    let both =
        "business = [\"serviceId > Service.businessId\", \"serviceId > Service.businessId\"]";
    let ended = plan(&case, &with("booking", both)).await;
    assert!(!ended.err.contains("leads nowhere"), "{}", ended.err);
}

#[tokio::test]
async fn a_new_reference_under_the_name_of_a_field_that_holds_no_value_is_said() {
    let mut world = World::clean();
    for booking in &mut world.bookings {
        booking.insert("cancelledAt", Bson::Null);
        booking.insert("memo", "");
    }
    let case = world.case().await;
    for field in ["cancelledAt", "memo"] {
        let line = format!("customer = \"{field}\"");
        let ended = plan(&case, &with("booking", &line)).await.code(0);
        let says = format!("booking.customer: `{field}` is there already, and holds no id");
        let warned = ended.err.lines().find(|it| it.contains(&says));
        assert!(
            warned.is_some_and(|it| it.starts_with("warning: mapping ringfence.toml:")),
            "{}",
            ended.err
        );
    }
    let ended = plan(&case, DEFAULT).await.code(0);
    assert!(!ended.err.contains("booking.customer"), "{}", ended.err);
}

#[tokio::test]
async fn a_few_ids_of_another_collection_are_no_new_reference_either() {
    let mut world = World::clean();
    for booking in world.bookings.iter_mut().take(3) {
        booking.insert("roomId", id(b'r', 1));
    }
    let rooms = vec![doc! { "_id": id(b'r', 1) }];
    world.others.push(("Room", rooms));
    let case = world.case().await;
    let ended = plan(&case, &with("booking", "customer = \"roomId\"")).await;
    drop(ended.code(1).says(&["booking.customer", "ids of Room"]));
}

#[tokio::test]
async fn an_entry_by_which_nothing_would_change_is_said() {
    let mut world = World::clean();
    // Written by those who work there.
    let notes = (0..30).map(|n| doc! { "_id": n, "by": id(b'u', 1), "at": id(b'b', 1) });
    world.others.push(("Note", notes.collect()));
    let case = world.case().await;
    let entry = "\n[[follow]]\ncollection = \"Note\"\nuser = \"by\"\nbusiness = \"at\"\nto = \"customerId\"\n";
    let text = format!("{DEFAULT}{entry}");
    let says = "follow.0: 0 documents of 30 would change";
    let ended = plan(&case, &text).await.code(0);
    let warned = ended.err.lines().find(|it| it.contains(says));
    assert!(
        warned.is_some_and(|it| it.starts_with("warning: mapping ringfence.toml:")),
        "{}",
        ended.err
    );
    let surveyed = case.ringfence(&["survey"]).await.code(0);
    assert!(surveyed.err.contains(says), "{}", surveyed.err);
    case.apply(&[]).await.code(0).says(&[says]);
}

#[tokio::test]
async fn members_of_arrays_do_not_leave_users_and_the_line_says_so() {
    let mut world = World::clean();
    for user in &mut world.users {
        user.insert("visits", vec![doc! { "at": 1, "note": "x" }]);
    }
    let case = world.case().await;
    let ended = plan(&case, &with("user", "drop = [\"visits[].note\"]")).await;
    drop(ended.code(1).says(&[
        "ringfence.toml:",
        "user.drop takes fields, and members of documents, out of users",
        "name the array itself, `visits`",
    ]));
    plan(&case, &with("user", "drop = [\"visits\"]"))
        .await
        .code(0);
    case.apply(&[]).await.code(0);
}
