//! One test with everything that it names, loaded.
//!
//! Source: `cmd/cli/kubectl-kyverno/commands/test/test.go`, `utils/common/common.go`,
//! `policy/load.go`, `exception/load.go`.

use super::{
    document::TestDocument,
    fault::SuiteError,
    fetch::{Fetch, below, folder_of, is_yaml, resolve},
    fields::{Fields, Named},
    object::{Object, without_duplicates},
    values::{Values, user_info},
};
use crate::{Fixtures, Policy, Problem, UnlistedNamespaces, UserInfo, load};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};
use tollgate_yaml::{Dialect, FileId, Limits, Node, Sources, Span, parse};

/// Folders of policies deeper than this are refused.
const DEEPEST: usize = 32;

/// The documents of the files that a suite has read: several rows may name one file.
pub(super) struct Reader<'a> {
    fetch: &'a dyn Fetch,
    sources: &'a Sources,
    /// The folder that paths are relative to.
    folder: String,
    read: RefCell<BTreeMap<String, Arc<Vec<Node>>>>,
}

impl<'a> Reader<'a> {
    /// A reader for the suite in the file `path`.
    pub(super) fn new(fetch: &'a dyn Fetch, sources: &'a Sources, path: &str) -> Self {
        Self {
            fetch,
            sources,
            folder: folder_of(path).to_owned(),
            read: RefCell::default(),
        }
    }

    /// The documents of a tree path that are not empty; `from` is blamed where it is missing.
    pub(super) fn tree_file(&self, path: &str, from: Span) -> Result<Arc<Vec<Node>>, SuiteError> {
        if let Some(documents) = self.read.borrow().get(path) {
            return Ok(documents.clone());
        }
        let text = self
            .fetch
            .read(path)
            .map_err(|why| SuiteError::new(from, format!("`{path}` cannot be read: {why}")))?
            .ok_or_else(|| SuiteError::new(from, format!("there is no file `{path}`")))?;
        let file: FileId = self.sources.add(path, text.clone());
        let mut documents = parse(&text, file, Dialect::Sigs, &Limits::default())?;
        documents.retain(|it| !it.is_null());
        let documents = Arc::new(documents);
        self.read
            .borrow_mut()
            .insert(path.to_owned(), documents.clone());
        Ok(documents)
    }

    fn path(&self, named: &Named) -> Result<String, SuiteError> {
        resolve(&self.folder, &named.text).map_err(|why| SuiteError::new(named.span, why))
    }

    /// The documents of a file that the suite names.
    pub(super) fn file(&self, named: &Named) -> Result<Arc<Vec<Node>>, SuiteError> {
        self.tree_file(&self.path(named)?, named.span)
    }

    /// The one document of a file that the suite names.
    fn one(&self, named: &Named) -> Result<Node, SuiteError> {
        let documents = self.file(named)?;
        match &documents[..] {
            [one] => Ok(one.clone()),
            [] => Err(SuiteError::new(
                named.span,
                format!("`{}` is empty", named.text),
            )),
            [_, second, ..] => Err(SuiteError::new(
                second.span(),
                "a second document, where Kyverno reads one only: remove it",
            )),
        }
    }

    /// The files behind a name: itself, or the YAML files of the folder, deeper ones too with
    /// `depth` above zero. Hidden names in folders are passed over.
    fn files(&self, path: String, from: Span, depth: usize) -> Result<Vec<String>, SuiteError> {
        let listed = self
            .fetch
            .list(&path)
            .map_err(|why| SuiteError::new(from, format!("`{path}` cannot be listed: {why}")))?;
        let Some(listed) = listed else {
            return Ok(vec![path]);
        };
        let mut files = Vec::new();
        for entry in listed {
            let below = below(&path, &entry.name);
            match entry.is_folder {
                false if is_yaml(&entry.name) => files.push(below),
                true if depth > 0 && !entry.name.starts_with('.') => {
                    files.extend(self.files(below, from, depth - 1)?);
                }
                _ => {}
            }
        }
        Ok(files)
    }

