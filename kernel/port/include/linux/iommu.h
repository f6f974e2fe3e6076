/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the IOMMU core that iommufd and the mock use, for all kernels.
 *
 * A member of a struct cannot be made to look like another one. So port_*() functions are for
 * callers of the operations of an IOMMU driver, and PORT_*() macros for a driver that has them; the
 * mock is one. The operations themselves have the types of the newest kernel.
 */
#include_next <linux/iommu.h>

#ifndef _IOMMUFD_PORT_IOMMU_H
#define _IOMMUFD_PORT_IOMMU_H

#include <linux/err.h>
#include <uapi/linux/iommufd_new.h>

/* -------- for callers of a driver -------- */

/* Check whether the driver makes domains of several kinds. */
static inline bool port_has_alloc_flags(const struct iommu_ops *ops)
{
#if PORT_DOMAIN_ALLOC == 1
	return ops->domain_alloc_user;
#else
	return ops->domain_alloc_paging_flags;
#endif
}

/* Check whether the driver makes nested domains from a description alone, without a viommu. */
static inline bool port_has_alloc_nested(const struct iommu_ops *ops)
{
#if PORT_DOMAIN_ALLOC == 1
	return ops->domain_alloc_user;
#else
	return ops->domain_alloc_nested;
#endif
}

/* Make a paging domain; port_has_alloc_flags() was true. */
static inline struct iommu_domain *port_alloc_flags(const struct iommu_ops *ops, struct device *dev,
						    u32 flags, const struct iommu_user_data *data)
{
#if PORT_DOMAIN_ALLOC == 1
	/* Drivers do not know this flag. */
	return ops->domain_alloc_user(dev, flags & ~IOMMUFD_NEW_HWPT_ALLOC_PASID, NULL, data);
#else
	struct iommu_domain *domain = ops->domain_alloc_paging_flags(dev, flags, data);

	/* Some drivers leave the type to the core, which is not involved here. */
	if (!IS_ERR(domain) && !domain->type)
		domain->type = IOMMU_DOMAIN_UNMANAGED;
	return domain;
#endif
}

/* Make a nested domain; port_has_alloc_nested() was true. */
static inline struct iommu_domain *port_alloc_nested(const struct iommu_ops *ops,
						     struct device *dev,
						     struct iommu_domain *parent, u32 flags,
						     const struct iommu_user_data *data)
{
#if PORT_DOMAIN_ALLOC == 1
	return ops->domain_alloc_user(dev, flags, parent, data);
#else
	return ops->domain_alloc_nested(dev, parent, flags, data);
#endif
}

/*
 * Let a device make page requests before a domain with a handler is attached. In kernels where the
 * driver of the IOMMU does that at the attach, this does nothing.
 */
static inline int port_enable_iopf(struct device *dev)
{
#if PORT_DEV_FEATURES == 1
	if (dev->iommu->iommu_dev->ops->dev_enable_feat)
		return iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF);
#endif
	return 0;
}

/* The driver of the IOMMU enables page requests at the attach, when it has ended the DMA so far. */
#define PORT_ATTACH_ENABLES_IOPF (PORT_DEV_FEATURES == 2)

/* Undo port_enable_iopf() after the detach. */
static inline void port_disable_iopf(struct device *dev)
{
#if PORT_DEV_FEATURES == 1
	if (dev->iommu->iommu_dev->ops->dev_enable_feat)
		WARN_ON(iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF));
#endif
}

/* The same for the page table of a process; port_enable_iopf() comes first. */
static inline int port_enable_sva(struct device *dev)
{
#if PORT_DEV_FEATURES == 1
	if (dev->iommu->iommu_dev->ops->dev_enable_feat)
		return iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA);
#endif
	return 0;
}

static inline void port_disable_sva(struct device *dev)
{
#if PORT_DEV_FEATURES == 1
	if (dev->iommu->iommu_dev->ops->dev_enable_feat)
		WARN_ON(iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA));
