#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Bind, attach, replace, detach, seen by what the device's DMA reaches.
# Two more edu devices behind a conventional bridge share an IOMMU group.
# vm: --qemu -device --qemu pcie-pci-bridge,id=shared
# vm: --qemu -device --qemu edu,bus=shared,addr=1,dma_mask=0xffffffff
# vm: --qemu -device --qemu edu,bus=shared,addr=2,dma_mask=0xffffffff
exec "${IOMMUSCOPE_TESTS:-build/tests}/device"
