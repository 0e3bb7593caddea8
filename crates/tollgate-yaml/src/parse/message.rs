//! What granit-parser found wrong, in words for the person who wrote the file.

use granit_parser::{ErrorKind as Kind, ScanError};

/// What is wrong and what to do about it.
pub(super) fn explain(error: &ScanError, line: &str) -> (String, Option<&'static str>) {
    let (message, help) = words(error.kind());
    let message = message.map_or_else(|| error.info().to_string(), str::to_string);
    if line.contains("{{") {
        return (
            message,
            Some("a template such as `{{ name }}` must stand in quotes to be text"),
        );
    }
    (message, help)
}

const SPACES: Option<&str> = Some("indent with spaces: YAML does not allow tabs there");
const QUOTE: Option<&str> = Some("put the text in quotes");
const ALIGN: Option<&str> =
    Some("check the indentation: the entries of one map or list begin at the same column");

fn words(kind: &Kind) -> (Option<&'static str>, Option<&'static str>) {
    let (message, help) = match kind {
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabInIndentation
        | Kind::TabInPlainScalar
        | Kind::InvalidBlockEntryWhitespace
        | Kind::TabAtBlockScalarStart => ("a tab stands where only spaces may", SPACES),
        Kind::MappingValueNotAllowed => (
            "a `:` that would begin another value cannot stand here",
            Some("put the text in quotes if the colon belongs to it, else check the indentation"),
        ),
        Kind::MappingKeyNotAllowed => ("a key cannot stand here", ALIGN),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => (
            "this line should be a key, but it has no `:`",
            Some("add `: ` after the key, or check the indentation of the line"),
        ),
        Kind::ExpectedBlockMappingKey => ("a key was expected here", ALIGN),
        Kind::ExpectedBlockSequenceEntry => ("a `- ` was expected here", ALIGN),
        Kind::BlockSequenceEntryNotAllowed => (
            "a list cannot begin here",
            Some("begin the list on the line after its key"),
        ),
        Kind::InvalidIndentation => ("the indentation fits nothing above it", ALIGN),
        Kind::InvalidFlowScalarIndent | Kind::InvalidQuotedScalarIndent => (
            "the line is indented less than the value that it continues",
            ALIGN,
        ),
        Kind::InvalidBlockScalarIndent => (
            "a line of the text block is indented less than its first line",
            ALIGN,
        ),
        Kind::ExpectedFlowMappingSeparator => ("a `,` or `}` was expected here", None),
        Kind::ExpectedFlowSequenceSeparator => ("a `,` or `]` was expected here", None),
        Kind::UnexpectedEofFlowSequence => ("the file ends before the list's `]`", None),
        Kind::UnexpectedEofFlowMapping | Kind::UnexpectedEofImplicitFlowMapping => {
            ("the file ends before the map's `}`", None)
        }
        Kind::UnclosedFlowCollection { .. } => {
            ("the bracket that opens here is never closed", None)
        }
        Kind::MisplacedFlowCollectionEnd | Kind::MismatchedFlowCollectionEnd { .. } => {
            ("this bracket closes nothing that is open", QUOTE)
        }
        Kind::UnclosedQuotedScalar => ("the quote that opens here is never closed", None),
        Kind::DocumentIndicatorInQuotedScalar => (
            "`---` or `...` at the start of a line ends the document inside of a quoted text",
            Some("close the quote before it, or indent the line"),
        ),
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => (
            "text follows the closing quote",
            Some("put all of the text inside of the quotes"),
        ),
        Kind::UnknownQuotedScalarEscape => (
            "this is no escape that YAML knows",
            Some("write `\\\\` for a backslash, or use single quotes"),
        ),
        Kind::InvalidQuotedScalarHexEscape | Kind::InvalidUnicodeEscape => {
            ("this escape does not name a character", None)
        }
        Kind::InvalidLowSurrogateHexEscape
        | Kind::InvalidLowSurrogate
        | Kind::MissingLowSurrogate
        | Kind::UnpairedLowSurrogate => (
            "this escape is half of a character",
            Some("write the character itself, or `\\U` and eight digits"),
        ),
        Kind::UnexpectedCharacter { .. } => ("no value can begin with this character", QUOTE),
        Kind::PlainScalarStartsWithDashFlowIndicator => {
            ("no value can begin with these characters", QUOTE)
        }
        Kind::UnknownAnchor => (
            "no anchor of this name stands before this alias",
            Some("text that begins with `*` must stand in quotes"),
        ),
        Kind::MissingAnchorOrAliasName => (
            "a name must follow `&` and `*`",
            Some("text that begins with `&` or `*` must stand in quotes"),
        ),
        Kind::ExpectedNodeContent => ("a value was expected here", None),
        Kind::UndeclaredTagHandle => (
            "this tag is not declared",
            Some("text that begins with `!` must stand in quotes"),
        ),
        Kind::CommentNotSeparated => ("a space must stand before `#`", QUOTE),
        Kind::CommentInterceptedScalar => (
            "a comment stands between the lines of one value",
            Some("move the comment, or put the value in quotes on one line"),
        ),
        Kind::ExpectedDocumentStart => (
            "this line is indented less than the first line of the document, which ends here",
            Some("check the indentation: some readers drop the rest without a word"),
        ),
        Kind::InvalidBlockScalarHeader => (
            "text follows `|` or `>` on the same line",
            Some("begin the text on the next line"),
        ),
        Kind::BlockEntryInFlowCollection => (
            "a `- ` cannot stand between brackets",
            Some("separate the items with commas"),
        ),
        Kind::InvalidMappingValueWhitespace
        | Kind::InvalidColonPlacement
        | Kind::FlowMappingValueAdjacentCollection => (
            "a `:` cannot stand here",
            Some("write a space after the colon"),
        ),
        Kind::ExpectedWhitespace => ("a space was expected here", None),
        Kind::InvalidTagTerminator | Kind::InvalidGlobalTagCharacter => (
            "the tag is followed by more than a space",
            Some("text that begins with `!` must stand in quotes"),
        ),
        Kind::MissingDocumentEndBeforeDirective => (
            "a directive stands inside of a document",
            Some("put the text in quotes if it begins with `%`"),
        ),
        Kind::ZeroBlockScalarIndent => ("a text block cannot be indented by 0", None),
        Kind::UnexpectedEof
        | Kind::UnexpectedEofBlockMapping
        | Kind::UnexpectedEofBlockSequence => ("the file ends where a value was expected", None),
        Kind::InvalidDocumentEnd => ("text follows `...` on the same line", None),
        Kind::UnsupportedYamlMajorVersion => ("go-yaml reads YAML 1.1 only", None),
        Kind::RecursionLimitExceeded => ("the file is nested too deeply", None),
        _ => return (None, None),
    };
    (Some(message), help)
}
