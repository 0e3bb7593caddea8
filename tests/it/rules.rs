//! Which rules there are, on both sides of a change, and whether they decide less.

use crate::support::{Repository, Verdict};

const CONFIG: &str = "version: 1
environments:
  dev: {overlays: [apps/dev], enforcement: enforce}
  prod: {overlays: [apps/prod, policies/prod], enforcement: enforce}
policies: {coverage: {min_rules: 0%}}
";

const TEAM: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: team
spec:
  rules:
    - name: label
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate:
        message: who owns it must be said
        pattern: {metadata: {labels: {team: \"?*\"}}}
";

fn config_map(labels: &str, namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: {namespace}, labels: {{{labels}}}}}\n"
    )
}

/// Two environments, one of which receives the policies through an overlay of its own.
fn repository() -> Repository {
    let repository = Repository::new();
    for environment in ["dev", "prod"] {
        repository
            .write(
                &format!("apps/{environment}/kustomization.yaml"),
                "resources: [map.yaml]\n",
            )
            .write(
                &format!("apps/{environment}/map.yaml"),
                &config_map("team: web", environment),
            );
    }
    repository
        .write("tollgate.yaml", CONFIG)
        .write(
            "policies/base/kustomization.yaml",
            "resources: [team.yaml]\n",
        )
        .write("policies/base/team.yaml", TEAM)
        .write("policies/prod/kustomization.yaml", "resources: [../base]\n");
    repository
}

/// What is said of a change from here on.
fn check(repository: &Repository, edit: impl FnOnce(&Repository)) -> Verdict {
    let base = repository.commit("base");
    edit(repository);
    let head = repository.commit("head");
    repository.check(&base, &head)
}

fn weakened(verdict: &Verdict) -> Vec<String> {
    let findings = verdict.findings();
    let weakened = findings.filter(|it| it["rule"] == "control-plane/weakened");
    weakened
        .filter_map(|it| it["message"].as_str())
        .map(str::to_owned)
        .collect()
}

const PATCHED: &str = "resources: [../base]
patches:
  - target: {kind: ClusterPolicy}
    patch: |
";

#[test]
fn a_patch_that_excludes_all_weakens_what_the_environment_receives() {
    let verdict = check(&repository(), |it| {
        it.write(
            "policies/prod/kustomization.yaml",
            &format!("{PATCHED}      - {{op: add, path: /spec/rules/0/exclude, value: {{any: [{{resources: {{namespaces: ['*']}}}}]}}}}\n"),
        );
    });
    assert_eq!(
        verdict.lines(),
        [
            "deny control-plane/weakened policies/base/team.yaml:7",
            "warn control-plane/changed policies/prod/kustomization.yaml:1",
            "refuse",
        ]
    );
    assert_eq!(
        weakened(&verdict),
        [
            "rule `label` excludes more in prod: ConfigMap prod/web (apps/prod) was passed and is not judged"
        ]
    );
}

#[test]
fn a_policy_that_an_overlay_drops_is_gone_although_its_file_stays() {
    for edit in [
        "resources: []\n",
        "resources: [../base]\npatches:\n  - patch: |\n      $patch: delete\n      apiVersion: kyverno.io/v1\n      kind: ClusterPolicy\n      metadata: {name: team}\n",
    ] {
        let verdict = check(&repository(), |it| {
            it.write("policies/prod/kustomization.yaml", edit);
        });
        let gone = weakened(&verdict);
        assert_eq!(
            gone,
            [
                "ClusterPolicy `team` is gone in prod: ConfigMap prod/web (apps/prod) was passed and is not judged"
            ],
            "{edit}"
        );
        assert_eq!(verdict.exit, 1);
    }
}

