#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# make install puts exactly the files of tests/golden/installed where the standards for file systems
# want them, for /usr/local and for /usr, and make uninstall leaves nothing of them; DKMS's source
# is whole.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
root=$dir/root
order() { MAKEFLAGS='' make "$@" DESTDIR="$root" >"$dir/out" 2>"$dir/err"; rc=$?; }
files() { (cd "$root" && find . -type f -printf '%m %P\n') | LC_ALL=C sort -k 2; }
# The modules of the kernel under test, under a name that stays.
list() { sed -E 's,lib/modules/[^/]+/,lib/modules/KERNEL/,'; }

order install
ok "make install" ended 0
is "it installs the files of the list, with these modes" "$(files | list)" \
	"$(grep -v '^#' tests/golden/installed)"
ok "it makes the folder of the policies" test -d "$root/etc/iommufd/policy.d"
is "nothing in them is a placeholder" \
	"$(grep -rlE '@(SBINDIR|VERSION)@' "$root" --exclude='*.ko')" ""
touch "$root/etc/iommufd/policy.d/mine.policy" "$root/usr/local/sbin/other"
order uninstall
ok "make uninstall" ended 0
is "it leaves the files of others, and nothing else" "$(files)" \
	"$(printf '644 %s\n' etc/iommufd/policy.d/mine.policy usr/local/sbin/other)"
rm "$root/etc/iommufd/policy.d/mine.policy"
order uninstall
is "it leaves none of our folders" \
	"$(find "$root" \( -name '*iommu*' -o -name updates -o -name policy.d \) -print)" ""

rm -rf "$root"
order install-tools PREFIX=/usr
is "make install-tools installs no module and no policy" \
	"$(files | grep -E '\.ko$|\.bpf|include|usr/src')" ""
is "files for /usr are where Debian's policy wants them" \
	"$(files | sed 's/^[0-7]* //' | grep -vE '^usr/(sbin|lib/(systemd/system|udev/rules\.d)|'\
'share/(man/man[4578]|iommuscope|bash-completion/completions|zsh/vendor-completions|'\
'fish/vendor_completions\.d))/[^/]+$')" ""
is "they name no folder of /usr/local" \
	"$(grep -rl /usr/local "$root" --exclude=iosnoop --exclude=iommutop --exclude=iopolicy)" ""
order uninstall PREFIX=/usr
is "make uninstall with this PREFIX leaves nothing" "$(files)" ""

order install-dkms PREFIX=/usr VERSION=7.7
src=$root/usr/src/iommuscope-7.7
is "make install-dkms installs every file of the driver" \
	"$(cd "$src" && find kernel include vfio -type f | sort)" \
	"$(git ls-files kernel include vfio/Makefile vfio/options.mk | sort)"
is "dkms.conf has the version" "$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$src/dkms.conf")" 7.7
order uninstall PREFIX=/usr VERSION=7.7
is "make uninstall removes it" "$(find "$root" -type f; find "$root/usr/src" -mindepth 1)" ""

finish
