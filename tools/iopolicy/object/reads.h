/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inputs of a policy's programs: members of the request, and the running system.
 *
 * A recording does not have all members, and a test has no real caller. With this, the command test
 * says which verdicts that matters for.
 */
#ifndef _IOPOLICY_OBJECT_READS_H
#define _IOPOLICY_OBJECT_READS_H

#include "object/member.h"
#include "object/object.h"

#define READS_DRIVER_MAX 256

struct object_reads {
	__u32 hooks; /* bits of those that have a program */
	__u64 members[IOMMUFD_HOOKS]; /* that a program may read, bits of enum request_member */
	bool clock; /* programs read the time */
	bool process; /* they ask about the calling process, not about that of the request */
	char driver[READS_DRIVER_MAX]; /* the driver's functions about its state that they call */
};

/* Call it after the object is loaded, because the programs are complete then. No message. */
void object__find_reads(const struct object *object, struct object_reads *reads);

#endif /* _IOPOLICY_OBJECT_READS_H */
