//! See ARCHITECTURE.md for the map of the house.

pub mod config;
pub mod repo;
