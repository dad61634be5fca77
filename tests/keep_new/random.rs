//! A random application writes to a migrated database; what comes back is compared with the oracle, byte for byte.

use bson::oid::ObjectId;
use bson::{Bson, Document, RawDocumentBuf, doc};
use futures_util::{StreamExt, stream};

use crate::keep_new::expected::Migrated;
use crate::keep_new::oracle::{self, State, fresh};
use crate::support::data::{BUSINESS, SERVICE, id};
use crate::support::picture;
use crate::support::picture::Picture;

/// An application that writes whatever comes to its mind.
struct Application<'a> {
    world: &'a Migrated,
    random: fastrand::Rng,
    made: u32,
    bookings: Vec<ObjectId>,
    customers: Vec<ObjectId>,
    users: Vec<ObjectId>,
    log: Vec<String>,
}

impl Application<'_> {
    fn fresh(&mut self) -> ObjectId {
        self.made += 1;
        fresh(self.made)
    }

    fn one_of(&mut self, which: &[ObjectId]) -> ObjectId {
        which[self.random.usize(..which.len())]
    }

    async fn insert(&mut self, name: &str, document: Document) {
        self.log.push(format!("insert {name} {document}"));
        self.world.insert(name, document).await;
    }

    async fn update(&mut self, name: &str, of: ObjectId, update: Document) {
        self.log.push(format!("update {name} {of} {update}"));
        let of = doc! { "_id": of };
        self.world.of(name).update_one(of, update).await.unwrap();
    }

    async fn delete(&mut self, name: &str, of: ObjectId) {
        self.log.push(format!("delete {name} {of}"));
        let of = doc! { "_id": of };
        self.world.of(name).delete_one(of).await.unwrap();
    }

    /// A change of a person's fields; e-mails are never used twice.
    fn person(&mut self, others: &[&str]) -> Document {
        let n = self.made + self.random.u32(1_000_000..2_000_000);
        match self.random.u8(..8) {
            0 => doc! { "$set": { "name": format!("Named {n}") } },
            1 => doc! { "$set": { "email": format!("r{n}@random.com") } },
            2 => doc! { "$set": { "phone": format!("+{n}"), "state": "BE" } },
            3 => doc! { "$set": { "city": Bson::Null, "company": "Inc" } },
            4 => doc! { "$unset": { "country": "", "zipCode": "" } },
            5 => doc! { "$unset": { "name": "" } },
            6 => doc! { "$set": { others[self.random.usize(..others.len())]: n } },
            _ => doc! { "$set": { "phone": "the same" }, "$unset": { "city": "" } },
        }
    }

    #[allow(clippy::too_many_lines)] // one arm per kind of write
    async fn write(&mut self) {
        let (bookings, customers, users) = (
            self.bookings.clone(),
            self.customers.clone(),
            self.users.clone(),
        );
        let (booking, customer, user) = (
            self.one_of(&bookings),
            self.one_of(&customers),
            self.one_of(&users),
        );
        match self.random.u8(..16) {
            0 | 1 => {
                let of = self.fresh();
                let mut new = doc! {
                    "_id": of, "reference": format!("N-{}", self.made), "status": "new", "customerId": customer, "serviceId": id(SERVICE, 0),
                    "price": 1.5,
                };
                if self.random.u8(..8) == 0 {
                    new.remove("customerId");
                }
                self.bookings.push(of);
                self.insert("Booking", new).await;
            }
            2 => {
                let update = doc! { "$set": { "status": "changed", "room": self.made }, "$unset": { "notes": "" } };
                self.update("Booking", booking, update).await;
            }
            3 => {
                self.update("Booking", booking, doc! { "$unset": { "price": "" } })
                    .await;
            }
            4 | 5 => {
                let update = doc! { "$set": { "customerId": customer } };
                self.update("Booking", booking, update).await;
            }
            6 => {
                self.update("Booking", booking, doc! { "$unset": { "customerId": "" } })
                    .await;
            }
            7 => self.delete("Booking", booking).await,
            8 => {
                let of = self.fresh();
                self.users.push(of);
                let email = format!("n{}@new.com", self.made);
                let new = doc! { "_id": of, "hashedPassword": "$", "email": email, "createdAt": bson::DateTime::from_millis(5) };
                self.insert("User", new).await;
            }
            9 => {
                let update = self.person(&["hashedPassword", "preferences", "last"]);
                self.update("User", user, update).await;
            }
            10 => self.delete("User", user).await,
            11 => {
                let of = self.fresh();
                self.customers.push(of);
                let new = doc! {
                    "_id": of, "name": "Walk-in", "businessId": id(BUSINESS, self.random.u32(..3)), "email": format!("w{}@walk.in", self.made),
                };
                self.insert("Customer", new).await;
            }
            12 | 13 => {
                let update = self.person(&["tier", "vip"]);
                self.update("Customer", customer, update).await;
            }
            14 => self.delete("Customer", customer).await,
            _ => {
                self.delete("Customer", customer).await;
                let mine = doc! { "customerId": customer };
                self.world.of("Booking").delete_many(mine).await.unwrap();
                self.log.push("  with its bookings".to_owned());
            }
        }
    }
}

