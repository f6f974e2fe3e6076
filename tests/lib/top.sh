# SPDX-License-Identifier: GPL-2.0-only
# iommutop beside clients that keep what they have mapped, for tests in bash that have sourced
# iosnoop.sh.
#
#   held_by CLIENT...      start a client, and wait until it prints "held KEY=VALUE..."; sets held
#                          to that, and client to its process
#   account KEY            prints a value of held
#   leave                  let the client end
#   rows TABLE KIND KEY... a line for each row of that kind ('': of all) in the last sample of
#                          $dir/top; rows total KEY...: the calls since the start
#   watch NAME ARGUMENT... start an iommutop, and wait until $dir/NAME has a sample
#   more_samples NAME      wait until it has two more
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # tests use variables that are set here, and others are theirs
top=build/iommutop
declare -gA pids

held_by() {
	rm -f "$dir/held"
	"$@" <"$dir/never" >"$dir/held" 9>&- &
	client=$!
	await grep -q '^held ' "$dir/held"
	held=$(sed -n 's/^held //p' "$dir/held")
}
account() { local word; for word in $held; do [[ $word != "$1="* ]] || echo "${word#*=}"; done; }
leave() { echo >&9; wait "$client"; }
rows() {
	python3 - "$dir/top" "$@" <<-'END'
		import json, sys
		path, table, kind, *keys = sys.argv[1:]
		with open(path, encoding='utf-8') as lines:
		    samples = [json.loads(line) for line in lines]
		last = [s for s in samples if s['type'] == 'sample'][-1]
		def word(value):
		    return 'null' if value is None else str(value)
		if table == 'total':
		    print(' '.join(word(last['total'][key]) for key in [kind, *keys]))
		    sys.exit()
		for row in last[table]:
		    if not kind or row['kind'] == kind:
		        print(' '.join(key + '=' + word(row[key]) for key in keys))
	END
}
watch() {
	local name=$1
	shift
	"$top" -j "$@" >"$dir/$name" 2>"$dir/$name.err" </dev/null 9>&- &
	pids[$name]=$!
	await grep -q '"type":"sample"' "$dir/$name"
}
samples() { grep -c '"type":"sample"' "$dir/$1"; }
has_samples() { (($(samples "$1") >= $2)); }
more_samples() { await has_samples "$1" "$(($(samples "$1") + 2))"; }
