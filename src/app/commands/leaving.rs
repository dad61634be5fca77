//! The commands of the report before leaving.

use super::in_several_places::PERSONAL;
use crate::app::commands::about::{About, CommandId};
use crate::app::key::Key;
use crate::app::layer::LayerKind;
use crate::app::message::{ExitReason, Request};
use crate::app::model::{ModelCommand, Scope, always};

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: PERSONAL,
        scopes: &[Scope::Over(LayerKind::Leave)],
        allowed: |model| model.shared.can_ask(),
        run: |model, _| {
            model.panes.report.turn_names();
            Vec::new()
        },
    },
    ModelCommand {
        about: About::new(
            CommandId("export-and-leave"),
            &[Key::char('e')],
            "e",
            "export and leave",
        )
        .help("Write the report into the run folder, and leave."),
        scopes: &[Scope::Over(LayerKind::Leave)],
        allowed: |model| {
            if model.shared.leaves_after_export {
                return Err("the report is being written".to_owned());
            }
            model.shared.can_ask()
        },
        run: |model, _| {
            model.shared.leaves_after_export = true;
            let personal = model.panes.report.personal;
            model.shared.ask(Request::Export(personal))
        },
    },
    ModelCommand {
        about: About::new(
            CommandId("leave-without"),
            &[Key::char('Q')],
            "Q",
            "leave without (capital)",
        )
        .help("Leave without writing the report."),
        scopes: &[Scope::Over(LayerKind::Leave)],
        allowed: always,
        run: |model, _| {
            let reason = ExitReason::Left(model.shared.exported.clone());
            model.leave(reason)
        },
    },
];
