// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables, devices and PASIDs of a thread, their DMA, and dirty tracking.
 *
 * Table 0 is a parent for nested tables, tracks dirty pages, takes PASIDs, and stays. The last
 * device is always attached to a table that takes PASIDs.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../../lib/ext.h"
#include "../../lib/iommu.h"
#include <linux/iommufd_new.h>
#include "own.h"

#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define PARENT IOMMU_HWPT_ALLOC_NEST_PARENT
#define DIRTY IOMMU_HWPT_ALLOC_DIRTY_TRACKING
#define NOTHING ((struct target){ -1, -1 })

/* ---- targets ---- */

static void target_use(struct own *o, struct target t, int change)
{
	struct space *sp;
	int before;

	if (t.space < 0)
		return;
	if (t.table >= 0) {
		o->table[t.table].users += change;
		return;
	}
	sp = &o->space[t.space];
	before = own_tables(sp);
	sp->autos += change;
	own_tables_changed(o, sp, before);
}

void own_target_set(struct own *o, struct target *t, struct target to)
{
	target_use(o, to, 1);
	target_use(o, *t, -1);
	*t = to;
}

uint32_t own_target_id(const struct own *o, struct target t)
{
	return t.table >= 0 ? o->table[t.table].id : o->space[t.space].id;
}

/* A random table with these flags, which is not nested if they are not 0; -1 if there is none. */
static int pick_table(struct storm *s, uint32_t flags)
{
	struct own *o = s->own;
	int n = rnd(s, TABLES);

	for (int i = 0; i < TABLES; i++, n = (n + 1) % TABLES)
		if (o->table[n].id && (o->table[n].flags & flags) == flags &&
		    (!flags || o->table[n].parent < 0))
			return n;
	return -1;
}

/* ---- DMA ---- */

/* The paging table whose dirty bits a target sets, or -1. */
static int dirty_table(const struct own *o, struct target t)
{
	int n = t.table;

	if (n >= 0 && o->table[n].parent >= 0)
		n = o->table[n].parent;
	return n >= 0 && o->table[n].tracking ? n : -1;
}

/* Copy between the buffer and the frames as the device should. Returns the bytes that it can. */
static size_t model_dma(struct own *o, struct target t, uint64_t iova, uint8_t *buf, size_t length,
			bool write)
{
	int dirty = dirty_table(o, t);
	size_t done = 0, n;
	bool same;

	while (done < length && t.space >= 0) {
		uint64_t at = iova + done;
		struct area *area = own_find(&o->space[t.space], at);
		unsigned int page, frame;

		if (!area || !(write ? area->write : area->read))
			break;
		page = (at - area->iova) / P;
		frame = own_frame(o, area, page, &same);
		n = P - at % P;
		n = n < length - done ? n : length - done;
		if (write)
			memcpy(&o->frame[frame][at % P], buf + done, n);
		else
			memcpy(buf + done, &o->frame[frame][at % P], n);
		if (write && dirty >= 0)
			area->dirty[dirty] |= 1u << page;
		done += n;
	}
	return done;
}

/* Say where the wrong byte is, and whether the process sees the same. */
static void report_mismatch(struct storm *s, struct target t, uint64_t at, uint8_t got,
			    uint8_t want)
{
	struct own *o = s->own;
	const struct area *area = own_find(&o->space[t.space], at);
	const struct memory *m = &o->memory[area->memory];
	unsigned int page = (at - area->iova) / P, slot = m->first + area->first + page;
	bool same;

	own_frame(o, area, page, &same);
	storm_fail(s,
		   "DMA has read 0x%02x instead of 0x%02x at 0x%" PRIx64 ", page %u of the process,"
		   " which has 0x%02x there; %s page, %u users, %s",
		   got, want, at, slot, (uint8_t)o->mem[slot * P + at % P],
		   same ? "the same" : "another", m->users[area->first + page],
		   m->writable ? "writable" : "read-only");
}

