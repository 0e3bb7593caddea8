//! Formats of strings, as an API server reads them.
//!
//! Sources: `apiextensions-apiserver`'s list of the formats that it asks for, kube-openapi's `strfmt`
//! for what they are, and Go's packages `net`, `net/url`, `net/mail` and `time` that it asks.
//! Formats that stand in neither list say nothing.

mod address;
mod numbers;
mod time;

use super::objects::names;
use std::sync::LazyLock;
use tollgate_goregex::Regex;

/// How a string has to be.
#[derive(Clone, Copy)]
pub(super) struct Format {
    /// As people call it.
    pub(super) name: &'static str,
    /// What to write.
    pub(super) example: &'static str,
    pub(super) is: fn(&str) -> bool,
    /// A server that reads JSON by a schema lets a list pass for a text that has a format; one that
    /// reads into types of Go does not.
    pub(super) lists: bool,
}

const AS_ASKED: &str = "write it as its format asks";
const DATE: &str = "write it like `2030-01-31`";
const TIME: &str = "write it like `2030-01-31T12:00:00Z`";
const BASE64: &str = "encode it; in a Secret, plain text stands in `stringData`";

/// `quantity` of Kubernetes' own kinds.
const QUANTITY: Format = Format {
    name: "quantity",
    example: "write it like `250m`, `0.5`, `64Mi` or `2Gi`",
    is: numbers::is_quantity,
    lists: false,
};

/// `byte` of Kubernetes' own kinds: Go's decoder takes line breaks.
const BYTES: Format = Format {
    name: "base64 text",
    example: BASE64,
    is: numbers::is_base64_of_go,
    lists: false,
};

/// `date-time` of Kubernetes' own kinds.
const INSTANT: Format = Format {
    name: "point in time",
    example: TIME,
    is: time::is_rfc3339,
    lists: false,
};

/// Forms of names in Kubernetes' own kinds; `asked.py` says where they are asked for.
const FORMS: &[(&str, Format)] = &[
    form("label", LABEL, names::is_label),
    form("label-1035", LABEL_1035, names::is_label_1035),
    form("label-key", KEY, names::is_qualified),
    form("label-key-or-empty", KEY, |it| {
        it.is_empty() || names::is_qualified(it)
    }),
    form("label-or-empty", LABEL, |it| {
        it.is_empty() || names::is_label(it)
    }),
    form(
        "label-value",
        "use letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends",
        |it| it.is_empty() || names::is_token(it),
    ),
    form("object-name", NAME, names::is_subdomain),
    form("object-name-or-empty", NAME, |it| {
        it.is_empty() || names::is_subdomain(it)
    }),
];

const LABEL: &str = "use lowercase letters, digits and `-`, at most 63";
const LABEL_1035: &str = "use lowercase letters, digits and `-`, a letter first, at most 63";
const KEY: &str =
    "use letters, digits, `-`, `_` and `.`, at most 63, after a domain and `/` if there is one";
const NAME: &str = "use lowercase letters, digits, `-` and `.`, at most 253";

const fn form(
    name: &'static str,
    example: &'static str,
    is: fn(&str) -> bool,
) -> (&'static str, Format) {
    let format = Format {
        name: "name",
        example,
        is,
        lists: false,
    };
    (name, format)
}

/// A format of Kubernetes' own kinds.
pub(super) fn of_kubernetes(name: &str) -> Option<Format> {
    match name {
        "quantity" => Some(QUANTITY),
        "byte" => Some(BYTES),
        "date-time" => Some(INSTANT),
        _ => FORMS.iter().find(|it| it.0 == name).map(|it| it.1),
    }
}

