//! How far the work is, on standard error, for work that takes a person's patience.

use super::Common;
use crate::{model::Step, reporters::escape};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// A bar that hides itself where standard error is no terminal and while work is short; or, where
/// somebody asked for it, a line for each step.
pub(super) struct Bar {
    bar: ProgressBar,
    /// Steps that began.
    started: AtomicU64,
    lines: bool,
}

impl Bar {
    pub(super) fn new(common: &Common) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let wanted = !common.no_progress && !common.quiet && !common.verbose;
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        if wanted && !dumb && std::io::stderr().is_terminal() {
            // Five drawings a second: work that is done within the first is never drawn.
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
        }
        Self {
            bar,
            started: AtomicU64::new(0),
            lines: common.verbose && !common.quiet,
        }
    }

    pub(super) fn tell(&self, step: &Step) {
        match step {
            Step::Plan(n) => self.bar.inc_length(*n as u64),
            Step::Start(name) => {
                // Not every step was planned, and a bar that is full says that all is done.
                let started = self.started.fetch_add(1, Ordering::Relaxed) + 1;
                if self.bar.length().is_none_or(|it| it < started) {
                    self.bar.set_length(started);
                }
                self.bar.set_message(escape::line(name));
            }
            Step::Done(_) => self.bar.inc(1),
        }
        if let (true, Step::Done(name)) = (self.lines, step) {
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
            let mut err = std::io::stderr().lock();
            // There is nowhere left to report to.
            let _ = writeln!(err, "{done}/{all} {}", escape::line(name));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
