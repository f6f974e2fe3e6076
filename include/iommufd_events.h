/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of events: each tracepoint of the driver with its fields, their order in a raw
 * tracepoint's arguments, and their units. Tools make their keys and documentation from it; a
 * test compares it with the format files in tracefs.
 *
 *	EVENT(name, short, summary)		opens an event; short is its name for people
 *	FIELD(name, type, unit, summary)	its fields, in the order of the arguments
 *
 * Units: id (number within a context), ns, bytes, pages (of 4 KiB), count, addr (an address),
 * flags, sbdf (PCI segment << 16 | bus << 8 | device << 3 | function), errno (0 or negative), text
 * (8 characters of a string, the first one lowest; the fields NAME0, NAME1, ... make up one).
 * Ids, PASIDs and sbdf are 0xffffffff where there is none.
 *
 * IOMMUFD_EVENTS has the tracepoints of the driver, IOMMUFD_HOST_EVENTS what tools find elsewhere
 * in the kernel and record in the same way: there ctx and often tgid are none. Both are expanded
 * with the names of two macros, for EVENT and FIELD.
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
	FIELD(pasid, u32, id, "PASID, none for the whole device") \
	FIELD(ioas, u32, id, "address space, none if not known") \
	FIELD(hwpt, u32, id, "page table attached or detached")

#define IOMMUFD_EVENT_MAP(FIELD, from) \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(ioas, u32, id, "address space") \
	FIELD(iova, u64, addr, "first address, as given or as chosen") \
	FIELD(length, u64, bytes, "length asked for") \
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
	FIELD(ioas, u32, id, "address space, none when not attached") \
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
	FIELD(pasid, u32, id, "number on the bus") \
	FIELD(virt_pasid, u32, id, "number that a guest knows it by")

