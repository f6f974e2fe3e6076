// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that are tried: IOMMUFD_POLICY_TRIAL and iommufd_policy_try(). tests/vm/policy-cases.t
 * has the command that uses them.
 *
 * Finds these faults: a call is asked about by a policy that is only tried, or the tools list it; a
 * program gets another request than the test's, or totals that it has not asked for; an invalid
 * value or a slow program counts as a verdict; a name collides; a trial replaces a policy in force;
 * a size, a hook or a text that is not valid gets through; the unload returns while a program runs;
 * the end of one link of a policy is that of another one; a trial outlives its process.
 *
 * vm: --mock --smp 2
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define MAP IOMMUFD_HOOK_IOAS_MAP
#define TRIAL "@flags=8" /* IOMMUFD_POLICY_TRIAL */
#define ROOM 512 /* as in tests/bpf/trial.bpf.c */
#define SIZE sizeof(struct iommufd_policy_request)
#define RESULT_SIZE sizeof(struct iommufd_policy_trial)

static struct policy pol, other;
static struct bpf_object *tool;
static struct mock m;
static char *mem;

/* The same structs as in the BPF program. */
struct args {
	__u32 id, request_size, result_size;
	__s32 ret;
};

static union {
	struct {
		char request[ROOM];
		char result[ROOM];
	};
	struct iommufd_policy_request as_request;
} room;

static bool open_tool(void)
{
	tool = bpf_object__open_file("build/tests/trial.bpf.o", NULL);
	return tap__err(tool ? bpf_object__load(tool) : -errno, 0,
			"the program that tries policies is loaded");
}

static int run(const char *program, struct args *args)
{
	/* The kernel writes it back. */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(*args));
	int ret;

	args->ret = 1;
	ret = bpf_prog_test_run_opts(
		bpf_program__fd(bpf_object__find_program_by_name(tool, program)), &opts);
	return ret ? ret : args->ret;
}

static __u32 link_id(int fd)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	return fd < 0 || bpf_link_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static __u32 link_of(const struct policy *p)
{
	return link_id(bpf_link__fd(p->link));
}

/* Try what is in the room. */
static int try_sizes(__u32 link, __u32 request_size, __u32 result_size)
{
	struct args args = { link, request_size, result_size, 0 };
	int fd = bpf_object__find_map_fd_by_name(tool, "rooms"), ret;
	__u32 zero = 0;

	memset(room.result, 0xee, ROOM);
	bpf_map_update_elem(fd, &zero, &room, 0);
	ret = run("try_request", &args);
	bpf_map_lookup_elem(fd, &zero, &room);
	return ret;
}

static int try(const struct policy *p, const struct iommufd_policy_request *req,
	       struct iommufd_policy_trial *result)
{
	int ret;

	memset(&room, 0, sizeof(room));
	room.as_request = *req;
	ret = try_sizes(link_of(p), SIZE, RESULT_SIZE);
	memcpy(result, room.result, sizeof(*result));
	return ret;
}

/* A request with another value in each member. */
static struct iommufd_policy_request request(enum iommufd_policy_hook hook)
{
	struct iommufd_policy_request req;

	memset(&req, 0, sizeof(req));
	for (size_t i = 0; i < sizeof(req) / 4; i++)
		((__u32 *)&req)[i] = 1000 + i;
	req.hook = hook;
	req.cgroup = 0;
	memset(req.device_name, 0, sizeof(req.device_name));
	memset(req.comm, 0, sizeof(req.comm));
	strcpy(req.device_name, "0000:00:03.0");
	strcpy(req.comm, "fifteen-letters");
	return req;
}

static void expect(const struct iommufd_policy_request *req, int ret, int value, __u32 flags,
		   const char *reason, const char *name)
{
	struct iommufd_policy_trial got = {};
	int err = try(&pol, req, &got);
	bool ok = !err && got.ret == ret && got.value == value && got.flags == flags &&
		  !got.__pad && !strcmp(got.reason, reason);

	if (!tap__ok(ok, "%s", name))
		tap__diag("err %d ret %d value %d flags %#x reason '%s'", err, got.ret, got.value,
			  got.flags, got.reason);
}

static bool load(const char *settings, const char *name)
{
	return tap__err(hooks__load(&pol, HOOKS_ALL, settings), 0, "%s: loaded", name);
}

