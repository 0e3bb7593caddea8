//! What is wrong with an object by the schema of its kind.

use super::{
    Mistake,
    kubernetes::Kubernetes,
    later::Later,
    node::{Node, Ref},
    say, settle,
    walk::{At, Walk},
};
use crate::model::SchemaRule;
use serde_json::{Map, Value};
use tollgate_yaml::{FieldPath, Step};

/// A schema, and how objects are read by it.
pub(super) struct Checker {
    pub(super) root: Ref,
    /// Of Kubernetes' own kinds: read into types of Go, which have no defaults in their schema.
    pub(super) own: bool,
    /// Fields that are not listed are dropped. Definitions of old may keep all.
    pub(super) prunes: bool,
    /// Only the server writes `status`.
    pub(super) status: bool,
}

impl Checker {
    /// What is wrong with an object, in the order of its fields.
    pub(super) fn check(
        &self,
        object: &Value,
        later: Later,
        kubernetes: &Kubernetes,
    ) -> Vec<Mistake> {
        let root = self.root.get(kubernetes);
        let mut mistakes = Vec::new();
        if self.prunes {
            let mut tell = |at: &At<'_>, name: &str, node: Option<&Node>| {
                if !later.text(name) {
                    mistakes.push(unlisted(object, at, name, node));
                }
            };
            settle::unlisted(object, Some(root), false, kubernetes, &At::Root, &mut tell);
        }
        let settled;
        let object = if self.own && !settle::has_null(object) {
            object
        } else {
            settled = self.settle(object.clone(), root, kubernetes);
            &settled
        };
        let mut walk = Walk::new(kubernetes, later);
        walk.check(object, root, &At::Root);
        let of_status = |it: &Mistake| {
            let first = it.field.0.first();
            it.missing.is_some() && matches!(first, Some(Step::Key(key)) if **key == *"status")
        };
        // What a server writes itself it does not ask for.
        mistakes.extend(walk.mistakes.into_iter().filter(|it| !of_status(it)));
        mistakes
    }

    fn settle(&self, mut object: Value, root: &Node, kubernetes: &Kubernetes) -> Value {
        if !self.own && self.prunes {
            settle::prune(&mut object, Some(root), false, kubernetes);
        }
        settle::drop_nulls(&mut object, Some(root), self.own, kubernetes);
        if !self.own {
            settle::default(&mut object, root, kubernetes);
        }
        if self.status
            && let Some(fields) = object.as_object_mut()
        {
            fields.remove("status");
        }
        object
    }
}

fn unlisted(object: &Value, at: &At<'_>, name: &str, node: Option<&Node>) -> Mistake {
    let path = at.path();
    let known: Vec<&str> = node
        .into_iter()
        .flat_map(|it| it.properties.keys().map(String::as_str))
        .filter(|it| it.len() <= 64)
        .take(500)
        .collect();
    let siblings: Option<&Map<String, Value>> = value_at(object, &path).and_then(Value::as_object);
    let missing: Vec<&str> = known
        .iter()
        .copied()
        .filter(|it| siblings.is_none_or(|fields| !fields.contains_key(*it)))
        .collect();
    let message = format!(
        "{} has no field `{}`",
        say::subject(&path),
        say::shown(name)
    );
    let mut mistake = Mistake::new(SchemaRule::UnknownField, path.key(name), message);
    mistake.help = Some(say::suggestion(name, &missing, &known));
    mistake
}

fn value_at<'a>(value: &'a Value, path: &FieldPath) -> Option<&'a Value> {
    path.0.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => value.get(*index),
    })
}
