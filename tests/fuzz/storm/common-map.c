// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the common slice that map and reach memory: address spaces, accesses, DMA, dma-bufs
 * and VFIO's type1.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "../../lib/vfio-type1.h"
#include <linux/iommufd_new.h>
#include "common.h"

static uint32_t flags_of(struct storm *s)
{
	uint32_t flags = (one_in(s, 4) ? 1 + rnd(s, 3) : 3) << 1, odd = rnd(s, 16);

	/* Chosen addresses may be too low for the page tables that come later. */
	if (!one_in(s, 12))
		flags |= IOAS_FIXED;
	return one_in(s, 60) ? odd : flags;
}

static void alloc(struct storm *s)
{
	uint32_t id;
	int ret = ioas__alloc(s->common->fd, &id);

	common_result(s, "alloc", ret, 0);
	if (!ret)
		common_keep(s, KIND_IOAS, id);
}

static void map(struct storm *s)
{
	struct common *c = s->common;
	uint64_t length = common_length(s), iova = common_iova(s);
	uint32_t page = rnd(s, COMMON_MEM), flags = flags_of(s), ioas = common_id(s, KIND_IOAS);
	int ret = ioas__map(c->fd, ioas, c->mem + page * P, length, flags, &iova);

	common_result(s, "map", ret, E_MAP);
	if (!ret)
		common_note_map(s, ioas, iova, length);
}

static void map_file(struct storm *s)
{
	struct common *c = s->common;
	bool dmabuf = c->dmabuf >= 0 && one_in(s, 3);
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags_of(s),
		.ioas_id = common_id(s, KIND_IOAS),
		.fd = dmabuf	    ? c->dmabuf :
		      one_in(s, 30) ? c->fd :
				      c->memfd,
		.start = rnd(s, COMMON_FILE) * P,
		.length = common_length(s),
		.iova = common_iova(s),
	};

	int ret;

	if (dmabuf)
		cmd.start = 0;
	ret = iommu__ioctl(c->fd, IOMMU_IOAS_MAP_FILE, &cmd);
	common_result(s, "map-file", ret, E_MAP | E(ENODEV));
	if (!ret)
		common_note_map(s, cmd.ioas_id, cmd.iova, cmd.length);
}

static void unmap(struct storm *s)
{
	struct range r;

	common_range(s, &r);
	if (one_in(s, 12)) {
		r.iova = 0;
		r.length = UINT64_MAX;
	}
	common_result(s, "unmap", ioas__unmap(s->common->fd, r.ioas, r.iova, &r.length),
		      E_ID | E(EOVERFLOW));
}

static void copy(struct storm *s)
{
	uint64_t iova = common_iova(s);
	uint32_t to = common_id(s, KIND_IOAS);
	struct range r;
	int ret;

	common_range(s, &r);
	ret = ioas__copy(s->common->fd, to, r.ioas, r.iova, r.length, flags_of(s), &iova);
	common_result(s, "copy", ret, E_MAP | E(ENODEV));
	if (!ret)
		common_note_map(s, to, iova, r.length);
}

static void allow(struct storm *s)
{
	struct iommu_iova_range range[2] = {
		{ COMMON_BASE, COMMON_BASE + (8 + rnd(s, 64)) * P - 1 },
		{ COMMON_BASE + (1u << 20), COMMON_BASE + (2u << 20) - 1 },
	};
	uint32_t num = rnd(s, 3);

	if (one_in(s, 8))
		range[0].last = common_iova(s);
	common_result(s, "allow", ioas__allow(s->common->fd, common_id(s, KIND_IOAS), range, num),
		      E_ID | E(EADDRINUSE));
}

static void ranges(struct storm *s)
{
	struct iommu_iova_range range[4];
	uint32_t num = rnd(s, 5);
	uint64_t align;

	common_result(s, "ranges",
		      ioas__ranges(s->common->fd, common_id(s, KIND_IOAS), range, &num, &align),
		      E_ID | E(EMSGSIZE));
}

static void change_process(struct storm *s)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	common_result(s, "change-process",
		      iommu__ioctl(s->common->fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd),
		      E(EINVAL) | E(EBUSY) | E(EXDEV));
}

static void option(struct storm *s)
{
	uint64_t val = rnd(s, 2);
	bool mode = one_in(s, 8);
	uint32_t id = common_id(s, KIND_IOAS);

	common_result(s, "option",
		      iommu__option(s->common->fd,
				    mode ? IOMMU_OPTION_RLIMIT_MODE : IOMMU_OPTION_HUGE_PAGES,
				    rnd(s, 2), mode ? 0 : id, &val),
		      E_ID | E(EADDRINUSE) | E(EPERM));
}

