//! Links inside of the tree.

use super::*;
use crate::{EntryKind, FileError, Files};
use std::sync::Arc;

/// Files, and links between folders or files of the tree.
struct Linked {
    files: MemoryFiles,
    links: Vec<(&'static str, &'static str)>,
}

impl Linked {
    fn real(&self, path: &RepoPath) -> RepoPath {
        let text = path.as_str();
        let target = self.links.iter().find_map(|(from, to)| {
            let rest = text.strip_prefix(from)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        });
        target
            .and_then(|it| RepoPath::new(&it))
            .unwrap_or_else(|| path.clone())
    }
}

impl Files for Linked {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        self.files.read(&self.real(path))
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError> {
        self.files.kind(&self.real(path))
    }

    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        Ok(self.real(path))
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        self.files.list(&self.real(path))
    }
}

/// Whether `app`, with a link in it, renders without and with the load restrictor lifted.
fn renders(files: &[(&str, &str)], link: (&'static str, &'static str)) -> [bool; 2] {
    let files = Linked {
        files: tree(files),
        links: vec![link],
    };
    [LoadRestrictor::RootOnly, LoadRestrictor::None].map(|load_restrictor| {
        let sources = Sources::new();
        let session = Session::new(&files, &sources);
        let options = Options {
            load_restrictor,
            ..FIFO
        };
        let root = RepoPath::new("app").expect("a path");
        build(&session, &root, &options).is_ok()
    })
}

#[test]
fn links_must_stay_below_the_kustomization() {
    let a = config_map("a");
    let app = ("app/kustomization.yaml", "resources: [a.yaml]");
    let outside = [app, ("other/a.yaml", &a)];
    assert_eq!(
        renders(&outside, ("app/a.yaml", "other/a.yaml")),
        [false, true]
    );
    let inside = [app, ("app/sub/a.yaml", &a)];
    assert_eq!(
        renders(&inside, ("app/a.yaml", "app/sub/a.yaml")),
        [true, true]
    );
}

#[test]
fn folders_may_be_links() {
    let files = [
        ("app/kustomization.yaml", "resources: [base]"),
        ("base/kustomization.yaml", "resources: [a.yaml]"),
        ("base/a.yaml", &*config_map("a")),
    ];
    assert_eq!(renders(&files, ("app/base", "base")), [true, true]);
    // A link to itself is a cycle.
    assert_eq!(renders(&files, ("app/base", "app")), [false, false]);
}

#[test]
fn a_kustomization_file_cannot_be_borrowed() {
    let files = [
        ("app/a.yaml", &*config_map("a")),
        ("base/kustomization.yaml", "resources: [a.yaml]"),
    ];
    let link = ("app/kustomization.yaml", "base/kustomization.yaml");
    assert_eq!(renders(&files, link), [false, true]);
}
