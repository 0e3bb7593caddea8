//! Kubernetes' `resource.Quantity`: exact decimal amounts with suffixes (`500m`, `1.5Gi`, `2e3`).
//!
//! Source: `k8s.io/apimachinery/pkg/api/resource` 0.36. A quantity is an integer times a power of ten, held in 128 bits;
//! Kubernetes uses big integers beyond 64 bits, so amounts that need more than 38 digits are refused here.

use std::cmp::Ordering;
use std::fmt;

/// Which family of suffixes a quantity was written with, and is printed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `n u m k M G T P E`
    DecimalSi,
    /// `Ki Mi Gi Ti Pi Ei`
    BinarySi,
    /// `e3`
    DecimalExponent,
}

/// An exact amount: `value * 10^scale`.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    value: i128,
    scale: i32,
    format: Format,
}

/// Not a quantity that Kubernetes would read, or one too large for exact arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text is no quantity.
    #[error("`{0}` is not a quantity such as `500m` or `1.5Gi`")]
    Format(String),
    /// More than 38 digits.
    #[error("the quantity has too many digits for exact arithmetic")]
    TooLarge,
    /// Division by nothing.
    #[error("division of a quantity by zero")]
    ZeroDivisor,
}

const SUFFIXES: [(&str, i32); 9] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY_SUFFIXES: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Nothing below a billionth is kept.
const NANO: i32 = -9;
/// Decimal digits that the 64-bit form holds for certain (`maxInt64Factors`).
const FAST_DIGITS: i32 = 18;

impl Quantity {
    /// Read a quantity. Amounts below a billionth are rounded up (away from zero) to a billionth, as Kubernetes does, and
    /// amounts with a binary suffix are capped at 2^63-1.
    ///
    /// # Errors
    /// Text that is no quantity, or one with more than 38 digits.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let wrong = || QuantityError::Format(text.to_owned());
        if text.is_empty() {
            return Err(wrong());
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let negative = text.starts_with('-');
        let stripped = unsigned.trim_start_matches('0');
        if stripped.is_empty() {
            // Kubernetes reads a lone sign as zero too.
            return Ok(Self::new(0, 0, Format::DecimalSi));
        }
        let (whole, rest) = split_digits(stripped);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", rest),
        };
        let (base, exponent, format) = read_suffix(suffix).ok_or_else(wrong)?;
        // Scales beyond this can't be told apart from nothing or from too much.
        if exponent.abs() > 1_000_000 {
            return Err(QuantityError::TooLarge);
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let mut value: i128 = match digits {
            "" => 0,
            _ => digits.parse().map_err(|_| QuantityError::TooLarge)?,
        };
        let decimals = i32::try_from(fraction.len()).map_err(|_| QuantityError::TooLarge)?;
        let mut scale = -decimals;
        if base == 10 {
            scale += exponent;
        } else {
            value = value
                .checked_mul(1 << exponent)
                .ok_or(QuantityError::TooLarge)?;
        }
        let mut it = Self::new(value, scale, format);
        // Numerals that Kubernetes keeps as an integer keep their scale, the others move to billionths: this matters
        // where the amount is divided or turned into a float.
        let numerals = i32::try_from(whole.len().max(1)).unwrap_or(i32::MAX);
        let fast = match format {
            Format::BinarySi => {
                let room = 14 - numerals - exponent * 3 / 10;
                decimals == 0 && room >= 0 && i64::try_from(value).is_ok()
            }
            _ => numerals.saturating_add(decimals) <= FAST_DIGITS && scale >= NANO,
        };
        if !fast && !unsigned.starts_with(|c: char| c.is_ascii_digit()) && decimals == 0 {
            // A suffix without digits is zero to the integer form and an error to the other one.
            return Err(wrong());
        }
        if !fast && value != 0 {
            it = it.rounded_to_nano()?;
        }
        if format == Format::BinarySi && it.compare(&Self::integer(i128::from(i64::MAX))).is_gt() {
            it = Self::new(i128::from(i64::MAX), 0, format);
        }
        if negative {
            it.value = -it.value;
        }
        Ok(it)
    }

