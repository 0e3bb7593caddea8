//! The checks of the Pod Security Standards. Source: `policy/check_*.go` of
//! `k8s.io/pod-security-admission` as Kyverno 1.19 uses it, with the relaxation for user namespaces
//! switched off as it is there.

use super::pod::{At, Misfit, Pod};
use tollgate_yaml::FieldPath;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bad {
    /// It must be set.
    Required,
    /// It must not be set.
    Forbidden,
    /// It must not have these values.
    Values(Vec<String>),
}

/// A field that violates a check.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldError {
    pub(super) path: FieldPath,
    pub(super) bad: Bad,
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Violation {
    pub(super) check: &'static str,
    pub(super) reason: &'static str,
    /// The fields; `None` where the check does not tell, and nothing can be exempted.
    pub(super) errors: Option<Vec<FieldError>>,
}

/// A minor version of Kubernetes 1; the latest is newer than all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Minor(u32),
    Latest,
}

impl Version {
    /// `latest`, nothing, or `v1.N`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "latest" => Some(Self::Latest),
            _ => {
                let minor = text.strip_prefix("v1.")?;
                let plain = minor.bytes().all(|it| it.is_ascii_digit())
                    && (minor == "0" || !minor.starts_with('0'));
                plain.then(|| minor.parse().ok().map(Self::Minor))?
            }
        }
    }

    fn at_least(self, minor: u32) -> bool {
        match self {
            Self::Latest => true,
            Self::Minor(own) => own >= minor,
        }
    }
}

type Checked = Result<Vec<FieldError>, Misfit>;

/// Every check of the level that the Pod fails. At any level but baseline all checks are made, and
/// a check is made for versions that are older than it as well, as Kyverno does (`evaluatePSS`).
pub(super) fn violations(
    baseline_only: bool,
    version: Version,
    pod: &Pod<'_>,
) -> Result<Vec<Violation>, Misfit> {
    let windows = pod.spec.down(&["os", "name"])?.text()? == Some("windows");
    // Windows Pods need none of these since 1.25.
    let spared = windows && version.at_least(25);
    let mut found = Vec::new();
    let mut add = |check, reason, errors: Vec<FieldError>| {
        if !errors.is_empty() {
            found.push(Violation {
                check,
                reason,
                errors: Some(errors),
            });
        }
    };
    if !baseline_only && !spared {
        add(
            "allowPrivilegeEscalation",
            "allowPrivilegeEscalation != false",
            privilege_escalation(pod)?,
        );
    }
    add(
        "appArmorProfile",
        "forbidden AppArmor profile",
        app_armor(pod)?,
    );
    add(
        "capabilities_baseline",
        "non-default capabilities",
        capabilities_baseline(pod)?,
    );
    if !baseline_only && !spared {
        add(
            "capabilities_restricted",
            "unrestricted capabilities",
            capabilities_restricted(pod)?,
        );
    }
    add("hostNamespaces", "host namespaces", host_namespaces(pod)?);
    add("hostPathVolumes", "hostPath volumes", host_paths(pod)?);
    add("hostPorts", "hostPort", host_ports(pod)?);
    add("privileged", "privileged", privileged(pod)?);
    add("procMount", "procMount", proc_mount(pod)?);
    if !baseline_only {
        add(
            "restrictedVolumes",
            "restricted volume types",
            restricted_volumes(pod)?,
        );
        add(
            "runAsNonRoot",
            "runAsNonRoot != true",
            run_as_non_root(pod)?,
        );
        add("runAsUser", "runAsUser=0", run_as_user(pod)?);
    }
    add("seLinuxOptions", "seLinuxOptions", se_linux(version, pod)?);
    let seccomp = if version.at_least(19) {
        seccomp(pod)?
    } else {
        seccomp_annotations(pod)?
    };
    add("seccompProfile_baseline", "seccompProfile", seccomp);
    if !baseline_only && !spared {
        add(
            "seccompProfile_restricted",
            "seccompProfile",
            seccomp_restricted(pod)?,
        );
    }
    add("sysctls", "forbidden sysctls", sysctls(version, pod)?);
    add("windowsHostProcess", "hostProcess", host_process(pod)?);
    if names_hosts(pod)? {
        found.push(Violation {
            check: "hostProbesAndHostLifecycle",
            reason: "probe or lifecycle host",
            errors: None,
        });
    }
    Ok(found)
}

