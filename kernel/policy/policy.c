// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaded policies: their order, loading and unloading them, and asking all of them.
 *
 * The policies stand in an array (struct policy_set). A load or a replace publishes a new array.
 * An unload needs no memory, because it only clears an entry of the array. policies_lock
 * serialises these changes, and is held only while they are made, never while a program runs.
 *
 * iommufd_policy_ask() walks the array under SRCU, because programs may sleep. SRCU only protects
 * the memory of arrays and of struct iommufd_policy, which call_srcu() frees, so nobody waits for
 * its grace periods. Each policy counts its running programs. An unload or a replace sets @ended,
 * so that none begins any more, and waits until none runs, because BPF frees the programs on
 * return. So it waits for the callers of this policy alone. But BPF replaces a policy, and detaches
 * a link by force, under a mutex that it takes for each load, replace and detach of a struct_ops
 * with a link. So while a policy is replaced whose program still runs, these calls wait for that
 * program, too; a closed link takes no mutex, so its unload delays nothing else. Counting takes no
 * atomic operation: it is done with preemption disabled, so once @ended is set, synchronize_rcu()
 * waits for those that have not seen it.
 *
 * A walk may reach a policy that has been replaced since the walk began. Then the walk asks
 * @successor in its place, so that one of the two decides.
 *
 * Programs run with page faults disabled, because a program that waits for a page of its caller
 * would wait for as long as the caller likes.
 */
#include <linux/bpf.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

#include "policy/internal.h"
#include "trace/emit.h"
#include "umem/umem.h"

DEFINE_STATIC_KEY_ARRAY_FALSE(iommufd_policy_keys, IOMMUFD_HOOKS);

/**
 * struct policy_set - the loaded policies, in the order in which they are asked
 * @rcu: to free it, see policies_srcu
 * @n: number of entries
 * @policy: the policies, and NULL where one has been unloaded
 */
struct policy_set {
	struct rcu_head rcu;
	unsigned int n;
	struct iommufd_policy __rcu *policy[] __counted_by(n);
};

DEFINE_STATIC_KEY_FALSE(iommufd_policy_missing_key); /* see required.c */
static unsigned int nr_missing; /* under policies_lock */

DEFINE_STATIC_SRCU(policies_srcu);
static struct policy_set __rcu *policies; /* changed under policies_lock */
static DEFINE_MUTEX(policies_lock);

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

/* Begin to use the programs of a policy; false if it has ended. The caller is in policies_srcu. */
static __always_inline bool begin_use(struct iommufd_policy *policy)
{
	bool ended;

	preempt_disable();
	ended = READ_ONCE(policy->ended);
	if (likely(!ended))
		this_cpu_inc(policy->use->running);
	preempt_enable();
	return !ended;
}

static __always_inline void end_use(struct iommufd_policy *policy)
{
	bool ended;

	preempt_disable();
	this_cpu_dec(policy->use->running);
	ended = READ_ONCE(policy->ended);
	preempt_enable();
	if (unlikely(ended))
		wake_up(&policy->idle);
}

static __always_inline int ask_policy(struct iommufd_policy *policy, hook_fn_t program,
				      struct iommufd_policy_call *call)
{
	if (!(policy->ops->flags & IOMMUFD_POLICY_NO_TOTALS))
		iommufd_policy_fill_totals(&call->request);
	return iommufd_policy_ask_one(policy, program, call);
}

/* The same, with the tracepoint. Not inlined, so that others do not pay for it. */
static noinline int ask_timed(struct iommufd_policy *policy, hook_fn_t program,
			      struct iommufd_policy_call *call)
{
	u64 start = ktime_get_ns();
	int ret = ask_policy(policy, program, call);

	iommufd_trace(policy_time, call->request.ctx, call->request.tgid, policy->id,
		      call->request.hook, ktime_get_ns() - start);
	return ret;
}

