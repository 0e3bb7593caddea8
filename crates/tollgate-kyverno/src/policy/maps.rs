//! The ConfigMaps that a rule reads.

use super::{Body, Check, Foreach, Rule};
use crate::context::{ContextEntry, Source, Template};
use serde_json::Value;
use std::collections::BTreeMap;
use tollgate_jmespath::wildcard;

impl Rule {
    /// Whether it reads ConfigMaps.
    pub fn reads_config_maps(&self) -> bool {
        !config_maps(&self.body).is_empty()
    }

    /// Whether the object decides which ConfigMap the rule reads, and could choose one of these, which are
    /// by namespace and name.
    pub fn chooses_among(&self, maps: &BTreeMap<(String, String), Value>) -> bool {
        config_maps(&self.body)
            .into_iter()
            .any(|(name, namespace)| {
                let chooses = !(name.is_static() && namespace.is_static());
                let (name, namespace) = (any(name), any(namespace));
                chooses
                    && maps.keys().any(|it| {
                        wildcard::matches(&namespace, &it.0) && wildcard::matches(&name, &it.1)
                    })
            })
    }
}

/// A text in which whatever is filled in may be anything.
fn any(template: &Template) -> String {
    let text = template.value().as_str().unwrap_or("*");
    match (text.find("{{"), text.rfind("}}")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}*{}", &text[..start], &text[end + 2..])
        }
        _ if template.is_static() => text.to_owned(),
        _ => "*".to_owned(),
    }
}

/// Names and namespaces.
fn config_maps(body: &Body) -> Vec<(&Template, &Template)> {
    let mut found = Vec::new();
    in_entries(&body.context, &mut found);
    if let Check::Validate(it) = &body.check {
        in_loops(&it.test.foreach, &mut found);
    }
    found
}

fn in_loops<'b>(loops: &'b [Foreach], found: &mut Vec<(&'b Template, &'b Template)>) {
    for it in loops {
        in_entries(&it.context, found);
        in_loops(&it.test.foreach, found);
    }
}

fn in_entries<'b>(entries: &'b [ContextEntry], found: &mut Vec<(&'b Template, &'b Template)>) {
    for it in entries {
        if let Source::ConfigMap { name, namespace } = &it.source {
            found.push((name, namespace));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::load_text;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn a_rule_whose_config_map_hangs_on_the_object_may_choose_what_fits_the_rest_of_its_name() {
        let map = |name: &str, namespace: &str| {
            format!(
                "context: [{{name: m, configMap: {{name: \"{name}\", namespace: \"{namespace}\"}}}}]"
            )
        };
        let deny = "validate: {message: never, deny: {conditions: {any: [{key: a, operator: Equals, value: b}]}}}";
        let looped = |context: &str| {
            format!(
                "validate: {{message: never, foreach: [{{list: request.object.spec.l, {context}, deny: {{}}}}]}}"
            )
        };
        for (context, check, reads, chooses) in [
            (String::new(), deny.to_owned(), false, false),
            (map("web", "team"), deny.to_owned(), true, false),
            (
                map("{{ request.object.metadata.name }}", "team"),
                deny.to_owned(),
                true,
                true,
            ),
            (
                map("web", "{{ request.namespace }}"),
                deny.to_owned(),
                true,
                true,
            ),
            (
                map("web", "in-{{ request.namespace }}"),
                deny.to_owned(),
                true,
                false,
            ),
            (
                map("w{{ request.operation }}{{ request.namespace }}b", "team"),
                deny.to_owned(),
                true,
                true,
            ),
            (
                map("w{{ request.namespace }}c", "team"),
                deny.to_owned(),
                true,
                false,
            ),
            (
                map("{{ request.namespace }}", "other"),
                deny.to_owned(),
                true,
                false,
            ),
            (
                String::new(),
                looped(&map("{{ element }}", "team")),
                true,
                true,
            ),
            (
                "context: [{name: m, apiCall: {urlPath: \"/api/v1/{{ request.namespace }}\"}}]"
                    .to_owned(),
                deny.to_owned(),
                false,
                false,
            ),
        ] {
            let text = format!(
                "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [Thing]}}}}]}}\n    {context}\n    {check}\n"
            );
            let loaded = load_text(&text);
            assert!(loaded.problems.is_empty(), "{:?} {text}", loaded.problems);
            let rule = &loaded.policies.policies()[0].rules[0];
            let maps = BTreeMap::from([(("team".to_owned(), "web".to_owned()), json!({}))]);
            assert_eq!(rule.reads_config_maps(), reads, "{text}");
            assert_eq!(rule.chooses_among(&maps), chooses, "{text}");
            assert!(!rule.chooses_among(&BTreeMap::new()), "{text}");
        }
    }
}
