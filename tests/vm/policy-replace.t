#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy replace takes over scope, priority, mode and parameters that are not given, and says what
# changes: a policy for one cgroup must not refuse the whole machine after a replace.
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

finish
