//! What stands in for `npx prisma@6 db push`: this test binary itself, which runs the commands that a test wrote down.

use bson::{Document, doc};
use mongodb::Client;

/// Holds the commands, as JSON.
pub const COMMANDS: &str = "PUSH_STAND_IN";
/// Names the variable that the address is read from, where it is not the usual one.
pub const VARIABLE: &str = "PUSH_STAND_IN_VARIABLE";

/// The words of the command.
pub fn words() -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let mut words = vec![program.to_str().unwrap().to_owned()];
    let arguments = [
        "--ignored",
        "--exact",
        "--nocapture",
        "push::stand_in::the_command_of_the_operator",
    ];
    words.extend(arguments.map(str::to_owned));
    words
}

#[tokio::test]
#[ignore = "no test: the command that the tests let ringfence run"]
async fn the_command_of_the_operator() {
    let Ok(commands) = std::env::var(COMMANDS) else {
        return;
    };
    let variable = std::env::var(VARIABLE).unwrap_or_else(|_| "DATABASE_URL".to_owned());
    let uri = std::env::var(variable).unwrap();
    let told = std::env::args().any(|it| it.contains("mongodb"));
    println!("the stand-in begins; the address is among its arguments: {told}");
    println!("it connects to {uri}");
    let database = Client::with_uri_str(&uri).await.unwrap();
    let database = database.default_database().unwrap();
    let commands: Vec<Document> = serde_json::from_str(&commands).unwrap();
    for command in commands {
        if let Ok(code) = command
            .get_i64("exit")
            .or(command.get_i32("exit").map(i64::from))
        {
            eprintln!("it fails");
            std::process::exit(i32::try_from(code).unwrap());
        }
        if command.contains_key("killed") {
            let own = std::process::id().to_string();
            let _ = std::process::Command::new("kill")
                .args(["-9", &own])
                .status();
        }
        if let Ok(file) = command.get_str("wait") {
            std::fs::write(file, std::process::id().to_string()).unwrap();
            tokio::time::sleep(std::time::Duration::from_mins(2)).await;
            continue;
        }
        database.run_command(command.clone()).await.unwrap();
        println!("did {}", command.keys().next().unwrap());
    }
}

/// `dropIndexes`.
pub fn drops(collection: &str, index: &str) -> Document {
    doc! { "dropIndexes": collection, "index": index }
}

/// `createIndexes`.
pub fn makes(collection: &str, name: &str, key: Document) -> Document {
    doc! { "createIndexes": collection, "indexes": [{ "key": key, "name": name }] }
}
