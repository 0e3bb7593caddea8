//! Which Kustomizations of Flux count.

use super::*;
use crate::repo::testing::TestRepo;
use tollgate_yaml::Sources;

fn of_flux(path: &str, source: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: a}}\nspec: {{{path}sourceRef: {{kind: {source}, name: s}}}}\n"
    )
}

const WEB: &str = "path: apps/web, ";

/// Whether Flux builds a folder of these files.
fn builds_of(files: &[(&str, &str)], folder: &str) -> bool {
    let mut repo = TestRepo::new();
    for (path, text) in files {
        repo.file(path, text);
    }
    let tree = repo.git_tree();
    let sources = Sources::new();
    let session = Session::new(&tree, &sources);
    Flux::new(&tree, &session).builds(&RepoPath::new(folder).expect("a path"))
}

/// The same of manifests in a folder that Flux builds, and of kustomizations.
fn builds(manifests: &[String], others: &[&str], folder: &str) -> bool {
    let paths: Vec<String> = (0..manifests.len())
        .map(|at| format!("flux/{at}.yaml"))
        .collect();
    let begin = of_flux("path: flux, ", "GitRepository");
    let mut files = vec![("flux/begin.yaml", &*begin)];
    files.extend(
        paths
            .iter()
            .map(|it| &**it)
            .zip(manifests.iter().map(|it| &**it)),
    );
    files.extend(others.iter().map(|it| (*it, "resources: [a.yaml]\n")));
    builds_of(&files, folder)
}

#[test]
fn the_folder_that_a_kustomization_names_is_built() {
    for (path, folder, want) in [
        ("path: ./apps/web, ", "apps/web", true),
        ("path: /apps/web/, ", "apps/web", true),
        ("path: apps/web, ", "apps/webs", false),
        ("path: apps/web, ", "apps", false),
        ("path: '${DIR}/web', ", "apps/web", false),
        ("path: ../apps/web, ", "apps/web", false),
        ("path: other, ", "apps/web", false),
    ] {
        let manifests = [of_flux(path, "GitRepository")];
        let others = ["apps/kustomization.yaml", "apps/web/kustomization.yaml"];
        assert_eq!(builds(&manifests, &others, folder), want, "{path} {folder}");
    }
}

#[test]
fn below_a_folder_without_a_kustomization_everything_is_built() {
    let manifests = [of_flux("path: apps, ", "GitRepository")];
    assert!(builds(
        &manifests,
        &["apps/a/b/kustomization.yaml"],
        "apps/a/b"
    ));
    // That one is built as it is, and names what it names.
    let between = ["apps/a/kustomization.yml", "apps/a/b/kustomization.yaml"];
    assert!(!builds(&manifests, &between, "apps/a/b"));
    assert!(builds(&manifests, &between, "apps/a"));
    // Without a path it is the root.
    let root = [of_flux("", "GitRepository")];
    assert!(builds(&root, &["x/kustomization.yaml"], "x"));
    assert!(!builds(
        &root,
        &["Kustomization", "x/kustomization.yaml"],
        "x"
    ));
}

#[test]
fn an_artifact_may_be_made_of_a_part_of_the_tree() {
    let others = ["k8s/apps/web/kustomization.yaml"];
    let built = |path, source| builds(&[of_flux(path, source)], &others, "k8s/apps/web");
    assert!(built("path: ./apps/web, ", "OCIRepository"));
    assert!(!built("path: ./apps/web, ", "GitRepository"));
    assert!(!built("path: ./pps/web, ", "OCIRepository"));
    assert!(!built("", "OCIRepository"));
}

#[test]
fn kustomizations_in_lists_and_in_sets_count_and_those_of_kustomize_do_not() {
    let inner = of_flux("path: a, ", "GitRepository").replace('\n', "\n    ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  - {inner}\n");
    let set = format!(
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  resources:\n  - {inner}\n"
    );
    let others = ["a/kustomization.yaml"];
    assert!(builds(&[list], &others, "a"));
    assert!(builds(&[set], &others, "a"));
    let other = of_flux("path: a, ", "GitRepository").replace("toolkit.fluxcd.io", "config.k8s.io");
    assert!(!builds(&[other], &others, "a"));
    assert!(!builds(
        &["{{ no yaml }} kustomize.toolkit.fluxcd.io".to_owned()],
        &others,
        "a"
    ));
}

