//! Builds of small trees.

use super::{holds, part};
use tollgate_kustomize::{MemoryFiles, Options, Order, RepoPath, Session, build};
use tollgate_yaml::{Sources, emit_documents};

pub(super) const KUSTOMIZATION: &[&str] = &[
    "resources: [r.yaml]",
    "resources:",
    "- r.yaml",
    "- ../base",
    "- ''",
    "components: [../base]",
    "namePrefix: p-",
    "nameSuffix: -s",
    "namespace: other",
    "commonLabels: {a: b}",
    "commonAnnotations: {a: b}",
    "labels:",
    "- pairs: {c: d}",
    "  includeSelectors: true",
    "  fields: [{path: spec/x, create: true}]",
    "configMapGenerator:",
    "- name: c",
    "  behavior: merge",
    "  behavior: create",
    "  literals: [a=b, c]",
    "  files: [r.yaml, x=r.yaml]",
    "  envs: [r.yaml]",
    "  options: {disableNameSuffixHash: true}",
    "secretGenerator:",
    "  type: Opaque",
    "generatorOptions: {labels: {g: h}, immutable: true}",
    "patches:",
    "- path: r.yaml",
    "- patch: '[{op: replace, path: /metadata/name, value: z}]'",
    "  target: {kind: Deployment}",
    "  target: {kind: '(', name: '.*'}",
    "  options: {allowNameChange: true}",
    "replacements:",
    "- source: {kind: ConfigMap, fieldPath: data.a}",
    "  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=a].image']}]",
    "  options: {delimiter: ':', index: 1, create: true}",
    "vars:",
    "- {name: V, objref: {kind: ConfigMap, name: a, apiVersion: v1}}",
    "images: [{name: nginx, newTag: '1'}]",
    "images: [{name: a, newName: b, digest: 'sha256:00'}]",
    "replicas: [{name: a, count: 3}]",
    "sortOptions: {order: legacy}",
    "sortOptions: {order: fifo, legacySortOptions: {orderFirst: [Role]}}",
    "buildMetadata: [originAnnotations]",
    "buildMetadata: [managedByLabel]",
    "kind: Component",
    "configurations: [r.yaml]",
    "crds: [r.yaml]",
    "openapi: {path: r.yaml}",
    "apiVersion: v1",
    "kind: ConfigMap",
    "kind: Deployment",
    "kind: Service",
    "apiVersion: apps/v1",
    "kind: List",
    "metadata: {name: a}",
    "metadata:",
    "  name: $(V)",
    "  annotations: {config.kubernetes.io/local-config: 'true'}",
    "  namespace: x",
    "data: {a: b, c: '1'}",
    "items:",
    "- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}",
    "subjects: [{kind: ServiceAccount, name: a}]",
    "roleRef: {kind: Role, name: a}",
    "---",
    "spec: {replicas: 1}",
    "- $patch: delete",
    "$patch: replace",
    "  containers: [{name: a, image: nginx}]",
    "      envFrom: [{configMapRef: {name: c}}]",
    "generateName: a",
];

pub(super) const JSON_PATCH: &[&str] = &[
    "- op: add",
    "- op: remove",
    "- op: replace",
    "- op: move",
    "- op: copy",
    "- op: test",
    "  path: /metadata/labels/a",
    "  path: /metadata/annotations/a~1b",
    "  path: /spec/list/0",
    "  path: /spec/list/-",
    "  path: /spec/list/01",
    "  path: /spec/list/-1",
    "  path: /spec/list/1",
    "  path: ''",
    "  path: /",
    "  path: /spec/map//x",
    "  path: /spec",
    "  from: /spec",
    "  from: /spec/list/0",
    "  from: /spec/map",
    "  value: 1",
    "  value: {a: [b]}",
    "  value: null",
    "  value: [1, 1.0, '1']",
    "- {op: add, path: /spec/list/-, value: 9}",
    "- {op: remove, path: /spec/map/~0}",
    "- {op: test, path: /spec/number, value: 1.0}",
    "- {op: copy, from: /spec, path: /spec/map/inner}",
    "- {op: move, from: /spec/map, path: /spec/map/a}",
    "- {op: replace, path: /metadata/name, value: other}",
    "- {op: add, path: /kind, value: Other}",
    "  list: [a, b]",
    "  map: {~: x, '': y, 'a/b': z}",
    "  number: 1.0",
    "  - c",
    "  - d: e",
    "[{\"op\": \"add\", \"path\": \"/x\", \"value\": {}}]",
    "[]",
    "---",
];

