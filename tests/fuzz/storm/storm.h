/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of the fuzzer that runs threads; see storm.c.
 *
 * Each thread has a struct storm: its random numbers, its own slice with the model of it (own.h),
 * and its descriptors for the common slice (common.h). What processes share is in struct arena,
 * which is memory that is mapped before the first fork.
 */
#ifndef TESTS_FUZZ_STORM_H
#define TESTS_FUZZ_STORM_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../lib/fuzz.h"
#include "../../lib/mem.h"
#include "../../lib/mock.h"

#define P MEM_PAGE
#define MAX_PROCESSES 8
#define MAX_THREADS 16 /* of a process */
#define OWN_CONTEXTS 2 /* in which threads have slices of their own */
#define COMMON_CONTEXTS 2
#define POOL 6 /* ids of a kind that a common context remembers */
#define LOG_LINES 200
#define LOG_SIZE 128

/* IOVAs of the common slice, which the policy of storm.bpf.c may refuse. */
#define COMMON_BASE 0x40000000ull

enum storm_kind {
	KIND_IOAS,
	KIND_HWPT,
	KIND_DEVICE,
	KIND_OBJ,
	KIND_FAULT,
	KIND_VIOMMU,
	KIND_VDEVICE,
	KIND_VEVENTQ,
	KIND_QUEUE,
	KIND_PASID,
	KIND_SVA,
	KINDS
};

/*
 * The newest ids of a common context. All threads of all processes change them.
 * @devices: the id of the DEVICE, and << 32 that of its object
 * @maps: IOAS << 32, page of the window << 16, pages
 */
struct pool {
	atomic_uint ids[KINDS][POOL];
	atomic_ulong devices[POOL];
	atomic_ulong maps[POOL];
};

/* The messages of a thread to the main process. @log: its last operations, a ring. */
struct report {
	atomic_ulong done;
	uint64_t hash;
	unsigned int line;
	char log[LOG_LINES][LOG_SIZE];
};

/* Requests to the main process, which loads policies and starts tools; see host.c. */
enum host { HOST_NONE, HOST_POLICY, HOST_TOOL, HOST_CACHES, HOST_QUIT };

/* How often a kind of call was made, and how often it succeeded. The second half is common. */
struct tally {
	_Atomic(const char *) name;
	atomic_ulong calls, good;
};

#define TALLIES 256

struct arena {
	atomic_bool stop;
	atomic_int failed;
	char why[512];
	unsigned int who; /* number of the thread that failed */
	struct pool pools[COMMON_CONTEXTS];
	struct tally tallies[TALLIES];
	struct report reports[MAX_PROCESSES * MAX_THREADS];
	sem_t host_free, host_asked, host_done;
	enum host host_what;
	uint32_t host_arg;
};

struct options {
	uint64_t seed, ops, seconds, threads, processes;
	const char *only;
	bool trace;
};

struct own;
struct common;

struct storm {
	struct fuzz_trace t;
	struct report *report;
	unsigned int nr;	 /* of the thread, over all processes */
	const char *op; /* the operation in progress */
	bool child; /* in a process that its parent may kill: no slice of its own */
	struct own *own;
	struct common *common;
};

/* Contexts that the main process opened, the same in each process. */
extern int storm_own_fds[OWN_CONTEXTS];
extern int storm_common_fds[COMMON_CONTEXTS];
extern struct arena *arena;
extern struct options options;

static inline uint32_t rnd(struct storm *s, uint32_t n)
{
	return fuzz__rnd(&s->t, n);
}

static inline bool one_in(struct storm *s, uint32_t n)
{
	return fuzz__one_in(&s->t, n);
}

/* Add a line to the log of the thread. Lines of the own slice are part of the hash. */
void storm_note(struct storm *s, bool hash, const char *text, ...)
	__attribute__((format(printf, 3, 4)));
/* The first failure ends the run, and is reported with the seed. */
void storm_fail(struct storm *s, const char *text, ...) __attribute__((format(printf, 2, 3)));
/* Note a result that the model predicts. Returns whether it is right. */
bool storm_want(struct storm *s, int got, int want, const char *text, ...)
	__attribute__((format(printf, 4, 5)));
bool storm_stopped(void);
/* Count a call. The name is a constant, the same pointer in all processes. */
void storm_count(const char *name, bool common, bool good);

struct storm_op {
	const char *name;
	void (*run)(struct storm *s);
	unsigned int weight;
	bool common;
};

/* Run a random operation. */
void storm_step(struct storm *s);

/* host.c: ask the main process, and wait for it; main process: serve until HOST_QUIT. */
void host_ask(struct storm *s, enum host what);
void host_start(void);
void host_serve(void);
void host_quit(void);
/* For the end of a run: stop tools, unload policies. */
void host_end(void);
void op_policy(struct storm *s);
void op_tool(struct storm *s);
void op_pressure(struct storm *s);

/* life.c */
void op_child(struct storm *s);
void op_exec(struct storm *s);
void op_pass(struct storm *s);
void op_hand(struct storm *s);
/*
 * Close the last descriptor of a file. Until it returns, no child has a copy of it, so the file is
 * released.
 */
void life_close(int fd);
/* The program after an exec in op_exec(). */
#define LIFE_AFTER_EXEC "--after-exec"
int life_after_exec(char **argv);

#endif
