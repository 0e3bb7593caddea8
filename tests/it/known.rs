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
