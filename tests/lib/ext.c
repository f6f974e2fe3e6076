// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thin wrappers over the ioctls of <linux/iommufd_ext.h>; see ext.h.
 *
 * As in iommu.c no wrapper checks its arguments, because tests pass wrong ones on purpose.
 */
#include "ext.h"
#include "iommu.h"

int pasid__alloc(int fd, uint32_t dev, uint32_t flags, uint32_t pasid, uint32_t virt, uint32_t *id,
		 uint32_t *number)
{
	struct iommu_ext_pasid_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = dev,
		.pasid = pasid,
		.virt_pasid = virt,
	};
	int ret = iommu__ioctl(fd, IOMMU_EXT_PASID_ALLOC, &cmd);

	if (!ret) {
		*id = cmd.out_pasid_id;
		*number = cmd.pasid;
	}
	return ret;
}

int pasid__new(int fd, uint32_t dev, uint32_t *id, uint32_t *number)
{
	return pasid__alloc(fd, dev, 0, 0, 0, id, number);
}

static int attach(int fd, unsigned long nr, uint32_t id, uint32_t pt, uint32_t *hwpt)
{
	struct iommu_ext_pasid_attach cmd = { .size = sizeof(cmd), .pasid_id = id, .pt_id = pt };
	int ret = iommu__ioctl(fd, nr, &cmd);

	if (!ret && hwpt)
		*hwpt = cmd.out_hwpt_id;
	return ret;
}

int pasid__attach(int fd, uint32_t id, uint32_t pt, uint32_t *hwpt)
{
	return attach(fd, IOMMU_EXT_PASID_ATTACH, id, pt, hwpt);
}

int pasid__replace(int fd, uint32_t id, uint32_t pt, uint32_t *hwpt)
{
	return attach(fd, IOMMU_EXT_PASID_REPLACE, id, pt, hwpt);
}

int pasid__detach(int fd, uint32_t id)
{
	struct iommu_ext_pasid_detach cmd = { .size = sizeof(cmd), .pasid_id = id };

	return iommu__ioctl(fd, IOMMU_EXT_PASID_DETACH, &cmd);
}

int pasid__query(int fd, uint32_t id, struct iommu_ext_pasid_query *query)
{
	struct iommu_ext_pasid_query cmd = { .size = sizeof(cmd), .pasid_id = id };
	int ret = iommu__ioctl(fd, IOMMU_EXT_PASID_QUERY, &cmd);

	if (!ret)
		*query = cmd;
	return ret;
}

int sva__alloc(int fd, uint32_t *id)
{
	struct iommu_ext_sva_alloc cmd = { .size = sizeof(cmd) };
	int ret = iommu__ioctl(fd, IOMMU_EXT_SVA_ALLOC, &cmd);

	if (!ret)
		*id = cmd.out_sva_id;
	return ret;
}
