//! Arithmetic on numbers, quantities and durations (`arithmetic.go` of Kyverno).

use super::{ANY, ARRAY, Arguments, Function, NUMBER, function};
use crate::{
    EvalError,
    context::Context,
    duration::Duration,
    eval::Outcome,
    gofmt,
    quantity::{Quantity, QuantityError},
    value::Val,
};

pub(super) const TABLE: &[Function] = &[
    function("add", &[ANY, ANY], |_, a| add(a, a.get(0), a.get(1))),
    function("sum", &[ARRAY], sum),
    function("subtract", &[ANY, ANY], subtract),
    function("multiply", &[ANY, ANY], multiply),
    function("divide", &[ANY, ANY], divide),
    function("modulo", &[ANY, ANY], modulo),
    function("round", &[NUMBER, NUMBER], round),
];

enum Operand {
    Scalar(f64),
    Quantity(Quantity),
    Duration(Duration),
}

use Operand::{Duration as D, Quantity as Q, Scalar as S};

fn operand(a: &Arguments<'_, '_>, value: &Val<'_>) -> Result<Operand, EvalError> {
    if let Some(number) = value.as_number() {
        return Ok(S(number));
    }
    let Some(text) = value.as_str() else {
        return Err(a.fail("an operand is neither a number, a quantity nor a duration"));
    };
    match Quantity::parse(text) {
        Ok(it) => Ok(Q(it)),
        Err(it @ QuantityError::TooLarge) => Err(a.fail(it.to_string())),
        Err(_) => Duration::parse(text).map(D).map_err(|_| {
            let shown: String = text.chars().take(60).collect();
            a.fail(format!("`{shown}` is neither a quantity nor a duration"))
        }),
    }
}

fn mismatch<'a>(a: &Arguments<'_, 'a>) -> Outcome<'a> {
    Err(a.fail("the types of the operands do not go together"))
}

fn zero<'a>(a: &Arguments<'_, 'a>) -> Outcome<'a> {
    Err(a.fail("the divisor is zero"))
}

fn quantity<'a>(a: &Arguments<'_, 'a>, result: Result<Quantity, QuantityError>) -> Outcome<'a> {
    match result {
        Ok(it) => Ok(Val::text(it.to_string())),
        Err(it) => Err(a.fail(it.to_string())),
    }
}

fn duration<'a>(a: &Arguments<'_, 'a>, nanos: Option<i64>) -> Outcome<'a> {
    match nanos {
        Some(it) => Ok(Val::text(Duration(it).to_string())),
        None => Err(a.fail("the duration is longer than 292 years")),
    }
}

fn seconds<'a>(a: &Arguments<'_, 'a>, seconds: f64) -> Outcome<'a> {
    let nanos = seconds * 1e9;
    let fits = nanos.abs() < 9_223_372_036_854_775_808.0;
    duration(a, fits.then_some(nanos as i64))
}

/// A factor as the quantity that its printed form is.
fn factor(a: &Arguments<'_, '_>, number: f64) -> Result<Quantity, EvalError> {
    Quantity::parse(&gofmt::sprint_float(number)).map_err(|it| a.fail(it.to_string()))
}

fn add<'a>(a: &Arguments<'_, 'a>, left: &Val<'a>, right: &Val<'a>) -> Outcome<'a> {
    match (operand(a, left)?, operand(a, right)?) {
        (S(left), S(right)) => Ok(Val::Number(left + right)),
        (Q(left), Q(right)) => quantity(a, left.add(&right)),
        (D(left), D(right)) => duration(a, left.0.checked_add(right.0)),
        _ => mismatch(a),
    }
}

fn sum<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let mut items = a.array(0)?.iter();
    let Some(mut total) = items.next() else {
        return Err(a.fail("the array is empty"));
    };
    for item in items {
        cx.step()?;
        total = add(a, &total, &item)?;
    }
    Ok(total)
}

fn subtract<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    match (operand(a, a.get(0))?, operand(a, a.get(1))?) {
        (S(left), S(right)) => Ok(Val::Number(left - right)),
        (Q(left), Q(right)) => quantity(a, left.sub(&right)),
        (D(left), D(right)) => duration(a, left.0.checked_sub(right.0)),
        _ => mismatch(a),
    }
}

fn multiply<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    match (operand(a, a.get(0))?, operand(a, a.get(1))?) {
        (S(left), S(right)) => Ok(Val::Number(left * right)),
        (Q(amount), S(number)) | (S(number), Q(amount)) => {
            quantity(a, amount.mul(&factor(a, number)?))
        }
        (D(span), S(number)) | (S(number), D(span)) => seconds(a, span.seconds() * number),
        _ => mismatch(a),
    }
}

fn divide<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    match (operand(a, a.get(0))?, operand(a, a.get(1))?) {
        (S(_) | Q(_) | D(_), S(0.0)) => zero(a),
        (S(left), S(right)) => Ok(Val::Number(left / right)),
        (Q(_), Q(right)) if right.is_zero() => zero(a),
        (Q(left), Q(right)) => Ok(Val::Number(left.approximate() / right.approximate())),
        (Q(amount), S(number)) => quantity(a, amount.div(&factor(a, number)?)),
        (D(_), D(Duration(0))) => zero(a),
        (D(left), D(right)) => Ok(Val::Number(left.seconds() / right.seconds())),
        (D(span), S(number)) => seconds(a, span.seconds() / number),
        _ => mismatch(a),
    }
}

/// A whole number, as Go's conversion to `int64` and back leaves it alone.
fn whole(a: &Arguments<'_, '_>, number: f64) -> Result<i64, EvalError> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && (-BOUND..BOUND).contains(&number) {
        return Ok(number as i64);
    }
    Err(a.fail("an operand is not a whole number"))
}

fn modulo<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    match (operand(a, a.get(0))?, operand(a, a.get(1))?) {
        (S(left), S(right)) => match (whole(a, left)?, whole(a, right)?) {
            (_, 0) => zero(a),
            (left, right) => Ok(Val::Number(left.wrapping_rem(right) as f64)),
        },
        (Q(left), Q(right)) => {
            let format = left.format();
            match (
                whole(a, left.approximate())?,
                whole(a, right.approximate())?,
            ) {
                (_, 0) => zero(a),
                (left, right) => quantity(
                    a,
                    Ok(Quantity::from_integer(left.wrapping_rem(right), format)),
                ),
            }
        }
        (D(_), D(Duration(0))) => zero(a),
        (D(left), D(right)) => duration(a, Some(left.0.wrapping_rem(right.0))),
        _ => mismatch(a),
    }
}

fn round<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let (number, digits) = (a.number(0)?, a.number(1)?);
    if digits.fract() != 0.0 || !(0.0..=9e18).contains(&digits) {
        return Err(a.fail("the number of digits is not a whole number from 0 on"));
    }
    let shift = 10f64.powf(digits);
    Ok(Val::Number((number * shift).round() / shift))
}
