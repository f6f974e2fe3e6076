#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A required policy is loaded, or replaced by one that does not only audit, while a process maps all
# the time. No call is refused once the driver says that no policy is missing: it was refused on
# behalf of a policy named ''. tests/vm/policy-required has the rest.
# vm: --no-load --smp 2
# takes: 25
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
modules=${IOMMUSCOPE_MODULES:-build}
iopolicy=build/iopolicy
even=build/tests/even.bpf.o
rounds=7

# round COMMAND...: it brings a policy into force while a process maps
round() {
	local line
	exec 3< <(build/tests/policy-guard --until-mapped)
	read -r line <&3
	"$@" >/dev/null
	read -r line <&3
	exec 3<&-
	diag "$line"
	echo "${line/ tries=+([0-9])/}" >>"$dir/lines"
}
# all: each round has mapped, and none was refused wrongly
all() { [[ $(sort "$dir/lines" | uniq -c | xargs) == "$1 map=0 wrong=0" ]]; }

insmod "$modules/iommufd.ko" required_policies=even
for ((i = 0; i < rounds; i++)); do
	round $iopolicy load --name even $even
	$iopolicy unload even >/dev/null
done
ok "a load lets calls go on as soon as no policy is missing" all $rounds
$iopolicy load --audit --name even $even >/dev/null
for ((i = 0; i < rounds; i++)); do
	round $iopolicy replace --enforce even $even
	$iopolicy replace --audit even $even >/dev/null
done
ok "so does a replace" all $((2 * rounds))
ok "the log names the policy, and no other" eval \
	'[[ $(dmesg | grep -o "policy .* must be in force" | sort -u) == *even* ]]'
$iopolicy unload --all >/dev/null

finish
