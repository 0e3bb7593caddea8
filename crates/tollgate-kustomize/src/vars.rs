//! `vars`: `$(NAME)` in some fields stands for a field of another resource.

use crate::{error::BuildError, fieldspec::FieldSpec, kustomization::Var, resource::Resource};

/// The variables that the kustomizations seen so far define.
#[derive(Clone, Debug, Default)]
pub(crate) struct VarSet;

impl VarSet {
    /// Add variables, and mark the resources that they read.
    pub(crate) fn register(
        &mut self,
        vars: &[Var],
        _resources: &mut [Resource],
    ) -> Result<(), BuildError> {
        vars.first()
            .map_or(Ok(()), |it| Err(BuildError::unsupported(it.span, "`vars`")))
    }

    /// Add the variables of a kustomization that was named by this one.
    pub(crate) fn merge(&mut self, _other: Self) -> Result<(), BuildError> {
        Ok(())
    }

    /// Replace every use of a variable.
    pub(crate) fn resolve(
        &self,
        _resources: &mut [Resource],
        _specs: &[FieldSpec],
    ) -> Result<(), BuildError> {
        Ok(())
    }
}