/* Ask the policy of an entry. Returns its verdict, 0 if there is none. */
static int ask_entry(struct iommufd_policy __rcu *const *entry, struct iommufd_policy_call *call)
{
	struct iommufd_policy *policy = srcu_dereference(*entry, &policies_srcu);
	hook_fn_t program;
	int ret = 0;

	while (policy && unlikely(!begin_use(policy))) {
		/*
		 * Replaced or unloaded since the walk began. A replace sets @successor before
		 * @ended.
		 */
		smp_rmb();
		policy = srcu_dereference(policy->successor, &policies_srcu);
	}
	if (!policy)
		return 0;
	program = hook_of(policy->ops, call->request.hook);
	if (program && in_scope(policy, call) && !(call->margin && is_audit(policy)))
		ret = trace_iommufd_policy_time_enabled() ? ask_timed(policy, program, call) :
							    ask_policy(policy, program, call);
	end_use(policy);
	return ret;
}

/* Whether the call is refused because a policy is missing. */
static __always_inline bool is_guarded(const struct iommufd_policy_call *call)
{
	return static_branch_unlikely(&iommufd_policy_missing_key) &&
	       IOMMUFD_HOOKS_GUARDED & BIT(call->request.hook);
}

/**
 * iommufd_policy_ask() - ask all policies that have a hook
 * @call: the request; @reason is set here
 *
 * A call that began while a needed policy was missing is refused, and so is one during which it
 * disappeared: its walk may have found no policy in that place.
 *
 * Context: may sleep, except for a fault. The caller holds no lock that an iterator or a detach
 * takes.
 * Return: 0, or the first refusal; -EPERM if a policy is missing; -ETIMEDOUT if a policy exceeds
 * its budget; -EINTR if the caller is being killed.
 */
int iommufd_policy_ask(struct iommufd_policy_call *call)
{
	/* An iterator ends early in a process that is being killed, so do not trust the verdict. */
	bool killable = call->request.hook != IOMMUFD_HOOK_FAULT;
	struct policy_set *set;
	unsigned int i;
	int ret = 0, idx;

	if (is_guarded(call)) {
		ret = iommufd_policy_refuse_missing(call);
		if (ret)
			return ret;
	}
	idx = srcu_read_lock(&policies_srcu);
	set = srcu_dereference(policies, &policies_srcu);
	/* No program waits for a page of its caller, which could hold it back. */
	pagefault_disable();
	for (i = 0; set && i < set->n && !ret; i++) {
		ret = ask_entry(&set->policy[i], call);
		if (!ret && killable && fatal_signal_pending(current))
			ret = -EINTR;
	}
	pagefault_enable();
	srcu_read_unlock(&policies_srcu, idx);
	if (!ret && is_guarded(call)) {
		/* A removal marks the policy as missing before it clears its entry. */
		smp_rmb();
		return iommufd_policy_refuse_missing(call);
	}
	return ret;
}

static struct policy_set *current_set(void)
{
	return rcu_dereference_protected(policies, lockdep_is_held(&policies_lock));
}

static unsigned int set_size(const struct policy_set *set)
{
	return set ? set->n : 0;
}

static struct iommufd_policy *entry_of(const struct policy_set *set, unsigned int i)
{
	return rcu_dereference_protected(set->policy[i], lockdep_is_held(&policies_lock));
}

/* The number of loaded policies. */
static unsigned int count_policies(void)
{
	struct policy_set *set = current_set();
	unsigned int i, n = 0;

	for (i = 0; i < set_size(set); i++)
		n += !!entry_of(set, i);
	return n;
}

/* Find the loaded policy with these operations, and the number of its entry. */
static struct iommufd_policy *find_ops(const struct iommufd_policy_ops *ops, unsigned int *index)
{
	struct policy_set *set = current_set();
	struct iommufd_policy *policy;
	unsigned int i;

	for (i = 0; i < set_size(set); i++) {
		policy = entry_of(set, i);
		if (policy && policy->ops == ops) {
			*index = i;
			return policy;
		}
	}
	return NULL;
}

static struct iommufd_policy *find_loaded(u32 id)
{
	struct policy_set *set = current_set();
	struct iommufd_policy *policy;
	unsigned int i;

	for (i = 0; i < set_size(set); i++) {
		policy = entry_of(set, i);
		if (policy && policy->id == id)
			return policy;
	}
	return NULL;
}

