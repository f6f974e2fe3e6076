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
 *	ctx->pool_lock			numbers of the system-wide pool of PASIDs
 *	group->lock			what a group of devices is attached to, and its PASIDs
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

#include "iommu_core.h"
#include "iopt.h"

struct cgroup;
struct iommufd_group;
struct iommufd_object_info;
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
	struct iommufd_ioas *vfio_ioas;
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

extern const struct iommufd_object_type_info iommufd_object_types[];

/* object.c */
void *iommufd_object_alloc_size(struct iommufd_ctx *ctx, size_t size,
				enum iommufd_object_type type);
void iommufd_object_finalize(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_abort(struct iommufd_ctx *ctx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ctx, u32 id,
					  enum iommufd_object_type type);
void iommufd_object_put(struct iommufd_ctx *ctx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_watch(struct iommufd_ctx *ctx, u32 id,
					    enum iommufd_object_type type);
void iommufd_object_watch_end(struct iommufd_ctx *ctx, struct iommufd_object *obj);
int iommufd_object_destroy(struct iommufd_ctx *ctx, u32 id);
bool iommufd_object_drop_last(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_finish(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_remove(struct iommufd_ctx *ctx, struct iommufd_object *obj);
bool iommufd_object_take(struct iommufd_ctx *ctx, struct iommufd_object *obj);
void iommufd_object_end_taken(struct iommufd_ctx *ctx, struct iommufd_object *obj);
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

/* One object needs another, which cannot be destroyed meanwhile; the caller keeps it. */
static inline void iommufd_object_add_user(struct iommufd_object *obj)
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

/**
 * struct iommufd_ioas - IOAS object: an address space that user space maps memory into
 * @obj: the object
 * @iopt: the address space
 * @hwpts_lock: protects @hwpts; held while an automatic HWPT is looked for or made
 * @hwpts: struct iommufd_hwpt_paging, whose page tables hold this address space
 * @change_item: in the list of a IOMMU_IOAS_CHANGE_PROCESS; under ctx->change_lock
 */
struct iommufd_ioas {
	struct iommufd_object obj;
	struct iopt iopt;
	struct mutex hwpts_lock; /* hwpts */
	struct list_head hwpts;
	struct list_head change_item;
};

static inline struct iommufd_ioas *iommufd_get_ioas(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_IOAS);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct iommufd_ioas, obj);
}

#define IOMMUFD_MAP_FLAGS \
	(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)

/*
 * DMA always goes through the CPU's caches: user space has no way to flush them. Bind refuses
 * devices whose IOMMU cannot do so.
 */
static inline int iommufd_map_prot(u32 flags)
{
	int prot = IOMMU_CACHE;

	if (flags & IOMMU_IOAS_MAP_WRITEABLE)
		prot |= IOMMU_WRITE;
	if (flags & IOMMU_IOAS_MAP_READABLE)
		prot |= IOMMU_READ;
	return prot;
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
void iommufd_ioas_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
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
 * @domain: the IOMMU core's object
 * @fault: where page requests go, or NULL; a user of it
 * @pasid_ok: made with IOMMU_HWPT_ALLOC_PASID: for PASIDs, and for devices that use PASIDs
 */
struct iommufd_hwpt {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct iommu_domain *domain;
	struct iommufd_fault *fault;
	bool pasid_ok;
};

/**
 * struct iommufd_hwpt_paging - a page table that the kernel keeps filled with an IOAS
 * @common: the object
 * @ioas: the address space it holds; a user of it
 * @table: its place among the page tables of @ioas
 * @item: in ioas->hwpts
 * @automatic: made for an attach to the IOAS, and gone with the last device
 * @nest_parent: nested page tables may be put on it
 * @enforce_coherency: DMA is coherent with CPU caches whatever the device asks for
 * @msi_cookie: the domain maps MSI pages by itself; under msi_lock in hwpt.c
 */
struct iommufd_hwpt_paging {
	struct iommufd_hwpt common;
	struct iommufd_ioas *ioas;
	struct iopt_table table;
	struct list_head item;
	bool automatic;
	bool nest_parent;
	bool enforce_coherency;
	bool msi_cookie;
};

/**
 * struct iommufd_hwpt_nested - a page table that user space writes, on top of one of the kernel's
 * @common: the object
 * @parent: what translates its addresses
 * @viommu: the virtual IOMMU it belongs to, a user of it; or NULL, then a user of @parent
 * @data_type: enum iommu_hwpt_data_type of what it was made from
 */
struct iommufd_hwpt_nested {
	struct iommufd_hwpt common;
	struct iommufd_hwpt_paging *parent;
	struct iommufd_viommu *viommu;
	u32 data_type;
};

struct iommufd_sva;
struct iommufd_sva_queue;

/**
 * struct iommufd_hwpt_sva - a process's page table, as one attachment to a PASID uses it
 * @common: the object, which goes with the attachment
 * @sva: the SVA object; a user of it
 * @queue: page requests that are being resolved
 */
struct iommufd_hwpt_sva {
	struct iommufd_hwpt common;
	struct iommufd_sva *sva;
	struct iommufd_sva_queue *queue;
};

#define to_hwpt(ptr) container_of(ptr, struct iommufd_hwpt, obj)
#define to_hwpt_paging(ptr) container_of(ptr, struct iommufd_hwpt_paging, common.obj)
#define to_hwpt_nested(ptr) container_of(ptr, struct iommufd_hwpt_nested, common.obj)
#define to_hwpt_sva(ptr) container_of(ptr, struct iommufd_hwpt_sva, common.obj)

/* The kernel-managed page table that a DMA through @hwpt ends in; NULL if it is a process's. */
static inline struct iommufd_hwpt_paging *iommufd_hwpt_to_paging(struct iommufd_hwpt *hwpt)
{
	switch (hwpt->obj.type) {
	case IOMMUFD_OBJ_HWPT_NESTED:
		return to_hwpt_nested(&hwpt->obj)->parent;
	case IOMMUFD_OBJ_HWPT_SVA:
		return NULL;
	default:
		return to_hwpt_paging(&hwpt->obj);
	}
}

/* The address space that a DMA through @hwpt ends in, for tracepoints. */
static inline u32 iommufd_hwpt_ioas_id(struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt_paging *paging = iommufd_hwpt_to_paging(hwpt);

	return paging ? paging->ioas->obj.id : IOMMU_EXT_NONE;
}

/* Made by an attach, and gone with the last device. */
static inline bool iommufd_hwpt_is_automatic(struct iommufd_hwpt *hwpt)
{
	switch (hwpt->obj.type) {
	case IOMMUFD_OBJ_HWPT_NESTED:
		return false;
	case IOMMUFD_OBJ_HWPT_SVA:
		return true;
	default:
		return to_hwpt_paging(&hwpt->obj)->automatic;
	}
}

/* Page requests of who is attached are delivered, or resolved. They name one device of a group. */
static inline bool iommufd_hwpt_has_faults(const struct iommufd_hwpt *hwpt)
{
	return hwpt->fault || hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA;
}

/**
 * struct iommufd_device - DEVICE object: a device that a driver has bound
 * @obj: the object; the driver is a user until it unbinds
 * @ctx: its context
 * @dev: the device
 * @group: its IOMMU group, as this context sees it
 * @vdev: the VDEVICE that stands for it, or NULL; under group->lock
 * @dependents: VDEVICEs and PASIDs of it that are not through with it and its group
 * @unbinding: no VDEVICE or PASID may be made or attached any more; under group->lock
 * @attached: as a whole; under group->lock
 * @pasids: PASIDs of it that are attached; under group->lock
 * @faulting: attachments that deliver page requests; under group->lock
 * @sharing: of these, attachments of processes
 * @keeps_file: the context cannot be closed before the driver unbinds
 * @enforce_coherency: the IOMMU can enforce coherency for this device
 */
struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct device *dev;
	struct iommufd_group *group;
	struct iommufd_vdevice *vdev;
	atomic_t dependents;
	bool unbinding;
	bool attached;
	unsigned int pasids;
	unsigned int faulting;
	unsigned int sharing;
	bool keeps_file;
	bool enforce_coherency;
};

/* Mark 0 is the xarray's own. */
#define IOMMUFD_IS_DEVICE XA_MARK_1

static inline struct iommufd_device *iommufd_get_device(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_DEVICE);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct iommufd_device, obj);
}

