//! Variables `{{ .. }}` and references `$( .. )` of a rule, as far as they can be judged without an
//! object. Source: `ValidateVariables` in `pkg/validation/policy`, `MockContext` in
//! `pkg/engine/context` and `pkg/engine/variables/vars.go`.

use super::{actions, get, given, list, refuse, says, text};
use crate::{
    context::{find_variables, query_of, reference_in},
    pattern::strip_anchor,
    policy::fields::Fault,
};
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tollgate_jmespath::{Expression, wildcard};
use tollgate_yaml::FieldPath;

/// Bytes of one text that are looked through; longer ones are left to the evaluation.
const MAX_WORK: usize = 1 << 20;

type Lazy = LazyLock<Option<Regex>>;

// What a variable may begin with, by whether background scans and targets of a mutation use it.
static ADMISSION: Lazy = LazyLock::new(|| {
    Regex::new(r"request|serviceAccountName|serviceAccountNamespace|element|elementIndex|@|images|image|([a-z_0-9]+\()[^{}]").ok()
});
static BACKGROUND: Lazy = LazyLock::new(|| {
    Regex::new(r"request\.|element|elementIndex|@|images|images\.|image\.|([a-z_0-9]+\()[^{}]").ok()
});
static TARGET: Lazy = LazyLock::new(|| {
    Regex::new(r"request\.|serviceAccountName|serviceAccountNamespace|element|elementIndex|@|images|images\.|image\.|target\.|([a-z_0-9]+\()[^{}]").ok()
});
static BACKGROUND_TARGET: Lazy = LazyLock::new(|| {
    Regex::new(
        r"request\.|element|elementIndex|@|images|images\.|image\.|target\.|([a-z_0-9]+\()[^{}]",
    )
    .ok()
});
const IN_BACKGROUND: &str = "is not known in background scans: set `spec.background: false`";

/// Variables about who asks.
static USERS: Lazy = LazyLock::new(|| {
    Regex::new(r"[^.](serviceAccountName|serviceAccountNamespace|request.userInfo|request.roles|request.clusterRoles)\b").ok()
});
static PLAIN: Lazy = LazyLock::new(|| Regex::new(r"\{\{[^{}]*\}\}").ok());

fn matches(expression: &Lazy, text: &str) -> bool {
    expression.as_ref().is_some_and(|it| it.is_match(text))
}

/// The way to a value. It becomes a path only where something is wrong: most of a policy is right.
struct Way<'v, 'b> {
    base: &'b FieldPath,
    steps: Vec<Step<'v>>,
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

impl<'v, 'b> Way<'v, 'b> {
    fn new(base: &'b FieldPath) -> Self {
        Self {
            base,
            steps: Vec::new(),
        }
    }

    fn path(&self) -> FieldPath {
        let base = self.base.clone();
        self.steps.iter().fold(base, |path, step| match step {
            Step::Key(key) => path.key(*key),
            Step::Index(index) => path.index(*index),
        })
    }

    /// The steps as upstream writes them into a path.
    fn written(&self) -> Vec<String> {
        let steps = self.steps.iter().map(|step| match step {
            Step::Key(key) => key.replace('/', "\\/"),
            Step::Index(index) => index.to_string(),
        });
        steps.collect()
    }

    fn in_loop(&self) -> bool {
        let is_loop = |it: &Step<'_>| matches!(it, Step::Key("foreach"));
        let found = self.steps.iter().position(is_loop);
        found.is_some_and(|it| it + 1 < self.steps.len())
    }

