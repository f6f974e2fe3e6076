#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iommutop, in guest instructions (a nanosecond is one): a map and unmap while it is
# attached, a refresh of an idle system, a refresh with 1,000 IOASes and 200,000 areas, and memory.
#
# The cost of a refresh is this program's CPU time of an interval, in the kernel too, with its
# output; the first one, which finds everything for the first time, is left out.
#
# For the screen, runs of 5 and of 25 refreshes are compared, so that start and end do not count.
# How often the terminal wakes the program up depends on the host. So these marks are five times
# what it takes, and a walk over all areas in each refresh would still exceed them.
# vm: --icount
# takes: 110
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

# cpu_ms REFRESHES VIEW: of a whole run on a screen
cpu_ms() {
	local run="$top -i 300ms -n $1 --view $2 2>/dev/null"

	screen_start 120x40 "bash -c 'TIMEFORMAT=\"%3U %3S\"; time $run' 2>$dir/time"
	ended 0 >/dev/null || return 1
	tail -n 1 "$dir/time" | awk '{ printf "%d\n", 1000 * ($1 + $2) + 0.5 }'
}
# on_screen NAME VIEW LIMIT: instructions of a refresh
on_screen() {
	local few many
	if [[ $no_screen ]]; then
		skip "$1" "$no_screen"
		return
	fi
	few=$(cpu_ms 5 "$2")
	many=$(cpu_ms 25 "$2")
	at_most "$1" $((${few:-0} && ${many:-0} ? (many - few) * 1000000 / 20 : 999999999)) "$3"
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
at_most "a map costs 15 % more" "$map_after" $((map_before * 115 / 100))
at_most "an unmap costs 15 % more" "$unmap_after" $((unmap_before * 115 / 100))

# ---- refreshes ----
self
at_most "a refresh of an idle system" "$cpu" 5000000
for view in overview latency; do
	on_screen "screen, idle, $view" $view 10000000
done
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
for view in overview detail space; do
	on_screen "screen, 1,000 IOASes, $view" $view 50000000
done
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
for view in areas space; do
	on_screen "screen, 200,000 areas, $view" $view 20000000
done
on_screen "screen, 200,000 areas, sorted by length" "areas --sort length" 20000000
# Here, very many areas have the same owner, and nearly the same age.
for sort in +age +machine; do
	on_screen "screen, 200,000 areas, sorted by $sort" "areas --sort $sort" 20000000
done
# The terminal's server has the client's input open, too.
screen_end
is "all are listed in a batch" "$("$top" --csv -q -n 1 -i 100ms --view areas --ctx "$ctx" \
	--ioas "$ioas" | wc -l)" 200000
exec 8>&-
wait $pid
pid=''

finish
