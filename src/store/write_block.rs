//! The server's own write block (`setUserWriteBlockMode`, server 6.0 on, replica sets): every user without `bypassWriteBlockingMode` is refused,
//! in every database of the cluster, across restarts, until it is released.

use bson::{Bson, Document, doc, rawdoc};

use super::clients;
use super::command;
use super::connect::Connection;
use super::error::{Result, StoreError};

const BYPASS: &str = "bypassWriteBlockingMode";
const SET: &str = "setUserWriteBlockMode";
/// The first server that can.
const FIRST_SERVER: i32 = 6;

/// Whether writes are blocked; `None` where our user may not ask.
pub async fn is_set(connection: &Connection) -> Option<bool> {
    let status = doc! { "serverStatus": 1, "repl": 1 };
    let status = connection
        .client
        .database("admin")
        .run_command(status)
        .await
        .ok()?;
    let mode = status
        .get_document("repl")
        .ok()?
        .get("userWriteBlockMode")?;
    Some(mode.as_i32().map(i64::from).or_else(|| mode.as_i64())? == 2)
}

/// Why we cannot set it and go on working; `None` when we can.
///
/// # Errors
/// The server's refusal.
pub async fn why_not(connection: &Connection) -> Result<Option<String>> {
    if !connection.is_replica_set() {
        return Ok(Some(
            "this is no replica set, and only a replica set has a write block".to_owned(),
        ));
    }
    if !connection.at_least(FIRST_SERVER) {
        return Ok(Some(
            "the server is older than 6.0 and has no write block".to_owned(),
        ));
    }
    let granted = cluster_actions(connection).await?;
    let Some(granted) = granted else {
        return Ok(Some(
            "nobody authenticates on this server, so the block would stop our own renames too"
                .to_owned(),
        ));
    };
    let missing: Vec<_> = [SET, BYPASS]
        .into_iter()
        .filter(|action| !granted.iter().any(|it| it == action))
        .collect();
    if missing.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!(
        "our user may not {} on the cluster; give it a role with the privilege {{ resource: {{ cluster: true }}, actions: [\"{SET}\", \"{BYPASS}\"] }} (clusterAdmin has neither)",
        missing.join(" and ")
    )))
}

/// Our user's actions on the cluster; `None` when nobody is authenticated.
async fn cluster_actions(connection: &Connection) -> Result<Option<Vec<String>>> {
    let status = command::run(
        &connection.database,
        rawdoc! { "connectionStatus": 1, "showPrivileges": true },
        "asking for our privileges",
    )
    .await?;
    let Ok(info) = status.get_document("authInfo") else {
        return Ok(None);
    };
    if info
        .get_array("authenticatedUsers")
        .is_ok_and(Vec::is_empty)
    {
        return Ok(None);
    }
    Ok(Some(on_cluster(
        info.get_array("authenticatedUserPrivileges").ok(),
    )))
}

fn on_cluster(privileges: Option<&Vec<Bson>>) -> Vec<String> {
    let privileges = privileges
        .into_iter()
        .flatten()
        .filter_map(Bson::as_document);
    privileges
        .filter(|privilege| {
            privilege.get_document("resource").is_ok_and(|resource| {
                resource.get_bool("cluster").unwrap_or(false)
                    || resource.get_bool("anyResource").unwrap_or(false)
            })
        })
        .filter_map(|privilege| privilege.get_array("actions").ok())
        .flatten()
        .filter_map(|action| action.as_str().map(str::to_owned))
        .collect()
}

/// What our own user may do about the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Write in spite of it.
    pub bypass: bool,
    /// Set and release it.
    pub set: bool,
}

/// What our own user may do about the block. Where nobody authenticates, everybody may set it and nobody may write past it.
///
/// # Errors
/// The server's refusal.
pub async fn own(connection: &Connection) -> Result<Own> {
    let granted = cluster_actions(connection).await?;
    let may = |action: &str| {
        let granted = granted.as_ref();
        granted.map(|all| all.iter().any(|it| it == action))
    };
    Ok(Own {
        bypass: may(BYPASS).unwrap_or(false),
        set: may(SET).unwrap_or(true),
    })
}

/// Sets the block, or releases it. Setting what is set is fine.
///
/// # Errors
/// The server's refusal.
pub async fn set(connection: &Connection, block: bool) -> Result<()> {
    let doing = if block {
        "blocking writes"
    } else {
        "releasing the write block"
    };
    let command = rawdoc! { "setUserWriteBlockMode": 1, "global": block };
    command::run(&connection.client.database("admin"), command, doing).await?;
    Ok(())
}

/// Who could write in spite of the block: connected users with the bypass, and whoever shares our own user; or why that cannot be told.
pub async fn past_it(connection: &Connection) -> std::result::Result<Vec<String>, String> {
    let connected = clients::connected(connection).await?;
    let ours = connection.place.user.clone().unwrap_or_default();
    let mut past = Vec::new();
    for client in connected.keys() {
        let Some((name, database)) = client.user.rsplit_once('@') else {
            continue; // not authenticated: it may not write at all
        };
        if name == ours || may_bypass(connection, name, database).await? {
            past.push(client.words());
        }
    }
    Ok(past)
}

async fn may_bypass(
    connection: &Connection,
    name: &str,
    database: &str,
) -> std::result::Result<bool, String> {
    let command = doc! { "usersInfo": { "user": name, "db": database }, "showPrivileges": true };
    let admin = connection.client.database("admin");
    let reply: Document = admin.run_command(command).await.map_err(|error| {
        StoreError::from_driver("asking for the privileges of a connected user", &error).to_string()
    })?;
    let user = reply
        .get_array("users")
        .ok()
        .and_then(|users| users.first()?.as_document().cloned());
    let user = user.ok_or_else(|| format!("user {name}@{database} is not of this server"))?;
    Ok(on_cluster(user.get_array("inheritedPrivileges").ok())
        .iter()
        .any(|it| it == BYPASS))
}

/// The command that releases the block, for whoever has to do it without us.
pub fn release_command(connection: &Connection) -> String {
    format!(
        "mongosh 'mongodb://{}/admin' --username USER --eval 'db.adminCommand({{ {SET}: 1, global: false }})'",
        connection.place.host
    )
}
