/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * IOMMU_TEST_CMD of iommufd_mock.ko, for the kernel's own selftests and for ours.
 *
 * The first part is the interface of the selftests of Linux 7.3 (CONFIG_IOMMUFD_TEST). Numbers,
 * names and layouts are theirs; the selftests have a header of their own. The second part, from
 * operation MOCK_OP_FIRST on, is ours. It uses a second struct with the same first four members.
 *
 * Ids are object ids of iommufd: "device" is a DEVICE object (out_idev_id), "object" is the object
 * that stands for a device, its binding and its attachment (out_stdev_id), "table" is a HWPT.
 */
#ifndef _IOMMUFD_MOCK_UAPI_H
#define _IOMMUFD_MOCK_UAPI_H

#ifdef __KERNEL__
#include <uapi/linux/iommufd.h>
#else
#include <linux/iommufd.h>
#endif
#include <linux/types.h>

#define IOMMU_TEST_CMD _IO(IOMMUFD_TYPE, 0xa0)

/* ---- the kernel's selftests ---- */

enum {
	IOMMU_TEST_OP_ADD_RESERVED = 1,
	IOMMU_TEST_OP_MOCK_DOMAIN,
	IOMMU_TEST_OP_MD_CHECK_MAP,
	IOMMU_TEST_OP_MD_CHECK_REFS,
	IOMMU_TEST_OP_CREATE_ACCESS,
	IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
	IOMMU_TEST_OP_ACCESS_PAGES,
	IOMMU_TEST_OP_ACCESS_RW,
	IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT,
	IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
	IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
	IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
	IOMMU_TEST_OP_DIRTY,
	IOMMU_TEST_OP_MD_CHECK_IOTLB,
	IOMMU_TEST_OP_TRIGGER_IOPF,
	IOMMU_TEST_OP_DEV_CHECK_CACHE,
	IOMMU_TEST_OP_TRIGGER_VEVENT,
	IOMMU_TEST_OP_PASID_ATTACH,
	IOMMU_TEST_OP_PASID_REPLACE,
	IOMMU_TEST_OP_PASID_DETACH,
	IOMMU_TEST_OP_PASID_CHECK_HWPT,
	IOMMU_TEST_OP_DMABUF_GET,
	IOMMU_TEST_OP_DMABUF_REVOKE,
};

/* iommu_hwpt_selftest.pagetable_type */
enum {
	MOCK_IOMMUPT_DEFAULT = 0,
	MOCK_IOMMUPT_HUGE,
	/* Ours: no lock, no device can be attached; see unlocked.c */
	MOCK_IOMMUPT_UNLOCKED = 1 << 16,
};

/* Aperture and smallest page of MOCK_IOMMUPT_DEFAULT */
enum {
	MOCK_APERTURE_START = 1UL << 24,
	MOCK_APERTURE_LAST = (1UL << 31) - 1,
	MOCK_PAGE_SIZE = 2048,
	MOCK_HUGE_PAGE_SIZE = 512 * MOCK_PAGE_SIZE,
};

enum {
	MOCK_FLAGS_ACCESS_WRITE = 1 << 0,
	MOCK_FLAGS_ACCESS_SYZ = 1 << 16, /* not supported: EOPNOTSUPP */
};

enum {
	MOCK_ACCESS_RW_WRITE = 1 << 0,
	MOCK_ACCESS_RW_SLOW_PATH = 1 << 2,
};

enum {
	MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES = 1 << 0,
};

enum {
	MOCK_FLAGS_DEVICE_NO_DIRTY = 1 << 0,
	MOCK_FLAGS_DEVICE_PASID = 1 << 2,
	/* Ours: a detach removes the device from the queue of page requests, whatever is open */
	MOCK_FLAGS_DEVICE_EARLY_IOPF = 1 << 29,
	/* Ours: DMA is not cache coherent, so the device cannot be bound */
	MOCK_FLAGS_DEVICE_INCOHERENT = 1 << 30,
	/* Ours: no IOMMU, so the device needs enable_unsafe_noiommu of iommufd */
	MOCK_FLAGS_DEVICE_NO_IOMMU = 1U << 31,
};

enum {
	MOCK_NESTED_DOMAIN_IOTLB_ID_MAX = 3,
	MOCK_NESTED_DOMAIN_IOTLB_NUM = 4,
	MOCK_DEV_CACHE_ID_MAX = 3,
	MOCK_DEV_CACHE_NUM = 4,
};

