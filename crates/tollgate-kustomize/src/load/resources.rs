//! Reads the resources of a file as kustomize's reader splits and checks them.
//! Source of the semantics: kyaml `kio/byteio_reader.go`, api `resource/factory.go`.

use super::annotated;
use crate::{
    error::BuildError,
    resource::{Resource, forget_folding},
};
use std::collections::VecDeque;
use tollgate_yaml::{Dialect, FileId, Limits, Node, Span, Value};

/// The resources that `text` holds, lists of resources taken apart.
pub(crate) fn parse(
    text: &str,
    file: FileId,
    limits: &Limits,
) -> Result<Vec<Resource>, BuildError> {
    let parts = check_lines(text, file)?;
    let documents = tollgate_yaml::parse(text, file, Dialect::Kyaml, limits)?;
    let mut queue: VecDeque<Node> = documents.into();
    let mut resources = Vec::new();
    while let Some(document) = queue.pop_front() {
        if is_empty(&document) {
            continue;
        }
        check(&document)?;
        let kind = document.get("kind").and_then(Node::as_scalar);
        let kind = kind.map_or("", |it| &it.text);
        // A list that stands alone is unwrapped by the reader of files, others by way of JSON.
        let unwrapped = parts == 1 && matches!(kind, "List" | "ResourceList");
        if !kind.ends_with("List") || document.get("items").is_none() {
            if !(unwrapped && document.get("functionConfig").is_some()) {
                resources.push(annotated::resource(document)?);
            }
            continue;
        }
        let mut items = items(document)?;
        if !unwrapped {
            items.iter_mut().for_each(forget_folding);
        }
        queue.extend(items);
    }
    Ok(resources)
}

/// The items of a list of resources; they come after what else the file holds.
fn items(list: Node) -> Result<Vec<Node>, BuildError> {
    let Value::Mapping(mut map) = list.value else {
        return Ok(Vec::new());
    };
    let Some(items) = map.remove("items").map(|it| it.value) else {
        return Ok(Vec::new());
    };
    let (span, type_name, null) = (items.span(), items.type_name(), items.is_null());
    match items.value {
        Value::Sequence(items) => Ok(items),
        _ if null => Ok(Vec::new()),
        _ => Err(BuildError::new(
            span,
            format!("the items of a list of resources must be a list, not {type_name}"),
        )),
    }
}

/// Whether kustomize drops the document without a word.
fn is_empty(document: &Node) -> bool {
    document.is_null()
        || document
            .as_mapping()
            .is_some_and(tollgate_yaml::Mapping::is_empty)
        || document.as_sequence().is_some_and(<[Node]>::is_empty)
}

/// What every resource must have: a kind and, but for lists, a name.
fn check(document: &Node) -> Result<(), BuildError> {
    if document.as_mapping().is_none() {
        return Err(BuildError::new(
            document.span(),
            format!("a resource must be a map, not {}", document.type_name()),
        ));
    }
    let filled = |node: Option<&Node>| {
        node.and_then(Node::as_scalar)
            .is_some_and(|it| it.tag != tollgate_yaml::Tag::Null && !it.text.is_empty())
    };
    let kind = document.get("kind");
    if !filled(kind) {
        let at = kind.map_or(document.span(), Node::span);
        return Err(BuildError::new(at, "a resource without `kind`").help(
            "every document of a resource file needs `apiVersion`, `kind` and `metadata.name`",
        ));
    }
    let is_list = kind
        .and_then(Node::as_scalar)
        .is_some_and(|it| it.text.ends_with("List"));
    let name = document.get("metadata").and_then(|it| it.get("name"));
    if !is_list && !filled(name) {
        let at = document.get("metadata").map_or(document.span(), Node::span);
        return Err(BuildError::new(at, "a resource without `metadata.name`")
            .help("kustomize needs a name; `generateName` is not enough"));
    }
    Ok(())
}

/// Check the lines that part documents; gives the number of parts. kustomize splits a file at lines
/// that begin with `---` and reads one document from each part.
fn check_lines(text: &str, file: FileId) -> Result<usize, BuildError> {
    let (mut offset, mut parts) = (0, 1);
    // Whether a document was ended by `...` and nothing came since, and whether any has begun.
    let (mut ended, mut begun) = (false, false);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let at = Span::new(file, offset, offset + line.trim_end().len());
        offset += line.len();
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            let separates = number > 0 && line.ends_with('\n');
            if separates && !rest.is_empty() && !rest.starts_with('#') {
                return Err(BuildError::new(at, "text behind a document separator")
                    .help("put it on the next line"));
            }
            parts += usize::from(separates);
            (ended, begun) = (false, true);
        } else if line.trim_end() == "..." {
            ended = true;
        } else if line.trim().is_empty() || line.starts_with('#') {
        } else if ended {
            return Err(BuildError::new(at, "text between `...` and the next `---`")
                .help("kustomize would drop it: begin the document with `---`"));
        } else if line.starts_with('%') && !begun {
            return Err(BuildError::new(at, "a YAML directive")
                .help("remove it: kustomize cannot read files with directives"));
        } else {
            begun = true;
        }
    }
    Ok(parts)
}
