//! Character classes and escaped characters.

use crate::unicode;
use std::fmt::Write as _;

/// A class that no character is in.
pub(crate) const NOTHING: &str = r"[^\x{0}-\x{10FFFF}]";

/// The names of `[:name:]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Take the class at the start of the text, and give it in the syntax of the `regex` crate.
///
/// # Errors
/// Why Go would not read it.
pub(crate) fn read(rest: &mut &str) -> Result<String, String> {
    *rest = &rest[1..];
    let negated = rest.strip_prefix('^');
    if let Some(after) = negated {
        *rest = after;
    }
    let mut items = String::new();
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if let Some(set) = posix(rest)? {
            items.push_str(&set);
        } else if let Some(set) = unicode::set(rest)? {
            items.push_str(&set);
        } else {
            range(rest, &mut items)?;
        }
    }
    *rest = &rest[1..];
    Ok(match (negated.is_some(), items.is_empty()) {
        (false, false) => format!("[{items}]"),
        (true, false) => format!("[^{items}]"),
        (false, true) => NOTHING.to_owned(),
        (true, true) => r"[\x{0}-\x{10FFFF}]".to_owned(),
    })
}

/// Take `[:name:]`.
fn posix(rest: &mut &str) -> Result<Option<String>, String> {
    let Some((name, after)) = rest.strip_prefix("[:").and_then(|it| it.split_once(":]")) else {
        return Ok(None);
    };
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(format!("`[:{name}:]` is not a class"));
    }
    *rest = after;
    Ok(Some(format!("[:{name}:]")))
}

/// Take a character or a range of them.
fn range(rest: &mut &str, items: &mut String) -> Result<(), String> {
    let start = *rest;
    let low = character(rest)?;
    let mut high = low;
    if let Some(after) = rest.strip_prefix('-')
        && !after.is_empty()
        && !after.starts_with(']')
    {
        *rest = after;
        high = character(rest)?;
    }
    if high < low {
        let text = &start[..start.len() - rest.len()];
        return Err(format!("the range `{text}` is the wrong way round"));
    }
    // Go counts surrogates as characters; no text has one.
    for (low, high) in [(low, high.min(0xD7FF)), (low.max(0xE000), high)] {
        if low > high {
            continue;
        }
        let _ = write!(items, "\\x{{{low:x}}}");
        if high > low {
            let _ = write!(items, "-\\x{{{high:x}}}");
        }
    }
    Ok(())
}

/// Take one character of a class.
fn character(rest: &mut &str) -> Result<u32, String> {
    let c = rest.chars().next().ok_or("a closing `]` is missing")?;
    if c == '\\' {
        return escaped(rest);
    }
    *rest = &rest[c.len_utf8()..];
    Ok(c.into())
}

/// Take an escaped character, which may be a surrogate.
///
/// # Errors
/// Escapes that Go does not know.
pub(crate) fn escaped(rest: &mut &str) -> Result<u32, String> {
    let body = &rest[1..];
    let c = body.chars().next().ok_or("the last `\\` escapes nothing")?;
    *rest = &body[c.len_utf8()..];
    let plain = match c {
        '1'..='7' if rest.starts_with(|it: char| it.is_digit(8)) => return Ok(octal(rest, c)),
        '0' => return Ok(octal(rest, c)),
        'x' => return hexadecimal(rest),
        'a' => '\u{7}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return Err(format!("Go does not know the escape `\\{c}`")),
    };
    Ok(plain.into())
}

/// Take up to two more octal digits.
fn octal(rest: &mut &str, first: char) -> u32 {
    let mut value = first.to_digit(8).unwrap_or(0);
    for _ in 0..2 {
        let Some(digit) = rest.chars().next().and_then(|it| it.to_digit(8)) else {
            break;
        };
        value = value * 8 + digit;
        *rest = &rest[1..];
    }
    value
}

fn hexadecimal(rest: &mut &str) -> Result<u32, String> {
    let wrong = "`\\x` needs two digits or `{digits}` up to 10FFFF";
    let (digits, after) = match rest.strip_prefix('{') {
        Some(body) => body.split_once('}').ok_or(wrong)?,
        None => rest.split_at_checked(2).ok_or(wrong)?,
    };
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Err(wrong.to_owned());
    }
    *rest = after;
    // A number too large for 32 bits may still have leading zeros only.
    u32::from_str_radix(digits.trim_start_matches('0'), 16)
        .or_else(|_| match digits.bytes().all(|it| it == b'0') {
            true => Ok(0),
            false => Err(wrong.to_owned()),
        })
        .and_then(|it| match it <= u32::from(char::MAX) {
            true => Ok(it),
            false => Err(wrong.to_owned()),
        })
}
