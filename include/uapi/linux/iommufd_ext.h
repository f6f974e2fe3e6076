/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The extensions of iommuscope's iommufd, which no kernel's <linux/iommufd.h> has: PASIDs as
 * objects, page tables shared with a process (SVA), and generic information about devices and page
 * tables.
 *
 * They follow the first design of /dev/iommu (2021). A page table is attached to a device, or to a
 * PASID of a device. There are three kinds of page table: filled by the kernel with an IOAS;
 * managed by user space, nested on one that the kernel fills; and that of a process, shared with
 * its CPU.
 *
 * A PASID is the label of DMA on the bus (PCI; Arm calls it SSID). It is not the id of an object.
 * Members that hold a number for the bus are called pasid or virt_pasid; members that hold an id of
 * this file end in _id.
 *
 * The conventions are those of <linux/iommufd.h>:
 *
 * - @size is the size of the struct as the program knows it, in bytes. A struct may grow at its
 *   end; members that the program does not know are taken as 0.
 * - Reserved members and unknown flags must be 0, otherwise the ioctl fails with EOPNOTSUPP.
 * - An ioctl that fails has changed nothing, unless documented otherwise.
 * - Ranges are closed: [start, last], in bytes.
 *
 * Ioctl numbers begin at 0xe0, well above upstream's.
 *
 * Errors of all ioctls: EFAULT for memory that cannot be accessed; ENOMEM; EINVAL for a size below
 * that of the struct's first version; E2BIG for bytes beyond the struct that are not 0; ENOTTY on a
 * kernel without these extensions. Ioctls that take ids fail with ENOENT if there is no object of
 * that id and type. The errors below come in addition.
 *
 * A user-space driver typically does this; tests/examples/pasid-dma.c is a complete example:
 *
 *	open /dev/iommu, bind the device (VFIO_DEVICE_BIND_IOMMUFD)
 *	IOMMU_EXT_DEVICE_INFO		does it have PASIDs, which IOVAs are usable?
 *	IOMMU_EXT_PASID_ALLOC		allocate a PASID of the device
 *	IOMMU_IOAS_ALLOC, _MAP		make an address space and map memory, or
 *	IOMMU_EXT_SVA_ALLOC		share the whole process
 *	IOMMU_EXT_PASID_ATTACH		DMA with the PASID reaches that memory and no other
 *	...				program the PASID into the device and let it work
 *	IOMMU_EXT_PASID_DETACH		DMA with the PASID is blocked
 *	IOMMU_DESTROY			free the PASID
 */
#ifndef _UAPI_LINUX_IOMMUFD_EXT_H
#define _UAPI_LINUX_IOMMUFD_EXT_H

#include <linux/iommufd.h>

#ifndef __cplusplus
#define IOMMUFD_EXT_ASSERT(cond) _Static_assert(cond, #cond)
#else
#define IOMMUFD_EXT_ASSERT(cond) static_assert(cond, #cond)
#endif

#define IOMMUFD_CMD_EXT_BASE 0xe0

/* Bits of the widest PASID of PCI. Virtual PASIDs are limited to it as well. */
#define IOMMU_EXT_PASID_BITS 20
/* "No number" in a PASID member, "no object" in an id member. */
#define IOMMU_EXT_NONE 0xffffffffU

/**
 * enum iommu_ext_pasid_flags - flags of IOMMU_EXT_PASID_ALLOC
 * @IOMMU_EXT_PASID_GLOBAL: allocate from the system-wide pool instead of the device's own numbers,
 *	for instructions that carry one PASID for all devices (ENQCMD)
 * @IOMMU_EXT_PASID_FIXED: allocate exactly the number in @pasid, for instance after migration. With
 *	IOMMU_EXT_PASID_GLOBAL this must be a number that the file already has for another device;
 *	both devices then share it.
 * @IOMMU_EXT_PASID_VIRT: the guest knows the PASID as @virt_pasid
 */
enum iommu_ext_pasid_flags {
	IOMMU_EXT_PASID_GLOBAL = (1U << 0),
	IOMMU_EXT_PASID_FIXED = (1U << 1),
	IOMMU_EXT_PASID_VIRT = (1U << 2),
};

