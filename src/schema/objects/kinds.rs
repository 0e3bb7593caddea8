//! Bindings, roles, claims, Ingresses and webhooks: what depends on what stands beside it in the same map.

use super::{Rules, names};
use crate::schema::walk::At;
use serde_json::Value;

const RBAC: &str = "rbac.authorization.k8s.io";

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    let items = value.get(field).and_then(Value::as_array);
    items.into_iter().flatten().enumerate()
}

/// Whether a field is given, and not as what stands for absence.
fn has(value: &Value, field: &str) -> bool {
    value.get(field).is_some_and(|it| match it {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    })
}

impl Rules {
    /// Whether a field may turn out to be anything.
    fn open(&self, value: &Value, fields: &[&str]) -> bool {
        value.as_object().is_some_and(|it| self.later.key(it))
            || fields
                .iter()
                .any(|it| value.get(*it).is_some_and(|it| self.later.value(it)))
    }

    /// A field that has to be given, where nobody could fill it in later.
    fn needs(&mut self, value: &Value, field: &str, at: &At<'_>) {
        if value.is_object() && !has(value, field) && !self.open(value, &[field]) {
            self.lacks(field, at);
        }
    }

    pub(super) fn binding(&mut self, object: &Value, cluster_wide: bool) {
        let root = At::Root;
        let role = object.get("roleRef").unwrap_or(&Value::Null);
        if cluster_wide && text(role, "kind") == "Role" {
            let at = At::Key(&root, "roleRef");
            self.wrong(
                &At::Key(&at, "kind"),
                "must be `ClusterRole` in a ClusterRoleBinding",
            );
        }
        let subjects_at = At::Key(&root, "subjects");
        for (index, subject) in list(object, "subjects") {
            let at = At::Index(&subjects_at, index);
            let group = text(subject, "apiGroup");
            let known = self.later.text(group);
            let group_at = At::Key(&at, "apiGroup");
            match text(subject, "kind") {
                "ServiceAccount" => {
                    self.form(
                        subject.get("name"),
                        &names::SUBDOMAIN,
                        &At::Key(&at, "name"),
                    );
                    if cluster_wide {
                        self.needs(subject, "namespace", &at);
                    }
                    if !known && !group.is_empty() {
                        self.wrong(&group_at, "must be empty for a ServiceAccount");
                    }
                }
                "User" | "Group" if !known && !group.is_empty() && group != RBAC => {
                    self.wrong(&group_at, &format!("must be `{RBAC}`"));
                }
                _ => {}
            }
        }
    }

    pub(super) fn role(&mut self, object: &Value, cluster_wide: bool) {
        let rules_at = At::Key(&At::Root, "rules");
        for (index, rule) in list(object, "rules") {
            let at = At::Index(&rules_at, index);
            if has(rule, "nonResourceURLs") {
                if !cluster_wide {
                    self.wrong(
                        &At::Key(&at, "nonResourceURLs"),
                        "may stand in a ClusterRole only",
                    );
                }
                continue;
            }
            self.needs(rule, "apiGroups", &at);
            self.needs(rule, "resources", &at);
        }
    }

    /// The spec of a claim, wherever it stands.
    pub(super) fn claim(&mut self, spec: &Value, at: &At<'_>) {
        let resources_at = At::Key(at, "resources");
        let Some(resources) = spec.get("resources").filter(|it| it.is_object()) else {
            return;
        };
        let requests = resources.get("requests").unwrap_or(&Value::Null);
        if requests.is_null() {
            self.needs(resources, "requests", &resources_at);
        } else {
            self.needs(requests, "storage", &At::Key(&resources_at, "requests"));
        }
    }

    pub(super) fn ingress(&mut self, object: &Value) {
        let at = At::Key(&At::Root, "spec");
        let Some(spec) = object.get("spec").filter(|it| it.is_object()) else {
            return;
        };
        let fields = ["defaultBackend", "rules"];
        if !fields.iter().any(|it| has(spec, it)) && !self.open(spec, &fields) {
            self.wrong(&at, "lacks both `rules` and `defaultBackend`");
        }
        if let Some(backend) = spec.get("defaultBackend") {
            self.backend(backend, &At::Key(&at, "defaultBackend"));
        }
        let rules_at = At::Key(&at, "rules");
        for (index, rule) in list(spec, "rules") {
            let at = At::Index(&rules_at, index);
            if has(rule, "host") {
                self.form(rule.get("host"), &names::HOST, &At::Key(&at, "host"));
            }
            let Some(http) = rule.get("http") else {
                continue;
            };
            let http_at = At::Key(&at, "http");
            let paths_at = At::Key(&http_at, "paths");
            for (index, path) in list(http, "paths") {
                let at = At::Index(&paths_at, index);
                if matches!(text(path, "pathType"), "Exact" | "Prefix") {
                    match path.get("path").and_then(Value::as_str) {
                        Some(it) if self.later.text(it) || it.starts_with('/') => {}
                        _ if self.open(path, &[]) => {}
                        _ => self.wrong(&at, "needs a `path` that begins with `/`"),
                    }
                }
                if let Some(backend) = path.get("backend") {
                    self.backend(backend, &At::Key(&at, "backend"));
                }
            }
        }
    }

    fn backend(&mut self, backend: &Value, at: &At<'_>) {
        if !backend.is_object() || self.open(backend, &["service", "resource"]) {
            return;
        }
        match (has(backend, "service"), has(backend, "resource")) {
            (false, false) => self.wrong(at, "lacks `service`"),
            (true, true) => self.wrong(at, "has both `service` and `resource`"),
            (false, true) => {}
            (true, false) => {
                let service_at = At::Key(at, "service");
                let service = backend.get("service").unwrap_or(&Value::Null);
                let port = service.get("port").unwrap_or(&Value::Null);
                if self.open(service, &["port"]) || self.open(port, &["name", "number"]) {
                    return;
                }
                let number = port.get("number").and_then(Value::as_i64).unwrap_or(0);
                let port_at = At::Key(&service_at, "port");
                match (has(port, "name"), number != 0) {
                    (false, false) => {
                        self.wrong(&service_at, "lacks the name or number of a port");
                    }
                    (true, true) => self.wrong(&port_at, "has both `name` and `number`"),
                    (true, false) => {
                        self.form(
                            port.get("name"),
                            &names::PORT_NAME,
                            &At::Key(&port_at, "name"),
                        );
                    }
                    (false, true) => {
                        self.port_number(port.get("number"), false, &At::Key(&port_at, "number"));
                    }
                }
            }
        }
    }

    pub(super) fn webhooks(&mut self, object: &Value) {
        let webhooks_at = At::Key(&At::Root, "webhooks");
        for (index, webhook) in list(object, "webhooks") {
            let at = At::Index(&webhooks_at, index);
            self.form(
                webhook.get("name"),
                &names::QUALIFIED_NAME,
                &At::Key(&at, "name"),
            );
            let Some(client) = webhook.get("clientConfig").filter(|it| it.is_object()) else {
                continue;
            };
            let ways = ["service", "url"];
            // An empty `url` is one.
            let given = ways.map(|it| client.get(it).is_some_and(|it| !it.is_null()));
            if given[0] == given[1] && !self.open(client, &ways) {
                self.wrong(
                    &At::Key(&at, "clientConfig"),
                    "needs one of `service` and `url`",
                );
            }
        }
    }
}
