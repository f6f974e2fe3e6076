/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of events: each tracepoint of the driver with its fields, in the order of a raw
 * tracepoint's arguments, and their units. JSON keys and iommufd-events(7) are made from it; a test
 * compares it with the format files in tracefs.
 *
 *	EVENT(name, short, summary)		begins an event; short is its name in iosnoop
 *	FIELD(name, type, unit, summary)	its fields, in the order of the arguments
 *
 * IOMMUFD_COST_EVENTS has tracepoints for programs that measure the driver. Each call hits them,
 * but they do not describe the call, so the tools count them and record none.
 *
 * Units: id (of an object, process or PASID), ns, bytes, pages (of 4 KiB), count, addr (an
 * address), flags, sbdf (PCI segment << 16 | bus << 8 | device << 3 | function), errno (0 or
 * negative), text (8 characters of a string, the first in the lowest byte; the fields NAME0, NAME1,
 * ... are one string). An id, PASID or sbdf of 0xffffffff means none.
 *
 * IOMMUFD_EVENTS has the tracepoints of the driver. IOMMUFD_HOST_EVENTS has events from elsewhere
 * in the kernel that the tools record in the same way; their ctx is always none, their tgid often.
 * Pass the names of two macros, for EVENT and FIELD, to either.
 */
#ifndef _IOMMUFD_EVENTS_H
#define _IOMMUFD_EVENTS_H

#define IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(ctx, u32, id, "context: one open file of /dev/iommu") \
	FIELD(tgid, u32, id, "process that made the call")

#define IOMMUFD_EVENT_DEVICE(FIELD) \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(device, u32, id, "device object") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device")

#define IOMMUFD_EVENT_TABLE(FIELD) \
	IOMMUFD_EVENT_DEVICE(FIELD) \
	FIELD(pasid, u32, id, "PASID; none for the device without PASID") \
	FIELD(ioas, u32, id, "address space; none if not known") \
	FIELD(hwpt, u32, id, "page table that is attached or detached")

#define IOMMUFD_EVENT_MAP(FIELD, from) \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(ioas, u32, id, "address space") \
	FIELD(iova, u64, addr, "first address, given by the caller or allocated") \
	FIELD(length, u64, bytes, "requested length") \
	FIELD(user_va, u64, addr, from) \
	FIELD(flags, u32, flags, "IOMMU_IOAS_MAP_*") \
	FIELD(pages, u64, pages, "pages pinned by this call") \
	FIELD(runs, u64, count, "physically contiguous runs put into the page table") \
	FIELD(pin_ns, u64, ns, "time for pinning") \
	FIELD(map_ns, u64, ns, "time for filling page tables") \
	FIELD(ret, s32, errno, "result")

#define IOMMUFD_EVENT_ACCESS(FIELD) \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(access, u32, id, "access object of an emulated device") \
	FIELD(ioas, u32, id, "address space; none if not attached") \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "length") \
	FIELD(flags, u32, flags, "IOMMUFD_ACCESS_RW_*") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result")

#define IOMMUFD_EVENT_PASID(FIELD) \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(id, u32, id, "PASID object") \
	FIELD(device, u32, id, "device object") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device") \
	FIELD(pasid, u32, id, "PASID on the bus") \
	FIELD(virt_pasid, u32, id, "virtual PASID, known to a guest; none without")

