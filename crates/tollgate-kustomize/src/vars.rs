//! `vars`: `$(NAME)` in some fields stands for a field of another resource.
//! Semantics: kustomize `api/filters/refvar`, `api/internal/accumulator/resaccumulator.go`.

mod expand;
mod lookup;

use crate::{
    build::Scope,
    error::{BuildError, WarningKind},
    fieldspec::{FieldError, FieldSpec, Missing},
    id::{Gvk, ResourceId},
    kustomization::{Text, Var, VarTarget},
    resource::Resource,
};
use expand::expand;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_yaml::{Node, Scalar, Span, Tag, Value};

/// The variables that the kustomizations seen so far define, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct VarSet(BTreeMap<Arc<str>, Var>);

impl VarSet {
    /// Add variables, and mark the resources that they read: those that have the id now, or had it.
    ///
    /// # Errors
    /// A variable that several resources could mean, and a name that is there already.
    pub(crate) fn register(
        &mut self,
        vars: &[Var],
        resources: &mut [Resource],
    ) -> Result<(), BuildError> {
        for var in vars {
            let wanted = object_id(&var.object);
            let is_wanted = |id: &ResourceId| {
                id.name == wanted.name
                    && id.gvk == wanted.gvk
                    && (wanted.namespace.is_empty()
                        || id.effective_namespace() == &*wanted.namespace)
            };
            let mut found: Vec<&mut Resource> = resources
                .iter_mut()
                .filter(|it| it.has_id(is_wanted))
                .collect();
            if found.len() > 1 {
                let name = name(var);
                let message = format!(
                    "the variable `{name}` could read any of {} resources: {wanted}",
                    found.len()
                );
                return Err(BuildError::new(var.span, message)
                    .help("give `objref` a namespace, or the resources names of their own"));
            }
            if let Some(resource) = found.first_mut() {
                resource.read_by.push(name(var));
            }
        }
        vars.iter().try_for_each(|it| self.add(it))
    }

    /// Add the variables of a kustomization that was named by this one.
    ///
    /// # Errors
    /// A name that is there already.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), BuildError> {
        other.0.values().try_for_each(|it| self.add(it))
    }

    fn add(&mut self, var: &Var) -> Result<(), BuildError> {
        let name = name(var);
        let Some(other) = self.0.insert(name.clone(), var.clone()) else {
            return Ok(());
        };
        Err(BuildError::new(
            var.span,
            format!("the variable `{name}` is defined twice"),
        )
        .help("rename one of them: names of variables are shared by a kustomization and its bases")
        .with(other.span))
    }

    /// Replace every use of a variable in the fields that `specs` name.
    ///
    /// # Errors
    /// A variable that reads no resource or no field, and fields that cannot hold variables.
    pub(crate) fn resolve(
        &self,
        resources: &mut [Resource],
        specs: &[FieldSpec],
        scope: &Scope<'_>,
    ) -> Result<(), BuildError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut values = BTreeMap::new();
        for (name, var) in &self.0 {
            values.insert(&**name, read(var, resources)?);
        }
        let mut used = BTreeSet::new();
        for resource in resources {
            let gvk = resource.gvk();
            for spec in specs.iter().filter(|it| it.applies_to(&gvk)) {
                let visit = &mut |node: &mut Node, _: &[_]| replace(node, &values, &mut used);
                spec.visit(&mut resource.body, Missing::Skip, Span::NONE, visit)?;
                resource.sync_shared();
            }
        }
        for (name, var) in &self.0 {
            if !used.contains(&**name) {
                let message = format!("nothing uses the variable `{name}`");
                scope.warn(WarningKind::UnusedVariable, var.span, message);
            }
        }
        Ok(())
    }
}

/// What a variable stands for.
struct VarValue {
    /// The field that was read; `None` where it is a map or a list, which nothing is replaced by.
    scalar: Option<Scalar>,
    /// The variable's definition.
    span: Span,
}

fn name(var: &Var) -> Arc<str> {
    text(var.name.as_ref())
}

fn text(text: Option<&Text>) -> Arc<str> {
    text.map_or_else(|| Arc::from(""), |it| it.value.clone())
}

fn object_id(object: &VarTarget) -> ResourceId {
    let mut gvk = Gvk {
        group: text(object.group.as_ref()),
        version: text(object.version.as_ref()),
        kind: text(object.kind.as_ref()),
    };
    if let Some(api_version) = &object.api_version {
        match api_version.split('/').collect::<Vec<_>>()[..] {
            [version] => gvk.version = Arc::from(version),
            [group, version] => {
                gvk.group = Arc::from(group);
                gvk.version = Arc::from(version);
            }
            _ => {}
        }
    }
    ResourceId {
        gvk,
        name: text(object.name.as_ref()),
        namespace: text(object.namespace.as_ref()),
    }
}

fn read(var: &Var, resources: &[Resource]) -> Result<VarValue, BuildError> {
    let name = name(var);
    let Some(resource) = resources.iter().find(|it| it.read_by.contains(&name)) else {
        let message = format!(
            "the variable `{name}` reads a resource that is not there: {}",
            object_id(&var.object)
        );
        // What a deployer adds may bring it.
        return Err(BuildError::new(var.span, message).here().help(
            "`objref` needs the exact apiVersion, kind and name of a resource of this build",
        ));
    };
    let path = var.field_path.as_deref().unwrap_or("metadata.name");
    let field = lookup::field(&resource.body, path).ok_or_else(|| {
        let message = format!(
            "the variable `{name}` reads `{path}`, which {} does not have",
            resource.id()
        );
        BuildError::new(var.span, message)
    })?;
    let scalar = match field.as_scalar() {
        None => None,
        Some(leaf) => Some(value_of(leaf).ok_or_else(|| {
            let message = format!("the variable `{name}` reads the number `{}`", leaf.text);
            BuildError::new(var.span, message).help("write the number in plain decimal digits")
        })?),
    };
    Ok(VarValue {
        scalar,
        span: var.span,
    })
}

/// What is left of a leaf after Go has read it into a variable of its type; `None` where Go cannot.
fn value_of(scalar: &Scalar) -> Option<Scalar> {
    let text = match scalar.tag {
        Tag::Int => scalar.text.parse::<i64>().ok()?.to_string(),
        Tag::Float => scalar.text.parse::<f64>().ok()?.to_string(),
        Tag::Bool => scalar.is_true().to_string(),
        Tag::Null | Tag::Str | Tag::Timestamp | Tag::Binary => {
            return Some(Scalar::string(scalar.text.clone()));
        }
    };
    Some(Scalar {
        text: Arc::from(text),
        ..scalar.clone()
    })
}

/// Replace variables in a text, in the texts of a list, or in the values of a map.
fn replace<'a>(
    node: &mut Node,
    values: &BTreeMap<&'a str, VarValue>,
    used: &mut BTreeSet<&'a str>,
) -> Result<(), FieldError> {
    match &mut node.value {
        Value::Scalar(_) => expand(node, values, used),
        Value::Sequence(items) => {
            for item in items {
                if item.as_str().is_none() {
                    let found = item.type_name();
                    let message = format!("variables are replaced in lists of text, not {found}");
                    return Err(FieldError::new(item.span(), message));
                }
                expand(item, values, used);
            }
            return Ok(());
        }
        Value::Mapping(map) => {
            for entry in map.iter_mut() {
                if entry.key.tag != Tag::Str {
                    let message = format!("the key `{}` is not text", entry.key.text);
                    return Err(FieldError::new(entry.key.origin.edit_here(), message));
                }
                expand(&mut entry.value, values, used);
            }
        }
    }
    Ok(())
}
