// SPDX-License-Identifier: GPL-2.0-only
/*
 * What policies are asked: one function for each hook, which puts the request together. They are
 * called if the hook's key says that some policy has it, before the work, and without locks that a
 * detach or close takes.
 */
#include <linux/cred.h>
#include <linux/iommu.h>
#include <linux/pci.h>

#include "pasid.h"
#include "policy.h"
#include "umem_owner.h"

static void begin(struct iommufd_policy_call *call, enum iommufd_policy_hook hook,
		  struct iommufd_ctx *ctx)
{
	struct iommufd_policy_request *req = &call->request;

	memset(call, 0, sizeof(*call));
	call->ctx = ctx;
	call->object = IOMMUFD_NONE;
	req->hook = hook;
	req->ctx = ctx->totals.ctx_id;
	req->tgid = current->tgid;
	req->uid = __kuid_val(current_uid());
	req->cgroup = umem_cgroup_current();
	req->device = IOMMUFD_NONE;
	req->ioas = IOMMUFD_NONE;
	req->hwpt = IOMMUFD_NONE;
	req->pasid = IOMMUFD_NONE;
	req->virt_pasid = IOMMUFD_NONE;
	req->pt = IOMMUFD_NONE;
	req->sbdf = IOMMUFD_NONE;
	req->vendor = IOMMUFD_NONE;
	req->product = IOMMUFD_NONE;
	req->group = IOMMUFD_NONE;
	get_task_comm(req->comm, current);
}

static void add_device(struct iommufd_policy_request *req, struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);

	req->sbdf = iommufd_device_sbdf(dev);
	if (dev_is_pci(dev)) {
		req->vendor = to_pci_dev(dev)->vendor;
		req->product = to_pci_dev(dev)->device;
	}
	if (group) {
		req->group = iommu_group_id(group);
		iommu_group_put(group);
	}
	strscpy(req->device_name, dev_name(dev), sizeof(req->device_name));
}

static void add_idev(struct iommufd_policy_request *req, struct iommufd_device *idev)
{
	req->device = idev->obj.id;
	add_device(req, idev->dev);
}

static u64 sum_bytes(struct umem_sum sum)
{
	return (u64)sum.pages << PAGE_SHIFT;
}

static u64 after_bytes(struct umem_sum sum)
{
	return (u64)(sum.pages + sum.asked) << PAGE_SHIFT;
}

/* Ask, with the totals in it. @pages are what may be pinned; without a ticket nothing will be. */
static int ask(struct iommufd_policy_call *call, struct umem_ticket *ticket, unsigned long pages)
{
	struct iommufd_policy_request *req = &call->request;
	const struct umem_scope by = {
		.tgid = req->tgid,
		.uid = KUIDT_INIT(req->uid),
		.cgroup = req->cgroup,
	};
	struct umem_sums sums;
	struct umem_sum mine;
	int ret;

	if (ticket) {
		ret = umem_ticket_begin(ticket, &call->ctx->totals, pages);
		if (ret)
			return ret;
	}
	umem_owner_sums(&by, &sums);
	mine = umem_totals_sum(&call->ctx->totals);
	req->need = (u64)pages << PAGE_SHIFT;
	req->ctx_pinned = sum_bytes(mine);
	req->process_pinned = sum_bytes(sums.process);
	req->uid_pinned = sum_bytes(sums.user);
	req->cgroup_pinned = sum_bytes(sums.cgroup);
	req->ctx_after = after_bytes(mine);
	req->process_after = after_bytes(sums.process);
	req->uid_after = after_bytes(sums.user);
	req->cgroup_after = after_bytes(sums.cgroup);
	return iommufd_policy_ask(call);
}

/**
 * iommufd_ask_bind() - a device is about to be bound
 * @ctx: to which context
 * @dev: the device
 *
 * Return: 0 or the errno of a refusal.
 */
int iommufd_ask_bind(struct iommufd_ctx *ctx, struct device *dev)
{
	struct iommufd_policy_call call;

	begin(&call, IOMMUFD_HOOK_DEVICE_BIND, ctx);
	call.request.flags = IOMMUFD_REQUEST_DRIVER;
	if (!dev->iommu)
		call.request.flags |= IOMMUFD_REQUEST_NOIOMMU;
	add_device(&call.request, dev);
	return ask(&call, NULL, 0);
}

