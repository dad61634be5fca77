//! The operator's own `npx prisma@6 db push` beside a run: what it will do is said at its gate, it runs with our address in its environment, and
//! every index of the database is compared before and after. What it dropped can be put back.

mod cut_off;
mod indexes;
pub mod order;
mod undo;

use std::fmt::Write as _;

use crate::domain::gate::{Confirmed, PushSchema};
use crate::domain::pushed::{Appeared, Differences, IndexAt, PushRecord, compare};
use crate::domain::rebuilt::Group;
use crate::domain::run::WatchStart;
use crate::domain::text::{listed, named};
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::push::order::{Order, PushOrder, in_one_line};
use crate::engine::session::{Session, Workspace, now};
use crate::engine::stopped::in_words;
use crate::engine::{Watcher, counted};
use crate::prisma::push;
use crate::prisma::schema::Schema;
use crate::store::operator_command::OperatorCommand;
use crate::store::watch::{self, Seen};
use crate::store::{StoreError, collection_spec, run_log, write_block};

/// The variable that holds the address.
const VARIABLE: &str = "DATABASE_URL";
/// Lines of the command's output that an error repeats.
const LAST_LINES: usize = 12;

/// What becomes of the server's write block while the command runs.
enum Block {
    /// None is set.
    Off,
    /// It is set, and our user writes past it.
    Stays,
    /// It is set, would refuse the command, and our user may lift it.
    Lifts,
    /// It is set, would refuse the command, and our user may not lift it.
    InTheWay,
}

/// What the end of a push needs to know of a block that was lifted.
#[derive(Debug)]
pub(crate) struct Lifted {
    since: WatchStart,
}

impl Session {
    fn read_order(&self) -> Result<Order> {
        let named = self.work.mapping.schema.as_ref();
        let after = named.and_then(|it| it.after.as_deref());
        self.answers.push.read(after)
    }

    /// What the next push runs.
    pub fn order_push(&mut self, order: PushOrder) {
        self.answers.push = order;
    }

    /// Before anything of a push is written: lifts the write block where it would refuse the command. Nothing where it does not have to.
    pub(crate) async fn open_for_push(&mut self) -> Result<Option<Lifted>> {
        if !matches!(self.block_for_push().await?, Block::Lifts) {
            return Ok(None);
        }
        let since = watch::begin(&self.work.connection).await?;
        write_block::set(&self.work.connection, false).await?;
        self.answers.lifted = true;
        run_log::write("WARN", "Push the schema: the write block is lifted");
        Ok(Some(Lifted { since }))
    }

    /// Sets the write block again, and says who wrote in between. The lease is let go of first: with the block our own user may not.
    pub(crate) async fn close_after_push(
        &mut self,
        lifted: Lifted,
        outcome: Result<String>,
    ) -> Result<String> {
        self.answers.lifted = false;
        let seen = watch::since(
            &self.work.connection,
            &lifted.since,
            std::time::Duration::ZERO,
        );
        let wrote = match seen.await {
            Ok(Seen::Writes(writes)) if writes.is_empty() => "nobody wrote meanwhile".to_owned(),
            Ok(Seen::Writes(writes)) => format!("written meanwhile: {}", in_words(&writes)),
            Ok(Seen::Blind(why)) => {
                format!("whether anybody wrote meanwhile cannot be seen: {why}")
            }
            Err(error) => format!("whether anybody wrote meanwhile cannot be seen: {error}"),
        };
        self.let_go().await?;
        let says = match write_block::set(&self.work.connection, true).await {
            Ok(()) => {
                format!("the write block was lifted for the command and is set again; {wrote}")
            }
            Err(error) => {
                return Err(StepError::Findings(format!(
                    "THE WRITE BLOCK WAS LIFTED for the command and could not be set again ({error}): every application of the cluster may write. {wrote}. Set it again before you go on"
                )));
            }
        };
        run_log::write("WARN", &format!("Push the schema: {says}"));
        match outcome {
            Ok(said) => Ok(format!("{said}; {says}")),
            Err(error) => {
                self.voice(&says, &Watcher::silent());
                Err(error)
            }
        }
    }