fn ids(picture: &Picture, name: &str) -> Vec<ObjectId> {
    let all = picture[name].documents.iter();
    all.map(|it| it.get_object_id("_id").unwrap()).collect()
}

async fn case(seed: u64) -> Result<(), String> {
    // Now and then users are the originals still.
    let swapped = !seed.is_multiple_of(4);
    let world = Migrated::through(if swapped { "verify" } else { "cut-over" }).await;
    let made = world.case.picture().await;
    let mut application = Application {
        world: &world,
        random: fastrand::Rng::with_seed(seed),
        made: 0,
        bookings: ids(&made, "Booking"),
        customers: ids(&made, "Customer"),
        users: ids(&made, "User"),
        log: Vec::new(),
    };
    let create_users = application.random.bool();
    for _ in 0..application.random.usize(1..40) {
        application.write().await;
    }
    let log = application.log.join("\n");
    let now = State::of(&world.case.picture().await);
    let (original, made) = (State::of(&world.original), State::of(&made));
    let back = oracle::back(&original, &made, &now, (create_users, swapped));
    let mut options = vec!["--keep-new"];
    options.extend(create_users.then_some("--create-users"));
    let ended = world.case.roll_back(&options).await;
    let say = |what: String| {
        Err(format!(
            "seed {seed}: {what}\n{log}\n{}{}",
            ended.out, ended.err
        ))
    };
    let code = if back.complete { 0 } else { 2 };
    if ended.code != code {
        return say(format!("exit {} instead of {code}", ended.code));
    }
    let after = world.case.picture().await;
    for (name, table) in [
        ("User", &back.state.users),
        ("Booking", &back.state.bookings),
        ("Customer", &back.state.customers),
    ] {
        let expected: Vec<RawDocumentBuf> = table
            .values()
            .map(|it| RawDocumentBuf::try_from(it).unwrap())
            .collect();
        let found = &after[name];
        for document in &found.documents {
            if !expected.contains(document) {
                let of = document.get_object_id("_id").unwrap();
                let document = Document::try_from(document).unwrap();
                return say(format!(
                    "{name} has {document}\ninstead of {:?}",
                    table.get(&of).map(ToString::to_string)
                ));
            }
        }
        if expected.len() != found.documents.len() {
            let here = ids(&after, name);
            let missing = table.iter().find(|(of, _)| !here.contains(of));
            return say(format!("{name} lacks {missing:?}"));
        }
        let original = &world.original[name];
        if found.indexes != original.indexes || found.options != original.options {
            return say(format!("{name} has other indexes or options"));
        }
        // Whatever became of it, all that the application wrote is there, aside or as it was proved.
        let aside = picture::put_aside(after.keys(), name).and_then(|it| after.get(&it));
        let all = match name {
            "User" => &now.users,
            "Booking" => &now.bookings,
            _ => &now.customers,
        };
        if let Some(aside) = aside
            && aside.documents.len() != all.len()
        {
            return say(format!("what was live of {name} is not whole aside"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_application_writes_comes_back_as_the_oracle_says() {
    let number = |name: &str, usual: u64| {
        let value = std::env::var(name).ok();
        value.map_or(usual, |value| value.parse().unwrap())
    };
    let first = number("RINGFENCE_KEEP_SEED", 1);
    let full = crate::support::full();
    let cases = number("RINGFENCE_KEEP_CASES", if full { 200 } else { 3 });
    let failures: Vec<String> = stream::iter(first..first + cases)
        .map(case)
        .buffer_unordered(3)
        .filter_map(async |outcome| outcome.err())
        .collect()
        .await;
    assert!(
        failures.is_empty(),
        "{} of {cases}:\n{}",
        failures.len(),
        failures[0]
    );
}
