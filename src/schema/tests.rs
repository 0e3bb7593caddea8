mod objects;
mod own;

use super::*;
use crate::model::{ResourceKey, digest};
use serde_json::{Value, json};
use tollgate_yaml::{Dialect, Limits, Sources, parse};

fn manifest(text: &str) -> Manifest {
    let sources = Sources::new();
    let file = sources.add("a.yaml", text);
    let body = parse(text, file, Dialect::Sigs, &Limits::default())
        .expect("YAML")
        .remove(0);
    let json = body.to_json().expect("JSON");
    Manifest {
        key: ResourceKey::of(&body),
        digest: digest(json.to_string().as_bytes()),
        json,
        body,
    }
}

fn definition(schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "shops.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Shop", "plural": "shops"},
            "versions": [
                {"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}},
                {"name": "v1beta1", "served": true, "deprecated": true, "schema": {"openAPIV3Schema": schema}},
                {"name": "v1alpha1", "served": false, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    })
}

/// `rule field: message [help]` of each mistake.
fn told(mistakes: &[Mistake]) -> Vec<String> {
    let line = |it: &Mistake| {
        let help = it
            .help
            .as_ref()
            .map_or_else(String::new, |it| format!(" [{it}]"));
        format!("{:?} {}{help}", it.rule, it.message)
    };
    mistakes.iter().map(line).collect()
}

fn judge(version: Option<&str>, text: &str) -> Vec<String> {
    let schemas = Schemas::new(version).expect("embedded");
    let none = Definitions::new();
    told(&schemas.judge(&manifest(text), &none, || &none))
}

fn custom(schema: &Value, text: &str) -> Vec<String> {
    let schemas = Schemas::new(None).expect("embedded");
    let mut found = Definitions::new();
    found.add(&definition(schema), None);
    told(&schemas.judge(&manifest(text), &Definitions::new(), || &found))
}

/// A spec of a `Shop`, with `spec` as its schema.
fn spec(schema: &Value, spec: &str) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"spec": schema}});
    let text =
        format!("apiVersion: example.com/v1\nkind: Shop\nmetadata: {{name: a}}\nspec: {spec}\n");
    custom(&schema, &text)
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, creationTimestamp: null}
spec:
  replicas: 2
  strategy: null
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          resources: {limits: {cpu: 0.5, memory: 64Mi}}
          livenessProbe: {httpGet: {path: /, port: http}}
";

#[test]
fn a_valid_deployment_is_valid_in_every_version() {
    for minor in 25..=37 {
        assert_eq!(
            judge(Some(&format!("1.{minor}")), DEPLOYMENT),
            Vec::<String>::new()
        );
    }
}

#[test]
fn mistakes_are_told_in_words_and_without_values() {
    let cases = [
        (
            "replicas: 2",
            "replica: 2",
            "UnknownField `spec` has no field `replica` [did you mean `replicas`?]",
        ),
        (
            "replicas: 2",
            "replicas: '2'",
            "Invalid `spec.replicas` must be a whole number, but is a string [remove the quotes around the value]",
        ),
        (
            "replicas: 2",
            "replicas: 3000000000",
            "Invalid `spec.replicas` must be at most 2147483647",
        ),
        (
            "selector: {matchLabels: {app: web}}",
            "selector: null",
            "Invalid `spec` lacks `selector`",
        ),
        (
            "image: web:1",
            "image: 1",
            "Invalid `spec.template.spec.containers[0].image` must be a string, but is a number [put the value in quotes]",
        ),
        (
            "memory: 64Mi",
            "memory: 64mb",
            "Invalid `spec.template.spec.containers[0].resources.limits.memory` is not a valid quantity [write it like `250m`, `0.5`, `64Mi` or `2Gi`]",
        ),
        (
            "port: http",
            "port: 80.5",
            "Invalid `spec.template.spec.containers[0].livenessProbe.httpGet.port` must be a whole number or a string, but is a number with a fraction [put the value in quotes]",
        ),
        ("name: web, ", "name: web, labels: {a: null}, ", ""),
        (
            "kind: Deployment",
            "kind: Deploymnet",
            "Invalid Kubernetes 1.37 has no kind `Deploymnet` in `apps/v1` [did you mean `Deployment`?]",
        ),
        (
            "apps/v1",
            "extensions/v1beta1",
            "Removed Deployment of `extensions/v1beta1` was removed in Kubernetes 1.16; this is Kubernetes 1.37 [use `apps/v1`]",
        ),
        (
            "apps/v1",
            "apps/v2",
            "Invalid Kubernetes 1.37 has no API version `apps/v2` [Deployment is in `apps/v1`]",
        ),
    ];
    for (from, to, want) in cases {
        assert!(DEPLOYMENT.contains(from), "{from}");
        let got = judge(None, &DEPLOYMENT.replace(from, to));
        let want: Vec<&str> = Some(want).into_iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(got, want, "{to}");
    }
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {password: hunter2}\n";
    assert_eq!(
        judge(None, secret),
        [
            "Invalid `data.password` is not a valid base64 text [encode it; in a Secret, plain text stands in `stringData`]"
        ]
    );
}

