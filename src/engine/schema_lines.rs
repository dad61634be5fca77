//! The lines of a Prisma schema that change: in short, and as models to copy.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::domain::blueprint::EmailIndex;
use crate::domain::mapping::{Following, Mapping};
use crate::domain::reference::{leaving, leaving_of};
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::prisma::draft::{Draft, model_name};
use crate::store::private_file;

/// The file in the run folder that holds the models to copy.
pub(crate) const DRAFT: &str = "schema-changes.prisma";

impl Session {
    /// What changes in `schema.prisma`, line by line.
    ///
    /// # Errors
    /// No survey yet.
    pub fn schema_lines(&self) -> Result<Vec<String>> {
        let mapping = &self.work.mapping;
        let (booking, customer) = (&mapping.booking, &mapping.customer);
        let email = &mapping.user.email;
        let unique = match self.surveyed()?.blueprint.email_index {
            EmailIndex::Plain => format!(
                "model {}: @@unique([{}, {email}])",
                customer.collection, customer.business
            ),
            EmailIndex::Partial => format!(
                "model {}: @@index([{}, {email}]) instead of @@unique (several customers of one business have no e-mail; the partial unique index stays in force)",
                customer.collection, customer.business
            ),
        };
        let mut lines = vec![
            reference_line(&booking.following, &customer.collection),
            unique,
            format!(
                "model {}: @@index([{}, {}])",
                customer.collection, customer.business, mapping.user.name
            ),
            format!(
                "model {}: @@index([{}])",
                booking.collection, booking.customer
            ),
        ];
        for entry in &mapping.follow {
            lines.push(reference_line(entry, &customer.collection));
            lines.push(format!(
                "model {}: @@index([{}])",
                entry.collection, entry.customer
            ));
        }
        Ok(lines)
    }

    /// Writes the models to copy into the run folder: the customers' whole, and what changes in the others.
    pub(crate) async fn write_schema_draft(&self, watcher: &Watcher) -> Result<Option<PathBuf>> {
        let Some(run) = self.run.open() else {
            return Ok(None);
        };
        let mut customers = Draft::default();
        let live = self.layout.now(&self.work.mapping.customer.collection);
        self.work
            .scan(live, watcher, |document| customers.take(document))
            .await?;
        let blueprint = &self.surveyed()?.blueprint;
        let unique = blueprint.email_index == EmailIndex::Plain;
        let some_stay = blueprint.departures.total() > 0;
        let text = draft(&self.work.mapping, &customers, unique, some_stay);
        let path = self.run_folder(run).join(DRAFT);
        private_file::replace(&path, text.as_bytes()).map_err(|error| {
            error.with_truth("The models to copy are not written. What is live stays as the steps before this one left it, and the way back is open")
        })?;
        Ok(Some(path))
    }
}

/// What becomes of the reference to a user.
fn reference_line(following: &Following, customers: &str) -> String {
    let (model, customer) = (&following.collection, &following.customer);
    if following.in_place {
        format!("model {model}: {customer} refers to {customers}")
    } else if following.keep {
        format!(
            "model {model}: {customer} stands beside {}",
            leaving_of(following)
        )
    } else if following.names_users() {
        format!(
            "model {model}: {customer} replaces {}",
            leaving_of(following)
        )
    } else {
        format!("model {model}: {customer} comes")
    }
}

/// A model of these lines.
fn model(collection: &str, comments: &[String], fields: &[String], rules: &[String]) -> String {
    let name = model_name(collection);
    let mut text = format!("model {name} {{\n");
    let comments = comments.iter().map(|line| format!("// {line}"));
    for line in comments.chain(fields.iter().cloned()) {
        let _ = writeln!(text, "  {line}"); // writing to a String cannot fail
    }
    let mut rules = rules.to_vec();
    if name != collection {
        rules.push(format!("@@map(\"{collection}\")"));
    }
    if !rules.is_empty() {
        text.push('\n');
    }
    for line in rules {
        let _ = writeln!(text, "  {line}"); // see above
    }
    text.push_str("}\n");
    text
}

