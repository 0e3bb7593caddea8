//! Enough of GraphQL to answer any query over a tree of values: selections, aliases, arguments,
//! variables, fragments, and connections in pages.
//!
//! In the tree, a map `{"$list": [...]}` is a connection, and `{"$keys": {...}}` a field that is
//! looked up by its argument. A field that is not in the tree is an error, as the real one says it.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Answers a request's body over a tree; pages have at most `most` entries.
pub(super) fn answer(call: &Value, tree: &Value, most: usize) -> Value {
    let Some(query) = call["query"].as_str() else {
        return json!({"errors": [{"message": "A query attribute must be specified and must be a string."}]});
    };
    let mut errors = Vec::new();
    let data = match Parser::new(query).document() {
        Ok(document) => {
            let mut run = Run {
                document: &document,
                variables: &call["variables"],
                most,
                errors: &mut errors,
            };
            run.select(tree, &document.operation, "Query")
        }
        Err(why) => {
            errors.push(json!({"message": format!("Parse error: {why}")}));
            Value::Null
        }
    };
    if errors.is_empty() {
        json!({"data": data})
    } else {
        json!({"data": data, "errors": errors})
    }
}

struct Document {
    operation: Vec<Selection>,
    fragments: BTreeMap<String, (String, Vec<Selection>)>,
}

enum Selection {
    Field {
        alias: String,
        name: String,
        arguments: BTreeMap<String, Argument>,
        fields: Vec<Selection>,
    },
    On(Option<String>, Vec<Selection>),
    Spread(String),
}

enum Argument {
    Variable(String),
    Value(Value),
}

struct Run<'a> {
    document: &'a Document,
    variables: &'a Value,
    most: usize,
    errors: &'a mut Vec<Value>,
}

impl Run<'_> {
    fn select(&mut self, value: &Value, fields: &[Selection], path: &str) -> Value {
        match value {
            Value::Array(list) => list
                .iter()
                .map(|it| self.select(it, fields, path))
                .collect(),
            Value::Object(_) if !fields.is_empty() => {
                let mut out = Map::new();
                self.fields(value, fields, path, &mut out);
                Value::Object(out)
            }
            other => other.clone(),
        }
    }

    fn fields(
        &mut self,
        value: &Value,
        fields: &[Selection],
        path: &str,
        out: &mut Map<String, Value>,
    ) {
        let document = self.document;
        for it in fields {
            match it {
                Selection::Field {
                    alias,
                    name,
                    arguments,
                    fields,
                } => {
                    let Some(member) = value.get(name) else {
                        let on = value["__typename"].as_str().unwrap_or(path);
                        self.errors.push(json!({
                            "message": format!("Field '{name}' doesn't exist on type '{on}'"),
                            "extensions": {"code": "undefinedField"},
                        }));
                        continue;
                    };
                    let member = self.follow(member, arguments);
                    let path = format!("{path}.{name}");
                    let given = self.select(&member, fields, &path);
                    out.insert(alias.clone(), given);
                }
                Selection::On(kind, fields) => {
                    let of = value["__typename"].as_str();
                    let any = matches!(kind.as_deref(), None | Some("Actor" | "Node"));
                    if any || of == kind.as_deref() {
                        self.fields(value, fields, path, out);
                    }
                }
                Selection::Spread(name) => {
                    if let Some((kind, fields)) = document.fragments.get(name) {
                        let of = value["__typename"].as_str();
                        if of.is_none() || of == Some(kind) {
                            self.fields(value, fields, path, out);
                        }
                    }
                }
            }
        }
    }

    /// What a field's arguments choose of it.
    fn follow(&mut self, member: &Value, arguments: &BTreeMap<String, Argument>) -> Value {
        let argument = |name: &str| match arguments.get(name)? {
            Argument::Variable(name) => Some(self.variables[name].clone()),
            Argument::Value(value) => Some(value.clone()),
        };
        if let Some(keys) = member.get("$keys") {
            let mut given = arguments.keys().filter_map(|it| argument(it));
            let key = given.next().map(|it| match it {
                Value::String(text) => text,
                other => other.to_string(),
            });
            let found = key.as_ref().and_then(|it| keys.get(it)).cloned();
            return found.unwrap_or_else(|| {
                self.errors.push(json!({
                    "type": "NOT_FOUND",
                    "message": format!("Could not resolve to a node with {key:?}."),
                }));
                Value::Null
            });
        }
        let Some(list) = member.get("$list").and_then(Value::as_array) else {
            return member.clone();
        };
        let states: Option<Vec<Value>> = argument("states").and_then(|it| it.as_array().cloned());
        let list: Vec<&Value> = list
            .iter()
            .filter(|it| {
                states
                    .as_ref()
                    .is_none_or(|states| states.contains(&it["state"]))
            })
            .collect();
        let start = argument("after")
            .and_then(|it| it.as_str()?.strip_prefix("at:")?.parse::<usize>().ok())
            .unwrap_or(0);
        let number = |name: &str| argument(name).and_then(|it| usize::try_from(it.as_u64()?).ok());
        let (start, size) = match (number("first"), number("last")) {
            (Some(first), _) => (start, first.min(100).min(self.most)),
            (None, Some(last)) => (list.len().saturating_sub(last), last),
            (None, None) => {
                self.errors.push(json!({
                    "type": "MISSING_PAGINATION_BOUNDARIES",
                    "message": "You must provide a `first` or `last` value to properly paginate the connection.",
                }));
                (0, 0)
            }
        };
        let end = (start + size).min(list.len());
        let nodes: Vec<&Value> = list.iter().skip(start).take(size).copied().collect();
        json!({
            "totalCount": list.len(),
            "pageInfo": {
                "hasNextPage": end < list.len(),
                "hasPreviousPage": start > 0,
                "startCursor": format!("at:{start}"),
                "endCursor": if nodes.is_empty() { Value::Null } else { format!("at:{end}").into() },
            },
            "edges": nodes.iter().map(|it| json!({"node": it, "cursor": "at"})).collect::<Vec<_>>(),
            "nodes": nodes,
        })
    }
}

struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let pattern = regex::Regex::new(
            r#"(?x) \#[^\n]* | \.\.\. | "(?:[^"\\]|\\.)*" | \$?[_A-Za-z][_0-9A-Za-z]* | -?[0-9]+ | [{}()\[\]:!=@|] "#,
        )
        .expect("a pattern");
        let tokens = pattern.find_iter(text).map(|it| it.as_str());
        Self {
            tokens: tokens.filter(|it| !it.starts_with('#')).collect(),
            at: 0,
        }
    }

    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn eat(&mut self, token: &str) -> bool {
        let there = self.peek() == token;
        self.at += usize::from(there);
        there
    }

    fn document(&mut self) -> Result<Document, String> {
        let mut document = Document {
            operation: Vec::new(),
            fragments: BTreeMap::new(),
        };
        while self.at < self.tokens.len() {
            if self.eat("fragment") {
                let name = self.next().to_owned();
                if !self.eat("on") {
                    return Err("a fragment is on a type".to_owned());
                }
                let kind = self.next().to_owned();
                let fields = self.selections()?;
                document.fragments.insert(name, (kind, fields));
                continue;
            }
            while !matches!(self.peek(), "{" | "") {
                if self.eat("(") {
                    while !matches!(self.next(), ")" | "") {}
                } else {
                    self.at += 1;
                }
            }
            document.operation = self.selections()?;
        }
        Ok(document)
    }

    fn selections(&mut self) -> Result<Vec<Selection>, String> {
        if !self.eat("{") {
            return Err(format!("expected a selection at `{}`", self.peek()));
        }
        let mut all = Vec::new();
        while !self.eat("}") {
            if self.peek().is_empty() {
                return Err("unexpected end".to_owned());
            }
            if self.eat("...") {
                if self.eat("on") {
                    let kind = self.next().to_owned();
                    all.push(Selection::On(Some(kind), self.selections()?));
                } else if self.peek() == "{" {
                    all.push(Selection::On(None, self.selections()?));
                } else {
                    all.push(Selection::Spread(self.next().to_owned()));
                }
                continue;
            }
            let alias = self.next().to_owned();
            let name = if self.eat(":") {
                self.next().to_owned()
            } else {
                alias.clone()
            };
            let mut arguments = BTreeMap::new();
            if self.eat("(") {
                while !self.eat(")") {
                    let name = self.next().to_owned();
                    if !self.eat(":") {
                        return Err(format!("expected `:` after `{name}`"));
                    }
                    arguments.insert(name, self.argument()?);
                }
            }
            let fields = if self.peek() == "{" {
                self.selections()?
            } else {
                Vec::new()
            };
            all.push(Selection::Field {
                alias,
                name,
                arguments,
                fields,
            });
        }
        Ok(all)
    }

    fn argument(&mut self) -> Result<Argument, String> {
        if let Some(name) = self.peek().strip_prefix('$') {
            self.at += 1;
            return Ok(Argument::Variable(name.to_owned()));
        }
        self.value().map(Argument::Value)
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.eat("[") {
            let mut list = Vec::new();
            while !self.eat("]") {
                if self.peek().is_empty() {
                    return Err("unexpected end".to_owned());
                }
                list.push(self.value()?);
            }
            return Ok(Value::Array(list));
        }
        let token = self.next();
        Ok(match token {
            "" | "{" | "}" | "(" | ")" => return Err(format!("expected a value at `{token}`")),
            "null" => Value::Null,
            "true" | "false" => Value::Bool(token == "true"),
            other => serde_json::from_str(other).unwrap_or_else(|_| other.into()),
        })
    }
}

#[test]
fn queries_are_answered_over_a_tree() {
    let tree = json!({"repository": {"__typename": "Repository", "pullRequest": {"$keys": {"7": {
        "__typename": "PullRequest",
        "author": {"__typename": "User", "login": "ann", "databaseId": 11},
        "reviews": {"$list": [{"state": "APPROVED"}, {"state": "COMMENTED"}, {"state": "APPROVED"}]},
    }}}}});
    let call = json!({
        "query": "query Q($n: Int!, $c: String) { repository(owner: \"acme\") { pr: pullRequest(number: $n) {
            author { __typename ...on User { databaseId } ...on Bot { login } ...F }
            reviews(first: 1, after: $c, states: [APPROVED]) { totalCount pageInfo { hasNextPage endCursor } nodes { state } } } } }
            fragment F on User { login }",
        "variables": {"n": 7, "c": "at:1"},
    });
    let pr = json!({
        "author": {"__typename": "User", "databaseId": 11, "login": "ann"},
        "reviews": {"totalCount": 2, "pageInfo": {"hasNextPage": false, "endCursor": "at:2"}, "nodes": [{"state": "APPROVED"}]},
    });
    assert_eq!(
        answer(&call, &tree, 100),
        json!({"data": {"repository": {"pr": pr}}})
    );
    let unknown = answer(&json!({"query": "{ repository { stars } }"}), &tree, 100);
    let message = unknown["errors"][0]["message"].as_str();
    assert_eq!(
        message,
        Some("Field 'stars' doesn't exist on type 'Repository'")
    );
}
