// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaded policies: their order, calling their programs, and counting their verdicts.
 *
 * policies_lock serialises load, replace and unload. The policies stand in an array (struct
 * policy_set) that is never changed: each of these builds a new array and publishes it with one
 * pointer assignment. iommufd_policy_ask() reads the array under SRCU, because programs may sleep.
 * A policy is freed after synchronize_srcu(), when no reader can have an array with it any more.
 */
#include <linux/bpf.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/uidgid.h>

#include <trace/events/iommufd.h>

#include "policy/policy.h"
#include "policy/policy_ops.h"
#include "umem/umem.h"

DEFINE_STATIC_KEY_ARRAY_FALSE(iommufd_policy_keys, IOMMUFD_HOOKS);

/**
 * struct count - verdicts of a policy at one hook
 * @allowed: requests allowed
 * @refused: requests refused
 * @invalid: refusals because the program returned no errno of user space
 */
struct count {
	atomic64_t allowed;
	atomic64_t refused;
	atomic64_t invalid;
};

/**
 * struct iommufd_policy - a loaded policy
 * @id: its number
 * @link: the BPF link, or NULL; the link gets its id only after the policy is loaded
 * @ops: the struct_ops
 * @hooks: 1 << enum iommufd_policy_hook of each hook that it has
 * @carried: counts of the policies that it replaced
 * @counts: its own counts
 * @last_lock: protects the members below
 * @last_hook: hook of the last refusal
 * @last_ret: errno of the last refusal
 * @last_tgid: process whose request was refused
 * @reason: the program's reason for the last refusal
 */