/* Every second attachment of this PASID fails with ENOMEM. */
#define IOMMU_TEST_PASID_RESERVED 1024

/* log2 of the PASIDs of a device with MOCK_FLAGS_DEVICE_PASID */
#define MOCK_PASID_WIDTH 20

struct iommu_test_cmd {
	__u32 size;
	__u32 op;
	__u32 id;
	__u32 __reserved;
	union {
		struct {
			__aligned_u64 start;
			__aligned_u64 length;
		} add_reserved;
		struct {
			__u32 out_stdev_id;
			__u32 out_hwpt_id;
			__u32 out_idev_id;
		} mock_domain;
		struct {
			__u32 out_stdev_id;
			__u32 out_hwpt_id;
			__u32 out_idev_id;
			__u32 dev_flags;
		} mock_domain_flags;
		struct {
			__u32 pt_id;
		} mock_domain_replace;
		struct {
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 uptr;
		} check_map;
		struct {
			__aligned_u64 length;
			__aligned_u64 uptr;
			__u32 refs;
		} check_refs;
		struct {
			__u32 out_access_fd;
			__u32 flags;
		} create_access;
		struct {
			__u32 access_pages_id;
		} destroy_access_pages;
		struct {
			__u32 flags;
			__u32 out_access_pages_id;
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 uptr;
		} access_pages;
		struct {
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 uptr;
			__u32 flags;
		} access_rw;
		struct {
			__u32 limit;
		} memory_limit;
		struct {
			__u32 ioas_id;
		} access_replace_ioas;
		struct {
			__u32 flags;
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 page_size;
			__aligned_u64 uptr;
			__aligned_u64 out_nr_dirty;
		} dirty;
		struct {
			__u32 id;
			__u32 iotlb;
		} check_iotlb;
		struct {
			__u32 dev_id;
			__u32 pasid;
			__u32 grpid;
			__u32 perm;
			__u64 addr;
		} trigger_iopf;
		struct {
			__u32 id;
			__u32 cache;
		} check_dev_cache;
		struct {
			__u32 dev_id;
		} trigger_vevent;
		struct {
			__u32 pasid;
			__u32 pt_id;
		} pasid_attach;
		struct {
			__u32 pasid;
			__u32 pt_id;
		} pasid_replace;
		struct {
			__u32 pasid;
		} pasid_detach;
		struct {
			__u32 pasid;
			__u32 hwpt_id;
		} pasid_check;
		struct {
			__u32 length;
			__u32 open_flags;
		} dmabuf_get;
		struct {
			__s32 dmabuf_fd;
			__u32 revoked;
		} dmabuf_revoke;
	};
	__u32 last;
};
_Static_assert(sizeof(struct iommu_test_cmd) == 72, "layout of the selftests");

#define IOMMU_HW_INFO_TYPE_SELFTEST 0xfeedbeef
#define IOMMU_HW_INFO_SELFTEST_REGVAL 0xdeadbeef

struct iommu_test_hw_info {
	__u32 flags;
	__u32 test_reg;
};

#define IOMMU_HWPT_DATA_SELFTEST 0xdead
#define IOMMU_TEST_IOTLB_DEFAULT 0xbadbeef
#define IOMMU_TEST_DEV_CACHE_DEFAULT 0xbaddad

/* @iotlb: initial value of the words that stand for the IOTLB of a nested table */
struct iommu_hwpt_selftest {
	__u32 iotlb;
	__u32 pagetable_type;
};

#define IOMMU_TEST_INVALIDATE_FLAG_ALL (1 << 0)

#define IOMMU_HWPT_INVALIDATE_DATA_SELFTEST 0xdeadbeef
#define IOMMU_HWPT_INVALIDATE_DATA_SELFTEST_INVALID 0xdadbeef

struct iommu_hwpt_invalidate_selftest {
	__u32 flags;
	__u32 iotlb_id;
};

#define IOMMU_VIOMMU_TYPE_SELFTEST 0xdeadbeef

/* @out_data and the first word of the memory to mmap() are set to @in_data. */
struct iommu_viommu_selftest {
	__u32 in_data;
	__u32 out_data;
	__aligned_u64 out_mmap_offset;
	__aligned_u64 out_mmap_length;
};

#define IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST 0xdeadbeef
#define IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST_INVALID 0xdadbeef

struct iommu_viommu_invalidate_selftest {
	__u32 flags;
	__u32 vdev_id;
	__u32 cache_id;
};

#define IOMMU_VEVENTQ_TYPE_SELFTEST 0xbeefbeef