    /// Call `found` with every text of a value that may hold variables or references, keys included;
    /// a key stands where its map stands.
    fn each_text<E>(
        &mut self,
        value: &'v Value,
        found: &mut impl FnMut(&'v str, &Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let marked = |text: &str| text.contains("{{") || text.contains("$(");
        match value {
            Value::String(text) if marked(text) => found(text, self),
            Value::Array(items) => items.iter().enumerate().try_for_each(|(index, it)| {
                self.below(Step::Index(index), |way| way.each_text(it, found))
            }),
            Value::Object(map) => map.iter().try_for_each(|(key, value)| {
                if marked(key) {
                    found(key, self)?;
                }
                self.below(Step::Key(key), |way| way.each_text(value, found))
            }),
            _ => Ok(()),
        }
    }

    fn below<T>(&mut self, step: Step<'v>, then: impl FnOnce(&mut Self) -> T) -> T {
        self.steps.push(step);
        let done = then(self);
        self.steps.pop();
        done
    }
}

/// Whether there are variables, and the first that is about who asks. Source: `hasVariables` and
/// `containsUserVariables`.
pub(super) fn about_users(part: &Value, at: &FieldPath) -> (bool, Option<Fault>) {
    let (mut any, mut about) = (false, None);
    let _: Result<(), ()> = Way::new(at).each_text(part, &mut |text, way| {
        // A copy of the policy itself.
        let copy = Step::Key("kubectl.kubernetes.io/last-applied-configuration");
        if matches!((way.steps.last(), copy), (Some(Step::Key(a)), Step::Key(b)) if *a == b) {
            return Ok(());
        }
        for it in find_variables(text) {
            any = true;
            let variable = &text[it.braces];
            if about.is_none() && matches(&USERS, variable) {
                about = Some(Fault::new(
                    &way.path(),
                    format!("`{variable}` {IN_BACKGROUND}"),
                ));
            }
        }
        Ok(())
    });
    (any, about)
}

/// Places without variables. Source: `ruleForbiddenSectionsHaveVariables`.
pub(super) fn forbidden(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let patch = text(get(rule, "mutate"), "patchesJson6902");
    let in_path = |it: &String| !find_variables(it).is_empty();
    if actions::written_paths(patch).iter().any(in_path) {
        return refuse(
            &at.key("mutate").key("patchesJson6902"),
            "a path of a patch has no variables",
        );
    }
    for key in ["exclude", "match"] {
        Way::new(&at.key(key)).each_text(get(rule, key), &mut |text, way| {
            if matches(&PLAIN, text) {
                return refuse(&way.path(), format!("`{key}` has no variables"));
            }
            Ok(())
        })?;
    }
    for (index, image) in list(rule, "verifyImages").iter().enumerate() {
        let at = at.key("verifyImages").index(index);
        let references = list(image, "imageReferences").iter();
        let mut all = references
            .chain([get(image, "image")])
            .filter_map(Value::as_str);
        if all.any(|it| !find_variables(it).is_empty()) {
            return refuse(&at, "references to images have no variables");
        }
    }
    Ok(())
}

/// Elements are there in loops alone. Source: `ValidateElementInForEach`.
pub(super) fn elements(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    Way::new(at).each_text(rule, &mut |text, way| {
        for it in find_variables(text) {
            let variable = query_of(&text[it.braces]).0;
            if variable.starts_with("element") && !way.in_loop() {
                return refuse(
                    &way.path(),
                    format!("`{variable}` stands outside of a foreach: there are no elements"),
                );
            }
        }
        Ok(())
    })
}

/// Whether a rule refers to places in itself.
pub(super) fn has_references(rule: &Value) -> bool {
    let found = Way::new(&FieldPath::root()).each_text(rule, &mut |text, _| {
        if text.contains("$(") { Err(()) } else { Ok(()) }
    });
    found.is_err()
}

/// Whether every variable could have a value, and every reference has one. Source:
/// `hasInvalidVariables`.
pub(super) fn resolve(rule: &Value, at: &FieldPath, background: bool) -> Result<(), Fault> {
    let mutate = get(rule, "mutate");
    let targets = given(mutate, "targets");
    if targets {
        // What is found first: the targets, without what the mutation writes.
        let mut short = Map::new();
        for key in ["context", "preconditions"] {
            short.insert(key.to_owned(), get(rule, key).clone());
        }
        let specs = list(mutate, "targets").iter().map(|it| {
            let keys = ["apiVersion", "kind", "namespace", "name", "uid"];
            let kept = keys
                .iter()
                .map(|key| ((*key).to_owned(), get(it, key).clone()));
            Value::Object(kept.collect())
        });
        let mut of_targets = Map::new();
        of_targets.insert("targets".to_owned(), specs.collect());
        short.insert("mutate".to_owned(), Value::Object(of_targets));
        let short = Value::Object(short);
        let allowed = Allowed::new(&short, background, false);
        texts(&short, at, &allowed)?;
    }
    let allowed = Allowed::new(rule, background, targets);
    if let Some(stripped) = without_attested_conditions(rule) {
        return texts(&stripped, at, &allowed);
    }
    texts(rule, at, &allowed)
}

/// Conditions of attestations ask what only an attestation knows.
fn without_attested_conditions(rule: &Value) -> Option<Value> {
    let images = list(rule, "verifyImages");
    let attested = |it: &Value| !list(it, "attestations").is_empty();
    if !images.iter().any(attested) {
        return None;
    }
    let mut rule = rule.clone();
    let images = rule.get_mut("verifyImages").and_then(Value::as_array_mut);
    for image in images.into_iter().flatten() {
        let attestations = image.get_mut("attestations").and_then(Value::as_array_mut);
        for it in attestations.into_iter().flatten() {
            if let Some(it) = it.as_object_mut() {
                it.remove("conditions");
            }
        }
    }
    Some(rule)
}

/// The variables that a rule may name. Source: `buildContext`.
struct Allowed {
    beginnings: &'static Lazy,
    /// Patterns for what its contexts load.
    patterns: Vec<String>,
    background: bool,
}

impl Allowed {
    fn new(rule: &Value, background: bool, targets: bool) -> Self {
        let mut patterns = Vec::new();
        entries(rule, &mut patterns);
        for action in ["validate", "mutate", "generate"] {
            for part in ["foreach", "targets"] {
                for it in list(get(rule, action), part) {
                    entries(it, &mut patterns);
                }
            }
        }
        if list(rule, "verifyImages")
            .iter()
            .any(|it| says(it, "validate"))
        {
            for image in list(rule, "verifyImages") {
                for it in list(image, "attestations") {
                    patterns.push(format!("{}*", text(it, "name")));
                }
            }
        }
        Self {
            beginnings: match (targets, background) {
                (false, false) => &ADMISSION,
                (false, true) => &BACKGROUND,
                (true, false) => &TARGET,
                (true, true) => &BACKGROUND_TARGET,
            },
            patterns,
            background,
        }
    }

