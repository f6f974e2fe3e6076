// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random attach, replace, detach and destroy over 64 PASIDs of a device, with DMA running all the
 * time, whose result is known.
 *
 *	pasid-storm [SEED [SEQUENCES]]		1000 sequences of a few operations each
 *
 * Finds these faults: DMA that begins after an operation has returned reaches the space from
 * before; or does not reach the new one; a failed operation changes something; an object is left
 * over, or goes too early, when all these meet.
 *
 * A "space", to which a PASID can be attached, has a page of its own at MOCK_BASE: an IOAS, a HWPT,
 * guest tables, or the process itself, which has memory at that address. Each page is filled with
 * the number of its space. A thread unmaps and maps them again.
 *
 * The model. A slot is the state of a PASID: its number, and the space it is attached to. It
 * has a version, which is odd while an operation on it is under way; so has each space. A thread
 * notes versions and model before a DMA, and looks at the versions after it: if both were even and
 * have not changed, the result must match the model. Otherwise any state is possible, and the DMA
 * counts as unchecked. Three quarters of the slots have a number for good, so that it is known to
 * reach nothing between two objects, too; one is PASID 1024, of which the mock fails every second
 * attachment; the others have numbers that the kernel chooses, also system-wide ones.
 *
 * vm: --mock --smp 2 --append preempt=full
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define SLOTS 64
#define OPERATORS 2 /* threads, each with its own slots */
#define DMAS 3 /* threads that do DMA */
#define MIN_DMAS 50 /* of each kind, and remaps, before the threads stop */
#define FIRST_NUMBER 5000 /* of slots with a number for good */
#define READ_AT 2048 /* devices read here, and write before it */

enum kind { IOAS, HWPT, NESTED, SVA, KINDS };

static const char *const kind_names[KINDS] = { "IOAS", "HWPT", "guest tables", "process" };
static const enum kind space_kinds[] = { IOAS, IOAS,   IOAS,   HWPT, HWPT,
					 HWPT, NESTED, NESTED, SVA,  SVA };

#define SPACES ((int)(sizeof(space_kinds) / sizeof(space_kinds[0])))

struct space {
	enum kind kind;
	uint32_t pt, ioas;
	char *page;  /* the page that DMA reaches; of SVA by another address */
	uint64_t iova;  /* where the page is in ioas */
	atomic_uint version;
	atomic_bool mapped;
};

struct slot {
	atomic_uint version;
	atomic_int space; /* -1: attached to nothing */
	atomic_uint number; /* 0: none, and DMA cannot be done */
	bool for_good;
	bool exists, armed; /* armed: of PASID 1024: the last attachment was good */
	uint32_t id, hwpt;
};

static struct space spaces[SPACES];
static struct slot slots[SLOTS];
static struct mock m;
static int memfd;
static uint64_t seed, sequences = 1000;
static bool gapless; /* a replace attaches the new page table only */
static atomic_bool stop;
static atomic_uint hot; /* slot that was operated on last */
static atomic_ulong remaps;

/* One for each thread. */
struct worker {
	pthread_t thread;
	unsigned int n;
	uint64_t random;
	unsigned long done[8], failed; /* operators */
	unsigned long hits[KINDS], misses, unchecked; /* DMAs */
	int wrong;   /* the first wrong result, */
	char what[160]; /* in words */
};

static struct worker op[OPERATORS], dma[DMAS];

/* Whether the DMA threads and the remapper have done their share, on a machine of any speed. */
static bool enough(void)
{
	unsigned long hits[KINDS] = {}, misses = 0;

	for (unsigned int i = 0; i < DMAS; i++) {
		misses += dma[i].misses;
		for (unsigned int j = 0; j < KINDS; j++)
			hits[j] += dma[i].hits[j];
	}
	for (unsigned int j = 0; j < KINDS; j++)
		if (hits[j] <= MIN_DMAS)
			return false;
	return misses > MIN_DMAS && atomic_load(&remaps) > MIN_DMAS;
}

static uint32_t rnd(struct worker *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 16) % n;
}

static bool unexpected(struct worker *w, const struct slot *slot, const char *what, int got,
		       int want)
{
	if (got == want)
		return false;
	if (!w->wrong++)
		snprintf(w->what, sizeof(w->what),
			 "%s, slot %zu, number %u, space %d: got %d, expected %d", what,
			 slot - slots, atomic_load(&slot->number), atomic_load(&slot->space), got,
			 want);
	return true;
}

/* ---- spaces ---- */

