//! Following a reading to its end: joining references with documents, hop by hop.

use bson::raw::RawDocument;

use super::path::{Path, Reading};
use crate::domain::id::Id;
use crate::domain::map::{Map, Ordered};

/// What a document of ours looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its business.
    Business,
    /// Its user.
    User,
}

/// A target that a reference was joined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<T> {
    /// The target.
    pub at: T,
    /// The reference has another BSON type than the target's `_id`.
    pub mismatch: bool,
}

/// What `place` holds of a reference: exactly as it is, else in its other form, else without white space around it and whatever the case of its
/// digits.
pub fn find_by<T>(place: impl Fn(&Id) -> Option<T>, reference: &Id) -> Option<Found<T>> {
    find_odd(place, |_| None, reference)
}

/// The same, where targets may be odd texts themselves ([`Id::is_odd`]): `odd` holds those, by what they are without that.
pub fn find_odd<T>(
    place: impl Fn(&Id) -> Option<T>,
    odd: impl Fn(&Id) -> Option<T>,
    reference: &Id,
) -> Option<Found<T>> {
    let id = reference.canonical();
    if let Some(at) = place(&id) {
        return Some(Found {
            at,
            mismatch: false,
        });
    }
    let other = id.other_form().and_then(|other| place(&other));
    let loose = || {
        let loose = id.loose();
        let plain = (loose != id).then(|| place(&loose)).flatten();
        let text = || loose.other_form().and_then(|text| place(&text));
        plain.or_else(text).or_else(|| odd(&loose))
    };
    let at = other.or_else(loose)?;
    Some(Found { at, mismatch: true })
}

/// The place of a referenced document in a map by canonical `_id`.
pub fn find<V>(map: &Ordered<Id, V>, reference: &Id) -> Option<Found<usize>> {
    find_by(|id| map.get_index_of(id), reference)
}

/// For a way that ends at the value itself: whether such a document exists is not asked.
#[allow(clippy::unnecessary_wraps)] // the form of an end that may be missing
pub fn as_named(reference: &Id) -> Option<Found<Id>> {
    Some(Found {
        at: reference.clone(),
        mismatch: false,
    })
}

/// Where a reading leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached<T> {
    /// The end, where the way leads to one; the first of several.
    pub end: Option<T>,
    /// Other ends, each once.
    pub others: Vec<T>,
    /// The reading's own reference has another type than the document that it names.
    pub mismatch: bool,
}

impl<T: PartialEq> Reached<T> {
    const NOTHING: Self = Self {
        end: None,
        others: Vec::new(),
        mismatch: false,
    };

    /// Takes another end.
    pub(in crate::domain) fn add(&mut self, end: T) {
        match &self.end {
            None => self.end = Some(end),
            Some(first) if *first == end || self.others.contains(&end) => {}
            Some(_) => self.others.push(end),
        }
    }

    /// Every end.
    pub fn ends(&self) -> impl Iterator<Item = &T> {
        self.end.iter().chain(&self.others)
    }
}

/// A collection that must be read before a way can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopRead {
    /// The collection.
    pub collection: String,
    /// Its reference, as the mapping writes it.
    pub field: String,
    /// Its place on the way.
    hop: usize,
    /// Which way of several it is for.
    pub(in crate::domain) way: usize,
}

/// The ends of the documents of one hop, by what they are named by.
#[derive(Debug)]
struct Ends<T> {
    first: Map<Id, Option<T>>,
    /// Of those few with several ends, the others.
    others: Map<Id, Vec<T>>,
    /// Names that are odd texts, by what they are without that.
    odd: Map<Id, Id>,
}

impl<T: Clone + PartialEq> Ends<T> {
    fn take(&mut self, name: Id, reached: &Reached<T>) {
        if name.is_odd() {
            self.odd.insert(name.loose(), name.clone());
        }
        let Some(known) = self.first.get_mut(&name) else {
            if !reached.others.is_empty() {
                self.others.insert(name.clone(), reached.others.clone());
            }
            self.first.insert(name, reached.end.clone());
            return;
        };
        let mut all = Reached {
            end: known.clone(),
            others: self.others.remove(&name).unwrap_or_default(),
            mismatch: false,
        };
        reached.ends().for_each(|end| all.add(end.clone()));
        *known = all.end;
        if !all.others.is_empty() {
            self.others.insert(name, all.others);
        }
    }
}

