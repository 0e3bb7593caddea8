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
        (
            ENFORCE,
            "prod/pod.yaml",
            &of_pod,
            ["undecided prod: old", "undecided"],
        ),
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
fn a_policy_that_cannot_be_read_may_be_for_what_is_removed() {
    let pattern = REFUSED.replace("deny: {}", "pattern: {spec: {a: b}}");
    for (policy, told, decision) in [
        (REFUSED, "undecided prod: old", "undecided"),
        // A pattern says nothing of what goes away.
        (
            &pattern,
            "waived policies/unreadable policies/old.yaml:5",
            "admit",
        ),
    ] {
        let (repository, base) = unjudged(ENFORCE, "policies/old.yaml", policy);
        repository
            .delete("prod/pod.yaml")
            .write("prod/kustomization.yaml", "resources: [map.yaml]\n");
        let head = repository.commit("head");
        let lines = repository.check(&base, &head).lines();
        assert!(lines.iter().any(|it| it == told), "{lines:?}");
        assert_eq!(
            lines.last().map(String::as_str),
            Some(decision),
            "{lines:?}"
        );
    }
}

#[test]
fn a_policy_that_cannot_be_read_and_only_verifies_images_is_a_warning() {
    let verifies = REFUSED.replace(
        "validate: {message: not so, deny: {}}",
        "verifyImages: [{imageReferences: ['*'], attestors: [{entries: [{keyless: {issuer: a, subject: b, rekor: {url: c}}}]}]}]",
    );
    let both = format!(
        "{verifies}    - name: more\n      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n      validate: {{message: never, deny: {{}}}}\n"
    );
    for (policy, expected) in [
        (
            &verifies,
            ["warn policies/unreadable policies/old.yaml:5", "admit"],
        ),
        (&both, ["undecided prod: old", "undecided"]),
    ] {
        let (repository, base) = unjudged(ENFORCE, "policies/old.yaml", policy);
        repository.write("prod/pod.yaml", &pod(&OLD.replace(":latest", ":2")));
        let head = repository.commit("head");
        assert_eq!(repository.check(&base, &head).lines(), expected);
    }
}

#[test]
fn what_is_not_judged_is_counted_by_environment() {
    let (repository, base) = unjudged("enforcement: audit", "policies/old.yaml", REFUSED);
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
            // One that is mended, and nothing else, is for those to let in who answer for the rules.
            let is_mended = before == REFUSED && after == sound && !deploys;
            let exit = if is_mended { 1 } else { 3 };
            assert_eq!(verdict.exit, exit, "{before}{after}{:?}", verdict.lines());
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
        // What goes may be something that one of them keeps.
        repository
            .delete("prod/pod.yaml")
            .write("prod/kustomization.yaml", "resources: [map.yaml]\n");
        let gone = repository.commit("gone");
        let verdict = repository.check(&next, &gone);
        assert_eq!(verdict.lines(), expected, "{environment}");
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

/// A policy, what its fixtures are, and its suite: `rows` are resources with what is expected of them.
fn suite(rows: &[(&str, &str)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(name, expected)| {
            format!("  - {{policy: pinned, rule: tag, kind: Pod, resources: [{name}], result: {expected}}}\n")
        })
        .collect();
    format!(
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {{name: pinned}}\npolicies: [../policies/pinned.yaml]\nresources: [pods.yaml]\nresults:\n{rows}"
    )
}

/// Pods by name and image.
fn pods(pods: &[(&str, &str)]) -> String {
    let pods = pods.iter().map(|(name, image)| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: a, image: \"{image}\"}}]}}\n")
    });
    pods.collect::<Vec<_>>().join("---\n")
}

const SUITE: &str = "tests/kyverno-test.yaml";
const PODS: &str = "tests/pods.yaml";
const POLICY_AT: &str = "policies/pinned.yaml";

/// A suite of which one row does not hold: `bad` is expected to pass. Gives BASE.
fn tested(known: &str) -> (Repository, String) {
    let (repository, _) = repository(known);
    repository
        .write("README.md", "a\n")
        .write(
            SUITE,
            &suite(&[("good", "pass"), ("bad", "pass"), ("worse", "fail")]),
        )
        .write(
            PODS,
            &pods(&[("good", "a:1"), ("bad", "b:latest"), ("worse", "c:latest")]),
        );
    let base = repository.commit("as it was");
    (repository, base)
}

/// `known` or `new` and the message of what `policy-tests` would hold.
fn rows(repository: &Repository, base: &str, head: &str) -> Vec<String> {
    let verdict = repository.check(base, head);
    let mut rows: Vec<String> = verdict
        .findings()
        .filter(|it| {
            it["rule"]
                .as_str()
                .is_some_and(|it| it.starts_with("policy-tests/"))
        })
        .filter(|it| it["level"] == "deny")
        .map(|it| {
            let old = it["disposition"]["waived"]["by"] == "known";
            let word = if old { "known" } else { "new" };
            let rule = it["rule"].as_str().unwrap_or_default();
            format!(
                "{word} {}: {}",
                &rule[13..],
                it["message"].as_str().unwrap_or_default()
            )
        })
        .collect();
    rows.sort();
    rows
}

