#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy in the guest: policies loaded, listed, replaced, watched and unloaded, against what maps a
# client gets; pins and what bpftool says of them; two at once; a load that is killed; a replace while
# maps are going on; each thing that can be missing; the module can go afterwards.
# vm: --mock --smp 2 --timeout 1200
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
iopolicy=build/iopolicy
client=build/tests/policy-storm
json=build/tests/json-lines
pins=/sys/fs/bpf/iommufd
limit=build/tests/limit.bpf.o
even=build/tests/even.bpf.o
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
[[ $bpftool == /* ]] || bpftool=$PWD/$bpftool
dir=$(mktemp -d /tmp/iopolicy.XXXXXX)
trap 'rm -rf "$dir"' EXIT
mkfifo "$dir/never"
exec 9<>"$dir/never"

run() { "$@" >"$dir/out" 2>"$dir/err"; rc=$?; }
says() { grep -qF -- "$1" "$dir/err"; }
shows() { grep -qF -- "$1" "$dir/out"; }
ended() { ((rc == $1)); }
silent() { [[ ! -s $dir/$1 ]]; }
lines() { (($(wc -l <"$dir/$1") == $2)); }
each() {	# all of the commands; if one fails, what iopolicy said
	local c
	for c; do
		eval "$c" || { echo "$c: status $rc"; cat "$dir/out" "$dir/err"; return 1; }
	done
}
quoted() { printf '%q' "$1"; }
nap() { read -r -t "$1" -u 9; }		# sleep without a process
within() {	# within SECONDS COMMAND...: until it is true
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		nap 0.05
	done
	return 0
}
has_line() { [[ -s $1 ]]; }
# refused NAME STATUS SENTENCE ARGUMENT...: that status, the sentence on stderr
refused() {
	local name=$1 status=$2 sentence=$3
	shift 3
	run $iopolicy "$@"
	ok "$name" each "ended $status" "says $(quoted "$sentence")" 'says "iopolicy: "'
}
# in_force: names and states, in the order of list
in_force() {
	$iopolicy list -j | $json name state | sed 's/name=//; s/ state=/:/' | tr '\n' ' '
}
left() { find $pins -mindepth 1 | wc -l; }

# ---- load, list, unload ----
run $iopolicy list
ok "nothing is in force" each 'ended 0' 'silent err' 'lines out 1'
run $iopolicy verify $limit
ok "verify takes a good one" each 'ended 0' 'silent err' 'shows "ok: the kernel takes limit"'
is "and leaves nothing" "$(in_force)$(ls $pins 2>/dev/null)" ""
$iopolicy verify build/tests/shared.bpf.o >/dev/null
is "nor a map that is to be pinned by name" "$?$(find /sys/fs/bpf -type f | wc -l)" 00
is "three pages can be mapped" "$($client --once 12288)" "map=0 unmap=0"
run $iopolicy load $limit
ok "load" each 'ended 0' 'silent err' 'shows "limit loaded, pinned in /sys/fs/bpf/iommufd/limit"'
is "then they cannot" "$($client --once 12288)" "map=EDQUOT unmap=-"
is "but two can" "$($client --once 8192)" "map=0 unmap=0"
run $iopolicy list
ok "list has it" each 'ended 0' 'silent err' 'lines out 2' \
	'grep -qE "^ +[0-9]+ limit +10 all +pinned ioas_map,ioas_unmap +2 +1 +0 EDQUOT limit: 12288 bytes$" "$dir/out"'
run $iopolicy list -w
ok "list -w has its hooks" each 'ended 0' 'lines out 3' \
	'grep -qE " limit +10 all +pinned enforce ioas_map +1 +1 +0 +0 EDQUOT limit: 12288 bytes$" "$dir/out"' \
	'grep -qE " limit +10 all +pinned enforce ioas_unmap +1 +0 +0 +0 -$" "$dir/out"'
$iopolicy list -j >"$dir/out"
read -r line < <($json name priority allowed denied would_deny last.hook last.error last.reason \
	hooks.ioas_map.denied <"$dir/out")
is "list -j too" "$line" "name=limit priority=10 allowed=2 denied=1 would_deny=0 last.hook=ioas_map last.error=EDQUOT last.reason=limit: 12288 bytes hooks.ioas_map.denied=1"
is "pins" "$(cd $pins/limit && find . -type f | sort | tr '\n' ' ')" \
	"./link ./maps/_rodata_str1_1 ./maps/lengths ./maps/limit ./maps/limit_bss ./maps/limit_rodata ./progs/on_map ./progs/on_unmap "
for what in "link link struct_ops" "map maps/lengths hash" "map maps/limit struct_ops" \
		"prog progs/on_map struct_ops"; do
	read -r kind file word <<<"$what"
	"$bpftool" "$kind" show pinned "$pins/limit/$file" >"$dir/out" 2>"$dir/err"
	rc=$?
	ok "bpftool $kind show pinned $file" each "shows $word"
done
"$bpftool" map dump pinned $pins/limit/maps/lengths >"$dir/out" 2>"$dir/err"; rc=$?
ok "bpftool map dump" each 'ended 0' 'shows 8192'
refused "the name is taken" 5 "a policy of the name limit is in force" load $even --name limit
run $iopolicy load --name limit.2 --set bad_bytes=0x2000 --set error=13 --set label=two --priority -5 $limit
ok "a second one, with settings" each 'ended 0' 'silent err'
is "it refuses what it was set to" "$($client --once 8192)" "map=EACCES unmap=-"
is "the first one is asked first" "$(in_force)" "limit:pinned limit.2:pinned "
run $iopolicy load --audit --name third --set no_unmap=true --set bad_bytes=4K --cgroup / $limit
ok "a third one, for audit, in a cgroup" each 'ended 0' 'shows "third loaded for audit only"'
is "refuses nothing" "$($client --once 4096)" "map=0 unmap=0"
run $iopolicy list -j
ok "but counts" each \
	'$json name audit would_deny denied cgroup_path <"$dir/out" | grep -qx "name=third audit=true would_deny=2 denied=0 cgroup_path=/"'
run $iopolicy unload limit limit.2
ok "unload two" each 'ended 0' 'silent err' 'lines out 2' 'shows "limit.2 unloaded, 8 pins removed"'
is "they refuse nothing any more" "$($client --once 12288) $($client --once 8192)" \
	"map=0 unmap=0 map=0 unmap=0"
run $iopolicy unload --all -j
ok "unload --all, in JSON" each 'ended 0' 'silent err' \
	'[[ $($json type name pins_removed <"$dir/out") == "type=unloaded name=third pins_removed=8" ]]'
is "nothing is left" "$(in_force)$(left)" 0
refused "unload of what is not there" 1 "limit: no policy of this name" unload limit
refused "replace of what is not there" 1 "limit: no policy of this name is pinned" replace limit $even

# ---- cgroups ----
if mkdir /sys/fs/cgroup/some /sys/fs/cgroup/some/below 2>"$dir/err"; then
	$iopolicy load --cgroup some $limit >/dev/null
	is "not for others than the cgroup" "$($client --once 12288)" "map=0 unmap=0"
	is "but for it, and below" "$(sh -c 'echo $$ >/sys/fs/cgroup/some/below/cgroup.procs
		exec '"$client"' --once 12288')" "map=EDQUOT unmap=-"
	run $iopolicy list
	ok "list shows its path" each 'grep -q " limit .* /some " "$dir/out"'
	$iopolicy unload limit >/dev/null
	rmdir /sys/fs/cgroup/some/below /sys/fs/cgroup/some
else
	for name in "not for others than the cgroup" "but for it, and below" "list shows its path"; do
		skip "$name" "cannot make a cgroup: $(<"$dir/err")"
	done
fi

# ---- replace ----
$iopolicy load $limit >/dev/null
$client --once 12288 >/dev/null
run $iopolicy replace limit $even
ok "replace" each 'ended 0' 'silent err' 'shows "limit replaced, pinned in"'
is "the other one decides" "$($client --once 12288)" "map=EACCES unmap=-"
run $iopolicy list
ok "counts go on, the name stays" each 'grep -qE " limit +0 all +pinned ioas_map +0 +2 +0 EACCES even$" "$dir/out"'
is "its pins are in the place of the old ones" "$(cd $pins/limit && find . -type f | sort | tr '\n' ' ')" \
	"./link ./maps/_rodata_str1_1 ./maps/even ./maps/even_rodata ./progs/check "
refused "a replace that the verifier refuses" 5 "a policy can read the request, not write it" \
	replace limit build/tests/bad-verifier.bpf.o
refused "one that the driver refuses" 5 "policy refused: flags 0x80000000 are not known" \
	replace limit build/tests/bad-flags.bpf.o
is "leaves the old one in force" "$($client --once 12288)" "map=EACCES unmap=-"
is "and its pins" "$(cd $pins/limit && find . -type f | wc -l)" 5

# ---- replace with its maps ----
map_id() { "$bpftool" -j map show pinned "$pins/limit/maps/lengths" | sed -n 's/.*"id":\([0-9]*\).*/\1/p'; }
$iopolicy replace limit $limit >/dev/null
$client --once 4096 >/dev/null
id=$(map_id)
run $iopolicy replace --keep-maps --set label=kept limit $limit
is "--keep-maps keeps the map" "$rc$(map_id)" "0$id"
"$bpftool" map dump pinned $pins/limit/maps/lengths >"$dir/out" 2>"$dir/err"
ok "and what is in it" each 'shows 4096'
is "parameters are the new ones" "$($client --once 12288) $($iopolicy list -j | $json last.reason)" \
	"map=EDQUOT unmap=- last.reason=kept: 12288 bytes"
"$bpftool" map dump pinned $pins/limit/maps/lengths >"$dir/out" 2>"$dir/err"
ok "the new policy writes to it" each 'shows 12288'
refused "a map of another layout" 5 "its map lengths has another layout than that of the policy in force" \
	replace --keep-maps limit build/tests/bad-layout.bpf.o
is "is not taken" "$(map_id) $($client --once 12288)" "$id map=EDQUOT unmap=-"
$iopolicy replace limit $limit >/dev/null
ok "without the option the map is another one" test "$(map_id)" -ne "$id"
$iopolicy replace limit $even >/dev/null
before=$($iopolicy list -j | $json denied)
before=${before#denied=}

# ---- replace in a storm ----
exec 8<>"$dir/never"
$client --bad 12288 --seconds 120 >"$dir/storm" 2>"$dir/storm.err" <"$dir/never" 8>&- 9>&- &
storm=$!
within 20 has_line "$dir/storm"
replaced=0
for ((i = 0; i < 6; i++)); do
	$iopolicy replace limit $limit >/dev/null && replaced=$((replaced + 1))
	$iopolicy replace limit $even >/dev/null && replaced=$((replaced + 1))
done
echo >&8
wait $storm
rc=$?
exec 8>&-
is "replaced 12 times while two threads map" "$replaced" 12
ok "no map that both policies refuse went through" test "$rc" -eq 0 || diag "$(<"$dir/storm")"
diag "$(tail -n +2 "$dir/storm" | head -n 2)"
ok "and both have refused some" test "$(value edquot "$dir/storm")" -gt 0 -a "$(value eacces "$dir/storm")" -gt 0
read -r line < <($iopolicy list -j | $json denied)
is "counted, each of them" "$line" "denied=$(($(value refused "$dir/storm") + before))"
$iopolicy unload --all >/dev/null

# ---- two at once ----
for i in 1 2; do
	$iopolicy load $limit >"$dir/both.$i" 2>&1 &
done
wait
is "of two loads of a name one succeeds" "$(cat "$dir"/both.* | grep -c 'loaded, pinned')" 1
is "and the other one says why not" "$(cat "$dir"/both.* | grep -c 'of the name limit is in force')" 1
is "one is in force" "$(in_force)" "limit:pinned "
for i in 1 2 3; do
	$iopolicy replace limit $even >/dev/null 2>"$dir/both.$i" &
done
wait
is "three replaces at once all succeed" "$(cat "$dir"/both.*)" "$(cat "$dir/both.1")"
is "and leave one policy" "$(in_force)$(cd $pins/limit && find . -type f | wc -l)" "limit:pinned 5"
$iopolicy unload limit >/dev/null

# ---- killed ----
# Pins are made at the end of a load: most of the kills are to come then.
bad=0 partial=0
start=${EPOCHREALTIME/[.,]/}
$iopolicy load $limit >/dev/null
took=$((${EPOCHREALTIME/[.,]/} - start))
$iopolicy unload limit >/dev/null
for percent in 40 80 90 94 97; do
	printf -v delay '%d.%06d' $((took * percent / 100 / 1000000)) $((took * percent / 100 % 1000000))
	$iopolicy load $limit >/dev/null 2>&1 9>&- &
	pid=$!
	nap "$delay"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	state=$(in_force)
	case $state in
	'') (($(left) == 0)) || bad=$((bad + 1)) ;;
	"limit:pinned ") ;;
	"limit:stale ") partial=$((partial + 1)) ;;
	*) bad=$((bad + 1)); diag "after a kill: $state" ;;
	esac
	$iopolicy clean >/dev/null
	[[ $(in_force) == "limit:pinned " ]] || (($(left) == 0)) || bad=$((bad + 1))
	[[ ! -e $pins/limit ]] || $iopolicy unload limit >/dev/null
	(($(left) == 0)) || bad=$((bad + 1))
