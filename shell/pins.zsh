# Sets the profile that the nearest .bqcred file names. Only a change of that file starts a process; all other
# prompts cost one comparison. Leaving the folder restores the variables from before.

typeset -g _bqcred_at= _bqcred_pin=
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

_bqcred_follow() {
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
    if [[ -n $pin ]] && text=$(command bqcred env --shell zsh --pinned-by "$pin"); then
        _bqcred_keep
        eval "$text"
    fi
}

typeset -ga precmd_functions
(( ${precmd_functions[(Ie)_bqcred_follow]} )) || precmd_functions+=(_bqcred_follow)
