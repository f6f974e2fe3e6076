// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draw ids, addresses and lengths for operations, and end lines of the trace. The trace names an id
 * by its slot, because the ids of two drivers may differ.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "../../lib/tap.h"
#include "mock-ops.h"

const uint32_t fuzz_pasids[PASIDS] = { 1, 77, 1 << MOCK_PASID_WIDTH };

void trace_end(struct fuzz *f, int ret)
{
	trace(f, " -> %s", tap__errname(ret));
	/* Reading it takes longer than most operations, so do it rarely. */
	if (!(f->t.step % 4))
		trace(f, " pin=%ld", mem__status(0, "VmPin") / 4);
	trace(f, "\n");
}

int test_cmd(struct fuzz *f, struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return iommu__ioctl(f->fd, IOMMU_TEST_CMD, cmd);
}

int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static struct pick none(const char *name)
{
	struct pick p = { .id = DEAD, .slot = -1 };

	strcpy(p.name, name);
	return p;
}

/* Pick the first slot in use, starting from a random one. The ids are @stride bytes apart. */
static struct pick pick_slot(struct fuzz *f, const char *kind, const void *ids, size_t stride,
			     uint32_t num)
{
	uint32_t n = rnd(f, num);
	bool dead = one_in(f, 40);

	for (uint32_t i = 0; i < num && !dead; i++, n = (n + 1) % num) {
		struct pick p = { .slot = n };

		memcpy(&p.id, (const char *)ids + n * stride, sizeof(p.id));
		if (!p.id)
			continue;
		snprintf(p.name, sizeof(p.name), "%s%u", kind, n);
		return p;
	}
	return none("dead");
}

#define PICK(f, kind, array, member) \
	pick_slot(f, kind, &(array)[0] member, sizeof((array)[0]), \
		  sizeof(array) / sizeof((array)[0]))

/* Sometimes pick an object of another type. */
static struct pick or_any(struct fuzz *f, struct pick p)
{
	bool other = one_in(f, 50);
	struct pick any = pick_any(f);

	return other ? any : p;
}

/* Clear the slot unless the object is of that kind. */
static struct pick of_kind(struct pick p, const char *kind)
{
	if (!*kind || strncmp(p.name, kind, strlen(kind)))
		p.slot = -1;
	return p;
}

struct pick pick_ioas(struct fuzz *f)
{
	struct pick p = or_any(f, PICK(f, "ioas", f->ioas, ));

	return of_kind(p, "ioas");
}

struct pick pick_dev(struct fuzz *f)
{
	struct pick p = or_any(f, PICK(f, "dev", f->dev, .dev));

	return strchr(p.name, '.') ? of_kind(p, "") : of_kind(p, "dev");
}

struct pick pick_stdev(struct fuzz *f)
{
	struct pick p = or_any(f, PICK(f, "obj", f->dev, .obj));

	return of_kind(p, "obj");
}

struct pick pick_hwpt(struct fuzz *f)
{
	struct pick p = or_any(f, PICK(f, "hwpt", f->hwpt, .id));

	return of_kind(p, "hwpt");
}

struct pick pick_viommu(struct fuzz *f)
{
	struct pick p = or_any(f, PICK(f, "viommu", f->viommu, ));

	return of_kind(p, "viommu");
}

/* Pick a page table that a device or a PASID is attached to. */
static struct pick pick_attached(struct fuzz *f)
{
	struct pick p = { .slot = rnd(f, DEVICES) };
	uint32_t n = rnd(f, 4 + PASIDS);

	n = n > PASIDS ? 0 : n;
	p.id = f->dev[p.slot].pt[n].id;
	if (!p.id)
		return none("dead");
	snprintf(p.name, sizeof(p.name), "dev%d.%u", p.slot, n);
	return p;
}

struct pick pick_pt(struct fuzz *f)
{
	uint32_t which = rnd(f, 5);
	struct pick ioas = pick_ioas(f), hwpt = pick_hwpt(f), attached = pick_attached(f);

	return which < 2 ? ioas : which < 4 ? hwpt : attached;
}

struct pick pick_any(struct fuzz *f)
{
	struct pick ioas = PICK(f, "ioas", f->ioas, ), dev = PICK(f, "dev", f->dev, .dev);
	struct pick hwpt = PICK(f, "hwpt", f->hwpt, .id), fault = PICK(f, "fault", f->fault, .id);
	struct pick viommu = PICK(f, "viommu", f->viommu, ), vdev = PICK(f, "vdev", f->vdev, );
	struct pick hwq = PICK(f, "hwq", f->hwq, ), q = PICK(f, "veventq", f->veventq, .id);
	struct pick attached = pick_attached(f);
	const struct pick *const all[] = { &ioas,  &dev,    &attached, &hwpt, &hwpt, &hwpt,
					   &fault, &viommu, &vdev,     &hwq,  &q };

