//! Whether what is live is as the after-schema of the plan says: every document is read once more, by the check that `conform` does.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::parse;
use crate::domain::checklist::Step;
use crate::domain::number::counted;
use crate::domain::plan::SchemaPlan;
use crate::domain::text::{listed, safe, sentence};
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::conform::{Keeping, conform_connected};
use crate::engine::conform_left::Left;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::prisma::conformity::{Finding, ModelConformity};
use crate::prisma::schema::Schema;

impl Session {
    /// Checks all that is live against the after-schema, where the plan has one.
    pub(crate) async fn check_conformity(&self, watcher: &Watcher) -> Result<Checked> {
        let mut checked = Checked::default();
        let Some(plan) = &self.answers.schema else {
            return Ok(checked);
        };
        let users = self.work.mapping.users();
        if self.work.mapping.has_users() && !self.layout.is_swapped(&users) {
            checked.notes.push(format!(
                "{} is not cleaned up yet, so nothing was checked against the after-schema",
                safe(users.live(), 120)
            ));
            return Ok(checked);
        }
        let waiting = self.waiting_for_schema_step();
        if !waiting.is_empty() {
            checked.notes.push(format!(
                "“{}” is not done yet (it changes {}), so nothing was compared with the after-schema",
                Step::Schema.title(),
                listed(waiting.iter().map(String::as_str))
            ));
            return Ok(checked);
        }
        let schema = parse(&plan.after)?;
        self.hold_against((plan, &schema), None, watcher).await
    }

    /// Checks what is about to become live against the after-schema: by its live names of today, where each stands now.
    pub(super) async fn check_copies_conform(
        &self,
        copies: &BTreeMap<String, String>,
        watcher: &Watcher,
    ) -> Result<Checked> {
        let (Some(plan), Some(changes)) = (&self.answers.schema, self.work.mapping.changes())
        else {
            return Ok(Checked::default());
        };
        let mut schema = parse(&plan.after)?;
        let mut only = BTreeSet::new();
        for (live, stands) in copies {
            let Some(change) = changes.of(live) else {
                continue;
            };
            for model in &mut schema.models {
                if model.name == change.model {
                    model.collection.clone_from(stands);
                }
            }
            only.insert(change.model.as_str());
        }
        if only.is_empty() {
            return Ok(Checked::default());
        }
        self.hold_against((plan, &schema), Some(&only), watcher)
            .await
    }

    /// Reads every document once more; says what is found of these models, or of all.
    async fn hold_against(
        &self,
        (plan, schema): (&SchemaPlan, &Schema),
        only: Option<&BTreeSet<&str>>,
        watcher: &Watcher,
    ) -> Result<Checked> {
        let mut checked = Checked::default();
        let keeping = Keeping {
            memory: self.work.memory.clone(),
            run_root: self.work.run_root.clone(),
            personal: self.personal,
            all: false,
            decided: Left::new(),
        };
        let found = conform_connected(&self.work.connection, schema, keeping, watcher).await?;
        let conformity = found.conformity;
        let asked =
            |model: &&ModelConformity| only.is_none_or(|only| only.contains(model.name.as_str()));
        for model in conformity.models.iter().filter(asked) {
            for finding in model.findings.iter().filter(|it| !it.advice) {
                let key = format!(
                    "{}.{} {}",
                    model.name,
                    finding.fields.join(", "),
                    finding.kind.word()
                );
                let says = words(model, finding);
                if plan.left.contains(&key) {
                    checked.notes.push(format!("left by decision: {says}"));
                } else {
                    checked.finds(says);
                }
            }
        }
        if conformity.incomplete {
            for note in &conformity.notes {
                checked.finds(note.clone());
            }
        }
        if checked.wrong == 0 {
            checked.notes.push(format!(
                "{} of {} are as the after-schema says",
                counted(conformity.documents(), "document", "documents"),
                counted(conformity.models.len() as u64, "model", "models")
            ));
        }
        Ok(checked)
    }
}

fn words(model: &ModelConformity, finding: &Finding) -> String {
    let samples = if finding.samples.is_empty() {
        String::new()
    } else {
        format!(" ({})", finding.samples.join(", "))
    };
    format!(
        "{}.{}: {}, {}{samples}: {}. {}",
        safe(&model.name, 60),
        safe(&finding.fields.join(", "), 120),
        finding.kind.word(),
        finding.count,
        finding.error,
        sentence(&finding.repair)
    )
}
