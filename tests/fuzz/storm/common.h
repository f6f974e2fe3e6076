/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The common slice: contexts in which all threads of all processes make, use and destroy objects by
 * ids that may be those of anything. Only the errno of a result is checked, and that no DMA meets a
 * page that is not pinned (EBADE).
 */
#ifndef TESTS_FUZZ_COMMON_H
#define TESTS_FUZZ_COMMON_H

#include "storm.h"

#define COMMON_FDS 3
#define COMMON_MEM 48 /* pages: anonymous, then of a memfd, read-only, absent */
#define COMMON_FILE 16
#define COMMON_LONG 40 /* pages of the longest map */

/* A set of errnos */
#define E(name) ((__uint128_t)1 << (name))
/* The errors of any call with an id; EXDEV comes from the policy. */
#define E_ID (E(ENOENT) | E(EINVAL) | E(EBUSY) | E(EOPNOTSUPP) | E(EXDEV))
/* The same for calls that map or pin memory */
#define E_MAP \
	(E_ID | E(EFAULT) | E(EEXIST) | E(ENOSPC) | E(EOVERFLOW) | E(EPERM) | E(EADDRINUSE) | \
	 E(ENOMEM))

#define COMMON_WINDOW 32 /* pages of IOVAs from COMMON_BASE on */

#define E_DMA (E_ID | E(EFAULT) | E(EIO) | E(ETIMEDOUT) | E(ENXIO) | E(ENODEV) | E(ENOMEM))

struct range {
	uint32_t ioas;
	uint64_t iova, length;
};

struct common {
	int fd; /* of the context of the operation in progress */
	struct pool *pool;
	int fault[COMMON_FDS], veventq[COMMON_FDS], access[COMMON_FDS], dmabuf, memfd;
	uint32_t cookies[COMMON_FDS];
	char *mem;
	uint64_t buf[1024];
};

int common_start(struct storm *s);
void common_end(struct storm *s);
/* A random operation in a random common context. */
void op_common(struct storm *s);
/* The same in a context of the caller's, with ids of its own. */
void common_step(struct storm *s, int fd, struct pool *pool);

/* For the files of operations. */
void common_result(struct storm *s, const char *what, int ret, __uint128_t allowed);
/* An id of that kind; at times one of another kind, or of nothing. */
uint32_t common_id(struct storm *s, enum storm_kind kind);
/* An IOAS, a HWPT or an SVA object */
uint32_t common_pt(struct storm *s);
/* A device and its object. */
struct mock common_device(struct storm *s);
void common_keep_device(struct storm *s, const struct mock *m);
/* A range that was mapped not long ago, or any. */
void common_range(struct storm *s, struct range *r);
void common_note_map(struct storm *s, uint32_t ioas, uint64_t iova, uint64_t length);
/* DMA that soon gives up waiting for a response. */
int common_dma(struct storm *s, uint32_t dev, uint32_t pasid, uint64_t iova, size_t length,
	       bool write);
/* Remember an id in place of another one, which is destroyed. */
void common_keep(struct storm *s, enum storm_kind kind, uint32_t id);
uint64_t common_iova(struct storm *s);
uint64_t common_length(struct storm *s);
/* Put a descriptor into a place, and close the one that was there. */
void common_fd(struct storm *s, int *place, int fd);

extern const struct storm_op common_map_ops[], common_object_ops[], common_queue_ops[];

#endif