    async fn block_for_push(&self) -> Result<Block> {
        let connection = &self.work.connection;
        let set = write_block::is_set(connection).await;
        let ours = self.writes_blocked().is_some();
        let cut_off = self.lifted_before() && set == Some(false);
        if !cut_off && !set.unwrap_or(ours) {
            return Ok(Block::Off);
        }
        let own = write_block::own(connection).await?;
        Ok(match own {
            write_block::Own { bypass: true, .. } => Block::Stays,
            write_block::Own { set: true, .. } => Block::Lifts,
            write_block::Own { .. } => Block::InTheWay,
        })
    }

    /// A push lifted the block, and was cut off before it could set it again.
    fn lifted_before(&self) -> bool {
        let last = self.run.open().and_then(|run| run.pushes.last());
        last.is_some_and(|push| push.lifted && push.ended.is_none())
    }

    /// Runs the command, and says what it did.
    ///
    /// # Errors
    /// Another confirmation; the command failed, or left what the schema names undone.
    pub(crate) async fn push_schema(
        &mut self,
        confirmed: Confirmed,
        watcher: &Watcher,
    ) -> Result<String> {
        let confirmed = self.pass::<PushSchema>(Some(confirmed), watcher).await?;
        self.run_the_push(confirmed, watcher).await
    }

    async fn run_the_push(
        &mut self,
        _: Confirmed<PushSchema>,
        watcher: &Watcher,
    ) -> Result<String> {
        let order = self.read_order()?;
        let announced = self.announced(&order.schema).await?;
        let before = self.work.index_picture().await?;
        let command = in_one_line(&order.command);
        let lifted = self.answers.lifted;
        if let Some(record) = &mut self.run.record {
            record.pushes.push(PushRecord {
                began: now(),
                command: self.work.connection.address.taken_out_of(&command),
                before,
                named: push::named(&order.schema),
                lifted,
                ..PushRecord::default()
            });
        }
        self.save().await?;
        if let Some(other) = other_variable(&order.schema) {
            self.voice(&other, watcher);
        }
        let mut last: Vec<String> = Vec::new();
        let address = self.work.connection.address.clone();
        let operator = OperatorCommand {
            words: &order.command,
            variable: VARIABLE,
            address: &address,
        };
        let ended = operator
            .run(&watcher.cancel, |line| {
                if last.len() == LAST_LINES {
                    last.remove(0);
                }
                last.push(line.to_owned());
                self.voice(line, watcher);
            })
            .await;
        // The command is not run a second time, whatever the server does now.
        let looked = self.after_push(&order, &announced, ended, &last).await;
        looked.map_err(|error| match error {
            StepError::Store(error) if error.passes() => StepError::NotReady(format!(
                "the command has ended, and what it did could not be looked at: {error}. Run {} again when the server answers, or put back what the command dropped: {}",
                crate::domain::checklist::Step::Schema.title(),
                self.how_to_put_back()
            )),
            error => error,
        })
    }

    /// Says a line of the command's, or one about it.
    fn voice(&self, line: &str, watcher: &Watcher) {
        run_log::write("INFO", &format!("Push the schema: {line}"));
        watcher.says(line, 0, 0);
        if let Some(voice) = &self.answers.push.voice {
            voice.0(line);
        }
    }

