//! From tokens to a tree, by operator precedence (the grammar of the JMESPath specification).

use crate::{
    Dialect, ParseError,
    ast::{Node, Slice},
    lexer::{Spanned, Token, tokenize},
};
use serde_json::Value;
use tollgate_goregex::Regex;

/// Bytes of one expression. Expressions in published policies stay under 2 KiB, but a nested variable is pasted into the
/// outer expression as a JSON literal before that is parsed.
const MAX_LENGTH: usize = 64 << 10;
/// Nesting of the text, and of the tree.
const MAX_DEPTH: usize = 128;
const MAX_HEIGHT: usize = 256;

const PIPE: u8 = 1;
const OR: u8 = 2;
const AND: u8 = 3;
const COMPARE: u8 = 5;
const FLATTEN: u8 = 9;
const STAR: u8 = 20;
const FILTER: u8 = 21;
const DOT: u8 = 40;
const NOT: u8 = 45;
const BRACE: u8 = 50;
const BRACKET: u8 = 55;
const PAREN: u8 = 60;

/// Parse a whole expression.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Node, ParseError> {
    if text.len() > MAX_LENGTH {
        return Err(ParseError {
            offset: MAX_LENGTH,
            message: format!("the expression is longer than {MAX_LENGTH} bytes"),
        });
    }
    let mut parser = Parser {
        tokens: tokenize(text, dialect)?,
        at: 0,
        depth: 0,
        dialect,
    };
    let tree = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(tree.node),
        it => Err(parser.error(format!("{} can't stand here", it.describe()))),
    }
}

/// A node and how deep it is.
struct Tree {
    node: Node,
    height: usize,
}

impl Tree {
    fn leaf(node: Node) -> Self {
        Self { node, height: 1 }
    }
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    depth: usize,
    dialect: Dialect,
}

impl Parser {
    fn token(&self, ahead: usize) -> &Spanned {
        // The last token is the end, and nothing goes past it.
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Token {
        &self.token(0).token
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            offset: self.token(0).offset,
            message: message.into(),
        }
    }

    fn expect(&mut self, want: &Token) -> Result<(), ParseError> {
        if self.peek() == want {
            self.at += 1;
            return Ok(());
        }
        let got = self.peek().describe();
        Err(self.error(format!("expected {}, found {got}", want.describe())))
    }

    fn tree(&self, node: Node, height: usize) -> Result<Tree, ParseError> {
        if height > MAX_HEIGHT {
            return Err(self.error(format!(
                "more than {MAX_HEIGHT} operations are nested in each other"
            )));
        }
        Ok(Tree { node, height })
    }