done
is "a load that was killed leaves nothing, or what clean removes" "$bad" 0
diag "$partial of 5 were killed between pins and link"
$iopolicy load $limit >/dev/null
id=$(map_id)
mkdir -p $pins/dead/maps $pins/limit/new/maps
"$bpftool" map pin id "$id" $pins/dead/maps/lengths
"$bpftool" map pin id "$id" $pins/limit/new/maps/other
is "list shows what holds no policy" "$(in_force)" "limit:pinned dead:stale "
run $iopolicy clean
ok "clean removes it, and what a replace has left" each 'ended 0' 'shows "dead cleaned, 1 pin removed"' \
	'shows "limit cleaned"' '[[ ! -e $pins/dead && ! -e $pins/limit/new ]]'
is "the policy is untouched" "$($client --once 12288) $(cd $pins/limit && find . -type f | wc -l)" \
	"map=EDQUOT unmap=- 8"
mkdir $pins/limit/new
mv $pins/limit/maps $pins/limit/progs $pins/limit/new
mkdir $pins/limit/maps
"$bpftool" map pin id "$id" $pins/limit/maps/old
run $iopolicy clean
is "a replace that was killed after its change is finished" \
	"$(cd $pins/limit && find . -type f | wc -l)$(cd $pins/limit && echo * | tr '\n' ' ')" "8link maps progs "
