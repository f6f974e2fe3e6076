#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy in the guest: load, list, replace, run and unload policies, and check them with the maps
# of a client; the pins, also as bpftool shows them; concurrent commands; a load that is killed; a
# replace during maps; each missing requirement; removing the module afterwards.
# vm: --mock --smp 2 --timeout 1200
# takes: 75
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
iopolicy=build/iopolicy
client=build/tests/policy-storm
pins=/sys/fs/bpf/iommufd
limit=build/tests/limit.bpf.o
even=build/tests/even.bpf.o
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
[[ $bpftool == /* ]] || bpftool=$PWD/$bpftool
dir=$(mktemp -d /tmp/iopolicy.XXXXXX)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
mkfifo "$dir/never"
exec 9<>"$dir/never"

run() { "$@" >"$dir/out" 2>"$dir/err"; rc=$?; }
says() { grep -qF -- "$1" "$dir/err"; }
# matches REGEX [FILE]: a line of FILE, else of iopolicy's output
shows() { grep -qF -- "$1" "$dir/out"; }
matches() { grep -qE -- "$1" "$dir/${2:-out}"; }
ended() { ((rc == $1)); }
silent() { [[ ! -s $dir/$1 ]]; }
lines() { (($(wc -l <"$dir/$1") == $2)); }
each() {	# run all commands; if one fails, print iopolicy's output
	local c
	for c; do
		eval "$c" || { echo "$c: status $rc"; cat "$dir/out" "$dir/err"; return 1; }
	done
}
quoted() { printf '%q' "$1"; }
has_line() { [[ -s $1 ]]; }
# refused NAME STATUS SENTENCE ARGUMENT...: iopolicy exits with STATUS and prints SENTENCE to stderr
refused() {
	local name=$1 status=$2 sentence=$3
	shift 3
	run $iopolicy "$@"
	ok "$name" each "ended $status" "says $(quoted "$sentence")" 'says "iopolicy: "'
}
# loaded: names and states in the order of list
loaded() {
	$iopolicy list -j | json name state | sed 's/name=//; s/ state=/:/' | tr '\n' ' '
}
left() { find $pins -mindepth 1 | wc -l; }
# nr_pins: the number of pins of the policy limit
nr_pins() { find $pins/limit -type f | wc -l; }

# ---- load, list, unload ----
run $iopolicy list
ok "no policy is loaded" each 'ended 0' 'silent err' 'lines out 1'
run $iopolicy verify $limit
ok "verify accepts a valid policy" each 'ended 0' 'silent err' \
	'shows "ok: the kernel accepts limit"'
is "verify leaves no pins" "$(loaded)$(ls $pins 2>/dev/null)" ""
$iopolicy verify build/tests/shared.bpf.o >/dev/null
is "verify does not pin maps by name" "$?$(find /sys/fs/bpf -type f | wc -l)" 00
is "without a policy three pages can be mapped" "$($client --once 12288)" "map=0 unmap=0"
run $iopolicy load $limit
ok "load" each 'ended 0' 'silent err' 'shows "limit loaded, pinned in /sys/fs/bpf/iommufd/limit"'
is "with it three pages cannot be mapped" "$($client --once 12288)" "map=EDQUOT unmap=-"
is "two pages can be mapped" "$($client --once 8192)" "map=0 unmap=0"
run $iopolicy list
row='^ +[0-9]+ limit +10 all +pinned enforce ioas_map,ioas_unmap +2 +1 +0 '
row+='EDQUOT limit: 12288 bytes$'
ok "list shows the policy" each 'ended 0' 'silent err' 'lines out 2' 'matches "$row"'
run $iopolicy list -w
ok "list -w shows its hooks" each 'ended 0' 'lines out 3' \
	'matches " limit +10 all +pinned enforce ioas_map +1 +1 +0 +0 EDQUOT limit: 12288 bytes$"' \
	'matches " limit +10 all +pinned enforce ioas_unmap +1 +0 +0 +0 -$"'
$iopolicy list -j >"$dir/out"
read -r line < <(json name priority allowed denied would_deny last.hook last.error last.reason \
	hooks.ioas_map.denied <"$dir/out")
want="name=limit priority=10 allowed=2 denied=1 would_deny=0 last.hook=ioas_map last.error=EDQUOT"
want+=" last.reason=limit: 12288 bytes hooks.ioas_map.denied=1"
is "list -j shows the policy" "$line" "$want"
want="./link ./maps/_rodata_str1_1 ./maps/lengths ./maps/limit ./maps/limit_bss"
want+=" ./maps/limit_rodata ./progs/on_map ./progs/on_unmap "
is "pins" "$(cd $pins/limit && find . -type f | sort | tr '\n' ' ')" "$want"
for what in "link link struct_ops" "map maps/lengths hash" "map maps/limit struct_ops" \
		"prog progs/on_map struct_ops"; do
	read -r kind file word <<<"$what"
	"$bpftool" "$kind" show pinned "$pins/limit/$file" >"$dir/out" 2>"$dir/err"
	rc=$?
	ok "bpftool $kind show pinned $file" each "shows $word"
done
"$bpftool" map dump pinned $pins/limit/maps/lengths >"$dir/out" 2>"$dir/err"; rc=$?
ok "bpftool map dump" each 'ended 0' 'shows 8192'
is "the same refusal again" "$($client --once 12288)" "map=EDQUOT unmap=-"
run $iopolicy why
row='^ *[0-9.]+[mun]?s +1 +[0-9]+ policy-storm +- +limit +- +ioas_map +[0-9]+ +EDQUOT +'
row+='limit: 12288 bytes$'
ok "why shows each process that was refused, the newest first" each 'ended 0' 'silent err' \
	'lines out 3' 'matches "$row"' \
	'(($(tail -n +2 "$dir/out" | tr -s " " | cut -d" " -f4 | sort -u | wc -l) == 2))'
$iopolicy why -j >"$dir/out"
read -r line < <(json policy rule times uid comm hook error audit reason length_bytes <"$dir/out")
want="policy=limit rule=null times=1 uid=0 comm=policy-storm hook=ioas_map error=EDQUOT audit=false"
is "why -j" "$line" "$want reason=limit: 12288 bytes length_bytes=12288"
refused "load with a name that is taken" 5 "a policy named limit is already loaded" \
	load $even --name limit
run $iopolicy load --name limit.2 --set bad_bytes=0x2000 --set error=13 --set label=two \
	--priority -5 $limit
ok "load a second policy, with settings" each 'ended 0' 'silent err'
is "its parameters are used" "$($client --once 8192)" "map=EACCES unmap=-"
is "the policy of higher priority is listed first" "$(loaded)" "limit:pinned limit.2:pinned "
run $iopolicy load --audit --name third --set no_unmap=true --set bad_bytes=4K --cgroup / $limit
ok "load a third policy, for audit, in a cgroup" each 'ended 0' \
	'shows "third loaded for audit only"'
is "it refuses nothing" "$($client --once 4096)" "map=0 unmap=0"
run $iopolicy list -j
row="name=third audit=true would_deny=2 denied=0 cgroup_path=/"
ok "it counts refusals" each \
	'json name audit would_deny denied cgroup_path <"$dir/out" | grep -qx "$row"'
run $iopolicy unload limit limit.2
ok "unload two policies" each 'ended 0' 'silent err' 'lines out 2' \
	'shows "limit.2 unloaded, 8 pins removed"'
is "they refuse nothing after that" "$($client --once 12288) $($client --once 8192)" \
	"map=0 unmap=0 map=0 unmap=0"
run $iopolicy unload --all -j
want="type=unloaded name=third pins_removed=8"
ok "unload --all, in JSON" each 'ended 0' 'silent err' \
	'[[ $(json type name pins_removed <"$dir/out") == "$want" ]]'
is "no policy and no pin is left" "$(loaded)$(left)" 0
refused "unload of an unknown name" 1 "limit: no policy of this name is loaded" unload limit
refused "replace of an unknown name" 1 "limit: no policy of this name is pinned" replace limit $even

# ---- cgroups ----
if mkdir /sys/fs/cgroup/some /sys/fs/cgroup/some/below 2>"$dir/err"; then
	$iopolicy load --cgroup some $limit >/dev/null
	is "a policy for a cgroup ignores other processes" "$($client --once 12288)" "map=0 unmap=0"
	is "it applies to the cgroup and those below" \
		"$(sh -c 'echo $$ >/sys/fs/cgroup/some/below/cgroup.procs
			exec '"$client"' --once 12288')" "map=EDQUOT unmap=-"
	run $iopolicy list
	ok "list shows the path of the cgroup" each 'grep -q " limit .* /some " "$dir/out"'
	$iopolicy unload limit >/dev/null
	rmdir /sys/fs/cgroup/some/below /sys/fs/cgroup/some
else
	for name in "a policy for a cgroup ignores other processes" \
			"it applies to the cgroup and those below" \
			"list shows the path of the cgroup"; do
		skip "$name" "cannot create a cgroup: $(<"$dir/err")"
	done
fi

# ---- replace ----
$iopolicy load $limit >/dev/null
$client --once 12288 >/dev/null
run $iopolicy replace limit $even
ok "replace" each 'ended 0' 'silent err' 'shows "limit replaced, pinned in"'
is "the new policy decides" "$($client --once 12288)" "map=EACCES unmap=-"
run $iopolicy list
ok "replace keeps counts, name and priority" each \
	'matches " limit +10 all +pinned enforce ioas_map +0 +2 +0 EACCES even$"'
is "its pins replace the old ones" "$(cd $pins/limit && find . -type f | sort | tr '\n' ' ')" \
	"./link ./maps/_rodata_str1_1 ./maps/even ./maps/even_rodata ./progs/check "
refused "a replacement that the verifier rejects" 5 "a policy cannot write the request" \
	replace limit build/tests/bad-verifier.bpf.o
refused "a replacement that the driver rejects" 5 "policy rejected: unknown flags 0x80000000" \
	replace limit build/tests/bad-flags.bpf.o
is "the old policy stays loaded" "$($client --once 12288)" "map=EACCES unmap=-"
is "and keeps its pins" "$(nr_pins)" 5

# ---- replace that keeps maps ----
map_id() {
	"$bpftool" -j map show pinned "$pins/limit/maps/lengths" |
		sed -n 's/.*"id":\([0-9]*\).*/\1/p'
}
$iopolicy replace limit $limit >/dev/null
$client --once 4096 >/dev/null
id=$(map_id)
run $iopolicy replace --keep-maps --set label=kept limit $limit
is "--keep-maps keeps the map" "$rc$(map_id)" "0$id"
"$bpftool" map dump pinned $pins/limit/maps/lengths >"$dir/out" 2>"$dir/err"
ok "and its entries" each 'shows 4096'
is "the parameters are those of the new policy" \
	"$($client --once 12288) $($iopolicy list -j | json last.reason)" \
	"map=EDQUOT unmap=- last.reason=kept: 12288 bytes"
"$bpftool" map dump pinned $pins/limit/maps/lengths >"$dir/out" 2>"$dir/err"
ok "the new policy writes to it" each 'shows 12288'
refused "a map with another value size" 5 \
	"map lengths has another type, size or flags than that of the loaded policy" \
	replace --keep-maps limit build/tests/bad-layout.bpf.o
is "the old policy and its map stay" "$(map_id) $($client --once 12288)" "$id map=EDQUOT unmap=-"
$iopolicy replace limit $limit >/dev/null
ok "without --keep-maps the map is new" test "$(map_id)" -ne "$id"
$iopolicy replace limit $even >/dev/null
before=$($iopolicy list -j | json denied)
before=${before#denied=}

# ---- replace during maps ----
exec 8<>"$dir/never"
$client --bad 12288 --seconds 120 >"$dir/storm" 2>"$dir/storm.err" <"$dir/never" 8>&- 9>&- &
storm=$!
await has_line "$dir/storm"
replaced=0
for ((i = 0; i < 3; i++)); do
	$iopolicy replace limit $limit >/dev/null && replaced=$((replaced + 1))
	$iopolicy replace limit $even >/dev/null && replaced=$((replaced + 1))
done
echo >&8
wait $storm
rc=$?
is "replaced 6 times while two threads map" "$replaced" 6
ok "no map succeeded that both policies refuse" test "$rc" -eq 0 || diag "$(<"$dir/storm")"
diag "$(tail -n +2 "$dir/storm" | head -n 2)"
ok "both policies refused some" \
	test "$(value edquot "$dir/storm")" -gt 0 -a "$(value eacces "$dir/storm")" -gt 0
read -r line < <($iopolicy list -j | json denied)
is "each refusal is counted" "$line" "denied=$(($(value refused "$dir/storm") + before))"
$iopolicy unload --all >/dev/null

# ---- concurrent commands ----
for i in 1 2; do
	$iopolicy load $limit >"$dir/both.$i" 2>&1 &
done
wait
is "one of two concurrent loads succeeds" "$(cat "$dir"/both.* | grep -c 'loaded, pinned')" 1
is "the other load says why it failed" \
	"$(cat "$dir"/both.* | grep -c 'named limit is already loaded')" 1
is "one policy is loaded" "$(loaded)" "limit:pinned "
for i in 1 2 3; do
	$iopolicy replace limit $even >/dev/null 2>"$dir/both.$i" &
done
wait
is "three concurrent replaces succeed" "$(cat "$dir"/both.*)" "$(cat "$dir/both.1")"
is "and leave one policy" "$(loaded)$(nr_pins)" "limit:pinned 5"
$iopolicy unload limit >/dev/null

# ---- killed ----
# A load creates its pins at the end, so most of the kills come late.
bad=0 partial=0
start=${EPOCHREALTIME/[.,]/}
$iopolicy load $limit >/dev/null
took=$((${EPOCHREALTIME/[.,]/} - start))
$iopolicy unload limit >/dev/null
for percent in 40 80 90 94 97; do
	us=$((took * percent / 100))
	printf -v delay '%d.%06d' $((us / 1000000)) $((us % 1000000))
	$iopolicy load $limit >/dev/null 2>&1 9>&- &
	pid=$!
	nap "$delay"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	state=$(loaded)
	case $state in
	'') (($(left) == 0)) || bad=$((bad + 1)) ;;
	"limit:pinned ") ;;
	"limit:stale ") partial=$((partial + 1)) ;;
	*) bad=$((bad + 1)); diag "after a kill: $state" ;;
	esac
	$iopolicy clean >/dev/null
	[[ $(loaded) == "limit:pinned " ]] || (($(left) == 0)) || bad=$((bad + 1))
	[[ ! -e $pins/limit ]] || $iopolicy unload limit >/dev/null
	(($(left) == 0)) || bad=$((bad + 1))
