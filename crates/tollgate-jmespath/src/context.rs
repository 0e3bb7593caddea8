//! What one search carries with it: its dialect, its runtime, and what is left of its budgets.

use crate::{Dialect, EvalError, Runtime};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::marker::PhantomData;

pub(crate) struct Context<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) runtime: Runtime,
    steps: Cell<usize>,
    bytes: Cell<usize>,
    /// How often `random` was called.
    pub(crate) draws: Cell<u64>,
    /// What was taken for something that it is not.
    doubts: RefCell<BTreeSet<String>>,
    lifetime: PhantomData<&'a ()>,
}

impl Context<'_> {
    pub(crate) fn new(dialect: Dialect, runtime: &Runtime) -> Self {
        Self {
            dialect,
            runtime: *runtime,
            steps: Cell::new(runtime.limits.steps),
            bytes: Cell::new(runtime.limits.bytes),
            draws: Cell::new(0),
            doubts: RefCell::default(),
            lifetime: PhantomData,
        }
    }

    /// Remember that a function, as upstream, took a value for something that it is not.
    pub(crate) fn doubt(&self, what: String) {
        self.doubts.borrow_mut().insert(what);
    }

    /// What was remembered.
    pub(crate) fn into_doubts(self) -> BTreeSet<String> {
        self.doubts.into_inner()
    }

    pub(crate) fn step(&self) -> Result<(), EvalError> {
        self.steps(1)
    }

    /// Pay for work.
    pub(crate) fn steps(&self, count: usize) -> Result<(), EvalError> {
        spend(&self.steps, count, "it takes too many steps")
    }

    /// Pay for text before it is made.
    pub(crate) fn bytes(&self, count: usize) -> Result<(), EvalError> {
        spend(&self.bytes, count, "it makes too much text")
    }

    /// How much work may still be done.
    pub(crate) fn steps_left(&self) -> usize {
        self.steps.get()
    }

    /// How much text may still be made.
    pub(crate) fn bytes_left(&self) -> usize {
        self.bytes.get()
    }
}

fn spend(budget: &Cell<usize>, count: usize, what: &'static str) -> Result<(), EvalError> {
    match budget.get().checked_sub(count) {
        Some(left) => {
            budget.set(left);
            Ok(())
        }
        None => {
            budget.set(0);
            Err(EvalError::Limit { what })
        }
    }
}
