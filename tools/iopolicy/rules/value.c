// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words for hooks, fields, flags and values, see value.h.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errname.h"
#include "parse.h"
#include "rules/value.h"

#define MAX_ERRNO 511

#define FIELD(ID, name_, type_, hooks_, value, text_) \
	[RULES_##ID] = { \
		.name = name_, .type = RULES_TYPE_##type_, .hooks = hooks_, .text = text_ \
	},
const struct field rules_fields[RULES_NR_FIELDS] = { RULES_FIELDS(FIELD) };
#undef FIELD

/* In the order of the hooks. */
static const char *const hook_words[IOMMUFD_HOOKS] = {
	"bind",	       "attach",       "map",	"unmap",	  "hwpt-alloc",
	"pasid-alloc", "pasid-attach", "fault", "change-process",
};

#define AT_PROT (RULES_HOOK(IOAS_MAP) | RULES_HOOK(FAULT))

/* clang-format off */
const struct flag rules_flags_table[] = {
	{ "read", RULES_PROT, IOMMUFD_PROT_READ, AT_PROT, "devices may read the memory" },
	{ "write", RULES_PROT, IOMMUFD_PROT_WRITE, AT_PROT, "devices may write the memory" },
	{ "replace", RULES_FLAGS, IOMMUFD_REQUEST_REPLACE,
	  RULES_HOOK(DEVICE_ATTACH) | RULES_HOOK(PASID_ATTACH), "replaces another attachment" },
	{ "driver", RULES_FLAGS, IOMMUFD_REQUEST_DRIVER,
	  RULES_HOOK(DEVICE_BIND) | RULES_HOOK(DEVICE_ATTACH) | RULES_HOOK(PASID_ATTACH),
	  "by a kernel driver, not by an ioctl of the file" },
	{ "global", RULES_FLAGS, IOMMUFD_REQUEST_GLOBAL,
	  RULES_HOOK(PASID_ALLOC) | RULES_HOOK(PASID_ATTACH), "a PASID of the global pool" },
	{ "fixed", RULES_FLAGS, IOMMUFD_REQUEST_FIXED,
	  RULES_HOOK(IOAS_MAP) | RULES_HOOK(PASID_ALLOC),
	  "the caller chose the address or the PASID" },
	{ "shared", RULES_FLAGS, IOMMUFD_REQUEST_SHARED,
	  RULES_HOOK(PASID_ATTACH) | RULES_HOOK(FAULT), "to the memory of a process" },
	{ "noiommu", RULES_FLAGS, IOMMUFD_REQUEST_NOIOMMU, RULES_HOOK(DEVICE_BIND),
	  "without an IOMMU, so the device can reach all memory" },
	{ "owner", RULES_FLAGS, IOMMUFD_REQUEST_OWNER, RULES_AT_PINS,
	  "about another process, whose memory the call pins" },
	{ "copy", RULES_FLAGS, RULES_FLAG_COPY, RULES_HOOK(IOAS_MAP),
	  "copies a mapping; memory is then that of the source" },
};

/* clang-format on */
const unsigned int rules_nr_flags = sizeof(rules_flags_table) / sizeof(rules_flags_table[0]);

__u32 value__hook(const char *name)
{
	unsigned int i;

	if (!strcmp(name, "all"))
		return RULES_AT_ALL;
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (!strcmp(name, hook_words[i]))
			return 1u << i;
	return 0;
}

const char *value__hook_name(unsigned int hook)
{
	return hook < IOMMUFD_HOOKS ? hook_words[hook] : "?";
}

char *value__hook_list(char text[HOOK_LIST_MAX], __u32 hooks)
{
	size_t at = 0;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (hooks >> i & 1)
			at += snprintf(text + at, HOOK_LIST_MAX - at, "%s%s", at ? ", " : "",
				       hook_words[i]);
	return text;
}

enum rules_field value__field(const char *name)
{
	unsigned int i;

	for (i = 0; i < RULES_NR_FIELDS; i++)
		if (rules_fields[i].name && !strcmp(rules_fields[i].name, name))
			break;
	return i;
}

const struct flag *value__flag(const char *name)
{
	unsigned int i;

	for (i = 0; i < rules_nr_flags; i++)
		if (!strcmp(rules_flags_table[i].name, name))
			return &rules_flags_table[i];
	return NULL;
}

