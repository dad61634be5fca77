//! A database of its own for each test, on the server that the tests share.

use mongodb::Database;
use ringfence::store::connect::{Connection, connect};

use crate::support;

/// A connection to the empty database `name`.
pub async fn empty(name: &str) -> Connection {
    support::janitor::take(name);
    empty_at(&support::shared().uri(name), name).await
}

/// A connection to the empty database `name` on the server of `uri`.
pub async fn empty_at(uri: &str, name: &str) -> Connection {
    let connection = connect(uri, "the test", Some(name))
        .await
        .expect("the server is there");
    let dropped = connection.database.drop().await;
    dropped.expect("the server is writable");
    connection
}

/// The empty database `name`.
pub async fn empty_database(name: &str) -> Database {
    empty(name).await.database
}
