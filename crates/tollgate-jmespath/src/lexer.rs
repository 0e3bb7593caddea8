//! From text to tokens.

use crate::{Dialect, ParseError, ast::Comparator};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Star,
    Dot,
    /// `[?`
    Filter,
    /// `[]`
    Flatten,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Or,
    Pipe,
    And,
    Not,
    Reference,
    Number(i64),
    Identifier(String),
    Quoted(String),
    Comma,
    Colon,
    Compare(Comparator),
    Literal(Value),
    Current,
    End,
}

impl Token {
    /// How a person would name it.
    pub(crate) fn describe(&self) -> String {
        let fixed = match self {
            Self::Star => "*",
            Self::Dot => ".",
            Self::Filter => "[?",
            Self::Flatten => "[]",
            Self::OpenParen => "(",
            Self::CloseParen => ")",
            Self::OpenBracket => "[",
            Self::CloseBracket => "]",
            Self::OpenBrace => "{",
            Self::CloseBrace => "}",
            Self::Or => "||",
            Self::Pipe => "|",
            Self::And => "&&",
            Self::Not => "!",
            Self::Reference => "&",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::Current => "@",
            Self::Number(it) => return format!("the number {it}"),
            Self::Identifier(it) | Self::Quoted(it) => return format!("the name `{it}`"),
            Self::Compare(_) => return "a comparison".to_owned(),
            Self::Literal(_) => return "a literal".to_owned(),
            Self::End => return "the end of the expression".to_owned(),
        };
        format!("`{fixed}`")
    }
}

/// A token and where it starts.
#[derive(Clone, Debug)]
pub(crate) struct Spanned {
    pub(crate) token: Token,
    pub(crate) offset: usize,
}

/// Every token, the last one being [`Token::End`].
pub(crate) fn tokenize(text: &str, dialect: Dialect) -> Result<Vec<Spanned>, ParseError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        dialect,
    };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let offset = lexer.at;
        let token = lexer.token()?;
        let last = token == Token::End;
        tokens.push(Spanned { token, offset });
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            offset: self.at,
            message: message.into(),
        }
    }

    fn token(&mut self) -> Result<Token, ParseError> {
        use Comparator as C;
        const FIXED: [(&str, Token); 24] = [
            ("[?", Token::Filter),
            ("[]", Token::Flatten),
            ("||", Token::Or),
            ("&&", Token::And),
            ("==", Token::Compare(C::Equal)),
            ("!=", Token::Compare(C::NotEqual)),
            ("<=", Token::Compare(C::LessOrEqual)),
            (">=", Token::Compare(C::GreaterOrEqual)),
            ("<", Token::Compare(C::Less)),
            (">", Token::Compare(C::Greater)),
            ("|", Token::Pipe),
            ("!", Token::Not),
            ("&", Token::Reference),
            (".", Token::Dot),
            ("*", Token::Star),
            (",", Token::Comma),
            (":", Token::Colon),
            ("{", Token::OpenBrace),
            ("}", Token::CloseBrace),
            ("[", Token::OpenBracket),
            ("]", Token::CloseBracket),
            ("(", Token::OpenParen),
            (")", Token::CloseParen),
            ("@", Token::Current),
        ];
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token::End);
        };
        match first {
            'a'..='z' | 'A'..='Z' | '_' => Ok(self.identifier()),
            '-' | '0'..='9' => self.number(),
            '"' => self.quoted(),
            '\'' => self.raw_string(),
            '`' => self.literal(),
            _ => {
                let found = FIXED.iter().find(|(text, _)| rest.starts_with(text));
                let (text, token) = found.ok_or_else(|| match first {
                    '=' => self.error("`=` is not an operator, write `==`"),
                    _ => self.error(format!("unexpected character `{}`", first.escape_debug())),
                })?;
                self.at += text.len();
                Ok(token.clone())
            }
        }
    }

    fn identifier(&mut self) -> Token {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c == '_' || c.is_ascii_alphanumeric()))
            .unwrap_or(rest.len());
        self.at += end;
        Token::Identifier(rest[..end].to_owned())
    }

    fn number(&mut self) -> Result<Token, ParseError> {
        let rest = self.rest();
        let end = rest[1..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(rest.len(), |it| it + 1);
        let number = rest[..end]
            .parse()
            .map_err(|_| self.error(format!("`{}` is not a whole number", &rest[..end])))?;
        self.at += end;
        Ok(Token::Number(number))
    }

    /// The text up to the closing delimiter, which is consumed; a backslash keeps the next character from closing.
    fn until(&mut self, delimiter: char) -> Result<&'a str, ParseError> {
        let body = &self.rest()[1..];
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == delimiter {
                self.at += 1 + at + 1;
                return Ok(&body[..at]);
            }
            if c == '\\' {
                chars.next();
            }
        }
        Err(self.error(format!("the closing `{delimiter}` is missing")))
    }

    fn quoted(&mut self) -> Result<Token, ParseError> {
        let start = self.at;
        self.until('"')?;
        serde_json::from_str(&self.text[start..self.at])
            .map(Token::Quoted)
            .map_err(|it| ParseError {
                offset: start,
                message: format!("the quoted name is not a JSON string: {it}"),
            })
    }

    fn literal(&mut self) -> Result<Token, ParseError> {
        let start = self.at;
        let text = self.until('`')?.replace("\\`", "`");
        serde_json::from_str(&text)
            .map(Token::Literal)
            .map_err(|it| ParseError {
                offset: start,
                message: format!("the literal is not JSON: {it}"),
            })
    }

    fn raw_string(&mut self) -> Result<Token, ParseError> {
        if self.dialect == Dialect::Standard {
            let text = self.until('\'')?.replace("\\'", "'");
            return Ok(Token::Literal(Value::String(text)));
        }
        // go-jmespath looks at a backslash and a quote as a pair wherever they meet, even after another backslash.
        let body = &self.rest()[1..];
        let mut text = String::new();
        let mut chars = body.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at += 1 + at + 1;
                    return Ok(Token::Literal(Value::String(text)));
                }
                '\\' if chars.next_if(|(_, next)| *next == '\'').is_some() => text.push('\''),
                _ => text.push(c),
            }
        }
        Err(self.error("the closing `'` is missing"))
    }
}