/**
 * struct iommu_ext_pasid_alloc - allocate a PASID of a device (IOMMU_EXT_PASID_ALLOC)
 * @size: size of the struct
 * @flags: enum iommu_ext_pasid_flags
 * @dev_id: a bound device
 * @pasid: in: the number, with IOMMU_EXT_PASID_FIXED, otherwise 0; out: the number to program into
 *	the device's registers and descriptors
 * @virt_pasid: the guest's number, with IOMMU_EXT_PASID_VIRT: 1 to (1 << IOMMU_EXT_PASID_BITS) - 1;
 *	otherwise 0
 * @out_pasid_id: out: id of the PASID object
 *
 * The file owns the PASID until the object is destroyed or the device is unbound. Unbinding
 * destroys the object; its id is not reused while the file is open. DMA with the PASID is blocked
 * until it is attached.
 *
 * A virtual PASID is unique for its device. That of a system-wide PASID is the same for all devices
 * that share the number, and unique among the system-wide PASIDs of the file.
 *
 * Errors:
 *
 *	EINVAL		a number without the flag that it belongs to
 *	EOPNOTSUPP	the device has no PASIDs; or a fixed number of the system-wide pool that
 *			the file does not have yet
 *	ERANGE		a number that is 0, or too large for the device, its IOMMU, or a
 *			virtual PASID
 *	EBUSY		the fixed number is in use by the device or its IOMMU group
 *	EEXIST		the virtual PASID is in use, or differs from that of the shared
 *			system-wide number
 *	ENOSPC		no number is free
 *	EDQUOT		the user has as many system-wide numbers as the module parameter
 *			pasid_user_limit allows, and the process lacks CAP_SYS_RESOURCE
 *	ENODEV		the device is being unbound
 */
struct iommu_ext_pasid_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pasid;
	__u32 virt_pasid;
	__u32 out_pasid_id;
};
#define IOMMU_EXT_PASID_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 0)
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_pasid_alloc) == 24);

/**
 * struct iommu_ext_pasid_attach - attach a PASID to memory (IOMMU_EXT_PASID_ATTACH, _REPLACE)
 * @size: size of the struct
 * @flags: 0
 * @pasid_id: the PASID object
 * @pt_id: an IOAS, a paging or nested HWPT made with IOMMU_HWPT_ALLOC_PASID, or an SVA object
 * @out_hwpt_id: out: id of the HWPT in use: @pt_id, or the automatic one of an IOAS or SVA object
 * @__reserved: 0
 *
 * IOMMU_EXT_PASID_ATTACH is for a PASID that is not attached, IOMMU_EXT_PASID_REPLACE for one that
 * is. After a successful replace, new DMA reaches only the new memory; after a failed one, the old
 * attachment stays. With the IOMMU core of Linux 6.12, DMA with the PASID is blocked for a moment
 * during a replace.
 *
 * If the whole device is attached as well, its HWPT must have been made with
 * IOMMU_HWPT_ALLOC_PASID, too.
 *
 * Errors:
 *
 *	EBUSY		(ATTACH) the PASID is attached, perhaps by the driver of the device
 *	EINVAL		(REPLACE) the PASID is not attached; @pt_id is of another type; the
 *			IOMMU cannot use the page table for the device, or beside the one that the
 *			whole device is attached to
 *	EOPNOTSUPP	the IOMMU driver does not support it; or sharing a page table would not
 *			be safe
 *	ESRCH		the process of the SVA object has exited
 *	ENODEV		the device is being unbound
 *	others		errors of pinning the memory of the IOAS
 */
struct iommu_ext_pasid_attach {
	__u32 size;
	__u32 flags;
	__u32 pasid_id;
	__u32 pt_id;
	__u32 out_hwpt_id;
	__u32 __reserved;
};
#define IOMMU_EXT_PASID_ATTACH _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 1)
#define IOMMU_EXT_PASID_REPLACE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 2)
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_pasid_attach) == 24);

/**
 * struct iommu_ext_pasid_detach - detach a PASID (IOMMU_EXT_PASID_DETACH)
 * @size: size of the struct
 * @flags: 0
 * @pasid_id: the PASID object
 * @__reserved: 0
 *
 * On return DMA with the PASID is blocked. Unanswered page requests were answered as invalid; those
 * for an SVA object that are still being resolved are answered, too, and not waited for. The PASID
 * can be attached again, or destroyed with IOMMU_DESTROY, which fails with EBUSY while it is
 * attached.
 *
 * Errors:
 *
 *	EINVAL		the PASID is not attached
 */
