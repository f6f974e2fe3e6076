/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommufd_mock: an IOMMU made of software, and devices behind it, for a stock kernel.
 *
 * No machine at hand, real or emulated, has an IOMMU with nesting, dirty bits, PASIDs and page
 * requests all at once. This module is one. It is a driver like any other for the IOMMU core
 * (mock_iommu.c), and has
 *
 *	mock_pt.c	page tables of the kernel, with pages of 2 KiB to 128 GiB and dirty bits
 *	mock_nested.c	page tables of a guest on top of them
 *	mock_sva.c	the page table of a process, shared with its CPU
 *	mock_viommu.c	what a guest's IOMMU driver talks to: caches, queues, events
 *	mock_dev.c	devices, which come and go with an object of iommufd
 *	mock_fault.c	page requests of devices, and the responses
 *	mock_mdev.c	a mediated driver, which gives queues of the devices their PASIDs
 *	mock_dma.c	the devices' DMA engine, which really reads and writes memory
 *	mock_access.c	in-kernel users of an IOAS
 *	mock_dmabuf.c	a dma-buf that can be revoked
 *	mock_cmd.c	IOMMU_TEST_CMD: the operations of the kernel's selftests
 *	mock_ext.c	the operations that we added
 *
 * It sees nothing of iommufd but its exports: the API of drivers, and the hook of
 * <iommufd_test_hook.h>. In turn iommufd has no line for the mock's sake.
 *
 * How a device gets here. The core finds an IOMMU by the firmware node in a device's fwspec, and a
 * device without one belongs to the first IOMMU without one, which is the machine's real IOMMU.
 * So the mock IOMMU is a platform device with a software node, and the devices are platform devices
 * with a fwspec that names it.
 *
 * What a DMA is. Each page is looked up and copied with the locks of the attachment and of the
 * page table held for reading. Attaching, detaching and unmapping take them for writing. So when an
 * unmap or a detach returns, no DMA touches what it took away, and none ever will. This is what a
 * real IOMMU gives after its flush, and what iommufd relies upon before it unpins. Of a process's
 * memory nothing is pinned, and it is the MMU notifier that takes the lock of the page table.
 *
 * Locks, outermost first:
 *
 *	mock_dev.iopf_rwsem	write: while the page table of a whole device is replaced; read:
 *				while page requests are reported
 *	iommufd's, and the group's mutex of the IOMMU core
 *	mock_mdev.rwsem		registers of the queues; write: in iommufd's notifier, too; read:
 *				while a page of a queue's DMA is done, or page requests of it are
 *				reported
 *	mock_dev.report_rwsem	read: while page requests are reported; write, for nothing but to
 *				wait for them: by those who have taken a page table away. See
 *				mock_fault.c.
 *	mock_dev.iopf_lock	whether the device is in the queue of page requests
 *	mock_dev.viommu_rwsem	which virtual IOMMU gets events; read: while one is reported
 *	mock_dev.table_rwsem	what is attached
 *	mock_domain.lock	a page table; write: change, read: look up, and copy what was found
 *	mock_nested.lock	the IOTLB of a guest's page table
 *	mock_sva.lock		the IOTLB of a process's page table; a spinning lock
 *	mock_dev.resp_lock	responses; a spinlock
 *
 * The mmap_lock of a process is not taken with any of these held. mock_sva.lock is taken within it,
 * and where memory is allocated, since there MMU notifiers are called.
 */
#ifndef _IOMMUFD_MOCK_H
#define _IOMMUFD_MOCK_H

#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/platform_device.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

#include <iommufd_test_hook.h>
#include "iommufd_mock_uapi.h"

struct mock_nested;
struct mock_sva;
struct mock_viommu;

/**
 * struct mock_fail - calls that are to fail
 * @skip: succeed before that
 * @count: fail then
 * @error: with this errno
 */
struct mock_fail {
	u32 skip;
	u32 count;
	int error;
};

