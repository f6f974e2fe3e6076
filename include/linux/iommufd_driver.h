/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel API of iommufd that <linux/iommufd.h> of Linux 6.12 does not have: for IOMMU
 * drivers that offer virtual IOMMUs and hardware queues, for exporters of dma-bufs, and for drivers
 * that attach single PASIDs of a device. The last parts are ours alone: translation of PASIDs, for
 * those who program hardware on behalf of a guest, and what IOMMU drivers say of themselves for
 * IOMMU_EXT_DEVICE_INFO.
 *
 * Structs and functions mean what they mean in the header of Linux 7.3, whose drivers find the same
 * names here. Two things differ, since 6.12's structs have no room for them:
 *
 *   - an IOMMU driver registers its struct iommufd_viommu_driver, where 7.3 has the same two
 *     callbacks in struct iommu_ops
 *   - an exporter registers how to find the memory of its dma-bufs, where 7.3 looks up one symbol
 *
 * Unless it says otherwise a function may sleep, and is called without locks of iommufd.
 */
#ifndef _LINUX_IOMMUFD_DRIVER_H
#define _LINUX_IOMMUFD_DRIVER_H

#include <linux/build_bug.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/list.h>
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

/* Numbers of types are seen in tracepoints: only append. */
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
 * struct iommufd_object - what all objects with an id begin with; not to be touched by drivers
 * @users: who needs it, its id included
 * @calls: of these, calls at work
 * @id: the id
 * @type: the type
 * @transient: it is destroyed with its last user; set by the first one that leaves
 */
struct iommufd_object {
	refcount_t users;
	atomic_t calls;
	u32 id;
	enum iommufd_object_type type;
	bool transient;
};

/**
 * struct iommufd_viommu - a virtual IOMMU: the slice of an IOMMU that one guest sees
 * @obj: the object
 * @ictx: its context
 * @iommu_dev: the IOMMU
 * @hwpt: the page table of the guest's memory, made with IOMMU_HWPT_ALLOC_NEST_PARENT
 * @ops: set by the driver's viommu_init()
 * @vdevs: struct iommufd_vdevice by the guest's number; look them up under xa_lock()
 * @veventqs: its queues of events
 * @veventqs_rwsem: protects @veventqs, and keeps a queue while an event is put into it
 * @type: enum iommu_viommu_type
 * @owner: the driver's module, held
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
 * @virt_id: the guest's number for it
 * @destroy: set by the driver's vdevice_init(), if there is anything to undo
 */
struct iommufd_vdevice {
	struct iommufd_object obj;
	struct iommufd_viommu *viommu;
	struct iommufd_device *idev;
	u64 virt_id;
	void (*destroy)(struct iommufd_vdevice *vdev);
};

/**
 * struct iommufd_hw_queue - a guest's queue that the IOMMU works on by itself
 * @obj: the object
 * @viommu: the virtual IOMMU
 * @access: iommufd's own
 * @base_addr: address of the queue in the guest's memory
 * @length: bytes
 * @type: enum iommu_hw_queue_type
 * @destroy: set by the driver's hw_queue_init_phys(), if there is anything to undo
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
 * struct iommufd_viommu_ops - what a driver does for its virtual IOMMUs
 * @destroy: undo viommu_init(); the memory is freed afterwards
 * @alloc_domain_nested: make an IOMMU_DOMAIN_NESTED from the guest's page table; ERR_PTR on error.
 *	@flags may have IOMMU_HWPT_ALLOC_PASID.
 * @cache_invalidate: do the guest's invalidations; array->entry_num says how many were done on
 *	return, on error too
 * @vdevice_size: size of the driver's struct around struct iommufd_vdevice, or 0
 * @vdevice_init: fill it in; viommu, idev and virt_id are set. Called with the lock of the device's
 *	group held.
 * @get_hw_queue_size: size of the driver's struct around struct iommufd_hw_queue; 0 if there are no
 *	queues of the type
 * @hw_queue_init_phys: begin to work on the queue, which is one piece of memory at @base_addr_pa
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
 * struct iommufd_driver_entry - common part of what an IOMMU driver registers with iommufd
 * @item: for iommufd
 * @owner: module of the callbacks and of @iommu_ops
 * @iommu_ops: operations of the IOMMU driver; the registration applies to its devices
 */
struct iommufd_driver_entry {
	struct list_head item;
	struct module *owner;
	const struct iommu_ops *iommu_ops;
};

