#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# DMA faults behind an Arm SMMUv3, in iosnoop and iommutop: each transfer that was stopped, with its
# address, reason and owner. Runs on arm64 only, see docs/kernels.md.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
if [[ $(uname -m) != aarch64 ]]; then
	echo "1..0 # SKIP needs an SMMUv3: make matrix runs it on arm64"
	exit 0
fi
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
edu=$(tests/vm/bind --bdf edu)
ok "the edu device is bound to vfio-pci" tests/vm/bind "$edu"
start real $iosnoop -j
start faults $iosnoop -j -e dma-fault
start lines $iosnoop -e dma-fault
start here $iosnoop -j -e dma-fault --device "$edu" --iova 0x10000+0x1000
start top build/iommutop -j -i 200ms
"$tests/edu-dma" --bdf "$edu" --outside --moved >"$dir/did" 2>"$dir/did.err"
is "DMA inside and outside of a mapping" "$?" 0 || show "$dir/did.err"
drained real faults lines here
got() { grep -cF '"type":"event"' "$dir/$1"; }
total() { tail -n 1 "$dir/top" | grep -o '"dma_faults_total":[0-9]*' | head -n 1; }
has_total() { [[ $(total) == *:[1-9]* ]]; }
ok "iommutop counts them" await has_total
for i in real faults lines here top; do stop $i; done
for i in real faults here; do sound $i; done
# An SMMU stops each word of a transfer by itself, and reports nothing of a device that is detached.
sed -nE '/^stopped=detached/d
	/^stopped=read-/s/.* iova=(.*)000$/\1 r- 272/p
	/^stopped=readonly/s/.* iova=(.*)000$/\1 -w 275/p
	s/^stopped=.* iova=(.*)000$/\1 -w 272/p' "$dir/did" >"$dir/want"
grep -F '"type":"event"' "$dir/faults" | json addr prot reason |
	sed -E 's/addr=(.*)... prot=(.*) reason=(.*)/\1 \2 \3/' | uniq >"$dir/got"
is "each page that was aimed at has its faults: access and reason" "$(<"$dir/got")" \
	"$(<"$dir/want")"
# 7 transfers of 4088 bytes
is "and each word, so that none was lost" "$(got faults)" $((7 * 1022))
is "they are of the device, and have the process that bound it" \
	"$(grep -F '"type":"event"' "$dir/faults" | json bdf tgid comm | sort -u)" \
	"bdf=$edu $(grep -F '"event":"bind"' "$dir/real" | json tgid) comm=edu-dma"
ok "they say why" each 'grep -q "\"reason\":272,.*\"cause\":\"the address is not mapped\"" \
	"$dir/faults"' \
	'grep -q "\"cause\":\"the page is not mapped for this access\"" "$dir/faults"'
ok "a fault after an unmap says so" \
	grep -qE '"event":"dma-fault".*"why":\{"kind":"unmapped"' "$dir/faults"
after=$(sed -n 's/^stopped=after iova=0x//p' "$dir/did")
ok "the table has them" grep -qE " dma-fault +(- )?00:[0-9a-f.]+ 0x$after -w +FAULT\$" "$dir/lines"
is "filters take an address" "$(grep -F '"type":"event"' "$dir/here" | json addr |
	sed 's/...$//' | sort -u)" "addr=0x10"
$iosnoop --check >"$dir/check" 2>"$dir/check.err"
ok "--check names the function" grep -q '^ok       dma-fault  *fexit arm_smmu_evtq_thread' \
	"$dir/check"
is "nothing is pinned" "$(pinned)" 0
finish
