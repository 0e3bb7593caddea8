//! `validate.podSecurity`: the Pod Security Standards with exclusions. Source:
//! `pkg/pss/evaluate.go` and `pkg/engine/handlers/validation/validate_pss.go`.

mod checks;
mod pod;
#[cfg(test)]
mod tests;

use crate::result::Says;
use checks::{Bad, FieldError, Version, Violation};
use pod::{Misfit, Pod, starred};
use serde_json::Value;
use tollgate_jmespath::wildcard;
use tollgate_yaml::{FieldPath, Step};

/// What a rule asks.
#[derive(Clone, Debug)]
pub(crate) struct PodSecurity {
    /// `baseline`, `restricted` or `privileged`, as it is written.
    pub(crate) level: String,
    /// `latest` or `v1.N`, as it is written.
    pub(crate) version: String,
    pub(crate) exclude: Vec<Exclusion>,
}

/// A control that is let off, for the whole Pod or for some images.
#[derive(Clone, Debug)]
pub(crate) struct Exclusion {
    pub(crate) control: String,
    /// Patterns; without them the control is let off at the level of the Pod.
    pub(crate) images: Vec<String>,
    /// A field such as `spec.containers[*].securityContext.privileged`; all where it is empty.
    pub(crate) field: String,
    /// Patterns that every bad value must match; any value where there are none.
    pub(crate) values: Vec<String>,
}

/// How a Pod stands to the standards.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Pass,
    /// It would fail without the exclusions of exceptions.
    Excepted,
    Fail {
        says: Says,
        at: FieldPath,
    },
    Error(String),
}

/// The checks behind the name of a control. Source: `pkg/pss/utils/mapping.go`.
fn checks_of(control: &str) -> &'static [&'static str] {
    match control {
        "Capabilities" => &["capabilities_baseline", "capabilities_restricted"],
        "Seccomp" => &["seccompProfile_baseline", "seccompProfile_restricted"],
        "Privileged Containers" => &["privileged"],
        "Host Ports" => &["hostPorts"],
        "/proc Mount Type" => &["procMount"],
        "HostProcess" => &["windowsHostProcess"],
        "SELinux" => &["seLinuxOptions"],
        "Host Namespaces" => &["hostNamespaces"],
        "HostPath Volumes" => &["hostPathVolumes"],
        "Sysctls" => &["sysctls"],
        "AppArmor" => &["appArmorProfile"],
        "Privilege Escalation" => &["allowPrivilegeEscalation"],
        "Running as Non-root" => &["runAsNonRoot"],
        "Running as Non-root user" => &["runAsUser"],
        "Volume Types" => &["restrictedVolumes"],
        _ => &[],
    }
}

/// Judge a resource; `excepted` are the exclusions of exceptions for it.
pub(crate) fn judge(
    asks: &PodSecurity,
    rule: &str,
    resource: &Value,
    excepted: &[Exclusion],
) -> Verdict {
    try_judge(asks, rule, resource, excepted)
        .unwrap_or_else(|why| Verdict::Error(format!("Error while getting new resource: {why}")))
}

fn try_judge(
    asks: &PodSecurity,
    rule: &str,
    resource: &Value,
    excepted: &[Exclusion],
) -> Result<Verdict, Misfit> {
    let (pod, base) = Pod::of(resource)?;
    let Some(version) = Version::parse(&asks.version) else {
        return Ok(Verdict::Error(format!(
            "failed to parse pod security api version: `{}` must be \"latest\" or \"v1.x\"",
            asks.version
        )));
    };
    let baseline_only = asks.level == "baseline";
    let examine = |pod: &Pod<'_>| checks::violations(baseline_only, version, pod);
    let mut found = examine(&pod)?;
    for exclusion in &asks.exclude {
        exempt(&mut found, exclusion, &pod, &examine)?;
    }
    if found.is_empty() {
        return Ok(Verdict::Pass);
    }
    for exclusion in excepted {
        exempt(&mut found, exclusion, &pod, &examine)?;
    }
    if found.is_empty() {
        return Ok(Verdict::Excepted);
    }
    let at = found
        .iter()
        .filter_map(|it| it.errors.as_ref()?.first())
        .map(|it| in_resource(&base, &it.path))
        .next()
        .unwrap_or(base.clone());
    let told: Vec<String> = found.iter().map(|it| tell(it, &base)).collect();
    let standard = format!("PodSecurity \"{}:{}\"", asks.level, asks.version);
    let says = Says::new(
        None,
        format!("it violates {standard}: {}", told.join(", ")),
        format!(
            "Validation rule '{rule}' failed. It violates {standard}: {}",
            told.concat()
        ),
    );
    Ok(Verdict::Fail { says, at })
}

