// SPDX-License-Identifier: GPL-2.0-only
/*
 * Properties of the machine, see env.h. Each call reads them anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env.h"

/* Read a small text file. Returns its length or -errno. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	ssize_t got = 0, done = 0;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((size_t)done < size - 1) {
		got = read(fd, text + done, size - 1 - done);
		if (got <= 0)
			break;
		done += got;
	}
	err = got < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	text[done] = '\0';
	return done;
}

int env__missing_caps(const char *status_file, __u64 wanted, __u64 *missing)
{
	static const char key[] = "\nCapEff:";
	__u64 effective;
	char text[8192];
	char *line, *end;
	ssize_t size;

	size = read_text(status_file ? status_file : "/proc/self/status", text, sizeof(text));
	if (size < 0)
		return size;
	line = strstr(text, key);
	if (!line)
		return -ENODATA;
	line += strlen(key);
	errno = 0;
	effective = strtoull(line, &end, 16);
	if (errno || end == line || *end != '\n')
		return -ENODATA;
	if (effective & ENV_CAP_SYS_ADMIN)
		effective |= ENV_CAP_BPF | ENV_CAP_PERFMON;
	*missing = wanted & ~effective;
	return 0;
}

char *env__cap_names(char names[ENV_NAMES_MAX], __u64 caps)
{
	static const struct {
		__u64 cap;
		const char *name;
	} known[] = {
		{ ENV_CAP_BPF, "CAP_BPF" },
		{ ENV_CAP_PERFMON, "CAP_PERFMON" },
		{ ENV_CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	};
	size_t i, length = 0;

	names[0] = '\0';
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (caps & known[i].cap)
			length += snprintf(names + length, ENV_NAMES_MAX - length, "%s%s",
					   length ? " and " : "", known[i].name);
	return names;
}

bool env__has_module(const char *modules_dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", modules_dir ? modules_dir : "/sys/module", name);
	return !access(path, F_OK);
}

bool env__has_btf(const char *btf_file)
{
	char text[2];

	return read_text(btf_file ? btf_file : "/sys/kernel/btf/vmlinux", text, sizeof(text)) > 0;
}

char *env__lockdown(const char *lockdown_file, char mode[ENV_LOCKDOWN_MAX])
{
	char text[128];
	char *begin, *end;

	mode[0] = '\0';
	if (read_text(lockdown_file ? lockdown_file : "/sys/kernel/security/lockdown", text,
		      sizeof(text)) < 0)
		return mode;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (end)
		snprintf(mode, ENV_LOCKDOWN_MAX, "%.*s", (int)(end - begin - 1), begin + 1);
	return mode;
}

bool env__in_user_namespace(const char *uid_map_file)
{
	unsigned int inside, outside, count;
	char text[256];

	if (read_text(uid_map_file ? uid_map_file : "/proc/self/uid_map", text, sizeof(text)) < 0)
		return false;
	/* The initial user namespace maps every id to itself. */
	return sscanf(text, "%u %u %u", &inside, &outside, &count) != 3 || inside || outside ||
	       count != ~0u;
}

bool env__in_pid_namespace(const char *ns_link)
{
	/* The kernel's fixed inode number of the initial PID namespace. */
	static const char initial[] = "pid:[4026531836]";
	char text[64];
	ssize_t size = readlink(ns_link ? ns_link : "/proc/self/ns/pid", text, sizeof(text));

	return size > 0 && (size != sizeof(initial) - 1 || memcmp(text, initial, size));
}

char *env__why_refused(const char *module, int err, char why[ENV_WHY_MAX])
{
	char path[128], names[ENV_NAMES_MAX], mode[ENV_LOCKDOWN_MAX];
	__u64 wanted = ENV_CAP_BPF | ENV_CAP_PERFMON, missing = 0;

	if (module)
		wanted = ENV_CAP_SYS_ADMIN;
	if (!env__missing_caps(NULL, wanted, &missing) && missing) {
		snprintf(why, ENV_WHY_MAX, "%s is missing; run this as root",
			 env__cap_names(names, missing));
		return why;
	}
	if (!env__has_btf(NULL)) {
		snprintf(why, ENV_WHY_MAX,
			 "this kernel has no BTF (/sys/kernel/btf/vmlinux); boot one with "
			 "CONFIG_DEBUG_INFO_BTF");
		return why;
	}
	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", module ? module : "");
	if (module && !env__has_module(NULL, module)) {
		snprintf(why, ENV_WHY_MAX, "module %s is not loaded; modprobe %s", module, module);
		return why;
	}
	if (module && !env__has_btf(path)) {
		snprintf(why, ENV_WHY_MAX,
			 "module %s has no BTF; build it where pahole and the kernel's vmlinux are",
			 module);
		return why;
	}
	env__lockdown(NULL, mode);
	if (mode[0] && strcmp(mode, "none") && (err == -EPERM || err == -EACCES || !module))
		snprintf(why, ENV_WHY_MAX,
			 "kernel lockdown is in mode '%s'; boot without lockdown= and Secure Boot",
			 mode);
	else if (err == -EPERM && env__in_user_namespace(NULL))
		snprintf(why, ENV_WHY_MAX,
			 "capabilities in a user namespace do not allow BPF; run this outside");
	else if (module && err != -EPERM && err != -EACCES)
		snprintf(why, ENV_WHY_MAX,
			 "the loaded module %s has another interface; load the one built with this "
			 "tool",
			 module);
	else
		snprintf(why, ENV_WHY_MAX, "the kernel refuses them (errno %d)", -err);
	return why;
}
