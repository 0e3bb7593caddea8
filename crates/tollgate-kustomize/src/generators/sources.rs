//! Where generators take their data from: env files, literals, files, in this order.
//! Source: `api/kv/kv.go`.

use crate::{
    build::Scope,
    error::BuildError,
    kustomization::{GeneratorArgs, Text},
};
use std::sync::Arc;
use tollgate_yaml::{Origin, Span};

/// One entry of the data.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<str>,
    pub(super) value: Arc<[u8]>,
    pub(super) origin: Origin,
}

/// All data of a generator, in kustomize's order.
pub(super) fn load(args: &GeneratorArgs, scope: &Scope<'_>) -> Result<Vec<Pair>, BuildError> {
    let mut pairs = Vec::new();
    for entry in &args.envs {
        pairs.extend(env_file(entry, scope)?);
    }
    for entry in &args.literals {
        pairs.push(literal(entry)?);
    }
    for entry in &args.files {
        pairs.push(file(entry, scope)?);
    }
    Ok(pairs)
}

/// `KEY=value` lines; each is blamed on its own line.
fn env_file(entry: &Text, scope: &Scope<'_>) -> Result<Vec<Pair>, BuildError> {
    let source = scope.text(entry)?;
    let mut pairs = Vec::new();
    let mut offset = 0;
    for (number, whole) in source.text.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += whole.len();
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let end = start + line.len();
        let line = match number {
            0 => line.strip_prefix('\u{feff}').unwrap_or(line),
            _ => line,
        };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if key.is_empty() {
            // kustomize takes a line without a key for an empty one.
            continue;
        }
        pairs.push(Pair {
            key: Arc::from(key),
            value: Arc::from(value.as_bytes()),
            origin: Origin::Authored(Span::new(source.file, start, end)),
        });
    }
    Ok(pairs)
}

/// `key=value`, where the value may stand in quotes.
fn literal(entry: &Text) -> Result<Pair, BuildError> {
    let Some((key, value)) = entry.split_once('=').filter(|it| !it.0.is_empty()) else {
        return Err(BuildError::new(
            entry.span,
            format!("`{}` is not of the form `key=value`", entry.value),
        ));
    };
    let unquoted = ['"', '\''].into_iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?;
        inner.strip_suffix(quote)
    });
    Ok(Pair {
        key: Arc::from(key),
        value: Arc::from(unquoted.unwrap_or(value).as_bytes()),
        origin: Origin::Derived {
            by: entry.span,
            over: None,
        },
    })
}

/// `[key=]path`: the file's content, blamed on the file where it is text.
fn file(entry: &Text, scope: &Scope<'_>) -> Result<Pair, BuildError> {
    let (key, path) = match entry.split_once('=') {
        None => (base_name(entry), &**entry),
        Some((key, path)) => {
            let wrong = if key.is_empty() {
                "names no key"
            } else if path.is_empty() {
                "names no file"
            } else if path.contains('=') {
                "holds `=` more than once"
            } else {
                ""
            };
            if !wrong.is_empty() {
                return Err(
                    BuildError::new(entry.span, format!("`{}` {wrong}", entry.value))
                        .help("write `path` or `key=path`"),
                );
            }
            (key, path)
        }
    };
    let path = Text {
        value: Arc::from(path),
        ..entry.clone()
    };
    let bytes = scope.bytes(&path)?;
    let origin = match scope.text(&path) {
        Ok(source) => Origin::Authored(Span::new(source.file, 0, source.text.len())),
        Err(_) => Origin::Derived {
            by: entry.span,
            over: None,
        },
    };
    Ok(Pair {
        key: Arc::from(key),
        value: bytes,
        origin,
    })
}

/// The last part of a path, slashes at the end left out.
fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or("")
}
