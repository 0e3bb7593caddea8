//! How long it takes to hold 10,000 resources against the schemas of their kinds, the reading of the embedded
//! schemas included: `cargo bench --bench schemas`. One thread; a check has one for each processor.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use tollgate::{
    model::{Manifest, ResourceKey, digest},
    schema::{Definitions, Schemas},
};
use tollgate_yaml::{Dialect, Limits, Sources, parse};

/// Resources; of each application there are five.
const RESOURCES: usize = 10_000;

/// What an application of usual size has: every field is common in the field.
fn application(n: usize) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app{n}
  namespace: team{n}
  labels: &labels {{app.kubernetes.io/name: app{n}, app.kubernetes.io/part-of: shop, env: prod}}
  annotations: {{example.com/owner: team{n}}}
spec:
  replicas: 3
  revisionHistoryLimit: 5
  strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: 1, maxUnavailable: 25%}}}}
  selector: {{matchLabels: {{app.kubernetes.io/name: app{n}}}}}
  template:
    metadata: {{labels: *labels}}
    spec:
      serviceAccountName: app{n}
      securityContext: {{runAsNonRoot: true, fsGroup: 1000, seccompProfile: {{type: RuntimeDefault}}}}
      topologySpreadConstraints:
        - {{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway}}
      initContainers:
        - {{name: migrate, image: \"registry.example.com/migrate:1\", command: [migrate, up]}}
      containers:
        - name: app
          image: registry.example.com/app{n}:1.4.2
          args: [serve, --port=8080, --verbose]
          ports: [{{name: http, containerPort: 8080, protocol: TCP}}, {{name: metrics, containerPort: 9090}}]
          env:
            - {{name: LEVEL, value: info}}
            - {{name: NODE, valueFrom: {{fieldRef: {{fieldPath: spec.nodeName}}}}}}
            - {{name: TOKEN, valueFrom: {{secretKeyRef: {{name: app{n}, key: token}}}}}}
          envFrom: [{{configMapRef: {{name: app{n}}}}}]
          resources: {{requests: {{cpu: 250m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}
          readinessProbe: {{httpGet: {{path: /ready, port: http}}, periodSeconds: 5}}
          livenessProbe: {{httpGet: {{path: /live, port: 8080}}, initialDelaySeconds: 10}}
          securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}
          volumeMounts: [{{name: data, mountPath: /data}}, {{name: config, mountPath: /etc/app, readOnly: true}}]
        - {{name: proxy, image: \"registry.example.com/proxy:3\", resources: {{limits: {{memory: 32Mi}}}}}}
      volumes:
        - {{name: data, emptyDir: {{sizeLimit: 1Gi}}}}
        - {{name: config, configMap: {{name: app{n}, items: [{{key: a, path: a}}]}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: app{n}, namespace: team{n}}}
spec:
  type: ClusterIP
  selector: {{app.kubernetes.io/name: app{n}}}
  ports: [{{name: http, port: 80, targetPort: http}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: app{n}, namespace: team{n}}}
spec:
  ingressClassName: nginx
  rules:
    - host: app{n}.example.com
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: app{n}, port: {{name: http}}}}}}}}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: app{n}, namespace: team{n}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: app{n}}}
  minReplicas: 2
  maxReplicas: 9
  metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 80}}}}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: app{n}, namespace: team{n}}}
data: {{LEVEL: info, a: b, MODE: \"1\"}}
"
    )
}

fn manifests() -> Vec<Manifest> {
    let sources = Sources::new();
    let mut manifests = Vec::with_capacity(RESOURCES);
    for n in 0..RESOURCES / 5 {
        let text = application(n);
        let file = sources.add(format!("app{n}.yaml"), text.as_str());
        let documents = parse(&text, file, Dialect::Sigs, &Limits::default()).expect("YAML");
        manifests.extend(documents.into_iter().map(|body| {
            let json = body.to_json().expect("JSON");
            Manifest {
                key: ResourceKey::of(&body),
                digest: digest(json.to_string().as_bytes()),
                json,
                body,
            }
        }));
    }
    assert_eq!(manifests.len(), RESOURCES);
    manifests
}

fn mistakes(manifests: &[Manifest]) -> usize {
    let schemas = Schemas::new(None).expect("embedded");
    let beside = schemas.definitions(manifests);
    let none = Definitions::new();
    let mistakes = manifests
        .iter()
        .map(|it| schemas.judge(it, &beside, || &none).len());
    mistakes.sum()
}

fn benches(criterion: &mut Criterion) {
    let good = manifests();
    assert_eq!(mistakes(&good), 0, "all are valid");
    criterion.bench_function("10,000 valid resources", |bench| {
        bench.iter(|| mistakes(black_box(&good)));
    });
    let mut bad = manifests();
    for manifest in &mut bad {
        manifest.json["spce"] = true.into();
    }
    assert_eq!(mistakes(&bad), RESOURCES, "each has one mistake");
    criterion.bench_function("10,000 resources with a mistake", |bench| {
        bench.iter(|| mistakes(black_box(&bad)));
    });
}

criterion_group! {
    name = group;
    config = Criterion::default().sample_size(10);
    targets = benches
}
criterion_main!(group);
