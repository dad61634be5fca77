//! Kills at forced points inside each phase, on the way forward, back, and to the end. Every phase is killed in at three places, each in a
//! database of its own that is killed in at every other phase too.

use futures_util::future::join_all;
use ringfence::demo::server::{Server, Topology};

use crate::crash::reference::{self, Reference, State};
use crate::crash::sample;
use crate::crash::table::Table;
use crate::support;
use crate::support::case::Case;
use crate::support::hold::kill_at;
use crate::support::picture::Picture;

/// A phase, where it is held in each of the three databases, and what the record and the names must say of it then.
type Phase = (&'static str, [&'static str; 3], &'static str);

const FORWARD: [Phase; 13] = [
    (
        "backup",
        ["find AuditLog", "find Review", "update _ringfence_runs +1"],
        "without a step done",
    ),
    (
        "build of customers",
        [
            "insert _ringfence_next_Customer",
            "insert _ringfence_links",
            "listIndexes _ringfence_next_Customer",
        ],
        "after 05 review",
    ),
    (
        "index build",
        [
            "createIndexes _ringfence_next_Customer",
            "hangAfterStartingIndexBuild",
            "hangIndexBuildBeforeCommit",
        ],
        "after 05 review",
    ),
    (
        "build of bookings",
        [
            "insert _ringfence_next_Booking",
            "insert _ringfence_next_Booking +1",
            "insert _ringfence_quarantine",
        ],
        "after 06 customers",
    ),
    (
        "build of users",
        [
            "insert _ringfence_next_User",
            "listIndexes _ringfence_next_User",
            "createIndexes _ringfence_next_User",
        ],
        "after 07 bookings",
    ),
    (
        PROOF,
        [
            "find _ringfence_links",
            "find _ringfence_next_Booking",
            "update _ringfence_runs +3",
        ],
        "after 07 bookings",
    ),
    (
        "journal, before the renames",
        ["collMod Customer", "collMod Booking", "rename Customer"],
        "after 08 prove",
    ),
    (
        "between the renames of Customer",
        ["rename _ringfence_next_Customer"; 3],
        "between the renames of Customer",
    ),
    (
        "between the renames of Booking",
        ["rename _ringfence_next_Booking"; 3],
        "between the renames of Booking",
    ),
    (
        "after the renames, before the record",
        [
            "collMod Customer",
            "collMod Booking",
            "update _ringfence_runs +1",
        ],
        "after 08 prove, Customer Booking swapped",
    ),
    (
        "users: journal, before the renames",
        ["collMod User", "rename User", "update _ringfence_runs +3"],
        "after 09 cut-over, Customer Booking swapped",
    ),
    (
        "between the renames of User",
        ["rename _ringfence_next_User"; 3],
        "between the renames of User",
    ),
    (
        "users: after the renames, before the record",
        [
            "collMod User",
            "collMod User +1",
            "update _ringfence_runs +1",
        ],
        "after 09 cut-over, Customer Booking User swapped",
    ),
];

const BACK: [Phase; 5] = [
    (
        "rollback: between the renames of User",
        ["rename _ringfence_before_User"; 3],
        "between the renames of User",
    ),
    (
        "rollback: between the renames of Booking",
        ["rename _ringfence_before_Booking"; 3],
        "between the renames of Booking",
    ),
    (
        "rollback: between the renames of Customer",
        ["rename _ringfence_before_Customer"; 3],
        "between the renames of Customer",
    ),
    (
        "rollback: between the drops",
        ["drop _ringfence_links"; 3],
        "after 13 verify",
    ),
    (
        "rollback: all is back, before the record",
        ["update _ringfence_runs"; 3],
        "after 13 verify",
    ),
];

const FINISH: [Phase; 3] = [
    (
        "finish: between the drops",
        ["drop _ringfence_before_Booking"; 3],
        "after 13 verify, Booking User swapped",
    ),
    (
        "finish: between the last drops",
        ["drop _ringfence_before_User"; 3],
        "after 13 verify, User swapped",
    ),
    (
        "finish: all is dropped, before the record",
        ["update _ringfence_runs"; 3],
        "after 13 verify",
    ),
];

