//! Pods against the standards.

use crate::testing::{World, check};

fn policy(asks: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    validate:\n      podSecurity: {asks}\n"
    )
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n")
}

const GOOD: &str = "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, image: 'good:1', securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}";

#[test]
fn levels() {
    let baseline = policy("{level: baseline, version: latest}");
    let restricted = policy("{level: restricted, version: v1.24}");
    check(&restricted, &pod(GOOD), &["r: pass"]);
    check(&baseline, &pod("{containers: [{name: a}]}"), &["r: pass"]);
    check(
        &restricted,
        &pod("{containers: [{name: a}]}"),
        &["r: fail at spec.containers[0].securityContext.allowPrivilegeEscalation"],
    );
    for (spec, at) in [
        ("{hostPID: true}", "spec.hostPID"),
        (
            "{volumes: [{name: v, hostPath: {path: /}}]}",
            "spec.volumes[0].hostPath",
        ),
        (
            "{containers: [{name: a, ports: [{hostPort: 80}]}]}",
            "spec.containers[0].ports[0].hostPort",
        ),
        (
            "{initContainers: [{name: a, securityContext: {privileged: true}}]}",
            "spec.initContainers[0].securityContext.privileged",
        ),
        (
            "{containers: [{name: a, securityContext: {capabilities: {add: [NET_RAW]}}}]}",
            "spec.containers[0].securityContext.capabilities.add",
        ),
        (
            "{securityContext: {sysctls: [{name: kernel.msgmax}]}}",
            "spec.securityContext.sysctls[0].name",
        ),
        (
            "{securityContext: {seccompProfile: {type: Unconfined}}}",
            "spec.securityContext.seccompProfile.type",
        ),
        (
            "{containers: [{name: a, securityContext: {seLinuxOptions: {type: spc_t}}}]}",
            "spec.containers[0].securityContext.seLinuxOptions.type",
        ),
    ] {
        check(&baseline, &pod(spec), &[&format!("r: fail at {at}")]);
    }
    check(&baseline, &pod("{hostPID: maybe}"), &["r: error"]);
}

#[test]
fn exclusions() {
    let of_pod = policy(
        "{level: baseline, exclude: [{controlName: Host Namespaces, restrictedField: spec.hostPID, values: ['true']}]}",
    );
    check(&of_pod, &pod("{hostPID: true}"), &["r: pass"]);
    check(
        &of_pod,
        &pod("{hostPID: true, hostIPC: true}"),
        &["r: fail at spec.hostIPC"],
    );
    let of_images = policy(
        "{level: baseline, exclude: [{controlName: Capabilities, images: ['trusted*'], restrictedField: 'spec.containers[*].securityContext.capabilities.add', values: [NET_RAW]}]}",
    );
    let adds = |image: &str, capability: &str| {
        pod(&format!(
            "{{containers: [{{name: a, image: {image}, securityContext: {{capabilities: {{add: [{capability}]}}}}}}]}}"
        ))
    };
    check(&of_images, &adds("trusted", "NET_RAW"), &["r: pass"]);
    let fails = ["r: fail at spec.containers[0].securityContext.capabilities.add"];
    check(&of_images, &adds("other", "NET_RAW"), &fails);
    check(&of_images, &adds("trusted", "SYS_ADMIN"), &fails);
}

#[test]
fn generated_rules_look_into_templates() {
    check(
        &policy("{level: baseline}"),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {hostPID: true}}}\n",
        &["autogen-r: fail at spec.template.spec.hostPID"],
    );
}

#[test]
fn exceptions_let_controls_off() {
    let with = format!(
        "{}---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: e, namespace: ns}}\nspec:\n  exceptions: [{{policyName: p, ruleNames: [r]}}]\n  match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n  podSecurity: [{{controlName: Host Namespaces}}]\n",
        policy("{level: baseline}")
    );
    check(&with, &pod("{hostPID: true}"), &["r: skip"]);
    check(&with, &pod("{}"), &["r: pass"]);
    let said = World::default().judge(
        &with,
        &pod("{hostPID: true, containers: [{name: a, securityContext: {privileged: true}}]}"),
    );
    assert_eq!(said.len(), 1);
    assert!(matches!(said[0].1, crate::Outcome::Fail { .. }), "{said:?}");
}
