//! Reading a text by a layout such as `Jan 2, 2006 at 3:04pm (MST)`.

use super::Time;

/// One element of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// A numeric zone: whether `Z` stands for UTC, and where its parts are.
    Zone {
        z: bool,
        shape: ZoneShape,
    },
    /// A fraction of so many digits.
    Fraction(usize),
    /// A fraction of any number of digits, or none.
    OptionalFraction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZoneShape {
    Plain,
    Seconds,
    Short,
    Colon,
    ColonSeconds,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Elements by their text; the first that fits is taken, so longer ones come first.
const ELEMENTS: [(&str, Element); 33] = {
    use Element as E;
    use ZoneShape as S;
    const fn zone(z: bool, shape: S) -> E {
        E::Zone { z, shape }
    }
    [
        ("January", E::LongMonth),
        ("Jan", E::Month),
        ("Monday", E::LongWeekday),
        ("Mon", E::Weekday),
        ("MST", E::ZoneName),
        ("01", E::ZeroMonth),
        ("02", E::ZeroDay),
        ("03", E::ZeroHour12),
        ("04", E::ZeroMinute),
        ("05", E::ZeroSecond),
        ("06", E::Year),
        ("002", E::ZeroYearDay),
        ("15", E::Hour),
        ("1", E::NumMonth),
        ("2006", E::LongYear),
        ("2", E::Day),
        ("_2", E::UnderDay),
        ("__2", E::UnderYearDay),
        ("3", E::Hour12),
        ("4", E::Minute),
        ("5", E::Second),
        ("PM", E::UpperPm),
        ("pm", E::LowerPm),
        ("-070000", zone(false, S::Seconds)),
        ("-07:00:00", zone(false, S::ColonSeconds)),
        ("-0700", zone(false, S::Plain)),
        ("-07:00", zone(false, S::Colon)),
        ("-07", zone(false, S::Short)),
        ("Z070000", zone(true, S::Seconds)),
        ("Z07:00:00", zone(true, S::ColonSeconds)),
        ("Z0700", zone(true, S::Plain)),
        ("Z07:00", zone(true, S::Colon)),
        ("Z07", zone(true, S::Short)),
    ]
};

/// The element that the layout starts with, and its length.
fn element_at(layout: &str) -> Option<(Element, usize)> {
    if let Some(rest) = layout.strip_prefix(['.', ',']) {
        let digit = rest.chars().next().filter(|it| matches!(it, '0' | '9'))?;
        let count = rest.len() - rest.trim_start_matches(digit).len();
        if rest[count..].starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let element = match digit {
            '0' => Element::Fraction(count),
            _ => Element::OptionalFraction,
        };
        return Some((element, 1 + count));
    }
    if layout.starts_with("_2006") {
        // A literal underscore before a year.
        return None;
    }
    let (text, element) = ELEMENTS.iter().find(|(text, element)| {
        let word = matches!(element, Element::Month | Element::Weekday);
        layout.starts_with(text)
            && !(word && layout[3..].starts_with(|c: char| c.is_ascii_lowercase()))
    })?;
    Some((*element, text.len()))
}

/// The literal text before the next element, the element, and what follows it.
fn next(layout: &str) -> (&str, Option<Element>, &str) {
    for (at, _) in layout.char_indices() {
        if let Some((element, length)) = element_at(&layout[at..]) {
            return (&layout[..at], Some(element), &layout[at + length..]);
        }
    }
    (layout, None, "")
}

#[derive(Default)]
struct Parts {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
    morning: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone_offset: Option<i32>,
}

/// Read a text by a layout; `None` if it does not fit or is no date.
pub(super) fn parse(layout: &str, text: &str) -> Option<Time> {
    let (mut layout, mut text) = (layout, text);
    let mut parts = Parts::default();
    loop {
        let (prefix, element, rest) = next(layout);
        text = skip(text, prefix)?;
        layout = rest;
        let Some(element) = element else {
            return if text.is_empty() { parts.time() } else { None };
        };
        text = parts.read(element, text, layout)?;
    }
}

/// Take a literal off the text; blanks in it stand for any number of blanks.
fn skip<'t>(text: &'t str, literal: &str) -> Option<&'t str> {
    let (mut text, mut literal) = (text, literal);
    while let Some(c) = literal.chars().next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            literal = literal.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
            continue;
        }
        text = text.strip_prefix(c)?;
        literal = &literal[c.len_utf8()..];
    }
    Some(text)
}

