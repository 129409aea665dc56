# Shows the profile in front of the prompt. No process is started.

function _bqcred_status
    return $argv[1]
end

if not functions -q _bqcred_prompt_before
    functions -q fish_prompt
    and functions --copy fish_prompt _bqcred_prompt_before

    function fish_prompt
        set -l before $status
        if set -q BQCRED_PROFILE; and test -n "$BQCRED_PROFILE"
            printf '[%s] ' (string replace --all --regex '[^a-z0-9._-]' '?' -- $BQCRED_PROFILE)
        end
        _bqcred_status $before
        _bqcred_prompt_before
    end
end
