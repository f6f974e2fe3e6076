/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The own slice of a thread, and the model of it.
 *
 * The thread has address spaces, page tables, devices, PASIDs and accesses that no other thread
 * uses, in a context that other threads use too. So each result in it is determined.
 *
 *	slot	a page of the thread's memory; the first ANON are anonymous, the others of a memfd
 *	frame	the content of a page of physical memory. A slot has one; it gets another when the
 *		page is given up and faulted in again, and a device may still reach the old one.
 *	memory	a range of slots that was mapped, which copies share: a umem of the driver. While a
 *		page of it has users it is pinned, and has the frame that the slot had then.
 *	space	an IOAS: areas, each a part of a memory
 *	table	a HWPT made by the thread: paging, or nested in another one. Automatic ones are
 *		counted by space.
 *	target	what the DMA of a device or PASID goes through
 */
#ifndef TESTS_FUZZ_OWN_H
#define TESTS_FUZZ_OWN_H

#include "storm.h"

#define SPACES 3
#define AREAS 16
#define AREA_PAGES 12
#define MEMORIES (SPACES * AREAS)
#define TABLES 6
#define DEVICES 2 /* the last one has PASIDs, and only tables for PASIDs */
#define PASIDS 2
#define ACCESSES 2
#define ITEMS 3
#define ANON 64
#define FILED 24
#define SLOTS (ANON + FILED)
#define FRAMES (SLOTS + MEMORIES * AREA_PAGES)
#define WINDOW 40 /* pages of IOVAs from MOCK_BASE on */
#define DMA_PAGES 3

struct memory {
	int refs;
	uint16_t first, pages;  /* slots */
	bool writable;
	uint16_t users[AREA_PAGES], frame[AREA_PAGES];
};

struct area {
	uint64_t iova;
	int memory;
	uint16_t first, pages; /* of the memory */
	bool read, write;
	uint16_t dirty[TABLES]; /* a bit for each page */
};

struct space {
	uint32_t id;
	int autos; /* attachments to its automatic page table */
	int paging; /* page tables of the thread */
	int accesses;
	bool small, allowed;
	int num;
	struct area areas[AREAS]; /* by IOVA */
};

/* @id: 0 if the place is free; @parent: of a nested one, otherwise -1 */
struct table {
	uint32_t id, flags;
	int space, parent, users;
	bool tracking;
};

/* @space: -1 if nothing is attached; @table: -1 for the automatic one */
struct target {
	int space, table;
};

struct pasid {
	uint32_t id, number;
	struct target target;
};

/* @pages: 0 if the place is free */
struct item {
	uint32_t id;
	uint64_t iova;
	int pages;
};

struct access {
	int fd, space;
	bool pins;
	struct item items[ITEMS];
};

struct own {
	int fd, memfd;
	char *mem;
	uint16_t slot[SLOTS]; /* its frame */
	uint16_t refs[FRAMES];
	struct memory memory[MEMORIES];
	struct space space[SPACES];
	struct table table[TABLES];
	struct mock dev[DEVICES];
	struct target target[DEVICES];
	struct pasid pasid[PASIDS];
	struct access access[ACCESSES];
	uint8_t buf[(DMA_PAGES + 1) * P];
	uint8_t frame[FRAMES][P];
};

/* own-mem.c */
int own_mem_init(struct own *o, unsigned int nr);
/* Give a slot a new frame, full of 0. */
void own_slot_renew(struct own *o, unsigned int slot);
int own_memory_new(struct own *o, unsigned int slot, unsigned int pages, bool writable);
void own_memory_put(struct own *o, int memory);
void own_use(struct own *o, const struct area *area, unsigned int from, unsigned int pages);
void own_unuse(struct own *o, const struct area *area, unsigned int from, unsigned int pages);
/* The frame of a page of an area: the pinned one, or else that of the slot. */
unsigned int own_frame(const struct own *o, const struct area *area, unsigned int page, bool *same);
bool own_check_slot(struct storm *s, unsigned int slot);
void op_write(struct storm *s);
void op_check(struct storm *s);
void op_renew(struct storm *s);
void op_file(struct storm *s);
void op_move(struct storm *s);

/* own-space.c */
int own_tables(const struct space *sp);
/* Pin or unpin all areas if the number of page tables was 0 before, or is now. */
void own_tables_changed(struct own *o, struct space *sp, int before);
struct area *own_find(struct space *sp, uint64_t iova);
/* An IOVA that is likely to be mapped. */
uint64_t own_iova(struct storm *s, struct space *sp);
void op_map(struct storm *s);
void op_unmap(struct storm *s);
void op_copy(struct storm *s);
void op_space(struct storm *s);
void op_huge(struct storm *s);
void op_ranges(struct storm *s);
void op_allow(struct storm *s);

/* own-table.c */
int own_table_init(struct storm *s);
/* DMA through a target, and the comparison with the model. */
void own_dma(struct storm *s, unsigned int dev, uint32_t pasid, struct target target, uint64_t iova,
	     size_t length, bool write);
void own_target_set(struct own *o, struct target *t, struct target to);
uint32_t own_target_id(const struct own *o, struct target t);
/* Note a new table, with its id in @t or already in its place; and its end. */
void own_table_added(struct own *o, int n, struct table t);
void own_table_gone(struct own *o, int n);
void op_dma(struct storm *s);
void op_table(struct storm *s);
void op_attach(struct storm *s);
void op_pasid(struct storm *s);
void op_sva(struct storm *s);
void op_tracking(struct storm *s);
void op_dirty(struct storm *s);

/* own-virtual.c */
void op_fault(struct storm *s);
void op_virtual(struct storm *s);

/* own-access.c */
/* Forget the pins of an area that goes. */
void own_access_unmap(struct own *o, int space, uint64_t iova, uint64_t last);
void op_access(struct storm *s);
void op_pin(struct storm *s);
void op_unpin(struct storm *s);
void op_rw(struct storm *s);

/* Make the slice of a thread. Returns 0 or -errno. */
int own_start(struct storm *s, int fd);
/* Destroy it, which must leave nothing. */
void own_end(struct storm *s);

#endif
