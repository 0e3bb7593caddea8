//! Entries of a rule's context. Source: `validateRuleContext`.

use super::{get, given, list, refuse, text};
use crate::{
    context::find_variables,
    policy::{fields::Fault, shape::SOURCES},
};
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;
use tollgate_jmespath::Expression;
use tollgate_yaml::FieldPath;

/// Variables that are there without a context.
const DEFINED: [&str; 6] = [
    "images",
    "request",
    "serviceAccountName",
    "serviceAccountNamespace",
    "element",
    "elementIndex",
];

pub(super) fn vet(rule: &Value, at: &FieldPath, namespaced: bool) -> Result<(), Fault> {
    let entries = list(rule, "context");
    let at = at.key("context");
    if !entries.is_empty() && super::says(get(rule, "validate"), "cel") {
        return refuse(&at, "a rule in CEL has no context");
    }
    for (index, it) in entries.iter().enumerate() {
        entry(it, &at.index(index), namespaced)?;
    }
    Ok(())
}

fn entry(entry: &Value, at: &FieldPath, namespaced: bool) -> Result<(), Fault> {
    let name = text(entry, "name");
    if name.is_empty() {
        return refuse(at, "an entry of the context needs a name");
    }
    let taken =
        |it: &&str| name == *it || name.strip_prefix(it).is_some_and(|it| it.starts_with('.'));
    if let Some(defined) = DEFINED.iter().find(|it| taken(it)) {
        return refuse(
            &at.key("name"),
            format!("`{name}` is taken: `{defined}` is there without a context"),
        );
    }
    let sources: Vec<&&str> = SOURCES.iter().filter(|it| given(entry, it)).collect();
    let [source] = sources.as_slice() else {
        return refuse(
            at,
            format!("context entry `{name}` needs one of {}", SOURCES.join(", ")),
        );
    };
    let (it, at) = (get(entry, source), at.key(**source));
    let path = text(it, "jmesPath");
    match **source {
        "configMap" => {
            for key in ["name", "namespace"] {
                if text(it, key).is_empty() {
                    return refuse(&at, format!("a configMap needs a {key}"));
                }
            }
            return Ok(());
        }
        "apiCall" if !text(it, "urlPath").is_empty() && given(it, "service") => {
            return refuse(&at, "an apiCall may have only one of urlPath and service");
        }
        "globalReference" if namespaced => {
            return refuse(&at, "a Policy must not use globalReference");
        }
        "globalReference" if text(it, "name").is_empty() => {
            return refuse(&at, "a globalReference needs a name");
        }
        "imageRegistry" => {
            let reference = text(it, "reference");
            if reference.is_empty() {
                return refuse(&at, "an imageRegistry needs a reference");
            }
            if find_variables(reference).is_empty() && !is_reference(reference) {
                return refuse(
                    &at.key("reference"),
                    format!("`{reference}` is no reference to an image"),
                );
            }
        }
        "variable" => {
            if path.is_empty() && !given(it, "value") {
                return refuse(&at, "a variable needs a value or a jmesPath");
            }
            if path.is_empty() && given(it, "default") {
                return refuse(&at, "a default is for a variable with a jmesPath");
            }
        }
        _ => {}
    }
    query(path, &at.key("jmesPath"))
}

/// The name, tag and digest of an image. Source: `github.com/distribution/reference`.
static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
    let step = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
    Regex::new(&format!(
        r"^((?:{host}/)?{step}(?:/{step})*)(?::[0-9A-Za-z_][0-9A-Za-z_.-]{{0,127}})?(?:@({digest}))?$"
    ))
    .ok()
});

fn is_reference(text: &str) -> bool {
    let Some(parts) = REFERENCE.as_ref().and_then(|it| it.captures(text)) else {
        return false;
    };
    let is_known = |digest: &str| {
        let (algorithm, hex) = digest.split_once(':').unwrap_or((digest, ""));
        let digits = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return false,
        };
        hex.len() == digits && !hex.contains(|it: char| it.is_ascii_uppercase())
    };
    parts.get(1).is_some_and(|it| it.len() <= 255)
        && parts.get(2).is_none_or(|it| is_known(it.as_str()))
}

/// A query that no variable fills in.
fn query(query: &str, at: &FieldPath) -> Result<(), Fault> {
    if query.is_empty() || !find_variables(query).is_empty() {
        return Ok(());
    }
    match Expression::parse(query) {
        Ok(_) => Ok(()),
        Err(error) => refuse(at, format!("`{query}` is no JMESPath: {error}")),
    }
}
