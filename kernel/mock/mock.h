/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mock: iommufd_mock.ko, a software IOMMU and software devices behind it, for a stock kernel.
 *
 * No machine, real or emulated, has an IOMMU with nesting, dirty tracking, PASIDs and page requests
 * all at once; the mock has. It is a driver of the IOMMU core like any other. Of iommufd it uses
 * only the API for drivers, and the hook in <iommufd_test_hook.h>. No code in iommufd depends on
 * the mock.
 *
 * The files, each of which calls only those above it:
 *
 *	fail.c		calls that a test wants to fail
 *	iopf.c		the queue of page requests, and the responses to them
 *	event.c		events for a virtual IOMMU
 *	attach.c	the domains that a device and its PASIDs are attached to
 *	iotlb.c		the IOTLB of a paging domain
 *	unlocked.c	page tables without a lock, for measurements
 *	paging.c	paging domains: page tables of the kernel
 *	nested.c	nested domains: page tables of a guest
 *	sva.c		SVA domains: the page table of a process
 *	queue.c		queues whose PASID a mediated driver programs
 *	page_request.c	raising page requests
 *	iommu.c		the IOMMU and its struct iommu_ops
 *	viommu.c	virtual IOMMUs and hardware queues
 *	device.c	devices; each lives as long as its iommufd object
 *	dma.c		the DMA engine of the devices, which really reads and writes memory
 *	access.c	in-kernel accesses to an IOAS
 *	dmabuf.c	an exporter of dma-bufs that can be revoked
 *	ext.c		IOMMU_TEST_CMD: our own operations
 *	cmd.c		IOMMU_TEST_CMD: the operations of the kernel's selftests
 *	module.c	loading and unloading
 *
 * How a device finds this IOMMU: the IOMMU core compares the firmware node in the device's fwspec.
 * A device without a node gets the first IOMMU without one, which is the machine's real IOMMU.
 * Therefore the mock IOMMU is a platform device with a software node, and the fwspec of each mock
 * device names that node.
 *
 * DMA has these guarantees: the engine looks up and copies each page while it holds the locks of
 * the attachment and of the page table for reading. Attach, detach, unmap and flush take them for
 * writing. An unmap leaves the translation in the IOTLB (iotlb.c), so DMA uses it until the flush
 * of the range. When a flush or a detach returns, no DMA uses the old translation, and none will.
 * iommufd relies on that before it unpins; therefore the engine checks that each page of a paging
 * domain is pinned. Memory of an SVA domain is not pinned; there, the MMU notifier takes the lock
 * of the page table.
 *
 * Locks, outermost first:
 *
 *	mock_dev.iopf_rwsem	write: while the domain of the whole device is replaced;
 *				read: while page requests are reported
 *	(iommufd's locks, then the group's mutex of the IOMMU core)
 *	mock_queues.rwsem	the queues' registers; write: also in iommufd's PASID notifier;
 *				read: for each page of a queue's DMA, and while its page requests
 *				are reported
 *	mock_dev.report_rwsem	read: while page requests are reported; write: only to wait
 *				for those readers after a detach, see page_request.c
 *	mock_dev.iopf_lock	membership in the queue of page requests
 *	mock_dev.viommu_rwsem	the virtual IOMMU for events; read: while one is reported
 *	mock_dev.table_rwsem	the attached domains
 *	mock_paging.lock	a page table; write: to change it; read: to look up and copy
 *	mock_nested.lock	the IOTLB of a nested domain
 *	mock_iotlb.lock		the IOTLB of a paging domain; spins
 *	mock_sva.lock		the IOTLB of an SVA domain; spins
 *	mock_dev.resp_lock	responses and counts; spins
 *
 * The mmap_lock of a process is never taken under any of these. MMU notifiers take mock_sva.lock
 * under the mmap_lock and during memory reclaim, so no memory is allocated under it.
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
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

#include <iommufd_test_hook.h>
#include "iommufd_mock_uapi.h"

struct mock_sva;

#define MOCK_IOVA_BITS 56
#define MOCK_RESPONSES 64
#define MOCK_NO_QUEUE (-1)

/**
 * struct mock_fail - a kind of call that a test wants to fail
 * @skip: calls that still succeed
 * @count: calls that fail after those
 * @error: the negative errno they fail with
 */
struct mock_fail {
	u32 skip;
	u32 count;
	int error;
};

/* Entries of the IOTLB of a paging domain */
#define MOCK_IOTLB_ENTRIES 64

