#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The same random calls on the kernel's own iommufd and on ours have the same results: errnos, ids,
# addresses, all that is written to user memory, and the pages charged. The table below has the
# differences on purpose.
#
# Longer: tests/vm/run --no-load --timeout 7200 -- tests/vm/upstream-differ.t 1-5000 500
# vm: --no-load
# before: scripts/upstream --built
# alone: it loads another iommufd
# takes: 60
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/drivers.sh
source tests/lib/drivers.sh
seeds=${1:-1-100} num=${2:-300}

# Differences on purpose, for tests/lib/trace-differ: a name, the errnos as OPERATION:UPSTREAM:OURS,
# and the reason.
differences='
newer        -  we have the ioctls and capability bits of Linux 7.3, and our extensions
hwpt-flags   -  page tables with a fault queue or for PASIDs are those of Linux 7.3
unwritable   -  a map whose struct cannot be written is undone; upstream keeps it
invalidate   invalidate:ENOENT:EINVAL  on another object, as Linux 7.3 does
'

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
devices=("$(tests/vm/bind --bdf edu)" "$(tests/vm/bind --bdf nvme:1)")

run() {	# run NAME FOLDER
	local out=$dir/$1
	ok "$1: load" drivers_load "$2" "${devices[@]}"
	ok "$1: run" eval '"$tests/differ" --seeds "$seeds" --ops "$num" "${devices[@]}" >"$out"'
	is "$1: nothing is pinned" "$(pinned)" 0
	ok "$1: unload" drivers_unload "${devices[@]}"
}

run upstream "$(UPSTREAM_KERNEL=$(uname -r) scripts/upstream --path)"
run ours "${MODULES:-build}"
echo "$differences" >"$dir/table"
names=$(awk '{ print $1 }' "$dir/table" | xargs)
tests/lib/trace-differ "$dir/table" "$dir/upstream" "$dir/ours" >"$dir/report"
is "the same results, but for the table" "$(grep -E '^(upstream|    ours): ' "$dir/report" |
	head -n 40)" ""
for i in $names; do
	ok "the difference is still there: $i" \
		grep -qE "^seen $i [0-9]+ [1-9]" "$dir/report"
done
diag "$(tail -n1 "$dir/report")"
[[ ! ${KEEP-} ]] || cp "$dir"/{upstream,ours,report} "$KEEP"
finish
