// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_EXT_DEVICE_INFO and IOMMU_EXT_PT_INFO on the mock's devices: each member against the object
 * that the test made.
 *
 * Finds these faults: claimed ranges are returned as the kernel stored them, or merged with their
 * neighbours; a device's range is returned as another's, or without an owner; overlapping reserved
 * ranges let a piece of one appear as usable; a failure changes something, or leaves half of an
 * answer; an object is described as it was requested, and not as it is.
 *
 * vm: --mock
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/iommufd_new.h>

#include "../lib/info.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define M (1ull << 20)
/* 2 KiB to 128 GiB / 2: the sizes of the mock's usual page table. */
#define PAGE_SIZES ((1ull << 37) - (1ull << 11))
#define PLAIN_CAPS (IOMMU_EXT_CAP_COHERENT | IOMMU_EXT_CAP_PRI | IOMMU_EXT_CAP_USER_PASIDS)

static char *mem;

static bool range_is(const struct iommu_ext_range *r, uint64_t start, uint64_t last, uint32_t kind,
		     uint32_t dev)
{
	if (r->start == start && r->last == last && r->kind == kind && r->dev_id == dev)
		return true;
	tap__diag("0x%llx to 0x%llx kind %u of %d; expected 0x%llx to 0x%llx kind %u of %d",
		  (unsigned long long)r->start, (unsigned long long)r->last, r->kind,
		  (int)r->dev_id, (unsigned long long)start, (unsigned long long)last, kind,
		  (int)dev);
	return false;
}

static bool ranges_are(const struct info_ranges *ranges, const struct iommu_ext_range *want,
		       uint32_t num)
{
	bool same = ranges->num == num;

	if (!same)
		tap__diag("%u ranges, expected %u", ranges->num, num);
	for (uint32_t i = 0; i < num && i < ranges->num; i++)
		same &= range_is(&ranges->at[i], want[i].start, want[i].last, want[i].kind,
				 want[i].dev_id);
	return same;
}

#define RANGES_ARE(ranges, ...) \
	({ \
		const struct iommu_ext_range want[] = { __VA_ARGS__ }; \
		ranges_are(ranges, want, sizeof(want) / sizeof(*want)); \
	})
#define RESERVED(start, last, dev) { start, last, IOMMU_EXT_RANGE_RESERVED, dev }
#define USABLE(start, last) { start, last, IOMMU_EXT_RANGE_USABLE, IOMMU_EXT_NONE }
#define CLAIMED(start, last) { start, last, IOMMU_EXT_RANGE_CLAIMED, IOMMU_EXT_NONE }
/* Addresses that the mock's page table cannot hold. */
#define BELOW RESERVED(0, MOCK_APERTURE_START - 1, IOMMU_EXT_NONE)
#define ABOVE RESERVED(MOCK_APERTURE_LAST + 1ull, UINT64_MAX, IOMMU_EXT_NONE)

static int reserve(const struct mock *m, uint64_t start, uint64_t length)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_RESERVE,
		.id = m->dev,
		.reserve = { start, length },
	};

	return mock__ext(m->fd, &cmd);
}

/* The number behind key= in the line of an object in fdinfo. */
static uint32_t object_field(int fd, uint32_t id, const char *key)
{
	char line[256];
	const char *at;

	if (mock__object(fd, id, line, sizeof(line)))
		return IOMMU_EXT_NONE;
	at = strstr(line, key);
	return at ? strtoul(at + strlen(key), NULL, 10) : IOMMU_EXT_NONE;
}

/* ---- devices ---- */

static void check_device(const char *what, const struct mock *m, uint64_t caps, uint32_t width)
{
	struct iommu_ext_device_info info;
	struct info_formats formats;
	struct info_ranges ranges;

	tap__err(info__device(m->fd, m->dev, &info, &ranges, &formats), 0, "%s: ask", what);
	tap__is(info.out_group, object_field(m->fd, m->dev, "group="), "%s: group", what);
	tap__hex(info.out_caps, caps, "%s: capabilities", what);
	tap__hex(info.out_page_sizes, PAGE_SIZES, "%s: page sizes", what);
	tap__hex(info.out_aperture_start, MOCK_APERTURE_START, "%s: first address", what);
	tap__hex(info.out_aperture_last, MOCK_APERTURE_LAST, "%s: last address", what);
	tap__is(info.out_address_width, 31, "%s: address width", what);
	tap__is(info.out_pasid_width, width, "%s: PASID width", what);
	tap__ok(RANGES_ARE(&ranges, USABLE(MOCK_APERTURE_START, MOCK_APERTURE_LAST)),
		"%s: all of it is usable", what);
	tap__ok(!info.flags && info.size == sizeof(info) && info.dev_id == m->dev &&
			info.ranges == (uintptr_t)ranges.at &&
			info.formats == (uintptr_t)formats.at,
		"%s: input has not changed", what);
}

