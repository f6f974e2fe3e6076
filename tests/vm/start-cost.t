#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Finds these faults: libbpf reads the BTF of the kernel again for each object, or that of modules
# that a tool does not need, or compares a name with those of all types (tools/common/kernel_btf.h).
#
# Guest time counts instructions, so a ms of user time is a million of them.
# vm: --icount
# takes: 15
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"

# at_most MILLIONS COMMAND...: it succeeds, and takes so many instructions in user space at most
at_most() {
	local most=$1 TIMEFORMAT=%U took
	shift
	took=$({ time "$@" >/dev/null 2>"$dir/err"; } 2>&1) || { cat "$dir/err"; return 1; }
	took=$((10#${took/./}))
	diag "$*: $took million instructions in user space"
	((took <= most))
}

modules=(/sys/kernel/btf/vfio*)
diag "${#modules[@]} modules of VFIO"
ok "modules that are not needed are loaded" test "${#modules[@]}" -ge 4
ok "iopolicy list loads one object" at_most 140 build/iopolicy list
ok "iommutop loads three" at_most 220 build/iommutop -n 1
ok "iosnoop loads three" at_most 220 build/iosnoop -e fault,dma-fault -d 0.1
finish
