//! The name of a pane.

/// The name of a pane; only panes make names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaneId(pub &'static str);
