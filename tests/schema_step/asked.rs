//! The list that `plan --after` gives.

use crate::schema_step::world::{self, AFTER};

#[tokio::test]
async fn the_plan_says_all_that_the_schema_asks_and_holds_it() {
    let case = world::seeded().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    let ended = case.ringfence(&plan).await.code(0);
    ended.says(&[
        "Booking becomes bookings",
        "Room becomes rooms",
        "date becomes start_time",
        "note becomes remark",
        "isActive: true written where it is missing or null",
        "tags: [] written",
        "updatedAt: its createdAt, else the time in its _id written",
        "price: converted to Int",
        "users_email_key",
        "so that `npx prisma@6 db push` drops them: by hand",
        "the model Coupon is new",
        "Business.owner: deleting a User then deletes its documents of Business (new)",
    ]);
    let text = std::fs::read_to_string(case.path("plan.json")).unwrap();
    assert!(text.contains("model Coupon"));
    // Another schema is another plan.
    let hash = |text: &str| {
        let plan: serde_json::Value = serde_json::from_str(text).unwrap();
        plan["hash"].as_str().unwrap().to_owned()
    };
    world::write(&case, &AFTER.replace("@default(true)", "@default(false)"));
    case.ringfence(&plan).await.code(0);
    let other = std::fs::read_to_string(case.path("plan.json")).unwrap();
    assert_ne!(hash(&text), hash(&other));
}

#[tokio::test]
async fn init_names_the_schema_that_it_read_and_a_plan_compares_the_new_one_with_it() {
    let case = world::seeded().await;
    let after = AFTER.replace(
        "  startTime  DateTime @map(\"start_time\")",
        "  date       DateTime @map(\"start_time\")",
    );
    let after = after.replace("@@index([startTime])", "@@index([date])");
    world::write(&case, &after);
    std::fs::remove_file(case.path("ringfence.toml")).unwrap();
    let init = ["init", "--schema", "before.prisma"];
    case.ringfence(&init).await.code(0);
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    let plan = [&plan[..], &["--after", "after.prisma"]].concat();
    case.ringfence(&plan)
        .await
        .code(0)
        .says(&["date becomes start_time", "note becomes remark"]);
    // From another folder the same schema is meant.
    let out = ["--out", "deep/ringfence.toml"];
    std::fs::create_dir(case.path("deep")).unwrap();
    case.ringfence(&[&init[..], &out].concat()).await.code(0);
    let plan = [&["--config", "deep/ringfence.toml"], &plan[..]].concat();
    case.ringfence(&plan)
        .await
        .code(0)
        .says(&["note becomes remark"]);
}

#[tokio::test]
async fn without_an_answer_nothing_is_accepted() {
    let case = world::seeded().await;
    case.ringfence(&["plan", "--defaults", "--retire-users", "--out", "plan.json"])
        .await
        .code(0);
    let decisions = case.path("decisions.toml");
    let text = |schema: &str| format!("version = 1\ndatabase = \"{}\"\n{schema}", case.name);
    let plan = |case: &str| {
        [
            "plan",
            "--decisions",
            case,
            "--retire-users",
            "--out",
            "plan.json",
        ]
        .map(str::to_owned)
    };
    let arguments = plan(decisions.to_str().unwrap());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    std::fs::write(&decisions, text("")).unwrap();
    case.ringfence(&arguments)
        .await
        .code(2)
        .says(&["undecided", "Room becomes rooms"]);
    std::fs::write(&decisions, text("[schema]\n\"*\" = \"accept\"\n")).unwrap();
    case.ringfence(&arguments).await.code(0);
}

#[tokio::test]
async fn a_rule_that_is_new_at_apply_is_drift_and_another_count_is_not() {
    let case = world::seeded().await;
    case.ringfence(&["plan", "--defaults", "--retire-users", "--out", "plan.json"])
        .await
        .code(0);
    let rooms = case.database.collection::<bson::Document>("Room");
    rooms
        .insert_one(bson::doc! { "_id": world::id(world::ROOM, 9), "name": "Green" })
        .await
        .unwrap();
    let bookings = case.database.collection::<bson::Document>("Booking");
    bookings
        .insert_one(bson::doc! { "_id": world::id(world::BOOKING, 90), "userId": world::id(world::USER, 2), "serviceId": world::id(world::SERVICE, 0), "date": world::day(1), "createdAt": world::day(1) })
        .await
        .unwrap();
    // A number where the schema has text.
    rooms
        .insert_one(bson::doc! { "_id": world::id(world::ROOM, 10), "name": 7 })
        .await
        .unwrap();
    case.apply(&[])
        .await
        .code(4)
        .says(&["new for the after-schema in Room: name: converted to String"]);
    rooms
        .delete_one(bson::doc! { "_id": world::id(world::ROOM, 10) })
        .await
        .unwrap();
    case.apply(&[]).await.code(0);
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
}

#[tokio::test]
async fn without_the_schema_of_today_documents_say_which_collection_a_model_reads() {
    let case = world::seeded().await;
    let mapping = std::fs::read_to_string(case.path("ringfence.toml")).unwrap();
    let alone = mapping.replace("before = \"before.prisma\"\n", "");
    assert_ne!(alone, mapping);
    std::fs::write(case.path("ringfence.toml"), alone).unwrap();
    let rooms = case.database.collection::<bson::Document>("rooms");
    rooms
        .insert_one(bson::doc! { "name": "New" })
        .await
        .unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan)
        .await
        .code(2)
        .says(&["both Room (1 document) and rooms (1 document) hold documents"]);
    rooms.drop().await.unwrap();
    // Fields have the names that the operator says, and no others.
    let ended = case.ringfence(&plan).await.code(0);
    assert!(!ended.out.contains("note becomes remark"), "{}", ended.out);
    ended.says(&["date becomes start_time", "Room becomes rooms"]);
}

#[tokio::test]
async fn the_option_wins_over_the_mapping_and_without_any_schema_nobody_checked() {
    let case = world::seeded().await;
    let other = world::AFTER.replace("@@map(\"rooms\")", "@@map(\"halls\")");
    std::fs::write(case.path("other.prisma"), other).unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    let named = [&plan[..], &["--after", "other.prisma"]].concat();
    case.ringfence(&named)
        .await
        .code(0)
        .says(&["Room becomes halls"]);
    std::fs::remove_file(case.path("ringfence.toml")).unwrap();
    case.ringfence(&plan)
        .await
        .code(0)
        .says(&["Nobody checked whether the new application can read the result"]);
}
