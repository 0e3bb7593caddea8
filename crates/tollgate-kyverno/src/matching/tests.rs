//! Which objects a rule is for: a row for every criterion and every form of `match` and `exclude`.

use super::{
    Answer, Block, Filter, Gvk, KindSelector, NamespaceLabels, Requirement, Selector, Target,
};
use crate::testing::World;
use crate::{Operation, UnlistedNamespaces, UserInfo};
use serde_json::json;
use std::collections::BTreeMap;

/// Case, blocks of a rule that refuses whatever it is for, object, and what comes of it. Kyverno
/// 1.19.1 says the same of every row. Namespace `gold` has the label `tier: gold`, `tin` has
/// `tier: tin`, others have none.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str, &str)] = &[
    // Kinds.
    ("the kind", "match: {any: [{resources: {kinds: [Pod]}}]}", "{apiVersion: v1, kind: Pod, metadata: {name: a}}", "fail"),
    ("another kind", "match: {any: [{resources: {kinds: [Service]}}]}", "{apiVersion: v1, kind: Pod, metadata: {name: a}}", "none"),
    ("the kind in another case", "match: {any: [{resources: {kinds: [Thing]}}]}", "{apiVersion: e.com/v1, kind: thing, metadata: {name: a}}", "none"),
    ("one of two kinds", "match: {any: [{resources: {kinds: [Service, Thing]}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("the version", "match: {any: [{resources: {kinds: [v1/Thing]}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("another version", "match: {any: [{resources: {kinds: [v2/Thing]}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "none"),
    ("the group", "match: {any: [{resources: {kinds: [e.com/v1/Thing]}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("another group", "match: {any: [{resources: {kinds: [f.com/v1/Thing]}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "none"),
    ("any version of the group", "match: {any: [{resources: {kinds: ['e.com/*/Thing']}}]}", "{apiVersion: e.com/v3, kind: Thing, metadata: {name: a}}", "fail"),
    ("kinds by a wildcard", "match: {any: [{resources: {kinds: ['Th*']}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("every kind", "match: {any: [{resources: {kinds: ['*']}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("a subresource is not its parent", "match: {any: [{resources: {kinds: [Thing/status]}}]}", "{apiVersion: e.com/v1, kind: Thing, metadata: {name: a}}", "none"),
    // Names.
    ("the name", "match: {any: [{resources: {kinds: [Thing], name: a}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("the name by a wildcard", "match: {any: [{resources: {kinds: [Thing], name: 'a*'}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: ab}}", "fail"),
    ("another name", "match: {any: [{resources: {kinds: [Thing], name: a}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: b}}", "none"),
    ("one of the names", "match: {any: [{resources: {kinds: [Thing], names: [x, 'a*']}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: ab}}", "fail"),
    ("none of the names", "match: {any: [{resources: {kinds: [Thing], names: [x, 'a*']}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: b}}", "none"),
    ("a generated name", "match: {any: [{resources: {kinds: [Thing], names: ['a-*']}}]}", "{apiVersion: v1, kind: Thing, metadata: {generateName: a-}}", "fail"),
    ("a name before a generated one", "match: {any: [{resources: {kinds: [Thing], names: ['a-*']}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: b, generateName: a-}}", "none"),
    // Namespaces.
    ("the namespace", "match: {any: [{resources: {kinds: [Thing], namespaces: [web]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: web}}", "fail"),
    ("one of the namespaces by a wildcard", "match: {any: [{resources: {kinds: [Thing], namespaces: [x, 'w*']}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: web}}", "fail"),
    ("another namespace", "match: {any: [{resources: {kinds: [Thing], namespaces: [web]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: api}}", "none"),
    ("a Namespace is in itself", "match: {any: [{resources: {kinds: [Namespace], namespaces: [web]}}]}", "{apiVersion: v1, kind: Namespace, metadata: {name: web}}", "fail"),
    ("a Namespace is in no other", "match: {any: [{resources: {kinds: [Namespace], namespaces: [web]}}]}", "{apiVersion: v1, kind: Namespace, metadata: {name: api}}", "none"),
    ("a kind without namespaces is in none", "match: {any: [{resources: {kinds: [ClusterRole], namespaces: [web]}}]}", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}}", "none"),
    ("a kind without namespaces is in every", "match: {any: [{resources: {kinds: [ClusterRole], namespaces: ['*']}}]}", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}}", "fail"),
    // Annotations.
    ("an annotation", "match: {any: [{resources: {kinds: [Thing], annotations: {note: x}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, annotations: {note: x}}}", "fail"),
    ("an annotation with another value", "match: {any: [{resources: {kinds: [Thing], annotations: {note: x}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, annotations: {note: w}}}", "none"),
    ("an annotation by wildcards", "match: {any: [{resources: {kinds: [Thing], annotations: {'n*': 'x?'}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, annotations: {nm: xx}}}", "fail"),
    ("an annotation's value under another key", "match: {any: [{resources: {kinds: [Thing], annotations: {note: x}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, annotations: {m: x}}}", "none"),
    ("one of two annotations", "match: {any: [{resources: {kinds: [Thing], annotations: {note: x, m: x}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, annotations: {note: x}}}", "none"),
    ("no annotations", "match: {any: [{resources: {kinds: [Thing], annotations: {note: x}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    // Labels.
    ("a label", "match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: x}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: x}}}", "fail"),
    ("a label with another value", "match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: x}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: w}}}", "none"),
    ("one of two labels", "match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: x, m: x}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: x}}}", "none"),
    ("a label by wildcards", "match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {'l*': 'x*'}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {lm: xw}}}", "fail"),
    ("a label by a wildcard of its value", "match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: 'x*'}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: w}}}", "none"),
    ("a label by a wildcard and none there", "match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {'l*': '*'}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    ("a label in a list", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: In, values: [x, w]}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: w}}}", "fail"),
    ("a label that is not in the list", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: In, values: [x]}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: w}}}", "none"),
    ("no label for a list", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: In, values: [x]}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    ("a label outside of a list", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: NotIn, values: [x]}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: w}}}", "fail"),
    ("a label that is not outside", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: NotIn, values: [x]}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: x}}}", "none"),
    ("no label is outside of any list", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: NotIn, values: [x]}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("a label exists", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: Exists}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: ''}}}", "fail"),
    ("a label should exist", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: Exists}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {m: x}}}", "none"),
    ("a label does not exist", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: DoesNotExist}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("a label should not exist", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: DoesNotExist}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: x}}}", "none"),
    ("a label and an expression of which one holds", "match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: x}, matchExpressions: [{key: m, operator: Exists}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: x}}}", "none"),
    ("two expressions of which one holds", "match: {any: [{resources: {kinds: [Thing], selector: {matchExpressions: [{key: l, operator: Exists}, {key: m, operator: Exists}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {l: x}}}", "none"),
    // Labels of the namespace.
    ("the namespace's label", "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: gold}}", "fail"),
    ("the label of another namespace", "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: tin}}", "none"),
    ("no labels of the namespace", "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: bare}}", "none"),
    ("the object's label is not its namespace's", "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: tin, labels: {tier: gold}}}", "none"),
    ("a label that the namespace lacks", "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: bare}}", "fail"),
    ("a Namespace is selected by no labels of its namespace", "match: {any: [{resources: {kinds: [Namespace], namespaceSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}}]}", "{apiVersion: v1, kind: Namespace, metadata: {name: bare}}", "none"),
    // Criteria of a filter must all hold, and an empty filter is for nothing.
    ("all criteria", "match: {any: [{resources: {kinds: [Thing], names: [a], namespaces: [gold], selector: {matchLabels: {l: x}}, namespaceSelector: {matchLabels: {tier: gold}}, operations: [CREATE]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: gold, labels: {l: x}}}", "fail"),
    ("all criteria but the namespace", "match: {any: [{resources: {kinds: [Thing], names: [a], namespaces: [web], selector: {matchLabels: {l: x}}, namespaceSelector: {matchLabels: {tier: gold}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: gold, labels: {l: x}}}", "none"),
    ("all criteria but the operation", "match: {any: [{resources: {kinds: [Thing], names: [a], operations: [UPDATE, DELETE]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    // Forms of match.
    ("one of any", "match: {any: [{resources: {kinds: [Service]}}, {resources: {kinds: [Thing]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("none of any", "match: {any: [{resources: {kinds: [Service]}}, {resources: {kinds: [Pod]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    ("all of all", "match: {all: [{resources: {kinds: [Thing]}}, {resources: {kinds: ['*'], names: [a]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("one of all", "match: {all: [{resources: {kinds: [Thing]}}, {resources: {kinds: ['*'], names: [x]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    ("criteria in the block itself", "match: {resources: {kinds: [Thing]}}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("other criteria in the block itself", "match: {resources: {kinds: [Pod]}}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    // Forms of exclude.
    ("excluded by one of any", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{resources: {names: [x]}}, {resources: {names: [a]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    ("excluded by none of any", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{resources: {names: [x]}}, {resources: {names: [w]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("excluded by all", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {all: [{resources: {kinds: [Thing]}}, {resources: {names: [a]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    ("excluded by one of all", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {all: [{resources: {kinds: [Thing]}}, {resources: {names: [x]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("excluded by the block itself", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {resources: {namespaces: [web]}}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: web}}", "none"),
    ("not excluded by the block itself", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {resources: {namespaces: [web]}}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: api}}", "fail"),
    ("excluded by an empty filter of any", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{resources: {}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("excluded by namespace where every kind is meant", "match: {any: [{resources: {kinds: ['*']}}]}, exclude: {any: [{resources: {namespaces: [web]}}]}", "{apiVersion: v1, kind: Namespace, metadata: {name: web}}", "none"),
    ("excluded by the labels of the namespace", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{resources: {namespaceSelector: {matchLabels: {tier: gold}}}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: gold}}", "none"),
    ("excluded by the labels of the namespace, which says nothing of a Namespace", "match: {any: [{resources: {kinds: [Namespace]}}]}, exclude: {any: [{resources: {namespaceSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}}]}", "{apiVersion: v1, kind: Namespace, metadata: {name: bare}}", "fail"),
    ("excluded by an operation that is not this one", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{resources: {operations: [UPDATE]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("excluded by the operation alone", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{resources: {operations: [CREATE]}}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "none"),
    // Nobody is known to ask: that is nobody's role.
    ("roles in match without anybody who asks", "match: {any: [{resources: {kinds: [Thing]}, clusterRoles: [admin]}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
    ("roles in exclude without anybody who asks", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{clusterRoles: [admin]}]}", "{apiVersion: v1, kind: Thing, metadata: {name: a}}", "fail"),
];

fn policy(blocks: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec: {{background: false, rules: [{{name: r, {blocks}, validate: {{message: never, deny: {{}}}}}}]}}\n"
    )
}

fn world() -> World {
    let mut world = World::default();
    world.fixtures.unlisted_namespaces = UnlistedNamespaces::Unlabelled;
    for name in ["gold", "tin"] {
        let labels = BTreeMap::from([("tier".to_owned(), name.to_owned())]);
        let all = &mut world.fixtures.namespace_labels;
        all.insert(name.to_owned(), labels);
    }
    world
}

fn said(world: &World, blocks: &str, object: &str) -> &'static str {
    match world.words(&policy(blocks), object).as_slice() {
        [] => "none",
        [one] if one.starts_with("r: fail") => "fail",
        _ => "something else",
    }
}

#[test]
fn blocks_of_a_rule() {
    let world = world();
    let wrong: Vec<String> = ROWS
        .iter()
        .filter_map(|(case, blocks, object, want)| {
            let said = said(&world, blocks, object);
            (said != *want).then(|| format!("{case}: {said}, not {want}"))
        })
        .collect();
    assert_eq!(wrong, [""; 0]);
}

const THING: &str = "{apiVersion: v1, kind: Thing, metadata: {name: a}}";

#[test]
fn operations() {
    let all = [
        Operation::Create,
        Operation::Update,
        Operation::Delete,
        Operation::Connect,
    ];
    for listed in all {
        for operation in all {
            let world = World {
                operation,
                ..World::default()
            };
            let name = listed.as_str();
            let matched = format!(
                "match: {{any: [{{resources: {{kinds: [Thing], operations: [{name}]}}}}]}}"
            );
            let excluded = format!(
                "match: {{any: [{{resources: {{kinds: [Thing]}}}}]}}, exclude: {{any: [{{resources: {{operations: [{name}]}}}}]}}"
            );
            let (inside, outside) = match listed == operation {
                true => ("fail", "none"),
                false => ("none", "fail"),
            };
            let case = format!("{name} on {operation:?}");
            assert_eq!(said(&world, &matched, THING), inside, "{case}");
            assert_eq!(said(&world, &excluded, THING), outside, "{case}");
        }
    }
}

/// Case, blocks, what comes of it for the service account `build` of `ci` in the group `devs` with
/// the role `web:edit` and the cluster role `view`.
#[rustfmt::skip]
const USERS: &[(&str, &str, &str)] = &[
    ("a role", "match: {any: [{resources: {kinds: [Thing]}, roles: ['x:y', 'web:edit']}]}", "fail"),
    ("another role", "match: {any: [{resources: {kinds: [Thing]}, roles: ['web:admin']}]}", "none"),
    ("roles are no patterns", "match: {any: [{resources: {kinds: [Thing]}, roles: ['web:*']}]}", "none"),
    ("a cluster role", "match: {any: [{resources: {kinds: [Thing]}, clusterRoles: [view]}]}", "fail"),
    ("another cluster role", "match: {any: [{resources: {kinds: [Thing]}, clusterRoles: [edit]}]}", "none"),
    ("a service account", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: ServiceAccount, namespace: ci, name: build}]}]}", "fail"),
    ("service accounts by a wildcard", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: ServiceAccount, namespace: 'c*', name: '*'}]}]}", "fail"),
    ("a service account of another namespace", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: ServiceAccount, namespace: cd, name: build}]}]}", "none"),
    ("a user", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: User, name: 'system:serviceaccount:ci:build'}]}]}", "fail"),
    ("another user", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: User, name: devs}]}]}", "none"),
    ("a group", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: Group, name: 'dev*'}]}]}", "fail"),
    ("another group", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: Group, name: ops}]}]}", "none"),
    ("one of two subjects", "match: {any: [{resources: {kinds: [Thing]}, subjects: [{kind: Group, name: ops}, {kind: Group, name: devs}]}]}", "fail"),
    ("a role and a subject of which one fits", "match: {any: [{resources: {kinds: [Thing]}, roles: ['web:edit'], subjects: [{kind: Group, name: ops}]}]}", "none"),
    ("an excluded user", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{clusterRoles: [view]}]}", "none"),
    ("another user is excluded", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{clusterRoles: [edit]}]}", "fail"),
    ("the user's excluded objects are others", "match: {any: [{resources: {kinds: [Thing]}}]}, exclude: {any: [{resources: {names: [x]}, clusterRoles: [view]}]}", "fail"),
];