static void verdicts(void)
{
	static const int invalid[] = { 7, -512, -4095, 2147483647, -2147483647 - 1 };
	struct iommufd_policy_request req;
	char name[64];

	if (!load(TRIAL, "verdicts"))
		return;
	for (__u32 i = 0; i < IOMMUFD_HOOKS; i++) {
		req = request(i);
		hooks__say(&pol, i, -EACCES - (int)i);
		snprintf(name, sizeof(name), "%s: refused by the test's value", hooks_names[i]);
		expect(&req, -EACCES - (int)i, -EACCES - (int)i, 0, "", name);
		hooks__is(&pol, &req, hooks_names[i]);
	}
	req = request(MAP);
	hooks__say(&pol, MAP, 0);
	expect(&req, 0, 0, 0, "", "allowed");
	hooks__say(&pol, MAP, -511);
	expect(&req, -511, -511, 0, "", "the largest errno");
	for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
		hooks__say(&pol, MAP, invalid[i]);
		snprintf(name, sizeof(name), "%d is not a verdict", invalid[i]);
		expect(&req, -EPERM, invalid[i], IOMMUFD_TRIAL_INVALID, "", name);
	}
	hooks__say(&pol, MAP, -EDQUOT);
	hooks__reason(&pol, "over\t1 limit", 13);
	expect(&req, -EDQUOT, -EDQUOT, 0, "over?1 limit", "a reason");
	hooks__reason(&pol, "", 0);
	expect(&req, -EDQUOT, -EDQUOT, 0, "", "that of one request is not that of the next");
	policy__unload(&pol);
	if (!tap__err(hooks__load(&pol, HOOK(FAULT), TRIAL), 0, "a policy with one hook"))
		return;
	expect(&req, 0, 0, IOMMUFD_TRIAL_NO_HOOK, "", "it has no program for another hook");
	policy__unload(&pol);
	if (!tap__err(policy__load(&pol, "build/tests/loop.bpf.o",
				   TRIAL " loops=8000000 @budget_ms=1"),
		      0, "a slow policy"))
		return;
	try(&pol, &req, (struct iommufd_policy_trial *)room.result);
	tap__ok(((struct iommufd_policy_trial *)room.result)->ret == -ETIMEDOUT &&
			((struct iommufd_policy_trial *)room.result)->flags == IOMMUFD_TRIAL_SLOW,
		"a program that exceeds its budget is refused");
	policy__unload(&pol);
}

static void totals(void)
{
	struct iommufd_policy_request req = request(MAP);
	struct hooks_slot slot = {};

	if (!load(TRIAL, "totals"))
		return;
	req.uid_after = 8192;
	hooks__limit(&pol, MAP, 8192);
	expect(&req, 0, 0, 0, "", "a total at the limit");
	req.uid_after++;
	expect(&req, -ENOMEM, -ENOMEM, 0, "", "above it");
	policy__unload(&pol);
	if (!load("@flags=10", "a policy that asks for no totals"))
		return;
	hooks__say(&pol, MAP, 0);
	expect(&req, 0, 0, 0, "", "it is asked");
	hooks__get(&pol, MAP, &slot);
	tap__ok(slot.last.ctx_pinned == IOMMUFD_TOTAL_NONE &&
			slot.last.cgroup_after == IOMMUFD_TOTAL_NONE &&
			slot.last.need == req.need &&
			!strcmp(slot.last.device_name, "0000:00:03.0"),
		"it does not see them");
	policy__unload(&pol);
	if (!load("totals=1 @flags=10", "a policy that asks for them"))
		return;
	hooks__say(&pol, MAP, 0);
	expect(&req, 0, 0, 0, "", "it is asked, too");
	hooks__is(&pol, &req, "it sees them");
	policy__unload(&pol);
}

