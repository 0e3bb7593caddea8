//! What makes the rules milder without touching a policy: configuration, fixtures, the shape of overlays.

use crate::support::Repository;

const CONFIG: &str = "version: 1
policies: {builtin: off, coverage: {min_rules: 0%}}
environments:
  dev: {overlays: [apps/*/dev], enforcement: audit}
  prod: {overlays: others, enforcement: strict}
";

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: team}
spec:
  rules:
  - name: label
    match: {any: [{resources: {kinds: [ConfigMap]}}]}
    validate:
      message: who owns it must be said
      pattern: {metadata: {labels: {team: \"?*\"}}}
";

const SUITE: &str = "apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: team}
policies: [../team.yaml]
resources: [../../data/good.yaml, ../../data/bad.yaml]
results:
- {policy: team, rule: label, kind: ConfigMap, resources: [good], result: pass}
- {policy: team, rule: label, kind: ConfigMap, resources: [bad], result: fail}
";

fn map(name: &str, labels: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  labels: {labels}\n")
}

fn repository(config: &str) -> Repository {
    let repository = Repository::new();
    repository.write("tollgate.yaml", config);
    for folder in ["apps/web/dev", "apps/web/live"] {
        repository
            .write(
                &format!("{folder}/kustomization.yaml"),
                "resources: [map.yaml]\n",
            )
            .write(&format!("{folder}/map.yaml"), &map("web", "{team: web}"));
    }
    repository
        .write("policies/team.yaml", POLICY)
        .write("policies/team/kyverno-test.yaml", SUITE)
        .write("data/good.yaml", &map("good", "{team: a}"))
        .write("data/bad.yaml", &map("bad", "{}"));
    repository
}

/// The messages of `control-plane/weakened` that hold a change, and its decision.
fn weakened(repository: &Repository, change: impl FnOnce(&Repository)) -> (Vec<String>, String) {
    let base = repository.commit("base");
    change(repository);
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let told = verdict
        .findings()
        .filter(|it| it["rule"] == "control-plane/weakened" && it["level"] == "deny")
        .filter_map(|it| {
            Some(format!(
                "{}: {}",
                it["subject"].as_str()?,
                it["message"].as_str()?
            ))
        })
        .collect();
    (told, verdict.lines().pop().unwrap_or_default())
}

#[test]
fn a_wider_glob_that_takes_an_overlay_from_a_stricter_environment_is_told() {
    let wider = CONFIG.replace("[apps/*/dev]", "[apps/*/dev, apps/web/**]");
    let (told, decision) = weakened(&repository(CONFIG), |it| {
        it.write("tollgate.yaml", &wider);
    });
    assert_eq!(
        told,
        ["apps/web/live: `prod` (strict) loses it to `dev` (audit)"]
    );
    assert_eq!(decision, "refuse");
}

#[test]
fn an_overlay_that_becomes_a_part_of_a_milder_one_is_told() {
    let (told, decision) = weakened(&repository(CONFIG), |it| {
        it.write("apps/web/dev/kustomization.yaml", "resources: [../live]\n");
    });
    assert_eq!(
        told,
        [
            "apps/web/live: it becomes a part of what `dev` (audit) receives and is no overlay of `prod` (strict) any more"
        ]
    );
    assert_eq!(decision, "refuse");
}

#[test]
fn an_overlay_that_becomes_a_part_of_one_as_strict_is_not_told() {
    let (told, _) = weakened(&repository(CONFIG), |it| {
        it.write(
            "apps/web/eu/kustomization.yaml",
            "resources: [../live]\nnamePrefix: eu-\n",
        );
    });
    assert_eq!(told, [""; 0]);
}

#[test]
fn a_failing_row_that_goes_is_told_wherever_its_suite_goes() {
    let fewer = ["team: fixtures expect no failure of rule `label`, where 1 did before"];
    let suite = "policies/team/kyverno-test.yaml";
    let without = SUITE.rsplit_once("- {").expect("a row").0;
    let (told, decision) = weakened(&repository(CONFIG), |it| {
        it.write(suite, without);
    });
    assert_eq!(
        (told, decision.as_str()),
        (fewer.map(str::to_owned).to_vec(), "refuse")
    );
    // Under a name that is not read.
    let (told, _) = weakened(&repository(CONFIG), |it| {
        it.delete(suite)
            .write("policies/team/kyverno-test.yml", SUITE);
    });
    assert!(told.contains(&fewer[0].to_owned()), "{told:?}");
    // A row more is no less.
    let more = format!(
        "{SUITE}- {{policy: team, rule: label, kind: ConfigMap, resources: [bad], result: fail}}\n"
    );
    let (told, _) = weakened(&repository(CONFIG), |it| {
        it.write(suite, &more);
    });
    assert_eq!(told, [""; 0]);
}

#[test]
fn a_resource_that_a_suite_names_cannot_change_together_with_a_deployment() {
    let repository = repository(CONFIG);
    let base = repository.commit("base");
    repository
        .write("data/bad.yaml", &map("bad", "{other: a}"))
        .write("apps/web/live/map.yaml", &map("web", "{team: shop}"));
    let head = repository.commit("head");
    assert_eq!(
        repository.check(&base, &head).lines(),
        ["deny control-plane/rides-along data/bad.yaml:1", "refuse"]
    );
}

#[test]
fn a_manifest_of_an_overlay_is_no_fixture_although_a_suite_names_it() {
    let suite = SUITE
        .replace("../../data/good.yaml", "../../apps/web/live/map.yaml")
        .replace("[good]", "[web]");
    let repository = repository(CONFIG);
    repository.write("policies/team/kyverno-test.yaml", &suite);
    let base = repository.commit("base");
    repository.write("apps/web/live/map.yaml", &map("web", "{team: shop}"));
    let head = repository.commit("head");
    assert_eq!(repository.check(&base, &head).lines(), ["admit"]);
}

#[test]
fn a_first_list_of_definitions_that_leaves_some_out_is_told() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\n";
    let listing =
        |folder: &str| format!("{CONFIG}schema: {{kubernetes: \"1.34\", crds: [{folder}/*]}}\n");
    for (folder, want) in [
        (
            "other",
            vec!["tollgate.yaml: `schema.crds` leaves out `crds/a.yaml`".to_owned()],
        ),
        ("crds", vec![]),
    ] {
        let repository = repository(CONFIG);
        repository.write("crds/a.yaml", crd);
        let (told, _) = weakened(&repository, |it| {
            it.write("tollgate.yaml", &listing(folder));
        });
        assert_eq!(told, want, "{folder}");
    }
}

#[cfg(unix)]
#[test]
fn what_stands_behind_a_configuration_that_is_a_link_is_the_configuration() {
    let repository = repository(CONFIG);
    let link = repository.path().join("tollgate.yaml");
    repository
        .write("conf/gate.yaml", CONFIG)
        .delete("tollgate.yaml");
    std::os::unix::fs::symlink("conf/gate.yaml", &link).expect("a link");
    let (told, decision) = weakened(&repository, |it| {
        it.write("conf/gate.yaml", &CONFIG.replace("strict", "audit"));
    });
    assert_eq!(
        told,
        ["tollgate.yaml: enforcement of `prod` falls from strict to audit"]
    );
    assert_eq!(decision, "refuse");
}

#[cfg(unix)]
#[test]
fn a_configuration_that_becomes_a_link_is_told() {
    let repository = repository(CONFIG);
    let (told, decision) = weakened(&repository, |it| {
        it.write("conf/gate.yaml", CONFIG).delete("tollgate.yaml");
        let link = it.path().join("tollgate.yaml");
        std::os::unix::fs::symlink("conf/gate.yaml", link).expect("a link");
    });
    assert_eq!(
        told,
        [
            "tollgate.yaml: it becomes a link, so that whoever changes the file behind it changes the rules"
        ]
    );
    assert_eq!(decision, "refuse");
}

#[test]
fn mistakes_in_a_new_configuration_are_told_each_at_its_place() {
    let repository = repository(CONFIG);
    let base = repository.commit("base");
    let wrong = CONFIG
        .replace("strict", "strickt")
        .replace("builtin", "buildin");
    repository.write("tollgate.yaml", &wrong);
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let lines: Vec<String> = verdict
        .lines()
        .into_iter()
        .filter(|it| it.starts_with("deny"))
        .collect();
    assert_eq!(
        lines,
        [
            "deny control-plane/configuration tollgate.yaml:2",
            "deny control-plane/configuration tollgate.yaml:5"
        ]
    );
    let helps: Vec<&str> = verdict
        .findings()
        .filter_map(|it| it["help"].as_str())
        .collect();
    assert!(
        helps.iter().any(|it| it.contains("did you mean `builtin`")),
        "{helps:?}"
    );
}

#[test]
fn a_setting_that_no_gate_reads_leaves_the_verdict_undecided() {
    for (section, setting) in [
        (
            "rollback: {allow: true, within: 20, waives: [promotion]}",
            "rollback",
        ),
        ("handoff: {bind: tree, valid_for: 60m}", "handoff"),
        ("audit: {ref: refs/tollgate/audit}", "audit"),
    ] {
        let repository = repository(&format!("{CONFIG}{section}\n"));
        let base = repository.commit("base");
        repository.write("README.md", "x");
        let head = repository.commit("head");
        let lines = repository.check(&base, &head).lines();
        assert_eq!(
            lines,
            [format!("undecided {setting}"), "undecided".to_owned()]
        );
    }
}

#[test]
fn a_policy_that_could_not_be_read_and_is_mended_or_goes_is_told_once() {
    let unread = POLICY.replace("pattern:", "patern:");
    let broken = POLICY.replace("metadata: {name: team}", "metadata: {name: team");
    let of_field = "team: nobody can say whether it decides as much as it did, because it could not be read: `spec.rules[0].validate` has no field `patern`";
    for (before, after) in [
        (&unread, Some(POLICY)),
        (&unread, None),
        (&broken, Some(POLICY)),
        (&broken, None),
    ] {
        let repository = repository(CONFIG);
        repository.delete("policies/team/kyverno-test.yaml");
        repository.write("policies/team.yaml", before);
        let base = repository.commit("base");
        match after {
            Some(text) => repository.write("policies/team.yaml", text),
            None => repository.delete("policies/team.yaml"),
        };
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        let told: Vec<&str> = verdict
            .findings()
            .filter(|it| it["rule"] == "control-plane/weakened")
            .filter_map(|it| it["message"].as_str())
            .collect();
        assert_eq!(told.len(), 1, "{before} {after:?}: {told:?}");
        if before == &unread {
            assert!(of_field.ends_with(told[0]), "{told:?}");
        }
        let lines = verdict.lines();
        assert!(
            !lines.iter().any(|it| it.starts_with("undecided")),
            "{lines:?}"
        );
        assert_eq!(lines.last().map(String::as_str), Some("refuse"));
    }
}

#[test]
fn a_policy_that_is_mended_together_with_what_it_may_judge_or_stays_unread_is_undecided() {
    let unread = POLICY.replace("pattern:", "patern:");
    let other = POLICY.replace("pattern:", "patterns:");
    for (text, rides) in [(POLICY, true), (&other, false)] {
        let repository = repository(CONFIG);
        repository.delete("policies/team/kyverno-test.yaml");
        repository.write("policies/team.yaml", &unread);
        let base = repository.commit("base");
        repository.write("policies/team.yaml", text);
        if rides {
            repository.write("apps/web/live/map.yaml", &map("web", "{team: shop}"));
        }
        let head = repository.commit("head");
        let lines = repository.check(&base, &head).lines();
        assert!(
            lines.contains(&"undecided policies".to_owned()),
            "{lines:?}"
        );
    }
}

/// A policy that an overlay deploys.
fn deployed(name: &str, annotation: &str) -> String {
    POLICY.replace(
        "{name: team}",
        &format!("{{name: {name}, annotations: {{a: {annotation}}}}}"),
    )
}

#[test]
fn a_policy_that_is_mended_rides_with_nothing_that_may_be_judged_by_it() {
    let of_maps = POLICY.replace("pattern:", "patern:");
    let of_policies = of_maps.replace("[ConfigMap]", "[ClusterPolicy]");
    let broken = POLICY.replace("metadata: {name: team}", "metadata: {name: team");
    let path = "apps/web/live/rules.yaml";
    let listed = "apps/web/live/kustomization.yaml";
    let two = format!("{}---\n{}", deployed("one", "b"), deployed("two", "b"));
    let moved = two.replace("a: b", "a: c");
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n";
    let beside = format!("{}---\n{account}", map("web", "{team: web}"));
    for (case, before, change, undecided) in [
        ("nothing", &of_maps, (path, &*two), false),
        (
            "what it is not for",
            &of_maps,
            ("apps/web/live/map.yaml", &beside),
            true,
        ),
        (
            "policies that it is not for",
            &of_maps,
            (path, &moved),
            false,
        ),
        (
            "policies that it is for",
            &of_policies,
            (path, &moved),
            true,
        ),
        (
            "nothing, of a file that may be for anything",
            &broken,
            (path, &two),
            false,
        ),
        (
            "policies, of a file that may be for anything",
            &broken,
            (path, &moved),
            true,
        ),
        (
            "policies that go, of a file that may be for anything",
            &broken,
            (listed, "resources: [map.yaml]\n"),
            true,
        ),
    ] {
        let repository = repository(CONFIG);
        repository
            .delete("policies/team/kyverno-test.yaml")
            .write("policies/team.yaml", before)
            .write(listed, "resources: [map.yaml, rules.yaml]\n")
            .write(path, &two);
        let base = repository.commit("base");
        repository
            .write("policies/team.yaml", POLICY)
            .write(change.0, change.1);
        let head = repository.commit("head");
        let lines = repository.check(&base, &head).lines();
        let is_asked = lines.iter().any(|it| it.starts_with("undecided policies"));
        assert_eq!(is_asked, undecided, "{case}: {lines:?}");
    }
}

#[test]
fn the_first_rule_with_a_group_is_no_weakening_and_another_group_for_a_rule_is() {
    let asked = |users: &str| {
        format!(
            "{CONFIG}groups: {{a: {{users: {users}}}}}\napprovals: {{rules: [{{name: rules, when: {{control_plane: true}}, require: {{count: 1, from: [a]}}}}]}}\n"
        )
    };
    let (told, _) = weakened(&repository(CONFIG), |it| {
        it.write("tollgate.yaml", &asked("[ann, bob]"));
    });
    assert_eq!(told, [""; 0]);
    let (told, _) = weakened(&repository(&asked("[ann, bob]")), |it| {
        it.write("tollgate.yaml", &asked("[ann, eve]"));
    });
    assert_eq!(told, ["tollgate.yaml: `groups` is changed"]);
}

#[test]
fn what_stands_in_a_file_that_nobody_can_read_any_more_is_asked_for_and_not_told_as_gone() {
    let repository = repository(CONFIG);
    let base = repository.commit("base");
    repository.write("policies/team.yaml", &format!("{POLICY}bad: [\n"));
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    assert_eq!(verdict.exit, 3);
    assert!(
        verdict
            .lines()
            .contains(&"undecided policies/team.yaml".to_owned())
    );
    let weakened = verdict
        .findings()
        .filter(|it| it["rule"] == "control-plane/weakened")
        .filter_map(|it| it["message"].as_str());
    assert_eq!(weakened.collect::<Vec<_>>(), [""; 0]);
}
