//! Functions on images and addresses. Nothing here opens a connection.

use super::{Arguments, Function, TEXT, function, text::made};
use crate::{EvalError, context::Context, eval::Outcome, image::Image, random, value::Val};
use std::net::{IpAddr, Ipv6Addr};

pub(super) const TABLE: &[Function] = &[
    function("image_normalize", &[TEXT], |cx, a| {
        let image = Image::parse(a.text(0)?).map_err(|it| a.fail(it.to_string()))?;
        made(cx, image.reference())
    }),
    function("is_external_url", &[TEXT], is_external_url),
    function("random", &[TEXT], |cx, a| {
        let draw = cx.draws.get();
        cx.draws.set(draw + 1);
        cx.steps(1_000 + a.text(0)?.len() * 16)?;
        let text = random::generate(a.text(0)?, cx.runtime.seed, draw, cx.bytes_left())
            .map_err(|it| a.fail(it))?;
        made(cx, text)
    }),
];

/// Kyverno looks a name up in DNS, which an evaluation that always gives the same answer can't; addresses it can judge.
fn is_external_url<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let host = host(a.text(0)?);
    let Ok(address) = host.parse::<IpAddr>() else {
        return Err(EvalError::Unsupported {
            function: "is_external_url",
            why: "the address has to be looked up in DNS, and evaluation has no network",
        });
    };
    let internal = match address {
        IpAddr::V4(it) => it.is_loopback() || it.is_private(),
        IpAddr::V6(it) => match it.to_ipv4_mapped() {
            Some(it) => it.is_loopback() || it.is_private(),
            None => it == Ipv6Addr::LOCALHOST || it.is_unique_local(),
        },
    };
    Ok(Val::Bool(!internal))
}

/// The host of a URL, without its port, user and brackets; empty if the URL has none.
fn host(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("//") else {
        return "";
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
    match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or("", |(it, _)| it),
        None => host.split_once(':').map_or(host, |(it, _)| it),
    }
}
