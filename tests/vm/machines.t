#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Virtual machines, told apart by the names of their cgroups, in all tools; the owners of DMA
# faults, which come from an interrupt handler; filters in every output of iommutop; a kernel
# without BTF.
# vm: --mock
# takes: 60
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
top=build/iommutop
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind "$edu" >/dev/null
slice=/sys/fs/cgroup/machine.slice
one="$slice/machine-qemu\\x2d1\\x2dweb\\x2d1.scope" two="$slice/machine-qemu\\x2d2\\x2ddb.scope"
ok "cgroups of two machines, as libvirt makes them" mkdir -p "$one/libvirt" "$two"

# machine NAME CGROUP COMMAND...: a process in that cgroup, which waits for a line in $dir/NAME.go
declare -A vm=()
machine() {
	local name=$1 cgroup=$2
	shift 2
	mkfifo "$dir/$name.go"
	(
		echo "$BASHPID" >"$cgroup/cgroup.procs"
		exec "$@" <"$dir/$name.go"
	) >"$dir/$name.did" 2>"$dir/$name.did.err" 9>&- &
	vm[$name]=$!
}
# Both threads have the same name, as every QEMU has.
machine web "$one/libvirt" "$tests/every-event" --name qemu-system-x86 --wait --linger
machine db "$two" "$tests/top-client" --mock --name qemu-system-x86
exec 7>"$dir/web.go" 8>"$dir/db.go"
await has_line "$dir/db.did"
tell_db() {
	local lines
	lines=$(wc -l <"$dir/db.did")
	echo "$1" >&8
	answered() { (($(wc -l <"$dir/db.did") > lines)); }
	await answered
}

# ---- iosnoop ----
events=map,fault,response,dma-fault,io-page-fault
start all $iosnoop -j -e "$events"
start table $iosnoop -e "$events"
start web $iosnoop -j -e "$events" --machine web-1
start db $iosnoop -j -e "$events" --machine 'd*'
start pid $iosnoop -j -e "$events" -p "${vm[web]}"
start csv $iosnoop --csv --fields machine,event -e map
start folded $iosnoop -j --summary -e map
begin stacks $iosnoop --folded -e map
name=$(sed -nE 's/^iommufd-object:\tdevice id=.* name=([^ ]+) .*/\1/p' /proc/"${vm[db]}"/fdinfo/*)
start named $iosnoop -j -e "$events" --device "$name"
begin recorded $iosnoop -o "$dir/recording" -e "$events"
tell_db "map 0 3 4096"
tell_db "fault 7 4"
tell_db "stray 5 0"
echo >&7
await grep -q '^event=close' "$dir/web.did"
tests/vm/bind --unbind "$edu" >/dev/null 2>&1
tests/vm/bind "$edu" >/dev/null
machine dma "$one" "$tests/edu-dma" --bdf "$edu" --outside
exec 6>"$dir/dma.go"
wait "${vm[dma]}"
is "the edu device did DMA, and was stopped" "$? $(grep -c ^stopped= "$dir/dma.did")" "0 6"
drained all table web db pid csv folded stacks named recorded
for i in all table web db pid csv folded stacks named recorded; do
	stop "$i"
	is "$i ends well" "$rc $(<"$dir/$i.err")" "0 "
done
for i in all web db pid folded named; do sound "$i"; done

of() { grep -F '"type":"event"' "$dir/$1" | json "${@:2}" | sort | uniq -c | sed 's/^ *//'; }
is "each map has its machine" "$(grep -F '"event":"map"' "$dir/all" | json machine | sort -u |
	xargs)" "machine=db machine=web-1"
is "page requests, which a kernel thread reports, have theirs" \
	"$(grep -E '"event":"fault"' "$dir/all" | json machine | sort | uniq -c | xargs)" \
	"7 machine=db 7 machine=web-1"
# The mock binds its device without an event, so the one of web was not seen.
is "5 faults of a device that is not PCI have process, name and machine" \
	"$(grep -F '"event":"io-page-fault"' "$dir/all" | json machine tid comm tgid | sort |
	uniq -c | xargs)" "5 machine=db tid=null comm=qemu-system-x86 tgid=${vm[db]} $(
	)3 tid=null comm=null tgid=null"
faults=$(grep -cF '"event":"dma-fault"' "$dir/all")
ok "there were DMA faults" test "$faults" -ge 6
is "each has the process and machine that the device was bound by" \
	"$(grep -F '"event":"dma-fault"' "$dir/all" | json machine comm tgid | sort | uniq -c |
	xargs)" "$faults machine=web-1 comm=edu-dma tgid=${vm[dma]}"
is "and the machine in its explanation" "$(grep -F '"event":"dma-fault"' "$dir/all" |
	json why.text | grep -c "of PID ${vm[dma]} web-1: ")" "$faults"
