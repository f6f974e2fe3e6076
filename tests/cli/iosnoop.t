#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iosnoop's command line on this machine: options and their errors, --help against the manual page
# and the completions, exit codes, messages without privileges or without the module. Loads nothing.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
iosnoop=build/iosnoop
tool=$iosnoop	# refused runs it

run $iosnoop --help
ok "--help ends with 0, on stdout" each 'ended 0' 'silent err' 'shows "Usage: iosnoop"'
ok "--help fits 80 columns" each '! grep -q ".\{81\}" "$dir/out"'
cp "$dir/out" "$dir/help"
run $iosnoop -h
ok "-h is --help" cmp -s "$dir/help" "$dir/out"
run $iosnoop -V
ok "-V names the version" each 'ended 0' 'silent err' \
	'grep -qE "^iosnoop \(iommuscope\) [0-9]+\.[0-9]+" "$dir/out"'
run $iosnoop -h --no-such-option
ok "-h ends the parsing" ended 0

# The manual page and the completions are made from the table of options: compare them with --help.
# Options are compared as "-p --pid PID".
sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z-]+)( [A-Z]+)? .*/\1\2\3/p' "$dir/help" | tr -d , |
	sort >"$dir/in-help"
sed -nE '/^\.It Fl/ { s/^\.It //; s/Fl -/--/g; s/Fl /-/g; s/ ,//; s/ Ar / /; p }' \
	build/man/iosnoop.8 | sort >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page and --help have the same options" each "silent out"
ok "--help has all 48 options" test "$(wc -l <"$dir/in-help")" -eq 48

# Events.
sed -n '/^Events:/,/^Groups/p' "$dir/help" | sed '/^Groups/d; s/^Events://' | tr -s ', ' '\n' |
	grep . | sort >"$dir/in-help"
sed -n '/^\.Sh EVENTS/,/^\.El/s/^\.It //p' build/man/iosnoop.8 | sort >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page and --help have the same events" each "silent out"

# Completions: the names of all options.
sed -nE 's/^ +(-[a-zA-Z], )?--([a-z-]+).*/\2/p' "$dir/help" | sort >"$dir/options"
grep -oE -- '--[a-z-]+' build/completions/_iosnoop | sed 's/^--//' | sort -u |
	diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "zsh completes the options of --help" each "silent out"
sed -nE 's/^complete .* -l ([a-z-]+).*/\1/p' build/completions/iosnoop.fish | sort |
	diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "fish completes the options of --help" each "silent out"
# complete_words WORD...: the words that bash offers for the last one
complete_words() {
	PATH=$PWD/build:$PATH bash --norc -c 'source build/completions/iosnoop.bash
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_iosnoop; printf "%s\n" "${COMPREPLY[@]}"' bash iosnoop "$@"
}
complete_words -- | sed 's/^--//' | sort | diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "bash completes the options of --help" each "silent out"
{ cat "$dir/in-help"; printf '%s\n' ioas pins device pasid access table fault type1 object default \
	all; } | sort -u >"$dir/events"
complete_words -e '' | sort -u | diff "$dir/events" - >"$dir/out" 2>"$dir/err"
ok "bash completes events and groups" each "silent out"
is "bash completes the last word of a list" "$(complete_words -e map,unm)" "map,unmap"
is "bash completes fields" "$(complete_words --fields time_ns,user)" "time_ns,user_va"

if command -v groff >/dev/null; then
	groff -mandoc -Tutf8 -ww build/man/iosnoop.8 >/dev/null 2>"$dir/err"
	ok "the manual page has no errors" each "silent err"
else
	skip "the manual page has no errors" "no groff on this machine"
fi

refused "an unknown option" "unknown option '--nonsense'" --nonsense
refused "an unknown letter" "unknown option '-Z'" -Z
refused "an option without its value" "option '-p' needs a value" -p
refused "a long option without its value" "option '--duration' needs a value" --duration
refused "a flag with a value" "option '--json=yes' takes no value" --json=yes
refused "an operand" "unexpected operand 'map': this command takes options only" map
refused "an unknown event" "--event: unknown event 'mapp'; the events are open," -e mapp
refused "an empty name in a list" "--event: unknown event ''" -e map,,unmap
refused "an unknown field" "--fields: unknown field 'iov'; the fields are time_ns," --fields iov
refused "an invalid device" "'3' is not a PCI address" --device 3
refused "an unknown user" "unknown user 'no-such-user-here'" --uid no-such-user-here
refused "a range that ends below its begin" "--iova: the range ends below its begin" \
	--iova 0x2000-0x1000
refused "a range without a number" "--iova: 'ffff' is not a number" --iova ffff
refused "too large a PASID" "--pasid: '1048576' is too large; it may be at most 1048575" \
	--pasid 1048576
refused "an interval without a report" "no report was chosen; add --histogram" -i 1
refused "two formats" "--json and --csv exclude each other" -j --csv
refused "a report as CSV" "CSV has a line per event" --csv -H
refused "folded stacks and another report" "the input of another program" --folded -H
refused "a recording of a recording" "only live events can be recorded" -o x --replay y
refused "a recording as JSON" "record first, then choose the output with --replay" -o x -j
refused "fields and a report" "--fields and reports exclude each other: reports replace the lines" \
	--fields event -H
