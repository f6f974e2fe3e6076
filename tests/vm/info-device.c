// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_EXT_DEVICE_INFO and IOMMU_EXT_PT_INFO on devices bound to vfio-pci, behind an IOMMU driver
 * of the kernel: their answers against sysfs, against the IOMMU's own registers, and against an
 * IOAS once the device is attached. On Intel's IOMMU the expected results follow from its
 * capabilities, of which the machine of info-device-scalable has more. The test also covers a
 * driver that knows nothing before an attach (virtio-iommu's).
 *
 * also scalable: --scalable
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/info.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"
#include "../lib/vfio.h"

#define P MEM_PAGE
#define MSI_START 0xfee00000ull
#define MSI_LAST 0xfeefffffull

/* Bits of Intel's extended capability register; see the VT-d specification. */
#define ECAP_SC (1ull << 7)
#define ECAP_NEST (1ull << 26)
#define ECAP_SMTS (1ull << 43)
#define ECAP_SLADS (1ull << 45)

static int fd;
static char *mem;

/* The registers of the device's IOMMU, if it is one of Intel's. */
static bool intel(uint32_t dev, struct iommu_hw_info_vtd *vtd)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = dev,
		.data_len = sizeof(*vtd),
		.data_uptr = (uintptr_t)vtd,
	};

	return !iommu__ioctl(fd, IOMMU_GET_HW_INFO, &info) &&
	       info.out_data_type == IOMMU_HW_INFO_TYPE_INTEL_VTD;
}

static uint32_t kind_of(const char *type)
{
	static const struct {
		const char *type;
		uint32_t kind;
	} kinds[] = {
		{ "direct", IOMMU_EXT_RANGE_DIRECT },
		{ "direct-relaxable", IOMMU_EXT_RANGE_DIRECT_RELAXABLE },
		{ "reserved", IOMMU_EXT_RANGE_RESERVED },
		{ "msi", IOMMU_EXT_RANGE_MSI },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(type, kinds[i].type))
			return kinds[i].kind;
	/* The software's MSI range is called "msi", too. */
	return 0;
}

static bool has_range(const struct info_ranges *r, uint64_t start, uint64_t last, uint32_t kind,
		      uint32_t dev)
{
	for (uint32_t i = 0; i < r->num; i++)
		if (r->at[i].start == start && r->at[i].last == last && r->at[i].dev_id == dev &&
		    (r->at[i].kind == kind ||
		     (kind == IOMMU_EXT_RANGE_MSI && r->at[i].kind == IOMMU_EXT_RANGE_SW_MSI)))
			return true;
	return false;
}

/* Each is alone in its group, or with others that have no ranges of their own. */
static void check_sysfs(const char *what, uint32_t group, uint32_t dev, const struct info_ranges *r)
{
	unsigned int lines = 0, missing = 0, usable;
	struct iommu_ext_range found[INFO_ROOM];
	unsigned long long start, last;
	char path[80], type[32];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/reserved_regions", group);
	f = fopen(path, "r");
	if (!tap__ok(f, "%s: reserved_regions", what))
		return;
	while (fscanf(f, "%llx %llx %31s", &start, &last, type) == 3) {
		lines++;
		if (has_range(r, start, last, kind_of(type), dev))
			continue;
		tap__diag("no 0x%llx to 0x%llx %s", start, last, type);
		missing++;
	}
	fclose(f);
	tap__is(missing, 0, "%s: reserved ranges are those of sysfs", what);
	usable = info__of_kind(r, IOMMU_EXT_RANGE_USABLE, found);
	tap__is(r->num - usable, lines, "%s: and no others", what);
}

static bool sorted(const struct info_ranges *r)
{
	for (uint32_t i = 1; i < r->num; i++)
		if (r->at[i].start < r->at[i - 1].start)
			return false;
	return true;
}

