//! Forms of names.

/// How a text has to be.
pub(in crate::schema) struct Form {
    /// As the rest of "is not ...".
    pub(super) words: &'static str,
    is: fn(&str) -> bool,
}

impl Form {
    pub(super) fn takes(&self, text: &str) -> bool {
        (self.is)(text)
    }
}

const fn lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Bytes of the first kind at both ends, and of the second between.
fn between(text: &str, ends: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|it| ends(*it))
        && bytes.last().is_some_and(|it| ends(*it))
        && bytes.iter().all(|it| inner(*it))
}

pub(in crate::schema) fn is_label(text: &str) -> bool {
    text.len() <= 63 && between(text, lower, |b| lower(b) || b == b'-')
}

pub(in crate::schema) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253
        && text
            .split('.')
            .all(|it| between(it, lower, |b| lower(b) || b == b'-'))
}

pub(in crate::schema) fn is_label_1035(text: &str) -> bool {
    is_label(text) && text.starts_with(|it: char| it.is_ascii_lowercase())
}

pub(in crate::schema) fn is_token(text: &str) -> bool {
    text.len() <= 63
        && between(
            text,
            |b| b.is_ascii_alphanumeric(),
            |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'),
        )
}

pub(in crate::schema) fn is_qualified(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_token(name),
        None => is_token(text),
    }
}

fn is_config_key(text: &str) -> bool {
    text.len() <= 253
        && !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && text != "."
        && !text.starts_with("..")
}

fn is_strict_env(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic() || matches!(it, '-' | '_' | '.'))
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && text != "."
        && !text.starts_with("..")
}

fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && between(text, lower, |b| lower(b) || b == b'-')
        && !text.contains("--")
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

fn is_path_segment(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '%'])
}

pub(super) const LABEL: Form = Form {
    words: "lowercase letters, digits and `-`, at most 63 characters",
    is: is_label,
};
pub(super) const LABEL_1035: Form = Form {
    words: "lowercase letters, digits and `-`, a letter first, at most 63 characters",
    is: is_label_1035,
};
pub(super) const SUBDOMAIN: Form = Form {
    words: "lowercase letters, digits, `-` and `.`, at most 253 characters",
    is: is_subdomain,
};
const CRON_JOB: Form = Form {
    words: "lowercase letters, digits, `-` and `.`, at most 52 characters",
    is: |it| it.len() <= 52 && is_subdomain(it),
};
const PRIORITY_CLASS: Form = Form {
    words: "lowercase letters, digits, `-` and `.`, at most 253 characters, without `system-` in front",
    is: |it| {
        let ours = matches!(it, "system-cluster-critical" | "system-node-critical");
        is_subdomain(it) && (ours || !it.starts_with("system-"))
    },
};
const PATH_SEGMENT: Form = Form {
    words: "a name without `/` and `%`",
    is: is_path_segment,
};
pub(super) const QUALIFIED: Form = Form {
    words: "letters, digits, `-`, `_` and `.`, at most 63 characters, after a domain and `/` if there is one",
    is: is_qualified,
};
pub(super) const LABEL_VALUE: Form = Form {
    words: "letters, digits, `-`, `_` and `.`, at most 63 characters, with a letter or digit at both ends",
    is: |it| it.is_empty() || is_token(it),
};
/// Of an Ingress: a domain, or `*` in the place of its first part.
pub(super) const HOST: Form = Form {
    words: "a domain, or `*.` and a domain; no address",
    is: |it| {
        let domain = it.strip_prefix("*.").unwrap_or(it);
        is_subdomain(domain) && it.parse::<std::net::IpAddr>().is_err()
    },
};
pub(super) const QUALIFIED_NAME: Form = Form {
    words: "a domain of at least three parts",
    is: |it| is_subdomain(it) && it.split('.').count() >= 3,
};
pub(super) const CONFIG_KEY: Form = Form {
    words: "letters, digits, `-`, `_` and `.`, at most 253 characters",
    is: is_config_key,
};
pub(super) const PORT_NAME: Form = Form {
    words: "lowercase letters, digits and single `-`, at most 15 characters, one of them a letter",
    is: is_port_name,
};

/// Names of environment variables; from Kubernetes 1.32 on all that is printed but `=`.
pub(super) fn env(minor: u32) -> &'static Form {
    const STRICT: Form = Form {
        words: "letters, digits, `-`, `_` and `.`, and no digit first",
        is: is_strict_env,
    };
    const RELAXED: Form = Form {
        words: "printable ASCII without `=`",
        is: |it| !it.is_empty() && it.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'='),
    };
    if minor < 32 { &STRICT } else { &RELAXED }
}

/// Names of objects of a kind of Kubernetes.
pub(super) fn of_kind(api_version: &str, kind: &str, minor: u32) -> &'static Form {
    let group = api_version.split_once('/').map_or("", |it| it.0);
    match (group, kind) {
        ("", "Namespace") => &LABEL,
        // From 1.35 on a digit may come first.
        ("", "Service") if minor >= 35 => &LABEL,
        ("", "Service") => &LABEL_1035,
        ("apps", "StatefulSet") if minor >= 27 => &LABEL,
        ("batch", "CronJob") => &CRON_JOB,
        ("scheduling.k8s.io", "PriorityClass") => &PRIORITY_CLASS,
        // Of budgets nothing is asked but what holds for every name.
        ("policy", "PodDisruptionBudget")
        | ("rbac.authorization.k8s.io", _)
        | ("certificates.k8s.io", "ClusterTrustBundle")
        | ("networking.k8s.io", "IPAddress") => &PATH_SEGMENT,
        _ => &SUBDOMAIN,
    }
}

/// Whether objects of a kind of Kubernetes are known by their names. Reviews and requests are answered and
/// not kept.
pub(super) fn is_named(api_version: &str, kind: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |it| it.0);
    !matches!(group, "authentication.k8s.io" | "authorization.k8s.io")
        && !matches!(kind, "Binding" | "Eviction" | "Scale")
}

/// Whether a server takes only finalizers with a domain in an API version.
pub(super) fn asks_domains(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |it| it.0);
    matches!(
        group,
        "" | "apps"
            | "autoscaling"
            | "batch"
            | "discovery.k8s.io"
            | "flowcontrol.apiserver.k8s.io"
            | "networking.k8s.io"
            | "rbac.authorization.k8s.io"
            | "scheduling.k8s.io"
            | "storage.k8s.io"
    )
}

/// Whether objects of a kind of Kubernetes stand outside of namespaces: a server drops the namespace that
/// such an object names.
pub(super) fn is_cluster_wide(api_version: &str, kind: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |it| it.0);
    match group {
        "" => matches!(kind, "Namespace" | "Node" | "PersistentVolume"),
        "rbac.authorization.k8s.io" => kind.starts_with("Cluster"),
        "storage.k8s.io" => kind != "CSIStorageCapacity",
        "networking.k8s.io" => matches!(kind, "IngressClass" | "IPAddress" | "ServiceCIDR"),
        "admissionregistration.k8s.io"
        | "apiextensions.k8s.io"
        | "apiregistration.k8s.io"
        | "flowcontrol.apiserver.k8s.io"
        | "node.k8s.io" => true,
        "certificates.k8s.io" => kind != "PodCertificateRequest",
        "scheduling.k8s.io" => kind == "PriorityClass",
        _ => false,
    }
}