static void scope(void)
{
	struct iommufd_policy_request req = request(MAP);
	char settings[64];
	__u64 id;

	mkdir(CGROUP "/trial", 0755);
	mkdir(CGROUP "/trial/below", 0755);
	id = fixture__cgroup_id("trial");
	snprintf(settings, sizeof(settings), TRIAL " @cgroup=%llu", (unsigned long long)id);
	if (!load(settings, "a policy of a cgroup"))
		return;
	hooks__say(&pol, MAP, -EACCES);
	req.cgroup = id;
	expect(&req, -EACCES, -EACCES, 0, "", "a request of the cgroup");
	req.cgroup = fixture__cgroup_id("trial/below");
	expect(&req, -EACCES, -EACCES, 0, "", "of one below it");
	req.cgroup = fixture__cgroup_id("");
	expect(&req, 0, 0, IOMMUFD_TRIAL_OUT_OF_SCOPE, "", "of the root");
	req.cgroup = 0;
	expect(&req, 0, 0, IOMMUFD_TRIAL_OUT_OF_SCOPE, "", "of none");
	req.cgroup = 1ull << 40;
	expect(&req, 0, 0, IOMMUFD_TRIAL_OUT_OF_SCOPE | IOMMUFD_TRIAL_NO_CGROUP, "",
	       "of one that does not exist");
	policy__unload(&pol);
	rmdir(CGROUP "/trial/below");
	rmdir(CGROUP "/trial");
}

static void isolation(void)
{
	struct iommufd_policy_request req = request(MAP);
	struct iommufd_policy_trial result;
	struct args args = {};
	int nr_found = 0;

	if (!mock__start(&m, "isolation", 0) || !load(TRIAL, "isolation"))
		return;
	for (__u32 i = 0; i < IOMMUFD_HOOKS; i++)
		hooks__say(&pol, i, -EACCES);
	tap__err(fixture__map(&m, m.ioas, mem, 0, 1), 0, "a map is not refused by a trial");
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(0), MEM_PAGE), 0, "nor an unmap");
	tap__is(hooks__asked(&pol, MAP), 0, "it is not even asked");
	tap__is(policy__count(), 0, "it is not listed");
	for (args.id = 0; args.id < 1000; args.id++)
		nr_found += run("seal", &args) != -ENOENT;
	tap__is(nr_found, 0, "it cannot be sealed");
	if (!tap__err(hooks__load(&other, HOOK(IOAS_MAP), ""), 0, "a policy of the same name"))
		return;
	tap__is(policy__count(), 1, "only that one is listed");
	hooks__say(&other, MAP, -ENOSPC);
	tap__err(fixture__map(&m, m.ioas, mem, 0, 1), -ENOSPC, "it decides the maps");
	tap__err(try(&other, &req, &result), -ENOENT, "a policy in force cannot be tried");
	tap__err(bpf_link__update_map(other.link, pol.ops), -EINVAL, "a trial cannot replace it");
	tap__err(bpf_link__update_map(pol.link, other.ops), -EINVAL, "nor the other way round");
	expect(&req, -EACCES, -EACCES, 0, "", "the trial is still there");
	tap__err(fixture__map(&m, m.ioas, mem, 0, 1), -ENOSPC, "and so is the policy");
	policy__unload(&pol);
	tap__is(policy__count(), 1, "the end of the trial is not that of the policy");
	policy__unload(&other);
	if (!tap__err(hooks__load(&other, HOOK(IOAS_MAP), ""), 0, "a policy is loaded first") ||
	    !load(TRIAL, "a trial of its name"))
		return;
	policy__unload(&other);
	policy__unload(&pol);
	close(m.fd);
}

static void abuse(void)
{
	struct iommufd_policy_request req = request(MAP);
	struct iommufd_policy_trial result;
	__u32 link;

	if (!load(TRIAL, "abuse"))
		return;
	hooks__say(&pol, MAP, -EACCES);
	link = link_of(&pol);
	memset(&room, 0, sizeof(room));
	room.as_request = req;
	tap__err(try_sizes(link, 0, RESULT_SIZE), -EINVAL, "no request");
	tap__err(try_sizes(link, SIZE - 1, RESULT_SIZE), -EINVAL, "a request that is too small");
	tap__err(try_sizes(link, SIZE, 0), -EINVAL, "no result");
	tap__err(try_sizes(link, SIZE, RESULT_SIZE - 1), -EINVAL, "a result that is too small");
	tap__err(try_sizes(link, ROOM, ROOM), 0, "both are larger");
	memcpy(&result, room.result, sizeof(result));
	tap__is(result.ret, -EACCES, "the verdict is the same");
	tap__ok(!room.result[RESULT_SIZE] && !room.result[ROOM - 1], "the rest of it is 0");
	room.request[ROOM - 1] = 1;
	tap__err(try_sizes(link, ROOM, ROOM), -E2BIG, "a member that the driver does not know");
	tap__err(try_sizes(link, ROOM - 1, ROOM), 0, "is not within the size");
	tap__err(try_sizes(0, SIZE, RESULT_SIZE), -ENOENT, "link 0");
	tap__err(try_sizes(link + 1000, SIZE, RESULT_SIZE), -ENOENT, "a link that does not exist");
	req.hook = IOMMUFD_HOOKS;
	tap__err(try(&pol, &req, &result), -EINVAL, "an unknown hook");
	req.hook = ~0u;
	tap__err(try(&pol, &req, &result), -EINVAL, "another one");
	req = request(MAP);
	memset(req.comm, 'x', sizeof(req.comm));
	tap__err(try(&pol, &req, &result), -EINVAL, "comm without a 0 at its end");
	req = request(MAP);
	memset(req.device_name, 'x', sizeof(req.device_name));
	tap__err(try(&pol, &req, &result), -EINVAL, "device_name without a 0 at its end");
	memset(&req, 0xff, sizeof(req));
	req.hook = MAP;
	req.comm[15] = req.device_name[31] = 0;
	expect(&req, -EACCES, -EACCES, IOMMUFD_TRIAL_NO_CGROUP, "", "all bits set");
	policy__unload(&pol);
	tap__err(try_sizes(link, SIZE, RESULT_SIZE), -ENOENT, "it is unloaded");
}

