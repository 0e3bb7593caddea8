//! `tollgate explain`.

use super::{fail_with_help, print};
use crate::{
    builtin, config, exit,
    gates::{self, GATES},
};
use std::borrow::Cow;

/// Print the page of a gate or of a rule
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A gate (`policies`) or a rule as findings name it (`renders/failed`); without it, all gates
    id: Option<String>,
}

pub(super) fn run(args: &Args) -> u8 {
    match args.id.as_deref() {
        None => print(&index(), exit::ADMITTED),
        Some(id) => match page(id) {
            Some(text) => print(&text, exit::ADMITTED),
            None => {
                let help = match nearest(id) {
                    Some(near) => {
                        format!("did you mean `{near}`? `tollgate explain` lists all of them")
                    }
                    None => "`tollgate explain` lists them".to_owned(),
                };
                let message = format!("no gate and no rule is called `{id}`");
                fail_with_help(exit::USAGE, &message, Some(&help))
            }
        },
    }
}

/// The page of a gate or of a rule; that of a built-in policy, where one is asked for by its name.
fn page(id: &str) -> Option<Cow<'static, str>> {
    match id.strip_prefix("policies/").and_then(builtin::named) {
        Some(policy) => Some(policy.explanation().into()),
        None => gates::page(id).map(Cow::Borrowed),
    }
}

/// The gate or rule whose name is most like `id`, if one is like it; a rule also by its last part.
fn nearest(id: &str) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for meta in GATES.iter().map(|it| it.meta()) {
        names.push(meta.id.to_owned());
        let rules = meta.rules.iter().filter(|it| !it.starts_with('<'));
        names.extend(rules.map(|it| format!("{}/{it}", meta.id)));
    }
    let whole: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(near) = config::nearest(id, &whole) {
        return Some(near.to_owned());
    }
    let last = |it: &str| it.rsplit('/').next().unwrap_or_default().to_owned();
    let parts: Vec<String> = names.iter().map(|it| last(it)).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let near = config::nearest(&last(id), &parts)?;
    names.iter().find(|it| last(it) == near).cloned()
}

fn index() -> String {
    let mut text = String::new();
    for meta in GATES.iter().map(|it| it.meta()) {
        text.push_str(&format!("{:<14} {}\n", meta.id, meta.title));
        for rule in meta.rules {
            text.push_str(&format!("  {}/{rule}\n", meta.id));
        }
    }
    text
}
