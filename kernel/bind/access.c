// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACCESS objects: the in-kernel API for emulated devices (vfio's mediated devices), which reach
 * user memory by IOVA without an IOMMU.
 *
 * An access is attached to at most one IOAS. access->lock keeps it attached while pages are pinned,
 * unpinned or copied. During a change of the IOAS, @ioas is NULL so that nothing new is pinned, and
 * the driver unpins its pages from @unpin_ioas in its unmap callback, which runs without
 * access->lock.
 */
#include <linux/ktime.h>
#include <linux/seq_file.h>

#include "bind/bind.h"
#include "ioas/ioas.h"
#include "policy/policy.h"
#include "trace/emit.h"

/**
 * struct iommufd_access - ACCESS object
 * @obj: the object; the driver holds a reference until it destroys it
 * @ctx: its context
 * @ops: the driver's callbacks
 * @data: the driver's argument for them
 * @iopt_access: represents the access in the IOAS's iopt
 * @lock: protects the following members
 * @ioas: the IOAS for pins and copies, referenced; NULL if not attached or during a change
 * @unpin_ioas: the IOAS for unpins; differs from @ioas during a change only
 */
struct iommufd_access {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	const struct iommufd_access_ops *ops;
	void *data;
	struct iopt_access iopt_access;
	struct mutex lock;  /* ioas, unpin_ioas */
	struct iommufd_ioas *ioas;
	struct iommufd_ioas *unpin_ioas;
};

#define to_access(ptr) container_of(ptr, struct iommufd_access, iopt_access)

static bool access_get(struct iopt_access *iopt_access)
{
	return iommufd_object_tryget(&to_access(iopt_access)->obj);
}

static void access_put(struct iopt_access *iopt_access)
{
	struct iommufd_access *access = to_access(iopt_access);

	iommufd_object_put(access->ctx, &access->obj);
}

static void access_unmap(struct iopt_access *iopt_access, unsigned long iova, unsigned long length)
{
	struct iommufd_access *access = to_access(iopt_access);

	if (access->ops->unmap)
		access->ops->unmap(access->data, iova, length);
}

/*
 * Attach to an IOAS, or to none if @ioas is NULL. access->lock is held, and dropped for the
 * driver's callback.
 */
static int change_ioas(struct iommufd_access *access, struct iommufd_ioas *ioas)
{
	struct iommufd_ioas *old = access->ioas;
	u32 old_id = access->iopt_access.id;
	int ret;

	/* Another change is in progress. */
	if (old != access->unpin_ioas)
		return -EBUSY;
	if (old == ioas)
		return 0;

	if (ioas) {
		ret = iopt_add_access(&ioas->iopt, &access->iopt_access);
		if (ret) {
			access->iopt_access.id = old_id;
			return ret;
		}
		iommufd_object_ref(&ioas->obj);
	}
	access->ioas = NULL;
	if (old) {
		mutex_unlock(&access->lock);
		access_unmap(&access->iopt_access, 0, ULONG_MAX);
		mutex_lock(&access->lock);
		iopt_remove_access(&old->iopt, old_id);
		iommufd_object_unref(&old->obj);
	}
	access->ioas = ioas;
	access->unpin_ioas = ioas;
	return 0;
}

static int change_ioas_id(struct iommufd_access *access, u32 id)
{
	struct iommufd_ioas *ioas = iommufd_get_ioas(access->ctx, id);
	int ret;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = change_ioas(access, ioas);
	iommufd_object_put(access->ctx, &ioas->obj);
	return ret;
}

/**
 * iommufd_access_destroy_object() - detach an ACCESS whose object is being destroyed
 * @obj: the ACCESS; no call on it is in progress
 *
 * Context: may sleep; takes access->lock and calls the driver's unmap callback without it.
 */
void iommufd_access_destroy_object(struct iommufd_object *obj)
{
	struct iommufd_access *access = container_of(obj, struct iommufd_access, obj);

	mutex_lock(&access->lock);
	if (access->ioas)
		WARN_ON(change_ioas(access, NULL));
	mutex_unlock(&access->lock);
	mutex_destroy(&access->lock);
}

