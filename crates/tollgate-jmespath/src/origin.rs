//! Where in its data the value of an expression comes from, without any data.

use crate::ast::Node;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A step from a map to one of its values. Lists on the way are gone through: they are no step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The value of a key.
    Key(Arc<str>),
    /// Any value of the map.
    Any,
}

/// A place in the data, from the top; an empty one is all of it.
pub type Path = Vec<Step>;

/// What a value hangs on. In doubt it hangs on more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Where the value, or an element of it, may stand in the data.
    pub at: BTreeSet<Path>,
    /// Places that it hangs on otherwise, each with everything below it.
    pub within: BTreeSet<Path>,
}

impl Origin {
    /// How many places are told apart; of more, the value hangs on everything.
    const MOST: usize = 256;

    /// That of a value which may come from anywhere.
    pub fn everything() -> Self {
        Self {
            at: BTreeSet::new(),
            within: BTreeSet::from([Path::new()]),
        }
    }

    /// That of what stands in one place.
    pub fn of(path: Path) -> Self {
        Self {
            at: BTreeSet::from([path]),
            within: BTreeSet::new(),
        }
    }

    /// The value may come from there too.
    pub fn join(&mut self, other: Self) {
        if self.within.contains(&Path::new()) {
            return;
        }
        self.at.extend(other.at);
        self.within.extend(other.within);
        if self.at.len() + self.within.len() > Self::MOST {
            *self = Self::everything();
        }
    }

    /// That of something that is made of the value.
    #[must_use]
    pub fn made(mut self) -> Self {
        self.within.append(&mut self.at);
        self
    }

    /// That of what is a step below. What was made of several may have it from any of them.
    #[must_use]
    pub fn below(self, step: &Step) -> Self {
        let longer = |mut path: Path| {
            path.push(step.clone());
            path
        };
        Self {
            at: self.at.into_iter().map(longer).collect(),
            within: self.within,
        }
    }
}

/// How deep a path is followed: beyond, it is all that is there.
const DEEPEST: usize = 64;

/// The origin of what a node makes of a value of this origin.
pub(crate) fn of(node: &Node, current: &Origin) -> Origin {
    let all = |nodes: &[Node]| {
        let mut joined = Origin::default();
        nodes.iter().for_each(|it| joined.join(of(it, current)));
        joined
    };
    match node {
        Node::Current => current.clone(),
        Node::Field(key) => below(current, &Step::Key(key.clone())),
        Node::Index(_) | Node::Slice(_) => current.clone(),
        Node::Literal(_) => Origin::default(),
        Node::Chain(nodes) | Node::Pipe(nodes) => {
            let mut value = current.clone();
            for it in nodes {
                value = of(it, &value);
            }
            value
        }
        Node::Or(nodes) | Node::And(nodes) | Node::List(nodes) => all(nodes),
        Node::Not(node) => of(node, current).made(),
        Node::Compare(_, sides) => all(&**sides).made(),
        Node::Project(sides) => of(&sides[1], &of(&sides[0], current)),
        Node::ProjectValues(sides) => {
            let values = below(&of(&sides[0], current), &Step::Any);
            of(&sides[1], &values)
        }
        Node::Filter {
            left,
            condition,
            right,
        } => {
            let elements = of(left, current);
            let mut found = of(right, &elements);
            found.join(of(condition, &elements).made());
            found
        }
        Node::Flatten(node) | Node::Reference(node) => of(node, current),
        Node::Hash(entries) => {
            let mut made = Origin::default();
            for (_, it) in entries {
                made.join(of(it, current).made());
            }
            made
        }
        Node::Call {
            name, arguments, ..
        } => call(name, arguments, current),
    }
}

fn below(origin: &Origin, step: &Step) -> Origin {
    if origin.at.iter().any(|it| it.len() >= DEEPEST) {
        return origin.clone().made();
    }
    origin.clone().below(step)
}

fn call(name: &str, arguments: &[Node], current: &Origin) -> Origin {
    let (references, values): (Vec<&Node>, Vec<&Node>) = arguments
        .iter()
        .partition(|it| matches!(it, Node::Reference(_)));
    let mut of_values = Origin::default();
    for it in values {
        of_values.join(of(it, current));
    }
    if references.is_empty() {
        return match name {
            // Which keys there are, and nothing of what stands there.
            "keys" => Origin {
                at: BTreeSet::new(),
                within: of_values.within,
            },
            _ => of_values.made(),
        };
    }
    // What is asked of each element; `map` gives that, the others the elements themselves.
    let mut found = Origin::default();
    for it in references {
        found.join(of(it, &of_values).made());
    }
    if name == "map" {
        of_values.at.clear();
    }
    found.join(of_values);
    found
}

#[cfg(test)]
mod tests {
    use super::{Path, Step};
    use crate::Expression;
    use std::collections::BTreeSet;

    fn written(paths: &BTreeSet<Path>) -> String {
        let step = |it: &Step| match it {
            Step::Key(key) => key.to_string(),
            Step::Any => "*".to_owned(),
        };
        let path = |it: &Path| it.iter().map(step).collect::<Vec<_>>().join(".");
        paths.iter().map(path).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_value_comes_from_the_places_that_its_expression_names() {
        for (text, at, within) in [
            ("a.b", "a.b", ""),
            ("a . \"b c\" ", "a.b c", ""),
            ("a | b", "a.b", ""),
            ("a.b[0].c", "a.b.c", ""),
            ("a[].b[1:2].c[*].d", "a.b.c.d", ""),
            ("a.*.b", "a.*.b", ""),
            ("a.[b, c.d][0]", "a.b a.c.d", ""),
            ("a.{x: b, y: c}.x", "", "a.b a.c"),
            ("a.b || c.d", "a.b c.d", ""),
            ("a.b && c", "a.b c", ""),
            ("a.b == c", "", "a.b c"),
            ("!(a.b)", "", "a.b"),
            ("a[?b == 'x'].c", "a.c", "a.b"),
            ("`{\"a\": 1}`.a", "", ""),
            ("to_string(a.b)", "", "a.b"),
            ("a.length(@)", "", "a"),
            ("keys(a.b)", "", ""),
            ("a.b.keys(@) | contains(@, 'c')", "", ""),
            ("map(&b.c, a)", "", "a.b.c"),
            ("sort_by(a, &b)[0].c", "a.c", "a.b"),
            ("@", "", ""),
        ] {
            let origin = Expression::parse(text).expect("an expression").origin();
            let found = (written(&origin.at), written(&origin.within));
            assert_eq!(found, (at.to_owned(), within.to_owned()), "{text}");
        }
        let all = Expression::parse("@").expect("an expression").origin();
        assert_eq!(all.at, BTreeSet::from([Path::new()]));
    }

    #[test]
    fn of_too_many_places_a_value_hangs_on_everything() {
        let twice = "[a, b]";
        let text = [twice; 12].join(".");
        let origin = Expression::parse(&text).expect("an expression").origin();
        assert_eq!(origin.within, BTreeSet::from([Path::new()]));
        let deep = ["a"; 100].join(".");
        let origin = Expression::parse(&deep).expect("an expression").origin();
        assert_eq!(origin.at, BTreeSet::new());
        assert_eq!(
            origin.within,
            BTreeSet::from([vec![Step::Key("a".into()); 64]])
        );
    }
}