"$bpftool" link detach pinned $pins/limit/link >"$dir/out" 2>"$dir/err"
is "a policy that was detached by hand is stale" "$(in_force)" "limit:stale "
run $iopolicy load $limit
ok "and in nobody's way" each 'ended 0' 'silent err'
$iopolicy unload limit >/dev/null

# ---- run ----
$iopolicy run -j --all $limit >"$dir/all" 2>"$dir/all.err" 9>&- &
all=$!
within 20 has_line "$dir/all"
$iopolicy run --name watched --set bad_bytes=4K $limit >"$dir/table" 2>"$dir/table.err" 9>&- &
table=$!
within 20 has_line "$dir/table"
is "run puts policies in force without pins" "$(in_force)$(left)" "limit:held watched:held 0"
$client --once 12288 >"$dir/client"
$client --once 4096 >>"$dir/client"
is "they decide" "$(tr '\n' ' ' <"$dir/client")" "map=EDQUOT unmap=- map=EDQUOT unmap=- "
within 5 grep -q EDQUOT "$dir/table"
refused "unload names who holds it" 1 "but held by iopolicy (pid $table)" unload watched
refused "load does not take its name" 5 "policy 'watched' not loaded: one of this name is in force" \
	load --name watched $even
is "and leaves nothing" "$(left)" 0
kill -INT $table
wait $table
is "Ctrl-C ends it, with 0" "$?$(<"$dir/table.err")" 0
ok "a line for the refusal, and no other" each 'rc=0' '(($(wc -l <"$dir/table") == 2))' \
	'grep -qE "^ +[0-9.]+ +[0-9]+ policy-storm +ioas_map +[0-9]+ +[0-9]+ EDQUOT +limit: 4096 bytes$" "$dir/table"' ||
	while read -r line; do diag "$line"; done <"$dir/table"
