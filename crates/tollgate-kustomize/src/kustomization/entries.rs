//! The entries of a kustomization file's lists.

use super::{Fields, Spanned, Text, TextPair};
use crate::error::BuildError;
use tollgate_yaml::{Node, Span};

type Result<T> = std::result::Result<T, BuildError>;

/// An entry of `patches` or `patchesJson6902`. Source: `api/types/patch.go`.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The entry.
    pub span: Span,
    /// `path`: the file that holds the patch.
    pub path: Option<Text>,
    /// `patch`: the patch itself.
    pub patch: Option<Text>,
    /// `target`: the resources to patch.
    pub target: Option<SelectorEntry>,
    /// `options`.
    pub options: PatchOptions,
}

/// What a patch may change besides fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchOptions {
    /// `allowNameChange`.
    pub allow_name_change: bool,
    /// `allowKindChange`.
    pub allow_kind_change: bool,
}

/// Which resources are meant. For patches and targets of replacements, all but the two selectors
/// are regular expressions; empty means any. Source: `api/types/selector.go`.
#[derive(Clone, Debug)]
pub struct SelectorEntry {
    /// The entry.
    pub span: Span,
    /// `group`.
    pub group: Option<Text>,
    /// `version`.
    pub version: Option<Text>,
    /// `kind`.
    pub kind: Option<Text>,
    /// `name`.
    pub name: Option<Text>,
    /// `namespace`.
    pub namespace: Option<Text>,
    /// `labelSelector`.
    pub label_selector: Option<Text>,
    /// `annotationSelector`.
    pub annotation_selector: Option<Text>,
}

/// An entry of `images`. Source: `api/types/image.go`.
#[derive(Clone, Debug)]
pub struct ImageEntry {
    /// The entry.
    pub span: Span,
    /// `name`.
    pub name: Option<Text>,
    /// `newName`.
    pub new_name: Option<Text>,
    /// `newTag`.
    pub new_tag: Option<Text>,
    /// `tagSuffix`.
    pub tag_suffix: Option<Text>,
    /// `digest`.
    pub digest: Option<Text>,
}

/// An entry of `replicas`. Source: `api/types/replica.go`.
#[derive(Clone, Debug)]
pub struct ReplicaEntry {
    /// The entry.
    pub span: Span,
    /// `name`.
    pub name: Option<Text>,
    /// `count`; 0 where it is absent.
    pub count: Spanned<i64>,
}

/// An entry of `labels`. Source: `api/types/labels.go`.
#[derive(Clone, Debug)]
pub struct LabelEntry {
    /// The entry.
    pub span: Span,
    /// `pairs`, sorted by key.
    pub pairs: Vec<TextPair>,
    /// `includeSelectors`.
    pub include_selectors: bool,
    /// `includeTemplates`.
    pub include_templates: bool,
    /// `fields`.
    pub fields: Vec<FieldSpecEntry>,
}

/// A field of some kind of resource. Source: `api/types/fieldspec.go`.
#[derive(Clone, Debug)]
pub struct FieldSpecEntry {
    /// The entry.
    pub span: Span,
    /// `group`; any where absent.
    pub group: Option<Text>,
    /// `version`; any where absent.
    pub version: Option<Text>,
    /// `kind`; any where absent.
    pub kind: Option<Text>,
    /// `path`: steps joined by `/`.
    pub path: Option<Text>,
    /// `create`: whether the field is made where it is missing.
    pub create: bool,
}

/// An entry of `configMapGenerator` or `secretGenerator`. Source: `api/types/generatorargs.go`.
#[derive(Clone, Debug)]
pub struct GeneratorArgs {
    /// The entry.
    pub span: Span,
    /// `name`.
    pub name: Option<Text>,
    /// `namespace`.
    pub namespace: Option<Text>,
    /// `behavior`: create, merge or replace.
    pub behavior: Option<Text>,
    /// `literals`: `key=value`.
    pub literals: Vec<Text>,
    /// `files`: `[key=]path`.
    pub files: Vec<Text>,
    /// `envs`, then the deprecated `env`.
    pub envs: Vec<Text>,
    /// `options`.
    pub options: Option<GeneratorOptions>,
    /// `type` of a Secret.
    pub secret_type: Option<Text>,
}

/// `generatorOptions`, or the `options` of one generator. Source: `api/types/generatoroptions.go`.
#[derive(Clone, Debug)]
pub struct GeneratorOptions {
    /// The entry.
    pub span: Span,
    /// `labels`, sorted by key.
    pub labels: Vec<TextPair>,
    /// `annotations`, sorted by key.
    pub annotations: Vec<TextPair>,
    /// `disableNameSuffixHash`.
    pub disable_name_suffix_hash: bool,
    /// `immutable`.
    pub immutable: bool,
}

/// An entry of `replacements`. Source: `api/types/replacement.go`.
#[derive(Clone, Debug)]
pub struct ReplacementEntry {
    /// The entry.
    pub span: Span,
    /// `source`.
    pub source: Option<ReplacementSource>,
    /// `sourceValue`; may be empty text.
    pub source_value: Option<Text>,
    /// `targets`.
    pub targets: Vec<ReplacementTarget>,
    /// `path`: a file that holds replacements, instead of all the rest.
    pub path: Option<Text>,
}

