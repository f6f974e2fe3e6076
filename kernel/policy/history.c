// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history: the last refusals of all policies, also of those that have been unloaded since.
 *
 * Equal refusals share an entry, which counts them: the same process, hook, object, error and
 * reason. If there is no room, the user with the most entries loses the oldest one of its own. So a
 * user whose calls are refused all the time cannot remove the entries of others, as long as there
 * are fewer users than entries. Refusals that are not in the history any more are counted.
 *
 * The memory is allocated when the first policy is loaded, charged to the process that loads it,
 * and kept until the module is unloaded.
 *
 * Lock: history_lock, for all of the history. It is taken without any other lock, and not in
 * interrupts. The keys are apart from the entries so that a search reads little memory.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "policy/internal.h"

/**
 * struct entry_key - the part of an entry that searches look at
 * @number: of the first refusal; 0 for an unused entry
 * @last: number of the last one
 * @policy: id of the policy
 * @tgid: the process
 * @uid: its user
 * @held: number of entries that this user has
 */
struct entry_key {
	u64 number;
	u64 last;
	u32 policy;
	u32 tgid;
	u32 uid;
	u32 held;
};

struct history {
	struct entry_key keys[IOMMUFD_REFUSALS];
	struct iommufd_refusal_info infos[IOMMUFD_REFUSALS];
	u64 last_number;
	u64 lost;
	unsigned int newest;
};

static DEFINE_SPINLOCK(history_lock);
static struct history *history; /* set once, before a policy can refuse a call */

/**
 * iommufd_history_init() - allocate the history unless it exists
 *
 * Context: may sleep; the caller holds a mutex.
 * Return: 0; -ENOMEM.
 */
int iommufd_history_init(void)
{
	struct history *new;

	if (history)
		return 0;
	new = kvzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	/* A reader takes the lock, and finds a history that is zeroed. */
	spin_lock(&history_lock);
	history = new;
	spin_unlock(&history_lock);
	return 0;
}

/**
 * iommufd_history_exit() - free the history
 *
 * Context: at the end of the module.
 */
void iommufd_history_exit(void)
{
	kvfree(history);
}

static bool is_equal(unsigned int i, const struct iommufd_policy *policy,
		     const struct iommufd_policy_call *call, int ret)
{
	const struct iommufd_policy_request *req = &call->request;
	const struct iommufd_refusal_info *info = &history->infos[i];
	const struct entry_key *key = &history->keys[i];

	return key->policy == policy->id && key->tgid == req->tgid && key->uid == req->uid &&
	       info->hook == req->hook && info->ret == ret && info->ctx == req->ctx &&
	       info->object == call->object && info->sbdf == req->sbdf &&
	       !memcmp(info->reason, call->reason, sizeof(info->reason));
}

/* Find the entry of equal refusals. Returns IOMMUFD_REFUSALS if there is none. */
static unsigned int find_equal(const struct iommufd_policy *policy,
			       const struct iommufd_policy_call *call, int ret)
{
	unsigned int i;

	if (is_equal(history->newest, policy, call, ret))
		return history->newest;
	for (i = 0; i < IOMMUFD_REFUSALS; i++)
		if (is_equal(i, policy, call, ret))
			break;
	return i;
}

/* Tell the entries of a user how many they are. */
static void count_held(u32 uid)
{
	struct entry_key *keys = history->keys;
	unsigned int i, held = 0;

	for (i = 0; i < IOMMUFD_REFUSALS; i++)
		held += keys[i].number && keys[i].uid == uid;
	for (i = 0; i < IOMMUFD_REFUSALS; i++)
		if (keys[i].number && keys[i].uid == uid)
			keys[i].held = held;
}

/* Find an unused entry, or make room. */
static unsigned int find_room(void)
{
	struct entry_key *keys = history->keys;
	unsigned int i, worst = 0;

	for (i = 0; i < IOMMUFD_REFUSALS; i++) {
		if (!keys[i].number)
			return i;
		if (keys[i].held > keys[worst].held ||
		    (keys[i].held == keys[worst].held && keys[i].last < keys[worst].last))
			worst = i;
	}
	keys[worst].number = 0;
	count_held(keys[worst].uid);
	history->lost += history->infos[worst].times;
	return worst;
}

static void fill_entry(unsigned int i, const struct iommufd_policy *policy,
		       const struct iommufd_policy_call *call, int ret)
{
	const struct iommufd_policy_request *req = &call->request;
	struct iommufd_refusal_info *info = &history->infos[i];
	struct entry_key *key = &history->keys[i];

	key->policy = policy->id;
	key->tgid = req->tgid;
	key->uid = req->uid;
	memset(info, 0, sizeof(*info));
	info->policy = policy->id;
	info->flags = flags_of(policy);
	info->hook = req->hook;
	info->ret = ret;
	info->ctx = req->ctx;
	info->tgid = req->tgid;
	info->uid = req->uid;
	info->object = call->object;
	info->sbdf = req->sbdf;
	info->pasid = req->pasid;
	memcpy(info->name, policy->ops->name, sizeof(info->name));
	memcpy(info->reason, call->reason, sizeof(info->reason));
	memcpy(info->device_name, req->device_name, sizeof(info->device_name));
}

/**
 * iommufd_history_add() - keep a refusal
 * @policy: the policy that has refused the call, or would have
 * @call: the call
 * @ret: its error
 *
 * Context: does not sleep.
 */
void iommufd_history_add(const struct iommufd_policy *policy,
			 const struct iommufd_policy_call *call, int ret)
{
	const struct iommufd_policy_request *req = &call->request;
	struct iommufd_refusal_info *info;
	u64 now = ktime_get_ns();
	unsigned int i;

	spin_lock(&history_lock);
	i = find_equal(policy, call, ret);
	if (i == IOMMUFD_REFUSALS) {
		i = find_room();
		fill_entry(i, policy, call, ret);
		history->infos[i].first_ns = now;
		history->infos[i].number = history->last_number + 1;
		history->keys[i].number = history->last_number + 1;
		count_held(req->uid);
	}
	history->newest = i;
	history->keys[i].last = ++history->last_number;
	info = &history->infos[i];
	info->times++;
	/* Those of the last one: the process may have moved, and be about another range. */
	info->last_ns = now;
	info->cgroup = req->cgroup;
	info->iova = req->iova;
	info->length = req->length;
	memcpy(info->comm, req->comm, sizeof(info->comm));
	spin_unlock(&history_lock);
}

/**
 * iommufd_history_next() - get the next entry, in the order of their first refusals
 * @after: number of the entry before; 0 for the first
 * @until: 0 for the first; private to this function, which so ends also if calls are refused all
 *	the time
 * @info: out: the entry
 *
 * Context: may sleep, so that no program calls it while the lock is held.
 * Return: false if there are no more.
 */
bool iommufd_history_next(u64 after, u64 *until, struct iommufd_refusal_info *info)
{
	unsigned int i, next = IOMMUFD_REFUSALS;
	const struct entry_key *keys;

	spin_lock(&history_lock);
	keys = history ? history->keys : NULL;
	if (keys && !*until)
		*until = history->last_number;
	for (i = 0; keys && i < IOMMUFD_REFUSALS; i++)
		if (keys[i].number > after && keys[i].number <= *until &&
		    (next == IOMMUFD_REFUSALS || keys[i].number < keys[next].number))
			next = i;
	if (next < IOMMUFD_REFUSALS) {
		*info = history->infos[next];
		info->lost = history->lost;
	}
	spin_unlock(&history_lock);
	return next < IOMMUFD_REFUSALS;
}
