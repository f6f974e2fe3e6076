/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of policies. Events have the id of a policy only, because a tracepoint has room for no
 * more. Names come from a recording, from the list of policies that a tool has read, or from the
 * running kernel when the first event of a policy arrives.
 */
#ifndef _COMMON_POLICY_NAME_H
#define _COMMON_POLICY_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_policy.h"

/* Note a name, which may be any bytes and ends at a NUL or after size bytes. */
void policy_name__add(__u32 id, const char *name, size_t size);

/*
 * Set a function that adds the names of the loaded policies. It is called when the name of an id is
 * asked for that is not known, once for each such id. NULL: none.
 */
void policy_name__set_reader(void (*read)(void));

/* The name, clean; NULL if it is not known. */
const char *policy_name__find(__u32 id);
/* The same, and whether this is the first request for this id. */
const char *policy_name__find_new(__u32 id, bool *is_new);

/* Make all of them new again, for another recording. */
void policy_name__renew(void);

/* The name, or "#3" if it is not known. */
#define POLICY_NAME_MAX (IOMMUFD_POLICY_NAME_LEN + 1)
const char *policy_name__text(char text[POLICY_NAME_MAX], __u32 id);

#endif /* _COMMON_POLICY_NAME_H */
