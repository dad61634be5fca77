//! The check of customers that were there before: each is as it was, or stands whole in the link of the one that it was merged into.

use std::collections::HashMap;

use bson::RawDocumentBuf;
use bson::doc;
use bson::raw::RawDocument;

use super::{Checked, by_id};
use crate::domain::id::Id;
use crate::domain::link::{MERGED, merged_in};
use crate::domain::mapping::LINKS;
use crate::domain::number::grouped;
use crate::domain::raw::{elements, get};
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::after_schema::lens::{change_of, undone};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan::{self, Scan};

/// How many of them there are, by what became of them.
#[derive(Debug, Default)]
struct Counts {
    before: u64,
    kept: u64,
    adopted: u64,
    merged: u64,
}

impl Session {
    /// Checks them, and closes their equation; there is none where there were no customers.
    pub(super) async fn check_existing(&self, watcher: &Watcher) -> Result<Checked> {
        let which = self.work.mapping.customers();
        let mut checked = Checked::default();
        let Some(source) = self.layout.source(&which) else {
            return Ok(checked);
        };
        let database = &self.work.connection.database;
        let place = self.layout.place(&which);
        let change = change_of(&self.work.mapping, &which);
        let mut merged = self.merged_away().await?;
        let mut counts = Counts::default();
        let mut pages = scan::in_id_order(database, &source)?;
        while let Some(page) = pages.next().await? {
            self.work.between_batches(watcher)?;
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let now = by_id(scan::by_ids(database, &place, &ids).await?);
            let links = by_id(scan::by_ids(database, LINKS, &ids).await?);
            for (before, id) in page.documents().zip(&ids) {
                let key = id.canonical();
                counts.before += 1;
                let in_a_link = merged.remove(&key);
                match (now.get(&key), in_a_link) {
                    (Some(_), Some(_)) => checked.finds(format!(
                        "customer {id}, which was merged into another one, is still there"
                    )),
                    (None, None) => {
                        checked.finds(format!("customer {id}, which was there before, is missing"));
                    }
                    (None, Some(kept)) => {
                        counts.merged += 1;
                        if kept.as_bytes() != before.as_bytes() {
                            checked.finds(format!(
                                "customer {id} was merged into another one, whose link holds other bytes than the original"
                            ));
                        }
                    }
                    (Some(now), None) => {
                        let adopted = links.get(&key).is_some_and(|link| has_users(link));
                        counts.adopted += u64::from(adopted);
                        counts.kept += u64::from(!adopted);
                        // What is live may have been changed by the application since.
                        let live = self.layout.is_swapped(&which);
                        let known = Known::Document(before);
                        let was = undone(change, now, known)?;
                        if !live && was.as_bytes() != before.as_bytes() {
                            checked.finds(format!(
                                "customer {id}, which was there before, has other bytes than the original"
                            ));
                        }
                    }
                }
            }
        }
        for id in merged.keys() {
            checked.finds(format!(
                "a link holds customer {id} as merged, which was not there before"
            ));
        }
        if counts.before > 0 {
            checked.equations.push(format!(
                "customers before {} = kept {} + adopted {} + merged away {}",
                grouped(counts.before),
                grouped(counts.kept),
                grouped(counts.adopted),
                grouped(counts.merged)
            ));
        }
        Ok(checked)
    }

    /// The customers that links hold as merged into theirs.
    async fn merged_away(&self) -> Result<HashMap<Id, RawDocumentBuf>> {
        let scan = Scan {
            filter: doc! { MERGED: { "$exists": true } },
            ..Scan::default()
        };
        let links = scan::all(&self.work.connection.database, LINKS, &scan).await?;
        let merged = links.iter().flat_map(|link| merged_in(link));
        let merged = merged.filter_map(|it| Some((id_of(&it)?.canonical(), it)));
        Ok(merged.collect())
    }
}

/// True for a link that names somebody.
fn has_users(link: &RawDocument) -> bool {
    let users = get(link, "users").and_then(|it| RawDocument::from_bytes(it.bytes).ok());
    users.is_some_and(|users| elements(users).next().is_some())
}
