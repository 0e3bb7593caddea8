//! Which field of the object a failure is about.

use crate::conditions::Condition;
use serde_json::Value;
use tollgate_yaml::{FieldPath, Step};

/// How many values are looked through for the element of a list that was put together.
const MAX_LOOKED_AT: usize = 20_000;

/// Where a loop's element stands. It is looked for only when there is a failure to place.
#[derive(Debug)]
pub(super) enum Place<'e> {
    Unknown,
    Element {
        list: &'e str,
        index: usize,
        element: &'e Value,
        outer: &'e Place<'e>,
        object: Option<&'e Value>,
    },
}

impl Place<'_> {
    /// The element's path in the object; the root where it is not known.
    pub(super) fn path(&self) -> FieldPath {
        let Self::Element {
            list,
            index,
            element,
            outer,
            object,
        } = self
        else {
            return FieldPath::root();
        };
        let Some(object) = object else {
            return FieldPath::root();
        };
        let (start, rest) = match read_query(list, "request.object") {
            Some((path, rest)) => (path, rest),
            None => match read_query(list, "element") {
                Some((path, rest)) => (below(&outer.path(), path), rest),
                None => return FieldPath::root(),
            },
        };
        let Some(value) = at(object, &start) else {
            return FieldPath::root();
        };
        if matches!(rest.trim(), "" | "[]" | "[*]") {
            let direct = match value {
                Value::Array(_) => start.index(*index),
                _ => start.clone(),
            };
            if at(object, &direct) == Some(element) {
                return direct;
            }
        }
        let mut left = MAX_LOOKED_AT;
        let mut path = start.clone();
        if find(value, element, &mut path, &mut left) {
            path
        } else {
            start
        }
    }
}

fn find(value: &Value, wanted: &Value, path: &mut FieldPath, left: &mut usize) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    if value == wanted {
        return true;
    }
    let mut below = |step: Step, child: &Value| {
        path.0.push(step);
        let found = find(child, wanted, path, left);
        if !found {
            path.0.pop();
        }
        found
    };
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .any(|(at, it)| below(Step::Index(at), it)),
        Value::Object(map) => map
            .iter()
            .any(|(key, it)| below(Step::Key(key.as_str().into()), it)),
        _ => false,
    }
}

fn at<'v>(value: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    path.0.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => value.get(*index),
    })
}

/// One path below another.
pub(super) fn below(base: &FieldPath, mut path: FieldPath) -> FieldPath {
    if base.0.is_empty() {
        return path;
    }
    let mut steps = base.0.clone();
    steps.append(&mut path.0);
    FieldPath(steps)
}

/// The field that conditions are about: the longest path that their keys or values name.
pub(super) fn of_conditions(conditions: &[&Condition], place: &Place<'_>) -> FieldPath {
    let mut element = None;
    let mut best = None::<FieldPath>;
    for template in conditions.iter().flat_map(|it| [&it.key, &it.value]) {
        let mut texts = Vec::new();
        template.queries(&mut |query| texts.push(query.to_owned()));
        for query in texts {
            let named = if let Some((path, _)) = read_query(&query, "request.object") {
                Some(path)
            } else if let Some((path, _)) = read_query(&query, "element") {
                let base = element.get_or_insert_with(|| place.path());
                Some(below(base, path))
            } else {
                None
            };
            let longer =
                |it: &FieldPath| best.as_ref().is_none_or(|best| it.0.len() > best.0.len());
            if let Some(named) = named.filter(longer) {
                best = Some(named);
            }
        }
    }
    best.unwrap_or_else(|| place.path())
}

/// The plain steps that follow the first mention of `root` in a query, and what comes after them.
fn read_query<'q>(query: &'q str, root: &str) -> Option<(FieldPath, &'q str)> {
    let start = query.match_indices(root).find_map(|(at, _)| {
        let before = query[..at].chars().next_back();
        let after = query[at + root.len()..].chars().next();
        let whole = |it: Option<char>| it.is_none_or(|it| !it.is_alphanumeric() && it != '_');
        (whole(before) && before != Some('.') && whole(after)).then_some(at + root.len())
    })?;
    let mut path = FieldPath::root();
    let mut rest = &query[start..];
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let (key, after) = if let Some(quoted) = after.strip_prefix('"') {
                let Some((key, after)) = quoted.split_once('"') else {
                    break;
                };
                (key, after)
            } else {
                let end = after
                    .find(|it: char| !it.is_alphanumeric() && it != '_')
                    .unwrap_or(after.len());
                if end == 0 {
                    break;
                }
                after.split_at(end)
            };
            // A function call is not a field.
            if after.starts_with('(') {
                break;
            }
            path.0.push(Step::Key(key.into()));
            rest = after;
        } else if let Some((index, after)) = rest
            .strip_prefix('[')
            .and_then(|it| it.split_once(']'))
            .and_then(|(index, after)| Some((index.parse::<usize>().ok()?, after)))
        {
            path.0.push(Step::Index(index));
            rest = after;
        } else {
            break;
        }
    }
    Some((path, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_in_queries() {
        let read = |query: &str| {
            read_query(query, "request.object")
                .map(|(path, rest)| (path.to_string(), rest.to_owned()))
        };
        assert_eq!(
            read("request.object.spec.containers[].image | length(@)"),
            Some((
                "spec.containers".to_owned(),
                "[].image | length(@)".to_owned()
            ))
        );
        assert_eq!(
            read("length(request.object.metadata.\"a.b\"[0])"),
            Some(("metadata[\"a.b\"][0]".to_owned(), ")".to_owned()))
        );
        assert_eq!(read("element.image"), None);
        assert_eq!(read("request.objects.a"), None);
    }

    #[test]
    fn elements_of_a_list_that_was_put_together() {
        let object =
            json!({"spec": {"initContainers": [{"name": "a"}], "containers": [{"name": "b"}]}});
        let element = json!({"name": "b"});
        let place = Place::Element {
            list: "request.object.spec.[initContainers, containers][]",
            index: 1,
            element: &element,
            outer: &Place::Unknown,
            object: Some(&object),
        };
        assert_eq!(place.path().to_string(), "spec.containers[0]");
    }
}