void own_dma(struct storm *s, unsigned int dev, uint32_t pasid, struct target t, uint64_t iova,
	     size_t length, bool write)
{
	struct own *o = s->own;
	uint8_t want[sizeof(o->buf)], byte = rnd(s, 256);
	uint64_t done = 0;
	size_t bytes, i = 0;
	int ret;

	for (size_t n = 0; n < length; n++)
		o->buf[n] = want[n] = byte + n * 7;
	storm_note(s, true,
		   "dma dev=%u pasid=%d space=%d table=%d iova=0x%" PRIx64 " length=%zu write=%d",
		   dev, pasid != 0, t.space, t.table, iova, length, write);
	bytes = model_dma(o, t, iova, want, length, write);
	ret = mock__dma_done(&o->dev[dev], pasid, iova, o->buf, length, write, &done);
	if (!storm_want(s, ret, bytes < length ? -EFAULT : 0, "dma"))
		return;
	if (done != bytes) {
		storm_fail(s, "DMA of %" PRIu64 " bytes instead of %zu", done, bytes);
		return;
	}
	while (!write && i < bytes && o->buf[i] == want[i])
		i++;
	if (!write && i < bytes)
		report_mismatch(s, t, iova + i, o->buf[i], want[i]);
}

void op_dma(struct storm *s)
{
	struct own *o = s->own;
	unsigned int n = rnd(s, DEVICES + PASIDS), dev = n < DEVICES ? n : DEVICES - 1;
	struct target t = n < DEVICES ? o->target[n] : o->pasid[n - DEVICES].target;
	uint32_t number = n < DEVICES ? 0 : o->pasid[n - DEVICES].number;
	struct space *sp = &o->space[t.space < 0 ? 0 : t.space];
	uint64_t iova = own_iova(s, sp) + (one_in(s, 2) ? rnd(s, P) : 0);

	/* Without an object, the number of a PASID may be somebody else's. */
	if (n >= DEVICES && !o->pasid[n - DEVICES].id)
		return;
	own_dma(s, dev, number, t, iova, 1 + rnd(s, DMA_PAGES * P), one_in(s, 3));
}

/* ---- page tables ---- */

static int table_alloc(struct own *o, int n, uint32_t pt, uint32_t flags, bool nested)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };

	return mock__hwpt(&o->dev[DEVICES - 1], pt, flags, 0, nested ? IOMMU_HWPT_DATA_SELFTEST : 0,
			  &data, nested ? sizeof(data) : 0, &o->table[n].id);
}

static void clear_dirty(struct own *o, int table)
{
	for (int k = 0; k < SPACES; k++)
		for (int i = 0; i < o->space[k].num; i++)
			o->space[k].areas[i].dirty[table] = 0;
}

void own_table_added(struct own *o, int n, struct table t)
{
	struct space *sp = &o->space[t.space];
	int before = own_tables(sp);

	if (!t.id)
		t.id = o->table[n].id;
	o->table[n] = t;
	clear_dirty(o, n);
	if (t.parent >= 0) {
		o->table[t.parent].users++;
		return;
	}
	sp->paging++;
	own_tables_changed(o, sp, before);
}

void own_table_gone(struct own *o, int n)
{
	struct space *sp = &o->space[o->table[n].space];
	int before = own_tables(sp);

	o->table[n].id = 0;
	if (o->table[n].parent >= 0) {
		o->table[o->table[n].parent].users--;
		return;
	}
	sp->paging--;
	own_tables_changed(o, sp, before);
}

/* Destroy the table in a place, or else make one. */
void op_table(struct storm *s)
{
	static const uint32_t kinds[] = { 0, PASID, DIRTY, PASID | DIRTY, PARENT, PARENT | PASID };
	struct own *o = s->own;
	int n = 1 + rnd(s, TABLES - 1), space = rnd(s, SPACES), parent = pick_table(s, PARENT);
	uint32_t flags = kinds[rnd(s, 6)];
	bool nested = one_in(s, 4);
	struct table *t = &o->table[n];
	int ret;

	if (t->id) {
		storm_note(s, true, "destroy table=%d", n);
		ret = iommu__destroy(o->fd, t->id);
		if (storm_want(s, ret, t->users ? -EBUSY : 0, "destroy") && !ret)
			own_table_gone(o, n);
		return;
	}
	if (nested)
		space = o->table[parent].space;
	storm_note(s, true, "table=%d space=%d parent=%d flags=%u", n, space, nested ? parent : -1,
		   flags);
	ret = table_alloc(o, n, nested ? o->table[parent].id : o->space[space].id,
			  nested ? 0 : flags, nested);
	if (storm_want(s, ret, 0, "alloc"))
		own_table_added(o, n,
				(struct table){ .space = space,
						.parent = nested ? parent : -1,
						.flags = nested ? 0 : flags });
	else
		o->table[n].id = 0;
}