static void test_devices(void)
{
	struct mock m, other, pasid, incoherent;

	if (!mock__start(&m, "devices", 0))
		return;
	check_device("plain", &m, PLAIN_CAPS | IOMMU_EXT_CAP_DIRTY, 0);
	mock__add(&other, &m, m.ioas, MOCK_FLAGS_DEVICE_NO_DIRTY);
	check_device("not dirty", &other, PLAIN_CAPS, 0);
	mock__add(&pasid, &m, m.ioas, MOCK_FLAGS_DEVICE_PASID);
	check_device("PASIDs", &pasid,
		     PLAIN_CAPS | IOMMU_EXT_CAP_DIRTY | IOMMU_EXT_CAP_PASID | IOMMU_EXT_CAP_SVA,
		     MOCK_PASID_WIDTH);
	tap__ok(object_field(m.fd, m.dev, "group=") != object_field(m.fd, other.dev, "group="),
		"devices: the groups differ");
	/* So that all that are bound are coherent. */
	tap__err(mock__device(&incoherent, m.fd, m.ioas, MOCK_FLAGS_DEVICE_INCOHERENT), -EINVAL,
		 "devices: one that is not coherent cannot be bound");
	close(m.fd);
}

/* Formats as the mock registers them; each one that needs nothing else can be made. */
static void test_formats(void)
{
	static const struct {
		const char *name;
		uint32_t data, invalidate;
	} known[] = {
		{ "mock-selftest", IOMMU_HWPT_DATA_SELFTEST, IOMMU_HWPT_INVALIDATE_DATA_SELFTEST },
		{ "mock-s1", IOMMU_HWPT_DATA_MOCK_S1, IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1 },
	};
	struct iommu_hwpt_invalidate inv = { .size = sizeof(inv) };
	union {
		struct iommu_hwpt_selftest selftest;
		struct iommu_hwpt_mock_s1 s1;
	} data = {};
	struct iommu_ext_device_info info;
	struct info_formats formats;
	struct info_ranges ranges;
	uint32_t parent, hwpt;
	struct mock m;

	if (!mock__start(&m, "formats", 0))
		return;
	tap__err(info__device(m.fd, m.dev, &info, &ranges, &formats), 0, "formats: ask");
	tap__is(formats.num, 2, "formats: two");
	mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	for (uint32_t i = 0; i < formats.num && i < 2; i++) {
		const struct iommu_ext_format *f = &formats.at[i];
		const char *name = known[i].name;

		tap__ok(!strncmp(f->name, name, IOMMU_EXT_FORMAT_NAME), "%s: name", name);
		tap__hex(f->data_type, known[i].data, "%s: data type", name);
		tap__hex(f->invalidate_type, known[i].invalidate, "%s: invalidate type", name);
		tap__is(f->flags, 0, "%s: needs no virtual IOMMU", name);
		tap__is(f->__reserved, 0, "%s: reserved", name);
		if (!tap__err(mock__hwpt(&m, parent, 0, 0, f->data_type, &data,
					 i ? sizeof(data.s1) : sizeof(data.selftest), &hwpt),
			      0, "%s: a page table of it", name))
			continue;
		inv.hwpt_id = hwpt;
		inv.data_type = f->invalidate_type;
		tap__err(iommu__ioctl(m.fd, IOMMU_HWPT_INVALIDATE, &inv), 0,
			 "%s: the type of invalidation is known", name);
	}
	close(m.fd);
}

static int allow_noiommu(const char *value)
{
	static const char path[] = "/sys/module/iommufd/parameters/enable_unsafe_noiommu";
	int file = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (file < 0)
		return -errno;
	ret = write(file, value, strlen(value)) < 0 ? -errno : 0;
	close(file);
	return ret;
}

