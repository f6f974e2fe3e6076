/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rest of upstream_events.bpf.h, which is included before: the ioctls of page tables.
 */
#ifndef _UPSTREAM_TABLE_BPF_H
#define _UPSTREAM_TABLE_BPF_H

SEC("fentry/iommufd_hwpt_get_dirty_bitmap")
int BPF_PROG(up_dirty_read__begin)
{
	begin_call();
	return 0;
}

SEC("fexit/iommufd_hwpt_get_dirty_bitmap")
int BPF_PROG(up_dirty_read, struct iommufd_ucmd___up *ucmd)
{
	struct upstream_call *call = current_call();
	struct args_dirty_read args = { .tgid = caller(), .dirty = EVENT_UNKNOWN };
	struct upstream_dirty cmd = {};

	if (!call)
		return 0;
	args.ns = end_call(call);
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	args.ctx = number_of(ucmd->ictx);
	args.hwpt = cmd.hwpt;
	args.ioas = ioas_of_pt((__u64)ucmd->ictx, cmd.hwpt);
	args.iova = cmd.iova;
	args.length = cmd.length;
	args.page_size = cmd.page_size;
	args.flags = cmd.flags;
	args.ret = (__u32)result(ctx);
	emit_dirty_read(ctx, &args);
	return 0;
}

/* The address of a device object, or EVENT_NONE. */
static __always_inline __u32 sbdf_of_id(const struct iommufd_ctx___up *ictx, __u32 id)
{
	const struct iommufd_object___up *object = object_of(ictx, id);

	if (!object || type_of(BPF_CORE_READ(object, type)) != IOMMUFD_INFO_DEVICE)
		return EVENT_NONE;
	return sbdf_of((const void *)object);
}

/* The page table that this is; EVENT_NONE for another object, also for a virtual IOMMU. */
static __always_inline __u32 hwpt_of_pt(const struct iommufd_ctx___up *ictx, __u32 id)
{
	const struct iommufd_object___up *object = object_of(ictx, id);
	__u32 type = object ? type_of(BPF_CORE_READ(object, type)) : IOMMUFD_INFO_TEST;

	return type == IOMMUFD_INFO_HWPT || type == IOMMUFD_INFO_NESTED ? id : EVENT_NONE;
}

SEC("fentry/iommufd_hwpt_alloc")
int BPF_PROG(up_hwpt_alloc__begin)
{
	begin_call();
	return 0;
}

SEC("fexit/iommufd_hwpt_alloc")
int BPF_PROG(up_hwpt_alloc, struct iommufd_ucmd___up *ucmd)
{
	struct upstream_call *call = current_call();
	struct args_hwpt_alloc args = { .tgid = caller(), .hwpt = EVENT_NONE };
	struct upstream_alloc cmd = {};

	if (!call)
		return 0;
	args.ns = end_call(call);
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	args.ctx = number_of(ucmd->ictx);
	args.device = cmd.device;
	args.sbdf = sbdf_of_id(ucmd->ictx, cmd.device);
	args.pt = cmd.pt;
	args.ioas = ioas_of_pt((__u64)ucmd->ictx, cmd.pt);
	args.parent = hwpt_of_pt(ucmd->ictx, cmd.pt);
	args.flags = cmd.flags;
	args.data_type = cmd.data_type;
	args.ret = (__u32)result(ctx);
	if (!args.ret)
		args.hwpt = cmd.hwpt;
	emit_hwpt_alloc(ctx, &args);
	return 0;
}

SEC("fentry/iommufd_hwpt_invalidate")
int BPF_PROG(up_hwpt_invalidate__begin, struct iommufd_ucmd___up *ucmd)
{
	struct upstream_call *call = begin_call();
	struct upstream_invalidate cmd = {};

	if (!call)
		return 0;
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	call->id = cmd.entries;
	return 0;
}

SEC("fexit/iommufd_hwpt_invalidate")
int BPF_PROG(up_hwpt_invalidate, struct iommufd_ucmd___up *ucmd)
{
	struct upstream_call *call = current_call();
	struct args_hwpt_invalidate args = { .tgid = caller() };
	struct upstream_invalidate cmd = {};

	if (!call)
		return 0;
	end_call(call);
	bpf_probe_read_kernel(&cmd, sizeof(cmd), ucmd->cmd);
	args.ctx = number_of(ucmd->ictx);
	args.id = cmd.hwpt;
	args.type = cmd.type;
	args.asked = call->id;
	args.done = cmd.entries;
	args.ret = (__u32)result(ctx);
	emit_hwpt_invalidate(ctx, &args);
	return 0;
}

#endif /* _UPSTREAM_TABLE_BPF_H */
