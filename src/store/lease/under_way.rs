//! Operations of an earlier holder that the server still carries out: only whoever holds the lease writes through ringfence, so once we
//! hold it every other write of ringfence in the database is the earlier holder's.

use std::time::Duration;

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;

use crate::domain::mapping::LEASE;
use crate::store::connect::{APP_NAME, Connection};
use crate::store::error::{Result, StoreError, UNAUTHORIZED};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Commands that write; statements of a batch show as an operation of their own.
const COMMANDS: [&str; 8] = [
    "insert",
    "update",
    "delete",
    "create",
    "createIndexes",
    "collMod",
    "drop",
    "renameCollection",
];

/// What was found and done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Operations that were told to end.
    pub killed: u64,
    /// Operations that could not be told to.
    pub refused: u64,
    /// Operations that had not ended when we stopped looking.
    pub left: u64,
    /// Our user sees only its own operations.
    pub only_own: bool,
    /// Why operations cannot be listed at all.
    pub blind: Option<String>,
}

impl Ended {
    /// What was done, for people.
    pub fn words(&self) -> String {
        let sight = if self.only_own {
            " (our user may list only its own operations; that takes the privilege inprog)"
        } else {
            ""
        };
        if let Some(why) = &self.blind {
            return format!("what the old session has under way cannot be seen: {why}");
        }
        if self.killed + self.refused + self.left == 0 {
            return format!("no write of the old session is under way{sight}");
        }
        let refused = match self.refused {
            0 => String::new(),
            refused => format!(", {refused} could not be (that takes the privilege killop)"),
        };
        let left = match self.left {
            0 => "none is under way any more".to_owned(),
            left => format!("{left} still under way"),
        };
        format!(
            "writes of the old session under way: {} told to end{refused}; {left}{sight}",
            self.killed
        )
    }
}

/// Ends the writes of earlier holders, as far as our user may, and waits until none is seen any more, `patience` at the longest.
///
/// # Errors
/// The lease is not ours, or the server cannot be reached.
pub async fn end(connection: &Connection, patience: Duration) -> Result<Ended> {
    let mut ended = Ended::default();
    let mut told = Vec::new();
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        connection.lease.check().await?;
        let (found, only_own) = match list(connection).await {
            Err(error @ StoreError::Server { .. }) => {
                ended.blind = Some(error.to_string());
                return Ok(ended);
            }
            found => found?,
        };
        ended.only_own = only_own;
        ended.left = found.len() as u64;
        if found.is_empty() || tokio::time::Instant::now() >= deadline {
            return Ok(ended);
        }
        for operation in found {
            if told.contains(&operation) {
                continue;
            }
            let kill = doc! { "killOp": 1, "op": &operation };
            match connection.client.database("admin").run_command(kill).await {
                Ok(_) => ended.killed += 1,
                Err(_) => ended.refused += 1,
            }
            told.push(operation);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The writes of ringfence under way in our database, but those on the lease; and whether only our own user's are seen.
async fn list(connection: &Connection) -> Result<(Vec<Bson>, bool)> {
    match listed(connection, true).await {
        Err(error) if error.code() == Some(UNAUTHORIZED) => {
            Ok((listed(connection, false).await?, true))
        }
        found => Ok((found?, false)),
    }
}

async fn listed(connection: &Connection, all_users: bool) -> Result<Vec<Bson>> {
    let doing = "listing operations";
    let database = &connection.place.database;
    let mut writes: Vec<Document> = COMMANDS
        .iter()
        .map(|command| doc! { format!("command.{command}"): { "$exists": true } })
        .collect();
    writes.push(doc! { "op": { "$in": ["insert", "update", "remove"] } });
    let ours = doc! {
        "appName": APP_NAME,
        "active": true,
        "$expr": { "$eq": [{ "$indexOfBytes": ["$ns", format!("{database}.")] }, 0] },
        "ns": { "$ne": format!("{database}.{LEASE}") },
        "$or": writes,
    };
    let stages = [
        doc! { "$currentOp": { "allUsers": all_users } },
        doc! { "$match": ours },
        doc! { "$project": { "opid": 1 } },
    ];
    let found = connection
        .client
        .database("admin")
        .aggregate(stages)
        .read_concern(mongodb::options::ReadConcern::local())
        .await
        .map_err(|error| StoreError::from_driver(doing, &error))?;
    let found: Vec<Document> = found
        .try_collect()
        .await
        .map_err(|error| StoreError::from_driver(doing, &error))?;
    Ok(found
        .into_iter()
        .filter_map(|mut operation| operation.remove("opid"))
        .collect())
}
