//! Producing the customers: every user's, every placeholder, those that were there before, each with its link.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use tokio_util::sync::CancellationToken;

use crate::domain::blueprint::Role;
use crate::domain::id::Id;
use crate::domain::link::{Between, LinkKind, SeveralUsers, holding_merged};
use crate::domain::mapping::LINKS;
use crate::domain::schema_change::shape::Shape;
use crate::domain::survey::facts::{BusinessIx, UserIx, id_of};
use crate::domain::survey::times::time_in;
use crate::domain::survey::{Of, Survey};
use crate::domain::survivorship::{self, Link};
use crate::domain::transform::{self, Goal};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::people::GUESTS;
use crate::engine::session::{Session, Surveyed, Workspace};
use crate::store::converge::{Gathered, Tally, Target};
use crate::store::scan::{self, Scan};

/// Looks at a customer, and at what may date it.
type Look<'a> = Box<dyn FnMut(&RawDocument, Option<i64>) + Send + 'a>;

/// Where what is made goes.
#[allow(clippy::large_enum_variant)] // one at a time
pub(crate) enum Out<'a> {
    /// Into a collection, or beside one to be compared.
    Gathered(Gathered<'a>),
    /// To somebody who looks at it, with what may date it.
    Shown(Look<'a>),
}

impl Out<'_> {
    async fn want(
        &mut self,
        document: RawDocumentBuf,
        oldest: Option<i64>,
    ) -> crate::store::Result<()> {
        match self {
            Self::Gathered(gathered) => gathered.want(document).await,
            Self::Shown(look) => {
                look(&document, oldest);
                Ok(())
            }
        }
    }

    async fn give_up(self) {
        if let Self::Gathered(gathered) = self {
            gathered.give_up().await;
        }
    }

    async fn finish(self, cancel: &CancellationToken) -> crate::store::Result<(Tally, bool)> {
        match self {
            Self::Gathered(gathered) => gathered.finish(cancel).await,
            Self::Shown(_) => Ok((Tally::default(), false)),
        }
    }
}

/// A user, or a guest, of whom customers are made.
#[derive(Debug, Clone)]
struct Person {
    at: UserIx,
    /// What it holds, under the customer's own field names.
    view: RawDocumentBuf,
    /// Of a guest, the bookings that say so.
    bookings: BTreeSet<Between>,
    /// Where a document on the way of its bookings gives fields too: what it holds with these as a customer of a business, and the documents.
    at_business: BTreeMap<BusinessIx, (Vec<Between>, RawDocumentBuf)>,
}

impl Person {
    fn of(at: UserIx, view: RawDocumentBuf) -> Self {
        Self {
            at,
            view,
            bookings: BTreeSet::new(),
            at_business: BTreeMap::new(),
        }
    }

    /// What it holds as a customer of a business.
    fn view_at(&self, business: BusinessIx) -> &RawDocument {
        let of_business = self.at_business.get(&business);
        of_business.map_or(&self.view, |(_, view)| view)
    }
}

/// Members of groups that have not all come yet, by group.
type Waiting = HashMap<usize, Vec<Person>>;

/// Where customers and their links go.
pub(crate) struct CustomersOut<'a> {
    pub(crate) customers: Out<'a>,
    pub(crate) links: Out<'a>,
    /// What the after-schema does to each customer.
    pub(crate) shape: Option<Shape>,
    /// A rule may date customers by the oldest of their users or bookings.
    pub(crate) dated: bool,
}

impl CustomersOut<'_> {
    async fn customer(&mut self, customer: RawDocumentBuf, oldest: Option<i64>) -> Result<()> {
        let shaped = match &self.shape {
            Some(shape) => shape.of_dated(&customer, oldest)?.document,
            None => customer,
        };
        Ok(self.customers.want(shaped, oldest).await?)
    }

    async fn link(&mut self, link: RawDocumentBuf) -> Result<()> {
        Ok(self.links.want(link, None).await?)
    }

    /// What dates a customer whose own id has no time, where a rule asks for it.
    fn date_of(&self, customer: &Id, oldest: impl FnOnce() -> Option<i64>) -> Option<i64> {
        let asks = self.dated && time_in(customer).is_none();
        asks.then(oldest).flatten()
    }
}