static void fill(int i)
{
	uint64_t *words = (void *)spaces[i].page;

	for (size_t w = 0; w < P / sizeof(*words); w++)
		words[w] = 0x5afe0000 + i;
}

/* Guest memory of four pages: three tables, and the page that they map. */
static int open_nested(struct space *s)
{
	struct iommu_hwpt_mock_s1 data = { .table = MOCK_BASE };
	char *guest = mem__small(4 * P);
	volatile uint64_t *table = (void *)guest;
	uint32_t parent;
	int ret;

	table[MOCK_BASE >> 30 & 511] = (MOCK_BASE + P) | MOCK_S1_PRESENT;
	table[512 + (MOCK_BASE >> 21 & 511)] = (MOCK_BASE + 2 * P) | MOCK_S1_PRESENT;
	table[1024 + (MOCK_BASE >> 12 & 511)] = (MOCK_BASE + 3 * P) | MOCK_S1_PRESENT |
						MOCK_S1_WRITE;
	s->page = guest + 3 * P;
	s->iova = MOCK_BASE + 3 * P;
	ret = ioas__map_at(m.fd, s->ioas, guest, 3 * P, MOCK_BASE);
	if (!ret)
		ret = mock__hwpt(&m, s->ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	if (!ret)
		ret = mock__hwpt(&m, parent, PASID, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data),
				 &s->pt);
	return ret;
}

/* The same page is seen at MOCK_BASE, if it is mapped there, and at s->page. */
static int open_sva(struct space *s)
{
	s->page = mmap(NULL, P, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	return s->page == MAP_FAILED ? -errno : sva__alloc(m.fd, &s->pt);
}

static int map_space(struct space *s)
{
	void *here = (void *)MOCK_BASE;

	if (s->kind != SVA)
		return ioas__map_at(m.fd, s->ioas, s->page, P, s->iova);
	if (mmap(here, P, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memfd, 0) != here)
		return -errno;
	return 0;
}

static int unmap_space(struct space *s)
{
	if (s->kind != SVA)
		return ioas__unmap_at(m.fd, s->ioas, s->iova, P);
	return munmap((void *)MOCK_BASE, P) ? -errno : 0;
}

static int open_space(int i)
{
	struct space *s = &spaces[i];
	int ret = 0;

	*s = (struct space){ .kind = space_kinds[i], .iova = MOCK_BASE };
	if (s->kind == SVA) {
		ret = open_sva(s);
	} else {
		ret = ioas__alloc(m.fd, &s->ioas);
		s->pt = s->ioas;
		s->page = s->kind == NESTED ? NULL : mem__small(P);
		if (!ret && s->kind == HWPT)
			ret = mock__hwpt(&m, s->ioas, PASID, 0, 0, NULL, 0, &s->pt);
		if (!ret && s->kind == NESTED)
			ret = open_nested(s);
	}
	if (ret)
		return ret;
	fill(i);
	atomic_store(&s->mapped, true);
	return map_space(s);
}

/* Both spaces of the process have one page at one address: count both as the first. */
static int mapping_of(int space)
{
	return spaces[space].kind == SVA ? SPACES - 2 : space;
}

static void *remapper(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop)) {
		struct space *s = &spaces[mapping_of(rnd(w, SPACES))];
		bool mapped = atomic_load(&s->mapped);
		int ret;

		atomic_fetch_add(&s->version, 1);
		ret = mapped ? unmap_space(s) : map_space(s);
		if (ret && !w->wrong++)
			snprintf(w->what, sizeof(w->what), "%s: %d", mapped ? "unmap" : "map", ret);
		atomic_store(&s->mapped, mapped == !!ret);
		atomic_fetch_add(&s->version, 1);
		atomic_fetch_add(&remaps, 1);
		/* Longer mapped than not. */
		usleep(rnd(w, mapped ? 500 : 3000));
	}
	return NULL;
}

/* ---- operations ---- */

enum { ALLOC, ATTACH, REPLACE, DETACH, DESTROY };

/* The result of one more attachment of PASID 1024. */
static int armed_result(struct slot *slot)
{
	if (slot != &slots[0])
		return 0;
	slot->armed = !slot->armed;
	return slot->armed ? 0 : -ENOMEM;
}

