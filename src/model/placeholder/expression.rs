//! Expressions of templates, as Go writes them.

/// Whether a template's expression takes its value from somewhere: a field, or a function of fields.
/// A text or a number of its own would be a value (`default "value"`); a key to look up is none.
pub(super) fn is_reference(expression: &str) -> bool {
    let name = |it: &str| {
        it.starts_with(|it: char| it.is_ascii_alphabetic())
            && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    };
    let field = |it: &str| {
        it.starts_with(['.', '$'])
            && it
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || "_.$-".contains(it))
    };
    let short = |it: &str| it.len() <= 3 && it.parse::<u16>().is_ok();
    let expression = expression.replace(['(', ')'], " ");
    let mut calls = expression.split('|');
    let mut source = calls.next().unwrap_or_default().split_whitespace();
    let Some(first) = source.next() else {
        return false;
    };
    let arguments: Vec<&str> = source.collect();
    let looks_up = matches!(first, "index" | "get");
    let from = if arguments.is_empty() {
        // `values.name`, as an ApplicationSet writes it, says where it comes from too.
        field(first) || (first.contains('.') && field(&format!(".{first}")))
    } else {
        name(first)
            && arguments.iter().any(|it| field(it))
            && arguments
                .iter()
                .all(|it| field(it) || (looks_up && it.starts_with('"')))
    };
    from && calls.all(|call| {
        let mut words = call.split_whitespace();
        words.next().is_some_and(name) && words.all(|it| field(it) || short(it))
    })
}

/// Whether a text has a template that names a field; comments and texts of its own name none.
pub fn names_a_field(text: &str) -> bool {
    let mut templates = text.split("{{").skip(1);
    templates.any(|it| {
        let Some((inner, _)) = it.split_once("}}") else {
            return false;
        };
        let inner = inner.trim_matches(['-', ' ', '\t']);
        let code = inner.split(['"', '`']).step_by(2);
        let mut words = code.flat_map(|it| it.split([' ', '(', ')', '|', '\t', '\n']));
        !inner.starts_with("/*") && words.any(|it| it.starts_with(['.', '$']))
    })
}
