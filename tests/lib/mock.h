/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices of iommufd_mock.ko: thin wrappers over IOMMU_TEST_CMD, fault queues, and the objects
 * in the fdinfo of a file of /dev/iommu.
 *
 * All functions return 0 or -errno, unless they say otherwise.
 */
#ifndef TESTS_LIB_MOCK_H
#define TESTS_LIB_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../kernel/mock/iommufd_mock_uapi.h"
#include "iommu.h"
#include <linux/iommufd_new.h>

#define MOCK_BASE ((uint64_t)MOCK_APERTURE_START)

/* A file with an IOAS and a device: obj is its mock object, dev its DEVICE, hwpt its page table. */
struct mock {
	int fd;
	uint32_t ioas, obj, hwpt, dev;
};

int mock__test(int fd, struct iommu_test_cmd *cmd);
int mock__ext(int fd, struct iommufd_mock_cmd *cmd);

/* A file of its own; flags are MOCK_FLAGS_DEVICE_*. A failure leaves no file open. */
int mock__open(struct mock *m, uint32_t flags);
/* The same as a test point. */
bool mock__start(struct mock *m, const char *name, uint32_t flags);
/* One more device of the same file, attached to an IOAS or page table; m is filled in. */
int mock__add(struct mock *m, const struct mock *other, uint32_t pt, uint32_t flags);
/* One more with flags that only we have, or with a reserved region, on a file of the caller's. */
int mock__device(struct mock *m, int fd, uint32_t pt, uint32_t flags);
int mock__device_resv(struct mock *m, int fd, uint32_t pt, uint64_t start, uint64_t length);
/*
 * Whether no mock device is left in the machine. Devices go with their file; wait for late ends of
 * files.
 */
bool mock__gone(void);
int mock__replace(const struct mock *m, uint32_t pt);
/* op is IOMMU_TEST_OP_PASID_ATTACH, _REPLACE or _DETACH. */
int mock__pasid(const struct mock *m, uint32_t op, uint32_t pasid, uint32_t pt);
int mock__hwpt(const struct mock *m, uint32_t pt, uint32_t flags, uint32_t fault, uint32_t type,
	       const void *data, uint32_t length, uint32_t *id);

/*
 * From data to the IOVA if write, else the other way. Waits up to 20 s for answers to page
 * requests. done, or NULL: how many bytes it did.
 */
int mock__dma(const struct mock *m, uint32_t pasid, uint64_t iova, void *data, size_t length,
	      bool write);
int mock__dma_done(const struct mock *m, uint32_t pasid, uint64_t iova, void *data, size_t length,
		   bool write, uint64_t *done);
/* The same by a queue, with the PASID that it was given. */
int mock__dma_queue(const struct mock *m, uint32_t queue, uint64_t iova, void *data, size_t length,
		    bool write);
/*
 * action is MOCK_QUEUE_*, value its argument. pasid, or NULL: the PASID of the queue on success;
 * told, or NULL: the number of changes that the notifier reported to the mediated driver.
 */
int mock__queue(const struct mock *m, uint32_t queue, uint32_t action, uint32_t value,
		uint32_t *pasid, uint64_t *told);
int mock__fail(const struct mock *m, uint32_t id, uint32_t kind, uint32_t skip, uint32_t count);
/* A group of page requests for reading addr and the pages after it. */
int mock__request(const struct mock *m, uint32_t pasid, uint32_t grpid, uint64_t addr,
		  uint32_t requests);
/* Take the oldest responses, at most max; return their number or -errno. */
int mock__responses(const struct mock *m, struct iommufd_mock_response *resp, uint32_t max);
int mock__device_counts(const struct mock *m, struct iommufd_mock_device_counts *counts);
int mock__table_counts(const struct mock *m, uint32_t hwpt,
		       struct iommufd_mock_table_counts *counts);

/* A virtual IOMMU on a parent, with data if data is not NULL, which comes back. */
int mock__viommu(const struct mock *m, uint32_t parent, struct iommu_viommu_selftest *data,
		 uint32_t *id);
int mock__vdevice(const struct mock *m, uint32_t viommu, uint64_t virt_id, uint32_t *id);
int mock__veventq(const struct mock *m, uint32_t viommu, uint32_t depth, uint32_t *id, int *fd);
int mock__hw_queue(const struct mock *m, uint32_t viommu, uint32_t index, uint64_t iova,
		   uint64_t length, uint32_t *id);

int fault__alloc(int fd, uint32_t *id, int *fault_fd);
/* Requests read, 0 if there are none, or -errno. Does not wait. */
int fault__read(int fault_fd, struct iommu_hwpt_pgfault *faults, unsigned int max);
int fault__answer(int fault_fd, uint32_t cookie, uint32_t code);

/* The rest of an object's line in the fdinfo of its file, from its type on. -ENOENT. */
int mock__object(int fd, uint32_t id, char *line, size_t size);
/* Return the number of objects of the file. */
int mock__objects(int fd);
/* Whether the kernel has page requests; Debian's for arm64 have none. */
bool mock__has_requests(void);
/* Whether the kernel can replace the page table of a PASID, so that the old one is not detached. */
bool mock__replaces_pasids(void);

#endif
