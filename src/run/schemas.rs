//! Resources against the schemas of their kinds.

use crate::{
    config::{Config, Patterns},
    model::{Manifest, Place, Problem, SchemaFacts, SchemaResult, SchemaRule, Side},
    repo::{self, discover},
    schema::{Definitions, Mistake, Schemas},
};
use serde_json::Value;
use std::sync::OnceLock;
use tollgate_kustomize::Session;
use tollgate_yaml::{FieldPath, Sources, Step};

/// Schemas, and HEAD to look for definitions in.
pub(super) struct Validation<'a> {
    schemas: Schemas,
    patterns: Option<Patterns>,
    files: &'a dyn repo::Tree,
    session: &'a Session<'a>,
    sources: &'a Sources,
    /// Found when the first kind that is not Kubernetes' own asks for them.
    found: OnceLock<(Definitions, Vec<Problem>)>,
}

impl<'a> Validation<'a> {
    /// What BASE's configuration asks for, with the files of HEAD.
    pub(super) fn new(
        config: &Config,
        files: &'a dyn repo::Tree,
        session: &'a Session<'a>,
        sources: &'a Sources,
    ) -> Result<Self, Box<Problem>> {
        let settings = config.schema.as_ref();
        let schemas =
            Schemas::new(settings.map(|it| it.kubernetes.as_str())).map_err(|message| {
                let mut problem = problem("schema.kubernetes", message);
                problem.help = Some(
                    "name a known version in tollgate.yaml, in a change of its own".to_owned(),
                );
                problem
            })?;
        let patterns = settings
            .map(|it| &it.crds)
            .filter(|it| !it.is_empty())
            .map(Patterns::compile)
            .transpose()
            .map_err(|it| {
                Box::new(problem(
                    "schema.crds",
                    format!("its patterns cannot be used: {it}"),
                ))
            })?;
        Ok(Self {
            schemas,
            patterns,
            files,
            session,
            sources,
            found: OnceLock::new(),
        })
    }

    /// What is wrong with `subjects`, which are some of `manifests`: those came from `sources` on
    /// `side`. `before` is what stood there, so that old is told from new.
    pub(super) fn validate(
        &self,
        overlay: &str,
        [before, manifests]: [&[Manifest]; 2],
        subjects: &[&Manifest],
        sources: &Sources,
        side: Side,
    ) -> Vec<SchemaFacts> {
        if subjects.is_empty() {
            return Vec::new();
        }
        let beside = self.schemas.definitions(manifests);
        let judged = subjects.iter().map(|manifest| {
            let mistakes = self.schemas.judge(manifest, &beside, || &self.found().0);
            let mut facts = facts(overlay, manifest, mistakes.clone(), sources, side);
            let was = before.iter().find(|it| it.key == manifest.key);
            if let Some(was) = was.filter(|_| !mistakes.is_empty()) {
                let old = self.schemas.judge(was, &beside, || &self.found().0);
                for (result, mistake) in facts.results.iter_mut().zip(&mistakes) {
                    result.known = old.iter().any(|it| same(was, it, manifest, mistake));
                }
            }
            facts
        });
        judged.collect()
    }

    /// What went wrong with the search for definitions, if there was one.
    pub(super) fn problems(&self) -> Vec<Problem> {
        self.found.get().map_or_else(Vec::new, |it| it.1.clone())
    }

    // Not in parallel: a thread that waits here must not be given another overlay meanwhile, which
    // would wait for itself.
    fn found(&self) -> &(Definitions, Vec<Problem>) {
        self.found.get_or_init(|| {
            let files =
                match discover::definitions(self.files, self.session, self.patterns.as_ref()) {
                    Ok(it) => it,
                    Err(error) => {
                        let why = format!("definitions cannot be looked for: {error}");
                        return (Definitions::new(), vec![problem("schemas", why)]);
                    }
                };
            let mut definitions = Definitions::new();
            let mut problems: Vec<Problem> = Vec::new();
            for it in files.problems {
                let mut entry = problem(&it.path.to_string(), it.message);
                entry.help = it.help;
                entry.place = Place::of(self.sources, it.span, Side::Head);
                problems.push(entry);
            }
            for document in files.documents {
                let place = Place::of(self.sources, document.span(), Side::Head);
                match document.to_json() {
                    Ok(json) => definitions.add(&json, place),
                    Err(error) => {
                        let path = place.as_ref().map_or("a definition", |it| it.path.as_str());
                        let mut entry = problem(path, error.message);
                        entry.place = place;
                        problems.push(entry);
                    }
                }
            }
            (definitions, problems)
        })
    }
}

/// What is wrong with a manifest, with places.
pub(super) fn facts(
    overlay: &str,
    manifest: &Manifest,
    mistakes: Vec<Mistake>,
    sources: &Sources,
    side: Side,
) -> SchemaFacts {
    SchemaFacts {
        overlay: overlay.to_owned(),
        resource: manifest.key.clone(),
        results: mistakes
            .into_iter()
            .map(|it| result(manifest, it, sources, side))
            .collect(),
    }
}

fn problem(subject: &str, message: String) -> Problem {
    Problem {
        gate: "schemas".to_owned(),
        subject: subject.to_owned(),
        message,
        help: None,
        place: None,
        name: false,
        before: false,
        hides_rules: false,
        mended: None,
    }
}

fn result(manifest: &Manifest, mistake: Mistake, sources: &Sources, side: Side) -> SchemaResult {
    let origin = manifest.body.blame(&mistake.field);
    SchemaResult {
        rule: mistake.rule,
        known: false,
        message: mistake.message,
        field: mistake.field.to_string(),
        missing: mistake.missing,
        help: mistake.help,
        place: Place::of(sources, origin.edit_here(), side),
        overridden: origin
            .overridden()
            .and_then(|it| Place::of(sources, it, side)),
        definition: mistake.definition,
    }
}

/// Whether two states of a resource have the same mistake: at the same field, where elements of
/// lists are told by their names, and of the same value, where it is one that is wrong.
fn same(before: &Manifest, old: &Mistake, now: &Manifest, new: &Mistake) -> bool {
    let of_the_value =
        new.missing.is_none() && matches!(new.rule, SchemaRule::Invalid | SchemaRule::Unchecked);
    let (old_place, old_value) = at(&before.json, &old.field);
    let (new_place, new_value) = at(&now.json, &new.field);
    (old.rule, &old.missing, &old.message) == (new.rule, &new.missing, &new.message)
        && old_place == new_place
        && (!of_the_value || old_value == new_value)
}

/// A place with the names of elements, and the value there.
fn at<'m>(root: &'m Value, field: &FieldPath) -> (Vec<String>, Option<&'m Value>) {
    let mut place = Vec::new();
    let mut value = Some(root);
    for step in &field.0 {
        match step {
            Step::Key(key) => {
                place.push(format!(".{key}"));
                value = value.and_then(|it| it.get(&**key));
            }
            Step::Index(index) => {
                value = value.and_then(|it| it.get(*index));
                let name = value.and_then(|it| it.get("name")).and_then(Value::as_str);
                place.push(name.map_or(format!("[{index}]"), |it| format!("[name={it}]")));
            }
        }
    }
    (place, value)
}
