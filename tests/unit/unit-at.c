// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop --at: from a device or PASID to its address space, with lists of objects that no machine
 * of the tests has: devices that only use PASIDs.
 *
 * Includes the source, to call its static functions; nothing is printed.
 */
#include "../../tools/iosnoop/at.c"

#include "tap.h"

void at__print_text(const struct at_answer *answer)
{
	(void)answer;
}

void at__print_json(const struct at_answer *answer)
{
	(void)answer;
}

static struct iommufd_object_info objects[16];
static struct lists lists = {
	.objects = { .items = objects, .size = sizeof(objects[0]) },
};

static void add(__u32 id, __u32 type, __u32 parent, __u32 to, __u32 pasid)
{
	objects[lists.objects.nr++] = (struct iommufd_object_info){
		.ctx = 3,
		.id = id,
		.type = type,
		.parent = parent,
		.sbdf = IOMMUFD_NONE,
		.pt = type == IOMMUFD_INFO_DEVICE ? to : IOMMUFD_NONE,
		.attached = type == IOMMUFD_INFO_PASID ? to : IOMMUFD_NONE,
		.pasid = pasid,
		.name = "accel",
	};
}

#define NONE IOMMUFD_NONE

/* answer is "IOAS", "IOAS@PASID", or a part of the message. */
static void asked(const char *what, const char *arg, const char *answer)
{
	struct at_answer got = { .pasid = IOMMUFD_NONE };
	char text[64];
	struct at at;

	if (!tap__err(at__parse(&at, arg), 0, "%s: %s", what, arg))
		return;
	if (resolve(&lists, &at, &got)) {
		if (!tap__ok(strstr(msg__last(), answer), "%s: %s", what, answer))
			tap__diag("%s", msg__last());
		return;
	}
	sprintf(text, got.pasid == NONE ? "%u" : "%u@%u", got.ioas, got.pasid);
	if (!tap__ok(!strcmp(text, answer), "%s: %s", what, answer))
		tap__diag("got %s", text);
}

int main(void)
{
	msg__set_tool("unit-at");
	msg__hold(true);
	add(1, IOMMUFD_INFO_IOAS, NONE, NONE, NONE);
	add(2, IOMMUFD_INFO_HWPT, 1, NONE, NONE);
	add(3, IOMMUFD_INFO_DEVICE, NONE, NONE, NONE);
	asked("a detached device", "accel:0x1000", "it is not attached");
	add(4, IOMMUFD_INFO_PASID, 3, NONE, 7);
	asked("with a detached PASID", "accel:0x1000", "it is not attached");
	asked("and that asked for", "accel@7:0x1000", "PASID 7 of device accel is not attached");
	add(5, IOMMUFD_INFO_PASID, 3, 1, 8);
	asked("the only PASID that is attached", "accel:0x1000", "1@8");
	add(6, IOMMUFD_INFO_PASID, 3, 2, 9);
	asked("several PASIDs", "accel:0x1000", "has several PASIDs (8, 9); choose one with");
	asked("one of them, attached to a page table", "accel@9:0x1000", "1@9");
	asked("PASID 0 of a detached device", "accel@0:0x1000", "it is not attached");
	asked("another PASID", "accel@10:0x1000", "PASID 10 of device accel is no PASID object");
	add(10, IOMMUFD_INFO_NESTED, 2, NONE, NONE);
	add(11, IOMMUFD_INFO_PASID, 3, 10, 11);
	asked("a nested page table", "accel@11:0x1000", "the nested page table 10");
	add(12, IOMMUFD_INFO_SVA, NONE, NONE, NONE);
	add(13, IOMMUFD_INFO_PASID, 3, 12, 12);
	asked("a process", "accel@12:0x1000", "the addresses of a process (SVA object 12)");
	objects[2].pt = 2;
	asked("the device is attached", "accel:0x1000", "1");
	objects[2].pt = 99;
	asked("to what is gone", "accel:0x1000", "was detached meanwhile; try again");
	asked("an IOAS that is a page table", "3/2:0x1000", "context 3 has no address space 2");
	asked("an IOAS", "3/1:0x1000", "1");
	return tap__done();
}
