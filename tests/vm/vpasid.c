// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation of PASIDs, seen through the mock's mediated driver: a guest writes a number that it
 * knows to a queue of the device, the driver asks iommufd which number that is on the bus, and DMA
 * of the queue carries it.
 *
 *	vpasid [SEED [MILLISECONDS]]	of the storm at the end, 8000 if not given
 *
 * Finds these faults: a number is looked up that is gone, another device's, or not complete yet;
 * a driver that has a number in hardware gets no call when the number goes, or gets it before
 * look-ups fail, so that a queue keeps the number, or gets it back; a number has another owner
 * while a queue still has it.
 *
 * Every IOAS has one page mapped at MOCK_BASE, page n of mem, which its contents identify.
 *
 * vm: --mock --smp 2 --append preempt=full
 * takes: 10
 */
#include <errno.h>
#include <pthread.h>
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
#define PAGES 4
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define VIRT IOMMU_EXT_PASID_VIRT
#define GLOBAL IOMMU_EXT_PASID_GLOBAL
#define EMPTY UINT32_MAX /* the value of a register without PASID */

static struct mock m;
static char *mem, *here;
static uint32_t whole, ioas[PAGES], hwpt[PAGES], sva;

static bool open_all(const char *name)
{
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	tap__diag("%s", name);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &whole);
	if (!ret)
		ret = mock__replace(&m, whole);
	for (unsigned int i = 0; i < PAGES && !ret; i++) {
		ret = ioas__alloc(m.fd, &ioas[i]);
		if (!ret)
			ret = ioas__map_at(m.fd, ioas[i], mem + i * P, P, MOCK_BASE);
		if (!ret)
			ret = mock__hwpt(&m, ioas[i], PASID, 0, 0, NULL, 0, &hwpt[i]);
	}
	if (!ret)
		ret = sva__alloc(m.fd, &sva);
	return tap__err(ret, 0, "%s: address spaces", name);
}

static uint32_t new_virt(const struct mock *dev, uint32_t flags, uint32_t fixed, uint32_t virt,
			 uint32_t *number)
{
	uint32_t id = 0;

	if (pasid__alloc(dev->fd, dev->dev, VIRT | flags, fixed, virt, &id, number))
		tap__ok(false, "virtual PASID %u", virt);
	return id;
}

static int guest(uint32_t queue, uint32_t virt)
{
	return mock__queue(&m, queue, MOCK_QUEUE_GUEST, virt, NULL, NULL);
}

static int table(uint32_t queue, uint32_t pt)
{
	return mock__queue(&m, queue, MOCK_QUEUE_TABLE, pt, NULL, NULL);
}

static uint32_t in_queue(uint32_t queue)
{
	uint32_t number = 0;

	mock__queue(&m, queue, MOCK_QUEUE_READ, 0, &number, NULL);
	return number;
}

/* Which page of mem the DMA of a queue finds, or -errno. */
static int page(uint32_t queue)
{
	char data[64];
	int ret = mock__dma_queue(&m, queue, MOCK_BASE, data, sizeof(data), false);

	for (int i = 0; !ret && i < PAGES; i++)
		if (!memcmp(data, mem + i * P, sizeof(data)))
			return i;
	return ret ? ret : -1;
}

/* ---- by virtual number ---- */

