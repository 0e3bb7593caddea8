//! From an overlay to manifests. To add a renderer: write its file and add its two lines below.

use crate::model::{Manifest, Place, RenderWarning, Side};
use std::collections::BTreeSet;
use tollgate_kustomize::{RepoPath, Session};

mod kustomize;

pub use kustomize::Kustomize;

/// A tree being rendered. What is parsed once is shared by every overlay and thread.
pub trait Renderer: Sync {
    /// As configuration names it; the file's own name.
    fn name(&self) -> &'static str;
    /// Start on one tree. The session remembers what was read and parsed of it.
    fn open<'a>(&self, session: &'a Session<'a>, side: Side) -> Box<dyn RenderSession + 'a>;
}

/// One tree, opened for rendering.
pub trait RenderSession: Sync {
    /// Render the overlay in a folder.
    ///
    /// # Errors
    /// What a person must mend in the repository.
    fn render(&self, overlay: &RepoPath) -> Result<Rendered, Box<RenderError>>;
}

/// Every renderer.
pub static RENDERERS: &[&dyn Renderer] = &[&Kustomize];

/// What an overlay renders to.
#[derive(Clone)]
pub struct Rendered {
    /// The manifests in output order.
    pub manifests: Vec<Manifest>,
    /// The output as kustomize prints it.
    pub yaml: String,
    /// What renders, but probably not to what was meant.
    pub warnings: Vec<RenderWarning>,
    /// Every file that was read.
    pub reads: BTreeSet<RepoPath>,
    /// What the renderer would refuse by itself, and renders with its load restrictions lifted.
    pub outside: Option<Outside>,
}

/// A file outside of an overlay's folder that it reads.
#[derive(Clone, Debug)]
pub struct Outside {
    /// What is refused.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The entry that names the file.
    pub place: Option<Place>,
}

/// Why an overlay does not render.
#[derive(Clone, Debug)]
pub struct RenderError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// Every file that was read before it failed.
    pub reads: BTreeSet<RepoPath>,
    /// Whether whoever deploys may well render it: it needs what is not in the tree, or code that is
    /// not run here, or exceeds a limit.
    pub elsewhere: bool,
}
