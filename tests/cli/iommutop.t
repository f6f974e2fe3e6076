#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop's command line on this machine: options and their errors, recordings that cannot be read;
# compares --help with the manual page and the completions, and the columns with the manual page.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
top=build/iommutop
tool=$top	# refused runs it
manual=build/man/iommutop.8

run $top --help
ok "--help prints to stdout and exits with 0" each 'ended 0' 'silent err' 'shows "Usage: iommutop"'
ok "--help fits 80 columns" each '! grep -q ".\{81\}" "$dir/out"'
cp "$dir/out" "$dir/help"
run $top -h
ok "-h is --help" cmp -s "$dir/help" "$dir/out"
run $top -V
ok "-V prints the version" each 'ended 0' 'silent err' \
	'grep -qE "^iommutop \(iommuscope\) [0-9]+\.[0-9]+" "$dir/out"'

sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z-]+)( [A-Z]+)? .*/\1\2\3/p' "$dir/help" |
	tr -d , | sort >"$dir/in-help"
sed -nE '/^\.It Fl/ { s/^\.It //; s/Fl -/--/g; s/Fl /-/g; s/ ,//; s/ Ar / /; p }' "$manual" |
	sort >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page and --help have the same options" each "silent out"
ok "the number of options is right" test "$(wc -l <"$dir/in-help")" -eq 33
if command -v groff >/dev/null; then
	groff -mandoc -Tutf8 -ww "$manual" >/dev/null 2>"$dir/err"
	ok "the manual page has no errors" each "silent err"
else
	skip "the manual page has no errors" "no groff on this machine"
fi

run $top --sort help
ok "--sort help lists columns" each 'ended 0' 'silent err' 'shows "pinned_bytes"'
sed -nE 's/^([a-z_]+):$/table \1/p; s/^  ([a-z0-9_]+) +([^ ]+) .*/\1 \2/p' "$dir/out" \
	>"$dir/in-help"
sed -nE '/^\.Sh COLUMNS/,/^\.Sh JSON/ {
	s/^\.Ss /table /p
	s/^\.It Va ([^ ]+) Pq (.*)/\1 \2/p
}' "$manual" >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page has the same columns, with their headings" each "silent out"
twice() {	# twice FIELD: prints the values that occur twice in that field of a table
	awk -v f="$1" '/^table/ { t = $2; next } seen[t, $f]++ { print t, $f }' "$dir/in-help"
}
is "no table has a key twice" "$(twice 1)" ""
is "no table has a heading twice" "$(twice 2)" ""

sed -nE 's/^ +(-[a-zA-Z], )?--([a-z-]+).*/\2/p' "$dir/help" | sort >"$dir/options"
sed -n '/^_arguments/,$p' build/completions/_iommutop | grep -oE -- '--[a-z-]+' | sort -u |
	sed 's/^--//' | diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "zsh completes the options of --help" each "silent out"
sed -nE 's/^complete .* -l ([a-z-]+).*/\1/p' build/completions/iommutop.fish | sort |
	diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "fish completes the options of --help" each "silent out"
# complete_words WORD...: prints the completions of bash for the last word
complete_words() {
	PATH=$PWD/build:$PATH bash --norc -c 'source build/completions/iommutop.bash
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _iommutop; printf "%s\n" "${COMPREPLY[@]}"
	' bash iommutop "$@"
}
complete_words -- | sed 's/^--//' | sort | diff "$dir/options" - >"$dir/out" 2>"$dir/err"
ok "bash completes the options of --help" each "silent out"
is "bash completes views" "$(complete_words --view '' | xargs)" \
	"$(sed -n '/^Views:/,/^$/p' "$dir/help" | cut -c7- | xargs)"
is "bash completes columns" "$(complete_words --sort pinned_b)" pinned_bytes

refused "an unknown option" "unknown option '--nonsense'" --nonsense
refused "an operand" "unexpected operand 'x': this command takes options only" x
refused "two formats" "--json and --csv exclude each other" -j --csv
refused "an unknown view" "--view: unknown view 'all'; the views are overview, latency" --view all
refused "an unknown column" \
	"--sort: this view has no column 'size'; --sort help lists the columns" -b --sort size
refused "a column of another view" "this view has no column 'pinned'" -b --view faults --sort pinned
refused "an invalid interval" "--interval:" -i fast
refused "an interval that is too short" \
	"--interval: '1ms' is too small; it must be at least 10ms" -i 1ms
refused "a count of 0" "--count:" -n 0
refused "-o with text" "--output is for metrics only; add --openmetrics" -b -o x
refused "a map without an address space" "choose it with --ctx N --ioas ID" -b --view space
refused "areas without an address space" "--view areas shows one address space" -j --view areas
refused "details without a context" \
	"--view detail shows one context; choose it with --ctx N" --csv --view detail
