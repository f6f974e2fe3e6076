// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies in force: their order, asking them, and what they have said.
 *
 * They are in an array that never changes; loading, replacing and unloading make a new one and put
 * it in the place of the old in one step. Who asks looks at one array, under SRCU: policies may
 * sleep. A policy goes when nobody can be looking at an array with it any more.
 */
#include <linux/bpf.h>
#include <linux/ctype.h>
#include <linux/iommu.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include <trace/events/iommufd.h>

#include "policy/policy.h"
#include "policy/policy_ops.h"
#include "umem/owner.h"

DEFINE_STATIC_KEY_ARRAY_FALSE(iommufd_policy_keys, IOMMUFD_HOOKS);

/**
 * struct count - what a policy said at a hook
 * @allowed: it agreed
 * @refused: it refused
 * @invalid: of these, with what is no errno
 */
struct count {
	atomic64_t allowed;
	atomic64_t refused;
	atomic64_t invalid;
};

/**
 * struct iommufd_policy - a policy in force
 * @id: its number
 * @link: the BPF link, or NULL; it gets its number when it is in force
 * @ops: what was loaded
 * @hooks: bit for each that it has
 * @carried: what policies that it replaced have said
 * @counts: what it has said itself
 * @last_lock: protects the following
 * @last_hook: of the last refusal
 * @last_ret: its errno
 * @last_tgid: who was refused
 * @reason: why
 */
struct iommufd_policy {
	u32 id;
	const struct bpf_link *link;
	struct iommufd_policy_ops *ops;
	u32 hooks;
	struct iommufd_policy_count carried[IOMMUFD_HOOKS];
	struct count counts[IOMMUFD_HOOKS];
	spinlock_t last_lock;  /* see above */
	u32 last_hook;
	int last_ret;
	u32 last_tgid;
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

/**
 * struct policy_set - the policies in force, in the order of being asked
 * @n: how many
 * @room: for how many
 * @policy: they
 */
struct policy_set {
	unsigned int n;
	unsigned int room;
	struct iommufd_policy *policy[] __counted_by(room);
};

DEFINE_STATIC_SRCU(policies_srcu);
static struct policy_set __rcu *policies;
static DEFINE_MUTEX(policies_lock); /* who changes policies */
static u32 last_id;   /* under policies_lock */
/*
 * The set before the present one, which nobody looks at any more; under policies_lock. There is
 * room in it for one policy less than there are, so unloading one needs no memory.
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

/* What one policy says, as it counts. */
static int ask_one(struct iommufd_policy *policy, struct iommufd_policy_call *call)
{
	struct count *count = &policy->counts[call->request.hook];
	int ret;

	call->policy = policy;
	memset(call->reason, 0, sizeof(call->reason));
	ret = call_hook(policy->ops, &call->request);
	if (unlikely(ret > 0 || ret < -MAX_ERRNO)) {
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
 * @call: filled in, but for what is set here
 *
 * Context: may sleep, but for a fault. No lock is held that a policy's iterators, or a detach, take.
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
		    in_scope(set->policy[i], call))
			ret = ask_one(set->policy[i], call);
	srcu_read_unlock(&policies_srcu, idx);
	/* What a policy looked at may have ended early for a caller that is being killed. */
	if (!ret && call->request.hook != IOMMUFD_HOOK_FAULT && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

/**
 * iommufd_policy_leave_reason() - a policy says why
 * @request: what it was asked
 * @text: the reason, which may end with a 0
 * @size: its length
 */
void iommufd_policy_leave_reason(const struct iommufd_policy_request *request, const char *text,
				 u32 size)
{
	/* Policies are given no other requests than ours. */
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

/* Have a set be like the present one, without @old, and with @new, unless these are NULL. */
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

/* From here on others are asked. On return nobody asks the old set any more. */
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

/**
 * iommufd_policy_add() - a policy comes into force
 * @ops: it; stays as it is until iommufd_policy_remove() or _replace() has returned
 * @link: its BPF link, NULL if it has none; stays as long
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
		pr_warn("iommufd: policy '%s' not loaded: one of this name is in force; replace it, unload it, or load this one under another name\n",
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
	/* Whoever comes to a hook now finds the old set: there is no time with half a policy. */
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
	/* The new one may have refused already. */
	if (!policy->last_ret) {
		policy->last_hook = old->last_hook;
		policy->last_ret = old->last_ret;
		policy->last_tgid = old->last_tgid;
		memcpy(policy->reason, old->reason, sizeof(policy->reason));
	}
	spin_unlock(&policy->last_lock);
}

/**
 * iommufd_policy_replace() - a policy takes the place of another in one step
 * @ops: the new one
 * @old_ops: the old one; nobody asks it any more on return
 * @link: the BPF link of both
 *
 * Each call is decided by one of the two, never by both or by neither. Counts go on.
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if its name is a third one's; -ENOENT if the old one is not in force; -ENOMEM.
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
		pr_warn("iommufd: policy '%s' does not replace '%s': another one of this name is in force; give it the name of the one it replaces\n",
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
	switch_keys(policy->hooks, true);
	publish(set);
	switch_keys(old->hooks, false);
	/* What the old one has said is complete now. A reader may miss it for this moment. */
	carry_over(policy, old);
	kfree(old);
	ret = 0;
out_unlock:
	mutex_unlock(&policies_lock);
	return ret;
}

/**
 * iommufd_policy_remove() - a policy goes out of force
 * @ops: it; nobody asks it any more on return
 *
 * Context: may sleep; waits for calls that are asking it. Cannot fail.
 */
void iommufd_policy_remove(struct iommufd_policy_ops *ops)
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
 * iommufd_policy_next() - look at the policies, one after the other, in the order of being asked
 * @index: 0 at first; belongs to this function
 * @last_id: 0 at first; belongs to this function
 * @info: out
 *
 * What is loaded, replaced or unloaded meanwhile may be missed or given twice, and so may, if the
 * one given last is gone, its neighbours.
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
	/* After the one that was given last, wherever it is now. */
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
 * iommufd_policy_exit() - the end of the module
 *
 * Policies hold the module, so none is in force.
 */
void iommufd_policy_exit(void)
{
	WARN_ON(rcu_access_pointer(policies));
	kfree(spare);
}
