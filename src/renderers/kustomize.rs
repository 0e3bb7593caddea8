//! Kustomizations, in process.

use super::{Outside, RenderError, RenderSession, Rendered, Renderer};
use crate::model::{Manifest, Place, RenderWarning, ResourceKey, Side, digest};
use std::collections::BTreeSet;
use tollgate_kustomize::{
    BuildError, LoadRestrictor, Options, Refusal, RepoPath, Resource, Session, WarningKind, build,
};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Span, Value, emit, parse};

/// The renderer for kustomizations.
pub struct Kustomize;

impl Renderer for Kustomize {
    fn name(&self) -> &'static str {
        "kustomize"
    }

    fn open<'a>(&self, session: &'a Session<'a>, side: Side) -> Box<dyn RenderSession + 'a> {
        let options = Options::default();
        Box::new(Tree {
            session,
            side,
            options,
            lifts: true,
        })
    }
}

impl Kustomize {
    /// A tree opened with options that only a person at a terminal gives, and does nothing beyond them.
    /// `check` uses the defaults, as Argo CD does, and renders without load restrictions, as Flux does,
    /// what those refuse.
    pub fn open_with<'a>(
        session: &'a Session<'a>,
        side: Side,
        options: Options,
    ) -> impl RenderSession + 'a {
        Tree {
            session,
            side,
            options,
            lifts: false,
        }
    }
}

struct Tree<'a> {
    session: &'a Session<'a>,
    side: Side,
    options: Options,
    /// Whether what load restrictions refuse is rendered without them, and told.
    lifts: bool,
}

impl RenderSession for Tree<'_> {
    fn render(&self, overlay: &RepoPath) -> Result<Rendered, Box<RenderError>> {
        let (built, outside) = match build(self.session, overlay, &self.options) {
            Ok(built) => (built, None),
            Err(error) if self.lifts && error.refusal == Refusal::Restriction => {
                let options = Options {
                    load_restrictor: LoadRestrictor::None,
                    ..self.options
                };
                let built = build(self.session, overlay, &options).map_err(|it| self.error(&it))?;
                let RenderError {
                    message,
                    help,
                    place,
                    ..
                } = *self.error(&error);
                let outside = Outside {
                    message,
                    help,
                    place,
                };
                (built, Some(outside))
            }
            Err(error) => return Err(self.error(&error)),
        };
        let mut yaml = String::new();
        let mut manifests = Vec::with_capacity(built.resources.len());
        for resource in built.resources {
            if !yaml.is_empty() {
                yaml.push_str("---\n");
            }
            let (text, manifest) = self.manifest(resource)?;
            yaml.push_str(&text);
            manifests.push(manifest);
        }
        let place = |span| Place::of(self.session.sources(), span, self.side);
        Ok(Rendered {
            manifests,
            yaml,
            warnings: built
                .warnings
                .into_iter()
                .map(|it| RenderWarning {
                    message: it.message,
                    deprecated: it.kind == WarningKind::Deprecated,
                    place: place(it.span),
                })
                .collect(),
            reads: built.reads,
            outside,
        })
    }
}

impl Tree<'_> {
    fn manifest(&self, resource: Resource) -> Result<(String, Manifest), Box<RenderError>> {
        let body = resource.body;
        let printed = emit(&body).and_then(|text| Ok((text, body.to_json()?)));
        let (text, json) = printed.map_err(|it| self.error(&BuildError::from(it)))?;
        let key = ResourceKey::of(&body);
        let digest = digest(json.to_string().as_bytes());
        Ok((
            text,
            Manifest {
                key,
                body,
                json,
                digest,
            },
        ))
    }

    fn error(&self, error: &BuildError) -> Box<RenderError> {
        let own = Place::of(self.session.sources(), error.span, self.side);
        // Without a place of its own the error belongs to the entry that led to it.
        let through = || {
            error
                .chain
                .iter()
                .rev()
                .find_map(|it| Place::of(self.session.sources(), *it, self.side))
        };
        Box::new(RenderError {
            message: error.message.clone(),
            help: error.help.clone(),
            place: own.or_else(through),
            reads: BTreeSet::clone(&error.reads),
            elsewhere: error.refusal != Refusal::Mistake
                || is_made_first(self.session.sources(), error.span),
        })
    }
}

/// Marks of what is filled in before YAML is read.
const MARKS: [&str; 5] = ["{{", "{%", "${", "#{", "<%"];

/// Whether a deployer may make something else of the text in which rendering stops, before kustomize
/// reads it: the line is a template's, or the file is neither a map nor a list, as one that is encrypted.
fn is_made_first(sources: &Sources, at: Span) -> bool {
    let Some(file) = sources.get(at.file) else {
        return false;
    };
    let text = file.text();
    let (before, after) = text.split_at_checked(at.start as usize).unwrap_or_default();
    let start = before.rsplit('\n').next().unwrap_or_default();
    let end = after.lines().next().unwrap_or_default();
    if MARKS.iter().any(|it| format!("{start}{end}").contains(it)) {
        return true;
    }
    let documents = parse(text, at.file, Dialect::Kyaml, &Limits::default());
    documents.is_ok_and(|it| {
        let is_text = |it: &Node| matches!(it.value, Value::Scalar(_)) && !it.is_null();
        it.iter().any(is_text)
    })
}