	return *all[rnd(f, sizeof(all) / sizeof(all[0]))];
}

/* Return the slot of the IOAS that a page table maps, or -1. */
int pick_ioas_of(struct fuzz *f, const struct pick *pt)
{
	int dev;
	unsigned int n;

	if (!strncmp(pt->name, "hwpt", 4))
		return f->hwpt[pt->name[4] - '0'].ioas;
	if (sscanf(pt->name, "dev%d.%u", &dev, &n) == 2)
		return f->dev[dev].pt[n].ioas;
	if (!strncmp(pt->name, "ioas", 4))
		return pt->name[4] - '0';
	return -1;
}

/* Draw a number that is likely to be a limit of something. */
static uint64_t odd_number(struct fuzz *f)
{
	static const uint64_t some[] = {
		0,
		1,
		P - 1,
		P + 1,
		1ull << 60,
		UINT64_MAX,
		UINT64_MAX - 1,
		-P,
		-P + 1,
		UINT64_MAX / 2,
		UINT64_MAX - P,
		1ull << 63,
		MOCK_APERTURE_LAST,
		MOCK_APERTURE_LAST + 1ull,
		MOCK_APERTURE_START - 1,
	};

	return some[rnd(f, sizeof(some) / sizeof(some[0]))];
}

uint64_t pick_iova(struct fuzz *f)
{
	uint64_t iova = MOCK_APERTURE_START + rnd(f, 48) * P, odd = odd_number(f);
	uint32_t kind = rnd(f, 40), part = rnd(f, P);

	if (kind < 4)
		iova += 0x200000 - 8 * P;
	else if (kind < 6)
		iova += P / 2;
	else if (kind == 6)
		iova += part;
	else if (kind == 7)
		iova -= 24 * P;
	else if (kind == 8)
		iova += MOCK_APERTURE_LAST + 1ull - 2ull * MOCK_APERTURE_START - 24 * P +
			MOCK_APERTURE_START;
	return kind == 9 ? odd : iova;
}

uint64_t pick_length(struct fuzz *f)
{
	uint64_t small = (1 + rnd(f, 6)) * P, large = (1 + rnd(f, 40)) * P, odd = odd_number(f);
	uint32_t kind = rnd(f, 40), part = rnd(f, 3 * P);

	if (kind < 8)
		return large;
	if (kind < 10)
		return small - P / 2;
	if (kind == 10)
		return 1 + part;
	return kind == 11 ? odd : small;
}

uint64_t pick_va(struct fuzz *f)
{
	uint64_t page = rnd(f, MEM_GOOD - 48), any = rnd(f, MEM_ALL);
	uint32_t kind = rnd(f, 40), part = rnd(f, P);

	if (kind < 2)
		page = any;
	if (kind == 2)
		return MEM_AT + page * P + part;
	return MEM_AT + page * P + (kind == 3 || kind == 4 ? P / 2 : 0);
}

void note_recent(struct fuzz *f, int ioas, uint64_t iova, uint64_t va, uint64_t length)
{
	f->recent[f->recents++ % RECENT] = (struct recent){ iova, va, length, ioas };
}

struct pick pick_ioas_with(struct fuzz *f, const struct recent *r, struct pick p)
{
	if (r->ioas < 0 || !f->ioas[r->ioas])
		return p;
	p.slot = r->ioas;
	p.id = f->ioas[p.slot];
	snprintf(p.name, sizeof(p.name), "ioas%d", p.slot);
	return p;
}

struct pick pick_hwpt_with(struct fuzz *f, const struct recent *r, struct pick p)
{
	for (int i = 0; i < HWPTS && r->ioas >= 0; i++)
		if (f->hwpt[i].id && f->hwpt[i].ioas == r->ioas) {
			p.slot = i;
			p.id = f->hwpt[i].id;
			snprintf(p.name, sizeof(p.name), "hwpt%d", i);
		}
	return p;
}

/* Prefer the newest. */
struct recent pick_recent(struct fuzz *f)
{
	uint32_t a = rnd(f, RECENT), b = rnd(f, RECENT), n = a < b ? a : b;

	if (n >= f->recents)
		return (struct recent){ MOCK_APERTURE_START, MEM_AT, P, -1 };
	return f->recent[(f->recents - 1 - n) % RECENT];
}

/* Ids may differ between drivers, so name a page table by another reference to it. */
void trace_pt(struct fuzz *f, uint32_t id)
{
	for (int i = 0; i < HWPTS; i++)
		if (f->hwpt[i].id == id) {
			trace(f, " pt=hwpt%d", i);
			return;
		}
	for (int i = 0; i < DEVICES; i++)
		for (int n = 0; n <= PASIDS; n++)
			if (f->dev[i].pt[n].id == id) {
				trace(f, " pt=dev%d.%d", i, n);
				return;
			}
	trace(f, " pt=new");
}
