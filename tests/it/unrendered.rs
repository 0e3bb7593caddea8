//! What cannot be rendered, and what only others render: told apart by whose doing it is.

use crate::support::{Repository, tollgate};

/// An overlay that kustomize refuses at the second line of its kustomization.
const REFUSED: &str = "resources: [a.yaml]\npatches: [\"a text\"]\n";

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

/// What comes of a change in a repository that is as it was but for one overlay: base, head.
fn of_overlay(settings: &str, base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    let repository = Repository::new();
    repository
        .write(
            "tollgate.yaml",
            &format!("version: 1\nenvironments:\n  prod: {{overlays: [prod, other]{settings}}}\n"),
        )
        .write("other/kustomization.yaml", "resources: [a.yaml]\n")
        .write("other/a.yaml", MAP);
    for (path, text) in base {
        repository.write(path, text);
    }
    let before = repository.commit("base");
    for (path, text) in head {
        repository.write(path, text);
    }
    let after = repository.commit("head");
    repository.check(&before, &after).lines()
}

#[test]
fn what_kustomize_refuses_for_one_reason_before_and_after_is_known() {
    let base = [("prod/kustomization.yaml", REFUSED), ("prod/a.yaml", MAP)];
    let changed = format!("{MAP}data: {{a: b}}\n");
    let head = [("prod/a.yaml", &*changed)];
    let known = [
        "waived renders/broken-before prod/kustomization.yaml:2",
        "warn renders/broken-before",
        "admit",
    ];
    assert_eq!(of_overlay("", &base, &head), known);
    let held = ["deny renders/failed prod/kustomization.yaml:2", "refuse"];
    for settings in [", known: hold", ", enforcement: strict"] {
        assert_eq!(of_overlay(settings, &base, &head), held, "{settings}");
    }
    // A field specification, which kustomize has read strictly for years.
    let specified = [
        (
            "prod/kustomization.yaml",
            "resources: [a.yaml]\nconfigurations: [specs.yaml]\n",
        ),
        (
            "prod/specs.yaml",
            "varReference: [{path: a, apiGroup: b}]\n",
        ),
        ("prod/a.yaml", MAP),
    ];
    let lines = of_overlay("", &specified, &head);
    assert_eq!(lines[0], "waived renders/broken-before prod/specs.yaml:1");
    // The change touches the file in which rendering stops, or moves it to another reason.
    for kustomization in [
        "resources: [a.yaml]\npatches: [\"a text\"]\nnamePrefix: x-\n",
        "resources: [a.yaml]\npatches: [\"another text\"]\n",
        "resources: [a.yaml]\npatches: [[]]\n",
    ] {
        let head = [("prod/kustomization.yaml", kustomization), head[0]];
        assert_eq!(of_overlay("", &base, &head), held, "{kustomization}");
    }
}

#[test]
fn what_stops_elsewhere_or_for_another_reason_is_held() {
    let variable = "resources: [a.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: ConfigMap, name: a}, fieldref: {fieldpath: data.n}}]\n";
    let number = |it: &str| format!("{MAP}data: {{n: {it}}}\n");
    let base = [
        ("prod/kustomization.yaml", variable),
        ("prod/a.yaml", &number("0x1")),
        ("prod/b.txt", ""),
        (
            "prod/specs.yaml",
            "namePrefix: [{path: spec/a/b, kind: A}]\n",
        ),
    ];
    let held = ["deny renders/failed prod/kustomization.yaml:2", "refuse"];
    let known = [
        "waived renders/broken-before prod/kustomization.yaml:2",
        "warn renders/broken-before",
        "admit",
    ];
    assert_eq!(of_overlay("", &base, &[("prod/b.txt", "x")]), known);
    // Another reason at the same place of a file that is the same.
    assert_eq!(
        of_overlay("", &base, &[("prod/a.yaml", &number("0x2"))]),
        held
    );
    // The same reason at another place of a file that is the same.
    let of_kind = |kind: &str| {
        format!("apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{a: text}}\n")
    };
    let two = format!("{}---\n{}", of_kind("A"), of_kind("B"));
    let base = [
        (
            "prod/kustomization.yaml",
            "resources: [a.yaml]\nnamePrefix: p-\nconfigurations: [specs.yaml]\n",
        ),
        ("prod/a.yaml", &*two),
        ("prod/b.txt", ""),
        (
            "prod/specs.yaml",
            "namePrefix: [{path: spec/a/b, kind: A}]\n",
        ),
    ];
    let lines = of_overlay("", &base, &[("prod/b.txt", "x")]);
    assert_eq!(lines[0], "waived renders/broken-before prod/a.yaml:4");
    let other = [(
        "prod/specs.yaml",
        "namePrefix: [{path: spec/a/b, kind: B}]\n",
    )];
    assert_eq!(
        of_overlay("", &base, &other),
        ["deny renders/failed prod/a.yaml:9", "refuse"]
    );
    // The same reason at the same place of a file that is another.
    let longer = format!("{two}# more\n");
    assert_eq!(
        of_overlay("", &base, &[("prod/a.yaml", &longer)]),
        ["deny renders/failed prod/a.yaml:4", "refuse"]
    );
}

