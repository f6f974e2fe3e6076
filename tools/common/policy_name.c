// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of policies, see policy_name.h. The kernel does not reuse ids, so a name stays right. The
 * oldest names are dropped when there are many, because a recording may contain any number.
 */
#include <stdio.h>
#include <string.h>

#include "policy_name.h"
#include "text.h"

#define NAMES_KEPT 256

struct name {
	__u32 id;
	bool is_used;
	bool was_found; /* by policy_name__find_new() */
	char text[POLICY_NAME_MAX]; /* "": not known */
};

static struct name names[NAMES_KEPT]; /* a ring */
static unsigned int nr_names; /* counts on */
static void (*reader)(void);

static struct name *look(__u32 id)
{
	unsigned int i;

	for (i = 0; i < NAMES_KEPT; i++)
		if (names[i].is_used && names[i].id == id)
			return &names[i];
	return NULL;
}

static struct name *get(__u32 id)
{
	struct name *name = look(id);

	if (name)
		return name;
	name = &names[nr_names++ % NAMES_KEPT];
	*name = (struct name){ .id = id, .is_used = true };
	return name;
}

void policy_name__add(__u32 id, const char *name, size_t size)
{
	struct name *to = get(id);

	text__clean(to->text, sizeof(to->text), name, size, sizeof(to->text) - 1, false);
}

void policy_name__set_reader(void (*read)(void))
{
	reader = read;
}

static struct name *find(__u32 id)
{
	struct name *name = look(id);

	if (!name && reader) {
		reader();
		name = get(id);
	}
	return name;
}

const char *policy_name__find(__u32 id)
{
	const struct name *name = find(id);

	return name && name->text[0] ? name->text : NULL;
}

const char *policy_name__find_new(__u32 id, bool *is_new)
{
	struct name *name = find(id);

	*is_new = name && !name->was_found;
	if (!name)
		return NULL;
	name->was_found = true;
	return name->text[0] ? name->text : NULL;
}

void policy_name__renew(void)
{
	unsigned int i;

	for (i = 0; i < NAMES_KEPT; i++)
		names[i].was_found = false;
}

const char *policy_name__text(char text[POLICY_NAME_MAX], __u32 id)
{
	const char *name = policy_name__find(id);

	if (name)
		return name;
	snprintf(text, POLICY_NAME_MAX, "#%u", id);
	return text;
}
