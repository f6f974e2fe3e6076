// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEVICE objects: the in-kernel API by which a driver (vfio) gives user space a device.
 *
 * A driver binds a device to a context, attaches it to an IOAS or HWPT, replaces and detaches
 * (attach/attach.c), and unbinds it. It serialises its calls for one device. While the device is
 * bound, the context owns its DMA, which is blocked unless attached. A device, and its IOMMU group,
 * are bound to one context at a time.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "bind/bind.h"
#include "pasid/pasid.h"
#include "policy/policy.h"
#include "trace/emit.h"
#include "trace/refuse.h"
#include "viommu/viommu.h"

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(
	allow_unsafe_interrupts,
	"Bind devices although their DMA can raise interrupts of other devices; breaks isolation (default: off)");

static bool enable_unsafe_noiommu;
module_param(enable_unsafe_noiommu, bool, 0644);
MODULE_PARM_DESC(
	enable_unsafe_noiommu,
	"Let processes with CAP_SYS_RAWIO bind devices without IOMMU; their DMA reaches all memory (default: off)");

/**
 * iommufd_device_find_id() - find the id of a bound device
 * @ctx: the context
 * @dev: pointer that may be a device; only compared
 *
 * Context: any; takes the lock of ctx->objects.
 * Return: id of the DEVICE object; IOMMU_EXT_NONE if there is none.
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

/* The core has no group for a device without IOMMU. */
static int group_id(const struct iommufd_group *group)
{
	return group->group ? iommu_group_id(group->group) : -1;
}

/**
 * iommufd_device_destroy() - return a device's DMA to the kernel and drop its group
 * @obj: the DEVICE, detached
 *
 * Context: may sleep.
 */
void iommufd_device_destroy(struct iommufd_object *obj)
{
	struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);

	if (idev->group->group)
		iommu_device_release_dma_owner(idev->dev);
	iommufd_group_put(idev->group);
}

/**
 * iommufd_device_show() - show a DEVICE in fdinfo
 * @m: the file
 * @obj: the DEVICE
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_device_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);

	seq_printf(m, " name=%s group=%d attached=%d", dev_name(idev->dev), group_id(idev->group),
		   READ_ONCE(idev->attached));
	if (READ_ONCE(idev->nr_pasids))
		seq_printf(m, " pasids=%u", READ_ONCE(idev->nr_pasids));
}

/**
 * iommufd_device_info() - describe a DEVICE to iterators
 * @obj: the DEVICE
 * @info: out
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_device_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	const struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);
	const struct iommufd_attachment *attach;

	info->sbdf = iommufd_device_sbdf(idev->dev);
	if (idev->group->group)
		info->group = group_id(idev->group);
	info->attached = READ_ONCE(idev->attached);
	/* group->lock may sleep, but the caller holds a spinlock. */
	rcu_read_lock();
	attach = xa_load(&idev->group->attachments, IOMMU_NO_PASID);
	if (attach && info->attached)
		info->pt = READ_ONCE(attach->pt_id);
	rcu_read_unlock();
	info->pasids = READ_ONCE(idev->nr_pasids);
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
		iommufd_refuse_interrupts(group->ctx->totals.ctx_id, dev);
		return -EPERM;
	}
	dev_warn(
		dev,
		"iommufd: bound although its DMA can raise interrupts of other devices, because allow_unsafe_interrupts is set\n");
	return 0;
}

static struct iommufd_group *claim_group(struct iommufd_ctx *ctx, struct device *dev)
{
	struct iommufd_group *group;
	int ret;

	/* User space cannot flush CPU caches, so DMA must be coherent with them. */
	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY)) {
		iommufd_refuse_coherency(ctx->totals.ctx_id, dev, dev->iommu);
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
			"iommufd: bound without IOMMU, because enable_unsafe_noiommu is set; its DMA can reach all memory\n");
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
 * iommufd_device_do_bind() - bind a device to a context
 * @ctx: the context
 * @dev: the device
 * @hold_ctx: hold a reference on the context, so that it is not closed while the device is bound
 *
 * Context: may sleep.
 * Return: as iommufd_device_bind().
 */
