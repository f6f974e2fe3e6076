#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The output of iosnoop for recordings, in all formats, byte by byte as in tests/golden/*.txt.
# all.rec has every event that a guest can cause, stacks.rec has stacks, lost.rec was made with a
# buffer that was too small.
#
#   tests/cli/iosnoop-replay.t --update	rewrites the golden files; look at the difference
#
# The .rec files are of the first format of recordings. Leave them as they are, because each later
# version must read them; see tests/golden/README.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
iosnoop=build/iosnoop
golden=tests/golden
dir=$(mktemp -d "${TMPDIR:-/tmp}/iosnoop-replay.XXXXXX")
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
export TZ=UTC LC_ALL=C
update=''
[[ ${1-} == --update ]] && update=1

each() {
	local c
	for c; do eval "$c" || { echo "$c"; cat "$dir/out" "$dir/err"; return 1; }; done
}
says() { grep -qF -- "$1" "$dir/err"; }

# golden NAME RECORDING OPTION...: the output is that of golden/NAME.txt
golden() {
	local name=$1 recording=$2
	shift 2
	$iosnoop --replay "$golden/$recording.rec" "$@" >"$dir/out" 2>"$dir/err"
	rc=$?
	if [[ $update ]]; then cp "$dir/out" "$golden/$name.txt"; fi
	ok "$name: $*" each "(($rc == 0))" '[[ ! -s $dir/err ]]' \
		"diff $golden/$name.txt $dir/out"
}

golden table all
golden table-time all -T -n 20
golden wide all -w
golden quiet all -q -e device
golden failed all -x
golden groups all -e pasid,fault,policy,access,table,refused
golden by-length all -e map,map-file,pin --min-len 64K
golden by-iova all -e all --iova 0x10000000+64K
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

# Properties of the golden files themselves.
is "no line of the table is wider than 80 columns" "$(grep -c '.\{81\}' $golden/table.txt)" 0
events=$(grep -c '"type":"event"' $golden/json.txt)
is "JSON has a line for each event" "$(tail -n 1 $golden/json.txt |
	sed -E 's/.*"shown":([0-9]+).*/\1/')" "$events"
is "all lines of CSV have the same number of fields" \
	"$(sed -E 's/"[^"]*"//g; s/[^,]//g' $golden/csv.txt | sort -u | wc -l)" 1
ok "every line of JSON is valid" each \
	"json <$golden/json.txt >$dir/out 2>$dir/err" \
	"json <$golden/stacks-json.txt >$dir/out"

# ---- files: pipes, truncated and damaged ones ----
$iosnoop --replay - <$golden/all.rec >"$dir/out" 2>"$dir/err"
ok "- is stdin" each "diff $golden/table.txt $dir/out"
$iosnoop --replay "$golden/lost.rec" --strict >"$dir/out" 2>"$dir/err"
is "--strict exits with 6 for losses in the recording" $? 6
$iosnoop --replay "$golden/all.rec" -j -n 7 >"$dir/out"
is "-n ends a replay" "$(grep -c '"type":"event"' "$dir/out") $(tail -n 1 "$dir/out" |
	grep -o '"reason":"count"')" '7 "reason":"count"'
$iosnoop --replay "$golden/all.rec" -j -d 3.4 >"$dir/out"
ok "-d ends a replay" each "tail -n 1 $dir/out | grep -q duration" \
	'(($(grep -c "\"type\":\"event\"" $dir/out) > 0))'
$iosnoop --replay "$golden/all.rec" -k -q -n 1 >"$dir/out" 2>"$dir/err"
ok "a message reports that stacks were not recorded" says "this recording has no stacks"
$iosnoop --replay "$golden/stacks.rec" --folded >"$dir/out" 2>"$dir/err"
ok "with --folded, a message has the number of lost events" each \
	'says "the stacks of 415006 events are missing, which the recording had lost"'