struct iommu_ext_pasid_detach {
	__u32 size;
	__u32 flags;
	__u32 pasid_id;
	__u32 __reserved;
};
#define IOMMU_EXT_PASID_DETACH _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 3)
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_pasid_detach) == 16);

/**
 * enum iommu_ext_pasid_state - state of a PASID
 * @IOMMU_EXT_PASID_IS_GLOBAL: it is from the system-wide pool
 * @IOMMU_EXT_PASID_IS_VIRT: it has a virtual PASID
 * @IOMMU_EXT_PASID_IS_ATTACHED: it is attached
 * @IOMMU_EXT_PASID_IS_BLOCKED: it is attached, but its DMA is blocked, because a replace failed and
 *	the IOMMU driver refused to attach the old page table again. Replace it, or detach and
 *	attach it.
 */
enum iommu_ext_pasid_state {
	IOMMU_EXT_PASID_IS_GLOBAL = (1U << 0),
	IOMMU_EXT_PASID_IS_VIRT = (1U << 1),
	IOMMU_EXT_PASID_IS_ATTACHED = (1U << 2),
	IOMMU_EXT_PASID_IS_BLOCKED = (1U << 3),
};

/**
 * struct iommu_ext_pasid_query - get the number, width and state of a PASID (IOMMU_EXT_PASID_QUERY)
 * @size: size of the struct
 * @flags: 0
 * @pasid_id: the PASID object
 * @out_dev_id: out: its device
 * @out_pasid: out: the number to program into hardware
 * @out_virt_pasid: out: the guest's number, or IOMMU_EXT_NONE
 * @out_width: out: bits of a PASID of this device, 1 to IOMMU_EXT_PASID_BITS
 * @out_state: out: enum iommu_ext_pasid_state
 * @out_pt_id: out: the object it is attached to, as it was named (for devices of a group: for the
 *	first of them), or IOMMU_EXT_NONE
 * @out_hwpt_id: out: the HWPT in use, or IOMMU_EXT_NONE
 */
struct iommu_ext_pasid_query {
	__u32 size;
	__u32 flags;
	__u32 pasid_id;
	__u32 out_dev_id;
	__u32 out_pasid;
	__u32 out_virt_pasid;
	__u32 out_width;
	__u32 out_state;
	__u32 out_pt_id;
	__u32 out_hwpt_id;
};
#define IOMMU_EXT_PASID_QUERY _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 4)
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_pasid_query) == 40);

/**
 * struct iommu_ext_sva_alloc - share the calling process's page table (IOMMU_EXT_SVA_ALLOC)
 * @size: size of the struct
 * @flags: 0
 * @out_sva_id: out: id of the SVA object
 * @__reserved: 0
 *
 * The object represents the address space (mm) of the caller. It can be attached to PASIDs of
 * devices that make page requests (IOMMU_EXT_CAP_SVA). DMA then uses the process's virtual
 * addresses: it reaches the memory of the process, with the rights of the process. Pages are
 * faulted in as for the CPU, and nothing is pinned.
 *
 * When munmap() or mprotect() return, the device has lost access accordingly. A forked child is not
 * shared; parent and child get copies on write as usual. On exec or exit the process's memory is
 * freed, and the device loses access to it. The object cannot be attached any more then. Attached
 * PASIDs stay attached until they are detached, but reach nothing. The exit waits for a page that
 * is being faulted in for the device at that time. If too many page requests of a user wait, for
 * instance with userfaultfd, further ones are answered as invalid.
 *
 * Every process that has the file open can give the device access to the memory of the process that
 * made the object.
 */
struct iommu_ext_sva_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_sva_id;
	__u32 __reserved;
};
#define IOMMU_EXT_SVA_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 5)
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_sva_alloc) == 16);

