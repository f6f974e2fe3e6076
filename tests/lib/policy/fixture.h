/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Set-up and tear-down that the tests of policies share: a mock device, its memory, the policy of
 * hooks.h, and cgroups.
 *
 * A test has one block of memory. Page N of it is mapped at AT(N), so that tests name areas by the
 * numbers of their pages.
 */
#ifndef TESTS_LIB_POLICY_FIXTURE_H
#define TESTS_LIB_POLICY_FIXTURE_H

#include "../mem.h"
#include "../mock.h"
#include "load.h"

#define AT(page) (MOCK_BASE + (page) * MEM_PAGE)
#define CGROUP "/sys/fs/cgroup"

/* Map pages of the test's memory. Returns 0 or -errno. */
int fixture__map(const struct mock *m, uint32_t ioas, char *mem, unsigned int page,
		 unsigned int pages);

/* Load the policy of hooks.h with all hooks. A test point. */
bool fixture__load(struct policy *p, const char *name, const char *settings);
/* Open a mock device with PASIDs first, and load the policy. Two test points. */
bool fixture__start(struct mock *m, struct policy *p, const char *name, const char *settings);
/*
 * Unload the policy, if it is loaded, and close the device. Two test points: nothing is pinned, and
 * no policy is loaded.
 */
void fixture__end(struct mock *m, struct policy *p, const char *name);

/* Move the process into a cgroup, given by its path below CGROUP. */
bool fixture__join_cgroup(const char *cgroup);
/* The id of a cgroup, 0 if it does not exist. */
uint64_t fixture__cgroup_id(const char *cgroup);

#endif