    /// Looks at what the command did, keeps it, and says it.
    async fn after_push(
        &mut self,
        order: &Order,
        announced: &[IndexAt],
        ended: std::result::Result<Option<i32>, StoreError>,
        last: &[String],
    ) -> Result<String> {
        let now_stands = self.work.index_picture().await?;
        let exit = ended.as_ref().ok().copied().flatten();
        let differences = match self
            .run
            .record
            .as_mut()
            .and_then(|run| run.pushes.last_mut())
        {
            Some(push) => {
                let differences = compare(&push.before, &now_stands);
                (push.ended, push.exit) = (Some(now()), exit);
                push.appeared.clone_from(&differences.appeared);
                differences
            }
            None => Differences::default(),
        };
        self.save().await?;
        let says = self.in_push_words(&differences);
        match ended {
            Ok(Some(0)) => {}
            Ok(code) => {
                let how = code.map_or("a signal ended it".to_owned(), |code| {
                    format!("exit code {code}")
                });
                let last: String = last.iter().fold(String::new(), |mut text, line| {
                    let _ = write!(text, "\n  {line}"); // writing to a String cannot fail
                    text
                });
                return Err(StepError::CommandFailed(format!(
                    "the command failed ({how}): `{}`. Its last words:{last}\nWhat it did until then: {says}",
                    in_one_line(&order.command)
                )));
            }
            Err(StoreError::Cancelled) => {
                self.voice(&says, &Watcher::silent());
                return Err(StoreError::Cancelled.into());
            }
            Err(error) => return Err(error.into()),
        }
        let missing = self.missing_indexes(&order.schema).await?;
        if !missing.is_empty() {
            let elsewhere = other_variable(&order.schema).unwrap_or_else(|| {
                "The command may have worked on another database: see which address it used"
                    .to_owned()
            });
            return Err(StepError::Findings(format!(
                "the command ended well, and indexes that the schema names do not stand in the database {}: {}. {elsewhere}\n{says}",
                named(&self.work.connection.place.database),
                list(&missing)
            )));
        }
        let dropped = differences.dropped.iter().map(|(at, _)| at);
        let unannounced: Vec<_> = dropped
            .filter(|at| !announced.contains(at))
            .cloned()
            .collect();
        if !unannounced.is_empty() || !differences.gone.is_empty() {
            let mut unnamed: Vec<_> = unannounced.iter().map(ToString::to_string).collect();
            unnamed.extend(
                differences
                    .gone
                    .iter()
                    .map(|name| format!("the collection {}", named(name))),
            );
            return Err(StepError::Findings(format!(
                "the command dropped what its gate did not name: {}.\n{says}",
                unnamed.join(", ")
            )));
        }
        Ok(says)
    }

    fn in_push_words(&self, differences: &Differences) -> String {
        if differences.is_empty() {
            return "the command changed no index and made no collection".to_owned();
        }
        let mut parts = Vec::new();
        if !differences.made.is_empty() {
            parts.push(format!("made: {}", list(&differences.made)));
        }
        if !differences.appeared.is_empty() {
            let names: Vec<_> = differences.appeared.iter().map(appeared).collect();
            parts.push(format!("new collections: {}", names.join(", ")));
        }
        let dropped: Vec<_> = differences
            .dropped
            .iter()
            .map(|(at, _)| at.clone())
            .collect();
        if !dropped.is_empty() {
            parts.push(format!(
                "dropped: {} (put back with {})",
                list(&dropped),
                self.how_to_put_back()
            ));
        }
        if !differences.gone.is_empty() {
            let names: Vec<_> = differences.gone.iter().map(|it| named(it)).collect();
            parts.push(format!("collections that are gone: {}", names.join(", ")));
        }
        parts.join("; ")
    }

    /// The command that puts back what a push dropped.
    pub(crate) fn how_to_put_back(&self) -> String {
        format!(
            "`ringfence push --put-back --confirm {}`",
            named(&self.work.connection.place.database)
        )
    }

    /// Indexes that a push with this schema drops.
    async fn announced(&self, schema: &Schema) -> Result<Vec<IndexAt>> {
        Ok(self.what_a_push_does(schema).await?.1)
    }