fn bad(path: FieldPath, value: impl ToString) -> FieldError {
    let value = value.to_string();
    FieldError {
        path,
        // Upstream takes an empty value for none.
        bad: if value.is_empty() {
            Bad::Forbidden
        } else {
            Bad::Values(vec![value])
        },
    }
}

fn required(path: FieldPath) -> FieldError {
    FieldError {
        path,
        bad: Bad::Required,
    }
}

fn several(path: FieldPath, mut values: Vec<String>) -> FieldError {
    values.sort_unstable();
    values.dedup();
    FieldError {
        path,
        bad: Bad::Values(values),
    }
}

fn privilege_escalation(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    for container in &pod.containers {
        let context = container.at.get("securityContext")?;
        let field = context.get("allowPrivilegeEscalation")?;
        if !context.exists() {
            errors.push(required(field.path));
            continue;
        }
        match field.boolean()? {
            Some(false) => {}
            Some(true) => errors.push(bad(field.path, true)),
            None => errors.push(bad(field.path, "nil")),
        }
    }
    Ok(errors)
}

/// The `type` of a profile of the Pod and of each container, where the profile is set.
fn profile_types<'a>(pod: &Pod<'a>, profile: &str) -> Result<Vec<(FieldPath, &'a str)>, Misfit> {
    let mut types = Vec::new();
    let mut look = |at: &At<'a>| -> Result<(), Misfit> {
        let profile = at.down(&["securityContext", profile])?;
        if profile.exists() {
            let field = profile.get("type")?;
            types.push((field.path.clone(), field.text()?.unwrap_or_default()));
        }
        Ok(())
    };
    look(&pod.spec)?;
    for container in &pod.containers {
        look(&container.at)?;
    }
    Ok(types)
}

fn is_profile(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

fn app_armor(pod: &Pod<'_>) -> Checked {
    let mut errors: Vec<_> = profile_types(pod, "appArmorProfile")?
        .into_iter()
        .filter(|(_, kind)| !is_profile(kind))
        .map(|(path, kind)| bad(path, kind))
        .collect();
    for (key, value) in pod.annotations.strings()? {
        let allowed =
            value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
        if key.starts_with("container.apparmor.security.beta.kubernetes.io/") && !allowed {
            errors.push(bad(pod.annotations.path.key(key), value));
        }
    }
    Ok(errors)
}

fn capabilities_baseline(pod: &Pod<'_>) -> Checked {
    const ALLOWED: [&str; 13] = [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];
    added_capabilities(pod, &ALLOWED)
}

fn added_capabilities(pod: &Pod<'_>, allowed: &[&str]) -> Checked {
    let mut errors = Vec::new();
    for container in &pod.containers {
        let field = container
            .at
            .down(&["securityContext", "capabilities", "add"])?;
        let forbidden: Vec<String> = field
            .texts()?
            .into_iter()
            .filter(|it| !allowed.contains(it))
            .map(str::to_owned)
            .collect();
        if !forbidden.is_empty() {
            errors.push(several(field.path, forbidden));
        }
    }
    Ok(errors)
}

fn capabilities_restricted(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    for container in &pod.containers {
        let field = container
            .at
            .down(&["securityContext", "capabilities", "drop"])?;
        let dropped = field.texts()?;
        if dropped.is_empty() {
            errors.push(required(field.path));
        } else if !dropped.contains(&"ALL") {
            let dropped = dropped.into_iter().map(str::to_owned).collect();
            errors.push(several(field.path, dropped));
        }
    }
    errors.extend(added_capabilities(pod, &["NET_BIND_SERVICE"])?);
    Ok(errors)
}

fn host_namespaces(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        let field = pod.spec.get(key)?;
        if field.boolean()? == Some(true) {
            errors.push(bad(field.path, true));
        }
    }
    Ok(errors)
}

