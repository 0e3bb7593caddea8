//! One integration binary: each file is a place where the program is looked at from outside.

mod architecture;
mod attacks;
mod baseline;
mod builtin;
mod check;
mod commands;
mod diff;
mod exceptions;
mod foreign_text;
mod forge;
mod forge_record;
mod formats;
mod gitlab;
mod jobs;
mod kills;
mod kubectl;
mod overrides;
mod owners;
mod pages;
mod real_repository;
mod registry;
mod reports;
mod secrets;
mod setup;
mod stories;
mod support;
