// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that have no IOMMU, and IOMMU_IOAS_NOIOMMU_GET_PA, which says where the memory of an IOAS
 * is. The device is one of the mock; the addresses are compared with /proc/self/pagemap.
 *
 * Also IOASes with devices of several IOMMU drivers, or of none.
 *
 * vm: --mock
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/iommufd_new.h>

#include "../lib/account.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define BASE 0x40000000ull
#define PAGES 64

static int fd;
static char *mem;

static int allow(const char *value)
{
	static const char path[] = "/sys/module/iommufd/parameters/enable_unsafe_noiommu";
	int file = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (file < 0)
		return -errno;
	ret = write(file, value, strlen(value)) < 0 ? -errno : 0;
	close(file);
	return ret;
}

static int get_pa(uint32_t ioas, uint64_t iova, uint64_t *length, uint64_t *phys)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = *length,
	};
	int ret = iommu__ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd);

	*length = cmd.length;
	*phys = cmd.out_phys;
	return ret;
}

static int ask(uint32_t ioas, uint64_t iova, uint64_t length)
{
	uint64_t phys;

	return get_pa(ioas, iova, &length, &phys);
}

/* Where the kernel says that a byte of this process is; 0 if it is nowhere. */
static uint64_t phys_of(const void *at)
{
	int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0, addr = (uintptr_t)at;

	if (file < 0)
		return 0;
	if (pread(file, &entry, 8, addr / P * 8) != 8 || !(entry >> 63))
		entry = 0;
	close(file);
	return entry ? (entry & ((1ull << 55) - 1)) * P + addr % P : 0;
}

static int device(uint32_t pt, struct mock *dev)
{
	return mock__device(dev, fd, pt, MOCK_FLAGS_DEVICE_NO_IOMMU);
}

static int hwpt_alloc(uint32_t dev, uint32_t pt, uint32_t flags, uint32_t *id)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = dev,
		.pt_id = pt,
	};
	int ret = iommu__ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return ret;
}

/* In the order in which they are found; nothing that has no IOMMU is there. */
static void test_errors(void)
{
	struct iommu_ioas_noiommu_get_pa cmd = { .size = sizeof(cmd), .length = 1 };
	struct mock dev;
	uint32_t ioas;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	cmd.ioas_id = ioas;
	cmd.flags = 1;
	account__become_user();
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd), -EPERM,
		 "GET_PA: without CAP_SYS_RAWIO");
	account__become_root();
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd), -EOPNOTSUPP, "GET_PA: flag");
	cmd.flags = 0;
	cmd.__reserved = 1;
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd), -EOPNOTSUPP,
		 "GET_PA: reserved");
	tap__err(ask(ioas, BASE, 0), -EINVAL, "GET_PA: length 0");
	tap__err(ask(ioas, UINT64_MAX, 1), -EOVERFLOW, "GET_PA: last address of all");
	tap__err(ask(0, BASE, 1), -ENOENT, "GET_PA: id 0");
	tap__err(ask(ioas, BASE, 1), -ENOENT, "GET_PA: nothing is mapped");

	tap__err(mock__device(&dev, fd, ioas, 0), 0, "a device with an IOMMU");
	tap__err(ioas__map_at(fd, ioas, mem, P, BASE), 0, "map");
	tap__err(ask(ioas, BASE + P, 1), -ENOENT, "GET_PA: behind it");
	tap__err(ask(ioas, BASE, 1), -EOPNOTSUPP, "GET_PA: only a device with an IOMMU");
	tap__err(ask(dev.dev, BASE, 1), -ENOENT, "GET_PA: a device's id");
	close(fd);
}

static void test_refused(void)
{
	struct mock dev;
	uint32_t ioas;
	int ret;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	tap__err(device(ioas, &dev), -EINVAL, "bind: the parameter is off");
	tap__err(allow("1"), 0, "enable_unsafe_noiommu=1");
	account__become_user();
	ret = device(ioas, &dev);
	account__become_root();
	tap__err(ret, -EINVAL, "bind: without CAP_SYS_RAWIO");
	tap__err(device(ioas, &dev), 0, "bind: allowed");
	tap__err(allow("0"), 0, "enable_unsafe_noiommu=0");
	ioas__map_at(fd, ioas, mem, P, BASE);
	tap__err(ask(ioas, BASE, 1), 0, "a bound device stays");
	tap__err(device(ioas, &dev), -EINVAL, "bind: the parameter is off again");
	tap__err(allow("1"), 0, "enable_unsafe_noiommu=1");
	close(fd);
}

