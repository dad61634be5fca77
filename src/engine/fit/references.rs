//! Following references for the check of a mapping, many values at a time: a sample first, and every document where that leaves doubt.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use bson::{Document, RawDocumentBuf, doc};

use crate::domain::email;
use crate::domain::fit::reference::{
    Counted, ReferenceClaim, Target, forms, has_the_form_of_an_id, is_among, values_at,
};
use crate::domain::id::Id;
use crate::domain::mapping::filter::Filter;
use crate::domain::mapping::path::{FieldPath, HopText};
use crate::domain::profile::Profile;
use crate::domain::raw::{get, kind};
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::scan::{self, Scan};

/// Values of a field that are tried against another collection.
const TRIED: usize = 200;

/// What was counted of a reference.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// By all of its paths together.
    pub(crate) all: Counted,
    /// By each of several paths alone; none where there is one.
    pub(crate) paths: Vec<Counted>,
}

impl Tally {
    fn of(claim: &ReferenceClaim) -> Self {
        let several = claim.paths.len() > 1;
        Self {
            all: Counted::default(),
            paths: vec![Counted::default(); if several { claim.paths.len() } else { 0 }],
        }
    }

    /// True where a sample that says so leaves no doubt about the whole: of each path that it leads somewhere.
    fn is_clear(&self) -> bool {
        let leads = |path: &Counted| path.resolved > 0;
        self.all.is_clear() && self.all.set > 0 && self.paths.iter().all(leads)
    }
}

/// What a reference must lead to.
struct Aim<'a> {
    target: &'a Target,
    /// Where the target is found by its e-mail: all of them, normalised, for e-mails are compared as such and no index serves that.
    emails: Option<BTreeSet<String>>,
}

/// What a lookup comes to.
type Found<'a> = Pin<Box<dyn Future<Output = Result<BTreeSet<Id>>> + Send + 'a>>;

/// Documents in which one of these references may be set.
fn having_any(claims: &[&ReferenceClaim]) -> Document {
    let paths = claims.iter().flat_map(|claim| &claim.paths);
    let fields: BTreeSet<&str> = paths.map(|path| path.start.top()).collect();
    let any = fields.into_iter();
    let any: Vec<Document> = any
        .map(|field| doc! { field: { "$exists": true } })
        .collect();
    doc! { "$or": any }
}

/// What must be read of the documents of a target.
fn fields_of(target: &Target) -> Vec<String> {
    let by = target.by.clone().unwrap_or_else(|| FieldPath::field("_id"));
    let filter = target.filter.iter().flat_map(Filter::fields);
    let all = std::iter::once(&by).chain(filter);
    all.map(|path| path.to_string().replace("[]", "")).collect()
}

/// A value as e-mails are compared; white space alone names nobody.
fn email_of(id: &Id) -> Option<String> {
    let text = id.as_str().map(email::normalise);
    text.filter(|text| !text.is_empty())
}

impl Session {
    /// How many values of these references are set and lead somewhere, by all paths of each and by each path alone. All of them stand in the same
    /// documents, which are read once: a sample where that leaves no doubt, else all.
    pub(crate) async fn count_references(
        &self,
        claims: &[&ReferenceClaim],
        watcher: &Watcher,
    ) -> Result<Vec<Tally>> {
        let (mut counted, whole) = self.count_together(claims, false, watcher).await?;
        for (claim, counted) in claims.iter().zip(&mut counted) {
            if !(whole || counted.is_clear()) {
                *counted = self.count_reference(claim, watcher).await?;
            }
        }
        Ok(counted)
    }

    /// The same of one reference, in all documents.
    pub(crate) async fn count_reference(
        &self,
        claim: &ReferenceClaim,
        watcher: &Watcher,
    ) -> Result<Tally> {
        let (counted, _) = self.count_together(&[claim], true, watcher).await?;
        Ok(counted.into_iter().next().unwrap_or_default())
    }

    /// Returns also whether all documents were looked at.
    async fn count_together(
        &self,
        claims: &[&ReferenceClaim],
        all: bool,
        watcher: &Watcher,
    ) -> Result<(Vec<Tally>, bool)> {
        let mut counted: Vec<Tally> = claims.iter().map(|claim| Tally::of(claim)).collect();
        let mut whole = true;
        let mut aims = Vec::new();
        for claim in claims {
            aims.push(self.aim_of(&claim.target).await?);
        }
        let collections = claims.first().map_or(&[][..], |claim| &claim.collections);
        for collection in collections {
            watcher.says(&format!("following references of {collection}"), 0, 0);
            let place = self.layout.original_of(&self.work.mapping, collection);
            let wanted = all.then(|| having_any(claims));
            let mut documents = self.documents(&place, wanted).await?;
            while let Some(part) = documents.next().await? {
                if watcher.cancel.is_cancelled() {
                    return Err(StoreError::Cancelled.into());
                }
                for ((claim, aim), counted) in claims.iter().zip(&aims).zip(&mut counted) {
                    self.count_in(claim, aim, &part, counted).await?;
                }
            }
            whole &= documents.whole;
        }
        Ok((counted, whole))
    }

