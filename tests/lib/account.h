/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of accounting: a user without privileges, the limit of locked memory, and the counters
 * of pinned pages.
 *
 * A test runs as root, and becomes the user around the calls under test. It keeps root as its saved
 * user, to return: the effective user decides about capabilities, the real one about the charge. A
 * function that fails is a test point that fails.
 */
#ifndef TESTS_LIB_ACCOUNT_H
#define TESTS_LIB_ACCOUNT_H

#define ACCOUNT_USER 54321

void account__become_user(void);
void account__become_root(void);
/* Set RLIMIT_MEMLOCK, in pages. */
void account__limit(unsigned long pages);

/* Two test points: VmPin and VmLck of this process, in pages. */
void account__counts(long pin, long lck, const char *when);
/* A test point: pages pinned in the whole machine; root only. */
void account__pinned(long long pages, const char *when);

#endif
