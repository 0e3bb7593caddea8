//! Paths of replacements: `spec.containers.[name=web].args.0`, `metadata.annotations.[a.b/c]`.
//! Source: kyaml `utils/pathsplitter.go`, `PathGetter` in `yaml/fns.go`, `PathMatcher` in
//! `yaml/match.go`.

use super::print;
use tollgate_goregex::Regex;
use tollgate_yaml::{
    Dialect, Key, Limits, Mapping, Node, Origin, Scalar, Step, Style, Tag, Value, parse,
};

/// The parts of a path. `\.` is a dot in a part, brackets hold dots together, and a leading dot does
/// not count.
pub(super) fn split(path: &str) -> Vec<String> {
    let mut pieces: Vec<&str> = path.split('.').collect();
    if pieces.len() > 1 && pieces[0].is_empty() {
        pieces.remove(0);
    }
    let mut parts: Vec<String> = Vec::new();
    for piece in pieces {
        match parts.last_mut().filter(|it| it.ends_with('\\')) {
            Some(last) => {
                last.pop();
                last.push('.');
                last.push_str(piece);
            }
            None => parts.push(piece.to_owned()),
        }
    }
    let mut whole = Vec::new();
    let mut rest = parts.into_iter();
    while let Some(mut part) = rest.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            whole.push(part);
            continue;
        }
        for next in rest.by_ref() {
            part.push('.');
            part.push_str(&next);
            if next.ends_with(']') {
                break;
            }
        }
        if part.contains('=') {
            whole.push(part);
        } else {
            whole.push(part.trim_matches(['[', ']']).to_owned());
        }
    }
    whole
}

/// What kind of node is made where a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Sequence,
    Mapping,
}

impl Kind {
    pub(super) fn of(node: &Node) -> Self {
        match node.value {
            Value::Scalar(_) => Self::Scalar,
            Value::Sequence(_) => Self::Sequence,
            Value::Mapping(_) => Self::Mapping,
        }
    }

    /// What must stand before the rest of a path so that it can go on, and at its end.
    fn before(rest: &[String], last: Self) -> Self {
        match rest.first().map(String::as_str) {
            None | Some("") => last,
            Some(part) if is_list_index(part) || index(part).is_some_and(|it| it >= 0) => {
                Self::Sequence
            }
            Some(_) => Self::Mapping,
        }
    }

    fn node(self) -> Node {
        let value = match self {
            Self::Scalar => Value::Scalar(Scalar {
                text: "".into(),
                tag: Tag::Null,
                style: Style::Plain,
            }),
            Self::Sequence => Value::Sequence(Vec::new()),
            Self::Mapping => Value::Mapping(Mapping::new()),
        };
        Node::new(value, Origin::Builtin)
    }
}

/// A place that a path leads to.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// A node of the tree.
    At {
        steps: Vec<Step>,
        /// Whether it was made on the way.
        fresh: bool,
    },
    /// A node of which nothing will be seen: kustomize writes into a copy.
    Lost(Node),
}

type Search = Result<(), String>;

/// The first node that a path leads to, and the way to it. A `*` is not understood here.
pub(super) fn lookup<'n>(
    node: &'n Node,
    path: &[String],
) -> Result<Option<(Vec<Step>, &'n Node)>, String> {
    let mut node = node;
    let mut steps = Vec::new();
    for part in path.iter().map(|it| it.trim()).filter(|it| !it.is_empty()) {
        let found = if let Some(at) = index(part) {
            if at < 0 {
                return Err(format!("the index {at} is negative"));
            }
            element(node, usize::try_from(at).ok())?
        } else if part == "-" {
            match items(node)?.len().checked_sub(1) {
                Some(last) => element(node, Some(last))?,
                None => return Err("the list is empty".to_owned()),
            }
        } else if part == "*" {
            return Err("`*` cannot be used here".to_owned());
        } else if is_list_index(part) {
            let (name, value) = name_and_value(part)?;
            let fits = |it: &Node| match name {
                "" => text(it) == value,
                name => it.get(name).is_some_and(|it| text(it) == value),
            };
            element(node, items(node)?.iter().position(fits))?
        } else if node.is_null() {
            None
        } else {
            match node.as_mapping() {
                Some(map) => map.get(part).map(|it| (Step::Key(part.into()), it)),
                None => return Err(wrong_kind("a map", node)),
            }
        };
        let Some((step, next)) = found else {
            return Ok(None);
        };
        steps.push(step);
        node = next;
    }
    Ok(Some((steps, node)))
}

