// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read keys and values, see data.h.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "cgroup.h"
#include "data/data.h"
#include "hook.h"
#include "iommufd_policy.h"
#include "parse.h"

static __u64 largest(const struct data_slot *slot)
{
	return slot->size < 8 ? (1ull << 8 * slot->size) - 1 : ~0ull;
}

static int read_bool(const char *word, __u64 *value, char *why)
{
	static const char *const words[] = { "0", "1", "false", "true", "no", "yes" };
	unsigned int i;

	for (i = 0; i < 6; i++)
		if (!strcmp(word, words[i])) {
			*value = i & 1;
			return 0;
		}
	snprintf(why, DATA_WHY_MAX, "'%.40s' is not true or false", word);
	return -EINVAL;
}

static int read_enum(const struct data_shape *shape, const struct data_slot *slot, const char *word,
		     __u64 *value, char *why)
{
	const struct btf_type *type = btf__type_by_id(shape->btf, slot->type);
	size_t at;
	unsigned int i;

	for (i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(shape->btf, btf_enum(type)[i].name_off), word)) {
			*value = (__u32)btf_enum(type)[i].val;
			return 0;
		}
	if (*word >= '0' && *word <= '9')
		return parse__count(word, 0, largest(slot), value, why);
	at = snprintf(why, DATA_WHY_MAX, "'%.40s' is none of", word);
	for (i = 0; i < btf_vlen(type) && at < DATA_WHY_MAX; i++)
		at += snprintf(why + at, DATA_WHY_MAX - at, "%s %s", i ? "," : "",
			       btf__name_by_offset(shape->btf, btf_enum(type)[i].name_off));
	return -EINVAL;
}

static int read_hook(const char *word, __u64 *value, char *why)
{
	size_t at;
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (!strcmp(word, hook_names[i])) {
			*value = i;
			return 0;
		}
	at = snprintf(why, DATA_WHY_MAX, "'%.40s' is not a hook; the hooks are", word);
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		at += snprintf(why + at, DATA_WHY_MAX - at, "%s %s", i ? "," : "", hook_names[i]);
	return -EINVAL;
}

static int read_user(const char *word, __u64 *value, char *why)
{
	const struct passwd *user;

	if (*word >= '0' && *word <= '9')
		return parse__count(word, 0, IOMMUFD_NONE - 1, value, why);
	user = getpwnam(word);
	if (!user) {
		snprintf(why, DATA_WHY_MAX,
			 "there is no user '%.40s' on this machine; give a name or a number", word);
		return -EINVAL;
	}
	*value = user->pw_uid;
	return 0;
}

static int read_pci_id(const char *word, __u64 *value, char *why)
{
	const char *digits = !strncmp(word, "0x", 2) ? word + 2 : word;
	char *end;

	*value = strtoul(digits, &end, 16);
	if (strspn(digits, "0123456789abcdefABCDEF") == 4 && !*end)
		return 0;
	snprintf(why, DATA_WHY_MAX,
		 "'%.40s' is not a PCI id, which has 4 hexadecimal digits, like 8086", word);
	return -EINVAL;
}

static int read_sbdf(const char *word, __u64 *value, char *why)
{
	__u32 sbdf;
	int err = parse__sbdf(word, &sbdf, why);

	*value = sbdf;
	return err;
}

static int read_cgroup(const char *word, __u64 *value, char *why)
{
	return cgroup__parse(word, value, why) ? -EINVAL : 0;
}

static bool may_be_none(const struct data_slot *slot)
{
	return slot->kind == DATA_SBDF || slot->kind == DATA_PCI_ID ||
	       (slot->kind == DATA_USER && slot->is_any);
}

static int read_number(const struct data_shape *shape, const struct data_slot *slot,
		       const char *word, __u64 *value, char *why)
{
	__s64 number;
	int err;

	if (may_be_none(slot) && !strcmp(word, slot->is_any ? "any" : "none")) {
		*value = IOMMUFD_NONE;
		return 0;
	}
	switch (slot->kind) {
	case DATA_SIGNED:
		err = parse__signed(word, -(__s64)(largest(slot) >> 1) - 1, largest(slot) >> 1,
				    &number, why);
		*value = number;
		return err;
	case DATA_BOOL:
		return read_bool(word, value, why);
	case DATA_ENUM:
		return read_enum(shape, slot, word, value, why);
	case DATA_USER:
		return read_user(word, value, why);
	case DATA_CGROUP:
		return read_cgroup(word, value, why);
	case DATA_SBDF:
		return read_sbdf(word, value, why);
	case DATA_PCI_ID:
		return read_pci_id(word, value, why);
	case DATA_BYTES:
	case DATA_ADDRESS:
		return parse__address(word, value, why);
	case DATA_HOOK:
		return read_hook(word, value, why);
	case DATA_UNSIGNED:
	case DATA_MEMBER:
		return parse__count(word, 0, largest(slot), value, why);
	case DATA_TEXT:
	case DATA_OTHER:
		break;
	}
	snprintf(why, DATA_WHY_MAX, "its type is not known");
	return -EINVAL;
}