static void test_virt(void)
{
	static const char name[] = "virtual";
	uint32_t a, b, nr, nr2;

	if (!open_all(name))
		return;
	tap__err(guest(0, 5), -ENOENT, "%s: 5 is not there", name);
	a = new_virt(&m, 0, 0, 5, &nr);
	tap__err(guest(0, 5), 0, "%s: now it is", name);
	tap__is(in_queue(0), nr, "%s: the queue has the number of the bus", name);
	tap__is(page(0), -EFAULT, "%s: it reaches nothing yet", name);
	tap__err(pasid__attach(m.fd, a, ioas[1], NULL), 0, "%s: attach", name);
	tap__is(page(0), 1, "%s: page 1", name);
	tap__err(guest(0, nr), -ENOENT, "%s: the number of the bus is none of the guest's", name);
	tap__is(in_queue(0), EMPTY, "%s: the queue is empty then", name);
	tap__is(page(0), -ENXIO, "%s: and does no DMA", name);
	tap__err(guest(0, 0), -ENOENT, "%s: 0 is none", name);
	tap__err(guest(0, 1 << 20 | 5), -ENOENT, "%s: nor is 5 with more bits", name);
	tap__err(guest(0, UINT32_MAX), -ENOENT, "%s: nor the largest", name);

	b = new_virt(&m, 0, 0, 6, &nr2);
	tap__err(pasid__attach(m.fd, b, hwpt[2], NULL), 0, "%s: 6 to another", name);
	for (uint32_t queue = 0; queue < MOCK_QUEUES; queue++)
		guest(queue, queue & 1 ? 5 : 6);
	tap__ok(page(0) == 2 && page(1) == 1 && page(6) == 2 && page(7) == 1,
		"%s: eight queues, each with its own", name);
	tap__err(pasid__replace(m.fd, b, hwpt[3], NULL), 0, "%s: replace 6", name);
	tap__ok(page(0) == 3 && in_queue(0) == nr2, "%s: the queue finds that", name);
	tap__err(pasid__detach(m.fd, b), 0, "%s: detach 6", name);
	tap__ok(page(0) == -EFAULT && in_queue(0) == nr2, "%s: it has the number, and nothing more",
		name);
	tap__err(iommu__destroy(m.fd, b), 0, "%s: destroy 6", name);
	for (uint32_t queue = 0; queue < MOCK_QUEUES; queue++)
		if (in_queue(queue) != (queue & 1 ? nr : EMPTY))
			tap__ok(false, "%s: queue %u", name, queue);
	tap__is(page(0), -ENXIO, "%s: no DMA", name);
	tap__is(page(1), 1, "%s: 5 still works", name);
	tap__err(guest(0, 6), -ENOENT, "%s: 6 is not there any more", name);
	b = new_virt(&m, 0, 0, 6, &nr2);
	tap__err(pasid__attach(m.fd, b, sva, NULL), 0, "%s: a new 6", name);
	tap__is(page(2), -ENXIO, "%s: a device with the old one reaches nothing", name);
	tap__err(guest(2, 6), 0, "%s: until the guest writes it again", name);
	tap__is(page(2), 0, "%s: that is the process's memory", name);
	tap__err(pasid__detach(m.fd, a), 0, "%s: detach 5", name);
	tap__err(iommu__destroy(m.fd, a), 0, "%s: destroy 5", name);
	tap__is(page(1), -ENXIO, "%s: its queues are empty", name);
	tap__is(page(2), 0, "%s: others are not", name);
	close(m.fd);
}

static void test_two_devices(void)
{
	static const char name[] = "two devices";
	uint32_t a, b, c, nr, nr2, nr3;
	struct mock one, two, foreign;

	if (!open_all(name))
		return;
	one = m;
	tap__err(mock__add(&two, &m, whole, MOCK_FLAGS_DEVICE_PASID), 0, "%s: another", name);
	a = new_virt(&one, 0, 0, 5, &nr);
	b = new_virt(&two, IOMMU_EXT_PASID_FIXED, 4242, 5, &nr2);
	tap__err(pasid__attach(m.fd, a, ioas[1], NULL), 0, "%s: 5 of the first", name);
	tap__err(pasid__attach(m.fd, b, ioas[2], NULL), 0, "%s: 5 of the second", name);
	guest(0, 5);
	tap__ok(in_queue(0) == nr && page(0) == 1, "%s: the first has its 5", name);
	m = two;
	guest(0, 5);
	tap__ok(in_queue(0) == nr2 && nr2 == 4242 && page(0) == 2, "%s: the second its own", name);
	tap__err(table(1, ioas[1]), -ENOENT, "%s: the first one's table is not its", name);

	/* A system-wide one is the same for both. */
	c = new_virt(&one, GLOBAL, 0, 7, &nr3);
	tap__err(guest(1, 7), -ENOENT, "%s: 7 of the first is not for the second", name);
	a = new_virt(&two, GLOBAL | IOMMU_EXT_PASID_FIXED, nr3, 7, &nr);
	tap__err(guest(1, 7), 0, "%s: until it has it, too", name);
	tap__is(in_queue(1), nr3, "%s: it is the same number", name);
	m = one;
	tap__err(guest(1, 7), 0, "%s: for the first", name);
	tap__is(in_queue(1), nr3, "%s: it is the same number", name);
	tap__err(iommu__destroy(m.fd, c), 0, "%s: the first gives it up", name);
	tap__is(in_queue(1), EMPTY, "%s: its queue is empty", name);
	m = two;
	tap__is(in_queue(1), nr3, "%s: the second's is not", name);
	tap__err(iommu__destroy(m.fd, a), 0, "%s: the second gives it up", name);
	tap__is(in_queue(1), EMPTY, "%s: its queue is empty", name);
	tap__is(in_queue(0), nr2, "%s: that with 5 is not", name);

	tap__err(mock__open(&foreign, MOCK_FLAGS_DEVICE_PASID), 0, "%s: another file", name);
	tap__err(mock__queue(&foreign, 0, MOCK_QUEUE_GUEST, 5, NULL, NULL), -ENOENT,
		 "%s: does not find it", name);
	close(foreign.fd);
	tap__err(iommu__destroy(m.fd, one.obj), 0, "%s: the first goes", name);
	tap__ok(in_queue(0) == nr2 && page(0) == 2, "%s: the second still works", name);
	close(m.fd);
}