refused "an invalid process" "--pid:" -p 0
refused "an invalid device" "--device:" --device 4

$top --openmetrics -n 40 --replay tests/golden/demo.rec >"$dir/metrics" 2>"$dir/err"
is "metrics have no control character" "$(LC_ALL=C grep -c '[[:cntrl:]]' "$dir/metrics")" 0
ok "the help of a percentile begins with its number" grep -q \
	'^# HELP iommufd_ioas_pin_p99_seconds 99th ' "$dir/metrics"
# ---- files ----
metrics() { run $top --openmetrics -n 1 --replay tests/golden/lost.rec -o "$1"; }
is_complete() { [[ $(tail -n 1 "$1") == '# EOF' ]]; }
mkdir "$dir/files"
metrics "$dir/files/new"
ok "-o makes a file that others may read" each 'ended 0' 'is_complete "$dir/files/new"' \
	'[[ $(stat -c %a "$dir/files/new") == 644 ]]'
chmod 640 "$dir/files/new"
ln -s new "$dir/files/link"
echo old >"$dir/files/new"
metrics "$dir/files/link"
ok "-o follows a link, and the file keeps its mode" each 'ended 0' '[[ -L $dir/files/link ]]' \
	'is_complete "$dir/files/new"' '[[ $(stat -c %a "$dir/files/new") == 640 ]]'
mkfifo "$dir/files/fifo"
cat "$dir/files/fifo" >"$dir/read" &
metrics "$dir/files/fifo"
wait $!
ok "-o writes to a FIFO" each 'ended 0' '[[ -p $dir/files/fifo ]]' 'is_complete "$dir/read"'
if mknod "$dir/files/null" c 1 3 2>/dev/null && : 2>/dev/null >"$dir/files/null"; then
	metrics "$dir/files/null"
	ok "-o writes to a device" each 'ended 0' '[[ -c $dir/files/null ]]'
	rm "$dir/files/null"
else
	skip "-o writes to a device" "cannot make a device here"
fi
metrics "$dir/files/absent/file"
ok "-o without the folder is refused" each 'ended 1' 'says "absent/file: ENOENT"'
is "no other file is left" "$(cd "$dir/files" && echo .[!.]* *)" ".[!.]* fifo link new"

# ---- made-up recordings ----
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
{
	cat <<-'END'
		60.1 open comm=vm ctx=3 tgid=77
		60.2 policy-name 5 quota
		60.3 policy comm=vm ctx=3 tgid=77 policy=5 hook=2 flags=1 ret=-12 reason=4_GiB
		60.4 policy comm=vm ctx=3 tgid=77 policy=6 hook=2 object=1 ret=-122
		60.5 response ctx=3 tgid=77 device=2 pasid=1 grpid=4 cookie=9 ns=0 sbdf=0x20
		60.6 response ctx=3 tgid=77 device=2 pasid=1 grpid=5 cookie=9 ns=3000000 sbdf=0x20
	END
	for ((i = 1; i <= 60; i++)); do
		echo "$((60 + i)) map comm=vm ctx=3 tgid=77 ioas=1 length=131072 pages=32 runs=1"
	done
} | tests/lib/record >"$dir/made.rec"
replay() { run $top --replay "$dir/made.rec" "$@"; }
replay -j -n 1
is "a replay begins with the interval of the first event" \
	"$(json contexts.0.comm interval_ns lines.0.what <"$dir/out" | sed -n 2p)" \
	"contexts.0.comm=vm interval_ns=1000000000 lines.0.what=would deny"
is "a policy has its name, or its number" \
	"$(json lines.0.reason lines.1.reason <"$dir/out" | sed -n 2p)" \
	"lines.0.reason=policy quota ioas_map: ENOMEM, 4 GiB \
lines.1.reason=policy #6 ioas_map: EDQUOT"
is "a refusal has its process, policy, hook, object, error and reason" \
	"$(json refusals.0.pid refusals.0.what refusals.0.policy refusals.0.hook refusals.0.object \
		refusals.0.error refusals.0.reason <"$dir/out" | sed -n 2p)" \
	"refusals.0.pid=77 refusals.0.what=would deny refusals.0.policy=quota \
refusals.0.hook=ioas_map refusals.0.object=null refusals.0.error=ENOMEM refusals.0.reason=4 GiB"
is "and counts for its process" \
	"$(json victims.0.pid victims.0.denied_total victims.0.would_deny_total \
		victims.0.refused_total victims.1 <"$dir/out" | sed -n 2p)" \
	"victims.0.pid=77 victims.0.denied_total=1 victims.0.would_deny_total=1 \
victims.0.refused_total=0"
is "a response to an unseen request has no latency" \
	"$(json lines.2.latency_ns lines.3.latency_ns <"$dir/out" | sed -n 2p)" \
	"lines.2.latency_ns=null lines.3.latency_ns=3000000"