is "its policy is gone" "$(in_force)" "limit:held "
kill -TERM $all
wait $all
is "SIGTERM is like Ctrl-C" "$?$(<"$dir/all.err")" 0
$json type hook_name ret error reason <"$dir/all" >"$dir/verdicts" 2>&1
is "every verdict in JSON, between start and end" "$(cut -d' ' -f1-4 "$dir/verdicts" | tr '\n' ',')" \
	"type=start,type=verdict hook_name=ioas_map ret=-122 error=EDQUOT,type=verdict hook_name=ioas_map ret=0 error=null,type=end,"
ok "with the reason" grep -q 'reason=limit: 12288 bytes$' "$dir/verdicts"
$iopolicy run $limit >"$dir/out" 2>"$dir/err" 9>&- &
pid=$!
within 20 has_line "$dir/out"
kill -9 $pid
wait $pid 2>/dev/null
gone() { [[ ! $(in_force) ]]; }
ok "killed, it takes its policy with it" within 5 gone

# ---- those that are shipped ----
shipped=''
for file in build/policies/*.bpf.o; do
	name=${file##*/}
	name=${name%.bpf.o}
	shipped+="$name:pinned "
	$iopolicy load --audit --priority 0 --name "$name" "$file" >/dev/null
done
is "all shipped policies can be in force at once" "$(in_force)" "$shipped"
is "for audit they change nothing" "$($client --once 12288)" "map=0 unmap=0"
run $iopolicy unload --all
is "and all be unloaded" "$rc$(in_force)$(left)" 00

