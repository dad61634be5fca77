//! People without a user, as bookings and followed documents name them. Each is a row among the users, behind the last one that has a document; what its customer will
//! hold stands in bookings, and what is kept here says in which. It grows with guests and their members, never with bookings.

use bson::raw::RawDocument;
use smallvec::SmallVec;

use super::facts::{UserFacts, UserIx};
use super::found::Of;
use super::tables::Users;
use crate::domain::id::Id;
use crate::domain::phone;
use crate::domain::reference::{GuestPaths, GuestRoles, References, text_of};
use crate::domain::table::{Fixed, Memory, Reader, Table, Writer};

/// The slot of a guest's oldest booking; the members' slots follow.
pub(super) const OLDEST: u8 = 0;

/// Which booking gives something of a guest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Source {
    /// When it was made; `i64::MAX` where it does not say.
    created: i64,
    /// The place of its `_id`.
    booking: u32,
    /// Whose document it is: 0 for bookings, then each followed entry.
    of: u32,
}

impl Fixed for Source {
    const WIDTH: usize = 16;

    fn put(&self, into: &mut Writer<'_>) {
        into.i64(self.created);
        into.u32(self.booking);
        into.u32(self.of);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            created: from.i64(),
            booking: from.u32(),
            of: from.u32(),
        }
    }
}

/// The guests of a survey.
#[derive(Debug)]
pub struct Guests {
    /// How each says who its guest is: bookings, then each followed entry.
    pub(super) paths: Vec<Option<GuestPaths>>,
    /// The customer's fields that guests give, each once: the slots.
    pub(super) fields: Vec<String>,
    /// The place of the first of them; they come when all users are known.
    pub(super) first: Option<UserIx>,
    /// By guest and slot: of a slot the oldest booking that fills it.
    sources: Table<Source>,
    bookings: Table<()>,
}

/// What a booking says of its guest: nothing that needs the survey.
#[derive(Debug)]
pub struct GuestRead {
    pub(super) facts: UserFacts,
    /// The members that say something, by their places.
    set: SmallVec<[u8; 4]>,
    name: Option<u8>,
    email: Option<u8>,
    phone: Option<u8>,
}

impl GuestRead {
    /// Reads a booking.
    pub fn of(booking: &RawDocument, survey_paths: &GuestPaths, role: &GuestRoles) -> Self {
        let mut read = Self {
            facts: UserFacts {
                created: i64::MAX,
                name_blank: true,
                email_blank: true,
                by_filter: true,
                ..UserFacts::default()
            },
            set: SmallVec::new(),
            name: None,
            email: None,
            phone: None,
        };
        for (at, member) in survey_paths.members.iter().enumerate() {
            let at = u8::try_from(at + 1).unwrap_or(u8::MAX);
            let value = member.path.value(booking);
            let filled = value.filter(|value| !value.is_blank());
            if filled.is_some() {
                read.set.push(at);
            }
            let unsafe_text = value.and_then(|it| it.as_str());
            read.facts.unsafe_text |= unsafe_text.is_some_and(crate::domain::text::is_unsafe);
            if member.field == role.name {
                read.name = Some(at);
                read.facts.name_blank = filled.is_none();
            } else if member.field == role.email {
                read.email = Some(at);
                read.facts.email_blank = filled.is_none();
                if let Some(value) = value {
                    read.facts.take_email(value);
                }
            } else {
                read.facts.contact |= filled.is_some();
            }
            if member.field == role.phone {
                read.phone = Some(at);
                let text = filled.and_then(text_of);
                read.facts.phone_tail = text.map_or(0, |text| phone::tail(&text));
            }
        }
        read
    }
}

/// 0 for bookings, then each followed entry.
fn number(of: Of) -> usize {
    match of {
        Of::Bookings => 0,
        Of::Entry(at) => at + 1,
    }
}

fn key(guest: UserIx, slot: u8) -> [u8; 5] {
    let mut key = [0; 5];
    key[..4].copy_from_slice(&u32::try_from(guest).unwrap_or(u32::MAX).to_be_bytes());
    key[4] = slot;
    key
}

