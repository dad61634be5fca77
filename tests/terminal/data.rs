//! Databases for the console: seeded with the sample, fingerprinted, looked into.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::OnceLock;

use bson::Document;
use ringfence::demo::sample::{self, Size};
use ringfence::store::connect::{Connection, connect};
use ringfence::store::identity;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::support;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// Waits for something asynchronous.
pub fn wait<F: IntoFuture>(future: F) -> F::Output {
    RUNTIME
        .get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap()
        })
        .block_on(async { future.await })
}

/// A database with the small sample in it, and a folder for runs.
pub struct Place {
    pub uri: String,
    pub name: String,
    pub connection: Connection,
    pub runs: tempfile::TempDir,
}

/// A fresh one on the shared server.
pub fn seeded() -> Place {
    let (uri, name) = support::fresh_database();
    seeded_at(uri, name)
}

/// A fresh one at `uri`.
pub fn seeded_at(uri: String, name: String) -> Place {
    let connection = wait(async {
        let connection = connect(&uri, "the test", None).await.unwrap();
        sample::seed(&connection.database, 1, Size::Small, &|_, _| {})
            .await
            .unwrap();
        connection
    });
    Place {
        uri,
        name,
        connection,
        runs: crate::support::folder(),
    }
}

impl Place {
    /// Every collection's documents and specification as hashes.
    pub fn fingerprints(&self) -> BTreeMap<String, (String, String)> {
        wait(identity::database(
            &self.connection,
            &CancellationToken::new(),
        ))
        .unwrap()
    }

    /// The same of the application's collections alone.
    pub fn fingerprints_of_the_application(&self) -> BTreeMap<String, (String, String)> {
        let mut all = self.fingerprints();
        all.retain(|name, _| !name.starts_with("_ringfence_"));
        all
    }

    /// The names of the collections that are ours.
    pub fn side_collections(&self) -> Vec<String> {
        let mut names = wait(self.connection.database.list_collection_names()).unwrap();
        names.retain(|name| name.starts_with("_ringfence_"));
        names.sort();
        names
    }

    /// How many documents of a collection fit.
    pub fn count(&self, collection: &str, filter: Document) -> u64 {
        wait(
            self.connection
                .database
                .collection::<Document>(collection)
                .count_documents(filter),
        )
        .unwrap()
    }
}