struct iommufd_policy {
	u32 id;
	const struct bpf_link *link;
	struct iommufd_policy_ops *ops;
	u32 hooks;
	struct iommufd_policy_count carried[IOMMUFD_HOOKS];
	struct count counts[IOMMUFD_HOOKS];
	spinlock_t last_lock; /* protects the members below */
	u32 last_hook;
	int last_ret;
	u32 last_tgid;
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

/**
 * struct policy_set - the loaded policies, in the order in which they are asked
 * @n: number of policies
 * @room: number of policies that fit
 * @policy: the policies
 */
struct policy_set {
	unsigned int n;
	unsigned int room;
	struct iommufd_policy *policy[] __counted_by(room);
};

DEFINE_STATIC_SRCU(policies_srcu);
static struct policy_set __rcu *policies;
static DEFINE_MUTEX(policies_lock); /* serialises load, replace and unload */
static u32 last_id; /* under policies_lock */
/*
 * The previous set, which has no readers any more; under policies_lock. It has room for one policy
 * less than are loaded, so that unloading a policy needs no memory.
 */
static struct policy_set *spare;

#define CALL(ID, name, sleep, text) \
	case IOMMUFD_HOOK_##ID: \
		return ops->name(request);
static int call_hook(const struct iommufd_policy_ops *ops,
		     const struct iommufd_policy_request *request)
{
	switch (request->hook) {
		IOMMUFD_POLICY_HOOKS(CALL)
	default:
		return 0;
	}
}
#undef CALL

/**
 * iommufd_policy_hooks() - find the hooks that a policy has
 * @ops: the policy
 *
 * Return: 1 << enum iommufd_policy_hook of each.
 */
u32 iommufd_policy_hooks(const struct iommufd_policy_ops *ops)
{
#define HAS(ID, name, sleep, text) | (ops->name ? BIT(IOMMUFD_HOOK_##ID) : 0)
	return 0 IOMMUFD_POLICY_HOOKS(HAS);
#undef HAS
}

static bool is_audit(const struct iommufd_policy *policy)
{
	return policy->ops->flags & IOMMUFD_POLICY_AUDIT;
}

static bool in_scope(const struct iommufd_policy *policy, const struct iommufd_policy_call *call)
{
	u64 cgroup = policy->ops->cgroup;
	bool ret;

	if (!cgroup)
		return true;
	if (!call->cgroup)
		return umem_current_within(cgroup);
	rcu_read_lock();
	ret = umem_cgroup_within(call->cgroup, cgroup);
	rcu_read_unlock();
	return ret;
}

static void note_refusal(struct iommufd_policy *policy, const struct iommufd_policy_call *call,
			 int ret)
{
	spin_lock(&policy->last_lock);
	policy->last_hook = call->request.hook;
	policy->last_ret = ret;
	policy->last_tgid = call->request.tgid;
	memcpy(policy->reason, call->reason, sizeof(policy->reason));
	spin_unlock(&policy->last_lock);
}

static void trace_verdict(const struct iommufd_policy *policy,
			  const struct iommufd_policy_call *call, int ret)
{
	u64 word[IOMMUFD_POLICY_REASON_LEN / sizeof(u64)];

	static_assert(ARRAY_SIZE(word) == 5);
	memcpy(word, call->reason, sizeof(word));
	trace_iommufd_policy_verdict(call->request.ctx, call->request.tgid, policy->id,
				     call->request.hook, call->object, policy->ops->flags, ret,
				     word[0], word[1], word[2], word[3], word[4]);
}

/* Ask one policy, and count and trace its verdict. */
static int ask_one(struct iommufd_policy *policy, struct iommufd_policy_call *call)
{
	struct count *count = &policy->counts[call->request.hook];
	int ret;

	call->policy = policy;
	memset(call->reason, 0, sizeof(call->reason));
	ret = call_hook(policy->ops, &call->request);
	if (unlikely(call->trial))
		return ret;
	/* Errnos from ERESTARTSYS, 512, on are the kernel's own, and must not reach user space. */
	if (unlikely(ret > 0 || ret <= -ERESTARTSYS)) {
		atomic64_inc(&count->invalid);
		ret = -EPERM;
	}
	if (ret) {
		atomic64_inc(&count->refused);
		note_refusal(policy, call, ret);
	} else {
		atomic64_inc(&count->allowed);
	}
	if (trace_iommufd_policy_verdict_enabled())
		trace_verdict(policy, call, ret);
	return is_audit(policy) ? 0 : ret;
}

/**
 * iommufd_policy_ask() - ask all policies that have a hook
 * @call: the request; @policy and @reason are set here
 *
 * Context: may sleep, except for a fault. The caller holds no lock that an iterator or a detach
 * takes.
 * Return: 0, or the first refusal; -EINTR if the caller is being killed.
 */
int iommufd_policy_ask(struct iommufd_policy_call *call)
{
	struct policy_set *set;
	unsigned int i;
	int ret = 0, idx;

	idx = srcu_read_lock(&policies_srcu);
	set = srcu_dereference(policies, &policies_srcu);
	for (i = 0; set && i < set->n && !ret; i++)
		if (set->policy[i]->hooks & BIT(call->request.hook) &&
		    in_scope(set->policy[i], call) && !(call->trial && is_audit(set->policy[i])))
			ret = ask_one(set->policy[i], call);
	srcu_read_unlock(&policies_srcu, idx);
	/* An iterator ends early in a process that is being killed, so do not trust the verdict. */
	if (!ret && call->request.hook != IOMMUFD_HOOK_FAULT && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
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
	/* The verifier accepts only the pointer that the program got, so it is in a call. */
	struct iommufd_policy_call *call = container_of((struct iommufd_policy_request *)request,
							struct iommufd_policy_call, request);
	u32 i, n = strnlen(text, min_t(u32, size, sizeof(call->reason) - 1));

	memset(call->reason, 0, sizeof(call->reason));
	for (i = 0; i < n; i++)
		call->reason[i] = isascii(text[i]) && isprint(text[i]) ? text[i] : '?';
}

static struct policy_set *current_set(void)
{
	return rcu_dereference_protected(policies, lockdep_is_held(&policies_lock));
}

static unsigned int set_size(const struct policy_set *set)
{
	return set ? set->n : 0;
}

static struct iommufd_policy *find_ops(const struct iommufd_policy_ops *ops)
{
	struct policy_set *set = current_set();
	unsigned int i;

	for (i = 0; i < set_size(set); i++)
		if (set->policy[i]->ops == ops)
			return set->policy[i];
	return NULL;
}

static bool name_taken(const char *name, const struct iommufd_policy *but)
{
	struct policy_set *set = current_set();
	unsigned int i;

	for (i = 0; i < set_size(set); i++)
		if (set->policy[i] != but && !strcmp(set->policy[i]->ops->name, name))
			return true;
	return false;
}

static struct policy_set *set_alloc(unsigned int room)
{
	struct policy_set *set = kzalloc(struct_size(set, policy, room), GFP_KERNEL);

	if (set)
		set->room = room;
	return set;
}

/* Fill a set with the loaded policies, without @old and with @new unless they are NULL. */
static void fill_set(struct policy_set *to, struct iommufd_policy *new, struct iommufd_policy *old)
{
	struct policy_set *from = current_set();
	unsigned int i, n = 0;

	for (i = 0; i < set_size(from); i++) {
		if (from->policy[i] == old)
			continue;
		if (new && from->policy[i]->ops->priority < new->ops->priority) {
			to->policy[n++] = new;
			new = NULL;
		}
		to->policy[n++] = from->policy[i];
	}
	if (new)
		to->policy[n++] = new;
	to->n = n;
}

static void switch_keys(u32 hooks, bool on)
{
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		if (!(hooks & BIT(i)))
			continue;
		if (on)
			static_branch_inc(&iommufd_policy_keys[i]);
		else
			static_branch_dec(&iommufd_policy_keys[i]);
	}
}

/* Make readers use another set, and wait until none uses the old one. */
static void publish(struct policy_set *set)
{
	struct policy_set *old = current_set();

	rcu_assign_pointer(policies, set);
	synchronize_srcu(&policies_srcu);
	if (spare != set)
		kfree(spare);
	spare = old;
}

static struct iommufd_policy *policy_alloc(struct iommufd_policy_ops *ops,
					   const struct bpf_link *link)
{
	struct iommufd_policy *policy = kzalloc(sizeof(*policy), GFP_KERNEL);

	if (!policy)
		return NULL;
	policy->id = ++last_id;
	policy->link = link;
	policy->ops = ops;
	policy->hooks = iommufd_policy_hooks(ops);
	spin_lock_init(&policy->last_lock);
	return policy;
}

/*
 * Each policy that is loaded, replaced, unloaded or gone has one line in the log. Names are valid
 * (see init_name() in bpf/policy_ops.c), so they need no escaping. Log under policies_lock, so that
 * the lines stand in the order of the changes, and before a policy is published or freed, so that
 * a reader who sees the change finds the line.
 */
static uid_t caller_uid(void)
{
	return from_kuid_munged(&init_user_ns, current_uid());
}

static void log_end(const struct iommufd_policy *policy, bool detached)
{
	if (detached)
		pr_info("iommufd: policy '%s' (id %u) unloaded by uid %u\n", policy->ops->name,
			policy->id, caller_uid());
	else if (current->flags & PF_KTHREAD)
		pr_info("iommufd: policy '%s' (id %u) is gone: its link lost the last pin or file descriptor, by an unknown uid\n",
			policy->ops->name, policy->id);
	else
		pr_info("iommufd: policy '%s' (id %u) is gone: uid %u released the last reference to its link\n",
			policy->ops->name, policy->id, caller_uid());
}

/**
 * iommufd_policy_add() - load a policy
 * @ops: the policy; must not change until iommufd_policy_remove() or _replace() has returned
 * @link: its BPF link, NULL if it has none; must exist as long as @ops
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if its name is taken; -ENOMEM.
 */
int iommufd_policy_add(struct iommufd_policy_ops *ops, const struct bpf_link *link)
{
	struct iommufd_policy *policy;
	struct policy_set *set;
	int ret = -ENOMEM;

	mutex_lock(&policies_lock);
	if (name_taken(ops->name, NULL)) {
		pr_warn("iommufd: policy '%s' rejected: a policy of this name is loaded; replace it, unload it, or use another name\n",
			ops->name);
		ret = -EEXIST;
		goto out_unlock;
	}
	policy = policy_alloc(ops, link);
	if (!policy)
		goto out_unlock;
	set = set_alloc(set_size(current_set()) + 1);
	if (!set) {
		kfree(policy);
		goto out_unlock;
	}
	fill_set(set, policy, NULL);
	pr_info("iommufd: policy '%s' (id %u) loaded by uid %u\n", ops->name, policy->id,
		caller_uid());
	/* Until publish(), callers of the new hooks find the old set, and allow the call. */
	switch_keys(policy->hooks, true);
	publish(set);
	ret = 0;
out_unlock:
	mutex_unlock(&policies_lock);
	return ret;
}

static void fill_counts(struct iommufd_policy *policy, struct iommufd_policy_count *counts)
{
	unsigned int i;

	memcpy(counts, policy->carried, sizeof(policy->carried));
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		u64 refused = atomic64_read(&policy->counts[i].refused);

		counts[i].allowed += atomic64_read(&policy->counts[i].allowed);
		counts[i].invalid += atomic64_read(&policy->counts[i].invalid);
		if (is_audit(policy))
			counts[i].would_deny += refused;
		else
			counts[i].denied += refused;
	}
}

