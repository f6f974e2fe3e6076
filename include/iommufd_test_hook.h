/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only hook of iommufd.ko for tests: a module can implement IOMMU_TEST_CMD, the ioctl of the
 * kernel's selftests. The functions below give it the few internals that this ioctl needs.
 *
 * Without such a module the ioctl fails with ENOTTY, as on a kernel without CONFIG_IOMMUFD_TEST.
 * The functions are exported in the namespace IOMMUFD_TEST, GPL only.
 */
#ifndef _IOMMUFD_TEST_HOOK_H
#define _IOMMUFD_TEST_HOOK_H

#include <linux/iommufd_driver.h>

/**
 * struct iommufd_test_object - an object of the test module
 * @obj: the object
 * @ctx: its context
 *
 * It is the first member of a struct of the module. IOMMU_DESTROY and closing the file destroy it
 * like any other object.
 */
struct iommufd_test_object {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
};

/**
 * struct iommufd_test_hook - the callbacks of the test module
 * @owner: the module, which cannot be unloaded during a call or while one of its objects exists
 * @ioctl: IOMMU_TEST_CMD. @arg is the struct in user memory, @size its first member. Called without
 *	locks; copies the struct in and out itself.
 * @destroy: release everything that belongs to an object except its memory, which iommufd frees
 *	afterwards. Called without locks, when the object has no users.
 */
struct iommufd_test_hook {
	struct module *owner;
	long (*ioctl)(struct iommufd_ctx *ctx, void __user *arg, u32 size);
	void (*destroy)(struct iommufd_test_object *tobj);
};

int iommufd_test_register(const struct iommufd_test_hook *hook);
void iommufd_test_unregister(const struct iommufd_test_hook *hook);

/*
 * Objects of the module:
 *	alloc		allocate a zeroed object with an id that look-ups do not find yet;
 *			ERR_PTR(-ENOMEM)
 *	finalize	make it visible
 *	abort		free it instead; the module has already released its part
 *	get, put	look it up, ERR_PTR(-ENOENT), and keep it from being destroyed until the
 *			put
 */
struct iommufd_test_object *iommufd_test_object_alloc(struct iommufd_ctx *ctx, size_t size);
void iommufd_test_object_finalize(struct iommufd_test_object *tobj);
void iommufd_test_object_abort(struct iommufd_test_object *tobj);
struct iommufd_test_object *iommufd_test_object_get(struct iommufd_ctx *ctx, u32 id);
void iommufd_test_object_put(struct iommufd_test_object *tobj);

/*
 * Bind a device that belongs to a test object of the same context. Unlike iommufd_device_bind(),
 * this does not hold the file open. iommufd_device_unbind() undoes it.
 */
struct iommufd_device *iommufd_test_device_bind(struct iommufd_ctx *ctx, struct device *dev,
						u32 *id);

/*
 * Look up the device of a DEVICE object, or the domain of a HWPT. @type is
 * IOMMUFD_OBJ_HWPT_PAGING, IOMMUFD_OBJ_HWPT_NESTED, or IOMMUFD_OBJ_ANY for either. Both fail with
 * -ENOENT if there is no such object; with IOMMUFD_OBJ_ANY, another object fails with -EINVAL.
 * @obj is filled in and keeps the object from being destroyed until iommufd_test_put().
 */
struct device *iommufd_test_device_get(struct iommufd_ctx *ctx, u32 id,
				       struct iommufd_object **obj);
struct iommu_domain *iommufd_test_domain_get(struct iommufd_ctx *ctx, u32 id,
					     enum iommufd_object_type type,
					     struct iommufd_object **obj);
void iommufd_test_put(struct iommufd_ctx *ctx, struct iommufd_object *obj);

/*
 * Return the domain that a device, or a PASID of it, is attached to, or NULL. It may be freed at
 * any time, so it may only be compared.
 */
struct iommu_domain *iommufd_test_attached_domain(struct device *dev, ioasid_t pasid);

/* Reserve [start, last] of an IOAS for good. 0, -ENOENT, -EADDRINUSE if it is in use, -ENOMEM. */
int iommufd_test_ioas_reserve(struct iommufd_ctx *ctx, u32 ioas_id, unsigned long start,
			      unsigned long last);

/* Limit the temporary buffers of each call, for all contexts: @limit bytes, 0 for the default. */
void iommufd_test_set_memory_limit(size_t limit);

#endif
