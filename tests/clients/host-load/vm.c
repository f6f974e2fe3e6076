// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual machines: one that behaves, and one that leaks.
 *
 * The memory of the first is mapped as QEMU does it: low memory, a ROM that devices may only read,
 * and the rest in blocks, of which the balloon unmaps the last one and maps it again.
 */
#include <errno.h>
#include <unistd.h>

#include "../../lib/mem.h"
#include "host.h"

#define BLOCK (8 * MIB)
#define LOW_END (640 * KIB)
#define ROM_START (768 * KIB)
#define ROM_END (1024 * KIB)
#define LEAK (512 * KIB)
#define LEAK_PATIENCE 20 /* refusals until the leaking one gives up */

struct vm {
	struct mock m;  /* the device, or just the file and the IOAS with a real one */
	struct vfio_dev dev;
	bool is_mock;
	char *ram;
	uint64_t size;
	bool ballooned; /* the last block is not mapped */
	bool nested;
	uint32_t stage1; /* page table of the machine's own IOMMU */
};

static int open_real(struct vm *vm, const char *bdf)
{
	int ret;

	vm->m.fd = iommu__open();
	if (vm->m.fd < 0)
		return vm->m.fd;
	ret = ioas__alloc(vm->m.fd, &vm->m.ioas);
	ret = ret ?: vfio__open(&vm->dev, bdf);
	ret = ret ?: vfio__bind(&vm->dev, vm->m.fd);
	return ret ?: vfio__attach_ioas(&vm->dev, vm->m.ioas);
}

/* The machine's IOMMU: its page table lies within the one of the host. */
static int open_nested(struct vm *vm)
{
	struct iommu_hwpt_mock_s1 data = { .table = MOCK_BASE };
	uint32_t parent;
	int ret;

	ret = mock__hwpt(&vm->m, vm->m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	ret = ret   ?:
		      mock__hwpt(&vm->m, parent, 0, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data),
				 &vm->stage1);
	return ret ?: mock__replace(&vm->m, vm->stage1);
}

static int map(const struct vm *vm, uint64_t start, uint64_t end, uint32_t rights)
{
	uint64_t iova = MOCK_BASE + start;

	return ioas__map(vm->m.fd, vm->m.ioas, vm->ram + start, end - start, rights | IOAS_FIXED,
			 &iova);
}

static int map_ram(const struct vm *vm)
{
	int ret = map(vm, 0, LOW_END, IOAS_RW);

	ret = ret ?: map(vm, ROM_START, ROM_END, IOAS_R);
	ret = ret ?: map(vm, ROM_END, BLOCK, IOAS_RW);
	for (uint64_t at = BLOCK; at < vm->size && !ret; at += BLOCK)
		ret = map(vm, at, at + BLOCK, IOAS_RW);
	return ret;
}

static int balloon(struct vm *vm)
{
	uint64_t last = vm->size - BLOCK;

	vm->ballooned = !vm->ballooned;
	if (vm->ballooned)
		return ioas__unmap_at(vm->m.fd, vm->m.ioas, MOCK_BASE + last, BLOCK);
	return map(vm, last, last + BLOCK, IOAS_RW);
}

/* The machine has changed its page table. */
static int invalidate(const struct vm *vm)
{
	struct iommu_hwpt_invalidate_mock_s1 range = {
		.iova = host__random(1024) * MEM_PAGE,
		.length = MEM_PAGE,
	};
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = vm->stage1,
		.data_uptr = (uintptr_t)&range,
		.data_type = IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1,
		.entry_len = sizeof(range),
		.entry_num = 1,
	};
	int ret = iommu__ioctl(vm->m.fd, IOMMU_HWPT_INVALIDATE, &cmd);

	if (!ret)
		host_counts.invalidations++;
	return ret;
}

/* Let the device write into memory that the balloon does not use. */
static int dma(const struct vm *vm)
{
	char data[MEM_PAGE] = "";
	unsigned int page = host__random((vm->size - BLOCK - ROM_END) / MEM_PAGE);
	int ret;

	ret = mock__dma(&vm->m, 0, MOCK_BASE + ROM_END + page * MEM_PAGE, data, sizeof(data), true);
	if (!ret)
		host_counts.dmas++;
	return ret;
}

int host__vm(const struct host_options *options)
{
	struct vm vm = { .is_mock = !options->bdf, .size = options->size ?: 64 * MIB };
	int ret;

	vm.size = vm.size / BLOCK * BLOCK;
	if (vm.size < 2 * BLOCK)
		return host__fail("--size", -EINVAL);
	ret = vm.is_mock ? mock__open(&vm.m, 0) : open_real(&vm, options->bdf);
	if (ret)
		return host__fail(vm.is_mock ? "a mock device" : options->bdf, ret);
	vm.ram = mem__huge(vm.size);
	ret = vm.ram ? map_ram(&vm) : -ENOMEM;
	if (ret)
		return host__fail("mapping its memory", ret);
	vm.nested = options->nested && vm.is_mock;
	if (vm.nested)
		ret = open_nested(&vm);
	for (unsigned int i = 1; !ret && host__nap(20); i++) {
		if (vm.nested && i % 4 == 0)
			ret = invalidate(&vm);
		if (vm.is_mock && !vm.nested)
			ret = dma(&vm);
		if (!ret && i % 150 == 0)
			ret = balloon(&vm);
	}
	return ret ? host__fail("a virtual machine", ret) : 0;
}

int host__leak(const struct host_options *options)
{
	uint64_t most = options->size ?: 1024 * MIB, iova = MOCK_BASE;
	unsigned int refused = 0;
	struct vm vm = {};
	char *mem;
	int ret;

	ret = options->bdf ? open_real(&vm, options->bdf) : mock__open(&vm.m, 0);
	if (ret)
		return host__fail(options->bdf ?: "a mock device", ret);
	while (iova - MOCK_BASE < most && refused < LEAK_PATIENCE) {
		if (!host__nap(refused ? 500 : 250))
			break;
		mem = mem__small(LEAK);
		ret = mem ? ioas__map_at(vm.m.fd, vm.m.ioas, mem, LEAK, iova) : -ENOMEM;
		if (ret && ret != -ENOMEM)
			return host__fail("a leak", ret);
		if (ret && mem)
			mem__free(mem, LEAK);
		if (ret)
			refused++;
		else
			iova += LEAK;
	}
	return 0;
}
