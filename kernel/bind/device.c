// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEVICE objects: the in-kernel API by which a driver (vfio) gives a device to user space.
 *
 * A driver binds a device to a context, attaches it to an IOAS or HWPT, replaces and detaches (all
 * that is in attach.c), and unbinds. It makes these calls for one device one after the other.
 * Bound, the device's DMA is owned by the context and blocked unless attached; the device, and its
 * group, belong to one context at a time.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include <trace/events/iommufd.h>

#include "bind/bind.h"
#include "pasid/pasid.h"
#include "policy/policy.h"
#include "trace/refuse.h"
#include "viommu/viommu.h"

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(
	allow_unsafe_interrupts,
	"Bind devices even if their DMA can raise interrupts of others: a hole in the isolation");

static bool enable_unsafe_noiommu;
module_param(enable_unsafe_noiommu, bool, 0644);
MODULE_PARM_DESC(
	enable_unsafe_noiommu,
	"Let processes with CAP_SYS_RAWIO bind devices that have no IOMMU: they reach all memory");

/**
 * iommufd_device_find_id() - the id of a bound device
 * @ctx: the context
 * @dev: pointer to what may be a device, and is only compared
 *
 * Return: id of the DEVICE object, or IOMMU_EXT_NONE.
 */
u32 iommufd_device_find_id(struct iommufd_ctx *ctx, const void *dev)
{
	struct iommufd_object *obj;
	u32 found = IOMMU_EXT_NONE;
	unsigned long id;

	xa_lock(&ctx->objects);
	xa_for_each_marked(&ctx->objects, id, obj, IOMMUFD_IS_DEVICE) {
		if (container_of(obj, struct iommufd_device, obj)->dev == dev) {
			found = id;
			break;
		}
	}
	xa_unlock(&ctx->objects);
	return found;
}

/* A device without IOMMU is in no group that the core knows. */
static int group_id(const struct iommufd_group *group)
{
	return group->group ? iommu_group_id(group->group) : -1;
}

/**
 * iommufd_device_destroy() - the end of a DEVICE
 * @obj: detached
 */
void iommufd_device_destroy(struct iommufd_object *obj)
{
	struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);

	if (idev->group->group)
		iommu_device_release_dma_owner(idev->dev);
	iommufd_group_put(idev->group);
}

/**
 * iommufd_device_show() - fdinfo of a DEVICE
 * @m: where to
 * @obj: the DEVICE
 */
void iommufd_device_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);

	seq_printf(m, " name=%s group=%d attached=%d", dev_name(idev->dev), group_id(idev->group),
		   READ_ONCE(idev->attached));
	if (READ_ONCE(idev->pasids))
		seq_printf(m, " pasids=%u", READ_ONCE(idev->pasids));
}

/**
 * iommufd_device_info() - what iterators see of a DEVICE
 * @obj: the DEVICE
 * @info: out
 */
void iommufd_device_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	const struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);
	const struct iommufd_attach *attach;

	info->sbdf = iommufd_device_sbdf(idev->dev);
	if (idev->group->group)
		info->group = group_id(idev->group);
	info->attached = READ_ONCE(idev->attached);
	/* The lock of the group may sleep, the caller holds a spinlock. */
	rcu_read_lock();
	attach = xa_load(&idev->group->attached, IOMMU_NO_PASID);
	if (attach && info->attached)
		info->pt = READ_ONCE(attach->pt_id);
	rcu_read_unlock();
	info->pasids = READ_ONCE(idev->pasids);
	if (dev_is_pci(idev->dev)) {
		info->vendor = to_pci_dev(idev->dev)->vendor;
		info->product = to_pci_dev(idev->dev)->device;
	}
	strscpy(info->name, dev_name(idev->dev), sizeof(info->name));
}

static int check_msi_isolation(struct iommufd_group *group, struct device *dev)
{
	if (iommu_group_has_isolated_msi(group->group))
		return 0;
	if (!allow_unsafe_interrupts) {
		iommufd_refuse_interrupts(group->ctx->totals.ctx_id, iommufd_refused_device(dev));
		return -EPERM;
	}
	dev_warn(
		dev,
		"bound although its DMA can raise interrupts of others, as allow_unsafe_interrupts asks for\n");
	return 0;
}

static struct iommufd_group *claim_group(struct iommufd_ctx *ctx, struct device *dev)
{
	struct iommufd_group *group;
	int ret;

	/* User space cannot flush CPU caches: DMA has to go through them. */
	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY)) {
		iommufd_refuse_coherency(ctx->totals.ctx_id, iommufd_refused_device(dev),
					 dev->iommu);
		return ERR_PTR(-EINVAL);
	}
	group = iommufd_group_get(ctx, dev);
	if (IS_ERR(group))
		return group;
	ret = check_msi_isolation(group, dev);
	if (!ret)
		ret = iommu_device_claim_dma_owner(dev, ctx);
	if (ret) {
		iommufd_group_put(group);
		return ERR_PTR(ret);
	}
	return group;
}

static bool is_noiommu(struct device *dev)
{
	return !dev->iommu && enable_unsafe_noiommu && capable(CAP_SYS_RAWIO);
}

static struct iommufd_group *claim_noiommu(struct iommufd_ctx *ctx, struct device *dev)
{
	struct iommufd_group *group = iommufd_group_get_noiommu(ctx);

	if (!IS_ERR(group)) {
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
		dev_warn(
			dev,
			"bound without IOMMU, as enable_unsafe_noiommu asks for: it can reach all memory\n");
	}
	return group;
}

