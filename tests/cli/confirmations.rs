//! Nothing destructive, and no first write, without the database's name typed again.

use crate::support::case::Case;
use crate::support::picture;

#[tokio::test]
async fn an_apply_without_the_databases_name_or_with_another_ends_with_3_and_writes_nothing() {
    let case = Case::seeded().await;
    case.plan().await;
    let before = case.picture().await;
    case.ringfence(&["apply", "--plan", "plan.json"])
        .await
        .code(3)
        .says(&[&case.name]);
    for wrong in [
        "",
        "yes",
        &case.name.to_uppercase(),
        &format!("{} ", case.name),
    ] {
        case.ringfence(&["apply", "--plan", "plan.json", "--confirm", wrong])
            .await
            .code(3)
            .says(&[&case.name]);
    }
    case.assert_same(&before).await;
    assert!(!case.path("ringfence-runs").exists());
}

#[tokio::test]
async fn a_rollback_a_finish_and_a_replacing_restore_without_the_databases_name_end_with_3_and_change_nothing()
 {
    let case = Case::seeded().await;
    case.migrate().await;
    let before = picture::but_runs(&case.picture().await);
    let verbs: [&[&str]; 3] = [&["rollback"], &["rollback", "--discard-new"], &["finish"]];
    for verb in verbs {
        case.ringfence(verb).await.code(3).says(&[&case.name]);
        let mut wrong = verb.to_vec();
        wrong.extend(["--confirm", "wrong"]);
        case.ringfence(&wrong).await.code(3).says(&[&case.name]);
    }
    let restore = [
        "restore",
        "--from",
        "nowhere",
        "--replace",
        "--confirm",
        "wrong",
    ];
    case.ringfence(&restore).await.code(3).says(&[&case.name]);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_step_that_is_none_is_refused_with_those_there_are() {
    let case = Case::empty().await;
    case.ringfence(&["apply", "--plan", "p", "--through", "swap"])
        .await
        .code(1)
        .says(&["no such step", "cut-over"]);
}

#[tokio::test]
async fn a_resume_with_nothing_to_resume_says_so() {
    let case = Case::seeded().await;
    case.plan().await;
    let before = case.picture().await;
    case.apply(&["--resume"])
        .await
        .code(1)
        .says(&["nothing to resume"]);
    case.assert_same(&before).await;
}
