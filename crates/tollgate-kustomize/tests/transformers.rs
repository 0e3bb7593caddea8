//! Transformers as a whole build applies them.

mod support;

use support::{DEPLOYMENT, blame, render};
use tollgate_kustomize::WarningKind;
use tollgate_yaml::FieldPath;

#[test]
fn labels_reach_selectors_and_templates_only_on_request() {
    let with = |entry: &str| {
        let kustomization =
            format!("resources: [d.yaml]\nlabels:\n- {{pairs: {{team: a}}{entry}}}\n");
        render(&[
            ("kustomization.yaml", &kustomization),
            ("d.yaml", DEPLOYMENT),
        ])
        .expect("it renders")
        .text
    };
    assert_eq!(with("").matches("team: a").count(), 1);
    assert_eq!(
        with(", includeTemplates: true").matches("team: a").count(),
        2
    );
    assert_eq!(
        with(", includeSelectors: true").matches("team: a").count(),
        3
    );
    let custom = with(", fields: [{path: spec/strategy/labels, kind: Deployment, create: true}]");
    assert!(
        custom.contains("  strategy:\n    labels:\n      team: a\n"),
        "{custom}"
    );
    let uncreated = with(", fields: [{path: spec/strategy/labels, kind: Deployment}]");
    assert!(!uncreated.contains("strategy"), "{uncreated}");
}

#[test]
fn a_label_put_in_several_fields_stays_one_value() {
    let with = |key: &str| {
        let kustomization = format!(
            "resources: [d.yaml]\nlabels:\n- {{pairs: {{{key}: a}}, includeSelectors: true}}\n\
             - {{pairs: {{{key}: b}}}}\n"
        );
        let files = [
            ("kustomization.yaml", &*kustomization),
            ("d.yaml", DEPLOYMENT),
        ];
        render(&files).expect("it renders").text
    };
    assert_eq!(with("team").matches("team: b").count(), 3);
    // A label that was written in the manifest is a value of its own.
    assert_eq!(with("app").matches("app: b").count(), 1);
    assert_eq!(with("app").matches("app: a").count(), 2);
}

#[test]
fn values_are_blamed_on_the_kustomization() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [d.yaml]\ncommonLabels:\n  app: other\n  new: x\n",
        ),
        ("d.yaml", DEPLOYMENT),
    ];
    let labels = FieldPath::root().key("metadata").key("labels");
    let found = blame(&files, &labels.key("app")).expect("it renders").blame;
    let over = "metadata: {name: web, labels: {app: web}}";
    assert_eq!(
        found,
        Some(("app: other".to_owned(), Some(over.to_owned())))
    );
    let found = blame(&files, &labels.key("new")).expect("it renders").blame;
    assert_eq!(found, Some(("new: x".to_owned(), None)));
}

#[test]
fn annotations_become_text_in_metadata_and_templates() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [d.yaml]\ncommonAnnotations: {note: \"8080\"}\n",
        ),
        ("d.yaml", DEPLOYMENT),
    ];
    let text = render(&files).expect("it renders").text;
    assert_eq!(text.matches("note: \"8080\"").count(), 2, "{text}");
}

#[test]
fn a_label_field_must_be_a_map() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [d.yaml]\ncommonLabels: {a: b}\n",
        ),
        (
            "d.yaml",
            "apiVersion: v1\nkind: A\nmetadata: {name: a, labels: text}\n",
        ),
    ];
    let error = render(&files)
        .map(|it| it.text)
        .expect_err("labels are text");
    assert!(
        error.contains("d.yaml:3") && error.contains("metadata/labels"),
        "{error}"
    );
}

#[test]
fn namespaces_move_what_lives_in_them() {
    let resources = "\
apiVersion: v1
kind: Namespace
metadata: {name: old}
---
apiVersion: example.com/v1
kind: Namespace
metadata: {name: old}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: role}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding, namespace: old}
subjects:
- {kind: ServiceAccount, name: default, namespace: old}
- {kind: ServiceAccount, name: other, namespace: old}
";
    let files = [
        (
            "kustomization.yaml",
            "resources: [r.yaml]\nnamespace: new\n",
        ),
        ("r.yaml", resources),
    ];
    assert_eq!(
        render(&files).expect("it renders").text,
        "\
apiVersion: v1
kind: Namespace
metadata:
  name: new
---
apiVersion: example.com/v1
kind: Namespace
metadata:
  name: old
  namespace: new
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: role
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: binding
  namespace: new
subjects:
- kind: ServiceAccount
  name: default
  namespace: new
- kind: ServiceAccount
  name: other
  namespace: old
"
    );
}

#[test]
fn two_resources_cannot_become_one() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [r.yaml]\nnamespace: new\n",
        ),
        (
            "r.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\n---\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: y}\n",
        ),
    ];
    let error = render(&files)
        .map(|it| it.text)
        .expect_err("two become one");
    assert!(error.contains("ConfigMap new/a"), "{error}");
}

