//! What answers a finding about documents: the answers that can be given to it, and what else leads on.

use crate::domain::schema_view::Way;
use crate::domain::text::safe;
use crate::engine::session::Session;
use crate::prisma::conformity::{Finding, ModelConformity};
use crate::prisma::kind::Kind;

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
            _ if missing && self.is_of_departures(found, finding) => Vec::new(),
            _ if missing => vec![Way::Constant, Way::Field, Way::Leave],
            _ => vec![Way::Leave],
        }
    }

    /// True where documents lack their customer because a conflict was answered so.
    fn is_of_departures(&self, found: &ModelConformity, finding: &Finding) -> bool {
        let mapping = &self.work.mapping;
        let field = finding.fields.first().map_or("", String::as_str);
        let bookings = found.name == mapping.booking.collection
            || found.collection == mapping.booking.collection;
        let left = self
            .surveyed
            .as_ref()
            .is_some_and(|it| it.blueprint.departures.total() > 0);
        (bookings || left) && field == mapping.booking.customer
    }

    /// What else answers a finding.
    pub(super) fn way_on(&self, found: &ModelConformity, finding: &Finding) -> String {
        let field = finding.fields.first().map_or("", String::as_str);
        let missing = matches!(finding.kind, Kind::MissingRequired | Kind::NullRequired);
        if missing && self.is_of_departures(found, finding) {
            return ". These are bookings that a decision leaves or skips: answer those conflicts otherwise (a placeholder, a customer, the quarantine), or make the field optional in the schema".to_owned();
        }
        if missing {
            return format!(
                "{} what is written: \"{}.{}\" = \"constant VALUE\" or \"field OTHER\"",
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

/// What is left where documents share a value.
pub(super) fn duplicate_way(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|it| safe(it, 60)).collect();
    if let [one] = &fields[..] {
        return format!(
            ". The only way on is to change that line of the schema: take `@unique` from {one}; `findUnique` by it then leaves the client, and `findFirst` replaces it"
        );
    }
    let list = fields.join(", ");
    format!(
        ". The only way on is to change that line of the schema: `@@unique([{list}])` to `@@index([{list}])`; the compound key {} then leaves the client, and `findFirst` by {} replaces it",
        fields.join("_"),
        fields.join(" and ")
    )
}
