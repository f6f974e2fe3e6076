/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --at: the present mapping at an IOVA. A look at the driver's state, without tracing.
 *
 *	at.c		finds the address space and the area
 *	at_print.c	text and JSON
 */
#ifndef _IOSNOOP_AT_H
#define _IOSNOOP_AT_H

#include <stdbool.h>
#include <linux/types.h>

#include "driver.h"
#include "iommufd_filter.h"
#include "iommufd_policy.h"
#include "machine.h"

/* The place that the user asks about. */
struct at {
	bool is_given;
	bool has_ioas; /* the address space is that of ctx and ioas, otherwise that of the device */
	__u32 ctx;
	__u32 ioas;
	struct iommufd_filter device; /* the device, and the PASID if one is given */
	__u64 iova;
};

/* Read the argument of --at. Returns 0, or -EINVAL after a message. */
int at__parse(struct at *at, const char *arg);

/*
 * Print the area there, of this driver, or of the one that is loaded. Returns 0; -ENOENT if there
 * is none, or after a message if there is no such address space; another -errno after a message.
 */
int at__run(const struct at *at, enum driver_kind kind, bool json);

/* ---- between the two files ---- */

/* An area, and the payer of its memory. */
struct at_area {
	bool is_there;
	struct iommufd_area_info info;
	struct iommufd_payer_info payer; /* id 0: not known */
	char machine[MACHINE_MAX]; /* or "" */
};

struct at_answer {
	__u64 iova;
	__u64 now_ns; /* CLOCK_MONOTONIC */
	__s64 wall_offset_ns;
	__u32 ctx;
	__u32 ioas;
	/* The device that the user named. */
	bool has_device;
	struct iommufd_object_info device;
	__u32 pasid; /* IOMMUFD_NONE: the whole device */
	bool is_mapped;
	struct at_area area; /* if it is mapped */
	struct at_area below, above; /* otherwise */
};

void at__print_text(const struct at_answer *answer);
void at__print_json(const struct at_answer *answer);

#endif /* _IOSNOOP_AT_H */