const BAD: &str = "fixture: pinned/tag on Pod default/bad: validation error: a tag that does not move. rule tag failed at path /spec/containers/0/image/";

#[test]
fn a_row_that_did_not_hold_before_is_known_as_long_as_it_does_not_hold_likewise() {
    let old = [("good", "a:1"), ("bad", "b:latest"), ("worse", "c:latest")];
    let known = format!("known {BAD}");
    let new = format!("new {BAD}");
    let of_base = |word: &str| format!("{word} base-{BAD}");
    let both = [("good", "pass"), ("bad", "pass"), ("worse", "fail")];
    for (what, path, text, expected) in [
        (
            "nothing of it",
            "README.md",
            "b\n".to_owned(),
            vec![known.clone()],
        ),
        (
            "another row",
            SUITE,
            suite(&[("bad", "pass"), ("good", "pass"), ("worse", "fail")]),
            vec![known.clone()],
        ),
        (
            "another resource, beside it",
            PODS,
            pods(&[("good", "a:2"), old[1], old[2]]),
            vec![known.clone()],
        ),
        (
            "a label of the resource, on which the failure does not rest",
            PODS,
            pods(&old).replace("{name: bad}", "{name: bad, labels: {a: b}}"),
            vec![known.clone()],
        ),
        (
            "another value that is as bad",
            PODS,
            pods(&[old[0], ("bad", "z:latest"), old[2]]),
            vec![new.clone()],
        ),
        (
            "the expectation, which is as wrong",
            SUITE,
            suite(&[both[0], ("bad", "skip"), both[2]]),
            vec![new.clone()],
        ),
        (
            "the same row again",
            SUITE,
            suite(&[both[0], both[1], both[1], both[2]]),
            vec![known.clone(), new.clone()],
        ),
        (
            "a row that held",
            SUITE,
            suite(&[("good", "fail"), both[1], both[2]]),
            vec![
                known.clone(),
                "new fixture: pinned/tag on Pod default/good: expected fail, got pass".to_owned(),
            ],
        ),
        (
            "the suite cannot be read",
            SUITE,
            suite(&both).replace("pods.yaml", "gone.yaml"),
            vec!["new unreadable: there is no file `tests/gone.yaml`".to_owned()],
        ),
        (
            "a policy that says the same of it",
            POLICY_AT,
            format!(
                "{POLICY}    - name: other\n      match: {{any: [{{resources: {{kinds: [Secret]}}}}]}}\n      validate: {{message: never, deny: {{}}}}\n"
            ),
            vec![of_base("known"), known.clone()],
        ),
        (
            "a policy that says something else of it",
            POLICY_AT,
            POLICY.replace("does not move", "stays"),
            vec![
                of_base("new").replace("does not move", "stays"),
                new.replace("does not move", "stays"),
            ],
        ),
    ] {
        let (repository, base) = tested("report");
        repository.write(path, &text);
        let head = repository.commit("head");
        let mut expected = expected;
        expected.sort();
        let found = rows(&repository, &base, &head);
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn what_did_not_hold_before_holds_where_an_environment_says_so() {
    for (word, decision) in [("report", "admit"), ("hold", "refuse")] {
        let (repository, base) = tested(word);
        repository.write("README.md", "b\n");
        let head = repository.commit("head");
        assert_eq!(
            repository.check(&base, &head).decision(),
            decision,
            "{word}"
        );
    }
}

#[test]
fn the_rows_of_a_suite_of_another_name_are_new() {
    let (repository, base) = tested("report");
    let text = std::fs::read_to_string(repository.path().join(SUITE)).expect("the suite");
    repository.delete(SUITE).write(
        "tests/again/kyverno-test.yaml",
        &text
            .replace("../policies", "../../policies")
            .replace("[pods", "[../pods"),
    );
    let head = repository.commit("head");
    assert_eq!(rows(&repository, &base, &head), [format!("new {BAD}")]);
    // The same path, and another test in it.
    let (repository, base) = tested("report");
    repository.write(SUITE, &text.replace("{name: pinned}", "{name: other}"));
    let head = repository.commit("head");
    assert_eq!(rows(&repository, &base, &head), [format!("new {BAD}")]);
}

#[test]
fn one_failing_row_in_place_of_another_of_its_subject_is_new() {
    // It is expected to fail and passes: that rests on all of the resource.
    let rows_of = |image: &str| (suite(&[("a", "fail")]), pods(&[("a", image)]));
    let (repository, _) = repository("report");
    let (rows_text, pods_text) = rows_of("a:1");
    repository.write(SUITE, &rows_text).write(PODS, &pods_text);
    let base = repository.commit("as it was");
    let told = "fixture: pinned/tag on Pod default/a: expected fail, got pass";
    let (_, pods_text) = rows_of("a:2");
    repository.write(PODS, &pods_text);
    let head = repository.commit("another");
    assert_eq!(rows(&repository, &base, &head), [format!("new {told}")]);
    repository
        .write(PODS, &rows_of("a:1").1)
        .write("README.md", "b\n");
    let next = repository.commit("as it was again");
    assert_eq!(rows(&repository, &base, &next), [format!("known {told}")]);
}

#[test]
fn a_suite_that_could_not_be_read_before_is_known_while_the_reason_is_the_same() {
    let broken = suite(&[("a", "pass")]).replace("pods.yaml", "gone.yaml");
    for (text, expected) in [
        (
            format!("{broken}# more\n"),
            "known unreadable: there is no file `tests/gone.yaml`",
        ),
        (
            broken.replace("gone", "lost"),
            "new unreadable: there is no file `tests/lost.yaml`",
        ),
    ] {
        let (repository, _) = repository("report");
        repository.write(SUITE, &broken);
        let base = repository.commit("as it was");
        repository.write(SUITE, &text);
        let head = repository.commit("head");
        assert_eq!(rows(&repository, &base, &head), [expected]);
    }
}

/// What a Secret holds is taken out of what is told, and the row is told apart by it even so.
#[test]
fn two_values_that_nobody_may_see_are_not_taken_for_one() {
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: pinned}\nspec:\n  rules:\n    - name: tag\n      match: {any: [{resources: {kinds: [Secret]}}]}\n      validate: {message: \"it is {{ request.object.stringData.a }}\", pattern: {stringData: {a: none}}}\n";
    let secret = |value: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {value}}}\n")
    };
    let rows_text = suite(&[("a", "pass")]).replace("kind: Pod", "kind: Secret");
    let (repository, _) = repository("report");
    repository
        .write(POLICY_AT, policy)
        .write(SUITE, &rows_text)
        .write(PODS, &secret("correct-horse-battery"));
    let base = repository.commit("as it was");
    repository.write(PODS, &secret("staple-wrong-cat-tail"));
    let head = repository.commit("head");
    let found = rows(&repository, &base, &head);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("new fixture"), "{found:?}");
    assert!(
        !found[0].contains("staple") && !found[0].contains("horse"),
        "{found:?}"
    );
}

