//! Which rules are made for what makes Pods, and what they say.

use super::*;
use crate::testing::{load_text, resource};

/// Rules by name, as `autogen-controllers` and the rules of a policy bring them about; those that
/// are written are left out.
fn made(rules: &str, annotation: Option<&str>) -> Vec<String> {
    let annotations = annotation.map_or_else(String::new, |it| {
        format!(", annotations: {{pod-policies.kyverno.io/autogen-controllers: '{it}'}}")
    });
    let loaded = load_text(&format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p{annotations}}}\nspec: {{background: false, rules: [{rules}]}}\n"
    ));
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let rules = &loaded.policies.policies()[0].rules;
    let generated = rules.iter().filter(|it| it.generated.is_some());
    generated.map(|it| it.name.to_string()).collect()
}

const BOTH: &[&str] = &["autogen-r", "autogen-cronjob-r"];

/// Case, blocks of a rule, whether rules are made of it. Kyverno 1.19.1 makes the same.
#[rustfmt::skip]
const ROWS: &[(&str, &str, bool)] = &[
    ("Pods", "match: {any: [{resources: {kinds: [Pod]}}]}", true),
    ("Pods of a version", "match: {any: [{resources: {kinds: [v1/Pod]}}]}", false),
    ("Pods in all", "match: {all: [{resources: {kinds: [Pod]}}]}", true),
    ("Pods in the block itself", "match: {resources: {kinds: [Pod]}}", true),
    ("other kinds", "match: {any: [{resources: {kinds: [Service]}}]}", false),
    ("controllers alone", "match: {any: [{resources: {kinds: [Deployment]}}]}", false),
    ("Pods and others in one filter", "match: {any: [{resources: {kinds: [Pod, Service]}}]}", false),
    ("Pods and controllers in one filter", "match: {any: [{resources: {kinds: [Pod, Deployment]}}]}", false),
    ("Pods and others in two filters", "match: {any: [{resources: {kinds: [Pod]}}, {resources: {kinds: [Service]}}]}", true),
    ("a name", "match: {any: [{resources: {kinds: [Pod], name: a}}]}", false),
    ("names", "match: {any: [{resources: {kinds: [Pod], names: [a]}}]}", false),
    ("annotations", "match: {any: [{resources: {kinds: [Pod], annotations: {a: b}}}]}", false),
    ("a selector", "match: {any: [{resources: {kinds: [Pod], selector: {matchLabels: {a: b}}}}]}", false),
    ("annotations of none", "match: {any: [{resources: {kinds: [Pod], annotations: {}}}]}", false),
    ("an empty name", "match: {any: [{resources: {kinds: [Pod], name: ''}}]}", true),
    ("names of none", "match: {any: [{resources: {kinds: [Pod], names: []}}]}", true),
    ("namespaces", "match: {any: [{resources: {kinds: [Pod], namespaces: [a]}}]}", true),
    ("a selector of namespaces", "match: {any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {a: b}}}}]}", true),
    ("operations", "match: {any: [{resources: {kinds: [Pod], operations: [CREATE]}}]}", true),
    ("an excluded name", "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{resources: {names: [a]}}]}", false),
    ("excluded namespaces", "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{resources: {namespaces: [a]}}]}", true),
    ("excluded kinds with Pods", "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{resources: {kinds: [Pod], namespaces: [a]}}]}", true),
    ("excluded kinds without Pods", "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{resources: {kinds: [Deployment]}}]}", false),
    ("excluded kinds with Pods and others", "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{resources: {kinds: [Pod, Deployment]}}]}", false),
    ("excluded users", "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{clusterRoles: [a]}]}", true),
];

#[test]
fn which_rules_are_made() {
    for (case, blocks, wanted) in ROWS {
        let rule =
            format!("{{name: r, {blocks}, validate: {{message: m, pattern: {{spec: {{a: b}}}}}}}}");
        let want = if *wanted { BOTH } else { &[] };
        assert_eq!(made(&rule, None), want, "{case}");
    }
}

const RULE: &str = "{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: m, pattern: {spec: {a: b}}}}";