    fn objects(&self, paths: &[Named]) -> Result<Vec<Object>, SuiteError> {
        let mut objects = Vec::new();
        for named in paths {
            for path in self.files(self.path(named)?, named.span, 0)? {
                for document in self.tree_file(&path, named.span)?.iter() {
                    objects.push(Object::read(document)?);
                }
            }
        }
        Ok(objects)
    }

    fn policies(&self, paths: &[Named]) -> Result<Vec<Node>, SuiteError> {
        let mut documents = Vec::new();
        for named in paths {
            let path = self.path(named)?;
            if !is_yaml(&path) && self.fetch.list(&path).is_ok_and(|it| it.is_none()) {
                return Err(SuiteError::new(
                    named.span,
                    format!("`{}` is no YAML file: Kyverno passes over it", named.text),
                ));
            }
            for path in self.files(path, named.span, DEEPEST)? {
                for document in self.tree_file(&path, named.span)?.iter() {
                    match list_items(document) {
                        Some(items) => documents.extend(items.iter().cloned()),
                        None => documents.push(document.clone()),
                    }
                }
            }
        }
        Ok(documents)
    }
}

/// The items of a `v1` `List`.
fn list_items(document: &Node) -> Option<&[Node]> {
    let is = |key: &str, wanted| document.get(key).and_then(Node::as_str) == Some(wanted);
    if is("apiVersion", "v1") && is("kind", "List") {
        document.get("items")?.as_sequence()
    } else {
        None
    }
}

/// A test that can be run.
pub(super) struct Suite {
    pub(super) test: TestDocument,
    pub(super) policies: Vec<Policy>,
    /// Policies that could not be loaded.
    pub(super) problems: Vec<Problem>,
    pub(super) objects: Vec<Object>,
    pub(super) values: Values,
    pub(super) user_info: Option<UserInfo>,
    pub(super) fixtures: Fixtures,
    /// Policies by name whose contexts would ask what `clusterResources` answers.
    pub(super) asks_cluster: Vec<Arc<str>>,
}

impl Suite {
    pub(super) fn load(
        mut test: TestDocument,
        reader: &Reader<'_>,
        compat: bool,
    ) -> Result<Self, SuiteError> {
        let values = match (test.values.take(), &test.variables) {
            (Some(inline), _) => inline,
            (None, Some(file)) => Values::file(&reader.one(file)?)?,
            (None, None) => Values::default(),
        };
        let user = test
            .userinfo
            .as_ref()
            .map(|it| reader.one(it))
            .transpose()?;
        let user_info = user.as_ref().map(user_info).transpose()?;
        let documents = reader.policies(&test.policies)?;
        let loaded = load(&documents);
        let objects = without_duplicates(reader.objects(&test.resources)?);
        let mut fixtures = Fixtures {
            namespace_labels: values.namespace_labels.clone(),
            subresources: values.subresources.clone(),
            leave_contexts_unset: compat,
            unlisted_namespaces: UnlistedNamespaces::Unlabelled,
            ..Fixtures::default()
        };
        for named in &test.exceptions {
            let mut documents = reader.file(named)?.to_vec();
            // They speak of CEL policies only, whose rows say that they are not supported yet.
            documents.retain(|it| !is_cel_exception(it));
            let read = load(&documents);
            if let Some(problem) = read.problems.into_iter().next() {
                return Err(SuiteError::new(problem.span, problem.message));
            }
            if let Some(policy) = read.policies.policies().first() {
                return Err(SuiteError::new(
                    policy.span,
                    "this is a policy, where a PolicyException is wanted: list it under `policies`",
                ));
            }
            fixtures.exceptions.extend(read.exceptions);
        }
        for row in &test.rows {
            if let Some(file) = &row.clone_source {
                let (namespace, policy) = row.policy.split_once('/').unwrap_or(("", &row.policy));
                let key = (namespace.to_owned(), policy.to_owned(), row.rule.clone());
                let sources = reader.objects(std::slice::from_ref(file))?;
                let bodies = sources.into_iter().map(|it| it.body).collect();
                fixtures.clone_sources.insert(key, bodies);
            }
        }
        if !test.cluster_resources.is_empty() {
            stand_in_for_cluster(&mut fixtures, &test, &objects, reader)?;
        }
        let mut asks_cluster = Vec::new();
        fixtures.api_answers = std::mem::take(&mut test.api_answers);
        for source in &test.global_entries {
            let (name, entry) = source.load(reader)?;
            fixtures.global_context.insert(name, entry);
        }
        if !test.cluster_resources.is_empty() {
            for document in documents.iter().filter(|it| asks(it, 0)) {
                let name = document.get("metadata").and_then(|it| it.get("name"));
                asks_cluster.push(Arc::from(name.and_then(Node::as_str).unwrap_or_default()));
            }
        }
        Ok(Self {
            policies: loaded.policies.policies().to_vec(),
            problems: loaded.problems,
            objects,
            values,
            user_info,
            fixtures,
            asks_cluster,
            test,
        })
    }