/**
 * struct mock_iotlb_entry - a translation of MOCK_PAGE_SIZE bytes
 * @iova: the first IOVA, a multiple of MOCK_PAGE_SIZE; MOCK_IOTLB_EMPTY if there is no translation
 * @phys: the physical address
 * @read: the mapping allows a device to read
 * @write: the mapping allows a device to write
 * @dirty: the dirty bit in the page table is known to be set
 */
struct mock_iotlb_entry {
	u64 iova;
	phys_addr_t phys;
	bool read;
	bool write;
	bool dirty;
};

#define MOCK_IOTLB_EMPTY U64_MAX

/**
 * struct mock_iotlb - the IOTLB of a paging domain
 * @lock: protects @entries and @hits
 * @entries: the translations, by IOVA
 * @hits: look-ups that found a translation
 */
struct mock_iotlb {
	spinlock_t lock; /* entries, hits */
	struct mock_iotlb_entry entries[MOCK_IOTLB_ENTRIES];
	u64 hits;
};

/**
 * struct mock_paging - a page table of the kernel
 * @domain: for the IOMMU core
 * @lock: protects the page table; see above
 * @root: table of the highest level
 * @tracking: DMA sets dirty bits
 * @fail: injected failures by MOCK_FAIL_*
 * @iotlb: translations that DMA has used
 * @counts: for MOCK_OP_TABLE_COUNTS, under @lock; its iotlb_hits and strays stay 0
 * @strays: copies that met a page which is not pinned
 */
struct mock_paging {
	struct iommu_domain domain;
	struct rw_semaphore lock;
	u64 *root;
	bool tracking;
	struct mock_fail fail[MOCK_FAIL_KINDS];
	struct mock_iotlb iotlb;
	struct iommufd_mock_table_counts counts;
	atomic64_t strays;
};

/**
 * struct mock_reg - the PASID register of a queue
 * @pasid: the PASID that the queue's DMA carries, or IOMMU_PASID_INVALID
 * @table: id of the IOAS, HWPT or SVA object whose PASID the register follows, or IOMMU_EXT_NONE
 */
struct mock_reg {
	ioasid_t pasid;
	u32 table;
};

/**
 * struct mock_queues - the queues of a device and their mediated driver
 * @dev_id: id of the DEVICE object
 * @nb: receives changes of the context's PASIDs
 * @rwsem: protects the fields below; see above
 * @ctx: the context; NULL while no queue can be programmed
 * @regs: a register for each queue
 * @notified: notifications received for this device
 */
struct mock_queues {
	u32 dev_id;
	struct notifier_block nb;
	struct rw_semaphore rwsem;
	struct iommufd_ctx *ctx;
	struct mock_reg regs[MOCK_QUEUES];
	u64 notified;
};

/**
 * struct mock_dev - a device
 * @pdev: the device for the driver core
 * @node: its software node until it has been probed
 * @flags: MOCK_FLAGS_DEVICE_*
 * @queues: its queues
 * @iopf_rwsem: see above
 * @report_rwsem: see above
 * @iopf_lock: protects @iopf_users and @iopf_queued
 * @iopf_users: attachments with a fault handler, and callers that enabled the feature
 * @iopf_queued: the device is in the core's queue of page requests
 * @iopf_open: groups of page requests without a response
 * @viommu_rwsem: protects @viommu and @virt_id
 * @viommu: virtual IOMMU of the attached nested domain, or NULL
 * @virt_id: id of the device in @viommu
 * @table_rwsem: protects the fields from @domain to @detaching
 * @domain: attached to the whole device; never NULL
 * @pasids: attached domains by PASID
 * @detaching: the last detached PASID, which the core may still know, or IOMMU_PASID_INVALID
 * @pasid_1024_fails: the next attachment of PASID 1024 fails; under the group's mutex
 * @cache: words that stand for a cache of address translations
 * @resv_lock: protects @resv
 * @resv: reserved regions, a list of struct iommu_resv_region
 * @fail: injected failures by MOCK_FAIL_*
 * @resp_lock: protects the fields from @resp_wait to @counts
 * @resp_wait: woken by each response
 * @resp_waits: struct mock_iopf_wait of each DMA that waits for a response
 * @resp: the newest responses, by sequence number modulo MOCK_RESPONSES
 * @resp_first: sequence number of the oldest response in @resp
 * @resp_next: sequence number of the next response; the first is 1
 * @resp_lost: responses overwritten before they were read
 * @grpid: counts the groups raised by DMA
 * @counts: for MOCK_OP_DEVICE_COUNTS; its attaches and pasids are under @table_rwsem instead
 * @event_work: reports @events
 * @events: events that @event_work still has to report
 */
