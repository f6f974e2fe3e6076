/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel API of iommufd that <linux/iommufd.h> of Linux 6.12 does not have.
 *
 *	IOMMU drivers		register virtual IOMMUs and hardware queues, and describe
 *				themselves
 *	dma-buf exporters	register how to find the memory of their dma-bufs
 *	device drivers		attach single PASIDs of a device
 *	mediated drivers, KVM	translate PASIDs for hardware that they program for a guest
 *
 * The last one and struct iommufd_iommu_driver are our own. All other structs and functions have
 * the names and the meaning of Linux 7.3's header, so that its drivers build here. Two things
 * differ, because 6.12's structs have no room for them:
 *
 * - An IOMMU driver registers a struct iommufd_viommu_driver; 7.3 has its two callbacks in struct
 *   iommu_ops.
 * - An exporter registers a callback for the memory of its dma-bufs; 7.3 looks up one symbol.
 *
 * Unless documented otherwise, functions may sleep and are called without locks of iommufd. The
 * functions are documented where they are defined.
 */
#ifndef _LINUX_IOMMUFD_DRIVER_H
#define _LINUX_IOMMUFD_DRIVER_H

#include <linux/build_bug.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd_ext.h>
#include <uapi/linux/iommufd_new.h>

struct dma_buf_attachment;
struct dma_buf_ops;
struct iommufd_hwpt_paging;
struct iommufd_viommu_ops;
struct notifier_block;

/* Tracepoints report these numbers, so only append. */
enum iommufd_object_type {
	IOMMUFD_OBJ_ANY,
	IOMMUFD_OBJ_IOAS,
	IOMMUFD_OBJ_HWPT_PAGING,
	IOMMUFD_OBJ_DEVICE,
	IOMMUFD_OBJ_ACCESS,
	IOMMUFD_OBJ_HWPT_NESTED,
	IOMMUFD_OBJ_FAULT,
	IOMMUFD_OBJ_VIOMMU,
	IOMMUFD_OBJ_VDEVICE,
	IOMMUFD_OBJ_VEVENTQ,
	IOMMUFD_OBJ_HW_QUEUE,
	IOMMUFD_OBJ_TEST,
	IOMMUFD_OBJ_PASID,
	IOMMUFD_OBJ_SVA,
	IOMMUFD_OBJ_HWPT_SVA,
	IOMMUFD_OBJ_TYPES
};

/**
 * struct iommufd_late - memory that iommufd_free_late() frees; private to iommufd
 * @node: in the list of all that wait
 * @free: frees it
 */
struct iommufd_late {
	struct llist_node node;
	void (*free)(struct iommufd_late *late);
};

/**
 * struct iommufd_object - common start of all objects with an id; private to iommufd
 * @users: references: one of the table of objects, one of each user and each call in progress
 * @calls: calls in progress
 * @cpu_calls: NULL, or the calls in progress counted per processor instead of in @users and @calls
 * @id: the id
 * @type: the type
 * @transient: destroyed with its last reference; set when a user first drops one
 * @closed: no call can begin that is counted in @cpu_calls
 * @rcu: look-ups without a lock read the object, so it is freed after a grace period
 * @late: the same, for one with @cpu_calls
 */
struct iommufd_object {
	refcount_t users;
	atomic_t calls;
	u32 id;
	enum iommufd_object_type type;
	bool transient;
	bool closed;
	unsigned int __percpu *cpu_calls;
	union {
		struct rcu_head rcu;
		struct iommufd_late late;
	};
};

