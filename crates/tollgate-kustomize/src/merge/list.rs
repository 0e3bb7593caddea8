//! Lists that are merged element by element.
//!
//! kustomize's way is kept step by step, since manifests are rendered with its accidents: elements
//! of the patch come first, an element without the merge key throws others out, `$patch: replace` in
//! an element changes nothing. Source: kyaml `yaml/walk/associative_sequence.go`, and
//! `ElementSetter` and `ElementMatcher` in `yaml/fns.go`.

use super::{
    Merger, Outcome, Side, derived, derived_origin, directive::Directive, schema::TypeRef,
};
use crate::error::{BuildError, WarningKind};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tollgate_yaml::{Entry, Key, Node, Origin, Span, Value};

/// Longer lists are merged only where each element has a key of its own: the general way takes
/// quadratic time.
const MAX_IRREGULAR: usize = 2000;

impl<'s> Merger<'s> {
    pub(super) fn list(
        self,
        target: Option<&mut Node>,
        side: Side<'_>,
        keys: &[Arc<str>],
        items: Option<TypeRef<'s>>,
        depth: usize,
    ) -> Result<Outcome, BuildError> {
        let merge = |list: Vec<Node>, patch: Elements<'_>, at: Span| {
            List {
                merger: self,
                keys,
                items,
                depth,
                at,
            }
            .merge(list, patch)
        };
        let Some(target) = target.filter(|it| !it.is_null()) else {
            let Side::Patch(patch) = side else {
                return Ok(Outcome::Cleared);
            };
            let mut node = derived(patch);
            if let Value::Sequence(list) = &mut node.value {
                *list = merge(std::mem::take(list), Elements::Same, patch.span())?;
            }
            return Ok(Outcome::Taken(node));
        };
        let at = target.span();
        let Some(list) = target.as_sequence_mut() else {
            return Ok(Outcome::Kept);
        };
        match side {
            Side::Nothing => {
                *list = merge(std::mem::take(list), Elements::Of(&[]), at)?;
            }
            Side::Same => {
                let directive = Directive::of_list(list)?;
                if directive == Some(Directive::Delete) {
                    return Ok(Outcome::Cleared);
                }
                if let Some(directive) = directive {
                    list.retain(|it| !directive.takes_out(it));
                }
                *list = merge(std::mem::take(list), Elements::Same, at)?;
            }
            Side::Patch(patch) => {
                let Some(elements) = patch.as_sequence() else {
                    return Ok(Outcome::Cleared);
                };
                let directive = Directive::of_list(elements)?;
                let at = patch.span();
                match directive {
                    None => {
                        *list = merge(std::mem::take(list), Elements::Of(elements), at)?;
                    }
                    Some(Directive::Delete) => return Ok(Outcome::Cleared),
                    Some(directive) => {
                        let rest = || elements.iter().filter(|it| !directive.takes_out(it));
                        if directive == Directive::Replace {
                            let list = rest().map(derived).collect();
                            let list = merge(list, Elements::Same, at)?;
                            let origin = derived_origin(patch.origin);
                            return Ok(Outcome::Taken(Node::sequence(list, origin)));
                        }
                        let rest: Vec<Node> = rest().cloned().collect();
                        *list = merge(std::mem::take(list), Elements::Of(&rest), at)?;
                    }
                }
            }
        }
        Ok(Outcome::Kept)
    }
}

/// The elements that the patch has for a list.
#[derive(Clone, Copy)]
enum Elements<'p> {
    Of(&'p [Node]),
    /// Those of the list itself.
    Same,
}

/// How one list is merged.
struct List<'a, 's> {
    merger: Merger<'s>,
    keys: &'a [Arc<str>],
    items: Option<TypeRef<'s>>,
    depth: usize,
    /// The place to blame.
    at: Span,
}

impl List<'_, '_> {
    fn merge(&self, list: Vec<Node>, patch: Elements<'_>) -> Result<Vec<Node>, BuildError> {
        if let [key] = self.keys
            && let Some(unique) = Unique::of(key, &list, patch)
        {
            return self.merge_unique(list, patch, &unique);
        }
        let size = list.len()
            + match patch {
                Elements::Of(patch) => patch.len(),
                Elements::Same => 0,
            };
        if size > MAX_IRREGULAR {
            return Err(BuildError::new(
                self.at,
                format!("more than {MAX_IRREGULAR} elements, some without a key of their own"),
            )
            .here());
        }
        Irregular::new(list, patch).merge(self)
    }

    fn walk(&self, target: Option<&mut Node>, side: Side<'_>) -> Result<Outcome, BuildError> {
        self.merger.walk(target, side, self.items, self.depth + 1)
    }

