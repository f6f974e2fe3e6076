// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_GET_HW_INFO and IOMMU_HWPT_ALLOC on an IOMMU driver of the kernel, Intel's, with the edu
 * device: its answers against sysfs, and each operation against the capabilities. The expected
 * results follow from the capabilities, of which the machine of hw-info-scalable has more.
 *
 * also scalable: --scalable
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/iommufd_new.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define BASE 0x1000000ull
#define LEN 512

/* Bits of the extended capability register. */
#define ECAP_NEST (1ull << 26)
#define ECAP_SMTS (1ull << 43)
#define ECAP_SLADS (1ull << 45)

static int fd;
static struct edu edu;
static uint32_t ioas;
static char *mem;
static struct iommu_hw_info_vtd vtd;
static bool scalable;

static int get_info(uint32_t flags, uint32_t type, void *data, uint32_t length,
		    struct iommu_hw_info *info)
{
	*info = (struct iommu_hw_info){
		.size = sizeof(*info),
		.flags = flags,
		.dev_id = edu.dev.id,
		.data_len = length,
		.data_uptr = (uintptr_t)data,
		.out_data_type = type,
		.out_capabilities = UINT64_MAX,
		.out_max_pasid_log2 = 0xff,
	};
	return iommu__ioctl(fd, IOMMU_GET_HW_INFO, info);
}

/* A register of the device's unit, as sysfs has it. */
static uint64_t sysfs_register(const char *name)
{
	unsigned long long val = 0;
	char path[400];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu/intel-iommu/%s", edu.dev.bdf,
		 name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llx", &val) != 1)
		tap__diag("no %s", path);
	if (f)
		fclose(f);
	return val;
}

static void test_registers(void)
{
	struct iommu_hw_info info;

	tap__err(get_info(0, 0, &vtd, sizeof(vtd), &info), 0, "info: get it");
	tap__is(info.out_data_type, IOMMU_HW_INFO_TYPE_INTEL_VTD, "info: it is of Intel's IOMMU");
	tap__is(info.data_len, sizeof(vtd), "info: length of the data");
	tap__hex(vtd.cap_reg, sysfs_register("cap"), "info: capabilities are those of sysfs");
	tap__hex(vtd.ecap_reg, sysfs_register("ecap"), "info: and the extended ones");
	tap__ok(vtd.cap_reg && vtd.ecap_reg, "info: which are not 0");
	tap__hex(vtd.__reserved, 0, "info: reserved");
	tap__is(!!(info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING),
		scalable && (vtd.ecap_reg & ECAP_SLADS), "info: dirty tracking, if there is");
	/* QEMU's device has neither. */
	tap__hex(info.out_capabilities & ~(uint64_t)IOMMU_HW_CAP_DIRTY_TRACKING,
		 IOMMUFD_NEW_HW_CAP_NO_ATS, "info: no ATS, no rights with PASIDs, nothing else");
	tap__is(info.out_max_pasid_log2, 0, "info: no PASIDs");
}

/* The buffer of user space before and after a call. */
static void test_lengths(void)
{
	struct {
		struct iommu_hw_info_vtd vtd;
		char more[16], guard[8];
	} room;
	static const char zero[16];
	struct iommu_hw_info info;
	const char *bytes = (const char *)&room;

	tap__err(get_info(0, 0, NULL, 0, &info), 0, "length 0, no buffer");
	tap__is(info.data_len, sizeof(vtd), "returns the available length");
	tap__is(info.out_data_type, IOMMU_HW_INFO_TYPE_INTEL_VTD, "and the type");

	memset(&room, 0x55, sizeof(room));
	tap__err(get_info(0, 0, &room, 12, &info), 0, "length 12");
	tap__is(info.data_len, sizeof(vtd), "returns the available length");
	tap__ok(!memcmp(&room, &vtd, 12) && bytes[12] == 0x55, "12 bytes are written");

	memset(&room, 0x55, sizeof(room));
	tap__err(get_info(0, 0, &room, sizeof(vtd) + 16, &info), 0, "length 16 too long");
	tap__is(info.data_len, sizeof(vtd), "returns the available length");
	tap__ok(!memcmp(&room.vtd, &vtd, sizeof(vtd)), "the data is there");
	tap__ok(!memcmp(room.more, zero, 16), "the rest is zeroed");
	tap__ok(room.guard[0] == 0x55 && room.guard[7] == 0x55, "and no more");

	tap__err(get_info(0, 0, NULL, 8, &info), -EFAULT, "a length, no buffer");
	tap__err(get_info(0, 0, (void *)-4096l, 8, &info), -EFAULT, "a kernel address");
}

