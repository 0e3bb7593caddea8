//! `tollgate schema`.

use super::{fail, print};
use crate::{config, exit};

/// Print the JSON Schema of the configuration or of the file with exceptions, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate schema
  tollgate schema exceptions

For editors with the YAML language server:
  tollgate schema > tollgate.schema.json
and as the first line of tollgate.yaml:
  # yaml-language-server: $schema=tollgate.schema.json")]
pub(super) struct Args {
    /// Of which file
    #[arg(value_name = "FILE", default_value = "configuration")]
    file: File,
}

/// A file with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum File {
    /// tollgate.yaml
    Configuration,
    /// .tollgate/exceptions.yaml
    Exceptions,
}

pub(super) fn run(args: &Args) -> u8 {
    let schema = match args.file {
        File::Configuration => config::schema(),
        File::Exceptions => config::exceptions_schema(),
    };
    match serde_json::to_string_pretty(&schema) {
        Ok(text) => print(&format!("{text}\n"), exit::ADMITTED),
        Err(error) => fail(exit::INTERNAL, &format!("cannot write JSON: {error}")),
    }
}
