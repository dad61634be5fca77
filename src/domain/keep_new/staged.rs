//! Documents whose references several entries replace: what the later ones found.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::weave::Fields;
use crate::domain::raw::{Malformed, get};
use crate::domain::reference::BookingPaths;

/// The original as entries of its collection made it that came before: their own fields as they are live.
///
/// # Errors
/// A document that is not BSON.
pub fn staged<'p>(
    before: &RawDocument,
    current: &RawDocument,
    earlier: impl Iterator<Item = &'p BookingPaths>,
) -> Result<RawDocumentBuf, Malformed> {
    let mut base = before.to_owned();
    for paths in earlier {
        let (was, is) = (Fields::of(&base)?, Fields::of(current)?);
        let own = [paths.user_key(), paths.customer()];
        let mut own = own.into_iter().map(str::as_bytes);
        if paths.is_outside(before) || own.all(|key| was.same(&is, key)) {
            continue; // this entry left it as it was
        }
        base = match get(current, paths.customer()) {
            Some(customer) => paths.pointed_at(&base, customer)?,
            None => paths.without_user(&base, true)?.finish(),
        };
    }
    Ok(base)
}