static void test_noiommu(void)
{
	struct iommu_ext_device_info info;
	struct iommu_ext_pt_info pt;
	struct info_formats formats;
	struct info_ranges ranges;
	struct mock dev;
	uint32_t ioas;
	int fd = iommu__open();

	ioas__alloc(fd, &ioas);
	tap__err(allow_noiommu("1"), 0, "no IOMMU: allow it");
	tap__err(mock__device(&dev, fd, ioas, MOCK_FLAGS_DEVICE_NO_IOMMU), 0, "no IOMMU: a device");
	tap__err(allow_noiommu("0"), 0, "no IOMMU: forbid it again");
	tap__err(info__device(fd, dev.dev, &info, &ranges, &formats), 0, "no IOMMU: ask");
	tap__hex(info.out_group, IOMMU_EXT_NONE, "no IOMMU: no group");
	tap__hex(info.out_caps, IOMMU_EXT_CAP_NO_IOMMU, "no IOMMU: and no other capability");
	tap__ok(!info.out_page_sizes && !info.out_aperture_start && !info.out_aperture_last &&
			!info.out_address_width && !info.out_pasid_width,
		"no IOMMU: no numbers");
	tap__ok(!info.num_ranges && !info.num_formats, "no IOMMU: no ranges, no formats");
	tap__err(info__pt(fd, dev.hwpt, &pt, &ranges), 0, "no IOMMU: ask about its page table");
	tap__is(pt.out_kind, IOMMU_EXT_PT_PAGING, "no IOMMU: a page table");
	tap__hex(pt.out_flags, IOMMU_EXT_PT_AUTO, "no IOMMU: automatic");
	tap__hex(pt.out_aperture_last, UINT64_MAX, "no IOMMU: for all addresses");
	tap__hex(pt.out_page_sizes & -pt.out_page_sizes, P, "no IOMMU: of pages");
	tap__err(info__pt(fd, ioas, &pt, &ranges), 0, "no IOMMU: the IOAS");
	tap__ok(RANGES_ARE(&ranges, USABLE(0, UINT64_MAX)), "no IOMMU: all is usable");
	close(fd);
}

/* ---- reserved ranges of a device ---- */

/* The usable ranges are those of an IOAS that has the device. */
static void check_reserved(const char *what, const struct mock *m, struct info_ranges *ranges)
{
	struct iommu_ext_device_info info;
	struct iommu_ext_range resv[INFO_ROOM];
	struct iommu_ext_pt_info pt;
	struct info_formats formats;
	struct info_ranges in_ioas;
	uint32_t ioas, n, own = 0;

	tap__err(info__device(m->fd, m->dev, &info, ranges, &formats), 0, "%s: ask", what);
	ioas__alloc(m->fd, &ioas);
	tap__err(mock__replace(m, ioas), 0, "%s: to another IOAS", what);
	tap__ok(info__usable_is(ranges, m->fd, ioas), "%s: usable ranges of the IOAS", what);
	tap__err(info__pt(m->fd, ioas, &pt, &in_ioas), 0, "%s: ask about the IOAS", what);
	tap__ok(info__usable_is(&in_ioas, m->fd, ioas), "%s: it says the same", what);
	n = info__of_kind(&in_ioas, IOMMU_EXT_RANGE_RESERVED, resv);
	for (uint32_t i = 0; i < n; i++)
		own += resv[i].dev_id == m->dev;
	n = info__of_kind(ranges, IOMMU_EXT_RANGE_RESERVED, resv);
	tap__is(own, n, "%s: and has as many reserved ranges of the device", what);
	tap__err(mock__replace(m, m->ioas), 0, "%s: and back", what);
	iommu__destroy(m->fd, ioas);
}

static void test_reserved(void)
{
	const uint64_t lo = MOCK_APERTURE_START, hi = MOCK_APERTURE_LAST;
	struct info_ranges r;
	struct mock m;
	uint32_t d;

	if (!mock__start(&m, "reserved", 0))
		return;
	d = m.dev;
	reserve(&m, 0x40000000, M);
	check_reserved("one", &m, &r);
	tap__ok(RANGES_ARE(&r, USABLE(lo, 0x3fffffff), RESERVED(0x40000000, 0x400fffff, d),
			   USABLE(0x40100000, hi)),
		"one: ranges");

	/* The same again, one inside, one that overlaps, and one that touches. */
	reserve(&m, 0x40000000, M);
	reserve(&m, 0x40040000, 0x1000);
	reserve(&m, 0x400ff000, 0x2000);
	reserve(&m, 0x40101000, 0x1000);
	check_reserved("overlaps", &m, &r);
	tap__ok(RANGES_ARE(&r, USABLE(lo, 0x3fffffff), RESERVED(0x40000000, 0x400fffff, d),
			   RESERVED(0x40000000, 0x400fffff, d), RESERVED(0x40040000, 0x40040fff, d),
			   RESERVED(0x400ff000, 0x40100fff, d), RESERVED(0x40101000, 0x40101fff, d),
			   USABLE(0x40102000, hi)),
		"overlaps: ranges");

	/* Across both ends of the aperture, and outside of it; a byte is left between two. */
	reserve(&m, lo - P, 2 * P);
	reserve(&m, hi - P + 1, 2 * P);
	reserve(&m, 0x1000, P);
	reserve(&m, 0xfee00000, M);
	reserve(&m, UINT64_MAX, 1);
	reserve(&m, 0x50000000, P);
	reserve(&m, 0x50001001, P);
	check_reserved("ends", &m, &r);
	tap__ok(RANGES_ARE(&r, RESERVED(0x1000, 0x1fff, d), RESERVED(lo - P, lo + P - 1, d),
			   USABLE(lo + P, 0x3fffffff), RESERVED(0x40000000, 0x400fffff, d),
			   RESERVED(0x40000000, 0x400fffff, d), RESERVED(0x40040000, 0x40040fff, d),
			   RESERVED(0x400ff000, 0x40100fff, d), RESERVED(0x40101000, 0x40101fff, d),
			   USABLE(0x40102000, 0x4fffffff), RESERVED(0x50000000, 0x50000fff, d),
			   USABLE(0x50001000, 0x50001000), RESERVED(0x50001001, 0x50002000, d),
			   USABLE(0x50002001, hi - P), RESERVED(hi - P + 1, hi + P, d),
			   RESERVED(0xfee00000, 0xfeefffff, d),
			   RESERVED(UINT64_MAX, UINT64_MAX, d)),
		"ends: ranges");

	/* Nothing is left. */
	reserve(&m, 0, 1ull << 40);
	check_reserved("all", &m, &r);
	tap__is(r.at[0].kind, IOMMU_EXT_RANGE_RESERVED, "all: the first is reserved");
	tap__hex(r.at[0].last, (1ull << 40) - 1, "all: and is all there is");
	close(m.fd);
}

