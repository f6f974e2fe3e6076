// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys and values of maps as text: the slots of a BTF type, reading and writing them, and the
 * reasons for which a text is refused.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "../../tools/iopolicy/data/data.h"
#include "../lib/tap.h"

static struct btf *btf;
static int u32, u64, s16, boolean, character;
static struct data_shape shape;

static int named(const char *name, int type)
{
	return btf__add_typedef(btf, name, type);
}

static void begin(void)
{
	btf = btf__new_empty();
	u32 = named("__u32", btf__add_int(btf, "unsigned int", 4, 0));
	u64 = named("__u64", btf__add_int(btf, "unsigned long long", 8, 0));
	s16 = btf__add_int(btf, "short", 2, BTF_INT_SIGNED);
	boolean = named("bool", btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL));
	character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
}

static const char *title(void)
{
	static char text[DATA_TEXT_MAX];

	return data__title(text, &shape);
}

/* The text is read and written back as back. */
static void turns(const char *text, const char *back)
{
	char bytes[512], why[DATA_WHY_MAX] = "", got[DATA_TEXT_MAX] = "";
	int err;

	memset(bytes, 0xa5, sizeof(bytes));
	err = data__parse(&shape, text, bytes, why);
	if (!err)
		data__format(got, &shape, bytes);
	if (!tap__ok(!err && !strcmp(got, back) && bytes[shape.size] == (char)0xa5,
		     "%s: '%s' is '%s'", title(), text, back))
		tap__diag("err %d, '%s', why '%s'", err, got, why);
}

static void fails(const char *text, const char *reason)
{
	char bytes[512], why[DATA_WHY_MAX] = "";
	int err = data__parse(&shape, text, bytes, why);

	if (!tap__ok(err == -EINVAL && strstr(why, reason), "%s: '%s' is refused: %s", title(),
		     text, reason))
		tap__diag("err %d, why '%s'", err, why);
}

static void numbers(void)
{
	data__shape(&shape, btf, u32, 4, "key");
	tap__ok(shape.is_known && shape.nr == 1 && !strcmp(title(), "KEY"), "a number: %s",
		title());
	turns("0xffffffff", "4294967295");
	fails("4294967296", "too large");
	fails("", "too few parts; it is KEY");
	fails("1,2", "not a number");
	data__shape(&shape, btf, s16, 2, "value");
	turns("-32768", "-32768");
	turns("32767", "32767");
	fails("32768", "is not in the range from -32768 to 32767");
	data__shape(&shape, btf, boolean, 1, "value");
	turns("yes", "true");
	turns("0", "false");
	fails("2", "'2' is not true or false");
}

static void meanings(void)
{
	data__shape(&shape, btf, named("iommufd_bytes_t", u64), 8, "value");
	tap__ok(!strcmp(title(), "BYTES"), "a size has a name");
	turns("4G", "4G");
	turns("4097", "4097");
	turns("0", "0");
	turns("1536M", "1536M");
	fails("4X", "unknown unit");
	data__shape(&shape, btf, named("iommufd_addr_t", u64), 8, "value");
	turns("4G", "0x100000000");
	data__shape(&shape, btf, named("iommufd_uid_t", u32), 4, "key");
	turns("root", "root");
	turns("4000000000", "4000000000");
	fails("any", "there is no user 'any' on this machine");
	fails("nobdy", "there is no user 'nobdy' on this machine; give a name or a number");
	data__shape(&shape, btf, named("iommufd_any_uid_t", u32), 4, "key");
	turns("any", "any");
	data__shape(&shape, btf, named("iommufd_sbdf_t", u32), 4, "key");
	turns("00:1f.6", "0000:00:1f.6");
	turns("none", "none");
	fails("any", "not a PCI address");
	data__shape(&shape, btf, named("iommufd_pci_id_t", u32), 4, "key");
	turns("8086", "8086");
	turns("0x10DE", "10de");
	fails("86", "not a PCI id, which has 4 hexadecimal digits");
	fails("+086", "not a PCI id");
	data__shape(&shape, btf, named("iommufd_hook_t", u32), 4, "key");
	turns("ioas_map", "ioas_map");
	fails("map", "'map' is not a hook; the hooks are device_bind, device_attach, ioas_map");
	data__shape(&shape, btf, named("iommufd_bytes_t", u32), 4, "value");
	turns("4096", "4096");
	tap__ok(shape.slots[0].kind == DATA_UNSIGNED, "a typedef of another size means nothing");
}

