/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * IOMMU_TEST_CMD as iommufd_mock.ko does it: for the kernel's own selftests and for ours.
 *
 * The first part is the interface of Linux 7.3's selftests (CONFIG_IOMMUFD_TEST): numbers, names
 * and layouts are theirs, and the selftests use a header of their own. The second part, from
 * operation MOCK_OP_FIRST on, is ours: a second struct with the same first four members.
 *
 * Ids are those of iommufd: "device" is a DEVICE object (out_idev_id), "object" the object that
 * stands for device, binding and attachment together (out_stdev_id), "table" a HWPT.
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

/* ---- as the kernel's selftests have it ---- */

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
};

/* The aperture and the smallest page are those of MOCK_IOMMUPT_DEFAULT. */
enum {
	MOCK_APERTURE_START = 1UL << 24,
	MOCK_APERTURE_LAST = (1UL << 31) - 1,
	MOCK_PAGE_SIZE = 2048,
	MOCK_HUGE_PAGE_SIZE = 512 * MOCK_PAGE_SIZE,
};

enum {
	MOCK_FLAGS_ACCESS_WRITE = 1 << 0,
	MOCK_FLAGS_ACCESS_SYZ = 1 << 16, /* not done here: EOPNOTSUPP */
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
	/* Ours: its DMA does not go through the CPU's caches, so that it cannot be bound. */
	MOCK_FLAGS_DEVICE_INCOHERENT = 1 << 30,
	/* Ours: it has no IOMMU, nor anything else; see enable_unsafe_noiommu of iommufd. */
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

/* @iotlb: what the pretended IOTLB of a nested table begins with. */
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

/* @out_data comes back as @in_data went in; so does the first word of the memory to mmap(). */
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
 * A stage-1 page table in the guest's memory: three levels of 4 KiB tables of 512 entries, for
 * addresses of 39 bits. Addresses in it are IOVAs of the parent. Entries of the last level map 4
 * KiB. The IOMMU keeps translations until IOMMU_HWPT_INVALIDATE with struct
 * iommu_hwpt_invalidate_mock_s1.
 */
#define IOMMU_HWPT_DATA_MOCK_S1 0xdead0001
#define IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1 0xdead0002

#define MOCK_S1_PRESENT (1ULL << 0)
#define MOCK_S1_WRITE (1ULL << 1)
#define MOCK_S1_DIRTY (1ULL << 2) /* set in the last level when a device writes */
#define MOCK_S1_ADDR 0x000ffffffffff000ULL
#define MOCK_S1_BITS 39

/* @table: the first table, a multiple of 4096; @flags, @__reserved: 0 */
struct iommu_hwpt_mock_s1 {
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 table;
};

/* @flags: IOMMU_TEST_INVALIDATE_FLAG_ALL, or 0 for the @length bytes from @iova on */
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
	MOCK_OP_PAGE_REQUEST,  /* id: device */
	MOCK_OP_RESPONSES,  /* id: device */
	MOCK_OP_FAIL,   /* id: device or table, as the kind says */
	MOCK_OP_RESERVE,	 /* id: device */
	MOCK_OP_DEVICE, /* id: IOAS or table to attach to */
	MOCK_OP_EVENT,   /* id: device */
	MOCK_OP_DEVICE_COUNTS,  /* id: device */
	MOCK_OP_TABLE_COUNTS,  /* id: table */
	MOCK_OP_QUEUE,   /* id: device */
};

/* Flags of a DMA. */
enum {
	MOCK_DMA_WRITE = 1 << 0, /* to memory; else from it */
	MOCK_DMA_QUEUE = 1 << 1, /* pasid is a queue, which was given a PASID */
};

/* Flags of a group of page requests. */
enum {
	MOCK_PRQ_NO_LAST = 1 << 0, /* the last one is still to come */
};

/*
 * What to do with a queue of the device, of which there are MOCK_QUEUES. A queue does DMA with the
 * PASID that is in its register, and the register is written by a mediated driver: it traps what
 * the guest writes, and asks iommufd which number stands for that.
 */
enum {
	MOCK_QUEUE_READ, /* the state of the queue only */
	MOCK_QUEUE_GUEST, /* the guest writes the virtual PASID @value */
	MOCK_QUEUE_TABLE, /* the PASID that is attached to @value, an IOAS, HWPT or SVA object */
	MOCK_QUEUE_CLEAR, /* none */
};
#define MOCK_QUEUES 8