impl Session {
    /// Makes the prepared customers and links what they should be; with `writes` false only counts what differs.
    pub(crate) async fn converge_customers(
        &self,
        writes: bool,
        watcher: &Watcher,
    ) -> Result<Tally> {
        for _ in 0..2 {
            let customers = self.layout.place(&self.work.mapping.customers());
            let (customers, links) = if writes {
                (
                    Target::write(&self.work.connection, &customers).await?,
                    Target::write(&self.work.connection, LINKS).await?,
                )
            } else {
                (
                    Target::compare(&self.work.connection, &customers),
                    Target::compare(&self.work.connection, LINKS),
                )
            };
            let shape = self.work.shape_of(&self.work.mapping.customers());
            let mut out = CustomersOut {
                customers: Out::Gathered(Gathered::new(customers, &self.work.memory)),
                links: Out::Gathered(Gathered::new(links, &self.work.memory)),
                dated: shape.as_ref().is_some_and(Shape::asks_for_oldest),
                shape,
            };
            if let Err(error) = self.produce_customers(&mut out, watcher).await {
                out.customers.give_up().await;
                out.links.give_up().await;
                return Err(error);
            }
            let (customers, again) = match out.customers.finish(&watcher.cancel).await {
                Ok(done) => done,
                Err(error) => {
                    out.links.give_up().await;
                    return Err(error.into());
                }
            };
            let (links, links_again) = out.links.finish(&watcher.cancel).await?;
            self.work.tables_hold()?;
            if !again && !links_again {
                return Ok(customers.and(links));
            }
        }
        Err(StepError::Findings(
            "two customers of one business would share an e-mail, which the unique index forbids. The live data is unchanged; review duplicate-email and customer-exists, then prepare again".to_owned(),
        ))
    }

    /// Makes every customer and its link, and hands them to `out`.
    pub(crate) async fn produce_customers(
        &self,
        out: &mut CustomersOut<'_>,
        watcher: &Watcher,
    ) -> Result<()> {
        let surveyed = self.surveyed()?;
        self.produce_existing(surveyed, out).await?;
        self.work.produce_placeholders(surveyed, out).await?;
        self.produce_notes(surveyed, out).await?;
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let survey = &surveyed.survey;
        let total = survey.users.len() as u64;
        let mut waiting = Waiting::new();
        let database = &self.work.connection.database;
        let mut reader = scan::read(database, &users, &Scan::default(), None)?;
        let mut done = 0_u64;
        while let Some(batch) = reader.next().await? {
            self.work.between_batches(watcher)?;
            watcher.says("creating customers", done, total);
            done += batch.len() as u64;
            let ids = batch.documents().filter_map(id_of);
            let users = ids.filter_map(|id| survey.users.find(&id.canonical()));
            let named = users.flat_map(|user| {
                let businesses = survey.businesses_of(user).into_iter();
                businesses.filter_map(move |business| survey.hop_document(user, business))
            });
            let between = self.hop_documents(&named.collect()).await?;
            for document in batch.documents() {
                let document = &*self.work.mapping.user.view(document);
                let Some(user) = id_of(document).and_then(|id| survey.users.find(&id.canonical()))
                else {
                    continue; // written since the survey; the next converge takes it in
                };
                let mut person = Person::of(user, document.to_owned());
                if !between.is_empty() {
                    let businesses = survey.businesses_of(user).into_iter();
                    let more = businesses.filter_map(|at| {
                        let whole = self.with_hop_fields(survey, (user, at), document, &between);
                        Some((at, whole?))
                    });
                    person.at_business = more.collect();
                }
                self.work
                    .produce_all(surveyed, person, &mut waiting, out)
                    .await?;
            }
        }
        let every = survey.every_guest();
        for from in every.clone().step_by(GUESTS) {
            let guests: Vec<UserIx> = (from..every.end.min(from + GUESTS)).collect();
            self.work.between_batches(watcher)?;
            watcher.says("creating customers", done, total);
            done += guests.len() as u64;
            for seen in self.guests(survey, &guests).await? {
                let person = Person {
                    at: seen.guest,
                    view: seen.view,
                    bookings: seen.bookings,
                    at_business: BTreeMap::new(),
                };
                self.work
                    .produce_all(surveyed, person, &mut waiting, out)
                    .await?;
            }
        }
        watcher.says("creating customers", total, total);
        Ok(())
    }

