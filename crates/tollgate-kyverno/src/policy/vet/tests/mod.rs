//! Policies that Kyverno takes, and such that it refuses: each is refused where the mistake stands.

mod actions;
mod policies;
mod texts;

use crate::testing::load_text;

/// Where the first problem stands and what it is; `None` where the policy loads. The place is what
/// the policy's text holds there.
fn judged(policy: &str) -> Option<(String, String)> {
    let loaded = load_text(policy);
    let problem = loaded.problems.first()?;
    let (start, end) = (problem.span.start as usize, problem.span.end as usize);
    let message = problem.message.clone();
    Some((policy[start..end].to_owned(), message))
}

fn policy(spec: &str, rule: &str) -> String {
    let pods = if rule.contains("match:") {
        ""
    } else {
        "match: {any: [{resources: {kinds: [Pod]}}]}, "
    };
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec: {{{spec}rules: [{{name: r, {pods}{rule}}}]}}\n"
    )
}

/// Check what becomes of rules: the second part is what the message says, or nothing where the policy
/// is taken. `spec` stands before the rules.
#[track_caller]
fn check(spec: &str, rules: &[(&str, &str)]) {
    for (rule, says) in rules {
        let text = policy(spec, rule);
        match judged(&text) {
            None => assert_eq!(*says, "", "{text} is taken"),
            Some((_, message)) => {
                assert!(
                    !says.is_empty() && message.contains(says),
                    "{text}: {message}"
                );
            }
        }
    }
}
