//! What answers a finding about documents: the answers that can be given to it, and what else leads on.

use crate::domain::number::counted;
use crate::domain::schema_view::Way;
use crate::domain::text::safe;
use crate::engine::session::Session;
use crate::prisma::conformity::{Finding, ModelConformity};
use crate::prisma::kind::Kind;
use crate::prisma::schema::{IndexKind, Schema};

/// How an answer is written into a decisions file: for whoever reads the list without the console.
pub(super) const IN_A_FILE: [&str; 2] = [
    ". Or say in the section [schema] of the decisions file",
    ". Or leave them so, by ",
];

impl Session {
    /// The answers that can be given to a finding.
    pub(super) fn ways_of(&self, found: &ModelConformity, finding: &Finding) -> Vec<Way> {
        let missing = matches!(finding.kind, Kind::MissingRequired | Kind::NullRequired);
        match finding.kind {
            Kind::Duplicate => Vec::new(),
            _ if missing && self.why_without_customer(found, finding).is_some() => Vec::new(),
            _ if missing => vec![Way::Constant, Way::Field, Way::Leave],
            _ => vec![Way::Leave],
        }
    }

    /// Why bookings lack their customer after the migration, where it is for this that the client refuses them.
    fn why_without_customer(
        &self,
        found: &ModelConformity,
        finding: &Finding,
    ) -> Option<&'static str> {
        let mapping = &self.work.mapping;
        let field = finding.fields.first().map_or("", String::as_str);
        let bookings = found.name == mapping.booking.collection
            || found.collection == mapping.booking.collection;
        let leaving = self.surveyed.as_ref();
        let left = leaving.is_some_and(|it| it.blueprint.departures.left() > 0);
        if field != mapping.booking.customer || !(bookings || left) {
            return None;
        }
        let kept_out = mapping.booking.following.filter.is_some();
        Some(match (left, kept_out) {
            (true, false) => {
                "These are bookings that a decision leaves or skips: answer those conflicts otherwise (a placeholder, a customer, the quarantine), or make the field optional in the schema"
            }
            (false, true) => {
                "These are bookings that the filter of the mapping keeps out of the migration: make the field optional in the schema, or change the filter"
            }
            (true, true) => {
                "These are bookings that a decision leaves or skips, or that the filter of the mapping keeps out of the migration: answer those conflicts otherwise (a placeholder, a customer, the quarantine), change the filter, or make the field optional in the schema"
            }
            (false, false) => return None,
        })
    }

    /// What else answers a finding.
    pub(super) fn way_on(&self, found: &ModelConformity, finding: &Finding) -> String {
        let field = finding.fields.first().map_or("", String::as_str);
        let missing = matches!(finding.kind, Kind::MissingRequired | Kind::NullRequired);
        let why = missing.then(|| self.why_without_customer(found, finding));
        if let Some(why) = why.flatten() {
            return format!(". {why}");
        }
        let key = format!("{}.{field}", found.name);
        let answer = self.answers.decisions.schema.get(&key);
        if missing && let Some(answer) = answer.filter(|it| is_of_another(it)) {
            return format!(
                ". The answer “{}” gives nothing for these: the field, the document or the minutes that it names are missing there. Write them, give another answer, or make {} optional in the schema",
                safe(answer, 200),
                safe(field, 120)
            );
        }
        if missing {
            return format!(
                "{} what is written: \"{}.{}\" = \"constant VALUE\", \"field OTHER\" or \"date FIELD plus minutes RELATION.FIELD\"",
                IN_A_FILE[0],
                safe(&found.name, 60),
                safe(field, 120)
            );
        }
        format!(
            "{}\"{}.{}\" = \"leave\" in the section [schema] of the decisions file",
            IN_A_FILE[1],
            safe(&found.name, 60),
            safe(&finding.fields.join(", "), 120)
        )
    }
}

/// True of an answer that takes its value from elsewhere.
fn is_of_another(answer: &str) -> bool {
    let answer = answer.trim();
    answer.starts_with("field ") || answer.starts_with("date ")
}

/// What is left where documents share a value.
pub(super) fn duplicate_way(schema: &Schema, model: &str, fields: &[String]) -> String {
    let mut models = schema.models.iter();
    let model = models.find(|it| it.name == model);
    let mut indexes = model.into_iter().flat_map(|it| &it.indexes);
    let unique = indexes.find(|it| it.kind == IndexKind::Unique && it.paths() == *fields);
    let list: Vec<String> = fields.iter().map(|it| safe(it, 60)).collect();
    let (list, by) = (list.join(", "), list.join(" and "));
    if unique.is_some_and(|it| !it.own_line) {
        return format!(
            ". The only way on is to change that line of the schema: take `@unique` from {list}; `findUnique` by it then leaves the client, and `findFirst` replaces it"
        );
    }
    let line = match unique.and_then(|it| it.called.as_deref()) {
        Some(called) => format!("`@@unique([{list}], name: \"{}\")`", safe(called, 60)),
        None => format!("`@@unique([{list}])`"),
    };
    let key = match unique {
        Some(it) if fields.len() > 1 => format!("the compound key {}", safe(&it.client_key(), 130)),
        _ => format!("`findUnique` by {list}"),
    };
    format!(
        ". The only way on is to change that line of the schema: {line} to `@@index([{list}])`; {key} then leaves the client, and `findFirst` by {by} replaces it"
    )
}

/// What the users alone can say.
pub(super) fn is_of_users(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::IndexMissing
            | Kind::IndexDroppedByPush
            | Kind::ReferenceWithoutIndex
            | Kind::DanglingRelation
            | Kind::RelationMismatch
    )
}

/// What retiring does about a finding, where `stay` is what those who stay break.
pub(super) fn retiring_mends(finding: &Finding, stay: &[Finding]) -> String {
    let mut alike = stay.iter();
    let alike = alike.find(|it| it.kind == finding.kind && it.fields == finding.fields);
    let Some(left) = alike else {
        return ". Only users who would retire break it: `plan --retire-users` takes those out of the users, and nobody who stays breaks it".to_owned();
    };
    let samples = if left.samples.is_empty() {
        String::new()
    } else {
        format!(" (for example {})", left.samples.join(", "))
    };
    let who = if left.kind == Kind::Duplicate {
        counted(
            left.count,
            "group of users who stay",
            "groups of users who stay",
        )
    } else {
        counted(left.count, "user who stays", "users who stay")
    };
    format!(
        ". Retiring those who are only customers (`plan --retire-users`) does not mend it: {who} would break it still{samples}"
    )
}
