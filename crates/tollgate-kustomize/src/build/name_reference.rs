//! Writes the new names of renamed resources into the fields that refer to them.
//! Source: `api/internal/accumulator/namereferencetransformer.go`, `api/filters/nameref`.

use crate::{
    error::BuildError,
    fieldspec::{FieldError, FieldSpec, Missing, NameReference},
    id::{Gvk, ResourceId},
    resource::{Resource, rewritten},
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tollgate_yaml::{Node, Scalar, Span, Tag, Value};

/// Fix the references of all resources.
pub(super) fn fix(
    resources: &mut [Resource],
    references: &[NameReference],
) -> Result<(), BuildError> {
    let renamed = Renamed::of(resources);
    for resource in resources {
        let original = resource.original_id().gvk;
        let now = resource.gvk();
        let mut referrer: Option<Referrer> = None;
        for reference in references {
            let specs = reference.referrers.iter();
            for spec in specs.filter(|it| it.applies_to(&original)) {
                let referrer = match &mut referrer {
                    Some(it) => it,
                    empty => empty.insert(Referrer::of(resource, &now)?),
                };
                fix_field(resource, spec, &reference.target, referrer, &renamed)?;
            }
        }
    }
    Ok(())
}

/// A resource that others may name.
struct Target {
    id: ResourceId,
    previous: Vec<ResourceId>,
    prefixes: Vec<Arc<str>>,
    suffixes: Vec<Arc<str>>,
    /// Its namespace as written.
    namespace: Arc<str>,
    cluster_scoped: bool,
    /// The line that gave it its name.
    named_at: Span,
    /// The line that gave it its namespace.
    placed_at: Span,
}

/// All resources, found by the names that they had.
struct Renamed {
    targets: Vec<Target>,
    by_name: HashMap<Arc<str>, Vec<usize>>,
    /// The resources by the namespace that they were in at first.
    by_original_namespace: HashMap<Arc<str>, Vec<usize>>,
}

impl Renamed {
    fn of(resources: &[Resource]) -> Self {
        let mut all = Self {
            targets: Vec::with_capacity(resources.len()),
            by_name: HashMap::new(),
            by_original_namespace: HashMap::new(),
        };
        for (at, resource) in resources.iter().enumerate() {
            let id = resource.id();
            let previous: Vec<ResourceId> = resource.previous_ids().collect();
            let names: BTreeSet<&Arc<str>> = previous.iter().map(|it| &it.name).collect();
            for name in names {
                all.by_name.entry(name.clone()).or_default().push(at);
            }
            let original = previous.first().unwrap_or(&id);
            if !original.gvk.is_cluster_scoped() {
                let namespace = Arc::from(original.effective_namespace());
                let list = all.by_original_namespace.entry(namespace).or_default();
                list.push(at);
            }
            let written_at = |key| {
                let node = resource.body.get("metadata").and_then(|it| it.get(key));
                node.map_or(Span::NONE, Node::span)
            };
            all.targets.push(Target {
                previous,
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
                namespace: id.namespace.clone(),
                cluster_scoped: id.gvk.is_cluster_scoped(),
                named_at: written_at("name"),
                placed_at: written_at("namespace"),
                id,
            });
        }
        all
    }
}

/// What must be known of a resource to tell what it can refer to.
struct Referrer {
    id: ResourceId,
    gvk: Gvk,
    cluster_scoped: bool,
    prefixes: Vec<Arc<str>>,
    suffixes: Vec<Arc<str>>,
    /// Namespaces of the ServiceAccounts that a RoleBinding names.
    account_namespaces: BTreeSet<Arc<str>>,
}

impl Referrer {
    fn of(resource: &Resource, gvk: &Gvk) -> Result<Self, BuildError> {
        Ok(Self {
            id: resource.id(),
            gvk: gvk.clone(),
            cluster_scoped: gvk.is_cluster_scoped(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            account_namespaces: account_namespaces(resource)?,
        })
    }

    /// Whether the target can be named at all from here (`SubsetThatCouldBeReferencedByResource`).
    fn reaches(&self, target: &Target) -> bool {
        self.cluster_scoped
            || target.cluster_scoped
            || target.id.effective_namespace() == self.id.effective_namespace()
            || self.account_namespaces.contains(&target.namespace)
    }

    /// The last look at namespaces (`sameCurrentNamespaceAsReferrer`).
    fn stands_beside(&self, target: &Target) -> bool {
        self.cluster_scoped
            || target.cluster_scoped
            || &*target.id.gvk.kind == "ServiceAccount"
            || target.id.effective_namespace() == self.id.effective_namespace()
    }

    fn same_affixes(&self, target: &Target, allow_empty: bool) -> bool {
        let same = |mine: &[Arc<str>], theirs: &[Arc<str>]| {
            (allow_empty && (mine.is_empty() || theirs.is_empty())) || same_ending(mine, theirs)
        };
        same(&target.prefixes, &self.prefixes) && same(&target.suffixes, &self.suffixes)
    }
}

fn account_namespaces(resource: &Resource) -> Result<BTreeSet<Arc<str>>, BuildError> {
    let mut namespaces = BTreeSet::new();
    let subjects = resource.body.get("subjects").and_then(Node::as_sequence);
    if &*resource.gvk().kind != "RoleBinding" {
        return Ok(namespaces);
    }
    for subject in subjects.into_iter().flatten() {
        if subject.as_mapping().is_none() {
            return Err(BuildError::new(
                subject.span(),
                format!("a subject must be a map, not {}", subject.type_name()),
            ));
        }
        let (Some(namespace), Some(kind)) = (subject.get("namespace"), subject.get("kind")) else {
            continue;
        };
        if kind.as_str() != Some("ServiceAccount") {
            continue;
        }
        match namespace.as_scalar().filter(|it| it.tag == Tag::Str) {
            Some(text) => namespaces.insert(text.text.clone()),
            None => {
                return Err(BuildError::new(
                    namespace.span(),
                    format!("a namespace must be text, not {}", namespace.type_name()),
                ));
            }
        };
    }
    Ok(namespaces)
}

/// Whether the shorter list is the end of the longer one; an empty one is the end of an empty one
/// only.
fn same_ending(a: &[Arc<str>], b: &[Arc<str>]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    match short.is_empty() {
        true => long.is_empty(),
        false => long.ends_with(short),
    }
}

fn fix_field(
    resource: &mut Resource,
    spec: &FieldSpec,
    target: &Gvk,
    referrer: &Referrer,
    renamed: &Renamed,
) -> Result<(), BuildError> {
    let role = match spec.path.as_str().ends_with("roleRef/name") {
        true => role_kind(&resource.body),
        false => None,
    };
    let search = Search {
        target,
        role,
        referrer,
        renamed,
    };
    spec.visit(
        &mut resource.body,
        Missing::Skip,
        Span::NONE,
        &mut |node, _| search.fix(node),
    )?;
    Ok(())
}

/// What a `roleRef` names besides a name: both parts, or nothing that helps.
fn role_kind(body: &Node) -> Option<Gvk> {
    let role = body.get("roleRef")?;
    let text = |key| Some(role.get(key)?.as_scalar()?.text.clone());
    Some(Gvk {
        group: text("apiGroup")?,
        version: Arc::from(""),
        kind: text("kind")?,
    })
}

/// One field's search for the resource that it names.
struct Search<'a> {
    target: &'a Gvk,
    role: Option<Gvk>,
    referrer: &'a Referrer,
    renamed: &'a Renamed,
}

impl Search<'_> {
    fn fix(&self, node: &mut Node) -> Result<(), FieldError> {
        match &mut node.value {
            Value::Scalar(_) => self.scalar(node),
            Value::Mapping(_) => self.mapping(node),
            Value::Sequence(items) => items.iter_mut().try_for_each(|item| match &item.value {
                Value::Scalar(_) => self.scalar(item),
                Value::Mapping(_) => self.mapping(item),
                Value::Sequence(_) => Err(FieldError::new(
                    item.span(),
                    "expected a name or a map with a name, found a list",
                )),
            }),
        }
    }

    /// The field is the name.
    fn scalar(&self, node: &mut Node) -> Result<(), FieldError> {
        let Some(old) = node.as_scalar().filter(|it| it.tag != Tag::Null) else {
            return Ok(());
        };
        let old = old.text.clone();
        let candidates = self.candidates(&old, None);
        if let Some(found) = self.choose(candidates, node.span(), false)? {
            write(node, &old, &found.id.name, found.named_at);
        }
        Ok(())
    }

    /// The field is a map that holds the name and perhaps the namespace.
    fn mapping(&self, node: &mut Node) -> Result<(), FieldError> {
        let span = node.span();
        let Some(map) = node.as_mapping_mut() else {
            return Ok(());
        };
        let Some(name) = map.get("name") else {
            return Err(FieldError::new(span, "a reference without `name`"));
        };
        let old = name
            .as_scalar()
            .map_or_else(|| Arc::from(""), |it| it.text.clone());
        let namespace = map.get("namespace").map(|it| {
            it.as_scalar()
                .map_or_else(|| Arc::from(""), |it| it.text.clone())
        });
        let candidates = self.candidates(&old, namespace.as_ref());
        let Some(found) = self.choose(candidates, span, true)? else {
            return Ok(());
        };
        if found.id.name == old && found.namespace.is_empty() {
            return Ok(());
        }
        if let Some(name) = map.get_mut("name") {
            write(name, &old, &found.id.name, found.named_at);
        }
        if found.namespace.is_empty() {
            // Empty stands for any namespace here, not for `default`.
            return Ok(());
        }
        match map.get_mut("namespace") {
            Some(node) => {
                let old = namespace.unwrap_or_default();
                write(node, &old, &found.namespace, found.placed_at);
            }
            None => {
                let origin = tollgate_yaml::Origin::Derived {
                    by: found.placed_at,
                    over: None,
                };
                map.set("namespace", Node::string(found.namespace.clone(), origin));
            }
        }
        Ok(())
    }

    /// The resources that once had the name and are of the right kind.
    fn candidates(&self, old: &str, namespace: Option<&Arc<str>>) -> Vec<&Target> {
        let Some(found) = self.renamed.by_name.get(old) else {
            return Vec::new();
        };
        let within = namespace.map(|it| self.namespace(it));
        let found = found.iter().map(|&at| (at, &self.renamed.targets[at]));
        found
            .filter(|(at, it)| {
                self.referrer.reaches(it) && within.as_ref().is_none_or(|is| is(*at))
            })
            .map(|(_, it)| it)
            .filter(|it| {
                it.previous
                    .iter()
                    .any(|id| id.gvk.is_selected_by(self.target))
            })
            .filter(|it| {
                let fits = |role: &Gvk| it.previous.iter().any(|id| id.gvk.is_selected_by(role));
                self.role.as_ref().is_none_or(fits)
            })
            .filter(|it| self.referrer.stands_beside(it))
            .collect()
    }

    /// A test for resources of a namespace: of those that were in it at first if there are any,
    /// else of those that are in it now (`filterMapCandidatesByNamespace`).
    fn namespace<'b>(&'b self, namespace: &'b str) -> impl Fn(usize) -> bool + 'b {
        let targets = &self.renamed.targets;
        let at_first = self.renamed.by_original_namespace.get(namespace);
        let any = at_first
            .into_iter()
            .flatten()
            .any(|&at| self.referrer.reaches(&targets[at]));
        move |at| match at_first.filter(|_| any) {
            Some(list) => list.binary_search(&at).is_ok(),
            None => {
                let target = &targets[at];
                !target.cluster_scoped && target.id.effective_namespace() == namespace
            }
        }
    }

    /// The one that is meant, if any.
    fn choose<'b>(
        &self,
        mut candidates: Vec<&'b Target>,
        at: Span,
        with_namespace: bool,
    ) -> Result<Option<&'b Target>, FieldError> {
        if candidates.len() > 1 {
            candidates.retain(|it| self.referrer.same_affixes(it, true));
            if candidates.len() > 1 {
                candidates.retain(|it| self.referrer.same_affixes(it, false));
            }
        }
        let Some((first, rest)) = candidates.split_first() else {
            return Ok(None);
        };
        let same = |it: &&Target| {
            it.id.name == first.id.name && (!with_namespace || it.namespace == first.namespace)
        };
        if rest.iter().all(same) {
            return Ok(Some(first));
        }
        let ids: Vec<String> = candidates.iter().map(|it| it.id.to_string()).collect();
        Err(FieldError::new(
            at,
            format!(
                "the name could mean any of {} (in {})",
                ids.join(", "),
                self.referrer.gvk.kind
            ),
        ))
    }
}

/// Put the new name in place, unless it is the old one.
fn write(node: &mut Node, old: &str, new: &Arc<str>, by: Span) {
    if old == &**new {
        return;
    }
    let none = Scalar::string("");
    let scalar = rewritten(node.as_scalar().unwrap_or(&none), new.clone());
    let origin = node.origin.replaced_by(by);
    *node = Node::new(Value::Scalar(scalar), origin);
}
