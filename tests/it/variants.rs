//! Overlays that make several policies of one file: what each of them says counts.

use crate::support::Repository;

const CONFIG: &str = "version: 1
environments: {prod: {overlays: [prod/*], enforcement: enforce}}
policies: {coverage: {min_rules: 0%}, builtin: off}
";

/// A policy of one file in two overlays, with what stands beside the kinds in its rule, and what each
/// overlay makes of it.
struct Variants<'a> {
    beside: &'a str,
    overlays: [&'a str; 2],
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n";

/// The lines of the verdict on a change of one file, or on its removal.
fn verdict(variants: &Variants<'_>, change: (&str, Option<&str>)) -> Vec<String> {
    let repository = Repository::new();
    let policy = format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: rule}}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [ConfigMap]{}}}}}]}}\n    validate: {{message: never, deny: {{}}}}\n",
        variants.beside
    );
    repository
        .write("tollgate.yaml", CONFIG)
        .write("policy/rule.yaml", &policy)
        .write("policy/kustomization.yaml", "resources: [rule.yaml]\n")
        .write("prod/app/kustomization.yaml", "resources: [map.yaml, other.yaml]\n")
        .write("prod/app/map.yaml", &format!("{MAP}data: {{a: b}}\n"))
        .write("prod/app/other.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\nspec: {ports: [{port: 80}]}\n")
        .write("prod/names/kustomization.yaml", "resources: [web.yaml]\n")
        .write("prod/names/web.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: web, labels: {tier: low}}\n");
    for (name, makes) in ["first", "second"].into_iter().zip(variants.overlays) {
        repository.write(
            &format!("prod/{name}/kustomization.yaml"),
            &format!("namePrefix: {name}-\nresources: [../../policy]\n{makes}"),
        );
    }
    let before = repository.commit("base");
    match change {
        (path, Some(text)) => repository.write(path, text),
        (path, None) => repository
            .delete(path)
            .write("prod/app/kustomization.yaml", "resources: [other.yaml]\n"),
    };
    let after = repository.commit("head");
    repository.check(&before, &after).lines()
}

/// A patch of what the rule is for.
fn patch(key: &str, value: &str) -> String {
    format!(
        "patches:\n- target: {{kind: ClusterPolicy}}\n  patch: |-\n    - {{op: add, path: /spec/rules/0/match/any/0/resources/{key}, value: {value}}}\n"
    )
}

#[test]
fn the_variant_that_a_new_label_of_a_namespace_brings_in_says_something_new() {
    let selects = patch("namespaceSelector", "{matchLabels: {tier: high}}");
    let high = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web, labels: {tier: high}}\n";
    for overlays in [["", &*selects], [&*selects, ""]] {
        let variants = Variants {
            beside: "",
            overlays,
        };
        let lines = verdict(&variants, ("prod/names/web.yaml", Some(high)));
        let (own, other) = match overlays[0] {
            "" => ("second", "first"),
            _ => ("first", "second"),
        };
        let want = [
            format!("deny policies/{own}-rule prod/app/map.yaml:1"),
            format!("waived policies/{other}-rule prod/app/map.yaml:1"),
            "refuse".to_owned(),
        ];
        assert_eq!(lines, want);
    }
}

#[test]
fn the_variant_that_is_for_deletions_is_asked_about_one() {
    let deletions = patch("operations", "[DELETE]");
    for overlays in [["", &*deletions], [&*deletions, ""]] {
        let variants = Variants {
            beside: "",
            overlays,
        };
        let lines = verdict(&variants, ("prod/app/map.yaml", None));
        assert_eq!(
            lines.last().map(String::as_str),
            Some("refuse"),
            "{lines:?}"
        );
    }
}

#[test]
fn what_one_variant_says_of_an_update_is_its_own() {
    let not_scored = "commonAnnotations: {policies.kyverno.io/scored: \"false\"}\n".to_owned()
        + &patch("operations", "[CREATE, UPDATE]");
    for overlays in [["", &*not_scored], [&*not_scored, ""]] {
        let variants = Variants {
            beside: ", operations: [UPDATE]",
            overlays,
        };
        let changed = format!("{MAP}data: {{a: c}}\n");
        let lines = verdict(&variants, ("prod/app/map.yaml", Some(&changed)));
        let (own, other) = match overlays[0] {
            "" => ("first", "second"),
            _ => ("second", "first"),
        };
        // The one that is for creations too says the same of BASE.
        let want = [
            format!("deny policies/{own}-rule prod/app/map.yaml:1"),
            format!("waived policies/{other}-rule prod/app/map.yaml:1"),
            "refuse".to_owned(),
        ];
        assert_eq!(lines, want);
    }
}
