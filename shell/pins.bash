# shellcheck shell=bash
# Sets the profile that the nearest .bqcred file names. Only a change of that file starts a process; all other
# prompts cost one comparison. Leaving the folder restores the variables from before.

_bqcred_at=''
_bqcred_pin=''
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

_bqcred_follow() {
    local status=$? folder=$PWD pin='' text
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
        if [[ -n $pin ]] && text=$(command bqcred env --shell bash --pinned-by "$pin"); then
            _bqcred_keep
            eval "$text"
        fi
    fi
    return "$status"
}

case ${PROMPT_COMMAND-} in
    *_bqcred_follow*) ;;
    *) PROMPT_COMMAND="_bqcred_follow${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
esac