    fn query(&self, query: &str, way: &Way<'_, '_>) -> Result<(), Fault> {
        let query = query.trim();
        if query.is_empty() {
            return refuse(&way.path(), "a variable is empty");
        }
        if let Err(error) = Expression::parse(query) {
            return refuse(&way.path(), format!("`{query}` is no JMESPath: {error}"));
        }
        let bare = query.replace('"', "");
        let defined = |it: &String| wildcard::matches(it, &bare);
        if matches(self.beginnings, &bare) || self.patterns.iter().any(defined) {
            return Ok(());
        }
        if self.background && matches(&USERS, &format!(" {bare}")) {
            return refuse(&way.path(), format!("`{query}` {IN_BACKGROUND}"));
        }
        refuse(
            &way.path(),
            format!("nothing defines the variable `{query}`"),
        )
    }
}

fn entries(of: &Value, patterns: &mut Vec<String>) {
    for entry in list(of, "context") {
        let name = text(entry, "name");
        let loads = ["apiCall", "globalReference", "imageRegistry", "variable"];
        if loads.iter().any(|it| given(entry, it)) {
            patterns.push(format!("{name}*"));
        }
        if given(entry, "configMap") {
            for below in [".data", ".metadata", ".data.*", ".metadata.*"] {
                patterns.push(format!("{name}{below}"));
            }
        }
    }
}

/// What stands at the end of a reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Number,
    Other,
}

/// Every text of a rule.
fn texts(rule: &Value, at: &FieldPath, allowed: &Allowed) -> Result<(), Fault> {
    let mut text_of = Texts {
        allowed,
        rule,
        ends: None,
    };
    Way::new(at).each_text(rule, &mut |text, way| {
        let resolved = text_of.references(text, way)?;
        text_of.variables(resolved, way)
    })
}

struct Texts<'v, 'a> {
    allowed: &'a Allowed,
    rule: &'v Value,
    /// What stands where, without anchors; made when a reference asks.
    ends: Option<BTreeMap<String, (End, &'v str)>>,
}

impl Texts<'_, '_> {
    fn references(&mut self, text: &str, way: &Way<'_, '_>) -> Result<String, Fault> {
        let mut out = text.to_owned();
        for reference in reference_in(text) {
            let value = self.reference(reference, way)?;
            out = out.replacen(reference, &value, 1);
        }
        Ok(out)
    }

