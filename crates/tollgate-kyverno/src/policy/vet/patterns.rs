//! Patterns. Source: `pkg/policy/common` and `pkg/validation/policy/validate.go`.

use super::{NULL, get, list, refuse};
use crate::{
    pattern::{Anchor, Modifier},
    policy::fields::Fault,
};
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;
use tollgate_yaml::FieldPath;

/// Anchors in a pattern; none where `validates` is false. Source: `ValidatePattern`.
pub(super) fn anchors(pattern: &Value, at: &FieldPath, validates: bool) -> Result<(), Fault> {
    match pattern {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, it)| anchors(it, &at.index(index), validates)),
        Value::Object(map) => map.iter().try_for_each(|(key, value)| {
            let at = at.key(key.as_str());
            if let Some(anchor) = Anchor::parse(key) {
                if !validates || anchor.modifier == Modifier::AddIfNotPresent {
                    return refuse(&at, format!("`{key}` is no anchor for this kind of rule"));
                }
                let is_list = value.as_array().is_some_and(|it| !it.is_empty());
                if anchor.modifier == Modifier::Existence && !is_list {
                    return refuse(&at, format!("`{key}` needs a list with an element"));
                }
            }
            anchors(value, &at, validates)
        }),
        _ => Ok(()),
    }
}

/// Whether the patterns and patches of a rule look at metadata and nothing else. Source:
/// `ruleOnlyDealsWithResourceMetaData`.
pub(super) fn only_metadata(rule: &Value) -> bool {
    let plain = |pattern: &Value| {
        let mut keys = pattern.as_object().into_iter().flatten();
        keys.all(|it| it.0 == "metadata")
    };
    let (mutate, validate) = (get(rule, "mutate"), get(rule, "validate"));
    // Upstream reads the patch as JSON here: in YAML it is none.
    let patches: Option<Vec<Value>> =
        serde_json::from_str(super::text(mutate, "patchesJson6902")).ok();
    let in_metadata = |it: &Value| {
        let path = get(it, "path").as_str().unwrap_or_default();
        path.starts_with("/metadata")
    };
    plain(get(mutate, "patchStrategicMerge"))
        && patches.iter().flatten().all(in_metadata)
        && plain(get(validate, "pattern"))
        && list(validate, "anyPattern").iter().all(plain)
}

/// Source: `wildCardAllowedVariables`.
static FOR_ANY_KIND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\{\{\s*(request\.|serviceAccountName|serviceAccountNamespace)[^{}]*\}\}").ok()
});

/// Whether the key of a condition can be asked of any kind.
pub(super) fn is_for_any_kind(key: &str) -> bool {
    FOR_ANY_KIND.as_ref().is_some_and(|it| it.is_match(key))
}

/// Labels and annotations are text. Source: `isLabelAndAnnotationsString`, which looks at the first
/// pattern of a loop alone, and at one of `metadata` and `spec`, whichever comes first in a map
/// without order: what can pass passes.
pub(super) fn metadata_is_text(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let first_loop = |part: &'static str, key: &'static str| {
        let loops = list(get(rule, part), "foreach");
        let found = loops.iter().position(|it| get(it, key).is_object());
        found.map(|index| {
            let at = at.key(part).key("foreach").index(index).key(key);
            (get(&loops[index], key), at)
        })
    };
    let mut patterns = Vec::new();
    for (part, key) in [("validate", "pattern"), ("mutate", "patchStrategicMerge")] {
        if super::given(get(rule, part), "foreach") {
            patterns.extend(first_loop(part, key));
        } else {
            patterns.push((get(get(rule, part), key), at.key(part).key(key)));
        }
    }
    let validate = get(rule, "validate");
    if !super::given(validate, "foreach") && !get(validate, "pattern").is_object() {
        for (index, it) in list(validate, "anyPattern").iter().enumerate() {
            patterns.push((it, at.key("validate").key("anyPattern").index(index)));
        }
    }
    for (pattern, at) in patterns {
        let own = pattern.get("metadata").filter(|it| it.is_object());
        let template = pattern.pointer("/spec/template/metadata").unwrap_or(&NULL);
        let looked_at = [own, pattern.get("spec").map(|_| template)];
        let mut looked_at = looked_at.into_iter().flatten().peekable();
        if looked_at.peek().is_some() && looked_at.all(|it| !texts(it)) {
            return refuse(
                &at,
                "labels and annotations must be text: put quotes around their values",
            );
        }
    }
    Ok(())
}

fn texts(metadata: &Value) -> bool {
    let maps = ["labels", "annotations"].into_iter();
    maps.filter_map(|it| get(metadata, it).as_object())
        .all(|it| it.values().all(Value::is_string))
}
