//! The one way a raw command reaches the server: a reply with `writeErrors` or a `writeConcernError` is an error here,
//! though the driver calls it a success.

use bson::{Bson, Document, RawDocumentBuf};
use mongodb::Database;

use super::error::{Result, StoreError};

/// Runs `command` on `database`; `doing` names it in an error ("renaming Booking").
///
/// # Errors
/// The server's refusal, the first of its write errors, or its write-concern error.
pub async fn run(database: &Database, command: RawDocumentBuf, doing: &str) -> Result<Document> {
    let reply = database
        .run_raw_command(command)
        .await
        .map_err(|error| StoreError::from_driver(doing, &error))?;
    check(&reply, doing)?;
    Ok(reply)
}

/// Fails when a reply that says `ok: 1` holds a write error or a write-concern error.
pub fn check(reply: &Document, doing: &str) -> Result<()> {
    if let Ok(errors) = reply.get_array("writeErrors")
        && let Some(Bson::Document(first)) = errors.first()
    {
        return Err(refusal(first, doing));
    }
    match reply.get_document("writeConcernError") {
        Ok(error) => Err(refusal(error, doing)),
        Err(_) => Ok(()),
    }
}

fn refusal(error: &Document, doing: &str) -> StoreError {
    StoreError::server(
        doing,
        error.get_i32("code").unwrap_or_default(),
        error.get_str("errmsg").unwrap_or("no message"),
    )
}