impl Parts {
    fn read<'t>(&mut self, element: Element, text: &'t str, layout: &str) -> Option<&'t str> {
        use Element as E;
        let number = |fixed| two_digits(text, fixed);
        match element {
            E::Year => {
                let (digits, rest) = exactly(text, 2)?;
                self.year = digits + if digits >= 69 { 1900 } else { 2000 };
                Some(rest)
            }
            E::LongYear => {
                let (year, rest) = exactly(text, 4)?;
                self.year = year;
                Some(rest)
            }
            E::Month | E::LongMonth => {
                let (index, rest) = name(&MONTHS, text, element == E::Month)?;
                self.month = Some(index + 1);
                Some(rest)
            }
            E::Weekday | E::LongWeekday => Some(name(&WEEKDAYS, text, element == E::Weekday)?.1),
            E::NumMonth | E::ZeroMonth => {
                let (month, rest) = number(element == E::ZeroMonth)?;
                self.month = Some(month).filter(|it| (1..=12).contains(it));
                self.month.map(|_| rest)
            }
            E::Day | E::UnderDay | E::ZeroDay => {
                let text = match text.strip_prefix(' ') {
                    Some(rest) if element == E::UnderDay => rest,
                    _ => text,
                };
                let (day, rest) = two_digits(text, element == E::ZeroDay)?;
                self.day = Some(day);
                Some(rest)
            }
            E::UnderYearDay | E::ZeroYearDay => {
                let blanks = text.len() - text.trim_start_matches(' ').len();
                let text = match element {
                    E::UnderYearDay => &text[blanks.min(2)..],
                    _ => text,
                };
                let count = digits(text).min(3);
                if count == 0 || element == E::ZeroYearDay && count != 3 {
                    return None;
                }
                let (day, rest) = exactly(text, count)?;
                self.year_day = Some(day);
                Some(rest)
            }
            E::Hour => below(number(false)?, 24, &mut self.hour),
            E::Hour12 | E::ZeroHour12 => {
                below(number(element == E::ZeroHour12)?, 13, &mut self.hour)
            }
            E::Minute | E::ZeroMinute => {
                below(number(element == E::ZeroMinute)?, 60, &mut self.minute)
            }
            E::Second | E::ZeroSecond => {
                let rest = below(number(element == E::ZeroSecond)?, 60, &mut self.second)?;
                let (_, following, _) = next(layout);
                // A fraction is read even where the layout has none.
                match following {
                    Some(E::Fraction(_) | E::OptionalFraction) => Some(rest),
                    _ => self.fraction(rest),
                }
            }
            E::UpperPm | E::LowerPm => {
                let (morning, evening) = match element {
                    E::UpperPm => ("AM", "PM"),
                    _ => ("am", "pm"),
                };
                self.morning = Some(text.starts_with(morning));
                text.strip_prefix(morning)
                    .or_else(|| text.strip_prefix(evening))
            }
            E::Zone { z: true, .. } if text.starts_with('Z') => {
                self.utc = true;
                Some(&text[1..])
            }
            E::Zone { shape, .. } => self.zone(shape, text),
            E::ZoneName => {
                if let Some(rest) = text.strip_prefix("UTC") {
                    self.utc = true;
                    return Some(rest);
                }
                let length = zone_name(text)?;
                let hours = text[..length].strip_prefix("GMT");
                let hours = hours.and_then(|it| it.parse::<i32>().ok()).unwrap_or(0);
                self.zone_offset = Some(hours * 3600);
                Some(&text[length..])
            }
            E::Fraction(count) => {
                let after = text.strip_prefix(['.', ','])?;
                if digits(after) < count {
                    return None;
                }
                self.nanos = nanos(&after[..count])?;
                Some(&after[count..])
            }
            E::OptionalFraction => self.fraction(text),
        }
    }

    fn fraction<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let Some(after) = text.strip_prefix(['.', ',']) else {
            return Some(text);
        };
        let count = digits(after);
        if count == 0 {
            return Some(text);
        }
        self.nanos = nanos(&after[..count])?;
        Some(&after[count..])
    }

    fn zone<'t>(&mut self, shape: ZoneShape, text: &'t str) -> Option<&'t str> {
        let sign = match text.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let colon = matches!(shape, ZoneShape::Colon | ZoneShape::ColonSeconds);
        let count = match shape {
            ZoneShape::Short => 1,
            ZoneShape::Plain | ZoneShape::Colon => 2,
            ZoneShape::Seconds | ZoneShape::ColonSeconds => 3,
        };
        let mut rest = &text[1..];
        let mut offset = 0;
        for (index, most) in [24, 60, 60].into_iter().take(count).enumerate() {
            if index > 0 && colon {
                rest = rest.strip_prefix(':')?;
            }
            let (value, after) = exactly(rest, 2)?;
            if value > most {
                return None;
            }
            offset += i32::try_from(value).ok()? * [3600, 60, 1][index];
            rest = after;
        }
        self.offset = Some(sign * offset);
        Some(rest)
    }

    fn time(mut self) -> Option<Time> {
        match self.morning {
            Some(false) if self.hour < 12 => self.hour += 12,
            Some(true) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            let (month, day) = date_of_year(self.year, year_day)?;
            let agrees = |seen: Option<i64>, it| seen.is_none_or(|seen| seen == it);
            if !agrees(self.month, month) || !agrees(self.day, day) {
                return None;
            }
            (self.month, self.day) = (Some(month), Some(day));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if !(1..=days_in(self.year, month)).contains(&day) {
            return None;
        }
        let offset = if self.utc {
            0
        } else {
            // A named zone's own offset is unknown, as it is to Go in a process that runs in UTC.
            self.offset.or(self.zone_offset).unwrap_or(0)
        };
        let named = !self.utc && self.offset.is_none() && self.zone_offset.is_some();
        let date = (self.year, month, day);
        let clock = (self.hour, self.minute, self.second);
        if named {
            // Go keeps the instant as if it were UTC and only shows it in the zone.
            let shown = Time::from_civil(date, clock, self.nanos, 0);
            return Some(Time { offset, ..shown });
        }
        Some(Time::from_civil(date, clock, self.nanos, offset))
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn exactly(text: &str, count: usize) -> Option<(i64, &str)> {
    if digits(text) < count {
        return None;
    }
    let (number, rest) = text.split_at(count);
    Some((number.parse().ok()?, rest))
}

/// One or two digits, two if `fixed`.
fn two_digits(text: &str, fixed: bool) -> Option<(i64, &str)> {
    match digits(text) {
        0 => None,
        1 if fixed => None,
        1 => exactly(text, 1),
        _ => exactly(text, 2),
    }
}

fn below<'t>((value, rest): (i64, &'t str), limit: i64, into: &mut i64) -> Option<&'t str> {
    *into = value;
    (value < limit).then_some(rest)
}

