//! Renders small trees of files.

use tollgate_kustomize::{MemoryFiles, Options, Order, RepoPath, Session, WarningKind, build};
use tollgate_yaml::{FieldPath, Sources, emit_documents};

/// What a tree of files renders to.
pub(crate) struct Rendered {
    pub(crate) text: String,
    pub(crate) warnings: Vec<WarningKind>,
    /// Where the value at the path asked for was set, and what it overrides: the lines' texts.
    pub(crate) blame: Option<(String, Option<String>)>,
}

pub(crate) fn render(files: &[(&str, &str)]) -> Result<Rendered, String> {
    blame(files, &FieldPath::root())
}

pub(crate) fn blame(files: &[(&str, &str)], path: &FieldPath) -> Result<Rendered, String> {
    let mut tree = MemoryFiles::new();
    for (path, text) in files {
        tree = tree.with(path, text);
    }
    let sources = Sources::new();
    let session = Session::new(&tree, &sources);
    let options = Options {
        order: Order::Fifo,
        ..Options::default()
    };
    let built = build(&session, &RepoPath::root(), &options).map_err(|it| it.describe(&sources))?;
    let line = |span: tollgate_yaml::Span| {
        let file = sources.get(span.file)?;
        Some(file.line(file.position(span.start).line).trim().to_owned())
    };
    let node = built.resources.first().and_then(|it| it.body.at(path));
    Ok(Rendered {
        text: emit_documents(built.resources.iter().map(|it| &it.body))
            .map_err(|it| it.to_string())?,
        warnings: built.warnings.iter().map(|it| it.kind).collect(),
        blame: node.and_then(|it| {
            let overridden = it.origin.overridden().and_then(line);
            Some((line(it.span())?, overridden))
        }),
    })
}

pub(crate) const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  template:
    metadata: {annotations: {note: a}}
    spec:
      containers:
      - {name: web, image: nginx:1}
";
