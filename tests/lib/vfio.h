/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI device through its vfio character device: /dev/vfio/devices/vfioN, bound to an iommufd
 * and attached to address spaces, with no group and no container anywhere.
 *
 * All functions return 0 or -errno. struct vfio_dev is plain data: zero it or let vfio__open()
 * do so. A device needs to be bound to vfio-pci before; tests/vm/bind does that, as does
 * pci__bind(), which leaves a bound device alone.
 */
#ifndef TESTS_LIB_VFIO_H
#define TESTS_LIB_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/vfio.h>

struct vfio_dev {
	char bdf[16];
	int fd; /* the character device, -1 when closed */
	uint32_t id;  /* device object in the iommufd, from vfio__bind() */
};

struct vfio_counts {
	unsigned long binds, attaches, detaches;
};

/* Calls that succeeded; an attach of an attached device (a replace) counts as attach. */
extern struct vfio_counts vfio_counts;

/* The n-th device (from 0) of that vendor and device id. */
int pci__find(uint16_t vendor, uint16_t device, unsigned int n, char bdf[16]);
/* Takes the device from its driver, if any, and gives it to vfio-pci. */
int pci__bind(const char *bdf);
/* Number of the IOMMU group, or -errno. */
int pci__group(const char *bdf);

int vfio__open(struct vfio_dev *dev, const char *bdf);
/* A mediated device; dev->bdf has the beginning of its uuid. */
int vfio__open_mdev(struct vfio_dev *dev, const char *uuid);
int vfio__bind(struct vfio_dev *dev, int iommufd);
/* With the token of its physical function, 16 bytes; -EINVAL on a kernel that takes none. */
int vfio__bind_token(struct vfio_dev *dev, int iommufd, const void *token);
/* In: an IOAS or a HWPT. Out: the HWPT that is attached now. Attached already: replaces. */
int vfio__attach(struct vfio_dev *dev, uint32_t *pt_id);
/* The same when the HWPT does not matter. */
int vfio__attach_ioas(struct vfio_dev *dev, uint32_t ioas);
int vfio__detach(struct vfio_dev *dev);
int vfio__reset(struct vfio_dev *dev);
void vfio__close(struct vfio_dev *dev);

/* Maps a whole BAR; NULL when that fails. */
void *vfio__map_bar(struct vfio_dev *dev, unsigned int bar, size_t *size);
void vfio__unmap_bar(void *bar, size_t size);
int vfio__config_read(struct vfio_dev *dev, unsigned int off, void *val, size_t size);
int vfio__config_write(struct vfio_dev *dev, unsigned int off, const void *val, size_t size);
/* Memory decoding and bus mastering on. */
int vfio__enable(struct vfio_dev *dev);
/* Event files for interrupts 0..num-1 of an index like VFIO_PCI_MSIX_IRQ_INDEX; 0 switches off. */
int vfio__irqs(struct vfio_dev *dev, unsigned int index, const int *fds, unsigned int num);
/* Number of interrupts of that index, or -errno. */
int vfio__irq_count(struct vfio_dev *dev, unsigned int index);
/* Unmasks an interrupt that the kernel masks at each delivery (INTx). */
int vfio__irq_unmask(struct vfio_dev *dev, unsigned int index);

#endif
