// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read a folder of policy files, see folder.h.
 *
 * A file that is not understood is an error, also its name: a rule that is silently left out would
 * be worse than no change. Each message names file and line.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "errname.h"
#include "folder/folder.h"
#include "machine.h"
#include "msg.h"
#include "object/object.h"
#include "parse.h"

#define SUFFIX FOLDER_SUFFIX
#define RULES_SUFFIX ".rules"
#define LINE_SIZE 4096

/* A line of a file, for messages. */
struct place {
	const char *file;
	unsigned int line;
};

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && !strcmp(name + length - end_length, end);
}

/* Files that editors, dpkg and administrators leave there. */
static bool is_ignored(const char *name)
{
	static const char *const ends[] = { "~",	 ".disabled",  ".dpkg-old",
					    ".dpkg-new", ".dpkg-dist", ".dpkg-tmp" };
	unsigned int i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return name[0] == '.' || !strncmp(name, "README", 6);
}

/* Check that only root and the user can change an open file. */
static int check_owner(const char *path, int fd, mode_t type)
{
	char name[ERRNAME_MAX];
	struct stat stat;

	if (fstat(fd, &stat)) {
		msg("%s: cannot read it (%s)", path, errname(errno, name));
		return -EIO;
	}
	if ((stat.st_mode & S_IFMT) != type) {
		msg("%s: not a %s", path, type == S_IFDIR ? "folder" : "regular file");
		return -ENOEXEC;
	}
	if ((!stat.st_uid || stat.st_uid == geteuid()) && !(stat.st_mode & 022))
		return 0;
	msg("%s: owned by uid %u with mode %03o, so other users could change policies; "
	    "chown root, chmod go-w",
	    path, stat.st_uid, stat.st_mode & 0777);
	return -ENOEXEC;
}

static int open_checked(const char *path, mode_t type)
{
	int fd, err, flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
	char name[ERRNAME_MAX];

	fd = open(path, flags | (type == S_IFDIR ? O_DIRECTORY : 0));
	if (fd < 0) {
		msg("%s: cannot open it (%s)", path, errname(errno, name));
		return -EIO;
	}
	err = check_owner(path, fd, type);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t");
}

/* ---- the keys ---- */

static int set_object(struct folder_policy *policy, const struct place *place, char *value)
{
	/* A name without a folder is one of the policies that come with iopolicy. */
	if (!strchr(value, '/')) {
		policy->object = object__shipped(value);
		if (policy->object)
			return 0;
		msg("%s:%u: object '%s' is none of the shipped policies; give an absolute path "
		    "for others",
		    place->file, place->line, value);
		return -ENOEXEC;
	}
	if (*value != '/') {
		msg("%s:%u: object '%s' is a relative path; give an absolute one, or the name of "
		    "a shipped policy",
		    place->file, place->line, value);
		return -ENOEXEC;
	}
	policy->object = realpath(value, NULL);
	if (!policy->object) {
		msg("%s:%u: object %s: no such file", place->file, place->line, value);
		return -ENOEXEC;
	}
	return 0;
}

static int set_name(struct folder_policy *policy, const struct place *place, char *value)
{
	if (!policy_name__is_valid(value)) {
		msg("%s:%u: '%s' is not a valid policy name; use 1 to %d letters, digits, '_', "
		    "'-' and '.', and do not begin with '.'",
		    place->file, place->line, value, IOMMUFD_POLICY_NAME_LEN - 1);
		return -ENOEXEC;
	}
	strcpy(policy->name, value);
	return 0;
}

static int set_priority(struct folder_policy *policy, const struct place *place, char *value)
{
	char why[PARSE_WHY_MAX];
	__s64 number;

	if (parse__signed(value, INT_MIN, INT_MAX, &number, why)) {
		msg("%s:%u: priority: %s", place->file, place->line, why);
		return -ENOEXEC;
	}
	policy->priority = number;
	policy->has_priority = true;
	return 0;
}

static int set_scope(struct folder_policy *policy, const struct place *place, const char *key,
		     int err, const char *why)
{
	if (err) {
		msg("%s:%u: %s: %s", place->file, place->line, key, why);
		return err == -ENODEV ? err : -ENOEXEC;
	}
	policy->has_cgroup = true;
	return 0;
}

static int set_cgroup(struct folder_policy *policy, const struct place *place, char *value)
{
	char why[CGROUP_WHY_MAX];

	return set_scope(policy, place, "cgroup", cgroup__parse(value, &policy->cgroup, why), why);
}

