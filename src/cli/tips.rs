//! What somebody probably meant who typed a command of another tool, or a range of git.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands of other tools, and ours for the same.
const COMMANDS: &[(&[&str], &str)] = &[
    (
        &["build", "kustomize", "template", "kubectl"],
        "what a kustomization renders to is printed by: tollgate render DIR",
    ),
    (
        &["diff", "plan", "compare"],
        "what a change renders differently is shown by: tollgate render --diff BASE",
    ),
    (
        &["validate", "verify", "lint", "vet", "scan"],
        "tollgate.yaml is validated by: tollgate check --config-only; manifests by: tollgate apply FILE; a change by: tollgate check",
    ),
    (
        &["config", "configure", "setup"],
        "a configuration is written by: tollgate init; and validated by: tollgate check --config-only",
    ),
];

/// The command that was probably meant, if one can be told.
pub(super) fn tip(error: &clap::Error) -> Option<String> {
    let kind = match error.kind() {
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => return None,
    };
    match error.get(kind) {
        Some(ContextValue::String(typed)) => meant(typed),
        _ => None,
    }
}

fn meant(typed: &str) -> Option<String> {
    if let Some(it) = range(typed, "check --base") {
        return Some(it);
    }
    let known = COMMANDS.iter().find(|it| it.0.contains(&typed))?;
    Some(known.1.to_owned())
}

/// The two sides of `main..HEAD` and `main...HEAD`, as options.
///
/// `command` is that of the first side.
pub(super) fn range(typed: &str, command: &str) -> Option<String> {
    let (base, head) = typed.split_once("..")?;
    let head = head.strip_prefix('.').unwrap_or(head);
    let is_revision = |it: &str| {
        !it.starts_with(['-', '/', '.']) && !it.contains("..") && !it.contains(char::is_whitespace)
    };
    if base.is_empty() || base.ends_with('/') || !is_revision(base) || !is_revision(head) {
        return None;
    }
    let head = if head.is_empty() { "HEAD" } else { head };
    Some(format!(
        "give the two sides apart: tollgate {command} {base} --head {head}"
    ))
}

/// Refuse a range where one revision is asked for.
pub(super) fn no_range(revision: Option<&str>, option: &str, command: &str) -> Result<(), u8> {
    match revision.and_then(|it| range(it, command)) {
        None => Ok(()),
        Some(tip) => Err(super::fail_with_help(
            crate::exit::USAGE,
            &format!("`{option}` takes one revision, not a range"),
            Some(&tip),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_git_is_two_options() {
        let command = |it| {
            range(it, "check --base")
                .map(|it| it.rsplit_once(": ").unwrap_or_default().1.to_owned())
        };
        let check = |it: &str| Some(format!("tollgate check {it}"));
        assert_eq!(command("main..HEAD"), check("--base main --head HEAD"));
        assert_eq!(
            command("main...topic/a"),
            check("--base main --head topic/a")
        );
        assert_eq!(
            command("origin/main.."),
            check("--base origin/main --head HEAD")
        );
        for path in ["..", "../web", "a/../b", "--x..y", "main"] {
            assert_eq!(command(path), None, "{path}");
        }
    }
}
