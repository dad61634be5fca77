//! A restore over what stands: the database equals the run's backup afterwards, and what it replaced stands aside, whenever it is killed.

use bson::doc;

use crate::by_backup::world::{assert_back, backup, book, lose_record, migrates_again, of};
use crate::support::case::{Case, Ended};
use crate::support::data;
use crate::support::nth;
use crate::support::picture;

async fn restore(case: &Case, from: &str) -> Ended {
    case.ringfence(&restoring(case, from)).await
}

fn restoring<'a>(case: &'a Case, from: &'a str) -> [&'a str; 6] {
    [
        "restore",
        "--from",
        from,
        "--replace",
        "--confirm",
        &case.name,
    ]
}

/// Fails unless nothing of ours stands but what a restore leaves.
async fn assert_clean(case: &Case) {
    let kept = [
        "_ringfence_runs",
        "_ringfence_lease",
        "_ringfence_links",
        "_ringfence_quarantine",
    ];
    for name in case.picture().await.keys() {
        let known = !name.starts_with("_ringfence_")
            || kept.contains(&name.as_str())
            || name.starts_with("_ringfence_restored_")
            || name.starts_with("_ringfence_rolled_back_");
        assert!(known, "{name}");
    }
}

async fn outcome(case: &Case) -> String {
    let runs = of(case, "_ringfence_runs");
    let latest = runs.find_one(doc! {}).sort(doc! { "started": -1 }).await;
    let latest = latest.unwrap().unwrap();
    latest.get_str("outcome").unwrap().to_owned()
}

/// What stands aside of `name`.
fn aside<'p>(now: &'p picture::Picture, name: &str) -> &'p picture::Collection {
    let is = |it: &&String| {
        let rest = it.strip_prefix("_ringfence_restored_");
        rest.and_then(|it| it.split_once('_')).map(|it| it.1) == Some(name)
    };
    let found = now.keys().rfind(is);
    &now[found.unwrap_or_else(|| panic!("nothing aside of {name}"))]
}

