#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Recordings of a machine with pages of 16 KiB (arm64): the tools count memory in its pages, not in
# those of the machine that they run on, and not in 4 KiB.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/cli.sh"
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh

made() {
	tests/lib/record "$@" >"$dir/made.rec" <<-'END'
		1.0 open comm=vm ctx=3 tgid=77
		1.1 map comm=vm ctx=3 tgid=77 ioas=1 iova=0x10000 length=81920 pages=5 runs=1
		1.1 pin comm=vm ctx=3 tgid=77 pages=5 runs=1
		2.2 map comm=vm ctx=3 tgid=77 ioas=1 iova=0x40000 length=49152 pages=3 runs=3
	END
}
show() { run build/iosnoop --replay "$dir/made.rec" "$@"; }

made --page-size 16384
show -j
ok "JSON has the page size, and fits the schema" each 'ended 0' \
	'shows "\"page_size_bytes\":16384"' 'schema <"$dir/out"'
show --summary
ok "iosnoop --summary: 8 pages are 128 KiB" grep -q ' 128K ' "$dir/out"
show -e pin --min-len 81920
ok "a pin of 5 pages has 80 KiB for --min-len" grep -q ' 5 pages' "$dir/out"
show -e pin --min-len 81921
ok "and not more" eval '! grep -q " 5 pages" "$dir/out"'
show --sizes -e map
ok "the sizes of runs are 80 and 16 KiB" each 'grep -qE "64K? *\.\. *128K" "$dir/out"' \
	'grep -qE "16K? *\.\. *32K" "$dir/out"'
build/iosnoop --replay "$dir/made.rec" --trace "$dir/trace" >/dev/null 2>"$dir/err"
ok "a trace counts a pin of 5 pages as 81920 bytes" grep -q '"bytes":81920' "$dir/trace"
run build/iommutop --replay "$dir/made.rec" -j
ok "iommutop: 131072 bytes pinned" shows '"pinned_bytes":131072'

made
show -j
ok "an old recording has pages of 4 KiB" shows '"page_size_bytes":4096'
run build/iommutop --replay "$dir/made.rec" -j
ok "iommutop: 32768 bytes pinned" shows '"pinned_bytes":32768'

for size in 12345 2048 4294967295 2147483648; do
	made --page-size $size
	show
	ok "a page size of $size is refused" each 'ended 1' \
		'says "the machine has an impossible page size"'
done
finish