is "and does not count in the percentiles" \
	"$(json faults.0.done_total faults.0.response_p50_ns <"$dir/out" | sed -n 2p)" \
	"faults.0.done_total=2 faults.0.response_p50_ns=3145728"
tests/lib/record >"$dir/missing.rec" <<-'END'
	0.1 open comm=vm ctx=3 tgid=77
	0.2 refused comm=vm ctx=3 tgid=77 reason=8 need=2 ret=-1 missing=limit
	0.3 refused comm=vm ctx=3 tgid=77 reason=8 ret=-1
END
run $top --replay "$dir/missing.rec" -j -n 1
is "a call that is refused because a policy is missing has its name and hook, if they are known" \
	"$(json refusals.{0,1}.{policy,hook,reason} <"$dir/out" | sed -n 2p)" \
	"refusals.0.policy=limit refusals.0.hook=ioas_map \
refusals.0.reason=policy limit must be in force, and is not refusals.1.policy=null \
refusals.1.hook=null refusals.1.reason=a required or sealed policy is not in force"
replay -b -n 2 --view faults
ok "in text it is unknown, not 0" grep -qE 'response .* - +done, group 4 +-$' "$dir/out"
ok "each of several tables has a caption" each \
	'grep -qx "Faults by device and PASID:" "$dir/out"' \
	'grep -qx "The last faults and refusals:" "$dir/out"'
replay -b -q -n 2 --view faults
ok "but not with -q" each '! grep -q "^The last faults" "$dir/out"'
replay -b -n 2
ok "nor has a single one" each '! grep -q "^Contexts and address spaces" "$dir/out"'
ok "one is singular" grep -q ': 1 map, 0 unmaps, ' "$dir/out"
replay --openmetrics
is "metrics of a recording appear once, and have all of it" \
	"$rc $(grep -c '^# EOF' "$dir/out") $(grep '^iommufd_ioas_maps_total{' "$dir/out")" \
	'0 1 iommufd_ioas_maps_total{ctx="3",ioas="1"} 60'
replay -j
is "a leak has a rate" \
	"$(json contexts.0.grown_per_minute_bytes <"$dir/out" | tail -n 2 | head -n 1)" \
	"contexts.0.grown_per_minute_bytes=$((60 * 131072))"
replay -j --view detail --ctx 3
moments() { json history.0.number history.0.maps history.1 <"$dir/out" | sed -n "$1p"; }
is "the details of a context: each sample has the moment that is new" \
	"$(moments 2) $(moments 60)" \
	"history.0.number=1 history.0.maps=1 history.0.number=59 history.0.maps=1"
is "and its rows of other tables" \
	"$(json contexts.0.ctx refusals.0.policy lines.0.ctx payers sizes <"$dir/out" |
		sed -n 2p)" "contexts.0.ctx=3 refusals.0.policy=quota lines.0.ctx=3 payers="
replay -b --view detail --ctx 3 -n 2
ok "as text: a sentence for each subject, and the tables" each \
	'shows "Context 3, vm, PID 77"' 'shows "Memory  128K pinned, 128K mapped, 1 area, 1 IOAS"' \
	'shows "Limit   not known"' 'shows "Calls   since the start, 1 map, 0 failed"' \
	'(($(grep -cE "^[0-9:.]{12} +[0-9]+K " "$dir/out") == 2))'
replay -b --view detail --ctx 4
ok "of a context that does not exist there are none" each 'ended 1' 'says "no context passes"'
replay -b -n 1 --sort PINNED
ok "--sort accepts a heading" each 'ended 0' 'silent err'
replay -b --view space --ctx 3 --ioas 1
ok "a map that a recording lacks is refused" each 'ended 1' 'silent out' \
	'says "a recording has no areas"'

# ---- a device that is not PCI ----
cat >"$dir/named" <<-END
	1 state-begin
	1 state-ctx ctx=5 tgid=10 uid=1000 objects=2 pinned=4096 comm=vm1
	1 state-object ctx=5 id=1 type=1 areas=1 mapped=4096 pinned=4096 runs=1
	1 state-object ctx=5 id=2 type=3 name=mtty-7
	1 state-ctx ctx=6 tgid=11 uid=1000 objects=1 pinned=0 comm=vm2
	1 state-object ctx=6 id=2 type=3 name=mtty-8
	1 state-end has_payers=0
	2 attach comm=vm1 ctx=5 tgid=10 device=2 ioas=1 hwpt=3
	3 end
END
tests/lib/record <"$dir/named" >"$dir/named.rec"
run $top --replay "$dir/named.rec" -j --device mtty-7
is "--device finds the name of a snapshot, also after an event without it" \
	"$(json contexts.0.ctx contexts.1.ctx contexts.2.ctx devices.0.name devices.0.attached \
		devices.1.name <"$dir/out" | tail -n 2 | head -n 1)" \
	"contexts.0.ctx=5 contexts.1.ctx=5 devices.0.name=mtty-7 devices.0.attached=ioas 1"
