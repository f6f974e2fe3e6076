# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests of a command line, after tests/lib/tap.sh: they run a command and check its output.
#
#	dir	a folder of the test's own, removed at its end
#	run COMMAND...	its stdout in $dir/out, its stderr in $dir/err, its status in rc
#	each 'COMMAND' ...	all of them must be true; else print the command's output
# and to be used with each: says, lacks (on stderr), shows (on stdout), ended STATUS,
# silent out|err.
dir=$(mktemp -d "${TMPDIR:-/tmp}/cli.XXXXXX")
trap 'rm -rf "$dir"' EXIT

run() { "$@" >"$dir/out" 2>"$dir/err"; rc=$?; }
says() { grep -qF -- "$1" "$dir/err"; }
lacks() { ! grep -qF -- "$1" "$dir/err"; }
shows() { grep -qF -- "$1" "$dir/out"; }
ended() { ((rc == $1)); }
silent() { [[ ! -s $dir/$1 ]]; }
each() {
	local c
	for c; do
		eval "$c" || { echo "$c"; cat "$dir/out" "$dir/err"; return 1; }
	done
}

# refused NAME SENTENCE ARGUMENT...: $tool with these exits with 2, with the sentence on stderr
refused() {
	local name=$1 sentence=$2
	shift 2
	run "${tool:?the program under test}" "$@"
	ok "$name" each 'ended 2' 'silent out' "says '${sentence//\'/\'\\\'\'}'" \
		"says '${tool##*/}: '"
}