    /// The common case: one merge key, and no two elements of a list share its value.
    fn merge_unique(
        &self,
        list: Vec<Node>,
        patch: Elements<'_>,
        unique: &Unique,
    ) -> Result<Vec<Node>, BuildError> {
        let mut old: Vec<Option<Node>> = list.into_iter().map(Some).collect();
        let mut merged = Vec::with_capacity(old.len());
        if let Elements::Of(patch) = patch {
            for (element, at) in patch.iter().zip(&unique.targets) {
                let side = Side::Patch(element);
                let Some(at) = *at else {
                    if let Outcome::Taken(node) = self.walk(None, side)? {
                        merged.push(node);
                    }
                    continue;
                };
                let mut target = old[at].take();
                match self.walk(target.as_mut(), side)? {
                    Outcome::Kept => merged.extend(target),
                    // kustomize puts the old element back where a new one was to take its place.
                    Outcome::Taken(node) => {
                        self.merger
                            .tell_replace(node.span(), "in an element of a list");
                        merged.extend(target);
                    }
                    Outcome::Cleared => {}
                }
            }
        }
        let side = match patch {
            Elements::Of(_) => Side::Nothing,
            Elements::Same => Side::Same,
        };
        for mut node in old.into_iter().flatten() {
            if !matches!(self.walk(Some(&mut node), side)?, Outcome::Cleared) {
                merged.push(node);
            }
        }
        Ok(merged)
    }
}

/// For each element of the patch, the element of the list that has the same key.
struct Unique {
    targets: Vec<Option<usize>>,
}

impl Unique {
    /// `None` where an element has no key, or two have the same.
    fn of(key: &str, list: &[Node], patch: Elements<'_>) -> Option<Self> {
        let mut by_value = HashMap::with_capacity(list.len());
        for (at, element) in list.iter().enumerate() {
            if by_value.insert(Self::key(key, element)?, at).is_some() {
                return None;
            }
        }
        let Elements::Of(patch) = patch else {
            return Some(Self {
                targets: Vec::new(),
            });
        };
        let mut seen = HashMap::with_capacity(patch.len());
        let mut targets = Vec::with_capacity(patch.len());
        for element in patch {
            let value = Self::key(key, element)?;
            if seen.insert(value, ()).is_some() {
                return None;
            }
            targets.push(by_value.get(value).copied());
        }
        Some(Self { targets })
    }

    fn key<'n>(key: &str, element: &'n Node) -> Option<&'n str> {
        let scalar = element.get(key)?.as_scalar()?;
        let null = scalar.tag == tollgate_yaml::Tag::Null;
        Some(&*scalar.text).filter(|it| !it.is_empty() && !null)
    }
}

/// The general case, with nodes in an arena: kustomize's steps speak of identity.
struct Irregular<'p> {
    nodes: Vec<Node>,
    /// The list, as places in `nodes`.
    list: Vec<usize>,
    patch: Elements<'p>,
}

impl<'p> Irregular<'p> {
    fn new(list: Vec<Node>, patch: Elements<'p>) -> Self {
        Self {
            list: (0..list.len()).collect(),
            nodes: list,
            patch,
        }
    }

    fn merge(mut self, how: &List<'_, '_>) -> Result<Vec<Node>, BuildError> {
        let before = self.list.clone();
        let set = ["".into()];
        let keys: &[Arc<str>] = if how.keys.is_empty() { &set } else { how.keys };
        let mut values = self.values(how.keys);
        if keys.len() > 1 {
            complete(&mut values);
        }
        let present = present(&values, keys.len());
        let mut added: Vec<usize> = Vec::new();
        let mut deleted = HashSet::new();
        let mut valid: Vec<&str> = Vec::new();
        for value in &values {
            let chosen = restrict(&present, keys, value);
            valid = chosen.iter().map(|it| it.0).collect();
            let Some(node) = self.element(how, &chosen, &mut deleted)? else {
                let fits: Vec<&str> = chosen.iter().map(|it| it.1).collect();
                self.list = self.set(&self.list, None, &valid, &fits)?;
                continue;
            };
            for (key, value) in &chosen {
                self.ensure_key(node, key, value, how.at)?;
            }
            let fits: Vec<&str> = chosen.iter().map(|it| it.1).collect();
            added = self.set(&added, Some(node), &valid, &fits)?;
        }
        if !values.is_empty() {
            self.list = self.append(added, &valid)?;
        }
        // In a set of scalars the same one twice is no loss.
        let kept: HashSet<usize> = self.list.iter().copied().chain(deleted).collect();
        let lost = before.into_iter().filter(|it| !kept.contains(it));
        for node in lost
            .map(|it| &self.nodes[it])
            .filter(|it| it.as_mapping().is_some())
        {
            let message = "kustomize throws this element of a list out: it or another one lacks a merge key of its own";
            how.merger
                .tell(WarningKind::ElementLost, node.span(), message.to_owned());
        }
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        // An element that stands there twice (it matched two keys) is written out twice.
        let mut merged: Vec<Node> = Vec::with_capacity(self.list.len());
        let mut places: HashMap<usize, usize> = HashMap::new();
        for at in self.list {
            match nodes[at].take() {
                Some(node) => {
                    places.insert(at, merged.len());
                    merged.push(node);
                }
                None => {
                    if let Some(node) = places.get(&at).and_then(|it| merged.get(*it)).cloned() {
                        merged.push(node);
                    }
                }
            }
        }
        Ok(merged)
    }

