//! Commands that several panes or layers offer: one description each, so that a key means the same wherever it holds.

use crate::app::commands::about::{About, CommandId};
use crate::app::key::Key;

/// One business alone.
pub const FILTER_BUSINESS: About = About::new(
    CommandId("filter-business"),
    &[Key::char('b')],
    "b",
    "business…",
)
.help("Show only what touches one business.");

/// No filter.
pub const SHOW_ALL: About = About::new(CommandId("show-all"), &[Key::char('F')], "F", "show all")
    .help("Take the filters away.");

/// The detail beside a list goes down.
pub const DETAIL_DOWN: About = About::new(
    CommandId("detail-down"),
    &[Key::char('J')],
    "J/K",
    "scroll detail",
)
.help("Scroll the detail down and up.")
.unhinted();

/// The detail beside a list goes up.
pub const DETAIL_UP: About = About::new(CommandId("detail-up"), &[Key::char('K')], "K", "")
    .help("Scroll the detail up.")
    .unhinted();

/// Names in the report, or masked.
pub const PERSONAL: About = About::new(CommandId("names"), &[Key::char('P')], "P", "names")
    .help("Show names and e-mails in the report, or mask them again.");
