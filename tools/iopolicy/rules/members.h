/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded requests for policies in BPF: which members of the request a recording does not have.
 */
#ifndef _IOPOLICY_RULES_MEMBERS_H
#define _IOPOLICY_RULES_MEMBERS_H

#include "object/member.h"
#include "rules/partial.h"

/* Bits, of enum request_member, of the members that matter at the hook and are not known. */
__u64 members__missing(const struct partial *partial);

/* List members by their names in the struct: "uid, cgroup". */
#define MEMBERS_MAX 512
char *members__list(char text[MEMBERS_MAX], __u64 members);

#endif /* _IOPOLICY_RULES_MEMBERS_H */
