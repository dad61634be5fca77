//! All of it on a standalone, which has no commit quorum; in tasks of their own, as the console runs them.

use std::path::PathBuf;

use bson::{Document, doc};
use mongodb::Collection;
use ringfence::demo::server::Topology;
use ringfence::store::connect::Connection;
use ringfence::store::dump::read::verify_backup;
use ringfence::store::dump::restore::{RestoreOptions, restore};
use ringfence::store::dump::write::{BackupOptions, back_up};
use ringfence::store::export::export;
use ringfence::store::identity;
use tokio_util::sync::CancellationToken;

use crate::dump::backup::quiet;
use crate::dump::server::empty_at;
use crate::dump::ugly;
use crate::support;

async fn all_of_it(source: Connection, target: Connection, folder: PathBuf) {
    let cancel = CancellationToken::new();
    let out = folder.join("backup");
    let options = BackupOptions { gzip: true };
    back_up(&source, &out, &options, &quiet, &cancel)
        .await
        .unwrap();
    verify_backup(&out, &quiet, &cancel).await.unwrap();
    restore(&target, &out, &RestoreOptions::default(), &quiet, &cancel)
        .await
        .unwrap();
    let names = ["indexed".to_owned()];
    export(&target, &names, &folder.join("export"), &quiet, &cancel)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_standalone_is_backed_up_and_restored_as_well() {
    let server = support::private(Topology::Standalone, &[]).await;
    let source = empty_at(&server.uri("alone"), "alone").await;
    let target = empty_at(&server.uri("alone_again"), "alone_again").await;
    assert!(!source.is_replica_set());
    ugly::fill_database(&source.database).await;
    let folder = tempfile::tempdir().unwrap();
    let work = all_of_it(source.clone(), target.clone(), folder.path().to_owned());
    tokio::spawn(work).await.unwrap();
    let cancel = CancellationToken::new();
    assert_eq!(
        identity::database(&source, &cancel).await.unwrap(),
        identity::database(&target, &cancel).await.unwrap()
    );
    let indexed: Collection<Document> = target.database.collection("indexed");
    assert_eq!(indexed.count_documents(doc! {}).await.unwrap(), 200);
}
