/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: BPF programs that decide which devices may be bound and attached, and which memory may
 * be mapped.
 *
 * The folders above ask the policies at each hook, before they do any work: they fill in a request
 * (request.c) and call iommufd_policy_decide(). The hooks and the request are defined in
 * include/iommufd_policy.h. policy.c keeps the loaded policies and runs their programs; bpf/ loads
 * policies as a BPF struct_ops. Nothing here knows objects or contexts.
 *
 *	no policy	The call is allowed and not counted. A hook costs one patched branch.
 *	refusal		The call fails with the policy's error, before it has done
 *			anything.
 *	invalid value	A return value that is no errno of user space, -1 to -511, is
 *			treated as -EPERM, and counted.
 *	slow program	A call is refused with -ETIMEDOUT if a program took more CPU time
 *			than the budget of its policy allows.
 *	unload		Waits for the programs of this policy that are running, as a replace
 *			does. While BPF replaces a policy, or detaches it by force, loads and
 *			replaces of others wait, too; see policy.c.
 *	missing		Calls at the hooks of IOMMUFD_HOOKS_GUARDED are refused with -EPERM
 *			while a required or sealed policy is not in force; see required.c. So
 *			are calls that ask no policy, but give a device access to memory, by
 *			iommufd_policy_guard(). They are in the history, too.
 *	the log		Load, replace and unload leave one line each, with the uid. The
 *			close of the link's last file descriptor is an unload. A policy that
 *			ends without one, because a process has ended or a pin was removed,
 *			leaves a line, too.
 *
 * Detach, unbind, close and exit have no hook.
 *
 * A policy with the flag IOMMUFD_POLICY_TRIAL is not one of the loaded policies: no call asks it,
 * and nothing of the above applies to it. See trial.c.
 *
 * Totals. A limit must hold even if two calls are decided at the same time, and refused calls must
 * not use it up. Therefore a call reserves the pages that it may pin after it was allowed, and only
 * if no total has grown since the policies saw it; otherwise they are asked again (struct
 * umem_reservation). A call that has to pin more than it reserved, because the address space has
 * changed, undoes its work and asks again.
 *
 * The first policy that needs totals has them summed up: before its program runs, or, if it has the
 * flag IOMMUFD_POLICY_NO_TOTALS, when the program calls iommufd_policy_totals(). A call whose
 * totals no policy has seen reserves nothing, because no limit depends on it.
 *
 * Locks: see policy.c. The caller holds none that a detach, a close or an iterator takes.
 */
#ifndef _IOMMUFD_POLICY_KERNEL_H
#define _IOMMUFD_POLICY_KERNEL_H

#include <linux/err.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/types.h>

#include <iommufd_policy.h>
#include "iopt/iopt.h"

struct bpf_link;
struct cgroup;
struct device;
struct iommufd_policy_ops;

extern struct static_key_false iommufd_policy_keys[IOMMUFD_HOOKS];

/* True if a loaded policy has the hook, IOMMUFD_HOOK_@ID. Costs one patched branch. */
#define iommufd_policy_has(ID) static_branch_unlikely(&iommufd_policy_keys[IOMMUFD_HOOK_##ID])

/* Enabled while a policy that must be in force is missing. */
extern struct static_key_false iommufd_policy_missing_key;

/**
 * struct iommufd_policy_call - a request while policies decide on it
 * @request: the part that programs see
 * @reason: the reason that its program has given
 * @totals: totals of the context; NULL if the request is made up to try a policy, see trial.c
 * @pid: the process of the request, to tell it from one that had the same id
 * @cgroup: cgroup that decides which policies apply; NULL for that of the calling process
 * @object: id of the object concerned, for the tracepoint
 * @summed: a policy needed the totals of the request, so they are filled in
 * @margin: pages that are added to the totals, see iommufd_policy_decide(); if there are any, the
 *	verdicts are neither counted nor traced
 * @grant: for the totals
 */
struct iommufd_policy_call {
	struct iommufd_policy_request request;
	char reason[IOMMUFD_POLICY_REASON_LEN];
	struct umem_totals *totals;
	struct pid *pid;
	struct cgroup *cgroup;
	u32 object;
	bool summed;
	unsigned long margin;
	struct umem_grant *grant;
};

/* policy.c */
u32 iommufd_policy_hooks(const struct iommufd_policy_ops *ops);
int iommufd_policy_ask(struct iommufd_policy_call *call);
int iommufd_policy_add(struct iommufd_policy_ops *ops, const struct bpf_link *link);
int iommufd_policy_replace(struct iommufd_policy_ops *ops, struct iommufd_policy_ops *old,
			   const struct bpf_link *link);
void iommufd_policy_remove(struct iommufd_policy_ops *ops, bool detached);
int iommufd_policy_seal(u32 id);
int iommufd_policy_require(void);
void iommufd_policy_exit(void);
bool iommufd_policy_next(unsigned int *index, u32 *last_id, struct iommufd_policy_info *info);