    fn new(value: i128, scale: i32, format: Format) -> Self {
        Self {
            value,
            scale,
            format,
        }
    }

    fn integer(value: i128) -> Self {
        Self::new(value, 0, Format::DecimalSi)
    }

    /// A whole number in the given family.
    pub fn from_integer(value: i64, format: Format) -> Self {
        Self::new(i128::from(value), 0, format)
    }

    /// The family of suffixes.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether the amount is nothing.
    pub fn is_zero(&self) -> bool {
        self.value == 0
    }

    /// The amount at exactly nine decimals, more of them rounded away from zero.
    fn rounded_to_nano(self) -> Result<Self, QuantityError> {
        let value = if self.scale >= NANO {
            scaled(self.value, (self.scale - NANO).unsigned_abs()).ok_or(QuantityError::TooLarge)?
        } else {
            match 10i128.checked_pow((NANO - self.scale).unsigned_abs()) {
                Some(divisor) => {
                    let up = i128::from(self.value % divisor != 0) * self.value.signum();
                    self.value / divisor + up
                }
                None => self.value.signum(),
            }
        };
        Ok(Self::new(value, NANO, self.format))
    }

    /// Which of two amounts is larger.
    pub fn compare(&self, other: &Self) -> Ordering {
        let (a, b) = (self.value, other.value);
        if a.signum() != b.signum() || a == 0 {
            return a.signum().cmp(&b.signum());
        }
        if let Some((a, b, _)) = aligned(*self, *other) {
            return a.cmp(&b);
        }
        // Too far apart to share a scale: the number of digits before the point decides.
        let size = |it: &Self| i64::from(it.value.unsigned_abs().ilog10()) + i64::from(it.scale);
        let order = size(self).cmp(&size(other));
        if a < 0 { order.reverse() } else { order }
    }

    /// The sum, in the family of the first operand unless that is zero.
    ///
    /// # Errors
    /// A result of more than 38 digits.
    pub fn add(&self, other: &Self) -> Result<Self, QuantityError> {
        let format = if self.is_zero() {
            other.format
        } else {
            self.format
        };
        if self.is_zero() {
            return Ok(Self { format, ..*other });
        }
        if other.is_zero() {
            return Ok(*self);
        }
        let (a, b, scale) = aligned(*self, *other).ok_or(QuantityError::TooLarge)?;
        let value = a.checked_add(b).ok_or(QuantityError::TooLarge)?;
        Ok(Self::new(value, scale, format))
    }

    /// The difference, in the family of the first operand unless that is zero.
    ///
    /// # Errors
    /// A result of more than 38 digits.
    pub fn sub(&self, other: &Self) -> Result<Self, QuantityError> {
        let value = other.value.checked_neg().ok_or(QuantityError::TooLarge)?;
        self.add(&Self { value, ..*other })
    }

    /// The product, in the family of the first operand.
    ///
    /// # Errors
    /// A result of more than 38 digits.
    pub fn mul(&self, other: &Self) -> Result<Self, QuantityError> {
        let value = self
            .value
            .checked_mul(other.value)
            .ok_or(QuantityError::TooLarge)?;
        let scale = self
            .scale
            .checked_add(other.scale)
            .ok_or(QuantityError::TooLarge)?;
        Ok(Self::new(value, scale, self.format))
    }

    /// The quotient, cut to as many decimals as the more precise operand has (Kyverno's `divide`).
    ///
    /// # Errors
    /// Division by zero, or intermediate results of more than 38 digits.
    pub fn div(&self, divisor: &Self) -> Result<Self, QuantityError> {
        if divisor.is_zero() {
            return Err(QuantityError::ZeroDivisor);
        }
        let scale = self.scale.min(divisor.scale);
        // (a * 10^s) / (b * 10^t) = (a * 10^(s-t-scale) / b) * 10^scale
        let shift = i64::from(self.scale) - i64::from(divisor.scale) - i64::from(scale);
        let steps = u32::try_from(shift.unsigned_abs()).map_err(|_| QuantityError::TooLarge)?;
        let (mut a, mut b) = (self.value, divisor.value);
        if shift >= 0 {
            a = scaled(a, steps).ok_or(QuantityError::TooLarge)?;
        } else {
            b = scaled(b, steps).ok_or(QuantityError::TooLarge)?;
        }
        Ok(Self::new(a / b, scale, self.format))
    }

