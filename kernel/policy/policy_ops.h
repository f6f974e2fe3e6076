/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct iommufd_policy_ops as the kernel has it: what BPF finds in the module's type information.
 */
#ifndef _IOMMUFD_POLICY_OPS_H
#define _IOMMUFD_POLICY_OPS_H

#include <linux/types.h>

#include <iommufd_policy.h>

/**
 * struct iommufd_policy_ops - a policy
 * @device_bind: a device is about to be given to a file. May sleep, as all but @fault.
 * @device_attach: a device as a whole is about to be attached or moved
 * @ioas_map: memory is about to be mapped or copied; its place is chosen, nothing is pinned
 * @ioas_unmap: a range is about to be unmapped, by the program's will
 * @hwpt_alloc: a page table is about to be made by hand
 * @pasid_alloc: a PASID is about to be allocated
 * @pasid_attach: a PASID is about to be attached or moved
 * @fault: a group of page requests has come. May not sleep.
 * @cgroup: cgroup that it is for, with all below; 0 for all
 * @priority: higher ones are asked first
 * @flags: IOMMUFD_POLICY_*
 * @version: IOMMUFD_POLICY_VERSION
 * @name: unique among the loaded
 *
 * A hook returns 0 to agree or -1 to -MAX_ERRNO to refuse. One that is not there agrees. It is
 * called without locks of the driver that a detach, close or an iterator takes.
 */
struct iommufd_policy_ops {
	int (*device_bind)(const struct iommufd_policy_request *req);
	int (*device_attach)(const struct iommufd_policy_request *req);
	int (*ioas_map)(const struct iommufd_policy_request *req);
	int (*ioas_unmap)(const struct iommufd_policy_request *req);
	int (*hwpt_alloc)(const struct iommufd_policy_request *req);
	int (*pasid_alloc)(const struct iommufd_policy_request *req);
	int (*pasid_attach)(const struct iommufd_policy_request *req);
	int (*fault)(const struct iommufd_policy_request *req);
	u64 cgroup;
	s32 priority;
	u32 flags;
	u32 version;
	char name[IOMMUFD_POLICY_NAME_LEN];
};

#endif