struct iommu_viommu_event_selftest {
	__u32 virt_id;
};

#define IOMMU_HW_QUEUE_TYPE_SELFTEST 0xdeadbeef
#define IOMMU_TEST_HW_QUEUE_MAX 2

_Static_assert(sizeof(struct iommu_hwpt_selftest) == 8, "layout of the selftests");
_Static_assert(sizeof(struct iommu_hwpt_invalidate_selftest) == 8, "layout of the selftests");
_Static_assert(sizeof(struct iommu_viommu_selftest) == 24, "layout of the selftests");
_Static_assert(sizeof(struct iommu_viommu_invalidate_selftest) == 12, "layout of the selftests");

/* ---- ours ---- */

/*
 * A stage-1 page table in the guest's memory, for addresses of 39 bits: three levels of 4 KiB
 * tables with 512 entries. Addresses in it are IOVAs of the parent. An entry of the last level maps
 * 4 KiB.
 * The IOMMU caches translations until IOMMU_HWPT_INVALIDATE with struct
 * iommu_hwpt_invalidate_mock_s1.
 */
#define IOMMU_HWPT_DATA_MOCK_S1 0xdead0001
#define IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1 0xdead0002

#define MOCK_S1_PRESENT (1ULL << 0)
#define MOCK_S1_WRITE (1ULL << 1)
#define MOCK_S1_DIRTY (1ULL << 2) /* set in the last level when a device writes */
#define MOCK_S1_ADDR 0x000ffffffffff000ULL
#define MOCK_S1_BITS 39

/* @table: address of the first table, a multiple of 4096; @flags, @__reserved: 0 */
struct iommu_hwpt_mock_s1 {
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 table;
};

/* @flags: IOMMU_TEST_INVALIDATE_FLAG_ALL, or 0 for @length bytes from @iova */
struct iommu_hwpt_invalidate_mock_s1 {
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
};
_Static_assert(sizeof(struct iommu_hwpt_mock_s1) == 16, "layout");
_Static_assert(sizeof(struct iommu_hwpt_invalidate_mock_s1) == 24, "layout");

#define MOCK_OP_FIRST 0x1000

enum {
	MOCK_OP_DMA = MOCK_OP_FIRST, /* id: device */
	MOCK_OP_PAGE_REQUEST, /* id: device */
	MOCK_OP_RESPONSES, /* id: device */
	MOCK_OP_FAIL, /* id: device or table, see the kind */
	MOCK_OP_RESERVE, /* id: device */
	MOCK_OP_DEVICE, /* id: IOAS or table to attach to */
	MOCK_OP_EVENT, /* id: device */
	MOCK_OP_DEVICE_COUNTS, /* id: device */
	MOCK_OP_TABLE_COUNTS, /* id: table */
	MOCK_OP_QUEUE, /* id: device */
};

/* Flags of a DMA */
enum {
	MOCK_DMA_WRITE = 1 << 0, /* write memory, otherwise read it */
	MOCK_DMA_QUEUE = 1 << 1, /* pasid is the index of a queue, whose PASID is used */
};

/* Flags of a group of page requests */
enum {
	MOCK_PRQ_NO_LAST = 1 << 0, /* more requests of the group follow */
};

/*
 * Actions on one of the MOCK_QUEUES queues of a device. The DMA of a queue carries the PASID in its
 * register. A mediated driver writes the register: it traps the guest's write, and iommufd
 * translates the value.
 */
enum {
	MOCK_QUEUE_READ, /* only read the register */
	MOCK_QUEUE_GUEST, /* use the PASID of the virtual PASID @value */
	MOCK_QUEUE_TABLE, /* follow the PASID attached to @value, an IOAS, HWPT or SVA object */
	MOCK_QUEUE_CLEAR, /* empty the register */
};
#define MOCK_QUEUES 8

/* Kinds of calls that can fail */
enum {
	MOCK_FAIL_MAP, /* table: map_pages() */
	MOCK_FAIL_UNMAP, /* table: unmap_pages(), which unmaps nothing and returns 0 */
	MOCK_FAIL_DIRTY_READ, /* table: read_and_clear_dirty() */
	MOCK_FAIL_DIRTY_SET, /* table: set_dirty_tracking() */
	MOCK_FAIL_MAP_PART, /* table: map_pages(), which maps but reports that it mapped nothing */
	MOCK_FAIL_SYNC, /* table: a flush of the IOTLB, which flushes nothing */
	MOCK_FAIL_ATTACH, /* device: attach_dev() and set_dev_pasid() */
	MOCK_FAIL_IOPF, /* device: adding it to the queue of page requests */
	MOCK_FAIL_NEW_TABLE, /* device: map_pages() of page tables allocated for it from now on */
	MOCK_FAIL_KINDS
};

