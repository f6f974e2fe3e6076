// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rule files: parameters, settings of all rules, and rules. See iopolicy-rules(5).
 *
 *	param NAME = VALUE
 *	priority N | mode MODE | when-slow refuse | when-slow eject | force	of the policy
 *	rule NAME
 *		deny HOOKS | allow HOOKS | audit HOOKS | limit HOOKS to N/s [burst N] [per WHAT]
 *		[when CONDITION] [unless CONDITION] [scope PATHS] [priority N] [mode MODE]
 *		[error NAME] [reason "TEXT"]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errname.h"
#include "msg.h"
#include "rules/parser.h"
#include "rules/statement.h"

/* ---- statements outside of rules ---- */

/* The last value that the settings give a parameter; NULL: none. */
static const char *find_setting(const struct rules_param *param, const char *const *sets,
				unsigned int nr_sets)
{
	size_t length = strlen(param->name);
	const char *value = NULL;
	unsigned int i;

	for (i = 0; i < nr_sets; i++)
		if (!strncmp(sets[i], param->name, length) && sets[i][length] == '=')
			value = sets[i] + length + 1;
	return value;
}

/* Remember a value that a setting replaces; rules__parse() puts it into the text. */
static int replace_value(struct parser *parser, struct rules_param *param, const char *value)
{
	size_t length = strlen(value);

	if (!length || length >= sizeof(param->value) || strchr(value, '"') ||
	    strchr(value, '\n')) {
		msg("%s: '%.60s' cannot be the value of parameter '%s'", parser->rules->file, value,
		    param->name);
		return -ENOEXEC;
	}
	param->is_set = true;
	param->value_at = parser->lex.word_at - parser->rules->text;
	param->value_size = parser->lex.at - parser->lex.word_at;
	return 0;
}

