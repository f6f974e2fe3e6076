#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Report pages of iosnoop, made from recordings: HTML that loads and runs nothing, whatever names
# there are, with the numbers of the JSON lines; and the same in a browser, where there is one.
# takes: 8
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
iosnoop=build/iosnoop
tool=$iosnoop
golden=tests/golden
export TZ=UTC LC_ALL=C.UTF-8

# compare NAME RECORDING OPTION...: the page of a recording against its JSON lines
compare() {
	local name=$1 recording=$2
	shift 2
	$iosnoop --replay "$recording" "$@" --report "$dir/page.html" --force >"$dir/out" \
		2>"$dir/err" && [[ ! -s $dir/out && ! -s $dir/err ]] &&
		$iosnoop --replay "$recording" "$@" -j >"$dir/lines" 2>"$dir/err"
	tests/lib/page-check "$dir/page.html" "$dir/lines" >"$dir/shown" 2>"$dir/why"
	ok "$name: the page has the numbers of the JSON lines" each '[[ -s $dir/shown ]]' \
		'! cat "$dir/why" | grep .'
}
compare "all events" $golden/all.rec -e all
compare "the default" $golden/all.rec
compare "failures" $golden/all.rec -x
compare "the demo" $golden/demo.rec
is "the demo: a leak, and what it pinned" "$(grep '^context leaky' "$dir/shown")" \
	"context leaky-vm 206 3 4M 4M 19 11"
ok "the demo: failures with their causes" grep -q \
	'^failure 11 map ENOMEM leaky-vm would pin 512 KiB, limit 4.0 MiB' "$dir/shown"
cp "$dir/page.html" "$dir/demo.html"
compare "losses" $golden/lost.rec
ok "losses: they are named" grep -qE '[0-9]+ events lost' "$dir/page.html"

# Pinned memory with a snapshot, spans of all lengths, and stacks.
tests/lib/record >"$dir/made.rec" <<-'END'
	0.1 state-begin
	0.1 state-ctx ctx=3 tgid=77 pinned=40960 comm=vm
	0.1 state-end
	1 map comm=vm ctx=3 tgid=77 ioas=1 length=8192 pages=2 pin_ns=900 stack=main;a<b>|sys;pin
	2 map comm=vm ctx=3 tgid=77 ioas=1 length=4096 pages=1 pin_ns=900 stack=main;c&d|sys;pin
	2.5 map comm=vm ctx=3 tgid=77 ioas=1 length=4096 pages=1 pin_ns=900 stack=main;c&d|sys;pin
	3 unmap comm=vm ctx=3 tgid=77 ioas=1 length=4096 pages=1 ns=100
	3000 map comm=w ctx=4 tgid=78 ioas=1 length=16384 pages=4 pin_ns=900 stack=main|sys;pin
	3000.0001 unmap comm=w ctx=4 tgid=78 ioas=1 length=16384 pages=4 ns=100
	9000 map comm=vm ctx=3 tgid=77 ioas=1 length=4096 ret=-12 because=5:too_much
END
compare "a made-up recording" "$dir/made.rec" -e ioas -k
is "pinned memory begins with the snapshot, and has short peaks" \
	"$(grep '^context' "$dir/shown")" \
	"context vm 77 3 52K 56K 4 1
context w 78 4 0 16K 1 0"
is "the flame graph has the bytes pinned by each function" \
	"$(sed -n 's/^stack //p' "$dir/shown" | sort)" \
	"a<b>: 8K, 25.0 %
all: 32K, 100.0 %
c&d: 8K, 25.0 %
main: 16K, 50.0 %
main: 16K, 50.0 %
pin: 16K, 50.0 %
pin: 8K, 25.0 %
pin: 8K, 25.0 %
sys: 16K, 50.0 %
sys: 8K, 25.0 %
sys: 8K, 25.0 %
vm: 16K, 50.0 %
w: 16K, 50.0 %"
cp "$dir/page.html" "$dir/made.html"
$iosnoop --replay "$dir/made.rec" -e ioas -k --report "$dir/again.html"
ok "the same recording makes the same page" cmp "$dir/page.html" "$dir/again.html"

# A thread may have any name.
sed "s,iommu-script\x00\x00\x00\x00,<img src=x'\"\&>\x1b\x00,g" $golden/all.rec >"$dir/evil.rec"
compare "a hostile name" "$dir/evil.rec" -e all
ok "a hostile name is text" grep -qF "<img src=x'\"&>?" "$dir/shown"
evil='<script>alert(1)</script>'
tests/lib/record >"$dir/evil.rec" <<-END
	1 map comm=<b>w ctx=4 tgid=78 ioas=1 length=16384 pages=4 stack=$evil|sys
	2 map comm=<b>w ctx=4 tgid=78 ioas=1 length=16384 ret=-1 because=5:<i>no
END
compare "a hostile function" "$dir/evil.rec" -e ioas -k
ok "a hostile function is text" each 'grep -qF "stack $evil: 16K" "$dir/shown"' \
	'grep -qF "EPERM <b>w policy #5: <i>no" "$dir/shown"'
cp "$dir/page.html" "$dir/evil.html"

run $iosnoop --replay $golden/all.rec --report "$dir/page.html"
ok "a file is not overwritten" each 'ended 1' 'says "page.html exists and is not empty; --force"'
run $iosnoop --replay $golden/all.rec -e all --report "$dir/both.html" --trace "$dir/both.json"
ok "a page and a trace in one run" each 'ended 0' '[[ -s $dir/both.html && -s $dir/both.json ]]'
ln -s /dev/full "$dir/full"
run $iosnoop --replay $golden/all.rec --report "$dir/full"
ok "a full disk is a failure" each 'ended 1' 'says "cannot write"' 'says ENOSPC'
refused "a page and JSON" "--report and formats or reports exclude each other" --report x -j
refused "a page and a recording" "record first, then use it with --replay" --report x -o y
refused "a page to stdout" "--report: cannot write to standard output" --report -

# ---- in a browser ----
browser=$(command -v chromium chromium-browser google-chrome | head -n 1)
# rendered PAGE: the document that the browser has made of it
rendered() {
	HOME=$dir timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run \
		--user-data-dir="$dir/profile" --enable-logging=stderr --window-size=1200,1600 \
		--dump-dom "file://$dir/$1.html" >"$dir/dom" 2>"$dir/log"
}
elements() { grep -o "<$1[ >]" "$2" | wc -l; }
for page in demo made evil; do
	if [[ ! $browser ]] || ! rendered $page || [[ ! -s $dir/dom ]]; then
		skip "a browser shows the page '$page'" "no chromium that runs here"
		continue
	fi
	for element in svg rect path text tr; do
		is "a browser finds each <$element> of the page '$page'" \
			"$(elements $element "$dir/dom")" "$(elements $element "$dir/$page.html")"
	done
	ok "and reports nothing" each \
		'! grep -E "CONSOLE|Refused|Content Security Policy" "$dir/log"'
	is "there is no script in it" "$(elements script "$dir/dom")" 0
done

finish
