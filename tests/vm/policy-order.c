// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several policies, whom they are for, which ones cannot be loaded, and what no policy can keep
 * from happening.
 *
 * Faults these are for: a policy of lower priority decides first, or is asked after a refusal; a
 * replace changes the place or loses the old one; a cgroup's policy reaches others, or not those
 * below it, or for page requests not who opened the file; a policy that cannot work is loaded, or
 * refused without a word why; a program can change what it is asked; a detach, the end of a
 * process, of a device or of a module needs leave, or waits for a policy that is asked about
 * something else.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/klog.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "policy/hooks.h"

#define P MEM_PAGE
#define AT(n) (MOCK_BASE + (n) * P)
#define CGROUP "/sys/fs/cgroup"
#define MAP IOMMUFD_HOOK_IOAS_MAP

static struct policy pol, many[4];
static struct mock m;
static char *mem;

static int map(unsigned int page)
{
	return ioas__map_at(m.fd, m.ioas, mem + page * P, P, AT(page));
}

static void end(const char *name)
{
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
	tap__is(policy__count(), 0, "%s: no policy is in force after", name);
}

/* ---- order ---- */

/* The names of those in force, in the order of the iterator. */
static bool order_is(const char *want, const char *name)
{
	struct iommufd_policy_info infos[POLICY_INFOS];
	int n = policy__infos(infos);
	char got[256] = "";

	for (int i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "",
			 infos[i].name);
	return tap__ok(!strcmp(got, want), "%s: the order is '%s' (%s)", name, want, got);
}

static uint64_t asked_at(struct policy *p)
{
	struct hooks_slot slot = {};

	hooks__get(p, MAP, &slot);
	return slot.asked == 1 ? slot.time : 0;
}

static void say_all(int a, int b, int c, int d)
{
	hooks__say(&many[0], MAP, a);
	hooks__say(&many[1], MAP, b);
	hooks__say(&many[2], MAP, c);
	hooks__say(&many[3], MAP, d);
}

static void asked_are(int a, int b, int c, int d, const char *name)
{
	int got[4];

	for (int i = 0; i < 4; i++)
		got[i] = hooks__asked(&many[i], MAP);
	tap__ok(got[0] == a && got[1] == b && got[2] == c && got[3] == d,
		"%s: asked were %d %d %d %d", name, got[0], got[1], got[2], got[3]);
}

static void order(void)
{
	static const char *const settings[] = {
		"@name=a",
		"@name=b @priority=10",
		"@name=c @priority=-5",
		"@name=d",
	};
	static const char name[] = "order";
	int ret = 0;

	if (!mock__start(&m, name, 0))
		return;
	for (int i = 0; i < 4 && !ret; i++)
		ret = hooks__load(&many[i], HOOK(IOAS_MAP), settings[i]);
	if (!tap__err(ret, 0, "%s: four policies", name))
		return;
	order_is("b a d c", name);
	say_all(0, 0, 0, 0);
	tap__err(map(0), 0, "%s: all agree", name);
	tap__ok(asked_at(&many[1]) && asked_at(&many[1]) < asked_at(&many[0]) &&
			asked_at(&many[0]) < asked_at(&many[3]) &&
			asked_at(&many[3]) < asked_at(&many[2]),
		"%s: asked one after the other", name);
	say_all(-EBUSY, -EACCES, -EBUSY, -EBUSY);
	tap__err(map(1), -EACCES, "%s: the first refuses", name);
	asked_are(0, 1, 0, 0, name);
	say_all(-EBUSY, 0, -EDOM, -EDOM);
	tap__err(map(1), -EBUSY, "%s: the second does", name);
	asked_are(1, 1, 0, 0, name);
	say_all(0, 0, -EDOM, -ERANGE);
	tap__err(map(1), -ERANGE, "%s: the third does", name);
	asked_are(1, 1, 0, 1, name);
	say_all(0, 0, -EDOM, 0);
	tap__err(map(1), -EDOM, "%s: the last does", name);
	asked_are(1, 1, 1, 1, name);

	/* One for audit is no refusal, and the next is asked. */
	policy__unload(&many[1]);
	order_is("a d c", name);
	tap__err(hooks__load(&many[1], HOOK(IOAS_MAP), "@name=b @priority=10 @flags=1"), 0,
		 "%s: b again, for audit", name);
	say_all(-EBUSY, -EACCES, 0, 0);
	tap__err(map(1), -EBUSY, "%s: it refuses, the second counts", name);
	asked_are(1, 1, 0, 0, name);
	for (int i = 0; i < 4; i++)
		policy__unload(&many[i]);
	tap__err(map(1), 0, "%s: without policies", name);
	end(name);
}

