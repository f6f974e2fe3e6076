// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: ids, references, and the end of an object; the rules stand in iommufd_private.h.
 *
 * An object is made in two steps. iommufd_object_alloc() reserves an id that nobody can look up.
 * When all that can fail has been done, iommufd_object_finalize() makes it visible; until then
 * iommufd_object_abort() takes it back.
 */
#include <linux/slab.h>

#include <trace/events/iommufd.h>

#include "pasid.h"

const struct iommufd_object_type_info iommufd_object_types[IOMMUFD_OBJ_TYPES] = {
	[IOMMUFD_OBJ_IOAS] = {
		.name = "ioas",
		.destroy = iommufd_ioas_destroy,
		.show = iommufd_ioas_show,
		.info = iommufd_ioas_info,
	},
	[IOMMUFD_OBJ_HWPT_PAGING] = {
		.name = "hwpt",
		.destroy = iommufd_hwpt_paging_destroy,
		.show = iommufd_hwpt_paging_show,
		.info = iommufd_hwpt_paging_info,
	},
	[IOMMUFD_OBJ_DEVICE] = {
		.name = "device",
		.destroy = iommufd_device_destroy,
		.show = iommufd_device_show,
		.info = iommufd_device_info,
	},
	[IOMMUFD_OBJ_ACCESS] = {
		.name = "access",
		.destroy = iommufd_access_destroy_object,
		.show = iommufd_access_show,
	},
	[IOMMUFD_OBJ_HWPT_NESTED] = {
		.name = "nested",
		.destroy = iommufd_hwpt_nested_destroy,
		.show = iommufd_hwpt_nested_show,
		.info = iommufd_hwpt_nested_info,
	},
	[IOMMUFD_OBJ_FAULT] = {
		.name = "fault",
		.destroy = iommufd_fault_destroy,
		.show = iommufd_fault_show,
	},
	[IOMMUFD_OBJ_VIOMMU] = {
		.name = "viommu",
		.destroy = iommufd_viommu_destroy,
		.show = iommufd_viommu_show,
	},
	[IOMMUFD_OBJ_VDEVICE] = {
		.name = "vdevice",
		.destroy = iommufd_vdevice_destroy,
		.show = iommufd_vdevice_show,
	},
	[IOMMUFD_OBJ_VEVENTQ] = {
		.name = "veventq",
		.destroy = iommufd_veventq_destroy,
		.show = iommufd_veventq_show,
	},
	[IOMMUFD_OBJ_HW_QUEUE] = {
		.name = "hw_queue",
		.destroy = iommufd_hw_queue_destroy,
		.show = iommufd_hw_queue_show,
	},
	[IOMMUFD_OBJ_TEST] = {
		.name = "test",
		.destroy = iommufd_test_destroy,
		.show = iommufd_test_show,
	},
	[IOMMUFD_OBJ_PASID] = {
		.name = "pasid",
		.destroy = iommufd_pasid_destroy,
		.show = iommufd_pasid_show,
		.info = iommufd_pasid_info,
	},
	[IOMMUFD_OBJ_SVA] = {
		.name = "sva",
		.destroy = iommufd_sva_destroy,
		.show = iommufd_sva_show,
	},
	[IOMMUFD_OBJ_HWPT_SVA] = {
		.name = "hwpt_sva",
		.destroy = iommufd_hwpt_sva_destroy,
		.show = iommufd_hwpt_sva_show,
		.info = iommufd_hwpt_sva_info,
	},
};

/**
 * iommufd_object_alloc_size() - make an object that is not visible yet
 * @ctx: the context it will be in
 * @size: of the struct that begins with the struct iommufd_object
 * @type: its type
 *
 * Return: zeroed memory with the object filled in, or ERR_PTR(-ENOMEM).
 */