/* Each byte is where the kernel says, and the runs are as long as they can be. */
static void test_small(uint32_t ioas)
{
	unsigned int bad = 0, runs = 0, true_runs = 0;
	uint64_t phys, length, at;
	char *scattered = mem__scattered(PAGES * P);

	tap__err(ioas__map_at(fd, ioas, scattered, PAGES * P, BASE), 0, "map scattered pages");
	for (unsigned int i = 0; i < PAGES; i++) {
		length = 1;
		bad += get_pa(ioas, BASE + i * P + 7 * i, &length, &phys) || length != 1 ||
		       phys != phys_of(scattered + i * P + 7 * i);
		true_runs += !i ||
			     phys_of(scattered + i * P) != phys_of(scattered + (i - 1) * P) + P;
	}
	tap__is(bad, 0, "each page is where /proc/self/pagemap has it");
	for (at = 0; at < PAGES * P && runs <= PAGES; at += length, runs++) {
		length = UINT64_MAX;
		if (get_pa(ioas, BASE + at, &length, &phys) || !length)
			break;
		for (uint64_t i = 0; i < length; i += P)
			bad += phys + i != phys_of(scattered + at + i);
	}
	tap__is(at, PAGES * P, "run after run leads to the end");
	tap__is(bad, 0, "each page of the runs is in its place");
	tap__is(runs, true_runs, "there are as many runs as there must be");
	length = 3 * P;
	tap__err(get_pa(ioas, BASE + PAGES * P - 10, &length, &phys), 0, "the last ten bytes");
	tap__is(length, 10, "are ten");
	tap__err(ioas__unmap_at(fd, ioas, BASE, PAGES * P), 0, "unmap");
	tap__err(ask(ioas, BASE, 1), -ENOENT, "and it is gone");
	mem__free(scattered, PAGES * P);
}

static void test_huge(uint32_t ioas)
{
	const uint64_t off = 5 * P + 100;
	char *huge = mem__huge(MEM_HUGE);
	uint64_t phys, length;

	if (!huge || !mem__is_huge(huge, MEM_HUGE)) {
		tap__skip("no huge page to be had", "a huge page is one run");
		return;
	}
	tap__err(ioas__map_at(fd, ioas, huge, MEM_HUGE, BASE), 0, "map a huge page");
	length = UINT64_MAX;
	tap__err(get_pa(ioas, BASE, &length, &phys), 0, "ask for all of it");
	tap__is(length, MEM_HUGE, "it is one run");
	tap__hex(phys, phys_of(huge), "in its place");
	length = UINT64_MAX;
	tap__err(get_pa(ioas, BASE + off, &length, &phys), 0, "ask from the middle on");
	tap__is(length, MEM_HUGE - off, "up to its end");
	tap__hex(phys, phys_of(huge + off), "in its place");
	length = 1000;
	tap__err(get_pa(ioas, BASE + off, &length, &phys), 0, "ask for less");
	tap__is(length, 1000, "and returns no longer range");

	/* Two areas that follow each other are two answers. */
	tap__err(ioas__map_at(fd, ioas, mem, P, BASE + MEM_HUGE), 0, "map a page behind it");
	length = UINT64_MAX;
	tap__err(get_pa(ioas, BASE + MEM_HUGE - 1, &length, &phys), 0, "ask at its last byte");
	tap__is(length, 1, "the next area is another run");
	tap__err(ioas__unmap_all(fd, ioas), 0, "unmap");
	mem__free(huge, MEM_HUGE);
}

