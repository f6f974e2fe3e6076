#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iosnoop in the guest: its events against the calls that a client reports, one by one; filters;
# loss counted exactly; privileges; a kernel without the needed features; ends of all kinds.
# vm: --smp 2
# takes: 50
# alone: locks the kernel down
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
client=$tests/iommu-script
load=$tests/iommu-load

# ---- one run of the client, seen by many ----
bdf=$(tests/vm/bind --bdf edu) && tests/vm/bind edu >/dev/null 2>"$dir/bind.err"
device=(--bdf "$bdf")
if ! is "the edu device is bound to vfio-pci" "$?" 0; then
	show "$dir/bind.err"
	device=()
fi
$load --pairs 3 --wait <"$dir/never" >"$dir/load" 9>&- &
await has_line "$dir/load"
read -r load_pid <"$dir/load"
load_pid=${load_pid#pid=}

start all $iosnoop -j -T
start table $iosnoop -v
start wide $iosnoop -wT
start failed $iosnoop -jx
start process $iosnoop -j -p "$load_pid"
start some $iosnoop -j -e unmap,ioas_copy
start slow $iosnoop -j -m 1h
start five $iosnoop -j -n 5
$client "${device[@]}" >"$dir/calls" 2>"$dir/calls.err"
is "the client did its calls" "$?" 0 || show "$dir/calls.err"
echo >&9
wait "$(jobs -p %?--wait 2>/dev/null)" 2>/dev/null
join five
is "-n ends by itself" "$rc" 0
ok "a line is there a moment after its event" await grep -q ' detach \| unmap ' "$dir/table"

stop all
is "Ctrl-C is no failure" "$rc" 0
is "and nothing is said on stderr" "$(<"$dir/all.err")" ""
sound all
json type <"$dir/all" >"$dir/types"
is "a start record begins, an end record ends" \
	"$(uniq "$dir/types" | tr '\n' ' ')" "type=start type=event type=end "
end_record all
ok "seen is filtered, submitted and lost" adds_up
is "none was lost or filtered, all were shown" "$filtered $lost $shown" "0 0 $seen"
is "as many as there are event records" "$(grep -c event "$dir/types")" "$shown"
is "the reason is the signal" "$reason" signal

# by_call FILE: the events of the client as it prints them itself
by_call() {
	grep -F '"comm":"iommu-script"' "$1" | grep -E '"event":"(map|unmap|copy|attach|detach)"' |
	json event ioas src_ioas iova src_iova length_bytes flags unmapped_bytes ret |
	while read -r -a field; do
		for i in "${!field[@]}"; do
			case ${field[i]} in
			length_bytes=*) printf -v 'field[i]' 'length=0x%x' "${field[i]#*=}" ;;
			unmapped_bytes=*) printf -v 'field[i]' 'unmapped=0x%x' "${field[i]#*=}" ;;
			esac
		done
		# A detach that does not fail has no result, and may not know its IOAS.
		case ${field[0]} in
		event=detach) echo "event=detach" ;;
		*) echo "${field[*]}" ;;
		esac
	done
}
by_call "$dir/all" >"$dir/got"
sed 's/^event=detach .*/event=detach/' "$dir/calls" >"$dir/want"
ok "events and calls are the same, one by one" diff "$dir/want" "$dir/got"
count() { grep -c -E "$1" "$dir/got"; }
is "23 maps" "$(count '^event=map .* ret=0$')" 23
is "7 unmaps" "$(count '^event=unmap .* ret=0$')" 7
is "2 copies" "$(count '^event=copy .* ret=0$')" 2
is "5 calls that failed" "$(count ' ret=-')" 5
is "all by one process and thread" \
	"$(grep -F '"comm":"iommu-script"' "$dir/all" | json tid tgid ctx | sort -u | wc -l)" 1
sorted() { json time_ns <"$dir/$1" | cut -d= -f2 | sort -nc; }
ok "in the order of time" sorted all
ok "-T gives the time of day" grep -qE \
	'"time":"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z"' "$dir/all"
