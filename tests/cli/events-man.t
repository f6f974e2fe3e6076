#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommufd-events(7) is made from the table of events, and must have each event with all its fields
# and units. tests/vm/events.t compares the table with the kernel.
. "$(dirname "$0")/../lib/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

ok "the page is made" bash -c "scripts/events-man gcc >$dir/page"
events=$(sed -n "/define IOMMUFD_EVENTS(/,/^$/p; /define IOMMUFD_COST_EVENTS(/,/^$/p" \
	include/iommufd_events.h | grep -v define | grep -c "EVENT(")
is "each event has a section" "$(grep -c '^\.Ss ' "$dir/page")" "$events"
is "a field with its type, unit and text" \
	"$(sed -n '/^\.Ss ioas_map$/,/^\.Ss /p' "$dir/page" | grep -A1 '^\.It pin_ns$' |
		tail -n1)" \
	"(u64, ns) time for pinning"
is "no field is without unit or text" "$(grep -A1 '^\.It [a-z_0-9]*$' "$dir/page" |
	sed -n '/^\.Sh EVENTS/,$p;/^(/{/^([us][0-9]*, [a-z]*) ./!p}')" ""
if command -v groff >/dev/null; then
	is "groff has nothing to say" "$(groff -mdoc -Tascii -ww "$dir/page" 2>&1 >/dev/null)" ""
else
	skip "groff has nothing to say" "groff is not installed"
fi
ok "without a compiler it fails" bash -c "! scripts/events-man /nonexistent >$dir/none 2>&1"
finish
