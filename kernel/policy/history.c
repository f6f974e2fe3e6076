// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history: the last refusals of all policies, also of those that have been unloaded since or
 * are missing.
 *
 * Equal refusals share an entry, which counts them: the same policy, process, user, hook, context,
 * object, device, error and reason, and all of them or none enforced. If there is no room, the user
 * with the most entries loses the oldest one of its own; of several such users, the one that was
 * refused the longest ago. So a user whose calls are refused all the time cannot remove the entries
 * of others, as long as there are fewer users than entries. Refusals that are not in the history
 * any more are counted.
 *
 * A process may repeat a refused call for ever. Therefore the cost of a refusal does not depend on
 * the number of entries: entries and users are found by hashes, with a random seed, so that no
 * process can cause collisions; each user has a list of its entries, and users with equally many
 * entries are in one list. The lock is held for these lists and a copy of one entry.
 *
 * The memory is allocated when the first policy is loaded, charged to the process that loads it, or
 * when the module is loaded, if it requires policies, and kept until the module is unloaded.
 *
 * Lock: history_lock, for all of the history; a leaf, not taken in interrupts.
 */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "policy/internal.h"

/**
 * struct entry - equal refusals
 * @node: in @entry_buckets
 * @hash: of the members that equal refusals have in common
 * @order: in @order of the history
 * @age: in @entries of its user
 * @user: whose entry it is
 * @info: the data for readers, except the number of lost refusals
 */
struct entry {
	struct hlist_node node;
	u32 hash;
	struct list_head order;
	struct list_head age;
	struct user *user;
	struct iommufd_refusal_info info;
};

/**
 * struct user - a user who has entries, or room for one
 * @node: in @user_buckets, if @held
 * @rank: in @ranks[@held], which have those refused the longest ago first
 * @entries: the one whose last refusal is the longest ago first
 * @uid: its number
 * @held: number of @entries
 */
struct user {
	struct hlist_node node;
	struct list_head rank;
	struct list_head entries;
	u32 uid;
	u32 held;
};

/**
 * struct history - the history
 * @entries: the first @used of them are in use
 * @users: as many as there can be
 * @entry_buckets: entries by hash
 * @user_buckets: users by hash
 * @order: entries in the order of their numbers
 * @ranks: users by the number of their entries; [0] are not in use
 * @most: number of entries of the users that have most
 * @used: see @entries
 * @seed: of the hashes
 * @last_number: number of the last refusal
 * @lost: refusals that were in entries that are used again
 */
struct history {
	struct entry entries[IOMMUFD_REFUSALS];
	struct user users[IOMMUFD_REFUSALS];
	struct hlist_head entry_buckets[IOMMUFD_REFUSALS];
	struct hlist_head user_buckets[IOMMUFD_REFUSALS];
	struct list_head order;
	struct list_head ranks[IOMMUFD_REFUSALS + 1];
	unsigned int most;
	unsigned int used;
	u32 seed;
	u64 last_number;
	u64 lost;
};

static_assert(!(IOMMUFD_REFUSALS & (IOMMUFD_REFUSALS - 1))); /* a hash is masked */

static DEFINE_SPINLOCK(history_lock);
static struct history *history; /* set once, before a call can be refused */

/**
 * iommufd_history_init() - allocate the history unless it exists
 *
 * Context: may sleep; the caller holds a mutex, or loads the module.
 * Return: 0; -ENOMEM.
 */
int iommufd_history_init(void)
{
	struct history *new;
	unsigned int i;

	if (history)
		return 0;
	new = kvzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->seed = get_random_u32();
	INIT_LIST_HEAD(&new->order);
	for (i = 0; i <= IOMMUFD_REFUSALS; i++)
		INIT_LIST_HEAD(&new->ranks[i]);
	for (i = 0; i < IOMMUFD_REFUSALS; i++) {
		INIT_LIST_HEAD(&new->users[i].entries);
		list_add_tail(&new->users[i].rank, &new->ranks[0]);
	}
	/* A reader takes the lock, and finds a history that is complete. */
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
	history = NULL;
}

/* Describe the refusal of a call, as the first one of its kind. */
static void fill_info(struct iommufd_refusal_info *info, const struct iommufd_refuser *by,
		      const struct iommufd_policy_call *call, int ret)
{
	const struct iommufd_policy_request *req = &call->request;

	*info = (struct iommufd_refusal_info){
		.cgroup = req->cgroup,
		.iova = req->iova,
		.length = req->length,
		.policy = by->policy,
		.flags = by->flags,
		.hook = req->hook,
		.ret = ret,
		.ctx = req->ctx,
		.tgid = req->tgid,
		.uid = req->uid,
		.object = call->object,
		.sbdf = req->sbdf,
		.pasid = req->pasid,
	};
	info->first_ns = ktime_get_ns();
	info->last_ns = info->first_ns;
	strscpy(info->name, by->name, sizeof(info->name));
	memcpy(info->reason, call->reason, sizeof(info->reason));
	memcpy(info->comm, req->comm, sizeof(info->comm));
	memcpy(info->device_name, req->device_name, sizeof(info->device_name));
}

/* Hash the members that is_equal() compares, except the name, which rarely differs alone. */
static u32 hash_of(const struct iommufd_refusal_info *info)
{
	const u32 ids[] = { info->policy, info->hook, info->ret,    info->ctx,
			    info->tgid,	  info->uid,  info->object, info->sbdf };

	static_assert(sizeof(info->reason) % sizeof(u32) == 0);
	static_assert(offsetof(struct iommufd_refusal_info, reason) % sizeof(u32) == 0);
	return jhash2(ids, ARRAY_SIZE(ids),
		      jhash2((const u32 *)info->reason, sizeof(info->reason) / sizeof(u32),
			     history->seed));
}

