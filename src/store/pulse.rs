//! The pulse of the server: a ping on a client of its own, so that a lost server is seen within three seconds, whatever the running work
//! waits for.

use std::time::Duration;

use bson::doc;
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};

use super::error::{Result, StoreError};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// Between two pings.
const PAUSE: Duration = Duration::from_millis(700);

/// The pulse of a server.
#[derive(Debug)]
pub struct Pulse {
    database: Database,
}

impl Pulse {
    /// A client of its own for this database.
    ///
    /// # Errors
    /// The driver's refusal of the options.
    pub fn new(mut options: ClientOptions, database: &str) -> Result<Self> {
        options.server_selection_timeout = Some(ANSWER);
        options.max_pool_size = Some(1);
        let client = Client::with_options(options)
            .map_err(|error| StoreError::from_driver("making the client", &error))?;
        Ok(Self {
            database: client.database(database),
        })
    }

    /// Waits a moment, then asks for a sign of life of the primary. False where none came in time.
    pub async fn beats(&self) -> bool {
        tokio::time::sleep(PAUSE).await;
        let ping = self.database.run_command(doc! { "ping": 1 });
        matches!(tokio::time::timeout(ANSWER, ping).await, Ok(Ok(_)))
    }
}
