/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Additions to <linux/iommufd.h> since Linux 6.12, up to Linux 7.3.
 *
 * Numbers and layouts are those of the newest kernel's header, so programs may be built with that
 * header, or with 6.12's and this one. Each part is left out if <linux/iommufd.h> defines it, so
 * both headers can be included on any version.
 *
 * As in the rest of the interface, @size comes first and is the size of the struct as the program
 * knows it, in bytes. Reserved members and unknown flags must be 0, otherwise the ioctl fails with
 * EOPNOTSUPP.
 */
#ifndef _UAPI_LINUX_IOMMUFD_NEW_H
#define _UAPI_LINUX_IOMMUFD_NEW_H

#include <linux/iommufd.h>

/* The layouts are ABI, so fail the build if one differs. */
#ifndef __cplusplus
#define IOMMUFD_NEW_ASSERT(cond) _Static_assert(cond, #cond)
#else
#define IOMMUFD_NEW_ASSERT(cond) static_assert(cond, #cond)
#endif

#ifndef IOMMU_IOAS_MAP_FILE
/**
 * struct iommu_ioas_map_file - map a part of a file (IOMMU_IOAS_MAP_FILE)
 * @size: size of the struct
 * @flags: IOMMU_IOAS_MAP_*, as for IOMMU_IOAS_MAP
 * @ioas_id: the IOAS to map into
 * @fd: a memfd, or a dma-buf whose exporter reports its physical memory
 * @start: offset of the first byte in the file
 * @length: number of bytes to map
 * @iova: first IOVA: in with IOMMU_IOAS_MAP_FIXED_IOVA, otherwise out
 *
 * The memory belongs to the file. The process can unmap it from its own address space, and
 * IOMMU_IOAS_CHANGE_PROCESS can charge it to another process.
 */
struct iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};
#define IOMMU_IOAS_MAP_FILE _IO(IOMMUFD_TYPE, 0x8f)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_ioas_map_file) == 40);

/*
 * Flag of IOMMU_HWPT_ALLOC: the HWPT may be attached to PASIDs, and to devices whose PASIDs are
 * attached.
 */
#define IOMMUFD_NEW_HWPT_ALLOC_PASID (1U << 3)

#ifndef IOMMU_VIOMMU_ALLOC
/* Types of virtual IOMMU; drivers may define others. */
enum iommu_viommu_type {
	IOMMU_VIOMMU_TYPE_DEFAULT = 0, /* invalid */
	IOMMU_VIOMMU_TYPE_ARM_SMMUV3 = 1,
	IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_viommu_alloc - make a virtual IOMMU (IOMMU_VIOMMU_ALLOC)
 * @size: size of the struct
 * @flags: 0
 * @type: enum iommu_viommu_type
 * @dev_id: a device behind the IOMMU
 * @hwpt_id: HWPT made with IOMMU_HWPT_ALLOC_NEST_PARENT
 * @out_viommu_id: out: id of the object
 * @data_len: length of the data that the IOMMU driver needs for this type, in bytes; 0 for none
 * @__reserved: 0
 * @data_uptr: pointer to the data
 *
 * A virtual IOMMU is the slice of an IOMMU that one guest sees.
 */
struct iommu_viommu_alloc {
	__u32 size;
	__u32 flags;
	__u32 type;
	__u32 dev_id;
	__u32 hwpt_id;
	__u32 out_viommu_id;
	__u32 data_len;
	__u32 __reserved;
	__aligned_u64 data_uptr;
};
#define IOMMU_VIOMMU_ALLOC _IO(IOMMUFD_TYPE, 0x90)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_viommu_alloc) == 40);

#ifndef IOMMU_VDEVICE_ALLOC
/**
 * struct iommu_vdevice_alloc - add a device to a virtual IOMMU (IOMMU_VDEVICE_ALLOC)
 * @size: size of the struct
 * @viommu_id: the virtual IOMMU
 * @dev_id: the device, which can be in one virtual IOMMU only
 * @out_vdevice_id: out: id of the object
 * @virt_id: the guest's number of the device, unique in the virtual IOMMU
 */
struct iommu_vdevice_alloc {
	__u32 size;
	__u32 viommu_id;
	__u32 dev_id;
	__u32 out_vdevice_id;
	__aligned_u64 virt_id;
};
#define IOMMU_VDEVICE_ALLOC _IO(IOMMUFD_TYPE, 0x91)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_vdevice_alloc) == 24);

#ifndef IOMMU_IOAS_CHANGE_PROCESS
/**
 * struct iommu_ioas_change_process - charge pinned memory to the caller (IOMMU_IOAS_CHANGE_PROCESS)
 * @size: size of the struct
 * @__reserved: 0
 *
 * Affects all mappings in all IOASes of the file. All of them must have been made with
 * IOMMU_IOAS_MAP_FILE. On error nothing has changed.
 */
struct iommu_ioas_change_process {
	__u32 size;
	__u32 __reserved;
};
#define IOMMU_IOAS_CHANGE_PROCESS _IO(IOMMUFD_TYPE, 0x92)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_ioas_change_process) == 8);

#ifndef IOMMU_VEVENTQ_ALLOC
/* Flag in a header: events were lost, and no data follows the header. */
enum iommu_veventq_flag {
	IOMMU_VEVENTQ_FLAG_LOST_EVENTS = (1U << 0),
};

/**
 * struct iommufd_vevent_header - precedes the data of each event that is read
 * @flags: enum iommu_veventq_flag
 * @sequence: number of the event, from 0 to INT_MAX and then from 0 again; the size of a gap is the
 *	number of lost events
 */
struct iommufd_vevent_header {
	__u32 flags;
	__u32 sequence;
};

/* Types of events; drivers may define others. */
enum iommu_veventq_type {
	IOMMU_VEVENTQ_TYPE_DEFAULT = 0, /* invalid */
	IOMMU_VEVENTQ_TYPE_ARM_SMMUV3 = 1,
	IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_veventq_alloc - make a queue for the events of a virtual IOMMU (IOMMU_VEVENTQ_ALLOC)
 * @size: size of the struct
 * @flags: 0
 * @viommu_id: the virtual IOMMU, which can have one queue of each type
 * @type: enum iommu_veventq_type
 * @veventq_depth: most events that are kept until they are read, 1 to 2^19
 * @out_veventq_id: out: id of the object
 * @out_veventq_fd: out: file descriptor to read the events from; the program closes it
 * @__reserved: 0
 */
struct iommu_veventq_alloc {
	__u32 size;
	__u32 flags;
	__u32 viommu_id;
	__u32 type;
	__u32 veventq_depth;
	__u32 out_veventq_id;
	__u32 out_veventq_fd;
	__u32 __reserved;
};
#define IOMMU_VEVENTQ_ALLOC _IO(IOMMUFD_TYPE, 0x93)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommufd_vevent_header) == 8);
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_veventq_alloc) == 32);