static void test_type(void)
{
	struct iommu_hw_info_vtd data = {};
	struct iommu_hw_info info;

	tap__err(get_info(IOMMUFD_NEW_HW_INFO_INPUT_TYPE, IOMMU_HW_INFO_TYPE_INTEL_VTD, &data,
			  sizeof(data), &info),
		 0, "type: ask for Intel's");
	tap__ok(!memcmp(&data, &vtd, sizeof(vtd)), "type: it is the same");
	memset(&data, 0x55, sizeof(data));
	tap__err(get_info(IOMMUFD_NEW_HW_INFO_INPUT_TYPE, 2, &data, sizeof(data), &info),
		 -EOPNOTSUPP, "type: ask for Arm's");
	tap__hex(data.cap_reg, 0x5555555555555555, "type: nothing is written");
	tap__err(get_info(IOMMUFD_NEW_HW_INFO_INPUT_TYPE, IOMMU_HW_INFO_TYPE_NONE, &data,
			  sizeof(data), &info),
		 0, "type: ask for any");
	tap__is(info.out_data_type, IOMMU_HW_INFO_TYPE_INTEL_VTD, "type: it is Intel's");
	tap__err(get_info(0, 2, &data, sizeof(data), &info), 0, "type: not asked with the flag");
	tap__is(info.out_data_type, IOMMU_HW_INFO_TYPE_INTEL_VTD, "type: it is Intel's");
	tap__err(get_info(2, 0, &data, sizeof(data), &info), -EOPNOTSUPP, "flag 2");
	for (int i = 0; i < 3; i++) {
		info = (struct iommu_hw_info){ .size = sizeof(info), .dev_id = edu.dev.id };
		info.__reserved[i] = 1;
		tap__err(iommu__ioctl(fd, IOMMU_GET_HW_INFO, &info), -EOPNOTSUPP, "reserved %d", i);
	}
	info = (struct iommu_hw_info){ .size = sizeof(info), .dev_id = ioas };
	tap__err(iommu__ioctl(fd, IOMMU_GET_HW_INFO, &info), -ENOENT, "id of an IOAS");
}

static int hwpt_alloc(uint32_t flags, uint32_t type, uint32_t length, uint32_t fault, uint32_t pt,
		      uint32_t *id)
{
	static uint64_t data[8];
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = edu.dev.id,
		.pt_id = pt,
		.data_type = type,
		.data_len = length,
		.data_uptr = (uintptr_t)data,
		.fault_id = fault,
	};
	int ret = iommu__ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return ret;
}

/* DMA from page 0 to page 1. */
static bool dma_works(unsigned int seed)
{
	mem__fill(mem, P, seed);
	memset(mem + P, 0, P);
	return !edu__read(&edu, BASE, 0, LEN) && !edu__write(&edu, BASE + P, 0, LEN) &&
	       !memcmp(mem, mem + P, LEN);
}

static int track(uint32_t hwpt)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};

	return iommu__ioctl(fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
}

