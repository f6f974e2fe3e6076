#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Faults explained, by iosnoop and iommutop, against what the client did: DMA of a real device to
# addresses that were never mapped, were unmapped, may only be read, or belong to an address space
# that the device has left; page requests of a mock device. Live, with -e that chooses faults alone,
# with stacks, and in replays.
# vm: --mock
# takes: 28
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
top=build/iommutop
edu=$(tests/vm/bind --bdf edu)
ok "the edu device is bound to vfio-pci" tests/vm/bind "$edu"

start faults $iosnoop -j -e dma-fault
start usual $iosnoop
start stacks $iosnoop -j -k -e dma-fault
begin recorder $iosnoop -e fault -o "$dir/faults.rec"
start top $top -j -i 500ms --view faults
# The client waits after each fault until all tools have it, because they look at areas then.
mkfifo "$dir/steps"
exec 8<>"$dir/steps"
"$tests/edu-dma" --bdf "$edu" --outside --moved --step <"$dir/steps" >"$dir/did" \
	2>"$dir/did.err" 9>&- &
client=$!
of() { grep -oF -- "$2" "$dir/$1" | wc -l; }
all_have() {
	(($(of faults '"event":"dma-fault"') >= $1 && $(of stacks '"event":"dma-fault"') >= $1 &&
		$(of usual ' FAULT') >= $1 && $(of top '"what":"dma fault"') >= $1 &&
		($1 == 1 || $(of late '"event":"dma-fault"') + 1 >= $1) &&
		$(stat -c %s "$dir/faults.rec") > size))
}
size=$(stat -c %s "$dir/faults.rec")
for ((n = 1; n <= 8; n++)); do
	await all_have "$n" || break
	size=$(stat -c %s "$dir/faults.rec")
	((n != 1)) || start late $iosnoop -j -e dma-fault
	echo >&8
done
wait $client
is "DMA that the IOMMU stops" "$?" 0 || show "$dir/did.err"
drained faults usual stacks recorder
drained late
for i in faults usual stacks recorder top late; do stop $i; done
sound faults

# ---- what was at the address, and who removed it ----
sed -nE 's/^stopped=(.*) iova=.*/\1/p' "$dir/did" >"$dir/done"
is "eight transfers were stopped" "$(xargs <"$dir/done")" \
	"after before far unmapped readonly read-unmapped replaced detached"
# why NAME KEY...: of each fault in $dir/NAME. Each tool has seen it at another time, so N is
# written for a time, and for the id of the new IOAS.
# Whether the area or the unmap is older is not always known.
timeless() {
	sed -E 's/ [0-9.]+[mun]?s ago/ N ago/; s/=ioas [02-9]/=ioas N/
		s/(the device wrote); unmapped N ago by PID [0-9]+ edu-dma/\1/'
}
why() { grep -F '"event":"dma-fault"' "$dir/$1" | json "${@:2}" | timeless; }
is "each is explained" "$(why faults why.kind | sed 's/why.kind=//' | paste -sd,)" \
	"not mapped,not mapped,not mapped,unmapped,access,unmapped,replaced,detached"
in_ioas="why.text=ioas 1 of PID $client edu-dma:"
new_ioas="why.text=ioas N of PID $client edu-dma:"
by="by PID $client edu-dma"
cat >"$dir/expected" <<-END
	$in_ioas never mapped; nearest area ends directly below
	$in_ioas never mapped; nearest area begins 0x1000 above
	$in_ioas never mapped; nearest area ends 0x3fef000 below
	$in_ioas unmapped N ago $by (10000-10fff)
	$in_ioas mapped read-only (10000-10fff), the device wrote
	$in_ioas unmapped N ago $by (10000-10fff)
	$new_ioas device moved here from ioas 1 N ago $by, only mapped there
	$new_ioas device detached N ago $by
END
ok "in words" diff "$dir/expected" <(why faults why.text)
is "the unmap is some time ago" "$(why faults why.kind why.ago_ns | grep unmapped |
	grep -cE 'ago_ns=[0-9]{4,10}$')" 2
tr -s '\n ' ' ' <"$dir/usual" >"$dir/flat"
ok "the table has the line below the fault" grep -qE \
	"not mapped for writing ${in_ioas#*=} unmapped [0-9.]+[mun]?s ago $by" \
	"$dir/flat"
is "in 80 columns" "$(awk 'length > 80' "$dir/usual")" ""
is "with -k there is the stack of the unmap" \
	"$(why stacks why.kind why.kernel_stack | grep unmapped |
		grep -cE 'stack=iommufd_ioas_unmap')" 2
is "and of the detach" "$(why stacks why.kind why.kernel_stack | grep detached |
	grep -cE 'stack=iommufd_.*vfio_')" 1

# It reads attachments from before its start from the driver, which knows no old address space.
is "an iosnoop that starts after the attach explains them as well" \
	"$(why late why.kind | sed 's/why.kind=//' | paste -sd,)" \
	"not mapped,not mapped,unmapped,access,unmapped,not mapped,detached"
ok "and does not say never" each "! why late why.text | grep -q never" \
	"why late why.text | sed -n 1p | grep -q 'not mapped for at least .* begins 0x1000 above'"

# ---- iommutop, and replays ----
# lines FILE KEY
lines() {
	grep -oE '\{"kind":"line"[^}]*\}' "$1" | grep -F '"what":"dma fault"' | json "$2" |
		sed "s/^$2=/why.text=/" | timeless
}
is "iommutop explains them the same way" "$(lines "$dir/top" why | paste -sd,)" \
	"$(why faults why.kind | sed 's/kind/text/' | paste -sd,)"
is "and says the same" "$(lines "$dir/top" explanation)" "$(why faults why.text)"
$iosnoop --replay "$dir/faults.rec" -j >"$dir/again"
is "a recording of faults alone has the explanations" "$(why again why.text)" \
	"$(why faults why.text)"
$top --replay "$dir/faults.rec" -j --view faults >"$dir/again"
is "also for iommutop" "$(lines "$dir/again" explanation)" "$(why faults why.text)"

# ---- page requests that are refused ----
start requests $iosnoop -j -e response
"$tests/every-event" >"$dir/did" 2>"$dir/did.err"
is "page requests of a mock device" "$?" 0 || show "$dir/did.err"
drained requests
stop requests
grep -F '"event":"response"' "$dir/requests" >"$dir/responses"
is "a request that got what it asked for has no explanation" \
	"$(grep -F '"response":"ok"' "$dir/responses" | grep -c '"why"')" 0
is "each that was refused has" \
	"$(grep -vF '"response":"ok"' "$dir/responses" | json why.kind | sort -u)" \
	"why.kind=not mapped"
diag "$(grep -F '"why"' "$dir/responses" | json why.text | sort -u | head -n 3)"
finish
