// SPDX-License-Identifier: GPL-2.0-only
/*
 * A workload of devices and page tables of which every call is known, on any driver of /dev/iommu:
 * a device is bound, attached to an IOAS, moved to a page table that the client has allocated, back
 * to another IOAS, and detached, with calls between that fail. Maps are there before and after.
 *
 *	device-script --bdf BDF [--hold [--areas N]]
 *
 * A line on stdout for each event, with the keys that iosnoop's JSON has:
 *
 *	event=attach device=3 bdf=0000:00:04.0 ioas=1 hwpt=4 ret=0
 *
 * --areas N: N maps of a page in the second IOAS, which has no device, and a page between each two.
 * --hold: after the last map, print "held ..." with what exists, and wait for a line on stdin.
 * Exits with 0 when every call had the result it should have, else 1; 2 for usage.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/iommufd_new.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/vfio.h"

#define MEM_PAGES 512
#define BASE 0x10000000ull
#define MAPS 23
#define BAD_FLAG (1u << 31)
#define NO_OBJECT 4711u /* an id that is not used */
#define FILE_PAGES 7ul
#define FILE_BASE 0x8000000ull

struct run {
	int fd;
	uint32_t ioas[2];
	uint32_t hwpt; /* allocated by the client */
	struct vfio_dev dev;
	char *mem;
	uint64_t pages; /* mapped in the first IOAS */
	uint64_t areas; /* wanted in the second one */
};

static int map_some(struct run *run)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < MAPS && !ret; i++) {
		uint64_t pages = 1 + i % 5;

		ret = ioas__map_at(run->fd, run->ioas[0], run->mem + i * 5 * MEM_PAGE,
				   pages * MEM_PAGE, BASE + i * 0x100000ull);
		run->pages += pages;
	}
	return ret;
}

static int map_many(struct run *run)
{
	uint64_t i;
	int ret = 0;

	for (i = 0; i < run->areas && !ret; i++)
		ret = ioas__map_at(run->fd, run->ioas[1], run->mem, MEM_PAGE,
				   BASE + i * 2 * MEM_PAGE);
	return ret;
}

static int alloc_hwpt(struct run *run, const char *bdf)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = BAD_FLAG,
		.dev_id = run->dev.id,
		.pt_id = run->ioas[0],
	};

	if (iommu__ioctl(run->fd, IOMMU_HWPT_ALLOC, &cmd) != -EOPNOTSUPP)
		return -EBADMSG;
	printf("event=hwpt-alloc device=%u bdf=%s pt=%u ioas=%u parent=null hwpt=null flags=0x%x "
	       "ret=%d error=EOPNOTSUPP\n",
	       run->dev.id, bdf, run->ioas[0], run->ioas[0], BAD_FLAG, -EOPNOTSUPP);
	cmd.flags = 0;
	cmd.pt_id = NO_OBJECT;
	if (iommu__ioctl(run->fd, IOMMU_HWPT_ALLOC, &cmd) != -EINVAL)
		return -EBADMSG;
	printf("event=hwpt-alloc device=%u bdf=%s pt=%u ioas=null parent=null hwpt=null flags=0x0 "
	       "ret=%d error=EINVAL\n",
	       run->dev.id, bdf, NO_OBJECT, -EINVAL);
	cmd.pt_id = run->ioas[0];
	if (iommu__ioctl(run->fd, IOMMU_HWPT_ALLOC, &cmd))
		return -EBADMSG;
	run->hwpt = cmd.out_hwpt_id;
	printf("event=object-alloc id=%u type_code=2\n", run->hwpt);
	printf("event=hwpt-alloc device=%u bdf=%s pt=%u ioas=%u parent=null hwpt=%u flags=0x0 "
	       "data_type=0 ret=0\n",
	       run->dev.id, bdf, run->ioas[0], run->ioas[0], run->hwpt);
	return 0;
}

/* Map a file, if the driver can (from 6.14 on). The IOAS has the device, so it is pinned. */
static int map_file(struct run *run)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_RW | IOAS_FIXED,
		.ioas_id = run->ioas[1],
		.fd = memfd_create("device-script", MFD_CLOEXEC),
		.length = FILE_PAGES * MEM_PAGE,
		.iova = FILE_BASE,
	};
	int ret = cmd.fd < 0 || ftruncate(cmd.fd, cmd.length) ? -errno : 0;

	if (!ret)
		ret = iommu__ioctl(run->fd, IOMMU_IOAS_MAP_FILE, &cmd);
	if (!ret)
		printf("event=map-file ioas=%u iova=0x%llx length_bytes=%llu pages=%lu ret=0\n",
		       run->ioas[1], FILE_BASE, cmd.length, FILE_PAGES);
	if (cmd.fd >= 0)
		close(cmd.fd);
	return ret == -ENOTTY ? 0 : ret;
}

static void say_attach(const struct run *run, const char *event, const char *bdf, uint32_t ioas,
		       uint32_t hwpt, uint32_t old)
{
	printf("event=%s device=%u bdf=%s pasid=null ioas=%u hwpt=%u", event, run->dev.id, bdf,
	       ioas, hwpt);
	if (old)
		printf(" old_hwpt=%u", old);
	printf(" ret=0\n");
}

