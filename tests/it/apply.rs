//! `apply`: files that are no repository, how they are named, and the schemas of their kinds.

use crate::support::tollgate;
use std::path::Path;
use tempfile::TempDir;

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: named}
spec:
  rules:
  - name: owner
    match: {any: [{resources: {kinds: [ConfigMap]}}]}
    validate:
      message: an owner is missing
      pattern: {metadata: {labels: {owner: \"?*\"}}}
";

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n";
const WRONG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong, labels: {owner: a}}\ndata: {a: [b]}\n";

/// A folder outside of every repository.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    folder
}

/// Run, hold the exit code, give both outputs one after the other.
#[track_caller]
fn run(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = tollgate(folder, arguments);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}{err}"
    );
    out + &err
}

#[test]
fn positional_files_are_judged_by_policies_and_schemas() {
    let folder = folder(&[
        ("p/named.yaml", POLICY),
        ("m/plain.yaml", MAP),
        ("m/wrong.yaml", WRONG),
    ]);
    let said = run(folder.path(), &["apply", "-p", "p", "m"], 1);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 5, "{said}");
    assert_eq!(
        lines[0],
        "fail  m/plain.yaml:3:1: ConfigMap plain named/owner: an owner is missing"
    );
    assert!(
        lines[1]
            .starts_with("invalid m/wrong.yaml:4:8: ConfigMap wrong schemas/invalid: `data.a` "),
        "{said}"
    );
    assert_eq!(
        lines[2..],
        [
            "",
            "schemas on 2 resources: 1 valid, 1 invalid",
            "1 policy on 2 resources: 1 pass, 1 fail, 0 warn, 0 error, 0 skip (exit 1)",
        ]
    );
    // A part of a manifest, such as the base of an overlay, is for the policies alone.
    let said = run(
        folder.path(),
        &["apply", "-p", "p", "-r", "m/wrong.yaml"],
        0,
    );
    assert_eq!(
        said,
        "\n1 policy on 1 resource: 1 pass, 0 fail, 0 warn, 0 error, 0 skip (exit 0)\n"
    );
}

#[test]
fn without_policies_the_schemas_judge() {
    let custom = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n";
    let folder = folder(&[
        ("good.yaml", MAP),
        ("wrong.yaml", WRONG),
        (
            "old.yaml",
            "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\nspec: {}\n",
        ),
        ("custom.yaml", custom),
    ]);
    let said = run(folder.path(), &["apply", "good.yaml"], 0);
    assert_eq!(
        said,
        "\nschemas on 1 resource: 1 valid, 0 invalid (exit 0)\n"
    );
    let said = run(folder.path(), &["apply", "good.yaml", "wrong.yaml"], 1);
    assert!(said.contains("invalid wrong.yaml:4:8: "), "{said}");
    let said = run(folder.path(), &["apply", "old.yaml"], 1);
    assert!(said.contains("schemas/removed: "), "{said}");
    // What nobody knows is told, and is no pass where nothing else was looked at.
    let said = run(folder.path(), &["apply", "custom.yaml"], 4);
    assert!(
        said.contains("note  custom.yaml:2:7: Widget of example.com/v1: no schema is known for it; 1 resource is not checked"),
        "{said}"
    );
    let said = run(folder.path(), &["apply", "custom.yaml", "good.yaml"], 0);
    assert!(
        said.contains("1 valid, 0 invalid, 1 of unknown kind"),
        "{said}"
    );
    let said = run(
        folder.path(),
        &["apply", "--kubernetes", "9.9", "good.yaml"],
        2,
    );
    assert!(said.contains("9.9"), "{said}");
}

#[test]
fn a_definition_among_the_files_says_what_its_kind_is() {
    let definition = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";
    let folder = folder(&[
        ("definition.yaml", definition),
        (
            "a.yaml",
            "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: big}\n",
        ),
    ]);
    let said = run(folder.path(), &["apply", "definition.yaml", "a.yaml"], 1);
    assert!(
        said.contains("invalid a.yaml:4:14: Widget w schemas/invalid"),
        "{said}"
    );
}

