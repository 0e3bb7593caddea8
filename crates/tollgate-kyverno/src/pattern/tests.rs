//! Patterns on objects: a row for every branch of the walk.

use super::{Mismatch, match_pattern};
use crate::testing::resource;

/// Case, pattern, object, and what comes of it. Kyverno 1.19.1 says the same of every row.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str, &str)] = &[
    // Maps, lists and leaves.
    ("equal leaves", "{a: x}", "{a: x}", "pass"),
    ("different leaves", "{a: x}", "{a: v}", "fail at a"),
    ("a key that is not there", "{a: x}", "{b: x}", "fail at a"),
    ("keys that nobody asks for", "{a: x}", "{a: x, b: v}", "pass"),
    ("a map where a leaf is wanted", "{a: x}", "{a: {b: x}}", "fail at a"),
    ("a leaf where a map is wanted", "{a: {b: x}}", "{a: x}", "fail at a"),
    ("nothing where a map is wanted", "{a: {b: x}}", "{}", "fail at a"),
    ("a list where a map is wanted", "{a: {b: x}}", "{a: [{b: x}]}", "fail at a"),
    ("a map where a list is wanted", "{a: [{b: x}]}", "{a: {b: x}}", "fail at a"),
    ("nothing where a list is wanted", "{a: [{b: x}]}", "{}", "fail at a"),
    ("a place below", "{a: {b: {c: x}}}", "{a: {b: {c: v}}}", "fail at a.b.c"),
    ("each of a list against one leaf", "{a: x}", "{a: [x, x]}", "pass"),
    ("one of a list against one leaf", "{a: x}", "{a: [x, v]}", "fail at a"),
    ("an empty list against one leaf", "{a: x}", "{a: []}", "pass"),
    // `*` asks for a value.
    ("a star and a value", "{a: '*'}", "{a: x}", "pass"),
    ("a star and a map", "{a: '*'}", "{a: {}}", "pass"),
    ("a star and an empty text", "{a: '*'}", "{a: ''}", "pass"),
    ("a star and null", "{a: '*'}", "{a: null}", "fail at a"),
    ("a star and nothing", "{a: '*'}", "{}", "fail at a"),
    // Lists of maps: each element against the first pattern.
    ("elements against one map", "{a: [{b: x}]}", "{a: [{b: x}, {b: x}]}", "pass"),
    ("one element that differs", "{a: [{b: x}]}", "{a: [{b: x}, {b: v}]}", "fail at a[1].b"),
    ("only the first pattern counts", "{a: [{b: x}, {b: v}]}", "{a: [{b: x}, {b: x}]}", "pass"),
    ("an empty list of maps", "{a: [{b: x}]}", "{a: []}", "pass"),
    ("an element that is no map", "{a: [{b: x}]}", "{a: [x]}", "fail at a[0]"),
    ("a list of no pattern", "{a: []}", "{a: [x]}", "fail at a"),
    // Lists of leaves: each element against the first leaf.
    ("leaves against one leaf", "{a: [x]}", "{a: [x, x]}", "pass"),
    ("one leaf that differs", "{a: [x]}", "{a: [x, v]}", "fail at a[1]"),
    // Lists of lists: pair by pair.
    ("lists pair by pair", "{a: [[x], [v]]}", "{a: [[x], [v]]}", "pass"),
    ("more lists than patterns", "{a: [[x]]}", "{a: [[x], [v]]}", "pass"),
    ("a pair that differs", "{a: [[x], [v]]}", "{a: [[x], [w]]}", "fail at a[1][0]"),
    ("fewer lists than patterns", "{a: [[x], [v]]}", "{a: [[x]]}", "error"),
    // `(key)`.
    ("a condition that holds", "{(a): x, b: v}", "{a: x, b: v}", "pass"),
    ("a condition that holds and a sibling that does not", "{(a): x, b: v}", "{a: x, b: w}", "fail at b"),
    ("a condition that does not hold", "{(a): x, b: v}", "{a: w, b: w}", "skip"),
    ("a condition on a key that is not there", "{(a): x, b: v}", "{b: w}", "skip"),
    ("a condition on a map", "{(a): {c: x}, b: v}", "{a: {c: w}, b: w}", "skip"),
    ("two conditions of which one holds", "{(a): x, (b): v, c: 1}", "{a: x, b: w, c: 2}", "skip"),
    ("two conditions that hold", "{(a): x, (b): v, c: 1}", "{a: x, b: v, c: 2}", "fail at c"),
    ("a condition in each element", "{a: [{(b): x, c: v}]}", "{a: [{b: w, c: w}, {b: x, c: w}]}", "fail at a[1].c"),
    ("a condition in the first element", "{a: [{(b): x, c: v}]}", "{a: [{b: x, c: w}, {b: w, c: w}]}", "fail at a[0].c"),
    ("a condition in no element", "{a: [{(b): x, c: v}]}", "{a: [{b: w, c: w}, {b: w}]}", "skip"),
    ("a condition in one element that matches", "{a: [{(b): x, c: v}]}", "{a: [{b: w, c: w}, {b: x, c: v}]}", "pass"),
    ("a condition below and a failure beside", "{a: {(b): x}, c: v}", "{a: {b: w}, c: w}", "skip"),
    ("a condition below that holds and a failure beside", "{a: {(b): x}, c: v}", "{a: {b: x}, c: w}", "fail at c"),
    // What holds anchors goes first, the last of them foremost.
    ("anchors go before leaves", "{a: v, b: {(c): x}}", "{a: w, b: {c: w}}", "skip"),
    ("the last of the anchored goes first", "{a: {(c): x}, b: {(c): x, d: v}}", "{a: {c: w}, b: {c: x, d: w}}", "fail at b.d"),
    ("the first of the anchored goes last", "{a: {(c): x, d: v}, b: {(c): x}}", "{a: {c: x, d: w}, b: {c: w}}", "skip"),
    ("an anchor deep in a list goes first too", "{a: v, b: [[{(c): x}]]}", "{a: w, b: [[{c: w}]]}", "skip"),
    ("a condition below one anchor and another anchor that applies", "{=(a): {(b): x}, =(c): v, d: v}", "{a: {b: w}, c: v, d: w}", "fail at d"),
    ("a condition below one anchor and another anchor that fails", "{=(a): {(b): x}, =(c): v}", "{a: {b: w}, c: w}", "fail at c"),
    ("a condition below one anchor alone", "{=(a): {(b): x}, d: v}", "{a: {b: w}, d: w}", "skip"),
    ("an anchor deep in a map goes first", "{a: v, b: {c: {(d): x}}}", "{a: w, b: {c: {d: w}}}", "skip"),
    // `=(key)`.
    ("equality without the key", "{=(a): x}", "{}", "pass"),
    ("equality with the value", "{=(a): x}", "{a: x}", "pass"),
    ("equality with another value", "{=(a): x}", "{a: v}", "fail at a"),
    ("equality with null", "{=(a): x}", "{a: null}", "fail at a"),
    ("equality of maps", "{=(a): {b: x}}", "{a: {b: v}}", "fail at a.b"),
    ("a condition below equality", "{=(a): {(b): x, c: v}}", "{a: {b: w, c: w}}", "skip"),
    ("equality beside a condition that does not hold", "{(a): x, =(b): v}", "{a: w, b: w}", "skip"),
    ("equality before a condition that does not hold", "{=(a): x, (b): v}", "{a: w, b: w}", "skip"),
    // `X(key)`.
    ("negation without the key", "{X(a): 'null'}", "{b: x}", "pass"),
    ("negation with the key", "{X(a): 'null'}", "{a: x}", "fail at a"),
    ("negation with null", "{X(a): 'null'}", "{a: null}", "fail at a"),
    ("negation in an element", "{a: [{X(b): 'null'}]}", "{a: [{c: x}, {b: x}]}", "fail at a[1].b"),
    ("negation beside a condition that holds", "{(a): x, X(b): 'null'}", "{a: x, b: v}", "fail at b"),
    ("negation beside a condition that does not hold", "{(a): x, X(b): 'null'}", "{a: w, b: v}", "skip"),
    ("negation after a condition whose key is missing", "{(a): x, X(b): 'null'}", "{b: v}", "skip"),
    ("negation where an existence has no key", "{X(a): 'null', ^(b): [{c: x}]}", "{a: x}", "fail at a"),
    ("a failure where a negated key is nowhere", "{X(a): 'null', b: v}", "{b: w}", "fail at b"),
    // `^(key)`.
    ("existence of an element", "{^(a): [{b: x}]}", "{a: [{b: v}, {b: x}]}", "pass"),
    ("existence of no element", "{^(a): [{b: x}]}", "{a: [{b: v}]}", "fail at a"),
    ("existence in an empty list", "{^(a): [{b: x}]}", "{a: []}", "fail at a"),
    ("existence without the key", "{^(a): [{b: x}]}", "{}", "pass"),
    ("existence in a map", "{^(a): [{b: x}]}", "{a: {b: x}}", "fail at a"),
    ("existence of a pattern that is no map", "{^(a): [x]}", "{a: [x]}", "fail at a"),
    ("existence of each of two patterns", "{^(a): [{b: x}, {b: v}]}", "{a: [{b: v}, {b: x}]}", "pass"),
    ("existence of one of two patterns", "{^(a): [{b: x}, {b: v}]}", "{a: [{b: x}]}", "fail at a"),
    // `<(key)`.
    ("a global anchor that holds", "{<(a): x, b: v}", "{a: x, b: w}", "fail at b"),
    ("a global anchor that does not hold", "{<(a): x, b: v}", "{a: w, b: w}", "skip"),
    ("a global anchor without the key", "{<(a): x, b: v}", "{b: w}", "fail at b"),
    ("a global anchor below", "{a: {<(b): x}, c: v}", "{a: {b: w}, c: w}", "skip"),
    ("a global anchor in one element skips the elements that it does not hold for", "{a: [{<(b): x, c: v}]}", "{a: [{b: w, c: w}, {b: x, c: v}]}", "pass"),
    ("a global anchor in no element", "{a: [{<(b): x}]}", "{a: [{b: w}]}", "skip"),
    ("a global anchor goes before every leaf", "{'0': v, <(a): x}", "{'0': w, a: w}", "skip"),
    // A failure while an anchor's key stands nowhere is an error.
    ("a failure while a condition's key is missing below", "{a: [{=(d): {(b): x}, c: v}]}", "{a: [{d: {}, c: w}]}", "skip"),
    ("a failure before a condition's key is met", "{a: {=(b): {^(c): [{d: x}]}}, e: v}", "{a: {b: {}}, e: w}", "error"),
    ("a failure after an existence was met elsewhere", "{a: [{^(b): [{c: x}]}], e: v}", "{a: [{}, {b: [{c: x}]}], e: w}", "fail at e"),
];