/* ---- by page table ---- */

static void test_table(void)
{
	static const char name[] = "table";
	uint32_t a, b, c, nr, nr2, nr3, automatic;

	if (!open_all(name))
		return;
	tap__err(table(0, ioas[1]), -ENOENT, "%s: nothing is attached", name);
	a = new_virt(&m, IOMMU_EXT_PASID_FIXED, 100, 5, &nr);
	tap__err(pasid__alloc(m.fd, m.dev, IOMMU_EXT_PASID_FIXED, 200, 0, &b, &nr2), 0,
		 "%s: a PASID that is not virtual", name);
	tap__err(pasid__attach(m.fd, b, ioas[1], &automatic), 0, "%s: attach it", name);
	tap__err(table(0, ioas[1]), 0, "%s: the queue finds it", name);
	tap__ok(in_queue(0) == 200 && page(0) == 1, "%s: 200, page 1", name);
	tap__err(table(1, automatic), -ENOENT, "%s: but not by its automatic page table", name);

	/* The lowest of several, and the next one when that goes. */
	tap__err(pasid__attach(m.fd, a, ioas[1], NULL), 0, "%s: 100, too", name);
	tap__err(table(2, ioas[1]), 0, "%s: another queue", name);
	tap__is(in_queue(2), 100, "%s: has the lower one", name);
	tap__is(in_queue(0), 100, "%s: so has the first then", name);
	tap__err(pasid__detach(m.fd, a), 0, "%s: detach 100", name);
	tap__ok(in_queue(2) == 200 && page(2) == 1, "%s: both have 200", name);
	tap__err(pasid__replace(m.fd, b, hwpt[2], NULL), 0, "%s: 200 goes to another table", name);
	tap__ok(in_queue(0) == EMPTY && in_queue(2) == EMPTY, "%s: both are empty", name);
	tap__is(page(0), -ENXIO, "%s: and do no DMA", name);
	tap__err(table(3, hwpt[2]), 0, "%s: a queue for that", name);
	tap__is(page(3), 2, "%s: page 2", name);
	tap__err(pasid__attach(m.fd, a, ioas[1], NULL), 0, "%s: 100 comes back", name);
	tap__ok(page(0) == 1 && page(2) == 1, "%s: the two follow", name);
	tap__err(pasid__replace(m.fd, a, ioas[1], NULL), 0, "%s: by itself", name);
	tap__is(page(0), 1, "%s: it stays", name);
	mock__fail(&m, m.dev, MOCK_FAIL_ATTACH, 0, 1);
	tap__ok(pasid__replace(m.fd, a, hwpt[3], NULL) < 0, "%s: a replace that fails", name);
	tap__ok(page(0) == 1 && table(4, hwpt[3]) == -ENOENT, "%s: changes nothing", name);

	tap__err(pasid__alloc(m.fd, m.dev, 0, 0, 0, &c, &nr3), 0, "%s: one for the process", name);
	tap__err(pasid__attach(m.fd, c, sva, NULL), 0, "%s: attach", name);
	tap__err(table(5, sva), 0, "%s: a queue for the process", name);
	tap__ok(page(5) == 0 && in_queue(5) == nr3, "%s: its memory", name);
	tap__err(pasid__detach(m.fd, c), 0, "%s: detach", name);
	tap__is(page(5), -ENXIO, "%s: it is empty", name);

	/* PASIDs that a driver attaches by number are found by table, too. */
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 300, hwpt[3]), 0, "%s: 300 by number",
		 name);
	tap__err(table(5, hwpt[3]), 0, "%s: a queue for it", name);
	tap__ok(in_queue(5) == 300 && page(5) == 3, "%s: 300, page 3", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, 300, 0), 0, "%s: detach", name);
	tap__is(in_queue(5), EMPTY, "%s: it is empty", name);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", name);
}

