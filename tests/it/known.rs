//! Old is told from new: what BASE has too does not hold a change, and nothing new hides behind it.

use crate::support::Repository;

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: pinned}
spec:
  rules:
    - name: tag
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        message: a tag that does not move
        pattern: {spec: {containers: [{image: \"!*:latest\"}]}}
";

fn pod(containers: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n{containers}"
    )
}

const OLD: &str = "    - {name: a, image: \"r.example.com/a:latest\"}\n";

fn repository(known: &str) -> (Repository, String) {
    let repository = Repository::new();
    repository
        .write(
            "tollgate.yaml",
            &format!(
                "version: 1\nenvironments:\n  prod: {{overlays: [prod], known: {known}}}\npolicies: {{coverage: {{min_rules: 0%}}}}\n"
            ),
        )
        .write("policies/pinned.yaml", POLICY)
        .write("prod/kustomization.yaml", "resources: [pod.yaml]\n")
        .write("prod/pod.yaml", &pod(OLD));
    let base = repository.commit("base");
    (repository, base)
}

#[test]
fn what_base_has_too_does_not_hold_and_nothing_new_hides_behind_it() {
    for (containers, decision) in [
        // Another field of the same container.
        (OLD.replace("}\n", ", tty: true}\n"), "admit"),
        // A good container before the old one, which moves.
        (
            format!("    - {{name: b, image: \"r.example.com/b:1\"}}\n{OLD}"),
            "admit",
        ),
        // A bad one behind it.
        (
            format!("{OLD}    - {{name: b, image: \"r.example.com/b:latest\"}}\n"),
            "refuse",
        ),
        // Another value that is as bad.
        (OLD.replace("/a:latest", "/c:latest"), "refuse"),
        // The same value in a container of another name.
        (OLD.replace("name: a", "name: c"), "refuse"),
        // A field that no Pod has, beside what is old.
        (OLD.replace("}\n", ", tti: true}\n"), "refuse"),
    ] {
        let (repository, base) = repository("report");
        repository.write("prod/pod.yaml", &pod(&containers));
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        assert_eq!(verdict.decision(), decision, "{containers}");
    }
}

#[test]
fn a_mistake_of_the_same_field_and_value_is_old_and_one_beside_it_is_new() {
    let wrong = OLD
        .replace(":latest", ":1")
        .replace("}\n", ", tti: true}\n");
    for (now, decision) in [
        (wrong.replace(":1", ":2"), "admit"),
        (wrong.replace("}\n", ", porst: []}\n"), "refuse"),
    ] {
        let (repository, _) = repository("report");
        repository.write("prod/pod.yaml", &pod(&wrong));
        let base = repository.commit("wrong");
        repository.write("prod/pod.yaml", &pod(&now));
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        assert_eq!(verdict.decision(), decision, "{now}");
    }
}

#[test]
fn an_environment_can_let_the_old_hold() {
    let (repository, base) = repository("hold");
    repository.write("prod/pod.yaml", &pod(&OLD.replace("}\n", ", tty: true}\n")));
    let head = repository.commit("head");
    assert_eq!(repository.check(&base, &head).decision(), "refuse");
}

/// Kyverno refuses it: it is for Pods, and for what makes Pods.
const REFUSED: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: old}
spec:
  generateExistingOnPolicyUpdate: true
  rules:
    - name: tag
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {message: not so, deny: {}}
";

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";

/// A repository with what nobody can judge by, an overlay with a Pod and a ConfigMap, and BASE.
fn unjudged(environment: &str, path: &str, policy: &str) -> (Repository, String) {
    let repository = Repository::new();
    repository
        .write(
            "tollgate.yaml",
            &format!(
                "version: 1\nenvironments:\n  prod: {{overlays: [prod], {environment}}}\npolicies: {{coverage: {{min_rules: 0%}}}}\n"
            ),
        )
        .write("policies/pinned.yaml", POLICY)
        .write(path, policy)
        .write(
            "prod/kustomization.yaml",
            "resources: [pod.yaml, map.yaml]\n",
        )
        .write("prod/map.yaml", MAP)
        .write("prod/pod.yaml", &pod(&OLD.replace(":latest", ":1")));
    let base = repository.commit("base");
    (repository, base)
}

const ENFORCE: &str = "enforcement: enforce";
const HOLD: &str = "enforcement: enforce, known: hold";
const STRICT: &str = "enforcement: strict";

#[test]
fn a_policy_that_nobody_could_read_before_is_told_by_what_it_would_have_judged() {
    let of_pod = pod(&OLD.replace(":latest", ":2"));
    let of_map = format!("{MAP}data: {{a: b}}\n");
    let warned = "warn policies/unreadable policies/old.yaml:5";
    let known = "waived policies/unreadable policies/old.yaml:5";
    for (environment, path, text, expected) in [
        (ENFORCE, "prod/pod.yaml", &of_pod, [warned, "admit"]),
        (
            "enforcement: audit",
            "prod/pod.yaml",
            &of_pod,
            [warned, "admit"],
        ),
        (
            HOLD,
            "prod/pod.yaml",
            &of_pod,
            ["undecided prod: old", "undecided"],
        ),
        (
            STRICT,
            "prod/pod.yaml",
            &of_pod,
            ["undecided prod: old", "undecided"],
        ),
        // It is for no ConfigMap.
        (ENFORCE, "prod/map.yaml", &of_map, [known, "admit"]),
        (HOLD, "prod/map.yaml", &of_map, [known, "admit"]),
        (STRICT, "prod/map.yaml", &of_map, [known, "admit"]),
    ] {
        let (repository, base) = unjudged(environment, "policies/old.yaml", REFUSED);
        repository.write(path, text);
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        assert_eq!(verdict.lines(), expected, "{environment} {path}");
        let rows = verdict.json["gates"][2]["examined"]["subjects"].as_array();
        let checks: usize = rows.map_or(0, |it| it.len());
        assert_eq!(
            checks,
            usize::from(path == "prod/pod.yaml"),
            "the policy that can be read is the only check: {environment} {path}"
        );
    }
}

#[test]
fn what_is_not_judged_is_counted_by_environment() {
    let (repository, base) = unjudged(ENFORCE, "policies/old.yaml", REFUSED);
    let two = format!(
        "{}---\n{}",
        pod(&OLD.replace(":latest", ":2")),
        pod(&OLD.replace(":latest", ":3")).replace("name: web", "name: shop")
    );
    repository.write("prod/pod.yaml", &two);
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let told: Vec<&str> = verdict
        .findings()
        .filter(|it| it["rule"] == "policies/unreadable")
        .filter_map(|it| it["message"].as_str())
        .collect();
    assert_eq!(
        told,
        [
            "2 changed resources were not judged: Kyverno refuses the policy: `spec.generateExistingOnPolicyUpdate` is gone: write `generate.generateExisting` in the rules"
        ]
    );
}

#[test]
fn a_change_of_what_nobody_can_judge_by_is_not_decided() {
    let sound = REFUSED.replace("  generateExistingOnPolicyUpdate: true\n", "");
    let labelled = REFUSED.replace("{name: old}", "{name: old, labels: {a: b}}");
    // Not what a policy decides, and a cluster takes it all the same for no policy.
    let mislabelled = sound.replace("{name: old}", "{name: old, labels: 5}");
    for (before, after) in [
        (REFUSED, labelled.as_str()),
        (REFUSED, &REFUSED.replace("not so", "never")),
        (REFUSED, &sound),
        (&sound, REFUSED),
        (&sound, &mislabelled),
        (&sound, &REFUSED.replace("validate:", "validat:")),
        // Text that is no YAML, of which only the name of the group can be read.
        (&sound, "apiVersion: kyverno.io/v1\nkind: [\n"),
        (
            "apiVersion: kyverno.io/v1\nkind: [\n",
            "apiVersion: kyverno.io/v1\nkind: [[\n",
        ),
    ] {
        for deploys in [false, true] {
            let (repository, base) = unjudged(ENFORCE, "policies/old.yaml", before);
            repository.write("policies/old.yaml", after);
            if deploys {
                repository.write("prod/pod.yaml", &pod(&OLD.replace(":latest", ":2")));
            }
            let head = repository.commit("head");
            let verdict = repository.check(&base, &head);
            assert_ne!(verdict.decision(), "admit", "{before}{after}");
            assert_eq!(verdict.exit, 3, "{before}{after}{:?}", verdict.lines());
        }
    }
}

#[test]
fn a_file_that_may_hold_policies_is_for_everything() {
    let broken = "apiVersion: kyverno.io/v1\nkind: [\n";
    for (environment, expected) in [
        (
            ENFORCE,
            ["warn policies/unreadable policies/old.yaml:2", "admit"],
        ),
        (HOLD, ["undecided prod: policies/old.yaml", "undecided"]),
        (STRICT, ["undecided prod: policies/old.yaml", "undecided"]),
    ] {
        let (repository, base) = unjudged(environment, "policies/old.yaml", broken);
        repository.write("prod/map.yaml", &format!("{MAP}data: {{a: b}}\n"));
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        assert_eq!(verdict.lines(), expected, "{environment}");
        // What no environment receives is judged by nobody.
        repository.write("README.md", "nothing\n");
        let next = repository.commit("next");
        let lines = repository.check(&head, &next).lines();
        let known = "waived policies/unreadable policies/old.yaml:2";
        assert_eq!(lines, [known, "admit"], "{environment}");
    }
}

/// It asks an API for what bears a label.
const ASKS: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: asks}
spec:
  rules:
    - name: api
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      context:
        - {name: found, apiCall: {urlPath: /api/v1/namespaces}}
      preconditions:
        all: [{key: \"{{ request.object.metadata.labels.ask || 'no' }}\", operator: Equals, value: \"yes\"}]
      validate:
        message: not so
        deny: {conditions: {all: [{key: \"{{ found }}\", operator: Equals, value: 1}]}}
";

#[test]
fn what_the_change_makes_something_that_cannot_be_evaluated_is_not_decided() {
    let asks = MAP.replace("{name: web}", "{name: web, labels: {ask: \"yes\"}}");
    for (before, after, expected) in [
        // The rule left it alone, and nobody knows what it says now.
        (
            MAP,
            asks.clone(),
            ["undecided prod: ConfigMap web (prod)", "undecided"],
        ),
        // It could not be asked before either.
        (
            &asks,
            format!("{asks}data: {{a: b}}\n"),
            ["warn policies/asks policies/old.yaml:6", "admit"],
        ),
    ] {
        let (repository, _) = unjudged(ENFORCE, "policies/old.yaml", ASKS);
        repository.write("prod/map.yaml", before);
        let base = repository.commit("as it was");
        repository.write("prod/map.yaml", &after);
        let head = repository.commit("head");
        let lines = repository.check(&base, &head).lines();
        assert_eq!(lines, expected, "{after}");
    }
}
