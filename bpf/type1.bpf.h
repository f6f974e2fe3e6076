/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of VFIO type1: maps, unmaps and dirty tracking, which pass one function, and the pins of
 * mediated devices. Each function has a program at its start and one at its end, in two kinds:
 *
 *	type1_entry, type1_exit		fentry and fexit programs, which cost a third, but need
 *					CAP_SYS_ADMIN, because they use the BTF of a module
 *	type1_begin, type1_end		kprobes, which need the kernel's BTF for struct pt_regs
 *
 * and likewise type1_pin_*, type1_unpin_*, type1_rw_* and type1_remote_*. User space loads one
 * kind.
 *
 * The program at the start reads the caller's values, the one at the end the driver's results.
 *
 * A call is counted when it begins. The kernel limits the number of active kretprobes, so it may
 * miss the end of a call, which is then lost. The program notices that when the thread makes its
 * next call, and user space when tracing ends.
 *
 * Include record.bpf.h before this header.
 */
#ifndef _TYPE1_BPF_H
#define _TYPE1_BPF_H

#include <bpf/bpf_tracing.h>

#include "foreign.bpf.h"
#include "type1_ioctl.bpf.h"

/* A bitmap of so many parts is counted: 8 million pages, in some 3 ms. */
#define MAX_BITMAP_PARTS 16384
#define PART_WORDS 8

const volatile __u32 type1_page_shift = 12;
bool type1_has_pins; /* user space has attached the programs at pins of maps */
/* Containers are contexts, and user space has attached the program at their end. */
bool type1_has_numbers;

struct type1_call {
	__u32 cmd;
	__u32 flags;
	__u64 iommu; /* address of the container's data */
	__u64 user; /* address of the struct */
	__u64 begin_ns;
	__u64 iova;
	__u64 length;
	__u64 vaddr; /* of a map; of dirty tracking the bitmap */
	__u64 page_size;
	__u64 pages; /* pinned */
	__u64 pins_ns;
	__u64 pin_ns; /* when the pin in progress began; 0: there is none */
	bool misses_pins; /* the end of a pin was missed */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* thread */
	__type(value, struct type1_call);
} type1_calls SEC(".maps");

/* A pin, unpin or access of a mediated device. An unpin may be a part of an unmap. */
struct type1_pin {
	__u64 iommu;
	__u64 begin_ns;
	__u64 iova;
	__u64 length;
	__u32 flags;
	__u32 __pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096); /* 1 if no such event is wanted */
	__type(key, __u32); /* thread */
	__type(value, struct type1_pin);
} type1_pins SEC(".maps");

/* The number of a container as a context. */
static __always_inline __u32 number_of_container(__u64 iommu)
{
	return type1_has_numbers ? number_of_ctx(iommu) : EVENT_NONE;
}

static __always_inline void end_type1(void *ctx, enum event_id event, const void *args,
				      __u32 nr_args, __u64 iova, __u64 length, __u64 ns, __s32 ret)
{
	struct event_counters *counter = get_counters();
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	const struct event_subject subject = {
		.ctx = ((const struct args_caller *)args)->ctx,
		.tgid = pid_tgid >> 32,
		.ioas = EVENT_NONE,
		.sbdf = EVENT_NONE,
		.pasid = EVENT_NONE,
		.ret = ret,
		.latency_ns = ns,
		.length = length,
		.iova = iova,
	};

	if (!counter)
		return;
	if (is_wanted(&subject, pid_tgid >> 32, false))
		submit(ctx, event, args, nr_args, NULL, pid_tgid, NULL, counter);
	else
		count(&counter->filtered);
}

/* ---- bitmaps ---- */

struct bitmap_count {
	__u64 at; /* in the process */
	__u64 bytes;
	__u64 bits;
	bool is_unknown;
};

static __always_inline __u64 count_bits(__u64 word)
{
	word -= word >> 1 & 0x5555555555555555ULL;
	word = (word & 0x3333333333333333ULL) + (word >> 2 & 0x3333333333333333ULL);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return word * 0x0101010101010101ULL >> 56;
}

static int count_part(__u32 i, struct bitmap_count *count)
{
	__u64 words[PART_WORDS] = {}, bytes = count->bytes;
	unsigned int word;

	if (!bytes)
		return 1;
	if (bytes > sizeof(words))
		bytes = sizeof(words);
	if (bpf_probe_read_user(words, bytes, (void *)count->at)) {
		count->is_unknown = true;
		return 1;
	}
	for (word = 0; word < PART_WORDS; word++)
		count->bits += count_bits(words[word]);
	count->at += bytes;
	count->bytes -= bytes;
	return 0;
}

