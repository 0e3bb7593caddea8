#![doc = include_str!("../README.md")]

mod autogen;
mod conditions;
mod context;
mod decides;
mod engine;
mod exception;
mod matching;
mod pattern;
mod podsecurity;
mod policy;
mod reads;
mod request;
mod result;
mod scope;
mod stored;
#[cfg(test)]
mod testing;

pub mod testfile;
mod validation;
mod verify_images;

pub use decides::{Less, essence, leave_out_shared, less};
pub use engine::{Loaded, PolicySet, evaluate_policy};
pub use exception::{Exceptions, PolicyException};
pub use policy::{Policy, PolicyKind, Problem, Rule, RuleType, Unread, as_stored, load};
pub use reads::Changed;
pub use request::{
    ApiAnswer, Fixtures, GlobalEntry, Operation, Request, RuleValues, Subresource,
    UnlistedNamespaces, UserInfo,
};
pub use result::{Doubt, Outcome, PolicyResponse, RuleResult, Says};
pub use stored::{fill_in, is_cluster_scoped, is_filled_in};
