/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the events of our tracepoints from functions of the kernel's own (upstream) iommufd: each
 * program fills in the arguments that the tracepoint would have, and calls emit_NAME(ctx, args) for
 * the event NAME. A source file defines these functions before it includes this header.
 *
 * A program is named after its event; those that only collect figures for events are listed in
 * tools/common/upstream.c. User space loads a program only if the running module's BTF has its
 * function, so a missing function costs its events and nothing else.
 *
 * The programs trace the handlers of ioctls, which the driver calls through a table, so they exist
 * under their names in every build; the functions that drivers call; the functions of struct
 * file_operations and of the types of objects; and the few inner functions that pin, fill and
 * empty. Arguments that differ between versions are read with bpf_get_func_arg().
 *
 * Include record.bpf.h, owner.bpf.h and owner_update.bpf.h before this header.
 */
#ifndef _UPSTREAM_EVENTS_BPF_H
#define _UPSTREAM_EVENTS_BPF_H

#include <bpf/bpf_tracing.h>

#include "device_name.bpf.h"
#include "upstream.bpf.h"
#include "upstream_call.bpf.h"

/* Whether the programs fill_begin and fill_end, and pin_begin and pin_end, are attached. */
const volatile bool has_fills;
const volatile bool has_pins;
const volatile bool has_unfills;

/* ---- contexts and objects ---- */

SEC("fexit/iommufd_fops_open")
int BPF_PROG(up_ctx_open, struct inode *inode, struct file *file)
{
	struct args_ctx_open args = { .tgid = caller() };

	if (result(ctx))
		return 0;
	args.ctx = number_of(BPF_CORE_READ(file, private_data));
	own_opened(&args);
	emit_ctx_open(ctx, &args);
	return 0;
}

/* Objects are destroyed by this function, too. */
SEC("fentry/iommufd_fops_release")
int BPF_PROG(up_ctx_close__begin, struct inode *inode, struct file *file)
{
	struct upstream_call *call = get_call();

	if (!call)
		return 0;
	call->ctx = number_of(BPF_CORE_READ(file, private_data));
	call->id = call->ctx;
	call->aborts = 0;
	return 0;
}

SEC("fexit/iommufd_fops_release")
int BPF_PROG(up_ctx_close, struct inode *inode, struct file *file)
{
	struct upstream_call *call = get_call();
	struct args_ctx_close args = { .tgid = caller() };
	__u64 address = (__u64)BPF_CORE_READ(file, private_data);

	bpf_map_delete_elem(&foreign_ctxs, &address);
	if (!call)
		return 0;
	args.ctx = call->id;
	own_closed(args.ctx);
	emit_ctx_close(ctx, &args);
	return 0;
}

SEC("fexit/iommufd_object_finalize")
int BPF_PROG(up_object_alloc, struct iommufd_ctx___up *ictx, struct iommufd_object___up *object)
{
	struct args_object_alloc args = {
		.ctx = number_of(ictx),
		.tgid = caller(),
		.id = object->id,
		.type = type_of(object->type),
	};

	emit_object_alloc(ctx, &args);
	return 0;
}

static __always_inline int begin_destroy(const struct iommufd_ctx___up *ictx, bool aborts)
{
	struct upstream_call *call = get_call();

	if (!call)
		return 0;
	call->ctx = number_of(ictx);
	call->aborts = aborts;
	return 0;
}

SEC("fentry/iommufd_destroy")
int BPF_PROG(up_object_destroy__ioctl, struct iommufd_ucmd___up *ucmd)
{
	return begin_destroy(ucmd->ictx, false);
}

SEC("fentry/iommufd_object_remove")
int BPF_PROG(up_object_destroy__remove, struct iommufd_ctx___up *ictx)
{
	return begin_destroy(ictx, false);
}

SEC("fentry/iommufd_object_abort_and_destroy")
int BPF_PROG(up_object_destroy__abort, struct iommufd_ctx___up *ictx)
{
	return begin_destroy(ictx, true);
}