/// An API server drops the namespace of what stands in none.
#[test]
fn a_cluster_policy_to_which_an_overlay_gives_a_namespace_judges_like_any_other() {
    let placed = "namespace: kyverno\nresources: [../base]\n";
    let repository = repository();
    repository.write("policies/prod/kustomization.yaml", placed);
    let verdict = check(&repository, |it| {
        it.write("apps/prod/map.yaml", &config_map("", "prod"));
    });
    assert_eq!(
        verdict.lines(),
        ["deny policies/team apps/prod/map.yaml:3", "refuse"]
    );
    let verdict = check(&self::repository(), |it| {
        it.write("policies/prod/kustomization.yaml", placed);
    });
    assert_eq!(weakened(&verdict), [""; 0]);
    assert_eq!(verdict.exit, 0, "{:?}", verdict.lines());
}

#[test]
fn an_exception_that_an_overlay_makes_is_one() {
    let exception = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: me}\nspec:\n  exceptions: [{policyName: team, ruleNames: ['*']}]\n  match: {any: [{resources: {kinds: [ConfigMap]}}]}\n";
    let want = [
        "exception `me` is added: it lets resources off `team` in prod: ConfigMap prod/web (apps/prod) was passed and is not judged",
    ];
    let verdict = check(&repository(), |it| {
        it.write("policies/prod/me.txt", exception).write(
            "policies/prod/kustomization.yaml",
            "resources: [../base, me.txt]\n",
        );
    });
    assert_eq!(weakened(&verdict), want, "from a file of any name");
    let verdict = check(&repository(), |it| {
        it.write(
            "policies/prod/me.yaml",
            &exception
                .replace("kyverno.io/v2", "v1")
                .replace("PolicyException", "ConfigMap"),
        )
        .write(
            "policies/prod/kustomization.yaml",
            "resources: [../base, me.yaml]\npatches:\n  - target: {kind: ConfigMap}\n    options: {allowKindChange: true}\n    patch: |\n      - {op: replace, path: /kind, value: PolicyException}\n      - {op: replace, path: /apiVersion, value: kyverno.io/v2}\n",
        );
    });
    assert_eq!(weakened(&verdict), want, "by a patch");
}

#[test]
fn what_an_environment_receives_judges_in_place_of_the_file() {
    let repository = repository();
    repository.write(
        "policies/prod/kustomization.yaml",
        &format!("{PATCHED}      - {{op: add, path: /spec/rules/0/exclude, value: {{any: [{{resources: {{namespaces: [legacy]}}}}]}}}}\n"),
    );
    let verdict = check(&repository, |it| {
        for environment in ["dev", "prod"] {
            let path = format!("apps/{environment}/map.yaml");
            it.write(&path, &config_map("", "legacy"));
        }
    });
    assert_eq!(
        verdict.lines(),
        ["deny policies/team apps/dev/map.yaml:3", "refuse"],
        "dev receives no policies: the files judge"
    );
}

#[test]
fn a_rule_that_an_overlay_adds_judges() {
    let repository = repository();
    repository.write(
        "policies/prod/kustomization.yaml",
        &format!("{PATCHED}      - op: add\n        path: /spec/rules/-\n        value:\n          name: owner\n          match: {{any: [{{resources: {{kinds: [ConfigMap]}}}}]}}\n          validate: {{message: owner is missing, pattern: {{metadata: {{labels: {{owner: '?*'}}}}}}}}\n"),
    );
    repository.write(
        "apps/prod/map.yaml",
        &config_map("team: shop, owner: ann", "prod"),
    );
    let verdict = check(&repository, |it| {
        it.write("apps/prod/map.yaml", &config_map("team: shop", "prod"));
    });
    assert_eq!(
        verdict.lines(),
        ["deny policies/team apps/prod/map.yaml:3", "refuse"]
    );
}