/**
 * enum iommu_ext_range_kind - kind of an IOVA range
 * @IOMMU_EXT_RANGE_USABLE: memory can be mapped here
 * @IOMMU_EXT_RANGE_CLAIMED: claimed with IOMMU_IOAS_ALLOW_IOVAS: it stays usable, and iommufd
 *	chooses addresses from it
 * @IOMMU_EXT_RANGE_RESERVED: the device or the platform does not translate it
 * @IOMMU_EXT_RANGE_DIRECT: firmware requires an identity mapping
 * @IOMMU_EXT_RANGE_DIRECT_RELAXABLE: as IOMMU_EXT_RANGE_DIRECT, but only while the kernel drives
 *	the device; programs may map memory here
 * @IOMMU_EXT_RANGE_MSI: the device writes its MSIs here
 * @IOMMU_EXT_RANGE_SW_MSI: the device writes its MSIs here, at an address that the kernel chose
 */
enum iommu_ext_range_kind {
	IOMMU_EXT_RANGE_USABLE = 1,
	IOMMU_EXT_RANGE_CLAIMED = 2,
	IOMMU_EXT_RANGE_RESERVED = 3,
	IOMMU_EXT_RANGE_DIRECT = 4,
	IOMMU_EXT_RANGE_DIRECT_RELAXABLE = 5,
	IOMMU_EXT_RANGE_MSI = 6,
	IOMMU_EXT_RANGE_SW_MSI = 7,
};

/**
 * struct iommu_ext_range - an IOVA range
 * @start: first IOVA
 * @last: last IOVA
 * @kind: enum iommu_ext_range_kind
 * @dev_id: the device that it is reserved for, or IOMMU_EXT_NONE
 */
struct iommu_ext_range {
	__aligned_u64 start;
	__aligned_u64 last;
	__u32 kind;
	__u32 dev_id;
};
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_range) == 24);

#define IOMMU_EXT_FORMAT_NAME 48

/**
 * enum iommu_ext_format_flags - requirements of a format
 * @IOMMU_EXT_FORMAT_VIOMMU: the HWPT has to be made on a virtual IOMMU (IOMMU_VIOMMU_ALLOC)
 */
enum iommu_ext_format_flags {
	IOMMU_EXT_FORMAT_VIOMMU = (1U << 0),
};

/**
 * struct iommu_ext_format - a format of user-managed page tables
 * @data_type: enum iommu_hwpt_data_type for IOMMU_HWPT_ALLOC
 * @invalidate_type: enum iommu_hwpt_invalidate_data_type for IOMMU_HWPT_INVALIDATE, or
 *	IOMMU_EXT_NONE
 * @flags: enum iommu_ext_format_flags
 * @__reserved: 0
 * @name: its name, terminated by a 0 byte: "vtd-s1", "arm-smmuv3", ...
 */
struct iommu_ext_format {
	__u32 data_type;
	__u32 invalidate_type;
	__u32 flags;
	__u32 __reserved;
	char name[IOMMU_EXT_FORMAT_NAME];
};
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_format) == 64);

/**
 * enum iommu_ext_device_caps - features that a device and its IOMMU have in common
 * @IOMMU_EXT_CAP_COHERENT: DMA is coherent with CPU caches
 * @IOMMU_EXT_CAP_ENFORCE_COHERENT: the IOMMU can enforce that, even if the device asks for no
 *	snooping
 * @IOMMU_EXT_CAP_DIRTY: dirty tracking (IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
 * @IOMMU_EXT_CAP_ATS: the device can cache translations (PCI ATS)
 * @IOMMU_EXT_CAP_PRI: the device can make page requests (PCI PRI), or can stall until one is
 *	answered
 * @IOMMU_EXT_CAP_PASID: PASIDs can be allocated and attached
 * @IOMMU_EXT_CAP_PASID_EXEC: DMA with a PASID can request execute permission
 * @IOMMU_EXT_CAP_PASID_PRIV: DMA with a PASID can be privileged
 * @IOMMU_EXT_CAP_USER_PASIDS: a user-managed page table can include a PASID table, in which the
 *	IOMMU looks up PASIDs that are not attached individually
 * @IOMMU_EXT_CAP_SVA: SVA objects can be attached to PASIDs
 * @IOMMU_EXT_CAP_NO_IOMMU: the device has no IOMMU, so DMA addresses are physical; no other
 *	capability is reported
 */
