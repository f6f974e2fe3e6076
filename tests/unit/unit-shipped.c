// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shipped policies and their rule files give the same verdicts: the sources of the policies are
 * compiled for user space, with maps in memory (shipped/), and decide random requests together with
 * the rules.
 *
 * Finds these faults: a limit is compared with >= here and with > there; a hook is missing in the
 * rules; a bucket fills at another rate; a case that the policy treats in its own way (the memory
 * of a process, a page table without an address space, a PASID that the kernel chooses) has no
 * rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/iopolicy/rules/cases.h"
#include "../lib/tap.h"
#include "shipped/iommufd_policy.bpf.h"

#define REQUESTS 100000 /* of each policy */

struct shipped_world shipped_world;

/* ---- maps in memory ---- */

#define MAPS 8
#define ENTRIES 64

static struct map {
	const void *map;
	size_t key_size, value_size;
	unsigned int nr;
	char *keys, *values;
} maps[MAPS];

static unsigned int nr_maps;

void shipped__add(const void *map, size_t key_size, size_t value_size)
{
	maps[nr_maps++] = (struct map){
		.map = map,
		.key_size = key_size,
		.value_size = value_size,
		.keys = calloc(ENTRIES, key_size),
		.values = calloc(ENTRIES, value_size),
	};
}

void shipped__forget(void)
{
	while (nr_maps) {
		free(maps[--nr_maps].keys);
		free(maps[nr_maps].values);
	}
}

static struct map *find(const void *map)
{
	unsigned int i;

	for (i = 0; i < nr_maps; i++)
		if (maps[i].map == map)
			return &maps[i];
	abort();
}

void *shipped__look_up(const void *map, const void *key)
{
	struct map *m = find(map);
	unsigned int i;

	for (i = 0; i < m->nr; i++)
		if (!memcmp(m->keys + i * m->key_size, key, m->key_size))
			return m->values + i * m->value_size;
	return NULL;
}

int shipped__update(const void *map, const void *key, const void *value, __u64 flags)
{
	struct map *m = find(map);
	void *old = shipped__look_up(map, key);

	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!old && m->nr == ENTRIES)
		return -E2BIG;
	if (!old) {
		memcpy(m->keys + m->nr * m->key_size, key, m->key_size);
		old = m->values + m->nr++ * m->value_size;
	}
	memcpy(old, value, m->value_size);
	return 0;
}

int shipped__delete(const void *map, const void *key)
{
	struct map *m = find(map);
	char *value = shipped__look_up(map, key);
	unsigned int i;

	if (!value)
		return -ENOENT;
	i = (value - m->values) / m->value_size;
	m->nr--;
	memmove(m->keys + i * m->key_size, m->keys + m->nr * m->key_size, m->key_size);
	memmove(value, m->values + m->nr * m->value_size, m->value_size);
	return 0;
}

struct iommufd_ctx_info *shipped__first_iommufd_ctx(void)
{
	return NULL;
}

struct iommufd_object_info *shipped__first_iommufd_object(__u32 ctx, __u32 type)
{
	(void)ctx;
	(void)type;
	return NULL;
}

struct iommufd_area_info *shipped__first_iommufd_area(__u32 ctx, __u32 ioas, __u64 iova)
{
	static struct iommufd_area_info area;

	(void)ctx;
	(void)ioas;
	(void)iova;
	area.kind = IOMMUFD_MEMORY_USER;
	area.prot = IOMMUFD_PROT_READ | (shipped_world.is_writable ? IOMMUFD_PROT_WRITE : 0);
	return &area;
}

/* ---- requests ---- */

static unsigned long long seed = 23;

