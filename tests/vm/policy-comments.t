#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Run the commands in the comments at the top of the policies in bpf/policies.
# vm: --mock --smp 2
# takes: 10
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
root=$PWD
bpftool=$(sed -n 's/^SETUP_BPFTOOL = //p' build/setup/paths.mk 2>/dev/null)
bpftool=${bpftool:+$root/$bpftool}
# The commands of the comments; each load is the first one.
iopolicy() {
	(cd "$root" && { [[ $1 != load ]] || build/iopolicy unload --all; } && build/iopolicy "$@")
}
bpftool() { command "${bpftool:-bpftool}" "$@"; }
commands() {	# commands FILE: in its first comment, with the lines that go on
	sed '/\*\//q' "$1" | sed -n 's/^ \*\t//p' |
		awk '/^(iopolicy|bpftool|cd) / || on { print; on = /\\$/; next } { on = 0 }'
}
# -e would have no effect here, so each command handles its own failure.
examples() (
	eval "$(commands "bpf/policies/$1.bpf.c" | sed -E 's/\t+#.*//; s/[^\\]$/& || exit 1/')"
)

mkdir -p /sys/fs/cgroup/machine.slice
for f in bpf/policies/*.bpf.c; do
	n=${f##*/}
	n=${n%.bpf.c}
	# Used through rule files: vm/rules, cli/rules.
	[[ $n != rules ]] || continue
	is "$n: has commands in its comment" "$(commands "$f" | grep -c '^iopolicy load')" \
		"$([[ $n == readonly ]] && echo 2 || echo 1)"
	ok "$n: they work" examples "$n"
done
ok "unload all" build/iopolicy unload --all
finish
