/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Definitions that the driver, BPF programs and tools share: the table of hooks, the request that a
 * policy decides on, and the records about the driver's state that iterators return.
 *
 * All structs grow only at their end. Values have the units of the tracepoints: lengths and totals
 * are bytes. An id, a PASID or a PCI address that does not exist is IOMMUFD_NONE, other values are
 * 0.
 *
 * The includer provides the kernel's fixed-width types (vmlinux.h, linux/types.h, or
 * iommufd_policy.bpf.h).
 */
#ifndef _IOMMUFD_POLICY_H
#define _IOMMUFD_POLICY_H

#define IOMMUFD_POLICY_VERSION 1
#define IOMMUFD_POLICY_NAME_LEN 32 /* with the 0 at its end */
#define IOMMUFD_POLICY_REASON_LEN 40 /* with the 0 at its end */
#define IOMMUFD_POLICY_DEVICE_LEN 32
#define IOMMUFD_POLICY_COMM_LEN 16

#ifndef IOMMUFD_NONE
#define IOMMUFD_NONE 0xffffffffu
#endif
/* The address of a map before the kernel has chosen it. */
#define IOMMUFD_IOVA_NONE 0xffffffffffffffffull

/*
 * CPU time that a program may take to decide a call, unless the policy sets .budget_ms. A call
 * whose decision takes longer is refused with -ETIMEDOUT, because otherwise a process that makes a
 * program slow would get rid of the policy. With the flag IOMMUFD_POLICY_EJECT the policy is
 * ejected instead, unless it is required or sealed.
 */
#define IOMMUFD_POLICY_BUDGET_MS 1000
#define IOMMUFD_POLICY_BUDGET_NONE 0xffffffffu /* .budget_ms: no limit */

/* Flags of a policy. */
#define IOMMUFD_POLICY_AUDIT (1u << 0) /* refusals are counted and reported, but not enforced */
#define IOMMUFD_POLICY_NO_TOTALS (1u << 1) /* programs call iommufd_policy_totals() for totals */
#define IOMMUFD_POLICY_EJECT (1u << 2) /* audit mode from the first call over the budget on */
#define IOMMUFD_POLICY_TRIAL (1u << 3) /* no call asks it, only iommufd_policy_try() */

/* Flags that only the driver sets. EJECTED comes with IOMMUFD_POLICY_AUDIT. */
#define IOMMUFD_POLICY_EJECTED (1u << 16) /* it has exceeded its budget, and had the flag EJECT */
#define IOMMUFD_POLICY_SEALED (1u << 17) /* it stays until the machine is rebooted */
#define IOMMUFD_POLICY_REQUIRED (1u << 18) /* the module parameter required_policies names it */

/* A total that was not computed, so that a limit that is compared with it is exceeded. */
#define IOMMUFD_TOTAL_NONE 0xffffffffffffffffull

/*
 * The table of hooks, in the order of struct iommufd_policy_ops. It expands to HOOK(ID, name,
 * sleep, text) for each hook:
 *
 *	ID	the hook's number is IOMMUFD_HOOK_ID
 *	name	the member of struct iommufd_policy_ops, and the hook's name in all output
 *	sleep	1 if programs for this hook may sleep, else 0
 *	text	when the driver asks policies
 *
 * The driver, the author's header, the tools and the tests make their lists from this table, and a
 * test compares it with iommufd-policy(7). A new hook goes to the end.
 */
