#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The machine of make demo: its clients work, in their cgroups and within their limits, and the
# tools show them; and each role of host-load ends in good order, with its counts.
# vm: --mock --smp 2
# takes: 60
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/tmux.sh
source "$(dirname "$0")/../lib/tmux.sh"
export LC_ALL=C.UTF-8
load=build/tests/host-load
dir=$(mktemp -d /tmp/demo.XXXXXX)
trap 'screen_cleanup; rm -rf "$dir"' EXIT

# seen PATTERN: a line of the demo matches; prints the last lines if not
seen() { grep -qE -- "$1" "$dir/out" || { echo "no '$1' in:"; tail -n 40 "$dir/out"; return 1; }; }

# A busy host needs more time for each step.
DEMO_PATIENCE=60 scripts/demo-guest batch >"$dir/out" 2>"$dir/err" </dev/null
is "the demo ends by itself" "$?" 0
while read -r line; do diag "$line"; done <"$dir/err"
is "it says what it does" "$(grep -c '^demo: ' "$dir/err")" 7
is "and before each output what that shows" "$(grep -c '^== ' "$dir/out")" 8
ok "a policy has refused page requests of the accelerator" \
	seen '[0-9] +accel-srv .* rate +fault .* ENOSPC|accel-srv .*denied +rate '
for name in spdk- dpdk-fwd; do
	ok "maps of $name* are seen" seen " ${name}[a-z]* +map "
done
ok "page requests are seen" seen 'accel-sr +fault .* pasid '
# One line has both: the request, the time to the answer, and the answer.
ok "and answers to them" seen 'accel-sr +fault .* pasid .* [0-9.]+[mu]?s ok$'
ok "and refusals of a policy" seen ' accel-sr +policy .* fault '
ok "DMA that was stopped is seen" seen 'dma-fault.* 0x4000000'
if reason=$(screen_missing); then
	skip "the live form shows a refusal" "$reason"
else
	screen_start 120x30 "scripts/demo-guest live 2>$dir/live.err"
	ok "the live form shows a refusal by a policy, with its reason" \
		shows '^! policy rate denied accel-srv [0-9]+: fault '
	ok "and the one that leaks" shows '^▲ leaky [0-9]+ leaky-vm grows: '
	keys q
	ok "q ends it" ended 0
	screen_end
fi
is "no policy stays" "$(build/iopolicy list | grep -cE '^(quota|rate) ')" 0
is "no client of it is left" "$(pgrep -c host-load)" 0
ok "a machine has its own cgroup" \
	test -d '/sys/fs/cgroup/machine.slice/machine-qemu\x2d1\x2dweb1.scope'

# role NAME MINIMUM... -- ARGUMENTS: a run of the role ends with 0, and KEY>N of each MINIMUM holds.
# A slow host needs more time for that.
role() {
	local name=$1 seconds want=()
	shift
	while [[ $1 != -- ]]; do want+=("$1"); shift; done
	shift
	for seconds in 1 4 16 64 256; do
		if ! $load "$name" --seconds $seconds "$@" >"$dir/$name" 2>&1; then
			cat "$dir/$name"
			return 1
		fi
		if enough "$name" "${want[@]}"; then return 0; fi
	done
	return 1
}
enough() {	# enough NAME MINIMUM...
	local name=$1 key least got bad=''
	shift
	for key; do
		least=${key#*>} key=${key%>*}
		got=$(value "$key" "$dir/$name")
		((got > least)) || { echo "$key is $got, not over $least"; bad=1; }
	done
	[[ ! $bad ]]
}
ok "vm: maps its memory, and its device writes" role vm 'maps>9' 'dmas>20' --
ok "vm with an IOMMU: it invalidates" role vm 'maps>9' 'invalidations>5' -- --nested
ok "net: as many unmaps as maps but for the pool" role net 'maps>100' 'dmas>100' --
is "net: maps" "$(value maps "$dir/net")" "$(($(value unmaps "$dir/net") + 1))"
ok "accel: DMA, requests answered and refused" role accel 'dmas>30' 'answered_success>5' \
	'answered_invalid>0' 'stopped>0' 'pasids>5' --
nvme=$(tests/vm/bind --bdf nvme)
edu=$(tests/vm/bind --bdf edu)
ok "nvme: reads" role nvme 'dmas>20' -- --bdf "$nvme"
is "nvme: a map for each read, and one for its queues" "$(value maps "$dir/nvme")" \
	"$(($(value dmas "$dir/nvme") + 1))"
ok "edu: DMA, some of it stopped" role edu 'dmas>5' 'stopped>0' -- --bdf "$edu"

chmod 666 /dev/iommu
leak() {
	ulimit -l 2048
	setpriv --reuid 1001 --regid 1001 --clear-groups --bounding-set=-all --inh-caps=-all \
		"$load" leak --seconds "$1" >"$dir/leak" 2>&1
}
for seconds in 1 4 16 64 256; do
	(leak $seconds)
	rc=$?
	if ((rc)) || enough leak 'maps_failed>2' >"$dir/enough"; then break; fi
done
is "leak: ends in good order" "$rc" 0
# Each call is counted, also those that are refused.
is "leak: 2 MiB is all that it gets" \
	"$(($(value maps "$dir/leak") - $(value maps_failed "$dir/leak")))" 4
ok "leak: and it tries again" test "$(value maps_failed "$dir/leak")" -gt 2
is "a role without its device is refused" "$($load nvme 2>/dev/null; echo $?)" 2
is "nothing is pinned" "$(pinned)" 0
finish