    /// Customers that were there before: verbatim, each with a link to the users whose bookings stand with it.
    async fn produce_existing(
        &self,
        surveyed: &Surveyed,
        out: &mut CustomersOut<'_>,
    ) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = surveyed;
        let Some(source) = self.layout.source(&self.work.mapping.customers()) else {
            return Ok(());
        };
        let mut users: HashMap<usize, Vec<UserIx>> = HashMap::new();
        for (existing, user) in &survey.linked_users {
            let business = survey.existing[*existing].business;
            if !business.is_some_and(|business| blueprint.relinks(business)) {
                let customer = blueprint.goes_on_in(*existing);
                users.entry(customer).or_default().push(*user);
            }
        }
        for (user, business) in survey.pairs.keys() {
            let adopted = match blueprint.role(survey, user, business) {
                Role::Adopted(existing) => Some(existing),
                Role::Grouped { group, .. } => blueprint.groups[group].adopts,
                _ => None,
            };
            if let Some(existing) = adopted {
                users.entry(existing).or_default().push(user);
            }
        }
        let database = &self.work.connection.database;
        let mut reader = scan::read(database, &source, &Scan::default(), None)?;
        while let Some(batch) = reader.next().await? {
            for document in batch.documents() {
                let Some(id) = id_of(document) else { continue };
                let at = survey.existing.get_index_of(&id.canonical());
                if at.is_some_and(|at| blueprint.is_merged_away(at)) {
                    continue; // its bookings go to another one, whose link holds it
                }
                let users = at.and_then(|at| users.remove(&at)).unwrap_or_default();
                let ids = |guests: bool| {
                    let of = users
                        .iter()
                        .filter(|user| survey.is_guest(**user) == guests);
                    let ids: BTreeSet<Id> = of.map(|user| survey.user_id(*user)).collect();
                    ids.into_iter().collect()
                };
                let business = at
                    .and_then(|at| survey.existing[at].business)
                    .map(|business| survey.business_id(business));
                let link = Link {
                    customer: &id,
                    business,
                    kind: LinkKind::Existing,
                    users: ids(false),
                    guests: ids(true),
                    bookings: Vec::new(),
                    between: Vec::new(),
                    made: None,
                    oldest: None,
                };
                let mut link = survivorship::link(&self.work.mapping, &link, None);
                let merged = at.map(|at| blueprint.merged_into(at)).unwrap_or_default();
                if !merged.is_empty() {
                    let ids: Vec<Id> = merged
                        .iter()
                        .map(|at| survey.existing[*at].id.clone())
                        .collect();
                    let mut rows = scan::by_ids(database, &source, &ids).await?;
                    rows.sort_by_key(|row| id_of(row));
                    link = holding_merged(&link, &rows);
                }
                out.link(link).await?;
                out.customer(document.to_owned(), None).await?;
            }
        }
        Ok(())
    }
}

