/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one hook that iommufd.ko has for tests: a module can take IOMMU_TEST_CMD, the ioctl that the
 * kernel's selftests use, and the few things that its commands need from the inside.
 *
 * Without such a module the ioctl answers ENOTTY, as on a kernel without CONFIG_IOMMUFD_TEST.
 * Everything is exported in namespace IOMMUFD_TEST, GPL only.
 */
#ifndef _IOMMUFD_TEST_HOOK_H
#define _IOMMUFD_TEST_HOOK_H

#include <linux/iommufd_driver.h>

/**
 * struct iommufd_test_object - an object with an id that belongs to the test module
 * @obj: the object
 * @ctx: its context
 *
 * The module embeds it as the first member of its own struct. IOMMU_DESTROY and closing the file
 * destroy it like any other object.
 */
struct iommufd_test_object {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
};

/**
 * struct iommufd_test_hook - what the module does
 * @owner: the module; kept while a call or an object of it is there
 * @ioctl: does IOMMU_TEST_CMD: @arg is the struct in user memory, @size its first member. Called
 *	without locks; copies in, and out, by itself.
 * @destroy: undo what was done for an object; its memory is freed afterwards. Called without locks,
 *	when nothing uses the object any more.
 */
struct iommufd_test_hook {
	struct module *owner;
	long (*ioctl)(struct iommufd_ctx *ctx, void __user *arg, u32 size);
	void (*destroy)(struct iommufd_test_object *tobj);
};

int iommufd_test_register(const struct iommufd_test_hook *hook);
void iommufd_test_unregister(const struct iommufd_test_hook *hook);

/*
 * Objects of the module. alloc: zeroed, with an id that nobody can look up yet; ERR_PTR(-ENOMEM).
 * finalize: from now on others can. abort: take back what was not finalized, and free it; what the
 * module did for it is undone already. get: look up, ERR_PTR(-ENOENT); it is not destroyed before
 * put.
 */
struct iommufd_test_object *iommufd_test_object_alloc(struct iommufd_ctx *ctx, size_t size);
void iommufd_test_object_finalize(struct iommufd_test_object *tobj);
void iommufd_test_object_abort(struct iommufd_test_object *tobj);
struct iommufd_test_object *iommufd_test_object_get(struct iommufd_ctx *ctx, u32 id);
void iommufd_test_object_put(struct iommufd_test_object *tobj);

/*
 * As iommufd_device_bind(), for a device that lives in the context itself (its owner is a test
 * object): it does not keep the file open. Undone by iommufd_device_unbind().
 */
struct iommufd_device *iommufd_test_device_bind(struct iommufd_ctx *ctx, struct device *dev,
						u32 *id);

/*
 * The device of a DEVICE object by its id, ERR_PTR(-ENOENT); and the domain of a HWPT object
 * (paging if @nested is IOMMUFD_OBJ_HWPT_PAGING, nested if IOMMUFD_OBJ_HWPT_NESTED, either if
 * IOMMUFD_OBJ_ANY), ERR_PTR(-ENOENT), for IOMMUFD_OBJ_ANY ERR_PTR(-EINVAL) if the id is of another
 * object. @obj is filled in, keeps it from being destroyed, and is given to iommufd_test_put().
 */
struct device *iommufd_test_device_get(struct iommufd_ctx *ctx, u32 id,
				       struct iommufd_object **obj);
struct iommu_domain *iommufd_test_domain_get(struct iommufd_ctx *ctx, u32 id,
					     enum iommufd_object_type type,
					     struct iommufd_object **obj);
void iommufd_test_put(struct iommufd_ctx *ctx, struct iommufd_object *obj);

/*
 * What a device, or a PASID of it, is attached to now; NULL if nothing. For comparison only: the
 * domain may go at once.
 */
struct iommu_domain *iommufd_test_attached_domain(struct device *dev, ioasid_t pasid);

/* Reserve a range of an IOAS for good. 0, -ENOENT, -EADDRINUSE if something is mapped, -ENOMEM. */
int iommufd_test_ioas_reserve(struct iommufd_ctx *ctx, u32 ioas_id, unsigned long start,
			      unsigned long last);

/* Largest temporary buffer of a call, in bytes, for all contexts; 0 is the default. */
void iommufd_test_set_memory_limit(size_t limit);

#endif
