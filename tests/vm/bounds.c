// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays and bitmaps of user space, with sizes that make no sense.
 *
 * Finds these faults:
 *	- invalidation: an entry length of 0 makes the same entry be read for ever, one that is
 *	  shorter than the struct makes it be read beyond the array, a large one wraps when it is
 *	  multiplied; the number of entries that comes back is not that of those done; a kill
 *	  does not end it;
 *	- dirty bitmaps: a length of 0 is taken for all, a page size of 0 divides, and one that is
 *	  no power of 2, or odd addresses, set bits in front of the bitmap or behind it.
 *
 * Bitmaps stand between canaries, and at the end of memory. Which entries of an invalidation were
 * done is seen in the mock's IOTLB: four words, each of which an entry sets to 0.
 *
 * vm: --mock
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define WORDS MOCK_NESTED_DOMAIN_IOTLB_NUM
#define LIVE 0x51515151
#define CANARY 0xc3
#define PAGES 256  /* of memory for the bitmaps */
#define LONG (1u << 19) /* entries of an invalidation at most */

static struct mock m;
static char *room;  /* a page, behind which nothing is */

/* ---- invalidation ---- */

static uint32_t parent, nested, viommu;

/* *done is the number that the kernel stored. */
static int invalidate(uint32_t id, uint32_t type, const void *data, uint32_t entry_len,
		      uint32_t num, uint32_t *done)
{
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = id,
		.data_uptr = (uintptr_t)data,
		.data_type = type,
		.entry_len = entry_len,
		.entry_num = num,
	};
	int ret = iommu__ioctl(m.fd, IOMMU_HWPT_INVALIDATE, &cmd);

	*done = cmd.entry_num;
	return ret;
}

/* As bits: which words of the IOTLB are invalid. */
static unsigned int invalid(void)
{
	unsigned int bits = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		struct iommu_test_cmd cmd = {
			.op = IOMMU_TEST_OP_MD_CHECK_IOTLB,
			.id = nested,
			.check_iotlb = { .id = i, .iotlb = 0 },
		};

		bits |= !mock__test(m.fd, &cmd) << i;
	}
	return bits;
}

/* A nested table whose IOTLB is valid. */
static void new_nested(void)
{
	struct iommu_hwpt_selftest data = { .iotlb = LIVE };

	if (nested)
		iommu__destroy(m.fd, nested);
	tap__err(mock__hwpt(&m, viommu, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data),
			    &nested),
		 0, "nested table");
}

static void check(int ret, int want, uint32_t done, uint32_t want_done, unsigned int want_bits,
		  const char *name)
{
	tap__err(ret, want, "invalidate: %s", name);
	tap__is(done, want_done, "invalidate: %s: so many are done", name);
	tap__hex(invalid(), want_bits, "invalidate: %s: namely these", name);
}

static void test_entries(void)
{
	const uint32_t type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST;
	struct iommu_hwpt_invalidate_selftest inv[4] = {
		{ .iotlb_id = 0 },
		{ .iotlb_id = 1 },
		{ .iotlb_id = 2 },
		{ .iotlb_id = 3 },
	};
	const uint32_t len = sizeof(*inv);
	uint32_t done;
	int ret;

	new_nested();
	ret = invalidate(nested, type, inv, 0, 4, &done);
	check(ret, -EINVAL, done, 0, 0, "entries of 0 bytes");
	ret = invalidate(nested, type, inv, 1, 4, &done);
	check(ret, -EINVAL, done, 0, 0, "entries of 1 byte");
	ret = invalidate(nested, type, inv, len - 1, 4, &done);
	check(ret, -EINVAL, done, 0, 0, "entries a byte too short");
	ret = invalidate(nested, type, inv, UINT32_MAX, 1, &done);
	check(ret, -EINVAL, done, 0, 0, "an entry of 4 GiB");
	ret = invalidate(nested, type, inv, 1u << 31, 3, &done);
	check(ret, -EINVAL, done, 0, 0, "entries whose sizes wrap");
	ret = invalidate(nested, type, inv, len, UINT32_MAX, &done);
	check(ret, -EINVAL, done, 0, 0, "4 G entries");
	ret = invalidate(nested, type, NULL, len, 1, &done);
	check(ret, -EINVAL, done, 0, 0, "no array");
	ret = invalidate(nested, type, (void *)-8ul, len, 2, &done);
	check(ret, -EFAULT, done, 0, 0, "an array at the end of all");
	ret = invalidate(nested, type, (void *)0xffff888000000000, len, 4, &done);
	check(ret, -EFAULT, done, 0, 0, "an array of the kernel's");
	ret = invalidate(nested, type + 1, inv, len, 4, &done);
	check(ret, -EINVAL, done, 0, 0, "another type");
	ret = invalidate(nested, type, inv, len, 0, &done);
	check(ret, 0, done, 0, 0, "no entries");
	ret = invalidate(nested, type, NULL, 0, 0, &done);
	check(ret, 0, done, 0, 0, "no entries in no array");
	ret = invalidate(0x7fffffff, type, inv, len, 4, &done);
	check(ret, -ENOENT, done, 0, 0, "no table");
	ret = invalidate(parent, type, inv, len, 4, &done);
	check(ret, -EINVAL, done, 0, 0, "a table of the kernel's");

	inv[2].iotlb_id = WORDS;
	ret = invalidate(nested, type, inv, len, 4, &done);
	check(ret, -EINVAL, done, 2, 3, "the third is bad");
	inv[2].iotlb_id = 2;
	ret = invalidate(nested, type, inv, len, 4, &done);
	check(ret, 0, done, 4, 0xf, "all are good");
}

