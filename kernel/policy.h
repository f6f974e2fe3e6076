/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: BPF programs that decide what may be bound, attached and mapped.
 *
 * The other layers call the functions of policy_hooks.c at fixed points, before the work. While no
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
 * Totals. A rule on a total must hold when two calls are decided on at once. So what a call may pin
 * is noted down before a policy is asked (struct umem_ticket), and counts for all who ask
 * meanwhile. A call that comes to pin more than it was asked about, since the address space has
 * changed meanwhile, takes back what it did and asks again.
 */
#ifndef _IOMMUFD_POLICY_KERNEL_H
#define _IOMMUFD_POLICY_KERNEL_H

#include <linux/err.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "../include/iommufd_policy.h"
#include "umem_owner.h"

struct bpf_link;
struct device;
struct iommufd_change;
struct iommufd_ctx;
struct iommufd_device;
struct iommufd_hwpt;
struct iommufd_ioas;
struct iommufd_object;
struct iommufd_policy;
struct iommufd_policy_ops;
struct iommu_hwpt_alloc;
struct iopf_group;

DECLARE_STATIC_KEY_FALSE(iommufd_policy_bind);
DECLARE_STATIC_KEY_FALSE(iommufd_policy_attach);
DECLARE_STATIC_KEY_FALSE(iommufd_policy_map);
DECLARE_STATIC_KEY_FALSE(iommufd_policy_unmap);
DECLARE_STATIC_KEY_FALSE(iommufd_policy_hwpt);
DECLARE_STATIC_KEY_FALSE(iommufd_policy_pasid_new);
DECLARE_STATIC_KEY_FALSE(iommufd_policy_pasid_attach);
DECLARE_STATIC_KEY_FALSE(iommufd_policy_faults);

/**
 * struct iommufd_policy_call - a request on its way through the policies
 * @request: what they see
 * @policy: the one that is asked now
 * @reason: what it has left as its reason
 * @ctx: the context
 * @object: id of what is concerned, for the tracepoint
 */
struct iommufd_policy_call {
	struct iommufd_policy_request request;
	struct iommufd_policy *policy;
	char reason[IOMMUFD_POLICY_REASON_LEN];
	struct iommufd_ctx *ctx;
	u32 object;
};

/* policy.c */
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

/* policy_hooks.c: see there */
int iommufd_ask_bind(struct iommufd_ctx *ctx, struct device *dev);
int iommufd_ask_attach(const struct iommufd_change *change, struct iommufd_object *pt,
		       struct umem_ticket *ticket);
int iommufd_ask_hwpt(struct iommufd_device *idev, struct iommufd_object *pt,
		     const struct iommu_hwpt_alloc *cmd, struct umem_ticket *ticket);
int iommufd_ask_pasid(struct iommufd_device *idev, u32 flags, u32 pasid, u32 virt_pasid);
int iommufd_ask_unmap(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas, u64 iova, u64 length);
int iommufd_ask_fault(struct iopf_group *group, struct iommufd_hwpt *hwpt);
/**
 * struct iommufd_policy_map - a map that policies may be asked about
 * @ctx: the context
 * @ioas: where to
 * @fixed: the address is the caller's choice
 * @prot: IOMMU_READ, IOMMU_WRITE
 * @kind: enum iommufd_memory_kind
 * @start: for the request
 * @pinned: the memory is pinned already
 * @pins: there is a page table, so mapping it pins it; set by iopt.c
 * @pages: pages behind it
 * @ticket: to be ended when the map is done, or has failed
 *
 * iopt.c has an iommufd_policy_map in its struct iopt_work, and asks when the place is chosen.
 */
struct iommufd_policy_map {
	struct iommufd_ctx *ctx;
	struct iommufd_ioas *ioas;
	bool fixed;
	bool pinned;
	bool pins;
	int prot;
	u32 kind;
	u64 start;
	unsigned long pages;
	struct umem_ticket ticket;
};

/* Pages behind a range of memory. */
static inline unsigned long iommufd_policy_pages(u64 start, u64 length)
{
	return ((length - 1 + offset_in_page(start)) >> PAGE_SHIFT) + 1;
}

int iommufd_policy_ask_map(struct iommufd_policy_map *map, unsigned long iova,
			   unsigned long length);

/* Have policies asked about a map, if there are any: @map is filled in then. */
#define iommufd_policy_begin_map(work, map, args...) \
	do { \
		if (static_branch_unlikely(&iommufd_policy_map)) { \
			*(map) = (struct iommufd_policy_map){ args }; \
			(work)->policy = (map); \
		} \
	} while (0)

/* The map is done, or has failed, and what it has pinned is accounted. */
#define iommufd_policy_end_map(work) \
	do { \
		if (unlikely((work)->policy)) { \
			umem_ticket_end(&(work)->policy->ticket); \
			(work)->policy = NULL; \
			(work)->pin.ticket = NULL; \
		} \
	} while (0)

#endif
