//! Certificates and certificate requests as Kyverno's `x509_decode` shows them: the JSON form of Go's
//! `x509.Certificate` and `x509.CertificateRequest`.
//!
//! Source: `crypto/x509` of Go 1.26 and `jpX509Decode` in Kyverno's `functions.go`. Signatures are not verified, and only
//! RSA keys are shown, both as in Kyverno.

mod der;
mod extensions;
mod name;

use crate::gotime::Time;
use data_encoding::{BASE64, Encoding, Specification};
use der::{BIT_STRING, Element, INTEGER, Reader, SEQUENCE, constructed};
use extensions::Extension;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const RSA: [u32; 7] = [1, 2, 840, 113_549, 1, 1, 1];
const EXTENSION_REQUEST: [u32; 7] = [1, 2, 840, 113_549, 1, 9, 14];
/// The largest certificate that is looked at, in bytes.
const MAX_SIZE: usize = 256 << 10;

/// Decode the first PEM block of a text.
pub(crate) fn decode(text: &str) -> Result<Value, String> {
    let (label, bytes) = pem(text).ok_or("the text holds no PEM block")?;
    if bytes.len() > MAX_SIZE {
        return Err(format!("the certificate is larger than {MAX_SIZE} bytes"));
    }
    match label {
        "CERTIFICATE" => certificate(&bytes),
        "CERTIFICATE REQUEST" => request(&bytes),
        _ => Err("the PEM block is neither a certificate nor a certificate request".to_owned()),
    }
}

static PEM_BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification: Specification = BASE64.specification();
    specification.check_trailing_bits = false;
    specification.ignore.push_str(" \t\r\n");
    specification.encoding().unwrap_or(BASE64)
});

/// The label and the bytes of the first well-formed block.
fn pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let mut rest = text;
    loop {
        let at = match rest.starts_with("-----BEGIN ") {
            true => 0,
            false => rest.find("\n-----BEGIN ")? + 1,
        };
        rest = &rest[at + "-----BEGIN ".len()..];
        let (line, body) = rest.split_once('\n')?;
        let Some(label) = line.trim_end().strip_suffix("-----") else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let Some(stop) = body.find(&end) else {
            continue;
        };
        // Headers end with an empty line.
        let content = &body[..stop];
        let content = match content.split_once("\n\n") {
            Some((headers, content)) if headers.contains(':') => content,
            _ => content,
        };
        if let Ok(bytes) = PEM_BASE64.decode(content.as_bytes()) {
            return Some((label, bytes));
        }
    }
}

pub(crate) fn base64(bytes: &[u8]) -> Value {
    Value::String(BASE64.encode(bytes))
}

