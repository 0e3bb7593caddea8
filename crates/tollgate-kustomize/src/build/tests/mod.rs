//! Whole builds of small trees.

mod annotations;
mod generators;
mod hostile;
mod links;
mod names;
mod refusals;
mod resources;

use super::{Build, LoadRestrictor, Options, Order, build};
use crate::{MemoryFiles, RepoPath, Session};
use tollgate_yaml::{Sources, emit_documents};

/// A tree from `path`, text pairs.
fn tree(files: &[(&str, &str)]) -> MemoryFiles {
    files
        .iter()
        .fold(MemoryFiles::new(), |all, (path, text)| all.with(path, text))
}

/// Build `root` and print the result, or the whole story of what went wrong.
fn render(files: &[(&str, &str)], root: &str, options: Options) -> Result<String, String> {
    let (files, sources) = (tree(files), Sources::new());
    let session = Session::new(&files, &sources);
    let root = RepoPath::new(root).expect("a path");
    let build = build(&session, &root, &options).map_err(|it| it.describe(&sources))?;
    emit_documents(build.resources.iter().map(|it| &it.body)).map_err(|it| it.message)
}

/// Resources in the order in which they were read.
const FIFO: Options = Options {
    load_restrictor: LoadRestrictor::RootOnly,
    order: Order::Fifo,
    managed_by_label: false,
};

/// The folder `app` must render to `expected`.
fn check(files: &[(&str, &str)], expected: &str) {
    match render(files, "app", FIFO) {
        Ok(text) => assert_eq!(text.trim(), expected.trim(), "rendered:\n{text}"),
        Err(error) => panic!("{error}"),
    }
}

/// The folder `app` must be refused, with `expected` in the message.
fn refuse(files: &[(&str, &str)], expected: &str) {
    match render(files, "app", FIFO) {
        Ok(text) => panic!("rendered:\n{text}"),
        Err(error) => assert!(error.contains(expected), "{error}"),
    }
}

/// The build of `app`, and `path:line:column` of any span.
fn inspect(files: &[(&str, &str)], test: impl FnOnce(&Build, &Sources)) {
    let (files, sources) = (tree(files), Sources::new());
    let session = Session::new(&files, &sources);
    let root = RepoPath::new("app").expect("a path");
    match build(&session, &root, &FIFO) {
        Ok(build) => test(&build, &sources),
        Err(error) => panic!("{}", error.describe(&sources)),
    }
}

/// A ConfigMap with a name, as most tests need one.
fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}
