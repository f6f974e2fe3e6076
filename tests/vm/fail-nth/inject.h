/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Let one allocation, or one copy from or to user memory, of the calling thread fail.
 */
#ifndef TESTS_VM_FAIL_NTH_INJECT_H
#define TESTS_VM_FAIL_NTH_INJECT_H

#include <stdbool.h>

/* Returns 0, -ENOENT if the kernel has no fault injection, or another -errno. */
int inject__start(void);
/* Let the @nth from now on fail. */
void inject__arm(unsigned int nth);
/* Let none fail any more. Returns whether one has failed. */
bool inject__disarm(void);

#endif
