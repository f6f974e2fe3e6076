// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPTION: the accounting mode of a context and huge pages of an IOAS; privileges and order.
 * Ids of the wrong type and objects that are in use are here as well: both take a device to have.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define NOBODY 65534
#define SET IOMMU_OPTION_OP_SET
#define GET IOMMU_OPTION_OP_GET
#define MODE IOMMU_OPTION_RLIMIT_MODE
#define HUGE IOMMU_OPTION_HUGE_PAGES
#define P MEM_PAGE

static int fd;
static uint32_t ioas;

static int set(uint32_t option, uint32_t object, uint64_t val)
{
	return iommu__option(fd, option, SET, object, &val);
}

/* The value, or -errno. */
static long long get(uint32_t option, uint32_t object)
{
	uint64_t val = 77;
	int ret = iommu__option(fd, option, GET, object, &val);

	return ret ? ret : (long long)val;
}

static uint64_t alignment(void)
{
	struct iommu_iova_range r[8];
	uint64_t align = 0;
	uint32_t num = 8;

	ioas__ranges(fd, ioas, r, &num, &align);
	return align;
}

/* The result of the call in a process of user nobody, which has only the file descriptor. */
static int unprivileged(uint32_t option, uint16_t op, uint32_t object)
{
	uint64_t val = 1;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(255);
		_exit(-iommu__option(fd, option, op, object, &val));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

/* Only the value is written: what is before it may be in memory that cannot be. */
static void test_read_only(void)
{
	const struct iommu_option in = { .size = sizeof(in), .option_id = HUGE, .object_id = ioas };
	struct iommu_option *cmd;
	char *mem = mem__small(2 * P);

	cmd = (void *)(mem + P - offsetof(struct iommu_option, val64));
	memcpy(cmd, &in, sizeof(in));
	cmd->op = GET;
	cmd->val64 = 77;
	mprotect(mem, P, PROT_READ);
	tap__err(iommu__ioctl(fd, IOMMU_OPTION, cmd), 0, "all but the value is read-only");
	tap__is(cmd->val64, 1, "the value is stored");
	mprotect(mem + P, P, PROT_READ);
	tap__err(iommu__ioctl(fd, IOMMU_OPTION, cmd), -EFAULT, "the value is read-only, too");
	munmap(mem, 2 * P);
}

static void test_fields(void)
{
	struct iommu_option cmd = { .size = sizeof(cmd), .option_id = HUGE, .op = GET };
	uint64_t val = 0;

	tap__err(iommu__option(fd, 2, GET, ioas, &val), -EOPNOTSUPP, "option 2");
	tap__err(iommu__option(fd, UINT32_MAX, GET, ioas, &val), -EOPNOTSUPP, "last option");
	tap__err(iommu__option(fd, HUGE, 2, ioas, &val), -EOPNOTSUPP, "huge pages: operation 2");
	tap__err(iommu__option(fd, MODE, 2, 0, &val), -EOPNOTSUPP, "mode: operation 2");
	tap__err(iommu__option(fd, HUGE, 2, 0, &val), -ENOENT, "dead id before operation 2");
	cmd.__reserved = 1;
	tap__err(iommu__ioctl(fd, IOMMU_OPTION, &cmd), -EOPNOTSUPP, "reserved field, dead id");
	cmd.object_id = ioas;
	tap__err(iommu__ioctl(fd, IOMMU_OPTION, &cmd), -EOPNOTSUPP, "reserved field");
}

static void test_mode(void)
{
	tap__is(get(MODE, 0), 0, "mode: 0 from the start");
	tap__err(set(MODE, 0, 1), 0, "mode: set 1");
	tap__is(get(MODE, 0), 1, "mode: 1");
	tap__err(set(MODE, 0, 2), -EINVAL, "mode: set 2");
	tap__err(set(MODE, 0, UINT64_MAX), -EINVAL, "mode: set 2^64-1");
	tap__is(get(MODE, 0), 1, "mode: still 1");
	tap__err(set(MODE, 0, 0), 0, "mode: set 0");
	tap__err(set(MODE, 1, 0), -EOPNOTSUPP, "mode: with an object, set");
	tap__is(get(MODE, 1), -EOPNOTSUPP, "mode: with an object, get");
	tap__err(unprivileged(MODE, SET, 0), -EPERM, "mode: set without privilege");
	tap__err(unprivileged(MODE, GET, 0), 0, "mode: get without privilege");
	tap__err(ioas__alloc(fd, &ioas), 0, "an IOAS");
	tap__err(set(MODE, 0, 1), -EBUSY, "mode: set while there is an object");
	tap__err(set(MODE, 0, 2), -EBUSY, "mode: set 2 while there is an object");
	tap__err(unprivileged(MODE, SET, 0), -EPERM, "mode: set without privilege, with an object");
	tap__is(get(MODE, 0), 0, "mode: get while there is an object");
	iommu__destroy(fd, ioas);
	tap__err(set(MODE, 0, 1), 0, "mode: set when the object is gone");
	tap__err(set(MODE, 0, 0), 0, "mode: and back");
	ioas__alloc(fd, &ioas);
}

static void test_huge(void)
{
	char *mem = mem__small(4 * P);

	tap__is(get(HUGE, ioas), 1, "huge pages: on from the start");
	tap__is(alignment(), 1, "alignment 1");
	tap__err(set(HUGE, ioas, 2), -EINVAL, "huge pages: set 2");
	tap__err(set(HUGE, ioas, 0), 0, "huge pages: off");
	tap__is(get(HUGE, ioas), 0, "huge pages: are off");
	tap__is(alignment(), P, "alignment is a page then");
	tap__err(ioas__map_at(fd, ioas, mem, P, 0x1001), -EINVAL, "map at an odd address then");
	tap__err(set(HUGE, ioas, 0), 0, "huge pages: off again");
	tap__err(ioas__map_at(fd, ioas, mem, P, 0x1000), 0, "map at a page then");
	tap__err(set(HUGE, ioas, 0), 0, "huge pages: off again, with a map");
	tap__err(set(HUGE, ioas, 1), 0, "huge pages: on");
	tap__is(alignment(), 1, "alignment 1");
	tap__err(set(HUGE, ioas, 0), 0, "huge pages: off, with a map and no device");
	set(HUGE, ioas, 1);
	ioas__map_at(fd, ioas, mem, 10, 0x3333);
	tap__err(set(HUGE, ioas, 0), -EADDRINUSE, "huge pages: off, with an odd map");
	tap__is(get(HUGE, ioas), 1, "huge pages: still on");
	ioas__unmap_all(fd, ioas);
	tap__err(unprivileged(HUGE, SET, ioas), 0, "huge pages: no privilege needed");
	mem__free(mem, 4 * P);
}

/* hwpt and dev are objects of other types. */
static void test_types(uint32_t hwpt, uint32_t dev, char *mem)
{
	uint32_t ids[2] = { hwpt, dev }, num = 1;
	struct iommu_iova_range r;
	uint64_t iova, align;

	for (int i = 0; i < 2; i++) {
		const char *what = i ? "device" : "HWPT";

		tap__err(ioas__map(fd, ids[i], mem, P, IOAS_RW, &iova), -ENOENT, "map: %s", what);
		tap__err(ioas__unmap_all(fd, ids[i]), -ENOENT, "unmap: %s", what);
		tap__err(ioas__copy(fd, ids[i], ioas, 0x1000, P, IOAS_RW, &iova), -ENOENT,
			 "copy: to %s", what);
		tap__err(ioas__copy(fd, ioas, ids[i], 0x1000, P, IOAS_RW, &iova), -ENOENT,
			 "copy: from %s", what);
		tap__err(ioas__ranges(fd, ids[i], &r, &num, &align), -ENOENT, "ranges: %s", what);
		tap__err(ioas__allow(fd, ids[i], NULL, 0), -ENOENT, "allow: %s", what);
		tap__is(get(HUGE, ids[i]), -ENOENT, "huge pages: %s", what);
		tap__err(iommu__destroy(fd, ids[i]), -EBUSY, "destroy: %s in use", what);
	}
	tap__err(iommu__destroy(fd, ioas), -EBUSY, "destroy: IOAS in use");
}

static void test_device(void)
{
	char bdf[16], *mem = mem__small(4 * P);
	struct vfio_dev dev;
	uint32_t hwpt;
	int ret;

	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (!ret)
		ret = vfio__open(&dev, bdf);
	if (!ret)
		ret = vfio__bind(&dev, fd);
	if (ret) {
		tap__skip("no edu device", "options with a device");
		return;
	}
	hwpt = ioas;
	tap__err(vfio__attach(&dev, &hwpt), 0, "attach the edu device");
	tap__ok(hwpt != ioas && hwpt != dev.id && hwpt, "its page table is an object of its own");
	tap__err(set(HUGE, ioas, 0), 0, "huge pages: off, with a device and no map");
	ioas__map_at(fd, ioas, mem, P, 0x1000);
	tap__err(set(HUGE, ioas, 0), 0, "huge pages: off again, with a map");
	tap__err(set(HUGE, ioas, 1), 0, "huge pages: on, with a map");
	tap__is(alignment(), P, "alignment is the table's");
	tap__err(set(HUGE, ioas, 0), -EINVAL, "huge pages: off, with a device and a map");
	tap__is(get(HUGE, ioas), 1, "huge pages: still on");
	tap__err(set(MODE, 0, 1), -EBUSY, "mode: set with a device");
	test_types(hwpt, dev.id, mem);
	vfio__detach(&dev);
	tap__err(iommu__destroy(fd, dev.id), -EBUSY, "destroy: a device that is bound");
	tap__err(iommu__destroy(fd, hwpt), -ENOENT, "destroy: the page table went by itself");
	tap__err(iommu__destroy(fd, ioas), 0, "destroy: the IOAS");
	vfio__close(&dev);
	tap__err(set(MODE, 0, 1), 0, "mode: can be set when everything is gone");
	mem__free(mem, 4 * P);
}

int main(void)
{
	tap__start();
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	test_mode();
	test_fields();
	test_read_only();
	test_huge();
	test_device();
	close(fd);
	return tap__done();
}
