/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random sequences with a trace: what the fuzzers in tests/fuzz share.
 *
 * A sequence draws all its numbers from fuzz__rnd(), and puts what it does and what comes of it
 * into the trace with fuzz__trace(). A trace is compared by its hash. Recorded hashes stand in a
 * file of lines "PROFILE SEED OPS HASH"; other lines are comments.
 */
#ifndef TESTS_LIB_FUZZ_H
#define TESTS_LIB_FUZZ_H

#include <stdbool.h>
#include <stdint.h>

/* @step: number of the operation; @print: lines go to stdout, too */
struct fuzz_trace {
	uint64_t state, hash, step;
	bool print;
};

void fuzz__seed(struct fuzz_trace *t, uint64_t seed);
/* A number below n. */
uint32_t fuzz__rnd(struct fuzz_trace *t, uint32_t n);
bool fuzz__one_in(struct fuzz_trace *t, uint32_t n);
void fuzz__trace(struct fuzz_trace *t, const char *text, ...) __attribute__((format(printf, 2, 3)));

/* Runs a sequence to its end; 0 or -errno. -ENODEV: what the profile needs is not there. */
typedef int (*fuzz_run)(struct fuzz_trace *t, const char *profile, uint64_t seed, uint64_t ops);

/* The options --seed N [--ops N] [--profile NAME], --check FILE, --record FILE; an exit code. */
int fuzz__main(int argc, char **argv, const char *profile, unsigned int seconds, fuzz_run run);

#endif
