// SPDX-License-Identifier: GPL-2.0-only
/*
 * All open contexts, and snapshots of their contents, for the iterators of kfunc.c.
 *
 * A context is in @contexts from the open of its file until the release, which removes it before
 * anything else. Contexts are freed after an RCU grace period, so a snapshot of a context needs
 * only RCU. A snapshot of an object or an area is an observer of the context: the release waits for
 * it before it destroys the first object. It does not hold the file, because then the close of
 * another process's context, which takes long, could be left to the tool. Nothing is held between
 * two snapshots. A snapshot that may sleep watches its IOAS: that delays the end of the IOAS, but
 * does not make IOMMU_DESTROY fail with EBUSY.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/wait.h>

#include "bpf/bpf.h"
#include "core/core.h"
#include "ioas/ioas.h"
#include "umem/umem.h"

/* A user decides how many there are, so its nodes are charged. */
static DEFINE_XARRAY_FLAGS(contexts, XA_FLAGS_ACCOUNT);
/* Ids are not reused until the counter wraps, so that a tool can tell two files apart. */
static atomic_t last_id;

/**
 * iommufd_state_add() - Make a new context visible to iterators
 * @ctx: the context, complete except for its id and its opener, which are set here
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_state_add(struct iommufd_ctx *ctx)
{
	struct iommufd_opener *opener = &ctx->opener;
	int ret;

	opener->tgid = current->tgid;
	opener->pid = get_pid(task_tgid(current));
	opener->uid = current_uid();
	get_task_comm(opener->comm, current);
	opener->cgroup = umem_cgroup_get();
	opener->cgroup_id = umem_cgroup_id(opener->cgroup);
	/* The counter wraps after 2^32 files; skip ids of files that are still open. */
	do {
		ctx->totals.ctx_id = atomic_inc_return(&last_id);
		ret = ctx->totals.ctx_id && ctx->totals.ctx_id != IOMMUFD_NONE ?
			      xa_insert(&contexts, ctx->totals.ctx_id, ctx, GFP_KERNEL_ACCOUNT) :
			      -EBUSY;
	} while (ret == -EBUSY);
	if (ret) {
		umem_cgroup_put(opener->cgroup);
		put_pid(opener->pid);
	}
	return ret;
}

/**
 * iommufd_state_remove() - Undo iommufd_state_add(), when the file is released
 * @ctx: the context
 *
 * Context: may sleep; waits for snapshots that have begun, which wait for no process.
 */
void iommufd_state_remove(struct iommufd_ctx *ctx)
{
	xa_erase(&contexts, ctx->totals.ctx_id);
	wait_event(ctx->idle, !atomic_read(&ctx->observers));
}

/**
 * iommufd_next_ctx() - Describe the next context
 * @after: id of the previous context, 0 for the first
 * @info: out: the description
 *
 * Context: any; takes no lock.
 * Return: false if there are no more contexts.
 */
bool iommufd_next_ctx(u32 after, struct iommufd_ctx_info *info)
{
	unsigned long id = after;
	struct iommufd_ctx *ctx;

	rcu_read_lock();
	ctx = xa_find_after(&contexts, &id, U32_MAX, XA_PRESENT);
	if (ctx)
		iommufd_ctx_snapshot(ctx, info);
	rcu_read_unlock();
	return ctx;
}

/* Look up a context and begin to observe it. Return NULL if it is gone. */
static struct iommufd_ctx *get_ctx(u32 id)
{
	struct iommufd_ctx *ctx;

	xa_lock(&contexts);
	ctx = xa_load(&contexts, id);
	/* Under the lock, because the release waits for observers once it has removed it. */
	if (ctx)
		atomic_inc(&ctx->observers);
	xa_unlock(&contexts);
	return ctx;
}

static void put_ctx(struct iommufd_ctx *ctx)
{
	/* RCU keeps the context: the release may go on as soon as the count is 0. */
	rcu_read_lock();
	if (atomic_dec_and_test(&ctx->observers))
		wake_up_all(&ctx->idle);
	rcu_read_unlock();
}

/**
 * iommufd_next_payer() - Describe the next payer of a context
 * @ctx_id: id of the context
 * @after: id of the previous payer, 0 for the first
 * @info: out: the description
 *
 * Context: may sleep.
 * Return: false if there are no more payers, or the context is gone.
 */
bool iommufd_next_payer(u32 ctx_id, u64 after, struct iommufd_payer_info *info)
{
	struct iommufd_ctx *ctx = get_ctx(ctx_id);
	bool ret;

	if (!ctx)
		return false;
	ret = iommufd_payer_snapshot_next(ctx, after, info);
	put_ctx(ctx);
	return ret;
}