#[test]
fn one_rule_that_cannot_be_said_of_a_template_keeps_all_from_it() {
    let named = "{name: s, match: {any: [{resources: {kinds: [Pod], names: [a]}}]}, validate: {message: m, deny: {}}}";
    let generates = "{name: s, match: {any: [{resources: {kinds: [Pod]}}]}, generate: {apiVersion: v1, kind: ConfigMap, name: a, namespace: b, data: {}}}";
    let patches =
        "{name: s, match: {any: [{resources: {kinds: [Pod]}}]}, mutate: {patchesJson6902: '[]'}}";
    let loops = "{name: s, match: {any: [{resources: {kinds: [Pod]}}]}, mutate: {foreach: [{list: a, patchStrategicMerge: {}}, {list: a, patchesJson6902: '[]'}]}}";
    for other in [named, generates, patches, loops] {
        assert_eq!(made(&format!("{RULE}, {other}"), None), [""; 0], "{other}");
    }
    let service = "{name: s, match: {any: [{resources: {kinds: [Service], names: []}}]}, validate: {message: m, deny: {}}}";
    assert_eq!(made(&format!("{RULE}, {service}"), None), BOTH);
    let others = "{name: s, match: {any: [{resources: {kinds: [Service, ConfigMap]}}]}, validate: {message: m, deny: {}}}";
    assert_eq!(made(&format!("{RULE}, {others}"), None), BOTH);
    let merges = "{name: s, match: {any: [{resources: {kinds: [Pod]}}]}, mutate: {foreach: [{list: a, patchStrategicMerge: {}}]}}";
    assert_eq!(
        made(&format!("{RULE}, {merges}"), None),
        [
            "autogen-r",
            "autogen-cronjob-r",
            "autogen-s",
            "autogen-cronjob-s"
        ]
    );
}

#[test]
fn the_annotation_names_the_controllers() {
    for (annotation, want) in [
        ("none", &[][..]),
        ("Deployment", &["autogen-r"]),
        ("CronJob", &["autogen-cronjob-r"]),
        ("CronJob,Job", BOTH),
        ("", &[]),
        ("Deployment, CronJob", &["autogen-r"]),
    ] {
        assert_eq!(made(RULE, Some(annotation)), want, "{annotation}");
    }
    let mut all = Applicable::default();
    all.look_at(&resource(RULE));
    assert_eq!(
        all.controllers(Some("StatefulSet,CronJob,Pod,Deployment")),
        ["Deployment", "StatefulSet", "CronJob"]
    );
    assert_eq!(all.controllers(None).len(), 7);
}

fn generate_for(rule: &str, to: Generated) -> Option<Value> {
    let rule = resource(rule);
    let mut all = Applicable::default();
    all.look_at(&rule);
    generate(&rule, to, &all.controllers(None))
}

/// The rule for controllers and that for CronJobs.
#[track_caller]
fn assert_made(rule: &str, controllers: &str, cron_job: &str) {
    for (to, want) in [
        (Generated::Controllers, controllers),
        (Generated::CronJob, cron_job),
    ] {
        assert_eq!(generate_for(rule, to), Some(resource(want)), "{to:?}");
    }
}

const KINDS: &str = "kinds: [apps/v1/DaemonSet, apps/v1/Deployment, batch/v1/Job, apps/v1/StatefulSet, apps/v1/ReplicaSet, v1/ReplicationController]";
const CRON: &str = "kinds: [batch/v1/CronJob]";

#[test]
fn a_pattern_goes_where_the_template_is() {
    assert_made(
        RULE,
        &format!(
            "{{name: autogen-r, match: {{any: [{{resources: {{{KINDS}}}}}]}}, validate: {{message: m, pattern: {{spec: {{template: {{spec: {{a: b}}}}}}}}}}}}"
        ),
        &format!(
            "{{name: autogen-cronjob-r, match: {{any: [{{resources: {{{CRON}}}}}]}}, validate: {{message: m, pattern: {{spec: {{jobTemplate: {{spec: {{template: {{spec: {{a: b}}}}}}}}}}}}}}}}"
        ),
    );
}

#[test]
fn queries_of_the_object_go_down_and_others_stay() {
    let body = |spec: &str, metadata: &str, old: &str| {
        format!(
            "context: [{{name: x, variable: {{jmesPath: '{spec}.a'}}}}], preconditions: {{all: [{{key: '{{{{ {metadata}.labels.l }}}}', operator: Equals, value: '{{{{ request.object.status }}}}'}}]}}, validate: {{message: '{{{{ {metadata}.name }}}} {{{{ request.namespace }}}}', deny: {{conditions: {{any: [{{key: '{{{{ {old}.spec.a || {old}.metadata.b || object.spec }}}}', operator: Equals, value: '{spec}'}}]}}}}}}"
        )
    };
    let (spec, metadata, old) = (
        "request.object.spec",
        "request.object.metadata",
        "request.oldObject",
    );
    let rule = format!(
        "{{name: r, match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}, {}}}",
        body(spec, metadata, old)
    );
    let below = |at: &str| {
        body(
            &format!("request.object.{at}.spec"),
            &format!("request.object.{at}.metadata"),
            "OLD",
        )
        .replace("OLD.", &format!("request.oldObject.{at}."))
    };
    assert_made(
        &rule,
        &format!(
            "{{name: autogen-r, match: {{any: [{{resources: {{{KINDS}}}}}]}}, {}}}",
            below("spec.template")
        ),
        &format!(
            "{{name: autogen-cronjob-r, match: {{any: [{{resources: {{{CRON}}}}}]}}, {}}}",
            below("spec.jobTemplate.spec.template")
        ),
    );
}

