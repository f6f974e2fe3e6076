// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces of a thread: map, copy, unmap, and what they do to the model.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../../lib/iommu.h"
#include "../../lib/tap.h"
#include <linux/iommufd_new.h>
#include "own.h"

#define ALLOWED (64ull << 20)

static uint64_t area_end(const struct area *area)
{
	return area->iova + area->pages * P;
}

int own_tables(const struct space *sp)
{
	return sp->paging + (sp->autos > 0);
}

void own_tables_changed(struct own *o, struct space *sp, int before)
{
	int now = own_tables(sp);

	for (int i = 0; i < sp->num && !before != !now; i++) {
		if (now)
			own_use(o, &sp->areas[i], 0, sp->areas[i].pages);
		else
			own_unuse(o, &sp->areas[i], 0, sp->areas[i].pages);
	}
}

struct area *own_find(struct space *sp, uint64_t iova)
{
	for (int i = 0; i < sp->num; i++)
		if (sp->areas[i].iova <= iova && iova < area_end(&sp->areas[i]))
			return &sp->areas[i];
	return NULL;
}

static bool overlaps(const struct space *sp, uint64_t iova, uint64_t length)
{
	for (int i = 0; i < sp->num; i++)
		if (sp->areas[i].iova < iova + length && iova < area_end(&sp->areas[i]))
			return true;
	return false;
}

static uint64_t window_iova(struct storm *s)
{
	return MOCK_BASE + rnd(s, WINDOW) * P;
}

uint64_t own_iova(struct storm *s, struct space *sp)
{
	uint64_t iova = window_iova(s);
	const struct area *area;

	if (!sp->num || one_in(s, 8))
		return iova;
	area = &sp->areas[rnd(s, sp->num)];
	return area->iova + rnd(s, area->pages) * P;
}

static bool needs_alignment(const struct own *o, const struct space *sp)
{
	bool pins = false;

	for (int i = 0; i < ACCESSES; i++)
		pins |= o->access[i].fd >= 0 && o->access[i].pins &&
			&o->space[o->access[i].space] == sp;
	return own_tables(sp) || sp->small || pins;
}

/* Insert an area at its place, and pin it. */
static void insert(struct own *o, struct space *sp, const struct area *area)
{
	int i = sp->num++;

	for (; i && sp->areas[i - 1].iova > area->iova; i--)
		sp->areas[i] = sp->areas[i - 1];
	sp->areas[i] = *area;
	if (own_tables(sp))
		own_use(o, area, 0, area->pages);
}

static void remove_area(struct own *o, struct space *sp, int i)
{
	struct area area = sp->areas[i];

	own_access_unmap(o, sp - o->space, area.iova, area_end(&area) - 1);
	if (own_tables(sp))
		own_unuse(o, &area, 0, area.pages);
	own_memory_put(o, area.memory);
	memmove(&sp->areas[i], &sp->areas[i + 1], (--sp->num - i) * sizeof(area));
}

/* Check an address that the driver chose. */
static void check_chosen(struct storm *s, const struct space *sp, uint64_t iova, uint64_t length)
{
	uint64_t last = sp->allowed ? MOCK_BASE + ALLOWED - 1 : MOCK_APERTURE_LAST;

	storm_note(s, true, " at=0x%" PRIx64, iova);
	if (iova < MOCK_BASE || iova + length - 1 > last || iova % P || overlaps(sp, iova, length))
		storm_fail(s, "the driver chose 0x%" PRIx64 " for 0x%" PRIx64 " bytes", iova,
			   length);
}

/* Let the next map_pages() of one of the tables fail. Returns the table or -1. */
static int arm_failure(struct storm *s, const struct space *sp)
{
	struct own *o = s->own;
	int n = sp - o->space;

	if (!sp->paging || !one_in(s, 12))
		return -1;
	for (int i = 0; i < TABLES; i++) {
		const struct table *t = &o->table[i];

		if (t->id && t->parent < 0 && t->space == n &&
		    !mock__fail(&o->dev[0], t->id, MOCK_FAIL_MAP, 0, 1))
			return i;
	}
	return -1;
}

static void disarm_failure(struct storm *s, int table)
{
	if (table >= 0)
		mock__fail(&s->own->dev[0], s->own->table[table].id, MOCK_FAIL_MAP, 0, 0);
}

static int do_map(struct own *o, bool file, uint32_t flags, struct space *sp, unsigned int slot,
		  uint64_t length, uint64_t *iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = sp->id,
		.fd = o->memfd,
		.start = (slot - ANON) * P,
		.length = length,
		.iova = *iova,
	};
	int ret;

	if (!file)
		return ioas__map(o->fd, sp->id, o->mem + slot * P, length, flags, iova);
	ret = iommu__ioctl(o->fd, IOMMU_IOAS_MAP_FILE, &cmd);
	*iova = cmd.iova;
	return ret;
}

static int want_map(const struct own *o, const struct space *sp, bool fixed, uint64_t iova,
		    uint64_t length, int fail)
{
	if (fixed && iova % P && needs_alignment(o, sp))
		return -EINVAL;
	if (fixed && overlaps(sp, iova, length))
		return -EEXIST;
	return fail >= 0 ? -ENOMEM : 0;
}

