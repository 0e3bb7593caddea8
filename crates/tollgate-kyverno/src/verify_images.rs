//! `verifyImages` as far as it needs no registry and no keys: digests, and images that must have been
//! verified. Source: `pkg/engine/handlers/validation/validate_image.go` and
//! `pkg/engine/utils/image.go`.

use crate::{
    context::{ImageExtractors, ImageInfo, Images, VariableError, extract_images},
    result::Outcome,
};
use serde_json::Value;
use tollgate_jmespath::{Runtime, wildcard};
use tollgate_yaml::{FieldPath, Step};

/// Where Kyverno notes on an object which of its images it has verified.
const NOTE: &str = "kyverno.io/verify-images-scoped";

/// One of the rule's entries.
#[derive(Clone, Debug)]
pub(crate) struct ImageVerification {
    /// Patterns of the images that it is about.
    pub(crate) references: Vec<String>,
    /// Images must have a digest.
    pub(crate) verify_digest: bool,
    /// Images must have been verified.
    pub(crate) required: bool,
    /// Tags are to be replaced by the digests that the registry knows.
    pub(crate) mutate_digest: bool,
    /// It asks for signatures or attestations.
    pub(crate) signed: bool,
}

impl ImageVerification {
    fn is_about(&self, info: &ImageInfo) -> bool {
        self.references
            .iter()
            .any(|it| wildcard::matches(it, &info.reference))
    }
}

/// The images of the resource, if an entry is about one of them.
///
/// # Errors
/// Images that cannot be read.
pub(crate) fn images_for(
    entries: &[ImageVerification],
    extractors: &ImageExtractors,
    resource: &Value,
    runtime: &Runtime,
) -> Result<Option<Images>, VariableError> {
    let images = extract_images(resource, extractors, runtime)?;
    let concerned = all(&images).any(|info| entries.iter().any(|it| it.is_about(info)));
    Ok(concerned.then_some(images))
}

fn all(images: &Images) -> impl Iterator<Item = &ImageInfo> {
    images.values().flat_map(|it| it.values())
}

/// Judge the images.
pub(crate) fn judge(entries: &[ImageVerification], images: &Images, resource: &Value) -> Outcome {
    for entry in entries {
        let concerned = || all(images).filter(|it| entry.is_about(it));
        if entry.signed && concerned().next().is_some() {
            return Outcome::Unsupported {
                feature: "`verifyImages` with attestors or attestations is not evaluated yet"
                    .to_owned(),
            };
        }
        if entry.mutate_digest
            && let Some(info) = concerned().find(|it| it.digest.is_empty())
        {
            return Outcome::Unsupported {
                feature: format!(
                    "`verifyImages` with mutateDigest would ask the registry for the digest of {}: write the digest, or set mutateDigest to false",
                    info.reference
                ),
            };
        }
    }
    for entry in entries {
        for info in all(images).filter(|it| entry.is_about(it)) {
            if entry.verify_digest && info.digest.is_empty() {
                return Outcome::Fail {
                    says: format!("missing digest for {}", info.reference).into(),
                    at: place(info),
                };
            }
            if entry.required {
                return unverified(info, resource);
            }
        }
    }
    Outcome::Pass
}

/// Nothing was verified here, so that no image is; a note on the object itself proves nothing, but
/// Kyverno would believe it.
fn unverified(info: &ImageInfo, resource: &Value) -> Outcome {
    let noted = resource
        .get("metadata")
        .and_then(|it| it.get("annotations"))
        .and_then(|it| it.get(NOTE))
        .is_some();
    if noted {
        return Outcome::Unsupported {
            feature: format!(
                "the annotation `{NOTE}` says what is verified, which cannot be proven here"
            ),
        };
    }
    Outcome::Fail {
        says: format!("unverified image {}", info.reference).into(),
        at: place(info),
    }
}

fn place(info: &ImageInfo) -> FieldPath {
    let steps = info
        .pointer
        .split('/')
        .filter(|it| !it.is_empty())
        .map(|it| match it.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key(it.into()),
        })
        .collect();
    FieldPath(steps)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    fn policy(entry: &str) -> String {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    verifyImages: [{entry}]\n"
        )
    }

    fn pod(image: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{image}'}}]}}\n"
        )
    }

    #[test]
    fn digests_and_verification() {
        let digest = format!("nginx@sha256:{}", "a".repeat(64));
        let at = ["r: fail at spec.containers[0].image"];
        let digests = policy(
            "{imageReferences: ['docker.io/*'], mutateDigest: false, required: false, failureAction: Audit}",
        );
        check(&digests, &pod("nginx"), &at);
        check(&digests, &pod(&digest), &["r: pass"]);
        check(&digests, &pod("ghcr.io/a"), &[]);
        check(&digests, &pod("Not an image"), &["r: error"]);
        // What is left out is asked for.
        check(
            &policy("{imageReferences: ['*'], mutateDigest: false}"),
            &pod(&digest),
            &at,
        );
        let signed = policy(
            "{imageReferences: ['*'], mutateDigest: false, attestors: [{entries: [{keys: {kms: k}}]}]}",
        );
        check(&signed, &pod(&digest), &["r: unsupported"]);
        let registry = policy("{imageReferences: ['*'], failureAction: Enforce}");
        check(&registry, &pod("nginx"), &["r: unsupported"]);
    }
}
