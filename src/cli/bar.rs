//! The bar of progress on a terminal's standard error. Whatever else is printed goes past it, never onto its line.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::domain::checklist::Progress;
use crate::domain::text;

/// What a stage of known length looks like: never in percents, so that it never says 100 % before its end.
const BAR: &str = "  {wide_msg} {bar:24} {human_pos} of {human_len} · {per_sec:.0} · {eta} left";
/// What one of unknown length looks like.
const SPINNER: &str = "  {spinner} {wide_msg} {elapsed}";

/// The bar that is on the terminal now.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Prints something while the bar steps aside.
pub(super) fn beside(print: impl FnOnce()) {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    match shown.as_ref() {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// Takes the bar away.
pub(super) fn clear() {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bar) = shown.take() {
        bar.finish_and_clear();
    }
}

/// Draws the progress, on the bar that is there or on a new one.
pub(super) fn show(progress: &Progress) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = shown.get_or_insert_with(|| {
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
    });
    let mut doing = text::safe(&progress.doing, 60);
    if !progress.slow.is_empty() {
        doing = format!("{}: {doing}", progress.slow);
    }
    let template = if progress.total > 0 { BAR } else { SPINNER };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if progress.total > 0 {
        bar.set_length(progress.total);
        bar.set_position(progress.done.min(progress.total));
    }
    bar.set_message(doing);
    bar.tick();
}
