// SPDX-License-Identifier: GPL-2.0-only
/* Drivers in user space that map a buffer for each transfer: network, NVMe, edu. */
#include <errno.h>

#include "../../lib/edu.h"
#include "../../lib/mem.h"
#include "../../lib/nvme.h"
#include "host.h"

#define BURST 16 /* buffers of the forwarder */
#define BUFFER (64 * KIB)
#define NVME_MOST (64 * KIB)
#define EDU_IOVA 0x10000u
#define EDU_STRAY 0x4000000u /* never mapped */
#define EDU_LEN 4088  /* the device refuses its whole buffer */

static int one_packet(const struct mock *m, char *buffer)
{
	uint64_t length = (1 + host__random(BUFFER / MEM_PAGE)) * MEM_PAGE, iova;
	int ret;

	ret = ioas__map(m->fd, m->ioas, buffer, length, IOAS_RW, &iova);
	if (ret)
		return ret;
	ret = mock__dma(m, 0, iova, buffer + BUFFER - MEM_PAGE, 1500, true);
	if (!ret)
		host_counts.dmas++;
	return ret ?: ioas__unmap_at(m->fd, m->ioas, iova, length);
}

int host__net(const struct host_options *options)
{
	uint64_t pool_size = options->size ?: 32 * MIB, iova;
	char *pool = mem__huge(pool_size), *buffers = mem__small(BURST * BUFFER);
	struct mock m;
	int ret;

	if (!pool || !buffers)
		return host__fail("buffers", -ENOMEM);
	ret = mock__open(&m, 0);
	ret = ret ?: ioas__map(m.fd, m.ioas, pool, pool_size, IOAS_RW, &iova);
	while (!ret && host__nap(40)) {
		unsigned int packets = 1 + host__random(BURST);

		for (unsigned int i = 0; i < packets && !ret; i++)
			ret = one_packet(&m, buffers + i * BUFFER);
	}
	return ret ? host__fail("a packet", ret) : 0;
}

static int one_read(struct nvme *nvme, uint32_t ioas, char *buffer)
{
	uint64_t length = MEM_PAGE << host__random(5), iova;
	int ret;

	if (length > nvme->max_transfer)
		length = MEM_PAGE;
	ret = ioas__map(nvme->iommufd, ioas, buffer, length, IOAS_RW, &iova);
	if (ret)
		return ret;
	ret = nvme__read(nvme, host__random(16) * length / nvme->block_size, iova, length);
	if (!ret)
		host_counts.dmas++;
	return ret ?: ioas__unmap_at(nvme->iommufd, ioas, iova, length);
}

int host__nvme(const struct host_options *options)
{
	char *buffer = mem__small(NVME_MOST);
	int fd = iommu__open(), ret;
	struct nvme nvme;
	uint32_t ioas;

	if (fd < 0 || !buffer)
		return host__fail("/dev/iommu", buffer ? fd : -ENOMEM);
	ret = ioas__alloc(fd, &ioas);
	ret = ret ?: nvme__open(&nvme, options->bdf, fd, ioas);
	if (ret)
		return host__fail(options->bdf, ret);
	while (!ret && host__nap(20))
		ret = one_read(&nvme, ioas, buffer);
	nvme__close(&nvme);
	return ret ? host__fail("a read", ret) : 0;
}

static int one_edu(struct edu *edu, int fd, uint32_t ioas, char *page)
{
	int ret;

	ret = ioas__map_at(fd, ioas, page, MEM_PAGE, EDU_IOVA);
	ret = ret ?: edu__read(edu, EDU_IOVA, 0, EDU_LEN);
	ret = ret ?: edu__write(edu, EDU_IOVA, 0, EDU_LEN);
	if (ret)
		return ret;
	host_counts.dmas += 2;
	return ioas__unmap_at(fd, ioas, EDU_IOVA, MEM_PAGE);
}

int host__edu(const struct host_options *options)
{
	char *page = mem__small(MEM_PAGE);
	int fd = iommu__open(), ret;
	struct edu edu;
	uint32_t ioas;

	if (fd < 0 || !page)
		return host__fail("/dev/iommu", page ? fd : -ENOMEM);
	ret = ioas__alloc(fd, &ioas);
	ret = ret ?: edu__open(&edu, options->bdf, fd);
	if (ret)
		return host__fail(options->bdf, ret);
	ret = vfio__attach_ioas(&edu.dev, ioas);
	ret = ret ?: edu__start(&edu);
	for (unsigned int i = 1; !ret && host__nap(options->stray ? 20 : 200); i++) {
		if (!options->stray || i % 10 == 1)
			ret = one_edu(&edu, fd, ioas, page);
		if (ret || (!options->stray && i % 10))
			continue;
		/* The device does not report it. */
		ret = edu__write(&edu, EDU_STRAY, 0, EDU_LEN);
		host_counts.stopped++;
	}
	edu__close(&edu);
	return ret ? host__fail("DMA of edu", ret) : 0;
}
