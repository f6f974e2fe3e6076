// SPDX-License-Identifier: GPL-2.0-only
/*
 * pasid_guard: which users may use which PASIDs of which device.
 *
 * Use it if several users share a device, each with a part of it (a work queue, a channel), so that
 * no user can take PASIDs that the device, or the program that partitions it, has given to others.
 *
 *	iopolicy load build/policies/pasid_guard.bpf.o
 *
 * Parameter:
 *	default_allow	verdict for a caller without an entry: 0 refuses, 1 allows
 *
 * Maps; the value is up to four ranges of PASIDs. The word any in a key matches any device or user:
 *	uids		PCI address, user
 *	cgroups		cgroup, PCI address; applies to all cgroups below it, too
 * All matching entries apply together: a PASID in any of them is allowed. Devices that are not PCI
 * devices match only entries for any device.
 *
 * User 1000 may use the PASIDs 16 to 31 of 0000:00:03.0:
 *
 *	iopolicy map pasid_guard uids set 0000:00:03.0,1000=16..31
 *
 * If no entry allows the PASID, the policy refuses, with EPERM, an IOMMU_EXT_PASID_ALLOC with a
 * number of the caller's choice, and every attach. An attach by a kernel driver counts as one by
 * the process that caused it. If the kernel chooses the number, the policy allows the alloc to all
 * callers with some allowed PASID, because DMA with a PASID reaches nothing before its attach.
 *
 * Restrictions: if a device is programmed with another user's PASID, its DMA uses what that user
 * has attached; only the device's own driver can prevent that. The policy does not look at numbers
 * in a guest (virtual PASIDs). Existing attachments stay. For a cgroup deeper than 16
 * levels, the policy looks up the cgroup itself and the upper 16 levels.
 */
#include <iommufd_policy.bpf.h>

#define MAX_DEPTH 16
#define MAX_RANGES 4

IOMMUFD_PARAM(bool, default_allow) = false;

struct ranges {
	struct {
		__u32 first;
		__u32 last;
	} range[MAX_RANGES];
};

struct uid_key {
	iommufd_any_sbdf_t device;
	iommufd_any_uid_t uid;
};

struct cgroup_key {
	iommufd_cgroup_t cgroup;
	iommufd_any_sbdf_t device;
	__u32 __pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct uid_key);
	__type(value, struct ranges);
} uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct cgroup_key);
	__type(value, struct ranges);
} cgroups SEC(".maps");

/* @any: no number was requested; @known: an entry matches; @inside: it contains the number */
struct verdict {
	__u32 pasid;
	bool any;
	bool known;
	bool inside;
};

static __always_inline void look(struct verdict *verdict, const struct ranges *ranges)
{
	if (!ranges)
		return;
	verdict->known = true;
	for (int i = 0; i < MAX_RANGES; i++) {
		__u32 first = ranges->range[i].first, last = ranges->range[i].last;

		if (!last)
			break;
		if (verdict->any || (verdict->pasid >= first && verdict->pasid <= last))
			verdict->inside = true;
	}
}

static __noinline int look_uid(struct verdict *verdict, __u32 sbdf, __u32 uid)
{
	struct uid_key key = { sbdf, uid };

	look(verdict, bpf_map_lookup_elem(&uids, &key));
	return 0;
}

static __noinline int look_cgroup(struct verdict *verdict, __u32 sbdf, __u64 cgroup)
{
	struct cgroup_key key = { .cgroup = cgroup, .device = sbdf };

	look(verdict, bpf_map_lookup_elem(&cgroups, &key));
	key.device = IOMMUFD_NONE;
	look(verdict, bpf_map_lookup_elem(&cgroups, &key));
	return 0;
}

static __always_inline int check(const struct iommufd_policy_request *req)
{
	struct verdict verdict = { .pasid = req->pasid, .any = req->pasid == IOMMUFD_NONE };
	__u32 sbdf = req->sbdf, uid = req->uid;
	__u64 cgroup = req->cgroup, above;

	look_uid(&verdict, sbdf, uid);
	look_uid(&verdict, IOMMUFD_NONE, uid);
	look_uid(&verdict, sbdf, IOMMUFD_NONE);
	look_uid(&verdict, IOMMUFD_NONE, IOMMUFD_NONE);
	look_cgroup(&verdict, sbdf, cgroup);
	for (int level = 0; level < MAX_DEPTH; level++) {
		above = iommufd_policy_ancestor(req, level);
		if (!above || above == cgroup)
			break;
		look_cgroup(&verdict, sbdf, above);
	}
	if (verdict.inside || (!verdict.known && default_allow))
		return 0;
	if (verdict.any)
		iommufd_reason_f(req, "uid %u may not use PASIDs", uid);
	else
		iommufd_reason_f(req, "uid %u may not use PASID %u", uid, verdict.pasid);
	return -EPERM;
}

IOMMUFD_HOOK(pasid_alloc, pasid_guard_alloc)
{
	return check(req);
}

IOMMUFD_HOOK(pasid_attach, pasid_guard_attach)
{
	return check(req);
}

IOMMUFD_POLICY(pasid_guard) = {
	.pasid_alloc = (void *)pasid_guard_alloc,
	.pasid_attach = (void *)pasid_guard_attach,
	.name = "pasid_guard",
	.flags = IOMMUFD_POLICY_NO_TOTALS,
	.version = IOMMUFD_POLICY_VERSION,
};