static void structs(void)
{
	int range, key, pad, array, verdict, window, text, uid, address;

	text = btf__add_array(btf, u32, character, 32);
	uid = named("iommufd_any_uid_t", u32);
	address = named("iommufd_addr_t", u64);
	key = btf__add_struct(btf, "key", 48);
	btf__add_field(btf, "name", text, 0, 0);
	btf__add_field(btf, "uid", uid, 32 * 8, 0);
	btf__add_field(btf, "__pad", u32, 36 * 8, 0);
	btf__add_field(btf, "n", u64, 40 * 8, 0);
	data__shape(&shape, btf, key, 48, "key");
	tap__ok(shape.is_known && !strcmp(title(), "NAME,UID,N"), "a struct: %s", title());
	turns("nvme0,any,7", "nvme0,any,7");
	fails("nvme0,any", "too few parts; it is NAME,UID,N");
	fails("nvme0,any,7,8", "too many parts; it is NAME,UID,N");
	fails("nvme0,any,7,", "too many parts");
	fails("nvme0,,7", "too few parts");
	fails("0123456789012345678901234567890123456789,1,2", "is longer than 31 characters");
	data__shape(&shape, btf, key, 40, "key");
	tap__ok(!shape.is_known && shape.nr == 1, "a type that is too large is bytes");
	fails("1", "its type is not known");

	range = btf__add_struct(btf, "", 8);
	btf__add_field(btf, "first", u32, 0, 0);
	btf__add_field(btf, "last", u32, 32, 0);
	array = btf__add_array(btf, u32, range, 4);
	pad = btf__add_struct(btf, "ranges", 32);
	btf__add_field(btf, "range", array, 0, 0);
	data__shape(&shape, btf, pad, 32, "value");
	tap__ok(!strcmp(title(), "RANGE0[,RANGE1][,RANGE2][,RANGE3]"), "ranges: %s", title());
	turns("16..31", "16..31");
	turns("16..31,40,50+2", "16..31,40..40,50..51");
	turns("-,1..2", "-,1..2");
	turns("-", "-");
	turns("4294967295+1", "4294967295..4294967295");
	fails("4294967295+2", "is empty, or ends too high");
	fails("1+0", "is empty, or ends too high");
	fails("31..16", "the range '31..16' ends below its begin");
	fails("1..2,1..2,1..2,1..2,1..2", "too many parts");

	window = btf__add_struct(btf, "window", 16);
	btf__add_field(btf, "start", address, 0, 0);
	btf__add_field(btf, "last", address, 64, 0);
	data__shape(&shape, btf, window, 16, "value");
	turns("4G+4G", "0x100000000..0x1ffffffff");
	fails("-1", "not a number");

	verdict = btf__add_enum(btf, "verdict", 4);
	btf__add_enum_value(btf, "deny", 0);
	btf__add_enum_value(btf, "allow", 1);
	data__shape(&shape, btf, verdict, 4, "value");
	turns("allow", "allow");
	turns("7", "7");
	fails("maybe", "'maybe' is none of deny, allow");
}

static void sets(void)
{
	char why[DATA_WHY_MAX];
	__u32 value = 7;

	data__shape(&shape, btf, named("iommufd_member_t", u32), 4, "value");
	tap__err(data__default(&shape, &value, why), 0, "the value of a set need not be given");
	tap__is(value, 1, "it is 1");
	data__shape(&shape, btf, u32, 4, "value");
	tap__err(data__default(&shape, &value, why), -EINVAL, "any other value is needed");
	tap__ok(strstr(why, "has no value; give KEY=VALUE"), "with a reason: %s", why);
	data__shape(&shape, NULL, 0, 3, "key");
	tap__ok(!shape.is_known && shape.nr == 1, "without BTF there are bytes");
	fails("1", "its type is not known; use bpftool map");
}

/* Types that only a broken object has. */
static void broken(void)
{
	int loop = btf__add_typedef(btf, "loop", 0), big, inner, i;

	data__shape(&shape, btf, loop, 4, "key");
	tap__ok(!shape.is_known, "void");
	data__shape(&shape, btf, 12345, 4, "key");
	tap__ok(!shape.is_known, "a type that does not exist");
	big = btf__add_array(btf, u32, u32, 1000);
	data__shape(&shape, btf, big, 4000, "key");
	tap__ok(!shape.is_known && shape.nr == 1, "more slots than there can be");
	inner = u32;
	for (i = 0; i < 12; i++) {
		int outer = btf__add_struct(btf, "deep", 4);

		btf__add_field(btf, "in", inner, 0, 0);
		inner = outer;
	}
	data__shape(&shape, btf, inner, 4, "key");
	tap__ok(!shape.is_known, "structs that are too deep");
}

int main(void)
{
	tap__start();
	begin();
	numbers();
	meanings();
	structs();
	sets();
	broken();
	btf__free(btf);
	return tap__done();
}
