//! `images`.

use crate::{
    build::Scope, error::BuildError, fieldspec::FieldSpec, kustomization::ImageEntry,
    resource::Resource,
};

/// Change the images whose name is the entry's; warns where there is none.
pub(crate) fn apply(
    _resources: &mut [Resource],
    image: &ImageEntry,
    _specs: &[FieldSpec],
    _scope: &Scope<'_>,
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(image.span, "`images`"))
}