/// The models to copy. `unique`: an e-mail stands once in a business; `some_stay`: some bookings have no customer.
#[allow(clippy::too_many_lines)] // the text from its first line to its last
fn draft(mapping: &Mapping, customers: &Draft, unique: bool, some_stay: bool) -> String {
    let (booking, customer, user) = (&mapping.booking, &mapping.customer, &mapping.user);
    let customer_model = model_name(&customer.collection);
    let booking_model = model_name(&booking.collection);
    let created = &user.created;
    let mut fields = customers.lines(|field| match field {
        "updatedAt" => Some("@updatedAt"),
        _ if field == created => Some("@default(now())"),
        _ => None,
    });
    let id = fields
        .iter()
        .find_map(|line| line.strip_prefix("id "))
        .unwrap_or("String @db.ObjectId");
    let is_object_id = id.contains("@db.ObjectId");
    let business = match mapping.business.collections.as_slice() {
        [one] => Some(one),
        _ => None,
    };
    if let Some(business) = business {
        let business = model_name(business);
        fields.push(format!(
            "business {business} @relation(fields: [{}], references: [id])",
            customer.business
        ));
    }
    fields.push(format!("bookings {booking_model}[]"));
    for entry in &mapping.follow {
        let relation = relation_of(mapping, entry);
        let named = relation
            .as_ref()
            .map(|name| format!(" @relation(\"{name}\")"));
        fields.push(format!(
            "{} {}[]{}",
            relation.as_deref().unwrap_or(&entry.collection),
            model_name(&entry.collection),
            named.unwrap_or_default()
        ));
    }
    let mut rules = Vec::new();
    if !user.email.is_empty() {
        let kind = if unique { "@@unique" } else { "@@index" };
        rules.push(format!("{kind}([{}, {}])", customer.business, user.email));
    }
    if !user.name.is_empty() {
        rules.push(format!("@@index([{}, {}])", customer.business, user.name));
    }
    let mut text = format!(
        "// What changes in schema.prisma, from {} live customers. Check the whole schema with `ringfence conform --schema FILE`.\n// Push it with `npx prisma@6 db push`, which drops every index that the schema does not name.\n\n",
        customers.documents()
    );
    text.push_str(&model(&customer.collection, &[], &fields, &rules));
    let optional = if some_stay || booking.following.filter.is_some() {
        "?"
    } else {
        ""
    };
    let native = if is_object_id { " @db.ObjectId" } else { "" };
    let mut comments = Vec::new();
    let stays = booking.following.keep || booking.following.in_place;
    if !stays && booking.following.names_users() {
        comments.push(format!("{} leaves, with its relation", leaving(mapping)));
    }
    text.push('\n');
    text.push_str(&model(
        &booking.collection,
        &comments,
        &[
            format!("{} String{optional}{native}", booking.customer),
            format!(
                "customer {customer_model}{optional} @relation(fields: [{}], references: [id])",
                booking.customer
            ),
        ],
        &[format!("@@index([{}])", booking.customer)],
    ));
    for entry in &mapping.follow {
        let mut comments = Vec::new();
        if !entry.keep && !entry.in_place {
            comments.push(format!("{} leaves, with its relation", leaving_of(entry)));
        }
        let named = relation_of(mapping, entry).map(|name| format!("\"{name}\", "));
        let named = named.unwrap_or_default();
        let field = &entry.customer;
        let relation = field.strip_suffix("Id").unwrap_or("customer");
        text.push('\n');
        text.push_str(&model(
            &entry.collection,
            &comments,
            &[
                // Some may stay with an account.
                format!("{field} String?{native}"),
                format!(
                    "{relation} {customer_model}? @relation({named}fields: [{field}], references: [id])"
                ),
            ],
            &[format!("@@index([{field}])")],
        ));
    }
    if !user.collection.is_empty() {
        let mut comments = vec![format!("the relation to {booking_model} leaves")];
        if !user.contact.is_empty() {
            comments.push(format!(
                "{} left where a customer received them: make them optional, or take them out",
                user.contact.join(", ")
            ));
        }
        text.push('\n');
        text.push_str(&model(&user.collection, &comments, &[], &[]));
    }
    if let Some(business) = business {
        text.push('\n');
        let fields = [format!("customers {customer_model}[]")];
        text.push_str(&model(business, &[], &fields, &[]));
    }
    text
}

/// The name of an entry's relation, where several entries of one collection need one.
fn relation_of(mapping: &Mapping, entry: &Following) -> Option<String> {
    let several = mapping.entries_of(&entry.collection).count() > 1;
    several.then(|| format!("{}_{}", entry.collection, entry.customer))
}
