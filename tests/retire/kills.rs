//! Kill -9 while users retire, and while they come back.

use ringfence::demo::server::{Server, Topology};

use crate::retire::world;
use crate::support;
use crate::support::case::Case;
use crate::support::hold::kill_at;
use crate::support::picture::{self, Picture};

/// Where a retirement is killed: what of the server's commands it is held at.
const FORWARD: [&str; 9] = [
    "create _ringfence_retired",
    "insert _ringfence_retired",
    "create _ringfence_next_User",
    "insert _ringfence_next_User",
    "createIndexes _ringfence_next_User",
    "find _ringfence_retired +1",
    "rename User",
    "rename _ringfence_next_User",
    "collMod User",
];

const BACK: [&str; 4] = [
    "rename _ringfence_before_User",
    "rename _ringfence_before_Booking",
    "drop _ringfence_old_1_User",
    "drop _ringfence_retired",
];

struct Victim {
    case: Case,
    before: Picture,
    _server: Server,
}

impl Victim {
    async fn new() -> Self {
        let test_commands = ["--setParameter", "enableTestCommands=1"];
        let server = support::private(Topology::ReplicaSet(1), &test_commands).await;
        let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
        crate::support::data::seed(&case.database).await;
        world::prepare(&case).await;
        let before = case.picture().await;
        world::plan(&case).await;
        Self {
            case,
            before,
            _server: server,
        }
    }

    /// Every row of the users stands somewhere.
    async fn nothing_is_lost(&self, point: &str) {
        let now = self.case.picture().await;
        let rows = |name: &str| now.get(name).map(|it| it.documents.clone());
        let kept = rows("_ringfence_before_User").or_else(|| rows("User"));
        assert_eq!(kept.unwrap(), self.before["User"].documents, "{point}");
    }

    async fn is_back(&self, point: &str) {
        let now = picture::but_runs(&self.case.picture().await);
        let differences = picture::differences(&self.before, &now, true);
        assert_eq!(differences, Vec::<String>::new(), "{point}");
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_killed_while_users_retired_ends_like_what_never_was() {
    let victim = Victim::new().await;
    let case = &victim.case;
    let apply = ["apply", "--plan", "plan.json", "--confirm", "shop"];
    case.apply(&[]).await.code(0);
    let expected = picture::but_runs(&case.picture().await);
    case.roll_back(&[]).await.code(0);
    for point in FORWARD {
        // The points name this step's commands: what comes before it is done.
        case.apply(&["--through", "clean-users"]).await.code(0);
        kill_at(case, &apply, point).await;
        victim.nothing_is_lost(point).await;
        case.apply(&[]).await.code(0);
        let now = picture::but_runs(&case.picture().await);
        let differences = picture::differences(&expected, &now, false);
        assert_eq!(differences, Vec::<String>::new(), "{point}");
        case.roll_back(&[]).await.code(0);
        victim.is_back(point).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_killed_while_users_retired_goes_back_to_the_same_bytes() {
    let victim = Victim::new().await;
    let case = &victim.case;
    let apply = ["apply", "--plan", "plan.json", "--confirm", "shop"];
    for point in FORWARD {
        // The points name this step's commands: what comes before it is done.
        case.apply(&["--through", "clean-users"]).await.code(0);
        kill_at(case, &apply, point).await;
        case.roll_back(&[]).await.code(0);
        victim.is_back(point).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_was_killed_after_users_retired_ends_with_the_same_bytes() {
    let victim = Victim::new().await;
    let case = &victim.case;
    for point in BACK {
        case.apply(&[]).await.code(0);
        kill_at(case, &["rollback", "--confirm", "shop"], point).await;
        case.roll_back(&[]).await.code(0);
        victim.is_back(point).await;
    }
}
