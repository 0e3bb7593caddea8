//! A progress bar on standard error, for work that takes a person's patience.

use crate::model::Step;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A bar that hides itself where standard error is no terminal and while work is short.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if std::io::stderr().is_terminal() {
            // Five drawings a second: work that is done within the first is never drawn.
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
        }
        Self(bar)
    }

    pub(super) fn tell(&self, step: &Step) {
        match step {
            Step::Plan(n) => self.0.inc_length(*n as u64),
            Step::Start(name) => self.0.set_message(crate::reporters::escape::line(name)),
            Step::Done(_) => self.0.inc(1),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