#define IOMMUFD_EVENTS(EVENT, FIELD) \
	EVENT(ctx_open, "open", "a file of /dev/iommu was opened") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	EVENT(ctx_close, "close", "the last reference to a file of /dev/iommu went away") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	EVENT(object_alloc, "object-alloc", "an object got its id and became visible") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(id, u32, id, "object") \
	FIELD(type, u32, count, "type, see enum iommufd_object_type") \
	EVENT(object_destroy, "object-destroy", "an object is about to be destroyed") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(id, u32, id, "object") \
	FIELD(type, u32, count, "type, see enum iommufd_object_type") \
	EVENT(device_bind, "bind", "a device was bound to a context, or refused") \
	IOMMUFD_EVENT_DEVICE(FIELD) \
	FIELD(group, u32, id, "IOMMU group") \
	FIELD(ret, s32, errno, "result") \
	EVENT(device_unbind, "unbind", "a device was given back") \
	IOMMUFD_EVENT_DEVICE(FIELD) \
	FIELD(group, u32, id, "IOMMU group") \
	EVENT(device_attach, "attach", "a device was attached to a page table, or refused") \
	IOMMUFD_EVENT_TABLE(FIELD) \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(device_replace, "replace", "a device went from one page table to another") \
	IOMMUFD_EVENT_TABLE(FIELD) \
	FIELD(old_hwpt, u32, id, "page table before") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(device_detach, "detach", "a device was detached and its DMA is blocked") \
	IOMMUFD_EVENT_TABLE(FIELD) \
	FIELD(ns, u64, ns, "time in the driver") \
	EVENT(ioas_map, "map", "user memory was mapped, or refused") \
	IOMMUFD_EVENT_MAP(FIELD, "first user address") \
	EVENT(ioas_map_file, "map-file", "memory of a file was mapped, or refused") \
	IOMMUFD_EVENT_MAP(FIELD, "where it begins in the file") \
	EVENT(ioas_unmap, "unmap", "a range was unmapped, or refused") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(ioas, u32, id, "address space") \
	FIELD(iova, u64, addr, "first address asked for") \
	FIELD(length, u64, bytes, "length asked for") \
	FIELD(unmapped, u64, bytes, "length that was unmapped") \
	FIELD(areas, u64, count, "areas that were unmapped") \
	FIELD(pages, u64, pages, "pages unpinned by this call") \
	FIELD(runs, u64, count, "runs unpinned by this call") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(ioas_copy, "copy", "a mapping was copied to another place, or refused") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(ioas, u32, id, "address space copied to") \
	FIELD(src_ioas, u32, id, "address space copied from") \
	FIELD(iova, u64, addr, "first address, as given or as chosen") \
	FIELD(src_iova, u64, addr, "first address copied from") \
	FIELD(length, u64, bytes, "length asked for") \
	FIELD(flags, u32, flags, "IOMMU_IOAS_MAP_*") \
	FIELD(pages, u64, pages, "pages pinned by this call") \
	FIELD(runs, u64, count, "physically contiguous runs put into the page table") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pin, "pin", "user memory was pinned, or could not be") \
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
	EVENT(access_pin, "access-pin", "an emulated device pinned pages, or was refused") \
	IOMMUFD_EVENT_ACCESS(FIELD) \
	EVENT(access_unpin, "access-unpin", "an emulated device returned pages") \
	IOMMUFD_EVENT_ACCESS(FIELD) \
	EVENT(access_rw, "access-rw", "an emulated device read or wrote, or was refused") \
	IOMMUFD_EVENT_ACCESS(FIELD) \
	EVENT(hwpt_invalidate, "invalidate", \
	      "caches of a page table of user space were invalidated, or refused") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(id, u32, id, "nested page table or virtual IOMMU") \
	FIELD(type, u32, count, "type of the requests, as given") \
	FIELD(asked, u32, count, "requests") \
	FIELD(done, u32, count, "requests that were done") \
	FIELD(ret, s32, errno, "result") \
	EVENT(fault_report, "fault", "a device asked for pages, and user space will be told") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(device, u32, id, "device object") \
	FIELD(hwpt, u32, id, "page table it is attached to") \
	FIELD(fault, u32, id, "fault object") \
	FIELD(pasid, u32, id, "PASID, 0 for the whole device") \
	FIELD(grpid, u32, id, "page request group, the device's number") \
	FIELD(addr, u64, addr, "address asked for last") \
	FIELD(perm, u32, flags, "IOMMU_PGFAULT_PERM_*") \
	FIELD(requests, u32, count, "requests in the group") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device") \
	EVENT(fault_response, "response", "a group of page requests was answered") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(device, u32, id, "device object") \
	FIELD(fault, u32, id, "fault object") \
	FIELD(pasid, u32, id, "PASID, 0 for the whole device") \
	FIELD(grpid, u32, id, "page request group, the device's number") \
	FIELD(cookie, u32, id, "cookie, 0 if it was never read") \
	FIELD(code, u32, count, "0 done, 1 invalid, else failure") \
	FIELD(ns, u64, ns, "time since the report") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device") \
	FIELD(addr, u64, addr, "address asked for last") \
	EVENT(refused, "refused", "a limit or a rule of the machine stood against a call") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(reason, u32, count, "enum iommufd_refusal") \
	FIELD(sbdf, u32, sbdf, "PCI address of the device, if one is concerned") \
	FIELD(limit, u64, bytes, "the limit; first address for a reserved range") \
	FIELD(need, u64, bytes, "what was asked for; first address for a range") \
	FIELD(present, u64, bytes, "what is in use; last address for a reserved range") \
	FIELD(ret, s32, errno, "result") \
	EVENT(dirty_read, "dirty", "dirty pages of a page table were read, or could not be") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(hwpt, u32, id, "page table") \
	FIELD(ioas, u32, id, "address space, none if not known") \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "length") \
	FIELD(page_size, u64, bytes, "memory that a bit stands for") \
	FIELD(flags, u32, flags, "IOMMU_HWPT_GET_DIRTY_BITMAP_*") \
	FIELD(dirty, u64, pages, "dirty pages") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_alloc, "pasid-alloc", "a PASID was allocated, or refused") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(flags, u32, flags, "enum iommu_ext_pasid_flags") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_free, "pasid-free", "a PASID is about to be given back") \
	IOMMUFD_EVENT_PASID(FIELD) \
	EVENT(pasid_attach, "pasid-attach", "a PASID object was attached, or refused") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(pt, u32, id, "what to attach: IOAS, HWPT or SVA object") \
	FIELD(hwpt, u32, id, "page table in use") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_replace, "pasid-replace", \
	      "a PASID object went from one page table to another, or was refused") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(pt, u32, id, "what to attach: IOAS, HWPT or SVA object") \
	FIELD(hwpt, u32, id, "page table in use") \
	FIELD(old_hwpt, u32, id, "page table before") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(pasid_detach, "pasid-detach", "a PASID object was detached and its DMA is blocked") \
	IOMMUFD_EVENT_PASID(FIELD) \
	FIELD(pt, u32, id, "what it was attached to") \
	FIELD(hwpt, u32, id, "page table it was attached to") \
	FIELD(ns, u64, ns, "time in the driver") \
	EVENT(pasid_translate, "pasid-translate", "somebody in the kernel looked a PASID up") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(device, u32, id, "device object") \
	FIELD(virt_pasid, u32, id, "by this number of a guest, or none") \
	FIELD(pt, u32, id, "by what it is attached to, or none") \
	FIELD(pasid, u32, id, "number found") \
	FIELD(ret, s32, errno, "result") \
	EVENT(policy_verdict, "policy", "a policy agreed or refused") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(policy, u32, id, "policy: number of its loading") \
	FIELD(hook, u32, count, "enum iommufd_policy_hook") \
	FIELD(object, u32, id, "IOAS, device or page table concerned, or none") \
	FIELD(flags, u32, flags, "IOMMUFD_POLICY_*: for audit only") \
	FIELD(ret, s32, errno, "what it said") \
	FIELD(reason0, u64, text, "its reason: a text of 40 bytes, these are the first 8") \
	FIELD(reason1, u64, text, "the next 8") \
	FIELD(reason2, u64, text, "the next 8") \
	FIELD(reason3, u64, text, "the next 8") \
	FIELD(reason4, u64, text, "the last 8")