struct mock_dev {
	struct platform_device *pdev;
	struct fwnode_handle *node;
	unsigned long flags;
	struct mock_queues queues;

	struct rw_semaphore iopf_rwsem;
	struct rw_semaphore report_rwsem;
	struct mutex iopf_lock; /* iopf_users, iopf_queued */
	unsigned int iopf_users;
	bool iopf_queued;
	atomic_t iopf_open;

	struct rw_semaphore viommu_rwsem;
	struct iommufd_viommu *viommu;
	unsigned long virt_id;

	struct rw_semaphore table_rwsem;
	struct iommu_domain *domain;
	struct xarray pasids;
	ioasid_t detaching;
	bool pasid_1024_fails;
	u32 cache[MOCK_DEV_CACHE_NUM];

	struct mutex resv_lock; /* resv */
	struct list_head resv;

	struct mock_fail fail[MOCK_FAIL_KINDS];

	spinlock_t resp_lock; /* resp_wait to counts */
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
 * struct mock_iopf_wait - a DMA that waits for the response to its page requests
 * @item: in mdev->resp_waits, under mdev->resp_lock
 * @prm: the first page request of the group
 * @code: the response, valid once @done is set
 * @done: the response has arrived
 */
struct mock_iopf_wait {
	struct list_head item;
	struct iommu_fault_page_request prm;
	u32 code;
	bool done;
};

/**
 * struct mock_object - the iommufd object that stands for a device, its binding and its attachment
 * @tobj: the object
 * @mdev: the device
 * @idev: the binding
 */
struct mock_object {
	struct iommufd_test_object tobj;
	struct mock_dev *mdev;
	struct iommufd_device *idev;
};

static inline struct mock_dev *to_mock_dev(struct device *dev)
{
	return dev_iommu_priv_get(dev);
}

static inline struct mock_paging *to_mock_paging(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_paging, domain);
}

/* Copy the struct of an ioctl back to user space, as far as its @user_size bytes there reach. */
static inline int mock_respond(void __user *arg, const void *cmd, u32 user_size, size_t size)
{
	return copy_to_user(arg, cmd, min_t(size_t, user_size, size)) ? -EFAULT : 0;
}

/* fail.c */
void mock_fail_set(struct mock_fail *fail, u32 skip, u32 count, int error);
int mock_fail_hit(struct mock_fail *fail);
void mock_fail_copy(struct mock_fail *to, const struct mock_fail *from);

/* iopf.c */
int mock_iopf_init(void);
void mock_iopf_exit(void);
int mock_iopf_get(struct mock_dev *mdev);
void mock_iopf_put(struct mock_dev *mdev);
bool mock_iopf_enabled(struct mock_dev *mdev);
void mock_iopf_release(struct mock_dev *mdev);
void mock_iopf_drain(struct mock_dev *mdev);
void mock_iopf_response(struct device *dev, struct iopf_fault *evt,
			struct iommu_page_response *msg);
void mock_iopf_wait_begin(struct mock_dev *mdev, struct mock_iopf_wait *wait);
void mock_iopf_wait_cancel(struct mock_dev *mdev, struct mock_iopf_wait *wait);
int mock_iopf_wait(struct mock_dev *mdev, struct mock_iopf_wait *wait, unsigned int timeout_ms);
int mock_iopf_read(struct mock_dev *mdev, void __user *uptr, u32 *num, u32 *lost);

/* event.c */
void mock_event_init(struct mock_dev *mdev);
void mock_event_route(struct mock_dev *mdev, struct iommufd_viommu *viommu, unsigned long virt_id);
int mock_event_report(struct mock_dev *mdev);
void mock_event_start(struct mock_dev *mdev, unsigned int num);
void mock_event_stop(struct mock_dev *mdev);

/* attach.c */
extern struct iommu_domain mock_blocked;
struct iommu_domain *mock_attached(struct mock_dev *mdev, ioasid_t pasid);
int mock_attach(struct iommu_domain *domain, struct device *dev, struct iommu_domain *old);
int mock_attach_viommu(struct iommu_domain *domain, struct device *dev,
		       struct iommufd_viommu *viommu);
int mock_attach_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
		      struct iommu_domain *old);
void mock_detach_pasid(struct device *dev, ioasid_t pasid, struct iommu_domain *domain);

/* iotlb.c */
void mock_iotlb_init(struct mock_iotlb *iotlb);
bool mock_iotlb_find(struct mock_iotlb *iotlb, u64 iova, bool write,
		     struct mock_iotlb_entry *entry);
