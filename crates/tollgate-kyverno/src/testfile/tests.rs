//! Suites as people write them, in a tree that a map plays.

use super::*;
use std::{collections::BTreeMap, sync::Arc};

/// A tree of files.
struct Tree(BTreeMap<&'static str, &'static str>);

impl Fetch for Tree {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>, String> {
        Ok(self.0.get(path).map(|it| Arc::from(*it)))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<Listed>>, String> {
        let prefix = match folder {
            "" => String::new(),
            _ => format!("{folder}/"),
        };
        let below = self.0.keys().filter_map(|it| it.strip_prefix(&prefix));
        let mut listed: Vec<Listed> = below
            .map(|it| match it.split_once('/') {
                Some((name, _)) => (name, true),
                None => (it, false),
            })
            .map(|(name, is_folder)| Listed {
                name: name.to_owned(),
                is_folder,
            })
            .collect();
        listed.dedup();
        Ok((!listed.is_empty()).then_some(listed))
    }
}

const POLICY: &str = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: require-team}
spec:
  rules:
  - name: has-team
    match: {any: [{resources: {kinds: [Pod]}}]}
    validate:
      message: every pod names its team
      pattern: {metadata: {labels: {team: '?*'}}}
  - name: no-host-network
    match: {any: [{resources: {kinds: [Pod]}}]}
    preconditions: {all: [{key: '{{ request.operation }}', operator: NotEquals, value: DELETE}]}
    validate:
      message: no host network
      deny: {conditions: {all: [{key: '{{ request.object.spec.hostNetwork || `false` }}', operator: Equals, value: true}]}}
";

const PODS: &str = "
apiVersion: v1
kind: Pod
metadata: {name: good, labels: {team: a}}
spec: {containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: lab}
spec: {hostNetwork: true, containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: good}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {team: a}}
  template:
    metadata: {labels: {team: a}}
    spec: {containers: [{name: c, image: nginx}]}
";

const HEAD: &str = "apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: team}
policies: [../policy.yaml]
resources: [resources.yaml]
";

/// Run a test in a folder beside its policy; `extra` files win.
fn run(test: &'static str, extra: &[(&'static str, &'static str)], compat: bool) -> SuiteResult {
    let mut files = BTreeMap::from([
        ("p/policy.yaml", POLICY),
        ("p/.kyverno-test/resources.yaml", PODS),
        ("p/.kyverno-test/kyverno-test.yaml", test),
    ]);
    files.extend(extra.iter().copied());
    let options = TestOptions {
        compat,
        now: SystemTime::UNIX_EPOCH,
    };
    let sources = Sources::new();
    let path = "p/.kyverno-test/kyverno-test.yaml";
    let mut results = run_suite(&Tree(files), &sources, path, &options);
    assert_eq!(results.len(), 1, "one document, one suite");
    results.remove(0)
}

/// A test with the usual head.
fn test(results: &str) -> &'static str {
    Box::leak(format!("{HEAD}{results}").into_boxed_str())
}

/// The rows in one line each: `kind namespace/name rule actual status`.
fn lines(suite: &SuiteResult) -> Vec<String> {
    assert_eq!(suite.error, None);
    let rows = suite.results.iter();
    rows.map(|it| {
        let actual = it.actual.unwrap_or("-");
        let status = format!("{:?}", it.status).to_lowercase();
        let (kind, namespace, name) = (&it.kind, &it.namespace, &it.resource);
        format!("{kind} {namespace}/{name} {} {actual} {status}", it.rule)
    })
    .collect()
}

fn whys(suite: &SuiteResult) -> Vec<&str> {
    let rows = suite.results.iter();
    rows.map(|it| it.why.as_deref().unwrap_or_default())
        .collect()
}

fn error(suite: &SuiteResult) -> &str {
    assert!(suite.results.is_empty());
    suite.error.as_ref().map_or("no error", |it| &it.message)
}

