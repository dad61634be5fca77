//! What befalls a migrated database: its record is dropped, it is dumped, dropped and restored, an application writes.

use std::path::PathBuf;

use bson::{Document, RawDocumentBuf, doc, rawdoc};
use mongodb::Collection;

use crate::support::case::Case;
use crate::support::data::{BOOKING, id};
use crate::support::picture;

pub fn of(case: &Case, name: &str) -> Collection<Document> {
    case.database.collection(name)
}

/// The folder of the backup that the latest run took.
pub fn backup(case: &Case) -> String {
    let runs = std::fs::read_dir(case.path("ringfence-runs")).unwrap();
    let newest = runs.map(|run| run.unwrap().path()).max().unwrap();
    let backups: Vec<PathBuf> = std::fs::read_dir(newest)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("ringfence-backup.json").exists())
        .collect();
    backups.into_iter().max().unwrap().display().to_string()
}

pub async fn lose_record(case: &Case) {
    of(case, "_ringfence_runs").drop().await.unwrap();
}

/// One booking that the new application made.
pub async fn book(case: &Case, number: u32) {
    let bookings = of(case, "Booking");
    let one = bookings.find_one(doc! { "_id": id(BOOKING, 10) });
    let mut new = one.await.unwrap().unwrap();
    new.insert("_id", id(BOOKING, number));
    new.insert("reference", format!("R-{number}"));
    bookings.insert_one(new).await.unwrap();
}

/// Drops the database and puts all of it back, as mongodump and mongorestore do: everything is there, and every UUID is another.
pub async fn dump_drop_and_restore(case: &Case) {
    let all = case.picture().await;
    case.database.drop().await.unwrap();
    for (name, collection) in all {
        let mut create = rawdoc! { "create": name.as_str() };
        for element in &collection.options {
            let (key, value) = element.unwrap();
            create.append(key, bson::RawBson::from(value));
        }
        case.database.run_raw_command(create).await.unwrap();
        let documents = case.database.collection::<RawDocumentBuf>(&name);
        if !collection.documents.is_empty() {
            documents
                .insert_many(&collection.documents)
                .bypass_document_validation(true)
                .await
                .unwrap();
        }
        let indexes: bson::RawArrayBuf = collection
            .indexes
            .values()
            .filter(|index| index.get_str("name").unwrap() != "_id_")
            .cloned()
            .map(bson::RawBson::Document)
            .collect();
        if !indexes.is_empty() {
            let command = rawdoc! { "createIndexes": name.as_str(), "indexes": indexes };
            case.database.run_raw_command(command).await.unwrap();
        }
    }
}

/// Renames a collection, as an operator does in a shell.
pub async fn rename(case: &Case, from: &str, to: &str) {
    let full = |name: &str| format!("{}.{name}", case.name);
    let command = doc! { "renameCollection": full(from), "to": full(to) };
    let admin = case.database.client().database("admin");
    admin.run_command(command).await.unwrap();
}

/// The application's collections are as they were; whether they are the same ones too.
pub async fn assert_back(case: &Case, before: &picture::Picture, identity: bool) {
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(before, &now, identity),
        Vec::<String>::new()
    );
}

/// Plans and applies anew; both must go well.
pub async fn migrates_again(case: &Case) {
    case.ringfence(&["survey"]).await;
    case.migrate().await;
    case.ringfence(&["verify"]).await.code(0);
}
