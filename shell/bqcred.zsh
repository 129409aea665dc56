# With this, `bqcred env` and `bqcred use` set the variables of this shell and say which account it now uses. If its
# output is piped or captured, `bqcred env` prints as usual.

bqcred() {
    emulate -L zsh
    local word subcommand= skip= text
    local -i code=0
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
            text=$(BQCRED_PROFILE= command bqcred env --shell zsh) || code=$?
            typeset -g _bqcred_by_hand=1
            ;;
        (env)
            if [[ ! -t 1 ]]; then
                command bqcred "$@"
                return
            fi
            text=$(command bqcred "$@" --shell zsh) || code=$?
            ;;
        (allow|deny)
            command bqcred "$@" || return
            typeset -g _bqcred_at= _bqcred_pin= _bqcred_by_hand=
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
    # what a failing `env` prints keeps libraries from using another account
    if eval "$text"; then
        command bqcred env --announce
    elif (( code == 0 )); then
        print -u2 -r 'bqcred: a variable did not take its value: is it readonly, or has it a type (typeset -p)?'
        return 1
    fi
    return code
}
