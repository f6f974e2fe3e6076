// SPDX-License-Identifier: GPL-2.0-only
/*
 * Let each allocation of each call fail once: all ioctls, binding and attaching, PASIDs, accesses,
 * VFIO's ioctls, opening and closing, fdinfo, policies and iterators.
 *
 * A call is repeated with its first, second, ... allocation or copy of user memory failing, until
 * none fails any more. Each failed call must say ENOMEM, EFAULT if a copy failed, or an error that
 * is documented, and leave all as it was. Then the same with a policy that has all hooks.
 *
 * Finds these faults: a crash or a leak after a failed allocation; a call that fails has done a
 * part of its work, or keeps pages pinned, a charge, an object, a file; a call that must not fail
 * fails.
 *
 * Needs fault injection, which the debug kernel has.
 *
 * vm: --mock
 * takes: 120
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/info.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/tap.h"
#include "fail-nth/fail-nth.h"
#include "fail-nth/inject.h"

#define MOST_FAULTS 3000
#define MOST_WORDS 3
#define STATE 16384
#define LIMIT (64ul << 20)

struct memory memory;

static unsigned int all_faults, all_absorbed;

/* ---- worlds ---- */

static int world_open(struct world *w, const struct step *step)
{
	uint64_t mode = !!(step->flags & CHARGES_PROCESS);
	int ret;

	memset(w, 0, sizeof(*w));
	for (int i = 0; i < FDS; i++)
		w->fd[i] = -1;
	w->m.fd = iommu__open();
	if (w->m.fd < 0)
		return w->m.fd;
	ret = iommu__option(w->m.fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &mode);
	ret = ret ?: ioas__alloc(w->m.fd, &w->m.ioas);
	ret = ret ?: mock__add(&w->m, &w->m, w->m.ioas, MOCK_FLAGS_DEVICE_PASID);
	if (ret)
		return ret;
	ret = ioas__map_at(w->m.fd, w->m.ioas, memory.mapped, SIZE, BASE);
	return ret || !step->setup ? ret : step->setup(w);
}

static void world_close(struct world *w, const char *name)
{
	for (int i = 0; i < FDS; i++)
		if (w->fd[i] >= 0)
			close(w->fd[i]);
	close(w->m.fd);
	fixture__join_cgroup("");
	if (mem__pinned(0) || mem__status(0, "VmPin") || mem__status(0, "VmLck") || !mock__gone())
		tap__ok(false, "%s: nothing is left behind", name);
}

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static unsigned int count_devices(void)
{
	glob_t found;
	unsigned int n = 0;

	if (!glob("/sys/bus/platform/devices/iommufd-mock.*", GLOB_NOSORT, NULL, &found)) {
		n = found.gl_pathc;
		globfree(&found);
	}
	return n;
}

/* Append the state of an object that may be a page table or a PASID. */
static void object_state(const struct world *w, uint32_t id, FILE *to)
{
	struct iommufd_mock_table_counts counts = {};
	struct iommu_ext_pasid_query query = {};
	struct iommu_ext_pt_info info = {};
	int ret[3] = {
		mock__table_counts(&w->m, id, &counts),
		pasid__query(w->m.fd, id, &query),
		info__pt(w->m.fd, id, &info, NULL),
	};

	if (ret[0] && ret[1] && ret[2])
		return;
	fprintf(to, "object: mapped=%d,%llu pasid=%d,%u,%d,%d pt=%d", ret[0],
		(unsigned long long)counts.mapped, ret[1], query.out_state, query.out_pt_id,
		query.out_hwpt_id, ret[2]);
	if (!ret[2])
		fprintf(to, ",%x,%u", info.out_flags, info.num_ranges);
	fputc('\n', to);
}

/* Lines of fdinfo with times, or with counts that only grow. */
static bool is_history(const char *line)
{
	static const char *const keys[] = { "iommufd-calls:", "iommufd-memory:", "iommufd-refused:",
					    "iommufd-timed:", "iommufd-since-open:" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strncmp(line, keys[i], strlen(keys[i])))
			return true;
	return false;
}

/* Describe all that a call could have changed, and that one which fails has to leave as it was. */
static void world_state(const struct world *w, char *state)
{
	FILE *to = fmemopen(state, STATE, "w");
	char path[64], line[256];
	FILE *from;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", w->m.fd);
	from = fopen(path, "r");
	while (from && fgets(line, sizeof(line), from))
		if (!is_history(line))
			fputs(line, to);
	if (from)
		fclose(from);
	object_state(w, w->m.hwpt, to);
	for (int i = 0; i < IDS; i++)
		if (w->id[i])
			object_state(w, w->id[i], to);
	fprintf(to, "dma: %s\n", tap__errname(mock__dma(&w->m, 0, BASE, line, 8, false)));
	fprintf(to, "VmPin: %ld\nVmLck: %ld\n", mem__status(0, "VmPin"), mem__status(0, "VmLck"));
	fprintf(to, "files: %u\ndevices: %u\n", count_fds(), count_devices());
	if (w->policies)
		fprintf(to, "policies: %d\n", policy__count());
	fclose(to);
}

