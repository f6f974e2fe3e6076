// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials: policies with the flag IOMMUFD_POLICY_TRIAL, which tests try with requests of their own.
 *
 * A trial is not among the loaded policies: no call asks it, no iterator returns it, it is neither
 * counted nor logged, and its name does not matter. It is found by the id of its BPF link, which is
 * its only owner, so it ends with the process that runs the test.
 *
 * A request to try is marked by having no totals of a context. The totals that programs see are
 * those that the request came with; a program of a policy with IOMMUFD_POLICY_NO_TOTALS sees them
 * after it has called iommufd_policy_totals(), as in a real call.
 *
 * trials_lock protects the list. It is not held while a program runs: each run counts as a user of
 * the trial, and the removal waits for them.
 */
#include <linux/bpf.h>
#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "policy/internal.h"
#include "umem/umem.h"

/* The request of the first interface that had trials ends here; it only grows at its end. */
#define REQUEST_MIN offsetofend(struct iommufd_policy_request, comm)

/* The totals in a request are one block. */
#define TOTALS_AT offsetof(struct iommufd_policy_request, ctx_pinned)
#define TOTALS_SIZE (offsetofend(struct iommufd_policy_request, cgroup_after) - TOTALS_AT)

/**
 * struct trial - a policy to be tried
 * @list: in trials
 * @ops: the policy
 * @link: its BPF link, which gets its id only after the policy is loaded
 * @users: programs that run, and one for the list
 * @idle: @users is 0
 */
struct trial {
	struct list_head list;
	struct iommufd_policy_ops *ops;
	const struct bpf_link *link;
	refcount_t users;
	struct completion idle;
};

/**
 * struct trial_call - a request that a trial decides on
 * @call: as programs and their functions see it
 * @totals: those of the request, if the program does not see them yet
 */
struct trial_call {
	struct iommufd_policy_call call;
	u8 totals[TOTALS_SIZE];
};

static LIST_HEAD(trials);
static DEFINE_MUTEX(trials_lock);

/**
 * iommufd_trial_add() - load a policy that is only tried
 * @ops: the policy; must not change until iommufd_trial_remove() has returned
 * @link: its BPF link; must exist as long as @ops
 *
 * Context: may sleep.
 * Return: 0; -EINVAL without a link; -ENOMEM.
 */
int iommufd_trial_add(struct iommufd_policy_ops *ops, const struct bpf_link *link)
{
	struct trial *trial;

	if (!link) {
		pr_warn("iommufd: policy '%s' rejected: a policy with the flag IOMMUFD_POLICY_TRIAL needs a BPF link\n",
			ops->name);
		return -EINVAL;
	}
	trial = kzalloc(sizeof(*trial), GFP_KERNEL_ACCOUNT);
	if (!trial)
		return -ENOMEM;
	trial->ops = ops;
	trial->link = link;
	refcount_set(&trial->users, 1);
	init_completion(&trial->idle);
	mutex_lock(&trials_lock);
	list_add(&trial->list, &trials);
	mutex_unlock(&trials_lock);
	return 0;
}

static void put_trial(struct trial *trial)
{
	if (refcount_dec_and_test(&trial->users))
		complete(&trial->idle);
}

/**
 * iommufd_trial_remove() - unload a policy that is only tried
 * @link: its BPF link, because several links may have the same policy; no program runs through it
 *	any more on return
 *
 * Context: may sleep; waits for its running programs. Cannot fail.
 */
void iommufd_trial_remove(const struct bpf_link *link)
{
	struct trial *trial, *found = NULL;

	mutex_lock(&trials_lock);
	list_for_each_entry(trial, &trials, list)
		if (trial->link == link)
			found = trial;
	if (!WARN_ON(!found))
		list_del(&found->list);
	mutex_unlock(&trials_lock);
	if (!found)
		return;
	put_trial(found);
	wait_for_completion(&found->idle);
	kfree(found);
}

/* Find a trial by the id of its link, for put_trial(). */
static struct trial *get_trial(u32 link)
{
	struct trial *trial, *found = NULL;

	/* No link has this id, but one that is being loaded has not got its own yet. */
	if (!link)
		return NULL;
	mutex_lock(&trials_lock);
	list_for_each_entry(trial, &trials, list)
		if (READ_ONCE(trial->link->id) == link)
			found = trial;
	if (found)
		refcount_inc(&found->users);
	mutex_unlock(&trials_lock);
	return found;
}

static bool is_text(const char *text, size_t size)
{
	return strnlen(text, size) < size;
}

