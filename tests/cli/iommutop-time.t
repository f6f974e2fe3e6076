#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop and the past: --at shows a folder of recordings as it was, with rates and histories, or
# says what there is; --diff compares two moments or recordings; keys go back and forward.
# takes: 10
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
# shellcheck source=tests/lib/tmux.sh
source tests/lib/tmux.sh
# That of cli.sh, not of the terminal.
ended() { ((rc == $1)); }
trap 'screen_cleanup; rm -rf "$dir"' EXIT
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
top=$PWD/build/iommutop
tool=$top
export TZ=UTC LC_ALL=C.UTF-8

# 2026-11-28 22:00:00 UTC
begin=1795903200
rec=$dir/folder
mkdir "$rec"
# segment SECONDS START LINES: SECONDS after the begin, at CLOCK_MONOTONIC START
segment() {
	local name
	name=iosnoop-$(date -u -d "@$((begin + $1))" +%Y%m%dT%H%M%S.000Z).rec
	tests/lib/record --real $((begin + $1)) --start "$2" >"$rec/$name" <<<"$3"
	touch -d "@$((begin + $1 + 1800))" "$rec/$name"
}
# snapshot SECONDS PAGES: context 5 of vm1 holds so many pages
snapshot() {
	cat <<-END
		$1 state-begin
		$1 state-ctx ctx=5 tgid=10 uid=1000 objects=1 pinned=$(($2 * 4096)) comm=vm1
		$1 state-payer id=3 pinned=$(($2 * 4096)) charged=$(($2 * 4096)) limit=1048576 \
			used=$(($2 * 4096)) ctx=5 tgid=10 uid=1000 flags=3 comm=vm1
		$1 state-object ctx=5 id=1 type=1 areas=$2 mapped=$(($2 * 4096)) \
			pinned=$(($2 * 4096)) runs=$2
		$1 state-end has_payers=1
	END
}
# maps FIRST LAST CTX: a map of a page each second
maps() {
	local i
	for ((i = $1; i <= $2; i++)); do
		echo "$i map comm=vm$3 ctx=$3 tgid=$((10 + $3)) ioas=1 length=4096 pages=1" \
			pin_ns=500
	done
}
segment 0 1000 "$(snapshot 0.1 100; maps 1 600 5)
	3600 end"
# Context 6 is new, and 5 grows.
segment 3600 4600 "$(snapshot 0.1 150; maps 1 50 5; maps 51 90 6)
	100 dma-fault sbdf=0x20 addr=0x5000 perm=2 reason=5
	101 bind comm=vm6 ctx=6 tgid=16 device=2 sbdf=0x20 group=7
	102 attach comm=vm6 ctx=6 tgid=16 device=2 sbdf=0x20 ioas=1 hwpt=4
	1800 end"
# The machine was off from 23:30 to 01:00.
segment 10800 10 "$(snapshot 0.1 7)
	60 cut"

at() { run $top --replay "$rec" -j --at "$@"; }
pinned() { json time_ns contexts.0.pinned_bytes contexts.0.maps <"$dir/out" | sed -n 2p; }
at 22:01:40.5
ok "--at ends with one sample" each 'ended 0' 'silent err' \
	'(($(grep -c "\"type\":\"sample\"" "$dir/out") == 1))'
is "it is the state of that moment: a snapshot and 100 maps" "$(pinned)" \
	"time_ns=1100500000000 contexts.0.pinned_bytes=819200 contexts.0.maps=1"
at 22:01:40.5 -i 10
is "rates are those of the interval before" "$(pinned)" \
	"time_ns=1100500000000 contexts.0.pinned_bytes=819200 contexts.0.maps=10"
at 22:01:40.5 -n 3
is "-n goes on from there" "$(json contexts.0.pinned_bytes <"$dir/out" | sed -n 2,4p |
	cut -d= -f2 | xargs)" "819200 823296 827392"
at 22:01:40.5
is "growth is judged by what was before" \
	"$(json contexts.0.grown_per_minute_bytes <"$dir/out" | sed -n 2p)" \
	"contexts.0.grown_per_minute_bytes=$((60 * 4096))"
at 23:00:10.5
is "the snapshot of a segment is the state, without the segments before" "$(pinned)" \
	"time_ns=4610500000000 contexts.0.pinned_bytes=655360 contexts.0.maps=1"