if ((${#device[@]})); then
	for event in bind attach detach unbind; do
		is "one $event, with the device's address" \
			"$(grep -F "\"event\":\"$event\"" "$dir/all" | json bdf)" "bdf=$bdf"
	done
	# Attached memory is pinned: as many pages as the range has, if none were pinned before.
	first=$(grep -F '"event":"attach"' "$dir/all" | json ioas)
	grep -F '"comm":"iommu-script"' "$dir/all" | grep -F '"event":"map"' |
		grep -F "\"ioas\":${first#ioas=}," | grep -F '"ret":0,' |
		json length_bytes pages runs pin_ns |
		awk -F'[ =]' '$4 != $2 / 4096 || $6 < 1 || $6 > $4 || $8 < 1' >"$dir/wrong"
	is "pages, runs and times of maps into an attached address space" "$(<"$dir/wrong")" ""
fi

stop table
is "the table: exit status 0" "$rc" 0
is "it has a line for each event, and one for each cause" "$(wc -l <"$dir/table")" \
	$((seen + 1 + $(grep -c '"cause":' "$dir/all")))
ok "which begins with the error" \
	grep -qx '         EEXIST: the range overlaps an existing mapping' "$dir/table"
is "in 80 columns" "$(grep -c '.\{81\}' "$dir/table")" 0
ok "with a header" grep -q '^ *TIME  *PID NAME .* IOAS  *IOVA .* PIN  *MAP RES$' "$dir/table"
ok "with names of errors" grep -qE ' map .* EEXIST$' "$dir/table"
ok "-v gives the counters" says table "events seen: $seen; filtered: 0, submitted: $seen, lost: 0;"
stop wide
is "-w has a line for each event" "$(wc -l <"$dir/wide")" $((seen + 1))
ok "and all there is to know" grep -qE \
	' copy .* 0x10480000 +36864 r- .* ok +src_ioas=[0-9]+ src_iova=0x10480000 flags=0x5$' \
	"$dir/wide"
total=$seen

stop failed
sound failed
by_call "$dir/failed" >"$dir/got"
ok "-x shows failed calls, and nothing else" diff <(grep ' ret=-' "$dir/want") "$dir/got"
end_record failed
is "the others are counted as filtered" "$seen $filtered $submitted" "$total $((total - 5)) 5"
stop process
sound process
is "-p shows the calls of that process" \
	"$(grep -F '"type":"event"' "$dir/process" | json event tgid | sort | uniq -c | xargs)" \
	"3 event=map tgid=$load_pid 3 event=unmap tgid=$load_pid"
end_record process
is "and filters the others" "$seen $filtered" "$total $((total - 6))"
stop some
sound some
is "-e shows those events" \
	"$(grep -F '"type":"event"' "$dir/some" | json event | sort -u | xargs)" \
	"event=copy event=unmap"
end_record some
is "and does not see the others" "$seen $filtered" \
	"$(grep -cE '"event":"(unmap|copy)"' "$dir/all") 0"
stop slow
sound slow
end_record slow
is "-m filters faster calls" "$seen $filtered" "$total $total"
sound five
end_record five
is "-n 5 shows five" "$shown $reason $(grep -c '"type":"event"' "$dir/five")" "5 count 5"
ok "and still adds up" adds_up

# ---- loss ----
start tiny $iosnoop -j --buffer-size 1 --strict
start big $iosnoop -j --buffer-size 64M
$load --pairs 10007 --threads 2 --name $'\e[2J\xff"\\x' >"$dir/load"
stop tiny
sound tiny
is "--strict exits with 6 when events were lost" "$rc" 6
end_record tiny
ok "a buffer of one page loses events" test "${lost:-0}" -gt 0
is "seen is all that was done" "$seen" 40028
is "submitted and lost is all that was done" $((submitted + lost)) 40028
is "all that was submitted is shown" "$(grep -c '"type":"event"' "$dir/tiny")" "$submitted"
is "the lost records make up all that was lost" \
	"$(grep -F '"type":"lost"' "$dir/tiny" | json count |
		awk -F= '{ n += $2 } END { print n }')" "$lost"
ok "the message has the number" says tiny "lost $lost of 40028 events"
ok "and the remedy" says tiny --buffer-size
stop big
end_record big
is "a large buffer loses none" "$rc $seen $submitted $lost" "0 40028 40028 0"
sound big
ok "and has the name" grep -qF '"comm":"\u001b[2J\ufffd\"\\x"' "$dir/big"

start text $iosnoop --buffer-size 4K
$load --pairs 5003 --name $'\e[2J\xff"\\x' >"$dir/load"
stop text
ok "in the table, lost events have a line" \
	grep -qE '^ *[0-9.]+ LOST [0-9]+ events \([0-9]+ in all\)' "$dir/text"
is "without --strict they are no failure" "$rc" 0
ok "and names are clean" grep -qF ' ?[2J?"\x ' "$dir/text"
is "without any control character" "$(LC_ALL=C grep -c $'[\e\xff]' "$dir/text")" 0

# ---- ends ----
{ $iosnoop -q; echo $? >"$dir/status"; } 2>"$dir/head.err" | head -n 3 >"$dir/head" &
# With -q no heading says when it is attached: events until its reader has had enough.
for _ in {1..600}; do
	$load --pairs 10 >"$dir/load"
	has_line "$dir/status" && break
	nap 0.5
done
ok "iosnoop | head ends" await has_line "$dir/status"
is "with 0 and without a word" "$(<"$dir/status") $(<"$dir/head.err")" "0 "
rm "$dir/status"
{ $iosnoop; echo $? >"$dir/status"; } 2>"$dir/head.err" | head -n 1 >"$dir/head" &
ok "it ends, too, when nothing happens after its reader went" await has_line "$dir/status"
is "and again with 0" "$(<"$dir/status") $(<"$dir/head.err")" "0 "
start term $iosnoop -j
stop term TERM
is "SIGTERM is no failure" "$rc" 0
$iosnoop -d 200ms >"$dir/out" 2>"$dir/out.err"
is "-d ends by itself" "$? $(wc -l <"$dir/out")" "0 1"
$iosnoop -d 1 >/dev/full 2>"$dir/full.err"
is "a full disk is a failure" "$?" 1
ok "that is named" says full "cannot write to standard output: ENOSPC"
$iosnoop -d 1 >&- 2>"$dir/closed.err"
is "so is a closed stdout" "$?" 1
start killed $iosnoop -j
kill -KILL "${pids[killed]}"
wait "${pids[killed]}" 2>/dev/null
unset 'pids[killed]'

# ---- privileges ----
caps=(setpriv --reuid 65534 --regid 65534 --clear-groups)
start two "${caps[@]}" --inh-caps -all,+bpf,+perfmon --ambient-caps -all,+bpf,+perfmon $iosnoop -j
$load --pairs 5 >"$dir/load"
drained two
stop two
end_record two
is "CAP_BPF and CAP_PERFMON suffice" "$rc $seen $shown" "0 10 10"
chmod 711 "$dir"
"${caps[@]}" --inh-caps -all $iosnoop >"$dir/out" 2>"$dir/none.err"
is "without capabilities it ends with 3" "$? $(<"$dir/out")" "3 "
ok "and says which it lacks" says none "lacks CAP_BPF and CAP_PERFMON"
"${caps[@]}" --inh-caps -all,+bpf --ambient-caps -all,+bpf $iosnoop >"$dir/out" 2>"$dir/one.err"
is "CAP_BPF alone does not suffice" "$?" 3
ok "and the other one is named" says one "lacks CAP_PERFMON"
name="in a user namespace it ends with 3 and says why"
if unshare -Ur true 2>/dev/null; then
	unshare -Ur $iosnoop >"$dir/out" 2>"$dir/userns.err"
	rc=$?
	ok "$name" each "((rc == 3))" "says userns 'user namespace'"
else
	skip "$name" "no user namespaces in a chroot"
fi

# ---- kernels and modules ----
mount --bind /dev/null /sys/kernel/btf/vmlinux
start nobtf $iosnoop -j
$load --pairs 5 >"$dir/load"
stop nobtf
umount /sys/kernel/btf/vmlinux
end_record nobtf
is "it needs no BTF of the kernel" "$rc $seen $shown" "0 10 10"
start busy $iosnoop -j
tests/vm/bind --unbind edu >/dev/null 2>&1
rmmod vfio_pci vfio_pci_core vfio_iommu_type1 vfio 2>/dev/null
rmmod iommufd 2>"$dir/rmmod.err"
ok "while it runs the module is in use" says rmmod "in use"
stop busy
# The kernel frees programs that may sleep after a grace period. Those of type1 held VFIO.
unloads() {
	rmmod vfio_iommu_type1 vfio 2>/dev/null
	rmmod iommufd 2>/dev/null
}
ok "after that, and after one was killed, the module can be unloaded" await unloads
$iosnoop >"$dir/out" 2>"$dir/absent.err"
is "without the module it ends with 4" "$? $(<"$dir/out")" "4 "
ok "and says so" says absent "module iommufd is not loaded"
ok "and how to load it" says absent "modprobe iommufd"
mount -t tmpfs tmpfs /sys/module && mkdir /sys/module/iommufd
$iosnoop >"$dir/out" 2>"$dir/foreign.err"
is "with another module of that name, which has no BTF, too" "$? $(<"$dir/out")" "4 "
ok "and says whose it takes it for, and what it lacks" says foreign \
	"cannot trace the kernel's own iommufd: module iommufd has no BTF"
umount /sys/module
insmod "${IOMMUSCOPE_MODULES:-build}/iommufd.ko"
if echo confidentiality 2>/dev/null >/sys/kernel/security/lockdown; then
	start locked $iosnoop -j
	$load --pairs 5 >"$dir/load"
	stop locked
	end_record locked
	is "it works in a kernel that is locked down" "$rc $seen $shown" "0 10 10"
	build/iommutop -j -n 1 -i 100ms >"$dir/top" 2>"$dir/top.err"
	rc=$?
	ok "iommutop as well, and says what it lacks because of that" each "((rc == 0))" \
		"says top \"no DMA faults: kernel lockdown is in mode 'confidentiality'\""
else
	skip "it works in a kernel that is locked down" "no lockdown in this kernel"
	skip "iommutop as well" "no lockdown in this kernel"
fi

finish