# Each iosnoop has its own clock, and explains faults by what happened since its own start.
lines() {
	grep -F '"type":"event"' "$dir/$1" | sed -E 's/"time_ns":[0-9]+,//; s/,"why":\{[^}]*\}//' |
		sort
}
is "--machine shows all of that machine, faults as well" "$(lines web)" \
	"$(lines all | grep -F '"machine":"web-1"')"
is "with * the one that begins so" "$(lines db)" "$(lines all | grep -F '"machine":"db"')"
is "--device shows the events of a device that is not PCI, by its name" "$(lines named)" \
	"$(lines all | grep -F '"machine":"db"' | grep -vF '"event":"map"')"
$iosnoop -j --replay "$dir/recording" --device "$name" >"$dir/replayed"
is "also in a recording" "$(lines replayed)" "$(lines named)"
is "-p shows the faults of the process" "$(lines pid)" \
	"$(lines all | grep -F "\"tgid\":${vm[web]},")"
is "the table has the machine in place of the name of the thread" \
	"$(awk '/ map |dma-fault/ { print $3 }' "$dir/table" | sort -u | xargs)" "db web-1"
is "so has CSV" "$(cut -d, -f1 "$dir/csv" | sort -u | xargs)" "db machine web-1"
is "and the summary" \
	"$(grep -F '"type":"summary"' "$dir/folded" | json machine | sort -u | xargs)" \
	"machine=db machine=web-1"
is "a flame graph begins with it" "$(cut -d';' -f1,2 "$dir/stacks" | sort -u | xargs)" \
	"db;qemu-system-x86 web-1;edu-dma web-1;qemu-system-x86"
$iosnoop --machine nowhere -d 1 >"$dir/out" 2>"$dir/nowhere.err"
is "a machine that does not run ends it" "$? $(<"$dir/out")" "1 "
ok "it says so, and which do" each "says nowhere \"no machine 'nowhere' is running\"" \
	"says nowhere web-1"
$iosnoop -p 4000000 -d 1 >"$dir/out" 2>"$dir/gone.err"
is "so does a process that does not exist" "$? $(<"$dir/out")" "1 "
ok "which is named" says gone "there is no process 4000000"

# A daemon opened the file and bound the device; its child, a VMM of another user, maps.
chmod 666 /dev/iommu
machine daemon "$one" "$tests/top-client" --mock --name daemon --vmm 1000
exec 5>"$dir/daemon.go"
await has_line "$dir/daemon.did"
events=fault,response,io-page-fault
start vmm $iosnoop -j -e "$events" --uid 1000
start comm $iosnoop -j -e "$events" -c vmm
start daemon $iosnoop -j -e "$events" -c daemon
printf '%s\n' "map 0 3 4096" "fault 2 1" "stray 3 0" >&5
worked() { (($(grep -c '^ok' "$dir/daemon.did") == 3)); }
await worked
drained vmm comm daemon
for i in vmm comm daemon; do stop "$i"; sound "$i"; done
exec 5>&-
wait "${vm[daemon]}"
is "the VMM ends" "$?" 0
is "faults belong to the process that maps: --uid, -c" \
	"$(of vmm event comm tgid | sed 's/=[0-9]*$//' | xargs) $(
		lines comm | cmp - <(lines vmm))" \
	"2 event=fault comm=vmm tgid 3 event=io-page-fault comm=vmm tgid \
2 event=response comm=vmm tgid "
is "to that process alone" "$(of vmm tgid | wc -l) $(grep -c '"type":"event"' "$dir/daemon")" "1 0"

# The same, but the child maps nothing: it takes over what the daemon has.
machine heir "$one" "$tests/top-client" --mock --name daemon --vmm 1000
exec 5>"$dir/heir.go"
await has_line "$dir/heir.did"
start take $iosnoop -j -e change-process,io-page-fault -c vmm
printf '%s\n' "take 0 0" "stray 2 0" >&5
taken() { (($(grep -c '^ok' "$dir/heir.did") == 2)); }
await taken
drained take
stop take
sound take
exec 5>&-
wait "${vm[heir]}"
is "faults belong to a process that takes memory over" \
	"$(of take event comm ret pages | xargs)" \
	"1 event=change-process comm=vmm ret=0 pages=0 2 event=io-page-fault comm=vmm"

# ---- iommutop ----
# The device of db is not PCI, and its faults are joined by its name.
start topall "$top" -j -i 200ms
start topweb "$top" -j -i 200ms --machine web-1
start topdb "$top" -j -i 200ms --machine db --view faults
start topother "$top" -j -i 200ms --machine db --view latency
"$top" -j -n 1 -i 100ms --device "$name" >"$dir/topnamed"
is "--device selects the context of that device" \
	"$(grep -F '"type":"sample"' "$dir/topnamed" | grep -oE '"kind":"(context|device)"' |
	sort | xargs)" "kind:context kind:device"
tell_db "fault 3 1"
tell_db "stray 5 0"
tell_db "map 0 7 4096"
exec 6>&-
machine dma2 "$one" "$tests/edu-dma" --bdf "$edu" --loops 23 --outside --step
exec 6>"$dir/dma2.go"
many() { (($(grep -oF '"what":"dma fault"' "$dir/$1" | wc -l) >= n)); }
# A fault has an owner if a refresh lists the context, so it stays until both have the fault.
for ((n = 1; n <= 6; n++)); do
	await many topall || break
	await many topweb || break
	echo >&6
