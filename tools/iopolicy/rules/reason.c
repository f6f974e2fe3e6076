// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reasons of refusals: "NAME: TEXT", where NAME is the rule's, and {FIELD} in the text is replaced
 * by a value of the request, {$PARAMETER} by that of a parameter.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/statement.h"

/* A reason that is being made. */
struct reason {
	struct parser *parser;
	struct rules_rule *rule;
	size_t size; /* of the texts, with zeros */
	__u32 hooks;
};

static int add_char(struct reason *reason, char c)
{
	if (reason->size == RULES_TEXT)
		return lex__fail(&reason->parser->lex,
				 "the reason is too long: with the name of the rule, and without "
				 "values, at most %d characters",
				 RULES_TEXT - RULES_VALUES - 1);
	reason->rule->texts[reason->size++] = c;
	return 0;
}

static int add_text(struct reason *reason, const char *text)
{
	int err = 0;

	while (!err && *text)
		err = add_char(reason, *text++);
	return err;
}

static int add_param(struct reason *reason, const char *name)
{
	const struct rules *rules = reason->parser->rules;
	unsigned int i;

	for (i = 0; i < rules->nr_params; i++)
		if (!strcmp(rules->params[i].name, name))
			return add_text(reason, rules->params[i].value);
	return lex__fail(&reason->parser->lex, "there is no parameter '%.40s'", name);
}

static int add_value(struct reason *reason, const char *name)
{
	enum rules_field field = value__field(name);
	const struct lex *lex = &reason->parser->lex;
	char wrong[HOOK_LIST_MAX];
	int err;

	if (*name == '$')
		return add_param(reason, name + 1);
	if (field == RULES_NR_FIELDS)
		return lex__fail(lex, "'{%.40s}' is not a field; iopolicy-rules(5) lists them",
				 name);
	if (reason->hooks & ~rules_fields[field].hooks)
		return lex__fail(lex, "'{%s}' has no value at %s", name,
				 value__hook_list(wrong,
						  reason->hooks & ~rules_fields[field].hooks));
	if (reason->rule->nr_values == RULES_VALUES)
		return lex__fail(lex, "a reason has at most %d values", RULES_VALUES);
	err = add_char(reason, '\0');
	reason->rule->value[reason->rule->nr_values++] = field;
	reason->rule->text[reason->rule->nr_values] = reason->size;
	return err;
}

int reason__make(struct parser *parser, struct rules_def *def, const char *text)
{
	struct reason reason = { .parser = parser, .rule = &def->rule, .hooks = def->hooks };
	char name[RULES_WHAT_MAX];
	size_t length;
	unsigned int i;
	int err;

	err = add_text(&reason, def->name);
	if (!err && *text)
		err = add_text(&reason, ": ");
	while (!err && *text) {
		if (*text != '{') {
			err = add_char(&reason, *text++);
			continue;
		}
		length = strcspn(++text, "}");
		if (!text[length])
			return lex__fail(&parser->lex, "a { in the reason has no }");
		snprintf(name, sizeof(name), "%.*s", (int)length, text);
		err = add_value(&reason, name);
		text += length + 1;
	}
	if (!err)
		err = add_char(&reason, '\0');
	/* Texts that are not used are empty. */
	for (i = def->rule.nr_values + 1; i <= RULES_VALUES; i++)
		def->rule.text[i] = reason.size - 1;
	return err;
}
