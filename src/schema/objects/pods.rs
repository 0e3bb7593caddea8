//! Pods, wherever a workload holds them, and services.

use super::{Rules, names};
use crate::schema::walk::At;
use serde_json::Value;
use std::collections::BTreeSet;

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let list = value.get(field).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn name(value: &Value) -> Option<&str> {
    value.get("name").and_then(Value::as_str)
}

impl Rules {
    /// The pods of a workload.
    pub(super) fn workload(&mut self, object: &Value, kind: &str, minor: u32) {
        let root = At::Root;
        let spec_at = At::Key(&root, "spec");
        let spec = object.get("spec").unwrap_or(&Value::Null);
        match kind {
            "Pod" => self.pod(spec, &[], minor, &spec_at),
            "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet" => {
                self.selects(spec, &spec_at);
                let claims_at = At::Key(&spec_at, "volumeClaimTemplates");
                let claims = items(spec, "volumeClaimTemplates");
                for (index, claim) in claims.iter().enumerate() {
                    let at = At::Index(&claims_at, index);
                    if let Some(spec) = claim.get("spec") {
                        self.claim(spec, &At::Key(&at, "spec"));
                    }
                }
                let claims: Vec<&str> = claims
                    .iter()
                    .filter_map(|it| name(it.get("metadata")?))
                    .collect();
                self.restarts(spec, &["Always"], &spec_at);
                self.template(spec, &claims, minor, &spec_at);
            }
            "ReplicationController" => {
                self.finds(spec.get("selector"), spec, &At::Key(&spec_at, "selector"));
                self.restarts(spec, &["Always"], &spec_at);
                self.template(spec, &[], minor, &spec_at);
            }
            "Job" => {
                self.restarts(spec, &["Never", "OnFailure"], &spec_at);
                self.template(spec, &[], minor, &spec_at);
            }
            "CronJob" => {
                let job_at = At::Key(&spec_at, "jobTemplate");
                let at = At::Key(&job_at, "spec");
                let spec = spec.pointer("/jobTemplate/spec").unwrap_or(&Value::Null);
                self.restarts(spec, &["Never", "OnFailure"], &at);
                self.template(spec, &[], minor, &at);
            }
            "PodTemplate" => self.template(object, &[], minor, &root),
            _ => {}
        }
    }

    fn template(&mut self, spec: &Value, claims: &[&str], minor: u32, at: &At<'_>) {
        let Some(template) = spec.get("template") else {
            return;
        };
        let at = At::Key(at, "template");
        let metadata_at = At::Key(&at, "metadata");
        if let Some(metadata) = template.get("metadata") {
            self.labels(metadata.get("labels"), &At::Key(&metadata_at, "labels"));
            let annotations = At::Key(&metadata_at, "annotations");
            self.annotations(metadata.get("annotations"), &annotations);
        }
        if let Some(spec) = template.get("spec") {
            self.pod(spec, claims, minor, &At::Key(&at, "spec"));
        }
    }

    /// The restart policies that a workload can have; `Always` is that of a pod that names none.
    fn restarts(&mut self, spec: &Value, policies: &[&str], at: &At<'_>) {
        let Some(pod) = spec.pointer("/template/spec").filter(|it| it.is_object()) else {
            return;
        };
        let given = pod.get("restartPolicy").filter(|it| !it.is_null());
        let policy = match given {
            None => "Always",
            Some(Value::String(text)) if text.is_empty() => "Always",
            // Another word the schema tells.
            Some(Value::String(text))
                if matches!(text.as_str(), "Always" | "Never" | "OnFailure") =>
            {
                text
            }
            Some(_) => return,
        };
        let open = pod.as_object().is_some_and(|it| self.later.key(it));
        if open || self.later.text(policy) || policies.contains(&policy) {
            return;
        }
        let at = At::Key(at, "template");
        let at = At::Key(&at, "spec");
        let policies = policies.join("` or `");
        let why = format!("must have `restartPolicy: {policies}`");
        match given {
            Some(_) => self.wrong(&At::Key(&at, "restartPolicy"), &why),
            None => self.wrong(&at, &why),
        }
    }

    /// The selector of a workload finds its own pods.
    fn selects(&mut self, spec: &Value, at: &At<'_>) {
        let empty = |it: &Value| match it {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => it.is_null(),
        };
        if let Some(Value::Object(selector)) = spec.get("selector")
            && selector.values().all(empty)
        {
            self.wrong(
                &At::Key(at, "selector"),
                "selects everything, which no workload may",
            );
            return;
        }
        let at = At::Key(at, "selector");
        let wanted = spec.pointer("/selector/matchLabels");
        self.finds(wanted, spec, &At::Key(&at, "matchLabels"));
    }

    fn finds(&mut self, wanted: Option<&Value>, spec: &Value, at: &At<'_>) {
        let Some(wanted) = wanted.and_then(Value::as_object) else {
            return;
        };
        let none = serde_json::Map::new();
        let labels = spec.pointer("/template/metadata/labels");
        let labels = labels.and_then(Value::as_object).unwrap_or(&none);
        if self.later.key(labels) {
            return;
        }
        for (key, value) in wanted {
            let has = labels.get(key);
            let known = !self.later.text(key)
                && !self.later.value(value)
                && !has.is_some_and(|it| self.later.value(it));
            if known && value.is_string() && has != Some(value) {
                self.wrong(&At::Key(at, key), "is no label of the template");
            }
        }
    }