static __always_inline int destroy(void *ctx, const struct iommufd_object___up *object)
{
	const struct upstream_call *call = get_call();
	struct args_object_destroy args = { .tgid = caller() };

	if (!call || call->aborts)
		return 0;
	args.ctx = call->ctx;
	args.id = object->id;
	args.type = type_of(object->type);
	emit_object_destroy(ctx, &args);
	return 0;
}

/* The functions that destroy an object of each type. */
#define DESTROY(name, function) \
	SEC("fentry/" #function) \
	int BPF_PROG(up_object_destroy__##name, struct iommufd_object___up *object) \
	{ \
		return destroy(ctx, object); \
	}

DESTROY(ioas, iommufd_ioas_destroy)
DESTROY(hwpt, iommufd_hwpt_paging_destroy)
DESTROY(nested, iommufd_hwpt_nested_destroy)
DESTROY(device, iommufd_device_destroy)
DESTROY(access, iommufd_access_destroy_object)
DESTROY(fault, iommufd_fault_destroy)

/* ---- pins and fills of a call ---- */

SEC("fentry/iopt_area_fill_domains")
int BPF_PROG(up_fill_begin, struct iopt_area___up *area, struct iopt_pages___up *pages)
{
	struct upstream_call *call = current_call();

	if (!call)
		return 0;
	call->npinned = pages->npinned;
	call->part_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/iopt_area_fill_domains")
int BPF_PROG(up_fill_end, struct iopt_area___up *area, struct iopt_pages___up *pages)
{
	struct upstream_call *call = current_call();

	if (!call)
		return 0;
	call->fills_ns += bpf_ktime_get_ns() - call->part_ns;
	call->pages += pages->npinned - call->npinned;
	return 0;
}

SEC("fentry/pfn_reader_user_pin")
int BPF_PROG(up_pin_begin)
{
	struct upstream_call *call = current_call();

	if (call)
		call->pin_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/pfn_reader_user_pin")
int BPF_PROG(up_pin_end)
{
	struct upstream_call *call = current_call();

	if (call)
		call->pins_ns += bpf_ktime_get_ns() - call->pin_ns;
	return 0;
}

SEC("fentry/iopt_area_unfill_domains")
int BPF_PROG(up_unfill_begin, struct iopt_area___up *area, struct iopt_pages___up *pages)
{
	struct upstream_call *call = current_call();

	if (!call)
		return 0;
	call->areas++;
	call->bytes += area->node.last - area->node.start + 1;
	call->npinned = pages->npinned;
	return 0;
}

SEC("fexit/iopt_area_unfill_domains")
int BPF_PROG(up_unfill_end, struct iopt_area___up *area, struct iopt_pages___up *pages)
{
	struct upstream_call *call = current_call();

	if (call)
		call->pages += call->npinned - pages->npinned;
	return 0;
}

/* ---- ioctls on address spaces ---- */

SEC("fentry/iommufd_ioas_map")
int BPF_PROG(up_ioas_map__begin)
{
	begin_call();
	return 0;
}

/* Fill in the times and pages of a map, as far as they are known. */
static __always_inline void put_fill(struct args_ioas_map *args, const struct upstream_call *call,
				     __u64 ns)
{
	args->runs = EVENT_UNKNOWN;
	if (!has_fills) {
		args->pages = EVENT_UNKNOWN;
		args->pin_ns = EVENT_UNKNOWN;
		args->map_ns = ns;
		return;
	}
	args->pages = call->pages;
	args->pin_ns = has_pins ? call->pins_ns : EVENT_UNKNOWN;
	args->map_ns = call->fills_ns - (has_pins ? call->pins_ns : 0);
	/* Without a page table nothing is pinned or filled, and 0 means not done. */
	if (!call->pages && !args->ret) {
		args->pin_ns = 0;
		args->map_ns = 0;
	}
}

static __always_inline bool end_map(void *ctx, const struct iommufd_ucmd___up *ucmd,
				    struct args_ioas_map *args)
{
	struct upstream_call *call = current_call();
	struct upstream_map cmd = {};

	if (!call)
		return false;
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	args->ctx = number_of(ucmd->ictx);
	args->tgid = caller();
	args->ioas = cmd.ioas;
	args->iova = cmd.iova;
	args->length = cmd.length;
	args->user_va = cmd.user_va;
	args->flags = cmd.flags;
	args->ret = (__u32)result(ctx);
	put_fill(args, call, end_call(call));
	return true;
}

SEC("fexit/iommufd_ioas_map")
int BPF_PROG(up_ioas_map, struct iommufd_ucmd___up *ucmd)
{
	struct args_ioas_map args;

	if (end_map(ctx, ucmd, &args))
		emit_ioas_map(ctx, &args);
	return 0;
}

SEC("fentry/iommufd_ioas_map_file")
int BPF_PROG(up_ioas_map_file__begin)
{
	begin_call();
	return 0;
}

SEC("fexit/iommufd_ioas_map_file")
int BPF_PROG(up_ioas_map_file, struct iommufd_ucmd___up *ucmd)
{
	struct args_ioas_map args;

	if (end_map(ctx, ucmd, &args))
		emit_ioas_map_file(ctx, (void *)&args);
	return 0;
}

SEC("fentry/iommufd_ioas_unmap")
int BPF_PROG(up_ioas_unmap__begin, struct iommufd_ucmd___up *ucmd)
{
	struct upstream_call *call = begin_call();
	struct upstream_unmap cmd = {};

	if (!call)
		return 0;
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	call->length = cmd.length;
	return 0;
}

SEC("fexit/iommufd_ioas_unmap")
int BPF_PROG(up_ioas_unmap, struct iommufd_ucmd___up *ucmd)
{
	struct upstream_call *call = current_call();
	struct args_ioas_unmap args = { .tgid = caller(), .runs = EVENT_UNKNOWN };
	struct upstream_unmap cmd = {};

	if (!call)
		return 0;
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	args.ctx = number_of(ucmd->ictx);
	args.ioas = cmd.ioas;
	args.iova = cmd.iova;
	args.length = call->length;
	args.ret = (__u32)result(ctx);
	/* The driver returns the length only if it succeeds. */
	args.unmapped = has_unfills ? call->bytes : args.ret ? 0 : cmd.length;
	args.areas = has_unfills ? call->areas : EVENT_UNKNOWN;
	args.pages = has_unfills ? call->pages : EVENT_UNKNOWN;
	args.ns = end_call(call);
	emit_ioas_unmap(ctx, &args);
	return 0;
}

SEC("fentry/iommufd_ioas_copy")
int BPF_PROG(up_ioas_copy__begin)
{
	begin_call();
	return 0;
}

SEC("fexit/iommufd_ioas_copy")
int BPF_PROG(up_ioas_copy, struct iommufd_ucmd___up *ucmd)
{
	struct upstream_call *call = current_call();
	struct args_ioas_copy args = { .tgid = caller(), .runs = EVENT_UNKNOWN };
	struct upstream_copy cmd = {};

	if (!call)
		return 0;
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	args.ctx = number_of(ucmd->ictx);
	args.ioas = cmd.ioas;
	args.src_ioas = cmd.src_ioas;
	args.iova = cmd.iova;
	args.src_iova = cmd.src_iova;
	args.length = cmd.length;
	args.flags = cmd.flags;
	args.pages = has_fills ? call->pages : EVENT_UNKNOWN;
	args.ret = (__u32)result(ctx);
	args.ns = end_call(call);
	emit_ioas_copy(ctx, &args);
	return 0;
}

/* ---- devices ---- */

/* The PCI address of a device; its name if it has none. */
static __always_inline __u32 address_of(const struct device *dev, char name[DEVICE_NAME_LEN])
{
	read_name(dev, name);
	return parse_sbdf(name);
}

static __always_inline __u32 sbdf_of(const struct iommufd_device___up *idev)
{
	char name[DEVICE_NAME_LEN] = {};

	return address_of(BPF_CORE_READ(idev, dev), name);
}

SEC("fexit/iommufd_device_bind")
int BPF_PROG(up_device_bind, struct iommufd_ctx___up *ictx, struct device *dev)
{
	char name[DEVICE_NAME_LEN] __attribute__((aligned(8))) = {};
	struct args_device_bind args = {
		.tgid = caller(),
		.device = EVENT_NONE,
		.group = EVENT_NONE,
	};
	const struct iommufd_device___up *idev;
	const struct iommu_group *group;
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	args.ctx = number_of(ictx);
	args.sbdf = address_of(dev, name);
	group = BPF_CORE_READ(dev, iommu_group);
	if (group)
		args.group = (__u32)BPF_CORE_READ(group, id);
	if ((__s64)ret < 0 && (__s64)ret >= -4095) {
		args.ret = (__u32)ret;
	} else {
		idev = (const void *)ret;
		args.device = BPF_CORE_READ(idev, obj.id);
		own_bound(args.ctx, args.device, args.sbdf, name);
	}
	emit_device_bind(ctx, &args);
	return 0;
}

SEC("fentry/iommufd_device_unbind")
int BPF_PROG(up_device_unbind, struct iommufd_device___up *idev)
{
	struct device *dev = BPF_CORE_READ(idev, dev);
	const struct iommu_group *group = BPF_CORE_READ(dev, iommu_group);
	struct args_device_unbind args = {
		.ctx = number_of(idev->ictx),
		.tgid = caller(),
		.device = idev->obj.id,
		.sbdf = sbdf_of(idev),
		.group = group ? (__u32)BPF_CORE_READ(group, id) : EVENT_NONE,
	};

	emit_device_unbind(ctx, &args);
	own_unbound(args.ctx, args.device, args.sbdf);
	return 0;
}

/* From 6.15 on there is a PASID before the last argument; 0 means the whole device. */
static __always_inline __u32 pasid_of(void *ctx, __u32 nr_before)
{
	return bpf_get_func_arg_cnt(ctx) > nr_before ? argument(ctx, 1) : 0;
}

static __always_inline __u32 read_pt(void *ctx)
{
	__u32 pt = EVENT_NONE;

	bpf_probe_read_kernel(&pt, sizeof(pt),
			      (const void *)argument(ctx, bpf_get_func_arg_cnt(ctx) - 1));
	return pt;
}

static __always_inline void begin_attach(void *ctx, const struct iommufd_device___up *idev)
{
	struct upstream_call *call = begin_call();

	if (!call)
		return;
	call->id = read_pt(ctx);
	call->old_id = hwpt_of_device(idev, pasid_of(ctx, 2));
}

/* A replace has one argument more, behind those of an attach. */
static __always_inline bool end_attach(void *ctx, const struct iommufd_device___up *idev,
				       struct args_device_attach *args, __u32 *old_hwpt)
{
	struct upstream_call *call = current_call();
	__u32 pasid;

	if (!call)
		return false;
	pasid = pasid_of(ctx, 2);
	args->ctx = number_of(idev->ictx);
	args->tgid = caller();
	args->device = idev->obj.id;
	args->sbdf = sbdf_of(idev);
	args->pasid = pasid ? pasid : EVENT_NONE;
	args->ret = (__u32)result(ctx);
	/* If the caller named an IOAS, the driver writes the id of its page table there. */
	args->hwpt = args->ret ? EVENT_NONE : read_pt(ctx);
	/* If the call failed, the object that the caller named. */
	args->ioas = args->ret ? call->id : ioas_of_pt((__u64)idev->ictx, args->hwpt);
	*old_hwpt = args->ret ? EVENT_NONE : call->old_id;
	args->ns = end_call(call);
	return true;
}

SEC("fentry/iommufd_device_attach")
int BPF_PROG(up_device_attach__begin, struct iommufd_device___up *idev)
{
	begin_attach(ctx, idev);
	return 0;
}

SEC("fexit/iommufd_device_attach")
int BPF_PROG(up_device_attach, struct iommufd_device___up *idev)
{
	struct args_device_attach args;
	__u32 old_hwpt;

	if (end_attach(ctx, idev, &args, &old_hwpt))
		emit_device_attach(ctx, &args);
	return 0;
}

SEC("fentry/iommufd_device_replace")
int BPF_PROG(up_device_replace__begin, struct iommufd_device___up *idev)
{
	begin_attach(ctx, idev);
	return 0;
}

SEC("fexit/iommufd_device_replace")
int BPF_PROG(up_device_replace, struct iommufd_device___up *idev)
{
	struct args_device_replace args = {};
	struct args_device_attach attach;
	__u32 old_hwpt;

	if (!end_attach(ctx, idev, &attach, &old_hwpt))
		return 0;
	args.ctx = attach.ctx;
	args.tgid = attach.tgid;
	args.device = attach.device;
	args.sbdf = attach.sbdf;
	args.pasid = attach.pasid;
	args.ioas = attach.ioas;
	args.hwpt = attach.hwpt;
	args.old_hwpt = old_hwpt;
	args.ns = attach.ns;
	args.ret = attach.ret;
	emit_device_replace(ctx, &args);
	return 0;
}

SEC("fentry/iommufd_device_detach")
int BPF_PROG(up_device_detach__begin, struct iommufd_device___up *idev)
{
	struct upstream_call *call = begin_call();

	if (!call)
		return 0;
	call->id = hwpt_of_device(idev, pasid_of(ctx, 1));
	call->old_id = ioas_of_pt((__u64)idev->ictx, call->id);
	return 0;
}

SEC("fexit/iommufd_device_detach")
int BPF_PROG(up_device_detach, struct iommufd_device___up *idev)
{
	struct args_device_detach args = { .tgid = caller() };
	struct upstream_call *call = current_call();
	__u32 pasid = pasid_of(ctx, 1);

	if (!call)
		return 0;
	args.ctx = number_of(idev->ictx);
	args.device = idev->obj.id;
	args.sbdf = sbdf_of(idev);
	args.pasid = pasid ? pasid : EVENT_NONE;
	args.hwpt = call->id;
	args.ioas = call->old_id;
	args.ns = end_call(call);
	emit_device_detach(ctx, &args);
	return 0;
}

/* ---- page requests ---- */

/* A page request group without a response. */
struct upstream_group {
	__u64 time_ns;
	struct args_fault_report report;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* address of the struct iopf_group */
	__type(value, struct upstream_group);
} upstream_groups SEC(".maps");

#define PRM_HAS_PASID (1u << 0) /* IOMMU_FAULT_PAGE_REQUEST_PASID_VALID */

/*
 * The page table whose handler gets a group. It is not always that of the PASID: the page table of
 * a guest gets those of all its PASIDs.
 */
static __always_inline const struct iommufd_hw_pagetable___up *
hwpt_of_group(const struct iopf_group *group)
{
	const struct iommu_domain___up *domain =
		(const void *)BPF_CORE_READ(group, attach_handle, domain);

	if (bpf_core_field_exists(domain->iommufd_hwpt))
		return BPF_CORE_READ(domain, iommufd_hwpt);
	return bpf_core_field_exists(domain->fault_data) ?
		       (const void *)BPF_CORE_READ(domain, fault_data) :
		       NULL;
}

/* The IOMMU core calls this in a kernel thread. At the end the group may have its response. */
SEC("fentry/iommufd_fault_iopf_handler")
int BPF_PROG(up_fault_report, struct iopf_group *group)
{
	struct upstream_group kept = { .time_ns = bpf_ktime_get_ns() };
	struct args_fault_report *args = &kept.report;
	const struct iommufd_attach_handle___up *handle;
	const struct iommufd_hw_pagetable___up *hwpt;
	const struct iommufd_object___up *fault;
	const struct iommufd_device___up *idev;
	__u64 address = (__u64)group;
	const struct owner *owner;

	handle = (const void *)BPF_CORE_READ(group, attach_handle);
	idev = BPF_CORE_READ(handle, idev);
	if (BPF_CORE_READ(group, last_fault.fault.prm.flags) & PRM_HAS_PASID)
		args->pasid = BPF_CORE_READ(group, last_fault.fault.prm.pasid);
	hwpt = hwpt_of_group(group);
	/* The object is the first member, also where the struct has another name for it. */
	fault = hwpt && bpf_core_field_exists(hwpt->fault) ?
			(const void *)BPF_CORE_READ(hwpt, fault) :
			NULL;
	args->ctx = number_of(BPF_CORE_READ(idev, ictx));
	owner = owner_of(args->ctx);
	args->tgid = owner ? owner->tgid : EVENT_NONE;
	args->device = BPF_CORE_READ(idev, obj.id);
	args->hwpt = hwpt ? BPF_CORE_READ(hwpt, obj.id) : EVENT_NONE;
	args->fault = fault ? BPF_CORE_READ(fault, id) : EVENT_NONE;
	args->grpid = BPF_CORE_READ(group, last_fault.fault.prm.grpid);
	args->addr = BPF_CORE_READ(group, last_fault.fault.prm.addr);
	args->perm = BPF_CORE_READ(group, last_fault.fault.prm.perm);
	args->requests = BPF_CORE_READ(group, fault_count);
	args->sbdf = sbdf_of(idev);
	bpf_map_update_elem(&upstream_groups, &address, &kept, BPF_ANY);
	emit_fault_report(ctx, args);
	return 0;
}

/* A function of the IOMMU core, which also serves others than iommufd. */
SEC("fentry/iopf_group_response")
int BPF_PROG(up_fault_response, struct iopf_group *group)
{
	__u64 address = (__u64)group;
	const struct upstream_group *kept = bpf_map_lookup_elem(&upstream_groups, &address);
	struct args_fault_response args = {};

	if (!kept)
		return 0;
	args.ctx = kept->report.ctx;
	args.tgid = kept->report.tgid;
	args.device = kept->report.device;
	args.fault = kept->report.fault;
	args.pasid = kept->report.pasid;
	args.grpid = kept->report.grpid;
	args.cookie = BPF_CORE_READ(group, cookie);
	args.code = (__u32)argument(ctx, 1);
	args.ns = bpf_ktime_get_ns() - kept->time_ns;
	args.sbdf = kept->report.sbdf;
	args.addr = kept->report.addr;
	bpf_map_delete_elem(&upstream_groups, &address);
	emit_fault_response(ctx, &args);
	return 0;
}

/* ---- in-kernel users without an IOMMU ---- */

/* The arguments of these functions begin with the access, the address and the length. */
static __always_inline bool end_access(void *ctx, const struct iommufd_access___up *access,
				       struct args_access_pin *args, __u32 length, __u32 flags)
{
	struct upstream_call *call = current_call();
	const struct iommufd_ioas___up *ioas;

	if (!call)
		return false;
	ioas = access->ioas;
	args->ctx = number_of(access->ictx);
	args->tgid = caller();
	args->access = access->obj.id;
	args->ioas = ioas ? BPF_CORE_READ(ioas, obj.id) : EVENT_NONE;
	args->iova = argument(ctx, 1);
	args->length = argument(ctx, length);
	args->flags = flags ? (__u32)argument(ctx, flags) : 0;
	args->ns = end_call(call);
	return true;
}

SEC("fentry/iommufd_access_pin_pages")
int BPF_PROG(up_access_pin__begin)
{
	begin_call();
	return 0;
}

SEC("fexit/iommufd_access_pin_pages")
int BPF_PROG(up_access_pin, struct iommufd_access___up *access)
{
	struct args_access_pin args;

	if (!end_access(ctx, access, &args, 2, 4))
		return 0;
	args.ret = (__u32)result(ctx);
	emit_access_pin(ctx, &args);
	return 0;
}

SEC("fentry/iommufd_access_unpin_pages")
int BPF_PROG(up_access_unpin__begin)
{
	begin_call();
	return 0;
}

SEC("fexit/iommufd_access_unpin_pages")
int BPF_PROG(up_access_unpin, struct iommufd_access___up *access)
{
	struct args_access_pin args;

	if (!end_access(ctx, access, &args, 2, 0))
		return 0;
	args.ret = 0;
	emit_access_unpin(ctx, (void *)&args);
	return 0;
}

SEC("fentry/iommufd_access_rw")
int BPF_PROG(up_access_rw__begin)
{
	begin_call();
	return 0;
}

SEC("fexit/iommufd_access_rw")
int BPF_PROG(up_access_rw, struct iommufd_access___up *access)
{
	struct args_access_pin args;

	if (!end_access(ctx, access, &args, 3, 4))
		return 0;
	args.ret = (__u32)result(ctx);
	emit_access_rw(ctx, (void *)&args);
	return 0;
}

#endif /* _UPSTREAM_EVENTS_BPF_H */
