//! Feeding a survey, document by document.

use std::collections::{BTreeMap, BTreeSet};

use bson::raw::RawDocument;

use super::facts::{Password, UserFacts, email_hash, hash128, id_of, naming_hash};
use super::found::{Finder, Followed, Joined};
use super::guests::{GuestRead, Guests};
use super::homes::home_of;
use super::hop_sources::HopSources;
use super::references::{Form, MOST_BOOKINGS, Referenced};
use super::times::Oldest;
use super::{Business, BusinessIx, Existing, Of, Standing, Survey, UserIx};
use crate::domain::conflict::Code;
use crate::domain::customer_id::IdKind;
use crate::domain::decision::Contact;
use crate::domain::id::Id;
use crate::domain::map::{Map, Ordered, Set};
use crate::domain::mapping::Mapping;
use crate::domain::raw::{elements, get, kind};
use crate::domain::reference::{
    AccountHop, AccountNames, AccountPath, BookingPaths, GuestPaths, HopFields, Reading, References,
};
use crate::domain::survey::tables::{Pairs, Users};
use crate::domain::table::{Memory, Table};

/// The server's limit for a document.
const LARGEST: usize = 16 * 1024 * 1024;
/// What `customerId` can take: type, name and the longest id that we derive.
const NEW_FIELD: usize = 64;
/// Bookings that are taken at once.
const TOGETHER: usize = 64;

/// What a survey reads of a booking: nothing that needs the survey, so that any task can do it.
#[derive(Debug)]
pub struct BookingRead {
    pub(super) refs: References,
    pub(super) guest: Option<GuestRead>,
    /// The mapping lets it take part in nothing.
    pub(super) outside: bool,
    /// It would pass the server's limit with its new field.
    pub(super) large: bool,
}

impl BookingRead {
    /// Reads a booking.
    pub fn of(document: &RawDocument, paths: &BookingPaths) -> Self {
        let refs = paths.read(document);
        let guests = paths.guests().filter(|_| refs.guest.is_some());
        let fields = if paths.is_list() {
            refs.user.all().count().max(1)
        } else {
            1
        };
        Self {
            guest: guests.map(|guests| GuestRead::of(document, guests, paths.guest_roles())),
            refs,
            outside: paths.is_outside(document),
            large: document.as_bytes().len() > LARGEST.saturating_sub(NEW_FIELD * fields),
        }
    }
}

impl Survey {
    /// A survey that has seen nothing yet; `memory` is for what it keeps of users and pairs.
    pub fn new(database: &str, mapping: Mapping, memory: &Memory) -> Self {
        let paths = BookingPaths::of(&mapping);
        let entries = mapping.follow.iter().map(GuestPaths::following);
        let own = std::iter::once(paths.guests().cloned());
        let guest_paths = own.chain(entries).collect();
        let only = paths.constant().map(|id| {
            let business = Business {
                id: id.clone(),
                name: id.as_str().unwrap_or_default().to_owned(),
                bookings: 0,
            };
            (id.canonical(), business)
        });
        Self {
            one_business: only.is_some(),
            by_email: Map::default(),
            to_home: home_of(&mapping),
            homes: Table::new(memory),
            hop_sources: HopSources::new(HopFields::of(&mapping).as_ref(), memory),
            oldest: Oldest::new(memory),
            guests: Guests::new(guest_paths, memory),
            owner: AccountPath::owners(&mapping).into_iter().next(),
            finder: Finder::new(paths),
            followed: Followed::all(&mapping),
            may_sign_in: BTreeSet::new(),
            mapping,
            database: database.to_owned(),
            users: Users::new(memory),
            businesses: only.into_iter().collect(),
            existing: Ordered::default(),
            pairs: Pairs::new(memory),
            linked_users: BTreeSet::new(),
            without_user: BTreeMap::new(),
            without_business: BTreeMap::new(),
            disagreeing: BTreeMap::new(),
            several_users: BTreeMap::new(),
            already_linked: BTreeMap::new(),
            mismatches: BTreeMap::new(),
            references: Referenced::default(),
            without_password: [0; 3],
            oversize: Vec::new(),
            bookings: 0,
            outside: 0,
            linked_without_user: 0,
            ours: Set::default(),
            usual_ids: [0; 3],
            memory: memory.clone(),
            shared: Vec::new(),
            crowded: Vec::new(),
            crowded_by_null: Vec::new(),
            contact: Contact::default(),
            named_accounts: AccountNames::default(),
            listed_emails: Map::default(),
            collated: Vec::new(),
            phones: Map::default(),
            mailboxes: Map::default(),
            departing: Map::default(),
            departing_forms: BTreeSet::new(),
            too_many_depart: false,
            odd_users: Map::default(),
            odd_businesses: Map::default(),
            sharing: Map::default(),
            since: Map::default(),
            unassigned: BTreeSet::new(),
            unique_references: Vec::new(),
        }
    }

