//! Whether what a rule says of an object hangs on the object's namespace: its queries are followed
//! through entries of the context and elements of loops to what they read of the request. In doubt it
//! does.

use crate::{
    conditions::Conditions,
    context::{ContextEntry, Source, Template, fill_variables, find_variables, query_of},
    pattern::strip_anchor,
    policy::{Body, Check, Foreach, Test},
};
use serde_json::Value;
use tollgate_jmespath::{Expression, Origin, Path, Step};

/// Where the namespace of the object stands in a request.
const NAMESPACES: [&[&str]; 3] = [
    &["request", "namespace"],
    &["request", "object", "metadata", "namespace"],
    &["request", "oldObject", "metadata", "namespace"],
];

/// What stands in a query for what a variable in it brings.
const BROUGHT: &str = "brought";

/// Variables in variables that are followed.
const MOST: usize = 64;

pub(super) fn at_namespace(body: &Body) -> bool {
    let mut looking = Looking::default();
    looking.context(&body.context);
    looking.conditions(body.preconditions.as_ref());
    match &body.check {
        Check::Validate(check) => looking.test(&check.test, 0),
        Check::Generate(generation) => looking.template(&generation.pattern),
        Check::PodSecurity(_) | Check::VerifyImages(_) | Check::Unsupported(_) => {}
    }
    looking.found
}

/// Whether conditions of an exception do so; `context` is that of the rule.
pub(crate) fn conditions_at_namespace(
    context: &[ContextEntry],
    conditions: Option<&Conditions>,
) -> bool {
    let mut looking = Looking::default();
    looking.context(context);
    looking.conditions(conditions);
    looking.found
}

/// A walk through what decides.
#[derive(Default)]
struct Looking {
    /// What entries and elements come from, by their names; of several of a name each may be meant.
    names: Vec<(String, Origin)>,
    found: bool,
}

impl Looking {
    fn context(&mut self, entries: &[ContextEntry]) {
        for entry in entries {
            let origin = self.entry(&entry.source);
            // A name with dots is a place in a map.
            let name = entry.name.split('.').next().unwrap_or_default();
            let origin = match name == &*entry.name {
                true => origin,
                false => origin.made(),
            };
            self.names.push((name.to_owned(), origin));
        }
    }

    fn entry(&self, source: &Source) -> Origin {
        match source {
            Source::Variable {
                value,
                jmes_path,
                default,
            } => {
                let of = |it: &Option<Template>| {
                    it.as_ref().map(|it| self.origin(it)).unwrap_or_default()
                };
                let mut origin = of(value);
                if let Some(path) = jmes_path.as_ref().and_then(|it| it.value().as_str()) {
                    origin = match value {
                        None => self.query(path),
                        Some(_) => {
                            let mut origin = origin.made();
                            origin.join(self.text(path).made());
                            origin
                        }
                    };
                }
                origin.join(of(default));
                origin
            }
            Source::ConfigMap { name, namespace } => {
                let mut origin = self.origin(name).made();
                origin.join(self.origin(namespace).made());
                origin
            }
            Source::ApiCall(call) | Source::Global(call) => self.origin(call).made(),
            Source::ImageRegistry => Origin::default(),
        }
    }

    fn conditions(&mut self, conditions: Option<&Conditions>) {
        for condition in conditions.into_iter().flat_map(Conditions::iter) {
            self.template(&condition.key);
            self.template(&condition.value);
        }
    }

    fn template(&mut self, template: &Template) {
        let origin = self.origin(template);
        self.read(&origin);
    }

    fn read(&mut self, origin: &Origin) {
        let mut read = origin.at.iter().chain(&origin.within);
        self.found |= read.any(|it| below(it).any(|_| true));
    }

    fn test(&mut self, test: &Test, nesting: usize) {
        self.conditions(test.deny.as_ref().and_then(|it| it.conditions.as_ref()));
        for it in test.pattern.iter().chain(&test.any_pattern) {
            self.pattern(it, &[&["metadata", "namespace"]]);
        }
        for it in &test.foreach {
            self.foreach(it, nesting);
        }
    }

    /// `namespaces` are the paths to a namespace from what the pattern is for.
    fn pattern(&mut self, pattern: &Template, namespaces: &[&[&str]]) {
        self.template(pattern);
        let any = |it: &&[&str]| in_pattern(pattern.value(), it);
        self.found |= namespaces.iter().any(any);
    }

