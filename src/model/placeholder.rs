//! Texts that stand where something else puts a secret value later: they are none.

use tollgate_yaml::Node;

/// Where an Argo CD Secret says that it names a repository.
const ARGO_TYPE: &str = "argocd.argoproj.io/secret-type";

/// Fields of such a Secret that say where a repository is, and nothing about how to get in.
const ARGO_PUBLIC: [&str; 9] = [
    "type",
    "url",
    "name",
    "project",
    "enableOCI",
    "enableLfs",
    "insecure",
    "insecureIgnoreHostKey",
    "forceHttpBasicAuth",
];

/// Marks of other scanners: somebody has looked at the line and says that it holds no secret.
const MARKS: [&str; 5] = [
    "gitleaks:allow",
    "pragma: allowlist secret",
    "trufflehog:ignore",
    "ggignore",
    "nosec",
];

/// Whether a value of a Secret is nothing but placeholders: `${VAR}` (Flux, envsubst), `<path:...>`
/// (Argo CD Vault Plugin), `vault:path#key` (bank-vaults), `ref+...` (vals), `op://...` (1Password) and
/// `{{ ... }}` (External Secrets). `base64` says that it stands in `data`, where it may be encoded. A
/// placeholder that carries a value of its own (`${VAR:=value}`, `{{ "value" }}`) is none.
pub fn is_placeholder(text: &str, base64: bool) -> bool {
    if is_plain(text) {
        return true;
    }
    let packed: String = text.split_whitespace().collect();
    base64
        && data_encoding::BASE64
            .decode(packed.as_bytes())
            .ok()
            .and_then(|it| String::from_utf8(it).ok())
            .is_some_and(|it| is_plain(&it))
}

fn is_plain(text: &str) -> bool {
    let mut rest = text.trim();
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let Some(after) = one(rest) else {
            return false;
        };
        rest = after.trim_start();
    }
    true
}

/// What is left behind the placeholder that a text begins with.
fn one(text: &str) -> Option<&str> {
    if let Some(inner) = text.strip_prefix("${") {
        let (name, rest) = inner.split_once('}')?;
        let name = name
            .strip_suffix(":-")
            .or_else(|| name.strip_suffix(":="))
            .unwrap_or(name);
        return is_variable(name).then_some(rest);
    }
    if let Some(inner) = text.strip_prefix("<path:") {
        let (path, rest) = inner.split_once('>')?;
        return (!path.is_empty() && !path.contains('<')).then_some(rest);
    }
    if let Some(inner) = text.strip_prefix("{{") {
        let (inner, rest) = inner.split_once("}}")?;
        return is_reference(inner.trim_matches(['-', ' ', '\t'])).then_some(rest);
    }
    // These have no end of their own.
    let whole = !text.contains(char::is_whitespace);
    let reference = |prefix: &str, needs: &[&str]| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(|it| {
            needs.iter().all(|need| {
                it.split_once(need)
                    .is_some_and(|it| !it.0.is_empty() && !it.1.is_empty())
            })
        })
    };
    let one_word = reference("vault:", &["/", "#"]) || reference("ref+", &["://"]);
    let known = (whole && one_word) || (!text.contains('\n') && reference("op://", &["/"]));
    known.then_some("")
}

fn is_variable(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_')
}

/// Whether a template's expression takes its value from somewhere: it names a field or a function, and
/// does not begin with a text or number of its own.
fn is_reference(expression: &str) -> bool {
    let first = expression.chars().next();
    first.is_some_and(|it| it == '.' || it == '$' || it == '(' || it.is_ascii_alphabetic())
        && (expression.contains('.') || expression.contains(' '))
}

/// Whether a field of a manifest says where a repository of Argo CD is, and nothing else.
pub fn is_repository_field(body: &Node, key: &str, text: &str) -> bool {
    let labels = body.get("metadata").and_then(|it| it.get("labels"));
    let kind = labels
        .and_then(|it| it.get(ARGO_TYPE))
        .and_then(Node::as_str);
    if !matches!(kind, Some("repository" | "repo-creds")) || !ARGO_PUBLIC.contains(&key) {
        return false;
    }
    let decoded = data_encoding::BASE64.decode(text.as_bytes()).ok();
    let decoded = decoded.and_then(|it| String::from_utf8(it).ok());
    let tells = |text: &str| {
        let address = text.split_once("://").map_or(text, |it| it.1);
        let host = address.split('/').next().unwrap_or_default();
        // `git@host:path` names a user, `user:password@host` lets him in.
        host.split_once('@').is_some_and(|it| it.0.contains(':'))
    };
    !tells(text) && !decoded.is_some_and(|it| tells(&it))
}

/// The mark of another scanner on a line, behind a `#`.
pub fn mark(line: &str) -> Option<&'static str> {
    let comment = line.rsplit_once('#')?.1;
    MARKS.into_iter().find(|it| comment.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nothing_but_a_placeholder_is_one() {
        for (text, want) in [
            ("${DB_USER}", true),
            (" ${A}${B} ", true),
            ("${A:-}", true),
            ("<path:secret/data/web#password>", true),
            ("<path:secret/data/web#password | base64encode>", true),
            ("vault:secret/data/web#password", true),
            ("ref+vault://secret/web#/password", true),
            ("op://vault/item/a field", true),
            ("{{ .password }}", true),
            ("{{- index . \"password\" -}}", true),
            ("{{ .Values.a | b64enc }}", true),
            ("", false),
            ("hunter2", false),
            ("hunter2${A}", false),
            ("${A} hunter2", false),
            ("${A:=hunter2}", false),
            ("${A:-hunter2}", false),
            ("${hunter 2}", false),
            ("<path:>", false),
            ("<password>", false),
            ("vault:hunter2", false),
            ("ref+hunter2", false),
            ("op://hunter2", false),
            ("{{ \"hunter2\" }}", false),
            ("{{ hunter2 }}", false),
            ("{{ .a }}hunter2", false),
        ] {
            assert_eq!(is_placeholder(text, false), want, "{text}");
        }
        let encoded = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        assert!(is_placeholder(&encoded("${DB_USER}"), true));
        assert!(!is_placeholder(&encoded("${DB_USER}"), false));
        assert!(!is_placeholder(&encoded("hunter2"), true));
    }

    #[test]
    fn marks_stand_in_comments() {
        for (line, want) in [
            ("  a: b # gitleaks:allow", Some("gitleaks:allow")),
            (
                "  a: b # pragma: allowlist secret",
                Some("pragma: allowlist secret"),
            ),
            ("  a: gitleaks:allow", None),
            ("  a: b # words", None),
        ] {
            assert_eq!(mark(line), want, "{line}");
        }
    }
}
