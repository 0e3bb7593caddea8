//! Whether a rendered resource is what its kind says: Kubernetes' own kinds by embedded schemas,
//! custom ones by the definitions that the repository holds.
//!
//! What an API server checks beyond schemas (fields that depend on each other, admission, CEL rules
//! of definitions) is not checked here.

mod checker;
mod crd;
mod formats;
mod kubernetes;
mod later;
mod node;
mod objects;
mod read;
mod removed;
mod say;
mod settle;
#[cfg(test)]
mod tests;
mod walk;

pub use crd::Definitions;

use crate::{
    config::nearest,
    model::{Manifest, Place, SchemaRule},
};
use crd::{Definition, Serves};
use kubernetes::{Kubernetes, MINORS, Standing, api_version};
use later::Later;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tollgate_yaml::FieldPath;

/// Mistakes of one resource that are told; the rest are counted.
const MISTAKES: usize = 20;

/// Schemas, read when the first resource asks, and shared by threads.
pub struct Schemas {
    minor: u32,
    /// Definitions of renders, by the digest of their manifest.
    rendered: Mutex<BTreeMap<String, Option<Arc<Definition>>>>,
}

/// What is wrong with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which kind of mistake.
    pub rule: SchemaRule,
    /// The field that it is about; the root for the whole resource.
    pub field: FieldPath,
    /// What the field lacks, where that is the mistake.
    pub missing: Option<String>,
    /// One clause, without values of the resource.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The custom resource definition that was asked.
    pub definition: Option<Place>,
}

impl Mistake {
    fn new(rule: SchemaRule, field: FieldPath, message: String) -> Self {
        Self {
            rule,
            field,
            missing: None,
            message,
            help: None,
            definition: None,
        }
    }

    fn invalid(field: FieldPath, message: String, help: Option<String>) -> Self {
        Self {
            help,
            ..Self::new(SchemaRule::Invalid, field, message)
        }
    }

    fn unchecked(message: String) -> Self {
        Self::new(SchemaRule::Unchecked, FieldPath::root(), message)
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Schemas {
    /// The schemas of a version of Kubernetes such as `1.34`, or of the newest that is embedded.
    ///
    /// # Errors
    /// A message for people, where that version is not embedded.
    pub fn new(version: Option<&str>) -> Result<Self, String> {
        let minor = match version {
            None => MINORS.1,
            Some(version) => version
                .strip_prefix("1.")
                .and_then(|it| it.parse().ok())
                .filter(|it| (MINORS.0..=MINORS.1).contains(it))
                .ok_or_else(|| {
                    format!(
                        "there are no schemas of Kubernetes {version}: known are 1.{} to 1.{}",
                        MINORS.0, MINORS.1
                    )
                })?,
        };
        Ok(Self {
            minor,
            rendered: Mutex::default(),
        })
    }

    /// The definitions among rendered manifests.
    pub fn definitions<'a>(
        &self,
        manifests: impl IntoIterator<Item = &'a Manifest>,
    ) -> Definitions {
        let mut definitions = Definitions::new();
        for manifest in manifests {
            if manifest.key.kind != "CustomResourceDefinition" {
                continue;
            }
            let mut known = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
            let definition = known
                .entry(manifest.digest.clone())
                .or_insert_with(|| Definition::read(&manifest.json, None).map(Arc::new));
            if let Some(definition) = definition {
                definitions.insert(Arc::clone(definition));
            }
        }
        definitions
    }

    /// What is wrong with a manifest; nothing where it is valid. Definitions of its own render come
    /// before those of the repository, which `elsewhere` gives when it is asked.
    pub fn judge<'a>(
        &self,
        manifest: &Manifest,
        beside: &Definitions,
        elsewhere: impl FnOnce() -> &'a Definitions,
    ) -> Vec<Mistake> {
        let kubernetes = match Kubernetes::of(self.minor) {
            Ok(it) => it,
            Err(why) => return vec![Mistake::unchecked(why.clone())],
        };
        let later = Later::of(&manifest.json);
        let plain = later.without_block(&manifest.json);
        let asked = Asked {
            kubernetes,
            manifest,
            object: plain.as_ref().unwrap_or(&manifest.json),
            later,
        };
        few(asked.judge(beside, elsewhere))
    }
}

