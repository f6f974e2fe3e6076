/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The members of struct iommufd_policy_request, by number, for sets of them.
 */
#ifndef _IOPOLICY_OBJECT_MEMBER_H
#define _IOPOLICY_OBJECT_MEMBER_H

/* clang-format off */
#define REQUEST_MEMBERS(M) \
	M(hook) M(flags) M(ctx) M(tgid) M(uid) M(device) M(cgroup) M(ioas) M(hwpt) M(pasid) \
	M(virt_pasid) M(pt) M(sbdf) M(vendor) M(product) M(group) M(prot) M(kind) M(hwpt_flags) \
	M(data_type) M(requests) M(iova) M(length) M(start) M(need) M(ctx_pinned) \
	M(process_pinned) M(uid_pinned) M(cgroup_pinned) M(ctx_after) M(process_after) \
	M(uid_after) M(cgroup_after) M(device_name) M(comm)

/* clang-format on */
#define REQUEST_MEMBER(name) REQUEST_##name,
enum request_member { REQUEST_MEMBERS(REQUEST_MEMBER) NR_REQUEST_MEMBERS };
#undef REQUEST_MEMBER
_Static_assert(NR_REQUEST_MEMBERS <= 64, "a bit for each member");

/* The name of a member, as in the struct. */
static inline const char *request_member__name(enum request_member member)
{
#define REQUEST_NAME(name) #name,
	static const char *const names[] = { REQUEST_MEMBERS(REQUEST_NAME) };
#undef REQUEST_NAME

	return names[member];
}

#endif /* _IOPOLICY_OBJECT_MEMBER_H */