static unsigned int pick(unsigned int below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

/* At, above or below an edge. */
static __u64 near(__u64 edge)
{
	return edge + pick(3) - 1;
}

static void pick_totals(struct iommufd_policy_request *q)
{
	static const __u64 edges[] = { 1, 8192, 12288, 16384, 1ull << 40 };

	q->need = pick(4) ? 4096 * pick(5) : 0;
	q->process_after = near(edges[pick(5)]);
	q->uid_after = near(edges[pick(5)]);
	q->cgroup_after = near(edges[pick(5)]);
	q->ctx_after = q->process_after;
	q->cgroup_pinned = q->cgroup_after > q->need ? q->cgroup_after - q->need : 0;
}

static void pick_device(struct iommufd_policy_request *q)
{
	static const __u32 vendors[] = { 0x8086, 0x10de, IOMMUFD_NONE };
	static const __u32 products[] = { 0x10c9, 0x10c8, IOMMUFD_NONE };
	static const __u32 addresses[] = { 0x18, 0x19, IOMMUFD_NONE };

	q->vendor = vendors[pick(3)];
	q->product = products[pick(3)];
	q->sbdf = addresses[pick(3)];
	strcpy(q->device_name, pick(2) ? "0000:00:03.0" : "mdev0");
}

static void pick_range(struct iommufd_policy_request *q)
{
	q->iova = pick(2) ? near(0x10000) : near(0x1ffff) - pick(3) * 0x1000;
	q->length = 1 + (pick(2) ? pick(0x10002) : pick(3));
	if (!pick(8)) {
		q->iova = ~0ull - pick(3);
		q->length = 1 + pick(5); /* wraps around, sometimes */
	}
}

static void pick_request(struct rules_case *one, unsigned int hook)
{
	static const __u32 uids[] = { 0, 1000, 1001 };
	struct iommufd_policy_request *q = &one->request;
	unsigned int n = pick(34);

	case__begin(one, hook);
	q->uid = uids[pick(3)];
	q->tgid = 1 + pick(3);
	q->ctx = 1 + pick(3);
	q->cgroup = 1 + pick(3);
	q->ioas = pick(8) ? 1 + pick(2) : IOMMUFD_NONE;
	q->flags = pick(128);
	q->prot = pick(4);
	q->kind = 1 + pick(3);
	q->pasid = n < 32 ? 8 + n : n == 32 ? 0 : IOMMUFD_NONE;
	q->requests = 1 + pick(6);
	pick_totals(q);
	pick_device(q);
	pick_range(q);
	shipped_world.is_writable = pick(2);
	/* Mostly a part of the time in which a token flows. */
	shipped_world.now_ns += pick(4) ? pick(200000000) : 0;
	one->world.kinds = 1u << IOMMUFD_MEMORY_USER;
	one->world.writable = shipped_world.is_writable;
	/* Without an address space, the kernel cannot know what is mapped. */
	one->world.has_areas = q->ioas != IOMMUFD_NONE;
	one->world.cgroup = one->cgroup;
	one->world.now_ns = shipped_world.now_ns;
}

/* ---- verdicts ---- */

static int by_policy(const struct shipped *policy, const struct iommufd_policy_request *q)
{
	int (*hooks[])(const struct iommufd_policy_request *req) = {
#define HOOK(ID, hook, sleep, text) policy->ops->hook,
		IOMMUFD_POLICY_HOOKS(HOOK)
#undef HOOK
	};

	return hooks[q->hook] ? hooks[q->hook](q) : 0;
}

static void compare(const struct shipped *policy, const char *const *sets, unsigned int nr_sets)
{
	static struct rules_verdict verdict;
	struct rules_state *state = rules_state__new();
	unsigned int nr_refused = 0, i, hook = 0;
	struct rules_image *image = NULL;
	struct rules_case one;
	struct rules rules;
	char file[64];
	int want = 0;

	snprintf(file, sizeof(file), "bpf/policies/%s.rules", policy->name);
	if (!tap__err(rules__read(&rules, file, sets, nr_sets), 0, "%s: its rules are valid",
		      policy->name) ||
	    rules__compile(&rules, &image))
		goto out;
	tap__ok(rules__check(&rules), "%s: they lock nobody out", policy->name);
	policy->begin();
	shipped_world.now_ns = 1000000000;
	for (i = 0; i < REQUESTS; i++) {
		hook = pick(IOMMUFD_HOOKS);
		pick_request(&one, hook);
		want = by_policy(policy, &one.request);
		rules__decide(image, &one.request, &one.world, state, &verdict);
		nr_refused += want != 0;
		if (want != verdict.ret)
			break;
	}
	if (!tap__is(i, REQUESTS, "%s: requests with equal verdicts", policy->name))
		tap__diag("hook %u: policy %d, rules %d; uid %u flags %#x prot %u pasid %u ioas %u "
			  "iova %#llx length %#llx need %llu after %llu %llu %llu",
			  hook, want, verdict.ret, one.request.uid, one.request.flags,
			  one.request.prot, one.request.pasid, one.request.ioas, one.request.iova,
			  one.request.length, one.request.need, one.request.process_after,
			  one.request.uid_after, one.request.cgroup_after);
	if (strcmp(policy->name, "audit"))
		tap__ok(nr_refused > REQUESTS / 200 && nr_refused < REQUESTS / 4 * 3,
			"%s: some of them are refused", policy->name);
	tap__diag("%s: %u of %u refused", policy->name, nr_refused, i);
	shipped__forget();
out:
	rules__free(&rules);
	rules_state__free(state);
	free(image);
}

int main(void)
{
	static const char *const quota[] = { "process_limit=8K", "uid_limit=16K",
					     "cgroup_limit=12K" };
	static const char *const window[] = { "window=0x10000..0x1ffff" };
	static const char *const rate[] = { "maps=3/s", "burst=5", "faults=2/s", "fault_burst=4" };

	tap__start();
	compare(&shipped_quota, quota, 3);
	compare(&shipped_readonly, NULL, 0);
	compare(&shipped_iova_guard, window, 1);
	compare(&shipped_pasid_guard, NULL, 0);
	compare(&shipped_rate, rate, 4);
	compare(&shipped_device_allow, NULL, 0);
	compare(&shipped_audit, NULL, 0);
	return tap__done();
}
