// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of VFIO type1 containers on a file of /dev/iommu.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "../../lib/vfio-type1.h"
#include "differ.h"

void op_vfio_ioas(struct fuzz *f)
{
	int c = pick_context(f), ret;
	uint32_t k = rnd(f, 14);
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.__reserved = one_in(f, 20),
		.op = k < 8  ? IOMMU_VFIO_IOAS_SET :
		      k < 12 ? IOMMU_VFIO_IOAS_GET :
		      k < 13 ? IOMMU_VFIO_IOAS_CLEAR :
			       9,
	};

	cmd.ioas_id = pick_id(f, c, IOAS);
	begin(f, NULL, "vfio-ioas", c);
	trace(f, " op=%u id=%u%s", cmd.op, cmd.ioas_id, cmd.__reserved ? " reserved" : "");
	ret = call(f, c, IOMMU_VFIO_IOAS, &cmd);
	trace(f, " out=%u", cmd.ioas_id);
	if (!ret && cmd.op == IOMMU_VFIO_IOAS_SET)
		f->ctx[c].compat = cmd.ioas_id;
	end(f, ret);
}

/* Set the type, or ask for an extension or the version. */
void op_vfio_set(struct fuzz *f)
{
	static const unsigned long types[] = {
		VFIO_TYPE1_IOMMU,
		VFIO_TYPE1v2_IOMMU,
		VFIO_TYPE1v2_IOMMU,
		VFIO_SPAPR_TCE_IOMMU,
		VFIO_EEH,
		VFIO_SPAPR_TCE_v2_IOMMU,
		VFIO_NOIOMMU_IOMMU,
		VFIO_DMA_CC_IOMMU,
		VFIO_UNMAP_ALL,
		VFIO_TYPE1_NESTING_IOMMU,
		VFIO_UPDATE_VADDR,
		0,
		99,
		0x100000001ul,
		UINT64_MAX,
	};
	int c = pick_context(f), ret;
	uint32_t what = rnd(f, 6);
	unsigned long type = types[rnd(f, COUNT(types))];

	begin(f, NULL, what == 0 ? "vfio-version" : what < 4 ? "vfio-extension" : "vfio-set", c);
	if (what == 0)
		ret = ioctl(f->ctx[c].fd, VFIO_GET_API_VERSION, type);
	else if (what < 4)
		ret = ioctl(f->ctx[c].fd, VFIO_CHECK_EXTENSION, type);
	else
		ret = ioctl(f->ctx[c].fd, VFIO_SET_IOMMU, type);
	trace(f, " type=%lu ret=%d", type, ret);
	end(f, ret < 0 ? -errno : 0);
}

void op_vfio_map(struct fuzz *f)
{
	int c = pick_context(f), ret;
	uint32_t kind = rnd(f, 30), any = rnd(f, 16), bit = rnd(f, 32), argsz = rnd(f, 64);
	struct vfio_iommu_type1_dma_map cmd = { .argsz = sizeof(cmd), .flags = TYPE1_RW };

	if (kind == 0)
		cmd.argsz = argsz;
	else if (kind == 1)
		cmd.flags = any;
	else if (kind == 2)
		cmd.flags = 1u << bit;
	cmd.iova = pick_iova(f);
	cmd.size = pick_length(f);
	cmd.vaddr = pick_va(f);
	begin(f, NULL, "vfio-map", c);
	trace(f, " argsz=%u flags=0x%x va=0x%llx size=0x%llx iova=0x%llx", cmd.argsz, cmd.flags,
	      cmd.vaddr, cmd.size, cmd.iova);
	ret = call(f, c, VFIO_IOMMU_MAP_DMA, &cmd);
	if (!ret && f->ctx[c].compat)
		note_recent(f, c, f->ctx[c].compat, cmd.iova, cmd.size, cmd.vaddr);
	end(f, ret);
}