static int do_alloc(struct worker *w, struct slot *slot)
{
	uint32_t flags = slot->for_good ? IOMMU_EXT_PASID_FIXED : 0, number = 0;
	int ret;

	if (!slot->for_good && !rnd(w, 3))
		flags = IOMMU_EXT_PASID_GLOBAL;
	if (slot->for_good)
		number = atomic_load(&slot->number);
	ret = pasid__alloc(m.fd, m.dev, flags, number, 0, &slot->id, &number);
	if (unexpected(w, slot, "alloc", ret, 0))
		return ret;
	slot->exists = true;
	atomic_store(&slot->number, number);
	return 0;
}

static int do_attach(struct worker *w, struct slot *slot)
{
	int space = rnd(w, SPACES), attached = atomic_load(&slot->space);
	int want = attached >= 0 ? -EBUSY : armed_result(slot);
	int ret = pasid__attach(m.fd, slot->id, spaces[space].pt, &slot->hwpt);

	unexpected(w, slot, "attach", ret, want);
	if (!ret)
		atomic_store(&slot->space, space);
	return ret;
}

static int do_replace(struct worker *w, struct slot *slot)
{
	int space = rnd(w, SPACES), attached = atomic_load(&slot->space);
	int want = attached < 0 ? -EINVAL : 0, ret;

	/* By the same table there is nothing to do; SVA has a new one each time. */
	if (!want && (space != attached || spaces[space].kind == SVA)) {
		want = armed_result(slot);
		if (want && !gapless)
			armed_result(slot); /* of the old one, which comes back */
	}
	ret = pasid__replace(m.fd, slot->id, spaces[space].pt, &slot->hwpt);
	unexpected(w, slot, "replace", ret, want);
	if (!ret)
		atomic_store(&slot->space, space);
	return ret;
}

static int do_detach(struct worker *w, struct slot *slot)
{
	int ret = pasid__detach(m.fd, slot->id);

	unexpected(w, slot, "detach", ret, atomic_load(&slot->space) < 0 ? -EINVAL : 0);
	if (!ret)
		atomic_store(&slot->space, -1);
	return ret;
}

static int do_destroy(struct worker *w, struct slot *slot)
{
	int ret = iommu__destroy(m.fd, slot->id);

	unexpected(w, slot, "destroy", ret, atomic_load(&slot->space) < 0 ? 0 : -EBUSY);
	if (!ret) {
		slot->exists = false;
		if (!slot->for_good)
			atomic_store(&slot->number, 0);
	}
	return ret;
}

static void operate(struct worker *w, struct slot *slot, unsigned int what)
{
	static int (*const ops[])(struct worker *w, struct slot *slot) = {
		do_alloc, do_attach, do_replace, do_detach, do_destroy,
	};
	int ret;

	atomic_fetch_add(&slot->version, 1);
	ret = ops[what](w, slot);
	atomic_fetch_add(&slot->version, 1);
	if (ret)
		w->failed++;
	else
		w->done[what]++;
}

/* Whether the query of a slot agrees with the model. */
static void check_query(struct worker *w, struct slot *slot)
{
	struct iommu_ext_pasid_query q = {};
	int space = atomic_load(&slot->space), ret = pasid__query(m.fd, slot->id, &q);
	uint32_t pt = space < 0 ? IOMMU_EXT_NONE : spaces[space].pt;

	unexpected(w, slot, "query", ret, 0);
	unexpected(w, slot, "query: number", q.out_pasid, atomic_load(&slot->number));
	unexpected(w, slot, "query: attached", q.out_pt_id, pt);
	unexpected(w, slot, "query: state", q.out_state & ~IOMMU_EXT_PASID_IS_GLOBAL,
		   space < 0 ? 0 : IOMMU_EXT_PASID_IS_ATTACHED);
	unexpected(w, slot, "query: table", q.out_hwpt_id, space < 0 ? IOMMU_EXT_NONE : slot->hwpt);
}

/* A few operations on one slot; most are in order, and some must be refused. */
static void *operator(void *arg)
{
	struct worker *w = arg;

	for (uint64_t i = w->n; i < sequences || (!enough() && i < 1000 * sequences);
	     i += OPERATORS) {
		unsigned int at = rnd(w, SLOTS / OPERATORS) * OPERATORS + w->n;
		struct slot *slot = &slots[at];

		atomic_store(&hot, at);
		if (!slot->exists)
			operate(w, slot, ALLOC);
		for (unsigned int n = 2 + rnd(w, 5); n && slot->exists; n--) {
			bool attached = atomic_load(&slot->space) >= 0;

			if (!rnd(w, 8))
				operate(w, slot, 1 + rnd(w, 4));
			else if (attached)
				operate(w, slot, rnd(w, 3) ? REPLACE : DETACH);
			else
				operate(w, slot, rnd(w, 3) ? ATTACH : DESTROY);
			if (slot->exists && !rnd(w, 4))
				check_query(w, slot);
			sched_yield();
		}
	}
	return NULL;
}

