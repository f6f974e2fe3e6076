// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys and values of maps, as on the command line: a type by its number, and a text. What is read
 * must be written so that it is read as the same bytes again.
 */
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "data/data.h"
#include "fuzz.h"

static struct btf *btf;
static __u32 types[32], sizes[32];
static unsigned int nr;

static int add(int type, __u32 size)
{
	types[nr] = type;
	sizes[nr++] = size;
	return type;
}

static void make_types(void)
{
	static const char *const words[] = { "iommufd_any_uid_t", "iommufd_sbdf_t",
					     "iommufd_any_pci_id_t", "iommufd_hook_t",
					     "iommufd_member_t" };
	static const char *const longs[] = { "iommufd_bytes_t", "iommufd_addr_t" };
	int u32, u64, text, range, many;
	unsigned int i;

	btf = btf__new_empty();
	u32 = add(btf__add_int(btf, "unsigned int", 4, 0), 4);
	u64 = add(btf__add_int(btf, "unsigned long long", 8, 0), 8);
	add(btf__add_int(btf, "short", 2, BTF_INT_SIGNED), 2);
	add(btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL), 1);
	for (i = 0; i < 5; i++)
		add(btf__add_typedef(btf, words[i], u32), 4);
	for (i = 0; i < 2; i++)
		add(btf__add_typedef(btf, longs[i], u64), 8);
	text = btf__add_array(btf, u32, btf__add_int(btf, "char", 1, BTF_INT_SIGNED), 16);
	range = btf__add_struct(btf, "", 16);
	btf__add_field(btf, "first", u64, 0, 0);
	btf__add_field(btf, "last", u64, 64, 0);
	add(range, 16);
	many = btf__add_array(btf, u32, range, 4);
	add(btf__add_struct(btf, "all", 88), 88);
	btf__add_field(btf, "name", text, 0, 0);
	btf__add_field(btf, "id", u32, 128, 0);
	btf__add_field(btf, "__pad", u32, 160, 0);
	btf__add_field(btf, "range", many, 192, 0);
	add(btf__add_enum(btf, "verdict", 4), 4);
	btf__add_enum_value(btf, "deny", 0);
	btf__add_enum_value(btf, "allow", 1);
}

int fuzz__input(const uint8_t *data, size_t size)
{
	char bytes[128], again[128], why[DATA_WHY_MAX], back[DATA_TEXT_MAX], *text;
	struct data_shape shape;
	unsigned int i;

	if (!btf)
		make_types();
	if (!size)
		return 0;
	text = fuzz__string(data + 1, size - 1);
	i = data[0] % nr;
	data__shape(&shape, btf, types[i], sizes[i], "key");
	if (!data__parse(&shape, text, bytes, why)) {
		data__format(back, &shape, bytes);
		/* A text in a struct is cut at a comma, so it has none when it is read. */
		if (data__parse(&shape, back, again, why) || memcmp(bytes, again, sizes[i]))
			abort();
	}
	free(text);
	return 0;
}
