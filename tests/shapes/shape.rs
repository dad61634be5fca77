//! A shape: its data, its mapping and what must come of it; and the walk that every shape goes.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use mongodb::Database;

use crate::support::case::{Case, Ended};
use crate::support::picture;

/// A database of another shape.
pub struct Shape {
    pub case: Case,
    /// The bookings' collection, and its field for the customer.
    bookings: &'static str,
    customer: &'static str,
    customers: &'static str,
    /// Fields that leave every linked booking.
    leaving: Vec<&'static str>,
    decisions: Option<&'static str>,
    in_place: bool,
    /// What the bookings were.
    originals: Vec<Document>,
}

/// What becomes of a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It points at the customer that has these fields, whatever else it has.
    Of(Document),
    /// It points at a list of customers that have these fields, in this order.
    All(Vec<Document>),
    /// It stands in the quarantine, unchanged.
    Quarantined,
    /// It is live and unchanged.
    Left,
}

/// Every document of a collection, in `_id` order.
pub async fn all(database: &Database, collection: &str) -> Vec<Document> {
    let collection = database.collection::<Document>(collection);
    let found = collection
        .find(doc! {})
        .sort(doc! { "_id": 1 })
        .await
        .unwrap();
    found.try_collect().await.unwrap()
}

/// Takes a field away, or a member of one, and the field too where it held nothing else.
fn leave(booking: &mut Document, field: &str) {
    let Some((top, member)) = field.split_once('.') else {
        booking.remove(field);
        return;
    };
    if let Ok(inner) = booking.get_document_mut(top) {
        inner.remove(member);
        if inner.is_empty() {
            booking.remove(top);
        }
    }
}

impl Shape {
    /// The data in a database of its own, with the mapping beside. Bookings go to `bookings`, whose user stands in `leaving`.
    pub async fn new(
        mapping: &str,
        data: Vec<(&str, Vec<Document>)>,
        bookings: &'static str,
        leaving: &[&'static str],
    ) -> Self {
        let case = Case::empty().await;
        for (collection, mut documents) in data {
            // The mapping's check wants every field that it names to occur.
            let people = ["users", "parties"].contains(&collection);
            if people && !documents.iter().any(|it| it.contains_key("hash")) {
                documents[0].insert("hash", "");
            }
            let collection = case.database.collection::<Document>(collection);
            collection.insert_many(documents).await.unwrap();
        }
        std::fs::write(case.path("ringfence.toml"), mapping).unwrap();
        let originals = all(&case.database, bookings).await;
        Self {
            case,
            bookings,
            customer: "customerId",
            customers: "customers",
            leaving: leaving.to_vec(),
            decisions: None,
            in_place: false,
            originals,
        }
    }

    /// With these answers, written as a decisions file.
    pub fn decided(mut self, decisions: &'static str) -> Self {
        self.decisions = Some(decisions);
        self
    }

    /// The new reference stands where the old one stood.
    pub fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        let mut all = vec!["--config", "ringfence.toml"];
        all.extend(arguments);
        self.case.ringfence(&all).await
    }

    /// The survey as JSON.
    pub async fn survey(&self) -> serde_json::Value {
        let ended = self.run(&["survey", "--json"]).await;
        assert!([0, 2].contains(&ended.code), "{}\n{}", ended.out, ended.err);
        serde_json::from_str(&ended.out).unwrap()
    }

    /// How often each code was found.
    pub async fn found(&self) -> BTreeMap<String, u64> {
        let survey = self.survey().await;
        let codes = survey["conflicts"].as_array().unwrap().iter();
        let codes = codes.map(|it| {
            let code = it["code"].as_str().unwrap().to_owned();
            (code, it["count"].as_u64().unwrap())
        });
        codes.collect()
    }

    pub async fn plan(&self) -> Ended {
        let mut arguments = vec!["plan", "--defaults", "--out", "plan.json"];
        if let Some(decisions) = self.decisions {
            let text = format!(
                "version = 1\ndatabase = \"{}\"\n{decisions}",
                self.case.name
            );
            std::fs::write(self.case.path("decisions.toml"), text).unwrap();
            arguments.extend(["--decisions", "decisions.toml"]);
        }
        self.run(&arguments).await
    }

    pub async fn migrate(&self) {
        self.plan().await.code(0);
        let name = self.case.name.clone();
        self.run(&["apply", "--plan", "plan.json", "--confirm", &name])
            .await
            .code(0);
    }

