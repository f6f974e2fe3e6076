// SPDX-License-Identifier: GPL-2.0-only
/*
 * fdinfo of a context, read by processes in other user and PID namespaces that were handed the
 * file, and by a user without privileges.
 *
 * Faults these are for: a reader in a container learns the host's process id of the opener, or what
 * other processes of the host have pinned; a reader of the host misses these; the id of a process
 * of the reader's own namespace is wrong.
 *
 * Each reader is a process of its own, which reports what it read in shared memory.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/tap.h"

#define NOBODY 65534 /* also shown for a user without a mapping */
#define CONTAINER (CLONE_NEWPID | CLONE_NEWNS)

/* The results of a reader. */
struct found {
	int err; /* of the preparation, 0 or -errno */
	unsigned int tgid, uid;
	unsigned long long cgroup;
	bool has_opener, has_uid_total, has_cgroup_total;
	unsigned int objects;
	int own_tgid;
	int bpf_err; /* of loading a program for tracepoints */
};

struct reader {
	const char *name;
	int namespaces;
	bool proc; /* mounts a /proc of its own */
	bool is_nobody; /* gives up all privileges */
	bool opens; /* opens a context of its own */
};

static struct {
	int fd;
	struct found *found;
} test;

static void read_fdinfo(const char *process, int fd, struct found *found)
{
	char line[256];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%s/fdinfo/%d", process, fd);
	file = fopen(line, "r");
	if (!file) {
		found->err = -errno;
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "iommufd-opener: tgid=%u uid=%u cgroup=%llu", &found->tgid,
			   &found->uid, &found->cgroup) == 3)
			found->has_opener = true;
		found->has_uid_total |= !strncmp(line, "iommufd-uid-pinned:", 19);
		found->has_cgroup_total |= !strncmp(line, "iommufd-cgroup-pinned:", 22);
		found->objects += !strncmp(line, "iommufd-object:", 15);
	}
	if (ferror(file))
		found->err = -errno;
	fclose(file);
}

