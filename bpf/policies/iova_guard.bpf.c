// SPDX-License-Identifier: GPL-2.0-only
/*
 * iova_guard: IOVAs may be mapped only in windows.
 *
 * Use it so that programs which share an address space keep to their own ranges, and so that
 * addresses with a meaning for the machine (peer-to-peer windows of a switch, 32-bit addresses of
 * old devices) are never mapped.
 *
 *	iopolicy load build/policies/iova_guard.bpf.o \
 *		--set start1=0x100000000 --set last1=0x1ffffffff
 *
 * Parameters:
 *	start1, last1 ... start8, last8
 *			windows for all callers, first and last address; last 0: not used
 *	default_allow	verdict for a caller without any window, by parameters or by maps: 0
 *			refuses, 1 allows
 *
 * Maps with more windows; the value is a range of addresses:
 *	uids		user, and a number from 0 to 7
 *	cgroups		cgroup, and a number from 0 to 7; applies to all cgroups below it, too
 *
 * The first window of user 1000 is 4 to 8 GiB:
 *
 *	iopolicy map iova_guard uids set 1000,0=4G+4G
 *
 * All bytes of a map or copy must lie in one window, else it is refused with EPERM; two adjacent
 * windows are still two. A program that lets the kernel choose addresses must set the same windows
 * with IOMMU_IOAS_ALLOW_IOVAS, because the kernel does not know the windows of this policy.
 *
 * Restrictions: existing maps stay. The policy does not look at the memory of a process (SVA),
 * which has the process's addresses, nor at the addresses in page tables that a guest manages: they
 * lead only to maps in windows. For a cgroup deeper than 16 levels, the windows of the
 * cgroup itself and of the upper 16 levels apply.
 */
#include <iommufd_policy.bpf.h>

#define MAX_DEPTH 16
#define MAX_WINDOWS 8

#define WINDOW(n) \
	IOMMUFD_PARAM(__u64, start##n) = 0; \
	IOMMUFD_PARAM(__u64, last##n) = 0

WINDOW(1);
WINDOW(2);
WINDOW(3);
WINDOW(4);
WINDOW(5);
WINDOW(6);
WINDOW(7);
WINDOW(8);
IOMMUFD_PARAM(bool, default_allow) = false;

struct window {
	iommufd_addr_t start;
	iommufd_addr_t last;
};

struct uid_key {
	iommufd_uid_t uid;
	__u32 index;
};

struct cgroup_key {
	iommufd_cgroup_t cgroup;
	__u64 index;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct uid_key);
	__type(value, struct window);
} uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct cgroup_key);
	__type(value, struct window);
} cgroups SEC(".maps");

/* @known: the caller has a window; @inside: the range lies in one */
struct verdict {
	__u64 first;
	__u64 last;
	bool known;
	bool inside;
};

static __always_inline void look(struct verdict *verdict, __u64 start, __u64 last)
{
	if (!last)
		return;
	verdict->known = true;
	if (verdict->first >= start && verdict->last <= last)
		verdict->inside = true;
}

static __always_inline void look_params(struct verdict *verdict)
{
	look(verdict, start1, last1);
	look(verdict, start2, last2);
	look(verdict, start3, last3);
	look(verdict, start4, last4);
	look(verdict, start5, last5);
	look(verdict, start6, last6);
	look(verdict, start7, last7);
	look(verdict, start8, last8);
}

static __always_inline void look_uid(struct verdict *verdict, __u32 uid)
{
	struct uid_key key = { .uid = uid };
	struct window *window;

	for (int i = 0; i < MAX_WINDOWS; i++) {
		key.index = i;
		window = bpf_map_lookup_elem(&uids, &key);
		if (window)
			look(verdict, window->start, window->last);
	}
}

/* Not inlined, so that the verifier checks it only once. */
static __noinline int look_cgroup(struct verdict *verdict, __u64 cgroup)
{
	struct cgroup_key key = { .cgroup = cgroup };
	struct window *window;

	for (int i = 0; i < MAX_WINDOWS; i++) {
		key.index = i;
		window = bpf_map_lookup_elem(&cgroups, &key);
		if (window)
			look(verdict, window->start, window->last);
	}
	return 0;
}

static __always_inline void look_cgroups(struct verdict *verdict,
					 const struct iommufd_policy_request *req)
{
	__u64 cgroup = req->cgroup, above;

	look_cgroup(verdict, cgroup);
	for (int level = 0; level < MAX_DEPTH; level++) {
		above = iommufd_policy_ancestor(req, level);
		if (!above || above == cgroup)
			break;
		look_cgroup(verdict, above);
	}
}

IOMMUFD_HOOK(ioas_map, iova_guard_map)
{
	struct verdict verdict = {
		.first = req->iova,
		.last = req->iova + req->length - 1,
	};

	/* A range whose end wraps around is in no window. */
	look_params(&verdict);
	if (!verdict.inside)
		look_uid(&verdict, req->uid);
	if (!verdict.inside)
		look_cgroups(&verdict, req);
	if (verdict.last >= verdict.first && verdict.inside)
		return 0;
	if (!verdict.known && default_allow)
		return 0;
	iommufd_reason_f(req, "0x%llx+0x%llx outside all windows", req->iova, req->length);
	return -EPERM;
}

IOMMUFD_POLICY(iova_guard) = {
	.ioas_map = (void *)iova_guard_map,
	.name = "iova_guard",
	.flags = IOMMUFD_POLICY_NO_TOTALS,
	.version = IOMMUFD_POLICY_VERSION,
};