#[test]
fn versions_of_kubernetes_differ() {
    let sidecar = DEPLOYMENT.replace("image: web:1", "image: web:1\n          resizePolicy: []");
    assert_eq!(judge(Some("1.37"), &sidecar), Vec::<String>::new());
    assert_eq!(judge(Some("1.25"), &sidecar).len(), 1);
    for version in ["1.24", "1.38", "1.x", "2.30"] {
        assert!(Schemas::new(Some(version)).is_err(), "{version}");
    }
    let scaler = "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: a}}\n";
    assert_eq!(
        judge(Some("1.25"), scaler),
        [
            "Deprecated HorizontalPodAutoscaler of `autoscaling/v2beta2` is removed in Kubernetes 1.26 [use `autoscaling/v2`]"
        ]
    );
    assert_eq!(
        judge(Some("1.26"), scaler),
        [
            "Removed HorizontalPodAutoscaler of `autoscaling/v2beta2` was removed in Kubernetes 1.26; this is Kubernetes 1.26 [use `autoscaling/v2`]"
        ]
    );
}

#[test]
fn a_custom_kind_is_judged_by_its_definition() {
    let shop = json!({
        "type": "object",
        "required": ["city"],
        "properties": {
            "city": {"type": "string", "pattern": "^[A-Z]", "maxLength": 20},
            "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "open": {"type": "string", "nullable": true, "enum": ["always", "never"]},
            "size": {"type": "integer", "minimum": 1, "exclusiveMinimum": true},
            "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"count": {"type": "integer"}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "bare": {"type": "object"},
            "pod": {"type": "object", "x-kubernetes-embedded-resource": true},
        },
    });
    let good = "{city: Lyon, port: http, open: always, size: 2, extra: {count: 1, m: {o: [1]}}, labels: {a: b}, pod: {apiVersion: v1, kind: Pod, metadata: {name: a}}}";
    assert_eq!(spec(&shop, good), Vec::<String>::new());
    let cases = [
        ("{}", "Invalid `spec` lacks `city`"),
        ("{city: null}", "Invalid `spec` lacks `city`"),
        (
            "{city: lyon}",
            "Invalid `spec.city` does not match the pattern `^[A-Z]`",
        ),
        (
            "{city: Lyon, port: [1]}",
            "Invalid `spec.port` must be a whole number or a string, but is a list",
        ),
        (
            "{city: Lyon, open: later}",
            "Invalid `spec.open` must be one of `always`, `never`",
        ),
        // A server compares null with the options too, nullable or not.
        (
            "{city: Lyon, open: null}",
            "Invalid `spec.open` must be one of `always`, `never`",
        ),
        (
            "{city: Lyon, size: 1}",
            "Invalid `spec.size` must be more than 1",
        ),
        (
            "{city: Lyon, extra: {count: a}}",
            "Invalid `spec.extra.count` must be a whole number, but is a string",
        ),
        (
            "{city: Lyon, labels: {a: 1}}",
            "Invalid `spec.labels.a` must be a string, but is a number [put the value in quotes]",
        ),
        (
            "{city: Lyon, bare: {a: 1}}",
            "UnknownField `spec.bare` has no field `a` [remove it]",
        ),
        (
            "{city: Lyon, citi: Lyon}",
            "UnknownField `spec` has no field `citi` [fields here: bare, city, extra, labels, open, pod, port, size]",
        ),
    ];
    for (text, want) in cases {
        let got = spec(&shop, text);
        assert!(got.iter().any(|it| it == want), "{text}: {got:?}");
    }
}

#[test]
fn alternatives_narrow_and_do_not_close() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "oneOf": [
            {"required": ["a"], "properties": {"a": {"maximum": 5}}},
            {"required": ["b"]},
        ],
    });
    assert_eq!(spec(&schema, "{a: 1}"), Vec::<String>::new());
    assert_eq!(spec(&schema, "{a: 9}").len(), 1);
    assert_eq!(spec(&schema, "{a: 1, b: 1}").len(), 1);
}

