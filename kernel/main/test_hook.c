// SPDX-License-Identifier: GPL-2.0-only
/*
 * The border between iommufd and a test module (include/iommufd_test_hook.h). It passes
 * IOMMU_TEST_CMD to the module that registered, lets it have objects of its own, and gives it the
 * accesses to iommufd's internals that the commands of the kernel's selftests need. There are no
 * tests here, and none of this is reached unless such a module is loaded.
 *
 * Each call and each object of the module hold a reference on the module.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include <iommufd_test_hook.h>

#include "attach/attach.h"
#include "bind/bind.h"
#include "main/main.h"

static DEFINE_MUTEX(hook_lock);
static const struct iommufd_test_hook *hook;

/**
 * iommufd_test_register() - register for IOMMU_TEST_CMD
 * @new_hook: callbacks of the module
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if another module is registered.
 */
int iommufd_test_register(const struct iommufd_test_hook *new_hook)
{
	int ret = 0;

	mutex_lock(&hook_lock);
	if (hook)
		ret = -EBUSY;
	else
		hook = new_hook;
	mutex_unlock(&hook_lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_register, "IOMMUFD_TEST");

/**
 * iommufd_test_unregister() - undo iommufd_test_register()
 * @old_hook: as given there; its module is being unloaded, so it has no object and no call
 *
 * Context: may sleep.
 */
void iommufd_test_unregister(const struct iommufd_test_hook *old_hook)
{
	mutex_lock(&hook_lock);
	if (!WARN_ON(hook != old_hook))
		hook = NULL;
	mutex_unlock(&hook_lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_unregister, "IOMMUFD_TEST");

static const struct iommufd_test_hook *get_hook(void)
{
	const struct iommufd_test_hook *ret = NULL;

	mutex_lock(&hook_lock);
	if (hook && try_module_get(hook->owner))
		ret = hook;
	mutex_unlock(&hook_lock);
	return ret;
}

/**
 * iommufd_test_ioctl() - IOMMU_TEST_CMD
 * @ctx: the context
 * @arg: the struct in user memory, which begins with its size
 *
 * Return: the result of the module; -ENOTTY if there is none; -EFAULT.
 */
long iommufd_test_ioctl(struct iommufd_ctx *ctx, void __user *arg)
{
	const struct iommufd_test_hook *cur = get_hook();
	long ret;
	u32 size;

	if (!cur)
		return -ENOTTY;
	ret = get_user(size, (u32 __user *)arg);
	if (!ret)
		ret = cur->ioctl(ctx, arg, size);
	module_put(cur->owner);
	return ret;
}

static struct iommufd_test_object *to_test(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_test_object, obj);
}

/**
 * iommufd_test_destroy() - destroy a test object
 * @obj: the object
 */
void iommufd_test_destroy(struct iommufd_object *obj)
{
	/* The object holds a reference on the module, so the hook is still registered. */
	const struct iommufd_test_hook *cur = hook;

	cur->destroy(to_test(obj));
	module_put(cur->owner);
}

/**
 * iommufd_test_show() - show a test object in fdinfo, which has no fields
 * @m: the file
 * @obj: the object
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_test_show(struct seq_file *m, const struct iommufd_object *obj)
{
}

/**
 * iommufd_test_object_alloc() - allocate an object of the module that is not visible yet
 * @ctx: the context
 * @size: size of the module's struct, in bytes
 *
 * Return: the object, zeroed; ERR_PTR(-ENOMEM); ERR_PTR(-ENODEV) while the module is being
 * unloaded.
 */
struct iommufd_test_object *iommufd_test_object_alloc(struct iommufd_ctx *ctx, size_t size)
{
	const struct iommufd_test_hook *cur = get_hook();
	struct iommufd_test_object *tobj;

	if (!cur)
		return ERR_PTR(-ENODEV);
	tobj = iommufd_object_alloc_size(ctx, size, IOMMUFD_OBJ_TEST);
	if (IS_ERR(tobj))
		module_put(cur->owner);
	else
		tobj->ctx = ctx;
	return tobj;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_alloc, "IOMMUFD_TEST");

/**
 * iommufd_test_object_finalize() - make an object visible
 * @tobj: the object
 */
void iommufd_test_object_finalize(struct iommufd_test_object *tobj)
{
	iommufd_object_finalize(tobj->ctx, &tobj->obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_finalize, "IOMMUFD_TEST");

/**
 * iommufd_test_object_abort() - free an object that was not finalized
 * @tobj: the object; the module has undone everything else
 */
void iommufd_test_object_abort(struct iommufd_test_object *tobj)
{
	iommufd_object_abort(tobj->ctx, &tobj->obj);
	module_put(hook->owner);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_abort, "IOMMUFD_TEST");

/**
 * iommufd_test_object_get() - look up an object and begin a call on it
 * @ctx: the context
 * @id: its id
 *
 * Return: the object, for iommufd_test_object_put(); ERR_PTR(-ENOENT).
 */
struct iommufd_test_object *iommufd_test_object_get(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_TEST);

	return IS_ERR(obj) ? ERR_CAST(obj) : to_test(obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_get, "IOMMUFD_TEST");

/**
 * iommufd_test_object_put() - undo iommufd_test_object_get()
 * @tobj: the object
 */
void iommufd_test_object_put(struct iommufd_test_object *tobj)
{
	iommufd_object_put(tobj->ctx, &tobj->obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_put, "IOMMUFD_TEST");

/**
 * iommufd_test_device_bind() - bind a device that is an object of the same context
 * @ctx: the context
 * @dev: the device
 * @id: out: id of the DEVICE object
 *
 * Unlike iommufd_device_bind(), hold no reference on the context: the device would keep it open
 * forever.
 *
 * Return: as iommufd_device_bind().
 */
struct iommufd_device *iommufd_test_device_bind(struct iommufd_ctx *ctx, struct device *dev,
						u32 *id)
{
	struct iommufd_device *idev = iommufd_device_do_bind(ctx, dev, false);

	if (!IS_ERR(idev))
		*id = idev->obj.id;
	return idev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_device_bind, "IOMMUFD_TEST");

/**
 * iommufd_test_device_get() - look up a DEVICE and begin a call on it
 * @ctx: the context
 * @id: its id
 * @obj: out: for iommufd_test_put()
 *
 * Return: the device, or ERR_PTR(-ENOENT).
 */
struct device *iommufd_test_device_get(struct iommufd_ctx *ctx, u32 id, struct iommufd_object **obj)
{
	struct iommufd_device *idev = iommufd_get_device(ctx, id);

	if (IS_ERR(idev))
		return ERR_CAST(idev);
	*obj = &idev->obj;
	return idev->dev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_device_get, "IOMMUFD_TEST");

/**
 * iommufd_test_domain_get() - look up a HWPT and begin a call on it
 * @ctx: the context
 * @id: its id
 * @type: IOMMUFD_OBJ_HWPT_PAGING, IOMMUFD_OBJ_HWPT_NESTED, or IOMMUFD_OBJ_ANY
 * @obj: out: for iommufd_test_put()
 *
 * Return: its domain; ERR_PTR(-ENOENT); with IOMMUFD_OBJ_ANY also ERR_PTR(-EINVAL) for an object
 * that is neither kind of HWPT.
 */
struct iommu_domain *iommufd_test_domain_get(struct iommufd_ctx *ctx, u32 id,
					     enum iommufd_object_type type,
					     struct iommufd_object **obj)
{
	struct iommufd_object *found = iommufd_object_get(ctx, id, type);

	if (IS_ERR(found))
		return ERR_CAST(found);
	if (found->type != IOMMUFD_OBJ_HWPT_PAGING && found->type != IOMMUFD_OBJ_HWPT_NESTED) {
		iommufd_object_put(ctx, found);
		return ERR_PTR(-EINVAL);
	}
	*obj = found;
	return to_hwpt(found)->domain;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_domain_get, "IOMMUFD_TEST");

/**
 * iommufd_test_put() - end a call on an object
 * @ctx: the context
 * @obj: from iommufd_test_device_get() or iommufd_test_domain_get()
 */
void iommufd_test_put(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	iommufd_object_put(ctx, obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_put, "IOMMUFD_TEST");

/**
 * iommufd_test_attached_domain() - get the domain that a device or PASID is attached to
 * @dev: a device with an IOMMU
 * @pasid: a PASID, or IOMMU_NO_PASID
 *
 * Return: the domain, or NULL. It may be freed at any time, so use it for comparison only.
 */
struct iommu_domain *iommufd_test_attached_domain(struct device *dev, ioasid_t pasid)
{
	struct iommu_attach_handle *handle = iommu_attach_handle_get(dev->iommu_group, pasid, 0);

	return IS_ERR(handle) ? NULL : handle->domain;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_attached_domain, "IOMMUFD_TEST");

/**
 * iommufd_test_ioas_reserve() - reserve a range of an IOAS permanently
 * @ctx: the context
 * @ioas_id: the IOAS
 * @start: first IOVA
 * @last: last IOVA
 *
 * Return: 0; -ENOENT; -EADDRINUSE if something is mapped there; -ENOMEM.
 */
int iommufd_test_ioas_reserve(struct iommufd_ctx *ctx, u32 ioas_id, unsigned long start,
			      unsigned long last)
{
	struct iommufd_ioas *ioas = iommufd_get_ioas(ctx, ioas_id);
	int ret;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	down_write(&ioas->iopt.lock);
	ret = iopt_reserve(&ioas->iopt, start, last, &hook);
	up_write(&ioas->iopt.lock);
	iommufd_object_put(ctx, &ioas->obj);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_ioas_reserve, "IOMMUFD_TEST");

/**
 * iommufd_test_set_memory_limit() - limit the temporary buffers of calls, in all contexts
 * @limit: most bytes of one buffer; 0 for the default
 */
void iommufd_test_set_memory_limit(size_t limit)
{
	umem_set_buffer_limit(limit);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_set_memory_limit, "IOMMUFD_TEST");
