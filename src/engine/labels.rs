//! Whom conflicts are about: their records, whole or as a name and an e-mail. Reads only.

use std::collections::{BTreeSet, HashMap};

use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::id::Id;
use crate::domain::raw::get;
use crate::domain::survey::UserIx;
use crate::domain::survey::facts::id_of;
use crate::domain::text::safe;
use crate::domain::view::{Source, Sources};
use crate::engine::error::Result;
use crate::engine::session::{Session, Surveyed};
use crate::store::scan;

/// Users fetched at a time.
const BATCH: usize = 1_000;
/// Users whose names are held for the list; others are shown by their ids.
const NAMED: usize = 50_000;
/// Characters of a name or an e-mail.
const WIDTH: usize = 60;

/// True where the subjects of a conflict are users that exist.
fn about_users(code: Code) -> bool {
    !matches!(
        code,
        Code::BookingWithoutUser
            | Code::BookingWithoutBusiness
            | Code::CustomerExists
            | Code::AlreadyLinked
            | Code::IdTypeMismatch
            | Code::ReferencedElsewhere
    )
}

impl Session {
    /// Name and e-mail of the users that conflicts are about, safe to draw: of 50,000 of them at most, those of blockers first.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn labels(&self) -> Result<HashMap<Id, String>> {
        let Some(surveyed) = &self.surveyed else {
            return Ok(HashMap::new());
        };
        let mut seen = BTreeSet::new();
        let mut wanted = Vec::new();
        let about = surveyed
            .conflicts
            .iter()
            .filter(|it| about_users(it.key.code));
        for user in about.flat_map(|conflict| &conflict.key.subjects) {
            if wanted.len() < NAMED && seen.insert(user) {
                wanted.push(user.clone());
            }
        }
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let role = &self.work.mapping.user;
        let mut labels = HashMap::with_capacity(wanted.len());
        for ids in wanted.chunks(BATCH) {
            for document in scan::by_ids(&self.work.connection.database, &users, ids).await? {
                let document = role.view(&document);
                let text = |field: &str| {
                    let value = get(&document, field).and_then(|value| value.as_str());
                    safe(value.unwrap_or_default().trim(), WIDTH)
                };
                let (name, email) = (text(&role.name), text(&role.email));
                let label = match (name.is_empty(), email.is_empty()) {
                    (false, false) => format!("{name} <{email}>"),
                    (false, true) => name,
                    (true, _) => email,
                };
                if let Some(id) = id_of(&document).filter(|_| !label.is_empty()) {
                    labels.insert(id, label);
                }
            }
        }
        Ok(labels)
    }

    /// What the answer to a conflict is made of.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn sources(&self, key: &ConflictKey) -> Result<Sources> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let mut decisions = self.answers.decisions.clone();
        if let Some(decision) = decisions.single.get_mut(key) {
            decision.survivor = None;
        }
        let ids: &[Id] = if about_users(key.code) {
            &key.subjects
        } else {
            &[]
        };
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let mut documents = scan::by_ids(&self.work.connection.database, &users, ids).await?;
        documents.sort_by_key(|document| {
            id_of(document).and_then(|id| ids.iter().position(|it| *it == id))
        });
        let business = key
            .business
            .as_ref()
            .and_then(|id| survey.businesses.get_index_of(&id.canonical()));
        let mut records = Vec::new();
        for document in documents {
            let user: Option<UserIx> =
                id_of(&document).and_then(|id| survey.users.find(&id.canonical()));
            let Some(user) = user else { continue };
            let candidate = match business {
                Some(business) => survey.candidate(user, business),
                None => survey.candidate_anywhere(user),
            };
            records.push(Source {
                document: self.work.mapping.user.view(&document).into_owned(),
                candidate,
            });
        }
        Ok(Sources {
            key: key.clone(),
            role: (*self.work.mapping.user).clone(),
            inherited: decisions.survivor(key),
            records,
        })
    }
}