    /// A policy that could not be loaded and that no row asks about, so that no row can say so.
    /// Kyverno prints a line about it and goes on.
    pub(super) fn unnoticed_problem(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| {
            let rows = &mut self.test.rows.iter();
            !rows.any(|it| problem.name.as_deref() == Some(it.policy_name()))
        })
    }
}

fn is_cel_exception(document: &Node) -> bool {
    let text = |key: &str| document.get(key).and_then(Node::as_str).unwrap_or_default();
    text("apiVersion").starts_with("policies.kyverno.io/") && text("kind") == "PolicyException"
}

/// Whether a context somewhere in the policy would call the API server or a global entry.
fn asks(node: &Node, depth: usize) -> bool {
    if depth > Limits::default().depth {
        return true;
    }
    if let Some(map) = node.as_mapping() {
        return map.iter().any(|it| {
            matches!(&*it.key.text, "apiCall" | "globalReference") || asks(&it.value, depth + 1)
        });
    }
    let items = node.as_sequence().unwrap_or_default();
    items.iter().any(|it| asks(it, depth + 1))
}

/// With `clusterResources` Kyverno's command line plays a cluster: ConfigMaps and the labels of
/// namespaces come from its objects, and kinds are no longer mapped to subresources.
fn stand_in_for_cluster(
    fixtures: &mut Fixtures,
    test: &TestDocument,
    objects: &[Object],
    reader: &Reader<'_>,
) -> Result<(), SuiteError> {
    let mut all = objects.to_vec();
    for named in &test.cluster_resources {
        let document = reader.one(named)?;
        let known = ["apiVersion", "kind", "metadata", "spec"];
        let fields = Fields::of(&document, "a cluster resource file", &known)?;
        let Some(spec) = fields.get("spec") else {
            continue;
        };
        let spec = Fields::of(spec, "`spec`", &["crds", "resources"])?;
        for named in spec.texts("crds")? {
            reader.file(&named)?;
        }
        for node in spec.list("resources")? {
            all.push(Object::read(node)?);
        }
    }
    let mut config_maps = BTreeMap::new();
    for object in all.iter().filter(|it| it.api_version == "v1") {
        match &*object.kind {
            "ConfigMap" => {
                let key = (object.namespace.clone(), object.name.clone());
                config_maps.insert(key, object.body.clone());
            }
            "Namespace" => {
                let labels = fixtures.namespace_labels.entry(object.name.clone());
                let labels = labels.or_default();
                if labels.is_empty() {
                    *labels = labels_of(object);
                }
            }
            _ => {}
        }
    }
    fixtures.config_maps = Some(config_maps);
    fixtures.subresources.clear();
    Ok(())
}

fn labels_of(object: &Object) -> BTreeMap<String, String> {
    let labels = object.body["metadata"]["labels"].as_object();
    let texts = labels.into_iter().flatten();
    texts
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
