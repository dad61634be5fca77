//! Duplicates: counted in groups, with all members named; null and missing alike; single fields, several, lists and members of composite types.

use bson::{Bson, Document, doc};
use serde_json::json;

use crate::conform::shop::{
    self, BUSINESS, CUSTOMER, USER, conform, findings, id, json, lines, with_schema,
};
use crate::support::case::Case;
use crate::support::data;

async fn without_index(case: &Case, collection: &str, name: &str) {
    data::run(
        &case.database,
        doc! { "dropIndexes": collection, "index": name },
    )
    .await;
}

async fn set(case: &Case, collection: &str, of: bson::oid::ObjectId, set: Document) {
    let documents = case.database.collection::<Document>(collection);
    documents
        .update_one(doc! { "_id": of }, doc! { "$set": set })
        .await
        .unwrap();
}

#[tokio::test]
async fn users_with_one_email_are_one_group_that_names_them_all() {
    let case = shop::case().await;
    without_index(&case, "users", "users_email_key").await;
    for at in [1, 2] {
        set(
            &case,
            "users",
            id(USER, at),
            doc! { "email": "u0@example.org" },
        )
        .await;
    }
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(
        findings(&found),
        ["User.email duplicate 1", "User.email index-missing 1"]
    );
    let finding = &found["models"][0]["findings"][0];
    let all: Vec<_> = (0..3).map(|at| id(USER, at).to_hex()).collect();
    assert_eq!(finding["samples"], json!(all));
    let all = lines(&conform(&case, &["--all"]).await.code(2));
    let ids: Vec<_> = (0..3)
        .map(|at| json!({ "$oid": id(USER, at).to_hex() }))
        .collect();
    let group = all.iter().find(|line| line["kind"] == "duplicate").unwrap();
    assert_eq!(
        group,
        &json!({
            "model": "User", "collection": "users", "id": null, "field": "email", "kind": "duplicate", "advice": false,
            "members": 3, "ids": ids,
        })
    );
}

#[tokio::test]
async fn null_and_missing_are_one_value_of_a_unique_and_a_repair_ends_it() {
    let case = shop::case().await;
    without_index(&case, "customers", "customers_businessId_email_key").await;
    set(
        &case,
        "customers",
        id(CUSTOMER, 0),
        doc! { "email": Bson::Null },
    )
    .await;
    let customers = case.database.collection::<Document>("customers");
    customers
        .update_one(
            doc! { "_id": id(CUSTOMER, 2) },
            doc! { "$unset": { "email": 1 } },
        )
        .await
        .unwrap();
    // Of another business: no duplicate.
    set(
        &case,
        "customers",
        id(CUSTOMER, 1),
        doc! { "email": Bson::Null },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(
        findings(&found),
        [
            "Customer.businessId+email duplicate 1",
            "Customer.businessId+email index-missing 1"
        ]
    );
    set(
        &case,
        "customers",
        id(CUSTOMER, 0),
        doc! { "email": "x@example.org" },
    )
    .await;
    let index = doc! { "key": { "businessId": 1, "email": 1 }, "name": "customers_businessId_email_key", "unique": true };
    data::run(
        &case.database,
        doc! { "createIndexes": "customers", "indexes": [index] },
    )
    .await;
    json(conform(&case, &["--json"]).await, 0);
}

#[tokio::test]
async fn a_required_unique_that_is_missing_is_missing_and_no_duplicate_too() {
    let case = shop::case().await;
    without_index(&case, "customers", "customers_slug_key").await;
    let customers = case.database.collection::<Document>("customers");
    customers
        .update_many(doc! {}, doc! { "$unset": { "slug": 1 } })
        .await
        .unwrap();
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(
        findings(&found),
        [
            "Customer.slug missing-required 4",
            "Customer.slug index-missing 1"
        ]
    );
}

#[tokio::test]
async fn a_default_that_is_not_written_is_a_duplicate_where_two_lack_it_and_itself_where_one_does()
{
    let case = shop::case().await;
    let schema = shop::SCHEMA.replace(
        "slug         String     @unique",
        "slug         String     @unique @default(\"x\")",
    );
    with_schema(&case, &schema);
    without_index(&case, "customers", "customers_slug_key").await;
    let customers = case.database.collection::<Document>("customers");
    for (at, kind) in [(0, "default-not-written"), (1, "duplicate")] {
        customers
            .update_one(
                doc! { "_id": id(CUSTOMER, at) },
                doc! { "$unset": { "slug": 1 } },
            )
            .await
            .unwrap();
        let found = json(conform(&case, &["--json"]).await, 2);
        let mut expected = vec![
            format!("Customer.slug {kind} 1"),
            "Customer.slug index-missing 1".to_owned(),
        ];
        expected.sort_by_key(|it| it.contains("default-not-written"));
        assert_eq!(findings(&found), expected);
    }
}

#[tokio::test]
async fn members_of_lists_and_of_composite_types_are_unique_as_the_server_has_it() {
    let case = shop::case().await;
    let schema = shop::SCHEMA.replace(
        "  @@index([ownerId])\n",
        "  @@index([ownerId])\n  @@unique([branches.zip])\n  @@unique([tagIds])\n",
    );
    with_schema(&case, &schema);
    set(
        &case,
        "businesses",
        id(BUSINESS, 0),
        doc! { "branches.0.zip": "a", "branches.1.zip": "a" },
    )
    .await;
    set(
        &case,
        "businesses",
        id(BUSINESS, 1),
        doc! { "branches.0.zip": "b", "branches.1.zip": "c" },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 2);
    // Both businesses have both tags; a value twice in one document is no duplicate.
    assert_eq!(
        findings(&found),
        [
            "Business.tagIds duplicate 2",
            "Business.branches.zip index-missing 1",
            "Business.tagIds index-missing 1",
        ]
    );
    set(
        &case,
        "businesses",
        id(BUSINESS, 1),
        doc! { "branches.1.zip": "a" },
    )
    .await;
    let found = findings(&json(conform(&case, &["--json"]).await, 2));
    assert!(
        found.contains(&"Business.branches.zip duplicate 1".to_owned()),
        "{found:?}"
    );
    // The server says the same.
    for (key, refused) in [
        ("branches.zip", true),
        ("tag_ids", true),
        ("name", true),
        ("ownerId", false),
    ] {
        let index = doc! { "key": { key: 1 }, "name": "trial", "unique": true };
        let command = doc! { "createIndexes": "businesses", "indexes": [index] };
        assert_eq!(
            case.database.run_command(command).await.is_err(),
            refused,
            "{key}"
        );
    }
}

#[tokio::test]
async fn with_little_memory_the_same_is_found_and_nothing_is_left_behind() {
    let case = shop::case().await;
    without_index(&case, "users", "users_email_key").await;
    let users = case.database.collection::<Document>("users");
    let more = (10..6_000_u32).map(|at| {
        let email = format!("{}@example.org", at % 2_990);
        doc! { "_id": id(USER, at), "name": "n", "email": email }
    });
    users.insert_many(more).await.unwrap();
    let whole = json(conform(&case, &["--json"]).await, 2);
    let little = json(conform(&case, &["--json", "--memory", "0"]).await, 2);
    assert_eq!(whole, little);
    let expected = ["User.email duplicate 2990", "User.email index-missing 1"];
    assert_eq!(findings(&whole), expected);
    let all = lines(&conform(&case, &["--all", "--memory", "0"]).await.code(2));
    assert_eq!(all.len(), 2_991);
    let left: Vec<_> = std::fs::read_dir(case.path("."))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(left, ["schema.prisma"]);
}
