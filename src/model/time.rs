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

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn seconds_are_a_date() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(1_798_740_000), "2026-12-31T18:00:00Z");
        assert_eq!(utc(u64::MAX), u64::MAX.to_string());
    }
}
