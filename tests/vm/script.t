#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The driver's tracepoints against the calls that iommu-script prints, one by one, read from tracefs
# without any tool of ours; and the traced pins against the maps.
. "$(dirname "$0")/../lib/tap.sh"
trace=/sys/kernel/tracing
edu=$(tests/vm/bind --bdf edu)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# From a line of the trace to one of the client's. Results there are printed as numbers as well.
events() {
	local range='(ioas=[0-9]+) (iova=[^ ]+) (length=[^ ]+)' flags='(flags=[^ ]+) .*'
	local copy='(ioas=[0-9]+) (src_ioas=[0-9]+) (iova=[^ ]+) (src_iova=[^ ]+) (length=[^ ]+)'
	local ret='(ret=.*)'
	sed -nE "
	s/.* iommufd_ioas_map: .* $range user_va=[^ ]+ $flags $ret/event=map \1 \2 \3 \4 \5/p
	s/.* iommufd_ioas_unmap: .* $range (unmapped=[^ ]+) .* $ret/event=unmap \1 \2 \3 \4 \5/p
	s/.* iommufd_ioas_copy: .* $copy $flags $ret/event=copy \1 \2 \3 \4 \5 \6 \7/p
	s/.* iommufd_device_attach: .* (ioas=[-0-9]+) .* $ret/event=attach \1 \2/p
	s/.* iommufd_device_detach: .* (ioas=[-0-9]+) .*/event=detach \1 ret=0/p"
}

# run NAME ARGUMENTS...
run() {
	local name=$1
	shift
	echo >$trace/trace
	ok "$name: the client's calls have the results they should" client "$@"
	cp $trace/trace "$dir/trace"
	events <"$dir/trace" >"$dir/traced"
	ok "$name: $(wc -l <"$dir/said") calls, each traced as it was made" \
		diff "$dir/said" "$dir/traced"
}
client() { "$tests/iommu-script" "$@" >"$dir/said"; }

# sum EVENT FIELD: over all events of that name
sum() {
	awk -v event="iommufd_$1:" -v key="$2=" '
	{
		for (i = 1; i <= NF; i++) if ($i == event) on = 1
		if (on)
			for (i = 1; i <= NF; i++)
				if (index($i, key) == 1) n += substr($i, length(key) + 1)
		on = 0
	}
	END { print n + 0 }' "$dir/trace"
}
count() { grep -c "iommufd_$1: " "$dir/trace"; }

if [[ ! -d $trace/events/iommufd ]]; then
	echo "1..0 # SKIP this iommufd has no tracepoints"
	exit 0
fi
ok "bind" tests/vm/bind "$edu"
echo 8192 >$trace/buffer_size_kb
echo 1 >$trace/events/iommufd/enable

run "no device"
is "no device: maps" "$(count ioas_map)" 24
is "no device: nothing was pinned" "$(count pin)" 0
run "no device, nothing fails" --no-fail
is "nothing fails: 23 maps, 7 unmaps, 2 copies" \
	"$(count ioas_map) $(count ioas_unmap) $(count ioas_copy)" "23 7 2"
run "edu" --bdf "$edu"
is "edu: one context opened and closed" "$(count ctx_open) $(count ctx_close)" "1 1"
is "edu: pages pinned are pages unpinned" "$(sum pin pages)" "$(sum unpin pages)"
# All maps of the first IOAS, but the one that fails: the device is attached to no other.
want=0 ioas=''
while read -r event id _ length _ ret; do
	[[ $ioas ]] || ioas=$id
	[[ "$event $id $ret" != "event=map $ioas ret=0" ]] || want=$((want + ${length#*=} / 4096))
done <"$dir/said"
is "edu: pages pinned by maps" "$(sum ioas_map pages)" $want
is "nothing is pinned" "$(pinned)" 0
echo 0 >$trace/events/iommufd/enable
finish