/**
 * iommufd_access_show() - show an ACCESS in fdinfo
 * @m: the file
 * @obj: the ACCESS
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_access_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_access *access = container_of(obj, struct iommufd_access, obj);

	seq_printf(m, " attached=%d", !!READ_ONCE(access->ioas));
}

/**
 * iommufd_access_create() - create an access
 * @ictx: the context
 * @ops: callbacks; ops->unmap is needed to pin pages, and is called without locks of iommufd
 * @data: argument for the callbacks
 * @id: out: id of the ACCESS object, for user space
 *
 * Context: may sleep.
 * Return: the access, for iommufd_access_destroy(); ERR_PTR(-ENOMEM); ERR_PTR(-EPERM) while a
 * policy that must be in force is missing.
 */
struct iommufd_access *iommufd_access_create(struct iommufd_ctx *ictx,
					     const struct iommufd_access_ops *ops, void *data,
					     u32 *id)
{
	struct iommufd_access *access = NULL;
	int ret = iommufd_policy_guard(&ictx->totals, IOMMUFD_HOOK_DEVICE_BIND);

	if (ret)
		return ERR_PTR(ret);
	access = iommufd_object_alloc(ictx, access, IOMMUFD_OBJ_ACCESS, obj);
	if (IS_ERR(access))
		return access;
	access->ctx = ictx;
	access->ops = ops;
	access->data = data;
	access->iopt_access.alignment = ops->needs_pin_pages ? PAGE_SIZE : 1;
	access->iopt_access.get = access_get;
	access->iopt_access.put = access_put;
	access->iopt_access.unmap = access_unmap;
	mutex_init(&access->lock);
	iommufd_object_ref(&access->obj);
	iommufd_ctx_get(ictx);
	*id = access->obj.id;
	iommufd_object_finalize(ictx, &access->obj);
	return access;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_create, "IOMMUFD");

/**
 * iommufd_access_destroy() - destroy an access
 * @access: not used any more; ops->unmap is called for the pages that it has pinned
 *
 * Context: may sleep; waits for running callbacks. None runs after it returned.
 */
