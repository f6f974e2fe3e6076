// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's group interface with a file of /dev/iommu in place of a container: the calls of a program
 * that is older than iommufd. DMA of the edu device and I/O of an NVMe controller, both in one
 * container, with the type1 and the type1v2 IOMMU; and the borders to the new interface.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/nvme.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define BASE 0x1000000ull
#define LEN 1024

static char edu_bdf[16], nvme_bdf[16];
static char *mem;

/* A page is fetched from one IOVA and stored to another. */
static bool moves(struct edu *edu, unsigned int from, unsigned int to)
{
	mem__fill(mem + from * P, P, from + 100);
	memset(mem + to * P, 0, P);
	return !edu__read(edu, BASE + from * P, 0, LEN) &&
	       !edu__write(edu, BASE + to * P, 0, LEN) &&
	       !memcmp(mem + to * P, mem + from * P, LEN);
}

static void test_borders(void)
{
	struct vfio_dev dev, cdev;
	int fd = iommu__open(), null = open("/dev/null", O_RDWR | O_CLOEXEC), group, other;
	uint32_t ioas = 0;

	group = group__open(edu_bdf);
	tap__ok(group >= 0, "open the group");
	tap__is(group__status(group), VFIO_GROUP_FLAGS_VIABLE, "it is viable");
	tap__err(group__open(edu_bdf), -EBUSY, "open it again");
	tap__err(group__device(group, edu_bdf, &dev), -EINVAL, "a device without a container");
	tap__err(group__set_container(group, -1), -EBADF, "container: no file");
	tap__err(group__set_container(group, null), -EBADFD, "container: another kind of file");
	tap__err(group__unset_container(group), -EINVAL, "no container to be unset");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &ioas), -ENODEV, "no IOAS yet");
	tap__err(group__set_container(group, fd), 0, "container: /dev/iommu");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &ioas), 0, "it has an IOAS now");
	tap__err(group__set_container(group, fd), -EINVAL, "container: again");
	tap__is(group__status(group), VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET,
		"status says so");

	tap__err(vfio__open(&cdev, edu_bdf), 0, "open the cdev");
	tap__err(vfio__bind(&cdev, fd), -EBUSY, "bind it while the group is open");
	tap__err(group__device(group, "0000:7f:1f.7", &dev), -ENODEV, "a device that is not there");
	tap__err(group__device(group, edu_bdf, &dev), 0, "the device");
	tap__err(vfio__attach_ioas(&dev, ioas), -ENOTTY, "attach by the group's file");
	tap__err(iommu__destroy(fd, ioas), -EBUSY, "destroy the IOAS");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_CLEAR, &ioas), 0, "clear it");
	vfio__close(&dev);
	tap__err(group__device(group, edu_bdf, &dev), -ENODEV, "the device, without an IOAS");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &ioas), 0, "set it again");
	tap__err(group__device(group, edu_bdf, &dev), 0, "the device");
	vfio__close(&dev);
	tap__err(group__unset_container(group), 0, "unset the container");
	close(group);
	tap__err(vfio__bind(&cdev, fd), 0, "bind the cdev with the group closed");
	tap__err(group__open(edu_bdf), -EBUSY, "open the group now");
	vfio__close(&cdev);
	group = group__open(edu_bdf);
	tap__ok(group >= 0, "open it with the cdev closed");

	/* A container of the kernel's own still is one. */
	other = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	tap__err(group__set_container(group, other), 0, "the old container");
	tap__is(ioctl(other, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0,
		"type1v2 of the old container");
	tap__err(group__device(group, edu_bdf, &dev), 0, "the device");
	vfio__close(&dev);
	close(group);
	close(other);
	close(null);
	close(fd);
}

