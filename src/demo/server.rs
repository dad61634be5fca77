//! A throw-away MongoDB: one or more mongods on free loopback ports, with data in a temporary folder, ended by their own handles.
//!
//! A killed owner cannot clean up, so each mongod is started by a small shell that holds the read end of a pipe from us: when the pipe
//! closes, however we ended, the shell ends the mongod.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use bson::doc;
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use tempfile::TempDir;

/// How long a server may take to become writable.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a start is tried when another process takes the port between our asking for it and mongod's binding.
const TRIES: usize = 5;
/// How many log lines an error shows.
const LOG_LINES: usize = 12;
/// The replica set's name.
const SET: &str = "ringfence";
/// The administrator of a server with access control, and the password. No secret: such a server is for tests, on loopback, for seconds.
const ROOT: (&str, &str) = ("root", "throw-away");
/// What the nodes of a replica set with access control know each other by; as little a secret.
const KEY: &str = "cmluZ2ZlbmNlIHRocm93LWF3YXkgc2VydmVy";

/// The shell that outlives us by an instant: waits for its standard input to close, then ends the mongod and removes its folder. Each
/// line that it reads until then starts the mongod again, on the same data.
/// The inner shell is there to tell when the mongod ends by itself, which a pid file alone would not.
const GUARD: &str = r#"
mongod=$1; folder=$2; shift 2
start() {
    rm -f "$folder/pid" "$folder/ended"
    {
        "$mongod" "$@" < /dev/null > "$folder/log" 2>&1 &
        echo $! > "$folder/pid.new"
        mv "$folder/pid.new" "$folder/pid"
        wait $!
        echo $? > "$folder/ended"
    } &
}
start "$@"
while read -r again; do start "$@"; done
while [ ! -e "$folder/pid" ] && kill -0 $! 2> /dev/null; do sleep 0.01; done
[ -e "$folder/ended" ] || kill -9 "$(cat "$folder/pid")" 2> /dev/null
wait
rm -rf "$folder"
"#;

/// What kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// No replica set.
    Standalone,
    /// A replica set of so many nodes.
    ReplicaSet(usize),
}

/// Why a server did not start. None is left running.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The system's answer.
    #[error(
        "a throw-away MongoDB could not be started: {0}. Nothing was left running; pass --uri to use a server of your own"
    )]
    Io(#[from] std::io::Error),
    /// It ended by itself.
    #[error(
        "the throw-away MongoDB ended by itself, with status {status}. Nothing was left running. The end of its log:\n{log}\nName another one with --mongod PATH, or pass --uri to use a server of your own"
    )]
    Ended {
        /// Its exit status; above 128, the signal that ended it plus 128.
        status: String,
        /// Its last log lines.
        log: String,
    },
    /// It did not become writable in time.
    #[error(
        "the throw-away MongoDB did not become writable: {why}. It was ended. The end of its log:\n{log}"
    )]
    NotWritable {
        /// What happened.
        why: String,
        /// Its last log lines.
        log: String,
    },
}

/// What a node can be sent, for tests of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ends it at once, as a crash would.
    Kill,
    /// Freezes it.
    Stop,
    /// Thaws it.
    Continue,
}

/// A running throw-away server; dropping it ends it.
#[derive(Debug)]
pub struct Server {
    nodes: Vec<Node>,
    topology: Topology,
    access_control: bool,
}

#[derive(Debug)]
struct Node {
    port: u16,
    guard: Child,
    pipe: Option<ChildStdin>,
    folder: PathBuf,
}

impl Server {
    /// Starts `mongod` in this topology, with further arguments, and waits until it is writable. Its data is in a folder made `within`
    /// that one.
    ///
    /// # Errors
    /// See [`NotStarted`].
    pub async fn start(
        mongod: &Path,
        within: &Path,
        topology: Topology,
        arguments: &[&str],
    ) -> Result<Self, NotStarted> {
        Self::launch((mongod, within), topology, arguments, false).await
    }

    /// As [`Server::start`], with access control on (by a key file where there is a replica set). [`Server::uri`] is then that of an
    /// administrator, who can make the users that a test needs; [`Server::uri_as`] is theirs.
    ///
    /// # Errors
    /// See [`NotStarted`].
    pub async fn start_with_access_control(
        mongod: &Path,
        within: &Path,
        topology: Topology,
        arguments: &[&str],
    ) -> Result<Self, NotStarted> {
        Self::launch((mongod, within), topology, arguments, true).await
    }

