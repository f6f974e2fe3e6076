// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_EXT_DEVICE_INFO: the common features of a device and its IOMMU, in terms that are the same
 * for all IOMMU drivers. It combines the facts of device/, hwpt/ and pasid/.
 *
 * 6.12's drivers report page sizes and aperture only in the domains that they allocate, so one is
 * allocated and freed again. For drivers that know them only once a domain is attached, those of
 * the attached one are reported.
 *
 * Everything is gathered in kernel memory before it is copied out, so that a page fault of user
 * memory does not delay unbinding the device.
 */
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "main/main.h"
#include "pasid/pasid.h"

/**
 * struct found - the arrays to be copied out; freed with kvfree()
 * @ranges: reserved and usable ranges
 * @num_ranges: number of @ranges
 * @formats: formats of user-managed page tables
 * @num_formats: number of @formats
 */
struct found {
	struct iommu_ext_range *ranges;
	u32 num_ranges;
	struct iommu_ext_format *formats;
	u32 num_formats;
};

/* As for IOMMU_EXT_PASID_QUERY: of all devices of the group together. */
static u32 pasid_width(struct iommufd_device *idev)
{
	u32 limit = iommufd_pasid_limit(idev);

	return limit ? ilog2(limit) : 0;
}

/* Describe a domain. Return whether PASIDs can be attached to domains like this. */
static bool describe_domain(const struct iommu_domain *domain, struct iommu_ext_device_info *cmd)
{
	cmd->out_page_sizes = domain->pgsize_bitmap;
	cmd->out_aperture_start = domain->geometry.aperture_start;
	cmd->out_aperture_last = domain->geometry.aperture_end;
	cmd->out_address_width = fls64(cmd->out_aperture_last);
	return domain->ops->set_dev_pasid;
}

/* Describe the domain that the device's group is attached to, if it is. */
static bool describe_attached(struct iommufd_device *idev, struct iommu_ext_device_info *cmd)
{
	const struct iommu_domain_ops *ops = iommu_core_ops(idev->dev)->default_domain_ops;
	bool pasids = ops && ops->set_dev_pasid;
	struct iommufd_attachment *attach;

	mutex_lock(&idev->group->lock);
	attach = xa_load(&idev->group->attachments, IOMMU_NO_PASID);
	if (attach)
		pasids = describe_domain(iommufd_hwpt_to_paging(attach->hwpt)->common.domain, cmd);
	mutex_unlock(&idev->group->lock);
	return pasids;
}

static int describe_table(struct iommufd_device *idev, struct iommu_ext_device_info *cmd,
			  bool *pasids)
{
	struct iommu_domain *domain;

	if (iommufd_hwpt_needs_attach_first(idev)) {
		*pasids = describe_attached(idev, cmd);
		return 0;
	}
	domain = iommufd_hwpt_alloc_domain(idev->dev, 0, NULL);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	*pasids = describe_domain(domain, cmd);
	iommu_domain_free(domain);
	return 0;
}

static u64 device_caps(struct iommufd_device *idev, bool pasids)
{
	struct device *dev = idev->dev;
	u64 pci = iommufd_device_pci_caps(dev), caps = 0;

	if (device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		caps |= IOMMU_EXT_CAP_COHERENT;
	if (idev->enforce_coherency)
		caps |= IOMMU_EXT_CAP_ENFORCE_COHERENT;
	if (device_iommu_capable(dev, IOMMU_CAP_DIRTY_TRACKING))
		caps |= IOMMU_EXT_CAP_DIRTY;
	if (!(pci & IOMMUFD_NEW_HW_CAP_NO_ATS))
		caps |= IOMMU_EXT_CAP_ATS;
	if (pci & IOMMUFD_NEW_HW_CAP_PASID_EXEC)
		caps |= IOMMU_EXT_CAP_PASID_EXEC;
	if (pci & IOMMUFD_NEW_HW_CAP_PASID_PRIV)
		caps |= IOMMU_EXT_CAP_PASID_PRIV;
	if (iommufd_device_has_pri(dev))
		caps |= IOMMU_EXT_CAP_PRI;
	if (iommu_core_ops(dev)->user_pasid_table)
		caps |= IOMMU_EXT_CAP_USER_PASIDS;
	if (!pasid_width(idev))
		return caps;
	if (pasids)
		caps |= IOMMU_EXT_CAP_PASID;
	/* A process's memory is not pinned, so the device must be able to make page requests. */
	if ((caps & IOMMU_EXT_CAP_PRI) && !iommufd_device_check_sva(idev))
		caps |= IOMMU_EXT_CAP_SVA;
	return caps;
}

static u32 range_kind(enum iommu_resv_type type)
{
	switch (type) {
	case IOMMU_RESV_DIRECT:
		return IOMMU_EXT_RANGE_DIRECT;
	case IOMMU_RESV_DIRECT_RELAXABLE:
		return IOMMU_EXT_RANGE_DIRECT_RELAXABLE;
	case IOMMU_RESV_MSI:
		return IOMMU_EXT_RANGE_MSI;
	case IOMMU_RESV_SW_MSI:
		return IOMMU_EXT_RANGE_SW_MSI;
	default:
		return IOMMU_EXT_RANGE_RESERVED;
	}
}

static int compare_ranges(const void *pa, const void *pb)
{
	const struct iommu_ext_range *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->last != b->last)
		return a->last < b->last ? -1 : 1;
	return a->kind < b->kind ? -1 : a->kind > b->kind;
}