#[test]
fn a_policy_that_an_overlay_deploys_can_be_changed_and_nothing_else_rides_along() {
    let stricter = TEAM.replace("{team: ", "{cost: \"?*\", team: ");
    let verdict = check(&repository(), |it| {
        it.write("policies/base/team.yaml", &stricter);
    });
    assert_eq!(
        verdict.lines(),
        [
            "warn control-plane/changed policies/base/team.yaml:1",
            "warn policies/preview policies/base/team.yaml:7",
            "admit",
        ]
    );
    let verdict = check(&repository(), |it| {
        it.write("policies/base/team.yaml", &stricter).write(
            "policies/prod/kustomization.yaml",
            "resources: [../base]\nconfigMapGenerator: [{name: a, literals: [a=b], options: {labels: {team: a}}}]\n",
        );
    });
    let along: Vec<String> = verdict
        .lines()
        .into_iter()
        .filter(|it| it.contains("rides-along"))
        .collect();
    assert_eq!(
        along,
        ["deny control-plane/rides-along policies/base/team.yaml:1"]
    );
}

#[test]
fn labels_of_a_policy_decide_nothing() {
    let verdict = check(&repository(), |it| {
        it.write(
            "policies/prod/kustomization.yaml",
            "resources: [../base]\nlabels: [{pairs: {version: v2}}]\n",
        )
        .write("apps/prod/map.yaml", &config_map("team: shop", "prod"));
    });
    assert_eq!(verdict.lines(), ["admit"]);
}

#[test]
fn policies_in_a_list_judge_and_are_missed() {
    let list = |items: &[&str]| {
        let items: String = items
            .iter()
            .map(|it| format!("- {}\n", it.trim_end().replace('\n', "\n  ")))
            .collect();
        format!("apiVersion: v1\nkind: List\nitems:\n{items}")
    };
    let other = TEAM
        .replace("name: team", "name: other")
        .replace("ConfigMap", "Job");
    let repository = repository();
    repository
        .write("policies/base/kustomization.yaml", "resources: []\n")
        .delete("policies/base/team.yaml")
        .write("policies/list.yaml", &list(&[&other, TEAM]));
    let verdict = check(&repository, |it| {
        it.write("apps/dev/map.yaml", &config_map("", "dev"));
    });
    assert_eq!(
        verdict.lines().first().map(String::as_str),
        Some("deny policies/team apps/dev/map.yaml:3")
    );
    let verdict = check(&repository, |it| {
        it.write("policies/list.yaml", &list(&[&other]));
    });
    assert_eq!(
        weakened(&verdict),
        [
            "ClusterPolicy `team` is gone: ConfigMap dev/web (apps/dev) was refused and is not judged, and 1 more"
        ]
    );
}

#[test]
fn of_two_policies_of_one_name_the_second_is_missed() {
    let repository = repository();
    repository.write(
        "policies/second.yaml",
        &TEAM.replace("team: \"?*\"", "cost: \"?*\""),
    );
    let harmless = check(&repository, |it| {
        it.write("README.md", "nothing about it\n");
    });
    assert_eq!(harmless.lines(), ["admit"]);
    let verdict = check(&repository, |it| {
        it.delete("policies/second.yaml");
    });
    assert_eq!(
        weakened(&verdict),
        [
            "ClusterPolicy `team` is gone: ConfigMap dev/web (apps/dev) was refused and is not judged, and 1 more"
        ]
    );
    assert_eq!(verdict.exit, 1);
}

#[test]
fn a_fixture_shows_what_is_let_through() {
    let repository = repository();
    repository
        .write(
            "policies/tests/kyverno-test.yaml",
            "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\npolicies: [../base/team.yaml]\nresources: [maps.yaml]\nresults:\n- {policy: team, rule: label, kind: ConfigMap, resources: [bad], result: fail}\n",
        )
        .write(
            "policies/tests/maps.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad, namespace: shop}\n",
        );
    let verdict = check(&repository, |it| {
        it.write(
            "policies/base/team.yaml",
            &TEAM.replace(
                "kinds: [ConfigMap]",
                "kinds: [ConfigMap], namespaces: [dev, prod]",
            ),
        );
    });
    assert_eq!(
        weakened(&verdict),
        [
            "rule `label` may match less: ConfigMap shop/bad (policies/tests/maps.yaml) was refused and is not judged"
        ]
    );
}

