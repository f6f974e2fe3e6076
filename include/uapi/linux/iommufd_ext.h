/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What iommuscope's iommufd has beyond any kernel's <linux/iommufd.h>: PASIDs as objects, page
 * tables shared with a process, and what devices and page tables are in general terms.
 *
 * The ideas are those of the first design of /dev/iommu (2021). A page table is attached to a
 * device, or to a device and a PASID. Three kinds of page table are there: the kernel's own, filled
 * with an IOAS; user-managed ones, nested on one of the kernel's; and those of a process, shared
 * with its CPU (SVA). PASID is the label of DMA on the bus (PCI; Arm says SSID). It is no id of an
 * object, and an id is no PASID: members that hold a number for the bus are called pasid or
 * virt_pasid, members that hold an id of this file end in _id.
 *
 * Conventions are those of <linux/iommufd.h>: `size` is the size of the struct as the program knows
 * it; a struct may grow at its end, and what a program does not know is 0; reserved members and
 * unknown flags must be 0, else the answer is EOPNOTSUPP. Numbers begin at 0xe0, far from
 * upstream's. An ioctl that fails has changed nothing.
 *
 * All ioctls may also fail with EFAULT, ENOMEM, EINVAL for a size smaller than the first version of
 * the struct, E2BIG for bytes behind the struct that are not 0, and ENOTTY on a kernel that has
 * none of this. Those that take ids of objects answer ENOENT if there is no such object of that
 * type.
 *
 * The flow of a driver in user space, which tests/examples/pasid-dma.c shows whole:
 *
 *	open /dev/iommu; bind the device (VFIO_DEVICE_BIND_IOMMUFD)
 *	IOMMU_EXT_DEVICE_INFO		has it PASIDs, which addresses may be used?
 *	IOMMU_EXT_PASID_ALLOC		a PASID of the device
 *	IOMMU_IOAS_ALLOC, _MAP		an address space with memory, or
 *	IOMMU_EXT_SVA_ALLOC		the whole process
 *	IOMMU_EXT_PASID_ATTACH		DMA with the PASID reaches that memory, and no other
 *	...				program the number into the device, and let it work
 *	IOMMU_EXT_PASID_DETACH		it reaches nothing any more
 *	IOMMU_DESTROY			the PASID is free again
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

/* The widest PASID that PCI has; a virtual one is below 1 << IOMMU_EXT_PASID_BITS, too. */
#define IOMMU_EXT_PASID_BITS 20
/* "No number" in a member for a PASID, "no object" in one for an id. */
#define IOMMU_EXT_NONE 0xffffffffU

/**
 * enum iommu_ext_pasid_flags - how to choose a PASID
 * @IOMMU_EXT_PASID_GLOBAL: from the pool of the whole system, for instructions that carry one
 *	PASID for all devices (ENQCMD), and not from the device's own numbers
 * @IOMMU_EXT_PASID_FIXED: exactly the number in pasid, as migration may need it. Of the
 *	system-wide pool only a number that this file has already for another device can be asked
 *	for: then both have it.
 * @IOMMU_EXT_PASID_VIRT: a guest knows it as virt_pasid
 */
enum iommu_ext_pasid_flags {
	IOMMU_EXT_PASID_GLOBAL = (1U << 0),
	IOMMU_EXT_PASID_FIXED = (1U << 1),
	IOMMU_EXT_PASID_VIRT = (1U << 2),
};