void op_attach(struct storm *s)
{
	struct own *o = s->own;
	int dev = rnd(s, DEVICES), n = pick_table(s, dev == DEVICES - 1 ? PASID : 0);
	bool by_space = dev < DEVICES - 1 && one_in(s, 2), fail = one_in(s, 10);
	struct target to = { .space = rnd(s, SPACES), .table = -1 };
	int ret;

	if (!by_space)
		to = (struct target){ o->table[n].space, n };
	/* An attach to the same table does not reach the IOMMU driver. */
	if (to.space == o->target[dev].space && to.table == o->target[dev].table)
		fail = false;
	if (fail)
		mock__fail(&o->dev[dev], o->dev[dev].dev, MOCK_FAIL_ATTACH, 0, 1);
	storm_note(s, true, "attach dev=%d space=%d table=%d fail=%d", dev, to.space, to.table,
		   fail);
	ret = mock__replace(&o->dev[dev], own_target_id(o, to));
	if (fail)
		mock__fail(&o->dev[dev], o->dev[dev].dev, MOCK_FAIL_ATTACH, 0, 0);
	if (storm_want(s, ret, fail ? -ENOMEM : 0, "attach") && !ret)
		own_target_set(o, &o->target[dev], to);
}

/* ---- PASIDs ---- */

void op_pasid(struct storm *s)
{
	struct own *o = s->own;
	struct pasid *p = &o->pasid[rnd(s, PASIDS)];
	int n = pick_table(s, PASID), place = p - o->pasid;
	struct target to = { o->table[n].space, n };
	uint32_t dev = o->dev[DEVICES - 1].dev;
	int ret;

	if (!p->id) {
		storm_note(s, true, "pasid=%d", place);
		storm_want(s, pasid__new(o->fd, dev, &p->id, &p->number), 0, "alloc");
		p->target = NOTHING;
	} else if (p->target.space < 0 && one_in(s, 3)) {
		storm_note(s, true, "destroy pasid=%d", place);
		if (storm_want(s, iommu__destroy(o->fd, p->id), 0, "destroy"))
			p->id = 0;
	} else if (p->target.space >= 0 && one_in(s, 3)) {
		storm_note(s, true, "detach pasid=%d", place);
		if (storm_want(s, pasid__detach(o->fd, p->id), 0, "detach"))
			own_target_set(o, &p->target, NOTHING);
	} else {
		storm_note(s, true, "attach pasid=%d table=%d", place, n);
		ret = p->target.space < 0 ?
			      pasid__attach(o->fd, p->id, own_target_id(o, to), NULL) :
			      pasid__replace(o->fd, p->id, own_target_id(o, to), NULL);
		if (storm_want(s, ret, 0, "attach"))
			own_target_set(o, &p->target, to);
	}
}

/* Let a PASID use the page table of the process for a few DMAs, by addresses of the process. */
void op_sva(struct storm *s)
{
	struct own *o = s->own;
	unsigned int dev = DEVICES - 1, slot = rnd(s, SLOTS), at = rnd(s, P);
	size_t length = 1 + rnd(s, P - at);
	uint32_t sva, pasid, number;
	bool write = one_in(s, 2);
	uint8_t byte = rnd(s, 256), *frame = o->frame[o->slot[slot]] + at;
	int ret;

	storm_note(s, true, "sva page=%u at=%u length=%zu write=%d", slot, at, length, write);
	if (!storm_want(s, sva__alloc(o->fd, &sva), 0, "alloc"))
		return;
	if (!storm_want(s, pasid__new(o->fd, o->dev[dev].dev, &pasid, &number), 0, "pasid"))
		goto out_sva;
	if (!storm_want(s, pasid__attach(o->fd, pasid, sva, NULL), 0, "attach"))
		goto out_pasid;
	memset(o->buf, byte, length);
	ret = mock__dma(&o->dev[dev], number, (uintptr_t)o->mem + slot * P + at, o->buf, length,
			write);
	if (storm_want(s, ret, 0, "dma") && write)
		memset(frame, byte, length);
	else if (!ret && memcmp(o->buf, frame, length))
		storm_fail(s, "DMA to the process has read something else");
	storm_want(s, pasid__detach(o->fd, pasid), 0, "detach");
out_pasid:
	storm_want(s, iommu__destroy(o->fd, pasid), 0, "destroy the PASID");
out_sva:
	storm_want(s, iommu__destroy(o->fd, sva), 0, "destroy");
}

