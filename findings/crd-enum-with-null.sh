#!/usr/bin/env bash
# k8s.io/apiextensions-apiserver 0.37.2, which is what an API server validates custom resources with.
#
# A field of a custom resource that is `nullable: true` and whose `enum` lists null does not take null. The
# schema is accepted, null is listed among the supported values of the message, and is refused all the same:
# the comparison passes over a null in `enum`. Without `enum` the same field takes null.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOFLAGS=-mod=mod
cd "$folder"
cat >go.mod <<'MOD'
module finding

go 1.26.0

require k8s.io/apiextensions-apiserver v0.37.2
MOD
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	for _, size := range []string{
		`{"type": "string", "nullable": true}`,
		`{"type": "string", "nullable": true, "enum": ["small", null]}`,
	} {
		var read v1.JSONSchemaProps
		must(json.Unmarshal([]byte(`{"type": "object", "properties": {"size": `+size+`}}`), &read))
		var internal apiextensions.JSONSchemaProps
		must(v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&read, &internal, nil))
		structural, err := schema.NewStructural(&internal)
		must(err)
		fmt.Println("structural:", len(schema.ValidateStructural(nil, structural)) == 0, size)
		validator, _, err := validation.NewSchemaValidator(&internal)
		must(err)
		for _, value := range []any{"small", nil} {
			object := map[string]any{"size": value}
			fmt.Println(value, validation.ValidateCustomResource(nil, object, validator))
		}
	}
}
GO
go mod tidy >/dev/null 2>&1
seen=$(go run .)
go list -m k8s.io/apiextensions-apiserver
printf '%s\n' "$seen"
expected='structural: true {"type": "string", "nullable": true}
small []
<nil> []
structural: true {"type": "string", "nullable": true, "enum": ["small", null]}
small []
<nil> [size: Unsupported value: null: supported values: "small", "null"]'
if [ "$seen" != "$expected" ]; then
  echo "changed: null is no longer refused where enum lists it" >&2
  exit 1
fi
echo "as found: null is listed as a supported value, and refused"
