//! Kyverno's functions on times (`time.go`). The clock is the runtime's.

use super::{Arguments, Function, TEXT, function, text::made};
use crate::{
    EvalError,
    context::Context,
    duration::Duration,
    eval::Outcome,
    gotime::{RFC3339, Time},
    value::Val,
};

pub(super) const TABLE: &[Function] = &[
    function("time_since", &[TEXT, TEXT, TEXT], since),
    // Kyverno does not count the arguments of functions that take none.
    function("time_now", &[], |cx, _| made(cx, now(cx).rfc3339())),
    function("time_now_utc", &[], |cx, _| made(cx, now(cx).rfc3339())),
    function("time_to_cron", &[TEXT], |cx, a| {
        let it = time(a, 0)?.civil();
        let cron = [it.minute, it.hour, it.day, it.month, it.weekday];
        made(cx, cron.map(|it| it.to_string()).join(" "))
    }),
    function("time_add", &[TEXT, TEXT], |cx, a| {
        made(cx, time(a, 0)?.add(duration(a, 1)?).rfc3339())
    }),
    function("time_parse", &[TEXT, TEXT], parse),
    function("time_utc", &[TEXT], |cx, a| {
        made(cx, time(a, 0)?.utc().rfc3339())
    }),
    function("time_diff", &[TEXT, TEXT], |cx, a| {
        let (from, to) = (time(a, 0)?, time(a, 1)?);
        made(cx, to.since(from).to_string())
    }),
    function("time_before", &[TEXT, TEXT], |_, a| {
        Ok(Val::Bool(time(a, 0)?.is_before(time(a, 1)?)))
    }),
    function("time_after", &[TEXT, TEXT], |_, a| {
        Ok(Val::Bool(time(a, 1)?.is_before(time(a, 0)?)))
    }),
    function("time_between", &[TEXT, TEXT, TEXT], |_, a| {
        let (it, start, end) = (time(a, 0)?, time(a, 1)?, time(a, 2)?);
        Ok(Val::Bool(start.is_before(it) && it.is_before(end)))
    }),
    function("time_truncate", &[TEXT, TEXT], |cx, a| {
        made(cx, time(a, 0)?.truncate(duration(a, 1)?).rfc3339())
    }),
];

fn now(cx: &Context<'_>) -> Time {
    let now = cx.runtime.now;
    Time::from_unix(now.timestamp(), now.timestamp_subsec_nanos())
}

fn by_layout(a: &Arguments<'_, '_>, layout: &str, index: usize) -> Result<Time, EvalError> {
    Time::parse(layout, a.text(index)?).map_err(|it| a.fail(it))
}

fn time(a: &Arguments<'_, '_>, index: usize) -> Result<Time, EvalError> {
    by_layout(a, RFC3339, index)
}

fn duration(a: &Arguments<'_, '_>, index: usize) -> Result<Duration, EvalError> {
    Duration::parse(a.text(index)?).map_err(|it| a.fail(it.to_string()))
}

/// From the second argument to the third, or to now if that is empty.
fn since<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let layout = match a.text(0)? {
        "" => RFC3339,
        it => it,
    };
    let from = by_layout(a, layout, 1)?;
    let to = match a.text(2)? {
        "" => now(cx),
        _ => by_layout(a, layout, 2)?,
    };
    made(cx, to.since(from).to_string())
}

/// A layout that is a number says that the value is in seconds since 1970.
fn parse<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let layout = a.text(0)?;
    if layout.parse::<i64>().is_err() {
        return made(cx, by_layout(a, layout, 1)?.rfc3339());
    }
    let seconds = a
        .text(1)?
        .parse()
        .map_err(|_| a.fail("the layout is a number, so the value has to be seconds since 1970"))?;
    made(cx, Time::from_unix(seconds, 0).rfc3339())
}