static void reserve(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ADD_RESERVED,
		.id = common_id(s, KIND_IOAS),
		.add_reserved = { COMMON_BASE + (64 + rnd(s, 64)) * P, P },
	};

	common_result(s, "reserve", mock__test(s->common->fd, &cmd), E_ID | E(EADDRINUSE));
}

/* ---- accesses ---- */

static int any_access(struct storm *s)
{
	uint32_t n = rnd(s, COMMON_FDS);

	for (int i = 0; i < COMMON_FDS - 1 && s->common->access[n] < 0; i++)
		n = (n + 1) % COMMON_FDS;
	return s->common->access[n];
}

static void access_open(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = common_id(s, KIND_IOAS),
		.create_access.flags = !one_in(s, 4),
	};
	uint32_t n = rnd(s, COMMON_FDS);
	int ret = mock__test(s->common->fd, &cmd);

	common_result(s, "access", ret, E_ID | E(EADDRINUSE));
	if (!ret)
		common_fd(s, &s->common->access[n], cmd.create_access.out_access_fd);
}

static void access_close(struct storm *s)
{
	common_fd(s, &s->common->access[rnd(s, COMMON_FDS)], -1);
}

static void access_pin(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = any_access(s),
		.access_pages.flags = rnd(s, 2),
	};

	struct range r;

	common_range(s, &r);
	cmd.access_pages.iova = r.iova;
	cmd.access_pages.length = r.length;
	common_result(s, "pin", mock__test(s->common->fd, &cmd), E_MAP | E(EBADFD) | E(ENOMEM));
}

static void access_unpin(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
		.id = any_access(s),
		.destroy_access_pages.access_pages_id = rnd(s, 16),
	};

	common_result(s, "unpin", mock__test(s->common->fd, &cmd), E(ENOENT) | E(EBADFD));
}

static void access_rw(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.id = any_access(s),
	};

	struct range r;

	common_range(s, &r);
	cmd.access_rw.iova = r.iova + rnd(s, P);
	cmd.access_rw.length = 1 + rnd(s, 2 * P - 1);
	cmd.access_rw.uptr = (uintptr_t)s->common->buf;
	cmd.access_rw.flags = rnd(s, 2);
	common_result(s, "rw", mock__test(s->common->fd, &cmd), E_MAP | E(EBADFD));
}

static void access_replace(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
		.id = any_access(s),
		.access_replace_ioas.ioas_id = common_id(s, KIND_IOAS),
	};

	common_result(s, "access-replace", mock__test(s->common->fd, &cmd),
		      E_ID | E(EBADFD) | E(EADDRINUSE));
}

/* ---- dma-bufs ---- */

static void dmabuf(struct storm *s)
{
	struct common *c = s->common;
	struct iommu_test_cmd cmd = { .size = sizeof(cmd), .op = IOMMU_TEST_OP_DMABUF_GET };
	int ret;

	cmd.dmabuf_get.length = (1 + rnd(s, 16)) * P;
	cmd.dmabuf_get.open_flags = O_CLOEXEC;
	ret = ioctl(c->fd, IOMMU_TEST_CMD, &cmd);
	common_result(s, "dmabuf", ret < 0 ? -errno : 0, 0);
	if (ret >= 0)
		common_fd(s, &c->dmabuf, ret);
}

static void dmabuf_revoke(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DMABUF_REVOKE,
		.dmabuf_revoke = { .dmabuf_fd = s->common->dmabuf, .revoked = rnd(s, 2) },
	};

	common_result(s, "revoke", mock__test(s->common->fd, &cmd), E(EBADF));
}

/* ---- DMA ---- */

int common_dma(struct storm *s, uint32_t dev, uint32_t pasid, uint64_t iova, size_t length,
	       bool write)
{
	struct iommufd_mock_cmd cmd = { .op = MOCK_OP_DMA, .id = dev };

	cmd.dma.pasid = pasid;
	cmd.dma.flags = write | (one_in(s, 16) ? MOCK_DMA_QUEUE : 0);
	cmd.dma.iova = iova;
	cmd.dma.length = length;
	cmd.dma.uptr = (uintptr_t)s->common->buf;
	cmd.dma.timeout_ms = 1 + rnd(s, 3);
	cmd.dma.requests = rnd(s, 3);
	return mock__ext(s->common->fd, &cmd);
}