static void test_attached(void)
{
	struct mock dev, real, again;
	uint32_t a, b, hwpt;
	uint64_t iova;

	fd = iommu__open();
	ioas__alloc(fd, &a);
	ioas__alloc(fd, &b);
	tap__err(ioas__map_at(fd, a, mem, 5 * P, BASE), 0, "map 5 pages");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	tap__err(device(a, &dev), 0, "a device without IOMMU");
	tap__is(mem__pinned(5), 5, "5 pages are pinned");
	tap__err(ask(a, BASE, 1), 0, "GET_PA");
	tap__err(ioas__map_at(fd, a, mem + 5 * P, 2 * P, BASE + 5 * P), 0, "map 2 more");
	tap__is(mem__pinned(7), 7, "7 pages are pinned");
	tap__err(ioas__unmap_at(fd, a, BASE, 5 * P), 0, "unmap the five");
	tap__is(mem__pinned(2), 2, "2 pages are pinned");
	tap__err(ioas__unmap_all(fd, a), 0, "unmap the two");
	/* No IOMMU limits where things are mapped. */
	tap__err(ioas__map_at(fd, a, mem, P, 0), 0, "map at 0");
	tap__err(ioas__map_at(fd, a, mem, P, UINT64_MAX - 2 * P + 1), 0, "map far up");
	tap__err(ask(a, UINT64_MAX - 2 * P + 1, 1), 0, "GET_PA far up");
	tap__err(ioas__unmap_all(fd, a), 0, "unmap them");
	test_small(a);
	test_huge(a);

	ioas__map_at(fd, a, mem, 3 * P, BASE);
	iova = BASE + 16 * P;
	tap__err(ioas__copy(fd, b, a, BASE, 2 * P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "copy to another IOAS");
	tap__err(ask(b, iova, 1), -EOPNOTSUPP, "GET_PA: which has no device");
	tap__err(mock__replace(&dev, b), 0, "replace: the device goes there");
	tap__is(mem__pinned(2), 2, "2 pages are pinned");
	tap__err(ask(a, BASE, 1), -EOPNOTSUPP, "GET_PA: the old one has none");
	tap__err(ask(b, iova, 1), 0, "GET_PA: the new one has");
	tap__err(mock__device(&real, fd, b, 0), 0, "a device with an IOMMU beside it");
	tap__is(mem__pinned(2), 2, "2 pages are pinned");
	tap__err(device(b, &again), 0, "another without");
	tap__err(iommu__destroy(fd, again.obj), 0, "which goes");
	tap__err(ask(b, iova, 1), 0, "GET_PA: there is still one");
	tap__err(iommu__destroy(fd, dev.obj), 0, "the last without IOMMU goes");
	tap__is(mem__pinned(2), 2, "2 pages are pinned for the other");
	tap__err(ask(b, iova, 1), -EOPNOTSUPP, "GET_PA: only a device with an IOMMU");
	tap__err(iommu__destroy(fd, real.obj), 0, "that goes, too");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	tap__err(ask(b, iova, 1), -EOPNOTSUPP, "GET_PA: no device");

	tap__err(device(a, &dev), 0, "a device without IOMMU");
	tap__err(hwpt_alloc(dev.dev, a, 0, &hwpt), 0, "a page table for it");
	tap__err(mock__replace(&dev, hwpt), 0, "replace: to that");
	tap__err(ask(a, BASE, 1), 0, "GET_PA");
	tap__is(mem__pinned(3), 3, "3 pages are pinned");
	close(fd);
	tap__is(mem__pinned(0), 0, "closing the file unpins all");
}

/* Memory of another device is at no physical address that could be told. */
static void test_dmabuf(void)
{
	struct iommu_test_cmd get = {
		.size = sizeof(get),
		.op = IOMMU_TEST_OP_DMABUF_GET,
		.dmabuf_get = { .length = 2 * P, .open_flags = O_RDWR | O_CLOEXEC },
	};
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOAS_RW | IOAS_FIXED,
		.length = 2 * P,
		.iova = BASE,
	};
	struct mock dev;
	uint32_t ioas;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	map.ioas_id = ioas;
	map.fd = ioctl(fd, IOMMU_TEST_CMD, &get);
	if (!tap__ok(map.fd >= 0, "a dma-buf"))
		return;
	tap__err(iommu__ioctl(fd, IOMMU_IOAS_MAP_FILE, &map), 0, "map it");
	tap__err(device(ioas, &dev), 0, "a device without IOMMU");
	tap__err(ask(ioas, BASE, 1), -EINVAL, "GET_PA: a dma-buf");
	close(map.fd);
	close(fd);
}

/* Calls that need an IOMMU. */
static void test_unable(void)
{
	struct iommu_hw_info info = { .size = sizeof(info) };
	struct iommu_viommu_alloc viommu = { .size = sizeof(viommu), .type = 1 };
	struct iommu_test_cmd pasid = {
		.op = IOMMU_TEST_OP_PASID_ATTACH,
		.pasid_attach = { .pasid = 5 },
	};
	struct mock dev;
	uint32_t ioas, hwpt;

	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	tap__err(device(ioas, &dev), 0, "a device without IOMMU");
	info.dev_id = dev.dev;
	tap__err(iommu__ioctl(fd, IOMMU_GET_HW_INFO, &info), -EOPNOTSUPP, "GET_HW_INFO");
	tap__err(hwpt_alloc(dev.dev, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, &hwpt), -EOPNOTSUPP,
		 "page table: to be nested on");
	tap__err(hwpt_alloc(dev.dev, ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt), -EOPNOTSUPP,
		 "page table: with dirty tracking");
	tap__err(hwpt_alloc(dev.dev, ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, &hwpt), -EOPNOTSUPP,
		 "page table: for PASIDs");
	viommu.dev_id = dev.dev;
	viommu.hwpt_id = dev.hwpt;
	tap__err(iommu__ioctl(fd, IOMMU_VIOMMU_ALLOC, &viommu), -EOPNOTSUPP, "virtual IOMMU");
	pasid.id = dev.obj;
	pasid.pasid_attach.pt_id = ioas;
	tap__ok(mock__test(fd, &pasid) < 0, "a PASID cannot be attached");
	close(fd);
}

