/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host-load: the iommufd calls of programs on a busy host, as a load to look at. Each role is one
 * kind of program; main() is in ../host-load.c.
 *
 * A role works until host__nap() says that it is to end. It returns 0 or -errno and has then said
 * printed the error on stderr. The end of the process frees the objects of the driver.
 */
#ifndef TESTS_VM_HOST_H
#define TESTS_VM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "../../lib/mock.h"
#include "../../lib/vfio.h"

#define KIB 1024UL
#define MIB (1024 * KIB)

struct host_options {
	const char *bdf;	 /* of the real device, for roles that have one */
	uint64_t size;   /* of the memory, 0: as the role likes it */
	bool nested;   /* the virtual machine has an IOMMU, too */
	bool stray;    /* nearly all DMA of edu is stopped */
};

/* Counts besides those of the calls in iommu_counts and vfio_counts. */
struct host_counts {
	unsigned long dmas;  /* that reached memory */
	unsigned long stopped;  /* that the IOMMU stopped */
	unsigned long invalidations;
	unsigned long success, invalid; /* page requests by answer */
	unsigned long unanswered; /* groups of page requests that are left alone */
	unsigned long pasids;  /* allocated */
};

extern struct host_counts host_counts;

/* Waits; false when it is time to end. Responses to signals are immediate. */
bool host__nap(unsigned int ms);
/* For the main loop of a role: print the failed step, and return err. */
int host__fail(const char *what, int err);
/* The same sequence of numbers each time, from 0 to below - 1. */
unsigned int host__random(unsigned int below);

/* A virtual machine: all of its memory is mapped; a balloon takes some and gives it back. */
int host__vm(const struct host_options *options);
/* A virtual machine whose monitor loses memory: maps more and more. Ends when it gets no more. */
int host__leak(const struct host_options *options);
/* A packet forwarder: many small buffers, mapped for each burst, in front of a big pool. */
int host__net(const struct host_options *options);
/* Reads of an NVMe device, a mapped buffer for each. */
int host__nvme(const struct host_options *options);
/* DMA by an edu device; now and then it aims at memory that is not mapped. */
int host__edu(const struct host_options *options);
/* An accelerator: PASIDs that come and go, page requests answered in different ways. */
int host__accel(const struct host_options *options);

#endif