#[test]
fn filters_that_are_not_for_pods_stay_as_they_are_but_for_cron_jobs() {
    let rule = |name: &str, first: &str, second: &str, third: &str| {
        format!(
            "{{name: {name}, match: {{any: [{{resources: {{{first}}}}}, {{resources: {{{second}}}}}]}}, exclude: {{any: [{{resources: {{{third}namespaces: [a]}}}}]}}, validate: {{message: m, deny: {{}}}}}}"
        )
    };
    assert_made(
        &rule("r", "kinds: [Pod]", "kinds: [Service]", ""),
        &rule("autogen-r", KINDS, "kinds: [Service]", ""),
        &rule("autogen-cronjob-r", CRON, CRON, &format!("{CRON}, ")),
    );
    assert_made(
        &rule("r", "kinds: [Pod]", "kinds: [Service]", "kinds: [Pod], "),
        &rule(
            "autogen-r",
            KINDS,
            "kinds: [Service]",
            &format!("{KINDS}, "),
        ),
        &rule("autogen-cronjob-r", CRON, CRON, &format!("{CRON}, ")),
    );
}

#[test]
fn blocks_in_every_form() {
    let validate = "validate: {message: m, deny: {}}";
    assert_made(
        &format!(
            "{{name: r, match: {{resources: {{kinds: [Pod]}}}}, exclude: {{resources: {{namespaces: [a]}}}}, {validate}}}"
        ),
        &format!(
            "{{name: autogen-r, match: {{resources: {{{KINDS}}}}}, exclude: {{resources: {{namespaces: [a]}}}}, {validate}}}"
        ),
        &format!(
            "{{name: autogen-cronjob-r, match: {{resources: {{{CRON}}}}}, exclude: {{resources: {{namespaces: [a]}}}}, {validate}}}"
        ),
    );
    assert_made(
        &format!(
            "{{name: r, match: {{all: [{{resources: {{kinds: [Pod]}}}}, {{resources: {{kinds: ['*']}}}}]}}, exclude: {{resources: {{kinds: [Pod], namespaces: [a]}}}}, {validate}}}"
        ),
        &format!(
            "{{name: autogen-r, match: {{all: [{{resources: {{{KINDS}}}}}, {{resources: {{kinds: ['*']}}}}]}}, exclude: {{resources: {{{KINDS}, namespaces: [a]}}}}, {validate}}}"
        ),
        &format!(
            "{{name: autogen-cronjob-r, match: {{all: [{{resources: {{{CRON}}}}}, {{resources: {{{CRON}}}}}]}}, exclude: {{resources: {{{CRON}, namespaces: [a]}}}}, {validate}}}"
        ),
    );
}

#[test]
fn the_first_form_of_a_block_that_is_not_empty_is_changed() {
    let validate = "validate: {message: m, deny: {}}";
    let pod = "{resources: {kinds: [Pod]}}";
    let made = generate_for(
        &format!("{{name: r, match: {{any: [], resources: {{kinds: [Pod]}}}}, {validate}}}"),
        Generated::CronJob,
    );
    let want = format!(
        "{{name: autogen-cronjob-r, match: {{any: [], resources: {{{CRON}}}}}, {validate}}}"
    );
    assert_eq!(made, Some(resource(&want)));
    let made = generate_for(
        &format!("{{name: r, match: {{any: [{pod}], all: [{pod}]}}, {validate}}}"),
        Generated::CronJob,
    );
    let want = format!(
        "{{name: autogen-cronjob-r, match: {{any: [{{resources: {{{CRON}}}}}], all: [{pod}]}}, {validate}}}"
    );
    assert_eq!(made, Some(resource(&want)));
    let empty = RULE.replace("name: r", "name: r, generate: {}");
    assert!(generate_for(&empty, Generated::CronJob).is_some());
}

