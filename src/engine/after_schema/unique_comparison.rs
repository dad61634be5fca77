//! How the uniques of an after-schema will compare text, where a collection has a collation of its own: what its documents will hold is read once
//! before, and the server says which texts count as one.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use super::reading::Take;
use crate::domain::raw::get;
use crate::domain::schema_change::indexes::renamed_keys;
use crate::domain::schema_change::shape::Shape;
use crate::domain::schema_change::{CollectionChange, Rule};
use crate::engine::Watcher;
use crate::engine::compares::{by_collation, collation_of};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::prisma::demand::indexes as named_indexes;
use crate::prisma::schema::{Model, Schema};
use crate::prisma::{Compares, UniqueTexts};
use crate::store::collection_spec::{self, CollectionSpec};

impl Session {
    /// How the uniques of a model will compare text in the collection that it reads today.
    ///
    /// # Errors
    /// A document that cannot be read, or the server's refusal.
    pub(super) async fn how_uniques_compare(
        &self,
        (model, live): (&Model, &str),
        spec: Option<&CollectionSpec>,
        (shape, rules): (&Shape, &[Rule]),
        watcher: &Watcher,
    ) -> Result<Compares> {
        let Some(collation) = collation_of(spec) else {
            return Ok(Compares::ByLetters);
        };
        let by_letters = spec.map(|spec| stay_by_letters(model, spec, rules));
        let by_letters = by_letters.unwrap_or_default();
        let Some(mut texts) = UniqueTexts::of(model, |_, name| !by_letters.contains(name)) else {
            return Ok(Compares::ByLetters);
        };
        let mut failed = Ok(());
        let take: &mut Take<'_> = &mut |document: &RawDocument, _| match shape.of(document) {
            Ok(shaped) => texts.take(&shaped.document),
            Err(error) => failed = Err(error),
        };
        self.documents_after(live, (false, take), watcher).await?;
        failed?;
        by_collation(
            &self.work.connection,
            &collation,
            (texts, by_letters),
            watcher,
        )
        .await
    }

    /// The same of the users, whose documents are read where they are live.
    pub(super) async fn how_users_compare(
        &self,
        schema: &Schema,
        change: &CollectionChange,
        watcher: &Watcher,
    ) -> Result<Compares> {
        let users = self.work.mapping.users();
        let spec = collection_spec::load(&self.work.connection, users.live()).await?;
        let mut models = schema.models.iter();
        let Some(model) = models.find(|it| it.name == change.model) else {
            return Ok(Compares::ByLetters);
        };
        let shape = Shape::new(&change.rules, &change.minutes);
        let by = (&shape, &change.rules[..]);
        self.how_uniques_compare((model, users.live()), spec.as_ref(), by, watcher)
            .await
    }
}

/// Uniques that stand already as indexes without the collation: those are kept as they are.
fn stay_by_letters(model: &Model, spec: &CollectionSpec, rules: &[Rule]) -> BTreeSet<String> {
    let standing = spec.indexes.iter();
    let by_letters = standing.filter(|index| get(index, "collation").is_none());
    let by_letters: Vec<_> = by_letters.map(|it| renamed_keys(rules, it)).collect();
    let named = named_indexes(model).into_iter();
    let named = named.filter(|it| by_letters.iter().any(|index| it.is(index, None)));
    named.map(|it| it.name).collect()
}
