// SPDX-License-Identifier: GPL-2.0-only
/*
 * iopolicy list as text: it says whether a policy enforces or audits, and a long cell moves no
 * column of any row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/output.h"
#include "tap.h"

static struct list_row rows[3];
static char printed[8192];

static void fill(void)
{
	struct iommufd_policy_info *info;

	info = &rows[0].info;
	strcpy(rows[0].name, "quota");
	info->id = 7;
	info->hooks = 1u << IOMMUFD_HOOK_IOAS_MAP;
	info->priority = 10;
	rows[0].sum.denied = 3;
	info = &rows[1].info;
	strcpy(rows[1].name, "a-name-that-is-quite-long");
	info->id = 12;
	info->flags = IOMMUFD_POLICY_AUDIT;
	info->hooks = ((1u << IOMMUFD_HOOKS) - 1) & ~(1u << IOMMUFD_HOOK_DEVICE_BIND);
	info->last_ret = -12;
	strcpy(info->reason, "over 4G");
	rows[1].state = LIST_HELD;
	rows[1].sum.would_deny = 12345678901;
	rows[1].scope.cgroup = 5;
	rows[1].scope.path = "/machine.slice/machine-qemu.scope";
	strcpy(rows[2].name, "old");
	rows[2].state = LIST_STALE;
}

/* Print the list, and keep the text. */
static void print(bool wide)
{
	struct list list = { .rows = rows, .nr = 3 };
	int old = dup(STDOUT_FILENO);
	FILE *file = tmpfile();
	size_t size;

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	output_text.list(&list, wide);
	fflush(stdout);
	dup2(old, STDOUT_FILENO);
	close(old);
	rewind(file);
	size = fread(printed, 1, sizeof(printed) - 1, file);
	printed[size] = '\0';
	fclose(file);
}

/* The line with a text; NULL if there is none. */
static const char *line_with(const char *text)
{
	const char *at = strstr(printed, text);

	while (at && at > printed && at[-1] != '\n')
		at--;
	return at;
}

/* Whether the cell in the line of a policy begins below the heading. */
static bool is_below(const char *name, const char *cell, const char *heading)
{
	const char *line = line_with(name), *at = line ? strstr(line, cell) : NULL;

	return at && at - line == strstr(printed, heading) - printed;
}

/* Whether the number ends below the heading. */
static bool ends_below(const char *name, const char *cell, const char *heading)
{
	const char *line = line_with(name), *at = line ? strstr(line, cell) : NULL;

	return at &&
	       at + strlen(cell) - line == strstr(printed, heading) + strlen(heading) - printed;
}

int main(void)
{
	tap__start();
	fill();
	print(false);
	tap__ok(is_below(" quota ", "enforce", "MODE"), "a policy that enforces");
	tap__ok(is_below("a-name-that", "audit", "MODE"), "a policy that audits");
	tap__ok(is_below(" quota ", "ioas_map", "HOOKS") &&
			is_below("a-name-that", "device_attach", "HOOKS"),
		"hooks are in their column");
	tap__ok(ends_below(" quota ", "3", "DENIED") &&
			ends_below("a-name-that", "12345678901", "WOULD-DENY"),
		"numbers are in theirs, although HOOKS is long");
	tap__ok(is_below("a-name-that", "ENOMEM over 4G", "LAST-REASON"), "so is the reason");
	tap__ok(is_below("old", "stale", "STATE") &&
			is_below("old", "not loaded; run iopolicy clean", "LAST-REASON"),
		"the columns of a stale policy are the same");
	print(true);
	tap__ok(is_below("a-name-that", "audit", "MODE") && is_below(" quota ", "enforce", "MODE"),
		"the wide list has the mode, too");
	tap__ok(is_below("a-name-that", "/machine.slice/machine-qemu.scope", "SCOPE"),
		"a long cgroup is in its column");
	return tap__done();
}
