// SPDX-License-Identifier: GPL-2.0-only
/* PASID objects, virtual PASIDs, SVA, and PASIDs that a driver attaches. */
#include <errno.h>

#include <linux/iommufd_new.h>

#include "../../lib/ext.h"
#include "fail-nth.h"

#define VIRT 9
#define FIXED 77

/* Forget the id, because it is not used again. */
static int drop(struct world *w)
{
	int ret = undo_object(w);

	w->id[0] = ret ? w->id[0] : 0;
	return ret;
}

static int alloc(struct world *w, uint32_t flags, uint32_t pasid, uint32_t virt)
{
	uint32_t number;

	return pasid__alloc(w->m.fd, w->m.dev, flags, pasid, virt, &w->id[0], &number);
}

static int call_plain(struct world *w)
{
	return alloc(w, 0, 0, 0);
}

static int call_fixed(struct world *w)
{
	return alloc(w, IOMMU_EXT_PASID_FIXED, FIXED, 0);
}

static int call_global(struct world *w)
{
	return alloc(w, IOMMU_EXT_PASID_GLOBAL, 0, 0);
}

static int call_virtual(struct world *w)
{
	return alloc(w, IOMMU_EXT_PASID_VIRT, 0, VIRT);
}

static int call_global_virtual(struct world *w)
{
	return alloc(w, IOMMU_EXT_PASID_GLOBAL | IOMMU_EXT_PASID_VIRT, 0, VIRT);
}

static int call_sva(struct world *w)
{
	return sva__alloc(w->m.fd, &w->id[0]);
}

/* ---- attachments ---- */

/*
 * A PASID (0), an address space with memory (1), a page table for PASIDs (2), an SVA object (3).
 * The device is attached to a page table of the kind that PASIDs need (4).
 */
static int setup(struct world *w)
{
	const uint32_t flags = IOMMUFD_NEW_HWPT_ALLOC_PASID;
	int ret = mock__hwpt(&w->m, w->m.ioas, flags, 0, 0, NULL, 0, &w->id[4]);

	ret = ret ?: mock__replace(&w->m, w->id[4]);
	ret = ret ?: ioas__alloc(w->m.fd, &w->id[1]);
	ret = ret ?: ioas__map_at(w->m.fd, w->id[1], memory.small, SIZE, BASE);
	ret = ret ?: mock__hwpt(&w->m, w->m.ioas, flags, 0, 0, NULL, 0, &w->id[2]);
	ret = ret ?: sva__alloc(w->m.fd, &w->id[3]);
	return ret ?: call_virtual(w);
}

static int attach(struct world *w, uint32_t pt)
{
	return pasid__attach(w->m.fd, w->id[0], pt, NULL);
}

static int attach_ioas(struct world *w)
{
	return attach(w, w->id[1]);
}

static int attach_table(struct world *w)
{
	return attach(w, w->id[2]);
}

static int attach_sva(struct world *w)
{
	return attach(w, w->id[3]);
}

static int detach(struct world *w)
{
	return pasid__detach(w->m.fd, w->id[0]);
}

static int setup_attached(struct world *w)
{
	return setup(w) ?: attach_table(w);
}

static int replace(struct world *w, uint32_t pt)
{
	return pasid__replace(w->m.fd, w->id[0], pt, NULL);
}

static int replace_ioas(struct world *w)
{
	return replace(w, w->id[1]);
}

static int replace_sva(struct world *w)
{
	return replace(w, w->id[3]);
}

static int replace_table(struct world *w)
{
	return replace(w, w->id[2]);
}

static int call_query(struct world *w)
{
	struct iommu_ext_pasid_query query;

	return pasid__query(w->m.fd, w->id[0], &query);
}

/* ---- mediated drivers, and drivers that attach PASIDs ---- */

static int queue_guest(struct world *w)
{
	return mock__queue(&w->m, 0, MOCK_QUEUE_GUEST, VIRT, NULL, NULL);
}

static int queue_table(struct world *w)
{
	return mock__queue(&w->m, 0, MOCK_QUEUE_TABLE, w->id[2], NULL, NULL);
}

static int queue_clear(struct world *w)
{
	return mock__queue(&w->m, 0, MOCK_QUEUE_CLEAR, 0, NULL, NULL);
}

static int driver_attach(struct world *w)
{
	return mock__pasid(&w->m, IOMMU_TEST_OP_PASID_ATTACH, FIXED, w->id[2]);
}

static int driver_replace(struct world *w)
{
	return mock__pasid(&w->m, IOMMU_TEST_OP_PASID_REPLACE, FIXED, w->id[4]);
}

static int driver_replace_back(struct world *w)
{
	return mock__pasid(&w->m, IOMMU_TEST_OP_PASID_REPLACE, FIXED, w->id[2]);
}

static int driver_detach(struct world *w)
{
	return mock__pasid(&w->m, IOMMU_TEST_OP_PASID_DETACH, FIXED, 0);
}

static int setup_driver(struct world *w)
{
	return setup(w) ?: driver_attach(w);
}

const struct step pasid_steps[] = {
	{ "PASID", NULL, call_plain, drop, OTHER_IDS },
	{ "PASID of a fixed number", NULL, call_fixed, drop, OTHER_IDS },
	{ "system-wide PASID", NULL, call_global, drop, OTHER_IDS },
	{ "virtual PASID", NULL, call_virtual, drop, OTHER_IDS },
	{ "virtual system-wide PASID", NULL, call_global_virtual, drop, OTHER_IDS },
	{ "SVA object", NULL, call_sva, undo_object, 0 },
	{ "attach a PASID to an IOAS", setup, attach_ioas, detach, 0 },
	{ "attach a PASID to a page table", setup, attach_table, detach, 0 },
	{ "attach a PASID to a process", setup, attach_sva, detach, 0 },
	{ "replace by an IOAS, for a PASID", setup_attached, replace_ioas, replace_table,
	  UNDO_ALLOCATES },
	{ "replace by a process, for a PASID", setup_attached, replace_sva, replace_table,
	  UNDO_ALLOCATES },
	{ "query a PASID", setup, call_query, NULL, 0 },
	{ "queue of a virtual PASID", setup, queue_guest, queue_clear, 0 },
	{ "queue of a page table", setup_attached, queue_table, queue_clear, 0 },
	{ "driver attaches a PASID", setup, driver_attach, driver_detach, 0 },
	{ "driver replaces a PASID", setup_driver, driver_replace, driver_replace_back,
	  UNDO_ALLOCATES },
	{},
};
