// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of hooks in user space, see hook.h.
 */
#include <stdio.h>
#include <string.h>

#include "hook.h"

#define NAME(ID, name, sleep, text) #name,
const char *const hook_names[IOMMUFD_HOOKS] = { IOMMUFD_POLICY_HOOKS(NAME) };
#undef NAME

#define MAY_SLEEP(ID, name, sleep, text) sleep,
const bool hook_may_sleep[IOMMUFD_HOOKS] = { IOMMUFD_POLICY_HOOKS(MAY_SLEEP) };
#undef MAY_SLEEP

const char *hook__name(__u64 hook)
{
	return hook < IOMMUFD_HOOKS ? hook_names[hook] : "?";
}

char *hook__list(char text[HOOKS_MAX], __u32 hooks)
{
	size_t length = 0;
	unsigned int i;

	if (hooks == (1u << IOMMUFD_HOOKS) - 1)
		return strcpy(text, "all");
	if (!hooks)
		return strcpy(text, "-");
	for (i = 0; i < IOMMUFD_HOOKS && length < HOOKS_MAX; i++)
		if (hooks & 1u << i)
			length += snprintf(text + length, HOOKS_MAX - length, "%s%s",
					   length ? "," : "", hook_names[i]);
	return text;
}
