/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter options of iosnoop and iommutop: from the command line to struct iommufd_filter, which
 * the BPF programs evaluate, and from there to JSON.
 */
#ifndef _COMMON_FILTER_H
#define _COMMON_FILTER_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_filter.h"
#include "json.h"
#include "opt.h"

/* Conditions for which a record needs struct event_thread. */
#define FILTER_ON_THREAD (EVENT_FILTER_UID | EVENT_FILTER_CGROUP | EVENT_FILTER_MACHINE)

/*
 * Entries of a tool's table of options; member is a struct iommufd_filter in its options struct.
 * The tool adds .manual, because a filter picks events in iosnoop and contexts in iommutop.
 */
#define FILTER_OPT(type, member, bit) \
	.kind = OPT_KIND_CUSTOM, .offset = OPT_OFFSET(type, member, struct iommufd_filter), \
	.choice = bit, .parse = filter__parse

#define FILTER_OPT_PID(type, member) \
	.letter = 'p', .name = "pid", .arg = "PID", FILTER_OPT(type, member, EVENT_FILTER_TGID), \
	.value = OPT_VALUE_PROCESS, .help = "only this process"
#define FILTER_OPT_COMM(type, member) \
	.letter = 'c', .name = "comm", .arg = "NAME", FILTER_OPT(type, member, EVENT_FILTER_COMM), \
	.help = "only threads of this name; NAME* matches a prefix"
#define FILTER_OPT_UID(type, member) \
	.name = "uid", .arg = "USER", FILTER_OPT(type, member, EVENT_FILTER_UID), \
	.value = OPT_VALUE_USER, .help = "only this user, by number or name"
#define FILTER_OPT_CGROUP(type, member) \
	.name = "cgroup", .arg = "CGROUP", FILTER_OPT(type, member, EVENT_FILTER_CGROUP), \
	.value = OPT_VALUE_CGROUP, .help = "only this cgroup (v2) and those below it"
#define FILTER_OPT_MACHINE(type, member) \
	.name = "machine", .arg = "NAME", FILTER_OPT(type, member, EVENT_FILTER_MACHINE), \
	.value = OPT_VALUE_MACHINE, .help = "only this virtual machine or container"
#define FILTER_OPT_CTX(type, member) \
	.name = "ctx", .arg = "N", FILTER_OPT(type, member, EVENT_FILTER_CTX), \
	.help = "only this context"
#define FILTER_OPT_IOAS(type, member) \
	.name = "ioas", .arg = "ID", FILTER_OPT(type, member, EVENT_FILTER_IOAS), \
	.help = "only this address space"
#define FILTER_OPT_DEVICE(type, member) \
	.name = "device", .arg = "DEVICE", FILTER_OPT(type, member, EVENT_FILTER_DEVICE), \
	.value = OPT_VALUE_PCI_DEVICE, .help = "only this device, by PCI address or name"
#define FILTER_OPT_PASID(type, member) \
	.name = "pasid", .arg = "N", FILTER_OPT(type, member, EVENT_FILTER_PASID), \
	.help = "only this PASID"
#define FILTER_OPT_IOVA(type, member) \
	.name = "iova", .arg = "RANGE", FILTER_OPT(type, member, EVENT_FILTER_IOVA), \
	.help = "only these addresses: ADDR, FIRST-LAST or ADDR+LENGTH"
#define FILTER_OPT_MIN_LATENCY(type, member) \
	.letter = 'm', .name = "min-latency", .arg = "TIME", \
	FILTER_OPT(type, member, EVENT_FILTER_LATENCY), \
	.help = "only events of at least TIME, like 100us"
#define FILTER_OPT_MIN_LEN(type, member) \
	.name = "min-len", .arg = "SIZE", FILTER_OPT(type, member, EVENT_FILTER_LENGTH), \
	.help = "only ranges of at least SIZE, like 2M"
#define FILTER_OPT_FAILED(type, member) \
	.letter = 'x', .name = "failed", FILTER_OPT(type, member, EVENT_FILTER_FAILED), \
	.help = "only failures: refused calls and DMA faults"

/* The parser of these entries: opt->choice is the EVENT_FILTER_* bit, target the filter. */
int filter__parse(const struct opt *opt, void *target, const char *arg);

/*
 * Set one condition of the filter. which is an EVENT_FILTER_* bit and decides how arg is read:
 *
 *	TGID, CTX, IOAS, PASID	a number
 *	DEVICE			a PCI address, 0000:00:04.0 or 00:04.0, or another device's name
 *	LATENCY			a time, in seconds if it has no unit
 *	LENGTH			a size
 *	IOVA			an address or a range, see parse__range()
 *	COMM			a thread's name; NAME* matches the names that begin with NAME
 *	UID			a user's number or name
 *	CGROUP			a path or number, see cgroup__parse()
 *	MACHINE			a machine's name; NAME* matches the names that begin with NAME
 *	FAILED			not at all
 *
 * Returns 0, or -EINVAL after a message that begins with option, which is "--pid" and the like;
 * -ENODEV if this machine has no cgroups of version 2.
 */
int filter__set(struct iommufd_filter *filter, __u32 which, const char *option, const char *arg);

/*
 * Whether a device passes EVENT_FILTER_DEVICE. The name ends with a NUL unless it has
 * IOMMUFD_FILTER_DEVICE_LEN bytes.
 */
bool filter__has_device(const struct iommufd_filter *filter, __u32 sbdf, const char *name);

/* Whether a record of a recording passes. */
int filter__matches(const struct iommufd_filter *filter, const struct event_record *record);

/* Write an object "filter" with a key per condition, null where the condition is not set. */
void filter__put_json(const struct iommufd_filter *filter, struct json *json);

#endif /* _COMMON_FILTER_H */
