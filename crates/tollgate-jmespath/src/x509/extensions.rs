//! Extensions of a certificate (`processExtensions` in `crypto/x509/parser.go`).

use super::{
    base64,
    der::{
        self, BIT_STRING, BOOLEAN, Element, INTEGER, OCTET_STRING, Reader, SEQUENCE, constructed,
        context,
    },
};
use serde_json::{Map, Value, json};
use std::net::{Ipv4Addr, Ipv6Addr};

/// One extension.
pub(super) struct Extension<'a> {
    id: Vec<u32>,
    pub(super) critical: bool,
    value: &'a [u8],
}

const AUTHORITY_INFORMATION: [u32; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];

/// Go shows an empty list as null.
pub(super) fn or_null(items: Vec<Value>) -> Value {
    match items.is_empty() {
        true => Value::Null,
        false => Value::Array(items),
    }
}

impl<'a> Extension<'a> {
    pub(super) fn read_all(list: Element<'a>) -> Result<Vec<Self>, String> {
        let mut list = list.reader();
        let mut found: Vec<Self> = Vec::new();
        while !list.is_empty() {
            let mut it = list.expect(SEQUENCE, "extension")?.reader();
            let id = it.oid()?;
            let critical = match it.optional(BOOLEAN)? {
                Some(it) => boolean(it)?,
                None => false,
            };
            let value = it.expect(OCTET_STRING, "value of an extension")?.content;
            found.push(Self {
                id,
                critical,
                value,
            });
        }
        Self::refuse_duplicates(&found)?;
        Ok(found)
    }

    pub(super) fn refuse_duplicates(found: &[Self]) -> Result<(), String> {
        let mut ids: Vec<_> = found.iter().map(|it| &it.id).collect();
        ids.sort();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(_) => Err("the certificate has an extension twice".to_owned()),
            None => Ok(()),
        }
    }

    pub(super) fn describe_all(found: &[Self]) -> Value {
        let one =
            |it: &Self| json!({"Id": it.id, "Critical": it.critical, "Value": base64(it.value)});
        or_null(found.iter().map(one).collect())
    }

    pub(super) fn describe_short(&self) -> Value {
        json!({"Type": self.id, "Value": base64(self.value)})
    }

    fn reader(&self) -> Reader<'a> {
        Reader::new(self.value)
    }

    fn refuse_critical(&self, what: &str) -> Result<(), String> {
        match self.critical {
            true => Err(format!("the certificate marks its {what} as critical")),
            false => Ok(()),
        }
    }
}