/* ---- dirty tracking ---- */

void op_tracking(struct storm *s)
{
	struct own *o = s->own;
	int n = pick_table(s, DIRTY), ret;
	bool on = !one_in(s, 3);
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.hwpt_id = o->table[n].id,
		.flags = on,
	};

	storm_note(s, true, "tracking table=%d on=%d", n, on);
	ret = iommu__ioctl(o->fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
	if (!storm_want(s, ret, 0, "tracking"))
		return;
	if (on && !o->table[n].tracking)
		clear_dirty(o, n);
	o->table[n].tracking = on;
}

/*
 * Pages that devices have written must be dirty. A page that they have not may be dirty, too, if a
 * leaf maps it together with one that they have.
 */
static void check_dirty(struct storm *s, const struct space *sp, uint64_t got, uint64_t want)
{
	if (got & want & ~got || want & ~got)
		storm_fail(s, "dirty pages are 0x%" PRIx64 ", at least 0x%" PRIx64 " are", got,
			   want);
	else if ((sp->small || !want) && got != want)
		storm_fail(s, "dirty pages are 0x%" PRIx64 " instead of 0x%" PRIx64, got, want);
}

void op_dirty(struct storm *s)
{
	struct own *o = s->own;
	int n = pick_table(s, DIRTY), ret;
	struct space *sp = &o->space[o->table[n].space];
	bool keep = one_in(s, 3), tracking = o->table[n].tracking;
	struct iommu_hwpt_get_dirty_bitmap cmd = { .size = sizeof(cmd), .page_size = P };
	struct area *area;
	uint64_t bits = 0;

	if (!sp->num)
		return;
	area = &sp->areas[rnd(s, sp->num)];
	cmd.hwpt_id = o->table[n].id;
	cmd.flags = keep ? IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR : 0;
	cmd.iova = area->iova;
	cmd.length = area->pages * P;
	cmd.data = (uintptr_t)&bits;
	storm_note(s, true, "dirty table=%d iova=0x%" PRIx64 " keep=%d", n, area->iova, keep);
	ret = iommu__ioctl(o->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
	if (!storm_want(s, ret, tracking ? 0 : -EINVAL, "dirty") || ret)
		return;
	check_dirty(s, sp, bits, area->dirty[n]);
	if (!keep)
		area->dirty[n] = 0;
}

/* ---- set-up ---- */

int own_table_init(struct storm *s)
{
	struct own *o = s->own;
	int ret = 0;

	for (int i = 0; i < DEVICES; i++)
		o->target[i] = NOTHING;
	for (int i = 0; i < PASIDS; i++)
		o->pasid[i].target = NOTHING;
	for (int i = 0; i < DEVICES && !ret; i++) {
		ret = mock__add(&o->dev[i], &(struct mock){ .fd = o->fd }, o->space[0].id,
				MOCK_FLAGS_DEVICE_PASID);
		if (!ret)
			own_target_set(o, &o->target[i], (struct target){ 0, -1 });
	}
	if (!ret)
		ret = table_alloc(o, 0, o->space[0].id, PARENT | DIRTY | PASID, false);
	if (ret)
		return ret;
	own_table_added(o, 0, (struct table){ .parent = -1, .flags = PARENT | DIRTY | PASID });
	ret = mock__replace(&o->dev[DEVICES - 1], o->table[0].id);
	if (!ret)
		own_target_set(o, &o->target[DEVICES - 1], (struct target){ 0, 0 });
	return ret;
}
