# SPDX-License-Identifier: GPL-2.0-only
# Completion of iopolicy(8) for fish. tests/cli/iopolicy.t compares it with iopolicy --help.

function __iopolicy_names
    # A comma stands for a dot in the name of a folder.
    for folder in /sys/fs/bpf/iommufd/*/
        string replace -a , . (basename $folder)
    end
end

complete -c iopolicy -f
complete -c iopolicy -n __fish_use_subcommand -a load -d 'put a policy in force, and keep it'
complete -c iopolicy -n __fish_use_subcommand -a unload -d 'end policies, and remove their pins'
complete -c iopolicy -n __fish_use_subcommand -a replace -d 'put a policy in the place of another'
complete -c iopolicy -n __fish_use_subcommand -a list -d 'show what is in force'
complete -c iopolicy -n __fish_use_subcommand -a inspect -d 'show what is in a file'
complete -c iopolicy -n __fish_use_subcommand -a verify -d 'see whether the kernel takes a policy'
complete -c iopolicy -n __fish_use_subcommand -a run -d 'try a policy, and watch it'
complete -c iopolicy -n __fish_use_subcommand -a clean -d 'remove pins without a policy'
complete -c iopolicy -n __fish_use_subcommand -s V -l version -d 'print the version'

complete -c iopolicy -n '__fish_seen_subcommand_from load run' -l name -x -d 'call it so'
complete -c iopolicy -n '__fish_seen_subcommand_from load replace verify run' -l set -x -d 'set a knob'
complete -c iopolicy -n '__fish_seen_subcommand_from load replace verify run' -l priority -x -d 'order'
complete -c iopolicy -n '__fish_seen_subcommand_from load replace verify run' -l cgroup -x -a '(__fish_complete_directories)' -d 'only for this cgroup'
complete -c iopolicy -n '__fish_seen_subcommand_from load replace verify run' -l audit -d 'refuse nothing'
complete -c iopolicy -n '__fish_seen_subcommand_from replace' -l keep-maps -d 'keep maps'
complete -c iopolicy -n '__fish_seen_subcommand_from unload' -s a -l all -d 'all that are pinned'
complete -c iopolicy -n '__fish_seen_subcommand_from run' -s a -l all -d 'every verdict'
complete -c iopolicy -n '__fish_seen_subcommand_from list' -s w -l wide -d 'a line for each hook'
complete -c iopolicy -n '__fish_seen_subcommand_from load unload replace list inspect verify run clean' -s j -l json -d 'JSON'
complete -c iopolicy -n '__fish_seen_subcommand_from load unload replace list inspect verify run clean' -s v -l verbose -d 'the whole log'
complete -c iopolicy -n '__fish_seen_subcommand_from load unload replace list inspect verify run clean' -s h -l help -d 'print help'

complete -c iopolicy -n '__fish_seen_subcommand_from unload replace' -a '(__iopolicy_names)'
complete -c iopolicy -n '__fish_seen_subcommand_from load replace inspect verify run' -F
