// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups as arguments: ids, paths, and invalid values. Tests that need cgroup v2 are skipped
 * without it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "cgroup.h"

static void accepts(const char *text, __u64 want)
{
	char why[CGROUP_WHY_MAX] = "";
	__u64 id = 0;

	if (!tap__ok(!cgroup__parse(text, &id, why) && id == want, "'%s' is %llu", text, want))
		tap__diag("id %llu, why '%s'", id, why);
}

static void rejects(const char *text, const char *reason)
{
	char why[CGROUP_WHY_MAX] = "";
	__u64 id = 4711;
	int err = cgroup__parse(text, &id, why);

	if (!tap__ok(err && id == 4711 && strstr(why, reason), "'%s' is rejected: %s", text,
		     reason))
		tap__diag("err %d, why '%s'", err, why);
}

static void test_mounts(void)
{
	char name[] = "/tmp/unit-cgroup.XXXXXX", path[CGROUP_PATH_MAX];
	int fd = mkstemp(name);

	if (fd < 0) {
		tap__skip("no temporary file", "where cgroup2 is mounted");
		return;
	}
	dprintf(fd, "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
		    "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n");
	tap__err(cgroup__mount_point(name, path), -ENOENT, "version 1 only");
	dprintf(fd, "cgroup2 /a\\040place cgroup2 rw 0 0\ncgroup2 /other cgroup2 rw 0 0\n");
	tap__err(cgroup__mount_point(name, path), 0, "version 2 besides version 1");
	tap__ok(!strcmp(path, "/a place"), "the first mount point, with a blank: %s", path);
	tap__err(cgroup__mount_point("/nonexistent", path), -ENOENT, "no table of mounts");
	close(fd);
	unlink(name);
}

static void test_paths(void)
{
	char root[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX];
	struct stat stat_buf;

	if (cgroup__mount_point(NULL, root) || stat(root, &stat_buf)) {
		rejects("/tmp", "cgroup v2 is not mounted; mount it");
		return;
	}
	accepts(root, stat_buf.st_ino);
	rejects("/tmp", "'/tmp' is not a cgroup of version 2");
	rejects("/no/such/cgroup", "no cgroup '/no/such/cgroup'");
	if (cgroup__path(stat_buf.st_ino, path, sizeof(path)))
		tap__skip("no permission to open by handle", "the path of the root");
	else
		tap__ok(!strcmp(path, "/"), "the path of the root: %s", path);
}

int main(void)
{
	tap__start();
	accepts("1", 1);
	accepts("0x10", 16);
	accepts("18446744073709551615", ~0ULL);
	rejects("0", "too small");
	rejects("18446744073709551616", "too large");
	rejects("12ab", "not a number");
	rejects("", "needs a path or a number");
	test_mounts();
	test_paths();
	return tap__done();
}