/* hwpt.c */
struct iommufd_hwpt_paging *iommufd_hwpt_paging_alloc(struct iommufd_ioas *ioas,
						      struct iommufd_device *idev, u32 flags,
						      const struct iommu_user_data *data);
void iommufd_hwpt_abort(struct iommufd_hwpt *hwpt);
bool iommufd_hwpt_needs_attach_first(struct iommufd_device *idev);
struct iommu_domain *iommufd_hwpt_alloc_domain(struct device *dev, u32 flags,
					       const struct iommu_user_data *data);
int iommufd_hwpt_setup_msi(struct iommufd_hwpt_paging *hwpt, phys_addr_t sw_msi_start);
void iommufd_hwpt_drop(struct iommufd_hwpt *hwpt);
void iommufd_hwpt_paging_destroy(struct iommufd_object *obj);
void iommufd_hwpt_nested_destroy(struct iommufd_object *obj);
void iommufd_hwpt_paging_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_nested_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_paging_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_hwpt_nested_show(struct seq_file *m, const struct iommufd_object *obj);

/* hwpt_ioctl.c */
int iommufd_hwpt_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_hwpt_invalidate(struct iommufd_ucmd *ucmd);

/**
 * struct iommufd_group - an IOMMU group in a context
 * @ctx: the context
 * @group: the core's object, referenced; NULL for a device that has no IOMMU
 * @item: in ctx->groups
 * @bound: devices bound; under ctx->groups_lock
 * @lock: protects what follows, and what struct iommufd_device says is under it
 * @attached: struct iommufd_attach by PASID, IOMMU_NO_PASID for the devices as a whole
 * @pasids: struct iommufd_pasid by number
 * @next_pasid: where the search for a free number begins
 * @sw_msi_start: where software has to map the MSI page, PHYS_ADDR_MAX if it has not to
 */