#[test]
fn rows_hold_or_say_what_was_computed() {
    let suite = run(
        test(
            "results:
- {policy: require-team, rule: has-team, kind: Pod, resources: [good, web], result: pass}
- {policy: require-team, rule: has-team, kind: Pod, resources: [lab/bad], result: fail}
- {policy: require-team, rule: no-host-network, kind: Pod, resources: [bad], result: pass}
",
        ),
        &[],
        false,
    );
    assert_eq!(
        lines(&suite),
        [
            "Pod default/good has-team pass ok",
            "Deployment default/web autogen-has-team pass ok",
            "Pod lab/bad has-team fail ok",
            "Pod lab/bad no-host-network fail mismatch",
        ]
    );
    assert_eq!(whys(&suite)[3], "no host network");
    assert_eq!(suite.name, "team");
}

#[test]
fn a_row_never_passes_because_its_expectation_says_so() {
    for (expected, status) in [
        ("pass", "mismatch"),
        ("fail", "ok"),
        ("skip", "mismatch"),
        ("error", "mismatch"),
        ("good", "mismatch"),
    ] {
        let row = format!(
            "results:\n- {{policy: require-team, rule: has-team, kind: Pod, resources: [bad], result: {expected}}}\n"
        );
        let suite = run(test(&row), &[], true);
        assert_eq!(
            lines(&suite),
            [format!("Pod lab/bad has-team fail {status}")]
        );
    }
}

#[test]
fn what_was_never_evaluated_is_a_mismatch_and_excluded_only_for_compatibility() {
    let rows = test(
        "results:
- {policy: require-team, rule: has-taem, kind: Pod, resources: [bad], result: fail}
- {policy: require-team, rule: has-team, kind: ConfigMap, resources: [good], result: fail}
- {policy: require-team, rule: has-team, kind: Pod, resources: [godo, bad], result: fail}
- {policy: requires-team, rule: has-team, kind: Pod, resources: [bad], result: fail}
",
    );
    let strict = run(rows, &[], false);
    assert_eq!(
        lines(&strict),
        [
            "Pod lab/bad has-taem - mismatch",
            "ConfigMap default/good has-team - mismatch",
            "Pod /godo has-team - mismatch",
            "Pod lab/bad has-team fail ok",
            "Pod lab/bad has-team - mismatch",
        ]
    );
    let whys = whys(&strict);
    assert_eq!(
        whys[0],
        "policy `require-team` has no rule `has-taem`: did you mean `has-team`?"
    );
    assert_eq!(
        whys[1],
        "rule `has-team` of policy `require-team` does not match this resource"
    );
    assert_eq!(
        whys[2],
        "`godo` is not among the resources: did you mean `good`?"
    );
    assert_eq!(
        whys[4],
        "no policy of this test is named `requires-team`: did you mean `require-team`?"
    );

    let compat = run(rows, &[], true);
    assert_eq!(
        lines(&compat),
        [
            "Pod lab/bad has-taem - excluded",
            // Kyverno does not look at the row's kind.
            "Pod default/good has-team pass mismatch",
            "ConfigMap default/good has-team - excluded",
            "Pod /godo has-team - excluded",
            "Pod lab/bad has-team fail ok",
            // It fails rows about policies that it does not have.
            "Pod lab/bad has-team - mismatch",
        ]
    );
}

#[test]
fn a_rule_that_leaves_a_resource_alone_is_skipped_if_it_exists() {
    let rows = test(
        "results:
- {policy: require-team, rule: has-team, kind: ConfigMap, resources: [good], result: skip}
- {policy: require-team, rule: has-taem, kind: ConfigMap, resources: [good], result: skip}
",
    );
    assert_eq!(
        lines(&run(rows, &[], false)),
        [
            "ConfigMap default/good has-team - ok",
            "ConfigMap default/good has-taem - mismatch",
        ]
    );
    let compat = lines(&run(rows, &[], true));
    assert_eq!(compat[1], "ConfigMap default/good has-team - excluded");
}

#[test]
fn without_names_every_resource_is_meant() {
    let all = "results:\n- {policy: require-team, rule: has-team, kind: Pod, result: pass}\n";
    let typo = "results:\n- {policy: require-team, rule: has-team, kind: Pod, resources: [typo], result: pass}\n";
    let suite = run(test(all), &[], true);
    assert_eq!(suite.results.len(), 4);
    assert_eq!(lines(&run(test(typo), &[], true)), lines(&suite));
    assert_eq!(
        lines(&run(test(typo), &[], false)),
        ["Pod /typo has-team - mismatch"]
    );
}

