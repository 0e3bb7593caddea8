//! What a worker may use.

use std::io;
use std::time::Duration;

/// Bytes of stack of each of the worker's threads.
pub(super) const STACK: usize = 16 << 20;

/// Budgets of one worker. Source: threat rows D1 to D3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory that it may write to.
    pub memory: u64,
    /// Processor time over all threads.
    pub cpu: Duration,
    /// Time on the wall.
    pub wall: Duration,
    /// Open files.
    pub files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            cpu: Duration::from_secs(240),
            wall: Duration::from_secs(120),
            files: 256,
        }
    }
}

impl Limits {
    /// As arguments of the hidden subcommand: memory in bytes, processor seconds, open files.
    pub(super) fn arguments(&self) -> [String; 3] {
        [
            self.memory.to_string(),
            self.cpu.as_secs().to_string(),
            self.files.to_string(),
        ]
    }
}

/// Limit this process, before it reads anything, and give its threads their stack.
///
/// # Errors
/// Where the system refuses a limit: a worker without limits does not start.
pub fn apply(memory: u64, cpu_seconds: u64, files: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{
            Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
        };
        // A limit that is lower already stays: an unprivileged process may not raise it.
        let set = |resource, value: u64| {
            let now = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            let value = Some(value.min(now));
            setrlimit(
                resource,
                Rlimit {
                    current: value,
                    maximum: value,
                },
            )
        };
        set(Resource::Data, memory)?;
        set(Resource::Cpu, cpu_seconds)?;
        set(Resource::Nofile, files)?;
        set(Resource::Core, 0)?;
        // It writes to its pipe and to nothing else.
        set(Resource::Fsize, 0)?;
        set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (memory, cpu_seconds, files);
    }
    rayon::ThreadPoolBuilder::new()
        .stack_size(STACK)
        .build_global()
        .map_err(io::Error::other)
}
