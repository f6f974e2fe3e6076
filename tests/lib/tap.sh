# SPDX-License-Identifier: GPL-2.0-only
# TAP for tests in bash, to be sourced: tests are functions and commands, not many processes, which
# are slow to start in an emulated machine.
#
#   ok NAME COMMAND...   a test point: passes when the command does, else shows its output
#   is NAME GOT WANT     a test point: passes when both are the same
#   skip NAME REASON     a test point that was not run
#   diag TEXT...         a comment line
#   include PROGRAM...   the test points of a program that prints TAP itself
#   await COMMAND...     run it until it succeeds, however slow the host is.
#                        The test fails if that takes longer than $patience seconds
#   late COMMAND...      note that a wait for it took too long, so that the test fails
#   nap SECONDS          sleep without a process
#   finish               prints the plan; to be the last command, its status is the script's
#
# tests is the folder of the test programs. The current folder becomes the project's.
# shellcheck shell=bash
shopt -s extglob
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
tests=${IOMMUSCOPE_TESTS:-$PWD/build/tests}
tap_run=0 tap_failed=0 patience=300
exec {tap_never}<> <(:)
# Waits that took too long, also those of subshells: a file without a name.
tap_file=$(mktemp) && exec {tap_late}<>"$tap_file" && rm "$tap_file"
echo "TAP version 13"

tap_point() {	# tap_point STATUS NAME
	tap_run=$((tap_run + 1))
	if (($1 == 0)); then
		echo "ok $tap_run - $2"
	else
		echo "not ok $tap_run - $2"
		tap_failed=$((tap_failed + 1))
	fi
	return "$1"
}

diag() { printf '# %s\n' "$*"; }

ok() {
	local name=$1 tap_out status=0
	shift
	tap_out=$("$@" 2>&1) || status=1
	tap_point $status "$name" && return
	while read -r line; do diag "$line"; done <<<"$* said:"$'\n'"$tap_out"
	return 1
}

is() {
	[[ $2 == "$3" ]]
	tap_point $? "$1" && return
	diag "     got: $2"
	diag "expected: $3"
	return 1
}

# The points of the program become ours, with continued numbers; it must have met its plan.
include() {	# include PROGRAM ARGUMENTS...
	local line rest plan='' points=0
	while IFS= read -r line; do
		case $line in
		"ok "[0-9]*|"not ok "[0-9]*)
			tap_run=$((tap_run + 1))
			points=$((points + 1))
			[[ $line == ok* || $line == *"# TODO"* ]] || tap_failed=$((tap_failed + 1))
			rest=${line#*ok }
			echo "${line%%[0-9]*}$tap_run${rest##+([0-9])}" ;;
		1..*) plan=${line#1..} ;;
		TAP*) ;;
		*) echo "$line" ;;
		esac
	done < <("$@" 2>&1)
	[[ $plan == "$points" ]]
	tap_point $? "${1##*/} ran to its end"
}

late() { echo "$*" >&"$tap_late"; }
nap() { read -r -t "$1" -u "$tap_never" || :; }
await() {
	local end=$((SECONDS + patience))
	until "$@"; do
		((SECONDS < end)) || { late "$*"; return 1; }
		nap 0.05
	done
	# Not the status of nap, which is that of a read that timed out.
	return 0
}

skip() {
	tap_run=$((tap_run + 1))
	echo "ok $tap_run - $1 # SKIP $2"
}

finish() {
	# Without this a failed wait whose result is unused would only cost time.
	[[ ! -s /proc/self/fd/$tap_late ]] ||
		ok "no wait takes longer than $patience s" eval "cat /proc/self/fd/$tap_late; false"
	echo "1..$tap_run"
	((tap_failed == 0))
}

# value KEY FILE: the value of the first KEY=VALUE in the file, which has one or more in a line
value() {
	local pair words
	while read -r -a words; do
		for pair in "${words[@]}"; do
			case $pair in "$1="*) echo "${pair#*=}"; return ;; esac
		done
	done <"$2"
}

# Print the number of pages that are pinned in the whole machine. Reading from 9p pins pages as
# well, which a worker unpins later, so wait until there are none.
pinned() {
	local key val got put _
	for _ in {1..30}; do
		got=0 put=0
		echo 1 >/proc/sys/vm/stat_refresh
		while read -r key val; do
			case $key in
			nr_foll_pin_acquired) got=$val ;;
			nr_foll_pin_released) put=$val ;;
			esac
		done </proc/vmstat
		((got == put)) && break
		nap 0.1
	done
	echo $((got - put))
}