#[test]
fn resource_specs_name_objects_in_full() {
    let specs = "resourceSpecs: [{version: v1, kind: ConfigMap, namespace: default, name: good}]";
    let row = format!(
        "results:\n- {{policy: require-team, kind: Pod, resources: [], {specs}, result: pass}}\n"
    );
    let strict = run(test(&row), &[], false);
    assert_eq!(lines(&strict), ["ConfigMap default/good  - mismatch"]);
    // Kyverno overlooks the kind.
    assert_eq!(run(test(&row), &[], true).results.len(), 3);
}

#[test]
fn operations_and_values_shape_the_request() {
    let suite = run(
        test(
            "variables: values.yaml
results:
- {policy: require-team, rule: no-host-network, kind: Pod, resources: [bad], operation: DELETE, result: skip}
- {policy: require-team, rule: no-host-network, kind: Pod, resources: [bad], operation: UPDATE, result: fail}
- {policy: require-team, rule: no-host-network, kind: Pod, resources: [good], result: fail}
- {policy: require-team, rule: has-team, kind: Pod, resources: [bad], result: pass}
",
        ),
        &[(
            "p/.kyverno-test/values.yaml",
            "apiVersion: cli.kyverno.io/v1alpha1
kind: Values
policies:
- name: require-team
  resources:
  - {name: good, values: {request.object.spec.hostNetwork: true}}
  - {name: bad, values: {request.object.metadata.labels.team: b}}
",
        )],
        false,
    );
    assert_eq!(
        lines(&suite),
        [
            "Pod lab/bad no-host-network skip ok",
            "Pod lab/bad no-host-network fail ok",
            "Pod default/good no-host-network fail ok",
            "Pod lab/bad has-team pass ok",
        ]
    );
}

#[test]
fn an_unscored_policy_warns() {
    let policy = POLICY.replace(
        "metadata: {name: require-team}",
        "metadata: {name: require-team, annotations: {policies.kyverno.io/scored: 'false'}}",
    );
    let row = "results:\n- {policy: require-team, rule: has-team, kind: Pod, resources: [bad], result: warn}\n";
    let suite = run(
        test(row),
        &[("p/policy.yaml", Box::leak(policy.into_boxed_str()))],
        false,
    );
    assert_eq!(lines(&suite), ["Pod lab/bad has-team warn ok"]);
    assert_eq!(suite.coverage[0].failing, 1);
}

#[test]
fn coverage_counts_proofs_for_the_rule_as_written() {
    let suite = run(
        test(
            "results:
- {policy: require-team, rule: has-team, kind: Pod, resources: [good, web], result: pass}
- {policy: require-team, rule: has-team, kind: Pod, resources: [bad], result: fail}
- {policy: require-team, rule: no-host-network, kind: Pod, resources: [good], result: fail}
",
        ),
        &[],
        false,
    );
    let covered: Vec<_> = suite
        .coverage
        .iter()
        .map(|it| (&*it.rule, it.passing, it.failing))
        .collect();
    assert_eq!(covered, [("has-team", 2, 1), ("no-host-network", 0, 0)]);
}

#[test]
fn expected_objects_are_compared_whatever_the_rule() {
    let row = test(
        "results:\n- {policy: require-team, rule: has-team, kind: Pod, resources: [good], patchedResources: patched.yaml, result: pass}\n",
    );
    let same = "apiVersion: v1\nkind: Pod\nmetadata: {name: good, labels: {team: a}, annotations: {}}\nspec: {containers: [{name: c, image: nginx}]}\n";
    let other = "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\n";
    let absent = "apiVersion: v1\nkind: Pod\nmetadata: {name: else}\n";
    let statuses = |file, compat| {
        let suite = run(row, &[("p/.kyverno-test/patched.yaml", file)], compat);
        lines(&suite)[0].clone()
    };
    assert_eq!(statuses(same, false), "Pod default/good has-team pass ok");
    assert_eq!(
        statuses(other, true),
        "Pod default/good has-team pass mismatch"
    );
    assert_eq!(
        statuses(absent, false),
        "Pod default/good has-team pass mismatch"
    );
    assert_eq!(
        statuses(absent, true),
        "Pod default/good has-team pass excluded"
    );
}

