//! Times as forges write them, in seconds since 1970.

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the day of a leap year is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|it| it.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

fn moment(date: [i64; 3], clock: &str) -> Option<i64> {
    let [year, month, day] = date;
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
    let fits = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && parts.next().is_none();
    fits.then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// The value of a `Date` or `Retry-After` header. Source: RFC 9110, 5.6.7 (the form that servers
/// must send; the two older ones are not read).
pub(in crate::forges) fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.split(' ');
    let (_, day, month) = (words.next()?, words.next()?, words.next()?);
    let (year, clock, zone) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|it| *it == month)?;
    let date = [
        number(year, 4)?,
        i64::try_from(month).ok()? + 1,
        number(day, 2)?,
    ];
    (zone == "GMT" && words.next().is_none()).then(|| moment(date, clock))?
}

/// A time as JSON bodies hold it: `2026-11-20T09:00:00Z`, `2026-11-20T10:00:00.123+01:00`. Source:
/// RFC 3339.
pub(in crate::forges) fn timestamp(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let mut parts = date.split('-');
    let date = [
        number(parts.next()?, 4)?,
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
    ];
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let whole = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let (sign, zone) = (if zone.starts_with('+') { 1 } else { -1 }, zone.get(1..)?);
            let (hours, minutes) = zone.split_once(':')?;
            sign * (number(hours, 2)? * 3_600 + number(minutes, 2)? * 60)
        }
    };
    (parts.next().is_none()).then(|| u64::try_from(moment(date, whole)? - offset).ok())?
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
