//! Whose word on namespaces counts where a change updates, removes or relabels something.

use crate::support::Repository;

/// A path, and what stands there; nothing where it goes.
type Files<'a> = &'a [(&'a str, &'a str)];

/// Overlay `shared` is in no environment.
const CONFIG: &str = "version: 1
environments: {prod: {overlays: [prod, more], enforcement: enforce}}
policies: {coverage: {min_rules: 0%}, builtin: off}
";
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\nspec: {ports: [{port: 80}]}\n";
const LISTED: &str = "resources: [other.yaml, map.yaml]\n";
const UNLISTED: &str = "resources: [other.yaml]\n";

/// A rule for ConfigMaps, with what stands beside the kind.
fn policy(beside: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: rule}}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [ConfigMap]{beside}}}}}]}}\n    validate: {{message: never, deny: {{}}}}\n"
    )
}

fn map(namespace: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web{namespace}}}\ndata: {{a: {data}}}\n"
    )
}

fn namespace(name: &str, tier: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{tier: {tier}}}}}\n"
    )
}

/// The lines of the verdict on a change between two trees; what stands in the first one is in both.
fn verdict(policy: &str, base: Files<'_>, head: Files<'_>) -> Vec<String> {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", CONFIG)
        .write("policies/rule.yaml", policy)
        .write("prod/kustomization.yaml", UNLISTED)
        .write("prod/other.yaml", SERVICE);
    for folder in ["more", "shared"] {
        repository
            .write(&format!("{folder}/kustomization.yaml"), UNLISTED)
            .write(
                &format!("{folder}/other.yaml"),
                &SERVICE.replace("name: web", &format!("name: {folder}")),
            );
    }
    let before = repository.edit(base).commit("base");
    let after = repository.edit(head).commit("head");
    let mut lines = repository.check(&before, &after).lines();
    lines.retain(|it| !it.contains("renders/unmapped"));
    lines
}

#[test]
fn what_goes_is_judged_by_the_labels_before_and_after_whoever_gives_them() {
    let policy = policy(", operations: [DELETE], namespaceSelector: {matchLabels: {tier: gold}}");
    let (gold, tin) = (namespace("web", "gold"), namespace("web", "tin"));
    let map = map(", namespace: web", "b");
    let goes = [("prod/kustomization.yaml", UNLISTED), ("prod/map.yaml", "")];
    for (case, before, after, held) in [
        ("gold", &gold, &*gold, true),
        ("tin", &tin, &*tin, false),
        ("gold before", &gold, &*tin, true),
        ("gold after", &tin, &*gold, true),
    ] {
        // Another overlay of the environment says it, or one of none.
        for folder in ["more", "shared"] {
            let path = format!("{folder}/map.yaml");
            let listed = format!("{folder}/kustomization.yaml");
            let base = [
                ("prod/kustomization.yaml", LISTED),
                ("prod/map.yaml", &map),
                (&listed, LISTED),
                (&path, before),
            ];
            let head = [&goes[..], &[(&path, after)]].concat();
            let lines = verdict(&policy, &base, &head);
            let is_held = lines.last().is_some_and(|it| it == "refuse");
            assert_eq!(is_held, held, "{case}, in {folder}: {lines:?}");
        }
    }
}

#[test]
fn what_no_environment_has_says_what_the_labels_are_where_the_own_one_does_not() {
    let policy = policy(", namespaceSelector: {matchLabels: {tier: gold}}");
    let (gold, tin) = (namespace("web", "gold"), namespace("web", "tin"));
    let (map, changed) = (map(", namespace: web", "b"), map(", namespace: web", "c"));
    let new = [
        ("prod/kustomization.yaml", LISTED),
        ("prod/map.yaml", &*map),
    ];
    let in_shared = [&*gold, &*tin].map(|it| {
        [
            ("shared/kustomization.yaml", LISTED),
            ("shared/map.yaml", it),
        ]
    });
    let [in_gold, in_tin] = in_shared;
    let (refused, admitted, unknown) = (
        &["deny policies/rule prod/map.yaml:1", "refuse"][..],
        &["admit"][..],
        &["undecided prod: ConfigMap web/web (prod)", "undecided"][..],
    );
    let gone = [
        ("shared/kustomization.yaml", UNLISTED),
        ("shared/map.yaml", ""),
    ];
    for (case, base, head, want) in [
        ("in both", in_gold.to_vec(), new.to_vec(), refused),
        ("tin in both", in_tin.to_vec(), new.to_vec(), admitted),
        ("nowhere", vec![], new.to_vec(), unknown),
        ("new", vec![], [in_gold, new].concat(), refused),
        ("gone", in_gold.to_vec(), [gone, new].concat(), refused),
        (
            "the environment says something else",
            [
                in_gold,
                [
                    ("more/kustomization.yaml", LISTED),
                    ("more/map.yaml", &*tin),
                ],
            ]
            .concat(),
            new.to_vec(),
            admitted,
        ),
        // By BASE's labels it was as wrong before.
        (
            "an update",
            [in_gold, new].concat(),
            vec![("prod/map.yaml", &*changed)],
            &["waived policies/rule prod/map.yaml:1", "admit"],
        ),
    ] {
        assert_eq!(verdict(&policy, &base, &head), want, "{case}");
    }
}

