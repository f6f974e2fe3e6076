// SPDX-License-Identifier: GPL-2.0-only
/*
 * The settings that the screen keeps from one run to the next: view, interval, and of each list its
 * sort column and its columns and tree. They are lines of "key = value" in a file.
 *
 * A setting that an option of the command line has changed is not saved, unless the user has
 * changed it by a key since. A file with an error is not used at all, and is left as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errname.h"
#include "msg.h"
#include "outfile.h"
#include "parse.h"
#include "screen/screen_private.h"
#include "text.h"

#define LINES_MAX (2 + NR_VIEWS * VIEW_LISTS * 4)
#define LINE_MAX 96
#define FILE_MAX (64 * 1024)
#define NS_PER_MS 1000000ULL

static const char head[] =
	"# Settings of iommutop's screen, written when it ends; see iommutop(8).\n";

/* All settings, in the order of the file. */
struct lines {
	unsigned int nr;
	char text[LINES_MAX][LINE_MAX];
};

static struct {
	const char *path; /* NULL: there is no file to write */
	struct lines base; /* the defaults, or those of the file */
	struct lines begin; /* with the options of the command line */
} settings;

const char *screen__settings_path(char path[SETTINGS_PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int size;

	/* A relative path is invalid, and is ignored. */
	if (config && *config == '/')
		size = snprintf(path, SETTINGS_PATH_MAX, "%s/iommutop/config", config);
	else if (home && *home == '/')
		size = snprintf(path, SETTINGS_PATH_MAX, "%s/.config/iommutop/config", home);
	else
		return NULL;
	return size < SETTINGS_PATH_MAX ? path : NULL;
}

/* ---- the lines of the file ---- */

__attribute__((format(printf, 2, 3))) static void add(struct lines *lines, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(lines->text[lines->nr++], LINE_MAX, format, args);
	va_end(args);
}

static void add_list(struct lines *lines, const struct view *view, const struct view_list *list)
{
	const char *name = model_tables[list->table].name;

	if (list->sort)
		add(lines, "%s.%s.sort = %s%s", view->name, name, list->descending ? "" : "+",
		    list->sort->name);
	if (model_tables[list->table].is_tree)
		add(lines, "%s.%s.flat = %s", view->name, name, list->flat ? "yes" : "no");
	if (list->may_hide_single)
		add(lines, "%s.%s.hide_single = %s", view->name, name,
		    list->hides_single ? "yes" : "no");
	add(lines, "%s.%s.wide = %s", view->name, name, list->wide ? "yes" : "no");
}

/* Describe the settings as they are now. */
static void describe(struct lines *lines, const struct ui *ui)
{
	unsigned int view, i;

	lines->nr = 0;
	add(lines, "view = %s", views[ui->view]->name);
	add(lines, "interval_ms = %llu", ui->interval_ns / NS_PER_MS);
	for (view = 0; view < NR_VIEWS; view++)
		for (i = 0; i < VIEW_LISTS && views[view]->lists[i]; i++)
			add_list(lines, views[view], views[view]->lists[i]);
}

/* ---- reading ---- */

static bool set_view(struct ui *ui, const char *value, bool is_applied)
{
	unsigned int view;

	for (view = 0; view < NR_VIEWS; view++) {
		if (strcmp(views[view]->name, value))
			continue;
		if (is_applied)
			ui->view = view;
		return true;
	}
	return false;
}

static bool set_interval(struct ui *ui, const char *value, bool is_applied)
{
	char why[PARSE_WHY_MAX];
	__u64 ms;

	if (parse__count(value, 10, 3600000, &ms, why))
		return false;
	/* In a recording, the interval is its step in time. */
	if (is_applied && !ui->options->has_interval && strcmp(ui->model->source, "recording"))
		ui->interval_ns = ms * NS_PER_MS;
	return true;
}

static bool set_flag(bool *flag, const char *value, bool is_applied)
{
	bool is_yes = !strcmp(value, "yes");

	if (!is_yes && strcmp(value, "no"))
		return false;
	if (is_applied)
		*flag = is_yes;
	return true;
}

static bool set_sort(struct view_list *list, const char *value, bool is_applied)
{
	bool is_ascending = *value == '+';
	const struct model_column *column = model__column(list->table, value + is_ascending);

	if (!column)
		return false;
	if (is_applied) {
		list->sort = column;
		list->descending = !is_ascending;
	}
	return true;
}

/* Find the list of "VIEW.TABLE.NAME", and set *name; NULL if there is none. */
static struct view_list *find_list(const char *key, const char **name)
{
	char prefix[LINE_MAX];
	unsigned int view, i;

	for (view = 0; view < NR_VIEWS; view++) {
		for (i = 0; i < VIEW_LISTS && views[view]->lists[i]; i++) {
			struct view_list *list = views[view]->lists[i];
			int size = snprintf(prefix, sizeof(prefix), "%s.%s.", views[view]->name,
					    model_tables[list->table].name);

			*name = key + size;
			if (!strncmp(key, prefix, size))
				return list;
		}
	}
	return NULL;
}

/* Returns NULL, or the error in words. */
static const char *set(struct ui *ui, const char *key, const char *value, bool is_applied)
{
	static const char unknown[] = "unknown key", invalid[] = "invalid value of";
	struct view_list *list;
	const char *name;

	if (!strcmp(key, "view"))
		return set_view(ui, value, is_applied) ? NULL : invalid;
	if (!strcmp(key, "interval_ms"))
		return set_interval(ui, value, is_applied) ? NULL : invalid;
	list = find_list(key, &name);
	if (!list)
		return unknown;
	if (!strcmp(name, "sort"))
		return set_sort(list, value, is_applied) ? NULL : invalid;
	if (!strcmp(name, "flat"))
		return set_flag(&list->flat, value, is_applied) ? NULL : invalid;
	if (!strcmp(name, "wide"))
		return set_flag(&list->wide, value, is_applied) ? NULL : invalid;
	if (!strcmp(name, "hide_single") && list->may_hide_single)
		return set_flag(&list->hides_single, value, is_applied) ? NULL : invalid;
	return unknown;
}

/* Divide "key = value" in place; false: it is not of this form. */
static bool split(char *line, char **key, char **value)
{
	char *equals = strchr(line, '='), *end;

	if (!equals)
		return false;
	*key = line + strspn(line, " \t");
	for (end = equals; end > *key && strchr(" \t", end[-1]); end--)
		;
	*end = '\0';
	*value = equals + 1 + strspn(equals + 1, " \t");
	for (end = *value + strlen(*value); end > *value && strchr(" \t\r", end[-1]); end--)
		;
	*end = '\0';
	return **key && **value;
}

/* Check all lines; is_applied: and apply them. Returns 0, or -EINVAL after a message. */
static int parse(struct ui *ui, const char *text, bool is_applied)
{
	char line[LINE_MAX], shown[LINE_MAX], *key, *value;
	const char *at, *end, *wrong;
	unsigned int number = 1;

	for (at = text; *at; at = *end ? end + 1 : end, number++) {
		end = strchrnul(at, '\n');
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		if (!line[strspn(line, " \t\r")] || line[strspn(line, " \t")] == '#')
			continue;
		wrong = "a line must be key = value:";
		key = line;
		if (end - at < LINE_MAX && split(line, &key, &value))
			wrong = set(ui, key, value, is_applied);
		if (!wrong)
			continue;
		text__clean(shown, sizeof(shown), key, sizeof(line), 40, false);
		msg("%s, line %u: %s '%s'; the settings are not used, and the file stays as it is; "
		    "--no-config ignores it",
		    settings.path, number, wrong, shown);
		return -EINVAL;
	}
	return 0;
}

/*
 * Read the file. Returns its text, which the caller frees; NULL with errno ENOENT if there is none,
 * and otherwise after a message.
 */
static char *read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), err = 0;
	char name[ERRNAME_MAX], *text = NULL;
	struct stat status;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		errno = ENOENT;
		return NULL;
	}
	if (fd < 0 || fstat(fd, &status))
		err = errno;
	else if (!S_ISREG(status.st_mode) || status.st_size > FILE_MAX)
		err = S_ISREG(status.st_mode) ? EFBIG : EINVAL;
	if (!err) {
		text = calloc(1, FILE_MAX + 1);
		err = !text || read(fd, text, FILE_MAX) < 0 ? errno : 0;
	}
	if (fd >= 0)
		close(fd);
	if (!err)
		return text;
	free(text);
	msg("cannot read the settings in %s: %s; --no-config ignores them", path,
	    errname(err, name));
	errno = err;
	return NULL;
}

