#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy apply in the guest: what is in force becomes what the folder says; a second apply changes
# nothing; every error, also one in the middle or a full disk, leaves what was in force; --confirm
# goes back by itself. The command has the capabilities of the systemd unit.
# caps: CAP_SYS_ADMIN CAP_BPF CAP_PERFMON CAP_SYSLOG CAP_DAC_READ_SEARCH
# vm: --mock
# takes: 20
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
iopolicy=build/iopolicy
caps=-all,+cap_21,+cap_39,+cap_38,+cap_34,+cap_2
client=build/tests/policy-storm
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
[[ $bpftool == /* ]] || bpftool=$PWD/$bpftool
pins=/sys/fs/bpf/iommufd
# In the folders for errors there are few policies, because loading one takes a while here.
folder=$dir/policy.d few=$dir/few none=$dir/none
# Objects must belong to root, also if another user has built them.
mkdir -m 755 "$folder" "$few" "$none" "$dir/objects"
cp build/tests/{limit,even,bad-flags}.bpf.o "$dir/objects"
chown -R root: "$dir"
chmod -R go-w "$dir"
# file NAME LINE...: a policy file; in a folder if NAME has a slash
file() {
	local to=$1
	[[ $1 == */* ]] || to=$folder/$1
	(IFS=$'\n'; echo "${*:2}") >"$to"
}
# list: name, priority and mode of each policy, and the reason of its last refusal
list() {
	$iopolicy list -j | sed -nE 's/.*"name":"([^"]*)","state":"([^"]*)".*"priority":([-0-9]*),'\
'"audit":([a-z]*),.*("last":null|"reason":"([^"]*)").*/\1 \3 \4 \2 \6/p' | tr '\n' ';'
}
# The kernel's ids change with each load and each replace.
ids() { build/tests/pins | tr '\n' ';'; }
names() { build/tests/pins | cut -d' ' -f1 | xargs; }
apply() { run setpriv --bounding-set=$caps --inh-caps=-all $iopolicy apply "${@:-$folder}"; }
limit="object = $dir/objects/limit.bpf.o"
even="object = $dir/objects/even.bpf.o"

# ---- load ----
file 10-limit.policy '# three pages' '' "$limit" 'name = limit' ' set.bad_bytes=12K ' \
	'set.label = a = b'
touch "$folder/README" "$folder/old.policy.disabled" "$folder/.hidden" "$folder/x.policy~"
apply --dry-run "$folder"
ok "--dry-run shows what would be loaded" each 'ended 0' 'silent err' \
	"shows '+ limit: priority 10, scope all, enforce ($folder/10-limit.policy)'" \
	"shows 'would be: 1 loaded, 0 replaced, 0 unloaded, 0 unchanged'"
is "and pins nothing" "$(find $pins -mindepth 1 2>/dev/null)" ""
file watch.policy "$even" 'priority = -3' 'audit = yes'
apply
ok "apply loads them" each 'ended 0' 'silent err' \
	"shows '+ watch: priority -3, scope all, audit ($folder/watch.policy)'" \
	"shows '2 loaded, 0 replaced, 0 unloaded'"
is "the first one refuses" "$($client --once 12288)" "map=EDQUOT unmap=-"
is "they are in force, with their settings and parameters" "$(list)" \
	"limit 10 false pinned a = b: 12288 bytes;watch -3 true pinned ;"
before=$(ids)
apply -j --confirm 1h "$folder"
ok "a second apply changes nothing, so there is nothing to confirm" each 'ended 0' 'silent err' \
	'[[ $(grep -c "\"action\":\"keep\"" "$dir/out") == 2 ]]' \
	'grep -q "^{\"type\":\"applied\",.*\"loaded\":0,.*\"unchanged\":2}$" "$dir/out"'
is "not even the ids change" "$(ids)" "$before"

# ---- change ----
file 10-limit.policy "$limit" 'name = limit' 'set.bad_bytes = 8K' 'priority = 5'
mv "$folder/watch.policy" "$folder/watch.policy.disabled"
apply --dry-run "$folder"
ok "--dry-run shows the differences" each 'ended 0' 'silent err' "shows '~ limit ('" \
	"shows '    priority: 10 -> 5'" "shows '    parameter bad_bytes: 12288 -> 8192'" \
	"shows '    parameter label: \"a = b\" -> \"limit\"'" "shows '- watch'" \
	"shows 'would be: 0 loaded, 1 replaced, 1 unloaded, 0 unchanged'" \
	'(($(grep -c "^    " "$dir/out") == 3))'
is "and changes nothing" "$(ids)" "$before"
mkdir -p /sys/fs/cgroup/some
file more.policy "$even" 'cgroup = /some'
apply
ok "apply loads, replaces and unloads" each 'ended 0' 'silent err' \
	"shows '+ more: priority 0, scope /some, enforce'" \
	"shows '1 loaded, 1 replaced, 1 unloaded, 0 unchanged'"
is "the replaced policy has the new parameter" "$($client --once 8192) $($client --once 12288)" \
	"map=EDQUOT unmap=- map=0 unmap=0"
former="limit 5 false pinned limit: 8192 bytes;more 0 false pinned ;"
is "what the folder says is in force" "$(list)" "$former"
is "no other pin is left" "$(cd $pins && echo *)" "limit more"
before=$(ids)

