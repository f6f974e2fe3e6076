/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of a random sequence of operations on mock devices; see mock-ops.c.
 *
 * Objects are in slots. pick_*() prefers a slot that is in use, and sometimes returns a wrong id.
 * The number of random numbers drawn never depends on results, so that two traces stay comparable
 * after a difference.
 */
#ifndef TESTS_FUZZ_MOCK_OPS_H
#define TESTS_FUZZ_MOCK_OPS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/iommufd.h>

#include "../../../kernel/mock/iommufd_mock_uapi.h"
#include "../../lib/fuzz.h"
#include "../../lib/mem.h"

#define P MEM_PAGE
#define MEM_AT 0x7e0000000000ul
#define MEM_GOOD 256  /* pages: writable, then read-only, then absent */
#define MEM_READONLY 16
#define MEM_ABSENT 16
#define MEM_ALL (MEM_GOOD + MEM_READONLY + MEM_ABSENT)
#define FILE_AT (MEM_AT + 0x10000000)
#define FILE_PAGES 64
#define DEAD 0x7ffffff0u /* an id of no object */

#define IOASES 4
#define DEVICES 3
#define HWPTS 6
#define FAULTS 2
#define ACCESSES 3
#define ITEMS 4
#define VIOMMUS 2
#define VDEVICES 3
#define QUEUES 3
#define DMABUFS 2
#define PASIDS 3
#define COOKIES 8
#define RECENT 8

/* An attachment of a device or a PASID. @id: 0 if there is none; @ioas: slot of its IOAS, or -1 */
struct attached {
	uint32_t id;
	int ioas;
};

/* @obj: the object that destroys the device, 0 if the slot is free; @dev: the DEVICE object */
struct device {
	uint32_t obj, dev;
	struct attached pt[1 + PASIDS];
};

/* @ioas: slot of the IOAS that it maps, or -1 */
struct hwpt {
	uint32_t id;
	int ioas;
	bool tracking;
};

/* A group of page requests that was read and has no response yet */
struct cookie {
	uint32_t cookie;
	int device;
};

struct fault {
	uint32_t id;
	int fd;
	struct cookie cookies[COOKIES]; /* device is -1 if unused */
};

struct access {
	int fd;
	bool pins;
	uint32_t items[ITEMS];   /* id + 1 */
};

struct veventq {
	uint32_t id;
	int fd;
};

/* A successful map; @ioas: its slot, or -1 */
struct recent {
	uint64_t iova, va, length;
	int ioas;
};

struct fuzz {
	struct fuzz_trace t;
	int fd, memfd;
	uint32_t ioas[IOASES];
	int compat;    /* slot of the IOAS of type1 */
	uint32_t scratch;	  /* an IOAS that is in no slot */
	struct device dev[DEVICES];
	struct hwpt hwpt[HWPTS];
	struct fault fault[FAULTS];
	struct access access[ACCESSES];
	uint32_t viommu[VIOMMUS], vdev[VDEVICES], hwq[QUEUES], hwq_index[QUEUES];
	struct veventq veventq[QUEUES];
	int dmabuf[DMABUFS];
	struct recent recent[RECENT];
	unsigned int recents;
};

/* An id and its name in the trace. @slot: -1 if it is in none */
struct pick {
	uint32_t id;
	int slot;
	char name[16];
};

extern const uint32_t fuzz_pasids[PASIDS];

static inline uint32_t rnd(struct fuzz *f, uint32_t n)
{
	return fuzz__rnd(&f->t, n);
}

static inline bool one_in(struct fuzz *f, uint32_t n)
{
	return fuzz__one_in(&f->t, n);
}

#define trace(f, ...) fuzz__trace(&(f)->t, __VA_ARGS__)

/* End a line of the trace with the result and the pages charged to this process. */
void trace_end(struct fuzz *f, int ret);

