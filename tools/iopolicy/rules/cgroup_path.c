// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns of cgroups: the names in a path, of which the last may end with a *. A pattern matches a
 * cgroup, and all cgroups below it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/clause.h"

static int add_name(struct rules *rules, const char *name, size_t length, __u8 *number, char *why)
{
	unsigned int i;

	if (length >= RULES_NAME_LEN) {
		snprintf(why, CGROUP_PATTERN_WHY_MAX,
			 "the name '%.20s...' in the path is longer than %d bytes", name,
			 RULES_NAME_LEN - 1);
		return -EINVAL;
	}
	for (i = 0; i < rules->nr_names; i++)
		if (strlen(rules->name[i]) == length && !memcmp(rules->name[i], name, length))
			break;
	if (i == RULES_NAMES) {
		snprintf(why, CGROUP_PATTERN_WHY_MAX,
			 "the file has more than %d different names of cgroups", RULES_NAMES);
		return -EINVAL;
	}
	if (i == rules->nr_names) {
		memset(rules->name[i], 0, RULES_NAME_LEN);
		memcpy(rules->name[i], name, length);
		rules->nr_names++;
	}
	*number = i;
	return 0;
}

static int split(struct rules *rules, const char *path, struct rules_pattern *pattern, char *why)
{
	size_t length;
	int err;

	for (; *path; path += length) {
		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (!length)
			break;
		if (pattern->nr == RULES_DEPTH) {
			snprintf(why, CGROUP_PATTERN_WHY_MAX, "the path has more than %d names",
				 RULES_DEPTH);
			return -EINVAL;
		}
		if (!strncmp(path, "..", length) && length < 3) {
			snprintf(why, CGROUP_PATTERN_WHY_MAX, "the path has a name . or ..");
			return -EINVAL;
		}
		if (memchr(path, '*', length)) {
			if (path[length - 1] != '*' || path[length] ||
			    memchr(path, '*', length - 1)) {
				snprintf(why, CGROUP_PATTERN_WHY_MAX,
					 "a * is allowed at the end of the last name only");
				return -EINVAL;
			}
			pattern->is_prefix = 1;
			pattern->prefix_length = length - 1;
		}
		err = add_name(rules, path, length - pattern->is_prefix,
			       &pattern->name[pattern->nr], why);
		if (err)
			return err;
		pattern->nr++;
	}
	return 0;
}

int pattern__add(struct rules *rules, const char *path, __u64 *bits, char *why)
{
	struct rules_pattern pattern = {};
	unsigned int i;
	int err;

	*bits = 0;
	if (*path != '/') {
		snprintf(why, CGROUP_PATTERN_WHY_MAX,
			 "'%.60s' is not a cgroup's path, which begins with /, like /machine.slice",
			 path);
		return -EINVAL;
	}
	err = split(rules, path, &pattern, why);
	if (err || !pattern.nr)
		return err;
	for (i = 0; i < rules->nr_patterns; i++)
		if (!memcmp(&rules->pattern[i], &pattern, sizeof(pattern)))
			break;
	if (i == RULES_PATTERNS) {
		snprintf(why, CGROUP_PATTERN_WHY_MAX, "the file has more than %d paths of cgroups",
			 RULES_PATTERNS);
		return -EINVAL;
	}
	rules->pattern[i] = pattern;
	if (i == rules->nr_patterns)
		rules->nr_patterns++;
	*bits = 1ull << i;
	return 0;
}

bool pattern__is_within(const struct rules *rules, unsigned int a, unsigned int b)
{
	const struct rules_pattern *inner = &rules->pattern[a], *outer = &rules->pattern[b];
	unsigned int i, last = outer->nr - 1;

	if (inner->nr < outer->nr)
		return false;
	for (i = 0; i < last; i++)
		if (inner->name[i] != outer->name[i])
			return false;
	if (outer->is_prefix)
		return !strncmp(rules->name[inner->name[last]], rules->name[outer->name[last]],
				outer->prefix_length);
	return inner->name[last] == outer->name[last] &&
	       !(inner->is_prefix && inner->nr == outer->nr);
}

static bool has_name(const struct rules_image *image, const struct rules_pattern *pattern,
		     unsigned int at, const char *name, size_t length)
{
	const char *want = image->name[pattern->name[at]];

	if (pattern->is_prefix && at == pattern->nr - 1u)
		return length >= pattern->prefix_length &&
		       !memcmp(name, want, pattern->prefix_length);
	return length == strlen(want) && !memcmp(name, want, length);
}

static bool is_match(const struct rules_image *image, const struct rules_pattern *pattern,
		     const char *path)
{
	unsigned int at = 0;
	size_t length;

	for (; *path && at < pattern->nr; path += length, at++) {
		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (!length || !has_name(image, pattern, at, path, length))
			return false;
	}
	return at == pattern->nr;
}

__u64 pattern__match(const struct rules_image *image, const char *path)
{
	__u64 bits = 0;
	unsigned int i;

	for (i = 0; i < image->nr_patterns; i++)
		if (is_match(image, &image->pattern[i], path))
			bits |= 1ull << i;
	return bits;
}