head -c 20000 "$golden/all.rec" >"$dir/cut.rec"
$iosnoop --replay "$dir/cut.rec" >"$dir/out" 2>"$dir/err"
ok "an incomplete file is shown as far as it goes, and fails" each "(($? == 1))" \
	'(($(wc -l <$dir/out) > 100))' 'says "is incomplete"'
$iosnoop --replay "$dir/cut.rec" -j 2>/dev/null | tail -n 2 >"$dir/out"
ok "its JSON has an error record and an end record" each \
	'head -n 1 $dir/out | grep -q "^{\"type\":\"error\",.*\"message\":\".*is incomplete"' \
	'tail -n 1 $dir/out | grep -q "^{\"type\":\"end\",.*\"reason\":\"file\""'
# A pipe that stays open: its data is shown at once, and a signal ends the replay.
mkfifo "$dir/pipe"
exec 8<>"$dir/pipe"
$iosnoop --replay - <"$dir/pipe" >"$dir/out" 2>"$dir/err" 8>&- &
head -c 20000 "$golden/all.rec" >&8
shown() { (($(wc -l <"$dir/out") > 100)); }
until_true() { for _ in {1..100}; do "$@" && return; sleep 0.1; done; return 1; }
ok "the data in a pipe is shown at once" until_true shown
kill -INT $!
gone() { ! kill -0 $! 2>/dev/null; }
ok "Ctrl-C ends a replay that waits for a pipe" until_true gone
wait $!
is "Ctrl-C is not a failure" "$?" 0
exec 8>&-

# Find the time of the first event, behind the header of the first chunk of type event.
at=$(grep -obUaP '\x02\0\0\0.\0\0\0' "$golden/all.rec" | head -n 1 | cut -d: -f1)
cp "$golden/all.rec" "$dir/late.rec"
printf '\377\377\377\377\377\377\377\377' |
	dd of="$dir/late.rec" bs=1 seek=$((at + 8)) conv=notrunc status=none
timeout -s KILL 20 $iosnoop --replay "$dir/late.rec" -H -i 1 >"$dir/out" 2>"$dir/err"
ok "an event with an impossible time is refused, with reports, too" each "(($? == 1))" \
	'says "an event has an impossible time"'
head -c 20000 /dev/urandom >"$dir/noise.rec"
$iosnoop --replay "$dir/noise.rec" >"$dir/out" 2>"$dir/err"
ok "a file that is not a recording is refused" each "(($? == 1))" '[[ ! -s $dir/out ]]' \
	'says "is not a recording of iosnoop"'
$iosnoop --replay "$dir/noise.rec" -j >"$dir/out" 2>"$dir/err"
ok "its JSON has only an error record" each "(($? == 1))" "(($(wc -l <"$dir/out") == 1))" \
	'grep -q "^{\"type\":\"error\",.*is not a recording of iosnoop" $dir/out'
$iosnoop --replay "$dir/absent" >"$dir/out" 2>"$dir/err"
ok "a missing file is refused" each "(($? == 1))" 'says "absent: ENOENT"'
is "the golden recordings have the version and the header of the first format" \
	"$(for f in "$golden"/*.rec; do od -A n -t u4 -j 8 -N 8 "$f"; done | xargs -n 2 |
		sort -u)" \
	"1 224"
{ head -c 8 "$golden/all.rec"; printf '\2\0\0\0'; tail -c +13 "$golden/all.rec"; } >"$dir/new.rec"
$iosnoop --replay "$dir/new.rec" >"$dir/out" 2>"$dir/err"
ok "a recording of another version is refused" each "(($? == 1))" \
	'says "has version 2, but this tool reads version 1; use the release that recorded it"'
$iosnoop --replay "$golden/all.rec" | head -n 2 >"$dir/out"
is "a reader of stdout that exits is not a failure" "${PIPESTATUS[0]}" 0
$iosnoop --replay "$golden/all.rec" >/dev/full 2>"$dir/err"
ok "a full disk is a failure" each "(($? == 1))" 'says "cannot write to standard output: ENOSPC"'

