// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts of verdicts as the iterator returns them, compared with the calls that were made and with
 * the tracepoint iommufd_policy_verdict.
 *
 * Finds these faults: a request is counted twice, at another hook, or not at all; counts of
 * calls at the same time are lost; a replace loses the old policy's counts, or moves its refusals
 * to another count; the last refusal is an older one; a policy is listed after it was unloaded.
 *
 * vm: --mock --smp 2
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/klog.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define P MEM_PAGE
#define PAGES 64
#define MAP IOMMUFD_HOOK_IOAS_MAP
#define UNMAP IOMMUFD_HOOK_IOAS_UNMAP
#define THREADS 3
#define ROUNDS 211

static struct policy pol, by;
static struct mock m;
static char *mem;

static int map(unsigned int page)
{
	return fixture__map(&m, m.ioas, mem, page, 1);
}

/* Map n pages one by one while the policy returns ret. Returns how many maps ended as wanted. */
static unsigned int maps(struct policy *p, unsigned int first, unsigned int n, int ret, int want)
{
	unsigned int as_wanted = 0;

	hooks__say(p, MAP, ret);
	for (unsigned int i = 0; i < n; i++)
		as_wanted += map(first + i) == want;
	return as_wanted;
}

static int replace(const char *settings)
{
	int ret = hooks__open(&by, HOOKS_ALL, settings);

	if (!ret)
		ret = bpf_object__load(by.obj);
	return ret ? ret : bpf_link__update_map(pol.link, by.ops);
}

/* Use the maps of the new policy from now on. */
static void take_over(void)
{
	bpf_object__close(pol.obj);
	pol.obj = by.obj;
	pol.ops = by.ops;
	by = (struct policy){};
}

static uint64_t value(const char *line, const char *key)
{
	uint64_t val = 0;

	trace__value(line, key, &val);
	return val;
}

/* The trace has the reason in words of 8 bytes. */
static void reason_is(const char *line, const char *want, const char *name)
{
	uint64_t word[5];
	char key[16];

	for (int i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "reason%d", i);
		word[i] = value(line, key);
	}
	tap__ok(!strncmp((const char *)word, want, sizeof(word)), "%s: the trace has the reason",
		name);
}

static void tracepoint(const struct iommufd_policy_info *info)
{
	static const char name[] = "trace";
	uint64_t ctx = 0;
	char line[512];
	int n;

	iommu__fdinfo(m.fd, "iommufd-context", &ctx);
	if (!tap__err(trace__start("policy_verdict"), 0, "%s: start tracing", name))
		return;
	hooks__reason(&pol, "a reason of more than 8 bytes, 34 even", 39);
	tap__is(maps(&pol, 40, 5, 0, 0), 5, "%s: 5 maps allowed", name);
	tap__is(maps(&pol, 50, 4, -EXDEV, -EXDEV), 4, "%s: 4 denied", name);
	n = trace__find("policy_verdict", line, sizeof(line));
	tap__is(n, 9, "%s: 9 verdicts", name);
	tap__diag("%s", line);
	tap__ok(value(line, "ctx") == ctx && value(line, "tgid") == (uint64_t)getpid() &&
			value(line, "policy") == info->id && value(line, "hook") == MAP &&
			value(line, "object") == m.ioas && value(line, "flags") == 0 &&
			(int)value(line, "ret") == -EXDEV,
		"%s: the last verdict is right", name);
	reason_is(line, "a reason of more than 8 bytes, 34 even", name);
	trace__stop("policy_verdict");
	hooks__reason(&pol, "", 0);
}

static void replaced(void)
{
	static const char name[] = "replace";
	struct iommufd_policy_info info = {};

	tap__err(replace("@name=other @flags=1"), 0, "%s: by a policy for audit", name);
	tap__err(policy__info("hooks", &info), -ENOENT, "%s: the old policy is not listed", name);
	hooks__counts("other", MAP, 28, 11, 0, 3, "replace, at once");
	policy__refused("other", MAP, -EXDEV, "a reason of more than 8 bytes, 34 even");
	take_over();
	tap__is(maps(&pol, 50, 6, -EPERM, 0), 6, "%s: 6 maps that it would refuse", name);
	tap__is(maps(&pol, 56, 2, 0, 0), 2, "%s: 2 maps that it allows", name);
	hooks__counts("other", MAP, 30, 11, 6, 3, "replace, after it");
	tap__err(replace(""), 0, "%s: by a third policy", name);
	take_over();
	tap__is(maps(&pol, 60, 3, 9, -EPERM), 3, "%s: 3 maps with an invalid return value", name);
	hooks__counts("hooks", MAP, 30, 14, 6, 6, "replace, twice");
	hooks__counts("hooks", UNMAP, 2, 1, 0, 0, "replace, twice");
	hooks__counts("hooks", IOMMUFD_HOOK_FAULT, 0, 0, 0, 0, "replace, twice");
}

