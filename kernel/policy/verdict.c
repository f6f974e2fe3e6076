// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict of one policy: runs its program, counts and traces the verdict, and keeps the last
 * refusal.
 *
 * The budget of a policy limits the CPU time of a program: a call whose decision took longer is
 * refused. The driver cannot stop a program that is running. A policy with IOMMUFD_POLICY_EJECT is
 * ejected instead, unless it is required or sealed: it only audits from then on, also that call.
 * This is not undone, except by another load or a replace.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "policy/internal.h"
#include "trace/emit.h"

/* last_lock is held. */
static void note_last(struct iommufd_policy *policy, const struct iommufd_policy_call *call,
		      int ret)
{
	policy->last_hook = call->request.hook;
	policy->last_ret = ret;
	policy->last_tgid = call->request.tgid;
	memcpy(policy->reason, call->reason, sizeof(policy->reason));
}

static void note_refusal(struct iommufd_policy *policy, const struct iommufd_policy_call *call,
			 u32 flags, int ret)
{
	const struct iommufd_refuser by = {
		.policy = policy->id,
		.flags = flags,
		.name = policy->ops->name,
	};

	spin_lock(&policy->last_lock);
	if (!policy->ejected)
		note_last(policy, call, ret);
	spin_unlock(&policy->last_lock);
	iommufd_history_add(&by, call, ret);
}

/*
 * Let a policy only audit from now on, if it may be ejected. Sets *@first if it was not ejected
 * before. Returns false if it stays in force.
 */
static bool eject(struct iommufd_policy *policy, const struct iommufd_policy_call *call,
		  bool *first)
{
	bool may;

	spin_lock(&policy->last_lock);
	/* A seal takes the lock, too, so that a policy is never both. */
	may = policy->ops->flags & IOMMUFD_POLICY_EJECT && !policy->required && !policy->sealed;
	*first = may && !policy->ejected;
	if (*first) {
		note_last(policy, call, -ETIMEDOUT);
		WRITE_ONCE(policy->ejected, true);
	}
	spin_unlock(&policy->last_lock);
	return may;
}

/* Whether the log may have a line about the budget; at most one a minute for each policy. */
static bool may_warn(struct iommufd_policy *policy)
{
	bool may;

	spin_lock(&policy->last_lock);
	may = !policy->warned || time_after(jiffies, policy->warned + 60 * HZ);
	if (may)
		policy->warned = jiffies | 1;
	spin_unlock(&policy->last_lock);
	return may;
}

/* Give the reason of a refusal for being too slow, in ms. */
void iommufd_policy_slow_reason(char reason[IOMMUFD_POLICY_REASON_LEN], u32 took, u32 budget)
{
	snprintf(reason, IOMMUFD_POLICY_REASON_LEN, "ran %u ms, budget %u ms", took, budget);
}

/*
 * A program took longer than its budget allows. Refuse the call, and give the reason; if the policy
 * is ejected, refuse() lets the call go on.
 */
static noinline int exceed_budget(struct iommufd_policy *policy, struct iommufd_policy_call *call,
				  u64 ns)
{
	u32 took = min_t(u64, div_u64(ns, NSEC_PER_MSEC), U32_MAX);
	u32 budget = div_u64(policy->budget_ns, NSEC_PER_MSEC);
	bool first;

	iommufd_policy_slow_reason(call->reason, took, budget);
	if (eject(policy, call, &first)) {
		if (first)
			pr_warn("iommufd: policy '%s' (id %u) ejected: it took %u ms of CPU time to decide a call of process %u, and its budget is %u ms, so it refuses no call any more; make its programs quicker or raise .budget_ms, and replace it\n",
				policy->ops->name, policy->id, took, call->request.tgid, budget);
		return -ETIMEDOUT;
	}
	if (may_warn(policy))
		pr_warn("iommufd: policy '%s' (id %u) took %u ms of CPU time to decide a call of process %u, and its budget is %u ms, so it refuses the call; make its programs quicker or raise .budget_ms\n",
			policy->ops->name, policy->id, took, call->request.tgid, budget);
	return -ETIMEDOUT;
}

