/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unrecoverable DMA faults, for iosnoop and iommutop: the programs dma_fault and io_page_fault.
 * They read kernel structs and need the kernel's BTF.
 *
 * Intel's driver does not report such faults to the IOMMU core, and logs only some of them. So
 * dma_fault traces its interrupt handler, dmar_fault(): when the handler begins, the fault
 * recording registers still hold the records that it is going to read and clear. Reading these
 * registers has no side effects. They are described in the Intel VT-d specification, chapter
 * "Register Descriptions": fault status (FSTS), capability (CAP) and fault recording (FRCD).
 *
 * Arm's driver of an SMMUv3 reports a fault to the core only if the device waits for a response,
 * and logs the others. Its interrupt thread, arm_smmu_evtq_thread(), takes events from a queue in
 * memory. smmu_begin notes where the thread begins, and smmu_end reports what it has taken since:
 * the events are still in the queue. They are described in Arm's SMMUv3 specification, chapter
 * "Event records".
 *
 * Both are traced by fentry and fexit programs, see tools/common/dma_fault.h, which also names the
 * functions.
 *
 * None of these programs runs in the thread of a process; ctx and tgid are those of the device's
 * owner, or EVENT_NONE if it has none. The program owner_name notes the name of a device that is
 * being bound.
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

/* The members read of the driver's struct, which kernels of other architectures do not have. */
struct intel_iommu___used {
	void *reg;
	__u16 segment;
} __attribute__((preserve_access_index));

SEC("fentry")
int BPF_PROG(dma_fault, int irq, struct intel_iommu___used *iommu)
{
	struct vtd_walk walk = { .ctx = ctx };
	__u32 status = 0;
	__u64 cap = 0;

	/* Without Intel's driver the loader drops the rest, and attaching fails with -ENOENT. */
	if (!bpf_core_type_exists(struct intel_iommu___used))
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

/* The members read of the structs of Arm's driver. The members of llq are in a union there. */
struct arm_smmu_ll_queue___used {
	__u32 cons;
	__u32 max_n_shift;
} __attribute__((preserve_access_index));

struct arm_smmu_queue___used {
	struct arm_smmu_ll_queue___used llq;
	__u64 *base;
} __attribute__((preserve_access_index));

struct arm_smmu_evtq___used {
	struct arm_smmu_queue___used q;
} __attribute__((preserve_access_index));

struct arm_smmu_device___used {
	struct arm_smmu_evtq___used evtq;
	struct rb_root streams;
} __attribute__((preserve_access_index));

struct arm_smmu_master___used {
	struct device *dev;
} __attribute__((preserve_access_index));

struct arm_smmu_stream___used {
	__u32 id;
	struct arm_smmu_master___used *master;
	struct rb_node node;
} __attribute__((preserve_access_index));

#define SMMU_EVENT_WORDS 4
#define SMMU_MAX_EVENTS 4096
#define SMMU_MAX_DEPTH 32 /* of the tree of devices */
#define SMMU_STALL (1ULL << 31) /* in the second word: the device waits for a response */
#define SMMU_INSTRUCTION (1ULL << 34)
#define SMMU_READ (1ULL << 35)

struct smmu_walk {
	void *ctx;
	const struct arm_smmu_device___used *smmu;
	__u32 first; /* index of the first event, with the bit that changes in each lap */
	__u32 nr;
	__u32 shift; /* log2 of the size of the queue */
};

/* The interrupt threads that run. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* thread */
	__type(value, struct smmu_walk);
} smmu_walks SEC(".maps");

struct smmu_search {
	const void *node;
	__u32 sid;
	const struct device *device; /* out; NULL: none */
};

