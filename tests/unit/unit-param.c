// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of policies: finding them by their BTF, and setting them with NAME=VALUE.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "../../tools/iopolicy/object/param.h"
#include "../lib/tap.h"

/* A section with a variable of each kind, at the offsets that the compiler would choose. */
static struct {
	__u64 size;
	__s32 error;
	__u16 port;
	__s8 tiny;
	bool on;
	char label[8];
	__u64 hidden;
	__u32 pair[2];
} data;

static struct btf *btf;
static struct params params;

/* Parameters are const volatile. */
static int variable(const char *name, int linkage, int type)
{
	return btf__add_var(btf, name, linkage, btf__add_volatile(btf, btf__add_const(btf, type)));
}

#define PLACE(field) offsetof(__typeof__(data), field), sizeof(data.field)

static int build(void)
{
	int u64, s32, u16, s8, boolean, character, u32, ids[8], section;

	btf = btf__new_empty();
	u64 = btf__add_typedef(btf, "__u64", btf__add_int(btf, "unsigned long long", 8, 0));
	s32 = btf__add_typedef(btf, "__s32", btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	u16 = btf__add_int(btf, "unsigned short", 2, 0);
	s8 = btf__add_int(btf, "signed char", 1, BTF_INT_SIGNED);
	boolean = btf__add_typedef(btf, "bool", btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL));
	character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	u32 = btf__add_int(btf, "unsigned int", 4, 0);
	ids[0] = variable("size", BTF_VAR_GLOBAL_ALLOCATED, u64);
	ids[1] = variable("error", BTF_VAR_GLOBAL_ALLOCATED, s32);
	ids[2] = variable("port", BTF_VAR_GLOBAL_ALLOCATED, u16);
	ids[3] = variable("tiny", BTF_VAR_GLOBAL_ALLOCATED, s8);
	ids[4] = variable("on", BTF_VAR_GLOBAL_ALLOCATED, boolean);
	ids[5] =
		variable("label", BTF_VAR_GLOBAL_ALLOCATED, btf__add_array(btf, u32, character, 8));
	ids[6] = variable("hidden", BTF_VAR_STATIC, u64);
	ids[7] = variable("pair", BTF_VAR_GLOBAL_ALLOCATED, btf__add_array(btf, u32, u32, 2));
	section = btf__add_datasec(btf, ".rodata", sizeof(data));
	btf__add_datasec_var_info(btf, ids[0], PLACE(size));
	btf__add_datasec_var_info(btf, ids[1], PLACE(error));
	btf__add_datasec_var_info(btf, ids[2], PLACE(port));
	btf__add_datasec_var_info(btf, ids[3], PLACE(tiny));
	btf__add_datasec_var_info(btf, ids[4], PLACE(on));
	btf__add_datasec_var_info(btf, ids[5], PLACE(label));
	btf__add_datasec_var_info(btf, ids[6], PLACE(hidden));
	btf__add_datasec_var_info(btf, ids[7], PLACE(pair));
	return section;
}

static void accepts(const char *setting)
{
	char why[PARAM_WHY_MAX] = "";

	if (!tap__ok(!params__set(&params, setting, why), "'%s' is accepted", setting))
		tap__diag("why: %s", why);
}

static void rejects(const char *setting, const char *reason)
{
	char why[PARAM_WHY_MAX] = "";
	__typeof__(data) before = data;
	int err = params__set(&params, setting, why);

	if (!tap__ok(err == -EINVAL && strstr(why, reason) && !memcmp(&before, &data, sizeof(data)),
		     "'%s' is rejected: %s", setting, reason))
		tap__diag("err %d, why '%s'", err, why);
}

static void test_find(int section)
{
	char text[PARAM_VALUE_MAX];

	tap__err(params__add(&params, btf, section, &data, sizeof(data)), 0, "find the parameters");
	tap__is(params.nr, 7, "static variables are no parameters");
	tap__ok(!strcmp(params.list[0].type, "__u64") && params.list[0].kind == PARAM_UNSIGNED,
		"an unsigned number with the name of its type");
	tap__ok(!strcmp(params.list[5].type, "char[8]") && params.list[5].kind == PARAM_TEXT,
		"a text");
	tap__ok(!strcmp(params.list[6].type, "unsigned int[2]") &&
			params.list[6].kind == PARAM_OTHER,
		"an array of numbers cannot be set");
	data.tiny = -3;
	tap__ok(!strcmp(param__format(text, &params.list[3]), "-3"), "a negative value: %s", text);
	strcpy(data.label, "a\nb");
	tap__ok(!strcmp(param__format(text, &params.list[5]), "\"a?b\""), "a text, cleaned: %s",
		text);
}

