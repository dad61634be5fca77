//! References between documents: the ids that exist, those that are referred to before they were seen, and the two sides of many to many.

use smallvec::SmallVec;

use super::id_log::IdLog;
use super::judge::Judged;
use super::kind::{Effects, Kind};
use super::pairs::{Pairs, Side};
use super::reference_key::{IdKey, read_key, stored_key};
use super::schema::{Arity, Schema};
use super::shape::{Holds, Shapes};
use crate::domain::id::Id;
use crate::domain::raw::{Value, kind};
use crate::domain::table::{Column, Fixed, Memory, Reader, Table, Writer};

/// What documents of a model are referred to by.
#[derive(Debug)]
pub(super) struct Target {
    model: usize,
    /// Places in the model's shape.
    pub(super) places: Vec<usize>,
    pub(super) known: Table<()>,
    /// All its documents were seen.
    complete: bool,
}

/// A reference to one document.
#[derive(Debug)]
struct Link {
    model: usize,
    /// Places in the model's shape, and what stands there.
    places: Vec<(usize, Holds)>,
    /// By the names of the schema.
    names: Vec<String>,
    target: usize,
    optional: bool,
}

/// A reference that nothing was found for yet.
#[derive(Debug)]
struct Pending {
    link: u32,
    holder: u32,
    key: IdKey,
}

impl Fixed for Pending {
    const WIDTH: usize = 8 + 13;

    fn put(&self, into: &mut Writer<'_>) {
        into.u32(self.link);
        into.u32(self.holder);
        for byte in self.key {
            into.u8(byte);
        }
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            link: from.u32(),
            holder: from.u32(),
            key: std::array::from_fn(|_| from.u8()),
        }
    }
}

/// A reference that leads nowhere, or one way only.
pub(super) struct Broken {
    pub(super) model: usize,
    pub(super) kind: Kind,
    pub(super) effects: Effects,
    /// By the names of the schema.
    pub(super) names: Vec<String>,
    pub(super) id: Id,
}

/// All references of a schema.
#[derive(Debug)]
pub(super) struct References {
    targets: Vec<Target>,
    links: Vec<Link>,
    pairs: Vec<Pairs>,
    pending: Column<Pending>,
    log: IdLog,
}

impl References {
    pub(super) fn new(schema: &Schema, shapes: &Shapes, memory: &Memory) -> Self {
        let mut references = Self {
            targets: Vec::new(),
            links: Vec::new(),
            pairs: Vec::new(),
            pending: Column::new(memory),
            log: IdLog::new(memory),
        };
        for (at, model) in schema.models.iter().enumerate() {
            for number in 0..model.relations.len() {
                // What the client does not know is not followed.
                let _ = references.follow(schema, shapes, memory, (at, number));
            }
        }
        references
    }

    fn follow(
        &mut self,
        schema: &Schema,
        shapes: &Shapes,
        memory: &Memory,
        (model, number): (usize, usize),
    ) -> Option<()> {
        let from = schema.models.get(model)?;
        let relation = from.relations.get(number)?;
        let to = schema.models.get(relation.target)?;
        if relation.fields.is_empty() || relation.ignored || from.ignored || to.ignored {
            return None;
        }
        let places = |model: usize, numbers: &[usize]| -> Option<Vec<usize>> {
            let shape = shapes.models.get(model)?;
            numbers
                .iter()
                .map(|number| shape.place_of(*number))
                .collect()
        };
        let own = places(model, &relation.fields)?;
        let target = self.target(
            relation.target,
            places(relation.target, &relation.references)?,
            memory,
        );
        let names: Vec<String> = relation
            .fields
            .iter()
            .filter_map(|field| from.fields.get(*field))
            .map(|field| field.name.clone())
            .collect();
        if relation.arity != Arity::List {
            let shape = shapes.models.get(model)?;
            let places = own
                .iter()
                .map(|place| Some((*place, shape.fields.get(*place)?.of)));
            self.links.push(Link {
                model,
                places: places.collect::<Option<_>>()?,
                names,
                target,
                optional: relation.arity == Arity::Optional,
            });
            return Some(());
        }
        let (other_model, other_number) = schema.other_side(model, number)?;
        if (other_model, other_number) < (model, number) {
            return None; // followed from there
        }
        let back = schema
            .models
            .get(other_model)?
            .relations
            .get(other_number)?;
        let back_places = places(other_model, &back.fields)?;
        let back_target = self.target(model, places(model, &back.references)?, memory);
        let back_name = schema
            .models
            .get(other_model)?
            .fields
            .get(*back.fields.first()?)?;
        let side = |model: usize, place: &[usize], name: &str, own, other| {
            let place = *place.first()?;
            Some(Side {
                model,
                place,
                of: shapes.models.get(model)?.fields.get(place)?.of,
                name: name.to_owned(),
                own,
                other,
            })
        };
        self.pairs.push(Pairs::new(
            [
                side(model, &own, names.first()?, back_target, target)?,
                side(
                    other_model,
                    &back_places,
                    &back_name.name,
                    target,
                    back_target,
                )?,
            ],
            memory,
        ));
        Some(())
    }

