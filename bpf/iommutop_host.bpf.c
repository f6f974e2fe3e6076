// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF programs of iommutop that read structs of the kernel, for DMA faults. They are a separate
 * object, because a kernel without BTF or with lockdown refuses them. The object shares the maps of
 * iommutop.bpf.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "record.bpf.h"
#include "owner.bpf.h"
#include "dma_fault.bpf.h"

char LICENSE[] SEC("license") = "GPL";
