// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of several policies, the cgroup that a policy applies to, policies that cannot be
 * loaded, and calls that no policy can refuse.
 *
 * Finds these faults: a policy of lower priority is asked first, or after a refusal; a replace
 * puts the new policy in the wrong position, or loses the old one; a policy for a cgroup is asked
 * about other processes, or not about the cgroups below, or for page requests not about the process
 * that opened the file; an invalid policy is loaded, or rejected without a reason; a program can
 * write the request; a detach, the exit of a process, or the removal of a device or module asks a
 * policy, or waits for one that is deciding something else.
 *
 * vm: --mock --smp 2
 * takes: 28
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
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/klog.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define P MEM_PAGE
#define MAP IOMMUFD_HOOK_IOAS_MAP

static struct policy pol, many[4];
static struct mock m;
static char *mem;

static int map(unsigned int page)
{
	return fixture__map(&m, m.ioas, mem, page, 1);
}

/* ---- order ---- */

/* Compare the names of the loaded policies, in the order of the iterator. */
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
		"%s: they were asked %d %d %d %d times", name, got[0], got[1], got[2], got[3]);
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
	if (!tap__err(ret, 0, "%s: load four policies", name))
		return;
	order_is("b a d c", name);
	say_all(0, 0, 0, 0);
	tap__err(map(0), 0, "%s: all allow", name);
	tap__ok(asked_at(&many[1]) && asked_at(&many[1]) < asked_at(&many[0]) &&
			asked_at(&many[0]) < asked_at(&many[3]) &&
			asked_at(&many[3]) < asked_at(&many[2]),
		"%s: asked in this order", name);
	say_all(-EBUSY, -EACCES, -EBUSY, -EBUSY);
	tap__err(map(1), -EACCES, "%s: the first refuses", name);
	asked_are(0, 1, 0, 0, name);
	say_all(-EBUSY, 0, -EDOM, -EDOM);
	tap__err(map(1), -EBUSY, "%s: the second refuses", name);
	asked_are(1, 1, 0, 0, name);
	say_all(0, 0, -EDOM, -ERANGE);
	tap__err(map(1), -ERANGE, "%s: the third refuses", name);
	asked_are(1, 1, 0, 1, name);
	say_all(0, 0, -EDOM, 0);
	tap__err(map(1), -EDOM, "%s: the last refuses", name);
	asked_are(1, 1, 1, 1, name);

	/* After a refusal in audit mode the next policy is asked. */
	policy__unload(&many[1]);
	order_is("a d c", name);
	tap__err(hooks__load(&many[1], HOOK(IOAS_MAP), "@name=b @priority=10 @flags=1"), 0,
		 "%s: load b again, for audit", name);
	say_all(-EBUSY, -EACCES, 0, 0);
	tap__err(map(1), -EBUSY, "%s: the second refuses, the first is for audit", name);
	asked_are(1, 1, 0, 0, name);
	for (int i = 0; i < 4; i++)
		policy__unload(&many[i]);
	tap__err(map(1), 0, "%s: allowed without policies", name);
	fixture__end(&m, &pol, name);
}

/* ---- cgroups ---- */

/* Let a child in the cgroup map a page; the request has the child's cgroup. */
static int map_in(const char *cgroup)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fixture__join_cgroup(cgroup) ? -map(8) : 255);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

static void scope_maps(void)
{
	static const char name[] = "cgroup";
	struct hooks_slot slot = {};

	hooks__say(&pol, MAP, -EDOM);
	tap__err(map_in("hooks"), -EDOM, "%s: a process in it", name);
	tap__err(map_in("hooks/below"), -EDOM, "%s: a process below it", name);
	hooks__get(&pol, MAP, &slot);
	tap__is(slot.last.cgroup, fixture__cgroup_id("hooks/below"),
		"%s: the request has the cgroup below", name);
	tap__is(slot.asked, 2, "%s: asked twice", name);
	tap__err(map_in("other"), 0, "%s: a process in another cgroup", name);
	ioas__unmap_at(m.fd, m.ioas, AT(8), P);
	tap__err(map_in("hooks2"), 0, "%s: a process in a cgroup with a longer name", name);
	ioas__unmap_at(m.fd, m.ioas, AT(8), P);
	tap__err(map(9), 0, "%s: a process in no cgroup", name);
	tap__is(hooks__asked(&pol, MAP), 2, "%s: not asked about these", name);
	tap__ok(fixture__join_cgroup("hooks/below"), "%s: move below it", name);
	tap__err(map(10), -EDOM, "%s: refused", name);
	tap__ok(fixture__join_cgroup(""), "%s: move out of it", name);
	tap__err(map(10), 0, "%s: allowed", name);
}