done
is "a killed load leaves nothing, or leftovers that clean removes" "$bad" 0
diag "$partial of 5 loads were killed between the pins of objects and link"
$iopolicy load $limit >/dev/null
id=$(map_id)
mkdir -p $pins/dead/maps $pins/limit/new/maps
"$bpftool" map pin id "$id" $pins/dead/maps/lengths
"$bpftool" map pin id "$id" $pins/limit/new/maps/other
is "list shows stale pins" "$(loaded)" "limit:pinned dead:stale "
run $iopolicy clean
ok "clean removes them, and the leftovers of a replace" each 'ended 0' \
	'shows "dead cleaned, 1 pin removed"' 'shows "limit cleaned"' \
	'[[ ! -e $pins/dead && ! -e $pins/limit/new ]]'
is "the loaded policy is not changed" "$($client --once 12288) $(nr_pins)" \
	"map=EDQUOT unmap=- 8"
mkdir $pins/limit/new
mv $pins/limit/maps $pins/limit/progs $pins/limit/new
mkdir $pins/limit/maps
"$bpftool" map pin id "$id" $pins/limit/maps/old
run $iopolicy clean
is "clean finishes a replace that was killed after the update" \
	"$(nr_pins)$(cd $pins/limit && echo * | tr '\n' ' ')" "8link maps progs "
