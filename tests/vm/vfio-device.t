#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices under vfio-pci: interrupts, hot reset, removal, and replace while DMA runs.
# The kernel waits for a link after a reset, which QEMU's faster ports do not show as up again.
# vm: --qemu '-global pcie-root-port.x-speed=5'
# A third NVMe controller and a second edu device share a slot behind a root port.
# vm: --qemu '-device pcie-root-port,id=port2,chassis=2,slot=2'
# vm: --qemu '-blockdev driver=null-co,node-name=third,size=1073741824,read-zeroes=on'
# vm: --qemu '-device nvme,serial=iommuscope-port,drive=third,bus=port2,addr=0.0,multifunction=on'
# vm: --qemu '-device edu,bus=port2,addr=0.1,dma_mask=0xffffffff'
exec "${IOMMUSCOPE_TESTS:-build/tests}/vfio-device"
