//! What a push runs: the operator's command, or the usual one, and the schema that is read before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::text::named;
use crate::engine::conform::read_schema;
use crate::engine::error::{Result, StepError};
use crate::prisma::schema::Schema;

/// Where Prisma itself looks for a schema.
const USUAL_SCHEMAS: [&str; 3] = ["prisma/schema.prisma", "schema.prisma", "prisma/schema"];

/// Hears every line that the command prints.
#[derive(Clone)]
pub struct Voice(pub Arc<dyn Fn(&str) + Send + Sync>);

impl std::fmt::Debug for Voice {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Voice")
    }
}

/// What is to be run, as far as the operator says it.
#[derive(Debug, Clone, Default)]
pub struct PushOrder {
    /// The program and its arguments; the usual command where there is none.
    pub command: Vec<String>,
    /// The schema: a file or a folder; where Prisma looks for it, if nothing is said.
    pub schema: Option<PathBuf>,
    /// Hears the command's output.
    pub voice: Option<Voice>,
}

/// What is to be run, with the schema that was read.
pub(super) struct Order {
    pub(super) command: Vec<String>,
    pub(super) schema: Schema,
}

impl PushOrder {
    fn schema_path(&self, after: Option<&str>) -> Result<PathBuf> {
        let usual = || USUAL_SCHEMAS.iter().map(PathBuf::from);
        let named = self.schema.clone().or_else(|| after.map(PathBuf::from));
        let found = named.or_else(|| usual().find(|path| path.exists()));
        found.ok_or_else(|| {
            StepError::NotReady(format!(
                "no schema is named, and none of {} is in this folder. Nothing was changed. Name it: `ringfence push --schema FILE`, or after = \"FILE\" under [schema] of the mapping",
                USUAL_SCHEMAS.join(", ")
            ))
        })
    }

    /// Reads the schema; `after` is the one that the mapping names.
    pub(super) fn read(&self, after: Option<&str>) -> Result<Order> {
        let path = self.schema_path(after)?;
        let schema = read_schema(&path)?;
        let command = if self.command.is_empty() {
            usual_command(&path)
        } else {
            self.command.clone()
        };
        Ok(Order { command, schema })
    }
}

fn usual_command(schema: &Path) -> Vec<String> {
    let path = schema.display().to_string();
    let words = ["npx", "prisma@6", "db", "push", "--schema", &path];
    words.map(str::to_owned).to_vec()
}

/// The command as one line.
pub(super) fn in_one_line(command: &[String]) -> String {
    let quoted = command.iter().map(|word| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:=+,".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    named(&quoted.collect::<Vec<_>>().join(" "))
}