    async fn count_in(
        &self,
        claim: &ReferenceClaim,
        aim: &Aim<'_>,
        documents: &[RawDocumentBuf],
        tally: &mut Tally,
    ) -> Result<()> {
        let counted = &mut tally.all;
        let inside = documents.iter().filter(|document| {
            let filter = claim.filter.as_ref();
            filter.is_none_or(|filter| filter.lets_in(document))
        });
        let inside: Vec<_> = inside.collect();
        let mut by_path = Vec::new();
        for path in &claim.paths {
            let values: Vec<Vec<Id>> = inside.iter().map(|it| values_at(&path.start, it)).collect();
            let distinct: BTreeSet<Id> = values.iter().flatten().map(Id::canonical).collect();
            let known = self.resolving(distinct, &path.hops, aim).await?;
            by_path.push((values, known));
        }
        if let [(values, known)] = by_path.as_slice() {
            if claim.any_id {
                // What holds no value of its own is no id, and would be replaced all the same.
                let paths = claim.paths.iter();
                let fields: Vec<&str> = paths.map(|path| path.start.top()).collect();
                let held = |document: &RawDocumentBuf| {
                    let mut held = fields.iter().filter_map(|field| get(document, field));
                    held.any(|it| {
                        it.kind == kind::DOCUMENT || it.kind == kind::ARRAY && it.bytes.len() > 5
                    })
                };
                let documents = inside.iter().zip(values);
                let others = documents.filter(|(document, own)| own.is_empty() && held(document));
                counted.set += others.count() as u64;
            }
            for value in values.iter().flatten() {
                counted.set += 1;
                let enough = claim.any_id && has_the_form_of_an_id(value);
                counted.resolved += u64::from(enough || is_among(known, value));
            }
            return Ok(());
        }
        for (path, (values, known)) in tally.paths.iter_mut().zip(&by_path) {
            for value in values.iter().flatten() {
                path.set += 1;
                path.resolved += u64::from(is_among(known, value));
            }
        }
        for at in 0..inside.len() {
            let of = |(values, known): &(Vec<Vec<Id>>, BTreeSet<Id>)| {
                let values = values.get(at).map(Vec::as_slice).unwrap_or_default();
                (
                    !values.is_empty(),
                    values.iter().any(|value| is_among(known, value)),
                )
            };
            let each: Vec<_> = by_path.iter().map(of).collect();
            counted.set += u64::from(each.iter().any(|(set, _)| *set));
            counted.resolved += u64::from(each.iter().any(|(_, leads)| *leads));
        }
        Ok(())
    }

