// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "../../lib/mem.h"
#include "../../lib/mock.h"
#include "../../lib/tap.h"
#include "end.h"

#define CGROUP "/sys/fs/cgroup"
#define GROUP CGROUP "/storm"
#define LIMIT (4ul << 30)
/* Kernel memory that may stay charged to the cgroup: pages of slabs that others use, too */
#define KERNEL_REST (2l << 20)

void end_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		(void)errno;
	close(fd);
}

static long read_number(const char *path, const char *field)
{
	FILE *f = fopen(path, "re");
	char line[128], format[32];
	long number = -1;

	snprintf(format, sizeof(format), "%s%%ld", field);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &number) == 1)
			break;
	if (f)
		fclose(f);
	return number;
}

static long references(void)
{
	return read_number("/sys/module/iommufd/refcnt", "");
}

static long kernel_bytes(void)
{
	return read_number(GROUP "/memory.stat", "kernel ");
}

void end_before(struct end *end)
{
	end->module = references();
	end_write(CGROUP "/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
}

static int drop_ipc_lock(rlim_t limit)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	struct rlimit rlimit = { limit, limit };

	if (setrlimit(RLIMIT_MEMLOCK, &rlimit) || syscall(SYS_capget, &head, caps))
		return -errno;
	caps[0].effective &= ~(1u << CAP_IPC_LOCK);
	caps[0].permitted &= ~(1u << CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, caps) ? -errno : 0;
}

void end_drop_privileges(void)
{
	drop_ipc_lock(LIMIT);
	end_write(GROUP "/cgroup.procs", "0");
}

/* Map as much as the limit allows, which fails if a page is still charged to the user. */
static int map_to_limit(void)
{
	static char mem[4 * MEM_PAGE] __attribute__((aligned(4096)));
	struct mock m;
	int ret = drop_ipc_lock(sizeof(mem));

	if (!ret)
		ret = mock__open(&m, 0);
	if (!ret)
		ret = ioas__map_at(m.fd, m.ioas, mem, sizeof(mem), MOCK_BASE);
	return ret;
}

static int charge_left(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(-map_to_limit());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? -WEXITSTATUS(status) :
								      -ECHILD;
}

bool end_check(const struct end *end)
{
	bool ok;

	ok = tap__is(mem__pinned(0), 0, "nothing is pinned");
	ok &= tap__ok(mock__gone(), "no mock device is left");
	ok &= tap__err(charge_left(), 0, "nothing is charged to the user");
	ok &= tap__ok(tap__until(references() <= end->module), "no context is left");
	tap__diag("%ld references on iommufd.ko, %ld before", references(), end->module);
	ok &= tap__ok(tap__until(kernel_bytes() < KERNEL_REST), "kernel memory is given back");
	tap__diag("%ld bytes of it are charged to the cgroup", kernel_bytes());
	return ok;
}