#define IOMMUFD_POLICY_HOOKS(HOOK) \
	HOOK(DEVICE_BIND, device_bind, 1, \
	     "a kernel driver, usually vfio, is about to bind a device to the file") \
	HOOK(DEVICE_ATTACH, device_attach, 1, \
	     "a whole device is about to be attached to a page table, or moved to another one") \
	HOOK(IOAS_MAP, ioas_map, 1, "memory is about to be mapped or copied") \
	HOOK(IOAS_UNMAP, ioas_unmap, 1, "a range is about to be unmapped at a process's request") \
	HOOK(HWPT_ALLOC, hwpt_alloc, 1, "a page table is about to be allocated explicitly") \
	HOOK(PASID_ALLOC, pasid_alloc, 1, "a PASID is about to be allocated") \
	HOOK(PASID_ATTACH, pasid_attach, 1, \
	     "a PASID is about to be attached to a page table, or moved to another one") \
	HOOK(FAULT, fault, 0, "a device requests pages") \
	HOOK(IOAS_CHANGE_PROCESS, ioas_change_process, 1, \
	     "memory of files is about to be charged to the calling process")

#define IOMMUFD_HOOK_NUMBER(ID, name, sleep, text) IOMMUFD_HOOK_##ID,
enum iommufd_policy_hook { IOMMUFD_POLICY_HOOKS(IOMMUFD_HOOK_NUMBER) IOMMUFD_HOOKS };
#undef IOMMUFD_HOOK_NUMBER

/* The hooks whose calls are refused while a required or sealed policy is missing. */
#define IOMMUFD_HOOKS_GUARDED \
	(((1u << IOMMUFD_HOOKS) - 1) & ~(1u << IOMMUFD_HOOK_IOAS_UNMAP | 1u << IOMMUFD_HOOK_FAULT))

/* The kind of mapped memory. */
enum iommufd_memory_kind {
	IOMMUFD_MEMORY_NONE,
	IOMMUFD_MEMORY_USER, /* memory of the process */
	IOMMUFD_MEMORY_FILE, /* a memfd */
	IOMMUFD_MEMORY_DMABUF, /* a dma-buf: can be a device's own memory */
	IOMMUFD_MEMORY_COPY, /* memory mapped elsewhere (IOMMU_IOAS_COPY) */
};

/* Bits of prot. */
#define IOMMUFD_PROT_READ (1u << 0) /* devices may read memory */
#define IOMMUFD_PROT_WRITE (1u << 1) /* devices may write memory */

/* Bits of flags in a request. */
#define IOMMUFD_REQUEST_REPLACE (1u << 0) /* attach: replaces another attachment */
#define IOMMUFD_REQUEST_DRIVER (1u << 1) /* by a kernel driver, not by an ioctl of the file */
#define IOMMUFD_REQUEST_GLOBAL (1u << 2) /* a PASID of the global pool */
#define IOMMUFD_REQUEST_FIXED (1u << 3) /* the caller chose the address or PASID */
#define IOMMUFD_REQUEST_SHARED (1u << 4) /* attach: to the memory of a process */
#define IOMMUFD_REQUEST_NOIOMMU \
	(1u << 5) /* bind: without an IOMMU, so the device can reach all memory */
#define IOMMUFD_REQUEST_OWNER \
	(1u << 6) /* about another process, whose memory the call pins: tgid, uid, cgroup */

