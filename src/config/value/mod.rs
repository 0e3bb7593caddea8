//! What stands behind a key: patterns, durations, schedules and other small values.

mod cron;
mod duration;
mod pattern;
mod text;

pub use cron::Cron;
pub use duration::Duration;
pub use pattern::{Pattern, Patterns};
pub use text::{
    FilePath, ImagePattern, KubernetesVersion, Name, Percent, Placeholder, Pointer, RefName,
    TimeZone, User,
};
