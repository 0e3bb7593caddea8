//! Kyverno's functions that decode, encode and digest.

use super::{Arguments, Function, TEXT, function, text::made};
use crate::{context::Context, eval::Outcome, semver_range, value::Val, x509};
use data_encoding::{BASE64, Encoding, HEXLOWER, Specification};
use sha2::Digest;
use std::sync::LazyLock;
use tollgate_yaml::{Dialect, Limits, Span};

pub(super) const TABLE: &[Function] = &[
    function("base64_decode", &[TEXT], base64_decode),
    function("base64_encode", &[TEXT], |cx, a| {
        made(cx, BASE64.encode(a.text(0)?.as_bytes()))
    }),
    function("parse_json", &[TEXT], |cx, a| {
        cx.steps(a.text(0)?.len() / 8)?;
        let value = serde_json::from_str(a.text(0)?)
            .map_err(|it| a.fail(format!("the text is not JSON: {it}")))?;
        Val::owned(&value, cx)
    }),
    function("parse_yaml", &[TEXT], parse_yaml),
    function("sha256", &[TEXT], |cx, a| {
        let digest = sha2::Sha256::digest(a.text(0)?.as_bytes());
        made(cx, HEXLOWER.encode(&digest))
    }),
    function("sha1", &[TEXT], |cx, a| {
        let digest = sha1::Sha1::digest(a.text(0)?.as_bytes());
        made(cx, HEXLOWER.encode(&digest))
    }),
    function("md5", &[TEXT], |cx, a| {
        let digest = md5::Md5::digest(a.text(0)?.as_bytes());
        made(cx, HEXLOWER.encode(&digest))
    }),
    function("semver_compare", &[TEXT, TEXT], |cx, a| {
        cx.steps(a.text(1)?.len() / 4)?;
        let version = a.text(0)?;
        if !semver_range::is_version(version) {
            let shown: String = version.chars().take(60).collect();
            cx.doubt(format!(
                "semver_compare was asked about `{shown}`, which is no version such as 1.2.3: Kyverno takes it for 0.0.0"
            ));
        }
        semver_range::satisfies(version, a.text(1)?)
            .map(Val::Bool)
            .map_err(|it| a.fail(it))
    }),
    function("x509_decode", &[TEXT], |cx, a| {
        cx.steps(1_000 + a.text(0)?.len() / 8)?;
        let value = x509::decode(a.text(0)?).map_err(|it| a.fail(it))?;
        Val::owned(&value, cx)
    }),
];

/// Go's standard encoding: line breaks are skipped, the padding's unused bits are not looked at.
static GO_BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification: Specification = BASE64.specification();
    specification.check_trailing_bits = false;
    specification.ignore.push_str("\r\n");
    specification.encoding().unwrap_or(BASE64)
});

fn base64_decode<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let bytes = GO_BASE64
        .decode(a.text(0)?.as_bytes())
        .map_err(|it| a.fail(format!("the text is not base64: {it}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| a.fail("the decoded bytes are not text, which an expression can't hold"))?;
    made(cx, text)
}

/// The first document, read as Kubernetes reads YAML.
fn parse_yaml<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let text = a.text(0)?;
    cx.steps(text.len() / 8)?;
    let limits = Limits {
        bytes: 4 << 20,
        depth: 100,
        nodes: 200_000,
        ..Limits::default()
    };
    let fail = |it: tollgate_yaml::YamlError| a.fail(format!("the text is not YAML: {it}"));
    let documents =
        tollgate_yaml::parse(text, Span::NONE.file, Dialect::Sigs, &limits).map_err(fail)?;
    let Some(first) = documents.first() else {
        return Ok(Val::Null);
    };
    Val::owned(&first.to_json().map_err(fail)?, cx)
}