static int read_param(struct parser *parser, const char *const *sets, unsigned int nr_sets)
{
	struct rules *rules = parser->rules;
	struct rules_param *grown, *param;
	struct lex *lex = &parser->lex;
	const char *value;
	unsigned int i;
	int err = 0;

	if (lex->kind != LEX_WORD || !parser__is_name(lex->word))
		return lex__expected(lex, "the name of a parameter");
	for (i = 0; i < rules->nr_params; i++)
		if (!strcmp(rules->params[i].name, lex->word))
			return lex__fail(lex, "parameter '%s' is declared in line %u already",
					 lex->word, rules->params[i].place.line);
	grown = realloc(rules->params, (rules->nr_params + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rules->params = grown;
	param = &grown[rules->nr_params];
	memset(param, 0, sizeof(*param));
	strcpy(param->name, lex->word);
	param->place = lex->place;
	err = lex__next(lex);
	if (!err && !lex__take(lex, "=", &err))
		return err ? err : lex__expected(lex, "=");
	if (err)
		return err;
	if ((lex->kind != LEX_WORD && lex->kind != LEX_STRING) || !*lex->word)
		return lex__expected(lex, "a value");
	value = find_setting(param, sets, nr_sets);
	if (value)
		err = replace_value(parser, param, value);
	strcpy(param->value, value && !err ? value : lex->word);
	rules->nr_params++;
	return err ? err : lex__next(lex);
}

/* A setting without a parameter would silently do nothing. */
static int check_settings(const struct rules *rules, const char *const *sets, unsigned int nr_sets)
{
	unsigned int i, j;
	size_t length;

	for (i = 0; i < nr_sets; i++) {
		length = strcspn(sets[i], "=");
		for (j = 0; j < rules->nr_params; j++)
			if (strlen(rules->params[j].name) == length &&
			    !strncmp(rules->params[j].name, sets[i], length))
				break;
		if (j < rules->nr_params)
			continue;
		msg("%s: the file has no parameter '%.*s'; it has %s%s", rules->file, (int)length,
		    sets[i], rules->nr_params ? rules->params[0].name : "none",
		    rules->nr_params > 1 ? " and others" : "");
		return -ENOEXEC;
	}
	return 0;
}

static int read_statements(struct parser *parser, const char *const *sets, unsigned int nr_sets)
{
	struct rules *rules = parser->rules;
	struct lex *lex = &parser->lex;
	int err = 0;

	while (!err && lex->kind != LEX_END) {
		if (lex__is(lex, "rule")) {
			err = statement__rule(parser);
		} else if (lex__take(lex, "param", &err)) {
			err = err ? err : read_param(parser, sets, nr_sets);
		} else if (!rules->nr && lex__take(lex, "priority", &err)) {
			rules->has_priority = true;
			err = err ? err : parser__priority(parser, &rules->priority);
		} else if (!rules->nr && lex__take(lex, "mode", &err)) {
			err = err ? err : parser__mode(parser, &rules->audit);
		} else if (!rules->nr && lex__take(lex, "when-slow", &err)) {
			rules->has_when_slow = true;
			err = err ? err : parser__when_slow(parser, &rules->eject);
		} else if (!rules->nr && lex__take(lex, "force", &err)) {
			rules->force = true;
		} else if (!err) {
			err = lex__expected(lex,
					    rules->nr ? "rule, param or a part of the rule" :
							"rule, param, priority, mode, when-slow or "
							"force");
		}
	}
	if (!err && !rules->nr) {
		msg("%s: the file has no rule; iopolicy-rules(5) has examples", rules->file);
		return -ENOEXEC;
	}
	return err ? err : check_settings(rules, sets, nr_sets);
}

/* ---- files ---- */

static int compare(const void *a, const void *b)
{
	const struct rules_def *one = a, *two = b;

	if (one->priority != two->priority)
		return one->priority > two->priority ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

static int parse(struct rules *rules, const char *file, const char *text, size_t size,
		 const char *const *sets, unsigned int nr_sets)
{
	struct parser *parser;
	int err;

	memset(rules, 0, sizeof(*rules));
	rules->file = file;
	rules->text = malloc(size + 1);
	parser = calloc(1, sizeof(*parser));
	if (!rules->text || !parser) {
		free(parser);
		return -ENOMEM;
	}
	memcpy(rules->text, text, size);
	rules->text[size] = '\0';
	rules->size = size;
	parser->rules = rules;
	parser->maker.rules = rules;
	err = lex__begin(&parser->lex, file, rules, rules->text, size);
	if (!err)
		err = read_statements(parser, sets, nr_sets);
	rules->arena = malloc(sizeof(*rules->arena));
	if (rules->arena)
		*rules->arena = parser->maker.arena;
	else
		arena__free(&parser->maker.arena);
	if (!err && !rules->arena)
		err = -ENOMEM;
	free(parser);
	if (!err)
		qsort(rules->list, rules->nr, sizeof(*rules->list), compare);
	if (err == -ENOMEM)
		msg("%s: not enough memory", file);
	return err;
}

/* Make a text in which the parameters have the values of the settings. NULL without memory. */
static char *apply_settings(const struct rules *rules, size_t *size)
{
	size_t room = rules->size + rules->nr_params * (sizeof(rules->params[0].value) + 2), at = 0;
	char *text = malloc(room + 1);
	const char *from = rules->text;
	unsigned int i;

	for (i = 0; text && i < rules->nr_params; i++) {
		const struct rules_param *param = &rules->params[i];

		if (!param->is_set)
			continue;
		memcpy(text + at, from, rules->text + param->value_at - from);
		at += rules->text + param->value_at - from;
		at += sprintf(text + at, "\"%s\"", param->value);
		from = rules->text + param->value_at + param->value_size;
	}
	if (text) {
		memcpy(text + at, from, rules->text + rules->size - from);
		at += rules->text + rules->size - from;
	}
	*size = at;
	return text;
}

int rules__parse(struct rules *rules, const char *file, const char *text, size_t size,
		 const char *const *sets, unsigned int nr_sets)
{
	char *changed;
	int err;

	err = parse(rules, file, text, size, sets, nr_sets);
	if (err || !nr_sets)
		return err;
	changed = apply_settings(rules, &size);
	rules__free(rules);
	if (!changed) {
		msg("%s: not enough memory", file);
		return -ENOMEM;
	}
	err = parse(rules, file, changed, size, NULL, 0);
	free(changed);
	return err;
}

int rules__read_text(const char *file, char **text, size_t *size)
{
	char name[ERRNAME_MAX];
	ssize_t more = 1;
	struct stat stat;
	int fd, err = 0;

	*size = 0;
	*text = malloc(RULES_FILE_MAX + 1);
	fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (!*text || fd < 0 || fstat(fd, &stat)) {
		err = *text ? -errno : -ENOMEM;
		msg("%s: cannot read the file (%s)", file, errname(-err, name));
		/* The caller gives these another meaning. */
		err = err == -EPERM || err == -EINVAL || err == -ENODEV ? -EACCES : err;
	} else if (!S_ISREG(stat.st_mode)) {
		msg("%s: not a regular file", file);
		err = -ENOEXEC;
	}
	while (!err && more > 0 && *size <= RULES_FILE_MAX) {
		more = read(fd, *text + *size, RULES_FILE_MAX + 1 - *size);
		*size += more > 0 ? more : 0;
	}
	if (!err && more < 0) {
		msg("%s: cannot read the file (%s)", file, errname(errno, name));
		err = -EIO;
	}
	if (!err && *size > RULES_FILE_MAX) {
		msg("%s: larger than %u KiB, so it is not a rule file", file, RULES_FILE_MAX >> 10);
		err = -ENOEXEC;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int rules__read(struct rules *rules, const char *file, const char *const *sets,
		unsigned int nr_sets)
{
	char *text;
	size_t size;
	int err;

	memset(rules, 0, sizeof(*rules));
	err = rules__read_text(file, &text, &size);
	if (!err)
		err = rules__parse(rules, file, text, size, sets, nr_sets);
	free(text);
	return err;
}

void rules__free(struct rules *rules)
{
	if (rules->arena)
		arena__free(rules->arena);
	free(rules->arena);
	free(rules->text);
	free(rules->params);
	free(rules->list);
	memset(rules, 0, sizeof(*rules));
}

__u32 rules__hooks(const struct rules *rules)
{
	__u32 hooks = 0;
	unsigned int i;

	for (i = 0; i < rules->nr; i++)
		hooks |= rules->list[i].hooks;
	return hooks;
}

char *rules__one_line(char *to, size_t size, const struct rules_def *def)
{
	bool in_comment = false, in_string = false, is_blank = false;
	size_t i, at = 0;

	for (i = 0; i < def->size && at + 2 < size; i++) {
		char c = def->text[i];

		if (c == '\n')
			in_comment = false;
		else if (c == '"' && !in_comment)
			in_string = !in_string;
		else if (c == '#' && !in_string)
			in_comment = true;
		if (in_comment || (!in_string && strchr(" \t\r\n", c))) {
			is_blank = at;
			continue;
		}
		if (is_blank)
			to[at++] = ' ';
		is_blank = false;
		to[at++] = c;
	}
	to[at] = '\0';
	return to;
}
