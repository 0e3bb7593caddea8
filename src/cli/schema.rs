//! `tollgate schema`.

use super::{fail, print};
use crate::{config, exit};

/// Print the JSON Schema of the configuration, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For editors with the YAML language server:
  tollgate schema > tollgate.schema.json
and as the first line of tollgate.yaml:
  # yaml-language-server: $schema=tollgate.schema.json")]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> u8 {
    match serde_json::to_string_pretty(&config::schema()) {
        Ok(text) => print(&format!("{text}\n"), exit::ADMITTED),
        Err(error) => fail(exit::INTERNAL, &format!("cannot write JSON: {error}")),
    }
}