    /// The values of the merge keys of all elements, the patch's first, each once.
    fn values(&self, keys: &[Arc<str>]) -> Vec<Vec<String>> {
        let patch = match self.patch {
            Elements::Of(patch) => patch,
            Elements::Same => &[],
        };
        let list = self.list.iter().map(|it| &self.nodes[*it]);
        let mut seen = HashSet::new();
        let mut values = Vec::new();
        for element in patch.iter().chain(list) {
            let value: Vec<String> = if keys.is_empty() {
                vec![text(element).to_owned()]
            } else {
                let field = |key: &Arc<str>| match element.get(key) {
                    Some(it) if !is_empty(it) => text(it).to_owned(),
                    _ => String::new(),
                };
                keys.iter().map(field).collect()
            };
            if seen.insert(value.clone()) {
                values.push(value);
            }
        }
        values
    }

    /// The merged element for a value of the keys.
    fn element(
        &mut self,
        how: &List<'_, '_>,
        chosen: &[(&str, &str)],
        deleted: &mut HashSet<usize>,
    ) -> Result<Option<usize>, BuildError> {
        let given: Vec<(&str, &str)> = chosen
            .iter()
            .copied()
            .filter(|it| !it.1.is_empty())
            .collect();
        let wanted = if given.is_empty() { chosen } else { &given };
        let nodes = &self.nodes;
        let target = self
            .list
            .iter()
            .copied()
            .find(|it| fits(&nodes[*it], wanted));
        let side = match self.patch {
            Elements::Of(patch) => patch
                .iter()
                .find(|it| fits(it, wanted))
                .map_or(Side::Nothing, Side::Patch),
            Elements::Same => Side::Same,
        };
        let node = match how.walk(target.map(|it| &mut self.nodes[it]), side)? {
            Outcome::Kept => target,
            Outcome::Taken(node) => {
                self.nodes.push(node);
                Some(self.nodes.len() - 1)
            }
            Outcome::Cleared => {
                deleted.extend(target);
                None
            }
        };
        Ok(node.filter(|it| !is_void(&self.nodes[*it])))
    }

    /// Give an element a key that it lacks.
    fn ensure_key(
        &mut self,
        at: usize,
        key: &str,
        value: &str,
        by: Span,
    ) -> Result<(), BuildError> {
        let node = &mut self.nodes[at];
        if key.is_empty() || value.is_empty() || node.get(key).is_some() {
            return Ok(());
        }
        let Some(map) = node.as_mapping_mut() else {
            return Err(not_a_map(node));
        };
        let origin = Origin::Derived { by, over: None };
        map.push(Entry {
            key: Key::new(key, origin),
            value: Node::string(value, origin),
        });
        Ok(())
    }

    /// The list with `element` in the place of those whose keys have the values, or at its end. Without
    /// an element, those are left out. Empty elements always are.
    fn set(
        &self,
        list: &[usize],
        element: Option<usize>,
        keys: &[&str],
        values: &[&str],
    ) -> Result<Vec<usize>, BuildError> {
        let by_key = keys.first().is_some_and(|it| !it.is_empty())
            && values.first().is_some_and(|it| !it.is_empty());
        let mut out = Vec::with_capacity(list.len() + 1);
        let mut placed = false;
        for &at in list {
            let node = &self.nodes[at];
            if is_void(node) {
                continue;
            }
            if by_key && node.as_mapping().is_none() {
                out.push(at);
                continue;
            }
            let mut found = !keys.is_empty() && !values.is_empty();
            // Keys beyond the values are not looked at.
            for (key, value) in keys.iter().zip(values) {
                if !matches(node, key, value)? {
                    found = false;
                    break;
                }
            }
            if !found {
                if !values.is_empty() {
                    out.push(at);
                }
                continue;
            }
            placed = true;
            out.extend(element);
        }
        if let Some(element) = element
            && !placed
            && !self.nodes[element].is_null()
        {
            out.push(element);
        }
        Ok(out)
    }

