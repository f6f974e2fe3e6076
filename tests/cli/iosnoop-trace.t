#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Traces of iosnoop for Perfetto, made from recordings: valid JSON, slices that nest, and the same
# numbers, sums and failures as the JSON lines of the same recording.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
iosnoop=build/iosnoop
tool=$iosnoop
golden=tests/golden

# compare NAME RECORDING OPTION...: the trace of a recording against its JSON lines
compare() {
	local name=$1 recording=$2
	shift 2
	$iosnoop --replay "$recording" "$@" --trace "$dir/trace" --force >"$dir/out" 2>"$dir/err" &&
		[[ ! -s $dir/out && ! -s $dir/err ]] &&
		$iosnoop --replay "$recording" "$@" -j >"$dir/lines" 2>"$dir/err"
	ok "$name: the trace has the numbers of the JSON lines" \
		tests/lib/trace-check "$dir/trace" "$dir/lines"
	tests/lib/trace-check "$dir/trace" "$dir/lines" >"$dir/counts" 2>&1
}
compare "all events" $golden/all.rec -e all
is "all events: they are many, of all kinds" \
	"$(sed -E 's/[0-9]{2,}/N/; s/slices=[0-9]{2,}/slices=N/' "$dir/counts")" \
	"events=N slices=N requests=1 devices=3"
compare "the default" $golden/all.rec
compare "page requests without responses" $golden/all.rec -e fault_report
compare "failures" $golden/all.rec -x
compare "the demo" $golden/demo.rec
compare "losses" $golden/lost.rec
compare "stacks" $golden/stacks.rec -k
ok "stacks: slices have their stacks" grep -q '"user_stack":\["' "$dir/trace"

tests/lib/record >"$dir/made.rec" <<-'END'
	1.000000001 map comm=vm ctx=3 tgid=77 ioas=1 length=8192 pages=2 pin_ns=501 map_ns=250
	# These two overlap: the clock of the second call's duration runs fast.
	1.0000005 unmap comm=vm ctx=3 tgid=77 ioas=1 length=8192 pages=2 ns=600
	1.1 fault comm=vm ctx=3 tgid=77 device=4 pasid=0 grpid=9 addr=0x1000 perm=1 sbdf=0x20
	1.2 fault comm=vm ctx=3 tgid=77 device=4 pasid=0 grpid=9 addr=0x2000 perm=1 sbdf=0x20
	1.300000007 response comm=vm ctx=3 tgid=77 device=4 pasid=0 grpid=9 ns=100000007 sbdf=0x20
	1.4 response comm=vm ctx=3 tgid=77 device=5 pasid=0 grpid=1 code=1 ns=7
	1.5 fault comm=vm ctx=3 tgid=77 device=4 pasid=0 grpid=10 addr=0x3000 sbdf=0x20
	1.6 dma-fault sbdf=0x20 addr=0x5000 perm=2 reason=5
	1.7 map comm=vm ctx=3 tgid=77 ioas=1 length=4096 ret=-12
	1.8 pin comm=vm ctx=3 tgid=77 pages=3 ns=100
	1.9 unpin comm=vm ctx=3 tgid=77 pages=2 ns=100
END
compare "a made-up recording" "$dir/made.rec"
ok "overlapping slices become asynchronous" each \
	"[[ \$(grep -c '\"name\":\"unmap\".*\"ph\":\"b\"' $dir/trace) == 1 ]]"
is "requests without a response are instants, for the process and the device" \
	"$(grep -c '"name":"page request without response".*"ph":"i"' "$dir/trace")" 4
is "times have three decimals of a microsecond" \
	"$(grep -o '"name":"pin","cat":"pin","ph":"X","ts":[^,]*,.*"dur":[^}]*' "$dir/trace" |
		sed 's/"pid.*"dur"/"dur"/')" \
	'"name":"pin","cat":"pin","ph":"X","ts":100999999.250,"dur":0.501'
is "a failure has its error in its name" \
	"$(grep -c '"name":"map ENOMEM",.*"cname":"terrible"' "$dir/trace")" 1
counted() { grep '"ph":"C"' "$dir/trace" | grep -o '"bytes":[-0-9]*' | cut -d: -f2 | xargs; }
is "pinned memory is a counter" "$(counted)" "12288 4096"
$iosnoop --replay "$dir/made.rec" -e ioas --trace "$dir/trace" --force
is "without the events of pins it counts maps" "$(counted)" "8192 0"

# A thread may have any name.
sed 's/iommu-script/\x1b[2J\xff"\\\n,abc/g' "$golden/all.rec" >"$dir/evil.rec"
compare "a hostile name" "$dir/evil.rec" -e all

run $iosnoop --replay $golden/all.rec --trace "$dir/trace"
ok "a file is not overwritten" each 'ended 1' 'says "trace exists and is not empty; --force"'
head -c 20000 $golden/all.rec >"$dir/cut.rec"
run $iosnoop --replay "$dir/cut.rec" --trace "$dir/cut.json"
$iosnoop --replay "$dir/cut.rec" -j 2>/dev/null >"$dir/lines"
ok "an incomplete recording is traced as far as it goes" each '((rc == 1))' \
	'says "is incomplete"' "tests/lib/trace-check $dir/cut.json $dir/lines"
mkfifo "$dir/pipe"
$iosnoop --replay - --trace "$dir/cut2.json" <"$dir/pipe" 2>"$dir/err" &
exec 8>"$dir/pipe"
cat "$dir/cut.rec" >&8
taken() { compgen -G "$dir/.iommuscope-*" >/dev/null; }
await taken
kill -TERM $!
wait $!
is "a signal ends it" "$?" 0
exec 8>&-
ok "the trace is a whole document then" python3 -c \
	'import json, sys; json.load(open(sys.argv[1]))["traceEvents"]' "$dir/cut2.json"
ln -s /dev/full "$dir/full"
run $iosnoop --replay $golden/all.rec --trace "$dir/full"
ok "a full disk is a failure" each 'ended 1' 'says "cannot write"' 'says ENOSPC'

refused "a trace and JSON" "--trace and formats or reports exclude each other" --trace x -j
refused "a trace and a recording" "record first, then use it with --replay" --trace x -o y
refused "a trace to stdout" "--trace: cannot write to standard output" --trace -

finish
