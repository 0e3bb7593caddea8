//! Which patch goes to which resources, and what it may change there.

use tollgate_kustomize::{Build, MemoryFiles, Options, RepoPath, Session, WarningKind, build};
use tollgate_yaml::{Sources, emit_documents};

const OBJECTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, tier: front}, annotations: {a: b}}
spec: {replicas: 1, image: web}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: jobs}
spec: {replicas: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {k: v}
";

fn render(kustomization: &str, files: &[(&str, &str)]) -> (Sources, Result<Build, String>) {
    let sources = Sources::new();
    let mut tree = MemoryFiles::new().with("objects.yaml", OBJECTS).with(
        "kustomization.yaml",
        format!("resources: [objects.yaml]\n{kustomization}"),
    );
    for (path, text) in files {
        tree = tree.with(path, text);
    }
    let built = {
        let session = Session::new(&tree, &sources);
        build(&session, &RepoPath::root(), &Options::default()).map_err(|it| it.describe(&sources))
    };
    (sources, built)
}

/// The rendered manifests, or the error.
fn rendered(kustomization: &str, files: &[(&str, &str)]) -> String {
    match render(kustomization, files).1 {
        Ok(built) => emit_documents(built.resources.iter().map(|it| &it.body)).expect("printable"),
        Err(error) => format!("error: {error}"),
    }
}

fn with_target(target: &str, patch: &str) -> String {
    rendered(
        &format!("patches:\n- path: p.yaml\n  target: {target}\n"),
        &[("p.yaml", patch)],
    )
}

#[test]
fn a_target_decides_whatever_the_patch_is_called() {
    let patch = "kind: Any\nmetadata: {name: any}\nspec: {replicas: 5}\n";
    let out = with_target("{kind: Deployment}", patch);
    assert_eq!(out.matches("replicas: 5").count(), 2, "{out}");
    assert!(out.contains("name: worker\n  namespace: jobs\n"), "{out}");
    for (target, count) in [
        ("{name: w.*}", 2),
        ("{name: w}", 0),
        ("{namespace: default, kind: Deployment}", 1),
        ("{labelSelector: \"app in (web), !old\"}", 1),
        ("{annotationSelector: \"a=b\"}", 1),
        (
            "{group: apps, version: v1, kind: Deploy.+, name: worker}",
            1,
        ),
        ("{group: batch}", 0),
    ] {
        let out = with_target(target, patch);
        assert_eq!(out.matches("replicas: 5").count(), count, "{target}");
    }
    assert!(with_target("{name: \"[\"}", patch).starts_with("error: kustomization.yaml:4:18"));
}

#[test]
fn labels_and_annotations_of_a_patch_with_a_target_are_text() {
    let patch = "kind: A\nmetadata: {name: a, labels: {app: null, n: 5}, annotations: null}\n";
    let out = with_target("{name: web}", patch);
    assert!(
        out.contains("labels:\n    app: \"null\"\n    \"n\": \"5\"\n    tier: front\n"),
        "{out}"
    );
    assert!(out.contains("annotations:\n    a: b\n"), "{out}");
}

#[test]
fn a_patch_without_target_names_one_resource() {
    let one = |patch: &str| rendered("patches: [{path: p.yaml}]\n", &[("p.yaml", patch)]);
    let head = "apiVersion: apps/v1\nkind: Deployment\n";
    let out = one(&format!(
        "{head}metadata: {{name: web, labels: {{app: null}}}}\n---\n{head}metadata: {{name: worker, namespace: jobs}}\nspec: null\n"
    ));
    assert!(out.contains("labels:\n    tier: front\n"), "{out}");
    assert!(!out.contains("spec:\n  replicas: 1\n---"), "{out}");
    let missing = one(&format!("{head}metadata: {{name: worker}}\n"));
    assert!(
        missing.contains("no resource is apps/v1 Deployment worker"),
        "{missing}"
    );
    assert!(missing.contains("jobs/worker"), "{missing}");
    let gone = one(&format!("{head}metadata: {{name: web}}\n$patch: delete\n"));
    assert!(!gone.contains("name: web"), "{gone}");
}

#[test]
fn kind_and_name_change_only_where_that_is_allowed() {
    let patch = "apiVersion: v9\nkind: StatefulSet\nmetadata: {name: new, namespace: other}\n";
    let kept = with_target("{name: web}", patch);
    assert!(
        kept.contains("kind: Deployment\n") && kept.contains("  name: web\n"),
        "{kept}"
    );
    assert!(!kept.contains("other"), "{kept}");
    let options = "{name: web}\n  options: {allowNameChange: true, allowKindChange: true}";
    let changed = with_target(options, patch);
    assert!(
        changed.contains("kind: StatefulSet\n") && changed.contains("  name: new\n"),
        "{changed}"
    );
    let collision = with_target(
        "{kind: Deployment}\n  options: {allowNameChange: true}",
        patch,
    );
    assert!(
        !collision.starts_with("error"),
        "they stand in two namespaces: {collision}"
    );
    let unite = "patches:\n- {path: j.yaml, target: {name: worker}}\n- {path: p.yaml, target: {kind: Deployment}, options: {allowNameChange: true}}\n";
    let files = [
        ("p.yaml", patch),
        ("j.yaml", "- {op: remove, path: /metadata/namespace}\n"),
    ];
    let out = rendered(unite, &files);
    assert!(
        out.contains("two resources are apps/v1 Deployment"),
        "{out}"
    );
}

#[test]
fn json_patches() {
    let out = with_target(
        "{name: web}",
        "- {op: add, path: /metadata/annotations/n, value: 5}\n",
    );
    assert!(
        out.contains("annotations:\n    a: b\n    \"n\": \"5\"\n"),
        "{out}"
    );
    let out = with_target(
        "{name: settings}",
        "- {op: add, path: /metadata/annotations/n, value: x}\n",
    );
    assert!(out.contains("annotations:\n    \"n\": x\n"), "{out}");
    let inline = "patches:\n- target: {name: web}\n  patch: |-\n    - op: replace\n      path: /spec/image\n      value: other\n";
    let (sources, built) = render(inline, &[]);
    let built = built.expect("renders");
    let image = built
        .resources
        .iter()
        .find_map(|it| it.body.get("spec")?.get("image"));
    let origin = image.expect("an image").origin;
    assert_eq!(
        sources.describe(origin.edit_here()),
        "kustomization.yaml:7:14"
    );
    assert_eq!(
        sources.describe(origin.overridden().expect("over")),
        "objects.yaml:4:28"
    );
    let old = "patchesJson6902:\n- target: {version: v1, kind: ConfigMap, name: settings}\n  path: p.yaml\n";
    let out = rendered(old, &[("p.yaml", "- {op: add, path: /data/z, value: w}\n")]);
    assert!(out.contains("data:\n  k: v\n  z: w\n"), "{out}");
    let out = rendered(
        old,
        &[(
            "p.yaml",
            "- {op: add, path: /metadata/annotations/z, value: w}\n",
        )],
    );
    assert!(
        out.starts_with("error: p.yaml:1:"),
        "nothing has made annotations yet: {out}"
    );
}

#[test]
fn entries_that_cannot_be_understood_are_refused_at_their_place() {
    let json = "- {op: add, path: /x, value: 1}\n";
    let merge = "kind: A\nmetadata: {name: a}\n";
    let two = format!("{merge}---\n{merge}");
    for (kustomization, patch) in [
        ("patches: [{}]\n", ""),
        ("patches: [{path: p.yaml, patch: \"kind: A\"}]\n", merge),
        ("patches: [{patch: \"  \"}]\n", ""),
        ("patches: [{path: missing.yaml}]\n", ""),
        ("patches: [{path: p.yaml}]\n", json),
        ("patches: [{path: p.yaml}]\n", "a: b\n"),
        ("patches: [{path: p.yaml}]\n", "[{op: add}]"),
        (
            "patches: [{path: p.yaml, target: {kind: Deployment}}]\n",
            &two,
        ),
        ("patchesStrategicMerge: [p.yaml]\n", "# nothing\n"),
        (
            "patchesJson6902: [{path: p.yaml, target: {kind: Deployment}}]\n",
            json,
        ),
        ("patchesJson6902: [{path: p.yaml}]\n", json),
        (
            "patchesJson6902: [{path: p.yaml, target: {name: web}}]\n",
            "# nothing\n",
        ),
        ("patchesJson6902: [{target: {name: web}}]\n", ""),
    ] {
        let out = rendered(kustomization, &[("p.yaml", patch)]);
        assert!(out.starts_with("error: "), "{kustomization}{patch}: {out}");
        assert!(
            out.contains(".yaml:") || out.contains("missing.yaml"),
            "{out}"
        );
    }
}

#[test]
fn what_does_nothing_is_a_warning() {
    let warnings = |kustomization: &str, patch: &str| -> Vec<WarningKind> {
        let (_, built) = render(kustomization, &[("p.yaml", patch)]);
        built
            .expect("renders")
            .warnings
            .iter()
            .map(|it| it.kind)
            .collect()
    };
    let target = "patches: [{path: p.yaml, target: {name: nobody}}]\n";
    let json = "- {op: frobnicate}\n";
    assert_eq!(warnings(target, json), [WarningKind::SelectsNothing]);
    assert_eq!(warnings(target, "# nothing\n"), [WarningKind::EmptyPatch]);
    assert_eq!(
        warnings("patches: [{path: p.yaml}]\n", "[]\n"),
        [WarningKind::EmptyPatch]
    );
    let pods = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: CONTAINERS}}}\n";
    let twice = |first: &str, second: &str| {
        let patches = [first, second]
            .map(|it| pods.replace("CONTAINERS", it))
            .join("---\n");
        warnings("patches: [{path: p.yaml}]\n", &patches)
    };
    let lost = twice("[{name: a}, {name: b}]", "[{image: x}]");
    assert_eq!(lost, [WarningKind::ElementLost, WarningKind::ElementLost]);
    let ignored = twice("[{name: a}]", "[{name: a, $patch: replace, image: x}]");
    assert_eq!(ignored, [WarningKind::Ignored]);
    assert_eq!(
        twice("[{name: a}]", "[{name: a, $patch: delete}, {name: b}]"),
        []
    );
}