#[test]
fn a_change_that_decides_as_much_is_admitted() {
    for (from, to) in [
        ("who owns it must be said", "say who owns it"),
        ("kinds: [ConfigMap]", "kinds: [ConfigMap, Service]"),
        (
            "metadata:\n  name: team",
            "metadata:\n  annotations: {policies.kyverno.io/severity: high}\n  name: team",
        ),
        ("spec:\n", "spec:\n  validationFailureAction: Enforce\n"),
    ] {
        let verdict = check(&repository(), |it| {
            it.write("policies/base/team.yaml", &TEAM.replace(from, to));
        });
        assert_eq!(
            verdict.lines(),
            [
                "warn control-plane/changed policies/base/team.yaml:1",
                "admit"
            ],
            "{to}"
        );
    }
}

#[test]
fn what_a_false_chart_hides_is_missed() {
    let repository = repository();
    repository.write(
        "rules/templates/cost.yaml",
        &TEAM.replace("team", "cost").replace("?*", "*"),
    );
    let verdict = check(&repository, |it| {
        it.write(
            "rules/Chart.yaml",
            "apiVersion: v2\nname: x\nversion: 1.0.0\n",
        );
    });
    assert_eq!(
        weakened(&verdict),
        [
            "ClusterPolicy `cost` is gone: ConfigMap dev/web (apps/dev) was refused and is not judged, and 1 more"
        ]
    );
}

/// A policy of many rules, each of which asks for a label of its own.
fn many(head: &str) -> Vec<String> {
    let rule = |at: usize| {
        format!(
            "    - name: label-{at}\n      match: {{any: [{{resources: {{kinds: [ConfigMap]}}}}]}}\n      validate:\n        message: l{at} is missing\n        pattern: {{metadata: {{labels: {{l{at}: \"?*\"}}}}}}\n"
        )
    };
    let start = format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: team\nspec:\n{head}  rules:\n"
    );
    std::iter::once(start).chain((0..30).map(rule)).collect()
}

/// What is said where a policy of many rules becomes another.
fn becomes(old: &[String], new: &[String]) -> Vec<String> {
    let repository = repository();
    repository.write("policies/base/team.yaml", &old.concat());
    weakened(&check(&repository, |it| {
        it.write("policies/base/team.yaml", &new.concat());
    }))
}

#[test]
fn of_many_rules_the_one_that_is_weakened_or_dropped_is_shown_wherever_it_stands() {
    let old = many("");
    let mut new = old.clone();
    new[12] = new[12].replace("l11: \"?*\"", "=(l11): \"?*\"");
    let weaker = [
        "rule `label-11` may ask for less (`pattern`): ConfigMap dev/web (apps/dev) was refused and is passed, and 1 more",
    ];
    assert_eq!(becomes(&old, &new), weaker);
    new[1..].reverse();
    assert_eq!(becomes(&old, &new), weaker, "in another order");
    new.retain(|it| !it.contains("name: label-11\n"));
    assert_eq!(
        becomes(&old, &new),
        [
            "rule `label-11` is gone: ConfigMap dev/web (apps/dev) was refused and is not judged, and 1 more"
        ]
    );
}

#[test]
fn the_order_of_many_rules_is_shown_where_only_the_first_is_asked() {
    let one = many("  applyRules: One\n");
    let mut swapped = one.clone();
    swapped.swap(1, 2);
    assert_eq!(
        becomes(&one, &swapped),
        [
            "asks no rule after the first that judged (`applyRules: One`): ConfigMap dev/web (apps/dev) was refused and is not judged, and 1 more"
        ]
    );
    let all = many("");
    let mut swapped = all.clone();
    swapped.swap(1, 2);
    assert_eq!(becomes(&all, &swapped), [""; 0]);
}

