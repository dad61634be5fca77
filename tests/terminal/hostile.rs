//! Names that attack the terminal: shown, never obeyed.

use bson::{Document, doc};

use crate::support::console::{Console, ENTER, ESC};
use crate::terminal::data;

/// Sets the title, clears the screen, and turns the reading direction.
const HOSTILE: &str =
    "\u{202e}evil\u{1b}]0;OWNED\u{7}\u{1b}[31;5;7mBoo\0\n\r\u{9b}2J\u{2066}\u{200b}";

#[test]
fn hostile_names_never_reach_the_terminal_raw() {
    let place = data::seeded();
    data::wait(async {
        for collection in ["User", "Business"] {
            place
                .connection
                .database
                .collection::<Document>(collection)
                .update_many(
                    doc! { "name": { "$gt": "" } },
                    doc! { "$set": { "name": HOSTILE } },
                )
                .await
                .unwrap();
        }
        place
            .connection
            .database
            .collection::<Document>("Booking")
            .update_many(
                doc! {},
                doc! { "$set": { "status": HOSTILE, "no\u{1b}[41mte\u{202e}": HOSTILE } },
            )
            .await
            .unwrap();
    });
    // A client that calls itself so.
    let _named = data::wait(async {
        let mut options = mongodb::options::ClientOptions::parse(&place.uri)
            .await
            .unwrap();
        options.app_name = Some("\u{1b}[41mshop\u{202e}".to_owned());
        let client = mongodb::Client::with_options(options).unwrap();
        let ping = doc! { "ping": 1 };
        client.database("admin").run_command(ping).await.unwrap();
        client
    });
    let sizes: &[(u16, u16)] = if crate::support::full() {
        &[(120, 40), (80, 24)]
    } else {
        &[(120, 40)]
    };
    for size in sizes.iter().copied() {
        let console = Console::open(&place.uri, place.runs.path(), size);
        console.shows("2 Back up");
        console.press_for("2", "\\u{202e}evil\\u{1b}]0");
        console.press_for(ENTER, "elsewhere becomes");
        console.press_for(ESC, "Businesses · ");
        console.press_for("3", "Suggested");
        console.press_for(ENTER, "\\u{202e}evil");
        console.press_for("b", "┌ Show ");
        console.press(ENTER);
        console.hides("┌ Show ");
        console.press_for("4", "- userId:");
        console.press(&"J".repeat(20));
        console.shows("no\\u{1b}[41mte\\u{202e}:");
        for (pane, shows) in [
            ("5", "Nothing runs"),
            ("6", "Report, as it would be written now"),
            ("7", "Log · "),
            ("8", "\\u{1b}[41mshop"),
            ("9", "what was seen"),
            ("0", "no after-schema is given"),
            (":", "Every command"),
        ] {
            console.press_for(pane, shows);
        }
        console.press(ESC);
        console.hides("Every command");
        console.press_for("3", "Suggested");
        console.press_for("e", "Decide: ");
        console.shows("\\u{202e}evil");
        console.press(ESC);
        console.hides("Decide: ");
        console.press_for("q", "Leaving: the report");
        console.press("Q");
        let ended = console.ends();
        let raw = String::from_utf8_lossy(&ended.raw);
        for bad in [
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{9b}",
            "\u{7}",
            "\u{1b}]",
            "[41mte\u{202e}",
        ] {
            assert!(!raw.contains(bad), "{bad:?} reached the terminal");
        }
        assert!(!raw.contains("\u{1b}[31;5;7m"));
        assert!(!raw.contains("no\u{1b}[41m"));
    }
}
