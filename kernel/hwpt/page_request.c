// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups of page requests, whoever answers them: user space through a FAULT object (fault.c), or
 * the kernel for a process's page table (sva.c).
 */
#include <linux/iommu.h>
#include <linux/ktime.h>

#include <trace/events/iommufd.h>

#include "hwpt/hwpt.h"
#include "policy/policy.h"
#include "trace/refuse.h"

/**
 * iommufd_fault_begin() - a group of page requests has come
 * @group: the group
 * @hwpt: the page table that it came through
 * @fault_id: who answers: a FAULT object, or IOMMU_EXT_NONE for the kernel
 *
 * Return: what iommufd_fault_end() is to be given: the time, or 0 if nobody listens.
 */
u64 iommufd_fault_begin(struct iopf_group *group, struct iommufd_hwpt *hwpt, u32 fault_id)
{
	struct iommufd_attach_handle *handle =
		container_of(group->attach_handle, struct iommufd_attach_handle, handle);
	const struct iommu_fault_page_request *prm = &group->last_fault.fault.prm;
	struct iommufd_ctx *ctx = hwpt->ctx;
	u64 ns = 0;

	if (trace_iommufd_fault_report_enabled() || trace_iommufd_fault_response_enabled())
		ns = ktime_get_ns();
	/* The thread is the kernel's; whose device it is says the file. */
	trace_iommufd_fault_report(ctx->totals.ctx_id, ctx->opener.tgid, handle->idev->obj.id,
				   hwpt->obj.id, fault_id, prm->pasid, prm->grpid, prm->addr,
				   prm->perm, group->fault_count,
				   iommufd_device_sbdf(group->fault_param->dev));
	return ns;
}

/**
 * iommufd_fault_end() - answer a group of page requests
 * @group: the group, which is gone then; the attachment it came through is still there
 * @ctx: the context
 * @dev_id: id of the device
 * @fault_id: as for iommufd_fault_begin()
 * @cookie: by which user space knows it, or 0
 * @start: from iommufd_fault_begin()
 * @code: the answer
 */
void iommufd_fault_end(struct iopf_group *group, struct iommufd_ctx *ctx, u32 dev_id, u32 fault_id,
		       u32 cookie, u64 start, enum iommu_page_response_code code)
{
	const struct iommu_fault_page_request *prm = &group->last_fault.fault.prm;

	trace_iommufd_fault_response(ctx->totals.ctx_id, ctx->opener.tgid, dev_id, fault_id,
				     prm->pasid, prm->grpid, cookie, code,
				     start ? ktime_get_ns() - start : 0,
				     iommufd_device_sbdf(group->fault_param->dev), prm->addr);
	iopf_group_response(group, code);
	iopf_free_group(group);
}

/* All that a group asks for: the range that its pages are in, and every right. */
static void add_faults(struct iommufd_policy_request *req, const struct iopf_group *group)
{
	u64 first = U64_MAX, last = 0;
	struct iopf_fault *iopf;

	list_for_each_entry(iopf, &group->faults, list) {
		const struct iommu_fault_page_request *prm = &iopf->fault.prm;

		first = min(first, ALIGN_DOWN(prm->addr, PAGE_SIZE));
		last = max(last, prm->addr | ~PAGE_MASK);
		req->prot |= prm->perm & IOMMU_FAULT_PERM_READ ? IOMMUFD_PROT_READ : 0;
		req->prot |= prm->perm & IOMMU_FAULT_PERM_WRITE ? IOMMUFD_PROT_WRITE : 0;
	}
	req->iova = first;
	req->length = last - first + 1;
	req->requests = group->fault_count;
}

/*
 * Ask policies about a group of page requests. Runs in a thread of the IOMMU driver, so it is about
 * the process that opened the file.
 */
static int ask_fault(struct iopf_group *group, struct iommufd_hwpt *hwpt)
{
	struct iommufd_attach_handle *handle =
		container_of(group->attach_handle, struct iommufd_attach_handle, handle);
	const struct iommu_fault_page_request *prm = &group->last_fault.fault.prm;
	struct iommufd_ctx *ctx = hwpt->ctx;
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_FAULT, &ctx->totals);
	req = &call.request;
	call.object = hwpt->obj.id;
	req->tgid = ctx->opener.tgid;
	req->uid = __kuid_val(ctx->opener.uid);
	req->cgroup = ctx->opener.cgroup_id;
	call.cgroup = ctx->opener.cgroup;
	memcpy(req->comm, ctx->opener.comm, sizeof(req->comm));
	req->hwpt = hwpt->obj.id;
	req->ioas = iommufd_hwpt_ioas_id(hwpt);
	if (prm->flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID)
		req->pasid = prm->pasid;
	add_faults(req, group);
	req->flags = hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA ? IOMMUFD_REQUEST_SHARED : 0;
	req->device = handle->idev->obj.id;
	iommufd_policy_add_device(req, handle->idev->dev);
	return iommufd_policy_decide(&call, NULL, 0);
}

/**
 * iommufd_fault_refused() - whether a policy refuses a group of page requests
 * @group: the group, which the core still has
 * @hwpt: the page table that it came through
 * @fault_id: as for iommufd_fault_begin()
 *
 * Return: true if so: then it is answered as invalid, and gone.
 */
bool iommufd_fault_refused(struct iopf_group *group, struct iommufd_hwpt *hwpt, u32 fault_id)
{
	struct iommufd_attach_handle *handle =
		container_of(group->attach_handle, struct iommufd_attach_handle, handle);

	if (!iommufd_policy_has(FAULT) || !ask_fault(group, hwpt))
		return false;
	iommufd_fault_end(group, hwpt->ctx, handle->idev->obj.id, fault_id, 0,
			  iommufd_fault_begin(group, hwpt, fault_id), IOMMU_PAGE_RESP_INVALID);
	return true;
}
