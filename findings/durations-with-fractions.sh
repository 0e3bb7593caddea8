#!/usr/bin/env bash
# k8s.io/kube-openapi v0.0.0-20260721132016-d427ff9ee9ad, which apiextensions-apiserver 0.37.2 asks for, and
# github.com/go-openapi/strfmt 0.26.2, from which its package `strfmt` was once taken.
#
# `strfmt.ParseDuration`, which also decides what `format: duration` of a custom resource takes, looks for
# digits and a unit anywhere in a text that Go's own parser does not read. The sign and what stands before a
# decimal point are lost without an error: "1.5 hours" is five hours, "0.5 days" five days, and "-2 days" two
# days ahead. The package that it was taken from reads all three as they are meant.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOFLAGS=-mod=mod
cd "$folder"
cat >go.mod <<'MOD'
module finding

go 1.26.0

require (
	github.com/go-openapi/strfmt v0.26.2
	k8s.io/kube-openapi v0.0.0-20260721132016-d427ff9ee9ad
)
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"

	origin "github.com/go-openapi/strfmt"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
)

func main() {
	for _, text := range []string{"1.5h", "1 day 2 hours", "1.5 hours", "0.5 days", "-2 days"} {
		read, err := strfmt.ParseDuration(text)
		other, otherErr := origin.ParseDuration(text)
		fmt.Println(text, "|", read, err, "|", other, otherErr)
	}
}
GO
go mod tidy >/dev/null 2>&1
seen=$(go run .)
go list -m k8s.io/kube-openapi github.com/go-openapi/strfmt
echo "text | kube-openapi | go-openapi"
printf '%s\n' "$seen"
expected='1.5h | 1h30m0s <nil> | 1h30m0s <nil>
1 day 2 hours | 26h0m0s <nil> | 26h0m0s <nil>
1.5 hours | 5h0m0s <nil> | 1h30m0s <nil>
0.5 days | 120h0m0s <nil> | 12h0m0s <nil>
-2 days | 48h0m0s <nil> | -48h0m0s <nil>'
if [ "$seen" != "$expected" ]; then
  echo "changed: durations are no longer read like this" >&2
  exit 1
fi
echo "as found: fractions and signs are lost before words"