/* A page response. @code: 0 success, 1 invalid, 2 failure */
struct iommufd_mock_response {
	__u32 sequence; /* per device, starting at 1 */
	__u32 pasid;
	__u32 grpid;
	__u32 code;
};
_Static_assert(sizeof(struct iommufd_mock_response) == 16, "layout");

/* Counts since the device was created, unless a comment says "now" */
struct iommufd_mock_device_counts {
	__aligned_u64 dma_read; /* bytes */
	__aligned_u64 dma_written; /* bytes */
	__aligned_u64 faults; /* DMAs that ended with an unrecoverable fault */
	__aligned_u64 requests; /* page requests, each of a group */
	__aligned_u64 responses; /* page responses */
	__aligned_u64 attaches; /* attachments, including those of PASIDs */
	__aligned_u64 events; /* events reported by MOCK_OP_EVENT */
	__aligned_u64 pasids; /* PASIDs attached now */
};

struct iommufd_mock_table_counts {
	__aligned_u64 maps; /* calls of map_pages() */
	__aligned_u64 unmaps; /* calls of unmap_pages() */
	__aligned_u64 syncs; /* calls of iotlb_sync() and flush_iotlb_all() */
	__aligned_u64 dirty_reads; /* calls of read_and_clear_dirty() */
	__aligned_u64 mapped; /* bytes mapped now */
	__aligned_u64 tables; /* tables of the page table now */
	__aligned_u64 iotlb_hits; /* translations that DMA found in the IOTLB */
	__aligned_u64 strays; /* copies that met a page which is not pinned */
};

struct iommufd_mock_cmd {
	__u32 size;
	__u32 op;
	__u32 id;
	__u32 __reserved;
	union {
		/*
		 * MOCK_OP_DMA: copy page by page; @out_done is the number of bytes copied. If a
		 * page is not mapped and the table has a fault queue, the device raises a group of
		 * @requests page requests (0 means 1) for that page and the following ones, waits
		 * up to @timeout_ms (0 means 10 s) for the response, and retries. EFAULT: a page is
		 * not mapped or the mapping forbids the access; EBADE: a page is mapped, or still
		 * in the IOTLB, but not pinned, so the driver has a bug; EIO: the response is not
		 * success; ETIMEDOUT: there is no response.
		 */
		struct {
			__u32 pasid;
			__u32 flags;
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 uptr;
			__u32 requests;
			__u32 timeout_ms;
			__aligned_u64 out_done;
		} dma;
		/* A group of @requests page requests for @addr and the following pages */
		struct {
			__u32 pasid;
			__u32 grpid;
			__u32 perm;
			__u32 requests;
			__u32 flags;
			__u32 __pad;
			__aligned_u64 addr;
		} page_request;
		/* Read and remove the oldest responses, at most @num, into the array @uptr. */
		struct {
			__aligned_u64 uptr;
			__u32 num;
			__u32 out_num;
			__u32 out_lost;
		} responses;
		/* After @skip calls, let @count calls fail with @error (0: the default). */
		struct {
			__u32 kind;
			__u32 skip;
			__u32 count;
			__u32 error;
		} fail;
		/* Add a reserved region, which counts from the next attachment on. */
		struct {
			__aligned_u64 start;
			__aligned_u64 length;
		} reserve;
		/* IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS with a reserved region, if @length is not 0 */
		struct {
			__u32 out_stdev_id;
			__u32 out_hwpt_id;
			__u32 out_idev_id;
			__u32 dev_flags;
			__aligned_u64 start;
			__aligned_u64 length;
		} device;
		/* Report @num events to the device's virtual IOMMU from a worker thread. */
		struct {
			__u32 num;
		} event;
		/*
		 * @out_pasid: the PASID in the register, or ~0 if it is empty; @out_notified:
		 * notifications that the driver has received. ENOENT: @value has no PASID, and the
		 * register is empty now.
		 */
		struct {
			__u32 queue;
			__u32 action;
			__u32 value;
			__u32 out_pasid;
			__aligned_u64 out_notified;
		} queue;
		struct iommufd_mock_device_counts device_counts;
		struct iommufd_mock_table_counts table_counts;
	};
};
_Static_assert(sizeof(struct iommufd_mock_cmd) == 80, "layout");

#endif
