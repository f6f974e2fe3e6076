#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The example program tests/examples/pasid-dma.c works: each line is there, and after
# it nothing is pinned. Which numbers the PASIDs have is the kernel's choice, so they are read.
# vm: --mock --smp 2
. "$(dirname "$0")/../lib/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$tests/example-pasid-dma" >"$dir/out" 2>"$dir/err"
is "exit status" $? 0
is "nothing on stderr" "$(<"$dir/err")" ""

# number WHAT: the PASID that was attached to it
number() { sed -n "s/^attach: PASID \([1-9][0-9]*\) to $1\$/\1/p" "$dir/out"; }
a=$(number 'memory of the first process')
b=$(number 'memory of the second process')
c=$(number 'the whole first process')
ok "three PASIDs" [ "${a:-0}" -gt 0 -a "${b:-0}" -gt 0 -a "${c:-0}" -gt 0 ]
ok "which differ" [ "$a" != "$b" -a "$a" != "$c" -a "$b" != "$c" ]

cat >"$dir/want" <<END
device: PASIDs of 20 bits, page requests, page tables of processes
device: addresses 0x1000000 to 0x7fffffff can be used
memory: a page of the first process at 0x10000000
memory: a page of the second process at 0x20000000
attach: PASID $a to memory of the first process
attach: PASID $b to memory of the second process
dma: with PASID $a the first process gets "a packet for you"
dma: with PASID $b the second process gets "a packet for the other"
dma: neither reaches the other's memory, nor does DMA without a PASID
attach: PASID $c to the whole first process
shared: the device reads "from malloc()" by its pointer
shared: the process reads "new" where it never wrote
shared: the device cannot reach memory that the process unmapped
request: the device wants 0x30000000 for PASID $a
request: answered, and the first process gets "late memory"
detach: PASID $a reaches nothing, and is free
detach: PASID $b reaches nothing, and is free
detach: PASID $c reaches nothing, and is free
close: nothing is left
END
ok "each step prints the right line" diff "$dir/out" "$dir/want"
is "nothing is pinned" "$(pinned)" 0

# Without the devices of the mock it says so.
rmmod iommufd_mock
"$tests/example-pasid-dma" >"$dir/out" 2>"$dir/err"
is "without the mock: exit status" $? 1
ok "without the mock: the reason" grep -q 'iommufd_mock.ko loaded?' "$dir/err"
is "without the mock: no step was made" "$(<"$dir/out")" ""
finish
