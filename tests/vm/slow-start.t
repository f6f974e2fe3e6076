#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The share of time that maps take, in iosnoop --summary, and its hints: for a process that maps
# memory which was never touched, and for one that has written it before.
# takes: 15
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
edu=$(tests/vm/bind --bdf edu)
ok "the edu device is bound to vfio-pci" tests/vm/bind "$edu"

start json $iosnoop -j --summary
begin text $iosnoop --summary
begin recorder $iosnoop -o "$dir/start.rec"
"$tests/slow-start" --bdf "$edu" --maps 11 >"$dir/did" 2>"$dir/did.err" &
fresh=$!
wait $fresh
is "11 maps of memory that was never touched" "$? $(<"$dir/did")" "0 pages=22528"
"$tests/slow-start" --bdf "$edu" --maps 7 --populate >"$dir/did" 2>"$dir/did.err" &
ready=$!
wait $ready
is "7 maps of memory that was written" "$? $(<"$dir/did")" "0 pages=14336"
drained json text recorder
for i in json text recorder; do stop $i; done
sound json

# of TGID KEY...
of() { grep -F '"type":"startup"' "$dir/json" | grep -F "\"tgid\":$1," | json "${@:2}"; }
is "maps and pages of the first" "$(of $fresh maps pages)" "maps=11 pages=22528"
is "each page was faulted in while it was pinned" \
	"$(of $fresh faulted_pages populated_pages)" "faulted_pages=22528 populated_pages=0"
# The client's own page faults during the calls are few.
read -r faults <<<"$(of $fresh faults)"
ok "with one fault for each" test "${faults#*=}" -ge 22528 -a "${faults#*=}" -lt 22600
is "maps and pages of the second" "$(of $ready maps pages)" "maps=7 pages=14336"
is "no page was faulted in" "$(of $ready faults faulted_pages populated_pages)" \
	"faults=0 faulted_pages=0 populated_pages=14336"
# The figures agree with each other and with the events.
$iosnoop --replay "$dir/start.rec" -j -e map >"$dir/maps"
sum() {
	grep -F "\"tgid\":$1," "$dir/maps" | json pin_ns map_ns | tr '=' ' ' |
		awk '{ pin += $2; map += $4 } END { print pin, map }'
}
$iosnoop --replay "$dir/start.rec" -j --summary | grep -F '"type":"startup"' >"$dir/replayed"
for tgid in $fresh $ready; do
	read -r pin map <<<"$(sum "$tgid")"
	is "a replay has the time of the events" "$(grep -F "\"tgid\":$tgid," "$dir/replayed" |
		json pin_ns fill_ns faults)" "pin_ns=$pin fill_ns=$map faults=null"
	read -r pin wall faulted populated <<<"$(of "$tgid" pin_ns wall_ns faulted_ns populated_ns |
		sed 's/[a-z_]*=//g')"
	ok "pins take a part of the time, and those with and without faults all of theirs" \
		each "((pin > 0 && pin <= wall))" "((faulted + populated <= pin))"
	is "the hint to populate follows the rule" "$(of "$tgid" hint_populate)" \
		"hint_populate=$( ((faulted > 0 && faulted * 1000 / wall >= 95)) && echo true ||
			echo false)"
done
ok "the table has both" each "grep -qE '^ *$fresh slow-sta .* 11 +88M ' '$dir/text'" \
	"grep -qE '^ *$ready slow-sta .* 7 +56M .* 0 +0%\$' '$dir/text'"
is "in 80 columns" "$(awk 'length > 80' "$dir/text")" ""
show <(sed -n '/%FILL/,$p' "$dir/text")
finish
