// SPDX-License-Identifier: GPL-2.0-only
/*
 * In-kernel accesses of a thread to its address spaces: pins that an unmap ends, reads and writes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "own.h"

static struct access *pick(struct storm *s, bool pins)
{
	struct own *o = s->own;
	unsigned int n = rnd(s, ACCESSES);

	for (int i = 0; i < ACCESSES; i++, n = (n + 1) % ACCESSES)
		if (o->access[n].fd >= 0 && (!pins || o->access[n].pins))
			return &o->access[n];
	return NULL;
}

/* Pin or unpin, in the model, the pages of an item. */
static void item_use(struct own *o, int space, const struct item *item, bool use)
{
	for (int i = 0; i < item->pages; i++) {
		const struct area *area = own_find(&o->space[space], item->iova + i * P);
		unsigned int page = (item->iova + i * P - area->iova) / P;

		if (use)
			own_use(o, area, page, 1);
		else
			own_unuse(o, area, page, 1);
	}
}

static void drop(struct own *o, struct access *a, struct item *item)
{
	item_use(o, a->space, item, false);
	item->pages = 0;
}

void own_access_unmap(struct own *o, int space, uint64_t iova, uint64_t last)
{
	for (int i = 0; i < ACCESSES; i++) {
		struct access *a = &o->access[i];

		for (int n = 0; n < ITEMS && a->fd >= 0 && a->space == space; n++)
			if (a->items[n].pages && a->items[n].iova <= last &&
			    iova < a->items[n].iova + a->items[n].pages * P)
				drop(o, a, &a->items[n]);
	}
}

static void drop_all(struct own *o, struct access *a)
{
	for (int n = 0; n < ITEMS; n++)
		if (a->items[n].pages)
			drop(o, a, &a->items[n]);
}

/* Make an access, close it, or move it to another address space. */
void op_access(struct storm *s)
{
	struct own *o = s->own;
	struct access *a = &o->access[rnd(s, ACCESSES)];
	int space = rnd(s, SPACES), n = a - o->access;
	bool pins = !one_in(s, 4), close_it = one_in(s, 2);
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = o->space[space].id,
		.create_access.flags = pins,
	};

	if (a->fd < 0) {
		storm_note(s, true, "access %d space=%d pins=%d", n, space, pins);
		if (!storm_want(s, mock__test(o->fd, &cmd), 0, "create"))
			return;
		*a = (struct access){ cmd.create_access.out_access_fd, space, pins, {} };
		o->space[space].accesses++;
		return;
	}
	storm_note(s, true, "access %d %s space=%d", n, close_it ? "close" : "replace", space);
	if (!close_it) {
		cmd.op = IOMMU_TEST_OP_ACCESS_REPLACE_IOAS;
		cmd.id = a->fd;
		cmd.access_replace_ioas.ioas_id = o->space[space].id;
		if (!storm_want(s, mock__test(o->fd, &cmd), 0, "replace"))
			return;
		if (space == a->space)
			return;
	}
	drop_all(o, a);
	o->space[a->space].accesses--;
	if (close_it) {
		life_close(a->fd);
		a->fd = -1;
	} else {
		a->space = space;
		o->space[space].accesses++;
	}
}

/* The result of a pin of a range. @va: the memory of the process, if it is still the same. */
static int want_pin(struct own *o, struct space *sp, uint64_t iova, int pages, bool write,
		    uint64_t *va)
{
	bool first = true, same, known = true;

	for (int i = 0; i < pages; i++, first = false) {
		const struct area *area = own_find(sp, iova + i * P);
		unsigned int page, slot;

		if (!area)
			return -ENOENT;
		if (!(write ? area->write : area->read))
			return -EPERM;
		page = (iova + i * P - area->iova) / P;
		slot = o->memory[area->memory].first + area->first + page;
		own_frame(o, area, page, &same);
		if (first)
			*va = (uintptr_t)o->mem + slot * P;
		known &= same && *va + i * P == (uintptr_t)o->mem + slot * P;
	}
	if (!known)
		*va = 0;
	return 0;
}

void op_pin(struct storm *s)
{
	struct own *o = s->own;
	struct access *a = pick(s, true);
	struct item *item;
	uint64_t iova, va = 0;
	int pages, want, ret, n;
	bool write = one_in(s, 3);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_ACCESS_PAGES };

	if (!a)
		return;
	item = &a->items[rnd(s, ITEMS)];
	n = a - o->access;
	if (item->pages)
		return;
	iova = own_iova(s, &o->space[a->space]);
	pages = 1 + rnd(s, 4);
	want = want_pin(o, &o->space[a->space], iova, pages, write, &va);
	cmd.id = a->fd;
	cmd.access_pages.iova = iova;
	cmd.access_pages.length = pages * P;
	cmd.access_pages.flags = write ? MOCK_FLAGS_ACCESS_WRITE : 0;
	cmd.access_pages.uptr = want ? 0 : va;
	storm_note(s, true, "pin access=%d iova=0x%" PRIx64 " pages=%d write=%d check=%d", n, iova,
		   pages, write, va != 0);
	ret = mock__test(o->fd, &cmd);
	if (!storm_want(s, ret, want, "pin") || ret)
		return;
	*item = (struct item){ cmd.access_pages.out_access_pages_id, iova, pages };
	item_use(o, a->space, item, true);
}

void op_unpin(struct storm *s)
{
	struct own *o = s->own;
	struct access *a = pick(s, true);
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES };
	struct item *item;

	if (!a)
		return;
	item = &a->items[rnd(s, ITEMS)];
	if (!item->pages)
		return;
	cmd.id = a->fd;
	cmd.destroy_access_pages.access_pages_id = item->id;
	storm_note(s, true, "unpin access=%zu item=%u", (size_t)(a - o->access), item->id);
	if (storm_want(s, mock__test(o->fd, &cmd), 0, "unpin"))
		drop(o, a, item);
}

/* Read or write within one area whose frame is that of the process. */
void op_rw(struct storm *s)
{
	struct own *o = s->own;
	struct access *a = pick(s, false);
	bool write = one_in(s, 2), same;
	unsigned int at = rnd(s, P), length = 1 + rnd(s, P - at), page, frame;
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_ACCESS_RW };
	uint8_t byte = rnd(s, 256);
	struct area *area;
	int want = -ENOENT;

	if (!a)
		return;
	cmd.id = a->fd;
	cmd.access_rw.iova = own_iova(s, &o->space[a->space]) + at;
	cmd.access_rw.length = length;
	cmd.access_rw.uptr = (uintptr_t)o->buf;
	cmd.access_rw.flags = write ? MOCK_ACCESS_RW_WRITE : 0;
	area = own_find(&o->space[a->space], cmd.access_rw.iova);
	page = area ? (cmd.access_rw.iova - area->iova) / P : 0;
	if (area) {
		want = (write ? area->write : area->read) ? 0 : -EPERM;
		frame = own_frame(o, area, page, &same);
		if (!same)
			return;
	}
	memset(o->buf, byte, length);
	storm_note(s, true, "rw access=%zu iova=0x%" PRIx64 " length=%u write=%d",
		   (size_t)(a - o->access), (uint64_t)cmd.access_rw.iova, length, write);
	if (!storm_want(s, mock__test(o->fd, &cmd), want, "rw") || want)
		return;
	if (write)
		memset(&o->frame[frame][at], byte, length);
	else if (memcmp(o->buf, &o->frame[frame][at], length))
		storm_fail(s, "an access has read something else");
}