static void check_intel(const char *what, const struct iommu_hw_info_vtd *vtd,
			const struct iommu_ext_device_info *info, const struct info_ranges *r,
			const struct info_formats *formats)
{
	bool scalable = vtd->ecap_reg & ECAP_SMTS, nest = scalable && (vtd->ecap_reg & ECAP_NEST);
	uint64_t caps = IOMMU_EXT_CAP_COHERENT, sizes = P;

	/* Capability register: bits 34 and 35 are for pages of 2 MiB and 1 GiB. */
	if (vtd->cap_reg & (1ull << 34))
		sizes |= 1ull << 21;
	if (vtd->cap_reg & (1ull << 35))
		sizes |= 1ull << 30;
	if (vtd->ecap_reg & ECAP_SC)
		caps |= IOMMU_EXT_CAP_ENFORCE_COHERENT;
	if (scalable && (vtd->ecap_reg & ECAP_SLADS))
		caps |= IOMMU_EXT_CAP_DIRTY;
	/* QEMU's devices have no ATS, PRI, PASIDs. */
	tap__hex(info->out_caps, caps, "%s: capabilities are those of the registers", what);
	tap__is(info->out_pasid_width, 0, "%s: no PASIDs", what);
	tap__hex(info->out_page_sizes, sizes, "%s: page sizes are those of the registers", what);
	tap__hex(info->out_aperture_start, 0, "%s: addresses from 0 on", what);
	/* Bits 21 to 16: width of addresses that it can translate, minus 1. */
	tap__ok(info->out_address_width <= ((vtd->cap_reg >> 16) & 63) + 1 &&
			info->out_address_width >= 30,
		"%s: within the address width", what);
	tap__ok(has_range(r, MSI_START, MSI_LAST, IOMMU_EXT_RANGE_MSI, info->dev_id),
		"%s: the place of interrupts", what);
	tap__is(formats->num, nest, "%s: a format, if it can nest", what);
	if (formats->num)
		tap__ok(!strcmp(formats->at[0].name, "vtd-s1") &&
				formats->at[0].data_type == IOMMU_HWPT_DATA_VTD_S1 &&
				formats->at[0].invalidate_type ==
					IOMMU_HWPT_INVALIDATE_DATA_VTD_S1 &&
				!formats->at[0].flags,
			"%s: Intel's", what);
}

/* Whether the device is in an IOAS as it was said, and can map at both ends of a usable range. */
static void check_attached(const char *what, struct vfio_dev *dev,
			   const struct iommu_ext_device_info *info, const struct info_ranges *r)
{
	struct iommu_ext_range usable[INFO_ROOM], resv[INFO_ROOM];
	uint32_t ioas, hwpt, n, own = 0, bad = 0;
	struct iommu_ext_pt_info pt;
	struct info_ranges in_ioas;

	ioas__alloc(fd, &ioas);
	hwpt = ioas;
	tap__err(vfio__attach(dev, &hwpt), 0, "%s: attach", what);
	tap__ok(info__usable_is(r, fd, ioas), "%s: the usable ranges are those of the IOAS", what);
	tap__err(info__pt(fd, ioas, &pt, &in_ioas), 0, "%s: ask about the IOAS", what);
	tap__ok(info__usable_is(&in_ioas, fd, ioas), "%s: it says the same", what);
	tap__is(pt.out_alignment, P, "%s: alignment in the IOAS", what);
	n = info__of_kind(&in_ioas, IOMMU_EXT_RANGE_RESERVED, resv);
	for (uint32_t i = 0; i < n; i++)
		own += resv[i].dev_id == dev->id;
	n = info__of_kind(r, IOMMU_EXT_RANGE_USABLE, usable);
	tap__is(own, r->num - n - info__of_kind(r, IOMMU_EXT_RANGE_DIRECT_RELAXABLE, resv),
		"%s: and has the device's reserved ranges", what);

	tap__err(info__pt(fd, hwpt, &pt, NULL), 0, "%s: ask about the page table", what);
	tap__is(pt.out_kind, IOMMU_EXT_PT_PAGING, "%s: the kernel's", what);
	tap__ok(pt.out_flags & IOMMU_EXT_PT_AUTO, "%s: made by the attach", what);
	tap__is(!!(pt.out_flags & IOMMU_EXT_PT_ENFORCE_COHERENT),
		!!(info->out_caps & IOMMU_EXT_CAP_ENFORCE_COHERENT), "%s: coherent", what);
	tap__is(pt.out_ioas_id, ioas, "%s: of the IOAS", what);
	tap__hex(pt.out_page_sizes, info->out_page_sizes, "%s: with the page sizes", what);
	tap__hex(pt.out_aperture_start, info->out_aperture_start, "%s: first address", what);
	tap__hex(pt.out_aperture_last, info->out_aperture_last, "%s: last address", what);

	for (uint32_t i = 0; i < n; i++) {
		bad += ioas__map_at(fd, ioas, mem, P, usable[i].start) != 0;
		bad += ioas__map_at(fd, ioas, mem, P, usable[i].last - P + 1) != 0;
	}
	tap__is(bad, 0, "%s: memory is mapped at both ends of all usable ranges", what);
	tap__ok(ioas__map_at(fd, ioas, mem, P, info->out_aperture_last + 1) == -EINVAL,
		"%s: and not behind the last address", what);
	ioas__unmap_all(fd, ioas);
	tap__err(vfio__detach(dev), 0, "%s: detach", what);
	tap__err(iommu__destroy(fd, ioas), 0, "%s: destroy the IOAS", what);
}

