/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interfaces of the kernel that differ between those that the driver is built for.
 *
 * port/probe compiles this file. For each name, the function that compiles without an error has the
 * shape of the interface in this kernel. The probes compare no versions, because stable kernels and
 * distributions change interfaces as well. The text names the kernels that have the shape, as far
 * as known. The headers in port/include make all shapes look like the last one of the name.
 *
 * The kernel has the shape of PROBE() if the function compiles, of ABSENT() if it does not, and of
 * SYMBOL() if it exports the symbol. No object is made of this file.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/dma-buf.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/memfd.h>
#include <linux/module.h>
#include <linux/vfio_pci_core.h>

#define PROBE(name, shape, text) static void __always_unused port_##name##_##shape(void)
#define ABSENT PROBE
#define REQUIRE(name, text) static void __always_unused port_##name(void)
#define SYMBOL(name, shape, text, symbol)
#define MEMBER(type, member) (((struct type *)NULL)->member)
/* For MODULE_IMPORT_NS(), which uses it. */
#undef MODULE_INFO
#define MODULE_INFO(tag, info) static_assert(sizeof(info) == sizeof("X"))

REQUIRE(HANDLES, "struct iommu_attach_handle (since 6.11)")
{
	(void)sizeof(struct iommu_attach_handle);
}

REQUIRE(MEMFD, "memfd_pin_folios() (since 6.11)")
{
	(void)memfd_pin_folios;
}

REQUIRE(CACHE_TAGS, "iommu_ops::user_pasid_table (since 6.12)")
{
	(void)MEMBER(iommu_ops, user_pasid_table);
}

/* MODULE_IMPORT_NS() and EXPORT_SYMBOL_NS_GPL() */
PROBE(NAMESPACE, 1, "6.12: a namespace is a word")
{
	MODULE_IMPORT_NS(X);
}

PROBE(NAMESPACE, 2, "since 6.13: a namespace is a string")
{
	MODULE_IMPORT_NS("X");
}

/* struct iommu_domain_ops */
PROBE(SET_DEV_PASID, 1, "6.12 to 6.12.95: set_dev_pasid() does not get the old domain")
{
	int (*fn)(struct iommu_domain *d, struct device *dev, ioasid_t pasid);

	fn = MEMBER(iommu_domain_ops, set_dev_pasid);
}

PROBE(SET_DEV_PASID, 2, "since 6.13, and 6.12.117: set_dev_pasid() gets the old domain")
{
	int (*fn)(struct iommu_domain *d, struct device *dev, ioasid_t pasid,
		  struct iommu_domain *old);

	fn = MEMBER(iommu_domain_ops, set_dev_pasid);
}

PROBE(ATTACH_DEV, 1, "6.12: attach_dev() does not get the old domain")
{
	int (*fn)(struct iommu_domain *d, struct device *dev);

	fn = MEMBER(iommu_domain_ops, attach_dev);
}

PROBE(ATTACH_DEV, 2, "7.3: attach_dev() gets the old domain")
{
	int (*fn)(struct iommu_domain *d, struct device *dev, struct iommu_domain *old);

	fn = MEMBER(iommu_domain_ops, attach_dev);
}

/* struct iommu_ops */
PROBE(DOMAIN_ALLOC, 1, "6.12: domain_alloc_user() makes paging and nested domains")
{
	struct iommu_domain *(*fn)(struct device *dev, u32 flags, struct iommu_domain *parent,
				   const struct iommu_user_data *data);

	fn = MEMBER(iommu_ops, domain_alloc_user);
}

PROBE(DOMAIN_ALLOC, 2, "since 6.13: domain_alloc_paging_flags() and domain_alloc_nested()")
{
	struct iommu_domain *(*paging)(struct device *dev, u32 flags,
				       const struct iommu_user_data *data);
	struct iommu_domain *(*nested)(struct device *dev, struct iommu_domain *parent, u32 flags,
				       const struct iommu_user_data *data);

	paging = MEMBER(iommu_ops, domain_alloc_paging_flags);
	nested = MEMBER(iommu_ops, domain_alloc_nested);
}

PROBE(DEV_FEATURES, 1, "6.12: a driver enables page requests and SVA of a device")
{
	int (*fn)(struct device *dev, enum iommu_dev_features feature);

	fn = MEMBER(iommu_ops, dev_enable_feat);
}

ABSENT(DEV_FEATURES, 2, "7.3: attaching a domain with a handler enables page requests")
{
	(void)MEMBER(iommu_ops, dev_enable_feat);
}