/**
 * struct iommufd_viommu_driver - an IOMMU driver that offers virtual IOMMUs
 * @entry: the IOMMU driver; each virtual IOMMU holds a reference on its module
 * @get_viommu_size: size of the driver's struct around struct iommufd_viommu; 0 if it has none of
 *	the type (enum iommu_viommu_type)
 * @viommu_init: fill it in, and set viommu->ops. @parent is the page table of the guest's memory,
 *	@user_data what user space gave, or NULL.
 */
struct iommufd_viommu_driver {
	struct iommufd_driver_entry entry;
	size_t (*get_viommu_size)(struct device *dev, u32 viommu_type);
	int (*viommu_init)(struct iommufd_viommu *viommu, struct iommu_domain *parent,
			   const struct iommu_user_data *user_data);
};

int iommufd_viommu_driver_register(struct iommufd_viommu_driver *driver);
void iommufd_viommu_driver_unregister(struct iommufd_viommu_driver *driver);

/* Size of a driver's struct, with the check that it begins with iommufd's. */
#define __IOMMUFD_STRUCT_SIZE(drv_struct, member, core_struct) \
	(sizeof(drv_struct) + BUILD_BUG_ON_ZERO(offsetof(drv_struct, member)) + \
	 BUILD_BUG_ON_ZERO(!__same_type(core_struct, ((drv_struct *)NULL)->member)))
#define VIOMMU_STRUCT_SIZE(drv_struct, member) \
	__IOMMUFD_STRUCT_SIZE(drv_struct, member, struct iommufd_viommu)
#define VDEVICE_STRUCT_SIZE(drv_struct, member) \
	__IOMMUFD_STRUCT_SIZE(drv_struct, member, struct iommufd_vdevice)
#define HW_QUEUE_STRUCT_SIZE(drv_struct, member) \
	__IOMMUFD_STRUCT_SIZE(drv_struct, member, struct iommufd_hw_queue)

/* For struct iommufd_viommu drivers; described where they are, kernel/viommu.c and eventq.c. */
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

/* One queue of a driver cannot be destroyed before another: @on stays while @queue is there. */
#define iommufd_hw_queue_depend(queue, on, member) \
	_iommufd_object_depend(&(queue)->member.obj, &(on)->member.obj)
#define iommufd_hw_queue_undepend(queue, on, member) \
	_iommufd_object_undepend(&(queue)->member.obj, &(on)->member.obj)

/* Let user space mmap() registers: @offset is what it gives to mmap() on the iommufd file. */
static inline int iommufd_viommu_alloc_mmap(struct iommufd_viommu *viommu, phys_addr_t mmio_addr,
					    size_t length, unsigned long *offset)
{
	return _iommufd_alloc_mmap(viommu->ictx, &viommu->obj, mmio_addr, length, offset);
}

static inline void iommufd_viommu_destroy_mmap(struct iommufd_viommu *viommu, unsigned long offset)
{
	_iommufd_destroy_mmap(viommu->ictx, &viommu->obj, offset);
}

/* Attach single PASIDs of a bound device; kernel/device.c. IOMMU_NO_PASID is the whole device. */
int iommufd_device_pasid_attach(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id);
int iommufd_device_pasid_replace(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id);
void iommufd_device_pasid_detach(struct iommufd_device *idev, ioasid_t pasid);

/**
 * struct iommufd_phys_vec - a piece of physical memory
 * @paddr: first address
 * @len: bytes
 */
struct iommufd_phys_vec {
	phys_addr_t paddr;
	size_t len;
};

