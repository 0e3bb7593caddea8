//! Anchors: `(key)`, `=(key)`, `X(key)`, `^(key)`, `<(key)` and `+(key)`. Source:
//! `pkg/engine/anchor/anchor.go`.

/// What the mark before the parenthesis asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// `(key)`: the pattern holds only for what has the key with such a value.
    Condition,
    /// `<(key)`: the whole rule holds only for what has such a value, where the key is there.
    Global,
    /// `X(key)`: the key must not be there.
    Negation,
    /// `+(key)`: a mutation's "add if absent"; means nothing to a validation.
    AddIfNotPresent,
    /// `=(key)`: where the key is there, its value must match.
    Equality,
    /// `^(key)`: each pattern of the list must match an element at least.
    Existence,
}

/// An anchored key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor<'a> {
    pub(crate) modifier: Modifier,
    pub(crate) key: &'a str,
}

impl<'a> Anchor<'a> {
    /// Read a key; `None` if it is not anchored.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (modifier, rest) = match text.as_bytes().first()? {
            b'(' => (Modifier::Condition, text),
            b'<' => (Modifier::Global, &text[1..]),
            b'X' => (Modifier::Negation, &text[1..]),
            b'+' => (Modifier::AddIfNotPresent, &text[1..]),
            b'=' => (Modifier::Equality, &text[1..]),
            b'^' => (Modifier::Existence, &text[1..]),
            _ => return None,
        };
        let key = rest.strip_prefix('(')?.strip_suffix(')')?;
        (!key.is_empty() && !key.contains('\n')).then_some(Self { modifier, key })
    }

    /// The same mark around another key.
    pub(crate) fn with_key(self, key: &str) -> String {
        let mark = match self.modifier {
            Modifier::Condition => "",
            Modifier::Global => "<",
            Modifier::Negation => "X",
            Modifier::AddIfNotPresent => "+",
            Modifier::Equality => "=",
            Modifier::Existence => "^",
        };
        format!("{mark}({key})")
    }
}

/// The key without its anchor.
pub(crate) fn strip_anchor(key: &str) -> &str {
    Anchor::parse(key).map_or(key, |it| it.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_keys() {
        let anchor = Anchor::parse(" =(a.b/c) ").expect("an anchor");
        assert_eq!((anchor.modifier, anchor.key), (Modifier::Equality, "a.b/c"));
        assert_eq!(anchor.with_key("d"), "=(d)");
        assert_eq!(Anchor::parse("()"), None);
        assert_eq!(Anchor::parse("key"), None);
        assert_eq!(Anchor::parse("Xkey"), None);
        assert_eq!(strip_anchor("X(a)"), "a");
    }
}
