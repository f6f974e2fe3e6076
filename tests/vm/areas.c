// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas of an IOAS, many at once: the function iommufd_list_areas() for BPF programs, against the
 * iterator, against the calls that made the areas, and its cost for 200,000 of them.
 *
 * Finds these faults: an area is missed, given twice or out of order where one step ends and the
 * next one begins; huge pages or runs of an IOAS are not the sum of its areas' after a split, an
 * unmap, or the end of the last page table; a record of another size writes beyond the buffer; the
 * time of a map is that of another event, or lies ahead because the map was made while the areas
 * are listed; an attach that fails leaves runs behind; listing looks up the IOAS for each area.
 *
 * The guest's time counts instructions, one ns each.
 *
 * vm: --mock --icount
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/say.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/look.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define AT(n) (MOCK_BASE + (n) * P)
#define AREA sizeof(struct iommufd_area_info)
#define MANY 200000ul
#define MANY_NS 20000000ull
/* A unit of 16 jiffies, at 100 per second. */
#define TICK_NS 160000000ull

static struct look look;
static struct mock m;
static char *mem;

static uint32_t ctx_of(int fd)
{
	uint64_t val = UINT64_MAX;

	iommu__fdinfo(fd, "iommufd-context", &val);
	return val;
}

/* List areas from an address on, in one step. */
static int list(uint32_t ioas, uint64_t from, uint32_t flags, uint32_t size, uint32_t room)
{
	struct look_many many = {
		.walk = { .ctx = ctx_of(m.fd),
			  .ioas = ioas,
			  .from = from,
			  .flags = flags,
			  .size = size },
		.room = room,
	};

	return look__many(&look, &many);
}

static int list_all(uint32_t ioas)
{
	return list(ioas, 0, 0, AREA, LOOK_MANY);
}

/* Whether steps of so many areas give the same as the iterator. */
static bool steps_are_right(uint32_t ioas, unsigned int step)
{
	int n = look__areas(&look, ctx_of(m.fd), ioas, 0), at = 0;
	struct look_many many = {
		.walk = { .ctx = ctx_of(m.fd), .ioas = ioas, .size = AREA },
		.room = step * AREA,
	};

	while (!many.walk.done) {
		int got = look__many(&look, &many);

		if (got < 0 || at + got > n)
			return false;
		for (int i = 0; i < got; i++, at++) {
			struct iommufd_area_info a = look.many[i];

			/* The clocks are read anew. */
			a.since_ns = look.areas[at].since_ns;
			if (memcmp(&a, &look.areas[at], AREA))
				return false;
		}
	}
	return at == n;
}

/* ---- what a record tells ---- */

static uint32_t payer_of(int fd)
{
	return look__payers(&look, ctx_of(fd)) > 0 ? (uint32_t)look.payers[0].id : 0;
}

