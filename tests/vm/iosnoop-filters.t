#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each filter of iosnoop against the truth: one run of several clients is watched by an iosnoop
# without filters and by many with one or more. The test picks the events of the first one that a
# filter must show, and compares them one by one. The others must be counted as filtered, also in
# the kernel: they never reach the buffer.
# vm: --mock
# takes: 50
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
edu=$(tests/vm/bind --bdf edu)
nvme=$(tests/vm/bind --bdf nvme)
cgroups=/sys/fs/cgroup

# ---- clients: each waits for a line of its own ----
ok "cgroups are there" mkdir -p "$cgroups/above/child" "$cgroups/aside"
tests/vm/bind "$edu" >/dev/null && tests/vm/bind "$nvme" >/dev/null
is "devices are bound to vfio-pci" "$?" 0
chmod 666 /dev/iommu
chmod 755 "$dir"
declare -A worker=()
# work NAME CGROUP COMMAND...: sets worker[NAME]; its stdin is $dir/NAME.go
work() {
	local name=$1 cgroup=$2
	shift 2
	mkfifo "$dir/$name.go"
	(
		echo "$BASHPID" >"$cgroups/$cgroup/cgroup.procs"
		read -r _ <"$dir/$name.go"
		exec "$@"
	) >"$dir/$name.did" 2>"$dir/$name.did.err" 9>&- &
	worker[$name]=$!
}
user=(setpriv --reuid 1234 --regid 1234 --clear-groups)
work mock above "$tests/every-event" --name worker-mock
work long aside "$tests/iommu-script" --bdf "$edu"
work short above/child "$tests/iommu-load" --pairs 11 --name worker-load
work user above/child "${user[@]}" "$tests/iommu-script" --no-fail
work other aside "$tests/iommu-script" --bdf "$nvme" --no-fail

# ---- iosnoops ----
all=(-j -e all)
watchers=()
# watch NAME OPTIONS...
watch() {
	local name=$1
	shift
	watchers+=("$name")
	start "$name" $iosnoop "${all[@]}" "$@"
}
watch truth
watch pid -p "${worker[short]}"
watch pid2 -p "${worker[long]}"
watch comm -c iommu-script
watch prefix -c 'worker-*'
watch nocomm -c iommu-scrip
watch uid --uid 1234
watch root --uid root
watch above --cgroup "$cgroups/above"
watch child --cgroup "$cgroups/above/child"
watch aside --cgroup "$cgroups/aside"
watch ctx --ctx 2
watch ioas --ioas 1
watch device --device "$edu"
watch device2 --device "${nvme#0000:}"
watch pasid --pasid 524288
watch slow -m 200us
watch length --min-len 64K
watch iova --iova 0x10000000+16M
watch failed -x
watch events -e unmap
watch several --cgroup "$cgroups/above" --uid 1234 --min-len 16K -e copy
watch mixed -x -c iommu-script --ioas 2
watch nobody -p 1 --ctx 77

for name in mock long short user other; do
	echo >"$dir/$name.go"
	wait "${worker[$name]}"
	is "$name did its work" "$?" 0 || show "$dir/$name.did.err"
done
drained "${watchers[@]}"
for name in "${watchers[@]}"; do stop "$name"; done
for name in "${watchers[@]}"; do sound "$name"; done
for name in "${watchers[@]}"; do cat "$dir/$name.err"; done >"$dir/said"
is "no iosnoop printed a message" "$(<"$dir/said")" ""

# ---- the truth ----
# One line for each event: its keys and values but for the time, which each takes for itself.
events() {
	grep -F '"type":"event"' "$dir/$1" | json |
		sed -E 's/^type=event (event=[^ ]*) time_ns=[0-9]*/ \1/; s/ why[.=].*//; s/$/ /'
}
events truth >"$dir/truth.events"
end_record truth
total=$seen
is "all is there" "$lost $filtered $shown $(wc -l <"$dir/truth.events")" "0 0 $total $total"

