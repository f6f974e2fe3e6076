// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that maps all the time, and that no policy is asked about, cannot make the map of
 * another process fail whose policy is slow.
 *
 * Both belong to the same user, so the total of the user grows while the policy decides. The policy
 * applies to a cgroup with the slow process alone. It is held in each decision until the first
 * process has mapped another page.
 *
 * Finds this fault: the policy is asked again and again, until the map fails with EBUSY.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define P MEM_PAGE
#define GROUP "quota-starve"
#define ROUNDS 100

/* Map a page as a process of the cgroup; the exit status is its errno. */
static pid_t start_map(void)
{
	pid_t pid = fork();
	struct mock own;

	if (pid)
		return pid;
	if (!fixture__join_cgroup(GROUP) || mock__open(&own, 0))
		_exit(255);
	_exit(-ioas__map_at(own.fd, own.ioas, mem__small(P), P, AT(0)));
}

/* Whether the child has ended, or otherwise, is held by the policy. */
static bool ended(struct policy *pol, pid_t pid, int *status)
{
	while (!hooks__is_held(pol, IOMMUFD_HOOK_IOAS_MAP)) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		usleep(1000);
	}
	return false;
}

int main(void)
{
	static const char name[] = "a slow policy";
	int err = 0, status = -1;
	unsigned int rounds;
	char settings[64];
	struct mock m;
	struct policy pol;
	char *mem;
	pid_t pid;

	tap__start();
	if (mkdir(CGROUP "/" GROUP, 0755))
		return tap__skip_all("no cgroup: %s", tap__errname(-errno));
	snprintf(settings, sizeof(settings), "@cgroup=%llu",
		 (unsigned long long)fixture__cgroup_id(GROUP));
	if (!fixture__start(&m, &pol, name, settings))
		return tap__done();
	mem = mem__small(P);
	tap__err(hooks__hold(&pol, IOMMUFD_HOOK_IOAS_MAP), 0, "%s: hold each decision", name);
	pid = start_map();
	for (rounds = 0; rounds < ROUNDS && !ended(&pol, pid, &status); rounds++) {
		err = ioas__map_at(m.fd, m.ioas, mem, P, AT(rounds)) ?: err;
		hooks__hold(&pol, IOMMUFD_HOOK_IOAS_MAP);
	}
	hooks__release(&pol, IOMMUFD_HOOK_IOAS_MAP);
	if (rounds == ROUNDS)
		waitpid(pid, &status, 0);
	tap__err(err, 0, "%s: the other process maps a page in each of %u decisions", name, rounds);
	tap__ok(rounds > 1, "%s: the policy was asked again", name);
	tap__ok(WIFEXITED(status), "%s: the process ends", name);
	tap__err(-WEXITSTATUS(status), 0, "%s: its map succeeds", name);
	fixture__end(&m, &pol, name);
	mem__free(mem, P);
	rmdir(CGROUP "/" GROUP);
	return tap__done();
}