    fn target(&mut self, model: usize, places: Vec<usize>, memory: &Memory) -> usize {
        let mut known = self.targets.iter();
        let found = known.position(|it| it.model == model && it.places == places);
        found.unwrap_or_else(|| {
            self.targets.push(Target {
                model,
                places,
                known: Table::new(memory),
                complete: false,
            });
            self.targets.len() - 1
        })
    }

    /// The models in an order in which most references are seen after what they refer to.
    pub(super) fn order(&self, models: usize) -> Vec<usize> {
        let mut order = Vec::with_capacity(models);
        let mut met = vec![false; models];
        for first in 0..models {
            let mut stack = vec![(first, false)];
            while let Some((model, done)) = stack.pop() {
                if done {
                    order.push(model);
                    continue;
                }
                if met.get(model).copied().unwrap_or(true) {
                    continue;
                }
                met[model] = true;
                stack.push((model, true));
                let links = self.links.iter().filter(|link| link.model == model);
                for target in links.filter_map(|link| self.targets.get(link.target)) {
                    stack.push((target.model, false));
                }
            }
        }
        order
    }

    /// About so many documents of a model come.
    pub(super) fn expect(&mut self, model: usize, documents: usize) {
        for target in self.targets.iter_mut().filter(|it| it.model == model) {
            target.known.reserve(documents);
        }
    }

    /// Takes in a document; says at once what leads nowhere.
    pub(super) fn take(
        &mut self,
        shapes: &Shapes,
        model: usize,
        judged: &Judged<'_>,
        id: &Id,
        mut broken: impl FnMut(Broken),
    ) {
        for target in self.targets.iter_mut().filter(|it| it.model == model) {
            if let Some(key) = stored_key(judged, &target.places) {
                target.known.insert(&key, &());
            }
        }
        let mut holder = None;
        for (number, link) in self.links.iter().enumerate() {
            if link.model != model || link.names.iter().any(|name| judged.is_flawed(name)) {
                continue;
            }
            let Some(values) = link.values(judged) else {
                continue;
            };
            let Some(target) = self.targets.get(link.target) else {
                continue;
            };
            let key = read_key(&values);
            if target.known.find(&key).is_some() {
                continue;
            }
            if target.complete {
                broken(link.dangling(id.clone()));
                continue;
            }
            let holder = *holder.get_or_insert_with(|| self.log.keep(id));
            self.pending.push(&Pending {
                link: u32::try_from(number).unwrap_or(u32::MAX),
                holder,
                key,
            });
        }
        for pairs in &mut self.pairs {
            for at in [0, 1] {
                if pairs.sides[at].model == model {
                    pairs.take(at, (shapes, &self.targets), judged, || {
                        *holder.get_or_insert_with(|| self.log.keep(id))
                    });
                }
            }
        }
    }

    /// All documents of a model were seen.
    pub(super) fn complete(&mut self, model: usize) {
        for target in self.targets.iter_mut().filter(|it| it.model == model) {
            target.complete = true;
        }
    }

    /// Everything was seen: what still leads nowhere.
    pub(super) fn finish(&self, mut broken: impl FnMut(Broken)) {
        for pending in self.pending.iter() {
            let link = usize::try_from(pending.link).unwrap_or(usize::MAX);
            let Some(link) = self.links.get(link) else {
                continue;
            };
            let target = self.targets.get(link.target);
            if target.is_some_and(|it| it.known.find(&pending.key).is_none()) {
                broken(link.dangling(self.log.id(pending.holder)));
            }
        }
        for pairs in &self.pairs {
            pairs.finish(&self.targets, &self.log, &mut broken);
        }
    }
}

impl Link {
    /// What a document holds of the reference; `None` where a part of it is missing or null.
    fn values<'d>(&self, judged: &Judged<'d>) -> Option<SmallVec<[(Holds, Value<'d>); 2]>> {
        let values = self.places.iter().map(|(place, of)| {
            let value = judged.values.get(*place).copied().flatten();
            let value = value.filter(|value| value.kind != kind::NULL);
            value.map(|value| (*of, value))
        });
        values.collect()
    }

    fn dangling(&self, id: Id) -> Broken {
        Broken {
            model: self.model,
            kind: Kind::DanglingRelation,
            effects: if self.optional {
                Effects::NULL_RELATION
            } else {
                Effects::INCONSISTENT
            },
            names: self.names.clone(),
            id,
        }
    }
}
