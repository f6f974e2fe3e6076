/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state that must be as before when all processes are gone: pins, charges, devices, contexts,
 * kernel memory.
 */
#ifndef TESTS_FUZZ_END_H
#define TESTS_FUZZ_END_H

#include <stdbool.h>

/* References on iommufd.ko before the run */
struct end {
	long module;
};

void end_before(struct end *end);
/*
 * Give up CAP_IPC_LOCK and raise RLIMIT_MEMLOCK, so that pinned pages are charged to the user; move
 * to the cgroup of the run.
 */
void end_drop_privileges(void);
/* Test points. Returns whether all is as before. */
bool end_check(const struct end *end);

/* Write a text to a file of the kernel, if it exists. */
void end_write(const char *path, const char *text);

#endif