void *iommufd_object_alloc_size(struct iommufd_ctx *ctx, size_t size, enum iommufd_object_type type)
{
	struct iommufd_object *obj = kzalloc(size, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!obj)
		return ERR_PTR(-ENOMEM);
	refcount_set(&obj->users, 1);
	obj->type = type;

	/* A zero entry keeps the id, and is NULL to those who look it up. */
	ret = xa_alloc(&ctx->objects, &obj->id, XA_ZERO_ENTRY, xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (ret) {
		kfree(obj);
		return ERR_PTR(ret);
	}
	return obj;
}

/**
 * iommufd_object_finalize() - make an object visible
 * @ctx: its context
 * @obj: from now on others may use it, and destroy it unless the caller is a user
 */
void iommufd_object_finalize(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	trace_iommufd_object_alloc(ctx->totals.ctx_id, current->tgid, obj->id, obj->type);
	xa_lock(&ctx->objects);
	ctx->nr_objects++;
	/* Cannot fail: the entry is there. */
	WARN_ON(__xa_store(&ctx->objects, obj->id, obj, 0));
	xa_unlock(&ctx->objects);
}

/**
 * iommufd_object_abort() - take back an object that was not finalized
 * @ctx: its context
 * @obj: what else was done for it is undone already
 */
void iommufd_object_abort(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	WARN_ON(xa_erase(&ctx->objects, obj->id));
	kfree(obj);
}

static void object_free(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	trace_iommufd_object_destroy(ctx->totals.ctx_id, current->tgid, obj->id, obj->type);
	iommufd_object_types[obj->type].destroy(obj);
	kfree(obj);
}

/**
 * iommufd_object_get() - look up an object and begin a call on it
 * @ctx: the context
 * @id: its id
 * @type: its type, or IOMMUFD_OBJ_ANY
 *
 * Return: the object, to be returned by iommufd_object_put(); ERR_PTR(-ENOENT) if there is none
 * of this id and type.
 */
struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ctx, u32 id,
					  enum iommufd_object_type type)
{
	struct iommufd_object *obj;

	xa_lock(&ctx->objects);
	obj = ctx->recent;
	if (!obj || obj->id != id)
		obj = xa_load(&ctx->objects, id);
	if (!obj || (type != IOMMUFD_OBJ_ANY && obj->type != type) || !iommufd_object_tryget(obj))
		obj = ERR_PTR(-ENOENT);
	else
		ctx->recent = obj;
	xa_unlock(&ctx->objects);
	return obj;
}

/**
 * iommufd_object_put() - end a call on an object
 * @ctx: its context
 * @obj: not to be touched any more
 */
void iommufd_object_put(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	/*
	 * Users first: who waits for the calls frees the object. The table still is a user. The
	 * atomic operation is a full barrier, which waitqueue_active() needs.
	 */
	refcount_dec(&obj->users);
	if (atomic_dec_and_test(&obj->calls) && waitqueue_active(&ctx->idle))
		wake_up_all(&ctx->idle);
}

/**
 * iommufd_object_watch() - look up an object and keep it from being freed, without using it
 * @ctx: the context, whose file is held
 * @id: its id
 * @type: its type
 *
 * Who destroys it waits, and is not told that it is busy.
 *
 * Return: the object, for iommufd_object_watch_end(); NULL if there is none of this id and type.
 */
struct iommufd_object *iommufd_object_watch(struct iommufd_ctx *ctx, u32 id,
					    enum iommufd_object_type type)
{
	struct iommufd_object *obj;

	xa_lock(&ctx->objects);
	obj = xa_load(&ctx->objects, id);
	if (obj && obj->type == type)
		atomic_inc(&obj->calls);
	else
		obj = NULL;
	xa_unlock(&ctx->objects);
	return obj;
}

/**
 * iommufd_object_watch_end() - undo iommufd_object_watch()
 * @ctx: its context
 * @obj: not to be touched any more
 */
void iommufd_object_watch_end(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	if (atomic_dec_and_test(&obj->calls) && waitqueue_active(&ctx->idle))
		wake_up_all(&ctx->idle);
}

/* Nobody finds the object from now on; its id may be given again. The lock is held. */
static void object_erase(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	WARN_ON(__xa_erase(&ctx->objects, obj->id) != obj);
	ctx->nr_objects--;
	if (ctx->recent == obj)
		ctx->recent = NULL;
	if (obj->type == IOMMUFD_OBJ_IOAS && &ctx->vfio_ioas->obj == obj)
		ctx->vfio_ioas = NULL;
}

/* Take an object out of the table if nothing but the table uses it. The lock is held. */
static bool object_take_out(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	if (!refcount_dec_if_one(&obj->users))
		return false;
	object_erase(ctx, obj);
	return true;
}

/* A call that has dropped its use may not have counted itself out yet. */
static void object_wait(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	wait_event(ctx->idle, !atomic_read(&obj->calls));
}

/**
 * iommufd_object_destroy() - IOMMU_DESTROY
 * @ctx: the context
 * @id: of the object
 *
 * Return: 0; -ENOENT; -EBUSY while another object, a driver or a call uses it.
 */