#[test]
fn generated_objects_are_the_ones_that_a_row_expects() {
    let policy = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: require-team}
spec:
  rules:
  - name: quota
    match: {any: [{resources: {kinds: [Pod]}}]}
    exclude: {any: [{resources: {names: [bad]}}]}
    generate:
      apiVersion: v1
      kind: ConfigMap
      name: 'for-{{ request.object.metadata.name }}'
      namespace: lab
      synchronize: true
      data: {data: {team: '{{ request.object.metadata.labels.team }}'}}
";
    let row = |pod: &str, file: &str, expected: &str| {
        let row = format!(
            "results:\n- {{policy: require-team, rule: quota, kind: Pod, resources: [{pod}], generatedResource: {file}, result: {expected}}}\n"
        );
        let files = [
            ("p/policy.yaml", policy),
            (
                "p/.kyverno-test/same.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: for-good, namespace: lab}\ndata: {team: a}\n",
            ),
            (
                "p/.kyverno-test/other.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: for-good, namespace: lab}\ndata: {team: b}\n",
            ),
        ];
        lines(&run(test(&row), &files, true)).remove(0)
    };
    assert_eq!(
        row("good", "same.yaml", "pass"),
        "Pod default/good quota pass ok"
    );
    assert_eq!(
        row("good", "same.yaml", "fail"),
        "Pod default/good quota pass mismatch"
    );
    assert_eq!(
        row("good", "other.yaml", "pass"),
        "Pod default/good quota pass mismatch"
    );
    // Without `data` the object has no more than its names.
    let bare = policy.replace("data: {data:", "#");
    let files = [
        ("p/policy.yaml", &*bare.leak()),
        (
            "p/.kyverno-test/same.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: for-good, namespace: lab}\ndata: {}\n",
        ),
    ];
    let row_of = |pod| {
        let row = format!(
            "results:\n- {{policy: require-team, rule: quota, kind: Pod, resources: [{pod}], generatedResource: same.yaml, result: pass}}\n"
        );
        lines(&run(test(&row), &files, true)).remove(0)
    };
    assert_eq!(row_of("good"), "Pod default/good quota pass ok");
    assert_eq!(row_of("web"), "Deployment default/web quota - mismatch");
    // A policy that only generates is not even asked; Kyverno fails the row.
    assert_eq!(
        row("bad", "same.yaml", "pass"),
        "Pod lab/bad quota - mismatch"
    );
}

#[test]
fn cloned_objects_come_from_the_file_that_the_row_names() {
    let policy = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: require-team}
spec:
  rules:
  - name: copy
    match: {any: [{resources: {kinds: [Pod]}}]}
    generate:
      apiVersion: v1
      kind: Secret
      name: login
      namespace: lab
      clone: {name: login, namespace: default}
";
    let judged = |more: &str| {
        let row = format!(
            "results:\n- {{policy: require-team, rule: copy, kind: Pod, resources: [good], generatedResource: made.yaml, {more}result: pass}}\n"
        );
        let files = [
            ("p/policy.yaml", policy),
            (
                "p/.kyverno-test/source.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: login, uid: x}\nstringData: {a: b}\n",
            ),
            (
                "p/.kyverno-test/made.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: lab}\nstringData: {a: b}\n",
            ),
        ];
        lines(&run(test(&row), &files, true)).remove(0)
    };
    assert_eq!(
        judged("cloneSourceResource: source.yaml, "),
        "Pod default/good copy pass ok"
    );
    // Kyverno passes this one, although there is nothing to copy.
    assert_eq!(judged(""), "Pod default/good copy error mismatch");
}

#[test]
fn what_cannot_be_evaluated_is_an_error_even_for_compatibility() {
    let mutate = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: add-team}
spec:
  rules:
  - name: add
    match: {any: [{resources: {kinds: [Pod], namespaces: [lab]}}]}
    mutate: {patchStrategicMerge: {metadata: {labels: {team: b}}}}
