/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommufd: objects, contexts and what the files of the uAPI layer share.
 *
 * Layers, each calling only downwards:
 *
 *	iommufd_	ids, ioctls, devices and groups, the in-kernel API (this header)
 *	iopt_		one address space: areas, places, page tables (iopt.h)
 *	umem_		memory: pinning, accounting, runs (umem.h)
 *
 * Objects. A context is one open file of /dev/iommu; everything in it is an object with an id in
 * ctx->objects. An object has two counts:
 *
 *	users	1 for its place in ctx->objects, 1 for each object that needs it (a HWPT needs its
 *		IOAS, an attached device its HWPT), 1 for a driver that made it, 1 for each call
 *		that works on it
 *	calls	of these, the calls that work on it now
 *
 * Both are taken under the lock of ctx->objects, so an object that is out of it gets no new ones.
 * IOMMU_DESTROY takes an object out only while nobody but the table uses it, and otherwise says
 * EBUSY. An object that a driver made is taken out by that driver, which cannot be refused:
 * iommufd_object_destroy_owned() waits for calls, which end by themselves. An automatic HWPT goes with its
 * last use, whoever has it. Closing the file, when neither
 * calls nor drivers are left, destroys users before what they use.
 *
 * Locks, outermost first; each is described where it is:
 *
 *	ctx->change_lock		one IOMMU_IOAS_CHANGE_PROCESS at a time, which locks all
 *					address spaces of the context
 *	access->lock			which address space an access looks at
 *	ioas->hwpts_lock		the HWPTs of an IOAS, and making automatic ones
 *	ctx->pool_lock			numbers of the system-wide pool of PASIDs
 *	group->lock			what a group of devices is attached to, and its PASIDs
 *	iopt->tables_lock, iopt->lock	see iopt.h
 *	umem->lock			see umem.h
 *	lock of ctx->objects		a spinlock; nothing is taken inside
 *	ctx->groups_lock		the list of groups; nothing is taken inside
 *
 * A file is kept open by each device and access bound to it, so a context outlives them all.
 */
#ifndef _IOMMUFD_CORE_H
#define _IOMMUFD_CORE_H

#include <linux/iommufd.h>
#include <linux/iommufd_driver.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
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
struct seq_file;

/**
 * struct iommufd_opener - who opened a file of /dev/iommu, as it was then
 * @tgid: the process, as the first namespace has it
 * @uid: its user
 * @cgroup: its cgroup (version 2), held; or NULL
 * @cgroup_id: number of @cgroup
 * @comm: name of the thread
 */
struct iommufd_opener {
	pid_t tgid;
	kuid_t uid;
	struct cgroup *cgroup;
	u64 cgroup_id;
	char comm[TASK_COMM_LEN];
};

/**
 * struct iommufd_ctx - one open file of /dev/iommu
 * @file: the file; contexts are counted by its references
 * @objects: objects by id; devices have the mark IOMMUFD_IS_DEVICE
 * @recent: the one looked up last, most often looked up next; under the lock of @objects
 * @idle: woken when the last call on an object is over
 * @groups_lock: protects @groups and the counts in it
 * @groups: struct iommufd_group of the bound devices
 * @account_mm: account pinned memory to processes, not users; only set while @objects is empty
 * @vfio_ioas: IOAS of the VFIO compatibility; under the lock of @objects
 * @no_iommu: a VFIO no-IOMMU device is attached; under the lock of @objects
 * @mmaps: struct iommufd_mmap by the offset that user space gives to mmap()
 * @change_lock: held by IOMMU_IOAS_CHANGE_PROCESS
 * @virt_pasids: PASIDs by device id and virtual number; this and the next: see pasid_map.c
 * @pt_pasids: PASIDs by device id and what is attached
 * @pasid_chain: who is told of PASIDs that come, change and go
 * @pool_lock: protects the following
 * @pool: struct iommufd_pool_pasid, what is taken of the system-wide pool, by number
 * @pool_virt: the same by virtual number
 * @opener: who opened it
 * @nr_objects: objects in @objects; under its lock
 * @totals: memory pinned through this context, and the context's number
 * @rcu: info.c looks at contexts under RCU
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
	struct mutex pool_lock; /* see above */
	struct xarray pool;
	struct xarray pool_virt;
	struct iommufd_opener opener;
	unsigned int nr_objects;
	struct umem_totals totals;
	struct rcu_head rcu;
};

/**
 * struct iommufd_object_type_info - what is particular about a type
 * @name: for fdinfo
 * @destroy: undo what making it did; the object is out of the table, its memory is freed after
 * @show: for fdinfo, under a spinlock: the fields after the name
 * @info: for iterators, under a spinlock: what is particular about it; may be NULL
 */
struct iommufd_object_type_info {
	const char *name;
	void (*destroy)(struct iommufd_object *obj);
	void (*show)(struct seq_file *m, const struct iommufd_object *obj);
	void (*info)(const struct iommufd_object *obj, struct iommufd_object_info *info);
};

/* object.c */
void iommufd_object_init(const struct iommufd_object_type_info *types);
const struct iommufd_object_type_info *iommufd_object_type(const struct iommufd_object *obj);
void *iommufd_object_alloc_size(struct iommufd_ctx *ctx, size_t size,
				enum iommufd_object_type type);
void iommufd_object_finalize(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_abort(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_abort_and_destroy(struct iommufd_ctx *ctx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ctx, u32 id,
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
 * @obj: in ctx->objects, whose lock is held, or kept from being freed by other means
 *
 * Return: false if it is on its way out.
 */
static inline bool iommufd_object_tryget(struct iommufd_object *obj)
{
	if (!refcount_inc_not_zero(&obj->users))
		return false;
	atomic_inc(&obj->calls);
	return true;
}

/* One object does not need another any more, which stays. */
static inline void iommufd_object_unref(struct iommufd_object *obj)
{
	refcount_dec(&obj->users);
}

/* One object needs another, which cannot be destroyed meanwhile; the caller keeps it. */
static inline void iommufd_object_ref(struct iommufd_object *obj)
{
	refcount_inc(&obj->users);
}

/* Each object's struct begins with its struct iommufd_object, which is @member of it. */
#define iommufd_object_alloc(ctx, ptr, type, member) \
	({ \
		static_assert(offsetof(typeof(*(ptr)), member) == 0); \
		(typeof(ptr))iommufd_object_alloc_size(ctx, sizeof(*(ptr)), type); \
	})

/**
 * struct iommufd_ucmd - an ioctl at work
 * @ctx: the context
 * @ubuffer: the struct in user memory
 * @user_size: its size as user space knows it
 * @cmd: a copy, as large as the kernel knows it
 */
struct iommufd_ucmd {
	struct iommufd_ctx *ctx;
	void __user *ubuffer;
	u32 user_size;
	void *cmd;
};

/* Give the struct back to user space, as much of it as user space knows. */
static inline int iommufd_ucmd_respond(struct iommufd_ucmd *ucmd, size_t size)
{
	if (copy_to_user(ucmd->ubuffer, ucmd->cmd, min_t(size_t, ucmd->user_size, size)))
		return -EFAULT;
	return 0;
}

/* Give an array to user space, as much of it as there is room for. */
static inline int iommufd_copy_array(u64 uptr, u32 room, const void *array, u32 num, size_t size)
{
	if (copy_to_user(u64_to_user_ptr(uptr), array, min(room, num) * size))
		return -EFAULT;
	return 0;
}

/* context.c */
void iommufd_set_importer(struct device *dev);
struct device *iommufd_importer(void);

/* mmap.c */
int iommufd_fops_mmap(struct file *file, struct vm_area_struct *vma);

#endif
