// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payers of a context: the processes that memory is charged to, as the iterator for BPF programs
 * and fdinfo show them. Often a daemon opens /dev/iommu and hands the file to a VMM.
 *
 * Finds these faults: the opener is taken for the process that pays; pages of a process with
 * CAP_IPC_LOCK count against a limit, or those of root in a user namespace do not; the use of the
 * limit leaves out what other files or mlock() use; a payer is missing, listed twice, or stays when
 * its memory is gone; another user learns the use of a limit; a policy on page requests is asked
 * for the daemon.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/look.h"

#define P MEM_PAGE
#define OTHER 1000 /* a user */
#define LIMIT 64 /* pages */
#define MANY 200

#define ALIVE IOMMUFD_PAYER_ALIVE
#define LAST IOMMUFD_PAYER_LAST
#define EXEMPT IOMMUFD_PAYER_EXEMPT
#define BY_PROCESS IOMMUFD_PAYER_BY_PROCESS

static struct policy pol;
static struct mock m;
static struct look look;
static char *mem;

/* ---- the VMM: a child that the test tells what to do ---- */

struct vmm {
	pid_t pid;
	int to, from; /* pipes of one byte per step */
};

typedef int (*step_t)(void);

static void vmm_run(const step_t *steps, int to, int from)
{
	signed char result;
	char byte;

	prctl(PR_SET_NAME, "vmm");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(to, &byte, 1) == 1) {
		result = steps[(int)byte]();
		if (write(from, &result, 1) != 1)
			break;
	}
	_exit(0);
}