#ifndef IOMMU_HW_QUEUE_ALLOC
/* Types of hardware queue; drivers may define others. */
enum iommu_hw_queue_type {
	IOMMU_HW_QUEUE_TYPE_DEFAULT = 0, /* invalid */
	IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV = 1,
};

/**
 * struct iommu_hw_queue_alloc - let the IOMMU process a queue of a guest (IOMMU_HW_QUEUE_ALLOC)
 * @size: size of the struct
 * @flags: 0
 * @viommu_id: the virtual IOMMU
 * @type: enum iommu_hw_queue_type
 * @index: number of the queue, unique for its type in the virtual IOMMU
 * @out_hw_queue_id: out: id of the object
 * @nesting_parent_iova: IOVA of the queue in the IOAS of the virtual IOMMU
 * @length: length in bytes; the memory must be physically contiguous, and cannot be unmapped while
 *	the object exists
 */
struct iommu_hw_queue_alloc {
	__u32 size;
	__u32 flags;
	__u32 viommu_id;
	__u32 type;
	__u32 index;
	__u32 out_hw_queue_id;
	__aligned_u64 nesting_parent_iova;
	__aligned_u64 length;
};
#define IOMMU_HW_QUEUE_ALLOC _IO(IOMMUFD_TYPE, 0x94)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_hw_queue_alloc) == 40);

#ifndef IOMMU_IOAS_NOIOMMU_GET_PA
/**
 * struct iommu_ioas_noiommu_get_pa - get a physical address (IOMMU_IOAS_NOIOMMU_GET_PA)
 * @size: size of the struct
 * @flags: 0
 * @ioas_id: an IOAS that a device without IOMMU is attached to
 * @__reserved: 0
 * @iova: the IOVA, which must be mapped
 * @length: in: number of bytes of interest, not 0; out: how many of them are physically contiguous
 * @out_phys: out: physical address of @iova
 *
 * Requires CAP_SYS_RAWIO.
 */
struct iommu_ioas_noiommu_get_pa {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 out_phys;
};
#define IOMMU_IOAS_NOIOMMU_GET_PA _IO(IOMMUFD_TYPE, 0x95)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_ioas_noiommu_get_pa) == 40);

/*
 * Flag of IOMMU_GET_HW_INFO: out_data_type is also an input, which selects the type of data. 6.12's
 * struct ends with the same members; only the name of the member's other use is new.
 */
#define IOMMUFD_NEW_HW_INFO_INPUT_TYPE (1U << 0)
/*
 * New bits of out_capabilities: DMA with a PASID can request execute permission, can be privileged;
 * no ATS.
 */
#define IOMMUFD_NEW_HW_CAP_PASID_EXEC (1ULL << 1)
#define IOMMUFD_NEW_HW_CAP_PASID_PRIV (1ULL << 2)
#define IOMMUFD_NEW_HW_CAP_NO_ATS (1ULL << 3)

#endif