# ---- made-up recordings ----
made() { tests/lib/record >"$dir/made.rec"; }
show() { $iosnoop --replay "$dir/made.rec" "$@" >"$dir/out" 2>"$dir/err"; }
made <<-'END'
	1.0 policy-name 5 quota
	1.1 policy comm=qemu ctx=3 tgid=77 policy=5 hook=2 object=1 flags=1 ret=-12 reason=over_4G
	1.2 map comm=qemu ctx=3 tgid=77 ioas=1 iova=0x1000 length=4096 flags=7 pages=1 runs=1
	1.3 policy comm=qemu ctx=3 tgid=77 policy=5 hook=2 object=1 ret=-122 reason=over_8_GiB
	1.4 map comm=qemu ctx=3 tgid=77 ioas=1 length=4096 flags=7 ret=-122 because=5:over_8_GiB
	1.5 policy comm=qemu ctx=3 tgid=77 policy=6 hook=2 object=1 ret=-1
	1.6 dma-fault sbdf=0x20 addr=0x5000 perm=2 reason=5
	1.7 map comm=qemu ctx=3 tgid=77 ioas=1 iova=0x1000 length=4096 flags=7 ret=-14
	1.8 pin comm=qemu ctx=3 tgid=77 pages=1 runs=1
END
show -x
is "-x shows refusals, not those of an audit policy" \
	"$(awk 'NR > 1 && $1 ~ /\./ { print $4, $NF }' "$dir/out" | xargs)" \
	"policy EDQUOT map EDQUOT policy EPERM dma-fault FAULT map EFAULT"
ok "a policy has its name, also as a cause" each 'grep -q " policy quota ioas_map " "$dir/out"' \
	'grep -q "EDQUOT: policy quota: over 8 GiB$" "$dir/out"'
ok "or its number, if the name is not known" grep -q ' policy #6 ioas_map ' "$dir/out"
ok "EFAULT may mean device memory" each \
	'tr -s "\n " " " <"$dir/out" | grep -q "device memory (a PCI BAR): map a dma-buf of it"' \
	'! grep -q ".\{81\}" "$dir/out"'
show -e pin
ok "one is singular" grep -q ' 1 page 1 run ' "$dir/out"
show -e policy
ok "the result of an audit policy is not the error" each \
	'grep -qE "policy quota ioas_map object 1 +audit$" "$dir/out"' \
	'grep -qE "^ +audit: would refuse with ENOMEM: over 4G$" "$dir/out"'
show -j
is "JSON tells audit from enforcement, and has names" \
	"$(grep -F '"event":"policy"' "$dir/out" | json ret policy policy_name audit | xargs)" \
	"ret=-12 policy=5 policy_name=quota audit=true \
ret=-122 policy=5 policy_name=quota audit=false \
ret=-1 policy=6 policy_name=null audit=false"
is "what is not known is null in JSON" \
	"$(json event tid comm ctx tgid pasid reason <"$dir/out" |
		grep -E 'dma-fault|reason=null')" \
	"event=policy tid=77 comm=qemu ctx=3 tgid=77 reason=null
event=dma-fault tid=null comm=null ctx=null tgid=null pasid=null reason=5"
ok "it fits the schema" schema <"$dir/out"
show --summary -j
is "a refusal that was not enforced is no failure" \
	"$(json type tgid failed <"$dir/out" | grep type=summary | xargs)" \
	"type=summary tgid=77 failed=2 type=summary tgid=77 failed=2 \
type=summary tgid=null failed=1"
is "--summary shows no events" "$(grep -c '"type":"event"' "$dir/out")" 0