/**
 * iommufd_next_object() - Describe the next object of a context
 * @ctx_id: id of the context
 * @type: the type of interest, or IOMMUFD_OBJ_ANY
 * @after: id of the previous object, 0 for the first
 * @info: out: the description
 *
 * Context: may sleep.
 * Return: false if there are no more objects, or the context is gone.
 */
bool iommufd_next_object(u32 ctx_id, u32 type, u32 after, struct iommufd_object_info *info)
{
	struct iommufd_ctx *ctx = get_ctx(ctx_id);
	bool ret;

	if (!ctx)
		return false;
	ret = iommufd_object_snapshot_next(ctx, type, after, info);
	put_ctx(ctx);
	return ret;
}

/* Look up an IOAS. It and its context are not freed before put_ioas(). */
static struct iommufd_ioas *get_ioas(u32 ctx_id, u32 ioas_id, struct iommufd_ctx **ctx)
{
	struct iommufd_object *obj;

	*ctx = get_ctx(ctx_id);
	if (!*ctx)
		return NULL;
	obj = iommufd_object_watch(*ctx, ioas_id, IOMMUFD_OBJ_IOAS);
	if (!obj) {
		put_ctx(*ctx);
		return NULL;
	}
	return container_of(obj, struct iommufd_ioas, obj);
}

static void put_ioas(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas)
{
	iommufd_object_watch_end(ctx, &ioas->obj);
	put_ctx(ctx);
}

/**
 * iommufd_next_areas() - Describe the next areas of an IOAS
 * @walk: the IOAS, and where to begin; out: where to go on
 * @areas: out: records of walk->size bytes
 * @max: number of records in @areas, not 0
 *
 * The IOAS is looked up once for all of them.
 *
 * Context: may sleep.
 * Return: the number of records; -ENOENT if the IOAS is gone.
 */
int iommufd_next_areas(struct iommufd_area_walk *walk, void *areas, unsigned int max)
{
	struct iommufd_ioas *ioas;
	struct iommufd_ctx *ctx;
	int n;

	ioas = get_ioas(walk->ctx, walk->ioas, &ctx);
	if (!ioas)
		return -ENOENT;
	n = iommufd_ioas_snapshot_areas(ioas, walk, areas, max);
	put_ioas(ctx, ioas);
	return n;
}

/**
 * iommufd_next_usable() - Find the next range of an IOAS that is not reserved
 * @ctx_id: id of the context
 * @ioas_id: id of the IOAS
 * @from: lowest IOVA of interest
 * @first: out: first IOVA of the range
 * @last: out: last IOVA of the range
 *
 * Context: may sleep.
 * Return: 0; -ENOENT if there are no more ranges, or the IOAS is gone.
 */
int iommufd_next_usable(u32 ctx_id, u32 ioas_id, u64 from, u64 *first, u64 *last)
{
	struct iommufd_ioas *ioas;
	struct iommufd_ctx *ctx;
	int ret;

	ioas = get_ioas(ctx_id, ioas_id, &ctx);
	if (!ioas)
		return -ENOENT;
	ret = iommufd_ioas_snapshot_usable(ioas, from, first, last);
	put_ioas(ctx, ioas);
	return ret;
}

/**
 * iommufd_ctx_pinned() - Get the memory pinned through a context
 * @id: id of the context
 *
 * Context: any; takes no lock.
 * Return: bytes, 0 if there is no such context.
 */
u64 iommufd_ctx_pinned(u32 id)
{
	struct iommufd_ctx *ctx;
	u64 pages = 0;

	rcu_read_lock();
	ctx = xa_load(&contexts, id);
	if (ctx)
		pages = atomic_long_read(&ctx->totals.pages);
	rcu_read_unlock();
	return pages << PAGE_SHIFT;
}

/**
 * iommufd_get_ctx_counts() - Get the counts of a context since it was opened
 * @id: id of the context
 * @info: out: the counts
 *
 * Context: any; takes no lock.
 * Return: false if there is no such context.
 */
bool iommufd_get_ctx_counts(u32 id, struct iommufd_ctx_counts *info)
{
	struct iommufd_ctx *ctx;

	rcu_read_lock();
	ctx = xa_load(&contexts, id);
	if (ctx)
		iommufd_ctx_counts_snapshot(ctx, info);
	rcu_read_unlock();
	return ctx;
}
