//! Context entries, which load when a query names them. Source: `pkg/engine/context/deferred.go`
//! and `pkg/engine/context/loaders`.

use super::{Context, ErrorKind, Template, VariableError, images};
use serde_json::{Value, json};
use std::sync::Arc;

/// A named value that a rule or a loop declares.
#[derive(Clone, Debug)]
pub(crate) struct ContextEntry {
    pub(crate) name: Arc<str>,
    pub(crate) source: Source,
}

/// Where the value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Variable {
        value: Option<Template>,
        jmes_path: Option<Template>,
        default: Option<Template>,
    },
    ConfigMap {
        name: Template,
        namespace: Template,
    },
    /// The whole `apiCall`.
    ApiCall(Template),
    /// The whole `globalReference`.
    Global(Template),
    /// Only values can stand in.
    ImageRegistry,
}

#[derive(Debug)]
enum What<'a> {
    /// The `images` of the resource.
    Images(Option<&'a Value>),
    Entry(&'a ContextEntry),
}

/// An entry waiting for a query that names it.
#[derive(Debug)]
pub(super) struct Deferred<'a> {
    what: What<'a>,
    /// How many checkpoints there were when it was declared.
    level: usize,
    /// Tried already since the last checkpoint was gone back to.
    matched: bool,
    loaded: bool,
}

impl<'a> Deferred<'a> {
    pub(super) fn images(resource: Option<&'a Value>) -> Self {
        Self {
            what: What::Images(resource),
            level: 0,
            matched: false,
            loaded: false,
        }
    }

    fn name(&self) -> &str {
        match &self.what {
            What::Images(_) => "images",
            What::Entry(entry) => &entry.name,
        }
    }
}

/// Whether a query names `name`, not as the field of something else.
fn names(query: &str, name: &str) -> bool {
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    query.match_indices(name).any(|(at, _)| {
        let before = query[..at].chars().next_back();
        let after = query[at + name.len()..].chars().next();
        let starts = before.is_none_or(|it| !it.is_ascii_alphanumeric() && it != '.');
        let last_is_word = name.chars().next_back().is_some_and(word);
        starts && last_is_word != after.is_some_and(word)
    })
}

