//! Stories about what stands in a tree.

use super::*;
use crate::config::{self, Config, Patterns};
use crate::repo::testing::{TestRepo, path};
use crate::repo::{GitTree, Tree};
use tollgate_kustomize::Session;
use tollgate_yaml::Sources;

fn kustomization(resources: &[&str]) -> String {
    format!("resources: [{}]\n", resources.join(", "))
}

/// The folders that can be rendered; those that nothing builds on with a `*`.
fn found(tree: &GitTree) -> (Vec<String>, Vec<String>) {
    let sources = Sources::new();
    let session = Session::new(tree, &sources);
    let found = kustomizations(tree, &session).expect("a listing");
    let shown = found
        .all()
        .map(|(path, top)| format!("{path}{}", if top { "*" } else { "" }))
        .collect();
    let problems = found
        .problems
        .iter()
        .map(|it| format!("{}: {}", it.path, it.message))
        .collect();
    (shown, problems)
}

#[test]
fn overlays_are_what_nothing_builds_on() {
    let mut repo = TestRepo::new();
    repo.file(
        "apps/web/base/kustomization.yaml",
        kustomization(&["web.yaml"]),
    )
    .file("apps/web/base/web.yaml", "kind: Deployment\n")
    .file(
        "apps/web/overlays/dev/kustomization.yaml",
        kustomization(&["../../base"]),
    )
    .file(
        "apps/web/overlays/prod/kustomization.yml",
        "bases: [../../base/]\ncomponents: [../../../../components/tls]\n",
    )
    .file(
        "components/tls/Kustomization",
        "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: x-\n",
    )
    .file(
        "components/unused/kustomization.yaml",
        "kind: Component\nresuorces: []\n",
    )
    .file("kustomizations/kustomization.yaml.bak", "x");
    let (folders, problems) = found(&repo.git_tree());
    assert_eq!(
        folders,
        [
            "apps/web/base",
            "apps/web/overlays/dev*",
            "apps/web/overlays/prod*",
            "components/tls",
            // `kustomize build` renders a Component like any other.
            "components/unused*"
        ]
    );
    assert_eq!(problems, [""; 0]);
}

#[test]
fn a_folder_that_names_a_stage_is_an_overlay_unless_one_of_its_stage_builds_on_it() {
    let mut repo = TestRepo::new();
    repo.file("x/prod/kustomization.yaml", kustomization(&[]))
        .file("x/dev/kustomization.yaml", kustomization(&["../prod"]))
        .file("y/prod/kustomization.yaml", kustomization(&[]))
        .file("y/prod-eu/kustomization.yaml", kustomization(&["../prod"]))
        .file("y/base/kustomization.yaml", kustomization(&[]))
        .file("y/dev/kustomization.yaml", kustomization(&["../base"]));
    let (tree, sources) = (repo.git_tree(), Sources::new());
    let session = Session::new(&tree, &sources);
    let found = kustomizations(&tree, &session).expect("a listing");
    let overlays: Vec<&str> = found.overlays().map(RepoPath::as_str).collect();
    assert_eq!(overlays, ["x/dev", "x/prod", "y/dev", "y/prod-eu"]);
}

#[test]
fn what_hides_an_overlay_is_seen() {
    let mut repo = TestRepo::new();
    repo.file("prod/kustomization.yaml", kustomization(&["x.yaml"]))
        .file("prod/Kustomization", kustomization(&[]))
        // A circle is on top of nothing and under nothing.
        .file("a/kustomization.yaml", kustomization(&["../b"]))
        .file("b/kustomization.yaml", kustomization(&["../a", "../c"]))
        .file("c/kustomization.yaml", "namePrefix: c-\n")
        .file("own/kustomization.yaml", kustomization(&["."]))
        .file("broken/kustomization.yaml", "resources: [\n")
        .file("unknown/kustomization.yaml", "resuorces: []\n")
        .file(
            "remote/kustomization.yaml",
            kustomization(&["https://example.com/c", "../../../outside", "/c"]),
        );
    let (folders, problems) = found(&repo.git_tree());
    assert_eq!(
        folders,
        [
            "a*", "b", "broken*", "c", "own*", "prod*", "remote*", "unknown*"
        ]
    );
    assert_eq!(
        problems,
        ["prod: `Kustomization` and `kustomization.yaml` stand side by side"]
    );
}

