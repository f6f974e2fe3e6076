#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy map: the maps of a policy, and their entries as names, paths, addresses and sizes; that
# an entry decides at once; each error; maps of a policy that a process holds.
# vm: --mock
# takes: 12
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
client=build/tests/policy-storm
policies=build/policies
map() { run $iopolicy map "$@"; }
once() { $client --once 12288; }
# most [CGROUP]: how much a process, in the cgroup, can map until an error
most() {
	bash -c 'echo $$ >"/sys/fs/cgroup$1/cgroup.procs" && exec "$2"' sh "${1-}" \
		"$tests/map-until" | head -n 1
}
none="mapped=1048576 error=0"
# wrong NAME STATUS SENTENCE ARGUMENT...
wrong() {
	local name=$1 status=$2 sentence=$3
	shift 3
	map "$@"
	is "$name" "$rc $(cat "$dir/out" "$dir/err")" "$status iopolicy: $sentence"
}

# ---- quota: users, cgroups, sizes ----
mkdir -p /sys/fs/cgroup/machine.slice/vm1
$iopolicy load $policies/quota.bpf.o >/dev/null
map quota
is "the maps of a policy" "$rc $(<"$dir/out")" "0 MAP      TYPE  KEY     VALUE  ENTRIES
cgroups  hash  CGROUP  BYTES  0 of 4096
uids     hash  UID     BYTES  0 of 4096"
map quota cgroups set /machine.slice/vm1=8K
is "set an entry" "$rc $(<"$dir/out")" "0 cgroups: /machine.slice/vm1 = 8K (new)"
is "it decides at once" "$(most /machine.slice/vm1) $(most)" "mapped=0 error=ENOMEM $none"
map quota cgroups set /machine.slice/vm1=4G /sys/fs/cgroup/machine.slice=0
is "set entries, of which one exists" "$rc $(<"$dir/out")" \
	"0 cgroups: /machine.slice/vm1 = 4G (was 8K)
cgroups: /machine.slice = 0 (new)"
map quota cgroups
is "list them" "$rc $(<"$dir/out")" "0 CGROUP              BYTES
/machine.slice      0
/machine.slice/vm1  4G"
map quota cgroups -j
line=$(json policy map key.cgroup_path value.bytes value_text <"$dir/out" | tail -n 1)
is "in JSON" "$rc $line" "0 policy=quota map=cgroups key.cgroup_path=/machine.slice/vm1 $(
	)value.bytes=4294967296 value_text=4G"
map quota cgroups delete /machine.slice
is "delete one" "$rc $(<"$dir/out")" "0 cgroups: /machine.slice deleted (was 0)"
map quota uids set root=4K 4000000=1G
ok "users by name and number" each 'ended 0' "shows 'uids: root = 4K (new)'" \
	"shows 'uids: 4000000 = 1G (new)'"
is "the user's limit decides" "$(most)" "mapped=0 error=ENOMEM"
map quota uids delete root -j
is "delete in JSON" "$rc $(json type map key.uid value.bytes <"$dir/out")" \
	"0 type=entry_deleted map=uids key.uid=0 value.bytes=4096"
is "then it does not any more" "$(most)" "$none"

# ---- errors ----
wrong "an unknown policy" 1 "quote: no policy of this name is loaded; see iopolicy list" quote uids
wrong "an unknown map" 1 "quota: no map 'uid'; it has cgroups, uids" quota uid
wrong "a map of constants" 1 "quota: quota_rodata has no entries that can be listed or changed; \
see iopolicy show quota" quota quota_rodata
wrong "an unknown user" 2 "uids: key 'nobdy': there is no user 'nobdy' on this machine; give a \
name or a number" quota uids set nobdy=4K
wrong "an unknown cgroup" 2 "cgroups: key '/nowhere': no cgroup '/nowhere', neither as a path nor \
in /sys/fs/cgroup (ENOENT)" quota cgroups set /nowhere=4K
wrong "a wrong size" 2 "uids: value '4X': '4X' has an unknown unit; write a number and one of K, \
M, G, T" quota uids set 5=4X
wrong "no value" 2 "uids: '5' has no value; give KEY=BYTES" quota uids set 5
wrong "an entry that does not exist" 1 "uids: no entry '5'; iopolicy map quota uids lists them" \
	quota uids delete 5