/**
 * struct iommufd_viommu - a virtual IOMMU: the slice of an IOMMU that one guest sees
 * @obj: the object
 * @ictx: its context
 * @iommu_dev: the IOMMU
 * @hwpt: the HWPT of the guest's memory, made with IOMMU_HWPT_ALLOC_NEST_PARENT
 * @ops: callbacks; set by the driver's viommu_init()
 * @vdevs: struct iommufd_vdevice by the guest's number; look them up under xa_lock()
 * @veventqs: its event queues
 * @veventqs_rwsem: protects @veventqs, and keeps a queue from being freed while an event is added
 * @type: enum iommu_viommu_type
 * @owner: the driver's module, referenced
 *
 * A driver embeds it as the first member of its own struct, which iommufd allocates and frees.
 */
struct iommufd_viommu {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommu_device *iommu_dev;
	struct iommufd_hwpt_paging *hwpt;
	const struct iommufd_viommu_ops *ops;
	struct xarray vdevs;
	struct list_head veventqs;
	struct rw_semaphore veventqs_rwsem;
	u32 type;
	struct module *owner;
};

/**
 * struct iommufd_vdevice - a device in a virtual IOMMU
 * @obj: the object
 * @viommu: the virtual IOMMU
 * @idev: the device
 * @virt_id: the guest's number of the device
 * @destroy: undo the driver's vdevice_init(), which may set it; or NULL
 *
 * A driver may embed it as the first member of its own struct.
 */
struct iommufd_vdevice {
	struct iommufd_object obj;
	struct iommufd_viommu *viommu;
	struct iommufd_device *idev;
	u64 virt_id;
	void (*destroy)(struct iommufd_vdevice *vdev);
};

/**
 * struct iommufd_hw_queue - a queue in guest memory that the IOMMU processes by itself
 * @obj: the object
 * @viommu: the virtual IOMMU
 * @access: private to iommufd
 * @base_addr: IOVA of the queue in the guest's memory
 * @length: length in bytes
 * @type: enum iommu_hw_queue_type
 * @destroy: undo the driver's hw_queue_init_phys(), which may set it; or NULL
 *
 * A driver embeds it as the first member of its own struct.
 */
struct iommufd_hw_queue {
	struct iommufd_object obj;
	struct iommufd_viommu *viommu;
	struct iopt_access *access;
	u64 base_addr;
	size_t length;
	u32 type;
	void (*destroy)(struct iommufd_hw_queue *hw_queue);
};

/**
 * struct iommufd_viommu_ops - operations on a driver's virtual IOMMUs
 * @destroy: undo viommu_init(); iommufd frees the memory afterwards. Optional.
 * @alloc_domain_nested: allocate an IOMMU_DOMAIN_NESTED from the guest's description of its page
 *	table; ERR_PTR() on error. @flags may contain IOMMU_HWPT_ALLOC_PASID. Optional.
 * @cache_invalidate: perform the guest's invalidations. On return, also on error, array->entry_num
 *	is the number of invalidations done. Optional.
 * @vdevice_size: size of the driver's struct that embeds struct iommufd_vdevice, in bytes; 0 if it
 *	has none
 * @vdevice_init: initialise the driver's part; viommu, idev and virt_id are set. Called with the
 *	mutex of the device's group held. Required with @vdevice_size.
 * @get_hw_queue_size: size of the driver's struct that embeds struct iommufd_hw_queue, in bytes; 0
 *	if there are no queues of the type. Optional.
 * @hw_queue_init_phys: start to process the queue, which is physically contiguous at @base_addr_pa
 *	and stays pinned. Required with @get_hw_queue_size.
 */
struct iommufd_viommu_ops {
	void (*destroy)(struct iommufd_viommu *viommu);
	struct iommu_domain *(*alloc_domain_nested)(struct iommufd_viommu *viommu, u32 flags,
						    const struct iommu_user_data *user_data);
	int (*cache_invalidate)(struct iommufd_viommu *viommu, struct iommu_user_data_array *array);
	const size_t vdevice_size;
	int (*vdevice_init)(struct iommufd_vdevice *vdev);
	size_t (*get_hw_queue_size)(struct iommufd_viommu *viommu, u32 queue_type);
	int (*hw_queue_init_phys)(struct iommufd_hw_queue *hw_queue, u32 index,
				  phys_addr_t base_addr_pa);
};