";
    let suite = run(
        test(
            "results:
- {policy: add-team, rule: add, kind: Pod, resources: [bad], result: error}
- {policy: require-team, rule: has-team, kind: Pod, resources: [bad], result: fail}
- {policy: require-team, rule: has-team, kind: Pod, resources: [good], result: pass}
",
        )
        .replace("policies: [../policy.yaml]", "policies: [..]")
        .leak(),
        &[("p/mutate.yml", mutate)],
        true,
    );
    let statuses: Vec<_> = suite.results.iter().map(|it| it.status).collect();
    // What the mutation would do to the object, nobody knows; the object that it leaves alone is judged.
    assert_eq!(
        statuses[..2],
        [RowStatus::Error, RowStatus::Error],
        "{:?}",
        whys(&suite)
    );
    assert!(whys(&suite)[1].contains("add-team/add"));
    let good = lines(&suite).split_off(2);
    assert_eq!(good[0], "Pod default/good has-team pass ok");
}

#[test]
fn a_context_without_a_value_stays_unset_only_for_compatibility() {
    let policy = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: require-team}
spec:
  rules:
  - name: listed
    match: {any: [{resources: {kinds: [Pod]}}]}
    context: [{name: teams, configMap: {name: teams, namespace: lab}}]
    validate:
      message: no such team
      deny: {conditions: {any: [{key: '{{ request.namespace }}', operator: AnyNotIn, value: '{{ teams.data.list || `[]` }}'}]}}
";
    let rows = test(
        "values: {policies: [{name: require-team, resources: [{name: good, values: {teams.data.list: [default]}}]}]}
results:
- {policy: require-team, rule: listed, kind: Pod, resources: [lab/bad], result: fail}
- {policy: require-team, rule: listed, kind: Pod, resources: [good], result: pass}
",
    );
    let statuses = |compat| lines(&run(rows, &[("p/policy.yaml", policy)], compat));
    let compat = statuses(true);
    assert_eq!(
        compat[..2],
        [
            "Pod lab/bad listed fail ok",
            "Pod default/good listed pass ok"
        ]
    );
    let strict = statuses(false);
    assert_eq!(
        strict[..2],
        [
            "Pod lab/bad listed - error",
            "Pod default/good listed pass ok"
        ]
    );
}

#[test]
fn user_info_decides_about_roles_and_holds_only_what_is_given() {
    let policy = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: require-team}
spec:
  background: false
  rules:
  - name: by-role
    match: {any: [{resources: {kinds: [Pod]}, clusterRoles: [admin]}]}
    validate: {message: not you, pattern: {metadata: {name: good}}}
  - name: role-there
    match: {any: [{resources: {kinds: [Pod]}}]}
    validate:
      message: not you
      deny: {conditions: {any: [{key: '{{ request.roles }}', operator: AnyIn, value: [x]}]}}
";
    let rows = |head: &str| {
        test(&format!(
            "{head}results:
- {{policy: require-team, rule: by-role, kind: Pod, resources: [bad], result: fail}}
- {{policy: require-team, rule: role-there, kind: Pod, resources: [bad], result: error}}
"
        ))
    };
    let info = |roles| {
        format!(
            "apiVersion: cli.kyverno.io/v1alpha1\nkind: UserInfo\nclusterRoles: [{roles}]\nuserInfo: {{username: ann}}\n"
        )
    };
    let judged = |head, roles| {
        let info: &'static str = info(roles).leak();
        let files = [
            ("p/policy.yaml", policy),
            ("p/.kyverno-test/user.yaml", info),
        ];
        lines(&run(rows(head), &files, true))
    };
    let failing = "Pod lab/bad by-role fail ok";
    let error = "Pod lab/bad role-there error ok";
    // Without user info the roles of `match` are not looked at.
    assert_eq!(judged("", "x"), [failing, error]);
    assert_eq!(judged("userinfo: user.yaml\n", "admin"), [failing, error]);
    assert_eq!(
        judged("userinfo: user.yaml\n", "x"),
        ["Pod lab/bad by-role - excluded", error]
    );
}