const char *value__kind_name(unsigned int kind)
{
	switch (kind) {
	case IOMMUFD_MEMORY_USER:
		return "user";
	case IOMMUFD_MEMORY_FILE:
		return "file";
	case IOMMUFD_MEMORY_DMABUF:
		return "dmabuf";
	}
	return NULL;
}

static int read_kind(const char *word, __u64 *value, char *why)
{
	unsigned int i;

	for (i = IOMMUFD_MEMORY_USER; i <= IOMMUFD_MEMORY_DMABUF; i++)
		if (!strcmp(word, value__kind_name(i))) {
			*value = i;
			return 0;
		}
	snprintf(why, VALUE_WHY_MAX, "'%.40s' is not a kind of memory; use user, file or dmabuf",
		 word);
	return -EINVAL;
}

static int read_user(const char *word, __u64 *value, char *why)
{
	const struct passwd *user;

	if (*word >= '0' && *word <= '9')
		return parse__count(word, 0, 0xfffffffe, value, why);
	user = getpwnam(word);
	if (!user) {
		snprintf(why, VALUE_WHY_MAX,
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
	if (strlen(digits) == 4 && !*end && *digits != '-' && *digits != '+')
		return 0;
	snprintf(why, VALUE_WHY_MAX,
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

static int read_one(enum rules_type type, const char *word, __u64 *value, char *why)
{
	switch (type) {
	case RULES_TYPE_NUMBER:
		if (strcmp(word, "none"))
			return parse__count(word, 0, 0xffffffff, value, why);
		*value = IOMMUFD_NONE;
		return 0;
	case RULES_TYPE_USER:
		return read_user(word, value, why);
	case RULES_TYPE_PCI_ID:
		return read_pci_id(word, value, why);
	case RULES_TYPE_SBDF:
		return read_sbdf(word, value, why);
	case RULES_TYPE_ADDRESS:
	case RULES_TYPE_SIZE:
		return parse__address(word, value, why);
	case RULES_TYPE_KIND:
		return read_kind(word, value, why);
	case RULES_TYPE_STRING:
	case RULES_TYPE_BITS:
		break;
	}
	snprintf(why, VALUE_WHY_MAX, "'%.40s' is not a value of this field", word);
	return -EINVAL;
}

int value__read(enum rules_type type, const char *word, __u64 *first, __u64 *last, char *why)
{
	const char *dots = strstr(word, "..");
	char from[256];
	int err;

	if (!dots && type == RULES_TYPE_ADDRESS && strchr(word, '+'))
		return parse__range(word, first, last, why) ? -EINVAL : 0;
	if (!dots) {
		err = read_one(type, word, first, why);
		*last = *first;
		return err;
	}
	snprintf(from, sizeof(from), "%.*s", (int)(dots - word), word);
	err = read_one(type, from, first, why);
	if (!err)
		err = read_one(type, dots + 2, last, why);
	if (!err && *last < *first) {
		snprintf(why, VALUE_WHY_MAX, "the range '%.60s' ends below its begin", word);
		return -EINVAL;
	}
	return err;
}

int box__read(const char *word, struct rules_box *box, char *why)
{
	const char *colon = strchr(word, ':');
	__u64 value, same;
	char vendor[16];

	*box = (struct rules_box){ 0, ~0u, 0, ~0u, 0, ~0u };
	if (strchr(word, '.')) {
		if (value__read(RULES_TYPE_SBDF, word, &value, &same, why))
			return -EINVAL;
		box->sbdf_first = value;
		box->sbdf_last = value;
		return 0;
	}
	snprintf(vendor, sizeof(vendor), "%.*s", colon ? (int)(colon - word) : 15, word);
	if (value__read(RULES_TYPE_PCI_ID, vendor, &value, &same, why))
		return -EINVAL;
	box->vendor_first = value;
	box->vendor_last = value;
	if (!colon)
		return 0;
	if (value__read(RULES_TYPE_PCI_ID, colon + 1, &value, &same, why))
		return -EINVAL;
	box->product_first = value;
	box->product_last = value;
	return 0;
}

int value__errno(const char *word)
{
	char why[PARSE_WHY_MAX], name[ERRNAME_MAX];
	__u64 number;
	int i;

	if (!parse__count(word, 1, MAX_ERRNO, &number, why))
		return number;
	for (i = 1; i <= MAX_ERRNO; i++)
		if (!strcmp(errname(i, name), word))
			return i;
	return 0;
}