/* The array goes on where there is no memory. */
static void test_hole(void)
{
	const uint32_t type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST;
	struct iommu_hwpt_invalidate_selftest inv = {};
	const uint32_t len = sizeof(inv);
	uint32_t done;
	char *at;
	int ret;

	new_nested();
	for (uint32_t i = 0; i < 3; i++) {
		inv.iotlb_id = i;
		memcpy(room + P - (3 - i) * len, &inv, len);
	}
	ret = invalidate(nested, type, room + P - 3 * len, len, 4, &done);
	check(ret, -EFAULT, done, 3, 7, "the fourth is not there");
	ret = invalidate(nested, type, room + P - 3 * len, len, 1u << 19, &done);
	check(ret, -EFAULT, done, 3, 7, "nor are a lot more");
	ret = invalidate(nested, type, room + P, len, 1, &done);
	check(ret, -EFAULT, done, 0, 7, "nor is the first");

	new_nested();
	at = room + P - len - 4;
	memset(at, 0, len + 4);
	ret = invalidate(nested, type, at, len, 2, &done);
	check(ret, -EFAULT, done, 1, 1, "the second is there in half");

	/* The helper of the IOMMU core takes no longer struct than the driver knows. */
	new_nested();
	memset(room, 0, 64);
	ret = invalidate(nested, type, room, 32, 2, &done);
	check(ret, -EINVAL, done, 0, 0, "longer entries");
}

/* The kernel hands the array over in pieces, which are one for the caller. */
static void test_long(struct iommu_hwpt_invalidate_selftest *inv)
{
	const uint32_t type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST, len = sizeof(*inv);
	uint32_t done;
	int ret;

	new_nested();
	inv[LONG - 2].iotlb_id = WORDS;
	ret = invalidate(nested, type, inv, len, LONG, &done);
	check(ret, -EINVAL, done, LONG - 2, 1, "the last but one of very many is bad");
	inv[LONG - 2].iotlb_id = 0;
	ret = invalidate(nested, type, inv, len, LONG, &done);
	check(ret, 0, done, LONG, 3, "very many are good");
	ret = invalidate(nested, type, inv, len, LONG + 1, &done);
	check(ret, -EINVAL, done, 0, 3, "one more");
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Kill this process in @ns, by an interrupt that may come in the middle of a call. */
static void die_in(uint64_t ns)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec when = { .it_value = { ns / 1000000000, ns % 1000000000 } };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &when, NULL))
		_exit(0);
}

/* A killed process invalidates no further. */
static void test_kill(struct iommu_hwpt_invalidate_selftest *inv)
{
	const uint32_t type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST;
	uint64_t start = now(), whole;
	uint32_t done;
	int status = 0;

	invalidate(nested, type, inv, sizeof(*inv), LONG, &done);
	whole = now() - start;
	tap__diag("%u entries take %llu us", LONG, (unsigned long long)whole / 1000);
	new_nested();
	/* Until it was killed after the first entry, not before. */
	for (uint64_t after = whole / 20; !invalid() && after < 10 * whole; after += whole / 20) {
		pid_t pid = fork();

		if (!pid) {
			die_in(after);
			invalidate(nested, type, inv, sizeof(*inv), LONG, &done);
			_exit(0);
		}
		waitpid(pid, &status, 0);
	}
	tap__ok(WIFSIGNALED(status), "a process that invalidates very many is killed");
	tap__hex(invalid(), 1, "before the last of them");
}

