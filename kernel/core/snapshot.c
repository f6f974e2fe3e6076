// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of contexts and objects, for observation (bpf/state.c). They wait neither for user
 * memory nor for calls in progress.
 */
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>

#include "core/core.h"
#include "umem/umem.h"

/**
 * iommufd_ctx_snapshot() - Describe a context
 * @ctx: the context
 * @info: out: the description
 *
 * Context: any; takes no lock. The caller makes sure that @ctx is not freed.
 */
void iommufd_ctx_snapshot(const struct iommufd_ctx *ctx, struct iommufd_ctx_info *info)
{
	memset(info, 0, sizeof(*info));
	info->ctx = ctx->totals.ctx_id;
	info->tgid = ctx->opener.tgid;
	info->uid = __kuid_val(ctx->opener.uid);
	info->objects = READ_ONCE(ctx->nr_objects);
	info->cgroup = ctx->opener.cgroup_id;
	info->pinned = (u64)atomic_long_read(&ctx->totals.pages) << PAGE_SHIFT;
	info->process_accounting = READ_ONCE(ctx->account_mm);
	memcpy(info->comm, ctx->opener.comm, sizeof(info->comm));
}

static_assert(UMEM_TIMED_PAGES == IOMMUFD_TIMED_PAGES);

static u64 since_open(const struct umem_totals *totals, unsigned long time)
{
	/* A map that ended in the tick of the open may have read the clock before. */
	return jiffies64_to_nsecs(time_after(time, totals->opened) ? time - totals->opened : 0);
}

/* Add what one processor has counted. */
static void add_counts(struct iommufd_ctx_counts *info, const struct umem_counts *counts,
		       unsigned long *last_map)
{
	unsigned long last = READ_ONCE(counts->last_map);

	info->maps += READ_ONCE(counts->maps);
	info->maps_failed += READ_ONCE(counts->maps_failed);
	info->unmaps += READ_ONCE(counts->unmaps);
	info->unmaps_failed += READ_ONCE(counts->unmaps_failed);
	info->copies += READ_ONCE(counts->copies);
	info->copies_failed += READ_ONCE(counts->copies_failed);
	info->pinned += READ_ONCE(counts->pinned) << PAGE_SHIFT;
	info->unpinned += READ_ONCE(counts->unpinned) << PAGE_SHIFT;
	info->refused_policy += READ_ONCE(counts->refused_policy);
	info->refused_limit += READ_ONCE(counts->refused_limit);
	info->timed_pins += READ_ONCE(counts->timed_pins);
	info->timed_bytes += READ_ONCE(counts->timed_pages) << PAGE_SHIFT;
	info->pin_ns += READ_ONCE(counts->pin_ns);
	info->fill_ns += READ_ONCE(counts->fill_ns);
	if (last && (!*last_map || time_after(last, *last_map)))
		*last_map = last;
}

/**
 * iommufd_ctx_counts_snapshot() - Get the counts of a context since it was opened
 * @ctx: the context
 * @info: out: the counts
 *
 * Context: any; takes no lock. The caller makes sure that @ctx is not freed.
 */
void iommufd_ctx_counts_snapshot(const struct iommufd_ctx *ctx, struct iommufd_ctx_counts *info)
{
	const struct umem_totals *totals = &ctx->totals;
	unsigned long first = READ_ONCE(totals->first_map), last = 0;
	int cpu;

	memset(info, 0, sizeof(*info));
	info->ctx = totals->ctx_id;
	for_each_possible_cpu(cpu) add_counts(info, per_cpu_ptr(totals->counts, cpu), &last);
	info->age_ns = since_open(totals, jiffies);
	info->first_map_ns = first ? since_open(totals, first) : U64_MAX;
	/* The last map may have been counted, but not the first one yet. */
	info->last_map_ns = first ? since_open(totals, time_after(last, first) ? last : first) :
				    U64_MAX;
}

/**
 * iommufd_payer_snapshot_next() - Describe the next payer of a context
 * @ctx: the context
 * @after: id of the previous payer, 0 for the first
 * @info: out: the description
 *
 * Context: may sleep. The caller makes sure that @ctx is not released.
 * Return: false if there are no more payers.
 */
bool iommufd_payer_snapshot_next(struct iommufd_ctx *ctx, u64 after,
				 struct iommufd_payer_info *info)
{
	bool by_process = READ_ONCE(ctx->account_mm);
	struct umem_payer_state state;
	struct umem_owner *owner;

	if (!umem_next_payer(&ctx->totals, by_process, after, &state))
		return false;
	owner = state.owner;
	info->id = owner->id;
	info->cgroup = umem_cgroup_id(owner->cgroup);
	info->pinned = (u64)(state.charged + state.exempted) << PAGE_SHIFT;
	info->charged = (u64)state.charged << PAGE_SHIFT;
	info->limit = state.limit;
	info->used = (u64)state.used << PAGE_SHIFT;
	info->ctx = ctx->totals.ctx_id;
	info->tgid = owner->tgid;
	info->uid = __kuid_val(owner->tally->uid);
	info->flags = (state.last ? IOMMUFD_PAYER_LAST : 0) |
		      (state.alive ? IOMMUFD_PAYER_ALIVE : 0) |
		      (state.exempt ? IOMMUFD_PAYER_EXEMPT : 0) |
		      (by_process ? IOMMUFD_PAYER_BY_PROCESS : 0);
	memcpy(info->comm, state.comm, sizeof(info->comm));
	umem_owner_put(owner);
	return true;
}

static void object_snapshot(struct iommufd_ctx *ctx, const struct iommufd_object *obj,
			    struct iommufd_object_info *info)
{
	memset(info, 0, sizeof(*info));
	info->ctx = ctx->totals.ctx_id;
	info->id = obj->id;
	info->type = obj->type;
	info->parent = IOMMUFD_NONE;
	info->sbdf = IOMMUFD_NONE;
	info->group = IOMMUFD_NONE;
	info->attached = IOMMUFD_NONE;
	info->pasid = IOMMUFD_NONE;
	info->virt_pasid = IOMMUFD_NONE;
	info->vendor = IOMMUFD_NONE;
	info->product = IOMMUFD_NONE;
	info->pt = IOMMUFD_NONE;
	if (iommufd_object_type(obj)->info)
		iommufd_object_type(obj)->info(obj, info);
}

/**
 * iommufd_object_snapshot_next() - Describe the next object of a context
 * @ctx: the context
 * @type: the type of interest, or IOMMUFD_OBJ_ANY
 * @after: id of the previous object, 0 for the first
 * @info: out: the description
 *
 * Context: may sleep; takes the spinlock of ctx->objects for short sections.
 * Return: false if there are no more objects, or the caller is being killed.
 */
bool iommufd_object_snapshot_next(struct iommufd_ctx *ctx, u32 type, u32 after,
				  struct iommufd_object_info *info)
{
	XA_STATE(xas, &ctx->objects, (unsigned long)after + 1);
	struct iommufd_object *obj;
	unsigned int ids = 0;
	bool found = false;

	xas_lock(&xas);
	xas_for_each(&xas, obj, U32_MAX) {
		/* Neither reserved ids nor tombstones have an object. */
		if (!xas_retry(&xas, obj) && (type == IOMMUFD_OBJ_ANY || obj->type == type)) {
			object_snapshot(ctx, obj, info);
			found = true;
			break;
		}
		iommufd_walk_resched(&xas, &ids);
		if (fatal_signal_pending(current))
			break;
	}
	xas_unlock(&xas);
	return found;
}