void mock_iotlb_add(struct mock_iotlb *iotlb, const struct mock_iotlb_entry *entry);
void mock_iotlb_flush(struct mock_iotlb *iotlb, u64 start, u64 last);
u64 mock_iotlb_hits(struct mock_iotlb *iotlb);

/* unlocked.c */
struct iommu_domain *mock_unlocked_alloc(struct device *dev);

/* paging.c */
struct iommu_domain *mock_paging_alloc(struct device *dev, u32 flags,
				       const struct iommu_user_data *data);
bool mock_is_paging(struct iommu_domain *domain);
int mock_paging_lookup(struct mock_paging *mock, u64 iova, bool write, phys_addr_t *phys,
		       size_t *left);
int mock_paging_copy(struct mock_paging *mock, u64 iova, void *buf, size_t length, bool write);
bool mock_paging_set_dirty(struct mock_paging *mock, u64 iova);

/* nested.c */
struct iommu_domain *mock_nested_alloc(struct mock_paging *parent, struct iommufd_viommu *viommu,
				       u32 flags, const struct iommu_user_data *data);
bool mock_is_nested(struct iommu_domain *domain);
struct mock_paging *mock_nested_parent(struct iommu_domain *domain);
int mock_nested_translate(struct iommu_domain *domain, u64 iova, bool write, u64 *ipa,
			  size_t *left);
bool mock_nested_check_iotlb(struct iommu_domain *domain, u32 id, u32 want);
unsigned int mock_nested_formats(struct device *dev, const struct iommu_ext_format **formats);

/* sva.c */
struct iommu_domain *mock_sva_alloc(struct device *dev, struct mm_struct *mm);
bool mock_is_sva(struct iommu_domain *domain);
bool mock_sva_reaches(struct iommu_domain *domain, u64 iova);
int mock_sva_copy(struct iommu_domain *domain, u64 iova, void *buf, size_t *length, bool write);
struct mock_sva *mock_sva_get(struct iommu_domain *domain);
void mock_sva_put(struct mock_sva *sva);
int mock_sva_fill(struct mock_sva *sva, u64 iova, bool write);

/* queue.c */
void mock_queues_init(struct mock_queues *queues);
int mock_queues_start(struct mock_queues *queues, struct iommufd_ctx *ctx, u32 dev_id);
void mock_queues_stop(struct mock_queues *queues);
int mock_queues_lock(struct mock_queues *queues, u32 queue, ioasid_t *pasid);
void mock_queues_unlock(struct mock_queues *queues);
int mock_queues_program(struct mock_queues *queues, struct iommufd_mock_cmd *cmd);

/* page_request.c */
int mock_page_request(struct mock_dev *mdev, struct iommu_fault_page_request *prm, int queue,
		      unsigned int requests, bool last);

/* iommu.c */
extern const struct iommu_ops mock_ops;
int mock_iommu_init(void);
void mock_iommu_exit(void);
struct fwnode_handle *mock_iommu_fwnode(void);
struct irq_domain *mock_iommu_msi(void);
bool mock_iommu_has(struct device *dev);

/* viommu.c */
int mock_viommu_register(void);
void mock_viommu_unregister(void);

/* device.c */
struct mock_object *mock_object_create(struct iommufd_ctx *ctx, u32 *pt_id, u32 flags,
				       u64 resv_start, u64 resv_length, u32 *idev_id);
void mock_object_finalize(struct mock_object *mobj);
void mock_object_abort(struct mock_object *mobj);
void mock_object_destroy(struct iommufd_test_object *tobj);
struct mock_dev *mock_dev_get(struct iommufd_ctx *ctx, u32 id, struct iommufd_object **obj);
int mock_dev_reserve(struct mock_dev *mdev, u64 start, u64 length);

/* dma.c */
int mock_dma(struct mock_dev *mdev, struct iommufd_mock_cmd *cmd);

/* access.c */
int mock_access_create(struct iommufd_ctx *ctx, struct iommu_test_cmd *cmd, void __user *arg,
		       u32 size);
int mock_access_replace(u32 fd, u32 ioas_id);
int mock_access_pages(struct iommu_test_cmd *cmd, void __user *arg, u32 size);
int mock_access_pages_destroy(u32 fd, u32 pages_id);
int mock_access_rw(const struct iommu_test_cmd *cmd);

/* dmabuf.c */
int mock_dmabuf_init(void);
void mock_dmabuf_exit(void);
int mock_dmabuf_get(u32 length, u32 open_flags);
int mock_dmabuf_revoke(int fd, bool revoke);

/* ext.c */
long mock_ext(struct iommufd_ctx *ctx, void __user *arg, u32 size);

/* cmd.c */
extern const struct iommufd_test_hook mock_hook;

#endif