void mock_fail_set(struct mock_fail *fail, u32 skip, u32 count, int error);
int mock_fail_hit(struct mock_fail *fail);

/**
 * struct mock_domain - a page table of the kernel
 * @domain: for the IOMMU core
 * @lock: see above
 * @root: table of the highest level
 * @tracking: DMA sets dirty bits
 * @fail: what is to fail, by MOCK_FAIL_*
 * @counts: for MOCK_OP_TABLE_COUNTS; @syncs apart under @lock
 * @syncs: calls of iotlb_sync()
 */
struct mock_domain {
	struct iommu_domain domain;
	struct rw_semaphore lock;
	u64 *root;
	bool tracking;
	struct mock_fail fail[MOCK_FAIL_KINDS];
	struct iommufd_mock_table_counts counts;
	atomic64_t syncs;
};

#define MOCK_IOVA_BITS 56
#define MOCK_RESPONSES 64
#define MOCK_NO_QUEUE (-1)

/**
 * struct mock_reg - the register of a queue
 * @pasid: what its DMA carries, or IOMMU_PASID_INVALID
 * @table: IOAS, HWPT or SVA object that it is to follow, or IOMMU_EXT_NONE
 */
struct mock_reg {
	ioasid_t pasid;
	u32 table;
};

/**
 * struct mock_mdev - a device's mediated driver
 * @dev_id: the DEVICE object
 * @nb: for the PASIDs of the context
 * @rwsem: see above; protects the rest
 * @ctx: the context; NULL while nothing can be programmed
 * @regs: of the queues
 * @told: callbacks for the device
 */
struct mock_mdev {
	u32 dev_id;
	struct notifier_block nb;
	struct rw_semaphore rwsem;
	struct iommufd_ctx *ctx;
	struct mock_reg regs[MOCK_QUEUES];
	u64 told;
};

/**
 * struct mock_dev - a device
 * @pdev: the device for the core
 * @node: its properties, until it has been probed
 * @flags: MOCK_FLAGS_DEVICE_*
 * @mdrv: its mediated driver
 * @iopf_rwsem: see above
 * @report_rwsem: see above
 * @iopf_lock: protects the following
 * @iopf_users: attachments with a fault handler
 * @iopf_queued: it is in the queue of page requests
 * @iopf_open: groups that have no response yet
 * @viommu_rwsem: protects the following
 * @viommu: of the nested table that is attached, or NULL
 * @virt_id: the device's number there
 * @table_rwsem: protects the following
 * @domain: attached to the whole device; never NULL
 * @pasids: attached to PASIDs
 * @leaving: PASID whose attachment the core may know for longer than we do, or IOMMU_PASID_INVALID
 * @pasid_armed: the next attachment of PASID 1024 fails
 * @cache: pretended caches of address translations
 * @resv_lock: protects the following
 * @resv: reserved regions, struct iommu_resv_region
 * @fail: what is to fail, by MOCK_FAIL_*
 * @resp_lock: protects the rest
 * @resp_wait: woken by responses
 * @resp_waits: struct mock_fault_wait: DMAs that wait for a response
 * @resp: the last ones
 * @resp_first: the oldest in @resp, as a sequence number
 * @resp_next: sequence number of the next one; they begin with 1
 * @resp_lost: overwritten before they were read
 * @grpid: of the next group that a DMA raises
 * @counts: for MOCK_OP_DEVICE_COUNTS; attaches and pasids under @table_rwsem instead
 * @event_work: reports events
 * @events: how many are still to be reported by it
 */
struct mock_dev {
	struct platform_device *pdev;
	struct fwnode_handle *node;
	unsigned long flags;
	struct mock_mdev mdrv;

	struct rw_semaphore iopf_rwsem;
	struct rw_semaphore report_rwsem;
	struct mutex iopf_lock; /* see above */
	unsigned int iopf_users;
	bool iopf_queued;
	atomic_t iopf_open;