/// Fill in every field that Go derives from extensions.
pub(super) fn describe(
    found: &[Extension<'_>],
    fields: &mut Map<String, Value>,
) -> Result<(), String> {
    for name in [
        "AuthorityKeyId",
        "CRLDistributionPoints",
        "DNSNames",
        "EmailAddresses",
        "ExcludedDNSDomains",
        "ExcludedEmailAddresses",
        "ExcludedIPRanges",
        "ExcludedURIDomains",
        "ExtKeyUsage",
        "IPAddresses",
        "IssuingCertificateURL",
        "OCSPServer",
        "PermittedDNSDomains",
        "PermittedEmailAddresses",
        "PermittedIPRanges",
        "PermittedURIDomains",
        "Policies",
        "PolicyIdentifiers",
        "PolicyMappings",
        "SubjectKeyId",
        "URIs",
        "UnhandledCriticalExtensions",
        "UnknownExtKeyUsage",
    ] {
        fields.insert(name.to_owned(), Value::Null);
    }
    for name in [
        "BasicConstraintsValid",
        "InhibitAnyPolicyZero",
        "InhibitPolicyMappingZero",
        "IsCA",
        "MaxPathLenZero",
        "PermittedDNSDomainsCritical",
        "RequireExplicitPolicyZero",
    ] {
        fields.insert(name.to_owned(), Value::Bool(false));
    }
    for name in [
        "InhibitAnyPolicy",
        "InhibitPolicyMapping",
        "KeyUsage",
        "MaxPathLen",
        "RequireExplicitPolicy",
    ] {
        fields.insert(name.to_owned(), json!(0));
    }
    let mut unhandled = Vec::new();
    for extension in found {
        let handled = one(extension, fields)?;
        if extension.critical && !handled {
            unhandled.push(json!(extension.id));
        }
    }
    fields.insert("UnhandledCriticalExtensions".to_owned(), or_null(unhandled));
    Ok(())
}

/// Take one extension in; whether it is understood.
fn one(extension: &Extension<'_>, fields: &mut Map<String, Value>) -> Result<bool, String> {
    let mut set = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    let mut it = extension.reader();
    if extension.id == AUTHORITY_INFORMATION {
        extension.refuse_critical("authority information")?;
        let (servers, issuers) = authority_information(it)?;
        set("OCSPServer", servers);
        set("IssuingCertificateURL", issuers);
        return Ok(true);
    }
    let [2, 5, 29, kind] = extension.id[..] else {
        return Ok(false);
    };
    match kind {
        14 => {
            extension.refuse_critical("subject key identifier")?;
            set(
                "SubjectKeyId",
                base64(it.expect(OCTET_STRING, "key identifier")?.content),
            );
        }
        15 => set(
            "KeyUsage",
            json!(key_usage(it.expect(BIT_STRING, "key usage")?)),
        ),
        17 => return alternative_names(extension, fields),
        19 => {
            let mut it = it.expect(SEQUENCE, "basic constraints")?.reader();
            let authority = it.optional(BOOLEAN)?.map(boolean).transpose()?;
            let length = it.optional(INTEGER)?.map(Element::small).transpose()?;
            set("BasicConstraintsValid", json!(true));
            set("IsCA", json!(authority.unwrap_or(false)));
            set("MaxPathLen", length.map_or(json!(-1), |it| json!(it)));
            set("MaxPathLenZero", json!(length == Some(0)));
        }
        30 => return name_constraints(extension, fields),
        31 => set("CRLDistributionPoints", distribution_points(it)?),
        32 => {
            let mut ids = Vec::new();
            let mut list = it.expect(SEQUENCE, "certificate policies")?.reader();
            while !list.is_empty() {
                ids.push(
                    list.expect(SEQUENCE, "certificate policy")?
                        .reader()
                        .oid()?,
                );
            }
            set(
                "Policies",
                or_null(ids.iter().map(|it| json!(dotted(it))).collect()),
            );
            set("PolicyIdentifiers", json!(ids));
        }
        33 => {
            let mut mappings = Vec::new();
            let mut list = it.expect(SEQUENCE, "policy mappings")?.reader();
            while !list.is_empty() {
                let mut pair = list.expect(SEQUENCE, "policy mapping")?.reader();
                mappings.push(json!({
                    "IssuerDomainPolicy": dotted(&pair.oid()?),
                    "SubjectDomainPolicy": dotted(&pair.oid()?),
                }));
            }
            set("PolicyMappings", or_null(mappings));
        }
        35 => {
            extension.refuse_critical("authority key identifier")?;
            let mut it = it.expect(SEQUENCE, "authority key identifier")?.reader();
            let id = it.optional(context(0))?;
            set(
                "AuthorityKeyId",
                id.map_or(Value::Null, |it| base64(it.content)),
            );
        }
        36 => {
            let mut it = it.expect(SEQUENCE, "policy constraints")?.reader();
            for (tag, name) in [(0, "RequireExplicitPolicy"), (1, "InhibitPolicyMapping")] {
                if let Some(number) = it.optional(context(tag))? {
                    let number = number.small()?;
                    set(name, json!(number));
                    set(&format!("{name}Zero"), json!(number == 0));
                }
            }
        }
        37 => {
            let (known, unknown) = extended_usages(it)?;
            set("ExtKeyUsage", known);
            set("UnknownExtKeyUsage", unknown);
        }
        54 => {
            let number = it.expect(INTEGER, "number of certificates")?.small()?;
            set("InhibitAnyPolicy", json!(number));
            set("InhibitAnyPolicyZero", json!(number == 0));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The fields of alternative names only, which are all that a request shows.
pub(super) fn describe_alternative_names(
    found: &[Extension<'_>],
    fields: &mut Map<String, Value>,
) -> Result<(), String> {
    for name in ["DNSNames", "EmailAddresses", "IPAddresses", "URIs"] {
        fields.insert(name.to_owned(), Value::Null);
    }
    for extension in found.iter().filter(|it| it.id == [2, 5, 29, 17]) {
        alternative_names(extension, fields)?;
    }
    Ok(())
}

fn alternative_names(
    extension: &Extension<'_>,
    fields: &mut Map<String, Value>,
) -> Result<bool, String> {
    let (mut dns, mut mail, mut addresses, mut uris) = (vec![], vec![], vec![], vec![]);
    let mut list = extension
        .reader()
        .expect(SEQUENCE, "alternative names")?
        .reader();
    while !list.is_empty() {
        let name = list.next()?;
        match name.tag {
            0x81 => mail.push(json!(ascii(name)?)),
            0x82 => dns.push(json!(ascii(name)?)),
            0x86 => uris.push(url(ascii(name)?)?),
            0x87 => addresses.push(json!(address(name.content)?)),
            _ => {}
        }
    }
    let understood = [&dns, &mail, &addresses, &uris]
        .iter()
        .any(|it| !it.is_empty());
    for (name, items) in [
        ("DNSNames", dns),
        ("EmailAddresses", mail),
        ("IPAddresses", addresses),
        ("URIs", uris),
    ] {
        fields.insert(name.to_owned(), or_null(items));
    }
    Ok(understood)
}

fn name_constraints(
    extension: &Extension<'_>,
    fields: &mut Map<String, Value>,
) -> Result<bool, String> {
    let mut both = extension
        .reader()
        .expect(SEQUENCE, "name constraints")?
        .reader();
    let mut understood = true;
    let mut empty = true;
    for (tag, prefix) in [(0, "Permitted"), (1, "Excluded")] {
        let Some(subtrees) = both.optional(constructed(tag))? else {
            continue;
        };
        let (mut dns, mut mail, mut ranges, mut uris) = (vec![], vec![], vec![], vec![]);
        let mut subtrees = subtrees.reader();
        while !subtrees.is_empty() {
            empty = false;
            let name = subtrees
                .expect(SEQUENCE, "name constraint")?
                .reader()
                .next()?;
            match name.tag {
                0x81 => mail.push(json!(ascii(name)?)),
                0x82 => dns.push(json!(ascii(name)?)),
                0x86 => uris.push(json!(ascii(name)?)),
                0x87 if matches!(name.content.len(), 8 | 32) => {
                    let (ip, mask) = name.content.split_at(name.content.len() / 2);
                    ranges.push(json!({"IP": address(ip)?, "Mask": base64(mask)}));
                }
                0x87 => return Err("a name constraint has a malformed address".to_owned()),
                _ => understood = false,
            }
        }
        for (kind, items) in [
            ("DNSDomains", dns),
            ("EmailAddresses", mail),
            ("IPRanges", ranges),
            ("URIDomains", uris),
        ] {
            fields.insert(format!("{prefix}{kind}"), or_null(items));
        }
    }
    if empty {
        return Err("the certificate has empty name constraints".to_owned());
    }
    fields.insert(
        "PermittedDNSDomainsCritical".to_owned(),
        json!(extension.critical),
    );
    Ok(understood)
}

fn authority_information(mut it: Reader<'_>) -> Result<(Value, Value), String> {
    let (mut servers, mut issuers) = (vec![], vec![]);
    let mut list = it.expect(SEQUENCE, "authority information")?.reader();
    while !list.is_empty() {
        let mut it = list.expect(SEQUENCE, "authority information")?.reader();
        let method = it.oid()?;
        let Some(location) = it.optional(context(6))? else {
            continue;
        };
        match method.strip_prefix(&[1, 3, 6, 1, 5, 5, 7, 48][..]) {
            Some([1]) => servers.push(json!(ascii(location)?)),
            Some([2]) => issuers.push(json!(ascii(location)?)),
            _ => {}
        }
    }
    Ok((or_null(servers), or_null(issuers)))
}

fn distribution_points(mut it: Reader<'_>) -> Result<Value, String> {
    let mut urls = Vec::new();
    let mut list = it.expect(SEQUENCE, "distribution points")?.reader();
    while !list.is_empty() {
        let mut point = list.expect(SEQUENCE, "distribution point")?.reader();
        let Some(name) = point.optional(constructed(0))? else {
            continue;
        };
        let mut names = name
            .reader()
            .expect(constructed(0), "name of a distribution point")?
            .reader();
        while let Some(url) = names.optional(context(6))? {
            urls.push(json!(ascii(url)?));
        }
    }
    Ok(or_null(urls))
}

/// Go's numbers of the usages it knows, and the identifiers of the others.
fn extended_usages(mut it: Reader<'_>) -> Result<(Value, Value), String> {
    let (mut known, mut unknown) = (vec![], vec![]);
    let mut list = it.expect(SEQUENCE, "extended key usages")?.reader();
    while !list.is_empty() {
        let id = list.oid()?;
        let number = match id.as_slice() {
            [2, 5, 29, 37, 0] => 0,
            [1, 3, 6, 1, 5, 5, 7, 3, number @ 1..=9] => *number,
            [1, 3, 6, 1, 4, 1, 311, 10, 3, 3] => 10,
            [2, 16, 840, 1, 113_730, 4, 1] => 11,
            [1, 3, 6, 1, 4, 1, 311, 2, 1, 22] => 12,
            [1, 3, 6, 1, 4, 1, 311, 61, 1, 1] => 13,
            _ => {
                unknown.push(json!(id));
                continue;
            }
        };
        known.push(json!(number));
    }
    Ok((or_null(known), or_null(unknown)))
}

fn key_usage(bits: Element<'_>) -> u32 {
    let bytes = bits.content.get(1..).unwrap_or_default();
    let mut usage = 0;
    for bit in 0..9 {
        let byte = bytes.get(bit / 8).copied().unwrap_or(0);
        usage |= u32::from(byte >> (7 - bit % 8) & 1) << bit;
    }
    usage
}

fn boolean(element: Element<'_>) -> Result<bool, String> {
    match element.content {
        [0] => Ok(false),
        [0xff] => Ok(true),
        _ => Err("the certificate has a malformed truth value".to_owned()),
    }
}

fn dotted(id: &[u32]) -> String {
    let numbers: Vec<String> = id.iter().map(u32::to_string).collect();
    numbers.join(".")
}

fn ascii<'a>(element: der::Element<'a>) -> Result<&'a str, String> {
    std::str::from_utf8(element.content)
        .ok()
        .filter(|it| it.is_ascii())
        .ok_or_else(|| "the certificate has a name that is not ASCII".to_owned())
}

fn address(bytes: &[u8]) -> Result<String, String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ok(Ipv4Addr::from(four).to_string());
    }
    let sixteen: [u8; 16] = bytes
        .try_into()
        .map_err(|_| "the certificate has a malformed address".to_owned())?;
    let address = Ipv6Addr::from(sixteen);
    Ok(match address.to_ipv4_mapped() {
        Some(four) => four.to_string(),
        None => address.to_string(),
    })
}

/// A URL as Go shows `url.URL`.
fn url(text: &str) -> Result<Value, String> {
    if text.contains('%') {
        return Err("the certificate has a URI with escapes, which are not decoded".to_owned());
    }
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = text
        .split_once('?')
        .map_or((text, None), |(a, b)| (a, Some(b)));
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if !scheme.contains('/') => (scheme, rest),
        _ => ("", text),
    };
    let (mut host, mut path, mut opaque, mut user) = ("", "", "", Value::Null);
    if let Some(after) = rest.strip_prefix("//") {
        let end = after.find('/').unwrap_or(after.len());
        (host, path) = after.split_at(end);
        if let Some((_, behind)) = host.rsplit_once('@') {
            host = behind;
            user = json!({});
        }
    } else if scheme.is_empty() || rest.starts_with('/') {
        path = rest;
    } else {
        opaque = rest;
    }
    Ok(json!({
        "Scheme": scheme.to_ascii_lowercase(),
        "Opaque": opaque,
        "User": user,
        "Host": host,
        "Path": path,
        "Fragment": fragment,
        "RawQuery": query.unwrap_or(""),
        "RawPath": "",
        "RawFragment": "",
        "ForceQuery": query == Some(""),
        "OmitHost": false,
    }))
}
