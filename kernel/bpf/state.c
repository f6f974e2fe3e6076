// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at contexts from outside: all of them, what is in each, and areas of address spaces, one
 * after the other, as snapshots. For the iterators of kfunc.c.
 *
 * All contexts are in a table by their number, which the file's release takes them out of before
 * anything else. Contexts are looked at under RCU. For what is in them the file is held for one
 * snapshot; between two steps nothing is held. An object that is looked at for longer than a lock
 * can be held is kept from being freed, but not in use: nobody finds it busy for that.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/pci.h>

#include "bpf/bpf.h"
#include "core/core.h"
#include "ioas/ioas.h"
#include "umem/owner.h"

static DEFINE_XARRAY(contexts);
/* Numbers of contexts are not given again soon, so that a tool can tell two files apart. */
static atomic_t last_id;

/**
 * iommufd_info_open() - a new context can be looked at
 * @ctx: complete, but for its number, and who opened it, which are settled here
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_info_open(struct iommufd_ctx *ctx)
{
	struct iommufd_opener *opener = &ctx->opener;
	int ret;

	opener->tgid = current->tgid;
	opener->uid = current_uid();
	get_task_comm(opener->comm, current);
	opener->cgroup = umem_cgroup_get();
	opener->cgroup_id = umem_cgroup_id(opener->cgroup);
	/* Numbers go round after 2^32 files, and one may be open that long. */
	do {
		ctx->totals.ctx_id = atomic_inc_return(&last_id);
		ret = ctx->totals.ctx_id && ctx->totals.ctx_id != IOMMUFD_NONE ?
			      xa_insert(&contexts, ctx->totals.ctx_id, ctx, GFP_KERNEL_ACCOUNT) :
			      -EBUSY;
	} while (ret == -EBUSY);
	if (ret)
		umem_cgroup_put(opener->cgroup);
	return ret;
}

/**
 * iommufd_info_close() - a context is on its way out
 * @ctx: the context; nobody looks at it on return
 */
void iommufd_info_close(struct iommufd_ctx *ctx)
{
	xa_erase(&contexts, ctx->totals.ctx_id);
}

/**
 * iommufd_next_ctx() - the next context
 * @after: number of the one before, 0 for the first
 * @info: out
 *
 * Context: any; takes no lock.
 * Return: false if there are no more.
 */
