//! The connection: one client with our timeouts and concerns, and what the server says of itself.

use std::time::Duration;

use bson::{Document, doc, rawdoc};
use mongodb::options::{
    Acknowledgment, ClientOptions, Compressor, ReadConcern, ReadPreference, SelectionCriteria,
    ServerAddress, WriteConcern,
};
use mongodb::{Client, Database};

use super::address::Address;
use super::command;
use super::connection_string;
use super::error::{Result, StoreError, UNAUTHORIZED};
use super::lease::Lease;
use super::pulse::Pulse;
use super::run_log;
use super::throttle::Throttle;
use crate::domain::view::Place;

/// What we are called in the server's list of operations.
pub const APP_NAME: &str = "ringfence";
/// How long we wait for a server before we say that there is none.
const SELECTION: Duration = Duration::from_secs(10);

/// A connection to one database.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// The database.
    pub database: Database,
    /// Where it is.
    pub place: Place,
    /// The server's version, for instance `[6, 0, 5]`.
    pub version: Vec<i32>,
    /// The lease of the database; whatever writes asks it first.
    pub lease: Lease,
    /// How fast copies are written.
    pub throttle: Throttle,
    /// The server's clock minus this machine's, in milliseconds.
    pub clock: i64,
    /// The connection string with our database in it, for a command of the operator's.
    pub address: Address,
    /// How we connect, for a client beside this one.
    options: Box<ClientOptions>,
}

fn is_on_this_machine(host: &ServerAddress) -> bool {
    match host {
        ServerAddress::Tcp { host, .. } => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let address = host.parse::<std::net::IpAddr>();
            host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.is_loopback())
        }
        _ => true, // a socket in the file system
    }
}

/// How we connect: with our name, times and concerns.
async fn options_of(uri: &str, uri_source: &str) -> Result<ClientOptions> {
    let mut options = connection_string::parse(uri, uri_source).await?;
    options.app_name = Some(APP_NAME.to_owned());
    options.server_selection_timeout = Some(SELECTION);
    options.connect_timeout = Some(Duration::from_secs(3));
    if options.heartbeat_freq.is_none() {
        options.heartbeat_freq = Some(Duration::from_secs(2));
    }
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.write_concern = Some(
        WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .w_timeout(Duration::from_mins(1))
            .build(),
    );
    // Between two machines; on one, packing costs time and saves none (measured, benches/wire.rs).
    if options.compressors.is_none() && !options.hosts.iter().all(is_on_this_machine) {
        options.compressors = Some(vec![Compressor::Snappy]);
    }
    Ok(options)
}

/// Connects and asks the server what it is. Changes nothing.
///
/// # Errors
/// A URI that cannot be read, no server in time, wrong credentials, a mongos, no database named.
pub async fn connect(uri: &str, uri_source: &str, database: Option<&str>) -> Result<Connection> {
    let options = options_of(uri, uri_source).await?;
    let user = options
        .credential
        .as_ref()
        .and_then(|credential| credential.username.clone());
    let name = database
        .map(str::to_owned)
        .or_else(|| options.default_database.clone())
        .ok_or_else(|| {
            StoreError::Refused(format!(
                "no database is named: neither --db nor the path of the connection string ({uri_source}) says one. Nothing was changed; add --db NAME"
            ))
        })?;
    let hosts: Vec<_> = options.hosts.iter().map(ToString::to_string).collect();
    // This sends nothing yet: all that can go wrong are the files and options of TLS.
    let client = Client::with_options(options.clone()).map_err(|_| {
        StoreError::Refused(format!(
            "the TLS options of the connection string ({uri_source}) cannot be used: see whether tlsCAFile and tlsCertificateKeyFile are PEM files that we may read, the key without a password. Nothing was changed"
        ))
    })?;
    let database = client.database(&name);
    let asked = here();
    let hello = command::run(&database, rawdoc! { "hello": 1 }, "connecting")
        .await
        .map_err(|error| match error {
            StoreError::Unreachable { message, .. } => StoreError::Unreachable {
                doing: format!("connecting to {}", hosts.join(", ")),
                message: format!(
                    "{message}. Nothing was changed; see whether mongod runs there, whether host and port are right, and, of a replica set, whether it has a primary (rs.status())"
                ),
            },
            other => other,
        })?;
    if let Ok(time) = hello.get_datetime("localTime") {
        let ours = bson::DateTime::now().timestamp_millis();
        run_log::set_clock(time.timestamp_millis() - ours);
    }
    if hello.get_str("msg").is_ok_and(|it| it == "isdbgrid") {
        return Err(StoreError::Refused(
            "this is a mongos, a router of a sharded cluster. Nothing was changed; ringfence does not migrate sharded clusters, because a swap by renaming is not atomic there".to_owned(),
        ));
    }
    let build = command::run(
        &database,
        rawdoc! { "buildInfo": 1 },
        "asking for the server's version",
    )
    .await?;
    let version = build.get_array("versionArray").map_or_else(
        |_| Vec::new(),
        |parts| {
            parts
                .iter()
                .filter_map(bson::Bson::as_i32)
                .take(3)
                .collect::<Vec<_>>()
        },
    );
    if version.first().is_none_or(|major| *major < 5) {
        return Err(StoreError::Refused(format!(
            "the server is version {}; ringfence needs 5.0 or newer. Nothing was changed",
            build.get_str("version").unwrap_or("unknown")
        )));
    }
    let replica_set = hello.get_str("setName").ok().map(str::to_owned);
    let replica_set_id = match replica_set {
        Some(_) => replica_set_id(&client).await,
        None => None,
    };
    let place = Place {
        host: hello
            .get_str("primary")
            .map_or_else(|_| hosts.join(","), str::to_owned),
        topology: topology(&hello),
        replica_set,
        replica_set_id,
        server_version: build.get_str("version").unwrap_or("unknown").to_owned(),
        database: name,
        uri_source: uri_source.to_owned(),
        user,
    };
    let server = hello.get_datetime("localTime").ok();
    // What the answer took counts half.
    let between = asked + (here() - asked) / 2;
    Ok(Connection {
        address: Address::of(uri, &place.database),
        clock: server.map_or(0, |server| server.timestamp_millis() - between),
        lease: Lease::of(&database),
        throttle: Throttle::new(place.replica_set.is_some().then(|| client.clone())),
        client,
        database,
        place,
        version,
        options: Box::new(options),
    })
}

