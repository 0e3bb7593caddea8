//! The limited child process in which everything that reads hostile input runs.
//!
//! The child is this same binary. It reads one task as a line of JSON, tells its steps and its
//! answer as lines of JSON, and holds no key. The parent judges, reports and signs. A child that
//! dies, hangs or exceeds a limit is a [`WorkerFault`] that names what it was on.

mod limits;
mod protocol;

pub use limits::{Limits, apply};

use crate::model::{Step, Watch, WorkerFault};
use protocol::Line;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// The hidden subcommand that starts the child's side.
pub const SUBCOMMAND: &str = "worker";

/// Why a task has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The child could not be started or spoken to.
    #[error("cannot start the worker: {0}")]
    Start(#[from] io::Error),
    /// The child ended early or exceeded a limit.
    #[error("{}", .0.why)]
    Fault(WorkerFault),
    /// The child met a defect of this program.
    #[error("defect: {0}")]
    Defect(String),
}

/// Have a task done in a child process.
///
/// # Errors
/// See [`CallError`]; none of them carries an answer.
pub fn call<T: Serialize, A: DeserializeOwned>(
    task: &T,
    limits: &Limits,
    watch: Watch<'_>,
) -> Result<A, CallError> {
    let mut child = spawn(limits)?;
    let sent = send(&mut child, task);
    let (lines, receiver) = mpsc::sync_channel(256);
    let reader = child.stdout.take().map(|stdout| {
        let thread = std::thread::Builder::new();
        thread.spawn(move || read_lines(stdout, &lines))
    });
    let reader = match reader.transpose() {
        Ok(reader) => reader,
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            return Err(CallError::Start(error));
        }
    };
    let mut in_flight = InFlight::default();
    let deadline = Instant::now() + limits.wall;
    // A child that is gone before it has read its task has died like any other.
    let result = match sent {
        Ok(()) => receive(&receiver, deadline, &mut in_flight, watch),
        Err(_) => Err(in_flight.fault(DIED)),
    };
    // Dropped first: a reader that waits to hand over a line must not wait for ever.
    drop(receiver);
    let result = match result {
        Err(CallError::Fault(fault)) => Err(CallError::Fault(explain(&mut child, fault, limits))),
        other => other,
    };
    let _ = child.kill();
    let _ = child.wait();
    if let Some(reader) = reader {
        let _ = reader.join();
    }
    result
}

/// Do the child's side: read the task, work, answer. Panics are told to the parent.
///
/// # Errors
/// Where the parent cannot be read from or written to.
pub fn serve<T: DeserializeOwned + Send, A: Serialize + Send>(
    work: impl FnOnce(T, Watch<'_>) -> A + Send,
) -> io::Result<()> {
    let mut text = String::new();
    io::stdin().lock().read_line(&mut text)?;
    let task: T = serde_json::from_str(&text).map_err(io::Error::other)?;
    let out = Mutex::new(io::stdout());
    let tell = |line: &Line<&A>| -> io::Result<()> {
        let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
        text.push('\n');
        let mut out = out
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        out.write_all(text.as_bytes())?;
        out.flush()
    };
    // A parent that is gone needs no steps; the answer below will fail and end the process.
    let watch = |step: Step| drop(tell(&Line::Step(step)));
    // The message goes to the parent; the default hook would print it in the middle of a report.
    let panicked_at = Arc::new(Mutex::new(String::new()));
    let place = Arc::clone(&panicked_at);
    std::panic::set_hook(Box::new(move |panic| {
        if let (Some(at), Ok(mut place)) = (panic.location(), place.lock()) {
            *place = format!(" ({at})");
        }
    }));
    // A frame of deep recursion fits in here; the budgets on depth are what keeps it bounded.
    let answer = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(limits::STACK);
        let handle = thread.spawn_scoped(scope, || work(task, &watch))?;
        Ok::<_, io::Error>(handle.join())
    })?;
    match answer {
        Ok(answer) => tell(&Line::Answer(&answer)),
        Err(panic) => {
            let at = panicked_at
                .lock()
                .map_or_else(|_| String::new(), |it| it.clone());
            tell(&Line::Panic(format!("{}{at}", panic_message(&*panic))))
        }
    }
}

