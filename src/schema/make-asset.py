#!/usr/bin/env python3
"""Make `kubernetes.txt.gz`: the definitions of every Kubernetes version that this program knows.

    pip install kubernetes-validate==1.37.0
    python src/schema/make-asset.py src/schema/kubernetes.txt.gz

The package holds one folder of JSON Schemas for each minor version of Kubernetes. Most definitions
are the same in many versions, and most of their bytes are descriptions. Kept is one line for each
different definition, sorted:

    NAME <tab> FIRST-LAST[,FIRST-LAST...] <tab> JSON

where FIRST and LAST are minor versions ("25-37") and JSON is the definition without descriptions.

Changed on the way, because of how an API server reads an object and not what OpenAPI can say:
- a field may be null in OpenAPI as translated by the package; an API server takes null for absence,
  which the reader of this file does too, so `null` is no type of its own here
- quantities and int-or-string are types of their own here, not a choice of two that both match
- formats of integers are ranges
- merge keys say nothing about validity; kinds are found by x-kubernetes-group-version-kind
- a field that OpenAPI requires and a later version no longer does was never asked for by a server:
  what changed is how Go types are translated. The same holds for the fields of `NOT_ASKED`, whose
  zero value is one that validation takes
- what a server asks of a field and OpenAPI does not say is added: see `asked.py`
- the apiVersion of DeleteOptions and WatchEvent lists every group ever; neither can be applied
"""

import gzip
import json
import pathlib
import re
import sys

import kubernetes_validate

import asked as by_servers

KINDS = "x-kubernetes-group-version-kind"
RANGES = {"int32": 2**31, "int64": 2**63}
NEVER_APPLIED = ("meta.v1.DeleteOptions", "meta.v1.WatchEvent")
KEPT = (KINDS, "x-kubernetes-list-type", "x-kubernetes-list-map-keys")
NOT_ASKED = {
    "apiextensions.v1.CustomResourceDefinitionVersion": {"served", "storage"},
    "batch.v1.PodFailurePolicy": {"rules"},
    "core.v1.HTTPHeader": {"value"},
    "core.v1.ISCSIPersistentVolumeSource": {"lun"},
    "core.v1.ISCSIVolumeSource": {"lun"},
    "core.v1.LimitRangeSpec": {"limits"},
    "core.v1.PreferredSchedulingTerm": {"preference"},
    "core.v1.Sysctl": {"value"},
    "storage.v1.CSIDriver": {"spec"},
    "storage.v1.TokenRequest": {"audience"},
}
OWN = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"], "format": "quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "type": ["string", "integer"],
        "minimum": -RANGES["int32"],
        "maximum": RANGES["int32"] - 1,
    },
}


def schema(it):
    """A schema without what says nothing about validity."""
    out = {}
    for key, value in it.items():
        if key == "description" or (key.startswith("x-") and key not in KEPT):
            continue
        if key == "type" and isinstance(value, list):
            rest = [name for name in value if name != "null"]
            value = rest[0] if len(rest) == 1 else rest
        elif key == "properties":
            value = {name: schema(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            value = schema(value)
        elif (key, value) == ("x-kubernetes-list-type", "atomic"):
            continue
        elif key in ("oneOf", "anyOf", "allOf"):
            value = [schema(child) for child in value]
        elif key == "format" and value in RANGES:
            out["minimum"], out["maximum"] = -RANGES[value], RANGES[value] - 1
            continue
        elif key == "format" and value == "double":
            continue
        out[key] = value
    return out


def definition(name, it):
    if name in OWN:
        return OWN[name]
    out = schema(it)
    if name.endswith(NEVER_APPLIED):
        out.pop(KINDS, None)
    return out


def asked(versions):
    """By definition and version: the fields that a server may ask for."""
    out = {}
    for minor in sorted(versions, reverse=True):
        for name, it in versions[minor].items():
            required = set(it.get("required", ()))
            later = out.get((name, minor + 1))
            if later is not None:
                required &= later
            for suffix, fields in NOT_ASKED.items():
                if name.endswith("." + suffix):
                    required -= fields
            out[name, minor] = required
    return out


def ranges(minors):
    out = []
    for minor in sorted(minors):
        if out and out[-1][1] == minor - 1:
            out[-1][1] = minor
        else:
            out.append([minor, minor])
    return ",".join(f"{first}-{last}" for first, last in out)


def main(target):
    source = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    versions = {}
    for folder in source.glob("v1.*-local-strict"):
        minor = int(re.match(r"v1\.(\d+)\.", folder.name)[1])
        versions[minor] = json.loads((folder / "_definitions.json").read_text())["$defs"]
    required = asked(versions)
    lines = {}
    for minor, definitions in versions.items():
        for name, it in definitions.items():
            it = definition(name, it)
            more = by_servers.narrow(name, it, minor)
            if "required" in it:
                it["required"] = [field for field in it["required"] if field in required[name, minor]]
                if not it["required"]:
                    del it["required"]
            if more:
                it["required"] = sorted(more | set(it.get("required", ())))
            text = json.dumps(it, sort_keys=True, separators=(",", ":"))
            lines.setdefault((name, text), []).append(minor)
    body = "".join(f"{name}\t{ranges(minors)}\t{text}\n" for (name, text), minors in sorted(lines.items()))
    # No time and no name in the header: the same package gives the same bytes.
    pathlib.Path(target).write_bytes(gzip.compress(body.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