/// Two clusters of one environment, each of which receives the policies beside a map of its own name.
fn clusters() -> Repository {
    let repository = Repository::new();
    for cluster in ["a", "b"] {
        repository
            .write(
                &format!("prod/{cluster}/kustomization.yaml"),
                "resources: [../../policies, map.yaml]\n",
            )
            .write(
                &format!("prod/{cluster}/map.yaml"),
                &config_map("team: web", "web"),
            );
    }
    repository
        .write(
            "tollgate.yaml",
            "version: 1\nenvironments:\n  prod: {overlays: [\"prod/*\"], enforcement: enforce}\npolicies: {coverage: {min_rules: 0%}}\n",
        )
        .write("policies/kustomization.yaml", "resources: [team.yaml]\n")
        .write("policies/team.yaml", TEAM);
    repository
}

#[test]
fn a_policy_that_one_overlay_drops_is_missed_though_others_of_its_environment_keep_it() {
    let only_map = |repository: &Repository, cluster: &str| {
        let file = format!("prod/{cluster}/kustomization.yaml");
        repository.write(&file, "resources: [map.yaml]\n");
    };
    let missed = |edit: &dyn Fn(&Repository)| weakened(&check(&clusters(), edit));
    let others = "though other overlays of the environment do in prod";
    assert_eq!(
        missed(&|it| only_map(it, "b")),
        [format!("`prod/b` deploys it no more, {others}")]
    );
    // A new overlay that nobody is known to apply.
    let decoy = |it: &Repository| {
        only_map(it, "a");
        only_map(it, "b");
        it.write("prod/c/kustomization.yaml", "resources: [../../policies]\n");
    };
    assert_eq!(
        missed(&decoy),
        [format!("`prod/a` and 1 more deploy it no more, {others}")]
    );
    // The overlay goes, and what it had comes back without the policy.
    let renamed = |it: &Repository| {
        it.delete("prod/b/kustomization.yaml")
            .delete("prod/b/map.yaml")
            .write("prod/c/kustomization.yaml", "resources: [map.yaml]\n")
            .write("prod/c/map.yaml", &config_map("team: web", "web"));
    };
    assert_eq!(
        missed(&renamed),
        [format!("`prod/b` deploys it no more, {others}")]
    );
    // All of them drop it: that it is gone is told once.
    let gone = |it: &Repository| {
        only_map(it, "a");
        only_map(it, "b");
        it.delete("policies/team.yaml")
            .delete("policies/kustomization.yaml");
    };
    assert_eq!(missed(&gone).len(), 1, "{:?}", missed(&gone));
}

#[test]
fn a_cluster_that_is_given_up_and_a_policy_that_moves_within_one_weaken_nothing() {
    let given_up = |it: &Repository| {
        it.delete("prod/b/kustomization.yaml")
            .delete("prod/b/map.yaml");
    };
    assert_eq!(weakened(&check(&clusters(), given_up)), [""; 0]);
    let renamed = |it: &Repository| {
        it.delete("prod/b/kustomization.yaml")
            .delete("prod/b/map.yaml")
            .write(
                "prod/c/kustomization.yaml",
                "resources: [../../policies, map.yaml]\n",
            )
            .write("prod/c/map.yaml", &config_map("team: web", "web"));
    };
    assert_eq!(weakened(&check(&clusters(), renamed)), [""; 0]);
    // To an overlay with which it has nothing in common, which may be of the same cluster.
    let repository = clusters();
    repository
        .write("prod/rules/kustomization.yaml", "resources: [map.yaml]\n")
        .write(
            "prod/rules/map.yaml",
            &config_map("team: web", "rules").replace("name: web", "name: rules"),
        );
    let moved = |it: &Repository| {
        it.write("prod/b/kustomization.yaml", "resources: [map.yaml]\n")
            .write(
                "prod/rules/kustomization.yaml",
                "resources: [../../policies, map.yaml]\n",
            );
    };
    assert_eq!(weakened(&check(&repository, moved)), [""; 0]);
}
