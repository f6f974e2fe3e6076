// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PCI device through its vfio character device; see vfio.h.
 *
 * /sys/bus/pci/devices/BDF/vfio-dev/vfioN names the character device. Opening it gives a file
 * with which nothing can be done until VFIO_DEVICE_BIND_IOMMUFD has bound it to an iommufd.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define PCI_COMMAND 4
#define PCI_COMMAND_ON 0x6 /* memory, bus master */
#define VFIO_MAX_IRQS 32

struct vfio_counts vfio_counts;

static int vfio_ioctl(struct vfio_dev *dev, unsigned long cmd, void *arg)
{
	return ioctl(dev->fd, cmd, arg) ? -errno : 0;
}

static unsigned int pci_id(const char *bdf, const char *attr)
{
	unsigned int val = 0;
	char path[320];
	FILE *f;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", bdf, attr);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%x", &val) != 1)
		val = 0;
	fclose(f);
	return val;
}

int pci__find(uint16_t vendor, uint16_t device, unsigned int n, char bdf[16])
{
	struct dirent **entries;
	int num, ret = -ENODEV;

	num = scandir(PCI_DEVICES, &entries, NULL, alphasort);
	if (num < 0)
		return -errno;
	for (int i = 0; i < num; i++) {
		const char *name = entries[i]->d_name;

		if (ret && name[0] != '.' && pci_id(name, "vendor") == vendor &&
		    pci_id(name, "device") == device && !n--) {
			snprintf(bdf, 16, "%.15s", name);
			ret = 0;
		}
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int pci_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int pci__bind(const char *bdf)
{
	char path[128], target[256];
	ssize_t len;
	int ret;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		if (!strcmp(strrchr(target, '/') + 1, "vfio-pci"))
			return 0;
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", bdf);
		ret = pci_write(path, bdf);
		if (ret)
			return ret;
	}
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", bdf);
	ret = pci_write(path, "vfio-pci");
	if (ret)
		return ret;
	return pci_write("/sys/bus/pci/drivers_probe", bdf);
}

int pci__group(const char *bdf)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static int vfio_open_at(struct vfio_dev *dev, const char *devices, const char *device)
{
	char path[320], name[256] = "";
	struct dirent *entry;
	DIR *dir;

	memset(dev, 0, sizeof(*dev));
	dev->fd = -1;
	snprintf(dev->bdf, sizeof(dev->bdf), "%.15s", device);
	snprintf(path, sizeof(path), "%s/%s/vfio-dev", devices, device);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vfio", 4))
			snprintf(name, sizeof(name), "%s", entry->d_name);
	closedir(dir);
	if (!name[0])
		return -ENODEV;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	return dev->fd < 0 ? -errno : 0;
}

int vfio__open(struct vfio_dev *dev, const char *bdf)
{
	return vfio_open_at(dev, PCI_DEVICES, bdf);
}

int vfio__open_mdev(struct vfio_dev *dev, const char *uuid)
{
	return vfio_open_at(dev, "/sys/bus/mdev/devices", uuid);
}

/* VFIO_DEVICE_BIND_IOMMUFD of newer kernels. */
struct bind_token {
	struct vfio_device_bind_iommufd bind;
	__aligned_u64 token;
};

#define BIND_TOKEN (1 << 0)

int vfio__bind_token(struct vfio_dev *dev, int iommufd, const void *token)
{
	struct bind_token cmd = { .bind = { .argsz = sizeof(cmd.bind), .iommufd = iommufd } };
	int ret;

	if (token) {
		cmd.bind.argsz = sizeof(cmd);
		cmd.bind.flags = BIND_TOKEN;
		cmd.token = (uintptr_t)token;
	}
	ret = vfio_ioctl(dev, VFIO_DEVICE_BIND_IOMMUFD, &cmd);
	if (ret)
		return ret;
	__atomic_fetch_add(&vfio_counts.binds, 1, __ATOMIC_RELAXED);
	dev->id = cmd.bind.out_devid;
	return 0;
}

int vfio__bind(struct vfio_dev *dev, int iommufd)
{
	return vfio__bind_token(dev, iommufd, NULL);
}

int vfio__attach(struct vfio_dev *dev, uint32_t *pt_id)
{
	struct vfio_device_attach_iommufd_pt cmd = { .argsz = sizeof(cmd), .pt_id = *pt_id };
	int ret = vfio_ioctl(dev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);

	if (ret)
		return ret;
	__atomic_fetch_add(&vfio_counts.attaches, 1, __ATOMIC_RELAXED);
	*pt_id = cmd.pt_id;
	return 0;
}

int vfio__attach_ioas(struct vfio_dev *dev, uint32_t ioas)
{
	return vfio__attach(dev, &ioas);
}

int vfio__detach(struct vfio_dev *dev)
{
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };
	int ret = vfio_ioctl(dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);

	if (!ret)
		__atomic_fetch_add(&vfio_counts.detaches, 1, __ATOMIC_RELAXED);
	return ret;
}

