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

/// Whether a template's expression takes its value from somewhere: a field, or a function of fields.
/// A text or a number of its own would be a value (`default "value"`); a key to look up is none.
fn is_reference(expression: &str) -> bool {
    let name = |it: &str| {
        it.starts_with(|it: char| it.is_ascii_alphabetic())
            && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    };
    let field = |it: &str| {
        it.starts_with(['.', '$'])
            && it
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || "_.$-".contains(it))
    };
    let short = |it: &str| it.len() <= 3 && it.parse::<u16>().is_ok();
    let expression = expression.replace(['(', ')'], " ");
    let mut calls = expression.split('|');
    let mut source = calls.next().unwrap_or_default().split_whitespace();
    let Some(first) = source.next() else {
        return false;
    };
    let arguments: Vec<&str> = source.collect();
    let looks_up = matches!(first, "index" | "get");
    let from = if arguments.is_empty() {
        // `values.name`, as an ApplicationSet writes it, says where it comes from too.
        field(first) || (first.contains('.') && field(&format!(".{first}")))
    } else {
        name(first)
            && arguments.iter().any(|it| field(it))
            && arguments
                .iter()
                .all(|it| field(it) || (looks_up && it.starts_with('"')))
    };
    from && calls.all(|call| {
        let mut words = call.split_whitespace();
        words.next().is_some_and(name) && words.all(|it| field(it) || short(it))
    })
}

/// Whether a text has a template that names a field; comments and texts of its own name none.
pub fn names_a_field(text: &str) -> bool {
    let mut templates = text.split("{{").skip(1);
    templates.any(|it| {
        let Some((inner, _)) = it.split_once("}}") else {
            return false;
        };
        let inner = inner.trim_matches(['-', ' ', '\t']);
        let code = inner.split(['"', '`']).step_by(2);
        let mut words = code.flat_map(|it| it.split([' ', '(', ')', '|', '\t', '\n']));
        !inner.starts_with("/*") && words.any(|it| it.starts_with(['.', '$']))
    })
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
    let packed: String = text.split_whitespace().collect();
    let decoded = data_encoding::BASE64.decode(packed.as_bytes()).ok();
    let decoded = decoded.and_then(|it| String::from_utf8(it).ok());
    let tells = |text: &str| {
        let (scheme, address) = text.split_once("://").unwrap_or(("", text));
        let host = address.split('/').next().unwrap_or_default();
        // `git@host:path` and `ssh://git@host` name a user; `token@host` of a web address and
        // `user:password@host` let him in, and so may a query.
        let open = matches!(scheme, "" | "ssh" | "git+ssh");
        let user = host.rsplit_once('@').map(|it| it.0);
        user.is_some_and(|it| !open || it.contains(':')) || text.contains('?')
    };
    !tells(text) && !decoded.is_some_and(|it| tells(&it))
}

/// The mark of another scanner in the comment behind a value; `rest` is what follows the value on its
/// line.
pub fn mark(rest: &str) -> Option<&'static str> {
    let (before, comment) = rest.split_once('#')?;
    // A comment has a space before it, and a quoted text may hold anything.
    if !before.ends_with([' ', '\t']) || before.contains(['"', '\'']) {
        return None;
    }
    let is_end = |it: Option<char>| it.is_none_or(|it| !it.is_alphanumeric());
    MARKS.into_iter().find(|mark| {
        comment.split_once(*mark).is_some_and(|(before, after)| {
            is_end(before.chars().next_back()) && is_end(after.chars().next())
        })
    })
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
            ("{{ (index .a \"password\").b | trunc 8 }}", true),
            ("{{ values.password }}", true),
            ("{{ .a | default \"hunter2\" }}", false),
            ("{{ print \"hunter2\" }}", false),
            ("{{ print `hunter2` .a }}", false),
            ("{{ print 12345678 }}", false),
            ("{{ .a | replace \"x\" \"hunter2\" }}", false),
            ("{{ $a := \"hunter2\" }}", false),
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
            (" # gitleaks:allow", Some("gitleaks:allow")),
            (", b: c} # a test, gitleaks:allow", Some("gitleaks:allow")),
            (
                " # pragma: allowlist secret",
                Some("pragma: allowlist secret"),
            ),
            (" # nosec", Some("nosec")),
            (" # nosecret", None),
            ("# gitleaks:allow", None),
            (", b: 'c # gitleaks:allow '}", None),
            (" gitleaks:allow", None),
            (" # words", None),
        ] {
            assert_eq!(mark(line), want, "{line}");
        }
    }
}