/// Take out of `found` what an exclusion lets off. Source: `exemptExclusions`: what the checks find
/// on a Pod without its containers, or of the matching containers alone, is taken out one by one.
fn exempt(
    found: &mut Vec<Violation>,
    exclusion: &Exclusion,
    pod: &Pod<'_>,
    examine: &dyn Fn(&Pod<'_>) -> Result<Vec<Violation>, Misfit>,
) -> Result<(), Misfit> {
    let of_pod = exclusion.images.is_empty();
    let part = if of_pod {
        pod.without_containers()
    } else {
        pod.of_containers(|it| {
            exclusion
                .images
                .iter()
                .any(|pattern| wildcard::matches(pattern, it.image))
        })
    };
    for excluded in examine(&part)? {
        if !checks_of(&exclusion.control).contains(&excluded.check) {
            continue;
        }
        let Some(violation) = found.iter_mut().find(|it| it.check == excluded.check) else {
            continue;
        };
        let Some(errors) = &mut violation.errors else {
            continue;
        };
        for error in excluded.errors.iter().flatten() {
            if !is_excluded(exclusion, error) {
                continue;
            }
            let same = |it: &FieldError| {
                let named =
                    |pod: &Pod<'_>, path| pod.container_at(path).map(|it| it.name.to_owned());
                starred(&it.path) == starred(&error.path)
                    && (of_pod || named(pod, &it.path) == named(&part, &error.path))
            };
            if let Some(at) = errors.iter().position(same) {
                errors.swap_remove(at);
            }
        }
    }
    found.retain(|it| it.errors.as_ref().is_none_or(|it| !it.is_empty()));
    Ok(())
}

fn is_excluded(exclusion: &Exclusion, error: &FieldError) -> bool {
    if !exclusion.field.is_empty() && exclusion.field != starred(&error.path) {
        return false;
    }
    match &error.bad {
        Bad::Values(values) if !exclusion.values.is_empty() => values.iter().all(|value| {
            exclusion
                .values
                .iter()
                .any(|pattern| wildcard::matches(pattern, value))
        }),
        _ => true,
    }
}

/// The place in the resource of a place in its Pod.
fn in_resource(base: &FieldPath, path: &FieldPath) -> FieldPath {
    let steps: Vec<Step> = base.0.iter().chain(&path.0).cloned().collect();
    FieldPath(steps)
}

/// Source: `FormatChecksPrint`.
fn tell(violation: &Violation, base: &FieldPath) -> String {
    let errors: Vec<String> = violation
        .errors
        .iter()
        .flatten()
        .map(|it| {
            let place = in_resource(base, &it.path);
            match &it.bad {
                Bad::Required => format!("{place}: Required value"),
                Bad::Forbidden => format!("{place}: Forbidden"),
                Bad::Values(values) => format!(
                    "{place} is forbidden, forbidden values found: {}",
                    match values.as_slice() {
                        [value] if !place.to_string().contains(".capabilities.") => value.clone(),
                        values => format!("[{}]", values.join(" ")),
                    }
                ),
            }
        })
        .collect();
    format!(
        "(Forbidden reason: {}, field error list: [{}])",
        violation.reason,
        errors.join(", ")
    )
}
