// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's history of refusals, against the calls that were refused: equal ones together, the
 * others in their order, also after the policy is gone; a user with hundreds of them.
 *
 * Finds these faults: an entry has a value of another call; equal refusals take several entries;
 * refusals at the same time are lost; a user whose calls are refused all the time removes the
 * entries of others; lost refusals are not counted; an entry goes away with its policy.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/refusals.h"

#define P MEM_PAGE
#define PAGES 64
#define MAP IOMMUFD_HOOK_IOAS_MAP
#define UNMAP IOMMUFD_HOOK_IOAS_UNMAP
#define THREADS 3
#define ROUNDS 211
#define FLOOD 300
#define NOISY 1000 /* a user */
#define QUIET 1001

static struct iommufd_refusal_info infos[IOMMUFD_REFUSALS];
static struct policy pol;
static struct mock m;
static char *mem;

static int map(unsigned int page)
{
	return fixture__map(&m, m.ioas, mem, page, 1);
}

static void say(const char *reason)
{
	hooks__reason(&pol, reason, strlen(reason));
}

/* The number of entries of a user. */
static unsigned int of_user(int nr, uint32_t uid)
{
	unsigned int n = 0;

	for (int i = 0; i < nr; i++)
		n += infos[i].uid == uid;
	return n;
}

static void values(void)
{
	static const char name[] = "values";
	const struct iommufd_refusal_info *map_info = &infos[0], *unmap_info = &infos[1];
	struct iommufd_policy_info info = {};
	uint64_t ctx = 0;
	int nr;

	nr = refusals__read(infos);
	tap__is(nr, 0, "%s: there are none before the first policy", name);
	if (!fixture__start(&m, &pol, name, "@priority=3"))
		return;
	iommu__fdinfo(m.fd, "iommufd-context", &ctx);
	policy__info("hooks", &info);
	tap__err(map(7), 0, "%s: map a page", name);
	tap__is(refusals__read(infos), 0, "%s: none before the first refusal", name);
	say("not today");
	hooks__say(&pol, MAP, -EXDEV);
	hooks__say(&pol, UNMAP, -EBUSY);
	for (unsigned int i = 0; i < 3; i++)
		tap__err(map(10 + i), -EXDEV, "%s: map %u is refused", name, i);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(7), P), -EBUSY, "%s: an unmap, too", name);
	nr = refusals__read(infos);
	if (!tap__is(nr, 2, "%s: equal ones are together", name))
		return;
	tap__ok(map_info->number == 1 && map_info->times == 3 && unmap_info->number == 4 &&
			unmap_info->times == 1 && !map_info->lost,
		"%s: their numbers", name);
	tap__ok(map_info->policy == info.id && !map_info->flags &&
			!strcmp(map_info->name, "hooks") && !strcmp(map_info->reason, "not today"),
		"%s: policy and reason", name);
	tap__ok(map_info->tgid == (uint32_t)getpid() && map_info->uid == getuid() &&
			!strcmp(map_info->comm, "policy-refusals") && map_info->cgroup,
		"%s: the process", name);
	tap__ok(map_info->hook == MAP && map_info->ret == -EXDEV && map_info->ctx == ctx &&
			map_info->object == m.ioas && map_info->sbdf == IOMMUFD_NONE &&
			map_info->pasid == IOMMUFD_NONE && !map_info->device_name[0],
		"%s: the call", name);
	tap__ok(map_info->iova == AT(12) && map_info->length == P, "%s: the last range", name);
	tap__ok(map_info->first_ns && map_info->first_ns < map_info->last_ns &&
			map_info->last_ns < unmap_info->first_ns &&
			unmap_info->first_ns == unmap_info->last_ns,
		"%s: the times", name);
	tap__ok(unmap_info->hook == UNMAP && unmap_info->ret == -EBUSY && unmap_info->iova == AT(7),
		"%s: the unmap", name);
	hooks__say(&pol, MAP, 9);
	tap__err(map(10), -EPERM, "%s: an invalid return value", name);
	tap__is(refusals__read(infos), 3, "%s: is an entry of its own", name);
	tap__is(infos[2].ret, -EPERM, "%s: as the caller got it", name);
}

