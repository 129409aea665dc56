# shellcheck shell=bash
# Makes `bqcred env` and `bqcred use` act on this shell. Piped or captured, `bqcred env` prints, as without this.

bqcred() {
    local word verb='' skip='' text
    for word in "$@"; do
        if [[ -n $skip ]]; then
            skip=''
            continue
        fi
        case $word in
            --profile | --pinned-by) skip=1 ;;
            -h | --help | --shell | --shell=* | --format | --format=*)
                verb=other
                break
                ;;
            -*) ;;
            *) verb=${verb:-$word} ;;
        esac
    done
    case $verb in
        use)
            BQCRED_PROFILE='' command bqcred "$@" || return
            text=$(BQCRED_PROFILE='' command bqcred env --shell bash) || return
            ;;
        env)
            if [[ ! -t 1 ]]; then
                command bqcred "$@"
                return
            fi
            text=$(command bqcred "$@" --shell bash) || return
            ;;
        allow | deny)
            command bqcred "$@" || return
            _bqcred_at='' _bqcred_pin=''
            return
            ;;
        *)
            command bqcred "$@"
            return
            ;;
    esac
    # what is asked for by hand stays when a pinned folder is left
    _bqcred_kept=()
    eval "$text"
}