	struct rw_semaphore viommu_rwsem;
	struct mock_viommu *viommu;
	unsigned long virt_id;

	struct rw_semaphore table_rwsem;
	struct iommu_domain *domain;
	struct xarray pasids;
	ioasid_t leaving;
	bool pasid_armed;
	u32 cache[MOCK_DEV_CACHE_NUM];

	struct mutex resv_lock; /* see above */
	struct list_head resv;

	struct mock_fail fail[MOCK_FAIL_KINDS];

	spinlock_t resp_lock;  /* see above */
	wait_queue_head_t resp_wait;
	struct list_head resp_waits;
	struct iommufd_mock_response resp[MOCK_RESPONSES];
	u32 resp_first;
	u32 resp_next;
	u32 resp_lost;
	u32 grpid;
	struct iommufd_mock_device_counts counts;

	struct work_struct event_work;
	atomic_t events;
};

/**
 * struct mock_fault_wait - a DMA that waits for the response to its page requests
 * @item: in mdev->resp_waits; mdev->resp_lock protects it
 * @prm: the first request
 * @code: the response
 * @done: it has come, and @code is set
 */
struct mock_fault_wait {
	struct list_head item;
	struct iommu_fault_page_request prm;
	u32 code;
	bool done;
};

/**
 * struct mock_object - a device with its binding and its attachment
 * @tobj: the object
 * @mdev: the device
 * @idev: the binding
 */
struct mock_object {
	struct iommufd_test_object tobj;
	struct mock_dev *mdev;
	struct iommufd_device *idev;
};

/* mock_iommu.c */
extern const struct iommu_ops mock_ops;
extern struct iommu_domain mock_blocked;
int mock_domain_attach(struct iommu_domain *domain, struct device *dev);
int mock_domain_set_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
			  struct iommu_domain *old);
struct iommu_domain *mock_attached(struct mock_dev *mdev, ioasid_t pasid);
struct fwnode_handle *mock_iommu_fwnode(void);
struct irq_domain *mock_iommu_msi(void);
bool mock_iommu_has(struct device *dev);

static inline struct mock_dev *to_mock_dev(struct device *dev)
{
	return dev_iommu_priv_get(dev);
}

/* mock_pt.c */
struct iommu_domain *mock_pt_alloc(struct device *dev, u32 flags,
				   const struct iommu_user_data *data);
bool mock_is_paging(struct iommu_domain *domain);
int mock_pt_lookup(struct mock_domain *mock, u64 iova, bool write, phys_addr_t *phys, size_t *left);
int mock_pt_copy(struct mock_domain *mock, u64 iova, void *buf, size_t length, bool write);
bool mock_pt_set_dirty(struct mock_domain *mock, u64 iova);

static inline struct mock_domain *to_mock_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_domain, domain);
}

/* mock_nested.c */
struct iommu_domain *mock_nested_alloc(struct mock_domain *parent, struct mock_viommu *viommu,
				       u32 flags, const struct iommu_user_data *data);
bool mock_is_nested(struct iommu_domain *domain);
struct mock_domain *mock_nested_parent(struct iommu_domain *domain);
struct mock_viommu *mock_nested_viommu(struct iommu_domain *domain);
int mock_nested_translate(struct iommu_domain *domain, u64 iova, bool write, u64 *ipa,
			  size_t *left);
bool mock_nested_check_iotlb(struct iommu_domain *domain, u32 id, u32 want);
unsigned int mock_nested_formats(struct device *dev, const struct iommu_ext_format **formats);

/* mock_sva.c */
struct iommu_domain *mock_sva_alloc(struct device *dev, struct mm_struct *mm);
bool mock_is_sva(struct iommu_domain *domain);
bool mock_sva_reaches(struct iommu_domain *domain, u64 iova);
int mock_sva_copy(struct iommu_domain *domain, u64 iova, void *buf, size_t *length, bool write);
struct mock_sva *mock_sva_get(struct iommu_domain *domain);
void mock_sva_put(struct mock_sva *sva);
int mock_sva_fill(struct mock_sva *sva, u64 iova, bool write);

