/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of the kernel's own (upstream) iommufd in progress: the ioctls' structs, and the state that
 * the programs at the start and at the end of a call share.
 *
 * The program at the start keeps a call's figures with its task, for the one at the end. The end of
 * a call that began before the programs were attached is ignored.
 */
#ifndef _UPSTREAM_CALL_BPF_H
#define _UPSTREAM_CALL_BPF_H

#include <bpf/bpf_helpers.h>

/* The ioctls' structs, which are fixed. */
struct upstream_map {
	__u32 size;
	__u32 flags;
	__u32 ioas;
	__u32 fd; /* of map_file */
	__u64 user_va; /* or the offset in the file */
	__u64 length;
	__u64 iova;
};

struct upstream_copy {
	__u32 size;
	__u32 flags;
	__u32 ioas;
	__u32 src_ioas;
	__u64 length;
	__u64 iova;
	__u64 src_iova;
};

struct upstream_unmap {
	__u32 size;
	__u32 ioas;
	__u64 iova;
	__u64 length;
};

struct upstream_dirty {
	__u32 size;
	__u32 hwpt;
	__u32 flags;
	__u32 reserved;
	__u64 iova;
	__u64 length;
	__u64 page_size;
};

struct upstream_alloc {
	__u32 size;
	__u32 flags;
	__u32 device;
	__u32 pt;
	__u32 hwpt;
	__u32 reserved;
	__u32 data_type;
};

struct upstream_invalidate {
	__u32 size;
	__u32 hwpt;
	__u64 data;
	__u32 type;
	__u32 entry_len;
	__u32 entries;
};

/* A call in progress. */
struct upstream_call {
	__u64 begin_ns; /* 0: there is none */
	__u64 part_ns; /* when the fill or the unfill began */
	__u64 pin_ns; /* when the pin began */
	__u64 fills_ns;
	__u64 pins_ns;
	__u64 npinned; /* of the pages before the fill or unfill */
	__u64 pages; /* pinned or unpinned */
	__u64 areas;
	__u64 bytes; /* of these areas */
	__u64 iova; /* as the caller gave it */
	__u64 length;
	__u32 id;
	__u32 old_id;
	/* Of the objects that are being destroyed by this thread: */
	__u32 ctx;
	__u32 aborts; /* they never had a user */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct upstream_call);
} upstream_calls SEC(".maps");

/* The call of the running thread. NULL: there is no memory. */
static __always_inline struct upstream_call *get_call(void)
{
	return bpf_task_storage_get(&upstream_calls, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* The call of the running thread, if the program at its start has run. */
static __always_inline struct upstream_call *current_call(void)
{
	struct upstream_call *call;

	call = bpf_task_storage_get(&upstream_calls, bpf_get_current_task_btf(), NULL, 0);
	return call && call->begin_ns ? call : NULL;
}

static __always_inline struct upstream_call *begin_call(void)
{
	struct upstream_call *call = get_call();

	if (!call)
		return NULL;
	call->fills_ns = 0;
	call->pins_ns = 0;
	call->pages = 0;
	call->areas = 0;
	call->bytes = 0;
	call->begin_ns = bpf_ktime_get_ns();
	return call;
}

/* End a call, and return its time. */
static __always_inline __u64 end_call(struct upstream_call *call)
{
	__u64 ns = bpf_ktime_get_ns() - call->begin_ns;

	call->begin_ns = 0;
	return ns;
}

static __always_inline __u32 caller(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline __s32 result(void *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return ret;
}

static __always_inline __u64 argument(void *ctx, __u32 n)
{
	__u64 value = 0;

	bpf_get_func_arg(ctx, n, &value);
	return value;
}

#endif /* _UPSTREAM_CALL_BPF_H */
