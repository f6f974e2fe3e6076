#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of rules, in guest instructions (a nanosecond is one): what a rule file adds to a map, beyond
# what the driver needs to ask a policy that always allows. One rule may cost 600 instructions, and
# 100 rules 1500.
# vm: --icount
# takes: 40
# alone: tests that ran before would change the counts
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
iopolicy=build/iopolicy
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind edu >/dev/null 2>"$dir/bind.err"
map_cost() { build/tests/bench-ops --small x "$edu" | cut -f 2; }

# measure NAME LIMIT FILE: a map with these rules costs at most LIMIT more than with no rule
measure() {
	local cost
	$iopolicy apply "$dir/$3" >"$dir/out" 2>"$dir/err" || diag "$(<"$dir/err")"
	cost=$(map_cost)
	diag "$1: $((cost - asked)), at most $2"
	ok "$1" test "$((cost - asked))" -le "$2"
	$iopolicy unload "${3%.rules}" >/dev/null
}

cat >"$dir/one.rules" <<END
rule big-user
	deny map
	when uid = 1000 and uid-after > 4G
	error ENOMEM
END
cat >"$dir/cgroup.rules" <<END
rule small-slice
	deny map
	when cgroup below /machine.slice
END
cat >"$dir/limit.rules" <<END
rule rate
	limit map to 1000000/s per context
END
for ((n = 1; n <= 25; n++)); do
	cat <<END
rule user-$n
	deny map when uid = $((1000 + n)) and uid-after > ${n}G
rule window-$n
	deny map when uid = $((2000 + n)) unless range within $((n * 4))G..$((n * 4 + 1))G
rule scope-$n
	deny map when process-after > $((100 + n))G scope /machine.slice/vm$n
rule kind-$n
	deny map when memory in {file, dmabuf} and length > ${n}M and write
		and not comm = qemu-$n
END
done >"$dir/hundred.rules"

diag "without a policy: $(map_cost)"
$iopolicy load --name even build/tests/even.bpf.o >"$dir/out" 2>&1 || diag "$(<"$dir/out")"
asked=$(map_cost)
$iopolicy unload even >/dev/null
diag "with a policy that allows: $asked"
measure "one rule" 600 one.rules
measure "one rule for a cgroup" 600 cgroup.rules
measure "one limit" 600 limit.rules
is "there are 100 rules" "$(grep -c ^rule "$dir/hundred.rules")" 100
measure "100 rules" 1500 hundred.rules
finish