#[test]
fn a_rule_that_no_fixture_showed_before_is_known_while_its_policy_stays() {
    let config = "version: 1\nenvironments:\n  prod: {overlays: [prod]}\npolicies: {coverage: {min_rules: 100%}}\n";
    let other = POLICY.replace("name: pinned", "name: other");
    let shown = [("good", "pass"), ("worse", "fail")];
    let fixtures = pods(&[("good", "a:1"), ("worse", "c:latest")]);
    for (path, text, expected) in [
        ("README.md", "b\n".to_owned(), "known warn other/tag"),
        (
            "policies/other.yaml",
            other.replace("does not move", "stays"),
            "new deny other/tag",
        ),
        // It loses the row that showed it.
        (SUITE, suite(&shown[..1]), "new deny pinned/tag"),
    ] {
        let (repository, _) = repository("report");
        repository
            .write("tollgate.yaml", config)
            .write("policies/other.yaml", &other)
            .write(SUITE, &suite(&shown))
            .write(PODS, &fixtures);
        let base = repository.commit("as it was");
        repository.write(path, &text);
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        let told: Vec<String> = verdict
            .findings()
            .filter(|it| it["rule"] == "policy-tests/coverage")
            .map(|it| {
                let old = it["disposition"]["waived"]["by"] == "known";
                let word = if old { "known" } else { "new" };
                let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
                format!("{word} {} {}", text("level"), text("subject"))
            })
            .collect();
        assert!(told.iter().any(|it| it == expected), "{path}: {told:?}");
    }
}

#[test]
fn a_policy_of_a_kind_that_is_not_built_yet_is_told_where_it_may_be_for_what_changes() {
    let cel = "apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: cel}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}]}
  validations: [{expression: \"true\"}]
";
    let of_pod = pod(&OLD.replace(":latest", ":2"));
    let of_map = format!("{MAP}data: {{a: b}}\n");
    let warned = "warn policies/cel policies/old.yaml:1";
    for (environment, path, text, expected) in [
        (ENFORCE, "prod/pod.yaml", &of_pod, vec![warned, "admit"]),
        (ENFORCE, "prod/map.yaml", &of_map, vec!["admit"]),
        (
            STRICT,
            "prod/pod.yaml",
            &of_pod,
            vec!["undecided prod: Pod web (prod)", "undecided"],
        ),
        (STRICT, "prod/map.yaml", &of_map, vec!["admit"]),
    ] {
        let (repository, base) = unjudged(environment, "policies/old.yaml", cel);
        repository.write(path, text);
        let head = repository.commit("head");
        let lines = repository.check(&base, &head).lines();
        assert_eq!(lines, expected, "{environment} {path}");
    }
}
