/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the hooks of policies, as in struct iommufd_policy_ops.
 */
#ifndef _COMMON_HOOK_H
#define _COMMON_HOOK_H

#include <linux/types.h>

#include "iommufd_policy.h"

extern const char *const hook_names[IOMMUFD_HOOKS];

/* "?" of a hook that is not known. */
const char *hook__name(__u64 hook);

/* "ioas_map,fault" of the bits of hooks; "all" of all, "-" of none. */
#define HOOKS_MAX 128
char *hook__list(char text[HOOKS_MAX], __u32 hooks);

#endif /* _COMMON_HOOK_H */
