//! The check of a mapping before it is used: collections and fields that it names occur, fields hold what their keys say, references lead
//! somewhere. Reads a sample of large collections, and all of their documents only where that leaves doubt. Writes nothing.

mod filters;
mod finished;
mod idle;
mod let_in;
mod reached;
pub(crate) mod reading;
pub(crate) mod references;

use std::collections::BTreeMap;

use self::filters::{filter_of, filters, section};
use self::references::Tally;
use crate::domain::accepted::Accepted;
use crate::domain::fit::claims::{Claims, FieldClaim, Need};
use crate::domain::fit::doubts::{Doubts, about_guests, about_users};
use crate::domain::fit::reference::{ReferenceClaim, references};
use crate::domain::fit::{Fit, contents, nearest_words};
use crate::domain::mapping::{Mapping, SIDE_PREFIX};
use crate::domain::nearest::nearest;
use crate::domain::number::grouped;
use crate::domain::profile::Profile;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::Session;
use crate::store::{collection_spec, watch};

/// Where accepted numbers of references come from.
#[derive(Debug, Clone, Copy)]
pub enum Said<'a> {
    /// Typed with this command.
    Now(&'a [(Accepted, u64)]),
    /// They stand in the plan that is applied.
    InThePlan,
}

/// The line of a warning. A mapping that was kept with a plan or a run has no lines.
fn warning(mapping: &Mapping, key: &str, words: &str) -> String {
    let place = mapping
        .line(key)
        .map(|_| format!(" {}", mapping.place(key)));
    format!("warning: mapping{}: {words}", place.unwrap_or_default())
}

/// What is known of the collections that a mapping names.
struct Known {
    /// Names of the database's own collections.
    names: Vec<String>,
    /// Profiles of all documents, by collection.
    all: BTreeMap<String, Profile>,
    /// Profiles of those documents that play a role, by the role's section, where it has a filter.
    inside: BTreeMap<String, Profile>,
}

impl Known {
    fn has(&self, collection: &str) -> bool {
        self.all.contains_key(collection)
    }

    /// What is known of a collection as a key of the mapping means it.
    fn profile(&self, key: &str, collection: &str, mapping: &Mapping) -> Option<&Profile> {
        let role = filter_of(mapping, key, collection).map(|_| section(key));
        let inside = role.and_then(|role| self.inside.get(role));
        inside.or_else(|| self.all.get(collection))
    }
}

impl Session {
    /// Checks that the mapping fits the database, and keeps what is worth saying.
    ///
    /// # Errors
    /// What does not fit, with the file's line and what would fit better; another mapping than that of the run under way; a number that is
    /// not what is counted.
    pub async fn check_mapping(&mut self, said: Said<'_>, watcher: &Watcher) -> Result<()> {
        patiently!(self, watcher, self.check_mapping_once(said, watcher))
    }

    /// The same, tried once: for a step, which is tried again as a whole.
    pub(crate) async fn check_mapping_once(
        &mut self,
        said: Said<'_>,
        watcher: &Watcher,
    ) -> Result<()> {
        self.require_the_runs_mapping()?;
        self.look_what_is_swapped().await?;
        let mapping = self.work.mapping.clone();
        let since = watch::begin(&self.work.connection).await?;
        let mut fit = Fit {
            refusals: mapping.broken_rules(),
            ..Fit::default()
        };
        self.unless_refused(&fit)?;
        self.refuse_kinds_that_stand().await?;
        watcher.says("checking the mapping", 0, 0);
        let claims = Claims::of(&mapping);
        let known = self.known(&mapping, &claims).await?;
        if known.names.is_empty() {
            return Ok(()); // the survey says that there is no such database
        }
        self.check_collections_of(&mapping, &claims, &known, &mut fit);
        self.check_fields(&mapping, &claims, &known, &mut fit, watcher)
            .await?;
        self.check_filters(&mapping, &claims, &known, &mut fit, watcher)
            .await?;
        Self::check_contents(&mapping, &known, &mut fit);
        Box::pin(self.check_references(&mapping, &known, &mut fit, said, watcher)).await?;
        self.check_dropped_references(&mapping, &known, &mut fit)
            .await?;
        self.check_people_reached(&mapping, &known, &mut fit)
            .await?;
        self.check_businesses_beside(&mapping, &known, &mut fit)
            .await?;
        self.check_new_references(&mapping, &known, &mut fit)
            .await?;
        self.unless_refused(&fit)?;
        let kept = mapping.remarks().into_iter();
        for (key, says) in kept.filter(|it| it.0.rsplit('.').next() == Some("keep")) {
            let words = format!("{key}: {says}");
            fit.warnings.push(warning(&mapping, &key, &words));
        }
        self.fit = fit;
        self.fitting = Some((mapping, since));
        Ok(())
    }