/* ---- cgroups ---- */

static bool join(const char *cgroup)
{
	char path[128];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), CGROUP "/%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "0", 1) == 1;
	close(fd);
	return ok;
}

static uint64_t cgroup_id(const char *cgroup)
{
	struct stat st = {};
	char path[128];

	snprintf(path, sizeof(path), CGROUP "/%s", cgroup);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* What a map by a child in a cgroup says; its own cgroup is in the request then. */
static int map_in(const char *cgroup)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(join(cgroup) ? -map(8) : 255);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

static void scope_maps(void)
{
	static const char name[] = "cgroup";
	struct hooks_slot slot = {};

	hooks__say(&pol, MAP, -EDOM);
	tap__err(map_in("hooks"), -EDOM, "%s: in it", name);
	tap__err(map_in("hooks/below"), -EDOM, "%s: below it", name);
	hooks__get(&pol, MAP, &slot);
	tap__is(slot.last.cgroup, cgroup_id("hooks/below"), "%s: the request has the one below",
		name);
	tap__is(slot.asked, 2, "%s: asked twice", name);
	tap__err(map_in("other"), 0, "%s: in another", name);
	ioas__unmap_at(m.fd, m.ioas, AT(8), P);
	tap__err(map_in("hooks2"), 0, "%s: in one of a name that begins like it", name);
	ioas__unmap_at(m.fd, m.ioas, AT(8), P);
	tap__err(map(9), 0, "%s: in none", name);
	tap__is(hooks__asked(&pol, MAP), 2, "%s: of these it was not asked", name);
	tap__ok(join("hooks/below"), "%s: we move below it", name);
	tap__err(map(10), -EDOM, "%s: and are refused", name);
	tap__ok(join(""), "%s: we leave", name);
	tap__err(map(10), 0, "%s: and are not", name);
}

/* Page requests are a matter of who opened the file, wherever he is now. */
static void scope_fault(const char *cgroup, int want, const char *name)
{
	struct iommu_hwpt_pgfault got[2];
	struct hooks_tables t;

	hooks__say(&pol, MAP, 0);
	tap__ok(join(cgroup), "%s: join", name);
	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) || !hooks__tables(&t, &m, mem, name))
		return;
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 3, t.hwpt), 0, "%s: a PASID", name);
	tap__ok(join(want ? "" : "hooks"), "%s: move", name);
	hooks__say(&pol, IOMMUFD_HOOK_FAULT, -EDOM);
	tap__err(mock__request(&m, 3, 1, AT(5), 1), 0, "%s: a page request", name);
	tap__is(fault__read(t.fault_fd, got, 2), want ? 0 : 1, "%s: %s", name,
		want ? "refused" : "not refused");
	tap__is(hooks__asked(&pol, IOMMUFD_HOOK_FAULT), want ? 1 : 0, "%s: asked or not", name);
	close(t.fault_fd);
	close(m.fd);
	join("");
}

/*
 * The cgroup of who opened the file is gone, and the file is closed with page requests under way:
 * the policy looks at the cgroup nevertheless. KASAN sees it if that is freed.
 */
static void scope_gone(void)
{
	static const char name[] = "cgroup gone";
	struct hooks_tables t;
	int ret = 0;

	hooks__say(&pol, MAP, 0);
	hooks__say(&pol, IOMMUFD_HOOK_FAULT, 0);
	for (int round = 0; round < 6 && !ret; round++) {
		ret = mkdir(CGROUP "/hooks/gone", 0755) || !join("hooks/gone") ||
		      mock__open(&m, MOCK_FLAGS_DEVICE_PASID) || !join("") ||
		      rmdir(CGROUP "/hooks/gone") || !hooks__tables(&t, &m, mem, name) ||
		      mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 3, t.hwpt);
		for (uint32_t i = 0; i < 20 && !ret; i++)
			ret = mock__request(&m, 3, i + 1, AT(5), 1);
		close(t.fault_fd);
		close(m.fd);
	}
	tap__err(ret, 0, "%s: page requests until the end of the file", name);
	tap__ok(hooks__asked(&pol, IOMMUFD_HOOK_FAULT) > 0, "%s: the policy was asked", name);
}

