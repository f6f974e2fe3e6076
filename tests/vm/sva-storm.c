// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process changes its memory all the time while devices use its page table: no DMA may meet a
 * page that the process has no more.
 *
 *	sva-storm [SEED [MILLISECONDS]]
 *
 * Each way of change takes MILLISECONDS (5000 if not given), and longer until enough was seen, up
 * to eight times that.
 *
 * Finds these faults: an entry of the IOTLB that survives munmap() or madvise(), or comes back
 * just after it; a page looked up before a change and used after it; a write that goes to the page
 * that was there before, which has another owner by then.
 *
 * Each page of an area has a life of its own:
 *
 *	LIVE	it is there, and full of a stamp: its number and its generation
 *	GOING	it is being unmapped, or given up
 *	GONE	that call has returned: the page reads as 0, or there is none
 *	COMING	it is made, and stamped with the next generation
 *
 * Each thread that does a DMA notes generation and state before and after it. A read must return 0
 * or a stamp of that page; of the generation noted before, if that was LIVE, or of a later one; and
 * if nothing has changed meanwhile the result must match the state. A device writes stamps, too, to
 * another part of the page; so a write to a page that is gone shows as a foreign stamp in the page
 * that has got that memory since.
 *
 * vm: --mock --smp 2 --append preempt=full
 * takes: 22
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
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
#define PAGES 24
#define DMAS 3
#define WORDS 8 /* of a DMA */
#define ENOUGH_GONE 20  /* reads of a page that is gone */
#define READ_AT 1024  /* the process writes here; devices write before it */
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID

enum state { LIVE, GOING, GONE, COMING };

/* How a page goes. */
enum way { UNMAP, DONTNEED, REPLACE_MAP, PROTECT, WAYS };

static const char *const way_names[WAYS] = {
	"munmap",
	"MADV_DONTNEED",
	"mmap over it",
	"mprotect, munmap",
};

static struct mock m;
static uint32_t nr;
static char *area;
static int mem_fd;   /* /proc/self/mem */
static enum way way;
static atomic_bool stop;
static atomic_ulong changes;
/* generation << 2 | enum state */
static atomic_ulong pages[PAGES];
static uint64_t seed, duration = 5000;

struct worker {
	pthread_t thread;
	unsigned int n;
	uint64_t random;
	unsigned long live, gone, unchecked, written;
	int wrong;
	char what[160];
};

static uint32_t rnd(struct worker *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 16) % n;
}

static void wrong(struct worker *w, const char *what, unsigned int page, unsigned long before,
		  unsigned long after, long long got)
{
	if (!w->wrong++)
		snprintf(w->what, sizeof(w->what),
			 "%s: page %u, generation %lu state %lu to %lu state %lu: %llx", what, page,
			 before >> 2, before & 3, after >> 2, after & 3, got);
}

/* ---- the process ---- */

static uint64_t stamp(unsigned int page, unsigned long generation)
{
	return 0x57a0000000000000 | (uint64_t)page << 40 | generation;
}

static bool is_stamp(uint64_t word, unsigned int page)
{
	return word >> 40 == stamp(page, 0) >> 40;
}

