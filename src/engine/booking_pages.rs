//! What becomes of the bookings, page by page, each in people's words; and looking for some of them. Reads only.

use std::collections::{BTreeSet, HashSet};

use bson::doc;
use bson::raw::{RawDocument, RawDocumentBuf};
use futures_util::TryStreamExt;

use crate::domain::blueprint::Role;
use crate::domain::document_diff::{BookingDiff, diff};
use crate::domain::id::Id;
use crate::domain::mapping::QUARANTINE;
use crate::domain::people::{BookingWords, booking_time};
use crate::domain::reference::service_of;
use crate::domain::survey::facts::id_of;
use crate::domain::survey::{BusinessIx, Standing, UserIx};
use crate::domain::transform::{self, BookingFate, Placed};
use crate::domain::view::{DiffCursor, DiffFilter, DiffPage, Order, Search};
use crate::engine::error::Result;
use crate::engine::session::{Session, Surveyed};
use crate::store::StoreError;
use crate::store::scan::{self, Scan};

/// Bookings looked through for one page of a filtered preview before the page is given as it is.
const PATIENCE: u64 = 20_000;
/// Users that a part of a name may fit; more are not followed.
const NAMED_ALIKE: i64 = 2_000;

/// What the filter comes to, once the users are known whose names fit.
struct Wanted<'f> {
    filter: &'f DiffFilter,
    /// Users, in canonical form, whose name or e-mail holds the text that is searched for.
    named: Option<HashSet<Id>>,
}

/// A booking on its way to the page, with what is looked up for all of them at once.
struct Entry {
    diff: BookingDiff,
    was: Named,
    becomes: Becomes,
    service: Option<Id>,
    /// What it says of its guest holds the text that is searched for.
    guest_fits: bool,
}

/// Whom a booking names now.
enum Named {
    Nobody,
    Missing,
    User(Id),
}

/// Whom a booking names afterwards.
enum Becomes {
    User(Id),
    Existing(Id),
    Placeholder,
    Quarantined,
    Left,
}

