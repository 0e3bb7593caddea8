//! Kyverno's policies, on one object.

use super::{holds, part};
use std::time::SystemTime;
use tollgate::engines::ENGINES;
use tollgate_kyverno::{
    Exceptions, Fixtures, Operation, Request, UnlistedNamespaces, essence, less, load,
};
use tollgate_yaml::{Dialect, Limits, Node, Sources, parse};

pub(super) const PIECES: &[&str] = &[
    "apiVersion: kyverno.io/v1",
    "apiVersion: kyverno.io/v2beta1",
    "kind: ClusterPolicy",
    "kind: Policy",
    "kind: PolicyException",
    "metadata: {name: p}",
    "spec:",
    "  validationFailureAction: Audit",
    "  validationFailureAction: Enforce",
    "  background: false",
    "  failurePolicy: Ignore",
    "  applyRules: One",
    "  rules:",
    "  - name: r",
    "    match: {any: [{resources: {kinds: [Pod]}}]}",
    "    match: {all: [{resources: {kinds: ['*/*'], operations: [CREATE]}}]}",
    "    match: {any: [{resources: {kinds: [Deployment, Pod], names: ['a*'], selector: {matchLabels: {app: '?*'}}}}]}",
    "    exclude: {any: [{resources: {namespaces: [kube-*]}}]}",
    "    exclude: {any: [{subjects: [{kind: User, name: ann}]}]}",
    "    preconditions:",
    "      all: [{key: '{{ request.operation }}', operator: Equals, value: CREATE}]",
    "    context:",
    "    - {name: v, variable: {value: {a: 1}, jmesPath: 'a', default: 2}}",
    "    - {name: c, configMap: {name: x, namespace: y}}",
    "    - {name: i, imageRegistry: {reference: 'nginx'}}",
    "    - {name: g, apiCall: {urlPath: /api/v1/pods, jmesPath: 'items[0]'}}",
    "    validate:",
    "      message: no {{ v }}",
    "      failureAction: Enforce",
    "      pattern: {spec: {containers: [{image: '!*:latest'}]}}",
    "      pattern: {spec: {=(hostPID): false, ^(containers): [{name: '?*'}]}}",
    "      pattern: {metadata: {name: '{{ request.object.metadata.labels.app }}-*'}}",
    "      pattern: {spec: {containers: [{resources: {limits: {memory: '<=1Gi & >10Mi', cpu: '1-4'}}}]}}",
    "      pattern: {spec: {(a): b, X(c): null, +(d): e, <(image): '*'}}",
    "      anyPattern: [{spec: {hostPID: 'false | null'}}, {spec: {replicas: '>1'}}]",
    "      deny: {conditions: {any: [{key: '{{ request.object.spec.replicas || `1` }}', operator: GreaterThan, value: 3}]}}",
    "      deny: {conditions: {all: [{key: '{{ element.image }}', operator: AnyIn, value: ['a', 'b*']}]}}",
    "      deny: {}",
    "      foreach: [{list: request.object.spec.containers, pattern: {image: '*:*'}}]",
    "      foreach: [{list: 'request.object.spec.containers[]', elementScope: false, deny: {conditions: []}}]",
    "      podSecurity: {level: baseline, version: latest}",
    "      podSecurity: {level: restricted, version: v1.25, exclude: [{controlName: Capabilities, images: ['*']}]}",
    "      cel: {expressions: [{expression: 'true'}]}",
    "      assert: {object: {a: 1}}",
    "    mutate:",
    "      patchStrategicMerge: {metadata: {labels: {+(a): b}}}",
    "    generate: {kind: ConfigMap, name: x}",
    "    verifyImages: [{imageReferences: ['*'], attestors: []}]",
    "    skipBackgroundRequests: false",
    "  exceptions: [{policyName: p, ruleNames: ['r*']}]",
    "kind: Pod",
    "apiVersion: v1",
    "metadata: {name: a, namespace: ns, labels: {app: web}}",
    "spec: {containers: [{name: a, image: 'nginx:latest'}]}",
    "spec: {hostPID: true, containers: [{image: 1}, null]}",
    "---",
    "        value: '{{ request.object.spec.containers[?image == `x`].name | [0] }}'",
    "        key: '{{ to_upper(v) }}'",
    "        operator: DurationGreaterThan",
    "        operator: AllNotIn",
    "        operator: NotEquals",
];

fn documents(text: &str) -> Vec<Node> {
    let file = Sources::new().add("p.yaml", text);
    parse(text, file, Dialect::Sigs, &Limits::default()).unwrap_or_default()
}

/// Policies, and an object.
pub(super) fn check(parts: &[String]) -> Result<(), String> {
    let documents = documents(part(parts, 0));
    let loaded = load(&documents);
    for document in &documents {
        let _ = essence(document);
    }
    // What is no policy at all is not compared.
    let engine = ENGINES.iter().find(|it| it.name() == "kyverno");
    let ours = |it: &&Node| engine.is_some_and(|engine| engine.recognises(it));
    let policies: Vec<&Node> = documents.iter().filter(ours).collect();
    let weaker = less(policies.iter().copied(), policies.iter().copied());
    holds(weaker.is_empty(), || {
        format!("weaker than itself: {weaker:?}")
    })?;
    let object = self::documents(part(parts, 1));
    let Some(object) = object.first().and_then(|it| it.to_json().ok()) else {
        return Ok(());
    };
    let mut exceptions = Exceptions::default();
    exceptions.extend(loaded.exceptions);
    let (values, rule_values) = Default::default();
    for (operation, as_admission) in [
        (Operation::Create, true),
        (Operation::Create, false),
        (Operation::Update, true),
        (Operation::Delete, true),
    ] {
        let fixtures = Fixtures {
            as_admission,
            unlisted_namespaces: match as_admission {
                true => UnlistedNamespaces::Unknown,
                false => UnlistedNamespaces::Unlabelled,
            },
            exceptions: exceptions.clone(),
            ..Fixtures::default()
        };
        let request = Request {
            object: (operation != Operation::Delete).then_some(&object),
            old_object: (operation != Operation::Create).then_some(&object),
            operation,
            user_info: None,
            values: &values,
            rule_values: &rule_values,
            fixtures: &fixtures,
            now: SystemTime::UNIX_EPOCH,
        };
        let judge = || {
            let told = loaded.policies.evaluate(&request);
            let told = told
                .iter()
                .map(|(policy, told)| format!("{} {told:?}", policy.name));
            told.collect::<Vec<String>>()
        };
        let (first, second) = (judge(), judge());
        holds(first == second, || format!("{first:?} and then {second:?}"))?;
    }
    Ok(())
}