    /// The same, unless this mapping was found to fit already, and nobody wrote since.
    pub(crate) async fn check_mapping_if_changed(&mut self, watcher: &Watcher) -> Result<()> {
        let fits = self.fitting.as_ref();
        let fits = fits.filter(|(mapping, _)| *mapping == self.work.mapping);
        let since = fits.map(|(_, since)| since);
        if self.work.still_unchanged(since).await?.is_some() {
            return self.require_the_runs_mapping();
        }
        self.check_mapping_once(Said::Now(&[]), watcher).await
    }

    /// What the last check of the mapping found worth saying.
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    fn unless_refused(&mut self, fit: &Fit) -> Result<()> {
        if fit.refusals.is_empty() {
            return Ok(());
        }
        self.refuse_unknown_originals()?;
        self.fit = fit.clone();
        let hint = if self.work.built_in {
            "\nThis is the built-in mapping, with the names that Prisma gives. `ringfence init` writes one for this database"
        } else {
            ""
        };
        Err(StepError::Unfit(format!(
            "the mapping does not fit the database {}. Nothing was changed:\n{}{hint}",
            self.work.connection.place.database,
            fit.list()
        )))
    }

    /// Refuses a mapping file that says something else than the run under way began with.
    fn require_the_runs_mapping(&self) -> Result<()> {
        let Some(run) = self.run.open() else {
            return Ok(());
        };
        let other = |mapping: &Mapping| *mapping != run.mapping;
        if !self.work.mapping_file.as_ref().is_some_and(other) {
            return Ok(());
        }
        Err(StepError::Drift(vec![format!(
            "the mapping file says another mapping than the one that run {} began with; leave it out (the run keeps its own), or roll the run back first",
            run.id
        )]))
    }

    async fn known(&self, mapping: &Mapping, claims: &Claims) -> Result<Known> {
        let kinds = collection_spec::kinds(&self.work.connection).await?;
        let own = kinds
            .iter()
            .filter(|(name, _)| !name.starts_with(SIDE_PREFIX) && !name.starts_with("system."));
        let mut known = Known {
            names: own.map(|(name, _)| name.clone()).collect(),
            inside: BTreeMap::new(),
            all: BTreeMap::new(),
        };
        let mut wanted = claims.all_collections();
        wanted.insert(mapping.customer.collection.clone());
        for collection in wanted {
            let place = self.layout.original_of(mapping, &collection);
            if !kinds.contains_key(&place) {
                continue;
            }
            let profile = self.profile(&place, None).await?;
            known.all.insert(collection, profile);
        }
        for (key, collection, filter) in filters(mapping) {
            let place = self.layout.original_of(mapping, &collection);
            if known.has(&collection) {
                let profile = self.profile(&place, Some(filter)).await?;
                known.inside.insert(section(&key).to_owned(), profile);
            }
        }
        Ok(known)
    }

    fn check_collections_of(
        &self,
        mapping: &Mapping,
        claims: &Claims,
        known: &Known,
        fit: &mut Fit,
    ) {
        // A swapped collection's live name may be missing for an instant of a cut-over that was killed.
        let mid_swap = self.run.open().is_some_and(|run| {
            let mut records = run.collections.values();
            records.any(|it| it.swap_began)
        });
        let mut told = Vec::new();
        for claim in &claims.collections {
            let name = claim.collection.as_str();
            if known.has(name) || mid_swap || told.contains(&(claim.key.as_str(), name)) {
                continue;
            }
            told.push((claim.key.as_str(), name));
            let near = nearest(name, known.names.iter().map(String::as_str));
            let words = format!(
                "{}: `{name}` is no collection of this database{}",
                claim.key,
                nearest_words(near)
            );
            match claim.need {
                Need::Required => {
                    let has = known.names.join(", ");
                    let bad = mapping.bad(&claim.key, format!("{words}. It has: {has}"));
                    fit.refusals.push(bad);
                }
                Need::Optional => self.warn(mapping, &claim.key, name, &words, fit),
            }
        }
    }

