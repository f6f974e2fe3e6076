/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reasons in the tracepoint iommufd_refused, for the driver and for tools.
 */
#ifndef _IOMMUFD_REFUSAL_H
#define _IOMMUFD_REFUSAL_H

/**
 * enum iommufd_refusal - reasons, as the tracepoint has them: only append
 * @IOMMUFD_REFUSED_MEMLOCK: RLIMIT_MEMLOCK: limit, need and present in bytes
 * @IOMMUFD_REFUSED_COHERENCY: a device's DMA does not go through the CPU's caches
 * @IOMMUFD_REFUSED_INTERRUPTS: a device's DMA could raise interrupts of other devices
 * @IOMMUFD_REFUSED_RESERVED: a mapping and a reserved range overlap: limit is the range's first
 *	address and present its last, need the mapping's first address
 * @IOMMUFD_REFUSED_SVA: an IOMMU driver cannot share a process's page table safely
 * @IOMMUFD_REFUSED_PASID: the device is attached to a page table not made for PASIDs: need is the
 *	PASID
 * @IOMMUFD_REFUSED_POOL: a user has as many system-wide PASIDs as the limit allows: limit and
 *	present are numbers of PASIDs, need is 1
 * @IOMMUFD_REFUSED_POLICY: a policy that must be in force is missing: need is the hook, enum
 *	iommufd_policy_hook, and missing the name of the policy
 */
enum iommufd_refusal {
	IOMMUFD_REFUSED_MEMLOCK = 1,
	IOMMUFD_REFUSED_COHERENCY,
	IOMMUFD_REFUSED_INTERRUPTS,
	IOMMUFD_REFUSED_RESERVED,
	IOMMUFD_REFUSED_SVA,
	IOMMUFD_REFUSED_PASID,
	IOMMUFD_REFUSED_POOL,
	IOMMUFD_REFUSED_POLICY,
};

#endif /* _IOMMUFD_REFUSAL_H */