/* ---- calls of the driver's callback ---- */

static uint64_t told(void)
{
	uint64_t n = 0;

	mock__queue(&m, 0, MOCK_QUEUE_READ, 0, NULL, &n);
	return n;
}

static void test_told(void)
{
	static const char name[] = "callback";
	uint64_t before;
	uint32_t a, nr;
	int ret = 0;

	if (!open_all(name))
		return;
	before = told();
	for (int i = 0; i < 7 && !ret; i++) {
		a = new_virt(&m, 0, 0, 5, &nr);
		ret = pasid__attach(m.fd, a, ioas[1], NULL);
		if (!ret)
			ret = pasid__replace(m.fd, a, hwpt[2], NULL);
		if (!ret)
			ret = pasid__detach(m.fd, a);
		if (!ret)
			ret = iommu__destroy(m.fd, a);
	}
	tap__err(ret, 0, "%s: seven PASIDs come and go", name);
	tap__is(told() - before, 7 * 5, "%s: five changes for each", name);

	before = told();
	a = new_virt(&m, 0, 0, 5, &nr);
	pasid__attach(m.fd, a, ioas[1], NULL);
	tap__is(told() - before, 2, "%s: made, and attached", name);
	before = told();
	tap__err(pasid__attach(m.fd, a, ioas[2], NULL), -EBUSY, "%s: attach again", name);
	tap__err(pasid__replace(m.fd, a, 0x7fffffff, NULL), -ENOENT, "%s: by nothing", name);
	tap__err(iommu__destroy(m.fd, a), -EBUSY, "%s: destroy", name);
	tap__err(pasid__alloc(m.fd, m.dev, VIRT, 0, 5, &a, &nr), -EEXIST, "%s: 5 twice", name);
	tap__is(told() - before, 0, "%s: a failed change makes no call", name);
	close(m.fd);
}

/* The device goes with all its queues programmed. */
static void test_unbind(void)
{
	static const char name[] = "device goes";
	uint32_t a, nr;
	struct mock two;

	if (!open_all(name))
		return;
	tap__err(mock__add(&two, &m, whole, MOCK_FLAGS_DEVICE_PASID), 0, "%s: two devices", name);
	for (uint32_t i = 0; i < MOCK_QUEUES; i++) {
		a = new_virt(&m, 0, 0, 1 + i, &nr);
		pasid__attach(m.fd, a, ioas[i % PAGES], NULL);
		if (i & 1 ? table(i, ioas[i % PAGES]) : guest(i, 1 + i))
			tap__ok(false, "%s: queue %u", name, i);
	}
	tap__ok(page(7) == 3 && page(0) == 0, "%s: all queues do DMA", name);
	tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: destroy", name);
	tap__err(guest(0, 1), -ENOENT, "%s: then there are no queues", name);
	tap__is(page(0), -ENOENT, "%s: nor DMA", name);
	m = two;
	tap__err(guest(0, 1), -ENOENT, "%s: the other device has none of it", name);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", name);
}

/* ---- all at once ---- */

#define CHANGERS 2
#define WRITERS 2
#define VIRTS 6 /* from 1 on; each changer has every second one */

/*
 * The state of a guest's number. The version is odd while it is being changed; life counts the
 * objects that it was given; page is -1 if it is attached to nothing.
 */