PROBE(DETACH_PASID, 1, "6.12: remove_dev_pasid() detaches a PASID")
{
	void (*fn)(struct device *dev, ioasid_t pasid, struct iommu_domain *domain);

	fn = MEMBER(iommu_ops, remove_dev_pasid);
}

ABSENT(DETACH_PASID, 2, "7.3: set_dev_pasid() of the blocked domain detaches a PASID")
{
	(void)MEMBER(iommu_ops, remove_dev_pasid);
}

PROBE(PAGE_SIZES, 1, "6.12: page sizes of domains that the core makes are in struct iommu_ops")
{
	unsigned long bitmap = MEMBER(iommu_ops, pgsize_bitmap);
	(void)bitmap;
}

ABSENT(PAGE_SIZES, 2, "7.3: page sizes are in struct iommu_domain only")
{
	(void)MEMBER(iommu_ops, pgsize_bitmap);
}

/* struct iommu_domain */
ABSENT(COOKIE, 1, "6.12: iommu_domain_free() knows the cookie of a domain by its type")
{
	(void)MEMBER(iommu_domain, cookie_type);
}

PROBE(COOKIE, 2, "7.3: iommu_domain_free() knows the cookie of a domain by cookie_type")
{
	struct iommu_domain domain = { .cookie_type = IOMMU_COOKIE_SVA };
	(void)domain;
}

ABSENT(GENERIC_PT, 1, "6.12: each IOMMU driver has code for its page table")
{
	(void)MEMBER(iommu_domain, is_iommupt);
}

PROBE(GENERIC_PT, 2, "7.3: generic page tables, see iommu_port_dirty_works()")
{
	bool generic = MEMBER(iommu_domain, is_iommupt);
	(void)generic;
}

/* page requests */
ABSENT(IOPF_DEQUEUE, 1, "6.12 to 6.12.95: the core responds to requests when the queue goes")
{
	(void)iopf_group_dequeue;
}

PROBE(IOPF_DEQUEUE, 2, "6.12.117 and 7.3: iopf_group_dequeue() takes a request off the core")
{
	void (*fn)(struct iopf_group *group);

	fn = iopf_group_dequeue;
}

/* Exported to iommufd, declared in device/iommu_core.h */
SYMBOL(REPLACE_PASID, 1, "6.12: the domain of a PASID cannot be replaced", none)
SYMBOL(REPLACE_PASID, 2, "since 6.15: it can be replaced", iommu_replace_device_pasid)

/* <linux/iommufd.h> */
PROBE(DEVICE_ATTACH, 1, "6.12: iommufd_device_attach() has no PASID, nor have its likes")
{
	int (*fn)(struct iommufd_device *idev, u32 *pt_id);

	fn = iommufd_device_attach;
}

PROBE(DEVICE_ATTACH, 2, "since 6.15: they have one")
{
	int (*fn)(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id);

	fn = iommufd_device_attach;
}

/* dma-bufs */
PROBE(DMABUF_REVOKE, 1, "6.12: dma_buf_move_notify() calls move_notify() of the importers")
{
	void (*fn)(struct dma_buf_attachment *attach);

	fn = MEMBER(dma_buf_attach_ops, move_notify);
	(void)dma_buf_move_notify;
}

PROBE(DMABUF_REVOKE, 2, "7.3: dma_buf_invalidate_mappings() calls invalidate_mappings()")
{
	void (*fn)(struct dma_buf_attachment *attach);

	fn = MEMBER(dma_buf_attach_ops, invalidate_mappings);
	(void)dma_buf_invalidate_mappings;
}

ABSENT(VFIO_DMABUF, 1, "6.12: vfio-pci exports no dma-bufs")
{
	(void)vfio_pci_dma_buf_iommufd_map;
}

PROBE(VFIO_DMABUF, 2, "7.3: vfio-pci tells iommufd the memory of its dma-bufs")
{
	int (*fn)(struct dma_buf_attachment *attach, struct phys_vec *phys);

	fn = vfio_pci_dma_buf_iommufd_map;
	(void)fn;
}

/* kfuncs */
PROBE(KFUNC_TRUST, 1, "6.12: KF_TRUSTED_ARGS says that a kfunc takes trusted pointers only")
{
	int flag = KF_TRUSTED_ARGS;
	(void)flag;
}

ABSENT(KFUNC_TRUST, 2, "7.3: all kfuncs take trusted pointers only")
{
	int flag = KF_TRUSTED_ARGS;
	(void)flag;
}