impl Session {
    /// A page of what becomes of the bookings, in the order that the filter says.
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
        let wanted = self.wanted(filter).await?;
        let mut page = DiffPage::default();
        let mut entries = Vec::new();
        if filter.order != Order::Stored {
            // One more than is shown tells whether more follow.
            let most = if filter.is_empty() {
                limit as u64
            } else {
                PATIENCE
            };
            let most = i64::try_from(most + 1).unwrap_or(i64::MAX);
            let mut found = self
                .bookings_by_date(&source, filter.order, cursor, most)
                .await?;
            let failed =
                |error| StoreError::from_driver(format!("sorting {source} by date"), &error);
            while found.advance().await.map_err(failed)? {
                if entries.len() == limit || page.looked == PATIENCE {
                    page.more = true;
                    break;
                }
                let document = found.current();
                page.looked += 1;
                page.reached = id_of(document);
                entries.extend(self.booking_diff(&wanted, document)?);
            }
            if scan.backwards {
                entries.reverse();
            }
            page.entries = self.in_words(entries).await?;
            return Ok(page);
        }
        let mut reader = scan::read(&self.work.connection.database, &source, &scan, None)?;
        'reading: while let Some(batch) = reader.next().await? {
            for document in batch.documents() {
                let id = id_of(document);
                if matches!((cursor, &id), (DiffCursor::After(from), Some(id)) if from == id) {
                    continue;
                }
                if entries.len() == limit || page.looked == PATIENCE {
                    page.more = true;
                    break 'reading;
                }
                page.looked += 1;
                page.reached = id;
                entries.extend(self.booking_diff(&wanted, document)?);
            }
        }
        if scan.backwards {
            entries.reverse();
        }
        page.entries = self.in_words(entries).await?;
        Ok(page)
    }

    /// Finds the users that a search for a text means.
    async fn wanted<'f>(&self, filter: &'f DiffFilter) -> Result<Wanted<'f>> {
        let Some(Search::Text(text)) = &filter.search else {
            return Ok(Wanted {
                filter,
                named: None,
            });
        };
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let role = &self.work.mapping.user;
        if !self.work.mapping.has_users() {
            return Ok(Wanted {
                filter,
                named: None,
            });
        }
        let like = || doc! { "$regex": escaped(text), "$options": "i" };
        let either = doc! { "$or": [{ &role.name: like() }, { &role.email: like() }] };
        let failed =
            |error| StoreError::from_driver(format!("looking for names in {users}"), &error);
        let found = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(&users)
            .find(either)
            .projection(doc! { "_id": 1 })
            .limit(NAMED_ALIKE)
            .await
            .map_err(failed)?;
        let found: Vec<RawDocumentBuf> = found.try_collect().await.map_err(failed)?;
        let named = found.iter().filter_map(|it| id_of(it));
        Ok(Wanted {
            filter,
            named: Some(named.map(|id| id.canonical()).collect()),
        })
    }

    fn booking_diff(&self, wanted: &Wanted<'_>, document: &RawDocument) -> Result<Option<Entry>> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let fate = transform::booking(survey, blueprint, document)?;
        let entries = survey.entries_of_bookings();
        let references = survey.paths().read(document);
        let (user, business, linked): (Option<UserIx>, Option<BusinessIx>, Option<usize>) =
            match survey.standing(&references) {
                Standing::Paired {
                    user,
                    business,
                    linked,
                } => (Some(user), Some(business), linked),
                Standing::WithoutUser {
                    business, linked, ..
                } => (None, Some(business), linked),
                Standing::WithoutBusiness { .. } | Standing::Disagrees { .. } => (None, None, None),
            };
        let names = references.user.named();
        let user = user.or_else(|| survey.users.find(&names?.canonical()));
        let was = match (user, names) {
            (Some(user), _) => Named::User(survey.user_id(user)),
            (None, Some(_)) => Named::Missing,
            (None, None) => Named::Nobody,
        };
        let (customer, becomes) = match &fate {
            BookingFate::Linked { customer, .. } => {
                let becomes = match (linked, user, business) {
                    (Some(at), ..) => Becomes::Existing(survey.existing[at].id.clone()),
                    (None, Some(user), Some(business)) => {
                        match blueprint.role(survey, user, business) {
                            Role::Adopted(at) => Becomes::Existing(survey.existing[at].id.clone()),
                            Role::Own | Role::Grouped { .. } | Role::Linked | Role::Skipped => {
                                Becomes::User(survey.user_id(user))
                            }
                        }
                    }
                    _ => Becomes::Placeholder,
                };
                (Some(customer.clone()), becomes)
            }
            BookingFate::Quarantined => (None, Becomes::Quarantined),
            BookingFate::Left => (None, Becomes::Left),
        };
        let entry = Entry {
            diff: BookingDiff {
                booking: id_of(document).unwrap_or_else(|| Id::string("")),
                business: business.map(|at| survey.business_id(at).clone()),
                business_name: business
                    .map(|at| survey.businesses[at].name.clone())
                    .unwrap_or_default(),
                customer,
                outcome: match &fate {
                    BookingFate::Linked { .. } => String::new(), // said once the names are known
                    BookingFate::Quarantined => {
                        format!("to the quarantine, unchanged ({QUARANTINE})")
                    }
                    BookingFate::Left => "stays as it is, by decision".to_owned(),
                },
                words: BookingWords {
                    when: booking_time(&survey.mapping, document),
                    ..BookingWords::default()
                },
                unusual: !matches!(becomes, Becomes::User(_)) || !matches!(was, Named::User(_)),
                lines: match transform::placed(survey, blueprint, &entries, (document, fate))? {
                    Placed::Copy(after) => diff(document, Some(&after)),
                    Placed::Side(_) => diff(document, None),
                },
            },
            was,
            becomes,
            service: service_of(&survey.mapping, document),
            guest_fits: match &wanted.filter.search {
                Some(Search::Text(text)) => survey
                    .paths()
                    .guests()
                    .is_some_and(|guests| guests.says(document, text)),
                _ => false,
            },
        };
        Ok(wanted.fits(&entry).then_some(entry))
    }

    /// Looks up the names of a page at once.
    async fn in_words(&self, entries: Vec<Entry>) -> Result<Vec<BookingDiff>> {
        let users = entries.iter().flat_map(|entry| {
            let was = match &entry.was {
                Named::User(id) => Some(id.clone()),
                Named::Nobody | Named::Missing => None,
            };
            let becomes = match &entry.becomes {
                Becomes::User(id) => Some(id.clone()),
                _ => None,
            };
            was.into_iter().chain(becomes)
        });
        self.look_up_users(users.collect::<BTreeSet<_>>()).await?;
        let existing = entries.iter().filter_map(|entry| match &entry.becomes {
            Becomes::Existing(id) => Some(id.clone()),
            _ => None,
        });
        self.look_up_customers(existing.collect::<BTreeSet<_>>())
            .await?;
        let services = entries.iter().filter_map(|entry| entry.service.clone());
        self.look_up_services(services.collect::<BTreeSet<_>>())
            .await?;
        let words = entries.into_iter().map(|entry| {
            let Entry {
                mut diff,
                was,
                becomes,
                service,
                ..
            } = entry;
            diff.words.service = match service {
                None => "(no service)".to_owned(),
                Some(id) => self
                    .service_who(&id)
                    .map_or_else(|| "(service is gone)".to_owned(), |who| who.short()),
            };
            diff.words.was = match was {
                Named::Nobody => "(no user)".to_owned(),
                Named::Missing => "(no such user)".to_owned(),
                Named::User(id) => self.user_words(&id),
            };
            diff.words.becomes = match becomes {
                Becomes::User(id) => self.customer_words(&id),
                Becomes::Existing(id) => self
                    .customer_who(&id)
                    .map_or_else(|| "an existing customer".to_owned(), |who| who.short()),
                Becomes::Placeholder => "a placeholder customer".to_owned(),
                Becomes::Quarantined => "quarantined".to_owned(),
                Becomes::Left => "left as it is".to_owned(),
            };
            if diff.outcome.is_empty() {
                diff.outcome = format!("to the customer {}", diff.words.becomes);
            }
            diff
        });
        Ok(words.collect())
    }
}