#[test]
fn an_overlay_behind_a_link_is_an_overlay() {
    let mut repo = TestRepo::new();
    repo.file(
        "overlays/dev/kustomization.yaml",
        kustomization(&["../../base"]),
    )
    .file(
        "base/kustomization.yaml",
        kustomization(&["../linked-base"]),
    )
    .file("real/kustomization.yaml", kustomization(&[]))
    // Whoever applies `overlays/prod` gets what `overlays/dev` says.
    .link("overlays/prod", "dev")
    .link(
        "overlays/test/kustomization.yaml",
        "../dev/kustomization.yaml",
    )
    .link("linked-base", "real")
    .link("everything", ".")
    .link("out", "../../etc")
    .link("none", "nowhere");
    let (folders, problems) = found(&repo.git_tree());
    assert_eq!(
        folders,
        [
            "base",
            "linked-base",
            "overlays/dev*",
            "overlays/prod*",
            "overlays/test*",
            "real"
        ]
    );
    assert_eq!(problems, [""; 0]);
}

fn mapped(tree: &GitTree, config: &Config) -> (Vec<String>, Vec<String>) {
    let sources = Sources::new();
    let session = Session::new(tree, &sources);
    let mapped = overlays(&kustomizations(tree, &session).expect("a listing"), config);
    let shown = mapped
        .overlays
        .iter()
        .map(|it| {
            format!(
                "{}: {}",
                it.path,
                it.environment.as_ref().map_or("-", |it| it.as_str())
            )
        })
        .collect();
    (
        shown,
        mapped.problems.into_iter().map(|it| it.message).collect(),
    )
}

fn configured(text: &str) -> Config {
    config::parse(config::FILE_NAME, text, &Sources::new())
        .expect("a configuration")
        .config
}

fn three_overlays() -> TestRepo {
    let mut repo = TestRepo::new();
    repo.file("base/kustomization.yaml", kustomization(&[]))
        .file(
            "overlays/dev/kustomization.yaml",
            kustomization(&["../../base"]),
        )
        .file(
            "overlays/prod-eu/kustomization.yaml",
            kustomization(&["../../base"]),
        )
        .file(
            "overlays/new/kustomization.yaml",
            kustomization(&["../../base"]),
        );
    repo
}

#[test]
fn the_configuration_says_which_environment() {
    let repo = three_overlays();
    let config = configured(
        "version: 1\nenvironments:\n  dev: {overlays: [\"overlays/dev\", base]}\n  prod: {overlays: [\"overlays/prod-*\"]}\n",
    );
    let (overlays, problems) = mapped(&repo.git_tree(), &config);
    // A base that the configuration names is applied by somebody; a folder that it does not know
    // is there with no environment.
    assert_eq!(
        overlays,
        [
            "base: dev",
            "overlays/dev: dev",
            "overlays/new: -",
            "overlays/prod-eu: prod"
        ]
    );
    assert_eq!(problems, [""; 0]);
}

#[test]
fn an_overlay_of_two_environments_is_of_none() {
    let repo = three_overlays();
    let config = configured(
        "version: 1\nenvironments:\n  dev: {overlays: [\"overlays/*\"]}\n  prod: {overlays: [\"overlays/prod-*\"]}\n",
    );
    let (overlays, problems) = mapped(&repo.git_tree(), &config);
    assert_eq!(
        overlays,
        [
            "overlays/dev: dev",
            "overlays/new: dev",
            "overlays/prod-eu: -"
        ]
    );
    assert_eq!(
        problems,
        ["the overlay is in more than one environment: `dev`, `prod`"]
    );
}

#[test]
fn without_a_configuration_folders_say_which_environment() {
    let mut repo = three_overlays();
    let base = repo.git_tree();
    repo.remove("overlays/dev/kustomization.yaml").file(
        "overlays/stage/kustomization.yaml",
        kustomization(&["../prod-eu"]),
    );
    let head = repo.git_tree();
    let sources = Sources::new();
    let of = |tree: &GitTree| {
        let session = Session::new(tree, &sources);
        kustomizations(tree, &session).expect("a listing")
    };
    let (in_base, in_head) = (of(&base), of(&head));
    let config =
        Config::default().with_inferred_environments(in_base.overlays().chain(in_head.overlays()));
    assert_eq!(
        mapped(&base, &config).0,
        [
            "overlays/dev: dev",
            "overlays/new: unsorted",
            "overlays/prod-eu: prod"
        ]
    );
    // What was an overlay in the base stays one, although something builds on it now.
    assert_eq!(
        mapped(&head, &config).0,
        [
            "overlays/new: unsorted",
            "overlays/prod-eu: prod",
            "overlays/stage: stage"
        ]
    );
}

