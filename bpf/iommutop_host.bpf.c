// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop's programs that look into structs of the kernel, for faults of DMA: an object of its own,
 * since a kernel that offers no BTF, or is locked down, refuses it. It shares the maps of
 * iommutop.bpf.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "record.bpf.h"
#include "dma_fault.bpf.h"

char LICENSE[] SEC("license") = "GPL";
