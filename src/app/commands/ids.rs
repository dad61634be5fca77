//! The words of commands that texts name, or that more than one file needs.

use crate::app::commands::about::CommandId;

/// The answer that is offered, in the decision editor.
pub const NEXT_CHOICE: CommandId = CommandId("next-answer");
/// A value typed by hand.
pub const TYPE_VALUE: CommandId = CommandId("type-value");
/// A field left to the rule.
pub const CLEAR_FIELD: CommandId = CommandId("clear-field");
/// A field taken from the left record.
pub const TAKE_LEFT: CommandId = CommandId("take-left");
/// A field taken from the right record.
pub const TAKE_RIGHT: CommandId = CommandId("take-right");
/// The next record in the right column.
pub const TURN_RIGHT: CommandId = CommandId("turn-right");
/// A note on an answer.
pub const TYPE_NOTE: CommandId = CommandId("type-note");
/// The answer as it is shown.
pub const KEEP_DECISION: CommandId = CommandId("keep-answer");
/// A new line in a text.
pub const BREAK_LINE: CommandId = CommandId("new-line");
/// What was typed is kept.
pub const SAVE: CommandId = CommandId("save");
/// A note is kept.
pub const KEEP_NOTE: CommandId = CommandId("keep-note");
/// What becomes of what was written since the cut-over.
pub const CHOOSE: CommandId = CommandId("what-was-written-since");
/// What is behind the gate is done.
pub const CONFIRM: CommandId = CommandId("confirm");
/// Yes to a question.
pub const YES: CommandId = CommandId("yes");
/// No to a question.
pub const NO: CommandId = CommandId("no");
/// A layer is closed.
pub const CLOSE_LAYER: CommandId = CommandId("close");
/// The running step ends.
pub const CANCEL: CommandId = CommandId("cancel");
/// The running step pauses, or goes on.
pub const PAUSE: CommandId = CommandId("pause");
/// The gate to roll back.
pub const ROLL_BACK: CommandId = CommandId("roll-back");
/// The whole message of the banner.
pub const WHOLE_MESSAGE: CommandId = CommandId("whole-message");
/// The help.
pub const HELP: CommandId = CommandId("help");
/// The way out.
pub const QUIT: CommandId = CommandId("quit");
/// Steps one after the other.
pub const GO_ON: CommandId = CommandId("run-to-the-gate");
/// Every command by name.
pub const PALETTE: CommandId = CommandId("palette");
/// Ids beside names.
pub const IDS: CommandId = CommandId("ids");
/// What is true, read anew.
pub const TRUTH: CommandId = CommandId("read-again");
/// What is selected, into the clipboard.
pub const COPY: CommandId = CommandId("copy");
/// The operator's own editor.
pub const OWN_EDITOR: CommandId = CommandId("own-editor");
/// The selected step.
pub const RUN: CommandId = CommandId("run");
/// A note on the selected step or item.
pub const NOTE: CommandId = CommandId("note");
/// The gate to the server's write block.
pub const BLOCK_WRITES: CommandId = CommandId("block-writes");
/// How contact fields leave the users.
pub const CONTACT: CommandId = CommandId("contact");
/// The gate to the operator's own push of the schema.
pub const PUSH_SCHEMA: CommandId = CommandId("push-schema");
/// The gate to the indexes that a push dropped.
pub const PUT_INDEXES_BACK: CommandId = CommandId("put-indexes-back");
/// Taking strays in.
pub const TAKE_IN: CommandId = CommandId("take-strays-in");
/// Setting strays aside.
pub const SET_ASIDE: CommandId = CommandId("set-strays-aside");
/// One layer back.
pub const BACK: CommandId = CommandId("back");
/// Ctrl-C.
pub const INTERRUPT: CommandId = CommandId("interrupt");
/// Accepts the suggestion.
pub const ACCEPT: CommandId = CommandId("accept");
/// The same answer for all that are alike.
pub const ACCEPT_ALL: CommandId = CommandId("accept-all");
/// Records further right.
pub const DETAIL_RIGHT: CommandId = CommandId("detail-right");
/// Records further left.
pub const DETAIL_LEFT: CommandId = CommandId("detail-left");