/// Restores the run's own backup and looks at all that has to be true then.
async fn restores(case: &Case, before: &picture::Picture, stage: &str) {
    let from = backup(case);
    let stood = case.picture().await;
    restore(case, &from).await.code(0);
    assert_back(case, before, false).await;
    assert_clean(case).await;
    assert_eq!(outcome(case).await, "restored", "{stage}");
    let now = case.picture().await;
    for (name, was) in &stood {
        let keeps = name.starts_with("_ringfence_r") || name.starts_with("_ringfence_l");
        let is_same = before.get(name).is_some_and(|it| {
            it.documents == was.documents && it.options == was.options && it.indexes == was.indexes
        });
        if keeps || name == "_ringfence_quarantine" || is_same {
            continue;
        }
        let plain = name.strip_prefix("_ringfence_").unwrap_or(name);
        let aside = aside(&now, plain);
        assert_eq!(aside.documents, was.documents, "{stage}: {name}");
        assert_eq!(aside.uuid, was.uuid, "{stage}: {name}");
    }
    case.ringfence(&["status"])
        .await
        .code(0)
        .says(&["what the run's backup held when it was restored"]);
    case.ringfence(&["report"])
        .await
        .code(0)
        .says(&["restored from its backup"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_each_swap_a_restore_of_the_runs_backup_gives_back_what_was_there() {
    let case = Case::seeded().await;
    of(&case, "Customer").drop().await.unwrap();
    let before = case.picture().await;
    for stage in ["prove", "cut-over", "clean-users", "verify"] {
        case.plan().await;
        case.apply(&["--through", stage]).await.code(0);
        if stage == "verify" {
            book(&case, 700).await;
            of(&case, "_ringfence_stray_1_Booking")
                .insert_one(doc! { "_id": 1 })
                .await
                .unwrap();
        }
        restores(&case, &before, stage).await;
        case.roll_back(&[])
            .await
            .code(1)
            .says(&["nothing to roll back"]);
    }
    migrates_again(&case).await;
    case.ringfence(&["finish", "--confirm", &case.name])
        .await
        .code(0);
    restores(&case, &before, "finish").await;
    // And after a purge, when only the run folder knows whose backup it is.
    migrates_again(&case).await;
    case.ringfence(&["finish", "--confirm", &case.name])
        .await
        .code(0);
    let from = backup(&case);
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    restore(&case, &from)
        .await
        .code(0)
        .says(&["_Customer (", "aside until `ringfence purge`"]);
    assert_back(&case, &before, false).await;
    migrates_again(&case).await;
    case.roll_back(&[]).await.code(0);
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    let now = case.picture().await;
    assert_eq!(
        picture::differences(&before, &now, false),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_restore_without_the_record_and_one_after_a_rollback_give_back_the_backup() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let from = backup(&case);
    lose_record(&case).await;
    restore(&case, &from).await.code(0);
    assert_back(&case, &before, false).await;
    assert_clean(&case).await;
    migrates_again(&case).await;
    book(&case, 700).await;
    case.roll_back(&["--keep-new"]).await.code(0);
    restores(&case, &before, "rolled back").await;
    // Once more: all stands as the backup has it.
    let now = case.picture().await;
    restore(&case, &backup(&case))
        .await
        .code(0)
        .says(&["150 documents, which stood there already"]);
    let again = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&picture::but_runs(&now), &again, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_backup_that_is_no_runs_replaces_what_it_holds_and_leaves_the_rest() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    let out = case.path("elsewhere").display().to_string();
    case.ringfence(&["backup", "--out", &out]).await.code(0);
    of(&case, "Booking").delete_many(doc! {}).await.unwrap();
    of(&case, "New")
        .insert_one(doc! { "_id": 1 })
        .await
        .unwrap();
    case.ringfence(&["restore", "--from", &out])
        .await
        .code(1)
        .says(&["already holds"]);
    restore(&case, &out)
        .await
        .code(0)
        .says(&["left as they are: New", "_Booking (0 documents)"]);
    let mut now = picture::application(&case.picture().await);
    assert!(now.remove("New").is_some());
    assert_eq!(
        picture::differences(&before, &now, false),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_name_as_long_as_a_server_takes_is_put_aside_too() {
    let case = Case::seeded().await;
    let long = "x".repeat(255 - case.name.len() - 1);
    of(&case, &long)
        .insert_one(doc! { "_id": 1 })
        .await
        .unwrap();
    let before = case.picture().await;
    case.migrate().await;
    let from = backup(&case);
    of(&case, &long)
        .insert_one(doc! { "_id": 2 })
        .await
        .unwrap();
    restore(&case, &from).await.code(0);
    assert_back(&case, &before, false).await;
    let now = case.picture().await;
    let begins = "_ringfence_restored_";
    let mut aside = now
        .iter()
        .filter(|(name, _)| name.starts_with(begins) && name.contains("xxx"));
    assert_eq!(aside.next().unwrap().1.documents.len(), 2);
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    let now = case.picture().await;
    assert_eq!(
        picture::differences(&before, &now, false),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_restore_that_is_half_done_is_finished_by_the_same_command_alone() {
    let server = nth::server().await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    let before = case.picture().await;
    case.migrate().await;
    let from = backup(&case);
    assert!(nth::kill_at(&case, &restoring(&case, &from), "renameCollection", 4).await);
    let half = case.picture().await;
    let confirm = ["--confirm", "shop"];
    let verbs: [&[&str]; 4] = [
        &["rollback"],
        &["finish"],
        &["purge"],
        &["apply", "--plan", "plan.json"],
    ];
    for verb in verbs {
        let ended = case.ringfence(&[verb, &confirm].concat()).await;
        assert!(ended.code == 1 || ended.code == 4, "{verb:?} {ended:?}");
    }
    case.roll_back(&[])
        .await
        .code(1)
        .says(&["a restore is half done"]);
    case.ringfence(&["verify"])
        .await
        .code(1)
        .says(&["a restore is half done"]);
    case.ringfence(&["status"]).await.code(0).says(&[
        "a restore is half done",
        "the same restore again completes it",
    ]);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&picture::but_runs(&half), &now, true),
        Vec::<String>::new()
    );
    restores(&case, &before, "half done").await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_restore_that_was_killed_ends_like_one_that_was_not() {
    let server = nth::server().await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    of(&case, "Customer").drop().await.unwrap();
    let before = case.picture().await;
    let mut kills = 0;
    let full = crate::support::full();
    let commands = [
        ("renameCollection", if full { 1 } else { 5 }),
        ("create", if full { 1 } else { 13 }),
        ("insert", if full { 1 } else { 13 }),
        ("createIndexes", if full { 1 } else { 9 }),
        ("collMod", if full { 1 } else { 3 }),
        ("update", if full { 1 } else { 13 }),
        ("drop", if full { 1 } else { 7 }),
    ];
    for (command, step) in commands {
        for nth in (0..40).step_by(step) {
            case.migrate().await;
            let from = backup(&case);
            let killed = nth::kill_at(&case, &restoring(&case, &from), command, nth).await;
            // Each collection is whole, the migrated one or that of the backup.
            let now = case.picture().await;
            for name in ["Booking", "User", "Business"] {
                let documents = now.get(name).map(|it| it.documents.len());
                let whole = before[name].documents.len();
                let quarantined = 3;
                assert!(
                    documents.is_none_or(|it| it == whole || it == whole - quarantined),
                    "{command} {nth}: {name} holds {documents:?}"
                );
            }
            restore(&case, &from).await.code(0);
            assert_back(&case, &before, false).await;
            assert_clean(&case).await;
            assert_eq!(outcome(&case).await, "restored");
            let now = case.picture().await;
            for name in [
                "Customer",
                "Booking",
                "User",
                "before_Booking",
                "before_User",
            ] {
                aside(&now, name);
            }
            let ids: std::collections::BTreeSet<_> = now
                .keys()
                .filter_map(|name| name.strip_prefix("_ringfence_restored_")?.split('_').next())
                .collect();
            assert_eq!(ids.len(), 1, "{command} {nth}: {ids:?}");
            case.ringfence(&["purge", "--confirm", "shop"])
                .await
                .code(0);
            if !killed {
                break;
            }
            kills += 1;
        }
    }
    eprintln!("killed {kills} times");
    assert!(kills >= if full { 15 } else { 5 }, "{kills}");
}

#[tokio::test]
async fn a_folder_that_lost_a_collection_of_the_runs_backup_is_refused_and_nothing_leaves() {
    let case = Case::seeded().await;
    case.migrate().await;
    let backup = backup(&case);
    let folder = std::path::Path::new(&backup);
    let of_users = folder.join(&case.name).join("User.bson");
    std::fs::remove_file(folder.join("ringfence-backup.json")).unwrap();
    std::fs::remove_file(of_users.with_extension("metadata.json")).unwrap();
    std::fs::remove_file(of_users).unwrap();
    let before = case.picture().await;
    restore(&case, &backup).await.code(1).says(&[
        "not the backup that the run took any more: of User the backup holds it no more",
        "Nothing was changed",
    ]);
    // And one collection alone does not take the place of what the run made.
    let only = |name| [&restoring(&case, &backup)[..], &["--only", name]].concat();
    case.ringfence(&only("Booking")).await.code(1).says(&[
        "is open, and what it made stands live as Booking",
        "Nothing was changed",
    ]);
    case.ringfence(&only("Invoice")).await.code(0);
    let (was, now) = (picture::but_lease(&before), case.picture().await);
    let now = picture::but_lease(&now);
    let differences = picture::differences(&was, &now, true);
    assert_eq!(differences, Vec::<String>::new());
}
