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
 * iommufd_object_remove() waits for calls, which end by themselves. An automatic HWPT goes with its
 * last use, whoever has it. Closing the file, when neither
 * calls nor drivers are left, destroys users before what they use.
 *
 * Locks, outermost first; each is described where it is:
 *
 *	ctx->change_lock		one IOMMU_IOAS_CHANGE_PROCESS at a time, which locks all
 *					address spaces of the context
 *	access->lock			which address space an access looks at
 *	ioas->hwpts_lock		the HWPTs of an IOAS, and making automatic ones
 *	group->lock			what a group of devices is attached to
 *	iopt->tables_lock, iopt->lock	see iopt.h
 *	umem->lock			see umem.h
 *	lock of ctx->objects		a spinlock; nothing is taken inside
 *	ctx->groups_lock		the list of groups; nothing is taken inside
 *
 * A file is kept open by each device and access bound to it, so a context outlives them all.
 */
#ifndef _IOMMUFD_PRIVATE_H
#define _IOMMUFD_PRIVATE_H

#include <linux/iommufd.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

#include "iommu_core.h"
#include "iopt.h"

struct iommufd_group;
struct seq_file;

/* Numbers of types are seen in tracepoints: only append. */
enum iommufd_object_type {
	IOMMUFD_OBJ_ANY,
	IOMMUFD_OBJ_IOAS,
	IOMMUFD_OBJ_HWPT,
	IOMMUFD_OBJ_DEVICE,
	IOMMUFD_OBJ_ACCESS,
	IOMMUFD_OBJ_TYPES
};

/**
 * struct iommufd_ctx - one open file of /dev/iommu
 * @file: the file; contexts are counted by its references
 * @objects: objects by id
 * @recent: the one looked up last, most often looked up next; under the lock of @objects
 * @idle: woken when the last call on an object is over
 * @groups_lock: protects @groups and the counts in it
 * @groups: struct iommufd_group of the bound devices
 * @account_mm: account pinned memory to processes, not users; only set while @objects is empty
 * @vfio_ioas: IOAS of the VFIO compatibility; under the lock of @objects
 * @no_iommu: a VFIO no-IOMMU device is attached; under the lock of @objects
 * @change_lock: held by IOMMU_IOAS_CHANGE_PROCESS
 * @totals: memory pinned through this context, and the context's number
 */
struct iommufd_ctx {
	struct file *file;
	struct xarray objects;
	struct iommufd_object *recent;
	wait_queue_head_t idle;
	struct mutex groups_lock;	/* groups */
	struct list_head groups;
	bool account_mm;
	struct iommufd_ioas *vfio_ioas;
	bool no_iommu;
	struct mutex change_lock;	/* ioas->change_item */
	struct umem_totals totals;
};

struct iommufd_object {
	refcount_t users;
	atomic_t calls;
	u32 id;
	enum iommufd_object_type type;
};

/**
 * struct iommufd_object_type_info - what is particular about a type
 * @name: for fdinfo
 * @destroy: undo what making it did; the object is out of the table, its memory is freed after
 * @show: for fdinfo, under a spinlock: the fields after the name
 */
struct iommufd_object_type_info {
	const char *name;
	void (*destroy)(struct iommufd_object *obj);
	void (*show)(struct seq_file *m, const struct iommufd_object *obj);
};

extern const struct iommufd_object_type_info iommufd_object_types[];

/* object.c */
void *iommufd_object_alloc_size(struct iommufd_ctx *ctx, size_t size,
				enum iommufd_object_type type);