/* mock_viommu.c */
int mock_viommu_register(void);
void mock_viommu_unregister(void);
int mock_viommu_vdev_id(struct mock_viommu *viommu, struct device *dev, unsigned long *id);
int mock_viommu_report(struct mock_dev *mdev);
void mock_viommu_event_work(struct work_struct *work);

/* mock_dev.c */
struct mock_object *mock_object_create(struct iommufd_ctx *ctx, u32 *pt_id, u32 flags,
				       u64 resv_start, u64 resv_length, u32 *idev_id);
void mock_object_finalize(struct mock_object *mobj);
void mock_object_abort(struct mock_object *mobj);
void mock_object_destroy(struct iommufd_test_object *tobj);
struct mock_dev *mock_dev_get(struct iommufd_ctx *ctx, u32 id, struct iommufd_object **obj);
int mock_dev_reserve(struct mock_dev *mdev, u64 start, u64 length);
void mock_dev_get_resv(struct device *dev, struct list_head *list);

/* mock_fault.c */
int mock_fault_init(void);
void mock_fault_exit(void);
int mock_fault_get(struct mock_dev *mdev);
void mock_fault_put(struct mock_dev *mdev);
bool mock_fault_is_on(struct mock_dev *mdev);
void mock_fault_release(struct mock_dev *mdev);
void mock_fault_drain(struct mock_dev *mdev);
void mock_fault_response(struct device *dev, struct iopf_fault *evt,
			 struct iommu_page_response *msg);
int mock_fault_report(struct mock_dev *mdev, struct iommu_fault_page_request *prm, int queue,
		      unsigned int requests, bool last);
int mock_fault_wait(struct mock_dev *mdev, struct mock_fault_wait *wait, unsigned int timeout_ms);
void mock_fault_begin(struct mock_dev *mdev, struct mock_fault_wait *wait);
void mock_fault_cancel(struct mock_dev *mdev, struct mock_fault_wait *wait);
int mock_fault_read(struct mock_dev *mdev, void __user *uptr, u32 *num, u32 *lost);

/* mock_mdev.c */
void mock_mdev_init(struct mock_mdev *mdrv);
int mock_mdev_start(struct mock_mdev *mdrv, struct iommufd_ctx *ctx, u32 dev_id);
void mock_mdev_stop(struct mock_mdev *mdrv);
int mock_mdev_lock(struct mock_mdev *mdrv, u32 queue, ioasid_t *pasid);
void mock_mdev_unlock(struct mock_mdev *mdrv);
int mock_mdev_queue(struct mock_mdev *mdrv, struct iommufd_mock_cmd *cmd);

/* mock_dma.c */
int mock_dma(struct mock_dev *mdev, struct iommufd_mock_cmd *cmd);

/* mock_access.c */
int mock_access_create(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd, void __user *arg,
		       u32 size);
int mock_access_replace(u32 fd, u32 ioas_id);
int mock_access_pages(struct iommu_test_cmd *cmd, void __user *arg, u32 size);
int mock_access_pages_destroy(u32 fd, u32 pages_id);
int mock_access_rw(const struct iommu_test_cmd *cmd);

/* mock_dmabuf.c */
int mock_dmabuf_init(void);
void mock_dmabuf_exit(void);
int mock_dmabuf_get(u32 length, u32 open_flags);
int mock_dmabuf_revoke(int fd, bool revoke);

/* mock_cmd.c */
extern const struct iommufd_test_hook mock_hook;
int mock_respond(void __user *arg, const void *cmd, u32 user_size, size_t size);

/* mock_ext.c */
long mock_ext(struct iommufd_ctx *ctx, void __user *arg, u32 size);

#endif