static void carry_over(struct iommufd_policy *policy, struct iommufd_policy *old)
{
	fill_counts(old, policy->carried);
	spin_lock(&policy->last_lock);
	/* The new policy may have refused a request already. */
	if (!policy->last_ret) {
		policy->last_hook = old->last_hook;
		policy->last_ret = old->last_ret;
		policy->last_tgid = old->last_tgid;
		memcpy(policy->reason, old->reason, sizeof(policy->reason));
	}
	spin_unlock(&policy->last_lock);
}

/**
 * iommufd_policy_replace() - replace a policy by another one in one step
 * @ops: the new policy
 * @old_ops: the old policy; its programs do not run any more on return
 * @link: the BPF link of both
 *
 * One of the two policies decides each call, never both or neither. The new policy carries on the
 * counts of the old one.
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if a third policy has the new policy's name; -ENOENT if the old policy is not
 * loaded; -ENOMEM.
 */
int iommufd_policy_replace(struct iommufd_policy_ops *ops, struct iommufd_policy_ops *old_ops,
			   const struct bpf_link *link)
{
	struct iommufd_policy *policy, *old;
	struct policy_set *set;
	int ret = -ENOMEM;

	mutex_lock(&policies_lock);
	old = find_ops(old_ops);
	if (WARN_ON(!old)) {
		ret = -ENOENT;
		goto out_unlock;
	}
	if (name_taken(ops->name, old)) {
		pr_warn("iommufd: policy '%s' cannot replace '%s': a third policy has this name; use the name of the policy to be replaced\n",
			ops->name, old_ops->name);
		ret = -EEXIST;
		goto out_unlock;
	}
	policy = policy_alloc(ops, link);
	if (!policy)
		goto out_unlock;
	set = set_alloc(set_size(current_set()));
	if (!set) {
		kfree(policy);
		goto out_unlock;
	}
	fill_set(set, policy, old);
	pr_info("iommufd: policy '%s' (id %u) replaced with '%s' (id %u) by uid %u\n",
		old_ops->name, old->id, ops->name, policy->id, caller_uid());
	switch_keys(policy->hooks, true);
	publish(set);
	switch_keys(old->hooks, false);
	/* The old counts are final now. Until carry_over(), a reader of counts misses them. */
	carry_over(policy, old);
	kfree(old);
	ret = 0;
out_unlock:
	mutex_unlock(&policies_lock);
	return ret;
}