#[test]
fn versions_of_a_definition() {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let shop = |version: &str| {
        custom(
            &schema,
            &format!("apiVersion: example.com/{version}\nkind: Shop\nmetadata: {{name: a}}\n"),
        )
    };
    assert_eq!(shop("v1"), Vec::<String>::new());
    assert_eq!(
        shop("v1beta1"),
        ["Deprecated version `v1beta1` of Shop is deprecated [use `v1`]"]
    );
    for gone in ["v1alpha1", "v3"] {
        assert_eq!(
            shop(gone),
            [format!(
                "Invalid the definition of Shop does not serve version `{gone}` [it serves v1, v1beta1]"
            )]
        );
    }
    let other = custom(
        &schema,
        "apiVersion: example.com/v1\nkind: Shp\nmetadata: {name: a}\n",
    );
    assert_eq!(
        other,
        [
            "UnknownKind no schema is known for Shp of `example.com/v1`, so its fields are not checked [did you mean `Shop`?]"
        ]
    );
}

#[test]
fn metadata_of_a_custom_kind_is_that_of_every_object() {
    let schema = json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}}}});
    let shop = |metadata: &str| {
        custom(
            &schema,
            &format!("apiVersion: example.com/v1\nkind: Shop\nmetadata: {metadata}\n"),
        )
    };
    assert_eq!(shop("{name: a, labels: {b: c}}"), Vec::<String>::new());
    assert_eq!(shop("{name: abcd}").len(), 1);
    assert_eq!(
        shop("{name: a, label: {}}"),
        ["UnknownField `metadata` has no field `label` [did you mean `labels`?]"]
    );
}

#[test]
fn definitions_that_disagree_decide_nothing() {
    let schemas = Schemas::new(None).expect("embedded");
    let mut found = Definitions::new();
    let root = |spec: Value| json!({"type": "object", "properties": {"spec": spec}});
    found.add(&definition(&root(json!({"type": "object"}))), None);
    found.add(
        &definition(&root(
            json!({"type": "object", "properties": {"a": {"type": "integer"}}}),
        )),
        None,
    );
    let shop =
        manifest("apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: a}\nspec: {a: 1}\n");
    let none = Definitions::new();
    let told = schemas.judge(&shop, &none, || &found);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].rule, SchemaRule::Unchecked);
    // The one of the same render decides.
    let mut beside = Definitions::new();
    beside.add(
        &definition(&root(
            json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        )),
        None,
    );
    assert_eq!(schemas.judge(&shop, &beside, || &found), []);
}

#[test]
fn hostile_definitions_are_never_a_pass() {
    let mut deep = json!({"type": "string"});
    // One level more than schemas may have.
    for _ in 0..=100 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    let cases = [
        json!({"$ref": "https://example.com/schema.json"}),
        json!({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}),
        json!({"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}),
        json!({"type": "object", "definitions": {}}),
        json!({"type": "string", "pattern": "("}),
        json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "(?:a{100}){11}"}}}),
        json!({"type": "object", "properties": {"a": "no schema"}}),
        json!({"type": "object", "minLength": "three"}),
        json!({"type": 7}),
        json!({"type": "object", "required": "a"}),
        deep,
    ];
    for case in cases {
        let got = spec(&case, "{}");
        assert_eq!(got.len(), 1, "{case} {got:?}");
        assert!(got[0].starts_with("Unchecked "), "{got:?}");
    }
}

#[test]
fn many_mistakes_are_counted() {
    let items = "x,".repeat(500);
    let got = spec(
        &json!({"type": "array", "items": {"type": "integer"}}),
        &format!("[{items}]"),
    );
    assert_eq!(got.len(), 21);
    assert_eq!(got[20], "Invalid 480 more mistakes are not listed");
}

#[test]
fn what_has_a_default_is_not_asked_for_at_any_depth() {
    let shop = json!({
        "type": "object",
        "required": ["mode"],
        "properties": {
            "mode": {"type": "string", "enum": ["open", "shut"], "default": "open"},
            "sinks": {"type": "array", "items": {
                "type": "object",
                "required": ["form"],
                "properties": {"form": {"type": "string", "default": "text"}},
            }},
            "by": {"type": "object", "additionalProperties": {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"type": "integer", "default": 1}},
            }},
            "deep": {"type": "object", "default": {}, "required": ["a", "b"], "properties": {
                "a": {"type": "integer", "default": 1},
                "b": {"type": "integer"},
            }},
        },
    });
    assert_eq!(
        spec(
            &shop,
            "{mode: null, sinks: [{}], by: {x: {}}, deep: {b: 1}}"
        ),
        Vec::<String>::new()
    );
    assert_eq!(spec(&shop, "{}"), ["Invalid `spec.deep` lacks `b`"]);
}