/* ---- an IOAS ---- */

#define A 0x20000000ull
#define B 0x30000000ull
#define C 0x40000000ull
#define SIZE (4 * P)

static bool claims_are(const struct info_ranges *r, const struct iommu_ext_range *want,
		       uint32_t num)
{
	struct iommu_ext_range found[INFO_ROOM];
	uint32_t n = info__of_kind(r, IOMMU_EXT_RANGE_CLAIMED, found);
	bool same = n == num;

	for (uint32_t i = 0; i < n && i < num; i++)
		same &= range_is(&found[i], want[i].start, want[i].last, IOMMU_EXT_RANGE_CLAIMED,
				 IOMMU_EXT_NONE);
	return same;
}

/* The kernel chooses addresses in claimed ranges, until these are full. */
static void check_places(int fd, uint32_t ioas)
{
	unsigned int in_a = 0, in_c = 0, outside = 0;
	uint64_t iova;
	int ret;

	while (!(ret = ioas__map(fd, ioas, mem, P, IOAS_RW, &iova)) && in_a + in_c + outside < 99) {
		if (iova >= A && iova < A + SIZE)
			in_a++;
		else if (iova >= C && iova < C + 2 * SIZE)
			in_c++;
		else
			outside++;
	}
	tap__err(ret, -ENOSPC, "claims: memory is mapped until they are full");
	tap__is(in_a, SIZE / P, "claims: A is");
	tap__is(in_c, 2 * SIZE / P, "claims: C is");
	tap__is(outside, 0, "claims: none is elsewhere");
	tap__err(ioas__map_at(fd, ioas, mem, P, B - P), 0, "claims: but it can be, if asked for");
	tap__err(ioas__map_at(fd, ioas, mem, P, B), -EINVAL, "claims: not in a reserved range");
	tap__err(ioas__unmap_all(fd, ioas), 0, "claims: unmap");
}

/*
 * A and C are claimed, C in two entries. B lies between them, and becomes another's: that of a
 * device. Claims are returned as they were requested, before and after.
 */
