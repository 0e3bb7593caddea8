//! What is read, in which order it comes out, and what is left out.

use super::*;
use tollgate_yaml::Node;

#[test]
fn bases_and_files_come_in_the_order_of_the_list() {
    check(
        &[
            (
                "app/kustomization.yaml",
                "resources: [b.yaml, ../base, a.yaml]",
            ),
            ("app/a.yaml", &config_map("a")),
            ("app/b.yaml", &config_map("b")),
            ("base/kustomization.yml", "resources:\n- c.yaml\n"),
            ("base/c.yaml", &config_map("c")),
        ],
        &[config_map("b"), config_map("c"), config_map("a")].join("---\n"),
    );
}

#[test]
fn by_kind_is_the_default_order() {
    let files = [
        ("app/kustomization.yaml", "resources: [all.yaml]"),
        (
            "app/all.yaml",
            "{apiVersion: v1, kind: Service, metadata: {name: s}}\n---\n\
             {apiVersion: x.io/v1, kind: Thing, metadata: {name: t}}\n---\n\
             {apiVersion: v1, kind: Pod, metadata: {name: p}}\n---\n\
             {apiVersion: v1, kind: Namespace, metadata: {name: n}}\n",
        ),
    ];
    let text = render(&files, "app", Options::default()).expect("renders");
    let kinds: Vec<&str> = text
        .lines()
        .filter_map(|it| it.strip_prefix("kind: "))
        .collect();
    assert_eq!(kinds, ["Namespace", "Service", "Thing", "Pod"]);
}

#[test]
fn sort_options_of_the_built_file_win() {
    let files = [
        (
            "app/kustomization.yaml",
            "resources: [all.yaml]\nsortOptions:\n  order: legacy\n  legacySortOptions:\n    \
             orderFirst: [Pod]\n    orderLast: [Namespace]\n",
        ),
        (
            "app/all.yaml",
            "{apiVersion: v1, kind: Namespace, metadata: {name: n}}\n---\n\
             {apiVersion: v1, kind: Service, metadata: {name: s}}\n---\n\
             {apiVersion: v1, kind: Pod, metadata: {name: p}}\n",
        ),
    ];
    let text = render(&files, "app", FIFO).expect("renders");
    let kinds: Vec<&str> = text
        .lines()
        .filter_map(|it| it.strip_prefix("kind: "))
        .collect();
    assert_eq!(kinds, ["Pod", "Service", "Namespace"]);
}

#[test]
fn lists_are_taken_apart_and_come_last() {
    check(
        &[
            ("app/kustomization.yaml", "resources: [all.yaml]"),
            (
                "app/all.yaml",
                "apiVersion: v1\nkind: List\nitems:\n\
                 - {apiVersion: v1, kind: ConfigMap, metadata: {name: inner}}\n---\n\
                 # only a comment\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: outer}}\n",
            ),
        ],
        &[config_map("outer"), config_map("inner")].join("---\n"),
    );
}

#[test]
fn local_configuration_is_left_out() {
    check(
        &[
            ("app/kustomization.yaml", "resources: [all.yaml]"),
            (
                "app/all.yaml",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: \
                 {config.kubernetes.io/local-config: 'yes'}}}\n---\n\
                 {apiVersion: v1, kind: ConfigMap, metadata: {name: b, annotations: {}}}\n",
            ),
        ],
        &config_map("b"),
    );
}

#[test]
fn annotations_become_text() {
    check(
        &[
            ("app/kustomization.yaml", "resources: [a.yaml]"),
            (
                "app/a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n    \
                 port: 8080\n    hex: 0x10\n  labels:\n    l: 1\n",
            ),
        ],
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations:\n    hex: \"0x10\"\n    \
         port: \"8080\"\n  labels:\n    l: 1\n  name: a\n",
    );
}

#[test]
fn components_work_on_what_their_parent_has() {
    check(
        &[
            (
                "app/kustomization.yaml",
                "resources: [a.yaml]\ncomponents: [../more]\nnamePrefix: p-\n",
            ),
            ("app/a.yaml", &config_map("a")),
            (
                "more/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n\
                 resources: [b.yaml]\nnameSuffix: -s\n",
            ),
            ("more/b.yaml", &config_map("b")),
        ],
        &[config_map("p-a-s"), config_map("p-b-s")].join("---\n"),
    );
}

#[test]
fn names_of_fields_may_be_in_any_case() {
    check(
        &[
            (
                "app/kustomization.yaml",
                "RESOURCES: [a.yaml]\nNamePrefix: x-\n",
            ),
            ("app/a.yaml", &config_map("a")),
        ],
        &config_map("x-a"),
    );
}

#[test]
fn the_load_restrictor_can_be_lifted() {
    let files = [
        ("app/kustomization.yaml", "resources: [../a.yaml]"),
        ("a.yaml", &*config_map("a")),
    ];
    assert!(render(&files, "app", FIFO).is_err());
    let options = Options {
        load_restrictor: LoadRestrictor::None,
        ..FIFO
    };
    assert_eq!(render(&files, "app", options), Ok(config_map("a")));
}

