#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# make install puts exactly the files of tests/golden/installed where the standards for file systems
# want them, for /usr/local and for /usr, and make uninstall leaves nothing of them; DKMS's source
# is whole; a warning tells that the modules are not for the running kernel.
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
is "with DESTDIR, the running kernel does not matter" "$(grep warning "$dir/err")" ""
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

# ---- the running kernel ----
# Without DESTDIR, but only below our folder.
mkdir "$dir/bin"
printf '#!/bin/sh\necho "$@" >>%q\n' "$dir/depmod" >"$dir/bin/depmod"
chmod +x "$dir/bin/depmod"
# modules RELEASE: install them while this kernel runs; sets rc
modules() {
	PATH=$dir/bin:$PATH MAKEFLAGS='' make install-modules MODULEDIR="$root/lib/modules" \
		RUNNING="$1" >"$dir/out" 2>"$dir/err"
	rc=$?
}
modules 6.1.0-9-amd64
krel=$(cd "$root/lib/modules" && echo *)
ok "make install-modules, for a kernel that does not run" ended 0
is "a warning says so, and has the command for the other one" "$(grep warning "$dir/err")" \
	"make: warning: the modules are for kernel $krel, but 6.1.0-9-amd64 is running: boot \
$krel, or run: make install KERNEL=6.1.0-9-amd64"
is "depmod runs for the kernel of the modules" "$(cat "$dir/depmod")" "$krel"
MAKEFLAGS='' make --no-print-directory -n install RUNNING=6.1.0-9-amd64 >"$dir/out" 2>"$dir/err"
is "make install has the warning once, at its end" \
	"$(grep -c 'is running' "$dir/out")$(tail -n 1 "$dir/out" | grep -c 'is running')" 11
modules "$krel"
is "there is none for the kernel that runs" "$rc$(grep warning "$dir/err")" 0

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