struct iommufd_group {
	struct iommufd_ctx *ctx;
	struct iommu_group *group;
	struct list_head item;
	unsigned int bound;
	struct mutex lock;  /* what follows */
	struct xarray attached;
	struct xarray pasids;
	u32 next_pasid;
	phys_addr_t sw_msi_start;
};

/**
 * struct iommufd_attach - what a group, or a PASID of it, is attached to
 * @pasid: the PASID, or IOMMU_NO_PASID
 * @hwpt: the page table; each device in @devices is a user of it
 * @pt_id: what it was attached to, as user space or the driver named it
 * @owner: the PASID object of the number, if the device it is for is in @devices: a user of it
 * @devices: struct iommufd_device by id
 * @handle: what the IOMMU core knows the attachment by
 * @blocked: a replace of a PASID failed in a way that left it without page table
 * @rcu: iommufd_device_info() reads @pt_id under RCU
 */
struct iommufd_attach {
	ioasid_t pasid;
	struct iommufd_hwpt *hwpt;
	u32 pt_id;
	struct iommufd_pasid *owner;
	struct xarray devices;
	struct iommufd_attach_handle *handle;
	bool blocked;
	struct rcu_head rcu;
};

/**
 * struct iommufd_attach_handle - one attachment, as page requests see it
 * @handle: the IOMMU core's part
 * @idev: the device
 */
struct iommufd_attach_handle {
	struct iommu_attach_handle handle;
	struct iommufd_device *idev;
};

