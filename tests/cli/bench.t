#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The report of make bench: table, ratios, marks, mean, JSON and chart, from given figures.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# report FIGURES...: status in $status, output in $dir/out
report() {
	printf '%b\n' "$@" >"$dir/measured"
	PYTHONDONTWRITEBYTECODE=1 python3 tests/bench/report.py --json "$dir/json" \
		--svg "$dir/svg" --about 'a test & more' "$dir/measured" >"$dir/out" 2>"$dir/err"
	status=$?
}
# line TEXT: the line of the table that begins with TEXT, with single blanks
line() { grep -- "^$1" "$dir/out" | tr -s ' ' | sed 's/ $//'; }

report 'iommufd\t4 KiB\t3000\t2800' 'upstream\t4 KiB\t6000\t11200' 'type1\t4 KiB\t8000\t3000'
is "cheaper than upstream: status" "$status" 0
is "cheaper: map" \
	"$(line '4 KiB')" '4 KiB map 3000 6000 0.500 8000 1217 3200'
is "cheaper: unmap is over its mark" \
	"$(line ' *unmap')" ' unmap 2800 11200 0.250 3000 1553 2700 over'
is "cheaper: the mean" \
	"$(line 'geometric')" 'geometric mean of the ratios: 0.354'
is "JSON" "$(python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(d["about"], round(d["mean_ratio"], 3), [f["iommufd"] for f in d["figures"]])' "$dir/json")" \
	'a test & more 0.354 [3000, 2800]'
ok "the chart is well-formed XML" python3 -c 'import sys, xml.dom.minidom
xml.dom.minidom.parse(sys.argv[1])' "$dir/svg"
ok "the chart has a bar for each ratio" test "$(grep -c '<rect' "$dir/svg")" == 2

report 'iommufd\t4 KiB\t7000\t2800'
is "dearer than what was recorded: status" "$status" 1
is "dearer: the recorded figure has a star" \
	"$(line '4 KiB')" '4 KiB map 7000 6941* 1.009 1217 3200 over dearer than upstream'

report 'iommufd\tmemory of an area, bytes\t200' 'upstream\tmemory of an area, bytes\t100'
is "memory may be more than upstream's: status" "$status" 0
is "memory is not part of the mean" \
	"$(line 'geometric')" ''

report 'iommufd\t4 KiB\t3000\t2800' 'upstream\t4 KiB\t6000\t5600' \
	'iommufd\t4 KiB among 1000 areas\t3000\t3000' 'upstream\t4 KiB among 1000 areas\t4000\t4000'
is "a row that repeats another at another size is in the table" \
	"$(line '4 KiB among 1000')" '4 KiB among 1000 areas map 3000 4000 0.750'
is "but not part of the mean" "$(line 'geometric')" 'geometric mean of the ratios: 0.500'

report 'type1\t4 KiB\t8000\t3000'
is "no figure of this driver: status" "$status" 1
is "and a sentence" "$(<"$dir/err")" \
	'bench: nothing was measured: is there a row of this name?'
finish