/* Replace numbers that differ between two objects of the same kind. */
static void mask(char *state, bool ids)
{
	char *name = state;

	while ((name = strstr(name, "iommufd-mock.")))
		for (name += strlen("iommufd-mock."); *name >= '0' && *name <= '9'; name++)
			*name = '#';
	for (char *at = state; ids && *at; at++)
		if (*at >= '0' && *at <= '9')
			*at = '#';
}

/* Compare the state with that before; print what differs, unless @name is NULL. */
static bool same_state(const struct world *w, const char *before, bool ids, const char *name,
		       unsigned int nth, const char *when)
{
	char was[STATE], is[STATE], *a, *b, *end_a, *end_b;

	strcpy(was, before);
	world_state(w, is);
	mask(was, ids);
	mask(is, ids);
	if (!strcmp(was, is))
		return true;
	if (!name)
		return false;
	tap__diag("%s: fault %u, %s, the state differs:", name, nth, when);
	a = strtok_r(was, "\n", &end_a);
	b = strtok_r(is, "\n", &end_b);
	while (a || b) {
		if (!a || !b || strcmp(a, b))
			tap__diag("  %s, before: %s", b ? b : "nothing", a ? a : "nothing");
		a = a ? strtok_r(NULL, "\n", &end_a) : NULL;
		b = b ? strtok_r(NULL, "\n", &end_b) : NULL;
	}
	return false;
}

/* ---- sweeps ---- */

struct sweep {
	const char *name;
	int (*call)(struct world *w);
	int (*undo)(struct world *w);
	unsigned int flags;
};

static bool may_fail(const struct sweep *s, int ret)
{
	return ret == -EFAULT || (ret == -ENOMEM && !(s->flags & FREES)) ||
	       (ret == -EINVAL && s->flags & NAMES_DEVICE);
}

static bool may_have_done(const struct sweep *s, int ret)
{
	return (ret == -EFAULT && s->flags & ANSWERS_LATE) || (ret == -ENOMEM && s->flags & LOSES);
}

static int undo(struct world *w, const struct sweep *s)
{
	return s->undo ? s->undo(w) : 0;
}

/* Make the call with one fault. Returns 1 to go on, 0 if there was no fault, -1 after a finding. */
static int try_nth(struct world *w, const struct sweep *s, const char *before, unsigned int nth)
{
	bool ids = s->flags & OTHER_IDS, hit;
	const char *when = "failed";
	int ret, err;

	inject__arm(nth);
	ret = s->call(w);
	hit = inject__disarm();
	if (ret && (!hit || !may_fail(s, ret))) {
		tap__diag("%s: fault %u: %s%s", s->name, nth, tap__errname(ret),
			  hit ? "" : " without a fault");
		same_state(w, before, ids, s->name, nth, when);
		return -1;
	}
	if (!ret || (may_have_done(s, ret) && !same_state(w, before, ids, NULL, nth, when))) {
		all_absorbed += hit;
		when = "undone";
		err = undo(w, s);
		if (err) {
			tap__diag("%s: fault %u: undoing it: %s", s->name, nth, tap__errname(err));
			return -1;
		}
	}
	if (!same_state(w, before, ids, s->name, nth, when))
		return -1;
	return hit;
}

static void sweep(struct world *w, const struct sweep *s)
{
	unsigned int nth, found = 0;
	char before[STATE];
	int ret;

	/* Not the first time that it is called, so that no page of the program is touched first. */
	ret = s->call(w) ?: undo(w, s);
	if (ret) {
		tap__err(ret, 0, "%s: without a fault", s->name);
		return;
	}
	world_state(w, before);
	for (nth = 1, ret = 1; ret && nth < MOST_FAULTS && found < MOST_WORDS; nth++) {
		ret = try_nth(w, s, before, nth);
		if (ret < 0) {
			found++;
			world_state(w, before);
		}
	}
	all_faults += nth - 2;
	tap__ok(!found && !ret, "%s", s->name);
	tap__diag("%u faults", nth - 2);
}