impl Wanted<'_> {
    fn fits(&self, entry: &Entry) -> bool {
        let filter = self.filter;
        let diff = &entry.diff;
        let user = match &entry.was {
            Named::User(id) => Some(id),
            Named::Nobody | Named::Missing => None,
        };
        let is = |wanted: &Option<Id>, found: Option<&Id>| {
            wanted.as_ref().is_none_or(|wanted| Some(wanted) == found)
        };
        is(&filter.business, diff.business.as_ref())
            && is(&filter.customer, diff.customer.as_ref())
            && is(&filter.user, user)
            && (!filter.unusual || diff.unusual)
            && match &filter.search {
                None => true,
                Some(Search::Id(id)) => {
                    *id == diff.booking
                        || Some(id) == diff.customer.as_ref()
                        || Some(id) == user
                        || Some(id) == entry.service.as_ref()
                }
                Some(Search::Span(from, until)) => diff
                    .words
                    .when
                    .is_some_and(|when| (*from..*until).contains(&when)),
                Some(Search::Text(_)) if entry.guest_fits => true,
                Some(Search::Text(_)) => self.named.as_ref().is_some_and(|named| {
                    user.is_some_and(|user| named.contains(&user.canonical()))
                }),
            }
    }
}

/// A text as a pattern that means itself.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() * 2);
    for c in text.chars().filter(|c| *c != '\0') {
        if !c.is_alphanumeric() && !c.is_whitespace() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
