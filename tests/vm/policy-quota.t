#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A day of an administrator: a quota is loaded, stops a client at its limit, and iosnoop and
# iopolicy show it, with the reason; it gets another limit, and is unloaded; then the modules can be
# removed.
# vm: --mock
. "$(dirname "$0")/../lib/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
quota=build/policies/quota.bpf.o

ok "the quota is loaded" build/iopolicy load $quota --set uid_limit=64K
build/iosnoop -j >"$dir/json" 2>"$dir/json.err" &
json=$!
build/iosnoop >"$dir/table" 2>"$dir/table.err" &
table=$!
ok "iosnoop is there" await grep -q '"type":"start"' "$dir/json"
ok "in the table, too" await grep -q EVENT "$dir/table"

is "the client comes to its limit, and unmapping makes room" \
	"$("$tests/map-until" | tr '\n' ' ')" "mapped=65536 error=ENOMEM again=0 "
await grep -q ' policy ' "$dir/table"
await grep -q '"event":"policy"' "$dir/json"
kill -INT $json $table
wait $json $table
verdict=$(grep '"event":"policy"' "$dir/json")
is "iosnoop shows one refusal" "$(grep -c . <<<"$verdict")" 1
ok "with the error" grep -q '"error":"ENOMEM"' <<<"$verdict"
ok "and the hook" grep -q '"hook_name":"ioas_map"' <<<"$verdict"
reason=${verdict##*\"reason\":\"} reason=${reason%%\"*}
is "and the reason" "$reason" "uid 0: 80 of 64 KiB"
ok "a line of the table has them" grep -qE " policy +quota ioas_map .* ENOMEM$" "$dir/table"
is "and the refused call names the policy" \
	"$(grep -A1 -E ' map .* ENOMEM$' "$dir/table" | tail -n 1)" \
	"         ENOMEM: policy quota: uid 0: 80 of 64 KiB"
ok "no line is wider than 80 columns" awk 'length > 80 { exit 1 }' "$dir/table"
ok "iopolicy list has the same reason" grep -qF "$reason" <<<"$(build/iopolicy list -w)"
is "and one refusal" "$(build/iopolicy list -j | grep -o '"denied":[0-9]*' | head -n1)" '"denied":1'

ok "it is replaced" build/iopolicy replace quota $quota --set uid_limit=128K
is "the client comes to the new limit" \
	"$("$tests/map-until" | head -n1)" "mapped=131072 error=ENOMEM"
ok "it is taken away" build/iopolicy unload quota
is "nothing stops the client any more" \
	"$("$tests/map-until" | head -n1)" "mapped=1048576 error=0"
is "nothing is pinned" "$(pinned)" 0
ok "the modules can go" rmmod iommufd_mock vfio_pci vfio_pci_core vfio_iommu_type1 vfio mdev iommufd
finish
