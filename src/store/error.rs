//! What can go wrong between us and the server, sorted by what the caller can do about it.

use std::path::{Path, PathBuf};

use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};

use super::{connection_trouble, server_message};
use crate::domain::text::named;

/// An error of the store. Each message says what happened; none holds a credential or a document's value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server answered with an error code.
    #[error("{}: the server refused (code {code}): {message}", named(doing))]
    Server {
        /// What we were doing, as a clause: "inserting into Booking".
        doing: String,
        /// The server's error code, for instance 13 (Unauthorized) or 11000 (DuplicateKey).
        code: i32,
        /// What it means, in our words; never a text that may quote data.
        message: String,
    },
    /// No server could be reached in time, or the connection broke.
    #[error("{}: the server cannot be reached: {message}", named(doing))]
    Unreachable {
        /// What we were doing.
        doing: String,
        /// What is known of the cause.
        message: String,
    },
    /// Wrong user name or password, or no such user.
    #[error(
        "{}: the server does not accept these credentials: {message}",
        named(doing)
    )]
    Credentials {
        /// What we were doing.
        doing: String,
        /// What to look at.
        message: String,
    },
    /// A file of the run folder could not be read or written.
    #[error("{doing} {}: {}", named(&path.display().to_string()), file_trouble(source))]
    File {
        /// What we were doing, as a verb: "writing".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Something read is not what it must be.
    #[error("{}", named(.0))]
    Invalid(String),
    /// We refuse to go on, and say why and what to do.
    #[error("{}", named(.0))]
    Refused(String),
    /// The lease is no longer ours: somebody unlocked it or took it, and names follow.
    #[error("{}", named(.0))]
    LeaseLost(String),
    /// A rename's target was there: something else made it.
    #[error("{}", named(.0))]
    Occupied(String),
    /// The operator, or a signal, asked to stop between two batches.
    #[error(
        "stopped by you, between two batches. Nothing is half written; the same command goes on"
    )]
    Cancelled,
}

/// The store's result.
pub type Result<T> = std::result::Result<T, StoreError>;

pub use super::server_message::DUPLICATE_KEY;
/// MongoDB's code for a missing privilege.
pub const UNAUTHORIZED: i32 = 13;
/// MongoDB's code for a collection that does not exist.
pub const NAMESPACE_NOT_FOUND: i32 = 26;
/// MongoDB's code for a collection that already exists.
pub const NAMESPACE_EXISTS: i32 = 48;
/// `CursorNotFound`, `QueryPlanKilled`, `CursorKilled`: the server gave a cursor up, as it does when it starts again, when a session was idle for
/// too long, or when somebody killed it. The documents are where they were.
const CURSOR_LOST: [i32; 3] = [43, 175, 237];

