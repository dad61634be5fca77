//! Whether what is live is as the after-schema of the plan says: every document is read once more, by the check that `conform` does.

use super::asked::parse;
use crate::domain::text::safe;
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::conform::{Keeping, conform_connected};
use crate::engine::conform_left::Left;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::prisma::conformity::{Finding, ModelConformity};

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
        let schema = parse(&plan.after)?;
        let keeping = Keeping {
            memory: self.work.memory.clone(),
            run_root: self.work.run_root.clone(),
            personal: self.personal,
            all: false,
            decided: Left::new(),
        };
        let found = conform_connected(&self.work.connection, &schema, keeping, watcher).await?;
        let conformity = found.conformity;
        for model in &conformity.models {
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
                "{} documents of {} models are as the after-schema says",
                conformity.documents(),
                conformity.models.len()
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
        finding.repair
    )
}
