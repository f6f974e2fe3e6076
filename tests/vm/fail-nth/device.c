// SPDX-License-Identifier: GPL-2.0-only
/* Binding and attaching devices, and accesses of mediated drivers. */
#include <errno.h>
#include <unistd.h>

#include "fail-nth.h"

/* The mock binds and attaches a device in one call. */
static int bind(struct world *w, uint32_t pt, uint32_t flags)
{
	struct mock dev;
	int ret = mock__add(&dev, &w->m, pt, flags);

	w->id[0] = dev.obj;
	return ret;
}

static int unbind(struct world *w)
{
	int ret = iommu__destroy(w->m.fd, w->id[0]);

	w->id[0] = ret ? w->id[0] : 0;
	return ret;
}

static int bind_ioas(struct world *w)
{
	return bind(w, w->m.ioas, 0);
}

/* An address space without a page table, which gets one: its pages are pinned. */
static int setup_unpinned(struct world *w)
{
	int ret = ioas__alloc(w->m.fd, &w->id[1]);

	ret = ret ?: ioas__map_at(w->m.fd, w->id[1], memory.small, SIZE, BASE);
	return ret ?: ioas__map_at(w->m.fd, w->id[1], memory.huge, MEM_HUGE, FREE);
}

static int bind_unpinned(struct world *w)
{
	return bind(w, w->id[1], MOCK_FLAGS_DEVICE_PASID);
}

static int bind_reserved(struct world *w)
{
	struct mock dev;
	int ret = mock__device_resv(&dev, w->m.fd, w->id[1], FREE + MEM_HUGE, SIZE);

	w->id[0] = dev.obj;
	return ret;
}

static int setup_table(struct world *w)
{
	return mock__hwpt(&w->m, w->m.ioas, 0, 0, 0, NULL, 0, &w->id[1]);
}

static int bind_table(struct world *w)
{
	return bind(w, w->id[1], 0);
}

static int replace_other(struct world *w)
{
	return mock__replace(&w->m, w->id[1]);
}

/* The device's automatic page table is made again, at the id it had. */
static int replace_back(struct world *w)
{
	return mock__replace(&w->m, w->m.ioas);
}

static int setup_nested(struct world *w)
{
	struct iommu_hwpt_mock_s1 data = { .table = BASE };
	int ret = mock__hwpt(&w->m, w->m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0,
			     &w->id[2]);

	return ret   ?:
		       mock__hwpt(&w->m, w->id[2], 0, 0, IOMMU_HWPT_DATA_MOCK_S1, &data,
				  sizeof(data), &w->id[1]);
}

static int setup_faulting(struct world *w)
{
	int ret = fault__alloc(w->m.fd, &w->id[2], &w->fd[0]);

	return ret   ?:
		       mock__hwpt(&w->m, w->m.ioas, IOMMU_HWPT_FAULT_ID_VALID, w->id[2], 0, NULL, 0,
				  &w->id[1]);
}

/* Two devices of the same address space share its page table. */
static int setup_second(struct world *w)
{
	return setup_unpinned(w) ?: bind_ioas(w);
}

static int reserve(struct world *w)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ADD_RESERVED,
		.id = w->id[0],
		.add_reserved = { .start = FREE + w->iova, .length = P },
	};
	int ret = mock__test(w->m.fd, &cmd);

	w->iova += ret ? 0 : P;
	return ret;
}

static int setup_reserve(struct world *w)
{
	return ioas__alloc(w->m.fd, &w->id[0]);
}

/* ---- accesses ---- */

static int access_new(struct world *w, uint32_t ioas, uint32_t flags)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = ioas,
		.create_access.flags = flags,
	};
	int ret = mock__test(w->m.fd, &cmd);

	w->fd[0] = ret ? -1 : (int)cmd.create_access.out_access_fd;
	return ret;
}

static int call_access(struct world *w)
{
	return access_new(w, w->m.ioas, MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES);
}

static int setup_access(struct world *w)
{
	int ret = setup_unpinned(w);

	return ret ?: access_new(w, w->id[1], MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES);
}

