//! Verdicts on changes of small repositories.

use crate::support::{Repository, tollgate};

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-team
spec:
  rules:
    - name: label
      match:
        any:
          - resources:
              kinds: [ConfigMap]
      validate:
        message: who owns it must be said
        pattern:
          metadata:
            labels:
              team: \"?*\"
";

const CONFIG: &str = "version: 1
environments:
  dev: {overlays: [dev], enforcement: audit}
  prod: {overlays: [prod], enforcement: strict}
policies: {coverage: {min_rules: 0%}}
";

fn config_map(labels: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n{labels}data:\n  a: b\n")
}

/// Two environments, a policy, and a configuration.
fn repository() -> Repository {
    let repository = Repository::new();
    for environment in ["dev", "prod"] {
        repository
            .write(
                &format!("{environment}/kustomization.yaml"),
                "resources: [map.yaml]\n",
            )
            .write(
                &format!("{environment}/map.yaml"),
                &config_map("  labels:\n    team: web\n"),
            );
    }
    repository
        .write("policies/require-team.yaml", POLICY)
        .write("tollgate.yaml", CONFIG);
    repository
}

#[test]
fn a_harmless_change_is_admitted() {
    let repository = repository();
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &config_map("  labels:\n    team: shop\n"));
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    assert_eq!(verdict.lines(), ["admit"]);
    assert_eq!(verdict.exit, 0);
}

#[test]
fn the_environment_decides_what_a_failure_weighs() {
    let repository = repository();
    let base = repository.commit("base");
    repository.write("dev/map.yaml", &config_map(""));
    let dev = repository.commit("dev");
    let verdict = repository.check(&base, &dev);
    assert_eq!(
        verdict.lines(),
        ["warn policies/require-team dev/map.yaml:3", "admit"]
    );
    repository.write("prod/map.yaml", &config_map(""));
    let prod = repository.commit("prod");
    let verdict = repository.check(&dev, &prod);
    assert_eq!(
        verdict.lines(),
        ["deny policies/require-team prod/map.yaml:3", "refuse"]
    );
    assert_eq!(verdict.exit, 1);
}

/// Threat row A1: a change that brings its own rules is judged by those that it replaces.
#[test]
fn a_head_that_deletes_every_rule_is_judged_by_the_rules_of_base() {
    let repository = repository();
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &config_map(""));
    let alone = repository.commit("only the violation");
    let verdict = repository.check(&base, &alone);
    let by_base: Vec<String> = verdict
        .lines()
        .into_iter()
        .filter(|it| it.contains("policies/"))
        .collect();
    assert_eq!(by_base, ["deny policies/require-team prod/map.yaml:3"]);

    repository
        .delete("policies/require-team.yaml")
        .write("tollgate.yaml", &CONFIG.replace("strict", "audit"));
    let head = repository.commit("and no rules");
    let verdict = repository.check(&base, &head);
    assert_eq!(
        verdict.lines(),
        [
            "deny control-plane/rides-along policies/require-team.yaml:1",
            "deny control-plane/rides-along tollgate.yaml:1",
            "deny control-plane/weakened policies/require-team.yaml:1",
            "deny control-plane/weakened tollgate.yaml:1",
            "deny policies/require-team prod/map.yaml:3",
            "refuse",
        ]
    );
    let weakened: Vec<&str> = verdict
        .findings()
        .filter(|it| it["rule"] == "control-plane/weakened")
        .filter_map(|it| it["message"].as_str())
        .collect();
    assert_eq!(
        weakened,
        [
            "ClusterPolicy `require-team` is gone: ConfigMap web (prod) was refused and is not judged, and 2 more",
            "enforcement of `prod` falls from strict to audit"
        ]
    );
}

#[test]
fn a_new_policy_is_previewed_and_does_not_judge_yet() {
    let repository = repository();
    repository
        .delete("policies/require-team.yaml")
        .write("prod/map.yaml", &config_map(""));
    let base = repository.commit("base");
    repository.write("policies/require-team.yaml", POLICY);
    let head = repository.commit("head");
    let lines = repository.check(&base, &head).lines();
    assert_eq!(
        lines,
        [
            "warn control-plane/built-in",
            "warn control-plane/changed policies/require-team.yaml:1",
            "warn policies/preview policies/require-team.yaml:7",
            "admit",
        ]
    );
}

#[test]
fn a_new_policy_that_is_not_evaluated_is_not_previewed_as_one_that_would_hold() {
    let repository = repository();
    let base = repository.commit("base");
    repository.write(
        "policies/cel.yaml",
        "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: cel}\nspec:\n  matchConstraints: {resourceRules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]}\n  validations: [{expression: \"object.metadata.name != 'x'\"}]\n",
    );
    let head = repository.commit("head");
    let lines = repository.check(&base, &head).lines();
    assert_eq!(
        lines,
        ["warn control-plane/changed policies/cel.yaml:1", "admit"]
    );
}

