//! Field paths such as `spec.ports[0].port`. Semantics: kyaml `RNode.GetFieldValue`.

use tollgate_yaml::{Node, Value};

/// The field at `path`; `None` where there is none or its value is null.
pub(super) fn field<'a>(body: &'a Node, path: &str) -> Option<&'a Node> {
    let mut node = body;
    for part in split(path) {
        node = match strip_index(&part) {
            Some(("", index)) => at(node, index)?,
            Some((name, index)) => at(step(node, name)?, index)?,
            None => step(node, &part)?,
        };
    }
    Some(node)
}

/// `ports[0]` as a name and an index.
fn strip_index(part: &str) -> Option<(&str, usize)> {
    let (name, index) = part.strip_suffix(']')?.rsplit_once('[')?;
    if index.is_empty() || !index.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    Some((name, index.parse().ok()?))
}

fn step<'a>(node: &'a Node, part: &str) -> Option<&'a Node> {
    let part = part.trim();
    if part.is_empty() {
        return Some(node);
    }
    let is_index = part == "-" || part.parse::<i64>().is_ok();
    match &node.value {
        Value::Mapping(_) if is_index => None,
        Value::Mapping(map) => map.get(part),
        Value::Sequence(items) => {
            match part.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
                Some(query) => {
                    let (key, value) = query.split_once('=')?;
                    items.iter().find(|it| matches(it, key, value))
                }
                None if part == "-" => items.last(),
                None => items.get(part.parse::<usize>().ok()?),
            }
        }
        Value::Scalar(_) => None,
    }
}

fn at(node: &Node, index: usize) -> Option<&Node> {
    node.as_sequence()?.get(index)
}

fn matches(item: &Node, key: &str, value: &str) -> bool {
    let leaf = if key.is_empty() {
        Some(item)
    } else {
        item.get(key)
    };
    leaf.and_then(Node::as_scalar)
        .is_some_and(|it| &*it.text == value)
}

/// Parts between dots. `\.` is a dot inside of a part, and so is any dot between brackets; brackets
/// around a part without `=` are dropped.
fn split(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.strip_prefix('.').unwrap_or(path).split('.') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    let mut joined: Vec<String> = Vec::new();
    let mut rest = parts.into_iter();
    while let Some(mut part) = rest.next() {
        if part.starts_with('[') && !part.ends_with(']') {
            for next in rest.by_ref() {
                part.push('.');
                part.push_str(&next);
                if next.ends_with(']') {
                    break;
                }
            }
            if !part.contains('=') {
                part = part.trim_matches(['[', ']']).to_owned();
            }
        }
        joined.push(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_yaml::{Dialect, Limits, Sources, parse};

    #[test]
    fn paths_lead_through_lists_and_dotted_keys() {
        let text = "{a: {b.c: 1}, l: [{name: x, v: 2}, {name: y.z, v: 3}], s: [4]}";
        let file = Sources::new().add("a.yaml", text);
        let body = &parse(text, file, Dialect::Kyaml, &Limits::default()).expect("YAML")[0];
        let found = |path| {
            field(body, path)
                .and_then(Node::as_scalar)
                .map(|it| it.text.to_string())
        };
        for (path, expected) in [
            ("a.b\\.c", Some("1")),
            ("a.[b.c]", Some("1")),
            ("l[0].v", Some("2")),
            ("l.1.v", Some("3")),
            ("l.-.v", Some("3")),
            ("l.[name=x].v", Some("2")),
            ("l.[name=y.z].v", Some("3")),
            ("s[0]", Some("4")),
            ("s[1]", None),
            ("a.x", None),
            ("a.b.c.d", None),
        ] {
            assert_eq!(found(path).as_deref(), expected, "{path}");
        }
    }
}