    async fn launch(
        places: (&Path, &Path),
        topology: Topology,
        arguments: &[&str],
        access_control: bool,
    ) -> Result<Self, NotStarted> {
        let count = match topology {
            Topology::Standalone => 1,
            Topology::ReplicaSet(count) => count,
        };
        let mut tries = 1..=TRIES;
        loop {
            let last = tries.next().is_none_or(|at| at == TRIES);
            let nodes = (0..count)
                .map(|_| Node::spawn(places, topology, arguments, access_control))
                .collect::<Result<_, _>>()?;
            let server = Self {
                nodes,
                topology,
                access_control,
            };
            match server.make_writable().await {
                Ok(()) => return Ok(server),
                Err(NotStarted::Ended { log, .. })
                    if !last && log.contains("Address already in use") => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn make_writable(&self) -> Result<(), NotStarted> {
        let deadline = Instant::now() + PATIENCE;
        // By our own mongod's log, not by a connection: where another process took the port, that one would answer.
        for node in &self.nodes {
            self.until(deadline, "mongod to listen", async || Ok(node.listens()))
                .await?;
        }
        let first = self.direct(0).await?;
        if let Topology::ReplicaSet(_) = self.topology {
            let config = self.replica_set_config();
            self.until(deadline, "replSetInitiate", || async {
                match first.run_command(doc! { "replSetInitiate": &config }).await {
                    Ok(_) => Ok(true),
                    // A try whose answer was lost did it.
                    Err(error) if error.to_string().contains("already initialized") => Ok(true),
                    Err(error) => Err(error.to_string()),
                }
            })
            .await?;
        }
        self.until_hello(deadline, &first, "isWritablePrimary")
            .await?;
        if self.access_control {
            // Without any user, a connection from this machine may make the first one; not before the server is writable.
            let (user, password) = ROOT;
            first
                .run_command(doc! { "createUser": user, "pwd": password, "roles": ["root"] })
                .await
                .map_err(|error| self.not_writable(format!("createUser: {error}"), 0))?;
        }
        for at in 1..self.nodes.len() {
            let node = self.direct(at).await?;
            self.until_hello(deadline, &node, "secondary").await?;
        }
        Ok(())
    }

    fn replica_set_config(&self) -> bson::Document {
        let members: Vec<_> = self
            .nodes
            .iter()
            .zip(0_i32..)
            .map(|(node, at)| doc! { "_id": at, "host": format!("127.0.0.1:{}", node.port), "priority": if at == 0 { 2 } else { 1 } })
            .collect();
        doc! {
            "_id": SET, "members": members,
            "settings": { "electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500 },
        }
    }

    async fn until_hello(
        &self,
        deadline: Instant,
        node: &Database,
        state: &str,
    ) -> Result<(), NotStarted> {
        self.until(deadline, state, || async {
            let hello = node
                .run_command(doc! { "hello": 1 })
                .await
                .map_err(|error| error.to_string())?;
            Ok(hello.get_bool(state).unwrap_or(false))
        })
        .await
    }

    /// Asks until the answer is yes, the deadline has passed, or a node has ended.
    async fn until<F, R>(&self, deadline: Instant, what: &str, mut ask: F) -> Result<(), NotStarted>
    where
        F: FnMut() -> R,
        R: Future<Output = Result<bool, String>>,
    {
        let mut last = String::new();
        loop {
            match ask().await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => last = error,
            }
            if let Some((node, status)) = self
                .nodes
                .iter()
                .find_map(|node| Some((node, node.ended()?)))
            {
                return Err(NotStarted::Ended {
                    status,
                    log: node.last_log_lines(),
                });
            }
            if Instant::now() > deadline {
                let why = format!("waited {} s for {what}; {last}", PATIENCE.as_secs());
                return Err(self.not_writable(why, 0));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn not_writable(&self, why: String, at: usize) -> NotStarted {
        NotStarted::NotWritable {
            why,
            log: self
                .nodes
                .get(at)
                .map(Node::last_log_lines)
                .unwrap_or_default(),
        }
    }

    /// The `admin` database of one node, past the replica set and without a login.
    async fn direct(&self, at: usize) -> Result<Database, NotStarted> {
        let failed = |error: mongodb::error::Error| self.not_writable(error.to_string(), at);
        let uri = format!(
            "mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=500&connectTimeoutMS=500",
            self.port(at).unwrap_or_default()
        );
        let options = ClientOptions::parse(uri).await.map_err(failed)?;
        let client = Client::with_options(options).map_err(failed)?;
        Ok(client.database("admin"))
    }

    fn login(&self) -> String {
        if self.access_control {
            format!("{}:{}@", ROOT.0, ROOT.1)
        } else {
            String::new()
        }
    }

    /// The connection string, for a database; with access control, the administrator's.
    pub fn uri(&self, database: &str) -> String {
        self.uri_with(&self.login(), database)
    }

    /// The connection string of a user of this server's `admin` database. Neither may hold a character that a URI escapes.
    pub fn uri_as(&self, user: &str, password: &str, database: &str) -> String {
        self.uri_with(&format!("{user}:{password}@"), database)
    }

    fn uri_with(&self, login: &str, database: &str) -> String {
        let hosts: Vec<_> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        let set = match self.topology {
            Topology::Standalone => "directConnection=true".to_owned(),
            Topology::ReplicaSet(_) => format!("replicaSet={SET}"),
        };
        let source = if login.is_empty() {
            ""
        } else {
            "&authSource=admin"
        };
        format!(
            "mongodb://{login}{}/{database}?{set}{source}&heartbeatFrequencyMS=500",
            hosts.join(",")
        )
    }

    /// The port of a node.
    pub fn port(&self, at: usize) -> Option<u16> {
        self.nodes.get(at).map(|node| node.port)
    }

    /// The process id of a node's mongod.
    pub fn pid(&self, at: usize) -> Option<u32> {
        self.nodes.get(at)?.pid()
    }

    /// Starts a node again that has ended, on its data and its port, and waits until it answers as a primary or a secondary.
    ///
    /// # Errors
    /// It still runs, or see [`NotStarted`].
    pub async fn restart(&mut self, at: usize) -> Result<(), NotStarted> {
        let deadline = Instant::now() + PATIENCE;
        let Some(node) = self.nodes.get_mut(at) else {
            return Err(std::io::Error::other(format!("there is no node {at}")).into());
        };
        while node.ended().is_none() {
            if Instant::now() > deadline {
                return Err(std::io::Error::other(format!("node {at} still runs")).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for name in ["log", "ended"] {
            std::fs::remove_file(node.folder.join(name))?;
        }
        if let Some(pipe) = &mut node.pipe {
            pipe.write_all(b"again\n")?;
        }
        self.until(deadline, "mongod to listen", async || {
            Ok(self.nodes.get(at).is_some_and(Node::listens))
        })
        .await?;
        let node = self.direct(at).await?;
        self.until(deadline, "a state", || async {
            let hello = node.run_command(doc! { "hello": 1 }).await;
            let hello = hello.map_err(|error| error.to_string())?;
            let is = |state| hello.get_bool(state).unwrap_or(false);
            Ok(is("isWritablePrimary") || is("secondary"))
        })
        .await
    }

    /// Sends a node's mongod a signal. A killed one stays dead until [`Server::restart`].
    ///
    /// # Errors
    /// No such node, or it has ended.
    pub fn signal(&self, at: usize, signal: Signal) -> std::io::Result<()> {
        let gone = || std::io::Error::other(format!("node {at} is not running"));
        let node = self.nodes.get(at).ok_or_else(gone)?;
        if node.ended().is_some() {
            return Err(gone());
        }
        let name = match signal {
            Signal::Kill => "-KILL",
            Signal::Stop => "-STOP",
            Signal::Continue => "-CONT",
        };
        let pid = node.pid().ok_or_else(gone)?.to_string();
        // `unsafe` is forbidden here, and the standard library sends signals to direct children alone.
        let status = Command::new("kill").args([name, &pid]).status()?;
        if status.success() {
            Ok(())
        } else {
            Err(gone())
        }
    }
}

impl Node {
    fn spawn(
        (mongod, within): (&Path, &Path),
        topology: Topology,
        arguments: &[&str],
        access_control: bool,
    ) -> std::io::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = TempDir::with_prefix_in("ringfence-mongod-", within)?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let mut command = Command::new("sh");
        command
            .args(["-c", GUARD, "ringfence-guard"])
            .arg(mongod)
            .arg(folder.path())
            .arg("--dbpath")
            .arg(&data)
            .args(["--port", &port.to_string(), "--bind_ip", "127.0.0.1"])
            .arg("--nounixsocket")
            .args(["--quiet", "--setParameter"])
            .arg("diagnosticDataCollectionEnabled=false");
        match topology {
            Topology::ReplicaSet(_) => {
                command.args(["--replSet", SET]);
                command.args(unless_said(arguments, "--oplogSize", "256"));
                if access_control {
                    let key = folder.path().join("key");
                    write_private(&key, KEY)?;
                    command.arg("--keyFile").arg(key);
                }
            }
            Topology::Standalone if access_control => {
                command.arg("--auth");
            }
            Topology::Standalone => {}
        }
        command.args(unless_said(arguments, "--wiredTigerCacheSizeGB", "0.5"));
        command.args(arguments);
        // A group of its own, so that Ctrl-C in the terminal reaches us and not the guard.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut guard = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            port,
            pipe: guard.stdin.take(),
            guard,
            folder: folder.keep(), // the guard's from here on
        })
    }

    fn pid(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.folder.join("pid")).ok()?;
        text.trim().parse().ok()
    }

    /// The status with which the mongod ended, if it did.
    fn ended(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.folder.join("ended")).ok()?;
        Some(text.trim().to_owned())
    }

    fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn listens(&self) -> bool {
        self.log().contains(r#""msg":"Waiting for connections""#)
    }

    fn last_log_lines(&self) -> String {
        let text = self.log();
        // A mongod that fails says why in a line of severity E or F, and then many lines about its shutting down.
        let grave = |line: &&str| line.contains(r#""s":"E""#) || line.contains(r#""s":"F""#);
        let mut lines: Vec<_> = text.lines().filter(grave).collect();
        if lines.is_empty() {
            lines = text.lines().collect();
        }
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

/// A file that its owner alone may read, as mongod demands of a key file.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(text.as_bytes())
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.pipe.take()); // the guard sees the end of its input and ends the mongod
        let _ = self.guard.wait(); // it answers within an instant; nothing to do if it does not
    }
}

/// An option with the value that is ours, unless the arguments have one.
fn unless_said<'a>(arguments: &[&str], option: &'a str, value: &'a str) -> Vec<&'a str> {
    if arguments.contains(&option) {
        Vec::new()
    } else {
        vec![option, value]
    }
}
