// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a thread, and operations that change it behind the back of devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "own.h"

#define MEM_AT 0x7e0000000000ul
#define MEM_STEP (16ul << 20)

static unsigned int frame_new(struct own *o)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		if (!o->refs[i]) {
			o->refs[i] = 1;
			memset(o->frame[i], 0, P);
			return i;
		}
	}
	__builtin_trap(); /* there are as many as can be in use */
}

int own_mem_init(struct own *o, unsigned int nr)
{
	o->memfd = memfd_create("storm", MFD_CLOEXEC);
	if (o->memfd < 0 || ftruncate(o->memfd, FILED * P))
		return -errno;
	/* The driver chooses IOVAs by the address, so it must be the same in each run. */
	o->mem = (char *)MEM_AT + nr * MEM_STEP;
	if (mmap(o->mem, SLOTS * P, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != o->mem)
		return -errno;
	if (mmap(o->mem + ANON * P, FILED * P, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 o->memfd, 0) == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < SLOTS; i++)
		o->slot[i] = frame_new(o);
	return 0;
}

void own_slot_renew(struct own *o, unsigned int slot)
{
	o->refs[o->slot[slot]]--;
	o->slot[slot] = frame_new(o);
}

int own_memory_new(struct own *o, unsigned int slot, unsigned int pages, bool writable)
{
	for (int i = 0; i < MEMORIES; i++) {
		if (o->memory[i].refs)
			continue;
		o->memory[i] = (struct memory){
			.refs = 1,
			.first = slot,
			.pages = pages,
			.writable = writable,
		};
		return i;
	}
	return -1;
}

void own_memory_put(struct own *o, int memory)
{
	o->memory[memory].refs--;
}

void own_use(struct own *o, const struct area *area, unsigned int from, unsigned int pages)
{
	struct memory *m = &o->memory[area->memory];

	for (unsigned int i = area->first + from; i < area->first + from + pages; i++) {
		if (m->users[i]++)
			continue;
		m->frame[i] = o->slot[m->first + i];
		o->refs[m->frame[i]]++;
	}
}

void own_unuse(struct own *o, const struct area *area, unsigned int from, unsigned int pages)
{
	struct memory *m = &o->memory[area->memory];

	for (unsigned int i = area->first + from; i < area->first + from + pages; i++)
		if (!--m->users[i])
			o->refs[m->frame[i]]--;
}

unsigned int own_frame(const struct own *o, const struct area *area, unsigned int page, bool *same)
{
	const struct memory *m = &o->memory[area->memory];
	unsigned int at = area->first + page, frame = o->slot[m->first + at];

	*same = !m->users[at] || m->frame[at] == frame;
	return m->users[at] ? m->frame[at] : frame;
}

bool own_check_slot(struct storm *s, unsigned int slot)
{
	struct own *o = s->own;
	const uint8_t *want = o->frame[o->slot[slot]], *got = (uint8_t *)o->mem + slot * P;
	unsigned int i = 0;

	if (!memcmp(got, want, P))
		return true;
	while (got[i] == want[i])
		i++;
	storm_fail(s, "page %u of the process: byte %u is 0x%02x instead of 0x%02x", slot, i,
		   got[i], want[i]);
	return false;
}

void op_write(struct storm *s)
{
	struct own *o = s->own;
	unsigned int slot = rnd(s, SLOTS), at = rnd(s, P), length = 1 + rnd(s, P - at);
	uint8_t byte = rnd(s, 256);

	for (unsigned int i = 0; i < length; i++)
		o->frame[o->slot[slot]][at + i] = byte + i;
	memcpy(o->mem + slot * P + at, &o->frame[o->slot[slot]][at], length);
	storm_note(s, true, "write page=%u at=%u length=%u", slot, at, length);
}

void op_check(struct storm *s)
{
	unsigned int slot = rnd(s, SLOTS);

	storm_note(s, true, "check page=%u", slot);
	own_check_slot(s, slot);
}

/* Give up anonymous pages, or replace them by new ones. */
void op_renew(struct storm *s)
{
	static const char *const names[] = { "dontneed", "mmap", "protect", "free", "advise" };
	struct own *o = s->own;
	unsigned int slot = rnd(s, ANON), pages = 1 + rnd(s, 8), how = rnd(s, 5);
	char *at = o->mem + slot * P;
	bool bad = false;

	if (slot + pages > ANON)
		pages = ANON - slot;
	switch (how) {
	case 0:
		bad = madvise(at, pages * P, MADV_DONTNEED);
		break;
	case 1:
		bad = mmap(at, pages * P, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at;
		break;
	case 2:
		bad = mprotect(at, pages * P, PROT_READ) ||
		      mprotect(at, pages * P, PROT_READ | PROT_WRITE);
		break;
	case 3:
		madvise(at, pages * P, MADV_COLD);
		madvise(at, pages * P, MADV_PAGEOUT);
		break;
	default:
		madvise(at, pages * P, one_in(s, 2) ? MADV_UNMERGEABLE : MADV_DOFORK);
	}
	for (unsigned int i = slot; how < 2 && i < slot + pages; i++)
		own_slot_renew(o, i);
	storm_note(s, true, "renew %s page=%u pages=%u", names[how], slot, pages);
	if (bad)
		storm_fail(s, "%s: %s", names[how], strerror(errno));
}

/* Punch a hole in the memfd, or truncate it and extend it again. */
void op_file(struct storm *s)
{
	struct own *o = s->own;
	unsigned int page = rnd(s, FILED), pages = 1 + rnd(s, 6);
	bool truncate = one_in(s, 3), bad;

	if (page + pages > FILED || truncate)
		pages = FILED - page;
	if (truncate)
		bad = ftruncate(o->memfd, page * P) || ftruncate(o->memfd, FILED * P);
	else
		bad = fallocate(o->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page * P,
				pages * P);
	for (unsigned int i = 0; i < pages; i++)
		own_slot_renew(o, ANON + page + i);
	storm_note(s, true, "%s page=%u pages=%u", truncate ? "truncate" : "punch", page, pages);
	if (bad)
		storm_fail(s, "memfd: %s", strerror(errno));
}

/* Move anonymous pages with mremap(). The old place stays mapped, with new pages. */
void op_move(struct storm *s)
{
	struct own *o = s->own;
	unsigned int from = rnd(s, ANON / 2 - 4), to = ANON / 2 + rnd(s, ANON / 2 - 4);
	unsigned int pages = 1 + rnd(s, 4);

	if (one_in(s, 2)) {
		unsigned int swap = from;

		from = to;
		to = swap;
	}
	storm_note(s, true, "move page=%u to=%u pages=%u", from, to, pages);
	/* Page by page, because after earlier moves neighbours are different mappings. */
	for (unsigned int i = 0; i < pages; i++) {
		void *want = o->mem + (to + i) * P;

		if (mremap(o->mem + (from + i) * P, P, P,
			   MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, want) != want) {
			storm_fail(s, "mremap: %s", strerror(errno));
			return;
		}
		o->refs[o->slot[to + i]]--;
		o->slot[to + i] = o->slot[from + i];
		o->slot[from + i] = frame_new(o);
	}
}