static void test_numbers(void)
{
	accepts("size=0xffffffffffffffff");
	tap__ok(data.size == ~0ULL, "all bits of 8 bytes");
	accepts("size=4K");
	tap__is(data.size, 4096, "with a unit");
	rejects("size=18446744073709551616", "too large");
	rejects("size=-1", "not a number");
	rejects("size=", "not a number");
	rejects("size=1 ", "unknown unit");
	accepts("port=65535");
	tap__ok(data.port == 65535 && data.error == 0, "2 bytes are written, no more");
	rejects("port=65536", "use 0 to 65535 (unsigned short)");
	accepts("error=-2147483648");
	tap__is(data.error, -2147483647 - 1, "the smallest value of 4 bytes");
	accepts("error=2147483647");
	rejects("error=2147483648", "-2147483648 to 2147483647");
	rejects("error=-2147483649", "-2147483648 to 2147483647");
	rejects("error=--1", "not a number");
	rejects("error=-", "not a number");
	accepts("error=1K");
	tap__is(data.error, 1024, "a signed value with a unit");
	accepts("tiny=-128");
	accepts("tiny=127");
	rejects("tiny=128", "-128 to 127");
	tap__is(data.tiny, 127, "a rejected value changes nothing");
}

static void test_others(void)
{
	accepts("on=true");
	tap__ok(data.on, "on");
	accepts("on=0");
	tap__ok(!data.on, "off");
	rejects("on=2", "neither true nor false");
	rejects("on=TRUE", "neither true nor false");
	accepts("label=1234567");
	tap__ok(!strcmp(data.label, "1234567"), "a text");
	rejects("label=12345678", "use at most 7 bytes (char[8])");
	accepts("label=a=b");
	tap__ok(!memcmp(data.label, "a=b\0\0\0\0", 8), "a text with a '=', padded with zeros");
	accepts("label=");
	tap__ok(!data.label[0], "an empty text");
	rejects("pair=1", "constants of type unsigned int[2] cannot be set");
	rejects("hidden=1", "unknown parameter 'hidden'; this policy has size (__u64), error");
	rejects("siz=1", "unknown parameter 'siz'");
	rejects("size", "is not NAME=VALUE");
	rejects("=1", "is not NAME=VALUE");
}

static void test_invalid(int section)
{
	struct params none = {};

	tap__err(params__add(&none, btf, section, &data, sizeof(data) - 1), -EINVAL,
		 "data shorter than its BTF");
	params__free(&none);
	tap__err(params__add(&none, btf, 1, &data, sizeof(data)), -EINVAL,
		 "a type that is not a section");
	params__free(&none);
	tap__err(params__add(&none, btf, 10000, &data, sizeof(data)), -EINVAL,
		 "a type id that does not exist");
	params__free(&none);
}

/* BTF of a damaged file: a typedef of itself. */
static void test_circle(void)
{
	struct btf *circle = btf__new_empty();
	struct params found = {};
	int again, section, id;

	again = btf__add_typedef(circle, "again", 1);
	id = btf__add_var(circle, "round", BTF_VAR_GLOBAL_ALLOCATED, again);
	section = btf__add_datasec(circle, ".rodata", sizeof(data));
	btf__add_datasec_var_info(circle, id, 0, 8);
	tap__err(params__add(&found, circle, section, &data, sizeof(data)), 0,
		 "a type that is a typedef of itself");
	tap__ok(again == 1 && found.nr == 1 && found.list[0].kind == PARAM_OTHER,
		"it cannot be set");
	params__free(&found);
	btf__free(circle);
}

int main(void)
{
	int section;

	tap__start();
	section = build();
	test_find(section);
	test_numbers();
	test_others();
	test_invalid(section);
	test_circle();
	params__free(&params);
	btf__free(btf);
	return tap__done();
}