    /// Makes room for so many users, so that growing does not hold them twice.
    pub fn expect_users(&mut self, users: usize) {
        self.users.reserve(users);
    }

    /// Takes a business. First of all.
    pub fn take_business(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let filter = self.mapping.business.filter.as_ref();
        if filter.is_some_and(|filter| !filter.lets_in(document)) {
            return;
        }
        let name = self.mapping.business.name.as_ref();
        let name = name
            .and_then(|name| name.value(document)?.as_str())
            .unwrap_or_default();
        if let Some(owner) = &self.owner {
            self.named_accounts.take(owner, document);
        }
        let at = self.businesses.len();
        if id.is_odd() {
            self.odd_businesses.entry(id.loose()).or_insert(at);
        }
        self.businesses.insert(
            id.canonical(),
            Business {
                id,
                name: name.to_owned(),
                bookings: 0,
            },
        );
    }

    fn business_reference(
        &mut self,
        collection: &str,
        field: &str,
        document: &RawDocument,
        of: &Id,
    ) -> Option<usize> {
        let found = self.find_business(&Id::from_value(get(document, field)?))?;
        if found.mismatch {
            self.note_mismatch(collection, field, of);
        }
        Some(found.at)
    }

    pub(super) fn note_mismatch(&mut self, collection: &str, field: &str, of: &Id) {
        let stray = self
            .mismatches
            .entry(format!("{collection}.{field}"))
            .or_default();
        stray.bookings += 1;
        stray.members.add(of.as_bytes());
    }

    /// Takes a row of an account collection.
    pub fn take_account(&mut self, rows: &AccountPath, document: &RawDocument) {
        self.named_accounts.take(rows, document);
    }

    /// What must be read to learn whom owners and account rows name. After them, and before the users.
    pub fn hops_of_accounts(&self) -> Vec<AccountHop> {
        self.named_accounts.hops()
    }

    /// Takes a document of one of [`Self::hops_of_accounts`].
    pub fn take_account_hop(&mut self, hop: &AccountHop, document: &RawDocument) {
        self.named_accounts.take_hop(hop, document);
    }

    /// All documents of one of them were taken.
    pub fn end_account_hop(&mut self, hop: &AccountHop) {
        self.named_accounts.end_hop(hop);
    }

    /// Takes a customer that this tool did not make. After the businesses.
    pub fn take_existing(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let (collection, field) = (
            self.mapping.customer.collection.clone(),
            self.mapping.customer.business.clone(),
        );
        let business = self.business_reference(&collection, &field, document, &id);
        let email = get(document, &self.mapping.user.email)
            .and_then(|email| email.as_str())
            .unwrap_or_default();
        let blank = email.trim().is_empty();
        let role = &self.mapping.user;
        let held = |field: &&str| get(document, field).is_some_and(|value| !value.is_blank());
        let filled = role.completeness().filter(held).count();
        let created = get(document, &role.created).and_then(|value| value.as_date());
        let (phone, phone_tail) = if self.mapping.customer.adopt_by_phone {
            self.phone_of(document)
        } else {
            (0, 0)
        };
        self.existing.insert(
            id.canonical(),
            Existing {
                id,
                business,
                names: get(document, &field).map(Id::from_value),
                phone,
                phone_tail,
                email: if blank { 0 } else { email_hash(email) },
                email_exact: if email.is_empty() {
                    0
                } else {
                    hash128(email.as_bytes())
                },
                filled: u8::try_from(filled).unwrap_or(u8::MAX),
                created: created.unwrap_or(i64::MAX),
                bookings: 0,
            },
        );
    }

