//! A migrated database with indexes of every kind, its schema, and a push on it.

use bson::{Document, doc};

use crate::push::stand_in::{self, drops, makes};
use crate::support::case::{Case, Ended};
use crate::support::data;
use crate::support::picture::{self, Picture};

/// What the application reads after the migration. `Invoice` gets an index, `Coupon` is new, and the schema names neither the expiry nor the place
/// of an invoice.
pub const SCHEMA: &str = r#"
datasource db {
  provider = "mongodb"
  url      = env("DATABASE_URL")
}

model Booking {
  id         String    @id @map("_id") @db.ObjectId
  reference  String    @unique
  customerId String?   @db.ObjectId
  expiresAt  DateTime?

  @@index([customerId])
  @@index([expiresAt])
}

model Customer {
  id         String  @id @map("_id") @db.ObjectId
  businessId String? @db.ObjectId
  name       String?
  tier       Int?

  @@index([businessId, name])
  @@index([tier])
}

model Invoice {
  id     String  @id @map("_id") @db.ObjectId
  number String  @unique
  userId String? @db.ObjectId

  @@index([userId])
}

model Coupon {
  id   String @id @map("_id") @db.ObjectId
  code String

  @@index([code])
}
"#;

/// The shop before its migration, with what a rollback must give back.
pub async fn seeded() -> (Case, Picture) {
    seeded_in(Case::empty().await).await
}

/// The same in this database.
pub async fn seeded_in(case: Case) -> (Case, Picture) {
    data::seed(&case.database).await;
    let invoices = doc! { "createIndexes": "Invoice", "indexes": [
        { "key": { "dueAt": 1 }, "name": "Invoice_dueAt_ttl", "expireAfterSeconds": 3_600_i64 },
        { "key": { "place": "2dsphere" }, "name": "Invoice_place_geo" },
        { "key": { "words": "text" }, "name": "Invoice_words_text", "default_language": "german" },
    ] };
    data::run(&case.database, invoices).await;
    std::fs::write(case.path("after.prisma"), SCHEMA).unwrap();
    let before = picture::application(&case.picture().await);
    (case, before)
}

/// The shop after its migration.
pub async fn migrated() -> (Case, Picture) {
    let (case, before) = seeded().await;
    case.migrate().await;
    (case, before)
}

/// What Prisma's push does with the schema.
pub fn as_prisma_does() -> Vec<Document> {
    vec![
        doc! { "create": "Coupon" },
        makes("Coupon", "Coupon_code_idx", doc! { "code": 1 }),
        makes("Invoice", "Invoice_userId_idx", doc! { "userId": 1 }),
        drops("Invoice", "Invoice_dueAt_ttl"),
        drops("Invoice", "Invoice_place_geo"),
    ]
}

/// The arguments of a push of `after.prisma` by the stand-in.
pub fn arguments(case: &Case) -> Vec<String> {
    let mut words: Vec<String> = ["--uri", &case.uri, "push", "--schema", "after.prisma"]
        .map(str::to_owned)
        .to_vec();
    words.extend(["--confirm", &case.name, "--"].map(str::to_owned));
    words.extend(stand_in::words());
    words
}

/// Pushes with these commands.
pub async fn push(case: &Case, commands: &[Document]) -> Ended {
    push_with(case, commands, &[]).await
}

/// The same with more variables.
pub async fn push_with(case: &Case, commands: &[Document], more: &[(&str, &str)]) -> Ended {
    let commands = serde_json::to_string(commands).unwrap();
    let mut variables = vec![(stand_in::COMMANDS, commands.as_str())];
    variables.extend(more);
    let arguments = arguments(case);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    case.with_environment(&variables, &arguments).await
}

/// Fails where the application's collections are not what they were before the migration, but for what `but` names.
#[track_caller]
pub fn assert_back(before: &Picture, now: &Picture, but: &[&str]) {
    let now = picture::only(&picture::application(now), |name| !but.contains(&name));
    let before = picture::only(before, |name| !but.contains(&name));
    let differences = picture::differences(&before, &now, true);
    assert!(differences.is_empty(), "{differences:#?}");
}
