/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of fail-nth.c. A step is a call, and a second one that undoes it. Both are repeated
 * with another allocation failing each time, in a world of their own: a file of /dev/iommu with a
 * device and mapped memory, and what the step's setup adds.
 *
 * setup, call and undo return 0 or -errno.
 */
#ifndef TESTS_VM_FAIL_NTH_H
#define TESTS_VM_FAIL_NTH_H

#include <stdbool.h>
#include <stdint.h>

#include "../../lib/mem.h"
#include "../../lib/mock.h"

#define P MEM_PAGE
#define PAGES 64ul
#define SIZE (PAGES * P)
/* Mapped in every world: PAGES pages of memory.mapped. */
#define BASE MOCK_BASE
/* Free in every world. */
#define FREE (MOCK_BASE + (4ull << 20))

#define IDS 6
#define FDS 3

/* @id, @fd: objects and files of the step; 0 and -1 where there is none */
struct world {
	struct mock m;
	uint32_t id[IDS];
	int fd[FDS];
	uint64_t iova;
	uint32_t cookie; /* of a page request, or of pinned pages */
	bool policies; /* count them */
};

/* Memory of all worlds. */
struct memory {
	char *mapped; /* at BASE */
	char *small; /* SIZE bytes, hardly any two pages adjacent */
	char *huge; /* a huge page */
	int file; /* SIZE bytes */
	int dmabuf;
};

extern struct memory memory;

enum {
	/* Only EFAULT: a call that gives something back needs no memory. */
	FREES = 1 << 0,
	/* The call that undoes may fail with ENOMEM, too. */
	UNDO_ALLOCATES = 1 << 1,
	/* Do not sweep over the undo: it is more than one call. */
	UNDO_ONCE = 1 << 2,
	/* Objects that were destroyed and made again have other ids. */
	OTHER_IDS = 1 << 3,
	/* Pinned memory is charged to the process, not to the user. */
	CHARGES_PROCESS = 1 << 4,
	/* EINVAL: the driver core cannot allocate the name of a new device. */
	NAMES_DEVICE = 1 << 5,
	/* EFAULT: the mock, or VFIO's unmap, has done the work but cannot return the result. */
	ANSWERS_LATE = 1 << 6,
	/* ENOMEM: an event is lost, and the reader is told. */
	LOSES = 1 << 7,
};

struct step {
	const char *name;
	int (*setup)(struct world *w);
	int (*call)(struct world *w);
	int (*undo)(struct world *w);
	unsigned int flags;
};

/* Steps of one kind; the last one has no name. */
extern const struct step space_steps[], table_steps[], device_steps[], virtual_steps[],
	pasid_steps[], file_steps[], policy_steps[], buffer_steps[];

/* Destroy the first object, or close the first file, of the step. */
int undo_object(struct world *w);
int undo_fd(struct world *w);

#endif
