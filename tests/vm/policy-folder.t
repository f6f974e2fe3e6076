#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy apply in the guest: what is in force becomes what the folder says; a second apply changes
# nothing; every error, also one in the middle, leaves what was in force; --confirm goes back by
# itself. The command has the capabilities of the systemd unit.
# caps: CAP_SYS_ADMIN CAP_BPF CAP_PERFMON CAP_SYSLOG CAP_DAC_READ_SEARCH
# vm: --mock
# takes: 30
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
caps=-all,+cap_21,+cap_39,+cap_38,+cap_34,+cap_2
client=build/tests/policy-storm
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
[[ $bpftool == /* ]] || bpftool=$PWD/$bpftool
pins=/sys/fs/bpf/iommufd
folder=$dir/policy.d
# Objects must belong to root, whoever has built them.
mkdir -m 755 "$folder" "$dir/objects"
cp build/tests/{limit,even,bad-flags}.bpf.o build/policies/rate.bpf.o "$dir/objects"
chown -R root: "$dir"
chmod -R go-w "$dir"
# file NAME LINE...: a policy file
file() { (IFS=$'\n'; echo "${*:2}") >"$folder/$1"; }
# look: list the policies, for the functions below, because each listing takes a while
look() { $iopolicy list -j >"$dir/list"; }
# in_force: name, priority and mode of each policy
in_force() { json name priority audit state <"$dir/list" | sed -E 's/[a-z]+=//g' | tr '\n' ';'; }
pinned_names() { (cd $pins && echo *); }
# The kernel's ids: they change with each load and each replace.
ids() { json id link_id <"$dir/list" | tr '\n' ';'; }
apply() { run setpriv --bounding-set=$caps --inh-caps=-all $iopolicy apply "$@" "$folder"; }
limit="object = $dir/objects/limit.bpf.o"
even="object = $dir/objects/even.bpf.o"
rate="object = $dir/objects/rate.bpf.o"

# ---- load ----
file 10-limit.policy '# three pages' '' "$limit" 'name = limit' ' set.bad_bytes=12K ' \
	'set.label = a = b'
file watch.policy "$rate" 'priority = -3' 'audit = yes'
touch "$folder/README" "$folder/old.policy.disabled" "$folder/.hidden" "$folder/x.policy~"
apply --dry-run
ok "--dry-run shows what would be loaded" each 'ended 0' 'silent err' \
	"shows '+ limit: priority 10, scope all, enforce ($folder/10-limit.policy)'" \
	"shows '+ watch: priority -3, scope all, audit ($folder/watch.policy)'" \
	"shows 'would be: 2 loaded, 0 replaced, 0 unloaded, 0 unchanged'"
is "and pins nothing" "$(find $pins -mindepth 1 2>/dev/null)" ""
apply
ok "apply loads them" each 'ended 0' 'silent err' "shows '2 loaded, 0 replaced, 0 unloaded'"
refused=$($client --once 12288)
look
is "they are in force, with their settings" "$(in_force)" \
	"limit 10 false pinned;watch -3 true pinned;"
is "and with their parameters" "$refused $(json last.reason <"$dir/list" | head -n 1)" \
	"map=EDQUOT unmap=- last.reason=a = b: 12288 bytes"
before=$(ids)
apply -j
ok "a second apply changes nothing" each 'ended 0' \
	'[[ $(json action name <"$dir/out" | head -n 2 | tr "\n" ";") == \
		"action=keep name=limit;action=keep name=watch;" ]]' \
	'[[ $(json unchanged loaded replaced unloaded <"$dir/out" | tail -n 1) == \
		"unchanged=2 loaded=0 replaced=0 unloaded=0" ]]'
look
is "not even its ids" "$(ids)" "$before"

# ---- change ----
file 10-limit.policy "$limit" 'name = limit' 'set.bad_bytes = 8K' 'priority = 5'
mkdir -p /sys/fs/cgroup/some
file more.policy "$even" 'cgroup = /some'
mv "$folder/watch.policy" "$folder/watch.policy.disabled"
apply --dry-run
ok "--dry-run shows the differences" each 'ended 0' 'silent err' "shows '~ limit ('" \
	"shows '    priority: 10 -> 5'" "shows '    parameter bad_bytes: 12288 -> 8192'" \
	"shows '    parameter label: \"a = b\" -> \"limit\"'" "shows '- watch'" \
	"shows '+ more: priority 0, scope /some, enforce'" \
	"shows 'would be: 1 loaded, 1 replaced, 1 unloaded, 0 unchanged'" \
	'(($(grep -c "^    " "$dir/out") == 3))'
look
is "and changes nothing" "$(ids)" "$before"
apply
ok "apply loads, replaces and unloads" each 'ended 0' 'silent err' \
	"shows '1 loaded, 1 replaced, 1 unloaded, 0 unchanged'"
look
is "what the folder says is in force" "$(in_force)" "limit 5 false pinned;more 0 false pinned;"
is "the replaced policy has the new parameter" "$($client --once 8192) $($client --once 12288)" \
	"map=EDQUOT unmap=- map=0 unmap=0"
is "no other pin is left" "$(pinned_names)" "limit more"
before=$(ids)

# ---- errors leave all as it is ----
# fails NAME STATUS SENTENCE: apply fails so
fails() {
	apply
	ok "$1" each "ended $2" 'silent out' "says $(printf '%q' "$3")"
}
file more.policy "$even" 'priority = 1'
file z-bad.policy "object = $dir/objects/bad-flags.bpf.o"
fails "a policy that the driver refuses" 5 "unknown flags 0x80000000"
file z-bad.policy "$limit" 'cgroup = /none'
fails "a cgroup that does not exist" 5 "z-bad.policy:2: cgroup: "
file z-bad.policy "$limit"
$iopolicy run --name z-bad "$dir/objects/limit.bpf.o" >"$dir/run" 2>&1 &
pid=$!
has_line() { [[ -s $1 ]]; }
await has_line "$dir/run"
# Its capabilities do not let it look into other processes.
fails "a name that a process holds" 1 \
	"a policy named z-bad is loaded, and held by a process or a pin elsewhere"
kill "$pid"
wait "$pid"
# Too few file descriptors: some policies are loaded when there are no more.
for n in {1..4}; do file "z-$n.policy" "$even"; done
rm "$folder/z-bad.policy"
run bash -c 'ulimit -n 44; exec "$@"' bash $iopolicy apply "$folder"
ok "no more file descriptors" each 'ended 1' 'silent out' 'says EMFILE'
look
is "after these errors all is in force as before" "$(ids) $(pinned_names)" "$before limit more"
rm "$folder"/z-*.policy
# A pin that cannot be made, after other steps are done: somebody has put a policy's map there.
file zz.policy "$rate"
mkdir -p "$pins/zz/progs/on_map" "$pins/zz/maps"
"$bpftool" map pin name limit "$pins/zz/maps/x" 2>/dev/null
mount -t tmpfs tmpfs "$pins/zz/maps"
apply
ok "a pin fails in the middle" each 'ended 1' 'silent out' 'says zz'
umount "$pins/zz/maps"
$iopolicy clean >/dev/null
look
is "the steps before it are undone" "$(in_force)" "limit 5 false pinned;more 0 false pinned;"
is "with the old parameters" "$($client --once 8192)" "map=EDQUOT unmap=-"
rm "$folder/zz.policy"

# ---- confirm ----
file 10-limit.policy "$limit" 'name = limit' 'set.bad_bytes = 4K'
file new.policy "$rate"
rm "$folder/more.policy"
"$bpftool" map update pinned $pins/limit/maps/lengths key 1 2 3 4 value 5 0 0 0 0 0 0 0
entries() { "$bpftool" map dump pinned $pins/limit/maps/lengths | grep -c 67305985; }
waits() { [[ -S /run/iopolicy/confirm && -s $dir/apply.out ]]; }
former=$(in_force)
# begin TIME: an apply in the background that waits for its confirmation
begin() {
	: >"$dir/apply.out"
	$iopolicy apply --confirm "$1" "$folder" >"$dir/apply.out" 2>"$dir/apply.err" &
	pid=$!
	await waits
}
begin 1h
look
is "until it is confirmed the folder is in force" "$(in_force)$($client --once 4096)" \
	"limit 10 false pinned;new 0 false pinned;map=EDQUOT unmap=-"
kill -HUP "$pid"
wait "$pid"
rc=$?
look
is "it goes back when its terminal closes" "$rc $(in_force) $($client --once 8192)" \
	"1 $former map=EDQUOT unmap=-"
is "the maps have their entries" "$(entries)" 1
begin 1s
wait "$pid"
is "without confirmation it fails" "$?" 1
ok "and says so" grep -q "not confirmed, so the former policies are in force" "$dir/apply.err"
look
is "and the former policies are in force" "$(in_force)" "$former"
begin 1h
run $iopolicy apply --confirm 5s "$folder"
ok "a second one is refused meanwhile" each 'ended 1' 'says "another apply waits"'
run $iopolicy unload new
ok "others may change policies meanwhile" ended 0
kill -TERM "$pid"
wait "$pid"
ok "which it does not undo" grep -q "new: another command has changed it" "$dir/apply.err"
look
is "but all else" "$(in_force)" "$former"
begin 1h
run $iopolicy confirm
ok "confirm" each 'ended 0' 'silent err'
wait "$pid"
rc=$?
look
is "keeps the folder in force" "$rc $(in_force)" "0 limit 10 false pinned;new 0 false pinned;"
run $iopolicy confirm
ok "a second confirm finds no apply" each 'ended 1' 'says "no apply waits"'
ok "no socket is left" test ! -e /run/iopolicy
run $iopolicy apply --confirm 1h "$folder"
ok "without a change there is nothing to confirm" each 'ended 0' 'silent err'
rm "$folder"/*.policy
apply
look
is "an empty folder unloads all" "$rc$(in_force)$(find $pins -mindepth 1)" 0
rmdir /sys/fs/cgroup/some

finish
