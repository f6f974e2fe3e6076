/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core: contexts, objects and their ids, ioctl arguments, event queues, mmap().
 *
 * A context is one open file of /dev/iommu. Everything in it is an object with an id in
 * ctx->objects. All folders above this one in Kbuild's order may use these functions. This folder
 * does not know the types of objects: main/types.c registers them.
 *
 * Life of an object:
 *
 *	alloc		an id is reserved, and look-ups do not find it
 *	finalize	the object is visible; until then abort frees it
 *	get, put	begin and end a call on it
 *	ref, unref	another object, a file or a driver uses it
 *	watch		destruction waits for it, but IOMMU_DESTROY does not fail with -EBUSY
 *	unlink		remove it from ctx->objects; a driver's unlink leaves a tombstone,
 *			so that the id is not reused while user space believes that it has the
 *			object
 *	destroy		wait for the calls, undo the work of the type, free it
 *
 * An object has two counters, which are only raised under the lock of ctx->objects or by a caller
 * that holds a reference already, so an unlinked object gets no new ones:
 *
 *	users	1 for the table, for each object that needs it (a HWPT needs its IOAS, an
 *		attached device its HWPT), for a driver that made it, and for each call in
 *		progress
 *	calls	the calls in progress
 *
 * An IOAS counts its calls per processor instead, in cpu_calls, because every map and unmap is one,
 * and threads that map at once shall not wait for each other's cache lines. Its look-ups take no
 * lock. Whoever removes it from ctx->objects first closes it, and opens it again if there are
 * calls, so IOMMU_DESTROY knows exactly whether there are, as for other objects. Only IOMMU_DESTROY
 * and the end of the file remove an IOAS.
 *
 * IOMMU_DESTROY unlinks an object only if the table is its last user, and fails with -EBUSY
 * otherwise. Only the driver destroys an object that it made. This destruction cannot fail: it
 * waits for calls, which end by themselves. An automatic HWPT is destroyed by its last unref. A
 * close() of the file, which comes after the last call and the last driver, destroys users before
 * the objects they use. Each bound device and each access holds the file open, so no object
 * outlives its context.
 *
 * Lock order, outermost first. While you hold a lock, take only locks that stand below it:
 *
 *	policies_lock		changes of the array of policies; not held while a program runs.
 *				Taken before the kernel's locks of module parameters and of
 *				static keys (cpu_hotplug_lock, jump_label_mutex)
 *	policies_srcu		the memory of policies, held for reading while they run, which
 *				may sleep. Take it before every lock below; policies take only
 *				the spinlocks of snapshots: contexts, ctx->objects and
 *				iopt->tree_lock
 *	ctx->change_lock	IOMMU_IOAS_CHANGE_PROCESS, which locks all IOASes of the context
 *	access->lock		the IOAS that an access is attached to
 *	ioas->hwpts_lock	the HWPTs of an IOAS; held while an automatic one is made
 *	ctx->pool_lock		numbers from the system-wide PASID pool, and notifications
 *				of them
 *	ctx->pasid_chain	its rwsem, held for reading while notifiers of PASIDs run
 *	group->lock		attachments and PASIDs of an IOMMU group
 *	viommu->veventqs_rwsem	the event queues of a virtual IOMMU
 *	iopt->tables_lock	the page tables of an address space, see iopt/iopt.h
 *	iopt->lock		its areas and ranges. To read areas, iopt->tables_lock for
 *				writing is enough
 *	umem->lock		users, runs and accounting of memory, see umem/umem.h
 *	grants_lock		reservations of memory while they are made
 *	fault->lock		page requests between read and response
 *	sva_queue->lock		page requests that the kernel resolves
 *	msi_lock		the MSI page of a domain
 *	ctx->groups_lock	the list of groups
 *	ctx->mmaps		spinlock of the maple tree
 *	ctx->objects		spinlock of the xarray
 *	iopt->tree_lock		spinlock: changes of an address space that snapshots see
 *	eventq->lock		spinlock: events that are not read yet
 *	owners_lock		spinlock: the owners of pinned memory and their tallies
 *	totals->lock		spinlock: the payers of a context
 *	user_works, policy->last_lock, history_lock, reports_lock, users_lock, pins->lock
 *				spinlocks; no lock is taken inside
 *	contexts, iopt->accesses, viommu->vdevs
 *				spinlocks of xarrays; no lock is taken inside
 *
 * Outside of this order: table->dirty_lock is taken before iopt->lock, never together with
 * iopt->tables_lock (iopt/dirty.c). The mmap_lock of a process is taken inside umem->lock.
 * exporters_lock is taken before a dma-buf's reservation lock, and that, which is the exporter's,
 * before the umem->lock of a dma-buf. hook_lock of the test hook and the lock of a list of IOMMU
 * drivers (device/device.h) are leaves.
 *
 * A process can hold back its memory for as long as it likes (userfaultfd). A call that waits for
 * it holds one of these sets of locks:
 *
 *	tables_lock, umem->lock		a map pins
 *	hwpts_lock, tables_lock, umem->lock	a page table is added
 *	access->lock, iopt->lock, umem->lock	an access pins or copies
 *	dirty_lock, iopt->lock		GET_DIRTY_BITMAP reports
 *
 * All of them belong to one context, so only other calls on that context wait as well. A detach
 * takes the page table out of the IOMMU before it waits for them, and nothing waits for them under
 * group->lock, which the detach needs (attach/group.c). Observers and policies take none of them.
 */