int settings__read(struct ui *ui)
{
	char *text;
	int err = 0;

	settings.path = ui->options->settings;
	if (!settings.path)
		return 0;
	text = read_file(settings.path);
	if (!text && errno != ENOENT)
		err = -errno;
	/* All or nothing. */
	if (text)
		err = parse(ui, text, false);
	if (text && !err)
		parse(ui, text, true);
	free(text);
	if (err)
		settings.path = NULL;
	describe(&settings.base, ui);
	return err;
}

void settings__begin(const struct ui *ui)
{
	describe(&settings.begin, ui);
}

/* ---- writing ---- */

/* Find a line by its key; NULL if there is none. */
static const char *find(const struct lines *lines, const char *like)
{
	size_t size = strcspn(like, "=") + 1;
	unsigned int i;

	for (i = 0; i < lines->nr; i++)
		if (!strncmp(lines->text[i], like, size))
			return lines->text[i];
	return NULL;
}

/* The line to write: the setting if it was changed since the begin, else the old line or NULL. */
static const char *choose(const struct ui *ui, const char *now)
{
	const char *begin = find(&settings.begin, now), *base = find(&settings.base, now);
	bool is_step = !strncmp(now, "interval_ms ", 12) && !strcmp(ui->model->source, "recording");

	return is_step || (begin && !strcmp(begin, now)) ? base : now;
}

