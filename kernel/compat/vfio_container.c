// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compatibility IOAS of a context, which VFIO's container ioctls use (vfio_type1.c), and the
 * functions that VFIO calls to use a context in place of a container.
 */
#include <linux/slab.h>

#include "compat/compat.h"
#include "policy/policy.h"

/**
 * iommufd_vfio_get_ioas() - begin a call on the compatibility IOAS
 * @ctx: the context
 *
 * Return: the IOAS, for iommufd_object_put(); ERR_PTR(-ENODEV) if there is none.
 */
struct iommufd_ioas *iommufd_vfio_get_ioas(struct iommufd_ctx *ctx)
{
	struct iommufd_object *obj;

	xa_lock(&ctx->objects);
	obj = ctx->vfio_ioas;
	if (!obj || !iommufd_object_tryget(obj))
		obj = ERR_PTR(-ENODEV);
	xa_unlock(&ctx->objects);
	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct iommufd_ioas, obj);
}

static int set_ioas(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_ioas *ioas = iommufd_get_ioas(ctx, id);

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	/* The call keeps it in ctx->objects; removing it from there later clears the pointer. */
	xa_lock(&ctx->objects);
	ctx->vfio_ioas = &ioas->obj;
	xa_unlock(&ctx->objects);
	iommufd_object_put(ctx, &ioas->obj);
	return 0;
}

/**
 * iommufd_vfio_ioas() - IOMMU_VFIO_IOAS
 * @ucmd: struct iommu_vfio_ioas
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>.
 */
int iommufd_vfio_ioas(struct iommufd_ucmd *ucmd)
{
	struct iommu_vfio_ioas *cmd = ucmd->cmd;
	struct iommufd_ctx *ctx = ucmd->ctx;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;

	switch (cmd->op) {
	case IOMMU_VFIO_IOAS_GET:
		ret = iommufd_vfio_compat_ioas_get_id(ctx, &cmd->ioas_id);
		return ret ? ret : iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	case IOMMU_VFIO_IOAS_SET:
		return set_ioas(ctx, cmd->ioas_id);
	case IOMMU_VFIO_IOAS_CLEAR:
		xa_lock(&ctx->objects);
		ctx->vfio_ioas = NULL;
		xa_unlock(&ctx->objects);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * iommufd_vfio_compat_ioas_get_id() - get the id of the compatibility IOAS
 * @ictx: the context
 * @out_ioas_id: out: the id
 *
 * Context: any; takes the lock of ctx->objects.
 * Return: 0; -ENODEV if there is none.
 */
int iommufd_vfio_compat_ioas_get_id(struct iommufd_ctx *ictx, u32 *out_ioas_id)
{
	int ret = 0;

	xa_lock(&ictx->objects);
	if (ictx->vfio_ioas)
		*out_ioas_id = ictx->vfio_ioas->id;
	else
		ret = -ENODEV;
	xa_unlock(&ictx->objects);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_vfio_compat_ioas_get_id, "IOMMUFD_VFIO");

/**
 * iommufd_vfio_compat_set_no_iommu() - mark a context as used with a no-IOMMU device
 * @ictx: the context
 *
 * Context: any; takes the lock of ctx->objects.
 * Return: 0; -EINVAL if there is a compatibility IOAS, because the two exclude each other; -EPERM
 * while a policy that must be in force is missing.
 */
int iommufd_vfio_compat_set_no_iommu(struct iommufd_ctx *ictx)
{
	int ret = iommufd_policy_guard(&ictx->totals, IOMMUFD_HOOK_DEVICE_BIND);

	if (ret)
		return ret;
	xa_lock(&ictx->objects);
	if (ictx->vfio_ioas)
		ret = -EINVAL;
	else
		ictx->no_iommu = true;
	xa_unlock(&ictx->objects);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_vfio_compat_set_no_iommu, "IOMMUFD_VFIO");

/**
 * iommufd_vfio_compat_ioas_create() - make a compatibility IOAS, unless there is one
 * @ictx: the context
 *
 * It is an ordinary IOAS: user space can get its id and destroy it.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if the context is used with a no-IOMMU device; -ENOMEM.
 */
int iommufd_vfio_compat_ioas_create(struct iommufd_ctx *ictx)
{
	struct iommufd_ioas *ioas = iommufd_ioas_alloc(ictx);
	int ret = 0;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	xa_lock(&ictx->objects);
	if (ictx->no_iommu)
		ret = -EINVAL;
	if (ret || ictx->vfio_ioas)
		goto err_abort;
	ictx->vfio_ioas = &ioas->obj;
	xa_unlock(&ictx->objects);

	iommufd_object_finalize(ictx, &ioas->obj);
	return 0;

err_abort:
	xa_unlock(&ictx->objects);
	iommufd_object_abort_and_destroy(ictx, &ioas->obj);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_vfio_compat_ioas_create, "IOMMUFD_VFIO");