static void *refused(void *arg)
{
	intptr_t other = 0;

	for (unsigned int i = 0; i < ROUNDS; i++)
		other += map((uintptr_t)arg) != -EXDEV;
	return (void *)other;
}

static void together(void)
{
	static const char name[] = "together";
	pthread_t thread[THREADS];
	intptr_t other = 0;
	void *n;

	say("at the same time");
	hooks__say(&pol, MAP, -EXDEV);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, refused, (void *)(20 + i));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &n);
		other += (intptr_t)n;
	}
	tap__is(other, 0, "%s: all are refused", name);
	tap__is(refusals__read(infos), 4, "%s: one entry", name);
	tap__is(infos[3].times, THREADS * ROUNDS, "%s: each is counted", name);
}

static void gone(void)
{
	static const char name[] = "gone";
	uint32_t id = infos[0].policy;

	policy__unload(&pol);
	tap__is(refusals__read(infos), 4, "%s: entries outlive their policy", name);
	tap__err(hooks__load(&pol, HOOKS_ALL, "@flags=1"), 0, "%s: it is loaded again, for audit",
		 name);
	say("not today");
	hooks__say(&pol, MAP, -EXDEV);
	tap__err(map(30), 0, "%s: a refusal that is not enforced", name);
	tap__is(refusals__read(infos), 5, "%s: is another policy's", name);
	tap__ok(infos[4].policy != id && infos[4].flags == IOMMUFD_POLICY_AUDIT,
		"%s: in audit mode", name);
	policy__unload(&pol);
}

/* The real user is that of the request; the effective one keeps the capabilities. */
static bool become(uid_t uid)
{
	return !setresuid(uid, 0, 0);
}

static void flood(void)
{
	static const char name[] = "flood";
	unsigned int failed = 0;
	char reason[32];
	int nr;

	if (!tap__err(hooks__load(&pol, HOOKS_ALL, ""), 0, "%s: loaded", name))
		return;
	hooks__say(&pol, MAP, -EXDEV);
	tap__ok(become(NOISY), "%s: as another user", name);
	for (unsigned int i = 0; i < FLOOD; i++) {
		snprintf(reason, sizeof(reason), "flood %u", i);
		say(reason);
		failed += map(40) != -EXDEV;
	}
	tap__is(failed, 0, "%s: all are refused", name);
	nr = refusals__read(infos);
	tap__is(nr, IOMMUFD_REFUSALS, "%s: there is no more room", name);
	tap__is(of_user(nr, 0), 5, "%s: the entries of root are there", name);
	tap__is(infos[0].lost, FLOOD - (IOMMUFD_REFUSALS - 5), "%s: the others are counted", name);
	tap__ok(!strcmp(infos[5].reason, "flood 49") && !strcmp(infos[nr - 1].reason, "flood 299"),
		"%s: the newest are kept", name);

	tap__ok(become(QUIET), "%s: a third user", name);
	say("quiet");
	tap__err(map(40), -EXDEV, "%s: is refused once", name);
	tap__ok(become(NOISY), "%s: and the second one", name);
	for (unsigned int i = 0; i < FLOOD; i++) {
		snprintf(reason, sizeof(reason), "again %u", i);
		say(reason);
		map(40);
	}
	tap__ok(become(0), "%s: root again", name);
	nr = refusals__read(infos);
	tap__is(of_user(nr, QUIET), 1, "%s: the entry of the third user is there", name);
	tap__is(of_user(nr, 0), 5, "%s: and those of root", name);
	tap__is(infos[0].lost, 2 * FLOOD - (IOMMUFD_REFUSALS - 6), "%s: all others are counted",
		name);
	fixture__end(&m, &pol, name);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	if (!mem)
		return tap__bail("no memory");
	values();
	together();
	gone();
	flood();
	return tap__done();
}
