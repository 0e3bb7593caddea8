//! Plugins that `generators`, `transformers` and `validators` name: kustomize's own, by their
//! configuration objects. Plugins that run code are refused.
//! Semantics: kustomize `api/internal/builtins`, `api/internal/plugins/loader`.

mod iam_policy;
mod shape;
mod transformers;
mod value_add;

use crate::{
    build::Scope,
    error::BuildError,
    generators::{self, Generated, GeneratorKind},
    kustomization::{Fields, GeneratorArgs, Text},
    resource::Resource,
};
use tollgate_yaml::{Node, Value};

/// The `apiVersion` of kustomize's own plugins.
const BUILTIN: &str = "builtin";

/// The label that validators may leave behind.
const VALIDATED_BY: &str = "validated-by";

/// Run the generator that `config` describes.
///
/// # Errors
/// Plugins that are not kustomize's own or no generators, and what the generator refuses.
pub(crate) fn generate(config: &Resource, scope: &Scope<'_>) -> Result<Vec<Generated>, BuildError> {
    let kind = match builtin(config)? {
        "ConfigMapGenerator" => GeneratorKind::ConfigMap,
        "SecretGenerator" => GeneratorKind::Secret,
        "IAMPolicyGenerator" => return iam_policy::generate(config).map(|it| vec![it]),
        kind if transformers::is_known(kind) => {
            return Err(wrong_list(config, "a transformer", "transformers"));
        }
        kind => return Err(unknown(config, kind)),
    };
    // Unlike transformers, generators take no numbers for text.
    let mut fields = Fields::of(&config.body, "a generator")?;
    let mut args = GeneratorArgs::take(&mut fields)?;
    if kind == GeneratorKind::Secret {
        args.secret_type = fields.text("type")?;
    }
    let (name, namespace) = metadata(&config.body)?;
    args.name = args.name.or(name);
    args.namespace = args.namespace.or(namespace);
    generators::generate(&args, kind, None, scope).map(|it| vec![it])
}

/// Run the transformer that `config` describes.
///
/// # Errors
/// Plugins that are not kustomize's own or no transformers, and what the transformer refuses.
pub(crate) fn transform(
    config: &Resource,
    resources: &mut Vec<Resource>,
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    match builtin(config)? {
        "ConfigMapGenerator" | "SecretGenerator" | "IAMPolicyGenerator" => {
            Err(wrong_list(config, "a generator", "generators"))
        }
        kind if transformers::is_known(kind) => transformers::run(kind, config, resources, scope),
        kind => Err(unknown(config, kind)),
    }
}

/// Run the validator that `config` describes. It may leave a label behind and change nothing else.
///
/// # Errors
/// As [`transform`], and a validator that changes resources.
pub(crate) fn validate(
    config: &Resource,
    resources: &mut Vec<Resource>,
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    let before = resources.clone();
    transform(config, resources, scope)?;
    let unchanged = before.len() == resources.len()
        && before.iter().zip(&*resources).all(|(old, new)| {
            let history = |it: &Resource| {
                (
                    it.previous.clone(),
                    it.prefixes.clone(),
                    it.suffixes.clone(),
                )
            };
            history(old) == history(new) && is_same(&old.body, &new.body)
        });
    if unchanged {
        return Ok(());
    }
    let message = format!("the validator {} changes resources", config.id());
    Err(BuildError::new(config.body.span(), message).help("list it under `transformers`"))
}

/// Whether nothing was written but the validators' label. kustomize compares more than values: what
/// was written over is another node, even where it says the same, and so are labels from which the
/// validators' one is taken away.
fn is_same(old: &Node, new: &Node) -> bool {
    let labels = |node: &Node| {
        node.get("metadata")
            .and_then(|it| it.get("labels"))
            .cloned()
    };
    let marked = labels(new).is_some_and(|it| it.get(VALIDATED_BY).is_some());
    if !marked {
        return is_untouched(old, new);
    }
    let mut new = new.clone();
    let metadata = new.get_mut("metadata").and_then(Node::as_mapping_mut);
    if let Some(metadata) = metadata
        && let Some(labels) = metadata.get("labels").and_then(Node::as_mapping)
        && labels.len() == 1
    {
        metadata.remove("labels");
        return is_untouched(old, &new);
    }
    false
}

fn is_untouched(old: &Node, new: &Node) -> bool {
    old.origin == new.origin
        && match (&old.value, &new.value) {
            (Value::Scalar(old), Value::Scalar(new)) => old == new,
            (Value::Sequence(old), Value::Sequence(new)) => {
                old.len() == new.len()
                    && old.iter().zip(new).all(|(old, new)| is_untouched(old, new))
            }
            (Value::Mapping(old), Value::Mapping(new)) => {
                old.len() == new.len()
                    && old.iter().zip(new).all(|(old, new)| {
                        old.key.text == new.key.text && is_untouched(&old.value, &new.value)
                    })
            }
            _ => false,
        }
}

/// The kind of a plugin of kustomize's own.
fn builtin(config: &Resource) -> Result<&str, BuildError> {
    let text = |key| {
        let leaf = config.body.get(key).and_then(Node::as_scalar);
        leaf.map_or("", |it| &*it.text)
    };
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let error = |message: String| BuildError::new(config.body.span(), message);
    if api_version != BUILTIN {
        return Err(error(format!(
            "`{kind}` of `{api_version}` is a plugin that runs code, which rendering refuses"
        ))
        .here()
        .help("only plugins with `apiVersion: builtin` are rendered"));
    }
    if kind == "HelmChartInflationGenerator" {
        return Err(BuildError::unsupported(config.body.span(), "a Helm chart")
            .help("render the chart with `helm template` and commit the result"));
    }
    Ok(kind)
}

fn unknown(config: &Resource, kind: &str) -> BuildError {
    let message = format!("kustomize has no plugin `{kind}`");
    BuildError::new(config.body.span(), message)
}

fn wrong_list(config: &Resource, what: &str, list: &str) -> BuildError {
    let message = format!("{} is {what}", config.id());
    BuildError::new(config.body.span(), message).help(format!("list it under `{list}`"))
}

/// Name and namespace of a configuration object.
fn metadata(config: &Node) -> Result<(Option<Text>, Option<Text>), BuildError> {
    let Some(metadata) = config.get("metadata") else {
        return Ok((None, None));
    };
    let mut fields = Fields::of(metadata, "`metadata`")?;
    Ok((fields.text("name")?, fields.text("namespace")?))
}
