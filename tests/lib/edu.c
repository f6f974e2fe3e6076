// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's educational device as a DMA engine; see edu.h.
 *
 * Registers in BAR 0: 0x80 source, 0x88 destination, 0x90 count (8 bytes each), 0x98 command:
 * bit 0 start, and set while busy; bit 1 direction, 1 is from the device to memory; bit 2 raise
 * an interrupt. The device's own memory is at 0x40000 of its address space. The emulation takes
 * about 100 ms for a transfer of any length, and cannot take another one meanwhile.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "edu.h"
#include "tap.h"

#define EDU_ID 0x00
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98
#define EDU_CMD_START 0x1
#define EDU_CMD_TO_RAM 0x2
#define EDU_BUFFER_AT 0x40000
#define EDU_TRIES TAP_PATIENCE_MS /* of 1 ms */

static void edu_set(struct edu *edu, unsigned int reg, uint64_t val)
{
	*(volatile uint64_t *)((volatile char *)edu->bar + reg) = val;
}

static uint64_t edu_get(struct edu *edu, unsigned int reg)
{
	return *(volatile uint64_t *)((volatile char *)edu->bar + reg);
}

int edu__open(struct edu *edu, const char *bdf, int iommufd)
{
	int ret;

	memset(edu, 0, sizeof(*edu));
	ret = vfio__open(&edu->dev, bdf);
	if (ret)
		return ret;
	ret = vfio__bind(&edu->dev, iommufd);
	if (ret)
		vfio__close(&edu->dev);
	return ret;
}

int edu__start(struct edu *edu)
{
	uint32_t id;
	int ret = vfio__enable(&edu->dev);

	if (ret)
		return ret;
	if (!edu->bar)
		edu->bar = vfio__map_bar(&edu->dev, 0, &edu->bar_size);
	if (!edu->bar)
		return -ENOMEM;
	id = *(volatile uint32_t *)((volatile char *)edu->bar + EDU_ID);
	return (id & 0xff) == 0xed ? 0 : -ENODEV;
}

void edu__close(struct edu *edu)
{
	vfio__unmap_bar((void *)edu->bar, edu->bar_size);
	edu->bar = NULL;
	vfio__close(&edu->dev);
}

static int edu_run(struct edu *edu, uint64_t src, uint64_t dst, unsigned int len, uint64_t cmd)
{
	static const struct timespec tick = { .tv_nsec = 1000000 };

	edu_set(edu, EDU_DMA_SRC, src);
	edu_set(edu, EDU_DMA_DST, dst);
	edu_set(edu, EDU_DMA_COUNT, len);
	edu_set(edu, EDU_DMA_CMD, cmd | EDU_CMD_START);
	for (int i = 0; i < EDU_TRIES; i++) {
		if (!(edu_get(edu, EDU_DMA_CMD) & EDU_CMD_START))
			return 0;
		nanosleep(&tick, NULL);
	}
	return -ETIMEDOUT;
}

int edu__read(struct edu *edu, uint64_t iova, unsigned int off, unsigned int len)
{
	return edu_run(edu, iova, EDU_BUFFER_AT + off, len, 0);
}

int edu__write(struct edu *edu, uint64_t iova, unsigned int off, unsigned int len)
{
	return edu_run(edu, EDU_BUFFER_AT + off, iova, len, EDU_CMD_TO_RAM);
}