static int step_smmu_search(__u32 i, struct smmu_search *search)
{
	const struct arm_smmu_stream___used *stream;
	const struct rb_node *node = search->node;
	__u32 id;

	if (!node)
		return 1;
	stream = search->node - bpf_core_field_offset(struct arm_smmu_stream___used, node);
	id = BPF_CORE_READ(stream, id);
	if (id == search->sid) {
		search->device = BPF_CORE_READ(stream, master, dev);
		return 1;
	}
	search->node = search->sid < id ? BPF_CORE_READ(node, rb_left) :
					  BPF_CORE_READ(node, rb_right);
	return 0;
}

static __always_inline __u32 sbdf_of_device(const struct device *device)
{
	char name[DEVICE_NAME_LEN] = {};

	read_name(device, name);
	return parse_sbdf(name);
}

/* The PCI address of a stream, EVENT_NONE if it is not a PCI device's. */
static __always_inline __u32 smmu_sbdf(const struct arm_smmu_device___used *smmu, __u32 sid)
{
	struct smmu_search search = { .node = BPF_CORE_READ(smmu, streams.rb_node), .sid = sid };

	bpf_loop(SMMU_MAX_DEPTH, step_smmu_search, &search, 0);
	return search.device ? sbdf_of_device(search.device) : EVENT_NONE;
}

static int step_smmu(__u32 i, struct smmu_walk *walk)
{
	/* Not in the macro, which would relocate the access to our struct as well. */
	const struct arm_smmu_device___used *smmu = walk->smmu;
	const __u64 *queue = BPF_CORE_READ(smmu, evtq.q.base);
	struct args_dma_fault args = {};
	__u64 event[SMMU_EVENT_WORDS];
	__u32 at;

	if (i >= walk->nr)
		return 1;
	at = (walk->first + i) & ((1u << (walk->shift & 31)) - 1);
	if (bpf_probe_read_kernel(event, sizeof(event), queue + (__u64)at * SMMU_EVENT_WORDS))
		return 1;
	if (event[1] & SMMU_STALL)
		return 0;
	args.sbdf = smmu_sbdf(smmu, event[0] >> 32);
	args.pasid = event[0] & 1 << 11 ? event[0] >> 12 & 0xfffff : EVENT_NONE;
	args.addr = event[2];
	args.perm = event[1] & SMMU_INSTRUCTION ? FAULT_PERM_EXEC :
		    event[1] & SMMU_READ	? FAULT_PERM_READ :
						  FAULT_PERM_WRITE;
	args.reason = EVENT_REASON_SMMU | (event[0] & 0xff);
	handle_host(walk->ctx, EVENT_dma_fault, &args, EVENT_NR_ARGS(dma_fault), args.sbdf,
		    args.pasid, args.addr, NULL);
	return 0;
}

SEC("fentry")
int BPF_PROG(smmu_begin, int irq, const struct arm_smmu_device___used *smmu)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct smmu_walk walk = { .smmu = smmu };

	if (!bpf_core_type_exists(struct arm_smmu_device___used))
		return 0;
	walk.first = BPF_CORE_READ(smmu, evtq.q.llq.cons);
	walk.shift = BPF_CORE_READ(smmu, evtq.q.llq.max_n_shift);
	bpf_map_update_elem(&smmu_walks, &tid, &walk, BPF_ANY);
	return 0;
}

SEC("fexit")
int BPF_PROG(smmu_end)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct smmu_walk *begun = bpf_map_lookup_elem(&smmu_walks, &tid), walk;
	const struct arm_smmu_device___used *smmu;

	if (!begun)
		return 0;
	if (!bpf_core_type_exists(struct arm_smmu_device___used))
		return 0;
	walk = *begun;
	walk.ctx = ctx;
	smmu = walk.smmu;
	walk.nr = BPF_CORE_READ(smmu, evtq.q.llq.cons) - walk.first;
	walk.nr &= (2u << (walk.shift & 31)) - 1;
	bpf_map_delete_elem(&smmu_walks, &tid);
	bpf_loop(SMMU_MAX_EVENTS, step_smmu, &walk, 0);
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
