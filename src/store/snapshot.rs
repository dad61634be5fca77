//! One moment: reads that all see the database as it was when the first of them began, whoever writes meanwhile.

use std::sync::Arc;

use mongodb::ClientSession;
use mongodb::options::SessionOptions;
use tokio::sync::Mutex;

use super::connect::Connection;
use super::error::StoreError;

/// `IllegalOperation`, `InvalidOptions`, `SnapshotTooOld`, `SnapshotUnavailable`: the server cannot show this moment, or not of such a collection.
const NO_SNAPSHOT: [i32; 4] = [20, 72, 239, 246];

/// A session whose reads all see one moment, one read after the other.
#[derive(Debug, Clone)]
pub struct Snapshot(Arc<Mutex<ClientSession>>);

impl Snapshot {
    /// The session, for the next read.
    pub(super) fn session(&self) -> Arc<Mutex<ClientSession>> {
        Arc::clone(&self.0)
    }
}

/// A session whose reads all see one moment, for as long as the server keeps it (five minutes, as it comes); `None` on a standalone.
pub async fn begin(connection: &Connection) -> Option<Snapshot> {
    if !connection.is_replica_set() {
        return None;
    }
    let options = SessionOptions::builder().snapshot(true).build();
    let session = connection.client.start_session().with_options(options);
    let session = session.await.ok()?;
    Some(Snapshot(Arc::new(Mutex::new(session))))
}

/// True when the same reads can be done, but not as of one moment.
pub fn is_impossible(error: &StoreError) -> bool {
    error.code().is_some_and(|code| NO_SNAPSHOT.contains(&code))
}
