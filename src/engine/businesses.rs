//! One business looked at closely: its customers-to-be, its bookings by year, and where else its customers book. Reads only.

use std::collections::BTreeMap;

use crate::domain::blueprint::Role;
use crate::domain::calendar;
use crate::domain::id::Id;
use crate::domain::people::{Who, booking_time};
use crate::domain::survey::{BusinessIx, Standing, UserIx};
use crate::domain::text::safe;
use crate::domain::transform::{self, BookingFate};
use crate::domain::view::{BusinessView, ClientLine, CustomerLine};
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Surveyed};
use crate::store::clients;
use crate::store::scan::{self, Scan};

/// Customers that are listed; more are counted.
const LISTED: usize = 2_000;
/// Bookings that are read for the years.
const PATIENCE: u64 = 20_000;
/// Other businesses that are named.
const ELSEWHERE: usize = 5;

impl Session {
    /// A business looked at closely.
    ///
    /// # Errors
    /// No survey yet, no such business, or the server's refusal.
    pub async fn business_view(&self, id: &Id) -> Result<BusinessView> {
        let Surveyed { survey, .. } = self.surveyed()?;
        let business = survey
            .businesses
            .get_index_of(&id.canonical())
            .ok_or_else(|| {
                StepError::NotReady(
                    "this business was not there when the survey was taken; run the survey again"
                        .to_owned(),
                )
            })?;
        let mut view = self.customers_at(business).await?;
        self.count_years(business, &mut view).await?;
        Ok(view)
    }

    async fn customers_at(&self, business: BusinessIx) -> Result<BusinessView> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let mut users: Vec<(UserIx, u64)> = survey
            .pairs
            .iter()
            .filter(|((_, at), _)| *at == business)
            .map(|((user, _), pair)| (user, pair.bookings))
            .collect();
        let mut elsewhere: BTreeMap<BusinessIx, u64> = BTreeMap::new();
        for (user, _) in &users {
            for other in survey.businesses_of(*user) {
                if other != business {
                    *elsewhere.entry(other).or_default() += 1;
                }
            }
        }
        users.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
        let more = users.len().saturating_sub(LISTED) as u64;
        users.truncate(LISTED);
        self.look_up_users(users.iter().map(|(user, _)| survey.user_id(*user)))
            .await?;
        let customers = users
            .into_iter()
            .map(|(user, bookings)| {
                let id = survey.user_id(user);
                CustomerLine {
                    who: self.user_who(&id).unwrap_or_default(),
                    bookings,
                    elsewhere: survey.businesses_of(user).len().saturating_sub(1) as u64,
                    becomes: match blueprint.role(survey, user, business) {
                        Role::Own => "a customer",
                        Role::Grouped { survivor: true, .. } => "takes others in",
                        Role::Grouped {
                            survivor: false, ..
                        } => "merged away",
                        Role::Adopted(_) => "adopted",
                        Role::Linked => "linked already",
                        Role::Skipped => "skipped",
                    },
                    user: id,
                }
            })
            .collect();
        let mut elsewhere: Vec<(String, u64)> = elsewhere
            .into_iter()
            .map(|(at, customers)| (safe(&survey.businesses[at].name, 60), customers))
            .collect();
        elsewhere.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
        elsewhere.truncate(ELSEWHERE);
        Ok(BusinessView {
            customers,
            more,
            elsewhere,
            ..BusinessView::default()
        })
    }

    /// Reads bookings for the years and for what becomes of them, as far as patience goes.
    async fn count_years(&self, business: BusinessIx, view: &mut BusinessView) -> Result<()> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let source = self
            .layout
            .source(&self.work.mapping.bookings())
            .unwrap_or_default();
        let mut years: BTreeMap<i64, u64> = BTreeMap::new();
        let mut looked = 0;
        let mut reader = scan::read(
            &self.work.connection.database,
            &source,
            &Scan::default(),
            None,
        )?;
        'reading: while let Some(batch) = reader.next().await? {
            for document in batch.documents() {
                if looked == PATIENCE {
                    view.looked = looked;
                    break 'reading;
                }
                looked += 1;
                let at = match survey.standing(&survey.paths().read(document)) {
                    Standing::Paired { business, .. } | Standing::WithoutUser { business, .. } => {
                        Some(business)
                    }
                    Standing::WithoutBusiness { .. } | Standing::Disagrees { .. } => None,
                };
                if at != Some(business) {
                    continue;
                }
                match transform::booking(survey, blueprint, document)? {
                    BookingFate::Linked { .. } => view.linked += 1,
                    BookingFate::Quarantined | BookingFate::Left => view.others += 1,
                }
                if let Some(when) = booking_time(&survey.mapping, document) {
                    *years.entry(calendar::year(when)).or_default() += 1;
                }
            }
        }
        view.years = years.into_iter().collect();
        Ok(())
    }

    fn user_who(&self, id: &Id) -> Option<Who> {
        self.labels.get(&self.users_collection(), id).flatten()
    }

    /// Who is connected to the server, but for ourselves and the servers of the set.
    ///
    /// # Errors
    /// Why they cannot be seen.
    pub async fn client_lines(&self) -> std::result::Result<Vec<ClientLine>, String> {
        let found = clients::connected(&self.work.connection).await?;
        Ok(found
            .into_iter()
            .map(|(client, connections)| ClientLine {
                is_prisma: client.is_prisma(),
                application: client.application,
                driver: client.driver,
                user: client.user,
                host: client.host,
                connections,
            })
            .collect())
    }
}