#[test]
fn lists_of_maps_and_sets_hold_nothing_twice() {
    let gate = json!({
        "type": "object",
        "properties": {
            "ports": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
                "items": {"type": "object", "properties": {
                    "port": {"type": "integer"},
                    "protocol": {"type": "string", "default": "TCP"},
                }},
            },
            "hosts": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        },
    });
    let good = "{ports: [{port: 1}, {port: 1, protocol: UDP}, {port: 2}], hosts: [a, b]}";
    assert_eq!(spec(&gate, good), Vec::<String>::new());
    assert_eq!(
        spec(
            &gate,
            "{ports: [{port: 1}, {port: 1, protocol: TCP}], hosts: [a, b, a]}"
        ),
        [
            "Invalid `spec.hosts[2]` is in its list already [remove it]",
            "Invalid `spec.ports[1]` has the `port` and `protocol` of an item before it [remove one of them]",
        ]
    );
    // What is filled in later may differ.
    let later = "{ports: [{port: '${P}'}, {port: '${P}'}], hosts: ['${H}', '${H}']}";
    assert_eq!(spec(&gate, later), Vec::<String>::new());
}

#[test]
fn formats_of_custom_resources_are_those_of_api_servers() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "duration",
            &["5m", "2w", "1h30m", "0", "every 5 minutes", "-1.5h"],
            &["", "fortnight", "5", "5 x"],
        ),
        (
            "cidr",
            &["10.0.0.0/8", "010.0.0.0/08", "2001:db8::/32"],
            &["10.0.0.0/33", "10.0.0.0", "::/129"],
        ),
        (
            "uuid",
            &[
                "0A0b0c0d-0000-4000-8000-000000000000",
                "0a0b0c0d000040008000000000000000",
            ],
            &["", "0a0b"],
        ),
        (
            "email",
            &[
                "ann@example.com",
                "Ann B. <ann@example.com>",
                "\\\"a b\\\"@example.com",
            ],
            &["nobody", "a@", "a b@c", "<a@b"],
        ),
        (
            "uri",
            &[
                "https://a.example/b?c#d",
                "/b c",
                "mailto:a",
                "http://[::1]:80/",
            ],
            &["", "no url", "a/b", "http://a b/", "http://a:b/", "/%zz"],
        ),
        (
            "hostname",
            &["a", "a-b", "www.example.com", "3.example.com"],
            &["", "a b", "-a.example.com", "ab-c", "a.b.1"],
        ),
        (
            "ipv4",
            &["192.0.2.1", "192.000.2.01", "::ffff:192.0.2.1"],
            &["192.0.2", "256.0.0.1", "::1"],
        ),
        ("ipv6", &["::1", "2001:db8::"], &["192.0.2.1", ":::"]),
        (
            "mac",
            &["00:00:5e:00:53:01", "0000.5e00.5301", "00005e005301"],
            &["zz", "00:00:5e:00:53"],
        ),
        ("byte", &["aGk="], &["", "aGk", "a b="]),
        ("date", &["2030-02-28"], &["2030-02-30", "2030-2-3"]),
        (
            "date-time",
            &["2030-01-31T12:00:00Z", "2030-01-31t12:00:00.5+01:00"],
            &["2030-01-31", "2030-01-31T24:00:00Z", "2030-01-31T12:00:00"],
        ),
        ("k8s-short-name", &["a-1"], &["A", "-a", "a.b"]),
        (
            "isbn",
            &["1-61729-085-8", "978-4-87311-368-5"],
            &["3423214121", "1"],
        ),
        ("creditcard", &["4220855426222389"], &["4220855426213389"]),
        ("ssn", &["123-45-6789"], &["123456789"]),
        ("hexcolor", &["#fff", "CCccCC"], &["#ff"]),
        ("rgbcolor", &["rgb(0, 31, 255)"], &["rgb(0,31,256)"]),
        ("no-format-of-anybody", &["anything"], &[]),
    ];
    for (format, good, bad) in cases {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "string", "format": format}}});
        let told = |text: &str| spec(&schema, &format!("{{a: \"{text}\"}}"));
        for text in *good {
            assert_eq!(told(text), Vec::<String>::new(), "{format} {text}");
        }
        for text in *bad {
            assert_eq!(told(text).len(), 1, "{format} {text}");
        }
    }
}