/* What is to be attached, or to be stood on; returns what that will pin at most. */
static unsigned long add_pt(struct iommufd_policy_request *req, struct iommufd_object *pt)
{
	struct iommufd_hwpt_paging *parent;
	struct iommufd_ioas *ioas;

	switch (pt->type) {
	case IOMMUFD_OBJ_IOAS:
		ioas = container_of(pt, struct iommufd_ioas, obj);
		req->ioas = pt->id;
		return iopt_unpinned(&ioas->iopt);
	case IOMMUFD_OBJ_HWPT_PAGING:
	case IOMMUFD_OBJ_HWPT_NESTED:
		req->hwpt = pt->id;
		req->ioas = iommufd_hwpt_ioas_id(to_hwpt(pt));
		return 0;
	case IOMMUFD_OBJ_VIOMMU:
		parent = container_of(pt, struct iommufd_viommu, obj)->hwpt;
		req->hwpt = parent->common.obj.id;
		req->ioas = parent->ioas->obj.id;
		return 0;
	case IOMMUFD_OBJ_SVA:
		req->flags |= IOMMUFD_REQUEST_SHARED;
		return 0;
	default:
		return 0;
	}
}

/**
 * iommufd_ask_attach() - a device, or a PASID of it, is about to be attached or moved
 * @change: how
 * @pt: to what
 * @ticket: zeroed; to be ended when that is done, or has failed
 *
 * Return: 0 or the errno of a refusal.
 */
int iommufd_ask_attach(const struct iommufd_change *change, struct iommufd_object *pt,
		       struct umem_ticket *ticket)
{
	bool whole = change->pasid == IOMMU_NO_PASID;
	struct iommufd_device *idev = change->idev;
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;
	struct iommufd_pasid *p;

	begin(&call, whole ? IOMMUFD_HOOK_DEVICE_ATTACH : IOMMUFD_HOOK_PASID_ATTACH, idev->ctx);
	req = &call.request;
	call.object = change->pt_id;
	req->pt = change->pt_id;
	req->flags = change->replace ? IOMMUFD_REQUEST_REPLACE : 0;
	/* An ioctl of the file asks for tables for PASIDs. */
	req->flags |= change->for_pasids ? 0 : IOMMUFD_REQUEST_DRIVER;
	add_idev(req, idev);
	if (!whole) {
		req->pasid = change->pasid;
		mutex_lock(&idev->group->lock);
		p = iommufd_pasid_find(idev, change->pasid);
		if (p) {
			req->virt_pasid = p->virt_pasid;
			req->flags |= p->pool ? IOMMUFD_REQUEST_GLOBAL : 0;
		}
		mutex_unlock(&idev->group->lock);
	}
	return ask(&call, ticket, add_pt(req, pt));
}

/**
 * iommufd_ask_hwpt() - a page table is about to be made by hand
 * @idev: for which device
 * @pt: on what
 * @cmd: how
 * @ticket: zeroed; to be ended when it is done, or has failed
 *
 * Return: 0 or the errno of a refusal.
 */
int iommufd_ask_hwpt(struct iommufd_device *idev, struct iommufd_object *pt,
		     const struct iommu_hwpt_alloc *cmd, struct umem_ticket *ticket)
{
	struct iommufd_policy_call call;

	begin(&call, IOMMUFD_HOOK_HWPT_ALLOC, idev->ctx);
	call.object = pt->id;
	call.request.pt = pt->id;
	call.request.hwpt_flags = cmd->flags;
	call.request.data_type = cmd->data_type;
	add_idev(&call.request, idev);
	return ask(&call, ticket, add_pt(&call.request, pt));
}

/**
 * iommufd_ask_pasid() - a PASID is about to be allocated
 * @idev: for which device
 * @flags: enum iommu_ext_pasid_flags
 * @pasid: the number asked for, if it is
 * @virt_pasid: the guest's number, or IOMMU_EXT_NONE
 *
 * Return: 0 or the errno of a refusal.
 */
