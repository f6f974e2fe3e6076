/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations shared by the files of policy/ alone: policy.c has the loaded policies, verdict.c
 * runs the program of one of them, required.c has the names of those that must be loaded, history.c
 * keeps refusals, trial.c has the policies that are only tried.
 */
#ifndef _IOMMUFD_POLICY_INTERNAL_H
#define _IOMMUFD_POLICY_INTERNAL_H

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/jiffies.h> /* TICK_NSEC */
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/wait.h>

#include "policy/policy.h"
#include "policy/policy_ops.h"

/**
 * struct iommufd_policy_use - the use of a policy on one CPU
 * @running: programs that have begun minus those that have ended; only the sum over all CPUs has a
 *	meaning
 * @allowed: requests allowed at each hook. Requests are usually allowed, and a count that CPUs
 *	share would cost each of them more than a short program.
 */
struct iommufd_policy_use {
	unsigned long running;
	u64 allowed[IOMMUFD_HOOKS];
};

/**
 * struct count - other verdicts of a policy at one hook
 * @denied: requests refused
 * @would_deny: requests that were not refused because of audit mode
 * @invalid: those of the last two whose program returned no errno of user space
 */
struct count {
	atomic64_t denied;
	atomic64_t would_deny;
	atomic64_t invalid;
};

/**
 * struct iommufd_policy - a loaded policy
 * @id: its number
 * @link: the BPF link, or NULL; the link gets its id only after the policy is loaded
 * @ops: the struct_ops
 * @budget_ns: CPU time that a program may take; U64_MAX for no limit
 * @budget_jiffies: jiffies that pass only if at least this time does; ULONG_MAX for no limit
 * @use: its running programs, and how often they have allowed a request
 * @ended: it has been replaced or unloaded, so no program of it begins any more
 * @idle: woken for each program that ends after @ended was set
 * @successor: the policy that has replaced it, or NULL
 * @rcu: to free it, see policies_srcu
 * @counts: its own counts
 * @required: the module parameter names it, so it is not ejected
 * @sealed: it cannot be replaced, and the driver holds @link; changed under policies_lock, and set
 *	under @last_lock, unless @ejected is
 * @ejected: it has exceeded its budget, so that it only audits; set once, under @last_lock, unless
 *	@sealed is
 * @last_lock: protects the members below
 * @carried: counts of the policies that it replaced
 * @warned: time of the last line in the log about the budget, in jiffies; 0 for never
 * @last_hook: hook of the last refusal; this and the next three stay as they are once @ejected is
 *	set, so that they tell why
 * @last_ret: errno of the last refusal
 * @last_tgid: process whose request was refused
 * @reason: the program's reason for the last refusal
 */
struct iommufd_policy {
	u32 id;
	const struct bpf_link *link;
	struct iommufd_policy_ops *ops;
	u64 budget_ns;
	unsigned long budget_jiffies;
	struct iommufd_policy_use __percpu *use;
	bool ended;
	wait_queue_head_t idle;
	struct iommufd_policy __rcu *successor;
	struct rcu_head rcu;
	struct count counts[IOMMUFD_HOOKS];
	bool required;
	bool sealed;
	bool ejected;
	spinlock_t last_lock; /* protects the members below */
	struct iommufd_policy_count carried[IOMMUFD_HOOKS];
	unsigned long warned;
	u32 last_hook;
	int last_ret;
	u32 last_tgid;
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

typedef int (*hook_fn_t)(const struct iommufd_policy_request *req);

/* The hooks are the first members of the struct, in the order of enum iommufd_policy_hook. */
static inline hook_fn_t hook_of(const struct iommufd_policy_ops *ops, u32 hook)
{
	static_assert(offsetof(struct iommufd_policy_ops, cgroup) ==
		      IOMMUFD_HOOKS * sizeof(hook_fn_t));
	return ((const hook_fn_t *)ops)[hook];
}

static inline bool is_audit(const struct iommufd_policy *policy)
{
	return policy->ops->flags & IOMMUFD_POLICY_AUDIT || READ_ONCE(policy->ejected);
}

/* The CPU time that a program may take; U64_MAX for no limit. */
static inline u64 budget_ns(const struct iommufd_policy_ops *ops)
{
	if (ops->budget_ms == IOMMUFD_POLICY_BUDGET_NONE)
		return U64_MAX;
	return (u64)(ops->budget_ms ?: IOMMUFD_POLICY_BUDGET_MS) * NSEC_PER_MSEC;
}

/* Whether a program took longer. The CPU time of a thread may be a tick too long. */
static inline bool is_over_budget(u64 budget, u64 ns)
{
	return unlikely(ns > budget && ns - budget > TICK_NSEC);
}

/* Errnos from ERESTARTSYS, 512, on are the kernel's own, and must not reach user space. */
static inline bool is_verdict(int ret)
{
	return ret <= 0 && ret > -ERESTARTSYS;
}

/* The flags, with those that the driver sets. */
static inline u32 flags_of(const struct iommufd_policy *policy)
{
	return policy->ops->flags | (READ_ONCE(policy->sealed) ? IOMMUFD_POLICY_SEALED : 0) |
	       (policy->required ? IOMMUFD_POLICY_REQUIRED : 0) |
	       (READ_ONCE(policy->ejected) ? IOMMUFD_POLICY_AUDIT | IOMMUFD_POLICY_EJECTED : 0);
}

/* lifetime.c */
struct iommufd_policy *iommufd_policy_alloc(struct iommufd_policy_ops *ops,
					    const struct bpf_link *link);
void iommufd_policy_free(struct iommufd_policy *policy);
void iommufd_policy_free_rcu(struct rcu_head *rcu);
void iommufd_policy_end_calls(struct iommufd_policy *policy);

/* history.c */

/**
 * struct iommufd_refuser - a policy that has refused a call
 * @policy: its id; 0 if it is missing
 * @flags: IOMMUFD_POLICY_*
 * @name: its name
 */
struct iommufd_refuser {
	u32 policy;
	u32 flags;
	const char *name;
};

int iommufd_history_init(void);
void iommufd_history_exit(void);
void iommufd_history_add(const struct iommufd_refuser *by, const struct iommufd_policy_call *call,
			 int ret);

/* verdict.c */
int iommufd_policy_ask_one(struct iommufd_policy *policy, hook_fn_t program,
			   struct iommufd_policy_call *call);
void iommufd_policy_slow_reason(char reason[IOMMUFD_POLICY_REASON_LEN], u32 took, u32 budget);

/* trial.c */
void iommufd_trial_show_totals(struct iommufd_policy_call *call);

/* required.c */

/**
 * struct iommufd_needed - a policy that must be in force
 * @list: in iommufd_needed
 * @required: the module parameter names it
 * @sealed: it was sealed
 * @missing: it is not in force
 * @name: its name
 */
struct iommufd_needed {
	struct list_head list;
	bool required;
	bool sealed;
	bool missing;
	char name[IOMMUFD_POLICY_NAME_LEN];
};

extern struct list_head iommufd_needed;

int iommufd_needed_init(void);
void iommufd_needed_exit(void);
struct iommufd_needed *iommufd_needed_find(const char *name);
struct iommufd_needed *iommufd_needed_add(const char *name);
void iommufd_needed_show(void);
int iommufd_policy_refuse_missing(struct iommufd_policy_call *call);

#endif
