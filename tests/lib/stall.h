/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Make calls wait for user memory: a page is write-protected by userfaultfd, and the kernel is
 * given it to write to. The call stalls there until the test lifts the protection.
 */
#ifndef TESTS_LIB_STALL_H
#define TESTS_LIB_STALL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mock.h"

/* The page, once stall__init() has returned 0. It returns -errno without userfaultfd. */
extern char *stall_page;

int stall__init(void);
int stall__protect(bool on);
/* Wait until a call stalls at the page. */
bool stall__reached(void);

/* A call in a thread of its own. fn() gets the call; ret has its result at the end. */
struct call {
	pthread_t thread;
	int (*fn)(struct call *call);
	struct mock *m;
	uint32_t id, type;
	int fd, ret;
	atomic_bool done;
};

void call__start(struct call *call, int (*fn)(struct call *call), struct mock *m);
/* Whether it has returned, or does within so many milliseconds. */
bool call__done(struct call *call, int ms);

#endif
