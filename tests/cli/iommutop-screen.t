#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop's screen in a terminal of tmux: views, keys, mouse, windows of all sizes, and how the
# terminal is left. The model is made up (tests/tui/made-up.c), so no kernel is needed, and what
# must stand there is known.
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
# place REGEX: of the selected row among those shown
place() { shows " $1  [0-9.]+m?s"; }
# fits COLUMNS: no line is longer, none is a message of a shell
fits() {
	local line
	while IFS= read -r line; do
		((${#line} <= $1)) || { echo "$line"; return 1; }
	done < <(screen)
}

# ---- what stands there ----
screen_start 80x24 "$top --interval 300"
ok "the first line has totals" shows '^[0-9:]{8} +3 contexts +4 IOASes +mapped .* 7 faults/s'
ok "a context with its figures" shows 'nvme-io 812 +512M 45\.0% +0 +1G +23 +23'
ok "its IOASes below it" each 'shows "├─ ioas 1 +256M .* 768M +16"' 'shows "└─ ioas 2 +256M"'
ok "a leak has a sign" shows 'leaky 900 .*▲\+[0-9.]+M'
ok "and a sentence" shows '▲ leaky 900 goes on growing: [0-9]+M more'
ok "who does not grow has none" each '! screen | grep -q "nvme-io.*▲"' '! screen | grep -q "qemu.*▲"'
ok "names are cleaned" shows 'qemu\?\[31m 4711'
ok "nothing is wider than the window" fits 80
ok "the bar has all function keys" shows '^F1Help +F2View.*F9Pause +F10Quit'
ok "the heading says what it is sorted by" shows 'PINNED↓'

# ---- views ----
titles=(x Overview Latency Faults Devices 'IOVA map' Policies)
for n in 2 3 4 5 6 1; do
	keys $n
	ok "key $n: ${titles[n]}" shows "\[$n ${titles[n]}\]"
done
for n in 2 3 4 5 6 1; do
	keys Tab
	ok "Tab: ${titles[n]}" shows "\[$n ${titles[n]}\]"
done
keys BTab
ok "Shift-Tab goes back" shows '\[6 Policies\]'
ok "policies with verdicts" shows 'quota +1234 +7 +1\.0 +0 EDQUOT +process over 4G'
ok "and by hook" shows 'quota +ioas_map +1234 +7'
keys 2
ok "latencies: figures" shows '\[pin p50 12us p99 120us\] +map p50 24us p99 240us'
ok "a heat map" each 'shows "^ +[0-9.]+us .*█"' 'shows "100 in a column"' 'shows " now$"'
ok "maps by length, with a histogram" shows '64K to 128K +20 +16us +160us +8us +80us +▁▂▃'
keys o
ok "o: maps" each 'shows "\[map p50"' 'shows "ALL MAPS"'
keys o
ok "o: unmaps" shows '\[unmap p50 48us'
keys 3
ok "faults by device and PASID" shows 'iommufd-mock.0 +3 +7\.0 +7 +5 +2 +0 +250us +2\.5ms'
ok "the stream shows its end" shows 'response +iommufd-mock.0 +3 +250us page 14 is there now'
keys o Up
ok "o: the stream has the keys" place '13/14'
keys 4
ok "devices" shows '0000:00:04.0 +ioas 1'
ok "PASIDs with virtual ones and what is attached" each 'shows "PASID 2 +hwpt 6 on ioas 1 +102"' \
	'shows "PASID 3 +process 4711 +103 +0 +7"'
keys 5
ok "the IOVA map of the largest IOAS" shows 'ioas 1 of context 1, nvme-io 812: 768M in 16 areas'
ok "its largest hole, and fragmentation" shows 'largest hole 192M at 0x20000000, holes 2, fragmentation 25\.0%'
ok "used addresses are drawn, holes are not" each 'shows "^ +0x10000000 █{50}"' 'shows "^ +0x20000000$"'
ok "areas by size" each 'shows "16M to 32M +15 +240M"' 'shows "512M to 1G +1 +528M .*69%"'
keys o End
ok "o: ranges" each 'shows "0x44000000 +0x4fffffff used +192M"' 'shows "0xfee00000 +0xfeefffff reserved"'
keys ']'
ok "]: the next IOAS" shows 'ioas 2 of context 1'
keys Escape
ok "Esc: back to the overview" shows '\[1 Overview\]'

# ---- selection, search, filter, order ----
keys Home /
ok "/ asks for a text" shows '^Search:'
keys -l leaky
ok "and finds it while one types" shows 'Search: leaky'
keys Enter
ok "the row found is selected" place '6/7'
keys I
ok "I inverts; the selection stays with its row" each 'shows "PINNED↑"' 'place "1/7"'
keys Enter
ok "Enter shows the map of that context" shows 'ioas 1 of context 2, leaky 900'
keys 1 '/'
keys -l nobody
ok "a search without a result says so" shows 'nobody +\(no row has it\)'
keys Escape
ok "Esc goes back to where one was" place '1/7'
keys / ; keys -l ioas; keys F3 F3
ok "F3: the next ones" place '6/7'
keys Enter n
ok "n: and the next" place '7/7'
keys N
ok "N: the one before" place '6/7'
keys I $'\\'
keys -l nvme
ok "\\ filters while one types" each 'shows "^Filter: nvme"' 'lacks leaky' 'place "[0-9]/3"'
keys Enter
ok "Enter keeps the filter" each 'shows "filtered"' 'shows "└─ ioas 2"'
keys F4 Escape
ok "F4 and Esc end it" shows 'leaky'
keys F4; keys -l xyz
ok "a filter that nothing passes says so" shows 'no row has the text'
keys Escape Home
keys '>'
ok "> sorts by the next column" shows 'LIMIT↓'
keys '<'
ok "< by the one before" shows 'PINNED↓'
keys F6
ok "F6: a menu of columns" each 'shows "^ Sort by"' 'shows "PINNED +memory pinned"'
keys Up Up Enter
ok "Enter sorts by the one chosen" shows 'AREAS↓'
keys F6 Escape
ok "Esc leaves the menu" lacks '^ Sort by'
keys t
ok "t: flat, with IOASes only" each 'shows "nvme-io 812 ioas 1"' 'lacks "├─"' 'place "1/4"'
keys F5
ok "F5: a tree again" shows '├─ ioas'
keys Home z
ok "z folds a context" each 'shows "▸"' 'place "1/[56]"'
keys z '*'
ok "* folds all" place '1/3'
keys '*'
ok "and unfolds" place '1/7'
keys F6; keys -l ''; keys Home Enter Home
keys Space Space
ok "Space tags" shows '2 tagged: mapped .*, pinned'
ok "with a sign" shows '^\*'
keys U
ok "U untags" each 'lacks tagged' '! screen | grep -q "^[*]"'

# ---- columns ----
keys Right
ok "Right: the first column stays, others move" each 'shows "^«CONTEXT/IOAS"' 'lacks "PINNED"' 'shows "UNM/S"'
keys Left
ok "Left: back" shows 'PINNED'
keys w
for ((i = 0; i < 16; i++)); do keys Right; done
ok "w: all columns" shows '^«CONTEXT/IOAS.* UID'
keys w
ok "w: the usual ones" shows 'PINNED'

# ---- pause, interval ----
keys p
ok "p pauses" shows 'PAUSED'
before=$(screen | grep 'leaky 900' | head -n 1)
sleep 1
is "nothing changes then" "$(screen | grep 'leaky 900' | head -n 1)" "$before"
keys Z
ok "Z goes on" lacks 'PAUSED'
moves() { [[ $(screen | grep 'leaky 900' | head -n 1) != "$before" ]]; }
sleep 1
ok "and figures change" moves
keys +
ok "+ makes intervals longer" each 'shows "an interval of 500ms"' 'shows "500ms$"'
keys - - -
ok "- shorter, down to 100 ms" each 'shows "an interval of 100ms"'

# ---- help and menus ----
keys F1
ok "F1: help" each 'shows "^ Help"' 'shows "F3 / +search while typing"'
keys End
ok "with the columns of the view" shows 'UNM-P99T +99 of 100 unmaps'
keys Escape
ok "any other key leaves it" lacks '^ Help'
keys F2
ok "F2: a menu of views" shows '^ 4 Devices'
keys Down Down Down Enter
ok "Enter goes there" shows '\[4 Devices\]'
keys 1

# ---- mouse ----
press 5 7
ok "a press selects the row" place '3/7'
press 38 4
ok "a press on a heading sorts by it" shows 'LIMIT[↓↑]'
wheel down 5 8
ok "the wheel scrolls" place '7/7'
wheel up 5 8
ok "and back" place '4/7'
press 2 23
ok "a press on the bar is the key" shows '^ Help'
press 5 8
ok "and another one leaves the help" lacks '^ Help'
press 30 3
ok "a press on a tab shows the view" shows '\[3 Faults\]'
keys 1

# ---- sizes ----
for size in 40x8 60x12 120x40 200x60; do
	resize ${size%x*} ${size#*x}
	for n in 1 2 3 4 5 6; do
		keys $n
		sleep 0.15
		shows 'F10Qui' >/dev/null || break
		fits ${size%x*} >"$dir/wide" || break
	done
	ok "all views at $size" each 'shows F10Qui' '[[ ! -s $dir/wide ]]' "[[ $n == 6 ]]"
done
resize 40 8
keys 1
ok "40x8: what matters is there" each 'shows "3c 4i map .* pin .* 7f/s"' 'shows " [a-z?0-9[]+ [0-9]+ +[0-9]+M [0-9.-]+"'
keys F1
ok "help at 40x8" shows '^ Help'
keys q F6
ok "a menu at 40x8" shows '^ Sort by'
keys Escape
resize 30 5
ok "smaller: it says what it needs" shows 'needs 40x8'
resize 80 24
ok "and comes back" shows '\[1 Overview\]'
keys q
ok "q ends it with 0" ended 0

# ---- how the terminal is left ----
# A shell in the window says its settings before and after.
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
ok "it takes the terminal over" each 'shows "nvme-io"' '[[ $(terminal alternate_on) == 1 ]]' \
	'[[ $(terminal mouse_any_flag) == 1 ]]'
keys C-z
ok "Ctrl-Z stops it and gives the terminal back" each 'shows "Stopped"' '[[ $(terminal alternate_on) == 0 ]]'
keys 'fg' Enter
ok "fg goes on" each 'shows "\[1 Overview\]"' 'shows "nvme-io 812"'
keys C-c
shows 'prompt> $' >/dev/null
keys "rc=\$?; stty -g >$dir/after; echo ended with \$rc" Enter
ok "Ctrl-C ends it with 0" shows 'ended with 0'
ok "and leaves the terminal as before" left_as_before
for signal in TERM HUP; do
	run_in_shell ''
	shows nvme-io >/dev/null
	kill -$signal "$(the_pid)"
	ok "SIG$signal ends it with 0" shows 'ended with 0'
	ok "SIG$signal: the terminal is as before" left_as_before
done
for signal in SEGV ABRT BUS QUIT; do
	run_in_shell ''
	shows nvme-io >/dev/null
	kill -$signal "$(the_pid)"
	ok "SIG$signal ends it by the signal" shows "ended with $((128 + $(kill -l $signal)))"
	ok "SIG$signal: the terminal is as before" left_as_before
done
run_in_shell ''
shows nvme-io >/dev/null
kill -USR1 "$(the_pid)"
ok "a crash ends it" shows 'ended with 139'
ok "a crash: the terminal is as before" left_as_before
run_in_shell '--refreshes 3'
ok "it ends after so many refreshes" shows 'ended with 0'
ok "and leaves the terminal as before" left_as_before

# ---- terminals ----
refused() {	# refused ENVIRONMENT SENTENCE
	screen_start 80x24 "$1 $top >$dir/out 2>$dir/err"
	ended 3 && grep -F -- "$2" "$dir/err" && [[ ! -s $dir/out ]]
}
ok "an unknown terminal" refused 'TERM=nonsense' "terminal 'nonsense' (TERM) is not known here"
ok "a dumb one" refused 'TERM=dumb' "terminal 'dumb' (TERM) cannot move its cursor"
ok "none at all" refused 'env -u TERM' 'TERM is not set'
no_keys() {
	screen_start 80x24 "$top </dev/null 2>$dir/err"
	ended 3 && grep -F 'stdin is no terminal' "$dir/err"
}
ok "no keys" no_keys

has_colours() { coloured_screen | grep -qE $'\e\\[[0-9;]*(3[0-7]|4[0-7])m'; }
screen_start 80x24 "$top --interval 300"
shows nvme-io >/dev/null
ok "there are colours" has_colours
screen_start 80x24 "NO_COLOR=1 $top --interval 300"
shows nvme-io >/dev/null
no_colours() { ! has_colours; }
ok "NO_COLOR: there are none" no_colours
keys Down
shows '2/7' >/dev/null
marked() { coloured_screen | grep '├─ ioas 1' | grep -q $'\e\\[[0-9;]*7m'; }
ok "but the selected row is marked" marked
ok "and the leak has its sign" shows '▲'
screen_start 80x24 "NO_COLOR= $top --interval 300"
shows nvme-io >/dev/null
ok "an empty NO_COLOR means nothing" has_colours

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
ok "what it cannot tell is said" shows '^a recording tells only of what came after its start'
ok "and what was lost" shows '^! lost since the start: [0-9]+ events'
ok "its end" shows 'END$'
keys 5
ok "its areas are not known" shows 'the areas of this IOAS are not known'
keys 2
ok "but its maps" shows '4K to 8K +30 '
keys q
ok "q ends it" ended 0
screen_start 100x30 "TERM=nonsense build/iommutop --replay tests/golden/lost.rec -i 1s 2>$dir/err"
ok "without a screen it prints" each 'shows "iommu-load .* 120K"' 'ended 0' \
	'grep -F "printing batches (-b) instead" "$dir/err"'

# ---- what is missing, what was lost, nothing at all, very much ----
screen_start 80x24 "$top --missing 'only your own processes; root sees all' --lost --self"
ok "what is missing is said all the time" shows '^only your own processes; root sees all'
ok "what was lost, too" shows '^! lost since the start: 3 events not counted$'
ok "what the tool costs" shows '^iommutop itself:  CPU'
screen_start 80x24 "$top --empty"
for words in '1 nobody has /dev/iommu open' '2 nothing was mapped' '3 no device had a fault' \
	'4 no device is bound' '5 no IOAS is there' '6 no policy is in force'; do
	keys "${words%% *}"
	ok "empty: ${words#* }" shows "${words#* }"
done
screen_start 80x24 "$top --rows 1000"
ok "a thousand contexts" shows '1003 contexts 1004 IOASes'
keys End
ok "End" place '2007/2007'
keys PageUp
ok "PgUp" place '19[89][0-9]/2007'
keys Home PageDown
ok "Home, PgDn" place '1[0-9]/2007'
screen_start 80x24 "$top --table devices --sort virt_pasid --ascending --wide"
ok "options choose view, order and columns" each 'shows "\[4 Devices\]"' 'shows "VPASID↑"' \
	'shows "»$"'
screen_start 80x24 "$top --no-color"
shows nvme-io >/dev/null
ok "an option turns colours off" no_colours
screen_start 80x24 "$top --table lines"
ok "lines are in the view of faults" shows '\[3 Faults\]'
finish