void iommufd_access_destroy(struct iommufd_access *access)
{
	struct iommufd_ctx *ctx = access->ctx;

	iommufd_object_destroy_owned(ctx, &access->obj);
	iommufd_ctx_put(ctx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_destroy, "IOMMUFD");

/**
 * iommufd_access_attach() - attach an access to an IOAS
 * @access: not attached
 * @ioas_id: id of the IOAS
 *
 * Context: may sleep.
 * Return: 0; -ENOENT; -EINVAL if it is attached; -EADDRINUSE if the access needs areas to be page
 * aligned and one is not; -EBUSY if another change is in progress; -EPERM while a policy that must
 * be in force is missing.
 */
int iommufd_access_attach(struct iommufd_access *access, u32 ioas_id)
{
	int ret = iommufd_policy_guard(&access->ctx->totals, IOMMUFD_HOOK_DEVICE_ATTACH);

	if (ret)
		return ret;
	mutex_lock(&access->lock);
	if (WARN_ON(access->ioas))
		ret = -EINVAL;
	else
		ret = change_ioas_id(access, ioas_id);
	mutex_unlock(&access->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_attach, "IOMMUFD");

/**
 * iommufd_access_replace() - attach an access to another IOAS
 * @access: attached
 * @ioas_id: id of the new IOAS
 *
 * ops->unmap is called for all pages that the access has pinned.
 *
 * Context: may sleep.
 * Return: as iommufd_access_attach(); -ENOENT also if it is not attached.
 */
int iommufd_access_replace(struct iommufd_access *access, u32 ioas_id)
{
	int ret = iommufd_policy_guard(&access->ctx->totals, IOMMUFD_HOOK_DEVICE_ATTACH);

	if (ret)
		return ret;
	ret = -ENOENT;
	mutex_lock(&access->lock);
	if (access->ioas)
		ret = change_ioas_id(access, ioas_id);
	mutex_unlock(&access->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_replace, "IOMMUFD");

/**
 * iommufd_access_detach() - detach an access from its IOAS
 * @access: attached
 *
 * Context: may sleep; calls ops->unmap.
 */
void iommufd_access_detach(struct iommufd_access *access)
{
	mutex_lock(&access->lock);
	if (!WARN_ON(!access->ioas))
		WARN_ON(change_ioas(access, NULL));
	mutex_unlock(&access->lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_detach, "IOMMUFD");

static u32 ioas_id(const struct iommufd_ioas *ioas)
{
	return ioas ? ioas->obj.id : IOMMUFD_TRACE_NONE;
}

/**
 * iommufd_access_pin_pages() - pin the pages behind a range of IOVA
 * @access: the access; its ops have needs_pin_pages
 * @iova: first IOVA, page aligned
 * @length: length in bytes, a multiple of the page size
 * @out_pages: out: one pointer for each page
 * @flags: IOMMUFD_ACCESS_RW_WRITE if the pages will be written
 *
 * The pages stay pinned until iommufd_access_unpin_pages(), which ops->unmap may ask for.
 *
 * Context: may sleep for page faults of user memory.
 * Return: 0; -ENOENT if a part is not mapped or the access is not attached; or as iopt_pin_pages().
 */
int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **out_pages, unsigned int flags)
{
	u64 start = trace_iommufd_access_pin_enabled() ? ktime_get_ns() : 0;
	unsigned long last;
	int ret = iopt_last(iova, length, &last);

	mutex_lock(&access->lock);
	if (!ret && !access->ioas)
		ret = -ENOENT;
	if (!ret)
		ret = iopt_pin_pages(&access->ioas->iopt, iova, length, out_pages,
				     flags & IOMMUFD_ACCESS_RW_WRITE ? IOPT_PIN_WRITE : 0);
	iommufd_trace(access_pin, access->ctx->totals.ctx_id, current->tgid, access->obj.id,
		      ioas_id(access->ioas), iova, length, flags,
		      start ? ktime_get_ns() - start : 0, ret);
	mutex_unlock(&access->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_pin_pages, "IOMMUFD");

/**
 * iommufd_access_unpin_pages() - undo iommufd_access_pin_pages()
 * @access: the access
 * @iova: as given there
 * @length: as given there
 *
 * Context: may sleep.
 */
void iommufd_access_unpin_pages(struct iommufd_access *access, unsigned long iova,
				unsigned long length)
{
	u64 start = trace_iommufd_access_unpin_enabled() ? ktime_get_ns() : 0;

	mutex_lock(&access->lock);
	if (!WARN_ON(!access->unpin_ioas))
		iopt_unpin_pages(&access->unpin_ioas->iopt, iova, length, 0);
	iommufd_trace(access_unpin, access->ctx->totals.ctx_id, current->tgid, access->obj.id,
		      ioas_id(access->unpin_ioas), iova, length, 0,
		      start ? ktime_get_ns() - start : 0, 0);
	mutex_unlock(&access->lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_unpin_pages, "IOMMUFD");

/**
 * iommufd_access_rw() - copy between a kernel buffer and the memory behind a range of IOVA
 * @access: the access
 * @iova: first IOVA
 * @data: kernel buffer
 * @len: length in bytes
 * @flags: IOMMUFD_ACCESS_RW_WRITE to write; IOMMUFD_ACCESS_RW_KTHREAD has no effect
 *
 * Context: may sleep for page faults of user memory.
 * Return: 0; -ENOENT if a part is not mapped or the access is not attached; or as iopt_rw().
 */
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova, void *data, size_t len,
		      unsigned int flags)
{
	u64 start = trace_iommufd_access_rw_enabled() ? ktime_get_ns() : 0;
	unsigned long last;
	int ret = iopt_last(iova, len, &last);

	mutex_lock(&access->lock);
	if (!ret && !access->ioas)
		ret = -ENOENT;
	if (!ret)
		ret = iopt_rw(&access->ioas->iopt, iova, data, len,
			      flags & IOMMUFD_ACCESS_RW_WRITE);
	iommufd_trace(access_rw, access->ctx->totals.ctx_id, current->tgid, access->obj.id,
		      ioas_id(access->ioas), iova, len, flags, start ? ktime_get_ns() - start : 0,
		      ret);
	mutex_unlock(&access->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_rw, "IOMMUFD");
