//! The server itself is killed while ringfence writes, and started again on the same data. What it had acknowledged is there, and the run that
//! waits for it ends like one that nothing interrupted.

use ringfence::demo::server::{Server, Signal, Topology};

use crate::crash::reference::{self, State};
use crate::crash::sample;
use crate::crash::table::Table;
use crate::support;
use crate::support::hold;

/// Where the server is killed: while this command waits, so that everything before it is in, and it is not.
const PHASES: [(&str, &str); 5] = [
    ("build of customers", "insert _ringfence_links"),
    ("build of bookings", "insert _ringfence_next_Booking +1"),
    ("index build", "hangIndexBuildBeforeCommit"),
    (
        "between the renames of Booking",
        "rename _ringfence_next_Booking",
    ),
    ("between the renames of User", "rename _ringfence_next_User"),
];

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_standalone_server_that_is_killed_and_started_again_costs_nothing() {
    let test_commands = ["--setParameter", "enableTestCommands=1"];
    let mut server = support::private(Topology::Standalone, &test_commands).await;
    let case = sample::case_at(server.uri("shop"), "shop".to_owned()).await;
    let (original, table) = (case.picture().await, Table::default());
    let apply = ["apply", "--plan", "plan.json", "--confirm", "shop"];
    for (phase, point) in PHASES {
        let mut running = hold::hold_at(&case, &apply, point).await;
        kill_and_restart(&mut server).await;
        let ended = running.ends().await;
        table.killed(&[phase.to_owned()]);
        assert_eq!(ended.code, 0, "{phase}: {ended:?}");
        let whole = &reference::shared().await.applied;
        let differences = whole.differences(&State::of(&case).await);
        assert!(differences.is_empty(), "{phase}: {differences:#?}");
        case.roll_back(&[]).await.code(0);
        reference::assert_back(&case, &original).await;
    }
    table.resumed_equal(&PHASES.map(|(phase, _)| phase.to_owned()));
    table.print("kill -9 of a standalone server");
}

async fn kill_and_restart(server: &mut Server) {
    server.signal(0, Signal::Kill).unwrap();
    server.restart(0).await.unwrap();
}