/**
 * struct iommu_ext_pasid_alloc - a PASID of a device (IOMMU_EXT_PASID_ALLOC)
 * @size: size of the struct
 * @flags: enum iommu_ext_pasid_flags
 * @dev_id: a bound device
 * @pasid: in with IOMMU_EXT_PASID_FIXED, else 0: the number; out: the number for the device's
 *	registers and descriptors
 * @virt_pasid: with IOMMU_EXT_PASID_VIRT: the guest's number, 1 to (1 << IOMMU_EXT_PASID_BITS) - 1;
 *	else 0
 * @out_pasid_id: out: id of the object
 *
 * The PASID belongs to the file until the object is destroyed, or the device is unbound: then the
 * object is gone, and its id stays unused. DMA with it is blocked until something is attached.
 *
 * A virtual PASID is unique for its device. That of a system-wide PASID is the same for all devices
 * that have the number, and no other system-wide PASID of the file has it.
 *
 * Errors: EINVAL for a number without the flag that it is for; EOPNOTSUPP for a device that has no
 * PASIDs, or an exact number of the system-wide pool that the file does not have yet; ERANGE for a
 * number that is 0 or too large for the device, its IOMMU, or a virtual PASID; EBUSY if the exact
 * number is in use on the device or its group; EEXIST if the virtual PASID is in use, or differs
 * from what the system-wide number has; ENOSPC if no number is left; ENODEV if the device is being
 * unbound.
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
 * struct iommu_ext_pasid_attach - what DMA with a PASID reaches (IOMMU_EXT_PASID_ATTACH, _REPLACE)
 * @size: size of the struct
 * @flags: 0
 * @pasid_id: the PASID object
 * @pt_id: an IOAS, a paging or nested HWPT made with IOMMU_HWPT_ALLOC_PASID, or an SVA object
 * @out_hwpt_id: out: id of the page table in use: @pt_id, or the automatic one of an IOAS or SVA
 *	object
 * @__reserved: 0
 *
 * IOMMU_EXT_PASID_ATTACH is for a PASID that is not attached, IOMMU_EXT_PASID_REPLACE for one that
 * is: on success DMA that begins afterwards reaches the new memory only; on failure the old
 * attachment stays. With the kernel's 6.12 core DMA with the PASID is blocked for a moment in
 * between.
 *
 * If the device as a whole is attached, it has to be to a page table made with
 * IOMMU_HWPT_ALLOC_PASID as well.
 *
 * Errors: EBUSY (ATTACH) if it is attached, also if the device's driver attached the number itself;
 * EINVAL if it is not (REPLACE), if the object is none of these types, or if the IOMMU cannot use
 * the page table for the device or beside what the device is attached to; EOPNOTSUPP if the IOMMU
 * driver cannot do it, for an SVA object also if it cannot do it safely; ESRCH if the process of an
 * SVA object is gone; ENODEV if the device is being unbound; and what pinning an IOAS says.
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
 * struct iommu_ext_pasid_detach - end the DMA with a PASID (IOMMU_EXT_PASID_DETACH)
 * @size: size of the struct
 * @flags: 0
 * @pasid_id: the PASID object
 * @__reserved: 0
 *
 * On return DMA with it is blocked, and page requests that nobody has answered have been answered
 * as invalid, or, of a process, need not be waited for. The PASID can be attached again, or
 * destroyed with IOMMU_DESTROY, which is EBUSY before.
 *
 * Errors: EINVAL if it is not attached.
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
 * @IOMMU_EXT_PASID_IS_GLOBAL: from the system-wide pool
 * @IOMMU_EXT_PASID_IS_VIRT: it has a virtual PASID
 * @IOMMU_EXT_PASID_IS_ATTACHED: something is attached
 * @IOMMU_EXT_PASID_IS_BLOCKED: and yet DMA is blocked: a replace failed, and the IOMMU driver took
 *	the old page table back no more. Replace it, or detach and attach.
 */
enum iommu_ext_pasid_state {
	IOMMU_EXT_PASID_IS_GLOBAL = (1U << 0),
	IOMMU_EXT_PASID_IS_VIRT = (1U << 1),
	IOMMU_EXT_PASID_IS_ATTACHED = (1U << 2),
	IOMMU_EXT_PASID_IS_BLOCKED = (1U << 3),
};

