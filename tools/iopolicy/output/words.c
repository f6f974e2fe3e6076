// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names and scopes, as text for people.
 */
#include <stdio.h>
#include <string.h>

#include "output/rules.h"
#include "text.h"

/* "all", the path of the cgroup, or "cgroup 42" if the path is unknown */
char *text__scope(char *text, size_t size, const struct scope *scope)
{
	if (!scope->cgroup)
		snprintf(text, size, "all");
	else if (!scope->path)
		snprintf(text, size, "cgroup %llu", scope->cgroup);
	else
		text__clean(text, size, scope->path, strlen(scope->path), size,
			    text__locale_is_utf8());
	return text;
}

/* Clean a name from an object file, which may have any bytes, or the path of the file. */
char *text__name(char text[NAME_MAX_SIZE], const char *from)
{
	text__clean(text, NAME_MAX_SIZE, from, strlen(from), NAME_MAX_SIZE, text__locale_is_utf8());
	return text;
}