bool iommufd_next_ctx(u32 after, struct iommufd_ctx_info *info)
{
	unsigned long id = after;
	struct iommufd_ctx *ctx;

	rcu_read_lock();
	ctx = xa_find_after(&contexts, &id, U32_MAX, XA_PRESENT);
	if (ctx) {
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
	rcu_read_unlock();
	return ctx;
}

/* The context with a number, with a reference on its file; NULL if it is gone. */
static struct iommufd_ctx *get_ctx(u32 id)
{
	struct iommufd_ctx *ctx;

	xa_lock(&contexts);
	ctx = xa_load(&contexts, id);
	/* In the table the file is not freed, but it may be on its way out. */
	if (ctx && !atomic_long_inc_not_zero(&ctx->file->f_count))
		ctx = NULL;
	xa_unlock(&contexts);
	return ctx;
}

static void fill_object(struct iommufd_ctx *ctx, const struct iommufd_object *obj,
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
 * iommufd_next_object() - the next object of a context
 * @ctx_id: the context
 * @type: a type, or IOMMUFD_OBJ_ANY
 * @after: id of the one before, 0 for the first
 * @info: out
 *
 * Context: may sleep.
 * Return: false if there are no more, or the context is gone.
 */
bool iommufd_next_object(u32 ctx_id, u32 type, u32 after, struct iommufd_object_info *info)
{
	struct iommufd_ctx *ctx = get_ctx(ctx_id);
	struct iommufd_object *obj;
	unsigned long id = after;

	if (!ctx)
		return false;
	xa_lock(&ctx->objects);
	do {
		obj = xa_find_after(&ctx->objects, &id, U32_MAX, XA_PRESENT);
	} while (obj && type != IOMMUFD_OBJ_ANY && obj->type != type);
	if (obj)
		fill_object(ctx, obj, info);
	xa_unlock(&ctx->objects);
	fput(ctx->file);
	return obj;
}

static const u32 kinds[] = {
	[UMEM_USER] = IOMMUFD_MEMORY_USER,
	[UMEM_FILE] = IOMMUFD_MEMORY_FILE,
	[UMEM_DMABUF] = IOMMUFD_MEMORY_DMABUF,
};

static void fill_area(const struct iopt_area *area, struct iommufd_area_info *info)
{
	const struct umem *umem = area->umem;

	memset(info, 0, sizeof(*info));
	info->iova = area->start;
	info->length = iopt_area_length(area);
	info->start = umem->uptr + iopt_area_byte(area, area->start);
	info->prot = (area->prot & IOMMU_READ ? IOMMUFD_PROT_READ : 0) |
		     (area->prot & IOMMU_WRITE ? IOMMUFD_PROT_WRITE : 0);
	info->kind = kinds[umem->kind];
	info->runs = READ_ONCE(area->runs);
	/* Memory of files may change its owner just now. */
	rcu_read_lock();
	info->tgid = READ_ONCE(umem->owner)->tgid;
	rcu_read_unlock();
}

/*
 * An IOAS whose areas and ranges stay as they are until unlock_ioas(). May sleep. Returns NULL with
 * *ret: -ENOENT if there is no such IOAS, -EINTR if killed.
 */
static struct iommufd_ioas *lock_ioas(u32 ctx_id, u32 ioas_id, struct iommufd_ctx **ctx, int *ret)
{
	struct iommufd_object *obj;
	struct iommufd_ioas *ioas;

	*ret = -ENOENT;
	*ctx = get_ctx(ctx_id);
	if (!*ctx)
		return NULL;
	obj = iommufd_object_watch(*ctx, ioas_id, IOMMUFD_OBJ_IOAS);
	if (!obj)
		goto out_put_ctx;
	ioas = container_of(obj, struct iommufd_ioas, obj);
	*ret = down_read_killable(&ioas->iopt.lock);
	if (!*ret)
		return ioas;
	iommufd_object_watch_end(*ctx, obj);
out_put_ctx:
	fput((*ctx)->file);
	return NULL;
}

static void unlock_ioas(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas)
{
	up_read(&ioas->iopt.lock);
	iommufd_object_watch_end(ctx, &ioas->obj);
	fput(ctx->file);
}

/**
 * iommufd_next_area() - the next area of an IOAS
 * @ctx_id: the context
 * @ioas_id: the IOAS
 * @from: lowest address of interest
 * @info: out: the first area that ends at @from or above
 *
 * Context: may sleep: waits for accesses that read or write the address space. Never called with
 * locks of an address space held.
 * Return: 0; -ENOENT if there are no more, or the IOAS is gone; -EINTR if killed.
 */
int iommufd_next_area(u32 ctx_id, u32 ioas_id, u64 from, struct iommufd_area_info *info)
{
	struct iommufd_ioas *ioas;
	struct iommufd_ctx *ctx;
	struct iopt_area *area;
	int ret;

	ioas = lock_ioas(ctx_id, ioas_id, &ctx, &ret);
	if (!ioas)
		return ret;
	/*
	 * Also one that is being filled: a policy has agreed to it, and devices may reach it soon.
	 */
	area = iopt_find(&ioas->iopt, from);
	if (area)
		fill_area(area, info);
	unlock_ioas(ctx, ioas);
	return area ? 0 : -ENOENT;
}

/**
 * iommufd_next_usable() - the next range of an IOAS that is not reserved
 * @ctx_id: the context
 * @ioas_id: the IOAS
 * @from: lowest address of interest
 * @first: out
 * @last: out
 *
 * Context: as iommufd_next_area().
 * Return: as iommufd_next_area().
 */
int iommufd_next_usable(u32 ctx_id, u32 ioas_id, u64 from, u64 *first, u64 *last)
{
	unsigned long start, end;
	struct iommufd_ioas *ioas;
	struct iommufd_ctx *ctx;
	bool found;
	int ret;

	ioas = lock_ioas(ctx_id, ioas_id, &ctx, &ret);
	if (!ioas)
		return ret;
	found = iopt_next_usable(&ioas->iopt, from, &start, &end);
	unlock_ioas(ctx, ioas);
	if (!found)
		return -ENOENT;
	*first = start;
	*last = end;
	return 0;
}

/**
 * iommufd_ctx_pinned() - what is pinned through a context
 * @id: its number
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