#[test]
fn users() {
    let world = World {
        user_info: Some(UserInfo {
            roles: vec!["web:edit".to_owned()],
            cluster_roles: vec!["view".to_owned()],
            user: json!({"username": "system:serviceaccount:ci:build", "groups": ["all", "devs"]}),
        }),
        ..World::default()
    };
    for (case, blocks, want) in USERS {
        assert_eq!(said(&world, blocks, THING), *want, "{case}");
    }
}

#[test]
fn the_first_form_of_a_block_that_says_something_counts() {
    let filter = |kind: &str| Filter {
        kinds: vec![KindSelector::parse(kind)],
        ..Filter::default()
    };
    let block = |any: &[&str], all: &[&str], direct: Filter| Block {
        any: any.iter().map(|it| filter(it)).collect(),
        all: all.iter().map(|it| filter(it)).collect(),
        direct,
    };
    let nothing = Filter::default;
    let of_role = |role: &str| Filter {
        cluster_roles: vec![role.to_owned()],
        ..Filter::default()
    };
    let user = UserInfo {
        cluster_roles: vec!["view".to_owned()],
        ..UserInfo::default()
    };
    for (block, matched, excluded) in [
        (
            block(&["Thing"], &["Pod"], filter("Pod")),
            Answer::Yes,
            Answer::Yes,
        ),
        (
            block(&["Pod"], &["Thing"], filter("Thing")),
            Answer::No,
            Answer::No,
        ),
        (
            block(&[], &["Thing"], filter("Pod")),
            Answer::Yes,
            Answer::Yes,
        ),
        (
            block(&[], &["Pod"], filter("Thing")),
            Answer::No,
            Answer::No,
        ),
        (block(&[], &[], filter("Thing")), Answer::Yes, Answer::Yes),
        // A filter that asks for nothing is for nothing, one that asks for users alone for theirs.
        (block(&[], &[], nothing()), Answer::No, Answer::No),
        (block(&[], &[], of_role("view")), Answer::Yes, Answer::Yes),
        (block(&[], &[], of_role("edit")), Answer::No, Answer::No),
    ] {
        let object = json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}});
        let gvk = Gvk::of(&object);
        let target = Target {
            resource: &object,
            gvk: &gvk,
            subresource: "",
            operation: Operation::Create,
            user_info: Some(&user),
            namespace_labels: NamespaceLabels {
                listed: &BTreeMap::new(),
                name: None,
                all: true,
            },
            anywhere: false,
        };
        assert_eq!(block.matches(&target), matched, "{block:?}");
        assert_eq!(block.excludes(&target), excluded, "{block:?}");
    }
}

#[test]
fn selectors_that_a_cluster_would_refuse_select_nothing() {
    let labels = BTreeMap::from([("l", "x")]);
    for (operator, values) in [
        ("Like", &["x"][..]),
        ("In", &[]),
        ("NotIn", &[]),
        ("Exists", &["x"]),
        ("DoesNotExist", &["x"]),
    ] {
        for (key, all) in [("l", true), ("m", true), ("m", false)] {
            let selector = Selector {
                labels: Vec::new(),
                expressions: vec![Requirement {
                    key: key.to_owned(),
                    operator: operator.to_owned(),
                    values: values.iter().map(|it| (*it).to_owned()).collect(),
                }],
            };
            assert_eq!(
                selector.selects(&labels, all),
                Answer::No,
                "{operator} {key}"
            );
        }
    }
}
