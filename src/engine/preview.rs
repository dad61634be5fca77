//! Looking before deciding: the records behind a conflict and the customer that a merge will give; and the operator's notes.

use bson::raw::{RawDocument, RawDocumentBuf};

use crate::domain::calendar;
use crate::domain::checklist::{NoteOn, Step, Touch};
use crate::domain::conflict::{Code, ConflictKey, Trouble};
use crate::domain::id::Id;
use crate::domain::people::{self, Who};
use crate::domain::raw::get;
use crate::domain::reference::service_of;
use crate::domain::run::Note;
use crate::domain::survey::facts::{UserIx, id_of};
use crate::domain::survey::{BusinessIx, Of, Standing};
use crate::domain::survivorship;
use crate::domain::text;
use crate::domain::view::Record;
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Surveyed, now};
use crate::store::scan::{self, Scan};

/// Records shown side by side.
const SIDE_BY_SIDE: usize = 8;
/// Characters of a value.
const WIDTH: usize = 120;

impl Session {
    /// The records that a conflict is about, at most eight.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn records(&self, key: &ConflictKey) -> Result<Vec<Record>> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let users = |ids: &[Id]| ids.iter().take(SIDE_BY_SIDE).cloned().collect::<Vec<_>>();
        match key.code {
            Code::CustomerExists => {
                let source = self
                    .layout
                    .source(&self.work.mapping.customers())
                    .unwrap_or_default();
                let business = key
                    .business
                    .as_ref()
                    .and_then(|id| survey.businesses.get_index_of(&id.canonical()));
                let ids: Vec<_> = survey
                    .existing
                    .values()
                    .filter(|existing| existing.business == business)
                    .take(SIDE_BY_SIDE)
                    .map(|existing| existing.id.clone())
                    .collect();
                self.records_of(&source, "customer", &ids).await
            }
            Code::BookingWithoutUser
            | Code::BookingWithoutBusiness
            | Code::BusinessDisagrees
            | Code::SeveralUsers
            | Code::AlreadyLinked
            | Code::IdTypeMismatch
            | Code::Followed(_) => self.sample_documents(key).await,
            _ => {
                let source = self
                    .layout
                    .source(&self.work.mapping.users())
                    .unwrap_or_default();
                let subjects = users(&key.subjects);
                let mut records = self.records_of(&source, "user", &subjects).await?;
                let guests: Vec<UserIx> = subjects
                    .iter()
                    .filter_map(|id| survey.guest_named(id))
                    .collect();
                let guests = self.guests(survey, &guests).await?;
                records.extend(guests.iter().map(|it| self.record("guest", &it.view)));
                Ok(records)
            }
        }
    }

    async fn records_of(&self, collection: &str, what: &str, ids: &[Id]) -> Result<Vec<Record>> {
        let mut documents = scan::by_ids(&self.work.connection.database, collection, ids).await?;
        documents.sort_by_key(|document| {
            id_of(document).and_then(|id| ids.iter().position(|it| *it == id))
        });
        Ok(documents
            .iter()
            .map(|document| self.record(what, document))
            .collect())
    }

    /// Bookings, or followed documents, that a conflict is about.
    async fn sample_documents(&self, key: &ConflictKey) -> Result<Vec<Record>> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let mapping = &self.work.mapping;
        let (of, collection, trouble) = match key.code {
            Code::Followed(code) => {
                let mut entries = survey.followed.iter();
                let Some(at) = entries.position(|it| it.name == code.entry()) else {
                    return Ok(Vec::new());
                };
                let collection = &survey.followed[at].collection;
                (Of::Entry(at), collection, Some(code.trouble))
            }
            code => (Of::Bookings, &mapping.booking.collection, code.trouble()),
        };
        let paths = survey.paths_of(of);
        let source = self.layout.original_of(mapping, collection);
        let mut found: Vec<RawDocumentBuf> = Vec::new();
        let mut reader = scan::read(
            &self.work.connection.database,
            &source,
            &Scan::default(),
            None,
        )?;
        while let Some(batch) = reader.next().await? {
            for document in batch.documents().filter(|it| !paths.is_outside(it)) {
                let refs = paths.read(document);
                let at_it = |business: BusinessIx| {
                    Some(survey.business_id(business)) == key.business.as_ref()
                };
                let fits = match (trouble, survey.standing_in(of, &refs)) {
                    (Some(Trouble::WithoutBusiness), Standing::WithoutBusiness { names }) => {
                        names.as_ref() == key.subjects.first()
                    }
                    (Some(Trouble::Disagrees), Standing::Disagrees { businesses }) => {
                        survey.ids_of_businesses(&businesses) == key.subjects
                    }
                    (
                        Some(Trouble::WithoutUser),
                        Standing::WithoutUser {
                            business,
                            names,
                            linked: None,
                        },
                    ) => at_it(business) && names.as_ref() == key.subjects.first(),
                    (Some(Trouble::SeveralUsers), Standing::Paired { business, .. }) => {
                        at_it(business) && survey.users_named(of, &refs).len() > 1
                    }
                    (
                        Some(Trouble::AlreadyLinked),
                        Standing::Paired {
                            business, linked, ..
                        }
                        | Standing::WithoutUser {
                            business, linked, ..
                        },
                    ) => {
                        refs.customer.is_some()
                            && (linked.is_some() || !paths.is_in_place())
                            && at_it(business)
                    }
                    (None, _) => survey.is_mismatched(&refs),
                    _ => false,
                };
                if fits {
                    found.push(document.to_owned());
                    if found.len() == SIDE_BY_SIDE {
                        return self.document_records(of, &found).await;
                    }
                }
            }
        }
        self.document_records(of, &found).await
    }

    /// The customer that a conflict's users will give, as it will be.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn preview(&self, key: &ConflictKey) -> Result<Option<Record>> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let users: Vec<UserIx> = key
            .subjects
            .iter()
            .filter_map(|id| survey.users.find(&id.canonical()))
            .collect();
        let Some(first) = users.first().copied() else {
            return Ok(None);
        };
        let business: Option<BusinessIx> = match &key.business {
            Some(id) => survey.businesses.get_index_of(&id.canonical()),
            None => survey.businesses_of(first).first().copied(),
        };
        let Some(business) = business else {
            return Ok(None);
        };
        let Some(id) = blueprint.customer_of(survey, first, business) else {
            return Ok(None);
        };
        let members = match blueprint.role(survey, first, business) {
            crate::domain::blueprint::Role::Grouped { group, .. } => {
                blueprint.groups[group].members.clone()
            }
            crate::domain::blueprint::Role::Own => vec![first],
            _ => return Ok(None),
        };
        let ids: Vec<Id> = members
            .iter()
            .map(|user| survey.user_id(*user).clone())
            .collect();
        let views = self.views_at(survey, business, &ids).await?;
        let documents: Vec<&RawDocument> = views.iter().map(|(view, _)| view.as_ref()).collect();
        let rules = blueprint.rules(survey, members[0], business);
        let customer = survivorship::customer(
            &self.work.mapping,
            &id,
            survey.business_id(business),
            &documents,
            &rules,
        );
        let mut record = self.record("customer", &customer);
        "will be".clone_into(&mut record.title);
        Ok(Some(record))
    }

    /// Bookings, or followed documents, as records, with the names of what they refer to.
    async fn document_records(&self, of: Of, bookings: &[RawDocumentBuf]) -> Result<Vec<Record>> {
        let mapping = &self.work.mapping;
        let Surveyed { survey, .. } = self.surveyed()?;
        let is_booking = of == Of::Bookings;
        let services = bookings.iter().filter(|_| is_booking);
        let services = services.filter_map(|it| service_of(mapping, it));
        self.look_up_services(services).await?;
        let read = |it: &RawDocumentBuf| survey.paths_of(of).read(it);
        let users = bookings
            .iter()
            .filter_map(|it| read(it).user.named().cloned());
        self.look_up_users(users).await?;
        let customers = bookings.iter().filter_map(|it| read(it).customer);
        self.look_up_customers(customers).await?;
        Ok(bookings
            .iter()
            .map(|document| {
                if !is_booking {
                    return self.record("document", document);
                }
                let mut record = self.record("booking", document);
                record.title = people::booking_time(mapping, document)
                    .map_or_else(|| "booking".to_owned(), calendar::minute);
                record
            })
            .collect())
    }

    /// A document as a record: what refers to others is told by their names, where these are known.
    fn record(&self, what: &str, document: &RawDocument) -> Record {
        let role = &self.work.mapping.user;
        let view = role.view(document);
        let seen = if what == "user" { &*view } else { document };
        let who = Who::of(seen, &role.name, Some(&role.email));
        let title = if who.words().is_empty() {
            format!("{what} without a name")
        } else {
            who.short()
        };
        let mut record = Record {
            title,
            fields: Vec::new(),
            ids: Vec::new(),
        };
        for (field, value) in text::fields(document, WIDTH) {
            let stored = get(document, &field);
            let is_id =
                field == "_id" || stored.is_some_and(|value| Id::from_value(value).is_usual());
            if !is_id {
                record.fields.push((field, value));
                continue;
            }
            let named = stored.filter(|_| field != "_id");
            if let Some(words) = named.and_then(|value| self.named(&Id::from_value(value))) {
                record.fields.push((field.clone(), words));
            }
            record.ids.push((field, value));
        }
        record
    }

    /// Keeps the operator's words on a step that is the operator's own work. With the note on going live our write block ends.
    ///
    /// # Errors
    /// A blank note, a step that is not the operator's, or the server's refusal.
    pub async fn note(&mut self, on: NoteOn, words: &str) -> Result<()> {
        let step = on.step;
        if words.trim().is_empty() {
            return Err(StepError::NotReady(
                "the note is empty; the step stays pending".to_owned(),
            ));
        }
        if step.touch() != Touch::Note {
            return Err(StepError::NotReady(format!(
                "{} is not ticked by a note: it is run",
                step.title()
            )));
        }
        let note = Note {
            text: words.trim().to_owned(),
            at: now(),
            by: crate::engine::session::operator(),
        };
        self.begin_run().await?.notes.insert(on.key(), note);
        self.save().await?;
        if on == NoteOn::step(Step::GoLive) && self.writes_blocked().is_some() {
            self.release_writes().await?;
        }
        Ok(())
    }

    /// Takes the operator's words on a step back; the step is open again. Says what else is true.
    ///
    /// # Errors
    /// There is no note, or the server's refusal.
    pub async fn take_note_back(&mut self, on: NoteOn) -> Result<String> {
        let step = on.step;
        let run = self.run.latest();
        if run.is_none_or(|run| !run.notes.contains_key(&on.key())) {
            return Err(StepError::NotReady(format!(
                "there is no note on {}. Nothing was changed",
                on.title()
            )));
        }
        self.hold().await?;
        if let Some(record) = &mut self.run.record {
            record.notes.remove(&on.key());
        }
        self.save().await?;
        let block = self.run.latest().and_then(|run| run.write_block.as_ref());
        Ok(match block {
            Some(block) if step == Step::GoLive && block.released.is_some() => {
                "the note is taken back; the write block that it released stays released".to_owned()
            }
            _ => "the note is taken back".to_owned(),
        })
    }
}
