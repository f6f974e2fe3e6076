// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations with the ioctls of VFIO type1 containers.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../lib/iommu.h"
#include "../../lib/vfio-type1.h"
#include "mock-ops.h"

void op_vfio_ioas(struct fuzz *f)
{
	struct pick ioas = pick_ioas(f);
	uint32_t k = rnd(f, 12);
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas.id,
		.__reserved = one_in(f, 20),
		.op = k < 5  ? IOMMU_VFIO_IOAS_SET :
		      k < 9  ? IOMMU_VFIO_IOAS_GET :
		      k < 11 ? IOMMU_VFIO_IOAS_CLEAR :
			       9,
	};
	int ret = iommu__ioctl(f->fd, IOMMU_VFIO_IOAS, &cmd);

	if (!ret && k < 5)
		f->compat = ioas.slot;
	trace(f, "vfio-ioas op=%u %s", cmd.op, k < 5 ? ioas.name : "");
	for (uint32_t i = 0; !ret && i < IOASES; i++)
		if (k >= 5 && k < 9 && f->ioas[i] == cmd.ioas_id)
			trace(f, " ioas%u", i);
	trace_end(f, ret);
}

/* Set the type, or ask for an extension or the version. */
void op_vfio_set(struct fuzz *f)
{
	static const uint32_t types[] = {
		VFIO_TYPE1_IOMMU,	  VFIO_TYPE1v2_IOMMU, VFIO_TYPE1v2_IOMMU,
		VFIO_NOIOMMU_IOMMU,	  VFIO_DMA_CC_IOMMU,  VFIO_UNMAP_ALL,
		VFIO_TYPE1_NESTING_IOMMU, VFIO_UPDATE_VADDR,  99,
	};
	uint32_t what = rnd(f, 6), type = types[rnd(f, 9)];
	int ret;

	if (what == 0) {
		/* The answer for no-IOMMU depends on the configuration of VFIO. */
		if (type == VFIO_NOIOMMU_IOMMU)
			return;
		ret = ioctl(f->fd, VFIO_CHECK_EXTENSION, type);
		trace(f, "vfio-extension %u=%d", type, ret);
	} else if (what == 1) {
		ret = ioctl(f->fd, VFIO_GET_API_VERSION);
		trace(f, "vfio-version %d", ret);
	} else {
		ret = ioctl(f->fd, VFIO_SET_IOMMU, type);
		trace(f, "vfio-set %u", type);
	}
	trace_end(f, ret < 0 ? -errno : 0);
}

void op_vfio_map(struct fuzz *f)
{
	/* A mapping with neither READ nor WRITE depends on the IOMMU driver, so draw from 1. */
	uint32_t kind = rnd(f, 30), any = 1 + rnd(f, 7);
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = kind == 0 ? 31 : sizeof(cmd),
		.flags = kind == 1 ? any : TYPE1_RW,
	};
	int ret;

	cmd.iova = pick_iova(f);
	cmd.size = pick_length(f);
	cmd.vaddr = pick_va(f);
	trace(f, "vfio-map kind=%u flags=%u va=0x%" PRIx64 " size=0x%" PRIx64 " iova=0x%" PRIx64,
	      kind, cmd.flags, (uint64_t)cmd.vaddr, (uint64_t)cmd.size, (uint64_t)cmd.iova);
	ret = map_result(iommu__ioctl(f->fd, VFIO_IOMMU_MAP_DMA, &cmd), cmd.vaddr, cmd.size);
	if (!ret)
		note_recent(f, f->compat, cmd.iova, cmd.vaddr, cmd.size);
	trace_end(f, ret);
}

void op_vfio_unmap(struct fuzz *f)
{
	struct recent r = pick_recent(f);
	uint32_t kind = rnd(f, 30);
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = kind == 0 ? 23 : sizeof(cmd),
		.flags = kind == 1		? 1 :
			 kind == 2 || kind == 3 ? VFIO_DMA_UNMAP_FLAG_ALL :
						  0,
	};
	uint64_t iova = pick_iova(f), length = pick_length(f), skip = rnd(f, 4) * P, before;
	int ret;

	cmd.iova = kind < 14 ? iova : r.iova;
	cmd.size = kind < 14 ? length : r.length;
	if (kind == 2)
		cmd.iova = cmd.size = 0;
	if (kind > 20 && skip < r.length) {
		cmd.iova += skip;
		cmd.size -= skip;
	}
	/*
	 * Ranges that wrap are left out, and unmaps while a hardware queue pins an area, which
	 * would stay when everything is unmapped below.
	 */
	if (cmd.iova + cmd.size < cmd.iova || f->hwq[0] || f->hwq[1] || f->hwq[2])
		return;
	trace(f, "vfio-unmap kind=%u flags=%u iova=0x%" PRIx64 " size=0x%" PRIx64, kind, cmd.flags,
	      (uint64_t)cmd.iova, (uint64_t)cmd.size);
	before = cmd.size;
	ret = iommu__ioctl(f->fd, VFIO_IOMMU_UNMAP_DMA, &cmd);
	trace(f, " size=0x%" PRIx64, (uint64_t)cmd.size);
	/* The recorded traces unmap all if nothing was unmapped. */
	if (ret && before && cmd.size == before) {
		cmd = (struct vfio_iommu_type1_dma_unmap){
			.argsz = sizeof(cmd),
			.flags = VFIO_DMA_UNMAP_FLAG_ALL,
		};
		trace(f, " all=%d", iommu__ioctl(f->fd, VFIO_IOMMU_UNMAP_DMA, &cmd));
	}
	trace_end(f, ret);
}

void op_vfio_info(struct fuzz *f)
{
	uint64_t buf[64];
	struct vfio_iommu_type1_info *info = (void *)buf;
	uint32_t argsz = rnd(f, 3) ? rnd(f, 256) : sizeof(buf), words;
	int ret;

	memset(buf, 0x5a, sizeof(buf));
	info->argsz = argsz;
	trace(f, "vfio-info argsz=%u", argsz);
	ret = iommu__ioctl(f->fd, VFIO_IOMMU_GET_INFO, buf);
	/* The recorded traces leave out the padding. */
	((uint32_t *)buf)[9] = 0x5a5a5a5a;
	/* If @argsz is too small, capabilities are stored without an offset to them. */
	words = argsz >= 24 && !info->cap_offset ? 3 : sizeof(buf) / sizeof(buf[0]);
	for (uint32_t i = 0; i < words; i++)
		if (buf[i] != 0x5a5a5a5a5a5a5a5aull)
			trace(f, " %u:%" PRIx64, i, buf[i]);
	trace_end(f, ret);
}