# ---- errors leave all as it is ----
# fails NAME STATUS SENTENCE: apply fails so
fails() {
	apply "$few"
	ok "$1" each "ended $2" 'silent out' "says $(printf '%q' "$3")"
}
file "$few/bad.policy" "object = $dir/objects/bad-flags.bpf.o"
fails "a policy that the driver refuses" 5 "unknown flags 0x80000000"
file "$few/bad.policy" "$limit" 'cgroup = /none'
fails "a cgroup that does not exist" 5 "bad.policy:2: cgroup: "
file "$few/bad.policy" "$limit" 'name = limit'
mv "$pins/limit/link" /sys/fs/bpf/elsewhere
fails "a name that a pin elsewhere holds" 1 \
	"a policy named limit is loaded, and held by a process or a pin elsewhere"
mv /sys/fs/bpf/elsewhere "$pins/limit/link"
file "$few/bad.policy" "$limit"
# The first policy is loaded when there are no more file descriptors.
file "$few/worse.policy" "$even"
run bash -c 'ulimit -n 30; exec "$@"' bash $iopolicy apply "$few"
ok "no more file descriptors" each 'ended 1' 'silent out' 'says EMFILE'
rm "$few/worse.policy"
# No room for the socket of --confirm.
mkdir /run/iopolicy
mount -t tmpfs -o nr_inodes=1,mode=700 tmpfs /run/iopolicy
apply --confirm 1h "$none"
ok "a full disk before the change" each 'ended 1' 'silent out' \
	"says '/run/iopolicy/confirm: cannot wait for a confirmation (ENOSPC)'"
umount /run/iopolicy
rmdir /run/iopolicy
is "after these errors all is in force as before" "$(ids)" "$before"
# A pin that cannot be made, after other steps are done: somebody has put a policy's map there.
rm "$few/bad.policy"
file "$few/more.policy" "$even" 'priority = 1'
file "$few/zz.policy" "$limit"
mkdir -p "$pins/zz/maps"
"$bpftool" map pin name limit "$pins/zz/maps/x" 2>/dev/null
mount -t tmpfs tmpfs "$pins/zz/maps"
apply "$few"
ok "a pin fails in the middle" each 'ended 1' 'silent out' \
	"says 'zz: failed, so the former policies are in force again'"
umount "$pins/zz/maps"
$iopolicy clean >/dev/null
rm "$few/zz.policy"
# By then all steps are done: more is replaced, and limit unloaded.
rc=0
setpriv --bounding-set=$caps --inh-caps=-all $iopolicy apply "$few" >/dev/full 2>"$dir/err" || rc=$?
ok "a full disk at the end" each 'ended 1' "says 'cannot write to stdout (ENOSPC)'" \
	"says 'failed, so the former policies are in force again'"
is "the steps before are undone, with the old parameters" "$($client --once 8192);$(list)" \
	"map=EDQUOT unmap=-;$former"

# ---- confirm ----
file 10-limit.policy "$limit" 'name = limit' 'set.bad_bytes = 4K'
file new.policy "$even"
rm "$folder/more.policy"
"$bpftool" map update pinned $pins/limit/maps/lengths key 1 2 3 4 value 5 0 0 0 0 0 0 0
entries() { "$bpftool" map dump pinned $pins/limit/maps/lengths | grep -c 67305985; }
waits() { [[ -S /run/iopolicy/confirm && -s $dir/apply.out ]]; }
# begin TIME: an apply in the background that waits for its confirmation
begin() {
	: >"$dir/apply.out"
	$iopolicy apply --confirm "$1" "$folder" >"$dir/apply.out" 2>"$dir/apply.err" &
	pid=$!
	await waits
}
begin 1h
is "until it is confirmed the folder is in force" "$(names) $($client --once 4096)" \
	"limit new map=EDQUOT unmap=-"
run $iopolicy apply --confirm 5s "$none"
ok "a second one is refused meanwhile" each 'ended 1' 'says "another apply waits"'
run $iopolicy unload new
ok "others may change policies meanwhile" ended 0
kill -HUP "$pid"
wait "$pid"
is "it goes back when its terminal closes" "$? $(names) $($client --once 8192)" \
	"1 limit more map=EDQUOT unmap=-"
ok "but does not undo what others did" \
	grep -q "new: another command has changed it" "$dir/apply.err"
is "the maps have their entries" "$(entries)" 1
# From here on the folder has one policy, and the other is unloaded.
rm "$folder/new.policy"
begin 1s
wait "$pid"
is "without confirmation it fails" "$?" 1
ok "and says so" grep -q "not confirmed, so the former policies are in force" "$dir/apply.err"
is "and the former policies are in force" "$(names) $($client --once 8192)" \
	"limit more map=EDQUOT unmap=-"
begin 1h
run $iopolicy confirm
ok "confirm" each 'ended 0' 'silent err'
wait "$pid"
is "keeps the folder in force" "$? $(names) $($client --once 4096)" \
	"0 limit map=EDQUOT unmap=-"
run $iopolicy confirm
ok "a second confirm finds no apply" each 'ended 1' 'says "no apply waits"'
ok "no socket is left" test ! -e /run/iopolicy
apply "$none"
is "an empty folder unloads all" "$rc$(find $pins -mindepth 1)" 0
rmdir /sys/fs/cgroup/some

finish