static void test_many(void)
{
	struct iommu_hwpt_invalidate_selftest *inv =
		mmap(NULL, (LONG + 1) * sizeof(*inv), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (!tap__ok(inv != MAP_FAILED, "a long array"))
		return;
	inv[LONG - 1].iotlb_id = 1;
	test_long(inv);
	test_kill(inv);
	munmap(inv, (LONG + 1) * sizeof(*inv));
}

/* Through the virtual IOMMU, whose driver reads all of the array before it does anything. */
static void test_viommu(void)
{
	const uint32_t type = IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST;
	struct iommu_viommu_invalidate_selftest *inv = (void *)(room + P);
	struct iommu_test_cmd cache = { .op = IOMMU_TEST_OP_DEV_CHECK_CACHE, .id = m.dev };
	const uint32_t len = sizeof(*inv);
	uint32_t done;

	for (unsigned int i = 1; i <= 3; i++)
		inv[-(int)i] = (struct iommu_viommu_invalidate_selftest){
			.vdev_id = 0x99,
			.cache_id = i,
		};
	tap__err(invalidate(viommu, type, inv - 3, 1, 3, &done), -EINVAL,
		 "virtual IOMMU: entries of 1 byte");
	tap__is(done, 0, "virtual IOMMU: none is done");
	tap__err(invalidate(viommu, type, inv - 3, len, 4, &done), -EFAULT,
		 "virtual IOMMU: the fourth is not there");
	tap__is(done, 0, "virtual IOMMU: none is done");
	tap__err(invalidate(viommu, type, inv - 3, len, 1u << 19, &done), -EFAULT,
		 "virtual IOMMU: nor are a lot more");
	tap__is(done, 0, "virtual IOMMU: none is done");
	cache.check_dev_cache.id = 1;
	cache.check_dev_cache.cache = IOMMU_TEST_DEV_CACHE_DEFAULT;
	tap__err(mock__test(m.fd, &cache), 0, "virtual IOMMU: the device's cache has not changed");
	inv[-1].vdev_id = 0x98;
	tap__err(invalidate(viommu, type, inv - 3, len, 3, &done), -EINVAL,
		 "virtual IOMMU: the third is bad");
	tap__is(done, 2, "virtual IOMMU: two are done");
	tap__err(mock__test(m.fd, &cache), 0, "virtual IOMMU: not the one that was bad");
	cache.check_dev_cache.id = 3;
	cache.check_dev_cache.cache = 0;
	tap__err(mock__test(m.fd, &cache), 0, "virtual IOMMU: but the first");
}

/* ---- dirty bitmaps ---- */

static uint32_t tracking;

/* Return the result; *changed is the number of bytes that changed in the page of the bitmap. */
static int read_dirty(uint64_t iova, uint64_t length, uint64_t page_size, void *bitmap,
		      unsigned int *changed)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = tracking,
		.flags = IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR,
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.data = (uintptr_t)bitmap,
	};
	int ret;

	memset(room, CANARY, P);
	ret = iommu__ioctl(m.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
	*changed = 0;
	for (unsigned int i = 0; i < P; i++)
		*changed += (unsigned char)room[i] != CANARY;
	return ret;
}

static void refused(uint64_t iova, uint64_t length, uint64_t page_size, int want, const char *name)
{
	unsigned int changed;

	tap__err(read_dirty(iova, length, page_size, room + 1024, &changed), want, "bitmap: %s",
		 name);
	tap__is(changed, 0, "bitmap: %s: nothing is written", name);
}

static void test_refused(void)
{
	const uint64_t all = PAGES * P;

	refused(MOCK_BASE, 0, P, -EINVAL, "length 0");
	refused(MOCK_BASE, 0, 0, -EINVAL, "length and page size 0");
	refused(MOCK_BASE, all, 0, -EINVAL, "page size 0");
	refused(MOCK_BASE, all, 3, -EINVAL, "page size 3");
	refused(MOCK_BASE, all, P + 1, -EINVAL, "page size 4097");
	refused(MOCK_BASE, all, 3 * P, -EINVAL, "page size of three pages");
	refused(MOCK_BASE, all, 1ull << 63, -EINVAL, "page size 2^63");
	refused(MOCK_BASE, all, UINT64_MAX, -EINVAL, "page size 2^64-1");
	refused(MOCK_BASE, all, 2 * all, -EINVAL, "page size larger than the range");
	refused(MOCK_BASE + P, all - P, 2 * P, -EINVAL, "begin not at such a page");
	refused(MOCK_BASE, P, 2 * P, -EINVAL, "end not at such a page");
	refused(MOCK_BASE + 1, P, P, -EINVAL, "odd address");
	refused(MOCK_BASE, P - 1, P, -EINVAL, "odd length");
	refused(MOCK_BASE, all + P, P, -EINVAL, "a page too many");
	refused(MOCK_BASE - P, P, P, -EINVAL, "a page before");
	refused(MOCK_BASE, -MOCK_BASE, P, -EINVAL, "all up to the end");
	refused(MOCK_BASE, UINT64_MAX, P, -EOVERFLOW, "length that wraps");
	refused(-P, 2 * P, P, -EOVERFLOW, "address that wraps");
	refused(0, UINT64_MAX, P, -EINVAL, "everything");
}