# ---- names of devices that are not PCI: of a snapshot, and of one that was bound later ----
attach='attach comm=vm hwpt=3'
request='hwpt=4 fault=5 pasid=0 requests=1 perm=2 grpid=1'
made <<-END
	1.0 state-begin
	1.0 state-ctx ctx=5 tgid=10 uid=1000 objects=1 comm=vm
	1.0 state-object ctx=5 id=2 type=3 name=mtty-7
	1.0 state-end has_payers=0
	1.1 $attach ctx=5 tgid=10 device=2 ioas=1
	1.2 fault ctx=5 tgid=10 device=2 addr=0x1000 $request
	1.3 device-name 6 2 mtty-8
	1.3 bind comm=vm ctx=6 tgid=11 device=2 group=1
	1.4 $attach ctx=6 tgid=11 device=2 ioas=1
	1.5 $attach ctx=6 tgid=11 device=9 ioas=1
	1.6 $attach ctx=6 tgid=11 device=2 ioas=1 sbdf=0x20
	1.7 io-page-fault addr=0x2000 perm=1 name=mtty-8
	1.8 io-page-fault addr=0x2000 perm=1 name=mtty-7
	1.9 map comm=vm ctx=6 tgid=11 ioas=1 length=4096
	2.0 device-name 6 2 fd5a0000.dma
	2.0 bind comm=vm ctx=6 tgid=11 device=2 group=1
END
named() {
	show -j --device "$1"
	grep -F '"type":"event"' "$dir/out" | json event ctx | sed 's/[a-z]*=//g' | xargs
}
is "--device: the events of a device by its name in the snapshot" "$(named mtty-7)" \
	"attach 5 fault 5 io-page-fault null"
is "by the name that came with its bind" "$(named mtty-8)" "bind 6 attach 6 io-page-fault null"
is "which holds until another device gets its id" "$(named fd5a0000.dma)" "bind 6"
is "a name that the recording lacks" "$(named mtty-9) $(<"$dir/err")" \
	" iosnoop: the recording has no event of the process, context or device in the filter"
for filter in "-p 4711" "-c nobody" "--ctx 99" "--ioas 99" "--pasid 99" "--device 00:1f.0" \
	"--uid 4711" "--machine nowhere"; do
	# shellcheck disable=SC2086 # an option and its value
	show $filter
	ok "$filter matches nothing: status 1" each "(($? == 1))" \
		'says "the recording has no event"'
done
show -p 10 -x
is "but a process without failures is no error" "$? $(<"$dir/err")" "0 "
is "iommutop has the name of a device that was bound after the snapshot" \
	"$(build/iommutop --replay "$dir/made.rec" --csv --view devices 2>"$dir/err" |
		grep -oE 'mtty-8|fd5a0000.dma|device [0-9]' | sort -u | xargs)" \
	"device 9 fd5a0000.dma"
made <<<"1.1 $attach ctx=5 tgid=10 device=2 ioas=1"
show --device mtty-7
ok "a message reports that names were not recorded" says "this recording has no names of devices"

# A thread may have any name: replace the name in the file.
sed 's/iommu-script/\x1b[2J\xff"\\\n,abc/g' "$golden/all.rec" >"$dir/evil.rec"
for form in "" -w --csv "--fields comm,event" --summary; do
	# shellcheck disable=SC2086 # options
	$iosnoop --replay "$dir/evil.rec" $form >"$dir/out" 2>"$dir/err"
	is "no control characters in ${form:-the table}" \
		"$(LC_ALL=C grep -c $'[\e\xff\x01-\x08]' "$dir/out")" 0
done
$iosnoop --replay "$dir/evil.rec" -j >"$dir/out"
ok "the JSON of that name is valid" each "json <$dir/out >$dir/got" \
	"grep -qF '\\u001b[2J' $dir/out"

