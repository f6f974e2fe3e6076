#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The files for a fleet: Prometheus's rules pass their unit tests, which notice a change of each
# alert; rules and dashboard name metrics that iommutop writes; the unit of the metrics.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
promtool=$(sed -n 's/^SETUP_PROMTOOL *= *//p' build/setup/paths.mk 2>/dev/null)
promtool=$(command -v "${promtool:-promtool}" 2>/dev/null)
rules=fleet/iommufd.rules.yml
mapfile -t alerts < <(sed -nE 's/^ +- alert: //p' $rules)

# unit_tests: those of a copy of the rules
unit_tests() { run "$promtool" test rules "$dir/iommufd.test.yml"; ((rc == 0)); }
if [[ $promtool ]]; then
	ok "Prometheus accepts the rules" "$promtool" check rules $rules
	cp fleet/*.yml "$dir"
	ok "the unit tests of the rules pass" unit_tests
	for alert in "${alerts[@]}"; do
		# An alert that never fires: its expression is false.
		awk -v alert="$alert" '$2 == "alert:" { cut = $3 == alert }
			cut && $1 == "expr:" { print "        expr: vector(1) > 2"; skip = 1; next }
			skip && /^ {10}/ { next }
			{ skip = 0; print }' $rules >"$dir/iommufd.rules.yml"
		not() { ! "$@"; }
		ok "they notice that $alert does not fire" not unit_tests
	done
else
	skip "Prometheus accepts the rules" "no promtool on this machine"
	skip "the unit tests of the rules pass" "no promtool on this machine"
	for alert in "${alerts[@]}"; do
		skip "they notice that $alert does not fire" "no promtool on this machine"
	done
fi

# The metrics of the recordings, and those that iommutop(8) lists.
for rec in tests/golden/{demo,all,lost}.rec; do
	build/iommutop --openmetrics -n 3 --replay "$rec" 2>/dev/null |
		sed -nE 's/^(iommufd_[a-z0-9_]+)[{ ].*/\1/p'
done | sort -u >"$dir/known"
sed -n '/^\.Sh METRICS/,/^\.Sh PRIV/p' man/iommutop.8.in | grep -oE 'iommufd_[a-z0-9_]+' \
	>>"$dir/known"
sed -nE 's/^ +- record: //p' $rules >>"$dir/known"
used() {
	sed -E 's/"(uid|tags|name)": *(\[|"iommufd")//' "$1" | grep -v '^ *#' |
		grep -oE '\b(instance[a-z_]*:)?iommufd_[a-z0-9_]+(:[a-z0-9_]+)?' | sort -u
}
for file in "$rules" fleet/grafana-iommufd.json; do
	is "${file#fleet/} names metrics that iommutop has" \
		"$(comm -13 <(sort -u "$dir/known") <(used "$file"))" ""
	ok "and many of them" test "$(used "$file" | wc -l)" -gt 10
done
ok "the dashboard is valid, with panels that do not overlap" python3 - <<-'END'
	import json
	board = json.load(open("fleet/grafana-iommufd.json"))
	cells = set()
	for panel in board["panels"]:
	    grid = panel["gridPos"]
	    own = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
	           for y in range(grid["y"], grid["y"] + grid["h"])}
	    assert grid["x"] + grid["w"] <= 24 and not own & cells, panel["title"]
	    assert panel["targets"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
	    cells |= own
	assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
END
finish
