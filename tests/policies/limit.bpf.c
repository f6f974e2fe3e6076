// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy for tests: it refuses maps of one length, keeps the last length of each process in a
 * map, and has a parameter of each kind.
 */
#include "iommufd_policy.bpf.h"

IOMMUFD_PARAM(__u64, bad_bytes) = 3 * 4096;
IOMMUFD_PARAM(__s32, error) = EDQUOT;
IOMMUFD_PARAM(bool, no_unmap) = false;
IOMMUFD_PARAM(__u8, small) = 7;
IOMMUFD_PARAM(__s8, tiny) = -1;
IOMMUFD_PARAM(__s64, wide) = -5;
IOMMUFD_PARAM(char, label[16]) = "limit";
IOMMUFD_PARAM(__u32, several[2]) = { 1, 2 };

__u64 asked;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

IOMMUFD_HOOK(ioas_map, on_map)
{
	__u32 tgid = req->tgid;
	__u64 length = req->length;

	__sync_fetch_and_add(&asked, 1);
	bpf_map_update_elem(&lengths, &tgid, &length, BPF_ANY);
	if (length != bad_bytes)
		return 0;
	iommufd_reason_f(req, "%s: %llu bytes", (__u64)label, length);
	return -error;
}

IOMMUFD_HOOK_NOSLEEP(ioas_unmap, on_unmap)
{
	if (!no_unmap || small != 7 || tiny >= 0 || wide != -5 || several[1] != 2)
		return 0;
	iommufd_reason(req, "no unmap");
	return -EBUSY;
}

IOMMUFD_POLICY(limit) = {
	.ioas_map = (void *)on_map,
	.ioas_unmap = (void *)on_unmap,
	.name = "limit",
	.priority = 10,
	.version = IOMMUFD_POLICY_VERSION,
};