#[test]
fn what_is_decrypted_or_filled_in_before_kustomize_reads_it_is_held() {
    let list = "resources: [a.yaml, t.yaml]\n";
    let own = |more: &str| format!("resources: [a.yaml]\n{more}\n");
    let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    for (what, kustomization, text) in [
        (
            "age",
            list,
            "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"
                .to_owned(),
        ),
        (
            "PGP",
            list,
            "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n".to_owned(),
        ),
        (
            "Ansible Vault",
            list,
            "$ANSIBLE_VAULT;1.1;AES256\n6162\n".to_owned(),
        ),
        (
            "a binary file of SOPS",
            list,
            "{\"data\": \"ENC[x]\", \"sops\": {}}\n".to_owned(),
        ),
        ("words", list, "to be made\n".to_owned()),
        ("envsubst", list, map("${NAME}")),
        (
            "envsubst in an unquoted flow",
            list,
            map("x, labels: {a: ${X}}"),
        ),
        (
            "Go templates",
            list,
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .name }}\n".to_owned(),
        ),
        (
            "a template of a kind",
            list,
            "apiVersion: v1\nkind: {{ .kind }}\nmetadata: {name: x}\n".to_owned(),
        ),
        (
            "a patch",
            "resources: [a.yaml]\npatches: [{path: t.yaml, target: {kind: ConfigMap}}]\n",
            "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n".to_owned(),
        ),
        (
            "a configuration",
            "resources: [a.yaml]\nconfigurations: [t.yaml]\n",
            "$ANSIBLE_VAULT;1.1;AES256\n6162\n".to_owned(),
        ),
        (
            "a replacement",
            "resources: [a.yaml]\nreplacements: [{path: t.yaml}]\n",
            "$ANSIBLE_VAULT;1.1;AES256\n6162\n".to_owned(),
        ),
        (
            "a transformer",
            "resources: [a.yaml]\ntransformers: [t.yaml]\n",
            "$ANSIBLE_VAULT;1.1;AES256\n6162\n".to_owned(),
        ),
        (
            "the kustomization's namespace",
            &own("namespace: {{ .ns }}"),
            String::new(),
        ),
        (
            "the kustomization's labels",
            &own("commonLabels: ${LABELS}"),
            String::new(),
        ),
        (
            "the kustomization's lines",
            &own("{{ range .x }}"),
            String::new(),
        ),
        (
            "the kustomization's patches",
            &own("patches: ['${PATCH}']"),
            String::new(),
        ),
    ] {
        let base = [
            ("prod/kustomization.yaml", kustomization),
            ("prod/a.yaml", MAP),
            ("prod/t.yaml", &text),
        ];
        let changed = format!("{MAP}data: {{a: b}}\n");
        let lines = of_overlay("", &base, &[("prod/a.yaml", &changed)]);
        let held = |it: &String| it.starts_with("deny renders/failed prod");
        assert!(lines.iter().any(held), "{what}: {lines:?}");
    }
}

#[test]
fn what_others_may_render_is_held_as_before() {
    for kustomization in [
        "resources: [a.yaml, 'https://example.com/x.yaml']\n",
        "resources: [a.yaml]\nhelmCharts: [{name: x, repo: 'https://example.com'}]\n",
        "resources: [a.yaml]\ngenerators: [g.yaml]\n",
        "resources: [a.yaml, made-by-a-job.yaml]\n",
        "resources: [a.yaml]\nconfigMapGenerator: [{name: m, files: [not-there]}]\n",
        "resources: [a.yaml, ../a-submodule]\n",
        // Components that a deployer adds may bring what is patched, and a Component is one of them.
        "resources: [a.yaml]\npatches: [{path: patch.yaml}]\n",
        "resources: [a.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: ConfigMap, name: elsewhere}}]\n",
        "resources: [a.yaml]\nreplacements: [{source: {kind: ConfigMap, name: elsewhere}, targets: [{select: {name: a}, fieldPaths: [data.a]}]}]\n",
        "resources: [a.yaml]\nconfigMapGenerator: [{name: elsewhere, behavior: merge, literals: [a=b]}]\n",
        "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [a.yaml, g.yaml, g.yaml]\n",
        // Another version of kustomize may know it.
        "resources: [a.yaml]\nfield: 1\n",
    ] {
        let base = [
            ("prod/kustomization.yaml", kustomization),
            ("prod/a.yaml", MAP),
            (
                "prod/patch.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: elsewhere}\ndata: {a: b}\n",
            ),
            (
                "prod/g.yaml",
                "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: g}\n",
            ),
        ];
        let changed = format!("{MAP}data: {{a: b}}\n");
        let lines = of_overlay("", &base, &[("prod/a.yaml", &changed)]);
        let held = |it: &String| it.starts_with("deny renders/failed prod/");
        assert!(lines.iter().any(held), "{kustomization}: {lines:?}");
    }
}