static int set_machine(struct folder_policy *policy, const struct place *place, char *value)
{
	char why[CGROUP_WHY_MAX];
	unsigned int level;

	return set_scope(policy, place, "machine",
			 machine__find(value, &policy->cgroup, &level, why), why);
}

static int set_flag(bool *flag, const struct place *place, const char *key, const char *value)
{
	*flag = !strcmp(value, "yes") || !strcmp(value, "true");
	if (*flag || !strcmp(value, "no") || !strcmp(value, "false"))
		return 0;
	msg("%s:%u: %s: '%s' is neither yes nor no", place->file, place->line, key, value);
	return -ENOEXEC;
}

static int set_audit(struct folder_policy *policy, const struct place *place, char *value)
{
	return set_flag(&policy->audit, place, "audit", value);
}

static int set_eject(struct folder_policy *policy, const struct place *place, char *value)
{
	return set_flag(&policy->eject, place, "eject", value);
}

struct key {
	const char *name;
	int (*set)(struct folder_policy *policy, const struct place *place, char *value);
};

/* clang-format off */
static const struct key keys[] = {
	{ "object", set_object },
	{ "name", set_name },
	{ "priority", set_priority },
	{ "cgroup", set_cgroup },
	{ "machine", set_machine },
	{ "audit", set_audit },
	{ "eject", set_eject },
};

/* clang-format on */
#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

/* set.NAME = VALUE */
static int add_parameter(struct folder_policy *policy, const struct place *place, const char *name,
			 const char *value)
{
	unsigned int i;
	char *set;

	for (i = 0; i < policy->nr_sets; i++)
		if (!strncmp(policy->sets[i], name, strlen(name)) &&
		    policy->sets[i][strlen(name)] == '=') {
			msg("%s:%u: parameter %s is set twice", place->file, place->line, name);
			return -ENOEXEC;
		}
	if (policy->nr_sets == FOLDER_MAX_SETS || !*name) {
		msg("%s:%u: %s", place->file, place->line,
		    *name ? "too many parameters are set" : "set. needs the name of a parameter");
		return -ENOEXEC;
	}
	if (asprintf(&set, "%s=%s", name, value) < 0)
		return -ENOMEM;
	policy->sets[policy->nr_sets++] = set;
	return 0;
}

static int read_line(struct folder_policy *policy, const struct place *place, char *line,
		     unsigned int *seen)
{
	char *key, *value, *equals;
	unsigned int i;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (!equals) {
		msg("%s:%u: '%.60s' is not KEY = VALUE", place->file, place->line, line);
		return -ENOEXEC;
	}
	*equals = '\0';
	key = trim(line);
	value = trim(equals + 1);
	if (!*value) {
		msg("%s:%u: %.60s has no value", place->file, place->line, key);
		return -ENOEXEC;
	}
	if (!strncmp(key, "set.", 4))
		return add_parameter(policy, place, key + 4, value);
	for (i = 0; i < NR_KEYS; i++) {
		if (strcmp(key, keys[i].name))
			continue;
		if (*seen & 1u << i) {
			msg("%s:%u: %s is given twice", place->file, place->line, key);
			return -ENOEXEC;
		}
		*seen |= 1u << i;
		return keys[i].set(policy, place, value);
	}
	msg("%s:%u: unknown key '%.60s'; known are object, name, priority, cgroup, machine, audit, "
	    "eject and set.PARAMETER",
	    place->file, place->line, key);
	return -ENOEXEC;
}

/* ---- files ---- */

static int read_lines(struct folder_policy *policy, FILE *file)
{
	struct place place = { .file = policy->file };
	unsigned int seen = 0;
	char line[LINE_SIZE];
	size_t length;
	int err = 0;

	while (!err && fgets(line, sizeof(line), file)) {
		place.line++;
		length = strlen(line);
		if (length && line[length - 1] == '\n') {
			line[--length] = '\0';
		} else if (!feof(file)) {
			msg("%s:%u: the line is too long, or has a NUL byte, so this is not a "
			    "policy file",
			    place.file, place.line);
			return -ENOEXEC;
		}
		err = read_line(policy, &place, line, &seen);
	}
	if (!err && ferror(file)) {
		msg("%s: cannot read it", place.file);
		err = -EIO;
	}
	if (!err && !policy->object) {
		msg("%s: no object given; add a line: object = NAME.bpf.o", place.file);
		err = -ENOEXEC;
	}
	return err;
}