    /// `added`, then the elements of the list that are not in it.
    fn append(&self, added: Vec<usize>, keys: &[&str]) -> Result<Vec<usize>, BuildError> {
        let mut out = added;
        for &at in &self.list {
            let node = &self.nodes[at];
            if keys.first().is_none_or(|it| it.is_empty()) {
                out = self.set(&out, Some(at), &[""], &[text(node)])?;
                continue;
            }
            if node.as_mapping().is_none() && !node.is_null() {
                return Err(not_a_map(node));
            }
            let mut values = Vec::new();
            for key in keys {
                match node.get(key) {
                    Some(value) => values.push(text(value)),
                    None => out.push(at),
                }
            }
            if keys.len() > 1 {
                out = self.set(&out, None, keys, &values)?;
            }
            out = self.set(&out, Some(at), keys, &values)?;
        }
        Ok(out)
    }
}

/// Fill the gaps of keys from one another: a port without protocol is the one with a protocol.
fn complete(values: &mut [Vec<String>]) {
    for i in 0..values.len() {
        let one = values[i].clone();
        for j in 0..values.len() {
            if let Some(both) = united(&one, &values[j]) {
                values[j].clone_from(&both);
                values[i] = both;
            }
        }
    }
}

fn united(one: &[String], other: &[String]) -> Option<Vec<String>> {
    let mut common = false;
    let mut both = Vec::with_capacity(one.len());
    for (a, b) in one.iter().zip(other) {
        if a == b {
            common = true;
            both.push(a.clone());
        } else if !a.is_empty() && !b.is_empty() {
            return None;
        } else {
            both.push(if a.is_empty() { b.clone() } else { a.clone() });
        }
    }
    common.then_some(both)
}

/// For each key, whether any element has a value for it.
fn present(values: &[Vec<String>], keys: usize) -> Vec<bool> {
    let has = |key: usize| {
        values
            .iter()
            .any(|it| it.get(key).is_some_and(|it| !it.is_empty()))
    };
    let present: Vec<bool> = (0..keys).map(has).collect();
    if present.contains(&true) {
        present
    } else {
        vec![true; keys]
    }
}

/// The keys that elements of the list have, with this element's values.
fn restrict<'k>(
    present: &[bool],
    keys: &'k [Arc<str>],
    value: &'k [String],
) -> Vec<(&'k str, &'k str)> {
    let pairs = keys.iter().zip(value).zip(present);
    pairs
        .filter(|(_, present)| **present)
        .map(|((key, value), _)| (&**key, value.as_str()))
        .collect()
}

/// Whether an element is looked up by these keys and values.
fn fits(node: &Node, wanted: &[(&str, &str)]) -> bool {
    match wanted.first() {
        Some(("", value)) => text(node) == *value,
        None => text(node).is_empty(),
        Some(_) => node.as_mapping().is_some_and(|map| {
            wanted
                .iter()
                .all(|(key, value)| map.get(key).is_some_and(|it| text(it) == *value))
        }),
    }
}

/// Whether an element is set by this key and value; an empty value fits any.
fn matches(node: &Node, key: &str, value: &str) -> Result<bool, BuildError> {
    if key.is_empty() {
        return match &node.value {
            Value::Scalar(scalar) => Ok(&*scalar.text == value),
            Value::Sequence(_) | Value::Mapping(_) => Err(BuildError::new(
                node.span(),
                format!("a list of scalars holds {}", node.type_name()),
            )),
        };
    }
    let Some(map) = node.as_mapping() else {
        return Err(not_a_map(node));
    };
    Ok(map
        .get(key)
        .is_some_and(|it| value.is_empty() || text(it) == value))
}

fn not_a_map(node: &Node) -> BuildError {
    BuildError::new(
        node.span(),
        format!("a list that is merged by key holds {}", node.type_name()),
    )
}

/// The text of a scalar; what go-yaml keeps as a node's value.
fn text(node: &Node) -> &str {
    node.as_scalar().map_or("", |it| &it.text)
}

/// Null, an empty map or an empty list.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => node.is_null(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(map) => map.is_empty(),
    }
}

/// Null or an empty map: elements that a list does not keep.
fn is_void(node: &Node) -> bool {
    node.is_null() || node.as_mapping().is_some_and(|it| it.is_empty())
}
