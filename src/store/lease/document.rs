//! The lease's one document on the server, and the only commands that touch it. Every time in it comes from the server's clock; every
//! taking raises the token, and every later command names the token, so that one which comes too late matches nothing.

use std::time::Duration;

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};

use crate::domain::lease::{Holder, Standing};
use crate::domain::mapping::LEASE;
use crate::domain::run::Millis;
use crate::store::error::{DUPLICATE_KEY, Result, StoreError};

/// The document's `_id`.
const ID: &str = "lease";

/// The document.
#[derive(Debug, Clone)]
pub struct LeaseDocument(Collection<Document>);

impl LeaseDocument {
    /// The lease of `database`.
    pub fn of(database: &Database) -> Self {
        Self(database.collection(LEASE))
    }

    /// Makes the document if there is none. Its token begins at the server's time, so that a holder of a lease that was dropped since
    /// never meets its own number again.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn make(&self) -> Result<()> {
        let token = doc! { "$ifNull": ["$token", { "$toLong": "$$NOW" }] };
        let made = self
            .0
            .update_one(
                doc! { "_id": ID },
                vec![doc! { "$set": { "token": token } }],
            )
            .upsert(true)
            .await;
        match made.map_err(|error| StoreError::from_driver("making the lease", &error)) {
            // Of several who make it at once, one does.
            Err(error) if error.code() != Some(DUPLICATE_KEY) => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes the lease if nobody holds it. Returns the token.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn take_free(&self, holder: &Holder, lifetime: Duration) -> Result<Option<i64>> {
        // `null` is what a free lease has, and also one that was just made.
        let free = doc! { "_id": ID, "holder": Bson::Null };
        let taken = self.take(free, holder, doc! {}, lifetime).await?;
        Ok(taken.map(|standing| standing.token))
    }

    /// Takes the lease from a holder, if it still stands as `seen`. Returns the token.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn take_over(
        &self,
        seen: &Standing,
        holder: &Holder,
        lifetime: Duration,
    ) -> Result<Option<i64>> {
        let taken = self.take(as_seen(seen), holder, doc! {}, lifetime).await?;
        Ok(taken.map(|standing| standing.token))
    }

    /// Takes the lease from a holder who may have operations under way, if it still stands as `seen`, and notes until when they may be:
    /// `in_flight` after the lease expired.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn take_to_unlock(
        &self,
        seen: &Standing,
        holder: &Holder,
        (lifetime, in_flight): (Duration, Duration),
    ) -> Result<Option<Standing>> {
        let clear =
            doc! { "clear": { "$max": ["$clear", { "$add": ["$until", millis(in_flight)] }] } };
        self.take(as_seen(seen), holder, clear, lifetime).await
    }

    async fn take(
        &self,
        from: Document,
        holder: &Holder,
        more: Document,
        lifetime: Duration,
    ) -> Result<Option<Standing>> {
        let holder = bson::serialize_to_document(holder).map_err(|error| {
            StoreError::Invalid(format!("the lease cannot be written: {error}"))
        })?;
        let mut set = doc! {
            "token": { "$add": ["$token", 1] },
            "holder": { "$literal": holder },
            "since": "$$NOW",
            "beat": "$$NOW",
            "until": { "$add": ["$$NOW", millis(lifetime)] },
        };
        set.extend(more);
        // `$set` merges documents; the holder before must go whole.
        let change = vec![doc! { "$unset": "holder" }, doc! { "$set": set }];
        let taken = self
            .0
            .find_one_and_update(from, change)
            .return_document(ReturnDocument::After)
            .await
            .map_err(|error| StoreError::from_driver("taking the lease", &error))?;
        match taken {
            Some(mut taken) => {
                let now = taken.get("beat").cloned().unwrap_or(Bson::Null);
                taken.insert("now", now);
                read(&taken).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Says that the holder of `token` lives, and on which run it works. False when the lease has another token.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn beat(&self, token: i64, run: Option<&str>, lifetime: Duration) -> Result<bool> {
        let set = doc! {
            "beat": "$$NOW",
            "until": { "$add": ["$$NOW", millis(lifetime)] },
            "holder.run": { "$literal": run },
        };
        let done = self
            .0
            .update_one(
                doc! { "_id": ID, "token": token },
                vec![doc! { "$set": set }],
            )
            .await
            .map_err(|error| StoreError::from_driver("renewing the lease", &error))?;
        Ok(done.matched_count == 1)
    }

    /// Lets go of the lease of `token`; nothing when it has another.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn release(&self, token: i64) -> Result<()> {
        let set = doc! { "previous": "$holder", "holder": Bson::Null };
        self.0
            .update_one(
                doc! { "_id": ID, "token": token },
                vec![doc! { "$unset": "previous" }, doc! { "$set": set }],
            )
            .await
            .map_err(|error| StoreError::from_driver("releasing the lease", &error))?;
        Ok(())
    }

    /// How the lease stands; `None` when there is none. Changes nothing.
    ///
    /// # Errors
    /// The server's refusal, or a document that this version cannot read.
    pub async fn standing(&self) -> Result<Option<Standing>> {
        let doing = "reading the lease";
        let stages = [
            doc! { "$match": { "_id": ID } },
            doc! { "$set": { "now": "$$NOW" } },
        ];
        let mut found = self
            .0
            .aggregate(stages)
            .await
            .map_err(|error| StoreError::from_driver(doing, &error))?;
        let found = found
            .try_next()
            .await
            .map_err(|error| StoreError::from_driver(doing, &error))?;
        found.map(|found| read(&found)).transpose()
    }
}

/// The lease as it was seen, and not heard of since.
fn as_seen(seen: &Standing) -> Document {
    let beat = bson::DateTime::from_millis(seen.beat);
    doc! { "_id": ID, "token": seen.token, "beat": beat, "holder": { "$ne": Bson::Null } }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn read(found: &Document) -> Result<Standing> {
    let at = |name: &str| -> Millis {
        found
            .get_datetime(name)
            .map_or(0, |time| time.timestamp_millis())
    };
    let holder = |name: &str| match found.get_document(name) {
        Ok(holder) => bson::deserialize_from_document(holder.clone())
            .map(Some)
            .map_err(|error| unreadable(&error)),
        Err(_) => Ok(None),
    };
    Ok(Standing {
        token: found.get_i64("token").map_err(|error| unreadable(&error))?,
        holder: holder("holder")?,
        previous: holder("previous")?,
        since: at("since"),
        beat: at("beat"),
        until: at("until"),
        clear: at("clear"),
        now: at("now"),
    })
}

fn unreadable(why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Refused(format!(
        "the lease in {LEASE} cannot be read: {why}. Nothing was changed. Another version of ringfence may hold it: use that version, or look at the document with a shell before you go on"
    ))
}
