// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: ids, references and destruction. core.h describes the life of an object.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "core/core.h"
#include "trace/emit.h"

/* Set once at module load: this folder must not know the types. */
static const struct iommufd_object_type_info *object_types __ro_after_init;

/**
 * iommufd_object_init() - make the types of objects known
 * @types: one entry for each value of enum iommufd_object_type
 */
void __init iommufd_object_init(const struct iommufd_object_type_info *types)
{
	object_types = types;
}

/**
 * iommufd_object_type() - get the description of an object's type
 * @obj: the object
 *
 * Return: the entry of its type.
 */
const struct iommufd_object_type_info *iommufd_object_type(const struct iommufd_object *obj)
{
	return &object_types[obj->type];
}

/**
 * iommufd_object_alloc_size() - allocate an object that is not visible yet
 * @ctx: the context it will be in
 * @size: of the struct that begins with the struct iommufd_object, in bytes
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

	/* A zero entry reserves the id; look-ups see NULL. */
	ret = xa_alloc(&ctx->objects, &obj->id, XA_ZERO_ENTRY, xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (ret) {
		kfree(obj);
		return ERR_PTR(ret);
	}
	return obj;
}

/**
 * iommufd_object_count_calls() - count the calls on an object per processor
 * @obj: not visible yet
 * @calls: the start of per-CPU memory, which is freed with the object
 */
void iommufd_object_count_calls(struct iommufd_object *obj, unsigned int __percpu *calls)
{
	obj->cpu_calls = calls;
}

static void free_counted(struct iommufd_late *late)
{
	struct iommufd_object *obj = container_of(late, struct iommufd_object, late);

	free_percpu(obj->cpu_calls);
	kfree(obj);
}

/* Look-ups without a lock may still read the object, and count a call that they take back. */
static void free_memory(struct iommufd_object *obj)
{
	if (obj->cpu_calls)
		iommufd_free_late(&obj->late, free_counted);
	else
		kfree_rcu(obj, rcu);
}

/**
 * iommufd_object_finalize() - make an object visible
 * @ctx: its context
 * @obj: user space may use and destroy it from now on, unless the caller holds a reference
 */
void iommufd_object_finalize(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	iommufd_trace(object_alloc, ctx->totals.ctx_id, current->tgid, obj->id, obj->type);
	xa_lock(&ctx->objects);
	ctx->nr_objects++;
	/* Cannot fail: the entry exists. */
	WARN_ON(__xa_store(&ctx->objects, obj->id, obj, 0));
	xa_unlock(&ctx->objects);
}

/**
 * iommufd_object_abort() - free an object that was not finalized
 * @ctx: its context
 * @obj: the caller has undone everything else
 */
void iommufd_object_abort(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	WARN_ON(xa_erase(&ctx->objects, obj->id));
	free_memory(obj);
}

/**
 * iommufd_object_abort_and_destroy() - destroy an object that is complete, but was not finalized
 * @ctx: its context
 * @obj: the object
 */
void iommufd_object_abort_and_destroy(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	object_types[obj->type].destroy(obj);
	iommufd_object_abort(ctx, obj);
}

static void object_free(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	iommufd_trace(object_destroy, ctx->totals.ctx_id, current->tgid, obj->id, obj->type);
	object_types[obj->type].destroy(obj);
	free_memory(obj);
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
	obj = xa_load(&ctx->objects, id);
	if (!obj || (type != IOMMUFD_OBJ_ANY && obj->type != type) || !iommufd_object_tryget(obj))
		obj = ERR_PTR(-ENOENT);
	else if (obj->cpu_calls && !ctx->recent)
		WRITE_ONCE(ctx->recent, obj);
	xa_unlock(&ctx->objects);
	return obj;
}

/**
 * iommufd_object_get_counted() - the same, for a type whose calls are counted per processor
 * @ctx: the context
 * @id: its id
 * @type: its type
 *
 * Writes to no cache line that other processors use, unless the object is being destroyed. Without
 * preemption, the object and its counts stay until an RCU grace period has ended. A count that was
 * too late is taken back on the same processor, so that close_calls() never sees less than the
 * calls in progress.
 *
 * Return: as iommufd_object_get().
 */
struct iommufd_object *iommufd_object_get_counted(struct iommufd_ctx *ctx, u32 id,
						  enum iommufd_object_type type)
{
	struct iommufd_object *obj;