static int go(char *page)
{
	switch (way) {
	case PROTECT:
		if (mprotect(page, P, PROT_READ))
			return -errno;
		/* fall through */
	case UNMAP:
		return munmap(page, P) ? -errno : 0;
	case DONTNEED:
		return madvise(page, P, MADV_DONTNEED) ? -errno : 0;
	default:
		return mmap(page, P, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page ?
			       0 :
			       -errno;
	}
}

static int come(char *page)
{
	if (way == DONTNEED || way == REPLACE_MAP)
		return 0;
	return mmap(page, P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) == page ?
		       0 :
		       -errno;
}

static void set_state(unsigned int page, unsigned long generation, enum state state)
{
	atomic_store(&pages[page], generation << 2 | state);
}

static void write_stamps(unsigned int page, unsigned long generation)
{
	volatile uint64_t *words = (void *)(area + page * P);

	for (unsigned int i = READ_AT / 8; i < P / 8; i++)
		words[i] = stamp(page, generation);
}

static void *change_main(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop)) {
		unsigned int page = rnd(w, PAGES);
		unsigned long generation = atomic_load(&pages[page]) >> 2;
		int ret;

		set_state(page, generation, GOING);
		ret = go(area + page * P);
		set_state(page, generation, GONE);
		if (rnd(w, 2))
			usleep(rnd(w, 400));
		set_state(page, ++generation, COMING);
		if (!ret)
			ret = come(area + page * P);
		if (ret) {
			wrong(w, "change", page, generation, generation, ret);
			break;
		}
		write_stamps(page, generation);
		set_state(page, generation, LIVE);
		atomic_fetch_add(&changes, 1);
		if (!rnd(w, 16))
			usleep(rnd(w, 1000));
	}
	return NULL;
}

/* ---- the device ---- */

static bool reads_zero(void)
{
	return way == DONTNEED || way == REPLACE_MAP;
}

/* Whether a DMA that began in one state may read word: 0, or a recent stamp of the page. */
static bool may_read(uint64_t word, unsigned int page, unsigned long before)
{
	unsigned long generation = before >> 2, last = word & 0xffffffffff;

	if (!word)
		return true;
	if (!is_stamp(word, page))
		return false;
	return (before & 3) == GONE ? last > generation : last >= generation;
}

static void check_read(struct worker *w, unsigned int page, const uint64_t *data, int ret,
		       unsigned long before, unsigned long after)
{
	bool same = before == after, live = same && (before & 3) == LIVE;
	bool gone = same && (before & 3) == GONE;

	if (ret && ret != -EIO)
		wrong(w, "read fails", page, before, after, ret);
	else if (live && ret)
		wrong(w, "cannot read a page that is there", page, before, after, ret);
	else if (gone && !ret != reads_zero())
		wrong(w, "read of a page that is gone", page, before, after, ret);
	for (unsigned int i = 0; i < WORDS && !ret; i++) {
		if (!may_read(data[i], page, before))
			wrong(w, "stale or foreign", page, before, after, data[i]);
		else if (live && data[i] != stamp(page, before >> 2))
			wrong(w, "not the stamp", page, before, after, data[i]);
		else if (gone && data[i])
			wrong(w, "not 0", page, before, after, data[i]);
	}
	w->live += live;
	w->gone += gone;
	w->unchecked += !live && !gone;
}

static void read_once(struct worker *w)
{
	unsigned int page = rnd(w, PAGES), at = READ_AT + 8 * rnd(w, (P - READ_AT) / 8 - WORDS);
	uint64_t data[WORDS] = {};
	unsigned long before = atomic_load(&pages[page]);
	int ret = mock__dma(&m, nr, (uintptr_t)area + page * P + at, data, sizeof(data), false);

	check_read(w, page, data, ret, before, atomic_load(&pages[page]));
}

/* Where devices write there are stamps of that page only, or nothing. */
static void check_written(struct worker *w, unsigned int page, unsigned long before)
{
	uint64_t data[READ_AT / 8];
	off_t at = (uintptr_t)area + page * P;

	if (pread(mem_fd, data, sizeof(data), at) != sizeof(data))
		return;
	for (unsigned int i = 0; i < READ_AT / 8; i++)
		if (data[i] && !is_stamp(data[i], page))
			wrong(w, "foreign write", page, before, atomic_load(&pages[page]), data[i]);
}

