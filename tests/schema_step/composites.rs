//! Rules for what stands within a composite type, once or in a list: names, types and values that are missing.

use bson::{Bson, Document, doc};

use crate::schema_step::world::{self, AFTER, BUSINESS, ROOM, USER, id, one};
use crate::support::case::Case;
use crate::support::picture::{self, Picture};

const PLAN: [&str; 5] = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
const CONFORM: [&str; 3] = ["conform", "--schema", "after.prisma"];

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

fn after() -> String {
    AFTER
        .replace(
            "type Address {\n  street String\n  city   String?\n}",
            "type Address {\n  street  String   @map(\"road\")\n  city    String?\n  country String   @default(\"NL\")\n  floor   Int?\n  notes   String[]\n}\n\ntype Door {\n  number Int     @map(\"no\")\n  open   Boolean @default(false)\n}",
        )
        .replace(
            "  name String\n\n  @@map(\"rooms\")",
            "  name String\n  doors Door[]\n\n  @@map(\"rooms\")",
        )
        .replace(
            "  phone      String?\n  isActive",
            "  phone      String?\n  address    Address?\n  isActive",
        )
}

fn before() -> String {
    world::BEFORE
        .replace(
            "  phone          String?\n",
            "  phone          String?\n  address        Address?\n",
        )
        .replace(
            "model Room {",
            "type Door {\n  number Float\n}\n\nmodel Room {",
        )
        .replace("  name String\n}\n", "  name String\n  doors Door[]\n}\n")
        .replace(
            "  city   String?\n}",
            "  city   String?\n  floor  Float?\n}",
        )
}

async fn seeded() -> Case {
    let case = world::seeded().await;
    world::write(&case, &after());
    std::fs::write(case.path("before.prisma"), before()).unwrap();
    let set = async |collection: &str, id, set: Document| {
        let collection = case.database.collection::<Document>(collection);
        let set = doc! { "$set": set };
        collection
            .update_one(doc! { "_id": id }, set)
            .await
            .unwrap();
    };
    set(
        "Business",
        id(BUSINESS, 0),
        doc! { "address": { "street": "Main 1", "floor": 2.0, "country": Bson::Null } },
    )
    .await;
    set("Business", id(BUSINESS, 1), doc! { "address": Bson::Null }).await;
    let doors = doc! { "doors": [{ "number": 1.0 }, { "open": true, "number": 2.0 }] };
    set("Room", id(ROOM, 0), doors).await;
    set(
        "User",
        id(USER, 2),
        doc! { "address": { "street": "Elm 2" } },
    )
    .await;
    let whole = doc! { "address": { "street": "Oak 3", "country": "NL", "notes": ["x"] } };
    set("User", id(USER, 3), whole).await;
    case
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_stands_within_a_composite_becomes_readable_and_goes_back() {
    let case = seeded().await;
    let before = case.picture().await;
    case.ringfence(&PLAN).await.code(0).says(&[
        "address.street becomes address.road",
        "address.floor: converted to Int",
        "address.country: \"NL\" written where it is missing or null",
        "address.notes: [] written",
        "doors.number becomes doors.no",
        "doors.open: false written",
    ]);
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM)
        .await
        .code(0)
        .says(&["nothing wrong"]);
    case.ringfence(&["verify"]).await.code(0);
    let business = one(&case, "businesses", id(BUSINESS, 0)).await;
    assert_eq!(
        business.get_document("address").unwrap(),
        &doc! { "road": "Main 1", "floor": 2, "country": "NL", "notes": [] }
    );
    let room = one(&case, "rooms", id(ROOM, 0)).await;
    let doors = doc! { "doors": [{ "no": 1, "open": false }, { "open": true, "no": 2 }] };
    assert_eq!(room.get("doors"), doors.get("doors"));
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let differences = picture::differences(&own(&before), &own(&case.picture().await), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_the_application_wrote_within_a_composite_is_carried_back() {
    let case = seeded().await;
    case.ringfence(&PLAN).await.code(0);
    case.apply(&[]).await.code(0);
    let businesses = case.database.collection::<Document>("businesses");
    let moved = doc! { "$set": { "address.road": "Main 9", "address.floor": 3 } };
    businesses
        .update_one(doc! { "_id": id(BUSINESS, 0) }, moved)
        .await
        .unwrap();
    let customers = case.database.collection::<Document>("customers");
    let moved = doc! { "$set": { "address.road": "Elm 22" } };
    let changed = customers
        .update_many(doc! { "address.road": "Elm 2" }, moved)
        .await
        .unwrap();
    assert!(changed.modified_count > 0);
    case.roll_back(&["--keep-new"]).await;
    let business = one(&case, "Business", id(BUSINESS, 0)).await;
    assert_eq!(
        business.get_document("address").unwrap(),
        &doc! { "street": "Main 9", "floor": 3.0, "country": Bson::Null }
    );
    let user = one(&case, "User", id(USER, 3)).await;
    assert_eq!(
        user.get_document("address").unwrap(),
        &doc! { "street": "Oak 3", "country": "NL", "notes": ["x"] }
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_a_composite_must_have_and_nothing_gives_asks() {
    let case = seeded().await;
    let needs = after().replace("  floor   Int?\n", "  floor   Int\n");
    world::write(&case, &needs);
    std::fs::write(case.path("before.prisma"), before()).unwrap();
    case.ringfence(&PLAN).await.code(2).says(&[
        "Customer.address.floor",
        "missing-required",
        "constant VALUE",
    ]);
    let decisions = format!(
        "version = 1\ndatabase = \"{}\"\n[schema]\n\"Customer.address.floor\" = \"constant 0\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), decisions).unwrap();
    let plan = [&PLAN[..], &["--decisions", "decisions.toml"]].concat();
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    case.roll_back(&[]).await.code(0);
}