#[test]
fn a_file_outside_of_an_overlay_is_known_where_base_reads_one_and_what_it_brings_is_judged() {
    let base = [
        ("prod/kustomization.yaml", "resources: [../a.yaml]\n"),
        ("a.yaml", MAP),
    ];
    let changed = format!("{MAP}data: {{a: b}}\n");
    let known = ["waived renders/outside prod/kustomization.yaml:1", "admit"];
    let head = [("a.yaml", &*changed)];
    assert_eq!(of_overlay("", &base, &head), known);
    let held = ["deny renders/outside prod/kustomization.yaml:1", "refuse"];
    assert_eq!(of_overlay(", enforcement: strict", &base, &head), held);
    // It is rendered: what it brings is judged.
    let wrong = format!("{MAP}data: {{a: 1}}\n");
    assert_eq!(
        of_overlay("", &base, &[("a.yaml", &wrong)]),
        [
            "deny schemas/invalid a.yaml:4",
            "waived renders/outside prod/kustomization.yaml:1",
            "refuse"
        ]
    );
    // What the change does not touch is a warning; what it brings is held.
    let elsewhere = [("other/a.yaml", &*changed)];
    assert_eq!(
        of_overlay("", &base, &elsewhere),
        ["warn renders/outside prod/kustomization.yaml:1", "admit"]
    );
    let inside = [
        ("prod/kustomization.yaml", "resources: [a.yaml]\n"),
        ("prod/a.yaml", MAP),
        ("a.yaml", MAP),
    ];
    assert_eq!(of_overlay("", &inside, &base[..1]), held);
}

#[test]
fn an_overlay_that_flux_stops_building_is_refused_outside_of_its_folder() {
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: b}\nspec: {path: prod, interval: 1m, prune: true, sourceRef: {kind: GitRepository, name: a}}\n";
    let base = [
        ("prod/kustomization.yaml", "resources: [../a.yaml]\n"),
        ("a.yaml", MAP),
        (
            "other/kustomization.yaml",
            "resources: [a.yaml, flux.yaml]\n",
        ),
        ("other/flux.yaml", flux),
    ];
    let changed = format!("{MAP}data: {{a: b}}\n");
    let lines = of_overlay("", &base, &[("a.yaml", &changed)]);
    assert_eq!(lines.last().map(String::as_str), Some("admit"));
    assert!(
        !lines.iter().any(|it| it.contains("renders/outside")),
        "{lines:?}"
    );
    let moved = flux.replace("path: prod", "path: other");
    let lines = of_overlay("", &base, &[("other/flux.yaml", &moved)]);
    let held = "deny renders/outside prod/kustomization.yaml:1".to_owned();
    assert!(lines.contains(&held), "{lines:?}");
}

#[test]
fn overlays_that_a_change_leaves_broken_are_counted_beyond_the_first_few() {
    let repository = Repository::new();
    repository
        .write(
            "tollgate.yaml",
            "version: 1\nenvironments:\n  prod: {overlays: ['prod/*']}\n",
        )
        .write("prod/fine/kustomization.yaml", "resources: [a.yaml]\n")
        .write("prod/fine/a.yaml", MAP);
    for n in 1..=7 {
        let text = format!("resources: [missing-{n}.yaml]\n");
        repository.write(&format!("prod/broken-{n}/kustomization.yaml"), &text);
    }
    let base = repository.commit("base");
    repository.write("prod/fine/a.yaml", &format!("{MAP}data: {{a: b}}\n"));
    let head = repository.commit("head");
    let told = |format: &str, more: &[&str]| {
        let arguments = [
            "check", "--base", &base, "--head", &head, "--format", format,
        ];
        let output = tollgate(repository.path(), &[&arguments[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let listed = text.matches("there is neither a file").count();
        (listed, text)
    };
    let (listed, text) = told("markdown", &[]);
    assert_eq!(listed, 3, "{text}");
    let line = "- `renders/broken-before`: 4 more, at no file of this change; `--all` lists them\n";
    assert!(text.contains(line), "{text}");
    let (listed, text) = told("markdown", &["--all"]);
    assert_eq!(listed, 7, "{text}");
    assert!(!text.contains("more, at no file"), "{text}");
    let (listed, text) = told("github", &[]);
    assert_eq!(listed, 3, "{text}");
    let more = "::warning title=Tollgate::4 more warnings: see the report in another format\n";
    assert!(text.contains(more), "{text}");
}