    fn warn(&self, mapping: &Mapping, key: &str, name: &str, words: &str, fit: &mut Fit) {
        if self.work.built_in {
            fit.absent.push(format!("{key} `{name}`"));
        } else {
            fit.warnings.push(warning(mapping, key, words));
        }
    }

    /// Holds what stands in the fields against what their keys say.
    fn check_contents(mapping: &Mapping, known: &Known, fit: &mut Fit) {
        let mut doubts = Vec::new();
        if let Some(users) = known.profile("user.", &mapping.user.collection, mapping) {
            fit.refusals.extend(contents::of_users(mapping, users));
            doubts.push(about_users(mapping, users));
        }
        if let Some(bookings) = known.profile("booking.", &mapping.booking.collection, mapping) {
            let found = contents::of_bookings(mapping, bookings);
            fit.refusals.extend(found);
            let guest = mapping.booking.following.guest.iter();
            doubts.extend(guest.map(|guest| about_guests(mapping, "booking", guest, bookings)));
        }
        for (at, entry) in mapping.follow.iter().enumerate() {
            let section = format!("follow.{at}");
            let documents = known.profile(&format!("{section}."), &entry.collection, mapping);
            if let (Some(guest), Some(documents)) = (&entry.guest, documents) {
                let found = contents::of_guests(mapping, &section, guest, documents);
                fit.refusals.extend(found);
                doubts.push(about_guests(mapping, &section, guest, documents));
            }
        }
        for Doubts { refusals, warnings } in doubts {
            fit.refusals.extend(refusals);
            let said = warnings.iter().map(|bad| match bad.line {
                Some(line) => format!("warning: mapping {}:{line}: {}", bad.file, bad.why),
                None => format!("warning: mapping: {}", bad.why),
            });
            fit.warnings.extend(said);
        }
    }

    async fn check_fields(
        &self,
        mapping: &Mapping,
        claims: &Claims,
        known: &Known,
        fit: &mut Fit,
        watcher: &Watcher,
    ) -> Result<()> {
        for claim in &claims.fields {
            let profiles: Vec<_> = claim
                .collections
                .iter()
                .filter_map(|it| Some((it, known.profile(&claim.key, it, mapping)?)))
                .filter(|(_, profile)| profile.documents > 0)
                .collect();
            let seen = profiles.iter().any(|(_, profile)| profile.has(&claim.path));
            // An empty collection is not judged.
            if profiles.is_empty() || seen {
                continue;
            }
            let whole = profiles.iter().all(|(_, profile)| profile.is_whole());
            if claim.need == Need::Required
                && !whole
                && self.stands_somewhere(mapping, claim, watcher).await?
            {
                continue;
            }
            let near = profiles.iter().find_map(|(_, profile)| {
                nearest(&claim.path, profile.fields().map(|(path, _)| path))
            });
            let looked_at: u64 = profiles.iter().map(|(_, profile)| profile.documents).sum();
            let of = claim.collections.join(" or ");
            let occurs = if claim.need == Need::Required || whole {
                format!("occurs in no document of {of}")
            } else {
                format!(
                    "occurs in none of {} documents of {of} that were looked at",
                    grouped(looked_at)
                )
            };
            let words = format!(
                "{}: `{}` {occurs}{}",
                claim.key,
                claim.path,
                nearest_words(near)
            );
            match claim.need {
                Need::Required => fit.refusals.push(mapping.bad(&claim.key, words)),
                Need::Optional => self.warn(mapping, &claim.key, &claim.path, &words, fit),
            }
        }
        Ok(())
    }

    /// Looks through all documents for a field that a sample does not have.
    async fn stands_somewhere(
        &self,
        mapping: &Mapping,
        claim: &FieldClaim,
        watcher: &Watcher,
    ) -> Result<bool> {
        for collection in &claim.collections {
            let place = self.layout.original_of(mapping, collection);
            if !self.occurs(&place, &claim.path).await? {
                continue;
            }
            let filter = filter_of(mapping, &claim.key, collection);
            match filter {
                None => return Ok(true),
                Some(filter)
                    if self
                        .occurs_inside(&place, filter, &claim.path, watcher)
                        .await? =>
                {
                    return Ok(true);
                }
                Some(_) => {}
            }
        }
        Ok(false)
    }