struct virt {
	atomic_uint version, life;
	atomic_uint number;  /* 0: there is no object */
	atomic_int page;
	uint32_t id;
};

struct worker {
	pthread_t thread;
	unsigned int n;
	uint64_t random;
	unsigned long done, checked, reached, stale;
	int wrong;
	char what[160];
};

static struct virt virts[VIRTS];
static atomic_bool stop;
static uint64_t seed, duration = 8000;

static uint32_t rnd(struct worker *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 16) % n;
}

static void expect(struct worker *w, const char *what, unsigned int virt, long long got,
		   long long want)
{
	if (got != want && !w->wrong++)
		snprintf(w->what, sizeof(w->what), "%s: virtual PASID %u: got %lld, expected %lld",
			 what, virt + 1, got, want);
}

/* One step of a number's life. */
static void change(struct worker *w, unsigned int i)
{
	struct virt *v = &virts[i];
	uint32_t number = atomic_load(&v->number), to = rnd(w, PAGES);
	int at = atomic_load(&v->page), ret;

	if (!number) {
		ret = pasid__alloc(m.fd, m.dev, VIRT | (rnd(w, 4) ? 0 : GLOBAL), 0, 1 + i, &v->id,
				   &number);
		if (!ret)
			atomic_store(&v->number, number);
		atomic_fetch_add(&v->life, 1);
		expect(w, "alloc", i, ret, 0);
	} else if (at < 0 && rnd(w, 3)) {
		ret = pasid__attach(m.fd, v->id, rnd(w, 2) ? ioas[to] : hwpt[to], NULL);
		atomic_store(&v->page, to);
		expect(w, "attach", i, ret, 0);
	} else if (at < 0) {
		ret = iommu__destroy(m.fd, v->id);
		atomic_store(&v->number, 0);
		expect(w, "destroy", i, ret, 0);
		/* System-wide numbers come back at once, and may be the other thread's by now. */
		for (uint32_t queue = 0; number >= 1000 && queue < MOCK_QUEUES; queue++)
			if (in_queue(queue) == number)
				expect(w, "a queue has it after that", i, number, EMPTY);
	} else if (rnd(w, 2)) {
		ret = pasid__replace(m.fd, v->id, rnd(w, 2) ? ioas[to] : hwpt[to], NULL);
		atomic_store(&v->page, to);
		expect(w, "replace", i, ret, 0);
	} else {
		ret = pasid__detach(m.fd, v->id);
		atomic_store(&v->page, -1);
		expect(w, "detach", i, ret, 0);
	}
	w->done += !ret;
}

static void *change_main(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop)) {
		unsigned int i = rnd(w, VIRTS / CHANGERS) * CHANGERS + w->n;

		atomic_fetch_add(&virts[i].version, 1);
		change(w, i);
		atomic_fetch_add(&virts[i].version, 1);
		if (!rnd(w, 3))
			usleep(rnd(w, 300));
	}
	return NULL;
}

/* The guest's number that a queue has, at a time. */
struct given {
	bool known; /* else nothing yet, or it was changed just then */
	unsigned int virt, life; /* life 0: it was refused, and the queue is empty */
};

/* The version, if it is even, after which the rest can be read; else false. */
static bool look(const struct virt *v, unsigned int *version)
{
	*version = atomic_load(&v->version);
	return !(*version & 1);
}

static bool still(const struct virt *v, unsigned int version)
{
	return atomic_load(&v->version) == version;
}

static void write_queue(struct worker *w, uint32_t queue, struct given *given)
{
	unsigned int i = rnd(w, VIRTS), version, life;
	struct virt *v = &virts[i];
	bool even = look(v, &version), exists = atomic_load(&v->number);
	int ret;

	life = atomic_load(&v->life);
	ret = guest(queue, 1 + i);
	*given = (struct given){
		.known = even && still(v, version),
		.virt = i,
		.life = ret ? 0 : life,
	};
	if (given->known)
		expect(w, "write", i, ret, exists ? 0 : -ENOENT);
}

