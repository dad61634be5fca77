//! The arguments that every verb takes: where to work, and how to answer; and the session that they open.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Args;

use super::{address, following, output};
use crate::domain::mapping;
use crate::domain::number::parse_size;
use crate::domain::pace::Limits;
use crate::engine::Result;
use crate::engine::session::{RUN_ROOT, Session, SessionOptions};
use crate::store::lease::Lease;

/// Where to work, and how to answer.
#[allow(clippy::struct_excessive_bools)] // each is a flag of the command line
#[derive(Debug, Args)]
pub struct PlaceArguments {
    /// Connection string; else RINGFENCE_URI, else DATABASE_URL
    #[arg(long, global = true, value_name = "U", hide_env_values = true)]
    pub(super) uri: Option<String>,
    /// Database, when the connection string names none
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) db: Option<String>,
    /// Mapping file, where collections or fields are not named as Prisma would
    #[arg(long, global = true, value_name = "F")]
    pub(super) config: Option<PathBuf>,
    /// Folder for runs: backups, plans, decisions, reports
    #[arg(long, global = true, value_name = "D", default_value = RUN_ROOT)]
    pub(super) run_dir: PathBuf,
    /// One JSON document on standard output, and nothing else
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Names, e-mails and ids that look like them as they are, not masked
    #[arg(long, global = true)]
    pub(super) show_personal_data: bool,
    /// Seconds that “Stop the application” watches for foreign writes
    #[arg(long, global = true, value_name = "S", default_value = "3", value_parser = seconds, allow_negative_numbers = true)]
    pub(super) watch_seconds: Duration,
    /// Documents a second that are written at most
    #[arg(long, global = true, value_name = "N", value_parser = whole, allow_negative_numbers = true)]
    pub(super) max_rate: Option<u64>,
    /// Seconds that the slowest secondary may be behind before writing waits
    #[arg(long, global = true, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(super) max_lag: Option<Duration>,
    /// With --max-lag: writing waits also while a member of the replica set is away or not yet a secondary
    #[arg(long, global = true, requires = "max_lag")]
    pub(super) require_all: bool,
    /// Milliseconds that a batch may take before the next one waits as long
    #[arg(long, global = true, value_name = "MS", value_parser = whole, allow_negative_numbers = true)]
    pub(super) max_latency: Option<u64>,
    /// Memory for what is kept of users and customers, such as 1G; what passes it goes to a temporary file
    #[arg(long, global = true, value_name = "SIZE", default_value = "56M", value_parser = parse_size)]
    pub(super) memory: u64,
    /// Go on although nobody can see whether the application has stopped
    #[arg(long, global = true)]
    pub(super) accept_unknown: bool,
    /// Append what was tried again, and why, to this file
    #[arg(long, global = true, value_name = "F")]
    pub(super) log: Option<PathBuf>,
    /// Colours of the console: default, dark, light, high-contrast, colour-blind, mono
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) theme: Option<String>,
    /// The lease of the session that was opened here: whatever way a verb ends, it is let go of.
    #[arg(skip)]
    pub(super) lease: OnceLock<Lease>,
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let number = text.parse().ok();
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "it takes a number of seconds, such as 5 or 0.5".to_owned())
}

fn whole(text: &str) -> std::result::Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it takes a whole number from 1 on, such as 500".to_owned())
}

impl PlaceArguments {
    pub(super) fn options(&self, uri: String, uri_source: &str) -> SessionOptions {
        SessionOptions {
            uri,
            uri_source: uri_source.to_owned(),
            database: self.db.clone(),
            config: self.mapping_file(),
            run_root: self.run_dir.clone(),
            watch: self.watch_seconds,
            limits: Limits {
                paused: false,
                rate: self.max_rate,
                lag: self
                    .max_lag
                    .map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
                require_all: self.require_all,
                latency: self.max_latency,
            },
            memory: self.memory,
        }
    }

    /// The mapping file: the one that was named, else `ringfence.toml` where it stands in this folder.
    pub(super) fn mapping_file(&self) -> Option<PathBuf> {
        let usual = || Some(PathBuf::from(mapping::FILE)).filter(|path| path.is_file());
        self.config.clone().or_else(usual)
    }

    /// Opens a session that no mapping file is read for.
    pub(super) async fn session_without_mapping(&self) -> Result<Session> {
        let (uri, source) = address::find(self.uri.as_deref())?;
        let options = SessionOptions {
            config: None,
            ..self.options(uri, source)
        };
        let session = Session::open(options).await?;
        self.watch_lease(&session);
        Ok(session)
    }

    /// Opens a session at the place that the arguments name.
    pub(super) async fn session(&self) -> Result<Session> {
        let (uri, source) = address::find(self.uri.as_deref())?;
        if self.config.is_none() && self.mapping_file().is_some() {
            output::aside(&format!("the mapping is {} in this folder", mapping::FILE));
        }
        let mut session = Session::open(self.options(uri, source)).await?;
        self.watch_lease(&session);
        if let Some(apart) = session.clocks_apart() {
            output::aside(&apart);
        }
        if let Some(lag) = self.max_lag {
            following::says_before(&session, lag, self.require_all).await?;
        }
        if self.accept_unknown {
            session.accept_unknown();
        }
        if self.show_personal_data {
            session.show_personal_data();
        }
        Ok(session)
    }

    /// Keeps the lease of `session` at hand, to let go of it at the end.
    pub(super) fn watch_lease(&self, session: &Session) {
        let _ = self.lease.set(session.lease().clone()); // a verb opens one session
    }

    /// Lets go of the lease, where it was taken.
    pub(super) async fn let_go(&self) {
        let Some(lease) = self.lease.get() else {
            return;
        };
        if let Err(error) = lease.release().await {
            output::aside(&format!(
                "ringfence: {error}. The lease could not be released. On this machine the next command takes it over; on another one, wait until it expires and run `ringfence unlock`"
            ));
        }
    }
}
