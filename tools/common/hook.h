/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the policy hooks, as in struct iommufd_policy_ops.
 */
#ifndef _COMMON_HOOK_H
#define _COMMON_HOOK_H

#include <linux/types.h>

#include "iommufd_policy.h"

extern const char *const hook_names[IOMMUFD_HOOKS];

/* "?" for an unknown hook. */
const char *hook__name(__u64 hook);

/* List a set of hooks, bits by their numbers: "ioas_map,fault", "all", or "-" for none. */
#define HOOKS_MAX 128
char *hook__list(char text[HOOKS_MAX], __u32 hooks);

#endif /* _COMMON_HOOK_H */
