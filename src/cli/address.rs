//! Where the connection string comes from, and what is said of that place.

use std::path::Path;

use super::output;
use crate::engine::{Result, StepError};
use crate::store::connection_string::holds_password;

/// The connection string of `--uri`, else of the environment; with the name of its place.
pub(super) fn find(uri: Option<&str>) -> Result<(String, &'static str)> {
    if let Some(uri) = uri {
        if holds_password(uri) {
            output::aside(
                "warning: other users of this machine can read the password in --uri (in the list of processes). Put the connection string into a file that only you can read (chmod 600 FILE) and use RINGFENCE_URI=\"$(cat FILE)\" instead",
            );
        }
        return Ok((uri.to_owned(), "--uri"));
    }
    for variable in ["RINGFENCE_URI", "DATABASE_URL"] {
        if let Ok(uri) = std::env::var(variable) {
            return Ok((uri, variable));
        }
    }
    let file = if sets_database_url(Path::new(".env")) {
        " The file .env in this folder sets DATABASE_URL; ringfence does not use it unasked. To use it: set -a; . ./.env; set +a"
    } else {
        ""
    };
    Err(StepError::NotReady(format!(
        "no connection string: neither --uri nor RINGFENCE_URI nor DATABASE_URL is set. Nothing was changed. Try `ringfence --uri mongodb://host:27017/database survey`, or `ringfence demo`.{file}"
    )))
}

fn sets_database_url(file: &Path) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix("DATABASE_URL")
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}
