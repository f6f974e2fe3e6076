// SPDX-License-Identifier: GPL-2.0-only
/* Names by numbers, see names.h. */
#include "names.h"
#include "text.h"

static struct name *look(const struct names *names, __u32 a, __u32 b)
{
	unsigned int i;

	for (i = 0; i < names->kept && names->ring[i].is_used; i++)
		if (names->ring[i].a == a && names->ring[i].b == b)
			return &names->ring[i];
	return NULL;
}

static struct name *get(struct names *names, __u32 a, __u32 b)
{
	struct name *name = look(names, a, b);

	if (name)
		return name;
	name = &names->ring[names->added++ % names->kept];
	*name = (struct name){ .a = a, .b = b, .is_used = true };
	return name;
}

static struct name *find(struct names *names, __u32 a, __u32 b)
{
	struct name *name = look(names, a, b);

	if (!name && names->read) {
		names->read(names->arg, a, b);
		name = get(names, a, b);
	}
	return name;
}

void names__add(struct names *names, __u32 a, __u32 b, const char *text, size_t size, size_t most)
{
	struct name *to = get(names, a, b);

	text__clean(to->text, sizeof(to->text), text, size, most, false);
}

const char *names__find(struct names *names, __u32 a, __u32 b)
{
	const struct name *name = find(names, a, b);

	return name && name->text[0] ? name->text : NULL;
}

const char *names__find_new(struct names *names, __u32 a, __u32 b, bool *is_new)
{
	struct name *name = find(names, a, b);

	*is_new = name && !name->was_found;
	if (!name)
		return NULL;
	name->was_found = true;
	return name->text[0] ? name->text : NULL;
}

void names__renew(struct names *names)
{
	unsigned int i;

	for (i = 0; i < names->kept; i++)
		names->ring[i].was_found = false;
}

void names__forget(struct names *names, __u32 a, __u32 b)
{
	struct name *name = look(names, a, b);

	if (name)
		*name = (struct name){ .a = ~0u, .b = ~0u, .is_used = true };
}
