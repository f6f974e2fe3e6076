// SPDX-License-Identifier: GPL-2.0-only
/*
 * LD_PRELOAD library for the kernel selftests in an emulated machine.
 *
 * The kselftest harness waits for each test with poll() on a pidfd and kills it after 30 s (or
 * TEST_F_TIMEOUT). An emulator is ten to a hundred times slower than the machines that limit
 * was made for, and a kernel with KASAN slower again, so the waits of 10 s and more are made
 * PATIENCE times (default 20) longer. Shorter ones, by which tests expect an event or none, stay.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define LONG_WAIT_MS 10000

int poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
	const char *env = getenv("PATIENCE");
	struct timespec ts, *wait = NULL;
	long factor = env ? atol(env) : 20;
	long long ms = timeout;

	if (timeout >= LONG_WAIT_MS && factor > 0)
		ms *= factor;
	if (timeout >= 0) {
		ts.tv_sec = ms / 1000;
		ts.tv_nsec = ms % 1000 * 1000000;
		wait = &ts;
	}
	return ppoll(fds, nfds, wait, NULL);
}
