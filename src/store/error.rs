//! What can go wrong between us and the server, sorted by what the caller can do about it.

use std::path::{Path, PathBuf};

use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};

/// An error of the store. Each message says what happened; none holds a credential or a document's value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server answered with an error code.
    #[error("{doing}: the server refused (code {code}): {message}")]
    Server {
        /// What we were doing, as a clause: "inserting into Booking".
        doing: String,
        /// The server's error code, for instance 13 (Unauthorized) or 11000 (DuplicateKey).
        code: i32,
        /// The server's message, without key values.
        message: String,
    },
    /// No server could be reached in time, or the connection broke.
    #[error("{doing}: the server cannot be reached: {message}")]
    Unreachable {
        /// What we were doing.
        doing: String,
        /// The driver's words.
        message: String,
    },
    /// Wrong user name or password, or no such user.
    #[error("{doing}: the server does not accept these credentials: {message}")]
    Credentials {
        /// What we were doing.
        doing: String,
        /// The driver's words, which hold no password.
        message: String,
    },
    /// A file of the run folder could not be read or written.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What we were doing, as a verb: "writing".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Something read is not what it must be.
    #[error("{0}")]
    Invalid(String),
    /// We refuse to go on, and say why and what to do.
    #[error("{0}")]
    Refused(String),
    /// The lease is no longer ours: somebody unlocked it or took it, and names follow.
    #[error("{0}")]
    LeaseLost(String),
    /// A rename's target was there: something else made it.
    #[error("{0}")]
    Occupied(String),
    /// The operator, or a signal, asked to stop between two batches.
    #[error(
        "stopped on request, between two batches; what was prepared so far is kept, and the same command goes on from there"
    )]
    Cancelled,
}

/// The store's result.
pub type Result<T> = std::result::Result<T, StoreError>;

/// MongoDB's code for a duplicate key.
pub const DUPLICATE_KEY: i32 = 11_000;
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
    /// Sorts a driver error; `doing` is a clause such as "reading Booking".
    pub fn from_driver(doing: impl Into<String>, error: &DriverError) -> Self {
        let doing = doing.into();
        match error.kind.as_ref() {
            ErrorKind::Command(refusal) => Self::server(doing, refusal.code, &refusal.message),
            ErrorKind::Write(WriteFailure::WriteError(refusal)) => {
                Self::server(doing, refusal.code, &refusal.message)
            }
            ErrorKind::Write(WriteFailure::WriteConcernError(refusal)) => {
                Self::server(doing, refusal.code, &refusal.message)
            }
            ErrorKind::Authentication { message, .. } => Self::Credentials {
                doing,
                message: message.clone(),
            },
            ErrorKind::Io(broken) => Self::Unreachable {
                doing,
                message: format!(
                    "the connection broke ({broken}), so whether the last command was done is not known yet"
                ),
            },
            ErrorKind::ServerSelection { .. } => Self::Unreachable {
                doing,
                message: "no primary answered in time".to_owned(),
            },
            ErrorKind::ConnectionPoolCleared { .. } => Self::Unreachable {
                doing,
                message: "the server closed its connections".to_owned(),
            },
            _ => Self::Unreachable {
                doing,
                message: error.kind.to_string(),
            },
        }
    }

    /// The server's refusal; a duplicate key's message is cut, for it holds the values.
    pub fn server(doing: impl Into<String>, code: i32, message: &str) -> Self {
        let message = if code == DUPLICATE_KEY {
            let cut = message.find(" dup key").unwrap_or(message.len());
            message[..cut].to_owned()
        } else {
            message.to_owned()
        };
        Self::Server {
            doing: doing.into(),
            code,
            message,
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
