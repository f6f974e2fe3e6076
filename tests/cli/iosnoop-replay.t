#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What iosnoop writes, in all its forms, from recordings: without a kernel, so it can be compared to
# the byte with tests/golden/*.txt. all.rec has every event that a guest could make, stacks.rec some
# with stacks, lost.rec a buffer too small.
#
#   tests/cli/iosnoop-replay.t --update	writes the golden files anew; look at the difference
#
# After a change of the format of recordings, the .rec files are recorded anew: see tests/golden/README.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
iosnoop=build/iosnoop
golden=tests/golden
dir=$(mktemp -d "${TMPDIR:-/tmp}/iosnoop-replay.XXXXXX")
trap 'rm -rf "$dir"' EXIT
export TZ=UTC LC_ALL=C
update=''
[[ ${1-} == --update ]] && update=1

each() { local c; for c; do eval "$c" || { echo "$c"; cat "$dir/out" "$dir/err"; return 1; }; done; }
says() { grep -qF -- "$1" "$dir/err"; }

# golden NAME RECORDING OPTION...: the output is that of golden/NAME.txt
golden() {
	local name=$1 recording=$2
	shift 2
	$iosnoop --replay "$golden/$recording.rec" "$@" >"$dir/out" 2>"$dir/err"
	rc=$?
	if [[ $update ]]; then cp "$dir/out" "$golden/$name.txt"; fi
	ok "$name: $*" each "((rc == 0))" '[[ ! -s $dir/err ]]' \
		"diff $golden/$name.txt $dir/out"
}

golden table all
golden table-time all -T -n 20
golden wide all -w
golden quiet all -q -e device
golden failed all -x
golden groups all -e pasid,fault,policy,access,table,refused
golden by-length all -e map,map-file,pin --min-len 64K
golden by-latency all -m 1ms
golden by-device all -e all --device 00:03.0
golden by-process all -e all -c 'events*' --ioas 3
golden json all -j -e all
golden json-time all -j -T -n 3
golden csv all --csv
golden csv-some all --csv -T --fields time_ns,time,event,comm,cause -x
golden fields all --fields time,event,bdf,pasid,iova,length_bytes,ns,error
golden fields-wide all -w --fields event,iova,length_bytes,pin_ns,map_ns -e ioas
golden histogram all -H
golden histogram-json all -H -j -e map,unmap
golden sizes all --sizes
golden summary all --summary -e ioas -q
golden summary-json all --summary -j -e device
golden interval all --summary -H -i 500ms -e map
golden stacks stacks -k
golden stacks-json stacks -k -j
golden folded stacks --folded -n 6
golden lost lost
golden lost-json lost -j
golden lost-csv lost --csv
[[ $update ]] && exit

# What must hold of them, however they look.
is "no line of the table is wider than 80 columns" "$(grep -c '.\{81\}' $golden/table.txt)" 0
events=$(grep -c '"type":"event"' $golden/json.txt)
is "JSON has a line for each event" "$(tail -n 1 $golden/json.txt |
	sed -E 's/.*"shown":([0-9]+).*/\1/')" "$events"
is "CSV has as many fields in each line" "$(sed -E 's/"[^"]*"//g; s/[^,]//g' $golden/csv.txt |
	sort -u | wc -l)" 1
ok "every line of JSON is valid" each "build/tests/json-lines <$golden/json.txt >$dir/out 2>$dir/err" \
	"build/tests/json-lines <$golden/stacks-json.txt >$dir/out"

# ---- the file and its faults ----
$iosnoop --replay - <$golden/all.rec >"$dir/out" 2>"$dir/err"
ok "- is stdin" each "diff $golden/table.txt $dir/out"
$iosnoop --replay "$golden/lost.rec" --strict >"$dir/out" 2>"$dir/err"
is "--strict tells of what was lost when it was recorded" $? 6
$iosnoop --replay "$golden/all.rec" -j -n 7 >"$dir/out"
is "-n ends a replay" "$(grep -c '"type":"event"' "$dir/out") $(tail -n 1 "$dir/out" |
	grep -o '"reason":"count"')" '7 "reason":"count"'
$iosnoop --replay "$golden/all.rec" -j -d 3.4 >"$dir/out"
ok "so does -d" each "tail -n 1 $dir/out | grep -q duration" \
	'(($(grep -c "\"type\":\"event\"" $dir/out) > 0))'
$iosnoop --replay "$golden/all.rec" -k -q -n 1 >"$dir/out" 2>"$dir/err"
ok "stacks that were not recorded are missed" says "this recording has no stacks"
$iosnoop --replay "$golden/stacks.rec" --folded >"$dir/out" 2>"$dir/err"
ok "folded stacks say on stderr what is not in them" each \
	'says "the stacks of 415006 events are missing, which the recording had lost"'
