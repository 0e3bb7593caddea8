//! What of an object a rule looks at, and with that whether an answer is about something that changed.
//!
//! A rule says the first thing that is wrong, so two equal failures do not mean that nothing new is
//! wrong. What a rule reads does: where that is equal, so is what is wrong. Where in doubt, a rule
//! reads everything.

mod compare;
#[cfg(test)]
mod tests;
mod texts;

use crate::{
    context::{ContextEntry, Source, Template},
    matching::{Block, Filter},
    pattern::strip_anchor,
    policy::{Body, Check, Foreach, Rule, Test},
};
use serde_json::Value;
use std::collections::BTreeMap;
use tollgate_jmespath::wildcard;

/// What changed of what a rule reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Changed {
    /// Nothing.
    Nothing,
    /// Elements of lists that the rule judges one by one, and nothing else: the object with these
    /// elements alone. What the rule says of it, it says of what changed.
    Elements(Value),
    /// Something else.
    Something,
}

/// A tree of keys; lists on the way are gone through.
#[derive(Debug, Default)]
struct Keys {
    /// Everything from here down.
    whole: bool,
    /// A key may have wildcards.
    below: BTreeMap<String, Keys>,
}

impl Keys {
    fn add<'k>(&mut self, path: impl IntoIterator<Item = &'k str>) {
        let mut at = self;
        for key in path {
            at = at.below.entry(key.to_owned()).or_default();
        }
        at.whole = true;
    }

    fn of<'k>(&'k self, key: &'k str) -> impl Iterator<Item = &'k Keys> {
        let named = move |it: &(&String, &Keys)| wildcard::matches(it.0, key);
        self.below.iter().filter(named).map(|it| it.1)
    }
}

#[derive(Debug, Default)]
struct Reads {
    keys: Keys,
    /// Whether it reads what stands nowhere in the object.
    more: bool,
    /// Whether it judges the elements of lists one by one.
    one_by_one: bool,
    /// Whether it names the images of the object.
    of_images: bool,
    /// Whether it has variables.
    variables: bool,
}

/// What of a request is the same before and after a change.
const NAMES: [&str; 4] = ["operation", "namespace", "name", "kind"];
/// Groups of containers.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];
/// Where Pods are in what makes them.
const PODS: [&[&str]; 3] = [
    &[],
    &["spec", "template"],
    &["spec", "jobTemplate", "spec", "template"],
];

impl Rule {
    /// What of that which the rule reads is different in `now`. `before` is the same object.
    pub fn changed(&self, before: &Value, now: &Value) -> Changed {
        if before == now {
            return Changed::Nothing;
        }
        let reads = self.reads();
        // A text of an object that has variables in it is filled in too.
        if reads.more || reads.variables && now.to_string().contains("{{") {
            return Changed::Something;
        }
        compare::compare(&reads, before, now)
    }

    fn reads(&self) -> Reads {
        let body = &*self.body;
        let mut reads = Reads::default();
        reads.selected(&body.matches);
        reads.selected(&body.exclude);
        let on_its_own = body.context.is_empty() && body.preconditions.is_none();
        reads.prepared(&body.context);
        if let Some(conditions) = &body.preconditions {
            for it in conditions.iter() {
                reads.template(&it.key);
                reads.template(&it.value);
            }
        }
        match &body.check {
            Check::Validate(check) => {
                if let Some(message) = &check.message {
                    reads.template(message);
                }
                reads.one_by_one = on_its_own && !reads.variables && is_one_by_one(&check.test);
                reads.test(&check.test);
            }
            Check::PodSecurity(check) => {
                reads.one_by_one = on_its_own;
                let images = check.asks.exclude.iter().any(|it| !it.images.is_empty());
                reads.pod_security(images);
            }
            Check::VerifyImages(_) => {
                reads.keys.add(["metadata", "annotations"]);
                reads.images(body);
            }
            Check::Generate(_) | Check::Unsupported(_) => reads.more = true,
        }
        if reads.of_images {
            reads.images(body);
        }
        reads
    }
}

