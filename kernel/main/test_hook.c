// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook for tests, include/iommufd_test_hook.h: passes IOMMU_TEST_CMD to the module that has
 * taken it, and gives that module objects of its own and a look at those of others. No test is
 * here, and none of this is reached unless such a module is loaded.
 *
 * The module is held during each call and by each of its objects.
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
 * iommufd_test_register() - take IOMMU_TEST_CMD
 * @new_hook: the module's callbacks
 *
 * Return: 0; -EBUSY if somebody has it.
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
EXPORT_SYMBOL_NS_GPL(iommufd_test_register, IOMMUFD_TEST);

/**
 * iommufd_test_unregister() - undo iommufd_test_register()
 * @old_hook: as given there; its module is on its way out, so nothing of it is left
 */
void iommufd_test_unregister(const struct iommufd_test_hook *old_hook)
{
	mutex_lock(&hook_lock);
	if (!WARN_ON(hook != old_hook))
		hook = NULL;
	mutex_unlock(&hook_lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_unregister, IOMMUFD_TEST);

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
 * @arg: the struct in user memory
 * @size: its first member
 *
 * Return: what the module says; -ENOTTY if there is none.
 */
long iommufd_test_ioctl(struct iommufd_ctx *ctx, void __user *arg, u32 size)
{
	const struct iommufd_test_hook *cur = get_hook();
	long ret;

	if (!cur)
		return -ENOTTY;
	ret = cur->ioctl(ctx, arg, size);
	module_put(cur->owner);
	return ret;
}

static struct iommufd_test_object *to_test(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_test_object, obj);
}

/**
 * iommufd_test_destroy() - the end of a test object
 * @obj: the object
 */
void iommufd_test_destroy(struct iommufd_object *obj)
{
	/* The object holds the module, so the hook is still there. */
	const struct iommufd_test_hook *cur = hook;

	cur->destroy(to_test(obj));
	module_put(cur->owner);
}

/**
 * iommufd_test_show() - fdinfo of a test object
 * @m: where to
 * @obj: the object
 */
void iommufd_test_show(struct seq_file *m, const struct iommufd_object *obj)
{
}

/**
 * iommufd_test_object_alloc() - see iommufd_test_hook.h
 * @ctx: the context
 * @size: of the module's struct
 *
 * Return: the object, ERR_PTR(-ENOMEM), or ERR_PTR(-ENODEV) while the module is unloaded.
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
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_alloc, IOMMUFD_TEST);

/**
 * iommufd_test_object_finalize() - see iommufd_test_hook.h
 * @tobj: the object
 */
void iommufd_test_object_finalize(struct iommufd_test_object *tobj)
{
	iommufd_object_finalize(tobj->ctx, &tobj->obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_finalize, IOMMUFD_TEST);

/**
 * iommufd_test_object_abort() - see iommufd_test_hook.h
 * @tobj: the object
 */
void iommufd_test_object_abort(struct iommufd_test_object *tobj)
{
	iommufd_object_abort(tobj->ctx, &tobj->obj);
	module_put(hook->owner);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_abort, IOMMUFD_TEST);

/**
 * iommufd_test_object_get() - see iommufd_test_hook.h
 * @ctx: the context
 * @id: its id
 *
 * Return: the object or ERR_PTR(-ENOENT).
 */
struct iommufd_test_object *iommufd_test_object_get(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_TEST);

	return IS_ERR(obj) ? ERR_CAST(obj) : to_test(obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_get, IOMMUFD_TEST);

/**
 * iommufd_test_object_put() - see iommufd_test_hook.h
 * @tobj: the object
 */
void iommufd_test_object_put(struct iommufd_test_object *tobj)
{
	iommufd_object_put(tobj->ctx, &tobj->obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_object_put, IOMMUFD_TEST);

/**
 * iommufd_test_device_bind() - see iommufd_test_hook.h
 * @ctx: the context
 * @dev: the device
 * @id: out: id of the DEVICE object
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
EXPORT_SYMBOL_NS_GPL(iommufd_test_device_bind, IOMMUFD_TEST);

/**
 * iommufd_test_device_get() - see iommufd_test_hook.h
 * @ctx: the context
 * @id: of a DEVICE
 * @obj: out: for iommufd_test_put()
 *
 * Return: the device or ERR_PTR(-ENOENT).
 */
struct device *iommufd_test_device_get(struct iommufd_ctx *ctx, u32 id, struct iommufd_object **obj)
{
	struct iommufd_device *idev = iommufd_get_device(ctx, id);

	if (IS_ERR(idev))
		return ERR_CAST(idev);
	*obj = &idev->obj;
	return idev->dev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_device_get, IOMMUFD_TEST);

/**
 * iommufd_test_domain_get() - see iommufd_test_hook.h
 * @ctx: the context
 * @id: of a HWPT
 * @type: IOMMUFD_OBJ_HWPT_PAGING, IOMMUFD_OBJ_HWPT_NESTED, or IOMMUFD_OBJ_ANY
 * @obj: out: for iommufd_test_put()
 *
 * Return: the domain, ERR_PTR(-ENOENT), or ERR_PTR(-EINVAL) for another object.
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
EXPORT_SYMBOL_NS_GPL(iommufd_test_domain_get, IOMMUFD_TEST);

/**
 * iommufd_test_put() - see iommufd_test_hook.h
 * @ctx: the context
 * @obj: from one of the functions above
 */
void iommufd_test_put(struct iommufd_ctx *ctx, struct iommufd_object *obj)
{
	iommufd_object_put(ctx, obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_put, IOMMUFD_TEST);

/**
 * iommufd_test_attached_domain() - see iommufd_test_hook.h
 * @dev: a device with an IOMMU
 * @pasid: a PASID or IOMMU_NO_PASID
 *
 * Return: the domain, or NULL.
 */
struct iommu_domain *iommufd_test_attached_domain(struct device *dev, ioasid_t pasid)
{
	struct iommu_attach_handle *handle = iommu_attach_handle_get(dev->iommu_group, pasid, 0);

	return IS_ERR(handle) ? NULL : handle->domain;
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_attached_domain, IOMMUFD_TEST);

/**
 * iommufd_test_ioas_reserve() - see iommufd_test_hook.h
 * @ctx: the context
 * @ioas_id: the IOAS
 * @start: first address
 * @last: last address
 *
 * Return: 0, -ENOENT, -EADDRINUSE or -ENOMEM.
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
EXPORT_SYMBOL_NS_GPL(iommufd_test_ioas_reserve, IOMMUFD_TEST);

/**
 * iommufd_test_set_memory_limit() - see iommufd_test_hook.h
 * @limit: bytes, 0 for the default
 */
void iommufd_test_set_memory_limit(size_t limit)
{
	umem_set_buffer_limit(limit);
}
EXPORT_SYMBOL_NS_GPL(iommufd_test_set_memory_limit, IOMMUFD_TEST);