head -c 20000 "$golden/all.rec" >"$dir/cut.rec"
$iosnoop --replay "$dir/cut.rec" >"$dir/out" 2>"$dir/err"
ok "a file that breaks off is shown as far as it goes, and fails" each "(($? == 1))" \
	'(($(wc -l <$dir/out) > 100))' 'says "is incomplete"'
$iosnoop --replay "$dir/cut.rec" -j 2>/dev/null | tail -n 2 >"$dir/out"
ok "JSON has an error record then, and the end" each \
	'head -n 1 $dir/out | grep -q "^{\"type\":\"error\",.*\"message\":\".*is incomplete"' \
	'tail -n 1 $dir/out | grep -q "^{\"type\":\"end\",.*\"reason\":\"file\""'
# A pipe that is not at its end: what came is shown, and one signal suffices.
mkfifo "$dir/pipe"
exec 8<>"$dir/pipe"
$iosnoop --replay - <"$dir/pipe" >"$dir/out" 2>"$dir/err" 8>&- &
head -c 20000 "$golden/all.rec" >&8
shown() { (($(wc -l <"$dir/out") > 100)); }
until_true() { local i; for i in {1..100}; do "$@" && return; sleep 0.1; done; return 1; }
ok "what a pipe has so far is shown" until_true shown
kill -INT $!
gone() { ! kill -0 $! 2>/dev/null; }
ok "Ctrl-C ends it while nothing more comes" until_true gone
wait $!
is "which is no failure" "$?" 0
exec 8>&-

# The first event's time, of which the record's number and the table's length tell the place.
at=$(grep -obUaP '\x02\0\0\0.\0\0\0' "$golden/all.rec" | head -n 1 | cut -d: -f1)
cp "$golden/all.rec" "$dir/late.rec"
printf '\377\377\377\377\377\377\377\377' |
	dd of="$dir/late.rec" bs=1 seek=$((at + 8)) conv=notrunc status=none
timeout -s KILL 20 $iosnoop --replay "$dir/late.rec" -H -i 1 >"$dir/out" 2>"$dir/err"
ok "an event at the end of time is refused, whatever reports were asked for" each "(($? == 1))" \
	'says "an event has an impossible time"'
head -c 20000 /dev/urandom >"$dir/noise.rec"
$iosnoop --replay "$dir/noise.rec" >"$dir/out" 2>"$dir/err"
ok "what is no recording is refused" each "(($? == 1))" '[[ ! -s $dir/out ]]' \
	'says "is not a recording of iosnoop"'
$iosnoop --replay "$dir/noise.rec" -j >"$dir/out" 2>"$dir/err"
ok "and JSON has the error alone" each "(($? == 1))" "(($(wc -l <"$dir/out") == 1))" \
	'grep -q "^{\"type\":\"error\",.*is not a recording of iosnoop" $dir/out'
$iosnoop --replay "$dir/absent" >"$dir/out" 2>"$dir/err"
ok "a file that is not there, too" each "(($? == 1))" 'says "absent: ENOENT"'
{ head -c 8 "$golden/all.rec"; printf '\2\0\0\0'; tail -c +13 "$golden/all.rec"; } >"$dir/new.rec"
$iosnoop --replay "$dir/new.rec" >"$dir/out" 2>"$dir/err"
ok "and another version" each "(($? == 1))" 'says "has version 2, but this tool reads version 1"'
$iosnoop --replay "$golden/all.rec" | head -n 2 >"$dir/out"
is "a reader that goes away is no failure" "${PIPESTATUS[0]}" 0
$iosnoop --replay "$golden/all.rec" >/dev/full 2>"$dir/err"
ok "a full disk is one" each "(($? == 1))" 'says "cannot write to standard output: ENOSPC"'

# A thread may call itself anything; the name is where the file has it.
sed 's/iommu-script/\x1b[2J\xff"\\\n,abc/g' "$golden/all.rec" >"$dir/evil.rec"
for form in "" -w --csv "--fields comm,event" --summary; do
	# shellcheck disable=SC2086 # options
	$iosnoop --replay "$dir/evil.rec" $form >"$dir/out" 2>"$dir/err"
	is "no control character in: ${form:-the table}" \
		"$(LC_ALL=C grep -c $'[\e\xff\x01-\x08]' "$dir/out")" 0
done
$iosnoop --replay "$dir/evil.rec" -j >"$dir/out"
ok "and JSON stays valid" each "build/tests/json-lines <$dir/out >$dir/got" \
	"grep -qF '\\u001b[2J' $dir/out"

finish