int iommufd_object_destroy(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj;
	int ret = 0;

	xa_lock(&ctx->objects);
	obj = xa_load(&ctx->objects, id);
	if (!obj)
		ret = -ENOENT;
	else if (!object_take_out(ctx, obj))
		ret = -EBUSY;
	xa_unlock(&ctx->objects);
	if (!ret)
		iommufd_object_finish(ctx, obj);
	return ret;
}

/**
 * iommufd_object_drop_last() - end a use of an object that goes with its last use
 * @ctx: its context
 * @obj: finalized
 *
 * Return: true if it was the last. Then the object is out of the table, and the caller destroys it
 * with iommufd_object_finish() as soon as it holds no lock that the destruction takes.
 */
bool iommufd_object_drop_last(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	bool last;

	xa_lock(&ctx->objects);
	refcount_dec(&obj->users);
	last = object_take_out(ctx, obj);
	xa_unlock(&ctx->objects);
	return last;
}

/**
 * iommufd_object_finish() - destroy an object that iommufd_object_drop_last() took out
 * @ctx: its context
 * @obj: the object
 */
void iommufd_object_finish(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	object_wait(ctx, obj);
	object_free(ctx, obj);
}

/* Destroy an object that is out of the table as soon as its last user is gone. */
static void object_end(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	/* With the last user gone nobody can begin a call, not even one who did not look it up. */
	while (!wait_event_timeout(ctx->idle, refcount_dec_if_one(&obj->users), 60 * HZ)) {
		bool calls = atomic_read(&obj->calls);

		/* The last call may have ended just now. */
		if (refcount_dec_if_one(&obj->users))
			break;
		/* Who still needs it would use freed memory: better a leak. */
		if (WARN(!calls, "object %u was given back while in use\n", obj->id))
			return;
		pr_warn_ratelimited(
			"iommufd: object %u waits for a call on it, which waits for memory of user space\n",
			obj->id);
	}
	object_wait(ctx, obj);
	object_free(ctx, obj);
}

/**
 * iommufd_object_remove() - destroy an object that the calling driver made
 * @ctx: its context
 * @obj: the driver and the table are its only users, but for calls
 *
 * Context: waits for calls on the object, which end by themselves.
 */
void iommufd_object_remove(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	/* Out of the table first: IOMMU_DESTROY must not find it with the driver's use gone. */
	xa_lock(&ctx->objects);
	object_erase(ctx, obj);
	xa_unlock(&ctx->objects);
	refcount_dec(&obj->users);
	object_end(ctx, obj);
}

/**
 * iommufd_object_take() - take an object away from user space
 * @ctx: its context
 * @obj: finalized, and kept from being freed by a lock of the caller
 *
 * Its id is not given again before the file is closed: user space still believes to have it.
 *
 * Return: false if somebody else is destroying it. If true, the caller destroys it with
 * iommufd_object_end_taken() when it holds no lock that the destruction takes.
 */
bool iommufd_object_take(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	bool mine;

	xa_lock(&ctx->objects);
	mine = xa_load(&ctx->objects, obj->id) == obj;
	if (mine) {
		__xa_store(&ctx->objects, obj->id, XA_ZERO_ENTRY, 0);
		ctx->nr_objects--;
		if (ctx->recent == obj)
			ctx->recent = NULL;
	}
	xa_unlock(&ctx->objects);
	return mine;
}

/**
 * iommufd_object_end_taken() - destroy an object that iommufd_object_take() took
 * @ctx: its context
 * @obj: the object; nothing but calls uses it
 *
 * Context: waits for calls on the object, which end by themselves.
 */
void iommufd_object_end_taken(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	object_end(ctx, obj);
}

/**
 * iommufd_object_destroy_all() - when the file is closed
 * @ctx: nothing calls into it any more, and no driver has an object in it
 *
 * Objects without users go first, which leaves others without users, until none is left.
 */
void iommufd_object_destroy_all(struct iommufd_ctx *ctx)
{
	struct iommufd_object *obj;
	unsigned long id;
	bool progress;

	do {
		progress = false;
		xa_for_each(&ctx->objects, id, obj) {
			bool last;

			xa_lock(&ctx->objects);
			last = object_take_out(ctx, obj);
			xa_unlock(&ctx->objects);
			if (!last)
				continue;
			object_free(ctx, obj);
			progress = true;
		}
	} while (progress);
	/* What is left are ids of objects that were taken away. */
	id = 0;
	WARN_ON(xa_find(&ctx->objects, &id, ULONG_MAX, XA_PRESENT));
	xa_destroy(&ctx->objects);
}
