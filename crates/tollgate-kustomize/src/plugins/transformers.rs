//! Transformers by configuration object. Fields that a transformer does not know are ignored, as
//! kustomize ignores them.

use super::{metadata, shape::TRANSFORMER, value_add};
use crate::{
    build::{Scope, hash},
    configurations::field_spec,
    error::BuildError,
    fieldspec::FieldSpec,
    kustomization::{
        Fields, ImageEntry, Patch, PatchOptions, ReplacementEntry, ReplicaEntry, SelectorEntry,
    },
    patches, replacements,
    resource::Resource,
    transform::{
        affix::{self, End},
        annotations, images, labels,
        namespace::{self, NamespaceOptions, Subjects},
        replicas,
    },
};
use tollgate_yaml::Node;

type Done = Result<(), BuildError>;

/// Whether kustomize has a transformer of this kind.
pub(super) fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "AnnotationsTransformer"
            | "HashTransformer"
            | "ImageTagTransformer"
            | "LabelTransformer"
            | "NamespaceTransformer"
            | "PatchJson6902Transformer"
            | "PatchStrategicMergeTransformer"
            | "PatchTransformer"
            | "PrefixSuffixTransformer"
            | "PrefixTransformer"
            | "ReplacementTransformer"
            | "ReplicaCountTransformer"
            | "SuffixTransformer"
            | "ValueAddTransformer"
    )
}

/// Run the transformer of a known kind.
pub(super) fn run(
    kind: &str,
    config: &Resource,
    resources: &mut Vec<Resource>,
    scope: &Scope<'_>,
) -> Done {
    let body = TRANSFORMER.fit(&config.body);
    let mut fields = Fields::of(&body, "a transformer")?;
    let fields = &mut fields;
    match kind {
        "AnnotationsTransformer" => {
            let pairs = fields.text_map("annotations")?;
            annotations::apply(resources, &pairs, &specs(fields)?)
        }
        "HashTransformer" => hash::add_to_names(resources),
        "ImageTagTransformer" => {
            let entry = fields.object("imageTag", ImageEntry::decode)?;
            let specs = specs(fields)?;
            entry.map_or(Ok(()), |it| images::apply(resources, &it, &specs, scope))
        }
        "LabelTransformer" => {
            let pairs = fields.text_map("labels")?;
            labels::apply(resources, &pairs, &specs(fields)?)
        }
        "NamespaceTransformer" => move_to_namespace(fields, &body, resources),
        "PatchJson6902Transformer" => {
            patches::json6902(resources, &patch(fields, "jsonOp")?, scope)
        }
        "PatchStrategicMergeTransformer" => merge_patches(fields, resources, scope),
        "PatchTransformer" => patches::apply(resources, &patch(fields, "patch")?, scope),
        "PrefixTransformer" => add_affix(fields, End::Front, resources),
        "PrefixSuffixTransformer" => {
            add_affix(fields, End::Front, resources)?;
            let mut fields = Fields::of(&body, "a transformer")?;
            add_affix(&mut fields, End::Back, resources)
        }
        "ReplacementTransformer" => {
            let entries = fields.list("replacements", ReplacementEntry::decode)?;
            replacements::apply(resources, &entries, scope)
        }
        "ReplicaCountTransformer" => {
            let entry = fields.object("replica", ReplicaEntry::decode)?;
            let specs = specs(fields)?;
            let entry =
                entry.ok_or_else(|| BuildError::new(config.body.span(), "`replica` is missing"))?;
            replicas::apply(resources, &entry, &specs)
        }
        "SuffixTransformer" => add_affix(fields, End::Back, resources),
        _ => value_add::run(fields, resources, scope),
    }
}

fn specs(fields: &mut Fields<'_>) -> Result<Vec<FieldSpec>, BuildError> {
    fields.list("fieldSpecs", field_spec)
}

fn add_affix(fields: &mut Fields<'_>, end: End, resources: &mut [Resource]) -> Done {
    let affix = match end {
        End::Front => fields.text("prefix")?,
        End::Back => fields.text("suffix")?,
    };
    let Some(specs) = fields.take("fieldSpecs") else {
        return Err(BuildError::new(fields.span(), "`fieldSpecs` is missing")
            .help("write `fieldSpecs: [{path: metadata/name}]`"));
    };
    let Some(specs) = specs.as_sequence() else {
        return Err(BuildError::new(specs.span(), "`fieldSpecs` must be a list"));
    };
    let specs: Vec<FieldSpec> = specs.iter().map(field_spec).collect::<Result<_, _>>()?;
    affix.map_or(Ok(()), |it| affix::apply(resources, &it, end, &specs))
}

fn move_to_namespace(fields: &mut Fields<'_>, config: &Node, resources: &mut [Resource]) -> Done {
    let specs = specs(fields)?;
    let unset_only = fields.flag("unsetOnly")?;
    let mode = fields.text("setRoleBindingSubjects")?;
    let subjects = match mode.as_deref() {
        None | Some("defaultOnly") => Subjects::Default,
        Some("allServiceAccounts") => Subjects::ServiceAccounts,
        Some("none") => Subjects::None,
        Some(other) => {
            let at = mode.as_ref().map_or(fields.span(), |it| it.span);
            let message = format!("`{other}` is no mode of `setRoleBindingSubjects`");
            return Err(BuildError::new(at, message)
                .help("the modes are defaultOnly, allServiceAccounts and none"));
        }
    };
    let options = NamespaceOptions {
        unset_only,
        subjects,
    };
    match metadata(config)?.1 {
        Some(namespace) => namespace::apply(resources, &namespace, &specs, options),
        None => Ok(()),
    }
}

/// A patch whose text stands in the field `text`.
fn patch(fields: &mut Fields<'_>, text: &'static str) -> Result<Patch, BuildError> {
    let options = fields.take("options").map(|node| {
        let mut options = Fields::of(node, "the options of a patch")?;
        Ok::<_, BuildError>(PatchOptions {
            allow_name_change: options.flag("allowNameChange")?,
            allow_kind_change: options.flag("allowKindChange")?,
        })
    });
    Ok(Patch {
        span: fields.span(),
        path: fields.text("path")?,
        patch: fields.text(text)?,
        target: fields.object("target", SelectorEntry::decode)?,
        options: options.transpose()?.unwrap_or_default(),
    })
}

fn merge_patches(
    fields: &mut Fields<'_>,
    resources: &mut Vec<Resource>,
    scope: &Scope<'_>,
) -> Done {
    let mut entries = fields.texts("paths")?;
    entries.extend(fields.text("patches")?);
    if entries.is_empty() {
        return Err(BuildError::new(fields.span(), "there is no patch")
            .help("name files under `paths`, or write patches under `patches`"));
    }
    patches::strategic_merge(resources, &entries, scope)
}