/* FIRST..LAST, FIRST+LENGTH, one number, or - for a range that is not used, which is 0 to 0. */
static int read_range(const struct data_shape *shape, const struct data_slot *slot,
		      const char *word, __u64 *first, __u64 *last, char *why)
{
	const char *dots = strstr(word, ".."), *plus = strchr(word, '+');
	const char *end = dots ? dots : plus;
	char from[64];
	int err;

	*first = 0;
	*last = 0;
	if (!strcmp(word, "-"))
		return 0;
	if (!end) {
		err = read_number(shape, slot, word, first, why);
		*last = *first;
		return err;
	}
	snprintf(from, sizeof(from), "%.*s", (int)(end - word), word);
	err = read_number(shape, slot, from, first, why);
	if (!err)
		err = read_number(shape, slot, end + (dots ? 2 : 1), last, why);
	if (err)
		return err;
	if (!dots && (!*last || *first > largest(slot) - (*last - 1))) {
		snprintf(why, DATA_WHY_MAX, "the range '%.60s' is empty, or ends too high", word);
		return -EINVAL;
	}
	if (!dots)
		*last += *first - 1;
	if (*last >= *first)
		return 0;
	snprintf(why, DATA_WHY_MAX, "the range '%.60s' ends below its begin", word);
	return -EINVAL;
}

static int read_slot(const struct data_shape *shape, const struct data_slot *slot, const char *word,
		     char *bytes, char *why)
{
	__u64 value, last;
	int err;

	if (slot->kind == DATA_TEXT) {
		if (strlen(word) >= slot->size) {
			snprintf(why, DATA_WHY_MAX, "'%.40s' is longer than %u characters", word,
				 slot->size - 1);
			return -EINVAL;
		}
		memcpy(bytes + slot->offset, word, strlen(word));
		return 0;
	}
	err = slot->is_range ? read_range(shape, slot, word, &value, &last, why) :
			       read_number(shape, slot, word, &value, why);
	if (err)
		return -EINVAL;
	/* Little-endian, so the first bytes are the number. */
	memcpy(bytes + slot->offset, &value, slot->size);
	if (slot->is_range)
		memcpy(bytes + slot->last, &last, slot->size);
	return 0;
}

static int fail_parts(const struct data_shape *shape, bool is_more, char *why)
{
	char title[DATA_TEXT_MAX];

	snprintf(why, DATA_WHY_MAX, "has too %s parts; it is %.400s", is_more ? "many" : "few",
		 data__title(title, shape));
	return -EINVAL;
}

int data__parse(const struct data_shape *shape, const char *text, void *bytes,
		char why[DATA_WHY_MAX])
{
	char word[DATA_TEXT_MAX];
	bool is_more = true;
	size_t length;
	unsigned int nr;
	int err;

	memset(bytes, 0, shape->size);
	if (!shape->is_known) {
		snprintf(why, DATA_WHY_MAX, "its type is not known; use bpftool map");
		return -EINVAL;
	}
	for (nr = 0; is_more && nr < shape->nr; nr++) {
		/* A single slot may have commas in it. */
		length = shape->nr == 1 ? strlen(text) : strcspn(text, ",");
		if (!length)
			return fail_parts(shape, false, why);
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		err = read_slot(shape, &shape->slots[nr], word, bytes, why);
		if (err)
			return err;
		is_more = text[length] == ',';
		text += length + is_more;
	}
	if (is_more || (nr < shape->nr && !shape->slots[nr].is_optional))
		return fail_parts(shape, is_more, why);
	return 0;
}

int data__default(const struct data_shape *shape, void *bytes, char why[DATA_WHY_MAX])
{
	char title[DATA_TEXT_MAX];

	memset(bytes, 0, shape->size);
	if (shape->nr == 1 && shape->slots[0].kind == DATA_MEMBER) {
		*(char *)bytes = 1;
		return 0;
	}
	snprintf(why, DATA_WHY_MAX, "has no value; give KEY=%.400s", data__title(title, shape));
	return -EINVAL;
}