static void test_claims(void)
{
	const struct iommu_iova_range ask[] = {
		{ C + SIZE, C + 2 * SIZE - 1 },
		{ A, A + SIZE - 1 },
		{ C, C + SIZE - 1 },
	};
	const struct iommu_ext_range claims[] = {
		CLAIMED(A, A + SIZE - 1),
		CLAIMED(C, C + SIZE - 1),
		CLAIMED(C + SIZE, C + 2 * SIZE - 1),
	};
	const struct iommu_iova_range around = { A, C };
	struct mock b, again, bad;
	struct iommu_ext_pt_info info;
	struct info_ranges r;
	uint32_t ioas;
	int fd = iommu__open();

	ioas__alloc(fd, &ioas);
	tap__err(ioas__allow(fd, ioas, ask, 3), 0, "claims: A and C");
	tap__err(info__pt(fd, ioas, &info, &r), 0, "claims: ask");
	tap__ok(RANGES_ARE(&r, claims[0], claims[1], claims[2], USABLE(0, UINT64_MAX)),
		"claims: as requested; other ranges are usable, too");

	tap__err(mock__device_resv(&b, fd, ioas, B, M), 0, "claims: a device with B");
	tap__err(info__pt(fd, ioas, &info, &r), 0, "claims: ask");
	tap__ok(RANGES_ARE(&r, claims[0], claims[1], claims[2], BELOW,
			   RESERVED(B, B + M - 1, b.dev), ABOVE, USABLE(MOCK_APERTURE_START, B - 1),
			   USABLE(B + M, MOCK_APERTURE_LAST)),
		"claims: B is the device's, and A and C have not changed");
	check_places(fd, ioas);

	tap__err(mock__device_resv(&bad, fd, ioas, A + SIZE - P, M), -EADDRINUSE,
		 "claims: a device with a part of A");
	tap__err(mock__device_resv(&bad, fd, ioas, C - 1, 2), -EADDRINUSE,
		 "claims: a device with the first byte of C");
	tap__err(ioas__allow(fd, ioas, &around, 1), -EADDRINUSE, "claims: A to C, around B");
	tap__err(mock__device_resv(&again, fd, ioas, B + P, M), 0,
		 "claims: another device with a part of B");
	tap__err(info__pt(fd, ioas, &info, &r), 0, "claims: ask");
	tap__ok(RANGES_ARE(&r, claims[0], claims[1], claims[2], BELOW,
			   RESERVED(B, B + M - 1, b.dev), RESERVED(B + P, B + P + M - 1, again.dev),
			   ABOVE, USABLE(MOCK_APERTURE_START, B - 1),
			   USABLE(B + P + M, MOCK_APERTURE_LAST)),
		"claims: each device has its own, and the refused ones have none");

	tap__err(iommu__destroy(fd, b.obj), 0, "claims: the first goes");
	tap__err(info__pt(fd, ioas, &info, &r), 0, "claims: ask");
	tap__ok(claims_are(&r, claims, 3), "claims: A and C have not changed");
	tap__ok(info__usable_is(&r, fd, ioas), "claims: the usable ranges are those of the IOAS");
	tap__err(iommu__destroy(fd, again.obj), 0, "claims: the second goes");
	tap__err(ioas__allow(fd, ioas, &around, 1), 0, "claims: A to C in one");
	tap__err(info__pt(fd, ioas, &info, &r), 0, "claims: ask");
	tap__ok(RANGES_ARE(&r, CLAIMED(A, C), USABLE(0, UINT64_MAX)), "claims: one");
	tap__err(ioas__allow(fd, ioas, NULL, 0), 0, "claims: none");
	tap__err(info__pt(fd, ioas, &info, &r), 0, "claims: ask");
	tap__ok(RANGES_ARE(&r, USABLE(0, UINT64_MAX)), "claims: none");
	close(fd);
}

/* Other members for an IOAS. */
static void test_ioas(void)
{
	struct iommu_test_cmd add = {
		.op = IOMMU_TEST_OP_ADD_RESERVED,
		.add_reserved = { B, M },
	};
	struct iommu_ext_pt_info info;
	struct info_ranges r;
	uint64_t val = 0;
	struct mock m;
	uint32_t ioas;

	if (!mock__start(&m, "IOAS", 0))
		return;
	ioas__alloc(m.fd, &ioas);
	tap__err(info__pt(m.fd, ioas, &info, &r), 0, "IOAS: an empty one");
	tap__is(info.out_kind, IOMMU_EXT_PT_IOAS, "IOAS: it is one");
	tap__hex(info.out_flags, IOMMU_EXT_PT_HUGE, "IOAS: with large pages");
	tap__is(info.out_ioas_id, ioas, "IOAS: its own id");
	tap__ok(info.out_parent_id == IOMMU_EXT_NONE && info.out_fault_id == IOMMU_EXT_NONE,
		"IOAS: no parent, no fault queue");
	tap__ok(!info.out_data_type && !info.out_page_sizes && !info.out_aperture_start &&
			!info.out_aperture_last,
		"IOAS: nothing of a page table");
	tap__is(info.out_alignment, 1, "IOAS: alignment");
	tap__ok(!info.flags && info.size == sizeof(info) && info.pt_id == ioas &&
			info.ranges == (uintptr_t)r.at,
		"IOAS: input has not changed");

	tap__err(iommu__option(m.fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, ioas, &val), 0,
		 "IOAS: without large pages");
	tap__err(info__pt(m.fd, ioas, &info, &r), 0, "IOAS: ask");
	tap__hex(info.out_flags, 0, "IOAS: has none");
	tap__is(info.out_alignment, P, "IOAS: alignment is a page");
	add.id = ioas;
	tap__err(mock__test(m.fd, &add), 0, "IOAS: a reserved range without an owner");
	tap__err(info__pt(m.fd, ioas, &info, &r), 0, "IOAS: ask");
	tap__ok(RANGES_ARE(&r, RESERVED(B, B + M - 1, IOMMU_EXT_NONE), USABLE(0, B - 1),
			   USABLE(B + M, UINT64_MAX)),
		"IOAS: it has no owner");

	tap__err(info__pt(m.fd, m.ioas, &info, &r), 0, "IOAS: one with a device");
	tap__is(info.out_alignment, MOCK_PAGE_SIZE, "IOAS: alignment of its page table");
	tap__ok(RANGES_ARE(&r, BELOW, ABOVE, USABLE(MOCK_APERTURE_START, MOCK_APERTURE_LAST)),
		"IOAS: the range of the page table");
	close(m.fd);
}

