//! ConfigMaps and Secrets that kustomizations generate.

use super::*;

#[test]
fn data_comes_from_all_sources_and_names_get_a_hash() {
    check(
        &[
            (
                "app/kustomization.yaml",
                "configMapGenerator:\n- name: c\n  literals: [\"a='x y'\", 'b=1=2']\n  \
                 files: [f.txt, key=g.txt]\n  envs: [e.env]\n",
            ),
            ("app/f.txt", "text\n"),
            ("app/g.txt", "g"),
            ("app/e.env", "\u{feff}# comment\n  E=v=w\nEMPTY\n\n"),
        ],
        "apiVersion: v1\ndata:\n  E: v=w\n  EMPTY: \"\"\n  a: x y\n  b: 1=2\n  f.txt: |\n    text\n  \
         key: g\nkind: ConfigMap\nmetadata:\n  name: c-cmchbd72t9\n",
    );
}

#[test]
fn secrets_are_base64() {
    check(
        &[(
            "app/kustomization.yaml",
            "secretGenerator:\n- name: s\n  type: kubernetes.io/tls\n  literals: [a=b]\n  \
             options: {disableNameSuffixHash: true, immutable: true, labels: {x: z}}\n",
        )],
        "apiVersion: v1\ndata:\n  a: Yg==\nimmutable: true\nkind: Secret\nmetadata:\n  labels:\n    \
         x: z\n  name: s\ntype: kubernetes.io/tls\n",
    );
}

#[test]
fn the_hash_is_kubernetes_own() {
    check(
        &[(
            "app/kustomization.yaml",
            "configMapGenerator:\n- name: c\n  literals: [a=b]\n",
        )],
        "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  name: c-4h2mbtbbt6\n",
    );
}

const BASE: (&str, &str) = (
    "base/kustomization.yaml",
    "generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator:\n- name: c\n  \
     literals: [a=1, b=2]\n  options: {labels: {l: base}}\nnamePrefix: p-\n",
);

#[test]
fn merging_adds_to_the_data_of_the_base() {
    check(
        &[
            BASE,
            (
                "app/kustomization.yaml",
                "resources: [../base]\nconfigMapGenerator:\n- name: c\n  behavior: merge\n  \
                 literals: [b=3, d=4]\n  options: {labels: {m: over}}\n",
            ),
        ],
        "apiVersion: v1\ndata:\n  a: \"1\"\n  b: \"3\"\n  d: \"4\"\nkind: ConfigMap\nmetadata:\n  \
         labels:\n    l: base\n    m: over\n  name: p-c\n",
    );
}

#[test]
fn replacing_keeps_the_name_only() {
    check(
        &[
            BASE,
            (
                "app/kustomization.yaml",
                "resources: [../base]\nconfigMapGenerator:\n- name: p-c\n  behavior: replace\n  \
                 literals: [d=4]\n",
            ),
        ],
        "apiVersion: v1\ndata:\n  d: \"4\"\nkind: ConfigMap\nmetadata:\n  labels:\n    l: base\n  \
         name: p-c\n",
    );
}

#[test]
fn what_exists_cannot_be_created_and_what_is_missing_not_merged() {
    refuse(
        &[
            BASE,
            (
                "app/kustomization.yaml",
                "resources: [../base]\nconfigMapGenerator: [{name: c, literals: [x=y]}]\n",
            ),
        ],
        "exists already",
    );
    refuse(
        &[(
            "app/kustomization.yaml",
            "configMapGenerator: [{name: c, behavior: merge, literals: [x=y]}]\n",
        )],
        "there is no ConfigMap c",
    );
}

#[test]
fn bad_sources_are_refused() {
    for (source, why) in [
        ("literals: [a]", "key=value"),
        ("literals: ['=a']", "key=value"),
        ("literals: [a=1, a=2]", "twice"),
        ("files: [=f]", "names no key"),
        ("files: [a=]", "names no file"),
        ("files: [a=b=c]", "more than once"),
        ("files: [missing]", "there is no file"),
        ("files: [../outside]", "lies outside"),
    ] {
        let text = format!("configMapGenerator:\n- name: c\n  {source}\n");
        refuse(&[("app/kustomization.yaml", &text), ("outside", "")], why);
    }
}

#[test]
fn long_binary_is_broken_into_lines() {
    let long = "x".repeat(60);
    inspect(
        &[
            (
                "app/kustomization.yaml",
                "secretGenerator:\n- name: s\n  files: [f]\n",
            ),
            ("app/f", &long),
        ],
        |build, sources| {
            let value = build.resources[0]
                .body
                .get("data")
                .and_then(|it| it.get("f"));
            let value = value.expect("the data");
            let lines: Vec<usize> = value
                .as_str()
                .expect("text")
                .lines()
                .map(str::len)
                .collect();
            assert_eq!(lines, [70, 10]);
            assert_eq!(sources.describe(value.span()), "app/f:1:1");
        },
    );
}