at "yesterday 22:30"
is "a quiet time has the state before it" "$(pinned)" \
	"time_ns=2800000000000 contexts.0.pinned_bytes=2867200 contexts.0.maps=0"
at 2026-11-29T02:00:30+01:00
is "times go on over a reboot" "$(json contexts.0.pinned_bytes <"$dir/out" | sed -n 2p)" \
	"contexts.0.pinned_bytes=28672"
at 22:01:40.5 --view detail --ctx 5
is "the history of a context has the intervals before" \
	"$(json history.0.pinned_bytes history.99.pinned_bytes history.99.time_ns history.99.maps \
		history.100 <"$dir/out" | sed -n 2p)" \
	"history.0.pinned_bytes=413696 history.99.pinned_bytes=819200 \
history.99.time_ns=1100500000000 history.99.maps=1"
at 23:01:45 --view faults
is "faults before are there" "$(json lines.0.addr <"$dir/out" | sed -n 2p)" \
	"lines.0.addr=0x5000"
run $top --replay "$rec" --at 22:01:40.5 --csv
is "CSV has it, too" "$(head -n 2 "$dir/out" | cut -d, -f2-6 | wc -l)" 2
run $top --replay "$rec" --at 22:01:40.5 -b
ok "text has it, too" grep -qE 'vm1.* 800K ' "$dir/out"
run $top --replay "$rec" --at 22:01:40.5 --openmetrics
ok "metrics have it, too" grep -q '^iommufd_context_pinned_bytes{.*} 819200' "$dir/out"

# ---- differences ----
run $top -b --replay "$rec" --diff 22:00:30 23:01:45
ok "--diff has the totals" grep -q \
	'^From .* 22:00:30 to .* 23:01:45: pinned 520K, then 960K (+440K); 4 changes$' "$dir/out"
is "the largest change comes first" "$(awk 'NR > 2 { print $1, $2, $5, $6, $7, $8 }' "$dir/out")" \
	"changed context 5 520K 800K +280K
changed payer 5 400K 600K +200K
appeared context 6 - 160K +160K
appeared device 6 - - -"
run $top --replay "$rec" -j --diff 22:00:30 23:01:45
is "JSON has it, too" "$(json change kind ctx pinned_change_bytes before.pinned_bytes \
	after.pinned_bytes name <"$dir/out" | sed 1d)" \
	"change=changed kind=context ctx=5 pinned_change_bytes=286720 before.pinned_bytes=532480 \
after.pinned_bytes=819200 name=null
change=changed kind=payer ctx=5 pinned_change_bytes=204800 before.pinned_bytes=409600 \
after.pinned_bytes=614400 name=null
change=appeared kind=context ctx=6 pinned_change_bytes=163840 after.pinned_bytes=163840 name=null
change=appeared kind=device ctx=6 pinned_change_bytes=0 after.pinned_bytes=null name=0000:00:04.0"
run $top --replay "$rec" --csv --diff 22:00:30 23:01:45
is "so has CSV" "$(cut -d, -f1,2,6-10 "$dir/out" | sed 1d)" \
	"changed,context,5,,532480,819200,286720
changed,payer,5,,409600,614400,204800
appeared,context,6,,,163840,163840
appeared,device,6,0000:00:04.0,,,0"
is "all lines of CSV have the same number of cells" \
	"$(sed 's/[^,]//g' "$dir/out" | sort -u | wc -l)" 1
run $top -bq --replay "$rec" --diff 23:01:45 22:00:30
is "the other way round things are gone" "$(awk '{ print $1, $2, $8 }' "$dir/out")" \
	"changed context -280K
changed payer -200K
gone context -160K
gone device -"
run $top -bq --replay "$rec" --diff 22:20 22:25
is "without a change there is no line" "$rc $(<"$dir/out")" "0 "
# The numbers of another boot mean something else, so names are compared.
run $top -bq --diff "$rec/iosnoop-20261128T230000.000Z.rec" "$rec/iosnoop-20261129T010000.000Z.rec"
is "the ends of two recordings, of different boots" \
	"$(awk '{ print $1, $2, $3, $5, $6, $7, $8 }' "$dir/out")" \
	"changed context vm1 5 800K 28K -772K
