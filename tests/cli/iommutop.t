#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop's command line on this machine: options and their errors, --help against the manual page
# and the completions, columns against the manual page, a recording that is none. Loads nothing.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
top=build/iommutop
tool=$top	# refused runs it

run $top --help
ok "--help ends with 0, on stdout" each 'ended 0' 'silent err' 'shows "Usage: iommutop"'
ok "--help fits 80 columns" each '! grep -q ".\{81\}" "$dir/out"'
cp "$dir/out" "$dir/help"
run $top -h
ok "-h is --help" cmp -s "$dir/help" "$dir/out"
run $top -V
ok "-V names the version" each 'ended 0' 'silent err' 'grep -qE "^iommutop \(iommuscope\) [0-9]+\.[0-9]+" "$dir/out"'

sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z-]+)( [A-Z]+)? .*/\1\2\3/p' "$dir/help" | tr -d , | sort >"$dir/in-help"
sed -nE '/^\.It Fl/ { s/^\.It //; s/Fl -/--/g; s/Fl /-/g; s/ ,//; s/ Ar / /; p }' build/man/iommutop.8 |
	sort >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page and --help have the same options" each "silent out"
ok "and there are all of them" test "$(wc -l <"$dir/in-help")" -eq 27
if command -v groff >/dev/null; then
	groff -mandoc -Tutf8 -ww build/man/iommutop.8 >/dev/null 2>"$dir/err"
	ok "the manual page has no errors" each "silent err"
else
	skip "the manual page has no errors" "no groff on this machine"
fi

run $top --sort help
ok "--sort help lists columns" each 'ended 0' 'silent err' 'shows "pinned_bytes"'
sed -nE 's/^([a-z]+):$/table \1/p; s/^  ([a-z0-9_]+) +([^ ]+) .*/\1 \2/p' "$dir/out" >"$dir/in-help"
sed -nE '/^\.Sh COLUMNS/,/^\.Sh JSON/ { s/^\.Ss /table /p; s/^\.It Va ([^ ]+) Pq (.*)/\1 \2/p }' build/man/iommutop.8 >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page has the same columns, with their headings" each "silent out"
is "no table has a key twice" "$(awk '/^table/ { t = $2; next } seen[t, $1]++ { print t, $1 }' "$dir/in-help")" ""
is "or a heading" "$(awk '/^table/ { t = $2; next } seen[t, $2]++ { print t, $2 }' "$dir/in-help")" ""

sed -nE 's/^ +(-[a-zA-Z], )?--([a-z-]+).*/\2/p' "$dir/help" | sort >"$dir/options"
sed -n '/^_arguments/,$p' build/completions/_iommutop | grep -oE -- '--[a-z-]+' | sort -u | sed 's/^--//' |
	diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "zsh completes the options of --help" each "silent out"
sed -nE 's/^complete .* -l ([a-z-]+).*/\1/p' build/completions/iommutop.fish | sort |
	diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "so does fish" each "silent out"
# complete WORD...: what bash offers for the last of them
complete_words() {
	PATH=$PWD/build:$PATH bash --norc -c 'source build/completions/iommutop.bash; COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1)); _iommutop; printf "%s\n" "${COMPREPLY[@]}"' bash iommutop "$@"
}
complete_words -- | sed 's/^--//' | sort | diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "and bash" each "silent out"
is "bash completes views" "$(complete_words --view '' | xargs)" \
	"$(sed -n 's/^Views: //p' "$dir/help")"
is "and columns" "$(complete_words --sort pinned_b)" pinned_bytes

refused "an unknown option" "unknown option '--nonsense'" --nonsense
refused "an operand" "unexpected operand 'x': this command takes options only" x
refused "two formats" "--json and --csv exclude each other" -j --csv
refused "an unknown view" "--view: unknown view 'all'; the views are overview, latency" --view all
refused "an unknown column" "--sort: this view has no column 'size'; --sort help lists the columns" -b --sort size
refused "a column of another view" "this view has no column 'pinned'" -b --view faults --sort pinned
refused "an interval that is none" "--interval:" -i fast
refused "one too short" "--interval:" -i 1ms
refused "no refreshes" "--count:" -n 0
refused "a file for text" "--output is for metrics only; add --openmetrics" -b -o x
refused "the map of which address space?" "choose it with --ctx N --ioas ID" -b --view space
refused "a recording of a user" "recordings lack users and cgroups" --replay x --uid root
refused "a bad process" "--pid:" -p 0
refused "a bad device" "--device:" --device 4

run $top -b --replay /nonexistent
ok "a recording that is not there" each 'ended 1' 'silent out' 'says /nonexistent'
echo nothing >"$dir/none"
run $top -b --replay "$dir/none"
ok "one that is none" each 'ended 1' 'silent out' 'says none'
if [[ ! -e /sys/module/iommufd ]]; then
	run $top -b -n 1
	ok "without the module: 4, and how to load it" each 'ended 4' 'silent out' 'says "modprobe iommufd"'
else
	skip "without the module: 4, and how to load it" "it is loaded here"
fi

finish