/* ---- DMA ---- */

/* Reads 64 bytes, or writes them to where this thread alone writes. */
static int do_dma(struct worker *w, uint32_t number, bool write, uint64_t *data)
{
	uint64_t at = MOCK_BASE + (write ? w->n * 64 : READ_AT);

	if (write)
		for (unsigned int i = 0; i < 8; i++)
			data[i] = w->random;
	return mock__dma(&m, number, at, data, 64, write);
}

/* Check the result of a DMA that met space, or nothing if that is -1. */
static void check_dma(struct worker *w, const struct slot *slot, int space, bool mapped, bool write,
		      const uint64_t *data, int ret)
{
	int want = 0, kind = space < 0 ? -1 : (int)spaces[space].kind;

	if (space < 0)
		want = -EFAULT;
	else if (!mapped)
		want = kind == SVA ? -EIO : -EFAULT;
	if (unexpected(w, slot, write ? "DMA write" : "DMA read", ret, want))
		return;
	if (ret) {
		w->misses++;
		return;
	}
	w->hits[kind]++;
	for (unsigned int i = 0; i < 8 && !write; i++) {
		/* The process has one page, which was filled last for its last space. */
		int page = kind == SVA ? SPACES - 1 : space;

		if (unexpected(w, slot, "DMA read: wrong memory", data[i] - 0x5afe0000, page))
			return;
	}
	if (write && memcmp(spaces[space].page + w->n * 64, data, 64))
		unexpected(w, slot, "DMA write: not there", 1, 0);
}

static void dma_once(struct worker *w)
{
	static const struct space nowhere = {};
	struct slot *slot = &slots[rnd(w, 3) ? atomic_load(&hot) : rnd(w, SLOTS)];
	unsigned int version = atomic_load(&slot->version), space_version;
	uint32_t number = atomic_load(&slot->number);
	int space = atomic_load(&slot->space), ret;
	const struct space *s = space < 0 ? &nowhere : &spaces[mapping_of(space)];
	bool write = rnd(w, 3) == 0, mapped;
	uint64_t data[8] = {};

	space_version = atomic_load(&s->version);
	mapped = atomic_load(&s->mapped);
	if (!number)
		return;
	ret = do_dma(w, number, write, data);
	/* Whether it is in place has to be looked at before the versions are. */
	if (write && !ret && space >= 0 && memcmp(spaces[space].page + w->n * 64, data, 64))
		ret = -EBADMSG;
	if (version & 1 || space_version & 1 || atomic_load(&s->version) != space_version ||
	    atomic_load(&slot->version) != version)
		w->unchecked++;
	else
		check_dma(w, slot, space, mapped, write, data, ret);
}

static void *dma_main(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop))
		dma_once(w);
	return NULL;
}

/* ---- the whole ---- */

static bool open_all(void)
{
	uint32_t whole;
	int ret;

	memfd = memfd_create("storm", MFD_CLOEXEC);
	if (memfd < 0 || ftruncate(memfd, P))
		return false;
	ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &whole);
	if (!ret)
		ret = mock__replace(&m, whole);
	for (int i = 0; i < SPACES && !ret; i++)
		ret = open_space(i);
	for (unsigned int i = 0; i < SLOTS; i++) {
		atomic_store(&slots[i].space, -1);
		slots[i].for_good = i % 4 != 3;
		if (slots[i].for_good)
			atomic_store(&slots[i].number,
				     i ? FIRST_NUMBER + i : IOMMU_TEST_PASID_RESERVED);
	}
	return tap__err(ret, 0, "a device, and %d address spaces", SPACES);
}

static void start(struct worker *w, unsigned int n, void *(*fn)(void *arg))
{
	static unsigned int nr;

	*w = (struct worker){ .n = n, .random = (seed + ++nr) * 0x9e3779b97f4a7c15u | 1 };
	pthread_create(&w->thread, NULL, fn, w);
}

static void join(struct worker *w, const char *name)
{
	pthread_join(w->thread, NULL);
	if (w->wrong)
		tap__diag("%s %u: %s (and %d more)", name, w->n, w->what, w->wrong - 1);
	tap__is(w->wrong, 0, "%s %u: no wrong result", name, w->n);
}