static void dma(struct storm *s)
{
	uint32_t pasid = one_in(s, 2) ? 0 : rnd(s, 8);
	struct range r;

	common_range(s, &r);
	common_result(s, "dma",
		      common_dma(s, common_id(s, KIND_DEVICE), pasid, r.iova + rnd(s, P),
				 1 + rnd(s, 2 * P - 1), rnd(s, 2)),
		      E_DMA);
}

static void check_map(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MD_CHECK_MAP,
		.id = common_id(s, KIND_HWPT),
	};

	cmd.check_map.iova = COMMON_BASE + rnd(s, 48) * P;
	cmd.check_map.length = P;
	cmd.check_map.uptr = (uintptr_t)s->common->mem + rnd(s, COMMON_MEM) * P;
	common_result(s, "check-map", mock__test(s->common->fd, &cmd), E_ID | E(EFAULT));
}

/* ---- VFIO ---- */

static void vfio_ioas(struct storm *s)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = common_id(s, KIND_IOAS),
		.op = rnd(s, 4),
	};

	common_result(s, "vfio-ioas", iommu__ioctl(s->common->fd, IOMMU_VFIO_IOAS, &cmd),
		      E_ID | E(ENODEV));
}

static void vfio_set(struct storm *s)
{
	int fd = s->common->fd, type = 1 + 2 * rnd(s, 2);
	int ret = one_in(s, 2) ? ioctl(fd, VFIO_SET_IOMMU, type) :
				 ioctl(fd, VFIO_CHECK_EXTENSION, type);

	common_result(s, "vfio-set", ret < 0 ? -errno : 0, E_ID | E(ENODEV) | E(EADDRINUSE));
}

static void vfio_map(struct storm *s)
{
	uint64_t length = common_length(s), iova = common_iova(s);
	uint32_t page = rnd(s, COMMON_MEM);

	common_result(s, "vfio-map",
		      type1__map(s->common->fd, s->common->mem + page * P, length, TYPE1_RW, iova),
		      E_MAP | E(ENODEV));
}

static void vfio_unmap(struct storm *s)
{
	uint64_t size = common_length(s), iova = common_iova(s);
	bool all = one_in(s, 6);

	if (all)
		iova = size = 0;
	common_result(s, "vfio-unmap",
		      type1__unmap(s->common->fd, iova, &size, all ? VFIO_DMA_UNMAP_FLAG_ALL : 0),
		      E_ID | E(EOVERFLOW) | E(ENODEV) | E(EOPNOTSUPP));
}

static void vfio_info(struct storm *s)
{
	struct vfio_iommu_type1_info *info = (void *)s->common->buf;

	info->argsz = 16 + rnd(s, 500);
	common_result(s, "vfio-info", iommu__ioctl(s->common->fd, VFIO_IOMMU_GET_INFO, info),
		      E_ID | E(ENODEV));
}

static void noiommu(struct storm *s)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = common_id(s, KIND_IOAS),
		.iova = common_iova(s),
		.length = P,
	};

	common_result(s, "get-pa", iommu__ioctl(s->common->fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd),
		      E_ID | E(EOVERFLOW) | E(EPERM));
}

/* clang-format off */
const struct storm_op common_map_ops[] = {
	{ "alloc", alloc, 10, true }, { "map", map, 60, true }, { "map-file", map_file, 24, true },
	{ "unmap", unmap, 40, true }, { "copy", copy, 24, true }, { "allow", allow, 4, true },
	{ "ranges", ranges, 4, true }, { "change-process", change_process, 3, true },
	{ "option", option, 6, true }, { "reserve", reserve, 1, true },
	{ "access", access_open, 8, true }, { "access-close", access_close, 1, true },
	{ "pin", access_pin, 20, true }, { "unpin", access_unpin, 10, true },
	{ "rw", access_rw, 20, true }, { "access-replace", access_replace, 6, true },
	{ "dmabuf", dmabuf, 3, true }, { "revoke", dmabuf_revoke, 3, true },
	{ "dma", dma, 60, true }, { "check-map", check_map, 6, true },
	{ "vfio-ioas", vfio_ioas, 5, true }, { "vfio-set", vfio_set, 3, true },
	{ "vfio-map", vfio_map, 6, true }, { "vfio-unmap", vfio_unmap, 6, true },
	{ "vfio-info", vfio_info, 2, true }, { "get-pa", noiommu, 1, true }, {}
};

/* clang-format on */