#[test]
fn a_suite_that_cannot_be_read_runs_nothing_and_says_why() {
    let results = "results: [{policy: a, kind: Pod, result: pass}]\n";
    for (from, to, message) in [
        (
            "[resources.yaml]",
            "[nope.yaml]",
            "there is no file `p/.kyverno-test/nope.yaml`",
        ),
        (
            "[resources.yaml]",
            "[/etc/passwd]",
            "`/etc/passwd` is an absolute path: name it relative to this file",
        ),
        (
            "[resources.yaml]",
            "[../../../x.yaml]",
            "`../../../x.yaml` leads out of the tree",
        ),
        (
            "[resources.yaml]",
            "['https://example.com/x.yaml']",
            "`https://example.com/x.yaml` is on the network, where nothing is read from: keep a copy in the repository",
        ),
        (
            "metadata: {name: team}",
            "name: team",
            "`name` at the top level is the old format: move it to `metadata.name`",
        ),
        (
            "policies:",
            "polices:",
            "a test has no field `polices`: did you mean `policies`?",
        ),
        (
            "apiVersion: cli.kyverno.io/v1alpha1\n",
            "",
            "this document has no `apiVersion`: begin it with `apiVersion: cli.kyverno.io/v1alpha1` and `kind: Test`",
        ),
        (
            "kind: Pod,",
            "kind: Pod, operation: CONNECT,",
            "`CONNECT` is not an operation: it is CREATE, UPDATE or DELETE",
        ),
        (
            "kind: Pod,",
            "resource: x,",
            "a result has no field `resource`: write `resources: [...]`",
        ),
        (
            "results:",
            "values: {globalValues: {request.operation: PATCH}}\nresults:",
            "`PATCH` is not an operation: it is CREATE, UPDATE, DELETE or CONNECT",
        ),
    ] {
        let text = test(results).replace(from, to).leak();
        let suite = run(text, &[], true);
        assert_eq!(error(&suite), message);
        let place = suite.error.as_ref().map(|it| it.span.is_some());
        assert_eq!(place, Some(true), "{message}");
    }
}

#[test]
fn every_document_of_a_file_is_a_suite_of_its_own() {
    let one = test("results: []\n");
    let text: &'static str =
        format!("{one}---\nnonsense: 1\n---\n# only a comment\n---\n{one}").leak();
    let files = BTreeMap::from([("a.yaml", text), ("resources.yaml", PODS)]);
    let options = TestOptions {
        compat: false,
        now: SystemTime::UNIX_EPOCH,
    };
    let text = text.replace("../policy.yaml", "policy.yaml").leak();
    let files = BTreeMap::from_iter(
        files
            .into_iter()
            .chain([("policy.yaml", POLICY), ("a.yaml", &*text)]),
    );
    let suites = run_suite(&Tree(files), &Sources::new(), "a.yaml", &options);
    let errors: Vec<bool> = suites.iter().map(|it| it.error.is_some()).collect();
    assert_eq!(errors, [false, true, false]);
    let report = TestReport::new(suites);
    assert_eq!((report.summary.suites, report.summary.suite_errors), (2, 1));
    assert!(!report.summary.holds());
}

#[test]
fn the_report_has_the_fields_that_are_promised() {
    let row = "results:\n- {policy: require-team, rule: has-team, kind: Pod, resources: [bad], result: fail}\n";
    let report = TestReport::new(vec![run(test(row), &[], false)]);
    let json = serde_json::to_value(&report).expect("plain data");
    let suite = &json["suites"][0];
    assert_eq!(suite["path"], "p/.kyverno-test/kyverno-test.yaml");
    assert_eq!(suite["name"], "team");
    assert_eq!(suite["error"], serde_json::Value::Null);
    let row = &suite["results"][0];
    let fields = [
        "policy",
        "rule",
        "kind",
        "namespace",
        "resource",
        "expected",
        "actual",
        "status",
    ];
    let values: Vec<_> = fields
        .iter()
        .map(|it| row[it].as_str().unwrap_or("?"))
        .collect();
    assert_eq!(
        values,
        [
            "require-team",
            "has-team",
            "Pod",
            "lab",
            "bad",
            "fail",
            "fail",
            "ok"
        ]
    );
    assert!(row.get("why").is_some());
    assert_eq!(json["summary"]["ok"], 1);
}