struct pick pick_ioas(struct fuzz *f);
struct pick pick_dev(struct fuzz *f);  /* slot of the device, id of the DEVICE */
struct pick pick_stdev(struct fuzz *f); /* the same, id of the object that ends all */
struct pick pick_hwpt(struct fuzz *f);  /* made by HWPT_ALLOC */
struct pick pick_pt(struct fuzz *f);  /* IOAS, HWPT, also those that are attached */
struct pick pick_viommu(struct fuzz *f);
int pick_access(struct fuzz *f, bool pins); /* slot, or -1 */
struct pick pick_any(struct fuzz *f);
int pick_ioas_of(struct fuzz *f, const struct pick *pt);

uint64_t pick_iova(struct fuzz *f);
uint64_t pick_length(struct fuzz *f);
uint64_t pick_va(struct fuzz *f);
struct recent pick_recent(struct fuzz *f);
void note_recent(struct fuzz *f, int ioas, uint64_t iova, uint64_t va, uint64_t length);
/* The IOAS of @r if it still exists, otherwise @p */
struct pick pick_ioas_with(struct fuzz *f, const struct recent *r, struct pick p);
/* A page table of the IOAS of @r if there is one, otherwise @p */
struct pick pick_hwpt_with(struct fuzz *f, const struct recent *r, struct pick p);
/* Trace the name of a page table that was attached. */
void trace_pt(struct fuzz *f, uint32_t id);
/* The lowest free descriptor, which the next open() returns */
int next_fd(void);
int test_cmd(struct fuzz *f, struct iommu_test_cmd *cmd);

void op_ioas_alloc(struct fuzz *f);
void op_map(struct fuzz *f);
void op_map_file(struct fuzz *f);
void op_unmap(struct fuzz *f);
void op_copy(struct fuzz *f);
void op_allow(struct fuzz *f);
void op_ranges(struct fuzz *f);
void op_option(struct fuzz *f);
void op_small_pages(struct fuzz *f);
void op_reserve(struct fuzz *f);
void op_change_process(struct fuzz *f);
void op_check_map(struct fuzz *f);
void op_check_refs(struct fuzz *f);
void op_dmabuf(struct fuzz *f);
void op_destroy(struct fuzz *f);

void op_device(struct fuzz *f);
void op_device_destroy(struct fuzz *f);
void op_replace(struct fuzz *f);
void op_pasid(struct fuzz *f);
void op_pasid_check(struct fuzz *f);
void op_hw_info(struct fuzz *f);
void op_hwpt(struct fuzz *f);
void op_invalidate(struct fuzz *f);
void op_tracking(struct fuzz *f);
void op_set_dirty(struct fuzz *f);
void op_get_dirty(struct fuzz *f);
void op_stack(struct fuzz *f);
void device_detach_all(struct fuzz *f, struct device *d);

void op_access(struct fuzz *f);
void op_access_pin(struct fuzz *f);
void op_access_unpin(struct fuzz *f);
void op_access_rw(struct fuzz *f);
void op_access_replace(struct fuzz *f);
void op_access_close(struct fuzz *f);

void op_fault(struct fuzz *f);
void stack_viommu(struct fuzz *f, uint32_t v, uint32_t dev, uint32_t hwpt);
void op_fault_close(struct fuzz *f);
void op_iopf(struct fuzz *f);
void op_fault_read(struct fuzz *f);
void op_fault_respond(struct fuzz *f);
void cookies_gone(struct fuzz *f, int device);
void op_viommu(struct fuzz *f);
void op_vdevice(struct fuzz *f);
void op_veventq(struct fuzz *f);
void op_vevent(struct fuzz *f);
void op_vevent_read(struct fuzz *f);
void op_veventq_close(struct fuzz *f);
void op_hw_queue(struct fuzz *f);
void op_check_cache(struct fuzz *f);

void op_vfio_ioas(struct fuzz *f);
void op_vfio_set(struct fuzz *f);
void op_vfio_map(struct fuzz *f);
void op_vfio_unmap(struct fuzz *f);
void op_vfio_info(struct fuzz *f);

/*
 * If both the length and the wrapping of the range are wrong, 6.12 and our driver check the length
 * first (EINVAL), 7.3 the range (EOVERFLOW).
 */
static inline int map_result(int ret, uint64_t va, uint64_t length)
{
	return ret == -EINVAL && length > UINT64_MAX - P && va + length < va ? -EOVERFLOW : ret;
}

#endif