#ifndef _IOMMUFD_CORE_H
#define _IOMMUFD_CORE_H

#include <linux/iommufd.h>
#include <linux/iommufd_driver.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>
#include <uapi/linux/iommufd_ext.h>
#include <uapi/linux/iommufd_new.h>

#include <iommufd_policy.h>

#include "umem/umem.h"

struct cgroup;
struct pid;
struct seq_file;

/**
 * struct iommufd_opener - the process that opened a file of /dev/iommu, as it was then
 * @tgid: its id in the initial PID namespace
 * @pid: its ids in all PID namespaces, referenced
 * @uid: its user
 * @cgroup: its cgroup (version 2), referenced; or NULL
 * @cgroup_id: id of @cgroup
 * @comm: name of the thread
 */
struct iommufd_opener {
	pid_t tgid;
	struct pid *pid;
	kuid_t uid;
	struct cgroup *cgroup;
	u64 cgroup_id;
	char comm[TASK_COMM_LEN];
};

/**
 * struct iommufd_ctx - one open file of /dev/iommu
 * @file: the file, whose references count the context's
 * @objects: objects by id; devices have the mark IOMMUFD_IS_DEVICE
 * @recent: an object in @objects whose calls are counted per processor, often the next one that is
 *	looked up; changed under the lock of @objects, read under RCU
 * @idle: woken when the last call on an object ends, and when @observers is 0
 * @groups_lock: protects @groups and their counters
 * @groups: struct iommufd_group of the bound devices
 * @account_mm: charge pinned memory to processes, not users; only set while @objects is empty
 * @vfio_ioas: the IOAS that VFIO's container ioctls use; under the lock of @objects
 * @no_iommu: a VFIO no-IOMMU device is attached; under the lock of @objects
 * @mmaps: struct iommufd_mmap by mmap() offset, see core/mmap.c
 * @change_lock: held by IOMMU_IOAS_CHANGE_PROCESS
 * @virt_pasids: PASIDs by device id and virtual PASID, see attach/pasid_map.c
 * @pt_pasids: PASIDs by device id and attached object, see attach/pasid_map.c
 * @pasid_chain: notified when a PASID appears, changes or goes
 * @pool_lock: protects @pool and @pool_virt
 * @pool: struct iommufd_pool_pasid, the context's numbers of the system-wide pool
 * @pool_virt: the same by virtual PASID
 * @opener: the process that opened the file
 * @nr_objects: number of objects in @objects; under its lock
 * @totals: memory pinned through this context, the context's id, and its counts
 * @observers: snapshots in progress, see bpf/state.c; the release of the file waits for them
 * @late: bpf/state.c looks at contexts under RCU, so they are freed after a grace period
 */
struct iommufd_ctx {
	struct file *file;
	struct xarray objects;
	struct iommufd_object *recent;
	wait_queue_head_t idle;
	struct mutex groups_lock; /* groups */
	struct list_head groups;
	bool account_mm;
	struct iommufd_object *vfio_ioas;
	bool no_iommu;
	struct maple_tree mmaps;
	struct mutex change_lock; /* ioas->change_item */
	struct xarray virt_pasids;
	struct xarray pt_pasids;
	struct blocking_notifier_head pasid_chain;
	struct mutex pool_lock; /* pool, pool_virt */
	struct xarray pool;
	struct xarray pool_virt;
	struct iommufd_opener opener;
	unsigned int nr_objects;
	struct umem_totals totals;
	atomic_t observers;
	struct iommufd_late late;
};

/**
 * struct iommufd_object_type_info - a type of object
 * @name: name in fdinfo
 * @destroy: undo the making of the object; called after unlink, before its memory is freed
 * @show: print the fields after the name in fdinfo; called under a spinlock
 * @info: fill in the description for iterators; called under a spinlock; may be NULL
 */
struct iommufd_object_type_info {
	const char *name;
	void (*destroy)(struct iommufd_object *obj);
	void (*show)(struct seq_file *m, const struct iommufd_object *obj);
	void (*info)(const struct iommufd_object *obj, struct iommufd_object_info *info);
};

/* late.c */
void iommufd_free_late(struct iommufd_late *late, void (*free)(struct iommufd_late *late));
void iommufd_late_exit(void);

/* object.c */
void iommufd_object_init(const struct iommufd_object_type_info *types);
const struct iommufd_object_type_info *iommufd_object_type(const struct iommufd_object *obj);
void *iommufd_object_alloc_size(struct iommufd_ctx *ctx, size_t size,
				enum iommufd_object_type type);