enum iommu_ext_device_caps {
	IOMMU_EXT_CAP_COHERENT = (1U << 0),
	IOMMU_EXT_CAP_ENFORCE_COHERENT = (1U << 1),
	IOMMU_EXT_CAP_DIRTY = (1U << 2),
	IOMMU_EXT_CAP_ATS = (1U << 3),
	IOMMU_EXT_CAP_PRI = (1U << 4),
	IOMMU_EXT_CAP_PASID = (1U << 5),
	IOMMU_EXT_CAP_PASID_EXEC = (1U << 6),
	IOMMU_EXT_CAP_PASID_PRIV = (1U << 7),
	IOMMU_EXT_CAP_USER_PASIDS = (1U << 8),
	IOMMU_EXT_CAP_SVA = (1U << 9),
	IOMMU_EXT_CAP_NO_IOMMU = (1U << 10),
};

/**
 * struct iommu_ext_device_info - describe a device in generic terms (IOMMU_EXT_DEVICE_INFO)
 * @size: size of the struct
 * @flags: 0
 * @dev_id: a bound device
 * @out_group: out: number of its IOMMU group, or IOMMU_EXT_NONE
 * @out_caps: out: enum iommu_ext_device_caps
 * @out_page_sizes: out: page sizes that the IOMMU can map, in bytes, each a bit; 0 if they are not
 *	known until the device is attached
 * @out_aperture_start: out: first IOVA that the IOMMU can translate
 * @out_aperture_last: out: last IOVA that the IOMMU can translate; 0 if not known, as for
 *	@out_page_sizes
 * @out_address_width: out: bits of an IOVA; 0 if not known, as for @out_page_sizes
 * @out_pasid_width: out: bits of a PASID, as for IOMMU_EXT_PASID_QUERY; 0 if there are none.
 *	IOMMU_EXT_CAP_PASID tells whether they can be used.
 * @num_ranges: in: number of entries in @ranges; out: number of ranges that exist
 * @num_formats: in: number of entries in @formats; out: number of formats that exist
 * @ranges: pointer to an array of struct iommu_ext_range: reserved and usable ranges, sorted by
 *	their first IOVA
 * @formats: pointer to an array of struct iommu_ext_format
 *
 * Reserved ranges are those that the IOMMU driver reports; they may overlap, and lie outside of the
 * aperture. Usable ranges are those that this device alone could use. They overlap neither each
 * other nor reserved ranges, except those of kind IOMMU_EXT_RANGE_DIRECT_RELAXABLE. An IOAS may
 * have to respect other devices, too; see IOMMU_EXT_PT_INFO.
 *
 * Errors:
 *
 *	EMSGSIZE	an array is too small: as many entries as fit are written, @num_ranges and
 *			@num_formats tell how many exist, and all other outputs are valid
 *	others		errors of the IOMMU driver if it cannot allocate a page table
 */
struct iommu_ext_device_info {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 out_group;
	__aligned_u64 out_caps;
	__aligned_u64 out_page_sizes;
	__aligned_u64 out_aperture_start;
	__aligned_u64 out_aperture_last;
	__u32 out_address_width;
	__u32 out_pasid_width;
	__u32 num_ranges;
	__u32 num_formats;
	__aligned_u64 ranges;
	__aligned_u64 formats;
};
#define IOMMU_EXT_DEVICE_INFO _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 6)
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_device_info) == 80);

/* Kinds of object that can be attached, and of page table. */
enum iommu_ext_pt_kind {
	IOMMU_EXT_PT_IOAS = 1,
	IOMMU_EXT_PT_PAGING = 2, /* HWPT that the kernel fills */
	IOMMU_EXT_PT_NESTED = 3, /* HWPT that user space manages */
	IOMMU_EXT_PT_SVA = 4, /* SVA object, or the HWPT of one of its attachments */
};

/**
 * enum iommu_ext_pt_flags - properties of a page table or IOAS
 * @IOMMU_EXT_PT_AUTO: made by an attach, and destroyed when the last device is detached
 * @IOMMU_EXT_PT_NEST_PARENT: made with IOMMU_HWPT_ALLOC_NEST_PARENT
 * @IOMMU_EXT_PT_DIRTY: made with IOMMU_HWPT_ALLOC_DIRTY_TRACKING
 * @IOMMU_EXT_PT_FAULTS: page requests are delivered to @out_fault_id, or resolved by the kernel
 * @IOMMU_EXT_PT_PASID: made with IOMMU_HWPT_ALLOC_PASID
 * @IOMMU_EXT_PT_ENFORCE_COHERENT: DMA is coherent even if the device asks for no snooping; a nested
 *	HWPT has the property of its parent
 * @IOMMU_EXT_PT_HUGE: IOAS only: huge pages are used (IOMMU_OPTION_HUGE_PAGES)
 * @IOMMU_EXT_PT_DEAD: SVA object or its HWPT only: the process's memory was freed
 */
