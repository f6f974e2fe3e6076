#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iommutop, in guest instructions (a nanosecond is one): a map and unmap while it is
# attached, a refresh of an idle system, a refresh with 1,000 IOASes and 200,000 areas, and memory.
#
# The cost of a refresh is this program's CPU time of an interval, in the kernel too, with its
# output; the first one, which finds everything for the first time, is left out.
# vm: --icount
# alone: tests that ran before would change the counts
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
top=build/iommutop
dir=$(mktemp -d /tmp/iommutop-cost.XXXXXX)
pid=''
trap '[[ ! $pid ]] || kill $pid; rm -rf "$dir"' EXIT
mkfifo "$dir/never" "$dir/orders"
exec 9<>"$dir/never"
nap() { read -r -t "$1" -u 9; }

# at_most NAME FIGURE LIMIT
at_most() {
	diag "$1: $2, at most $3"
	ok "$1" test "${2:-999999999999}" -le "$3"
}
# self: sets cpu and memory, of the last of three refreshes
self() {
	local line
	"$top" --csv --view self -n 4 -i 1 >"$dir/self" 2>"$dir/self.err" ||
		diag "$(<"$dir/self.err")"
	line=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{
			cpu = $at["cpu_ns"]
			memory = $at["rss_bytes"] + $at["maps_bytes"]
			cut = $at["cut"]
		}
		END { print cpu, memory, cut }' "$dir/self")
	read -r cpu memory cut <<<"$line"
}

# ---- the path of maps ----
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind edu >/dev/null 2>"$dir/bind.err"
pair() { build/tests/bench-ops --small x "$edu" | tail -n 1 | cut -f 2-; }
before=$(pair)
"$top" -j -i 1h >"$dir/attached" 2>"$dir/attached.err" 9>&- &
pid=$!
while [[ ! -s $dir/attached ]]; do nap 0.1; done
after=$(pair)
kill -INT $pid
wait $pid
pid=''
diag "a map and an unmap of 4 KiB without: ${before//$'\t'/ and }, attached: ${after//$'\t'/ and }"
read -r map_before unmap_before <<<"$before"
read -r map_after unmap_after <<<"$after"
at_most "a map costs 15 % more" "$map_after" $((map_before * 115 / 100))
at_most "an unmap costs 15 % more" "$unmap_after" $((unmap_before * 115 / 100))

# ---- refreshes ----
self
at_most "a refresh of an idle system" "$cpu" 5000000
build/tests/top-client <"$dir/orders" >"$dir/answers" 9>&- &
pid=$!
exec 8>"$dir/orders"
{
	echo "ioas 999"
	for ((i = 0; i < 1000; i++)); do echo "map $i 200 4096"; done
} >&8
for ((i = 0; i < 6000; i++)); do
	(($(wc -l <"$dir/answers") == 1002)) && break
	nap 0.1
done
is "1,000 IOASes with 200 areas each" "$(grep -c '^ok$' "$dir/answers")" 1001
self
at_most "a refresh with them" "$cpu" 20000000
at_most "its memory and its maps, in KiB" $((memory / 1024)) 65536
is "nothing was left out" "$cut" 0
"$top" --csv --view self -n 4 -i 2 >"$dir/self" 2>"$dir/self.err" 9>&- &
top_pid=$!
while [[ ! -s $dir/self ]]; do nap 0.1; done
for ((i = 0; i < 1000; i++)); do echo "map $i 1 4096"; done >&8
wait $top_pid
refreshes=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	NR > 2 { print $at["cpu_ns"] }' "$dir/self")
diag "refreshes, without the first: ${refreshes//$'\n'/ }"
# Far above what it takes, and far below a walk over all areas in each of three refreshes.
at_most "refreshes while all of them are mapped into, in all" $((${refreshes//$'\n'/+})) 100000000
is "all are shown" "$("$top" --csv -n 1 -i 100ms | awk -F, '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["kind"] == "ioas" { n++; areas += $at["areas"] } END { print n, areas }')" "1000 201000"
exec 8>&-
wait $pid
pid=''

finish