# same NAME AWK-CONDITION: NAME shows the events that fulfil the condition, which can use
# has("key=value"), val("key") and is(tgid)
same() {
	local name=$1
	events "$name" >"$dir/$name.events"
	# shellcheck disable=SC2016 # of awk
	awk '
		function has(pair) { return index($0, " " pair " ") }
		function val(key,   at, rest) {
			at = index($0, " " key "=")
			if (!at) return ""
			rest = substr($0, at + length(key) + 2)
			return substr(rest, 1, index(rest, " ") - 1) + 0
		}
		function len() {
			if (has("event=pin") || has("event=unpin")) return val("pages") * 4096
			return val("length_bytes")
		}
		# An address; -1 without one
		function hex(key,   at, rest, n) {
			at = index($0, " " key "=0x")
			if (!at) return -1
			rest = tolower(substr($0, at + length(key) + 4))
			n = 0
			for (; (at = index("0123456789abcdef", substr(rest, 1, 1))) &&
			       rest != ""; rest = substr(rest, 2))
				n = n * 16 + at - 1
			return n
		}
		function touches(from, size,   first) {
			first = hex("iova")
			if (first >= 0 && !has("event=pin") && !has("event=unpin"))
				return first < from + size && first + len() > from
			first = hex("addr")
			return first >= 0 && first < from + size && first + 4096 > from
		}
		function ns() { return val("ns") + val("pin_ns") + val("map_ns") }
		function failed() {
			return (val("ret") != "" && val("ret") != 0) ||
			       has("event=io-page-fault") || has("event=dma-fault") ||
			       (has("event=response") && val("code"))
		}
		'"$2" "$dir/truth.events" >"$dir/$name.want"
	ok "$name: shows the right events, ${3:-}$(wc -l <"$dir/$name.want") of $total" \
		diff "$dir/$name.want" "$dir/$name.events"
	end_record "$name"
	is "$name: and filtered the rest" "$lost $filtered" "0 $((seen - shown))"
}
# some NAME MIN: a filter that shows nothing, or everything, would prove little
some() {
	local n
	n=$(wc -l <"$dir/$1.want")
	ok "$1: that is some, not all" each "((n >= ${2:-1}))" "((n < total))"
}
of() { echo "has(\"tgid=${worker[$1]}\")"; }

same pid "$(of short)"; some pid 22
same pid2 "$(of long)"; some pid2 40
# An event of a kernel thread (io-page-fault) has no process.
same comm 'has("comm=iommu-script") && val("tgid") != ""'; some comm 100
same prefix '(has("comm=worker-mock") || has("comm=worker-load")) && !has("tgid=null")'
some prefix 150
same nocomm 0
same uid "$(of user)"; some uid 30
# The mock's client is another user for the call that its limit stops; the others are root.
same root "!has(\"tgid=null\") && !$(of user) && !(has(\"error=ENOMEM\"))"; some root 100
same above "$(of mock) || $(of short) || $(of user)"; some above 150
same child "$(of short) || $(of user)"; some child 50
same aside "$(of long) || $(of other)"; some aside 80
same ctx 'has("ctx=2")'; some ctx 20
same ioas 'has("ioas=1")'; some ioas 50
same device "has(\"bdf=$edu\")"; some device 4
same device2 "has(\"bdf=$nvme\")"; some device2 4
same pasid 'has("pasid=524288")'; some pasid 6
same slow 'ns() >= 200000'; some slow
same length 'len() >= 65536'; some length 20
same iova 'touches(268435456, 16777216)'; some iova 20
same failed 'failed()'; some failed 12
same mixed "has(\"comm=iommu-script\") && has(\"ioas=2\") && failed()"; some mixed 1
same several "$(of user) && len() >= 16384"; some several 5
same nobody 0

is "-e adds to -e; all is all" "$(totals events)" "$(totals truth)"
is "the start record has each filter" \
	"$(for i in pid comm prefix uid ctx ioas device2 pasid slow length failed several; do
		head -n1 "$dir/$i" | json filter.tgid filter.comm filter.uid filter.ctx \
			filter.ioas filter.bdf filter.pasid filter.failed \
			filter.min_latency_ns filter.min_length_bytes |
			grep -oE '[a-z_]+=[^ ]+' | grep -vE '=(null|0|false)$' | xargs
	done)" \
	"tgid=${worker[short]}
comm=iommu-script
comm=worker-*
uid=1234
ctx=2
ioas=1
bdf=$nvme
pasid=524288
min_latency_ns=200000
min_length_bytes=65536
failed=true
uid=1234 min_length_bytes=16384"

# ---- invalid filters ----
refused() {	# refused NAME TEXT OPTIONS...
	local name=$1 text=$2
	shift 2
	$iosnoop "$@" >"$dir/out" 2>"$dir/refused.err"
	is "$name" "$? $(<"$dir/out")" "2 "
	ok "and it says so" says refused "$text"
}
refused "a cgroup that is not there" "--cgroup: " --cgroup "$cgroups/nowhere"
refused "a user that is not there" "unknown user 'nosuchuser'" --uid nosuchuser
refused "a device that cannot be" "--device: " --device 00:99.0
finish