	preempt_disable();
	obj = READ_ONCE(ctx->recent);
	if (unlikely(!obj || obj->id != id))
		obj = xa_load(&ctx->objects, id);
	if (likely(obj && obj->type == type)) {
		__this_cpu_inc(*obj->cpu_calls);
		/* Count, then look; pairs with close_calls(). */
		smp_mb();
		if (likely(!READ_ONCE(obj->closed))) {
			preempt_enable();
			return obj;
		}
		__this_cpu_dec(*obj->cpu_calls);
	}
	preempt_enable();
	/* There is none, or it is closed, perhaps for a moment only. */
	return iommufd_object_get(ctx, id, type);
}

/* Remove an object from the table, after which its id may be reused. The xarray is locked. */
static void object_erase(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	WARN_ON(__xa_erase(&ctx->objects, obj->id) != obj);
	ctx->nr_objects--;
	if (ctx->recent == obj)
		WRITE_ONCE(ctx->recent, NULL);
	if (ctx->vfio_ioas == obj)
		ctx->vfio_ioas = NULL;
}

/*
 * Let no call begin that is counted per processor. Returns false, and leaves the object open, if
 * there is one. The xarray is locked, so a call that finds the object closed waits for the result.
 */
static bool close_calls(struct iommufd_object *obj)
{
	unsigned int calls = 0;
	int cpu;

	WRITE_ONCE(obj->closed, true);
	/* Close, then look; pairs with iommufd_object_get_counted(). */
	smp_mb();
	for_each_possible_cpu(cpu) calls += READ_ONCE(*per_cpu_ptr(obj->cpu_calls, cpu));
	if (calls)
		WRITE_ONCE(obj->closed, false);
	/* See all that the last call did, such as new users; pairs with iommufd_object_put(). */
	smp_mb();
	return !calls;
}

/* Remove an object from the table if only the table refers to it. The xarray is locked. */
static bool unlink_unused(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	if (obj->cpu_calls && !close_calls(obj))
		return false;
	if (!refcount_dec_if_one(&obj->users)) {
		WRITE_ONCE(obj->closed, false);
		return false;
	}
	object_erase(ctx, obj);
	return true;
}

/**
 * iommufd_object_put() - end a call on an object
 * @ctx: its context
 * @obj: from iommufd_object_get() or iommufd_object_tryget()
 *
 * Destroys the object if iommufd_object_unref_unlink() found this call still using it.
 *
 * Context: no lock is held that the destroy() of a type with such objects takes.
 */
void iommufd_object_put(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	bool last = false;

	if (obj->cpu_calls) {
		/* What the call did is seen by close_calls(), which waits for no call. */
		smp_mb();
		this_cpu_dec(*obj->cpu_calls);
		return;
	}
	/*
	 * Drop @users before @calls: the waiter frees the object once @calls is 0. The table still
	 * holds a reference, so @users does not become 0 here.
	 */
	refcount_dec(&obj->users);
	/* Pairs with iommufd_object_unref_unlink(): it sees the put, or we see @transient. */
	smp_mb__after_atomic();
	if (unlikely(READ_ONCE(obj->transient))) {
		xa_lock(&ctx->objects);
		last = unlink_unused(ctx, obj);
		xa_unlock(&ctx->objects);
	}
	/* atomic_dec_and_test() is the full barrier that waitqueue_active() needs. */
	if (atomic_dec_and_test(&obj->calls) && waitqueue_active(&ctx->idle))
		wake_up_all(&ctx->idle);
	if (unlikely(last))
		iommufd_object_destroy_unlinked(ctx, obj);
}

/**
 * iommufd_object_watch() - look up an object and delay its destruction, without a reference
 * @ctx: the context, whose release waits for the caller
 * @id: its id
 * @type: its type
 *
 * IOMMU_DESTROY then waits for iommufd_object_watch_end(); it does not fail with -EBUSY.
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
 * @obj: from iommufd_object_watch()
 */
void iommufd_object_watch_end(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	/* See iommufd_object_put(). */
	if (atomic_dec_and_test(&obj->calls) && waitqueue_active(&ctx->idle))
		wake_up_all(&ctx->idle);
}

/* A call drops its reference before it decrements @calls, so it may still touch the object. */
static void wait_for_calls(struct iommufd_ctx *ctx, struct iommufd_object *obj)
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
	else if (!unlink_unused(ctx, obj))
		ret = -EBUSY;
	xa_unlock(&ctx->objects);
	if (!ret)
		iommufd_object_destroy_unlinked(ctx, obj);
	return ret;
}

