#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What policies cost: iopolicy list --cost and iommutop count each decision of each hook and its
# time, as many as the driver counts verdicts, and give the share of the ioctls; they measure only
# while they run, also if they are killed, and iommutop only while a policy is loaded.
# vm: --mock
# takes: 20
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
top=build/iommutop
client=build/tests/policy-storm
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
[[ $bpftool == /* ]] || bpftool=$PWD/$bpftool
pid=''

# measures: the driver's clocks are on
measures() { "$bpftool" link show | grep -q iommufd_policy_time; }
idle() { ! measures; }
# maps N: N processes map a page and unmap it
maps() { for ((i = 0; i < $1; i++)); do $client --once 4096 >>"$dir/client"; done; }
# begin TIME: list --cost in the background
begin() {
	$iopolicy list --cost "$1" "${@:2}" >"$dir/out" 2>"$dir/err" &
	pid=$!
	await measures
}
end() {
	kill -INT "$pid"
	wait "$pid"
	rc=$?
}
# cost NAME HOOK FIELD: of the table
cost() { awk -v n="$1" -v h="$2" -v f="$3" '$2 == n && $4 == h { print $f }' "$dir/out"; }
# between LOW NUMBER HIGH
between() { awk "BEGIN { exit !($1 <= ${2:--1} && ${2:--1} <= $3) }"; }

run $iopolicy list --cost 100ms
ok "without a policy there is only the head" each 'ended 0' 'silent err' \
	'(($(wc -l <"$dir/out") == 1))' 'shows "P99"'
$iopolicy load build/tests/loop.bpf.o >/dev/null
$iopolicy load build/tests/limit.bpf.o --set bad_bytes=1G >/dev/null
maps 3
ok "nothing is measured while nobody looks" idle
begin 1h
maps 7
end
ok "a signal ends the measurement, and the list follows" each 'ended 0' 'silent err'
diag "$(<"$dir/out")"
is "each hook has as many calls as were decided meanwhile" \
	"$(cost loop ioas_map 5) $(cost limit ioas_map 5) $(cost limit ioas_unmap 5)" "7 7 7"
ok "the slow policy has most of the call" between 50 "$(cost loop ioas_map 9)" 100
ok "the other one has a part, too" between 0 "$(cost limit ioas_map 9)" 50
ok "then nothing is measured any more" await idle
begin 1h -j
maps 5
end
json name hooks.ioas_map.{calls,time_ns,p50_ns,p99_ns,call_percent} <"$dir/out" |
	sed 's/[a-z_.0-9]*=//g' >"$dir/json"
diag "$(<"$dir/json")"
read -r name calls time p50 p99 share <"$dir/json"
is "JSON has the same" "$rc $name $calls" "0 limit 5"
ok "its times fit" each "((p50 > 0 && p50 <= p99))" "((time >= 2 * p50 && time <= 5 * p99))"
ok "and its share" between 0 "$share" 100
run $iopolicy list -j
ok "without --cost there are no costs" each 'ended 0' '! shows p99_ns'
begin 1h
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok "a killed one measures no more" await idle
run $iopolicy list --cost 100ms --wide
ok "--wide and --cost exclude each other" each 'ended 2' 'says "exclude each other"'

# ---- iommutop ----
# sample: the last whole sample of iommutop
sample() { tail -n 1 "$dir/top"; }
asked() { [[ $(sample | json hooks.0.asked_total 2>/dev/null) == "hooks.0.asked_total=$1" ]]; }
$top -j -i 200ms --view policies >"$dir/top" 2>"$dir/top.err" &
pid=$!
await measures
maps 9
ok "iommutop counts them for each hook" await asked 9
diag "$(sample | json hooks.0.{name,hook,asked_total,time_p50_ns,call_share_percent,time_ns_total})"
is "and for each policy" "$(sample | json policies.0.name policies.0.asked_total \
	policies.1.name policies.1.asked_total)" \
	"policies.0.name=limit policies.0.asked_total=18 policies.1.name=loop \
policies.1.asked_total=9"
$iopolicy unload --all >/dev/null
ok "without a policy it measures nothing" await idle
$iopolicy load build/tests/loop.bpf.o >/dev/null
ok "and again with one" await measures
maps 3
ok "of which it counts anew" await asked 3
kill -INT "$pid"
wait "$pid"
is "it ends well" "$? $(<"$dir/top.err")" "0 "
$top --openmetrics -n 1000000 -i 200ms >"$dir/top" &
pid=$!
await measures
maps 3
# has METRIC VALUE: a sample of it
has() { grep -qE "^iommufd_policy_$1\{[^}]*\} $2\$" "$dir/top"; }
ok "metrics count the calls" await has hook_asked_total 3
ok "and have their time, figures of the interval and the share" each \
	'has time_seconds_total "[0-9.]*[1-9][0-9]*"' 'has hook_time_p50_seconds "[0-9.]+"' \
	'has time_p99_seconds "[0-9.]+"' 'has call_share_ratio "[01]\.[0-9]+"'
kill -INT "$pid"
wait "$pid"
$iopolicy unload --all >/dev/null

finish