void op_map(struct storm *s)
{
	struct own *o = s->own;
	struct space *sp = &o->space[rnd(s, SPACES)];
	bool file = one_in(s, 4), fixed = !own_tables(sp) || !one_in(s, 4);
	unsigned int pages = 1 + rnd(s, AREA_PAGES);
	unsigned int slot = file ? ANON + rnd(s, FILED - AREA_PAGES) : rnd(s, SLOTS - AREA_PAGES);
	uint32_t prot = one_in(s, 4) ? 1 + rnd(s, 3) : 3;
	uint32_t flags = prot << 1 | (fixed ? IOAS_FIXED : 0);
	struct area area = { .pages = pages, .read = flags & IOAS_R, .write = flags & IOAS_W };
	uint64_t iova = window_iova(s);
	int ret, want, fail;

	_Static_assert(IOAS_W == 1 << 1 && IOAS_R == 1 << 2, "flags");
	if (sp->num == AREAS)
		return;
	if (one_in(s, 20) && needs_alignment(o, sp))
		iova += 512;
	storm_note(s, true, "map space=%zu file=%d page=%u pages=%u flags=%u iova=0x%" PRIx64,
		   (size_t)(sp - o->space), file, slot, pages, flags, iova);
	area.memory = own_memory_new(o, slot, pages, area.write);
	if (area.memory < 0)
		return;
	fail = arm_failure(s, sp);
	want = want_map(o, sp, fixed, iova, pages * P, fail);
	ret = do_map(o, file, flags, sp, slot, pages * P, &iova);
	disarm_failure(s, fail);
	if (!storm_want(s, ret, want, "map") || ret) {
		own_memory_put(o, area.memory);
		return;
	}
	if (!fixed)
		check_chosen(s, sp, iova, pages * P);
	area.iova = iova;
	insert(o, sp, &area);
}

/* Remove the areas of a range from the model, as the driver does. Returns its result. */
static int model_unmap(struct own *o, struct space *sp, uint64_t iova, uint64_t last, bool all,
		       uint64_t *bytes)
{
	int i = 0;

	*bytes = 0;
	while (i < sp->num) {
		struct area *area = &sp->areas[i];

		if (area_end(area) <= iova) {
			i++;
			continue;
		}
		if (area->iova > last)
			break;
		if (area->iova < iova || area_end(area) - 1 > last)
			return -ENOENT;
		*bytes += area->pages * P;
		remove_area(o, sp, i);
	}
	return *bytes || all ? 0 : -ENOENT;
}

/* A device that uses the address space must not reach it any more. */
static void check_unreachable(struct storm *s, struct space *sp, uint64_t iova)
{
	struct own *o = s->own;

	for (int i = 0; i < DEVICES; i++)
		if (o->target[i].space == sp - o->space)
			own_dma(s, i, 0, o->target[i], iova, 64, false);
}

void op_unmap(struct storm *s)
{
	struct own *o = s->own;
	struct space *sp = &o->space[rnd(s, SPACES)];
	uint64_t iova = own_iova(s, sp), length = (1 + rnd(s, 20)) * P, bytes, got;
	const struct area *area = own_find(sp, iova);
	uint32_t kind = rnd(s, 32);
	bool all = kind == 0;
	int ret, want;

	if (all) {
		iova = 0;
		length = UINT64_MAX;
	} else if (kind < 26 && area) {
		iova = area->iova;
		length = area->pages * P;
	}
	storm_note(s, true, "unmap space=%zu iova=0x%" PRIx64 " length=0x%" PRIx64,
		   (size_t)(sp - o->space), iova, length);
	got = length;
	ret = ioas__unmap(o->fd, sp->id, iova, &got);
	want = model_unmap(o, sp, iova, all ? UINT64_MAX : iova + length - 1, all, &bytes);
	if (!storm_want(s, ret, want, "unmap"))
		return;
	if (!ret && got != bytes)
		storm_fail(s, "0x%" PRIx64 " bytes instead of 0x%" PRIx64 " are unmapped", got,
			   bytes);
	if (!ret && !all)
		check_unreachable(s, sp, iova);
}

/* The parts of a mapped range as areas, which begin at IOVA 0. Returns how many, 0 for a hole. */
static int cut(struct space *from, uint64_t iova, uint64_t length, uint32_t flags,
	       struct area parts[AREAS])
{
	uint64_t at = 0;
	int num = 0;

	while (at < length) {
		const struct area *area = own_find(from, iova + at);
		uint64_t skip, bytes;

		if (!area)
			return 0;
		skip = iova + at - area->iova;
		bytes = area_end(area) - iova - at;
		if (bytes > length - at)
			bytes = length - at;
		parts[num++] = (struct area){
			.iova = at,
			.memory = area->memory,
			.first = area->first + skip / P,
			.pages = bytes / P,
			.read = flags & IOAS_R,
			.write = flags & IOAS_W,
		};
		at += bytes;
	}
	return num;
}

