// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups of page requests, as far as they are handled alike: policies, tracepoints and responses.
 *
 * User space responds to them through a FAULT object (fault.c); the kernel resolves and responds to
 * those of a process's page table (sva.c). Both run in a kernel thread of the IOMMU core. The
 * process that policies and tracepoints get is therefore not the current one, but the user of the
 * context: the process that mapped last, or the opener if none did. They differ if a daemon opens
 * the file and hands it to a VMM.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>

#include "hwpt/hwpt.h"
#include "policy/policy.h"
#include "trace/emit.h"
#include "trace/refuse.h"
#include "umem/umem.h"

/**
 * iommufd_page_request_take() - take a new group off the core
 * @group: the group
 * @take: owns the group from then on, and answers and frees it, unless it returns an error
 *
 * The first act, because the core answers and frees all groups in its list when the driver of the
 * IOMMU removes the device from the queue. Some drivers do so before they wait for groups that are
 * being handled, or while groups have no answer yet.
 *
 * Context: may sleep.
 * Return: 0: the core does nothing more with the group.
 */
int iommufd_page_request_take(struct iopf_group *group, int (*take)(struct iopf_group *group))
{
	iopf_group_dequeue(group);
	if (take(group)) {
		iopf_group_response(group, IOMMU_PAGE_RESP_FAILURE);
		iopf_free_group(group);
	}
	return 0;
}

static pid_t user_tgid(struct iommufd_ctx *ctx)
{
	return umem_last_tgid(&ctx->totals, ctx->opener.tgid);
}

/**
 * iommufd_page_request_begin() - report a group of page requests
 * @req: out: to be answered with iommufd_page_request_respond()
 * @group: the core's object
 * @fault_id: the FAULT object that it is delivered to; IOMMU_EXT_NONE if the kernel resolves it
 */
void iommufd_page_request_begin(struct iommufd_page_request *req, struct iopf_group *group,
				u32 fault_id)
{
	const struct iommu_fault_page_request *prm = &group->last_fault.fault.prm;
	struct iommufd_hwpt *hwpt = iommufd_iopf_hwpt(group);
	struct iommufd_ctx *ctx = hwpt->ctx;

	*req = (struct iommufd_page_request){
		.group = group,
		.ctx = ctx,
		.dev_id = iommufd_iopf_device(group)->obj.id,
		.fault_id = fault_id,
	};
	if (trace_iommufd_fault_report_enabled() || trace_iommufd_fault_response_enabled())
		req->start = ktime_get_ns();
	iommufd_trace(fault_report, ctx->totals.ctx_id, user_tgid(ctx), req->dev_id, hwpt->obj.id,
		      fault_id, prm->pasid, prm->grpid, prm->addr, prm->perm, group->fault_count,
		      iommufd_device_sbdf(group->fault_param->dev));
}

/**
 * iommufd_page_request_respond() - respond to a group of page requests and free it
 * @req: not answered yet; its attachment still exists
 * @code: the response
 *
 * Context: may sleep.
 */
void iommufd_page_request_respond(struct iommufd_page_request *req,
				  enum iommu_page_response_code code)
{
	const struct iommu_fault_page_request *prm = &req->group->last_fault.fault.prm;
	struct iommufd_ctx *ctx = req->ctx;

	iommufd_trace(fault_response, ctx->totals.ctx_id, user_tgid(ctx), req->dev_id,
		      req->fault_id, prm->pasid, prm->grpid, req->cookie, code,
		      req->start ? ktime_get_ns() - req->start : 0,
		      iommufd_device_sbdf(req->group->fault_param->dev), prm->addr);
	iopf_group_response(req->group, code);
	iopf_free_group(req->group);
	req->group = NULL;
}

/* Combine a group for policies: the range that spans all its pages, and the union of its rights. */
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

static void add_user(struct iommufd_policy_call *call, struct iommufd_ctx *ctx,
		     const struct umem_owner *owner)
{
	struct iommufd_policy_request *req = &call->request;

	if (owner) {
		iommufd_policy_set_owner(call, owner);
		memcpy(req->comm, owner->comm, sizeof(req->comm));
	} else {
		req->tgid = ctx->opener.tgid;
		req->uid = __kuid_val(ctx->opener.uid);
		req->cgroup = ctx->opener.cgroup_id;
		call->pid = ctx->opener.pid;
		call->cgroup = ctx->opener.cgroup;
		memcpy(req->comm, ctx->opener.comm, sizeof(req->comm));
	}
}

static int ask_policies(const struct iopf_group *group)
{
	const struct iommu_fault_page_request *prm = &group->last_fault.fault.prm;
	struct iommufd_device *idev = iommufd_iopf_device(group);
	struct iommufd_hwpt *hwpt = iommufd_iopf_hwpt(group);
	struct iommufd_ctx *ctx = hwpt->ctx;
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;
	struct umem_owner *owner;
	int ret;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_FAULT, &ctx->totals);
	req = &call.request;
	call.object = hwpt->obj.id;
	owner = umem_last_owner(&ctx->totals);
	add_user(&call, ctx, owner);
	req->hwpt = hwpt->obj.id;
	req->ioas = iommufd_hwpt_ioas_id(hwpt);
	if (prm->flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID)
		req->pasid = prm->pasid;
	add_faults(req, group);
	req->flags = iommufd_hwpt_is_sva(hwpt) ? IOMMUFD_REQUEST_SHARED : 0;
	req->device = idev->obj.id;
	iommufd_policy_add_device(req, idev->dev);
	ret = iommufd_policy_decide(&call, NULL, 0);
	if (owner)
		umem_owner_put(owner);
	return ret;
}

/**
 * iommufd_page_request_refused() - ask policies about a group of page requests
 * @group: the group
 * @fault_id: as for iommufd_page_request_begin()
 *
 * Context: may sleep; no lock of iommufd is held.
 * Return: true if a policy refuses it; then it was answered as invalid and freed.
 */
bool iommufd_page_request_refused(struct iopf_group *group, u32 fault_id)
{
	struct iommufd_page_request req;

	if (!iommufd_policy_has(FAULT) || !ask_policies(group))
		return false;
	iommufd_page_request_begin(&req, group, fault_id);
	iommufd_page_request_respond(&req, IOMMU_PAGE_RESP_INVALID);
	return true;
}