fn host_paths(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    for volume in pod.spec.get("volumes")?.list()? {
        let field = volume.get("hostPath")?;
        if field.exists() {
            let path = field.get("path")?.text()?.unwrap_or_default();
            errors.push(bad(field.path, path));
        }
    }
    Ok(errors)
}

fn host_ports(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    for container in &pod.containers {
        for port in container.at.get("ports")?.list()? {
            let field = port.get("hostPort")?;
            if let Some(port) = field.integer()?.filter(|it| *it != 0) {
                errors.push(bad(field.path, port));
            }
        }
    }
    Ok(errors)
}

fn privileged(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    for container in &pod.containers {
        let field = container.at.down(&["securityContext", "privileged"])?;
        if field.boolean()? == Some(true) {
            errors.push(bad(field.path, true));
        }
    }
    Ok(errors)
}

fn proc_mount(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    for container in &pod.containers {
        let field = container.at.down(&["securityContext", "procMount"])?;
        if let Some(kind) = field.text()?.filter(|it| *it != "Default") {
            errors.push(bad(field.path, kind));
        }
    }
    Ok(errors)
}

fn restricted_volumes(pod: &Pod<'_>) -> Checked {
    const ALLOWED: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    const NAMED: [&str; 20] = [
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "flexVolume",
        "cinder",
        "cephfs",
        "flocker",
        "fc",
        "azureFile",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "photonPersistentDisk",
        "portworxVolume",
        "scaleIO",
    ];
    let mut errors = Vec::new();
    for volume in pod.spec.get("volumes")?.list()? {
        let has = |key: &&&str| volume.get(key).is_ok_and(|it| it.exists());
        if ALLOWED.iter().find(has).is_some() {
            continue;
        }
        let kind = NAMED
            .iter()
            .chain(&["storageos"])
            .find(has)
            .copied()
            .unwrap_or("unknown");
        errors.push(FieldError {
            path: volume.path.key(kind),
            bad: Bad::Forbidden,
        });
    }
    Ok(errors)
}

fn run_as_non_root(pod: &Pod<'_>) -> Checked {
    let (mut explicit, mut implicit) = (Vec::new(), Vec::new());
    let field = pod.spec.down(&["securityContext", "runAsNonRoot"])?;
    let for_all = field.boolean()?;
    if for_all == Some(false) {
        explicit.push(bad(field.path, false));
    }
    for container in &pod.containers {
        let field = container.at.down(&["securityContext", "runAsNonRoot"])?;
        match field.boolean()? {
            Some(true) => {}
            Some(false) => explicit.push(bad(field.path, false)),
            None if for_all == Some(true) => {}
            None => implicit.push(required(field.path)),
        }
    }
    explicit.extend(implicit);
    Ok(explicit)
}

fn run_as_user(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    let fields = std::iter::once(&pod.spec).chain(pod.containers.iter().map(|it| &it.at));
    for at in fields {
        let field = at.down(&["securityContext", "runAsUser"])?;
        if field.integer()? == Some(0) {
            errors.push(bad(field.path, 0));
        }
    }
    Ok(errors)
}

fn se_linux(version: Version, pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    let fields = std::iter::once(&pod.spec).chain(pod.containers.iter().map(|it| &it.at));
    for at in fields {
        let options = at.down(&["securityContext", "seLinuxOptions"])?;
        let field = options.get("type")?;
        let kind = field.text()?.unwrap_or_default();
        let allowed = matches!(
            kind,
            "" | "container_t" | "container_init_t" | "container_kvm_t"
        ) || kind == "container_engine_t" && version.at_least(31);
        if !allowed {
            errors.push(bad(field.path, kind));
        }
        for key in ["user", "role"] {
            let field = options.get(key)?;
            if let Some(text) = field.text()?.filter(|it| !it.is_empty()) {
                errors.push(bad(field.path, text));
            }
        }
    }
    Ok(errors)
}

