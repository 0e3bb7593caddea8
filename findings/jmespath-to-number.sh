#!/usr/bin/env bash
# jmespath 1.1.0, from PyPI.
#
# JMESPath's `to_number` gives the number that a text holds by the grammar of JSON, and null for any other.
# The Python package asks Python instead: `1_000`, `01`, `.5` and digits of other scripts are numbers, and
# `nan` and `infinity` become values that JSON does not have, which a sum then has too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jmespath==1.1.0
seen=$("$folder/venv/bin/python" - <<'PYTHON'
import jmespath, json
print("jmespath", jmespath.__version__)
for text in ["1e3", "0x10", "1_000", "01", ".5", "+5", " 5 ", "\u0663", "nan", "infinity"]:
    print(ascii(text), json.dumps(jmespath.search("to_number(@)", text)))
print("sum", json.dumps(jmespath.search("sum([].to_number(@))", ["1", "nan"])))
PYTHON
)
printf '%s\n' "$seen"
expected="jmespath 1.1.0
'1e3' 1000.0
'0x10' null
'1_000' 1000
'01' 1
'.5' 0.5
'+5' 5
' 5 ' 5
'\\u0663' 3
'nan' NaN
'infinity' Infinity
sum NaN"
if [ "$seen" != "$expected" ]; then
  echo "changed: to_number no longer reads these texts like this" >&2
  exit 1
fi
echo "as found: texts that are no JSON numbers are read as numbers"
