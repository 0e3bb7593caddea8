//! Paths in the text of queries, without parsing them: whatever follows a path that is not plain
//! ends it, so that everything below counts as read.

/// The paths that follow `root` in a text. `None` where one cannot be told.
pub(super) fn paths(text: &str, root: &str) -> Option<Vec<Vec<String>>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(root) {
        let before = text.get(..at)?.chars().next_back();
        if before.is_some_and(is_word) {
            continue;
        }
        let mut rest = text.get(at + root.len()..)?;
        // `element0` is the element of the outermost loop; `elementIndex` changes with the order.
        if root == "element" {
            if rest.starts_with("Index") {
                return None;
            }
            rest = rest.trim_start_matches(|it: char| it.is_ascii_digit());
        }
        if rest.chars().next().is_some_and(is_word) {
            continue;
        }
        found.extend(follow(rest));
    }
    Some(found)
}

/// Whether a list is a path and nothing else, so that what is read of its elements stands below it.
pub(super) fn is_plain(list: &str) -> bool {
    let plain = |it: char| is_word(it) || ".[]*, \"".contains(it);
    list.starts_with("request.object.") && list.chars().all(plain)
}

fn is_word(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_' || it == '-'
}

fn follow(mut rest: &str) -> Vec<Vec<String>> {
    let mut paths: Vec<Vec<String>> = vec![Vec::new()];
    loop {
        let plain = rest.strip_prefix("[]").or_else(|| rest.strip_prefix("[*]"));
        if let Some(after) = plain {
            rest = after;
            continue;
        }
        let Some(after) = rest.strip_prefix('.') else {
            return paths;
        };
        if let Some((names, after)) = several(after) {
            paths = paths
                .iter()
                .flat_map(|path| {
                    names
                        .iter()
                        .map(move |it| [&path[..], std::slice::from_ref(it)].concat())
                })
                .collect();
            rest = after;
            continue;
        }
        let end = after.find(|it| !is_word(it)).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        if name.is_empty() || after.starts_with('(') {
            return paths;
        }
        for path in &mut paths {
            path.push(name.to_owned());
        }
        rest = after;
    }
}

/// `[a, b]`
fn several(text: &str) -> Option<(Vec<String>, &str)> {
    let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
    let names: Vec<String> = inside.split(',').map(|it| it.trim().to_owned()).collect();
    let good = |it: &String| !it.is_empty() && it.chars().all(is_word);
    names.iter().all(good).then_some((names, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_where_it_is_not_plain() {
        for (text, want) in [
            ("{{ request.object.spec.replicas }}", "object.spec.replicas"),
            (
                "request.object.spec.containers[].image",
                "object.spec.containers.image",
            ),
            (
                "request.object.spec.[a, b][].x",
                "object.spec.a.x object.spec.b.x",
            ),
            (
                "request.object.metadata.labels.\"a.b\"",
                "object.metadata.labels",
            ),
            ("request.object.{{ x }}", "object"),
            ("keys(request.object.metadata)", "object.metadata"),
            ("request.object.metadata.keys(@)", "object.metadata"),
            ("request.object.spec.c[?x].y", "object.spec.c"),
            ("request.object.spec.c[0].y", "object.spec.c"),
            ("request | x", ""),
            ("my_request.object", "none"),
        ] {
            let found = paths(text, "request").expect("told");
            let found: Vec<String> = found.iter().map(|it| it.join(".")).collect();
            let found = if found.is_empty() {
                "none".to_owned()
            } else {
                found.join(" ")
            };
            assert_eq!(found, want, "{text}");
        }
        assert_eq!(paths("{{ elementIndex }}", "element"), None);
        assert!(is_plain("request.object.spec.[a, b][]"));
        assert!(!is_plain("request.object.spec.a[].b | c"));
    }
}
