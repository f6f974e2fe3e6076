// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sanitiser, see text.h.
 *
 * Widths come from wcwidth(), which depends on the locale: in the C locale it knows only ASCII, so
 * all other characters are replaced.
 */
#include <langinfo.h>
#include <string.h>
#include <wchar.h>

#include "text.h"

unsigned int text__decode(const char *text, size_t size, __u32 *point)
{
	static const __u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	unsigned int length, i;

	if (!size)
		return 0;
	if (byte[0] < 0x80) {
		*point = byte[0];
		return 1;
	}
	if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
		length = 2;
	else if ((byte[0] & 0xf0) == 0xe0)
		length = 3;
	else if (byte[0] >= 0xf0 && byte[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (length > size)
		return 0;
	*point = byte[0] & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (byte[i] & 0x3f);
	}
	if (*point < smallest[length] || *point > 0x10ffff || (*point & ~0x7ffu) == 0xd800)
		return 0;
	return length;
}

/* Whether a character changes the text around it, although wcwidth() may call it printable. */
static bool is_disturbing(__u32 point)
{
	return (point >= 0x80 && point < 0xa0) || /* C1 controls */
	       point == 0xad || point == 0x61c || /* soft hyphen, Arabic letter mark */
	       (point >= 0x200b && point <= 0x200f) || /* zero width, direction marks */
	       (point >= 0x2028 && point <= 0x202e) || /* separators, direction overrides */
	       (point >= 0x2060 && point <= 0x206f) || /* joiners, direction isolates */
	       point == 0xfeff || (point >= 0xfff0 && point <= 0xffff) ||
	       point >= 0xe0000;	 /* tags, private use */
}

static unsigned int width_of(__u32 point, bool utf8)
{
	int width;

	if (point < 0x80)
		return point >= 0x20 && point != 0x7f;
	if (!utf8 || is_disturbing(point))
		return 0;
	width = wcwidth(point);
	return width > 0 ? width : 0;
}

unsigned int text__clean(char *dst, size_t dst_size, const char *src, size_t src_size,
			 unsigned int max_columns, bool utf8)
{
	unsigned int columns = 0, length, width;
	__u32 point;

	src_size = strnlen(src, src_size);
	while (src_size) {
		const char *from = src;
		unsigned int copy;

		length = text__decode(src, src_size, &point);
		width = length ? width_of(point, utf8) : 0;
		copy = length;
		if (!width) {
			from = "?";
			copy = width = 1;
		}
		if (columns + width > max_columns || copy >= dst_size)
			break;
		memcpy(dst, from, copy);
		dst += copy;
		dst_size -= copy;
		columns += width;
		src += length ? length : 1;
		src_size -= length ? length : 1;
	}
	if (dst_size)
		*dst = '\0';
	return columns;
}

bool text__locale_is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

unsigned int text__columns(const char *text)
{
	return text__columns_n(text, strlen(text));
}

unsigned int text__columns_n(const char *text, size_t size)
{
	unsigned int columns = 0, length;
	__u32 point;

	for (; size; text += length, size -= length) {
		if (*text >= 0x20 && *text < 0x7f) { /* nearly always */
			length = 1;
			columns++;
			continue;
		}
		length = text__decode(text, size, &point);
		columns += length ? width_of(point, true) : 1;
		length = length ? length : 1;
	}
	return columns;
}