/**
 * struct iommufd_policy_request - a request that policies decide on
 * @hook: enum iommufd_policy_hook
 * @flags: IOMMUFD_REQUEST_*
 * @ctx: context: one open file of /dev/iommu
 * @tgid: process that makes the call; for a fault, the process that opened the file
 * @uid: user of the process, in the initial user namespace
 * @device: device object
 * @cgroup: cgroup (version 2) of the process
 * @ioas: address space
 * @hwpt: page table; for hwpt_alloc the parent; for a fault the one that it came through
 * @pasid: number on the bus; for pasid_alloc the requested number, if any
 * @virt_pasid: number in the guest
 * @pt: object to attach to, as the caller named it
 * @sbdf: PCI address: segment << 16 | bus << 8 | device << 3 | function
 * @vendor: PCI vendor of the device, or IOMMUFD_NONE
 * @product: PCI device id, or IOMMUFD_NONE
 * @group: IOMMU group
 * @prot: IOMMUFD_PROT_*; for a fault all rights that its page requests ask for
 * @kind: enum iommufd_memory_kind
 * @hwpt_flags: for hwpt_alloc: IOMMU_HWPT_ALLOC_*
 * @data_type: for hwpt_alloc: format of a user-managed page table, 0 for none
 * @requests: for a fault: number of page requests in the group
 * @iova: first address; for a map the one that the kernel chose, if the caller left it open; for a
 *	fault that of the lowest page
 * @length: bytes; for a fault up to the end of the highest page
 * @start: for a map: address in the process, offset in the file, or address copied from
 * @need: bytes that the call will pin at most; for ioas_change_process bytes that are charged to
 *	another process now, and will be charged to this one
 * @ctx_pinned: bytes pinned now through the file. This and the totals below are IOMMUFD_TOTAL_NONE
 *	for a policy with the flag NO_TOTALS, until a program calls iommufd_policy_totals()
 * @process_pinned: bytes pinned now by the process, through any file
 * @uid_pinned: bytes pinned now by all processes of the user
 * @cgroup_pinned: bytes pinned now by all processes in the cgroup and below it
 * @ctx_after: @ctx_pinned, plus @need, plus the bytes that allowed calls in progress may still pin;
 *	for ioas_change_process each of these totals grows by the bytes that it does not include
 *	now, which are none for the file
 * @process_after: the same for @process_pinned
 * @uid_after: the same for @uid_pinned
 * @cgroup_after: the same for @cgroup_pinned
 * @device_name: name of the device in sysfs; ends with a 0
 * @comm: name of the thread; ends with a 0; the process can set it as it likes
 *
 * An attach, a copy or the allocation of a page table may pin memory of other processes. The driver
 * asks about the call with the memory of the calling process, and then once for each other owner,
 * with the flag OWNER and that process as @tgid, @uid and @cgroup. The totals include memory that
 * the driver asks no policy about: pages that kernel drivers pin through an access (mediated
 * devices), often in a kernel thread. The driver attaches and moves all devices of an IOMMU group
 * together: the request has the device that the caller named, and @group.
 */
struct iommufd_policy_request {
#ifdef __KERNEL__
	/*
	 * Without a member that is no scalar, the verifier would let a program pass a request of
	 * its own to a function that uses what the driver has behind the request.
	 */
	const void *not_scalar[0];
#endif
	__u32 hook;
	__u32 flags;
	__u32 ctx;
	__u32 tgid;
	__u32 uid;
	__u32 device;
	__u64 cgroup;
	__u32 ioas;
	__u32 hwpt;
	__u32 pasid;
	__u32 virt_pasid;
	__u32 pt;
	__u32 sbdf;
	__u32 vendor;
	__u32 product;
	__u32 group;
	__u32 prot;
	__u32 kind;
	__u32 hwpt_flags;
	__u32 data_type;
	__u32 requests;
	__u64 iova;
	__u64 length;
	__u64 start;
	__u64 need;
	__u64 ctx_pinned;
	__u64 process_pinned;
	__u64 uid_pinned;
	__u64 cgroup_pinned;
	__u64 ctx_after;
	__u64 process_after;
	__u64 uid_after;
	__u64 cgroup_after;
	char device_name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[IOMMUFD_POLICY_COMM_LEN];
};

/* Bits of flags in struct iommufd_policy_trial. */
#define IOMMUFD_TRIAL_NO_HOOK (1u << 0) /* the policy has no program for the hook */
#define IOMMUFD_TRIAL_OUT_OF_SCOPE (1u << 1) /* the cgroup is neither the policy's nor below it */
#define IOMMUFD_TRIAL_INVALID (1u << 2) /* value is neither 0 nor -1 to -511 */
#define IOMMUFD_TRIAL_SLOW (1u << 3) /* the program exceeded the budget of the policy */
#define IOMMUFD_TRIAL_NO_CGROUP (1u << 4) /* there is no cgroup with the id in the request */