/**
 * struct iommufd_dmabuf_exporter - an exporter whose dma-bufs can be mapped by IOMMU_IOAS_MAP_FILE
 * @item: for iommufd
 * @owner: module of the callback
 * @ops: the exporter's operations, by which its dma-bufs are known; they must have pin()
 * @get_phys: the memory of a whole dma-buf, which is one piece. Called with the dma-buf's
 *	reservation lock held. Return: 0; -ENODEV while access is revoked.
 *
 * The exporter revokes access by dma_buf_move_notify(): on return nothing of it is in a page table.
 * A second one with get_phys() succeeding again does not bring it back: the areas stay empty, and
 * new ones can be mapped.
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
 * A guest may know a PASID by another number than the bus (IOMMU_EXT_PASID_VIRT). Who programs
 * hardware for it - a mediated driver that traps the guest's writes, KVM for ENQCMD - asks here
 * for the number to program, and is told when it has to forget one.
 *
 * A look-up takes no lock and never sleeps: it may be made from any context but NMI. What it says
 * may be out of date at once; the protocol that makes it safe is that of the notifier:
 *
 *	- The consumer has a lock of its own, and holds it while it looks up and programs, and in
 *	  its notifier callback.
 *	- Before the callback for a change is made, look-ups say the new state. So whoever looks up
 *	  afterwards sees it, and what was programmed before is seen by the callback, which takes it
 *	  back.
 *	- A number is given to nobody else before the callbacks for its removal have returned.
 *	- Two changes at once may be told in any order: a callback that needs the state looks up.
 *
 * What the consumer programs is a label only: DMA with a PASID that is not attached is blocked by
 * the IOMMU, whatever hardware has been told. The notifier is what keeps a guest from using a PASID
 * that has become somebody else's.
 *
 * How KVM's PASID translation table would sit on it. ENQCMD carries the guest's PASID from a
 * register; the CPU replaces it by what a table of the VM says (VMX: PASID translation, two levels,
 * 2^20 entries), without knowing the device. So such PASIDs are of the system-wide pool
 * (IOMMU_EXT_PASID_GLOBAL), for which a virtual number means the same on all devices of the file:
 *
 *	- KVM gets the file (as with KVM_DEV_VFIO_FILE), takes a reference by iommufd_ctx_from_fd(),
 *	  and registers a notifier with a mutex of its own.
 *	- IOMMUFD_PASID_ADDED with change->global: lock, look up, write the entry, unlock. The same
 *	  number for a second device finds the entry there already. Entries need not be filled
 *	  beforehand: an ENQCMD that meets none exits to KVM, which can look up then, by the device
 *	  id that user space has told for the portal's page.
 *	- IOMMUFD_PASID_REMOVED with change->global and change->last: lock, clear the entry, have
 *	  all VCPUs leave the guest once (the CPU may cache entries), unlock. When the callback
 *	  returns no ENQCMD of the guest carries the number any more, and it may be given away.
 *	- When the VM goes KVM unregisters, clears the table, and drops the reference.
 */

/**
 * enum iommufd_pasid_event - what has happened to a PASID
 * @IOMMUFD_PASID_ADDED: user space has it: a virtual number, if it has one, can be looked up
 * @IOMMUFD_PASID_CHANGED: it was attached, replaced or detached
 * @IOMMUFD_PASID_REMOVED: user space has it no more, and neither number can be looked up
 */
enum iommufd_pasid_event {
	IOMMUFD_PASID_ADDED = 1,
	IOMMUFD_PASID_CHANGED,
	IOMMUFD_PASID_REMOVED,
};

/**
 * struct iommufd_pasid_change - what a notifier callback is told
 * @ictx: the context
 * @dev_id: the DEVICE object
 * @pasid: the number on the bus
 * @virt_pasid: the guest's number, or IOMMU_EXT_NONE
 * @pt_id: what it is attached to now, as user space named it, or IOMMU_EXT_NONE
 * @global: the number is of the system-wide pool
 * @last: IOMMUFD_PASID_REMOVED: no other device of the context has the number
 *
 * PASIDs that a driver attaches by number, without an object, are told of with
 * IOMMUFD_PASID_CHANGED only.
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
 * struct iommufd_iommu_driver - what an IOMMU driver says of itself beyond 6.12's struct iommu_ops
 * @entry: the IOMMU driver
 * @sva_safe: its page tables of a process (IOMMU_DOMAIN_SVA) never look at the kernel's half of
 *	that process's page table. The kernel frees page-table pages of its own half without telling
 *	IOMMUs, for which reason iommu_sva_bind_device() of x86 kernels refuses all devices (see
 *	there). Without this iommufd refuses, too.
 * @formats: formats of user-managed page tables for a device: how many there are; the array is
 *	constant. May be NULL for none.
 *
 * Intel's driver need not register: iommufd knows it by its hw_info().
 */
struct iommufd_iommu_driver {
	struct iommufd_driver_entry entry;
	bool sva_safe;
	unsigned int (*formats)(struct device *dev, const struct iommu_ext_format **formats);
};

int iommufd_iommu_driver_register(struct iommufd_iommu_driver *driver);
void iommufd_iommu_driver_unregister(struct iommufd_iommu_driver *driver);

#endif