int vfio__reset(struct vfio_dev *dev)
{
	return vfio_ioctl(dev, VFIO_DEVICE_RESET, NULL);
}

void vfio__close(struct vfio_dev *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

static int vfio_region(struct vfio_dev *dev, unsigned int index, struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return vfio_ioctl(dev, VFIO_DEVICE_GET_REGION_INFO, info);
}

void *vfio__map_bar(struct vfio_dev *dev, unsigned int bar, size_t *size)
{
	struct vfio_region_info info;
	void *mem;

	if (vfio_region(dev, VFIO_PCI_BAR0_REGION_INDEX + bar, &info))
		return NULL;
	mem = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd, info.offset);
	if (mem == MAP_FAILED)
		return NULL;
	*size = info.size;
	return mem;
}

void vfio__unmap_bar(void *bar, size_t size)
{
	if (bar)
		munmap(bar, size);
}

int vfio__config_read(struct vfio_dev *dev, unsigned int off, void *val, size_t size)
{
	struct vfio_region_info info;
	int ret = vfio_region(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);

	if (ret)
		return ret;
	if (pread(dev->fd, val, size, info.offset + off) != (ssize_t)size)
		return -EIO;
	return 0;
}

int vfio__config_write(struct vfio_dev *dev, unsigned int off, const void *val, size_t size)
{
	struct vfio_region_info info;
	int ret = vfio_region(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);

	if (ret)
		return ret;
	if (pwrite(dev->fd, val, size, info.offset + off) != (ssize_t)size)
		return -EIO;
	return 0;
}

int vfio__enable(struct vfio_dev *dev)
{
	uint16_t cmd;
	int ret = vfio__config_read(dev, PCI_COMMAND, &cmd, sizeof(cmd));

	if (ret)
		return ret;
	cmd |= PCI_COMMAND_ON;
	return vfio__config_write(dev, PCI_COMMAND, &cmd, sizeof(cmd));
}

int vfio__irqs(struct vfio_dev *dev, unsigned int index, const int *fds, unsigned int num)
{
	union {
		struct vfio_irq_set set;
		char room[sizeof(struct vfio_irq_set) + VFIO_MAX_IRQS * sizeof(int)];
	} arg;

	if (num > VFIO_MAX_IRQS)
		return -E2BIG;
	memset(&arg, 0, sizeof(arg));
	arg.set.argsz = sizeof(arg.set) + num * sizeof(int);
	arg.set.index = index;
	arg.set.count = num;
	arg.set.flags = VFIO_IRQ_SET_ACTION_TRIGGER;
	arg.set.flags |= num ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE;
	if (num)
		memcpy(arg.set.data, fds, num * sizeof(int));
	return vfio_ioctl(dev, VFIO_DEVICE_SET_IRQS, &arg.set);
}

int vfio__irq_count(struct vfio_dev *dev, unsigned int index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };
	int ret = vfio_ioctl(dev, VFIO_DEVICE_GET_IRQ_INFO, &info);

	return ret ? ret : (int)info.count;
}

int vfio__irq_unmask(struct vfio_dev *dev, unsigned int index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		.index = index,
		.count = 1,
	};

	return vfio_ioctl(dev, VFIO_DEVICE_SET_IRQS, &set);
}