run $top --replay "$dir/named.rec" -b --device mtty-9
ok "a name that it lacks" each 'ended 1' 'says "no context passes the filter"'

# ---- a snapshot that lacks objects, because there were too many ----
for cut in 0 1; do
	sed "s/state-end has_payers=0/& is_cut=$cut/" "$dir/named" |
		tests/lib/record >"$dir/cut$cut.rec"
	run $top --replay "$dir/cut$cut.rec" --openmetrics -n 1
	ok "the metrics say so: $cut" each 'ended 0' "shows 'iommufd_top_cut{} $cut'"
done

# ---- contexts that are opened and closed within one interval ----
tests/lib/record >"$dir/brief.rec" <<-'END'
	1.1 open comm=vm1 ctx=5 tgid=10
	1.2 map comm=io ctx=5 tgid=10 ioas=1 length=131072 pages=32 pin_ns=500
	1.2 map comm=io ctx=5 tgid=10 ioas=1 length=131072 pages=32 pin_ns=500
	1.3 open comm=vm2 ctx=6 tgid=11
	1.3 bind comm=vm2 ctx=6 tgid=11 device=2 sbdf=0x20 group=1
	1.4 map comm=io ctx=6 tgid=11 ioas=1 length=4096 pages=1 pin_ns=500
	1.5 unmap comm=io ctx=5 tgid=10 ioas=1 length=131072 unmapped=131072 areas=1 pages=32
	1.6 unbind comm=vm2 ctx=6 tgid=11 device=2 sbdf=0x20 group=1
	1.6 close comm=vm1 ctx=5 tgid=10
	1.7 close comm=vm2 ctx=6 tgid=11
	2.5 open comm=vm1 ctx=7 tgid=12
	3.5 map comm=io ctx=7 tgid=12 ioas=1 length=131072 pages=32 pin_ns=500
	4.2 map comm=io ctx=7 tgid=12 ioas=1 length=131072 pages=32 pin_ns=500
	4.3 close comm=vm1 ctx=7 tgid=12
	5 end
END
# counted OPTION...: maps, unmaps and pins at the end, and the maps of each length
counted() {
	run $top --replay "$dir/brief.rec" -j -i 1 "$@"
	tail -n 2 "$dir/out" | json total.maps total.unmaps total.pin.count sizes.0.maps_total \
		sizes.1.maps_total | sed 's/[^ =]*=//g'
}
is "all calls count" "$(counted)" "5 1 5 1 4"
is "-c: those of its contexts, in the lengths as well" "$(counted -c vm1)" "4 1 4 4"
is "-p" "$(counted -p 11)" "1 0 1 1"
is "--device" "$(counted --device 00:04.0)" "1 0 1 1"
is "--ctx" "$(counted --ctx 5)" "2 1 2 2"
is "--ioas of each context" "$(counted --ioas 1)" "5 1 5 1 4"

run $top -b --replay /nonexistent
ok "a recording that does not exist" each 'ended 1' 'silent out' 'says /nonexistent'
echo nothing >"$dir/none"
run $top -b --replay "$dir/none"
ok "a file that is no recording" each 'ended 1' 'silent out' 'says none'
if [[ ! -e /sys/module/iommufd ]]; then
	run $top -b -n 1
	ok "without the module it exits with 4" \
		each 'ended 4' 'silent out' 'says "modprobe iommufd"'
	run $top -j -n 1
	is "its JSON has an error record" "$rc $(json type message <"$dir/out" | cut -c1-51)" \
		"4 type=error message=module iommufd is not loaded, so"
else
	skip "without the module it exits with 4" "it is loaded here"
	skip "its JSON has an error record" "it is loaded here"
fi
run $top -j --replay /nonexistent
is "so has that of a recording that cannot be read" \
	"$rc $(json type message <"$dir/out")" \
	"1 type=error message=cannot open /nonexistent: ENOENT"

# The history is bounded, and a new process takes the place of the one that was refused first.
for ((i = 1; i <= 1300; i++)); do
	tgid=$((i > 1000 ? 1000 : i))
	echo "1 policy comm=vm ctx=3 tgid=$tgid policy=5 hook=2 object=1 ret=-122"
done | tests/lib/record >"$dir/made.rec"
replay -b -q --view refusals
is "the last 512 refusals or more, of the last 256 processes" \
	"$(grep -c ' denied ' "$dir/out") $(grep -c 'EDQUOT  -$' "$dir/out")" "788 1044"
is "with their counts" \
	"$(grep -E ' 1000 vm .* #5 +EDQUOT ' "$dir/out" | awk '{ print $4, $5 }' | grep -v :)" \
	"301 301"

finish