static void test_edu(int fd, int group, unsigned long type)
{
	struct edu edu = {};

	tap__err(group__device(group, edu_bdf, &edu.dev), 0, "edu: the device");
	tap__err(edu__start(&edu), 0, "edu: start");
	tap__err(type1__map(fd, mem, 8 * P, TYPE1_RW, BASE), 0, "edu: map 8 pages");
	tap__is(mem__pinned(8), 8, "edu: they are pinned");
	tap__ok(moves(&edu, 1, 6), "edu: DMA both ways");
	if (type == VFIO_TYPE1_IOMMU) {
		tap__err(type1__unmap_at(fd, BASE + 3 * P, P), 0, "edu: unmap the fourth");
		tap__is(mem__pinned(7), 7, "edu: seven are pinned");
		tap__ok(moves(&edu, 2, 4), "edu: DMA around it");
		tap__ok(!moves(&edu, 2, 3), "edu: no DMA to it");
		tap__ok(moves(&edu, 7, 0), "edu: DMA after that");
	} else {
		tap__err(type1__unmap_at(fd, BASE + 3 * P, P), -ENOENT, "edu: unmap the fourth");
		tap__ok(moves(&edu, 2, 3), "edu: DMA to it");
	}
	tap__err(type1__unmap_at(fd, BASE, 8 * P), 0, "edu: unmap");
	tap__is(mem__pinned(0), 0, "edu: nothing is pinned");
	tap__ok(!moves(&edu, 1, 6), "edu: no DMA");
	edu__close(&edu);
}

static void test_nvme(int fd, int group, uint32_t ioas)
{
	struct nvme nvme;
	struct vfio_dev dev;
	int bad = 0;

	tap__err(group__device(group, nvme_bdf, &dev), 0, "nvme: the device");
	tap__err(nvme__use(&nvme, &dev, fd, ioas), 0, "nvme: start");
	tap__err(type1__map(fd, mem, 16 * P, TYPE1_RW, BASE), 0, "nvme: map 16 pages");
	for (int i = 0; i < 37; i++) {
		mem__fill(mem, 8 * P, 500 + i);
		bad += nvme__write(&nvme, i * 64, BASE, 8 * P) != 0;
		bad += nvme__read(&nvme, i * 64, BASE + 8 * P, 8 * P) != 0;
		bad += mem__check(mem + 8 * P, 8 * P, 500 + i) >= 0;
	}
	tap__is(bad, 0, "nvme: 37 writes, read back");
	tap__ok(nvme.interrupts >= 74, "nvme: %d interrupts", (int)nvme.interrupts);
	tap__err(type1__unmap_at(fd, BASE, 16 * P), 0, "nvme: unmap");
	nvme__close(&nvme);
	tap__is(mem__pinned(0), 0, "nvme: nothing is pinned");
}

static void test_type(unsigned long type)
{
	int fd = iommu__open(), edu_group, nvme_group;
	uint32_t ioas;
	struct vfio_dev dev;

	tap__diag("type %lu", type);
	edu_group = group__open(edu_bdf);
	nvme_group = group__open(nvme_bdf);
	tap__err(group__set_container(edu_group, fd), 0, "container of the first group");
	tap__err(iommu__ioctl(fd, VFIO_SET_IOMMU, (void *)type), 0, "set the type");
	tap__err(group__set_container(nvme_group, fd), 0, "container of the second group");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &ioas), 0, "one IOAS");
	test_edu(fd, edu_group, type);
	test_nvme(fd, nvme_group, ioas);

	/* The files may be closed in any order: each device keeps the files that it needs. */
	tap__err(group__device(edu_group, edu_bdf, &dev), 0, "the device");
	tap__err(type1__map(fd, mem, 5 * P, TYPE1_RW, BASE), 0, "map");
	close(fd);
	close(nvme_group);
	tap__is(mem__pinned(5), 5, "pinned while the group is open");
	close(edu_group);
	tap__is(mem__pinned(5), 5, "pinned while the device is open");
	vfio__close(&dev);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	tap__is(mem__status(0, "VmPin"), 0, "nothing is accounted");
}

int main(void)
{
	int ret;

	tap__start();
	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, edu_bdf);
	if (!ret)
		ret = pci__find(0x1b36, 0x0010, 0, nvme_bdf);
	if (!ret)
		ret = pci__bind(edu_bdf);
	if (!ret)
		ret = pci__bind(nvme_bdf);
	if (ret)
		return tap__skip_all("no edu and nvme devices: %s", strerror(-ret));
	mem = mem__small(32 * P);
	test_borders();
	test_type(VFIO_TYPE1v2_IOMMU);
	test_type(VFIO_TYPE1_IOMMU);
	return tap__done();
}