/* ---- an unload while a program runs ---- */

static __u32 held_link;
static __u64 unloaded_ns;

static void *try_held(void *arg)
{
	*(int *)arg = try_sizes(held_link, SIZE, RESULT_SIZE);
	return NULL;
}

static void *unload(void *arg)
{
	struct timespec now;

	*(int *)arg = bpf_link_detach(bpf_link__fd(pol.link));
	clock_gettime(CLOCK_MONOTONIC, &now);
	unloaded_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	return NULL;
}

static void running(void)
{
	struct hooks_slot slot = {};
	pthread_t trying, unloading;
	int tried, detached;

	if (!load(TRIAL, "running"))
		return;
	hooks__say(&pol, MAP, -EACCES);
	hooks__hold(&pol, MAP);
	held_link = link_of(&pol);
	memset(&room, 0, sizeof(room));
	room.as_request = request(MAP);
	pthread_create(&trying, NULL, try_held, &tried);
	tap__ok(hooks__wait_held(&pol, MAP), "a program runs");
	pthread_create(&unloading, NULL, unload, &detached);
	/* Time in which a removal that does not wait could end. */
	usleep(100000);
	hooks__release(&pol, MAP);
	pthread_join(trying, NULL);
	pthread_join(unloading, NULL);
	hooks__get(&pol, MAP, &slot);
	tap__err(detached, 0, "it is unloaded meanwhile");
	tap__err(tried, 0, "the program ends");
	tap__ok(slot.time && unloaded_ns > slot.time, "and the unload ends after it");
	tap__err(try_sizes(held_link, SIZE, RESULT_SIZE), -ENOENT, "no other one begins");
	policy__unload(&pol);
}

/* Links of one policy, of which each is a trial of its own. */
static void links(void)
{
	__u32 ids[3];
	int fds[3];

	if (!load(TRIAL, "links"))
		return;
	hooks__say(&pol, MAP, -EACCES);
	memset(&room, 0, sizeof(room));
	room.as_request = request(MAP);
	for (int i = 0; i < 3; i++) {
		fds[i] = bpf_link_create(bpf_map__fd(pol.ops), 0, BPF_STRUCT_OPS, NULL);
		ids[i] = link_id(fds[i]);
	}
	tap__ok(ids[0] && ids[1] && ids[2], "a policy has several links");
	tap__err(bpf_link_detach(fds[1]), 0, "one is detached");
	tap__err(try_sizes(ids[1], SIZE, RESULT_SIZE), -ENOENT, "it is gone");
	close(fds[2]);
	tap__ok(tap__until(try_sizes(ids[2], SIZE, RESULT_SIZE) == -ENOENT),
		"another one is gone after its close");
	tap__err(try_sizes(ids[0], SIZE, RESULT_SIZE), 0, "the first one stays");
	tap__err(try_sizes(link_of(&pol), SIZE, RESULT_SIZE), 0, "and that of the loader");
	policy__unload(&pol);
	tap__err(try_sizes(ids[0], SIZE, RESULT_SIZE), 0, "the policy stays with its last link");
	close(fds[0]);
	close(fds[1]);
	tap__ok(tap__until(try_sizes(ids[0], SIZE, RESULT_SIZE) == -ENOENT), "all are gone");
}

