/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices of iommufd_mock.ko: a context with one, DMA by it, and what its IOMMU can be told.
 *
 * Results are 0 or -errno. What makes a test point says so.
 */
#ifndef TESTS_LIB_MOCK_H
#define TESTS_LIB_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../kernel/mock/iommufd_mock_uapi.h"

/* A file with an IOAS and a device attached to it. */
struct mock {
	int fd;
	uint32_t ioas, obj, hwpt, dev;
};

int mock__cmd(int fd, struct iommufd_mock_cmd *cmd);
int mock__test(int fd, struct iommu_test_cmd *cmd);
/* A test point. flags are those of the device, MOCK_FLAGS_DEVICE_*. */
bool mock__open(struct mock *c, const char *name, uint32_t flags);
/*
 * One more device of that file, bound, and attached to an IOAS or a HWPT; the second with a reserved
 * region of that many bytes. iommu__destroy() of c->obj ends all three. No test points.
 */
int mock__device(struct mock *c, int fd, uint32_t pt, uint32_t flags);
int mock__device_resv(struct mock *c, int fd, uint32_t pt, uint64_t start, uint64_t length);
/* From data to the IOVA if write, else the other way; done, or NULL: how many bytes it did. */
int mock__dma(struct mock *c, uint32_t pasid, uint64_t iova, void *data, size_t length, bool write,
	      uint64_t *done);
/* Attach the device to another IOAS or HWPT. */
int mock__replace(struct mock *c, uint32_t pt);
/* id is the device or the HWPT; kind is MOCK_FAIL_*. */
int mock__fail(struct mock *c, uint32_t id, uint32_t kind, uint32_t skip, uint32_t count);
/* Test points. */
struct iommufd_mock_device_counts mock__device_counts(struct mock *c);
struct iommufd_mock_table_counts mock__table_counts(struct mock *c, uint32_t hwpt);
int mock__hwpt(struct mock *c, uint32_t pt, uint32_t flags, uint32_t fault, uint32_t type,
	       void *data, uint32_t length, uint32_t *id);

#endif