/**
 * iommufd_object_unref_unlink() - drop a reference, and unlink the object if it was the last
 * @ctx: its context
 * @obj: finalized
 *
 * For objects that go with their last user. If only calls use the object now, the last of them
 * destroys it: the caller must not wait for them, because they may wait for user memory.
 *
 * Return: true if the object was unlinked. The caller then passes it to
 * iommufd_object_destroy_unlinked(), once it holds no lock that its destroy() takes.
 */
bool iommufd_object_unref_unlink(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	bool last;

	xa_lock(&ctx->objects);
	WRITE_ONCE(obj->transient, true);
	refcount_dec(&obj->users);
	/* Order @transient before the test of @users; pairs with iommufd_object_put(). */
	smp_mb__after_atomic();
	last = unlink_unused(ctx, obj);
	xa_unlock(&ctx->objects);
	return last;
}

/**
 * iommufd_object_unlink() - make an object invisible to user space
 * @ctx: its context
 * @obj: finalized, and kept from being freed by a lock of the caller
 *
 * Leave a tombstone: the id is not reused before the file is closed, because user space does not
 * know yet that the object is gone.
 *
 * Return: false if another thread is destroying the object already. Otherwise the caller passes it
 * to iommufd_object_destroy_unlinked(), once it holds no lock that its destroy() takes.
 */
bool iommufd_object_unlink(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	bool mine;

	xa_lock(&ctx->objects);
	mine = xa_load(&ctx->objects, obj->id) == obj;
	if (mine) {
		__xa_store(&ctx->objects, obj->id, XA_ZERO_ENTRY, 0);
		ctx->nr_objects--;
	}
	xa_unlock(&ctx->objects);
	return mine;
}

/* Wait until only the table's reference is left, and drop it. Returns false if one is leaked. */
static bool wait_for_users(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	while (!wait_event_timeout(ctx->idle, refcount_dec_if_one(&obj->users), 60 * HZ)) {
		bool calls = atomic_read(&obj->calls);

		/* The last call may have ended just now. */
		if (refcount_dec_if_one(&obj->users))
			break;
		/* Leak the object, because the holder of the lost reference may still use it. */
		if (WARN(!calls, "object %u was released by its driver while in use\n", obj->id))
			return false;
		pr_warn_ratelimited(
			"iommufd: the destruction of object %u waits for a call on it, which waits for user memory\n",
			obj->id);
	}
	return true;
}

/**
 * iommufd_object_destroy_unlinked() - destroy an object that was unlinked
 * @ctx: its context
 * @obj: only calls still use it
 *
 * Context: waits for calls on the object, which end by themselves.
 */
void iommufd_object_destroy_unlinked(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	/* Once @users is 0 no call can begin, not even one that needs no look-up. */
	if (refcount_read(&obj->users) && !wait_for_users(ctx, obj))
		return;
	wait_for_calls(ctx, obj);
	object_free(ctx, obj);
}

/**
 * iommufd_object_destroy_owned() - destroy an object that the calling driver made
 * @ctx: its context
 * @obj: only the driver, the table and calls use it
 *
 * Context: waits for calls on the object, which end by themselves.
 */
void iommufd_object_destroy_owned(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	/* Unlink first: IOMMU_DESTROY must not find the object without the driver's reference. */
	xa_lock(&ctx->objects);
	object_erase(ctx, obj);
	xa_unlock(&ctx->objects);
	refcount_dec(&obj->users);
	iommufd_object_destroy_unlinked(ctx, obj);
}

/**
 * iommufd_object_destroy_all() - destroy the objects of a file that is being closed
 * @ctx: no call can begin any more, and no driver has an object in it
 *
 * Destroy objects without users first, which leaves others without users, until none is left.
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

			/* A process decides how many objects there are. */
			cond_resched();
			xa_lock(&ctx->objects);
			last = unlink_unused(ctx, obj);
			xa_unlock(&ctx->objects);
			if (!last)
				continue;
			object_free(ctx, obj);
			progress = true;
		}
	} while (progress);
	/* Only tombstones are left. */
	id = 0;
	WARN_ON(xa_find(&ctx->objects, &id, ULONG_MAX, XA_PRESENT));
	xa_destroy(&ctx->objects);
}
