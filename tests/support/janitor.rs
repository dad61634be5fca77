//! Drops each test's databases on the shared server when the test ends: a server with the files of all tests spends its time on them.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use mongodb::Client;

use crate::support;

/// Where the names go that are to be dropped.
static NAMES: OnceLock<Sender<String>> = OnceLock::new();

/// The databases of the test that this thread runs.
struct Ours(RefCell<Vec<String>>);

thread_local! {
    static OURS: Ours = const { Ours(RefCell::new(Vec::new())) };
}

impl Drop for Ours {
    /// The test harness runs each test in a thread of its own: its end is the test's end.
    fn drop(&mut self) {
        if !support::shared_runs() {
            return; // nothing stands there
        }
        let names = NAMES.get_or_init(|| {
            let (sender, names) = channel();
            std::thread::spawn(move || drop_all(&names));
            sender
        });
        for name in self.0.take() {
            let _ = names.send(name); // the process ends
        }
    }
}

/// Has a database of the shared server dropped when the test of this thread ends.
pub fn take(name: &str) {
    // Another thread than the test's own may end before the test.
    let of_a_test = std::thread::current()
        .name()
        .is_some_and(|thread| thread.contains("::"));
    if !of_a_test {
        return;
    }
    OURS.with(|ours| ours.0.borrow_mut().push(name.to_owned()));
}

fn drop_all(names: &Receiver<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let uri = support::shared().uri("");
        let client = Client::with_uri_str(uri).await.expect("the shared server");
        while let Ok(name) = names.recv() {
            // A test may have left a server that refuses it for a moment; then the database stays, and costs a little.
            let _ = client.database(&name).drop().await;
        }
    });
}