/* ---- page tables ---- */

/* The expected answer for a page table on an IOAS. */
struct want {
	uint32_t flags, fault;
	bool huge;  /* MOCK_IOMMUPT_HUGE */
};

static void check_hwpt(const char *what, const struct mock *m, uint32_t hwpt, struct want want)
{
	struct iommu_ext_pt_info info;
	struct info_ranges r;

	tap__err(info__pt(m->fd, hwpt, &info, &r), 0, "%s: ask", what);
	tap__is(info.out_kind, IOMMU_EXT_PT_PAGING, "%s: filled by the kernel", what);
	tap__hex(info.out_flags, want.flags, "%s: flags", what);
	tap__is(info.out_ioas_id, m->ioas, "%s: IOAS", what);
	tap__hex(info.out_fault_id, want.fault ? want.fault : IOMMU_EXT_NONE, "%s: faults", what);
	tap__ok(!info.out_data_type && info.out_parent_id == IOMMU_EXT_NONE, "%s: on no other",
		what);
	tap__hex(info.out_page_sizes, want.huge ? MOCK_HUGE_PAGE_SIZE | P : PAGE_SIZES,
		 "%s: page sizes", what);
	tap__hex(info.out_aperture_start, want.huge ? 0 : MOCK_APERTURE_START, "%s: first address",
		 what);
	tap__hex(info.out_aperture_last, want.huge ? (1ull << 38) - 1 : MOCK_APERTURE_LAST,
		 "%s: last address", what);
	tap__ok(!info.out_alignment && !info.num_ranges, "%s: nothing of an IOAS", what);
}

static void try_hwpt(const char *what, const struct mock *m, uint32_t flags, uint32_t fault,
		     const struct iommu_hwpt_selftest *data, struct want want)
{
	uint32_t hwpt;

	tap__err(mock__hwpt(m, m->ioas, flags, fault, data ? IOMMU_HWPT_DATA_SELFTEST : 0, data,
			    data ? sizeof(*data) : 0, &hwpt),
		 0, "%s: make one", what);
	check_hwpt(what, m, hwpt, want);
	iommu__destroy(m->fd, hwpt);
}

static void test_hwpt(void)
{
	const struct iommu_hwpt_selftest huge = { .pagetable_type = MOCK_IOMMUPT_HUGE };
	uint32_t fault;
	struct mock m;
	int fault_fd;

	if (!mock__start(&m, "page tables", MOCK_FLAGS_DEVICE_PASID))
		return;
	fault__alloc(m.fd, &fault, &fault_fd);
	check_hwpt("automatic", &m, m.hwpt, (struct want){ .flags = IOMMU_EXT_PT_AUTO });
	try_hwpt("no flags", &m, 0, 0, NULL, (struct want){});
	try_hwpt("parent", &m, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, NULL,
		 (struct want){ .flags = IOMMU_EXT_PT_NEST_PARENT });
	try_hwpt("dirty", &m, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0, NULL,
		 (struct want){ .flags = IOMMU_EXT_PT_DIRTY });
	try_hwpt("PASID", &m, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, NULL,
		 (struct want){ .flags = IOMMU_EXT_PT_PASID });
	try_hwpt("faults", &m, IOMMU_HWPT_FAULT_ID_VALID, fault, NULL,
		 (struct want){ .flags = IOMMU_EXT_PT_FAULTS, .fault = fault });
	try_hwpt("large", &m, 0, 0, &huge, (struct want){ .huge = true });
	try_hwpt("all", &m,
		 IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_FAULT_ID_VALID |
			 IOMMUFD_NEW_HWPT_ALLOC_PASID,
		 fault, &huge,
		 (struct want){
			 .flags = IOMMU_EXT_PT_DIRTY | IOMMU_EXT_PT_FAULTS | IOMMU_EXT_PT_PASID,
			 .fault = fault,
			 .huge = true,
		 });
	close(fault_fd);
	close(m.fd);
}

static void check_nested(const char *what, const struct mock *m, uint32_t hwpt, uint32_t parent,
			 uint32_t type, struct want want)
{
	struct iommu_ext_pt_info info;
	struct info_ranges r;

	tap__err(info__pt(m->fd, hwpt, &info, &r), 0, "%s: ask", what);
	tap__is(info.out_kind, IOMMU_EXT_PT_NESTED, "%s: managed by user space", what);
	tap__hex(info.out_flags, want.flags, "%s: flags", what);
	tap__hex(info.out_data_type, type, "%s: type of data", what);
	tap__is(info.out_ioas_id, m->ioas, "%s: IOAS of its parent", what);
	tap__is(info.out_parent_id, parent, "%s: parent", what);
	tap__hex(info.out_fault_id, want.fault ? want.fault : IOMMU_EXT_NONE, "%s: faults", what);
	tap__ok(!info.out_page_sizes && !info.out_aperture_start && !info.out_aperture_last &&
			!info.out_alignment && !info.num_ranges,
		"%s: nothing of the kernel's", what);
}