impl<'a> Context<'a> {
    /// Declare entries at the present level. Calls that fixtures answer are made at once.
    ///
    /// # Errors
    /// A call that fails.
    pub(crate) fn declare(&mut self, entries: &'a [ContextEntry]) -> Result<(), VariableError> {
        let level = self.checkpoints.len();
        let mut waiting = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Source::ApiCall(call) = &entry.source
                && self.answer_call(&entry.name, call)?
            {
                continue;
            }
            waiting.push(Deferred {
                what: What::Entry(entry),
                level,
                matched: false,
                loaded: false,
            });
        }
        self.deferred.extend(waiting);
        Ok(())
    }

    /// Load every entry that a query names. Says which of them nobody can load, if one is.
    pub(super) fn load_for(&mut self, query: &str) -> Result<Option<String>, VariableError> {
        let (level, before) = self
            .loading
            .unwrap_or((self.checkpoints.len(), self.deferred.len()));
        let mut unavailable = Vec::new();
        let mut needs = None;
        loop {
            let next = self.deferred.iter().take(before).position(|it| {
                !it.matched && !it.loaded && it.level <= level && names(query, it.name())
            });
            let Some(index) = next else {
                break;
            };
            self.deferred[index].matched = true;
            match self.load(index) {
                Ok(()) => {}
                Err(error) if error.kind == ErrorKind::Unavailable && self.is_outside(index) => {
                    unavailable.push(index);
                    needs = Some(error.message);
                }
                Err(error) => return Err(error),
            }
        }
        // Asked again, they must be missed again.
        for index in unavailable {
            if let Some(it) = self.deferred.get_mut(index) {
                it.matched = false;
            }
        }
        Ok(needs)
    }

    fn is_outside(&self, index: usize) -> bool {
        self.deferred.get(index).is_some_and(|it| {
            matches!(
                it.what,
                What::Entry(ContextEntry {
                    source: Source::ConfigMap { .. }
                        | Source::ApiCall(_)
                        | Source::Global(_)
                        | Source::ImageRegistry,
                    ..
                })
            )
        })
    }

    fn load(&mut self, index: usize) -> Result<(), VariableError> {
        self.loading = Some((self.deferred[index].level, index));
        let loaded = match &self.deferred[index].what {
            What::Images(resource) => {
                let found = images::as_variable(*resource, &self.runtime);
                match found {
                    Ok(Some(value)) => self.add("images", value),
                    Ok(None) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            What::Entry(entry) => {
                let entry = *entry;
                let outcome = self.load_entry(entry);
                if let Some(it) = self.deferred.get_mut(index) {
                    it.loaded |= outcome.is_ok();
                }
                outcome
            }
        };
        self.loading = None;
        loaded
    }

    fn load_entry(&mut self, entry: &ContextEntry) -> Result<(), VariableError> {
        let name = &*entry.name;
        match &entry.source {
            Source::Variable {
                value,
                jmes_path,
                default,
            } => {
                let value =
                    self.variable(name, value.as_ref(), jmes_path.as_ref(), default.as_ref())?;
                self.replace(name, value)
            }
            Source::ConfigMap {
                name: config_map,
                namespace,
            } => self.config_map(name, config_map, namespace),
            // Those that fixtures answer are loaded when they are declared.
            Source::ApiCall(_) => self.stand_in(name, "apiCall"),
            Source::Global(reference) => match self.global_entry(name, reference) {
                Ok(true) => Ok(()),
                Ok(false) => self.stand_in(name, "globalReference"),
                Err(error) => Err(error.within(&format!("failed to load context entry {name}"))),
            },
            Source::ImageRegistry => self.stand_in(name, "imageRegistry"),
        }
    }

    fn variable(
        &mut self,
        name: &str,
        value: Option<&Template>,
        jmes_path: Option<&Template>,
        default: Option<&Template>,
    ) -> Result<Value, VariableError> {
        let failed = format!("failed to substitute variables in context entry {name}");
        let path = match jmes_path {
            None => None,
            Some(path) => match self
                .substitute(path)
                .map_err(|it| it.within(&failed))?
                .into_owned()
            {
                Value::String(path) => Some(path),
                _ => {
                    return Err(VariableError::new(format!(
                        "the jmesPath of context entry {name} is not a text"
                    )));
                }
            },
        };
        let default = match default {
            None => Value::Null,
            Some(default) => self
                .substitute(default)
                .map_err(|it| it.within(&failed))?
                .into_owned(),
        };
        let answer = match (value, path) {
            (Some(value), path) => {
                let value = self.substitute(value).map_err(|it| it.within(&failed))?;
                match path {
                    None => Ok(value.into_owned()),
                    Some(path) => self.query_value(&path, &value),
                }
            }
            (None, Some(path)) => self.query(&path).map(|it| match it {
                Value::Null => default.clone(),
                found => found,
            }),
            (None, None) => Ok(default.clone()),
        };
        let output = match answer {
            Ok(found) => found,
            Err(error) => {
                let error = if default.is_null() {
                    Some(error)
                } else {
                    error.unless_ignored()
                };
                match error {
                    None => default,
                    Some(error) => {
                        return Err(
                            error.within(&format!("failed to evaluate context entry {name}"))
                        );
                    }
                }
            }
        };
        if output.is_null() {
            return Err(VariableError::new(format!(
                "failed to add context entry for variable {name} since it evaluated to nil"
            )));
        }
        Ok(output)
    }

    fn config_map(
        &mut self,
        entry: &str,
        name: &Template,
        namespace: &Template,
    ) -> Result<(), VariableError> {
        let Some(config_maps) = &self.fixtures.config_maps else {
            return self.stand_in(entry, "configMap");
        };
        let mut text = |template: &Template| {
            let value = self.substitute(template).map_err(|it| {
                it.within(&format!(
                    "failed to substitute variables in context entry {entry}"
                ))
            })?;
            value.as_str().map(str::to_owned).ok_or_else(|| {
                VariableError::new(format!(
                    "the name of the config map of context entry {entry} is not a text"
                ))
            })
        };
        let name = text(name)?;
        let mut namespace = text(namespace)?;
        let own = self.policy_namespace;
        if namespace.is_empty() {
            namespace = if own.is_empty() { "default" } else { own }.to_owned();
        }
        if !own.is_empty() && namespace != own {
            return Err(VariableError::new(format!(
                "context entry {entry}: configMap namespace \"{namespace}\" is different from policy namespace \"{own}\""
            )));
        }
        let key = (namespace, name);
        let Some(found) = config_maps.get(&key) else {
            self.outside = true;
            return Err(VariableError::new(format!(
                "failed to get configmap {}/{} for context entry {entry}",
                key.0, key.1
            )));
        };
        let value = json!({"data": found.get("data"), "metadata": found.get("metadata")});
        self.add(entry, value)
    }

    /// Values must have set the entry.
    fn stand_in(&mut self, name: &str, kind: &str) -> Result<(), VariableError> {
        if self.raw.get(name).is_some() || self.fixtures.leave_contexts_unset {
            return Ok(());
        }
        self.outside = true;
        Err(VariableError {
            message: format!(
                "context entry `{name}` comes from {kind}, which is not asked here: give its value in the values file"
            ),
            kind: ErrorKind::Unavailable,
        })
    }

    /// After going back to a checkpoint: forget what was declared since, and load again what was
    /// declared before.
    pub(super) fn reset_deferred(&mut self, restore: bool) {
        let level = self.checkpoints.len();
        for it in &mut self.deferred {
            it.matched = false;
        }
        let mut index = 0;
        while let Some(it) = self.deferred.get(index) {
            let (own, loaded) = (it.level, it.loaded);
            let mut forget = own > level;
            if !forget && loaded {
                if restore || own < level {
                    // An entry that no longer loads stays unset: a query of it then fails.
                    let _ = self.load(index);
                    if let Some(it) = self.deferred.get_mut(index) {
                        it.loaded = true;
                        it.matched = false;
                    }
                }
                forget = own == level;
            } else if !forget && !restore {
                forget = own == level;
            }
            if forget {
                self.deferred.remove(index);
            } else {
                index += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn whole_names_only() {
        assert!(names("a", "a"));
        assert!(names("a.b", "a"));
        assert!(names("length(a)", "a"));
        assert!(!names("b.a", "a"));
        assert!(!names("ab", "a"));
        assert!(!names("ba", "a"));
    }
}
