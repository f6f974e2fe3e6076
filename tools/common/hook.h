/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy hooks, from the table in iommufd_policy.h.
 */
#ifndef _COMMON_HOOK_H
#define _COMMON_HOOK_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_policy.h"

extern const char *const hook_names[IOMMUFD_HOOKS];
extern const bool hook_may_sleep[IOMMUFD_HOOKS]; /* whether programs of the hook may */

/* "?" for an unknown hook. */
const char *hook__name(__u64 hook);

/* List a set of hooks, bits by their numbers: "ioas_map,fault", "all", or "-" for none. */
#define HOOKS_MAX 128
char *hook__list(char text[HOOKS_MAX], __u32 hooks);

#endif /* _COMMON_HOOK_H */
