// SPDX-License-Identifier: GPL-2.0-only
/* Names of policies, see policy_name.h. The kernel does not reuse ids, so a name stays right. */
#include <stdio.h>

#include "names.h"
#include "policy_name.h"

static struct name ring[256];
static struct names names = { .ring = ring, .kept = sizeof(ring) / sizeof(ring[0]) };
static void (*reader)(void);

_Static_assert(POLICY_NAME_MAX <= NAMES_TEXT_MAX, "a name fits");

void policy_name__add(__u32 id, const char *name, size_t size)
{
	names__add(&names, id, 0, name, size, POLICY_NAME_MAX - 1);
}

static void read_all(void *arg, __u32 id, __u32 unused)
{
	(void)arg;
	(void)id;
	(void)unused;
	reader();
}

void policy_name__set_reader(void (*read)(void))
{
	reader = read;
	names.read = read ? read_all : NULL;
}

const char *policy_name__find(__u32 id)
{
	return names__find(&names, id, 0);
}

const char *policy_name__find_new(__u32 id, bool *is_new)
{
	return names__find_new(&names, id, 0, is_new);
}

void policy_name__renew(void)
{
	names__renew(&names);
}

const char *policy_name__text(char text[POLICY_NAME_MAX], __u32 id)
{
	const char *name = policy_name__find(id);

	if (name)
		return name;
	snprintf(text, POLICY_NAME_MAX, "#%u", id);
	return text;
}
