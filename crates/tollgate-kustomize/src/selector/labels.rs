//! Kubernetes' label selectors: `app=web,tier in (a,b),!old`.
//! Source of the grammar: apimachinery `pkg/labels/selector.go`.

/// Requirements that all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Requirements(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    is: Is,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Is {
    Present,
    Absent,
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl Requirements {
    /// Read a selector; empty text requires nothing.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: tokens(text),
            at: 0,
        };
        let mut requirements = Vec::new();
        while *parser.peek() != Token::End {
            requirements.push(parser.requirement()?);
            match parser.next() {
                Token::End => break,
                Token::Comma if matches!(parser.peek(), Token::Word(_) | Token::Not) => {}
                Token::Comma => return Err("a label must follow the comma".to_owned()),
                other => return Err(format!("{} stands where `,` should", other.describe())),
            }
        }
        Ok(Self(requirements))
    }

    /// Whether a map satisfies all of them; `get` gives the value of a key.
    pub(super) fn fit<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|it| it.is.fits(get(&it.key)))
    }
}

impl Is {
    fn fits(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|it| it.parse::<i64>().ok());
        match self {
            Self::Present => value.is_some(),
            Self::Absent => value.is_none(),
            Self::OneOf(wanted) => value.is_some_and(|it| wanted.iter().any(|w| w == it)),
            Self::NoneOf(unwanted) => value.is_none_or(|it| !unwanted.iter().any(|w| w == it)),
            Self::Greater(than) => number().is_some_and(|it| it > *than),
            Self::Less(than) => number().is_some_and(|it| it < *than),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Comma,
    Open,
    Close,
    Not,
    Equals,
    NotEquals,
    Greater,
    Less,
    /// Characters that make no token.
    Wrong(String),
    End,
}

impl Token {
    fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Comma => "`,`".to_owned(),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Not => "`!`".to_owned(),
            Self::Equals => "`=`".to_owned(),
            Self::NotEquals => "`!=`".to_owned(),
            Self::Greater => "`>`".to_owned(),
            Self::Less => "`<`".to_owned(),
            Self::Wrong(text) => format!("`{text}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let special = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<');
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(blank);
        // A NUL ends the text, as in Go.
        let Some(first) = rest.chars().next().filter(|it| *it != '\0') else {
            tokens.push(Token::End);
            return tokens;
        };
        let (token, length) = if special(first) {
            match rest.as_bytes() {
                [b'=', b'=', ..] => (Token::Equals, 2),
                [b'!', b'=', ..] => (Token::NotEquals, 2),
                _ => {
                    let token = match first {
                        '=' => Token::Equals,
                        '!' => Token::Not,
                        '(' => Token::Open,
                        ')' => Token::Close,
                        ',' => Token::Comma,
                        '>' => Token::Greater,
                        '<' => Token::Less,
                        other => Token::Wrong(other.to_string()),
                    };
                    (token, 1)
                }
            }
        } else {
            let end = rest
                .find(|c| special(c) || blank(c) || c == '\0')
                .unwrap_or(rest.len());
            (Token::Word(rest[..end].to_owned()), end)
        };
        tokens.push(token);
        rest = &rest[length..];
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let absent = *self.peek() == Token::Not;
        if absent {
            self.next();
        }
        let key = match self.next() {
            Token::Word(key) => key,
            other => return Err(format!("{} stands where a label should", other.describe())),
        };
        check_key(&key)?;
        if absent {
            return Ok(Requirement {
                key,
                is: Is::Absent,
            });
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            let is = Is::Present;
            return Ok(Requirement { key, is });
        }
        let is = match self.next() {
            Token::Equals => Is::OneOf(vec![self.value()?]),
            Token::NotEquals => Is::NoneOf(vec![self.value()?]),
            Token::Greater => Is::Greater(self.number()?),
            Token::Less => Is::Less(self.number()?),
            Token::Word(word) if word == "in" => Is::OneOf(self.values()?),
            Token::Word(word) if word == "notin" => Is::NoneOf(self.values()?),
            other => {
                return Err(format!(
                    "{} stands where one of =, ==, !=, in, notin should",
                    other.describe()
                ));
            }
        };
        if let Is::OneOf(values) | Is::NoneOf(values) = &is {
            values.iter().try_for_each(|it| check_value(it))?;
        }
        Ok(Requirement { key, is })
    }

    fn value(&mut self) -> Result<String, String> {
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.next() {
            Token::Word(word) => Ok(word),
            other => Err(format!("{} stands where a value should", other.describe())),
        }
    }

    fn number(&mut self) -> Result<i64, String> {
        let text = self.value()?;
        text.parse()
            .map_err(|_| format!("`{text}` is not a whole number"))
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        if self.next() != Token::Open {
            return Err("values must stand in parentheses".to_owned());
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                // Nothing between commas is an empty value.
                Token::Close if values.is_empty() => return Ok(vec![String::new()]),
                Token::Word(word) => {
                    values.push(word);
                    match self.peek() {
                        Token::Comma => {
                            self.next();
                            if *self.peek() == Token::Close {
                                values.push(String::new());
                                self.next();
                                return Ok(values);
                            }
                        }
                        Token::Close => {
                            self.next();
                            return Ok(values);
                        }
                        other => {
                            return Err(format!(
                                "{} stands where `,` or `)` should",
                                other.describe()
                            ));
                        }
                    }
                }
                Token::Comma => {
                    values.push(String::new());
                    if *self.peek() == Token::Close {
                        self.next();
                        return Ok(values);
                    }
                }
                other => return Err(format!("{} stands where a value should", other.describe())),
            }
        }
    }
}

/// `[prefix/]name`, as apimachinery's `IsQualifiedName`.
fn check_key(key: &str) -> Result<(), String> {
    let wrong = || Err(format!("`{key}` is not a valid label"));
    let name = match key.split_once('/') {
        None => key,
        Some((prefix, name)) => {
            let label = |it: &str| {
                let edge = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
                let bytes = it.as_bytes();
                bytes.iter().all(|c| edge(*c) || *c == b'-')
                    && bytes.first().copied().is_some_and(edge)
                    && bytes.last().copied().is_some_and(edge)
            };
            if prefix.len() > 253 || !prefix.split('.').all(label) {
                return wrong();
            }
            name
        }
    };
    if name.is_empty() || !is_name(name) {
        return wrong();
    }
    Ok(())
}

fn check_value(value: &str) -> Result<(), String> {
    if value.is_empty() || is_name(value) {
        return Ok(());
    }
    Err(format!("`{value}` is not a valid value of a label"))
}

/// Up to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |it: Option<&u8>| it.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.'))
}
