//! What a delete takes along under the after-schema, where that is new or another than today. The client does it, not the server.

use crate::domain::text::{listed, safe};
use crate::prisma::schema::{Arity, Model, Relation, Schema};

const CASCADE: &str = "Cascade";

/// A line for every `onDelete` that is new or changed.
pub fn on_delete(after: &Schema, before: Option<&Schema>) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, model) in after.models.iter().enumerate() {
        for relation in holders(model) {
            let then = before.and_then(|schema| relation_before(schema, after, model, relation));
            let was = then.and_then(|it| it.on_delete.as_deref());
            if relation.on_delete.as_deref() == was {
                continue;
            }
            let Some(target) = after.models.get(relation.target) else {
                continue;
            };
            let (name, field) = (safe(&model.name, 60), safe(&relation.name, 60));
            lines.push(format!(
                "{name}.{field}: {} ({}). Prisma's client does that, not the server: other programs that delete leave orphans",
                does(after, (at, model), relation, target),
                said_before(then, relation)
            ));
        }
    }
    lines
}

/// The relations of a model that a client reads and that hold the reference themselves.
fn holders(model: &Model) -> impl Iterator<Item = &Relation> {
    let relations = model.relations.iter().filter(|_| !model.ignored);
    relations.filter(|it| !it.fields.is_empty())
}

/// The same relation in the schema of today: by its name, or else by the fields that hold its reference.
fn relation_before<'s>(
    before: &'s Schema,
    after: &Schema,
    model: &Model,
    relation: &Relation,
) -> Option<&'s Relation> {
    let then = before.models.iter().find(|it| it.name == model.name)?;
    let target = &after.models.get(relation.target)?.name;
    let named = |of: &Model, at: &[usize]| -> Vec<String> {
        let names = at.iter().filter_map(|at| of.fields.get(*at));
        names.map(|field| field.name.clone()).collect()
    };
    let fields = named(model, &relation.fields);
    let mut relations = then.relations.iter().filter(|it| {
        let to = before.models.get(it.target);
        !it.fields.is_empty() && to.is_some_and(|to| to.name == *target)
    });
    let by_name = relations.clone().find(|it| it.name == relation.name);
    by_name.or_else(|| relations.find(|it| named(then, &it.fields) == fields))
}

/// What a delete of the target does.
fn does(after: &Schema, (at, model): (usize, &Model), relation: &Relation, of: &Model) -> String {
    let (name, of) = (safe(&model.name, 60), safe(&of.name, 60));
    match relation.on_delete.as_deref() {
        Some(CASCADE) => {
            let along = taken_along(after, at, relation.target);
            let along = if along.is_empty() {
                String::new()
            } else {
                format!(
                    ", and with them those of {}",
                    listed(along.iter().map(String::as_str))
                )
            };
            format!("deleting a {of} then deletes its documents of {name}{along}")
        }
        Some("SetNull") => {
            format!("deleting a {of} then leaves its documents of {name} without one")
        }
        Some("Restrict") => format!("a {of} with documents of {name} then cannot be deleted"),
        Some("NoAction") => format!(
            "deleting a {of} then leaves its documents of {name} with a reference to nothing"
        ),
        Some(other) => format!("onDelete: {}", safe(other, 40)),
        None => match usual(relation) {
            "Restrict" => format!(
                "it has no onDelete, and then a {of} with documents of {name} cannot be deleted"
            ),
            _ => format!(
                "it has no onDelete, and then deleting a {of} leaves its documents of {name} without one"
            ),
        },
    }
}

/// The models whose documents go with those of `model`, delete by delete.
fn taken_along(after: &Schema, model: usize, deleted: usize) -> Vec<String> {
    let (mut reached, mut at) = (vec![model], 0);
    while let Some(target) = reached.get(at).copied() {
        for (number, other) in after.models.iter().enumerate() {
            let cascades = holders(other)
                .any(|it| it.target == target && it.on_delete.as_deref() == Some(CASCADE));
            if cascades && number != deleted && !reached.contains(&number) {
                reached.push(number);
            }
        }
        at += 1;
    }
    let along = reached.iter().skip(1);
    along
        .filter_map(|number| after.models.get(*number))
        .map(|it| safe(&it.name, 60))
        .collect()
}