/// A path with what is known of the documents that it leads through: the end of each, where there is one.
#[derive(Debug)]
pub struct Way<T> {
    path: Path,
    tables: Vec<Ends<T>>,
}

impl<T: Clone + PartialEq> Way<T> {
    /// A way that knows no document yet.
    pub fn new(path: Path) -> Self {
        let empty = |_| Ends {
            first: Map::default(),
            others: Map::default(),
            odd: Map::default(),
        };
        let tables = (0..path.hops()).map(empty).collect();
        Self { path, tables }
    }

    /// What must be read and handed to [`Self::take`], in this order: the last hop first, for its end is known already.
    pub fn reads(&self) -> Vec<HopRead> {
        self.reads_as(0)
    }

    /// The same, as the way of this number among several.
    pub(in crate::domain) fn reads_as(&self, way: usize) -> Vec<HopRead> {
        let read = |hop| {
            let (collection, field) = self.path.hop(hop)?;
            Some(HopRead {
                collection: collection.to_owned(),
                field: field.to_owned(),
                hop,
                way,
            })
        };
        (0..self.path.hops()).rev().filter_map(read).collect()
    }

    /// Takes a document of the way; `end` finds a target. Returns true where its reference has another type than what it names.
    pub fn take(
        &mut self,
        read: &HopRead,
        document: &RawDocument,
        end: impl Fn(&Id) -> Option<Found<T>>,
    ) -> bool {
        let names = self.path.names_of_hop(read.hop, document);
        if names.is_empty() {
            return false;
        }
        let reading = self.path.read_hop(read.hop, document);
        let reached = self.follow(read.hop + 1, &reading, end);
        if let Some(table) = self.tables.get_mut(read.hop) {
            for name in names {
                table.take(name.canonical(), &reached);
            }
        }
        reached.mismatch
    }

    /// Where a reading leads; `end` finds a target.
    pub fn resolve(&self, reading: &Reading, end: impl Fn(&Id) -> Option<Found<T>>) -> Reached<T> {
        self.follow(0, reading, end)
    }