/// Name without dashes, first minor version of Kubernetes that asks for it, the format.
type Row = (&'static str, u32, Format);

const fn row(name: &'static str, example: &'static str, is: fn(&str) -> bool) -> Row {
    called(name, 0, name, example, is)
}

const fn called(
    name: &'static str,
    since: u32,
    called: &'static str,
    example: &'static str,
    is: fn(&str) -> bool,
) -> Row {
    let format = Format {
        name: called,
        example,
        is,
        lists: true,
    };
    (name, since, format)
}

const TABLE: &[Row] = &[
    called("bsonobjectid", 0, "BSON object id", AS_ASKED, |it| {
        it.len() == 24 && it.bytes().all(|b| b.is_ascii_hexdigit())
    }),
    called(
        "uri",
        0,
        "URI",
        "write it like `https://example.com/path`",
        address::is_uri,
    ),
    called(
        "email",
        0,
        "email address",
        "write it like `ann@example.com`",
        address::is_email,
    ),
    called(
        "hostname",
        0,
        "host name",
        "write it like `www.example.com`",
        address::is_hostname,
    ),
    called(
        "ipv4",
        0,
        "IPv4 address",
        "write it like `192.0.2.1`",
        address::is_ipv4,
    ),
    called(
        "ipv6",
        0,
        "IPv6 address",
        "write it like `2001:db8::1`",
        address::is_ipv6,
    ),
    called(
        "cidr",
        0,
        "block of addresses",
        "write it like `192.0.2.0/24`",
        address::is_cidr,
    ),
    called(
        "mac",
        0,
        "MAC address",
        "write it like `00:00:5e:00:53:01`",
        address::is_mac,
    ),
    called("uuid", 0, "UUID", AS_ASKED, |it| UUID.is_match(it)),
    called("uuid3", 0, "UUID of version 3", AS_ASKED, |it| {
        UUID3.is_match(it)
    }),
    called("uuid4", 0, "UUID of version 4", AS_ASKED, |it| {
        UUID4.is_match(it)
    }),
    called("uuid5", 0, "UUID of version 5", AS_ASKED, |it| {
        UUID5.is_match(it)
    }),
    called("isbn", 0, "ISBN", AS_ASKED, |it| {
        numbers::is_isbn10(it) || numbers::is_isbn13(it)
    }),
    called(
        "isbn10",
        0,
        "ISBN of 10 digits",
        AS_ASKED,
        numbers::is_isbn10,
    ),
    called(
        "isbn13",
        0,
        "ISBN of 13 digits",
        AS_ASKED,
        numbers::is_isbn13,
    ),
    called(
        "creditcard",
        0,
        "credit card number",
        AS_ASKED,
        numbers::is_credit_card,
    ),
    called(
        "ssn",
        0,
        "social security number",
        "write it like `123-45-6789`",
        numbers::is_ssn,
    ),
    called(
        "hexcolor",
        0,
        "color",
        "write it like `#ff8800`",
        numbers::is_hex_color,
    ),
    called(
        "rgbcolor",
        0,
        "color",
        "write it like `rgb(255,136,0)`",
        |it| RGB.is_match(it),
    ),
    called("byte", 0, "base64 text", "encode it", |it| {
        BASE64_TEXT.is_match(it)
    }),
    row("password", AS_ASKED, |_| true),
    row("date", DATE, time::is_date),
    row(
        "duration",
        "write it like `90s`, `5m` or `1h30m`",
        time::is_duration,
    ),
    called("datetime", 0, "point in time", TIME, time::is_date_time),
    called(
        "k8sshortname",
        34,
        "short name",
        "use lowercase letters, digits and `-`, at most 63",
        |it| it.len() <= 63 && is_short_name(it),
    ),
    called(
        "k8slongname",
        34,
        "long name",
        "use lowercase letters, digits, `-` and `.`, at most 253",
        |it| it.len() <= 253 && it.split('.').all(is_short_name),
    ),
];

/// The format of a name that a server of this minor version asks for, if it does.
pub(super) fn of(name: &str, minor: u32) -> Option<Format> {
    let name = name.replace('-', "");
    TABLE
        .iter()
        .find(|it| it.0 == name && it.1 <= minor)
        .map(|it| it.2)
}

fn is_short_name(text: &str) -> bool {
    let inner = |it: &u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(inner)
        && bytes.last().is_some_and(inner)
        && bytes.iter().all(|it| inner(it) || *it == b'-')
}

/// An expression of this file; tests compile each.
fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// A regular expression that is written here.
struct Known(LazyLock<Option<Regex>>);

impl Known {
    fn is_match(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|it| it.is_match(text))
    }
}

macro_rules! known {
    ($($name:ident = $pattern:expr;)*) => {
        $(static $name: Known = Known(LazyLock::new(|| regex($pattern)));)*

        #[cfg(test)]
        const KNOWN: &[&str] = &[$($pattern),*];
    };
}

known! {
    UUID = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
    UUID3 = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
    UUID4 = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
    UUID5 = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
    RGB = r"^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$";
    BASE64_TEXT = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$";
    CARD = r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$";
    SSN = r"^\d{3}[- ]?\d{2}[- ]?\d{4}$";
    SYMBOL_OR_LETTER = r"^[\p{S}\p{L}]$";
    LETTER = r"^\p{L}$";
    SPAN = r"(\d+)\s*([A-Za-zµ]+)";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        for pattern in KNOWN {
            assert!(regex(pattern).is_some(), "{pattern}");
        }
    }
}