#endif
}

/* Check whether the driver can detach a PASID. */
static inline bool port_has_pasids(const struct iommu_ops *ops)
{
#if PORT_DETACH_PASID == 1
	return ops->remove_dev_pasid;
#else
	return ops->blocked_domain && ops->blocked_domain->ops->set_dev_pasid;
#endif
}

/* Let iommu_domain_free() drop the reference on the process whose page table it is. */
static inline void port_set_sva_cookie(struct iommu_domain *domain)
{
#if PORT_COOKIE == 2
	domain->cookie_type = IOMMU_COOKIE_SVA;
#endif
}

/*
 * Check whether read_and_clear_dirty() adds dirty leaves to the gather, which iopt/dirty.c needs. A
 * generic page table adds none that stay dirty, and records nothing in a kernel without
 * CONFIG_IOMMUFD_DRIVER.
 */
static inline bool port_gathers_dirty(const struct iommu_domain *domain)
{
#if PORT_GENERIC_PT == 2
	return !domain->is_iommupt;
#else
	return true;
#endif
}

/* Refuse a map that allows no access: a generic page table would warn, others return -EINVAL. */
static inline bool port_can_map(const struct iommu_domain *domain, int prot)
{
#if PORT_GENERIC_PT == 2
	return !domain->is_iommupt || prot & (IOMMU_READ | IOMMU_WRITE);
#else
	return true;
#endif
}

#if PORT_IOPF_DEQUEUE == 1
/*
 * Take a request group off the core's list. When the driver of the IOMMU removes the device from
 * its queue, this core responds to the groups that are still in the list, and frees them. AMD's
 * driver does that before it returns from a detach.
 */
static inline void iopf_group_dequeue(struct iopf_group *group)
{
	mutex_lock(&group->fault_param->lock);
	list_del_init(&group->pending_node);
	mutex_unlock(&group->fault_param->lock);
}

/* Respond to a group that was taken off, for which this core's function does nothing. */
static inline void port_iopf_group_response(struct iopf_group *group,
					    enum iommu_page_response_code status)
{
	struct iommu_fault_param *param = group->fault_param;
	const struct iommu_ops *ops = param->dev->iommu->iommu_dev->ops;
	struct iopf_fault *iopf = &group->last_fault;
	struct iommu_page_response response = {
		.pasid = iopf->fault.prm.pasid,
		.grpid = iopf->fault.prm.grpid,
		.code = status,
	};

	mutex_lock(&param->lock);
	ops->page_response(param->dev, iopf, &response);
	mutex_unlock(&param->lock);
}

#define iopf_group_response port_iopf_group_response
#endif

/* The core can replace the domain of a PASID without a gap: iommu_replace_device_pasid(). */
#define PORT_HAS_REPLACE_PASID (PORT_REPLACE_PASID == 2)

/* -------- for a driver -------- */

/*
 * The functions of the driver have the types of the newest kernel. PORT_DEFINE_X(fn) defines the
 * function that an older kernel calls, PORT_X_OP(fn) is the value of the member. PORT_BLOCKED_OPS()
 * and PORT_IOMMU_OPS() are the members that this kernel has.
 */
#if PORT_ATTACH_DEV == 1
#define PORT_DEFINE_ATTACH_DEV(fn) \
	static int fn##_op(struct iommu_domain *domain, struct device *dev) \
	{ \
		return fn(domain, dev, NULL); \
	} \
	struct iommu_domain_ops
#define PORT_ATTACH_DEV_OP(fn) fn##_op
#else
#define PORT_DEFINE_ATTACH_DEV(fn) struct iommu_domain_ops
#define PORT_ATTACH_DEV_OP(fn) fn
#endif

#if PORT_SET_DEV_PASID == 1
#define PORT_DEFINE_SET_DEV_PASID(fn) \
	static int fn##_op(struct iommu_domain *domain, struct device *dev, ioasid_t pasid) \
	{ \
		return fn(domain, dev, pasid, NULL); \
	} \
	struct iommu_domain_ops
