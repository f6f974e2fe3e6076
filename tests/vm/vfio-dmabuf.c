// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BAR that vfio-pci exports as a dma-buf is mapped for another device, as VMMs do it for
 * transfers between devices: the DMA of one edu device reads a register of the other.
 *
 * Access ends, for the page table as well, when the exporting device stops to decode memory, and
 * does not come back with it. Linux 6.12 exports no BARs; then the test is skipped.
 *
 * vm: --qemu '-device edu'
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd_new.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define BASE 0x1000000ull
#define BAR_IOVA 0x2000000ull
#define EDU_ID 0x010000edu /* of register 0 */
#define PCI_COMMAND 4
#define PCI_COMMAND_MEMORY 2

/* From <linux/vfio.h> of Linux 6.19. */
#define FEATURE_DMA_BUF 11
struct dma_buf_request {
	struct vfio_device_feature feature;
	uint32_t region_index;
	uint32_t open_flags;
	uint32_t flags;
	uint32_t nr_ranges;
	struct {
		uint64_t offset;
		uint64_t length;
	} range[2];
};

static struct edu reader, exporter;
static int iommufd;
static uint32_t ioas;
static uint32_t *mem;

/* The dma-buf of the ranges of BAR 0, or -errno. */
static int export_bar(const uint64_t offsets[], const uint64_t lengths[], unsigned int nr)
{
	struct dma_buf_request request = {
		.feature = {
			.argsz = sizeof(request) - (2 - nr) * sizeof(request.range[0]),
			.flags = VFIO_DEVICE_FEATURE_GET | FEATURE_DMA_BUF,
		},
		.open_flags = O_RDWR | O_CLOEXEC,
		.nr_ranges = nr,
	};
	int fd;

	for (unsigned int i = 0; i < nr; i++) {
		request.range[i].offset = offsets[i];
		request.range[i].length = lengths[i];
	}
	fd = ioctl(exporter.dev.fd, VFIO_DEVICE_FEATURE, &request);
	return fd < 0 ? -errno : fd;
}

static int map_file(int fd, uint64_t start, uint64_t length, uint64_t iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_RW | IOAS_FIXED,
		.ioas_id = ioas,
		.fd = fd,
		.start = start,
		.length = length,
		.iova = iova,
	};

	return iommu__ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &cmd);
}

/* Read from an IOVA by DMA. A blocked DMA reads 0, or nothing: then the device has ~0. */
static uint32_t read_by_dma(uint64_t iova)
{
	mem[0] = ~0u;
	mem[1] = 0;
	edu__read(&reader, BASE, 0, sizeof(*mem));
	edu__read(&reader, iova, 0, sizeof(*mem));
	edu__write(&reader, BASE + sizeof(*mem), 0, sizeof(*mem));
	return mem[1];
}

static int set_memory(bool on)
{
	uint16_t command;
	int ret = vfio__config_read(&exporter.dev, PCI_COMMAND, &command, sizeof(command));

	command = on ? command | PCI_COMMAND_MEMORY : command & ~PCI_COMMAND_MEMORY;
	return ret ? ret :
		     vfio__config_write(&exporter.dev, PCI_COMMAND, &command, sizeof(command));
}

static void test_arguments(int fd)
{
	const uint64_t offsets[] = { 0, 4 * P }, lengths[] = { P, P };
	int two = export_bar(offsets, lengths, 2);

	tap__err(map_file(fd, 0, 3 * P, BAR_IOVA), -EINVAL, "beyond the end of the dma-buf");
	tap__ok(two >= 0, "a dma-buf of two ranges");
	tap__err(map_file(two, 0, 2 * P, BAR_IOVA), -EOPNOTSUPP, "is not contiguous");
	close(two);
}

