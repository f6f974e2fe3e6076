/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unrecoverable DMA faults, for iosnoop and iommutop: the programs dma_fault and io_page_fault.
 * They read kernel structs and need the kernel's BTF.
 *
 * Intel's driver does not report such faults to the IOMMU core, and logs only some of them. So
 * dma_fault probes its interrupt handler, dmar_fault(): when the handler begins, the fault
 * recording registers still hold the records that it is going to read and clear. Reading these
 * registers has no side effects. They are described in the Intel VT-d specification, chapter
 * "Register Descriptions": fault status (FSTS), capability (CAP) and fault recording (FRCD).
 *
 * Neither program runs in the thread of a process; ctx and tgid are those of the device's owner, or
 * EVENT_NONE if it has none. The program owner_name notes the name of a device that is being bound.
 *
 * Include record.bpf.h and owner.bpf.h before this header.
 */
#ifndef _DMA_FAULT_BPF_H
#define _DMA_FAULT_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "device_name.bpf.h"

#define VTD_CAP 0x08
#define VTD_FSTS 0x34
#define VTD_FSTS_PENDING (1u << 1) /* there is a record */
#define VTD_FRCD_SIZE 16
#define VTD_FRCD_FAULT (1ULL << 63) /* in the upper half: the record is valid */
#define VTD_MAX_RECORDS 256

#define FAULT_PERM_READ (1u << 0) /* IOMMU_PGFAULT_PERM_* */
#define FAULT_PERM_WRITE (1u << 1)
#define FAULT_PERM_EXEC (1u << 2)

/* args begins with ctx and tgid, which are filled in here. name NULL: the device is PCI. */
static __always_inline void handle_host(void *ctx, enum event_id event, void *args, __u32 nr_args,
					__u32 sbdf, __u32 pasid, __u64 addr, const char *name)
{
	struct event_counters *counter = get_counters();
	struct event_subject subject = {
		.ctx = ctx_of_device(sbdf, name),
		.tgid = EVENT_NONE,
		.ioas = EVENT_NONE,
		.device = EVENT_NONE,
		.is_named = name && iommufd_filter__is_name(&filter, (const __u64 *)name),
		.sbdf = sbdf,
		.pasid = pasid,
		.iova = addr,
		.ret = -1, /* a fault is a failure */
	};
	const struct owner *owner = owner_of(subject.ctx);
	struct args_caller *caller = args;

	if (!counter)
		return;
	count(&counter->seen);
	if (owner)
		subject.tgid = owner->tgid;
	caller->ctx = subject.ctx;
	caller->tgid = subject.tgid;
	/* 0 matches no thread. */
	if (is_wanted(&subject, 0, owner && owner->is_wanted))
		submit(ctx, event, args, nr_args, NULL, 0, owner, counter);
	else
		count(&counter->filtered);
}

struct vtd_walk {
	void *ctx;
	const void *registers;
	__u32 offset; /* of the first record */
	__u32 first; /* index of the oldest record */
	__u32 nr;
	__u32 segment;
};

/* Submit a fault from the two halves of a record, see FRCD. */
static __always_inline void put_vtd_fault(const struct vtd_walk *walk, __u64 low, __u64 high)
{
	bool has_pasid = high >> 31 & 1, is_read = high >> 62 & 1, is_exec = high >> 30 & 1;
	struct args_dma_fault args = {
		.sbdf = walk->segment << 16 | (high & 0xffff),
		.pasid = has_pasid ? high >> 40 & 0xfffff : EVENT_NONE,
		.addr = low & ~0xfffULL,
		.perm = is_exec ? FAULT_PERM_EXEC :
			is_read ? FAULT_PERM_READ :
				  FAULT_PERM_WRITE,
		.reason = high >> 32 & 0xff,
	};

	handle_host(walk->ctx, EVENT_dma_fault, &args, EVENT_NR_ARGS(dma_fault), args.sbdf,
		    args.pasid, args.addr, NULL);
}

static int step_vtd(__u32 i, struct vtd_walk *walk)
{
	__u32 record = walk->nr ? (walk->first + i) % walk->nr : 0;
	const void *at = walk->registers + walk->offset + record * VTD_FRCD_SIZE;
	__u64 low = 0, high = 0;

	if (i >= walk->nr || bpf_probe_read_kernel(&high, sizeof(high), at + sizeof(low)) ||
	    !(high & VTD_FRCD_FAULT) || bpf_probe_read_kernel(&low, sizeof(low), at))
		return 1;
	put_vtd_fault(walk, low, high);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(dma_fault, int irq, struct intel_iommu *iommu)
{
	struct vtd_walk walk = { .ctx = ctx };
	__u32 status = 0;
	__u64 cap = 0;

	/* Without Intel's driver the loader drops the rest, and attaching fails with -ENOENT. */
	if (!bpf_core_type_exists(struct intel_iommu))
		return 0;
	walk.registers = (const void *)BPF_CORE_READ(iommu, reg);
	walk.segment = BPF_CORE_READ(iommu, segment);
	if (bpf_probe_read_kernel(&status, sizeof(status), walk.registers + VTD_FSTS) ||
	    !(status & VTD_FSTS_PENDING) ||
	    bpf_probe_read_kernel(&cap, sizeof(cap), walk.registers + VTD_CAP))
		return 0;
	walk.first = status >> 8 & 0xff;
	walk.offset = (cap >> 24 & 0x3ff) * 16;
	walk.nr = (cap >> 40 & 0xff) + 1;
	bpf_loop(VTD_MAX_RECORDS, step_vtd, &walk, 0);
	return 0;
}

/* iommufd_device_bind(), the function of the module that all drivers call. */
SEC("kprobe")
int BPF_KPROBE(owner_name, void *ctx_of_module, struct device *device)
{
	__u32 tid = bpf_get_current_pid_tgid();
	char name[DEVICE_NAME_LEN] = {};

	read_name(device, name);
	bpf_map_update_elem(&binding_names, &tid, name, BPF_ANY);
	return 0;
}

SEC("raw_tp/io_page_fault")
int io_page_fault(struct bpf_raw_tracepoint_args *ctx)
{
	const struct device *device = (const void *)ctx->args[0];
	struct args_io_page_fault args = {
		.sbdf = EVENT_NONE,
		.addr = ctx->args[1],
		.perm = ctx->args[2] & 1 ? FAULT_PERM_WRITE : FAULT_PERM_READ,
	};
	char name[DEVICE_NAME_LEN] __attribute__((aligned(8))) = {};

	read_name(device, name);
	args.sbdf = parse_sbdf(name);
	__builtin_memcpy(&args.name0, name, sizeof(name));
	handle_host(ctx, EVENT_io_page_fault, &args, EVENT_NR_ARGS(io_page_fault), args.sbdf,
		    EVENT_NONE, args.addr, name);
	return 0;
}

#endif /* _DMA_FAULT_BPF_H */