/**
 * struct iommufd_driver_entry - common part of the structs that IOMMU drivers register
 * @item: private to iommufd
 * @owner: module of the callbacks and of @iommu_ops; referenced while a callback runs
 * @iommu_ops: operations of the IOMMU driver; the registration applies to its devices
 */
struct iommufd_driver_entry {
	struct list_head item;
	struct module *owner;
	const struct iommu_ops *iommu_ops;
};

/**
 * struct iommufd_viommu_driver - an IOMMU driver that supports virtual IOMMUs
 * @entry: the IOMMU driver; each virtual IOMMU holds a reference on its module
 * @get_viommu_size: size of the driver's struct that embeds struct iommufd_viommu, in bytes; 0 if
 *	it does not support the type (enum iommu_viommu_type)
 * @viommu_init: initialise the driver's part and set viommu->ops. @parent is the domain of the
 *	guest's memory, @user_data the data from user space, or NULL.
 */
struct iommufd_viommu_driver {
	struct iommufd_driver_entry entry;
	size_t (*get_viommu_size)(struct device *dev, u32 viommu_type);
	int (*viommu_init)(struct iommufd_viommu *viommu, struct iommu_domain *parent,
			   const struct iommu_user_data *user_data);
};

int iommufd_viommu_driver_register(struct iommufd_viommu_driver *driver);
void iommufd_viommu_driver_unregister(struct iommufd_viommu_driver *driver);

/* Size of a driver's struct, which must begin with iommufd's. */
#define __IOMMUFD_STRUCT_SIZE(drv_struct, member, core_struct) \
	(sizeof(drv_struct) + BUILD_BUG_ON_ZERO(offsetof(drv_struct, member)) + \
	 BUILD_BUG_ON_ZERO(!__same_type(core_struct, ((drv_struct *)NULL)->member)))
#define VIOMMU_STRUCT_SIZE(drv_struct, member) \
	__IOMMUFD_STRUCT_SIZE(drv_struct, member, struct iommufd_viommu)
#define VDEVICE_STRUCT_SIZE(drv_struct, member) \
	__IOMMUFD_STRUCT_SIZE(drv_struct, member, struct iommufd_vdevice)
#define HW_QUEUE_STRUCT_SIZE(drv_struct, member) \
	__IOMMUFD_STRUCT_SIZE(drv_struct, member, struct iommufd_hw_queue)

/* For IOMMU drivers with virtual IOMMUs; defined in kernel/viommu/ and kernel/core/mmap.c. */
struct device *iommufd_vdevice_to_device(struct iommufd_vdevice *vdev);
struct device *iommufd_viommu_find_dev(struct iommufd_viommu *viommu, unsigned long vdev_id);
int iommufd_viommu_get_vdev_id(struct iommufd_viommu *viommu, struct device *dev,
			       unsigned long *vdev_id);
int iommufd_viommu_report_event(struct iommufd_viommu *viommu, u32 type, void *event_data,
				size_t data_len);
int _iommufd_object_depend(struct iommufd_object *obj, struct iommufd_object *on);
void _iommufd_object_undepend(struct iommufd_object *obj, struct iommufd_object *on);
int _iommufd_alloc_mmap(struct iommufd_ctx *ictx, struct iommufd_object *owner,
			phys_addr_t mmio_addr, size_t length, unsigned long *offset);
void _iommufd_destroy_mmap(struct iommufd_ctx *ictx, struct iommufd_object *owner,
			   unsigned long offset);

/* Keep @on from being destroyed before @queue; both are the driver's structs. */
#define iommufd_hw_queue_depend(queue, on, member) \
	_iommufd_object_depend(&(queue)->member.obj, &(on)->member.obj)
#define iommufd_hw_queue_undepend(queue, on, member) \
	_iommufd_object_undepend(&(queue)->member.obj, &(on)->member.obj)