# ---- what can be missing ----
umount /sys/fs/bpf
refused "without bpffs" 4 "bpffs: not mounted on /sys/fs/bpf" load $limit
run $iopolicy list
ok "list does without" each 'ended 0' 'silent err'
mount -t bpf bpffs /sys/fs/bpf
umount /sys/fs/cgroup
refused "without cgroup v2" 4 "cgroup v2 is not mounted; mount it: mount -t cgroup2" load --cgroup /x $limit
mount -t cgroup2 cgroup2 /sys/fs/cgroup
run setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin $iopolicy load $limit
ok "without CAP_SYS_ADMIN" each 'ended 3' 'silent out' 'says "lacks CAP_SYS_ADMIN"'
refused "a member that the driver has not" 5 "it sets colour, which the policies of the loaded module do not have" \
	load build/tests/bad-newer.bpf.o
refused "a flag that it has not" 5 "refused by the kernel: policy refused: flags 0x80000000" \
	verify build/tests/bad-flags.bpf.o
refused "the verifier's last words" 5 "a policy can read the request, not write it" \
	verify build/tests/bad-verifier.bpf.o
ok "are few" each '(($(wc -l <"$dir/err") < 11))'
run $iopolicy verify -v build/tests/bad-verifier.bpf.o
ok "verify -v has all of them" each 'ended 5' 'says "processed"'
is "nothing is left of all that" "$(in_force)$(left)" 0

rmdir $pins
setpriv --reuid 65534 --clear-groups mkdir $pins
refused "a folder that somebody else has made is not used" 3 "it belongs to uid 65534" load $limit
is "and the policy not in force" "$(setpriv --reuid 65534 --clear-groups rmdir $pins; in_force)" ""
run setpriv --reuid 65534 --clear-groups $iopolicy clean
ok "nor does clean work for anybody" each 'ended 3' 'silent out' '[[ ! -e $pins ]]'

# ---- the module ----
$iopolicy load $limit >/dev/null
for module in iommufd_mock vfio_pci vfio_pci_core vfio_iommu_type1 mdev vfio; do
	rmmod $module 2>/dev/null
done
rmmod iommufd 2>"$dir/err"
ok "a policy in force holds the module" grep -q "in use" "$dir/err"
$iopolicy unload --all >/dev/null
remove() { rmmod iommufd 2>"$dir/err"; }
ok "after unload it can go" within 5 remove || diag "$(<"$dir/err")"
refused "without the module" 4 "module iommufd: not loaded" load $limit
refused "list as well" 4 "modprobe iommufd" list
modules=${IOMMUSCOPE_MODULES:-build}
if command -v objcopy >/dev/null && objcopy -R .BTF "$modules/iommufd.ko" "$dir/iommufd.ko" &&
		insmod "$dir/iommufd.ko" 2>"$dir/err"; then
	refused "without the BTF of the module" 4 "module iommufd: it has no BTF" load $limit
	rmmod iommufd
else
	skip "without the BTF of the module" "no objcopy, or the module does not load without"
fi

finish