/* Sweep over the call, and over the call that undoes it. */
static void run(const struct step *step, const char *with)
{
	char name[2][96];
	struct sweep s = { name[0], step->call, step->undo, step->flags };
	struct world w;
	int ret;

	snprintf(name[0], sizeof(name[0]), "%s%s", step->name, with);
	snprintf(name[1], sizeof(name[1]), "%s%s, undone", step->name, with);
	ret = world_open(&w, step);
	if (ret)
		tap__err(ret, 0, "%s: prepared", name[0]);
	else
		sweep(&w, &s);
	if (!ret && step->undo && !(step->flags & UNDO_ONCE)) {
		unsigned int frees = step->flags & UNDO_ALLOCATES ? 0 : FREES;

		s = (struct sweep){ name[1], step->undo, step->call,
				    (step->flags & ~FREES) | frees };
		ret = step->call(&w);
		if (ret)
			tap__err(ret, 0, "%s: prepared", name[1]);
		else
			sweep(&w, &s);
	}
	world_close(&w, name[0]);
}

int undo_object(struct world *w)
{
	return iommu__destroy(w->m.fd, w->id[0]);
}

int undo_fd(struct world *w)
{
	int ret = close(w->fd[0]) ? -errno : 0;

	w->fd[0] = -1;
	return ret;
}

static int memory_start(void)
{
	int fd = iommu__open();

	memory.mapped = mem__small(SIZE);
	memory.small = mem__scattered(SIZE);
	memory.huge = mem__huge(MEM_HUGE);
	memory.file = memfd_create("fail-nth", MFD_CLOEXEC);
	if (fd < 0 || !memory.mapped || !memory.small || !memory.huge || memory.file < 0 ||
	    ftruncate(memory.file, SIZE))
		return -ENOMEM;
	memory.dmabuf = hooks__dmabuf(fd, SIZE);
	close(fd);
	return memory.dmabuf < 0 ? memory.dmabuf : 0;
}

/* Without this capability pinned memory is charged and limited. */
static int drop_ipc_lock(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps))
		return -errno;
	caps[0].effective &= ~(1u << CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, caps) ? -errno : 0;
}

static void set_limit(unsigned long bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = bytes;
	if (limit.rlim_max < bytes)
		limit.rlim_max = bytes;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* A map up to the limit succeeds only if nothing is charged any more. */
static void nothing_charged(void)
{
	struct mock m;

	set_limit(SIZE);
	if (!mock__start(&m, "charges", 0))
		return;
	tap__err(ioas__map_at(m.fd, m.ioas, memory.mapped, SIZE, BASE), 0, "nothing is charged");
	tap__err(ioas__map_at(m.fd, m.ioas, memory.small, P, FREE), -ENOMEM, "which shows");
	close(m.fd);
}

/* Whether a step is one of those on the command line. */
static bool is_wanted(const struct step *step, char **only)
{
	for (char **word = only; *word; word++)
		if (strstr(step->name, *word))
			return true;
	return !*only;
}

static void run_steps(const struct step *step, char **only, const char *with)
{
	for (; step->name; step++)
		if (is_wanted(step, only))
			run(step, with);
}

static void run_all(char **only, const char *with)
{
	run_steps(space_steps, only, with);
	run_steps(table_steps, only, with);
	run_steps(device_steps, only, with);
	run_steps(virtual_steps, only, with);
	run_steps(pasid_steps, only, with);
	run_steps(file_steps, only, with);
	run_steps(policy_steps, only, with);
}

int main(int argc, char **argv)
{
	int ret = inject__start();
	struct policy policy;
	char **only = argv + 1;

	(void)argc;

	if (ret == -ENOENT)
		return tap__skip_all("this kernel has no fault injection: make test-debug runs it");
	tap__start();
	if (!tap__err(ret ?: memory_start() ?: drop_ipc_lock(), 0, "fault injection and memory"))
		return tap__done();
	set_limit(LIMIT);
	/* The iterator's programs, which stay loaded. */
	tap__is(policy__count(), 0, "no policy is loaded");
	run_all(only, "");
	if (tap__err(hooks__load(&policy, HOOKS_ALL, ""), 0, "load a policy with all hooks")) {
		run_all(only, ", with a policy");
		policy__unload(&policy);
	}
	/* They limit the buffers until the module is loaded again. */
	run_steps(buffer_steps, only, "");
	nothing_charged();
	tap__diag("%u faults, %u of them with success", all_faults, all_absorbed);
	close(memory.dmabuf);
	close(memory.file);
	rmdir(CGROUP "/fail-nth");
	tap__ok(mock__gone(), "no device is left");
	tap__is(policy__count(), 0, "no policy is left");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
