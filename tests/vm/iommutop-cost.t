#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iommutop, in guest instructions (a nanosecond is one): a map and unmap while it is
# attached, a refresh of an idle system, a refresh with 1,000 IOASes and 200,000 areas, and memory.
#
# The cost of a refresh is this program's CPU time of an interval, in the kernel too, with its
# output; the first one, which finds everything for the first time, is left out.
#
# For the screen it is the CPU time of 20 refreshes, once 5 have passed. How often the terminal
# wakes the program up depends on the host. So these marks are far above what it takes, where that
# is little, and a walk over all areas in each refresh would still exceed them.
# vm: --icount
# takes: 80
# alone: tests that ran before would change the counts
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/tmux.sh
source "$(dirname "$0")/../lib/tmux.sh"
export LC_ALL=C.UTF-8
top=build/iommutop
dir=$screen_dir
pid=''
trap '[[ ! $pid ]] || kill $pid; screen_cleanup' EXIT
mkfifo "$dir/orders" "$dir/answers"
no_screen=$(screen_missing) || no_screen=''

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

# open_screen OPTIONS: iommutop on a screen; sets top_pid
open_screen() {
	top_pid=''
	[[ ! $no_screen ]] || return 0
	screen_start 120x40 "$top -i 1s $1 2>/dev/null"
	shows '[0-9]{2}:[0-9]{2}:[0-9]{2} ' >/dev/null && top_pid=$(pgrep -n -x iommutop)
}
# view KEY TITLE
view() {
	if [[ $no_screen ]]; then
		skip "key $1: $2" "$no_screen"
		return
	fi
	keys "$1"
	ok "key $1: $2" shows "\\[$1 $2\\]"
}
# refreshed: wait until it has refreshed; sets used, the CPU time of iommutop in ns, and at, the
# time in microseconds. Builtins only, which cost little.
refreshed() {
	local before end=$((SECONDS + patience)) stat="/proc/$top_pid/schedstat"
	read -r before _ <"$stat" && used=$before
	while [[ $used == "$before" ]]; do
		((SECONDS < end)) || return 1
		nap 0.05
		read -r used _ <"$stat" || return
	done
	while [[ $used != "$before" ]]; do
		before=$used
		nap 0.1
		read -r used _ <"$stat" || return
	done
	at=${EPOCHREALTIME/./}
}
# on_screen NAME LIMIT: instructions of a refresh of what is on the screen
on_screen() {
	local start each='' at used
	if [[ $no_screen ]]; then
		skip "$1" "$no_screen"
		return
	fi
	nap 5
	if refreshed; then
		start=("$at" "$used")
		nap 18.5
		refreshed && each=$(((used - start[1]) / ((at - start[0] + 500000) / 1000000)))
	fi
	at_most "$1" "$each" "$2"
}

# ---- the path of maps ----
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind edu >/dev/null 2>"$dir/bind.err"
pair() { build/tests/bench-ops --small x "$edu" | tail -n 1 | cut -f 2-; }
before=$(pair)
"$top" -j -i 1h >"$dir/attached" 2>"$dir/attached.err" &
pid=$!
while [[ ! -s $dir/attached ]]; do nap 0.1; done
after=$(pair)
kill -INT $pid
wait $pid
pid=''
diag "a map and an unmap of 4 KiB without: ${before//$'\t'/ and }, attached: ${after//$'\t'/ and }"
read -r map_before unmap_before <<<"$before"
read -r map_after unmap_after <<<"$after"
# Instructions, not shares, so that a driver that became quicker does not need quicker programs.
at_most "more of a map" $((map_after - map_before)) 515
at_most "more of an unmap" $((unmap_after - unmap_before)) 475

# ---- refreshes ----
self
at_most "a refresh of an idle system" "$cpu" 5000000
open_screen "--view overview"
on_screen "screen, idle, overview" 10000000
view 2 Latency
on_screen "screen, idle, latency" 10000000
screen_end
build/tests/top-client <"$dir/orders" >"$dir/answers" &
pid=$!
exec 8>"$dir/orders" 7<"$dir/answers"
# answers N: count N answers that are "ok"
answers() {
	local i line
	count=0
	for ((i = 0; i < $1; i++)); do
		read -r -t "$patience" -u 7 line || break
		[[ $line != ok ]] || count=$((count + 1))
	done
}
read -r -t "$patience" -u 7 _
{
	echo "ioas 999"
	for ((i = 0; i < 1000; i++)); do echo "map $i 200 4096"; done
} >&8 &
answers 1001
is "1,000 IOASes with 200 areas each" "$count" 1001
open_screen "--view overview"
on_screen "screen, 1,000 IOASes, overview" 50000000
view 5 "IOVA map"
on_screen "screen, 1,000 IOASes, space" 50000000
open_screen "--view detail"
on_screen "screen, 1,000 IOASes, detail" 50000000
# The terminal's server has the client's input open, too.
screen_end
self
at_most "a refresh with them" "$cpu" 20000000
at_most "its memory and its maps, in KiB" $((memory / 1024)) 65536
is "nothing was left out" "$cut" 0
"$top" --csv --view self -n 4 -i 2 >"$dir/self" 2>"$dir/self.err" &
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

# ---- one address space with 200,000 areas ----
exec 7<&-
build/tests/top-client <"$dir/orders" >"$dir/answers" &
pid=$!
exec 8>"$dir/orders" 7<"$dir/answers"
read -r -t "$patience" -u 7 line
ctx=${line#*ctx=} ctx=${ctx%% *} ioas=${line#*ioas=}
echo "map 0 200000 4096" >&8
answers 1
is "an IOAS with 200,000 areas" "$count" 1
open_screen "--view areas"
on_screen "screen, 200,000 areas, areas" 20000000
view 5 "IOVA map"
on_screen "screen, 200,000 areas, space" 20000000
open_screen "--view areas --sort length"
on_screen "screen, 200,000 areas, sorted by length" 20000000
# Here, very many areas have the same owner, and nearly the same age.
for sort in +age +machine; do
	open_screen "--view areas --sort $sort"
	on_screen "screen, 200,000 areas, sorted by $sort" 20000000
done
# The terminal's server has the client's input open, too.
screen_end
is "all are listed in a batch" "$("$top" --csv -q -n 1 -i 100ms --view areas --ctx "$ctx" \
	--ioas "$ioas" | wc -l)" 200000
exec 8>&-
wait $pid
pid=''

finish
