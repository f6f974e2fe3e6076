#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop's screen in a terminal of tmux: views, keys, mouse, windows of all sizes, and the state
# of the terminal afterwards. The model is made up (tests/tui/made-up.c), so that the test needs no
# kernel and knows the expected text.
# takes: 80
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/tmux.sh
source "$(dirname "$0")/../lib/tmux.sh"
trap screen_cleanup EXIT
if reason=$(screen_missing); then
	echo "1..0 # SKIP $reason"
	exit 0
fi
export LC_ALL=C.UTF-8
unset NO_COLOR
top=$PWD/build/tests/tui-made-up
dir=$screen_dir

each() { local c; for c; do eval "$c" || { echo "$c"; return 1; }; done; }
# place REGEX: waits for the index of the selected row and the number of rows
place() { shows " $1  [0-9.]+m?s"; }
# fits COLUMNS: no line is longer
# No line is wider; $dir/wide has the first one that is.
fits() {
	local line
	: >"$dir/wide"
	while IFS= read -r line; do
		((${#line} <= $1)) || { echo "$line" >"$dir/wide"; echo "$line"; return 1; }
	done < <(screen)
}

# ---- the overview ----
screen_start 80x24 "$top --interval 60000"
ok "a refusal by a policy just now is in the message line" \
	shows '^! policy quota denied web1 4711: ioas_map vm over 4G'
screen_start 80x24 "$top --interval 300"
ok "the first line has totals" shows '^[0-9:]{8} +3 contexts +4 IOASes +mapped .* 7 faults/s'
ok "a context with its figures" shows 'nvme-io 812 +512M 45\.0% +0 +1G +23 +23'
ok "its IOASes are below it" each 'shows "├─ ioas 1 +256M .* 768M +16"' 'shows "└─ ioas 2 +256M"'
ok "a context with a single IOAS has one row" each 'shows "^   leaky 900 "' 'place "1/5"'
ok "a leak has a sign" shows 'leaky 900 .*▲\+[0-9.]+[KM]'
ok "a sentence has the rate and the time to the limit" \
	shows '▲ leaky 900 grows: 3840K/min for [0-9]+s, [0-9.]+[KM] in all, limit in [0-9]+[mh]'
ok "contexts that do not grow have no sign" each \
	'! screen | grep -q "nvme-io.*▲"' '! screen | grep -q "qemu.*▲"'
ok "names are cleaned, and a machine comes first" shows 'web1 4711 qemu\?\[31m'
ok "nothing is wider than the window" fits 80
ok "the bar has all function keys" shows '^F1Help +F2View.*F9Pause +F10Quit'
ok "the heading marks the sort column" shows 'PINNED↓'
ok "the titles of all views fit" shows '^\[1Overview\] .* 8Detail 9Areas$'

# ---- views ----
titles=(x Overview Latency Faults Devices 'IOVA map' Policies Payers Detail Areas)
for n in 2 3 4 5 6 7 8 9 1; do
	keys $n
	ok "key $n: ${titles[n]}" shows "\[$n ?${titles[n]}\]"
done
for n in 2 3 4 5 6 7 8 9 1; do
	keys Tab
	ok "Tab: ${titles[n]}" shows "\[$n ?${titles[n]}\]"
done
keys BTab
ok "Shift-Tab goes back" shows '\[9 ?Areas\]'
keys BTab BTab
ok "and again" shows '\[7 ?Payers\]'
ok "payers: a VMM near its limit" shows 'vm1 +1 +812 nvme-io +107 +512M +512M +45\.0%'
ok "payers: exempt, and ended" each \
	'shows " 3 +4711 qemu.* +107 +300M +0 +- +exempt"' 'shows " 2 +900 leaky.* ended"'
keys 6
ok "policies with verdicts" shows 'quota +1234 +7 +1\.0 +0 EDQUOT +process over 4G'
ok "a reason that is cut is in the message line" \
	shows '^REASON: process over 4G of 4096 MiB, uid 1000'
resize 100 24
ok "in a wide window it is not cut" each \
	'shows "EDQUOT +process over 4G of 4096 MiB, uid 1000"' 'lacks "^REASON"'
ok "below, the last refusals" each \
	'shows "web1 +4711 qemu +quota +ioas_map +1 EDQUOT +vm over 4G"' \
	'shows "web1 +4711 qemu +- +- +- ENOMEM +would pin"'
resize 80 24
ok "in a narrow one they lack the reason" \
	shows 'web1 +4711 qemu +quota +ioas_map +1 EDQUOT *$'
keys o o
ok "o: by process" shows 'web1 +4711 qemu +1\.0 +7 +0 +3 ENOMEM'
keys o
ok "o: by hook" shows 'quota +ioas_map +1234 +7'
keys o
ok "o: the policies again, with the last list below" each \
	'shows "EDQUOT +process over 4G"' 'shows "quota +ioas_map +1234 +7"'
keys 2
ok "latency: figures" shows '\[pin p50 12us p99 120us\] +map p50 24us p99 240us'
ok "a heat map" each 'shows "^ +[0-9.]+us .*█"' 'shows "100 in a column"' 'shows " now$"'
ok "maps by length, with a histogram" shows '64K to 128K +20 +16us +160us +8us +80us +▁▂▃'
# age_is SECONDS: the age below the oldest of 80 columns is so many seconds for each column
age_is() {
	local line
	line=$(screen | grep ' now$')
	[[ $line =~ ^(.*)-([0-9]+)s\ .* ]] || { echo "$line"; return 1; }
	local columns=$((80 - ${#BASH_REMATCH[1]})) age=${BASH_REMATCH[2]}
	echo "$columns columns, age $age: $line"
	((columns > 12 && age >= $1 * columns - 1 && age <= $1 * columns + 1))
}
ok "the time axis has the age of the oldest column" await age_is 1
keys o
ok "o: maps" each 'shows "\[map p50"' 'shows "ALL MAPS"'
keys o
ok "o: unmaps" shows '\[unmap p50 48us'
keys 3
ok "faults by machine, device and PASID" \
	shows 'web1 +iommu…mock\.0 +3 +7\.0 +7 +5 +2 +0 +250us +2\.5ms'
ok "the stream shows its end" shows 'web1 +response +iommu…mock\.0 +3 +250us page 14 present'
ok "an explanation is in the place of the reason" shows 'web1 +request .* ioas 1 of PID 4711'
bad_is_last() { screen | grep -A1 'page 14 present' | grep -q 'denied .*page 3 not present'; }
ok "bad lines are last, where it follows" await bad_is_last
keys o Up
ok "o: the stream has the focus" place '13/14'
keys 4
ok "devices" shows '0000:00:04.0 +- +ioas 1'
ok "PASIDs with virtual numbers and attachments" each \
	'shows "PASID 2 +web1 +hwpt 6 on ioas 1 +102"' \
	'shows "PASID 3 +web1 +sva 8 +103 +0 +7"'
keys 5
ok "the IOVA map of the largest IOAS" shows 'ioas 1 of context 1, nvme-io 812: 768M in 16 areas'
ok "its largest hole and fragmentation" \
	shows 'largest hole 192M at 0x20000000, holes 2, fragmentation 25\.0%'
ok "used addresses are filled, holes are empty" each \
	'shows "^ +0x10000000 █{50}"' 'shows "^ +0x1f400000 █{6}$"'
is "lines of the map begin with whole pages" \
	"$(screen | grep -oE '^ +0x[0-9a-f]+' | grep -vc '000$')" 0
ok "a legend explains its cells" \
	shows '^each cell [0-9]+M: ·░▒▓█ used, from a page to all +× reserved'
ok "areas by length" each 'shows "16M to 32M +15 +240M"' 'shows "512M to 1G +1 +528M .*69%"'
keys o End
ok "o: ranges" each \
	'shows "0x44000000 +0x4fffffff used +192M"' 'shows "0xfee00000 +0xfeefffff reserved"'
keys ']'
ok "]: the next IOAS" shows 'ioas 2 of context 1'
keys Escape
ok "Esc: back to the overview" shows '\[1 ?Overview\]'
keys 9
ok "areas: sums of all, and how many are listed" each \
	'shows "^ioas 2 of context 1, nvme-io 812: 1600M in 200000 areas"' \
	'shows "^runs of 16K on average, 25.0% in huge pages; the first 3 by IOVA are listed"'
ok "areas: each one" each \
	'shows "0x10000000 +4K r +process +61s +812 nvme-io"' \
	'shows "0x50000000 +240M rw process +122s +812 nvme-io"'
keys w
ok "w: all columns" shows 'IOVA↑'
keys w '>'
ok ">: by length" each 'shows "LENGTH↓"' 'shows "the first 3 by LENGTH"'
keys F4
keys -l memfd
ok "a filter lists all of them" each 'shows "0x90000000 +528M"' '! screen | grep -q "are listed"'
keys Escape Enter
ok "Enter: the IOVA map of the same IOAS" shows 'ioas 2 of context 1, nvme-io 812: 768M'
keys Enter
ok "Enter: and its areas" shows '\[9 ?Areas\]'
keys Escape
ok "Esc: from there to the overview" shows '\[1 ?Overview\]'

# ---- the details of a context ----
keys 1 Home Enter
ok "Enter in the overview: the details of the context" each \
	'shows "^Context 1, nvme-io, PID 812, uid 0, /system.slice/nvme.service$"' \
	'shows "^Memory  512M pinned, 1G mapped, 23 areas, 2 IOASes, runs of 16K, 12.5% huge$"' \
	'shows "^Limit   921M of 2G used, 45.0%, for the user, no growth since the start$"' \
	'shows "^Opened  61s ago, first map 8ms later, last map 60s later$"'
ok "counts since the open; a phrase that does not fit begins a line" each \
	'shows "^Calls   since the open, 123 maps, 4 failed, 100 unmaps, 0 failed, 1 copy,$"' \
	'shows "^        3 refused by policies, 1 refused by limits$"'
ok "a sign where the window is too low for all phrases" \
	shows '^Pins    since the open, 640M pinned, 128M unpinned, »$'
ok "graphs" each 'shows "^Pinned +512M \+0 +▄{4,} +Areas +23 \+0 +▄{4,}$"' \
	'shows "^Maps/s +23 +█{4,} +Pin p99 +120us +█{4,}$"' \
	'shows "^Map p50 +3us +█{4,} +Map p99 +30us +█{4,}$"'
ok "its device, and no faults" each 'shows "^   0000:00:04.0 +ioas 1"' \
	'lacks "mock.0"' 'shows "new faults and refusals of it appear here"'
keys ']' ']'
ok "]: the next context, with its devices, PASIDs and faults" each \
	'shows "^Context 3, web1, qemu.\[31m, PID 4711, uid 0$"' \
	'shows "└─ PASID 3 +sva 8 "' 'shows "dma fault +iommu[^ ]*mock.0 +3 page 5 not present"' \
	'lacks 0000:00:04.0'
keys o o
ok "o: its refusals, with policy, hook and reason" \
	shows ' quota +ioas_map +1 EDQUOT +vm over 4G'
keys o
ok "o: its payers" shows ' 4711 qemu.\[31m +107 +300M'
keys '['
ok "[: the previous context, whose pinned memory grows" each \
	'shows "^Context 2, leaky, PID 900"' 'shows "3840K/min for .*, limit in "' \
	'shows "^Pinned +[0-9.]+[KM] +\+[0-9.]+[KM] +▁.*█ +Areas +[0-9]+ \+[0-9]+ +▁.*█$"'
resize 120 40
ok "in a large window, graphs have more lines, a scale and a legend" each \
	'shows "^ highest +[0-9.]+[KM] "' 'shows "^graphs: a column for each refresh, the last"'
keys 5
ok "5: the map of its IOAS" shows 'ioas 1 of context 2'
resize 80 24
keys 8 Escape
ok "Esc: back to the overview, where it is selected" each 'shows "\[1 ?Overview\]"' \
	'place "5/5"'
keys Enter Enter
ok "Enter goes back, too" shows '\[1 ?Overview\]'

# ---- single IOASes ----
keys z
ok "z shows the single IOAS of a context" each 'shows "^ ▾ leaky 900"' 'place "5/6"'
keys Down 9
ok "its areas" shows 'ioas 1 of context 2, leaky 900'
keys Escape z
ok "z hides it, and its context is selected" each 'shows "^   leaky 900"' 'place "5/5"'
keys Enter 9 ']'
ok "the next IOAS is a hidden one" shows 'ioas 1 of context 3'
keys Escape
ok "so its context is selected in the overview" place '4/5'
keys H
ok "H shows the IOASes of all contexts" each 'shows "single IOASes are shown"' 'place "4/7"' \
	'shows "^ └─ ioas 1 +300M"'
keys Down H
ok "H hides them again, and the context stays selected" each \
	'shows "single IOASes are hidden"' 'place "4/5"'
keys 4 H
ok "H is for the overview" shows 'this is for the overview as a tree'
keys 1 H

# ---- selection, search, filter, order ----
keys Home /
ok "/ opens the search prompt" shows '^Search:'
keys -l leaky
ok "the search runs while typing" shows 'Search: leaky'
keys Enter
ok "Enter keeps the match selected" place '6/7'
keys I
ok "I reverses the order; the selection stays with its row" each 'shows "PINNED↑"' 'place "1/7"'
keys Enter
ok "Enter shows the details of that context" shows '^Context 2, leaky, PID 900, uid 0$'
keys 9
ok "9: its areas" shows 'ioas 1 of context 2, leaky 900'
keys 1 '/'
keys -l nobody
ok "a search without a match says so" shows 'nobody +\(no match\)'
keys Escape
ok "Esc restores the selection" place '1/7'
keys / ; keys -l ioas; keys F3 F3
ok "F3: the next match" place '6/7'
keys Enter n
ok "n: the next match" place '7/7'
keys N
ok "N: the previous match" place '6/7'
keys I $'\\'
keys -l nvme
ok "\\ filters while typing" each 'shows "^Filter: nvme"' 'lacks leaky' 'place "[0-9]/3"'
keys Enter
ok "Enter keeps the filter" each 'shows "filtered"' 'shows "└─ ioas 2"'
keys F4 Escape
ok "F4 and Esc remove the filter" shows 'leaky'
keys F4; keys -l xyz
ok "a filter without a match says so" shows 'no row passes the filter'
keys Escape 3 F4; keys -l 'dma fault'
ok "in the view of faults it applies to the stream as well" each 'lacks "web1 +iommu…mock.0 +3"' \
	'lacks "page 14 present"'
keys Escape 1 Home
keys '>'
ok "> sorts by the next column" shows 'LIMIT↓'
keys '<'
ok "< sorts by the previous column" shows 'PINNED↓'
keys F6
ok "F6 opens a menu of columns" each 'shows "^ Sort by"' 'shows "PINNED +memory pinned"'
keys Up Up Enter
ok "Enter sorts by the selected column" shows 'AREAS↓'
keys F6 Escape
ok "Esc closes the menu" lacks '^ Sort by'
keys t
ok "t: flat, without contexts that have IOASes" each \
	'shows "nvme-io 812 ioas 1"' 'lacks "├─"' 'place "1/4"'
ok "the limit is that of the context" shows 'nvme-io 812 ioas 1 .*45\.0%'
keys F5
ok "F5: a tree again" shows '├─ ioas'
keys Home z
ok "z folds a context" each 'shows "▸"' 'place "1/[56]"'
keys z '*'
ok "* folds all contexts" place '1/3'
keys '*'
ok "* again unfolds them" place '1/7'
keys F6; keys -l ''; keys Home Enter Home
keys Space Space
ok "Space tags a row" shows '2 tagged: mapped .*, pinned'
ok "a tag has a sign" shows '^\*'
keys U
ok "U untags" each 'lacks tagged' '! screen | grep -q "^[*]"'

# ---- columns ----
keys Right
ok "Right: the first column stays, the others scroll" each \
	'shows "^«CONTEXT/IOAS"' 'lacks "PINNED"' 'shows "UNM/S"'
keys Left
ok "Left scrolls back" shows 'PINNED'
keys w
for ((i = 0; i < 16; i++)); do keys Right; done
ok "w shows all columns" shows '^«CONTEXT/IOAS.* UID'
keys w
ok "w again shows the usual columns" shows 'PINNED'

# ---- pause, interval ----
keys p
ok "p pauses" shows 'PAUSED'
before=$(screen | grep 'leaky 900' | head -n 1)
sleep 1
is "nothing changes then" "$(screen | grep 'leaky 900' | head -n 1)" "$before"
keys Z
ok "Z resumes" lacks 'PAUSED'
moves() { [[ $(screen | grep 'leaky 900' | head -n 1) != "$before" ]]; }
ok "and the figures change" await moves
keys +
ok "+ makes intervals longer" each 'shows "interval: 500ms"' 'shows "500ms$"'
keys - - -
ok "- makes them shorter, down to 100 ms" each 'shows "interval: 100ms"'

# ---- help and menus ----
keys F1
ok "F1 opens the help" each 'shows "^ Help"' 'shows "F3 / +search while typing"'
keys End
ok "it lists the columns of the view" shows 'FILL-O +time that it took to fill page tables'
keys Escape
ok "any other key closes it" lacks '^ Help'
keys F2
ok "F2 opens a menu of views" shows '^ 4 Devices'
keys Down Down Down Enter
ok "Enter shows the selected view" shows '\[4 ?Devices\]'
keys 1

# ---- mouse ----
press 5 7
ok "a click selects the row" place '3/7'
press 38 4
ok "a click on a heading sorts by it" shows 'LIMIT[↓↑]'
keys Home
wheel down 5 8
ok "the wheel scrolls" place '4/7'
wheel up 5 8
ok "the wheel scrolls back" place '1/7'
press 2 23
ok "a click on the bar is the function key" shows '^ Help'
press 5 8
ok "another click closes the help" lacks '^ Help'
press 24 3
ok "a click on a tab shows the view" shows '\[3 ?Faults\]'
keys 1

# ---- sizes ----
for size in 40x8 60x12 120x40 200x60; do
	resize ${size%x*} ${size#*x}
	for n in 1 2 3 4 5 6; do
		keys $n
		sleep 0.15
		shows 'F10Qui' >/dev/null || break
		await fits "${size%x*}" || break
	done
	ok "all views at $size" each 'shows F10Qui' '[[ ! -s $dir/wide ]]' "[[ $n == 6 ]]"
done
resize 120 24
keys 1
ok "at 120 columns each context has its history" each 'shows "GROWTH HISTORY +MAPPED"' \
	'shows "nvme-io 812 .* 0 ▄{4,12} +1G "' 'shows "leaky 900 .*[KM] [▁▂▃▄▅▆▇]+█ "'
resize 160 24
ok "at 160 it is longer, and there are devices" each 'shows "MAP-P99 DEVICES"' \
	'shows "nvme-io 812 .* 0 ▄{4,20} +1G .* 00:04.0"'
resize 200 24
ok "at 200 there are cgroups and figures about fragmentation" each \
	'shows "MACHINE/CGROUP +RUN +%HUGE +MAPB/S"' 'shows " nvme.service +16K +12.5 "'
keys 3
ok "and no reason is cut" shows 'ioas 1 of PID 4711 qemu: never mapped( |$)'
resize 120 24
ok "nor at 120" shows 'ioas 1 of PID 4711 qemu: never mapped( |$)'
keys 6 o
ok "nor that of a refusal" shows ' ENOMEM +would pin 8 KiB, limit 4 KiB( |$)'
keys o
ok "nor the last one of a process" shows ' ENOMEM +would pin 8 KiB, limit 4 KiB( |$)'
keys o o
resize 40 8
keys 1
ok "40x8 shows the most important figures" each \
	'shows "3c 4i map .* pin .* 7f/s"' 'shows " [a-z?0-9[]+ [0-9]+ +[0-9]+M [0-9.-]+"'
keys F1
ok "the help at 40x8" shows '^ Help'
keys q F6
ok "a menu at 40x8" shows '^ Sort by'
keys Escape
resize 30 5
ok "a smaller window shows the minimum size" shows 'needs 40x8'
resize 80 24
ok "the view returns with the size" shows '\[1 ?Overview\]'
keys q
ok "q exits with 0" ended 0

# ---- the terminal afterwards ----
# A shell in the window prints its settings before and after.
run_in_shell() {	# run_in_shell ARGUMENTS
	screen_start 80x24 "stty -g >$dir/before; PS1='prompt> ' exec bash --norc --noprofile -i"
	shows 'prompt>' >/dev/null
	keys "$top --interval 300 $1; rc=\$?; stty -g >$dir/after; echo ended with \$rc" Enter
}
# left_as_before: settings, screen, cursor, mouse
left_as_before() {
	each 'cmp "$dir/before" "$dir/after"' '[[ $(terminal alternate_on) == 0 ]]' \
		'[[ $(terminal cursor_flag) == 1 ]]' '[[ $(terminal mouse_any_flag) == 0 ]]' \
		'[[ $(terminal keypad_flag) == 0 ]]'
}
the_pid() { pgrep -f "^$top" | head -n 1; }

run_in_shell ''
ok "it takes over the terminal" each 'shows "nvme-io"' '[[ $(terminal alternate_on) == 1 ]]' \
	'[[ $(terminal mouse_any_flag) == 1 ]]'
keys C-z
ok "Ctrl-Z stops it and restores the terminal" each \
	'shows "Stopped"' '[[ $(terminal alternate_on) == 0 ]]'
keys 'fg' Enter
ok "fg continues it" each 'shows "\[1 ?Overview\]"' 'shows "nvme-io 812"'
keys C-c
shows '^prompt>$' >/dev/null
keys "rc=\$?; stty -g >$dir/after; echo ended with \$rc" Enter
ok "Ctrl-C makes it exit with 0" shows 'ended with 0'
ok "Ctrl-C: the terminal is as before" left_as_before
for signal in TERM HUP; do
	run_in_shell ''
	shows nvme-io >/dev/null
	kill -$signal "$(the_pid)"
	ok "SIG$signal makes it exit with 0" shows 'ended with 0'
	ok "SIG$signal: the terminal is as before" left_as_before
done
for signal in SEGV ABRT BUS QUIT; do
	run_in_shell ''
	shows nvme-io >/dev/null
	kill -$signal "$(the_pid)"
	ok "SIG$signal kills it" shows "ended with $((128 + $(kill -l $signal)))"
	ok "SIG$signal: the terminal is as before" left_as_before
done
run_in_shell ''
shows nvme-io >/dev/null
kill -USR1 "$(the_pid)"
ok "a crash kills it" shows 'ended with 139'
ok "a crash: the terminal is as before" left_as_before
run_in_shell '--refreshes 3'
ok "--refreshes 3 makes it exit" shows 'ended with 0'
ok "--refreshes 3: the terminal is as before" left_as_before

# ---- terminals ----
refused() {	# refused ENVIRONMENT SENTENCE
	screen_start 80x24 "$1 $top >$dir/out 2>$dir/err"
	ended 3 && grep -F -- "$2" "$dir/err" && [[ ! -s $dir/out ]]
}
ok "an unknown terminal" refused 'TERM=nonsense' "terminal 'nonsense' (TERM) is unknown"
ok "a dumb terminal" refused 'TERM=dumb' "terminal 'dumb' (TERM) cannot move its cursor"
ok "no TERM" refused 'env -u TERM' 'TERM is not set'
no_keys() {
	screen_start 80x24 "$top </dev/null 2>$dir/err"
	ended 3 && grep -F 'stdin is not a terminal' "$dir/err"
}
ok "no keyboard" no_keys

has_colours() { coloured_screen | grep -qE $'\e\\[[0-9;]*(3[0-7]|4[0-7])m'; }
screen_start 80x24 "$top --interval 300"
shows nvme-io >/dev/null
ok "the default has colours" has_colours
# coloured NUMBER TEXT: the text is on the screen in that colour of the terminal
coloured() { coloured_screen | grep -qE $'\e\\[([0-9;]*;)?'"$1"'m'"$2"; }
keys 3
shows 'dma fault' >/dev/null
ok "a DMA fault is red" coloured 31 'dma fault'
ok "and a refusal yellow" coloured 33 'denied'
screen_start 80x24 "NO_COLOR=1 $top --interval 300"
shows nvme-io >/dev/null
no_colours() { ! has_colours; }
ok "NO_COLOR: no colours" no_colours
keys Down
shows '2/5' >/dev/null
marked() { coloured_screen | grep '├─ ioas 1' | grep -q $'\e\\[[0-9;]*7m'; }
ok "the selected row is marked all the same" marked
ok "and the leak has its sign" shows '▲'
screen_start 80x24 "NO_COLOR= $top --interval 300"
shows nvme-io >/dev/null
ok "an empty NO_COLOR has no effect" has_colours

only_ascii() { ! screen | LC_ALL=C grep -q '[^ -~]'; }
for how in "$top --ascii" "LC_ALL=C $top" "TERM=linux $top"; do
	screen_start 80x24 "$how --interval 300"
	shows '\^ leaky' >"$dir/ascii"
	for n in 1 2 3 4 5 6; do
		keys $n
		sleep 0.15
		only_ascii || break
	done
	ok "only ASCII: ${how//$top/top}" each '[[ $n == 6 ]]' only_ascii '[[ ! -s $dir/ascii ]]'
done

# ---- a recording, on the real screen ----
screen_start 100x30 "build/iommutop --replay tests/golden/lost.rec -i 1s"
ok "a recording: 30 maps of 4 KiB" shows 'iommu-load 194 +0 - .* 120K +30 +30 +0'
ok "a note names the limit of a recording" \
	shows '^this recording lacks the objects from before its start'
ok "and the lost events" shows '^! lost since iommutop started: [0-9]+ events'
ok "it says when the recording ends" shows 'END$'
keys 5
ok "its areas are unknown" shows 'the areas of this IOAS are not known'
keys 2
ok "its maps are known" shows '4K to 8K +30 '
keys q
ok "q exits" ended 0
screen_start 100x30 "TERM=nonsense build/iommutop --replay tests/golden/lost.rec -i 1s 2>$dir/err"
ok "without a screen it prints text" each 'shows "iommu-load .* 120K"' 'ended 0' \
	'grep -F "printing text (-b) instead" "$dir/err"'

# ---- missing data, losses, no rows, many rows ----
screen_start 80x24 "$top --missing 'only your own processes; root sees all' --lost --self"
ok "a note names the missing processes" shows '^only your own processes; root sees all'
ok "a note counts lost events" shows '^! lost since iommutop started: 3 events not counted$'
ok "a note has the cost of the tool" shows '^iommutop itself:  CPU'
screen_start 80x24 "$top --lost --interval 50"
shows '\[1 ?Overview\]' >/dev/null
ok "it disappears a minute after the last loss" lacks 'lost since iommutop started'
screen_start 80x24 "$top --uneven --interval 100 --view latency"
ok "the time axis is right when intervals were uneven" await age_is 2
screen_start 80x24 "$top --empty"
for words in '1 no process has /dev/iommu open' '2 no maps since' '3 no faults since' \
	'4 no device is bound' '5 there is no IOAS' '6 no policy is loaded'; do
	keys "${words%% *}"
	ok "empty: ${words#* }" shows "${words#* }"
done
screen_start 80x24 "$top --rows 1000"
ok "a thousand contexts" shows '1003 contexts 1004 IOASes'
keys End
ok "End" place '1005/1005'
keys PageUp
ok "PgUp" place '9[89][0-9]/1005'
keys Home PageDown
ok "Home, PgDn" place '1[0-9]/1005'
screen_start 80x24 "$top --view devices --sort virt_pasid --ascending --wide"
ok "options set view, order and columns" each 'shows "\[4 ?Devices\]"' 'shows "VPASID↑"' \
	'shows "»$"'
screen_start 80x24 "$top --no-color"
shows nvme-io >/dev/null
ok "--no-color: no colours" no_colours
screen_start 80x24 "$top --view faults"
ok "the event stream is in the view of faults" shows '\[3 ?Faults\]'

# ---- policies that are missing ----
screen_start 80x24 "$top --interval 300 --missing-policy must --view payers"
ok "a missing policy is in the message line of every view" \
	shows '^! no binds, attaches and maps: missing policy must'
keys 6
ok "and in the view of policies" each 'shows "^ *must "' 'shows "missing policy must"'
screen_start 150x50 "$top --interval 300 --missing-policy must --view policies"
ok "a high window has a line for it" shows 'no binds, attaches and maps: missing policy must'

finish