static bool is_equal(const struct iommufd_refusal_info *a, const struct iommufd_refusal_info *b)
{
	/* With this flag, the calls went on. */
	return !((a->flags ^ b->flags) & IOMMUFD_POLICY_AUDIT) && a->policy == b->policy &&
	       a->hook == b->hook && a->ret == b->ret && a->ctx == b->ctx && a->tgid == b->tgid &&
	       a->uid == b->uid && a->object == b->object && a->sbdf == b->sbdf &&
	       !memcmp(a->reason, b->reason, sizeof(a->reason)) &&
	       !memcmp(a->name, b->name, sizeof(a->name));
}

static struct hlist_head *entry_bucket(u32 hash)
{
	return &history->entry_buckets[hash & (IOMMUFD_REFUSALS - 1)];
}

static struct hlist_head *user_bucket(u32 uid)
{
	return &history->user_buckets[jhash_1word(uid, history->seed) & (IOMMUFD_REFUSALS - 1)];
}

static struct entry *find_equal(u32 hash, const struct iommufd_refusal_info *info)
{
	struct entry *entry;

	hlist_for_each_entry(entry, entry_bucket(hash), node)
		if (entry->hash == hash && is_equal(&entry->info, info))
			return entry;
	return NULL;
}

/* Find or add a user. There is room for one if an entry is unused. */
static struct user *user_of(u32 uid)
{
	struct hlist_head *bucket = user_bucket(uid);
	struct user *user;

	hlist_for_each_entry(user, bucket, node)
		if (user->uid == uid)
			return user;
	user = list_first_entry(&history->ranks[0], struct user, rank);
	user->uid = uid;
	hlist_add_head(&user->node, bucket);
	return user;
}

/* Change the number of a user's entries, by 1 at most. */
static void count_held(struct user *user, int change)
{
	user->held += change;
	list_move_tail(&user->rank, &history->ranks[user->held]);
	if (user->held > history->most)
		history->most = user->held;
	else if (list_empty(&history->ranks[history->most]))
		history->most--;
	if (!user->held)
		hlist_del(&user->node);
}

/* Get an unused entry, or make room. */
static struct entry *get_entry(void)
{
	struct entry *entry;
	struct user *user;

	if (history->used < IOMMUFD_REFUSALS)
		return &history->entries[history->used++];
	user = list_first_entry(&history->ranks[history->most], struct user, rank);
	entry = list_first_entry(&user->entries, struct entry, age);
	history->lost += entry->info.times;
	hlist_del(&entry->node);
	list_del(&entry->order);
	list_del(&entry->age);
	count_held(user, -1);
	return entry;
}

static struct entry *add_entry(u32 hash, const struct iommufd_refusal_info *info)
{
	struct entry *entry = get_entry();

	entry->hash = hash;
	entry->info = *info;
	entry->info.number = history->last_number + 1;
	entry->user = user_of(info->uid);
	hlist_add_head(&entry->node, entry_bucket(hash));
	list_add_tail(&entry->order, &history->order);
	list_add_tail(&entry->age, &entry->user->entries);
	count_held(entry->user, 1);
	return entry;
}

/* Count one more refusal, which may be about another range, or the process may have moved. */
static void repeat(struct entry *entry, const struct iommufd_refusal_info *info)
{
	struct iommufd_refusal_info *to = &entry->info;

	to->last_ns = max(to->last_ns, info->last_ns);
	to->cgroup = info->cgroup;
	to->iova = info->iova;
	to->length = info->length;
	memcpy(to->comm, info->comm, sizeof(to->comm));
	list_move_tail(&entry->age, &entry->user->entries);
	count_held(entry->user, 0);
}

/**
 * iommufd_history_add() - keep a refusal
 * @by: the policy that has refused the call, or would have
 * @call: the call
 * @ret: its error
 *
 * Context: does not sleep.
 */
void iommufd_history_add(const struct iommufd_refuser *by, const struct iommufd_policy_call *call,
			 int ret)
{
	struct iommufd_refusal_info info;
	struct entry *entry;
	u32 hash;

	fill_info(&info, by, call, ret);
	hash = hash_of(&info);
	spin_lock(&history_lock);
	entry = find_equal(hash, &info);
	if (entry)
		repeat(entry, &info);
	else
		entry = add_entry(hash, &info);
	entry->info.times++;
	history->last_number++;
	spin_unlock(&history_lock);
}

/* Find the entry after the one with this number, which @slot may tell. The lock is held. */
static struct entry *find_after(u64 after, u32 slot)
{
	struct entry *entry = &history->entries[slot];

	if (after && entry->info.number == after)
		return list_is_last(&entry->order, &history->order) ? NULL :
								      list_next_entry(entry, order);
	list_for_each_entry(entry, &history->order, order)
		if (entry->info.number > after)
			return entry;
	return NULL;
}

/**
 * iommufd_history_next() - get the next entry, in the order of their first refusals
 * @after: number of the entry before; 0 for the first
 * @until: 0 for the first; private to this function, which so ends also if calls are refused all
 *	the time
 * @slot: private to this function
 * @info: out: the entry
 *
 * Context: may sleep, so that no program calls it while the lock is held.
 * Return: false if there are no more.
 */
bool iommufd_history_next(u64 after, u64 *until, u32 *slot, struct iommufd_refusal_info *info)
{
	struct entry *entry = NULL;

	spin_lock(&history_lock);
	if (history) {
		if (!*until)
			*until = history->last_number;
		entry = find_after(after, *slot);
		if (entry && entry->info.number > *until)
			entry = NULL;
	}
	if (entry) {
		*slot = entry - history->entries;
		*info = entry->info;
		info->lost = history->lost;
	}
	spin_unlock(&history_lock);
	return entry;
}