# ---- faults explained by the events of a recording that has no explanations ----
made <<-'END'
	0.5 open comm=qemu ctx=3 tgid=77
	1.0 bind comm=qemu ctx=3 tgid=77 device=2 sbdf=0x20 group=3
	1.1 attach comm=qemu ctx=3 tgid=77 device=2 sbdf=0x20 ioas=1 hwpt=4
	1.2 map comm=qemu ctx=3 tgid=77 ioas=1 iova=0x10000 length=8192 flags=7 pages=2 runs=1
	1.3 unmap comm=io ctx=3 tgid=77 ioas=1 iova=0x10000 length=8192 unmapped=8192 areas=1
	1.3031 dma-fault comm=qemu ctx=3 tgid=77 sbdf=0x20 addr=0x11000 perm=2 reason=5
	1.4 dma-fault comm=qemu ctx=3 tgid=77 sbdf=0x20 addr=0x12000 perm=2 reason=5
	1.45 map comm=qemu ctx=3 tgid=77 ioas=1 iova=0x10000 length=4096 flags=5
	1.46 dma-fault comm=qemu ctx=3 tgid=77 sbdf=0x20 addr=0x10000 perm=2 reason=5
	1.47 response comm=qemu ctx=3 tgid=77 device=2 pasid=0 sbdf=0x20 addr=0x10000 code=0 ns=5
	1.48 response comm=qemu ctx=3 tgid=77 device=2 pasid=0 sbdf=0x20 addr=0x11000 code=1 ns=5
	1.5 detach comm=qemu ctx=3 tgid=77 device=2 sbdf=0x20 ioas=1 hwpt=4 ns=5000
	1.6 unbind comm=qemu ctx=3 tgid=77 device=2 sbdf=0x20 group=3
	2.7 dma-fault sbdf=0x20 addr=0x12000 perm=1 reason=2
	2.8 dma-fault sbdf=0x28 addr=0x12000 perm=1 reason=2
	2.9 dma-fault sbdf=0x20 addr=0x1000000000000 perm=1 reason=0x22
END
show -e fault --fields why -q
is "what was at the address, and who removed it; nothing where nothing is known" \
	"$(<"$dir/out")" "ioas 1 of PID 77 qemu: unmapped 3.1ms ago by PID 77 io (10000-11fff)
ioas 1 of PID 77 qemu: never mapped
ioas 1 of PID 77 qemu: mapped read-only (10000-10fff), the device wrote
-
ioas 1 of PID 77 qemu: unmapped 180ms ago by PID 77 io (10000-11fff)
ioas 1 of context 3: device detached 1.2s ago by PID 77 qemu
-
-"
show -e fault
ok "below the line of the fault, in 80 columns" each \
	'tr -s "\n " " " <"$dir/out" | grep -q "writing ioas 1 of PID 77 qemu: unmapped 3.1ms"' \
	'! grep -q ".\{81\}" "$dir/out"'
show -e fault -j
is "an interrupt and a request that succeeded are no such faults" \
	"$(grep -c '"why":' "$dir/out")" 6
ok "the keys of JSON" grep -qF \
'"why":{"kind":"unmapped","ctx":3,"ioas":1,"old_ioas":null,"tgid":77,'\
'"comm":"io","ago_ns":3100000,"iova":"0x10000","length_bytes":8192,"known_ns":null,"never":false,'\
'"again":false,"below_end":null,"above":null,"text":"ioas 1 of PID 77 qemu: unmapped' "$dir/out"
is "iommutop explains them the same way" \
	"$(build/iommutop --replay "$dir/made.rec" -j --view faults 2>"$dir/err" |
		grep -o '"why":"[a-z ]*"' | xargs)" \
	"why:unmapped why:not mapped why:access why:unmapped why:detached"

# Explanations in a recording are those that were made when it was recorded.
escape=$'\e[2J'
fault='dma-fault comm=qemu ctx=3 tgid=77 sbdf=0x20 perm=2 reason=5'
made <<-END
	1.0 why kind=1 ctx=3 ioas=4 tgid=78 comm=other ago_ns=5000000 iova=0x1000 length=0x2000
	1.0 $fault addr=0x2000
	1.1 $fault addr=0x2000
	1.2 why kind=2 flags=7 ctx=3 ioas=4 known_ns=12000000000 below=0x9000 above=0xc000
	1.2 $fault addr=0xa000
	1.3 why kind=4 ctx=3 ioas=4 pasid=5 tgid=78 comm=$escape ago_ns=1000000000
	1.3 $fault addr=0xa000 pasid=5