    /// The amount as a float, computed as `AsApproximateFloat64` does.
    pub fn approximate(&self) -> f64 {
        let base = self.value as f64;
        if self.scale == 0 {
            return base;
        }
        base * format!("1e{}", self.scale).parse::<f64>().unwrap_or(0.0)
    }

    /// The amount as a whole number, rounded up (away from zero), and whether that was exact.
    fn whole(&self) -> Option<(i128, bool)> {
        if self.scale >= 0 {
            return Some((scaled(self.value, self.scale.unsigned_abs())?, true));
        }
        let Some(divisor) = 10i128.checked_pow(self.scale.unsigned_abs()) else {
            return Some((self.value.signum(), self.value == 0));
        };
        let rest = self.value % divisor;
        let up = i128::from(rest != 0) * self.value.signum();
        Some((self.value / divisor + up, rest == 0))
    }
}

/// Canonical form: no fraction, the largest suffix that keeps the amount exact. Binary amounts below 1024 or with a
/// fraction are printed with decimal suffixes. Amounts beyond the suffix table, which Kubernetes prints without any
/// suffix and so wrongly, are printed with an exponent.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value == 0 {
            return f.write_str("0");
        }
        if self.format == Format::BinarySi
            && let Some((mut amount, true)) = self.whole()
            && amount.unsigned_abs() >= 1024
        {
            let mut times = 0;
            while amount % 1024 == 0 && times < BINARY_SUFFIXES.len() {
                amount /= 1024;
                times += 1;
            }
            let suffix = times.checked_sub(1).map_or("", |it| BINARY_SUFFIXES[it]);
            return write!(f, "{amount}{suffix}");
        }
        let (mut amount, mut exponent) = (self.value, self.scale);
        while amount % 10 == 0 {
            amount /= 10;
            exponent += 1;
        }
        let zeros = exponent.rem_euclid(3).unsigned_abs();
        exponent -= exponent.rem_euclid(3);
        write!(f, "{amount}{:0<1$}", "", zeros as usize)?;
        let suffix = SUFFIXES.iter().find(|(_, it)| *it == exponent);
        match suffix {
            _ if exponent == 0 => Ok(()),
            Some((suffix, _)) if self.format != Format::DecimalExponent => f.write_str(suffix),
            _ => write!(f, "e{exponent}"),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.compare(other))
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn read_suffix(suffix: &str) -> Option<(u32, i32, Format)> {
    if suffix.is_empty() {
        return Some((10, 0, Format::DecimalSi));
    }
    if let Some((_, exponent)) = SUFFIXES.iter().find(|(it, _)| *it == suffix) {
        return Some((10, *exponent, Format::DecimalSi));
    }
    if let Some(index) = BINARY_SUFFIXES.iter().position(|it| *it == suffix) {
        let exponent = i32::try_from(index + 1).ok()? * 10;
        return Some((2, exponent, Format::BinarySi));
    }
    let number = suffix.strip_prefix(['e', 'E'])?;
    let exponent: i64 = number.parse().ok()?;
    let bounded = exponent.clamp(i64::from(i32::MIN + 1), i64::from(i32::MAX));
    Some((10, i32::try_from(bounded).ok()?, Format::DecimalExponent))
}

/// `value * 10^steps`, if it fits.
fn scaled(value: i128, steps: u32) -> Option<i128> {
    if value == 0 {
        return Some(0);
    }
    value.checked_mul(10i128.checked_pow(steps)?)
}