/// What Prisma does where a relation says nothing.
fn usual(relation: &Relation) -> &'static str {
    match relation.arity {
        Arity::Required => "Restrict",
        Arity::Optional | Arity::List => "SetNull",
    }
}

fn said_before(then: Option<&Relation>, now: &Relation) -> String {
    let Some(then) = then else {
        return "new".to_owned();
    };
    let (was, is) = (then.on_delete.as_deref(), now.on_delete.as_deref());
    let same = was.unwrap_or(usual(then)) == is.unwrap_or(usual(now));
    let said = match was {
        Some(was) => format!("it was {}", safe(was, 40)),
        None => "it had no onDelete".to_owned(),
    };
    if same {
        format!("{said}, which does the same")
    } else {
        format!("changed: {said}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::prisma::{Source, read};

    fn schema(text: &str) -> Schema {
        let source = Source {
            name: "s".to_owned(),
            text: text.to_owned(),
        };
        read(&[source]).unwrap()
    }

    fn chain(owner: &str, customer: &str, booking: (&str, &str)) -> Schema {
        let (optional, booking) = booking;
        schema(&format!(
            "model User {{\n id Int @id @map(\"_id\")\n all Business[]\n}}
             model Business {{\n id Int @id @map(\"_id\")\n ownerId Int\n owner User @relation(fields: [ownerId], references: [id]{owner})\n all Customer[]\n}}
             model Customer {{\n id Int @id @map(\"_id\")\n businessId Int\n business Business @relation(fields: [businessId], references: [id]{customer})\n all Booking[]\n}}
             model Booking {{\n id Int @id @map(\"_id\")\n customerId Int{optional}\n customer Customer{optional} @relation(fields: [customerId], references: [id]{booking})\n}}"
        ))
    }

    #[test]
    fn a_changed_rule_is_said_with_what_it_was_and_an_equal_one_not_at_all() {
        let cascade = ", onDelete: Cascade";
        let before = chain(cascade, "", ("", ", onDelete: Restrict"));
        assert!(on_delete(&before, Some(&before)).is_empty());
        let after = chain(cascade, cascade, ("", cascade));
        let lines = on_delete(&after, Some(&before));
        let begin: Vec<_> = lines.iter().filter_map(|it| it.split_once('.')).collect();
        assert_eq!(begin.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("Customer.business: deleting a Business then deletes its documents of Customer, and with them those of Booking (changed: it had no onDelete)."), "{lines:?}");
        assert!(lines[1].starts_with("Booking.customer: deleting a Customer then deletes its documents of Booking (changed: it was Restrict)."), "{lines:?}");
    }

    #[test]
    fn what_is_removed_or_only_written_down_is_said_so() {
        let cascade = ", onDelete: Cascade";
        let before = chain(cascade, cascade, ("?", cascade));
        let after = chain("", ", onDelete: NoAction", ("?", ", onDelete: SetNull"));
        let lines = on_delete(&after, Some(&before));
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].contains("Business.owner: it has no onDelete, and then a User with documents of Business cannot be deleted (changed: it was Cascade)"), "{lines:?}");
        assert!(
            lines[1].contains("with a reference to nothing (changed: it was Cascade)"),
            "{lines:?}"
        );
        assert!(
            lines[2].contains("without one (changed: it was Cascade)"),
            "{lines:?}"
        );
        // What Prisma does without the line, too.
        let before = chain("", "", ("?", ""));
        let after = chain(", onDelete: Restrict", "", ("?", ", onDelete: SetNull"));
        let lines = on_delete(&after, Some(&before));
        assert_eq!(lines.len(), 2, "{lines:?}");
        for line in &lines {
            assert!(
                line.contains("(it had no onDelete, which does the same)"),
                "{line}"
            );
        }
        // Without a schema of today all that is there is new.
        let lines = on_delete(&after, None);
        assert!(
            lines.len() == 2 && lines.iter().all(|it| it.contains("(new)")),
            "{lines:?}"
        );
    }
}