map quota uids set 7=1K 8=x
ok "with a wrong entry" each 'ended 2' 'silent out'
map quota uids
is "none is set" "$rc $(<"$dir/out")" "0 UID      BYTES
4000000  1G"
wrong "an unknown action" 2 "map: found 'clear', expected list, set or delete" quota uids clear
wrong "no entry" 2 "map: no entry given; give KEY=VALUE" quota uids set
$iopolicy unload quota >/dev/null

# ---- devices, models, verdicts, ranges ----
$iopolicy load $policies/device_allow.bpf.o >/dev/null
$iopolicy load $policies/pasid_guard.bpf.o >/dev/null
$iopolicy load $policies/iova_guard.bpf.o --set default_allow=1 >/dev/null
$iopolicy load $policies/readonly.bpf.o --set listed_only=1 >/dev/null
map device_allow models set 8086,10c9,any=allow 10de,any,root=deny
is "PCI ids, any, and verdicts" "$rc $(<"$dir/out")" "0 models: 8086,10c9,any = allow (new)
models: 10de,any,root = deny (new)"
map device_allow names set nvme0,any=allow
map device_allow names
is "names of devices" "$rc $(<"$dir/out")" "0 NAME,UID   VALUE
nvme0,any  allow"
wrong "a key with a part too few" 2 "devices: key '0000:00:03.0': has too few parts; it is \
DEVICE,UID" device_allow devices set 0000:00:03.0=allow
wrong "another verdict" 2 "devices: value 'maybe': 'maybe' is none of deny, allow" \
	device_allow devices set 00:03.0,any=maybe
map pasid_guard cgroups set /machine.slice,any=16..31,40
is "ranges of PASIDs" "$rc $(<"$dir/out")" "0 cgroups: /machine.slice,any = 16..31,40..40 (new)"
map pasid_guard cgroups -j
line=$(json key.device value.range0_first value.range0_last value.range2_last <"$dir/out")
is "in JSON, without the id of the cgroup" "$rc $line" \
	"0 key.device=null value.range0_first=16 value.range0_last=31 value.range2_last=0"
map iova_guard uids set root,0=4G+4G
is "a window of addresses" "$rc $(<"$dir/out")" "0 uids: root,0 = 0x100000000..0x1ffffffff (new)"
is "which decides" "$(once)" "map=EPERM unmap=-"
map iova_guard uids delete root,0
is "until it is deleted" "$(once)" "map=0 unmap=0"
map readonly devices set 0000:00:03.0 none
is "a set" "$rc $(<"$dir/out")" "0 devices: 0000:00:03.0 = 1 (new)
devices: none = 1 (new)"
$iopolicy unload --all >/dev/null

# ---- other types; a policy that is not pinned ----
$iopolicy load $policies/audit.bpf.o >/dev/null
$client --once 4096 >/dev/null
map audit counts
ok "hooks" each 'ended 0' "shows 'HOOK,UID'" "grep -qE '^ioas_map,root +1,4K,0$' $dir/out"
wrong "an array has no entries to delete" 2 "last: all 1024 entries of an array exist; set them \
to 0 instead" audit last delete 1
$iopolicy unload audit >/dev/null
$iopolicy run $policies/quota.bpf.o >"$dir/run" 2>&1 &
pid=$!
await test -s "$dir/run"
map quota uids set root=4K
is "the map of a policy that a process holds" "$rc $(<"$dir/out")" "0 uids: root = 4K (new)"
is "decides" "$(most)" "mapped=0 error=ENOMEM"
kill -INT $pid
wait $pid
rmdir /sys/fs/cgroup/machine.slice/vm1 /sys/fs/cgroup/machine.slice
finish
