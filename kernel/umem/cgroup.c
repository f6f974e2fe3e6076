// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups (version 2) of processes. Without CONFIG_CGROUPS a process has none: a cgroup is NULL,
 * its id is 0, and nothing is in it.
 */
#include "umem/internal.h"

/**
 * umem_cgroup_get() - get the cgroup of the calling process
 *
 * Return: the cgroup, for umem_cgroup_put(); NULL without cgroups.
 */
struct cgroup *umem_cgroup_get(void)
{
	struct cgroup *cgroup = NULL;

#ifdef CONFIG_CGROUPS
	/*
	 * Another process may move this one before the reference is taken, and remove the cgroup.
	 */
	rcu_read_lock();
	do {
		cgroup = umem_current_cgroup();
	} while (!cgroup_tryget(cgroup));
	rcu_read_unlock();
#endif
	return cgroup;
}

/**
 * umem_cgroup_find() - get a cgroup by its id
 * @id: the id
 *
 * Return: the cgroup, for umem_cgroup_put(); NULL if there is none in the cgroup namespace of the
 * calling process.
 */
struct cgroup *umem_cgroup_find(u64 id)
{
#ifdef CONFIG_CGROUPS
	struct cgroup *cgroup = id ? cgroup_get_from_id(id) : NULL;

	return IS_ERR(cgroup) ? NULL : cgroup;
#else
	return NULL;
#endif
}

/**
 * umem_cgroup_put() - drop the reference of umem_cgroup_get() or umem_cgroup_find()
 * @cgroup: the cgroup, or NULL
 */
void umem_cgroup_put(struct cgroup *cgroup)
{
#ifdef CONFIG_CGROUPS
	cgroup_put(cgroup);
#endif
}

/**
 * umem_cgroup_id() - get the id of a cgroup
 * @cgroup: referenced, or under RCU; or NULL
 *
 * Return: the id, which is also the inode number of its folder; 0 for NULL.
 */
u64 umem_cgroup_id(struct cgroup *cgroup)
{
#ifdef CONFIG_CGROUPS
	if (cgroup)
		return cgroup_id(cgroup);
#endif
	return 0;
}

/**
 * umem_cgroup_within() - check whether a cgroup is another one or below it
 * @cgroup: referenced, or under RCU; NULL is in none
 * @id: id of the other cgroup
 *
 * Return: true if it is.
 */
bool umem_cgroup_within(struct cgroup *cgroup, u64 id)
{
#ifdef CONFIG_CGROUPS
	for (; cgroup; cgroup = cgroup_parent(cgroup))
		if (cgroup_id(cgroup) == id)
			return true;
#endif
	return false;
}

/**
 * umem_cgroup_ancestor() - get the id of a cgroup, or of one above it, by its level
 * @cgroup: referenced; NULL for the cgroup of the calling process
 * @level: 0 for the root
 *
 * Return: the id; 0 if the cgroup has no ancestor of this level, or without cgroups.
 */
u64 umem_cgroup_ancestor(struct cgroup *cgroup, u32 level)
{
	u64 id = 0;

#ifdef CONFIG_CGROUPS
	rcu_read_lock();
	if (!cgroup)
		cgroup = umem_current_cgroup();
	if (level <= (u32)cgroup->level)
		id = cgroup_id(cgroup_ancestor(cgroup, level));
	rcu_read_unlock();
#endif
	return id;
}

/**
 * umem_cgroup_current() - get the id of the calling process's cgroup
 *
 * Return: the id; 0 without cgroups.
 */
u64 umem_cgroup_current(void)
{
	u64 id;

	rcu_read_lock();
	id = umem_cgroup_id(umem_current_cgroup());
	rcu_read_unlock();
	return id;
}

/**
 * umem_current_within() - check whether the calling process is in a cgroup or below it
 * @id: id of the cgroup
 *
 * Return: true if it is.
 */
bool umem_current_within(u64 id)
{
	bool ret;

	rcu_read_lock();
	ret = umem_cgroup_within(umem_current_cgroup(), id);
	rcu_read_unlock();
	return ret;
}
