//! The engine against a real server.

mod again;
mod build_ahead;
mod by_date;
mod faults;
mod full_disk;
mod gate_says;
mod gone;
mod journal;
mod late_indexes;
mod memory;
mod originals;
mod rules;
mod side_by_side;
mod spoiled;
mod strays;
mod throttle;
mod topologies;
mod under_fire;
mod watch;
mod ways_back;
mod whole;

use crate::support;

use mongodb::Client;
use ringfence::demo::server::Topology;

#[tokio::test]
async fn every_topology_starts_and_ends_with_its_handle() {
    for topology in [
        Topology::Standalone,
        Topology::ReplicaSet(1),
        Topology::ReplicaSet(3),
    ] {
        let server = support::private(topology, &[]).await;
        let client = Client::with_uri_str(server.uri("x")).await.unwrap();
        client
            .database("x")
            .collection("c")
            .insert_one(bson::doc! { "a": 1 })
            .await
            .unwrap();
        let pid = server.pid(0).unwrap();
        drop(server);
        assert!(
            !std::path::Path::new(&format!("/proc/{pid}/cmdline")).exists(),
            "{topology:?} still runs"
        );
    }
}