/* history.c */
bool iommufd_history_next(u64 after, u64 *until, u32 *slot, struct iommufd_refusal_info *info);

/* required.c */
bool iommufd_policy_name_ok(const char *name);

/* verdict.c */
void iommufd_policy_leave_reason(const struct iommufd_policy_request *request, const char *text,
				 u32 size);

/* trial.c */
int iommufd_trial_add(struct iommufd_policy_ops *ops, const struct bpf_link *link);
void iommufd_trial_remove(const struct bpf_link *link);
int iommufd_trial_run(u32 link, const void *request, u32 size, struct iommufd_policy_trial *result);

/* Saturate, so that a total that does not fit does not look small. */
static inline u64 iommufd_policy_bytes(unsigned long pages)
{
	return size_mul(pages, PAGE_SIZE);
}

/* totals.c */
void iommufd_policy_fill_totals(const struct iommufd_policy_request *request);
void iommufd_policy_want_totals(const struct iommufd_policy_request *request);

/* request.c */
u64 iommufd_policy_request_ancestor(const struct iommufd_policy_request *request, u32 level);
void iommufd_policy_begin(struct iommufd_policy_call *call, enum iommufd_policy_hook hook,
			  struct umem_totals *totals);
void iommufd_policy_set_owner(struct iommufd_policy_call *call, const struct umem_owner *owner);
void iommufd_policy_add_device(struct iommufd_policy_request *req, struct device *dev);
int iommufd_policy_decide(struct iommufd_policy_call *call, struct umem_reservation *reservation,
			  unsigned long pages);
int iommufd_policy_decide_shares(struct iommufd_policy_call *call,
				 struct umem_reservation *reservation, struct umem_shares *shares);
int iommufd_policy_guard_slow(struct umem_totals *totals, enum iommufd_policy_hook hook);

/**
 * iommufd_policy_guard() - refuse a call that asks no policy, while one is missing
 * @totals: totals of the context
 * @hook: the hook that is nearest to the call, for the report
 *
 * Return: 0; -EPERM if a policy that must be in force is missing.
 */
static inline int iommufd_policy_guard(struct umem_totals *totals, enum iommufd_policy_hook hook)
{
	return static_branch_unlikely(&iommufd_policy_missing_key) ?
		       iommufd_policy_guard_slow(totals, hook) :
		       0;
}

/**
 * struct iommufd_policy_change - a change of the owners of memory that policies are asked about
 * @change: make the change if @grant is still valid; returns 0, -EAGAIN if it is not, or an error
 */
struct iommufd_policy_change {
	int (*change)(struct iommufd_policy_change *change, struct umem_grant *grant);
};

int iommufd_policy_ask_change(struct iommufd_policy_change *change, struct umem_totals *totals,
			      const struct umem_needs *needs);
int iommufd_policy_ask_map(struct iopt_approver *approver, const struct iopt_target *target);
int iommufd_policy_ask_unmap(struct umem_totals *totals, u32 ioas, u64 iova, u64 length);

/**
 * struct iommufd_policy_map - a map that policies are asked about
 * @approver: the part that iopt_map() and iopt_copy_to() use
 * @totals: totals of the context
 * @ioas: id of the address space
 * @pinned: the memory is pinned already
 * @kind: enum iommufd_memory_kind
 * @start: @start of the request
 * @pages: pages of memory in the range, all of the calling process
 * @shares: for a copy: the pages by their owners, instead of @pages; NULL for other maps
 */
struct iommufd_policy_map {
	struct iopt_approver approver;
	struct umem_totals *totals;
	u32 ioas;
	bool pinned;
	u32 kind;
	u64 start;
	unsigned long pages;
	struct umem_shares *shares;
};

/* Count the pages that a range of memory touches. */
static inline unsigned long iommufd_policy_pages(u64 start, u64 length)
{
	return ((length - 1 + offset_in_page(start)) >> PAGE_SHIFT) + 1;
}

/* Prepare to ask policies about a map. @map is filled in only if a policy has the hook. */
#define iommufd_policy_begin_map(target, map, args...) \
	do { \
		if (iommufd_policy_has(IOAS_MAP)) { \
			*(map) = (struct iommufd_policy_map){ \
				.approver.ask = iommufd_policy_ask_map, args \
			}; \
			(target)->approver = &(map)->approver; \
		} \
	} while (0)

/*
 * End the reservation of a map, after it has succeeded or failed and its pinned pages are charged.
 * Returns true if the map failed because it had to pin more than it reserved.
 */
static inline bool iommufd_policy_end_map(const struct iopt_target *target)
{
	struct iopt_approver *approver = target->approver;

	if (likely(!approver))
		return false;
	umem_reservation_end(&approver->reservation);
	return approver->reservation.exceeded;
}

#endif