#define IOMMUFD_EVENTS(EVENT, FIELD) \
	EVENT(ctx_open, "open", "/dev/iommu was opened") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	EVENT(ctx_close, "close", "the last reference to an open file of /dev/iommu was dropped") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	EVENT(object_alloc, "object-alloc", "an object was created and got its id") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(id, u32, id, "object") \
	FIELD(type, u32, count, "type, enum iommufd_object_type") \
	EVENT(object_destroy, "object-destroy", "an object is about to be destroyed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(id, u32, id, "object") \
	FIELD(type, u32, count, "type, enum iommufd_object_type") \
	EVENT(device_bind, "bind", "a device was bound to a context, or the call failed") \
	IOMMUFD_EVENT_DEVICE(FIELD) \
	FIELD(group, u32, id, "IOMMU group") \
	FIELD(ret, s32, errno, "result") \
	EVENT(device_unbind, "unbind", "a device was unbound from its context") \
	IOMMUFD_EVENT_DEVICE(FIELD) \
	FIELD(group, u32, id, "IOMMU group") \
	EVENT(device_attach, "attach", \
	      "a device was attached to a page table, or the call failed") \
	IOMMUFD_EVENT_TABLE(FIELD) \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(device_replace, "replace", \
	      "the page table of a device was replaced, or the call failed") \
	IOMMUFD_EVENT_TABLE(FIELD) \
	FIELD(old_hwpt, u32, id, "previous page table") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(device_detach, "detach", "a device was detached, and its DMA is blocked") \
	IOMMUFD_EVENT_TABLE(FIELD) \
	FIELD(ns, u64, ns, "time in the driver") \
	EVENT(ioas_map, "map", "user memory was mapped, or the call failed") \
	IOMMUFD_EVENT_MAP(FIELD, "first user address") \
	EVENT(ioas_map_file, "map-file", "memory of a file was mapped, or the call failed") \
	IOMMUFD_EVENT_MAP(FIELD, "first offset in the file") \
	EVENT(ioas_unmap, "unmap", "a range was unmapped, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(ioas, u32, id, "address space") \
	FIELD(iova, u64, addr, "first requested address") \
	FIELD(length, u64, bytes, "requested length") \
	FIELD(unmapped, u64, bytes, "unmapped length") \
	FIELD(areas, u64, count, "unmapped areas") \
	FIELD(pages, u64, pages, "pages unpinned by this call") \
	FIELD(runs, u64, count, "runs unpinned by this call") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(ioas_copy, "copy", "a mapping was copied to another place, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(ioas, u32, id, "address space copied to") \
	FIELD(src_ioas, u32, id, "address space copied from") \
	FIELD(iova, u64, addr, "first address, given by the caller or allocated") \
	FIELD(src_iova, u64, addr, "first address copied from") \
	FIELD(length, u64, bytes, "requested length") \
	FIELD(flags, u32, flags, "IOMMU_IOAS_MAP_*") \
	FIELD(pages, u64, pages, "pages pinned by this call") \
	FIELD(runs, u64, count, "physically contiguous runs put into the page table") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(ioas_change_process, "change-process", \
	      "a process took over the memory of a context, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(pages, u64, pages, "pinned pages of other processes that it took over") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pin, "pin", "user memory was pinned, or pinning failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(user_va, u64, addr, "first user address") \
	FIELD(pages, u64, pages, "pages") \
	FIELD(runs, u64, count, "physically contiguous runs") \
	FIELD(ns, u64, ns, "time for accounting and pinning") \
	FIELD(ret, s32, errno, "result") \
	EVENT(unpin, "unpin", "user memory was unpinned") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(user_va, u64, addr, "first user address") \
	FIELD(pages, u64, pages, "pages") \
	FIELD(runs, u64, count, "physically contiguous runs") \
	FIELD(ns, u64, ns, "time for unpinning and accounting") \
	EVENT(access_pin, "access-pin", "an emulated device pinned pages, or the call failed") \
	IOMMUFD_EVENT_ACCESS(FIELD) \
	EVENT(access_unpin, "access-unpin", "an emulated device unpinned pages") \
	IOMMUFD_EVENT_ACCESS(FIELD) \
	EVENT(access_rw, "access-rw", \
	      "an emulated device read or wrote memory, or the call failed") \
	IOMMUFD_EVENT_ACCESS(FIELD) \
	EVENT(hwpt_alloc, "hwpt-alloc", "user space allocated a page table, or the call failed") \
	IOMMUFD_EVENT_DEVICE(FIELD) \
	FIELD(pt, u32, id, "object that it is allocated on: IOAS, page table or virtual IOMMU") \
	FIELD(ioas, u32, id, "address space; none if not known") \
	FIELD(parent, u32, id, "page table below a nested one; none for others, or if not known") \
	FIELD(hwpt, u32, id, "new page table") \
	FIELD(flags, u32, flags, "IOMMU_HWPT_ALLOC_*") \
	FIELD(data_type, u32, count, "format of a nested page table, else 0") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(hwpt_invalidate, "invalidate", \
	      "user space invalidated caches of a nested page table, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(id, u32, id, "nested page table or virtual IOMMU") \
	FIELD(type, u32, count, "type of the requests") \
	FIELD(asked, u32, count, "requests") \
	FIELD(done, u32, count, "requests that were completed") \
	FIELD(ret, s32, errno, "result") \
	EVENT(fault_report, "fault", "a device sent page requests, which user space will read") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(device, u32, id, "device object") \
	FIELD(hwpt, u32, id, "page table that it is attached to") \
	FIELD(fault, u32, id, "fault object") \
	FIELD(pasid, u32, id, "PASID; 0 for the device without PASID") \
	FIELD(grpid, u32, id, "page request group, numbered by the device") \
	FIELD(addr, u64, addr, "address of the last request") \
	FIELD(perm, u32, flags, "IOMMU_PGFAULT_PERM_*") \
	FIELD(requests, u32, count, "requests in the group") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device") \
	EVENT(fault_response, "response", "a page request group got its response") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(device, u32, id, "device object") \
	FIELD(fault, u32, id, "fault object") \
	FIELD(pasid, u32, id, "PASID; 0 for the device without PASID") \
	FIELD(grpid, u32, id, "page request group, numbered by the device") \
	FIELD(cookie, u32, id, "cookie; 0 if user space never read the group") \
	FIELD(code, u32, count, "response: 0 success, 1 invalid, else failure") \
	FIELD(ns, u64, ns, "time since the report") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device") \
	FIELD(addr, u64, addr, "address of the last request") \
	EVENT(refused, "refused", \
	      "a limit or a property of the hardware made the driver refuse a call") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(reason, u32, count, "enum iommufd_refusal") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device, if the refusal is about one") \
	FIELD(limit, u64, bytes, "the limit; for a reserved range its first address") \
	FIELD(need, u64, bytes, "the amount requested; for a range its first address") \
	FIELD(present, u64, bytes, "the amount in use; for a reserved range its last address") \
	FIELD(ret, s32, errno, "result") \
	FIELD(missing0, u64, text, "the missing policy, a text of 32 bytes: the first 8") \
	FIELD(missing1, u64, text, "the next 8") \
	FIELD(missing2, u64, text, "the next 8") \
	FIELD(missing3, u64, text, "the last 8") \
	EVENT(dirty_read, "dirty", \
	      "the dirty bitmap of a page table was read, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(hwpt, u32, id, "page table") \
	FIELD(ioas, u32, id, "address space; none if not known") \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "length") \
	FIELD(page_size, u64, bytes, "memory per bit") \
	FIELD(flags, u32, flags, "IOMMU_HWPT_GET_DIRTY_BITMAP_*") \
	FIELD(dirty, u64, pages, "dirty pages") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_alloc, "pasid-alloc", "a PASID was allocated, or the call failed") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(flags, u32, flags, "enum iommu_ext_pasid_flags") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_free, "pasid-free", "a PASID is about to be freed") \
	IOMMUFD_EVENT_PASID(FIELD) \
	EVENT(pasid_attach, "pasid-attach", \
	      "a PASID object was attached to a page table, or the call failed") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(pt, u32, id, "object to attach to: IOAS, HWPT or SVA") \
	FIELD(hwpt, u32, id, "page table in use") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_replace, "pasid-replace", \
	      "the page table of a PASID object was replaced, or the call failed") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(pt, u32, id, "object to attach to: IOAS, HWPT or SVA") \
	FIELD(hwpt, u32, id, "page table in use") \
	FIELD(old_hwpt, u32, id, "previous page table") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_detach, "pasid-detach", "a PASID object was detached, and its DMA is blocked") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(pt, u32, id, "object that it was attached to") \
	FIELD(hwpt, u32, id, "page table that it was attached to") \
	FIELD(ns, u64, ns, "time in the driver") \
	EVENT(pasid_translate, "pasid-translate", "a kernel user looked up a PASID") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(device, u32, id, "device object") \
	FIELD(virt_pasid, u32, id, "virtual PASID looked up, or none") \
	FIELD(pt, u32, id, "attached object looked up, or none") \
	FIELD(pasid, u32, id, "PASID found") \
	FIELD(ret, s32, errno, "result") \
	EVENT(policy_verdict, "policy", "a policy allowed or refused a call") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(policy, u32, id, "id of the policy; each loading gets a new one") \
	FIELD(hook, u32, count, "enum iommufd_policy_hook") \
	FIELD(object, u32, id, "IOAS, device or page table that the call is about, or none") \
	FIELD(flags, u32, flags, "IOMMUFD_POLICY_* of the policy") \
	FIELD(ret, s32, errno, "verdict: 0 or the error") \
	FIELD(reason0, u64, text, "the reason, a text of 40 bytes: the first 8") \
	FIELD(reason1, u64, text, "the next 8") \
	FIELD(reason2, u64, text, "the next 8") \
	FIELD(reason3, u64, text, "the next 8") \
	FIELD(reason4, u64, text, "the last 8")

