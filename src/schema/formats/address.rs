//! Formats of addresses, as Go's packages `net`, `net/url` and `net/mail` read them.

use super::{LETTER, SYMBOL_OR_LETTER};
use std::net::Ipv6Addr;

/// Four numbers; zeros in front of them are taken, as API servers always did.
fn is_dotted(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4
        && parts.iter().all(|it| {
            !it.is_empty()
                && it.bytes().all(|b| b.is_ascii_digit())
                && it.trim_start_matches('0').len() <= 3
                && it.trim_start_matches('0').parse::<u16>().unwrap_or(0) <= 255
        })
}

fn is_colons(text: &str) -> bool {
    // An IPv4 address at the end may have zeros in front as well.
    let plain = match text.rsplit_once(':') {
        Some((front, last)) if last.contains('.') && is_dotted(last) => format!("{front}:0:0"),
        _ => text.to_owned(),
    };
    plain.parse::<Ipv6Addr>().is_ok() && text.contains(':')
}

pub(super) fn is_ipv4(text: &str) -> bool {
    is_dotted(text) || (text.contains('.') && is_colons(text))
}

pub(super) fn is_ipv6(text: &str) -> bool {
    text.contains(':') && text.parse::<Ipv6Addr>().is_ok()
}

pub(super) fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = if is_dotted(address) {
        32
    } else if is_colons(address) {
        128
    } else {
        return false;
    };
    !bits.is_empty()
        && bits.bytes().all(|it| it.is_ascii_digit())
        && bits.parse::<u32>().is_ok_and(|it| it <= most)
}

/// Bytes of 48, 64 or 160 bits, in twos by `:` or `-`, in fours by `.`, or as they are.
pub(super) fn is_mac(text: &str) -> bool {
    let by = |separator: char, digits: usize, groups: [usize; 3]| {
        let parts: Vec<&str> = text.split(separator).collect();
        groups.contains(&parts.len())
            && parts
                .iter()
                .all(|it| it.len() == digits && it.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    by(':', 2, [6, 8, 20])
        || by('-', 2, [6, 8, 20])
        || by('.', 4, [3, 4, 10])
        || (matches!(text.len(), 12 | 16 | 40) && text.bytes().all(|it| it.is_ascii_hexdigit()))
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
        || (!c.is_ascii() && SYMBOL_OR_LETTER.is_match(c.encode_utf8(&mut [0; 4])))
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || (!c.is_ascii() && LETTER.is_match(c.encode_utf8(&mut [0; 4])))
}

/// One label with a dash behind its first character at most, or labels that end in a domain of letters.
pub(super) fn is_hostname(text: &str) -> bool {
    if text.len() > 255 || text.split('.').any(|it| it.len() > 63) {
        return false;
    }
    let mut labels: Vec<Vec<char>> = text.split('.').map(|it| it.chars().collect()).collect();
    let Some(last) = labels.pop() else {
        return false;
    };
    if labels.is_empty() {
        let Some((first, rest)) = last.split_first() else {
            return false;
        };
        let rest = match rest.split_first() {
            Some(('-', rest)) => rest,
            _ => rest,
        };
        return is_part(*first) && rest.len() <= 62 && rest.iter().all(|it| is_part(*it));
    }
    let is_label = |it: &Vec<char>| {
        it.first().is_some_and(|it| is_part(*it))
            && it.last().is_some_and(|it| is_part(*it))
            && it.len() <= 63
            && it.iter().all(|it| is_part(*it) || *it == '-')
    };
    labels.iter().all(is_label)
        && (2..=63).contains(&last.len())
        && last.iter().all(|it| is_letter(*it))
}

/// `url.ParseRequestURI`.
pub(super) fn is_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|it| it < 0x20 || it == 0x7f) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let (scheme, rest) = match scheme(text) {
        Ok(it) => it,
        Err(()) => return false,
    };
    let rest = rest.split_once('?').map_or(rest, |it| it.0);
    if !rest.starts_with('/') {
        return !scheme.is_empty();
    }
    let path = match rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
        Some(after) => {
            let end = after.find('/').unwrap_or(after.len());
            if !is_authority(&after[..end]) {
                return false;
            }
            &after[end..]
        }
        None => rest,
    };
    is_escaped(path)
}

fn scheme(text: &str) -> Result<(&str, &str), ()> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err(()),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

fn is_escaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    (0..bytes.len()).all(|at| bytes[at] != b'%' || (hex(at + 1) && hex(at + 2)))
}

fn is_authority(text: &str) -> bool {
    let host = match text.rsplit_once('@') {
        Some((user, host)) => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            if !user.chars().all(allowed) || !is_escaped(user) {
                return false;
            }
            host
        }
        None => text,
    };
    if let Some(inner) = host.strip_prefix('[') {
        let Some((address, port)) = inner.rsplit_once(']') else {
            return false;
        };
        let (address, zone) = address.split_once("%25").unwrap_or((address, ""));
        return is_port(port) && is_host(address, false) && is_escaped(zone);
    }
    match host.find(':') {
        Some(at) => is_port(&host[at..]) && is_host(&host[..at], true),
        None => is_host(host, true),
    }
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit()))
}

fn is_host(text: &str, escapes: bool) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        if c == b'%' {
            let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
            // Only what is not ASCII may be escaped.
            let high = bytes
                .get(at + 1)
                .is_some_and(|it| !matches!(it, b'0'..=b'7'));
            if !(escapes && hex(at + 1) && hex(at + 2) && high) {
                return false;
            }
            at += 3;
            continue;
        }
        let fine =
            !c.is_ascii() || c.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&c);
        if !fine {
            return false;
        }
        at += 1;
    }
    true
}

/// `mail.ParseAddress`: `ann@example.com`, with a name before it and angles around it or without.
/// Comments are not read.
pub(super) fn is_email(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    let Some(inner) = text.strip_suffix('>') else {
        return is_address(text);
    };
    let Some((name, address)) = split_outside_quotes(inner, '<') else {
        return false;
    };
    is_phrase(name.trim_matches([' ', '\t'])) && is_address(address)
}

fn split_outside_quotes(text: &str, separator: char) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                return Some((&text[..at], &text[at + c.len_utf8()..]));
            }
            _ => {}
        }
    }
    None
}

fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')) else {
        return false;
    };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let fine = match c {
            '\\' => chars.next().is_some_and(|it| it >= ' ' || it == '\t'),
            '"' => false,
            _ => (c >= ' ' && c != '\x7f') || c == '\t',
        };
        if !fine {
            return false;
        }
    }
    text.len() > 1
}

fn is_phrase(text: &str) -> bool {
    text.is_empty()
        || is_quoted(text)
        || text
            .split([' ', '\t'])
            .filter(|it| !it.is_empty())
            .all(|it| is_quoted(it) || it.chars().all(|c| is_atom(c) || c == '.'))
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.')
        .all(|it| !it.is_empty() && it.chars().all(is_atom))
}

fn is_address(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    let Some((local, domain)) = split_outside_quotes(text, '@') else {
        return false;
    };
    let local_fine = if local.starts_with('"') {
        is_quoted(local) && local.len() > 2
    } else {
        is_dot_atom(local)
    };
    let domain_fine = match domain.strip_prefix('[') {
        Some(inner) => inner
            .strip_suffix(']')
            .is_some_and(|it| it.parse::<std::net::IpAddr>().is_ok()),
        None => is_dot_atom(domain),
    };
    local_fine && domain_fine
}