    fn foreach(&mut self, foreach: &Foreach, nesting: usize) {
        let list = self.query(&foreach.list);
        // How many elements there are hangs on what selects them; what they are is for those that ask.
        let selects = Origin {
            at: Default::default(),
            within: list.within.clone(),
        };
        self.read(&selects);
        let is_namespace = |it: &Path| below(it).any(<[&str]>::is_empty);
        self.found |= list.at.iter().any(is_namespace);
        let outer = self.names.len();
        for name in ["element".to_owned(), format!("element{nesting}")] {
            self.names.push((name, list.clone()));
        }
        self.context(&foreach.context);
        self.conditions(foreach.preconditions.as_ref());
        let namespaces: Vec<&[&str]> = list.at.iter().flat_map(below).collect();
        let test = &foreach.test;
        for it in test.pattern.iter().chain(&test.any_pattern) {
            self.pattern(it, &namespaces);
        }
        self.test(test, nesting + 1);
        self.names.truncate(outer);
    }

    /// What the variables of a value bring. A text of one variable and nothing else is what that brings.
    fn origin(&self, template: &Template) -> Origin {
        match template.value() {
            _ if template.is_static() => Origin::default(),
            Value::String(text) => self.text(text),
            value => {
                let mut origin = Origin::default();
                self.values(value, &mut origin);
                origin
            }
        }
    }

    fn values(&self, value: &Value, origin: &mut Origin) {
        match value {
            Value::String(text) => origin.join(self.text(text).made()),
            Value::Array(items) => items.iter().for_each(|it| self.values(it, origin)),
            Value::Object(map) => {
                for (key, value) in map {
                    origin.join(self.text(key).made());
                    self.values(value, origin);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&self, text: &str) -> Origin {
        let mut origin = Origin::default();
        let mut text = text.to_owned();
        for _ in 0..MOST {
            let found = find_variables(&text);
            if found.is_empty() {
                return origin;
            }
            let is_whole = found.len() == 1 && found[0].braces == (0..text.len());
            for it in found {
                let (query, _) = query_of(&text[it.braces]);
                let brought = self.expression(&query);
                origin.join(match is_whole {
                    true => brought,
                    false => brought.made(),
                });
            }
            text = fill_variables(&text, BROUGHT);
        }
        Origin::everything()
    }

    /// A query that may have variables in it.
    fn query(&self, query: &str) -> Origin {
        if !query.contains("{{") {
            return self.expression(query);
        }
        self.text(&["{{", query, "}}"].concat())
    }

    fn expression(&self, query: &str) -> Origin {
        // The value at the place of the variable, which a pattern asks for anyway.
        if query == "@" {
            return Origin::default();
        }
        let Ok(parsed) = Expression::parse(query.trim()) else {
            return Origin::everything();
        };
        let origin = parsed.origin();
        let mut found = Origin::default();
        for path in &origin.at {
            found.join(self.resolve(path));
        }
        for path in &origin.within {
            found.join(self.resolve(path).made());
        }
        found
    }

    /// What stands at a place of all that queries see.
    fn resolve(&self, path: &Path) -> Origin {
        let path: Path = path.iter().map(unless_brought).collect();
        let Some(Step::Key(first)) = path.first() else {
            return Origin::everything();
        };
        let mut found = Origin::default();
        if &**first == "request" {
            found.join(Origin::of(path.clone()));
        }
        for (_, origin) in self.names.iter().filter(|it| it.0 == **first) {
            let steps = path.iter().skip(1);
            found.join(steps.fold(origin.clone(), Origin::below));
        }
        found
    }
}

fn unless_brought(step: &Step) -> Step {
    match step {
        Step::Key(key) if key.contains(BROUGHT) => Step::Any,
        other => other.clone(),
    }
}

/// The ways from a place to each namespace that stands there or below.
fn below(path: &Path) -> impl Iterator<Item = &'static [&'static str]> {
    let leads = |steps: &&[&str]| {
        let is = |(step, key): (&Step, &&str)| match step {
            Step::Key(it) => &**it == *key,
            Step::Any => true,
        };
        path.len() <= steps.len() && path.iter().zip(*steps).all(is)
    };
    let found = NAMESPACES.iter().copied().filter(leads);
    found.filter_map(|it| it.get(path.len()..))
}

/// Whether a pattern asks for more of what stands at a path than that it is there.
fn in_pattern(pattern: &Value, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return !matches!(pattern.as_str(), Some("*" | "?*"));
    };
    match pattern {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let is_named = strip_anchor(key) == *first || key.contains("{{");
            is_named && in_pattern(value, rest)
        }),
        Value::Array(items) => items.iter().any(|it| in_pattern(it, path)),
        _ => false,
    }
}