#[test]
fn what_cannot_be_evaluated_is_never_a_pass() {
    let repository = repository();
    let cel = POLICY.replace("require-team", "with-cel").replace(
        "        pattern:\n          metadata:\n            labels:\n              team: \"?*\"\n",
        "        cel:\n          expressions:\n            - expression: \"true\"\n",
    );
    repository.write("policies/with-cel.yaml", &cel);
    repository.write("tollgate.yaml", &CONFIG.replace("strict", "enforce"));
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &config_map("  labels:\n    team: shop\n"));
    let enforced = repository.commit("enforced");
    let verdict = repository.check(&base, &enforced);
    // BASE has the policy too, and nobody judged by it there either.
    assert_eq!(
        verdict.lines(),
        ["warn policies/with-cel policies/with-cel.yaml:7", "admit"]
    );
    let policies = &verdict.json["gates"][2];
    assert_eq!(policies["gate"], "policies");
    let checks = &policies["examined"]["subjects"][0]["checks"];
    assert_eq!(*checks, 1, "only the other policy is a check: {policies}");

    repository.write("dev/map.yaml", &config_map("  labels:\n    team: shop\n"));
    let audited = repository.commit("audited");
    let verdict = repository.check(&enforced, &audited);
    assert_eq!(
        verdict.lines(),
        ["warn policies/with-cel policies/with-cel.yaml:7", "admit"]
    );

    for (from, to) in [
        ("enforce}", "enforce, known: hold}"),
        ("enforce}", "strict}"),
    ] {
        repository.write(
            "tollgate.yaml",
            &CONFIG.replace("strict}", "enforce}").replace(from, to),
        );
        let base = repository.commit("base");
        repository.write("prod/map.yaml", &config_map("  labels:\n    team: other\n"));
        let held = repository.commit("held");
        let verdict = repository.check(&base, &held);
        assert_eq!(
            verdict.lines(),
            ["undecided prod: ConfigMap web (prod)", "undecided"],
            "{to}"
        );
        assert_eq!(verdict.exit, 3);
        repository.write("prod/map.yaml", &config_map("  labels:\n    team: shop\n"));
    }
}

#[test]
fn what_is_asked_for_and_not_evaluated_is_never_a_pass() {
    let repository = repository();
    let config = CONFIG.replace(
        "enforcement: strict}",
        "enforcement: strict, argocd: {automated: forbidden}}",
    );
    repository.write("tollgate.yaml", &config);
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &config_map("  labels:\n    team: shop\n"));
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    assert_eq!(
        verdict.lines(),
        ["undecided environments.prod.argocd", "undecided"]
    );
    assert_eq!(verdict.exit, 3);
}

#[test]
fn nothing_to_evaluate_is_not_a_pass() {
    let repository = Repository::new();
    repository.write("README.md", "nothing here\n");
    let base = repository.commit("base");
    repository.write("README.md", "still nothing\n");
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    assert_eq!((verdict.decision(), verdict.exit), ("undecided", 4));
}

#[test]
fn an_overlay_that_was_broken_before_does_not_hold_a_change_elsewhere() {
    let repository = repository();
    repository.write(
        "broken/prod/kustomization.yaml",
        "resources: [https://example.com/base, local.yaml]\n",
    );
    repository.write("broken/prod/local.yaml", &config_map(""));
    repository.delete("tollgate.yaml");
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &config_map("  labels:\n    team: shop\n"));
    let elsewhere = repository.commit("elsewhere");
    let verdict = repository.check(&base, &elsewhere);
    let broken = "renders/broken-before broken/prod/kustomization.yaml:1";
    assert_eq!(
        verdict.lines(),
        [format!("warn {broken}"), "admit".to_owned()]
    );

    // What the broken overlay names is changed: nobody can say to what effect.
    repository.write(
        "broken/prod/local.yaml",
        &config_map("  labels:\n    team: x\n"),
    );
    let touched = repository.commit("touched");
    let verdict = repository.check(&elsewhere, &touched);
    assert_eq!(
        verdict.lines(),
        [
            "deny renders/failed broken/prod/kustomization.yaml:1",
            "refuse"
        ]
    );
}

#[test]
fn a_configuration_with_mistakes_is_no_configuration() {
    let repository = repository();
    repository.write(
        "tollgate.yaml",
        &CONFIG.replace("enforcement: strict", "enforcment: strict"),
    );
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &config_map(""));
    let head = repository.commit("head");
    let output = tollgate(
        repository.path(),
        &["check", "--base", &base, "--head", &head],
    );
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("tollgate.yaml:4:28"), "{message}");
    assert!(
        message.contains("enforcement"),
        "the right name is suggested: {message}"
    );
    assert!(output.stdout.is_empty());
}

