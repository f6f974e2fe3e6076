#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/run itself: the tests of tests/harness/faults crash, hang, leak and make the kernel
# complain. Each of them must fail, with the reason, and must not affect the others. A signal to all
# of its processes, as timeout sends it, ends everything with one line.
# timeout: 3600
# takes: 60
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/cli.sh"

run tests/run --faults --jobs 1
ok "a failure makes the exit status 1" ended 1
# line NAME WANT: the line of a test in the report, without times and blanks
line() {
	is "$1 $2" "$(sed -nE \
		"s,^(ok|FAIL) +vm/$1 +([0-9]+) passed +([0-9]+) failed .*,\\1 \\2 \\3,p" \
		"$dir/out")" "$2"
}
line a-passes "ok 1 0"
line b-crashes "FAIL 1 1"
line c-hangs "FAIL 0 1"
line d-splats "FAIL 1 1"
line e-leaks "FAIL 1 1"
line f-passes "ok 2 0"
ok "a crash is named" shows "the guest's kernel panicked"
ok "the console is shown" shows "sysrq: Trigger a crash"
ok "a hang is named" shows "not done after 3 s"
ok "a complaint of the kernel is named" shows "WARNING: planted by a test"
ok "a process that is left is named" shows "(sleep) running"
ok "a module that cannot be removed is named" shows "cannot remove the modules: a reference is left"
ok "five machines are booted" shows "6 tests in" &&
	ok "as one each has spoilt" shows ", 5 machines booted"
is "the last line counts" "$(tail -n 1 "$dir/out")" "6 passed, 4 failed, 0 skipped"
is "processor time is noted for each test, and for each machine" \
	"$(awk '$2 > 0 { print $3 }' build/tests/log/times | sort | uniq -c | xargs)" \
	"5 machine 1 vm/a-passes 1 vm/b-crashes 1 vm/c-hangs 1 vm/d-splats 1 vm/e-leaks \
1 vm/f-passes"

# The run before has left this name in the file, which the job below may empty late.
: >"$dir/out"
setsid tests/run --faults --jobs 1 >"$dir/out" 2>"$dir/err" &
group=$!
await grep -q vm/a-passes "$dir/out"
kill -TERM -- "-$group"
wait "$group"
rc=$?
ok "a signal ends it" ended 143
is "it says so in one line" "$(<"$dir/err")" "tests/run: ended by SIGTERM after 1 of 6 tests"
none_left() { ! pgrep -g "$group" >/dev/null; }
ok "no process is left" await none_left

# Every source of a test is a test, and each old one is still there.
tests/run --list | sed 's/ .*//' >"$dir/list"
for f in tests/cli/*.t tests/vm/*.[ct]; do
	name=${f#tests/}
	grep -qx "${name%.[ct]}" "$dir/list" || echo "$f"
done >"$dir/lost"
is "tests/run lists each file" "$(<"$dir/lost")" ""
grep -v '^#' tests/moved | tr -s ' \t' '\n' | grep -E '^(vm|cli|unit)/' | sort -u >"$dir/want"
is "each test that was ever moved is there" "$(grep -vxFf "$dir/list" "$dir/want")" ""
finish