fn seccomp(pod: &Pod<'_>) -> Checked {
    Ok(profile_types(pod, "seccompProfile")?
        .into_iter()
        .filter(|(_, kind)| !is_profile(kind))
        .map(|(path, kind)| bad(path, kind))
        .collect())
}

fn seccomp_annotations(pod: &Pod<'_>) -> Checked {
    let keys: Vec<String> = std::iter::once("seccomp.security.alpha.kubernetes.io/pod".to_owned())
        .chain(
            pod.containers
                .iter()
                .map(|it| format!("container.seccomp.security.alpha.kubernetes.io/{}", it.name)),
        )
        .collect();
    Ok(pod
        .annotations
        .strings()?
        .into_iter()
        .filter(|(key, value)| {
            let allowed = matches!(*value, "runtime/default" | "docker/default")
                || value.starts_with("localhost/");
            keys.iter().any(|it| it == key) && !allowed
        })
        .map(|(key, value)| bad(pod.annotations.path.key(key), value))
        .collect())
}

fn seccomp_restricted(pod: &Pod<'_>) -> Checked {
    let explicit = seccomp(pod)?;
    if !explicit.is_empty() {
        return Ok(explicit);
    }
    let profile = &["securityContext", "seccompProfile"];
    if pod.spec.down(profile)?.exists() {
        return Ok(Vec::new());
    }
    let mut errors = Vec::new();
    for container in &pod.containers {
        let profile = container.at.down(profile)?;
        if !profile.exists() {
            errors.push(required(profile.path.key("type")));
        }
    }
    Ok(errors)
}

fn sysctls(version: Version, pod: &Pod<'_>) -> Checked {
    let allowed = |name: &str| match name {
        "kernel.shm_rmid_forced"
        | "net.ipv4.ip_local_port_range"
        | "net.ipv4.tcp_syncookies"
        | "net.ipv4.ping_group_range"
        | "net.ipv4.ip_unprivileged_port_start" => true,
        "net.ipv4.ip_local_reserved_ports" => version.at_least(27),
        "net.ipv4.tcp_keepalive_time"
        | "net.ipv4.tcp_fin_timeout"
        | "net.ipv4.tcp_keepalive_intvl"
        | "net.ipv4.tcp_keepalive_probes" => version.at_least(29),
        "net.ipv4.tcp_rmem" | "net.ipv4.tcp_wmem" => version.at_least(32),
        _ => false,
    };
    let mut errors = Vec::new();
    for sysctl in pod.spec.down(&["securityContext", "sysctls"])?.list()? {
        let field = sysctl.get("name")?;
        let name = field.text()?.unwrap_or_default();
        if !allowed(name) {
            errors.push(bad(field.path, name));
        }
    }
    Ok(errors)
}

fn host_process(pod: &Pod<'_>) -> Checked {
    let mut errors = Vec::new();
    let fields = std::iter::once(&pod.spec).chain(pod.containers.iter().map(|it| &it.at));
    for at in fields {
        let field = at.down(&["securityContext", "windowsOptions", "hostProcess"])?;
        if field.boolean()? == Some(true) {
            errors.push(bad(field.path, true));
        }
    }
    Ok(errors)
}

/// Whether a probe or a lifecycle handler names a host.
fn names_hosts(pod: &Pod<'_>) -> Result<bool, Misfit> {
    const HANDLERS: [&[&str]; 5] = [
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    for container in &pod.containers {
        for handler in HANDLERS {
            let handler = container.at.down(handler)?;
            for way in ["httpGet", "tcpSocket"] {
                let host = handler.down(&[way, "host"])?;
                if host.text()?.is_some_and(|it| !it.is_empty()) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}
