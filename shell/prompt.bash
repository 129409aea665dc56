# shellcheck shell=bash disable=SC2016,SC2154 # the prompt expands the variable, not these lines
# Shows the profile in front of the prompt. Bash expands the variable; no process is started.

case ${PS1-} in
    *BQCRED_PROFILE*) ;;
    *) PS1='${BQCRED_PROFILE:+[${BQCRED_PROFILE//[!a-z0-9._-]/?}] }'${PS1-} ;;
esac