static bool name_taken(const char *name, const struct iommufd_policy *but)
{
	struct policy_set *set = current_set();
	struct iommufd_policy *policy;
	unsigned int i;

	for (i = 0; i < set_size(set); i++) {
		policy = entry_of(set, i);
		if (policy && policy != but && !strcmp(policy->ops->name, name))
			return true;
	}
	return false;
}

/* Whether a sealed policy was detached by force, so that no other one gets its name. */
static bool was_sealed(const char *name)
{
	const struct iommufd_needed *needed = iommufd_needed_find(name);

	return needed && needed->sealed && needed->missing;
}

static struct policy_set *set_alloc(unsigned int n)
{
	struct policy_set *set = kzalloc(struct_size(set, policy, n), GFP_KERNEL_ACCOUNT);

	if (set)
		set->n = n;
	return set;
}

/* Fill a set with the loaded policies, without @old and with @new unless they are NULL. */
static void fill_set(struct policy_set *to, struct iommufd_policy *new, struct iommufd_policy *old)
{
	struct policy_set *from = current_set();
	struct iommufd_policy *policy;
	unsigned int i, n = 0;

	for (i = 0; i < set_size(from); i++) {
		policy = entry_of(from, i);
		if (!policy || policy == old)
			continue;
		if (new && policy->ops->priority < new->ops->priority) {
			RCU_INIT_POINTER(to->policy[n++], new);
			new = NULL;
		}
		RCU_INIT_POINTER(to->policy[n++], policy);
	}
	if (new)
		RCU_INIT_POINTER(to->policy[n++], new);
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

/* Whether a set has a policy that must be in force, not counting @but. */
static bool in_force(const struct policy_set *set, const struct iommufd_needed *needed,
		     const struct iommufd_policy *but)
{
	struct iommufd_policy *policy;
	unsigned int i;

	for (i = 0; i < set_size(set); i++) {
		policy = entry_of(set, i);
		if (policy && policy != but && !strcmp(policy->ops->name, needed->name))
			return !needed->required || !(policy->ops->flags & IOMMUFD_POLICY_AUDIT);
	}
	return false;
}

/*
 * Count the policies that are missing once a set without @but is in force, and mark them. With
 * @still, those that are missing now stay marked.
 */
static unsigned int count_missing(const struct policy_set *set, const struct iommufd_policy *but,
				  bool still)
{
	struct iommufd_needed *needed;
	unsigned int n = 0;
	bool missing;

	list_for_each_entry(needed, &iommufd_needed, list) {
		/* A seal that failed leaves a name that is neither. */
		missing = (needed->required || needed->sealed) && !in_force(set, needed, but);
		missing |= still && needed->missing;
		/* A call that finds no mark finds the policy that publish() has published. */
		smp_store_release(&needed->missing, missing);
		n += missing;
	}
	iommufd_needed_show();
	return n;
}

/*
 * Refuse calls if policies are missing. The caller does so before it takes a policy away, and after
 * it has published one, so that no call is decided without it.
 */
static void set_missing(unsigned int n)
{
	if (n && !nr_missing) {
		pr_warn("iommufd: calls that bind or attach devices or map memory are refused, because a required or sealed policy is not in force; load the policies that /sys/module/iommufd/parameters/missing_policies lists\n");
		static_branch_enable(&iommufd_policy_missing_key);
		switch_keys(IOMMUFD_HOOKS_GUARDED, true);
	} else if (!n && nr_missing) {
		switch_keys(IOMMUFD_HOOKS_GUARDED, false);
		static_branch_disable(&iommufd_policy_missing_key);
		pr_info("iommufd: all required and sealed policies are in force again\n");
	}
	nr_missing = n;
}

static void set_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct policy_set, rcu));
}

/* Make readers use another set, and free the old one when no reader has it any more. */
static void publish(struct policy_set *set)
{
	struct policy_set *old = current_set();

	rcu_assign_pointer(policies, set);
	if (old)
		call_srcu(&policies_srcu, &old->rcu, set_free_rcu);
}

/*
 * Each policy that is loaded, replaced, unloaded or gone has one line in the log. Names are valid
 * (see init_name() in bpf/policy_ops.c), so they need no escaping. Log under policies_lock, so that
 * the lines stand in the order of the changes, and before a policy is published or freed, so that
 * a reader that sees the change finds the line.
 */