static int access_replace(struct world *w, uint32_t ioas)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
		.id = w->fd[0],
		.access_replace_ioas.ioas_id = ioas,
	};

	return mock__test(w->m.fd, &cmd);
}

static int access_other(struct world *w)
{
	return access_replace(w, w->m.ioas);
}

static int access_back(struct world *w)
{
	return access_replace(w, w->id[1]);
}

/* Over two areas, one of them a huge page. */
static int setup_pages(struct world *w)
{
	int ret = setup_access(w);

	return ret ?: ioas__map_at(w->m.fd, w->id[1], memory.mapped, SIZE, FREE - SIZE);
}

static int pin_pages(struct world *w)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = w->fd[0],
		.access_pages = { .iova = FREE - SIZE, .length = 2 * SIZE },
	};
	int ret = mock__test(w->m.fd, &cmd);

	w->cookie = cmd.access_pages.out_access_pages_id;
	return ret;
}

static int unpin_pages(struct world *w)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
		.id = w->fd[0],
		.destroy_access_pages.access_pages_id = w->cookie,
	};

	return mock__test(w->m.fd, &cmd);
}

static int rw(struct world *w, uint32_t flags)
{
	static char data[3 * P];
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.id = w->fd[0],
		.access_rw = { .iova = BASE + 1,
			       .length = sizeof(data) - 2,
			       .uptr = (uintptr_t)data,
			       .flags = flags },
	};

	return mock__test(w->m.fd, &cmd);
}

static int call_read(struct world *w)
{
	return rw(w, 0);
}

static int call_write(struct world *w)
{
	return rw(w, MOCK_ACCESS_RW_WRITE);
}

static int call_slow(struct world *w)
{
	return rw(w, MOCK_ACCESS_RW_WRITE | MOCK_ACCESS_RW_SLOW_PATH);
}

/* The access lets go of its pins when the area is unmapped. */
static int setup_unmap(struct world *w)
{
	return setup_pages(w) ?: pin_pages(w);
}

static int unmap_pinned(struct world *w)
{
	return ioas__unmap_at(w->m.fd, w->id[1], FREE - SIZE, SIZE);
}

static int pin_again(struct world *w)
{
	int ret = ioas__map_at(w->m.fd, w->id[1], memory.mapped, SIZE, FREE - SIZE);

	return ret ?: pin_pages(w);
}

const struct step device_steps[] = {
	{ "bind and attach to an IOAS", NULL, bind_ioas, unbind, NAMES_DEVICE },
	{ "bind and attach to unpinned memory", setup_unpinned, bind_unpinned, unbind,
	  NAMES_DEVICE },
	{ "bind and attach with a reserved range", setup_unpinned, bind_reserved, unbind,
	  NAMES_DEVICE },
	{ "bind and attach to a page table", setup_table, bind_table, unbind, NAMES_DEVICE },
	{ "replace by an IOAS", setup_unpinned, replace_other, replace_back,
	  UNDO_ALLOCATES | ANSWERS_LATE },
	{ "replace by a page table", setup_table, replace_other, replace_back,
	  UNDO_ALLOCATES | ANSWERS_LATE },
	{ "replace by a nested page table", setup_nested, replace_other, replace_back,
	  UNDO_ALLOCATES | ANSWERS_LATE },
	{ "replace by a page table with faults", setup_faulting, replace_other, replace_back,
	  UNDO_ALLOCATES | ANSWERS_LATE },
	{ "replace one of two devices", setup_second, replace_other, replace_back,
	  UNDO_ALLOCATES | ANSWERS_LATE },
	{ "reserve a range", setup_reserve, reserve, NULL, 0 },
	{ "access", NULL, call_access, undo_fd, 0 },
	{ "access to another IOAS", setup_access, access_other, access_back,
	  UNDO_ALLOCATES | ANSWERS_LATE },
	{ "pin pages", setup_pages, pin_pages, unpin_pages, 0 },
	{ "unmap pinned pages", setup_unmap, unmap_pinned, pin_again, FREES | UNDO_ONCE },
	{ "read pages", setup_access, call_read, NULL, 0 },
	{ "write pages", setup_access, call_write, NULL, 0 },
	{ "write pages slowly", setup_access, call_slow, NULL, 0 },
	{},
};