/* What is to fail. The error is what the call returns. */
enum {
	MOCK_FAIL_MAP,  /* table: map_pages() */
	MOCK_FAIL_UNMAP, /* table: unmap_pages(), which then does nothing and returns 0 */
	MOCK_FAIL_DIRTY_READ, /* table: read_and_clear_dirty() */
	MOCK_FAIL_DIRTY_SET, /* table: set_dirty_tracking() */
	MOCK_FAIL_MAP_PART, /* table: map_pages(), which does its work and says that it did none */
	MOCK_FAIL_ATTACH, /* device: attach_dev() and set_dev_pasid() */
	MOCK_FAIL_IOPF, /* device: taking it into the queue of page requests */
	MOCK_FAIL_KINDS
};

/* One page response, as the device got it. @code: 0 success, 1 invalid, 2 failure */
struct iommufd_mock_response {
	__u32 sequence; /* counts from 1 in each device */
	__u32 pasid;
	__u32 grpid;
	__u32 code;
};
_Static_assert(sizeof(struct iommufd_mock_response) == 16, "layout");

/* Since it was made. */
struct iommufd_mock_device_counts {
	__aligned_u64 dma_read; /* bytes */
	__aligned_u64 dma_written; /* bytes */
	__aligned_u64 faults; /* DMAs that ended with an unrecoverable fault */
	__aligned_u64 requests; /* page requests, all of a group */
	__aligned_u64 responses; /* page responses */
	__aligned_u64 attaches; /* of tables, PASIDs included */
	__aligned_u64 events; /* MOCK_OP_EVENT: reported so far */
	__aligned_u64 pasids; /* attached now */
};

struct iommufd_mock_table_counts {
	__aligned_u64 maps; /* calls of map_pages() */
	__aligned_u64 unmaps; /* calls of unmap_pages() */
	__aligned_u64 syncs; /* calls of iotlb_sync() */
	__aligned_u64 dirty_reads; /* calls of read_and_clear_dirty() */
	__aligned_u64 mapped; /* bytes now */
	__aligned_u64 tables; /* pages of the page table now */
	__aligned_u64 __reserved[2];
};

struct iommufd_mock_cmd {
	__u32 size;
	__u32 op;
	__u32 id;
	__u32 __reserved;
	union {
		/*
		 * A DMA of a device: page by page, as far as it comes. Where nothing is mapped and
		 * the table has a fault queue, it raises a group of @requests page requests (0 is
		 * one; they are for the pages from the missing one on), waits up to @timeout_ms (0
		 * is 10 s) for the response, and goes on. EFAULT: nothing mapped, or not enough
		 * rights; EIO: the response was not success; ETIMEDOUT: there was none.
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
		/* A group of @requests page requests for @addr and the pages after it. */
		struct {
			__u32 pasid;
			__u32 grpid;
			__u32 perm;
			__u32 requests;
			__u32 flags;
			__u32 __pad;
			__aligned_u64 addr;
		} page_request;
		/* Takes the oldest responses away: up to @num into the array at @uptr. */
		struct {
			__aligned_u64 uptr;
			__u32 num;
			__u32 out_num;
			__u32 out_lost;
		} responses;
		/* After @skip more calls, let @count calls fail with @error (0: a usual one). */
		struct {
			__u32 kind;
			__u32 skip;
			__u32 count;
			__u32 error;
		} fail;
		/* A reserved region; looked at when the device is attached the next time. */
		struct {
			__aligned_u64 start;
			__aligned_u64 length;
		} reserve;
		/* IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS, with a reserved region if @length is not 0. */
		struct {
			__u32 out_stdev_id;
			__u32 out_hwpt_id;
			__u32 out_idev_id;
			__u32 dev_flags;
			__aligned_u64 start;
			__aligned_u64 length;
		} device;
		/* Report @num events of the device's virtual IOMMU from another thread. */
		struct {
			__u32 num;
		} event;
		/*
		 * ENOENT: nothing to be translated; the register is empty then. out_pasid is what
		 * the register has, or ~0; out_notified, how many changes the driver was told of.
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