/// As before, of patterns and objects from their root on.
#[rustfmt::skip]
const LABELS: &[(&str, &str, &str, &str)] = &[
    ("a label by a wildcard", "{metadata: {labels: {'a*': x}}}", "{metadata: {labels: {abc: x}}}", "pass"),
    ("a label by a wildcard with another value", "{metadata: {labels: {'a*': x}}}", "{metadata: {labels: {abc: v}}}", "fail at metadata.labels.abc"),
    ("no label by a wildcard", "{metadata: {labels: {'a*': x}}}", "{metadata: {labels: {bcd: x}}}", "fail at metadata.labels.a*"),
    ("any value of a label by a wildcard", "{metadata: {labels: {'a*': '?*'}}}", "{metadata: {labels: {bcd: x, abc: v}}}", "pass"),
    ("a condition on a label by a wildcard", "{metadata: {labels: {'(a*)': x, b: v}}}", "{metadata: {labels: {abc: x, b: w}}}", "fail at metadata.labels.b"),
    ("a condition on no label by a wildcard", "{metadata: {labels: {'(a*)': x, b: v}}}", "{metadata: {labels: {b: w}}}", "skip"),
    ("a negation of a label by a wildcard", "{metadata: {labels: {'X(a*)': 'null'}}}", "{metadata: {labels: {abc: x}}}", "fail at metadata.labels.abc"),
    ("a negation of no label by a wildcard", "{metadata: {labels: {'X(a*)': 'null'}}}", "{metadata: {labels: {b: x}}}", "pass"),
    ("an annotation by a wildcard", "{metadata: {annotations: {'a/*': x}}}", "{metadata: {annotations: {a/b: v}}}", "fail at metadata.annotations.a/b"),
    ("labels behind an anchor", "{metadata: {=(labels): {'a*': x}}}", "{metadata: {labels: {abc: v}}}", "fail at metadata.labels.abc"),
    ("labels of a list are no labels", "{metadata: {finalizers: {'a*': x}}}", "{metadata: {finalizers: {abc: x}}}", "fail at metadata.finalizers.a*"),
    ("metadata below the root", "{spec: {metadata: {labels: {'a*': x}}}}", "{spec: {metadata: {labels: {abc: x}}}}", "pass"),
    ("a label that is no text", "{metadata: {labels: {'a*': '*'}}}", "{metadata: {labels: {abc: 1}}}", "fail at metadata.labels.a*"),
    ("no labels at all", "{metadata: {labels: {'a*': x}}}", "{metadata: {}}", "fail at metadata.labels"),
];

