// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that opened a context, see opener.h.
 *
 * The path of a cgroup is looked up once; a cgroup that is renamed, which is rare, keeps its old
 * name here.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "model/hash.h"
#include "model/opener.h"

struct cgroup_path {
	char *path;
	bool tried;
};

struct openers {
	struct hash cgroups; /* struct cgroup_path by id */
};

struct openers *openers__open(void)
{
	struct openers *openers = calloc(1, sizeof(*openers));

	if (!openers)
		return NULL;
	hash__init(&openers->cgroups, sizeof(struct cgroup_path));
	return openers;
}

void openers__close(struct openers *openers)
{
	unsigned int i;

	if (!openers)
		return;
	for (i = 0; i < openers->cgroups.room; i++)
		if (openers->cgroups.slots[i].seen)
			free(((struct cgroup_path *)openers->cgroups.slots[i].data)->path);
	hash__close(&openers->cgroups);
	free(openers);
}

const char *openers__cgroup(struct openers *openers, __u64 id)
{
	struct hash_key key = { .a = id, .b = id >> 32 };
	char path[CGROUP_PATH_MAX];
	struct cgroup_path *found;

	if (!id)
		return NULL;
	found = hash__get(&openers->cgroups, key, 1);
	if (!found)
		return NULL;
	if (!found->tried && !cgroup__path(id, path, sizeof(path)))
		found->path = strdup(path);
	found->tried = true;
	return found->path;
}

/* ---- machines and containers ---- */

/* Undo systemd's escapes in the name of a unit: \x2d is '-'. */
static void unescape(char *text)
{
	unsigned int byte;
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
		    isxdigit((unsigned char)text[3]) && sscanf(text + 2, "%2x", &byte) == 1) {
			*to++ = byte;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static bool is_hash(const char *text)
{
	return strspn(text, "0123456789abcdef") >= 32;
}

/* Skip libvirt's prefix: "qemu-12-" or "lxc-12-". */
static const char *skip_driver(const char *name)
{
	const char *number = strchr(name, '-');
	size_t digits;

	if (!number)
		return name;
	digits = strspn(number + 1, "0123456789");
	return digits && number[1 + digits] == '-' ? number + digits + 2 : name;
}

/* Look for a machine in one component of a path; before is the component above it. */
static bool find_machine(char machine[MODEL_TEXT], char *name, const char *before)
{
	static const struct {
		const char *prefix;
		const char *shown;
	} engines[] = {
		{ "docker-", "docker:" },
		{ "libpod-", "podman:" },
		{ "crio-", "crio:" },
		{ "cri-containerd-", "containerd:" },
	};
	char *end = strrchr(name, '.');
	unsigned int i;

	if (end && (!strcmp(end, ".scope") || !strcmp(end, ".service")))
		*end = '\0';
	if (!strncmp(name, "machine-", 8)) {
		unescape(name);
		snprintf(machine, MODEL_TEXT, "%s", skip_driver(name + 8));
		return true;
	}
	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		size_t size = strlen(engines[i].prefix);

		if (strncmp(name, engines[i].prefix, size) || !is_hash(name + size))
			continue;
		snprintf(machine, MODEL_TEXT, "%s%.12s", engines[i].shown, name + size);
		return true;
	}
	if (is_hash(name) && before && !strcmp(before, "docker")) {
		snprintf(machine, MODEL_TEXT, "docker:%.12s", name);
		return true;
	}
	if (!strncmp(name, "lxc.payload.", 12)) {
		snprintf(machine, MODEL_TEXT, "%s", name + 12);
		return true;
	}
	return false;
}

void opener__machine(char machine[MODEL_TEXT], const char *cgroup)
{
	char path[CGROUP_PATH_MAX], *rest = path, *name, *before = NULL;

	machine[0] = '\0';
	if (!cgroup)
		return;
	snprintf(path, sizeof(path), "%s", cgroup);
	for (; (name = strsep(&rest, "/")); before = name)
		if (find_machine(machine, name, before))
			return;
}