/* ---- trials come and go while others run ---- */

#define STORM_MS 2000
#define STORM_LINKS 4

static _Atomic __u32 storm_ids[STORM_LINKS];
static atomic_bool storm_ended;

/* Make a link of the policy, and end it in one of two ways, over and over. */
static void *storm_link(void *arg)
{
	_Atomic __u32 *id = arg;
	unsigned long rounds = 0;

	while (!atomic_load(&storm_ended)) {
		int fd = bpf_link_create(bpf_map__fd(pol.ops), 0, BPF_STRUCT_OPS, NULL);

		if (fd < 0)
			continue;
		atomic_store(id, link_id(fd));
		if (rounds++ % 2)
			bpf_link_detach(fd);
		close(fd);
	}
	return (void *)rounds;
}

struct storm_try {
	pthread_t thread;
	unsigned long done, gone, wrong;
};

static void *storm_try(void *arg)
{
	struct storm_try *t = arg;

	for (unsigned int i = 0; !atomic_load(&storm_ended); i++) {
		struct args args = { atomic_load(&storm_ids[i % STORM_LINKS]), SIZE, RESULT_SIZE,
				     0 };
		int ret = run("try_request", &args);

		t->done += !ret;
		t->gone += ret == -ENOENT;
		t->wrong += ret && ret != -ENOENT;
	}
	return NULL;
}

static void storm(void)
{
	struct storm_try tries[2] = {};
	pthread_t links[STORM_LINKS];
	unsigned long rounds = 0;
	void *result;

	if (!load(TRIAL, "storm"))
		return;
	memset(&room, 0, sizeof(room));
	room.as_request = request(MAP);
	/* Into the room of the program, which all threads then use. */
	try_sizes(link_of(&pol), SIZE, RESULT_SIZE);
	atomic_store(&storm_ended, false);
	for (int i = 0; i < STORM_LINKS; i++)
		pthread_create(&links[i], NULL, storm_link, &storm_ids[i]);
	for (int i = 0; i < 2; i++)
		pthread_create(&tries[i].thread, NULL, storm_try, &tries[i]);
	usleep(STORM_MS * 1000);
	/* On a busy host, some threads may not have had their turn. */
	tap__until(tries[0].done && tries[1].done);
	atomic_store(&storm_ended, true);
	for (int i = 0; i < STORM_LINKS; i++) {
		pthread_join(links[i], &result);
		rounds += (unsigned long)result;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(tries[i].thread, NULL);
	tap__diag("%lu links, %lu tries, %lu of trials that were gone", rounds,
		  tries[0].done + tries[1].done, tries[0].gone + tries[1].gone);
	tap__ok(rounds && tries[0].done && tries[1].done, "trials come and go while others run");
	tap__is(tries[0].wrong + tries[1].wrong, 0, "each runs, or is gone");
	tap__err(try_sizes(link_of(&pol), SIZE, RESULT_SIZE), 0, "the first one is still there");
	policy__unload(&pol);
}

static void killed(void)
{
	int pipes[2];
	__u32 link = 0;
	pid_t pid;

	if (pipe(pipes))
		return;
	pid = fork();
	if (!pid) {
		struct policy own;

		if (!hooks__load(&own, HOOKS_ALL, TRIAL))
			link = link_of(&own);
		if (write(pipes[1], &link, sizeof(link)) == sizeof(link))
			pause();
		_exit(1);
	}
	tap__ok(read(pipes[0], &link, sizeof(link)) == sizeof(link) && link,
		"another process tries a policy");
	memset(&room, 0, sizeof(room));
	room.as_request = request(MAP);
	tap__err(try_sizes(link, SIZE, RESULT_SIZE), 0, "it is there");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap__ok(tap__until(try_sizes(link, SIZE, RESULT_SIZE) == -ENOENT),
		"it is gone after the process was killed");
}

int main(void)
{
	tap__start();
	mem = mem__small(8 * MEM_PAGE);
	if (!open_tool())
		return tap__done();
	verdicts();
	totals();
	scope();
	isolation();
	abuse();
	running();
	links();
	storm();
	killed();
	bpf_object__close(tool);
	tap__is(policy__count(), 0, "no policy is loaded at the end");
	return tap__done();
}
