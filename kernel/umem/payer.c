// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payers: the owners of memory that was mapped through one context, and the pages of each.
 *
 * An owner has pages in several contexts, and a context has pages of several owners: one process
 * opens /dev/iommu and another maps through it, or a process exits and its successor goes on. A
 * payer is one owner in one context. It lives as long as memory of the owner is mapped through the
 * context, whether pages are pinned or not, and a context keeps the payer that mapped last.
 *
 * The payers of a context are in a tree by the owner's id. totals->lock protects it; no lock is
 * taken inside. A payer without references leaves the tree when the next search finds it there, or
 * before it is freed, whichever comes first.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "umem/internal.h"

/**
 * umem_totals_init() - initialize the totals of a context
 * @totals: zeroed
 *
 * Return: 0 or -ENOMEM.
 */
int umem_totals_init(struct umem_totals *totals)
{
	totals->counts = alloc_percpu_gfp(struct umem_counts, GFP_KERNEL_ACCOUNT);
	if (!totals->counts)
		return -ENOMEM;
	spin_lock_init(&totals->lock);
	totals->payers = RB_ROOT;
	totals->opened = jiffies;
	return 0;
}

/**
 * umem_totals_free() - free the counts of a context
 * @totals: after umem_totals_fini(), or never used; nobody reads the counts any more
 */
void umem_totals_free(struct umem_totals *totals)
{
	free_percpu(totals->counts);
}

static int compare_ids(const void *key, const struct rb_node *node)
{
	u64 id = *(const u64 *)key, other = rb_entry(node, struct umem_payer, node)->owner->id;

	return id < other ? -1 : id > other;
}

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return compare_ids(&rb_entry(a, struct umem_payer, node)->owner->id, b) < 0;
}

/* Take a payer out of the tree, unless it has left it. totals->lock is held. */
static void leave_tree(struct umem_totals *totals, struct umem_payer *payer)
{
	if (RB_EMPTY_NODE(&payer->node))
		return;
	rb_erase(&payer->node, &totals->payers);
	RB_CLEAR_NODE(&payer->node);
}

/* Find a payer, with a reference. totals->lock is held. */
static struct umem_payer *payer_find(struct umem_totals *totals, const struct umem_owner *owner)
{
	struct rb_node *node = rb_find(&owner->id, &totals->payers, compare_ids);
	struct umem_payer *payer;

	if (!node)
		return NULL;
	payer = rb_entry(node, struct umem_payer, node);
	if (likely(refcount_inc_not_zero(&payer->refs)))
		return payer;
	/* umem_payer_put() is about to free it. There must be room for another one of its owner. */
	leave_tree(totals, payer);
	return NULL;
}

/* Make a payer, unless there is one by now. Takes the reference on @owner. */
static struct umem_payer *payer_make(struct umem_totals *totals, struct umem_owner *owner)
{
	struct umem_payer *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT), *payer;

	if (!new) {
		umem_owner_put(owner);
		return NULL;
	}
	refcount_set(&new->refs, 1);
	new->totals = totals;
	new->owner = owner;
	spin_lock(&totals->lock);
	payer = payer_find(totals, owner);
	if (!payer)
		rb_add(&new->node, &totals->payers, is_before);
	spin_unlock(&totals->lock);
	if (!payer)
		return new;
	umem_owner_put(owner);
	kfree(new);
	return payer;
}

/* Another process maps than the last time, or for the first time. */
static noinline struct umem_payer *payer_look_up(struct umem_totals *totals)
{
	struct umem_owner *owner = umem_owner_get(totals);
	struct umem_payer *payer;

	if (!owner)
		return NULL;
	spin_lock(&totals->lock);
	payer = payer_find(totals, owner);
	spin_unlock(&totals->lock);
	if (!payer)
		return payer_make(totals, owner);
	umem_owner_put(owner);
	return payer;
}

/**
 * umem_payer_get() - get the payer that stands for the calling process
 * @totals: of the context that it maps through
 *
 * Context: may sleep.
 * Return: the payer, with a reference for the caller; NULL if out of memory.
 */
struct umem_payer *umem_payer_get(struct umem_totals *totals)
{
	struct umem_payer *payer;

	rcu_read_lock();
	payer = rcu_dereference(totals->payer);
	if (unlikely(!payer || !umem_owner_is_current(payer->owner) ||
		     !refcount_inc_not_zero(&payer->refs)))
		payer = NULL;
	rcu_read_unlock();
	return payer ? payer : payer_look_up(totals);
}

/**
 * umem_payer_free() - free a payer when umem_payer_put() has dropped its last reference
 * @payer: has no memory in the context
 */
void umem_payer_free(struct umem_payer *payer)
{
	struct umem_totals *totals = payer->totals;

	spin_lock(&totals->lock);
	leave_tree(totals, payer);
	spin_unlock(&totals->lock);
	WARN_ON(atomic_long_read(&payer->charged) || atomic_long_read(&payer->exempt));
	umem_owner_put(payer->owner);
	kfree_rcu(payer, rcu);
}

/**
 * umem_set_mapper() - make the calling process the one that mapped last, see umem_note_mapper()
 * @totals: of the context
 *
 * Context: may sleep.
 */
