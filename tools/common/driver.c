// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which driver the tools observe, see driver.h.
 */
#include <errno.h>
#include <string.h>

#include "driver.h"
#include "env.h"
#include "msg.h"

/* Of iommuscope's module; upstream's does not have it. */
#define OUR_PARAMETER "iommufd/parameters/pasid_user_limit"

static const char *const names[NR_DRIVERS] = {
	[DRIVER_AUTO] = "auto",
	[DRIVER_NATIVE] = "native",
	[DRIVER_UPSTREAM] = "upstream",
	[DRIVER_TYPE1] = "type1",
};

const char *driver__name(enum driver_kind kind)
{
	return names[kind];
}

int driver__parse(const char *name, enum driver_kind *kind)
{
	unsigned int i;

	for (i = 0; i < NR_DRIVERS; i++) {
		if (!strcmp(name, names[i])) {
			*kind = i;
			return 0;
		}
	}
	msg("--source: unknown source '%s'; the sources are auto, native, upstream, type1", name);
	return -EINVAL;
}

void driver__print_words(FILE *out)
{
	unsigned int i;

	for (i = 0; i < NR_DRIVERS; i++)
		fprintf(out, "%s\n", names[i]);
}

enum driver_kind driver__loaded(const char *modules_dir)
{
	if (env__has_module(modules_dir, OUR_PARAMETER))
		return DRIVER_NATIVE;
	if (env__has_module(modules_dir, "iommufd"))
		return DRIVER_UPSTREAM;
	return env__has_module(modules_dir, "vfio_iommu_type1") ? DRIVER_TYPE1 : DRIVER_AUTO;
}

int driver__choose(const char *modules_dir, enum driver_kind *kind)
{
	const enum driver_kind loaded = driver__loaded(modules_dir);

	switch (*kind) {
	case DRIVER_NATIVE:
		if (loaded == DRIVER_NATIVE)
			return 0;
		msg("--source native: %s",
		    loaded == DRIVER_UPSTREAM ?
			    "the loaded module iommufd is the kernel's own; --source upstream" :
			    "module iommufd is not loaded; modprobe iommufd");
		return -ENODEV;
	case DRIVER_UPSTREAM:
		if (loaded == DRIVER_UPSTREAM)
			return 0;
		msg("--source upstream: %s",
		    loaded == DRIVER_NATIVE ?
			    "the loaded module iommufd is iommuscope's; --source native" :
			    "module iommufd is not loaded; modprobe iommufd");
		return -ENODEV;
	case DRIVER_TYPE1:
		if (env__has_module(modules_dir, "vfio_iommu_type1"))
			return 0;
		msg("--source type1: module vfio_iommu_type1 is not loaded; modprobe "
		    "vfio_iommu_type1");
		return -ENODEV;
	default:
		*kind = loaded;
		return 0;
	}
}

void driver__missing_policies(const char *modules_dir, char text[DRIVER_MISSING_MAX])
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/iommufd/parameters/missing_policies",
		 modules_dir ? modules_dir : "/sys/module");
	file = fopen(path, "re");
	if (!file || !fgets(text, DRIVER_MISSING_MAX, file))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (file)
		fclose(file);
}