/* The number of dirty pages in the bitmap of a call that has succeeded. */
static __always_inline __u64 count_dirty(const struct type1_call *call)
{
	struct bitmap_count count = { .at = call->vaddr };

	if (!(call->flags & TYPE1_FLAG_GET_BITMAP) || !call->page_size)
		return EVENT_UNKNOWN;
	count.bytes = (call->length / call->page_size + 63) / 64 * 8;
	bpf_loop(MAX_BITMAP_PARTS, count_part, &count, 0);
	return count.is_unknown || count.bytes ? EVENT_UNKNOWN : count.bits;
}

/* ---- programs at the end ---- */

static __noinline void end_type1_map(void *ctx, const struct type1_call *call, __u64 ns, __s32 ret)
{
	struct args_type1_map args = {
		.ctx = number_of_container(call->iommu),
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.iova = call->iova,
		.length = call->length,
		.user_va = call->vaddr,
		.flags = call->flags,
		.ns = ns,
		.ret = (__u32)ret,
		.pages = EVENT_UNKNOWN,
		.pin_ns = EVENT_UNKNOWN,
		.map_ns = EVENT_UNKNOWN,
	};

	if (type1_has_pins && !call->misses_pins && !call->pin_ns) {
		args.pages = call->pages;
		args.pin_ns = call->pins_ns;
		args.map_ns = ns - call->pins_ns;
	}
	end_type1(ctx, EVENT_type1_map, &args, EVENT_NR_ARGS(type1_map), call->iova, call->length,
		  ns, ret);
}

static __noinline void end_type1_unmap(void *ctx, const struct type1_call *call, __u64 ns,
				       __s32 ret)
{
	struct type1_unmap unmap = {};
	struct args_type1_unmap args = {
		.ctx = number_of_container(call->iommu),
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.iova = call->iova,
		.length = call->length,
		.flags = call->flags,
		.ns = ns,
		.ret = (__u32)ret,
	};

	if (!ret)
		bpf_probe_read_user(&unmap, sizeof(unmap), (void *)call->user);
	args.unmapped = unmap.size;
	end_type1(ctx, EVENT_type1_unmap, &args, EVENT_NR_ARGS(type1_unmap), call->iova,
		  call->length, ns, ret);
}

static __noinline void end_type1_dirty(void *ctx, const struct type1_call *call, __u64 ns,
				       __s32 ret)
{
	struct args_type1_dirty args = {
		.ctx = number_of_container(call->iommu),
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.iova = call->iova,
		.length = call->length,
		.page_size = call->page_size,
		.flags = call->flags,
		.dirty = ret ? EVENT_UNKNOWN : count_dirty(call),
		.ns = ns,
		.ret = (__u32)ret,
	};

	end_type1(ctx, EVENT_type1_dirty, &args, EVENT_NR_ARGS(type1_dirty),
		  call->length ? call->iova : EVENT_IOVA_NONE, call->length, ns, ret);
}

static __always_inline int on_end(void *ctx, long ret)
{
	__u32 tid = bpf_get_current_pid_tgid();
	const struct type1_call *call;
	__u64 ns;

	call = bpf_map_lookup_elem(&type1_calls, &tid);
	if (!call)
		return 0;
	ns = bpf_ktime_get_ns() - call->begin_ns;
	if (call->cmd == TYPE1_MAP_DMA)
		end_type1_map(ctx, call, ns, ret);
	else if (call->cmd == TYPE1_UNMAP_DMA)
		end_type1_unmap(ctx, call, ns, ret);
	else
		end_type1_dirty(ctx, call, ns, ret);
	bpf_map_delete_elem(&type1_calls, &tid);
	return 0;
}

static __always_inline int on_remote_end(long ret)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct type1_call *call = bpf_map_lookup_elem(&type1_calls, &tid);

	if (!call || !call->pin_ns)
		return 0;
	call->pins_ns += bpf_ktime_get_ns() - call->pin_ns;
	call->pin_ns = 0;
	if (ret > 0)
		call->pages += ret;
	return 0;
}