/* Tracepoints have ids of the initial namespaces, so using them must take privileges there. */
static int load_program(void)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insn_cnt = 2,
		.insns = (uintptr_t)insns,
		.license = (uintptr_t)"GPL",
	};
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int read_as(const struct reader *reader, struct found *found)
{
	int fd = test.fd;
	uint32_t ioas;

	if (reader->proc && (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
			     mount("proc", "/proc", "proc", 0, NULL)))
		return -errno;
	if (reader->opens) {
		fd = iommu__open();
		if (fd < 0 || ioas__alloc(fd, &ioas))
			return fd < 0 ? fd : -EIO;
	}
	if (reader->is_nobody &&
	    (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		return -errno;
	found->own_tgid = getpid();
	found->bpf_err = load_program();
	found->err = 0;
	read_fdinfo("self", fd, found);
	return found->err;
}

/* A PID namespace begins with the next child. Returns to the parent alone. */
static void run(const struct reader *reader, struct found *found)
{
	pid_t pid;

	memset(found, 0, sizeof(*found));
	/* Unless the reader gets to its end. */
	found->err = -ECHILD;
	pid = fork();
	if (pid < 0)
		found->err = -errno;
	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	pid = unshare(reader->namespaces) ? -1 : fork();
	if (pid < 0)
		found->err = -errno;
	else if (pid)
		waitpid(pid, NULL, 0);
	else
		found->err = read_as(reader, found);
	_exit(0);
}

static bool run_ok(const struct reader *reader)
{
	run(reader, test.found);
	return tap__err(test.found->err, 0, "%s: reads fdinfo", reader->name) &&
	       tap__ok(test.found->has_opener, "%s: sees who opened it", reader->name) &&
	       tap__is(test.found->objects, 1, "%s: sees the objects", reader->name);
}

static void test_host(void)
{
	static const struct reader root = { .name = "root of the host" };
	static const struct reader nobody = { .name = "a user of the host", .is_nobody = true };
	const struct reader *readers[] = { &root, &nobody };
	struct found *found = test.found;

	for (int i = 0; i < 2; i++) {
		const char *name = readers[i]->name;

		if (!run_ok(readers[i]))
			continue;
		tap__is(found->tgid, getpid(), "%s: the opener's process id", name);
		tap__is(found->uid, 0, "%s: its user", name);
		tap__ok(found->cgroup, "%s: its cgroup", name);
		tap__ok(found->has_uid_total && found->has_cgroup_total,
			"%s: totals of the user and the cgroup", name);
		tap__err(found->bpf_err, i ? -EPERM : 0, "%s: %s", name,
			 i ? "no tracepoints" : "tracepoints");
	}
}

static void test_container(void)
{
	static const struct reader rootless = {
		.name = "another user and PID namespace",
		.namespaces = CLONE_NEWUSER | CONTAINER,
		.proc = true,
	};
	static const struct reader nobody = {
		.name = "a user in another PID namespace",
		.namespaces = CONTAINER,
		.proc = true,
		.is_nobody = true,
	};
	const struct reader *readers[] = { &rootless, &nobody };
	struct found *found = test.found;

	for (int i = 0; i < 2; i++) {
		const char *name = readers[i]->name;

		if (!run_ok(readers[i]))
			continue;
		tap__is(found->tgid, 0, "%s: the opener has no process id there", name);
		tap__is(found->uid, i ? 0 : NOBODY, "%s: its user as seen there", name);
		tap__is(found->cgroup, 0, "%s: no id of a cgroup", name);
		tap__ok(!found->has_uid_total && !found->has_cgroup_total,
			"%s: no totals of other processes", name);
		tap__err(found->bpf_err, -EPERM, "%s: no tracepoints", name);
	}
}

/* One of the two namespaces alone. */
static void test_half(void)
{
	static const struct reader privileged = {
		.name = "root of the host in another PID namespace",
		.namespaces = CONTAINER,
		.proc = true,
	};
	static const struct reader user = {
		.name = "another user namespace with the host's /proc",
		.namespaces = CLONE_NEWUSER,
	};
	struct found *found = test.found;

	if (run_ok(&privileged)) {
		tap__is(found->tgid, 0, "%s: the opener has no process id there", privileged.name);
		tap__is(found->cgroup, 0, "%s: no id of a cgroup", privileged.name);
		tap__ok(found->has_uid_total && found->has_cgroup_total, "%s: totals",
			privileged.name);
	}
	if (run_ok(&user)) {
		tap__is(found->tgid, getpid(), "%s: the opener's process id", user.name);
		tap__is(found->uid, NOBODY, "%s: its user as seen there", user.name);
		tap__ok(!found->has_uid_total && !found->has_cgroup_total,
			"%s: no totals of other processes", user.name);
		tap__err(found->bpf_err, -EPERM, "%s: no tracepoints", user.name);
	}
}

static void test_own(void)
{
	static const struct reader inner = {
		.name = "opened in another user and PID namespace",
		.namespaces = CLONE_NEWUSER | CONTAINER,
		.proc = true,
		.opens = true,
	};
	struct found *found = test.found;

	if (!run_ok(&inner))
		return;
	tap__is(found->own_tgid, 1, "%s: by its first process", inner.name);
	tap__is(found->tgid, 1, "%s: the opener's id there", inner.name);
}

/* The opener has exited, and its namespace with it. */
static void test_gone(void)
{
	struct found found = { 0 };
	pid_t pid;
	int fd;

	/* The file table is shared, so the file stays open. */
	pid = syscall(SYS_clone, CLONE_FILES | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		fd = iommu__open();
		test.found->own_tgid = fd;
		_exit(0);
	}
	if (!tap__ok(pid > 0, "gone: a process in a PID namespace"))
		return;
	waitpid(pid, NULL, 0);
	fd = test.found->own_tgid;
	if (!tap__ok(fd >= 0, "gone: it opened a context"))
		return;
	read_fdinfo("self", fd, &found);
	tap__is(found.tgid, pid, "gone: the opener's id is still shown");
	close(fd);
}

int main(void)
{
	uint32_t ioas;

	tap__start();
	test.fd = iommu__open();
	if (test.fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-test.fd));
	test.found = mmap(NULL, sizeof(*test.found), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (test.found == MAP_FAILED)
		return tap__bail("mmap: %s", strerror(errno));
	tap__err(ioas__alloc(test.fd, &ioas), 0, "a context with an IOAS");
	test_host();
	test_container();
	test_half();
	test_own();
	test_gone();
	close(test.fd);
	munmap(test.found, sizeof(*test.found));
	return tap__done();
}
