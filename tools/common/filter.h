/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that pick events, the same in iosnoop and iommutop: from the command line to
 * struct iommufd_filter, which the BPF programs evaluate, and from there to JSON.
 */
#ifndef _COMMON_FILTER_H
#define _COMMON_FILTER_H

#include <linux/types.h>

#include "iommufd_filter.h"
#include "json.h"

/*
 * What of a filter a recording can be asked for afterwards: it does not have users and cgroups.
 */
#define FILTER_REPLAYABLE (~(EVENT_FILTER_UID | EVENT_FILTER_CGROUP))

/* The lines of a tool's table of options; the meaning is found by the name. */
#define FILTER_OPT_PID { 'p', "pid", "PID", "only of this process" }
#define FILTER_OPT_COMM \
	{ 'c', "comm", "NAME", "only of threads of this name; NAME* begins with it" }
#define FILTER_OPT_UID { 0, "uid", "USER", "only of this user, by number or name" }
#define FILTER_OPT_CGROUP { 0, "cgroup", "CGROUP", "only of this cgroup (v2) and those below" }
#define FILTER_OPT_CTX { 0, "ctx", "N", "only of this context" }
#define FILTER_OPT_IOAS { 0, "ioas", "ID", "only of this address space" }
#define FILTER_OPT_DEVICE { 0, "device", "BDF", "only of this PCI device" }
#define FILTER_OPT_PASID { 0, "pasid", "N", "only of this PASID" }
#define FILTER_OPT_MIN_LATENCY { 'm', "min-latency", "TIME", "only what took at least TIME: 100us" }
#define FILTER_OPT_MIN_LEN { 0, "min-len", "SIZE", "only ranges of at least SIZE: 2M" }
#define FILTER_OPT_FAILED { 'x', "failed", NULL, "only what was refused, and DMA faults" }

/*
 * Takes the option of that long name. Returns 0, -EINVAL after a message, or 1 if it is none of a
 * filter.
 */
int filter__option(struct iommufd_filter *filter, const char *name, const char *arg);

/*
 * Sets what one option asks for; which is an EVENT_FILTER_* bit:
 *
 *	TGID, CTX, IOAS, PASID	a number
 *	DEVICE			a PCI address, 0000:00:04.0 or 00:04.0
 *	LATENCY			a time with its unit
 *	LENGTH			a size
 *	COMM			a thread's name; one that ends with '*' is a beginning
 *	UID			a user's number or name
 *	CGROUP			a path or number, see cgroup__parse()
 *
 * FAILED takes no argument. Returns 0, or -EINVAL after a message that begins with the option.
 */
int filter__set(struct iommufd_filter *filter, __u32 which, const char *option, const char *arg);

/* Is a record of the thread with that name wanted, as far as a recording can tell? */
int filter__matches(const struct iommufd_filter *filter, const struct event_record *record);

/* An object "filter" with a key for each option, null for what is not asked for. */
void filter__put_json(const struct iommufd_filter *filter, struct json *json);

#endif /* _COMMON_FILTER_H */
