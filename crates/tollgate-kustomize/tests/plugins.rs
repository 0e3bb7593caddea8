//! Plugins, `openapi` and `buildMetadata` as a whole build applies them.

mod support;

use support::{DEPLOYMENT, blame, render};
use tollgate_kustomize::WarningKind;
use tollgate_yaml::FieldPath;

/// Files with one resource and one plugin.
fn with_plugin<'a>(list: &'a str, plugin: &'a str, resource: &'a str) -> Result<String, String> {
    let kustomization = format!("resources: [r.yaml]\n{list}: [p.yaml]\n");
    let files = [
        ("kustomization.yaml", &*kustomization),
        ("p.yaml", plugin),
        ("r.yaml", resource),
    ];
    render(&files).map(|it| it.text)
}

#[test]
fn plugins_take_numbers_for_text() {
    let plugin = "\
apiVersion: builtin
kind: AnnotationsTransformer
metadata: {name: any}
annotations: {count: 42, is: true}
fieldSpecs: [{path: metadata/annotations, create: true, unknown: ignored}]
also: ignored
";
    let text = with_plugin("transformers", plugin, DEPLOYMENT).expect("it renders");
    assert!(
        text.contains("    count: \"42\"\n    is: \"true\"\n"),
        "{text}"
    );
}

#[test]
fn a_namespace_plugin_can_keep_what_is_set() {
    let plugin = "\
apiVersion: builtin
kind: NamespaceTransformer
metadata: {name: any, namespace: new}
unsetOnly: true
setRoleBindingSubjects: allServiceAccounts
";
    let binding = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a, namespace: old}
subjects:
- {kind: ServiceAccount, name: a}
- {kind: User, name: a}
";
    let text = with_plugin("transformers", plugin, binding).expect("it renders");
    assert_eq!(text.matches("namespace: old").count(), 1, "{text}");
    assert_eq!(text.matches("namespace: new").count(), 1, "{text}");
    let wrong = plugin.replace("allServiceAccounts", "all");
    let error = with_plugin("transformers", &wrong, binding).expect_err("no such mode");
    assert!(
        error.contains("p.yaml:5") && error.contains("defaultOnly"),
        "{error}"
    );
}

#[test]
fn validators_change_nothing() {
    let plugin = "\
apiVersion: builtin
kind: LabelTransformer
metadata: {name: any}
labels: {KEY: x}
fieldSpecs: [{path: metadata/labels, create: true}]
";
    let bare = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
    let labelled = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {a: x}}\n";
    let mark = plugin.replace("KEY", "validated-by");
    let text = with_plugin("validators", &mark, bare).expect("it renders");
    assert!(text.contains("validated-by: x"), "{text}");
    // Writing what is there already is a change to kustomize, too.
    for (plugin, resource) in [
        (plugin, bare),
        (&*mark, labelled),
        (&*plugin.replace("KEY", "a"), labelled),
    ] {
        let error = with_plugin("validators", plugin, resource).expect_err("a change");
        assert!(error.contains("p.yaml:1"), "{error}");
    }
}

#[test]
fn plugins_that_run_code_are_refused() {
    for (plugin, list) in [
        (
            "apiVersion: example.com/v1\nkind: Any\nmetadata: {name: a}\n",
            "generators",
        ),
        (
            "apiVersion: example.com/v1\nkind: Any\nmetadata: {name: a}\n",
            "transformers",
        ),
        (
            "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: a}\n",
            "generators",
        ),
        (
            "apiVersion: builtin\nkind: SortOrderTransformer\nmetadata: {name: a}\n",
            "transformers",
        ),
        (
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: a}\n",
            "transformers",
        ),
        (
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\n",
            "generators",
        ),
    ] {
        let error = with_plugin(list, plugin, DEPLOYMENT).expect_err("refused");
        assert!(error.contains("p.yaml:1"), "{error}");
    }
}

#[test]
fn generator_plugins_take_their_name_from_the_metadata() {
    let plugin = "\
apiVersion: builtin
kind: SecretGenerator
metadata: {name: from-metadata, namespace: here}
type: example.com/kind
literals: [a=b]
options: {disableNameSuffixHash: true}
";
    let text = with_plugin("generators", plugin, DEPLOYMENT).expect("it renders");
    assert!(
        text.contains("  name: from-metadata\n  namespace: here\n"),
        "{text}"
    );
    assert!(text.contains("type: example.com/kind\n"), "{text}");
    let account = "\
apiVersion: builtin
kind: IAMPolicyGenerator
metadata: {name: any}
cloud: gke
kubernetesService: {name: app}
serviceAccount: {name: sa, projectId: project}
";
    let text = with_plugin("generators", account, DEPLOYMENT).expect("it renders");
    assert!(
        text.contains("gcp-service-account: sa@project.iam.gserviceaccount.com\n"),
        "{text}"
    );
}