/// Nanoseconds from the digits of a fraction; what is below them is cut.
fn nanos(digits: &str) -> Option<i64> {
    let kept = &digits[..digits.len().min(9)];
    format!("{kept:0<9}").parse().ok()
}

/// The index of the name that the text starts with, in any case.
fn name<'t>(names: &[&str], text: &'t str, short: bool) -> Option<(i64, &'t str)> {
    for (index, it) in names.iter().enumerate() {
        let it = if short { &it[..3] } else { it };
        let start = text.get(..it.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(it)) {
            return Some((i64::try_from(index).ok()?, &text[it.len()..]));
        }
    }
    None
}

/// How long the zone's abbreviation is that the text starts with.
fn zone_name(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(after) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(after).unwrap_or(0));
    }
    if text.len() >= 3 && text.starts_with(['+', '-']) {
        return signed_hours(text);
    }
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let ends_in_t = |it: usize| text.as_bytes().get(it - 1) == Some(&b'T');
    match letters {
        3 => Some(3),
        4 if ends_in_t(4) || text.starts_with("WITA") => Some(4),
        5 if ends_in_t(5) => Some(5),
        _ => None,
    }
}

fn signed_hours(text: &str) -> Option<usize> {
    let after = text.strip_prefix(['+', '-'])?;
    let count = digits(after);
    let hours: u32 = after[..count].parse().ok()?;
    (hours <= 23).then_some(1 + count)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn date_of_year(year: i64, year_day: i64) -> Option<(i64, i64)> {
    let mut day = year_day;
    for month in 1..=12 {
        let length = days_in(year, month);
        if (1..=length).contains(&day) {
            return Some((month, day));
        }
        day -= length;
    }
    None
}