    /// Counts references by key; those of the same documents are read together.
    async fn counted_together(
        &self,
        claims: &[ReferenceClaim],
        known: &Known,
        watcher: &Watcher,
    ) -> Result<BTreeMap<String, Tally>> {
        let mut counts = BTreeMap::new();
        let mut left: Vec<&ReferenceClaim> = claims.iter().collect();
        left.retain(|claim| claim.collections.iter().any(|it| known.has(it)));
        while let Some(first) = left.first().copied() {
            let (same, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|claim| {
                claim.collections == first.collections && claim.filter == first.filter
            });
            let counted = self.count_references(&same, watcher).await?;
            counts.extend(same.iter().map(|it| it.key.clone()).zip(counted));
            left = others;
        }
        Ok(counts)
    }

    async fn check_references(
        &self,
        mapping: &Mapping,
        known: &Known,
        fit: &mut Fit,
        said: Said<'_>,
        watcher: &Watcher,
    ) -> Result<()> {
        let accepted = &self.answers.decisions.accepted;
        let customers = known.all.get(&mapping.customer.collection);
        let existing = customers.is_some_and(|it| it.documents > 0);
        let mut known_keys = Vec::new();
        let mut wrong = Vec::new();
        let claims = references(mapping, existing);
        let mut counts = self.counted_together(&claims, known, watcher).await?;
        for claim in claims {
            known_keys.push(claim.key.clone());
            let what = Accepted::Unresolved(claim.key.clone());
            let number = accepted.get(&what).copied();
            let refused = |fit: &Fit| {
                let begins = format!("{}: ", claim.key);
                fit.refusals.iter().any(|bad| bad.why.starts_with(&begins))
            };
            if refused(fit) || !claim.collections.iter().any(|it| known.has(it)) {
                continue;
            }
            let tally = match number {
                Some(_) => self.count_reference(&claim, watcher).await?,
                None => counts.remove(&claim.key).unwrap_or_default(),
            };
            let mut counted = tally.all;
            let lacks = claim.key == "customer.business" && counted.set == 0;
            if lacks {
                // These documents name no business at all: whatever they are, they are no customers of one.
                counted.set = customers.map_or(0, |profile| profile.total);
            }
            let now = match said {
                Said::Now(numbers) => numbers.iter().any(|(it, _)| *it == what),
                Said::InThePlan => number.is_some(),
            };
            match number {
                Some(number) if number == counted.unresolved() => {
                    if counted.is_too_few() {
                        fit.accepted.push(format!(
                            "mapping:{}={number}: {} of {} set values lead nowhere, as was accepted",
                            claim.key,
                            grouped(number),
                            grouped(counted.set)
                        ));
                    }
                    Self::warn_of_idle_paths(mapping, known, &claim, &tally, fit);
                    continue;
                }
                Some(number) if now => {
                    wrong.push(format!(
                        "mapping:{}={number} was accepted, and {} of {} set values lead nowhere now",
                        claim.key,
                        grouped(counted.unresolved()),
                        grouped(counted.set)
                    ));
                    continue;
                }
                _ => {}
            }
            if counted.is_too_few() {
                let better = self.what_fits_better(&claim, counted, &known.names).await?;
                fit.refusals
                    .push(mapping.unresolved(&claim, counted, better));
                continue;
            }
            Self::warn_of_idle_paths(mapping, known, &claim, &tally, fit);
        }
        if let Said::Now(numbers) = said {
            let unknown = numbers.iter().filter_map(|(what, _)| match what {
                Accepted::Unresolved(key) if !known_keys.contains(key) => Some(format!(
                    "--accept mapping:{key}: the mapping has no such reference; it has {}",
                    known_keys.join(", ")
                )),
                _ => None,
            });
            wrong.extend(unknown);
        }
        match (wrong.is_empty(), said) {
            (true, _) => Ok(()),
            (false, Said::InThePlan) => Err(StepError::Drift(wrong)),
            (false, Said::Now(_)) => Err(StepError::Findings(format!(
                "{}. Nothing was changed",
                wrong.join("\n")
            ))),
        }
    }
}