static uid_t caller_uid(void)
{
	return from_kuid_munged(&init_user_ns, current_uid());
}

static void log_end(const struct iommufd_policy *policy, bool detached)
{
	/* Closing the last file descriptor is an unload, unless the process ends. */
	if (detached || !(current->flags & (PF_KTHREAD | PF_EXITING)))
		pr_info("iommufd: policy '%s' (id %u) unloaded by uid %u\n", policy->ops->name,
			policy->id, caller_uid());
	else if (current->flags & PF_KTHREAD)
		pr_info("iommufd: policy '%s' (id %u) is gone: the last pin or file descriptor of its link was removed, by an unknown uid\n",
			policy->ops->name, policy->id);
	else
		pr_info("iommufd: policy '%s' (id %u) is gone: a process of uid %u that held its link has ended\n",
			policy->ops->name, policy->id, caller_uid());
}

/**
 * iommufd_policy_add() - load a policy
 * @ops: the policy; must not change until iommufd_policy_remove() or _replace() has returned
 * @link: its BPF link, NULL if it has none; must exist as long as @ops
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if its name is taken; -EPERM if it was that of a sealed policy; -ENOMEM.
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
	if (was_sealed(ops->name)) {
		pr_warn("iommufd: policy '%s' rejected: a sealed policy of this name was detached; reboot the machine\n",
			ops->name);
		ret = -EPERM;
		goto out_unlock;
	}
	if (iommufd_history_init())
		goto out_unlock;
	policy = iommufd_policy_alloc(ops, link);
	if (!policy)
		goto out_unlock;
	set = set_alloc(count_policies() + 1);
	if (!set) {
		iommufd_policy_free(policy);
		goto out_unlock;
	}
	fill_set(set, policy, NULL);
	pr_info("iommufd: policy '%s' (id %u) loaded by uid %u\n", ops->name, policy->id,
		caller_uid());
	umem_watch_growth(true);
	/* Until publish(), callers of the new hooks find the old set, and allow the call. */
	switch_keys(iommufd_policy_hooks(ops), true);
	publish(set);
	set_missing(count_missing(set, NULL, false));
	ret = 0;
out_unlock:
	mutex_unlock(&policies_lock);
	return ret;
}

static void add_allowed(struct iommufd_policy_count *counts, const struct iommufd_policy_use *use)
{
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++)
		counts[i].allowed += READ_ONCE(use->allowed[i]);
}

/* Get the counts of a policy, with those that it carries on. Its last_lock is not held. */
static void get_counts(struct iommufd_policy *policy, struct iommufd_policy_count *counts)
{
	unsigned int i;
	int cpu;

	spin_lock(&policy->last_lock);
	memcpy(counts, policy->carried, sizeof(policy->carried));
	spin_unlock(&policy->last_lock);
	for_each_possible_cpu(cpu) add_allowed(counts, per_cpu_ptr(policy->use, cpu));
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		counts[i].denied += atomic64_read(&policy->counts[i].denied);
		counts[i].would_deny += atomic64_read(&policy->counts[i].would_deny);
		counts[i].invalid += atomic64_read(&policy->counts[i].invalid);
	}
}

