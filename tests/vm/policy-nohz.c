// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of policies on a CPU with nohz_full, where the scheduler brings the CPU time of a thread
 * up to date each second only. Each program takes 20 ms, and the budget is 900 ms.
 *
 * Finds this fault: a program that runs while the CPU time is brought up to date seems to have
 * taken a second, so that the call is refused.
 *
 * vm: --mock --smp 2 --append nohz_full=1
 * vm: --append nohz=on --append highres=on --append tsc=reliable
 * takes: 25
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/load.h"

#define MAPS 400

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 or 0; -1 if the kernel cannot do it. */
static int has_nohz(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/nohz_full", "re");
	char line[16] = "";
	int ret = -1;

	if (file) {
		ret = fgets(line, sizeof(line), file) && !strcmp(line, "1\n");
		fclose(file);
	}
	return ret;
}

int main(void)
{
	unsigned int i, done = 0, slow = 0, refused = 0, failed = 0;
	void *mem = mem__small(MEM_PAGE);
	struct policy p;
	struct mock m;
	cpu_set_t cpus;

	if (has_nohz() < 0)
		return tap__skip_all("the kernel has no nohz_full");
	tap__start();
	if (!tap__ok(has_nohz(), "CPU 1 has nohz_full") || !mock__start(&m, "nohz", 0) ||
	    !tap__err(policy__load(&p, "build/tests/loop-budget.bpf.o",
				   "@budget_ms=900 spin_ms=20 loops=0"),
		      0, "load the policy"))
		return tap__done();
	CPU_ZERO(&cpus);
	CPU_SET(1, &cpus);
	tap__is(sched_setaffinity(0, sizeof(cpus), &cpus), 0, "run on CPU 1");
	for (i = 0; i < MAPS; i++) {
		int64_t start = now_ms();
		int ret = ioas__map_at(m.fd, m.ioas, mem, MEM_PAGE, MOCK_BASE);

		/* A busy host may stop the machine at any time. */
		if (now_ms() - start > 400)
			slow++;
		else if (ret == -ETIMEDOUT)
			refused++;
		else if (ret)
			failed++;
		else
			done++;
		if (!ret)
			ioas__unmap_at(m.fd, m.ioas, MOCK_BASE, MEM_PAGE);
	}
	tap__is(refused, 0, "no call that took less than the budget is refused for it");
	tap__is(failed, 0, "and none for another reason");
	tap__diag("%u maps, %u more took long", done, slow);
	policy__unload(&p);
	close(m.fd);
	return tap__done();
}