    fn pod(&mut self, spec: &Value, claims: &[&str], minor: u32, at: &At<'_>) {
        let volumes_at = At::Key(at, "volumes");
        let volumes = items(spec, "volumes");
        for (index, volume) in volumes.iter().enumerate() {
            let at = At::Index(&volumes_at, index);
            self.form(volume.get("name"), &names::LABEL, &At::Key(&at, "name"));
        }
        let known: BTreeSet<&str> = volumes
            .iter()
            .filter_map(name)
            .chain(claims.iter().copied())
            .collect();
        let complete = !known.iter().any(|it| self.later.text(it));
        let mut seen = BTreeSet::new();
        for field in ["initContainers", "containers", "ephemeralContainers"] {
            let list_at = At::Key(at, field);
            for (index, container) in items(spec, field).iter().enumerate() {
                let at = At::Index(&list_at, index);
                self.form(container.get("name"), &names::LABEL, &At::Key(&at, "name"));
                if let Some(name) = name(container)
                    && !self.later.text(name)
                    && !seen.insert(name)
                {
                    self.wrong(&At::Key(&at, "name"), "is the name of another container");
                }
                self.container(container, complete.then_some(&known), minor, &at);
            }
        }
        self.labels(spec.get("nodeSelector"), &At::Key(at, "nodeSelector"));
    }

    fn container(
        &mut self,
        container: &Value,
        volumes: Option<&BTreeSet<&str>>,
        minor: u32,
        at: &At<'_>,
    ) {
        if container.get("image").is_none_or(|it| it == "") {
            self.wrong(at, "lacks `image`");
        }
        let env_at = At::Key(at, "env");
        for (index, variable) in items(container, "env").iter().enumerate() {
            let at = At::Index(&env_at, index);
            self.form(
                variable.get("name"),
                names::env(minor),
                &At::Key(&at, "name"),
            );
            let valued = variable.get("value").is_some_and(|it| it != "");
            if valued && variable.get("valueFrom").is_some_and(|it| !it.is_null()) {
                self.wrong(&at, "has both `value` and `valueFrom`");
            }
        }
        let ports_at = At::Key(at, "ports");
        let mut seen = BTreeSet::new();
        for (index, port) in items(container, "ports").iter().enumerate() {
            let at = At::Index(&ports_at, index);
            self.port_number(
                port.get("containerPort"),
                false,
                &At::Key(&at, "containerPort"),
            );
            self.port_number(port.get("hostPort"), true, &At::Key(&at, "hostPort"));
            self.port_name(port, &mut seen, &names::PORT_NAME, &at);
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let Some(it) = container.get(probe) else {
                continue;
            };
            let at = At::Key(at, probe);
            for action in ["httpGet", "tcpSocket", "grpc"] {
                let at = At::Key(&at, action);
                let port = it.get(action).and_then(|it| it.get("port"));
                self.port(port, &At::Key(&at, "port"));
            }
        }
        let mounts_at = At::Key(at, "volumeMounts");
        for (index, mount) in items(container, "volumeMounts").iter().enumerate() {
            let at = At::Index(&mounts_at, index);
            if let (Some(volumes), Some(name)) = (volumes, name(mount))
                && !self.later.text(name)
                && !volumes.contains(name)
            {
                self.wrong(&At::Key(&at, "name"), "is no volume of the pod");
            }
            if mount.get("mountPath").is_some_and(|it| it == "") {
                self.wrong(&At::Key(&at, "mountPath"), "must not be empty");
            }
        }
    }

    pub(super) fn port_number(&mut self, port: Option<&Value>, zero: bool, at: &At<'_>) {
        if let Some(number) = port.and_then(Value::as_i64)
            && !(1..=65535).contains(&number)
            && !(zero && number == 0)
        {
            self.wrong(at, "must be between 1 and 65535");
        }
    }

    /// By number or by name.
    fn port(&mut self, port: Option<&Value>, at: &At<'_>) {
        self.port_number(port, false, at);
        self.form(port, &names::PORT_NAME, at);
    }

    fn port_name<'v>(
        &mut self,
        port: &'v Value,
        seen: &mut BTreeSet<&'v str>,
        form: &names::Form,
        at: &At<'_>,
    ) {
        let Some(text) = name(port).filter(|it| !it.is_empty()) else {
            return;
        };
        let at = At::Key(at, "name");
        self.form(port.get("name"), form, &at);
        if !self.later.text(text) && !seen.insert(text) {
            self.wrong(&at, "is the name of another port");
        }
    }

    pub(super) fn service(&mut self, object: &Value) {
        let root = At::Root;
        let at = At::Key(&root, "spec");
        let Some(spec) = object.get("spec") else {
            return;
        };
        let ports = items(spec, "ports");
        let is = |field: &str, value: &str| spec.get(field).is_some_and(|it| it == value);
        let free = is("type", "ExternalName") || is("clusterIP", "None");
        let open = ["type", "clusterIP", "ports"]
            .iter()
            .any(|it| spec.get(*it).is_some_and(|it| self.later.value(it)));
        if ports.is_empty() && !free && !open {
            self.wrong(&at, "lacks `ports`");
        }
        let ports_at = At::Key(&at, "ports");
        let mut seen = BTreeSet::new();
        for (index, port) in ports.iter().enumerate() {
            let at = At::Index(&ports_at, index);
            self.port_number(port.get("port"), false, &At::Key(&at, "port"));
            if port
                .get("targetPort")
                .is_some_and(|it| *it != 0 && it != "")
            {
                self.port(port.get("targetPort"), &At::Key(&at, "targetPort"));
            }
            if ports.len() > 1 && name(port).is_none_or(str::is_empty) {
                self.wrong(&at, "lacks `name`, which each of several ports needs");
            }
            self.port_name(port, &mut seen, &names::LABEL, &at);
        }
        self.labels(spec.get("selector"), &At::Key(&at, "selector"));
    }
}