#define PORT_SET_DEV_PASID_OP(fn) fn##_op
#else
#define PORT_DEFINE_SET_DEV_PASID(fn) struct iommu_domain_ops
#define PORT_SET_DEV_PASID_OP(fn) fn
#endif

/* @detach is void (*)(struct device *, ioasid_t, struct iommu_domain *), for struct iommu_ops. */
#if PORT_DETACH_PASID == 1
#define PORT_DEFINE_DETACH_PASID(detach) struct iommu_domain_ops
#define PORT_DETACH_PASID_OPS(detach) .remove_dev_pasid = detach,
#define PORT_BLOCKED_OPS(attach, detach) .attach_dev = PORT_ATTACH_DEV_OP(attach)
#else
#define PORT_DEFINE_DETACH_PASID(detach) \
	static int detach##_op(struct iommu_domain *blocked, struct device *dev, ioasid_t pasid, \
			       struct iommu_domain *old) \
	{ \
		detach(dev, pasid, old); \
		return 0; \
	} \
	struct iommu_domain_ops
#define PORT_DETACH_PASID_OPS(detach)
#define PORT_BLOCKED_OPS(attach, detach) \
	.attach_dev = PORT_ATTACH_DEV_OP(attach), .set_dev_pasid = detach##_op
#endif

#if PORT_DOMAIN_ALLOC == 1
#define PORT_DEFINE_ALLOC(paging, nested) \
	static struct iommu_domain *paging##_op(struct device *dev, u32 flags, \
						struct iommu_domain *parent, \
						const struct iommu_user_data *data) \
	{ \
		return parent ? nested(dev, parent, flags, data) : paging(dev, flags, data); \
	} \
	struct iommu_ops
#define PORT_ALLOC_OPS(paging, nested) .domain_alloc_user = paging##_op
#else
#define PORT_DEFINE_ALLOC(paging, nested) struct iommu_ops
#define PORT_ALLOC_OPS(paging, nested) \
	.domain_alloc_paging_flags = paging, .domain_alloc_nested = nested
#endif

/* Enable and disable page requests, and check for SVA; unused if attaching enables them. */
#if PORT_DEV_FEATURES == 1
#define PORT_DEFINE_FEATURES(enable, disable, check_sva) \
	static int enable##_op(struct device *dev, enum iommu_dev_features feature) \
	{ \
		if (feature == IOMMU_DEV_FEAT_IOPF) \
			return enable(dev); \
		return feature == IOMMU_DEV_FEAT_SVA ? check_sva(dev) : -ENODEV; \
	} \
	static int disable##_op(struct device *dev, enum iommu_dev_features feature) \
	{ \
		if (feature == IOMMU_DEV_FEAT_IOPF) \
			disable(dev); \
		else if (feature != IOMMU_DEV_FEAT_SVA) \
			return -ENODEV; \
		return 0; \
	} \
	struct iommu_ops
#define PORT_FEATURE_OPS(enable, disable) \
	.dev_enable_feat = enable##_op, .dev_disable_feat = disable##_op,
#else
#define PORT_DEFINE_FEATURES(enable, disable, check_sva) struct iommu_ops
#define PORT_FEATURE_OPS(enable, disable)
#endif

#if PORT_PAGE_SIZES == 1
#define PORT_PAGE_SIZES_OPS(bitmap) .pgsize_bitmap = bitmap,
#else
#define PORT_PAGE_SIZES_OPS(bitmap)
#endif

#define PORT_IOMMU_OPS(paging, nested, enable, disable, detach, bitmap) \
	PORT_FEATURE_OPS(enable, disable) \
	PORT_DETACH_PASID_OPS(detach) \
	PORT_PAGE_SIZES_OPS(bitmap) \
	PORT_ALLOC_OPS(paging, nested)

#endif
