#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iommutop's screen, in guest instructions (a nanosecond is one): the CPU time of a refresh
# with its drawing, in the kernel too, on an idle system and with 1,000 IOASes of 200 areas each.
#
# Runs of 5 and of 25 refreshes are compared, so that start and end do not count. How often the
# terminal wakes the program up depends on the host. So the marks are five times what it takes, and
# a walk over all areas in each refresh would still exceed them.
# vm: --icount
# alone: tests that ran before would change the counts
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
screen_patience=120
dir=$screen_dir
pid=''
trap '[[ ! $pid ]] || kill $pid; screen_cleanup' EXIT
mkfifo "$dir/orders"

# cpu_ms REFRESHES VIEW: of a whole run
cpu_ms() {
	local run="build/iommutop -i 300ms -n $1 --view $2 2>/dev/null"

	screen_start 120x40 "bash -c 'TIMEFORMAT=\"%3U %3S\"; time $run' 2>$dir/time"
	ended 0 >/dev/null || return 1
	tail -n 1 "$dir/time" | awk '{ printf "%d\n", 1000 * ($1 + $2) + 0.5 }'
}
# at_most NAME VIEW LIMIT: instructions of a refresh
at_most() {
	local few many each
	few=$(cpu_ms 5 "$2")
	many=$(cpu_ms 25 "$2")
	each=$((${few:-0} && ${many:-0} ? (many - few) * 1000000 / 20 : 999999999))
	diag "$1: $each, at most $3"
	ok "$1" test "$each" -le "$3"
}

for view in overview latency; do
	at_most "idle, $view" $view 10000000
done
build/tests/top-client <"$dir/orders" >"$dir/answers" &
pid=$!
exec 8>"$dir/orders"
{
	echo "ioas 999"
	for ((i = 0; i < 1000; i++)); do echo "map $i 200 4096"; done
} >&8
for ((i = 0; i < 6000; i++)); do
	(($(wc -l <"$dir/answers") == 1002)) && break
	sleep 0.1
done
is "1,000 IOASes with 200 areas each" "$(grep -c '^ok$' "$dir/answers")" 1001
for view in overview space; do
	at_most "1,000 IOASes, $view" $view 50000000
done
finish
