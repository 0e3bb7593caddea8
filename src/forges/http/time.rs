//! Times as forges write them, in seconds since 1970.

use chrono::DateTime;

/// The value of a `Date` or `Retry-After` header. Source: RFC 9110, 5.6.7 (the form that servers
/// must send; the two older ones are not read).
pub(in crate::forges) fn http_date(text: &str) -> Option<i64> {
    let moment = DateTime::parse_from_rfc2822(text).ok()?;
    text.ends_with(" GMT").then(|| moment.timestamp())
}

/// A time as JSON bodies hold it: `2026-11-20T09:00:00Z`, `2026-11-20T10:00:00.123+01:00`. Source:
/// RFC 3339.
pub(in crate::forges) fn timestamp(text: &str) -> Option<u64> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    u64::try_from(moment.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_bodies() {
        for (text, at) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 25:49:37 GMT", None),
            ("120", None),
            ("", None),
        ] {
            assert_eq!(http_date(text), at, "{text}");
        }
        for (text, at) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199)),
            ("2024-03-01T00:59:59.999+01:00", Some(1_709_251_199)),
            ("2024-02-29T18:59:59-05:00", Some(1_709_251_199)),
            ("1969-12-31T23:59:59Z", None),
            ("2024-13-01T00:00:00Z", None),
            ("2024-02-29 23:59:59", None),
            ("yesterday", None),
        ] {
            assert_eq!(timestamp(text), at, "{text}");
        }
    }
}
