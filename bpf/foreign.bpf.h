/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of contexts whose driver gives them none: upstream's iommufd and VFIO type1. All programs
 * that observe such a driver share these maps.
 */
#ifndef _FOREIGN_BPF_H
#define _FOREIGN_BPF_H

#include "iommufd_foreign.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64); /* address of the context */
	__type(value, struct foreign_ctx);
} foreign_ctxs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* contexts so far */
} foreign_nr SEC(".maps");

/* Number a context. ctx has all members but nr. */
static __noinline __attribute__((unused)) __u32 add_ctx(__u64 address, struct foreign_ctx *ctx)
{
	const struct foreign_ctx *there;
	__u32 zero = 0, *nr;

	nr = bpf_map_lookup_elem(&foreign_nr, &zero);
	if (!nr || !ctx)
		return EVENT_NONE;
	ctx->nr = __sync_fetch_and_add(nr, 1) + 1;
	bpf_map_update_elem(&foreign_ctxs, &address, ctx, BPF_NOEXIST);
	/* Another processor may have been faster. */
	there = bpf_map_lookup_elem(&foreign_ctxs, &address);
	return there ? there->nr : EVENT_NONE;
}

/* Number a context that the running thread uses, or has just opened. */
static __noinline __u32 add_current_ctx(__u64 address)
{
	struct foreign_ctx ctx = {
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.uid = bpf_get_current_uid_gid(),
		.cgroup = bpf_get_current_cgroup_id(),
	};

	bpf_get_current_comm(ctx.comm, sizeof(ctx.comm));
	return add_ctx(address, &ctx);
}

static __always_inline __attribute__((unused)) __u32 number_of_ctx(__u64 address)
{
	const struct foreign_ctx *ctx = bpf_map_lookup_elem(&foreign_ctxs, &address);

	return ctx ? ctx->nr : add_current_ctx(address);
}

#endif /* _FOREIGN_BPF_H */