/// A repository full of custom resources is told of each kind once, not of each resource.
#[test]
fn unknown_kinds_are_told_by_kind() {
    let repository = Repository::new();
    repository.write(
        "tollgate.yaml",
        "version: 1\nenvironments:\n  dev: {overlays: [dev/*], enforcement: enforce}\n  prod: {overlays: [prod/*], enforcement: strict}\n",
    );
    let overlays = ["dev/a", "dev/b", "prod/a"];
    for overlay in overlays {
        repository.write(
            &format!("{overlay}/kustomization.yaml"),
            "resources: [all.yaml]\n",
        );
        repository.write(
            &format!("{overlay}/all.yaml"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        );
    }
    let base = repository.commit("base");
    let custom: Vec<String> = (0..4)
        .map(|n| format!("apiVersion: example.com/v1\nkind: Shop\nmetadata: {{name: s{n}}}\n"))
        .collect();
    for overlay in overlays {
        repository.write(&format!("{overlay}/all.yaml"), &custom.join("---\n"));
    }
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let seen: Vec<String> = verdict
        .findings()
        .filter(|it| it["rule"] == "schemas/unknown-kind")
        .map(|it| {
            format!(
                "{} {} {}",
                it["level"], it["subject"], it["labels"][0]["text"]
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "\"deny\" \"prod: Shop of example.com/v1\" \"the first of 4 resources\"",
            "\"note\" \"dev: Shop of example.com/v1\" \"the first of 8 resources\"",
        ]
    );
    assert_eq!(verdict.decision(), "refuse");
}

#[test]
fn a_field_that_is_missing_is_named_where_it_belongs() {
    let repository = Repository::new();
    repository
        .write("prod/kustomization.yaml", "resources: [web.yaml]\n")
        .write("prod/web.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: web}]\n");
    let base = repository.commit("base");
    repository.write(
        "prod/web.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  volumes: []\n",
    );
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let finding = verdict
        .findings()
        .find(|it| it["rule"] == "schemas/invalid")
        .expect("it is invalid");
    assert_eq!(finding["message"], "`spec` lacks `containers`");
    assert_eq!(finding["labels"][0]["text"], "containers is missing here");
    let key = serde_json::json!({"api_version": "v1", "kind": "Pod", "name": "web"});
    assert_eq!(finding["resource"], key);
}

/// A first configuration that says what folder names said is no less; one that says less is.
#[test]
fn a_first_configuration_is_held_against_what_was_inferred() {
    let repository = repository();
    repository.delete("tollgate.yaml");
    let base = repository.commit("base");
    let weakened = |text: &str| -> Vec<String> {
        repository.write("tollgate.yaml", text);
        let head = repository.commit("a configuration");
        let verdict = repository.check(&base, &head);
        let found = verdict
            .findings()
            .filter(|it| it["rule"] == "control-plane/weakened");
        let messages: Vec<String> = found
            .filter_map(|it| it["message"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(verdict.decision() == "admit", messages.is_empty());
        messages
    };
    let prod = "  prod: {overlays: [prod], enforcement: enforce}";
    let fits = format!(
        "version: 1
environments:
  dev: {{overlays: [dev], enforcement: audit}}
{prod}
policies: {{paths: [\"policies/**\"]}}
"
    );
    assert_eq!(weakened(&fits), [""; 0]);
    assert_eq!(
        weakened(&fits.replace(
            "[prod], enforcement: enforce",
            "others, enforcement: strict"
        )),
        [""; 0]
    );
    assert_eq!(weakened("version: 1\n"), [""; 0]);
    assert_eq!(
        weakened(&fits.replace("enforce}", "audit}")),
        ["enforcement of `prod` falls from enforce to audit"]
    );
    assert_eq!(
        weakened(&fits.replace("policies/**", "rules/**")),
        ["`policies.paths` leaves out `policies/require-team.yaml`"]
    );
}

/// Kyverno takes what is no version for 0.0.0, so that a rule may pass by accident.
#[test]
fn a_comparison_of_what_is_no_version_is_a_warning_whatever_it_answers() {
    let rule = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: supported}
spec:
  rules:
    - name: version
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate:
        message: the version is too new
        deny:
          conditions:
            any:
              - {key: \"{{ semver_compare('{{ request.object.metadata.labels.version }}', '>2.0.0') }}\", operator: Equals, value: true}
";
    let labels = |version: &str| {
        config_map(&format!(
            "  labels:\n    team: web\n    version: {version}\n"
        ))
    };
    let repository = Repository::new();
    repository
        .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
        .write("prod/map.yaml", &labels("1.0.0"))
        .write("policies/supported.yaml", rule);
    let base = repository.commit("base");
    for (version, lines) in [
        (
            "latest",
            &["warn policies/supported prod/map.yaml:1", "admit"][..],
        ),
        ("1.9.0", &["admit"]),
        (
            "2.1.0",
            &["deny policies/supported prod/map.yaml:7", "refuse"],
        ),
    ] {
        repository.write("prod/map.yaml", &labels(version));
        let head = repository.commit(version);
        let verdict = repository.check(&base, &head);
        assert_eq!(verdict.lines(), lines, "{version}");
    }
}
