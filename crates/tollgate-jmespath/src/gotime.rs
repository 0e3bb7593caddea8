//! Go's `time.Time` as far as Kyverno's functions use it: parsing by layout, RFC 3339, arithmetic.
//!
//! Source: `time/format.go` of Go 1.26. The local zone is taken to be UTC.

mod layout;

use crate::duration::Duration;

/// The layout that most functions use.
pub(crate) const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// Seconds from the first day of year 1 to 1970.
const YEAR_ONE: i128 = 62_135_596_800;
const NANOS: i128 = 1_000_000_000;

/// An instant and the offset it is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    /// Nanoseconds since 1970.
    nanos: i128,
    /// Seconds east of UTC.
    offset: i32,
}

/// A date and a time of day in some offset.
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// 0 is Sunday.
    pub(crate) weekday: i64,
}

impl Time {
    /// Read a text by a layout.
    pub(crate) fn parse(layout: &str, text: &str) -> Result<Self, String> {
        layout::parse(layout, text).ok_or_else(|| {
            let shown: String = text.chars().take(100).collect();
            format!("`{shown}` is not a time in the layout `{layout}`")
        })
    }

    pub(crate) fn from_unix(seconds: i64, nanos: u32) -> Self {
        Self {
            nanos: i128::from(seconds) * NANOS + i128::from(nanos),
            offset: 0,
        }
    }

    fn from_civil(date: (i64, i64, i64), clock: (i64, i64, i64), nanos: i64, offset: i32) -> Self {
        let (year, month, day) = date;
        let (hour, minute, second) = clock;
        let seconds =
            days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Self {
            nanos: i128::from(seconds - i64::from(offset)) * NANOS + i128::from(nanos),
            offset,
        }
    }

    pub(crate) fn civil(self) -> Civil {
        let seconds = self.nanos.div_euclid(NANOS) + i128::from(self.offset);
        let days = i64::try_from(seconds.div_euclid(86_400)).unwrap_or(0);
        let second = i64::try_from(seconds.rem_euclid(86_400)).unwrap_or(0);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: (days + 4).rem_euclid(7),
        }
    }

    /// `Time.Format(time.RFC3339)`: whole seconds.
    pub(crate) fn rfc3339(self) -> String {
        let it = self.civil();
        let zone = match self.offset {
            0 => "Z".to_owned(),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.abs() / 60;
                format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        };
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}",
            it.year, it.month, it.day, it.hour, it.minute, it.second
        )
    }

    pub(crate) fn utc(self) -> Self {
        Self { offset: 0, ..self }
    }

    pub(crate) fn add(self, duration: Duration) -> Self {
        let nanos = self.nanos + i128::from(duration.0);
        Self { nanos, ..self }
    }

    /// The span from `earlier` to this, capped at what a duration holds.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let span = self.nanos - earlier.nanos;
        let capped = span.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Duration(i64::try_from(capped).unwrap_or(i64::MAX))
    }

    pub(crate) fn is_before(self, other: Self) -> bool {
        self.nanos < other.nanos
    }

    /// Rounded down to a multiple of the duration since year 1.
    pub(crate) fn truncate(self, duration: Duration) -> Self {
        if duration.0 <= 0 {
            return self;
        }
        let rest = (self.nanos + YEAR_ONE * NANOS).rem_euclid(i128::from(duration.0));
        let nanos = self.nanos - rest;
        Self { nanos, ..self }
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        for (layout, text, want) in [
            (
                RFC3339,
                "2021-01-02T15:04:05-07:00",
                "2021-01-02T15:04:05-07:00",
            ),
            (RFC3339, "2021-01-02T15:04:05.123Z", "2021-01-02T15:04:05Z"),
            (RFC3339, "2021-01-02T5:04:05Z", "2021-01-02T05:04:05Z"),
            (RFC3339, "2024-02-29T00:00:00+00:00", "2024-02-29T00:00:00Z"),
            (RFC3339, "2023-02-29T00:00:00Z", ""),
            (RFC3339, "2021-01-02T24:04:05Z", ""),
            (RFC3339, "2021-01-02", ""),
            (RFC3339, "2021-01-02T15:04:05Z ", ""),
            ("2006-01-02", "1999-12-31", "1999-12-31T00:00:00Z"),
            (
                "Mon Jan _2 15:04:05 2006",
                "Thu Jan  7 01:02:03 2021",
                "2021-01-07T01:02:03Z",
            ),
            (
                "Monday, 02-Jan-06 15:04:05 MST",
                "Monday, 10-Jul-23 12:00:00 UTC",
                "2023-07-10T12:00:00Z",
            ),
            (
                "02 Jan 06 15:04 -0700",
                "02 Jan 69 15:04 +0130",
                "1969-01-02T15:04:00+01:30",
            ),
            ("3:04PM", "7:05PM", "0000-01-01T19:05:00Z"),
            ("3:04pm", "12:05am", "0000-01-01T00:05:00Z"),
            (
                "Jan 2, 2006 at 3:04pm (MST)",
                "Feb 3, 2013 at 7:54pm (PST)",
                "2013-02-03T19:54:00Z",
            ),
            (
                "2006-01-02 MST",
                "2020-01-01 GMT+3",
                "2020-01-01T03:00:00+03:00",
            ),
            ("2006-002", "2024-060", "2024-02-29T00:00:00Z"),
            ("2006-002", "2023-060", "2023-03-01T00:00:00Z"),
            ("2006-01-02T15:04:05.000Z07", "2020-01-01T00:00:00.5Z", ""),
            (
                "2006-01-02T15:04:05.999Z07",
                "2020-01-01T00:00:00,5-01",
                "2020-01-01T00:00:00-01:00",
            ),
            ("Jan", "June", ""),
            ("January", "june", "0000-06-01T00:00:00Z"),
        ] {
            let got = Time::parse(layout, text).map_or(String::new(), Time::rfc3339);
            assert_eq!(got, want, "{layout} on {text}");
        }
    }

    #[test]
    fn calendar() {
        for days in (-1_000_000..1_000_000).step_by(997) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        let time = Time::parse(RFC3339, "2023-07-10T12:34:56Z").expect("valid");
        assert_eq!(time.civil().weekday, 1);
        let hours = Duration::parse("6h").expect("valid");
        assert_eq!(time.truncate(hours).rfc3339(), "2023-07-10T12:00:00Z");
        assert_eq!(time.truncate(Duration(0)), time);
    }
}