pub(super) const STRATEGIC_MERGE: &[&str] = &[
    "apiVersion: v1",
    "apiVersion: apps/v1",
    "kind: Deployment",
    "kind: ConfigMap",
    "kind: Shop",
    "kind: Service",
    "metadata: {name: web}",
    "metadata: {name: web, labels: {a: null}}",
    "data: {a: null, b: c}",
    "spec:",
    "  replicas: 2",
    "  replicas: null",
    "  $patch: replace",
    "  $patch: delete",
    "$patch: delete",
    "$patch: merge",
    "  $retainKeys: [type]",
    "  strategy: {type: Recreate, $retainKeys: [type]}",
    "  template:",
    "    spec:",
    "      containers:",
    "      - name: a",
    "        image: x",
    "      - name: b",
    "        $patch: delete",
    "      - $patch: replace",
    "      - $patch: merge",
    "        ports: [{containerPort: 80}]",
    "        ports: [{containerPort: 80, protocol: UDP}, {containerPort: 81}]",
    "        env: [{name: A, value: '1'}]",
    "        env: [{name: A, $patch: delete}]",
    "        args: [x, null]",
    "      $setElementOrder/containers: [{name: b}]",
    "      $deleteFromPrimitiveList/finalizers: [f]",
    "      volumes: [{name: v, emptyDir: {}}]",
    "      volumes: [{name: v, $retainKeys: [name, hostPath], hostPath: {path: /x}}]",
    "      tolerations: [{key: k}]",
    "      initContainers: null",
    "      - null",
    "  ports: [{port: 80}, {port: 80, protocol: UDP}]",
    "  list: [1, 2]",
    "  selector: {matchLabels: {app: web}}",
    "---",
    "{}",
];

/// The output of a build of `app`, as it was read.
fn render(files: &[(&str, &str)]) -> Result<String, String> {
    let files = files
        .iter()
        .fold(MemoryFiles::new(), |all, (path, text)| all.with(path, text));
    let sources = Sources::new();
    let session = Session::new(&files, &sources);
    let root = RepoPath::new("app").unwrap_or_default();
    let options = Options {
        order: Order::Fifo,
        ..Options::default()
    };
    let build = build(&session, &root, &options).map_err(|it| it.describe(&sources))?;
    emit_documents(build.resources.iter().map(|it| &it.body)).map_err(|it| it.message)
}

/// What holds for every tree; gives its output, if it has one.
fn sound(files: &[(&str, &str)]) -> Result<Option<String>, String> {
    let (first, second) = (render(files), render(files));
    holds(first == second, || format!("{first:?} and then {second:?}"))?;
    let Ok(text) = first else { return Ok(None) };
    // Notes on where a resource came from are taken off before it is built again.
    if text.contains("config.kubernetes.io/") {
        return Ok(Some(text));
    }
    // What was built can be built again and stays as it is. Two resources of one name cannot.
    let again = [
        ("app/kustomization.yaml", "resources: [r.yaml]\n"),
        ("app/r.yaml", &text),
    ];
    if let Ok(again) = render(&again) {
        holds(again == text, || {
            format!("built again, it is another:\n{text}---- and\n{again}")
        })?;
    }
    Ok(Some(text))
}

/// A kustomization, its resources, and the kustomization of its base.
pub(super) fn kustomization(parts: &[String]) -> Result<(), String> {
    let files = [
        ("app/kustomization.yaml", part(parts, 0)),
        ("app/r.yaml", part(parts, 1)),
        ("base/kustomization.yaml", part(parts, 2)),
        ("base/r.yaml", part(parts, 1)),
    ];
    sound(&files).map(drop)
}

/// A resource and a patch of it.
pub(super) fn json_patch(parts: &[String]) -> Result<(), String> {
    let files = [
        (
            "app/kustomization.yaml",
            "resources: [r.yaml]\npatches: [{path: patch.yaml, target: {name: '.*'}}]\n",
        ),
        ("app/r.yaml", part(parts, 0)),
        ("app/patch.yaml", part(parts, 1)),
    ];
    sound(&files).map(drop)
}

/// A resource and a patch of it.
pub(super) fn strategic_merge(parts: &[String]) -> Result<(), String> {
    let times = |count: usize| {
        let patches = "- path: patch.yaml\n".repeat(count);
        let kustomization = format!("resources: [r.yaml]\npatches:\n{patches}");
        sound(&[
            ("app/kustomization.yaml", &kustomization),
            ("app/r.yaml", part(parts, 0)),
            ("app/patch.yaml", part(parts, 1)),
        ])
    };
    times(1)?;
    // What a patch deletes is not there to be patched again. The first time two entries of one key can become one.
    let directs = part(parts, 1).contains('$');
    match (times(2)?, times(3)?) {
        (Some(twice), Some(thrice)) if !directs => holds(twice == thrice, || {
            format!("a third time it changes something:\n{twice}---- and\n{thrice}")
        }),
        _ => Ok(()),
    }
}