"$bpftool" link detach pinned $pins/limit/link >"$dir/out" 2>"$dir/err"
is "the pins of a detached policy are stale" "$(loaded)" "limit:stale "
run $iopolicy load $limit
ok "load replaces stale pins" each 'ended 0' 'silent err'
$iopolicy unload limit >/dev/null

# ---- run ----
$iopolicy run -j --all $limit >"$dir/all" 2>"$dir/all.err" 9>&- &
all=$!
await has_line "$dir/all"
$iopolicy run --name watched --set bad_bytes=4K $limit >"$dir/table" 2>"$dir/table.err" 9>&- &
table=$!
await has_line "$dir/table"
is "run loads policies without pins" "$(loaded)$(left)" "limit:held watched:held 0"
$client --once 12288 >"$dir/client"
$client --once 4096 >>"$dir/client"
is "both policies decide" "$(tr '\n' ' ' <"$dir/client")" "map=EDQUOT unmap=- map=EDQUOT unmap=- "
await grep -q EDQUOT "$dir/table"
refused "unload names the process that holds the policy" 1 \
	"but held by iopolicy (pid $table)" unload watched
refused "load rejects the name of a running policy" 5 \
	"policy 'watched' rejected: a policy of this name is loaded" load --name watched $even
is "and leaves no pins" "$(left)" 0
kill -INT $table
wait $table
is "Ctrl-C ends run with 0" "$?$(<"$dir/table.err")" 0
row="^ +[0-9.]+ +[0-9]+ policy-storm +ioas_map +[0-9]+ +[0-9]+ EDQUOT +limit: 4096 bytes$"
ok "run printed one line for one refusal" each 'rc=0' '(($(wc -l <"$dir/table") == 2))' \
	'matches "$row" table' ||
	while read -r line; do diag "$line"; done <"$dir/table"