fn element(node: &Node, at: Option<usize>) -> Result<Option<(Step, &Node)>, String> {
    let items = items(node)?;
    Ok(at.and_then(|at| Some((Step::Index(at), items.get(at)?))))
}

/// All nodes that a path leads to. Where there are none and `create` says of what kind the last one
/// is to be, they are made.
pub(super) fn find(
    node: &mut Node,
    path: &[String],
    create: Option<Kind>,
    found: &mut Vec<Found>,
) -> Search {
    Finder {
        create,
        found,
        steps: Vec::new(),
    }
    .find(node, path, false)
}

/// The node at the end of a way.
pub(super) fn at_mut<'n>(node: &'n mut Node, steps: &[Step]) -> Option<&'n mut Node> {
    steps.iter().try_fold(node, |node, step| match step {
        Step::Key(key) => node.get_mut(key),
        Step::Index(at) => node.as_sequence_mut()?.get_mut(*at),
    })
}

/// Null, an empty map or an empty list.
pub(super) fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => node.is_null(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(map) => map.is_empty(),
    }
}

struct Finder<'f> {
    create: Option<Kind>,
    found: &'f mut Vec<Found>,
    steps: Vec<Step>,
}

impl Finder<'_> {
    fn find(&mut self, node: &mut Node, path: &[String], fresh: bool) -> Search {
        let Some((part, rest)) = path.split_first() else {
            let steps = self.steps.clone();
            self.found.push(Found::At { steps, fresh });
            return Ok(());
        };
        if let Some(at) = index(part).and_then(|it| usize::try_from(it).ok()) {
            self.by_index(node, at, rest)
        } else if is_list_index(part) {
            self.by_value(node, part, rest)
        } else if part == "*" {
            (0..items(node)?.len()).try_for_each(|at| self.enter(node, at, rest, false))
        } else {
            self.by_field(node, part, rest)
        }
    }

    /// Go on in an element.
    fn enter(&mut self, node: &mut Node, at: usize, rest: &[String], fresh: bool) -> Search {
        let Some(item) = node.as_sequence_mut().and_then(|it| it.get_mut(at)) else {
            return Ok(());
        };
        self.steps.push(Step::Index(at));
        let result = self.find(item, rest, fresh);
        self.steps.pop();
        result
    }

    fn by_index(&mut self, node: &mut Node, at: usize, rest: &[String]) -> Search {
        let length = items(node)?.len();
        let fresh = length == at && self.create.is_some();
        if let Some(last) = self.create.filter(|_| fresh) {
            let item = Kind::before(rest, last).node();
            match node.as_sequence_mut() {
                Some(items) => items.push(item),
                None => return self.lost(item, rest),
            }
        } else if length <= at {
            return Err(format!("there is no element {at} in a list of {length}"));
        }
        self.enter(node, at, rest, fresh)
    }

    fn by_value(&mut self, node: &mut Node, part: &str, rest: &[String]) -> Search {
        let (name, pattern) = name_and_value(part)?;
        let before = self.found.len();
        self.matching(node, name, pattern, rest, false)?;
        if self.found.len() > before || self.create.is_none() {
            return Ok(());
        }
        let value = untyped(pattern);
        let item = match name {
            "" => value,
            name => {
                let mut map = Mapping::new();
                map.set(name, value);
                Node::mapping(map, Origin::Builtin)
            }
        };
        match node.as_sequence_mut() {
            Some(items) => items.push(item),
            None => return self.lost(item, rest),
        }
        self.matching(node, name, pattern, rest, name.is_empty())?;
        if self.found.len() == before {
            return Err(format!("the element made for `{part}` does not match it"));
        }
        Ok(())
    }

    /// Go on in the elements of which a field (or, without name, which themselves) match a pattern
    /// somewhere. Elements themselves end the path.
    fn matching(
        &mut self,
        node: &mut Node,
        name: &str,
        pattern: &str,
        rest: &[String],
        fresh: bool,
    ) -> Search {
        let list = items(node)?;
        if list.is_empty() {
            return Ok(());
        }
        let regex = Regex::new(pattern).map_err(|it| it.why)?;
        let fits = |it: &Node| match name {
            "" => regex.is_match(print::yaml(it).trim()),
            name => it
                .get(name)
                .is_some_and(|it| regex.is_match(print::yaml(it).trim())),
        };
        let places: Vec<usize> = (0..list.len()).filter(|at| fits(&list[*at])).collect();
        let rest = if name.is_empty() { &[] } else { rest };
        places
            .into_iter()
            .try_for_each(|at| self.enter(node, at, rest, fresh))
    }

    fn by_field(&mut self, node: &mut Node, part: &str, rest: &[String]) -> Search {
        let made = self.create.map(|last| Kind::before(rest, last).node());
        if node.is_null() {
            return match made {
                Some(made) => self.lost(made, rest),
                None => Ok(()),
            };
        }
        let kind = wrong_kind("a map", node);
        let Some(map) = node.as_mapping_mut().filter(|_| !part.is_empty()) else {
            return Err(kind);
        };
        let fresh = !map.contains_key(part);
        if let (true, Some(made)) = (fresh, made) {
            map.insert(Key::new(part, Origin::Builtin), made);
        }
        let Some(field) = map.get_mut(part) else {
            return Ok(());
        };
        if let (Value::Scalar(scalar), false) = (&field.value, rest.is_empty()) {
            // kustomize searches what the text holds, and throws the result away.
            let inside = structured(&scalar.text, field)?;
            return self.lost(inside, rest);
        }
        self.steps.push(Step::Key(part.into()));
        let result = self.find(field, rest, fresh);
        self.steps.pop();
        result
    }

    /// Search a tree that is not part of the resource.
    fn lost(&mut self, mut node: Node, rest: &[String]) -> Search {
        let mut found = Vec::new();
        find(&mut node, rest, self.create, &mut found)?;
        for place in found {
            let lost = match place {
                Found::At { steps, .. } => at_mut(&mut node, &steps).cloned(),
                Found::Lost(node) => Some(node),
            };
            self.found.extend(lost.map(Found::Lost));
        }
        Ok(())
    }
}

