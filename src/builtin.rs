//! Policies that come with the program, for repositories that have none of their own yet.
//!
//! Each stands in `policies-tests/kyverno/<name>/` with its fixtures and its page, from where users
//! copy it too.

/// A policy that comes with the program.
#[derive(Debug)]
pub struct Builtin {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// The document.
    pub policy: &'static str,
    /// What it asks, why, and how to meet it.
    pub page: &'static str,
}

macro_rules! builtin {
    ($name:literal) => {
        Builtin {
            name: $name,
            policy: include_str!(concat!("../policies-tests/kyverno/", $name, "/policy.yaml")),
            page: include_str!(concat!("../policies-tests/kyverno/", $name, "/README.md")),
        }
    };
}

/// All of them, by name.
pub static BUILTINS: &[Builtin] = &[
    builtin!("disallow-host-namespaces"),
    builtin!("disallow-host-paths"),
    builtin!("disallow-host-ports"),
    builtin!("disallow-latest-tag"),
    builtin!("disallow-privileged"),
    builtin!("pod-security-baseline"),
    builtin!("pod-security-restricted"),
    builtin!("require-probes"),
    builtin!("require-requests-limits"),
];

/// The one of that name.
pub fn named(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|it| it.name == name)
}

impl Builtin {
    /// Its page, with what holds for each of them and with the document.
    pub fn explanation(&self) -> String {
        let Self { name, policy, page } = self;
        format!(
            "{page}
## When it judges

`{name}` is built in: it judges as long as the branch that a change would be merged into has no policy of its own that validates, and with `policies: {{builtin: on}}` in tollgate.yaml beside such policies. A policy of the repository with the same name takes its place. `tollgate explain policies/built-in` says how to switch the built-in policies off and how to make an exception.

## The policy

```yaml
{policy}```
"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_those_of_the_documents() {
        assert!(BUILTINS.is_sorted_by(|a, b| a.name < b.name));
        for it in BUILTINS {
            let line = format!("  name: {}\n", it.name);
            assert!(it.policy.contains(&line), "{} is called otherwise", it.name);
            assert!(it.page.starts_with(&format!("# {}\n", it.name)));
            assert!(it.explanation().ends_with("```\n"));
        }
        assert!(named("require-probes").is_some());
        assert!(named("require-team").is_none());
    }
}