static void test_nested(void)
{
	const struct iommu_hwpt_selftest selftest = { .iotlb = 1 };
	const struct iommu_hwpt_mock_s1 s1 = {};
	struct iommu_viommu_selftest data = {};
	uint32_t parent, hwpt, fault, viommu;
	struct mock m;
	int fault_fd;

	if (!mock__start(&m, "nested", 0))
		return;
	fault__alloc(m.fd, &fault, &fault_fd);
	mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	tap__err(mock__hwpt(&m, parent, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &selftest, sizeof(selftest),
			    &hwpt),
		 0, "nested: on a parent");
	check_nested("nested", &m, hwpt, parent, IOMMU_HWPT_DATA_SELFTEST, (struct want){});
	iommu__destroy(m.fd, hwpt);
	tap__err(mock__hwpt(&m, parent, IOMMU_HWPT_FAULT_ID_VALID, fault, IOMMU_HWPT_DATA_MOCK_S1,
			    &s1, sizeof(s1), &hwpt),
		 0, "stage 1: with faults");
	check_nested("stage 1", &m, hwpt, parent, IOMMU_HWPT_DATA_MOCK_S1,
		     (struct want){ .flags = IOMMU_EXT_PT_FAULTS, .fault = fault });
	iommu__destroy(m.fd, hwpt);
	mock__viommu(&m, parent, &data, &viommu);
	tap__err(mock__hwpt(&m, viommu, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, IOMMU_HWPT_DATA_SELFTEST,
			    &selftest, sizeof(selftest), &hwpt),
		 0, "virtual IOMMU: with PASIDs");
	check_nested("virtual IOMMU", &m, hwpt, parent, IOMMU_HWPT_DATA_SELFTEST,
		     (struct want){ .flags = IOMMU_EXT_PT_PASID });
	close(fault_fd);
	close(m.fd);
}

/* ---- room, and errors ---- */

static void test_device_room(const struct mock *m)
{
	struct iommu_ext_device_info info, before;
	struct iommu_ext_range r[4];
	char *page = mem__small(2 * P), *end = page + P;

	mprotect(end, P, PROT_NONE);
	info__device(m->fd, m->dev, &before, NULL, NULL);
	tap__is(before.num_ranges, 3, "room: three ranges are counted");
	tap__hex(before.out_page_sizes, PAGE_SIZES, "room: the other members are set");
	memset(r, 0xaa, sizeof(r));
	info = before;
	info.num_ranges = 2;
	info.num_formats = 0;
	info.ranges = (uintptr_t)r;
	info.out_caps = 0;
	tap__err(iommu__ioctl(m->fd, IOMMU_EXT_DEVICE_INFO, &info), -EMSGSIZE, "room: for two");
	tap__is(info.num_ranges, 3, "room: there are three");
	tap__hex(info.out_caps, before.out_caps, "room: the other members are set");
	tap__ok(range_is(&r[0], MOCK_APERTURE_START, B - 1, IOMMU_EXT_RANGE_USABLE,
			 IOMMU_EXT_NONE) &&
			range_is(&r[1], B, B + M - 1, IOMMU_EXT_RANGE_RESERVED, m->dev),
		"room: the first two are written");
	tap__ok(r[2].start == 0xaaaaaaaaaaaaaaaa, "room: and no third");

	/* Room for three, in memory for one. */
	info = before;
	info.ranges = (uintptr_t)end - sizeof(*r);
	info.out_caps = 77;
	tap__err(iommu__ioctl(m->fd, IOMMU_EXT_DEVICE_INFO, &info), -EFAULT, "room: bad memory");
	tap__ok(info.out_caps == 77 && info.num_ranges == 3, "room: the struct has not changed");
	info.ranges = -P;
	tap__err(iommu__ioctl(m->fd, IOMMU_EXT_DEVICE_INFO, &info), -EFAULT, "room: the kernel's");
	info.ranges = (uintptr_t)r;
	info.num_formats = 1;
	info.formats = -P;
	tap__err(iommu__ioctl(m->fd, IOMMU_EXT_DEVICE_INFO, &info),
		 before.num_formats ? -EFAULT : 0, "room: the kernel's for formats");
	mem__free(page, 2 * P);
}