/**
 * struct iommu_ext_pasid_query - number, width and state of a PASID (IOMMU_EXT_PASID_QUERY)
 * @size: size of the struct
 * @flags: 0
 * @pasid_id: the PASID object
 * @out_dev_id: out: its device
 * @out_pasid: out: the number to program into hardware
 * @out_virt_pasid: out: the guest's number, or IOMMU_EXT_NONE
 * @out_width: out: bits that a PASID of this device can have, 1 to IOMMU_EXT_PASID_BITS
 * @out_state: out: enum iommu_ext_pasid_state
 * @out_pt_id: out: what was attached, as it was named (of several devices of a group, for the
 *	first); or IOMMU_EXT_NONE
 * @out_hwpt_id: out: the page table in use, or IOMMU_EXT_NONE
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
 * @out_sva_id: out: id of the object
 * @__reserved: 0
 *
 * The object stands for the address space (mm) of the caller. Attached to a PASID of a device that
 * can make page requests, its DMA uses the process's own addresses: it reaches what the process may
 * reach, as it may, pages are faulted in as for the CPU, and nothing is pinned. What the process
 * unmaps or protects is out of the device's reach when munmap() or mprotect() return. A forked
 * child is not shared with: the two part by copy on write as always. With exec or exit the
 * process's memory ends, and so does the device's access; the object can be attached no more, and
 * what is attached reaches nothing, until it is detached. A page that is just being faulted in for
 * the device is waited for; page requests of a user who keeps too many of them waiting, for
 * instance with userfaultfd, are answered as invalid.
 *
 * Whoever has the file can let the device reach the memory of the process that made the object.
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
 * enum iommu_ext_range_kind - what a range of IOVA is
 * @IOMMU_EXT_RANGE_USABLE: can be mapped to
 * @IOMMU_EXT_RANGE_CLAIMED: claimed with IOMMU_IOAS_ALLOW_IOVAS: stays usable, and is what
 *	addresses are chosen from
 * @IOMMU_EXT_RANGE_RESERVED: the device or the machine does not translate it
 * @IOMMU_EXT_RANGE_DIRECT: firmware needs it mapped one to one
 * @IOMMU_EXT_RANGE_DIRECT_RELAXABLE: the same, while the kernel drives the device; a user of this
 *	interface may use it
 * @IOMMU_EXT_RANGE_MSI: interrupts are raised there
 * @IOMMU_EXT_RANGE_SW_MSI: interrupts are raised there, and the kernel chose the place
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
 * struct iommu_ext_range - a range of IOVA
 * @start: first address
 * @last: last address
 * @kind: enum iommu_ext_range_kind
 * @dev_id: device that it is reserved for, or IOMMU_EXT_NONE
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
 * enum iommu_ext_format_flags - what a format needs
 * @IOMMU_EXT_FORMAT_VIOMMU: the page table is made on a virtual IOMMU (IOMMU_VIOMMU_ALLOC)
 */
enum iommu_ext_format_flags {
	IOMMU_EXT_FORMAT_VIOMMU = (1U << 0),
};

/**
 * struct iommu_ext_format - a format of user-managed page tables
 * @data_type: for IOMMU_HWPT_ALLOC
 * @invalidate_type: for IOMMU_HWPT_INVALIDATE, or IOMMU_EXT_NONE
 * @flags: enum iommu_ext_format_flags
 * @__reserved: 0
 * @name: its name, which ends with a 0: "vtd-s1", "arm-smmuv3", ...
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
 * enum iommu_ext_device_caps - what a device and its IOMMU can do together
 * @IOMMU_EXT_CAP_COHERENT: DMA goes through the CPU's caches
 * @IOMMU_EXT_CAP_ENFORCE_COHERENT: also if the device asks for the contrary
 * @IOMMU_EXT_CAP_DIRTY: dirty tracking (IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
 * @IOMMU_EXT_CAP_ATS: the device can keep translations (PCI ATS)
 * @IOMMU_EXT_CAP_PRI: the device can make page requests (PCI PRI), or stalls until it is answered
 * @IOMMU_EXT_CAP_PASID: PASIDs can be allocated and attached
 * @IOMMU_EXT_CAP_PASID_EXEC: requests with PASID can ask for execution
 * @IOMMU_EXT_CAP_PASID_PRIV: requests with PASID can be privileged
 * @IOMMU_EXT_CAP_USER_PASIDS: a user-managed page table can bring its own table of PASIDs: those
 *	not attached by themselves are looked up there
 * @IOMMU_EXT_CAP_SVA: an SVA object can be attached to its PASIDs
 * @IOMMU_EXT_CAP_NO_IOMMU: the device has no IOMMU: DMA addresses are physical ones, and nothing
 *	else is told
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
 * struct iommu_ext_device_info - a device in general terms (IOMMU_EXT_DEVICE_INFO)
 * @size: size of the struct
 * @flags: 0
 * @dev_id: a bound device
 * @out_group: out: number of its IOMMU group, or IOMMU_EXT_NONE
 * @out_caps: out: enum iommu_ext_device_caps
 * @out_page_sizes: out: sizes of pages that the IOMMU can map, one bit each; 0 if not known before
 *	something is attached
 * @out_aperture_start: out: first IOVA that the IOMMU can translate
 * @out_aperture_last: out: the last one; 0 as @out_page_sizes
 * @out_address_width: out: bits of an IOVA; 0 as @out_page_sizes
 * @out_pasid_width: out: bits of a PASID, as IOMMU_EXT_PASID_QUERY; 0 if there are none. Whether
 *	they can be used is in @out_caps.
 * @num_ranges: in: entries that @ranges has room for; out: how many there are
 * @num_formats: in: entries that @formats has room for; out: how many there are
 * @ranges: struct iommu_ext_range: what is reserved, and what is usable, by their first address
 * @formats: struct iommu_ext_format
 *
 * Reserved ranges are as the IOMMU driver tells them: they may overlap, or lie outside of the
 * aperture. Usable is what this device alone could use: what else an IOAS has to keep to,
 * IOMMU_EXT_PT_INFO tells. Usable ranges do not overlap each other, nor what is reserved, but for
 * IOMMU_EXT_RANGE_DIRECT_RELAXABLE.
 *
 * Errors: EMSGSIZE if there is not enough room: as many as fit are written, the numbers say how
 * many there are, and all else is told as if there were; or what the IOMMU driver says if it can
 * make no page table.
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

/* Kinds of page table, and what stands for one. */
enum iommu_ext_pt_kind {
	IOMMU_EXT_PT_IOAS = 1,
	IOMMU_EXT_PT_PAGING = 2, /* HWPT, filled by the kernel */
	IOMMU_EXT_PT_NESTED = 3, /* HWPT, managed by user space */
	IOMMU_EXT_PT_SVA = 4,  /* SVA object, or the page table it is attached by */
};