impl Guests {
    pub(super) fn new(paths: Vec<Option<GuestPaths>>, memory: &Memory) -> Self {
        let mut fields: Vec<String> = Vec::new();
        for member in paths.iter().flatten().flat_map(|it| &it.members) {
            if !fields.contains(&member.field) {
                fields.push(member.field.clone());
            }
        }
        Self {
            fields,
            paths,
            first: None,
            sources: Table::new(memory),
            bookings: Table::new(memory),
        }
    }

    pub(super) fn spill(&mut self) {
        self.sources.spill();
        self.bookings.spill();
    }

    pub(super) fn reload(&mut self) {
        self.sources.reload();
        self.bookings.reload();
    }

    pub(super) fn source(&self, guest: UserIx, slot: u8) -> Option<Source> {
        let at = self.sources.find(&key(guest, slot))?;
        Some(self.sources.value(at))
    }

    /// Whose document a source is.
    pub(super) fn whose(source: Source) -> Of {
        match usize::try_from(source.of)
            .ok()
            .and_then(|of| of.checked_sub(1))
        {
            None => Of::Bookings,
            Some(entry) => Of::Entry(entry),
        }
    }

    /// How these documents say who their guest is.
    pub(super) fn paths_of(&self, of: Of) -> Option<&GuestPaths> {
        self.paths.get(number(of))?.as_ref()
    }

    /// The slot of a member of these documents' guests, by its place among the members, from 1.
    fn slot(&self, of: Of, member: u8) -> u8 {
        let at = usize::from(member).checked_sub(1);
        let member = at.and_then(|at| self.paths_of(of)?.members.get(at));
        let slot = member.and_then(|it| self.fields.iter().position(|field| *field == it.field));
        slot.and_then(|slot| u8::try_from(slot + 1).ok())
            .unwrap_or(u8::MAX)
    }

    pub(super) fn booking(&self, source: Source) -> Id {
        let place = usize::try_from(source.booking).unwrap_or(usize::MAX);
        Id::from_bytes(&self.bookings.key(place))
    }

    /// Takes a booking for a slot where it is older than what fills that; true where it is.
    fn fill(&mut self, guest: UserIx, slot: u8, created: i64, (of, booking): (Of, &Id)) -> bool {
        let known = self.source(guest, slot);
        let is_older = known.is_none_or(|known| {
            let before = (Self::whose(known), self.booking(known));
            created < known.created
                || created == known.created && (of, booking) < (before.0, &before.1)
        });
        if !is_older {
            return false;
        }
        let (place, _) = self.bookings.insert(booking.as_bytes(), &());
        let source = Source {
            created,
            booking: u32::try_from(place).unwrap_or(u32::MAX),
            of: u32::try_from(number(of)).unwrap_or(u32::MAX),
        };
        let (at, new) = self.sources.insert(&key(guest, slot), &source);
        if !new {
            self.sources.set(at, &source);
        }
        true
    }

    /// Takes a document of this guest, whose facts become what its oldest bookings say.
    pub(super) fn take(
        &mut self,
        users: &mut Users,
        guest: UserIx,
        (of, refs): (Of, &References),
        read: &GuestRead,
    ) {
        let Some(booking) = &refs.id else { return };
        let created = refs.created.unwrap_or(i64::MAX);
        let mut facts = users.facts(guest);
        let is_oldest = self.fill(guest, OLDEST, created, (of, booking));
        facts.created = facts.created.min(created);
        facts.unsafe_text |= read.facts.unsafe_text;
        facts.contact |= read.facts.contact;
        let mut filled: SmallVec<[u8; 4]> = SmallVec::new();
        for member in read.set.iter().copied() {
            let slot = self.slot(of, member);
            let is_new = self.source(guest, slot).is_none();
            facts.filled = facts.filled.saturating_add(u8::from(is_new));
            if self.fill(guest, slot, created, (of, booking)) {
                filled.push(slot);
            }
        }
        // What no booking fills is as the oldest one has it.
        let gives = |member: Option<u8>, guests: &Self| {
            member.is_some_and(|member| {
                let slot = guests.slot(of, member);
                filled.contains(&slot) || is_oldest && guests.source(guest, slot).is_none()
            })
        };
        if gives(read.name, self) {
            facts.name_blank = read.facts.name_blank;
        }
        if gives(read.email, self) {
            facts.take_email_of(&read.facts);
        }
        if gives(read.phone, self) {
            facts.phone_tail = read.facts.phone_tail;
        }
        users.set_facts(guest, &facts);
    }
}
