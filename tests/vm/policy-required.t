#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Policies that must be in force. With the module parameter required_policies, nothing is mapped and
# no device attached before all named policies are loaded, while one of them is unloaded, and with
# one that only audits; unmaps go on. The same holds for accesses of mediated devices and hardware
# queues, which no policy is asked about. A required policy is not ejected. A sealed policy can be
# neither replaced nor unloaded by iopolicy nor ejected, survives its pins, and keeps the module; if
# its link is detached by force, all is refused, and no other policy gets its name. A policy that
# was ejected cannot be sealed. iopolicy why, iosnoop and iommutop name the missing policy.
# vm: --no-load
# takes: 25
# alone: a sealed policy holds the module until the machine ends
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
modules=${IOMMUSCOPE_MODULES:-build}
iopolicy=build/iopolicy
client=build/tests/policy-storm
limit=build/tests/limit.bpf.o
even=build/tests/even.bpf.o
pins=/sys/fs/bpf/iommufd
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
[[ $bpftool == /* ]] || bpftool=$PWD/$bpftool
params=/sys/module/iommufd/parameters

insert() {
	insmod "$modules/iommufd.ko" "$@" && insmod "$modules/iommufd_mock.ko"
}
once() { $client --once "${1:-4096}" 2>&1 | tail -n 1; }
maps() { [[ $(once) == "map=0 unmap=0" ]]; }
# A device cannot even be attached.
refused() { ! maps; }
missing() { cat "$params/missing_policies"; }
# why WORDS...: the refusals of iopolicy why -j WORDS, without process and time
why() { $iopolicy why -j "$@" | json policy rule hook error audit reason missing; }

# With a name that no policy can have, nothing would ever work.
for names in 'limit,,even' 'limit,' 'limit, even' 'limit,.even' 'limit;even' \
	"limit,$(printf '%032d' 0)"; do
	run insmod "$modules/iommufd.ko" "required_policies=\"$names\""
	ok "the module is not loaded with '$names'" each '((rc))' '[[ ! -e $params ]]'
done
ok "and the log says why" eval "dmesg | grep -q \"required_policies: ' even' is not a valid\""
# 1024 characters, as many as the kernel takes; the parameter that shows them has one less.
names=$(printf 'policy-with-quite-a-long-name%02d,' {1..31})
insert "required_policies=${names}policy-with-quite-a-long-nam32,x"
is "too many names to show end with a mark, not with a part of one" "$(missing)" \
	"$(printf 'policy-with-quite-a-long-name%02d,' {1..31})..."
rmmod iommufd_mock
await rmmod iommufd 2>/dev/null
insert required_policies=limit,even
is "both are missing" "$(missing)" "limit,even"
ok "so nothing works" refused
ok "the log names the policy" await eval "dmesg |
	grep -q \"cannot bind, attach or map: policy 'limit' must be in force, and is not\""
tgid=$($iopolicy why -j EPERM | json tgid)
want="policy=limit rule=null hook=ioas_map error=EPERM audit=false \
reason=required, but not in force missing=true"
is "the history has the refusal" "$(why "${tgid#tgid=}")" "$want"
is "and its error finds it" "$(why EPERM)" "$want"
run $iopolicy why
ok "and a person can read it" each 'ended 0' \
	'grep -qE "limit +- +ioas_map .* EPERM +required, but not in force$" "$dir/out"'
build/iosnoop -j -e map,refused >"$dir/snoop" 2>"$dir/snoop.err" &
snoop=$!
build/iommutop -j -i 200ms --view refusals >"$dir/top" 2>"$dir/top.err" &
top=$!
await eval '[[ -s $dir/snoop && -s $dir/top ]]'
once >/dev/null
await eval 'grep -q "\"policy\":\"limit\"" "$dir/top"'
await eval '(($(grep -c EPERM "$dir/snoop") == 2))'
kill -INT $snoop $top
wait $snoop $top
is "iommutop names it, too" "$(json refusals.0.{policy,hook,reason} <"$dir/top" |
	grep limit)" "refusals.0.policy=limit \
refusals.0.hook=ioas_map refusals.0.reason=policy limit must be in force, and is not"
is "and iosnoop, as the cause of the map" "$(json event missing cause <"$dir/snoop" |
	grep ^event= | sort | tr '\n' ' ')" \
	"event=map cause=policy limit must be in force, and is not \
event=refused missing=limit cause=policy limit must be in force, and is not "
build/iommutop -j -n 1 --view policies >"$dir/out" 2>"$dir/err"
is "iommutop has a row for each missing policy" \
	"$(json policies.{0,1}.{name,missing,last_error} policies.2.name <"$dir/out" | grep .)" \
	"policies.0.name=limit policies.0.missing=true policies.0.last_error=EPERM \
policies.1.name=even policies.1.missing=true policies.1.last_error=EPERM"
build/iommutop --openmetrics -n 1 >"$dir/out" 2>"$dir/err"
ok "and metrics" each 'grep -q "^iommufd_policy_info{name=\"limit\",.*missing=\"yes\"} 1$" \
	"$dir/out"' '! grep -q "^iommufd_policy_allowed_total" "$dir/out"'
run $iopolicy list
ok "list shows them" each 'ended 0' '(($(grep -c " missing " "$dir/out") == 2))' \
	"shows 'it must be in force'"
$iopolicy load $limit >/dev/null
ok "one of them is not enough" refused
is "the other one is missing" "$(missing)" even
$iopolicy load --audit --name even $even >/dev/null
ok "one that only audits does not count" refused
$iopolicy replace --enforce even $even >/dev/null
ok "with both in force, maps work" maps
is "and are decided" "$(missing) $(once 12288)" " map=EDQUOT unmap=-"
is "list says that they are required" "$($iopolicy list -j | json name required |
	sort | tr '\n' ' ')" "name=even required=true name=limit required=true "
mkfifo "$dir/orders" "$dir/answers"
build/tests/policy-guard <"$dir/orders" >"$dir/answers" &
exec 3>"$dir/orders" 4<"$dir/answers"
ask() { echo >&3; read -r answer <&4; echo "$answer"; }
read -r answer <&4
is "calls that ask no policy work" "$answer $(ask)" \
	"ready create=0 replace=0 hw-queue=0 pin=0 unpin=0"
$iopolicy unload even >/dev/null
ok "without one of them, all is refused again" refused
is "also those calls, but not what was attached before" "$(ask)" \
	"create=EPERM replace=EPERM hw-queue=EPERM pin=0 unpin=0"
$iopolicy load --name even $even >/dev/null
is "and they work again with it" "$(ask)" "create=0 replace=0 hw-queue=0 pin=0 unpin=0"
exec 3>&- 4<&-
wait
$iopolicy replace limit $even >/dev/null
ok "a replacement of the same name counts" maps
$iopolicy unload --all >/dev/null
# loop-budget under the name of a required policy.
$iopolicy load --name even $even >/dev/null
$iopolicy load --name limit --eject --set slow_bytes=8K --set bad_bytes=16K --set spin_ms=3000 \
	build/tests/loop-budget.bpf.o >/dev/null
is "a required policy is not ejected" "$(once 8192) $(once 16384)" \
	"map=ETIMEDOUT unmap=- map=EDQUOT unmap=-"
$iopolicy unload --all >/dev/null
rmmod iommufd_mock
# A worker of the kernel drops the last reference.
await rmmod iommufd 2>/dev/null

# ---- sealed ----
insert
ok "without the parameter nothing is required" maps
$iopolicy load $limit >/dev/null
run $iopolicy seal nothing
ok "a policy that is not loaded cannot be sealed" each 'ended 1' \
	"says 'nothing: no policy of this name is loaded'"
echo >/run/keeps-modules
run $iopolicy seal limit
ok "seal a policy" each 'ended 0' 'silent err' \
	"shows 'limit sealed until the machine is rebooted'"
run $iopolicy seal -j limit
is "again changes nothing" "$rc $(json type name <"$dir/out")" "0 type=sealed name=limit"
is "list shows it" "$($iopolicy list -j | json state sealed) \
$($iopolicy list | awk '$2 == "limit" { print $5 }')" "state=pinned sealed=true sealed"
run $iopolicy replace limit $even
ok "it cannot be replaced" each 'ended 1' "says 'limit: sealed until the machine is rebooted'"
run $iopolicy unload limit
ok "nor unloaded" each 'ended 1' "says 'limit: sealed until the machine is rebooted'"
mkdir -m 700 "$dir/folder"
run $iopolicy apply "$dir/folder"
ok "nor by apply" each 'ended 1' "says 'limit: sealed until the machine is rebooted'"
is "its pins are still there" "$(ls $pins)" limit
$iopolicy load --name even $even >/dev/null
rm -r $pins/limit
is "it decides without its pins, too" "$(once 12288)" "map=EDQUOT unmap=-"
is "and is held by the driver" "$($iopolicy list -j | json name state | sort | tr '\n' ' ')" \
	"name=even state=pinned name=limit state=held "
$iopolicy unload even >/dev/null
loop=(--eject --set slow_bytes=8K --set bad_bytes=16K --set spin_ms=3000)
$iopolicy load "${loop[@]}" build/tests/loop-budget.bpf.o >/dev/null
is "a slow call ejects a policy" "$(once 8192) $(once 16384)" "map=0 unmap=0 map=0 unmap=0"
run $iopolicy seal loop
ok "so it cannot be sealed" each 'ended 1' 'silent out' \
	"says 'loop: cannot seal it: it was ejected, so it would refuse nothing'"
$iopolicy replace "${loop[@]}" loop build/tests/loop-budget.bpf.o >/dev/null
ok "a new one can" $iopolicy seal loop
is "and is not ejected" "$(once 8192) $(once 16384)" "map=ETIMEDOUT unmap=- map=EDQUOT unmap=-"
link=$($iopolicy list -j | json name link_id | sed -n 's/^name=limit link_id=//p')
"$bpftool" link detach id "$link"
ok "a detach by force closes the machine" refused
is "the policy is missing" "$(missing)" limit
is "the history tells why" "$(why EPERM | grep sealed)" "policy=limit rule=null hook=ioas_map \
error=EPERM audit=false reason=sealed, but was detached by force missing=true"
run $iopolicy load $limit
ok "no other one gets its name" each '((rc))' \
	"says 'a sealed policy of this name was detached; reboot the machine'"
ok "an unload of others is as always" $iopolicy load --name even $even
$iopolicy unload even >/dev/null
rmmod iommufd_mock
ok "the module stays" eval '! rmmod iommufd'

finish