/// What Kyverno refuses to load, should it come this far.
#[rustfmt::skip]
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("existence of a pattern that is no list", "{^(a): {b: x}}", "{a: [{b: x}]}", "fail at a"),
    ("an addition means nothing to a validation", "{+(a): x}", "{}", "fail at +(a)"),
];

/// A wildcard that several labels match. Kyverno takes any of them by chance; here the one counts
/// that lets the least through.
#[rustfmt::skip]
const SEVERAL: &[(&str, &str, &str, &str)] = &[
    ("the first is wrong", "{metadata: {labels: {'a*': x}}}", "{metadata: {labels: {aa: v, ab: x}}}", "fail at metadata.labels.aa"),
    ("the second is wrong", "{metadata: {labels: {'a*': x}}}", "{metadata: {labels: {aa: x, ab: v}}}", "fail at metadata.labels.ab"),
    ("none is wrong", "{metadata: {labels: {'a*': x}}}", "{metadata: {labels: {aa: x, ab: x}}}", "pass"),
    ("a condition holds for the second", "{metadata: {labels: {'(a*)': x, b: v}}}", "{metadata: {labels: {aa: w, ab: x, b: w}}}", "fail at metadata.labels.b"),
    ("a condition holds for the first", "{metadata: {labels: {'(a*)': x, b: v}}}", "{metadata: {labels: {aa: x, ab: w, b: w}}}", "fail at metadata.labels.b"),
    ("a global condition holds for the second", "{metadata: {labels: {'<(a*)': x, b: v}}}", "{metadata: {labels: {aa: w, ab: x, b: w}}}", "fail at metadata.labels.b"),
    ("equality is wrong for the second", "{metadata: {labels: {'=(a*)': x}}}", "{metadata: {labels: {aa: x, ab: v}}}", "fail at metadata.labels.ab"),
];

#[test]
fn patterns() {
    let rows = [ROWS, LABELS, REFUSED, SEVERAL].into_iter().flatten();
    let wrong: Vec<String> = rows
        .filter_map(|(case, pattern, object, want)| {
            let said = match match_pattern(&resource(object), &resource(pattern)) {
                Ok(()) => "pass".to_owned(),
                Err(Mismatch::Skip { .. }) => "skip".to_owned(),
                Err(Mismatch::Error { .. }) => "error".to_owned(),
                Err(Mismatch::Fail { at, .. }) => format!("fail at {at}"),
            };
            (said != *want).then(|| format!("{case}: {said}, not {want}"))
        })
        .collect();
    assert_eq!(wrong, [""; 0]);
}