void iommufd_object_finalize(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_abort(struct iommufd_ctx *ctx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ctx, u32 id,
					  enum iommufd_object_type type);
void iommufd_object_put(struct iommufd_ctx *ctx, struct iommufd_object *obj);
int iommufd_object_destroy(struct iommufd_ctx *ctx, u32 id);
bool iommufd_object_drop_last(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_finish(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_remove(struct iommufd_ctx *ctx, struct iommufd_object *obj);
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
static inline void iommufd_object_drop_user(struct iommufd_object *obj)
{
	refcount_dec(&obj->users);
}

/* Each object's struct begins with its struct iommufd_object. */
#define iommufd_object_alloc(ctx, ptr, type)						\
	({										\
		static_assert(offsetof(typeof(*(ptr)), obj) == 0);			\
		(typeof(ptr))iommufd_object_alloc_size(ctx, sizeof(*(ptr)), type);	\
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

/**
 * struct iommufd_ioas - IOAS object: an address space that user space maps memory into
 * @obj: the object
 * @iopt: the address space
 * @hwpts_lock: protects @hwpts; held while an automatic HWPT is looked for or made
 * @hwpts: struct iommufd_hwpt whose page tables hold this address space
 * @change_item: in the list of a IOMMU_IOAS_CHANGE_PROCESS; under ctx->change_lock
 */
struct iommufd_ioas {
	struct iommufd_object obj;
	struct iopt iopt;
	struct mutex hwpts_lock;	/* hwpts */
	struct list_head hwpts;
	struct list_head change_item;
};

static inline struct iommufd_ioas *iommufd_get_ioas(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_IOAS);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct iommufd_ioas, obj);
}

/* ioas.c */
struct iommufd_ioas *iommufd_ioas_alloc(struct iommufd_ctx *ctx);
int iommufd_ioas_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_ioas_iova_ranges(struct iommufd_ucmd *ucmd);
int iommufd_ioas_allow_iovas(struct iommufd_ucmd *ucmd);
int iommufd_ioas_map(struct iommufd_ucmd *ucmd);
int iommufd_ioas_copy(struct iommufd_ucmd *ucmd);
int iommufd_ioas_unmap(struct iommufd_ucmd *ucmd);
int iommufd_option(struct iommufd_ucmd *ucmd);
void iommufd_ioas_destroy(struct iommufd_object *obj);
void iommufd_ioas_show(struct seq_file *m, const struct iommufd_object *obj);

/* ioas_file.c */
int iommufd_ioas_map_file(struct iommufd_ucmd *ucmd);
int iommufd_ioas_change_process(struct iommufd_ucmd *ucmd);

/* main.c */
struct device *iommufd_importer(void);

/**
 * struct iommufd_hwpt - HWPT object: a page table of the IOMMU
 * @obj: the object
 * @ctx: its context
 * @ioas: the address space it holds; a user of it
 * @table: its place among the page tables of @ioas, and the domain
 * @item: in ioas->hwpts
 * @automatic: made for an attach to the IOAS, and gone with the last device
 * @enforce_coherency: DMA is coherent with CPU caches whatever the device asks for
 * @msi_cookie: the domain maps MSI pages by itself; under msi_lock in hwpt.c
 */
struct iommufd_hwpt {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct iommufd_ioas *ioas;
	struct iopt_table table;
	struct list_head item;
	bool automatic;
	bool enforce_coherency;
	bool msi_cookie;
};

/**
 * struct iommufd_device - DEVICE object: a device that a driver has bound
 * @obj: the object; the driver is a user until it unbinds
 * @ctx: its context
 * @dev: the device
 * @group: its IOMMU group, as this context sees it
 * @attached: in group->devices; under group->lock
 * @item: there
 * @enforce_coherency: the IOMMU can enforce coherency for this device
 */
struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct device *dev;
	struct iommufd_group *group;
	bool attached;
	struct list_head item;
	bool enforce_coherency;
};

/* hwpt.c */
struct iommufd_hwpt *iommufd_hwpt_alloc(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas,
					struct iommufd_device *idev);
bool iommufd_hwpt_needs_attach_first(struct iommufd_device *idev);
int iommufd_hwpt_setup_msi(struct iommufd_hwpt *hwpt, phys_addr_t sw_msi_start);
void iommufd_hwpt_drop(struct iommufd_hwpt *hwpt);
void iommufd_hwpt_destroy(struct iommufd_object *obj);
void iommufd_hwpt_show(struct seq_file *m, const struct iommufd_object *obj);

/**
 * struct iommufd_group - an IOMMU group in a context
 * @ctx: the context
 * @group: the core's object, referenced
 * @item: in ctx->groups
 * @bound: devices bound; under ctx->groups_lock
 * @lock: protects what follows, and iommufd_device.attached
 * @devices: attached devices
 * @hwpt: what all of them are attached to; each is a user of it
 * @handle: what the IOMMU core knows the attachment by
 * @sw_msi_start: where software has to map the MSI page, PHYS_ADDR_MAX if it has not to
 */
struct iommufd_group {
	struct iommufd_ctx *ctx;
	struct iommu_group *group;
	struct list_head item;
	unsigned int bound;
	struct mutex lock;		/* what follows */
	struct list_head devices;
	struct iommufd_hwpt *hwpt;
	struct iommu_attach_handle *handle;
	phys_addr_t sw_msi_start;
};

/* group.c */
struct iommufd_group *iommufd_group_get(struct iommufd_ctx *ctx, struct device *dev);
void iommufd_group_put(struct iommufd_group *group);
bool iommufd_group_is_attached(struct iommufd_group *group);
int iommufd_group_attach(struct iommufd_device *idev, struct iommufd_hwpt *hwpt);
int iommufd_group_replace(struct iommufd_device *idev, struct iommufd_hwpt *hwpt,
			  struct iommufd_hwpt **old, unsigned int *users);
struct iommufd_hwpt *iommufd_group_detach(struct iommufd_device *idev);

/* device.c */
u32 iommufd_device_sbdf(const struct device *dev);
void iommufd_device_destroy(struct iommufd_object *obj);
void iommufd_device_show(struct seq_file *m, const struct iommufd_object *obj);

/* access.c */
void iommufd_access_destroy_object(struct iommufd_object *obj);
void iommufd_access_show(struct seq_file *m, const struct iommufd_object *obj);

/* fdinfo.c */
void iommufd_show_fdinfo(struct seq_file *m, struct file *file);

#endif