static void odd(void)
{
	static const char name[] = "counts";
	struct iommufd_policy_info info = {};

	if (!tap__err(hooks__load(&pol, HOOKS_ALL, "@priority=-7"), 0, "%s: loaded", name) ||
	    !mock__start(&m, name, 0))
		return;
	tap__is(maps(&pol, 0, 23, 0, 0), 23, "%s: 23 maps allowed", name);
	tap__is(maps(&pol, 23, 4, -ENOMEM, -ENOMEM), 4, "%s: 4 denied", name);
	tap__is(maps(&pol, 23, 3, 1, -EPERM), 3, "%s: 3 maps with an invalid return value", name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(0), P), 0, "%s: unmap a page", name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(1), P), 0, "%s: another", name);
	hooks__say(&pol, UNMAP, -EBUSY);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(2), P), -EBUSY, "%s: an unmap denied", name);
	hooks__counts("hooks", MAP, 23, 7, 0, 3, name);
	hooks__counts("hooks", UNMAP, 2, 1, 0, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_DEVICE_BIND, 1, 0, 0, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_DEVICE_ATTACH, 1, 0, 0, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_HWPT_ALLOC, 0, 0, 0, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_PASID_ALLOC, 0, 0, 0, 0, name);
	hooks__counts("hooks", IOMMUFD_HOOK_PASID_ATTACH, 0, 0, 0, 0, name);
	policy__info("hooks", &info);
	tap__ok(info.id && info.link_id && info.hooks == HOOKS_ALL && !info.flags &&
			info.priority == -7 && info.last_hook == UNMAP && info.last_ret == -EBUSY &&
			info.last_tgid == (__u32)getpid() && !info.cgroup && !info.reason[0],
		"%s: the other members are right", name);

	/* A call that fails before policies are asked is not counted. */
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, AT(5)), -EEXIST, "%s: map at an address in use",
		 name);
	hooks__counts("hooks", MAP, 23, 7, 0, 3, name);
	tracepoint(&info);
	hooks__counts("hooks", MAP, 28, 11, 0, 3, "trace");
	replaced();
	policy__unload(&pol);
	tap__err(policy__info("hooks", &info), -ENOENT, "%s: unloaded with its link", name);
	tap__is(policy__count(), 0, "%s: no policy is listed", name);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned at the end", name);
}

static void *map_and_unmap(void *arg)
{
	unsigned int page = (uintptr_t)arg;
	intptr_t failed = 0;

	for (unsigned int i = 0; i < ROUNDS; i++)
		failed += map(page) || ioas__unmap_at(m.fd, m.ioas, AT(page), P);
	return (void *)failed;
}

/* Replace a policy while three threads map: no count is lost, and no call goes undecided. */
static void together(void)
{
	static const char name[] = "together";
	pthread_t thread[THREADS];
	struct policy second;
	intptr_t failed = 0;
	int ret = 0;
	void *n;

	if (!mock__start(&m, name, 0) ||
	    !tap__err(hooks__load(&pol, HOOKS_ALL, ""), 0, "%s: loaded", name) ||
	    !tap__err(hooks__load(&second, HOOKS_ALL, "@name=second"), 0, "%s: another", name))
		return;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, map_and_unmap, (void *)i);
	for (int i = 0; i < 3 && !ret; i++) {
		ret = replace("");
		if (!ret)
			take_over();
	}
	tap__err(ret, 0, "%s: replace three times meanwhile", name);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &n);
		failed += (intptr_t)n;
	}
	tap__is(failed, 0, "%s: nothing is refused", name);
	hooks__counts_concurrent("hooks", MAP, THREADS * ROUNDS, 0, "together, the replaced one");
	hooks__counts("hooks", UNMAP, THREADS * ROUNDS, 0, 0, 0, "together, the replaced one");
	hooks__counts_concurrent("second", MAP, THREADS * ROUNDS, 0, "together, the other");
	policy__unload(&second);
	policy__unload(&pol);
	close(m.fd);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	if (!mem)
		return tap__bail("no memory");
	odd();
	together();
	return tap__done();
}
