/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the kinds that matter to pinning, and the numbers with which leaks are found.
 *
 * Allocators return page aligned memory that is present unless the name says otherwise, or NULL.
 * All of it is given back with mem__free(), sizes are in bytes and multiples of the page size.
 */
#ifndef TESTS_LIB_MEM_H
#define TESTS_LIB_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A page of the kernel that the tests are built for, see "make cross". */
#ifndef MEM_PAGE
#define MEM_PAGE 4096UL
#endif
#define MEM_HUGE (2UL << 20)

/* Small pages, in order of fault: mostly scattered, at times contiguous. */
void *mem__small(size_t size);
/* Transparent huge pages: 2 MiB aligned. mem__is_huge() tells whether the kernel used some. */
void *mem__huge(size_t size);
bool mem__is_huge(const void *mem, size_t size);
/* Small pages of which neighbours are hardly ever physically adjacent. */
void *mem__scattered(size_t size);
/* Present, but PROT_READ: may be read by a device, not written. */
void *mem__readonly(size_t size);
/* Address space without any memory behind it: cannot be pinned, nor taken by another mapping. */
void *mem__absent(size_t size);
void mem__free(void *mem, size_t size);

/* A pattern that differs in every word and with every seed; check returns the bad offset or -1. */
void mem__fill(void *mem, size_t size, uint64_t seed);
ssize_t mem__check(const void *mem, size_t size, uint64_t seed);

/* Field of /proc/PID/status in kB, like "VmPin"; pid 0 is the caller. -1 without it. */
long mem__status(pid_t pid, const char *field);
/* Field of /proc/vmstat, -1 without it. */
long long mem__vmstat(const char *field);
/*
 * Pages that drivers hold pinned in the whole machine, -1 where the kernel does not count. Waits
 * up to TAP_PATIENCE_MS for late releases until the number is at most want. Folding the per-CPU
 * counters needs root; without it the number may be off by a few dozen pages.
 */
long long mem__pinned(long long want);

#endif