#define IOMMUFD_COST_EVENTS(EVENT, FIELD) \
	EVENT(policy_time, "policy-time", "a policy has decided a call") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(policy, u32, id, "id of the policy; each loading gets a new one") \
	FIELD(hook, u32, count, "enum iommufd_policy_hook") \
	FIELD(ns, u64, ns, "real time that the policy took, with the totals summed up for it") \
	EVENT(ioctl, "ioctl", "an ioctl of a file of /dev/iommu has ended") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(cmd, u32, flags, "number of the ioctl, as the caller gave it") \
	FIELD(ns, u64, ns, "real time in the driver") \
	FIELD(ret, s32, errno, "result")

#define IOMMUFD_HOST_EVENTS(EVENT, FIELD) \
	EVENT(type1_map, "type1-map", \
	      "user memory was mapped through VFIO type1, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "requested length") \
	FIELD(user_va, u64, addr, "first user address") \
	FIELD(flags, u32, flags, "VFIO_DMA_MAP_FLAG_*") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	FIELD(pages, u64, pages, "pages pinned by this call") \
	FIELD(pin_ns, u64, ns, "time for pinning") \
	FIELD(map_ns, u64, ns, "the rest of the time: filling page tables") \
	EVENT(type1_unmap, "type1-unmap", \
	      "a range was unmapped through VFIO type1, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first requested address") \
	FIELD(length, u64, bytes, "requested length") \
	FIELD(unmapped, u64, bytes, "unmapped length") \
	FIELD(flags, u32, flags, "VFIO_DMA_UNMAP_FLAG_*") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(dma_fault, "dma-fault", "an Intel IOMMU or an SMMUv3 blocked DMA of a device") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(sbdf, u32, sbdf, "PCI address of the source of the DMA") \
	FIELD(pasid, u32, id, "PASID; none for the device without PASID") \
	FIELD(addr, u64, addr, "address; for an interrupt its index << 48") \
	FIELD(perm, u32, flags, "IOMMU_PGFAULT_PERM_*: the access that was tried") \
	FIELD(reason, u32, count, "fault reason code; 0x100 + number of the event of an SMMUv3") \
	EVENT(io_page_fault, "io-page-fault", \
	      "an IOMMU driver reported a fault to the IOMMU core") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(sbdf, u32, sbdf, "PCI address of the device") \
	FIELD(addr, u64, addr, "address") \
	FIELD(perm, u32, flags, "IOMMU_PGFAULT_PERM_*: the access that was tried") \
	FIELD(name0, u64, text, "name of the device, a text of 32 bytes: the first 8") \
	FIELD(name1, u64, text, "the next 8") \
	FIELD(name2, u64, text, "the next 8") \
	FIELD(name3, u64, text, "the last 8") \
	EVENT(type1_dirty, "type1-dirty", \
	      "dirty tracking of VFIO type1 was switched, its bitmap read, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first address of the bitmap") \
	FIELD(length, u64, bytes, "length; 0 for a switch") \
	FIELD(page_size, u64, bytes, "memory per bit") \
	FIELD(flags, u32, flags, "VFIO_IOMMU_DIRTY_PAGES_FLAG_*") \
	FIELD(dirty, u64, pages, "bits that are set in the bitmap") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(type1_pin, "type1-pin", \
	      "a mediated device pinned pages of a VFIO container, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "length") \
	FIELD(flags, u32, flags, "1: to read, 2: to write") \
	FIELD(pages, u64, pages, "pages, also those that it had pinned before") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(type1_unpin, "type1-unpin", "a mediated device unpinned pages of a VFIO container") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "length") \
	FIELD(ns, u64, ns, "time in the driver") \
	EVENT(type1_rw, "type1-rw", \
	      "a mediated device read or wrote memory of a VFIO container, or the call failed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "length") \
	FIELD(flags, u32, flags, "1: read, 2: write") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result")

#endif /* _IOMMUFD_EVENTS_H */