/*
 * Run the program. Returns its verdict, or -ETIMEDOUT if it took too long. Reading the CPU time of
 * the thread is free, but it is up to a tick old, and on a CPU with nohz_full a second or more, all
 * of which a short program may see pass at once. No program takes more CPU time than time has
 * passed, so look at that first; reading it is free, too.
 */
static int run_program(struct iommufd_policy *policy, hook_fn_t program,
		       struct iommufd_policy_call *call)
{
	u64 start = current->se.sum_exec_runtime, ns;
	unsigned long began = jiffies;
	int ret;

	ret = program(&call->request);
	if (likely(jiffies - began < policy->budget_jiffies))
		return ret;
	ns = current->se.sum_exec_runtime - start;
	return is_over_budget(policy->budget_ns, ns) ? exceed_budget(policy, call, ns) : ret;
}

static void trace_verdict(const struct iommufd_policy *policy,
			  const struct iommufd_policy_call *call, u32 flags, int ret)
{
	u64 word[IOMMUFD_POLICY_REASON_LEN / sizeof(u64)];

	static_assert(ARRAY_SIZE(word) == 5);
	memcpy(word, call->reason, sizeof(word));
	iommufd_trace(policy_verdict, call->request.ctx, call->request.tgid, policy->id,
		      call->request.hook, call->object, flags, ret, word[0], word[1], word[2],
		      word[3], word[4]);
}

/* A program has refused a call. Returns the verdict of the policy. */
static noinline int refuse(struct iommufd_policy *policy, struct iommufd_policy_call *call, int ret)
{
	struct count *count = &policy->counts[call->request.hook];
	/* Once, because another call may eject the policy meanwhile. */
	u32 flags = flags_of(policy);
	bool audit = flags & IOMMUFD_POLICY_AUDIT;

	if (call->margin)
		return ret;
	if (!is_verdict(ret)) {
		atomic64_inc(&count->invalid);
		ret = -EPERM;
	}
	atomic64_inc(audit ? &count->would_deny : &count->denied);
	note_refusal(policy, call, flags, ret);
	if (trace_iommufd_policy_verdict_enabled())
		trace_verdict(policy, call, flags, ret);
	if (audit)
		return 0;
	umem_count(call->totals, refused_policy, 1);
	return ret;
}

/**
 * iommufd_policy_ask_one() - ask one policy, and count and trace its verdict
 * @policy: the policy; the caller makes sure that its programs stay
 * @program: that of the hook
 * @call: the request
 *
 * Context: as iommufd_policy_ask(), with page faults disabled.
 * Return: the verdict; 0 if the policy only audits.
 */
int iommufd_policy_ask_one(struct iommufd_policy *policy, hook_fn_t program,
			   struct iommufd_policy_call *call)
{
	int ret;

	/* That of the policy before, which has allowed the call. */
	if (unlikely(call->reason[0]))
		memset(call->reason, 0, sizeof(call->reason));
	ret = run_program(policy, program, call);
	if (unlikely(ret))
		return refuse(policy, call, ret);
	if (likely(!call->margin)) {
		this_cpu_inc(policy->use->allowed[call->request.hook]);
		if (trace_iommufd_policy_verdict_enabled())
			trace_verdict(policy, call, flags_of(policy), 0);
	}
	return 0;
}

/**
 * iommufd_policy_leave_reason() - store a program's reason for its verdict
 * @request: the request that the program got
 * @text: the reason, which need not end with a 0
 * @size: bytes of @text
 */
void iommufd_policy_leave_reason(const struct iommufd_policy_request *request, const char *text,
				 u32 size)
{
	/* It is in a call: see @not_scalar, and tests/vm/kfunc-args.c. */
	struct iommufd_policy_call *call = container_of((struct iommufd_policy_request *)request,
							struct iommufd_policy_call, request);
	u32 i, n = strnlen(text, min_t(u32, size, sizeof(call->reason) - 1));

	memset(call->reason, 0, sizeof(call->reason));
	for (i = 0; i < n; i++)
		call->reason[i] = isascii(text[i]) && isprint(text[i]) ? text[i] : '?';
}
