// SPDX-License-Identifier: GPL-2.0-only
/*
 * The begin and the end of a struct iommufd_policy: its memory, and the wait for the programs that
 * run when it is replaced or unloaded. policy.c has its lock, and names the readers that may
 * remain.
 */
#include <linux/bpf.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/wait.h>

#include "policy/internal.h"

static u32 last_id; /* under policies_lock */

static void set_budget(struct iommufd_policy *policy)
{
	u32 ms = policy->ops->budget_ms ?: IOMMUFD_POLICY_BUDGET_MS;
	bool none = ms == IOMMUFD_POLICY_BUDGET_NONE;

	policy->budget_ns = none ? U64_MAX : (u64)ms * NSEC_PER_MSEC;
	/* One more, because the first of them may end at once. */
	policy->budget_jiffies = none ? ULONG_MAX : msecs_to_jiffies(ms) + 1;
}

struct iommufd_policy *iommufd_policy_alloc(struct iommufd_policy_ops *ops,
					    const struct bpf_link *link)
{
	struct iommufd_policy *policy = kzalloc(sizeof(*policy), GFP_KERNEL_ACCOUNT);
	const struct iommufd_needed *needed;

	if (!policy)
		return NULL;
	policy->use = alloc_percpu_gfp(struct iommufd_policy_use, GFP_KERNEL_ACCOUNT);
	if (!policy->use) {
		kfree(policy);
		return NULL;
	}
	policy->id = ++last_id;
	policy->link = link;
	policy->ops = ops;
	set_budget(policy);
	needed = iommufd_needed_find(ops->name);
	policy->required = needed && needed->required;
	init_waitqueue_head(&policy->idle);
	spin_lock_init(&policy->last_lock);
	return policy;
}

/* Free a policy that was never published, or that no reader can have any more. */
void iommufd_policy_free(struct iommufd_policy *policy)
{
	free_percpu(policy->use);
	kfree(policy);
}

void iommufd_policy_free_rcu(struct rcu_head *rcu)
{
	iommufd_policy_free(container_of(rcu, struct iommufd_policy, rcu));
}

static bool is_idle(const struct iommufd_policy *policy)
{
	unsigned long running = 0;
	int cpu;

	/* A program may begin on one CPU and end on another, so a single count may be negative. */
	for_each_possible_cpu(cpu) running += READ_ONCE(per_cpu_ptr(policy->use, cpu)->running);
	return !running;
}

/* Let no program of a policy begin, and wait until none runs. policies_lock is not held. */
void iommufd_policy_end_calls(struct iommufd_policy *policy)
{
	/* After @successor; see ask_entry() in policy.c. */
	smp_store_release(&policy->ended, true);
	/* From here on the counts only fall, and each fall wakes this thread. */
	synchronize_rcu();
	if (!wait_event_timeout(policy->idle, is_idle(policy), 5 * HZ)) {
		pr_warn("iommufd: policy '%s' (id %u) was removed, but a call has run its program for more than 5 s; waiting for the call\n",
			policy->ops->name, policy->id);
		wait_event(policy->idle, is_idle(policy));
	}
	/*
	 * The falls order nothing, so they may be seen before the verdicts that the programs
	 * counted. But they are made with preemption disabled.
	 */
	synchronize_rcu();
}