static void sort_ranges(struct found *found)
{
	sort(found->ranges, found->num_ranges, sizeof(*found->ranges), compare_ranges, NULL);
}

static void append_range(struct found *found, u64 start, u64 last, u32 kind, u32 dev_id)
{
	found->ranges[found->num_ranges++] = (struct iommu_ext_range){
		.start = start,
		.last = last,
		.kind = kind,
		.dev_id = dev_id,
	};
}

/*
 * Add the ranges of the aperture that are not reserved. Reserved ranges are sorted; they may
 * overlap and lie outside of the aperture. Ignore those that iopt_reserve_device() does not
 * reserve.
 */
static void add_usable(struct found *found, u64 from, u64 last)
{
	u32 reserved = found->num_ranges, i;

	for (i = 0; i < reserved; i++) {
		const struct iommu_ext_range *range = &found->ranges[i];

		if (range->kind == IOMMU_EXT_RANGE_DIRECT_RELAXABLE || range->last < from)
			continue;
		if (range->start > last)
			break;
		if (range->start > from)
			append_range(found, from, range->start - 1, IOMMU_EXT_RANGE_USABLE,
				     IOMMU_EXT_NONE);
		if (range->last >= last)
			return;
		from = range->last + 1;
	}
	append_range(found, from, last, IOMMU_EXT_RANGE_USABLE, IOMMU_EXT_NONE);
}

static int find_ranges(struct iommufd_device *idev, const struct iommu_ext_device_info *cmd,
		       struct found *found)
{
	struct iommu_resv_region *resv;
	LIST_HEAD(regions);
	size_t n;

	iommu_get_resv_regions(idev->dev, &regions);
	n = list_count_nodes(&regions);
	/* One usable range before each reserved one, and one after the last. */
	found->ranges = kvmalloc_array(2 * n + 1, sizeof(*found->ranges), GFP_KERNEL_ACCOUNT);
	if (found->ranges) {
		list_for_each_entry(resv, &regions, list)
			if (resv->length)
				append_range(found, resv->start, resv->start + resv->length - 1,
					     range_kind(resv->type), idev->obj.id);
	}
	iommu_put_resv_regions(idev->dev, &regions);
	if (!found->ranges)
		return -ENOMEM;
	sort_ranges(found);
	if (cmd->out_page_sizes) {
		add_usable(found, cmd->out_aperture_start, cmd->out_aperture_last);
		sort_ranges(found);
	}
	return 0;
}

static int copy_formats(const struct iommu_ext_format *formats, u32 n, struct found *found)
{
	if (!n)
		return 0;
	found->formats = kvmalloc_array(n, sizeof(*formats), GFP_KERNEL_ACCOUNT);
	if (!found->formats)
		return -ENOMEM;
	memcpy(found->formats, formats, n * sizeof(*formats));
	found->num_formats = n;
	return 0;
}

/*
 * Intel's driver does not register, so recognise it by the type of its data. It supports nested
 * page tables if the hardware does (ECAP.NEST) and the kernel chose scalable mode, which no
 * register shows. Try to allocate a nesting parent to find out.
 */