fn certificate(bytes: &[u8]) -> Result<Value, String> {
    let whole = Reader::new(bytes).expect(SEQUENCE, "certificate")?;
    let mut outer = whole.reader();
    let body = outer.expect(SEQUENCE, "certificate body")?;
    let mut it = body.reader();
    let version = match it.optional(constructed(0))? {
        Some(version) => version.reader().expect(INTEGER, "version")?.small()? + 1,
        None => 1,
    };
    if !(1..=3).contains(&version) {
        return Err("the certificate has an unknown version".to_owned());
    }
    let serial = it.expect(INTEGER, "serial number")?;
    let algorithm = it.expect(SEQUENCE, "signature algorithm")?;
    let issuer = it.expect(SEQUENCE, "issuer")?;
    let mut validity = it.expect(SEQUENCE, "validity")?.reader();
    let (from, to) = (time(validity.next()?)?, time(validity.next()?)?);
    let subject = it.expect(SEQUENCE, "subject")?;
    let key = it.expect(SEQUENCE, "public key")?;
    let mut fields = Map::new();
    if version > 1 {
        it.optional(der::context(1))?;
        it.optional(der::context(2))?;
    }
    let found = match it.optional(constructed(3))? {
        Some(list) if version == 3 => {
            Extension::read_all(list.reader().expect(SEQUENCE, "extensions")?)?
        }
        _ => Vec::new(),
    };
    extensions::describe(&found, &mut fields)?;
    if outer.expect(SEQUENCE, "signature algorithm")?.content != algorithm.content {
        return Err("the certificate names two different signature algorithms".to_owned());
    }
    let signature = outer.expect(BIT_STRING, "signature")?;
    for (name, value) in [
        ("Raw", base64(whole.raw)),
        ("RawTBSCertificate", base64(body.raw)),
        ("RawSubjectPublicKeyInfo", base64(key.raw)),
        ("RawSubject", base64(subject.raw)),
        ("RawIssuer", base64(issuer.raw)),
        ("Signature", base64(signature.bits()?)),
        ("SignatureAlgorithm", json!(signature_algorithm(algorithm)?)),
        ("PublicKeyAlgorithm", json!(1)),
        ("PublicKey", public_key(key)?),
        ("Version", json!(version)),
        ("SerialNumber", float(&serial.decimal()?)),
        ("Issuer", name::describe(issuer)?),
        ("Subject", name::describe(subject)?),
        ("NotBefore", json!(from)),
        ("NotAfter", json!(to)),
        ("Extensions", Extension::describe_all(&found)),
        ("ExtraExtensions", Value::Null),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Ok(Value::Object(fields))
}

fn request(bytes: &[u8]) -> Result<Value, String> {
    let whole = Reader::new(bytes).expect(SEQUENCE, "certificate request")?;
    let mut outer = whole.reader();
    let body = outer.expect(SEQUENCE, "body of the request")?;
    let algorithm = outer.expect(SEQUENCE, "signature algorithm")?;
    let signature = outer.expect(BIT_STRING, "signature")?;
    let mut it = body.reader();
    let version = it.expect(INTEGER, "version")?.small()?;
    let subject = it.expect(SEQUENCE, "subject")?;
    let key = it.expect(SEQUENCE, "public key")?;
    let mut attributes = Vec::new();
    let mut found = Vec::new();
    if let Some(list) = it.optional(constructed(0))? {
        let mut list = list.reader();
        while !list.is_empty() {
            let mut attribute = list.expect(SEQUENCE, "attribute")?.reader();
            let id = attribute.oid()?;
            if id != EXTENSION_REQUEST {
                // Go shows only attributes of this shape, and other attributes hold plain values.
                continue;
            }
            let mut values = attribute.expect(der::SET, "attribute values")?.reader();
            let requested = Extension::read_all(values.expect(SEQUENCE, "requested extensions")?)?;
            if requested.iter().all(|it| !it.critical) {
                let pairs: Vec<Value> = requested.iter().map(Extension::describe_short).collect();
                attributes.push(json!({"Type": id, "Value": [pairs]}));
            }
            found.extend(requested);
        }
    }
    Extension::refuse_duplicates(&found)?;
    let mut fields = Map::new();
    extensions::describe_alternative_names(&found, &mut fields)?;
    for (name, value) in [
        ("Raw", base64(whole.raw)),
        ("RawTBSCertificateRequest", base64(body.raw)),
        ("RawSubjectPublicKeyInfo", base64(key.raw)),
        ("RawSubject", base64(subject.raw)),
        ("Version", json!(version)),
        ("Signature", base64(signature.bits()?)),
        ("SignatureAlgorithm", json!(signature_algorithm(algorithm)?)),
        ("PublicKeyAlgorithm", json!(1)),
        ("PublicKey", public_key(key)?),
        ("Subject", name::describe(subject)?),
        ("Attributes", extensions::or_null(attributes)),
        ("Extensions", Extension::describe_all(&found)),
        ("ExtraExtensions", Value::Null),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Ok(Value::Object(fields))
}

/// A number of any length as the float that Kyverno makes of it.
fn float(decimal: &str) -> Value {
    let number: f64 = decimal.parse().unwrap_or(f64::MAX);
    crate::value::number(number).unwrap_or(Value::Null)
}

fn time(element: Element<'_>) -> Result<String, String> {
    let wrong = || "the certificate has a malformed time".to_owned();
    let text = std::str::from_utf8(element.content).map_err(|_| wrong())?;
    let full = match element.tag {
        // RFC 5280: years below 50 are of this century.
        der::UTC_TIME if text.get(..2).ok_or_else(wrong)? < "50" => format!("20{text}"),
        der::UTC_TIME => format!("19{text}"),
        der::GENERALIZED_TIME => text.to_owned(),
        _ => return Err(wrong()),
    };
    Time::parse("20060102150405Z0700", &full)
        .map(Time::rfc3339)
        .map_err(|_| wrong())
}

/// Modulus and exponent of an RSA key.
fn public_key(key: Element<'_>) -> Result<Value, String> {
    let mut it = key.reader();
    let algorithm = it.expect(SEQUENCE, "algorithm of the public key")?;
    if algorithm.reader().oid()? != RSA {
        return Err("the certificate has no RSA key; Kyverno decodes no others".to_owned());
    }
    let bits = it.expect(BIT_STRING, "public key")?;
    let mut numbers = Reader::new(bits.bits()?)
        .expect(SEQUENCE, "RSA key")?
        .reader();
    let modulus = numbers.expect(INTEGER, "modulus")?.decimal()?;
    let exponent = numbers.expect(INTEGER, "exponent")?.small()?;
    if modulus == "0" || exponent == 0 {
        return Err("the RSA key has a zero in it".to_owned());
    }
    Ok(json!({"N": modulus, "E": exponent}))
}

/// Go's number for a signature algorithm, 0 for one that it does not know.
fn signature_algorithm(algorithm: Element<'_>) -> Result<u32, String> {
    let mut it = algorithm.reader();
    let id = it.oid()?;
    Ok(match id.as_slice() {
        [1, 2, 840, 113_549, 1, 1, last] => match last {
            4 => 2,
            5 => 3,
            11 => 4,
            12 => 5,
            13 => 6,
            10 => pss(it).unwrap_or(0),
            _ => 0,
        },
        [1, 3, 14, 3, 2, 29] => 3,
        [1, 2, 840, 10_040, 4, 3] => 7,
        [2, 16, 840, 1, 101, 3, 4, 3, 2] => 8,
        [1, 2, 840, 10_045, 4, 1] => 9,
        [1, 2, 840, 10_045, 4, 3, 2] => 10,
        [1, 2, 840, 10_045, 4, 3, 3] => 11,
        [1, 2, 840, 10_045, 4, 3, 4] => 12,
        [1, 3, 101, 112] if it.is_empty() => 16,
        _ => 0,
    })
}

/// RSA-PSS with matching digests and a salt of the digest's length.
fn pss(mut parameters: Reader<'_>) -> Option<u32> {
    let digest = |element: Element<'_>| {
        let mut it = element.reader();
        let id = it.oid().ok()?;
        let plain = it.is_empty() || it.next().ok()?.raw == [5, 0];
        plain.then_some(id)
    };
    let mut it = parameters.expect(SEQUENCE, "PSS parameters").ok()?.reader();
    let hash = it.optional(constructed(0)).ok()??;
    let hash = digest(hash.reader().next().ok()?)?;
    let mask = it.optional(constructed(1)).ok()??;
    let mut mask = mask.reader().next().ok()?.reader();
    if mask.oid().ok()? != [1, 2, 840, 113_549, 1, 1, 8] || digest(mask.next().ok()?)? != hash {
        return None;
    }
    let salt = match it.optional(constructed(2)).ok()? {
        Some(salt) => salt.reader().expect(INTEGER, "salt").ok()?.small().ok()?,
        None => 20,
    };
    if let Some(trailer) = it.optional(constructed(3)).ok()? {
        let trailer = trailer
            .reader()
            .expect(INTEGER, "trailer")
            .ok()?
            .small()
            .ok()?;
        if trailer != 1 {
            return None;
        }
    }
    match (hash.as_slice(), salt) {
        ([2, 16, 840, 1, 101, 3, 4, 2, 1], 32) => Some(13),
        ([2, 16, 840, 1, 101, 3, 4, 2, 2], 48) => Some(14),
        ([2, 16, 840, 1, 101, 3, 4, 2, 3], 64) => Some(15),
        _ => None,
    }
}
