// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measure the cost of the policies for a while.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "process.h"

#define TICK_NS 50000000ULL

static int store(void *ctx, const struct cost_key *key, const struct cost *cost)
{
	struct costs *costs = ctx;
	struct policy_cost *grown;

	grown = realloc(costs->list, (costs->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	costs->list = grown;
	grown[costs->nr++] = (struct policy_cost){ *key, *cost };
	return 0;
}

static int explain(int err)
{
	char name[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES)
		return machine__explain_eperm("cannot measure the policies");
	if (err == -ENOENT) {
		msg("cannot measure the policies: the loaded module " MODULE " is older than this "
		    "iopolicy; load the newer one");
		return -ENODEV;
	}
	msg("cannot measure the policies (%s)\n  libbpf: %s", errname(-err, name),
	    msg__libbpf_warning());
	return err;
}

static void wait(__u64 for_ns)
{
	__u64 now = clock__now(), end = now + for_ns;

	for (; now < end && !process__signalled(); now = clock__now()) {
		const __u64 rest = end - now < TICK_NS ? end - now : TICK_NS;
		const struct timespec time = { .tv_nsec = rest };

		nanosleep(&time, NULL);
	}
}

int costs__measure(struct costs *costs, __u64 for_ns)
{
	struct cost_watch *watch;
	char name[ERRNAME_MAX];
	int err;

	memset(costs, 0, sizeof(*costs));
	watch = cost__open();
	if (!watch)
		return explain(-errno);
	wait(for_ns);
	err = cost__read(watch, store, costs);
	if (err)
		msg("cannot read the cost of the policies (%s)", errname(-err, name));
	costs->lost = cost__lost(watch);
	cost__close(watch);
	return err;
}

void costs__free(struct costs *costs)
{
	free(costs->list);
	memset(costs, 0, sizeof(*costs));
}
