// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop's programs for VFIO type1, which has no tracepoints: fentry and fexit programs on its
 * functions. They count with the functions of iommutop.bpf.c, which is therefore included; its own
 * programs, on our tracepoints, are not loaded from this object. User space lets both objects share
 * their maps. It needs CAP_SYS_ADMIN, because it uses the BTF of a module.
 *
 * A container is a context with one IOAS, see iommufd_foreign.h. A call is timed as a whole, and so
 * is each pin in it: the rest of a map is the time that it took to fill page tables.
 */
#include "iommutop.bpf.c"
#include <bpf/bpf_tracing.h>
#include "foreign.bpf.h"
#include "type1_ioctl.bpf.h"

/* With this flag a call changes only the address in the process. */
#define TYPE1_FLAG_VADDR (1u << 2)

const volatile bool has_pins; /* the programs at pins are attached */

/* A call in progress. */
struct type1_call {
	__u64 begin_ns; /* 0: there is none */
	__u64 pin_ns; /* when the pin began */
	__u64 pins_ns;
	__u64 pages; /* pinned */
	__u64 iova; /* as the caller gave it */
	__u64 length;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct type1_call);
} type1_calls SEC(".maps");

static __always_inline struct type1_call *current_call(void)
{
	struct type1_call *call;

	call = bpf_task_storage_get(&type1_calls, bpf_get_current_task_btf(), NULL, 0);
	return call && call->begin_ns ? call : NULL;
}

/* ---- containers ---- */

SEC("fexit/vfio_iommu_type1_open")
int BPF_PROG(t1_open, unsigned long type)
{
	struct args_ctx_open args = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	if (!ret || ((__s64)ret < 0 && (__s64)ret >= -4095))
		return 0;
	args.ctx = number_of_ctx(ret);
	/* With a filter, user space has to know the processes of each context. */
	if (sizes_by_ctx)
		send(ctx, EVENT_ctx_open, &args, EVENT_NR_ARGS(ctx_open));
	return 0;
}

SEC("fentry/vfio_iommu_type1_release")
int BPF_PROG(t1_release, void *iommu)
{
	__u64 address = (__u64)iommu;

	bpf_map_delete_elem(&foreign_ctxs, &address);
	return 0;
}

/* ---- calls ---- */

SEC("fentry/vfio_iommu_type1_ioctl")
int BPF_PROG(t1_begin, void *iommu, unsigned int cmd, unsigned long arg)
{
	struct type1_unmap unmap = {};
	struct type1_map map = {};
	struct type1_call *call;

	if (cmd != TYPE1_MAP_DMA && cmd != TYPE1_UNMAP_DMA)
		return 0;
	call = bpf_task_storage_get(&type1_calls, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call) {
		count(&uncounted);
		return 0;
	}
	call->begin_ns = 0;
	if (cmd == TYPE1_MAP_DMA) {
		bpf_probe_read_user(&map, sizeof(map), (void *)arg);
		if (map.flags & TYPE1_FLAG_VADDR)
			return 0;
		call->iova = map.iova;
		call->length = map.size;
	} else {
		bpf_probe_read_user(&unmap, sizeof(unmap), (void *)arg);
		if (unmap.flags & TYPE1_FLAG_VADDR)
			return 0;
		call->iova = unmap.iova;
		call->length = unmap.size;
	}
	call->pins_ns = 0;
	call->pages = 0;
	call->begin_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("fentry/vfio_pin_pages_remote")
int BPF_PROG(t1_pin_begin)
{
	struct type1_call *call = current_call();

	if (call)
		call->pin_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/vfio_pin_pages_remote")
int BPF_PROG(t1_pin_end)
{
	struct type1_call *call = current_call();
	__u64 ret = 0;

	if (!call)
		return 0;
	call->pins_ns += bpf_ktime_get_ns() - call->pin_ns;
	bpf_get_func_ret(ctx, &ret);
	if ((__s64)ret > 0)
		call->pages += ret;
	return 0;
}

static __always_inline void end_map(const struct type1_call *call, __u32 nr, __u64 ns, __s32 ret)
{
	struct args_ioas_map args = {
		.ctx = nr,
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.ioas = FOREIGN_TYPE1_IOAS,
		.iova = call->iova,
		.length = call->length,
		.pages = call->pages,
		.ret = (__u32)ret,
	};

	/* Without a page table nothing is pinned or filled, and 0 means not done. */
	if (call->pages || !has_pins) {
		args.pin_ns = call->pins_ns;
		args.map_ns = ns - call->pins_ns;
	}
	count_map(&args);
}

static __always_inline void end_unmap(void *ctx, const struct type1_call *call, __u32 nr, __u64 ns,
				      __s32 ret, unsigned long arg)
{
	struct args_ioas_unmap args = {
		.ctx = nr,
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.ioas = FOREIGN_TYPE1_IOAS,
		.iova = call->iova,
		.length = call->length,
		.ns = ns,
		.ret = (__u32)ret,
	};
	struct type1_unmap unmap = {};

	/* The driver writes the length only if it succeeds. */
	if (!ret)
		bpf_probe_read_user(&unmap, sizeof(unmap), (void *)arg);
	args.unmapped = unmap.size;
	count_unmap(ctx, &args);
}

SEC("fexit/vfio_iommu_type1_ioctl")
int BPF_PROG(t1_end, void *iommu, unsigned int cmd, unsigned long arg)
{
	struct type1_call *call, own;
	__u64 ret = 0, ns;
	__u32 nr;

	if (cmd != TYPE1_MAP_DMA && cmd != TYPE1_UNMAP_DMA)
		return 0;
	call = current_call();
	if (!call)
		return 0;
	own = *call;
	call->begin_ns = 0;
	ns = bpf_ktime_get_ns() - own.begin_ns;
	bpf_get_func_ret(ctx, &ret);
	nr = number_of_ctx((__u64)iommu);
	if (cmd == TYPE1_MAP_DMA)
		end_map(&own, nr, ns, ret);
	else
		end_unmap(ctx, &own, nr, ns, ret, arg);
	return 0;
}
