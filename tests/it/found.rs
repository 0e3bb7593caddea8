//! What is an overlay, what it depends on, and what nobody reads.

use crate::support::Repository;

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec: {ports: [{port: 80}]}\n";

/// Two environments with an overlay each.
fn repository(prod: &str) -> Repository {
    let repository = Repository::new();
    for environment in ["dev", "prod"] {
        repository.write(
            &format!("apps/web/overlays/{environment}/kustomization.yaml"),
            "configMapGenerator: [{name: web, literals: [a=b]}]\n",
        );
    }
    repository.write(
        "tollgate.yaml",
        &format!("version: 1\npolicies: {{builtin: off}}\nenvironments:\n  dev: {{overlays: [apps/*/overlays/dev], enforcement: audit}}\n  prod: {{overlays: [apps/*/overlays/prod], enforcement: {prod}}}\n"),
    );
    repository
}

/// The verdict on a change that writes these files.
fn verdict(repository: &Repository, files: &[(&str, &str)]) -> Vec<String> {
    let base = repository.commit("base");
    for (path, text) in files {
        repository.write(path, text);
    }
    let head = repository.commit("head");
    repository.check(&base, &head).lines()
}

#[test]
fn a_component_inside_of_an_environments_pattern_is_an_overlay() {
    let component =
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [gone.yaml]\n";
    let repository = repository("enforce");
    assert_eq!(
        verdict(
            &repository,
            &[("apps/a/overlays/prod/kustomization.yaml", component)]
        ),
        [
            "deny renders/failed apps/a/overlays/prod/kustomization.yaml:3",
            "refuse"
        ]
    );
}

#[test]
fn a_manifest_that_no_overlay_reads_is_told_and_strict_holds_it() {
    let beside = "apps/web/overlays/prod/service.yaml";
    let lines = verdict(&repository("enforce"), &[(beside, SERVICE)]);
    assert_eq!(lines, [&format!("warn renders/unread {beside}:2"), "admit"]);
    let lines = verdict(&repository("strict"), &[(beside, SERVICE)]);
    assert_eq!(
        lines,
        [&format!("deny renders/unread {beside}:2"), "refuse"]
    );
    // Beside an overlay of dev it is none of prod's; elsewhere it may be meant for any.
    let beside = "apps/web/overlays/dev/service.yaml";
    let lines = verdict(&repository("strict"), &[(beside, SERVICE)]);
    assert_eq!(lines, [&format!("warn renders/unread {beside}:2"), "admit"]);
    let lines = verdict(&repository("strict"), &[("plain/service.yaml", SERVICE)]);
    assert_eq!(
        lines,
        ["deny renders/unread plain/service.yaml:2", "refuse"]
    );
}

#[test]
fn what_an_overlay_reads_or_what_is_no_manifest_is_not_told() {
    let kustomization = "resources: [service.yaml]\n";
    let lines = verdict(
        &repository("strict"),
        &[
            ("apps/web/overlays/prod/kustomization.yaml", kustomization),
            ("apps/web/overlays/prod/service.yaml", SERVICE),
            ("apps/web/overlays/prod/values.yaml", "replicas: 1\n"),
            ("apps/web/overlays/prod/README.md", SERVICE),
        ],
    );
    assert_eq!(lines, ["admit"]);
}

#[test]
fn a_chart_below_an_overlay_that_does_not_render_touches_it() {
    let repository = repository("enforce");
    let folder = "apps/h/overlays/prod";
    repository
        .write(
            &format!("{folder}/kustomization.yaml"),
            "helmCharts: [{name: x, releaseName: x}]\n",
        )
        .write(&format!("{folder}/charts/x/templates/d.yaml"), "{{ a }}\n")
        .write("docs/x.md", "a");
    assert_eq!(
        verdict(&repository, &[("docs/x.md", "b")]),
        [
            &format!("warn renders/broken-before {folder}/kustomization.yaml:1"),
            "admit"
        ]
    );
    let chart = format!("{folder}/charts/x/templates/d.yaml");
    assert_eq!(
        verdict(&repository, &[(&chart, "{{ b }}\n")]),
        [
            &format!("deny renders/failed {folder}/kustomization.yaml:1"),
            "refuse"
        ]
    );
}

#[test]
fn a_submodule_where_an_environment_looks_is_held_and_another_is_not() {
    for (path, want) in [
        (
            "apps/a/overlays/prod",
            vec!["undecided apps/a/overlays/prod", "undecided"],
        ),
        ("vendor/lib", vec!["admit"]),
    ] {
        let repository = repository("enforce");
        let base = repository.commit("base");
        let head = repository.submodule(path, "head");
        assert_eq!(repository.check(&base, &head).lines(), want, "{path}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_told() {
    let repository = repository("enforce");
    let config = std::fs::read_to_string(repository.path().join("tollgate.yaml")).expect("read");
    repository.write(
        "tollgate.yaml",
        &config.replace(
            "[apps/*/overlays/dev]",
            "[apps/*/overlays/dev, apps/*/overlays/dve]",
        ),
    );
    assert_eq!(
        verdict(&repository, &[("README.md", "x")]),
        ["warn renders/unmatched tollgate.yaml:4", "admit"]
    );
}

#[test]
fn without_a_configuration_a_folder_of_a_later_stage_is_judged_although_dev_builds_on_it() {
    let repository = Repository::new();
    repository
        .write(
            "web/overlays/prod/kustomization.yaml",
            "resources: [service.yaml]\n",
        )
        .write("web/overlays/prod/service.yaml", SERVICE)
        .write(
            "web/overlays/dev/kustomization.yaml",
            "resources: [../prod]\n",
        );
    let wrong = SERVICE.replace("metadata", "meatdata");
    assert_eq!(
        verdict(&repository, &[("web/overlays/prod/service.yaml", &wrong)])
            .iter()
            .filter(|it| it.starts_with("deny"))
            .count(),
        1
    );
}

#[test]
fn a_policy_and_its_test_that_nobody_reads_are_told_which_setting_reads_them() {
    let policy =
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: []}\n";
    let suite = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\n";
    for (text, setting) in [
        (policy, Some("`policies.paths`")),
        (suite, Some("`policies.fixtures`")),
        (SERVICE, None),
    ] {
        let repository = repository("enforce");
        repository.write(
            "tollgate.yaml",
            "version: 1\nenvironments:\n  prod: {overlays: [\"apps/*/overlays/prod\"]}\npolicies: {paths: [\"policies/**\"], fixtures: [\"checks/**\"]}\n",
        );
        let base = repository.commit("base");
        repository.write("loose/it.yaml", text);
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        let finding = verdict.findings().find(|it| it["rule"] == "renders/unread");
        let finding = finding.unwrap_or_else(|| panic!("{:?}", verdict.lines()));
        let help = finding["help"].as_str().unwrap_or_default();
        let named = ["`policies.paths`", "`policies.fixtures`"]
            .into_iter()
            .find(|it| help.contains(it));
        assert_eq!(named, setting, "{help}");
        assert!(help.contains("list it in a kustomization"), "{help}");
    }
}
