// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is behind a context: cgroup, name of the virtual machine or container, limit of locked memory.
 *
 * Paths of cgroups are looked up once; a cgroup that is renamed, which is rare, keeps its old name
 * here. Whether a process is above the limit (CAP_IPC_LOCK) is looked up when it is first seen, and
 * again now and then, for a few processes at each refresh: it takes a file of /proc.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cgroup.h"
#include "env.h"
#include "source/source.h"

#define CAP_IPC_LOCK_BIT (1ULL << 14)
#define CHECKS_PER_REFRESH 8
#define REFRESHES_PER_CHECK 32

struct cgroup_name {
	char *path;
	bool tried;
};

struct process {
	__u64 checked;   /* at which refresh, 0: never */
	bool above_limit;
};

struct who {
	struct tallies cgroups; /* struct cgroup_name, by id */
	struct tallies processes; /* struct process, by tgid */
	__u64 refresh;
	unsigned int checks;  /* in this refresh */
};

struct who *who__open(void)
{
	struct who *who = calloc(1, sizeof(*who));

	if (!who)
		return NULL;
	tallies__init(&who->cgroups, sizeof(struct cgroup_name));
	tallies__init(&who->processes, sizeof(struct process));
	return who;
}

void who__close(struct who *who)
{
	unsigned int i;

	if (!who)
		return;
	for (i = 0; i < who->cgroups.room; i++)
		if (who->cgroups.slots[i].seen)
			free(((struct cgroup_name *)who->cgroups.slots[i].data)->path);
	tallies__close(&who->cgroups);
	tallies__close(&who->processes);
	free(who);
}

const char *who__cgroup(struct who *who, __u64 id)
{
	struct tally_key key = { .a = id, .b = id >> 32 };
	char path[CGROUP_PATH_MAX];
	struct cgroup_name *name;

	if (!id)
		return NULL;
	name = tallies__get(&who->cgroups, key, 1);
	if (!name)
		return NULL;
	if (!name->tried && !cgroup__path(id, path, sizeof(path)))
		name->path = strdup(path);
	name->tried = true;
	return name->path;
}

/* Undoes systemd's way to write what a unit's name may not have: \x2d is '-'. */
static void unescape(char *text)
{
	unsigned int byte;
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x' && isxdigit(text[2]) && isxdigit(text[3]) &&
		    sscanf(text + 2, "%2x", &byte) == 1) {
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

/* What stands behind "qemu-12-", or "lxc-12-", of libvirt. */
static const char *after_driver(const char *name)
{
	const char *number = strchr(name, '-');
	size_t digits;

	if (!number)
		return name;
	digits = strspn(number + 1, "0123456789");
	return digits && number[1 + digits] == '-' ? number + digits + 2 : name;
}

/* A component of a path; false if it is of no machine. */
static bool machine_of(char machine[MODEL_TEXT], char *name, const char *before)
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
		snprintf(machine, MODEL_TEXT, "%s", after_driver(name + 8));
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

void who__machine(char machine[MODEL_TEXT], const char *cgroup)
{
	char path[CGROUP_PATH_MAX], *rest = path, *name, *before = NULL;

	machine[0] = '\0';
	if (!cgroup)
		return;
	snprintf(path, sizeof(path), "%s", cgroup);
	for (; (name = strsep(&rest, "/")); before = name)
		if (machine_of(machine, name, before))
			return;
}

/* CAP_IPC_LOCK: what the driver asks for, too. */
static bool is_above_limit(__u32 tgid)
{
	char path[64];
	__u64 missing;

	snprintf(path, sizeof(path), "/proc/%u/status", tgid);
	return !env__missing_caps(path, CAP_IPC_LOCK_BIT, &missing) && !missing;
}

__u64 who__limit(struct who *who, __u32 tgid, __u64 refresh)
{
	struct tally_key key = { .a = tgid };
	struct process *process;
	struct rlimit limit;

	if (who->refresh != refresh) {
		tallies__forget(&who->processes, who->refresh);
		who->refresh = refresh;
		who->checks = 0;
	}
	process = tallies__get(&who->processes, key, refresh);
	if (!process)
		return MODEL_NONE;
	if (!process->checked || (process->checked + REFRESHES_PER_CHECK <= refresh &&
				  who->checks++ < CHECKS_PER_REFRESH)) {
		process->above_limit = is_above_limit(tgid);
		process->checked = refresh;
	}
	if (process->above_limit || prlimit(tgid, RLIMIT_MEMLOCK, NULL, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return MODEL_NONE;
	return limit.rlim_cur;
}