int iommufd_ask_pasid(struct iommufd_device *idev, u32 flags, u32 pasid, u32 virt_pasid)
{
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;

	begin(&call, IOMMUFD_HOOK_PASID_ALLOC, idev->ctx);
	req = &call.request;
	call.object = idev->obj.id;
	if (flags & IOMMU_EXT_PASID_FIXED) {
		req->flags |= IOMMUFD_REQUEST_FIXED;
		req->pasid = pasid;
	}
	if (flags & IOMMU_EXT_PASID_GLOBAL)
		req->flags |= IOMMUFD_REQUEST_GLOBAL;
	req->virt_pasid = virt_pasid;
	add_idev(req, idev);
	return ask(&call, NULL, 0);
}

static u32 policy_prot(int prot)
{
	return (prot & IOMMU_READ ? IOMMUFD_PROT_READ : 0) |
	       (prot & IOMMU_WRITE ? IOMMUFD_PROT_WRITE : 0);
}

/**
 * iommufd_policy_ask_map() - memory is about to be pinned and mapped
 * @map: what is known of it; its ticket is to be ended in any case
 * @iova: where
 * @length: bytes
 *
 * Context: without locks.
 * Return: 0 or the errno of a refusal.
 */
int iommufd_policy_ask_map(struct iommufd_policy_map *map, unsigned long iova, unsigned long length)
{
	bool pins = map->pins && !map->pinned && map->kind != IOMMUFD_MEMORY_DMABUF;
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;
	unsigned long pages = 0;

	begin(&call, IOMMUFD_HOOK_IOAS_MAP, map->ctx);
	req = &call.request;
	call.object = map->ioas->obj.id;
	req->ioas = map->ioas->obj.id;
	req->flags = map->fixed ? IOMMUFD_REQUEST_FIXED : 0;
	req->prot = policy_prot(map->prot);
	req->kind = map->kind;
	req->iova = iova;
	req->length = length;
	req->start = map->start;
	if (pins)
		pages = map->pages;
	return ask(&call, &map->ticket, pages);
}

/**
 * iommufd_ask_unmap() - a range is about to be unmapped
 * @ctx: the context
 * @ioas: from where
 * @iova: first address
 * @length: bytes; U64_MAX for all
 *
 * Return: 0 or the errno of a refusal.
 */
int iommufd_ask_unmap(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas, u64 iova, u64 length)
{
	struct iommufd_policy_call call;

	begin(&call, IOMMUFD_HOOK_IOAS_UNMAP, ctx);
	call.object = ioas->obj.id;
	call.request.ioas = ioas->obj.id;
	call.request.iova = iova;
	call.request.length = length;
	return ask(&call, NULL, 0);
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

/**
 * iommufd_ask_fault() - a group of page requests has come
 * @group: the group
 * @hwpt: the page table that it came through
 *
 * Whom it concerns is who opened the file: the thread is the IOMMU driver's.
 *
 * Context: does not sleep.
 * Return: 0 or the errno of a refusal.
 */
int iommufd_ask_fault(struct iopf_group *group, struct iommufd_hwpt *hwpt)
{
	struct iommufd_attach_handle *handle =
		container_of(group->attach_handle, struct iommufd_attach_handle, handle);
	const struct iommu_fault_page_request *prm = &group->last_fault.fault.prm;
	struct iommufd_ctx *ctx = hwpt->ctx;
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;

	begin(&call, IOMMUFD_HOOK_FAULT, ctx);
	req = &call.request;
	call.object = hwpt->obj.id;
	req->tgid = ctx->opener.tgid;
	req->uid = __kuid_val(ctx->opener.uid);
	req->cgroup = ctx->opener.cgroup_id;
	memcpy(req->comm, ctx->opener.comm, sizeof(req->comm));
	req->hwpt = hwpt->obj.id;
	req->ioas = iommufd_hwpt_ioas_id(hwpt);
	if (prm->flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID)
		req->pasid = prm->pasid;
	add_faults(req, group);
	req->flags = hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA ? IOMMUFD_REQUEST_SHARED : 0;
	add_idev(req, handle->idev);
	return ask(&call, NULL, 0);
}
