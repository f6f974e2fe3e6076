#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What policies leave behind: maps that are pinned by their names, and policies whose cgroup was
# removed. list shows them, clean removes them, and nothing that is in use.
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
pin=/sys/fs/bpf/shared
store=/sys/fs/bpf/iommufd
shared=build/tests/shared.bpf.o
large=build/tests/shared-large.bpf.o
left() { find /sys/fs/bpf -mindepth 1 | sort | tr '\n' ' '; }

# ---- maps that are pinned by their names ----
$iopolicy load $shared >/dev/null
$iopolicy map sharing shared set 5=7 >/dev/null
run $iopolicy clean
ok "clean leaves a map that is in use" each 'ended 0' 'silent out' '[[ -e $pin ]]'
run $iopolicy unload sharing
ok "unload says that the map stays" each 'ended 0' \
	"says 'map shared stays pinned in $pin, with its content, for the next policy; iopolicy'"
run $iopolicy list
ok "list shows it" each 'ended 0' \
	"grep -qE '^ +- shared +map +no program uses this map; run iopolicy clean$' $dir/out"
is "in JSON, too" "$($iopolicy list -j | json type name path)" \
	"type=unused_map name=shared path=$pin"
$iopolicy load $shared >/dev/null
is "the next load takes it" "$($iopolicy map sharing shared | tail -n 1)" "5    7"
$iopolicy unload sharing >/dev/null 2>&1
run $iopolicy load $large
ok "a map of another size is named" each 'ended 5' \
	"says '$large: the map pinned in $pin has another type, size or flags than that of'" \
	'says "iopolicy clean removes it if no program uses it"'
run $iopolicy clean
ok "clean removes the map" each 'ended 0' 'silent err' \
	"shows 'map shared cleaned, 2 pins removed: no program uses it'"
is "and its folder" "$(left)" "$store "
run $iopolicy load $large
ok "then the other one can be loaded" each 'ended 0' 'silent err'
rm $pin
$iopolicy unload sharing >"$dir/out" 2>&1
run $iopolicy clean -j
is "a pin that was removed by hand" "$rc $(json name is_map pins_removed <"$dir/out")" \
	"0 name=shared is_map=true pins_removed=1"
$iopolicy run $shared >"$dir/run" 2>&1 &
pid=$!
await test -s "$dir/run"
run $iopolicy load $shared
ok "a load that fails" each 'ended 5'
ok "keeps the pin of a policy that runs" test -e $pin
kill -INT $pid
wait $pid
is "run leaves no pin" "$(left)" "$store "
rm "$dir/run"
$iopolicy run --name sharing build/tests/limit.bpf.o >"$dir/run" 2>&1 &
pid=$!
await test -s "$dir/run"
run $iopolicy load $shared
is "a policy that the driver refuses leaves no pin" "$rc $(left)" "5 $store "
kill -INT $pid
wait $pid

# ---- a cgroup that is removed ----
mkdir /sys/fs/cgroup/brief /sys/fs/cgroup/stays
$iopolicy load --cgroup /brief build/tests/limit.bpf.o >/dev/null
$iopolicy load --cgroup /stays --name stays build/tests/even.bpf.o >/dev/null
run $iopolicy clean
ok "clean leaves policies of cgroups" each 'ended 0' 'silent out'
rmdir /sys/fs/cgroup/brief
run $iopolicy list
ok "list says that the cgroup is gone" each 'ended 0' "grep -qE \
' limit +10 cgroup [0-9]+ +gone +enforce .* its cgroup was removed; run iopolicy clean$' $dir/out" \
	"grep -qE ' stays .* /stays +pinned ' $dir/out"
is "in JSON, too" "$($iopolicy list -j | json name cgroup_gone cgroup_path)" \
	"name=limit cgroup_gone=true cgroup_path=null
name=stays cgroup_gone=false cgroup_path=/stays"
run $iopolicy clean
ok "clean removes the policy" each 'ended 0' 'silent err' \
	"grep -qE '^limit cleaned, [0-9]+ pins removed: its cgroup was removed$' $dir/out"
is "and no other" "$($iopolicy list -j | json name)" "name=stays"
$iopolicy unload --all >/dev/null
rmdir /sys/fs/cgroup/stays
finish
