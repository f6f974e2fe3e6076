/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Calls of the test module iommu_endpoint: ENDPOINT_CALL on /dev/iommu_endpoint with one of these
 * operations. The result is that of the ioctl, or its errno.
 */
#ifndef _IOMMU_ENDPOINT_H
#define _IOMMU_ENDPOINT_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum endpoint_op {
	ENDPOINT_BIND, /* in: fd; out: id of the device; pasid: the highest to attach, or 0 */
	ENDPOINT_UNBIND, /* after a detach of all that is attached */
	ENDPOINT_ATTACH, /* in: pasid, id of the IOAS or HWPT; out: id of the HWPT */
	ENDPOINT_REPLACE, /* likewise */
	ENDPOINT_DETACH, /* in: pasid */
	ENDPOINT_REQUEST, /* in: pasid, grpid, perm, requests, addr; one request for each page */
	ENDPOINT_RESPONSE, /* out: pasid, grpid, code of the oldest one; ENOENT: none */
};

struct endpoint_call {
	__u32 op; /* enum endpoint_op */
	__s32 fd; /* of /dev/iommu */
	__u32 id;
	__u32 pasid; /* 0: the whole device */
	__u32 grpid; /* of a page request group */
	__u32 perm; /* IOMMU_PGFAULT_PERM_* */
	__u32 requests; /* in the group */
	__u32 code; /* IOMMUFD_PAGE_RESP_* */
	__u64 addr; /* of the first request */
};

#define ENDPOINT_CALL _IOWR('E', 0, struct endpoint_call)

#endif /* _IOMMU_ENDPOINT_H */
