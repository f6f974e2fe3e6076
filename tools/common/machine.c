// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines and containers, see machine.h.
 *
 * The name is that of the outermost machine in a path, because limits and devices are assigned to
 * this one. Schemes of names:
 *
 *	machine-qemu\x2d1\x2dNAME.scope		libvirt with systemd-machined
 *	machine/qemu-1-NAME.libvirt-qemu	libvirt without
 *	machine-NAME.scope			systemd-nspawn, systemd-vmspawn
 *	systemd-nspawn@NAME.service		the same as services
 *	qemu.slice/NAME.scope			Proxmox VE
 *	kata_ID, kata_overhead/ID		Kata Containers, by the id of the sandbox
 *	docker-ID.scope, docker/ID		container engines; also libpod, crio, cri-containerd
 *	lxc.payload.NAME			LXC
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "machine.h"
#include "text.h"

/* Undo systemd's escapes in the name of a unit: \x2d is '-'. */
static void unescape(char *text)
{
	unsigned int byte;
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
		    isxdigit((unsigned char)text[3]) && sscanf(text + 2, "%2x", &byte) == 1 &&
		    byte) {
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

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* Cut a suffix off. */
static bool cut(char *name, const char *suffix)
{
	size_t size = strlen(name), cut = strlen(suffix);

	if (size <= cut || strcmp(name + size - cut, suffix))
		return false;
	name[size - cut] = '\0';
	return true;
}

static void put(char machine[MACHINE_MAX], const char *name)
{
	snprintf(machine, MACHINE_MAX, "%.*s", MACHINE_MAX - 1, name);
}

/* The beginning of an id tells containers apart, as in the lists of their engines. */
static bool find_container(char machine[MACHINE_MAX], const char *name, const char *before)
{
	static const struct {
		const char *prefix;
		const char *shown;
	} engines[] = {
		{ "docker-", "docker:" }, { "libpod-", "podman:" },
		{ "crio-", "crio:" },	  { "cri-containerd-", "containerd:" },
		{ "kata_", "kata:" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		size_t size = strlen(engines[i].prefix);

		if (!begins(name, engines[i].prefix) || !is_hash(name + size))
			continue;
		snprintf(machine, MACHINE_MAX, "%s%.12s", engines[i].shown, name + size);
		return true;
	}
	if (!is_hash(name) || (strcmp(before, "docker") && strcmp(before, "kata_overhead")))
		return false;
	snprintf(machine, MACHINE_MAX, "%s:%.12s", before[0] == 'd' ? "docker" : "kata", name);
	return true;
}

/* Look for a machine in one component of a path, which is changed; before is the one above it. */
static bool find_machine(char machine[MACHINE_MAX], char *name, const char *before)
{
	bool is_scope = cut(name, ".scope"), is_service = !is_scope && cut(name, ".service");

	if (is_service && (begins(name, "systemd-nspawn@") || begins(name, "systemd-vmspawn@"))) {
		unescape(name);
		put(machine, strchr(name, '@') + 1);
		return true;
	}
	if (begins(name, "machine-") && !cut(name, ".slice")) {
		unescape(name);
		put(machine, skip_driver(name + strlen("machine-")));
		return true;
	}
	if (!strcmp(before, "machine") &&
	    (cut(name, ".libvirt-qemu") || cut(name, ".libvirt-lxc"))) {
		put(machine, skip_driver(name));
		return true;
	}
	if (is_scope && !strcmp(before, "qemu.slice")) {
		unescape(name);
		put(machine, name);
		return true;
	}
	if (begins(name, "lxc.payload.")) {
		put(machine, name + strlen("lxc.payload."));
		return true;
	}
	return find_container(machine, name, before);
}

void machine__name(char machine[MACHINE_MAX], const char *cgroup)
{
	char path[CGROUP_PATH_MAX], *rest = path, *name;
	const char *before = "";

	machine[0] = '\0';
	if (!cgroup)
		return;
	snprintf(path, sizeof(path), "%s", cgroup);
	for (; (name = strsep(&rest, "/")); before = name) {
		char copy[NAME_MAX + 1];

		/* The name is needed unchanged as the one before the next. */
		snprintf(copy, sizeof(copy), "%.*s", NAME_MAX, name);
		if (find_machine(machine, copy, before))
			return;
	}
}

int machine__of_process(char machine[MACHINE_MAX], __u32 pid)
{
	char path[32], line[CGROUP_PATH_MAX + 16];
	FILE *file;

	machine[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!begins(line, "0::"))
			continue;
		line[strcspn(line, "\n")] = '\0';
		machine__name(machine, line + 3);
	}
	fclose(file);
	return 0;
}

_Bool machine__matches(const char *machine, const char *wanted)
{
	size_t size = strlen(wanted);

	if (!*machine)
		return false;
	if (size && wanted[size - 1] == '*')
		return !strncmp(machine, wanted, size - 1);
	return !strcmp(machine, wanted);
}

/* ---- the running machines ---- */

#define DEPTH_MAX 16

struct search {
	const char *wanted;
	char path[CGROUP_PATH_MAX]; /* of the folder that is being read */
	size_t root_size; /* of the mount point in it */
	unsigned int found;
	char found_path[CGROUP_PATH_MAX];
	unsigned int level; /* of the found one */
	char known[256]; /* names of machines, separated by commas */
};

static void note_known(struct search *search, const char *machine)
{
	char clean[MACHINE_MAX];
	size_t used = strlen(search->known);

	text__clean(clean, sizeof(clean), machine, MACHINE_MAX, MACHINE_MAX, false);
	if (used + strlen(clean) + 8 < sizeof(search->known))
		snprintf(search->known + used, sizeof(search->known) - used, "%s%s",
			 used ? ", " : "", clean);
	else if (used && search->known[used - 1] != '.')
		strcat(search->known, ", ...");
}

/* Read a folder and those below it, down to the cgroups of machines. */
static void search_below(struct search *search, unsigned int level)
{
	size_t size = strlen(search->path);
	char machine[MACHINE_MAX];
	struct dirent *entry;
	DIR *dir;

	dir = level < DEPTH_MAX ? opendir(search->path) : NULL;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    size + strlen(entry->d_name) + 2 > sizeof(search->path))
			continue;
		sprintf(search->path + size, "/%s", entry->d_name);
		machine__name(machine, search->path + search->root_size);
		if (!*machine) {
			search_below(search, level + 1);
		} else if (machine__matches(machine, search->wanted)) {
			search->found++;
			search->level = level + 1;
			strcpy(search->found_path, search->path);
		} else {
			note_known(search, machine);
		}
		search->path[size] = '\0';
	}
	if (dir)
		closedir(dir);
}

int machine__find(const char *wanted, __u64 *id, unsigned int *level, char *why)
{
	static struct search search; /* too large for the stack */
	int err;

	memset(&search, 0, sizeof(search));
	search.wanted = wanted;
	err = cgroup__mount_point(NULL, search.path);
	if (err) {
		snprintf(why, CGROUP_WHY_MAX,
			 "cgroup v2 is not mounted, so machines have no names; mount it: mount -t "
			 "cgroup2 none /sys/fs/cgroup");
		return -ENODEV;
	}
	search.root_size = strlen(search.path);
	search_below(&search, 0);
	if (!search.found) {
		snprintf(why, CGROUP_WHY_MAX, "no machine '%.64s' is running%s%.200s", wanted,
			 *search.known ? "; there are " : ", nor any other", search.known);
		return -ENOENT;
	}
	if (search.found > 1) {
		snprintf(why, CGROUP_WHY_MAX,
			 "%u running machines match '%.64s'; choose one, or a cgroup with --cgroup",
			 search.found, wanted);
		return -ENOTUNIQ;
	}
	*level = search.level;
	return cgroup__parse(search.found_path, id, why);
}
