/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random sequences of operations with a trace, for the fuzzers in tests/fuzz.
 *
 * A sequence draws its random numbers with fuzz__rnd() and fuzz__one_in(), and adds each operation
 * and its results to the trace with fuzz__trace(). Traces are compared by their hash. The count of
 * numbers that an operation draws must not depend on results, so that two traces have the same
 * operations after a difference. Recorded hashes are in a file with lines "PROFILE SEED OPERATIONS
 * HASH"; other lines are comments. A profile selects the devices of a sequence.
 *
 * fuzz__main() gives a program these options:
 *
 *	(none)			compare with the recorded hashes, TAP
 *	--seed N [--ops N] [--profile P]
 *				run one sequence, print its trace, and its hash on stderr
 *	--record		print the file with the hashes of the driver that is loaded
 */
#ifndef TESTS_LIB_FUZZ_H
#define TESTS_LIB_FUZZ_H

#include <stdbool.h>
#include <stdint.h>

/* @step: number of the operation; @print: also print the lines */
struct fuzz_trace {
	uint64_t state, hash, step;
	bool print;
};

void fuzz__seed(struct fuzz_trace *t, uint64_t seed);
/* Return a number below n. */
uint32_t fuzz__rnd(struct fuzz_trace *t, uint32_t n);
bool fuzz__one_in(struct fuzz_trace *t, uint32_t n);
/* Return flags of IOMMU_IOAS_MAP, most often valid ones. */
uint32_t fuzz__map_flags(struct fuzz_trace *t);
void fuzz__trace(struct fuzz_trace *t, const char *text, ...) __attribute__((format(printf, 2, 3)));

/* Run @num operations. Return 0 or -errno; -ENODEV: the device that the profile needs is absent. */
typedef int (*fuzz_run)(struct fuzz_trace *t, const char *profile, uint64_t num);

/*
 * main() of a fuzzer: @expected is the file with the recorded hashes, @profile the one that --seed
 * uses by default. Returns the exit code.
 */
int fuzz__main(int argc, char **argv, const char *expected, const char *profile, fuzz_run run);

#endif