static void vmm_start(struct vmm *vmm, const step_t *steps)
{
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		exit(tap__bail("pipe: %s", strerror(errno)));
	vmm->pid = fork();
	if (!vmm->pid) {
		close(to[1]);
		vmm_run(steps, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	vmm->to = to[1];
	vmm->from = from[0];
}

/* Let it take a step. Returns its result: 0 or -errno. */
static int vmm_step(const struct vmm *vmm, char step)
{
	signed char result = -EPIPE;

	if (write(vmm->to, &step, 1) != 1 || read(vmm->from, &result, 1) != 1)
		return -EPIPE;
	return result;
}

static void vmm_end(const struct vmm *vmm)
{
	close(vmm->to);
	close(vmm->from);
	waitpid(vmm->pid, NULL, 0);
}

/* ---- what is listed ---- */

static uint32_t ctx_of(int fd)
{
	uint64_t ctx = 0;

	iommu__fdinfo(fd, "iommufd-context", &ctx);
	return ctx;
}

static const struct iommufd_payer_info *find_payer(int fd, pid_t pid)
{
	int n = look__payers(&look, ctx_of(fd));

	for (int i = 0; i < n; i++)
		if (look.payers[i].tgid == (uint32_t)pid)
			return &look.payers[i];
	return NULL;
}

/* Numbers of pages; limit 0: none. */
struct want {
	pid_t pid;
	uid_t uid;
	unsigned int pinned, charged, limit, used, flags;
	const char *comm;
};

static void payer_is(int fd, const struct want *want, const char *name)
{
	const struct iommufd_payer_info *info = find_payer(fd, want->pid);

	if (!tap__ok(info, "%s: is listed", name))
		return;
	tap__ok(info->ctx == ctx_of(fd) && info->uid == want->uid && info->cgroup &&
			!strcmp(info->comm, want->comm),
		"%s: uid %u, %.16s", name, info->uid, info->comm);
	tap__is(info->pinned / P, want->pinned, "%s: pages pinned", name);
	tap__is(info->charged / P, want->charged, "%s: pages charged", name);
	tap__is(info->limit == ~0ULL ? 0 : info->limit / P, want->limit, "%s: the limit", name);
	tap__is(info->used / P, want->used, "%s: the use of the limit", name);
	tap__hex(info->flags, want->flags, "%s: the flags", name);
}

static void payers_are(int fd, int nr, const char *name)
{
	tap__is(look__payers(&look, ctx_of(fd)), nr, "%s: number of payers", name);
}

/* Get the line of a payer in fdinfo, without its key. */
static bool fdinfo_line(int fd, pid_t pid, char *line, size_t size)
{
	static const char key[] = "iommufd-payer:\t";
	char path[64], start[64];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(start, sizeof(start), "%stgid=%d ", key, pid);
	file = fopen(path, "r");
	while (file && !found && fgets(line, size, file))
		found = !strncmp(line, start, strlen(start));
	if (file)
		fclose(file);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	memmove(line, line + sizeof(key) - 1, strlen(line + sizeof(key) - 1) + 1);
	return true;
}

static void fdinfo_is(int fd, pid_t pid, const char *rest, const char *name)
{
	char line[256] = "", *cgroup;

	if (!tap__ok(fdinfo_line(fd, pid, line, sizeof(line)), "%s: is in fdinfo", name))
		return;
	cgroup = strstr(line, " pinned=");
	if (!tap__ok(cgroup && !strcmp(cgroup, rest), "%s: as fdinfo shows it", name))
		tap__diag("'%s', not '%s'", line, rest);
}

/* ---- a daemon opens the file, a VMM without privileges maps ---- */

static struct mock second; /* another file of the VMM's user */

static int as_user(void)
{
	const struct rlimit limit = { LIMIT * P, LIMIT * P };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(OTHER, OTHER, OTHER) ||
	    setresuid(OTHER, OTHER, OTHER))
		return -errno;
	/* So that it may read its own fdinfo. */
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

static int map_16(void)
{
	return fixture__map(&m, m.ioas, mem, 0, 16);
}

static int map_5_second(void)
{
	return ioas__map_at(second.fd, second.ioas, mem + 100 * P, 5 * P, AT(100));
}

static int unmap_16(void)
{
	return ioas__unmap_at(m.fd, m.ioas, AT(0), 16 * P);
}

static int lock_3(void)
{
	return mlock(mem + 200 * P, 3 * P) ? -errno : 0;
}

static void handed_over(void)
{
	static const step_t steps[] = { as_user, map_16, map_5_second, unmap_16, lock_3 };
	static const char name[] = "handed over";
	struct want want = {
		.uid = OTHER,
		.limit = LIMIT,
		.pinned = 16,
		.charged = 16,
		.used = 16,
		.flags = ALIVE | LAST,
		.comm = "vmm",
	};
	struct vmm vmm;

	if (!mock__start(&m, name, 0) ||
	    !tap__err(mock__open(&second, 0), 0, "%s: another file", name))
		return;
	payers_are(m.fd, 0, "opened");
	vmm_start(&vmm, steps);
	want.pid = vmm.pid;
	tap__err(vmm_step(&vmm, 0), 0, "%s: the VMM gives up privileges", name);
	tap__err(vmm_step(&vmm, 1), 0, "%s: it maps 16 pages", name);
	payers_are(m.fd, 1, name);
	payer_is(m.fd, &want, name);
	fdinfo_is(m.fd, vmm.pid, " pinned=65536 charged=65536 limit=262144 used=65536 last", name);

	tap__err(vmm_step(&vmm, 2), 0, "%s: it maps 5 pages through another file", name);
	want.used = 21;
	payer_is(m.fd, &want, "two files, the first");
	want.pinned = want.charged = 5;
	payer_is(second.fd, &want, "two files, the second");
	want.pinned = want.charged = 16;
	/* The kernel counts locked memory for the process, pinned memory for the user. */
	tap__err(vmm_step(&vmm, 4), 0, "%s: it locks 3 pages", name);
	payer_is(m.fd, &want, "locked pages do not count");

	/* We have CAP_IPC_LOCK, so nothing is charged. */
	tap__err(fixture__map(&m, m.ioas, mem, 50, 4), 0, "%s: the daemon maps 4 pages", name);
	payers_are(m.fd, 2, "both map");
	want.flags = ALIVE;
	payer_is(m.fd, &want, "both map, the VMM");
	tap__ok(find_payer(m.fd, getpid())->id > find_payer(m.fd, vmm.pid)->id,
		"both map: the payers are in the order of their numbers");
	tap__is(look__ctx(&look, ctx_of(m.fd)) / P, 20, "both map: all pages");

	tap__err(vmm_step(&vmm, 3), 0, "%s: the VMM unmaps", name);
	payers_are(m.fd, 1, "unmapped");
	tap__ok(!find_payer(m.fd, vmm.pid), "unmapped: the VMM is gone");
	want.pinned = want.charged = want.used = 5;
	want.flags = ALIVE | LAST;
	payer_is(second.fd, &want, "unmapped, the second file");
	vmm_end(&vmm);
	want.flags = LAST;
	payer_is(second.fd, &want, "ended");
	fdinfo_is(second.fd, vmm.pid,
		  " pinned=20480 charged=20480 limit=262144 used=20480 ended last", "ended");
	close(second.fd);
	fixture__end(&m, &pol, name);
}

/* ---- a map that fails ---- */

static int map_taken(void)
{
	return fixture__map(&m, m.ioas, mem, 50, 1);
}

static void failed_map(void)
{
	static const step_t steps[] = { as_user, map_taken };
	static const char name[] = "failed map";
	struct vmm vmm;

	if (!mock__start(&m, name, 0))
		return;
	tap__err(fixture__map(&m, m.ioas, mem, 50, 4), 0, "%s: the daemon maps 4 pages", name);
	vmm_start(&vmm, steps);
	tap__err(vmm_step(&vmm, 0), 0, "%s: a child gives up privileges", name);
	tap__err(vmm_step(&vmm, 1), -EEXIST, "%s: it maps where something is", name);
	payers_are(m.fd, 1, name);
	tap__ok(find_payer(m.fd, getpid()) && find_payer(m.fd, getpid())->flags & LAST,
		"%s: the daemon mapped last", name);
	vmm_end(&vmm);
	fixture__end(&m, &pol, name);
}

static void exempt(void)
{
	static const char name[] = "exempt";
	struct rlimit limit;
	struct want want = {
		.pid = getpid(), .pinned = 4, .flags = ALIVE | LAST | EXEMPT, .comm = "payer"
	};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	want.limit = limit.rlim_cur == RLIM_INFINITY ? 0 : limit.rlim_cur / P;
	if (!mock__start(&m, name, 0))
		return;
	tap__err(fixture__map(&m, m.ioas, mem, 50, 4), 0, "%s: map 4 pages", name);
	payer_is(m.fd, &want, name);
	fixture__end(&m, &pol, name);
}

/* ---- privileges that are none here ---- */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static int as_root_of_namespace(void)
{
	int ret = as_user();

	if (ret || unshare(CLONE_NEWUSER))
		return ret ? ret : -errno;
	return write_file("/proc/self/uid_map", "0 1000 1\n") ? 0 : -EACCES;
}

static void user_namespace(void)
{
	static const step_t steps[] = { as_root_of_namespace, map_16 };
	static const char name[] = "user namespace";
	struct want want = {
		.uid = OTHER,
		.limit = LIMIT,
		.pinned = 16,
		.charged = 16,
		.used = 16,
		.flags = ALIVE | LAST,
		.comm = "vmm",
	};
	struct vmm vmm;

	if (!mock__start(&m, name, 0))
		return;
	vmm_start(&vmm, steps);
	want.pid = vmm.pid;
	tap__err(vmm_step(&vmm, 0), 0, "%s: the VMM becomes root there", name);
	tap__err(vmm_step(&vmm, 1), 0, "%s: it maps 16 pages", name);
	payer_is(m.fd, &want, name);
	vmm_end(&vmm);
	fixture__end(&m, &pol, name);
}

/* ---- accounting by process ---- */

static void by_process(void)
{
	static const step_t steps[] = { as_user, map_16, lock_3 };
	static const char name[] = "by process";
	struct want want = {
		.uid = OTHER,
		.limit = LIMIT,
		.pinned = 16,
		.charged = 16,
		.used = 19,
		.flags = ALIVE | LAST | BY_PROCESS,
		.comm = "vmm",
	};
	int fd = iommu__open();
	uint64_t on = 1;
	struct vmm vmm;
	uint32_t ioas;

	tap__err(iommu__option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &on), 0,
		 "%s: set the option", name);
	tap__err(ioas__alloc(fd, &ioas), 0, "%s: allocate an IOAS", name);
	tap__err(mock__device(&m, fd, ioas, 0), 0, "%s: attach a device", name);
	m.ioas = ioas;
	vmm_start(&vmm, steps);
	want.pid = vmm.pid;
	tap__err(vmm_step(&vmm, 0), 0, "%s: the VMM gives up privileges", name);
	tap__err(vmm_step(&vmm, 1), 0, "%s: it maps 16 pages", name);
	tap__err(vmm_step(&vmm, 2), 0, "%s: it locks 3 pages", name);
	payer_is(m.fd, &want, name);
	vmm_end(&vmm);
	fixture__end(&m, &pol, name);
}

/* ---- execve() ---- */

static int do_exec(void)
{
	execl("/bin/sleep", "sleep", "1000", NULL);
	return -errno;
}

static void after_exec(void)
{
	static const step_t steps[] = { as_user, map_16, do_exec };
	static const char name[] = "execve";
	const struct iommufd_payer_info *info;
	struct vmm vmm;
	char step = 2;

	if (!mock__start(&m, name, 0))
		return;
	vmm_start(&vmm, steps);
	tap__err(vmm_step(&vmm, 0), 0, "%s: the VMM gives up privileges", name);
	tap__err(vmm_step(&vmm, 1), 0, "%s: it maps 16 pages", name);
	tap__ok(write(vmm.to, &step, 1) == 1 &&
			tap__until((info = find_payer(m.fd, vmm.pid)) && !(info->flags & ALIVE)),
		"%s: the new program is not the payer", name);
	info = find_payer(m.fd, vmm.pid);
	tap__ok(info && !strcmp(info->comm, "vmm") && info->charged == 16 * P,
		"%s: the pages stay with the old one", name);
	kill(vmm.pid, SIGKILL);
	vmm_end(&vmm);
	fixture__end(&m, &pol, name);
}

/* ---- a new owner ---- */

static int take_over(void)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(m.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

static void change(void)
{
	static const step_t steps[] = { as_user, take_over };
	static const char name[] = "change";
	struct want want = {
		.uid = OTHER,
		.limit = LIMIT,
		.pinned = 8,
		.flags = ALIVE | LAST,
		.comm = "vmm",
	};
	uint64_t iova = AT(0);
	struct vmm vmm;
	int file;

	if (!mock__start(&m, name, 0))
		return;
	file = memfd_create("payer", 0);
	tap__ok(file >= 0 && !ftruncate(file, 8 * P), "%s: a memfd", name);
	tap__err(hooks__map_file(&m, m.ioas, file, 0, 8 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: map it", name);
	vmm_start(&vmm, steps);
	want.pid = vmm.pid;
	tap__err(vmm_step(&vmm, 0), 0, "%s: the new VMM gives up privileges", name);
	tap__err(vmm_step(&vmm, 1), 0, "%s: it takes the memory over", name);
	payers_are(m.fd, 1, name);
	/* It was mapped with CAP_IPC_LOCK, and so it is charged to no limit. */
	payer_is(m.fd, &want, name);
	vmm_end(&vmm);
	close(file);
	fixture__end(&m, &pol, name);
}

/* ---- many ---- */

static int map_one;

static int map_that(void)
{
	return fixture__map(&m, m.ioas, mem, map_one, 1);
}

static void many(void)
{
	static const step_t steps[] = { map_that };
	static const char name[] = "many";
	unsigned int failed = 0, disorder = 0;
	uint64_t pinned = 0, last = 0;
	struct vmm vmm;
	int n;

	if (!mock__start(&m, name, 0))
		return;
	for (map_one = 0; map_one < MANY; map_one++) {
		vmm_start(&vmm, steps);
		failed += vmm_step(&vmm, 0) != 0;
		vmm_end(&vmm);
	}
	tap__is(failed, 0, "%s: %d processes map a page each", name, MANY);
	n = look__payers(&look, ctx_of(m.fd));
	tap__is(n, MANY, "%s: each is listed", name);
	for (int i = 0; i < n && i < LOOK_MAX; i++) {
		disorder += look.payers[i].id <= last;
		last = look.payers[i].id;
		pinned += look.payers[i].pinned;
	}
	tap__is(disorder, 0, "%s: in the order of their numbers", name);
	tap__is(pinned / P, MANY, "%s: with all the pages", name);
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "%s: unmap all", name);
	payers_are(m.fd, 1, "the last one");
	fixture__end(&m, &pol, name);
}

/* ---- threads ---- */

#define THREADS 4
#define PROCESSES 40

static pthread_barrier_t begin;

static void *map_page(void *arg)
{
	unsigned int page = map_one * THREADS + (uintptr_t)arg;

	pthread_barrier_wait(&begin);
	return (void *)(intptr_t)fixture__map(&m, m.ioas, mem, page, 1);
}

static int map_at_once(void)
{
	pthread_t threads[THREADS];
	void *result;
	int ret = 0;

	pthread_barrier_init(&begin, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, map_page, (void *)i))
			return -EAGAIN;
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		ret = ret ? ret : (int)(intptr_t)result;
	}
	return ret;
}

/* The first maps of a process, by several threads at once. */
static void threads(void)
{
	static const step_t steps[] = { map_at_once };
	static const char name[] = "threads";
	unsigned int failed = 0;
	struct vmm vmm;

	if (!mock__start(&m, name, 0))
		return;
	for (map_one = 0; map_one < PROCESSES; map_one++) {
		vmm_start(&vmm, steps);
		failed += vmm_step(&vmm, 0) != 0;
		vmm_end(&vmm);
	}
	tap__is(failed, 0, "%s: %d processes of %d threads map", name, PROCESSES, THREADS);
	payers_are(m.fd, PROCESSES, name);
	fixture__end(&m, &pol, name);
}

/* ---- other users ---- */

/* Whether the line of the parent has figures about all of its user. */
static int look_at_parent(void)
{
	char line[256];

	if (!fdinfo_line(m.fd, getppid(), line, sizeof(line)))
		return -ENOENT;
	return strstr(line, " limit=") || strstr(line, " used=") ? -EPERM : 0;
}

static int read_in_namespace(void)
{
	return unshare(CLONE_NEWUSER) ? -errno : look_at_parent();
}

static void others(void)
{
	static const step_t steps[] = { as_user, look_at_parent, read_in_namespace };
	static const char name[] = "another user";
	struct vmm vmm;

	if (!mock__start(&m, name, 0))
		return;
	tap__err(fixture__map(&m, m.ioas, mem, 0, 4), 0, "%s: root maps 4 pages", name);
	vmm_start(&vmm, steps);
	tap__err(vmm_step(&vmm, 0), 0, "%s: a process gives up privileges", name);
	tap__err(vmm_step(&vmm, 1), -EPERM, "%s: it sees the limit in the initial namespaces",
		 name);
	tap__err(vmm_step(&vmm, 2), 0, "%s: it does not in another user namespace", name);
	vmm_end(&vmm);
	fixture__end(&m, &pol, name);
}

/* ---- policies on page requests ---- */

static int map_4(void)
{
	return fixture__map(&m, m.ioas, mem, 50, 4);
}

static int join_cgroup(void)
{
	int ret = fixture__join_cgroup("payer") ? 0 : -EIO;

	return ret ? ret : as_user();
}

static void ask_fault(const struct hooks_tables *t, unsigned int asked, pid_t pid, uid_t uid,
		      const char *name)
{
	struct iommu_hwpt_pgfault got[4];
	struct hooks_slot slot;

	hooks__say(&pol, IOMMUFD_HOOK_FAULT, 0);
	tap__err(mock__request(&m, 7, 5, AT(40), 1), 0, "%s: make a page request", name);
	tap__is(fault__read(t->fault_fd, got, 4), 1, "%s: it is in the queue", name);
	tap__err(fault__answer(t->fault_fd, got[0].cookie, 1), 0, "%s: respond", name);
	tap__is(hooks__asked(&pol, IOMMUFD_HOOK_FAULT), asked, "%s: the policy was asked", name);
	if (!asked || !tap__err(hooks__get(&pol, IOMMUFD_HOOK_FAULT, &slot), 0, "%s: get it", name))
		return;
	tap__is(slot.last.tgid, pid, "%s: for this process", name);
	tap__is(slot.last.uid, uid, "%s: of this user", name);
	tap__is(slot.last.process_pinned / P, look__process(&look, pid) / P, "%s: with its pages",
		name);
}

static void faults(void)
{
	static const step_t steps[] = { join_cgroup, map_4 };
	static const char name[] = "page request";
	char settings[64];
	struct hooks_tables t;
	struct vmm vmm;

	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) ||
	    !hooks__tables(&t, &m, mem + 300 * P, name))
		return;
	tap__ok(!mkdir(CGROUP "/payer", 0755), "%s: a cgroup", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 7, t.hwpt), 0, "%s: attach", name);
	snprintf(settings, sizeof(settings), "@cgroup=%llu",
		 (unsigned long long)fixture__cgroup_id("payer"));
	tap__err(hooks__load(&pol, HOOK(FAULT), settings), 0, "%s: load for the cgroup", name);
	ask_fault(&t, 0, 0, 0, "page request of the daemon");
	m.ioas = t.ioas;
	vmm_start(&vmm, steps);
	tap__err(vmm_step(&vmm, 0), 0, "%s: the VMM enters the cgroup", name);
	tap__err(vmm_step(&vmm, 1), 0, "%s: it maps 4 pages", name);
	ask_fault(&t, 1, vmm.pid, OTHER, "page request of the VMM");
	vmm_end(&vmm);
	close(t.fault_fd);
	fixture__end(&m, &pol, name);
	rmdir(CGROUP "/payer");
}

int main(void)
{
	tap__start();
	mem = mem__small(512 * P);
	if (!mem || look__open(&look))
		return tap__bail("no memory, or no BPF");
	prctl(PR_SET_NAME, "payer");
	handed_over();
	failed_map();
	exempt();
	user_namespace();
	by_process();
	after_exec();
	change();
	many();
	threads();
	others();
	faults();
	look__close(&look);
	return tap__done();
}
