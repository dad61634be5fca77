//! Looking before deciding: the records behind a conflict, the customer a merge will give, and the diff of every booking. Reads only.

use bson::raw::RawDocument;

use crate::domain::checklist::{Step, Touch};
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::document_diff::{BookingDiff, diff};
use crate::domain::id::Id;
use crate::domain::mapping::QUARANTINE;
use crate::domain::run::Note;
use crate::domain::survey::facts::{UserIx, id_of};
use crate::domain::survey::{BusinessIx, Standing};
use crate::domain::survivorship;
use crate::domain::text;
use crate::domain::transform::{self, BookingFate};
use crate::domain::view::{DiffCursor, DiffFilter, DiffPage, Record};
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Surveyed, Workspace, now};
use crate::store::scan::{self, Scan};

/// Records shown side by side.
const SIDE_BY_SIDE: usize = 8;
/// Characters of a value.
const WIDTH: usize = 120;
/// Bookings looked through for one page of a filtered preview before the page is given as it is.
const PATIENCE: usize = 20_000;

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
                self.work.records_of(&source, "customer", &ids).await
            }
            Code::BookingWithoutUser
            | Code::BookingWithoutBusiness
            | Code::AlreadyLinked
            | Code::IdTypeMismatch => self.sample_bookings(key).await,
            _ => {
                let source = self
                    .layout
                    .source(&self.work.mapping.users())
                    .unwrap_or_default();
                self.work
                    .records_of(&source, "user", &users(&key.subjects))
                    .await
            }
        }
    }

    async fn sample_bookings(&self, key: &ConflictKey) -> Result<Vec<Record>> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let source = self
            .layout
            .source(&self.work.mapping.bookings())
            .unwrap_or_default();
        let mut found = Vec::new();
        let mut reader = scan::read(
            &self.work.connection.database,
            &source,
            &Scan::default(),
            None,
        )?;
        while let Some(batch) = reader.next().await? {
            for document in batch.documents() {
                let refs = survey.paths().read(document);
                let fits = match (key.code, survey.standing(&refs)) {
                    (Code::BookingWithoutBusiness, Standing::WithoutBusiness { names }) => {
                        names.as_ref() == key.subjects.first()
                    }
                    (Code::BusinessDisagrees, Standing::Disagrees { businesses }) => {
                        survey.ids_of_businesses(&businesses) == key.subjects
                    }
                    (
                        Code::BookingWithoutUser,
                        Standing::WithoutUser {
                            business,
                            names,
                            linked: None,
                        },
                    ) => {
                        Some(survey.business_id(business)) == key.business.as_ref()
                            && names.as_ref() == key.subjects.first()
                    }
                    (
                        Code::AlreadyLinked,
                        Standing::Paired {
                            business, linked, ..
                        }
                        | Standing::WithoutUser {
                            business, linked, ..
                        },
                    ) => {
                        refs.customer.is_some()
                            && (linked.is_some() || !survey.paths().is_in_place())
                            && Some(survey.business_id(business)) == key.business.as_ref()
                    }
                    (Code::IdTypeMismatch, _) => survey.is_mismatched(&refs),
                    _ => false,
                };
                if fits {
                    found.push(record("booking", document));
                    if found.len() == SIDE_BY_SIDE {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(found)
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
        let source = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let mut documents = scan::by_ids(&self.work.connection.database, &source, &ids).await?;
        documents.sort_by_key(|document| {
            id_of(document).and_then(|id| ids.iter().position(|it| *it == id))
        });
        let role = &self.work.mapping.user;
        let views: Vec<_> = documents.iter().map(|it| role.view(it)).collect();
        let documents: Vec<&RawDocument> = views.iter().map(AsRef::as_ref).collect();
        let rules = blueprint.rules(members[0], business);
        let customer = survivorship::customer(
            &self.work.mapping,
            &id,
            survey.business_id(business),
            &documents,
            &rules,
        );
        Ok(Some(record("customer, as it will be", &customer)))
    }

    /// A page of what becomes of the bookings, in `_id` order.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn diff_page(
        &self,
        filter: &DiffFilter,
        cursor: &DiffCursor,
        limit: usize,
    ) -> Result<DiffPage> {
        let source = self
            .layout
            .source(&self.work.mapping.bookings())
            .unwrap_or_default();
        let mut scan = Scan {
            ordered: true,
            ..Scan::default()
        };
        match cursor {
            DiffCursor::Start => {}
            DiffCursor::After(id) => scan.from = Some(id.clone()),
            DiffCursor::Before(id) => {
                scan.until = Some(id.clone());
                scan.backwards = true;
            }
        }
        let mut entries = Vec::new();
        let mut looked = 0;
        let mut more = false;
        let mut reader = scan::read(&self.work.connection.database, &source, &scan, None)?;
        'reading: while let Some(batch) = reader.next().await? {
            for document in batch.documents() {
                let id = id_of(document);
                if matches!((cursor, &id), (DiffCursor::After(from), Some(id)) if from == id) {
                    continue;
                }
                looked += 1;
                if entries.len() == limit || looked > PATIENCE {
                    more = true;
                    break 'reading;
                }
                entries.extend(self.booking_diff(filter, document)?);
            }
        }
        if scan.backwards {
            entries.reverse();
        }
        Ok(DiffPage { entries, more })
    }

    fn booking_diff(
        &self,
        filter: &DiffFilter,
        document: &RawDocument,
    ) -> Result<Option<BookingDiff>> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let fate = transform::booking(survey, blueprint, document)?;
        let (customer, business) = match &fate {
            BookingFate::Linked {
                customer, business, ..
            } => (Some(customer), Some(*business)),
            _ => match survey.standing(&survey.paths().read(document)) {
                Standing::Paired { business, .. } | Standing::WithoutUser { business, .. } => {
                    (None, Some(business))
                }
                Standing::WithoutBusiness { .. } | Standing::Disagrees { .. } => (None, None),
            },
        };
        let of = business.map(|business| survey.business_id(business));
        if filter
            .business
            .as_ref()
            .is_some_and(|wanted| Some(wanted) != of)
            || filter
                .customer
                .as_ref()
                .is_some_and(|wanted| Some(wanted) != customer)
        {
            return Ok(None);
        }
        let outcome = match &fate {
            BookingFate::Linked { customer, .. } => format!("to customer {customer}"),
            BookingFate::Quarantined => format!("to the quarantine, unchanged ({QUARANTINE})"),
            BookingFate::Left => "stays as it is, by decision".to_owned(),
        };
        let lines = match &fate {
            BookingFate::Linked {
                document: after, ..
            } => diff(document, Some(after)),
            BookingFate::Quarantined => diff(document, None),
            BookingFate::Left => diff(document, Some(document)),
        };
        Ok(Some(BookingDiff {
            booking: id_of(document).unwrap_or_else(|| Id::string("")),
            business: of.cloned(),
            business_name: business
                .map(|at| survey.businesses[at].name.clone())
                .unwrap_or_default(),
            customer: customer.cloned(),
            outcome,
            lines,
        }))
    }

    /// Keeps the operator's words on a step that is the operator's own work. With the note on going live our write block ends.
    ///
    /// # Errors
    /// A blank note, a step that is not the operator's, or the server's refusal.
    pub async fn note(&mut self, step: Step, words: &str) -> Result<()> {
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
        self.begin_run()
            .await?
            .notes
            .insert(step.word().to_owned(), note);
        self.save().await?;
        if step == Step::GoLive && self.writes_blocked().is_some() {
            self.release_writes().await?;
        }
        Ok(())
    }

    /// Takes the operator's words on a step back; the step is open again. Says what else is true.
    ///
    /// # Errors
    /// There is no note, or the server's refusal.
    pub async fn take_note_back(&mut self, step: Step) -> Result<String> {
        let run = self.run.latest();
        if run.is_none_or(|run| !run.notes.contains_key(step.word())) {
            return Err(StepError::NotReady(format!(
                "there is no note on {}. Nothing was changed",
                step.title()
            )));
        }
        self.hold().await?;
        if let Some(record) = &mut self.run.record {
            record.notes.remove(step.word());
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

impl Workspace {
    async fn records_of(&self, collection: &str, what: &str, ids: &[Id]) -> Result<Vec<Record>> {
        let mut documents = scan::by_ids(&self.connection.database, collection, ids).await?;
        documents.sort_by_key(|document| {
            id_of(document).and_then(|id| ids.iter().position(|it| *it == id))
        });
        Ok(documents
            .iter()
            .map(|document| record(what, document))
            .collect())
    }
}

fn record(what: &str, document: &RawDocument) -> Record {
    let id = id_of(document)
        .map(|id| text::safe(&id.to_string(), 60))
        .unwrap_or_default();
    Record {
        title: format!("{what} {id}"),
        fields: text::fields(document, WIDTH),
    }
}