/// Milliseconds since 1970 by this machine's clock.
fn here() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The id that a replica set got when it was initiated. `None` where our user may not ask.
async fn replica_set_id(client: &Client) -> Option<String> {
    let asked = doc! { "replSetGetConfig": 1 };
    let reply = client.database("admin").run_command(asked).await.ok()?;
    let settings = reply.get_document("config").ok()?.get_document("settings");
    let id = settings.ok()?.get_object_id("replicaSetId").ok()?;
    Some(id.to_hex())
}

fn topology(hello: &Document) -> String {
    match (hello.get_str("setName"), hello.get_array("hosts")) {
        (Ok(_), Ok(hosts)) if hosts.len() == 1 => "replica set of one node".to_owned(),
        (Ok(_), Ok(hosts)) => format!("replica set of {} nodes", hosts.len()),
        (Ok(_), Err(_)) => "replica set".to_owned(),
        (Err(_), _) => "standalone".to_owned(),
    }
}

impl Connection {
    /// The pulse of the server, on a client of its own.
    ///
    /// # Errors
    /// The driver's refusal.
    pub fn pulse(&self) -> Result<Pulse> {
        Pulse::new((*self.options).clone(), &self.place.database)
    }

    /// True when the server is of version `major` or newer.
    pub fn at_least(&self, major: i32) -> bool {
        self.version
            .first()
            .is_some_and(|version| *version >= major)
    }

    /// True for a replica set.
    pub fn is_replica_set(&self) -> bool {
        self.place.replica_set.is_some()
    }

    /// The databases that this user may see, for a suggestion when ours is empty.
    pub async fn database_names(&self) -> Vec<String> {
        self.client.list_database_names().await.unwrap_or_default()
    }

    /// The actions on our database that our user lacks among `needed`. Empty when the server has no access control.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn missing_privileges(&self, needed: &[&'static str]) -> Result<Vec<&'static str>> {
        let status = command::run(
            &self.database,
            rawdoc! { "connectionStatus": 1, "showPrivileges": true },
            "asking for our privileges",
        )
        .await?;
        let info = status.get_document("authInfo").cloned().unwrap_or_default();
        if info
            .get_array("authenticatedUsers")
            .is_ok_and(Vec::is_empty)
            && self.open_server().await?
        {
            return Ok(Vec::new());
        }
        let empty = Vec::new();
        let privileges = info
            .get_array("authenticatedUserPrivileges")
            .unwrap_or(&empty);
        let granted = |action: &str| {
            privileges
                .iter()
                .filter_map(bson::Bson::as_document)
                .any(|privilege| {
                    let ours = privilege
                        .get_document("resource")
                        .is_ok_and(|resource| self.covers(resource));
                    ours && privilege
                        .get_array("actions")
                        .is_ok_and(|actions| actions.iter().any(|it| it.as_str() == Some(action)))
                })
        };
        Ok(needed
            .iter()
            .copied()
            .filter(|action| !granted(action))
            .collect())
    }

    fn covers(&self, resource: &Document) -> bool {
        resource.get_bool("anyResource").unwrap_or(false)
            || (resource
                .get_str("db")
                .is_ok_and(|db| db.is_empty() || db == self.place.database)
                && resource.get_str("collection").is_ok_and(str::is_empty))
    }

    /// True when the server lets an unauthenticated client read.
    async fn open_server(&self) -> Result<bool> {
        match self
            .database
            .run_command(doc! { "listCollections": 1, "nameOnly": true })
            .await
        {
            Ok(_) => Ok(true),
            Err(error) => {
                let error = StoreError::from_driver("listing collections", &error);
                if error.code() == Some(UNAUTHORIZED) {
                    Ok(false)
                } else {
                    Err(error)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_is_packed_unless_all_hosts_are_this_machine() {
        for (host, here) in [
            ("localhost:27017", true),
            ("127.0.0.1:27017", true),
            ("[::1]:27017", true),
            ("/tmp/mongodb-27017.sock", true),
            ("db.example.org:27017", false),
            ("10.0.0.7", false),
            ("[2001:db8::1]:27017", false),
        ] {
            let address = ServerAddress::parse(host);
            assert!(
                address.is_ok_and(|it| is_on_this_machine(&it) == here),
                "{host}"
            );
        }
    }
}