/* Attach, move twice, with an attempt to attach to an object that does not exist. */
static int attach_all(struct run *run, const char *bdf)
{
	uint32_t first = run->ioas[0], none = NO_OBJECT, last = run->ioas[1];
	int ret = vfio__attach(&run->dev, &first);

	if (ret)
		return ret;
	say_attach(run, "attach", bdf, run->ioas[0], first, 0);
	printf("event=object-alloc id=%u type_code=2\n", first);
	ret = alloc_hwpt(run, bdf);
	if (!ret)
		ret = vfio__attach(&run->dev, &run->hwpt);
	if (ret)
		return ret;
	say_attach(run, "replace", bdf, run->ioas[0], run->hwpt, first);
	printf("event=object-destroy id=%u type_code=2\n", first);
	if (vfio__attach(&run->dev, &none) != -ENOENT)
		return -EBADMSG;
	printf("event=replace device=%u bdf=%s ioas=%u hwpt=null old_hwpt=null ret=-2 "
	       "error=ENOENT\n",
	       run->dev.id, bdf, none);
	ret = vfio__attach(&run->dev, &last);
	if (ret)
		return ret;
	say_attach(run, "replace", bdf, run->ioas[1], last, run->hwpt);
	printf("event=object-alloc id=%u type_code=2\n", last);
	ret = iommu__destroy(run->fd, run->hwpt);
	if (ret)
		return ret;
	printf("event=object-destroy id=%u type_code=2\n", run->hwpt);
	ret = map_file(run);
	if (ret)
		return ret;
	ret = vfio__detach(&run->dev);
	printf("event=detach device=%u bdf=%s pasid=null ioas=%u hwpt=%u\n", run->dev.id, bdf,
	       run->ioas[1], last);
	printf("event=object-destroy id=%u type_code=2\n", last);
	return ret;
}

static int open_all(struct run *run, const char *bdf)
{
	int ret;

	run->fd = iommu__open();
	if (run->fd < 0)
		return run->fd;
	printf("event=open\n");
	ret = ioas__alloc(run->fd, &run->ioas[0]);
	if (!ret)
		ret = ioas__alloc(run->fd, &run->ioas[1]);
	if (ret)
		return ret;
	printf("event=object-alloc id=%u type_code=1\n", run->ioas[0]);
	printf("event=object-alloc id=%u type_code=1\n", run->ioas[1]);
	run->mem = mem__small(MEM_PAGES * MEM_PAGE);
	ret = run->mem ? vfio__open(&run->dev, bdf) : -ENOMEM;
	if (!ret)
		ret = vfio__bind(&run->dev, run->fd);
	if (!ret)
		printf("event=object-alloc id=%u type_code=3\n"
		       "event=bind device=%u bdf=%s group=%d ret=0\n",
		       run->dev.id, run->dev.id, bdf, pci__group(bdf));
	return ret;
}

static int run_all(struct run *run, const char *bdf, bool hold)
{
	uint32_t hwpt;
	int ret = open_all(run, bdf);

	if (!ret && !hold)
		ret = attach_all(run, bdf);
	hwpt = run->ioas[0];
	if (!ret && hold)
		ret = vfio__attach(&run->dev, &hwpt);
	if (!ret)
		ret = map_some(run);
	if (!ret)
		ret = map_many(run);
	if (ret || !hold)
		return ret;
	printf("held pid=%d ioas=%u other=%u device=%u hwpt=%u areas=%u bytes=%" PRIu64 "\n",
	       getpid(), run->ioas[0], run->ioas[1], run->dev.id, hwpt, MAPS,
	       run->pages * MEM_PAGE);
	fflush(stdout);
	return getchar() == EOF ? -EPIPE : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "bdf", required_argument, NULL, 'b' },
						 { "hold", no_argument, NULL, 'h' },
						 { "areas", required_argument, NULL, 'a' },
						 {} };
	struct run run = { .fd = -1, .dev.fd = -1 };
	bool hold = false, bad = false;
	const char *bdf = NULL;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'b')
			bdf = optarg;
		else if (opt == 'h')
			hold = true;
		else if (opt == 'a')
			bad |= args__number(optarg, 1000000, &run.areas) != 0;
		else
			bad = true;
	}
	if (bad || optind != argc || !bdf) {
		fprintf(stderr, "usage: device-script --bdf BDF [--hold [--areas N]]\n");
		return 2;
	}
	ret = run_all(&run, bdf, hold);
	if (ret)
		fprintf(stderr, "device-script: %s\n", strerror(-ret));
	vfio__close(&run.dev);
	if (!ret)
		printf("event=unbind device=%u bdf=%s\n"
		       "event=object-destroy id=%u type_code=3\n",
		       run.dev.id, bdf, run.dev.id);
	if (run.fd >= 0)
		close(run.fd);
	if (!ret)
		printf("event=object-destroy id=%u type_code=1\n"
		       "event=object-destroy id=%u type_code=1\nevent=close\n",
		       run.ioas[0], run.ioas[1]);
	mem__free(run.mem, MEM_PAGES * MEM_PAGE);
	return ret ? 1 : 0;
}