    /// Those of the values that lead to the target over these hops.
    fn resolving<'a>(
        &'a self,
        values: BTreeSet<Id>,
        hops: &'a [HopText],
        aim: &'a Aim<'_>,
    ) -> Found<'a> {
        Box::pin(async move {
            let Some((hop, rest)) = hops.split_first() else {
                return self.targets(values, aim).await;
            };
            let by = hop.by.clone().unwrap_or_else(|| FieldPath::field("_id"));
            let fields = [by.to_string(), hop.then.to_string()];
            let documents = self
                .looked_up(&hop.collection, &by, &values, &fields)
                .await?;
            let mut then: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
            for document in &documents {
                let next = values_at(&hop.then, document);
                for key in values_at(&by, document) {
                    let known = then.entry(key.canonical()).or_default();
                    known.extend(next.iter().map(Id::canonical));
                }
            }
            let next: BTreeSet<Id> = then.values().flatten().cloned().collect();
            let known = self.resolving(next, rest, aim).await?;
            let leads = then
                .iter()
                .filter(|(_, next)| next.iter().any(|it| is_among(&known, it)));
            Ok(leads.map(|(key, _)| key.clone()).collect())
        })
    }

    async fn aim_of<'a>(&self, target: &'a Target) -> Result<Aim<'a>> {
        let Some(by) = &target.by else {
            return Ok(Aim {
                target,
                emails: None,
            });
        };
        let mut emails = BTreeSet::new();
        for collection in &target.collections {
            for document in self.all_with(collection, &fields_of(target)).await? {
                if target.lets_in(&document) {
                    emails.extend(values_at(by, &document).iter().filter_map(email_of));
                }
            }
        }
        Ok(Aim {
            target,
            emails: Some(emails),
        })
    }

    /// Those of the values that name a document of the target.
    async fn targets(&self, values: BTreeSet<Id>, aim: &Aim<'_>) -> Result<BTreeSet<Id>> {
        if let Some(emails) = &aim.emails {
            let same = |id: &Id| email_of(id).is_some_and(|email| emails.contains(&email));
            return Ok(values.into_iter().filter(same).collect());
        }
        let target = aim.target;
        let by = FieldPath::field("_id");
        let mut known = BTreeSet::new();
        for collection in &target.collections {
            let fields = fields_of(target);
            for document in self.looked_up(collection, &by, &values, &fields).await? {
                if target.lets_in(&document) {
                    known.extend(values_at(&by, &document).iter().map(Id::canonical));
                }
            }
        }
        Ok(known)
    }

    /// Documents of a collection that are known by these values; none where there is no such collection.
    pub(super) async fn looked_up(
        &self,
        collection: &str,
        by: &FieldPath,
        values: &BTreeSet<Id>,
        fields: &[String],
    ) -> Result<Vec<RawDocumentBuf>> {
        let place = self.layout.original_of(&self.work.mapping, collection);
        let wanted = values.iter().flat_map(forms).map(|id| scan::bson_of(&id));
        let wanted: Vec<_> = wanted.collect::<std::result::Result<_, _>>()?;
        let by = by.to_string().replace("[]", "");
        let fields: Vec<_> = fields.iter().map(|field| field.replace("[]", "")).collect();
        self.documents_with(&place, &by, wanted, &fields).await
    }

    async fn all_with(&self, collection: &str, fields: &[String]) -> Result<Vec<RawDocumentBuf>> {
        let place = self.layout.original_of(&self.work.mapping, collection);
        let scan = Scan {
            fields: fields.to_vec(),
            ..Scan::default()
        };
        Ok(scan::all(&self.work.connection.database, &place, &scan).await?)
    }

    /// How many of some values are ids of documents of this collection, and of how many.
    pub(crate) async fn ids_of(
        &self,
        collection: &str,
        values: impl IntoIterator<Item = &Id>,
    ) -> Result<(usize, usize)> {
        let values: BTreeSet<Id> = values.into_iter().take(TRIED).map(Id::canonical).collect();
        let target = Target {
            collections: vec![collection.to_owned()],
            by: None,
            filter: None,
        };
        let tried = values.len();
        let aim = Aim {
            target: &target,
            emails: None,
        };
        let known = self.targets(values.clone(), &aim).await?;
        let found = values.iter().filter(|id| is_among(&known, id)).count();
        Ok((found, tried))
    }

    /// What would resolve better than this reference: another field of its documents, or another collection for its values.
    pub(crate) async fn what_fits_better(
        &self,
        claim: &ReferenceClaim,
        counted: Counted,
        collections: &[String],
    ) -> Result<Option<String>> {
        let (Some(of), Some(path)) = (claim.collections.first(), claim.paths.first()) else {
            return Ok(None);
        };
        let place = self.layout.original_of(&self.work.mapping, of);
        let profile = self.profile(&place, claim.filter.as_ref()).await?;
        let share = |found: usize, of: usize| found * 100 / of.max(1);
        let own = usize::try_from(counted.resolved * 100 / counted.set.max(1)).unwrap_or(0);
        let mut best: Option<(usize, String)> = None;
        let mut offer = |found: usize, tried: usize, words: String| {
            let share = share(found, tried);
            if share > own.max(49) && best.as_ref().is_none_or(|(other, _)| share > *other) {
                best = Some((share, words));
            }
        };
        if path.hops.is_empty() && claim.target.by.is_none() {
            for target in &claim.target.collections {
                for (name, found, tried) in self.fields_naming(&profile, target).await? {
                    if name != path.start.to_string() && name != "_id" {
                        offer(
                            found,
                            tried,
                            format!(
                                "`{name}` would fit: {found} of {tried} values that were tried are ids of {target}"
                            ),
                        );
                    }
                }
            }
        }
        if let Some(field) = profile.field(&path.start.to_string()) {
            for other in collections {
                let (found, tried) = self.ids_of(other, field.values()).await?;
                if !claim.target.collections.contains(other) {
                    offer(
                        found,
                        tried,
                        format!("{found} of {tried} values that were tried are ids of {other}"),
                    );
                }
            }
        }
        Ok(best.map(|(_, words)| words))
    }

    /// Fields whose values are ids of this collection, with how many of how many.
    pub(crate) async fn fields_naming(
        &self,
        profile: &Profile,
        collection: &str,
    ) -> Result<Vec<(String, usize, usize)>> {
        let mut naming = Vec::new();
        for (name, field) in profile.fields() {
            if field.values().next().is_none() {
                continue;
            }
            let (found, tried) = self.ids_of(collection, field.values()).await?;
            if found > 0 {
                naming.push((name.to_owned(), found, tried));
            }
        }
        Ok(naming)
    }
}