/* @old has ended, so it has no user any more. */
static void carry_over(struct iommufd_policy *policy, struct iommufd_policy *old)
{
	struct iommufd_policy_count counts[IOMMUFD_HOOKS];

	get_counts(old, counts);
	spin_lock(&policy->last_lock);
	memcpy(policy->carried, counts, sizeof(policy->carried));
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
 * @link: the BPF link of both; BPF neither replaces nor unloads the new policy before return
 *
 * One of the two policies decides each call, never both or neither. The new policy carries on the
 * counts of the old one.
 *
 * Context: may sleep; waits for running programs of the old policy.
 * Return: 0; -EEXIST if a third policy has the new policy's name; -EPERM if it is sealed; -ENOENT
 * if the old policy is not loaded; -ENOMEM.
 */
int iommufd_policy_replace(struct iommufd_policy_ops *ops, struct iommufd_policy_ops *old_ops,
			   const struct bpf_link *link)
{
	struct iommufd_policy *policy, *old;
	unsigned int index;
	struct policy_set *set;
	int ret = -ENOMEM;

	mutex_lock(&policies_lock);
	old = find_ops(old_ops, &index);
	if (WARN_ON(!old)) {
		ret = -ENOENT;
		goto err_unlock;
	}
	if (old->sealed || was_sealed(ops->name)) {
		pr_warn("iommufd: policy '%s' (id %u) cannot be replaced with '%s': %s is sealed until the machine is rebooted\n",
			old_ops->name, old->id, ops->name, old->sealed ? "it" : "that name");
		ret = -EPERM;
		goto err_unlock;
	}
	if (name_taken(ops->name, old)) {
		pr_warn("iommufd: policy '%s' cannot replace '%s': a third policy has this name; use the name of the policy to be replaced\n",
			ops->name, old_ops->name);
		ret = -EEXIST;
		goto err_unlock;
	}
	policy = iommufd_policy_alloc(ops, link);
	if (!policy)
		goto err_unlock;
	set = set_alloc(count_policies());
	if (!set) {
		iommufd_policy_free(policy);
		goto err_unlock;
	}
	fill_set(set, policy, old);
	pr_info("iommufd: policy '%s' (id %u) replaced with '%s' (id %u) by uid %u\n",
		old_ops->name, old->id, ops->name, policy->id, caller_uid());
	switch_keys(iommufd_policy_hooks(ops), true);
	set_missing(count_missing(set, NULL, true));
	/* A walk of the old set finds the successor as soon as the old policy has ended. */
	rcu_assign_pointer(old->successor, policy);
	publish(set);
	set_missing(count_missing(set, NULL, false));
	mutex_unlock(&policies_lock);

	iommufd_policy_end_calls(old);
	switch_keys(iommufd_policy_hooks(old_ops), false);
	/* The old counts are final now. Until carry_over(), a reader of counts misses them. */
	carry_over(policy, old);
	call_srcu(&policies_srcu, &old->rcu, iommufd_policy_free_rcu);
	return 0;

err_unlock:
	mutex_unlock(&policies_lock);
	return ret;
}

/**
 * iommufd_policy_remove() - unload a policy
 * @ops: the policy; its programs do not run any more on return
 * @detached: the caller asked for it; otherwise the last reference to its link is gone
 *
 * Context: may sleep; waits for running programs of this policy. Cannot fail.
 */
void iommufd_policy_remove(struct iommufd_policy_ops *ops, bool detached)
{
	struct iommufd_policy *policy;
	unsigned int index;

	mutex_lock(&policies_lock);
	policy = find_ops(ops, &index);
	if (WARN_ON(!policy)) {
		mutex_unlock(&policies_lock);
		return;
	}
	log_end(policy, detached);
	set_missing(count_missing(current_set(), policy, false));
	if (count_policies() == 1)
		publish(NULL);
	else
		rcu_assign_pointer(current_set()->policy[index], NULL);
	mutex_unlock(&policies_lock);

	iommufd_policy_end_calls(policy);
	switch_keys(iommufd_policy_hooks(ops), false);
	umem_watch_growth(false);
	call_srcu(&policies_srcu, &policy->rcu, iommufd_policy_free_rcu);
}

/**
 * iommufd_policy_seal() - let a policy stay until the machine is rebooted
 * @id: the policy
 *
 * From here on it cannot be replaced. The driver keeps a reference to the BPF link for ever, so the
 * policy stays if its pins are removed and all file descriptors of the link are closed. BPF can
 * still detach the link by force; then calls are refused, see required.c.
 *
 * Context: may sleep.
 * Return: 0, also if it is sealed already; -ENOENT if there is no such policy, or it is about to
 * end; -EOPNOTSUPP if it has no link; -EBUSY if it was ejected, so that it would never refuse a
 * call; -ENOMEM.
 */
int iommufd_policy_seal(u32 id)
{
	struct iommufd_needed *needed;
	struct iommufd_policy *policy;
	bool ejected;
	int ret = 0;

	mutex_lock(&policies_lock);
	policy = find_loaded(id);
	if (!policy) {
		ret = -ENOENT;
		goto out_unlock;
	}
	if (policy->sealed)
		goto out_unlock;
	if (!policy->link) {
		ret = -EOPNOTSUPP;
		goto out_unlock;
	}
	needed = iommufd_needed_add(policy->ops->name);
	if (!needed) {
		ret = -ENOMEM;
		goto out_unlock;
	}
	spin_lock(&policy->last_lock);
	ejected = policy->ejected;
	if (!ejected)
		WRITE_ONCE(policy->sealed, true);
	spin_unlock(&policy->last_lock);
	if (ejected) {
		ret = -EBUSY;
		goto out_unlock;
	}
	/* Without a reference, its last one is gone, and the policy is about to be removed. */
	if (!atomic64_inc_not_zero(&((struct bpf_link *)policy->link)->refcnt)) {
		WRITE_ONCE(policy->sealed, false);
		ret = -ENOENT;
		goto out_unlock;
	}
	/* A new module would not know that the policy was sealed. */
	__module_get(THIS_MODULE);
	needed->sealed = true;
	pr_info("iommufd: policy '%s' (id %u) sealed by uid %u until the machine is rebooted\n",
		policy->ops->name, policy->id, caller_uid());
out_unlock:
	mutex_unlock(&policies_lock);
	return ret;
}

/**
 * iommufd_policy_require() - refuse calls until all required policies are in force
 *
 * Context: when the module is loaded, before its file can be opened.
 * Return: 0; -EINVAL if the module parameter is wrong; -ENOMEM.
 */
int iommufd_policy_require(void)
{
	int ret = iommufd_needed_init();

	if (ret)
		return ret;
	mutex_lock(&policies_lock);
	set_missing(count_missing(current_set(), NULL, false));
	mutex_unlock(&policies_lock);
	return 0;
}

static void fill_info(struct iommufd_policy *policy, struct iommufd_policy_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = policy->id;
	info->link_id = policy->link ? policy->link->id : 0;
	info->hooks = iommufd_policy_hooks(policy->ops);
	info->flags = flags_of(policy);
	info->priority = policy->ops->priority;
	info->cgroup = policy->ops->cgroup;
	memcpy(info->name, policy->ops->name, sizeof(info->name));
	get_counts(policy, info->counts);
	spin_lock(&policy->last_lock);
	info->last_hook = policy->last_hook;
	info->last_ret = policy->last_ret;
	info->last_tgid = policy->last_tgid;
	memcpy(info->reason, policy->reason, sizeof(info->reason));
	spin_unlock(&policy->last_lock);
}

/* Find the entry of a policy. Returns set_size() if it has none. */
static unsigned int find_id(const struct policy_set *set, u32 id)
{
	struct iommufd_policy *policy;
	unsigned int i;

	for (i = 0; i < set_size(set); i++) {
		policy = srcu_dereference(set->policy[i], &policies_srcu);
		if (policy && policy->id == id)
			break;
	}
	return i;
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
	struct iommufd_policy *policy;
	struct policy_set *set;
	bool found = false;
	unsigned int i = 0;
	int idx;

	idx = srcu_read_lock(&policies_srcu);
	set = srcu_dereference(policies, &policies_srcu);
	/* Continue after the policy that was returned last, wherever it stands now. */
	if (*last_id) {
		i = find_id(set, *last_id);
		i = i < set_size(set) ? i + 1 : *index;
	}
	for (; i < set_size(set) && !found; i++) {
		policy = srcu_dereference(set->policy[i], &policies_srcu);
		/* This keeps ops, which BPF frees when the policy has ended. */
		if (!policy || !begin_use(policy))
			continue;
		*index = i;
		*last_id = policy->id;
		fill_info(policy, info);
		end_use(policy);
		found = true;
	}
	srcu_read_unlock(&policies_srcu, idx);
	return found;
}

/**
 * iommufd_policy_exit() - wait until the memory of unloaded policies is freed, and free the history
 *
 * Context: at the end of the module. No policy is loaded, because each holds the module.
 */
void iommufd_policy_exit(void)
{
	WARN_ON(rcu_access_pointer(policies));
	srcu_barrier(&policies_srcu);
	iommufd_needed_exit();
	iommufd_history_exit();
}
