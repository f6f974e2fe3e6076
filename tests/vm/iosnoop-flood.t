#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 200,000 maps and as many unmaps, as fast as one thread can make them, with iosnoop's usual
# buffer: each lost event is counted. Each form of output, and a recording, has its
# own iosnoop, one after the other, as all at once would only wait for each other.
# vm: --smp 2
# takes: 15
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
load=$tests/iommu-load

# flood NAME PAIRS OPTIONS...: iosnoop's lines are counted as they come, into $dir/NAME
flood() {
	local name=$1 pairs=$2 begin=$SECONDS
	shift 2
	mkfifo "$dir/$name.lines"
	"$tests/count-events" <"$dir/$name.lines" >"$dir/$name" 9>&- &
	local counter=$!
	$iosnoop "$@" >"$dir/$name.lines" 2>"$dir/$name.err" </dev/null 9>&- &
	pids[$name]=$!
	await waits "${pids[$name]}"
	"$load" --pairs "$pairs" >"$dir/load"
	is "$name: the client did $pairs pairs" "$(tail -n1 "$dir/load")" \
		"maps=$pairs unmaps=$pairs"
	stop "$name"
	wait "$counter"
	end_record "$name"
	diag "$name: $((SECONDS - begin)) s; $lost of $seen lost"
}
n() { sed -n "s/^$1 n=//p" "$dir/$2"; }

pairs=200000 all=400000
flood json $pairs -j -e map,unmap
is "it ends with 0" "$rc" 0
is "seen is each map and each unmap" "$seen" $all
is "seen is filtered, submitted and lost" "$((filtered + submitted + lost))" $all
is "nothing was filtered; all submitted events were shown" "$filtered $shown" "0 $submitted"
is "as many lines came out" "$(($(n event=map json) + $(n event=unmap json)))" "$shown"
is "and no others but the start, losses and the end" \
	"$(grep -cvE '^(event=(map|unmap)|type=(start|lost|end)) n=|^\{' "$dir/json")" 0
if ((lost)); then
	ok "the message has the number" says json "lost $lost of $all events"
	ok "losses have lines" test "$(n type=lost json)" -gt 0
else
	is "nothing is said when none is lost" "$(<"$dir/json.err")" ""
	is "nor in the lines" "$(n type=lost json)" ""
	is "half of them are maps" "$(n event=map json)" $pairs
fi

# Events that are filtered in the kernel take no room.
flood filtered $pairs -j -e map,unmap -m 1h --strict
is "all are filtered, none is lost" "$rc $seen $filtered $submitted $lost" "0 $all $all 0 0"

# With a buffer of a page most are lost: the sum stays exact, and --strict says so.
flood small 50000 -j -e map,unmap --buffer-size 4K --strict
is "--strict ends with 6" "$rc" 6
is "seen is all that was done" "$seen" 100000
ok "much is lost" test "$lost" -gt 1000
is "lost and shown events are all" "$((lost + shown))" 100000
is "as many lines came out" "$(($(n event=map small) + $(n event=unmap small)))" "$shown"
ok "the message has the number" says small "lost $lost of 100000 events"

# Reports count every event, however many there are.
start report $iosnoop -jH -e map,unmap
"$load" --pairs 50000 >"$dir/load"
stop report
sound report
end_record report
is "histograms have each event that was not lost" \
	"$(grep histogram "$dir/report" | json count untimed | tr '= ' '  ' |
		awk '{ n += $2 + $4 } END { print n }')" \
	$((100000 - lost))
finish