is "its policy is unloaded" "$(loaded)" "limit:held "
kill -TERM $all
wait $all
is "SIGTERM ends run with 0" "$?$(<"$dir/all.err")" 0
json type hook_name ret error reason <"$dir/all" >"$dir/verdicts" 2>&1
want="type=start,type=verdict hook_name=ioas_map ret=-122 error=EDQUOT,"
want+="type=verdict hook_name=ioas_map ret=0 error=null,type=end,"
is "run -j --all prints every verdict between start and end" \
	"$(cut -d' ' -f1-4 "$dir/verdicts" | tr '\n' ',')" "$want"
ok "the verdict has the reason" grep -q 'reason=limit: 12288 bytes$' "$dir/verdicts"
$iopolicy run $limit >"$dir/out" 2>"$dir/err" 9>&- &
pid=$!
await has_line "$dir/out"
kill -9 $pid
wait $pid 2>/dev/null
gone() { [[ ! $(loaded) ]]; }
ok "the policy of a killed run is unloaded" await gone

# ---- the shipped policies ----
shipped=''
for file in build/policies/*.bpf.o; do
	name=${file##*/}
	name=${name%.bpf.o}
	shipped+="$name:pinned "
	$iopolicy load --audit --priority 0 --name "$name" "$file" >/dev/null