/// In the order of fields, each once, and not too many.
fn few(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by(|a, b| (&a.field, &a.message).cmp(&(&b.field, &b.message)));
    mistakes.dedup_by(|a, b| (&a.field, &a.message) == (&b.field, &b.message));
    let more = mistakes.len().saturating_sub(MISTAKES);
    if more > 0 {
        let unchecked = |it: &Mistake| it.rule == SchemaRule::Unchecked;
        let unsure = mistakes
            .iter()
            .skip(MISTAKES)
            .find(|it| unchecked(it))
            .cloned();
        mistakes.truncate(MISTAKES);
        mistakes.extend(unsure);
        mistakes.push(Mistake::invalid(
            FieldPath::root(),
            format!("{more} more mistakes are not listed"),
            None,
        ));
    }
    mistakes
}

/// A resource, and whom to ask about it.
struct Asked<'s> {
    kubernetes: &'s Kubernetes,
    manifest: &'s Manifest,
    /// Without what never reaches a cluster.
    object: &'s serde_json::Value,
    later: Later,
}

impl Asked<'_> {
    fn judge<'a>(
        &self,
        beside: &Definitions,
        elsewhere: impl FnOnce() -> &'a Definitions,
    ) -> Vec<Mistake> {
        let manifest = self.manifest;
        let (version, kind) = (&manifest.key.api_version, &manifest.key.kind);
        if let Some(mistake) = objects::type_mistake(version, kind, self.later) {
            return vec![mistake];
        }
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        match self.kubernetes.standing(group, version, kind) {
            Standing::Served { checker, until } => {
                let mut mistakes = checker.check(self.object, self.later, self.kubernetes);
                mistakes.extend(objects::mistakes(
                    self.object,
                    self.later,
                    Some(self.kubernetes.minor),
                ));
                mistakes.extend(self.left(group, version, kind, until));
                mistakes
            }
            Standing::Foreign => self.custom(group, version, beside, elsewhere()),
            // A group of Kubernetes may be extended by a definition that stands in the repository.
            other => {
                let elsewhere = elsewhere();
                if beside.of(group, kind).is_empty() && elsewhere.of(group, kind).is_empty() {
                    vec![self.absent(group, version, kind, &other)]
                } else {
                    self.custom(group, version, beside, elsewhere)
                }
            }
        }
    }

    /// A kind that Kubernetes' own groups do not serve in this version.
    fn absent(&self, group: &str, version: &str, kind: &str, why: &Standing<'_>) -> Mistake {
        let name = api_version(group, version);
        let kubernetes = self.kubernetes.name();
        let at = |field: &str| FieldPath::root().key(field);
        match why {
            Standing::Gone { minor } => {
                let mistake = Mistake::new(
                    SchemaRule::Removed,
                    at("apiVersion"),
                    format!(
                        "{kind} of `{name}` was removed in Kubernetes 1.{minor}; this is {kubernetes}"
                    ),
                );
                match self.replacement(group, version, kind) {
                    Some(instead) => mistake.help(format!("use `{instead}`")),
                    None => mistake.help("nothing replaces it: remove the resource"),
                }
            }
            Standing::Later { minor } => Mistake::new(
                SchemaRule::Invalid,
                at("apiVersion"),
                format!(
                    "{kind} of `{name}` exists from Kubernetes 1.{minor} on; this is {kubernetes}"
                ),
            )
            .help("set `schema.kubernetes` in tollgate.yaml to the version that runs"),
            _ => {
                let known = self.kubernetes.kinds_of(group, version);
                let mistake = if known.is_empty() {
                    let message = format!("{kubernetes} has no API version `{name}`");
                    Mistake::new(SchemaRule::Invalid, at("apiVersion"), message)
                } else {
                    let message = format!("{kubernetes} has no kind `{kind}` in `{name}`");
                    Mistake::new(SchemaRule::Invalid, at("kind"), message)
                };
                if let Some(near) = nearest(kind, &known) {
                    return mistake.help(format!("did you mean `{near}`?"));
                }
                match self.replacement(group, version, kind) {
                    Some(instead) => mistake.help(format!("{kind} is in `{instead}`")),
                    None => mistake,
                }
            }
        }
    }

    fn replacement(&self, group: &str, version: &str, kind: &str) -> Option<String> {
        let instead = removed::removed(&api_version(group, version), kind)
            .map(|it| it.instead.to_owned())
            .filter(|it| !it.is_empty());
        instead.or_else(|| self.kubernetes.instead(group, version, kind))
    }

    /// An API version that is served and should be left. A beta is deprecated as soon as a stable
    /// version stands beside it.
    /// Source: <https://kubernetes.io/docs/reference/using-api/deprecation-policy/>, rules 3 and 4.
    fn left(&self, group: &str, version: &str, kind: &str, until: Option<u32>) -> Option<Mistake> {
        let name = api_version(group, version);
        let field = FieldPath::root().key("apiVersion");
        let instead = self.replacement(group, version, kind);
        let stable = |it: &String| !it.contains("alpha") && !it.contains("beta");
        let preview = version.contains("alpha") || version.contains("beta");
        let message = match until {
            Some(minor) => format!("{kind} of `{name}` is removed in Kubernetes 1.{minor}"),
            None if preview && instead.as_ref().is_some_and(stable) => {
                format!("{kind} of `{name}` is deprecated")
            }
            None => {
                let advice = removed::left(&name, kind)?;
                let message = format!("{kind} of `{name}` is deprecated");
                let mistake = Mistake::new(SchemaRule::Deprecated, field, message);
                return Some(match advice {
                    "" => mistake,
                    advice => mistake.help(format!("use {advice}")),
                });
            }
        };
        let mistake = Mistake::new(SchemaRule::Deprecated, field, message);
        Some(match instead {
            Some(instead) => mistake.help(format!("use `{instead}`")),
            None => mistake,
        })
    }

    fn custom(
        &self,
        group: &str,
        version: &str,
        beside: &Definitions,
        elsewhere: &Definitions,
    ) -> Vec<Mistake> {
        let kind = &self.manifest.key.kind;
        let candidates = match beside.of(group, kind) {
            [] => elsewhere.of(group, kind),
            some => some,
        };
        let mut answers = candidates.iter().map(|it| (it, self.ask(it, version)));
        let Some((_, first)) = answers.next() else {
            let known = [beside.kinds_of(group), elsewhere.kinds_of(group)].concat();
            let mut mistakes = vec![unknown_kind(self.manifest, &known)];
            mistakes.extend(objects::mistakes(self.object, self.later, None));
            return mistakes;
        };
        let holds = |it: &[Mistake]| it.iter().any(|it| it.rule != SchemaRule::Deprecated);
        let disagrees = answers
            .find(|(_, it)| holds(it) != holds(&first))
            .map(|(other, _)| other);
        let Some(other) = disagrees else {
            return first;
        };
        let place = |it: &Definition| {
            let place = it.place.as_ref();
            place.map_or_else(|| "a render".to_owned(), |it| it.path.clone())
        };
        let message = format!(
            "the repository holds different definitions of {kind} ({} and {}), and by one of them the resource is not valid",
            place(&candidates[0]),
            place(other)
        );
        let mut mistake = Mistake::unchecked(message).help(
            "name the right ones in `schema.crds` of tollgate.yaml, or render them beside it",
        );
        mistake.definition.clone_from(&other.place);
        vec![mistake]
    }

    fn ask(&self, definition: &Definition, version: &str) -> Vec<Mistake> {
        let kind = &self.manifest.key.kind;
        let field = FieldPath::root().key("apiVersion");
        let mut mistakes = match definition.version(version, self.kubernetes) {
            Serves::Yes {
                checker,
                deprecated,
            } => {
                let mut mistakes = match checker {
                    Ok(checker) => checker.check(self.object, self.later, self.kubernetes),
                    Err(why) => vec![Mistake::unchecked(format!(
                        "{kind} could not be validated: {why}"
                    ))],
                };
                mistakes.extend(objects::mistakes(self.object, self.later, None));
                if deprecated {
                    let message = format!("version `{version}` of {kind} is deprecated");
                    let mistake = Mistake::new(SchemaRule::Deprecated, field, message);
                    let instead = definition.served().into_iter().find(|it| *it != version);
                    mistakes.push(match instead {
                        Some(instead) => mistake.help(format!("use `{instead}`")),
                        None => mistake,
                    });
                }
                mistakes
            }
            Serves::No(served) => {
                let message =
                    format!("the definition of {kind} does not serve version `{version}`");
                let help = format!("it serves {}", served.join(", "));
                let mistake = Mistake::new(SchemaRule::Invalid, field, message);
                vec![if served.is_empty() {
                    mistake
                } else {
                    mistake.help(help)
                }]
            }
        };
        for mistake in &mut mistakes {
            mistake.definition.clone_from(&definition.place);
        }
        mistakes
    }
}

fn unknown_kind(manifest: &Manifest, known: &[&str]) -> Mistake {
    let message = format!(
        "no schema is known for {} of `{}`, so its fields are not checked",
        manifest.key.kind, manifest.key.api_version
    );
    let mistake = Mistake::new(
        SchemaRule::UnknownKind,
        FieldPath::root().key("kind"),
        message,
    );
    match nearest(&manifest.key.kind, known) {
        Some(near) => mistake.help(format!("did you mean `{near}`?")),
        None => mistake.help(
            "put its custom resource definition into the repository, where `schema.crds` of tollgate.yaml looks for them (everywhere if it is not set)",
        ),
    }
}
