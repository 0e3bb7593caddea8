//! A reader of DER: tag, length, content, nothing else.

pub(super) const BOOLEAN: u8 = 1;
pub(super) const INTEGER: u8 = 2;
pub(super) const BIT_STRING: u8 = 3;
pub(super) const OCTET_STRING: u8 = 4;
pub(super) const OBJECT_IDENTIFIER: u8 = 6;
pub(super) const UTC_TIME: u8 = 23;
pub(super) const GENERALIZED_TIME: u8 = 24;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The tag `[n]` around a plain value.
pub(super) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The tag `[n]` around other elements.
pub(super) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) raw: &'a [u8],
}

impl<'a> Element<'a> {
    pub(super) fn reader(self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The bytes of a bit string that fills them.
    pub(super) fn bits(self) -> Result<&'a [u8], String> {
        match self.content.split_first() {
            Some((0, bytes)) => Ok(bytes),
            _ => Err("a bit string does not end with a whole byte".to_owned()),
        }
    }

    /// A number from 0 on that fits 32 bits.
    pub(super) fn small(self) -> Result<u32, String> {
        self.decimal()?
            .parse()
            .map_err(|_| "a number in the certificate is too large".to_owned())
    }

    /// A number from 0 on in decimal digits.
    pub(super) fn decimal(self) -> Result<String, String> {
        let bytes = self.content;
        if bytes.is_empty() || bytes[0] & 0x80 != 0 {
            return Err("a number in the certificate is empty or negative".to_owned());
        }
        if bytes.len() > 4096 {
            return Err("a number in the certificate is too large".to_owned());
        }
        // Groups of nine digits, the lowest first.
        let mut groups: Vec<u64> = vec![0];
        for byte in bytes {
            let mut carry = u64::from(*byte);
            for group in &mut groups {
                let value = *group * 256 + carry;
                *group = value % 1_000_000_000;
                carry = value / 1_000_000_000;
            }
            if carry > 0 {
                groups.push(carry);
            }
        }
        let digits: String = groups.iter().rev().map(|it| format!("{it:09}")).collect();
        let digits = digits.trim_start_matches('0');
        Ok(if digits.is_empty() { "0" } else { digits }.to_owned())
    }

    /// An object identifier's numbers.
    pub(super) fn numbers(self) -> Result<Vec<u32>, String> {
        let wrong = || "the certificate has a malformed object identifier".to_owned();
        let mut numbers = Vec::new();
        let mut value: u32 = 0;
        let mut open = false;
        for byte in self.content {
            if value > (i32::MAX as u32) >> 7 || !open && *byte == 0x80 {
                return Err(wrong());
            }
            value = value << 7 | u32::from(byte & 0x7f);
            open = byte & 0x80 != 0;
            if open {
                continue;
            }
            if numbers.is_empty() {
                let first = (value / 40).min(2);
                numbers.push(first);
                value -= first * 40;
            }
            numbers.push(value);
            value = 0;
        }
        if open || numbers.is_empty() {
            return Err(wrong());
        }
        Ok(numbers)
    }
}

/// What is left of a sequence of elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn next(&mut self) -> Result<Element<'a>, String> {
        let element = split(self.rest).ok_or("the certificate is malformed")?;
        self.rest = &self.rest[element.raw.len()..];
        Ok(element)
    }

    /// The next element, which has to have this tag.
    pub(super) fn expect(&mut self, tag: u8, what: &str) -> Result<Element<'a>, String> {
        self.optional(tag)?
            .ok_or_else(|| format!("the certificate is malformed: its {what} is missing"))
    }

    /// The next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, String> {
        if self.rest.first() != Some(&tag) {
            return Ok(None);
        }
        self.next().map(Some)
    }

    pub(super) fn oid(&mut self) -> Result<Vec<u32>, String> {
        self.expect(OBJECT_IDENTIFIER, "object identifier")?
            .numbers()
    }
}

/// The first element of some bytes; lengths have to be definite and as short as can be.
fn split(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, after) = bytes.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, after) = after.split_first()?;
    let (length, header) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = after.get(..count)?;
        if count == 0 || count > 4 || digits[0] == 0 {
            return None;
        }
        let length = digits.iter().fold(0, |sum, it| sum << 8 | usize::from(*it));
        if length < 0x80 {
            return None;
        }
        (length, 2 + count)
    };
    let raw = bytes.get(..header.checked_add(length)?)?;
    Some(Element {
        tag,
        content: &raw[header..],
        raw,
    })
}
