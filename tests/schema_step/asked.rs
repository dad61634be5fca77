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
        "Business.owner: deleting a User then deletes its documents of Business, and with them those of Customer (changed: it had no onDelete)",
        "Customer.business: deleting a Business then deletes its documents of Customer (new)",
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
async fn each_on_delete_that_changed_is_said_with_what_it_was_and_what_goes_along() {
    let case = world::seeded().await;
    let room = |rule: &str| {
        format!(
            "  name String\n  homeId String? @db.ObjectId\n  home Business? @relation(fields: [homeId], references: [id]{rule})\n"
        )
    };
    // The same in both but for the rules: `service` may be empty, and a room has a home.
    let optional = |text: &str, rule: &str| {
        let text = text.replace(
            "  serviceId  String   @db.ObjectId\n",
            "  serviceId  String?  @db.ObjectId\n",
        );
        let text = text.replace(
            "  serviceId String   @db.ObjectId\n",
            "  serviceId String?  @db.ObjectId\n",
        );
        let with = format!("Service? @relation(fields: [serviceId], references: [id]{rule})");
        text.replace(
            "Service  @relation(fields: [serviceId], references: [id])",
            &with,
        )
    };
    let with_room = |text: &str, rule: &str| {
        let (head, rooms) = text.split_once("model Room").unwrap();
        let rooms = rooms.replacen("  name String\n", &room(rule), 1);
        let head = head.replacen("  services ", "  rooms Room[]\n  services ", 1);
        format!("{head}model Room{rooms}")
    };
    let owner = "owner    User      @relation(fields: [ownerId], references: [id]";
    let before = world::BEFORE.replace(owner, &format!("{owner}, onDelete: Restrict"));
    let before = optional(&before, ", onDelete: Cascade");
    let before = with_room(&before, ", onDelete: Cascade");
    let service =
        "business   Business  @relation(fields: [businessId], references: [id])\n  bookings";
    assert!(AFTER.contains(service));
    let cascade = service.replace("[id])", "[id], onDelete: Cascade)");
    let after = AFTER.replace(service, &cascade);
    let after = with_room(&optional(&after, ", onDelete: SetNull"), "");
    world::write(&case, &after);
    std::fs::write(case.path("before.prisma"), before).unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    let ended = case.ringfence(&plan).await.code(0);
    let wanted = [
        "Business.owner: deleting a User then deletes its documents of Business, and with them those of Service and Customer (changed: it was Restrict)",
        "Service.business: deleting a Business then deletes its documents of Service (changed: it had no onDelete)",
        "Customer.business: deleting a Business then deletes its documents of Customer (new)",
        "Booking.service: deleting a Service then leaves its documents of Booking without one (changed: it was Cascade)",
        "Room.home: it has no onDelete, and then deleting a Business leaves its documents of Room without one (changed: it was Cascade)",
    ];
    let said = format!("{}{}", ended.out, ended.err);
    assert_eq!(
        said.matches("other programs that delete leave orphans")
            .count(),
        wanted.len(),
        "{said}"
    );
    ended.says(&wanted);
    // The report keeps it.
    case.apply(&[]).await.code(0);
    let report = case.ringfence(&["report"]).await.code(0);
    report.says(&["changed: it was Restrict", "changed: it was Cascade"]);
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
