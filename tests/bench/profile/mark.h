/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks for the profiler: instructions that do nothing, but that profile/plugin.c recognizes. The
 * opcode is that of the eight-byte nop; the value stands in its displacement.
 */
#ifndef TESTS_BENCH_PROFILE_MARK_H
#define TESTS_BENCH_PROFILE_MARK_H

#define MARK_OPCODE 0x0f, 0x1f, 0x84, 0x00
#define MARK_VALUE 0x42454e00

/* The phase that the instructions after a mark belong to. */
#define MARK_END 0
#define MARK_MAP 1
#define MARK_UNMAP 2
#define MARK_PHASES 3

/* "memory": the compiler must not move a call across a mark. */
#define mark(phase) \
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0" ::"i"(MARK_VALUE + (phase)) \
		     : "memory")

#endif