#[test]
fn what_gives_no_namespace_is_judged_again_where_default_gets_other_labels() {
    let policy = policy(", namespaceSelector: {matchLabels: {tier: gold}}");
    let map = map("", "b");
    let (gold, tin) = (namespace("default", "gold"), namespace("default", "tin"));
    let base = [
        ("prod/kustomization.yaml", LISTED),
        ("prod/map.yaml", &*map),
        ("more/kustomization.yaml", LISTED),
        ("more/map.yaml", &tin),
    ];
    let lines = verdict(&policy, &base, &[("more/map.yaml", &gold)]);
    assert_eq!(lines, ["deny policies/rule prod/map.yaml:1", "refuse"]);
}

#[test]
fn an_update_of_what_may_be_anywhere_is_told_by_rules_for_updates_in_some_namespaces() {
    let (map, changed) = (map("", "b"), map("", "c"));
    let base = [
        ("prod/kustomization.yaml", LISTED),
        ("prod/map.yaml", &*map),
    ];
    for (operations, told) in [("UPDATE", true), ("CREATE", true), ("DELETE", false)] {
        let policy = policy(&format!(", operations: [{operations}], namespaces: [web]"));
        let lines = verdict(&policy, &base, &[("prod/map.yaml", &changed)]);
        let is_told = lines.iter().any(|it| it.contains("policies/namespace"));
        assert_eq!(is_told, told, "{operations}: {lines:?}");
    }
}

#[test]
fn a_removal_from_anywhere_is_told_by_rules_for_removals_in_some_namespaces() {
    let map = map("", "b");
    let base = [
        ("prod/kustomization.yaml", LISTED),
        ("prod/map.yaml", &*map),
    ];
    let head = [("prod/kustomization.yaml", UNLISTED), ("prod/map.yaml", "")];
    for (beside, want) in [
        (
            ", operations: [DELETE], namespaces: [web]",
            &["warn policies/namespace prod/map.yaml:1", "admit"][..],
        ),
        (", operations: [CREATE], namespaces: [web]", &["admit"]),
        (
            ", operations: [DELETE], names: [b], namespaces: [web]",
            &["admit"],
        ),
    ] {
        assert_eq!(verdict(&policy(beside), &base, &head), want, "{beside}");
    }
}

#[test]
fn a_config_map_without_a_namespace_is_in_default() {
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: rule}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {any: [{resources: {kinds: [ConfigMap], names: [c]}}]}\n    context: [{name: list, configMap: {name: web, namespace: default}}]\n    validate: {message: never, deny: {conditions: {any: [{key: \"{{ list.data.a }}\", operator: Equals, value: bad}]}}}\n";
    let user = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: web}\n";
    for (data, want) in [
        ("good", &["admit"][..]),
        ("bad", &["deny policies/rule prod/c.yaml:1", "refuse"]),
    ] {
        let list = map("", data);
        let base = [
            ("prod/kustomization.yaml", LISTED),
            ("prod/map.yaml", &*list),
        ];
        let all = "resources: [other.yaml, map.yaml, c.yaml]\n";
        let head = [("prod/kustomization.yaml", all), ("prod/c.yaml", user)];
        assert_eq!(verdict(policy, &base, &head), want, "{data}");
    }
}
