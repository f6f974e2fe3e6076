#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A policy whose program runs through millions of iterations exceeds its budget. Without --eject it
# refuses each such call, and goes on to enforce; with it, it only audits from then on, and list,
# log and metrics say why, until it is replaced. tests/vm/policy-slow has the counts.
# vm: --mock
# takes: 25
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
client=build/tests/policy-storm
object=build/tests/loop-budget.bpf.o
slow='--set slow_bytes=8K --set spin_ms=3000'

once() { $client --once "$1"; }
# mode: of the policy, and its last reason
mode() { $iopolicy list -j | json audit ejected last.error | sed 's/[a-z.]*=//g'; }

# shellcheck disable=SC2086 # words
$iopolicy load $slow $object >/dev/null
is "a slow decision refuses the call" "$(once 8192)" "map=ETIMEDOUT unmap=-"
is "and again" "$(once 8192)" "map=ETIMEDOUT unmap=-"
is "the policy goes on to enforce" "$(once 12288) $(mode)" "map=EDQUOT unmap=- false false EDQUOT"
# shellcheck disable=SC2086 # words
run $iopolicy replace --eject $slow loop $object
ok "replace says that it may be ejected" each 'ended 0' "shows 'when slow: refuse -> eject'"
is "it enforces as long as it is quick" "$(once 12288)" "map=EDQUOT unmap=-"
is "the first slow call goes on" "$(once 8192)" "map=0 unmap=0"
is "it is ejected" "$(mode)" "true true ETIMEDOUT"
is "so it refuses nothing any more" "$(once 12288)" "map=0 unmap=0"
run $iopolicy list
ok "list says so, with the reason" each 'ended 0' 'shows " ejected "' \
	'grep -q "ETIMEDOUT ran [0-9]* ms, budget 1000 ms" "$dir/out"'
is "so does the log, once" "$(dmesg | grep -c "policy 'loop' (id [0-9]*) ejected: it took")" 1
build/iommutop --openmetrics -n 1 >"$dir/out" 2>"$dir/err"
ok "and a label of the metrics" grep -q '^iommufd_policy_info{.*ejected="yes"' "$dir/out"
run $iopolicy replace loop $object
ok "replace inherits the choice, not the ejection" each 'ended 0' '! shows "when slow"'
is "it enforces again" "$(mode | cut -d' ' -f 1,2) $(once 12288)" "false false map=EDQUOT unmap=-"
$iopolicy unload loop >/dev/null

# A refusal that was enforced, and the same one by the ejected policy, are not equal.
# shellcheck disable=SC2086 # words
$iopolicy load --eject $slow $object >/dev/null
is "one process is refused, ejects the policy, and goes on" "$($client --once 12288 8192 12288)" \
	"map=EDQUOT unmap=-"$'\n'"map=0 unmap=0"$'\n'"map=0 unmap=0"
is "the history tells refusals from those that went on" \
	"$($iopolicy why -j EDQUOT | json audit times | head -n 2 | sort)" \
	"audit=false times=1"$'\n'"audit=true times=1"
$iopolicy unload --all >/dev/null

mkdir -m 700 "$dir/folder"
printf 'object = %s\neject = yes\n' "$PWD/$object" >"$dir/folder/loop.policy"
run $iopolicy apply "$dir/folder"
ok "a policy file has the key eject" ended 0
printf 'object = %s\n' "$PWD/$object" >"$dir/folder/loop.policy"
run $iopolicy apply "$dir/folder"
ok "which apply compares" each 'ended 0' "shows 'when slow: eject -> refuse'"
printf 'object = %s\neject = perhaps\n' "$PWD/$object" >"$dir/folder/loop.policy"
run $iopolicy apply "$dir/folder"
ok "it is yes or no" each 'ended 5' "says \"loop.policy:2: eject: 'perhaps' is neither yes nor no\""
$iopolicy unload --all >/dev/null

# ---- rule files ----
rules() { printf '%s\n' "$1" "param most = 8K" "rule small deny map when length > \$most" \
	>"$dir/small.rules"; }
changes() { sed -n 's/^ *\(when slow: .*\)/\1/p' "$dir/out"; }
rules ''
$iopolicy apply "$dir/small.rules" >/dev/null
rules 'when-slow eject'
run $iopolicy diff "$dir/small.rules"
is "diff shows the choice of a rule file" "$rc $(changes)" "1 when slow: refuse -> eject"
run $iopolicy apply "$dir/small.rules"
is "and apply" "$rc $(changes)" "0 when slow: refuse -> eject"
run $iopolicy set small most=4K
is "a parameter that is set leaves it" "$rc $(changes)" "0 "
rules ''
run $iopolicy replace small "$dir/small.rules"
is "replace inherits it" "$rc $(changes)" "0 "
rules 'when-slow refuse'
run $iopolicy replace small "$dir/small.rules"
is "unless the file says otherwise" "$rc $(changes)" "0 when slow: eject -> refuse"
run $iopolicy replace small --eject "$dir/small.rules"
is "the command line decides" "$rc $(changes)" "0 when slow: refuse -> eject"
$iopolicy unload --all >/dev/null

finish