    /// Fails unless every booking came to this, and the customers are those that the bookings need, each without its `_id` and all of its fields.
    pub async fn assert_outcome(&self, fates: &[(Bson, Fate)], customers: &[Document]) {
        let database = &self.case.database;
        let found = all(database, self.customers).await;
        let mut by_id = BTreeMap::new();
        let mut bare: Vec<String> = Vec::new();
        for customer in found {
            let id = customer.get("_id").unwrap().to_string();
            let mut rest = customer.clone();
            rest.remove("_id");
            bare.push(rest.to_string());
            by_id.insert(id, customer);
        }
        let mut expected: Vec<_> = customers.iter().map(ToString::to_string).collect();
        bare.sort();
        expected.sort();
        assert_eq!(bare, expected, "the customers");
        let live = all(database, self.bookings).await;
        let quarantined = all(database, "_ringfence_quarantine").await;
        assert_eq!(fates.len(), self.originals.len(), "a fate for each booking");
        for (id, fate) in fates {
            let with_id = |it: &&Document| it.get("_id") == Some(id);
            let original = self.originals.iter().find(with_id).unwrap();
            let live = live.iter().find(with_id);
            let aside = quarantined.iter().find(with_id);
            match fate {
                Fate::Quarantined => assert_eq!((live, aside), (None, Some(original)), "{id}"),
                Fate::Left => assert_eq!((live, aside), (Some(original), None), "{id}"),
                Fate::Of(_) | Fate::All(_) => {
                    let wanted = match fate {
                        Fate::All(all) => all.iter().collect(),
                        Fate::Of(one) => vec![one],
                        _ => Vec::new(),
                    };
                    let live = live.unwrap();
                    let mut expected = original.clone();
                    for field in &self.leaving {
                        leave(&mut expected, field);
                    }
                    if !self.in_place {
                        expected.remove(self.customer);
                    }
                    let customer = live.get(self.customer).unwrap();
                    expected.insert(self.customer, customer.clone());
                    assert_eq!(live.to_string(), expected.to_string(), "{id}");
                    let named = match (fate, customer) {
                        (Fate::All(_), Bson::Array(list)) => list.clone(),
                        (_, one) => vec![one.clone()],
                    };
                    assert_eq!(named.len(), wanted.len(), "customers of booking {id}");
                    for (customer, wanted) in named.iter().zip(wanted) {
                        let of = &by_id[&customer.to_string()];
                        for (field, value) in wanted {
                            assert_eq!(of.get(field), Some(value), "{field} of booking {id}");
                        }
                    }
                }
            }
        }
    }

    /// Migrates, checks what came of it, verifies, and rolls back: every byte as it was.
    pub async fn there_and_back(&self, fates: &[(Bson, Fate)], customers: &[Document]) {
        let before = self.case.picture().await;
        self.migrate().await;
        self.assert_outcome(fates, customers).await;
        self.run(&["verify"]).await.code(0);
        self.case.roll_back(&[]).await.code(0);
        let now = self.case.picture().await;
        let differences = picture::differences(&before, &picture::but_runs(&now), true);
        assert!(differences.is_empty(), "{differences:#?}");
    }

    /// Migrates, lets an application make a booking like that of `like`, without what left, and change another, and rolls back with it. The new
    /// booking must name its user as `expected`.
    pub async fn with_what_was_written_since(&self, like: &Bson, expected: (&str, Bson)) {
        self.migrate().await;
        let database = &self.case.database;
        let bookings = database.collection::<Document>(self.bookings);
        let mut new = bookings
            .find_one(doc! { "_id": like })
            .await
            .unwrap()
            .unwrap();
        new.insert("_id", "made-since");
        new.insert("note", "made since");
        bookings.insert_one(&new).await.unwrap();
        bookings
            .update_one(doc! { "_id": like }, doc! { "$set": { "paid": true } })
            .await
            .unwrap();
        self.case.roll_back(&["--keep-new"]).await.code(0);
        let back = all(database, self.bookings).await;
        assert_eq!(back.len(), self.originals.len() + 1);
        for document in &back {
            let id = document.get("_id").unwrap();
            if *id == Bson::from("made-since") {
                let mut rest = new.clone();
                if !self.in_place {
                    rest.remove(self.customer);
                }
                match expected.0.split_once('.') {
                    None => {
                        rest.insert(expected.0, expected.1.clone());
                    }
                    Some((top, member)) => {
                        let mut inner = rest.get_document(top).cloned().unwrap_or_default();
                        inner.insert(member, expected.1.clone());
                        rest.insert(top, inner);
                    }
                }
                assert_eq!(document, &rest);
                continue;
            }
            let original = self.originals.iter().find(|it| it.get("_id") == Some(id));
            let mut original = original.unwrap().clone();
            if id == like {
                original.insert("paid", true);
            }
            assert_eq!(document.to_string(), original.to_string());
        }
    }
}