static int read_dirty(uint32_t hwpt)
{
	uint64_t bitmap = 0;
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.iova = BASE,
		.length = 2 * P,
		.page_size = P,
		.data = (uintptr_t)&bitmap,
	};

	return iommu__ioctl(fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

/* A page table of its own, with flags or without: the device does DMA through it. */
static void use_hwpt(const char *what, uint32_t hwpt, unsigned int seed)
{
	uint32_t id = hwpt;

	tap__err(vfio__attach(&edu.dev, &id), 0, "%s: attach", what);
	tap__is(id, hwpt, "%s: to that one", what);
	if (seed == 1)
		tap__err(edu__start(&edu), 0, "%s: start the device", what);
	tap__ok(dma_works(seed), "%s: DMA goes through it", what);
	tap__err(vfio__detach(&edu.dev), 0, "%s: detach", what);
	tap__ok(!dma_works(seed + 1), "%s: and no more DMA", what);
}

static void try_hwpt(const char *what, uint32_t flags, bool can, unsigned int seed)
{
	uint32_t hwpt;
	int ret = hwpt_alloc(flags, 0, 0, 0, ioas, &hwpt);

	tap__err(ret, can ? 0 : -EOPNOTSUPP, "%s: page table, which can%s be", what,
		 can ? "" : "not");
	if (ret)
		return;
	use_hwpt(what, hwpt, seed);
	tap__err(iommu__destroy(fd, hwpt), 0, "%s: destroy it", what);
}

static void test_hwpt(void)
{
	uint32_t hwpt, nested;

	tap__err(hwpt_alloc(0, 0, 0, 0, ioas, &hwpt), 0, "page table: nothing special");
	use_hwpt("page table", hwpt, 1);
	tap__err(track(hwpt), -EOPNOTSUPP, "page table: no dirty tracking");
	tap__err(read_dirty(hwpt), -EOPNOTSUPP, "page table: no dirty bitmap");
	tap__err(hwpt_alloc(0, 1, 16, 0, hwpt, &nested), -EINVAL,
		 "page table: not made to be nested on");
	tap__err(iommu__destroy(fd, hwpt), 0, "page table: destroy it");

	try_hwpt("parent", IOMMU_HWPT_ALLOC_NEST_PARENT, scalable && (vtd.ecap_reg & ECAP_NEST), 3);
	try_hwpt("dirty", IOMMU_HWPT_ALLOC_DIRTY_TRACKING, scalable && (vtd.ecap_reg & ECAP_SLADS),
		 5);
	/* 6.12's driver has one function for all of them. */
	try_hwpt("PASID", IOMMUFD_NEW_HWPT_ALLOC_PASID, true, 7);
	tap__err(hwpt_alloc(1u << 31, 0, 0, 0, ioas, &hwpt), -EOPNOTSUPP, "flag 31");
	tap__err(hwpt_alloc(0, 1, 16, 0, ioas, &hwpt), -EOPNOTSUPP, "data for a table on an IOAS");
	tap__err(hwpt_alloc(0, 1, 0, 0, ioas, &hwpt), -EINVAL, "a type without data");
	tap__err(hwpt_alloc(0, 0, 16, 0, ioas, &hwpt), -EINVAL, "data without a type");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
}

/* The edu device makes no page requests: the queue can be had, the attachment not. */
static void test_fault(void)
{
	struct iommu_fault_alloc fault = { .size = sizeof(fault) };
	uint32_t hwpt, id;

	tap__err(iommu__ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &fault), 0, "faults: queue");
	tap__err(hwpt_alloc(IOMMU_HWPT_FAULT_ID_VALID, 0, 0, 0, ioas, &hwpt), -ENOENT,
		 "faults: page table with queue 0");
	tap__err(hwpt_alloc(IOMMU_HWPT_FAULT_ID_VALID, 0, 0, fault.out_fault_id, ioas, &hwpt), 0,
		 "faults: page table");
	id = hwpt;
	tap__err(vfio__attach(&edu.dev, &id), -ENODEV, "faults: attach a device without requests");
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "faults: attach to the IOAS");
	id = hwpt;
	tap__err(vfio__attach(&edu.dev, &id), -ENODEV, "faults: replace");
	tap__ok(dma_works(9), "faults: DMA goes where it went");
	tap__err(vfio__detach(&edu.dev), 0, "faults: detach");
	tap__err(iommu__destroy(fd, fault.out_fault_id), -EBUSY, "faults: the queue is in use");
	tap__err(iommu__destroy(fd, hwpt), 0, "faults: destroy the page table");
	close(fault.out_fault_fd);
	tap__err(iommu__destroy(fd, fault.out_fault_id), 0, "faults: and the queue");
}

/* Nothing of this is in 6.12's drivers. */
static void test_viommu(void)
{
	struct iommu_viommu_alloc viommu = { .size = sizeof(viommu), .dev_id = edu.dev.id };
	struct iommu_vdevice_alloc vdev = { .size = sizeof(vdev), .dev_id = edu.dev.id };
	uint32_t hwpt;

	tap__err(hwpt_alloc(0, 0, 0, 0, ioas, &hwpt), 0, "virtual IOMMU: page table");
	viommu.hwpt_id = hwpt;
	for (viommu.type = 0; viommu.type < 4; viommu.type++)
		tap__err(iommu__ioctl(fd, IOMMU_VIOMMU_ALLOC, &viommu), -EOPNOTSUPP,
			 "virtual IOMMU: type %u", viommu.type);
	vdev.viommu_id = hwpt;
	tap__err(iommu__ioctl(fd, IOMMU_VDEVICE_ALLOC, &vdev), -ENOENT,
		 "virtual device: no virtual IOMMU");
	tap__err(iommu__destroy(fd, hwpt), 0, "virtual IOMMU: destroy the page table");
}

int main(void)
{
	struct iommu_hw_info info;
	char bdf[16];
	int ret;

	tap__start();
	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (ret)
		return tap__skip_all("no edu device: %s", strerror(-ret));
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	mem = mem__small(2 * P);
	ret = edu__open(&edu, bdf, fd);
	if (ret)
		return tap__bail("bind the edu device: %s", strerror(-ret));
	if (get_info(0, 0, &vtd, sizeof(vtd), &info) ||
	    info.out_data_type != IOMMU_HW_INFO_TYPE_INTEL_VTD)
		return tap__skip_all("the machine has no IOMMU of Intel's");
	/* Capabilities of the mode count when the driver is in it. */
	scalable = vtd.ecap_reg & ECAP_SMTS;
	tap__diag("ecap 0x%llx%s", (unsigned long long)vtd.ecap_reg, scalable ? ", scalable" : "");
	ioas__alloc(fd, &ioas);
	tap__err(ioas__map_at(fd, ioas, mem, 2 * P, BASE), 0, "map two pages");
	test_registers();
	test_lengths();
	test_type();
	test_hwpt();
	test_fault();
	test_viommu();
	edu__close(&edu);
	tap__err(iommu__destroy(fd, ioas), 0, "destroy the IOAS");
	close(fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