    /// Indexes that a push with this schema makes, those that it drops, and the collections that it makes.
    async fn what_a_push_does(
        &self,
        schema: &Schema,
    ) -> Result<(Vec<IndexAt>, Vec<IndexAt>, Vec<String>)> {
        let specs = collection_spec::load_all(&self.work.connection).await?;
        let (mut makes, mut drops, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for model in schema.models.iter().filter(|model| !model.is_view) {
            let spec = specs.get(&model.collection);
            if spec.is_none() {
                new.push(model.collection.clone());
            }
            let standing = spec.map_or(&[][..], |spec| &spec.indexes);
            let pushes = push::pushes(schema, model, standing);
            let at = |index: String| IndexAt {
                collection: model.collection.clone(),
                index,
            };
            makes.extend(pushes.makes.into_iter().map(at));
            drops.extend(pushes.drops.into_iter().map(at));
        }
        Ok((makes, drops, new))
    }

    /// Indexes that the schema names and that do not stand here.
    async fn missing_indexes(&self, schema: &Schema) -> Result<Vec<IndexAt>> {
        let specs = collection_spec::load_all(&self.work.connection).await?;
        let models = schema.models.iter().filter(|model| !model.is_view);
        let missing = models.flat_map(|model| {
            let standing = specs.get(&model.collection);
            let standing = standing.map_or(&[][..], |spec| &spec.indexes);
            let missing = push::missing(schema, model, standing).into_iter();
            missing.map(|index| IndexAt {
                collection: model.collection.clone(),
                index,
            })
        });
        Ok(missing.collect())
    }
}

/// That the schema takes its address from elsewhere.
fn other_variable(schema: &Schema) -> Option<String> {
    match schema.url_variable.as_deref() {
        Some(VARIABLE) => None,
        Some(other) => Some(format!(
            "the schema reads {}, not {VARIABLE}: the command works on the database that {} names, which may be another one",
            named(other),
            named(other)
        )),
        None => Some(format!(
            "the schema names no variable for its address: see that your configuration reads {VARIABLE}, or the command may work on another database"
        )),
    }
}

fn appeared(it: &Appeared) -> String {
    named(&it.collection)
}

/// Indexes in words.
fn list(indexes: &[IndexAt]) -> String {
    let words: Vec<_> = indexes.iter().map(ToString::to_string).collect();
    words.join(", ")
}

impl Gated for PushSchema {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let Ok(order) = session.read_order() else {
            return Ok(Vec::new()); // it is among what is missing
        };
        let mut lines = Vec::new();
        if let Some(cut_off) = session.cut_off_push(false).await? {
            lines.push(format!(
                "{cut_off}. It can still be put back after this push"
            ));
        }
        lines.push(format!(
            "run `{}` here, with the address of this database in {VARIABLE}",
            session
                .work
                .connection
                .address
                .taken_out_of(&in_one_line(&order.command))
        ));
        lines.extend(other_variable(&order.schema));
        let (makes, drops, new) = session.what_a_push_does(&order.schema).await?;
        let words = |what: &str, all: Vec<String>| match all.as_slice() {
            [] => format!("{what} nothing"),
            all => format!("{what} {}", all.join(", ")),
        };
        let texts = |all: &[IndexAt]| all.iter().map(ToString::to_string).collect();
        lines.push(words("a push makes the indexes:", texts(&makes)));
        lines.push(words(
            "a push drops, because the schema does not name it:",
            texts(&drops),
        ));
        if !new.is_empty() {
            let names = new.iter().map(|name| named(name)).collect();
            lines.push(words("a push makes the collections:", names));
        }
        for view in session.work.views().await? {
            lines.push(format!(
                "{} is a view: `npx prisma@6 db push` fails while a view is in the database",
                named(&view)
            ));
        }
        match session.block_for_push().await? {
            Block::Off => {}
            Block::Stays => lines.push(
                "the server's write block stays: our user, whose address the command gets, writes past it".to_owned(),
            ),
            Block::Lifts | Block::InTheWay => lines.push(
                "the server's write block is lifted while the command runs: THE WHOLE CLUSTER IS OPEN to every application meanwhile; it is set again afterwards, and foreign writes to this database are counted".to_owned(),
            ),
        }
        lines.push(format!(
            "every index of the database is compared before and after; what was dropped can be put back with {}",
            session.how_to_put_back()
        ));
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        if session.run.open().is_none() || !session.is_live(Group::CutOver) {
            missing.push("the cut-over comes first: a push would find the old collections. Nothing was changed".to_owned());
        }
        let waiting = session.waiting_for_schema_step();
        if !waiting.is_empty() {
            missing.push(format!(
                "what the after-schema asks of {} is done first, by the gate of “{}”: a push now would make empty collections under the new names. Nothing was changed",
                listed(waiting.iter().map(String::as_str)),
                crate::domain::checklist::Step::Schema.title()
            ));
        }
        if let Err(error) = session.read_order() {
            missing.push(error.to_string());
        }
        if matches!(session.block_for_push().await?, Block::InTheWay) {
            missing.push("the server's write block refuses the command, and our user may neither write past it nor lift it. Nothing was changed. Let somebody who may release it, or give our user bypassWriteBlockingMode".to_owned());
        }
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        format!(
            "{}; a rollback gives every collection its earlier indexes again",
            session.how_to_put_back()
        )
    }
}

impl Workspace {
    async fn views(&self) -> Result<Vec<String>> {
        let kinds = collection_spec::kinds(&self.connection).await?;
        let views = kinds.into_iter().filter(|(_, kind)| kind == "view");
        Ok(views.map(|(name, _)| name).collect())
    }
}

/// So many indexes, in words.
fn indexes_counted(count: usize) -> String {
    counted(count as u64, "index", "indexes")
}