    /// Takes a customer that an earlier, finished run made. After the businesses.
    pub fn take_ours(&mut self, document: &RawDocument) {
        if let Some(id) = id_of(document) {
            self.ours.insert(id.canonical());
        }
    }

    /// Takes a user. After businesses and account rows.
    pub fn take_user(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let filter = self.mapping.user.filter.as_ref();
        if filter.is_some_and(|filter| !filter.lets_in(document)) {
            return; // nobody, to whoever refers to it
        }
        match IdKind::of(&id) {
            Some(IdKind::ObjectId) => self.usual_ids[0] += 1,
            Some(IdKind::Uuid) => self.usual_ids[1] += 1,
            Some(IdKind::String) => self.usual_ids[2] += 1,
            None => {}
        }
        let facts = UserFacts::of(document, &self.mapping.user);
        match facts.password {
            Password::Missing => self.without_password[0] += 1,
            Password::Null => self.without_password[1] += 1,
            Password::Empty => self.without_password[2] += 1,
            Password::Set => {}
        }
        let user = self.users.insert(&id.canonical(), &facts);
        if id.is_odd() {
            let known = self.odd_users.entry(id.loose()).or_insert(Some(user));
            if *known != Some(user) {
                *known = None;
            }
        }
        self.take_home(user, &id, document);
        let email = self.mapping.user.emails.as_ref();
        let email = email.and_then(|email| email.value(document));
        let text = email.and_then(|email| email.as_str());
        if self.names_by_email()
            && let Some(hash) = text.and_then(naming_hash)
        {
            let users = &self.users;
            let known = self.by_email.entry(hash).or_default();
            if !known.contains(&user) {
                known.push(user);
                if known.len() > 1 {
                    known.sort_by_key(|user| users.id(*user));
                }
            }
        }
        if let Some(email) = email.filter(|email| email.kind == kind::ARRAY) {
            let listed = RawDocument::from_bytes(email.bytes).into_iter();
            let texts = listed.flat_map(elements).map_while(Result::ok);
            let hashes = texts.filter_map(|it| it.value.as_str().map(email_hash));
            self.listed_emails.insert(user, hashes.collect());
        }
    }

    /// Marks the users whom owners' and members' rows name as account holders. After the users, before the bookings.
    pub fn close_users(&mut self) {
        for named in std::mem::take(&mut self.named_accounts).named {
            if let Some(found) = self.find_user(&named) {
                self.users.make_account(found.at);
            }
        }
        self.claim_homes();
    }

    /// Takes bookings. Last but for followed documents.
    pub fn take_bookings(&mut self, bookings: &[BookingRead]) {
        for some in bookings.chunks(TOGETHER) {
            let way = &self.finder.to_user;
            let users = some
                .iter()
                .filter_map(|booking| way.asks_for(&booking.refs.user));
            let users: Vec<_> = users.map(Id::canonical).collect();
            self.users.prefetch(&users);
            let joined: Vec<_> = some
                .iter()
                .map(|it| self.joined(Of::Bookings, &it.refs))
                .collect();
            let pairs = joined
                .iter()
                .filter_map(|it| Some((it.user.end?, it.business.end?)));
            self.pairs.prefetch(pairs);
            for (booking, joined) in some.iter().zip(joined) {
                self.take_joined(booking, &joined);
            }
        }
    }

    /// Takes a booking. Last.
    pub fn take_booking(&mut self, document: &RawDocument) {
        let booking = BookingRead::of(document, self.paths());
        self.take_bookings(&[booking]);
    }

