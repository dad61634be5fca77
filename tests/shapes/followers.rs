//! Followed collections beside everything else: merged users, indexes, strays, users who may sign in, and users who retire.

use bson::{Bson, Document, doc};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;

use crate::shapes::follow::{
    MAPPING, PAYMENTS, assert_followed, bookings, customer, customer_of, email, fates, id, linked,
    payments, people, shops, whose_payments,
};
use crate::shapes::shape::{Shape, all};
use crate::support::picture;

async fn shape_of(people: Vec<Document>, payments: Vec<Document>, mapping: &str) -> Shape {
    let data = vec![
        ("users", people),
        shops(),
        bookings(),
        ("payments", payments),
    ];
    Shape::new(mapping, data, "bookings", &["userId"]).await
}

fn mapping() -> String {
    format!("{MAPPING}{PAYMENTS}")
}

/// The payments that all come to customers.
fn linked_payments() -> Vec<Document> {
    let all = payments().1.into_iter();
    all.filter(|it| ![5, 7, 8].contains(&it.get_i32("_id").unwrap()))
        .collect()
}

async fn rolled_back_to_the_same_bytes(shape: &Shape, before: &picture::Picture) {
    shape.case.roll_back(&[]).await.code(0);
    let now = shape.case.picture().await;
    let differences = picture::differences(before, &picture::but_runs(&now), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn payments_of_users_who_are_one_person_name_one_customer() {
    let mut users = people().1;
    users.push(doc! { "_id": id(7), "name": "Ann", "email": "ANN@x.org" });
    let mut paid = payments().1;
    paid.push(doc! { "_id": 9, "userId": id(7), "shopId": id(11), "amount": 90 });
    let shape = shape_of(users, paid.clone(), &mapping()).await;
    assert_eq!(shape.found().await["duplicate-email"], 1);
    let before = shape.case.picture().await;
    shape.migrate().await;
    let customers = [
        customer(1, 11),
        customer(1, 12),
        customer(2, 12),
        customer(4, 11),
        customer(5, 12),
    ];
    shape.assert_outcome(&fates(), &customers).await;
    let mut whose = whose_payments();
    whose.push((9, Some((1, 11))));
    assert_followed(&shape, ("payments", paid.clone()), &whose).await;
    let verified = shape.run(&["verify"]).await.code(0);
    verified.says(&["pairs 6 = customers created 5 + adopted 0 + merged away 1"]);
    rolled_back_to_the_same_bytes(&shape, &before).await;

    shape.migrate().await;
    let of = shape.case.database.collection::<Document>("payments");
    let set = doc! { "$set": { "amount": 91 } };
    of.update_one(doc! { "_id": 9 }, set).await.unwrap();
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    paid[8].insert("amount", 91);
    let back = all(&shape.case.database, "payments").await;
    for (is, expected) in back.iter().zip(&paid) {
        assert_eq!(is.to_string(), expected.to_string());
    }
}

async fn index(shape: &Shape, keys: Document, name: &str, unique: bool) {
    let options = IndexOptions::builder()
        .name(name.to_owned())
        .unique(unique)
        .build();
    let index = IndexModel::builder().keys(keys).options(options).build();
    let payments = shape.case.database.collection::<Document>("payments");
    payments.create_index(index).await.unwrap();
}

async fn indexes(shape: &Shape) -> Vec<String> {
    let payments = shape.case.database.collection::<Document>("payments");
    let mut names = payments.list_index_names().await.unwrap();
    names.sort();
    names
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_on_the_old_reference_stays_where_documents_keep_it_and_is_replaced_elsewhere() {
    let users = people().1;
    let keys = || doc! { "userId": 1 };
    let shape = shape_of(users.clone(), payments().1, &mapping()).await;
    index(&shape, keys(), "payments_userId_idx", false).await;
    let before = shape.case.picture().await;
    shape.migrate().await;
    let both = ["_id_", "payments_customerId_idx", "payments_userId_idx"];
    assert_eq!(indexes(&shape).await, both);
    rolled_back_to_the_same_bytes(&shape, &before).await;

    let unique = doc! { "userId": 1, "amount": 1 };
    index(&shape, unique.clone(), "payments_userId_amount_key", true).await;
    let before = shape.case.picture().await;
    let refused = shape.plan().await.code(1);
    refused.says(&["payments_userId_amount_key", "$exists: true"]);
    shape.case.assert_same(&before).await;

    let shape = shape_of(users, linked_payments(), &mapping()).await;
    index(&shape, keys(), "payments_userId_idx", false).await;
    index(&shape, unique, "payments_userId_amount_key", true).await;
    let before = shape.case.picture().await;
    shape.migrate().await;
    let replaced = [
        "_id_",
        "payments_customerId_amount_key",
        "payments_customerId_idx",
    ];
    assert_eq!(indexes(&shape).await, replaced);
    rolled_back_to_the_same_bytes(&shape, &before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_stray_of_a_followed_collection_is_taken_in_with_the_customers_that_it_needs() {
    let shape = shape_of(people().1, payments().1, &mapping()).await;
    shape.migrate().await;
    let database = &shape.case.database;
    let late = [
        doc! { "_id": 50, "userId": id(6), "shopId": id(12), "amount": 1 },
        doc! { "_id": 51, "userId": id(1), "shopId": id(11), "amount": 2 },
        doc! { "_id": 52, "userId": id(3), "shopId": id(11), "amount": 3 },
    ];
    let stray = database.collection::<Document>("_ringfence_stray_1_payments");
    stray.insert_many(&late).await.unwrap();
    shape.run(&["verify"]).await.code(2);
    let name = shape.case.name.clone();
    let take_in = ["strays", "--take-in", "--confirm", &name];
    shape.run(&take_in).await.code(0);
    let live = all(database, "payments").await;
    let of = |number: i32| {
        let number = Bson::from(number);
        let found = live.iter().find(|it| it.get("_id") == Some(&number));
        found.unwrap().to_string()
    };
    let finn = customer_of(&shape, 6, 12).await;
    let ann = customer_of(&shape, 1, 11).await;
    assert_eq!(of(50), linked(&late[0], finn).to_string());
    assert_eq!(of(51), linked(&late[1], ann).to_string());
    assert_eq!(of(52), late[2].to_string(), "it stays with the account");
    shape.run(&["verify"]).await.code(0);
    shape.case.roll_back(&["--keep-new"]).await.code(0);
    let mut expected = payments().1;
    expected.extend(late);
    let back = all(database, "payments").await;
    assert_eq!(back.len(), expected.len());
    for (is, expected) in back.iter().zip(&expected) {
        let fields = |it: &Document| {
            let fields = it.iter().map(|(key, value)| (key.clone(), value.clone()));
            fields.collect::<std::collections::BTreeMap<String, Bson>>()
        };
        assert_eq!(fields(is), fields(expected));
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn who_may_sign_in_keeps_followed_documents_unless_the_answer_says_that_it_is_a_customer() {
    let mut users = people().1;
    let gus = doc! { "_id": id(8), "name": "Gus", "email": "gus@x.org", "emailVerified": true };
    users.push(gus);
    let mut paid = linked_payments();
    paid.push(doc! { "_id": 9, "userId": id(8), "shopId": id(12), "amount": 90 });
    let text = mapping().replace("[business]", "evidence = [\"emailVerified\"]\n[business]");
    for (answer, account) in [("account", 1), ("customer", 0)] {
        let decisions = match account {
            1 => "",
            _ => "[policy]\nmay-sign-in = \"customer\"\n",
        };
        let shape = shape_of(users.clone(), paid.clone(), &text).await;
        let shape = shape.decided(decisions);
        assert_eq!(shape.found().await["may-sign-in"], 1);
        let before = shape.case.picture().await;
        shape.migrate().await;
        let live = all(&shape.case.database, "payments").await;
        let last = live.last().unwrap();
        let customers = all(&shape.case.database, "customers").await;
        let of_gus = customers
            .iter()
            .find(|it| it.get("email") == Some(&Bson::from("gus@x.org")));
        assert_eq!(of_gus.is_none(), account == 1, "{answer}");
        match of_gus {
            None => assert_eq!(last, &paid[5]),
            Some(gus) => assert_eq!(last.get("customerId"), gus.get("_id")),
        }
        let says = format!("left with an account {account} +");
        shape.run(&["verify"]).await.code(0).says(&[&says]);
        rolled_back_to_the_same_bytes(&shape, &before).await;
    }
}

#[tokio::test]
async fn users_retire_whose_followed_documents_all_came_to_customers_and_no_others() {
    let shape = shape_of(people().1, payments().1, &mapping()).await;
    let before = shape.case.picture().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    shape.run(&plan).await.code(0);
    let name = shape.case.name.clone();
    let apply = ["apply", "--plan", "plan.json", "--confirm", &name];
    shape.run(&apply).await.code(0);
    let users = all(&shape.case.database, "users").await;
    let stay: Vec<Bson> = users
        .iter()
        .map(|it| it.get("_id").unwrap().clone())
        .collect();
    // Ann's last payment has no business, so it still names her; Cara and Dan have accounts; Finn has no customer.
    let expected: Vec<Bson> = [1, 3, 4, 6]
        .into_iter()
        .map(|user| id(user).into())
        .collect();
    assert_eq!(stay, expected, "{}", email(1));
    shape.run(&["verify"]).await.code(0);
    rolled_back_to_the_same_bytes(&shape, &before).await;
}