/* group.c */
struct iommufd_group *iommufd_group_get(struct iommufd_ctx *ctx, struct device *dev);
struct iommufd_group *iommufd_group_get_noiommu(struct iommufd_ctx *ctx);
void iommufd_group_put(struct iommufd_group *group);
bool iommufd_group_is_attached(struct iommufd_group *group, ioasid_t pasid);
bool iommufd_device_takes_pasids(struct iommufd_device *idev);
bool iommufd_device_is_attached(struct iommufd_device *idev, ioasid_t pasid);
struct iommufd_attach *iommufd_group_find(struct iommufd_device *idev, ioasid_t pasid);
int iommufd_group_attach(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
			 u32 pt_id);
int iommufd_group_replace(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
			  u32 pt_id, struct iommufd_hwpt **old, unsigned int *users);
struct iommufd_hwpt *iommufd_group_detach(struct iommufd_device *idev, ioasid_t pasid);

/**
 * struct iommufd_change - an attach or replace
 * @idev: the device
 * @pasid: the PASID in question, or IOMMU_NO_PASID
 * @replace: it is attached already
 * @for_pasids: an automatic page table that is made for it is one for PASIDs
 * @pt_id: what to attach, as it was named
 * @hwpt_id: out: the page table it is attached to now
 * @ioas_id: out: the address space in it
 * @old_id: out: the page table before
 * @old: out: the same, if it is another one
 * @old_users: out: uses of @old to be dropped
 * @drop: a page table that one use is to be dropped of
 * @ticket: what may be pinned for it; or NULL
 */
struct iommufd_change {
	struct iommufd_device *idev;
	ioasid_t pasid;
	bool replace;
	bool for_pasids;
	u32 pt_id;
	u32 hwpt_id;
	u32 ioas_id;
	u32 old_id;
	struct iommufd_hwpt *old;
	unsigned int old_users;
	struct iommufd_hwpt *drop;
	struct umem_ticket *ticket;
};

/* attach.c */
int iommufd_change_pt(struct iommufd_change *change);
bool iommufd_end_pt(struct iommufd_device *idev, ioasid_t pasid, u32 *ioas_id, u32 *hwpt_id);

/* device.c */
u32 iommufd_device_sbdf(const struct device *dev);
u32 iommufd_device_find_id(struct iommufd_ctx *ctx, const void *dev);
struct iommufd_device *iommufd_device_do_bind(struct iommufd_ctx *ctx, struct device *dev,
					      bool keeps_file);
void iommufd_device_destroy(struct iommufd_object *obj);
void iommufd_device_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_device_show(struct seq_file *m, const struct iommufd_object *obj);

/* hw_info.c */
int iommufd_get_hw_info(struct iommufd_ucmd *ucmd);
void *iommufd_hw_info_data(struct device *dev, u32 *type, u32 *length);
bool iommufd_device_shares_pri(struct device *dev);
bool iommufd_device_has_pri(struct device *dev);
u64 iommufd_device_pci_caps(struct device *dev);

/* device_info.c, pt_info.c */
int iommufd_ext_device_info(struct iommufd_ucmd *ucmd);
int iommufd_ext_pt_info(struct iommufd_ucmd *ucmd);

/* fault.c */
int iommufd_fault_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_fault_set(struct iommufd_hwpt *hwpt, u32 fault_id);
void iommufd_fault_clear(struct iommufd_hwpt *hwpt);
u32 iommufd_fault_id(const struct iommufd_fault *fault);
int iommufd_fault_enable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev);
void iommufd_fault_disable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev);
void iommufd_fault_drain(struct iommufd_hwpt *hwpt, struct iommufd_attach_handle *handle);
bool iommufd_fault_refused(struct iopf_group *group, struct iommufd_hwpt *hwpt, u32 fault_id);
u64 iommufd_fault_begin(struct iopf_group *group, struct iommufd_hwpt *hwpt, u32 fault_id);
void iommufd_fault_end(struct iopf_group *group, struct iommufd_ctx *ctx, u32 dev_id, u32 fault_id,
		       u32 cookie, u64 start, enum iommu_page_response_code code);