/* The driver knows nothing yet: ask again when the device is attached. */
static void ask_attached(const char *what, struct vfio_dev *dev, struct iommu_ext_device_info *info,
			 struct info_ranges *r, struct info_formats *formats)
{
	struct iommu_ext_range found[INFO_ROOM];
	uint32_t ioas;

	tap__ok(!info->out_aperture_start && !info->out_aperture_last && !info->out_address_width &&
			!info__of_kind(r, IOMMU_EXT_RANGE_USABLE, found),
		"%s: nothing is known of page tables before one is attached", what);
	ioas__alloc(fd, &ioas);
	tap__err(vfio__attach_ioas(dev, ioas), 0, "%s: attach for more answers", what);
	tap__err(info__device(fd, dev->id, info, r, formats), 0, "%s: ask now", what);
	vfio__detach(dev);
	iommu__destroy(fd, ioas);
}

static void test_device(const char *what, struct vfio_dev *dev)
{
	struct iommu_ext_device_info info, again;
	struct iommu_hw_info_vtd vtd = {};
	struct info_formats formats;
	struct info_ranges r;
	bool late;

	tap__err(info__device(fd, dev->id, &info, &r, &formats), 0, "%s: ask", what);
	late = !info.out_page_sizes && !intel(dev->id, &vtd);
	if (late)
		ask_attached(what, dev, &info, &r, &formats);
	tap__is(info.out_group, pci__group(dev->bdf), "%s: group", what);
	check_sysfs(what, info.out_group, dev->id, &r);
	tap__ok(sorted(&r), "%s: by their first addresses", what);
	tap__ok(!(info.out_caps & IOMMU_EXT_CAP_NO_IOMMU), "%s: it has an IOMMU", what);
	tap__ok(info.out_page_sizes & P, "%s: of pages like the CPU's", what);
	tap__hex(info.out_aperture_last, ~0ull >> (64 - info.out_address_width),
		 "%s: the last address is the last of %u bits", what, info.out_address_width);
	if (intel(dev->id, &vtd))
		check_intel(what, &vtd, &info, &r, &formats);
	check_attached(what, dev, &info, &r);
	tap__err(info__device(fd, dev->id, &again, &r, &formats), 0, "%s: ask again", what);
	again.ranges = info.ranges;
	again.formats = info.formats;
	tap__is(!memcmp(&again, &info, sizeof(info)), !late, "%s: the same, if it did not need it",
		what);
}

static bool device(const char *what, uint16_t vendor, uint16_t id, struct vfio_dev *dev)
{
	char bdf[16];
	int ret = pci__find(vendor, id, 0, bdf);

	*dev = (struct vfio_dev){ .fd = -1 };
	if (!ret)
		ret = pci__bind(bdf);
	if (!ret)
		ret = vfio__open(dev, bdf);
	if (!ret)
		ret = vfio__bind(dev, fd);
	if (ret) {
		tap__skip(strerror(-ret), "%s: is not there", what);
		return false;
	}
	test_device(what, dev);
	return true;
}

int main(void)
{
	struct vfio_dev edu, nvme, isa;
	bool any;

	tap__start();
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	mem = mem__small(P);
	any = device("edu", EDU_VENDOR, EDU_DEVICE, &edu);
	/* QEMU's. With the first one bound, too. */
	any |= device("nvme", 0x1b36, 0x0010, &nvme);
	/* The ISA bridge of the chipset: firmware may want its first 16 MiB mapped one to one. */
	any |= device("isa", 0x8086, 0x2918, &isa);
	if (!any)
		return tap__bail("no device can be had");
	vfio__close(&edu);
	vfio__close(&nvme);
	vfio__close(&isa);
	close(fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