void iommufd_object_count_calls(struct iommufd_object *obj, unsigned int __percpu *calls);
void iommufd_object_finalize(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_abort(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_abort_and_destroy(struct iommufd_ctx *ctx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ctx, u32 id,
					  enum iommufd_object_type type);
struct iommufd_object *iommufd_object_get_counted(struct iommufd_ctx *ctx, u32 id,
						  enum iommufd_object_type type);
void iommufd_object_put(struct iommufd_ctx *ctx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_watch(struct iommufd_ctx *ctx, u32 id,
					    enum iommufd_object_type type);
void iommufd_object_watch_end(struct iommufd_ctx *ctx, struct iommufd_object *obj);
int iommufd_object_destroy(struct iommufd_ctx *ctx, u32 id);
bool iommufd_object_unref_unlink(struct iommufd_ctx *ctx, struct iommufd_object *obj);
bool iommufd_object_unlink(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_destroy_unlinked(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_destroy_owned(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_destroy_all(struct iommufd_ctx *ctx);

/**
 * iommufd_object_tryget() - begin a call on an object
 * @obj: in ctx->objects, whose lock is held; or, unless its calls are counted per processor, kept
 *	from being freed by other means
 *
 * Return: false if the object is being destroyed.
 */
static inline bool iommufd_object_tryget(struct iommufd_object *obj)
{
	if (obj->cpu_calls) {
		/* Under the lock, objects in ctx->objects are open. */
		this_cpu_inc(*obj->cpu_calls);
		return true;
	}
	if (!refcount_inc_not_zero(&obj->users))
		return false;
	atomic_inc(&obj->calls);
	return true;
}

/* Drop the reference of an object's user; others remain. */
static inline void iommufd_object_unref(struct iommufd_object *obj)
{
	refcount_dec(&obj->users);
}

/* Take a reference for a user of an object; the caller holds one already. */
static inline void iommufd_object_ref(struct iommufd_object *obj)
{
	refcount_inc(&obj->users);
}

/* @member is the struct iommufd_object at the start of @ptr's type. */
#define iommufd_object_alloc(ctx, ptr, type, member) \
	({ \
		static_assert(offsetof(typeof(*(ptr)), member) == 0); \
		(typeof(ptr))iommufd_object_alloc_size(ctx, sizeof(*(ptr)), type); \
	})

/*
 * Drop the lock of ctx->objects after each 64 ids of a walk, tombstones included, and let others
 * run: every call on the context needs the lock, and a process decides how many ids there are.
 */
static inline void iommufd_walk_resched(struct xa_state *xas, unsigned int *ids)
{
	if (++*ids % 64)
		return;
	xas_pause(xas);
	xas_unlock(xas);
	cond_resched();
	xas_lock(xas);
}

/**
 * struct iommufd_ucmd - an ioctl in progress
 * @ctx: the context
 * @ubuffer: the struct in user memory
 * @user_size: its size in user space, in bytes
 * @cmd: a copy of the size that the kernel knows
 */
struct iommufd_ucmd {
	struct iommufd_ctx *ctx;
	void __user *ubuffer;
	u32 user_size;
	void *cmd;
};

/* Copy the struct back to user space, but no more than user space knows of it. */
static inline int iommufd_ucmd_respond(struct iommufd_ucmd *ucmd, size_t size)
{
	if (copy_to_user(ucmd->ubuffer, ucmd->cmd, min_t(size_t, ucmd->user_size, size)))
		return -EFAULT;
	return 0;
}

/* Copy an array to user space, but no more than fits. */
static inline int iommufd_copy_array(u64 uptr, u32 room, const void *array, u32 num, size_t size)
{
	if (copy_to_user(u64_to_user_ptr(uptr), array, min(room, num) * size))
		return -EFAULT;
	return 0;
}

/* memcg.c */
struct mem_cgroup *iommufd_memcg_get(void);
void iommufd_memcg_put(struct mem_cgroup *memcg);
void *iommufd_memcg_alloc(struct mem_cgroup *memcg, size_t size);

/* context.c */
void iommufd_set_importer(struct device *dev);
struct device *iommufd_importer(void);

/* snapshot.c */
void iommufd_ctx_snapshot(const struct iommufd_ctx *ctx, struct iommufd_ctx_info *info);
void iommufd_ctx_counts_snapshot(const struct iommufd_ctx *ctx, struct iommufd_ctx_counts *info);
bool iommufd_payer_snapshot_next(struct iommufd_ctx *ctx, u64 after,
				 struct iommufd_payer_info *info);
bool iommufd_object_snapshot_next(struct iommufd_ctx *ctx, u32 type, u32 after,
				  struct iommufd_object_info *info);

/* mmap.c */
int iommufd_fops_mmap(struct file *file, struct vm_area_struct *vma);

#endif
