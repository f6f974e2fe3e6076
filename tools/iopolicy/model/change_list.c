// SPDX-License-Identifier: GPL-2.0-only
/*
 * A list of changes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/rule_changes.h"

int changes__add(struct changes *changes, const char *kind, const char *name, const char *from,
		 const char *to)
{
	struct changed *grown, *changed;

	grown = realloc(changes->list, (changes->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	changes->list = grown;
	changed = &grown[changes->nr++];
	snprintf(changed->what, sizeof(changed->what), "%s%s%s", kind, *name ? " " : "", name);
	snprintf(changed->from, sizeof(changed->from), "%s", from);
	snprintf(changed->to, sizeof(changed->to), "%s", to);
	return 0;
}

void changes__free(struct changes *changes)
{
	free(changes->list);
	memset(changes, 0, sizeof(*changes));
}
