// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer that runs processes and threads on mock devices: random operations, with results that a
 * model predicts.
 *
 *	fuzz-storm [--seed N] [--ops N | --seconds N] [--threads N] [--processes N]
 *		   [--only OP,...] [--trace]
 *
 * Without --ops it runs for some time, 20 s if not given. --ops is for each thread, --threads for
 * each process. --only leaves out all operations that are not named; an unknown name lists them.
 * One thread in one process does the same for the same seed, and --trace prints it.
 *
 * Finds these faults: a result that depends on what other threads and processes do in the same
 * context; DMA that reaches a page after its unmap, or another page than the mapped one; a page
 * that is not pinned while a device reaches it; a call that fails with an errno that it must not
 * have; what stays pinned, charged or allocated when all is closed, or killed in the middle of a
 * call.
 *
 * Each thread has a slice of its own (storm/own.h) and a part in the common slice (storm/common.h).
 * The contexts are opened before the processes are forked, so that threads of all processes use
 * them. Between operations threads fork children that are killed, execute programs, pass contexts
 * through sockets (storm/life.c), and let the main process load policies and run tools
 * (storm/host.c).
 *
 * vm: --mock --smp 2 --append preempt=full
 * takes: 40
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/iommu.h"
#include "../lib/tap.h"
#include "storm/common.h"
#include "storm/end.h"
#include "storm/own.h"

int storm_own_fds[OWN_CONTEXTS], storm_common_fds[COMMON_CONTEXTS];
struct arena *arena;
struct options options = { .seconds = 20, .threads = 2, .processes = 2 };

/* clang-format off */
static struct storm_op ops[] = {
	{ "map", op_map, 30, false }, { "unmap", op_unmap, 20, false },
	{ "copy", op_copy, 14, false }, { "space", op_space, 4, false },
	{ "huge", op_huge, 3, false }, { "ranges", op_ranges, 2, false },
	{ "allow", op_allow, 2, false }, { "write", op_write, 12, false },
	{ "check", op_check, 6, false }, { "renew", op_renew, 6, false },
	{ "file", op_file, 4, false }, { "move", op_move, 3, false },
	{ "dma", op_dma, 50, false }, { "table", op_table, 10, false },
	{ "attach", op_attach, 10, false }, { "pasid", op_pasid, 10, false },
	{ "sva", op_sva, 2, false }, { "tracking", op_tracking, 4, false },
	{ "dirty", op_dirty, 10, false }, { "access", op_access, 4, false },
	{ "pin", op_pin, 10, false }, { "unpin", op_unpin, 5, false },
	{ "rw", op_rw, 10, false }, { "fault", op_fault, 3, false },
	{ "virtual", op_virtual, 3, false },
	{ "child", op_child, 1, false }, { "exec", op_exec, 1, false },
	{ "pass", op_pass, 1, false }, { "hand", op_hand, 1, false },
	{ "policy", op_policy, 1, false }, { "tool", op_tool, 1, false },
	{ "pressure", op_pressure, 1, false }, { "common", op_common, 100, true },
};

/* clang-format on */

#define OPS (sizeof(ops) / sizeof(ops[0]))

/* ---- what operations call ---- */

static void add_line(struct storm *s, const char *line)
{
	struct report *r = s->report;

	snprintf(r->log[r->line++ % LOG_LINES], LOG_SIZE, "%s", line);
}

void storm_note(struct storm *s, bool hash, const char *text, ...)
{
	char line[LOG_SIZE];
	va_list args;

	va_start(args, text);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	if (!s->child)
		add_line(s, line);
	if (hash && !s->child)
		fuzz__trace(&s->t, "%" PRIu64 " %s\n", s->t.step, line);
	else if (s->t.print)
		printf("%" PRIu64 " %s\n", s->t.step, line);
}

void storm_fail(struct storm *s, const char *text, ...)
{
	int none = 0;
	va_list args;

	if (!atomic_compare_exchange_strong(&arena->failed, &none, 1))
		return;
	va_start(args, text);
	vsnprintf(arena->why, sizeof(arena->why), text, args);
	va_end(args);
	arena->who = s->nr;
	atomic_store(&arena->failed, 2);
	atomic_store(&arena->stop, true);
}

bool storm_want(struct storm *s, int got, int want, const char *text, ...)
{
	char what[64];
	va_list args;

	va_start(args, text);
	vsnprintf(what, sizeof(what), text, args);
	va_end(args);
	storm_note(s, true, " %s -> %s", what, tap__errname(got));
	storm_count(s->op, false, !got);
	if (got != want)
		storm_fail(s, "%s: %s instead of %s", what, tap__errname(got), tap__errname(want));
	return got == want;
}

