//! Starts a child for a target, sees that it goes on, and writes down what it dies of.

use crate::{input, say, shrink, targets::Target};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A case that shows no end after this time has none.
const HANG: Duration = Duration::from_secs(60);
/// After so many failures a target is given up.
const FAILURES: usize = 5;

/// How a child ended.
enum End {
    /// It tried all it could; the number of cases, from the first one of all.
    Done(u64),
    /// It died of this case, and said this.
    Failed(u64, String),
}

/// Try inputs of a target; `false` where one fails.
pub(crate) fn run(target: &Target, seed: u64, seconds: u64) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    let corpus = input::corpus(target);
    let (mut from, mut failures, mut tried) = (0, 0, 0);
    while failures < FAILURES {
        let left = end.saturating_duration_since(Instant::now()).as_secs();
        if from > 0 && left == 0 {
            break;
        }
        match child(target, seed, from, left) {
            Ok(End::Done(cases)) => {
                tried = cases;
                break;
            }
            Ok(End::Failed(case, why)) => {
                failures += 1;
                from = case + 1;
                tried = from;
                let parts = input::of_case(target, &corpus, seed, case);
                let parts = shrink::smallest(target, parts);
                report(target, seed, case, &parts, &why);
            }
            Err(error) => {
                say(&format!("{}: {error}\n", target.name));
                return false;
            }
        }
    }
    say(&format!(
        "{:15} {tried} inputs, {failures} failures\n",
        target.name
    ));
    failures == 0
}

fn child(target: &Target, seed: u64, from: u64, seconds: u64) -> io::Result<End> {
    let state = scratch(&format!("{}.state", target.name))?;
    fs::write(&state, from.to_le_bytes())?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--seed", &seed.to_string(), "--from", &from.to_string()])
        .args(["--seconds", &seconds.to_string(), "--state"])
        .arg(&state)
        .arg(target.name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (mut at, mut since) = (from, Instant::now());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        let now = case(&state).unwrap_or(at);
        if now != at {
            (at, since) = (now, Instant::now());
        } else if since.elapsed() > HANG {
            child.kill()?;
            child.wait()?;
            break None;
        }
        // The standard library cannot wait for a child with a limit.
        std::thread::sleep(Duration::from_millis(20));
    };
    let at = case(&state).unwrap_or(at);
    let mut said = String::new();
    for stream in [
        child.stdout.take().map(|it| Box::new(it) as Box<dyn Read>),
        child.stderr.take().map(|it| Box::new(it) as Box<dyn Read>),
    ] {
        let mut bytes = Vec::new();
        stream
            .into_iter()
            .try_for_each(|mut it| it.read_to_end(&mut bytes).map(drop))?;
        said += &String::from_utf8_lossy(&bytes);
    }
    Ok(match status {
        Some(status) if status.success() => End::Done(at),
        Some(status) => End::Failed(at, format!("{said}{status}")),
        None => End::Failed(at, format!("no end after {} s", HANG.as_secs())),
    })
}

/// The case that a child is at.
fn case(state: &Path) -> Option<u64> {
    let bytes = fs::read(state).ok()?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// Tell of a failure, with its input escaped, and keep the input.
fn report(target: &Target, seed: u64, case: u64, parts: &[String], why: &str) {
    let text = input::print(parts);
    let name = format!("{}-{seed}-{case}.json", target.name);
    let kept = scratch(&name).and_then(|path| {
        fs::File::create(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    });
    let place = match kept {
        Ok(path) => format!("--input {} {}", path.display(), target.name),
        Err(error) => format!("the input could not be kept: {error}"),
    };
    say(&format!(
        "{} fails at case {case} of seed {seed}: {}\n{text}{place}\n",
        target.name,
        why.trim().escape_debug()
    ));
}

/// A file of this run in the build folder, which git overlooks.
pub(crate) fn scratch(name: &str) -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program
        .parent()
        .unwrap_or(Path::new("."))
        .join("fuzz-failures");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}
