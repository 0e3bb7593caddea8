//! Distinguished names (`pkix.Name`).

use super::{
    der::{Element, SEQUENCE, SET},
    extensions::or_null,
};
use serde_json::{Value, json};

/// A name as Go shows it.
pub(super) fn describe(name: Element<'_>) -> Result<Value, String> {
    let mut names = Vec::new();
    let mut fields: [Vec<Value>; 7] = Default::default();
    let (mut common, mut serial) = (String::new(), String::new());
    let mut parts = name.reader();
    while !parts.is_empty() {
        let mut set = parts.expect(SET, "part of a name")?.reader();
        while !set.is_empty() {
            let mut pair = set.expect(SEQUENCE, "attribute of a name")?.reader();
            let id = pair.oid()?;
            let value = text(pair.next()?)?;
            names.push(json!({"Type": id, "Value": value}));
            let [2, 5, 4, kind] = id[..] else {
                continue;
            };
            match kind {
                3 => common = value,
                5 => serial = value,
                6..=11 => fields[kind as usize - 6].push(Value::String(value)),
                17 => fields[6].push(Value::String(value)),
                _ => {}
            }
        }
    }
    let [
        country,
        locality,
        province,
        street,
        organization,
        unit,
        postal,
    ] = fields.map(or_null);
    Ok(json!({
        "Country": country,
        "Organization": organization,
        "OrganizationalUnit": unit,
        "Locality": locality,
        "Province": province,
        "StreetAddress": street,
        "PostalCode": postal,
        "SerialNumber": serial,
        "CommonName": common,
        "Names": or_null(names),
        "ExtraNames": Value::Null,
    }))
}

/// The text of one of the string types.
fn text(element: Element<'_>) -> Result<String, String> {
    let bytes = element.content;
    let wrong = || "the certificate has a malformed name".to_owned();
    let plain = |valid: fn(u8) -> bool| {
        let text = bytes.iter().map(|it| char::from(*it)).collect();
        if bytes.iter().all(|it| valid(*it)) {
            Ok(text)
        } else {
            Err(wrong())
        }
    };
    match element.tag {
        // UTF8String
        12 => String::from_utf8(bytes.to_vec()).map_err(|_| wrong()),
        // NumericString
        18 => plain(|it| it.is_ascii_digit() || it == b' '),
        // PrintableString, with the three characters that Go lets pass
        19 => plain(|it| it.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&it)),
        // T61String, taken for Latin-1
        20 => plain(|_| true),
        // IA5String
        22 => plain(|it| it.is_ascii()),
        // BMPString
        30 => {
            let bytes = bytes.strip_suffix(&[0, 0]).unwrap_or(bytes);
            let pairs = bytes.chunks(2).map(|it| match it {
                [high, low] => {
                    let point = u32::from(*high) << 8 | u32::from(*low);
                    let reserved = matches!(point, 0xfdd0..=0xfdef | 0xfffe | 0xffff);
                    char::from_u32(point)
                        .filter(|_| !reserved)
                        .ok_or_else(wrong)
                }
                _ => Err(wrong()),
            });
            pairs.collect()
        }
        _ => Err(wrong()),
    }
}