void storm_count(const char *name, bool common, bool good)
{
	/* Equal names of both slices may be one string. */
	size_t half = TALLIES / 2, from = common ? half : 0, i = (uintptr_t)name % half;

	for (;; i = (i + 1) % half) {
		struct tally *t = &arena->tallies[from + i];
		const char *none = NULL;

		if (t->name != name && !atomic_compare_exchange_strong(&t->name, &none, name) &&
		    none != name)
			continue;
		atomic_fetch_add_explicit(&t->calls, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&t->good, good, memory_order_relaxed);
		return;
	}
}

bool storm_stopped(void)
{
	return atomic_load_explicit(&arena->stop, memory_order_relaxed);
}

void storm_step(struct storm *s)
{
	static unsigned int all;
	unsigned int sum = 0;
	size_t i = 0;
	uint32_t w;

	/* Threads that come first at the same time find the same sum. */
	if (!all) {
		for (; i < OPS; i++)
			sum += ops[i].weight;
		all = sum;
	}
	w = rnd(s, all);
	for (i = 0; w >= ops[i].weight; i++)
		w -= ops[i].weight;
	s->op = ops[i].name;
	ops[i].run(s);
}

/* ---- threads and processes ---- */

static void *thread_main(void *arg)
{
	struct storm *s = arg;
	int ret = own_start(s, storm_own_fds[s->nr % OWN_CONTEXTS]);

	if (!ret)
		ret = common_start(s);
	if (ret) {
		storm_fail(s, "start: %s", strerror(-ret));
		return NULL;
	}
	for (s->t.step = 0; !storm_stopped() && (!options.ops || s->t.step < options.ops);
	     s->t.step++) {
		storm_step(s);
		atomic_fetch_add_explicit(&s->report->done, 1, memory_order_relaxed);
	}
	common_end(s);
	/* After a failure the model is wrong. */
	if (!atomic_load(&arena->failed))
		own_end(s);
	s->report->hash = s->t.hash;
	return NULL;
}

