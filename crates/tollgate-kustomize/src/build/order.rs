//! The order in which resources come out. Source: `SortOrderTransformer.go`.

use super::{Order, Scope};
use crate::{
    error::BuildError,
    id::{Gvk, ResourceId},
    kustomization::{SortOptions, Text},
    resource::Resource,
};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Kinds that come first, unless `legacySortOptions` says otherwise.
const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come last, unless `legacySortOptions` says otherwise.
const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Sort as the outermost kustomization says or, where it says nothing, as the options do.
pub(super) fn sort(resources: &mut Vec<Resource>, scope: &Scope<'_>) -> Result<(), BuildError> {
    let order = match &scope.kustomization.sort_options {
        Some(options) => from_file(options)?,
        None => match scope.options.order {
            Order::Fifo => None,
            Order::Legacy => Some(Ranks::new(FIRST, LAST)),
        },
    };
    let Some(ranks) = order else {
        return Ok(());
    };
    let mut keyed: Vec<(Key, Resource)> = std::mem::take(resources)
        .into_iter()
        .map(|it| (Key::of(it.id(), &ranks), it))
        .collect();
    keyed.sort_by(|a, b| a.0.compare(&b.0));
    for pair in keyed.windows(2) {
        if pair[0].0.id.means_same(&pair[1].0.id) {
            let at = pair[1].1.body.span();
            return Err(
                super::accumulate::duplicate(&pair[1].0.id, at, &[]).with(pair[0].1.body.span())
            );
        }
    }
    resources.extend(keyed.into_iter().map(|it| it.1));
    Ok(())
}

/// The ranks that `sortOptions` asks for; `None` for the order in which resources were read.
fn from_file(options: &SortOptions) -> Result<Option<Ranks>, BuildError> {
    match (options.order.as_deref(), &options.legacy) {
        (Some("fifo"), None) => Ok(None),
        (Some("legacy"), None) => Ok(Some(Ranks::new(FIRST, LAST))),
        (Some("legacy"), Some(order)) => {
            fn texts(list: &[Text]) -> impl ExactSizeIterator<Item = &str> {
                list.iter().map(|it| &**it)
            }
            Ok(Some(Ranks::new(texts(&order.first), texts(&order.last))))
        }
        (Some("fifo"), Some(_)) => Err(BuildError::new(
            options.span,
            "`legacySortOptions` has no meaning with `order: fifo`",
        )),
        (order, _) => {
            let at = options.order.as_ref().map_or(options.span, |it| it.span);
            let message = order.map_or_else(
                || "`sortOptions` names no order".to_owned(),
                |it| format!("`{it}` is no order"),
            );
            Err(BuildError::new(at, message).help("`order` is `fifo` or `legacy`"))
        }
    }
}

/// Where kinds stand among each other: before (negative), among or behind (positive) all others.
struct Ranks(HashMap<String, i64>);

impl Ranks {
    fn new<'a, A, B>(first: A, last: B) -> Self
    where
        A: IntoIterator<Item = &'a str, IntoIter: ExactSizeIterator>,
        B: IntoIterator<Item = &'a str>,
    {
        let first = first.into_iter();
        let count = i64::try_from(first.len()).unwrap_or(i64::MAX);
        let first = first
            .zip(0..)
            .map(|(kind, at)| (kind.to_owned(), at - count));
        let last = last
            .into_iter()
            .zip(1..)
            .map(|(kind, at)| (kind.to_owned(), at));
        Self(first.chain(last).collect())
    }
}

/// What a resource is sorted by.
struct Key {
    rank: i64,
    gvk_text: String,
    id_text: String,
    id: ResourceId,
}

impl Key {
    fn of(id: ResourceId, ranks: &Ranks) -> Self {
        let or = |text: &str, empty: &str| if text.is_empty() { empty } else { text }.to_owned();
        let Gvk {
            group,
            version,
            kind,
        } = &id.gvk;
        let gvk_text = [or(group, "~G"), or(version, "~V"), or(kind, "~K")].join("_");
        let dotted = [
            or(kind, "[noKind]"),
            or(version, "[noVer]"),
            or(group, "[noGrp]"),
        ]
        .join(".");
        let id_text = [dotted, or(&id.namespace, "~X"), or(&id.name, "~N")].join("|");
        Self {
            rank: ranks.0.get(&**kind).copied().unwrap_or(0),
            gvk_text,
            id_text,
            id,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        if self.id.gvk == other.id.gvk {
            return self.id_text.cmp(&other.id_text);
        }
        let by_text = self.gvk_text.cmp(&other.gvk_text);
        let namespaces = &*self.id.gvk.kind == "Namespace" && &*other.id.gvk.kind == "Namespace";
        let core = self.id.gvk.group.is_empty() || other.id.gvk.group.is_empty();
        // Core Namespaces come before those of other groups.
        let by_text = if namespaces && core {
            by_text.reverse()
        } else {
            by_text
        };
        self.rank.cmp(&other.rank).then(by_text)
    }
}