impl Session {
    /// Notes of documents that name several users: whom beside the one whose customer they point at.
    async fn produce_notes(&self, surveyed: &Surveyed, out: &mut CustomersOut<'_>) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = surveyed;
        let mapping = &self.work.mapping;
        let bookings = !survey.several_users.is_empty();
        let of_bookings = &mapping.booking.collection;
        let bookings = bookings.then_some((Of::Bookings, of_bookings, of_bookings));
        let entries = survey.followed.iter().enumerate();
        let entries = entries.filter(|(_, entry)| !entry.several_users.is_empty());
        let entries = entries.map(|(at, entry)| (Of::Entry(at), &entry.collection, &entry.name));
        for (of, collection, name) in bookings.into_iter().chain(entries) {
            let source = self.layout.original_of(mapping, collection);
            let database = &self.work.connection.database;
            let mut reader = scan::read(database, &source, &Scan::default(), None)?;
            while let Some(batch) = reader.next().await? {
                for document in batch.documents() {
                    let goal = transform::goal(survey, blueprint, of, document);
                    let refs = survey.paths_of(of).read(document);
                    let users = survey.users_named(of, &refs);
                    if let (Goal::Customer(..) | Goal::Kept(..), Some(id)) = (goal, refs.id)
                        && users.len() > 1
                    {
                        let note = SeveralUsers {
                            of: name.clone(),
                            document: id,
                            others: users[1..].iter().map(|it| survey.user_id(*it)).collect(),
                        };
                        out.link(note.note()).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Workspace {
    /// The customers of one person: at each of the businesses, alone or with others once all of them came.
    async fn produce_all(
        &self,
        surveyed: &Surveyed,
        person: Person,
        waiting: &mut Waiting,
        out: &mut CustomersOut<'_>,
    ) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = surveyed;
        let user = person.at;
        for business in survey.businesses_of(user) {
            match blueprint.role(survey, user, business) {
                Role::Own => {
                    self.produce(surveyed, (user, business), &[&person], out)
                        .await?;
                }
                Role::Grouped { group, .. } => {
                    let group_of = &blueprint.groups[group];
                    if group_of.adopts.is_some() {
                        continue;
                    }
                    let members = waiting.entry(group).or_default();
                    members.push(person.clone());
                    if members.len() < group_of.members.len() {
                        continue;
                    }
                    let mut members = waiting.remove(&group).unwrap_or_default();
                    members.sort_by_key(|person| {
                        group_of.members.iter().position(|it| *it == person.at)
                    });
                    let members: Vec<&Person> = members.iter().collect();
                    self.produce(surveyed, (group_of.members[0], business), &members, out)
                        .await?;
                }
                Role::Adopted(_) | Role::Linked | Role::Skipped => {}
            }
        }
        Ok(())
    }

    /// What dates the customer of one person alone, where a rule asks for it.
    pub(crate) fn date_of_one(
        &self,
        survey: &Survey,
        customer: &Id,
        (user, business): (UserIx, BusinessIx),
    ) -> Option<i64> {
        let shape = self.shape_of(&self.mapping.customers())?;
        let asks = shape.asks_for_oldest() && time_in(customer).is_none();
        asks.then(|| survey.oldest_of(std::iter::once(user), business))
            .flatten()
    }

    /// One customer and its link, from `members`, survivor first.
    async fn produce(
        &self,
        surveyed: &Surveyed,
        (survivor, business): (UserIx, BusinessIx),
        members: &[&Person],
        out: &mut CustomersOut<'_>,
    ) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = surveyed;
        let Some(id) = blueprint.customer_of(survey, survivor, business) else {
            return Ok(());
        };
        let rules = blueprint.rules(survey, survivor, business);
        let users = members.iter().map(|it| it.at);
        let oldest = out.date_of(&id, || survey.oldest_of(users, business));
        let at = business;
        let business = survey.business_id(business);
        let documents: Vec<&RawDocument> = members.iter().map(|it| it.view_at(at)).collect();
        let customer = survivorship::customer(&self.mapping, &id, business, &documents, &rules);
        let ids = |guests: bool| {
            let of = members.iter().filter(|it| survey.is_guest(it.at) == guests);
            let mut ids: Vec<Id> = of.filter_map(|it| id_of(&it.view)).collect();
            ids.sort();
            ids
        };
        let between = members.iter().filter_map(|it| it.at_business.get(&at));
        let between: BTreeSet<&Between> = between.flat_map(|(from, _)| from).collect();
        let bookings: BTreeSet<&Between> = members.iter().flat_map(|it| &it.bookings).collect();
        let link = Link {
            customer: &id,
            business: Some(business),
            kind: rules.link_kind(),
            users: ids(false),
            guests: ids(true),
            bookings: bookings.into_iter().cloned().collect(),
            between: between.into_iter().cloned().collect(),
            made: Some(&customer),
            oldest,
        };
        let lost = rules
            .loses()
            .then_some((customer.as_ref(), documents.as_slice()));
        let link = survivorship::link(&self.mapping, &link, lost);
        out.customer(customer, oldest).await?;
        out.link(link).await
    }

    async fn produce_placeholders(
        &self,
        surveyed: &Surveyed,
        out: &mut CustomersOut<'_>,
    ) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = surveyed;
        for (business, names, created) in blueprint.placeholders() {
            let id = blueprint.placeholder_of(survey, business, names.as_ref());
            let dates = || survey.oldest_without_user(business, names.as_ref());
            let oldest = out.date_of(&id, dates);
            let business = survey.business_id(business);
            let customer = survivorship::placeholder(&self.mapping, &id, business, created);
            let link = Link {
                customer: &id,
                business: Some(business),
                kind: LinkKind::Placeholder,
                users: names.iter().cloned().collect(),
                guests: Vec::new(),
                bookings: Vec::new(),
                between: Vec::new(),
                made: Some(&customer),
                oldest,
            };
            out.link(survivorship::link(&self.mapping, &link, None))
                .await?;
            out.customer(customer, oldest).await?;
        }
        Ok(())
    }
}