done
is "all shipped policies can be loaded together" "$(loaded)" "$shipped"
is "in audit mode they refuse nothing" "$($client --once 12288)" "map=0 unmap=0"
run $iopolicy unload --all
is "they are all unloaded" "$rc$(loaded)$(left)" 00

# ---- a BPF file system of its own ----
unshare -m sh -c 'mount -t bpf bpffs /sys/fs/bpf && exec "$@"' sh $iopolicy load $limit \
	>"$dir/out" 2>"$dir/err"
rc=$?
ok "load warns that the policy goes with the mount namespace" each 'ended 0' \
	'says "limit: the BPF file system belongs to this mount namespace alone"'
ok "and so it does" await gone
$iopolicy load $limit >/dev/null 2>"$dir/err"
ok "there is no warning elsewhere" each 'silent err'
$iopolicy unload limit >/dev/null

# ---- missing requirements ----
umount /sys/fs/bpf
refused "load without bpffs" 4 "bpffs: not mounted on /sys/fs/bpf" load $limit
run $iopolicy list
ok "list works without bpffs" each 'ended 0' 'silent err'
mount -t bpf bpffs /sys/fs/bpf
umount /sys/fs/cgroup
refused "load --cgroup without cgroup v2" 4 \
	"cgroup v2 is not mounted; mount it: mount -t cgroup2" load --cgroup /x $limit