struct iommufd_device *iommufd_device_do_bind(struct iommufd_ctx *ctx, struct device *dev,
					      bool hold_ctx)
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
	/* The driver's reference: IOMMU_DESTROY fails with -EBUSY until it unbinds. */
	iommufd_object_ref(&idev->obj);
	idev->holds_ctx = hold_ctx;
	if (hold_ctx)
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
 * iommufd_device_bind() - bind a device to a context
 * @ictx: the context
 * @dev: a device whose driver sets driver_managed_dma and has not enabled DMA
 * @id: out: id of the DEVICE object, for user space
 *
 * Context: may sleep.
 * Return: the device, for iommufd_device_unbind(); ERR_PTR(-EINVAL) if its DMA is not coherent with
 * CPU caches; ERR_PTR(-ENODEV) if it has no IOMMU; ERR_PTR(-EPERM) if its DMA could raise
 * interrupts of other devices; ERR_PTR(-EBUSY) if another driver or context owns its group;
 * ERR_PTR(-ENOMEM); the error of a policy that refuses.
 */
struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx, struct device *dev, u32 *id)
{
	struct iommufd_device *idev = iommufd_device_do_bind(ictx, dev, true);
	u32 group = trace_iommufd_device_bind_enabled() ? device_group_id(dev) : 0;

	iommufd_trace(device_bind, ictx->totals.ctx_id, current->tgid,
		      IS_ERR(idev) ? IOMMUFD_TRACE_NONE : idev->obj.id, iommufd_device_sbdf(dev),
		      group, PTR_ERR_OR_ZERO(idev));
	if (!IS_ERR(idev))
		*id = idev->obj.id;
	return idev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_bind, "IOMMUFD");

/**
 * iommufd_device_unbind() - unbind a device from its context
 * @idev: detached; invalid on return
 *
 * The kernel owns its DMA again. A VDEVICE and PASID objects of the device are destroyed.
 *
 * Context: may sleep; waits for calls that user space makes on the objects.
 */
void iommufd_device_unbind(struct iommufd_device *idev)
{
	struct iommufd_ctx *ctx = idev->ctx;
	bool holds_ctx = idev->holds_ctx;

	/* From here on user space cannot make or attach anything for the device. */
	mutex_lock(&idev->group->lock);
	idev->unbinding = true;
	mutex_unlock(&idev->group->lock);
	iommufd_device_destroy_vdevice(idev);
	iommufd_device_destroy_pasids(idev);
	wait_event(ctx->idle, !atomic_read(&idev->dependents));
	iommufd_trace(device_unbind, ctx->totals.ctx_id, current->tgid, idev->obj.id,
		      iommufd_device_sbdf(idev->dev), group_id(idev->group));
	iommufd_object_destroy_owned(ctx, &idev->obj);
	if (holds_ctx)
		iommufd_ctx_put(ctx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_unbind, "IOMMUFD");

/**
 * iommufd_ctx_has_group() - check whether a device of a group is bound to a context
 * @ictx: the context, or NULL
 * @group: the group, or NULL
 *
 * Context: may sleep; takes ctx->groups_lock.
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
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_has_group, "IOMMUFD");

/**
 * iommufd_device_to_ictx() - get the context of a device
 * @idev: the device
 *
 * Context: any.
 * Return: the context, without a reference for the caller.
 */
struct iommufd_ctx *iommufd_device_to_ictx(struct iommufd_device *idev)
{
	return idev->ctx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_ictx, "IOMMUFD");

/**
 * iommufd_device_to_id() - get the id of a device
 * @idev: the device
 *
 * Context: any.
 * Return: the id of the DEVICE object.
 */
u32 iommufd_device_to_id(struct iommufd_device *idev)
{
	return idev->obj.id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_id, "IOMMUFD");
