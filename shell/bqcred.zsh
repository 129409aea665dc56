# With this, `bqcred env` and `bqcred use` set the variables of this shell. If its output is piped or captured,
# `bqcred env` prints as usual.

bqcred() {
    emulate -L zsh
    local word subcommand= skip= text
    for word in "$@"; do
        if [[ -n $skip ]]; then
            skip=
            continue
        fi
        case $word in
            (--profile|--pinned-by) skip=1 ;;
            (-h|--help|--shell|--shell=*|--format|--format=*)
                subcommand=other
                break
                ;;
            (-*) ;;
            (*) subcommand=${subcommand:-$word} ;;
        esac
    done
    case $subcommand in
        (use)
            BQCRED_PROFILE= command bqcred "$@" || return
            text=$(BQCRED_PROFILE= command bqcred env --shell zsh) || return
            ;;
        (env)
            if [[ ! -t 1 ]]; then
                command bqcred "$@"
                return
            fi
            text=$(command bqcred "$@" --shell zsh) || return
            ;;
        (allow|deny)
            command bqcred "$@" || return
            typeset -g _bqcred_at= _bqcred_pin=
            return
            ;;
        (*)
            command bqcred "$@"
            return
            ;;
    esac
    # a profile that was set by hand stays when the folder of a .bqcred file is left
    typeset -ga _bqcred_kept
    _bqcred_kept=()
    eval "$text"
}
