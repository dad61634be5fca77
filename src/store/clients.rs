//! Who is connected: clients with their application names, drivers and users, as far as our user may see them.

use std::collections::BTreeMap;

use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::options::ReadConcern;

use super::connect::{APP_NAME, Connection};
use super::error::{StoreError, UNAUTHORIZED};

/// What is done, for errors.
const LISTING: &str = "listing the connected clients";

/// Clients that look alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Client {
    /// The application's name; "" where it gives none.
    pub application: String,
    /// The driver: "nodejs", "mongo-rust-driver|Prisma".
    pub driver: String,
    /// The user that it authenticates as: "shop@admin"; "" without access control.
    pub user: String,
    /// Its host, without the port.
    pub host: String,
}

impl Client {
    /// True for an application that writes through Prisma.
    pub fn is_prisma(&self) -> bool {
        self.driver.contains("Prisma")
    }

    /// In words: "Prisma as shop@admin from 10.0.0.7".
    pub fn words(&self) -> String {
        let what = match (self.application.as_str(), self.is_prisma()) {
            ("", true) => "Prisma".to_owned(),
            ("", false) => self.driver.clone(),
            (name, true) => format!("{name} (Prisma)"),
            (name, false) => format!("{name} ({})", self.driver),
        };
        let user = match self.user.as_str() {
            "" => String::new(),
            user => format!(" as {user}"),
        };
        format!("{what}{user} from {}", self.host)
    }
}

/// Every client but ourselves and the servers of the set, with its number of connections; or why they cannot be seen (the privilege `inprog`).
pub async fn connected(connection: &Connection) -> Result<BTreeMap<Client, u64>, String> {
    let pipeline = [
        doc! { "$currentOp": { "allUsers": true, "idleConnections": true } },
        doc! { "$match": { "clientMetadata": { "$exists": true } } },
        doc! { "$project": { "client": 1, "appName": 1, "clientMetadata": 1, "effectiveUsers": 1 } },
    ];
    let admin = connection.client.database("admin");
    let operations = admin
        .aggregate(pipeline)
        .read_concern(ReadConcern::local()) // the stage takes no other
        .await
        .map_err(|error| why(&StoreError::from_driver(LISTING, &error)))?;
    let operations = operations.try_collect().await;
    let operations: Vec<Document> =
        operations.map_err(|error| why(&StoreError::from_driver(LISTING, &error)))?;
    let mut clients = BTreeMap::new();
    for operation in &operations {
        // Where users authenticate, what has not done so only watches the server's health.
        let counts = |it: &Client| connection.place.user.is_none() || !it.user.is_empty();
        if let Some(client) = client(operation).filter(counts) {
            *clients.entry(client).or_default() += 1;
        }
    }
    Ok(clients)
}

/// Why clients cannot be seen; a missing privilege is named.
fn why(error: &StoreError) -> String {
    match error.code() {
        Some(UNAUTHORIZED) => {
            format!("{error}. It needs the privilege inprog (role clusterMonitor)")
        }
        _ => error.to_string(),
    }
}

fn client(operation: &Document) -> Option<Client> {
    let metadata = operation.get_document("clientMetadata").ok()?;
    let text = |document: &Document, key: &str| document.get_str(key).unwrap_or("").to_owned();
    let driver = text(metadata.get_document("driver").ok()?, "name");
    let application = text(operation, "appName");
    // The members of a set talk to each other through these.
    if application == APP_NAME
        || driver.starts_with("NetworkInterfaceTL")
        || driver == "MongoDB Internal Client"
    {
        return None;
    }
    let user = operation
        .get_array("effectiveUsers")
        .ok()
        .and_then(|users| {
            let user = users.first()?.as_document()?;
            Some(format!("{}@{}", text(user, "user"), text(user, "db")))
        });
    let host = text(operation, "client");
    Some(Client {
        application,
        driver,
        user: user.unwrap_or_default(),
        host: host
            .rsplit_once(':')
            .map_or(host.clone(), |(host, _)| host.to_owned()),
    })
}
