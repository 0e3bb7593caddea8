//! Reads the resources of a file as kustomize's reader splits and checks them.
//! Source of the semantics: kyaml `kio/byteio_reader.go`, api `resource/factory.go`.

use crate::{error::BuildError, resource::Resource};
use tollgate_yaml::{Dialect, FileId, Limits, Node};

/// The resources that `text` holds, lists of resources taken apart.
pub(crate) fn parse(
    text: &str,
    file: FileId,
    limits: &Limits,
) -> Result<Vec<Resource>, BuildError> {
    let documents = tollgate_yaml::parse(text, file, Dialect::Kyaml, limits)?;
    let mut resources = Vec::new();
    for document in documents {
        if document.is_null() {
            continue;
        }
        check(&document)?;
        resources.push(Resource::new(document));
    }
    Ok(resources)
}

/// What every resource must have.
fn check(document: &Node) -> Result<(), BuildError> {
    if document.as_mapping().is_none() {
        return Err(BuildError::new(
            document.span(),
            format!("a resource must be a map, not {}", document.type_name()),
        ));
    }
    Ok(())
}
