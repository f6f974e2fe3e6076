// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy for tests/fuzz/storm: it looks at all objects, and refuses some maps and unmaps of the
 * common slice with EXDEV. All else it allows, because results of the own slices are predicted.
 */
#include <iommufd_policy.bpf.h>

#define EXDEV 18
#define COMMON_BASE 0x40000000ull
#define PAGE_SHIFT 12

/* Verdicts, for nobody; they make programs of two loads write to the same map. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IOMMUFD_HOOKS);
	__type(key, __u32);
	__type(value, __u64);
} asked SEC(".maps");

static __always_inline int allow(__u32 hook)
{
	__u64 *count = bpf_map_lookup_elem(&asked, &hook);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

static __always_inline void look(const struct iommufd_policy_request *req)
{
	struct iommufd_object_info *object;
	struct iommufd_area_info *area;
	struct iommufd_ctx_info *ctx;

	bpf_for_each(iommufd_ctx, ctx)
		allow(IOMMUFD_HOOK_IOAS_MAP);
	bpf_for_each(iommufd_object, object, req->ctx, IOMMUFD_INFO_ANY)
		allow(IOMMUFD_HOOK_IOAS_MAP);
	bpf_for_each(iommufd_area, area, req->ctx, req->ioas, 0)
		allow(IOMMUFD_HOOK_IOAS_MAP);
}

IOMMUFD_HOOK(device_bind, storm_bind)
{
	return allow(IOMMUFD_HOOK_DEVICE_BIND);
}

IOMMUFD_HOOK(device_attach, storm_attach)
{
	return allow(IOMMUFD_HOOK_DEVICE_ATTACH);
}

IOMMUFD_HOOK(ioas_map, storm_map)
{
	look(req);
	if (req->iova >= COMMON_BASE && (req->iova >> PAGE_SHIFT) % 8 == 1)
		return -EXDEV;
	return allow(IOMMUFD_HOOK_IOAS_MAP);
}

IOMMUFD_HOOK(ioas_unmap, storm_unmap)
{
	if (req->iova >= COMMON_BASE && (req->iova >> PAGE_SHIFT) % 16 == 3)
		return -EXDEV;
	return allow(IOMMUFD_HOOK_IOAS_UNMAP);
}

IOMMUFD_HOOK(hwpt_alloc, storm_hwpt)
{
	return allow(IOMMUFD_HOOK_HWPT_ALLOC);
}

IOMMUFD_HOOK(pasid_alloc, storm_pasid)
{
	return allow(IOMMUFD_HOOK_PASID_ALLOC);
}

IOMMUFD_HOOK(pasid_attach, storm_pasid_attach)
{
	return allow(IOMMUFD_HOOK_PASID_ATTACH);
}

IOMMUFD_HOOK(ioas_change_process, storm_change)
{
	look(req);
	return allow(IOMMUFD_HOOK_IOAS_CHANGE_PROCESS);
}

IOMMUFD_HOOK_NOSLEEP(fault, storm_fault)
{
	return allow(IOMMUFD_HOOK_FAULT);
}

IOMMUFD_POLICY(storm) = {
	.device_bind = (void *)storm_bind,
	.device_attach = (void *)storm_attach,
	.ioas_map = (void *)storm_map,
	.ioas_unmap = (void *)storm_unmap,
	.hwpt_alloc = (void *)storm_hwpt,
	.pasid_alloc = (void *)storm_pasid,
	.pasid_attach = (void *)storm_pasid_attach,
	.ioas_change_process = (void *)storm_change,
	.fault = (void *)storm_fault,
	.name = "storm",
	.version = IOMMUFD_POLICY_VERSION,
	/* On a busy host, a program can seem to run for longer than a second. */
	.budget_ms = IOMMUFD_POLICY_BUDGET_NONE,
};