enum iommu_ext_pt_flags {
	IOMMU_EXT_PT_AUTO = (1U << 0),
	IOMMU_EXT_PT_NEST_PARENT = (1U << 1),
	IOMMU_EXT_PT_DIRTY = (1U << 2),
	IOMMU_EXT_PT_FAULTS = (1U << 3),
	IOMMU_EXT_PT_PASID = (1U << 4),
	IOMMU_EXT_PT_ENFORCE_COHERENT = (1U << 5),
	IOMMU_EXT_PT_HUGE = (1U << 6),
	IOMMU_EXT_PT_DEAD = (1U << 7),
};

/**
 * struct iommu_ext_pt_info - describe a page table or IOAS (IOMMU_EXT_PT_INFO)
 * @size: size of the struct
 * @flags: 0
 * @pt_id: an IOAS, HWPT or SVA object
 * @out_kind: out: enum iommu_ext_pt_kind
 * @out_flags: out: enum iommu_ext_pt_flags
 * @out_data_type: out: of a nested HWPT: the enum iommu_hwpt_data_type it was made with; otherwise
 *	0
 * @out_ioas_id: out: the IOAS that fills the HWPT, or its parent if it is nested; of an IOAS its
 *	own id; or IOMMU_EXT_NONE
 * @out_parent_id: out: of a nested HWPT its parent; of the HWPT of an SVA attachment the SVA
 *	object; or IOMMU_EXT_NONE
 * @out_fault_id: out: the FAULT object that page requests are delivered to, or IOMMU_EXT_NONE
 * @out_page_sizes: out: of a HWPT that the kernel fills: page sizes in bytes, each a bit; otherwise
 *	0
 * @out_aperture_start: out: of a HWPT that the kernel fills: first IOVA that it can map; otherwise
 *	0
 * @out_aperture_last: out: of a HWPT that the kernel fills: last IOVA that it can map; otherwise 0
 * @out_alignment: out: of an IOAS: alignment of addresses and lengths, in bytes; otherwise 0
 * @num_ranges: in: number of entries in @ranges; out: number of ranges that exist
 * @ranges: pointer to an array of struct iommu_ext_range; used for an IOAS only
 *
 * The ranges of an IOAS are a consistent snapshot. They come in this order, each kind sorted by
 * its first IOVA:
 *
 * - IOMMU_EXT_RANGE_CLAIMED: each range as it was passed to IOMMU_IOAS_ALLOW_IOVAS. Adjacent ranges
 *   are not merged. A gap between two is not claimed, so a device may reserve it.
 * - IOMMU_EXT_RANGE_RESERVED: for any reason, with the device that it is reserved for, or with
 *   IOMMU_EXT_NONE if a page table cannot map it. These ranges may overlap.
 * - IOMMU_EXT_RANGE_USABLE: memory can be mapped here now.
 *
 * Errors:
 *
 *	EINVAL		@pt_id is an object of another type
 *	EMSGSIZE	@ranges is too small, as for IOMMU_EXT_DEVICE_INFO
 *	EINTR		the process was killed while the ranges of an IOAS kept changing
 */
struct iommu_ext_pt_info {
	__u32 size;
	__u32 flags;
	__u32 pt_id;
	__u32 out_kind;
	__u32 out_flags;
	__u32 out_data_type;
	__u32 out_ioas_id;
	__u32 out_parent_id;
	__u32 out_fault_id;
	__u32 num_ranges;
	__aligned_u64 out_page_sizes;
	__aligned_u64 out_aperture_start;
	__aligned_u64 out_aperture_last;
	__aligned_u64 out_alignment;
	__aligned_u64 ranges;
};
#define IOMMU_EXT_PT_INFO _IO(IOMMUFD_TYPE, IOMMUFD_CMD_EXT_BASE + 7)
IOMMUFD_EXT_ASSERT(sizeof(struct iommu_ext_pt_info) == 80);

#endif
