# Shows the profile in front of the prompt: %9v is the ninth element of psvar. No process is started.

_bqcred_prompt() {
    psvar[9]=${BQCRED_PROFILE-}
}

typeset -ga precmd_functions
(( ${precmd_functions[(Ie)_bqcred_prompt]} )) || precmd_functions+=(_bqcred_prompt)
[[ ${PS1-} == *%9v* ]] || PS1="%(9V.[%9v] .)${PS1-}"
