//! Step 12, update the schema: the Prisma lines to change, and a check that every index stands. `prisma db push` drops indexes that the
//! schema does not name, so this is run again after it.

use super::error::{Result, StepError};
use super::session::Session;
use crate::domain::blueprint::EmailIndex;
use crate::domain::mapping::Rebuilt;
use crate::domain::reference::leaving;

pub(super) async fn run(session: &mut Session) -> Result<String> {
    if !session.is_swapped(Rebuilt::Booking) {
        return Err(StepError::NotReady("the cut-over comes first: `prisma db push` would find the old collections. Nothing was changed".to_owned()));
    }
    if session.surveyed.is_none() {
        session.survey(&super::Watcher::silent()).await?;
    }
    let mut checked = super::check::Checked::default();
    for which in Rebuilt::ALL {
        checked = checked.and(session.check_indexes(which).await?);
    }
    if checked.wrong > 0 {
        return Err(StepError::Findings(format!(
            "indexes are not as specified; create the missing ones again, or correct the schema and push it again:\n{}",
            checked.list()
        )));
    }
    let lines = session.schema_lines()?;
    Ok(format!(
        "every index stands; in schema.prisma: {}",
        lines.join("; ")
    ))
}

impl Session {
    /// What changes in `schema.prisma`, line by line.
    ///
    /// # Errors
    /// No survey yet.
    pub fn schema_lines(&self) -> Result<Vec<String>> {
        let mapping = &self.mapping;
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
            format!(
                "model {}: {} replaces {}",
                booking.collection,
                booking.customer,
                leaving(mapping)
            ),
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