/* Bits of the pages that are dirty (3 and 130), and no byte beside the bitmap. */
static void reported(uint64_t length, uint64_t page_size, unsigned int offset, const char *name)
{
	unsigned int bits = length / page_size, first = 3 * P / page_size;
	unsigned int changed, before, second = 130ull * P / page_size;
	unsigned char want[64];

	memset(want, CANARY, sizeof(want));
	for (unsigned int bit = first; bit <= (3 * P + P - 1) / page_size; bit++)
		want[bit / 8] |= 1 << bit % 8;
	if (length > 130 * P)
		for (unsigned int bit = second; bit <= (131ull * P - 1) / page_size; bit++)
			want[bit / 8] |= 1 << bit % 8;
	tap__err(read_dirty(MOCK_BASE, length, page_size, room + offset, &changed), 0, "bitmap: %s",
		 name);
	tap__ok(!memcmp(room + offset, want, (bits + 7) / 8), "bitmap: %s: the right bits", name);
	before = 0;
	for (unsigned int i = 0; i < (bits + 7) / 8; i++)
		before += (unsigned char)room[offset + i] != CANARY;
	tap__is(changed, before, "bitmap: %s: no byte beside it", name);
}

static void test_reported(void)
{
	unsigned int changed;

	reported(PAGES * P, P, 1024, "a bit for each page");
	reported(PAGES * P, P, 1027, "at an odd address");
	reported(8 * P, P, P - 1, "the last byte of memory");
	reported(PAGES * P, P, P - PAGES / 8, "the last bytes of memory");
	reported(PAGES * P, PAGES * P, P - 1, "one bit for all");
	reported(PAGES * P, 2 * P, 0, "a bit for two pages, at the first byte of memory");
	reported(4 * P, P, P - 1, "four bits");
	reported(8 * P, MOCK_PAGE_SIZE, P - 2, "two bits for each page");
	tap__err(read_dirty(MOCK_BASE, PAGES * P, P, room + P - 16, &changed), -EFAULT,
		 "bitmap: it ends too early");
	tap__err(read_dirty(MOCK_BASE, 4 * P, P, (void *)-1ul, &changed), -EFAULT,
		 "bitmap: at the last address");
	tap__err(read_dirty(MOCK_BASE, PAGES * P, P, (void *)-16ul, &changed), -EFAULT,
		 "bitmap: it wraps");
	tap__err(read_dirty(MOCK_BASE, 4 * P, P, (void *)0xffff888000000000, &changed), -EFAULT,
		 "bitmap: at an address of the kernel's");
	tap__err(read_dirty(MOCK_BASE, 4 * P, P, NULL, &changed), -EFAULT, "bitmap: none");
}

static void test_dirty(void)
{
	struct iommu_hwpt_set_dirty_tracking on = {
		.size = sizeof(on),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};
	char *mem = mem__small(PAGES * P), word[8] = "written";
	uint64_t no_huge = 0;
	uint32_t ioas;

	tap__err(ioas__alloc(m.fd, &ioas), 0, "bitmap: an IOAS");
	tap__err(iommu__option(m.fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, ioas, &no_huge),
		 0, "bitmap: small pages");
	tap__err(ioas__map_at(m.fd, ioas, mem, PAGES * P, MOCK_BASE), 0, "bitmap: map");
	tap__err(mock__hwpt(&m, ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0, 0, NULL, 0, &tracking), 0,
		 "bitmap: a table");
	tap__err(mock__replace(&m, tracking), 0, "bitmap: attach");
	on.hwpt_id = tracking;
	tap__err(iommu__ioctl(m.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &on), 0, "bitmap: switch on");
	/* Both halves of each page: the mock's smallest page is half a page. */
	for (unsigned int i = 0; i < 2; i++) {
		mock__dma(&m, 0, MOCK_BASE + 3 * P + i * P / 2, word, 8, true);
		mock__dma(&m, 0, MOCK_BASE + 130 * P + i * P / 2, word, 8, true);
	}
	test_refused();
	test_reported();
	tap__err(mock__replace(&m, m.ioas), 0, "bitmap: detach");
	mem__free(mem, PAGES * P);
}

int main(void)
{
	uint32_t vdev;

	tap__start();
	room = mmap(NULL, 3 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		return tap__bail("no memory");
	/* Nothing before it, nothing behind it. */
	mprotect(room, P, PROT_NONE);
	mprotect(room + 2 * P, P, PROT_NONE);
	room += P;
	if (!tap__err(mock__open(&m, 0), 0, "a device"))
		return tap__done();
	tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent), 0,
		 "parent");
	tap__err(mock__viommu(&m, parent, NULL, &viommu), 0, "virtual IOMMU");
	tap__err(mock__vdevice(&m, viommu, 0x99, &vdev), 0, "device in it");
	test_entries();
	test_hole();
	test_many();
	test_viommu();
	test_dirty();
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