void iommufd_fault_destroy(struct iommufd_object *obj);
void iommufd_fault_show(struct seq_file *m, const struct iommufd_object *obj);

/* sva.c */
int iommufd_sva_init(void);
void iommufd_sva_exit(void);
int iommufd_sva_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_sva_destroy(struct iommufd_object *obj);
void iommufd_sva_show(struct seq_file *m, const struct iommufd_object *obj);
struct iommufd_hwpt_sva *iommufd_hwpt_sva_alloc(struct iommufd_object *sva,
						struct iommufd_device *idev);
void iommufd_hwpt_sva_destroy(struct iommufd_object *obj);
void iommufd_hwpt_sva_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_sva_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_sva_drain(struct iommufd_hwpt *hwpt);
int iommufd_device_can_share(struct iommufd_device *idev);
struct iommufd_object *iommufd_hwpt_sva_parent(struct iommufd_hwpt_sva *hwpt);
bool iommufd_sva_is_dead(const struct iommufd_object *obj);

/* viommu.c, vdevice.c, veventq.c, hw_queue.c */
int iommufd_viommu_alloc_ioctl(struct iommufd_ucmd *ucmd);
struct iommufd_viommu *iommufd_get_viommu(struct iommufd_ctx *ctx, u32 id);
void iommufd_viommu_destroy(struct iommufd_object *obj);
void iommufd_viommu_show(struct seq_file *m, const struct iommufd_object *obj);
int iommufd_vdevice_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_vdevice_destroy(struct iommufd_object *obj);
void iommufd_vdevice_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_vdevice_remove(struct iommufd_device *idev);
int iommufd_veventq_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_veventq_destroy(struct iommufd_object *obj);
void iommufd_veventq_show(struct seq_file *m, const struct iommufd_object *obj);
int iommufd_hw_queue_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_hw_queue_destroy(struct iommufd_object *obj);
void iommufd_hw_queue_show(struct seq_file *m, const struct iommufd_object *obj);

/* mmap.c */
int iommufd_fops_mmap(struct file *file, struct vm_area_struct *vma);

/* test_hook.c */
long iommufd_test_ioctl(struct iommufd_ctx *ctx, void __user *arg, u32 size);
void iommufd_test_destroy(struct iommufd_object *obj);
void iommufd_test_show(struct seq_file *m, const struct iommufd_object *obj);

/* access.c */
void iommufd_access_destroy_object(struct iommufd_object *obj);
void iommufd_access_show(struct seq_file *m, const struct iommufd_object *obj);

/* vfio_compat.c, vfio_type1.c */
struct iommufd_ioas *iommufd_vfio_get_ioas(struct iommufd_ctx *ctx);
int iommufd_vfio_ioas(struct iommufd_ucmd *ucmd);
long iommufd_vfio_ioctl(struct iommufd_ctx *ctx, unsigned int cmd, unsigned long arg);

/* noiommu.c */
struct iommu_domain *iommufd_noiommu_alloc_domain(void);
int iommufd_ioas_noiommu_get_pa(struct iommufd_ucmd *ucmd);

/* iommu_driver.c */
const struct iommufd_iommu_driver *iommufd_iommu_driver_get(struct device *dev);
void iommufd_iommu_driver_put(const struct iommufd_iommu_driver *driver);

/* dirty.c */
int iommufd_hwpt_set_dirty_tracking(struct iommufd_ucmd *ucmd);
int iommufd_hwpt_get_dirty_bitmap(struct iommufd_ucmd *ucmd);

/* info.c */
int iommufd_info_open(struct iommufd_ctx *ctx);
void iommufd_info_close(struct iommufd_ctx *ctx);

/* fdinfo.c */
void iommufd_show_fdinfo(struct seq_file *m, struct file *file);

#endif
