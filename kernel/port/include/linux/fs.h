/* SPDX-License-Identifier: GPL-2.0-only */
/* file_ref_get() of 6.13. The newest kernel calls it on file->f_ref; 6.12's has f_count. */
#include_next <linux/fs.h>

#ifndef _IOMMUFD_PORT_FS_H
#define _IOMMUFD_PORT_FS_H

/* Take a reference on a file that is not freed meanwhile; false if its last one is gone. */
static inline bool port_file_get(struct file *file)
{
#if PORT_FILE_REF == 1
	return atomic_long_inc_not_zero(&file->f_count);
#else
	return file_ref_get(&file->f_ref);
#endif
}

#endif