static void scope(void)
{
	static const char *const groups[] = { "hooks", "hooks/below", "other", "hooks2" };
	static const char name[] = "cgroup";
	struct iommufd_policy_info info = {};
	char settings[64], path[64];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), CGROUP "/%s", groups[i]);
		if (mkdir(path, 0755)) {
			tap__skip("cgroup2 is not mounted", "%s", name);
			return;
		}
	}
	snprintf(settings, sizeof(settings), "@cgroup=%llu",
		 (unsigned long long)cgroup_id("hooks"));
	if (!mock__start(&m, name, 0) ||
	    !tap__err(hooks__load(&pol, HOOK(IOAS_MAP) | HOOK(FAULT), settings), 0, "%s: loaded",
		      name))
		return;
	policy__info("hooks", &info);
	tap__is(info.cgroup, cgroup_id("hooks"), "%s: it is for one", name);
	scope_maps();
	close(m.fd);
	scope_fault("hooks/below", -EDOM, "cgroup, opened in it");
	scope_fault("", 0, "cgroup, opened elsewhere");
	scope_gone();
	policy__unload(&pol);
	for (int i = 3; i >= 0; i--) {
		snprintf(path, sizeof(path), CGROUP "/%s", groups[i]);
		tap__ok(!rmdir(path), "%s: %s can go", name, groups[i]);
	}
	end(name);
}

/* ---- what cannot be loaded ---- */

static void no_load(unsigned int mask, const char *settings, int want, const char *why,
		    const char *name)
{
	int log = klog__open(), ret = hooks__load(&pol, mask, settings);
	char line[512];

	tap__err(ret, want, "load: %s", name);
	tap__is(klog__find(log, why, line, sizeof(line)), 1, "load: '%s' in the log", why);
	tap__ok(!strncmp(line, "iommufd: policy", 15), "load: it is ours");
	tap__diag("%s", line);
	close(log);
	if (!ret)
		policy__unload(&pol);
}

static void no_sleep(void)
{
	int log = klog__open(), ret = hooks__open(&pol, HOOK(FAULT) | HOOK(IOAS_MAP), "");
	struct bpf_program *prog;
	char line[512];

	if (!tap__err(ret, 0, "load: opened"))
		return;
	prog = bpf_object__find_program_by_name(pol.obj, "hooks_fault");
	bpf_program__set_flags(prog, bpf_program__flags(prog) | BPF_F_SLEEPABLE);
	tap__err(policy__attach(&pol), -EINVAL, "load: a program for fault that may sleep");
	tap__ok(klog__find(log, "hook fault must not sleep", line, sizeof(line)) > 0,
		"load: is told in the log");
	tap__ok(!strncmp(line, "iommufd: policy", 15), "load: it is ours");
	close(log);
}

static void no_write(void)
{
	static char log[1 << 16];
	struct bpf_program *prog;

	if (!tap__err(policy__open(&pol, "build/tests/hooks-write.bpf.o", ""), 0,
		      "load: one that writes to its request"))
		return;
	prog = bpf_object__find_program_by_name(pol.obj, "write_map");
	bpf_program__set_log_buf(prog, log, sizeof(log));
	tap__err(policy__attach(&pol), -EACCES, "load: is refused");
	tap__ok(strstr(log, "a policy cannot write the request"),
		"load: the verifier's log says why");
}

