// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical and virtual functions of one card, bound to vfio-pci, in one iommufd.
 *
 *	vfio-vf BDF... [token]
 *
 * Each is bound and attached through its cdev, then through its group. With "token" the first is
 * the physical function, and the others can be opened through their group only with the token that
 * it was opened with.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define BASE 0x1000000ull
#define MAX 4
#define SECRET " vf_token=2ab74924-c335-45f4-9b16-8569e5b08258"
#define WRONG " vf_token=2ab74924-c335-45f4-9b16-8569e5b08259"

static char *mem;

static void identify(struct vfio_dev *dev, int interrupts)
{
	uint32_t id = 0;

	tap__err(vfio__config_read(dev, 0, &id, sizeof(id)), 0, "%s: config space", dev->bdf);
	tap__hex(id & 0xffff, 0x8086, "%s: vendor", dev->bdf);
	tap__is(vfio__irq_count(dev, VFIO_PCI_MSIX_IRQ_INDEX), interrupts, "%s: MSI-X", dev->bdf);
}

static int msix_vectors(const char *bdf)
{
	return strstr(bdf, ".0") && strstr(bdf, ":00.") ? 10 : 3;
}

/*
 * Bind by the cdev. Newer kernels want the token there, too: the physical function sets it, and a
 * virtual one is refused without it.
 */
static int bind_cdev(struct vfio_dev *dev, int fd, bool token, bool first)
{
	static const char secret[16] = "a test's secret", wrong[16] = "another secret.";
	int ret = token && first ? vfio__bind_token(dev, fd, secret) : vfio__bind(dev, fd);

	if (token && first && ret == -EINVAL)
		return vfio__bind(dev, fd);
	if (!token || first || ret != -EACCES)
		return ret;
	tap__err(vfio__bind_token(dev, fd, wrong), -EACCES, "%s: another token", dev->bdf);
	return vfio__bind_token(dev, fd, secret);
}

static void test_cdev(char **bdf, int n, bool token)
{
	struct vfio_dev dev[MAX];
	int fd = iommu__open(), i, j;
	uint32_t ioas, other;

	ioas__alloc(fd, &ioas);
	ioas__alloc(fd, &other);
	ioas__map_at(fd, ioas, mem, 7 * P, BASE);
	ioas__map_at(fd, other, mem + 4 * P, 5 * P, BASE);
	for (i = 0; i < n; i++) {
		tap__err(vfio__open(&dev[i], bdf[i]), 0, "%s: open", bdf[i]);
		tap__err(bind_cdev(&dev[i], fd, token, !i), 0, "%s: bind", bdf[i]);
		tap__err(vfio__attach_ioas(&dev[i], ioas), 0, "%s: attach", bdf[i]);
		identify(&dev[i], msix_vectors(bdf[i]));
		for (j = 0; j < i; j++)
			tap__ok(dev[i].id != dev[j].id && pci__group(bdf[i]) != pci__group(bdf[j]),
				"%s: another device and group than %s", bdf[i], bdf[j]);
		tap__is(mem__pinned(7), 7, "%s: seven pages are pinned", bdf[i]);
	}
	tap__err(vfio__attach_ioas(&dev[n - 1], other), 0, "%s: replace", bdf[n - 1]);
	tap__is(mem__pinned(12), 12, "two mappings of the same pages");
	tap__err(vfio__detach(&dev[0]), 0, "%s: detach", bdf[0]);
	tap__is(mem__pinned(n > 2 ? 12 : 5), n > 2 ? 12 : 5, "the others keep theirs");
	for (i = 0; i < n; i++)
		vfio__close(&dev[i]);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	close(fd);
}

/* Write the name that opens function n: its address and the options after it. */
static const char *name(char out[96], const char *bdf, const char *more)
{
	snprintf(out, 96, "%s%s", bdf, more);
	return out;
}

static void test_group(char **bdf, int n, bool token)
{
	int fd = iommu__open(), group[MAX], i;
	struct vfio_dev dev[MAX];
	char text[96];

	for (i = 0; i < n; i++) {
		group[i] = group__open(bdf[i]);
		tap__ok(group[i] >= 0, "%s: open its group", bdf[i]);
		tap__err(group__set_container(group[i], fd), 0, "%s: container", bdf[i]);
		if (!i)
			tap__err(iommu__ioctl(fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU), 0,
				 "type1v2");
		if (token && i) {
			tap__err(group__device(group[i], bdf[i], &dev[i]), -EACCES,
				 "%s: without the secret", bdf[i]);
			tap__err(group__device(group[i], name(text, bdf[i], WRONG), &dev[i]),
				 -EACCES, "%s: with another one", bdf[i]);
		}
		tap__err(group__device(group[i], name(text, bdf[i], token ? SECRET : ""), &dev[i]),
			 0, "%s: the device", bdf[i]);
		identify(&dev[i], msix_vectors(bdf[i]));
	}
	tap__err(type1__map(fd, mem, 9 * P, TYPE1_RW, BASE), 0, "map 9 pages");
	tap__is(mem__pinned(9), 9, "they are pinned once");
	tap__err(type1__unmap_at(fd, BASE, 9 * P), 0, "unmap them");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	for (i = 0; i < n; i++) {
		vfio__close(&dev[i]);
		close(group[i]);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	bool token = argc > 1 && !strcmp(argv[argc - 1], "token");
	int n = argc - 1 - token;

	tap__start();
	if (n < 1 || n > MAX)
		return tap__bail("usage: vfio-vf BDF... [token]");
	mem = mem__small(16 * P);
	test_cdev(argv + 1, n, token);
	test_group(argv + 1, n, token);
	return tap__done();
}
