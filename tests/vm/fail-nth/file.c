// SPDX-License-Identifier: GPL-2.0-only
/* Opening and closing files, fdinfo, and the ioctls of a VFIO container. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/iommufd_new.h>

#include "../../lib/ext.h"
#include "../../lib/vfio-type1.h"
#include "fail-nth.h"

static int call_open(struct world *w)
{
	w->fd[0] = iommu__open();
	return w->fd[0] < 0 ? w->fd[0] : 0;
}

/* A file with everything in it; all of it goes when the file is closed. */
static int open_full(struct world *w)
{
	const uint32_t flags = IOMMUFD_NEW_HWPT_ALLOC_PASID;
	uint32_t id, fault, parent, viommu, pasid, number;
	struct mock m;
	int fd, ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	if (ret)
		return ret;
	w->fd[0] = m.fd;
	ret = ioas__map_at(m.fd, m.ioas, memory.small, SIZE, BASE);
	ret = ret ?: mock__hwpt(&m, m.ioas, flags, 0, 0, NULL, 0, &id);
	ret = ret ?: mock__replace(&m, id);
	ret = ret ?: pasid__new(m.fd, m.dev, &pasid, &number);
	ret = ret ?: pasid__attach(m.fd, pasid, id, NULL);
	ret = ret ?: sva__alloc(m.fd, &id);
	ret = ret ?: pasid__new(m.fd, m.dev, &pasid, &number);
	ret = ret ?: pasid__attach(m.fd, pasid, id, NULL);
	ret = ret ?: mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	ret = ret ?: mock__viommu(&m, parent, NULL, &viommu);
	ret = ret ?: mock__vdevice(&m, viommu, 7, &id);
	ret = ret ?: mock__hw_queue(&m, viommu, 0, BASE, P, &id);
	if (!ret) {
		ret = mock__veventq(&m, viommu, 4, &id, &fd);
		close(fd);
	}
	if (!ret) {
		ret = fault__alloc(m.fd, &fault, &fd);
		close(fd);
	}
	return ret;
}

static int call_fdinfo(struct world *w)
{
	static char text[16384];
	int fd, ret = 0;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", w->m.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		ret = -errno;
	else if (!memchr(text, '\n', n) || !memmem(text, n, "iommufd-object:\taccess", 22))
		ret = -EBADMSG;
	close(fd);
	return ret;
}

static int setup_many(struct world *w)
{
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_CREATE_ACCESS, .id = w->m.ioas };
	uint32_t id;
	int ret = 0;

	/* More than a page of text. */
	for (unsigned int i = 0; i < 100 && !ret; i++)
		ret = ioas__alloc(w->m.fd, &id);
	ret = ret ?: mock__test(w->m.fd, &cmd);
	w->fd[0] = cmd.create_access.out_access_fd;
	return ret;
}

/* ---- VFIO ---- */

static int vfio_set(struct world *w)
{
	return compat__ioas(w->m.fd, IOMMU_VFIO_IOAS_SET, &w->m.ioas);
}

static int vfio_clear(struct world *w)
{
	uint32_t none = 0;

	return compat__ioas(w->m.fd, IOMMU_VFIO_IOAS_CLEAR, &none);
}

static int vfio_get(struct world *w)
{
	uint32_t id;

	return compat__ioas(w->m.fd, IOMMU_VFIO_IOAS_GET, &id);
}

static int vfio_iommu(struct world *w, unsigned long type)
{
	return iommu__ioctl(w->m.fd, VFIO_SET_IOMMU, (void *)type);
}

static int setup_vfio(struct world *w)
{
	return vfio_set(w) ?: vfio_iommu(w, VFIO_TYPE1v2_IOMMU);
}

static int vfio_map(struct world *w)
{
	return type1__map(w->m.fd, memory.small, SIZE, TYPE1_RW, FREE);
}

static int vfio_unmap(struct world *w)
{
	uint64_t size = SIZE;

	return type1__unmap(w->m.fd, FREE, &size, 0);
}

static int vfio_info(struct world *w)
{
	static char data[1024];
	struct vfio_iommu_type1_info *info = (void *)data;

	info->argsz = sizeof(data);
	return iommu__ioctl(w->m.fd, VFIO_IOMMU_GET_INFO, info);
}

/* The first type, which cuts areas: its IOAS has no huge pages. */
static int vfio_type1(struct world *w)
{
	return vfio_iommu(w, VFIO_TYPE1_IOMMU);
}

static int setup_type1(struct world *w)
{
	return ioas__unmap_all(w->m.fd, w->m.ioas) ?: vfio_set(w);
}

static int setup_cut(struct world *w)
{
	return setup_type1(w) ?: vfio_type1(w) ?: vfio_map(w);
}

static int vfio_cut(struct world *w)
{
	return type1__unmap_at(w->m.fd, FREE + 3 * P, 2 * P);
}

static int vfio_mend(struct world *w)
{
	return vfio_unmap(w) ?: vfio_map(w);
}

static int vfio_extension(struct world *w)
{
	int ret = ioctl(w->m.fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU);

	return ret < 0 ? -errno : 0;
}

const struct step file_steps[] = {
	{ "open", NULL, call_open, undo_fd, 0 },
	{ "close a full file", open_full, undo_fd, open_full, FREES | UNDO_ONCE },
	{ "fdinfo", setup_many, call_fdinfo, NULL, 0 },
	{ "VFIO: set the IOAS", NULL, vfio_set, vfio_clear, 0 },
	{ "VFIO: get the IOAS", vfio_set, vfio_get, NULL, 0 },
	{ "VFIO: first type", setup_type1, vfio_type1, NULL, 0 },
	{ "VFIO: extension", vfio_set, vfio_extension, NULL, 0 },
	{ "VFIO: map", setup_vfio, vfio_map, vfio_unmap, ANSWERS_LATE },
	{ "VFIO: information", setup_vfio, vfio_info, NULL, 0 },
	{ "VFIO: unmap a part", setup_cut, vfio_cut, vfio_mend, ANSWERS_LATE | UNDO_ONCE },
	{},
};
