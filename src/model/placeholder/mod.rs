//! Texts that stand where something else puts a secret value later: they are none.
//!
//! Each form is read as the tool that fills it in reads it: what the tool leaves as it is stands in the
//! cluster as it stands in git.

mod expression;
mod mark;
mod reference;

pub use expression::names_a_field;
pub use mark::mark;

use tollgate_yaml::Node;

/// Where the Argo CD Vault Plugin is told in which secret to look, so that `<key>` is enough.
const PLUGIN_PATH: &str = "avp.kubernetes.io/path";
/// Where it is told to leave a manifest alone.
const PLUGIN_IGNORES: &str = "avp.kubernetes.io/ignore";

/// Characters between two placeholders that join them and tell nothing: `${USER}:${PASSWORD}`.
const JOINTS: &str = ":/@-_.,;|=&";
/// So many of them.
const JOINED: usize = 3;

/// The placeholders that count in a manifest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placeholders {
    /// Whether `<key>` is one.
    keys: bool,
}

impl Placeholders {
    /// Those of a manifest, or of what else has such `annotations`.
    pub fn of(annotations: Option<&Node>) -> Self {
        let text = |key: &str| {
            annotations
                .and_then(|it| it.get(key))
                .and_then(Node::as_str)
        };
        Self {
            keys: text(PLUGIN_PATH).is_some() && text(PLUGIN_IGNORES) != Some("true"),
        }
    }

    /// Whether a value of a Secret is nothing but placeholders: `${VAR}` (Flux, envsubst),
    /// `<path:path#key>` (Argo CD Vault Plugin), `vault:path#key` (bank-vaults), `ref+...` (vals),
    /// `op://...` (1Password) and `{{ ... }}` (External Secrets). `base64` says that it stands in `data`,
    /// where it may be encoded. A placeholder that carries a value of its own (`${VAR:=value}`,
    /// `{{ "value" }}`) is none.
    pub fn are(self, text: &str, base64: bool) -> bool {
        self.are_all(text) || base64 && decoded(text).is_some_and(|it| self.are_all(&it))
    }

    fn are_all(self, text: &str) -> bool {
        let mut rest = text.trim();
        let mut any = false;
        while !rest.is_empty() {
            if let Some(after) = self.one(rest) {
                any = true;
                rest = after.trim_start();
                continue;
            }
            let next = rest.trim_start_matches(|it| JOINTS.contains(it));
            let joint = rest.len() - next.len();
            if !any || joint == 0 || joint > JOINED || next.is_empty() {
                return false;
            }
            any = false;
            rest = next.trim_start();
        }
        any
    }

    /// What is left behind the placeholder that a text begins with.
    fn one(self, text: &str) -> Option<&str> {
        variable(text)
            .or_else(|| reference::vault_plugin(text, self.keys))
            .or_else(|| template(text))
            .or_else(|| reference::bank_vaults(text))
            .or_else(|| reference::vals(text))
            .or_else(|| reference::one_password(text))
    }
}

/// Whether a text is nothing but placeholders that count everywhere.
pub fn is_placeholder(text: &str, base64: bool) -> bool {
    Placeholders::default().are(text, base64)
}

/// What base64 says, where it says a text.
pub(super) fn decoded(text: &str) -> Option<String> {
    let packed: String = text.split_whitespace().collect();
    let bytes = data_encoding::BASE64.decode(packed.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

/// `${NAME}`, with a default that is empty, or `${vault:path#key}`.
fn variable(text: &str) -> Option<&str> {
    let (name, rest) = text.strip_prefix("${")?.split_once('}')?;
    if reference::bank_vaults(name) == Some("") {
        return Some(rest);
    }
    let name = name
        .strip_suffix(":-")
        .or_else(|| name.strip_suffix(":="))
        .unwrap_or(name);
    is_variable(name).then_some(rest)
}

fn is_variable(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_')
}

/// `{{ .name }}`, or a reference of 1Password in the same braces.
fn template(text: &str) -> Option<&str> {
    let (inner, rest) = text.strip_prefix("{{")?.split_once("}}")?;
    let is_one = expression::is_reference(inner.trim_matches(['-', ' ', '\t']))
        || reference::one_password(inner.trim()) == Some("");
    is_one.then_some(rest)
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
            ("op://vault/item/field", true),
            ("${USER}:${PASSWORD}", true),
            ("${USER}: ${PASSWORD}", true),
            ("${USER}:", false),
            (":${USER}", false),
            ("${USER}::::${PASSWORD}", false),
            ("${USER}h${PASSWORD}", false),
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
}