refused "stacks and a report" "--stacks and reports exclude each other" -k --sizes
refused "a wide recording" "a recording has everything" -o x -w
refused "an address without a device" "no IOVA in '5'; write DEVICE:IOVA" --at 5
refused "an address of nothing" "no device in ':5'" --at :5
refused "an address without a number" "'x' is not a number in '3/1:x'" --at 3/1:x
refused "an address of an address space without a number" "'b' is not a number" --at 3/b:1
refused "an address of an invalid device" "--at: '3' is not a PCI address" --at 3:1
refused "an address in a recording" "recordings have no areas" --at 3/1:0 --replay x
refused "an address with events" "it prints one answer" --at 3/1:0 -e map
refused "an address with a filter" "--at and filters exclude each other" --at 3/1:0 -p 1
refused "an address space with a PASID" "--at and filters exclude each other" --at 3/1:0 --pasid 1
refused "an address with two PASIDs" "it has a PASID" --at 00:04.0@1:0 --pasid 1
refused "a recording to stdout" "cannot write a recording to standard output" -o -
refused "--force without a recording" "--force: there is nothing to overwrite" --force
run build/iosnoop --replay tests/golden/demo.rec --uid 0
ok "a user in an older recording" says 'has no users and cgroups'
run $iosnoop --fields help
ok "--fields help lists them" each 'ended 0' 'silent err' \
	'shows "time_ns, time, event, machine, pid"'
refused "a PID that is not a number" "--pid: 'x' is not a number" -p x
refused "PID 0" "--pid: '0' is too small; it must be at least 1" -p 0
refused "a negative PID" "--pid: '-1' is not a number" -p -1
refused "too large a PID" "--pid: '4294967297' is too large" -p 4294967297
refused "a latency with an unknown unit" "unknown unit" -m 100parsecs
refused "a duration of 0" "--duration: '0' is too small" -d 0
refused "a count of 0" "--count: '0' is too small" -n 0
refused "a buffer size without digits" "--buffer-size: 'K' is not a number" --buffer-size K
refused "too large a buffer" "--buffer-size: '2G' is too large; it may be at most 1G" \
	--buffer-size 2G
refused "control characters in an argument" "?[31m" -e $'\e[31m'
ok "messages do not contain control characters" lacks $'\e'

echo data >"$dir/rec"
ln -s rec "$dir/link"
for name in rec link; do
	run $iosnoop -o "$dir/$name"
	ok "-o does not overwrite a $name" each 'ended 1' 'silent out' \
		"says '$name exists and is not empty; --force overwrites it'" \
		'[[ $(<"$dir/rec") == data ]]'
done

is "a time without a unit is in seconds, for each option" \
	"$(for time in 5 5s 5000ms; do
		$iosnoop --replay tests/golden/all.rec -j -m $time | head -n 1 |
			grep -o '"min_latency_ns":[0-9]*'
	done | sort -u)" '"min_latency_ns":5000000000'
no_cgroup2() {
	unshare -m sh -c 'umount -a -t cgroup2 &&
		! grep -q " cgroup2 " /proc/self/mounts && exec "$@"' sh "$@"
}
if no_cgroup2 true 2>/dev/null; then
	for tool in iosnoop iommutop "iopolicy load"; do
		# shellcheck disable=SC2086 # a command has two words
		run no_cgroup2 build/$tool --cgroup /nowhere x.o
		ok "${tool%% *} --cgroup without cgroup v2 exits with 4" each 'ended 4' \
			'silent out' 'says "cgroup v2 is not mounted"'
	done
else
	for tool in iosnoop iommutop iopolicy; do
		skip "$tool --cgroup without cgroup v2 exits with 4" "cannot unmount it here"
	done
fi
tool=$iosnoop

run $iosnoop --check
ok "--check lists the module" each '((rc == 0 || rc == 3 || rc == 4))' \
	'grep -qE "^(ok|MISSING) +module iommufd" "$dir/out"' \
	'! grep -q "^MISSING *module" "$dir/out" || shows "modprobe iommufd"'
ok "--check lists privileges" each 'grep -qE "^(ok|MISSING) +privileges" "$dir/out"'

# Privileges are checked first.
no_caps=(setpriv --bounding-set -all --inh-caps -all)
if command -v setpriv >/dev/null && "${no_caps[@]}" true 2>/dev/null; then
	run "${no_caps[@]}" $iosnoop -d 1
elif ((EUID)); then
	run $iosnoop -d 1
else
	rc=''
fi
if [[ $rc ]]; then
	ok "without privileges it ends with 3" each 'ended 3' 'silent out'
	ok "the message names the missing capabilities" says "lacks CAP_BPF and CAP_PERFMON"
else
	skip "without privileges it ends with 3" "cannot give up privileges here"
	skip "the message names the missing capabilities" "cannot give up privileges here"
fi
if ((EUID == 0)) && [[ ! -e /sys/module/iommufd ]]; then
	run $iosnoop -d 1
	ok "without the module it ends with 4" each 'ended 4' 'silent out'
	ok "the message has the command that loads it" each \
		'says "module iommufd is not loaded"' 'says "modprobe iommufd"'
else
	skip "without the module it ends with 4" "not root, or the module is loaded"
	skip "the message has the command that loads it" "not root, or the module is loaded"
fi

finish
