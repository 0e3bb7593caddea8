//! `IAMPolicyGenerator`: a ServiceAccount bound to one of Google's.
//! Semantics: kustomize `api/filters/iampolicygenerator`.

use crate::{
    error::BuildError,
    generators::{Behavior, Generated},
    kustomization::{Fields, Text},
    resource::Resource,
};
use tollgate_yaml::{Mapping, Node, Origin};

/// The only cloud that kustomize knows.
const GKE: &str = "gke";

/// The ServiceAccount that `config` asks for.
///
/// # Errors
/// Another cloud, and fields of wrong types.
pub(super) fn generate(config: &Resource) -> Result<Generated, BuildError> {
    let span = config.body.span();
    let mut fields = Fields::of(&config.body, "an IAM policy generator")?;
    let cloud = fields.text("cloud")?;
    if cloud.as_deref() != Some(GKE) {
        let at = cloud.as_ref().map_or(span, |it| it.span);
        let message = format!("`cloud` must be `{GKE}`");
        return Err(BuildError::new(at, message));
    }
    let account = pair(&mut fields, "kubernetesService", ["name", "namespace"])?;
    let cloud_account = pair(&mut fields, "serviceAccount", ["name", "projectId"])?;

    let here = Origin::Derived {
        by: span,
        over: None,
    };
    let text = |it: &Option<Text>| it.as_deref().unwrap_or_default().to_owned();
    let bound = format!(
        "{}@{}.iam.gserviceaccount.com",
        text(&cloud_account[0]),
        text(&cloud_account[1])
    );
    let mut annotations = Mapping::new();
    annotations.set("iam.gke.io/gcp-service-account", Node::string(bound, here));
    let mut metadata = Mapping::new();
    metadata.set("annotations", Node::mapping(annotations, here));
    metadata.set("name", Node::string(text(&account[0]), here));
    if let Some(namespace) = &account[1] {
        metadata.set("namespace", Node::string(namespace.value.clone(), here));
    }
    let mut body = Mapping::new();
    body.set("apiVersion", Node::string("v1", here));
    body.set("kind", Node::string("ServiceAccount", here));
    body.set("metadata", Node::mapping(metadata, here));
    Ok(Generated {
        resource: Resource::new(Node::mapping(body, here)),
        behavior: Behavior::Create,
        span,
    })
}

fn pair(
    fields: &mut Fields<'_>,
    name: &'static str,
    keys: [&'static str; 2],
) -> Result<[Option<Text>; 2], BuildError> {
    let Some(node) = fields.take(name) else {
        return Ok([None, None]);
    };
    let mut inner = Fields::of(node, "an account")?;
    Ok([inner.text(keys[0])?, inner.text(keys[1])?])
}