#define IOMMUFD_HOST_EVENTS(EVENT, FIELD) \
	EVENT(type1_map, "type1-map", "user memory was mapped through VFIO type1, or refused") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first address") \
	FIELD(length, u64, bytes, "length asked for") \
	FIELD(user_va, u64, addr, "first user address") \
	FIELD(flags, u32, flags, "VFIO_DMA_MAP_FLAG_*") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(type1_unmap, "type1-unmap", "a range was unmapped through VFIO type1, or refused") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(iova, u64, addr, "first address asked for") \
	FIELD(length, u64, bytes, "length asked for") \
	FIELD(unmapped, u64, bytes, "length that was unmapped") \
	FIELD(flags, u32, flags, "VFIO_DMA_UNMAP_FLAG_*") \
	FIELD(ns, u64, ns, "time in the driver") \
	FIELD(ret, s32, errno, "result") \
	EVENT(dma_fault, "dma-fault", "a device's DMA was blocked by Intel's IOMMU") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(sbdf, u32, sbdf, "PCI address that the DMA came from") \
	FIELD(pasid, u32, id, "PASID, none for the whole device") \
	FIELD(addr, u64, addr, "address, or index of an interrupt << 48") \
	FIELD(perm, u32, flags, "IOMMU_PGFAULT_PERM_*: what was tried") \
	FIELD(reason, u32, count, "the IOMMU's code for why") \
	EVENT(io_page_fault, "io-page-fault", "an IOMMU driver reported a fault to the core") \
	IOMMUFD_EVENT_CALLER(FIELD) \
	FIELD(sbdf, u32, sbdf, "PCI address of the device") \
	FIELD(addr, u64, addr, "address") \
	FIELD(perm, u32, flags, "IOMMU_PGFAULT_PERM_*: what was tried") \
	FIELD(name0, u64, text, "name of the device: a text of 32 bytes, these are the first 8") \
	FIELD(name1, u64, text, "the next 8") \
	FIELD(name2, u64, text, "the next 8") \
	FIELD(name3, u64, text, "the last 8")

#endif /* _IOMMUFD_EVENTS_H */
