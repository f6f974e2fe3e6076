// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's programs that read kernel structs or memory. They are an object of their own, because a
 * kernel that lacks BTF or is locked down refuses them, and the other programs must still work. The
 * object shares the maps of iosnoop.bpf.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "record.bpf.h"
#include "owner.bpf.h"
#include "dma_fault.bpf.h"
#include "type1.bpf.h"
#include "pins.bpf.h"

char LICENSE[] SEC("license") = "GPL";