/// Both values at the smaller of the two scales.
fn aligned(a: Quantity, b: Quantity) -> Option<(i128, i128, i32)> {
    let scale = a.scale.min(b.scale);
    Some((
        scaled(a.value, a.scale.abs_diff(scale))?,
        scaled(b.value, b.scale.abs_diff(scale))?,
        scale,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).expect(text)
    }

    #[test]
    fn canonical_form() {
        for (text, want) in [
            ("0", "0"),
            ("-", "0"),
            ("000", "0"),
            ("100m", "100m"),
            ("0.1", "100m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("1.G", "1G"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("12500000", "12500k"),
            ("1024Ki", "1Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1.5Ki", "1536"),
            ("0.0001Ki", "102400u"),
            ("1025Mi", "1025Mi"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("12e4", "120e3"),
            ("1e-3", "1e-3"),
            ("1E", "1E"),
            ("1e", ""),
            ("0.3n", "1n"),
            ("-0.3n", "-1n"),
            ("1e-30", "1e-9"),
            ("9223372036854775808Ki", "9223372036854775807"),
            ("16Ei", "9223372036854775807"),
            ("7Ei", "7Ei"),
            ("1e21", "1e21"),
            ("1000E", "1e21"),
            ("+5", "5"),
            ("-5Mi", "-5Mi"),
            ("1KI", ""),
            ("1K", ""),
            ("1.2.3", ""),
            (" 1", ""),
            ("1 ", ""),
            ("", ""),
            ("abc", ""),
            ("1h", ""),
            ("12345678901234567890123456789012345678901234567890", ""),
            ("1e99999999999999999999", ""),
            ("1e2000000000", ""),
            ("m", "0"),
            ("Mi", "0"),
            ("Pi", ""),
            (".Ei", ""),
            ("0Ei", "0"),
        ] {
            let got = Quantity::parse(text).map_or(String::new(), |it| it.to_string());
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn comparison_is_exact() {
        assert!(q("1Gi") > q("1G"));
        assert!(q("1024Mi") == q("1Gi"));
        assert!(q("0.1") == q("100m"));
        assert!(q("-1") < q("0"));
        assert!(q("-1e100000") < q("-1"));
        assert!(q("1e100000") > q("7Ei"));
        assert!(q("1e30") > q("1n"));
    }

    #[test]
    fn arithmetic() {
        let show = |it: Result<Quantity, QuantityError>| {
            it.map_or_else(|e| e.to_string(), |q| q.to_string())
        };
        assert_eq!(show(q("100Mi").add(&q("24Mi"))), "124Mi");
        assert_eq!(show(q("0").add(&q("1Ki"))), "1Ki");
        assert_eq!(show(q("1Gi").sub(&q("512Mi"))), "512Mi");
        assert_eq!(show(q("1").sub(&q("100m"))), "900m");
        assert_eq!(show(q("10Mi").mul(&q("0.5"))), "5Mi");
        assert_eq!(show(q("10").div(&q("3"))), "3");
        assert_eq!(show(q("10.0").div(&q("3"))), "3300m");
        assert_eq!(show(q("1").div(&q("0"))), "division of a quantity by zero");
        assert!(q("1e37").mul(&q("1e3")).is_ok());
        let large = q("99999999999999999999");
        assert_eq!(large.mul(&large).map(|_| ()), Err(QuantityError::TooLarge));
    }

    proptest! {
        #[test]
        fn canonical_form_is_the_same_amount(number in "-?[0-9]{1,12}(\\.[0-9]{1,6})?", suffix in "(n|u|m|k|M|G|Ki|Mi|Gi|e3|E-2)?") {
            let amount = q(&format!("{number}{suffix}"));
            let printed = q(&amount.to_string());
            prop_assert_eq!(amount.compare(&printed), Ordering::Equal);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+.0-9eEimkKMG]{0,12}") {
            if let Ok(it) = Quantity::parse(&text) {
                let _ = it.to_string();
                let _ = it.add(&q("1Gi"));
                let _ = it.div(&q("3m"));
                let _ = it.mul(&it);
                let _ = it.approximate();
            }
        }
    }
}