void umem_set_mapper(struct umem_totals *totals)
{
	struct umem_payer *payer = payer_look_up(totals), *old;

	/* Without memory, the process that mapped before counts as the last one. */
	if (!payer)
		return;
	old = unrcu_pointer(xchg(&totals->payer, RCU_INITIALIZER(payer)));
	if (old)
		umem_payer_put(old);
}

/**
 * umem_totals_fini() - drop the payer that a context's totals hold
 * @totals: nothing is mapped through the context; the counts stay until umem_totals_free()
 */
void umem_totals_fini(struct umem_totals *totals)
{
	struct umem_payer *payer = unrcu_pointer(xchg(&totals->payer, NULL));

	if (payer)
		umem_payer_put(payer);
	WARN_ON(!RB_EMPTY_ROOT(&totals->payers));
}

/**
 * umem_last_owner() - get the process that last mapped memory through a context
 * @totals: of the context
 *
 * Context: any; takes no lock.
 * Return: the owner, to be put with umem_owner_put(); NULL if there is none.
 */
struct umem_owner *umem_last_owner(struct umem_totals *totals)
{
	struct umem_owner *owner = NULL;
	struct umem_payer *payer;

	rcu_read_lock();
	/* The totals have a reference, so one without references has just been replaced. */
	do {
		payer = rcu_dereference(totals->payer);
	} while (payer && !refcount_inc_not_zero(&payer->owner->refs));
	if (payer)
		owner = payer->owner;
	rcu_read_unlock();
	return owner;
}

/**
 * umem_last_tgid() - get the id of the process that last mapped memory through a context
 * @totals: of the context
 * @otherwise: to be returned if there is none
 *
 * Context: any; takes no lock.
 * Return: the id in the initial PID namespace.
 */
pid_t umem_last_tgid(struct umem_totals *totals, pid_t otherwise)
{
	struct umem_payer *payer;
	pid_t tgid;

	rcu_read_lock();
	payer = rcu_dereference(totals->payer);
	tgid = payer ? payer->owner->tgid : otherwise;
	rcu_read_unlock();
	return tgid;
}

/* Find the payer with the lowest owner's id above @after. totals->lock is held. */
static struct umem_payer *payer_after(struct umem_totals *totals, u64 after)
{
	struct rb_node *node = totals->payers.rb_node;
	struct umem_payer *payer, *found = NULL;

	while (node) {
		payer = rb_entry(node, struct umem_payer, node);
		if (payer->owner->id > after) {
			found = payer;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

static unsigned long used_pages(const struct umem_owner *owner, bool account_mm)
{
	/* Changes while it is read; the mm may also have ended, but its struct has not. */
	return account_mm ? READ_ONCE(owner->mm->locked_vm) :
			    atomic_long_read(&owner->user->locked_vm);
}

/*
 * Whether the process is still the owner: after execve() it has other memory. The leader of a
 * process has no memory once it has exited, but other threads may go on.
 */
static bool is_process_of(const struct task_struct *leader, const struct umem_owner *owner)
{
	const struct mm_struct *mm = READ_ONCE(leader->mm);

	return mm ? mm == owner->mm : !thread_group_empty((struct task_struct *)leader);
}

/* Whether capable(CAP_IPC_LOCK) is true for the process. */
static bool has_ipc_lock(const struct task_struct *task)
{
	const struct cred *cred = __task_cred(task);

	return cred->user_ns == &init_user_ns && cap_raised(cred->cap_effective, CAP_IPC_LOCK);
}

/* The process may have ended; then it has the name it had when it mapped. */
static void add_process(struct umem_payer_state *state, const struct umem_owner *owner)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(owner->pid, PIDTYPE_TGID);
	state->alive = task && is_process_of(task, owner);
	state->exempt = state->alive && has_ipc_lock(task);
	strscpy_pad(state->comm, state->alive ? task->comm : owner->comm, sizeof(state->comm));
	rcu_read_unlock();
}

/**
 * umem_next_payer() - describe the next payer of a context
 * @totals: of the context
 * @account_mm: the context charges pages to processes, not to users
 * @after: id of the previous payer, 0 for the first
 * @state: out: the description; holds a reference on @state->owner
 *
 * Context: any; takes totals->lock for as long as it takes to find the payer.
 * Return: false if there are no more payers.
 */
bool umem_next_payer(struct umem_totals *totals, bool account_mm, u64 after,
		     struct umem_payer_state *state)
{
	struct umem_payer *payer;
	struct umem_owner *owner;

	spin_lock(&totals->lock);
	payer = payer_after(totals, after);
	if (payer) {
		owner = payer->owner;
		refcount_inc(&owner->refs);
		state->charged = max(atomic_long_read(&payer->charged), 0L);
		state->exempted = max(atomic_long_read(&payer->exempt), 0L);
		state->last = rcu_access_pointer(totals->payer) == payer;
	}
	spin_unlock(&totals->lock);
	if (!payer)
		return false;
	state->owner = owner;
	state->limit = umem_owner_memlock(owner);
	state->used = used_pages(owner, account_mm);
	add_process(state, owner);
	return true;
}