    /// Source: `resolveReference`.
    fn reference(&mut self, reference: &str, way: &Way<'_, '_>) -> Result<String, Fault> {
        use crate::pattern::{Operator, operator_of};
        let target = reference.trim_matches(['$', '(', ')']);
        let operator = operator_of(target);
        let target = target.get(operator.as_str().len()..).unwrap_or_default();
        if target.is_empty() {
            return refuse(&way.path(), format!("`{reference}` names no place"));
        }
        let place = if target.starts_with('/') {
            target.to_owned()
        } else {
            clean(&format!("/{}/{target}", way.written().join("/")))
        };
        let rule = self.rule;
        let ends = self.ends.get_or_insert_with(|| {
            let mut ends = BTreeMap::new();
            note_ends(rule, "", &mut ends);
            ends
        });
        match ends.get(&place) {
            Some((End::Text, text)) => Ok(format!("{}{text}", operator.as_str())),
            Some((End::Number, _)) if operator != Operator::Equal => {
                Ok(operator.as_str().to_owned())
            }
            Some(_) => refuse(
                &way.path(),
                format!("`{reference}` leads to what is no text"),
            ),
            None => refuse(&way.path(), format!("`{reference}` leads to nothing")),
        }
    }

    /// Source: `substituteVariablesIfAny`, where every variable is null.
    fn variables(&self, mut text: String, way: &Way<'_, '_>) -> Result<(), Fault> {
        let mut work = 0;
        loop {
            work += text.len();
            let found = find_variables(&text);
            if found.is_empty() || work > MAX_WORK {
                return Ok(());
            }
            let original = text.clone();
            let mut shallow = false;
            for it in found {
                let braces = &original[it.braces.clone()];
                let (query, is_shallow) = query_of(braces);
                shallow = is_shallow;
                // An `@` alone is a path of the object.
                if query != "@" {
                    self.allowed.query(&query, way)?;
                }
                if braces == original {
                    return Ok(());
                }
                let (before, whole) = (it.start..it.braces.start, it.start..it.braces.end);
                let null = format!("{}null", &original[before]);
                text = text.replacen(&original[whole], &null, 1);
                work += text.len();
            }
            if shallow {
                return Ok(());
            }
        }
    }
}

/// Source: `getValueFromReference`, for which the keys of a map stand where the map stands.
fn note_ends<'v>(value: &'v Value, path: &str, ends: &mut BTreeMap<String, (End, &'v str)>) {
    let end = match value {
        Value::Object(map) => {
            for (key, value) in map {
                let place = if path.is_empty() {
                    "/".to_owned()
                } else {
                    without_anchors(path)
                };
                ends.insert(place, (End::Text, key));
                note_ends(value, &format!("{path}/{}", key.replace('/', "\\/")), ends);
            }
            return;
        }
        Value::Array(items) => {
            for (index, it) in items.iter().enumerate() {
                note_ends(it, &format!("{path}/{index}"), ends);
            }
            return;
        }
        Value::Null => return,
        Value::String(text) => (End::Text, text.as_str()),
        Value::Number(_) => (End::Number, ""),
        Value::Bool(_) => (End::Other, ""),
    };
    ends.insert(without_anchors(path), end);
}

fn without_anchors(path: &str) -> String {
    let steps: Vec<&str> = path.split('/').map(strip_anchor).collect();
    clean(&steps.join("/"))
}

/// An absolute path without `.` and `..`. Source: Go's `path.Clean`.
fn clean(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}