#[test]
fn policies_among_the_files_judge_the_others_and_lists_are_taken_apart() {
    let items = POLICY.replace('\n', "\n    ");
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n  - {}\n",
        items.trim_end()
    );
    let folder = folder(&[("rules.yaml", &*list), ("map.yaml", MAP)]);
    for arguments in [
        &["apply", "rules.yaml", "map.yaml"][..],
        &["apply", "rules.yaml", "-r", "map.yaml"],
        &["apply", "-p", "rules.yaml", "map.yaml"],
    ] {
        let said = run(folder.path(), arguments, 1);
        assert!(said.contains("named/owner: an owner is missing"), "{said}");
        assert!(said.contains("1 policy on 1 resource: "), "{said}");
    }
    // Nothing to judge by is not nothing to complain about.
    let said = run(folder.path(), &["apply", "-r", "map.yaml"], 2);
    assert!(said.contains("there is no policy"), "{said}");
    let said = run(folder.path(), &["apply", "-p", "map.yaml", "map.yaml"], 4);
    assert!(said.contains("there is no policy in `map.yaml`"), "{said}");
}

#[test]
fn every_message_names_its_file_as_it_can_be_opened() {
    let folder = folder(&[
        ("a/map.yaml", MAP),
        ("a/deep/broken.yaml", "a: b\n c: d\n"),
        ("a/kindless.yaml", "metadata: {name: a}\n"),
        ("p/policy.yaml", POLICY),
        (
            "p2/policy.yaml",
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec: {rules: 1}\n",
        ),
        ("latin.yaml", ""),
        ("elsewhere/here", ""),
    ]);
    std::fs::write(folder.path().join("latin.yaml"), b"a: \xff\n").expect("written");
    let root = folder.path().to_str().expect("a path").to_owned();
    let absolute = |path: &str| format!("{root}/{path}");
    let elsewhere = folder.path().join("elsewhere");
    let (map, policy) = (absolute("a/map.yaml"), absolute("p"));
    for (from, arguments, code, named) in [
        (
            folder.path(),
            vec!["apply", "-p", &*policy, "-r", &*map],
            1,
            format!("fail  {map}:3:1: "),
        ),
        (
            &*elsewhere,
            vec!["apply", "-p", "../p", "-r", "../a/map.yaml"],
            1,
            "fail  ../a/map.yaml:3:1: ".to_owned(),
        ),
        (
            &*elsewhere,
            vec!["-C", "..", "apply", "-p", "p", "-r", "a/map.yaml"],
            1,
            "fail  ../a/map.yaml:3:1: ".to_owned(),
        ),
        (
            folder.path(),
            vec!["apply", "-p", "p", "./a/map.yaml"],
            1,
            "fail  ./a/map.yaml:3:1: ".to_owned(),
        ),
        (
            folder.path(),
            vec!["apply", "-p", "p", "a/"],
            2,
            "a/deep/broken.yaml:2:".to_owned(),
        ),
        (
            folder.path(),
            vec!["apply", "-p", &*policy, "-r", "a/kindless.yaml"],
            2,
            "a/kindless.yaml:1:".to_owned(),
        ),
        (
            folder.path(),
            vec!["apply", "-p", "p2", "-r", &*map],
            2,
            "p2/policy.yaml:".to_owned(),
        ),
        (
            folder.path(),
            vec!["apply", "latin.yaml"],
            2,
            "`latin.yaml`".to_owned(),
        ),
        (
            &*folder.path().join("a/deep"),
            vec!["apply", "."],
            2,
            " broken.yaml:2:".to_owned(),
        ),
    ] {
        let said = run(from, &arguments, code);
        assert!(said.contains(&named), "{arguments:?} names {named}: {said}");
    }
}

/// The work that a policy gives is in its own rules, not in what the others hold: with every name
/// looked up among all of them this would take minutes.
#[test]
fn a_policy_with_thousands_of_rules_and_exceptions_is_judged() {
    let rule = |at: usize| {
        format!(
            "  - name: r{at}\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    validate: {{message: none, pattern: {{metadata: {{name: '?*'}}}}}}\n"
        )
    };
    let rules: String = (0..2000).map(rule).collect();
    let policy = format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: long}}\nspec:\n  rules:\n{rules}"
    );
    let names: Vec<String> = (0..1000).map(|it| format!("r{it}")).collect();
    let exception = format!(
        "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: some, namespace: a}}\nspec:\n  exceptions: [{{policyName: long, ruleNames: [{}]}}]\n  match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n",
        names.join(", ")
    );
    let folder = folder(&[
        ("p/policy.yaml", &*policy),
        ("p/exception.yaml", &*exception),
        (
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n",
        ),
    ]);
    let said = run(folder.path(), &["apply", "-p", "p", "pod.yaml"], 0);
    assert!(
        said.contains("1 policy on 1 resource: 1000 pass, 0 fail, 0 warn, 0 error, 1000 skip"),
        "{}",
        said.lines().last().unwrap_or_default()
    );
}
