// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists contexts, their objects, the areas of one IOAS, and policies with the driver's iterators,
 * so that iommutop sees objects from before its start. User space runs the programs once per
 * interval. They put a record of each item into a ring buffer.
 *
 * A program ends when the buffer is full. User space empties the buffer and runs the program again,
 * which continues where it ended, so that no item is missed although the buffer is small. Items
 * that appear or disappear meanwhile may or may not be listed, but none is listed twice.
 *
 * The programs need CAP_SYS_ADMIN, because they call functions of a module. They are a separate
 * object, so that iommutop.bpf.c works without them. Fields are copied one by one: that needs no
 * helper, and CO-RE relocates each field to its place in the running module.
 */
#include "iommufd_policy.bpf.h"
#include <bpf/bpf_core_read.h>
#include "iommufd_state.h"
#include "iommufd_top.h"

#ifndef BPF_RB_NO_WAKEUP
#define BPF_RB_NO_WAKEUP 1
#endif

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} state SEC(".maps");

__u64 policies_cut; /* policies left out, because the buffer was full */

static __always_inline void *reserve(__u32 type, const __u32 size)
{
	struct top_record *record;

	record = bpf_ringbuf_reserve(&state, sizeof(*record) + size, 0);
	if (!record)
		return NULL;
	record->type = type;
	record->__pad = 0;
	return record;
}