#[test]
fn images_change_by_name() {
    let image = |entry: &str, image: &str| {
        let kustomization = format!("resources: [p.yaml]\nimages:\n- {{{entry}}}\n");
        let pod = format!(
            "apiVersion: example.com/v1\nkind: Any\nmetadata: {{name: a}}\n\
             spec:\n  volumes:\n  - image: {{reference: {image}}}\n"
        );
        let files = [("kustomization.yaml", &*kustomization), ("p.yaml", &*pod)];
        let rendered = render(&files).expect("it renders");
        let line = rendered.text.lines().find(|it| it.contains("reference"));
        let value = line.and_then(|it| it.split_once(": "));
        (
            value.expect("an image").1.to_owned(),
            rendered.warnings.contains(&WarningKind::ImageNotFound),
        )
    };
    let changed = |text: &str| (text.to_owned(), false);
    assert_eq!(image("name: web, newTag: '2'", "web:1"), changed("web:2"));
    assert_eq!(
        image("name: web, newTag: '2'", "web@sha256:ab"),
        changed("web:2")
    );
    assert_eq!(
        image("name: web, digest: 'sha256:cd'", "web:1"),
        changed("web@sha256:cd")
    );
    assert_eq!(
        image("name: web, newTag: '2', digest: 'sha256:cd'", "web"),
        changed("web:2@sha256:cd")
    );
    assert_eq!(
        image("name: web, newName: h:5/x", "web:1"),
        changed("h:5/x:1")
    );
    assert_eq!(
        image("name: web, tagSuffix: -a", "web:1"),
        changed("web:1-a")
    );
    assert_eq!(image("name: we., newTag: '2'", "web"), changed("web:2"));
    assert_eq!(image("name: web, newName: '123'", "web"), changed("123"));
    // The registry is part of the name.
    assert_eq!(
        image("name: web, newTag: '2'", "r.example.com/web:1"),
        ("r.example.com/web:1".to_owned(), true)
    );
}

#[test]
fn images_of_definitions_are_left_alone() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [r.yaml]\nimages:\n- {name: web, newTag: '2'}\n",
        ),
        (
            "r.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
             metadata: {name: a}\nspec: {containers: [{image: web}]}\n",
        ),
    ];
    let rendered = render(&files).expect("it renders");
    assert!(rendered.text.contains("image: web\n"), "{}", rendered.text);
    assert_eq!(rendered.warnings, [WarningKind::ImageNotFound]);
}

#[test]
fn replicas_must_name_something() {
    let with = |name: &str| {
        let kustomization =
            format!("resources: [d.yaml]\nreplicas:\n- {{name: {name}, count: 3}}\n");
        let files = [
            ("kustomization.yaml", &*kustomization),
            ("d.yaml", DEPLOYMENT),
        ];
        render(&files).map(|it| it.text)
    };
    assert!(with("web").expect("it renders").contains("  replicas: 3\n"));
    let quoted = DEPLOYMENT.replace("replicas: 1", "replicas: \"1\"");
    let files = [
        (
            "kustomization.yaml",
            "resources: [d.yaml]\nreplicas: [{name: web, count: 3}]\n",
        ),
        ("d.yaml", &*quoted),
    ];
    let text = render(&files).expect("it renders").text;
    assert!(text.contains("  replicas: \"3\"\n"), "{text}");
    let error = with("wbe").expect_err("no such Deployment");
    assert!(
        error.contains("kustomization.yaml:3") && error.contains("wbe"),
        "{error}"
    );
}

#[test]
fn configurations_add_fields() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [r.yaml]\nconfigurations: [c.yaml]\ncommonLabels: {a: b}\n",
        ),
        (
            "c.yaml",
            "commonLabels:\n- {path: spec/pods/labels, kind: Thing, create: true}\n",
        ),
        (
            "r.yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n",
        ),
    ];
    let text = render(&files).expect("it renders").text;
    assert!(
        text.contains("spec:\n  pods:\n    labels:\n      a: b\n"),
        "{text}"
    );
}

#[test]
fn configurations_cannot_contradict_what_is_known() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [r.yaml]\nconfigurations: [c.yaml]\n",
        ),
        (
            "c.yaml",
            "commonAnnotations:\n- {path: metadata/annotations, create: false}\n",
        ),
        (
            "r.yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n",
        ),
    ];
    let error = render(&files)
        .map(|it| it.text)
        .expect_err("a contradiction");
    assert!(error.contains("metadata/annotations"), "{error}");
    let files = [
        (
            "kustomization.yaml",
            "resources: [r.yaml]\nconfigurations: [c.yaml]\n",
        ),
        ("c.yaml", "commonAnotations: []\n"),
        (
            "r.yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n",
        ),
    ];
    let error = render(&files).map(|it| it.text).expect_err("a slip");
    assert!(error.contains("commonAnnotations"), "{error}");
}

