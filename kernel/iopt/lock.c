// SPDX-License-Identifier: GPL-2.0-only
/*
 * tables_lock of an address space, and its totals. Both are counted per processor, because every
 * map and unmap changes them, and threads that work on disjoint ranges shall not wait for each
 * other's cache lines.
 *
 * tables_lock is an rwsem that maps and unmaps do not touch: they hold it for reading by a count,
 * see iopt_lock_tables_shared(). Writers are rare, and wait for the holders here. A
 * percpu_rw_semaphore is the same idea, but its writers wait for a grace period of RCU, some ten
 * milliseconds for each attach.
 */
#include <linux/cpumask.h>
#include <linux/rwsem.h>

#include "iopt/internal.h"

/* Whether a map or unmap holds tables_lock. */
static bool has_users(const struct iopt *iopt)
{
	unsigned int sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) sum += READ_ONCE(per_cpu_ptr(iopt->cpu, cpu)->users);
	return sum;
}

/* Wait for the holders; the rwsem is held for writing, so new ones wait for it. */
static void take_tables(struct iopt *iopt)
{
	WRITE_ONCE(iopt->tables_taken, true);
	/* Set, then look; pairs with iopt_lock_tables_shared() and iopt_unlock_tables_shared(). */
	smp_mb();
	wait_event(iopt->tables_idle, !has_users(iopt));
	/* See all that the last holder did. */
	smp_mb();
}

/**
 * iopt_lock_tables() - take tables_lock for writing
 * @iopt: the address space
 *
 * Context: sleeps until no map or unmap holds it.
 */
void iopt_lock_tables(struct iopt *iopt)
{
	down_write(&iopt->tables_lock);
	take_tables(iopt);
}

/**
 * iopt_lock_tables_nest() - the same, for several address spaces
 * @iopt: the address space
 * @nest: held, so that several address spaces may be locked
 *
 * Context: sleeps until no map or unmap holds it.
 */
void iopt_lock_tables_nest(struct iopt *iopt, struct mutex *nest)
{
	down_write_nest_lock(&iopt->tables_lock, nest);
	take_tables(iopt);
}

/**
 * iopt_unlock_tables() - undo iopt_lock_tables()
 * @iopt: the address space
 */
void iopt_unlock_tables(struct iopt *iopt)
{
	/* Pairs with the acquire of iopt_lock_tables_shared(). */
	smp_store_release(&iopt->tables_taken, false);
	up_write(&iopt->tables_lock);
}

/**
 * iopt_wait_for_tables() - take tables_lock for reading if there is a writer
 * @iopt: the address space; iopt_lock_tables_shared() has found tables_taken set
 *
 * Context: sleeps until the writer ends.
 */
void iopt_wait_for_tables(struct iopt *iopt)
{
	/* The writer may have seen the count that was taken back. */
	wake_up_all(&iopt->tables_idle);
	rwsem_release(&iopt->tables_lock.dep_map, _THIS_IP_);
	down_read(&iopt->tables_lock);
	/* No writer can begin, and the next one takes the rwsem after this. */
	this_cpu_inc(iopt->cpu->users);
	up_read(&iopt->tables_lock);
	rwsem_acquire_read(&iopt->tables_lock.dep_map, 0, 1, _THIS_IP_);
}

static void add_totals(struct iopt_totals *sum, const struct iopt_totals *more)
{
	sum->areas += READ_ONCE(more->areas);
	sum->mapped += READ_ONCE(more->mapped);
	sum->pinned += READ_ONCE(more->pinned);
	sum->runs += READ_ONCE(more->runs);
	sum->huge += READ_ONCE(more->huge);
}

/**
 * iopt_get_totals() - get the current totals
 * @iopt: the address space
 * @totals: out
 *
 * Exact unless calls are in progress. What was removed is read first, and each removal comes after
 * its addition. So areas that are there all the time count, none counts twice, and no total is ever
 * negative; an area that comes or goes meanwhile may count although it was never there together
 * with another one.
 *
 * Context: any; takes no lock. @iopt is not destroyed meanwhile.
 */
void iopt_get_totals(const struct iopt *iopt, struct iopt_totals *totals)
{
	struct iopt_totals removed = {};
	int cpu;

	for_each_possible_cpu(cpu) add_totals(&removed, &per_cpu_ptr(iopt->cpu, cpu)->removed);
	/* A removal is ordered after its addition by the locks of the address space. */
	smp_rmb();
	memset(totals, 0, sizeof(*totals));
	for_each_possible_cpu(cpu) add_totals(totals, &per_cpu_ptr(iopt->cpu, cpu)->added);
	totals->areas -= removed.areas;
	totals->mapped -= removed.mapped;
	totals->pinned -= removed.pinned;
	totals->runs -= removed.runs;
	totals->huge -= removed.huge;
}