/* Put a context into the buffer; false if it is full. */
static __always_inline bool put_ctx(const struct iommufd_ctx_info *info)
{
	struct iommufd_ctx_info *out;
	struct top_record *record;
	struct state_ctx *ctx;

	record = reserve(TOP_RECORD_CTX, sizeof(*ctx));
	if (!record)
		return false;
	ctx = (void *)record->data;
	out = &ctx->info;
	out->ctx = info->ctx;
	out->tgid = info->tgid;
	out->uid = info->uid;
	out->objects = info->objects;
	out->cgroup = info->cgroup;
	out->pinned = info->pinned;
	out->process_accounting = info->process_accounting;
	out->__pad = 0;
	__builtin_memcpy(out->comm, info->comm, sizeof(out->comm));
	__builtin_memset(&ctx->counts, 0, sizeof(ctx->counts));
	__builtin_memset(&ctx->container, 0, sizeof(ctx->container));
	/* Older modules lack it. If the context was closed just now, its counts stay 0. */
	if (bpf_ksym_exists(iommufd_ctx_counts))
		iommufd_ctx_counts(info->ctx, &ctx->counts, sizeof(ctx->counts));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline bool put_payer(const struct iommufd_payer_info *info)
{
	struct iommufd_payer_info *out;
	struct top_record *record;

	record = reserve(TOP_RECORD_PAYER, sizeof(*out));
	if (!record)
		return false;
	out = (void *)record->data;
	out->id = info->id;
	out->cgroup = info->cgroup;
	out->pinned = info->pinned;
	out->charged = info->charged;
	out->limit = info->limit;
	out->used = info->used;
	out->ctx = info->ctx;
	out->tgid = info->tgid;
	out->uid = info->uid;
	out->flags = info->flags;
	__builtin_memcpy(out->comm, info->comm, sizeof(out->comm));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline bool put_object(const struct iommufd_object_info *info)
{
	struct iommufd_object_info *out;
	struct top_record *record;

	record = reserve(TOP_RECORD_OBJECT, sizeof(*out));
	if (!record)
		return false;
	out = (void *)record->data;
	out->ctx = info->ctx;
	out->id = info->id;
	out->type = info->type;
	out->parent = info->parent;
	out->sbdf = info->sbdf;
	out->group = info->group;
	out->attached = info->attached;
	out->pasids = info->pasids;
	out->pasid = info->pasid;
	out->virt_pasid = info->virt_pasid;
	out->vendor = info->vendor;
	out->product = info->product;
	out->areas = info->areas;
	out->mapped = info->mapped;
	out->pinned = info->pinned;
	out->runs = info->runs;
	__builtin_memcpy(out->name, info->name, sizeof(out->name));
	/* Older modules lack this field. */
	out->pt = bpf_core_field_exists(info->pt) ? info->pt : IOMMUFD_NONE;
	out->huge = bpf_core_field_exists(info->huge) ? info->huge : IOMMUFD_NONE;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return true;
}

/* Report a context that was closed while it was listed; false if the buffer is full. */
static __always_inline bool put_closed(__u32 ctx)
{
	struct top_record *record;

	record = reserve(TOP_RECORD_CLOSED, sizeof(__u64));
	if (!record)
		return false;
	record->data[0] = ctx;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline bool is_closed(__u32 ctx)
{
	__u64 first_count = 0;

	/* Older modules lack it. */
	return bpf_ksym_exists(iommufd_ctx_counts) &&
	       iommufd_ctx_counts(ctx, (void *)&first_count, sizeof(first_count));
}

/* Put the payers of a context into the buffer; false if it is full. */
static __always_inline bool walk_payers(struct top_walk *walk, __u32 ctx)
{
	__u64 last = walk->payer;
	struct iommufd_payer_info *info;

	/* Older modules do not report them. */
	if (!bpf_ksym_exists(bpf_iter_iommufd_payer_new))
		return true;
	walk->has_payers = 1;
	bpf_for_each(iommufd_payer, info, ctx) {
		if (info->id <= last)
			continue;
		if (!put_payer(info))
			return false;
		walk->payer = info->id;
	}
	return true;
}

SEC("syscall")
int walk(struct top_walk *walk)
{
	__u32 object = walk->object, first = walk->ctx, in_ctx = walk->in_ctx;
	struct iommufd_object_info *info;
	struct iommufd_ctx_info *ctx;

	walk->done = 0;
	bpf_for_each(iommufd_ctx, ctx) {
		if (ctx->ctx < first)
			continue;
		/* The walk before this one may have ended in this context, or in a closed one. */
		if (in_ctx && ctx->ctx != first) {
			if (!put_closed(first))
				return 0;
			in_ctx = 0;
		}
		if (!in_ctx) {
			walk->ctx = ctx->ctx;
			walk->in_ctx = 0;
			if (!put_ctx(ctx))
				return 0;
			walk->in_ctx = 1;
			walk->payer = 0;
			walk->in_objects = 0;
			object = 0;
			walk->object = 0;
		}
		if (!walk->in_objects) {
			if (!walk_payers(walk, ctx->ctx))
				return 0;
			walk->in_objects = 1;
		}
		bpf_for_each(iommufd_object, info, ctx->ctx, IOMMUFD_INFO_ANY) {
			if (info->id <= object)
				continue;
			if (!put_object(info))
				return 0;
			walk->object = info->id;
		}
		if (is_closed(ctx->ctx) && !put_closed(ctx->ctx))
			return 0;
		object = 0;
		in_ctx = 0;
	}
	if (in_ctx && !put_closed(first))
		return 0;
	walk->done = 1;
	return 0;
}

SEC("syscall")
int list_policies(void *unused)
{
	struct iommufd_policy_info *info, *out;
	struct top_record *record;

	bpf_for_each(iommufd_policy, info) {
		record = reserve(TOP_RECORD_POLICY, sizeof(*out));
		if (!record) {
			policies_cut++;
			continue;
		}
		out = (void *)record->data;
		out->id = info->id;
		out->link_id = info->link_id;
		out->hooks = info->hooks;
		out->flags = info->flags;
		out->priority = info->priority;
		out->last_hook = info->last_hook;
		out->last_ret = info->last_ret;
		out->last_tgid = info->last_tgid;
		out->cgroup = info->cgroup;
		__builtin_memcpy(out->name, info->name, sizeof(out->name));
		__builtin_memcpy(out->reason, info->reason, sizeof(out->reason));
		__builtin_memcpy(out->counts, info->counts, sizeof(out->counts));
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	}
	return 0;
}

/* The areas of a step, which user space reads with mmap(): 64 bytes are not worth a copy. */
struct iommufd_area_info areas[TOP_AREAS];

/* Only for an IOAS that is shown, because the cost grows with the number of areas. */
SEC("syscall")
int walk_areas(struct top_area_walk *walk)
{
	struct iommufd_area_walk own = {
		.ctx = walk->ctx,
		.ioas = walk->ioas,
		.from = walk->from,
		.flags = walk->below ? IOMMUFD_WALK_BELOW : 0,
		.size = walk->size,
	};
	int nr;

	walk->nr = 0;
	walk->done = TOP_UNKNOWN;
	/* Older modules lack it. */
	if (!bpf_ksym_exists(iommufd_list_areas))
		return 0;
	nr = iommufd_list_areas(&own, areas, sizeof(areas));
	walk->done = nr < 0 || own.done;
	if (nr > 0)
		walk->nr = nr;
	walk->from = own.from;
	walk->below = 0;
	return 0;
}

/* The ranges that are not reserved. Older modules do not report them. */
SEC("syscall")
int walk_usable(struct top_area_walk *walk)
{
	__u64 range[2] = {};
	struct top_area *out;
	int i;

	walk->done = TOP_UNKNOWN;
	if (!bpf_ksym_exists(iommufd_usable_range))
		return 0;
	for (i = 0; i < TOP_MAX_RANGES; i++) {
		if (iommufd_usable_range(walk->ctx, walk->ioas, walk->from, range, sizeof(range)))
			break;
		out = bpf_ringbuf_reserve(&state, sizeof(*out), 0);
		if (!out)
			break;
		out->iova = range[0];
		out->length = range[1] - range[0] + 1;
		bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
		walk->from = range[1] + 1;
		if (!walk->from)
			break;
	}
	walk->done = i < TOP_MAX_RANGES ? 1 : TOP_UNKNOWN;
	return 0;
}

/* Find the first area that ends at an address or above. */
static __always_inline bool first_area(__u32 ctx, __u32 ioas, __u64 from, struct top_area *area,
				       __u32 *prot, __u64 *since_ns)
{
	struct iommufd_area_info *info;

	bpf_for_each(iommufd_area, info, ctx, ioas, from) {
		area->iova = info->iova;
		area->length = info->length;
		*prot = info->prot;
		/* Older modules lack this field. */
		*since_ns = bpf_core_field_exists(info->since_ns) ? info->since_ns : 0;
		return true;
	}
	return false;
}

/* A search for the last area that ends in [low, high]. */
struct search {
	__u32 ctx;
	__u32 ioas;
	__u64 low;
	__u64 high;
	__u64 addr;
	struct top_area found; /* length 0: none so far */
};

/* Halve the range. */
static int step_search(__u32 i, struct search *search)
{
	__u64 middle = search->low + (search->high - search->low) / 2;
	struct top_area area;
	__u64 since_ns;
	__u32 prot;

	if (first_area(search->ctx, search->ioas, middle, &area, &prot, &since_ns) &&
	    area.iova < search->addr && area.iova + area.length - 1 < search->addr) {
		search->found = area;
		search->low = area.iova + area.length;
		return search->low > search->high;
	}
	if (middle == search->low)
		return 1;
	search->high = middle - 1;
	return 0;
}

/*
 * Find the area at an address, and the nearest ones. There is no iterator to lower addresses, so
 * search for the area below by halves, in at most 64 steps.
 */
SEC("syscall")
int find_area(struct top_area_find *find)
{
	struct search search = { .ctx = find->ctx, .ioas = find->ioas, .addr = find->addr };
	struct top_area area;
	__u64 since_ns;
	__u32 prot;

	find->is_inside = 0;
	find->has_above = 0;
	find->has_below = 0;
	if (first_area(search.ctx, search.ioas, search.addr, &area, &prot, &since_ns)) {
		if (area.iova <= search.addr) {
			find->inside = area;
			find->is_inside = 1;
			find->prot = prot;
			find->since_ns = since_ns;
		} else {
			find->above = area;
			find->has_above = 1;
		}
	}
	if (!search.addr)
		return 0;
	search.high = search.addr - 1;
	bpf_loop(64, step_search, &search, 0);
	find->below = search.found;
	find->has_below = search.found.length;
	return 0;
}
