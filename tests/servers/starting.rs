//! Starting: every topology, access control, lost ports, and a mongod that ends by itself.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bson::doc;
use mongodb::Client;
use mongodb::options::{Acknowledgment, WriteConcern};
use ringfence::demo::mongod;
use ringfence::demo::server::{NotStarted, Server, Signal, Topology};

use crate::support;

async fn write_to_majority(uri: &str) -> mongodb::error::Result<()> {
    let concern = WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .build();
    let client = Client::with_uri_str(uri).await?;
    client
        .database("x")
        .collection("c")
        .insert_one(doc! { "a": 1 })
        .write_concern(concern)
        .await
        .map(|_| ())
}

#[tokio::test]
async fn every_topology_takes_a_majority_write_as_soon_as_it_has_started() {
    for (topology, hosts) in [
        (Topology::Standalone, 0),
        (Topology::ReplicaSet(1), 1),
        (Topology::ReplicaSet(3), 3),
    ] {
        let server = support::private(topology, &[]).await;
        write_to_majority(&server.uri("x")).await.unwrap();
        let client = Client::with_uri_str(server.uri("x")).await.unwrap();
        let hello = client
            .database("x")
            .run_command(doc! { "hello": 1 })
            .await
            .unwrap();
        assert_eq!(
            hello.get_array("hosts").map_or(0, Vec::len),
            hosts,
            "{topology:?}"
        );
    }
}

#[tokio::test]
async fn further_arguments_reach_the_mongod() {
    let server = support::private(
        Topology::Standalone,
        &["--setParameter", "enableTestCommands=1"],
    )
    .await;
    let client = Client::with_uri_str(server.uri("admin")).await.unwrap();
    let reply = client
        .database("admin")
        .run_command(doc! { "configureFailPoint": "failCommand", "mode": "off" })
        .await;
    assert!(reply.is_ok(), "{reply:?}");
}

#[tokio::test]
async fn with_access_control_a_user_who_may_only_read_cannot_write_and_a_stranger_cannot_read() {
    for topology in [Topology::Standalone, Topology::ReplicaSet(1)] {
        let server = support::private_with_access_control(topology).await;
        write_to_majority(&server.uri("x")).await.unwrap();
        let root = Client::with_uri_str(server.uri("admin")).await.unwrap();
        root.database("admin")
            .run_command(doc! { "createUser": "reader", "pwd": "secret", "roles": [{ "role": "read", "db": "x" }] })
            .await
            .unwrap();
        let uri = server.uri_as("reader", "secret", "x");
        let reader = Client::with_uri_str(&uri).await.unwrap();
        let read = reader
            .database("x")
            .collection::<bson::Document>("c")
            .count_documents(doc! {})
            .await;
        assert_eq!(read.unwrap(), 1, "{topology:?}");
        let refused = write_to_majority(&uri).await.unwrap_err().to_string();
        assert!(refused.contains("not authorized"), "{refused}");
        let stranger = server.uri("x").replace("root:throw-away@", "");
        assert_ne!(stranger, server.uri("x"));
        assert!(write_to_majority(&stranger).await.is_err(), "{topology:?}");
    }
}

#[tokio::test]
async fn a_mongod_that_ends_by_itself_is_told_at_once_with_its_own_words() {
    let binary = mongod::find(None, &|_| {}).unwrap();
    let begun = Instant::now();
    let error = Server::start(
        &binary,
        &std::env::temp_dir(),
        Topology::ReplicaSet(1),
        &["--no-such-option"],
    )
    .await
    .unwrap_err();
    assert!(matches!(error, NotStarted::Ended { .. }), "{error}");
    let words = error.to_string();
    assert!(
        words.contains("unrecognised option '--no-such-option'") && words.contains("--uri"),
        "{words}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20), "{begun:?}");
}

/// A mongod that finds its port taken by another mongod the first `times` times that it is started.
fn loses_its_port(folder: &Path, taken: u16, times: usize) -> PathBuf {
    let real = mongod::find(None, &|_| {}).unwrap();
    let path = folder.join("mongod");
    let script = format!(
        r#"#!/bin/sh
echo start >> "{starts}"
if [ "$(wc -l < "{starts}")" -le {times} ]; then
    for argument; do
        shift
        [ "$before" = --port ] && argument={taken}
        set -- "$@" "$argument"
        before=$argument
    done
fi
exec "{real}" "$@"
"#,
        starts = folder.join("starts").display(),
        real = real.display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_port_lost_to_another_process_is_tried_again_with_another_one() {
    let other = support::private(Topology::Standalone, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let binary = loses_its_port(folder.path(), other.port(0).unwrap(), 1);
    let server = Server::start(&binary, &std::env::temp_dir(), Topology::ReplicaSet(1), &[])
        .await
        .unwrap();
    assert_ne!(server.port(0), other.port(0));
    write_to_majority(&server.uri("x")).await.unwrap();
    let starts = std::fs::read_to_string(folder.path().join("starts")).unwrap();
    assert_eq!(starts.lines().count(), 2);
}

#[tokio::test]
async fn a_port_lost_again_and_again_is_named_in_the_error() {
    let other = support::private(Topology::Standalone, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let binary = loses_its_port(folder.path(), other.port(0).unwrap(), 99);
    let error = Server::start(&binary, &std::env::temp_dir(), Topology::Standalone, &[])
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("Address already in use"), "{error}");
    let starts = std::fs::read_to_string(folder.path().join("starts")).unwrap();
    assert_eq!(starts.lines().count(), 5);
    write_to_majority(&other.uri("x")).await.unwrap();
}

#[tokio::test]
async fn a_set_of_three_elects_another_primary_when_one_is_killed() {
    let server = support::private(Topology::ReplicaSet(3), &[]).await;
    let client = Client::with_uri_str(server.uri("x")).await.unwrap();
    let primary = async || {
        let hello = client
            .database("x")
            .run_command(doc! { "hello": 1 })
            .await
            .unwrap();
        hello.get_str("primary").unwrap_or_default().to_owned()
    };
    let first = format!("127.0.0.1:{}", server.port(0).unwrap());
    assert_eq!(primary().await, first);
    server.signal(0, Signal::Kill).unwrap();
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let hello = client.database("x").run_command(doc! { "hello": 1 }).await;
        if let Ok(hello) = hello
            && hello.get_str("primary").is_ok_and(|it| it != first)
        {
            break;
        }
        assert!(Instant::now() < deadline, "no other primary");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    write_to_majority(&server.uri("x")).await.unwrap();
    assert!(server.signal(0, Signal::Kill).is_err());
}

#[tokio::test]
async fn a_frozen_node_answers_again_when_it_is_thawed() {
    let server = support::private(Topology::Standalone, &[]).await;
    server.signal(0, Signal::Stop).unwrap();
    let impatient = format!("{}&serverSelectionTimeoutMS=1000", server.uri("x"));
    let attempt = tokio::time::timeout(Duration::from_secs(2), write_to_majority(&impatient)).await;
    assert!(!matches!(attempt, Ok(Ok(()))), "a frozen server wrote");
    server.signal(0, Signal::Continue).unwrap();
    write_to_majority(&server.uri("x")).await.unwrap();
}
