// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated device of the kernel's sample mtty, by its cdev: bound it is an ACCESS in the iommufd
 * in place of a device, and it is attached to IOASes as a device is. No page table is made for it
 * and nothing is pinned, since mtty makes no use of memory. tests/vm/mtty.t loads the modules.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define BASE 0x1000000ull
#define TYPE "/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/"
#define DEVICES "/sys/bus/mdev/devices/"
#define UUID "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define OTHER "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"

static char *mem;

static int write_text(const char *path, const char *text)
{
	int f = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (f < 0)
		return -errno;
	if (write(f, text, strlen(text)) < 0)
		ret = -errno;
	close(f);
	return ret;
}

/* Whether fdinfo has a line for the object: type, id, and the rest of the line. */
static bool shows(int fd, const char *type, uint32_t id, const char *what)
{
	char path[64], line[512], want[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(want, sizeof(want), "\t%s id=%u%s", type, id, what);
	f = fopen(path, "r");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, want);
	fclose(f);
	return found;
}

/* The serial card has two ports of 8 registers each in two I/O BARs; 7 is a scratch register. */
static bool scratch(struct vfio_dev *dev, unsigned char val)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	unsigned char got = 0;

	if (iommu__ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return false;
	return pwrite(dev->fd, &val, 1, info.offset + 7) == 1 &&
	       pread(dev->fd, &got, 1, info.offset + 7) == 1 && got == val;
}

