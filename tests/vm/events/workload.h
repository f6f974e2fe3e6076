/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A workload that hits the events, for tests/vm/events.c, which calls it once.
 *
 * Devices of the mock hit the events that the edu device cannot hit.
 */
#ifndef TESTS_VM_EVENTS_WORKLOAD_H
#define TESTS_VM_EVENTS_WORKLOAD_H

#include <stdint.h>

/* The value that a field must have in the last event of that name. */
struct workload_value {
	const char *event, *field;
	uint64_t val;
};

/*
 * Run the workload, without a real device if bdf is NULL and without devices of the mock if its
 * module is not loaded. Return 0 or -errno.
 */
int workload__run(const char *bdf);
/* The values that follow from the calls; *nr is 0 without the mock. */
const struct workload_value *workload__values(unsigned int *nr);

#endif
