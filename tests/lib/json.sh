# SPDX-License-Identifier: GPL-2.0-only
# JSON lines for tests in bash, to be sourced when dir, a folder of the test's own, is set. Both
# functions fail, and say why on stderr, at the first line that is not exactly one valid JSON
# object.
#
#	json [KEY...] <FILE	for each line print one: KEY=VALUE of those KEYs that it has, in
#				this order, or of all keys. KEY is a.b for members of objects
#				within and a.0.b in arrays of objects; other arrays print as
#				a,b,c. Strings print without quotes, as JSON escapes them.
#	schema [--open] <FILE	check the output of iosnoop -j against the table of
#				include/iommufd_events.h, and that its counts agree; --open: a
#				stream without an end record
#
# tests/lib/jsond does the work. It ends with the test.
# shellcheck shell=bash disable=SC2154 # the test sets dir
setpriv --pdeathsig KILL tests/lib/jsond "$dir/jsond.port" </dev/null >/dev/null &
json_pid=$!
disown

json_ask() {
	local s in out err status
	until [[ -s $dir/jsond.port ]]; do
		kill -0 "$json_pid" 2>/dev/null ||
			{ echo "tests/lib/jsond does not run" >&2; return 1; }
		sleep 0.1
	done
	# echo and read use the numbers 0 and 1 for the socket for a moment.
	exec {in}<&0 {out}>&1 {err}>&2 {s}<>"/dev/tcp/127.0.0.1/$(<"$dir/jsond.port")" || return
	echo "$BASHPID $in $out $err $*" >&"$s"
	read -r status <&"$s"
	exec {in}<&- {out}>&- {err}>&- {s}>&-
	return "$status"
}
json() { json_ask json "$@"; }
schema() { json_ask schema "$@"; }