/// Where a replacement takes its value from; exact names, not regular expressions.
#[derive(Clone, Debug)]
pub struct ReplacementSource {
    /// The resource.
    pub resource: SelectorEntry,
    /// `fieldPath`.
    pub field_path: Option<Text>,
    /// `options`.
    pub options: Option<FieldOptions>,
}

/// Where a replacement puts its value.
#[derive(Clone, Debug)]
pub struct ReplacementTarget {
    /// The entry.
    pub span: Span,
    /// `select`.
    pub select: Option<SelectorEntry>,
    /// `reject`.
    pub reject: Vec<SelectorEntry>,
    /// `fieldPaths`.
    pub field_paths: Vec<Text>,
    /// `options`.
    pub options: Option<FieldOptions>,
}

/// Which part of a field is meant.
#[derive(Clone, Debug)]
pub struct FieldOptions {
    /// The entry.
    pub span: Span,
    /// `delimiter`; may be empty.
    pub delimiter: Option<Text>,
    /// `index`.
    pub index: i64,
    /// `encoding`; kustomize reads and ignores it.
    pub encoding: Option<Text>,
    /// `create`.
    pub create: bool,
}

/// An entry of `vars`. Source: `api/types/var.go`.
#[derive(Clone, Debug)]
pub struct Var {
    /// The entry.
    pub span: Span,
    /// `name`.
    pub name: Option<Text>,
    /// `objref`.
    pub object: VarTarget,
    /// `fieldref.fieldPath`; `metadata.name` where absent.
    pub field_path: Option<Text>,
}

/// The resource that a variable reads.
#[derive(Clone, Debug, Default)]
pub struct VarTarget {
    /// `apiVersion`.
    pub api_version: Option<Text>,
    /// `group`.
    pub group: Option<Text>,
    /// `version`.
    pub version: Option<Text>,
    /// `kind`.
    pub kind: Option<Text>,
    /// `name`.
    pub name: Option<Text>,
    /// `namespace`.
    pub namespace: Option<Text>,
}

/// `sortOptions`, unchecked: only the kustomization that is built uses them.
/// Source: `api/types/sortoptions.go`.
#[derive(Clone, Debug)]
pub struct SortOptions {
    /// The entry.
    pub span: Span,
    /// `order`: fifo or legacy.
    pub order: Option<Text>,
    /// `legacySortOptions`.
    pub legacy: Option<LegacyOrder>,
}

/// `legacySortOptions`: kinds that come first and last.
#[derive(Clone, Debug)]
pub struct LegacyOrder {
    /// `orderFirst`.
    pub first: Vec<Text>,
    /// `orderLast`.
    pub last: Vec<Text>,
}

impl Patch {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a patch")?;
        let patch = Self {
            span: fields.span(),
            path: fields.text("path")?,
            patch: fields.text("patch")?,
            target: fields.object("target", SelectorEntry::decode)?,
            options: fields
                .object("options", PatchOptions::decode)?
                .unwrap_or_default(),
        };
        fields.finish()?;
        Ok(patch)
    }
}

impl PatchOptions {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "the options of a patch")?;
        let options = Self {
            allow_name_change: fields.flag("allowNameChange")?,
            allow_kind_change: fields.flag("allowKindChange")?,
        };
        fields.finish()?;
        Ok(options)
    }
}

impl SelectorEntry {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a selector")?;
        let selector = Self::take(&mut fields)?;
        fields.finish()?;
        Ok(selector)
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            span: fields.span(),
            group: fields.text("group")?,
            version: fields.text("version")?,
            kind: fields.text("kind")?,
            name: fields.text("name")?,
            namespace: fields.text("namespace")?,
            label_selector: fields.text("labelSelector")?,
            annotation_selector: fields.text("annotationSelector")?,
        })
    }
}

impl ImageEntry {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "an image")?;
        let image = Self {
            span: fields.span(),
            name: fields.text("name")?,
            new_name: fields.text("newName")?,
            new_tag: fields.text("newTag")?,
            tag_suffix: fields.text("tagSuffix")?,
            digest: fields.text("digest")?,
        };
        fields.finish()?;
        Ok(image)
    }
}

impl ReplicaEntry {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a replica count")?;
        let span = fields.span();
        let replica = Self {
            span,
            name: fields.text("name")?,
            count: fields
                .integer("count")?
                .unwrap_or(Spanned { value: 0, span }),
        };
        fields.finish()?;
        Ok(replica)
    }
}

impl LabelEntry {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "an entry of `labels`")?;
        let label = Self {
            span: fields.span(),
            pairs: fields.text_map("pairs")?,
            include_selectors: fields.flag("includeSelectors")?,
            include_templates: fields.flag("includeTemplates")?,
            fields: fields.list("fields", FieldSpecEntry::decode)?,
        };
        fields.finish()?;
        Ok(label)
    }
}