static void write_once(struct worker *w)
{
	unsigned int page = rnd(w, PAGES), at = w->n * sizeof(uint64_t) * WORDS;
	unsigned long before = atomic_load(&pages[page]);
	uint64_t data[WORDS], got[WORDS] = {};
	uintptr_t address = (uintptr_t)area + page * P + at;
	bool same, seen;
	int ret;

	for (unsigned int i = 0; i < WORDS; i++)
		data[i] = stamp(page, rnd(w, 1 << 30));
	ret = mock__dma(&m, nr, address, data, sizeof(data), true);
	/* Read through a system call, which does not fault on an unmapped page. */
	seen = !ret && pread(mem_fd, got, sizeof(got), address) == sizeof(got) &&
	       !memcmp(got, data, sizeof(got));
	same = atomic_load(&pages[page]) == before;
	if (ret && ret != -EIO)
		wrong(w, "write fails", page, before, before, ret);
	else if (same && (before & 3) == LIVE && !seen)
		wrong(w, "write is not there", page, before, before, ret);
	else if (same && (before & 3) == GONE && !ret != reads_zero())
		wrong(w, "write to a page that is gone", page, before, before, ret);
	w->written += same && seen;
	check_written(w, page, before);
}

static void *dma_main(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop)) {
		if (rnd(w, 3))
			read_once(w);
		else
			write_once(w);
	}
	return NULL;
}

/* ---- the whole ---- */

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
	tap__is(w->wrong, 0, "%s: %s %u: no wrong result", way_names[way], what, w->n);
}

static bool enough(const struct worker *dma)
{
	unsigned long live = 0, gone = 0, written = 0, unchecked = 0;

	for (unsigned int i = 0; i < DMAS; i++) {
		live += dma[i].live;
		gone += dma[i].gone;
		written += dma[i].written;
		unchecked += dma[i].unchecked;
	}
	return atomic_load(&changes) > 50 && live > 50 && gone > ENOUGH_GONE && written > 50 &&
	       unchecked > 20;
}

static void test_way(void)
{
	unsigned long live = 0, gone = 0, written = 0, unchecked = 0;
	struct worker change, dma[DMAS];
	const char *name = way_names[way];

	for (unsigned int page = 0; page < PAGES; page++) {
		write_stamps(page, 1);
		set_state(page, 1, LIVE);
	}
	atomic_store(&stop, false);
	atomic_store(&changes, 0);
	for (unsigned int i = 0; i < DMAS; i++)
		start(&dma[i], i, dma_main);
	start(&change, 0, change_main);
	usleep(duration * 1000);
	tap__until(enough(dma));
	atomic_store(&stop, true);
	join(&change, "process");
	for (unsigned int i = 0; i < DMAS; i++) {
		join(&dma[i], "DMA");
		live += dma[i].live;
		gone += dma[i].gone;
		written += dma[i].written;
		unchecked += dma[i].unchecked;
	}
	tap__diag("%s: %lu changes; read %lu live, %lu gone, %lu others; wrote %lu", name,
		  atomic_load(&changes), live, gone, unchecked, written);
	tap__ok(enough(dma), "%s: enough of each", name);
}

static bool open_all(void)
{
	uint32_t whole, sva, id;
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &whole);
	if (!ret)
		ret = mock__replace(&m, whole);
	if (!ret)
		ret = sva__alloc(m.fd, &sva);
	if (!ret)
		ret = pasid__new(m.fd, m.dev, &id, &nr);
	if (!ret)
		ret = pasid__attach(m.fd, id, sva, NULL);
	mem_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	area = mmap(NULL, PAGES * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return tap__err(ret, 0, "the process's page table is attached") && mem_fd >= 0 &&
	       area != MAP_FAILED;
}

int main(int argc, char **argv)
{
	seed = time(NULL);
	if (argc > 3 || (argc > 1 && args__number(argv[1], UINT64_MAX, &seed)) ||
	    (argc > 2 && args__number(argv[2], 600000, &duration)))
		return 2;
	tap__start();
	tap__diag("seed %llu", (unsigned long long)seed);
	if (!open_all())
		return tap__done();
	for (way = 0; way < WAYS; way++)
		test_way();
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