static void loading(void)
{
	/* clang-format off */
	static const char *const bad_names[] = {
		"@name=", "@name=.x", "@name=a/b", "@name=a%", "@name=\xc3\xa4",
		"@name=0123456789012345678901234567890x",
	};
	/* clang-format on */
	static const char *const good_names[] = {
		"@name=0123456789012345678901234567890",
		"@name=a",
		"@name=-_.A-Z.09",
	};

	tap__diag("load");
	for (unsigned int i = 0; i < 6; i++)
		no_load(HOOKS_ALL, bad_names[i], -EINVAL, "invalid name", bad_names[i]);
	for (unsigned int i = 0; i < 3; i++) {
		tap__err(hooks__load(&pol, HOOKS_ALL, good_names[i]), 0, "load: %s", good_names[i]);
		policy__unload(&pol);
	}
	no_load(HOOKS_ALL, "@version=2", -EINVAL, "interface version 2", "another version");
	no_load(HOOKS_ALL, "@version=0", -EINVAL, "interface version 0", "no version");
	no_load(HOOKS_ALL, "@flags=2", -EINVAL, "unknown flags 0x2", "a flag");
	no_load(HOOKS_ALL, "@flags=0x80000001", -EINVAL, "unknown flags 0x80000000", "another");
	no_load(0, "", -EINVAL, "it has no hook", "no hook at all");
	tap__err(hooks__load(&many[0], HOOK(IOAS_MAP), "@name=taken"), 0, "load: one");
	no_load(HOOK(FAULT), "@name=taken", -EEXIST, "a policy of this name is loaded", "another");
	tap__is(policy__count(), 1, "load: one is in force");
	policy__unload(&many[0]);
	tap__err(hooks__load(&pol, HOOK(FAULT), "@name=taken"), 0, "load: the name is free");
	policy__unload(&pol);
	no_sleep();
	no_write();
	tap__is(policy__count(), 0, "load: none is in force after");
}

/* ---- replacing ---- */

static int replace(struct policy *p, struct policy *by, const char *settings)
{
	int ret = hooks__open(by, HOOK(IOAS_MAP), settings);

	if (!ret)
		ret = bpf_object__load(by->obj);
	return ret ? ret : bpf_link__update_map(p->link, by->ops);
}

static void replacing(void)
{
	static const char name[] = "replace";
	struct iommufd_policy_info before = {}, after = {};
	struct policy by = {}, other = {};
	char line[512];
	int log;

	if (!mock__start(&m, name, 0) ||
	    !tap__err(hooks__load(&pol, HOOKS_ALL, "@name=x @priority=3"), 0, "%s: loaded", name) ||
	    !tap__err(hooks__load(&other, HOOK(IOAS_MAP), "@name=y"), 0, "%s: another", name))
		return;
	policy__info("x", &before);
	log = klog__open();
	tap__err(replace(&pol, &by, "@name=y"), -EEXIST, "%s: by one with the other's name", name);
	tap__is(klog__find(log, "iommufd: policy 'y' cannot replace 'x'", line, sizeof(line)), 1,
		"%s: the log says why", name);
	close(log);
	bpf_object__close(by.obj);
	order_is("x y", name);
	hooks__say(&pol, MAP, -EDOM);
	tap__err(map(0), -EDOM, "%s: the old one decides", name);
	tap__err(replace(&pol, &by, "@name=z @priority=-3"), 0, "%s: by a new one", name);
	hooks__say(&by, MAP, -ERANGE);
	tap__err(map(0), -ERANGE, "%s: the new one decides", name);
	order_is("y z", name);
	policy__info("z", &after);
	tap__ok(after.id > before.id && after.link_id == before.link_id && before.link_id,
		"%s: it has a new number, and the link of the old one", name);
	tap__is(before.hooks, HOOKS_ALL, "%s: the old one had all hooks", name);
	tap__is(after.hooks, HOOK(IOAS_MAP), "%s: the new one has one", name);
	bpf_object__close(by.obj);
	tap__err(map(0), -ERANGE, "%s: the link keeps it", name);
	policy__unload(&pol);
	tap__err(map(0), 0, "%s: with the link it goes", name);
	policy__unload(&other);
	end(name);
}

/* ---- what cannot be refused ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* A process with a device and some memory, which waits to be killed. */
static pid_t victim(void)
{
	int said[2];
	struct mock own;
	char c = 0;
	pid_t pid;

	if (pipe2(said, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		if (!mock__open(&own, 0) &&
		    !ioas__map_at(own.fd, own.ioas, mem, 8 * P, MOCK_BASE) &&
		    write(said[1], "y", 1) == 1)
			pause();
		_exit(1);
	}
	close(said[1]);
	if (read(said[0], &c, 1) != 1)
		c = 0;
	close(said[0]);
	return c == 'y' ? pid : -1;
}

static void kill_victim(pid_t pid, unsigned int pinned, const char *name)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap__is(mem__pinned(pinned), pinned, "%s: a process is killed, its memory is free", name);
}

static int remove_module(const char *module)
{
	for (int i = 0; i < 50; i++) {
		if (!syscall(SYS_delete_module, module, O_NONBLOCK))
			return 0;
		if (errno != EAGAIN)
			return -errno;
		usleep(100000);
	}
	return -EAGAIN;
}

