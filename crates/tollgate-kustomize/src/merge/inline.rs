//! Schemas that comments give single fields: `things: # {"type":"array",...}`. They take the place of
//! what is known of the field otherwise.
//!
//! Source of the semantics: kyaml `fieldmeta`, `yaml/walk/map.go`; which node a comment belongs to is
//! go-yaml's answer.

use super::schema::Shape;
use std::collections::BTreeMap;
use tollgate_yaml::{FileId, Key, Node, Origin};

/// The schemas in the comments of one file, by the place at which the key of the field begins.
#[derive(Debug)]
pub(crate) struct Inline {
    file: FileId,
    shapes: BTreeMap<u32, Shape>,
}

impl Inline {
    /// Read the comments of a file that hold a JSON object; `None` where there are none. Comments are
    /// looked for line by line: what stands inside of a text begins at no key, and counts for nothing.
    pub(crate) fn of(file: FileId, text: &str) -> Option<Self> {
        if !text.contains("# {") && !text.contains("#{") {
            return None;
        }
        let mut shapes = BTreeMap::new();
        let mut above: Option<(usize, Shape)> = None;
        let mut after_comment = false;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_start();
            let column = line.len() - content.len();
            if content.is_empty() {
                start += line.len();
                continue;
            }
            if content.starts_with('#') {
                // Of several lines none is an object.
                above = shape(content)
                    .filter(|_| !after_comment)
                    .map(|it| (column, it));
                after_comment = true;
                start += line.len();
                continue;
            }
            after_comment = false;
            let above = above.take();
            if let Some(key) = key_column(line) {
                let beside = beside(&line[key..]);
                let shape = match beside {
                    Beside::Comment(comment) => shape(comment),
                    Beside::Nothing => above.filter(|it| it.0 == key).map(|it| it.1),
                };
                if let (Some(shape), Ok(at)) = (shape, u32::try_from(start + key)) {
                    shapes.insert(at, shape);
                }
            }
            start += line.len();
        }
        (!shapes.is_empty()).then_some(Self { file, shapes })
    }

    /// The schema that a comment gives the field of this key.
    pub(super) fn of_key(&self, key: &Key) -> Option<&Shape> {
        let span = key.origin.edit_here();
        if span.file != self.file {
            return None;
        }
        self.shapes.get(&span.start)
    }
}

/// Where the key of a line of block style begins; dashes of lists may stand before it.
fn key_column(line: &str) -> Option<usize> {
    let mut rest = line.trim_start_matches(' ');
    while let Some(after) = rest.strip_prefix("- ") {
        rest = after.trim_start_matches(' ');
    }
    (!rest.is_empty()).then(|| line.len() - rest.len())
}

/// What stands behind a key, or behind a list or map that begins and ends on its line.
enum Beside<'a> {
    /// A comment.
    Comment(&'a str),
    /// None.
    Nothing,
}

fn beside(line: &str) -> Beside<'_> {
    let Some((head, comment)) = line.split_once(" #") else {
        return Beside::Nothing;
    };
    let value = head.split_once(':').map(|it| it.1.trim());
    let belongs = value.is_some_and(|it| {
        it.is_empty()
            || it.starts_with('[') && it.ends_with(']')
            || it.starts_with('{') && it.ends_with('}')
    });
    if belongs {
        Beside::Comment(comment)
    } else {
        Beside::Nothing
    }
}

/// What a comment says, if that is a JSON object that holds something.
fn shape(comment: &str) -> Option<Shape> {
    let text = comment.trim_start_matches('#').trim();
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    json.as_object().filter(|it| !it.is_empty())?;
    let node = Node::from_json(&json, Origin::Builtin);
    Some(Shape::from_openapi(&node, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_yaml::Sources;

    #[test]
    fn a_comment_belongs_to_the_key_beside_or_below_it() {
        let text = "spec:\n  a: # {\"type\":\"array\"}\n  - x: 1\n  # {\"type\":\"array\"}\n  b:\n  - y\n  c: [a] # {\"type\":\"array\"}\n  d: e # {\"type\":\"array\"}\n  f: # words\n  # one\n  # {\"type\":\"array\"}\n  g: []\n  - h: #{\"x\":1}\n  i: # {}\n";
        let sources = Sources::new();
        let file = sources.add("r.yaml", text);
        let inline = Inline::of(file, text).expect("some");
        let found: Vec<&str> = inline
            .shapes
            .keys()
            .map(|at| &text[*at as usize..=*at as usize])
            .collect();
        assert_eq!(found, ["a", "b", "c", "h"]);
        assert!(Inline::of(file, "a: # words {\nb: '# {'\n").is_none());
    }
}