    fn expression(&mut self, power: u8) -> Result<Tree, ParseError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let mut left = self.prefix()?;
        while power < self.power() {
            left = self.infix(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn power(&self) -> u8 {
        match self.peek() {
            Token::Pipe => PIPE,
            Token::Or => OR,
            Token::And => AND,
            Token::Compare(_) => COMPARE,
            Token::Flatten => FLATTEN,
            Token::Star => STAR,
            Token::Filter => FILTER,
            Token::Dot => DOT,
            Token::Not => NOT,
            Token::OpenBrace => BRACE,
            Token::OpenBracket => BRACKET,
            Token::OpenParen => PAREN,
            _ => 0,
        }
    }

    fn prefix(&mut self) -> Result<Tree, ParseError> {
        let token = self.peek().clone();
        let refuse = |it: &Self| {
            let message = match &token {
                Token::End => "the expression is incomplete".to_owned(),
                token => format!("{} can't stand here", token.describe()),
            };
            Err(it.error(message))
        };
        if matches!(
            token,
            Token::End
                | Token::Dot
                | Token::CloseBrace
                | Token::CloseBracket
                | Token::CloseParen
                | Token::Comma
                | Token::Colon
                | Token::Or
                | Token::And
                | Token::Pipe
                | Token::Compare(_)
                | Token::Number(_)
        ) {
            return refuse(self);
        }
        self.at += 1;
        match token {
            Token::Literal(value) => Ok(Tree::leaf(Node::Literal(value))),
            Token::Identifier(name) => Ok(Tree::leaf(Node::Field(name.into()))),
            Token::Quoted(name) => {
                if *self.peek() == Token::OpenParen {
                    return Err(self.error("a quoted name can't be the name of a function"));
                }
                Ok(Tree::leaf(Node::Field(name.into())))
            }
            Token::Current => Ok(Tree::leaf(Node::Current)),
            Token::Star => {
                let right = if *self.peek() == Token::CloseBracket {
                    Tree::leaf(Node::Current)
                } else {
                    self.projected(STAR)?
                };
                self.project_values(Tree::leaf(Node::Current), right)
            }
            Token::Filter => self.filter(Tree::leaf(Node::Current)),
            Token::Flatten => self.flatten(Tree::leaf(Node::Current)),
            Token::OpenBrace => self.hash(),
            Token::OpenBracket => match (self.peek(), &self.token(1).token) {
                (Token::Number(_) | Token::Colon, _) => self.index(Tree::leaf(Node::Current)),
                (Token::Star, Token::CloseBracket) => self.star(Tree::leaf(Node::Current)),
                _ => self.list(),
            },
            Token::Reference => {
                let it = self.expression(0)?;
                self.tree(Node::Reference(Box::new(it.node)), it.height + 1)
            }
            Token::Not => {
                let it = self.expression(NOT)?;
                self.tree(Node::Not(Box::new(it.node)), it.height + 1)
            }
            Token::OpenParen => {
                let it = self.expression(0)?;
                self.expect(&Token::CloseParen)?;
                Ok(it)
            }
            _ => refuse(self),
        }
    }

    fn infix(&mut self, left: Tree) -> Result<Tree, ParseError> {
        let operator = self.peek().clone();
        self.at += 1;
        match operator {
            Token::Dot if *self.peek() == Token::Star => {
                self.at += 1;
                let right = self.projected(DOT)?;
                self.project_values(left, right)
            }
            Token::Dot => {
                let right = self.after_dot(DOT)?;
                self.chain(left, right)
            }
            Token::Pipe => {
                let right = self.expression(PIPE)?;
                self.flat(left, right, Node::Pipe, |it| match it {
                    Node::Pipe(items) => Ok(items),
                    it => Err(it),
                })
            }
            Token::Or => {
                let right = self.expression(OR)?;
                self.flat(left, right, Node::Or, |it| match it {
                    Node::Or(items) => Ok(items),
                    it => Err(it),
                })
            }
            Token::And => {
                let right = self.expression(AND)?;
                self.flat(left, right, Node::And, |it| match it {
                    Node::And(items) => Ok(items),
                    it => Err(it),
                })
            }
            Token::Compare(comparator) => {
                let right = self.expression(COMPARE)?;
                let height = left.height.max(right.height) + 1;
                let pair = Box::new([left.node, right.node]);
                self.tree(Node::Compare(comparator, pair), height)
            }
            Token::OpenParen => self.call(left),
            Token::Filter => self.filter(left),
            Token::Flatten => self.flatten(left),
            Token::OpenBracket => match self.peek() {
                Token::Number(_) | Token::Colon => self.index(left),
                _ => self.star(left),
            },
            it => {
                self.at -= 1;
                Err(self.error(format!("{} can't stand here", it.describe())))
            }
        }
    }

    /// A left-associative operator, with what it already chains on its left taken in.
    fn flat(
        &self,
        left: Tree,
        right: Tree,
        make: impl Fn(Vec<Node>) -> Node,
        take: impl Fn(Node) -> Result<Vec<Node>, Node>,
    ) -> Result<Tree, ParseError> {
        let (mut items, below) = match take(left.node) {
            Ok(items) => (items, left.height - 1),
            Err(node) => (vec![node], left.height),
        };
        items.push(right.node);
        self.tree(make(items), below.max(right.height) + 1)
    }

    fn chain(&self, left: Tree, right: Tree) -> Result<Tree, ParseError> {
        self.flat(left, right, Node::Chain, |it| match it {
            Node::Chain(items) => Ok(items),
            it => Err(it),
        })
    }

    fn project(&self, left: Tree, right: Tree) -> Result<Tree, ParseError> {
        let height = left.height.max(right.height) + 1;
        self.tree(Node::Project(Box::new([left.node, right.node])), height)
    }

    fn project_values(&self, left: Tree, right: Tree) -> Result<Tree, ParseError> {
        let height = left.height.max(right.height) + 1;
        self.tree(
            Node::ProjectValues(Box::new([left.node, right.node])),
            height,
        )
    }

    /// What follows a projection and is applied to each of its elements.
    fn projected(&mut self, power: u8) -> Result<Tree, ParseError> {
        match self.peek() {
            _ if self.power() < 10 => Ok(Tree::leaf(Node::Current)),
            Token::OpenBracket | Token::Filter => self.expression(power),
            Token::Dot => {
                self.at += 1;
                self.after_dot(power)
            }
            it => Err(self.error(format!("{} can't follow a projection", it.describe()))),
        }
    }

    fn after_dot(&mut self, power: u8) -> Result<Tree, ParseError> {
        match self.peek() {
            Token::Identifier(_) | Token::Quoted(_) | Token::Star => self.expression(power),
            Token::OpenBracket => {
                self.at += 1;
                self.list()
            }
            Token::OpenBrace => {
                self.at += 1;
                self.hash()
            }
            it => Err(self.error(format!(
                "expected a name, `[` or `{{` after the dot, found {}",
                it.describe()
            ))),
        }
    }

    fn filter(&mut self, left: Tree) -> Result<Tree, ParseError> {
        let condition = self.expression(0)?;
        self.expect(&Token::CloseBracket)?;
        let right = if *self.peek() == Token::Flatten {
            Tree::leaf(Node::Current)
        } else {
            self.projected(FILTER)?
        };
        let height = left.height.max(right.height).max(condition.height) + 1;
        let node = Node::Filter {
            left: Box::new(left.node),
            condition: Box::new(condition.node),
            right: Box::new(right.node),
        };
        self.tree(node, height)
    }

    fn flatten(&mut self, left: Tree) -> Result<Tree, ParseError> {
        let left = self.tree(Node::Flatten(Box::new(left.node)), left.height + 1)?;
        let right = self.projected(FLATTEN)?;
        self.project(left, right)
    }

    /// `*]` after an opening bracket.
    fn star(&mut self, left: Tree) -> Result<Tree, ParseError> {
        self.expect(&Token::Star)?;
        self.expect(&Token::CloseBracket)?;
        let right = self.projected(STAR)?;
        self.project(left, right)
    }

    /// `0]` or `1:2]` after an opening bracket.
    fn index(&mut self, left: Tree) -> Result<Tree, ParseError> {
        if let Token::Number(index) = *self.peek()
            && self.token(1).token != Token::Colon
        {
            self.at += 1;
            self.expect(&Token::CloseBracket)?;
            return self.chain(left, Tree::leaf(Node::Index(index)));
        }
        let mut parts = [None; 3];
        let mut part = 0;
        loop {
            match *self.peek() {
                Token::Colon if part < 2 => {
                    part += 1;
                    self.at += 1;
                }
                Token::Number(number) if parts[part].is_none() => {
                    parts[part] = Some(number);
                    self.at += 1;
                }
                _ => {
                    self.expect(&Token::CloseBracket)?;
                    break;
                }
            }
        }
        let [start, stop, step] = parts;
        let slice = Node::Slice(Slice { start, stop, step });
        let left = self.chain(left, Tree::leaf(slice))?;
        let right = self.projected(STAR)?;
        self.project(left, right)
    }

    fn list(&mut self) -> Result<Tree, ParseError> {
        let mut items = Vec::new();
        let mut height = 0;
        loop {
            let item = self.expression(0)?;
            height = height.max(item.height);
            items.push(item.node);
            if *self.peek() == Token::CloseBracket {
                self.at += 1;
                return self.tree(Node::List(items), height + 1);
            }
            self.expect(&Token::Comma)?;
        }
    }

    fn hash(&mut self) -> Result<Tree, ParseError> {
        let mut entries = Vec::new();
        let mut height = 0;
        loop {
            let key = match self.peek() {
                Token::Identifier(it) | Token::Quoted(it) => it.as_str().into(),
                it => return Err(self.error(format!("expected a name, found {}", it.describe()))),
            };
            self.at += 1;
            self.expect(&Token::Colon)?;
            let value = self.expression(0)?;
            height = height.max(value.height);
            entries.push((key, value.node));
            match self.peek() {
                Token::Comma => self.at += 1,
                Token::CloseBrace => {
                    self.at += 1;
                    return self.tree(Node::Hash(entries), height + 1);
                }
                // go-jmespath does not ask for the comma.
                Token::Identifier(_) | Token::Quoted(_) if self.dialect == Dialect::Kyverno => {}
                it => {
                    return Err(
                        self.error(format!("expected `,` or `}}`, found {}", it.describe()))
                    );
                }
            }
        }
    }

    fn call(&mut self, function: Tree) -> Result<Tree, ParseError> {
        let Node::Field(name) = function.node else {
            self.at -= 1;
            return Err(self.error("only a name can be called"));
        };
        let mut arguments = Vec::new();
        let mut height = 0;
        while *self.peek() != Token::CloseParen {
            let argument = self.expression(0)?;
            height = height.max(argument.height);
            arguments.push(argument.node);
            match self.peek() {
                Token::CloseParen => {}
                Token::Comma => {
                    self.at += 1;
                    if self.dialect == Dialect::Standard && *self.peek() == Token::CloseParen {
                        return Err(self.error("expected an argument after the comma"));
                    }
                }
                // go-jmespath asks for no comma and allows one at the end.
                _ if self.dialect == Dialect::Kyverno => {}
                it => {
                    return Err(self.error(format!("expected `,` or `)`, found {}", it.describe())));
                }
            }
        }
        self.at += 1;
        let regex = match arguments.first() {
            Some(Node::Literal(Value::String(pattern))) if name.starts_with("regex_") => {
                Regex::new(pattern).ok().map(Box::new)
            }
            _ => None,
        };
        let node = Node::Call {
            name,
            arguments,
            regex,
        };
        self.tree(node, height + 1)
    }
}