static void test_pt_room(const struct mock *m)
{
	struct iommu_ext_pt_info info, before;
	struct iommu_ext_range r[8];
	char *page = mem__small(2 * P), *end = page + P;

	mprotect(end, P, PROT_NONE);
	tap__err(info__pt(m->fd, m->ioas, &before, NULL), -EMSGSIZE, "pt room: none");
	tap__is(before.num_ranges, 5, "pt room: five ranges are counted");
	tap__is(before.out_kind, IOMMU_EXT_PT_IOAS, "pt room: the other members are set");
	for (uint32_t room = 1; room <= 5; room++) {
		memset(r, 0xaa, sizeof(r));
		info = before;
		info.num_ranges = room;
		info.ranges = (uintptr_t)r;
		tap__err(iommu__ioctl(m->fd, IOMMU_EXT_PT_INFO, &info), room < 5 ? -EMSGSIZE : 0,
			 "pt room: for %u", room);
		tap__ok(info.num_ranges == 5 && r[room - 1].last != 0xaaaaaaaaaaaaaaaa &&
				r[room].start == 0xaaaaaaaaaaaaaaaa,
			"pt room: so many are written");
	}
	tap__is(r[1].dev_id, m->dev, "pt room: the device's is its");
	info = before;
	info.out_kind = 77;
	info.ranges = (uintptr_t)end - sizeof(*r);
	tap__err(iommu__ioctl(m->fd, IOMMU_EXT_PT_INFO, &info), -EFAULT, "pt room: bad memory");
	tap__ok(info.out_kind == 77 && info.num_ranges == 5, "pt room: the struct has not changed");
	info.ranges = -P;
	tap__err(iommu__ioctl(m->fd, IOMMU_EXT_PT_INFO, &info), -EFAULT, "pt room: the kernel's");
	info.num_ranges = UINT32_MAX;
	info.ranges = (uintptr_t)r;
	tap__err(iommu__ioctl(m->fd, IOMMU_EXT_PT_INFO, &info), 0, "pt room: for 2^32 - 1");
	tap__is(info.num_ranges, 5, "pt room: there are five");
	mem__free(page, 2 * P);
}

static void test_ids(const struct mock *m)
{
	struct iommu_ext_device_info dev;
	struct iommu_viommu_selftest data = {};
	uint32_t parent, viommu, fault, dead;
	struct iommu_ext_pt_info pt;
	int fault_fd;

	mock__hwpt(m, m->ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	mock__viommu(m, parent, &data, &viommu);
	fault__alloc(m->fd, &fault, &fault_fd);
	ioas__alloc(m->fd, &dead);
	iommu__destroy(m->fd, dead);

	tap__err(info__device(m->fd, 0, &dev, NULL, NULL), -ENOENT, "ids: device 0");
	tap__err(info__device(m->fd, dead, &dev, NULL, NULL), -ENOENT, "ids: device that is gone");
	tap__err(info__device(m->fd, m->ioas, &dev, NULL, NULL), -ENOENT, "ids: device, an IOAS");
	tap__err(info__device(m->fd, m->obj, &dev, NULL, NULL), -ENOENT, "ids: device, another");
	tap__err(info__pt(m->fd, 0, &pt, NULL), -ENOENT, "ids: page table 0");
	tap__err(info__pt(m->fd, IOMMU_EXT_NONE, &pt, NULL), -ENOENT, "ids: page table -1");
	tap__err(info__pt(m->fd, dead, &pt, NULL), -ENOENT, "ids: page table that is gone");
	tap__err(info__pt(m->fd, m->dev, &pt, NULL), -EINVAL, "ids: page table, a device");
	tap__err(info__pt(m->fd, m->obj, &pt, NULL), -EINVAL, "ids: page table, another");
	tap__err(info__pt(m->fd, viommu, &pt, NULL), -EINVAL, "ids: page table, a virtual IOMMU");
	tap__err(info__pt(m->fd, fault, &pt, NULL), -EINVAL, "ids: page table, a fault queue");
	tap__hex(pt.out_kind, 0xaaaaaaaa, "ids: nothing is written");
	close(fault_fd);
}

static void test_errors(void)
{
	struct mock m = { .fd = iommu__open() }, dev;
	int objects;

	ioas__alloc(m.fd, &m.ioas);
	tap__err(mock__device_resv(&dev, m.fd, m.ioas, B, M), 0, "errors: a device");
	dev.ioas = m.ioas;
	objects = mock__objects(dev.fd);
	test_device_room(&dev);
	test_pt_room(&dev);
	tap__is(mock__objects(dev.fd), objects, "errors: no object was made");
	test_ids(&dev);
	tap__err(iommu__destroy(dev.fd, dev.obj), 0, "errors: the device can go");
	close(dev.fd);
}

int main(void)
{
	tap__start();
	mem = mem__small(4 * P);
	test_devices();
	test_formats();
	test_noiommu();
	test_reserved();
	test_claims();
	test_ioas();
	test_hwpt();
	test_nested();
	test_errors();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
