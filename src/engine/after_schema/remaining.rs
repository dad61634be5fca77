//! The users who remain once those retire who are customers and nothing else, held against the after-schema before the clean-up's swap: whoever
//! registered since the plan was made can still be mended where they stand.

use std::sync::PoisonError;

use bson::raw::RawDocument;

use super::asked::parse;
use super::models::Reads;
use super::reading::{Groups, Taking, listener, standing_as};
use super::ways::is_of_users;
use crate::domain::schema_change::shape::Shape;
use crate::domain::survey::facts::id_of;
use crate::domain::text::safe;
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::error::Result;
use crate::engine::session::{Session, Surveyed};
use crate::prisma::conformity::{Conformity, Finding};
use crate::prisma::kind::Kind;
use crate::prisma::schema::Schema;
use crate::prisma::{Compares, SchemaCheck, Standing};
use crate::store::StoreError;
use crate::store::scan::{self, Scan};

/// Passes over a model.
fn pass(check: &mut SchemaCheck<'_>, number: usize) {
    check.begin(number, &Standing::Missing, 0);
    check.end();
}

impl Session {
    /// What users break of the after-schema who would stay if those retire who are customers and nothing else.
    pub(super) async fn judge_who_stays(
        &mut self,
        (schema, reads): (&Schema, &Reads),
        (shape, compares): (Shape, Compares),
        watcher: &Watcher,
    ) -> Result<Vec<Finding>> {
        let kept = self.fates.take();
        self.look_who_retires(watcher).await?;
        let mut check = SchemaCheck::new(schema, &self.work.memory, self.personal, None);
        let mut failed = Ok(());
        for number in check.order() {
            if number != reads.model {
                pass(&mut check, number);
                continue;
            }
            check.begin(number, &standing_as(compares.clone()), 0);
            let mut taking = Taking::new(&mut check, shape.clone(), shape.rules());
            let mut take = |document: &RawDocument, oldest| taking.take(document, oldest);
            let read = self.documents_after(&reads.live, (true, &mut take), watcher);
            failed = read.await.and_then(|()| taking.failed());
            check.end();
        }
        self.fates = kept;
        failed?;
        let models = check.finish().models.into_iter();
        self.work.tables_hold()?;
        let name = schema.models.get(reads.model).map(|it| it.name.clone());
        let mut models = models.filter(|it| Some(&it.name) == name.as_ref());
        let found = models.next().map(|it| it.findings).unwrap_or_default();
        let of_users = found.into_iter();
        Ok(of_users
            .filter(|it| !it.advice && is_of_users(it.kind))
            .collect())
    }

    /// What the prepared copy of the users would break of the after-schema without those who retire.
    pub(super) async fn check_remaining_users(&mut self, watcher: &Watcher) -> Result<Checked> {
        let checked = Checked::default();
        self.look_who_retires(watcher).await?;
        let users = self.work.mapping.users();
        let changes = self.work.mapping.changes();
        let change = changes.and_then(|it| it.of(users.live()));
        let (Some(plan), Some(change), Some(fates)) = (&self.answers.schema, change, &self.fates)
        else {
            return Ok(checked);
        };
        let Surveyed { survey, .. } = self.surveyed()?;
        let schema = parse(&plan.after)?;
        let compares = self.how_users_compare(&schema, change, watcher).await?;
        let groups = Groups::default();
        let heard = Some(listener(&groups));
        let mut check = SchemaCheck::new(&schema, &self.work.memory, self.personal, heard);
        for number in check.order() {
            let model = schema.models.get(number);
            let is_users = model.is_some_and(|it| it.name == change.model);
            if !is_users {
                pass(&mut check, number);
                continue;
            }
            check.begin(
                number,
                &standing_as(compares.clone()),
                survey.users.len() as u64,
            );
            let place = (&self.work.connection.database, None);
            let copy = users.next();
            scan::each(place, &copy, &Scan::default(), &watcher.cancel, |user| {
                let goes = id_of(user).is_some_and(|id| fates.goes(survey, &id));
                if goes {
                    return Ok(());
                }
                check
                    .take(user)
                    .map_err(|error| StoreError::Invalid(error.to_string()))
            })
            .await?;
            check.end();
        }
        let conformity = check.finish();
        self.work.tables_hold()?;
        Ok(of_users(&conformity, &groups, (&change.model, &plan.left)))
    }

    /// What the live users would break of the after-schema as the migration and its rules will leave them, all of them.
    pub(super) async fn check_users_to_be(&mut self, watcher: &Watcher) -> Result<Checked> {
        let users = self.work.mapping.users();
        let changes = self.work.mapping.changes();
        let change = changes.and_then(|it| it.of(users.live())).cloned();
        let plan = self.answers.schema.clone();
        let (Some(plan), Some(change)) = (plan, change) else {
            return Ok(Checked::default());
        };
        let schema = parse(&plan.after)?;
        let compares = self.how_users_compare(&schema, &change, watcher).await?;
        let shape = Shape::new(&change.rules, &change.minutes);
        let groups = Groups::default();
        let heard = Some(listener(&groups));
        let mut check = SchemaCheck::new(&schema, &self.work.memory, self.personal, heard);
        let mut failed = Ok(());
        for number in check.order() {
            let model = schema.models.get(number);
            if model.is_none_or(|it| it.name != change.model) {
                pass(&mut check, number);
                continue;
            }
            check.begin(number, &standing_as(compares.clone()), 0);
            let mut taking = Taking::new(&mut check, shape.clone(), shape.rules());
            let mut take = |document: &RawDocument, oldest| taking.take(document, oldest);
            let read = self.documents_after(users.live(), (false, &mut take), watcher);
            failed = read.await.and_then(|()| taking.failed());
            check.end();
        }
        failed?;
        let conformity = check.finish();
        self.work.tables_hold()?;
        Ok(of_users(&conformity, &groups, (&change.model, &plan.left)))
    }
}

/// What is wrong with the users, but for what a decision leaves.
fn of_users(conformity: &Conformity, groups: &Groups, (model, left): (&str, &[String])) -> Checked {
    let mut checked = Checked::default();
    let groups = groups.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = conformity.models.iter();
    let Some(found) = found.find(|it| it.name == model) else {
        return checked;
    };
    let findings = found.findings.iter();
    for finding in findings.filter(|it| !it.advice && is_of_users(it.kind)) {
        let fields = finding.fields.join(", ");
        let key = format!("{}.{fields} {}", found.name, finding.kind.word());
        if left.contains(&key) {
            continue;
        }
        let members = groups.get(&(found.name.clone(), fields.clone()));
        let members = match (finding.kind, members) {
            (Kind::Duplicate, Some(groups)) => groups.join("; "),
            _ => finding.samples.join(", "),
        };
        checked.finds(format!(
            "{}.{}: {}, {} ({members}): {}",
            safe(&found.name, 60),
            safe(&fields, 120),
            finding.kind.word(),
            finding.count,
            finding.error
        ));
    }
    checked
}
