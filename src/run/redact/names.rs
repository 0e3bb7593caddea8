//! Names that hold a value: a replacement copies one into `metadata.name`, or a Secret has one for a key.
//! They are taken out of the names of resources and of fields wherever an answer has one, so that all
//! reports call a resource the same; paths, environments and rules are never touched, because they say
//! what is asked of a change.

use super::{REDACTED, Shield};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Keys of answers that name a field of a resource.
const FIELDS: [&str; 2] = ["field", "missing"];

/// What stands for each value, in the order in which they are met: two names stay two.
#[derive(Default)]
struct Stands(BTreeMap<String, String>);

impl Stands {
    fn of(&mut self, value: &str) -> &str {
        let next = match self.0.len() {
            0 => REDACTED.to_owned(),
            n => format!("[redacted-{}]", n + 1),
        };
        self.0.entry(value.to_owned()).or_insert(next)
    }
}

impl Shield {
    /// An answer without values in its names. One that cannot be gone through is left as it is, which
    /// does not happen to what is sent as JSON anyway.
    pub(in crate::run) fn names<T: Serialize + DeserializeOwned>(&self, answer: &mut T) {
        if self.names.is_empty() {
            return;
        }
        let Ok(mut json) = serde_json::to_value(&*answer) else {
            return;
        };
        self.walk(&mut json, &mut Stands::default());
        if let Ok(it) = serde_json::from_value(json) {
            *answer = it;
        }
    }

    fn walk(&self, json: &mut Value, stands: &mut Stands) {
        match json {
            Value::Array(items) => items.iter_mut().for_each(|it| self.walk(it, stands)),
            Value::Object(map) => {
                let is_resource = is_resource(map);
                for (key, value) in map.iter_mut() {
                    let is_name = is_resource && matches!(&**key, "name" | "namespace");
                    match value {
                        Value::String(text) if is_name || FIELDS.contains(&&**key) => {
                            self.name(text, stands);
                        }
                        _ => self.walk(value, stands),
                    }
                }
            }
            _ => {}
        }
    }

    fn name(&self, text: &mut String, stands: &mut Stands) {
        for range in self.names.find(text).into_iter().rev() {
            let value = text.get(range.clone()).unwrap_or_default().to_owned();
            text.replace_range(range, stands.of(&value));
        }
    }
}

/// Whether an object is the key of a resource.
fn is_resource(map: &Map<String, Value>) -> bool {
    ["api_version", "kind", "name"]
        .iter()
        .all(|it| map.contains_key(*it))
}

#[cfg(test)]
mod tests {
    use super::super::{Found, Side};
    use crate::model::ResourceKey;
    use tollgate_yaml::Sources;

    fn named(name: &str) -> ResourceKey {
        ResourceKey {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            namespace: None,
            name: name.to_owned(),
        }
    }

    fn names(replacement: &str, names: &[&str]) -> Vec<String> {
        let sources = Sources::new();
        sources.add(
            "s.yaml",
            "kind: Secret\nstringData: {a: hunter2-a, b: hunter2-b}\n",
        );
        sources.add("kustomization.yaml", replacement);
        let shield = Found::in_sources(&sources, Side::Head).into_shield();
        let mut keys: Vec<ResourceKey> = names.iter().map(|it| named(it)).collect();
        shield.names(&mut keys);
        keys.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_value_that_a_replacement_copies_into_a_name_is_not_shown() {
        let into = |field: &str| {
            format!(
                "replacements:\n- source: {{kind: Secret, fieldPath: stringData.a}}\n  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [{field}]}}]\n"
            )
        };
        let copied = ["web", "x-hunter2-a", "hunter2-b", "hunter2-a"];
        assert_eq!(
            names(&into("metadata.name"), &copied),
            ["web", "x-[redacted]", "[redacted-2]", "[redacted]"]
        );
        assert_eq!(names(&into("data.a"), &copied), copied);
        let other = into("metadata.name").replace("kind: Secret", "kind: ConfigMap");
        assert_eq!(names(&other, &copied), copied);
        assert_eq!(names("resources: []\n", &copied), copied);
    }

    #[test]
    fn a_key_that_no_secret_can_have_is_shown_nowhere() {
        let sources = Sources::new();
        sources.add(
            "s.yaml",
            "kind: Secret\nstringData: {hunter2 by mistake: x}\n",
        );
        let shield = Found::in_sources(&sources, Side::Head).into_shield();
        let mut json =
            serde_json::json!({"field": "data.hunter2 by mistake", "path": "hunter2 by mistake"});
        shield.names(&mut json);
        let want = serde_json::json!({"field": "data.[redacted]", "path": "hunter2 by mistake"});
        assert_eq!(json, want);
        let mut text = "`data.hunter2 by mistake` is no key".to_owned();
        shield.other_text(&mut text);
        assert_eq!(text, "`data.[redacted]` is no key");
    }

    #[test]
    fn a_file_of_a_generator_that_is_not_there_may_be_a_value() {
        let of = |other: &str| {
            let sources = Sources::new();
            let text = "secretGenerator: [{name: a, files: [Hunter2Canary.txt, tls.crt]}]\n";
            sources.add("o/kustomization.yaml", text);
            sources.add(other, "a: b\n");
            let shield = Found::in_sources(&sources, Side::Head).into_shield();
            let mut text = "there is no file `o/Hunter2Canary.txt`, and no `o/tls.crt`".to_owned();
            shield.other_text(&mut text);
            text
        };
        assert_eq!(
            of("x.yaml"),
            "there is no file `o/[redacted]`, and no `o/tls.crt`"
        );
        assert!(of("o/Hunter2Canary.txt").contains("`o/Hunter2Canary.txt`"));
    }
}
