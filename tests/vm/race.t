#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Objects destroyed while others make, attach, fill and give them back. Two functions of one slot
# share an IOMMU group. With full preemption a thread that wakes up gets in between two locks.
# vm: --smp 2 --append preempt=full
# vm: --qemu '-device edu,addr=0x9.0,multifunction=on,dma_mask=0xffffffff'
# vm: --qemu '-device edu,addr=0x9.1,multifunction=on,dma_mask=0xffffffff'
exec "${IOMMUSCOPE_TESTS:-build/tests}/race"