done
exec 6>&-
wait "${vm[dma2]}"
three() { (($(grep -oF '"what":"request"' "$dir/topdb" | wc -l) >= 3)); }
await three
counted() { grep -qE '"total":\{"maps":7,' "$dir/topother"; }
await counted
for i in topall topweb topdb topother; do
	stop "$i"
	is "$i ends well" "$rc" 0
done
ok "a machine without a context is reported at once" says topweb "no context passes the filter"
machines() { grep -oE '"machine":"[^"]*"' "$dir/$1" | sort -u | xargs; }
is "contexts, devices and lines have their machine" "$(machines topall)" \
	"machine:db machine:web-1"
is "maps of the other one do not count, nor their lengths" \
	"$(grep -F '"type":"sample"' "$dir/topother" | tail -n 1 | json total.maps | cut -d= -f2) $(
	grep -F '"type":"sample"' "$dir/topother" | tail -n 1 |
	grep -oE '"maps_total":[0-9]+' | awk -F: '{ n += $2 } END { print n + 0 }')" "7 7"
is "--machine leaves no other in any table or line" "$(machines topweb) $(machines topdb)" \
	"machine:web-1 machine:db"
lines_of() { grep -oE '"kind":"line"[^}]*' "$dir/$1"; }
is "a DMA fault has process and machine" \
	"$(lines_of topall | grep -F '"what":"dma fault"' | grep -vcE \
	'"machine":"(web-1|db)",.*"pid":[0-9]+,"comm":"(edu-dma|qemu-system-x86)"')" 0
is "no line of the other machine" \
	"$(lines_of topdb | grep -F '"what":"dma fault"' | grep -c '"comm":"qemu-system-x86"')" 5
for filter in "--uid 4711" "-c nobody" "--machine nowhere"; do
	# shellcheck disable=SC2086 # an option and its value
	"$top" -b -n 1 -i 100ms $filter >"$dir/out" 2>"$dir/nothing.err"
	is "$filter matches nothing: status 1" "$?" 1
	ok "$filter: it says so" has_line "$dir/nothing.err"
done
ok "of a machine it says which run" says nothing web-1
"$top" -b -n 1 -i 100ms >"$dir/text"
ok "text has the machine first" grep -qE '^MACHINE +CTX' "$dir/text"
ok "and it is the first word of a row" grep -qE '^db ' "$dir/text"
"$top" --openmetrics -i 100ms >"$dir/metrics"
ok "metrics have it as the first label" \
	grep -qE '^iommufd_context_pinned_bytes\{machine="db",ctx="[0-9]+"\}' "$dir/metrics"

# ---- iopolicy ----
if build/iopolicy load build/policies/readonly.bpf.o --machine db \
		>"$dir/out" 2>"$dir/policy.err"; then
	is "a policy for a machine" \
		"$(build/iopolicy list -j | json | grep -oE 'cgroup_path=[^ ]+')" \
		"cgroup_path=/machine.slice/machine-qemu\\\\x2d2\\\\x2ddb.scope"
	build/iopolicy unload readonly >/dev/null
else
	ok "a policy for a machine" says policy nothing
fi
build/iopolicy verify build/policies/readonly.bpf.o --machine nowhere 2>"$dir/policy.err"
is "for one that does not run: status 2" "$?" 2
ok "which is named" says policy "no machine 'nowhere' is running"

# ---- a kernel without BTF ----
mount --bind /dev/null /sys/kernel/btf/vmlinux
"$top" -j -n 1 -i 100ms >"$dir/nobtf" 2>"$dir/nobtf.err"
is "without BTF of the kernel root has rows, from /proc" \
	"$? $(grep -F '"type":"sample"' "$dir/nobtf" |
	grep -oE '"kind":"context","machine":"[^"]*"' | sort -u | xargs)" \
	"0 kind:context,machine:db"
ok "and is told the cause" says nobtf "this kernel has no BTF (/sys/kernel/btf/vmlinux)"
is "not a capability that is there" "$(grep -c CAP_ "$dir/nobtf.err")" 0
$iosnoop --check >"$dir/out" 2>"$dir/check.err"
ok "iosnoop --check says it as well" grep -q '^MISSING  kernel BTF ' "$dir/out"
build/iopolicy list >"$dir/out" 2>"$dir/policy.err"
build/iopolicy verify build/policies/readonly.bpf.o >"$dir/out" 2>"$dir/policy.err"
is "iopolicy ends with 4" "$?" 4
ok "and says it" says policy "no BTF, /sys/kernel/btf/vmlinux"
umount /sys/kernel/btf/vmlinux

echo >&7
exec 6>&- 7>&- 8>&-
wait "${vm[web]}" "${vm[db]}"
finish
