# SPDX-License-Identifier: GPL-2.0-only
# iosnoop in the background, for tests in bash that have sourced tap.sh.
#
#   start NAME COMMAND...  an iosnoop, until its first line says that it is attached; its output
#                          goes to $dir/NAME, its messages to $dir/NAME.err
#   begin NAME COMMAND...  the same for one that says nothing before its end
#   stop NAME [SIGNAL]     ends it, with SIGINT if nothing is said; sets rc
#   join NAME              waits for one that ends by itself; sets rc
#   end_record NAME        sets seen, filtered, submitted, lost, shown and reason from its last line
#   sound NAME [--open]    a test point: each line is as the schema wants it, and the counts agree
#   says NAME TEXT         a command: TEXT is among its messages
#   drained NAME...        wait until they have nothing left to read
#   matched WANT NAME      prints the lines of WANT (key=value) that $dir/NAME (JSON) lacks
#   totals NAME            "event=map n=23" of each event that $dir/NAME has
#
# Several iosnoops watch one run of a client, since processes are slow to start in an emulated
# machine.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # tests use variables that are set here, and tests is of tap.sh
iosnoop=build/iosnoop
dir=$(mktemp -d /tmp/iosnoop.XXXXXX)
declare -A pids=()
trap '((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null; rm -rf "$dir"' EXIT
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
mkfifo "$dir/never"
exec 9<>"$dir/never"
shopt -s extglob

each() { local c; for c; do eval "$c" || return 1; done; }
show() { local line; while read -r line; do diag "$line"; done < <(head -n 20 "$@"); }
has_line() { [[ -s $1 ]]; }
has_line_or_ended() { [[ -s $1 || ! -d /proc/$2 ]]; }
ended() { [[ ! -d /proc/$1 ]]; }
says() {
	grep -F -- "$2" "$dir/$1.err" >/dev/null && return
	echo "no '$2' in:"
	cat "$dir/$1.err"
	return 1
}

start() {
	local name=$1
	shift
	rm -f "$dir/$name"
	"$@" >"$dir/$name" 2>"$dir/$name.err" </dev/null 9>&- &
	pids[$name]=$!
	await has_line_or_ended "$dir/$name" "$!" && has_line "$dir/$name" && return
	diag "$name does not start: $*"
	show "$dir/$name.err"
}
# The file has no line end, for which read fails.
waits() {
	local where=''
	read -r where 2>/dev/null <"/proc/$1/wchan"
	[[ ! -d /proc/$1 || $where == *epoll_wait* || $where == *ep_poll* ]]
}
drained() {
	local name
	for name; do await waits "${pids[$name]}"; done
}
begin() {
	local name=$1
	shift
	"$@" >"$dir/$name" 2>"$dir/$name.err" </dev/null 9>&- &
	pids[$name]=$!
	await waits "$!" && return
	diag "$name does not start: $*"
	show "$dir/$name.err"
}
stop() {
	kill -s "${2:-INT}" "${pids[$1]}" 2>/dev/null
	wait "${pids[$1]}"
	rc=$?
	unset "pids[$1]"
}
join() {
	await ended "${pids[$1]}" || kill "${pids[$1]}"
	wait "${pids[$1]}"
	rc=$?
	unset "pids[$1]"
}
end_record() {
	local line
	seen='' filtered='' submitted='' lost='' shown='' reason=''
	line=$(tail -n 1 "$dir/$1" | json type reason seen filtered submitted lost shown)
	read -r _ reason seen filtered submitted lost shown <<<"${line//[a-z]*([a-z])=/}"
}
adds_up() { ((seen == filtered + submitted + lost)); }
in_schema() { schema "${@:2}" <"$dir/$1"; }
sound() {
	local name=$1
	shift
	ok "$name: each line is in the schema, and its counts agree" in_schema "$name" "$@"
}
matched() {
	json <"$dir/$2" | awk '
		NR == FNR { got[n++] = " " $0 " "; next }
		!/^event=/ { next }
		{
			for (i = 0; i < n; i++) {
				for (t = 1; !used[i] && t <= NF; t++)
					if (!index(got[i], " " $t " ")) break
				if (!used[i] && t > NF) break
			}
			if (i < n) used[i] = 1; else print "not seen: " $0
		}' - "$1"
}
totals() {
	grep -o '"event":"[a-z0-9-]*"' "$dir/$1" | sort | uniq -c |
		sed -E 's/ *([0-9]+) "event":"(.*)"/event=\2 n=\1/'
}