/* For page requests, the cgroup at the time when the file was opened decides. */
static void scope_fault(const char *cgroup, int want, const char *name)
{
	struct iommu_hwpt_pgfault got[2];
	struct hooks_tables t;

	hooks__say(&pol, MAP, 0);
	tap__ok(fixture__join_cgroup(cgroup), "%s: join", name);
	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) || !hooks__tables(&t, &m, mem, name))
		return;
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 3, t.hwpt), 0, "%s: attach a PASID",
		 name);
	tap__ok(fixture__join_cgroup(want ? "" : "hooks"), "%s: move the process", name);
	hooks__say(&pol, IOMMUFD_HOOK_FAULT, -EDOM);
	tap__err(mock__request(&m, 3, 1, AT(5), 1), 0, "%s: make a page request", name);
	tap__is(fault__read(t.fault_fd, got, 2), want ? 0 : 1, "%s: %s", name,
		want ? "refused" : "not refused");
	tap__is(hooks__asked(&pol, IOMMUFD_HOOK_FAULT), want ? 1 : 0, "%s: asked or not", name);
	close(t.fault_fd);
	close(m.fd);
	fixture__join_cgroup("");
}

/* Page tables like those of hooks__tables(), in a file through which nothing is ever mapped. */
static int empty_tables(struct hooks_tables *t)
{
	const uint32_t flags = IOMMUFD_NEW_HWPT_ALLOC_PASID;
	int ret = fault__alloc(m.fd, &t->fault, &t->fault_fd);

	if (!ret)
		ret = mock__hwpt(&m, m.ioas, flags | IOMMU_HWPT_FAULT_ID_VALID, t->fault, 0, NULL,
				 0, &t->hwpt);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, flags, 0, 0, NULL, 0, &t->whole);
	return ret ? ret : mock__replace(&m, t->whole);
}

/*
 * Remove the cgroup of the process that opened the file, or that mapped memory through it, and
 * close the file while page requests are in progress. The driver still compares the cgroup with the
 * policy's; KASAN finds a use after free.
 */
static void scope_gone(bool maps, const char *name)
{
	struct hooks_tables t;
	int ret = 0;

	hooks__say(&pol, MAP, 0);
	hooks__say(&pol, IOMMUFD_HOOK_FAULT, 0);
	for (int round = 0; round < 6 && !ret; round++) {
		ret = mkdir(CGROUP "/hooks/gone", 0755) || !fixture__join_cgroup("hooks/gone") ||
		      mock__open(&m, MOCK_FLAGS_DEVICE_PASID) ||
		      (maps ? !hooks__tables(&t, &m, mem, name) : empty_tables(&t)) ||
		      !fixture__join_cgroup("") || rmdir(CGROUP "/hooks/gone") ||
		      mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 3, t.hwpt);
		for (uint32_t i = 0; i < 20 && !ret; i++)
			ret = mock__request(&m, 3, i + 1, AT(5), 1);
		close(t.fault_fd);
		close(m.fd);
	}
	tap__err(ret, 0, "%s: make page requests until the file is closed", name);
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
		 (unsigned long long)fixture__cgroup_id("hooks"));
	if (!mock__start(&m, name, 0) ||
	    !tap__err(hooks__load(&pol, HOOK(IOAS_MAP) | HOOK(FAULT), settings), 0, "%s: loaded",
		      name))
		return;
	policy__info("hooks", &info);
	tap__is(info.cgroup, fixture__cgroup_id("hooks"), "%s: the policy has its cgroup", name);
	scope_maps();
	close(m.fd);
	scope_fault("hooks/below", -EDOM, "cgroup, file opened in it");
	scope_fault("", 0, "cgroup, file opened elsewhere");
	scope_gone(false, "cgroup of the opener gone");
	scope_gone(true, "cgroup of the payer gone");
	policy__unload(&pol);
	for (int i = 3; i >= 0; i--) {
		snprintf(path, sizeof(path), CGROUP "/%s", groups[i]);
		tap__ok(!rmdir(path), "%s: remove %s", name, groups[i]);
	}
	fixture__end(&m, &pol, name);
}