/**
 * enum iommu_ext_pt_flags - how a page table was made
 * @IOMMU_EXT_PT_AUTO: by an attach, and it goes with the last device
 * @IOMMU_EXT_PT_NEST_PARENT: IOMMU_HWPT_ALLOC_NEST_PARENT
 * @IOMMU_EXT_PT_DIRTY: IOMMU_HWPT_ALLOC_DIRTY_TRACKING
 * @IOMMU_EXT_PT_FAULTS: its page requests are delivered: to @out_fault_id, or resolved by the
 *	kernel
 * @IOMMU_EXT_PT_PASID: IOMMU_HWPT_ALLOC_PASID
 * @IOMMU_EXT_PT_ENFORCE_COHERENT: DMA is coherent whatever the device asks for; of a nested one:
 *	its parent sees to it
 * @IOMMU_EXT_PT_HUGE: of an IOAS: large pages are used (IOMMU_OPTION_HUGE_PAGES)
 * @IOMMU_EXT_PT_DEAD: of an SVA object, or its page table: the process's memory is gone
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
 * struct iommu_ext_pt_info - what a page table or IOAS really is (IOMMU_EXT_PT_INFO)
 * @size: size of the struct
 * @flags: 0
 * @pt_id: an IOAS, HWPT or SVA object
 * @out_kind: out: enum iommu_ext_pt_kind
 * @out_flags: out: enum iommu_ext_pt_flags
 * @out_data_type: out: of a nested HWPT: data_type it was made with; else 0
 * @out_ioas_id: out: IOAS that it is filled with; of a nested HWPT that of its parent; of an IOAS
 *	its own id; or IOMMU_EXT_NONE
 * @out_parent_id: out: HWPT that a nested one stands on; SVA object of an automatic page table; or
 *	IOMMU_EXT_NONE
 * @out_fault_id: out: FAULT object that page requests go to, or IOMMU_EXT_NONE
 * @out_page_sizes: out: of a HWPT that the kernel fills: page sizes that it can hold, one bit each;
 *	else 0
 * @out_aperture_start: out: of such a HWPT: first IOVA that it can hold; else 0
 * @out_aperture_last: out: of such a HWPT: the last one; else 0
 * @out_alignment: out: of an IOAS: alignment that addresses and lengths must have; else 0
 * @num_ranges: in: entries that @ranges has room for; out: how many there are
 * @ranges: struct iommu_ext_range, of an IOAS only
 *
 * The ranges of an IOAS are, each kind by its first address: what was claimed, entry by entry as it
 * was asked for: neighbours are not made one, and what lies between two claims is not claimed, so
 * that it can be another's; what is reserved (IOMMU_EXT_RANGE_RESERVED, whatever the reason), for
 * which device, or for none if a page table cannot hold it; and what is usable now. Reserved ranges
 * may overlap. All are of one moment.
 *
 * Errors: EINVAL for an object of another type; EMSGSIZE as IOMMU_EXT_DEVICE_INFO.
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