/**
 * struct iommufd_policy_trial - the verdict of a policy that is tried
 * @ret: what a caller would get: 0, or a negative errno; also of a policy with the flag AUDIT
 * @value: what the program returned; 0 if it did not run
 * @flags: IOMMUFD_TRIAL_*; with NO_HOOK or OUT_OF_SCOPE the program did not run, because the driver
 *	would not have asked it
 * @__pad: 0
 * @ns: real time that the program took
 * @reason: the reason that it gave; "" if it gave none
 */
struct iommufd_policy_trial {
	__s32 ret;
	__s32 value;
	__u32 flags;
	__u32 __pad;
	__u64 ns;
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

/**
 * struct iommufd_policy_count - verdicts of a policy at one hook
 * @allowed: requests allowed
 * @denied: requests refused
 * @would_deny: requests that the policy refused in audit mode, so that they went on
 * @invalid: requests with an invalid return value, neither 0 nor -1 to -511; it is treated as
 *	-EPERM, so each is also counted in @denied or @would_deny
 *
 * The driver asks again about a call if a total has grown before the call could reserve its memory.
 * Each time is counted.
 */
struct iommufd_policy_count {
	__u64 allowed;
	__u64 denied;
	__u64 would_deny;
	__u64 invalid;
};

/**
 * struct iommufd_policy_info - a loaded policy
 * @id: number of the load, never used twice; a replacement has a new one
 * @link_id: BPF link that keeps the policy loaded
 * @hooks: 1 << enum iommufd_policy_hook of each hook that it has
 * @flags: IOMMUFD_POLICY_*
 * @priority: policies of higher priority are asked first
 * @last_hook: hook of the last refusal; this and the members below are those of the ejection if the
 *	policy was ejected
 * @last_ret: negative errno of the last refusal; 0 if there was none
 * @last_tgid: process whose request was refused
 * @cgroup: cgroup that the policy applies to, 0 for all
 * @name: name of the policy
 * @reason: reason for the last refusal; "" if the policy gave none
 * @counts: by enum iommufd_policy_hook; they include those of policies that it replaced
 */
struct iommufd_policy_info {
	__u32 id;
	__u32 link_id;
	__u32 hooks;
	__u32 flags;
	__s32 priority;
	__u32 last_hook;
	__s32 last_ret;
	__u32 last_tgid;
	__u64 cgroup;
	char name[IOMMUFD_POLICY_NAME_LEN];
	char reason[IOMMUFD_POLICY_REASON_LEN];
	struct iommufd_policy_count counts[IOMMUFD_HOOKS];
};

/* Entries in the driver's history of refusals. */
#define IOMMUFD_REFUSALS 256

/**
 * struct iommufd_refusal_info - equal refusals in the driver's history
 * @number: number of the first one, from 1 on, in the order of all refusals
 * @times: how many of them there were
 * @lost: refusals of all policies that are not in the history any more
 * @first_ns: time of the first one, CLOCK_MONOTONIC
 * @last_ns: time of the last one
 * @cgroup: cgroup of the process, in the last one
 * @iova: address, in the last one
 * @length: bytes, in the last one
 * @policy: id of the policy, which may be unloaded; 0 if the calls were refused because the policy
 *	must be in force, and was not
 * @flags: its flags, IOMMUFD_POLICY_*; with AUDIT the calls went on
 * @hook: enum iommufd_policy_hook
 * @ret: negative errno
 * @ctx: the context
 * @tgid: the process, as in the request
 * @uid: its user
 * @object: id of the object concerned, as in the tracepoint iommufd_policy_verdict, or IOMMUFD_NONE
 * @sbdf: PCI address of the device, or IOMMUFD_NONE
 * @pasid: the PASID, or IOMMUFD_NONE
 * @name: name of the policy
 * @reason: its reason; "" if it gave none; that of the driver if it was missing or too slow
 * @comm: name of the thread, in the last one
 * @device_name: name of the device in sysfs; "" if the request has none
 *
 * Refusals are equal if they have the same policy, process, user, hook, error, context, object,
 * device, reason, and IOMMUFD_POLICY_AUDIT in @flags.
 */
struct iommufd_refusal_info {
	__u64 number;
	__u64 times;
	__u64 lost;
	__u64 first_ns;
	__u64 last_ns;
	__u64 cgroup;
	__u64 iova;
	__u64 length;
	__u32 policy;
	__u32 flags;
	__u32 hook;
	__s32 ret;
	__u32 ctx;
	__u32 tgid;
	__u32 uid;
	__u32 object;
	__u32 sbdf;
	__u32 pasid;
	char name[IOMMUFD_POLICY_NAME_LEN];
	char reason[IOMMUFD_POLICY_REASON_LEN];
	char comm[IOMMUFD_POLICY_COMM_LEN];
	char device_name[IOMMUFD_POLICY_DEVICE_LEN];
};

/**
 * struct iommufd_ctx_info - a context: one open file of /dev/iommu
 * @ctx: number of the context
 * @tgid: process that opened it; another one may use it, see struct iommufd_payer_info
 * @uid: user that opened it
 * @objects: number of objects in it
 * @cgroup: cgroup of the process when it opened the file
 * @pinned: bytes pinned through it; memory that several address spaces share counts once
 * @process_accounting: memory is charged to processes, not to users
 * @__pad: 0
 * @comm: name of the thread that opened it
 */
struct iommufd_ctx_info {
	__u32 ctx;
	__u32 tgid;
	__u32 uid;
	__u32 objects;
	__u64 cgroup;
	__u64 pinned;
	__u32 process_accounting;
	__u32 __pad;
	char comm[IOMMUFD_POLICY_COMM_LEN];
};

/**
 * struct iommufd_ctx_counts - counts of the calls of a context since its file was opened
 * @ctx: number of the context
 * @__pad: 0
 * @maps: maps that succeeded
 * @maps_failed: maps that failed
 * @unmaps: unmaps that succeeded
 * @unmaps_failed: unmaps that failed
 * @copies: copies of mappings that succeeded
 * @copies_failed: copies that failed
 * @pinned: bytes pinned in all, by maps, copies, attaches and in-kernel accesses
 * @unpinned: bytes unpinned in all; the difference is pinned now
 * @refused_policy: calls that a policy refused
 * @refused_limit: calls that RLIMIT_MEMLOCK, or the limit of PASIDs, refused
 * @timed_pins: number of pins of at least IOMMUFD_TIMED_PAGES for page tables. The
 *	driver measures only these, because a clock would slow down small calls.
 * @timed_bytes: bytes that these have pinned
 * @pin_ns: time that these took
 * @fill_ns: time that it took to fill page tables with such ranges
 * @age_ns: time since the file was opened
 * @first_map_ns: time from the open to the end of the first successful map; ~0 if there is none
 * @last_map_ns: the same for the last one
 *
 * The counts are exact, except for calls that are in progress. They include the calls in address
 * spaces that are destroyed. The last three have the resolution of the kernel's tick, 4 ms
 * on Debian.
 */
struct iommufd_ctx_counts {
	__u32 ctx;
	__u32 __pad;
	__u64 maps;
	__u64 maps_failed;
	__u64 unmaps;
	__u64 unmaps_failed;
	__u64 copies;
	__u64 copies_failed;
	__u64 pinned;
	__u64 unpinned;
	__u64 refused_policy;
	__u64 refused_limit;
	__u64 timed_pins;
	__u64 timed_bytes;
	__u64 pin_ns;
	__u64 fill_ns;
	__u64 age_ns;
	__u64 first_map_ns;
	__u64 last_map_ns;
};

/* The length, in pages of the CPU, from which on pins are timed. */
#define IOMMUFD_TIMED_PAGES 512

/**
 * enum iommufd_payer_flags - flags of struct iommufd_payer_info
 * @IOMMUFD_PAYER_LAST: no other process has mapped through the context since
 * @IOMMUFD_PAYER_ALIVE: the process exists, and has not called execve() since it mapped
 * @IOMMUFD_PAYER_EXEMPT: the process has CAP_IPC_LOCK, so pages that it maps now are not charged
 * @IOMMUFD_PAYER_BY_PROCESS: @limit limits the process; otherwise, its user
 */
enum iommufd_payer_flags {
	IOMMUFD_PAYER_LAST = 1 << 0,
	IOMMUFD_PAYER_ALIVE = 1 << 1,
	IOMMUFD_PAYER_EXEMPT = 1 << 2,
	IOMMUFD_PAYER_BY_PROCESS = 1 << 3,
};

/**
 * struct iommufd_payer_info - a process that memory mapped through a context is charged to
 * @id: number; a process that changes its user, its cgroup or its memory gets another one
 * @cgroup: its cgroup when it mapped
 * @pinned: bytes pinned through the context on its behalf
 * @charged: of @pinned, bytes that count against @limit
 * @limit: its RLIMIT_MEMLOCK in bytes now, or the last known one; ~0 for none
 * @used: bytes that the kernel counts against @limit now: all that the user has charged, by this
 *	driver, io_uring and others, or all that the process has locked
 * @ctx: number of the context
 * @tgid: the process; as other processes may have its id later, see IOMMUFD_PAYER_ALIVE
 * @uid: its user when it mapped
 * @flags: enum iommufd_payer_flags
 * @comm: its name
 *
 * A process is listed from its first map on, even if no page is pinned.
 */
struct iommufd_payer_info {
	__u64 id;
	__u64 cgroup;
	__u64 pinned;
	__u64 charged;
	__u64 limit;
	__u64 used;
	__u32 ctx;
	__u32 tgid;
	__u32 uid;
	__u32 flags;
	char comm[IOMMUFD_POLICY_COMM_LEN];
};

/* Types of objects: enum iommufd_object_type of the driver. */
enum iommufd_info_type {
	IOMMUFD_INFO_ANY = 0,
	IOMMUFD_INFO_IOAS = 1,
	IOMMUFD_INFO_HWPT = 2,
	IOMMUFD_INFO_DEVICE = 3,
	IOMMUFD_INFO_ACCESS = 4,
	IOMMUFD_INFO_NESTED = 5,
	IOMMUFD_INFO_FAULT = 6,
	IOMMUFD_INFO_VIOMMU = 7,
	IOMMUFD_INFO_VDEVICE = 8,
	IOMMUFD_INFO_VEVENTQ = 9,
	IOMMUFD_INFO_HW_QUEUE = 10,
	IOMMUFD_INFO_TEST = 11,
	IOMMUFD_INFO_PASID = 12,
	IOMMUFD_INFO_SVA = 13,
	IOMMUFD_INFO_HWPT_SVA = 14,
};

/**
 * struct iommufd_object_info - an object of a context
 * @ctx: the context
 * @id: id of the object
 * @type: enum iommufd_info_type
 * @parent: of a HWPT its IOAS; of a nested HWPT its parent; of a PASID its device; of the page
 *	table of an SVA attachment the SVA object; else IOMMUFD_NONE
 * @sbdf: of a device or PASID: PCI address
 * @group: of a device: IOMMU group
 * @attached: of a device: 1 if the whole device is attached; of a PASID: the object that it is
 *	attached to, or IOMMUFD_NONE
 * @pasids: of a device: number of attached PASIDs
 * @pasid: of a PASID: number on the bus
 * @virt_pasid: of a PASID: number in the guest
 * @vendor: of a device: PCI vendor
 * @product: of a device: PCI device id
 * @areas: of an IOAS: number of mapped areas
 * @mapped: of an IOAS: bytes in its areas
 * @pinned: of an IOAS: bytes pinned for its page tables
 * @runs: of an IOAS: runs of contiguous memory in its page tables
 * @name: of a device: name in sysfs
 * @pt: of a device: the object that it is attached to, as the caller named it, or IOMMUFD_NONE
 * @huge: of an IOAS: whole huge pages of IOMMUFD_HUGE_SIZE in its runs
 */
struct iommufd_object_info {
	__u32 ctx;
	__u32 id;
	__u32 type;
	__u32 parent;
	__u32 sbdf;
	__u32 group;
	__u32 attached;
	__u32 pasids;
	__u32 pasid;
	__u32 virt_pasid;
	__u32 vendor;
	__u32 product;
	__u64 areas;
	__u64 mapped;
	__u64 pinned;
	__u64 runs;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	__u32 pt;
	__u32 huge;
};

/* Bytes of a huge page. */
#define IOMMUFD_HUGE_SIZE (1u << 21)

/* Bits of flags of an area. */
#define IOMMUFD_AREA_MAPPING (1u << 0) /* a map is in progress */
#define IOMMUFD_AREA_UNMAPPING (1u << 1) /* an unmap is in progress */
#define IOMMUFD_AREA_STUCK (1u << 2) /* the IOMMU driver did not unmap all of it */
#define IOMMUFD_AREA_COPY (1u << 3) /* made by IOMMU_IOAS_COPY */

/**
 * struct iommufd_area_info - an area of an IOAS: a mapped range
 * @iova: first address
 * @length: bytes
 * @start: address in the process, or offset in the file or dma-buf
 * @prot: IOMMUFD_PROT_*
 * @kind: enum iommufd_memory_kind, also of a copy
 * @runs: runs of contiguous memory in the page tables; 0 without a page table, and for a dma-buf
 * @tgid: process that it is charged to, 0 if none
 * @huge: whole huge pages of IOMMUFD_HUGE_SIZE in these runs
 * @since_ns: time of the map, CLOCK_MONOTONIC, to about 64 ms
 * @flags: IOMMUFD_AREA_*
 * @payer: the low 32 bits of the id of its payer, struct iommufd_payer_info
 */
struct iommufd_area_info {
	__u64 iova;
	__u64 length;
	__u64 start;
	__u32 prot;
	__u32 kind;
	__u64 runs;
	__u32 tgid;
	__u32 huge;
	__u64 since_ns;
	__u32 flags;
	__u32 payer;
};

/* Flags of a walk. */
#define IOMMUFD_WALK_BELOW (1u << 0) /* begin with the area below @from, if there is one */

/**
 * struct iommufd_area_walk - a walk over the areas of an IOAS with iommufd_list_areas()
 * @ctx: the context
 * @ioas: the IOAS
 * @from: begin with the first area that ends here or above; out: where to go on
 * @flags: IOMMUFD_WALK_*; out: 0
 * @size: bytes of a record, sizeof(struct iommufd_area_info): if the driver's records are longer,
 *	they are cut, and if they are shorter, they end with 0
 * @done: out: 1 if there are no more areas, else 0
 * @__pad: 0
 */
struct iommufd_area_walk {
	__u32 ctx;
	__u32 ioas;
	__u64 from;
	__u32 flags;
	__u32 size;
	__u32 done;
	__u32 __pad;
};

_Static_assert(sizeof(struct iommufd_policy_request) == 232, "layout");
_Static_assert(sizeof(struct iommufd_policy_info) == 400, "layout");
_Static_assert(sizeof(struct iommufd_refusal_info) == 224, "layout");
_Static_assert(sizeof(struct iommufd_ctx_info) == 56, "layout");
_Static_assert(sizeof(struct iommufd_ctx_counts) == 144, "layout");
_Static_assert(sizeof(struct iommufd_payer_info) == 80, "layout");
_Static_assert(sizeof(struct iommufd_object_info) == 120, "layout");
_Static_assert(sizeof(struct iommufd_area_info) == 64, "layout");
_Static_assert(sizeof(struct iommufd_area_walk) == 32, "layout");

#endif /* _IOMMUFD_POLICY_H */
