//! YAML inside of a text of a kustomization file, with places that point into that file.

use crate::{error::BuildError, kustomization::Text};
use tollgate_yaml::{Node, Origin, Sources, Span, Style, Value};

/// Translates places in an inline text to places in the file that holds it.
pub(crate) struct Places {
    whole: Span,
    /// For each line of the text: where it begins in the text, and where in the file. Empty where
    /// the text was not written line by line as it is.
    lines: Vec<(usize, usize)>,
}

impl Places {
    /// The places of `text`, of which the first `skip` bytes are not looked at.
    pub(crate) fn of(text: &Text, skip: usize, sources: &Sources) -> Self {
        let lines = match (text.style, sources.get(text.span.file)) {
            (Style::Literal, Some(file)) => {
                block_lines(text, skip, file.text()).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        Self {
            whole: text.span,
            lines,
        }
    }

    fn offset(&self, at: u32) -> Option<usize> {
        let at = at as usize;
        let index = self.lines.partition_point(|(begin, _)| *begin <= at);
        let (begin, in_file) = self.lines.get(index.checked_sub(1)?)?;
        Some(in_file + (at - begin))
    }

    /// The place in the file.
    pub(crate) fn span(&self, inner: Span) -> Span {
        match (self.offset(inner.start), self.offset(inner.end)) {
            (Some(start), Some(end)) => Span::new(self.whole.file, start, end.max(start)),
            _ => self.whole,
        }
    }

    /// Translate every place of a tree.
    pub(crate) fn node(&self, node: &mut Node) {
        self.origin(&mut node.origin);
        match &mut node.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => items.iter_mut().for_each(|it| self.node(it)),
            Value::Mapping(map) => map.iter_mut().for_each(|it| {
                self.origin(&mut it.key.origin);
                self.node(&mut it.value);
            }),
        }
    }

    /// Translate the place of an error.
    pub(crate) fn error(&self, mut error: BuildError) -> BuildError {
        error.span = self.span(error.span);
        error
    }

    fn origin(&self, origin: &mut Origin) {
        if let Origin::Authored(span) = origin {
            *span = self.span(*span);
        }
    }
}

/// Where the lines of a literal block stand; `None` where they differ from the file's.
fn block_lines(text: &Text, skip: usize, file: &str) -> Option<Vec<(usize, usize)>> {
    let from = text.span.start as usize;
    let header = file.get(from..)?;
    let mut in_file = match header.starts_with('|') {
        true => from + header.find('\n')? + 1,
        false => file.get(..from)?.rfind('\n').map_or(0, |it| it + 1),
    };
    let first = text.value.lines().find(|it| !it.trim().is_empty())?;
    let source = file
        .get(in_file..)?
        .lines()
        .find(|it| !it.trim().is_empty())?;
    let indent = source.strip_suffix(first)?.len();
    let (mut lines, mut in_text) = (Vec::new(), 0);
    for line in text.value.split_inclusive('\n') {
        let source = file
            .get(in_file..)?
            .split_inclusive('\n')
            .next()
            .unwrap_or("");
        let content = source.get(indent..).unwrap_or("");
        if content.trim_end() != line.trim_end() {
            return None;
        }
        if in_text >= skip {
            lines.push((in_text - skip, in_file + indent.min(source.len())));
        } else {
            lines.push((0, in_file + indent + skip - in_text));
        }
        in_text += line.len();
        in_file += source.len();
    }
    Some(lines)
}
