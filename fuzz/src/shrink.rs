//! Makes an input that fails smaller, as long as it goes on to fail.

use crate::{input, supervise::scratch, targets::Target};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long is searched for a smaller one.
const TIME: Duration = Duration::from_secs(20);

/// The smallest input found that still fails: lines go first, then characters.
pub(crate) fn smallest(target: &Target, mut parts: Vec<String>) -> Vec<String> {
    let end = Instant::now() + TIME;
    if !fails(target, &parts, end) {
        return parts;
    }
    for part in 0..parts.len() {
        for whole_lines in [true, false] {
            let pieces = |text: &str| -> Vec<String> {
                match whole_lines {
                    true => text.split_inclusive('\n').map(str::to_owned).collect(),
                    false => text.chars().map(String::from).collect(),
                }
            };
            let mut size = pieces(&parts[part]).len().div_ceil(2);
            while size > 0 && Instant::now() < end {
                let mut at = 0;
                while at < pieces(&parts[part]).len() && Instant::now() < end {
                    let mut left = pieces(&parts[part]);
                    left.drain(at..(at + size).min(left.len()));
                    let mut smaller = parts.clone();
                    smaller[part] = left.concat();
                    if fails(target, &smaller, end) {
                        parts = smaller;
                    } else {
                        at += size;
                    }
                }
                size /= 2;
            }
        }
    }
    parts
}

/// Whether it fails in a process of its own, before the time is over.
fn fails(target: &Target, parts: &[String], end: Instant) -> bool {
    let run = || -> std::io::Result<bool> {
        let file = scratch("smaller.json")?;
        fs::write(&file, input::print(parts))?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--input")
            .arg(&file)
            .arg(target.name)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(!status.success() && status.code() != Some(2));
            }
            if Instant::now() > end {
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
            // The standard library cannot wait for a child with a limit.
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    run().unwrap_or(false)
}
