//! Values that are not there yet: something fills them in between rendering and the cluster.

use serde_json::{Map, Value};

/// What may stand for something else in a document.
#[derive(Clone, Copy, Default)]
pub(super) struct Later {
    /// SOPS encrypted its values.
    sealed: bool,
}

impl Later {
    /// What may stand for something else in this object, and whether it carries what SOPS adds,
    /// which never reaches a cluster.
    pub(super) fn of(object: &Value) -> Self {
        let mac = object.pointer("/sops/mac").and_then(Value::as_str);
        Self {
            sealed: mac.is_some_and(is_sealed),
        }
    }

    /// The object without what SOPS adds, where it does.
    pub(super) fn without_block(self, object: &Value) -> Option<Value> {
        if !self.sealed {
            return None;
        }
        let mut object = object.clone();
        object.as_object_mut()?.remove("sops");
        Some(object)
    }

    /// Whether nobody knows yet what this text will be.
    pub(super) fn text(self, text: &str) -> bool {
        (self.sealed && is_sealed(text)) || is_variable(text)
    }

    /// The same of a value; of a list or map it is not what it holds.
    pub(super) fn value(self, value: &Value) -> bool {
        value.as_str().is_some_and(|it| self.text(it))
    }

    /// Whether a value is not known, here or deeper.
    pub(super) fn anywhere(self, value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|it| self.anywhere(it)),
            Value::Object(fields) => {
                self.key(fields) || fields.values().any(|it| self.anywhere(it))
            }
            _ => self.value(value),
        }
    }

    /// Whether a field has a name that is not known.
    pub(super) fn key(self, fields: &Map<String, Value>) -> bool {
        fields.keys().any(|it| self.text(it))
    }
}

/// What SOPS writes in place of a value; of which type that was is in it, but not read.
fn is_sealed(text: &str) -> bool {
    text.starts_with("ENC[AES256_GCM,data:") && text.ends_with(']')
}

/// Flux' `${NAME}` anywhere in it, Argo CD Vault Plugin's `<path:...>`, vals' `ref+...`.
fn is_variable(text: &str) -> bool {
    let named = |after: &str| {
        let name = after.bytes().next();
        name.is_some_and(|it| it.is_ascii_alphabetic() || it == b'_') && after.contains('}')
    };
    text.split("${").skip(1).any(named)
        || (text.contains("<path:") && text.contains('>'))
        || (text.starts_with("ref+") && text.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_filled_in_later_is_known_by_its_form() {
        let later = Later::default();
        for text in [
            "${REPLICAS}",
            "a-${NAME:=b}-c",
            "$${X} and ${Y}",
            "<path:secret/data/db#password>",
            "ref+vault://secret/db#password",
        ] {
            assert!(later.text(text), "{text}");
        }
        for text in [
            "",
            "$",
            "${",
            "${}",
            "${1}",
            "${A",
            "$A",
            "$(A)",
            "{{ a }}",
            "<a>",
            "ref+a",
            "ENC[AES256_GCM,data:7kV5YQ==,iv:a,tag:b,type:str]",
        ] {
            assert!(!later.text(text), "{text}");
        }
    }

    #[test]
    fn what_sops_encrypted_is_known_where_its_block_stands() {
        let sealed = "ENC[AES256_GCM,data:7kV5YQ==,iv:a,tag:b,type:str]";
        let document = json!({"data": {"a": sealed}, "sops": {"mac": sealed}});
        let later = Later::of(&document);
        assert!(later.text(sealed) && !later.text("plain"));
        let object = later.without_block(&document).expect("it has the block");
        assert_eq!(object, json!({"data": {"a": sealed}}));
        for document in [
            json!({"sops": {"mac": "none"}}),
            json!({"sops": {}}),
            json!({"data": {"sops": {"mac": sealed}}}),
        ] {
            let later = Later::of(&document);
            assert!(!later.text(sealed) && later.without_block(&document).is_none());
        }
    }
}