    fn take_joined(&mut self, booking: &BookingRead, joined: &Joined) {
        let refs = &booking.refs;
        self.bookings += 1;
        if booking.outside {
            self.outside += 1;
            return;
        }
        if booking.large {
            self.oversize.extend(refs.id.clone());
        }
        if (refs.user.named().is_none() || self.paths().is_in_place())
            && refs
                .customer
                .as_ref()
                .is_some_and(|customer| self.ours.contains(&customer.canonical()))
        {
            return; // migrated by an earlier run
        }
        self.reference_mismatches(Of::Bookings, refs, joined);
        if joined.user.end.is_none()
            && joined.business.others.is_empty()
            && let Some(business) = joined.business.end
        {
            self.take_guest(Of::Bookings, refs, booking.guest.as_ref(), business);
        }
        match self.standing_of(refs, joined) {
            Standing::WithoutBusiness { names } => {
                self.without_business.entry(names).or_default().take(refs);
                self.may_depart(refs, Code::BookingWithoutBusiness);
            }
            Standing::Disagrees { businesses } => {
                let stray = self.disagreeing.entry(businesses).or_default();
                stray.take(refs);
                self.may_depart(refs, Code::BusinessDisagrees);
            }
            Standing::Paired {
                user,
                business,
                linked,
            } => {
                self.take_link(refs, business, linked);
                let is_linked = linked.is_some();
                self.pairs.take(&mut self.users, user, business, is_linked);
                self.take_date(refs, user, business);
                self.take_time(refs, user, business);
                if joined.user.end == Some(user) && self.hop_sources.are_wanted() {
                    self.take_hop_sources(refs, business);
                }
                for other in &joined.user.others {
                    // Every user whom a booking names makes a pair.
                    self.pairs.take_unbooked(&mut self.users, *other, business);
                    self.take_time(refs, *other, business);
                }
                if !joined.user.others.is_empty() && !self.paths().is_list() {
                    self.several_users.entry(business).or_default().take(refs);
                }
                if let Some(customer) = linked {
                    self.linked_users.insert((customer, user));
                }
            }
            Standing::WithoutUser {
                business,
                names,
                linked,
            } => {
                self.take_link(refs, business, linked);
                if linked.is_some() {
                    self.linked_without_user += 1;
                } else {
                    self.without_user
                        .entry((business, names))
                        .or_default()
                        .take(refs);
                    self.may_depart(refs, Code::BookingWithoutUser);
                }
            }
        }
    }

    /// The documents that this booking names on the way to its users.
    fn take_hop_sources(&mut self, refs: &References, business: BusinessIx) {
        for named in refs.user.all() {
            let reading = Reading::of(named);
            let reached = {
                let user = |id: &Id| self.find_user(id);
                self.finder.to_user.resolve(&reading, user)
            };
            for user in reached.ends() {
                self.hop_sources.take((*user, business), refs, named);
            }
        }
    }

    /// An answer may move this booking to the quarantine: what refers to it is looked for.
    fn may_depart(&mut self, refs: &References, code: Code) {
        if self.too_many_depart {
            return;
        }
        if self.departing.len() == MOST_BOOKINGS {
            self.too_many_depart = true;
            self.departing.clear();
            return;
        }
        if let Some(id) = &refs.id {
            self.departing_forms.extend(Form::of_id(id));
            self.departing.insert(id.canonical(), code);
        }
    }

    /// Of deleted users: what is made of them may show their bookings' date alone.
    fn take_date(&mut self, refs: &References, user: UserIx, business: BusinessIx) {
        if self.mapping.user.deleted.is_empty() || !self.users.facts(user).deleted {
            return;
        }
        if let Some(created) = refs.created {
            let since = self.since.entry((user, business)).or_insert(created);
            *since = created.min(*since);
        }
    }

    fn take_link(&mut self, refs: &References, business: usize, linked: Option<usize>) {
        if let Some(existing) = linked {
            self.existing[existing].bookings += 1;
        }
        let linked = linked.is_some();
        self.businesses[business].bookings += 1;
        // In place, the field names a user unless a customer of the business has that id.
        if refs.customer.is_some() && (linked || !self.paths().is_in_place()) {
            self.already_linked.entry(business).or_default().take(refs);
        }
    }
}
