# Sets the profile that the nearest .bqcred file names. Only a change of that file starts a process; all other
# prompts cost two comparisons. Leaving the folder restores the variables from before. A profile that was chosen by
# hand stays instead, here and in other folders, until `bqcred env --unset` or `bqcred allow`.

typeset -g _bqcred_at= _bqcred_pin= _bqcred_by_hand=
typeset -ga _bqcred_kept _bqcred_names
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
    emulate -L zsh
    local name
    _bqcred_kept=()
    for name in $_bqcred_names; do
        if (( ${(P)+name} )); then
            _bqcred_kept+=("=${(P)name}")
        else
            _bqcred_kept+=('')
        fi
    done
}

_bqcred_restore() {
    emulate -L zsh
    local -i i
    for (( i = 1; i <= $#_bqcred_names; i++ )); do
        case ${_bqcred_kept[i]} in
            (\=*) typeset -gx "${_bqcred_names[i]}=${_bqcred_kept[i]#\=}" ;;
            (*) unset "${_bqcred_names[i]}" ;;
        esac
    done
    _bqcred_kept=()
}

# Finds out whether the profile was changed since the last prompt. The first one of a shell without a profile may be
# that of all shells.
_bqcred_notice() {
    emulate -L zsh
    local mark=${BQCRED_PROFILE-}:${GOOGLE_APPLICATION_CREDENTIALS-} before=${_bqcred_mark-}
    if [[ $mark != "${_bqcred_mark-$mark}" ]]; then
        _bqcred_kept=()
        case ${before%%:*}:${BQCRED_PROFILE-} in
            (*:) _bqcred_by_hand= ;;
            (:default) ;;
            (*) _bqcred_by_hand=1 ;;
        esac
    fi
    typeset -g _bqcred_mark=$mark
}

_bqcred_follow() {
    _bqcred_notice
    [[ $PWD == "$_bqcred_at" ]] && return
    emulate -L zsh
    _bqcred_at=$PWD
    local folder=$PWD pin= text
    while true; do
        if [[ -f $folder/.bqcred ]]; then
            pin=$folder/.bqcred
            break
        fi
        [[ -n $folder ]] || break
        folder=${folder%/*}
    done
    [[ $pin == "$_bqcred_pin" ]] && return
    (( $#_bqcred_kept )) && _bqcred_restore
    _bqcred_pin=$pin
    if [[ -n $pin && -z $_bqcred_by_hand ]]; then
        text=$(command bqcred env --shell zsh --pinned-by "$pin") || :
        _bqcred_keep
        # a failing `env` keeps libraries from using another account
        eval "$text" || :
    fi
    _bqcred_mark=${BQCRED_PROFILE-}:${GOOGLE_APPLICATION_CREDENTIALS-}
}

typeset -ga precmd_functions
(( ${precmd_functions[(Ie)_bqcred_follow]} )) || precmd_functions+=(_bqcred_follow)
