/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of a random sequence of calls whose trace is compared between two drivers; see differ.c.
 *
 * Ids, file descriptors and addresses that the driver chooses are in the trace as they are. Objects
 * are remembered only so that most calls meet one that exists.
 *
 * A call that belongs to a known difference is marked with its name, by mark(): the line begins
 * with "~NAME ". A call that leaves the two drivers in different states must not be made at all, or
 * be undone at once.
 */
#ifndef TESTS_CLIENTS_DIFFER_H
#define TESTS_CLIENTS_DIFFER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "../../lib/fuzz.h"
#include "../../lib/mem.h"
#include "../../lib/vfio.h"

#define P MEM_PAGE
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CONTEXTS 2
#define DEVICES 2
#define IDS 12   /* remembered of each kind and context */
#define FAULTS 3 /* files of fault queues */
#define RECENT 12
#define MSI 0xfee00000ull
#define CAP_NO_ATS (1ull << 3) /* of IOMMU_GET_HW_INFO, since 6.17 */

/* User memory, at fixed addresses because the driver chooses IOVAs by them. */
#define MEM_AT 0x7e0000000000ull
#define MEM_GOOD 320 /* pages: writable, then read-only, PROT_NONE, and nothing */
#define MEM_READONLY 24
#define MEM_NONE 16
#define MEM_HOLE 16
#define MEM_ALL (MEM_GOOD + MEM_READONLY + MEM_NONE + MEM_HOLE)
#define HUGE_AT (MEM_AT + 0x10000000)
#define HUGE_PAGES 1024
#define FILE_AT (MEM_AT + 0x20000000) /* shared, writable */
#define FILE_PAGES 32
#define FILE_RO_AT (MEM_AT + 0x30000000) /* the same file, read-only */
#define BAR_AT (MEM_AT + 0x40000000)  /* registers of the first device */
#define STRUCT_AT (MEM_AT + 0x50000000) /* a writable page, a read-only page, and nothing */

enum kind { IOAS, HWPT, FAULT, DEVICE, KINDS };

struct context {
	int fd;
	uint32_t ids[KINDS][IDS];
	uint32_t compat;
};

struct device {
	struct vfio_dev dev;
	char bdf[16];
	int context; /* that it is bound to, or -1 */
	int group;   /* file of its VFIO group, or -1 */
};

struct recent {
	int context;
	uint32_t ioas;
	uint64_t iova, length, va;
};

struct fuzz {
	struct fuzz_trace t;
	uint64_t seed;
	struct context ctx[CONTEXTS];
	struct device dev[DEVICES];
	unsigned int devices; /* that the sequence uses */
	bool user, limited, odd, groups;
	int faults[FAULTS];
	struct recent recent[RECENT];
	unsigned int recents;
	int memfd;
};

static inline uint32_t rnd(struct fuzz *f, uint32_t n)
{
	return fuzz__rnd(&f->t, n);
}

static inline bool one_in(struct fuzz *f, uint32_t n)
{
	return fuzz__one_in(&f->t, n);
}

#define trace(f, ...) fuzz__trace(&(f)->t, __VA_ARGS__)

/* Begin a line: "SEED.STEP NAME ctx=N", after the mark of a known difference, or NULL. */
void begin(struct fuzz *f, const char *mark, const char *name, int context);
/* End a line with the result, and with the pages that are charged to this process. */
void end(struct fuzz *f, int ret);

int pick_context(struct fuzz *f);
uint32_t pick_id(struct fuzz *f, int context, enum kind kind);
uint32_t pick_any(struct fuzz *f, int context);
uint64_t odd_number(struct fuzz *f);
uint64_t pick_iova(struct fuzz *f);
uint64_t pick_length(struct fuzz *f);
uint64_t pick_va(struct fuzz *f);
uint32_t pick_flags(struct fuzz *f);
/* Usually a successful map, all zero if there was none. */
struct recent pick_recent(struct fuzz *f);
void note_recent(struct fuzz *f, int context, uint32_t ioas, uint64_t iova, uint64_t length,
		 uint64_t va);
void forget_recent(struct fuzz *f, int context, uint32_t ioas, uint64_t iova, uint64_t length);
void note_id(struct fuzz *f, int context, enum kind kind, uint32_t id);
void forget_id(struct fuzz *f, int context, uint32_t id);

void close_device(struct fuzz *f, unsigned int d);

int call(struct fuzz *f, int context, unsigned long cmd, void *arg);

void op_open(struct fuzz *f);
void op_alloc(struct fuzz *f);
void op_destroy(struct fuzz *f);
void op_hwpt(struct fuzz *f);
void op_invalidate(struct fuzz *f);
void op_set_dirty(struct fuzz *f);
void op_get_dirty(struct fuzz *f);
void op_hw_info(struct fuzz *f);
void op_fault(struct fuzz *f);
void op_fault_io(struct fuzz *f);
void op_bind(struct fuzz *f);
void op_attach(struct fuzz *f);
void op_detach(struct fuzz *f);

void op_map(struct fuzz *f);
void op_unmap(struct fuzz *f);
void op_copy(struct fuzz *f);
void op_allow(struct fuzz *f);
void op_ranges(struct fuzz *f);
void op_option(struct fuzz *f);
void op_child(struct fuzz *f);

void op_vfio_ioas(struct fuzz *f);
void op_vfio_set(struct fuzz *f);
void op_vfio_map(struct fuzz *f);
void op_vfio_unmap(struct fuzz *f);
void op_vfio_info(struct fuzz *f);
void op_group(struct fuzz *f);

void op_size(struct fuzz *f);
void op_number(struct fuzz *f);
void op_pointer(struct fuzz *f);

void op_memory(struct fuzz *f);
void op_limit(struct fuzz *f);
void as_root(struct fuzz *f, bool root);
int memory_init(struct fuzz *f);

#endif