static void report(void)
{
	unsigned long done[8] = {}, hits[KINDS] = {}, misses = 0, unchecked = 0, failed = 0;

	for (unsigned int i = 0; i < OPERATORS; i++) {
		failed += op[i].failed;
		for (unsigned int j = 0; j < 8; j++)
			done[j] += op[i].done[j];
	}
	for (unsigned int i = 0; i < DMAS; i++) {
		misses += dma[i].misses;
		unchecked += dma[i].unchecked;
		for (unsigned int j = 0; j < KINDS; j++)
			hits[j] += dma[i].hits[j];
	}
	tap__diag("%lu alloc, %lu attach, %lu replace, %lu detach, %lu destroy, %lu failed",
		  done[ALLOC], done[ATTACH], done[REPLACE], done[DETACH], done[DESTROY], failed);
	tap__diag("DMA: %lu faults, %lu not checked; %lu remaps", misses, unchecked,
		  atomic_load(&remaps));
	tap__ok(done[ALLOC] > 50 && done[ATTACH] > 100 && done[REPLACE] > 100 &&
			done[DETACH] > 50 && done[DESTROY] > 20 && failed > 50,
		"enough of each operation");
	for (unsigned int i = 0; i < KINDS; i++)
		tap__ok(hits[i] > MIN_DMAS, "%s: %lu DMAs were checked", kind_names[i], hits[i]);
	tap__ok(misses > MIN_DMAS, "%lu DMAs were checked to reach nothing", misses);
	tap__ok(atomic_load(&remaps) > MIN_DMAS, "enough was unmapped and mapped");
}

/* All PASIDs go in order, and nothing is left. */
static void clean_up(int objects)
{
	struct iommufd_mock_device_counts counts = {};
	struct worker w = { .random = seed | 1 };

	for (unsigned int i = 0; i < SLOTS; i++) {
		if (atomic_load(&slots[i].space) >= 0)
			operate(&w, &slots[i], DETACH);
		if (slots[i].exists)
			operate(&w, &slots[i], DESTROY);
	}
	tap__is(w.wrong, 0, "all are detached and destroyed");
	mock__device_counts(&m, &counts);
	tap__is(counts.pasids, 0, "the device has none attached");
	tap__is(mock__objects(m.fd), objects, "no object is left");
}

/* The device goes with PASIDs attached and DMA running: then there is neither. */
static void test_removal(void)
{
	struct worker w = { .random = seed | 1 };
	uint64_t data;
	int left = 0;

	sequences = 200;
	operator(&w);
	atomic_store(&stop, false);
	for (unsigned int i = 0; i < DMAS; i++)
		start(&dma[i], i, dma_main);
	usleep(100000);
	/* From here on the model does not hold. */
	for (unsigned int i = 0; i < SLOTS; i++)
		atomic_fetch_add(&slots[i].version, 1);
	tap__err(iommu__destroy(m.fd, m.obj), 0, "the device goes");
	for (unsigned int i = 0; i < SLOTS; i++)
		left += slots[i].exists && iommu__destroy(m.fd, slots[i].id) != -ENOENT;
	tap__is(left, 0, "and with it its PASIDs");
	tap__err(mock__dma(&m, FIRST_NUMBER + 1, MOCK_BASE, &data, 8, false), -ENOENT, "DMA ends");
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < DMAS; i++)
		join(&dma[i], "last DMA");
}

int main(int argc, char **argv)
{
	struct worker map;
	int objects;

	seed = time(NULL);
	gapless = mock__replaces_pasids();
	if (argc > 3 || (argc > 1 && args__number(argv[1], UINT64_MAX, &seed)) ||
	    (argc > 2 && args__number(argv[2], 1000000, &sequences)))
		return 2;
	tap__start();
	tap__diag("seed %llu", (unsigned long long)seed);
	if (!open_all())
		return tap__done();
	objects = mock__objects(m.fd);
	for (unsigned int i = 0; i < DMAS; i++)
		start(&dma[i], i, dma_main);
	start(&map, 0, remapper);
	for (unsigned int i = 0; i < OPERATORS; i++)
		start(&op[i], i, operator);
	for (unsigned int i = 0; i < OPERATORS; i++)
		join(&op[i], "operator");
	atomic_store(&stop, true);
	join(&map, "remapper");
	for (unsigned int i = 0; i < DMAS; i++)
		join(&dma[i], "DMA");
	report();
	clean_up(objects);
	test_removal();
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