static int want_copy(struct own *o, const struct space *to, const struct area *parts, int num,
		     bool fixed, uint64_t iova, uint64_t length, int fail)
{
	if (!num)
		return -ENOENT;
	if (fixed && overlaps(to, iova, length))
		return -EEXIST;
	for (int i = 0; i < num; i++)
		if (parts[i].write && !o->memory[parts[i].memory].writable)
			return -EPERM;
	return fail >= 0 ? -ENOMEM : 0;
}

void op_copy(struct storm *s)
{
	struct own *o = s->own;
	struct space *from = &o->space[rnd(s, SPACES)], *to = &o->space[rnd(s, SPACES)];
	bool fixed = !own_tables(to) || !one_in(s, 4);
	uint32_t prot = one_in(s, 3) ? 1 + rnd(s, 3) : 3;
	uint32_t flags = prot << 1 | (fixed ? IOAS_FIXED : 0);
	uint64_t src = own_iova(s, from), dst = window_iova(s), length = (1 + rnd(s, 8)) * P;
	const struct area *area = own_find(from, src);
	struct area parts[AREAS];
	int num, ret, want, fail;

	if (area && !one_in(s, 4) && src + length > area_end(area))
		length = area_end(area) - src;
	num = cut(from, src, length, flags, parts);
	if (to->num + num > AREAS)
		return;
	storm_note(s, true,
		   "copy space=%zu to=%zu flags=%u iova=0x%" PRIx64 " length=0x%" PRIx64
		   " at=0x%" PRIx64,
		   (size_t)(from - o->space), (size_t)(to - o->space), flags, src, length, dst);
	fail = arm_failure(s, to);
	want = want_copy(o, to, parts, num, fixed, dst, length, fail);
	ret = ioas__copy(o->fd, to->id, from->id, src, length, flags, &dst);
	disarm_failure(s, fail);
	if (!storm_want(s, ret, want, "copy") || ret)
		return;
	if (!fixed)
		check_chosen(s, to, dst, length);
	for (int i = 0; i < num; i++) {
		o->memory[parts[i].memory].refs++;
		parts[i].iova += dst;
		insert(o, to, &parts[i]);
	}
}

/* Destroy an IOAS and make a new one. The first one stays, because a page table keeps it. */
void op_space(struct storm *s)
{
	struct own *o = s->own;
	struct space *sp = &o->space[1 + rnd(s, SPACES - 1)];
	bool busy = own_tables(sp) || sp->accesses;

	storm_note(s, true, "destroy space=%zu", (size_t)(sp - o->space));
	if (!storm_want(s, iommu__destroy(o->fd, sp->id), busy ? -EBUSY : 0, "destroy") || busy)
		return;
	while (sp->num)
		remove_area(o, sp, 0);
	memset(sp, 0, sizeof(*sp));
	storm_want(s, ioas__alloc(o->fd, &sp->id), 0, "alloc");
}

void op_huge(struct storm *s)
{
	struct own *o = s->own;
	struct space *sp = &o->space[rnd(s, SPACES)];
	uint64_t on = rnd(s, 2), got = 9;
	int want = !on && !sp->small && own_tables(sp) && sp->num ? -EINVAL : 0;

	storm_note(s, true, "huge space=%zu on=%" PRIu64, (size_t)(sp - o->space), on);
	if (storm_want(s,
		       iommu__option(o->fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, sp->id,
				     &on),
		       want, "set") &&
	    !want)
		sp->small = !on;
	storm_want(s,
		   iommu__option(o->fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, sp->id, &got),
		   0, "get");
	if (got != !sp->small)
		storm_fail(s, "huge pages are %" PRIu64, got);
}

void op_ranges(struct storm *s)
{
	struct own *o = s->own;
	struct space *sp = &o->space[rnd(s, SPACES)];
	bool limited = own_tables(sp);
	struct iommu_iova_range range[2];
	uint64_t align;
	uint32_t num = 2;

	storm_note(s, true, "ranges space=%zu", (size_t)(sp - o->space));
	if (!storm_want(s, ioas__ranges(o->fd, sp->id, range, &num, &align), 0, "ranges"))
		return;
	if (num != 1 || range[0].start != (limited ? MOCK_APERTURE_START : 0) ||
	    range[0].last != (limited ? MOCK_APERTURE_LAST : UINT64_MAX))
		storm_fail(s, "%u ranges, the first is 0x%" PRIx64 " to 0x%" PRIx64, num,
			   (uint64_t)range[0].start, (uint64_t)range[0].last);
}

void op_allow(struct storm *s)
{
	struct own *o = s->own;
	struct space *sp = &o->space[rnd(s, SPACES)];
	struct iommu_iova_range range = { MOCK_BASE, MOCK_BASE + ALLOWED - 1 };
	bool on = one_in(s, 2);

	storm_note(s, true, "allow space=%zu on=%d", (size_t)(sp - o->space), on);
	if (storm_want(s, ioas__allow(o->fd, sp->id, &range, on), 0, "allow"))
		sp->allowed = on;
}