/* An unpin returns nothing. */
static __always_inline int on_pin_end(void *ctx, enum event_id event, long ret)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct args_type1_unpin unpin;
	struct type1_pin *kept, call;
	struct args_type1_pin pin;
	struct args_type1_rw rw;
	__u32 tid = pid_tgid;
	__u64 ns;

	kept = bpf_map_lookup_elem(&type1_pins, &tid);
	if (!kept)
		return 0;
	call = *kept;
	bpf_map_delete_elem(&type1_pins, &tid);
	ns = bpf_ktime_get_ns() - call.begin_ns;
	if (event == EVENT_type1_unpin) {
		unpin = (struct args_type1_unpin){
			.ctx = number_of_container(call.iommu),
			.tgid = pid_tgid >> 32,
			.iova = call.iova,
			.length = call.length,
			.ns = ns,
		};
		end_type1(ctx, event, &unpin, EVENT_NR_ARGS(type1_unpin), call.iova, call.length,
			  ns, 0);
		return 0;
	}
	if (event == EVENT_type1_rw) {
		rw = (struct args_type1_rw){
			.ctx = number_of_container(call.iommu),
			.tgid = pid_tgid >> 32,
			.iova = call.iova,
			.length = call.length,
			.flags = call.flags,
			.ns = ns,
			.ret = (__u32)ret,
		};
		end_type1(ctx, event, &rw, EVENT_NR_ARGS(type1_rw), call.iova, call.length, ns,
			  ret);
		return 0;
	}
	pin = (struct args_type1_pin){
		.ctx = number_of_container(call.iommu),
		.tgid = pid_tgid >> 32,
		.iova = call.iova,
		.length = call.length,
		.flags = call.flags,
		.pages = ret > 0 ? ret : 0,
		.ns = ns,
		.ret = ret < 0 ? (__u32)ret : 0,
	};
	end_type1(ctx, event, &pin, EVENT_NR_ARGS(type1_pin), call.iova, call.length, ns,
		  ret < 0 ? ret : 0);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(type1_end, long ret)
{
	return on_end(ctx, ret);
}

SEC("kretprobe")
int BPF_KRETPROBE(type1_remote_end, long ret)
{
	return on_remote_end(ret);
}

SEC("kretprobe")
int BPF_KRETPROBE(type1_pin_end, int ret)
{
	return on_pin_end(ctx, EVENT_type1_pin, ret);
}

SEC("kretprobe")
int BPF_KRETPROBE(type1_unpin_end)
{
	return on_pin_end(ctx, EVENT_type1_unpin, 0);
}

SEC("kretprobe")
int BPF_KRETPROBE(type1_rw_end, int ret)
{
	return on_pin_end(ctx, EVENT_type1_rw, ret);
}

static __always_inline long result_of(void *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return ret;
}

SEC("fexit/vfio_iommu_type1_ioctl")
int BPF_PROG(type1_exit)
{
	return on_end(ctx, result_of(ctx));
}

SEC("fexit/vfio_pin_pages_remote")
int BPF_PROG(type1_remote_exit)
{
	return on_remote_end(result_of(ctx));
}

SEC("fexit/vfio_iommu_type1_pin_pages")
int BPF_PROG(type1_pin_exit)
{
	return on_pin_end(ctx, EVENT_type1_pin, (int)result_of(ctx));
}

SEC("fexit/vfio_iommu_type1_unpin_pages")
int BPF_PROG(type1_unpin_exit)
{
	return on_pin_end(ctx, EVENT_type1_unpin, 0);
}

SEC("fexit/vfio_iommu_type1_dma_rw")
int BPF_PROG(type1_rw_exit)
{
	return on_pin_end(ctx, EVENT_type1_rw, (int)result_of(ctx));
}

/* ---- programs at the start ---- */

static __always_inline int on_pin_begin(enum event_id event, const void *iommu, __u64 iova,
					__u64 length, int flags)
{
	struct event_counters *counter = get_counters();
	__u32 tid = bpf_get_current_pid_tgid();
	struct type1_pin call = {
		.iommu = (__u64)iommu,
		.iova = iova,
		.length = length,
		.flags = flags,
	};

	if (!is_chosen(event) || !counter)
		return 0;
	count(&counter->seen);
	call.begin_ns = bpf_ktime_get_ns();
	if (!bpf_map_update_elem(&type1_pins, &tid, &call, BPF_NOEXIST))
		return 0;
	/* The map still has the previous call of this thread, or is full. */
	count(&counter->lost);
	bpf_map_update_elem(&type1_pins, &tid, &call, BPF_EXIST);
	return 0;
}

static __always_inline __u64 bytes_of(int nr_pages)
{
	return (__u64)(__u32)nr_pages << type1_page_shift;
}

/* The flags of an access, of a function's argument of type bool. */
static __always_inline int rw_flags(__u64 write)
{
	return write & 0xff ? 2 : 1;
}