mount -t cgroup2 cgroup2 /sys/fs/cgroup
run setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin $iopolicy load $limit
ok "load without CAP_SYS_ADMIN" each 'ended 3' 'silent out' 'says "missing CAP_SYS_ADMIN"'
refused "a member that the driver does not know" 5 \
	"the policy sets .colour, which the loaded module does not know" \
	load build/tests/bad-newer.bpf.o
refused "a flag that the driver does not know" 5 \
	"kernel log: policy rejected: unknown flags 0x80000000" \
	verify build/tests/bad-flags.bpf.o
# Another process loads and unloads policies all the time: its lines are not the reason.
echo on >/proc/sys/kernel/printk_devkmsg
while ! read -rt 0.0005 -u 9; do
	echo "<6>iommufd: policy 'other' (id 1) loaded by uid 0"
done >/dev/kmsg &
others=$!
wrong=0
for _ in {1..5}; do
	run $iopolicy verify build/tests/bad-flags.bpf.o
	says "kernel log: policy rejected: unknown flags 0x80000000" || wrong=$((wrong + 1))
done
kill $others
wait $others 2>/dev/null || true
exec 8>&-
echo ratelimit >/proc/sys/kernel/printk_devkmsg
is "lines about other policies are not taken for the reason" "$wrong" 0
refused "the end of the verifier's log" 5 "a policy cannot write the request" \
	verify build/tests/bad-verifier.bpf.o
ok "it is short" each '(($(wc -l <"$dir/err") < 11))'
run $iopolicy verify -v build/tests/bad-verifier.bpf.o
ok "verify -v prints the whole log" each 'ended 5' 'says "processed"'
is "none of this leaves a policy or a pin" "$(loaded)$(left)" 0

rmdir $pins
setpriv --reuid 65534 --clear-groups mkdir $pins
refused "a store that another user has created" 3 "owned by uid 65534" load $limit
is "the policy is not loaded" "$(setpriv --reuid 65534 --clear-groups rmdir $pins; loaded)" ""
run setpriv --reuid 65534 --clear-groups $iopolicy clean
ok "clean needs privileges" each 'ended 3' 'silent out' '[[ ! -e $pins ]]'

# ---- the module ----
$iopolicy load $limit >/dev/null
for module in iommufd_mock vfio_pci vfio_pci_core vfio_iommu_type1 mdev vfio; do
	rmmod $module 2>/dev/null
done
rmmod iommufd 2>"$dir/err"
ok "a loaded policy keeps the module in use" grep -q "in use" "$dir/err"
$iopolicy unload --all >/dev/null
remove() { rmmod iommufd 2>"$dir/err"; }
ok "after unload the module can be removed" await remove || diag "$(<"$dir/err")"
refused "load without the module" 4 "module iommufd: not loaded" load $limit
refused "list without the module" 4 "modprobe iommufd" list
modules=${IOMMUSCOPE_MODULES:-build}
if command -v objcopy >/dev/null && objcopy -R .BTF "$modules/iommufd.ko" "$dir/iommufd.ko" &&
		insmod "$dir/iommufd.ko" 2>"$dir/err"; then
	refused "load without the BTF of the module" 4 "module iommufd: no BTF" load $limit
	rmmod iommufd
else
	skip "load without the BTF of the module" \
		"no objcopy, or the module does not load without BTF"
fi

finish
