//! Fuzz targets on the stable toolchain. See README.md beside this crate's manifest.
//!
//! The program starts itself again for each target, so that a process that overflows its stack or never ends costs
//! one case and not the run. A case is a number: with the seed it gives the same input on every machine.

mod child;
mod input;
mod json;
mod shrink;
mod supervise;
mod targets;

use std::io::Write;
use std::process::ExitCode;
use targets::{TARGETS, Target};

const USAGE: &str = "\
usage: tollgate-fuzz [--seconds N] [--seed N] [TARGET..]   try inputs; every target, unless some are named
       tollgate-fuzz --input FILE TARGET                  try the one input of a file
       tollgate-fuzz --list                               name the targets
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Args {
    /// Seconds for each target.
    seconds: u64,
    /// What all inputs derive from.
    seed: u64,
    /// The first case.
    from: u64,
    /// A file with one input.
    input: Option<String>,
    /// Where a child notes the case that it is at.
    state: Option<String>,
    list: bool,
    targets: Vec<String>,
}

fn main() -> ExitCode {
    let Some(args) = read_args(std::env::args().skip(1)) else {
        return tell(USAGE, 2);
    };
    if args.list {
        let lines = TARGETS
            .iter()
            .map(|it| format!("{:15} {}\n", it.name, it.about));
        return tell(&lines.collect::<String>(), 0);
    }
    let unknown = |name: &&String| targets::named(name).is_none();
    if let Some(name) = args.targets.iter().find(unknown) {
        return tell(&format!("no target is called `{name}`\n{USAGE}"), 2);
    }
    let asked: Vec<&Target> = match args.targets.as_slice() {
        [] => TARGETS.iter().collect(),
        names => names.iter().filter_map(|it| targets::named(it)).collect(),
    };
    match (&args.input, &args.state, asked.as_slice()) {
        (Some(file), _, [target]) => child::try_file(target, file),
        (None, Some(state), [target]) => {
            child::try_many(target, args.seed, args.from, args.seconds, state)
        }
        (None, None, targets) => {
            let failed = targets
                .iter()
                .filter(|it| !supervise::run(it, args.seed, args.seconds))
                .count();
            ExitCode::from(u8::from(failed > 0))
        }
        _ => tell(USAGE, 2),
    }
}

/// `None` for what is no command line of this program.
fn read_args(words: impl Iterator<Item = String>) -> Option<Args> {
    let mut args = Args {
        seconds: 60,
        seed: 0,
        from: 0,
        input: None,
        state: None,
        list: false,
        targets: Vec::new(),
    };
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => args.seconds = words.next()?.parse().ok()?,
            "--seed" => args.seed = words.next()?.parse().ok()?,
            "--from" => args.from = words.next()?.parse().ok()?,
            "--input" => args.input = Some(words.next()?),
            "--state" => args.state = Some(words.next()?),
            "--list" => args.list = true,
            word if word.starts_with('-') => return None,
            _ => args.targets.push(word),
        }
    }
    Some(args)
}

/// Write to the terminal and give an exit code.
fn tell(text: &str, code: u8) -> ExitCode {
    say(text);
    ExitCode::from(code)
}

/// Write to the terminal. Nobody can be told where that fails.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
