// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that wants ever more: it maps memory for a device of iommufd_mock.ko, 16 KiB at a time,
 * until the driver refuses a map, and prints how far it came: "mapped=BYTES error=NAME". Then it
 * unmaps the first piece, and prints whether that makes room: "again=0" or the error's name.
 */
#include <stdio.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define PIECE (4 * MEM_PAGE)
#define PIECES 64

int main(void)
{
	char *mem = mem__small(PIECES * PIECE);
	struct mock m;
	unsigned int n;
	int ret;

	ret = mem ? mock__open(&m, 0) : -1;
	if (ret) {
		fprintf(stderr, "map-until: no device: %s\n", tap__errname(ret));
		return 1;
	}
	for (n = 0; n < PIECES && !ret; n++)
		ret = ioas__map_at(m.fd, m.ioas, mem + n * PIECE, PIECE, MOCK_BASE + n * PIECE);
	printf("mapped=%zu error=%s\n", (size_t)(n - !!ret) * PIECE, tap__errname(ret));
	ret = ioas__unmap_at(m.fd, m.ioas, MOCK_BASE, PIECE);
	if (!ret)
		ret = ioas__map_at(m.fd, m.ioas, mem, PIECE, MOCK_BASE);
	printf("again=%s\n", tap__errname(ret));
	return 0;
}
