/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What <linux/iommufd.h> has gained since Linux 6.12, up to Linux 7.3.
 *
 * The numbers and layouts are those of the newest kernel's header: a program that was built with
 * that header, and one that was built with 6.12's and this one, mean the same. Each part is left
 * out where <linux/iommufd.h> has it already, so both can be included in either age.
 *
 * As in all of this interface, `size` comes first and is the size of the struct as the program
 * knows it; reserved members and unknown flags must be 0, else the answer is EOPNOTSUPP.
 */
#ifndef _UAPI_LINUX_IOMMUFD_NEW_H
#define _UAPI_LINUX_IOMMUFD_NEW_H

#include <linux/iommufd.h>

/* A layout that differs by a bit is another interface. */
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
 * @ioas_id: IOAS to map into
 * @fd: a memfd, or a dma-buf whose exporter can name its physical memory
 * @start: first byte in the file
 * @length: bytes to map
 * @iova: first IOVA: in with IOMMU_IOAS_MAP_FIXED_IOVA, else out
 *
 * The memory stays the file's: it can be unmapped from the process, and the account moved to
 * another process by IOMMU_IOAS_CHANGE_PROCESS.
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

/* Flag of IOMMU_HWPT_ALLOC: the table may be attached to PASIDs, and beside such tables. */
#define IOMMUFD_NEW_HWPT_ALLOC_PASID (1U << 3)

#ifndef IOMMU_VIOMMU_ALLOC
/* Kinds of virtual IOMMU; drivers may have others. */
enum iommu_viommu_type {
	IOMMU_VIOMMU_TYPE_DEFAULT = 0,  /* none */
	IOMMU_VIOMMU_TYPE_ARM_SMMUV3 = 1,
	IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_viommu_alloc - make the slice of an IOMMU that one guest sees (IOMMU_VIOMMU_ALLOC)
 * @size: size of the struct
 * @flags: 0
 * @type: enum iommu_viommu_type
 * @dev_id: a device behind the IOMMU
 * @hwpt_id: page table made with IOMMU_HWPT_ALLOC_NEST_PARENT
 * @out_viommu_id: out: id of the object
 * @data_len: length of the data that the IOMMU driver wants for this type, 0 for none
 * @__reserved: 0
 * @data_uptr: the data
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
 * struct iommu_vdevice_alloc - a device as a guest's IOMMU knows it (IOMMU_VDEVICE_ALLOC)
 * @size: size of the struct
 * @viommu_id: the virtual IOMMU
 * @dev_id: the device; it has one such object at most
 * @out_vdevice_id: out: id of the object
 * @virt_id: the guest's number for the device, used once in a virtual IOMMU
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
 * struct iommu_ioas_change_process - account pinned memory to the caller (IOMMU_IOAS_CHANGE_PROCESS)
 * @size: size of the struct
 * @__reserved: 0
 *
 * Concerns all maps of all IOASes of the file, which must all be of IOMMU_IOAS_MAP_FILE. On error
 * nothing has changed.
 */
struct iommu_ioas_change_process {
	__u32 size;
	__u32 __reserved;
};
#define IOMMU_IOAS_CHANGE_PROCESS _IO(IOMMUFD_TYPE, 0x92)
#endif
IOMMUFD_NEW_ASSERT(sizeof(struct iommu_ioas_change_process) == 8);

#ifndef IOMMU_VEVENTQ_ALLOC
/* Flag in a header: events were lost, and no data follows. */
enum iommu_veventq_flag {
	IOMMU_VEVENTQ_FLAG_LOST_EVENTS = (1U << 0),
};

/**
 * struct iommufd_vevent_header - stands before the data of each event that is read
 * @flags: enum iommu_veventq_flag
 * @sequence: number of the event, 0 to INT_MAX and again; a gap says how many are lost
 */
struct iommufd_vevent_header {
	__u32 flags;
	__u32 sequence;
};

/* Kinds of events; drivers may have others. */
enum iommu_veventq_type {
	IOMMU_VEVENTQ_TYPE_DEFAULT = 0, /* none */
	IOMMU_VEVENTQ_TYPE_ARM_SMMUV3 = 1,
	IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_veventq_alloc - a queue of a virtual IOMMU's events (IOMMU_VEVENTQ_ALLOC)
 * @size: size of the struct
 * @flags: 0
 * @viommu_id: the virtual IOMMU; it has one queue of a type at most
 * @type: enum iommu_veventq_type
 * @veventq_depth: events kept until they are read, 1 to 2^19
 * @out_veventq_id: out: id of the object
 * @out_veventq_fd: out: file to read the events from, to be closed by the program
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
/* Kinds of hardware queue; drivers may have others. */
enum iommu_hw_queue_type {
	IOMMU_HW_QUEUE_TYPE_DEFAULT = 0, /* none */
	IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV = 1,
};

/**
 * struct iommu_hw_queue_alloc - let the IOMMU work on a guest's queue (IOMMU_HW_QUEUE_ALLOC)
 * @size: size of the struct
 * @flags: 0
 * @viommu_id: the virtual IOMMU
 * @type: enum iommu_hw_queue_type
 * @index: number of the queue, used once for a type in a virtual IOMMU
 * @out_hw_queue_id: out: id of the object
 * @nesting_parent_iova: address of the queue in the IOAS of the virtual IOMMU
 * @length: bytes; the memory behind it must be one physical piece, and cannot be unmapped
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
 * struct iommu_ioas_noiommu_get_pa - where mapped memory is (IOMMU_IOAS_NOIOMMU_GET_PA)
 * @size: size of the struct
 * @flags: 0
 * @ioas_id: an IOAS with a device that has no IOMMU
 * @__reserved: 0
 * @iova: address to ask for
 * @length: in: bytes of interest, not 0; out: how many of them are one physical piece
 * @out_phys: out: physical address of @iova
 *
 * Needs CAP_SYS_RAWIO.
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
 * IOMMU_GET_HW_INFO: with this flag out_data_type is read too, and asks for data of that type.
 * 6.12's struct ends with the same members; only the name of the type's other use is new.
 */
#define IOMMUFD_NEW_HW_INFO_INPUT_TYPE (1U << 0)
/* Bits of out_capabilities that are new: with PASIDs, what requests may ask for; no ATS. */
#define IOMMUFD_NEW_HW_CAP_PASID_EXEC (1ULL << 1)
#define IOMMUFD_NEW_HW_CAP_PASID_PRIV (1ULL << 2)
#define IOMMUFD_NEW_HW_CAP_NO_ATS (1ULL << 3)

#endif