/// Tell the parent that this process cannot work: a limit is refused, or a thread cannot be started.
pub fn unable(why: &io::Error) {
    let line: Line<()> = Line::Unable(why.to_string());
    if let Ok(text) = serde_json::to_string(&line) {
        // A parent that is gone needs no reason.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }
}

/// The text of a panic, if it is a constant of this program. One that was put together may quote
/// what was read, a Secret too.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> &'static str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.unwrap_or("a panic whose message is withheld because it may quote what was read")
}

/// The environment is built, not inherited: nothing that an earlier step of a pipeline exports
/// reaches the worker. `HOME` is needed for git's `safe.directory`.
fn spawn(limits: &Limits) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(SUBCOMMAND).args(limits.arguments()).env_clear();
    for name in ["HOME", "XDG_CONFIG_HOME", "RAYON_NUM_THREADS"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

fn send<T: Serialize>(child: &mut Child, task: &T) -> io::Result<()> {
    let mut text = serde_json::to_string(task).map_err(io::Error::other)?;
    text.push('\n');
    match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(text.as_bytes()),
        None => Err(io::Error::other("the worker has no standard input")),
    }
}

fn read_lines(stdout: ChildStdout, lines: &mpsc::SyncSender<String>) {
    let mut reader = BufReader::new(stdout);
    let mut text = String::new();
    while reader.read_line(&mut text).is_ok_and(|read| read > 0) {
        if lines.send(std::mem::take(&mut text)).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct InFlight(BTreeMap<String, usize>);

impl InFlight {
    fn note(&mut self, step: &Step) {
        match step {
            Step::Plan(_) => {}
            Step::Start(name) => *self.0.entry(name.clone()).or_default() += 1,
            Step::Done(name) => {
                if let Some(count) = self.0.get_mut(name) {
                    *count -= 1;
                    if *count == 0 {
                        self.0.remove(name);
                    }
                }
            }
        }
    }

    fn fault(&self, why: impl Into<String>) -> CallError {
        let on = self.0.keys().cloned().collect();
        CallError::Fault(WorkerFault {
            on,
            why: why.into(),
        })
    }
}

fn receive<A: DeserializeOwned>(
    lines: &mpsc::Receiver<String>,
    deadline: Instant,
    in_flight: &mut InFlight,
    watch: Watch<'_>,
) -> Result<A, CallError> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let text = match lines.recv_timeout(left) {
            Ok(text) => text,
            Err(mpsc::RecvTimeoutError::Timeout) => return Err(in_flight.fault(TIMED_OUT)),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(in_flight.fault(DIED)),
        };
        match serde_json::from_str(&text) {
            Ok(Line::Step(step)) => {
                in_flight.note(&step);
                watch(step);
            }
            Ok(Line::Answer(answer)) => return Ok(answer),
            Ok(Line::Unable(why)) => return Err(CallError::Start(io::Error::other(why))),
            Ok(Line::Panic(message)) => return Err(CallError::Defect(message)),
            // A child that is killed in the middle of a line leaves half of one.
            Err(_) => return Err(in_flight.fault(DIED)),
        }
    }
}

const TIMED_OUT: &str = "timed out";
const DIED: &str = "died";

/// Say how the child ended, in words that name the limit.
fn explain(child: &mut Child, fault: WorkerFault, limits: &Limits) -> WorkerFault {
    if fault.why == TIMED_OUT {
        let why = format!("the worker was stopped after {} s", limits.wall.as_secs());
        return WorkerFault { why, ..fault };
    }
    let status = wait_briefly(child);
    let why = match status {
        None => "the worker closed its output and did not end".to_owned(),
        Some(status) => how_it_ended(status, limits),
    };
    WorkerFault { why, ..fault }
}

fn wait_briefly(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..100 {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    None
}

fn how_it_ended(status: ExitStatus, limits: &Limits) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        let memory = limits.memory >> 20;
        match status.signal() {
            // A failed allocation and a stack that overflows abort.
            Some(6 | 11) => {
                return format!("the worker ran out of memory (limit {memory} MiB) or of stack");
            }
            Some(9) => return "the worker was killed".to_owned(),
            Some(24) => {
                return format!(
                    "the worker used more than {} s of processor time",
                    limits.cpu.as_secs()
                );
            }
            Some(signal) => return format!("the worker was ended by signal {signal}"),
            None => {}
        }
    }
    format!("the worker ended early ({status})")
}