#[test]
fn whole_numbers_keep_to_their_range() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "integer", "format": "int32"},
        "b": {"type": "integer"},
        "c": {"type": "number", "format": "float"},
    }});
    let good = "{a: 2147483647, b: 9223372036854775807, c: 1.5}";
    assert_eq!(spec(&schema, good), Vec::<String>::new());
    assert_eq!(
        spec(
            &schema,
            "{a: 2147483648, b: 9223372036854775808, c: 1.0e+39}"
        ),
        [
            "Invalid `spec.a` must be at most 2147483647",
            "Invalid `spec.b` must be a whole number, but is a number",
            "Invalid `spec.c` must fit into a number of 32 bits",
        ]
    );
}

#[test]
fn a_large_number_is_no_multiple_of_what_it_is_near_to() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "integer", "multipleOf": 2},
        "b": {"type": "number", "multipleOf": 0.5},
    }});
    let good = "{a: 2147483646, b: 1.5}";
    assert_eq!(spec(&schema, good), Vec::<String>::new());
    assert_eq!(
        spec(&schema, "{a: 2147483647, b: 1.25}"),
        [
            "Invalid `spec.a` must be a multiple of 2",
            "Invalid `spec.b` must be a multiple of 0.5",
        ]
    );
}

#[test]
fn a_list_that_keeps_unknown_fields_keeps_those_of_its_items() {
    let item = json!({"type": "object", "properties": {
        "a": {"type": "object", "properties": {"b": {"type": "integer"}}},
    }});
    let mut list = json!({"type": "array", "items": item});
    let text = "[{x: 1, a: {b: 1, z: 1}}]";
    assert_eq!(spec(&list, text).len(), 2);
    list["x-kubernetes-preserve-unknown-fields"] = true.into();
    assert_eq!(
        spec(&list, text),
        ["UnknownField `spec[0].a` has no field `z` [fields here: b]"]
    );
}

#[test]
fn patterns_are_those_of_go() {
    let cases = [
        ("^[[:alpha:]]+$", "abc", "ab1"),
        (r"^\Qa.b\E$", "a.b", "axb"),
        (r"^\101\x42$", "AB", "101B"),
        (r"^\p{L}{1,500}$", "équipe", "a1"),
        (r"^\d+$", "12", "١٢"),
        ("^[a[b]$", "[", "c"),
    ];
    for (pattern, good, bad) in cases {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}});
        assert_eq!(
            spec(&schema, &format!("{{a: '{good}'}}")),
            Vec::<String>::new(),
            "{pattern}"
        );
        assert_eq!(
            spec(&schema, &format!("{{a: '{bad}'}}")).len(),
            1,
            "{pattern}"
        );
    }
}

#[test]
fn what_is_filled_in_later_fits_everything() {
    let deployment = DEPLOYMENT.replace("replicas: 2", "replicas: ${REPLICAS}");
    assert_eq!(judge(None, &deployment), Vec::<String>::new());
    let schema = json!({"type": "object", "required": ["a"], "properties": {
        "a": {"x-kubernetes-int-or-string": true, "not": {"type": "string"}},
        "b": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    }});
    assert_eq!(
        spec(&schema, "{a: '${A}', b: 'x${B}'}"),
        Vec::<String>::new()
    );
    assert_eq!(spec(&schema, "{a: b}").len(), 1);
    let sealed = "ENC[AES256_GCM,data:7kV5YQ==,iv:a,tag:b,type:int]";
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{replicas: '{sealed}', selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: a, image: a}}]}}}}}}\n"
    );
    assert_eq!(judge(None, &text).len(), 1);
    let text = format!("{text}sops: {{mac: '{sealed}', version: 3.9.0}}\n");
    assert_eq!(judge(None, &text), Vec::<String>::new());
}

#[test]
fn what_no_cluster_can_have_is_invalid() {
    for (api_version, kind) in [
        ("Apps/v1", "Deployment"),
        ("apps/V1", "Deployment"),
        ("apps//v1", "Deployment"),
        ("apps/v1/", "Deployment"),
        ("example.com/v1 ", "Shop"),
        ("example.com/", "Shop"),
        ("example_com/v1", "Shop"),
        ("example.com/v1", "My Shop"),
    ] {
        let text = format!("apiVersion: '{api_version}'\nkind: '{kind}'\nmetadata: {{name: a}}\n");
        let told = judge(None, &text);
        assert!(
            told.len() == 1 && told[0].starts_with("Invalid "),
            "{api_version} {kind}: {told:?}"
        );
    }
}

#[test]
fn a_field_that_servers_never_asked_for_may_be_left_out() {
    let set = DEPLOYMENT
        .replace("kind: Deployment", "kind: StatefulSet")
        .replace("  strategy: null\n", "");
    for version in ["1.25", "1.31", "1.32", "1.33", "1.37"] {
        assert_eq!(
            judge(Some(version), &set),
            Vec::<String>::new(),
            "{version}"
        );
    }
}