static int find_vtd_formats(struct device *dev, struct found *found)
{
	static const struct iommu_ext_format format = {
		.data_type = IOMMU_HWPT_DATA_VTD_S1,
		.invalidate_type = IOMMU_HWPT_INVALIDATE_DATA_VTD_S1,
		.name = "vtd-s1",
	};
	u32 type = IOMMU_HW_INFO_TYPE_NONE, length;
	struct iommu_domain *parent;
	void *data;

	if (!port_has_alloc_flags(iommu_core_ops(dev)))
		return 0;
	data = iommufd_hw_info_data(dev, &type, &length);
	if (IS_ERR(data))
		return PTR_ERR(data);
	kfree(data);
	if (type != IOMMU_HW_INFO_TYPE_INTEL_VTD)
		return 0;
	parent = iommufd_hwpt_alloc_domain(dev, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL);
	if (parent == ERR_PTR(-EOPNOTSUPP))
		return 0;
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	iommu_domain_free(parent);
	return copy_formats(&format, 1, found);
}

static int find_formats(struct device *dev, const struct iommufd_iommu_driver *driver,
			struct found *found)
{
	const struct iommu_ext_format *formats;
	unsigned int n;

	if (!driver)
		return find_vtd_formats(dev, found);
	if (!driver->formats)
		return 0;
	n = driver->formats(dev, &formats);
	return copy_formats(formats, n, found);
}

static int gather(struct iommufd_device *idev, struct iommu_ext_device_info *cmd,
		  struct found *found)
{
	const struct iommufd_iommu_driver *driver;
	bool pasids;
	int ret;

	if (!idev->group->group) {
		cmd->out_group = IOMMU_EXT_NONE;
		cmd->out_caps = IOMMU_EXT_CAP_NO_IOMMU;
		return 0;
	}
	cmd->out_group = iommu_group_id(idev->group->group);
	cmd->out_pasid_width = pasid_width(idev);
	ret = describe_table(idev, cmd, &pasids);
	if (!ret)
		ret = find_ranges(idev, cmd, found);
	if (ret)
		return ret;
	cmd->out_caps = device_caps(idev, pasids);
	driver = iommufd_iommu_driver_get(idev->dev);
	ret = find_formats(idev->dev, driver, found);
	iommufd_iommu_driver_put(driver);
	return ret;
}

static int respond(struct iommufd_ucmd *ucmd, struct iommu_ext_device_info *cmd,
		   const struct found *found)
{
	u32 room_ranges = cmd->num_ranges, room_formats = cmd->num_formats;
	int ret;

	ret = iommufd_copy_array(cmd->ranges, room_ranges, found->ranges, found->num_ranges,
				 sizeof(*found->ranges));
	if (!ret)
		ret = iommufd_copy_array(cmd->formats, room_formats, found->formats,
					 found->num_formats, sizeof(*found->formats));
	if (ret)
		return ret;
	cmd->num_ranges = found->num_ranges;
	cmd->num_formats = found->num_formats;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (!ret && (found->num_ranges > room_ranges || found->num_formats > room_formats))
		ret = -EMSGSIZE;
	return ret;
}

/**
 * iommufd_ext_device_info() - IOMMU_EXT_DEVICE_INFO
 * @ucmd: struct iommu_ext_device_info
 *
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>; an error of the IOMMU driver if it
 * cannot allocate a domain.
 */
int iommufd_ext_device_info(struct iommufd_ucmd *ucmd)
{
	struct iommu_ext_device_info *cmd = ucmd->cmd;
	struct found found = {};
	struct iommufd_device *idev;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	idev = iommufd_get_device(ucmd->ctx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	/* Outputs that do not apply are 0, whatever user space passed in. */
	cmd->out_caps = 0;
	cmd->out_page_sizes = 0;
	cmd->out_aperture_start = 0;
	cmd->out_aperture_last = 0;
	cmd->out_address_width = 0;
	cmd->out_pasid_width = 0;
	ret = gather(idev, cmd, &found);
	iommufd_object_put(ucmd->ctx, &idev->obj);
	if (!ret)
		ret = respond(ucmd, cmd, &found);
	kvfree(found.ranges);
	kvfree(found.formats);
	return ret;
}