/// What is rolled back instead of resumed.
const TURNED_BACK: [(&str, &str, &str); 5] = [
    (
        "journal, before the renames",
        "collMod Booking",
        "after 08 prove",
    ),
    (
        "between the renames of Customer",
        "rename _ringfence_next_Customer",
        "between the renames of Customer",
    ),
    (
        "between the renames of Booking",
        "rename _ringfence_next_Booking",
        "between the renames of Booking",
    ),
    (
        "after the renames, before the record",
        "collMod Customer +1",
        "after 08 prove, Customer Booking swapped",
    ),
    (
        "between the renames of User",
        "rename _ringfence_next_User",
        "between the renames of User",
    ),
];

/// Held at a read that other steps make too, so what comes before it must be done.
const PROOF: &str = "proof";

#[tokio::test]
async fn what_was_killed_at_any_forced_point_ends_like_what_never_was() {
    let (reference, table) = (reference::shared().await, Table::default());
    let ways = if crate::support::full() { 3 } else { 1 };
    join_all((0..ways).map(|way| there_back_and_to_the_end(way, reference, &table))).await;
    table.print("kill -9 at forced points");
    assert!(table.fewest() >= ways);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_killed_in_any_phase_of_the_cut_over_goes_back_to_the_same_bytes() {
    let (victim, table) = (Victim::new().await, Table::default());
    for (phase, point, stands) in TURNED_BACK {
        let name = [phase.to_owned()];
        victim.kill(&victim.apply(), point, stands).await;
        table.killed(&name);
        victim.case.roll_back(&[]).await.code(0);
        reference::assert_back(&victim.case, &victim.original).await;
        table.resumed_equal(&name);
    }
    table.print("kill -9 of apply at forced points, then rollback");
    assert_eq!(table.kills(""), TURNED_BACK.len());
}

/// Kills one database at every point of one way, and compares at every stop.
async fn there_back_and_to_the_end(way: usize, reference: &Reference, table: &Table) {
    let victim = Victim::new().await;
    for (phase, points, stands) in FORWARD {
        if phase == PROOF {
            victim.case.apply(&["--through", "bookings"]).await.code(0);
        }
        victim.kill(&victim.apply(), points[way], stands).await;
        table.killed(&[phase.to_owned()]);
        reference::assert_nothing_lost(&victim.case, &victim.original).await;
    }
    victim.case.apply(&[]).await.code(0);
    victim.assert_equal(&reference.applied).await;
    for (phase, points, stands) in BACK {
        victim
            .kill(&["rollback", "--confirm", "shop"], points[way], stands)
            .await;
        table.killed(&[phase.to_owned()]);
        reference::assert_nothing_lost(&victim.case, &victim.original).await;
    }
    victim.case.roll_back(&[]).await.code(0);
    reference::assert_back(&victim.case, &victim.original).await;
    victim.case.apply(&[]).await.code(0);
    let finish = ["finish", "--confirm", "shop"];
    for (phase, points, stands) in FINISH {
        victim.kill(&finish, points[way], stands).await;
        table.killed(&[phase.to_owned()]);
    }
    victim.case.ringfence(&finish).await.code(0);
    victim.assert_equal(&reference.finished).await;
    for (phase, ..) in FORWARD.iter().chain(&BACK).chain(&FINISH) {
        table.resumed_equal(&[(*phase).to_owned()]);
    }
}

/// A database on a server of its own: a failpoint is the whole server's.
struct Victim {
    case: Case,
    original: Picture,
    _server: Server,
}

impl Victim {
    async fn new() -> Self {
        let test_commands = ["--setParameter", "enableTestCommands=1"];
        let server = support::private(Topology::ReplicaSet(1), &test_commands).await;
        let case = sample::case_at(server.uri("shop"), "shop".to_owned()).await;
        Self {
            original: case.picture().await,
            case,
            _server: server,
        }
    }

    fn apply(&self) -> [&str; 5] {
        ["apply", "--plan", "plan.json", "--confirm", &self.case.name]
    }

    async fn kill(&self, words: &[&str], point: &str, stands: &str) {
        kill_at(&self.case, words, point).await;
        assert_eq!(reference::stands(&self.case).await, stands, "{point}");
    }

    async fn assert_equal(&self, expected: &State) {
        let differences = expected.differences(&State::of(&self.case).await);
        assert!(differences.is_empty(), "{differences:#?}");
    }
}
