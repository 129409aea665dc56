# shellcheck shell=bash
# Sets the profile that the nearest .bqcred file names. Only a change of that file starts a process; all other
# prompts cost two comparisons. Leaving the folder restores the variables from before. A profile that was chosen by
# hand stays instead, here and in other folders, until `bqcred env --unset` or `bqcred allow`.

_bqcred_at=''
_bqcred_pin=''
_bqcred_by_hand=''
_bqcred_kept=()
_bqcred_names=(
    GOOGLE_APPLICATION_CREDENTIALS
    GOOGLE_CLOUD_PROJECT
    GOOGLE_CLOUD_QUOTA_PROJECT
    BQCRED_PROFILE
    GCE_METADATA_URL
    NO_GCE_CHECK
)

_bqcred_keep() {
    local name
    _bqcred_kept=()
    for name in "${_bqcred_names[@]}"; do
        if [[ -n ${!name+set} ]]; then
            _bqcred_kept+=("=${!name}")
        else
            _bqcred_kept+=('')
        fi
    done
}

_bqcred_restore() {
    local i
    for i in "${!_bqcred_names[@]}"; do
        case ${_bqcred_kept[i]} in
            =*) export "${_bqcred_names[i]}=${_bqcred_kept[i]#=}" ;;
            *) unset "${_bqcred_names[i]}" ;;
        esac
    done
    _bqcred_kept=()
}

# Finds out whether the profile was changed since the last prompt. The first one of a shell without a profile may be
# that of all shells.
_bqcred_notice() {
    local mark=${BQCRED_PROFILE-}:${GOOGLE_APPLICATION_CREDENTIALS-} before=${_bqcred_mark-}
    if [[ $mark != "${_bqcred_mark-$mark}" ]]; then
        _bqcred_kept=()
        case ${before%%:*}:${BQCRED_PROFILE-} in
            *:) _bqcred_by_hand='' ;;
            :default) ;;
            *) _bqcred_by_hand=1 ;;
        esac
    fi
    _bqcred_mark=$mark
}

_bqcred_follow() {
    local status=$? folder=$PWD pin='' text
    _bqcred_notice
    if [[ $PWD == "$_bqcred_at" ]]; then
        return "$status"
    fi
    _bqcred_at=$PWD
    while :; do
        if [[ -f $folder/.bqcred ]]; then
            pin=$folder/.bqcred
            break
        fi
        [[ -n $folder ]] || break
        folder=${folder%/*}
    done
    if [[ $pin != "$_bqcred_pin" ]]; then
        if ((${#_bqcred_kept[@]})); then
            _bqcred_restore
        fi
        _bqcred_pin=$pin
        if [[ -n $pin && -z $_bqcred_by_hand ]]; then
            text=$(command bqcred env --shell bash --pinned-by "$pin") || :
            _bqcred_keep
            # a failing `env` keeps libraries from using another account
            eval "$text" || :
        fi
        _bqcred_mark=${BQCRED_PROFILE-}:${GOOGLE_APPLICATION_CREDENTIALS-}
    fi
    return "$status"
}

# PROMPT_COMMAND is a string, which may begin with what would end a command before it, or from Bash 5.1 on an array.
_bqcred_hook() {
    local attributes text=${PROMPT_COMMAND-}
    attributes=$(declare -p PROMPT_COMMAND 2>/dev/null) || attributes=''
    attributes=${attributes#declare -}
    attributes=${attributes%% *}
    if [[ ${PROMPT_COMMAND[*]-} == *_bqcred_follow* ]]; then
        return
    elif [[ $attributes == *r* ]]; then
        echo 'bqcred: PROMPT_COMMAND is readonly, so .bqcred files have no effect in this shell' >&2
    elif [[ $attributes == *a* ]] && ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
        PROMPT_COMMAND=(_bqcred_follow ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
    else
        text=${text#"${text%%[!;[:space:]]*}"}
        # shellcheck disable=SC2178 # of an array, Bash before 5.1 uses the first element, which this sets
        PROMPT_COMMAND="_bqcred_follow${text:+;$text}"
    fi
}

_bqcred_hook
unset -f _bqcred_hook
