//! What BASE has of a resource, by what a cluster tells one object from another: what was asked of an update
//! is asked whatever key the change gives the resource, and what was known stays known.

use crate::support::{Repository, Verdict};

/// A path, and what stands there; nothing where it goes.
type Files<'a> = &'a [(&'a str, &'a str)];

const CONFIG: &str = "version: 1
environments:
  prod: {overlays: [prod/*], enforcement: enforce}
  dev: {overlays: [dev], enforcement: enforce}
policies: {coverage: {min_rules: 0%}, builtin: off}
";
const ONE: &str = "resources: [one.yaml]\n";
const BOTH: &str = "resources: [one.yaml, two.yaml]\n";
const TWO: &str = "resources: [two.yaml]\n";

fn verdict(config: &str, base: Files<'_>, head: Files<'_>) -> Verdict {
    let repository = Repository::new();
    repository.write("tollgate.yaml", config);
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\nspec: {ports: [{port: 80}]}\n";
    for folder in ["prod/a", "prod/b", "dev"] {
        repository
            .write(&format!("{folder}/kustomization.yaml"), ONE)
            .write(&format!("{folder}/one.yaml"), service);
    }
    let before = repository.edit(base).commit("base");
    let after = repository.edit(head).commit("head");
    repository.check(&before, &after)
}

/// A rule that refuses that the label `owner` of what is there changes.
const KEEPS: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: keeps}
spec:
  background: false
  rules:
  - name: r
    match: {any: [{resources: {kinds: [ConfigMap, HorizontalPodAutoscaler], operations: [UPDATE]}}]}
    validate:
      message: the owner stays
      deny: {conditions: {any: [{key: \"{{ request.object.metadata.labels.owner }}\", operator: NotEquals, value: \"{{ request.oldObject.metadata.labels.owner }}\"}]}}
";

fn map(owner: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web{more}, labels: {{owner: {owner}}}}}\n"
    )
}

fn scaler(version: &str, owner: &str) -> String {
    format!(
        "apiVersion: autoscaling/{version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web, namespace: web, labels: {{owner: {owner}}}}}\nspec: {{maxReplicas: 2, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}\n"
    )
}

#[test]
fn an_object_is_updated_whatever_its_overlay_version_and_spelled_namespace_are() {
    let (ann, bob) = (map("ann", ""), map("bob", ""));
    let in_default = map("bob", ", namespace: default");
    let was_in_default = map("ann", ", namespace: default");
    let in_web = map("bob", ", namespace: web");
    let role = |owner: &str, more: &str| {
        map(owner, more).replace(
            "apiVersion: v1\nkind: ConfigMap",
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole",
        )
    };
    let roles = KEEPS.replace("[ConfigMap,", "[ClusterRole,");
    let (first, second) = (scaler("v1", "ann"), scaler("v2", "bob"));
    let same = scaler("v2", "ann");
    let two = "prod/a/two.yaml";
    let listed = ("prod/a/kustomization.yaml", BOTH);
    let moved = ("prod/a/kustomization.yaml", ONE);
    let there = ("prod/b/kustomization.yaml", BOTH);
    let (wide, narrow) = (role("ann", ""), role("bob", ", namespace: web"));
    for (case, policy, base, head, decision) in [
        (
            "a namespace is written",
            KEEPS,
            &[listed, (two, &*ann)][..],
            &[(two, &*in_default)][..],
            "refuse",
        ),
        (
            "a namespace is left out",
            KEEPS,
            &[listed, (two, &was_in_default)],
            &[(two, &bob)],
            "refuse",
        ),
        (
            "another namespace",
            KEEPS,
            &[listed, (two, &ann)],
            &[(two, &in_web)],
            "admit",
        ),
        (
            "a namespace that the kind has not",
            &roles,
            &[listed, (two, &wide)],
            &[(two, &narrow)],
            "refuse",
        ),
        (
            "another version",
            KEEPS,
            &[listed, (two, &first)],
            &[(two, &second)],
            "refuse",
        ),
        (
            "another version alone",
            KEEPS,
            &[listed, (two, &first)],
            &[(two, &same)],
            "admit",
        ),
        (
            "another overlay",
            KEEPS,
            &[listed, (two, &ann)],
            &[moved, (two, ""), there, ("prod/b/two.yaml", &bob)],
            "refuse",
        ),
        (
            "another overlay alone",
            KEEPS,
            &[listed, (two, &ann)],
            &[moved, (two, ""), there, ("prod/b/two.yaml", &ann)],
            "admit",
        ),
        (
            "another overlay beside the old one",
            KEEPS,
            &[listed, (two, &ann)],
            &[there, ("prod/b/two.yaml", &in_default)],
            "refuse",
        ),
        (
            "another environment",
            KEEPS,
            &[listed, (two, &ann)],
            &[("dev/kustomization.yaml", BOTH), ("dev/two.yaml", &bob)],
            "admit",
        ),
        (
            "what the overlay itself had, and not what another one has",
            KEEPS,
            &[listed, (two, &bob), there, ("prod/b/two.yaml", &ann)],
            &[(two, &in_default)],
            "admit",
        ),
        (
            "nothing before",
            KEEPS,
            &[],
            &[listed, (two, &bob)],
            "admit",
        ),
    ]
        as [(&str, &str, Files<'_>, Files<'_>, &str); 12]
    {
        let base = [&[("policies/keeps.yaml", policy)], base].concat();
        let verdict = verdict(CONFIG, &base, head);
        assert_eq!(
            verdict.decision(),
            decision,
            "{case}: {:?}",
            verdict.lines()
        );
    }
}

/// A rule that refuses any ConfigMap without an owner.
const OWNED: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: owned}
spec:
  background: false
  rules:
  - name: r
    match: {any: [{resources: {kinds: [ConfigMap]}}]}
    validate: {message: an owner is missing, pattern: {metadata: {labels: {owner: \"?*\"}}}}
";

#[test]
fn what_is_wrong_in_base_is_known_where_the_same_object_gets_another_key() {
    let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n";
    let placed = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: default}\ndata: {a: c}\n";
    let elsewhere = placed.replace("default", "web");
    let two = "prod/a/two.yaml";
    let listed = ("prod/a/kustomization.yaml", BOTH);
    let moved = ("prod/a/kustomization.yaml", ONE);
    let there = ("prod/b/kustomization.yaml", BOTH);
    let base = [("policies/owned.yaml", OWNED), listed, (two, plain)];
    for (case, head, lines) in [
        (
            "its namespace is written",
            &[(two, placed)][..],
            ["waived policies/owned prod/a/two.yaml:3", "admit"],
        ),
        (
            "another overlay has it",
            &[moved, (two, ""), there, ("prod/b/two.yaml", placed)],
            ["waived policies/owned prod/b/two.yaml:3", "admit"],
        ),
        // Two clusters may be one environment.
        (
            "another overlay has it too",
            &[there, ("prod/b/two.yaml", placed)],
            ["deny policies/owned prod/b/two.yaml:3", "refuse"],
        ),
        (
            "another namespace has it",
            &[(two, &elsewhere)],
            ["deny policies/owned prod/a/two.yaml:3", "refuse"],
        ),
    ] as [(&str, Files<'_>, [&str; 2]); 4]
    {
        assert_eq!(verdict(CONFIG, &base, head).lines(), lines, "{case}");
    }
}

#[test]
fn what_two_overlays_had_is_known_where_it_was_wrong_in_both() {
    let wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
    let right = map("ann", "");
    let listed = |folder: &str| format!("prod/{folder}/kustomization.yaml");
    for (second, decision) in [(wrong, "admit"), (&right, "refuse")] {
        let base = [
            ("policies/owned.yaml", OWNED),
            (&listed("a"), BOTH),
            ("prod/a/two.yaml", wrong),
            (&listed("b"), BOTH),
            ("prod/b/two.yaml", second),
        ];
        let head = [
            (&*listed("a"), ONE),
            ("prod/a/two.yaml", ""),
            (&listed("b"), ONE),
            ("prod/b/two.yaml", ""),
            (&listed("c"), TWO),
            ("prod/c/two.yaml", wrong),
        ];
        assert_eq!(
            verdict(CONFIG, &base, &head).decision(),
            decision,
            "{second}"
        );
    }
}

/// A rule that refuses ConfigMaps called `c-...` whose image is not in a list that another one has.
fn listed_in(name: &str, namespace: &str) -> String {
    format!("apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: listed}}
spec:
  background: false
  rules:
  - name: r
    match: {{any: [{{resources: {{kinds: [ConfigMap], names: [c-*]}}}}]}}
    context: [{{name: list, configMap: {{name: \"{name}\", namespace: \"{namespace}\"}}}}]
    validate:
      message: not in the list
      deny: {{conditions: {{any: [{{key: \"{{{{ request.object.data.image }}}}\", operator: AnyNotIn, value: \"{{{{ list.data.images | parse_json(@) }}}}\"}}]}}}}
")
}

fn list(name: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: team}}\ndata: {{images: '[\"{image}\"]'}}\n"
    )
}

fn user(team: &str, namespace: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c-{team}, namespace: {namespace}, labels: {{team: {team}}}}}\ndata: {{image: {image}}}\n"
    )
}

#[test]
fn a_rule_that_the_change_leaves_without_its_config_map_is_no_gap_of_base() {
    let by_team = listed_in("{{ request.object.metadata.labels.team }}", "team");
    let by_namespace = listed_in("red", "{{ request.namespace }}");
    let fixed = listed_in("red", "team");
    let elsewhere = listed_in("lists", "{{ request.namespace }}");
    let red = list("red", "good");
    let evil = list("red", "evil");
    let user = user;
    let (new, path) = (
        (
            "prod/a/kustomization.yaml",
            "resources: [one.yaml, two.yaml, three.yaml]\n",
        ),
        "prod/a/three.yaml",
    );
    let undecided = |name: &str| {
        vec![
            format!("undecided prod: ConfigMap {name} (prod/a)"),
            "undecided".to_owned(),
        ]
    };
    let (ok, bad) = (user("red", "team", "good"), user("red", "team", "evil"));
    let (other, far) = (user("blue", "team", "evil"), user("red", "far", "evil"));
    let refused = vec![
        "deny policies/listed prod/a/three.yaml:4".to_owned(),
        "refuse".to_owned(),
    ];
    let admitted = vec!["admit".to_owned()];
    let told = vec![
        "warn policies/listed policies/listed.yaml:7".to_owned(),
        "admit".to_owned(),
    ];
    for (case, policy, head, lines) in [
        (
            "it is there, and lets it",
            &by_team,
            &[new, (path, &*ok)][..],
            admitted.clone(),
        ),
        (
            "it is there",
            &by_team,
            &[new, (path, &bad)],
            refused.clone(),
        ),
        (
            "a label names another",
            &by_team,
            &[new, (path, &other)],
            undecided("team/c-blue"),
        ),
        (
            "a namespace has another",
            &by_namespace,
            &[new, (path, &far)],
            undecided("far/c-red"),
        ),
        (
            "no namespace has one",
            &elsewhere,
            &[new, (path, &far)],
            told.clone(),
        ),
        (
            "it goes, and let it",
            &fixed,
            &[
                (
                    "prod/a/kustomization.yaml",
                    "resources: [one.yaml, three.yaml]\n",
                ),
                ("prod/a/two.yaml", ""),
                (path, &ok),
            ],
            undecided("team/c-red"),
        ),
        (
            "it goes, and refused it",
            &fixed,
            &[
                (
                    "prod/a/kustomization.yaml",
                    "resources: [one.yaml, three.yaml]\n",
                ),
                ("prod/a/two.yaml", ""),
                (path, &bad),
            ],
            refused.clone(),
        ),
        (
            "it changes to let it",
            &fixed,
            &[new, ("prod/a/two.yaml", &*evil), (path, &bad)],
            refused.clone(),
        ),
        (
            "it changes not to let it",
            &fixed,
            &[new, ("prod/a/two.yaml", &*evil), (path, &ok)],
            refused.clone(),
        ),
    ] as [(&str, &String, Files<'_>, Vec<String>); 9]
    {
        let base = [
            ("policies/listed.yaml", policy.as_str()),
            ("prod/a/kustomization.yaml", BOTH),
            ("prod/a/two.yaml", &red),
        ];
        assert_eq!(verdict(CONFIG, &base, head).lines(), lines, "{case}");
    }
}

#[test]
fn what_goes_to_default_goes_from_where_it_may_have_been() {
    let strict = CONFIG.replace("enforce}", "strict}");
    let policy = |beside: &str| {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: keep}}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [ConfigMap], operations: [DELETE]{beside}}}}}]}}\n    validate: {{message: keep it, deny: {{}}}}\n"
        )
    };
    let (web, any) = (policy(", namespaces: [web]"), policy(""));
    let plain = map("ann", "");
    let placed = map("ann", ", namespace: default");
    let elsewhere = map("ann", ", namespace: other");
    let changed = map("bob", "");
    let two = "prod/a/two.yaml";
    let listed = ("prod/a/kustomization.yaml", BOTH);
    let warned = &["deny policies/namespace prod/a/two.yaml:1", "refuse"][..];
    let admitted = &["admit"][..];
    for (case, policy, base, head, lines) in [
        ("it gets the namespace", &web, &plain, &placed, warned),
        ("it gets another one", &web, &plain, &elsewhere, warned),
        ("the rule is for any", &any, &plain, &placed, admitted),
        ("it stays without one", &web, &plain, &changed, admitted),
        (
            "it had the namespace",
            &web,
            &placed,
            &map("bob", ", namespace: default"),
            admitted,
        ),
    ] {
        let base = [("policies/keep.yaml", policy.as_str()), listed, (two, base)];
        let verdict = verdict(&strict, &base, &[(two, head)]);
        assert_eq!(verdict.lines(), lines, "{case}");
    }
}