/* Whether the folder of the file, or the first one above it that exists, is the user's own. */
static bool is_own(const char *path)
{
	char folder[SETTINGS_PATH_MAX], *slash;
	struct stat status;

	/* Of another user than root, the kernel checks the permissions. */
	if (geteuid())
		return true;
	snprintf(folder, sizeof(folder), "%s", path);
	while (stat(folder, &status)) {
		slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			return true;
		*slash = '\0';
	}
	if (!status.st_uid)
		return true;
	msg("the settings are not saved: %s belongs to user %u", folder, status.st_uid);
	return false;
}

/* Make the folder of the file, and the one above it. */
static void make_folders(const char *path)
{
	char folder[SETTINGS_PATH_MAX];
	char *last, *above;

	snprintf(folder, sizeof(folder), "%s", path);
	last = strrchr(folder, '/');
	*last = '\0';
	above = strrchr(folder, '/');
	if (above && above != folder) {
		*above = '\0';
		mkdir(folder, 0700);
		*above = '/';
	}
	/* If this fails, opening the file says why. */
	mkdir(folder, 0700);
}

void settings__write(const struct ui *ui)
{
	static struct lines now; /* too large for the stack */
	bool is_changed = false;
	struct outfile out;
	const char *line, *base;
	unsigned int i;

	if (!settings.path)
		return;
	describe(&now, ui);
	/* A file that needs no change is not touched. */
	for (i = 0; i < now.nr; i++) {
		line = choose(ui, now.text[i]);
		base = find(&settings.base, now.text[i]);
		is_changed |= line && (!base || strcmp(line, base));
	}
	if (!is_changed || !is_own(settings.path))
		return;
	make_folders(settings.path);
	if (outfile__open(&out, settings.path, 0600, OUTFILE_REPLACE))
		return;
	fputs(head, out.file);
	for (i = 0; i < now.nr; i++) {
		line = choose(ui, now.text[i]);
		if (line)
			fprintf(out.file, "%s\n", line);
	}
	outfile__publish(&out);
	outfile__close(&out);
}
