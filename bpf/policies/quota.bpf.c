// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota: limits of the memory that is pinned for devices, by cgroup, user and process.
 *
 * RLIMIT_MEMLOCK limits it, too, but by user (or process) only, and whoever has CAP_IPC_LOCK is
 * free of it. These limits hold for everybody whom the policy is for, root included.
 *
 *	iopolicy load build/policies/quota.bpf.o --set uid_limit=1073741824
 *
 * Parameters, in bytes, 0 is no limit:
 *	process_limit	what one process may have pinned
 *	uid_limit	what all processes of one user may have
 *	cgroup_limit	what the cgroup of the caller may have, with all below it
 *	error		errno of a refusal: 12, ENOMEM, which is that of RLIMIT_MEMLOCK
 *
 * Maps, for those that differ; they may be changed at any time. Keys and values are 4 and 8 bytes,
 * lowest first:
 *	uids		user -> bytes in place of uid_limit; 0: no limit, nor for its processes
 *	cgroups		cgroup -> bytes that it may have with all below it, in place of
 *			cgroup_limit; 0: no limit. The caller's is looked for, and all above it.
 *
 * 64 GiB for the user 1000, and none for a cgroup, whose id is the inode of its folder:
 *
 *	bpftool map update pinned /sys/fs/bpf/iommufd/quota/maps/uids \
 *		key 0xe8 3 0 0 value 0 0 0 0 16 0 0 0
 *	stat -c %i /sys/fs/cgroup/machine.slice			# say 4242, 0x1092
 *	bpftool map update pinned /sys/fs/bpf/iommufd/quota/maps/cgroups \
 *		key 0x92 0x10 0 0 0 0 0 0 value 0 0 0 0 0 0 0 0
 *
 * What is compared is the total as it will be, with all calls that are being worked on: programs
 * that map at the same time cannot exceed a limit together. What pins is asked: a map into an
 * address space with a page table, the attach of a device or PASID that gives it one, and a page
 * table made by hand. A call that pins nothing is never refused.
 *
 * Limits: for cgroups above the caller's own the total is that of now and what this call needs, so
 * that calls at the same time may exceed those together. A process in the root cgroup is compared
 * with the whole machine. What was pinned before stays. Cgroups deeper than 16 levels count for
 * themselves and the upper 16.
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
	__type(key, __u32);
	__type(value, __u64);
} uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64);
} cgroups SEC(".maps");

static __always_inline bool is_over(__u64 after, __u64 limit)
{
	return limit && after > limit;
}

static __always_inline int check_user(const struct iommufd_policy_request *req)
{
	__u32 uid = req->uid;
	__u64 *own = bpf_map_lookup_elem(&uids, &uid);
	__u64 limit = own ? *own : uid_limit;

	if (is_over(req->uid_after, limit)) {
		iommufd_reason_f(req, "uid %u: %llu of %llu KiB", uid, KIB_UP(req->uid_after),
				 KIB(limit));
		return -error;
	}
	if (own && !limit)
		return 0;
	limit = process_limit;
	if (is_over(req->process_after, limit)) {
		iommufd_reason_f(req, "process: %llu of %llu KiB", KIB_UP(req->process_after),
				 KIB(limit));
		return -error;
	}
	return 0;
}

static __always_inline int check_cgroup(const struct iommufd_policy_request *req, __u64 cgroup,
					__u64 after, __u64 limit)
{
	if (!is_over(after, limit))
		return 0;
	iommufd_reason_f(req, "cgroup %llu: %llu of %llu KiB", cgroup, KIB_UP(after), KIB(limit));
	return -error;
}

static __always_inline int check_cgroups(const struct iommufd_policy_request *req)
{
	__u64 cgroup = req->cgroup, need = req->need, above, after, *own;
	int ret;

	own = bpf_map_lookup_elem(&cgroups, &cgroup);
	ret = check_cgroup(req, cgroup, req->cgroup_after, own ? *own : cgroup_limit);
	for (int level = 0; level < MAX_DEPTH && !ret; level++) {
		above = bpf_get_current_ancestor_cgroup_id(level);
		if (!above || above == cgroup)
			break;
		own = bpf_map_lookup_elem(&cgroups, &above);
		if (!own || !*own)
			continue;
		after = iommufd_pinned_cgroup(above) + need;
		if (after < need)
			after = -1ull;
		ret = check_cgroup(req, above, after, *own);
	}
	return ret;
}

static __always_inline int check(const struct iommufd_policy_request *req)
{
	int ret;

	if (!req->need)
		return 0;
	ret = check_user(req);
	return ret ? ret : check_cgroups(req);
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

IOMMUFD_POLICY(quota) = {
	.ioas_map = (void *)quota_map,
	.device_attach = (void *)quota_attach,
	.hwpt_alloc = (void *)quota_hwpt,
	.pasid_attach = (void *)quota_pasid,
	.name = "quota",
	.version = IOMMUFD_POLICY_VERSION,
};
