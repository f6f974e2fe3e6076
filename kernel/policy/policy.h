/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: BPF programs that decide what may be bound, attached and mapped.
 *
 * The other layers call the functions of policy_hooks.c at fixed points, before the stats. While no
 * policy has a hook, its point costs one patched branch. What is asked follows from
 * include/iommufd_policy.h; who answers, and in which order, policy.c knows; how a policy gets here
 * as a BPF struct_ops, policy_ops.c.
 *
 *	absent		no policy has the hook: everything is allowed, nothing is counted
 *	refuses		the call fails with what the policy said, before anything was done
 *	fails		a policy that says what is no errno refuses with -EPERM, and that is counted
 *	unloaded	in the middle of a call: the call goes on with the policies it began with
 *
 * Detach, unbind, close and exit have no hook.
 *
 * Totals. A rule on a total must hold when two calls are decided on at once, and must not be used up
 * by calls that are refused. So a call reserves what it may pin after it was allowed, and only if the
 * totals have not grown since; otherwise the policies are asked again (struct umem_reservation). A
 * call that has to pin more than it has reserved, because the address space has changed meanwhile,
 * undoes what it did and asks again.
 */
#ifndef _IOMMUFD_POLICY_KERNEL_H
#define _IOMMUFD_POLICY_KERNEL_H

#include <linux/err.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/types.h>

#include <iommufd_policy.h>
#include "iopt/iopt.h"

struct bpf_link;
struct cgroup;
struct device;
struct iommufd_policy;
struct iommufd_policy_ops;

extern struct static_key_false iommufd_policy_keys[IOMMUFD_HOOKS];

/* True if a loaded policy has the hook, IOMMUFD_HOOK_@ID. Costs one patched branch. */
#define iommufd_policy_has(ID) static_branch_unlikely(&iommufd_policy_keys[IOMMUFD_HOOK_##ID])

/**
 * struct iommufd_policy_call - a request on its way through the policies
 * @request: what they see
 * @policy: the one that is asked now
 * @reason: what it has left as its reason
 * @totals: of the context
 * @cgroup: whose cgroup decides which policies apply; NULL for the calling process's
 * @object: id of what is concerned, for the tracepoint
 */
struct iommufd_policy_call {
	struct iommufd_policy_request request;
	struct iommufd_policy *policy;
	char reason[IOMMUFD_POLICY_REASON_LEN];
	struct umem_totals *totals;
	struct cgroup *cgroup;
	u32 object;
};

/* policy.c */
u32 iommufd_policy_hooks(const struct iommufd_policy_ops *ops);
int iommufd_policy_ask(struct iommufd_policy_call *call);
void iommufd_policy_leave_reason(const struct iommufd_policy_request *request, const char *text,
				 u32 size);
int iommufd_policy_add(struct iommufd_policy_ops *ops, const struct bpf_link *link);
int iommufd_policy_replace(struct iommufd_policy_ops *ops, struct iommufd_policy_ops *old,
			   const struct bpf_link *link);
void iommufd_policy_remove(struct iommufd_policy_ops *ops);
void iommufd_policy_exit(void);
bool iommufd_policy_next(unsigned int *index, u32 *last_id, struct iommufd_policy_info *info);

/* policy_ops.c */
int iommufd_policy_init(void);

/* kfunc.c */
int iommufd_kfunc_init(void);

/* request.c */
void iommufd_policy_begin(struct iommufd_policy_call *call, enum iommufd_policy_hook hook,
			  struct umem_totals *totals);
void iommufd_policy_add_device(struct iommufd_policy_request *req, struct device *dev);
int iommufd_policy_decide(struct iommufd_policy_call *call, struct umem_reservation *reservation,
			  unsigned long pages);
int iommufd_policy_ask_map(struct iopt_permit *permit, unsigned long iova, unsigned long length);
int iommufd_policy_ask_unmap(struct umem_totals *totals, u32 ioas, u64 iova, u64 length);

/**
 * struct iommufd_policy_map - a map that policies are asked about
 * @permit: what iopt_map_user() and its like get
 * @totals: of the context
 * @ioas: id of the address space
 * @fixed: the caller chose the address
 * @prot: IOMMU_READ, IOMMU_WRITE
 * @kind: enum iommufd_memory_kind
 * @start: for the request
 * @pinned: the memory is pinned already
 * @pages: pages behind it
 */
struct iommufd_policy_map {
	struct iopt_permit permit;
	struct umem_totals *totals;
	u32 ioas;
	bool fixed;
	bool pinned;
	int prot;
	u32 kind;
	u64 start;
	unsigned long pages;
};

/* Pages behind a range of memory. */
static inline unsigned long iommufd_policy_pages(u64 start, u64 length)
{
	return ((length - 1 + offset_in_page(start)) >> PAGE_SHIFT) + 1;
}

/* Have policies asked about a map, if there are any: only then @map is filled in. */
#define iommufd_policy_begin_map(stats, map, args...) \
	do { \
		if (iommufd_policy_has(IOAS_MAP)) { \
			*(map) = \
				(struct iommufd_policy_map){ .permit.ask = iommufd_policy_ask_map, \
							     args }; \
			(stats)->permit = &(map)->permit; \
		} \
	} while (0)

/*
 * The map is done, or has failed, and what it has pinned is accounted. Returns true if it failed
 * because it had to pin more than policies were asked about.
 */
static inline bool iommufd_policy_end_map(struct iopt_stats *stats)
{
	struct iopt_permit *permit = stats->permit;

	if (likely(!permit))
		return false;
	umem_reservation_end(&permit->reservation);
	stats->permit = NULL;
	stats->pin.reservation = NULL;
	return permit->reservation.exceeded;
}

#endif
