/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom pinned memory is accounted to; see umem_owner.c.
 */
#ifndef _IOMMUFD_UMEM_OWNER_H
#define _IOMMUFD_UMEM_OWNER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct cgroup;
struct mm_struct;
struct task_struct;
struct umem_totals;
struct user_struct;

/**
 * struct umem_owner - a process as it was when it mapped memory
 * @refs: umems that it owns, contexts that have it at hand, calls
 * @tgid: the process, as the first namespace has it
 * @uid: its user
 * @mm: its memory: the struct is held, the memory is not
 * @task: its thread group leader, for its limits
 * @user: its user's account
 * @cgroup: its cgroup (version 2), or NULL
 * @pages: pages pinned
 * @reserved: pages that calls in progress may still pin, see struct umem_reservation
 * @item: in the list of all
 * @rcu: the list is read under RCU
 */
struct umem_owner {
	refcount_t refs;
	pid_t tgid;
	kuid_t uid;
	struct mm_struct *mm;
	struct task_struct *task;
	struct user_struct *user;
	struct cgroup *cgroup;
	atomic_long_t pages;
	atomic_long_t reserved;
	struct list_head item;
	struct rcu_head rcu;
};

/**
 * struct umem_scope - the process, user and cgroup to sum up for
 * @tgid: a process
 * @uid: a user
 * @cgroup: id of a cgroup, with all cgroups below it
 */
struct umem_scope {
	pid_t tgid;
	kuid_t uid;
	u64 cgroup;
};

/**
 * struct umem_sum - a sum over owners of memory
 * @pages: pages pinned
 * @reserved: pages that calls in progress may still pin
 */
struct umem_sum {
	unsigned long pages;
	unsigned long reserved;
};

/* What counts against a limit; ULONG_MAX if it overflows. */
static inline unsigned long umem_sum_total(const struct umem_sum *sum)
{
	return size_add(sum->pages, sum->reserved);
}

struct umem_sums {
	struct umem_sum context;
	struct umem_sum process;
	struct umem_sum user;
	struct umem_sum cgroup;
};

/**
 * struct umem_reservation - pages that one call may still pin
 * @totals: of the context; NULL if nothing is reserved, and pinning has no limit of this kind
 * @owner: the process that reserved them; NULL if it has no memory, or the number is 0
 * @pages: pages that may still be pinned
 * @exceeded: pinning was refused because it needed more than @pages
 *
 * A limit must hold when two calls are decided on at once, and a request that is refused must not
 * count against others. So a reservation is made after the decision, and only if no sum has grown
 * since the decision saw it. From then on it counts in all sums, until its pages are pinned and are
 * counted as such. umem_pin() fails with -EBUSY if it would pin more than is reserved, and sets
 * @exceeded.
 */
struct umem_reservation {
	struct umem_totals *totals;
	struct umem_owner *owner;
	unsigned long pages;
	bool exceeded;
};

int umem_reservation_begin(struct umem_reservation *reservation, struct umem_totals *totals,
			   unsigned long pages, const struct umem_scope *by,
			   const struct umem_sums *seen);
void umem_reservation_use(struct umem_reservation *reservation, unsigned long pages);
void umem_reservation_end(struct umem_reservation *reservation);
void umem_owner_move(struct umem_owner *from, struct umem_owner *to, unsigned long pages);

struct umem_owner *umem_owner_get(struct umem_totals *totals);
void umem_owner_put(struct umem_owner *owner);
void umem_totals_fini(struct umem_totals *totals);
void umem_owner_sums(const struct umem_totals *totals, const struct umem_scope *by,
		     struct umem_sums *sums);
struct cgroup *umem_cgroup_get(void);
void umem_cgroup_put(struct cgroup *cgroup);
u64 umem_cgroup_id(struct cgroup *cgroup);
bool umem_cgroup_within(struct cgroup *cgroup, u64 id);
u64 umem_cgroup_current(void);
bool umem_current_within(u64 id);

#endif