#[test]
fn annotations_tell_where_resources_came_from() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [base]\nnameSuffix: -x\n\
             buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\n",
        ),
        (
            "base/kustomization.yaml",
            "resources: [d.yaml]\nlabels: [{pairs: {a: b}}]\n\
             configMapGenerator: [{name: c, literals: [a=b], options: {disableNameSuffixHash: true}}]\n",
        ),
        (
            "base/d.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
        ),
    ];
    let changes = "    alpha.config.kubernetes.io/transformations: |
      - configuredIn: base/kustomization.yaml
        configuredBy:
          apiVersion: builtin
          kind: LabelTransformer
      - configuredIn: base/kustomization.yaml
        configuredBy:
          apiVersion: builtin
          kind: LabelTransformer
      - configuredIn: kustomization.yaml
        configuredBy:
          apiVersion: builtin
          kind: SuffixTransformer
";
    let expected = format!(
        "\
apiVersion: v1
kind: Secret
metadata:
  annotations:
{changes}    config.kubernetes.io/origin: |
      path: base/d.yaml
  labels:
    a: b
    app.kubernetes.io/managed-by: kustomize-v5.8.1
  name: s-x
---
apiVersion: v1
data:
  a: b
kind: ConfigMap
metadata:
  annotations:
{changes}    config.kubernetes.io/origin: |
      configuredIn: base/kustomization.yaml
      configuredBy:
        apiVersion: builtin
        kind: ConfigMapGenerator
  labels:
    a: b
    app.kubernetes.io/managed-by: kustomize-v5.8.1
  name: c-x
"
    );
    assert_eq!(render(&files).expect("it renders").text, expected);
}

/// A tree with a list in a custom resource that a patch adds to.
fn merged_list(openapi: &str, schema: &str) -> Result<String, String> {
    let kustomization = format!("resources: [r.yaml]\npatches: [{{path: p.yaml}}]\n{openapi}\n");
    let files = [
        ("kustomization.yaml", &*kustomization),
        ("schema.yaml", schema),
        (
            "r.yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n\
             spec: {parts: [{name: x, size: 1}]}\n",
        ),
        (
            "p.yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n\
             spec: {parts: [{name: \"y\", size: 2}]}\n",
        ),
    ];
    render(&files).map(|it| it.text)
}

#[test]
fn openapi_gives_merge_keys_to_custom_resources() {
    let schema = "\
definitions:
  v1.Thing:
    properties:
      spec:
        properties:
          parts:
            type: array
            items: {properties: {name: {type: string}}}
            x-kubernetes-patch-merge-key: name
            x-kubernetes-patch-strategy: merge
    x-kubernetes-group-version-kind:
    - {group: example.com, version: v1, kind: Thing}
";
    let without = merged_list("", schema).expect("it renders");
    assert!(!without.contains("size: 1"), "{without}");
    let with = merged_list("openapi: {path: schema.yaml}", schema).expect("it renders");
    assert!(
        with.contains("size: 1") && with.contains("size: 2"),
        "{with}"
    );
    for wrong in [
        "openapi: {path: missing.yaml}",
        "openapi: {version: v1.2.3}",
        "openapi: {path: schema.yaml, version: v1.21.2}",
    ] {
        let error = merged_list(wrong, schema).expect_err(wrong);
        assert!(error.contains("kustomization.yaml:3"), "{error}");
    }
    let paths = "paths: {/apis/example.com/v1/things: {get: {x-kubernetes-group-version-kind: \
                 {group: example.com, version: v1, kind: Thing}}}}\n";
    let error = merged_list("openapi: {path: schema.yaml}", paths).expect_err("outside");
    assert!(error.contains("outside of namespaces"), "{error}");
}

#[test]
fn what_plugins_write_is_blamed_on_their_files() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [d.yaml]\ntransformers: [p.yaml, i.yaml]\n",
        ),
        (
            "p.yaml",
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\n\
             labels:\n  app: other\nfieldSpecs: [{path: metadata/labels}]\n",
        ),
        (
            "i.yaml",
            "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: a}\n\
             imageTag: {name: nobody, newTag: x}\n",
        ),
        ("d.yaml", DEPLOYMENT),
    ];
    let label = FieldPath::root().key("metadata").key("labels").key("app");
    let rendered = blame(&files, &label).expect("it renders");
    let over = "metadata: {name: web, labels: {app: web}}";
    assert_eq!(
        rendered.blame,
        Some(("app: other".to_owned(), Some(over.to_owned())))
    );
    assert_eq!(rendered.warnings, [WarningKind::ImageNotFound]);
}

#[test]
fn a_prefix_of_digits_makes_a_number_where_nothing_was() {
    let plugin = "\
apiVersion: builtin
kind: PrefixTransformer
metadata: {name: any}
prefix: '1'
fieldSpecs: [{path: spec/new, create: true}, {path: metadata/name}]
";
    let text = with_plugin("transformers", plugin, DEPLOYMENT).expect("it renders");
    assert!(text.contains("  name: 1web\n"), "{text}");
    assert!(text.contains("  new: 1\n"), "{text}");
}