/// The first document in a text.
pub(super) fn structured(text: &str, at: &Node) -> Result<Node, String> {
    let documents =
        parse(text, at.span().file, Dialect::Kyaml, &Limits::default()).map_err(|it| it.message)?;
    documents
        .into_iter()
        .next()
        .ok_or_else(|| "the text holds nothing".to_owned())
}

/// A scalar that means what its text says.
pub(super) fn untyped(text: &str) -> Node {
    let scalar = Scalar {
        text: text.into(),
        tag: tollgate_yaml::resolve(text, Dialect::Kyaml),
        style: Style::Plain,
    };
    Node::new(Value::Scalar(scalar), Origin::Builtin)
}

/// What go-yaml keeps as the value of a node.
pub(super) fn text(node: &Node) -> &str {
    node.as_scalar().map_or("", |it| &it.text)
}

fn items(node: &Node) -> Result<&[Node], String> {
    if node.is_null() {
        return Ok(&[]);
    }
    node.as_sequence().ok_or_else(|| wrong_kind("a list", node))
}

fn wrong_kind(wanted: &str, node: &Node) -> String {
    format!(
        "the path wants {wanted} where there is {}",
        node.type_name()
    )
}

/// A whole number as Go reads one.
fn index(part: &str) -> Option<i64> {
    part.parse().ok()
}

fn is_list_index(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

fn name_and_value(part: &str) -> Result<(&str, &str), String> {
    let inside = part.strip_suffix(']').unwrap_or(part);
    let inside = inside.strip_prefix('[').unwrap_or(inside);
    inside
        .split_once('=')
        .ok_or_else(|| format!("`{part}` must be of the form `[field=value]`"))
}