/* Let user space map registers; @offset is the argument of mmap() on the iommufd file. */
static inline int iommufd_viommu_alloc_mmap(struct iommufd_viommu *viommu, phys_addr_t mmio_addr,
					    size_t length, unsigned long *offset)
{
	return _iommufd_alloc_mmap(viommu->ictx, &viommu->obj, mmio_addr, length, offset);
}

static inline void iommufd_viommu_destroy_mmap(struct iommufd_viommu *viommu, unsigned long offset)
{
	_iommufd_destroy_mmap(viommu->ictx, &viommu->obj, offset);
}

/* Attach PASIDs of a bound device, IOMMU_NO_PASID for the whole device; kernel/attach/attach.c. */
int iommufd_device_pasid_attach(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id);
int iommufd_device_pasid_replace(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id);
void iommufd_device_pasid_detach(struct iommufd_device *idev, ioasid_t pasid);

/**
 * struct iommufd_phys_vec - a range of physical memory
 * @paddr: first address
 * @len: length in bytes
 */
struct iommufd_phys_vec {
	phys_addr_t paddr;
	size_t len;
};

/**
 * struct iommufd_dmabuf_exporter - an exporter whose dma-bufs IOMMU_IOAS_MAP_FILE can map
 * @item: private to iommufd
 * @owner: module of the callback; referenced while it runs
 * @ops: the exporter's operations, which identify its dma-bufs; they must have pin()
 * @get_phys: get the memory of a whole dma-buf, which must be physically contiguous. Called with
 *	the dma-buf's reservation lock held. Return: 0; -ENODEV while access is revoked.
 *
 * The exporter revokes access with dma_buf_move_notify(). When that returns, no page table contains
 * the memory. Granting access again does not restore the mappings: these areas stay empty, and user
 * space has to map the dma-buf anew.
 */
struct iommufd_dmabuf_exporter {
	struct list_head item;
	struct module *owner;
	const struct dma_buf_ops *ops;
	int (*get_phys)(struct dma_buf_attachment *attachment, struct iommufd_phys_vec *phys);
};

int iommufd_dmabuf_exporter_register(struct iommufd_dmabuf_exporter *exporter);
void iommufd_dmabuf_exporter_unregister(struct iommufd_dmabuf_exporter *exporter);

/*
 * Translation of PASIDs.
 *
 * A guest may know a PASID by another number than the bus (IOMMU_EXT_PASID_VIRT). A driver that
 * programs hardware for the guest, such as a mediated driver that traps the guest's register
 * writes, or KVM for ENQCMD, looks up the number to program here. A notifier tells it when to
 * forget a number.
 *
 * A look-up takes no lock and never sleeps. It is allowed in any context except NMI. Its result may
 * be out of date at once; the following protocol with the notifier makes it safe:
 *
 * - The consumer has a lock of its own. It holds that lock while it looks up and programs, and in
 *   its notifier callback.
 * - Look-ups return the new state before the callback for a change is called. So a look-up after
 *   the callback sees the new state, and the callback sees everything programmed earlier, which
 *   revokes it.
 * - A number is not reused before the callbacks for its removal have returned.
 * - Callbacks for concurrent changes may come in any order, so a callback that needs the state must
 *   look it up.
 *
 * The number that a consumer programs is only a label: the IOMMU blocks DMA with a PASID that is
 * not attached. The notifier keeps a guest from using a PASID that belongs to another guest by now.
 *
 * How KVM's PASID translation table would use it. ENQCMD takes the guest's PASID from a register,
 * and the CPU replaces it according to a table of the VM (VMX: PASID translation, two levels, 2^20
 * entries) without knowing the device. Such PASIDs are therefore from the system-wide pool
 * (IOMMU_EXT_PASID_GLOBAL), whose virtual numbers mean the same on all devices of the file:
 *
 * - KVM gets the file (as with KVM_DEV_VFIO_FILE), takes a reference with iommufd_ctx_from_fd(),
 *   and registers a notifier that uses a mutex of KVM.
 * - On IOMMUFD_PASID_ADDED with change->global: lock the mutex, look up, write the entry, unlock.
 *   For a second device with the same number the entry exists already. Entries need not be filled
 *   in advance: an ENQCMD without an entry exits to KVM, which can look up then, with the device id
 *   that user space has registered for the page of the portal.
 * - On IOMMUFD_PASID_REMOVED with change->global and change->last: lock the mutex, clear the entry,
 *   make all VCPUs exit the guest once (the CPU may cache entries), unlock. When the callback
 *   returns, no ENQCMD of the guest carries the number any more, so it can be reused.
 * - On destruction of the VM KVM unregisters the notifier, clears the table, and drops the
 *   reference.
 */