static __always_inline int on_remote_begin(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct type1_call *call = bpf_map_lookup_elem(&type1_calls, &tid);

	if (!call)
		return 0;
	call->misses_pins |= !!call->pin_ns;
	call->pin_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline enum event_id event_of_cmd(unsigned int cmd)
{
	switch (cmd) {
	case TYPE1_MAP_DMA:
		return EVENT_type1_map;
	case TYPE1_UNMAP_DMA:
		return EVENT_type1_unmap;
	case TYPE1_DIRTY_PAGES:
		return EVENT_type1_dirty;
	}
	return NR_EVENTS;
}

static __always_inline void read_dirty(struct type1_call *call, const void *user)
{
	const struct type1_dirty *dirty = user;
	struct type1_dirty_range range = {};

	bpf_probe_read_user(&call->flags, sizeof(call->flags), &dirty->flags);
	if (!(call->flags & TYPE1_FLAG_GET_BITMAP))
		return;
	bpf_probe_read_user(&range, sizeof(range), &dirty->range);
	call->iova = range.iova;
	call->length = range.size;
	call->page_size = range.page_size;
	call->vaddr = range.bitmap;
}

static __always_inline int on_begin(const void *iommu, unsigned int cmd, unsigned long arg)
{
	struct event_counters *counter = get_counters();
	struct type1_call call = { .cmd = cmd, .iommu = (__u64)iommu, .user = arg };
	__u32 tid = bpf_get_current_pid_tgid();
	enum event_id event = event_of_cmd(cmd);
	struct type1_unmap unmap = {};
	struct type1_map map = {};

	if (event == NR_EVENTS || !is_chosen(event) || !counter)
		return 0;
	count(&counter->seen);
	if (cmd == TYPE1_MAP_DMA) {
		bpf_probe_read_user(&map, sizeof(map), (void *)arg);
		call.flags = map.flags;
		call.iova = map.iova;
		call.length = map.size;
		call.vaddr = map.vaddr;
	} else if (cmd == TYPE1_UNMAP_DMA) {
		bpf_probe_read_user(&unmap, sizeof(unmap), (void *)arg);
		call.flags = unmap.flags;
		call.iova = unmap.iova;
		call.length = unmap.size;
	} else {
		read_dirty(&call, (void *)arg);
	}
	call.begin_ns = bpf_ktime_get_ns();
	if (!bpf_map_update_elem(&type1_calls, &tid, &call, BPF_NOEXIST))
		return 0;
	/* The map still has the previous call of this thread, or is full. */
	count(&counter->lost);
	bpf_map_update_elem(&type1_calls, &tid, &call, BPF_EXIST);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(type1_begin, void *iommu, unsigned int cmd, unsigned long arg)
{
	return on_begin(iommu, cmd, arg);
}

SEC("kprobe")
int BPF_KPROBE(type1_remote_begin)
{
	return on_remote_begin();
}

SEC("kprobe")
int BPF_KPROBE(type1_pin_begin, void *iommu, void *group, __u64 iova, int nr, int prot)
{
	return on_pin_begin(EVENT_type1_pin, iommu, iova, bytes_of(nr), prot);
}

SEC("kprobe")
int BPF_KPROBE(type1_unpin_begin, void *iommu, __u64 iova, int nr)
{
	return on_pin_begin(EVENT_type1_unpin, iommu, iova, bytes_of(nr), 0);
}

SEC("kprobe")
int BPF_KPROBE(type1_rw_begin, void *iommu, __u64 iova, void *data, __u64 length, __u64 write)
{
	return on_pin_begin(EVENT_type1_rw, iommu, iova, length, rw_flags(write));
}

/* Later a container may have the same address. */
SEC("kprobe")
int BPF_KPROBE(type1_release, void *iommu)
{
	__u64 address = (__u64)iommu;

	bpf_map_delete_elem(&foreign_ctxs, &address);
	return 0;
}

SEC("fentry/vfio_iommu_type1_ioctl")
int BPF_PROG(type1_entry, void *iommu, unsigned int cmd, unsigned long arg)
{
	return on_begin(iommu, cmd, arg);
}

SEC("fentry/vfio_pin_pages_remote")
int BPF_PROG(type1_remote_entry)
{
	return on_remote_begin();
}

SEC("fentry/vfio_iommu_type1_pin_pages")
int BPF_PROG(type1_pin_entry, void *iommu, void *group, __u64 iova, int nr, int prot)
{
	return on_pin_begin(EVENT_type1_pin, iommu, iova, bytes_of(nr), prot);
}

SEC("fentry/vfio_iommu_type1_unpin_pages")
int BPF_PROG(type1_unpin_entry, void *iommu, __u64 iova, int nr)
{
	return on_pin_begin(EVENT_type1_unpin, iommu, iova, bytes_of(nr), 0);
}

SEC("fentry/vfio_iommu_type1_dma_rw")
int BPF_PROG(type1_rw_entry, void *iommu, __u64 iova, void *data, __u64 length, __u64 write)
{
	return on_pin_begin(EVENT_type1_rw, iommu, iova, length, rw_flags(write));
}

#endif /* _TYPE1_BPF_H */
