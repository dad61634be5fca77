//! What a delete takes along under the after-schema, where that is new or another than today. The client does it, not the server.

use crate::domain::text::safe;
use crate::prisma::schema::{Model, Relation, Schema};

/// A line for every `onDelete` that is new or changed.
pub fn on_delete(after: &Schema, before: Option<&Schema>) -> Vec<String> {
    let mut lines = Vec::new();
    for model in after.models.iter().filter(|model| !model.ignored) {
        for relation in model.relations.iter().filter(|it| !it.fields.is_empty()) {
            let was = before.and_then(|schema| rule_before(schema, model, relation));
            let is = relation.on_delete.as_deref();
            if is == was {
                continue;
            }
            let Some(target) = after.models.get(relation.target) else {
                continue;
            };
            lines.push(words(model, relation, target, (was, is)));
        }
    }
    lines
}

fn rule_before<'s>(schema: &'s Schema, model: &Model, relation: &Relation) -> Option<&'s str> {
    let model = schema.models.iter().find(|it| it.name == model.name)?;
    let before = model.relations.iter().find(|it| it.name == relation.name)?;
    before.on_delete.as_deref()
}

fn words(
    model: &Model,
    relation: &Relation,
    target: &Model,
    (was, is): (Option<&str>, Option<&str>),
) -> String {
    let (name, of) = (safe(&model.name, 60), safe(&target.name, 60));
    let field = safe(&relation.name, 60);
    let does = match is {
        Some("Cascade") => format!("deleting a {of} then deletes its documents of {name}"),
        Some("SetNull") => {
            format!("deleting a {of} then leaves its documents of {name} without one")
        }
        Some("Restrict") => format!("a {of} with documents of {name} then cannot be deleted"),
        Some("NoAction") => format!(
            "deleting a {of} then leaves its documents of {name} with a reference to nothing"
        ),
        Some(other) => format!("onDelete: {}", safe(other, 40)),
        None => format!(
            "deleting a {of} then does what Prisma does without onDelete: it is refused where {field} is required, and leaves null otherwise"
        ),
    };
    let was = was.map_or_else(
        || "new".to_owned(),
        |was| format!("it was {}", safe(was, 40)),
    );
    format!(
        "{name}.{field}: {does} ({was}). Prisma's client does that, not the server: other programs that delete leave orphans"
    )
}
