#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One event as perf and bpftrace see it, where these are installed.
# vm: --mock
# takes: 18
. "$(dirname "$0")/../lib/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
client=$tests/iommu-script
map=iommufd:iommufd_ioas_map

if command -v perf >/dev/null; then
	perf record -q -e $map -o "$dir/perf" -- "$client" >"$dir/said" 2>"$dir/err"
	is "perf record" "$?" 0 || diag "$(<"$dir/err")"
	perf script -i "$dir/perf" -F event,trace >"$dir/script" 2>"$dir/err" ||
		diag "$(<"$dir/err")"
	fields='(ioas=[^ ]+) (iova=[^ ]+) (length=[^ ]+) user_va=[^ ]+ (flags=[^ ]+) .* (ret=.*)'
	sed -nE "s/.*iommufd_ioas_map: .* $fields/event=map \\1 \\2 \\3 \\4 \\5/p" \
		"$dir/script" >"$dir/got"
	ok "perf script has each map as it was made" \
		diff <(grep '^event=map ' "$dir/said") "$dir/got"
	is "24 of them" "$(wc -l <"$dir/got")" 24
else
	skip "perf record" "perf is not installed"
fi
if command -v bpftrace >/dev/null; then
	bpftrace -q -e "tracepoint:$map { @[args->ret] = count(); }" -c "$client" \
		>"$dir/bpftrace" 2>"$dir/err"
	is "bpftrace" "$?" 0 || diag "$(<"$dir/err")"
	ok "bpftrace counts 23 maps that succeed" grep -qx '@\[0\]: 23' "$dir/bpftrace"
else
	skip "bpftrace" "bpftrace is not installed"
fi
finish
