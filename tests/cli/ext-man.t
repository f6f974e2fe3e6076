#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommufd-ext(4) is made from the header of the extensions, and has each ioctl, with all members and
# errors, and each type.
. "$(dirname "$0")/../lib/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
header=include/uapi/linux/iommufd_ext.h

ok "the page is made" bash -c "scripts/ext-man >$dir/page.4"
# The lines between two sections of the page
section() { sed -n "/^\.S[hs] $1/,/^\.S[hs] /p" "$dir/page.4" | sed '1d'; }
is "each ioctl has a section" \
	"$(sed -n '/^\.Sh IOCTLS/,/^\.Sh TYPES/s/^\.Ss //p' "$dir/page.4" | tr -d ',' |
		xargs -n 1 | sort)" \
	"$(sed -nE 's/^#define (IOMMU_EXT_[A-Z_]+) _IO\(.*/\1/p' $header | sort)"
is "each enum and struct that is no argument has a section" \
	"$(sed -n '/^\.Sh TYPES/,$s/^\.Ss [a-z]* //p' "$dir/page.4" | sort)" \
	"$(sed -nE 's/^ \* (struct|enum) (\w+) - [^(]*$/\2/p' $header | sort)"
is "the members of an ioctl" \
	"$(section 'IOMMU_EXT_PASID_ALLOC$' | sed -n 's/^\.It Va //p' | xargs)" \
	"flags dev_id pasid virt_pasid out_pasid_id"
is "its errors" \
	"$(section 'IOMMU_EXT_PASID_ALLOC$' | sed -n 's/^\.It Er //p' | xargs)" \
	"EINVAL EOPNOTSUPP ERANGE EBUSY EEXIST ENOSPC EDQUOT ENODEV"
is "as many errors as in the header" "$(grep -c '^\.It Er E[A-Z0-9]*$' "$dir/page.4")" \
	"$(($(grep -cE '^ \*	E[A-Z0-9]+	' $header) +
		$(section ERRORS | grep -c '^\.It Er')))"
is "a continued sentence is whole" "$(section 'IOMMU_EXT_PASID_DETACH$' | tr '\n' ' ' |
	grep -o 'Unanswered page requests were answered as invalid;')" \
	"Unanswered page requests were answered as invalid;"
if command -v mandoc >/dev/null; then
	is "mandoc has nothing to say" "$(mandoc -Tlint -W warning "$dir/page.4" 2>&1)" ""
else
	skip "mandoc has nothing to say" "mandoc is not installed"
fi
finish