/**
 * iommufd_policy_remove() - unload a policy
 * @ops: the policy; its programs do not run any more on return
 * @detached: the caller asked for it; otherwise the last reference to its link is gone
 *
 * Context: may sleep; waits for running programs. Cannot fail.
 */
void iommufd_policy_remove(struct iommufd_policy_ops *ops, bool detached)
{
	struct policy_set *set = NULL;
	struct iommufd_policy *policy;

	mutex_lock(&policies_lock);
	policy = find_ops(ops);
	if (WARN_ON(!policy))
		goto out_unlock;
	if (set_size(current_set()) > 1) {
		set = spare;
		if (WARN_ON(!set || set->room < set_size(current_set()) - 1))
			goto out_unlock;
		fill_set(set, NULL, policy);
		spare = NULL;
	}
	log_end(policy, detached);
	publish(set);
	switch_keys(policy->hooks, false);
	kfree(policy);
out_unlock:
	mutex_unlock(&policies_lock);
}

static void fill_info(struct iommufd_policy *policy, struct iommufd_policy_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = policy->id;
	info->link_id = policy->link ? policy->link->id : 0;
	info->hooks = policy->hooks;
	info->flags = policy->ops->flags;
	info->priority = policy->ops->priority;
	info->cgroup = policy->ops->cgroup;
	memcpy(info->name, policy->ops->name, sizeof(info->name));
	fill_counts(policy, info->counts);
	spin_lock(&policy->last_lock);
	info->last_hook = policy->last_hook;
	info->last_ret = policy->last_ret;
	info->last_tgid = policy->last_tgid;
	memcpy(info->reason, policy->reason, sizeof(info->reason));
	spin_unlock(&policy->last_lock);
}

/**
 * iommufd_policy_next() - get the next policy, in the order in which they are asked
 * @index: 0 for the first; private to this function
 * @last_id: 0 for the first; private to this function
 * @info: out: the policy
 *
 * A policy that is loaded, replaced or unloaded between two calls may be missed or returned twice.
 * If that happens to the policy returned last, the same holds for its neighbours.
 *
 * Context: may sleep.
 * Return: false if there are no more.
 */
bool iommufd_policy_next(unsigned int *index, u32 *last_id, struct iommufd_policy_info *info)
{
	struct policy_set *set;
	unsigned int i = 0;
	bool found = false;
	int idx;

	idx = srcu_read_lock(&policies_srcu);
	set = srcu_dereference(policies, &policies_srcu);
	/* Continue after the policy that was returned last, wherever it stands now. */
	for (i = 0; *last_id && i < set_size(set); i++)
		if (set->policy[i]->id == *last_id)
			break;
	i = *last_id && i < set_size(set) ? i + 1 : *last_id ? *index : 0;
	if (i < set_size(set)) {
		*index = i;
		*last_id = set->policy[i]->id;
		fill_info(set->policy[i], info);
		found = true;
	}
	srcu_read_unlock(&policies_srcu, idx);
	return found;
}

/**
 * iommufd_policy_exit() - free what unloaded policies have left
 *
 * Context: at the end of the module. No policy is loaded, because each holds the module.
 */
void iommufd_policy_exit(void)
{
	WARN_ON(rcu_access_pointer(policies));
	kfree(spare);
}