changed payer vm1 5 600K 28K -572K
gone context vm6 6 160K - -160K
gone device vm6 6 - - -"
run $top -bq --diff "$rec" "$rec/iosnoop-20261129T010000.000Z.rec"
is "the end of a folder is that of its last segment" "$rc $(<"$dir/out")" "0 "
refused "one recording" "--diff needs two recordings, or with --replay two moments" --diff x
refused "three recordings" "unexpected operand 'c'" --diff a b c
refused "operands without --diff" "unexpected operand 'a'" a
refused "a difference as metrics" "--diff goes with --replay, filters" --openmetrics --diff a b
refused "a difference of no moments" "--diff: 'dawn' is not a moment" --replay "$rec" \
	--diff dawn noon
run $top -b --replay "$rec" --diff 22:30 "2026-11-29 00:10"
ok "a moment that was not recorded is an error" each 'ended 1' 'says "it stops at"'

# ---- nothing was recorded ----
at "2026-11-29 00:10"
ok "a time in a gap has its ends" each 'ended 1' \
	"says 'has no recording of 2026-11-29 00:10:00: it stops at 2026-11-28 23:30:00'" \
	"says 'goes on at 2026-11-29 01:00:00'"
at 21:00
ok "a time before the start has the start" each 'ended 1' \
	"says 'has no recording of 2026-11-28 21:00:00: it begins at 2026-11-28 22:00:00'"
at "2026-11-29 05:00"
ok "a time after the end has the end" each 'ended 1' "says 'it ends at 2026-11-29 01:00:00'"
refused "a time without a recording" "--at is about a recording" --at 3:00
refused "no moment" "--at: 'dawn' is not a moment" --replay "$rec" --at dawn
run $top --replay - -b --at 3:00 <"$rec"/*010000*.rec
ok "standard input has no other time" each 'ended 1' 'says "standard input cannot be read again"'

# ---- the screen ----
if reason=$(screen_missing); then
	skip "the screen goes back and forward" "$reason"
	finish
	exit
fi
screen_start 100x24 "TZ=UTC $top --replay $rec --at 22:01:40.5"
ok "the screen shows the date, and time stands still" \
	shows '2026-11-28 22:01:40  PAUSED'
ok "with the state of then" shows 'vm1 .* 800K'
keys '('
ok "( goes back by an interval" each "shows '2026-11-28 22:01:39  PAUSED'" "shows 'vm1 .* 796K'"
keys ')' ')'
ok ") goes on" each "shows '2026-11-28 22:01:41  PAUSED'" "shows 'vm1 .* 804K'"
keys '}'
ok "} goes on by 60 intervals" each "shows '2026-11-28 22:02:41  PAUSED'" "shows 'vm1 .* 1044K'"
keys '{' '{'
ok "{ goes back by 60 intervals" each "shows '2026-11-28 22:00:41  PAUSED'" "shows 'vm1 .* 564K'"
keys '{'
ok "before the start it stays, and says so" each \
	"shows '^no recording: it begins at 2026-11-28 22:00:00'" "shows 'vm1 .* 564K'"
keys '@'
ok "@ asks for a time" shows '^Go to: '
keys -l 22:05:00
keys Enter
ok "and goes there" each "shows '2026-11-28 22:05:00  PAUSED'" "shows 'vm1 .* 1600K'"
keys '@'
keys -l dawn
keys Enter
ok "if it is one" each "shows \"'dawn' is not a moment\"" "shows 'vm1 .* 1600K'"
keys '@' Escape
ok "Esc leaves it" lacks '^Go to: '
keys p
ok "p lets time go on" shows '2026-11-28 22:[0-9:]+$'
keys q
screen_start 100x24 "TZ=UTC $top --replay $rec --at '2026-11-29 01:00:58'"
keys p
ok "at the end it stops" shows '2026-11-29 01:0[01]:[0-9]+  END'
keys '('
ok "and can be left" shows '2026-11-29 01:0[01]:[0-9]+  PAUSED'
keys q
cp -r "$rec" "$dir/gone"
screen_start 100x24 "TZ=UTC $top --replay $dir/gone --at '2026-11-28 22:01:40'"
shows 'PAUSED' >"$dir/out"
rm "$dir"/gone/*
keys '('
ok "a recording that was removed ends it, with a message" \
	shows 'iommutop: .*/gone has no recordings'
finish