impl StoreError {
    /// Sorts a driver error; `doing` is a clause such as "reading Booking". No word of the server passes here, and none of the driver that may
    /// quote the server, a document or the connection string.
    pub fn from_driver(doing: impl Into<String>, error: &DriverError) -> Self {
        let doing = doing.into();
        let unreachable = |message: &str| Self::Unreachable {
            doing: doing.clone(),
            message: message.to_owned(),
        };
        match error.kind.as_ref() {
            ErrorKind::Command(refusal) => Self::server(doing, refusal.code, &refusal.message),
            ErrorKind::Write(WriteFailure::WriteError(refusal)) => {
                Self::server(doing, refusal.code, &refusal.message)
            }
            ErrorKind::Write(WriteFailure::WriteConcernError(refusal)) => {
                Self::server(doing, refusal.code, &refusal.message)
            }
            ErrorKind::InsertMany(refusals) => {
                let write = refusals.write_errors.iter().flatten().next();
                let write = write.map(|it| (it.code, &it.message));
                let concern = refusals.write_concern_error.as_ref();
                let first = write.or(concern.map(|it| (it.code, &it.message)));
                let (code, message) = first.unwrap_or((0, &doing));
                Self::server(doing.clone(), code, message)
            }
            ErrorKind::Authentication { .. } => Self::Credentials {
                doing,
                message: "see whether user name, password and authSource are right, and whether the server offers this way to sign in".to_owned(),
            },
            ErrorKind::Io(broken) => {
                let cause = connection_trouble::of(&broken.to_string())
                    .unwrap_or_else(|| broken.kind().to_string());
                unreachable(&format!(
                    "the connection broke ({cause}), so whether the last command was done is not known yet"
                ))
            }
            ErrorKind::ServerSelection { message, .. } => {
                unreachable(&match connection_trouble::of_selection(message) {
                    Some(cause) => format!("no primary answered in time: {cause}"),
                    None => "no primary answered in time".to_owned(),
                })
            }
            ErrorKind::ConnectionPoolCleared { message, .. } => {
                unreachable(&match connection_trouble::of(message) {
                    Some(cause) => format!("the connections were closed: {cause}"),
                    None => "the server closed its connections".to_owned(),
                })
            }
            ErrorKind::DnsResolve { .. } => unreachable(
                "a name of the connection string cannot be resolved (DNS); of a mongodb+srv address, the SRV or TXT record cannot be read",
            ),
            ErrorKind::InvalidTlsConfig { .. } => Self::Refused(format!(
                "{doing}: the TLS options cannot be used: see whether tlsCAFile and tlsCertificateKeyFile are PEM files that we may read, and whether the key's password is right"
            )),
            ErrorKind::IncompatibleServer { message, .. } => {
                let cause = connection_trouble::of(message);
                let cause = cause.unwrap_or_else(|| "it is too old or too new".to_owned());
                Self::Refused(format!(
                    "{doing}: the server cannot be used like this: {cause}"
                ))
            }
            ErrorKind::InvalidArgument { .. } | ErrorKind::Bson(_) => Self::Invalid(format!(
                "{doing}: the driver cannot send this command, or cannot read the answer. What the data holds is not shown"
            )),
            ErrorKind::InvalidResponse { .. } => unreachable("the server's answer cannot be read"),
            ErrorKind::SessionsNotSupported => unreachable("the server offers no sessions"),
            ErrorKind::MissingResumeToken => unreachable("the change stream cannot be resumed"),
            _ => unreachable("the driver gave up"),
        }
    }

    /// The server's refusal: its code in our words.
    pub fn server(doing: impl Into<String>, code: i32, theirs: &str) -> Self {
        Self::Server {
            doing: doing.into(),
            code,
            message: server_message::words(code, theirs),
        }
    }

    /// A file error.
    pub fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// Of a file: the same, with what is true now. Other errors as they are.
    #[must_use]
    pub fn with_truth(self, truth: &str) -> Self {
        match self {
            Self::File { .. } => Self::Refused(format!("{self}. {truth}")),
            other => other,
        }
    }

    /// True when the server gave up the cursor of a read.
    pub fn is_lost_cursor(&self) -> bool {
        self.code().is_some_and(|code| CURSOR_LOST.contains(&code))
    }

    /// True for a transient error, such as during a failover or of a lost cursor, and for one that leaves open whether the command was done:
    /// the operation can be retried once a primary answers. The codes are those that drivers retry, those of a lost cursor, and those of an
    /// unknown outcome (50, 64).
    pub fn passes(&self) -> bool {
        const TRANSIENT: [i32; 16] = [
            6, 7, 50, 64, 89, 91, 112, 134, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436,
        ];
        match self {
            Self::Server { code, .. } => TRANSIENT.contains(code) || CURSOR_LOST.contains(code),
            Self::Unreachable { .. } => true,
            Self::Credentials { .. }
            | Self::File { .. }
            | Self::Invalid(_)
            | Self::Refused(_)
            | Self::LeaseLost(_)
            | Self::Occupied(_)
            | Self::Cancelled => false,
        }
    }

    /// The server's code, when the server answered.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Server { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// What the system says of a file, with what to do where we know it.
pub(super) fn file_trouble(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;

    let words = match error.kind() {
        Kind::NotFound => "there is no such file or folder; see whether the path is right",
        Kind::PermissionDenied => {
            "the system does not allow it; see who owns it, and who may read and write it"
        }
        Kind::StorageFull | Kind::QuotaExceeded => {
            "no space is left there; make room, then run the same command again"
        }
        Kind::ReadOnlyFilesystem => "that disk takes no writes; name another folder",
        Kind::IsADirectory => "it is a folder, and a file is needed",
        Kind::NotADirectory => "part of the path is a file, and a folder is needed",
        Kind::AlreadyExists => "something is there already; it was left as it is",
        _ => return error.to_string(),
    };
    words.to_owned()
}