static void records(void)
{
	static const char name[] = "records";
	const uint32_t rw = IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE;
	uint64_t before, after, iova = AT(9), mid = AT(20), copy = AT(40);
	int memfd = memfd_create("areas", MFD_CLOEXEC);
	const struct iommufd_area_info *a = look.many;
	uint32_t bare;
	int buf;

	if (!mock__start(&m, name, 0))
		return;
	buf = hooks__dmabuf(m.fd, 4 * P);
	ftruncate(memfd, 8 * P);
	tap__is(list_all(m.ioas), 0, "%s: none at first", name);
	tap__err(ioas__map_at(m.fd, m.ioas, mem, 3 * P, AT(0)), 0, "%s: memory", name);
	usleep(1000000);
	before = say__now();
	tap__err(ioas__map(m.fd, m.ioas, mem + 4 * P, P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "%s: to be read, a second later", name);
	after = say__now();
	tap__err(hooks__map_file(&m, m.ioas, buf, P, 2 * P, IOAS_RW | IOAS_FIXED, &mid), 0,
		 "%s: of a dma-buf", name);
	mid = AT(30);
	tap__err(hooks__map_file(&m, m.ioas, memfd, 2 * P, 4 * P, IOAS_RW | IOAS_FIXED, &mid), 0,
		 "%s: of a memfd", name);
	tap__err(ioas__copy(m.fd, m.ioas, m.ioas, AT(0), P, IOAS_R | IOAS_FIXED, &copy), 0,
		 "%s: a copy", name);
	usleep(500000);
	tap__is(list_all(m.ioas), 5, "%s: five", name);
	for (int i = 0; i < 5; i++)
		tap__diag("%#llx+%#llx start %#llx prot %u kind %u runs %llu huge %u tgid %u "
			  "flags %#x, %llu ns after the second map",
			  a[i].iova, a[i].length, a[i].start, a[i].prot, a[i].kind, a[i].runs,
			  a[i].huge, a[i].tgid, a[i].flags, a[i].since_ns - before);
	tap__ok(a[0].iova == AT(0) && a[0].length == 3 * P && a[0].start == (uintptr_t)mem &&
			a[0].prot == rw && a[0].kind == IOMMUFD_MEMORY_USER && a[0].runs &&
			!a[0].huge && !a[0].flags,
		"%s: memory of the process", name);
	tap__ok(a[1].prot == IOMMUFD_PROT_READ && a[1].runs == 1, "%s: to be read only", name);
	tap__ok(a[2].kind == IOMMUFD_MEMORY_DMABUF && !a[2].runs && a[2].start == P,
		"%s: a dma-buf has no runs", name);
	tap__ok(a[3].kind == IOMMUFD_MEMORY_FILE && a[3].start == 2 * P, "%s: a memfd", name);
	tap__ok(a[4].flags == IOMMUFD_AREA_COPY && a[4].kind == IOMMUFD_MEMORY_USER &&
			a[4].prot == IOMMUFD_PROT_READ && a[4].start == (uintptr_t)mem,
		"%s: a copy", name);
	tap__ok(a[0].tgid == (uint32_t)getpid() && a[0].payer && a[0].payer == payer_of(m.fd),
		"%s: we pay", name);
	tap__ok(a[1].since_ns + TICK_NS >= before && a[1].since_ns <= after + TICK_NS &&
			a[0].since_ns + 1000000000 - TICK_NS <= a[1].since_ns,
		"%s: when they were mapped", name);
	tap__ok(a[2].since_ns + TICK_NS >= before && a[2].since_ns <= after + 4 * TICK_NS &&
			a[4].since_ns >= a[1].since_ns,
		"%s: so are a dma-buf and a copy", name);
	tap__err(ioas__alloc(m.fd, &bare), 0, "%s: another IOAS", name);
	tap__err(mock__replace(&m, bare), 0, "%s: the device goes there", name);
	list_all(m.ioas);
	tap__ok(!a[0].runs && !a[1].runs && !a[0].huge, "%s: without a page table no runs", name);
	tap__err(mock__replace(&m, m.ioas), 0, "%s: and back", name);
	list_all(m.ioas);
	tap__ok(a[0].runs && a[1].runs == 1, "%s: runs again", name);
	close(memfd);
	close(buf);
	close(m.fd);
}

/* ---- steps ---- */

static void steps(void)
{
	static const char name[] = "steps";
	const uint64_t top = -(uint64_t)P;
	const struct iommufd_area_info *a = look.many;
	unsigned char *bytes = (unsigned char *)look.many;
	uint32_t bare;
	int ret = 0;

	if (!mock__start(&m, name, 0))
		return;
	for (int i = 0; i < 150 && !ret; i++)
		ret = ioas__map_at(m.fd, m.ioas, mem, P, AT(2 * i));
	tap__err(ret, 0, "%s: 150 areas", name);
	for (unsigned int step = 1; step < 160; step += step < 3 ? 1 : 31)
		tap__ok(steps_are_right(m.ioas, step), "%s: of %u as of the iterator", name, step);
	tap__is(list(m.ioas, AT(3), 0, AREA, AREA), 1, "%s: one from a gap on", name);
	tap__hex(a[0].iova, AT(4), "%s: the one above", name);
	tap__is(list(m.ioas, AT(3), IOMMUFD_WALK_BELOW, AREA, 3 * AREA), 3, "%s: with below", name);
	tap__hex(a[0].iova, AT(2), "%s: the one below comes first", name);
	tap__is(list(m.ioas, AT(4) + 1, IOMMUFD_WALK_BELOW, AREA, 3 * AREA), 3,
		"%s: of one that is mapped", name);
	tap__ok(a[0].iova == AT(2) && a[1].iova == AT(4), "%s: likewise", name);
	tap__is(list(m.ioas, 0, IOMMUFD_WALK_BELOW, AREA, AREA), 1, "%s: none is below", name);
	tap__hex(a[0].iova, AT(0), "%s: so the first one is first", name);
	tap__is(list(m.ioas, AT(1000), IOMMUFD_WALK_BELOW, AREA, 3 * AREA), 1,
		"%s: beyond all of them", name);
	tap__hex(a[0].iova, AT(298), "%s: the last one", name);

	tap__is(list(m.ioas, 0, 0, AREA, AREA - 1), -EINVAL, "%s: no room for one", name);
	tap__is(list(m.ioas, 0, 0, 7, LOOK_MANY), -EINVAL, "%s: records of no use", name);
	tap__is(list(m.ioas, 0, 2, AREA, LOOK_MANY), -EINVAL, "%s: an unknown flag", name);
	memset(bytes, 0xee, LOOK_MANY);
	tap__is(list(m.ioas, AT(1), 0, 16, 2 * 16), 2, "%s: addresses and lengths", name);
	tap__ok(((uint64_t *)a)[0] == AT(2) && ((uint64_t *)a)[1] == P &&
			((uint64_t *)a)[2] == AT(4) && ((uint64_t *)a)[3] == P && bytes[32] == 0xee,
		"%s: are right", name);
	memset(bytes, 0xee, LOOK_MANY);
	tap__is(list(m.ioas, 0, 0, 24, 2 * 24 + 23), 2, "%s: shorter records", name);
	tap__ok(a[0].iova == AT(0) && ((uint64_t *)a)[3] == AT(2) && bytes[48] == 0xee,
		"%s: are cut, and nothing is written behind them", name);
	tap__is(list(m.ioas, 0, 0, 80, 2 * 80), 2, "%s: longer records", name);
	tap__ok(((uint64_t *)a)[10] == AT(2) && !((uint64_t *)a)[9] && !((uint64_t *)a)[19] &&
			bytes[160] == 0xee,
		"%s: end with 0", name);
	tap__is(list(m.dev, 0, 0, AREA, LOOK_MANY), -ENOENT, "%s: a device has no areas", name);

	tap__err(ioas__alloc(m.fd, &bare), 0, "%s: all addresses", name);
	tap__err(ioas__map_at(m.fd, bare, mem, P, 0), 0, "%s: the first ones", name);
	tap__err(ioas__map_at(m.fd, bare, mem, P, top), 0, "%s: the last ones", name);
	for (unsigned int step = 1; step < 4; step++)
		tap__ok(steps_are_right(bare, step), "%s: both, %u at a time", name, step);
	tap__is(list(bare, UINT64_MAX, IOMMUFD_WALK_BELOW, AREA, LOOK_MANY), 2,
		"%s: from the last address on", name);
	tap__is(look__areas(&look, ctx_of(m.fd), bare, 0), 2, "%s: the iterator ends, too", name);
	close(m.fd);
}

/* ---- maps made meanwhile ---- */

#define LISTED 900
#define RACE_NS 3000000000ull

static atomic_bool is_over;

static void *map_at_the_end(void *ret)
{
	int *err = ret;

	while (!is_over && !*err) {
		*err = ioas__map_at(m.fd, m.ioas, mem, P, AT(2 * LISTED));
		*err = *err ?: ioas__unmap_at(m.fd, m.ioas, AT(2 * LISTED), P);
	}
	return NULL;
}

/* No area is from the future. The unit of times ends within a listing now and then. */
static void maps_meanwhile(void)
{
	static const char name[] = "maps meanwhile";
	uint64_t begin = say__now(), latest = 0, after = 0, seen = 0;
	const struct iommufd_area_info *a = look.many;
	pthread_t mapper;
	int ret = 0, err = 0, n;

	m.fd = iommu__open();
	ret = ioas__alloc(m.fd, &m.ioas);
	for (int i = 0; i < LISTED && !ret; i++)
		ret = ioas__map_at(m.fd, m.ioas, mem, P, AT(2 * i));
	tap__err(ret, 0, "%s: %d areas", name, LISTED);
	is_over = false;
	pthread_create(&mapper, NULL, map_at_the_end, &err);
	while (say__now() - begin < RACE_NS && latest <= after) {
		n = list_all(m.ioas);
		after = say__now();
		for (int i = 0; i < n; i++)
			if (a[i].since_ns > latest)
				latest = a[i].since_ns;
		seen += n > LISTED;
	}
	is_over = true;
	pthread_join(mapper, NULL);
	tap__err(err, 0, "%s: one is mapped and unmapped all the time", name);
	tap__ok(seen, "%s: it is seen", name);
	tap__ok(latest <= after, "%s: no area is newer than the listing: %llu, listed at %llu",
		name, (unsigned long long)latest, (unsigned long long)after);
	close(m.fd);
}

/* ---- an attach that fails ---- */

static void failed_attach(void)
{
	static const char name[] = "failed attach";
	const struct iommufd_area_info *a = look.many;
	uint32_t bare;

	if (!mock__start(&m, name, 0))
		return;
	tap__err(ioas__alloc(m.fd, &bare), 0, "%s: an IOAS without a page table", name);
	tap__err(ioas__map_at(m.fd, bare, mem, P, AT(0)), 0, "%s: an area", name);
	tap__err(ioas__map_at(m.fd, bare, mem + P, P, AT(5)), 0, "%s: and another one", name);
	tap__err(mock__fail(&m, m.dev, MOCK_FAIL_NEW_TABLE, 1, 1), 0,
		 "%s: the second map of a new page table shall fail", name);
	tap__err(mock__replace(&m, bare), -ENOMEM, "%s: attach", name);
	tap__is(list_all(bare), 2, "%s: both are there", name);
	tap__is(a[0].runs, 0, "%s: no runs in that which was mapped", name);
	tap__is(a[1].runs, 0, "%s: nor in that which was not", name);
	tap__err(mock__fail(&m, m.dev, MOCK_FAIL_NEW_TABLE, 0, 0), 0, "%s: no more", name);
	tap__err(mock__replace(&m, bare), 0, "%s: attach again", name);
	list_all(bare);
	tap__ok(a[0].runs == 1 && a[1].runs == 1, "%s: a run each", name);
	close(m.fd);
}

/* ---- huge pages ---- */

/* Whether the totals of the IOAS are the sums of its areas. */
static bool sums_are_right(uint32_t huge)
{
	int n = list_all(m.ioas), objects = look__objects(&look, ctx_of(m.fd), IOMMUFD_INFO_IOAS);
	uint64_t runs = 0, sum = 0;

	for (int i = 0; i < n; i++) {
		runs += look.many[i].runs;
		sum += look.many[i].huge;
		tap__diag("%#llx+%#llx: %llu runs, %u huge", look.many[i].iova, look.many[i].length,
			  look.many[i].runs, look.many[i].huge);
	}
	for (int i = 0; i < objects; i++)
		if (look.objects[i].id == m.ioas)
			return look.objects[i].runs == runs && look.objects[i].huge == sum &&
			       sum == huge;
	return false;
}

static void huge_pages(void)
{
	static const char name[] = "huge pages";
	char *huge = mem__huge(4 * MEM_HUGE);
	const uint64_t base = MOCK_BASE;

	if (!huge || !mem__is_huge(huge, 4 * MEM_HUGE)) {
		tap__skip("the kernel gave no huge pages", "%s", name);
		return;
	}
	if (!mock__start(&m, name, 0))
		return;
	/* Version 1 of type1 splits areas. */
	tap__err(compat__ioas(m.fd, IOMMU_VFIO_IOAS_SET, &m.ioas), 0, "%s: type1", name);
	tap__err(iommu__ioctl(m.fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1_IOMMU), 0, "%s: version 1",
		 name);
	tap__err(type1__map(m.fd, huge, 4 * MEM_HUGE, TYPE1_RW, base), 0, "%s: map four", name);
	tap__ok(sums_are_right(4), "%s: four", name);
	tap__err(type1__unmap_at(m.fd, base + MEM_HUGE + 5 * P, P), 0, "%s: a hole in one", name);
	tap__ok(sums_are_right(3), "%s: three are whole", name);
	tap__err(type1__unmap_at(m.fd, base + 3 * MEM_HUGE, P), 0, "%s: the first page of one",
		 name);
	tap__ok(sums_are_right(2), "%s: two", name);
	tap__err(type1__unmap_at(m.fd, base + 3 * MEM_HUGE - P, P), 0, "%s: the last of one", name);
	tap__ok(sums_are_right(1), "%s: one", name);
	tap__err(type1__unmap_at(m.fd, base + MEM_HUGE, 3 * MEM_HUGE), 0, "%s: the upper ones",
		 name);
	tap__ok(sums_are_right(1), "%s: the first one is left", name);
	tap__err(type1__unmap_at(m.fd, base + MEM_HUGE - P, P), 0, "%s: its last page", name);
	tap__ok(sums_are_right(0), "%s: none is left", name);
	tap__err(type1__unmap_at(m.fd, base, MEM_HUGE), 0, "%s: all", name);
	tap__err(type1__map(m.fd, huge + P, 2 * MEM_HUGE, TYPE1_RW, base), 0, "%s: not aligned",
		 name);
	tap__ok(sums_are_right(1), "%s: one is in it", name);
	tap__err(type1__unmap_at(m.fd, base, 2 * MEM_HUGE), 0, "%s: nor is that left", name);
	tap__ok(sums_are_right(0), "%s: nothing", name);
	close(m.fd);
	mem__free(huge, 4 * MEM_HUGE);
}

/* ---- cost ---- */

static void cost(void)
{
	static const char name[] = "cost";
	uint64_t start, took, iova = P;
	struct look_many many;
	unsigned long n = 0;
	uint32_t ioas;
	int ret;

	m.fd = iommu__open();
	tap__err(ioas__alloc(m.fd, &ioas), 0, "%s: an IOAS", name);
	ret = ioas__map(m.fd, ioas, mem, P, IOAS_RW | IOAS_FIXED, &iova);
	/* Each copy doubles the areas, except for the last one. */
	for (unsigned long have = 1; have < MANY && !ret; have *= 2) {
		unsigned long more = have * 2 > MANY ? MANY - have : have;

		iova = P * (1 + have);
		ret = ioas__copy(m.fd, ioas, ioas, P, more * P, IOAS_RW | IOAS_FIXED, &iova);
	}
	tap__err(ret, 0, "%s: with %lu areas", name, MANY);
	many = (struct look_many){
		.walk = { .ctx = ctx_of(m.fd), .ioas = ioas, .size = AREA },
		.room = LOOK_MANY,
	};
	start = say__now();
	while (!many.walk.done && look__many(&look, &many) >= 0)
		n += many.ret;
	took = say__now() - start;
	tap__is(n, MANY, "%s: all are listed", name);
	tap__diag("%llu instructions in all, %llu for each area", (unsigned long long)took,
		  (unsigned long long)took / MANY);
	/* A kernel with lockdep takes many times as many. */
	if (!access("/proc/lockdep_stats", F_OK))
		tap__skip("a debug kernel", "%s: its cost", name);
	else
		tap__ok(took < MANY_NS, "%s: in less than %llu instructions", name, MANY_NS);
	close(m.fd);
}

int main(void)
{
	tap__start();
	mem = mem__small(64 * P);
	if (!mem || look__open(&look))
		return tap__bail("no memory, or no BPF");
	records();
	steps();
	maps_meanwhile();
	failed_attach();
	huge_pages();
	cost();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