/* ---- policies that cannot be loaded ---- */

static void no_load(unsigned int mask, const char *settings, int want, const char *why,
		    const char *name)
{
	int log = klog__open(), ret = hooks__load(&pol, mask, settings);
	char line[512];

	tap__err(ret, want, "load: %s", name);
	tap__is(klog__find(log, why, line, sizeof(line)), 1, "load: '%s' in the log", why);
	tap__ok(!strncmp(line, "iommufd: policy", 15),
		"load: the line begins with iommufd: policy");
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

	if (!tap__err(ret, 0, "load: open an object"))
		return;
	prog = bpf_object__find_program_by_name(pol.obj, "hooks_fault");
	bpf_program__set_flags(prog, bpf_program__flags(prog) | BPF_F_SLEEPABLE);
	tap__err(policy__attach(&pol), -EINVAL, "load: a program for fault that may sleep");
	tap__ok(klog__find(log, "hook fault must not sleep", line, sizeof(line)) > 0,
		"load: the log has the reason");
	tap__ok(!strncmp(line, "iommufd: policy", 15),
		"load: the line begins with iommufd: policy");
	close(log);
}

static void no_write(void)
{
	static char log[1 << 16];
	struct bpf_program *prog;

	if (!tap__err(policy__open(&pol, "build/tests/hooks-write.bpf.o", ""), 0,
		      "load: open a policy that writes the request"))
		return;
	prog = bpf_object__find_program_by_name(pol.obj, "write_map");
	bpf_program__set_log_buf(prog, log, sizeof(log));
	tap__err(policy__attach(&pol), -EACCES, "load: rejected");
	tap__ok(strstr(log, "a policy cannot write the request"),
		"load: the verifier's log has the reason");
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
	no_load(HOOKS_ALL, "@flags=16", -EINVAL, "unknown flags 0x10", "an unknown flag");
	no_load(HOOKS_ALL, "@flags=0x80000001", -EINVAL, "unknown flags 0x80000000",
		"a known and an unknown flag");
	no_load(0, "", -EINVAL, "it has no hook", "no hook");
	tap__err(hooks__load(&many[0], HOOK(IOAS_MAP), "@name=taken"), 0, "load: a policy");
	no_load(HOOK(FAULT), "@name=taken", -EEXIST, "a policy of this name is loaded",
		"another of the same name");
	tap__is(policy__count(), 1, "load: one is loaded");
	policy__unload(&many[0]);
	tap__err(hooks__load(&pol, HOOK(FAULT), "@name=taken"), 0, "load: the name is free");
	policy__unload(&pol);
	no_sleep();
	no_write();
	tap__is(policy__count(), 0, "load: none is loaded at the end");
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
	    !tap__err(hooks__load(&other, HOOK(IOAS_MAP), "@name=y"), 0, "%s: load another", name))
		return;
	policy__info("x", &before);
	log = klog__open();
	tap__err(replace(&pol, &by, "@name=y"), -EEXIST, "%s: by one with the name of a third",
		 name);
	tap__is(klog__find(log, "iommufd: policy 'y' cannot replace 'x'", line, sizeof(line)), 1,
		"%s: the log has the reason", name);
	close(log);
	bpf_object__close(by.obj);
	order_is("x y", name);
	hooks__say(&pol, MAP, -EDOM);
	tap__err(map(0), -EDOM, "%s: the old policy decides", name);
	tap__err(replace(&pol, &by, "@name=z @priority=-3"), 0, "%s: by a new policy", name);
	hooks__say(&by, MAP, -ERANGE);
	tap__err(map(0), -ERANGE, "%s: the new policy decides", name);
	order_is("y z", name);
	policy__info("z", &after);
	tap__ok(after.id > before.id && after.link_id == before.link_id && before.link_id,
		"%s: it has a new id, and the link of the old one", name);
	tap__is(before.hooks, HOOKS_ALL, "%s: the old policy had all hooks", name);
	tap__is(after.hooks, HOOK(IOAS_MAP), "%s: the new policy has one", name);
	bpf_object__close(by.obj);
	tap__err(map(0), -ERANGE, "%s: the link keeps it loaded", name);
	policy__unload(&pol);
	tap__err(map(0), 0, "%s: unloaded with the link", name);
	policy__unload(&other);
	fixture__end(&m, &pol, name);
}

