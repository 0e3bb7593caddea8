//! What is wrong with a suite as a whole.

use tollgate_yaml::{Sources, Span, YamlError};

/// Why a suite could not be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SuiteError {
    /// Where; [`Span::NONE`] where no line is to blame.
    pub span: Span,
    /// What is wrong and what to do: one lower-case clause, no full stop.
    pub message: String,
}

impl SuiteError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
        }
    }

    /// The message with its place in front, for outputs that have no place of their own for it.
    pub fn describe(&self, sources: &Sources) -> String {
        let at = sources.describe(self.span);
        if at.is_empty() {
            self.message.clone()
        } else {
            format!("{at}: {}", self.message)
        }
    }
}

impl From<YamlError> for SuiteError {
    fn from(error: YamlError) -> Self {
        let message = match error.help {
            Some(help) => format!("{}: {help}", error.message),
            None => error.message,
        };
        Self::new(error.span, message)
    }
}