const POLICY: &str =
    "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: []}\n";

#[test]
fn policies_are_found_by_content() {
    let mut repo = TestRepo::new();
    repo.file(
        "policies/a.yaml",
        format!("kind: ConfigMap\napiVersion: v1\n---\n{POLICY}"),
    )
    .file(
        "policies/b.json",
        "{\"apiVersion\": \"policies.kyverno.io/v1\", \"kind\": \"ValidatingPolicy\", \"spec\": {}}",
    )
    .file(
        "policies/c.yml",
        "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e}\nspec: {}\n",
    )
    .file(
        "policies/d.yaml",
        "apiVersion: kyverno.io/v2\nkind: GlobalContextEntry\n",
    )
    .file(
        "policies/broken.yaml",
        "apiVersion: kyverno.io/v1\nkind: [\n",
    )
    .file("policies/README.md", POLICY)
    .file(
        "tests/kyverno-test.yaml",
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\n",
    )
    .file(
        "tests/values.yaml",
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: Values\n",
    )
    .file("elsewhere/a.yaml", POLICY)
    .file(
        "elsewhere/similar.yaml",
        "apiVersion: notkyverno.io/v1\nkind: ClusterPolicy\n# kyverno.io/v1\n",
    )
    .file(
        "chart/Chart.yaml",
        "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    )
    .file(
        "chart/templates/deep/a.yaml",
        "{{ if x }}\napiVersion: kyverno.io/v1\n",
    )
    .link("policies/link.yaml", "a.yaml");
    let tree = repo.git_tree();
    let sources = Sources::new();
    let session = Session::new(&tree, &sources);
    let everywhere = Config::default().policies;
    let patterns = Patterns::compile(&everywhere.paths).expect("patterns");
    let all = policies(&tree, &session, &patterns).expect("a listing");
    let shown: Vec<String> = all
        .documents
        .iter()
        .map(|it| format!("{} {:?} {} {}", it.path, it.class, it.kind, it.name))
        .collect();
    assert_eq!(
        shown,
        [
            "elsewhere/a.yaml Policy ClusterPolicy p",
            "policies/a.yaml Policy ClusterPolicy p",
            "policies/b.json Policy ValidatingPolicy ",
            "policies/c.yml Exception PolicyException e",
            "policies/d.yaml Other GlobalContextEntry ",
            "tests/kyverno-test.yaml Fixture Test ",
            "tests/values.yaml Fixture Values ",
        ]
    );
    assert_eq!(
        sources
            .describe(all.documents[1].node.span())
            .split(':')
            .nth(1),
        Some("4")
    );
    assert_eq!(all.problems.len(), 1);
    assert_eq!(all.problems[0].path, path("policies/broken.yaml"));
    assert!(
        sources
            .describe(all.problems[0].span)
            .starts_with("policies/broken.yaml:")
    );

    let config = configured(
        "version: 1\npolicies: {paths: [\"policies/*.yaml\"], fixtures: [\"tests/**\"]}\n",
    );
    let patterns = Patterns::compile(&config.policies.paths).expect("patterns");
    let some = policies(&tree, &session, &patterns).expect("a listing");
    assert_eq!(some.documents.len(), 2);
    let patterns = Patterns::compile(&config.policies.fixtures).expect("patterns");
    assert_eq!(
        suites(&tree, &patterns, "kyverno-test.yaml").expect("a listing"),
        [path("tests/kyverno-test.yaml")]
    );
}

/// `path: name` of each policy and exception.
fn policy_names(repo: &TestRepo, paths: &str) -> Vec<String> {
    let tree = repo.git_tree();
    let sources = Sources::new();
    let session = Session::new(&tree, &sources);
    let config = configured(&format!("version: 1\npolicies: {{paths: [\"{paths}\"]}}\n"));
    let patterns = Patterns::compile(&config.policies.paths).expect("patterns");
    let found = policies(&tree, &session, &patterns).expect("a listing");
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let named = found.documents.iter();
    named
        .map(|it| format!("{}: {}", it.path, it.name))
        .collect()
}

#[test]
fn policies_are_found_in_every_form_that_a_cluster_takes() {
    let inner = "{apiVersion: kyverno.io/v1, kind: Policy, metadata: {name: c}, spec: {rules: []}}";
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {{name: a}}, spec: {{rules: []}}}}\n- apiVersion: v1\n  kind: List\n  items: [{inner}]\n"
    );
    let mut repo = TestRepo::new();
    repo.file("p/list.yaml", list)
        .file(
            "p/typed.yaml",
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicyList\nitems:\n- {metadata: {name: b}, spec: {rules: []}}\n",
        )
        .file(
            "p/escapes.json",
            r#"{"apiVersion": "kyvern\u006f.io/v1", "k\u0069nd": "Cluster\u0050olicy", "metadata": {"name": "d"}, "spec": {"rules": []}}"#,
        )
        .file(
            "p/folded.yaml",
            "apiVersion: \"kyverno\\\n  .io/v1\"\nkind: ClusterPolicy\nmetadata: {name: e}\nspec: {rules: []}\n",
        )
        .file(
            "p/base64.yaml",
            "apiVersion: !!binary a3l2ZXJuby5pby92MQ==\nkind: ClusterPolicy\nmetadata: {name: f}\nspec: {rules: []}\n",
        )
        .file("elsewhere/text", POLICY)
        .link("p/link.yaml", "../elsewhere/text")
        .file("shared/deep/q.yaml", POLICY.replace("name: p", "name: q"))
        .link("p/shared", "../shared")
        .link("p/nowhere.yaml", "../nothing");
    assert_eq!(
        policy_names(&repo, "p/**"),
        [
            "elsewhere/text: p",
            "p/base64.yaml: f",
            "p/escapes.json: d",
            "p/folded.yaml: e",
            "p/list.yaml: a",
            "p/list.yaml: c",
            "p/typed.yaml: b",
            "shared/deep/q.yaml: q",
        ]
    );
    assert_eq!(policy_names(&repo, "shared/**"), ["shared/deep/q.yaml: q"]);
}

