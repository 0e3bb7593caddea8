//! Times as people read them.

use chrono::{DateTime, SecondsFormat};

/// Seconds since 1970 as RFC 3339 in UTC: `2026-12-31T18:00:00Z`. What no calendar holds is given as
/// the number that it is.
pub fn utc(seconds: u64) -> String {
    let moment = i64::try_from(seconds)
        .ok()
        .and_then(|it| DateTime::from_timestamp(it, 0));
    moment.map_or_else(
        || seconds.to_string(),
        |it| it.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

/// Seconds since 1970 that every calendar holds. A clock that is ahead of them counts as the last second
/// that RFC 3339 can write.
pub fn within_calendar(seconds: u64) -> u64 {
    /// `9999-12-31T23:59:59Z`.
    const LAST: u64 = 253_402_300_799;
    seconds.min(LAST)
}

#[cfg(test)]
mod tests {
    use super::{utc, within_calendar};

    #[test]
    fn a_clock_that_is_ahead_of_every_calendar_is_a_time() {
        assert_eq!(within_calendar(1_798_740_000), 1_798_740_000);
        // The year 3,000,000, and later than any.
        for seconds in [94_608_000_000_000, u64::MAX] {
            assert_eq!(utc(within_calendar(seconds)), "9999-12-31T23:59:59Z");
        }
    }

    #[test]
    fn seconds_are_a_date() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(1_798_740_000), "2026-12-31T18:00:00Z");
        assert_eq!(utc(u64::MAX), u64::MAX.to_string());
    }
}