static int process_main(unsigned int process)
{
	static struct storm threads[MAX_THREADS];
	pthread_t ids[MAX_THREADS];

	end_drop_privileges();
	for (unsigned int i = 0; i < options.threads; i++) {
		struct storm *s = &threads[i];

		s->nr = process * options.threads + i;
		s->report = &arena->reports[s->nr];
		s->t.print = options.trace;
		fuzz__seed(&s->t, options.seed * 1000003 + s->nr);
		if (pthread_create(&ids[i], NULL, thread_main, s))
			return 1;
	}
	for (unsigned int i = 0; i < options.threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}

/* Ends the run after some time, and the main process's service when all processes are gone. */
static void *watch_main(void *arg)
{
	pid_t *pids = arg;
	uint64_t ms = options.seconds * 1000;
	unsigned int left = options.processes;
	int status;

	while (left) {
		for (unsigned int i = 0; i < options.processes; i++) {
			if (!pids[i] || waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			if (status)
				storm_fail(&(struct storm){ .nr = i * options.threads },
					   "a process ended with status 0x%x", status);
			pids[i] = 0;
			left--;
		}
		usleep(10000);
		if (!options.ops && ms <= 10)
			atomic_store(&arena->stop, true);
		ms -= ms > 10 ? 10 : 0;
	}
	host_quit();
	return NULL;
}

static bool run(void)
{
	pid_t pids[MAX_PROCESSES] = {};
	pthread_t watch;

	for (unsigned int i = 0; i < options.processes; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(process_main(i));
		if (pids[i] < 0)
			return false;
	}
	if (pthread_create(&watch, NULL, watch_main, pids))
		return false;
	host_serve();
	pthread_join(watch, NULL);
	host_end();
	return true;
}

static bool open_all(void)
{
	for (int i = 0; i < OWN_CONTEXTS; i++)
		storm_own_fds[i] = iommu__open();
	for (int i = 0; i < COMMON_CONTEXTS; i++)
		storm_common_fds[i] = iommu__open();
	for (int i = 0; i < OWN_CONTEXTS; i++)
		if (storm_own_fds[i] < 0)
			return false;
	for (int i = 0; i < COMMON_CONTEXTS; i++)
		if (storm_common_fds[i] < 0)
			return false;
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (arena == MAP_FAILED)
		return false;
	host_start();
	return true;
}

static void close_all(void)
{
	for (int i = 0; i < OWN_CONTEXTS; i++)
		close(storm_own_fds[i]);
	for (int i = 0; i < COMMON_CONTEXTS; i++)
		close(storm_common_fds[i]);
}

/* ---- the report ---- */

static void print_command(void)
{
	char length[48];

	snprintf(length, sizeof(length), options.ops ? "--ops %" PRIu64 : "--seconds %" PRIu64,
		 options.ops ? options.ops : options.seconds);
	tap__diag("repeat: fuzz-storm --seed %" PRIu64 " %s --threads %" PRIu64
		  " --processes %" PRIu64 "%s%s",
		  options.seed, length, options.threads, options.processes,
		  options.only ? " --only " : "", options.only ? options.only : "");
}

static void print_failure(void)
{
	const struct report *r = &arena->reports[arena->who];

	tap__diag("thread %u after %lu operations: %s", arena->who, r->done, arena->why);
	for (unsigned int i = r->line > LOG_LINES ? r->line - LOG_LINES : 0; i < r->line; i++)
		tap__diag("  %s", r->log[i % LOG_LINES]);
}

static void print_counts(void)
{
	unsigned long done = 0;

	for (unsigned int i = 0; i < options.threads * options.processes; i++)
		done += arena->reports[i].done;
	tap__diag("%lu operations", done);
	if (options.threads * options.processes == 1 && options.ops)
		tap__diag("hash 0x%016" PRIx64, arena->reports[0].hash);
	for (size_t i = 0; i < TALLIES; i++)
		if (arena->tallies[i].name)
			tap__diag("%s%s: %lu of %lu", i < TALLIES / 2 ? "" : "common ",
				  arena->tallies[i].name, arena->tallies[i].good,
				  arena->tallies[i].calls);
}

/* Leave out what is not in the list. Returns whether all names are known. */
static bool choose(const char *only)
{
	char *copy = strdup(only), *save;
	bool keep[OPS] = {}, ok = true;

	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (i < OPS && strcmp(ops[i].name, name))
			i++;
		if (i < OPS)
			keep[i] = true;
		ok &= i < OPS;
	}
	free(copy);
	for (size_t i = 0; i < OPS; i++)
		if (!keep[i])
			ops[i].weight = 0;
	return ok;
}

static bool parse(int argc, char **argv)
{
	static const struct option known[] = { { "seed", required_argument, NULL, 's' },
					       { "ops", required_argument, NULL, 'o' },
					       { "seconds", required_argument, NULL, 't' },
					       { "threads", required_argument, NULL, 'n' },
					       { "processes", required_argument, NULL, 'p' },
					       { "only", required_argument, NULL, 'y' },
					       { "trace", no_argument, NULL, 'v' },
					       {} };
	bool ok = true;
	int opt;

	options.seed = time(NULL);
	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (opt == 's')
			ok &= !args__number(optarg, UINT32_MAX, &options.seed);
		else if (opt == 'o')
			ok &= !args__number(optarg, UINT64_MAX, &options.ops);
		else if (opt == 't')
			ok &= !args__number(optarg, 1000000, &options.seconds);
		else if (opt == 'n')
			ok &= !args__number(optarg, MAX_THREADS, &options.threads);
		else if (opt == 'p')
			ok &= !args__number(optarg, MAX_PROCESSES, &options.processes);
		else if (opt == 'y')
			ok &= choose(options.only = optarg);
		else if (opt == 'v')
			options.trace = true;
		else
			ok = false;
	}
	return ok && optind == argc && options.threads && options.processes;
}

static int usage(void)
{
	fprintf(stderr, "usage: fuzz-storm [--seed N] [--ops N | --seconds N] [--threads N]\n"
			"                  [--processes N] [--only OP,...] [--trace]\n"
			"operations:");
	for (size_t i = 0; i < OPS; i++)
		fprintf(stderr, " %s", ops[i].name);
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct end end;
	bool ok;

	if (argc > 1 && !strcmp(argv[1], LIFE_AFTER_EXEC))
		return life_after_exec(argv);
	if (!parse(argc, argv))
		return usage();
	tap__start();
	tap__diag("seed %" PRIu64, options.seed);
	end_before(&end);
	if (!tap__ok(open_all(), "contexts"))
		return tap__done();
	ok = tap__ok(run(), "processes") &&
	     tap__ok(!atomic_load(&arena->failed), "each result is as predicted");
	close_all();
	ok &= end_check(&end);
	print_counts();
	if (atomic_load(&arena->failed))
		print_failure();
	if (!ok)
		print_command();
	return tap__done();
}
