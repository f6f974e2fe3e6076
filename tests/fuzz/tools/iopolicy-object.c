// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object file with a policy: open, inspect, configure and check it. The last byte chooses text
 * or JSON.
 */
#include <string.h>

#include "fuzz.h"
#include "model/model.h"
#include "output/output.h"

static void set_all(struct object *object, const struct params *params)
{
	static const char *const values[] = { "1", "-1", "4K", "true", "abc", "" };
	char setting[512];
	const char *const list[] = { setting };
	const __s32 priority = 7;
	const __u64 cgroup = 3;
	const struct object_settings settings = {
		.where = "--set",
		.params = list,
		.nr_params = 1,
		.name = "name",
		.priority = &priority,
		.cgroup = &cgroup,
		.audit = true,
	};
	unsigned int i, value;

	for (i = 0; i < params->nr && i < 16; i++)
		for (value = 0; value < sizeof(values) / sizeof(values[0]); value++) {
			snprintf(setting, sizeof(setting), "%s=%s", params->list[i].name,
				 values[value]);
			object__configure(object, &settings);
		}
	strcpy(setting, "no_such_parameter=1");
	object__configure(object, &settings);
}

int fuzz__input(const uint8_t *data, size_t size)
{
	bool json = size && data[size - 1] & 1;
	struct inspection inspection;
	struct object object;

	fuzz__capture();
	if (!object__open(&object, fuzz__file(data, size))) {
		if (!inspection__make(&inspection, &object)) {
			output__choose(json)->inspection(&inspection);
			set_all(&object, &inspection.params);
		}
		inspection__free(&inspection);
		object__check(&object);
	}
	object__close(&object);
	fuzz__check(json ? FUZZ_JSON : FUZZ_TEXT);
	return 0;
}
