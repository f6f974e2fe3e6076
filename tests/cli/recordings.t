#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Folders of recordings: segments are one recording in the order of time, over reboots and crashes;
# moments choose a part of it. tests/unit/unit-recorder.c has the writer.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iosnoop=build/iosnoop
tool=$iosnoop
export TZ=UTC

# 2026-11-28 22:00:00 UTC, when the recorder starts.
begin=1795903200
rec=$dir/rec
mkdir "$rec"
# segment SECONDS START LINES: SECONDS after the begin, at CLOCK_MONOTONIC START
segment() {
	local name
	name=iosnoop-$(date -u -d "@$((begin + $1))" +%Y%m%dT%H%M%S.000Z).rec
	tests/lib/record --real $((begin + $1)) --start "$2" >"$rec/$name" <<<"$3"
}
map() { echo "$1 map comm=vm ctx=3 tgid=77 ioas=$2 length=4096 pages=1 pin_ns=500"; }
segment 0 1000 "$(map 1 10; map 2 11)
	3600 end"
# The recorder was killed here, and restarted at once.
segment 3600 4600 "$(map 1 20; map 30 21)
	3500 cut"
# The machine was off from 23:58 to 01:00, so its clock began anew.
segment 10800 10 "$(map 1 30; map 600 31)
	1800 end"
segment 12600 1810 "$(map 1 40)
	20 cut"
last=$rec/iosnoop-20261129T013000.000Z.rec
touch -d '2026-11-29 01:30:20' "$last"
echo note >"$rec/README"
cp "$last" "$rec/iosnoop-20261329T013000.000Z.rec"

ioases() { json ioas <"$dir/out" | sed -n 's/ioas=//p' | xargs; }
play() { run $iosnoop --replay "$rec" -j "$@"; }
play
ok "a folder is read" each 'ended 0' 'json <$dir/out >$dir/got'
ok "an incomplete segment is reported, unless it is the last" each \
	"says 'iosnoop-20261128T230000.000Z.rec is incomplete'" "lacks 'T013000'"
is "its segments are one recording in the order of time" "$(ioases)" "10 11 20 21 30 31 40"
is "its times go on over a reboot" "$(json time_ns ioas <"$dir/out" |
	sed -n 's/time_ns=\(.*\)000000000 ioas=.*/\1/p' | xargs)" \
	"1001 1002 4601 4630 11801 12400 13601"
play -T
is "the time of day is right" "$(json time ioas <"$dir/out" |
	sed -n 's/.*T\(.*\)\.0*Z ioas=.*/\1/p' | xargs)" \
	"22:00:01 22:00:02 23:00:01 23:00:30 01:00:01 01:10:00 01:30:01"
ok "the JSON fits the schema" schema <"$dir/out"
run $iosnoop --replay "$rec" --trace "$dir/trace"
ok "a folder can be traced" each 'ended 0' 'grep -q "\"ts\":13600999999.500" "$dir/trace"'

# ---- moments: now is 01:30:20, the last write ----
moment() {	# moment WHAT IOASES OPTION...
	local what=$1 want=$2
	shift 2
	play "$@"
	is "$what" "$rc $(ioases)" "0 $want"
}
moment "a time of day" "30 31 40" --since 1:00
moment "a time of day with seconds" "31 40" --since 01:00:01.5
moment "a time later than now is of the day before" "20 21 30 31 40" --since 23:00
moment "yesterday" "21 30 31 40" --since "yesterday 23:00:02"
moment "today" "30 31 40" --since today
moment "ISO 8601" "31 40" --since 2026-11-29T01:05
moment "a time zone" "31 40" --since 2026-11-29T02:05:00.5+01:00
moment "Greenwich" "31 40" --since "2026-11-29 01:05Z"
moment "seconds since 1970" "21 30 31 40" --since @$((begin + 3602)).5
moment "a time before now" "40" --since -10m
moment "a span" "20 21" --since 23:00 --until 23:59
moment "an end" "10 11 20" --until "2026-11-28 23:00:01"
moment "an empty span that was recorded" "" --since 1:11 --until 1:20
moment "with other filters" "30" --since 1:00 -n 1
TZ=Europe/Vienna moment "local time" "30 31 40" --since "2026-11-29 2:00"
play --since 1:05
is "what was skipped counts as filtered" "$(tail -n 1 "$dir/out" | json seen filtered shown)" \
	"seen=3 filtered=1 shown=2"
play --since "2026-11-29 00:10" --until 00:30
ok "a span in which the machine was off is an error" each 'ended 1' \
	"says 'nothing was recorded then'"
play --since "2026-11-29 02:00"
ok "a time after the end is an error" each 'ended 1' \
	"says 'nothing was recorded then; the part that was read begins at 2026-11-29 01:30:00 and'"
