//! The process that tries inputs, and may die of one.

use crate::{input, say, targets::Target};
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What one case may take; inputs are of a few kilobytes. The build has every check and the machine may be busy.
const BUDGET: Duration = Duration::from_secs(5);
/// As the program's own worker has it.
const STACK: usize = 64 << 20;

/// Try cases until the time is over. The number of the case stands in `state` before it is tried, and how many were
/// tried in the end.
pub(crate) fn try_many(
    target: &Target,
    seed: u64,
    from: u64,
    seconds: u64,
    state: &str,
) -> ExitCode {
    let Ok(mut note) = OpenOptions::new().write(true).open(state) else {
        return crate::tell("the state cannot be written\n", 2);
    };
    let corpus = input::corpus(target);
    on_a_large_stack(move || {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut case = from;
        while Instant::now() < end {
            // A note that fails makes a failure harder to find, and nothing else.
            let _ = note.seek(SeekFrom::Start(0));
            let _ = note.write_all(&case.to_le_bytes());
            let parts = input::of_case(target, &corpus, seed, case);
            if let Err(why) = within_budget(target, &parts) {
                return crate::tell(&format!("{why}\n"), 3);
            }
            case += 1;
        }
        let _ = note.seek(SeekFrom::Start(0));
        let _ = note.write_all(&case.to_le_bytes());
        ExitCode::SUCCESS
    })
}

/// Try the input of one file.
pub(crate) fn try_file(target: &Target, file: &str) -> ExitCode {
    let Ok(text) = std::fs::read_to_string(file) else {
        return crate::tell("the input cannot be read\n", 2);
    };
    let parts = input::read(&text);
    on_a_large_stack(move || match within_budget(target, &parts) {
        Ok(()) => {
            say("nothing is wrong with it\n");
            ExitCode::SUCCESS
        }
        Err(why) => crate::tell(&format!("{why}\n"), 3),
    })
}

/// The target's own check, and that it takes no longer than it may. Another process can have had the processor, so
/// that what was slow is tried twice more.
fn within_budget(target: &Target, parts: &[String]) -> Result<(), String> {
    for _ in 0..3 {
        let start = Instant::now();
        (target.check)(parts)?;
        if start.elapsed() < BUDGET {
            return Ok(());
        }
    }
    Err(format!("it takes longer than {} s", BUDGET.as_secs()))
}

fn on_a_large_stack(work: impl FnOnce() -> ExitCode + Send) -> ExitCode {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        match thread.spawn_scoped(scope, work) {
            Ok(handle) => handle.join().unwrap_or(ExitCode::from(101)),
            Err(_) => ExitCode::from(2),
        }
    })
}
