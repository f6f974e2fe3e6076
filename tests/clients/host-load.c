// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program of a busy host, as a load to look at with iommutop and iosnoop; make demo runs several.
 *
 *	host-load ROLE [--name NAME] [--bdf BDF] [--size MIB] [--nested] [--stray] [--seconds N]
 *
 *	vm	a virtual machine on a mock device, with --bdf on a real one; --nested: on its
 *		own page table within the first
 *	leak	the same, but it maps more and more and unmaps nothing
 *	net	a packet forwarder on a mock device
 *	accel	an accelerator with PASIDs and page requests, a mock device
 *	nvme	reads of the NVMe device --bdf
 *	edu	DMA by the edu device --bdf, some of it stopped by the IOMMU, with --stray most
 *
 * It works until SIGINT or SIGTERM, or for N seconds, at a pace that leaves the machine idle for
 * most of the time. NAME is the name of the process. Prints a line when it begins, and at the end
 * counts of its work, as key=value lines. Exits with 0, 1 for a failure, 2 for usage.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../lib/args.h"
#include "host-load/host.h"

struct host_counts host_counts;

static volatile sig_atomic_t stop;
static uint64_t end_ns; /* 0: works until it is told to stop */

static const struct role {
	const char *name;
	int (*main)(const struct host_options *options);
	bool real;   /* has a real device */
/* clang-format off */
} roles[] = {
	{ "vm", host__vm, false },
	{ "leak", host__leak, false },
	{ "net", host__net, false },
	{ "accel", host__accel, false },
	{ "nvme", host__nvme, true },
	{ "edu", host__edu, true },
};

/* clang-format on */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

bool host__nap(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	if (!stop)
		nanosleep(&ts, NULL);
	return !stop && (!end_ns || now_ns() < end_ns);
}

int host__fail(const char *what, int err)
{
	fprintf(stderr, "host-load: %s: %s\n", what, strerror(-err));
	return err;
}

unsigned int host__random(unsigned int below)
{
	static _Thread_local uint64_t state = 0x9e3779b97f4a7c15u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void report(void)
{
	printf("maps=%lu\nmaps_failed=%lu\nunmaps=%lu\nunmaps_failed=%lu\n", iommu_counts.maps,
	       iommu_counts.maps_failed, iommu_counts.unmaps, iommu_counts.unmaps_failed);
	printf("dmas=%lu\nstopped=%lu\ninvalidations=%lu\n", host_counts.dmas, host_counts.stopped,
	       host_counts.invalidations);
	printf("pasids=%lu\nanswered_success=%lu\nanswered_invalid=%lu\nunanswered=%lu\n",
	       host_counts.pasids, host_counts.success, host_counts.invalid,
	       host_counts.unanswered);
}

static const struct role *find_role(const char *name)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(name, roles[i].name))
			return &roles[i];
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = { { "name", required_argument, NULL, 'n' },
						      { "bdf", required_argument, NULL, 'b' },
						      { "size", required_argument, NULL, 's' },
						      { "nested", no_argument, NULL, 'e' },
						      { "stray", no_argument, NULL, 'y' },
						      { "seconds", required_argument, NULL, 't' },
						      {} };
	const struct sigaction action = { .sa_handler = on_signal };
	struct host_options options = {};
	const struct role *role = NULL;
	uint64_t seconds = 0;
	bool bad = false;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (opt == 'n')
			prctl(PR_SET_NAME, optarg);
		else if (opt == 'b')
			options.bdf = optarg;
		else if (opt == 's')
			bad |= !!args__number(optarg, 1024, &options.size);
		else if (opt == 'e')
			options.nested = true;
		else if (opt == 'y')
			options.stray = true;
		else if (opt == 't')
			bad |= !!args__number(optarg, 1u << 20, &seconds);
		else
			bad = true;
	}
	if (!bad && optind == argc - 1)
		role = find_role(argv[optind]);
	if (!role || (role->real && !options.bdf)) {
		fprintf(stderr, "usage: host-load vm|leak|net|accel|nvme|edu [--name NAME] "
				"[--bdf BDF] [--size MIB] [--nested] [--stray] [--seconds N]\n");
		return 2;
	}
	options.size *= MIB;
	if (seconds)
		end_ns = now_ns() + seconds * 1000000000ULL;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	printf("role=%s pid=%d\n", role->name, getpid());
	fflush(stdout);
	ret = role->main(&options);
	report();
	return ret ? 1 : 0;
}
