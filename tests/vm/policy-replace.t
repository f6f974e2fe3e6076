#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy replace takes over scope, priority, mode and parameters that are not given, and says what
# changes: a policy for one cgroup must not refuse the whole machine after a replace. With
# --keep-maps, a policy does not go on without the lists that it had, whatever happened to their
# pins.
# vm: --mock
# takes: 8
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
client=build/tests/policy-storm
mkdir /sys/fs/cgroup/some

$iopolicy load --audit --cgroup /some --priority 7 --set bad_bytes=4K build/tests/limit.bpf.o \
	>/dev/null
state() { $iopolicy list -j | json priority audit cgroup_path; }
inherited=$(state)
run $iopolicy replace --set label=new limit build/tests/limit.bpf.o
ok "replace says what changes" each 'ended 0' 'silent err' \
	"shows 'limit replaced for audit only'" "shows 'parameter label: \"limit\" -> \"new\"'" \
	'(($(wc -l <"$dir/out") == 2))'
is "it keeps scope, priority and mode" "$(state)" "$inherited"
in_some() { sh -c 'echo $$ >/sys/fs/cgroup/some/cgroup.procs; exec '"$client"' --once 4096'; }
in_some >"$dir/client"
is "and the parameters that are not given" \
	"$($iopolicy list -j | json would_deny last.reason)" \
	"would_deny=1 last.reason=new: 4096 bytes"
run $iopolicy replace -j --enforce --priority 1 --cgroup / limit build/tests/limit.bpf.o
want="changes.0.what=priority changes.0.from=7 changes.0.to=1 changes.1.what=scope"
want+=" changes.1.from=/some changes.1.to=/ changes.2.what=mode changes.2.from=audit"
want+=" changes.2.to=enforce"
# shellcheck disable=SC2046 # words
is "what is given changes" "$rc $(json $(printf 'changes.%s ' {0,1,2}.{what,from,to}) \
	<"$dir/out")" "0 $want"
is "it is so in force" "$(state)" "priority=1 audit=false cgroup_path=/"
run $iopolicy replace --no-inherit limit build/tests/limit.bpf.o
is "--no-inherit takes all from the file" "$rc $(state)" \
	"0 priority=10 audit=false cgroup_path=null"
run $iopolicy replace limit build/tests/even.bpf.o
ok "another program inherits what it knows" each 'ended 0' \
	"shows 'program check: none -> new'" "shows 'parameter label: \"limit\" -> none'"
is "also priority" "$(state)" "priority=10 audit=false cgroup_path=null"
$iopolicy unload --all >/dev/null
rmdir /sys/fs/cgroup/some

# ---- --keep-maps ----
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
[[ $bpftool == /* ]] || bpftool=$PWD/$bpftool
keep=build/tests/keep.bpf.o
other=build/tests/keep-other.bpf.o
list=/sys/fs/bpf/iommufd/keep/maps/lengths_that_are_refused
once() { $client --once 12288; }
$iopolicy load $keep >/dev/null
"$bpftool" map update pinned $list key 0 48 0 0 0 0 0 0 value 1 0 0 0
is "the policy refuses what is in its map" "$(once)" "map=EDQUOT unmap=-"
rm $list
run $iopolicy replace --keep-maps keep $keep
ok "a map whose pin is gone is kept" each 'ended 0' 'silent err' \
	"shows '    map lengths_that_are_refused: kept'"
is "with its content, and a new pin" "$(once) $(ls $list)" "map=EDQUOT unmap=- $list"
run $iopolicy replace --keep-maps keep $other
ok "a policy without the map is refused" each 'ended 5' 'silent out' \
	"says \"$other: has no map 'lengths_that_are_refused', so the entries of the old \"" \
	'says "--drop lengths_that_are_refused"'
is "the old one stays" "$(once)" "map=EDQUOT unmap=-"
rm $list
run $iopolicy replace --keep-maps keep $other
ok "also if its pin is gone" each 'ended 5' "says \"has no map 'lengths_that_ar'\""
is "then the old one stays, too" "$(once)" "map=EDQUOT unmap=-"
run $iopolicy replace --keep-maps --drop lengths keep $other
ok "a map to drop that does not exist" each 'ended 2' \
	"says \"--drop: 'lengths' is not a map of policy keep that the new one lacks\""
run $iopolicy replace --keep-maps --drop lengths_that_are_refused -j keep $other
is "a map that may go away does" "$rc $(json maps.0.name maps.0.state maps.1.state <"$dir/out")" \
	"0 maps.0.name=lengths_refused maps.0.state=new maps.1.state=dropped"
is "and the new policy decides" "$(once)" "map=0 unmap=0"
rm /sys/fs/bpf/iommufd/keep/progs/*
run $iopolicy show keep
ok "a program without a pin is shown" each 'ended 0' 'shows "programs    keep_map "'
$iopolicy unload keep >/dev/null

finish
