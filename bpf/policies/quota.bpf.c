// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota: limits of the memory that is pinned for devices, by cgroup, user and process.
 *
 * RLIMIT_MEMLOCK is also such a limit, but only by user (or process), and it does not apply to
 * processes with CAP_IPC_LOCK. These limits apply to all processes in the policy's scope, including
 * root's.
 *
 *	iopolicy load build/policies/quota.bpf.o --set uid_limit=1073741824
 *
 * Parameters, in bytes; 0 is no limit:
 *	process_limit	for each process
 *	uid_limit	for all processes of a user together
 *	cgroup_limit	for the cgroup of the process, with all cgroups below it
 *	error		errno of a refusal: 12 (ENOMEM), as for RLIMIT_MEMLOCK
 *
 * Maps:
 *	uids		user -> bytes, replaces uid_limit; 0: no limit, neither for the user nor
 *			for each of the user's processes
 *	cgroups		cgroup -> bytes for it and all cgroups below it, replaces cgroup_limit;
 *			0: no limit. The policy looks up the cgroup of the process and all
 *			cgroups above it.
 *
 * 64 GiB for the user 1000, and no limit for a cgroup:
 *
 *	iopolicy map quota uids set 1000=64G
 *	iopolicy map quota cgroups set /machine.slice=0
 *
 * The policy compares the total after the call, including the pages that allowed calls in progress
 * may still pin. So programs that map at the same time cannot exceed a limit together. It decides
 * about calls that pin memory: a map into an address space with a page table, the attach of a
 * device or PASID that gives it one, and IOMMU_HWPT_ALLOC; and about IOMMU_IOAS_CHANGE_PROCESS, by
 * which a process takes over memory that another one has pinned. It never refuses a call that makes
 * no total grow.
 *
 * "The process" is the one whose memory the call pins, which need not be the caller.
 *
 * Restrictions: for cgroups above the process's own, the total is the current one plus the need of
 * this call, so calls at the same time may exceed those limits together. If a process takes over
 * memory from another cgroup below the same limit, that memory counts twice while the policy
 * decides. For a process in the root cgroup the total is that of the whole machine. Memory that is
 * pinned already stays pinned. For a cgroup deeper than 16 levels, the policy looks up the cgroup
 * itself and the upper 16 levels.
 */
#include <iommufd_policy.bpf.h>

#define MAX_DEPTH 16
#define KIB(bytes) ((bytes) >> 10)
#define KIB_UP(bytes) (((bytes) >> 10) + !!((bytes) & 1023))

IOMMUFD_PARAM(__u64, process_limit) = 0;
IOMMUFD_PARAM(__u64, uid_limit) = 0;
IOMMUFD_PARAM(__u64, cgroup_limit) = 0;
IOMMUFD_PARAM(__u32, error) = ENOMEM;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, iommufd_uid_t);
	__type(value, iommufd_bytes_t);
} uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, iommufd_cgroup_t);
	__type(value, iommufd_bytes_t);
} cgroups SEC(".maps");

/* Whether a total of the request exceeds a limit. Only a limit needs the totals. */
#define IS_OVER(req, total, limit) \
	({ \
		const __u64 ____limit = limit; \
		____limit && (iommufd_policy_totals(req), (req)->total > ____limit); \
	})

static __always_inline int check_user(const struct iommufd_policy_request *req)
{
	__u32 uid = req->uid;
	__u64 *own = bpf_map_lookup_elem(&uids, &uid);
	__u64 limit = own ? *own : uid_limit;

	if (IS_OVER(req, uid_after, limit)) {
		iommufd_reason_f(req, "uid %u: %llu of %llu KiB", uid, KIB_UP(req->uid_after),
				 KIB(limit));
		return -error;
	}
	if (own && !limit)
		return 0;
	limit = process_limit;
	if (IS_OVER(req, process_after, limit)) {
		iommufd_reason_f(req, "process: %llu of %llu KiB", KIB_UP(req->process_after),
				 KIB(limit));
		return -error;
	}
	return 0;
}

static __always_inline int refuse_cgroup(const struct iommufd_policy_request *req, __u64 cgroup,
					 __u64 after, __u64 limit)
{
	iommufd_reason_f(req, "cgroup %llu: %llu of %llu KiB", cgroup, KIB_UP(after), KIB(limit));
	return -error;
}

/* @need: bytes by which the totals of the cgroups above grow */
static __always_inline int check_cgroups(const struct iommufd_policy_request *req, __u64 need)
{
	__u64 cgroup = req->cgroup, above, after, limit, *own;

	own = bpf_map_lookup_elem(&cgroups, &cgroup);
	limit = own ? *own : cgroup_limit;
	if (IS_OVER(req, cgroup_after, limit))
		return refuse_cgroup(req, cgroup, req->cgroup_after, limit);
	for (int level = 0; level < MAX_DEPTH; level++) {
		above = iommufd_policy_ancestor(req, level);
		if (!above || above == cgroup)
			break;
		own = bpf_map_lookup_elem(&cgroups, &above);
		if (!own || !*own)
			continue;
		after = iommufd_pinned_cgroup(above) + need;
		if (after < need)
			after = -1ull;
		if (after > *own)
			return refuse_cgroup(req, above, after, *own);
	}
	return 0;
}

static __always_inline int check(const struct iommufd_policy_request *req)
{
	__u64 need = req->need;
	int ret;

	if (!need)
		return 0;
	ret = check_user(req);
	return ret ? ret : check_cgroups(req, need);
}

IOMMUFD_HOOK(ioas_map, quota_map)
{
	return check(req);
}

IOMMUFD_HOOK(device_attach, quota_attach)
{
	return check(req);
}

IOMMUFD_HOOK(hwpt_alloc, quota_hwpt)
{
	return check(req);
}

IOMMUFD_HOOK(pasid_attach, quota_pasid)
{
	return check(req);
}

IOMMUFD_HOOK(ioas_change_process, quota_change)
{
	int ret;

	if (!req->need)
		return 0;
	ret = check_user(req);
	if (ret)
		return ret;
	iommufd_policy_totals(req);
	/* Memory that a process of the same cgroup hands over is in the totals above already. */
	return check_cgroups(req, req->cgroup_after - req->cgroup_pinned);
}

IOMMUFD_POLICY(quota) = {
	.ioas_map = (void *)quota_map,
	.device_attach = (void *)quota_attach,
	.hwpt_alloc = (void *)quota_hwpt,
	.pasid_attach = (void *)quota_pasid,
	.ioas_change_process = (void *)quota_change,
	.name = "quota",
	.flags = IOMMUFD_POLICY_NO_TOTALS,
	.version = IOMMUFD_POLICY_VERSION,
};