#[test]
fn what_a_rule_does_is_kept() {
    let wrapped = |body: &str| {
        (
            format!("{{spec: {{template: {body}}}}}"),
            format!("{{spec: {{jobTemplate: {{spec: {{template: {body}}}}}}}}}"),
        )
    };
    let (one, one_cron) = wrapped("{spec: {a: 1}}");
    let (two, two_cron) = wrapped("{spec: {a: 2}}");
    let common = "message: m, failureAction: Enforce, failureActionOverrides: [], allowExistingViolations: false";
    for (body, for_controllers, for_cron_jobs) in [
        (
            "validate: {COMMON, anyPattern: [{spec: {a: 1}}, {spec: {a: 2}}]}",
            format!("validate: {{COMMON, anyPattern: [{one}, {two}]}}"),
            format!("validate: {{COMMON, anyPattern: [{one_cron}, {two_cron}]}}"),
        ),
        (
            "validate: {COMMON, podSecurity: {level: baseline}}",
            "validate: {COMMON, podSecurity: {level: baseline}}".to_owned(),
            "validate: {COMMON, podSecurity: {level: baseline}}".to_owned(),
        ),
        (
            "validate: {COMMON, foreach: [{list: request.object.spec.a, pattern: {b: c}}]}",
            "validate: {COMMON, foreach: [{list: request.object.spec.template.spec.a, pattern: {b: c}}]}".to_owned(),
            "validate: {COMMON, foreach: [{list: request.object.spec.jobTemplate.spec.template.spec.a, pattern: {b: c}}]}".to_owned(),
        ),
        (
            "validate: {COMMON, cel: {expressions: [{expression: object.spec.a}]}}",
            "validate: {COMMON, cel: {expressions: [{expression: object.spec.template.spec.a}]}}".to_owned(),
            "validate: {COMMON, cel: {expressions: [{expression: object.spec.jobTemplate.spec.template.spec.a}]}}".to_owned(),
        ),
        (
            "validate: {COMMON, foreach: [], cel: {expressions: []}}",
            "validate: {COMMON, cel: {expressions: []}}".to_owned(),
            "validate: {COMMON, cel: {expressions: []}}".to_owned(),
        ),
        (
            "mutate: {patchStrategicMerge: {spec: {a: 1}}}",
            format!("mutate: {{patchStrategicMerge: {one}}}"),
            format!("mutate: {{patchStrategicMerge: {one_cron}}}"),
        ),
        (
            "mutate: {foreach: [{list: a, context: [], preconditions: {}, order: Ascending, patchStrategicMerge: {spec: {a: 1}}}]}",
            format!("mutate: {{foreach: [{{list: a, context: [], preconditions: {{}}, patchStrategicMerge: {one}}}]}}"),
            format!("mutate: {{foreach: [{{list: a, context: [], preconditions: {{}}, patchStrategicMerge: {one_cron}}}]}}"),
        ),
        (
            "verifyImages: [{imageReferences: ['*']}]",
            "verifyImages: [{imageReferences: ['*']}]".to_owned(),
            "verifyImages: [{imageReferences: ['*']}]".to_owned(),
        ),
    ] {
        let rule = |name: &str, kinds: &str, body: &str| {
            let body = body.replace("COMMON", common);
            format!("{{name: {name}, match: {{any: [{{resources: {{{kinds}}}}}]}}, {body}}}")
        };
        assert_made(
            &rule("r", "kinds: [Pod]", body),
            &rule("autogen-r", KINDS, &for_controllers),
            &rule("autogen-cronjob-r", CRON, &for_cron_jobs),
        );
    }
}

#[test]
fn nothing_is_made_of_nothing() {
    let for_pods = "match: {any: [{resources: {kinds: [Pod]}}]}";
    for rule in [
        format!("{{name: autogen-r, {for_pods}, validate: {{message: m, deny: {{}}}}}}"),
        format!("{{name: r, {for_pods}}}"),
        format!("{{name: r, {for_pods}, validate: {{message: m}}}}"),
        format!("{{name: r, {for_pods}, validate: {{message: m, foreach: []}}}}"),
        format!("{{name: r, {for_pods}, mutate: {{foreach: []}}}}"),
        format!("{{name: r, {for_pods}, mutate: text, validate: text}}"),
        "{name: r, validate: {message: m, deny: {}}}".to_owned(),
    ] {
        assert_eq!(generate_for(&rule, Generated::Controllers), None, "{rule}");
    }
}

#[test]
fn long_names_are_cut_after_63_bytes() {
    for (letter, of_controllers, of_cron_jobs) in [("a", 55, 47), ("é", 27, 23)] {
        let name = letter.repeat(60);
        let rule = RULE.replace("name: r", &format!("name: {name}"));
        let name = |to| {
            let made = generate_for(&rule, to).expect("a rule for Pods");
            made["name"].as_str().expect("a name").to_owned()
        };
        assert_eq!(
            name(Generated::Controllers),
            format!("autogen-{}", letter.repeat(of_controllers))
        );
        assert_eq!(
            name(Generated::CronJob),
            format!("autogen-cronjob-{}", letter.repeat(of_cron_jobs))
        );
    }
}