/* The name of a policy is that of its file, unless a line of the file says another one. */
static int take_name(struct folder_policy *policy, const char *entry)
{
	int length = strrchr(entry, '.') - entry;
	char name[NAME_MAX + 1];

	if (*policy->name)
		return 0;
	snprintf(name, sizeof(name), "%.*s", length, entry);
	if (!policy_name__is_valid(name)) {
		msg("%s: '%s' is not a valid policy name, so %s", policy->file, name,
		    policy->is_rules ? "rename the file" : "the file needs a line: name = NAME");
		return -ENOEXEC;
	}
	strcpy(policy->name, name);
	return 0;
}

/* A rule file is read when its policy is opened. */
static int take_rules(struct folder_policy *policy, const char *entry)
{
	policy->is_rules = true;
	policy->object = strdup(policy->file);
	if (!policy->object)
		return -ENOMEM;
	return take_name(policy, entry);
}

static int read_file(struct folder_policy *policy, const char *entry)
{
	int fd, err;
	FILE *file;

	fd = open_checked(policy->file, S_IFREG);
	if (fd < 0)
		return fd;
	if (ends_with(entry, RULES_SUFFIX)) {
		close(fd);
		return take_rules(policy, entry);
	}
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	err = read_lines(policy, file);
	fclose(file);
	if (!err)
		err = take_name(policy, entry);
	if (err)
		return err;
	fd = open_checked(policy->object, S_IFREG);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int check_names(const struct folder *folder)
{
	unsigned int i, j;

	for (i = 0; i < folder->nr; i++)
		for (j = 0; j < i; j++)
			if (!strcmp(folder->list[i].name, folder->list[j].name)) {
				msg("%s and %s: both are named %s; rename one: name = OTHER",
				    folder->list[j].file, folder->list[i].file,
				    folder->list[i].name);
				return -ENOEXEC;
			}
	return 0;
}

static int add_file(struct folder *folder, const char *path, const char *entry)
{
	struct folder_policy *grown, *policy;

	if (is_ignored(entry))
		return 0;
	if (!ends_with(entry, SUFFIX) && !ends_with(entry, RULES_SUFFIX)) {
		msg("%s/%s: not a policy file, whose name ends with " SUFFIX " or " RULES_SUFFIX
		    "; remove it, or rename it to %s.disabled",
		    path, entry, entry);
		return -ENOEXEC;
	}
	grown = realloc(folder->list, (folder->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	folder->list = grown;
	policy = &grown[folder->nr];
	memset(policy, 0, sizeof(*policy));
	if (asprintf(&policy->file, "%s/%s", path, entry) < 0)
		return -ENOMEM;
	folder->nr++;
	return read_file(policy, entry);
}

int folder__read_file(struct folder *folder, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct folder_policy *policy;
	int err;

	memset(folder, 0, sizeof(*folder));
	policy = calloc(1, sizeof(*policy));
	if (!policy)
		return -ENOMEM;
	folder->list = policy;
	folder->nr = 1;
	policy->file = strdup(path);
	err = policy->file ? read_file(policy, slash ? slash + 1 : path) : -ENOMEM;
	if (err == -ENOMEM)
		msg("%s: not enough memory", path);
	return err;
}

int folder__read(struct folder *folder, const char *path)
{
	struct dirent **entries = NULL;
	int fd, nr, i, err = 0;
	char name[ERRNAME_MAX];

	memset(folder, 0, sizeof(*folder));
	fd = open_checked(path, S_IFDIR);
	if (fd < 0)
		return fd;
	nr = scandirat(fd, ".", &entries, NULL, alphasort);
	if (nr < 0) {
		msg("%s: cannot list the folder (%s)", path, errname(errno, name));
		err = -EIO;
	}
	for (i = 0; i < nr; i++) {
		if (!err)
			err = add_file(folder, path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	close(fd);
	if (!err)
		err = check_names(folder);
	if (err == -ENOMEM)
		msg("%s: not enough memory", path);
	return err;
}

void folder__free(struct folder *folder)
{
	unsigned int i, j;

	for (i = 0; i < folder->nr; i++) {
		free(folder->list[i].file);
		free(folder->list[i].object);
		for (j = 0; j < folder->list[i].nr_sets; j++)
			free(folder->list[i].sets[j]);
	}
	free(folder->list);
	memset(folder, 0, sizeof(*folder));
}
