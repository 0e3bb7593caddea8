//! `tollgate explain`.

use super::{fail_with_help, print};
use crate::{exit, gates};

/// Print the page of a gate or of a rule
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A gate (`policies`) or a rule as findings name it (`renders/failed`); without it, all gates
    id: Option<String>,
}

pub(super) fn run(args: &Args) -> u8 {
    match args.id.as_deref() {
        None => print(&index(), exit::ADMITTED),
        Some(id) => match gates::page(id) {
            Some(text) => print(text, exit::ADMITTED),
            None => fail_with_help(
                exit::USAGE,
                &format!("no gate and no rule is called `{id}`"),
                Some("`tollgate explain` lists them"),
            ),
        },
    }
}

fn index() -> String {
    let mut text = String::new();
    for meta in gates::GATES.iter().map(|it| it.meta()) {
        text.push_str(&format!("{:<14} {}\n", meta.id, meta.title));
        for rule in meta.rules {
            text.push_str(&format!("  {}/{rule}\n", meta.id));
        }
    }
    text
}
