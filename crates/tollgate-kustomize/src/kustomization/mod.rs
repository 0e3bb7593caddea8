//! The kustomization file as plain data: every field, with the place where it was written.

mod decode;
mod entries;
mod parse;

pub(crate) use decode::{Fields, key_text};
pub use entries::{
    FieldOptions, FieldSpecEntry, GeneratorArgs, GeneratorOptions, ImageEntry, LabelEntry,
    LegacyOrder, Patch, PatchOptions, ReplacementEntry, ReplacementSource, ReplacementTarget,
    ReplicaEntry, SelectorEntry, SortOptions, Var, VarTarget,
};

use crate::files::RepoPath;
use std::ops::Deref;
use std::sync::Arc;
use tollgate_yaml::{Span, Style};

/// A value and the place where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The place.
    pub span: Span,
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Text as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The characters after unescaping and folding.
    pub value: Arc<str>,
    /// How it was written; tells how places inside of it map to the file.
    pub style: Style,
    /// The place.
    pub span: Span,
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

/// One entry of a map from text to text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPair {
    /// The key.
    pub key: Text,
    /// The value.
    pub value: Text,
}

/// Which of the two kinds of file this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `kind: Kustomization`, or none.
    Kustomization,
    /// `kind: Component`: works on the resources of the kustomization that lists it.
    Component,
}

/// A kustomization file. Fields that are missing, null or (for text) empty are absent, as they are
/// to kustomize. Source: kustomize `api/types/kustomization.go`.
#[derive(Clone, Debug)]
pub struct Kustomization {
    /// The file.
    pub path: RepoPath,
    /// Its whole document.
    pub span: Span,
    /// Kustomization or Component.
    pub kind: Kind,
    /// `metadata.name`.
    pub name: Option<Text>,
    /// `resources`, then the deprecated `bases`.
    pub resources: Vec<Text>,
    /// `components`.
    pub components: Vec<Text>,
    /// `crds`.
    pub crds: Vec<Text>,
    /// `configurations`.
    pub configurations: Vec<Text>,
    /// `generators`: files, folders or inline text.
    pub generators: Vec<Text>,
    /// `transformers`: files, folders or inline text.
    pub transformers: Vec<Text>,
    /// `validators`: files, folders or inline text.
    pub validators: Vec<Text>,
    /// `namePrefix`.
    pub name_prefix: Option<Text>,
    /// `nameSuffix`.
    pub name_suffix: Option<Text>,
    /// `namespace`.
    pub namespace: Option<Text>,
    /// `commonLabels`, sorted by key.
    pub common_labels: Vec<TextPair>,
    /// `labels`.
    pub labels: Vec<LabelEntry>,
    /// `commonAnnotations`, sorted by key.
    pub common_annotations: Vec<TextPair>,
    /// `patchesStrategicMerge`: files or inline text.
    pub patches_strategic_merge: Vec<Text>,
    /// `patchesJson6902`.
    pub patches_json6902: Vec<Patch>,
    /// `patches`.
    pub patches: Vec<Patch>,
    /// `images`, then the deprecated `imageTags`.
    pub images: Vec<ImageEntry>,
    /// `replacements`.
    pub replacements: Vec<ReplacementEntry>,
    /// `replicas`.
    pub replicas: Vec<ReplicaEntry>,
    /// `vars`.
    pub vars: Vec<Var>,
    /// `sortOptions`.
    pub sort_options: Option<SortOptions>,
    /// `configMapGenerator`.
    pub config_maps: Vec<GeneratorArgs>,
    /// `secretGenerator`.
    pub secrets: Vec<GeneratorArgs>,
    /// `generatorOptions`.
    pub generator_options: Option<GeneratorOptions>,
    /// `openapi`, sorted by key.
    pub openapi: Vec<TextPair>,
    /// `buildMetadata`.
    pub build_metadata: Vec<Text>,
    /// The first of `helmCharts`, `helmChartInflationGenerator` that has an entry.
    pub helm: Option<Span>,
    /// Where a second document of the file begins; kustomize reads the first only.
    pub second_document: Option<Span>,
    /// Deprecated fields that are used: name and place.
    pub deprecated: Vec<Spanned<&'static str>>,
}
