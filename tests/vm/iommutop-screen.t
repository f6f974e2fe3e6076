#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop on a terminal in the guest: the figures on its screen must match the calls of clients,
# which report them; contexts from before the start as well. A leak stands out.
#
# vm/upstream-screen runs this on the kernel's own iommufd, with real devices. The table in the
# section SOURCES of the manual has the differences.
# vm: --smp 2 --mock
# takes: 20
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/tmux.sh
source "$(dirname "$0")/../lib/tmux.sh"
if reason=$(screen_missing); then
	echo "1..0 # SKIP $reason"
	exit 0
fi
export LC_ALL=C.UTF-8
screen_patience=60
dir=$screen_dir
declare -A fds=() pids=() answers=()
trap 'screen_cleanup; ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null' EXIT

each() { local c; for c; do eval "$c" || { echo "$c"; return 1; }; done; }

# tells ROW: the manual's table says that the source shows this
source=${SCREEN_SOURCE-native}
tells() {
	local words column=1
	[[ $source == native ]] || column=2
	IFS=$'\t' read -ra words <<<"$(sed -n "s/^\.It $1 Ta /native Ta /p" man/iommutop.8.in |
		sed 's/ Ta /\t/g')"
	((${#words[@]} == 4)) || { diag "the manual's table has no row '$1'"; return 1; }
	[[ ${words[column]} == yes ]]
}
# The mock's device can do more than those of the emulated machine.
device() { if [[ $source == native ]]; then echo --mock; else echo --bdf "$1"; fi; }

# client NAME DEVICE: one with a device, which reads commands
client() {
	local fd
	mkfifo "$dir/$1.in"
	# shellcheck disable=SC2046 # an option and its value
	"$tests/top-client" $(device "$2") --name "$1" <"$dir/$1.in" >"$dir/$1" 2>&1 &
	pids[$1]=$!
	exec {fd}>"$dir/$1.in"
	fds[$1]=$fd answers[$1]=1
	answered "$1"
}
answered() {	# answered NAME: it has said as much as it was asked; the last word is in answer
	await has_lines "$dir/$1" "${answers[$1]}" && answer=$(tail -n 1 "$dir/$1")
}
has_lines() { (($(wc -l <"$1") >= $2)); }
# These change variables, and so are not called by ok, which has a shell of its own.
tell() {	# tell NAME WORDS: the answer is in answer
	answer=none
	echo "$2" >&"${fds[$1]}"
	answers[$1]=$((answers[$1] + 1))
	answered "$1"
}
does() {	# does TEXT NAME WORDS: a test point
	tell "$2" "$3"
	is "$1" "$answer" ok
}
dismiss() {	# dismiss NAME; others may have its stdin, so that does not end
	kill "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null
	unset "pids[$1]"
}

# ---- before it starts ----
if [[ $source != native ]]; then
	edu=$(tests/vm/bind --bdf edu) nvme=$(tests/vm/bind --bdf nvme)
	ok "two devices are bound" each 'tests/vm/bind "$edu"' 'tests/vm/bind "$nvme"'
fi
client early "${edu-}"
ok "a client is there" test "${answer%%=*}" = pid
does "it maps 23 pages" early 'map 0 23 4096'
early=${pids[early]}
screen_start 120x40 "build/iommutop -i 500ms 2>$dir/err"
ok "memory mapped before the start is exact" \
	shows "early $early +92K .* 0 .* 92K +23 "
keys H
ok "its IOAS, too" shows "└─ ioas [0-9]+ +92K +0 +92K +23 "
ok "one context, one IOAS" \
	shows '^iommutop +[0-9:]{8} +1 context +1 IOAS +mapped +92K +pinned +92K'

# ---- while it runs ----
does "7 maps more" early 'map 0 7 12288'
ok "are seen" shows "early $early +176K .*\+84K .* 176K +30 "
does "5 are unmapped" early 'unmap 0 5'
ok "are seen, too" shows "early $early +116K .*\+24K .* 116K +25 "
if [[ $source == native ]]; then
	does "a PASID" early 'pasid 0 77'
	does "7 page requests, of which 5 are answered with success" early 'fault 7 5'
	keys 3
	ok "faults by device: 7, 5, 2" shows ' 0 +0 +7 +5 +2 +0 '
	ok "a stream with requests, of which two have bad responses" \
		each "shows 'request .* done, group .* early'" "shows 'request .* ioas .* early'"
	is "a line for each, with its response" "$(screen | grep -cE 'request .* early')" 7
fi
keys 4
if tells "PASIDs as objects"; then
	ok "a PASID with its virtual number" shows 'PASID [0-9]+ +- +ioas [0-9]+.* 77 '
	ok "devices count their faults" shows 'iommufd_mock.* 7 early|mock.* 7 +early'
else
	ok "the device, without faults" shows "${edu#0000:} .* 0 early"
fi
keys 2
does "23 pairs of maps and unmaps" early 'pairs 23'
ok "latencies: the class of pages has 23 maps, since the start" \
	shows '4K to 8K .* 23 +[0-9.]+(ns|us|ms|s) '
ok "12 KiB: 7 maps" shows '8K to 16K .* 7 +[0-9.]+(ns|us|ms|s) '
ok "with a histogram" shows '4K to 8K .*[▁▂▃▄▅▆▇█]'
ok "and a heat map" shows '^ *[0-9.]+(ns|us|ms) .*[·░▒▓█]'

# ---- one IOAS ----
does "a gap" early 'gap 0 1048576'
does "and a map behind it" early 'map 0 1 8192'
keys 5
ok "the IOVA map: 26 areas" shows 'ioas [0-9]+ of context [0-9]+, early [0-9]+: 124K in 26 areas'
ok "the hole" shows 'largest hole 1M at 0x[0-9a-f]+, holes 1, fragmentation 0\.0%'
ok "areas by size" each "shows '4K to 8K +23 +92K'" "shows '8K to 16K +3 +32K'"
keys 1

# ---- a leak ----
client leaky "${nvme-}"
exec 7>&"${fds[leaky]}"
while echo 'map 0 1 65536' >&7; do nap 0.5; done 2>/dev/null &
leak=$!
ok "stands out in its row" shows "leaky ${pids[leaky]} .*▲\+"
ok "and in a sentence" \
	shows "▲ leaky ${pids[leaky]} grows: [0-9.]+[KM]/min for [0-9]+s, [0-9.]+[KM] in all"
ok "the other one does not" each '! screen | grep "early .*▲"'
kill $leak
wait $leak 2>/dev/null
exec 7>&-
dismiss leaky
ok "it is gone with its process" lacks 'leaky'

# ---- policies ----
if tells "policies, refusals and their reasons"; then
	ok "a quota" build/iopolicy load build/policies/quota.bpf.o --set uid_limit=1M
	keys 6
	ok "is shown" shows ' quota +0 +0 '
	tell early 'map 0 1 4096'
	tell early 'map 0 1 2097152'
	is "it refuses a map above the limit" "$answer" 'error ENOMEM'
	ok "the verdicts, with the reason" shows ' quota +1 +1 .* ENOMEM +uid 0: '
	ok "the refusal, with its process" shows ' [0-9]+ early +quota +ioas_map .* ENOMEM +uid 0: '
	keys o o o
	ok "hook by hook" shows ' quota +ioas_map +1 +1 '
	build/iopolicy unload quota >/dev/null
	ok "it is gone when it is unloaded" shows 'no policy is loaded'
else
	tell early 'map 0 1 4096'
	keys 6
	ok "the view of policies has none" shows 'no policy is loaded'
fi

# ---- its details ----
keys 8
ok "its process and its memory" each \
	"shows '^Context [0-9]+, early, PID $early, uid 0'" \
	"shows '^Memory +128K pinned, 128K mapped, 27 areas, 1 IOAS'"
if tells "counts since the open, times of maps"; then
	ok "counts since its open" each "shows \
		'^Calls +since the open, 55 maps, 1 failed, 28 unmaps, 0 failed, 0 copies,'" \
		"shows ' 1 refused by policies, 0 refused by limits'"
else
	ok "counts since the start" shows \
		'^Calls +since the start, 32 maps, 0 failed, 28 unmaps, 0 failed, 0 copies'
fi
ok "the times of its pins and maps" shows '^Times +since the start, pin p50 [0-9.]+[num]?s p99 '
# A refresh adds a column, so the graphs of a busy host may have forgotten the last change.
tell early 'map 0 1 4096'
ok "one more map" shows '^Memory +132K pinned, 132K mapped, 28 areas, 1 IOAS'
tell early 'unmap 0 1'
ok "graphs" shows '^Pinned +128K [-+][0-9]+K? +[▁▂▃▄▅▆▇█]+ +Areas +27 [-+][0-9]+ +[▁▂▃▄▅▆▇█]+$'
if tells "PASIDs as objects"; then
	ok "its PASID" shows '─ PASID [0-9]+ +(ioas|hwpt) .* 77 '
	ok "its faults and the refusal" each "shows ' request .* done, group '" \
		"shows ' denied .* policy quota ioas_map: ENOMEM, uid 0: '"
fi

# ---- ends ----
dismiss early
ok "a closed context is shown as it was last seen" each \
	"shows '^closed [0-9.]+m?s ago; this is its last state'" \
	"shows '^Memory +128K pinned, 128K mapped, 27 areas, 1 IOAS'"
keys 1
ok "no process is left" shows 'no process has /dev/iommu open'
keys q
ok "q ends it with 0" ended 0
ok "without a word" test ! -s "$dir/err"
screen_start 100x30 "setpriv --reuid 65534 --clear-groups build/iommutop 2>$dir/err"
if [[ $source == native ]]; then
	ok "without privileges it names the missing ones" shows '^only own processes.* CAP_'
	keys q
	ok "and ends" ended 0
else
	ok "without privileges it ends with 3" ended 3
	ok "and names the missing ones" grep -q "the kernel's own iommufd cannot be shown: CAP_" \
		"$dir/err"
fi
finish