impl FieldSpecEntry {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a field spec")?;
        let spec = Self {
            span: fields.span(),
            group: fields.text("group")?,
            version: fields.text("version")?,
            kind: fields.text("kind")?,
            path: fields.text("path")?,
            create: fields.flag("create")?,
        };
        fields.finish_settled()?;
        Ok(spec)
    }
}

impl GeneratorArgs {
    /// Decode an entry of `configMapGenerator`.
    pub(crate) fn decode_config_map(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a ConfigMap generator")?;
        let args = Self::take(&mut fields)?;
        fields.finish()?;
        Ok(args)
    }

    /// Decode an entry of `secretGenerator`.
    pub(crate) fn decode_secret(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a Secret generator")?;
        let mut args = Self::take(&mut fields)?;
        args.secret_type = fields.text("type")?;
        fields.finish()?;
        Ok(args)
    }

    /// The fields that both generators share.
    pub(crate) fn take(fields: &mut Fields<'_>) -> Result<Self> {
        let mut args = Self {
            span: fields.span(),
            name: fields.text("name")?,
            namespace: fields.text("namespace")?,
            behavior: fields.text("behavior")?,
            literals: fields.texts("literals")?,
            files: fields.texts("files")?,
            envs: fields.texts("envs")?,
            options: fields.object("options", GeneratorOptions::decode)?,
            secret_type: None,
        };
        args.envs.extend(fields.text("env")?);
        Ok(args)
    }
}

impl GeneratorOptions {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "the options of a generator")?;
        let options = Self {
            span: fields.span(),
            labels: fields.text_map("labels")?,
            annotations: fields.text_map("annotations")?,
            disable_name_suffix_hash: fields.flag("disableNameSuffixHash")?,
            immutable: fields.flag("immutable")?,
        };
        fields.finish()?;
        Ok(options)
    }
}

impl ReplacementEntry {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a replacement")?;
        let replacement = Self {
            span: fields.span(),
            source: fields.object("source", ReplacementSource::decode)?,
            source_value: fields.text_or_empty("sourceValue")?,
            targets: fields.list("targets", ReplacementTarget::decode)?,
            path: fields.text("path")?,
        };
        fields.finish()?;
        Ok(replacement)
    }
}

impl ReplacementSource {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "the source of a replacement")?;
        let source = Self {
            resource: SelectorEntry {
                span: fields.span(),
                group: fields.text("group")?,
                version: fields.text("version")?,
                kind: fields.text("kind")?,
                name: fields.text("name")?,
                namespace: fields.text("namespace")?,
                label_selector: None,
                annotation_selector: None,
            },
            field_path: fields.text("fieldPath")?,
            options: fields.object("options", FieldOptions::decode)?,
        };
        fields.finish()?;
        Ok(source)
    }
}

impl ReplacementTarget {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a target of a replacement")?;
        let target = Self {
            span: fields.span(),
            select: fields.object("select", SelectorEntry::decode)?,
            reject: fields.list("reject", SelectorEntry::decode)?,
            field_paths: fields.texts("fieldPaths")?,
            options: fields.object("options", FieldOptions::decode)?,
        };
        fields.finish()?;
        Ok(target)
    }
}

impl FieldOptions {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "the options of a replacement")?;
        let options = Self {
            span: fields.span(),
            delimiter: fields.text_or_empty("delimiter")?,
            index: fields.integer("index")?.map_or(0, |it| it.value),
            encoding: fields.text("encoding")?,
            create: fields.flag("create")?,
        };
        fields.finish()?;
        Ok(options)
    }
}

impl Var {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "a variable")?;
        let var = Self {
            span: fields.span(),
            name: fields.text("name")?,
            object: fields
                .object("objref", VarTarget::decode)?
                .unwrap_or_default(),
            field_path: fields
                .object("fieldref", |it| {
                    let mut fields = Fields::of(it, "the field of a variable")?;
                    let path = fields.text("fieldPath")?;
                    fields.finish()?;
                    Ok(path)
                })?
                .flatten(),
        };
        fields.finish()?;
        Ok(var)
    }
}

impl VarTarget {
    fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "the object of a variable")?;
        let target = Self {
            api_version: fields.text("apiVersion")?,
            group: fields.text("group")?,
            version: fields.text("version")?,
            kind: fields.text("kind")?,
            name: fields.text("name")?,
            namespace: fields.text("namespace")?,
        };
        fields.finish()?;
        Ok(target)
    }
}

impl SortOptions {
    /// Decode an entry.
    pub(crate) fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "`sortOptions`")?;
        let options = Self {
            span: fields.span(),
            order: fields.text("order")?,
            legacy: fields.object("legacySortOptions", LegacyOrder::decode)?,
        };
        fields.finish()?;
        Ok(options)
    }
}

impl LegacyOrder {
    fn decode(node: &Node) -> Result<Self> {
        let mut fields = Fields::of(node, "`legacySortOptions`")?;
        let order = Self {
            first: fields.texts("orderFirst")?,
            last: fields.texts("orderLast")?,
        };
        fields.finish()?;
        Ok(order)
    }
}
