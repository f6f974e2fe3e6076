// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's programs that look into structs of the kernel: an object of its own, since a kernel
 * that offers no BTF, or is locked down, refuses it, and the others shall work all the same. It
 * shares the maps of iosnoop.bpf.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "record.bpf.h"
#include "dma_fault.bpf.h"

char LICENSE[] SEC("license") = "GPL";