/// Patterns judge the elements of lists one by one, and so do loops that look at nothing but their
/// element.
fn is_one_by_one(test: &Test) -> bool {
    // An element that must be there is missed where it goes.
    let plain = |it: &Template| it.is_static() && !it.value().to_string().contains("^(");
    if test.deny.is_some() {
        return false;
    }
    if test.foreach.is_empty() {
        return test.pattern.iter().chain(&test.any_pattern).all(plain);
    }
    test.foreach.iter().all(|it| {
        let mut texts = Vec::new();
        in_test(&it.test, &mut texts);
        if let Some(conditions) = &it.preconditions {
            in_conditions(conditions, &mut texts);
        }
        let other = |text: &String| {
            ["request", "images", "elementIndex"]
                .iter()
                .any(|it| text.contains(it))
        };
        it.context.is_empty() && it.test.foreach.is_empty() && !texts.iter().any(other)
    })
}

impl Reads {
    fn selected(&mut self, block: &Block) {
        for filter in block.any.iter().chain(&block.all).chain([&block.direct]) {
            self.filter(filter);
        }
    }

    fn filter(&mut self, filter: &Filter) {
        for (key, _) in &filter.annotations {
            self.keys.add(["metadata", "annotations", key]);
        }
        if let Some(selector) = &filter.selector {
            let keys = selector.labels.iter().map(|it| &it.0);
            for key in keys.chain(selector.expressions.iter().map(|it| &it.key)) {
                self.keys.add(["metadata", "labels", key]);
            }
        }
    }

    fn prepared(&mut self, entries: &[ContextEntry]) {
        for entry in entries {
            match &entry.source {
                Source::Variable {
                    value,
                    jmes_path,
                    default,
                } => {
                    for it in value.iter().chain(default) {
                        self.template(it);
                    }
                    if let Some(it) = jmes_path {
                        self.variables = true;
                        self.value(it.value());
                    }
                }
                _ => self.more = true,
            }
        }
    }

    fn template(&mut self, template: &Template) {
        if !template.is_static() {
            self.variables = true;
            self.value(template.value());
        }
    }

