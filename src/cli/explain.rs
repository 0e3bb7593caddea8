//! `tollgate explain`.

use super::{Common, check::ci_environment, fail_with_help, owners, print};
use crate::{
    builtin::{self, BUILTINS},
    config, exit,
    gates::{self, GATES},
    model::ForgeKind,
};
use std::borrow::Cow;

/// Print the page of a gate, of a rule or of a command; or tell who owns a path
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate explain policies                        a gate
  tollgate explain policies/preview                a rule, as a finding names it
  tollgate explain exceptions                      a command or a file
  tollgate explain --owners apps/web/base/web.yaml")]
pub(super) struct Args {
    /// A gate (`policies`), a rule as findings name it (`renders/failed`) or another page (`init`,
    /// `override`); without it, a list
    id: Option<String>,
    /// Tell which line of CODEOWNERS decides who owns these files
    ///
    /// A path is read from this folder, or with `/` before it from the root of the repository. The file
    /// need not exist.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "id")]
    owners: Vec<String>,
    /// The commit whose CODEOWNERS is read; a change is judged by that of the branch it would be merged
    /// into
    #[arg(
        long,
        value_name = "REVISION",
        requires = "owners",
        default_value = "HEAD"
    )]
    at: String,
    /// The forge by whose rules CODEOWNERS is read: github or gitlab; the one of the CI system if not
    /// given, else github
    #[arg(long, value_name = "FORGE", requires = "owners", value_parser = forge)]
    forge: Option<ForgeKind>,
}

fn forge(text: &str) -> Result<ForgeKind, String> {
    let named = ForgeKind::named(text);
    named.ok_or_else(|| "CODEOWNERS is read as github or gitlab does".to_owned())
}

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    if !args.owners.is_empty() {
        let asked = owners::Asked {
            paths: &args.owners,
            revision: &args.at,
            forge: args.forge,
            environment: ci_environment(),
        };
        return owners::run(asked, common);
    }
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
                let message = format!("no gate, no rule and no page is called `{id}`");
                fail_with_help(exit::USAGE, &message, Some(&help))
            }
        },
    }
}

/// Pages beside those of gates: of commands, and of what people write.
const PAGES: &[(&str, &str, &str)] = &[
    (
        "init",
        "write a first configuration that fits the repository",
        include_str!("init.md"),
    ),
    (
        "override",
        "let a change through in an emergency, with two approvals",
        include_str!("override.md"),
    ),
    (
        "backtest",
        "what the gate would have made of the last changes of a branch",
        include_str!("backtest.md"),
    ),
    (
        "baseline",
        "write down what is there, so that it does not hold changes",
        include_str!("baseline.md"),
    ),
    (
        "exceptions",
        "one rule does not hold for one subject until a day",
        include_str!("exceptions.md"),
    ),
];

/// The page of that name; that of a built-in policy, where one is asked for
/// by its name.
fn page(id: &str) -> Option<Cow<'static, str>> {
    if let Some(policy) = id.strip_prefix("policies/").and_then(builtin::named) {
        return Some(policy.explanation().into());
    }
    let other = PAGES.iter().find(|it| it.0 == id).map(|it| it.2);
    gates::page(id).or(other).map(Cow::Borrowed)
}

/// The gate, rule or command whose name is most like `id`, if one is like it; a rule also by its last
/// part.
fn nearest(id: &str) -> Option<String> {
    let mut names: Vec<String> = PAGES.iter().map(|it| it.0.to_owned()).collect();
    for meta in GATES.iter().map(|it| it.meta()) {
        names.push(meta.id.to_owned());
        let rules = meta.rules.iter().filter(|it| !it.starts_with('<'));
        names.extend(rules.map(|it| format!("{}/{it}", meta.id)));
    }
    names.extend(BUILTINS.iter().map(|it| format!("policies/{}", it.name)));
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
    text.push_str("\nother pages\n");
    for (name, title, _) in PAGES {
        text.push_str(&format!("{name:<14} {title}\n"));
    }
    text
}
