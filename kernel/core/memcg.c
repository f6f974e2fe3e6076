// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory cgroups. Most memory is allocated in a call of the process that causes it, so that
 * GFP_KERNEL_ACCOUNT charges the right cgroup. Page requests and events come in kernel threads;
 * they are charged to the process that made the object in which they wait.
 */
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core/core.h"

/**
 * iommufd_memcg_get() - get the memory cgroup of the calling process
 *
 * Return: the cgroup, for iommufd_memcg_put(); NULL without memory cgroups.
 */
struct mem_cgroup *iommufd_memcg_get(void)
{
	return get_mem_cgroup_from_mm(current->mm);
}

/**
 * iommufd_memcg_put() - undo iommufd_memcg_get()
 * @memcg: the cgroup, or NULL
 */
void iommufd_memcg_put(struct mem_cgroup *memcg)
{
	mem_cgroup_put(memcg);
}

/**
 * iommufd_memcg_alloc() - allocate memory that a kernel thread charges to a cgroup
 * @memcg: the cgroup, or NULL
 * @size: bytes
 *
 * Fails at the limit of the cgroup, without reclaim in it and without killing a process of it: the
 * thread serves the devices of other users, too, and the caller can refuse the request.
 *
 * Context: a thread; does not sleep.
 * Return: the memory, zeroed; NULL if out of memory.
 */
void *iommufd_memcg_alloc(struct mem_cgroup *memcg, size_t size)
{
	struct mem_cgroup *old = set_active_memcg(memcg);
	void *p = kzalloc(size, GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);

	set_active_memcg(old);
	return p;
}