#[test]
fn a_kustomization_counts_where_somebody_applies_it() {
    let web = of_flux(WEB, "GitRepository");
    let begin = of_flux("path: flux, ", "GitRepository");
    let above = of_flux("path: clusters, ", "GitRepository");
    let app = ("apps/web/kustomization.yaml", "resources: [a.yaml]\n");
    let instance = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux}\nspec: {sync: {kind: GitRepository, path: flux}}\n";
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux-instance}\nspec: {values: {instance: {sync: {kind: GitRepository, path: flux}}}}\n";
    for (case, files, want) in [
        (
            "nobody knows who applies it",
            &[("docs/web.yaml", &*web)][..],
            false,
        ),
        ("it builds itself", &[("apps/web/flux.yaml", &web)], false),
        (
            "one beside it builds both",
            &[("flux/a.yaml", &web), ("flux/b.yaml", &begin)],
            true,
        ),
        (
            "one elsewhere builds its folder",
            &[("flux/a.yaml", &web), ("x/b.yaml", &begin)],
            true,
        ),
        (
            "one that is built builds its folder",
            &[
                ("x/a.yaml", &web),
                ("flux/b.yaml", &of_flux("path: x, ", "GitRepository")),
                ("flux/c.yaml", &begin),
            ],
            true,
        ),
        (
            "the Flux Operator is told its folder",
            &[("flux/a.yaml", &web), ("x/b.yaml", instance)],
            true,
        ),
        (
            "a release of the Flux Operator is",
            &[("flux/a.yaml", &web), ("x/b.yaml", release)],
            true,
        ),
        (
            "a kustomization lists it",
            &[
                ("clusters/a.yaml", &web),
                ("clusters/kustomization.yaml", "resources: [a.yaml]\n"),
            ],
            true,
        ),
        (
            "a kustomization lists it from above",
            &[
                ("clusters/x/a.yaml", &web),
                ("clusters/kustomization.yaml", "resources: [x/a.yaml]\n"),
            ],
            true,
        ),
        (
            "the kustomization beside it does not list it",
            &[
                ("clusters/a.yaml", &web),
                ("clusters/b.yaml", &above),
                ("clusters/kustomization.yaml", "resources: [b.yaml]\n"),
            ],
            false,
        ),
        (
            "it is suspended",
            &[
                (
                    "flux/a.yaml",
                    &web.replace("spec: {", "spec: {suspend: true, "),
                ),
                ("flux/b.yaml", &begin),
            ],
            false,
        ),
        (
            "it is a part of something else",
            &[
                (
                    "flux/a.yaml",
                    &format!(
                        "kind: Foo\napiVersion: x/v1\nspec:\n  a:\n    {}\n",
                        web.trim_end().replace('\n', "\n    ")
                    ),
                ),
                ("flux/b.yaml", &begin),
            ],
            false,
        ),
    ] {
        let files = [files, &[app]].concat();
        assert_eq!(builds_of(&files, "apps/web"), want, "{case}");
    }
}

#[test]
fn what_another_repository_holds_is_not_built_from_this_one() {
    let begin = of_flux("path: flux, ", "GitRepository");
    let app = ("apps/web/kustomization.yaml", "resources: [a.yaml]\n");
    let other = of_flux(WEB, "GitRepository").replace("name: s}", "name: other}");
    let source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: other}\nspec: {url: 'https://example.com/other'}\n";
    let files = [("flux/a.yaml", &*other), ("flux/b.yaml", &begin), app];
    assert!(builds_of(&files, "apps/web"));
    let defined = [&files[..], &[("flux/source.yaml", source)]].concat();
    assert!(!builds_of(&defined, "apps/web"));
}

#[test]
fn what_a_change_brings_counts_where_the_flux_of_base_builds() {
    let after = |base: &[(&str, &str)], head: &[(&str, &str)]| {
        let filled = |files: &[(&str, &str)]| {
            let mut repo = TestRepo::new();
            for (path, text) in files {
                repo.file(path, text);
            }
            repo
        };
        let mut repos = [filled(base), filled(head)];
        let [before, now] = repos.each_mut().map(|it| it.git_tree());
        let sources = [Sources::new(), Sources::new()];
        let sessions = [
            Session::new(&before, &sources[0]),
            Session::new(&now, &sources[1]),
        ];
        let [before, now] = [
            Flux::new(&before, &sessions[0]),
            Flux::new(&now, &sessions[1]),
        ];
        now.builds_after(&before, &RepoPath::new("apps/web").expect("a path"))
    };
    let web = of_flux(WEB, "GitRepository");
    let begin = ("flux/b.yaml", &*of_flux("path: flux, ", "GitRepository"));
    let app = ("apps/web/kustomization.yaml", "resources: [a.yaml]\n");
    let new = ("flux/a.yaml", &*web);
    assert!(after(&[begin, app], &[begin, app, new]));
    assert!(after(&[begin, app, new], &[begin, app, new]));
    assert!(after(
        &[begin, app, new],
        &[begin, app, ("flux/moved.yaml", &web)]
    ));
    assert!(!after(&[begin, app, new], &[begin, app]));
    // What the change itself puts in order is not known to be applied.
    assert!(!after(&[app], &[begin, app, new]));
    assert!(!after(&[begin, app], &[begin, app, ("docs/a.yaml", &web)]));
    let lists = ("flux/kustomization.yaml", "resources: [b.yaml]\n");
    assert!(!after(&[begin, app, lists], &[begin, app, lists, new]));
}