static void test_dma(int fd)
{
	tap__err(map_file(fd, 0, 2 * P, BAR_IOVA), 0, "map the BAR of the other device");
	tap__hex(read_by_dma(BAR_IOVA), EDU_ID, "DMA reads its register");
	tap__err(map_file(fd, P, P, BAR_IOVA + 4 * P), 0, "map its second page alone");
	tap__is(mem__pinned(1), 1, "only the memory of the process is pinned");
	tap__err(ioas__unmap_at(iommufd, ioas, BAR_IOVA, 2 * P), 0, "unmap it");
	tap__ok(read_by_dma(BAR_IOVA) != EDU_ID, "DMA reads nothing");
	tap__err(map_file(fd, 0, 2 * P, BAR_IOVA), 0, "map it again");
	tap__hex(read_by_dma(BAR_IOVA), EDU_ID, "DMA reads its register again");
}

static void test_revoke(int fd)
{
	tap__err(set_memory(false), 0, "the other device stops to decode memory");
	tap__ok(read_by_dma(BAR_IOVA) != EDU_ID, "DMA reads nothing");
	tap__err(map_file(fd, 0, P, BAR_IOVA + 8 * P), -ENODEV, "nor can it be mapped");
	tap__err(set_memory(true), 0, "it decodes memory again");
	tap__ok(read_by_dma(BAR_IOVA) != EDU_ID, "the old map stays empty");
	tap__err(ioas__unmap_at(iommufd, ioas, BAR_IOVA, 2 * P), 0, "unmap it");
	tap__err(map_file(fd, 0, 2 * P, BAR_IOVA), 0, "a new map");
	tap__hex(read_by_dma(BAR_IOVA), EDU_ID, "works");
}

/* The dma-buf stays when its device is closed, but not the access. */
static void test_close(int fd)
{
	edu__close(&exporter);
	tap__ok(read_by_dma(BAR_IOVA) != EDU_ID,
		"DMA reads nothing when the other device is closed");
	tap__err(map_file(fd, 0, P, BAR_IOVA + 8 * P), -ENODEV, "nor can it be mapped then");
}

static int open_all(const char *reader_bdf, const char *exporter_bdf)
{
	int ret = ioas__alloc(iommufd, &ioas);

	if (!ret)
		ret = edu__open(&reader, reader_bdf, iommufd);
	if (!ret)
		ret = vfio__attach_ioas(&reader.dev, ioas);
	if (!ret)
		ret = edu__start(&reader);
	if (!ret)
		ret = edu__open(&exporter, exporter_bdf, iommufd);
	if (!ret)
		ret = vfio__attach_ioas(&exporter.dev, ioas);
	if (!ret)
		ret = edu__start(&exporter);
	if (!ret)
		ret = ioas__map_at(iommufd, ioas, mem, P, BASE);
	return ret;
}

int main(void)
{
	const uint64_t offset = 0, length = 2 * P;
	char bdf[2][16];
	int ret = 0, fd;

	tap__start();
	for (unsigned int i = 0; i < 2 && !ret; i++) {
		ret = pci__find(EDU_VENDOR, EDU_DEVICE, i, bdf[i]);
		if (!ret)
			ret = pci__bind(bdf[i]);
	}
	if (ret)
		return tap__skip_all("no two edu devices: %s", strerror(-ret));
	mem = (uint32_t *)mem__small(P);
	iommufd = iommu__open();
	if (!tap__err(open_all(bdf[0], bdf[1]), 0, "two devices at an IOAS"))
		return tap__done();
	fd = export_bar(&offset, &length, 1);
	if (fd == -ENOTTY) {
		tap__skip("vfio-pci of this kernel exports no BARs", "dma-bufs of vfio-pci");
		return tap__done();
	}
	if (!tap__ok(fd >= 0, "vfio-pci exports a BAR (%s)", fd < 0 ? tap__errname(fd) : "0"))
		return tap__done();
	test_arguments(fd);
	test_dma(fd);
	test_revoke(fd);
	test_close(fd);
	close(fd);
	edu__close(&reader);
	close(iommufd);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