/**
 * enum iommufd_pasid_event - change of a PASID
 * @IOMMUFD_PASID_ADDED: a PASID object was allocated; its virtual number, if any, can be looked up
 * @IOMMUFD_PASID_CHANGED: the PASID was attached, replaced or detached
 * @IOMMUFD_PASID_REMOVED: its object was destroyed; look-ups do not find it any more
 */
enum iommufd_pasid_event {
	IOMMUFD_PASID_ADDED = 1,
	IOMMUFD_PASID_CHANGED,
	IOMMUFD_PASID_REMOVED,
};

/**
 * struct iommufd_pasid_change - argument of a notifier callback
 * @ictx: the context
 * @dev_id: id of the DEVICE object
 * @pasid: the number on the bus
 * @virt_pasid: the guest's number, or IOMMU_EXT_NONE
 * @pt_id: id of the object it is attached to, as user space named it, or IOMMU_EXT_NONE
 * @global: the number is from the system-wide pool
 * @last: for IOMMUFD_PASID_REMOVED: no other device of the context has the number
 *
 * PASIDs that a driver attaches by number, without an object, cause IOMMUFD_PASID_CHANGED only.
 */
struct iommufd_pasid_change {
	struct iommufd_ctx *ictx;
	u32 dev_id;
	ioasid_t pasid;
	u32 virt_pasid;
	u32 pt_id;
	bool global;
	bool last;
};

int iommufd_pasid_register_notifier(struct iommufd_ctx *ictx, struct notifier_block *nb);
void iommufd_pasid_unregister_notifier(struct iommufd_ctx *ictx, struct notifier_block *nb);
int iommufd_pasid_from_virt(struct iommufd_ctx *ictx, u32 dev_id, u32 virt_pasid, ioasid_t *pasid);
int iommufd_pasid_from_pt(struct iommufd_ctx *ictx, u32 dev_id, u32 pt_id, ioasid_t *pasid);

/**
 * struct iommufd_iommu_driver - properties of an IOMMU driver that 6.12's struct iommu_ops lacks
 * @entry: the IOMMU driver
 * @sva_safe: IOMMU_DOMAIN_SVA domains of this driver never walk the kernel's half of a process's
 *	page table. The kernel frees page-table pages there without notifying IOMMUs, so
 *	iommu_sva_bind_device() refuses all devices on x86. iommufd does, too, without this flag.
 * @formats: get the formats of user-managed page tables for a device; return their number and set
 *	*@formats to an array that is never freed. NULL if there are none.
 *
 * Intel's driver need not register, because iommufd recognises it by its hw_info().
 */
struct iommufd_iommu_driver {
	struct iommufd_driver_entry entry;
	bool sva_safe;
	unsigned int (*formats)(struct device *dev, const struct iommu_ext_format **formats);
};

int iommufd_iommu_driver_register(struct iommufd_iommu_driver *driver);
void iommufd_iommu_driver_unregister(struct iommufd_iommu_driver *driver);

#endif
