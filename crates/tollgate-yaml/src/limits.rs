//! Budgets that hold for one file, so that hostile input ends in an error and not in a dead process.

/// How much one file may ask of the reader. The deepest custom resource definitions in common use
/// nest some 40 levels.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of text; as many again may come from aliases that repeat text.
    pub bytes: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Nodes of all documents of the file together, aliases counted as often as they are used.
    pub nodes: usize,
    /// Documents in the file.
    pub documents: usize,
    /// Entries of one map.
    pub keys: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 128,
            nodes: 2_000_000,
            documents: 10_000,
            keys: 100_000,
        }
    }
}