END
show -q --fields why
is "explanations that were recorded" "$(<"$dir/out")" \
	"ioas 4 of PID 77 qemu: unmapped 5ms ago by PID 78 other (1000-2fff)
-
ioas 4 of PID 77 qemu: not mapped for at least 12s; nearest area ends 0x1000 below
ioas 4 of PID 77 qemu: PASID 5 detached 1s ago by PID 78 ?[2J"
made <<<"1.0 why kind=99 ctx=3"
show
ok "a kind that does not exist is refused" says "the explanation of a fault has an unknown kind"

# ---- a page request and its response are one line ----
request='ctx=3 tgid=77 device=2 hwpt=4 fault=5 pasid=0 requests=1 sbdf=0x20 perm=2'
response='ctx=3 tgid=77 device=2 fault=5 pasid=0 sbdf=0x20'
made <<-END
	1.0 fault $request grpid=1 addr=0x1000
	1.1 fault $request grpid=2 addr=0x2000
	1.2 fault $request grpid=3 addr=0x3000
	1.3 response $response grpid=2 addr=0x2000 cookie=1 code=0 ns=200000000
	1.4 map ctx=3 tgid=77 ioas=1 iova=0x1000 length=4096 flags=7
	2.1 response $response grpid=3 addr=0x3000 cookie=2 code=1 ns=900000000
	2.2 response $response grpid=1 addr=0x1000 cookie=3 code=0 ns=1200000000
	2.3 fault $request grpid=4 addr=0x4000
END
show -q
is "in the order of the responses; late ones have a line of their own" \
	"$(awk '$1 ~ /^[0-9]/ { print $1, $4, $6, $NF }' "$dir/out")" \
	"1.100000 fault 0x2000 ok
1.400000 map 1000 ok
1.000000 fault 0x1000 -
1.200000 fault 0x3000 INVALID
2.200000 response 0x1000 ok
2.300000 fault 0x4000 -"
ok "with the time to the response" grep -qE ' 0x2000 -w g2 +200ms ok$' "$dir/out"
show -q -w
is "the wide table has a line for each" "$(grep -cE ' (fault|response) ' "$dir/out")" 7
show -q -e response
is "without requests there are responses" "$(grep -c ' response ' "$dir/out")" 3

# ---- the share of time that maps take ----
# maps ARGS: a process whose maps take half of two seconds
maps() {
	made <<-END
		1.0 bind comm=qemu ctx=3 tgid=77 device=2 sbdf=0x20
		2.0 map comm=qemu ctx=3 tgid=77 ioas=1 $1 pin_ns=400000000
		3.0 map comm=qemu ctx=3 tgid=77 ioas=1 $1 map_ns=600000000
		3.5 map comm=qemu ctx=3 tgid=77 ioas=1 length=4096 ret=-12
		9.0 unmap comm=qemu ctx=3 tgid=77 ioas=1 length=33554432
	END
}
maps "length=16777216 pages=4096 runs=2048"
show --summary -q
is "from the first event of the context to its last map" \
	"$(tail -n 4 "$dir/out" | head -n 2 | tr -s ' ')" \
	" PID NAME CTX MAPS PINNED RUN WALL %PIN %FILL NS/PG FAULTS %FLT
 77 qemu 3 2 32M 8K 2s 20% 30% 48828 - -"
is "a hint, with the figures behind it" "$(tail -n 2 "$dir/out" | tr -s '\n ' '  ')" \
	" huge pages would help (transparent ones, hugetlbfs): a run has 8.0 KiB on average, \
pinning and filling took 1s or 50% of the time "
show --summary -j
ok "and in JSON" grep -q '"wall_ns":2000000000,.*"faults":null,.*"hint_huge_pages":true}' "$dir/out"
maps "length=16777216 pages=4096 runs=4"
show --summary -q
is "no hint for long runs" "$(grep -c 'would help' "$dir/out")" 0

finish
