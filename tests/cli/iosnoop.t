#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iosnoop's command line on this machine: options and their errors, --help against the manual page,
# exit codes, and what it says without privileges or without the module. Loads nothing.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
iosnoop=build/iosnoop
dir=$(mktemp -d "${TMPDIR:-/tmp}/iosnoop-cli.XXXXXX")
trap 'rm -rf "$dir"' EXIT

run() { "$@" >"$dir/out" 2>"$dir/err"; rc=$?; }
says() { grep -qF -- "$1" "$dir/err"; }
lacks() { ! grep -qF -- "$1" "$dir/err"; }
shows() { grep -qF -- "$1" "$dir/out"; }
ended() { ((rc == $1)); }
silent() { [[ ! -s $dir/$1 ]]; }
each() {	# all of the commands; if one fails, what iosnoop said
	local c
	for c; do
		eval "$c" || { echo "$c"; cat "$dir/out" "$dir/err"; return 1; }
	done
}

# refused NAME SENTENCE ARGUMENT...: status 2, nothing on stdout, the sentence on stderr
refused() {
	local name=$1 sentence=$2
	shift 2
	run $iosnoop "$@"
	ok "$name" each 'ended 2' 'silent out' "says '${sentence//\'/\'\\\'\'}'" 'says "iosnoop: "'
}

run $iosnoop --help
ok "--help ends with 0, on stdout" each 'ended 0' 'silent err' 'shows "Usage: iosnoop"'
ok "--help fits 80 columns" each '! grep -q ".\{81\}" "$dir/out"'
cp "$dir/out" "$dir/help"
run $iosnoop -h
ok "-h is --help" cmp -s "$dir/help" "$dir/out"
run $iosnoop -V
ok "-V names the version" each 'ended 0' 'silent err' 'grep -qE "^iosnoop \(iommuscope\) [0-9]+\.[0-9]+" "$dir/out"'
run $iosnoop -h --no-such-option
ok "-h ends parsing" ended 0

# Options as "-p --pid PID", from both sources.
sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z-]+)( [A-Z]+)? .*/\1\2\3/p' "$dir/help" | tr -d , | sort >"$dir/in-help"
sed -nE '/^\.It Fl/ { s/^\.It //; s/Fl -/--/g; s/Fl /-/g; s/ ,//; s/ Ar / /; p }' man/iosnoop.8 |
	sort >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page and --help have the same options" each "silent out"
ok "and there are all of them" test "$(wc -l <"$dir/in-help")" -eq 15

# Events, too.
sed -n 's/^Events: //p' "$dir/help" | tr -d ',' | tr ' ' '\n' | sort >"$dir/in-help"
sed -n '/^\.Sh EVENTS/,/^\.El/s/^\.It //p' man/iosnoop.8 | sort >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page and --help have the same events" each "silent out"

if command -v groff >/dev/null; then
	groff -mandoc -Tutf8 -ww man/iosnoop.8 >/dev/null 2>"$dir/err"
	ok "the manual page has no errors" each "silent err"
else
	skip "the manual page has no errors" "no groff on this machine"
fi

refused "an unknown option" "--nonsense is no option" --nonsense
refused "an unknown letter" "-Z is no option" -Z
refused "a value that is missing" "-p needs a value" -p
refused "one of a long option" "--duration needs a value" --duration
refused "a value too many" "takes no value" --json=yes
refused "an operand" "'map': this command takes options only" map
refused "an unknown event" "'mapp' is no event; there are bind," -e mapp
refused "one in a list" "'' is no event" -e map,,unmap
refused "an event that has no line of its own" "'pin' is no event" -e pin
refused "a PID that is no number" "--pid: 'x' is not a number" -p x
refused "PID 0" "--pid: '0' is too small" -p 0
refused "a negative PID" "--pid: '-1' is not a number" -p -1
refused "a PID beyond all" "--pid: '4294967297' is too large" -p 4294967297
refused "a latency without a unit" "--min-latency: '100' has no unit" -m 100
refused "a latency with another unit" "unknown unit" -m 100parsecs
refused "a duration of nothing" "--duration: '0' is too small" -d 0
refused "no events at all" "--count: '0' is too small" -n 0
refused "a buffer without a size" "--buffer-size: 'K' is not a number" --buffer-size K
refused "a buffer too large" "--buffer-size: '2G' is too large" --buffer-size 2G
refused "control characters in an argument" "?[31m" -e $'\e[31m'
ok "are not passed on" lacks $'\e'

# Exactly one of these, before anything else is looked at.
if command -v setpriv >/dev/null && setpriv --bounding-set -all --inh-caps -all true 2>/dev/null; then
	run setpriv --bounding-set -all --inh-caps -all $iosnoop -d 1
elif ((EUID)); then
	run $iosnoop -d 1
else
	rc=''
fi
if [[ $rc ]]; then
	ok "without privileges it ends with 3" each 'ended 3' 'silent out'
	ok "and names what is missing" says "lacks CAP_BPF and CAP_PERFMON"
else
	skip "without privileges it ends with 3" "cannot give up privileges here"
	skip "and names what is missing" "cannot give up privileges here"
fi
if ((EUID == 0)) && [[ ! -e /sys/module/iommufd ]]; then
	run $iosnoop -d 1
	ok "without the module it ends with 4" each 'ended 4' 'silent out'
	ok "and says how to load it" each 'says "module iommufd: not loaded"' 'says "modprobe iommufd"'
else
	skip "without the module it ends with 4" "not root, or the module is loaded"
	skip "and says how to load it" "not root, or the module is loaded"
fi

finish
