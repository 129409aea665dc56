# shellcheck shell=bash
# Completes bqcred in Bash. `bqcred __complete` prints the candidates, without network or keyring.

_bqcred_complete() {
    local line value prefix
    local -a words
    line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<<"$line"
    [[ $line != *[[:blank:]] ]] || words+=('')
    # readline replaces only the text after the last = or @
    prefix=${words[${#words[@]} - 1]}
    prefix=${prefix%"$2"}
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            $'\tfiles') compopt -o default 2>/dev/null ;;
            $'\tcommand') _bqcred_complete_command ;;
            '') ;;
            *)
                value=${line%%$'\t'*}
                COMPREPLY+=("${value#"$prefix"}")
                ;;
        esac
    done <<<"$(command bqcred __complete -- "${words[@]}" 2>/dev/null)"
}

# After `--` comes another program's command line.
_bqcred_complete_command() {
    local i=0
    while [[ ${COMP_WORDS[i]} != -- ]] && ((i < COMP_CWORD)); do
        i=$((i + 1))
    done
    if [[ ${COMP_WORDS[i]} != -- ]]; then
        compopt -o default 2>/dev/null
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$((i + 1))"
    elif ((COMP_CWORD == i + 1)); then
        mapfile -t COMPREPLY <<<"$(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")"
    else
        compopt -o default 2>/dev/null
    fi
}

complete -F _bqcred_complete bqcred