/* A DMA of a queue, which may have got its number some time ago, and must have lost it in time. */
static void use_queue(struct worker *w, uint32_t queue, const struct given *given)
{
	struct virt *v = &virts[given->virt];
	unsigned int version;
	bool even = look(v, &version);
	bool lives = atomic_load(&v->number) && atomic_load(&v->life) == given->life;
	int at = atomic_load(&v->page), got = page(queue);

	if (!even || !still(v, version))
		return;
	expect(w, lives ? "DMA" : "DMA with a number that is gone", given->virt, got,
	       !lives ? -ENXIO :
	       at < 0 ? -EFAULT :
			at);
	w->checked++;
	w->reached += got >= 0;
	w->stale += given->life && !lives;
}

/* Each writer has its own queues. */
static void *write_main(void *arg)
{
	struct given given[MOCK_QUEUES] = {};
	struct worker *w = arg;

	while (!atomic_load(&stop)) {
		uint32_t queue = rnd(w, MOCK_QUEUES / WRITERS) * WRITERS + w->n;

		if (!given[queue].known || !rnd(w, 4))
			write_queue(w, queue, &given[queue]);
		if (given[queue].known)
			use_queue(w, queue, &given[queue]);
		w->done++;
	}
	return NULL;
}

static void start(struct worker *w, unsigned int n, void *(*fn)(void *arg))
{
	static unsigned int count;

	*w = (struct worker){ .n = n, .random = (seed + ++count) * 0x9e3779b97f4a7c15u | 1 };
	pthread_create(&w->thread, NULL, fn, w);
}

static void join(struct worker *w, const char *what)
{
	pthread_join(w->thread, NULL);
	if (w->wrong)
		tap__diag("%s, and %d more", w->what, w->wrong - 1);
	tap__is(w->wrong, 0, "storm: %s %u: no wrong result", what, w->n);
}

static bool enough(const struct worker *change, const struct worker *writer)
{
	unsigned long changes = 0, checked = 0, reached = 0, stale = 0;

	for (unsigned int i = 0; i < CHANGERS; i++)
		changes += change[i].done;
	for (unsigned int i = 0; i < WRITERS; i++) {
		checked += writer[i].checked;
		reached += writer[i].reached;
		stale += writer[i].stale;
	}
	return changes > 200 && checked > 500 && reached > 100 && stale > 50;
}

static void test_storm(void)
{
	struct worker change[CHANGERS], writer[WRITERS];
	unsigned long changes = 0, checked = 0, reached = 0, stale = 0;
	uint64_t before;

	if (!open_all("storm"))
		return;
	for (unsigned int i = 0; i < VIRTS; i++)
		atomic_store(&virts[i].page, -1);
	before = told();
	for (unsigned int i = 0; i < WRITERS; i++)
		start(&writer[i], i, write_main);
	for (unsigned int i = 0; i < CHANGERS; i++)
		start(&change[i], i, change_main);
	usleep(duration * 1000);
	tap__until(enough(change, writer));
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < CHANGERS; i++) {
		join(&change[i], "changer");
		changes += change[i].done;
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		join(&writer[i], "writer");
		checked += writer[i].checked;
		reached += writer[i].reached;
		stale += writer[i].stale;
	}
	tap__is(told() - before, changes, "storm: the driver got a call for each change");
	tap__diag("%lu changes, %lu DMAs checked: %lu reached memory, %lu had lost their number",
		  changes, checked, reached, stale);
	tap__ok(enough(change, writer), "storm: enough of each");
	close(m.fd);
	tap__is(mem__pinned(0), 0, "storm: nothing is pinned");
}

int main(int argc, char **argv)
{
	seed = time(NULL);
	if (argc > 3 || (argc > 1 && args__number(argv[1], UINT64_MAX, &seed)) ||
	    (argc > 2 && args__number(argv[2], 600000, &duration)))
		return 2;
	tap__start();
	tap__diag("seed %llu", (unsigned long long)seed);
	mem = mem__small(PAGES * P);
	here = mmap((void *)MOCK_BASE, P, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (!mem || here != (void *)MOCK_BASE)
		return tap__bail("no memory");
	mem__fill(mem, PAGES * P, 1);
	/* By its own page table the process looks like page 0. */
	memcpy(here, mem, P);
	test_virt();
	test_two_devices();
	test_table();
	test_told();
	test_unbind();
	test_storm();
	return tap__done();
}