    /// The target that a reading names by itself, without a document between: what a table of targets will be asked for.
    pub fn asks_for<'r>(&self, reading: &'r Reading) -> Option<&'r Id> {
        reading.named().filter(|_| self.tables.is_empty())
    }

    /// How many documents of `collection` it leads through, and knows.
    pub fn documents_of(&self, collection: &str) -> usize {
        let known = |at: usize| self.tables.get(at).map_or(0, |table| table.first.len());
        (0..self.path.hops())
            .filter(|at| self.path.hop(*at).is_some_and(|(of, _)| of == collection))
            .map(known)
            .sum()
    }

    /// What the first documents of the way are named by that lead to each end; nothing for a way without documents between.
    pub fn backwards(&self) -> impl Iterator<Item = (&T, &Id)> {
        let table = self.tables.first();
        table.into_iter().flat_map(|table| {
            let ends = table.first.iter();
            ends.filter_map(|(name, end)| Some((end.as_ref()?, name)))
        })
    }

    /// True where the value of the reference is the target itself.
    pub fn is_direct(&self) -> bool {
        self.tables.is_empty()
    }

    fn follow(
        &self,
        at: usize,
        reading: &Reading,
        end: impl Fn(&Id) -> Option<Found<T>>,
    ) -> Reached<T> {
        let Some(named) = reading.named() else {
            return Reached::NOTHING;
        };
        let mut reached = self.step(at, named, &end);
        if reading.is_single() {
            return reached;
        }
        for named in reading.all().skip(1) {
            let other = self.step(at, named, &end);
            reached.mismatch |= other.mismatch;
            other.ends().for_each(|end| reached.add(end.clone()));
        }
        reached
    }

    /// Where one value leads.
    fn step(&self, at: usize, named: &Id, end: &impl Fn(&Id) -> Option<Found<T>>) -> Reached<T> {
        let Some(table) = self.tables.get(at) else {
            return end(named).map_or(Reached::NOTHING, |found| Reached {
                end: Some(found.at),
                others: Vec::new(),
                mismatch: found.mismatch,
            });
        };
        let place = |id: &Id| table.first.get_key_value(id);
        let odd = |loose: &Id| place(table.odd.get(loose)?);
        let found = find_odd(place, odd, named);
        found.map_or(Reached::NOTHING, |found| {
            let (name, end) = found.at;
            let others = if table.others.is_empty() {
                None
            } else {
                table.others.get(name)
            };
            Reached {
                end: end.clone(),
                others: others.cloned().unwrap_or_default(),
                mismatch: found.mismatch,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::path::ReferencePath;
    use crate::domain::raw::get;
    use bson::{RawDocumentBuf, oid::ObjectId, rawdoc};

    fn path(text: &str) -> Path {
        Path::of(&ReferencePath::parse(text).unwrap())
    }

    /// Shops that exist, by place.
    fn shop(id: &Id) -> Option<Found<usize>> {
        let shops = [Id::string("shop"), oid(9)];
        find_by(|id| shops.iter().position(|shop| shop == id), id)
    }

    fn oid(byte: u8) -> Id {
        Id::object_id([byte; 12])
    }

    fn taken(path: Path, documents: &[(&str, RawDocumentBuf)]) -> Way<usize> {
        let mut way = Way::new(path);
        for read in way.reads() {
            for (collection, document) in documents {
                if *collection == read.collection {
                    assert!(!way.take(&read, document, shop), "{document:?}");
                }
            }
        }
        way
    }

    fn reached(way: &Way<usize>, booking: &RawDocument) -> Reached<usize> {
        way.resolve(&way.path.read(booking), shop)
    }

    const fn at(end: usize) -> Reached<usize> {
        Reached {
            end: Some(end),
            others: Vec::new(),
            mismatch: false,
        }
    }

    #[test]
    fn without_a_hop_the_value_is_the_target() {
        let way = taken(Path::field("shop"), &[]);
        assert_eq!(way.reads(), []);
        assert_eq!(reached(&way, &rawdoc! { "shop": "shop" }), at(0));
        for nowhere in [
            rawdoc! { "shop": "other" },
            rawdoc! { "shop": null },
            rawdoc! {},
        ] {
            assert_eq!(reached(&way, &nowhere), Reached::NOTHING, "{nowhere:?}");
        }
    }

    #[test]
    fn over_a_hop_the_document_between_says_the_target() {
        let path = path("service > Service.shop");
        let way = taken(
            path,
            &[
                ("Service", rawdoc! { "_id": "cut", "shop": "shop" }),
                ("Service", rawdoc! { "_id": "lost", "shop": "gone" }),
                ("Service", rawdoc! { "_id": "nobody's", "shop": null }),
                ("Other", rawdoc! { "_id": "elsewhere", "shop": "shop" }),
            ],
        );
        assert_eq!(way.documents_of("Service"), 3);
        assert_eq!(way.documents_of("Other"), 0);
        assert_eq!(reached(&way, &rawdoc! { "service": "cut" }), at(0));
        for service in ["lost", "nobody's", "elsewhere", "shop"] {
            let booking = rawdoc! { "service": service };
            assert_eq!(reached(&way, &booking), Reached::NOTHING, "{service}");
        }
    }

    #[test]
    fn of_two_hops_the_later_one_is_read_first() {
        let path = path("seat > Seat.room > Room.shop");
        let way = taken(
            path,
            &[
                ("Seat", rawdoc! { "_id": 1, "room": "r" }),
                ("Room", rawdoc! { "_id": "r", "shop": "shop" }),
            ],
        );
        let order: Vec<_> = way.reads().into_iter().map(|it| it.collection).collect();
        assert_eq!(order, ["Room", "Seat"]);
        assert_eq!(reached(&way, &rawdoc! { "seat": 1_i64 }), at(0));
        assert_eq!(reached(&way, &rawdoc! { "seat": 2 }), Reached::NOTHING);
    }

    #[test]
    fn a_reference_of_another_type_is_joined_and_says_so() {
        let text = |byte| ObjectId::from_bytes([byte; 12]).to_hex();
        let mut way: Way<usize> = Way::new(path("service > Service.shop"));
        let read = way.reads().remove(0);
        let id = |byte| ObjectId::from_bytes([byte; 12]);
        assert!(way.take(&read, &rawdoc! { "_id": id(1), "shop": text(9) }, shop));
        assert!(!way.take(&read, &rawdoc! { "_id": id(2), "shop": "gone" }, shop));
        let booking = rawdoc! { "service": text(1) };
        let expected = Reached {
            end: Some(1),
            others: Vec::new(),
            mismatch: true,
        };
        assert_eq!(reached(&way, &booking), expected);
        // The booking's own reference is right here: the service's is counted where the service is read.
        assert_eq!(reached(&way, &rawdoc! { "service": id(1) }), at(1));
        // A mismatch is one of what the booking names, whether or not that has a business.
        let lost = Reached {
            end: None,
            others: Vec::new(),
            mismatch: true,
        };
        assert_eq!(reached(&way, &rawdoc! { "service": text(2) }), lost);
    }

    #[test]
    fn an_exact_match_goes_before_one_in_the_other_form_even_when_it_leads_nowhere() {
        let twins = ObjectId::from_bytes([1; 12]);
        let way = taken(
            path("service > Service.shop"),
            &[
                ("Service", rawdoc! { "_id": twins }),
                ("Service", rawdoc! { "_id": twins.to_hex(), "shop": "shop" }),
            ],
        );
        assert_eq!(
            reached(&way, &rawdoc! { "service": twins }),
            Reached::NOTHING
        );
        assert_eq!(reached(&way, &rawdoc! { "service": twins.to_hex() }), at(0));
    }

    #[test]
    fn a_way_that_ends_at_the_value_gives_it_as_it_stands() {
        let mut way = Way::new(path("service > Service.shop"));
        let read = way.reads().remove(0);
        way.take(&read, &rawdoc! { "_id": "cut", "shop": 7 }, as_named);
        let reading = Path::field("service").read(&rawdoc! { "service": "cut" });
        let seven = rawdoc! { "_": 7 };
        let seven = get(&seven, "_").map(Id::from_value);
        assert_eq!(way.resolve(&reading, as_named).end, seven);
    }

    #[test]
    fn targets_are_asked_for_only_by_a_way_without_hops() {
        let reading = Path::field("user").read(&rawdoc! { "user": "u" });
        let direct: Way<usize> = Way::new(Path::field("user"));
        assert_eq!(direct.asks_for(&reading), Some(&Id::string("u")));
        let over: Way<usize> = Way::new(path("user > Profile.owner"));
        assert_eq!(over.asks_for(&reading), None);
    }

    #[test]
    fn several_values_lead_to_every_end_once_and_a_natural_key_finds_its_document() {
        let items = path("items[].service > Service.shop");
        let documents = [
            ("Service", rawdoc! { "_id": "a", "shop": "shop" }),
            ("Service", rawdoc! { "_id": "b", "shop": "shop" }),
            (
                "Service",
                rawdoc! { "_id": "c", "shop": ObjectId::from_bytes([9; 12]) },
            ),
            ("Service", rawdoc! { "_id": "lost", "shop": "gone" }),
        ];
        let way = taken(items, &documents);
        let of = |services: &[&str]| {
            let items: Vec<_> = services
                .iter()
                .map(|it| bson::doc! { "service": it })
                .collect();
            let booking = bson::serialize_to_raw_document_buf(&bson::doc! { "items": items });
            reached(&way, &booking.unwrap())
        };
        assert_eq!(of(&["lost", "a", "b"]), at(0));
        assert_eq!(of(&["c", "a"]).ends().copied().collect::<Vec<_>>(), [1, 0]);
        assert_eq!(of(&["lost"]), Reached::NOTHING);

        let backwards = path("by > Branch(stylist).shop");
        let documents = [
            (
                "Branch",
                rawdoc! { "_id": 1, "stylist": "jo", "shop": "gone" },
            ),
            (
                "Branch",
                rawdoc! { "_id": 2, "stylist": ["jo", "al"], "shop": "shop" },
            ),
            (
                "Branch",
                rawdoc! { "_id": 3, "stylist": "al", "shop": ObjectId::from_bytes([9; 12]) },
            ),
        ];
        let way = taken(backwards, &documents);
        assert_eq!(reached(&way, &rawdoc! { "by": "jo" }), at(0));
        let both = reached(&way, &rawdoc! { "by": "al" });
        assert_eq!(both.ends().copied().collect::<Vec<_>>(), [0, 1]);
    }
}
