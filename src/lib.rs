//! Tollgate: may this change reach that environment? See ARCHITECTURE.md for the map of the house.

pub mod builtin;
pub mod cli;
pub mod config;
pub mod engines;
pub mod exit;
pub mod finding;
pub mod forges;
pub mod gates;
pub mod model;
pub mod owners;
pub mod renderers;
pub mod repo;
pub mod reporters;
pub mod reviews;
pub mod run;
pub mod schema;
pub mod suites;
pub mod verdict;
pub mod waivers;
pub mod worker;
