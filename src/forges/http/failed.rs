//! Why a request gave nothing that can be used, in words for people.

use super::Token;
use crate::model::{Gap, Known};

/// Characters of a forge's own message that are repeated.
const LONGEST_MESSAGE: usize = 240;

/// A request that gave nothing that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::forges) struct Failed {
    /// The status of the last answer, where it was a whole answer that says no; `None` where there
    /// was no answer, or none that can be used.
    pub(in crate::forges) status: Option<u16>,
    /// What the forge says in it.
    pub(in crate::forges) message: String,
    /// Why, and what would mend it.
    pub(in crate::forges) gap: Gap,
}

impl Failed {
    /// No answer, or none that can be used.
    pub(in crate::forges) fn new(why: impl Into<String>, needs: impl Into<String>) -> Self {
        Self {
            status: None,
            message: String::new(),
            gap: Gap {
                why: why.into(),
                needs: needs.into(),
            },
        }
    }

    /// Whether the forge gave this whole answer.
    pub(in crate::forges) fn says(&self, status: u16, message: &str) -> bool {
        self.status == Some(status)
            && (self.message.to_ascii_lowercase()).starts_with(&message.to_ascii_lowercase())
    }

    /// The fact that is missing for this reason.
    pub(in crate::forges) fn unknown<T>(self) -> Known<T> {
        Known::Unknown(self.gap)
    }
}

/// A forge's text in one line: the token is taken out, control characters become spaces, and it is
/// cut.
pub(super) fn shown(text: &str, token: Option<&Token>) -> String {
    let text = match token {
        Some(token) => text.replace(token.expose(), "[token]"),
        None => text.to_owned(),
    };
    let mut out: String = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(LONGEST_MESSAGE)
        .collect();
    if text.chars().nth(LONGEST_MESSAGE).is_some() {
        out.push('…');
    }
    out
}
