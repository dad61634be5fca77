//! What an after-schema makes unique of users: users who retire may break it, so it waits for the copy without them.

use bson::RawDocumentBuf;

use crate::domain::checklist::Step;
use crate::domain::index_plan;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::collection_spec;

impl Session {
    /// True where the after-schema makes something of users unique, and that waits until those who retire are gone.
    pub(crate) fn users_wait_for_uniques(&self) -> bool {
        let users = self.work.mapping.users();
        let changes = self.work.mapping.changes();
        let change = changes.and_then(|it| it.of(users.live()));
        let unique = change.is_some_and(|it| it.indexes.iter().any(|index| index.unique));
        unique && self.answers.retire_users && !self.has_begun_to_retire()
    }

    /// True while users who are to retire, by the plan of an after-schema, still stand among the users.
    pub(crate) fn schema_waits_for_retiring(&self) -> bool {
        let retires = self.answers.schema.is_some() && self.answers.retire_users;
        let run = self.run.open();
        retires && !run.is_some_and(|run| run.is_done(Step::RetireUsers))
    }

    /// The indexes of a copy of the users without those who retire.
    pub(crate) async fn wanted_without_retired(&self) -> Result<Vec<RawDocumentBuf>> {
        let which = self.work.mapping.users();
        let original = match self.layout.source(&which) {
            Some(name) => collection_spec::load(&self.work.connection, &name).await?,
            None => None,
        };
        let originals = original.map(|spec| spec.indexes).unwrap_or_default();
        let blueprint = &self.surveyed()?.blueprint;
        let email = (blueprint.email_index, &[][..]);
        let mut wanted = index_plan::wanted(&self.work.mapping, &which, &originals, email);
        wanted.retain(|index| !blueprint.drops_index(which.live(), index_plan::name_of(index)));
        Ok(wanted)
    }
}