static int insert_module(const char *module)
{
	const char *dir = getenv("IOMMUSCOPE_MODULES");
	char path[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s.ko", dir ? dir : "build", module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static void never_refused(void)
{
	static const char name[] = "never";
	struct hooks_tables t;
	struct mock second;
	uint32_t id, nr;
	pid_t pid = victim();

	if (!tap__ok(pid > 0, "%s: a process", name) ||
	    !mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) || !hooks__tables(&t, &m, mem, name))
		return;
	tap__err(mock__add(&second, &m, m.ioas, 0), 0, "%s: a second device", name);
	tap__err(pasid__new(m.fd, m.dev, &id, &nr), 0, "%s: a PASID", name);
	tap__err(pasid__attach(m.fd, id, t.hwpt, NULL), 0, "%s: attached", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 5, t.hwpt), 0, "%s: another", name);
	tap__err(hooks__load(&pol, HOOKS_ALL, ""), 0, "%s: loaded", name);
	for (int i = 0; i < IOMMUFD_HOOKS; i++)
		hooks__say(&pol, i, -EPERM);

	tap__err(pasid__detach(m.fd, id), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, id), 0, "%s: destroy the PASID", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, 5, 0), 0, "%s: by a driver", name);
	tap__err(iommu__destroy(m.fd, second.obj), 0, "%s: unbind", name);
	tap__err(iommu__destroy(m.fd, t.hwpt), 0, "%s: destroy a page table", name);
	kill_victim(pid, 2, name);
	tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: unbind the last device", name);
	tap__err(iommu__destroy(m.fd, t.whole), 0, "%s: destroy its page table", name);
	tap__err(iommu__destroy(m.fd, t.ioas), 0, "%s: destroy an IOAS that is mapped to", name);
	close(t.fault_fd);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", name);
	for (int i = 0; i < IOMMUFD_HOOKS; i++)
		if (hooks__asked(&pol, i))
			tap__ok(false, "%s: %s was asked", name, hooks_names[i]);
	tap__err(remove_module("iommufd_mock"), 0, "%s: rmmod of a driver", name);
	tap__err(insert_module("iommufd_mock"), 0, "%s: insmod", name);
	tap__err(remove_module("iommufd_mock"), 0, "%s: rmmod again", name);
	tap__err(insert_module("iommufd_mock"), 0, "%s: insmod again", name);
	policy__unload(&pol);
	tap__err(mock__open(&m, 0), 0, "%s: without a policy", name);
	end(name);
}

static void *map_slowly(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)map(0);
}

/* A policy takes its time, about a map: what ends does not wait for it, wherever it is. */
static void never_delayed(void)
{
	static const char name[] = "delay";
	struct hooks_tables t;
	pthread_t thread;
	struct mock other, far;
	double begin, took;
	void *ret;
	pid_t pid = victim();

	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) || !hooks__tables(&t, &m, mem, name))
		return;
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 5, t.hwpt), 0, "%s: a PASID", name);
	tap__err(mock__add(&other, &m, t.ioas, 0), 0, "%s: a second device", name);
	tap__err(mock__open(&far, 0), 0, "%s: another file", name);
	tap__err(hooks__load(&pol, HOOK(IOAS_MAP), "spin_ms=2500"), 0, "%s: loaded", name);
	begin = now();
	pthread_create(&thread, NULL, map_slowly, NULL);
	while (hooks__asked(&pol, MAP) == 0 && now() - begin < 0.3)
		usleep(1000);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, 5, 0), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, other.obj), 0, "%s: unbind", name);
	/* It takes the page table away that the map is going to be in. */
	tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: the last device of the same address space",
		 name);
	close(far.fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	took = now() - begin;
	tap__is(hooks__asked(&pol, MAP), 0, "%s: all that (%.1f s) while the policy thinks", name,
		took);
	pthread_join(thread, &ret);
	tap__err((intptr_t)ret, 0, "%s: then it agrees", name);
	tap__is(hooks__asked(&pol, MAP), 1, "%s: it was asked once", name);
	policy__unload(&pol);
	close(t.fault_fd);
	end(name);
}

int main(void)
{
	tap__start(280);
	mem = mem__small(32 * P);
	if (!mem)
		return tap__bail("no memory");
	order();
	scope();
	loading();
	replacing();
	never_refused();
	never_delayed();
	return tap__done();
}
