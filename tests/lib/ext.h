/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thin wrappers over the ioctls of <linux/iommufd_ext.h> for PASIDs and SVA objects, as iommu.h has
 * them for those of <linux/iommufd.h>: one function per command, 0 or -errno as result. Those that
 * query devices and page tables are in info.h.
 *
 * Outputs are stored only when the call succeeded.
 */
#ifndef TESTS_LIB_EXT_H
#define TESTS_LIB_EXT_H

#include <stdint.h>
#include <linux/iommufd_ext.h>

/*
 * flags are IOMMU_EXT_PASID_*. The driver uses pasid with _FIXED and virt with _VIRT; they are
 * passed on unchanged in any case. number: the value for the device's registers.
 */
int pasid__alloc(int fd, uint32_t dev, uint32_t flags, uint32_t pasid, uint32_t virt, uint32_t *id,
		 uint32_t *number);
/* A PASID of the device's own numbers, whichever is free. */
int pasid__new(int fd, uint32_t dev, uint32_t *id, uint32_t *number);
/* hwpt, or NULL: the page table in use. */
int pasid__attach(int fd, uint32_t id, uint32_t pt, uint32_t *hwpt);
int pasid__replace(int fd, uint32_t id, uint32_t pt, uint32_t *hwpt);
int pasid__detach(int fd, uint32_t id);
int pasid__query(int fd, uint32_t id, struct iommu_ext_pasid_query *query);

/* For the process that calls. */
int sva__alloc(int fd, uint32_t *id);

#endif