/* ---- calls that cannot be refused ---- */

/* Start a process with a device and pinned memory, which waits to be killed. */
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
	tap__is(mem__pinned(pinned), pinned, "%s: the memory of a killed process is unpinned",
		name);
}

static int remove_module(const char *module)
{
	int ret;

	/* The last reference may be dropped a moment later, by a worker. */
	tap__until((ret = syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0) != -EAGAIN);
	return ret;
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

	if (!tap__ok(pid > 0, "%s: start a process", name) ||
	    !mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) || !hooks__tables(&t, &m, mem, name))
		return;
	tap__err(mock__add(&second, &m, m.ioas, 0), 0, "%s: open a second device", name);
	tap__err(pasid__new(m.fd, m.dev, &id, &nr), 0, "%s: attach a PASID", name);
	tap__err(pasid__attach(m.fd, id, t.hwpt, NULL), 0, "%s: attached", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 5, t.hwpt), 0, "%s: load another",
		 name);
	tap__err(hooks__load(&pol, HOOKS_ALL, ""), 0, "%s: loaded", name);
	for (int i = 0; i < IOMMUFD_HOOKS; i++)
		hooks__say(&pol, i, -EPERM);

	tap__err(pasid__detach(m.fd, id), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, id), 0, "%s: destroy the PASID", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, 5, 0), 0, "%s: detach by a driver",
		 name);
	tap__err(iommu__destroy(m.fd, second.obj), 0, "%s: unbind", name);
	tap__err(iommu__destroy(m.fd, t.hwpt), 0, "%s: destroy a page table", name);
	kill_victim(pid, 2, name);
	tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: unbind the last device", name);
	tap__err(iommu__destroy(m.fd, t.whole), 0, "%s: destroy its page table", name);
	tap__err(iommu__destroy(m.fd, t.ioas), 0, "%s: destroy an IOAS with areas", name);
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
	tap__err(mock__open(&m, 0), 0, "%s: open a device without a policy", name);
	fixture__end(&m, &pol, name);
}

static void *map_slowly(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)map(0);
}

/* While a policy decides slowly about a map, detach, unbind and exit must not wait for it. */
static void never_delayed(void)
{
	static const char name[] = "delay";
	struct hooks_tables t;
	pthread_t thread;
	struct mock other, far;
	void *ret;
	pid_t pid = victim();

	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) || !hooks__tables(&t, &m, mem, name))
		return;
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 5, t.hwpt), 0, "%s: attach a PASID",
		 name);
	tap__err(mock__add(&other, &m, t.ioas, 0), 0, "%s: open a second device", name);
	tap__err(mock__open(&far, 0), 0, "%s: open another file", name);
	tap__err(hooks__load(&pol, HOOK(IOAS_MAP), ""), 0, "%s: loaded", name);
	hooks__hold(&pol, MAP);
	pthread_create(&thread, NULL, map_slowly, NULL);
	hooks__wait_held(&pol, MAP);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, 5, 0), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, other.obj), 0, "%s: unbind", name);
	/* This removes the page table that the map is for. */
	tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: unbind the last device of the IOAS", name);
	close(far.fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap__is(hooks__asked(&pol, MAP), 0, "%s: done before the policy has decided", name);
	hooks__release(&pol, MAP);
	pthread_join(thread, &ret);
	tap__err((intptr_t)ret, 0, "%s: the map succeeds", name);
	tap__is(hooks__asked(&pol, MAP), 1, "%s: it was asked once", name);
	policy__unload(&pol);
	close(t.fault_fd);
	fixture__end(&m, &pol, name);
}

int main(void)
{
	tap__start();
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