play --until "2026-11-28 21:00"
ok "a time before the start is an error" each 'ended 1' \
	"says 'begins at 2026-11-28 22:00:00'"
run $iosnoop --replay tests/golden/all.rec --since "1999-01-01" -j
ok "a file has times, too" each 'ended 0' \
	'(($(grep -c "\"type\":\"event\"" "$dir/out") > 100))'
for bad in 25:00 3 "tomorrow 3:00" 2026-02-30 2026-11-29T3:0 @x -2parsecs 3:00x; do
	refused "'$bad' is no moment" "--since: '" --replay "$rec" --since "$bad"
done
refused "an end before the start" "--until is not after --since" --replay "$rec" \
	--since 1:00 --until 00:30
refused "a moment without a recording" "--since is about a recording" --since 3:00
refused "limits without a folder" "are about a folder" --keep-size 1G
refused "limits with a file" "are about a folder" -o "$dir/x.rec" --keep-age 7d
refused "a log and a recording" "--log and --replay, --record, reports and other files exclude" \
	--log "$dir/log" -o "$rec"
refused "a log without a name" "--log: without it, lines go to standard output" --log -
refused "limits of a folder for a log" "are about a folder" --log "$dir/log" --keep-size 1G
refused "too large a segment" "--rotate-size must be at most half" -o "$rec" --rotate-size 1G

# ---- segments that are damaged or empty ----
: >"$rec/iosnoop-20261129T020000.000Z.rec"
head -c 1000 /dev/urandom >"$rec/iosnoop-20261129T003000.000Z.rec"
play
ok "segments that cannot be read are left out, with a message" each 'ended 0' \
	"says '003000.000Z.rec is not a recording'" '[[ $(ioases) == "10 11 20 21 30 31 40" ]]'
# Cut within the last record.
size=$(stat -c %s "$last")
truncate -s $((size - 5)) "$last"
play
is "a segment that is cut within a record has the records before it" "$(ioases)" \
	"10 11 20 21 30 31"
for ((i = 0; i < 40; i++)); do
	truncate -s $((size - 5 - i * 7)) "$last"
	run $iosnoop --replay "$last" -j
	((rc == 1)) || break
done
is "a single segment that is cut is an error" "$rc" 1
third=$rec/iosnoop-20261129T010000.000Z.rec
# The size of the last chunk, which is the end.
printf '\377\377\377\377' |
	dd of="$third" bs=1 seek=$(($(stat -c %s "$third") - 52)) conv=notrunc status=none
play
ok "a damaged segment is left from there on, and makes the exit status 1" each 'ended 1' \
	"says '010000.000Z.rec is damaged'" '[[ $(ioases) == "10 11 20 21 30 31" ]]'
# ---- the source: the driver that the events are of ----
mkdir "$dir/mixed"
# of_source FILE SOURCE START: a map, the length of which is not known to be pinned at once
of_source() {
	tests/lib/record --real $((begin + $3)) --start "$3" --source "$2" >"$1" <<-END
		1 map comm=vm ctx=1 tgid=77 ioas=$2 length=4096 pages=1 runs=0xffffffffffffffff
		2 end
	END
}
of_source "$dir/upstream.rec" 2 1000
of_source "$dir/mixed/iosnoop-20261128T221640.000Z.rec" 1 1000
of_source "$dir/mixed/iosnoop-20261128T230000.000Z.rec" 2 3600
run $iosnoop --replay "$dir/upstream.rec" -j
ok "a recording has its source" each 'ended 0' '[[ $(json source <"$dir/out" | head -n1) == \
	source=upstream ]]' "says \"recorded on the kernel's own iommufd\"" 'schema <"$dir/out"'
run build/iommutop --replay "$dir/upstream.rec" -j -n 1
ok "iommutop says it, too" each 'ended 0' \
	'grep -q "\"note\":\"recording, kernel 6.12, source upstream\"" "$dir/out"'
of_source "$dir/newer.rec" 9 1000
run $iosnoop --replay "$dir/newer.rec" -j
ok "a source that only a newer tool has is not known" each 'ended 0' \
	'! grep -q "\"source\"" "$dir/out"'
run $iosnoop --replay "$dir/mixed" -j
ok "segments may differ, which is said" each 'ended 0' '[[ $(ioases) == "1 2" ]]' \
	"says 'another source (upstream, before: native)'"
run build/iommutop --replay "$dir/mixed" --csv --view overview -i 3600
ok "iommutop reads them as well" ended 0

mkdir "$dir/empty"
run $iosnoop --replay "$dir/empty"
ok "an empty folder has no recordings" each 'ended 1' "says 'has no recordings; iosnoop -o'"

finish