/* Copy a request, and check the members that the driver or a function for programs looks at. */
static int copy_request(struct iommufd_policy_request *to, const void *from, u32 size)
{
	if (size < REQUEST_MIN)
		return -EINVAL;
	if (size > sizeof(*to) && memchr_inv(from + sizeof(*to), 0, size - sizeof(*to)))
		return -E2BIG;
	memset(to, 0, sizeof(*to));
	memcpy(to, from, min_t(size_t, size, sizeof(*to)));
	if (to->hook >= IOMMUFD_HOOKS || !is_text(to->device_name, sizeof(to->device_name)) ||
	    !is_text(to->comm, sizeof(to->comm)))
		return -EINVAL;
	return 0;
}

static void hide_totals(struct trial_call *trying)
{
	void *totals = (void *)&trying->call.request + TOTALS_AT;

	memcpy(trying->totals, totals, TOTALS_SIZE);
	memset(totals, 0xff, TOTALS_SIZE); /* IOMMUFD_TOTAL_NONE */
	trying->call.summed = false;
}

/* A program asks for the totals. */
void iommufd_trial_show_totals(struct iommufd_policy_call *call)
{
	struct trial_call *trying = container_of(call, struct trial_call, call);

	if (call->summed)
		return;
	call->summed = true;
	memcpy((void *)&call->request + TOTALS_AT, trying->totals, TOTALS_SIZE);
}

static void run_program(hook_fn_t program, struct iommufd_policy_call *call, u64 budget,
			struct iommufd_policy_trial *result)
{
	u64 cpu = current->se.sum_exec_runtime, start = ktime_get_ns();

	/* As in iommufd_policy_ask(). */
	pagefault_disable();
	result->value = program(&call->request);
	pagefault_enable();
	result->ns = ktime_get_ns() - start;
	/* See run_program() in verdict.c: the CPU time may include some from before the program. */
	cpu = min(current->se.sum_exec_runtime - cpu, result->ns);
	result->ret = result->value;
	if (!is_verdict(result->value)) {
		result->flags |= IOMMUFD_TRIAL_INVALID;
		result->ret = -EPERM;
	}
	if (is_over_budget(budget, cpu)) {
		result->flags |= IOMMUFD_TRIAL_SLOW;
		result->ret = -ETIMEDOUT;
		iommufd_policy_slow_reason(call->reason,
					   min_t(u64, div_u64(cpu, NSEC_PER_MSEC), U32_MAX),
					   div_u64(budget, NSEC_PER_MSEC));
	}
	memcpy(result->reason, call->reason, sizeof(result->reason));
}

/* Let a trial decide on a request that is copied already. */
static void decide(const struct trial *trial, struct trial_call *trying,
		   struct iommufd_policy_trial *result)
{
	const struct iommufd_policy_ops *ops = trial->ops;
	struct iommufd_policy_call *call = &trying->call;
	hook_fn_t program = hook_of(ops, call->request.hook);

	call->cgroup = umem_cgroup_find(call->request.cgroup);
	if (call->request.cgroup && !call->cgroup)
		result->flags |= IOMMUFD_TRIAL_NO_CGROUP;
	if (!program)
		result->flags |= IOMMUFD_TRIAL_NO_HOOK;
	if (ops->cgroup && !umem_cgroup_within(call->cgroup, ops->cgroup))
		result->flags |= IOMMUFD_TRIAL_OUT_OF_SCOPE;
	if (!(result->flags & (IOMMUFD_TRIAL_NO_HOOK | IOMMUFD_TRIAL_OUT_OF_SCOPE))) {
		if (ops->flags & IOMMUFD_POLICY_NO_TOTALS)
			hide_totals(trying);
		run_program(program, call, budget_ns(ops), result);
	}
	if (call->cgroup)
		umem_cgroup_put(call->cgroup);
}

/**
 * iommufd_trial_run() - run the program of a policy that is only tried
 * @link: id of its BPF link
 * @request: the request
 * @size: its size in bytes
 * @result: out: the verdict
 *
 * Context: may sleep; waits for the program.
 * Return: 0; -ENOENT, -EINVAL or -E2BIG as iommufd_policy_try(); -ENOMEM.
 */
int iommufd_trial_run(u32 link, const void *request, u32 size, struct iommufd_policy_trial *result)
{
	struct trial_call *trying;
	struct trial *trial;
	int ret;

	/* Too large for the stack, because the program needs a part of it. */
	trying = kzalloc(sizeof(*trying), GFP_KERNEL_ACCOUNT);
	if (!trying)
		return -ENOMEM;
	ret = copy_request(&trying->call.request, request, size);
	if (ret)
		goto out_free;
	trial = get_trial(link);
	if (!trial) {
		ret = -ENOENT;
		goto out_free;
	}
	trying->call.object = IOMMUFD_NONE;
	trying->call.summed = true;
	memset(result, 0, sizeof(*result));
	decide(trial, trying, result);
	put_trial(trial);
out_free:
	kfree(trying);
	return ret;
}