static void test_attach(int fd, struct vfio_dev *dev)
{
	uint32_t a, b, pt;
	uint64_t iova;

	ioas__alloc(fd, &a);
	ioas__alloc(fd, &b);
	tap__ok(shows(fd, "access", dev->id, " attached=0"), "fdinfo: an access, not attached");
	tap__err(iommu__destroy(fd, dev->id), -EBUSY, "destroy it");
	tap__err(vfio__attach_ioas(dev, 0), -ENOENT, "attach: id 0");
	tap__err(vfio__attach_ioas(dev, dev->id), -ENOENT, "attach: to itself");
	iova = BASE + 8;
	tap__err(ioas__map(fd, a, mem + 8, 64, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "map less than a page");
	tap__err(vfio__attach_ioas(dev, a), -EADDRINUSE, "attach: to an IOAS with that");
	tap__err(ioas__unmap_at(fd, a, BASE + 8, 64), 0, "unmap it");
	tap__err(ioas__map_at(fd, a, mem, 8 * P, BASE), 0, "map pages");
	pt = a;
	tap__err(vfio__attach(dev, &pt), 0, "attach");
	tap__is(pt, a, "to the IOAS itself: there is no page table");
	tap__ok(shows(fd, "access", dev->id, " attached=1"), "fdinfo: attached");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	tap__err(iommu__destroy(fd, a), -EBUSY, "destroy the IOAS");
	iova = 2 * BASE + 8;
	tap__err(ioas__map(fd, a, mem + 8, 64, IOAS_RW | IOAS_FIXED, &iova), -EINVAL,
		 "map less than a page under it");
	tap__err(ioas__unmap_at(fd, a, BASE, 8 * P), 0, "unmap under it");
	tap__err(ioas__map_at(fd, a, mem, 4 * P, BASE), 0, "map under it");
	tap__ok(scratch(dev, 0x5c), "the device works");

	tap__err(vfio__attach_ioas(dev, 0), -ENOENT, "replace: id 0");
	tap__err(vfio__attach_ioas(dev, b), 0, "replace");
	tap__err(iommu__destroy(fd, a), 0, "destroy the first IOAS");
	tap__err(iommu__destroy(fd, b), -EBUSY, "not the second");
	tap__err(vfio__attach_ioas(dev, b), 0, "replace by the same");
	tap__err(ioas__map_at(fd, b, mem, 4 * P, BASE), 0, "map under it");
	tap__err(vfio__detach(dev), 0, "detach");
	tap__ok(shows(fd, "access", dev->id, " attached=0"), "fdinfo: not attached");
	iova = 2 * BASE + 8;
	tap__err(ioas__map(fd, b, mem + 8, 64, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "map less than a page again");
	tap__err(vfio__detach(dev), 0, "detach again");
	tap__err(ioas__unmap_at(fd, b, 2 * BASE + 8, 64), 0, "unmap it");
	tap__err(vfio__attach_ioas(dev, b), 0, "attach");
	tap__err(ioas__unmap_all(fd, b), 0, "unmap all under it");
}

/* With type1 and the group's interface; areas are cut under it. */
static void test_group(void)
{
	int fd = iommu__open(), group;
	char link[256], path[300];
	struct vfio_dev dev = {};
	ssize_t len = readlink(DEVICES UUID "/iommu_group", link, sizeof(link) - 1);

	if (len < 0) {
		tap__ok(false, "it has a group");
		close(fd);
		return;
	}
	link[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	group = open(path, O_RDWR | O_CLOEXEC);
	tap__ok(group >= 0, "group: open");
	tap__err(group__set_container(group, fd), 0, "group: container");
	tap__err(iommu__ioctl(fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1_IOMMU), 0, "group: type1");
	dev.fd = -1;
	tap__err(group__device(group, UUID, &dev), 0, "group: device");
	tap__err(type1__map(fd, mem, 8 * P, TYPE1_RW, BASE), 0, "group: map");
	tap__err(type1__unmap_at(fd, BASE + P, 3 * P), 0, "group: unmap in the middle");
	tap__ok(scratch(&dev, 0xa3), "group: the device works");
	vfio__close(&dev);
	tap__err(type1__unmap_at(fd, BASE + 5 * P, P), 0, "group: unmap with the device closed");
	close(group);
	close(fd);
}

/* Removal waits until no process has the device open. */
static void test_removal(void)
{
	static const struct timespec moment = { .tv_nsec = 10000000 };
	int fd = iommu__open(), status, i;
	struct vfio_dev dev, again;
	uint32_t ioas;
	pid_t pid;

	ioas__alloc(fd, &ioas);
	tap__err(vfio__open_mdev(&dev, UUID), 0, "removal: open");
	tap__err(vfio__bind(&dev, fd), 0, "removal: bind");
	tap__err(vfio__attach_ioas(&dev, ioas), 0, "removal: attach");
	tap__err(ioas__map_at(fd, ioas, mem, 8 * P, BASE), 0, "removal: map");
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "echo 1 >" DEVICES UUID "/remove", NULL);
		_exit(127);
	}
	for (i = 0; i < 1000 && !access(DEVICES UUID "/vfio-dev", F_OK); i++)
		nanosleep(&moment, NULL);
	tap__err(vfio__open_mdev(&again, UUID), -ENOENT, "removal: cannot be opened any more");
	tap__is(waitpid(pid, &status, WNOHANG), 0, "removal: waits");
	tap__err(ioas__unmap_at(fd, ioas, BASE, 8 * P), 0, "removal: unmap");
	tap__err(ioas__map_at(fd, ioas, mem, 2 * P, BASE), 0, "removal: map");
	vfio__close(&dev);
	waitpid(pid, &status, 0);
	tap__is(status, 0, "removal: done");
	tap__ok(access(DEVICES UUID, F_OK), "removal: the device is gone");
	tap__ok(!shows(fd, "access", dev.id, ""), "fdinfo: so is the access");
	tap__err(iommu__destroy(fd, ioas), 0, "removal: destroy the IOAS");
	close(fd);
}

int main(void)
{
	struct vfio_dev dev, other;
	int fd;

	tap__start();
	mem = mem__small(16 * P);
	tap__err(write_text(TYPE "create", UUID), 0, "create a device");
	tap__err(write_text(TYPE "create", UUID), -EEXIST, "another of the same name");
	fd = iommu__open();
	tap__err(vfio__open_mdev(&dev, UUID), 0, "open");
	tap__err(vfio__bind(&dev, fd), 0, "bind");
	test_attach(fd, &dev);
	tap__err(write_text(TYPE "create", OTHER), 0, "create a second device");
	tap__err(vfio__open_mdev(&other, OTHER), 0, "open it");
	tap__err(vfio__bind(&other, fd), 0, "bind it");
	tap__ok(shows(fd, "access", dev.id, "") && shows(fd, "access", other.id, ""),
		"fdinfo: two of them");
	vfio__close(&dev);
	tap__ok(!shows(fd, "access", dev.id, ""), "fdinfo: closed, one is gone");
	/* The file of the device keeps the context. */
	close(fd);
	vfio__close(&other);
	tap__err(write_text(DEVICES OTHER "/remove", "1"), 0, "remove the second device");
	test_group();
	test_removal();
	return tap__done();
}
