//! The lines of a Prisma schema that change.

use crate::domain::blueprint::EmailIndex;
use crate::domain::reference::leaving;
use crate::engine::error::Result;
use crate::engine::session::Session;

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
        Ok(vec![
            if booking.following.in_place {
                format!(
                    "model {}: {} refers to {}",
                    booking.collection, booking.customer, customer.collection
                )
            } else if booking.following.keep {
                format!(
                    "model {}: {} stands beside {}",
                    booking.collection,
                    booking.customer,
                    leaving(mapping)
                )
            } else {
                format!(
                    "model {}: {} replaces {}",
                    booking.collection,
                    booking.customer,
                    leaving(mapping)
                )
            },
            unique,
            format!(
                "model {}: @@index([{}, {}])",
                customer.collection, customer.business, mapping.user.name
            ),
            format!(
                "model {}: @@index([{}])",
                booking.collection, booking.customer
            ),
        ])
    }
}
