//! From a document to a [`Kustomization`].

use super::{
    Fields, GeneratorArgs, GeneratorOptions, ImageEntry, Kind, Kustomization, LabelEntry, Patch,
    ReplacementEntry, ReplicaEntry, SortOptions, Spanned, Var,
};
use crate::{error::BuildError, files::RepoPath};
use tollgate_yaml::{Node, Span};

/// The version that a kustomization may name.
const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
/// The version that a component may name.
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

impl Kustomization {
    /// Read a kustomization file's first document, parsed in the dialect of `sigs.k8s.io/yaml`.
    ///
    /// # Errors
    /// Unknown fields, values of wrong types, a wrong `kind` or `apiVersion`, and a file that says
    /// nothing.
    pub fn parse(path: RepoPath, document: &Node) -> Result<Self, BuildError> {
        let mut fields = Fields::of(document, "a kustomization")?;
        let span = fields.span();
        let api_version = fields.text("apiVersion")?;
        let kind = fields.text("kind")?;
        fields.any = false;
        let deprecated = deprecated(document);
        let kustomization = Self {
            path,
            span,
            kind: match kind.as_deref() {
                Some("Component") => Kind::Component,
                _ => Kind::Kustomization,
            },
            name: fields.object("metadata", metadata)?.flatten(),
            resources: {
                let mut resources = fields.texts("resources")?;
                resources.extend(fields.moved(|it| it.texts("bases"))?);
                resources
            },
            components: fields.texts("components")?,
            crds: fields.texts("crds")?,
            configurations: fields.texts("configurations")?,
            generators: fields.texts("generators")?,
            transformers: fields.texts("transformers")?,
            validators: fields.texts("validators")?,
            name_prefix: fields.text("namePrefix")?,
            name_suffix: fields.text("nameSuffix")?,
            namespace: fields.text("namespace")?,
            common_labels: fields.text_map("commonLabels")?,
            labels: fields.list("labels", LabelEntry::decode)?,
            common_annotations: fields.text_map("commonAnnotations")?,
            patches_strategic_merge: fields.texts("patchesStrategicMerge")?,
            patches_json6902: fields.list("patchesJson6902", Patch::decode)?,
            patches: fields.list("patches", Patch::decode)?,
            images: {
                let mut images = fields.list("images", ImageEntry::decode)?;
                images.extend(fields.moved(|it| it.list("imageTags", ImageEntry::decode))?);
                images
            },
            replacements: fields.list("replacements", ReplacementEntry::decode)?,
            replicas: fields.list("replicas", ReplicaEntry::decode)?,
            vars: fields.list("vars", Var::decode)?,
            sort_options: fields.object("sortOptions", SortOptions::decode)?,
            config_maps: fields.list("configMapGenerator", GeneratorArgs::decode_config_map)?,
            secrets: fields.list("secretGenerator", GeneratorArgs::decode_secret)?,
            generator_options: fields.object("generatorOptions", GeneratorOptions::decode)?,
            openapi: fields.text_map("openapi")?,
            build_metadata: fields.texts("buildMetadata")?,
            helm: helm(&mut fields)?,
            second_document: None,
            deprecated,
        };
        let any = fields.any;
        fields.finish()?;
        if !any {
            return Err(BuildError::new(span, "the kustomization file is empty")
                .help("list what it renders under `resources`"));
        }
        check_header(kind.as_deref(), api_version.as_deref(), document)?;
        Ok(kustomization)
    }
}

/// `metadata` is read and has no effect but for what Go's decoder refuses.
fn metadata(node: &Node) -> Result<Option<super::Text>, BuildError> {
    let mut fields = Fields::of(node, "`metadata`")?;
    let name = fields.text("name")?;
    fields.text("namespace")?;
    fields.text_map("labels")?;
    fields.text_map("annotations")?;
    fields.finish()?;
    Ok(name)
}

fn helm(fields: &mut Fields<'_>) -> Result<Option<Span>, BuildError> {
    let mut found: Option<Span> = None;
    fields.take("helmGlobals");
    found = found.or(fields
        .list("helmCharts", |it| Ok(it.span()))?
        .first()
        .copied());
    let old = |it: &mut Fields<'_>| it.list("helmChartInflationGenerator", |it| Ok(it.span()));
    found = found.or(fields.moved(old)?.first().copied());
    Ok(found)
}

/// Fields that kustomize warns of, where they hold anything but null.
fn deprecated(document: &Node) -> Vec<Spanned<&'static str>> {
    const NAMES: [&str; 6] = [
        "bases",
        "commonLabels",
        "imageTags",
        "patchesJson6902",
        "patchesStrategicMerge",
        "vars",
    ];
    let entries = document.as_mapping().into_iter().flatten();
    let mut found: Vec<Spanned<&'static str>> = entries
        .filter(|it| !it.value.is_null())
        .filter_map(|entry| {
            let value = NAMES
                .into_iter()
                .find(|it| entry.key.text.eq_ignore_ascii_case(it))?;
            let span = entry.key.origin.edit_here();
            Some(Spanned { value, span })
        })
        .collect();
    found.sort_by_key(|it| it.value);
    found
}

fn check_header(
    kind: Option<&str>,
    api_version: Option<&str>,
    document: &Node,
) -> Result<(), BuildError> {
    let at = |key: &str| document.get(key).map_or(document.span(), Node::span);
    let version = match kind {
        None | Some("Kustomization") => KUSTOMIZATION_VERSION,
        Some("Component") => COMPONENT_VERSION,
        Some(other) => {
            return Err(BuildError::new(
                at("kind"),
                format!("`{other}` is no kind of kustomization file"),
            )
            .help("`kind` is Kustomization or Component"));
        }
    };
    match api_version {
        Some(it) if it != version => Err(BuildError::new(
            at("apiVersion"),
            format!("`{it}` is not a version that kustomize reads here"),
        )
        .help(format!("write `apiVersion: {version}`"))),
        _ => Ok(()),
    }
}
