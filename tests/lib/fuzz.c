// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "args.h"
#include "fuzz.h"
#include "iommu.h"
#include "mem.h"
#include "tap.h"

#define PROFILE_MAX 16

void fuzz__seed(struct fuzz_trace *t, uint64_t seed)
{
	t->state = seed * 0x9e3779b97f4a7c15u + 1;
	t->hash = 0xcbf29ce484222325u;
	t->step = 0;
}

uint32_t fuzz__rnd(struct fuzz_trace *t, uint32_t n)
{
	t->state = t->state * 6364136223846793005u + 1442695040888963407u;
	return (t->state >> 33) * n >> 31;
}

bool fuzz__one_in(struct fuzz_trace *t, uint32_t n)
{
	return !fuzz__rnd(t, n);
}

uint32_t fuzz__map_flags(struct fuzz_trace *t)
{
	uint32_t flags = fuzz__one_in(t, 4) ? 1 + fuzz__rnd(t, 3) : 3;

	flags <<= 1;
	if (!fuzz__one_in(t, 3))
		flags |= IOAS_FIXED;
	return fuzz__one_in(t, 60) ? fuzz__rnd(t, 32) : flags;
}

void fuzz__trace(struct fuzz_trace *t, const char *text, ...)
{
	char line[1024];
	va_list args;

	va_start(args, text);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	for (const char *c = line; *c; c++)
		t->hash = (t->hash ^ (unsigned char)*c) * 0x100000001b3u;
	if (t->print)
		fputs(line, stdout);
}

/* Run a sequence in a child, so that each one starts with the same state, and return its hash. */
static int run_apart(fuzz_run run, const char *profile, uint64_t seed, uint64_t num, uint64_t *hash)
{
	struct {
		int ret;
		uint64_t hash;
	} answer = { -EPIPE, 0 };
	int fds[2], status;
	pid_t pid;

	if (pipe(fds))
		return -errno;
	pid = fork();
	if (!pid) {
		struct fuzz_trace t = { .print = false };

		fuzz__seed(&t, seed);
		answer.ret = run(&t, profile, num);
		answer.hash = t.hash;
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	if (read(fds[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.ret = -EPIPE;
	close(fds[0]);
	waitpid(pid, &status, 0);
	*hash = answer.hash;
	return answer.ret;
}

/* Compare each line of the file, or print it with the hash of the driver that is loaded. */
static int each_line(const char *path, bool record, fuzz_run run)
{
	FILE *file = fopen(path, "r");
	char line[256], profile[PROFILE_MAX];
	uint64_t seed, num, want, got = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		int ret;

		if (sscanf(line, "%15s %" SCNu64 " %" SCNu64 " %" SCNx64, profile, &seed, &num,
			   &want) != 4 ||
		    profile[0] == '#') {
			if (record)
				fputs(line, stdout);
			continue;
		}
		ret = run_apart(run, profile, seed, num, &got);
		if (record)
			printf("%s %" PRIu64 " %" PRIu64 " 0x%016" PRIx64 "\n", profile, seed, num,
			       ret ? 0 : got);
		else if (ret == -ENODEV)
			tap__skip("no such device", "%s, seed %" PRIu64, profile, seed);
		else if (tap__err(ret, 0, "%s, seed %" PRIu64 ": runs", profile, seed))
			tap__hex(got, want, "%s, seed %" PRIu64 ": %" PRIu64 " operations", profile,
				 seed, num);
	}
	fclose(file);
	return 0;
}

static int check(const char *path, fuzz_run run)
{
	int ret;

	tap__start();
	ret = each_line(path, false, run);
	if (ret)
		return tap__bail("%s: %s", path, strerror(-ret));
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}

static int one(const char *profile, uint64_t seed, uint64_t num, fuzz_run run)
{
	struct fuzz_trace t = { .print = true };
	int ret;

	fuzz__seed(&t, seed);
	ret = run(&t, profile, num);
	fflush(stdout);
	if (ret)
		fprintf(stderr, "fuzz: %s\n", strerror(-ret));
	else
		fprintf(stderr, "fuzz: hash 0x%016" PRIx64 "\n", t.hash);
	return ret ? 1 : 0;
}

int fuzz__main(int argc, char **argv, const char *expected, const char *profile, fuzz_run run)
{
	static const struct option options[] = { { "profile", required_argument, NULL, 'p' },
						 { "seed", required_argument, NULL, 's' },
						 { "ops", required_argument, NULL, 'o' },
						 { "record", no_argument, NULL, 'r' },
						 {} };
	uint64_t seed = UINT64_MAX, num = 1000;
	bool record = false, bad = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p')
			profile = optarg;
		else if (opt == 's')
			bad |= args__number(optarg, UINT32_MAX, &seed);
		else if (opt == 'o')
			bad |= args__number(optarg, UINT32_MAX, &num);
		else if (opt == 'r')
			record = true;
		else
			bad = true;
	}
	if (bad || optind != argc) {
		fprintf(stderr, "usage: [--seed N [--ops N] [--profile NAME] | --record]\n");
		return 2;
	}
	if (record)
		return each_line(expected, true, run) ? 1 : 0;
	return seed == UINT64_MAX ? check(expected, run) : one(profile, seed, num, run);
}