/* Ask policies about a device that is about to be bound. */
static int ask_bind(struct iommufd_ctx *ctx, struct device *dev)
{
	struct iommufd_policy_call call;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_DEVICE_BIND, &ctx->totals);
	call.request.flags = IOMMUFD_REQUEST_DRIVER;
	if (!dev->iommu)
		call.request.flags |= IOMMUFD_REQUEST_NOIOMMU;
	iommufd_policy_add_device(&call.request, dev);
	return iommufd_policy_decide(&call, NULL, 0);
}

/**
 * iommufd_device_do_bind() - give a device to a context
 * @ctx: the context
 * @dev: the device
 * @keeps_file: the file cannot be closed while the device is bound
 *
 * Return: as iommufd_device_bind().
 */
struct iommufd_device *iommufd_device_do_bind(struct iommufd_ctx *ctx, struct device *dev,
					      bool keeps_file)
{
	struct iommufd_device *idev = NULL;
	struct iommufd_group *group;
	int ret;

	if (iommufd_policy_has(DEVICE_BIND)) {
		ret = ask_bind(ctx, dev);
		if (ret)
			return ERR_PTR(ret);
	}
	group = is_noiommu(dev) ? claim_noiommu(ctx, dev) : claim_group(ctx, dev);
	if (IS_ERR(group))
		return ERR_CAST(group);

	idev = iommufd_object_alloc(ctx, idev, IOMMUFD_OBJ_DEVICE, obj);
	if (IS_ERR(idev)) {
		if (group->group)
			iommu_device_release_dma_owner(dev);
		iommufd_group_put(group);
		return idev;
	}
	idev->ctx = ctx;
	idev->dev = dev;
	idev->group = group;
	idev->enforce_coherency = device_iommu_capable(dev, IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
	/* The driver is a user until it unbinds: IOMMU_DESTROY cannot take the device from it. */
	iommufd_object_ref(&idev->obj);
	idev->keeps_file = keeps_file;
	if (keeps_file)
		iommufd_ctx_get(ctx);
	iommufd_object_finalize(ctx, &idev->obj);
	xa_set_mark(&ctx->objects, idev->obj.id, IOMMUFD_IS_DEVICE);
	return idev;
}

static u32 device_group_id(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	u32 id = IOMMUFD_TRACE_NONE;

	if (group) {
		id = iommu_group_id(group);
		iommu_group_put(group);
	}
	return id;
}

/**
 * iommufd_device_bind() - give a device to a context
 * @ictx: the context
 * @dev: a device whose driver sets driver_managed_dma, and has not touched it
 * @id: out: id of the DEVICE object, for user space
 *
 * Context: may sleep.
 * Return: the device, to be returned by iommufd_device_unbind(); ERR_PTR() of -EINVAL if its DMA is
 * not coherent with the CPU's caches, -ENODEV without IOMMU, -EPERM if it could raise interrupts
 * of others, -EBUSY if it or a device of its group belongs to somebody else, -ENOMEM.
 */
struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx, struct device *dev, u32 *id)
{
	struct iommufd_device *idev = iommufd_device_do_bind(ictx, dev, true);

	if (trace_iommufd_device_bind_enabled())
		trace_iommufd_device_bind(ictx->totals.ctx_id, current->tgid,
					  IS_ERR(idev) ? IOMMUFD_TRACE_NONE : idev->obj.id,
					  iommufd_device_sbdf(dev), device_group_id(dev),
					  PTR_ERR_OR_ZERO(idev));
	if (!IS_ERR(idev))
		*id = idev->obj.id;
	return idev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_bind, IOMMUFD);

/**
 * iommufd_device_unbind() - take a device back
 * @idev: detached; invalid on return
 *
 * Its DMA is the kernel's again.
 *
 * Context: may sleep: waits for calls that user space makes on the object.
 */
void iommufd_device_unbind(struct iommufd_device *idev)
{
	struct iommufd_ctx *ctx = idev->ctx;
	bool keeps_file = idev->keeps_file;

	/* What user space has made for it goes first: what stands for it in a guest, and PASIDs. */
	mutex_lock(&idev->group->lock);
	idev->unbinding = true;
	mutex_unlock(&idev->group->lock);
	iommufd_vdevice_remove(idev);
	iommufd_pasid_remove_all(idev);
	wait_event(ctx->idle, !atomic_read(&idev->dependents));
	if (trace_iommufd_device_unbind_enabled())
		trace_iommufd_device_unbind(ctx->totals.ctx_id, current->tgid, idev->obj.id,
					    iommufd_device_sbdf(idev->dev), group_id(idev->group));
	iommufd_object_destroy_owned(ctx, &idev->obj);
	if (keeps_file)
		iommufd_ctx_put(ctx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_unbind, IOMMUFD);

/**
 * iommufd_ctx_has_group() - whether a device of a group is bound to a context
 * @ictx: the context, or NULL
 * @group: the group, or NULL
 *
 * Return: true if one is.
 */
bool iommufd_ctx_has_group(struct iommufd_ctx *ictx, struct iommu_group *group)
{
	struct iommufd_group *cur;
	bool found = false;

	if (!ictx || !group)
		return false;
	mutex_lock(&ictx->groups_lock);
	list_for_each_entry(cur, &ictx->groups, item)
		found |= cur->group == group;
	mutex_unlock(&ictx->groups_lock);
	return found;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_has_group, IOMMUFD);

/**
 * iommufd_device_to_ictx() - the context of a device
 * @idev: the device
 *
 * Return: the context, without a reference for the caller.
 */
struct iommufd_ctx *iommufd_device_to_ictx(struct iommufd_device *idev)
{
	return idev->ctx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_ictx, IOMMUFD);

/**
 * iommufd_device_to_id() - the id of a device
 * @idev: the device
 *
 * Return: the id of the DEVICE object.
 */
u32 iommufd_device_to_id(struct iommufd_device *idev)
{
	return idev->obj.id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_id, IOMMUFD);