void op_vfio_unmap(struct fuzz *f)
{
	int c = pick_context(f), ret;
	struct recent r = pick_recent(f);
	uint32_t kind = rnd(f, 30), argsz = rnd(f, 48), bit = rnd(f, 32);
	uint64_t skip = rnd(f, 4) * P, less = rnd(f, 4) * P;
	struct vfio_iommu_type1_dma_unmap cmd = { .argsz = sizeof(cmd) };

	cmd.iova = pick_iova(f);
	cmd.size = pick_length(f);
	if (kind > 8 && r.length) {
		c = r.context;
		cmd.iova = r.iova;
		cmd.size = r.length;
		if (kind > 14) {
			cmd.iova += skip;
			cmd.size -= skip + less;
		}
	}
	if (kind == 0) {
		cmd.argsz = argsz;
	} else if (kind == 1) {
		cmd.flags = 1u << bit;
	} else if (kind == 2 || kind == 3) {
		cmd.flags = VFIO_DMA_UNMAP_FLAG_ALL;
		if (kind == 2)
			cmd.iova = cmd.size = 0;
	}
	begin(f, NULL, "vfio-unmap", c);
	trace(f, " argsz=%u flags=0x%x iova=0x%llx size=0x%llx", cmd.argsz, cmd.flags, cmd.iova,
	      cmd.size);
	ret = call(f, c, VFIO_IOMMU_UNMAP_DMA, &cmd);
	trace(f, " unmapped=0x%llx", cmd.size);
	if (!ret)
		forget_recent(f, c, f->ctx[c].compat, cmd.iova, cmd.flags ? UINT64_MAX : cmd.size);
	end(f, ret);
}

void op_vfio_info(struct fuzz *f)
{
	int c = pick_context(f), ret;
	uint64_t buf[64];
	struct vfio_iommu_type1_info *info = (void *)buf;
	uint32_t argsz = rnd(f, 3) ? rnd(f, 256) : sizeof(buf);

	memset(buf, 0x5a, sizeof(buf));
	info->argsz = argsz;
	begin(f, NULL, "vfio-info", c);
	trace(f, " argsz=%u", argsz);
	ret = call(f, c, VFIO_IOMMU_GET_INFO, buf);
	for (size_t i = 0; i < COUNT(buf); i++)
		if (buf[i] != 0x5a5a5a5a5a5a5a5aull)
			trace(f, " %zu:%" PRIx64, i, buf[i]);
	end(f, ret);
}

/*
 * Use a device through its VFIO group, with the context as its container, in steps: open the group
 * and set the container, which makes an address space; open the device, which attaches it; and
 * undo that in any order.
 */
void op_group(struct fuzz *f)
{
	uint32_t d = rnd(f, DEVICES), what = rnd(f, 8);
	struct device *dev = &f->dev[d];
	int c = pick_context(f), ret;

	if (d >= f->devices || !f->groups)
		return;
	begin(f, NULL, "group", c);
	trace(f, " dev=%u", d);
	if (dev->group < 0) {
		/* A group and the character device exclude each other. */
		close_device(f, d);
		as_root(f, true);
		ret = group__open(dev->bdf);
		as_root(f, false);
		trace(f, " open=%d", ret < 0 ? ret : 0);
		dev->group = ret < 0 ? -1 : ret;
		if (ret >= 0)
			ret = group__set_container(dev->group, f->ctx[c].fd);
	} else if (what < 4 && dev->dev.fd < 0) {
		ret = group__device(dev->group, dev->bdf, &dev->dev);
		trace(f, " device");
	} else if (what < 6) {
		ret = 0;
		vfio__close(&dev->dev);
		trace(f, " close-device");
	} else if (what == 6) {
		ret = group__unset_container(dev->group);
		trace(f, " unset");
	} else {
		ret = close(dev->group) ? -errno : 0;
		dev->group = -1;
		vfio__close(&dev->dev);
		trace(f, " close");
	}
	end(f, ret);
}