/*
 * Page tables of one IOMMU driver, or of none, are not for the devices of another: not by their id,
 * and an attach to an IOAS goes by them. 6.12's core does not look.
 */
static void test_foreign(void)
{
	struct iommu_fault_alloc fault = { .size = sizeof(fault) };
	struct iommu_hwpt_alloc faulting = {
		.size = sizeof(faulting),
		.flags = IOMMU_HWPT_FAULT_ID_VALID,
	};
	struct mock dev, mock, last;
	uint32_t a, b, hwpt, mock_hwpt, edu_hwpt;
	struct vfio_dev edu = { .fd = -1 };
	uint64_t length = 1, phys;
	bool real;
	char bdf[16];

	fd = iommu__open();
	ioas__alloc(fd, &a);
	ioas__alloc(fd, &b);
	ioas__map_at(fd, a, mem, P, BASE);
	tap__err(mock__device(&mock, fd, a, 0), 0, "a device with an IOMMU");
	tap__err(device(a, &dev), 0, "one without, in the same IOAS");
	tap__ok(mock.hwpt != dev.hwpt, "has another page table");
	tap__err(get_pa(a, BASE, &length, &phys), 0, "GET_PA");
	tap__err(hwpt_alloc(dev.dev, a, 0, &hwpt), 0, "page table: without IOMMU");
	tap__err(hwpt_alloc(mock.dev, a, 0, &mock_hwpt), 0, "page table: with");
	tap__err(mock__replace(&mock, hwpt), -EINVAL, "the first device to the first table");
	tap__err(mock__replace(&dev, mock_hwpt), -EINVAL, "and the second to the second");
	tap__err(iommu__ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &fault), 0, "a fault queue");
	faulting.dev_id = mock.dev;
	faulting.pt_id = a;
	faulting.fault_id = fault.out_fault_id;
	tap__err(iommu__ioctl(fd, IOMMU_HWPT_ALLOC, &faulting), 0, "page table: with faults");
	tap__err(mock__replace(&dev, faulting.out_hwpt_id), -EINVAL, "no use without IOMMU");
	tap__err(device(b, &last), 0, "a device without IOMMU in the other IOAS");
	tap__err(mock__replace(&mock, b), 0, "replace: the one with an IOMMU goes there, too");
	tap__err(mock__replace(&dev, b), 0, "replace: and the one without");
	close(fault.out_fault_fd);

	real = !pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf) && !pci__bind(bdf) &&
	       !vfio__open(&edu, bdf) && !vfio__bind(&edu, fd);
	if (!real) {
		tap__skip("no edu device", "page tables of two IOMMU drivers");
		goto out;
	}
	edu_hwpt = a;
	tap__err(vfio__attach(&edu, &edu_hwpt), 0, "a device of another IOMMU driver");
	hwpt = mock_hwpt;
	tap__err(vfio__attach(&edu, &hwpt), -EINVAL, "replace: to one of the mock");
	tap__err(mock__replace(&mock, edu_hwpt), -EINVAL, "replace: the other way round");
	tap__err(mock__replace(&dev, edu_hwpt), -EINVAL, "replace: one without IOMMU to it");
	tap__err(mock__replace(&mock, a), 0, "replace: to the IOAS");
	tap__err(vfio__attach_ioas(&edu, b), 0, "replace: to another IOAS");
	tap__err(vfio__detach(&edu), 0, "detach");
	tap__err(vfio__attach(&edu, &mock_hwpt), -EINVAL, "attach: to one of the mock");
out:
	vfio__close(&edu);
	close(fd);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	test_errors();
	test_refused();
	test_attached();
	test_dmabuf();
	test_unable();
	test_foreign();
	tap__err(allow("0"), 0, "enable_unsafe_noiommu=0");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