    /// The queries in any text of a value.
    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().for_each(|it| self.value(it)),
            Value::Object(map) => {
                for (key, value) in map {
                    self.text(key);
                    self.value(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.of_images |= text.contains("images");
        match texts::paths(text, "request") {
            Some(paths) => self.requested(&paths),
            None => self.more = true,
        }
    }

    fn requested(&mut self, paths: &[Vec<String>]) {
        for path in paths {
            match path.split_first() {
                Some((first, path)) if first == "object" => {
                    self.keys.add(path.iter().map(String::as_str));
                }
                Some((first, _)) if NAMES.contains(&first.as_str()) => {}
                _ => self.more = true,
            }
        }
    }

    fn test(&mut self, test: &Test) {
        if let Some(conditions) = test.deny.as_ref().and_then(|it| it.conditions.as_ref()) {
            for it in conditions.iter() {
                self.template(&it.key);
                self.template(&it.value);
            }
        }
        if let Some(it) = &test.pattern {
            self.template(it);
            in_pattern(it.value(), &mut self.keys);
        }
        if let Some(it) = &test.any_pattern {
            self.template(it);
            let patterns = it.value().as_array().map_or(&[][..], Vec::as_slice);
            patterns
                .iter()
                .for_each(|it| in_pattern(it, &mut self.keys));
        }
        for it in &test.foreach {
            self.foreach(it);
        }
    }

    /// What a loop reads of its elements, it reads below its list.
    fn foreach(&mut self, foreach: &Foreach) {
        self.variables = true;
        self.of_images |= foreach.list.contains("images");
        let lists = texts::paths(&foreach.list, "request");
        let mut texts = Vec::new();
        in_test(&foreach.test, &mut texts);
        if let Some(conditions) = &foreach.preconditions {
            in_conditions(conditions, &mut texts);
        }
        let patterns = foreach.test.pattern.is_some() || foreach.test.any_pattern.is_some();
        let inner = !foreach.test.foreach.is_empty() || !foreach.context.is_empty();
        let mut elements = Some(vec![Vec::new()]);
        if !patterns && !inner && texts::is_plain(&foreach.list) {
            let all: Option<Vec<_>> = texts.iter().map(|it| texts::paths(it, "element")).collect();
            elements = all.map(|it| it.concat());
        }
        let (Some(lists), Some(elements)) = (lists, elements) else {
            self.more = true;
            return;
        };
        for list in &lists {
            // Of a list that is empty or not there nothing is read.
            let mut with: Vec<Vec<String>> =
                elements.iter().map(|it| [&list[..], it].concat()).collect();
            if elements.is_empty() {
                with.push(list.clone());
            }
            self.requested(&with);
        }
        if lists.is_empty() {
            self.more = true;
        }
        for text in &texts {
            self.text(text);
        }
        self.prepared(&foreach.context);
        let nested = &foreach.test.foreach;
        if nested
            .iter()
            .any(|it| texts::paths(&it.list, "element").is_none_or(|it| it.is_empty()))
        {
            self.more = true;
        }
    }

    fn pod_security(&mut self, images: bool) {
        for metadata in [
            &["metadata"][..],
            &["spec", "template", "metadata"],
            &["spec", "jobTemplate", "metadata"],
        ] {
            for key in ["*seccomp*", "*apparmor*"] {
                self.keys
                    .add(metadata.iter().copied().chain(["annotations", key]));
            }
        }
        for pod in PODS {
            let pod = || pod.iter().copied().chain(["spec"]);
            for key in [
                "hostNetwork",
                "hostPID",
                "hostIPC",
                "hostUsers",
                "os",
                "securityContext",
                "volumes",
            ] {
                self.keys.add(pod().chain([key]));
            }
            for group in CONTAINERS {
                let own = [
                    "securityContext",
                    "ports",
                    "livenessProbe",
                    "readinessProbe",
                    "startupProbe",
                    "lifecycle",
                ];
                for key in own.into_iter().chain(images.then_some("image")) {
                    self.keys.add(pod().chain([group, key]));
                }
            }
        }
    }

    fn images(&mut self, body: &Body) {
        if !body.image_extractors.is_empty() {
            self.more = true;
        }
        for pod in PODS {
            for group in CONTAINERS {
                for key in ["image", "name"] {
                    self.keys
                        .add(pod.iter().copied().chain(["spec", group, key]));
                }
            }
            self.keys
                .add(pod.iter().copied().chain(["spec", "volumes", "image"]));
        }
    }
}

/// The keys that a pattern names.
fn in_pattern(pattern: &Value, keys: &mut Keys) {
    match pattern {
        Value::Object(map) => {
            for (key, value) in map {
                in_pattern(
                    value,
                    keys.below.entry(strip_anchor(key).to_owned()).or_default(),
                );
            }
        }
        Value::Array(items) if items.iter().all(Value::is_object) && !items.is_empty() => {
            items.iter().for_each(|it| in_pattern(it, keys));
        }
        _ => keys.whole = true,
    }
}

fn in_conditions(conditions: &crate::conditions::Conditions, texts: &mut Vec<String>) {
    for it in conditions.iter() {
        for template in [&it.key, &it.value] {
            if !template.is_static() {
                texts.push(template.value().to_string());
            }
        }
    }
}

fn in_test(test: &Test, texts: &mut Vec<String>) {
    if let Some(conditions) = test.deny.as_ref().and_then(|it| it.conditions.as_ref()) {
        in_conditions(conditions, texts);
    }
    for it in test.pattern.iter().chain(&test.any_pattern) {
        if !it.is_static() {
            texts.push(it.value().to_string());
        }
    }
    for it in &test.foreach {
        texts.push(it.list.clone());
        if let Some(conditions) = &it.preconditions {
            in_conditions(conditions, texts);
        }
        in_test(&it.test, texts);
    }
}