#[test]
fn a_file_in_utf_16_is_no_policy_and_no_silence() {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(POLICY.encode_utf16().flat_map(u16::to_le_bytes));
    let mut repo = TestRepo::new();
    repo.file("p/wide.yaml", bytes);
    let (tree, sources) = (repo.git_tree(), Sources::new());
    let session = Session::new(&tree, &sources);
    let patterns = Patterns::compile(&Config::default().policies.paths).expect("patterns");
    let found = policies(&tree, &session, &patterns).expect("a listing");
    assert_eq!(found.documents.len(), 0);
    assert_eq!(found.problems[0].message, "`p/wide.yaml` is not UTF-8 text");
}

#[test]
fn a_part_of_a_policy_is_none() {
    let part = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\n";
    let mut repo = TestRepo::new();
    repo.file("tests/assert.yaml", format!("{part}status: {{ready: true}}\n"))
        .file(
            "tests/exception.yaml",
            "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e}\n",
        )
        .file("o/patch.yaml", POLICY)
        .file("o/merge.yaml", POLICY)
        .file("o/used.yaml", POLICY)
        .file(
            "o/kustomization.yaml",
            "resources: [used.yaml]\npatches: [{path: patch.yaml}, {path: used.yaml}]\npatchesStrategicMerge: [merge.yaml]\n",
        );
    assert_eq!(policy_names(&repo, "**"), ["o/used.yaml: p"]);
}

#[test]
fn a_template_is_what_stands_below_the_templates_of_a_chart() {
    let mut repo = TestRepo::new();
    repo.file("a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n")
        .file("a/templates/p.yaml", POLICY)
        .file("a/policies/p.yaml", POLICY)
        .file("b/Chart.yaml", "x: 1\n")
        .file("b/templates/p.yaml", POLICY)
        .file(
            "b/templates/q.yaml",
            "{{ if x }}\napiVersion: kyverno.io/v1\n",
        );
    assert_eq!(
        policy_names(&repo, "**"),
        ["a/policies/p.yaml: p", "b/templates/p.yaml: p"]
    );
}

#[test]
fn a_thousand_overlays_are_found() {
    let mut repo = TestRepo::new();
    for at in 0..1_000 {
        repo.file(
            &format!("apps/{at}/base/kustomization.yaml"),
            kustomization(&["x.yaml"]),
        );
        repo.file(
            &format!("apps/{at}/overlays/prod/kustomization.yaml"),
            kustomization(&["../../base"]),
        );
    }
    let tree = repo.git_tree();
    let (folders, _) = found(&tree);
    assert_eq!(folders.iter().filter(|it| it.ends_with('*')).count(), 1_000);
    assert_eq!(tree.files().expect("lists").len(), 2_000);
}