#[test]
fn every_file_that_counts_is_recorded() {
    inspect(
        &[
            (
                "app/kustomization.yaml",
                "resources: [../base]\ncommonLabels: {a: b}",
            ),
            ("base/kustomization.yaml", "resources: [a.yaml]"),
            ("base/a.yaml", &config_map("a")),
        ],
        |build, sources| {
            let reads: Vec<&str> = build.reads.iter().map(RepoPath::as_str).collect();
            let expected = [
                "app",
                "app/kustomization.yaml",
                "base",
                "base/a.yaml",
                "base/kustomization.yaml",
            ];
            assert_eq!(reads, expected);
            let warnings: Vec<String> = build
                .warnings
                .iter()
                .map(|it| format!("{} {}", sources.describe(it.span), it.message))
                .collect();
            assert_eq!(
                warnings,
                ["app/kustomization.yaml:2:1 `commonLabels` is deprecated"]
            );
        },
    );
}

#[test]
fn fields_know_their_lines() {
    inspect(
        &[
            (
                "app/kustomization.yaml",
                "resources: [../base]\nnamePrefix: p-\n",
            ),
            ("base/kustomization.yaml", "resources: [a.yaml]"),
            ("base/a.yaml", &config_map("a")),
        ],
        |build, sources| {
            let name = build.resources[0]
                .body
                .get("metadata")
                .and_then(|it| it.get("name"))
                .map(|it: &Node| it.origin)
                .expect("a name");
            assert_eq!(
                sources.describe(name.edit_here()),
                "app/kustomization.yaml:2:13"
            );
            let over = name.overridden().expect("it replaced another");
            assert_eq!(sources.describe(over), "base/a.yaml:4:9");
        },
    );
}

#[test]
fn annotations_can_ask_for_a_hash() {
    check(
        &[
            ("app/kustomization.yaml", "resources: [a.yaml]"),
            (
                "app/a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n    \
                 internal.config.kubernetes.io/needsHashSuffix: enabled\n",
            ),
        ],
        &config_map("a-6ct58987ht"),
    );
}

#[test]
fn text_inside_of_a_kustomization_knows_its_lines() {
    inspect(
        &[
            (
                "app/kustomization.yaml",
                "resources: [a.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    \
                 metadata: {name: a}\n    data:\n      k: v\n",
            ),
            ("app/a.yaml", &config_map("a")),
        ],
        |build, sources| {
            let value = build.resources[0]
                .body
                .get("data")
                .and_then(|it| it.get("k"));
            let value = value.expect("the patched field");
            assert_eq!(
                sources.describe(value.span()),
                "app/kustomization.yaml:8:10"
            );
        },
    );
}

#[test]
fn threads_share_a_session() {
    let files = tree(&[
        (
            "a/kustomization.yaml",
            "resources: [../base]\nnamePrefix: a-\n",
        ),
        (
            "b/kustomization.yaml",
            "resources: [../base]\nnamePrefix: b-\n",
        ),
        ("base/kustomization.yaml", "resources: [c.yaml]\n"),
        ("base/c.yaml", &config_map("c")),
    ]);
    let sources = Sources::new();
    let session = Session::new(&files, &sources);
    let names: Vec<String> = std::thread::scope(|scope| {
        let threads = ["a", "b"].map(|folder| {
            let session = &session;
            scope.spawn(move || {
                let root = RepoPath::new(folder).expect("a path");
                let build = build(session, &root, &FIFO).expect("renders");
                build.resources[0].name().to_owned()
            })
        });
        threads.map(|it| it.join().expect("no panic")).to_vec()
    });
    assert_eq!(names, ["a-c", "b-c"]);
    // Three kustomization files and one manifest came before, each once.
    assert_eq!(format!("{:?}", sources.add("next", "")), "FileId(4)");
}

#[test]
fn what_is_written_in_vain_is_told() {
    inspect(
        &[
            (
                "app/kustomization.yaml",
                "resources: [../base]\nconfigMapGenerator:\n- name: a\n  behavior: merg\n---\n\
                 namePrefix: x\n",
            ),
            (
                "base/kustomization.yaml",
                "sortOptions: {order: fifo}\nresources: [b.yaml]\n",
            ),
            ("base/b.yaml", &config_map("b")),
        ],
        |build, sources| {
            let places: Vec<String> = build
                .warnings
                .iter()
                .filter(|it| it.kind == crate::WarningKind::Ignored)
                .map(|it| sources.describe(it.span))
                .collect();
            let expected = [
                "app/kustomization.yaml:6:1",
                "app/kustomization.yaml:4:13",
                "base/kustomization.yaml:1:14",
            ];
            assert_eq!(places, expected);
        },
    );
}
