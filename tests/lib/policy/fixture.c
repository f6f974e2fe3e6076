// SPDX-License-Identifier: GPL-2.0-only
/* See fixture.h. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "fixture.h"
#include "hooks.h"

int fixture__map(const struct mock *m, uint32_t ioas, char *mem, unsigned int page,
		 unsigned int pages)
{
	return ioas__map_at(m->fd, ioas, mem + page * MEM_PAGE, pages * MEM_PAGE, AT(page));
}

bool fixture__load(struct policy *p, const char *name, const char *settings)
{
	tap__diag("%s", name);
	return tap__err(hooks__load(p, HOOKS_ALL, settings), 0, "%s: loaded", name);
}

bool fixture__start(struct mock *m, struct policy *p, const char *name, const char *settings)
{
	return mock__start(m, name, MOCK_FLAGS_DEVICE_PASID) && fixture__load(p, name, settings);
}

void fixture__end(struct mock *m, struct policy *p, const char *name)
{
	policy__unload(p);
	close(m->fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned at the end", name);
	tap__is(policy__count(), 0, "%s: no policy is loaded at the end", name);
}

bool fixture__join_cgroup(const char *cgroup)
{
	char path[128];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), CGROUP "/%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, "0", 1) == 1;
	close(fd);
	return ok;
}

uint64_t fixture__cgroup_id(const char *cgroup)
{
	struct stat st = {};
	char path[128];

	snprintf(path, sizeof(path), CGROUP "/%s", cgroup);
	return stat(path, &st) ? 0 : st.st_ino;
}