#[test]
fn crds_say_where_labels_stand() {
    let definitions = r#"{
  "example.com/pkg/v1.Thing": {"Schema": {"properties": {
    "apiVersion": {}, "kind": {}, "metadata": {},
    "spec": {"$ref": "example.com/pkg/v1.ThingSpec"}}}},
  "example.com/pkg/v1.ThingSpec": {"Schema": {"properties": {
    "selector": {"x-kubernetes-label-selector": ""}}}}
}"#;
    let files = [
        (
            "kustomization.yaml",
            "resources: [r.yaml]\ncrds: [c.json]\ncommonLabels: {a: b}\n",
        ),
        ("c.json", definitions),
        (
            "r.yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {selector: {x: y}}\n",
        ),
    ];
    let text = render(&files).expect("it renders").text;
    assert!(
        text.contains("  selector:\n    a: b\n    x: \"y\"\n"),
        "{text}"
    );
    let circle = definitions.replace(
        "x-kubernetes-label-selector\": \"",
        "$ref\": \"example.com/pkg/v1.ThingSpec",
    );
    let files = [
        ("kustomization.yaml", files[0].1),
        ("c.json", &circle),
        files[2],
    ];
    let error = render(&files).map(|it| it.text).expect_err("a circle");
    assert!(error.contains("refer to themselves"), "{error}");
}

#[test]
fn keys_are_written_without_quotes() {
    // What kustomize writes as `2: x` is a number, which manifests cannot have for a key.
    let files = [
        (
            "kustomization.yaml",
            "resources: [d.yaml]\ncommonLabels: {\"2\": x}\n",
        ),
        ("d.yaml", DEPLOYMENT),
    ];
    let error = render(&files).map(|it| it.text).expect_err("no string");
    assert!(error.contains('2'), "{error}");
}

#[test]
fn a_patch_reaches_all_fields_that_share_a_label() {
    let patched = |patch: &str| {
        let kustomization = format!(
            "resources: [base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    \
             kind: Deployment\n    metadata: {{name: web, labels: {{{patch}}}}}\n"
        );
        let files = [
            ("kustomization.yaml", &*kustomization),
            (
                "base/kustomization.yaml",
                "resources: [d.yaml]\ncommonLabels: {team: a}\n",
            ),
            ("base/d.yaml", DEPLOYMENT),
        ];
        render(&files).expect("it renders").text
    };
    assert_eq!(patched("team: b").matches("team: b").count(), 3);
    let replaced = patched("$patch: replace, team: b");
    assert_eq!(replaced.matches("team: b").count(), 1, "{replaced}");
    assert_eq!(replaced.matches("team: a").count(), 2, "{replaced}");
}

#[test]
fn definitions_cannot_multiply_without_end() {
    let mut definitions = String::from(
        "a.Thing: {Schema: {properties: {kind: {}, apiVersion: {}, metadata: {}, x: {$ref: a.T0}}}}\n",
    );
    for at in 0..40 {
        let next = at + 1;
        definitions.push_str(&format!(
            "a.T{at}: {{Schema: {{properties: {{l: {{$ref: a.T{next}}}, r: {{$ref: a.T{next}}}}}}}}}\n"
        ));
    }
    let files = [
        (
            "kustomization.yaml",
            "resources: [d.yaml]\ncrds: [c.yaml]\n",
        ),
        ("c.yaml", &*definitions),
        ("d.yaml", DEPLOYMENT),
    ];
    let error = render(&files).map(|it| it.text).expect_err("too many");
    assert!(error.contains("more than 200000 fields"), "{error}");
}

#[test]
fn variables_stand_for_fields_of_other_resources() {
    let resources = "\
apiVersion: v1
kind: Pod
metadata: {name: pod}
spec:
  containers:
  - {name: a, args: [$(NAME), x-$(PORT), $$(NAME), $(OTHER)], env: [{name: A, value: $(PORT)}]}
---
apiVersion: v1
kind: Service
metadata: {name: svc}
spec: {ports: [{port: 80}]}
";
    let with = |vars: &str| {
        let kustomization = format!("resources: [r.yaml]\nnamePrefix: p-\nvars:\n{vars}");
        let files = [
            ("kustomization.yaml", &*kustomization),
            ("r.yaml", resources),
        ];
        render(&files).map(|it| (it.text, it.warnings))
    };
    let name = "- {name: NAME, objref: {apiVersion: v1, kind: Service, name: svc}}\n";
    let port = "- {name: PORT, objref: {apiVersion: v1, kind: Service, name: svc}, \
                fieldref: {fieldPath: 'spec.ports[0].port'}}\n";
    let unused = name.replace("NAME", "UNUSED");
    let (text, warnings) = with(&format!("{name}{port}{unused}")).expect("it renders");
    assert!(
        text.contains("    - p-svc\n    - x-80\n    - $(NAME)\n    - $(OTHER)\n"),
        "{text}"
    );
    assert!(text.contains("      value: 80\n"), "{text}");
    assert!(warnings.contains(&WarningKind::UnusedVariable));
    for (vars, expected) in [
        (format!("{name}{name}"), "defined twice"),
        (name.replace("svc", "nope"), "not there"),
        (port.replace("[0]", "[1]"), "does not have"),
    ] {
        let error = with(&vars).expect_err("refused");
        assert!(error.contains("kustomization.yaml:4") || error.contains("kustomization.yaml:5"));
        assert!(error.contains(expected), "{error}");
    }
}
